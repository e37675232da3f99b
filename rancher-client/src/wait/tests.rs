use super::*;
use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;
use crate::wire::{Kept, Object};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Answers one look after the other; the last answer stays.
type Answers = Vec<std::result::Result<Value, fn() -> Error>>;
type Script = (Arc<AtomicUsize>, Box<dyn Fn() -> BoxFuture<'static, Result<Kept<Object>>> + Send + Sync>);

fn script(answers: Answers) -> Script {
    let looks = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&looks);
    let answers = Arc::new(Mutex::new(answers));
    let get = move || -> BoxFuture<'static, Result<Kept<Object>>> {
        let at = counted.fetch_add(1, Ordering::SeqCst);
        let answers = answers.lock().unwrap();
        let answer = match answers.get(at).or(answers.last()).unwrap() {
            Ok(json) => Ok(Kept::read(json.to_string().into()).unwrap()),
            Err(error) => Err(error()),
        };
        Box::pin(async move { answer })
    };
    (looks, Box::new(get))
}

fn wait(until: Until, options: WaitOptions, answers: Answers) -> (Arc<AtomicUsize>, Wait<Object>) {
    let (looks, get) = script(answers);
    (looks, Wait::new("v3.wait", "clusters c-prod1".to_owned(), until, options, get))
}

fn gone(options: WaitOptions, answers: Answers) -> WaitGone<Object> {
    WaitGone::new("v3.wait_gone", "clusters", "c-prod1", options, script(answers).1)
}

fn state(state: &str, message: &str) -> Value {
    json!({"id": "c-prod1", "state": state, "transitioning": if state == "active" { "no" } else { "yes" },
        "transitioningMessage": message, "uuid": "one"})
}

fn of(kind: ErrorKind) -> Error {
    Error::new(kind, format!("a {kind}"), "")
}

fn unavailable() -> Error {
    of(ErrorKind::Unavailable)
}

fn forbidden() -> Error {
    of(ErrorKind::Forbidden)
}

fn not_found() -> Error {
    of(ErrorKind::NotFound)
}

/// An answer as the judge reads it.
fn judged(status: u16, body: &str, accepted: bool) -> Error {
    use crate::error::{Accepted, Answer, judge};
    let route = crate::scope::Route::parse("/v3/clusters/c-prod1").unwrap();
    let answer = Answer {
        method: &http::Method::GET,
        route: &route,
        status: http::StatusCode::from_u16(status).unwrap(),
        accepted: if accepted { Accepted::Yes } else { Accepted::No },
        content_type: None,
        retry_after: None,
        location: None,
        body: body.as_bytes(),
        complete: true,
    };
    judge(&answer, crate::scope::TokenKind::V3, None)
}

const NORMAN_404: &str = r#"{"baseType":"error","code":"NotFound","message":"clusters.management.cattle.io \"c-prod1\" not found","status":404,"type":"error"}"#;

fn norman_404() -> Error {
    judged(404, NORMAN_404, true)
}

#[tokio::test(start_paused = true)]
async fn a_condition_ends_the_wait_at_once_and_a_state_when_it_stays() {
    let ready = |status: &str| json!({"conditions": [{"type": "Ready", "status": status}]});
    let start = Instant::now();
    let answers = vec![Ok(ready("False")), Ok(ready("False")), Ok(ready("True"))];
    let (looks, waiting) = wait(Until::condition("Ready"), WaitOptions::default(), answers);
    waiting.await.unwrap();
    assert_eq!((looks.load(Ordering::SeqCst), start.elapsed()), (3, seconds(4)));

    // it flaps: active, updating, active
    let answers = ["provisioning", "active", "active", "updating", "active"].map(|name| Ok(state(name, "")));
    let start = Instant::now();
    let (_, waiting) = wait(Until::state("active"), WaitOptions::default(), answers.into());
    let object = waiting.await.unwrap();
    assert_eq!((object.text("state"), start.elapsed()), (Some("active"), seconds(8 + 5)));

    // unless that is asked for
    let now = WaitOptions { stable_for: Some(Duration::ZERO), ..Default::default() };
    let start = Instant::now();
    wait(Until::state("active"), now, vec![Ok(state("active", ""))]).1.await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_tells_the_last_state_and_message() {
    let options = WaitOptions { deadline: seconds(7), ..Default::default() };
    let start = Instant::now();
    let answers = vec![Ok(state("pending", "")), Ok(state("error", "waiting for cluster agent to connect"))];
    let (looks, waiting) = wait(Until::state("active"), options, answers);
    let error = waiting.await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable(), start.elapsed()), (ErrorKind::Timeout, true, seconds(7)));
    assert_eq!(looks.load(Ordering::SeqCst), 4);
    assert_eq!(
        error.summary(),
        "after 7s, clusters c-prod1 is not as it shall be: state is error, not active: waiting for cluster agent to connect"
    );
    assert_eq!(error.operation(), "v3.wait");
}

#[tokio::test(start_paused = true)]
async fn a_look_that_hangs_ends_at_the_deadline() {
    let options = WaitOptions { deadline: seconds(3), ..Default::default() };
    let get = || -> BoxFuture<'static, Result<Kept<Object>>> { Box::pin(std::future::pending()) };
    let start = Instant::now();
    let waiting = Wait::new("v3.wait", "x".to_owned(), Until::settled(), options, get);
    let error = waiting.await.unwrap_err();
    assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, seconds(3)));
    assert!(error.summary().contains("nothing was seen of it"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn progress_is_told_when_it_changes() {
    let answers = vec![
        Ok(state("pending", "a")),
        Ok(state("pending", "a")),
        Err(unavailable as fn() -> Error),
        Err(unavailable as fn() -> Error),
        Ok(state("pending", "b")),
        Ok(state("active", "")),
    ];
    let (_, waiting) = wait(Until::settled(), WaitOptions::default(), answers);
    let events: Vec<String> = waiting
        .progress()
        .map(|event| match event.unwrap() {
            Progress::Unmet(unmet) => unmet.to_string(),
            Progress::Met(object) => format!("met: {}", object.id().unwrap()),
            Progress::Gone(_) => "gone".to_owned(),
        })
        .collect()
        .await;
    assert_eq!(
        events,
        [
            "it is not settled: a",
            "it is not settled: a (the last look failed: a unavailable)",
            "it is not settled: b",
            "it is as it shall be, and must stay so for 5s",
            "met: c-prod1",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn rights_come_a_moment_later() {
    let now = WaitOptions { stable_for: Some(Duration::ZERO), ..Default::default() };
    for lacking in [forbidden as fn() -> Error, not_found] {
        let answers = vec![Err(lacking), Err(lacking), Ok(state("active", ""))];
        wait(Until::settled(), now, answers).1.await.unwrap();
        // but not for long
        let start = Instant::now();
        let error = wait(Until::settled(), now, vec![Err(lacking)]).1.await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (lacking().kind(), seconds(10)));
        // and what was seen and is not there any more is told so
        let mut answers: Answers = vec![Ok(state("pending", "")); 6];
        answers.push(Err(lacking));
        let error = wait(Until::settled(), now, answers).1.await.unwrap_err();
        assert_eq!(
            error.because().iter().any(|line| line.contains("is not any more")),
            lacking().kind() == ErrorKind::NotFound
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tolerated_and_counted_and_what_does_not_ends_it() {
    use ErrorKind::*;
    let now = WaitOptions { stable_for: Some(Duration::ZERO), deadline: seconds(60), ..Default::default() };
    let passing: [fn() -> Error; 6] = [
        || of(Unavailable),
        || of(ClusterUnavailable),
        || of(Timeout),
        || of(Connect),
        || of(Decode),
        || of(RateLimited).with_retry(true, Some(Duration::from_secs(9))),
    ];
    for passes in passing {
        let answers = vec![Err(passes), Ok(state("active", ""))];
        let start = Instant::now();
        wait(Until::settled(), now, answers).1.await.unwrap();
        let waited = if passes().kind() == RateLimited { 9 } else { 2 };
        assert_eq!(start.elapsed(), seconds(waited));
        let error = wait(Until::settled(), now, vec![Err(passes)]).1.await.unwrap_err();
        assert_eq!(error.kind(), Timeout);
        assert!(error.summary().contains(&format!("a {}", passes().kind())), "{error}");
        assert!(error.because().iter().any(|line| line.contains("of the looks failed")), "{error:?}");
    }
    let ending: [fn() -> Error; 6] = [
        || of(TokenRefused),
        || of(OutOfScope),
        || of(Undetermined),
        || of(Invalid),
        || of(Tls),
        || of(Unauthenticated),
    ];
    for ends in ending {
        let start = Instant::now();
        let error = wait(Until::settled(), now, vec![Err(ends)]).1.await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ends().kind(), Duration::ZERO));
        assert_eq!(gone(now, vec![Err(ends)]).await.unwrap_err().kind(), ends().kind());
    }
}

#[tokio::test(start_paused = true)]
async fn gone_is_only_what_is_proven_gone() {
    let options = WaitOptions { deadline: seconds(60), ..Default::default() };
    let going =
        json!({"id": "c-prod1", "uuid": "one", "state": "removing", "metadata": {"finalizers": ["a/b"]}});
    let last = gone(options, vec![Ok(going.clone()), Err(norman_404)]).await.unwrap();
    assert_eq!(last.unwrap().text("state"), Some("removing"));
    assert!(gone(options, vec![Err(norman_404)]).await.unwrap().is_none());
    // another of the same name
    let mut other = going.clone();
    other["uuid"] = json!("two");
    assert!(gone(options, vec![Ok(going.clone()), Ok(other)]).await.unwrap().is_some());
    // a right that comes later is waited for, too
    gone(options, vec![Err(forbidden), Err(norman_404)]).await.unwrap();

    let kubernetes: fn() -> Error = || {
        judged(404, r#"{"kind":"Status","reason":"NotFound","message":"pods \"c-prod1\" not found"}"#, false)
    };
    gone(options, vec![Err(kubernetes)]).await.unwrap();
    let not_proven: [fn() -> Error; 9] = [
        // an unknown type of Steve, an unknown path, a cluster that is not there, a token that was not accepted
        || judged(404, "", true),
        || judged(404, "404 page not found\n", true),
        || {
            judged(
                404,
                r#"{"Code":{"Code":"NotFound","Status":404},"Message":"","Cause":null,"FieldName":""}"#,
                true,
            )
        },
        || judged(404, NORMAN_404, false),
        // recorded: an id without its cluster, an unknown type, a link that is none; and another object that is not there
        || {
            judged(
                404,
                r#"{"baseType":"error","code":"NotFound","message":"failed to find resource by id","status":404,"type":"error"}"#,
                true,
            )
        },
        || {
            judged(
                404,
                r#"{"baseType":"error","code":"NotFound","message":"failed to find schema nosuch","status":404,"type":"error"}"#,
                true,
            )
        },
        || {
            judged(
                404,
                r#"{"baseType":"error","code":"NotFound","message":"","status":404,"type":"error"}"#,
                true,
            )
        },
        || {
            judged(
                404,
                r#"{"baseType":"error","code":"NotFound","message":"namespaces \"c-prod\" not found","status":404,"type":"error"}"#,
                true,
            )
        },
        || {
            judged(
                404,
                r#"{"kind":"Status","reason":"NotFound","message":"the server could not find the requested resource"}"#,
                true,
            )
        },
    ];
    for (at, error) in not_proven.into_iter().enumerate() {
        let error = gone(options, vec![Ok(going.clone()), Err(error)]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{at}");
        assert!(error.because().iter().any(|line| line.contains("no proof")), "{at}: {error:?}");
    }
    for refused in [forbidden as fn() -> Error, || of(ErrorKind::OutOfScope), || of(ErrorKind::Undetermined)]
    {
        let error = gone(options, vec![Ok(going.clone()), Err(refused)]).await.unwrap_err();
        assert_eq!(error.kind(), refused().kind());
        assert!(error.because().iter().any(|line| line.contains("no proof")), "{error:?}");
    }
    let error = gone(options, vec![Ok(going)]).await.unwrap_err();
    assert!(
        error.summary().contains("is still there: it is still there and waits for its finalizers (a/b)"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn nonsense_is_told_before_anything_is_sent() {
    let nonsense = [
        WaitOptions { deadline: Duration::ZERO, ..Default::default() },
        WaitOptions { poll: Duration::from_millis(1), ..Default::default() },
        WaitOptions { stable_for: Some(seconds(300)), ..Default::default() },
    ];
    for options in nonsense {
        let (looks, waiting) = wait(Until::settled(), options, vec![Ok(state("active", ""))]);
        assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(looks.load(Ordering::SeqCst), 0);
    }
    for until in [
        Until::state("active").is("False"),
        Until::settled().and(Until::condition("")),
        Until::condition("Ready").is(""),
        Until::state(""),
    ] {
        let (looks, waiting) = wait(until, WaitOptions::default(), vec![Ok(state("active", ""))]);
        assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Invalid);
        assert_eq!(looks.load(Ordering::SeqCst), 0);
    }
    // longer than any clock can say is no nonsense
    let long = WaitOptions { deadline: Duration::MAX, ..Default::default() };
    wait(Until::settled(), long, vec![Ok(state("active", ""))]).1.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn dropped_it_stops_and_after_its_end_there_is_nothing() {
    let (looks, waiting) = wait(Until::state("never"), WaitOptions::default(), vec![Ok(state("active", ""))]);
    assert!(tokio::time::timeout(seconds(5), waiting).await.is_err());
    let seen = looks.load(Ordering::SeqCst);
    tokio::time::sleep(seconds(60)).await;
    assert_eq!((seen, looks.load(Ordering::SeqCst)), (3, 3));
    let mut progress =
        wait(Until::fits("anything", |_| true), WaitOptions::default(), vec![Ok(json!({}))]).1.progress();
    assert!(matches!(progress.next().await, Some(Ok(Progress::Met(_)))));
    assert!(progress.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_poll_beyond_every_clock_looks_once_and_ends_at_the_deadline() {
    let options = WaitOptions { poll: Duration::MAX, deadline: seconds(5), ..Default::default() };
    let start = Instant::now();
    let (looks, waiting) = wait(Until::condition("Ready"), options, vec![Ok(json!({}))]);
    assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!((looks.load(Ordering::SeqCst), start.elapsed()), (1, seconds(5)));
    // the same where the server asks for that much time
    let busy: fn() -> Error = || of(ErrorKind::RateLimited).with_retry(true, Some(Duration::MAX));
    let (looks, waiting) =
        wait(Until::settled(), WaitOptions { poll: seconds(1), ..options }, vec![Err(busy)]);
    assert_eq!(waiting.await.unwrap_err().kind(), ErrorKind::Timeout);
    assert_eq!(looks.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_not_seen_was_not_stable() {
    let answers: Answers =
        vec![Ok(state("active", "")), Err(unavailable), Err(unavailable), Ok(state("active", ""))];
    let start = Instant::now();
    let (looks, waiting) = wait(Until::state("active"), WaitOptions::default(), answers);
    waiting.await.unwrap();
    // 5 seconds from the third look on, which is the first after those that failed
    assert_eq!((looks.load(Ordering::SeqCst), start.elapsed()), (7, seconds(6 + 5)));
}

#[tokio::test(start_paused = true)]
async fn no_part_of_progress_shows_a_credential() {
    const SECRET: &str = "token-abcde:s3cr3ts3cr3ts3cr3t";
    let said = |field: &str| {
        let mut object = state("pending", "");
        object[field] = json!(format!("no login for {SECRET}"));
        object
    };
    let condition =
        json!({"conditions": [{"type": "Ready", "status": "False", "reason": SECRET, "message": SECRET}]});
    let failing: fn() -> Error = || of(ErrorKind::Unavailable).with_source(std::io::Error::other(SECRET));
    let met = |message: &str| state("active", message);
    let cases: [(Until, Answers); 5] = [
        (Until::state("active"), vec![Ok(said("transitioningMessage"))]),
        (Until::state("active"), vec![Ok(said("state"))]),
        (Until::condition("Ready"), vec![Ok(condition)]),
        (Until::state("active"), vec![Ok(met(SECRET))]),
        (Until::state("active"), vec![Err(failing)]),
    ];
    for (until, answers) in cases {
        let event = wait(until, WaitOptions::default(), answers).1.progress().next().await.unwrap().unwrap();
        assert!(matches!(event, Progress::Unmet(_)));
        let shown = format!("{event:?}");
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
    let answers = vec![Ok(said("transitioningMessage"))];
    let event = gone(WaitOptions::default(), answers).progress().next().await.unwrap().unwrap();
    assert!(!format!("{event:?}").contains("s3cr3t"), "{event:?}");
}
