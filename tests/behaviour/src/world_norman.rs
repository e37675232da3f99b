//! The generic store of Norman: every collection of the three APIs, its writes, its lists, and lists that are wrong on
//! purpose.

use http::{HeaderMap, Method, header};
use jiff::Timestamp;
use rancher_simulator::{Quirk, Request, Respond, World};
use serde_json::{Value, json};
use std::collections::BTreeSet;

struct Server {
    world: World,
    now: Timestamp,
}

impl Server {
    fn new() -> Self {
        Self { world: World::record(7), now: "2026-11-22T06:00:00Z".parse().unwrap() }
    }

    fn ask_as(&mut self, label: &str, method: Method, target: &str, body: Option<Value>) -> (u16, Value) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "rancher.example.com".parse().unwrap());
        let bearer = format!("Bearer {}", self.world.labels().tokens[label]);
        headers.insert(header::AUTHORIZATION, bearer.parse().unwrap());
        let body = body.map(|body| body.to_string()).unwrap_or_default().into();
        let request = Request { method, target: target.to_owned(), headers, body };
        let answer = self.world.respond(&request, self.now);
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    fn ask(&mut self, method: Method, target: &str, body: Option<Value>) -> (u16, Value) {
        self.ask_as("admin-unscoped", method, target, body)
    }

    fn get(&mut self, target: &str) -> Value {
        let (status, body) = self.ask(Method::GET, target, None);
        assert_eq!(status, 200, "{target}: {body}");
        body
    }

    /// Status, code and fieldName of a refused write.
    fn refused(&mut self, method: Method, target: &str, body: Value) -> (u16, String, Value) {
        let (status, body) = self.ask(method, target, Some(body));
        (status, body["code"].as_str().unwrap_or_default().to_owned(), body["fieldName"].clone())
    }
}

fn ids(list: &Value) -> Vec<String> {
    list["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_collection_of_the_three_apis_lists() {
    let mut server = Server::new();
    let mut seen = 0;
    for (schemas, prefix) in [
        ("/v3/schemas", "/v3"),
        ("/v3/cluster/c-prod1/schemas", "/v3/cluster/c-prod1"),
        ("/v3/project/c-prod1:p-qwwv5/schemas", "/v3/project/c-prod1:p-qwwv5"),
    ] {
        let schemas = server.get(schemas);
        for schema in schemas["data"].as_array().unwrap() {
            let methods = schema["collectionMethods"].as_array().cloned().unwrap_or_default();
            let (Some(link), true) =
                (schema["links"]["collection"].as_str(), methods.contains(&json!("GET")))
            else {
                continue;
            };
            let name = link.rsplit('/').next().unwrap();
            if name == "subscribe" {
                continue;
            }
            let list = server.get(&format!("{prefix}/{name}?limit=2"));
            assert_eq!(list["resourceType"], schema["id"], "{prefix}/{name}");
            let filters: BTreeSet<&String> = list["filters"].as_object().unwrap().keys().collect();
            let stated: BTreeSet<&String> = schema["collectionFilters"].as_object().unwrap().keys().collect();
            assert_eq!(filters, stated, "{prefix}/{name}");
            seen += 1;
        }
    }
    println!("norman: {seen} collections list");
    assert_eq!(seen, 62, "31 of management, 4 of a cluster, 27 of a project");
}

#[test]
fn schemas_state_every_fact_of_a_type() {
    let mut server = Server::new();
    let project = server.get("/v3/schemas/project");
    assert_eq!(
        project["resourceFields"]["clusterId"],
        json!({"create": true, "nullable": true, "required": true, "type": "reference[cluster]", "update": true})
    );
    assert_eq!(project["collectionFilters"]["name"]["modifiers"], json!(["eq", "ne", "in", "notin"]));
    let setting = server.get("/v3/schemas/setting");
    assert_eq!(setting["resourceFields"]["source"]["options"], json!(["db", "default", "env"]));
    let below = server.get("/v3/cluster/c-prod1/schemas/namespace");
    assert_eq!(below["links"]["collection"], "https://rancher.example.com/v3/cluster/c-prod1/namespaces");
    let (status, body) = server.ask(Method::GET, "/v3/schemas/nosuch", None);
    assert_eq!((status, &body["code"]), (404, &json!("NotFound")));
}

#[test]
fn an_object_is_made_changed_and_deleted_by_its_schema() {
    let mut server = Server::new();
    let role = json!({"name": " Auditor ", "context": "cluster", "nosuch": 1, "rules": [
        {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]},
    ]});
    let (status, made) = server.ask(Method::POST, "/v3/roletemplates", Some(role));
    assert_eq!((status, &made["name"], &made["hidden"]), (201, &json!("Auditor"), &json!(false)), "{made}");
    assert!(made["nosuch"].is_null() && made["id"].as_str().unwrap().starts_with("rt-"), "{made}");
    let own = format!("/v3/roletemplates/{}", made["id"].as_str().unwrap());
    let change = json!({"description": "reads", "context": null, "uuid": "mine", "builtin": true});
    let (status, changed) = server.ask(Method::PUT, &own, Some(change));
    assert_eq!((status, &changed["description"]), (200, &json!("reads")), "{changed}");
    assert_eq!((&changed["uuid"], &changed["builtin"]), (&made["uuid"], &json!(false)), "not written");
    assert!(changed["context"].is_null() && changed["rules"] == made["rules"], "{changed}");
    assert_eq!(server.ask(Method::DELETE, &own, None).0, 204, "no controller had put its finalizer on it");
    let (status, gone) = server.ask(Method::GET, &own, None);
    assert_eq!((status, &gone["code"]), (404, &json!("NotFound")));
    assert_eq!(
        server.ask(Method::DELETE, "/v3/roletemplates/workloads-view", None).0,
        200,
        "with a finalizer"
    );
    assert_eq!(server.ask(Method::DELETE, "/v3/globalroles/admin", None).0, 403, "built in");
}

#[test]
fn a_role_that_somebody_made_gives_its_rights() {
    let mut server = Server::new();
    let reads = json!({"name": "x", "rules": [
        {"apiGroups": ["management.cattle.io"], "resources": ["users"], "verbs": ["get", "list"]},
    ]});
    let users = |server: &mut Server| server.ask_as("base-unscoped", Method::GET, "/v3/users", None).1;
    assert_eq!(ids(&users(&mut server)).len(), 1, "itself");
    let (_, role) = server.ask(Method::POST, "/v3/globalroles", Some(reads));
    let binding = json!({"globalRoleId": role["id"], "userId": "u-6zqv9"});
    let (status, bound) = server.ask(Method::POST, "/v3/globalrolebindings", Some(binding));
    assert_eq!(status, 201, "{bound}");
    assert_eq!(ids(&users(&mut server)).len(), 7);
}

#[test]
fn what_is_wrong_is_refused_with_its_code_and_field() {
    let mut server = Server::new();
    let post = |server: &mut Server, target: &str, body: Value| server.refused(Method::POST, target, body);
    for (target, body, status, code, field) in [
        ("/v3/projects", json!({"clusterId": "local"}), 422, "MissingRequired", json!("name")),
        ("/v3/roletemplates", json!({}), 422, "MissingRequired", json!("name")),
        (
            "/v3/roletemplates",
            json!({"name": "x", "context": "galaxy"}),
            422,
            "InvalidOption",
            json!("context"),
        ),
        ("/v3/roletemplates", json!({"name": "x", "rules": [null]}), 422, "NotNullable", json!("rules")),
        ("/v3/settings", json!({"name": "Bad_Name", "value": "1"}), 422, "InvalidFormat", json!("name")),
        ("/v3/settings", json!({"name": "cacerts", "value": "1"}), 409, "AlreadyExists", Value::Null),
        (
            "/v3/clusterregistrationtokens",
            json!({"clusterId": "local", "ttl": "x"}),
            422,
            "InvalidFormat",
            json!("ttl"),
        ),
        ("/v3/clusterregistrationtokens", json!({"clusterId": "c-zzzzz"}), 404, "NotFound", Value::Null),
        ("/v3/clusters", json!({"name": "Bad_Name"}), 422, "InvalidFormat", json!("name")),
        (
            "/v3/projectroletemplatebindings",
            json!({"projectId": "local:p-gcx5s"}),
            422,
            "MissingRequired",
            json!("roleTemplateId"),
        ),
        ("/v3/authconfigs", json!({}), 405, "MethodNotAllow", Value::Null),
        ("/v3/nosuchtype", json!({}), 404, "NotFound", Value::Null),
        ("/v3/features?action=nosuch", json!({}), 404, "ActionNotAvailable", Value::Null),
        ("/v3/globalroles/admin?action=nosuch", json!({}), 404, "ActionNotAvailable", Value::Null),
    ] {
        assert_eq!(
            post(&mut server, target, body.clone()),
            (status, code.to_owned(), field),
            "{target} {body}"
        );
    }
    for (target, body, status, code) in [
        ("/v3/settings/server-version", json!({"value": "v9"}), 405, "MethodNotAllow"),
        ("/v3/settings/cacerts", json!({"value": "x"}), 405, "MethodNotAllow"),
        ("/v3/settings/nosuch", json!({"value": "x"}), 404, "NotFound"),
        ("/v3/authConfigs/local", json!({"enabled": false}), 500, "ServerError"),
        ("/v3/localConfigs/local", json!({"enabled": false}), 405, "MethodNotAllow"),
        ("/v3/features", json!({}), 405, "MethodNotAllow"),
    ] {
        let (found, said, _) = server.refused(Method::PUT, target, body);
        assert_eq!((found, said.as_str()), (status, code), "{target}");
    }
    assert!(server.get("/v3/authconfigs/local")["enabled"].as_bool().unwrap(), "nothing changed");
}

#[test]
fn what_is_sent_is_taken_as_the_schema_says() {
    let mut server = Server::new();
    let project = json!({"name": 7, "clusterId": " local ", "uuid": "mine", "labels": {"a": true}});
    let (status, made) = server.ask(Method::POST, "/v3/projects", Some(project));
    assert_eq!((status, &made["name"], &made["clusterId"]), (201, &json!("7"), &json!("local")), "{made}");
    assert_eq!(made["labels"]["a"], "true", "coerced");
    assert_ne!(made["uuid"], "mine", "dropped");
    let own = format!("/v3/projects/{}", made["id"].as_str().unwrap());
    let (_, moved) =
        server.ask(Method::PUT, &own, Some(json!({"clusterId": "c-prod1", "labels": {"c": "1"}})));
    assert_eq!(moved["clusterId"], "local", "a project does not move");
    assert!(
        moved["labels"]["a"].is_null() && moved["labels"]["c"] == "1",
        "a map is replaced whole: {moved}"
    );
    let user = json!({"username": "new", "password": "long enough to pass", "enabled": "no"});
    let (status, made) = server.ask(Method::POST, "/v3/users", Some(user));
    assert_eq!((status, &made["enabled"], &made["password"]), (201, &json!(false), &Value::Null), "{made}");
}

#[test]
fn settings_and_features_are_written_as_far_as_they_go() {
    let mut server = Server::new();
    let own = "/v3/settings/kubeconfig-generate-token";
    let (_, changed) = server.ask(Method::PUT, own, Some(json!({"value": false})));
    assert_eq!((&changed["value"], &changed["customized"]), (&json!("false"), &json!(true)), "coerced");
    let (_, cleared) = server.ask(Method::PUT, own, Some(json!({"value": null})));
    assert_eq!((&cleared["value"], &cleared["source"]), (&json!("true"), &json!("default")));
    let feature = "/v3/features/hide-local-auth-provider";
    let (status, on) = server.ask(Method::PUT, feature, Some(json!({"value": true})));
    assert_eq!((status, &on["value"]), (200, &json!(true)));
    let locked = server.get("/v3/features?limit=-1");
    let locked = locked["data"].as_array().unwrap().iter().find(|f| !f["status"]["lockedValue"].is_null());
    if let Some(locked) = locked {
        let other = json!({"value": !locked["status"]["lockedValue"].as_bool().unwrap()});
        let target = format!("/v3/features/{}", locked["id"].as_str().unwrap());
        assert_eq!(server.ask(Method::PUT, &target, Some(other)).0, 400, "{target}");
    }
    assert_eq!(server.get("/v3/features?value_ne=true&limit=0")["pagination"]["limit"], 0);
}

#[test]
fn lists_are_filtered_by_rights_and_modifiers() {
    let mut server = Server::new();
    let (status, roles) = server.ask_as("base-unscoped", Method::GET, "/v3/globalroles", None);
    assert_eq!((status, ids(&roles).len()), (200, 0), "no right is an empty list");
    let (status, body) = server.ask_as("base-unscoped", Method::GET, "/v3/globalroles/admin", None);
    assert_eq!((status, &body["code"]), (403, &json!("Forbidden")));
    let of = |server: &mut Server, query: &str| ids(&server.get(&format!("/v3/roletemplates?{query}"))).len();
    let (all, project, cluster) =
        (of(&mut server, ""), of(&mut server, "context=project"), of(&mut server, "context=cluster"));
    assert_eq!(of(&mut server, "context_ne=project"), all - project);
    assert_eq!(of(&mut server, "context_in=project&context_in=cluster"), project + cluster);
    assert_eq!(of(&mut server, "context_notin=project&context_notin=cluster"), all - project - cluster);
    assert_eq!(of(&mut server, "context=cluster&context=project"), cluster, "the first counts");
    assert_eq!(of(&mut server, "hidden_in=true"), all, "a boolean knows no in");
    assert_eq!(of(&mut server, "hidden=true") + of(&mut server, "hidden_ne=true"), all);
}

#[test]
fn a_walk_sees_what_lived_throughout_once_though_its_marker_vanishes() {
    let mut server = Server::new();
    server.world.add_projects("local", "w", 40).unwrap();
    let first = server.get("/v3/projects?clusterId=local&limit=10");
    let next = first["pagination"]["next"].as_str().unwrap();
    let marker = next.split("marker=").nth(1).unwrap().replace("%3A", ":");
    let (status, _) = server.ask(Method::DELETE, &format!("/v3/projects/{marker}"), None);
    assert_eq!(status, 200);
    let again = server.get(next.strip_prefix("https://rancher.example.com").unwrap());
    assert_eq!(ids(&again), ids(&first), "an unknown marker restarts at page one");
    assert_eq!(again["pagination"]["marker"], json!(marker), "and is echoed");
}

#[test]
fn a_cluster_has_its_registration_token_and_new_ones_follow() {
    let mut server = Server::new();
    let own = server.get("/v3/clusters/c-stag1/clusterregistrationtokens");
    assert_eq!(ids(&own), ["c-stag1:default-token"]);
    assert!(
        own["data"][0]["command"]
            .as_str()
            .unwrap()
            .starts_with("kubectl apply -f https://rancher.example.com/")
    );
    let (status, made) =
        server.ask(Method::POST, "/v3/clusterregistrationtokens", Some(json!({"clusterId": "c-stag1"})));
    assert_eq!(status, 201);
    assert!(made["command"].is_null() && made["token"].is_string(), "{made}");
    let later = server.get(&format!("/v3/clusterregistrationtokens/{}", made["id"].as_str().unwrap()));
    assert!(later["manifestUrl"].as_str().unwrap().contains(made["token"].as_str().unwrap()), "{later}");
}

#[test]
fn what_lies_below_a_project_goes_by_the_rights_in_its_namespaces() {
    let mut server = Server::new();
    let map = json!({"name": "settings", "namespaceId": "shop-web", "data": {"a": "1"}});
    let below = "/v3/project/c-prod1:p-qwwv5/configMaps";
    let (status, _) = server.ask_as("ro-unscoped", Method::POST, below, Some(map.clone()));
    assert_eq!(status, 403);
    let (status, made) = server.ask_as("pmember-unscoped", Method::POST, below, Some(map));
    assert_eq!((status, &made["id"]), (201, &json!("shop-web:settings")), "{made}");
    let (_, seen) = server.ask_as("ro-unscoped", Method::GET, below, None);
    assert_eq!(ids(&seen), ["shop-web:settings"]);
    let (status, _) =
        server.ask_as("standard-unscoped", Method::GET, &format!("{below}/shop-web:settings"), None);
    assert_eq!(status, 403);
}

#[test]
fn quirks_change_lists_and_are_noted() {
    let mut server = Server::new();
    let target = "/v3/projects?limit=2&name_ne=p00";
    let next = |list: &Value| list["pagination"]["next"].as_str().unwrap().to_owned();
    let honest = server.get(target);
    assert_eq!(honest["filters"]["name"][0]["value"], "p00");
    assert_eq!(server.world.noted(), None);
    let mut with = |quirk: Quirk, name: &str| {
        server.world.quirk(quirk);
        let list = server.get(target);
        assert_eq!(server.world.noted().as_deref(), Some(name));
        server.get("/v3/settings/cacerts");
        assert_eq!(server.world.noted(), None, "no list");
        server.world.without_quirks();
        list
    };
    let own = with(Quirk::NextIsItself, "quirk:next-is-itself");
    assert!(next(&own).ends_with("/v3/projects?limit=2&name_ne=p00"), "{own}");
    let away =
        with(Quirk::NextOnHost("elsewhere.example.com".into()), "quirk:next-on-host:elsewhere.example.com");
    assert!(next(&away).starts_with("https://elsewhere.example.com/v3/projects?limit=2&marker="), "{away}");
    let old = with(Quirk::FilterUnknown("name".into()), "quirk:filter-unknown:name");
    assert!(!old["filters"].as_object().unwrap().contains_key("name"), "not echoed");
    assert_eq!(old["pagination"]["total"].as_u64(), honest["pagination"]["total"].as_u64().map(|n| n + 1));
    let whole = with(Quirk::LimitIgnored, "quirk:limit-ignored");
    assert!(ids(&whole).len() > 2);
    assert_eq!(ids(&server.get(target)), ids(&honest), "honest again");
}
