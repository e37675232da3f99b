//! What a watch tells.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::wire::{Document, Kept};

/// What a watch tells.
#[derive(Clone)]
#[non_exhaustive]
pub enum Event<T> {
    /// An object that was there when the watch began.
    Listed(Kept<T>),
    /// Everything that was there when the watch began was told. It comes once.
    Synced,
    /// An object that is new, or new among those that are watched.
    Added(Kept<T>),
    /// An object that changed since it was told last.
    Modified(Kept<T>),
    /// An object that is gone, or no longer among those that are watched.
    Deleted(Gone<T>),
    /// The server is alive and has told everything up to this revision (Kubernetes only).
    Bookmark {
        /// The revision.
        revision: String,
    },
    /// The consumer was too slow: so many changes were thrown away before they were told. The state as it is now
    /// follows, compared with what was told.
    Lagged {
        /// How many changes were thrown away.
        dropped: u64,
    },
    /// The connection broke or ended, and was made again.
    Reconnected {
        /// How many times it was tried.
        attempts: u32,
        /// For how long there was none.
        outage: Duration,
        /// Why it ended.
        because: String,
    },
    /// Something came that could not be read, and was skipped.
    Skipped {
        /// How many there were so far.
        total: u64,
        /// What was wrong, never what stood there.
        because: String,
    },
}

/// An object that is gone.
#[derive(Clone)]
#[non_exhaustive]
pub struct Gone<T> {
    /// Its id: `namespace/name` or `name` of Kubernetes and Steve, the id of v3.
    pub id: String,
    /// Its uid; of v3, where an object has one, its uuid.
    pub uid: String,
    /// Its last state. Nothing if it went while there was no connection.
    pub last: Option<Kept<T>>,
}

impl<T> Event<T> {
    /// The object that is there: listed, added or modified.
    pub fn object(&self) -> Option<&Kept<T>> {
        match self {
            Self::Listed(object) | Self::Added(object) | Self::Modified(object) => Some(object),
            _ => None,
        }
    }

    /// The event in one word: `listed`, `added`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Listed(_) => "listed",
            Self::Synced => "synced",
            Self::Added(_) => "added",
            Self::Modified(_) => "modified",
            Self::Deleted(_) => "deleted",
            Self::Bookmark { .. } => "bookmark",
            Self::Lagged { .. } => "lagged",
            Self::Reconnected { .. } => "reconnected",
            Self::Skipped { .. } => "skipped",
        }
    }
}

impl<T: Document> fmt::Debug for Event<T> {
    /// Without the values of objects, which can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::Listed(object) | Self::Added(object) | Self::Modified(object) => write!(f, "({object:?})"),
            Self::Deleted(gone) => write!(f, "({})", gone.id),
            Self::Bookmark { revision } => write!(f, "({revision})"),
            Self::Lagged { dropped } => write!(f, "({dropped} dropped)"),
            Self::Reconnected { attempts, because, .. } => write!(f, "(attempt {attempts}: {because})"),
            Self::Skipped { total, because } => write!(f, "({total} in all: {because})"),
            Self::Synced => Ok(()),
        }
    }
}

impl<T> fmt::Debug for Gone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gone({})", self.id)
    }
}

/// What a watch counted so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WatchCounts {
    /// Objects that were there when it began.
    pub listed: u64,
    /// Objects that were added, changed or deleted since, as the server told them.
    pub changes: u64,
    /// Those found by comparing a list with what was told, after the connection or the revision was lost.
    pub relisted: u64,
    /// What came again and was not told again.
    pub repeated: u64,
    /// What could not be read.
    pub skipped: u64,
    /// How often the connection was made again.
    pub reconnects: u64,
    /// How often the list was read again.
    pub relists: u64,
    /// How often the consumer was too slow.
    pub lags: u64,
}

/// The same, shared between the watch and its stream.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) listed: AtomicU64,
    pub(super) changes: AtomicU64,
    pub(super) relisted: AtomicU64,
    pub(super) repeated: AtomicU64,
    pub(super) skipped: AtomicU64,
    pub(super) reconnects: AtomicU64,
    pub(super) relists: AtomicU64,
    pub(super) lags: AtomicU64,
}

/// One more; returns how many there are now.
pub(super) fn count(counter: &AtomicU64) -> u64 {
    counter.fetch_add(1, Ordering::Relaxed) + 1
}

impl Counters {
    pub(super) fn read(&self) -> WatchCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        WatchCounts {
            listed: of(&self.listed),
            changes: of(&self.changes),
            relisted: of(&self.relisted),
            repeated: of(&self.repeated),
            skipped: of(&self.skipped),
            reconnects: of(&self.reconnects),
            relists: of(&self.relists),
            lags: of(&self.lags),
        }
    }
}
