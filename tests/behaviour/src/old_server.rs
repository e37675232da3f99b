//! Servers that do not say whether they accepted a credential (`X-API-Cattle-Auth`), and answers that are nobody's:
//! the verdicts may be weaker, never wrong.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use rancher_client::Client;
use rancher_client::config::{Config, Trust};
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::scope::{Confidence, KeyScope, Validity};
use rancher_client::v3::Query;
use rancher_client::wire::{ClusterId, ServerUrl};
use rancher_client::workflow::doctor::{ClusterVerdict, CredentialVerdict, DoctorReport, Verdict};
use rancher_simulator::{Request as Asked, Response, Running, Server, ServerOptions};
use std::time::Duration;

use crate::lab::{Lab, PROD, asking, route};

/// The credentials of the record, and what is so of them: dead, or alive and how far they reach.
const LABELS: [(&str, Option<Option<&str>>); 21] = [
    ("admin-unscoped", Some(None)),
    ("admin-session", Some(None)),
    ("admin-prod", Some(Some("c-prod1"))),
    ("admin-local", Some(Some("local"))),
    ("admin-stage", Some(Some("c-stag1"))),
    ("standard-unscoped", Some(None)),
    ("standard-prod", Some(Some("c-prod1"))),
    ("base-unscoped", Some(None)),
    ("member-unscoped", Some(None)),
    ("member-prod", Some(Some("c-prod1"))),
    ("pmember-unscoped", Some(None)),
    ("pmember-prod", Some(Some("c-prod1"))),
    ("ro-prod", Some(Some("c-prod1"))),
    ("ext-unscoped", Some(None)),
    ("ext-prod", Some(None)),
    ("expired", None),
    ("expired-prod", None),
    ("deleted", None),
    ("off", None),
    ("wrong-secret", None),
    ("disabled-unscoped", None),
];

fn old_lab() -> Lab {
    Lab::with(ServerOptions { header_off: true, ..ServerOptions::default() })
}

fn scope_of(reach: Option<&str>) -> KeyScope {
    reach.map_or(KeyScope::Global, |id| KeyScope::Cluster(ClusterId::new(id).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_is_never_wrong() {
    let lab = old_lab();
    let (mut right, mut weaker) = (0, 0);
    for (label, alive) in LABELS {
        for cluster in [PROD, "c-stag1", "local"] {
            let report = lab.client(label).doctor(asking(cluster)).await.unwrap();
            let credential = &report.credential;
            let shown = format!("{label} on {cluster}: {}", report.to_text(false));
            assert_eq!(report.server.version.as_deref(), Some("v2.16.0"), "{shown}");
            match (credential.verdict, alive) {
                (CredentialVerdict::Valid, Some(reach)) => {
                    let scope = credential.scope.clone();
                    let proven = credential.confidence == Some(Confidence::Proven);
                    assert!(!proven || scope == Some(scope_of(reach)), "{shown}");
                    right += 1;
                }
                (CredentialVerdict::Undetermined, _) => {
                    assert_eq!(credential.causes, [Cause::TokenRefused, Cause::OutOfScope], "{shown}");
                    weaker += 1;
                }
                _ => panic!("{shown}"),
            }
            if report.cluster.verdict == ClusterVerdict::Reachable {
                assert!(alive.is_some(), "{shown}");
            }
        }
    }
    println!("old server: doctor {right} right, {weaker} undetermined, 0 wrong");
}

/// Dead and living keys on every kind of path: a living key is never called refused, a dead one never forbidden.
#[tokio::test(flavor = "multi_thread")]
async fn the_client_is_never_wrong() {
    let lab = old_lab();
    let paths = [
        "/v3/clusters",
        "/v3/clusters/c-prod1",
        "/v3/clusters/c-stag1",
        "/v3/cluster/c-prod1/projects",
        "/v3/tokens",
        "/v3/users",
        "/v1/management.cattle.io.clusters",
        "/k8s/clusters/c-prod1/version",
        "/k8s/clusters/c-prod1/api/v1/nodes",
        "/k8s/clusters/local/api/v1/namespaces",
        "/apis/ext.cattle.io/v1/tokens",
    ];
    let (mut asked, mut undetermined) = (0, 0);
    for (label, alive) in LABELS {
        let client = lab.client(label);
        for path in paths {
            asked += 1;
            let Err(error) = client.request(Method::GET, route(path)).await else {
                assert!(alive.is_some(), "{label} {path} succeeds");
                continue;
            };
            let Some(reach) = alive else {
                assert!(
                    matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::TokenRefused),
                    "{label} {path}: {error:?}"
                );
                undetermined += 1;
                continue;
            };
            let reaches = scope_of(reach).reaches(route(path).scope()).unwrap();
            match error.kind() {
                ErrorKind::Undetermined => undetermined += 1,
                ErrorKind::OutOfScope => assert!(!reaches, "{label} {path}: {error:?}"),
                ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::ClusterUnavailable => {
                    assert!(reaches, "{label} {path}: {error:?}");
                }
                _ => panic!("{label} {path}: {error:?}"),
            }
            assert_ne!(client.ledger().validity(), Validity::Refused(Confidence::Proven), "{label} {path}");
        }
    }
    println!("old server: client {asked} calls, {undetermined} undetermined, 0 wrong");
}

/// A server that gives everybody the same answer.
fn answering(status: u16, content_type: &'static str, body: &'static str) -> Running {
    let answer = move |_: &Asked, _| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        Response { status, headers, body: Bytes::from_static(body.as_bytes()), delay: Duration::ZERO }
    };
    Server::start(ServerOptions::default(), answer).unwrap()
}

fn client_of(server: &Running, lab: &Lab) -> Client {
    let url = ServerUrl::parse(server.url(), false).unwrap();
    let mut config = Config::new(url, lab.credential("admin-prod"));
    config.trust = Trust::CaPem(server.ca_pem().unwrap().to_owned());
    config.retry.attempts = 1;
    Client::new(config).unwrap()
}

async fn all_calls(client: &Client) -> Vec<Error> {
    let cluster = client.cluster(PROD).unwrap();
    vec![
        client.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap_err(),
        client.v3().collection("clusters").unwrap().get(PROD).await.unwrap_err(),
        cluster.list(Resource::core("pods"), ListOptions::default()).collect().await.unwrap_err(),
        cluster.version().await.unwrap_err(),
        cluster.whoami().await.unwrap_err(),
        client.server_version().await.unwrap_err(),
    ]
}

const LOGIN: &str =
    "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body><form></form></body></html>";

#[tokio::test]
async fn a_page_is_nobody_s_answer() {
    let lab = Lab::start();
    for (status, content_type) in
        [(200, "text/html; charset=utf-8"), (401, "text/html"), (403, "text/html"), (404, "text/html")]
    {
        let server = answering(status, content_type, LOGIN);
        let client = client_of(&server, &lab);
        for error in all_calls(&client).await {
            assert_eq!((error.kind(), error.status()), (ErrorKind::NotRancher, Some(status)), "{error:?}");
        }
        assert_eq!(client.ledger().validity(), Validity::Undetermined, "a page says nothing of a key");
        let report = client.doctor(asking(PROD)).await.unwrap();
        assert_not_rancher(&report, status);
    }
}

/// JSON of another program, and a text that says OK to everybody.
#[tokio::test]
async fn another_program_is_no_rancher() {
    let lab = Lab::start();
    for (content_type, body) in [("application/json", "{\"hello\":\"world\"}"), ("text/plain", "OK")] {
        let server = answering(200, content_type, body);
        let client = client_of(&server, &lab);
        assert_eq!(client.server_version().await.unwrap_err().kind(), ErrorKind::NotRancher);
        let cluster = client.cluster(PROD).unwrap();
        for error in [cluster.version().await.unwrap_err(), cluster.whoami().await.unwrap_err()] {
            assert!(matches!(error.kind(), ErrorKind::NotRancher | ErrorKind::Decode), "{error:?}");
        }
    }
}

fn assert_not_rancher(report: &DoctorReport, status: u16) {
    let shown = format!("{status}: {}", report.to_text(false));
    assert_eq!(report.credential.verdict, CredentialVerdict::Undetermined, "{shown}");
    assert!(matches!(report.verdict, Verdict::Misconfigured | Verdict::Unreachable), "{shown}");
    assert_eq!(report.server.version, None, "{shown}");
}

/// The words of servers of long ago, which told the two apart.
#[tokio::test]
async fn a_cluster_that_does_not_match_is_out_of_scope() {
    let lab = Lab::start();
    let bodies = [
        "{\"type\":\"error\",\"status\":\"401\",\"message\":\"clusterID does not match\"}",
        "clusterID does not match",
    ];
    for body in bodies {
        let server = answering(401, "application/json", body);
        let client = client_of(&server, &lab);
        for call in ["/v3/clusters", "/v3/clusters/c-stag1", "/k8s/clusters/c-stag1/version"] {
            let error = client.request(Method::GET, route(call)).await.unwrap_err();
            assert_eq!(
                (error.kind(), error.confidence(), error.causes()),
                (ErrorKind::OutOfScope, Some(Confidence::Proven), &[Cause::OutOfScope][..]),
                "{call}: {error:?}"
            );
        }
    }
}
