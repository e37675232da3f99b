//! Serving: protocols, compression, prefix, clock, delays, start and stop.

use crate::client::{A_WHILE, Raw, SOON, echo, plain, reqwest, text};
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rancher_simulator::{Request, Running, Server, ServerOptions, StartError};
use serde_json::json;
use std::io::Read;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;

fn start(options: ServerOptions) -> Running {
    Server::start(options, echo).unwrap()
}

#[tokio::test]
async fn https_with_its_own_authority_speaks_http_1_1_even_when_offered_2() {
    let running = start(ServerOptions::default());
    assert_eq!(running.url(), format!("https://{}", running.addr()));
    let target = "/v3/projects/c-prod1%3Ap-abcde?limit=1&x=%20";
    let answer = reqwest(&running).get(format!("{}{target}", running.url())).send().await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_11);
    assert_eq!(answer.headers()["x-api-cattle-auth"], "true");
    assert_eq!(answer.headers()["content-length"], format!("GET {target}").len().to_string());
    assert!(answer.headers()["date"].to_str().unwrap().ends_with(" GMT"));
    assert_eq!(answer.text().await.unwrap(), format!("GET {target}"));
    assert!(running.journal().connections()[0].tls);
}

#[tokio::test]
async fn http_2_is_spoken_when_it_is_offered() {
    let running = start(ServerOptions { http2: true, ..ServerOptions::default() });
    let client = reqwest(&running);
    for _ in 0..2 {
        let answer = client.get(format!("{}/ping", running.url())).send().await.unwrap();
        assert_eq!(answer.version(), http::Version::HTTP_2);
        assert_eq!(answer.text().await.unwrap(), "GET /ping");
    }
    let entries = running.journal().entries();
    assert_eq!(entries[1].http, "HTTP/2.0");
    assert_eq!(entries[1].host.as_deref(), Some(running.addr().to_string().as_str()));
    assert_eq!(entries.iter().map(|entry| entry.connection).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn a_connection_serves_many_requests() {
    let running = start(plain());
    let mut raw = Raw::connect(&running).await;
    for n in 0..3 {
        assert_eq!(raw.get(&format!("/ping?{n}")).await.text(), format!("GET /ping?{n}"));
    }
    // two at once on one connection are answered in their order
    raw.write(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\nGET /b HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!((raw.answer().await.text(), raw.answer().await.text()), ("GET /a", "GET /b"));
    let connections = running.journal().connections();
    assert_eq!((connections.len(), connections[0].requests, connections[0].tls), (1, 5, false));
}

#[tokio::test]
async fn a_head_has_a_length_and_no_body_and_odd_targets_arrive_as_they_are() {
    let running = start(plain());
    let mut raw = Raw::connect(&running).await;
    raw.send("HEAD /ping", &[]).await;
    assert_eq!(raw.head().await.length(), "HEAD /ping".len());
    assert_eq!(raw.get("//v3//?a=b?c").await.text(), "GET //v3//?a=b?c");
    raw.send("OPTIONS *", &[]).await;
    assert_eq!(raw.answer().await.text(), "OPTIONS *");
}

#[tokio::test]
async fn rancher_s_answers_are_compressed_on_request_and_the_proxy_s_are_not() {
    let answer = |_: &Request, _: Timestamp| text(200, "x".repeat(10_000));
    let running = Server::start(plain(), answer).unwrap();
    let mut raw = Raw::connect(&running).await;
    for (path, headers, compressed) in [
        ("/v3/clusters", &["accept-encoding: gzip"][..], true),
        ("/v1/pods?x", &["accept-encoding: deflate, gzip"][..], true),
        ("/v3/clusters", &[][..], false),
        ("/k8s/clusters/c-prod1/api/v1/pods", &["accept-encoding: gzip"][..], false),
    ] {
        raw.send(&format!("GET {path}"), headers).await;
        let answer = raw.answer().await;
        assert_eq!(
            answer.headers.get("content-encoding").is_some_and(|it| it == "gzip"),
            compressed,
            "{path}"
        );
        let mut plain = Vec::new();
        match compressed {
            true => flate2::read::GzDecoder::new(&answer.body[..]).read_to_end(&mut plain).unwrap(),
            false => (&answer.body[..]).read_to_end(&mut plain).unwrap(),
        };
        assert!(plain == [b'x'; 10_000] && compressed == (answer.length() < 10_000));
    }
    let running = Server::start(ServerOptions { gzip: false, ..plain() }, answer).unwrap();
    let mut raw = Raw::connect(&running).await;
    raw.send("GET /v3/clusters", &["accept-encoding: gzip"]).await;
    assert_eq!(raw.answer().await.length(), 10_000);
}

#[tokio::test]
async fn behind_a_prefix_the_rest_of_the_host_is_an_ingress() {
    let options = ServerOptions { prefix: "/rancher".parse().unwrap(), ..plain() };
    let running = start(options);
    assert_eq!(running.url(), format!("http://{}/rancher", running.addr()));
    let mut raw = Raw::connect(&running).await;
    assert_eq!(raw.get("/rancher/v3/clusters?limit=1").await.text(), "GET /v3/clusters?limit=1");
    let outside = raw.get("/v3/clusters").await;
    assert_eq!((outside.status, outside.headers["content-type"].as_str()), (404, "text/html"));
    assert!(outside.text().contains("nginx") && !outside.headers.contains_key("x-api-cattle-auth"));
    let entries = running.journal().entries();
    assert_eq!(
        (entries[0].target.as_str(), entries[0].path.as_str()),
        ("/rancher/v3/clusters?limit=1", "/v3/clusters")
    );
    assert_eq!(entries[1].status, Some(404));
}

#[tokio::test]
async fn an_old_server_does_not_send_its_header() {
    let running = start(ServerOptions { header_off: true, ..plain() });
    let answer = Raw::connect(&running).await.get("/v3").await;
    assert!(!answer.headers.contains_key("x-api-cattle-auth"));
}

#[tokio::test]
async fn the_server_s_clock_is_in_its_date_and_in_its_world() {
    let ahead = SignedDuration::from_hours(24 * 365);
    let running =
        Server::start(ServerOptions { clock_ahead: ahead, ..plain() }, |_: &Request, now: Timestamp| {
            text(200, now.to_string())
        })
        .unwrap();
    let answer = Raw::connect(&running).await.get("/").await;
    let world: Timestamp = answer.text().parse().unwrap();
    let date = jiff::fmt::rfc2822::parse(&answer.headers["date"]).unwrap().timestamp();
    for time in [world, date] {
        let off = time.duration_since(Timestamp::now() + ahead);
        assert!(off.abs() < SignedDuration::from_secs(10), "{time}");
    }
}

#[tokio::test]
async fn delays_are_scaled_and_run_side_by_side() {
    let slow = |_: &Request, _: Timestamp| {
        let mut answer = text(200, "slow");
        answer.delay = Duration::from_secs(30);
        answer
    };
    let running = Server::start(ServerOptions { delay_scale: 0.01, ..plain() }, slow).unwrap();
    let client = reqwest(&running);
    let start = Instant::now();
    let all = (0..20).map(|_| client.get(running.url()).send());
    assert!(join_all(all).await.into_iter().all(|answer| answer.is_ok()));
    let took = start.elapsed();
    // one after the other they would take six seconds
    assert!(took >= Duration::from_millis(300) && took < Duration::from_secs(3), "{took:?}");
}

#[tokio::test]
async fn a_client_that_hangs_up_cancels_its_wait_and_nobody_else_s() {
    let mut calls = 0;
    let running = Server::start(plain(), move |request: &Request, _: Timestamp| {
        calls += 1;
        let mut answer = text(200, calls.to_string());
        if request.target == "/slow" {
            answer.delay = Duration::from_secs(3600);
        }
        answer
    })
    .unwrap();
    let mut slow = Raw::connect(&running).await;
    slow.send("GET /slow", &[]).await;
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 1).await);
    assert!(slow.is_silent().await);
    assert_eq!(Raw::connect(&running).await.get("/fast").await.text(), "2");
    drop(slow);
    assert!(
        running
            .journal()
            .until(SOON, |journal| journal.in_flight() == 0 && journal.open_connections() == 0)
            .await
    );
    let entry = &running.journal().entries()[0];
    assert!(entry.abandoned && entry.status.is_none(), "{entry:?}");
}

#[tokio::test]
async fn a_world_that_panics_once_is_asked_again() {
    let running = Server::start(plain(), |request: &Request, _: Timestamp| {
        assert_ne!(request.target, "/broken", "as the test wants it");
        text(200, "fine")
    })
    .unwrap();
    let mut raw = Raw::connect(&running).await;
    raw.send("GET /broken", &[]).await;
    assert_eq!(raw.rest().await.0, b"");
    assert_eq!(Raw::connect(&running).await.get("/").await.text(), "fine");
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 0).await);
}

#[tokio::test]
async fn the_journal_tells_requests_apart_and_keeps_no_secret() {
    let running = start(ServerOptions::default());
    let client = reqwest(&running);
    for body in ["one", "two", "one"] {
        let request = client
            .post(format!("{}/v3/tokens?action=logout&token=verysecret", running.url()))
            .bearer_auth("token-abcde:verysecret")
            .header("user-agent", "tests/1.0")
            .header("accept", "application/json")
            .body(body);
        request.send().await.unwrap();
    }
    let journal = running.journal();
    assert_eq!(journal.count("POST", "/v3/tokens").unwrap(), 3);
    assert_eq!(journal.repeated("POST").len(), 1);
    let listed = serde_json::to_value(journal.entries()).unwrap();
    assert!(!listed.to_string().contains("verysecret"));
    assert_eq!(
        listed[0],
        json!({
            "n": 1, "method": "POST", "target": "/v3/tokens?action=logout&token=<redacted>", "status": 200,
            "fault": null, "abandoned": false, "connection": 1, "http": "HTTP/1.1",
            "host": running.addr().to_string(), "user_agent": "tests/1.0", "has_authorization": true,
            "accept": "application/json", "body_bytes": 3,
        })
    );
}

#[tokio::test]
async fn an_upload_that_breaks_off_never_reaches_the_world() {
    let running = start(plain());
    let mut raw = Raw::connect(&running).await;
    raw.send("POST /v3/tokens", &["content-length: 100"]).await;
    raw.write(b"half").await;
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 1).await);
    drop(raw);
    assert!(running.journal().until(SOON, |journal| journal.in_flight() == 0).await);
    let entry = &running.journal().entries()[0];
    assert_eq!((entry.abandoned, entry.status, entry.body_bytes), (true, None, 0));
}

#[tokio::test]
async fn hundreds_of_connections_at_once_are_served() {
    let running = start(plain());
    let all = (0..300).map(|_| async { Raw::connect(&running).await.get("/ping").await.status });
    assert_eq!(join_all(all).await, [200; 300]);
    assert_eq!(running.journal().count("GET", "/ping").unwrap(), 300);
    assert_eq!(running.journal().connections().len(), 300);
}

#[tokio::test]
async fn stopping_closes_the_port_and_every_connection() {
    let running = start(plain());
    let (addr, journal) = (running.addr(), running.journal().clone());
    let mut raw = Raw::connect(&running).await;
    raw.get("/ping").await;
    running.stop().await;
    assert_eq!(raw.rest().await.0, b"");
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(journal.open_connections(), 0);
    // the port is free at once
    start(ServerOptions { listen: addr, ..plain() });
}

#[tokio::test]
async fn dropping_closes_the_port_and_every_connection() {
    let running = start(plain());
    let (addr, journal) = (running.addr(), running.journal().clone());
    let mut raw = Raw::connect(&running).await;
    raw.get("/ping").await;
    drop(running);
    assert_eq!(raw.rest().await.0, b"");
    assert!(journal.until(SOON, |journal| journal.open_connections() == 0).await);
    assert!(TcpStream::connect(addr).await.is_err());
}

#[tokio::test]
async fn options_that_make_no_sense_are_refused() {
    let listen: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let refused = |options| Server::start(options, echo).unwrap_err();
    let error = refused(ServerOptions { listen, ..plain() });
    assert!(matches!(error, StartError::NotLoopback(_)) && error.to_string().contains("127.0.0.1"));
    for delay_scale in [-1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(refused(ServerOptions { delay_scale, ..plain() }), StartError::DelayScale(_)));
    }
    let running = start(plain());
    let error = refused(ServerOptions { listen: running.addr(), ..plain() });
    assert!(
        matches!(error, StartError::Listen { .. }) && error.to_string().contains(&running.addr().to_string())
    );
}

#[test]
fn without_a_runtime_it_says_what_is_missing() {
    let error = Server::start(plain(), echo).unwrap_err();
    assert!(matches!(error, StartError::NoRuntime) && error.to_string().contains("tokio::test"));
}

#[tokio::test]
async fn nothing_comes_where_nobody_asks() {
    let (asked, other) = (start(plain()), start(plain()));
    Raw::connect(&asked).await.get("/ping").await;
    assert!(!other.journal().until(A_WHILE, |journal| !journal.connections().is_empty()).await);
    assert!(other.journal().is_empty() && asked.journal().len() == 1);
}
