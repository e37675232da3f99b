//! The simulated Kubernetes API behind the proxy: pages, selectors, locks, patches, apply, Pod Security.

use crate::world_server::{Answer, Server, text};
use serde_json::{Value, json};
use std::time::Duration;

const PLAIN: &str = "/k8s/clusters/c-prod1/api/v1/namespaces/plain";
const APPLY: &str = "application/apply-patch+yaml";
const STRATEGIC: &str = "application/strategic-merge-patch+json";

fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn names(answer: &Answer) -> Vec<String> {
    answer.body["items"].as_array().unwrap().iter().map(|item| text(&item["metadata"]["name"])).collect()
}

fn map(name: &str, value: &str) -> Value {
    json!({"metadata": {"name": name, "labels": {"n": name}}, "data": {"a": value}})
}

/// A server whose namespace `plain` has ten maps, `m0` to `m9`, and the one every namespace has.
fn server() -> Server {
    let mut server = Server::new();
    for number in 0..10 {
        let made =
            server.ask("admin-prod", "POST", &format!("{PLAIN}/configmaps"), map(&format!("m{number}"), "1"));
        assert_eq!(made.status, 201);
    }
    server
}

fn page(server: &mut Server, limit: usize, token: &Value) -> Answer {
    let token = encoded(token.as_str().unwrap_or_default());
    server.get("admin-prod", &format!("{PLAIN}/configmaps?limit={limit}&continue={token}"))
}

#[test]
fn pages_show_one_moment_whatever_is_written_meanwhile() {
    let mut server = server();
    let first = page(&mut server, 4, &Value::Null);
    assert_eq!(first.body["metadata"]["remainingItemCount"], 7);
    for name in ["m4", "m9"] {
        assert_eq!(
            server.ask("admin-prod", "DELETE", &format!("{PLAIN}/configmaps/{name}"), Value::Null).status,
            200
        );
    }
    server.ask("admin-prod", "POST", &format!("{PLAIN}/configmaps"), map("m55", "new"));
    server.ask("admin-prod", "PATCH", &format!("{PLAIN}/configmaps/m6"), json!({"data": {"a": "changed"}}));
    let second = page(&mut server, 4, &first.body["metadata"]["continue"]);
    let third = page(&mut server, 4, &second.body["metadata"]["continue"]);
    let walked: Vec<String> = [&first, &second, &third].into_iter().flat_map(names).collect();
    assert_eq!(
        walked,
        ["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "m9"],
        "as it was when the list began"
    );
    let six = second.body["items"].as_array().unwrap().iter().find(|item| item["metadata"]["name"] == "m6");
    assert_eq!(six.unwrap()["data"]["a"], "1");
    for answer in [&second, &third] {
        assert_eq!(answer.body["metadata"]["resourceVersion"], first.body["metadata"]["resourceVersion"]);
    }
    assert!(third.body["metadata"].get("continue").is_none(), "the last page");
    assert_eq!(names(&page(&mut server, 0, &Value::Null)).len(), 10, "a new list shows what is there now");
}

#[test]
fn an_old_token_is_410_with_one_that_goes_on_as_things_are() {
    for (writes, wait) in [(Some(1), 0), (None, 301)] {
        let mut server = server();
        if let Some(writes) = writes {
            server.world.expire_continue_after(writes);
        }
        let first = page(&mut server, 4, &Value::Null);
        let token = first.body["metadata"]["continue"].clone();
        for name in ["m2", "m7"] {
            server.ask("admin-prod", "DELETE", &format!("{PLAIN}/configmaps/{name}"), Value::Null);
        }
        server.now += jiff::SignedDuration::from_secs(wait);
        let gone = page(&mut server, 4, &token);
        assert_eq!((gone.status, &gone.body["reason"], gone.accepted), (410, &json!("Expired"), true));
        assert!(text(&gone.body["message"]).starts_with("The provided continue parameter is too old"));
        let onward = page(&mut server, 9, &gone.body["metadata"]["continue"]);
        assert_eq!(names(&onward), ["m3", "m4", "m5", "m6", "m8", "m9"], "after m2, without m7");
    }
    let mut server = server();
    server.world.expire_continue_in(Duration::ZERO);
    let first = page(&mut server, 4, &Value::Null);
    assert_eq!(page(&mut server, 4, &first.body["metadata"]["continue"]).status, 410);
}

#[test]
fn pages_go_across_namespaces_and_over_views() {
    let mut server = server();
    let all = "/k8s/clusters/c-prod1/api/v1/configmaps";
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let answer = server.get("admin-prod", &format!("{all}?limit=3&continue={}", encoded(&token)));
        for item in answer.body["items"].as_array().unwrap() {
            seen.push(format!(
                "{}/{}",
                text(&item["metadata"]["namespace"]),
                text(&item["metadata"]["name"])
            ));
        }
        match answer.body["metadata"]["continue"].as_str() {
            Some(next) => token = next.to_owned(),
            None => break,
        }
    }
    let whole = server.get("admin-prod", all).body["items"].as_array().unwrap().len();
    let distinct: std::collections::BTreeSet<&String> = seen.iter().collect();
    assert_eq!((seen.len(), distinct.len()), (whole, whole));
    let views = "/k8s/clusters/local/apis/management.cattle.io/v3/settings";
    let first = server.get("admin-local", &format!("{views}?limit=2"));
    let next = encoded(first.body["metadata"]["continue"].as_str().unwrap());
    let second = server.get("admin-local", &format!("{views}?limit=2&continue={next}"));
    assert!(names(&first).iter().all(|name| !names(&second).contains(name)));
}

#[test]
fn selectors_pick_and_hide_the_count() {
    let mut server = server();
    let mut ask = |query: &str| server.get("admin-prod", &format!("{PLAIN}/configmaps?{query}"));
    assert_eq!(names(&ask("labelSelector=n+in+(m1,m2)")), ["m1", "m2"]);
    assert_eq!(names(&ask("labelSelector=!n")), ["kube-root-ca.crt"]);
    assert_eq!(names(&ask("fieldSelector=metadata.name%3Dm3")), ["m3"]);
    let cut = ask("labelSelector=n&limit=2");
    assert!(cut.body["metadata"]["continue"].is_string());
    assert!(cut.body["metadata"].get("remainingItemCount").is_none());
    for query in [
        "fieldSelector=data.a%3D1",
        "labelSelector=a+of+b",
        "limit=abc",
        "continue=bad",
        "continue=bad&limit=2",
    ] {
        let refused = ask(query);
        assert_eq!((refused.status, &refused.body["reason"]), (400, &json!("BadRequest")), "{query}");
    }
}

#[test]
fn a_put_is_locked_by_version_and_identity() {
    let mut server = server();
    let path = format!("{PLAIN}/configmaps/m1");
    let read = server.get("admin-prod", &path).body;
    let mut put = |body: Value| server.ask("admin-prod", "PUT", &path, body);
    let mut changed = read.clone();
    changed["data"]["a"] = json!("2");
    let fresh = put(changed.clone());
    assert_eq!((fresh.status, &fresh.body["data"]["a"]), (200, &json!("2")));
    assert_eq!(put(changed.clone()).body["reason"], "Conflict", "its version is old now");
    let mut other = fresh.body.clone();
    other["metadata"]["uid"] = json!("00000000-0000-4000-8000-000000000000");
    let refused = put(other);
    assert_eq!(refused.status, 409);
    assert!(text(&refused.body["message"]).contains("Precondition failed: UID in precondition"));
    let same = put(fresh.body.clone());
    assert_eq!(
        same.body["metadata"]["resourceVersion"], fresh.body["metadata"]["resourceVersion"],
        "nothing changed"
    );
    let blind = put(json!({"metadata": {"name": "m1"}, "data": {"b": "3"}}));
    assert_eq!((blind.status, &blind.body["data"]), (200, &json!({"b": "3"})), "no version, no lock");
    assert_eq!(put(json!({"metadata": {"name": "m2"}})).status, 400);
    assert_eq!(put(json!({"metadata": {"name": "m1", "namespace": "shop-web"}})).status, 400);
    let missing = server.ask(
        "admin-prod",
        "PUT",
        &format!("{PLAIN}/configmaps/nosuch"),
        json!({"metadata": {"name": "nosuch"}}),
    );
    assert_eq!((missing.status, &missing.body["reason"]), (404, &json!("NotFound")));
    let versioned = json!({"metadata": {"name": "new", "resourceVersion": "1"}});
    let refused = server.ask("admin-prod", "POST", &format!("{PLAIN}/configmaps"), versioned);
    assert_eq!((refused.status, refused.body.get("reason")), (500, None));
}

#[test]
fn every_kind_of_patch_changes_its_part() {
    let mut server = server();
    let path = format!("{PLAIN}/configmaps/m1");
    let merged = server.patch(
        "admin-prod",
        &path,
        "application/merge-patch+json",
        json!({"data": {"a": null, "b": "2"}}),
    );
    assert_eq!(merged.body["data"], json!({"b": "2"}));
    let steps = json!([{"op": "test", "path": "/data/b", "value": "2"}, {"op": "add", "path": "/data/c", "value": "3"}]);
    let stepped = server.patch("admin-prod", &path, "application/json-patch+json", steps);
    assert_eq!(stepped.body["data"], json!({"b": "2", "c": "3"}));
    let failed = json!([{"op": "test", "path": "/data/b", "value": "9"}]);
    assert_eq!(server.patch("admin-prod", &path, "application/json-patch+json", failed).status, 422);
    let stale = json!({"metadata": {"resourceVersion": "1"}, "data": {}});
    assert_eq!(server.patch("admin-prod", &path, STRATEGIC, stale).status, 409);
    let plain = server.patch("admin-prod", &path, "application/json", json!({}));
    assert_eq!(plain.status, 415);
    assert!(text(&plain.body["message"]).ends_with("application/strategic-merge-patch+json"));
}

#[test]
fn apply_owns_fields_and_gives_them_back() {
    let mut server = server();
    let path = format!("{PLAIN}/configmaps/app");
    let mut apply = |query: &str, data: Value| {
        let body =
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data});
        server.patch("admin-prod", &format!("{path}?{query}"), APPLY, body)
    };
    assert_eq!(apply("fieldManager=one", json!({"a": "1", "b": "1"})).status, 201);
    let conflict = apply("fieldManager=two", json!({"a": "2"}));
    assert_eq!(conflict.body["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    assert_eq!(
        apply("fieldManager=two&force=true", json!({"a": "2"})).body["data"],
        json!({"a": "2", "b": "1"})
    );
    let less = apply("fieldManager=one", json!({}));
    assert_eq!(less.body["data"], json!({"a": "2"}), "b was one's alone");
    let several = apply("fieldManager=three", json!({"a": "3"}));
    assert_eq!(several.status, 409);
}

#[test]
fn deletion_knows_preconditions_foreground_and_collections() {
    let mut server = server();
    let path = format!("{PLAIN}/configmaps/m1");
    let wrong = json!({"preconditions": {"resourceVersion": "1"}});
    assert_eq!(server.ask("admin-prod", "DELETE", &path, wrong).status, 409);
    let going =
        server.ask("admin-prod", "DELETE", &format!("{path}?propagationPolicy=Foreground"), Value::Null);
    assert_eq!(going.body["metadata"]["finalizers"], json!(["foregroundDeletion"]));
    assert_eq!(server.get("admin-prod", &path).status, 404);
    let some = format!("{PLAIN}/configmaps?labelSelector=n+in+(m2,m3)");
    let tried = server.ask("admin-prod", "DELETE", &format!("{some}&dryRun=All"), Value::Null);
    assert_eq!(names(&tried), ["m2", "m3"]);
    assert_eq!(names(&server.ask("admin-prod", "DELETE", &some, Value::Null)), ["m2", "m3"]);
    assert_eq!(names(&server.get("admin-prod", &format!("{PLAIN}/configmaps"))).len(), 8);
}

#[test]
fn pod_security_is_a_403_of_a_right_one_has() {
    let mut server = Server::new();
    let home = "/k8s/clusters/c-prod1/api/v1/namespaces/plain";
    let label = json!({"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}});
    assert_eq!(server.ask("admin-prod", "PATCH", home, label).status, 200);
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    let refused = server.ask("admin-prod", "POST", &format!("{home}/pods"), pod);
    assert_eq!((refused.status, &refused.body["reason"], refused.accepted), (403, &json!("Forbidden"), true));
    let told = text(&refused.body["message"]);
    assert!(
        told.starts_with("pods \"p\" is forbidden: violates PodSecurity \"restricted:latest\": "),
        "{told}"
    );
}
