//! What stops what, and that what was stopped leaves nothing open.

use rancher_bridge::{Answer, Bridge, Fault};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lab::{Lab, PATIENCE, PROD, kind, objects};

fn projects(more: Value) -> Value {
    let mut all = json!({"target": {"collection": "projects"}});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

/// Waits until the server has a request under way, or none.
async fn in_flight(lab: &Lab, some: bool) {
    let there = lab.simulator.journal().until(PATIENCE, |journal| (journal.in_flight() > 0) == some).await;
    assert!(there, "in flight: {some}");
}

async fn call(bridge: &Bridge) -> Result<Answer, Fault> {
    bridge
        .call(
            "v3.get",
            json!({"target": {"collection": "clusters"}, "id": PROD}).to_string().as_bytes(),
            None,
        )
        .await
}

#[tokio::test]
async fn a_call_that_is_dropped_closes_its_connection() {
    let lab = Lab::start();
    lab.faults(&["GET /v3/clusters/* hang"]);
    let client = lab.client("admin-unscoped");
    let bridge = client.0.clone();
    let task = tokio::spawn(async move { call(&bridge).await });
    in_flight(&lab, true).await;
    task.abort();
    in_flight(&lab, false).await;
    assert!(lab.simulator.journal().entries()[0].abandoned);
    // closing ends it too, at once, and for good
    lab.forget();
    let bridge = client.0.clone();
    let task = tokio::spawn(async move { call(&bridge).await });
    in_flight(&lab, true).await;
    let start = Instant::now();
    client.0.close();
    let fault = task.await.unwrap().unwrap_err();
    assert_eq!(kind(&fault), "cancelled");
    assert!(start.elapsed() < Duration::from_secs(5));
    in_flight(&lab, false).await;
    assert_eq!(kind(&call(&client.0).await.unwrap_err()), "cancelled");
    assert_eq!(kind(&client.begin("v3.list", projects(json!({}))).unwrap_err()), "cancelled");
}

#[tokio::test]
async fn a_stream_that_is_stopped_while_somebody_waits() {
    let lab = Lab::start();
    for close in [false, true] {
        lab.forget();
        lab.faults(&["GET /v3/projects* hang"]);
        let client = lab.client("admin-unscoped");
        let stream = Arc::new(client.begin("v3.list", projects(json!({}))).unwrap());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let stream = Arc::clone(&stream);
                tokio::spawn(async move { stream.next(None).await })
            })
            .collect();
        in_flight(&lab, true).await;
        if close {
            client.0.close()
        } else {
            stream.stop()
        }
        for one in waiting {
            assert_eq!(kind(&one.await.unwrap().unwrap_err()), "cancelled");
        }
        in_flight(&lab, false).await;
        assert_eq!(kind(&stream.next(None).await.unwrap_err()), "cancelled");
    }
}

/// The page after the one that was taken is on its way while nobody waits for it.
#[tokio::test]
async fn what_was_asked_for_ahead_goes_with_its_stream() {
    let lab = Lab::start();
    for end in ["drop", "stop", "close", "drop elsewhere", "close elsewhere"] {
        lab.forget();
        lab.faults(&["GET /v3/projects* hang after=1"]);
        let client = lab.client("admin-unscoped");
        let stream = client.begin("v3.list", projects(json!({"page_size": 1}))).unwrap();
        assert!(stream.next(None).await.unwrap().is_some());
        in_flight(&lab, true).await;
        match end {
            "drop" => drop(stream),
            "stop" => stream.stop(),
            // a thread of the shell's, which no runtime knows
            "drop elsewhere" => std::thread::spawn(move || drop(stream)).join().unwrap(),
            "close elsewhere" => {
                let bridge = client.0.clone();
                std::thread::spawn(move || bridge.close()).join().unwrap();
            }
            _ => client.0.close(),
        }
        in_flight(&lab, false).await;
    }
}

#[tokio::test]
async fn a_step_that_was_dropped_leaves_no_gap_that_nobody_sees() {
    let lab = Lab::start();
    lab.faults(&["GET /v3/projects* hang after=1 times=1"]);
    let client = lab.client("admin-unscoped");
    let stream = client.begin("v3.list", projects(json!({"page_size": 1}))).unwrap();
    assert!(stream.next(None).await.unwrap().is_some());
    let dropped = tokio::time::timeout(Duration::from_millis(200), stream.next(None)).await;
    assert!(dropped.is_err());
    in_flight(&lab, false).await;
    let fault = stream.next(None).await.unwrap_err();
    assert_eq!(kind(&fault), "cancelled");
    assert!(fault.to_string().contains("anew"), "{fault}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_tasks_share_a_stream() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let all = client.list("v3.list", projects(json!({}))).await.unwrap().len();
    let stream = Arc::new(client.begin("v3.list", projects(json!({"page_size": 1}))).unwrap());
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let stream = Arc::clone(&stream);
            tokio::spawn(async move {
                let mut seen = Vec::new();
                while let Some(page) = stream.next(None).await? {
                    seen.extend(objects(&page).into_iter().map(|it| it["id"].to_string()));
                }
                Ok::<_, Fault>(seen)
            })
        })
        .collect();
    let mut seen = Vec::new();
    for task in tasks {
        seen.extend(tokio::time::timeout(PATIENCE, task).await.unwrap().unwrap().unwrap());
    }
    let taken = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!((taken, seen.len()), (all, all));
}

#[tokio::test]
async fn an_edit_takes_turns() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let id = client.list("v3.list", projects(json!({"cluster": PROD}))).await.unwrap()[0]["id"].clone();
    let begin = || client.begin("v3.update_with", projects(json!({"id": id}))).unwrap();
    // an answer before the question, and a question without an answer
    let edit = begin();
    assert_eq!(kind(&edit.next(Some("{}".into())).await.unwrap_err()), "invalid");
    let edit = begin();
    edit.next(None).await.unwrap();
    assert_eq!(kind(&edit.next(None).await.unwrap_err()), "invalid");
    assert!(edit.next(None).await.unwrap().is_none());
    let edit = begin();
    edit.next(None).await.unwrap();
    let fault = edit.next(Some("[]".into())).await.unwrap_err();
    assert_eq!(kind(&fault), "invalid", "{fault}");
}

#[tokio::test]
async fn the_time_of_a_page_is_not_the_callers() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let pages = client.begin("v3.list", projects(json!({"page_size": 1, "timeout": 2}))).unwrap();
    assert!(pages.next(None).await.unwrap().is_some());
    // whoever works on a page for longer than a page may take gets the next one all the same
    tokio::time::sleep(Duration::from_millis(2_300)).await;
    assert!(pages.next(None).await.unwrap().is_some());
    assert!(pages.next(None).await.unwrap().is_some());
}

/// A client that is closed keeps no connection, though somebody still holds it.
#[tokio::test(flavor = "multi_thread")]
async fn closing_closes_connections_that_are_idle() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = json!({"url": url, "token": "token-abc12:secret", "allow_http": true});
    let bridge = Bridge::open(options.to_string().as_bytes()).unwrap();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        connection.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = [0; 4096];
        assert!(connection.read(&mut request).unwrap() > 0);
        let body = r#"{"Version":"v2.16.0"}"#;
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
        // whether it is closed, and when
        (connection.read(&mut request), Instant::now())
    });
    bridge.call("version", b"{}", None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let closed = Instant::now();
    bridge.close();
    let (read, ended) = server.join().unwrap();
    assert_eq!(read.unwrap(), 0);
    assert!(ended >= closed && ended - closed < Duration::from_secs(5));
    drop(bridge);
}
