//! `/v3/subscribe` and `/v3/cluster/{id}/subscribe`.

use super::super::World;
use super::super::answer::Problem;
use super::super::call::Call;
use super::super::norman::kinds::{Api, kind_in};
use super::super::norman::{seen, seen_projects};
use super::super::state::{Millis, Project};
use super::{Following, Tick, What, granted};
use crate::{Response, Told};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// How often it says that it is alive.
const PING: Millis = 5_000;

/// How long a socket lives.
const LASTS: Millis = 30 * 60_000;

/// How often collections are looked at that have no short way to tell what changed.
const LOOKS: Millis = 200;

/// A socket of Norman.
#[derive(Debug)]
pub(super) struct Subscription {
    /// The paths of the collections that are told of.
    collections: Vec<Vec<String>>,
    projects: Option<BTreeMap<String, (Project, Value)>>,
    told: BTreeMap<String, Value>,
    looked: Option<Millis>,
}

/// A call for a socket below `/v3`.
pub(crate) fn subscribe(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Response {
    let wanted: Vec<&str> = call
        .query
        .0
        .iter()
        .filter(|(name, _)| name == "resourceTypes")
        .map(|(_, kind)| kind.as_str())
        .collect();
    let mut subscription =
        Subscription { collections: Vec::new(), projects: None, told: BTreeMap::new(), looked: None };
    let (api, within) = match parts {
        ["subscribe"] => (Api::Management, None),
        // rule: subscribe.by-the-singular
        ["cluster", cluster, "subscribe"] => (Api::Cluster, Some(["cluster", *cluster])),
        ["project", project, "subscribe"] => (Api::Project, Some(["project", *project])),
        _ => {
            // rule: subscribe.plural-is-mute
            world.following = Some(Following::new(What::Norman(subscription)));
            return granted();
        }
    };
    for wanted in wanted {
        let Some(kind) = kind_in(api, wanted).filter(|kind| kind.id == wanted) else {
            // rule: subscribe.unknown-type
            return Problem::not_found(format!("failed to find schema {wanted}")).answer();
        };
        if kind.id == "project" {
            subscription.projects = Some(BTreeMap::new());
            continue;
        }
        let path = within.iter().flatten().map(|part| (*part).to_owned()).chain([kind.path()]);
        subscription.collections.push(path.collect());
    }
    world.following = Some(Following::new(What::Norman(subscription)));
    granted()
}

fn frame(name: &str, data: &Value) -> String {
    // put together by hand: copying the object first would take longer than to write it
    format!("{{\"name\":\"{name}\",\"data\":{data}}}")
}

impl Subscription {
    pub(super) fn tell(
        &mut self,
        world: &mut World,
        call: &Call<'_>,
        tick: Tick,
        alive: &mut Millis,
    ) -> Told {
        let mut messages = Vec::new();
        self.projects(world, call, &mut messages);
        if self.looked.is_none_or(|looked| tick.now - looked >= LOOKS) {
            self.looked = Some(tick.now);
            self.others(world, call, &mut messages);
        }
        // rule: subscribe.ping
        if tick.now - *alive >= PING {
            *alive = tick.now;
            messages.push(frame("ping", &json!({})));
        }
        // rule: subscribe.half-an-hour
        Told::said(messages, tick.age() >= LASTS)
    }

    fn projects(&mut self, world: &World, call: &Call<'_>, messages: &mut Vec<String>) {
        let Some(told) = &mut self.projects else { return };
        // rule: subscribe.replays
        let (changed, gone) = seen_projects(world, call, told);
        for (project, shown) in changed {
            messages.push(frame("resource.change", &shown));
            told.insert(project.id(), (project, shown));
        }
        // rule: subscribe.remove
        messages.extend(
            gone.iter().filter_map(|id| told.remove(id)).map(|(_, last)| frame("resource.remove", &last)),
        );
    }

    fn others(&mut self, world: &mut World, call: &Call<'_>, messages: &mut Vec<String>) {
        let mut seen_now = BTreeMap::new();
        for path in &self.collections {
            let parts: Vec<&str> = path.iter().map(String::as_str).collect();
            for object in seen(world, call, &parts) {
                let id = object.get("id").and_then(Value::as_str).unwrap_or_default();
                seen_now.insert(format!("{} {id}", path.join("/")), object);
            }
        }
        for (id, object) in &seen_now {
            if self.told.get(id) != Some(object) {
                messages.push(frame("resource.change", object));
            }
        }
        let gone = self.told.iter().filter(|(id, _)| !seen_now.contains_key(*id));
        messages.extend(gone.map(|(_, last)| frame("resource.remove", last)));
        self.told = seen_now;
    }
}
