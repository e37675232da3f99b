//! The public API, as a stranger uses it.

use http::{Method, StatusCode};
use outside::{Advice, advise, configure, explain};
use rancher_client::error::{Accepted, Answer, ErrorKind, judge};
use rancher_client::scope::{Confidence, Route, RouteScope, TokenKind};
use rancher_client::v3::Query;
use rancher_client::wire::ClusterId;
use rancher_client::{Client, error};

const TOKEN: &str = "token-abcde:s3cr3ts3cr3ts3cr3t";
const REFUSED: &str = r#"{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}"#;

fn sendable<T: Send + Sync + 'static>() {}

#[test]
fn types_travel_between_threads() {
    sendable::<Client>();
    sendable::<error::Error>();
}

#[test]
fn configuration_shows_no_secret() {
    let config = configure("https://rancher.example.com", TOKEN, "c-prod1").unwrap();
    assert!(!format!("{config:?}").contains("s3cr3t"));
    let error = configure("https://rancher.example.com", TOKEN, "c-prod1:p-abcde").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[test]
fn one_answer_is_judged_and_no_more_is_claimed() {
    let route = Route::from_segments(["k8s", "clusters", "c-prod1", "version"]).unwrap();
    assert_eq!(route.scope(), &RouteScope::Cluster(ClusterId::new("c-prod1").unwrap()));
    let answer = Answer {
        method: &Method::GET,
        route: &route,
        status: StatusCode::UNAUTHORIZED,
        accepted: Accepted::read(Some("false")),
        content_type: None,
        retry_after: None,
        location: None,
        body: REFUSED.as_bytes(),
        complete: true,
    };
    let error = judge(&answer, TokenKind::V3, None);
    assert_eq!((error.kind(), error.confidence()), (ErrorKind::Undetermined, None));
    assert!(matches!(explain(&error), Advice::Look(text) if text.contains("dead")));
}

/// A server that accepts the key on the paths of one cluster, or nowhere.
async fn server(accepts: Option<&str>) -> mockito::ServerGuard {
    let mut server = mockito::Server::new_async().await;
    for (path, status, body) in [
        ("/v3/clusters", 401, REFUSED),
        ("/rancherversion", 200, r#"{"Version":"v2.16.0","GitCommit":"0","RancherPrime":"false"}"#),
    ] {
        let mock = server.mock("GET", path).with_status(status).with_header("X-API-Cattle-Auth", "false");
        mock.with_body(body).create_async().await;
    }
    let good = accepts.is_some();
    let mock = server.mock("GET", "/v3/clusters/c-prod1").with_status(if good { 200 } else { 401 });
    let mock = mock.with_header("X-API-Cattle-Auth", if good { "true" } else { "false" });
    mock.with_body(if good { r#"{"id":"c-prod1","type":"cluster","state":"active"}"# } else { REFUSED })
        .create_async()
        .await;
    server
}

#[tokio::test]
async fn a_scoped_key_is_told_from_a_dead_one() {
    let own = server(Some("c-prod1")).await;
    let config = configure(&own.url(), TOKEN, "c-prod1").unwrap();
    let home = ClusterId::new("c-prod1").unwrap();
    assert_eq!(advise(config.clone()).await.unwrap(), Advice::OtherCluster(Some(home)));

    let client = Client::new(config).unwrap();
    let error = client.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.confidence()), (ErrorKind::OutOfScope, Some(Confidence::Proven)));
    let evidence = error.evidence().to_json();
    assert_eq!(evidence["scoped_to"], serde_json::json!("c-prod1"));
    assert!(!evidence.to_string().contains("s3cr3t"));
    assert_eq!(client.server_version().await.unwrap().version, "v2.16.0");
}

#[tokio::test]
async fn a_key_that_nobody_accepts_stays_undetermined() {
    let nobody = server(None).await;
    let config = configure(&nobody.url(), TOKEN, "c-prod1").unwrap();
    let client = Client::new(config).unwrap();
    let error = client.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undetermined);
    assert!(error.causes().len() > 1);
}
