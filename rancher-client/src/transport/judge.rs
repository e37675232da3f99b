//! The layer that turns answers into verdicts: it notes what every answer says of the credential, and asks the
//! server twice at most before it says why a credential was not accepted.

use bytes::BytesMut;
use http::Method;
use std::sync::Arc;
use std::time::Duration;

use super::notes::Notes;
use super::{Auth, Body, BoxFuture, Patience, Request, Response, Transport};
use crate::config::Probes;
use crate::error::{
    Accepted, Answer, Error, ErrorKind, Observation, Result, acceptance_of, judge, judge_success,
    says_other_cluster,
};
use crate::scope::{Confidence, Knowledge, Ledger, Route, RouteScope, TokenKind};
use crate::wire::ClusterId;

/// How much of an error's body is read. Rancher's longest are a few kilobytes.
const LONGEST_ERROR: usize = 64 * 1024;

/// How long one probe may take. It must not turn a prompt refusal into a long wait.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// How many probes one value of the credential is worth.
const PROBES: u32 = 2;

/// Judges answers; see the module's text.
#[derive(Debug)]
pub(crate) struct Judge {
    inner: Arc<dyn Transport>,
    notes: Arc<Notes>,
    probes: Probes,
    /// The cluster that the client is meant for, which a scoped key is most likely of.
    cluster: Option<ClusterId>,
}

impl Judge {
    pub(crate) fn new(
        inner: Arc<dyn Transport>,
        notes: Arc<Notes>,
        probes: Probes,
        cluster: Option<ClusterId>,
    ) -> Self {
        Self { inner, notes, probes, cluster }
    }

    async fn send_judged(&self, request: Request) -> Result<Response> {
        let (method, route) = (request.method.clone(), request.route.clone());
        let (auth, expect, probe) = (request.auth, request.expect, request.probe);
        #[cfg(feature = "kube")]
        let raw = request.raw;
        let mut response = self.inner.send(request).await?;
        // what an answer says, it says of the place that gave it
        let route = response.redirected.clone().unwrap_or(route);
        let credential = if auth == Auth::Omit { TokenKind::None } else { response.credential };
        if response.status.is_success() || response.status == http::StatusCode::SWITCHING_PROTOCOLS {
            if auth == Auth::Send
                && let Some(accepted) = accepted_with_success(&response, &route)
            {
                self.notes.observe(&response, &route, accepted);
            }
            let answer = response.answer(&method, &route, b"", true);
            return match judge_success(&answer, expect != super::Expect::Anything) {
                Some(error) => Err(error),
                None => Ok(response),
            };
        }
        // dropped once it is read, so that its place among the calls under way is free for a probe
        let (body, complete) = take_error(&mut response).await;
        let answer = response.answer(&method, &route, &body, complete);
        if auth == Auth::Send {
            self.note(&response, &answer, credential);
        }
        let kept = response.kept_for();
        let judged = |ledger: &Ledger| {
            let error = match kept {
                // what is known of this credential does not explain what another may have been answered
                Some(_) => judge(&Answer { accepted: Accepted::Unsaid, ..answer }, credential, None),
                None => judge(&answer, credential, Some(ledger)),
            };
            let old = kept.map(|age| {
                format!(
                    "a cache on the way kept this answer for {age} s: it may have been given to somebody else"
                )
            });
            let error = error.with_attempts(response.attempts).with_because(old);
            #[cfg(feature = "kube")]
            let error = if raw && complete { error.with_answer(&body) } else { error };
            error
        };
        // a refusal of an old credential is never explained by what is known of its successor
        let noted = || match auth {
            Auth::Omit => Ledger::new(TokenKind::None),
            _ => self.notes.ledger_of(credential, response.generation),
        };
        let error = judged(&noted());
        let settled = kept.is_some() || !worth_a_probe(&error, credential);
        if probe || auth == Auth::Omit || self.probes == Probes::Off || settled {
            return Err(error);
        }
        let observations = self.probe(&route, response.generation).await;
        Err(judged(&noted()).with_observations(observations))
    }

    /// Notes what a refusal says, from its header or its body.
    fn note(&self, response: &Response, answer: &Answer<'_>, credential: TokenKind) {
        if response.kept_for().is_some() {
            return;
        }
        if let Some(accepted) = acceptance_of(answer, credential) {
            self.notes.observe(response, answer.route, accepted);
        }
        let cluster_or_global = matches!(answer.route.scope(), RouteScope::Global | RouteScope::Cluster(_));
        if cluster_or_global && says_other_cluster(answer) {
            self.notes.learn_of(response.generation, Knowledge::NotFor(answer.route.scope().clone()));
        }
    }

    /// Asks the cluster concerned, then a global path. In this order a key scoped to that cluster is proven to be so:
    /// refused, accepted, refused again.
    async fn probe(&self, route: &Route, generation: u64) -> Vec<Observation> {
        let mut probed = self.notes.probing.lock().await;
        if probed.generation != generation {
            // an old credential's late refusal must not spend the new one's probes
            if generation < probed.generation {
                return Vec::new();
            }
            *probed = super::notes::Probed { generation, ..Default::default() };
        }
        // the cluster that accepted it, or the one that is meant, or the one that refused it; without any, a second
        // refusal on a global path would teach nothing
        let open = self.notes.with(Ledger::open_question);
        let Some(cluster) = open.as_ref().or(self.cluster.as_ref()).or(route.scope().cluster()) else {
            return Vec::new();
        };
        let questions = [
            Route::from_segments(["v3", "clusters", cluster.as_str()]),
            Route::from_segments(["rancherversion"]),
        ];
        let known_before = probed.begun;
        for question in questions.into_iter().skip(known_before as usize).flatten() {
            // a probe goes out with the credential as it is then, and must not be about another
            if probed.begun >= PROBES || self.notes.generation() != generation {
                break;
            }
            probed.begun += 1;
            let observation = self.ask(question).await;
            probed.observations.push(observation);
        }
        probed.observations.clone()
    }

    async fn ask(&self, route: Route) -> Observation {
        let mut request = Request::new("probe", Method::GET, route.clone());
        request.probe = true;
        request.patience = Patience::AtMost(PROBE_PATIENCE);
        request.expect = super::Expect::Anything;
        // an answer that a proxy kept would be no evidence
        request.headers.insert(http::header::CACHE_CONTROL, http::HeaderValue::from_static("no-cache"));
        let answer = tokio::time::timeout(PROBE_PATIENCE, self.inner.send(request)).await;
        let mut observation = Observation {
            method: Method::GET.to_string(),
            path: route.shown(),
            status: None,
            accepted: None,
            ms: PROBE_PATIENCE.as_millis() as u64,
        };
        if let Ok(Ok(mut response)) = answer {
            let accepted = if response.status.is_success() {
                accepted_with_success(&response, &route)
            } else {
                let (body, complete) = take_error(&mut response).await;
                acceptance_of(&response.answer(&Method::GET, &route, &body, complete), response.credential)
            };
            if let Some(accepted) = accepted {
                self.notes.observe(&response, &route, accepted);
            }
            observation.status = Some(response.status.as_u16());
            observation.accepted = accepted;
            observation.ms = response.received.since(response.sent).as_millis() as u64;
        }
        observation
    }
}

impl Transport for Judge {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(self.send_judged(request))
    }
}

/// What a success says of the credential: the header, or on a server without one, that a path which needs a
/// credential answered.
fn accepted_with_success(response: &Response, route: &Route) -> Option<bool> {
    let said = response.accepted();
    // recorded, downstream: `false` beside the success of a service account's JWT
    if !response.credential.header_speaks() && said == Accepted::No {
        return None;
    }
    let needs_one = match route.scope() {
        RouteScope::Global => true,
        // `local` shows some paths to anybody (recorded: /k8s/clusters/local/version)
        RouteScope::Cluster(id) => !id.is_local() || route.path().starts_with("/v3/"),
        _ => false,
    };
    // a login portal answers every path with a page, and another program with whatever it likes; Rancher marks its
    // answers (recorded: all carry `nosniff`, those of v3 name their schemas)
    let json = response
        .header("content-type")
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("application/json"));
    let marked = match route.path().starts_with("/v3/") {
        true => response.header("x-api-schemas").is_some(),
        false => response.header("x-content-type-options").is_some(),
    };
    let inferred =
        said == Accepted::Unsaid && needs_one && json && marked && response.credential.header_speaks();
    said.said().or_else(|| inferred.then_some(true))
}

/// Whether more evidence could change the verdict.
fn worth_a_probe(error: &Error, credential: TokenKind) -> bool {
    let refusal =
        matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::OutOfScope | ErrorKind::TokenRefused);
    let open = !matches!(error.confidence(), Some(Confidence::Proven | Confidence::Asserted));
    // the header says nothing of a JWT, so asking again would teach nothing
    refusal && open && credential.header_speaks()
}

/// Takes the body out of an answer and reads its beginning, see [`read_error`].
async fn take_error(response: &mut Response) -> (bytes::Bytes, bool) {
    read_error(std::mem::replace(&mut response.body, Body::from_bytes(bytes::Bytes::new()))).await
}

fn late() -> Error {
    Error::new(ErrorKind::Timeout, "the body of the error did not end in time", "")
}

/// Reads the beginning of an error's body, and whether it was the whole. A body that breaks off is no new error: what
/// was read still counts, and so does what came of a body that does not end.
async fn read_error(mut body: Body) -> (bytes::Bytes, bool) {
    let mut whole = BytesMut::new();
    let end = tokio::time::Instant::now() + PROBE_PATIENCE;
    while let Some(piece) =
        tokio::time::timeout_at(end, body.next()).await.unwrap_or_else(|_| Some(Err(late())))
    {
        let Ok(piece) = piece else { return (whole.freeze(), false) };
        let room = LONGEST_ERROR.saturating_sub(whole.len());
        whole.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
        if piece.len() > room {
            return (whole.freeze(), false);
        }
    }
    (whole.freeze(), true)
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, request, response, with_header};
    use super::*;
    use crate::error::Cause;
    use crate::wire::Moment;
    use std::sync::atomic::{AtomicU64, Ordering};

    const FILTER: &str = r#"{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}"#;

    /// A server that knows one key, scoped to a cluster or dead.
    fn server(own: Option<&'static str>) -> Mock {
        let clock = Arc::new(AtomicU64::new(0));
        Mock::new(move |request: Request| {
            let accepted = request.route.scope().cluster().map(ClusterId::as_str) == own && own.is_some();
            let public = request.route.path() == "/rancherversion";
            let tick = clock.fetch_add(2, Ordering::SeqCst);
            let at = |ms| Moment::from_start(Duration::from_millis(ms));
            let status = if accepted || public { 200 } else { 401 };
            let answer = response(status, if status == 200 { "{}" } else { FILTER });
            let answer = with_header(answer, "x-api-cattle-auth", if accepted { "true" } else { "false" });
            async move { Ok(Response { sent: at(tick), received: at(tick + 1), ..answer }) }
        })
    }

    fn judge_over(mock: &Mock, probes: Probes, cluster: Option<&str>) -> Judge {
        let cluster = cluster.map(|id| ClusterId::new(id).unwrap());
        Judge::new(Arc::new(mock.clone()), Arc::new(Notes::new(TokenKind::V3)), probes, cluster)
    }

    #[tokio::test]
    async fn a_scoped_key_is_called_so_after_two_probes() {
        let mock = server(Some("c-a"));
        let judge = judge_over(&mock, Probes::On, Some("c-a"));
        let error = judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!((error.kind(), error.confidence()), (ErrorKind::OutOfScope, Some(Confidence::Proven)));
        assert_eq!(error.scoped_to().unwrap().as_str(), "c-a");
        assert_eq!(error.observations().len(), 2);
        assert_eq!(mock.count(), 3);
        // known by now: nothing more is asked
        judge.send(request(Method::GET, "/v3/projects")).await.unwrap_err();
        assert_eq!(mock.count(), 4);
    }

    #[tokio::test]
    async fn a_dead_key_stays_undetermined_with_both_causes() {
        let mock = server(None);
        let judge = judge_over(&mock, Probes::On, Some("c-a"));
        let error = judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undetermined);
        assert_eq!(error.causes(), [Cause::TokenRefused, Cause::OutOfScope]);
        assert_eq!(mock.count(), 3);
        judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!(mock.count(), 4, "probes are not repeated");
    }

    #[tokio::test]
    async fn a_thousand_refusals_at_once_cost_two_probes() {
        let mock = server(Some("c-a"));
        let judge = judge_over(&mock, Probes::On, Some("c-a"));
        let calls = (0..1000).map(|_| judge.send(request(Method::GET, "/v3/clusters")));
        let errors = futures_util::future::join_all(calls).await;
        assert!(errors.iter().all(|error| error.as_ref().unwrap_err().kind() == ErrorKind::OutOfScope));
        assert_eq!(mock.count(), 1002);
    }

    #[tokio::test]
    async fn probes_can_be_switched_off() {
        let mock = server(Some("c-a"));
        let judge = judge_over(&mock, Probes::Off, Some("c-a"));
        let error = judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (ErrorKind::Undetermined, 1));
    }

    #[tokio::test]
    async fn a_key_that_was_global_is_refused_without_a_probe() {
        let mock = Mock::script([
            Ok(with_header(response(200, "{}"), "x-api-cattle-auth", "true")),
            Ok(with_header(response(401, FILTER), "x-api-cattle-auth", "false")),
        ]);
        let judge = judge_over(&mock, Probes::On, None);
        judge.send(request(Method::GET, "/v3/")).await.unwrap();
        let error = judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!((error.kind(), error.confidence()), (ErrorKind::TokenRefused, Some(Confidence::Proven)));
    }

    #[tokio::test]
    async fn another_generation_starts_with_a_clean_slate() {
        let global = with_header(response(200, "{}"), "x-api-cattle-auth", "true");
        let refused =
            Response { generation: 1, ..with_header(response(401, FILTER), "x-api-cattle-auth", "false") };
        let mock = Mock::script([Ok(global), Ok(refused)]);
        let judge = judge_over(&mock, Probes::Off, None);
        judge.send(request(Method::GET, "/v3/")).await.unwrap();
        let error = judge.send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::Undetermined,
            "what was known of the old key says nothing of the new one"
        );
    }

    #[tokio::test]
    async fn a_page_is_no_success_where_json_is_wanted() {
        let page = || Ok(with_header(response(200, "<html>"), "content-type", "text/html"));
        let judge = judge_over(&Mock::script([page(), page()]), Probes::On, None);
        let error = judge.send(request(Method::GET, "/v3/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotRancher);
        let mut anything = request(Method::GET, "/v3/");
        anything.expect = super::super::Expect::Anything;
        assert!(judge.send(anything).await.is_ok());
    }

    #[tokio::test]
    async fn without_the_header_ranchers_own_json_speaks_for_the_key_and_nothing_else_does() {
        let json = "application/json; charset=utf-8";
        for (kind, mark, accepted) in [
            (json, "x-api-schemas", true),
            (json, "x-of-somebody-else", false),
            ("text/html", "x-api-schemas", false),
        ] {
            let answer = with_header(response(200, "{}"), "content-type", kind);
            let answer = with_header(answer, mark, "https://rancher.example.com/v3/schemas");
            let judge = judge_over(&Mock::script([Ok(answer)]), Probes::On, None);
            let _ = judge.send(request(Method::GET, "/v3/clusters")).await;
            let ledger = judge.notes.ledger();
            assert_eq!(ledger.was_accepted(&crate::scope::RouteScope::Global), accepted, "{kind} {mark}");
            // without the header nothing is more than likely
            assert_eq!(ledger.scope().map(|known| known.confidence), accepted.then_some(Confidence::Likely));
        }
    }

    #[tokio::test]
    async fn nothing_sent_is_not_held_against_the_key() {
        let mock = Mock::always(401, FILTER);
        let judge = judge_over(&mock, Probes::On, Some("c-a"));
        let mut anonymous = request(Method::GET, "/v3/");
        anonymous.auth = Auth::Omit;
        assert_eq!(judge.send(anonymous).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
        assert_eq!(mock.count(), 1);
        assert!(!judge.notes.ledger().was_refused(&crate::scope::RouteScope::Global));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_still_counts() {
        let broken = Body::from_stream(futures_util::stream::iter([
            Ok(bytes::Bytes::from_static(b"{\"type\":\"err")),
            Err(Error::new(ErrorKind::Connect, "gone", "")),
        ]));
        let mock = Mock::script([Ok(Response {
            body: broken,
            ..with_header(response(403, ""), "x-api-cattle-auth", "true")
        })]);
        let judge = judge_over(&mock, Probes::On, None);
        let error = judge.send(request(Method::GET, "/v3/")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
        assert!(error.because().iter().any(|line| line.contains("cut short")));
    }
}
