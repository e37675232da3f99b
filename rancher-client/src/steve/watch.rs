//! Watching objects of Steve.
//!
//! Recorded (websocket): a client sends `{"resourceType":"configmap","namespace":"default"}` and hears
//! `resource.start`, then `resource.create`, `resource.change` and `resource.remove` with the object and a `revision`.
//! With a `resourceVersion` it begins there; with one that is too old it hears `resource.error` (`resourceversion too
//! old`) and `resource.stop`, as for an unknown type (`failed to find schema nosuch`). Through the proxy of `local` it is
//! the same. Not recorded, read in Steve's source: a ping every 30 seconds.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

use super::course::Numbers;
use super::{Resource, SteveQuery};
use crate::error::{Cause, Error, ErrorKind, ForbiddenReason, LACKS_THE_RIGHT, Result};
use crate::kubernetes::identity;
use crate::paging::{Course, Pages};
use crate::scope::Route;
use crate::transport::{BoxFuture, Connection, Request, Socket};
use crate::watch::{Change, Frames, Identity, Said, Source, Watch, WatchOptions, json_part};
use crate::wire::{Object, Page};

/// The server pings every thirty seconds (its source).
const SILENCE: Duration = Duration::from_secs(95);

impl Resource {
    /// Watches the objects of the type: what is there, and then every change. See [`watch`](crate::watch).
    ///
    /// Of the query, a watch takes the namespace and the page size. Objects that change come with their id a second
    /// time, as `_id` (recorded); links are as the server gives them. Read an object again before you write it.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use futures_util::TryStreamExt;
    /// use rancher_client::steve::SteveQuery;
    /// use rancher_client::watch::WatchOptions;
    ///
    /// let maps = client.cluster("c-prod1")?.steve().resource("configmaps")?;
    /// let query = SteveQuery { namespace: Some("shop-web".into()), ..Default::default() };
    /// let mut watch = maps.watch(query, WatchOptions::default());
    /// while let Some(event) = watch.try_next().await? {
    ///     println!("{} {:?}", event.word(), event.object().and_then(|map| map.id()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As the last item of the stream: `invalid` before anything is sent, if the query has filters, an order or parts;
    /// `not_found` if there is no such type; those of every request.
    ///
    /// # Scope
    /// See [`Steve`](super::Steve).
    pub fn watch(&self, query: SteveQuery, options: WatchOptions) -> Watch<Object> {
        Watch::new(self.source(query), options)
    }

    fn source(&self, query: SteveQuery) -> Result<Box<dyn Source>> {
        let plain =
            SteveQuery { namespace: query.namespace.clone(), pagesize: query.pagesize, ..Default::default() };
        if query != plain {
            return Err(Error::invalid(
                "a watch of Steve takes a namespace, and no filter, order, parts or revision",
                "watch through Kubernetes to have the server select: client.cluster(id)?.watch",
            ));
        }
        let connection = self.steve.connection.clone();
        let place = self.collection(query.namespace.as_deref());
        let most_bytes = connection.config().limits.body;
        let namespace = query.namespace.clone();
        let course = Box::new(Numbers::new(place, query, most_bytes));
        let subscribe = self.steve.route(&["subscribe"])?;
        Ok(Box::new(Subscription { connection, subscribe, kind: self.name.clone(), namespace, course }))
    }
}

/// The sockets of Steve.
struct Subscription {
    connection: Connection,
    subscribe: Route,
    /// The type as it was asked for, until the list says what Steve calls it.
    kind: String,
    namespace: Option<String>,
    course: Box<dyn Course>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    revision: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "resourceType")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Trouble<'a> {
    #[serde(borrow, default)]
    error: Option<Cow<'a, str>>,
}

/// What a message says; nothing if it is about something that was not asked for.
fn said(message: &Bytes, kind: &str) -> Option<Result<Said>> {
    let Ok(frame) = serde_json::from_slice::<Frame<'_>>(message) else {
        return Some(Ok(Said::Unreadable("a message that is no frame")));
    };
    if frame.kind.is_some_and(|named| named != kind) {
        return None;
    }
    let gone = match frame.name.as_ref() {
        "ping" => return Some(Ok(Said::Alive(None))),
        "resource.create" | "resource.change" => false,
        "resource.remove" => true,
        "resource.error" => {
            let told = frame.data.and_then(|data| serde_json::from_str::<Trouble<'_>>(data.get()).ok());
            return trouble(told.and_then(|told| told.error).unwrap_or_default().as_ref(), kind);
        }
        "resource.stop" => return Some(Ok(Said::Ended("the server ended the subscription".to_owned()))),
        _ => return None,
    };
    let Some(data) = frame.data else { return Some(Ok(Said::Unreadable("a change without an object"))) };
    let Some(identity) = identity(data.get().as_bytes()) else {
        return Some(Ok(Said::Unreadable("a change of an object without a name")));
    };
    let revision = frame.revision.filter(|revision| !revision.is_empty()).map(Cow::into_owned);
    Some(Ok(Said::Change(Change { gone, identity, object: json_part(message, data.get()), revision })))
}

/// What an error of the subscription means. `resource.stop` follows it.
fn trouble(text: &str, kind: &str) -> Option<Result<Said>> {
    let lower = text.to_ascii_lowercase();
    if lower.contains("too old") {
        return Some(Ok(Said::TooOld));
    }
    if lower.contains("failed to find schema") {
        return Some(Err(Error::new(
            ErrorKind::NotFound,
            format!("Steve does not know the type {kind}, or does not show it to this user"),
            "see /v1/schemas for the types",
        )));
    }
    let text = crate::wire::redact(text);
    // read in apiserver's source: what its access control and a store without a watch say
    if lower.contains("does not support watching") {
        return Some(Err(Error::new(
            ErrorKind::Unsupported,
            format!("Steve cannot watch {kind}: {text}"),
            "look again from time to time (list), or wait for one object (wait)",
        )));
    }
    if ["forbidden", "permissiondenied", "can not watch", "cannot watch"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return Some(Err(Error::new(
            ErrorKind::Forbidden,
            format!("the user may not watch {kind}: {text}"),
            LACKS_THE_RIGHT,
        )
        .with_reason(Some(ForbiddenReason::Rbac))
        .with_causes(vec![Cause::MissingRight])));
    }
    Some(Ok(Said::Ended(text.into_owned())))
}

impl Source for Subscription {
    fn operation(&self) -> &'static str {
        "steve.watch"
    }

    fn replays(&self) -> bool {
        false
    }

    fn silence(&self) -> Duration {
        SILENCE
    }

    fn list(&self) -> Pages {
        Pages::new(self.connection.clone(), self.course.again())
    }

    fn revision(&mut self, page: &Page) -> Option<String> {
        let text =
            |name: &str| page.envelope().get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        if let Some(kind) = text("resourceType") {
            kind.clone_into(&mut self.kind);
        }
        text("revision").map(str::to_owned)
    }

    fn open(&self, revision: Option<&str>) -> BoxFuture<'static, Result<Frames>> {
        let mut ask = json!({"resourceType": self.kind});
        if let Some(ask) = ask.as_object_mut() {
            if let Some(namespace) = &self.namespace {
                ask.insert("namespace".to_owned(), json!(namespace));
            }
            if let Some(revision) = revision {
                ask.insert("resourceVersion".to_owned(), json!(revision));
            }
        }
        let request = Request::new("steve.watch", Method::GET, self.subscribe.clone());
        let (connection, kind) = (self.connection.clone(), self.kind.clone());
        Box::pin(async move {
            let mut socket = connection.open_socket(request).await?;
            socket.send(ask.to_string()).await?;
            let messages = stream::unfold(socket, next_message);
            let frames = messages.filter_map(move |message| {
                let said = match message {
                    Ok(message) => said(&message, &kind),
                    Err(error) => Some(Err(error)),
                };
                std::future::ready(said)
            });
            Ok(frames.boxed())
        })
    }

    fn identity(&self, object: &[u8]) -> Option<Identity> {
        identity(object)
    }
}

async fn next_message(mut socket: Socket) -> Option<(Result<Bytes>, Socket)> {
    let message = socket.next().await?;
    Some((message, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(message: &str) -> String {
        match said(&Bytes::from(message.to_owned()), "configmap") {
            None => "nothing".to_owned(),
            Some(Err(error)) => format!("error {}", error.kind()),
            Some(Ok(Said::Change(change))) => {
                format!("{} {:?}", if change.gone { "gone" } else { "there" }, change.revision)
            }
            Some(Ok(other)) => format!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_read_as_recorded() {
        let frame = |name: &str, kind: &str, data: &str| {
            format!(
                r#"{{"name":"{name}","namespace":"default","resourceType":"{kind}","revision":"9772","data":{data}}}"#
            )
        };
        for (name, kind, data, heard) in [
            ("resource.start", "configmap", r#"{"type":"subscribe","links":{}}"#, "nothing"),
            ("resource.create", "configmap", r#"{"metadata":{"name":"wscm"}}"#, r#"there Some("9772")"#),
            ("resource.remove", "configmap", r#"{"metadata":{"name":"wscm"}}"#, r#"gone Some("9772")"#),
            ("resource.change", "secret", r#"{"metadata":{"name":"wscm"}}"#, "nothing"),
            ("resource.error", "configmap", r#"{"error":"resourceversion too old"}"#, "TooOld"),
            (
                "resource.error",
                "configmap",
                r#"{"error":"failed to find schema configmap"}"#,
                "error not_found",
            ),
            (
                "resource.error",
                "configmap",
                r#"{"error":"PermissionDenied 403: can not watch configmap"}"#,
                "error forbidden",
            ),
            (
                "resource.error",
                "configmap",
                r#"{"error":"schema configmap does not support watching"}"#,
                "error unsupported",
            ),
            ("resource.error", "configmap", r#"{"error":"etcd is away"}"#, r#"Ended("etcd is away")"#),
            ("ping", "configmap", r#"{"version":"1"}"#, "Alive(None)"),
        ] {
            assert_eq!(hears(&frame(name, kind, data)), heard, "{name}");
        }
        assert!(hears(&frame("resource.stop", "configmap", "{}")).starts_with("Ended"));
        for garbage in ["", "[", "7", r#"{"name":5}"#, r#"{"name":"resource.create"}"#] {
            assert!(hears(garbage).starts_with("Unreadable"), "{garbage}");
        }
    }
}
