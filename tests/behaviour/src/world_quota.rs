//! Quotas of the simulated server: what Norman refuses, what its controllers do, what Kubernetes refuses.

use crate::world_server::{Server, text};
use serde_json::{Value, json};

const SHOP: &str = "/v3/projects/c-prod1:p-qwwv5";
const NAMESPACES: &str = "/v3/cluster/c-prod1/namespaces";
const HOME: &str = "/k8s/clusters/c-prod1/api/v1/namespaces";

fn quotas(quota: Value, default: Value) -> Value {
    json!({"resourceQuota": {"limit": quota}, "namespaceDefaultResourceQuota": {"limit": default}})
}

fn pod(name: &str, cpu: &str) -> Value {
    let limits = json!({"limits": {"cpu": cpu, "memory": "64Mi"}});
    json!({
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "nginx", "resources": limits}]},
    })
}

#[test]
fn a_projects_quotas_are_checked_before_it_is_made_or_changed() {
    let mut server = Server::new();
    let mut made = |quota: Value, default: Value| {
        let mut body = quotas(quota, default);
        body["name"] = json!("q");
        body["clusterId"] = json!("c-prod1");
        let answer = server.ask("admin-unscoped", "POST", "/v3/projects", body);
        (answer.status, text(&answer.body[if answer.status == 201 { "name" } else { "code" }]))
    };
    assert_eq!(made(json!({"pods": "4"}), json!({"pods": "2"})), (201, "q".into()));
    assert_eq!(made(json!({"pods": "4"}), json!({"secrets": "2"})), (422, "MissingRequired".into()));
    assert_eq!(made(json!({"pods": "4"}), json!({"pods": "5"})), (422, "MaxLimitExceeded".into()));
    assert_eq!(made(json!({"pods": "4"}), json!({"pods": "some"})), (500, "ServerError".into()));
    let one =
        server.ask("admin-unscoped", "PUT", SHOP, json!({"resourceQuota": {"limit": {"limitsCpu": "9"}}}));
    assert_eq!((one.status, &one.body["fieldName"]), (422, &json!("namespaceDefaultResourceQuota")));
    let before = server.get("admin-unscoped", SHOP).body;
    let small = quotas(
        json!({"limitsCpu": "100m", "limitsMemory": "1Gi"}),
        json!({"limitsCpu": "1m", "limitsMemory": "1Mi"}),
    );
    let refused = server.ask("admin-unscoped", "PUT", SHOP, small);
    assert_eq!(refused.body["message"], "is below the used limit on fields: limits.cpu=500m");
    assert_eq!(server.get("admin-unscoped", SHOP).body, before, "a refused change changes nothing");
    assert_eq!(server.ask("admin-unscoped", "PUT", SHOP, json!({"description": "x"})).status, 200);
}

#[test]
fn a_namespace_takes_its_part_and_gives_it_back() {
    let mut server = Server::new();
    let used = |server: &mut Server| {
        let project = server.get("admin-unscoped", SHOP).body;
        project["resourceQuota"]["usedLimit"]["limitsCpu"].clone()
    };
    assert_eq!(used(&mut server), "500m");
    let quota = |cpu: &str| json!({"limit": {"limitsCpu": cpu, "limitsMemory": "1Gi"}});
    let new =
        |cpu: &str| json!({"name": "shop-two", "projectId": "c-prod1:p-qwwv5", "resourceQuota": quota(cpu)});
    let refused = server.ask("admin-prod", "POST", NAMESPACES, new("5000m"));
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("MaxLimitExceeded")));
    assert_eq!(server.get("admin-prod", &format!("{HOME}/shop-two")).status, 404, "nothing was made");
    assert_eq!(server.ask("admin-prod", "POST", NAMESPACES, new("1")).status, 201);
    assert_eq!(used(&mut server), "1500m");
    let path = format!("{NAMESPACES}/shop-two");
    let grown = server.ask("admin-prod", "PUT", &path, json!({"resourceQuota": quota("3500m")}));
    assert_eq!((grown.status, used(&mut server)), (200, json!("4")));
    assert_eq!(server.ask("admin-prod", "PUT", &path, json!({"resourceQuota": quota("3501m")})).status, 422);
    let kept = server.get("admin-prod", &format!("{HOME}/shop-two/resourcequotas")).body;
    assert_eq!(kept["items"][0]["spec"]["hard"], json!({"limits.cpu": "3500m", "limits.memory": "1Gi"}));
    assert_eq!(server.ask("admin-prod", "DELETE", &path, Value::Null).status, 200);
    assert_eq!(used(&mut server), "500m");
}

#[test]
fn a_default_is_given_and_moving_knows_quotas() {
    let mut server = Server::new();
    let body = json!({"name": "shop-new", "projectId": "c-prod1:p-qwwv5"});
    let made = server.ask("admin-prod", "POST", NAMESPACES, body);
    assert_eq!((made.status, made.body.get("resourceQuota")), (201, None), "the default comes later");
    let path = format!("{NAMESPACES}/shop-new");
    let quota = server.get("admin-prod", &path).body["resourceQuota"].clone();
    assert_eq!(quota["limit"], json!({"limitsCpu": "500m", "limitsMemory": "512Mi"}));
    let free = json!({"projectId": "c-prod1:p-45m4b"});
    assert_eq!(server.ask("admin-prod", "POST", &format!("{path}?action=move"), free).status, 200);
    assert!(server.get("admin-prod", &path).body.get("resourceQuota").is_none());
    assert_eq!(server.get("admin-prod", &format!("{HOME}/shop-new/resourcequotas")).body["items"], json!([]));
    let back = json!({"projectId": "c-prod1:p-qwwv5"});
    let refused = server.ask("admin-prod", "POST", &format!("{path}?action=move"), back);
    assert_eq!(refused.status, 500);
    assert_eq!(refused.body["message"], "can't move namespace. Project shop has resource quota set");
}

#[test]
fn kubernetes_refuses_what_goes_beyond_and_counts_the_rest() {
    let mut server = Server::new();
    let pods = format!("{HOME}/shop-web/pods");
    assert_eq!(server.ask("pmember-prod", "POST", &pods, pod("one", "300m")).status, 201);
    let refused = server.ask("pmember-prod", "POST", &pods, pod("two", "300m"));
    assert_eq!((refused.status, refused.accepted, &refused.body["reason"]), (403, true, &json!("Forbidden")));
    let told = text(&refused.body["message"]);
    assert!(told.starts_with("pods \"two\" is forbidden: exceeded quota: default-"), "{told}");
    assert!(
        told.ends_with("requested: limits.cpu=300m, used: limits.cpu=300m, limited: limits.cpu=500m"),
        "{told}"
    );
    assert_eq!(refused.body["details"], json!({"name": "two", "kind": "pods"}));
    let silent =
        json!({"metadata": {"name": "three"}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let refused = text(&server.ask("pmember-prod", "POST", &pods, silent).body["message"]);
    assert!(refused.ends_with("must specify limits.cpu for: c; limits.memory for: c"), "{refused}");
    let quota = server.get("ro-prod", &format!("{HOME}/shop-web/resourcequotas")).body["items"][0].clone();
    assert_eq!(quota["status"]["used"], json!({"limits.cpu": "300m", "limits.memory": "64Mi"}));
    server.ask("pmember-prod", "DELETE", &format!("{pods}/one"), Value::Null);
    assert_eq!(server.ask("pmember-prod", "POST", &pods, pod("two", "300m")).status, 201);
}

#[test]
fn a_deployment_beyond_its_quota_is_made_and_says_why_nothing_runs() {
    let mut server = Server::new();
    let path = "/k8s/clusters/c-prod1/apis/apps/v1/namespaces/shop-web/deployments";
    let spec = json!({
        "replicas": 3, "selector": {"matchLabels": {"a": "b"}},
        "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod("x", "200m")["spec"]},
    });
    let made = server.ask("pmember-prod", "POST", path, json!({"metadata": {"name": "big"}, "spec": spec}));
    assert_eq!((made.status, &made.body["status"]), (201, &json!({})), "its controllers come later");
    let failed = |server: &mut Server| {
        let found = server.get("ro-prod", &format!("{path}/big")).body;
        let conditions = found["status"]["conditions"].as_array().unwrap().clone();
        conditions.into_iter().find(|condition| condition["type"] == "ReplicaFailure")
    };
    let condition = failed(&mut server).unwrap();
    assert_eq!(condition["reason"], "FailedCreate");
    assert!(text(&condition["message"]).contains("exceeded quota: default-"), "{condition}");
    let pods = server.get("ro-prod", &format!("{HOME}/shop-web/pods?labelSelector=a%3Db")).body;
    assert_eq!(pods["items"].as_array().unwrap().len(), 2, "as many as fit");
    let scale = json!({"spec": {"replicas": 1}});
    assert_eq!(server.ask("pmember-prod", "PUT", &format!("{path}/big/scale"), scale).status, 200);
    assert!(failed(&mut server).is_none());
}

#[test]
fn default_limits_of_a_project_become_those_of_its_pods() {
    let mut server = Server::new();
    let limits = json!({"containerDefaultResourceLimit": {"limitsCpu": "100m", "limitsMemory": "64Mi"}});
    assert_eq!(server.ask("admin-unscoped", "PUT", SHOP, limits).status, 200);
    let body = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "nginx"}]}});
    let made = server.ask("pmember-prod", "POST", &format!("{HOME}/shop-web/pods"), body);
    let own = json!({"cpu": "100m", "memory": "64Mi"});
    assert_eq!(made.body["spec"]["containers"][0]["resources"], json!({"limits": own, "requests": own}));
    let ranges = server.get("ro-prod", &format!("{HOME}/shop-web/limitranges")).body;
    assert_eq!(ranges["items"][0]["spec"]["limits"][0]["type"], "Container");
}
