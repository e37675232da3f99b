//! Answers that go on: sockets of Norman and Steve, and watches and logs of Kubernetes.
//!
//! What a client is told is decided here, step by step; when, and over what, is the shell's.

mod kube;
mod norman;
mod steve;

pub(crate) use kube::watch as watch_kube;
pub(crate) use norman::subscribe as subscribe_norman;
pub(crate) use steve::subscribe as subscribe_steve;

use super::World;
use super::answer::{empty, set};
use super::auth::Caller;
use super::call::Call;
use super::kube::{Attached, Followed};
use super::state::Millis;
use crate::{Request, Response, Told};
use bytes::Bytes;
use http::header::SEC_WEBSOCKET_PROTOCOL;
use http::{HeaderName, StatusCode};

/// An answer that goes on, and what it told so far.
#[derive(Debug)]
pub struct Follower {
    what: What,
    request: Request,
    caller: Caller,
    /// When it began, and when it last said that it is alive.
    began: Millis,
    alive: Millis,
}

impl Follower {
    /// Whether it speaks over a WebSocket; otherwise its body goes on.
    pub fn is_socket(&self) -> bool {
        !matches!(self.what, What::Kube(_) | What::Log(_))
    }

    /// Whether its messages are bytes, not text.
    pub fn is_binary(&self) -> bool {
        matches!(self.what, What::Attached(_))
    }
}

#[derive(Debug)]
enum What {
    Norman(norman::Subscription),
    Steve(steve::Socket),
    Kube(kube::Watch),
    Log(Followed),
    Attached(Attached),
}

/// What is to be followed, while its request is answered.
#[derive(Debug)]
pub(crate) struct Following {
    what: What,
    by: Option<(Request, Caller, Millis)>,
}

impl Following {
    fn new(what: What) -> Self {
        Self { what, by: None }
    }

    /// A log that goes on.
    pub(super) fn log(log: Followed) -> Self {
        Self::new(What::Log(log))
    }

    /// A command in a container, or ports of a pod.
    pub(super) fn attached(attached: Attached) -> Self {
        Self::new(What::Attached(attached))
    }

    pub(super) fn asked_by(&mut self, request: &Request, caller: Caller, now: Millis) {
        self.by = Some((request.clone(), caller, now));
    }

    pub(super) fn follower(self) -> Option<Follower> {
        let (request, caller, now) = self.by?;
        Some(Follower { what: self.what, request, caller, began: now, alive: now })
    }
}

/// The moment as a follower sees it.
#[derive(Debug, Clone, Copy)]
struct Tick {
    now: Millis,
    began: Millis,
}

impl Tick {
    fn age(self) -> Millis {
        self.now - self.began
    }
}

/// What comes next.
pub(super) fn tell(world: &mut World, follower: &mut Follower, heard: &[Bytes]) -> Told {
    // who may see what is looked up anew: rights that are taken away take effect
    let call = Call::new(&follower.request, follower.caller.clone());
    let tick = Tick { now: world.state.now, began: follower.began };
    let alive = &mut follower.alive;
    match &mut follower.what {
        What::Norman(subscription) => subscription.tell(world, &call, tick, alive),
        What::Steve(socket) => socket.tell(world, &call, heard, tick, alive),
        What::Kube(watch) => watch.tell(world, tick, alive),
        What::Log(log) => log.tell(world),
        What::Attached(attached) => attached.tell(heard),
    }
}

/// The answer that grants a WebSocket with this protocol.
pub(super) fn granted_as(protocol: &str) -> Response {
    let mut response = granted();
    set(&mut response, SEC_WEBSOCKET_PROTOCOL, protocol);
    response
}

/// The answer that grants a WebSocket.
fn granted() -> Response {
    let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
    set(&mut response, HeaderName::from_static("upgrade"), "websocket");
    set(&mut response, HeaderName::from_static("connection"), "Upgrade");
    response
}
