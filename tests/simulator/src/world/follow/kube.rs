//! `?watch=true` of a Kubernetes API.

use super::super::World;
use super::super::answer;
use super::super::call::Call;
use super::super::kube::resources::Resource;
use super::super::kube::{Selector, items, render, viewed};
use super::super::past::Change;
use super::super::route::not_simulated;
use super::super::state::{Millis, Object, ObjectKey, SECOND};
use super::{Following, Tick, What};
use crate::{Response, Told};
use http::StatusCode;
use serde_json::{Value, json};

/// How often a bookmark comes.
const BOOKMARK: Millis = 60 * SECOND;

/// A watch.
#[derive(Debug)]
pub(super) struct Watch {
    cluster: String,
    resource: &'static Resource,
    namespace: String,
    selector: Selector,
    /// What came up to this version was told; nothing while everything that is there is to be told first.
    version: Option<u64>,
    bookmarks: bool,
    lasts: Option<Millis>,
}

/// A list that shall go on.
pub(crate) fn watch(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    namespace: &str,
) -> Response {
    let Some(resource) =
        super::super::kube::resources::find(resource.group, resource.version, resource.plural)
            .filter(|resource| !viewed(resource))
    else {
        return not_simulated("watches of management objects past Norman");
    };
    let text = |name: &str| call.query.first(name).unwrap_or_default();
    let selector = match Selector::read(text("labelSelector"), text("fieldSelector")) {
        Ok(selector) => selector,
        Err(refusal) => return *refusal,
    };
    let watch = Watch {
        cluster: cluster.to_owned(),
        resource,
        namespace: namespace.to_owned(),
        selector,
        // rule: kube.watch-from-nothing
        version: text("resourceVersion").parse().ok().filter(|version| *version > 0),
        bookmarks: text("allowWatchBookmarks") == "true",
        lasts: text("timeoutSeconds").parse::<Millis>().ok().map(|seconds| seconds * SECOND),
    };
    world.following = Some(Following::new(What::Kube(watch)));
    let mut response = answer::json(StatusCode::OK, &json!({}));
    response.body.clear();
    response
}

impl Watch {
    fn line(&self, kind: &str, key: &ObjectKey, object: &Object, version: u64) -> String {
        let shown = Object { version, ..object.clone() };
        json!({"type": kind, "object": render(self.resource, key, &shown, true)}).to_string()
    }

    pub(super) fn tell(&mut self, world: &World, tick: Tick, alive: &mut Millis) -> Told {
        let mut messages = Vec::new();
        let version = *self.version.get_or_insert_with(|| {
            let there = items(&world.state, &self.cluster, self.resource, &self.namespace);
            let there = there.iter().filter(|(key, object)| self.selector.picks(key, object));
            messages.extend(there.map(|(key, object)| {
                json!({"type": "ADDED", "object": render(self.resource, key, object, true)}).to_string()
            }));
            world.state.version
        });
        let found = world.state.clusters.get(&self.cluster);
        let Some(changes) = found.and_then(|found| found.objects.past().since(version)) else {
            // rule: kube.watch-too-old
            let status = json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": format!("too old resource version: {version} ({})", world.state.version),
                "reason": "Expired", "code": 410,
            });
            messages.push(json!({"type": "ERROR", "object": status}).to_string());
            return Told::lines(messages, true);
        };
        let key = self.resource.key();
        let mut reached = version;
        for change in changes {
            reached = change.version;
            let ours = change.key.0 == key && (self.namespace.is_empty() || change.key.1 == self.namespace);
            if ours {
                messages.extend(self.change(change));
            }
        }
        // rule: kube.watch-bookmark
        if self.bookmarks && tick.now - *alive >= BOOKMARK {
            *alive = tick.now;
            let version = reached.max(world.state.version);
            messages.push(self.bookmark(version));
        }
        self.version = Some(reached);
        // rule: kube.watch-timeout
        Told::lines(messages, self.lasts.is_some_and(|lasts| tick.age() >= lasts))
    }

    // rule: kube.watch
    fn change(&self, change: &Change) -> Option<String> {
        let picked = |object: &Option<Object>| {
            object.as_ref().filter(|object| self.selector.picks(&change.key, object)).cloned()
        };
        let (before, after) = (picked(&change.before), picked(&change.after));
        // rule: kube.watch-selector
        let (kind, object) = match (before, after) {
            (None, Some(after)) => ("ADDED", after),
            (Some(_), Some(after)) => ("MODIFIED", after),
            (Some(before), None) => ("DELETED", change.after.clone().unwrap_or(before)),
            (None, None) => return None,
        };
        Some(self.line(kind, &change.key, &object, change.version))
    }

    fn bookmark(&self, version: u64) -> String {
        let object: Value = json!({
            "kind": self.resource.kind, "apiVersion": self.resource.api_version(),
            "metadata": {"resourceVersion": version.to_string(), "creationTimestamp": null},
        });
        json!({"type": "BOOKMARK", "object": object}).to_string()
    }
}
