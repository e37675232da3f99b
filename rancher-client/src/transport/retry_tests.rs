use super::super::deadline::{Deadline, Due};
use super::super::mock::{Mock, failure, request, response};
use super::*;
use http::Method;
use proptest::prelude::*;

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn layer(mock: &Mock) -> Retry {
    Retry::seeded(Arc::new(mock.clone()), RetryPolicy::default(), 7)
}

fn failing(kind: ErrorKind, retryable: bool, after: Option<Duration>) -> Mock {
    Mock::new(move |_| async move { Err(failure(kind, retryable, after)) })
}

fn get() -> Request {
    request(Method::GET, "/v3/clusters")
}

fn post() -> Request {
    request(Method::POST, "/v3/projects")
}

/// How often it was sent until it was given up, and the error.
async fn given_up(mock: Mock, request: Request) -> (usize, Error) {
    let error = layer(&mock).send(request).await.unwrap_err();
    (mock.count(), error)
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_again_and_what_is_not() {
    use ErrorKind::*;
    let table = [
        // kind, hope, GET, POST
        (Connect, true, 3, 1),
        (Timeout, true, 3, 1),
        (Unavailable, true, 3, 1),
        (RateLimited, true, 3, 3),
        (Tls, true, 3, 1),
        (Connect, false, 1, 1),
        (Unavailable, false, 1, 1),
        (ClusterUnavailable, true, 1, 1),
        (TokenRefused, true, 1, 1),
        (Conflict, true, 1, 1),
        (Decode, true, 1, 1),
        (NotFound, false, 1, 1),
    ];
    for (kind, hope, gets, posts) in table {
        let (sent, error) = given_up(failing(kind, hope, None), get()).await;
        assert_eq!((sent, error.retry().attempts), (gets, gets as u32), "GET {kind} {hope}");
        let (sent, error) = given_up(failing(kind, hope, None), post()).await;
        assert_eq!((sent, error.retry().attempts), (posts, posts as u32), "POST {kind} {hope}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_sent_again_only_when_nothing_left() {
    let unsent = Mock::new(|_| async { Err(failure(ErrorKind::Connect, true, None).with_nothing_sent()) });
    assert_eq!(given_up(unsent, post()).await.0, 3);

    let (sent, error) = given_up(failing(ErrorKind::Connect, true, None), post()).await;
    assert_eq!(sent, 1);
    assert!(error.because()[0].contains("POST that has arrived could do its work twice"), "{error:?}");
    // and a POST that the caller knows to be harmless is no different from a GET
    let harmless = Request { idempotent: true, ..post() };
    assert_eq!(given_up(failing(ErrorKind::Connect, true, None), harmless).await.0, 3);
}

#[tokio::test(start_paused = true)]
async fn probes_are_sent_once() {
    let probe = Request { probe: true, ..get() };
    assert_eq!(given_up(failing(ErrorKind::Connect, true, None), probe).await.0, 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_says_how_often_it_was_asked_for() {
    let mock = Mock::script([
        Err(failure(ErrorKind::Connect, true, None)),
        Err(failure(ErrorKind::Unavailable, true, None)),
        Ok(response(200, "")),
    ]);
    assert_eq!(layer(&mock).send(get()).await.unwrap().attempts, 3);
}

#[tokio::test(start_paused = true)]
async fn the_error_tells_its_history() {
    let mock = Mock::script([
        Err(Error::new(ErrorKind::Connect, "refused", "").with_retry(true, None)),
        Err(Error::new(ErrorKind::NotFound, "404", "")),
    ]);
    let error = layer(&mock).send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(error.because(), ["attempt 1: refused"]);
    assert!(error.to_string().contains("(sent 2 times)"), "{error}");

    let (_, error) = given_up(failing(ErrorKind::Connect, true, None), get()).await;
    assert_eq!(error.because().len(), 3);
    assert!(error.because()[2].contains("sent 3 times"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn it_waits_as_long_as_the_server_asks() {
    let mock =
        Mock::script([Err(failure(ErrorKind::RateLimited, true, Some(SECOND * 7))), Ok(response(200, ""))]);
    let start = Instant::now();
    layer(&mock).send(get()).await.unwrap();
    assert!(start.elapsed() >= SECOND * 7, "{:?}", start.elapsed());
    assert!(start.elapsed() <= SECOND * 7 + RetryPolicy::default().base + MILLI);
}

#[tokio::test(start_paused = true)]
async fn it_does_not_wait_longer_than_it_may() {
    let start = Instant::now();
    let (sent, error) = given_up(failing(ErrorKind::RateLimited, true, Some(SECOND * 60)), get()).await;
    assert_eq!((sent, start.elapsed()), (1, Duration::ZERO));
    assert!(error.because()[0].contains("asks to wait 60s"), "{error:?}");
    assert_eq!(error.retry().after, Some(SECOND * 60));

    let mock = failing(ErrorKind::RateLimited, true, Some(SECOND * 10));
    let short = Deadline::new(Arc::new(layer(&mock)), SECOND * 5);
    let error = short.send(get()).await.unwrap_err();
    assert_eq!((mock.count(), error.kind()), (1, ErrorKind::RateLimited));
    assert!(error.because()[0].contains("5.0s left"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_tried_again_only_if_there_is_time_for_another() {
    let slow = Mock::new(|_| async {
        sleep(SECOND * 40).await;
        Err(failure(ErrorKind::Timeout, true, None))
    });
    let start = Instant::now();
    let error = Deadline::new(Arc::new(layer(&slow)), SECOND * 120).send(get()).await.unwrap_err();
    assert_eq!((slow.count(), error.retry().attempts), (2, 2));
    assert!(start.elapsed() < SECOND * 82, "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_deadline_in_the_middle_keeps_what_failed_before() {
    let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let mock = Mock::new(move |_| {
        let first = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0;
        async move {
            if !first {
                std::future::pending::<()>().await;
            }
            Err(Error::new(ErrorKind::Unavailable, "503: busy", "").with_retry(true, None))
        }
    });
    let error = Deadline::new(Arc::new(layer(&mock)), SECOND * 10).send(get()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry().attempts), (ErrorKind::Timeout, 2));
    assert_eq!(error.because(), ["attempt 1: 503: busy"]);
}

#[tokio::test(start_paused = true)]
async fn off_means_once_and_says_nothing() {
    let mock = failing(ErrorKind::Connect, true, None);
    let error = Retry::new(Arc::new(mock.clone()), RetryPolicy::off()).send(get()).await.unwrap_err();
    assert_eq!((mock.count(), error.because().len()), (1, 0));
    let never = RetryPolicy { attempts: 0, ..RetryPolicy::default() };
    assert!(Retry::new(Arc::new(mock.clone()), never).send(get()).await.is_err());
    assert_eq!(mock.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn dropping_the_call_while_it_waits_sends_nothing_more() {
    let mock = failing(ErrorKind::RateLimited, true, Some(SECOND * 10));
    let layer = layer(&mock);
    assert!(tokio::time::timeout(SECOND, layer.send(get())).await.is_err());
    sleep(SECOND * 30).await;
    assert_eq!(mock.count(), 1);
}

proptest! {
    /// Whatever fails, the waits stay within their bounds and grow with the attempts.
    #[test]
    fn waits_stay_within_their_bounds(
        seed: u64, attempt in 1_u32..100, base_ms in 0_u64..100_000, longest_ms in 0_u64..100_000, after in proptest::option::of(0_u64..200),
    ) {
        let policy = RetryPolicy {
            attempts: u32::MAX,
            base: Duration::from_millis(base_ms),
            longest: Duration::from_millis(longest_ms),
        };
        let layer = Retry::seeded(Arc::new(Mock::silent()), policy, seed);
        let after = after.map(Duration::from_secs);
        let error = failure(ErrorKind::RateLimited, true, after);
        match (layer.decide(&get(), &error, attempt, Duration::ZERO), after) {
            (Decision::Again(wait, _), None) => {
                prop_assert!(wait <= policy.longest);
                prop_assert!(wait <= policy.base.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX)));
            }
            (Decision::Again(wait, _), Some(asked)) => {
                prop_assert!(asked <= policy.longest && wait >= asked && wait <= asked + policy.base);
            }
            (Decision::Leave(_), after) => prop_assert!(after.is_some_and(|asked| asked > policy.longest)),
        }
    }
}

#[test]
fn jitter_spreads_and_a_seed_repeats_it() {
    let waits = |seed| -> Vec<Decision> {
        let layer =
            Retry::seeded(Arc::new(Mock::silent()), RetryPolicy { attempts: 99, ..Default::default() }, seed);
        let error = failure(ErrorKind::Connect, true, None);
        (1..20).map(|attempt| layer.decide(&get(), &error, attempt, Duration::ZERO)).collect()
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[tokio::test(start_paused = true)]
async fn no_wait_reaches_beyond_the_deadline() {
    let due = Due { at: Instant::now() + SECOND, span: SECOND };
    let request = Request { due: Some(due), ..get() };
    let layer = layer(&Mock::silent());
    let error = failure(ErrorKind::RateLimited, true, Some(SECOND));
    assert!(matches!(layer.decide(&request, &error, 1, Duration::ZERO), Decision::Leave(Some(_))));
    let error = failure(ErrorKind::RateLimited, true, Some(MILLI));
    assert!(matches!(layer.decide(&request, &error, 1, Duration::ZERO), Decision::Again(..)));
}

/// What a DELETE that was sent twice finds is perhaps its own work.
#[tokio::test(start_paused = true)]
async fn a_second_delete_that_finds_nothing_says_why_that_may_be() {
    let lost = || failure(ErrorKind::Timeout, true, None);
    let unsent = || failure(ErrorKind::Connect, true, None).with_nothing_sent();
    let unread = || failure(ErrorKind::RateLimited, true, None);
    let gone = || failure(ErrorKind::NotFound, false, None);
    let cases = [
        (Method::DELETE, vec![lost(), gone()], true),
        (Method::DELETE, vec![lost(), unsent(), gone()], true),
        (Method::DELETE, vec![unsent(), gone()], false),
        (Method::DELETE, vec![unread(), gone()], false),
        (Method::DELETE, vec![gone()], false),
        (Method::GET, vec![lost(), gone()], false),
    ];
    for (method, errors, expected) in cases {
        let mock = Mock::script(errors.into_iter().map(Err));
        let error = layer(&mock).send(request(method.clone(), "/v3/projects/c-prod1:p-a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        let said = error.because().iter().any(|line| line.contains("an earlier attempt may have deleted it"));
        assert_eq!(said, expected, "{method}: {:?}", error.because());
    }
}
