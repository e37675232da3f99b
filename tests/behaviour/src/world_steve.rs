//! The simulated Steve: lists filtered, sorted and paged, parts of objects, writes, blocked types.

use crate::world_server::{Server, text};
use serde_json::{Value, json};

const MAPS: &str = "/k8s/clusters/c-prod1/v1/configmaps";

fn ids(body: &Value) -> Vec<String> {
    body["data"].as_array().unwrap().iter().map(|item| text(&item["id"])).collect()
}

fn map(name: &str, tier: &str) -> Value {
    json!({
        "type": "configmap", "data": {"a": "1"},
        "metadata": {"namespace": "plain", "name": name, "labels": {"tier": tier}},
    })
}

fn server() -> Server {
    let mut server = Server::new();
    for (name, tier) in [("m1", "front"), ("m2", "back"), ("m3", "front")] {
        assert_eq!(server.ask("admin-prod", "POST", MAPS, map(name, tier)).status, 201);
    }
    server
}

#[test]
fn lists_are_paged_by_pagesize_and_page_alone() {
    let mut server = server();
    let whole = server.get("admin-prod", &format!("{MAPS}/plain")).body;
    assert_eq!(ids(&whole), ["plain/kube-root-ca.crt", "plain/m1", "plain/m2", "plain/m3"]);
    let first = server.get("admin-prod", &format!("{MAPS}/plain?pagesize=3")).body;
    assert_eq!((&first["count"], &first["continue"], ids(&first).len()), (&json!(4), &json!("3"), 3));
    assert_eq!(first["pagination"]["partial"], true);
    let next = text(&first["pagination"]["next"]).replace("https://sim.example.com", "");
    assert_eq!(ids(&server.get("admin-prod", &next).body), ids(&first), "the link leads nowhere new");
    let second = server.get("admin-prod", &format!("{MAPS}/plain?pagesize=3&page=2")).body;
    assert_eq!(ids(&second), ["plain/m3"]);
    assert!(second.get("pagination").is_none());
    let beyond = server.get("admin-prod", &format!("{MAPS}/plain?pagesize=3&page=9")).body;
    assert_eq!((ids(&beyond).len(), &beyond["count"]), (0, &json!(4)));
    let ignored = server.get("admin-prod", &format!("{MAPS}/plain?limit=1&continue=2")).body;
    assert_eq!(ids(&ignored).len(), 4);
    let empty = server.get("admin-prod", &format!("{MAPS}/nosuch")).body;
    assert_eq!((ids(&empty).len(), empty.get("count")), (0, None));
}

#[test]
fn filters_sorting_and_homes() {
    let mut server = server();
    let mut list = |query: &str| ids(&server.get("admin-prod", &format!("{MAPS}/plain?{query}")).body);
    assert_eq!(list("filter=metadata.labels.tier=front"), ["plain/m1", "plain/m3"]);
    assert_eq!(list("filter=metadata.name=m1,metadata.name=m2"), ["plain/m1", "plain/m2"], "a comma is or");
    assert_eq!(
        list("filter=metadata.name=m1,metadata.name=m2&filter=metadata.labels[tier]=back"),
        ["plain/m2"],
        "a second filter is and"
    );
    assert_eq!(list("filter=metadata.name~M&sort=-metadata.name"), ["plain/m3", "plain/m2", "plain/m1"]);
    assert_eq!(list("filter=metadata.name!~m&filter=id!=x"), ["plain/kube-root-ca.crt"]);
    assert_eq!(list("filter=metadata.labels.tier+in+(back,side)"), ["plain/m2"]);
    assert_eq!(list("filter=!metadata.labels[tier]"), ["plain/kube-root-ca.crt"]);
    let wrong = server.get("admin-prod", &format!("{MAPS}?filter=data.a=1"));
    assert_eq!((wrong.status, &wrong.body["code"]), (422, &json!("InvalidBodyContent")));
    assert_eq!(wrong.body["message"], "column is invalid [data.a]: supplied column is invalid");
    assert_eq!(server.get("admin-prod", &format!("{MAPS}?sort=-data.a")).status, 422);
    let homes = |server: &mut Server, query: &str| {
        ids(&server.get("admin-prod", &format!("/k8s/clusters/c-prod1/v1/namespaces?{query}")).body)
    };
    assert_eq!(homes(&mut server, "projectsornamespaces=p-qwwv5,plain"), ["plain", "shop-web"]);
    assert!(!homes(&mut server, "projectsornamespaces!=p-qwwv5").contains(&"shop-web".to_owned()));
    let maps = server.get("admin-prod", &format!("{MAPS}?projectsornamespaces=p-qwwv5")).body;
    assert_eq!(ids(&maps), ["shop-web/kube-root-ca.crt"]);
    let later = server.get("admin-prod", &format!("{MAPS}?revision=999999999"));
    assert_eq!((later.status, &later.body["code"]), (400, &json!("unknown revision")));
}

#[test]
fn parts_are_left_out() {
    let mut server = server();
    let mut one = |query: &str| server.get("admin-prod", &format!("{MAPS}/plain/m1?{query}")).body;
    assert!(one("exclude=metadata.labels&exclude=data").get("data").is_none());
    let included = one("include=data");
    let fields: Vec<&String> = included.as_object().unwrap().keys().collect();
    assert_eq!(fields, ["data", "id", "links", "type"]);
    assert_eq!(one("excludeValues=data")["data"], json!({"a": ""}));
    let listed = server.get("admin-prod", &format!("{MAPS}/plain?exclude=data&filter=metadata.name=m1")).body;
    assert!(listed["data"][0].get("data").is_none());
}

#[test]
fn writes_are_locked_and_told_in_steves_words() {
    let mut server = server();
    let path = format!("{MAPS}/plain/m1");
    let read = server.get("admin-prod", &path).body;
    let mut changed = read.clone();
    changed["data"]["a"] = json!("2");
    let put = server.ask("admin-prod", "PUT", &path, changed.clone());
    assert_eq!((put.status, &put.body["data"]["a"]), (200, &json!("2")));
    let stale = server.ask("admin-prod", "PUT", &path, changed.clone());
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("Conflict")));
    let text = String::from_utf8_lossy(&stale.response.body).into_owned();
    assert_eq!(text.matches(r#""type":"error""#).count(), 2, "the type stands twice: {text}");
    changed["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let blind = server.ask("admin-prod", "PUT", &path, changed);
    assert_eq!((blind.status, &blind.body["code"]), (500, &json!("ServerError")));
    assert_eq!(blind.body["message"], "metadata.resourceVersion is required for update");
    let homeless = json!({"type": "configmap", "metadata": {"name": "x"}});
    assert_eq!(server.ask("admin-prod", "POST", MAPS, homeless).status, 422);
    let patched = server.patch("admin-prod", &path, "application/json", json!({"data": {"b": "3"}}));
    assert_eq!((patched.status, &patched.body["data"]), (200, &json!({"a": "2", "b": "3"})));
    let secret = json!({"type": "secret", "_type": "kubernetes.io/tls", "metadata": {"namespace": "plain", "name": "s"}});
    let made = server.ask("admin-prod", "POST", "/k8s/clusters/c-prod1/v1/secrets", secret);
    assert_eq!((&made.body["_type"], &made.body["type"]), (&json!("kubernetes.io/tls"), &json!("secret")));
    assert_eq!(server.ask("admin-prod", "DELETE", &path, Value::Null).status, 204);
    assert_eq!(server.get("admin-prod", &path).status, 404);
}

#[test]
fn types_that_nobody_may_write_say_blocked() {
    let mut server = Server::new();
    let path = "/v1/management.cattle.io.clusters/c-prod1";
    let cluster = server.get("admin-unscoped", path).body;
    for link in ["update", "remove", "patch"] {
        assert_eq!(cluster["links"][link], "blocked");
    }
    assert_eq!(cluster["links"]["view"], format!("https://sim.example.com{path}"));
    assert_eq!(cluster["links"]["shell"], "wss://sim.example.com/v3/clusters/c-prod1?shell=true");
    let refused = server.ask("admin-unscoped", "PUT", path, cluster);
    assert_eq!((refused.status, &refused.body["code"]), (403, &json!("PermissionDenied")));
    let setting = server.get("admin-unscoped", "/v1/management.cattle.io.settings/server-url").body;
    assert_eq!(setting["links"]["remove"], "blocked");
    assert_ne!(setting["links"]["update"], "blocked", "settings may be changed");
}

#[test]
fn links_lose_the_prefix_on_local_only() {
    let mut server = Server::new();
    let own = |body: &Value| text(&body["links"]["self"]);
    let local = server.get("admin-local", "/k8s/clusters/local/v1/namespaces/plain").body;
    assert_eq!(own(&local), "https://sim.example.com/v1/namespaces/plain");
    let other = server.get("admin-prod", "/k8s/clusters/c-prod1/v1/namespaces/plain").body;
    assert_eq!(own(&other), "https://sim.example.com/k8s/clusters/c-prod1/v1/namespaces/plain");
    let nothing = server.get("admin-prod", "/k8s/clusters/c-prod1/v1/nosuch");
    assert_eq!((nothing.status, nothing.response.body.len()), (404, 0));
    let honest = server.get("admin-unscoped", "/v1/fleet.cattle.io.clusters");
    assert_eq!(honest.status, 501, "the real server has it");
}
