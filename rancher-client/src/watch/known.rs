//! What was told already: what is new, what comes again, and what is gone.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

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
    id: Box<str>,
    /// The last list or replay that it was in.
    round: u32,
}

/// What a change is to somebody who was told what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    New,
    Changed,
    /// It was told already.
    Old,
}

/// The objects that were told and not deleted since, by uid.
#[derive(Debug, Default)]
pub(super) struct Known {
    objects: HashMap<Box<str>, Entry>,
    /// What was found to be gone in this round. A replay that began before can still tell of it.
    buried: HashMap<Box<str>, Version>,
    round: u32,
}

impl Known {
    /// Begins another list or replay.
    pub(super) fn next_round(&mut self) {
        self.round = self.round.wrapping_add(1);
        self.buried.clear();
    }

    /// Notes that an object is there in this version.
    pub(super) fn there(&mut self, uid: &str, id: &str, version: Version) -> News {
        if let Some(known) = self.objects.get_mut(uid) {
            known.round = self.round;
            if version.told_by(known.version) {
                return News::Old;
            }
            known.version = version;
            return News::Changed;
        }
        if self.buried.get(uid).is_some_and(|told| version.told_by(*told)) {
            return News::Old;
        }
        let entry = Entry { version, id: id.into(), round: self.round };
        self.objects.insert(uid.into(), entry);
        News::New
    }

    /// Notes that an object is gone; false if that is nothing new.
    pub(super) fn gone(&mut self, uid: &str) -> bool {
        self.objects.remove(uid).is_some()
    }

    /// Notes that what was in no list or replay since the round began is gone, but for what `keep` says. Returns uids
    /// and ids.
    pub(super) fn bury(&mut self, keep: impl Fn(&str) -> bool) -> Vec<(String, String)> {
        let round = self.round;
        let gone: Vec<Box<str>> = self
            .objects
            .iter()
            .filter(|(uid, known)| known.round != round && !keep(uid))
            .map(|(uid, _)| uid.clone())
            .collect();
        gone.into_iter()
            .filter_map(|uid| {
                let known = self.objects.remove(&uid)?;
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
            assert_eq!(known.there("u", "a", number(version)), news, "{version}");
        }
        assert!(known.gone("u") && !known.gone("u"));
        assert_eq!(known.there("u", "a", number(6)), News::New, "it is another object's life");
    }

    #[test]
    fn what_a_list_does_not_hold_is_gone_and_stays_so() {
        let mut known = Known::default();
        for uid in ["a", "b", "c"] {
            known.there(uid, uid, number(1));
        }
        known.next_round();
        assert_eq!(known.there("a", "a", number(1)), News::Old);
        let mut gone = known.bury(|uid| uid == "c");
        gone.sort();
        assert_eq!(gone, [("b".to_owned(), "b".to_owned())]);
        assert_eq!(known.there("b", "b", number(1)), News::Old, "a replay tells of what is gone");
        assert_eq!(known.there("b", "b", number(2)), News::New, "but a later state is one");
    }

    #[test]
    fn objects_without_a_version_are_told_apart_by_their_text() {
        let mut known = Known::default();
        for (text, news) in [("x", News::New), ("x", News::Old), ("y", News::Changed), ("x", News::Changed)] {
            assert_eq!(known.there("u", "a", Version::of(None, text.as_bytes())), news, "{text}");
        }
        assert_ne!(Version::of(Some("v1a"), b""), Version::of(Some("v1b"), b""));
    }
}
