//! TLS that is right, wrong, or never happens.

use crate::client::{A_WHILE, Raw, SOON, echo, handshake, soon};
use jiff::{SignedDuration, Timestamp};
use rancher_simulator::{CertificateOptions, Issuer, Running, Server, ServerOptions, Tls};
use rustls::CertificateError;
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

fn start(certificate: CertificateOptions, rules: &[&str]) -> Running {
    let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    Server::start(ServerOptions { tls: Tls::On(certificate), faults, ..ServerOptions::default() }, echo)
        .unwrap()
}

/// Why a client that trusts the server's authority refuses its certificate.
async fn refusal(certificate: CertificateOptions) -> CertificateError {
    let running = start(certificate, &[]);
    let tcp = TcpStream::connect(running.addr()).await.unwrap();
    let error = handshake(&running, tcp).await.unwrap_err();
    let refused = running.journal().until(SOON, |journal| journal.open_connections() == 0).await;
    let connection = &running.journal().connections()[0];
    assert!(refused && !connection.tls && connection.end.as_ref().unwrap().contains("TLS handshake"));
    assert!(running.journal().is_empty());
    match error.get_ref().unwrap().downcast_ref::<rustls::Error>().unwrap() {
        rustls::Error::InvalidCertificate(error) => error.clone(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_certificate_can_be_wrong_in_each_way() {
    let hour = SignedDuration::from_hours(1);
    let default = CertificateOptions::default;
    let expired = refusal(CertificateOptions { not_after: Some(Timestamp::now() - hour), ..default() }).await;
    assert!(matches!(expired, CertificateError::ExpiredContext { .. }), "{expired:?}");
    let early = refusal(CertificateOptions { not_before: Some(Timestamp::now() + hour), ..default() }).await;
    assert!(matches!(early, CertificateError::NotValidYetContext { .. }), "{early:?}");
    let names = vec!["rancher.example.com".to_owned()];
    let other = refusal(CertificateOptions { names, ..default() }).await;
    assert!(matches!(other, CertificateError::NotValidForNameContext { .. }), "{other:?}");
    let unknown = refusal(CertificateOptions { issuer: Issuer::SelfSigned, ..default() }).await;
    assert_eq!(unknown, CertificateError::UnknownIssuer);
}

#[tokio::test]
async fn each_start_has_an_authority_of_its_own() {
    let [first, second] = [(); 2].map(|()| start(CertificateOptions::default(), &[]));
    assert_ne!(first.ca_pem(), second.ca_pem());
    let tcp = TcpStream::connect(second.addr()).await.unwrap();
    assert!(handshake(&first, tcp).await.is_err());
    let tcp = TcpStream::connect(first.addr()).await.unwrap();
    let stream = handshake(&first, tcp).await.unwrap();
    let sent = stream.get_ref().1.peer_certificates().unwrap();
    assert_eq!(Some(&sent[0]), first.certificate());
    assert_eq!(sent.len(), 2);
}

#[tokio::test]
async fn close_before_the_handshake_ends_it() {
    let running = start(CertificateOptions::default(), &["* @connect close times=1"]);
    let tcp = TcpStream::connect(running.addr()).await.unwrap();
    assert_eq!(handshake(&running, tcp).await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(Raw::connect(&running).await.get("/a").await.text(), "GET /a");
    let connection = &running.journal().connections()[0];
    assert_eq!((connection.end.as_deref(), connection.requests), (Some("fault: close"), 0));
}

#[tokio::test]
async fn close_stays_clean_for_a_client_that_speaks_too_late() {
    let running = start(CertificateOptions::default(), &["* @connect close"]);
    let mut tcp = TcpStream::connect(running.addr()).await.unwrap();
    tokio::time::sleep(A_WHILE).await;
    // a socket that is gone would answer the first bytes with an RST, and the next write would fail
    for _ in 0..2 {
        tcp.write_all(b"too late").await.unwrap();
        tokio::time::sleep(A_WHILE).await;
    }
    assert_eq!(tcp.read(&mut [0; 8]).await.unwrap(), 0);
}

#[tokio::test]
async fn reset_before_the_handshake_is_an_rst() {
    let running = start(CertificateOptions::default(), &["* @connect reset"]);
    let mut tcp = TcpStream::connect(running.addr()).await.unwrap();
    assert_eq!(soon(tcp.read_u8()).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn hang_before_the_handshake_lasts_until_the_client_leaves() {
    let running = start(CertificateOptions::default(), &["* @connect hang"]);
    let tcp = TcpStream::connect(running.addr()).await.unwrap();
    assert!(tokio::time::timeout(A_WHILE, handshake(&running, tcp)).await.is_err());
    // the timeout has dropped the stream
    assert!(running.journal().until(SOON, |journal| journal.open_connections() == 0).await);
    assert_eq!(running.journal().connections()[0].end.as_deref(), Some("fault: hang"));
}

#[tokio::test]
async fn delay_before_the_handshake_makes_it_late() {
    let running = start(CertificateOptions::default(), &["* @connect delay:150"]);
    let beginning = Instant::now();
    let mut raw = Raw::connect(&running).await;
    assert!(beginning.elapsed() >= Duration::from_millis(150));
    assert_eq!(raw.get("/a").await.status, 200);
    assert_eq!(running.faults().counts()[0].fired, 1);
}

#[tokio::test]
async fn plain_http_on_the_tls_port_is_no_request() {
    let running = start(CertificateOptions::default(), &[]);
    let mut tcp = TcpStream::connect(running.addr()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // an alert, or the end; never an answer
    let _ = soon(tcp.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"));
    assert!(running.journal().until(SOON, |journal| journal.open_connections() == 0).await);
    assert!(running.journal().is_empty());
}
