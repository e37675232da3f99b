//! Writes through the cluster proxy: patches, server-side apply, dry runs, subresources, evictions, deletions.

use futures_util::TryStreamExt as _;
use rancher_client::error::{ErrorKind, ForbiddenReason};
use rancher_client::proxy::{
    ApplyOptions, ClusterProxy, DeleteOptions, ListOptions, Patch, PatchStep, Propagation, Resource,
    WriteOptions,
};
use rancher_client::wait::WaitOptions;
use rancher_client::wire::Object;
use serde_json::{Value, json};
use std::time::Duration;

use crate::lab::{Lab, PROD};

fn maps() -> Resource<'static> {
    Resource::core("configmaps").within("plain")
}

fn deployments() -> Resource<'static> {
    Resource::of("apps", "v1", "deployments").within("plain")
}

pub(crate) fn object(json: Value) -> Object {
    Object::try_from(json).unwrap()
}

fn map(data: Value) -> Object {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": data}))
}

/// A deployment of pods that take this much cpu.
pub(crate) fn deployment(name: &str, replicas: u32, cpu: &str) -> Object {
    let resources =
        json!({"limits": {"cpu": cpu, "memory": "16Mi"}, "requests": {"cpu": cpu, "memory": "16Mi"}});
    let template = json!({
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "web", "image": "nginx", "resources": resources}]},
    });
    object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }))
}

async fn with_map(lab: &Lab) -> ClusterProxy {
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    cluster.create(maps(), &map(json!({"a": "1", "b": "2"}))).await.unwrap();
    cluster
}

#[tokio::test]
async fn every_kind_of_patch_changes_what_it_names_and_nothing_else() {
    let lab = Lab::start();
    let cluster = with_map(&lab).await;
    let merge = Patch::Merge(json!({"data": {"a": "9", "b": null}}));
    let patched = cluster.patch(maps(), "app", &merge).await.unwrap();
    assert_eq!(patched.get("data"), Some(&json!({"a": "9"})));
    let steps = vec![PatchStep::test("/data/a", "9"), PatchStep::add("/data/c", "3")];
    let patched = cluster.patch(maps(), "app", &Patch::Json(steps)).await.unwrap();
    assert_eq!(patched.get("data"), Some(&json!({"a": "9", "c": "3"})));
    // a test that fails fails all of it
    let steps = vec![PatchStep::remove("/data/a"), PatchStep::test("/data/c", "4")];
    let error = cluster.patch(maps(), "app", &Patch::Json(steps)).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Invalid, Some(422)), "{error:?}");
    let now = cluster.get(maps(), "app").await.unwrap();
    assert_eq!(now.get("data"), Some(&json!({"a": "9", "c": "3"})));

    cluster.create(deployments(), &deployment("web", 1, "1m")).await.unwrap();
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}});
    let patched = cluster.patch(deployments(), "web", &Patch::Strategic(image.clone())).await.unwrap();
    let container = patched.pointer("/spec/template/spec/containers/0").unwrap();
    assert_eq!(
        (&container["image"], &container["resources"]["limits"]["cpu"]),
        (&json!("nginx:2"), &json!("1m"))
    );
    // a merge replaces the list
    let patched = cluster.patch(deployments(), "web", &Patch::Merge(image)).await.unwrap();
    assert_eq!(patched.pointer("/spec/template/spec/containers/0/resources/limits"), None);

    let stale = Patch::Merge(json!({"metadata": {"resourceVersion": "1"}, "data": {"a": "0"}}));
    assert_eq!(cluster.patch(maps(), "app", &stale).await.unwrap_err().kind(), ErrorKind::Conflict);
    let error = cluster.patch(maps(), "nosuch", &merge).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_applied_is_the_managers_until_somebody_takes_it() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let plain = cluster.namespace("plain").unwrap();
    let made = plain.apply(&map(json!({"a": "1", "b": "1"})), "one").await.unwrap();
    assert_eq!(made.namespace(), Some("plain"));
    lab.forget();
    // the same again changes nothing, and costs one request
    let same = plain.apply(&map(json!({"a": "1", "b": "1"})), "one").await.unwrap();
    assert_eq!((same.resource_version(), lab.requests().len()), (made.resource_version(), 1));

    let error = plain.apply(&map(json!({"a": "2"})), "two").await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.field()),
        (ErrorKind::Conflict, Some(409), Some(".data.a"))
    );
    assert_eq!(error.because(), [".data.a belongs to \"one\""]);
    assert!(error.to_string().contains("\"one\"") && error.advice().contains("force"), "{error}");

    let force = ApplyOptions { manager: "two".into(), force: true, dry_run: false };
    let tried = ApplyOptions { dry_run: true, ..force.clone() };
    let answer = plain.apply_with(&map(json!({"a": "2"})), &tried).await.unwrap();
    assert_eq!(answer.pointer("/data/a"), Some(&json!("2")));
    let now = cluster.get(maps(), "app").await.unwrap();
    assert_eq!(now.pointer("/data/a"), Some(&json!("1")), "nothing was kept");
    plain.apply_with(&map(json!({"a": "2"})), &force).await.unwrap();
    // what the first does not name any more goes, what is the other's now stays
    let now = plain.apply(&map(json!({})), "one").await.unwrap();
    assert_eq!(now.get("data"), Some(&json!({"a": "2"})));

    // what it is says the object itself; what needs discovery is asked for once
    let config = object(json!({
        "apiVersion": "management.cattle.io/v3", "kind": "ClusterProxyConfig", "metadata": {"name": "x"}, "enabled": false,
    }));
    lab.forget();
    plain.apply(&config, "one").await.unwrap();
    plain.apply(&config, "one").await.unwrap();
    let questions = lab.requests().iter().filter(|request| request.starts_with("GET ")).count();
    assert_eq!(questions, 1, "{:?}", lab.requests());
    let role = object(json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "readers"}, "rules": [],
    }));
    assert_eq!(plain.apply(&role, "one").await.unwrap_err().field(), Some("kind"));
    cluster.apply_object(&role, &ApplyOptions::by("one")).await.unwrap();
    // as the manifest of Rancher's agent has one: a kind without namespaces that names one
    let mut placed = role.clone();
    placed.set("metadata", json!({"name": "readers", "namespace": "plain"}));
    let applied = cluster.apply_object(&placed, &ApplyOptions::by("one")).await.unwrap();
    assert_eq!((applied.name(), applied.namespace()), (Some("readers"), None));
    let homeless = cluster.apply_object(&map(json!({})), &ApplyOptions::by("one")).await.unwrap_err();
    assert_eq!((homeless.kind(), homeless.field()), (ErrorKind::Invalid, Some("metadata.namespace")));
    let unknown =
        object(json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "x"}}));
    assert_eq!(plain.apply(&unknown, "one").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_dry_run_keeps_nothing() {
    let lab = Lab::start();
    let cluster = with_map(&lab).await;
    let tried = cluster.writing(WriteOptions { dry_run: true, field_manager: "ci".into() });
    let other = object(json!({"metadata": {"name": "other"}}));
    assert_eq!(tried.create(maps(), &other).await.unwrap().name(), Some("other"));
    assert_eq!(tried.create(maps(), &map(json!({}))).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let changed = tried.update_with(maps(), "app", |map| map.set("data", json!({"a": "9"}))).await.unwrap();
    assert_eq!(changed.pointer("/data/a"), Some(&json!("9")));
    tried.delete(maps(), "app").await.unwrap();
    let grace = DeleteOptions { grace: Some(Duration::ZERO), ..Default::default() };
    tried.delete_with(maps(), "app", &grace).await.unwrap();
    let now = cluster.get(maps(), "app").await.unwrap();
    assert_eq!(now.get("data"), Some(&json!({"a": "1", "b": "2"})));
    assert_eq!(cluster.get(maps(), "other").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_deletion_is_of_the_object_that_is_meant() {
    let lab = Lab::start();
    let cluster = with_map(&lab).await;
    let read = cluster.get(maps(), "app").await.unwrap();
    let uid = read.pointer("/metadata/uid").and_then(Value::as_str).unwrap().to_owned();
    cluster.patch(maps(), "app", &Patch::Merge(json!({"data": {"a": "9"}}))).await.unwrap();
    let of_the_version =
        DeleteOptions { resource_version: read.resource_version().unwrap().into(), ..Default::default() };
    let another = DeleteOptions { uid: "0000".into(), ..Default::default() };
    for options in [&of_the_version, &another] {
        let error = cluster.delete_with(maps(), "app", options).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    }
    // recorded: kubernetes, `delete secret`
    let meant = DeleteOptions { uid, propagation: Some(Propagation::Foreground), ..Default::default() };
    let gone = cluster.delete_with(maps(), "app", &meant).await.unwrap();
    assert!(!gone.is_gone(), "{gone:?}");
    assert_eq!(cluster.get(maps(), "app").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_scale_and_a_status_are_written_by_paths_of_their_own() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    cluster.create(deployments(), &deployment("web", 2, "1m")).await.unwrap();
    let scale = cluster.scale(deployments(), "web").await.unwrap();
    assert_eq!((scale.replicas, scale.selector.as_str()), (2, "app=web"));
    let tried = cluster.writing(WriteOptions { dry_run: true, ..Default::default() });
    assert_eq!(tried.set_scale(deployments(), "web", 5).await.unwrap().replicas, 5);
    assert_eq!(cluster.set_scale(deployments(), "web", 3).await.unwrap().replicas, 3);
    let web = cluster.get(deployments(), "web").await.unwrap();
    assert_eq!(web.pointer("/spec/replicas"), Some(&json!(3)));
    let error = cluster.scale(maps(), "kube-root-ca.crt").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");

    let mut web = web;
    *web.pointer_mut("/status/observedGeneration").unwrap() = json!(99);
    let error = cluster.update(deployments(), &web).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("status.observedGeneration")));
    let written = cluster.update_status(deployments(), &web).await.unwrap();
    assert_eq!(written.pointer("/status/observedGeneration"), Some(&json!(99)));
    let patch = Patch::Merge(json!({"status": {"observedGeneration": 7}, "spec": {"replicas": 9}}));
    let patched = cluster.patch_status(deployments(), "web", &patch).await.unwrap();
    assert_eq!(patched.pointer("/status/observedGeneration"), Some(&json!(7)));
    assert_eq!(patched.pointer("/spec/replicas"), Some(&json!(3)), "of a status, nothing else is taken");
}

#[tokio::test]
async fn an_eviction_minds_the_disruption_budget_and_says_so() {
    let lab = Lab::start();
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::ZERO));
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    cluster.create(deployments(), &deployment("web", 2, "1m")).await.unwrap();
    let budgets = Resource::of("policy", "v1", "poddisruptionbudgets").within("plain");
    let budget = object(json!({
        "apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": "two"},
        "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
    }));
    cluster.create(budgets, &budget).await.unwrap();
    let options = ListOptions { label_selector: "app=web".into(), ..Default::default() };
    let pods = Resource::core("pods").within("plain");
    let pod = cluster.list(pods, options).first().await.unwrap().unwrap();
    let name = pod.name().unwrap();
    let none = DeleteOptions::default();
    lab.forget();
    let error = cluster.evict("plain", name, &none).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason(), error.status(), error.is_retryable()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::DisruptionBudget), Some(429), true)
    );
    assert_eq!(lab.requests().len(), 1, "no waiting helps while the budget stands");
    assert_eq!(
        error.because().first().unwrap(),
        "The disruption budget two needs 2 healthy pods and has 2 currently"
    );
    assert!(error.advice().contains("nothing was evicted"), "{error}");
    cluster.get(pods, name).await.unwrap();

    let one = Patch::Merge(json!({"spec": {"minAvailable": 1}}));
    cluster.patch(budgets, "two", &one).await.unwrap();
    let tried = cluster.writing(WriteOptions { dry_run: true, ..Default::default() });
    tried.evict("plain", name, &none).await.unwrap();
    cluster.get(pods, name).await.unwrap();
    let another = DeleteOptions { uid: "0000".into(), ..Default::default() };
    assert_eq!(cluster.evict("plain", name, &another).await.unwrap_err().kind(), ErrorKind::Conflict);
    cluster.evict("plain", name, &none).await.unwrap();
    assert_eq!(cluster.get(pods, name).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(cluster.evict("plain", name, &none).await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn tables_metadata_and_names() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    for at in 0..5 {
        let map = object(json!({"metadata": {"name": format!("m{at}")}, "data": {"a": "1"}}));
        cluster.create(maps(), &map).await.unwrap();
    }
    let by_two = ListOptions { limit: Some(2), ..Default::default() };
    let table = cluster.table(maps(), by_two.clone()).await.unwrap();
    let names: Vec<&str> = table.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["kube-root-ca.crt", "m0", "m1", "m2", "m3", "m4"]);
    assert_eq!(table.cell(&table.rows[1], "data"), Some(&json!(1)));
    assert_eq!((table.rows[1].namespace.as_str(), table.cell(&table.rows[1], "nosuch")), ("plain", None));
    let metadata: Vec<_> = cluster.list_metadata(maps(), by_two).try_collect().await.unwrap();
    assert_eq!(metadata.len(), 6);
    assert!(metadata.iter().all(|map| map.get("data").is_none() && map.name().is_some()));
    assert!(cluster.get_metadata(maps(), "m0").await.unwrap().get("data").is_none());

    lab.forget();
    for name in ["deploy", "Deployment", "deployments", "deployments.apps", "deployments.v1.apps"] {
        let found = cluster.resolve(name).await.unwrap();
        assert_eq!(
            (found.group.as_str(), found.plural.as_str(), found.namespaced),
            ("apps", "deployments", true)
        );
    }
    // two questions: which version of the group, and what is in it
    assert_eq!(lab.requests().len(), 2, "{:?}", lab.requests());
    let found = cluster.resolve("pdb").await.unwrap();
    assert_eq!((found.group.as_str(), found.kind.as_str()), ("policy", "PodDisruptionBudget"));
    let found = cluster.resolve("clusterproxyconfigs").await.unwrap();
    cluster.list(found.resource().within("plain"), ListOptions::default()).collect().await.unwrap();
    assert_eq!(cluster.resolve("widgets").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(cluster.resolve("widgets.example.com").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_has_finalizers_goes_when_the_last_of_them_is_taken_away() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let held = object(json!({"metadata": {"name": "held", "finalizers": ["example.com/a"]}}));
    cluster.create(maps(), &held).await.unwrap();
    let tried = DeleteOptions { dry_run: true, ..Default::default() };
    cluster.delete_with(maps(), "held", &tried).await.unwrap();
    assert!(cluster.get(maps(), "held").await.unwrap().pointer("/metadata/deletionTimestamp").is_none());
    assert!(!cluster.delete(maps(), "held").await.unwrap().is_gone());
    let short = WaitOptions { deadline: Duration::from_millis(300), ..Default::default() };
    let error = cluster.wait_gone(maps(), "held", short).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("example.com/a"), "{error}");
    let taken = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    cluster.patch(maps(), "held", &taken).await.unwrap();
    cluster.wait_gone(maps(), "held", WaitOptions::default()).await.unwrap();
}
