use super::*;
use crate::config::Config;
use crate::error::Cause;
use crate::transport::mock::{Mock, response, with_header};
use crate::transport::{Request, Response};
use crate::wire::{ServerUrl, SystemClock};

const VERSION: &str = "/k8s/clusters/c-a/version";
const OBJECT: &str = "/v3/clusters/c-a";
const GONE: &str = r#"{"conditions":[{"type":"Ready","status":"False","reason":"Disconnected"}]}"#;
const NEVER: &str = r#"{"conditions":[{"type":"Connected","status":"False"}]}"#;
const ROUTER_404: &str =
    r#"{"Code":{"Code":"NotFound","Status":404},"Message":"clusters \"c-a\" not found"}"#;
const NORMAN_404: &str = r#"{"type":"error","code":"NotFound","status":404,"message":""}"#;
const UNAVAILABLE: &str =
    r#"{"Code":{"Code":"ClusterUnavailable","Status":503},"Message":"cluster not ready"}"#;
const NOT_PROVISIONED: &str =
    r#"{"Code":{"Code":"ClusterUnavailable","Status":503},"Message":"cluster not provisioned"}"#;
const DISCONNECTED: &str = "cluster agent disconnected";

/// A status (0: no answer), whether the header says that the key was accepted, and a body.
type Answer = (u16, bool, &'static str);

fn answered((status, accepted, body): Answer) -> Response {
    with_header(response(status, body), "x-api-cattle-auth", if accepted { "true" } else { "false" })
}

fn connection(mock: &Mock) -> Connection {
    let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
    let credential = Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap();
    let config = Config::new(server, credential);
    Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()))
}

/// A living unscoped key, and a cluster whose version and object answer this.
async fn diagnosed(version: Answer, object: Answer) -> DoctorReport {
    let mock = Mock::new(move |request: Request| async move {
        let answer = match request.route.path() {
            "/rancherversion" => {
                (200, true, r#"{"Version":"v2.12.0","GitCommit":"abc","RancherPrime":"false"}"#)
            }
            OBJECT => object,
            VERSION => version,
            _ => (200, true, "{}"),
        };
        if answer.0 == 0 {
            std::future::pending::<()>().await;
        }
        Ok(answered(answer))
    });
    let options = DoctorOptions { cluster: Some("c-a".parse().unwrap()), ..DoctorOptions::default() };
    diagnose(&connection(&mock), options).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_is_said_of_a_cluster_rests_on_who_said_it() {
    use ClusterVerdict::{Disconnected, NotFound, Unavailable, Unknown};
    let fine = (200, true, "{}");
    for (version, object, verdict, likely) in [
        ((503, true, NOT_PROVISIONED), fine, Unavailable, false),
        // both causes are open: the object tells, if it does
        ((503, true, UNAVAILABLE), (200, true, GONE), Disconnected, true),
        ((503, true, UNAVAILABLE), (200, true, NEVER), Unavailable, true),
        ((503, true, UNAVAILABLE), fine, Unknown, false),
        ((500, true, DISCONNECTED), fine, Disconnected, false),
        ((0, true, ""), (200, true, GONE), Disconnected, true),
        ((0, true, ""), (200, true, NEVER), Unavailable, true),
        ((0, true, ""), fine, Unknown, false),
        ((404, true, ROUTER_404), fine, NotFound, false),
        ((404, false, ROUTER_404), fine, Unknown, false),
        ((404, true, "404 page not found"), fine, Unknown, false),
        ((404, true, "404 page not found"), (404, true, NORMAN_404), NotFound, false),
        ((404, true, "404 page not found"), (404, false, NORMAN_404), Unknown, false),
    ] {
        let report = diagnosed(version, object).await;
        assert_eq!(report.cluster.verdict, verdict, "{version:?} {object:?}");
        let advice = report.advice.join("\n");
        assert_eq!(advice.contains("most likely"), likely, "{version:?} {object:?}: {advice}");
    }
}

#[tokio::test(start_paused = true)]
async fn advice_speaks_of_options_and_not_of_flags() {
    let refused = Mock::new(|_| async { Ok(answered((401, false, ""))) });
    let mut all = Vec::new();
    for key_is_for in [None, Some(KeyScope::Global)] {
        let options = DoctorOptions { key_is_for, ..DoctorOptions::default() };
        all.extend(diagnose(&connection(&refused), options).await.unwrap().advice);
    }
    all.extend(diagnosed((0, true, ""), (200, true, "{}")).await.advice);
    let silent = diagnose(&connection(&Mock::silent()), DoctorOptions::default()).await.unwrap();
    assert_eq!(silent.verdict, Verdict::Unreachable);
    all.extend(silent.advice);
    let text = all.join("\n");
    for words in ["(also)", "(key_is_for)", "a witness", "a longer timeout", "a timeout of 40 s"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("--"), "{text}");
}

#[tokio::test]
async fn a_key_that_is_refused_although_its_record_lives() {
    let mock = Mock::new(|_| async { Ok(answered((401, false, ""))) });
    let connection = connection(&mock);
    let options = DoctorOptions::default();
    let questions = ask::first_round(&options, None).unwrap();
    let seen = join_all(questions.into_iter().map(|question| ask::ask(&connection, question))).await;
    connection.learn(Knowledge::Recorded(KeyScope::Global));
    let reported = |remain: Vec<Cause>| {
        let finding = witness::Finding::Alive(remain);
        let lookup = witness::Lookup { finding, note: "alive".to_owned(), expires_at: None };
        let now = conclude::now(&connection, &seen);
        conclude::report(&connection, &options, None, &seen, Some(lookup), now)
    };
    for (remain, words) in [
        (vec![Cause::WrongSecret], "its secret is another"),
        (vec![Cause::WrongSecret, Cause::TokenRefused], "or its authentication provider is switched off"),
        (vec![Cause::WrongSecret, Cause::UserDisabled, Cause::TokenRefused], "its user is disabled"),
    ] {
        let report = reported(remain.clone());
        assert_eq!(
            (report.credential.verdict, report.verdict),
            (CredentialVerdict::Refused, Verdict::Refused)
        );
        assert_eq!(report.credential.confidence, Some(crate::scope::Confidence::Proven));
        assert_eq!(report.credential.causes, remain);
        assert!(report.advice.join("\n").contains(words), "{:?}", report.advice);
    }
}
