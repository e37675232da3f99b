//! The layer that does not wait half a minute for a cluster whose agent is gone.
//!
//! Recorded (`agent-gone.jsonl`): such a cluster takes 25 to 35 s per proxied call before it answers 500, while
//! `GET /v3/clusters/{id}` answers at once. So a proxied call that has no answer after 3 s asks that beside it, and is
//! given up if Rancher itself says that the agent is not connected. For a while, further calls to that cluster are
//! refused before they are sent; any answer through it ends that.
//!
//! What would do its work twice if it arrived twice gets as long again before it is given up: it could be doing its work
//! while Rancher is behind. It is not sent again, and the error says that it may have arrived.

use futures_util::FutureExt as _;
use futures_util::future::{Either, Shared, WeakShared, select};
use http::{Method, StatusCode};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Auth, BoxFuture, Expect, Patience, Request, Response, Transport};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::scope::{Confidence, Route};
use crate::wire::{AgentState, Clock, ClusterId, Moment};

/// How long it is remembered that an agent is gone.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How long any other answer is used without asking again: calls that became slow together ask once.
const FRESH: Duration = Duration::from_secs(3);

/// How long the question beside the call may take.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// The largest cluster object that is read.
const LONGEST_CLUSTER: usize = 4 * 1024 * 1024;

/// What Rancher says of an agent, and whether it accepted the token when it said so; nothing where it did not say.
type Word = Option<(AgentState, Option<bool>)>;

/// The question under way, for all who wait for its answer. It ends with the last of them.
type Asking = Shared<BoxFuture<'static, Word>>;

/// Watches over proxied calls; see the module's text.
#[derive(Debug)]
pub(crate) struct AgentWatch {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    after: Duration,
    known: Mutex<HashMap<ClusterId, Known>>,
}

/// What is known of one cluster's agent.
#[derive(Debug, Default)]
struct Known {
    word: Option<(Moment, Word)>,
    asking: Option<WeakShared<BoxFuture<'static, Word>>>,
}

impl AgentWatch {
    pub(crate) fn new(inner: Arc<dyn Transport>, clock: Arc<dyn Clock>, after: Duration) -> Self {
        Self { inner, clock, after, known: Mutex::default() }
    }

    async fn through(&self, cluster: ClusterId, request: Request) -> Result<Response> {
        if !request.probe
            && let Some(word) = self.remembered(&cluster).filter(|word| is_gone(*word))
        {
            return Err(refused_unsent(&cluster, &request, word));
        }
        // the question needs a credential
        let watched = !request.probe && request.auth == Auth::Send;
        let answer = match watched {
            true => self.watched(&cluster, request).await,
            false => self.inner.send(request).await,
        };
        // a 5xx may be the tunnel's own
        if answer.as_ref().is_ok_and(|answer| answer.status < StatusCode::INTERNAL_SERVER_ERROR) {
            self.known().remove(&cluster);
        }
        answer
    }

    async fn watched(&self, cluster: &ClusterId, request: Request) -> Result<Response> {
        // kept for the error
        let shown = Request::new(request.operation.clone(), request.method.clone(), request.route.clone());
        let twice = request.idempotent;
        let call = match select(self.inner.send(request), Box::pin(tokio::time::sleep(self.after))).await {
            Either::Left((answer, _)) => return answer,
            Either::Right(((), call)) => call,
        };
        let call = match select(call, Box::pin(self.word(cluster))).await {
            Either::Left((answer, _)) => return answer,
            Either::Right((word, call)) if is_gone(word) => {
                let more = if twice { Duration::ZERO } else { self.after };
                return match select(call, Box::pin(tokio::time::sleep(more))).await {
                    Either::Left((answer, _)) => answer,
                    Either::Right(_) => Err(given_up(cluster, &shown, word)),
                };
            }
            Either::Right((_, call)) => call,
        };
        // Rancher does not say that it is gone, so it may just be slow
        call.await
    }

    /// What Rancher says of the agent. All who want to know at about the same time share one question.
    async fn word(&self, cluster: &ClusterId) -> Word {
        if let Some(word) = self.remembered(cluster) {
            return word;
        }
        let word = self.asking(cluster).await;
        let now = self.clock.now();
        // forgotten meanwhile: an answer came through the cluster, and outranks what Rancher says
        if let Some(known) = self.known().get_mut(cluster) {
            known.asking = None;
            known.word = Some((now, word));
        }
        word
    }

    fn asking(&self, cluster: &ClusterId) -> Asking {
        let mut known = self.known();
        let known = known.entry(cluster.clone()).or_default();
        if let Some(asking) = known.asking.as_ref().and_then(WeakShared::upgrade) {
            return asking;
        }
        let (inner, cluster) = (Arc::clone(&self.inner), cluster.clone());
        let question: BoxFuture<'static, Word> = Box::pin(async move {
            let asked = tokio::time::timeout(QUESTION_PATIENCE, ask(inner.as_ref(), &cluster));
            asked.await.ok().flatten()
        });
        let asking = question.shared();
        known.asking = asking.downgrade();
        asking
    }

    /// The last word, if it is not too old.
    fn remembered(&self, cluster: &ClusterId) -> Option<Word> {
        let (since, word) = self.known().get(cluster)?.word?;
        let lasts = if is_gone(word) { REMEMBERED } else { FRESH };
        (self.clock.now().since(since) < lasts).then_some(word)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ClusterId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn ask(inner: &dyn Transport, cluster: &ClusterId) -> Word {
    let route = Route::from_segments(["v3", "clusters", cluster.as_str()]).ok()?;
    let mut question = Request::new("agent check", Method::GET, route);
    question.probe = true;
    question.expect = Expect::Anything;
    question.patience = Patience::AtMost(QUESTION_PATIENCE);
    let response = inner.send(question).await.ok()?;
    if !response.status.is_success() {
        return None;
    }
    let accepted = response.accepted().said();
    let body = response.body.read(LONGEST_CLUSTER).await.ok()?;
    Some((AgentState::of_cluster(&serde_json::from_slice(&body).ok()?), accepted))
}

fn is_gone(word: Word) -> bool {
    matches!(word, Some((AgentState::Disconnected | AgentState::NeverConnected, _)))
}

/// What Rancher's own answer said of the token.
fn token(word: Word) -> &'static str {
    match word {
        Some((_, Some(true))) => "; it accepted the token that asked",
        Some((_, Some(false))) => "; it did not accept the token that asked",
        _ => "",
    }
}

impl Transport for AgentWatch {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        match through_the_agent(&request.route) {
            Some(cluster) => Box::pin(self.through(cluster, request)),
            None => self.inner.send(request),
        }
    }
}

/// The cluster whose agent a call goes through. `local` has none; `/v3/clusters/{id}` itself is Rancher's own.
fn through_the_agent(route: &Route) -> Option<ClusterId> {
    let cluster = route.scope().cluster().filter(|cluster| !cluster.is_local())?;
    let segments = route.segments();
    let below = segments.len() > 3;
    let first = segments.first().map(String::as_str);
    // of what lies below `/v3/cluster/{id}`, only what the cluster itself holds goes through the agent (recorded:
    // namespaces; projects are Rancher's own)
    let downstream = segments.get(3).map(String::as_str) == Some("namespaces");
    (below && (first == Some("k8s") || downstream)).then(|| cluster.clone())
}

/// A call that was under way. One that reads has done nothing, wherever it got to.
fn given_up(cluster: &ClusterId, request: &Request, word: Word) -> Error {
    let token = token(word);
    let error = gone(cluster, request, word, &format!("Rancher says so{token}; the cluster did not answer)"));
    if request.method.is_safe() { error } else { error.with_perhaps_arrived(&request.method) }
}

fn refused_unsent(cluster: &ClusterId, request: &Request, word: Word) -> Error {
    let token = token(word);
    gone(cluster, request, word, &format!("Rancher said so a moment ago{token}); nothing was sent"))
        .with_nothing_sent()
}

fn gone(cluster: &ClusterId, request: &Request, word: Word, because: &str) -> Error {
    let (cause, advice) = match word {
        Some((AgentState::NeverConnected, _)) => (
            Cause::NeverConnected,
            "Rancher says that the cluster has never connected; run its registration command in it",
        ),
        _ => (Cause::AgentGone, "look at cattle-cluster-agent in the cluster, and at its way to Rancher"),
    };
    Error::new(
        ErrorKind::ClusterUnavailable,
        format!("the agent of cluster {cluster} is not connected to Rancher ({because}"),
        advice,
    )
    .with_causes([cause])
    // the record holds a cluster that Rancher called disconnected while its proxy answered
    .with_confidence(Some(Confidence::Likely))
    .with_operation(request.operation.clone())
    .with_request(&request.method, &request.route)
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, request, response};
    use super::*;
    use crate::wire::SystemClock;

    const GONE: &str = r#"{"conditions":[{"type":"Ready","status":"False","reason":"Disconnected"}]}"#;
    const THERE: &str = r#"{"conditions":[{"type":"Connected","status":"True"}]}"#;

    /// A cluster that answers its proxied calls after `seconds`, and Rancher's own word for its state.
    fn cluster(seconds: u64, status: u16, object: &'static str) -> Mock {
        Mock::new(move |request: Request| async move {
            if request.route.path() == "/v3/clusters/c-a" {
                return Ok(response(status, object));
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            Ok(response(200, "late"))
        })
    }

    fn watch(mock: &Mock) -> AgentWatch {
        AgentWatch::new(Arc::new(mock.clone()), Arc::new(SystemClock::new()), Duration::from_secs(3))
    }

    async fn timed(watch: &AgentWatch, path: &str) -> (Result<Response>, u64) {
        let start = tokio::time::Instant::now();
        let answer = watch.send(request(Method::GET, path)).await;
        (answer, start.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_dead_agent_costs_three_seconds_and_then_nothing() {
        let mock = cluster(30, 200, GONE);
        let watch = watch(&mock);
        let (answer, seconds) = timed(&watch, "/k8s/clusters/c-a/version").await;
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), seconds), (ErrorKind::ClusterUnavailable, 3));
        assert_eq!(error.confidence(), Some(Confidence::Likely));
        assert!(!error.nothing_sent() && !error.to_string().contains("nothing was sent"), "{error}");
        assert_eq!(mock.count(), 2);
        let (answer, seconds) = timed(&watch, "/k8s/clusters/c-a/api/v1/pods").await;
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), seconds, mock.count()), (ErrorKind::ClusterUnavailable, 0, 2));
        assert_eq!(error.confidence(), Some(Confidence::Likely));
        assert!(error.nothing_sent() && error.to_string().contains("nothing was sent"), "{error}");
        // another cluster is another matter
        assert!(timed(&watch, "/k8s/clusters/c-b/version").await.0.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_cluster_is_waited_for() {
        for (status, object) in [(200, THERE), (403, "{}"), (200, "not json")] {
            let mock = cluster(20, status, object);
            let (answer, seconds) = timed(&watch(&mock), "/k8s/clusters/c-a/version").await;
            assert_eq!((answer.unwrap().status.as_u16(), seconds), (200, 20));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_prompt_answer_outranks_what_rancher_thinks() {
        let mock = cluster(1, 200, GONE);
        assert!(timed(&watch(&mock), "/k8s/clusters/c-a/version").await.0.is_ok());
        assert_eq!(mock.count(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_does_not_go_through_the_agent_is_left_alone() {
        for path in
            ["/k8s/clusters/local/version", "/v3/clusters/c-a/projects", "/v3/projects", "/v3/clusters/c-b"]
        {
            let mock = cluster(20, 200, GONE);
            timed(&watch(&mock), path).await.0.unwrap();
            assert_eq!(mock.count(), 1, "{path}");
        }
        let mock = cluster(20, 200, GONE);
        assert!(timed(&watch(&mock), "/v3/cluster/c-a/namespaces").await.0.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_is_given_up_later_and_may_have_arrived() {
        let path = "/k8s/clusters/c-a/api/v1/namespaces";
        for (method, seconds) in [(Method::POST, 6), (Method::PATCH, 6), (Method::DELETE, 3)] {
            let mock = cluster(30, 200, GONE);
            let watch = watch(&mock);
            let start = tokio::time::Instant::now();
            let error = watch.send(request(method.clone(), path)).await.unwrap_err();
            assert_eq!((error.kind(), start.elapsed().as_secs()), (ErrorKind::ClusterUnavailable, seconds));
            assert!(error.summary().contains("whether the request arrived is not known"), "{error}");
            assert!(error.advice().contains("look whether it did its work"), "{error}");
            assert!(!error.nothing_sent() && !error.is_retryable());
            assert_eq!(mock.count(), 2, "sent once, and one question");
            // what is remembered refuses the next before it is sent
            let error = watch.send(request(method, path)).await.unwrap_err();
            assert!(error.nothing_sent() && !error.to_string().contains("arrived"), "{error}");
            assert_eq!(mock.count(), 2);
        }
        // one that is slow and does its work, whatever Rancher thinks
        let mock = cluster(5, 200, GONE);
        let answer = watch(&mock).send(request(Method::POST, path)).await.unwrap();
        assert_eq!((answer.status.as_u16(), mock.count()), (200, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_cluster_that_never_connected_is_called_so() {
        const NEVER: &str = r#"{"conditions":[{"type":"Connected","status":"False"},{"type":"Provisioned","status":"Unknown"}]}"#;
        let mock = cluster(30, 200, NEVER);
        let watch = watch(&mock);
        for _ in 0..2 {
            let error = timed(&watch, "/k8s/clusters/c-a/version").await.0.unwrap_err();
            assert_eq!(error.causes(), [Cause::NeverConnected], "{error}");
            assert!(error.advice().contains("registration command"), "{error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_through_the_cluster_ends_the_refusals() {
        // POST is answered after 5 s, GET after 30 s
        for (status, cleared) in [(201, true), (404, true), (500, false)] {
            let mock = Mock::new(move |request: Request| async move {
                if request.route.path() == "/v3/clusters/c-a" {
                    return Ok(response(200, GONE));
                }
                let post = request.method == Method::POST;
                tokio::time::sleep(Duration::from_secs(if post { 5 } else { 30 })).await;
                Ok(response(if post { status } else { 200 }, ""))
            });
            let watch = watch(&mock);
            let path = "/k8s/clusters/c-a/api/v1/namespaces";
            let (post, get) =
                tokio::join!(watch.send(request(Method::POST, path)), watch.send(request(Method::GET, path)));
            assert_eq!((post.unwrap().status.as_u16(), get.is_err()), (status, true));
            let error = watch.send(request(Method::GET, path)).await.unwrap_err();
            assert_eq!(error.nothing_sent(), !cleared, "{status}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_is_always_sent_and_its_answer_counts() {
        let mock = Mock::new(|request: Request| async move {
            if request.route.path() == "/v3/clusters/c-a" {
                return Ok(response(200, GONE));
            }
            tokio::time::sleep(Duration::from_secs(if request.probe { 0 } else { 30 })).await;
            Ok(response(200, ""))
        });
        let watch = watch(&mock);
        let path = "/k8s/clusters/c-a/version";
        assert!(timed(&watch, path).await.0.is_err());
        let probe = Request { probe: true, ..request(Method::GET, path) };
        assert!(watch.send(probe).await.is_ok());
        assert!(!timed(&watch, path).await.0.unwrap_err().nothing_sent());
    }

    #[tokio::test(start_paused = true)]
    async fn many_slow_calls_ask_once() {
        for (delay, object, gone) in [(0, GONE, true), (1, GONE, true), (0, THERE, false), (1, THERE, false)]
        {
            let mock = Mock::new(move |request: Request| async move {
                let own = request.route.path() == "/v3/clusters/c-a";
                tokio::time::sleep(Duration::from_secs(if own { delay } else { 20 })).await;
                Ok(response(200, if own { object } else { "late" }))
            });
            let watch = watch(&mock);
            let calls = (0..64).map(|_| watch.send(request(Method::GET, "/k8s/clusters/c-a/version")));
            let answers = futures_util::future::join_all(calls).await;
            assert!(answers.iter().all(|answer| answer.is_err() == gone));
            assert_eq!(mock.count(), 65, "one question beside 64 calls");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_asks_may_go_away_and_the_others_still_learn() {
        let mock = Mock::new(|request: Request| async move {
            let own = request.route.path() == "/v3/clusters/c-a";
            tokio::time::sleep(Duration::from_secs(if own { 2 } else { 30 })).await;
            Ok(response(200, if own { GONE } else { "late" }))
        });
        let watch = watch(&mock);
        let path = "/k8s/clusters/c-a/version";
        let impatient = tokio::time::timeout(Duration::from_secs(4), watch.send(request(Method::GET, path)));
        let (first, (second, seconds)) = tokio::join!(impatient, timed(&watch, path));
        assert!(first.is_err() && second.is_err());
        assert_eq!((seconds, mock.count()), (5, 3));
    }
}
