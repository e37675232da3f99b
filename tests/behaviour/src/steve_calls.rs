//! Steve: lists while others write, filters, writes, links, of Rancher and of a cluster, by keys of both kinds.

use futures_util::StreamExt as _;
use rancher_client::error::{Dialect, ErrorKind};
use rancher_client::proxy::{ClusterProxy, Resource};
use rancher_client::steve::{self, SteveQuery, field, label};
use rancher_client::wire::{Kept, Object};
use serde_json::json;
use std::collections::BTreeSet;

use crate::lab::{Lab, PROD};

fn map(name: &str, tier: &str) -> Object {
    Object::try_from(json!({
        "metadata": {"name": name, "namespace": "plain", "labels": {"tier": tier}}, "data": {"a": "1"},
    }))
    .unwrap()
}

fn ids(objects: &[Kept<Object>]) -> BTreeSet<String> {
    objects.iter().map(|object| object.id().unwrap().to_owned()).collect()
}

fn name(at: usize) -> String {
    format!("m{at:03}")
}

async fn with_maps(lab: &Lab, count: usize) -> (ClusterProxy, steve::Resource) {
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let maps = cluster.steve().resource("configmaps").unwrap();
    for at in 0..count {
        maps.create(&map(&name(at), if at % 2 == 0 { "front" } else { "back" })).await.unwrap();
    }
    (cluster, maps)
}

fn by(pagesize: u32) -> SteveQuery {
    SteveQuery { pagesize: Some(pagesize), namespace: Some("plain".into()), ..Default::default() }
}

/// Pages are counted from the start of the list, which moves up with every deletion.
#[tokio::test]
async fn what_lived_throughout_comes_once_while_others_are_deleted() {
    const COUNT: usize = 60;
    let lab = Lab::start();
    let (cluster, maps) = with_maps(&lab, COUNT).await;
    let plain = Resource::core("configmaps").within("plain");
    lab.forget();
    let mut list = maps.list(by(7));
    let mut seen = Vec::new();
    while let Some(object) = list.next().await {
        seen.push(object.unwrap());
        // behind the walk, so that what comes later moves up
        if seen.len() % 6 == 0 && seen.len() <= 30 {
            cluster.delete(plain, &name(seen.len() - 6)).await.unwrap();
        }
    }
    let requests = lab.requests().iter().filter(|request| request.starts_with("GET")).count();
    assert_eq!(ids(&seen).len(), seen.len(), "none twice");
    let deleted = [0, 6, 12, 18, 24];
    let missing: Vec<usize> = (0..COUNT)
        .filter(|at| !deleted.contains(at) && !ids(&seen).contains(&format!("plain/{}", name(*at))))
        .collect();
    assert_eq!(missing, [0; 0]);
    println!("steve walk: {} seen once, 0 missing, 0 twice, by {requests} requests", seen.len());
}

#[tokio::test]
async fn pages_are_the_list_and_the_total_is_said() {
    let lab = Lab::start();
    let (_, maps) = with_maps(&lab, 9).await;
    let whole = ids(&maps.list(SteveQuery::default()).collect().await.unwrap());
    for pagesize in [1, 4, 9, 10_000] {
        let query = SteveQuery { pagesize: Some(pagesize), ..Default::default() };
        assert_eq!(ids(&maps.list(query).collect().await.unwrap()), whole, "{pagesize}");
    }
    lab.forget();
    assert_eq!(maps.list(SteveQuery::default()).total().await.unwrap(), whole.len() as u64);
    assert_eq!(lab.requests().len(), 1);
    // of Rancher's own, too, and nothing at all
    let client = lab.client("admin-unscoped");
    let clusters = client.steve().resource("management.cattle.io.clusters").unwrap();
    let query = SteveQuery { pagesize: Some(1), ..Default::default() };
    assert!(ids(&clusters.list(query).collect().await.unwrap()).contains(PROD));
    let none = SteveQuery { namespace: Some("nosuch".into()), ..Default::default() };
    assert_eq!(maps.list(none).collect().await.unwrap().len(), 0);
}

#[tokio::test]
async fn filters_choose_as_they_say() {
    let lab = Lab::start();
    let (_, maps) = with_maps(&lab, 6).await;
    let metadata_name = || field("metadata.name");
    for (filter, expected) in [
        (vec![metadata_name().eq("m001")], vec![1]),
        (vec![metadata_name().one_of(["m001", "m004"])], vec![1, 4]),
        (vec![metadata_name().like("m00"), metadata_name().none_of(["m000", "m001"])], vec![2, 3, 4, 5]),
        (vec![metadata_name().eq("m001").or(metadata_name().eq("m002")), label("tier").eq("front")], vec![2]),
        (vec![label("tier").exists(), label("tier").ne("front")], vec![1, 3, 5]),
    ] {
        let query = SteveQuery { filter: filter.clone(), ..by(2) };
        let found = ids(&maps.list(query).collect().await.unwrap());
        let expected: BTreeSet<String> =
            expected.into_iter().map(|at| format!("plain/{}", name(at))).collect();
        assert_eq!(found, expected, "{filter:?}");
    }
    let sorted =
        SteveQuery { sort: vec!["-metadata.name".into()], filter: vec![label("tier").exists()], ..by(4) };
    let sorted = maps.list(sorted).collect().await.unwrap();
    assert_eq!(sorted.first().unwrap().name(), Some("m005"));
    let parts = SteveQuery { exclude: vec!["data".into()], ..by(10) };
    assert!(maps.list(parts).collect().await.unwrap().iter().all(|object| object.get("data").is_none()));
    let homes = |not: bool| SteveQuery {
        projects_or_namespaces: if not { Vec::new() } else { vec!["plain".into()] },
        not_projects_or_namespaces: if not { vec!["plain".into()] } else { Vec::new() },
        ..Default::default()
    };
    let (inside, outside) = (maps.list(homes(false)).collect().await, maps.list(homes(true)).collect().await);
    assert!(inside.unwrap().iter().all(|object| object.namespace() == Some("plain")));
    assert!(outside.unwrap().iter().all(|object| object.namespace() != Some("plain")));

    let unknown = SteveQuery { filter: vec![field("data.a").eq("1")], ..Default::default() };
    let error = maps.list(unknown).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("InvalidBodyContent")), "{error}");
}

#[tokio::test]
async fn objects_are_written_with_locks() {
    let lab = Lab::start();
    let (_, maps) = with_maps(&lab, 1).await;
    let set = |value: &'static str| {
        move |object: &mut Object| *object.pointer_mut("/data/a").unwrap() = json!(value)
    };
    let mut stale = maps.get("plain/m000").await.unwrap();
    let written = maps.update_with("plain/m000", set("2")).await.unwrap();
    assert_eq!(written.pointer("/data/a"), Some(&json!("2")));
    set("3")(&mut stale);
    let error = maps.update(&stale).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.http().unwrap().dialect),
        (ErrorKind::Conflict, Dialect::Steve),
        "{error}"
    );
    let error = maps.create(&map("m000", "front")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error}");

    assert_eq!(maps.find("m000").await.unwrap().id(), Some("plain/m000"));
    let error = maps.find("kube-root-ca.crt").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "in more than one namespace: {error}");
    assert!(maps.delete("plain/m000").await.unwrap().is_gone());
    let error = maps.get("plain/m000").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NotFound")));
    let error = maps.find("m000").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_rancher_blocks_and_what_it_renames() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let clusters = client.steve().resource("management.cattle.io.cluster").unwrap();
    lab.forget();
    let change = |cluster: &mut Object| cluster.set("spec", json!({"displayName": "other"}));
    let error = clusters.update_with(PROD, change).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(lab.requests().iter().all(|request| request.starts_with("GET")), "{:?}", lab.requests());

    let secrets = client.cluster(PROD).unwrap().steve().resource("secrets").unwrap();
    let tls = json!({"type": "example.com/kind", "metadata": {"name": "t", "namespace": "plain"}});
    let made = secrets.create(&Object::try_from(tls).unwrap()).await.unwrap();
    assert_eq!((made.text("_type"), made.type_id()), (Some("example.com/kind"), Some("secret")));

    let error = client.steve().resource("nosuch").unwrap().get("a").await.unwrap_err();
    assert_eq!((error.kind(), error.http().unwrap().dialect), (ErrorKind::NotFound, Dialect::Empty));
}

/// On `local` links lose the prefix that a key scoped to it needs.
#[tokio::test]
async fn links_are_followed_by_the_road_that_was_taken() {
    let lab = Lab::start();
    for (label, cluster) in [("admin-local", "local"), ("admin-prod", PROD), ("admin-unscoped", "local")] {
        let steve = lab.client(label).cluster(cluster).unwrap().steve();
        let namespaces = steve.resource("namespaces").unwrap();
        let namespace = namespaces.find("default").await.unwrap();
        lab.forget();
        let itself = namespaces.link(&namespace, "self").await.unwrap();
        assert_eq!(itself.id(), Some("default"), "{label}");
        let prefix = format!("GET /k8s/clusters/{cluster}/v1/");
        assert!(lab.requests().iter().all(|request| request.starts_with(&prefix)), "{:?}", lab.requests());
    }
}
