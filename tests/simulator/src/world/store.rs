//! The objects of a cluster, and what they were when a list began.
//!
//! A continue token stands for the moment of its first page. While one is out, the store keeps what every write
//! replaced, and can show any of its objects as they were then.

use super::past::Past;
use super::state::{Millis, Object, ObjectKey};
use std::collections::{BTreeMap, VecDeque};
use std::ops::Deref;

/// How long a continue token is good for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// So long after its list began.
    pub(crate) age: Millis,
    /// And as long as no more than so many objects of the cluster were written since.
    pub(crate) writes: Option<u64>,
}

impl Default for Patience {
    fn default() -> Self {
        // rule: kube.continue-expires
        Self { age: 300_000, writes: None }
    }
}

#[derive(Debug, Clone, Copy)]
struct Held {
    /// How many writes there had been.
    at: u64,
    since: Millis,
}

/// The objects of a cluster by key. Reading is that of the map; every write goes through here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Store {
    live: BTreeMap<ObjectKey, Object>,
    /// What each write replaced, while somebody may still ask for it.
    undo: VecDeque<(ObjectKey, Option<Object>)>,
    /// How many entries `undo` lost at its front.
    forgotten: u64,
    /// By the resource version of the list.
    held: BTreeMap<u64, Held>,
    past: Past,
}

impl Deref for Store {
    type Target = BTreeMap<ObjectKey, Object>;

    fn deref(&self) -> &Self::Target {
        &self.live
    }
}

impl Store {
    fn note(&mut self, key: &ObjectKey) {
        if !self.held.is_empty() {
            self.undo.push_back((key.clone(), self.live.get(key).cloned()));
        }
        self.past.touch(key, self.live.get(key));
    }

    pub(crate) fn insert(&mut self, key: ObjectKey, object: Object) {
        self.note(&key);
        self.live.insert(key, object);
    }

    pub(crate) fn remove(&mut self, key: &ObjectKey) -> Option<Object> {
        self.note(key);
        self.live.remove(key)
    }

    pub(crate) fn get_mut(&mut self, key: &ObjectKey) -> Option<&mut Object> {
        if self.live.contains_key(key) {
            self.note(key);
        }
        self.live.get_mut(key)
    }

    /// Removes what `gone` says is gone.
    pub(crate) fn drop_where(&mut self, gone: impl Fn(&ObjectKey, &Object) -> bool) {
        let keys: Vec<ObjectKey> =
            self.live.iter().filter(|(key, object)| gone(key, object)).map(|(key, _)| key.clone()).collect();
        for key in &keys {
            self.remove(key);
        }
    }

    /// Turns what was written since the last time into changes that watches tell of.
    pub(crate) fn settle(&mut self, version: &mut u64) {
        self.past.settle(&mut self.live, version);
    }

    /// Forgets what changed up to this version: who wants to know of it has to list.
    pub(crate) fn forget_past(&mut self, version: u64) {
        self.past.forget(version);
    }

    /// What changed.
    pub(crate) fn past(&self) -> &Past {
        &self.past
    }

    /// Moves every moment by `delta`: no change of any object.
    pub(crate) fn shift(&mut self, delta: Millis) {
        self.live.values_mut().for_each(|object| object.created += delta);
    }

    fn writes(&self) -> u64 {
        self.forgotten + self.undo.len() as u64
    }

    /// Remembers this moment under the resource version of a list.
    pub(crate) fn hold(&mut self, version: u64, now: Millis, patience: Patience) {
        self.forget(now, patience);
        let held = Held { at: self.writes(), since: now };
        self.held.entry(version).or_insert(held);
    }

    // Drops moments that are too old, and what only they needed.
    fn forget(&mut self, now: Millis, patience: Patience) {
        let writes = self.writes();
        self.held.retain(|_, held| {
            now - held.since <= patience.age
                && patience.writes.is_none_or(|most| writes.saturating_sub(held.at) <= most)
        });
        let oldest = self.held.values().map(|held| held.at).min().unwrap_or(writes);
        while self.forgotten < oldest && self.undo.pop_front().is_some() {
            self.forgotten += 1;
        }
    }

    /// The objects of a resource as they were at this resource version, from one namespace or all; `None` when that
    /// is too long ago.
    pub(crate) fn then(
        &mut self,
        version: u64,
        now: Millis,
        patience: Patience,
        resource: &str,
        namespace: &str,
    ) -> Option<Vec<(&ObjectKey, &Object)>> {
        self.forget(now, patience);
        let held = self.held.get(&version)?;
        let skip = usize::try_from(held.at.saturating_sub(self.forgotten)).ok()?;
        let ours = |key: &ObjectKey| key.0 == resource && (namespace.is_empty() || key.1 == namespace);
        let store = &*self;
        // What each object was first replaced by is what it was then.
        let mut then: BTreeMap<&ObjectKey, Option<&Object>> = BTreeMap::new();
        for (key, before) in store.undo.iter().skip(skip).filter(|(key, _)| ours(key)) {
            then.entry(key).or_insert(before.as_ref());
        }
        let live = store.of(resource, namespace);
        if then.is_empty() {
            return Some(live.collect());
        }
        let mut objects: Vec<(&ObjectKey, &Object)> =
            live.filter(|(key, _)| !then.contains_key(key)).collect();
        objects.extend(then.into_iter().filter_map(|(key, object)| Some((key, object?))));
        objects.sort_by_key(|(key, _)| *key);
        Some(objects)
    }

    /// The objects of a resource as they are, from one namespace or all.
    pub(crate) fn of<'s>(
        &'s self,
        resource: &str,
        namespace: &str,
    ) -> impl Iterator<Item = (&'s ObjectKey, &'s Object)> + use<'s> {
        let first = (resource.to_owned(), namespace.to_owned(), String::new());
        let (resource, namespace) = (resource.to_owned(), namespace.to_owned());
        self.live
            .range(first..)
            .take_while(move |(key, _)| key.0 == resource && (namespace.is_empty() || key.1 == namespace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(version: u64) -> Object {
        let body = if let serde_json::Value::Object(body) = json!({"v": version}) { body } else { panic!() };
        Object { version, body, ..Object::default() }
    }

    fn key(name: &str) -> ObjectKey {
        ("/pods".into(), "a".into(), name.into())
    }

    fn names(store: &mut Store, version: u64, now: Millis, patience: Patience) -> Option<Vec<(String, u64)>> {
        let found = store.then(version, now, patience, "/pods", "")?;
        Some(found.into_iter().map(|(key, object)| (key.2.clone(), object.version)).collect())
    }

    #[test]
    fn a_held_moment_stays_while_objects_come_change_and_go() {
        let mut store = Store::default();
        let patience = Patience::default();
        for (name, version) in [("a", 1), ("b", 2), ("c", 3)] {
            store.insert(key(name), object(version));
        }
        assert!(store.undo.is_empty(), "nobody asked yet");
        store.hold(3, 0, patience);
        store.remove(&key("b"));
        store.insert(key("d"), object(5));
        store.get_mut(&key("a")).unwrap().version = 6;
        store.hold(6, 1_000, patience);
        store.insert(key("b"), object(7));
        let then = |store: &mut Store, version| names(store, version, 2_000, patience);
        let of = |list: &[(&str, u64)]| Some(list.iter().map(|(n, v)| ((*n).to_owned(), *v)).collect());
        assert_eq!(then(&mut store, 3), of(&[("a", 1), ("b", 2), ("c", 3)]));
        assert_eq!(then(&mut store, 6), of(&[("a", 6), ("c", 3), ("d", 5)]));
        assert_eq!(store.of("/pods", "").count(), 4);
        assert_eq!(then(&mut store, 4), None, "nobody holds it");
        assert_eq!(names(&mut store, 3, 300_500, patience), None, "five minutes passed");
        assert_eq!(names(&mut store, 6, 300_500, patience).map(|names| names.len()), Some(3));
        assert_eq!(store.undo.len(), 1, "what only the older moment needed is gone");
    }

    #[test]
    fn patience_may_count_writes() {
        let mut store = Store::default();
        let patience = Patience { writes: Some(1), ..Patience::default() };
        store.insert(key("a"), object(1));
        store.hold(1, 0, patience);
        store.insert(key("b"), object(2));
        assert!(names(&mut store, 1, 0, patience).is_some());
        store.drop_where(|key, _| key.2 == "b");
        assert!(names(&mut store, 1, 0, patience).is_none());
    }
}
