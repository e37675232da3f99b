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
    frames: Option<Frames>,
    /// What was heard and not looked at, and when.
    queue: VecDeque<(Instant, Result<Said>)>,
    out: VecDeque<Event<T>>,
    /// What the list holds and the replay has not told yet, by uid.
    awaited: HashMap<String, Bytes>,
    /// Whether a connection was ever opened. Before that or [`Event::Synced`], nothing is tried again.
    opened: bool,
    /// Whether [`Event::Synced`] was told.
    synced: bool,
    /// Whether this connection has told what was there before it.
    caught_up: bool,
    /// Whether this connection told anything.
    heard: bool,
    /// Attempts in a row that led to nothing.
    failures: u32,
    /// Since when there is no connection, and why.
    broken: Option<(Instant, String)>,
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
            frames: None,
            queue: VecDeque::new(),
            out: VecDeque::new(),
            awaited: HashMap::new(),
            opened: false,
            synced: false,
            caught_up: false,
            heard: false,
            failures: 0,
            broken: None,
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
                return Some(Err(error));
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
        let passing = error.is_expired() || ((self.opened || self.synced) && may_pass(&error));
        if !passing {
            return Some(error);
        }
        self.cut(error.summary().to_owned());
        if self.state != State::List {
            self.state = State::Open;
        }
        let outage = self.broken.as_ref().map(|(since, _)| since.elapsed()).unwrap_or_default();
        self.options.give_up.is_some_and(|most| outage >= most).then_some(error)
    }

    /// Notes that there is no connection any more.
    fn cut(&mut self, because: String) {
        self.frames = None;
        self.failures = if self.heard { 1 } else { self.failures.saturating_add(1) };
        self.heard = false;
        self.broken.get_or_insert_with(|| (Instant::now(), because));
    }

    /// How long to wait before something is tried again.
    fn pause(&self) -> Duration {
        self.failures.checked_sub(1).map(|failures| self.options.wait(failures)).unwrap_or_default()
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
            self.catch_up();
            // a list without a revision leaves a gap before the connection: it is read again behind it
            self.state = if self.frames.is_some() { State::Follow } else { State::Open };
            return Ok(());
        };
        let revision = self.source.revision(&page);
        // a list that began anew holds older states than its last pages say; what comes twice is told once
        if !std::mem::replace(&mut self.revised, true) && self.frames.is_none() {
            self.revision = revision;
        }
        for item in page.items() {
            self.listed(item);
        }
        Ok(())
    }

    async fn open(&mut self) -> Result<()> {
        sleep(self.pause()).await;
        self.frames = Some(self.source.open(self.revision.as_deref()).await?);
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
        self.revision = None;
        self.state = if self.source.replays() { State::Open } else { State::List };
    }

    async fn follow(&mut self) -> Result<()> {
        if let Some((_, said)) = self.queue.pop_front() {
            self.hear(said?);
            return Ok(());
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
                let what = format!("the server said nothing for {silence:?}, not even that it is alive");
                return Err(Error::new(ErrorKind::Timeout, what, "").with_retry(true, None));
            }
        }
        Ok(())
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Change(change) => self.change(change),
            Said::Alive(revision) => {
                self.heard = true;
                // the replay is through, and did not tell of these
                for (_, item) in std::mem::take(&mut self.awaited) {
                    self.listed(item);
                }
                self.catch_up();
                if let Some(revision) = revision {
                    self.revision = Some(revision.clone());
                    self.out.push_back(Event::Bookmark { revision });
                }
            }
            Said::TooOld => {
                self.failures = if self.heard { 1 } else { self.failures.saturating_add(1) };
                self.begin_anew();
            }
            // what came before it is told already, since the queue is in order
            Said::Ended(because) => {
                self.queue.clear();
                self.cut(because);
            }
            Said::Unreadable(because) => self.skip(because),
        }
    }

    fn skip(&mut self, because: &str) {
        let total = count(&self.counters.skipped);
        self.out.push_back(Event::Skipped { total, because: because.to_owned() });
    }

    fn change(&mut self, change: Change) {
        self.heard = true;
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
        if change.revision.is_some() {
            self.revision = change.revision;
        }
        if !self.caught_up && self.awaited.is_empty() {
            self.catch_up();
        }
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
        let news = self.known.there(&identity.uid, &identity.id, version);
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
