//! Answers, credentials and clocks that are out to mislead: what is concluded must not exceed what was seen.

use super::mock::{Mock, request, response, with_header};
use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::ErrorKind;
use crate::scope::*;
use crate::wire::{ClusterId, Moment, ServerUrl, SystemClock};
use ::http::Method;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

const FILTER: &str = r#"{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}"#;
fn config() -> Config {
    let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
    Config::new(server, Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap())
}
fn over(config: Config, mock: &Mock) -> Connection {
    Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()))
}
fn json(status: u16, body: &'static str) -> Response {
    with_header(response(status, body), "content-type", "application/json")
}
fn auth(r: Response, yes: bool) -> Response {
    with_header(r, "x-api-cattle-auth", if yes { "true" } else { "false" })
}
fn ticking() -> impl Fn(Response) -> Response + Clone {
    let n = Arc::new(AtomicU64::new(0));
    move |r| {
        let t = n.fetch_add(2, Ordering::SeqCst);
        let at = |ms| Moment::from_start(Duration::from_millis(ms));
        Response { sent: at(t), received: at(t + 1), ..r }
    }
}
/// Reads by the road that is known, as every call does.
async fn read(connection: &Connection, path: &str) -> Result<serde_json::Value> {
    let mut request = request(Method::GET, path);
    request.route = connection.road_for(request.route)?;
    connection.json(request).await
}
fn c(id: &str) -> ClusterId {
    ClusterId::new(id).unwrap()
}
fn new_key() -> Credential {
    Credential::parse("token-fghij:0thers3cret").unwrap()
}

#[tokio::test]
async fn a_replaced_key_is_not_held_to_the_old_ones_scope() {
    let mock = Mock::new(|_| async { Ok(auth(json(200, "{}"), true)) });
    let connection = over(config(), &mock);
    connection.learn(Knowledge::Recorded(KeyScope::Cluster(c("c-a"))));
    connection.replace_credential(new_key());
    let answer = read(&connection, "/v3/clusters").await;
    assert!(answer.is_ok(), "{}", answer.unwrap_err());
}

/// What is learnt of the new key before its first answer is lost.
#[tokio::test]
async fn what_is_said_of_the_new_key_stays() {
    let mock = Mock::new(|_| async { Ok(auth(json(200, "{}"), true)) });
    let connection = over(config(), &mock);
    connection.replace_credential(new_key());
    connection.learn(Knowledge::Recorded(KeyScope::Cluster(c("c-a"))));
    connection.json(request(Method::GET, "/v3/clusters/c-a")).await.unwrap();
    assert!(connection.ledger().scope().is_some(), "forgotten");
}

/// Header-less, public path, 404 Norman.
#[tokio::test]
async fn a_public_404_proves_nothing() {
    let mock = Mock::new(|_| async {
        Ok(json(404, r#"{"baseType":"error","code":"NotFound","message":"","status":404,"type":"error"}"#))
    });
    let connection = over(config(), &mock);
    let _ = connection.json(request(Method::GET, "/v3/settings/ui-nosuch")).await;
    assert_eq!(connection.ledger().scope(), None);
    assert_eq!(connection.ledger().validity(), Validity::Undetermined);
}

#[tokio::test]
async fn an_old_keys_refusal_is_not_explained_by_the_new_keys_scope() {
    let cell: Arc<std::sync::OnceLock<Connection>> = Arc::default();
    let inner = Arc::clone(&cell);
    let mock = Mock::new(move |request: Request| {
        let inner = Arc::clone(&inner);
        async move {
            if request.route.path() == "/v3/projects" {
                // while the old key's request is under way
                let connection = inner.get().unwrap().clone();
                connection.replace_credential(new_key());
                connection.json(super::mock::request(Method::GET, "/v3/clusters/c-a")).await.unwrap();
                connection.learn(Knowledge::Recorded(KeyScope::Cluster(c("c-a"))));
                return Ok(auth(json(401, FILTER), false));
            }
            Ok(auth(json(200, "{}"), true))
        }
    });
    let connection = over(config(), &mock);
    let _ = cell.set(connection.clone());
    let error = connection.json(request(Method::GET, "/v3/projects")).await.unwrap_err();
    assert_eq!((error.kind(), error.confidence()), (ErrorKind::Undetermined, None), "{error}");
}

/// Probes that an old refusal starts go out with the new key; the new one gets its own two on top.
#[tokio::test]
async fn two_probes_per_key() {
    let cell: Arc<std::sync::OnceLock<Connection>> = Arc::default();
    let inner = Arc::clone(&cell);
    let tick = ticking();
    let mock = Mock::new(move |request: Request| {
        let inner = Arc::clone(&inner);
        let tick = tick.clone();
        async move {
            if request.route.path() == "/v3/projects" {
                inner.get().unwrap().replace_credential(new_key());
            }
            Ok(tick(auth(json(401, FILTER), false)))
        }
    });
    let mut config = config();
    config.cluster = Some(c("c-a"));
    let connection = over(config, &mock);
    let _ = cell.set(connection.clone());
    let _ = connection.json(request(Method::GET, "/v3/projects")).await;
    let _ = connection.json(request(Method::GET, "/v3/clusters")).await;
    let probes: Vec<_> = mock
        .calls()
        .into_iter()
        .filter(|r| r.operation == "probe")
        .map(|r| r.headers["authorization"].to_str().unwrap().to_owned())
        .collect();
    let of_new = probes.iter().filter(|bearer| bearer.contains("fghij")).count();
    assert!(of_new <= 2, "{of_new} probes with the new key");
}

#[tokio::test]
async fn words_in_a_validation_message_are_no_proof() {
    let mock = Mock::new(|_| async {
        Ok(auth(
            json(
                422,
                r#"{"type":"error","status":422,"code":"InvalidReference","message":"projectId: clusterID does not match"}"#,
            ),
            true,
        ))
    });
    let connection = over(config(), &mock);
    let _ = connection.json(request(Method::GET, "/v3/clusters/c-a")).await;
    assert_eq!(connection.ledger().scope(), None);
}

#[tokio::test(start_paused = true)]
async fn a_refused_watch_ends() {
    let mock = Mock::new(|_| async {
        let body = Body::from_stream(futures_util::stream::pending());
        Ok(Response { body, ..auth(json(401, ""), false) })
    });
    let connection = over(config(), &mock);
    let watch = Request { patience: Patience::Stream, ..request(Method::GET, "/v1/subscribe") };
    let answer = tokio::time::timeout(Duration::from_secs(86_400), connection.send(watch)).await;
    assert!(answer.is_ok(), "still waiting after a day");
}

#[tokio::test]
async fn other_403s_are_no_missing_right() {
    for words in [
        "failed quota: default: must specify limits.cpu",
        "maximum memory usage per Container is 1Gi, but limit is 2Gi",
    ] {
        let body = format!(
            r#"{{"kind":"Status","reason":"Forbidden","code":403,"message":"pods \"a\" is forbidden: {words}"}}"#
        );
        let mock = Mock::new(move |_| {
            let body = body.clone();
            async move { Ok(auth(with_header(response(403, body), "content-type", "application/json"), true)) }
        });
        let error = over(config(), &mock)
            .json(request(Method::POST, "/k8s/clusters/c-a/api/v1/namespaces/x/pods"))
            .await
            .unwrap_err();
        eprintln!("{:?} {error}", error.reason());
        assert_ne!(error.reason(), Some(crate::error::ForbiddenReason::Rbac));
    }
}

#[tokio::test]
async fn a_downstream_api_servers_401_is_not_ranchers() {
    let n = AtomicU64::new(0);
    let mock = Mock::new(move |_| {
        let first = n.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            Ok(if first {
                json(200, "{}")
            } else {
                json(401, r#"{"kind":"Status","reason":"Unauthorized","code":401,"message":"Unauthorized"}"#)
            })
        }
    });
    let connection = over(config(), &mock);
    connection.json(request(Method::GET, "/k8s/clusters/c-a/api/v1/pods")).await.unwrap();
    let error = connection.json(request(Method::GET, "/k8s/clusters/c-a/api/v1/pods")).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::TokenRefused, "{error} {:?}", error.confidence());
}

#[tokio::test]
async fn a_cached_answer_is_no_evidence() {
    let mock = Mock::new(|_| async { Ok(with_header(auth(json(200, "{}"), true), "age", "3600")) });
    let connection = over(config(), &mock);
    connection.json(request(Method::GET, "/rancherversion")).await.unwrap();
    assert_eq!(connection.ledger().scope(), None);
}

/// What a cache kept was said of whoever asked then, and is not explained by what is known of this key.
#[tokio::test]
async fn a_cached_refusal_condemns_no_key() {
    let turn = AtomicU64::new(0);
    let mock = Mock::new(move |_| {
        let first = turn.fetch_add(1, Ordering::SeqCst) == 0;
        let kept = || with_header(auth(json(401, FILTER), false), "age", "60");
        async move { Ok(if first { auth(json(200, "{}"), true) } else { kept() }) }
    });
    let connection = over(config(), &mock);
    connection.json(request(Method::GET, "/v3/")).await.unwrap();
    let error = connection.json(request(Method::GET, "/v3/clusters")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undetermined, "{error}");
    assert!(error.because().iter().any(|line| line.contains("kept this answer for 60 s")), "{error:?}");
    assert_eq!(connection.ledger().validity(), Validity::Valid);
}

/// An assertion of the user stops calls unsent for good.
#[tokio::test]
async fn an_assertion_can_be_disproved() {
    let mock = Mock::new(|_| async { Ok(auth(json(200, "{}"), true)) });
    let connection = over(config(), &mock);
    connection.learn(Knowledge::Asserted(KeyScope::Cluster(c("c-a"))));
    assert!(read(&connection, "/v3/clusters").await.is_ok());
}

#[test]
fn overlapping_answers_do_not_prove_life() {
    let at = |ms| Moment::from_start(Duration::from_millis(ms));
    let mut l = Ledger::new(TokenKind::V3);
    let f = |accepted, s, r| Fact {
        route: RouteScope::Global,
        accepted,
        sent: at(s),
        received: at(r),
        generation: 0,
    };
    l.observe(&f(true, 0, 20)); // decided at 1
    l.observe(&f(false, 10, 11)); // decided at 10: dead
    assert_ne!(l.validity(), Validity::Valid);
}
/// The cluster that accepted it is known, and yet it is not asked.
#[tokio::test]
async fn an_open_question_is_asked() {
    let tick = ticking();
    let mock = Mock::new(move |request: Request| {
        let home = request.route.path().starts_with("/v3/clusters/c-a");
        let r = tick(if home { auth(json(200, "{}"), true) } else { auth(json(401, FILTER), false) });
        async move { Ok(r) }
    });
    let connection = over(config(), &mock);
    connection.json(request(Method::GET, "/v3/clusters/c-a/projects")).await.unwrap();
    let error = connection.json(request(Method::GET, "/v3/clusters")).await.unwrap_err();
    assert_eq!(error.confidence(), Some(Confidence::Proven), "{error}");
}

/// A witness goes over the same transport.
#[tokio::test]
async fn another_user_goes_the_same_way() {
    let mock = Mock::new(|_| async { Ok(auth(json(200, "{}"), true)) });
    let connection = over(config(), &mock);
    let other = connection.as_another(new_key());
    let _ = tokio::time::timeout(Duration::from_secs(3), other.json(request(Method::GET, "/v3/users"))).await;
    assert_eq!(mock.count(), 1, "it went to the network");
}

/// Behind two replicas, one of which has not heard of a new key yet, answers look like those to a scoped key. It must
/// not stay so: the key is asked for again when the refusals are old.
#[tokio::test]
async fn a_lagging_replica_does_not_condemn_a_key_for_good() {
    let turns = Arc::new(AtomicU64::new(0));
    let clock = Arc::new(Hand::default());
    let hand = Arc::clone(&clock);
    let mock = Mock::new(move |_| {
        let turn = turns.fetch_add(1, Ordering::SeqCst);
        let answer =
            if matches!(turn, 0 | 2) { auth(json(401, FILTER), false) } else { auth(json(200, "{}"), true) };
        let answer = Response { sent: hand.tick(), received: hand.tick(), ..answer };
        async move { Ok(answer) }
    });
    let mut config = config();
    config.cluster = Some(c("c-a"));
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), clock.clone());
    connection.json(request(Method::GET, "/v3/clusters")).await.unwrap_err();
    // at once it is taken to be as it was a moment ago, and nothing is sent
    assert_eq!(read(&connection, "/v3/projects/c-a:p-a").await.unwrap_err().kind(), ErrorKind::OutOfScope);
    assert_eq!(mock.count(), 3);
    clock.forward(Duration::from_secs(31));
    read(&connection, "/v3/projects/c-a:p-a").await.unwrap();
    let known = connection.ledger().scope().unwrap();
    assert_eq!((known.scope, known.confidence), (KeyScope::Global, Confidence::Proven));
}

/// A clock that is moved by hand.
#[derive(Debug, Default)]
struct Hand(AtomicU64);

impl Hand {
    fn tick(&self) -> Moment {
        Moment::from_start(Duration::from_millis(self.0.fetch_add(1, Ordering::SeqCst)))
    }

    fn forward(&self, span: Duration) {
        self.0.fetch_add(u64::try_from(span.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl crate::wire::Clock for Hand {
    fn now(&self) -> Moment {
        Moment::from_start(Duration::from_millis(self.0.load(Ordering::SeqCst)))
    }

    fn wall(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }
}
