//! What goes in and out of a simulated server, without a socket.

use crate::world::Follower;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::time::Duration;

/// A request as the server sees it, its body already read.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method of the request line.
    pub method: Method,
    /// Path and query exactly as sent, still percent-encoded: `/v3/projects?clusterId=c-prod1`.
    pub target: String,
    /// The headers as sent.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// An answer, and how long the server takes before it sends the first byte of it.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status of the answer.
    pub status: StatusCode,
    /// Its headers; the shell adds `date` and `content-length`.
    pub headers: HeaderMap,
    /// Its body, not yet compressed.
    pub body: Bytes,
    /// The wait before the headers, unscaled: a cluster whose agent is gone takes half a minute.
    pub delay: Duration,
}

/// What an answer that goes on says next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Messages of a WebSocket, or what the body goes on with, as it is: the lines of a watch, more of a log.
    pub messages: Vec<Bytes>,
    /// Whether that was all.
    pub ends: bool,
}

impl Told {
    /// Messages of a WebSocket.
    pub(crate) fn said(messages: Vec<String>, ends: bool) -> Self {
        Self { messages: messages.into_iter().map(Bytes::from).collect(), ends }
    }

    /// Lines of a body.
    pub(crate) fn lines(lines: Vec<String>, ends: bool) -> Self {
        Self::said(lines.into_iter().map(|line| line + "\n").collect(), ends)
    }
}

/// Anything that can answer: the simulated server, or a closure in a test of the shell.
pub trait Respond: Send + 'static {
    /// Answers one request. `now` is the server's clock.
    fn respond(&mut self, request: &Request, now: Timestamp) -> Response;

    /// What goes on after the last answer: a WebSocket, a watch, or a log that is followed.
    fn follower(&mut self) -> Option<Follower> {
        None
    }

    /// What goes on says now, and whether it ends. `heard` is what the client said meanwhile on a WebSocket.
    fn tell(&mut self, _: &mut Follower, _heard: &[Bytes], _now: Timestamp) -> Told {
        Told { messages: Vec::new(), ends: true }
    }

    /// What was wrong on purpose with the last answer, for the journal.
    fn noted(&mut self) -> Option<String> {
        None
    }

    /// Changes what the agents of clusters are, by the clusters' ids: `connected`, `gone` (a minute ago) or `never`.
    ///
    /// # Errors
    /// What cannot be changed, and why. Nothing is changed then.
    fn set_agents(&mut self, _agents: &BTreeMap<String, String>, _now: Timestamp) -> Result<(), String> {
        Err("this server has no clusters".to_owned())
    }

    /// Makes every revision so far too old to go on from.
    ///
    /// # Errors
    /// There are none.
    fn forget_past(&mut self) -> Result<(), String> {
        Err("this server has no revisions".to_owned())
    }

    /// Has a container write: cluster, namespace, pod and container.
    ///
    /// # Errors
    /// There is none such.
    fn write_log(&mut self, _place: [&str; 4], _bytes: &[u8]) -> Result<(), String> {
        Err("this server has no containers".to_owned())
    }
}

impl<F: FnMut(&Request, Timestamp) -> Response + Send + 'static> Respond for F {
    fn respond(&mut self, request: &Request, now: Timestamp) -> Response {
        self(request, now)
    }
}
