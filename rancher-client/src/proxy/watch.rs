//! Watching objects of Kubernetes through the proxy, without a WebSocket.
//!
//! Recorded (kubernetes, `watch with bookmarks, nothing happens`): the answer is one JSON object a line,
//! `{"type":"ADDED","object":{…}}`, from a `resourceVersion` on. The WebSocket form of it gave no answer through the
//! proxy (websocket, `k8s watch websocket via proxy`), so it is not used. Kubernetes' documentation: bookmarks come about
//! once a minute, and a version that is too old is an `ERROR` with the code 410, or that status.

use bytes::Bytes;
use futures_util::stream::StreamExt as _;
use http::Method;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

use super::list::Tokens;
use super::{ClusterProxy, ListOptions, OnExpired, Resource};
use crate::error::Result;
use crate::kubernetes::identity;
use crate::paging::{Course, Pages};
use crate::scope::Route;
use crate::transport::{BoxFuture, Connection, Patience, Request};
use crate::watch::{Change, Frames, Identity, Said, Source, Watch, WatchOptions, json_part, lines};
use crate::wire::{Object, Page, redact};

/// Bookmarks come about once a minute (Kubernetes' documentation).
const SILENCE: Duration = Duration::from_secs(150);

/// After how long the server shall end a watch, in seconds: a random time between these, so that many do not come back
/// at once.
const LASTS: std::ops::Range<u32> = 290..600;

impl ClusterProxy {
    /// Watches the objects of a resource that the options name: what is there, and then every change. See
    /// [`watch`](crate::watch).
    ///
    /// Selectors hold for changes too: an object that no longer fits is [`Deleted`](crate::watch::Event::Deleted).
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use futures_util::TryStreamExt;
    /// use rancher_client::proxy::{ListOptions, Resource};
    /// use rancher_client::watch::WatchOptions;
    ///
    /// let options = ListOptions { label_selector: "app=web".into(), ..Default::default() };
    /// let mut watch = cluster.watch(Resource::core("pods"), options, WatchOptions::default());
    /// while let Some(event) = watch.try_next().await? {
    ///     println!("{} {:?}", event.word(), event.object().and_then(|pod| pod.name()));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As the last item of the stream: `invalid` before anything is sent, if a name or an option is nonsense;
    /// `forbidden` without the right to list and watch; those of every request.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn watch(&self, resource: Resource<'_>, options: ListOptions, watch: WatchOptions) -> Watch<Object> {
        Watch::new(self.source(resource, options), watch)
    }

    fn source(&self, resource: Resource<'_>, options: ListOptions) -> Result<Box<dyn Source>> {
        let segments = resource.segments(None)?;
        let mut route =
            Route::from_segments(["k8s", "clusters", self.id.as_str()].into_iter().chain(segments))?
                .with_query("watch", "true")
                .with_query("allowWatchBookmarks", "true");
        for (name, selector) in
            [("labelSelector", &options.label_selector), ("fieldSelector", &options.field_selector)]
        {
            if !selector.is_empty() {
                route = route.with_query(name, selector);
            }
        }
        // one state or none: a watch begins where its list was
        let options = ListOptions { expired: OnExpired::Fail, ..options };
        let course = Box::new(Tokens::new(&self.id, resource, options));
        Ok(Box::new(Stream { connection: self.connection.clone(), route, course }))
    }
}

/// The watch of Kubernetes: an answer that goes on.
struct Stream {
    connection: Connection,
    route: Route,
    course: Box<dyn Course>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

#[derive(Deserialize)]
struct Trouble {
    #[serde(default)]
    code: u16,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    message: String,
}

/// What a line says.
fn said(line: &Bytes) -> Said {
    let Ok(told) = serde_json::from_slice::<Line<'_>>(line) else {
        return Said::Unreadable("a line that is no event");
    };
    let object = json_part(line, told.object.get());
    let gone = match told.kind.as_ref() {
        "ADDED" | "MODIFIED" => false,
        "DELETED" => true,
        "BOOKMARK" => return Said::Alive(version_of(&object)),
        "ERROR" => return trouble(&object),
        _ => return Said::Unreadable("an event of an unknown type"),
    };
    let Some(identity) = identity(&object) else {
        return Said::Unreadable("an event of what is no object");
    };
    let revision = identity.version.clone();
    Said::Change(Change { gone, identity, object, revision })
}

fn version_of(bookmark: &[u8]) -> Option<String> {
    let bookmark: Value = serde_json::from_slice(bookmark).ok()?;
    bookmark.get("metadata")?.get("resourceVersion")?.as_str().map(str::to_owned)
}

fn trouble(object: &[u8]) -> Said {
    let Ok(told) = serde_json::from_slice::<Trouble>(object) else {
        return Said::Unreadable("an error of unknown form");
    };
    if told.code == http::StatusCode::GONE.as_u16() || matches!(told.reason.as_str(), "Expired" | "Gone") {
        return Said::TooOld;
    }
    if never_had(Some(&told.message)) {
        return Said::TooOld;
    }
    Said::Ended(redact(&told.message).into_owned())
}

/// Whether the server says that it never had the revision, as after a backup was restored: no more can be had from
/// there than from one that is forgotten. (Read in the API server's source: a timeout with these words.)
fn never_had(message: Option<&str>) -> bool {
    message.is_some_and(|message| message.contains("Too large resource version"))
}

impl Source for Stream {
    fn operation(&self) -> &'static str {
        "cluster.watch"
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
        let version = page.envelope().get("metadata")?.get("resourceVersion")?.as_str()?;
        Some(version.to_owned()).filter(|version| !version.is_empty())
    }

    fn open(&self, revision: Option<&str>) -> BoxFuture<'static, Result<Frames>> {
        let mut route = self.route.clone().with_query("timeoutSeconds", &fastrand::u32(LASTS).to_string());
        if let Some(revision) = revision {
            route = route.with_query("resourceVersion", revision);
        }
        let connection = self.connection.clone();
        Box::pin(async move {
            let mut request = Request::new("cluster.watch", Method::GET, connection.road_for(route)?);
            request.patience = Patience::Stream;
            let answer = connection.send(request).await;
            let answer = match answer {
                Ok(answer) => answer,
                // said by the status, where the server knows before it begins
                Err(error)
                    if error.is_expired()
                        || never_had(error.http().and_then(|http| http.message.as_deref())) =>
                {
                    return Ok(futures_util::stream::iter([Ok(Said::TooOld)]).boxed());
                }
                Err(error) => return Err(error),
            };
            let most = connection.config().limits.body;
            Ok(lines(answer.body, most).map(|line| line.map(|line| said(&line))).boxed())
        })
    }

    fn identity(&self, object: &[u8]) -> Option<Identity> {
        identity(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hears(line: &str) -> String {
        match said(&Bytes::from(line.to_owned())) {
            Said::Change(change) => {
                format!("{} {:?}", if change.gone { "gone" } else { "there" }, change.revision)
            }
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_read() {
        let line = |kind: &str, object: &str| hears(&format!(r#"{{"type":"{kind}","object":{object}}}"#));
        let pod = r#"{"metadata":{"name":"web","resourceVersion":"17127"}}"#;
        assert_eq!(line("ADDED", pod), r#"there Some("17127")"#);
        assert_eq!(line("DELETED", pod), r#"gone Some("17127")"#);
        let mark = r#"{"kind":"Pod","metadata":{"resourceVersion":"17200","creationTimestamp":null}}"#;
        assert_eq!(line("BOOKMARK", mark), r#"Alive(Some("17200"))"#);
        assert_eq!(line("ERROR", r#"{"kind":"Status","code":410,"reason":"Expired"}"#), "TooOld");
        let later = r#"{"kind":"Status","code":504,"message":"Too large resource version: 9, current: 7"}"#;
        assert_eq!(line("ERROR", later), "TooOld");
        assert!(line("ERROR", r#"{"kind":"Status","code":500,"message":"etcd"}"#).starts_with("Ended"));
        for garbage in
            ["", "{", r#"{"type":"ADDED"}"#, r#"{"type":"ADDED","object":{}}"#, r#"{"type":"X","object":{}}"#]
        {
            assert!(hears(garbage).starts_with("Unreadable"), "{garbage}");
        }
    }
}
