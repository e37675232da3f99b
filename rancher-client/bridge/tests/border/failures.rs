//! Failures, in all their fields.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::lab::{Lab, PROD, kind};

/// Every field of an error, as the shells map them.
const FIELDS: [&str; 24] = [
    "accepted",
    "advice",
    "attempts",
    "because",
    "causes",
    "cluster",
    "code",
    "confidence",
    "curl",
    "field",
    "kind",
    "message",
    "method",
    "observations",
    "operation",
    "path",
    "reason",
    "retry_after",
    "retryable",
    "scope",
    "scoped_to",
    "status",
    "summary",
    "text",
];

fn all(fault: &rancher_bridge::Fault) -> Value {
    let all: Value = serde_json::from_str(&fault.to_json()).unwrap();
    let keys: Vec<&str> = all.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, FIELDS);
    assert_eq!(all["text"], fault.to_string());
    assert!(!fault.to_string().contains('\n'));
    all
}

#[tokio::test]
async fn a_scoped_key_out_of_its_scope() {
    let lab = Lab::start();
    let client = lab.open("member-prod", json!({"cluster": PROD}));
    let fault = client.list("v3.list", json!({"target": {"collection": "projects"}})).await.unwrap_err();
    let said = all(&fault);
    for (field, value) in [
        ("kind", json!("out_of_scope")),
        ("confidence", json!("proven")),
        ("operation", json!("v3.list")),
        ("method", json!("GET")),
        ("path", json!("/v3/projects")),
        ("scope", json!("global")),
        ("status", json!(401)),
        ("accepted", json!(false)),
        ("scoped_to", json!(PROD)),
        ("causes", json!(["out_of_scope"])),
        ("retryable", json!(false)),
        ("retry_after", Value::Null),
    ] {
        assert_eq!(said[field], value, "{field}: {said}");
    }
    assert!(said["curl"].as_str().unwrap().contains("$RANCHER_TOKEN"), "{said}");
    assert!(!said["observations"].as_array().unwrap().is_empty(), "{said}");
    assert!(
        !said["advice"].as_str().unwrap().is_empty() && !said["because"].as_array().unwrap().is_empty(),
        "{said}"
    );
}

#[tokio::test]
async fn a_key_that_nobody_can_tell_of() {
    let lab = Lab::start();
    let client = lab.open("admin-stage", json!({"probes": false}));
    let fault = client.list("v3.list", json!({"target": {"collection": "projects"}})).await.unwrap_err();
    let said = all(&fault);
    assert_eq!((&said["kind"], &said["confidence"]), (&json!("undetermined"), &Value::Null), "{said}");
    let causes = said["causes"].as_array().unwrap();
    assert!(causes.contains(&json!("out_of_scope")) && causes.len() >= 2, "{said}");
}

#[tokio::test]
async fn fields_codes_and_reasons() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let nameless =
        json!({"target": {"collection": "projects", "unchecked": true}, "object": {"clusterId": PROD}});
    let said = all(&client.call("v3.create", nameless).await.unwrap_err());
    assert_eq!(
        (&said["kind"], &said["field"], &said["status"]),
        (&json!("invalid"), &json!("name"), &json!(422)),
        "{said}"
    );
    let said = all(&client
        .call("v3.get", json!({"target": {"collection": "clusters"}, "id": "c-zzzzz"}))
        .await
        .unwrap_err());
    assert_eq!((&said["kind"], &said["code"]), (&json!("not_found"), &json!("NotFound")), "{said}");
    let reader = lab.client("ro-prod");
    let target = json!({"cluster": PROD, "plural": "secrets", "namespace": "shop-web"});
    let input = json!({"target": target, "object": {"metadata": {"name": "no"}}});
    let said = all(&reader.call("kubernetes.create", input).await.unwrap_err());
    assert_eq!(
        (&said["kind"], &said["reason"], &said["cluster"]),
        (&json!("forbidden"), &json!("rbac"), &json!(PROD)),
        "{said}"
    );
    lab.faults(&["GET /v3/clusters/* 429:7"]);
    let once = lab.open("admin-unscoped", json!({"retries": 1}));
    let said = all(&once
        .call("v3.get", json!({"target": {"collection": "clusters"}, "id": PROD}))
        .await
        .unwrap_err());
    assert_eq!(
        (&said["kind"], &said["retryable"], &said["retry_after"]),
        (&json!("rate_limited"), &json!(true), &json!(7.0)),
        "{said}"
    );
}

#[tokio::test]
async fn a_timeout_is_that_of_the_whole_call() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let span = Duration::from_millis(700);
    // an id is asked for, then a name: each within the time, not both
    for (operation, input) in [
        (
            "v3.find",
            json!({"target": {"collection": "projects", "cluster": PROD}, "name_or_id": "c-prod1:p-zzzzz"}),
        ),
        (
            "v3.ensure",
            json!({"target": {"collection": "projects"}, "object": {"name": "x", "clusterId": PROD}, "by": ["name"]}),
        ),
        ("request", json!({"method": "GET", "path": "/v3/projects"})),
    ] {
        let mut input = input;
        input["timeout"] = json!(span.as_secs_f64());
        lab.faults(match operation {
            "v3.find" => &["GET /v3/projects delay:450", "GET /v3/projects/* delay:450"],
            "v3.ensure" => &["GET /v3/projects* delay:450", "POST /v3/projects hang"],
            _ => &["GET /v3/projects* hang"],
        });
        let start = Instant::now();
        let fault = client.call(operation, input).await.unwrap_err();
        let took = start.elapsed();
        assert_eq!(kind(&fault), "timeout", "{operation}: {fault}");
        assert!(fault.to_string().contains("700ms"), "{operation}: {fault}");
        assert!(took >= span && took < span + Duration::from_secs(5), "{operation}: {took:?}");
        // what may have created something is not to be repeated blindly
        assert_eq!(fault.error().is_retryable(), operation != "v3.ensure", "{operation}: {fault}");
    }
    lab.faults(&["GET /v3/projects* hang after=1"]);
    let pages = client
        .begin("v3.list", json!({"target": {"collection": "projects"}, "page_size": 1, "timeout": 0.7}))
        .unwrap();
    assert!(pages.next(None).await.unwrap().is_some());
    let start = Instant::now();
    let fault = pages.next(None).await.unwrap_err();
    assert_eq!(kind(&fault), "timeout");
    assert!(start.elapsed() < Duration::from_secs(10));
    assert!(pages.next(None).await.unwrap().is_none());
}
