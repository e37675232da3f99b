//! Lists that are slow, long, or change while they are read.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::ErrorKind;
use crate::transport::Request;
use crate::transport::mock::{Mock, dripping, failure, response};
use crate::wire::SystemClock;
use futures_util::StreamExt as _;
use rancher_types::management::{Project, project};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SERVER: &str = "https://rancher.example.com";

fn over(mock: &Mock) -> Resource<Project> {
    let mut config = Config::new(SERVER.parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    let clock = Arc::new(SystemClock::new());
    V3::new(Connection::over_transport(config, Arc::new(mock.clone()), clock)).resource()
}

fn server(answer: impl Fn(&Request, usize) -> Value + Send + Sync + 'static) -> (Mock, Resource<Project>) {
    let turns = AtomicUsize::new(0);
    let mock = Mock::new(move |request| {
        let body = answer(&request, turns.fetch_add(1, Ordering::SeqCst)).to_string();
        async move { Ok(response(200, body)) }
    });
    let projects = over(&mock);
    (mock, projects)
}

fn marker(request: &Request) -> Option<String> {
    request.route.query_values("marker").pop()
}

fn link(marker: &str) -> String {
    format!("{SERVER}/v3/projects?marker={marker}")
}

/// A page of a list as Norman cuts it out: from the marker on, or from the start where that is unknown.
fn norman(all: &[String], request: &Request) -> Value {
    let limit: usize = request.route.query_values("limit").pop().map_or(1000, |limit| limit.parse().unwrap());
    let from = marker(request).and_then(|marker| all.iter().position(|id| *id == marker)).unwrap_or(0);
    let data: Vec<Value> = all.iter().skip(from).take(limit).map(|id| json!({"id": id})).collect();
    let next = all.get(from + limit).map(|id| link(id));
    json!({"data": data, "pagination": {"total": all.len(), "next": next}, "sort": {"name": "name"}})
}

fn named(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

/// Two pages of two.
fn four() -> (Mock, Resource<Project>) {
    server(|request, _| match marker(request) {
        None => json!({"data": [{"id": "a"}, {"id": "b"}], "pagination": {"next": link("c")}}),
        Some(_) => json!({"data": [{"id": "c"}, {"id": "d"}]}),
    })
}

#[tokio::test]
async fn the_total_is_that_of_what_was_asked_for() {
    let (_, projects) = server(|request, _| norman(&named(&["a", "b", "c", "d", "e"]), request));
    assert_eq!(projects.list(Query::all().marker("d")).collect().await.unwrap().len(), 2);
    assert_eq!(projects.list(Query::all().marker("d")).total().await.unwrap(), 2);
    assert_eq!(projects.list(Query::all()).total().await.unwrap(), 5);
}

#[tokio::test]
async fn what_was_taken_is_not_lost_to_the_rest() {
    for (taken, pages) in [(0, vec![2, 2]), (1, vec![1, 2]), (2, vec![2]), (3, vec![1]), (4, vec![])] {
        let (_, projects) = four();
        let mut list = projects.list(Query::all());
        for _ in 0..taken {
            list.next().await.unwrap().unwrap();
        }
        let left: Vec<usize> = list.pages().map(|page| page.unwrap().len()).collect().await;
        assert_eq!(left, pages, "after {taken}");
        let mut list = projects.list(Query::all());
        for _ in 0..taken {
            list.next().await.unwrap().unwrap();
        }
        assert_eq!(list.total().await.unwrap(), 4, "after {taken}");
    }
}

#[tokio::test]
async fn an_empty_id_is_no_identity() {
    let (_, projects) = server(|request, _| match marker(request) {
        None => {
            json!({"data": [{"id": "", "name": "1"}, {"id": "", "name": "2"}], "pagination": {"next": link("c")}})
        }
        Some(_) => json!({"data": [{"id": "c"}]}),
    });
    assert_eq!(projects.list(Query::all()).collect().await.unwrap().len(), 3);
}

/// The time of a page that was asked for ahead runs while the objects before it are worked on.
#[tokio::test(start_paused = true)]
async fn who_works_slowly_gets_the_whole_list() {
    let turns = AtomicUsize::new(0);
    let mock = Mock::new(move |_| {
        let turn = turns.fetch_add(1, Ordering::SeqCst);
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let first: Vec<Value> = (0..40).map(|at| json!({"id": format!("a{at}")})).collect();
            Ok(match turn {
                0 => response(200, json!({"data": first, "pagination": {"next": link("c")}}).to_string()),
                _ => dripping(&[r#"{"data": [{"id": "c"}"#, r#"]}"#], Duration::from_millis(10)),
            })
        }
    });
    let mut list = over(&mock).list(Query::all());
    let mut seen = 0;
    while let Some(item) = list.next().await {
        item.unwrap_or_else(|error| panic!("after {seen} objects: {error}"));
        seen += 1;
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    assert_eq!((seen, mock.count()), (41, 3));
}

#[tokio::test]
async fn a_page_that_fails_twice_is_an_error_and_other_errors_are_not_asked_again() {
    for (kind, sent) in [(ErrorKind::Timeout, 3), (ErrorKind::Connect, 3), (ErrorKind::Tls, 2)] {
        let mock = Mock::new(move |request: Request| {
            let first = marker(&request).is_none();
            async move {
                if first {
                    let body = json!({"data": [{"id": "a"}], "pagination": {"next": link("b")}});
                    return Ok(response(200, body.to_string()));
                }
                Err(failure(kind, false, None))
            }
        });
        let mut list = over(&mock).list(Query::all());
        list.next().await.unwrap().unwrap();
        assert_eq!(list.next().await.unwrap().unwrap_err().kind(), kind);
        assert!(list.next().await.is_none());
        assert_eq!(mock.count(), sent, "{kind}");
    }
}

/// By name: the object that a page shall begin with is renamed, and stands before a marker that was used.
#[tokio::test]
async fn a_rename_makes_no_circle() {
    let (_, projects) = server(|request, turn| {
        let all = if turn < 2 { ["a", "b", "c", "d", "e"] } else { ["a", "e", "b", "c", "d"] };
        norman(&named(&all), request)
    });
    let query = Query::all().limit(2).sorted_by(project::NAME);
    assert_eq!(projects.list(query).collect().await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_circle_ends_as_soon_as_it_brings_nothing_new() {
    let (mock, projects) = server(|request, _| match marker(request).as_deref() {
        Some("b") => json!({"data": [{"id": "b"}], "pagination": {"next": link("a")}}),
        _ => json!({"data": [{"id": "a"}], "pagination": {"next": link("b")}}),
    });
    let error = projects.list(Query::all()).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("leads back"), "{error}");
    assert!(mock.count() <= 5, "{}", mock.count());
}

#[tokio::test]
async fn a_list_has_as_many_pages_as_it_needs() {
    let (_, projects) = server(|request, _| {
        let from: usize = marker(request).map_or(0, |marker| marker[1..].parse().unwrap());
        let next = (from < 10_050).then(|| link(&format!("p{}", from + 1)));
        json!({"data": [{"id": format!("p{from}")}], "pagination": {"next": next, "total": 10_051}})
    });
    assert_eq!(projects.list(Query::all().limit(1)).collect().await.unwrap().len(), 10_051);
}

#[test]
fn debug_of_a_query_shows_no_values() {
    let query = Query::all().with(project::NAME.eq("s3cr3t")).marker("s3cr3t").limit(5);
    let shown = format!("{query:?}");
    assert!(!shown.contains("s3cr3t") && shown.contains("marker: Some(…)"), "{shown}");
}

/// Whatever comes and goes meanwhile: what lived all the time comes once, or the list is a conflict.
#[tokio::test]
async fn all_that_lived_comes_once() {
    for seed in 0..64 {
        let mut random = fastrand::Rng::with_seed(seed);
        let start: BTreeSet<u8> = (0..random.usize(0..40)).map(|_| random.u8(0..60)).collect();
        let limit = random.u32(1..7);
        let state = Arc::new(Mutex::new((start.clone(), start, random)));
        let shared = Arc::clone(&state);
        let (_, projects) = server(move |request, turn| {
            let mut state = shared.lock().unwrap();
            let (alive, lived, random) = &mut *state;
            for _ in 0..if (1..25).contains(&turn) { random.usize(0..5) } else { 0 } {
                let id = random.u8(0..60);
                if random.bool() {
                    alive.insert(id);
                } else {
                    alive.remove(&id);
                    lived.remove(&id);
                }
            }
            let all: Vec<String> = alive.iter().map(|id| format!("p-{id:03}")).collect();
            norman(&all, request)
        });
        match projects.list(Query::all().limit(limit)).collect().await {
            Ok(listed) => {
                let ids: Vec<&str> = listed.iter().filter_map(|object| object.id.as_deref()).collect();
                let set: BTreeSet<&str> = ids.iter().copied().collect();
                assert_eq!(set.len(), ids.len(), "doubled, seed {seed}");
                for id in &state.lock().unwrap().1 {
                    let id = format!("p-{id:03}");
                    assert!(set.contains(id.as_str()), "{id} is lost of {ids:?}, seed {seed}");
                }
            }
            Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}, seed {seed}"),
        }
    }
}

/// As people write it: for each object of a list, something is asked. Many lists at a time must not hold from each other
/// what they need to go on.
#[tokio::test(start_paused = true)]
async fn lists_that_ask_for_each_object_do_not_wait_for_each_other() {
    let mock = Mock::new(|request: Request| async move {
        let path = request.route.path_and_query();
        let body = match (path.contains("/projects/"), marker(&request)) {
            (true, _) => json!({"id": "p"}),
            (_, None) => json!({"data": [{"id": "a"}, {"id": "b"}], "pagination": {"next": link("c")}}),
            (_, Some(_)) => json!({"data": [{"id": "c"}, {"id": "d"}]}),
        };
        tokio::time::sleep(Duration::from_millis(10)).await;
        Ok(response(200, body.to_string()))
    });
    let mut config = Config::new(SERVER.parse().unwrap(), Credential::anonymous());
    config.limits.in_flight = 2;
    let clock = Arc::new(SystemClock::new());
    let projects: Resource<Project> =
        V3::new(Connection::over_transport(config, Arc::new(mock), clock)).resource();
    let walk = async || {
        let mut list = projects.list(Query::all());
        let mut count = 0;
        while let Some(project) = list.next().await {
            project.unwrap();
            projects.get("c-prod1:p-abcde").await.unwrap();
            count += 1;
        }
        count
    };
    let all = futures_util::future::join_all((0..8).map(|_| walk()));
    let counts = tokio::time::timeout(Duration::from_secs(5), all).await.expect("they wait for each other");
    assert_eq!(counts, [4; 8]);
}
