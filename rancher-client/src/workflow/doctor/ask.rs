//! The questions of a diagnosis, and what came back.

use http::Method;
use serde_json::Value;
use std::time::Duration;

use super::{CLUSTER_PATIENCE, DoctorOptions, PATIENCE};
use crate::error::{Error, ErrorKind, Observation, Result};
use crate::proxy::{CanI, WhoAmI};
use crate::scope::{KeyScope, Route, RouteScope, TokenKind};
use crate::transport::{Connection, Expect, Patience, Request};
use crate::wire::{ClusterId, is_dns_label};

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ask {
    /// `/rancherversion`: is anybody there, which version, is the credential valid globally?
    Global,
    /// `/v3/`: does Norman answer?
    V3,
    /// `/v1`: does Steve answer? The path is public; the header tells.
    Steve,
    /// `/apis/ext.cattle.io/v1`: does the extension API answer?
    Ext,
    /// `/v3/clusters/{id}`: is the credential valid for that cluster, and what does Rancher think of it?
    Cluster(ClusterId),
    /// `/k8s/clusters/{id}/version`: does the cluster itself answer?
    Version(ClusterId),
    /// The namespace that was asked for.
    Namespace(ClusterId),
    /// Who the cluster takes the credential for.
    WhoAmI(ClusterId),
    /// A right, by its place in the options.
    CanI(ClusterId, usize),
    /// The credential's own record, which holds its expiry.
    OwnRecord,
}

/// A question as it is sent.
pub(super) struct Question {
    pub(super) ask: Ask,
    pub(super) request: Request,
    pub(super) patience: Duration,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) ask: Ask,
    pub(super) observation: Observation,
    /// The answer's JSON (`null` if it was none), or what went wrong.
    pub(super) answer: Result<Value>,
    /// The server's `Date`.
    pub(super) date: Option<String>,
}

/// The largest answer that is read.
const LONGEST_ANSWER: usize = 8 * 1024 * 1024;

/// Everything that can be asked at once.
pub(super) fn first_round(options: &DoctorOptions, cluster: Option<&ClusterId>) -> Result<Vec<Question>> {
    let mut asks = vec![Ask::Global, Ask::V3, Ask::Steve, Ask::Ext];
    if let Some(id) = cluster {
        asks.extend([Ask::Cluster(id.clone()), Ask::Version(id.clone()), Ask::WhoAmI(id.clone())]);
        if options.namespace.is_some() {
            asks.push(Ask::Namespace(id.clone()));
        }
        asks.extend((0..options.can_i.len()).map(|index| Ask::CanI(id.clone(), index)));
    }
    let said = match &options.key_is_for {
        Some(KeyScope::Cluster(id)) => Some(id.clone()),
        _ => None,
    };
    for id in [ClusterId::local()].into_iter().chain(options.also.iter().cloned()).chain(said) {
        if !asks.contains(&Ask::Cluster(id.clone())) {
            asks.push(Ask::Cluster(id));
        }
    }
    asks.into_iter().map(|ask| question(ask, options, None)).collect()
}

/// Builds one question.
pub(super) fn question(ask: Ask, options: &DoctorOptions, record: Option<Route>) -> Result<Question> {
    let namespace = options.namespace.as_deref().unwrap_or_default();
    let proxied = |id: &ClusterId, rest: &[&str]| {
        Route::from_segments(["k8s", "clusters", id.as_str()].into_iter().chain(rest.iter().copied()))
    };
    let (method, route, body) = match &ask {
        Ask::Global => (Method::GET, Route::from_segments(["rancherversion"])?, None),
        // the slash avoids a redirect (recorded)
        Ask::V3 => (Method::GET, Route::parse("/v3/")?, None),
        Ask::Steve => (Method::GET, Route::from_segments(["v1"])?, None),
        Ask::Ext => (Method::GET, Route::from_segments(["apis", "ext.cattle.io", "v1"])?, None),
        Ask::Cluster(id) => (Method::GET, Route::from_segments(["v3", "clusters", id.as_str()])?, None),
        Ask::Version(id) => (Method::GET, proxied(id, &["version"])?, None),
        Ask::Namespace(id) => {
            (Method::GET, proxied(id, &["api", "v1", "namespaces", checked(namespace)?])?, None)
        }
        Ask::WhoAmI(id) => (Method::POST, proxied(id, &WhoAmI::PATH)?, Some(WhoAmI::question())),
        Ask::CanI(id, index) => {
            let right = options.can_i.get(*index).cloned().unwrap_or_default();
            let right = if right.namespace.is_empty() { right.within(namespace) } else { right };
            (Method::POST, proxied(id, &CanI::PATH)?, Some(right.question()))
        }
        Ask::OwnRecord => {
            let route = record
                .ok_or_else(|| Error::new(ErrorKind::Invalid, "the credential has no name to look up", ""))?;
            (Method::GET, route, None)
        }
    };
    let through_cluster = matches!(ask, Ask::Version(_) | Ask::Namespace(_) | Ask::WhoAmI(_) | Ask::CanI(..));
    let usual = if through_cluster { CLUSTER_PATIENCE } else { PATIENCE };
    let patience = options.timeout.unwrap_or(usual);
    let mut request = Request::new("doctor", method, route);
    if let Some(body) = body {
        request = request.with_json(&body)?;
    }
    request.probe = true;
    request.expect = Expect::Json;
    request.patience = Patience::AtMost(patience);
    Ok(Question { ask, request, patience })
}

/// A namespace is a DNS label; anything else is refused before it becomes a path.
fn checked(namespace: &str) -> Result<&str> {
    if !is_dns_label(namespace) {
        let shown: String = namespace.chars().take(80).collect();
        return Err(Error::new(
            ErrorKind::Invalid,
            format!("{shown:?} is not the name of a namespace"),
            "a namespace is at most 63 lower-case letters, digits and inner hyphens",
        ));
    }
    Ok(namespace)
}

/// The question for the credential's own record: only a credential that is accepted globally can read it.
pub(super) fn own_record(connection: &Connection, options: &DoctorOptions) -> Option<Result<Question>> {
    let credential = connection.credential();
    let name = credential.name()?;
    if !connection.ledger().was_accepted(&RouteScope::Global) {
        return None;
    }
    let route = match credential.kind() {
        TokenKind::Ext => Route::from_segments(["apis", "ext.cattle.io", "v1", "tokens", name.object_name()]),
        _ => Route::from_segments(["v3", "tokens", name.object_name()]),
    };
    Some(route.map_err(Error::from).and_then(|route| question(Ask::OwnRecord, options, Some(route))))
}

/// Sends a question and waits for the answer, at most as long as its patience.
pub(super) async fn ask(connection: &Connection, question: Question) -> Outcome {
    let Question { ask, request, patience } = question;
    let (method, path) = (request.method.clone(), request.route.shown());
    let mut observation =
        Observation { method: method.to_string(), path, status: None, accepted: None, ms: 0 };
    let clock = connection.clock();
    let start = clock.now();
    let answered = tokio::time::timeout(patience, answer(connection, request)).await;
    observation.ms = u64::try_from(clock.now().since(start).as_millis()).unwrap_or(u64::MAX);
    let mut date = None;
    let answer = match answered {
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            format!("no answer within {} s", patience.as_secs_f32()),
            "ask again with a longer timeout",
        )),
        Ok(Err(error)) => {
            observation.status = error.status();
            observation.accepted = error.http().and_then(|http| http.accepted);
            Err(error)
        }
        Ok(Ok(Answered { status, accepted, date: sent, value })) => {
            observation.status = Some(status);
            observation.accepted = accepted;
            date = sent;
            value
        }
    };
    Outcome { ask, observation, answer, date }
}

/// An answer whose headers came. They tell of the credential even where the body breaks off.
struct Answered {
    status: u16,
    accepted: Option<bool>,
    date: Option<String>,
    value: Result<Value>,
}

async fn answer(connection: &Connection, request: Request) -> Result<Answered> {
    let response = connection.send(request).await?;
    let status = response.status.as_u16();
    let accepted = response.accepted().said();
    let date = response.header("date").map(str::to_owned);
    let body = response.body.read(LONGEST_ANSWER).await;
    // only the form matters where it is no JSON; what needs JSON says so itself
    let value = body.map(|body| serde_json::from_slice(&body).unwrap_or_default());
    Ok(Answered { status, accepted, date, value })
}
