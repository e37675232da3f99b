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
