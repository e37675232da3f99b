use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

use super::{Event, Watch, WatchOptions, lines};
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::{ErrorKind, Result};
use crate::proxy::{ClusterProxy, ListOptions, Resource};
use crate::transport::mock::{Mock, failure, response, with_header};
use crate::transport::{Body, Connection, Request, Response, Socket};
use crate::v3::{Query, V3};
use crate::wire::{Object, SystemClock};

fn connection(mock: &Mock) -> Connection {
    let key = Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap();
    let mut config = Config::new("https://rancher.example.com".parse().unwrap(), key);
    config.retry.attempts = 1;
    config.probes = crate::config::Probes::Off;
    Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()))
}

fn pods(mock: &Mock, options: WatchOptions) -> Watch<Object> {
    let cluster = ClusterProxy::new(connection(mock), "c-prod1".parse().unwrap());
    cluster.watch(Resource::core("pods"), ListOptions::default(), options)
}

fn watches(request: &Request) -> bool {
    !request.route.query_values("watch").is_empty()
}

fn list(version: u64, names: &[(&str, u64)]) -> Response {
    let items: Vec<_> = names
        .iter()
        .map(|(name, version)| json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}}))
        .collect();
    let body = json!({"metadata": {"resourceVersion": version.to_string()}, "items": items});
    response(200, body.to_string())
}

fn line(kind: &str, name: &str, version: u64) -> String {
    let object = json!({"metadata": {"name": name, "uid": name, "resourceVersion": version.to_string()}});
    format!("{}\n", json!({"type": kind, "object": object}))
}

fn told(event: Result<Event<Object>>) -> String {
    match event {
        Ok(Event::Deleted(gone)) => format!("deleted {}", gone.id),
        Ok(event) => match event.object().and_then(|object| object.id().or(object.name())) {
            Some(name) => format!("{} {name}", event.word()),
            None => event.word().to_owned(),
        },
        Err(error) => format!("error {}", error.kind()),
    }
}

async fn all(watch: Watch<Object>, most: usize) -> Vec<String> {
    watch.take(most).map(told).collect().await
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_cannot_begin_says_so_at_once() {
    let began = Instant::now();
    assert_eq!(
        all(pods(&Mock::always(503, "busy"), WatchOptions::default()), 9).await,
        ["error unavailable"]
    );
    let mock = Mock::new(|request| async move {
        if watches(&request) {
            Err(failure(ErrorKind::Connect, true, None))
        } else {
            Ok(list(7, &[("a", 1)]))
        }
    });
    let options = WatchOptions { give_up: Some(Duration::from_secs(60)), ..WatchOptions::default() };
    // what was listed is told; behind that, the connection is tried again
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(all(pods(&mock, options), 9).await, ["listed a", "synced", "error connect"]);
    let took = began.elapsed();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(100), "{took:?}");
    let tried = mock.count();
    assert!((5..200).contains(&tried), "{tried}: waits grow");
}

#[tokio::test(start_paused = true)]
async fn a_right_that_is_taken_away_ends_it() {
    let at = Arc::new(AtomicUsize::new(0));
    let mock = Mock::new(move |request| {
        let at = at.fetch_add(1, Ordering::SeqCst);
        async move {
            Ok(match (watches(&request), at) {
                (false, _) => list(7, &[]),
                (true, 0..=1) => response(200, line("ADDED", "a", 8)),
                _ => with_header(
                    response(403, r#"{"kind":"Status","reason":"Forbidden","code":403,"message":"no"}"#),
                    "x-api-cattle-auth",
                    "true",
                ),
            })
        }
    });
    let events = all(pods(&mock, WatchOptions::default()), 9).await;
    assert_eq!(events, ["synced", "added a", "error forbidden"]);
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_is_always_too_old_is_no_busy_loop() {
    let mock = Mock::new(|request| async move {
        let gone = json!({"type": "ERROR", "object": {"kind": "Status", "code": 410}});
        Ok(if watches(&request) { response(200, format!("{gone}\n")) } else { list(7, &[("a", 1)]) })
    });
    let mut watch = pods(&mock, WatchOptions::default());
    let minutes = tokio::time::timeout(Duration::from_secs(300), async {
        while let Some(event) = watch.next().await {
            assert!(matches!(event, Ok(Event::Listed(_) | Event::Synced)), "{event:?}");
        }
    });
    assert!(minutes.await.is_err());
    assert!(mock.count() < 200, "{}", mock.count());
    assert_eq!(watch.counts().listed, 1);
}

const GONE: &str = "{\"type\": \"ERROR\", \"object\": {\"kind\": \"Status\", \"code\": 410}}\n";

/// What a cluster answers, one list and one watch after the other. The last watch says nothing.
fn cluster(lists: Vec<Response>, watches_: Vec<String>) -> Mock {
    let lists = Mutex::new(std::collections::VecDeque::from(lists));
    let events = Mutex::new(std::collections::VecDeque::from(watches_));
    Mock::new(move |request| {
        let answer = if watches(&request) {
            Ok(events.lock().unwrap().pop_front().map_or_else(
                || Response { body: Body::from_stream(stream::pending()), ..response(200, "") },
                |lines| response(200, lines),
            ))
        } else {
            lists.lock().unwrap().pop_front().ok_or_else(|| failure(ErrorKind::Internal, false, None))
        };
        async move { answer }
    })
}

#[tokio::test(start_paused = true)]
async fn a_list_that_comes_late_tells_no_older_state() {
    // the second list is of a replica that lags behind what was told; the third is not
    let mock = cluster(
        vec![list(7, &[("a", 1), ("b", 2)]), list(7, &[("a", 1), ("b", 2)]), list(9, &[("a", 8), ("c", 9)])],
        vec![format!("{}{GONE}", line("MODIFIED", "a", 8))],
    );
    let events = all(pods(&mock, WatchOptions::default()), 7).await;
    assert_eq!(
        events,
        ["listed a", "listed b", "synced", "modified a", "added c", "deleted b", "reconnected"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_restored_backup_is_told_as_it_is() {
    // its revision was raised, as etcdutl does it: what it holds is older all the same
    let mock = cluster(
        vec![list(7, &[("a", 1)]), list(1007, &[("a", 3)])],
        vec![format!("{}{GONE}", line("MODIFIED", "a", 8))],
    );
    let events = all(pods(&mock, WatchOptions::default()), 4).await;
    assert_eq!(events, ["listed a", "synced", "modified a", "modified a"]);
    // its revision went back: that may be a replica that lags behind, until it stays so
    let lists = std::iter::once(list(7, &[("a", 1)])).chain((0..200).map(|_| list(5, &[("a", 3)])));
    let after = line("MODIFIED", "a", 6);
    let mock = cluster(lists.collect(), vec![format!("{}{GONE}", line("MODIFIED", "a", 8)), after]);
    let began = Instant::now();
    let longest = Duration::from_secs(5);
    let events = all(pods(&mock, WatchOptions { longest, ..Default::default() }), 6).await;
    assert_eq!(events, ["listed a", "synced", "modified a", "modified a", "reconnected", "modified a"]);
    // the list that settles it comes one wait after the 15 seconds at most, and the connection another one later
    let (took, settled) = (began.elapsed(), Duration::from_secs(15));
    assert!(took >= settled && took < settled + 3 * longest, "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_revision_that_the_server_never_had_is_not_waited_for() {
    let behind = json!({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "5"}}});
    let mock = cluster(
        vec![list(7, &[("a", 1)]), list(9, &[("b", 9)])],
        vec![format!("{}{behind}\n", line("MODIFIED", "a", 8))],
    );
    let events = all(pods(&mock, WatchOptions::default()), 5).await;
    assert_eq!(events, ["listed a", "synced", "modified a", "added b", "deleted a"], "by a bookmark");
    // or it says so
    let words = "Too large resource version: 7, current: 5";
    let status = json!({"kind": "Status", "reason": "Timeout", "code": 504, "message": words});
    let at = Arc::new(AtomicUsize::new(0));
    let mock = Mock::new(move |request| {
        let at = at.fetch_add(1, Ordering::SeqCst);
        let status = status.to_string();
        async move {
            Ok(match (watches(&request), at) {
                (false, 0) => list(7, &[("a", 1)]),
                (false, _) => list(9, &[("b", 9)]),
                (true, 1) => response(504, status),
                _ => Response { body: Body::from_stream(stream::pending()), ..response(200, "") },
            })
        }
    });
    let events = all(pods(&mock, WatchOptions::default()), 4).await;
    assert_eq!(events, ["listed a", "synced", "added b", "deleted a"], "by its status");
    // or the server says nothing at all
    let mock = cluster(vec![list(7, &[("a", 1)]), list(9, &[("b", 9)])], vec![]);
    let events = all(pods(&mock, WatchOptions::default()), 5).await;
    assert_eq!(events, ["listed a", "synced", "reconnected", "added b", "deleted a"], "by silence");
}

#[tokio::test(start_paused = true)]
async fn one_that_was_made_anew_comes_behind_the_end_of_the_one_before() {
    let one = |uid: &str, version: u64| json!({"metadata": {"name": "a", "namespace": "n", "uid": uid, "resourceVersion": version.to_string()}});
    let body = |version: &str, one: &serde_json::Value| json!({"metadata": {"resourceVersion": version}, "items": [one]});
    let lists = vec![("7", one("1", 1)), ("9", one("2", 8))];
    let lists =
        lists.into_iter().map(|(version, one)| response(200, body(version, &one).to_string())).collect();
    let mock = cluster(lists, vec![GONE.to_owned()]);
    let events = all(pods(&mock, WatchOptions::default()), 4).await;
    assert_eq!(events, ["listed a", "synced", "deleted n/a", "added a"]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_does_not_know_its_types_yet() {
    let missing = || {
        let body = r#"{"kind":"Status","reason":"NotFound","code":404,"message":"the server could not find the requested resource"}"#;
        with_header(response(404, body), "x-api-cattle-auth", "true")
    };
    for (stays, end) in [(false, "reconnected"), (true, "error not_found")] {
        let at = Arc::new(AtomicUsize::new(0));
        let mock = Mock::new(move |request| {
            let at = at.fetch_add(1, Ordering::SeqCst);
            async move {
                Ok(match (watches(&request), at) {
                    (false, _) => list(7, &[("a", 1)]),
                    (true, 1) => response(200, line("ADDED", "b", 8)),
                    (true, 2..=5) => missing(),
                    (true, _) if stays => missing(),
                    _ => Response { body: Body::from_stream(stream::pending()), ..response(200, "") },
                })
            }
        });
        let began = Instant::now();
        assert_eq!(
            all(pods(&mock, WatchOptions::default()), 4).await,
            ["listed a", "synced", "added b", end]
        );
        assert!(began.elapsed() < Duration::from_secs(90), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_to_wait_is_left_alone_for_so_long() {
    let at = Arc::new(AtomicUsize::new(0));
    let mock = Mock::new(move |request| {
        let at = at.fetch_add(1, Ordering::SeqCst);
        async move {
            match (watches(&request), at) {
                (false, _) => Ok(list(7, &[])),
                (true, 1) => Err(failure(ErrorKind::RateLimited, true, Some(Duration::from_secs(100)))),
                _ => Ok(response(200, line("ADDED", "b", 8))),
            }
        }
    });
    let began = Instant::now();
    assert_eq!(all(pods(&mock, WatchOptions::default()), 2).await, ["synced", "added b"]);
    assert!(began.elapsed() >= Duration::from_secs(100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn connections_that_end_at_once_are_made_less_and_less_often_and_given_up() {
    let mock = Mock::new(move |request| async move {
        Ok(if watches(&request) { response(200, "") } else { list(7, &[]) })
    });
    let options = WatchOptions { give_up: Some(Duration::from_secs(120)), ..WatchOptions::default() };
    let events = all(pods(&mock, options), 1000).await;
    assert_eq!(events.last().map(String::as_str), Some("error connect"));
    assert!(mock.count() < 60, "{}", mock.count());
}

#[tokio::test]
async fn lines_are_whole_however_they_are_cut() {
    let read = |pieces: &'static [&'static str], most| async move {
        let pieces = stream::iter(pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))));
        let lines = lines(Body::from_stream(pieces), most);
        lines
            .map(|line| {
                line.map_or_else(
                    |error| error.kind().to_string(),
                    |line| String::from_utf8_lossy(&line).into_owned(),
                )
            })
            .collect::<Vec<_>>()
            .await
    };
    assert_eq!(read(&["a", "b\nc\n\nd", "e\n"], 100).await, ["ab", "c", "", "de"]);
    assert_eq!(read(&["a\n{\"b\"", ":1}"], 100).await, ["a", "{\"b\":1}"], "the last line needs no end");
    assert_eq!(read(&["a\n{\"b\"", ":"], 100).await, ["a", "connect"], "but what is torn is none");
    assert_eq!(read(&["\n"], 100).await, [""]);
    assert_eq!(read(&["a\n", "0123456789", "0123456789\n"], 15).await, ["a", "decode"]);
}

#[test]
fn waits_grow_and_have_an_end() {
    let options = WatchOptions::default();
    for failures in 0..100 {
        let most = options.base.saturating_mul(1 << failures.min(16)).min(options.longest);
        assert!((0..50).all(|_| options.wait(failures) <= most), "{failures}");
    }
    let waits: Vec<_> = (0..50).map(|_| options.wait(9)).collect();
    assert!(waits.iter().any(|wait| *wait != waits[0]), "they are random");
}

/// A server of v3: the messages of each socket, and the list beside it.
fn norman(sockets: Vec<(&'static [&'static str], &'static str)>) -> Mock {
    let left = Mutex::new(sockets.into_iter().collect::<std::collections::VecDeque<_>>());
    let beside = Arc::new(Mutex::new(""));
    Mock::new(move |request| {
        let beside = Arc::clone(&beside);
        let next = if request.socket { left.lock().unwrap().pop_front() } else { None };
        async move {
            if !request.socket {
                return Ok(response(200, *beside.lock().unwrap()));
            }
            let Some((messages, list)) = next else { return Err(failure(ErrorKind::Connect, true, None)) };
            *beside.lock().unwrap() = list;
            let messages =
                stream::iter(messages.iter().map(|message| Ok(Bytes::from_static(message.as_bytes()))));
            // the list is there first
            let messages = stream::once(tokio::time::sleep(Duration::from_millis(50)))
                .filter_map(|()| std::future::ready(None))
                .chain(messages);
            let socket = Socket::new(messages, |_| Box::pin(async { Ok(()) }));
            Ok(Response { socket: Some(socket), ..response(101, "") })
        }
    })
}

const A: &str = r#"{"name":"resource.change","data":{"id":"a","type":"project","uuid":"1"}}"#;
const A_CHANGED: &str =
    r#"{"name":"resource.change","data":{"id":"a","type":"project","uuid":"1","name":"x"}}"#;
const A_GONE: &str = r#"{"name":"resource.remove","data":{"id":"a","type":"project","uuid":"1"}}"#;
const NEW: &str = r#"{"name":"resource.change","data":{"id":"n","type":"project","uuid":"3"}}"#;
const NEW_CHANGED: &str =
    r#"{"name":"resource.change","data":{"id":"n","type":"project","uuid":"3","name":"x"}}"#;
const PING: &str = r#"{"name":"ping","data":{}}"#;
const ONE: &str = r#"{"type":"collection","data":[{"id":"a","type":"project","uuid":"1"}]}"#;
const BOTH: &str = r#"{"type":"collection","data":[{"id":"a","type":"project","uuid":"1"},{"id":"b","type":"project","uuid":"2"}]}"#;
const NONE: &str = r#"{"type":"collection","data":[]}"#;

async fn projects(mock: &Mock, most: usize) -> Vec<String> {
    let v3 = V3::new(connection(mock));
    let options = WatchOptions { give_up: Some(Duration::from_secs(20)), ..WatchOptions::default() };
    all(v3.collection("projects").unwrap().watch(Query::all(), options), most).await
}

#[tokio::test(start_paused = true)]
async fn a_replay_is_the_list_and_a_ping_is_its_end() {
    // what the replay leaves out is told from the list; what is not in the list is new
    let mock = norman(vec![(&[NEW, A, PING, A_CHANGED, A_GONE], BOTH)]);
    let events = projects(&mock, 9).await;
    assert_eq!(events[..6], ["added n", "listed a", "listed b", "synced", "modified a", "deleted a"]);
    let empty = norman(vec![(&[NEW], NONE)]);
    assert_eq!(projects(&empty, 2).await, ["synced", "added n"]);
}

#[tokio::test(start_paused = true)]
async fn a_ping_from_before_the_list_does_not_end_the_replay() {
    let mock = Mock::new(|request| async move {
        if !request.socket {
            // while it is read, an object comes and changes
            tokio::time::sleep(Duration::from_millis(100)).await;
            return Ok(response(200, format!(r#"{{"type":"collection","data":[{}]}}"#, data(NEW_CHANGED))));
        }
        let messages = [PING, NEW, NEW_CHANGED].map(|message| Ok(Bytes::from_static(message.as_bytes())));
        let messages = stream::iter(messages).chain(stream::pending());
        Ok(Response {
            socket: Some(Socket::new(messages, |_| Box::pin(async { Ok(()) }))),
            ..response(101, "")
        })
    });
    assert_eq!(
        projects(&mock, 3).await,
        ["listed n", "synced", "modified n"],
        "and no older state behind it"
    );
}

fn data(frame: &str) -> String {
    serde_json::from_str::<serde_json::Value>(frame).unwrap()["data"].to_string()
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_by_the_list_is_not_told_again_by_the_replay() {
    // `a` went between the replay and the list: the replay still tells of it, then of its end
    let mock = norman(vec![(&[A], ONE), (&[A, A_GONE, NEW, PING], NONE)]);
    let events = projects(&mock, 5).await;
    assert_eq!(events, ["listed a", "synced", "reconnected", "deleted a", "added n"]);
}

#[tokio::test(start_paused = true)]
async fn a_replay_of_what_was_told_tells_nothing() {
    let mock = norman(vec![(&[A], ONE), (&[A, PING], ONE), (&[A_CHANGED, PING], ONE)]);
    let events = projects(&mock, 5).await;
    assert_eq!(events, ["listed a", "synced", "reconnected", "reconnected", "modified a"]);
}
