//! The simulated server as a pure state machine: a request and a moment in, an answer out.
//!
//! ```
//! use rancher_simulator::{Request, Respond, World};
//! let mut world = World::record(7);
//! let request = Request {
//!     method: http::Method::GET,
//!     target: "/ping".into(),
//!     headers: http::HeaderMap::new(),
//!     body: bytes::Bytes::new(),
//! };
//! let answer = world.respond(&request, jiff::Timestamp::now());
//! assert_eq!(&answer.body[..], b"pong");
//! ```

mod answer;
mod api;
mod auth;
mod build;
mod call;
mod ext;
mod fleet;
mod follow;
mod kube;
mod kubeconfigs;
mod login;
mod norman;
mod past;
mod proxy;
mod public;
mod quantity;
mod quota;
mod random;
mod record;
mod registration;
mod rights;
mod route;
pub mod rules;
mod state;
mod steve;
mod stock;
mod store;
mod tokens;

pub use api::{KeyKind, NewKey, WorldError};
pub use fleet::FleetOptions;
pub use follow::Follower;
pub use norman::Quirk;
pub use state::Agent;

use crate::{Request, Respond, Response, Told};
use ::base64::Engine as _;
use ::base64::engine::general_purpose::STANDARD;
use auth::caller;
use bytes::Bytes;
use call::{Call, decode};
use follow::Following;
use http::Method;
use jiff::Timestamp;
use serde::Serialize;
use state::{RECORDED_AT, State};
use std::collections::BTreeMap;
use std::fmt;

/// A Rancher server: its users, tokens, clusters and everything in them.
///
/// A world is born at the moment of the record (2026-11-22T05:58:00Z) and moves to the server's clock with its
/// first request, or by [`World::start`]: what was a day old then is a day old now.
pub struct World {
    pub(crate) state: State,
    labels: Labels,
    started: bool,
    /// What goes on after the answer at hand.
    following: Option<Following>,
}

/// A second server that is as this one is now, and goes its own way from here on. What goes on after an answer stays with
/// the first.
impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            state: self.state.clone(),
            labels: self.labels.clone(),
            started: self.started,
            following: None,
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("users", &self.state.users.len())
            .field("tokens", &self.state.tokens.len())
            .field("clusters", &self.state.clusters.keys().collect::<Vec<_>>())
            .field("projects", &self.state.projects.len())
            .finish_non_exhaustive()
    }
}

/// A user who can log in.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Account {
    /// Rancher's id of the user: `u-8nh4v`.
    pub id: String,
    /// The name to log in with.
    pub username: String,
    /// The password to log in with.
    pub password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// What a world calls its own: the labels of the record, and what they stand for.
#[derive(Clone, Default, Serialize)]
pub struct Labels {
    /// Whole bearer tokens by the label of the credential: `admin-prod`, `expired`, `garbage`.
    pub tokens: BTreeMap<String, String>,
    /// Users by `admin`, `standard`, `base`, `member`, `pmember`, `ro`, `disabled`.
    pub users: BTreeMap<String, Account>,
    /// Cluster ids by `local`, `prod`, `stage`, `edge`.
    pub clusters: BTreeMap<String, String>,
    /// Project ids by cluster and name: `prod-shop`.
    pub projects: BTreeMap<String, String>,
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels")
            .field("tokens", &self.tokens.keys().collect::<Vec<_>>())
            .field("users", &self.users)
            .field("clusters", &self.clusters)
            .field("projects", &self.projects)
            .finish()
    }
}

impl World {
    fn empty(seed: u64) -> Self {
        Self { state: State::new(seed), labels: Labels::default(), started: false, following: None }
    }

    /// What `rancher-sim` prints about this world in its first line.
    pub fn labels(&self) -> &Labels {
        &self.labels
    }

    /// The next names that this server makes up are these: a recording is sorted by the names that its server made up.
    pub fn expect_names(&mut self, names: &[&str]) {
        self.state.random.expect(names);
    }

    /// What a text says of the agent of a cluster that is there.
    fn agent(&self, cluster: &str, agent: &str, now: Timestamp) -> Result<Agent, String> {
        if !self.state.clusters.contains_key(cluster) {
            return Err(WorldError::Cluster(cluster.to_owned()).to_string());
        }
        match agent {
            "connected" => Ok(Agent::Connected),
            // long enough for Rancher to have noticed
            "gone" => Ok(Agent::Gone { since: now - jiff::SignedDuration::from_mins(1) }),
            "never" => Ok(Agent::Never),
            other => Err(format!("{other:?} is no agent; use connected, gone or never")),
        }
    }

    /// Moves the world to the server's clock. The first request does it by itself.
    pub fn start(&mut self, now: Timestamp) {
        if !self.started {
            self.started = true;
            self.state.shift(now.as_millisecond() - RECORDED_AT);
            self.forget_past();
        }
        self.state.now = now.as_millisecond();
    }
}

impl World {
    /// Turns what was written into changes that watches tell of.
    fn settle(&mut self) {
        let State { clusters, version, .. } = &mut self.state;
        clusters.values_mut().for_each(|cluster| cluster.objects.settle(version));
    }

    /// Forgets all changes so far: every revision is too old to go on from, as after a compaction.
    pub fn forget_past(&mut self) {
        self.settle();
        let State { clusters, version, .. } = &mut self.state;
        clusters.values_mut().for_each(|cluster| cluster.objects.forget_past(*version));
    }
}

impl Respond for World {
    fn set_agents(&mut self, agents: &BTreeMap<String, String>, now: Timestamp) -> Result<(), String> {
        let agents: Vec<(&String, Agent)> = agents
            .iter()
            .map(|(cluster, agent)| Ok((cluster, self.agent(cluster, agent, now)?)))
            .collect::<Result<_, String>>()?;
        for (cluster, agent) in agents {
            self.set_agent(cluster, agent).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    fn forget_past(&mut self) -> Result<(), String> {
        World::forget_past(self);
        Ok(())
    }

    fn write_log(&mut self, place: [&str; 4], bytes: &[u8]) -> Result<(), String> {
        let [cluster, namespace, pod, container] = place;
        if !self.has_pod(cluster, namespace, pod) {
            return Err(format!("{cluster} has no pod {pod} in {namespace}"));
        }
        World::write_log(self, cluster, namespace, pod, container, bytes);
        Ok(())
    }

    fn noted(&mut self) -> Option<String> {
        let noted = std::mem::take(&mut self.state.noted);
        (!noted.is_empty()).then(|| noted.join(" "))
    }

    fn follower(&mut self) -> Option<Follower> {
        self.following.take()?.follower()
    }

    fn tell(&mut self, follower: &mut Follower, heard: &[Bytes], now: Timestamp) -> Told {
        self.state.now = now.as_millisecond();
        self.tick();
        self.tick_catalog();
        self.settle();
        follow::tell(self, follower, heard)
    }

    fn respond(&mut self, request: &Request, now: Timestamp) -> Response {
        self.start(now);
        self.state.noted.clear();
        self.following = None;
        self.tick();
        self.tick_catalog();
        self.settle();
        let (path, _) = request.target.split_once('?').unwrap_or((&request.target, ""));
        // Authentication comes before everything, redirects and unknown pages included.
        // rule: auth.header
        let caller = caller(&self.state, &request.headers, &decode(path), self.state.now);
        let accepted = if caller.accepted() { "true" } else { "false" };
        let call = Call::new(request, caller.clone());
        let mut response = route::route(self, &call);
        self.settle();
        if let Some(following) = &mut self.following {
            following.asked_by(request, caller, self.state.now);
        }
        answer::set(&mut response, answer::AUTH, accepted);
        if request.method == Method::HEAD {
            response.body.clear();
        }
        response
    }
}

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

/// The text that was encoded so.
fn base64_text(encoded: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}
