use super::super::http::Http;
use super::super::http::server::{Answer, Authority, Chain, Server, Step, self_signed};
use super::super::mock::request;
use super::super::{Request, Response, Transport};
use super::report::{TlsProblem, fingerprint, hex};
use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::Cause;
use crate::wire::{ServerUrl, SystemClock};
use http::Method;
use std::time::{Duration, Instant};

const HERE: &[&str] = &["127.0.0.1", "localhost"];

fn client(url: &str, trust: Trust) -> Http {
    let mut config = Config::new(ServerUrl::parse(url, true).unwrap(), Credential::anonymous());
    config.trust = trust;
    Http::new(&config, Arc::new(SystemClock::new())).unwrap()
}

fn get() -> Request {
    request(Method::GET, "/rancherversion?x=CANARY")
}

/// Calls a server that shows `chain`.
async fn call(chain: Chain, trust: Trust) -> (Result<Response>, TlsReport) {
    let server = Server::tls(chain, |_, _| Answer::json(200, "{}")).await;
    let http = client(&server.url(), trust);
    assert_eq!(http.tls_report(), None);
    let answer = http.send(get()).await;
    if answer.is_err() {
        assert_eq!(
            server.heads(),
            Vec::<String>::new(),
            "something was sent to a server that is not trusted"
        );
    }
    (answer, http.tls_report().expect("a report"))
}

/// The error of a call that must fail with this problem.
async fn refused(chain: Chain, trust: Trust, problem: TlsProblem) -> (Error, TlsReport) {
    let (answer, report) = call(chain, trust).await;
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), report.problem), (ErrorKind::Tls, Some(problem)), "{error} {report:?}");
    assert!(!report.verified && report.trusted_by.is_none());
    assert!(error.because()[0].contains(&report.sha256), "{error:?}");
    assert!(error.nothing_sent() && !error.is_retryable());
    assert!(!format!("{error:?}{}", error.evidence()).contains("CANARY"));
    (error, report)
}

#[tokio::test]
async fn a_certificate_of_a_given_ca() {
    let ca = Authority::new("shop-ca");
    let chain = ca.issue(HERE);
    let print = hex(&fingerprint(&chain.certs[0]));
    let (answer, report) = call(chain, Trust::CaPem(ca.pem())).await;
    assert_eq!(answer.unwrap().status, 200);
    assert!(report.verified);
    assert_eq!((report.trusted_by, report.problem), (Some("ca_pem"), None));
    assert_eq!((&report.sha256, report.chain_sha256.len()), (&print, 1));
    assert_eq!(report.not_after.unwrap().to_string(), "2060-01-01T00:00:00Z");
    assert_eq!(report.not_before.unwrap().to_string(), "2020-01-01T00:00:00Z");
    assert_eq!(report.dns_names, HERE);
    assert!(report.issuer.contains("shop-ca") && report.subject.contains("rancher"), "{report:?}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!((&json["verified"], &json["not_after"]), (&true.into(), &"2060-01-01T00:00:00Z".into()));
}

#[tokio::test]
async fn a_chain_with_an_intermediate() {
    let root = Authority::new("root");
    let middle = root.intermediate("middle");
    let (answer, report) = call(middle.issue(HERE).showing(middle.der()), Trust::CaPem(root.pem())).await;
    assert!(answer.is_ok());
    assert_eq!(report.chain_sha256[1], hex(&fingerprint(middle.der())));
    // the server forgot its intermediate
    refused(middle.issue(HERE), Trust::CaPem(root.pem()), TlsProblem::UnknownIssuer).await;
}

#[tokio::test]
async fn a_ca_file_is_read_by_the_first_request() {
    let ca = Authority::new("shop-ca");
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ca.pem");
    let server = Server::tls(ca.issue(HERE), |_, _| Answer::json(200, "{}")).await;
    let http = client(&server.url(), Trust::CaFile(path.clone()));
    let error = http.send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.summary().contains("ca.pem"), "{error}");
    // mended while the client lives
    std::fs::write(&path, ca.pem()).unwrap();
    assert_eq!(http.send(get()).await.unwrap().status, 200);
    assert_eq!(http.tls_report().unwrap().trusted_by, Some("ca_file"));
}

#[tokio::test]
async fn an_expired_certificate() {
    let ca = Authority::new("shop-ca");
    let chain = ca.issue_for(HERE, 2001, 2002);
    let (error, _) = refused(chain, Trust::CaPem(ca.pem()), TlsProblem::Expired).await;
    assert!(error.summary().contains("expired on 2002-01-01T00:00:00Z"), "{error}");
    assert_eq!(error.causes(), [Cause::CertificateExpired]);
}

#[tokio::test]
async fn a_certificate_of_the_future() {
    let ca = Authority::new("shop-ca");
    let chain = ca.issue_for(HERE, 2090, 2091);
    let (error, _) = refused(chain, Trust::CaPem(ca.pem()), TlsProblem::NotYetValid).await;
    assert!(error.to_string().contains("2090-01-01") && error.advice().contains("clock"), "{error}");
}

#[tokio::test]
async fn a_certificate_for_another_host() {
    let ca = Authority::new("shop-ca");
    let chain = ca.issue(&["other.example.com", "*.apps.example.com"]);
    let (error, _) = refused(chain, Trust::CaPem(ca.pem()), TlsProblem::WrongHost).await;
    let words = "is for other.example.com, *.apps.example.com, not for 127.0.0.1";
    assert!(error.summary().contains(words), "{error}");
    assert_eq!(error.causes(), [Cause::CertificateWrongHost]);
}

#[tokio::test]
async fn an_unknown_issuer() {
    let ca = Authority::new("corporate-ca");
    for trust in [Trust::System, Trust::CaPem(Authority::new("some-other-ca").pem())] {
        let (error, report) = refused(ca.issue(HERE), trust, TlsProblem::UnknownIssuer).await;
        assert!(
            error.summary().contains("corporate-ca") && error.summary().contains(&report.sha256),
            "{error}"
        );
        assert!(error.advice().contains("RANCHER_CA_CERTS") && error.advice().contains("RANCHER_CA_BUNDLE"));
        assert_eq!(error.causes(), [Cause::CertificateUnknownIssuer]);
    }
}

#[tokio::test]
async fn an_authority_of_the_same_name_with_another_key() {
    let (old, new) = (Authority::new("corporate-ca"), Authority::new("corporate-ca"));
    let (error, _) = refused(new.issue(HERE), Trust::CaPem(old.pem()), TlsProblem::UnknownIssuer).await;
    assert!(error.summary().contains("renewed"), "{error}");
}

#[tokio::test]
async fn self_signed_certificates() {
    for authority in [false, true] {
        let (chain, pem) = self_signed(HERE, authority);
        let (error, _) = refused(chain.clone(), Trust::System, TlsProblem::UnknownIssuer).await;
        assert!(error.summary().contains("signed by nobody but itself"), "{error}");
        // given as the CA it is trusted, for its own name
        let (answer, report) = call(chain, Trust::CaPem(pem)).await;
        assert!(answer.is_ok(), "{answer:?} {authority}");
        assert_eq!(report.trusted_by, Some("ca_pem"));
        let (chain, pem) = self_signed(&["other.example.com"], authority);
        refused(chain, Trust::CaPem(pem), TlsProblem::WrongHost).await;
    }
}

#[tokio::test]
async fn a_pinned_certificate() {
    let ca = Authority::new("nobody-knows-it");
    // neither its name nor its date nor its issuer matter
    let chain = ca.issue_for(&["other.example.com"], 2001, 2002);
    let sha256 = fingerprint(&chain.certs[0]);
    let (answer, report) = call(chain, Trust::Pinned { sha256 }).await;
    assert!(answer.is_ok());
    assert_eq!((report.trusted_by, report.verified), (Some("pinned"), true));

    let (error, report) = refused(ca.issue(HERE), Trust::Pinned { sha256 }, TlsProblem::NotPinned).await;
    assert!(error.summary().contains(&hex(&sha256)) && error.summary().contains(&report.sha256), "{error}");
}

#[tokio::test]
async fn a_pinned_authority_must_have_signed() {
    let ca = Authority::new("pinned-ca");
    let sha256 = fingerprint(ca.der());
    let (answer, report) = call(ca.issue(HERE).showing(ca.der()), Trust::Pinned { sha256 }).await;
    assert!(answer.is_ok());
    assert_eq!(report.trusted_by, Some("pinned"));
    // anybody can show a copy of it behind a certificate of his own
    let forged = Authority::new("pinned-ca").issue(HERE).showing(ca.der());
    let (error, _) = refused(forged, Trust::Pinned { sha256 }, TlsProblem::NotPinned).await;
    assert!(error.summary().contains("not signed by it"), "{error}");
    let elsewhere = ca.issue(&["other.example.com"]).showing(ca.der());
    refused(elsewhere, Trust::Pinned { sha256 }, TlsProblem::WrongHost).await;
}

#[tokio::test]
async fn insecure_takes_everything_and_says_what_it_took() {
    let (answer, report) = call(Authority::new("x").issue_for(&["other"], 2001, 2002), Trust::Insecure).await;
    assert!(answer.is_ok());
    assert_eq!((report.trusted_by, report.verified), (Some("insecure"), false));
    assert_eq!(report.problem, Some(TlsProblem::Expired));
}

#[tokio::test]
async fn a_machine_without_authorities() {
    let provider = provider();
    let roots = Roots::of(&Trust::System, Vec::new(), Some("no such file".into()), &provider).unwrap();
    let seen = Seen::default();
    let config = client_config(Trust::System, "rancher.example.com", roots, provider, seen.clone()).unwrap();
    let server = Server::tls(Authority::new("x").issue(HERE), |_, _| Answer::json(200, "{}")).await;
    let stream = tokio::net::TcpStream::connect(("127.0.0.1", server.port())).await.unwrap();
    let name = "rancher.example.com".try_into().unwrap();
    tokio_rustls::TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap_err();
    let report = seen.last().unwrap();
    assert_eq!(report.problem, Some(TlsProblem::NoRoots));
    let error = report.error();
    assert!(error.to_string().contains("trusts no certificate authority (no such file)"), "{error}");
}

#[test]
fn a_system_root_is_told_from_a_given_one() {
    use rustls::client::danger::ServerCertVerifier as _;
    let (system, given) = (Authority::new("machine-ca"), Authority::new("given-ca"));
    let provider = provider();
    let trust = Trust::CaPem(given.pem());
    let roots = Roots::of(&trust, vec![system.der().clone()], None, &provider).unwrap();
    let seen = Seen::default();
    let verifier = Verifier::new(trust, "localhost", roots, provider, seen.clone());
    for (ca, by) in [(&system, "system"), (&given, "ca_pem")] {
        let chain = ca.issue(HERE);
        let name = "localhost".try_into().unwrap();
        let now = rustls_pki_types::UnixTime::now();
        verifier.verify_server_cert(&chain.certs[0], &[], &name, &[], now).unwrap();
        assert_eq!(seen.last().unwrap().trusted_by, Some(by));
    }
    // what is wrong with a certificate of the one is not hidden by the other's not knowing it
    let chain = given.issue_for(HERE, 2001, 2002);
    let name = "localhost".try_into().unwrap();
    verifier
        .verify_server_cert(&chain.certs[0], &[], &name, &[], rustls_pki_types::UnixTime::now())
        .unwrap_err();
    assert_eq!(seen.last().unwrap().problem, Some(TlsProblem::Expired));
}

#[test]
fn bad_cas_are_named_and_never_shown() {
    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let broken = "-----BEGIN CERTIFICATE-----\nCANARY!\n-----END CERTIFICATE-----\n";
    let no_cert = "-----BEGIN CERTIFICATE-----\nQ0FOQVJZ\n-----END CERTIFICATE-----\n";
    let dir = tempfile::tempdir().unwrap();
    for (text, why) in [
        ("", "empty"),
        (" \n", "empty"),
        ("CANARY", "holds no certificate"),
        (key.as_str(), "private key"),
        (broken, "PEM is broken"),
        (no_cert, "cannot be read"),
    ] {
        let error = check(&Trust::CaPem(text.to_owned())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.summary().contains(why), "{text:?}: {error}");
        assert!(!format!("{error:?}").contains("CANARY"), "{error:?}");
        let path = dir.path().join("corporate.pem");
        std::fs::write(&path, text).unwrap();
        let error = Roots::of(&Trust::CaFile(path), Vec::new(), None, &provider()).unwrap_err();
        assert!(error.summary().contains("corporate.pem") && error.summary().contains(why), "{error}");
    }
    let gone =
        Roots::of(&Trust::CaFile(dir.path().join("gone.pem")), Vec::new(), None, &provider()).unwrap_err();
    assert!(gone.summary().contains("gone.pem") && gone.kind() == ErrorKind::Config, "{gone}");
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls() {
    let words = b"HTTP/1.0 400 Bad Request\r\n\r\nthis is http\n".to_vec();
    let server = Server::raw("https", vec![Step::Send(words), Step::Close]).await;
    let error = client(&server.url(), Trust::System).send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls);
    assert!(error.summary().contains("does not speak TLS"), "{error}");
    assert!(error.nothing_sent());
}

#[tokio::test]
async fn a_connection_that_ends_during_the_handshake() {
    for step in [Step::Close, Step::Reset] {
        let server = Server::raw("https", vec![step]).await;
        let error = client(&server.url(), Trust::System).send(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.summary().contains("during the TLS handshake"), "{error}");
        assert!(error.nothing_sent() && error.is_retryable());
    }
}

#[tokio::test]
async fn a_handshake_that_hangs_ends_with_the_connect_timeout() {
    let server = Server::raw("https", vec![Step::Hang]).await;
    let mut config = Config::new(ServerUrl::parse(&server.url(), true).unwrap(), Credential::anonymous());
    config.timeouts.connect = Duration::from_millis(150);
    let http = Http::new(&config, Arc::new(SystemClock::new())).unwrap();
    let start = Instant::now();
    let error = http.send(get()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.summary().contains("no connection") && error.summary().contains("150ms"), "{error}");
    assert!(error.nothing_sent() && error.is_retryable() && start.elapsed() < Duration::from_secs(3));
    server.left(1).await;
}
