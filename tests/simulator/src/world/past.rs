//! What became of the objects of a cluster, change after change: what watches tell of.

use super::state::{Object, ObjectKey};
use std::collections::{BTreeMap, VecDeque};

/// So many changes are remembered.
const MOST: usize = 100_000;

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The resource version that it made.
    pub(crate) version: u64,
    pub(crate) key: ObjectKey,
    /// What it was before; nothing for a new one.
    pub(crate) before: Option<Object>,
    /// What it is since; nothing for one that is gone.
    pub(crate) after: Option<Object>,
}

/// The changes of a cluster, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Past {
    /// What was written and not looked at yet, as it was before, in the order of the first write.
    touched: Vec<ObjectKey>,
    before: BTreeMap<ObjectKey, Option<Object>>,
    changes: VecDeque<Change>,
    /// What came up to this version is forgotten.
    forgotten: u64,
}

impl Past {
    /// Notes what an object was before it is written.
    pub(super) fn touch(&mut self, key: &ObjectKey, before: Option<&Object>) {
        if !self.before.contains_key(key) {
            self.before.insert(key.clone(), before.cloned());
            self.touched.push(key.clone());
        }
    }

    /// Turns what was written into changes. A write that did not count its version gets one.
    pub(super) fn settle(&mut self, live: &mut BTreeMap<ObjectKey, Object>, version: &mut u64) {
        let mut next = || {
            *version += 1;
            *version
        };
        let mut settled = Vec::new();
        for key in std::mem::take(&mut self.touched) {
            let before = self.before.remove(&key).flatten();
            let after = live.get_mut(&key);
            let of = |version, before, after| Change { version, key: key.clone(), before, after };
            match (before, after) {
                (None, None) => {}
                (Some(mut gone), None) => {
                    gone.version = next();
                    settled.push(of(gone.version, Some(gone), None));
                }
                (Some(before), Some(after)) if before.uid == after.uid => {
                    if before.body == after.body && before.version == after.version {
                        continue;
                    }
                    if before.version == after.version {
                        after.version = next();
                    }
                    settled.push(of(after.version, Some(before), Some(after.clone())));
                }
                (before, Some(after)) => {
                    if let Some(mut gone) = before {
                        gone.version = next();
                        settled.push(of(gone.version, Some(gone), None));
                        // the one that took its place came after it
                        after.version = next();
                    }
                    settled.push(of(after.version, None, Some(after.clone())));
                }
            }
        }
        settled.sort_by_key(|change| change.version);
        self.changes.extend(settled);
        while self.changes.len() > MOST {
            self.forgotten = self.changes.pop_front().map_or(self.forgotten, |change| change.version);
        }
    }

    /// Forgets everything up to this version.
    pub(super) fn forget(&mut self, version: u64) {
        self.touched.clear();
        self.before.clear();
        self.changes.clear();
        self.forgotten = version;
    }

    /// What changed since this version; nothing when that is too long ago.
    pub(crate) fn since(&self, version: u64) -> Option<impl Iterator<Item = &Change>> {
        if version < self.forgotten {
            return None;
        }
        let from = self.changes.partition_point(|change| change.version <= version);
        Some(self.changes.range(from..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Map, json};

    fn key(name: &str) -> ObjectKey {
        ("/configmaps".into(), "a".into(), name.into())
    }

    fn object(uid: &str, version: u64, value: u64) -> Object {
        let body = Map::from_iter([("v".to_owned(), json!(value))]);
        Object { uid: uid.into(), version, body, ..Object::default() }
    }

    #[test]
    fn writes_become_changes_in_the_order_of_their_versions() {
        let (mut past, mut live, mut version) = (Past::default(), BTreeMap::new(), 10);
        let write = |past: &mut Past, live: &mut BTreeMap<_, _>, name: &str, object: Option<Object>| {
            past.touch(&key(name), live.get(&key(name)));
            match object {
                Some(object) => live.insert(key(name), object),
                None => live.remove(&key(name)),
            };
        };
        write(&mut past, &mut live, "a", Some(object("1", 9, 0)));
        write(&mut past, &mut live, "b", Some(object("2", 10, 0)));
        past.settle(&mut live, &mut version);
        // changed without a version of its own, gone, and come and gone
        write(&mut past, &mut live, "a", Some(object("1", 9, 1)));
        write(&mut past, &mut live, "b", None);
        write(&mut past, &mut live, "c", Some(object("3", 10, 0)));
        write(&mut past, &mut live, "c", None);
        past.settle(&mut live, &mut version);
        // another of the same name
        write(&mut past, &mut live, "a", Some(object("4", 12, 1)));
        past.settle(&mut live, &mut version);
        let told = |since| -> Option<Vec<(u64, String, bool, bool)>> {
            let changes = past.since(since)?;
            Some(
                changes
                    .map(|c| (c.version, c.key.2.clone(), c.before.is_some(), c.after.is_some()))
                    .collect(),
            )
        };
        let all = told(0).unwrap();
        let versions: Vec<u64> = all.iter().map(|change| change.0).collect();
        assert!(versions.is_sorted() && versions.len() == 6, "{all:?}");
        let of = |name: &str| -> Vec<(bool, bool)> {
            all.iter().filter(|change| change.1 == name).map(|change| (change.2, change.3)).collect()
        };
        assert_eq!(of("a"), [(false, true), (true, true), (true, false), (false, true)]);
        assert_eq!(of("b"), [(false, true), (true, false)]);
        assert_eq!(of("c"), []);
        assert_eq!(told(version).unwrap(), []);
        past.forget(version);
        assert!(past.since(version - 1).is_none() && past.since(version).is_some());
    }
}
