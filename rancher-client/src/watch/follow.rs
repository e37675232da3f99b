//! From lists and frames to events: what goes on behind a watch.

use bytes::Bytes;
use futures_util::{FutureExt as _, StreamExt as _};
use std::collections::{HashMap, VecDeque};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

use super::event::{Counters, Event, Gone, count};
use super::known::{Known, News, Version};
use super::options::WatchOptions;
use super::source::{Change, Frames, Identity, Said, Source};
use crate::error::{Error, ErrorKind, Result};
use crate::paging::Pages;
use crate::wire::{Document, Kept};

/// So many frames are taken in at a time, so that a server that never stops cannot hold up what is there to tell.
const AT_ONCE: usize = 256;

/// For how long a list that is older than what was told may be that of a server that lags behind, as the cache of another
/// replica does. After that it is taken for what is so: a backup was restored.
const LAGS_BEHIND: Duration = Duration::from_secs(15);

/// For how long a server that was just there may not know the type: while it starts, it does not know them all.
const STARTS: Duration = Duration::from_secs(30);

/// What is done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The list is read and compared with what was told.
    List,
    /// The connection is opened.
    Open,
    /// A replay has begun; beside it the list is read, since a replay does not tell what is gone.
    Match,
    /// The server is listened to.
    Follow,
    Over,
}

/// Where an object comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// A list.
    List,
    /// What a new connection tells of before it.
    Replay,
    /// A change.
    Change,
}

/// A watch at work.
///
/// Steve and Kubernetes: list, open from the list's revision, follow; after a cut open again from the last revision;
/// if that is too old, list again. v3: open, list beside the replay, follow; after a cut the same again.
pub(super) struct Follow<T> {
    source: Box<dyn Source>,
    options: WatchOptions,
    counters: Arc<Counters>,
    state: State,
    known: Known,
    pages: Option<Pages>,
    /// Whether the list under way has told its revision.
    revised: bool,
    revision: Option<String>,
    /// The highest version that was told, where versions are numbers.
    highest: u64,
    /// Since when the lists are older than that.
    behind: Option<Instant>,
    frames: Option<Frames>,
    /// What was heard and not looked at, and when.
    queue: VecDeque<(Instant, Result<Said>)>,
    out: VecDeque<Event<T>>,
    /// What the list holds and the replay has not told yet, by uid.
    awaited: HashMap<String, Bytes>,
    /// When the list beside the last replay was read.
    listed: Option<Instant>,
    /// Whether a connection was ever opened. Before that or [`Event::Synced`], nothing is tried again.
    opened: bool,
    /// Whether [`Event::Synced`] was told.
    synced: bool,
    /// Whether this connection has told what was there before it.
    caught_up: bool,
    /// Connections in a row that told nothing until they counted as dead.
    silences: u32,
    /// Since when there is one.
    connected: Option<Instant>,
    /// Attempts in a row that led to nothing that lasted.
    failures: u32,
    /// The server asked to wait for so long.
    asked_to_wait: Option<Duration>,
    /// Since when there is no connection, and why.
    broken: Option<(Instant, String)>,
    /// Since when there was none that told anything or lasted.
    lost: Option<Instant>,
    object: PhantomData<fn() -> T>,
}

impl<T: Document + Send + 'static> Follow<T> {
    pub(super) fn new(source: Box<dyn Source>, options: WatchOptions, counters: Arc<Counters>) -> Self {
        let state = if source.replays() { State::Open } else { State::List };
        Self {
            source,
            options,
            counters,
            state,
            known: Known::default(),
            pages: None,
            revised: false,
            revision: None,
            highest: 0,
            behind: None,
            frames: None,
            queue: VecDeque::new(),
            out: VecDeque::new(),
            awaited: HashMap::new(),
            opened: false,
            synced: false,
            caught_up: false,
            listed: None,
            silences: 0,
            connected: None,
            failures: 0,
            asked_to_wait: None,
            broken: None,
            lost: None,
            object: PhantomData,
        }
    }

    /// The next event; nothing after an error.
    pub(super) async fn next(&mut self) -> Option<Result<Event<T>>> {
        loop {
            if self.state == State::Follow {
                self.take_in();
            }
            if let Some(event) = self.out.pop_front() {
                return Some(Ok(event));
            }
            let step = match self.state {
                State::List => self.list().await,
                State::Open => self.open().await,
                State::Match => self.match_replay().await,
                State::Follow => self.follow().await,
                State::Over => return None,
            };
            if let Err(error) = step
                && let Some(error) = self.survive(error)
            {
                self.state = State::Over;
                self.frames = None;
                return Some(Err(error.with_operation(self.source.operation())));
            }
        }
    }

    /// What becomes of a failure: nothing if it may pass, the error if it will not.
    fn survive(&mut self, error: Error) -> Option<Error> {
        self.pages = None;
        if self.source.replays() {
            // what the next replay tells is newer
            self.queue.clear();
        }
        self.asked_to_wait = error.retry().after;
        self.failed();
        let outage = self.lost.map(|since| since.elapsed()).unwrap_or_default();
        let starts = error.kind() == ErrorKind::NotFound && self.synced && outage < STARTS;
        let passing = error.is_expired() || starts || ((self.opened || self.synced) && may_pass(&error));
        if !passing || self.options.give_up.is_some_and(|most| outage >= most) {
            return Some(error);
        }
        self.frames = None;
        self.broken.get_or_insert_with(|| (Instant::now(), error.summary().to_owned()));
        if self.state != State::List {
            self.state = State::Open;
        }
        None
    }

    /// Notes that a connection ended, or did not come about. One that lasted longer than the wait before it was none of
    /// the failures in a row.
    fn failed(&mut self) {
        let lasted = self.connected.take().map(|since| since.elapsed()).unwrap_or_default();
        if lasted >= self.options.longest_wait(self.failures) {
            (self.failures, self.lost) = (0, None);
        }
        self.failures = self.failures.saturating_add(1);
        self.lost.get_or_insert_with(Instant::now);
    }

    /// How long to wait before something is tried again.
    fn pause(&mut self) -> Duration {
        let wait =
            self.failures.checked_sub(1).map(|failures| self.options.wait(failures)).unwrap_or_default();
        match self.asked_to_wait.take() {
            // never earlier than asked, and not all at the same moment
            Some(asked) => asked.saturating_add(wait),
            None => wait,
        }
    }

    /// Reads a page of the list, or ends it.
    async fn list(&mut self) -> Result<()> {
        if self.pages.is_none() {
            sleep(self.pause()).await;
            if self.opened {
                count(&self.counters.relists);
            }
            self.known.next_round();
            self.revised = false;
            self.pages = Some(self.source.list());
        }
        let page = match self.pages.as_mut() {
            Some(pages) => pages.next().await.transpose()?,
            None => None,
        };
        let Some(page) = page else {
            self.pages = None;
            self.bury();
            if self.frames.is_none() {
                self.known.end_round();
            }
            self.catch_up();
            // a list without a revision leaves a gap before the connection: it is read again behind it
            self.state = if self.frames.is_some() { State::Follow } else { State::Open };
            return Ok(());
        };
        let revision = self.source.revision(&page);
        // a list that began anew holds older states than its last pages say; what comes twice is told once
        if !std::mem::replace(&mut self.revised, true) && self.frames.is_none() {
            self.compare(revision.as_deref())?;
            self.revision = revision;
        }
        for item in page.items() {
            self.listed(item);
        }
        Ok(())
    }

    /// Compares the revision of a list with what was told. An older one is of a server that lags behind, which may
    /// pass; if it does not, the server's past was put in the place of its present.
    fn compare(&mut self, revision: Option<&str>) -> Result<()> {
        let Some(revision) = revision.and_then(number) else { return Ok(()) };
        if revision < self.highest {
            let since = *self.behind.get_or_insert_with(Instant::now);
            if since.elapsed() < LAGS_BEHIND {
                let what = format!(
                    "the server's list is of revision {revision}, and {} was told already",
                    self.highest
                );
                return Err(Error::new(ErrorKind::Unavailable, what, "").with_retry(true, None));
            }
        }
        self.behind = None;
        self.highest = revision;
        self.known.is_exact();
        Ok(())
    }

    async fn open(&mut self) -> Result<()> {
        sleep(self.pause()).await;
        self.frames = Some(self.source.open(self.revision.as_deref()).await?);
        self.connected = Some(Instant::now());
        let again = std::mem::replace(&mut self.opened, true);
        if let Some((since, because)) = self.broken.take().filter(|_| again) {
            count(&self.counters.reconnects);
            let outage = since.elapsed();
            self.out.push_back(Event::Reconnected { attempts: self.failures, outage, because });
        }
        if self.source.replays() {
            self.known.next_round();
            self.awaited.clear();
            self.caught_up = false;
            self.pages = Some(self.source.list());
            self.state = State::Match;
        } else if self.revision.is_none() {
            self.state = State::List;
        } else {
            self.state = State::Follow;
        }
        Ok(())
    }

    /// Reads the list beside a replay.
    async fn match_replay(&mut self) -> Result<()> {
        let (Some(pages), Some(frames)) = (self.pages.as_mut(), self.frames.as_mut()) else {
            self.state = State::Open;
            return Ok(());
        };
        let room = self.queue.len() < self.options.buffer;
        tokio::select! {
            page = pages.next() => match page.transpose()? {
                Some(page) => {
                    for item in page.items() {
                        if let Some(identity) = self.source.identity(&item) {
                            self.awaited.insert(identity.uid, item);
                        }
                    }
                }
                None => {
                    self.pages = None;
                    self.listed = Some(Instant::now());
                    self.state = State::Follow;
                    self.bury();
                    if self.awaited.is_empty() {
                        self.catch_up();
                    }
                }
            },
            said = frames.next(), if room => match said {
                Some(said) => self.queue.push_back((Instant::now(), Ok(said?))),
                None => return Err(closed()),
            },
        }
        Ok(())
    }

    /// Takes in what the server has said already, as far as there is room.
    fn take_in(&mut self) {
        for _ in 0..AT_ONCE {
            if self.queue.len() >= self.options.buffer {
                break;
            }
            let Some(said) = self.frames.as_mut().and_then(|frames| frames.next().now_or_never()) else {
                break;
            };
            let said = said.unwrap_or_else(|| Err(closed()));
            if said.is_err() {
                // what came before it is looked at first
                self.frames = None;
            }
            self.queue.push_back((Instant::now(), said));
        }
        let waited = self.queue.front().map(|(since, _)| since.elapsed());
        let full = self.queue.len() >= self.options.buffer;
        if full && self.caught_up && waited.is_some_and(|waited| waited >= self.options.lag) {
            self.lag();
        }
    }

    /// Gives up what waits: the consumer is too slow for it.
    fn lag(&mut self) {
        let dropped =
            self.queue.iter().filter(|(_, said)| matches!(said, Ok(Said::Change(_)))).count() as u64;
        count(&self.counters.lags);
        self.out.push_back(Event::Lagged { dropped });
        self.begin_anew();
    }

    /// Begins with the list again, or with another replay.
    fn begin_anew(&mut self) {
        self.queue.clear();
        self.frames = None;
        self.connected = None;
        self.revision = None;
        self.state = if self.source.replays() { State::Open } else { State::List };
    }

    async fn follow(&mut self) -> Result<()> {
        if let Some((heard, said)) = self.queue.pop_front() {
            return self.hear(said?, heard);
        }
        let silence = self.options.silence.unwrap_or_else(|| self.source.silence());
        let Some(frames) = self.frames.as_mut() else {
            self.state = State::Open;
            return Ok(());
        };
        match timeout(silence, frames.next()).await {
            Ok(Some(said)) => self.queue.push_back((Instant::now(), Ok(said?))),
            Ok(None) => return Err(closed()),
            Err(_) => {
                self.silences += 1;
                if self.silences > 1 && !self.source.replays() {
                    // one after the other: it may wait for a revision that it never had, as after a backup was restored
                    self.revision = None;
                    self.state = State::List;
                }
                let what = format!("the server said nothing for {silence:?}, not even that it is alive");
                return Err(Error::new(ErrorKind::Timeout, what, "").with_retry(true, None));
            }
        }
        Ok(())
    }

    fn hear(&mut self, said: Said, heard: Instant) -> Result<()> {
        match said {
            Said::Change(change) => self.change(change),
            Said::Alive(revision) => {
                self.hears();
                // what was said before the list was read may come behind it: it is no sign that the replay is through
                if self.listed.is_none_or(|listed| listed <= heard) {
                    self.known.end_round();
                    // the replay is through, and did not tell of these
                    for (_, item) in std::mem::take(&mut self.awaited) {
                        self.listed(item);
                    }
                    self.catch_up();
                }
                let Some(revision) = revision else { return Ok(()) };
                let before = self.revision.as_deref().and_then(number);
                if number(&revision).zip(before).is_some_and(|(now, before)| now < before) {
                    // the server's past was put in the place of its present
                    self.failed();
                    self.begin_anew();
                    return Ok(());
                }
                self.reached(&revision);
                self.revision = Some(revision.clone());
                self.out.push_back(Event::Bookmark { revision });
            }
            Said::TooOld => {
                self.failed();
                self.begin_anew();
            }
            // what came before it is told already, since the queue is in order
            Said::Ended(because) => {
                self.queue.clear();
                return Err(Error::new(ErrorKind::Unavailable, because, "").with_retry(true, None));
            }
            Said::Unreadable(because) => self.skip(because),
        }
        Ok(())
    }

    /// The connection told something.
    fn hears(&mut self) {
        self.silences = 0;
        self.lost = None;
    }

    fn skip(&mut self, because: &str) {
        let total = count(&self.counters.skipped);
        self.out.push_back(Event::Skipped { total, because: because.to_owned() });
    }

    fn change(&mut self, change: Change) {
        self.hears();
        if !change.gone {
            let origin = if self.caught_up { Origin::Change } else { Origin::Replay };
            self.there(change.identity, change.object, origin);
        } else {
            let Identity { uid, id, .. } = change.identity;
            self.awaited.remove(&uid);
            if self.known.gone(&uid) {
                count(&self.counters.changes);
                let last = Kept::read(change.object).ok();
                self.out.push_back(Event::Deleted(Gone { id, uid, last }));
            } else {
                count(&self.counters.repeated);
            }
        }
        if let Some(revision) = change.revision {
            self.reached(&revision);
            self.revision = Some(revision);
        }
        if !self.caught_up && self.awaited.is_empty() {
            self.catch_up();
        }
    }

    /// Notes up to where something was told.
    fn reached(&mut self, revision: &str) {
        self.highest = self.highest.max(number(revision).unwrap_or_default());
    }

    /// An object stands in a list.
    fn listed(&mut self, object: Bytes) {
        match self.source.identity(&object) {
            Some(identity) => self.there(identity, object, Origin::List),
            None => self.skip("an object without a uid or an id"),
        }
    }

    /// An object is there: in a list or a replay, or because it changed.
    fn there(&mut self, identity: Identity, object: Bytes, origin: Origin) {
        let awaited = self.awaited.remove(&identity.uid).is_some();
        let version = Version::of(identity.version.as_deref(), &object);
        let (news, before) = self.known.there(&identity.uid, &identity.id, version);
        if let Some(uid) = before {
            // it went while nobody could look, and this one has its name
            count(&self.counters.relisted);
            self.out.push_back(Event::Deleted(Gone { id: identity.id.clone(), uid, last: None }));
        }
        if let Some(version) = &identity.version {
            self.reached(version);
        }
        if news == News::Old {
            if self.opened {
                count(&self.counters.repeated);
            }
            return;
        }
        let Ok(object) = Kept::<T>::read(object) else { return self.skip("an object of another form") };
        let listed = origin == Origin::List || (origin == Origin::Replay && awaited);
        let found_later = origin != Origin::Change && self.synced;
        let (counter, event) = match news {
            News::New if listed && !self.synced => (&self.counters.listed, Event::Listed(object)),
            News::New if found_later => (&self.counters.relisted, Event::Added(object)),
            News::New => (&self.counters.changes, Event::Added(object)),
            _ if found_later => (&self.counters.relisted, Event::Modified(object)),
            _ => (&self.counters.changes, Event::Modified(object)),
        };
        count(counter);
        self.out.push_back(event);
    }

    /// Tells of what was in no list and no replay since the connection was lost.
    fn bury(&mut self) {
        let awaited = &self.awaited;
        for (uid, id) in self.known.bury(|uid| awaited.contains_key(uid)) {
            count(&self.counters.relisted);
            self.out.push_back(Event::Deleted(Gone { id, uid, last: None }));
        }
    }

    fn catch_up(&mut self) {
        self.caught_up = true;
        if !std::mem::replace(&mut self.synced, true) {
            self.out.push_back(Event::Synced);
        }
    }
}

fn number(revision: &str) -> Option<u64> {
    revision.parse().ok()
}

const CLOSED: &str = "the server closed the connection";

fn closed() -> Error {
    Error::new(ErrorKind::Connect, CLOSED, "").with_retry(true, None)
}

/// Whether the same can go well later. What is refused or nonsense will not.
fn may_pass(error: &Error) -> bool {
    error.is_retryable()
        || matches!(
            error.kind(),
            ErrorKind::Connect
                | ErrorKind::Timeout
                | ErrorKind::Unavailable
                | ErrorKind::RateLimited
                | ErrorKind::ClusterUnavailable
                // a page of an ingress while the server is replaced
                | ErrorKind::NotRancher
        )
}
