//! What was told already: what is new, what comes again, and what is gone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

/// The version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// The resource version. Those of one cluster grow.
    Number(u64),
    /// What stands for an object that has none, as those of v3: 64 bits of its text. Two states that look the same by
    /// chance would be taken for one once in 2^64 changes.
    Text(u64),
}

impl Version {
    pub(super) fn of(version: Option<&str>, object: &[u8]) -> Self {
        match version.map(|version| (version, version.parse())) {
            Some((_, Ok(number))) => Self::Number(number),
            Some((version, Err(_))) => Self::Text(hash(version.as_bytes())),
            None => Self::Text(hash(object)),
        }
    }

    /// Whether this is the same version as one that was told, or one before it.
    fn told_by(self, told: Self) -> bool {
        match (self, told) {
            (Self::Number(this), Self::Number(told)) => this <= told,
            _ => self == told,
        }
    }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

#[derive(Debug)]
struct Entry {
    version: Version,
    id: Arc<str>,
    /// The last list or replay that it was in.
    round: u32,
}

/// What a change is to somebody who was told what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    New,
    Changed,
    /// It was told already, or another object has its name since.
    Old,
}

/// The objects that were told and not deleted since, by uid.
#[derive(Debug, Default)]
pub(super) struct Known {
    objects: HashMap<Arc<str>, Entry>,
    /// The uid of the object that has an id now.
    holders: HashMap<Arc<str>, Arc<str>>,
    /// What was found to be gone in this round. A replay that began before can still tell of it.
    buried: HashMap<Arc<str>, Version>,
    round: u32,
    /// Whether the round is a list that knows everything that was told: what stands there otherwise is so, whatever its
    /// version.
    exact: bool,
}

impl Known {
    /// Begins another list or replay.
    pub(super) fn next_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.exact = false;
        self.buried.clear();
    }

    /// The list that was begun knows everything that was told.
    pub(super) fn is_exact(&mut self) {
        self.exact = true;
    }

    /// Nothing comes any more that was on its way before the round began.
    pub(super) fn end_round(&mut self) {
        self.exact = false;
        self.buried.clear();
    }

    /// Notes that an object is there in this version. Returns beside it the uid of the object that had its id until
    /// now, if that was never told to be gone.
    pub(super) fn there(&mut self, uid: &str, id: &str, version: Version) -> (News, Option<String>) {
        let old = |told: Version| if self.exact { version == told } else { version.told_by(told) };
        if let Some(known) = self.objects.get_mut(uid) {
            known.round = self.round;
            if old(known.version) {
                return (News::Old, None);
            }
            known.version = version;
            return (News::Changed, None);
        }
        if self.buried.get(uid).is_some_and(|told| version.told_by(*told)) {
            return (News::Old, None);
        }
        let before = self.holders.get(id).filter(|holder| &***holder != uid).cloned();
        if let Some(holder) = before.as_ref().and_then(|holder| self.objects.get(holder))
            && old(holder.version)
        {
            // of the past of the one that has its id now
            return (News::Old, None);
        }
        if let Some(before) = &before {
            self.objects.remove(before);
        }
        let (uid, id): (Arc<str>, Arc<str>) = (uid.into(), id.into());
        self.holders.insert(Arc::clone(&id), Arc::clone(&uid));
        self.objects.insert(uid, Entry { version, id, round: self.round });
        (News::New, before.map(|before| before.to_string()))
    }

    /// Notes that an object is gone; false if that is nothing new.
    pub(super) fn gone(&mut self, uid: &str) -> bool {
        self.take(uid).is_some()
    }

    fn take(&mut self, uid: &str) -> Option<Entry> {
        let known = self.objects.remove(uid)?;
        if self.holders.get(&known.id).is_some_and(|holder| &**holder == uid) {
            self.holders.remove(&known.id);
        }
        Some(known)
    }

    /// Notes that what was in no list or replay since the round began is gone, but for what `keep` says. Returns uids
    /// and ids.
    pub(super) fn bury(&mut self, keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let round = self.round;
        let gone: Vec<Arc<str>> = self
            .objects
            .iter()
            .filter(|(uid, known)| known.round != round && !keep(uid))
            .map(|(uid, _)| Arc::clone(uid))
            .collect();
        gone.into_iter()
            .filter_map(|uid| {
                let known = self.take(&uid)?;
                let named = (uid.to_string(), known.id.to_string());
                self.buried.insert(uid, known.version);
                Some(named)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(version: u64) -> Version {
        Version::of(Some(&version.to_string()), b"")
    }

    #[test]
    fn the_same_version_is_told_once_and_an_older_one_never() {
        let mut known = Known::default();
        let told = [(5, News::New), (5, News::Old), (4, News::Old), (6, News::Changed), (6, News::Old)];
        for (version, news) in told {
            assert_eq!(known.there("u", "a", number(version)).0, news, "{version}");
        }
        assert!(known.gone("u") && !known.gone("u"));
        assert_eq!(known.there("u", "a", number(6)).0, News::New, "it is another object's life");
    }

    #[test]
    fn what_a_list_does_not_hold_is_gone_and_stays_so() {
        let mut known = Known::default();
        for uid in ["a", "b", "c"] {
            known.there(uid, uid, number(1));
        }
        known.next_round();
        assert_eq!(known.there("a", "a", number(1)).0, News::Old);
        let mut gone = known.bury(|uid| uid == "c");
        gone.sort();
        assert_eq!(gone, [("b".to_owned(), "b".to_owned())]);
        assert_eq!(known.there("b", "b", number(1)).0, News::Old, "a replay tells of what is gone");
        assert_eq!(known.there("b", "b", number(2)).0, News::New, "but a later state is one");
    }

    #[test]
    fn objects_without_a_version_are_told_apart_by_their_text() {
        let mut known = Known::default();
        for (text, news) in [("x", News::New), ("x", News::Old), ("y", News::Changed), ("x", News::Changed)] {
            assert_eq!(known.there("u", "a", Version::of(None, text.as_bytes())).0, news, "{text}");
        }
        assert_ne!(Version::of(Some("v1a"), b""), Version::of(Some("v1b"), b""));
    }

    #[test]
    fn one_that_takes_the_id_of_another_ends_it() {
        let mut known = Known::default();
        known.there("1", "a", number(5));
        assert_eq!(known.there("2", "a", number(9)), (News::New, Some("1".to_owned())));
        assert!(!known.gone("1"), "it is gone with that");
        // what a replay tells of the time before it is over
        assert_eq!(known.there("1", "a", number(7)), (News::Old, None));
        assert!(known.gone("2"));
        assert_eq!(known.there("3", "a", number(10)), (News::New, None), "nobody had it");
    }

    #[test]
    fn a_list_that_knows_everything_is_right_though_its_versions_are_lower() {
        let mut known = Known::default();
        known.there("u", "a", number(9));
        known.there("v", "b", number(9));
        known.next_round();
        known.is_exact();
        assert_eq!(known.there("u", "a", number(4)).0, News::Changed, "as a backup has it");
        assert_eq!(known.there("v", "b", number(9)).0, News::Old);
        known.end_round();
        assert_eq!(known.there("u", "a", number(3)).0, News::Old);
        assert_eq!(known.there("u", "a", number(5)).0, News::Changed);
    }

    #[test]
    fn what_is_gone_may_come_back_as_it_was_once_the_replay_is_through() {
        let mut known = Known::default();
        let same = Version::of(None, b"x");
        known.there("u", "a", same);
        known.next_round();
        assert_eq!(known.bury(|_| false).len(), 1);
        assert_eq!(known.there("u", "a", same).0, News::Old, "by the replay");
        known.end_round();
        assert_eq!(known.there("u", "a", same).0, News::New, "by a change");
    }
}
