//! Each fault as a client sees it over HTTP/1.1, on a connection that served a request before.

use crate::client::{A_WHILE, Raw, SOON, echo, faulty, io_kind, plain, reqwest, soon, text};
use http::StatusCode;
use jiff::Timestamp;
use rancher_simulator::{Request, Running, Server, ServerOptions};
use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// A connection that has already served a request, over TLS or without.
async fn warm(running: &Running) -> Raw {
    let mut raw = Raw::connect(running).await;
    assert_eq!(raw.get("/ping").await.text(), "GET /ping");
    raw
}

/// The same faults, without TLS and with it.
fn both(rules: &[&str]) -> [Running; 2] {
    let faults: Vec<_> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    [
        ServerOptions { faults: faults.clone(), ..plain() },
        ServerOptions { faults, ..ServerOptions::default() },
    ]
    .map(|options| Server::start(options, echo).unwrap())
}

#[tokio::test]
async fn delay_makes_the_answer_late() {
    let running = faulty(&["GET /a delay:200"]);
    let mut raw = warm(&running).await;
    let start = Instant::now();
    assert_eq!(raw.get("/a").await.text(), "GET /a");
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert_eq!(running.journal().entries()[1].fault.as_deref(), Some("delay:200"));
}

#[tokio::test]
async fn hang_never_answers_and_notices_when_the_client_leaves() {
    for running in both(&["GET /a hang"]) {
        let mut raw = warm(&running).await;
        raw.send("GET /a", &[]).await;
        assert!(raw.is_silent().await);
        assert_eq!(running.journal().in_flight(), 1);
        drop(raw);
        assert!(running.journal().until(SOON, |journal| journal.open_connections() == 0).await);
        let entry = &running.journal().entries()[1];
        assert!(entry.abandoned && entry.fault.as_deref() == Some("hang") && entry.status.is_none());
    }
}

#[tokio::test]
async fn reset_is_an_rst_before_any_byte() {
    for running in both(&["GET /a reset"]) {
        let mut raw = warm(&running).await;
        raw.send("GET /a", &[]).await;
        assert_eq!(raw.rest().await, (vec![], Some(ErrorKind::ConnectionReset)));
        assert!(running.journal().until(SOON, |journal| journal.open_connections() == 0).await);
        let entry = &running.journal().entries()[1];
        assert_eq!((entry.fault.as_deref(), entry.status, entry.abandoned), (Some("reset"), None, false));
        assert_eq!(running.journal().connections()[0].end.as_deref(), Some("fault: reset"));
    }
    let running = faulty(&["POST /** reset"]);
    let error = reqwest(&running).post(running.url()).body("x").send().await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionReset), "{error:?}");
    assert_eq!(running.journal().count("POST", "/").unwrap(), 1);
}

#[tokio::test]
async fn close_is_a_clean_end_before_any_byte() {
    for running in both(&["GET /a close"]) {
        let mut raw = warm(&running).await;
        raw.send("GET /a", &[]).await;
        // rustls reports an end without close_notify as an error
        assert_eq!(raw.rest().await, (vec![], None));
    }
}

#[tokio::test]
async fn close_is_clean_even_when_the_client_is_still_sending() {
    let running = faulty(&["GET /a close"]);
    let mut raw = warm(&running).await;
    raw.write(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(raw.rest().await, (vec![], None));
    assert_eq!(running.journal().count("GET", "/b").unwrap(), 0);
}

#[tokio::test]
async fn cut_sends_less_than_it_promised() {
    for running in both(&["GET /a* cut:3"]) {
        let mut raw = warm(&running).await;
        raw.send("GET /abc", &[]).await;
        let head = raw.head().await;
        assert_eq!((head.status, head.length()), (200, "GET /abc".len()));
        assert_eq!(raw.rest().await, (b"GET".to_vec(), None));
        let entry = &running.journal().entries()[1];
        assert_eq!((entry.fault.as_deref(), entry.status), (Some("cut:3"), Some(200)));

        let answer = reqwest(&running).get(format!("{}/abc", running.url())).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.is_err());
    }
}

#[tokio::test]
async fn cut_takes_nothing_or_more_than_there_is() {
    let running = faulty(&["GET /none cut:0", "GET /all cut:1000"]);
    let mut raw = warm(&running).await;
    raw.send("GET /none", &[]).await;
    assert_eq!(raw.head().await.length(), "GET /none".len());
    assert_eq!(raw.rest().await, (vec![], None));
    let mut raw = warm(&running).await;
    assert_eq!(raw.get("/all").await.text(), "GET /all");
    assert_eq!(raw.rest().await, (vec![], None));
}

#[tokio::test]
async fn length_lies_upwards_and_downwards() {
    for running in both(&["GET /more length:1000", "GET /less length:4"]) {
        let mut raw = warm(&running).await;
        raw.send("GET /more", &[]).await;
        assert_eq!(raw.head().await.length(), 1000);
        assert_eq!(raw.rest().await, (b"GET /more".to_vec(), None));

        let mut raw = warm(&running).await;
        raw.send("GET /less", &[]).await;
        assert_eq!(raw.answer().await.text(), "GET ");
        assert_eq!(raw.rest().await, (b"/less".to_vec(), None));

        let client = reqwest(&running);
        let answer = client.get(format!("{}/more", running.url())).send().await.unwrap();
        assert!(answer.text().await.is_err());
        let answer = client.get(format!("{}/less", running.url())).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), "GET ");
    }
}

#[tokio::test]
async fn status_answers_in_the_server_s_place() {
    let running = faulty(&["* /a status:503", "* /b status:204"]);
    let mut raw = warm(&running).await;
    let answer = raw.get("/a").await;
    let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(
        (answer.status, body["status"].as_u64(), body["type"].as_str()),
        (503, Some(503), Some("error"))
    );
    assert_eq!(body["code"], "ServiceUnavailable");
    assert!(!answer.headers.contains_key("x-api-cattle-auth"));
    raw.send("GET /b", &[]).await;
    let head = raw.head().await;
    assert_eq!((head.status, head.headers.contains_key("content-length")), (204, false));
    // the connection lives on
    assert_eq!(raw.get("/c").await.text(), "GET /c");
    assert_eq!(running.journal().entries()[1].status, Some(503));
}

#[tokio::test]
async fn too_many_requests_with_and_without_a_time() {
    let running = faulty(&["* /a 429", "* /b 429:7"]);
    let mut raw = warm(&running).await;
    let (without, with) = (raw.get("/a").await, raw.get("/b").await);
    assert_eq!((without.status, without.headers.get("retry-after")), (429, None));
    assert_eq!((with.status, with.headers["retry-after"].as_str()), (429, "7"));
}

#[tokio::test]
async fn html502_is_the_page_of_an_ingress() {
    let running = faulty(&["GET /a html502"]);
    let answer = warm(&running).await.get("/a").await;
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (502, "text/html"));
    assert!(answer.text().contains("<h1>502 Bad Gateway</h1>"));
}

#[tokio::test]
async fn drip_sends_the_head_at_once_and_the_body_slowly() {
    for running in both(&["GET /a drip:20/s"]) {
        let mut raw = warm(&running).await;
        let start = Instant::now();
        raw.send("GET /a", &[]).await;
        let head = raw.head().await;
        let headers_after = start.elapsed();
        assert_eq!(head.length(), 6);
        raw.send("GET /b", &[]).await;
        let mut body = vec![0; 6];
        raw.read_exact(&mut body).await;
        let took = start.elapsed();
        assert_eq!(body, b"GET /a");
        assert!(headers_after < Duration::from_millis(250), "{headers_after:?}");
        assert!(took >= Duration::from_millis(280), "{took:?}");
        assert_eq!(raw.answer().await.text(), "GET /b");
    }
}

#[tokio::test]
async fn a_client_that_leaves_a_dripping_body_is_noticed() {
    let running = faulty(&["GET /a drip:1/s"]);
    let mut raw = warm(&running).await;
    raw.send("GET /a", &[]).await;
    raw.head().await;
    assert_eq!(running.journal().in_flight(), 1);
    drop(raw);
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 0).await);
    assert!(running.journal().entries()[1].abandoned);
}

#[tokio::test]
async fn a_fault_that_loses_the_answer_still_lets_the_world_act_and_one_that_replaces_it_does_not() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let faults = [
        "* /reset reset",
        "* /close close",
        "* /cut cut:0",
        "* /busy 429",
        "* /bad html502",
        "* /no status:500",
    ];
    let options = ServerOptions { faults: faults.map(|rule| rule.parse().unwrap()).into(), ..plain() };
    let running = Server::start(options, move |_: &Request, _: Timestamp| {
        counter.fetch_add(1, Ordering::Relaxed);
        text(201, "done")
    })
    .unwrap();
    for (path, count) in
        [("/reset", 1), ("/close", 2), ("/cut", 3), ("/busy", 3), ("/bad", 3), ("/no", 3), ("/ok", 4)]
    {
        let mut raw = Raw::connect(&running).await;
        raw.send(&format!("POST {path}"), &["content-length: 0", "connection: close"]).await;
        raw.rest().await;
        assert_eq!(asked.load(Ordering::Relaxed), count, "{path}");
    }
}

#[tokio::test]
async fn only_what_matches_is_hit_and_only_so_often() {
    let running = faulty(&["POST /v3/clusters/* 429:1 after=1 times=2"]);
    let client = reqwest(&running);
    let mut statuses = Vec::new();
    for _ in 0..4 {
        let url = format!("{}/v3/clusters/c-prod1?action=x", running.url());
        assert_eq!(client.get(&url).send().await.unwrap().status(), StatusCode::OK);
        statuses.push(client.post(&url).send().await.unwrap().status().as_u16());
    }
    assert_eq!(statuses, [200, 429, 429, 200]);
    let counts = running.faults().counts();
    assert_eq!((counts[0].seen, counts[0].fired), (4, 2));
}

#[tokio::test]
async fn behind_a_prefix_rules_read_as_without_it() {
    let faults = vec!["GET /v3/clusters status:500".parse().unwrap()];
    let options = ServerOptions { faults, prefix: "/rancher".parse().unwrap(), ..plain() };
    let running = Server::start(options, echo).unwrap();
    let mut raw = Raw::connect(&running).await;
    assert_eq!(raw.get("/rancher/v3/clusters").await.status, 500);
    assert_eq!(raw.get("/rancher/v3/projects").await.status, 200);
}

#[tokio::test]
async fn a_fault_ends_its_own_connection_only() {
    let running = faulty(&["GET /a reset", "GET /slow delay:100"]);
    let (mut first, mut second) = (warm(&running).await, warm(&running).await);
    second.send("GET /slow", &[]).await;
    first.send("GET /a", &[]).await;
    assert_eq!(first.rest().await.1, Some(ErrorKind::ConnectionReset));
    assert_eq!(second.answer().await.text(), "GET /slow");
    assert_eq!(running.journal().open_connections(), 1);
}

#[tokio::test]
async fn a_refused_connection_needs_no_fault() {
    let running = faulty(&[]);
    let (client, url) = (reqwest(&running), running.url().to_owned());
    running.stop().await;
    let error = soon(client.get(url).send()).await.unwrap_err();
    assert_eq!(io_kind(&error), Some(ErrorKind::ConnectionRefused));
}

#[tokio::test]
async fn faults_change_while_it_runs_even_for_a_request_that_waits() {
    let running = faulty(&["GET /a hang times=1"]);
    let mut hanging = warm(&running).await;
    hanging.send("GET /a", &[]).await;
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 1).await);
    running.faults().set(vec!["GET /a html502".parse().unwrap()]);
    assert_eq!(Raw::connect(&running).await.get("/a").await.status, 502);
    running.faults().clear();
    assert_eq!(Raw::connect(&running).await.get("/a").await.status, 200);
    assert!(!running.journal().until(A_WHILE, |journal| journal.in_flight() == 0).await);
}
