use std::sync::Arc;

use super::super::ask::Ask;
use super::*;
use crate::config::Config;
use crate::transport::Response;
use crate::transport::mock::{Mock, response, with_header};
use crate::wire::{ServerUrl, SystemClock};
use serde_json::json;

const RAW: &str = "/apis/management.cattle.io/v3/tokens/token-abcde";
const OWN: &str = "/v3/tokens/token-abcde";
const USER: &str = "/v3/users/u-abcde";

fn over(mock: &Mock) -> Connection {
    let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
    let credential = Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap();
    let config = Config::new(server, credential);
    Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()))
}

fn accepted(status: u16, body: &Value) -> Response {
    with_header(response(status, body.to_string()), "x-api-cattle-auth", "true")
}

/// A server that gives the witness these answers, and 403 to everything else.
fn server(answers: &[(&'static str, u16, Value)]) -> Mock {
    let answers = answers.to_vec();
    Mock::new(move |request: Request| {
        let path = request.route.path().to_owned();
        let known = answers.iter().find(|(of, ..)| *of == path);
        let denied = json!({"type": "error", "code": "Forbidden", "status": 403, "message": ""});
        let answer =
            known.map_or_else(|| accepted(403, &denied), |(_, status, body)| accepted(*status, body));
        async move { Ok(answer) }
    })
}

async fn looked(mock: &Mock) -> Lookup {
    let eyes = Eyes { connection: over(mock), patience: PATIENCE };
    let now = "2026-05-01T12:00:00Z".parse().unwrap();
    // a key that no cluster and no global path accepts
    let dead =
        over(&Mock::new(|_| async { Ok(with_header(response(401, ""), "x-api-cattle-auth", "false")) }));
    look(&dead, &eyes, &DoctorOptions::default(), now, &mut Vec::new()).await
}

fn record(provider: &str) -> Value {
    json!({"metadata": {"creationTimestamp": "2026-05-01T11:00:00Z"}, "authProvider": provider, "enabled": true,
        "expired": false, "expiresAt": "", "ttl": 7_200_000, "userId": "u-abcde"})
}

#[tokio::test]
async fn one_cause_is_named_only_where_nothing_else_is_left() {
    let all = vec![Cause::WrongSecret, Cause::UserDisabled, Cause::TokenRefused];
    for (provider, user, remain) in [
        ("local", Some(json!({"enabled": true})), vec![Cause::WrongSecret]),
        ("github", Some(json!({"enabled": true})), vec![Cause::WrongSecret, Cause::TokenRefused]),
        ("", Some(json!({"enabled": true})), vec![Cause::WrongSecret, Cause::TokenRefused]),
        ("local", Some(json!({"enabled": null})), all.clone()),
        ("local", Some(json!({})), all.clone()),
        // the witness may not read users
        ("local", None, all.clone()),
    ] {
        let mut answers = vec![(RAW, 200, record(provider))];
        answers.extend(user.clone().map(|user| (USER, 200, user)));
        let lookup = looked(&server(&answers)).await;
        assert_eq!(lookup.finding, Finding::Alive(remain), "{provider} {user:?}");
        assert_eq!(lookup.expires_at, "2026-05-01T13:00:00Z".parse().ok());
    }
    let mut nobody = record("local");
    nobody["userId"] = Value::Null;
    assert_eq!(looked(&server(&[(RAW, 200, nobody)])).await.finding, Finding::Alive(all));
    let disabled = [(RAW, 200, record("local")), (USER, 200, json!({"enabled": false}))];
    assert_eq!(looked(&server(&disabled)).await.finding, Finding::Dead(Cause::UserDisabled));
}

#[tokio::test]
async fn a_stored_record_that_ran_out_is_expired() {
    let mut stored = record("local");
    stored["ttl"] = json!(60_000);
    let lookup = looked(&server(&[(RAW, 200, stored.clone()), (USER, 200, json!({"enabled": true}))])).await;
    assert_eq!(lookup.finding, Finding::Dead(Cause::Expired));
    assert_eq!(lookup.expires_at, "2026-05-01T11:01:00Z".parse().ok());
    stored["ttl"] = json!(0);
    let lookup = looked(&server(&[(RAW, 200, stored), (USER, 200, json!({"enabled": true}))])).await;
    assert_eq!((lookup.finding, lookup.expires_at), (Finding::Alive(vec![Cause::WrongSecret]), None));
}

#[tokio::test]
async fn only_a_404_that_names_the_token_means_that_it_is_gone() {
    let status = |reason: &str, message: &str| json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "code": 404, "message": message});
    let norman = |message: &str| json!({"type": "error", "baseType": "error", "code": "NotFound", "status": 404, "message": message});
    for (body, gone) in [
        (status("NotFound", "tokens.management.cattle.io \"token-abcde\" not found"), true),
        (norman("tokens.management.cattle.io \"token-abcde\" not found"), true),
        (status("NotFound", "tokens.management.cattle.io \"token-abcdef\" not found"), false),
        (status("NotFound", "the server could not find the requested resource"), false),
        (norman(""), false),
        (json!("404 page not found: token-abcde"), false),
        (json!({"Code": {"Code": "NotFound", "Status": 404}, "Message": "token-abcde not found"}), false),
    ] {
        let lookup = looked(&server(&[(RAW, 404, body.clone()), (OWN, 404, norman(""))])).await;
        let must = if gone { Finding::Dead(Cause::Deleted) } else { Finding::CannotTell };
        assert_eq!(lookup.finding, must, "{body}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_witness_is_asked_once_and_not_for_ever() {
    let mock = Mock::always(503, "");
    assert_eq!(looked(&mock).await.finding, Finding::CannotTell);
    assert_eq!(mock.count(), 2, "both places, once each");
    let start = tokio::time::Instant::now();
    let silent = Mock::silent();
    let lookup = looked(&silent).await;
    assert_eq!((lookup.finding, silent.count()), (Finding::CannotTell, 2));
    assert_eq!(start.elapsed().as_secs(), 2 * PATIENCE.as_secs());
    assert!(lookup.note.contains("could not look it up"), "{}", lookup.note);
}

#[tokio::test]
async fn the_cluster_of_the_record_is_asked() {
    let mut stored = record("local");
    stored["clusterName"] = json!("c-home");
    let eyes = Eyes { connection: over(&server(&[(RAW, 200, stored)])), patience: PATIENCE };
    let mock = Mock::new(|_| async { Ok(accepted(200, &json!({}))) });
    let mut seen = Vec::new();
    let lookup = look(&over(&mock), &eyes, &DoctorOptions::default(), Timestamp::UNIX_EPOCH, &mut seen).await;
    assert!(matches!(lookup.finding, Finding::Alive(_)));
    assert_eq!(
        seen.iter().map(|outcome| outcome.ask.clone()).collect::<Vec<_>>(),
        [Ask::Cluster("c-home".parse().unwrap())]
    );
    assert_eq!(mock.count(), 1);
}
