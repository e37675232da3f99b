//! Lists and writes of Kubernetes through the cluster proxy, while others write.

use futures_util::StreamExt as _;
use rancher_client::error::ErrorKind;
use rancher_client::proxy::{ClusterProxy, ListOptions, OnExpired, Resource};
use rancher_client::wire::{Kept, Object};
use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::lab::{Lab, PROD};

fn maps() -> Resource<'static> {
    Resource::core("configmaps").within("plain")
}

fn map(name: &str) -> Object {
    Object::try_from(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"made": "here"}},
        "data": {"n": "0"},
    }))
    .unwrap()
}

fn name(at: usize) -> String {
    format!("m{at:03}")
}

async fn with_maps(lab: &Lab, count: usize) -> ClusterProxy {
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    for at in 0..count {
        cluster.create(maps(), &map(&name(at))).await.unwrap();
    }
    cluster
}

fn by(limit: u32, expired: OnExpired) -> ListOptions {
    ListOptions { limit: Some(limit), label_selector: "made=here".into(), expired, ..Default::default() }
}

/// Deletes some that were read, some that were not, and creates some before and behind, one write for each object that
/// is taken from the list.
async fn walk(cluster: &ClusterProxy, options: ListOptions) -> rancher_client::Result<Vec<Kept<Object>>> {
    let mut list = cluster.list(maps(), options);
    let mut seen = Vec::new();
    while let Some(object) = list.next().await {
        seen.push(object?);
        match seen.len() {
            at @ 1..=10 => drop(cluster.delete(maps(), &name(at * 5)).await?),
            at @ 11..=15 => drop(cluster.create(maps(), &map(&format!("a{at}"))).await?),
            at @ 16..=20 => drop(cluster.create(maps(), &map(&format!("z{at}"))).await?),
            _ => {}
        }
    }
    Ok(seen)
}

/// Every object that lived throughout comes once, and which others come is as documented.
#[tokio::test]
async fn a_list_promises_what_its_option_says() {
    const COUNT: usize = 60;
    for (expires, expired) in [
        (false, OnExpired::Fail),
        (true, OnExpired::Fail),
        (true, OnExpired::Anew),
        (true, OnExpired::Inconsistent),
    ] {
        let lab = Lab::start();
        let cluster = with_maps(&lab, COUNT).await;
        if expires {
            lab.simulator.world(|world| world.expire_continue_after(8));
        }
        lab.forget();
        let walked = walk(&cluster, by(7, expired)).await;
        if expires && expired == OnExpired::Fail {
            let error = walked.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::Conflict, Some(410)), "{error}");
            continue;
        }
        let seen = walked.unwrap_or_else(|error| panic!("{expired:?}: {error:?}"));
        let names: Vec<&str> = seen.iter().map(|object| object.name().unwrap()).collect();
        let set: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(set.len(), names.len(), "{expired:?}: none twice");
        let deleted: Vec<usize> = (1..=10).map(|at| at * 5).collect();
        for at in (0..COUNT).filter(|at| !deleted.contains(at)) {
            assert!(set.contains(name(at).as_str()), "{expired:?}: {} is missing", name(at));
        }
        match expired {
            // one state: what was there at the beginning, and nothing else
            OnExpired::Fail => assert_eq!(names.len(), COUNT),
            OnExpired::Anew => assert!(set.contains("a11") && set.contains("z16"), "{names:?}"),
            _ => assert!(!set.contains("a11") && set.contains("z16"), "{names:?}"),
        }
        println!(
            "list, {expired:?}, expiring: {expires}: {} objects by {} requests",
            names.len(),
            lab.requests().len()
        );
    }
}

#[tokio::test]
async fn the_total_is_one_request_where_the_server_says_it() {
    let lab = Lab::start();
    let cluster = with_maps(&lab, 9).await;
    let all = cluster.list(maps(), ListOptions::default()).collect().await.unwrap().len() as u64;
    lab.forget();
    assert_eq!(cluster.list(maps(), ListOptions::default()).total().await.unwrap(), all);
    assert_eq!(lab.requests().len(), 1);
    assert_eq!(cluster.list(maps(), by(4, OnExpired::Fail)).total().await.unwrap(), 9);
    assert!(lab.requests().len() > 2, "with a selector they are counted");
    // a page of the list lacks what the list around it says
    let first = cluster.list(maps(), by(4, OnExpired::Fail)).first().await.unwrap().unwrap();
    assert!(first.get("kind").is_none() && first.resource_version().is_some());
}

fn raise(object: &mut Object) {
    let value = object.pointer_mut("/data/n").unwrap();
    let number: u64 = value.as_str().unwrap().parse().unwrap();
    *value = Value::from((number + 1).to_string());
}

/// Nobody's change is lost, however many write at once.
#[tokio::test]
async fn writers_do_not_overwrite_each_other() {
    let lab = Lab::start();
    let cluster = with_maps(&lab, 1).await;
    let mine = cluster.get(maps(), "m000").await.unwrap();
    let writers = (0..4).map(|_| cluster.update_with(maps(), "m000", raise));
    for written in futures_util::future::join_all(writers).await {
        written.unwrap();
    }
    let now = cluster.get(maps(), "m000").await.unwrap();
    assert_eq!(now.pointer("/data/n"), Some(&json!("4")));

    let mut stale = mine.clone();
    raise(&mut stale);
    let error = cluster.update(maps(), &stale).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Conflict, Some(409)), "{error}");
    // an item of a list is written back without the kind that it lacks
    let mut item = cluster.list(maps(), by(5, OnExpired::Fail)).first().await.unwrap().unwrap();
    raise(&mut item);
    let all = Resource::core("configmaps");
    assert_eq!(cluster.update(all, &item).await.unwrap().pointer("/data/n"), Some(&json!("5")));
}

#[tokio::test]
async fn a_status_is_not_written_through_the_object() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let namespaces = Resource::core("namespaces");
    let change = |namespace: &mut Object| *namespace.pointer_mut("/status/phase").unwrap() = json!("Gone");
    let error = cluster.update_with(namespaces, "plain", change).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("status.phase")), "{error:?}");
}
