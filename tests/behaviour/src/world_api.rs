//! The simulated server beyond the matrix: login, minting, users, projects, bindings, objects.

use crate::world_server::{Answer, Server, text};
use base64::Engine as _;
use http::header;
use jiff::Timestamp;
use rancher_simulator::World;
use serde_json::{Value, json};

#[test]
fn login_gives_a_session_a_cookie_or_a_kubeconfig_token() {
    let mut server = Server::new();
    let answer = server.login("member", None, "json");
    assert_eq!((answer.status, answer.accepted), (201, false));
    let token = text(&answer.body["token"]);
    assert_eq!(token.split_once(':').unwrap().0, answer.body["id"]);
    let expires: Timestamp = text(&answer.body["expiresAt"]).parse().unwrap();
    assert!(
        (expires.as_second() - server.now.as_second() - 16 * 3_600).abs() <= 1,
        "a session lives 16 hours"
    );
    assert_eq!(server.get(&token, "/v3/clusters").status, 200);

    let cookie = server.login("member", None, "cookie");
    assert_eq!((cookie.status, cookie.response.body.len()), (200, 0));
    let cookie = cookie.response.headers[header::SET_COOKIE].to_str().unwrap().to_owned();
    assert!(cookie.starts_with("R_SESS=token-"), "{cookie}");

    let scoped = server.login("member", None, "kubeconfig_c-prod1");
    assert!(text(&scoped.body["id"]).starts_with("kubeconfig-u-d7h7v.c-prod1"));
    let token = text(&scoped.body["token"]);
    assert_eq!(server.get(&token, "/v3/clusters").status, 401);
    assert_eq!(server.get(&token, "/k8s/clusters/c-prod1/version").status, 200);
}

#[test]
fn login_refuses_a_wrong_password_and_a_disabled_user() {
    let mut server = Server::new();
    let wrong = server.login("admin", Some("wrong"), "json");
    assert_eq!((wrong.status, &wrong.body["message"]), (401, &json!("authentication failed")));
    assert_eq!(wrong.body["status"], 401);
    assert_eq!(server.login("disabled", None, "json").status, 403);
    let body = json!({"type": "noSuchProvider", "code": "x"});
    assert_eq!(server.send(None, "POST", "/v1-public/login", "application/json", body).status, 422);
}

#[test]
fn basic_and_cookie_mean_the_same_as_bearer() {
    let mut server = Server::new();
    let token = server.token("standard-unscoped");
    let basic = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(&token));
    let answer = server.send(Some(basic), "GET", "/v3/users?me=true", "application/json", Value::Null);
    assert_eq!((answer.status, answer.accepted), (200, true));
    assert_eq!(answer.body["data"][0]["id"], "u-8nh4v");
    assert_eq!(answer.body["data"].as_array().unwrap().len(), 1);
}

#[test]
fn a_v3_key_is_minted_read_and_deleted_by_its_owner_only() {
    let mut server = Server::new();
    let body = json!({"type": "token", "description": "rotate me", "ttl": 7_689_600_000_i64, "clusterId": "c-prod1"});
    let made = server.ask("admin-unscoped", "POST", "/v3/tokens", body);
    assert_eq!(
        (made.status, &made.body["expiresAt"], &made.body["ttl"]),
        (201, &json!(""), &json!(7_689_600_000_i64))
    );
    let (token, path) = (text(&made.body["token"]), format!("/v3/tokens/{}", text(&made.body["id"])));
    assert_eq!(server.get(&token, "/v3/clusters").status, 401, "it is scoped");
    assert_eq!(server.get(&token, "/v3/cluster/c-prod1/projects").status, 200);

    let read = server.get("admin-unscoped", &path);
    assert_ne!(read.body["expiresAt"], "");
    assert!(read.body.get("token").is_none(), "the secret is shown once");
    assert_eq!(server.get("standard-unscoped", &path).status, 404);
    let put = server.ask("admin-unscoped", "PUT", &path, json!({"description": "new"}));
    assert_eq!((put.status, &put.body["message"]), (404, &json!("no store found")));
    assert_eq!(server.ask("admin-unscoped", "DELETE", &path, Value::Null).status, 204);
    let refused = server.get(&token, "/v3/cluster/c-prod1/projects");
    assert_eq!((refused.status, refused.accepted), (401, false));

    for ttl in [0, -5, 99_999_999_999_999_i64] {
        let made = server.ask("admin-unscoped", "POST", "/v3/tokens", json!({"ttl": ttl}));
        assert_eq!(made.body["ttl"], 7_776_000_000_i64, "{ttl}");
    }
    let odd = server.ask("admin-unscoped", "POST", "/v3/tokens", json!({"ttl": "abc"}));
    assert_eq!((odd.status, &odd.body["code"]), (422, &json!("InvalidFormat")));
    assert_eq!(server.ask("admin-prod", "POST", "/v3/tokens", json!({})).status, 401);
}

#[test]
fn logout_ends_the_token_in_use_and_a_session_does_not_delete_itself() {
    let mut server = Server::new();
    let token = text(&server.login("standard", None, "json").body["token"]);
    let own = format!("/v3/tokens/{}", token.split_once(':').unwrap().0);
    assert_eq!(server.ask(&token, "DELETE", &own, Value::Null).status, 400);
    assert_eq!(server.ask(&token, "POST", "/v3/tokens?action=logout", json!({})).status, 200);
    assert_eq!(server.get(&token, "/v3/").status, 401);
}

#[test]
fn an_ext_token_is_not_confined_can_be_switched_off_and_only_shortened() {
    let mut server = Server::new();
    for road in ["/apis/ext.cattle.io/v1/tokens", "/k8s/clusters/local/apis/ext.cattle.io/v1/tokens"] {
        let body = json!({
            "apiVersion": "ext.cattle.io/v1", "kind": "Token",
            "spec": {"description": "e", "ttl": 3_600_000, "clusterName": "c-prod1"},
        });
        let made = server.ask("member-unscoped", "POST", road, body);
        assert_eq!((made.status, &made.body["spec"]["clusterName"]), (201, &json!("c-prod1")));
        let token = text(&made.body["status"]["bearerToken"]);
        assert!(token.starts_with("ext/token-"));
        assert_eq!(server.get(&token, "/v3/clusters").status, 200, "spec.clusterName confines nothing");
        let path = format!("{road}/{}", text(&made.body["metadata"]["name"]));
        assert!(server.get("member-unscoped", &path).body["status"].get("bearerToken").is_none());
        assert_eq!(server.get("standard-unscoped", &path).status, 404);
        let longer = server.ask("member-unscoped", "PATCH", &path, json!({"spec": {"ttl": 7_200_000}}));
        assert_eq!(longer.status, 400);
        let off = server.ask("member-unscoped", "PATCH", &path, json!({"spec": {"enabled": false}}));
        assert_eq!((off.status, &off.body["spec"]["enabled"]), (200, &json!(false)));
        assert_eq!(server.get(&token, "/v3/clusters").status, 401);
        assert_eq!(server.ask("member-unscoped", "DELETE", &path, Value::Null).status, 200);
        assert_eq!(server.get("member-unscoped", &path).status, 404);
    }
    let me =
        server.ask("admin-local", "POST", "/k8s/clusters/local/apis/ext.cattle.io/v1/selfusers", json!({}));
    assert_eq!((me.status, &me.body["status"]["userID"]), (201, &json!("user-mh6n5")));
}

#[test]
fn a_scoped_key_widens_itself_by_generate_kubeconfig() {
    let mut server = Server::new();
    let before = server.get("member-unscoped", "/v3/tokens").body["data"].as_array().unwrap().len();
    let made =
        server.ask("member-prod", "POST", "/v3/clusters/c-prod1?action=generateKubeconfig", Value::Null);
    let config = text(&made.body["config"]);
    assert!(config.contains("server: \"https://sim.example.com/k8s/clusters/c-prod1\""), "{config}");
    let token = config.split("token: \"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert!(token.starts_with("kubeconfig-u-d7h7v"));
    assert_eq!(server.get(&token, "/v3/clusters").status, 200, "the minted token is not scoped");
    let after = server.get("member-unscoped", "/v3/tokens").body["data"].as_array().unwrap().len();
    assert_eq!(after, before + 1, "every call leaves a token behind");
}

#[test]
fn users_are_made_bound_and_disabled() {
    let mut server = Server::new();
    let body = json!({"username": "new", "name": "New", "password": "long enough for rancher"});
    assert_eq!(server.ask("standard-unscoped", "POST", "/v3/users", body.clone()).status, 403);
    let user = text(&server.ask("admin-unscoped", "POST", "/v3/users", body.clone()).body["id"]);
    let twice = server.ask("admin-unscoped", "POST", "/v3/users", body);
    assert_eq!(
        (twice.status, &twice.body["code"], &twice.body["fieldName"]),
        (422, &json!("NotUnique"), &json!("username"))
    );
    let body = json!({"globalRoleId": "user", "userId": user});
    assert_eq!(server.ask("admin-unscoped", "POST", "/v3/globalrolebindings", body).status, 201);
    let login = json!({"type": "localProvider", "username": "new", "password": "long enough for rancher"});
    let login = server.send(None, "POST", "/v1-public/login", "application/json", login);
    let token = text(&login.body["token"]);

    assert_eq!(server.get(&token, "/k8s/clusters/c-prod1/version").status, 403);
    let body = json!({"clusterId": "c-prod1", "roleTemplateId": "cluster-owner", "userId": user});
    let binding = server.ask("admin-unscoped", "POST", "/v3/clusterroletemplatebindings", body.clone());
    assert_eq!(binding.status, 201);
    assert_eq!(server.get(&token, "/k8s/clusters/c-prod1/api/v1/namespaces").status, 200);
    let again = server.ask(&token, "POST", "/v3/clusterroletemplatebindings", body);
    assert_ne!(again.body["id"], binding.body["id"], "the same binding twice makes two");
    for id in [text(&binding.body["id"]), text(&again.body["id"])] {
        let path = format!("/v3/clusterroletemplatebindings/{id}");
        assert_eq!(server.ask("admin-unscoped", "DELETE", &path, Value::Null).status, 200, "{path}");
    }
    assert_eq!(server.get(&token, "/k8s/clusters/c-prod1/version").status, 403);

    let path = format!("/v3/users/{user}");
    assert_eq!(server.ask(&token, "PUT", &path, json!({"enabled": false})).status, 403);
    let off = server.ask("admin-unscoped", "PUT", &path, json!({"enabled": false}));
    assert_eq!((off.status, &off.body["enabled"]), (200, &json!(false)));
    assert_eq!(server.get(&token, "/v3/").status, 401);
}

#[test]
fn a_tenant_is_set_up_and_taken_down() {
    let mut server = Server::new();
    let body = json!({"type": "project", "name": "acme", "clusterId": "c-prod1"});
    let project = text(&server.ask("admin-unscoped", "POST", "/v3/projects", body).body["id"]);
    let body = json!({"type": "namespace", "name": "acme-web", "projectId": project});
    let made = server.ask("admin-prod", "POST", "/v3/cluster/c-prod1/namespaces", body.clone());
    assert_eq!(
        (made.status, &made.body["state"], &made.body["projectId"]),
        (201, &json!("activating"), &json!(project))
    );
    assert_eq!(server.ask("admin-prod", "POST", "/v3/cluster/c-prod1/namespaces", body).status, 409);
    let pods = "/k8s/clusters/c-prod1/api/v1/namespaces/acme-web/pods";
    assert_eq!(server.get("standard-prod", pods).status, 403);
    let body = json!({"projectId": project, "roleTemplateId": "project-member", "userId": "u-8nh4v"});
    let binding = server.ask("admin-unscoped", "POST", "/v3/projectroletemplatebindings", body);
    let binding = format!("/v3/projectroletemplatebindings/{}", text(&binding.body["id"]));
    assert_eq!(server.get("standard-prod", pods).status, 200);
    let seen = server.get("standard-unscoped", "/v3/projects?clusterId=c-prod1").body;
    assert_eq!((&seen["data"][0]["id"], &seen["pagination"]["total"]), (&json!(project), &json!(1)));
    assert_eq!(server.ask("admin-unscoped", "DELETE", &binding, Value::Null).status, 200);
    assert_eq!(server.get("standard-prod", pods).status, 403);

    let path = format!("/v3/projects/{project}");
    let gone = server.ask("admin-unscoped", "DELETE", &path, Value::Null);
    assert_eq!((gone.status, &gone.body["state"]), (200, &json!("removing")));
    assert_eq!(server.get("admin-unscoped", &path).status, 404);
    assert_eq!(server.get("admin-prod", "/v3/cluster/c-prod1/namespaces/acme-web").status, 200, "it stays");
}

#[test]
fn a_cluster_is_registered_and_removed() {
    let mut server = Server::new();
    let made = server.ask("standard-unscoped", "POST", "/v3/clusters", json!({"name": "new"}));
    assert_eq!((made.status, &made.body["state"]), (201, &json!("pending")));
    let id = text(&made.body["id"]);
    let version = format!("/k8s/clusters/{id}/version");
    assert_eq!(server.get("standard-unscoped", &version).status, 503, "its creator owns it");
    assert_eq!(server.get("member-unscoped", &version).status, 403);
    let projects = server.get("standard-unscoped", &format!("/v3/cluster/{id}/projects"));
    assert_eq!(projects.body["data"].as_array().unwrap().len(), 2, "Default and System");
    let path = format!("/v3/clusters/{id}");
    assert_eq!(server.ask("member-unscoped", "DELETE", &path, Value::Null).status, 403);
    assert_eq!(server.ask("standard-unscoped", "DELETE", &path, Value::Null).status, 200);
    assert_eq!(server.get("admin-unscoped", &path).status, 404);
}

#[test]
fn objects_behind_the_proxy_are_made_read_changed_and_deleted() {
    let mut server = Server::new();
    let home = "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web";
    let secret = json!({"metadata": {"name": "db"}, "stringData": {"password": "x"}});
    let made = server.ask("pmember-prod", "POST", &format!("{home}/secrets"), secret.clone());
    assert_eq!(
        (made.status, &made.body["data"]["password"], &made.body["type"]),
        (201, &json!("eA=="), &json!("Opaque"))
    );
    let twice = server.ask("pmember-prod", "POST", &format!("{home}/secrets"), secret.clone());
    assert_eq!((twice.status, &twice.body["reason"]), (409, &json!("AlreadyExists")));
    assert_eq!(server.ask("ro-prod", "POST", &format!("{home}/secrets"), secret).status, 403);
    let changed =
        server.ask("pmember-prod", "PATCH", &format!("{home}/secrets/db"), json!({"data": {"b": "eQ=="}}));
    assert_eq!(changed.body["data"], json!({"password": "eA==", "b": "eQ=="}));
    let stale = json!({"metadata": {"name": "db", "resourceVersion": "1"}, "data": {}});
    assert_eq!(
        server.ask("pmember-prod", "PUT", &format!("{home}/secrets/db"), stale).body["reason"],
        "Conflict"
    );
    let token = format!("Bearer {}", server.token("pmember-prod"));
    let plain =
        server.send(Some(token), "PATCH", &format!("{home}/secrets/db"), "application/json", json!({}));
    assert_eq!(plain.status, 415);
    let gone = server.ask("pmember-prod", "DELETE", &format!("{home}/secrets/db"), Value::Null);
    assert_eq!((gone.status, &gone.body["status"]), (200, &json!("Success")));
    assert_eq!(server.get("pmember-prod", &format!("{home}/secrets/db")).body["reason"], "NotFound");

    let deployments = "/k8s/clusters/c-prod1/apis/apps/v1/namespaces/shop-web/deployments";
    let limits = json!({"limits": {"cpu": "100m", "memory": "64Mi"}});
    let container = json!({"name": "c", "image": "i", "resources": limits});
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}});
    let body = json!({"metadata": {"name": "web"}, "spec": {"replicas": 2, "template": template}});
    assert_eq!(server.ask("pmember-prod", "POST", deployments, body).status, 201);
    let pods = server.get("ro-prod", &format!("{home}/pods?labelSelector=app%3Dweb"));
    assert_eq!(pods.body["items"].as_array().unwrap().len(), 2);
    assert_eq!(pods.body["items"][0]["status"]["phase"], "Pending");
    let first = server.get("ro-prod", &format!("{home}/pods?limit=1"));
    assert_eq!(first.body["metadata"]["remainingItemCount"], 1);
    let next = text(&first.body["metadata"]["continue"]);
    let next = url::form_urlencoded::byte_serialize(next.as_bytes()).collect::<String>();
    let rest = server.get("ro-prod", &format!("{home}/pods?limit=1&continue={next}"));
    assert_ne!(rest.body["items"][0]["metadata"]["name"], first.body["items"][0]["metadata"]["name"]);
    server.ask("pmember-prod", "DELETE", &format!("{deployments}/web"), Value::Null);
    assert_eq!(server.get("ro-prod", &format!("{home}/pods")).body["items"], json!([]));
    let lost = json!({"metadata": {"name": "x"}});
    let lost =
        server.ask("admin-prod", "POST", "/k8s/clusters/c-prod1/api/v1/namespaces/nosuch/configmaps", lost);
    assert_eq!(lost.body["message"], "namespaces \"nosuch\" not found");
}

#[test]
fn steve_writes_what_kubernetes_keeps() {
    let mut server = Server::new();
    let road = "/k8s/clusters/c-prod1/v1/configmaps";
    let body =
        json!({"type": "configmap", "metadata": {"namespace": "shop-web", "name": "s1"}, "data": {"a": "1"}});
    let made = server.ask("pmember-prod", "POST", road, body.clone());
    assert_eq!(
        (made.status, &made.body["id"], &made.body["type"]),
        (201, &json!("shop-web/s1"), &json!("configmap"))
    );
    let own = "https://sim.example.com/k8s/clusters/c-prod1/v1/configmaps/shop-web/s1";
    assert_eq!(made.body["links"]["self"], own, "downstream links keep the prefix");
    let twice = server.ask("pmember-prod", "POST", road, body.clone());
    assert_eq!((twice.status, &twice.body["code"]), (409, &json!("AlreadyExists")));
    assert_eq!(
        String::from_utf8_lossy(&twice.response.body).matches("\"type\"").count(),
        2,
        "the type stands twice"
    );
    let kept = server.get("ro-prod", "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/configmaps/s1");
    assert_eq!((&kept.body["data"], kept.body.get("type")), (&json!({"a": "1"}), None));
    let mut changed = made.body.clone();
    changed["data"]["a"] = json!("2");
    let path = format!("{road}/shop-web/s1");
    assert_eq!(server.ask("pmember-prod", "PUT", &path, changed).body["data"]["a"], "2");
    assert_eq!(server.ask("ro-prod", "DELETE", &path, Value::Null).status, 403);
    assert_eq!(server.ask("pmember-prod", "DELETE", &path, Value::Null).status, 204);
    assert_eq!(server.get("pmember-prod", &path).status, 404);
    let local = server.ask("admin-local", "POST", "/k8s/clusters/local/v1/configmaps", body);
    let own = "https://sim.example.com/v1/configmaps/shop-web/s1";
    assert_eq!(local.body["links"]["self"], own, "links through the proxy of local lose the prefix");
}

#[test]
fn a_service_account_is_let_in_by_a_cluster_proxy_config() {
    let mut server = Server::new();
    let path = "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/serviceaccounts/default/token";
    let made = server.ask("admin-prod", "POST", path, json!({"spec": {"expirationSeconds": 3600}}));
    let jwt = text(&made.body["status"]["token"]);
    assert_eq!(jwt.split('.').count(), 3);
    let bearer = Some(format!("Bearer {jwt}"));
    let ask = |server: &mut Server, path: &str| {
        let answer = server.send(bearer.clone(), "GET", path, "application/json", Value::Null);
        (answer.status, answer.accepted)
    };
    assert_eq!(ask(&mut server, "/k8s/clusters/c-prod1/version"), (403, false));
    let configs = "/k8s/clusters/local/apis/management.cattle.io/v3/namespaces/c-prod1/clusterproxyconfigs";
    let body = json!({"metadata": {"name": "clusterproxyconfig"}, "enabled": true});
    assert_eq!(server.ask("admin-local", "POST", configs, body).status, 201);
    assert_eq!(ask(&mut server, "/k8s/clusters/c-prod1/version"), (200, false));
    assert_eq!(ask(&mut server, "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/pods"), (403, false));
    assert_eq!(ask(&mut server, "/v3/clusters/c-prod1"), (401, false));
}

#[test]
fn lists_page_filter_and_sort_as_norman_does() {
    let mut server = Server::new();
    let names = |answer: &Answer| -> Vec<String> {
        answer.body["data"].as_array().unwrap().iter().map(|item| text(&item["name"])).collect()
    };
    let all = server.get("admin-unscoped", "/v3/projects?clusterId=local&sort=name");
    let total = all.body["pagination"]["total"].as_u64().unwrap();
    assert!(names(&all).is_sorted());
    let (mut path, mut walked) = ("/v3/projects?clusterId=local&limit=7&sort=name".to_owned(), Vec::new());
    loop {
        let page = server.get("admin-unscoped", &path);
        walked.extend(names(&page));
        let Some(next) = page.body["pagination"]["next"].as_str() else { break };
        path = next.strip_prefix("https://sim.example.com").unwrap().to_owned();
    }
    assert_eq!(walked, names(&all));
    for (query, count) in [
        ("name=p03", 1),
        ("name_in=p03&name_in=p04", 2),
        ("name_in=p03,p04", 0),
        ("name_ne=p03", total - 1),
        ("name_prefix=p0", total),
        ("nosuch=1", total),
        ("limit=0", 0),
        ("limit=-1", total),
        ("limit=abc", total),
        ("marker=nosuch", total),
    ] {
        let answer = server.get("admin-unscoped", &format!("/v3/projects?clusterId=local&{query}"));
        assert_eq!(names(&answer).len() as u64, count, "{query}");
    }
    let echoed = server.get("admin-unscoped", "/v3/projects?name_ne=p03&name_prefix=x");
    assert_eq!(echoed.body["filters"]["name"], json!([{"modifier": "ne", "value": "p03"}]));
}

#[test]
fn a_fleet_is_listed_page_by_page() {
    let options = rancher_simulator::FleetOptions { clusters: 40, projects: 1_500, pods: 3_000 };
    let mut server = Server { world: World::fleet(options, 1), now: Timestamp::now() };
    let page = server.get("admin-unscoped", "/v3/projects").body;
    assert_eq!((&page["pagination"]["total"], &page["pagination"]["partial"]), (&json!(1_582), &json!(true)));
    assert_eq!(page["data"].as_array().unwrap().len(), 1_000);
    let next = page["pagination"]["next"].as_str().unwrap().strip_prefix("https://sim.example.com").unwrap();
    let rest = server.get("admin-unscoped", next).body;
    assert_eq!(rest["data"].as_array().unwrap().len(), 582);
    let clusters: Vec<String> = server.world.labels().clusters.values().cloned().collect();
    let mut pods = 0;
    for cluster in clusters {
        let list = server.get("admin-unscoped", &format!("/k8s/clusters/{cluster}/api/v1/pods"));
        pods += list.body["items"].as_array().unwrap().len();
    }
    assert_eq!(pods, 3_000);
}

#[test]
fn paths_and_methods_nobody_serves() {
    let mut server = Server::new();
    for (method, path, status) in [
        ("GET", "/V3/clusters", 404),
        ("GET", "/nosuch", 404),
        ("GET", "/v3//clusters", 307),
        ("GET", "/v3/nosuchtype", 404),
        ("HEAD", "/v3/clusters/local", 405),
        ("OPTIONS", "/v3/clusters", 405),
        ("PATCH", "/v3/projects/local:p-gcx5s", 405),
        ("GET", "/v1/nosuch", 404),
        ("GET", "/k8s/clusters/local/apis/nosuch.io/v1/things", 404),
        ("GET", "/v3/connect", 401),
    ] {
        let answer = server.ask("admin-unscoped", method, path, Value::Null);
        assert_eq!((answer.status, answer.accepted), (status, true), "{method} {path}");
        if method == "HEAD" {
            assert!(answer.response.body.is_empty());
        }
    }
}
