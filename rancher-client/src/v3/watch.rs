//! Watching objects of v3.
//!
//! Recorded (websocket): `/v3/subscribe?resourceTypes=project` and `/v3/cluster/{id}/subscribe?resourceTypes=namespace`
//! tell every object that is there as `resource.change`, then every change; `{"name":"ping","data":{}}` comes every
//! five seconds. `/v3/clusters/{id}/subscribe` tells of nothing, so that form is never used. The answer to a credential
//! that is not accepted there is that of every other call. Not recorded, read in Norman's source: `resource.remove`,
//! and that the server closes the socket after half an hour.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _};
use http::Method;
use rancher_types::Condition;
use rancher_types::info::Modifier;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Duration;

use super::course::Markers;
use super::query::{Query, place_of};
use super::{Resource, V3Object};
use crate::error::{Error, ErrorKind, Result};
use crate::paging::{Course, Pages};
use crate::scope::Route;
use crate::transport::{BoxFuture, Connection, Request, Socket};
use crate::watch::{Change, Frames, Identity, Said, Source, Watch, WatchOptions, json_part};
use crate::wire::Page;

/// The server pings every five seconds (recorded).
const SILENCE: Duration = Duration::from_secs(20);

impl<T: V3Object> Resource<T> {
    /// Watches the objects of the query: what is there, and then every change. See [`watch`](crate::watch).
    ///
    /// v3 keeps no revisions: after every cut the server tells everything again, and what was told already is left out
    /// by its text. While it begins, a watch holds the list in memory. Conditions of the query are also held against
    /// every change; an object that no longer meets them is [`Deleted`](crate::watch::Event::Deleted).
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use futures_util::TryStreamExt;
    /// use rancher_client::v3::Query;
    /// use rancher_client::watch::WatchOptions;
    ///
    /// let projects = client.v3().collection("projects")?;
    /// let mut watch = projects.watch(Query::all(), WatchOptions::default());
    /// while let Some(event) = watch.try_next().await? {
    ///     println!("{} {:?}", event.word(), event.object().and_then(|project| project.id()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As the last item of the stream: `invalid` before anything is sent, if the query is nonsense or asks for an order
    /// or a marker; `unsupported` for a collection that the recorded server did not state; those of every request.
    ///
    /// # Scope
    /// A key without a scope; for what belongs to the cluster API (namespaces and the like), also a key scoped to that
    /// cluster. There is no road to Rancher's own types (projects and the like) for a scoped key: watch what is in the
    /// cluster, or poll the list.
    pub fn watch(&self, query: Query, options: WatchOptions) -> Watch<T> {
        Watch::new(self.source(query), options)
    }

    fn source(&self, query: Query) -> Result<Box<dyn Source>> {
        let Some(info) = self.info else {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "nothing was sent: {} cannot be watched, since their type is not known",
                    self.collection
                ),
                "watch them through Steve or Kubernetes: client.steve(), client.cluster(id)",
            ));
        };
        if query.sort.is_some() || query.marker.is_some() {
            return Err(Error::invalid(
                "a watch has no order and no marker",
                "give conditions only; sort what comes",
            ));
        }
        query.check(self.checks())?;
        let (cluster, project) = match (&query.cluster, &query.project) {
            (Some(cluster), None) => (Some(cluster), None),
            (None, Some(project)) => (None, Some(project)),
            (cluster, project) => {
                (cluster.as_ref().or(self.cluster.as_ref()), project.as_ref().or(self.project.as_ref()))
            }
        };
        let (path, belongs) = place_of(self.info, &self.collection, cluster, project)?;
        let subscribe =
            path.iter().take(path.len().saturating_sub(1)).map(String::as_str).chain(["subscribe"]);
        let subscribe = Route::from_segments(subscribe)?.with_query("resourceTypes", info.id);
        let conditions = belongs.iter().chain(&query.conditions).cloned().collect();
        let place = Ok((Route::from_segments(&path)?, belongs));
        let server = self.connection.config().server.clone();
        let course = Box::new(Markers::new("v3.watch", server, self.checks(), query, place));
        let connection = self.connection.clone();
        Ok(Box::new(Norman { connection, kind: info.id, subscribe, conditions, course }))
    }
}

/// The sockets of v3.
struct Norman {
    connection: Connection,
    kind: &'static str,
    subscribe: Route,
    conditions: Vec<Condition>,
    course: Box<dyn Course>,
}

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    uuid: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "baseType")]
    base: Option<Cow<'a, str>>,
}

impl Named<'_> {
    fn identity(self) -> Option<Identity> {
        let id = self.id.filter(|id| !id.is_empty())?.into_owned();
        let uid = self.uuid.filter(|uuid| !uuid.is_empty()).map_or_else(|| id.clone(), Cow::into_owned);
        Some(Identity { uid, id, version: None })
    }
}

/// What a message says; nothing if it is about something that was not asked for.
fn said(message: &Bytes, kind: &str, conditions: &[Condition]) -> Option<Said> {
    let Ok(frame) = serde_json::from_slice::<Frame<'_>>(message) else {
        return Some(Said::Unreadable("a message that is no frame"));
    };
    let gone = match frame.name.as_ref() {
        "ping" => return Some(Said::Alive(None)),
        "resource.change" | "resource.create" => false,
        "resource.remove" => true,
        // newer servers may say more
        _ => return None,
    };
    let Some(data) = frame.data else { return Some(Said::Unreadable("a change without an object")) };
    let Ok(named) = serde_json::from_str::<Named<'_>>(data.get()) else {
        return Some(Said::Unreadable("a change of what is no object"));
    };
    if ![&named.kind, &named.base].into_iter().flatten().any(|name| name.eq_ignore_ascii_case(kind)) {
        return None;
    }
    let Some(identity) = named.identity() else {
        return Some(Said::Unreadable("a change of an object without an id"));
    };
    let gone = gone || !meets(data.get(), conditions);
    Some(Said::Change(Change { gone, identity, object: json_part(message, data.get()), revision: None }))
}

/// Whether an object meets the conditions that the list was asked with.
fn meets(object: &str, conditions: &[Condition]) -> bool {
    if conditions.is_empty() {
        return true;
    }
    let Ok(fields) = serde_json::from_str::<HashMap<Cow<'_, str>, &RawValue>>(object) else { return false };
    conditions.iter().all(|condition| {
        let value = fields.get(condition.field.as_str()).map(|value| value.get()).unwrap_or_default();
        let value = serde_json::from_str::<String>(value).unwrap_or_else(|_| value.to_owned());
        let among = condition.values.contains(&value);
        match condition.modifier {
            Modifier::Ne | Modifier::NotIn => !among,
            _ => among,
        }
    })
}

impl Source for Norman {
    fn operation(&self) -> &'static str {
        "v3.watch"
    }

    fn replays(&self) -> bool {
        true
    }

    fn silence(&self) -> Duration {
        SILENCE
    }

    fn list(&self) -> Pages {
        Pages::new(self.connection.clone(), self.course.again())
    }

    fn revision(&mut self, _: &Page) -> Option<String> {
        None
    }

    fn open(&self, _: Option<&str>) -> BoxFuture<'static, Result<Frames>> {
        let request = Request::new("v3.watch", Method::GET, self.subscribe.clone());
        let (connection, kind, conditions) = (self.connection.clone(), self.kind, self.conditions.clone());
        Box::pin(async move {
            let socket = connection.open_socket(request).await?;
            let messages = stream::unfold(socket, next_message);
            let frames = messages.filter_map(move |message| {
                let said = match message {
                    Ok(message) => said(&message, kind, &conditions).map(Ok),
                    Err(error) => Some(Err(error)),
                };
                std::future::ready(said)
            });
            Ok(frames.boxed())
        })
    }

    fn identity(&self, object: &[u8]) -> Option<Identity> {
        serde_json::from_slice::<Named<'_>>(object).ok()?.identity()
    }
}

async fn next_message(mut socket: Socket) -> Option<(Result<Bytes>, Socket)> {
    let message = socket.next().await?;
    Some((message, socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(message: &'static str, conditions: &[Condition]) -> String {
        match said(&Bytes::from_static(message.as_bytes()), "project", conditions) {
            None => "nothing".to_owned(),
            Some(Said::Change(change)) => {
                let object = String::from_utf8(change.object.to_vec()).unwrap();
                format!("{} {object}", if change.gone { "gone" } else { "there" })
            }
            Some(other) => format!("{other:?}"),
        }
    }

    #[test]
    fn frames_are_read_and_those_of_other_types_left() {
        let project = r#"{"name":"resource.change","data":{"id":"c-1:p-1","type":"project"}}"#;
        assert_eq!(hears(project, &[]), r#"there {"id":"c-1:p-1","type":"project"}"#);
        let gone = r#"{"name":"resource.remove","data":{"id":"c-1:p-1","type":"project"}}"#;
        assert!(hears(gone, &[]).starts_with("gone"));
        assert_eq!(hears(r#"{"name":"ping","data":{}}"#, &[]), "Alive(None)");
        assert_eq!(hears(r#"{"name":"resource.change","data":{"id":"u-1","type":"user"}}"#, &[]), "nothing");
        assert_eq!(hears(r#"{"name":"resource.later","data":{}}"#, &[]), "nothing");
        for garbage in
            ["", "{", "[]", "null", r#"{"name":"resource.change"}"#, r#"{"name":"resource.change","data":5}"#]
        {
            assert!(hears(garbage, &[]).starts_with("Unreadable"), "{garbage}");
        }
    }

    #[test]
    fn what_no_longer_meets_the_query_is_gone() {
        let frame =
            r#"{"name":"resource.change","data":{"id":"a","type":"project","name":"shop","on":true}}"#;
        let of = |field: &str, modifier, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            [Condition { field: field.to_owned(), modifier, values }]
        };
        for (conditions, there) in [
            (of("name", Modifier::Eq, &["shop"]), true),
            (of("name", Modifier::Eq, &["blog"]), false),
            (of("name", Modifier::In, &["blog", "shop"]), true),
            (of("name", Modifier::NotIn, &["shop"]), false),
            (of("name", Modifier::Ne, &["blog"]), true),
            (of("on", Modifier::Eq, &["true"]), true),
            (of("nosuch", Modifier::Eq, &["x"]), false),
        ] {
            assert_eq!(hears(frame, &conditions).starts_with("there"), there, "{conditions:?}");
        }
    }
}
