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

#[tokio::test]
async fn what_is_known_to_be_out_of_scope_says_what_was_not_sent() {
    let lab = Lab::start();
    let client = lab.open("member-prod", json!({"cluster": PROD}));
    let projects = json!({"target": {"collection": "projects"}});
    client.list("v3.list", projects.clone()).await.unwrap_err();
    lab.forget();
    let pods =
        json!({"target": {"cluster": "c-stage", "plural": "pods", "namespace": "shop"}, "name": "web"});
    for (operation, input, method, path, scope, cluster) in [
        ("v3.list", projects.clone(), "GET", "/v3/projects?limit=…", "global", None),
        ("v3.total", projects.clone(), "GET", "/v3/projects?limit=…", "global", None),
        (
            "v3.get",
            json!({"target": {"collection": "projects"}, "id": "c-prod1:p-abcde"}),
            "GET",
            "/v3/projects/c-prod1:p-abcde",
            "global",
            None,
        ),
        (
            "v3.delete",
            json!({"target": {"collection": "projects"}, "id": "c-prod1:p-abcde"}),
            "DELETE",
            "/v3/projects/c-prod1:p-abcde",
            "global",
            None,
        ),
        (
            "cluster.version",
            json!({"target": {"cluster": "c-stage"}}),
            "GET",
            "/k8s/clusters/c-stage/version",
            "cluster c-stage",
            Some("c-stage"),
        ),
        (
            "kubernetes.get",
            pods,
            "GET",
            "/k8s/clusters/c-stage/api/v1/namespaces/shop/pods/web",
            "cluster c-stage",
            Some("c-stage"),
        ),
    ] {
        let fault = match operation {
            "v3.list" => client.all(operation, input).await.unwrap_err(),
            _ => client.call(operation, input).await.unwrap_err(),
        };
        let said = all(&fault);
        assert_eq!(said["kind"], json!("out_of_scope"), "{operation}: {said}");
        assert_eq!(
            (&said["method"], &said["scope"], &said["cluster"], &said["attempts"]),
            (&json!(method), &json!(scope), &json!(cluster), &json!(0)),
            "{operation}: {said}"
        );
        let shown = said["path"].as_str().unwrap();
        assert!(shown == path || shown.split('?').next() == path.split('?').next(), "{operation}: {said}");
        assert!(!said["operation"].as_str().unwrap().is_empty(), "{operation}: {said}");
        assert_eq!(said["status"], Value::Null, "{operation}: {said}");
        assert!(said["summary"].as_str().unwrap().contains("nothing was sent"), "{operation}: {said}");
    }
    assert!(lab.requests().is_empty(), "{:?}", lab.requests());
}

#[tokio::test]
async fn a_body_that_breaks_off_was_still_asked_for() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    lab.faults(&["POST /v3/projects cut:100", "GET /v3/** cut:10", "GET /k8s/** cut:10"]);
    let made = json!({"name": "web", "clusterId": PROD});
    for (operation, input, method, path) in [
        ("request", json!({"method": "GET", "path": "/v3/projects"}), "GET", "/v3/projects"),
        ("request", json!({"method": "POST", "path": "/v3/projects", "body": made}), "POST", "/v3/projects"),
        ("v3.create", json!({"target": {"collection": "projects"}, "object": made}), "POST", "/v3/projects"),
        ("v3.total", json!({"target": {"collection": "projects"}}), "GET", "/v3/projects?limit=…"),
        ("kubernetes.first", json!({"target": {"cluster": PROD, "plural": "pods"}}), "GET", ""),
    ] {
        let said = all(&client.call(operation, input).await.unwrap_err());
        assert_eq!(said["kind"], json!("connect"), "{operation}: {said}");
        assert_eq!(
            (&said["method"], &said["attempts"], &said["retryable"]),
            (&json!(method), &json!(1), &json!(method == "GET")),
            "{operation}: {said}"
        );
        let shown = said["path"].as_str().unwrap();
        assert!(shown.starts_with(path.split('?').next().unwrap()), "{operation}: {said}");
        let advised = said["advice"].as_str().unwrap().contains("look whether it did its work");
        assert_eq!(advised, method == "POST", "{operation}: {said}");
    }
}

#[tokio::test]
async fn what_is_refused_before_sending_names_its_operation_once() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let project = json!({"collection": "projects", "project": "c-prod1:p-abcde", "cluster": "c-stage"});
    let header = |name: &str| json!({"method": "GET", "path": "/v3", "headers": {name: "S3CR3T\r\nx: y"}});
    let plain = |name: &str| json!({"method": "GET", "path": "/v3", "headers": {name: "S3CR3T"}});
    let settings = json!({"collection": "settings"});
    for (operation, input) in [
        ("request", json!({"method": "G T", "path": "/v3"})),
        ("request", json!({"method": "GET", "path": "//rancher.example.com/v3"})),
        ("request", json!({"method": "GET", "path": "/\\rancher.example.com/v3"})),
        ("request", json!({"method": "GET", "path": "https://rancher.example.com/v3"})),
        ("request", json!({"method": "GET", "path": "HTTPS://user:S3CR3T@rancher.example.com/v3"})),
        ("request", json!({"method": "GET", "path": "@rancher.example.com/v3"})),
        ("request", json!({"method": "GET", "path": "/v3/%2e%2E/x"})),
        ("request", json!({"method": "GET", "path": "/v3/a%2fb"})),
        ("request", header("x-name")),
        ("request", plain("Authorization")),
        ("request", plain("cookie")),
        ("request", plain("Host")),
        ("request", plain("Content-Length")),
        ("request", plain("Transfer-Encoding")),
        ("v3.get", json!({"target": project, "id": "p-abcde"})),
        ("v3.get", json!({"target": settings, "id": ""})),
        ("v3.get", json!({"target": settings, "id": "server-url", "timeout": 0})),
        ("v3.first", json!({"target": settings, "where": {"name": []}})),
        ("v3.list", json!({"target": {"collection": "nosuch settings"}})),
        ("v3.list", json!({"target": settings, "timeout": 0})),
        ("v3.wait", json!({"target": settings, "id": "server-url"})),
        ("steve.first", json!({"target": {"resource": "configmaps"}, "where": {"a,b": "c"}})),
        ("cluster.version", json!({"target": {"cluster": "S3CR3T:x"}})),
    ] {
        let what = format!("{operation} {input}");
        let fault = match matches!(operation, "v3.list" | "v3.wait") {
            true => client.all(operation, input).await.unwrap_err(),
            false => client.call(operation, input).await.unwrap_err(),
        };
        let said = all(&fault);
        assert_eq!(said["kind"], json!("invalid"), "{what}: {said}");
        assert_eq!((&said["operation"], &said["attempts"]), (&json!(operation), &json!(0)), "{what}: {said}");
        let text = said["text"].as_str().unwrap();
        assert!(text.matches("nothing was sent").count() <= 1, "{what}: {text}");
        assert!(!fault.to_json().contains("S3CR3T\\r") && !text.contains("user:S3CR3T"), "{what}: {text}");
    }
    assert!(lab.requests().is_empty(), "{:?}", lab.requests());
    client.0.close();
    let fault = client.call("version", json!({})).await.unwrap_err();
    assert_eq!((kind(&fault), fault.error().operation()), ("cancelled", "version"));
    let fault = client.begin("v3.list", json!({"target": {"collection": "projects"}})).unwrap_err();
    assert_eq!((kind(&fault), fault.error().operation()), ("cancelled", "v3.list"));
}
