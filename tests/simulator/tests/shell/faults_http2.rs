//! Faults over HTTP/2, where one connection carries many requests.

use crate::client::{SOON, echo, io_kind, reqwest, text};
use http::{StatusCode, Version};
use jiff::Timestamp;
use rancher_simulator::{Request, Running, Server, ServerOptions};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

fn faulty(rules: &[&str]) -> Running {
    let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    Server::start(ServerOptions { faults, http2: true, ..ServerOptions::default() }, echo).unwrap()
}

async fn get(running: &Running, client: &reqwest::Client, path: &str) -> reqwest::Result<reqwest::Response> {
    let answer = client.get(format!("{}{path}", running.url())).send().await?;
    assert_eq!(answer.version(), Version::HTTP_2);
    Ok(answer)
}

#[tokio::test]
async fn answers_in_the_server_s_place_leave_the_connection_alone() {
    let running = faulty(&["* /busy 429:3", "* /bad html502", "* /slow delay:100"]);
    let client = reqwest(&running);
    let busy = get(&running, &client, "/busy").await.unwrap();
    assert_eq!(
        (busy.status(), &busy.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"3".parse().unwrap())
    );
    assert_eq!(get(&running, &client, "/bad").await.unwrap().status(), StatusCode::BAD_GATEWAY);
    assert_eq!(get(&running, &client, "/slow").await.unwrap().text().await.unwrap(), "GET /slow");
    assert_eq!(running.journal().connections().len(), 1);
}

#[tokio::test]
async fn reset_and_close_end_the_whole_connection() {
    let running = faulty(&["* /reset reset", "* /close close"]);
    let client = reqwest(&running);
    get(&running, &client, "/ping").await.unwrap();
    let error = get(&running, &client, "/reset").await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    get(&running, &client, "/ping").await.unwrap();
    let error = get(&running, &client, "/close").await.unwrap_err();
    assert_ne!(io_kind(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    assert!(running.journal().until(SOON, |journal| journal.open_connections() == 0).await);
    let ends: Vec<_> = running.journal().connections().into_iter().map(|connection| connection.end).collect();
    assert_eq!(ends, [Some("fault: reset".to_owned()), Some("fault: close".to_owned())]);
}

#[tokio::test]
async fn cut_sends_the_first_bytes_and_then_nothing() {
    let running = faulty(&["* /abc cut:3", "* /none cut:0", "* /all cut:100"]);
    for (path, bytes) in [("/abc", &b"GET"[..]), ("/none", b""), ("/all", b"GET /all")] {
        let mut answer = get(&running, &reqwest(&running), path).await.unwrap();
        assert_eq!(answer.headers()["content-length"], (4 + path.len()).to_string());
        let mut read = Vec::new();
        let error = loop {
            match answer.chunk().await {
                Ok(Some(chunk)) => read.extend_from_slice(&chunk),
                Ok(None) => break None,
                Err(error) => break Some(error),
            }
        };
        assert_eq!(read, bytes, "{path}");
        assert!(error.is_some(), "{path}: the body ended as if it were whole");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_is_exact_beyond_one_window() {
    let faults = vec!["* /** cut:3000000".parse().unwrap()];
    let options = ServerOptions { faults, http2: true, ..ServerOptions::default() };
    let large = |_: &Request, _: Timestamp| text(200, vec![b'x'; 5_000_000]);
    let running = Server::start(options, large).unwrap();
    let mut answer = get(&running, &reqwest(&running), "/").await.unwrap();
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
    }
    assert_eq!(read, 3_000_000);
}

#[tokio::test]
async fn length_lies_and_the_client_notices() {
    let running = faulty(&["* /more length:1000", "* /less length:4"]);
    for (path, claim) in [("/more", "1000"), ("/less", "4")] {
        let answer = match get(&running, &reqwest(&running), path).await {
            Ok(answer) => answer,
            // a client may see the lie before it hands out the head
            Err(error) => panic!("{path}: {error:?}"),
        };
        assert_eq!(answer.headers()["content-length"], claim);
        assert!(answer.bytes().await.is_err(), "{path}");
    }
}

#[tokio::test]
async fn drip_and_hang_hold_up_one_request_only() {
    let running = faulty(&["* /hang hang", "* /drip drip:20/s"]);
    let client = reqwest(&running);
    get(&running, &client, "/ping").await.unwrap();
    let hanging = tokio::spawn({
        let request = client.get(format!("{}/hang", running.url()));
        async move { request.send().await.map(drop) }
    });
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 1).await);
    let start = Instant::now();
    let body = get(&running, &client, "/drip").await.unwrap().text().await.unwrap();
    assert_eq!(body, "GET /drip");
    assert!(start.elapsed() >= Duration::from_millis(400));
    assert_eq!(running.journal().in_flight(), 1);
    hanging.abort();
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 0).await);
    assert!(running.journal().entries()[1].abandoned);
    assert_eq!(running.journal().open_connections(), 1);
}
