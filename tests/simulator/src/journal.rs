//! What reached the server: every request and connection, without secrets.
//!
//! Tests ask it for what a client must not do: send a POST twice, reach another host, leave a connection
//! open after an abort. Requests below `/-/` are not in it.

mod redact;

use crate::fault::{Glob, GlobError};
use http::{StatusCode, header, request::Parts};
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How many requests are kept; older ones are forgotten, so that a long benchmark does not fill the memory.
const KEPT: usize = 200_000;

/// The record of a running server. Clones share it.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Counts changes, so that [`Journal::until`] need not poll.
    changes: watch::Sender<u64>,
    /// Keys the digests of bodies anew in each journal: a digest tells equal bodies, nothing else.
    digests: RandomState,
}

#[derive(Debug, Default)]
struct State {
    entries: VecDeque<Entry>,
    /// Ordered by number, as `entries` is.
    connections: VecDeque<Connection>,
    last_entry: u64,
    last_connection: u64,
    in_flight: usize,
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Its number, from 1 in the order of arrival.
    pub n: u64,
    /// Its method.
    pub method: String,
    /// Path and query as sent; what looks like a secret is masked.
    pub target: String,
    /// The path as the simulated server sees it: no query, no prefix, masked like `target`.
    #[serde(skip)]
    pub path: String,
    /// The status that was sent; `None` while none was.
    pub status: Option<u16>,
    /// The action of the fault that was applied.
    pub fault: Option<String>,
    /// Whether the client was gone before it had the whole answer.
    pub abandoned: bool,
    /// The number of its connection, from 1 in the order of acceptance.
    pub connection: u64,
    /// `HTTP/1.1` or `HTTP/2.0`.
    pub http: String,
    /// The host that it was meant for: `host`, or `:authority` with HTTP/2.
    pub host: Option<String>,
    /// Its `user-agent`, masked.
    pub user_agent: Option<String>,
    /// Whether it had an `authorization` header (never what was in it).
    pub has_authorization: bool,
    /// Its `accept` header.
    pub accept: Option<String>,
    /// The length of its body in bytes.
    pub body_bytes: usize,
    #[serde(skip)]
    digest: u64,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Its number, from 1.
    pub n: u64,
    /// Whether the TLS handshake was completed; `false` on a server without TLS.
    pub tls: bool,
    /// How many requests came over it.
    pub requests: u64,
    /// Whether it is open.
    pub open: bool,
    /// Why it ended, where that was an error or a fault.
    pub end: Option<String>,
}

impl Default for Journal {
    fn default() -> Self {
        Self(Arc::new(Shared {
            state: Mutex::default(),
            changes: watch::Sender::new(0),
            digests: RandomState::new(),
        }))
    }
}

impl Journal {
    /// The requests so far, in the order of arrival (the last 200,000).
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.iter().cloned().collect()
    }

    /// How many requests are in it.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether no request is in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many requests had this method (`*` for any) and a path that the glob matches.
    ///
    /// # Errors
    /// When the glob is none: a count of zero must not hide a mistyped path.
    pub fn count(&self, method: &str, path: &str) -> Result<usize, GlobError> {
        let glob: Glob = path.parse()?;
        let fits = |entry: &&Entry| (method == "*" || entry.method == method) && glob.matches(&entry.path);
        Ok(self.lock().entries.iter().filter(fits).count())
    }

    /// How many requests had each method and path.
    pub fn counts(&self) -> BTreeMap<(String, String), usize> {
        let mut counts = BTreeMap::new();
        for entry in &self.lock().entries {
            *counts.entry((entry.method.clone(), entry.path.clone())).or_default() += 1;
        }
        counts
    }

    /// Requests of this method that came more than once with the same target and body: the first of each.
    pub fn repeated(&self, method: &str) -> Vec<Entry> {
        let state = self.lock();
        let mut seen: BTreeMap<(&str, u64, usize), (&Entry, usize)> = BTreeMap::new();
        for entry in state.entries.iter().filter(|entry| entry.method == method) {
            seen.entry((&entry.target, entry.digest, entry.body_bytes)).or_insert((entry, 0)).1 += 1;
        }
        let mut repeated: Vec<Entry> =
            seen.into_values().filter(|(_, count)| *count > 1).map(|(entry, _)| entry.clone()).collect();
        repeated.sort_by_key(|entry| entry.n);
        repeated
    }

    /// The connections so far, closed ones included.
    pub fn connections(&self) -> Vec<Connection> {
        self.lock().connections.iter().cloned().collect()
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        self.lock().connections.iter().filter(|connection| connection.open).count()
    }

    /// How many requests wait for the end of their answer.
    pub fn in_flight(&self) -> usize {
        self.lock().in_flight
    }

    /// Forgets all requests and all closed connections. Numbers go on.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.entries.clear();
        state.connections.retain(|connection| connection.open);
        drop(state);
        self.changed();
    }

    /// Waits until the journal is as wanted, and says whether that came within the time.
    pub async fn until(&self, time: Duration, wanted: impl Fn(&Self) -> bool) -> bool {
        let mut changes = self.0.changes.subscribe();
        let met = async {
            loop {
                changes.mark_unchanged();
                if wanted(self) {
                    return true;
                }
                if changes.changed().await.is_err() {
                    return false;
                }
            }
        };
        tokio::time::timeout(time, met).await.unwrap_or_else(|_| wanted(self))
    }

    /// A connection was accepted; it counts as open until what this returns is dropped.
    pub(crate) fn connected(&self) -> Open {
        let mut state = self.lock();
        state.last_connection += 1;
        let n = state.last_connection;
        if state.connections.len() >= KEPT {
            let closed = state.connections.iter().position(|connection| !connection.open);
            closed.and_then(|place| state.connections.remove(place));
        }
        state.connections.push_back(Connection { n, tls: false, requests: 0, open: true, end: None });
        drop(state);
        self.changed();
        Open { journal: self.clone(), n }
    }

    /// A request came; it is in flight until what this returns is dropped. `path` is what the world sees.
    pub(crate) fn began(&self, connection: u64, parts: &Parts, target: &str, path: &str) -> Flight {
        let text = |name| parts.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        // HTTP/2 carries the host in the URI; a user name before it is none of the journal's business
        let authority =
            || parts.uri.authority().map(|name| name.as_str().rsplit('@').next().unwrap_or_default());
        let mut state = self.lock();
        state.last_entry += 1;
        state.in_flight += 1;
        let n = state.last_entry;
        state.update_connection(connection, |connection| connection.requests += 1);
        if state.entries.len() >= KEPT {
            state.entries.pop_front();
        }
        state.entries.push_back(Entry {
            n,
            method: parts.method.to_string(),
            target: redact::target(target),
            path: redact::target(path),
            status: None,
            fault: None,
            abandoned: false,
            connection,
            http: format!("{:?}", parts.version),
            host: text(header::HOST).map(Into::into).or_else(|| authority().map(str::to_owned)),
            user_agent: text(header::USER_AGENT).map(|agent| redact::words(&agent)),
            has_authorization: parts.headers.contains_key(header::AUTHORIZATION),
            accept: text(header::ACCEPT).map(|accept| redact::words(&accept)),
            body_bytes: 0,
            digest: 0,
        });
        drop(state);
        self.changed();
        Flight { journal: self.clone(), n, finished: false }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // each change is complete in itself, so a panic elsewhere leaves nothing half done
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.0.changes.send_modify(|count| *count = count.wrapping_add(1));
    }
}

impl State {
    fn update_connection(&mut self, n: u64, change: impl FnOnce(&mut Connection)) {
        if let Ok(place) = self.connections.binary_search_by_key(&n, |connection| connection.n)
            && let Some(connection) = self.connections.get_mut(place)
        {
            change(connection);
        }
    }

    fn update_entry(&mut self, n: u64, change: impl FnOnce(&mut Entry)) {
        if let Ok(place) = self.entries.binary_search_by_key(&n, |entry| entry.n)
            && let Some(entry) = self.entries.get_mut(place)
        {
            change(entry);
        }
    }
}

/// An open connection. Dropping it closes the record.
#[derive(Debug)]
pub(crate) struct Open {
    journal: Journal,
    n: u64,
}

impl Open {
    pub(crate) fn n(&self) -> u64 {
        self.n
    }

    /// The TLS handshake is done.
    pub(crate) fn secured(&self) {
        self.update(|connection| connection.tls = true);
    }

    /// Why it ends, when it is not the client's wish. The first reason stays.
    pub(crate) fn ends(&self, why: impl Into<String>) {
        let why = why.into();
        self.update(|connection| {
            connection.end.get_or_insert(why);
        });
    }

    fn update(&self, change: impl FnOnce(&mut Connection)) {
        self.journal.lock().update_connection(self.n, change);
        self.journal.changed();
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.update(|connection| connection.open = false);
    }
}

/// A request in flight. Dropping it before [`Flight::finish`] means that the client went away.
#[derive(Debug)]
pub(crate) struct Flight {
    journal: Journal,
    n: u64,
    finished: bool,
}

impl Flight {
    /// Its body is read.
    pub(crate) fn body(&self, body: &[u8]) {
        let digest = self.journal.0.digests.hash_one(body);
        self.update(|entry| (entry.body_bytes, entry.digest) = (body.len(), digest));
    }

    /// A fault applies.
    pub(crate) fn fault(&self, label: String) {
        self.update(|entry| entry.fault = Some(label));
    }

    /// The answer starts.
    pub(crate) fn status(&self, status: StatusCode) {
        self.update(|entry| entry.status = Some(status.as_u16()));
    }

    /// The server has sent all that it is going to send. Safe to call twice.
    pub(crate) fn finish(&mut self) {
        self.end(false);
    }

    fn end(&mut self, abandoned: bool) {
        if self.finished {
            return;
        }
        self.finished = true;
        let mut state = self.journal.lock();
        state.in_flight -= 1;
        state.update_entry(self.n, |entry| entry.abandoned = abandoned);
        drop(state);
        self.journal.changed();
    }

    fn update(&self, change: impl FnOnce(&mut Entry)) {
        self.journal.lock().update_entry(self.n, change);
        self.journal.changed();
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.end(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn began(journal: &Journal, method: &str, target: &str) -> Flight {
        let request = Request::builder()
            .method(method)
            .uri(target)
            .header("host", "rancher.example.com")
            .header("authorization", "Bearer token-abcde:verysecret")
            .header("user-agent", "tests/1.0")
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let path = parts.uri.path().to_owned();
        journal.began(1, &parts, target, &path)
    }

    #[test]
    fn requests_are_counted_by_method_and_path() {
        let journal = Journal::default();
        for _ in 0..2 {
            began(&journal, "GET", "/v3/clusters/c-prod1?x=1").finish();
        }
        began(&journal, "POST", "/v3/tokens").finish();
        assert_eq!(journal.count("GET", "/v3/clusters/*").unwrap(), 2);
        assert_eq!(journal.count("*", "/v3/**").unwrap(), 3);
        assert_eq!(journal.count("POST", "/v3/clusters/*").unwrap(), 0);
        assert!(journal.count("GET", "v3/clusters").is_err());
        assert_eq!(journal.counts()[&("POST".to_owned(), "/v3/tokens".to_owned())], 1);
        assert_eq!(journal.len(), 3);
        journal.clear();
        assert!(journal.is_empty());
        began(&journal, "GET", "/ping").finish();
        assert_eq!(journal.entries()[0].n, 4);
    }

    #[test]
    fn the_same_body_twice_is_a_repeat_and_another_body_is_none() {
        let journal = Journal::default();
        for body in ["a", "b", "a"] {
            let mut flight = began(&journal, "POST", "/v3/tokens");
            flight.body(body.as_bytes());
            flight.finish();
        }
        let repeated = journal.repeated("POST");
        assert_eq!(repeated.iter().map(|entry| entry.n).collect::<Vec<_>>(), [1]);
        assert!(journal.repeated("GET").is_empty());
    }

    #[test]
    fn a_flight_that_is_dropped_is_abandoned() {
        let journal = Journal::default();
        let first = began(&journal, "GET", "/a");
        let mut second = began(&journal, "GET", "/b");
        assert_eq!(journal.in_flight(), 2);
        drop(first);
        second.status(StatusCode::OK);
        second.finish();
        second.finish();
        drop(second);
        assert_eq!(journal.in_flight(), 0);
        let entries = journal.entries();
        assert_eq!(
            entries.iter().map(|entry| (entry.status, entry.abandoned)).collect::<Vec<_>>(),
            [(None, true), (Some(200), false)]
        );
    }

    #[test]
    fn connections_open_and_close() {
        let journal = Journal::default();
        let (first, second) = (journal.connected(), journal.connected());
        assert_eq!((first.n(), second.n(), journal.open_connections()), (1, 2, 2));
        first.secured();
        first.ends("reset");
        first.ends("later");
        drop(first);
        assert_eq!(journal.open_connections(), 1);
        let connections = journal.connections();
        assert!(connections[0].tls && !connections[0].open && connections[1].open);
        assert_eq!(connections[0].end.as_deref(), Some("reset"));
        journal.clear();
        assert_eq!(journal.connections().len(), 1);
        assert_eq!(journal.connected().n(), 3);
    }

    #[test]
    fn no_secret_is_in_it() {
        let journal = Journal::default();
        began(&journal, "GET", "/v3?token=verysecret").finish();
        let text = format!("{journal:?} {}", serde_json::to_string(&journal.entries()).unwrap());
        assert!(!text.contains("verysecret"), "{text}");
        assert!(journal.entries()[0].has_authorization);
    }

    #[tokio::test]
    async fn waiting_ends_with_the_change_or_with_the_time() {
        let journal = Journal::default();
        let wait = journal.until(Duration::from_secs(5), |journal| journal.len() == 1);
        let change = async { began(&journal, "GET", "/a").finish() };
        let (met, ()) = tokio::join!(wait, change);
        assert!(met);
        assert!(!journal.until(Duration::from_millis(10), |journal| journal.len() == 2).await);
    }
}
