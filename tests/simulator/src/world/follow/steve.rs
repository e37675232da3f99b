//! `/v1/subscribe`, of the server and of a cluster.

use super::super::World;
use super::super::call::Call;
use super::super::kube::resources::Resource;
use super::super::state::Millis;
use super::super::steve::{subscribed, told};
use super::{Following, Tick, What, granted};
use crate::{Response, Told};
use bytes::Bytes;
use serde_json::{Map, Value, json};

/// How often it says that it is alive.
const PING: Millis = 30_000;

/// How often a subscription to the mere fact of changes speaks.
const DEBOUNCE: Millis = 4_000;

/// A socket of Steve with its subscriptions.
#[derive(Debug)]
pub(super) struct Socket {
    cluster: String,
    subscriptions: Vec<Subscription>,
}

#[derive(Debug)]
struct Subscription {
    /// What was asked, as every message repeats it.
    asked: Map<String, Value>,
    resource: &'static Resource,
    /// What came up to this version was told.
    version: u64,
    /// When it last spoke, if it tells of the mere fact.
    spoke: Option<Millis>,
}

/// A call for a socket.
pub(crate) fn subscribe(world: &mut World, cluster: &str) -> Response {
    let socket = Socket { cluster: cluster.to_owned(), subscriptions: Vec::new() };
    world.following = Some(Following::new(What::Steve(socket)));
    granted()
}

fn message(name: &str, asked: &Map<String, Value>, revision: Option<u64>, data: Value) -> String {
    let mut message = asked.clone();
    message.insert("name".to_owned(), json!(name));
    message.insert("data".to_owned(), data);
    if let Some(revision) = revision {
        message.insert("revision".to_owned(), json!(revision.to_string()));
    }
    Value::Object(message).to_string()
}

fn nothing() -> Value {
    json!({"type": "subscribe", "links": {}})
}

impl Socket {
    pub(super) fn tell(
        &mut self,
        world: &World,
        call: &Call<'_>,
        heard: &[Bytes],
        tick: Tick,
        alive: &mut Millis,
    ) -> Told {
        let mut messages = Vec::new();
        for asked in heard.iter().filter_map(|heard| serde_json::from_slice::<Map<String, Value>>(heard).ok())
        {
            self.asked(world, &asked, &mut messages);
        }
        let cluster = &self.cluster;
        self.subscriptions.retain_mut(|one| one.tell(world, call, cluster, tick, &mut messages));
        // rule: subscribe.steve-ping
        if tick.now - *alive >= PING {
            *alive = tick.now;
            messages.push(json!({"name": "ping", "data": {"version": world.state.version}}).to_string());
        }
        Told::said(messages, false)
    }

    fn asked(&mut self, world: &World, asked: &Map<String, Value>, messages: &mut Vec<String>) {
        let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut named = asked.clone();
        named.retain(|name, value| {
            matches!(name.as_str(), "resourceType" | "namespace" | "id" | "selector" | "mode")
                && value.as_str().is_some_and(|value| !value.is_empty())
        });
        // rule: subscribe.steve-stop
        if asked.get("stop") == Some(&json!(true)) {
            self.subscriptions.retain(|one| one.asked != named);
            messages.push(message("resource.stop", &named, None, nothing()));
            return;
        }
        let Some(resource) = subscribed(text("resourceType")) else {
            // rule: subscribe.steve-unknown-type
            let why = format!("failed to find schema {}", text("resourceType"));
            messages.push(message("resource.error", &named, None, json!({"error": why})));
            messages.push(message("resource.stop", &named, None, nothing()));
            return;
        };
        // rule: subscribe.steve-from-now
        let version = text("resourceVersion").parse().unwrap_or(world.state.version);
        messages.push(message("resource.start", &named, None, nothing()));
        self.subscriptions.push(Subscription { asked: named, resource, version, spoke: None });
    }
}

impl Subscription {
    /// Tells what is new; false if that was its end.
    fn tell(
        &mut self,
        world: &World,
        call: &Call<'_>,
        cluster: &str,
        tick: Tick,
        messages: &mut Vec<String>,
    ) -> bool {
        let Some(found) = world.state.clusters.get(cluster) else { return false };
        let Some(changes) = found.objects.past().since(self.version) else {
            // rule: subscribe.steve-too-old
            let why = json!({"error": "resourceversion too old"});
            messages.push(message("resource.error", &self.asked, None, why));
            messages.push(message("resource.stop", &self.asked, None, nothing()));
            return false;
        };
        let text = |name: &str| self.asked.get(name).and_then(Value::as_str).unwrap_or_default();
        let (namespace, id) = (text("namespace"), text("id"));
        let mere = text("mode") == "resource.changes";
        // rule: subscribe.steve-debounce
        if mere && self.spoke.is_some_and(|spoke| tick.now - spoke < DEBOUNCE) {
            return true;
        }
        let (key, access) = (self.resource.key(), call.access(&world.state));
        let mut last = None;
        for change in changes {
            self.version = change.version;
            let ours = change.key.0 == key && (namespace.is_empty() || change.key.1 == namespace);
            if !ours || (!id.is_empty() && id != change.key.2) {
                continue;
            }
            let Some((name, shown)) = told(world, call, &access, cluster, self.resource, change) else {
                continue;
            };
            last = Some(change.version);
            if !mere {
                messages.push(message(name, &self.asked, last, shown));
            }
        }
        if let (true, Some(version)) = (mere, last) {
            // rule: subscribe.steve-changes
            self.spoke = Some(tick.now);
            messages.push(message("resource.changes", &self.asked, Some(version), nothing()));
        }
        true
    }
}
