//! The layer that does not wait half a minute for a cluster whose agent is gone.
//!
//! Recorded (`agent-gone.jsonl`): such a cluster takes 25 to 35 s per proxied call before it answers 500, while
//! `GET /v3/clusters/{id}` answers at once. So a proxied call that has no answer after 3 s asks that beside it, and is
//! given up if Rancher itself says that the agent is not connected.

use futures_util::future::{Either, select};
use http::Method;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{BoxFuture, Expect, Patience, Request, Response, Transport};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::scope::{Confidence, Route};
use crate::wire::{AgentState, Clock, ClusterId, Moment};

/// How long a finding is used without asking again.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How long the question beside the call may take.
const QUESTION_PATIENCE: Duration = Duration::from_secs(5);

/// The largest cluster object that is read.
const LONGEST_CLUSTER: usize = 4 * 1024 * 1024;

/// Watches over proxied calls; see the module's text.
#[derive(Debug)]
pub(crate) struct AgentWatch {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    after: Duration,
    gone: Mutex<HashMap<ClusterId, Moment>>,
}

impl AgentWatch {
    pub(crate) fn new(inner: Arc<dyn Transport>, clock: Arc<dyn Clock>, after: Duration) -> Self {
        Self { inner, clock, after, gone: Mutex::default() }
    }

    async fn watched(&self, cluster: ClusterId, request: Request) -> Result<Response> {
        if self.known_gone(&cluster) {
            return Err(given_up(&cluster, &request, "found a moment ago"));
        }
        // kept for the error and for the question, which must go out with the same credential
        let (method, route, auth) = (request.method.clone(), request.route.clone(), request.auth);
        let mut question = Request::new(
            "agent check",
            Method::GET,
            Route::from_segments(["v3", "clusters", cluster.as_str()])?,
        );
        question.auth = auth;
        question.probe = true;
        question.expect = Expect::Anything;
        question.patience = Patience::AtMost(QUESTION_PATIENCE);
        let shown = Request { body: None, ..Request::new(request.operation.clone(), method, route) };
        let shown = Request { idempotent: request.idempotent, ..shown };

        let mut call = self.inner.send(request);
        if let Ok(answer) = tokio::time::timeout(self.after, &mut call).await {
            return answer;
        }
        let asked = Box::pin(tokio::time::timeout(QUESTION_PATIENCE, self.state(question)));
        match select(call, asked).await {
            Either::Left((answer, _)) => return answer,
            Either::Right((Ok(Some(AgentState::Disconnected | AgentState::NeverConnected)), _)) => {
                self.remember(&cluster);
                return Err(given_up(&cluster, &shown, "Rancher says so, and the cluster did not answer"));
            }
            Either::Right((_, waiting)) => call = waiting,
        }
        // Rancher does not say that it is gone, so it may just be slow
        call.await
    }

    async fn state(&self, question: Request) -> Option<AgentState> {
        let response = self.inner.send(question).await.ok()?;
        if !response.status.is_success() {
            return None;
        }
        let body = response.body.read(LONGEST_CLUSTER).await.ok()?;
        Some(AgentState::of_cluster(&serde_json::from_slice(&body).ok()?))
    }

    fn known_gone(&self, cluster: &ClusterId) -> bool {
        let mut gone = self.gone.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        gone.retain(|_, since| now.since(*since) < REMEMBERED);
        gone.contains_key(cluster)
    }

    fn remember(&self, cluster: &ClusterId) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(cluster.clone(), self.clock.now());
    }
}

impl Transport for AgentWatch {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        match through_the_agent(&request.route) {
            Some(cluster) if !request.probe => Box::pin(self.watched(cluster, request)),
            _ => self.inner.send(request),
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

fn given_up(cluster: &ClusterId, request: &Request, because: &str) -> Error {
    let may_have_arrived = if request.idempotent { "" } else { "; whether the request arrived is not known" };
    Error::new(
        ErrorKind::ClusterUnavailable,
        format!("the agent of cluster {cluster} is not connected to Rancher ({because}){may_have_arrived}"),
        "look at cattle-cluster-agent in the cluster, and at its way to Rancher",
    )
    .with_causes([Cause::AgentGone])
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
        assert_eq!(mock.count(), 2);
        let (answer, seconds) = timed(&watch, "/k8s/clusters/c-a/api/v1/pods").await;
        assert_eq!(
            (answer.unwrap_err().kind(), seconds, mock.count()),
            (ErrorKind::ClusterUnavailable, 0, 2)
        );
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
    async fn a_post_that_was_given_up_may_have_arrived() {
        let mock = cluster(30, 200, GONE);
        let error = watch(&mock)
            .send(request(Method::POST, "/k8s/clusters/c-a/api/v1/namespaces"))
            .await
            .unwrap_err();
        assert!(error.to_string().contains("whether the request arrived is not known"), "{error}");
    }
}
