//! Resources over a transport that answers what a test says.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::{Error, ErrorKind};
use crate::transport::Request;
use crate::transport::mock::{Mock, response};
use crate::wire::{Document, Kept, SystemClock};
use http::Method;
use rancher_types::Empty;
use rancher_types::management::{Cluster, Feature, Project, ProjectRoleTemplateBinding, cluster, project};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) const SERVER: &str = "https://rancher.example.com";

pub(super) fn over(mock: &Mock) -> V3 {
    let mut config = Config::new(SERVER.parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    V3::new(Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new())))
}

/// A server that answers each request with what the closure says of it and its number.
pub(super) fn server(answer: impl Fn(&Request, usize) -> (u16, Value) + Send + Sync + 'static) -> (Mock, V3) {
    let turns = AtomicUsize::new(0);
    let mock = Mock::new(move |request| {
        let (status, body) = answer(&request, turns.fetch_add(1, Ordering::SeqCst));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        async move { Ok(response(status, body)) }
    });
    let v3 = over(&mock);
    (mock, v3)
}

pub(super) fn asked(mock: &Mock) -> Vec<String> {
    mock.calls().iter().map(|call| format!("{} {}", call.method, call.route.path_and_query())).collect()
}

pub(super) fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).unwrap()
}

/// A page of objects with these ids, as Norman writes it.
pub(super) fn page(ids: &[&str], next: Option<&str>) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "type": "project", "name": id})).collect();
    let next = next.map(|marker| format!("{SERVER}/v3/projects?limit=2&marker={marker}"));
    json!({"type": "collection", "links": {"self": format!("{SERVER}/v3/projects")},
        "pagination": {"limit": 2, "total": 5, "next": next}, "filters": {}, "data": data})
}

pub(super) fn ids(objects: &[Kept<Project>]) -> Vec<&str> {
    objects.iter().filter_map(|object| object.id.as_deref()).collect()
}

/// Pages by marker over a list that the closure gives for each turn, as Norman does it: an unknown marker begins anew.
pub(super) fn norman(list: impl Fn(usize) -> Vec<&'static str> + Send + Sync + 'static) -> (Mock, V3) {
    server(move |request, turn| {
        let all = list(turn);
        let marker = request.route.query_values("marker").pop();
        let from = marker.and_then(|marker| all.iter().position(|id| *id == marker)).unwrap_or(0);
        let shown: Vec<&str> = all.iter().skip(from).take(2).copied().collect();
        (200, page(&shown, all.get(from + 2).copied()))
    })
}

pub(super) fn stored() -> Value {
    json!({"id": "c-1:p-1", "type": "project", "name": "shop", "clusterId": "c-1", "description": "old",
        "labels": {"team": "a"}, "later": {"deep": [1, 2.50]}, "links": {}})
}

/// A store of one object that takes what the closure says of a PUT.
fn store(take: impl Fn(&mut Value, &Value) + Send + Sync + 'static) -> (Mock, V3) {
    let object = std::sync::Mutex::new(stored());
    server(move |request, _| {
        let mut object = object.lock().unwrap();
        if request.method == Method::PUT {
            take(&mut object, &body(request));
        }
        (200, object.clone())
    })
}

fn merge(object: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
}

#[tokio::test]
async fn an_update_sends_what_changed_and_nothing_else() {
    let (mock, v3) = store(merge);
    let projects = v3.resource::<Project>();
    let mut object = projects.get("c-1:p-1").await.unwrap();
    assert!(std::ptr::eq(object.raw().as_ptr(), projects.update(&object).await.unwrap().raw().as_ptr()));
    assert_eq!(mock.count(), 1, "nothing changed, nothing is sent");
    object.description = None;
    object.labels.get_or_insert_default().insert("tier".into(), "front".into());
    let updated = projects.update(&object).await.unwrap();
    assert_eq!(
        body(&mock.calls()[1]),
        json!({"description": null, "labels": {"team": "a", "tier": "front"}})
    );
    assert_eq!(mock.calls()[1].route.path(), "/v3/projects/c-1:p-1");
    assert_eq!(updated.description, None);
    assert!(updated.altered().is_empty());
    let done = projects.update_with("c-1:p-1", |object| object.name = Some("web".into())).await.unwrap();
    assert_eq!(done.name.as_deref(), Some("web"));
    assert_eq!(done.json().unwrap()["later"], json!({"deep": [1, 2.50]}));
}

#[tokio::test]
async fn a_change_that_was_accepted_and_ignored_is_told() {
    let (mock, v3) = store(|_, _| {});
    let projects = v3.resource::<Project>();
    let error = projects.update_with("c-1:p-1", |object| object.name = Some("web".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("name")), "{error:?}");
    assert_eq!(mock.calls().last().unwrap().method, Method::GET, "it was read again before it was said");
    assert_eq!(mock.count(), 3);

    let (_, v3) = store(|object, changes| object["name"] = changes["name"].clone());
    let change = |object: &mut Project| {
        object.name = Some("web".into());
        object.description = Some("new".into());
    };
    let error = v3.resource::<Project>().update_with("c-1:p-1", change).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::PartlyDone, Some("description")), "{error:?}");

    let (_, v3) = store(|object, _| object["name"] = json!("WEB"));
    let updated = v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap();
    assert_eq!(updated.altered(), ["name"]);
}

fn change_name(object: &mut Project) {
    object.name = Some("web".into());
}

#[tokio::test]
async fn a_conflict_is_read_again() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let (mock, v3) = server(move |request, _| {
        let conflict = json!({"type": "error", "status": 409, "code": "Conflict", "message": "x"});
        match request.method {
            Method::PUT if counted.fetch_add(1, Ordering::SeqCst) < 2 => (409, conflict),
            Method::PUT => (200, body(request)),
            _ => (200, stored()),
        }
    });
    v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap();
    assert_eq!((turns.load(Ordering::SeqCst), mock.count()), (3, 6));
    turns.store(0, Ordering::SeqCst);
    let (_, v3) = server(|request, _| match request.method {
        Method::PUT => (409, json!({"type": "error", "status": 409, "code": "Conflict", "message": "x"})),
        _ => (200, stored()),
    });
    let error = v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

/// Rancher refuses to update a cluster that does not say its name.
#[tokio::test]
async fn a_cluster_says_its_name() {
    let object = json!({"id": "c-1", "type": "cluster", "name": "prod", "description": ""});
    let (mock, v3) = server(move |request, _| {
        let mut object = object.clone();
        if request.method == Method::PUT {
            merge(&mut object, &body(request));
        }
        (200, object)
    });
    let clusters = v3.resource::<Cluster>();
    clusters.update_with("c-1", |cluster| cluster.description = Some("x".into())).await.unwrap();
    assert_eq!(body(&mock.calls()[1]), json!({"description": "x", "name": "prod"}));
}

#[tokio::test]
async fn what_the_schema_refuses_is_not_sent() {
    let (mock, v3) = server(|_, _| (200, stored()));
    let projects = v3.collection("projects").unwrap();
    let object = |json: Value| Object::try_from(json).unwrap();
    for (json, field, words) in [
        (json!({"clusterId": "c-1"}), "name", "required"),
        (json!({"name": "", "clusterId": "c-1"}), "name", "required"),
        (json!({"name": "a"}), "clusterId", "required"),
        (json!({"name": "a", "clusterId": "c-1:p-1"}), "clusterId", "project id"),
        (json!({"name": "a", "clusterId": "c-1", "uuid": "x"}), "uuid", "the server sets it"),
        (json!({"name": ["a"], "clusterId": "c-1"}), "name", "single value"),
        (json!({"name": "a", "clusterId": "c-1", "labels": ["a"]}), "labels", "names and values"),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"pods": "5"}}}),
            "namespaceDefaultResourceQuota",
            "required beside",
        ),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"pods": "5", "secrets": "1"}},
            "namespaceDefaultResourceQuota": {"limit": {"pods": "1"}}}),
            "namespaceDefaultResourceQuota.limit.secrets",
            "required",
        ),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"podz": "5"}},
            "namespaceDefaultResourceQuota": {"limit": {"podz": "1"}}}),
            "resourceQuota.limit.podz",
            "quotas know no such resource",
        ),
    ] {
        let error = projects.create(&object(json.clone())).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)), "{json}: {error}");
        assert!(
            error.to_string().contains(words) && error.to_string().contains("nothing was sent"),
            "{error}"
        );
    }
    let feature = Feature { name: Some("Not A Label".into()), value: Some(true), ..Feature::default() };
    let error = v3.resource::<Feature>().create(&feature).await.unwrap_err();
    assert_eq!(error.field(), Some("name"), "{error}");
    assert_eq!(mock.count(), 0);
    // and an update of what cannot change
    let stored = json!({"id": "p-1:prtb-1", "type": "projectRoleTemplateBinding", "roleTemplateId": "a"});
    let mut binding = Kept::<ProjectRoleTemplateBinding>::read(stored.to_string().into()).unwrap();
    binding.role_template_id = Some("b".into());
    let error = v3.resource::<ProjectRoleTemplateBinding>().update(&binding).await.unwrap_err();
    assert_eq!(error.field(), Some("roleTemplateId"));
    assert!(error.to_string().contains("cannot be changed after the creation"), "{error}");
    assert_eq!(mock.count(), 0);
    // whoever knows better can still send it
    projects.unchecked().create(&object(json!({"clusterId": "c-1"}))).await.unwrap();
    assert_eq!(mock.count(), 1);
}

#[tokio::test]
async fn a_creation_says_what_became_of_it() {
    let (mock, v3) =
        server(|_, _| (201, json!({"id": "token-a", "ttl": 7_776_000_000_i64, "description": "x"})));
    let token = rancher_types::management::Token {
        ttl: Some(99_999_999_999_999),
        description: Some("x".into()),
        ..Default::default()
    };
    let made = v3.resource().create(&token).await.unwrap();
    assert_eq!((made.altered(), made.ttl), (&["ttl".to_owned()][..], Some(7_776_000_000)));
    assert_eq!(body(&mock.calls()[0]), json!({"ttl": 99_999_999_999_999_i64, "description": "x"}));
    assert!(!mock.calls()[0].idempotent, "it is not sent twice");
}

#[tokio::test]
async fn a_name_that_two_have_is_refused() {
    let (mock, v3) = server(|request, _| match request.route.query_values("name").pop() {
        Some(name) => {
            let ids: &[&str] = match name.as_str() {
                "shop" => &["c-1:p-1", "c-2:p-2"],
                "blog" => &["c-1:p-3"],
                _ => &[],
            };
            let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "name": name})).collect();
            (200, json!({"data": data, "filters": {"name": [{"modifier": "eq", "value": name}]}}))
        }
        None if request.route.path() == "/v3/projects/c-1:p-1" => (200, stored()),
        None => (404, json!({"type": "error", "status": 404, "code": "NotFound", "message": "x"})),
    });
    let projects = v3.resource::<Project>();
    let error = projects.find("shop").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("c-1:p-1, c-2:p-2"), "{error}");
    assert_eq!(projects.find("blog").await.unwrap().id.as_deref(), Some("c-1:p-3"));
    let asked_before = mock.count();
    assert_eq!(projects.find("c-1:p-1").await.unwrap().id.as_deref(), Some("c-1:p-1"));
    assert_eq!(mock.count(), asked_before + 1, "an id names one object, whoever has it as a name");
    assert_eq!(projects.find("nobody").await.unwrap_err().kind(), ErrorKind::NotFound);
    let asked_before = mock.count();
    assert_eq!(projects.find("two words").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(mock.count(), asked_before + 1, "what is no id is only looked for by name");
}

#[tokio::test]
async fn ensure_says_what_it_did() {
    let (mock, v3) = server(|request, _| {
        if request.method == Method::POST {
            return (201, stored());
        }
        let name = request.route.query_values("name").pop().unwrap();
        let ids: &[&str] = match name.as_str() {
            "one" => &["c-1:p-1"],
            "two" => &["c-1:p-1", "c-1:p-2"],
            _ => &[],
        };
        let data: Vec<Value> =
            ids.iter().map(|id| json!({"id": id, "name": name, "clusterId": "c-1"})).collect();
        (
            200,
            json!({"data": data, "filters": {"name": [{"modifier": "eq", "value": name}],
            "clusterId": [{"modifier": "eq", "value": "c-1"}]}}),
        )
    });
    let projects = v3.resource::<Project>();
    let by = [project::NAME, project::CLUSTER_ID];
    let named = |name: &str| Project {
        name: Some(name.to_owned()),
        cluster_id: Some("c-1".into()),
        ..Project::default()
    };
    assert!(!projects.ensure(&named("one"), &by).await.unwrap().created());
    assert!(projects.ensure(&named("new"), &by).await.unwrap().created());
    assert_eq!(mock.count(), 3);
    let error = projects.ensure(&named("two"), &by).await.unwrap_err();
    assert!(error.to_string().contains("the same name, clusterId"), "{error}");
    let error = projects.ensure(&Project::default(), &by).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("name")));
    assert_eq!(projects.ensure(&named("one"), &[]).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn an_action_is_sent_where_the_object_offers_it() {
    let (mock, v3) = server(|_, _| (200, json!({"config": "apiVersion: v1"})));
    let clusters = v3.resource::<Cluster>();
    let cluster_of = |actions: Value| {
        let object = json!({"id": "c-1", "actions": actions, "links": {"projects": format!("{SERVER}/v3/projects?clusterId=c-1")}});
        Cluster::decode(object.to_string().as_bytes()).unwrap()
    };
    let link = format!("{SERVER}/v3/clusters/c-1?action=generateKubeconfig");
    let offering = cluster_of(json!({"generateKubeconfig": link}));
    let answer = clusters.action(&offering, cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap();
    assert_eq!(answer.config.unwrap().expose(), "apiVersion: v1");
    assert_eq!(asked(&mock), ["POST /v3/clusters/c-1?action=generateKubeconfig"]);
    assert_eq!(body(&mock.calls()[0]), json!({}));
    let error =
        clusters.action(&cluster_of(json!({})), cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let away = cluster_of(
        json!({"generateKubeconfig": "https://evil.example/v3/clusters/c-1?action=generateKubeconfig"}),
    );
    let error = clusters.action(&away, cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRancher, "{error}");
    assert_eq!(mock.count(), 1);
}

#[tokio::test]
async fn links_are_followed_on_this_server() {
    let (mock, v3) = server(|request, _| match request.route.path() {
        "/v3/projects" => (200, page(&["c-1:p-1"], None)),
        _ => (200, stored()),
    });
    let cluster = json!({"id": "c-1", "links": {"projects": format!("{SERVER}/v3/projects?clusterId=c-1"),
        "self": format!("{SERVER}/v3/clusters/c-1"), "away": "https://evil.example/x"}});
    let cluster = Cluster::decode(cluster.to_string().as_bytes()).unwrap();
    let clusters = v3.resource::<Cluster>();
    let projects = clusters.link_list::<Project>(&cluster, "projects").collect().await.unwrap();
    assert_eq!(ids(&projects), ["c-1:p-1"]);
    clusters.link::<Cluster>(&cluster, "self").await.unwrap();
    assert_eq!(asked(&mock), ["GET /v3/projects?clusterId=c-1", "GET /v3/clusters/c-1"]);
    for (name, kind) in [("nosuch", ErrorKind::Invalid), ("away", ErrorKind::NotRancher)] {
        let error = clusters.link::<Cluster>(&cluster, name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let error = clusters.link_list::<Cluster>(&cluster, name).collect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(mock.count(), 2);
}

#[test]
fn a_collection_is_a_plural() {
    let (_, v3) = server(|_, _| (200, Value::Null));
    let error = |name: &str| -> Error { v3.collection(name).unwrap_err() };
    assert!(error("project").to_string().contains("the collection is projects"), "{}", error("project"));
    for name in ["", "a/b", "..", "clusters?x=1", "clusters/c-1"] {
        assert_eq!(error(name).kind(), ErrorKind::Invalid, "{name}");
    }
    for (name, stated) in [("projects", true), ("projectRoleTemplateBindings", true), ("somethingnew", false)]
    {
        assert_eq!(v3.collection(name).unwrap().info().is_some(), stated, "{name}");
    }
}

#[tokio::test]
async fn a_deletion_says_whether_it_is_over() {
    let (_, v3) = server(|_, turn| if turn == 0 { (204, Value::Null) } else { (200, stored()) });
    let projects = v3.resource::<Project>();
    assert!(projects.delete("c-1:p-1").await.unwrap().is_gone());
    assert!(!projects.delete("c-1:p-1").await.unwrap().is_gone());
}

/// What the types state of roads is what keys are led by.
#[test]
fn roads_are_stated_as_they_are_taken() {
    use crate::scope::{KeyScope, Route, road};
    use rancher_types::info::Api;
    let cluster = ClusterId::new("c-prod1").unwrap();
    let mut roads = 0;
    for info in [Api::Management, Api::Cluster, Api::Project].into_iter().flat_map(rancher_types::types) {
        assert_eq!(info.roads.is_empty(), info.collection.is_none(), "{info:?}");
        for stated in info.roads {
            let path = stated.path.replace("{clusterId}", "c-prod1").replace("{projectId}", "c-prod1:p-a");
            let route = Route::parse(&path).unwrap();
            let reaches = KeyScope::Cluster(cluster.clone()).reaches(route.scope());
            assert_eq!(reaches, Some(stated.takes_scoped_key), "{path}");
            roads += 1;
        }
        if let (Api::Management, Some(collection)) = (info.api, info.collection) {
            let asked = Route::parse(&format!("/v3/{collection}?clusterId=c-prod1")).unwrap();
            let taken = road(&asked, &cluster).map(|route| route.path_and_query());
            let stated = info.roads.iter().find(|road| road.takes_scoped_key);
            assert_eq!(taken, stated.map(|road| road.path.replace("{clusterId}", "c-prod1")), "{info:?}");
        }
    }
    assert!(roads > 60, "{roads}");
}
