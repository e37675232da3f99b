//! Rollouts and logs through the cluster proxy, and what a dead agent makes of all its calls.

use futures_util::{StreamExt as _, TryStreamExt as _};
use rancher_client::error::{Cause, ErrorKind, ForbiddenReason};
use rancher_client::proxy::{
    ApplyOptions, DeleteOptions, ListOptions, LogOptions, NamespaceProxy, Patch, PatchStep, Resource,
};
use rancher_client::wait::{Progress, WaitOptions};
use rancher_simulator::Agent;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::kube_writes::{deployment, object};
use crate::lab::{Lab, PATIENCE, PROD};

fn soon() -> WaitOptions {
    WaitOptions { deadline: Duration::from_secs(20), poll: Duration::from_millis(100), ..Default::default() }
}

/// A cluster whose pods become ready after so many milliseconds.
fn lab(millis: u64) -> Lab {
    let lab = Lab::start();
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::from_millis(millis)));
    lab
}

fn namespace(lab: &Lab, name: &str) -> NamespaceProxy {
    lab.client("admin-prod").cluster(PROD).unwrap().namespace(name).unwrap()
}

#[tokio::test]
async fn the_jobs_of_the_guides_are_a_call_each() {
    let lab = lab(300);
    let shop = namespace(&lab, "plain");
    assert_eq!(shop.get().await.unwrap().pointer("/status/phase"), Some(&json!("Active")));
    let secret = shop.create_secret("db", [("password", "x")]).await.unwrap();
    // recorded: kubernetes, `create secret`
    assert_eq!(secret.pointer("/data/password"), Some(&json!("eA==")));
    assert_eq!(secret.altered(), [""; 0]);
    shop.create_deployment(&deployment("web", 2, "1m")).await.unwrap();
    let again = shop.create_deployment(&deployment("web", 2, "1m")).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let mut events = shop.rollout("web").wait(soon()).progress();
    let mut unmet = Vec::new();
    let web = loop {
        match events.next().await.unwrap().unwrap() {
            Progress::Unmet(missing) => unmet.push(missing.to_string()),
            Progress::Met(web) => break web,
            event => panic!("{event:?}"),
        }
    };
    assert_eq!(web.pointer("/status/availableReplicas"), Some(&json!(2)));
    assert!(unmet[0].contains("0 of 2 updated pods are available"), "{unmet:?}");
    assert_eq!(shop.deployment("web").await.unwrap().name(), Some("web"));
    assert_eq!(shop.pods(ListOptions::default()).collect().await.unwrap().len(), 2);
    assert!(shop.rollout("deployment/web").status().await.unwrap().done);

    // a changed template is rolled out, and what is older goes
    let image =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}});
    let deployments = Resource::of("apps", "v1", "deployments").within("plain");
    shop.cluster().patch(deployments, "web", &Patch::Strategic(image)).await.unwrap();
    assert!(!shop.rollout("web").status().await.unwrap().done);
    shop.rollout("web").wait(soon()).await.unwrap();
    let pods = shop.pods(ListOptions::default()).collect().await.unwrap();
    let images: Vec<_> = pods.iter().map(|pod| pod.pointer("/spec/containers/0/image").unwrap()).collect();
    assert_eq!(images, [&json!("nginx:2"), &json!("nginx:2")]);
}

#[tokio::test]
async fn sets_are_rolled_out_too() {
    let lab = lab(50);
    let shop = namespace(&lab, "plain");
    let spec = |replicas: bool| {
        let mut spec = deployment("db", 2, "1m").get("spec").unwrap().clone();
        if !replicas {
            spec.as_object_mut().unwrap().remove("replicas");
        }
        spec
    };
    for (kind, replicas, rollout, pods) in
        [("StatefulSet", true, "sts/db", 2), ("DaemonSet", false, "daemonset/db", 1)]
    {
        let set = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "db"}, "spec": spec(replicas)});
        shop.apply(&object(set.clone()), "ci").await.unwrap();
        shop.rollout(rollout).wait(soon()).await.unwrap();
        let options = ListOptions { label_selector: "app=db".into(), ..Default::default() };
        assert_eq!(shop.pods(options).collect().await.unwrap().len(), pods, "{kind}");
        let mut newer = set;
        newer["spec"]["template"]["spec"]["containers"][0]["image"] = json!("nginx:2");
        shop.apply(&object(newer.clone()), "ci").await.unwrap();
        assert!(!shop.rollout(rollout).status().await.unwrap().done, "{kind}");
        shop.rollout(rollout).wait(soon()).await.unwrap();
        newer["spec"]["updateStrategy"] = json!({"type": "OnDelete", "rollingUpdate": null});
        shop.apply(&object(newer), "ci").await.unwrap();
        assert_eq!(shop.rollout(rollout).status().await.unwrap_err().kind(), ErrorKind::Unsupported);
        let plural = format!("{}s", kind.to_lowercase());
        shop.cluster().delete(Resource::of("apps", "v1", &plural).within("plain"), "db").await.unwrap();
    }
    for bad in ["job/x", "", "sts/", "a b"] {
        let error = shop.rollout(bad).wait(soon()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{bad}: {error}");
    }
}

#[tokio::test]
async fn a_rollout_that_cannot_succeed_is_told_at_once() {
    // as recorded: no nodes, and a quota of half a cpu in shop-web
    let lab = Lab::start();
    let shop = namespace(&lab, "shop-web");
    shop.create_deployment(&deployment("big", 1, "2")).await.unwrap();
    let start = Instant::now();
    let error = shop.rollout("big").wait(WaitOptions::default()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)),
        "{error:?}"
    );
    assert!(
        error.summary().contains("ReplicaFailure") && error.summary().contains("limits.cpu=2"),
        "{error}"
    );
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    // what helps, helps; the older replica set still says that its pods are refused
    let deployments = Resource::of("apps", "v1", "deployments").within("shop-web");
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::from_millis(100)));
    let less = json!({"cpu": "10m", "memory": "1Mi"});
    let less = json!({"name": "web", "resources": {"limits": less, "requests": less}});
    let patch = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [less]}}}}));
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::from_secs(3600)));
    shop.cluster().patch(deployments, "big", &patch).await.unwrap();
    let big = shop.deployment("big").await.unwrap();
    let failed = big.pointer("/status/conditions/2/type").and_then(|kind| kind.as_str());
    assert_eq!(failed, Some("ReplicaFailure"), "{:?}", big.pointer("/status"));
    let status = shop.rollout("big").status().await.unwrap();
    assert!(!status.done && status.missing == "0 of 1 updated pods are available", "{status:?}");
    assert!(status.message.unwrap().starts_with("pods of an older revision were refused: "));
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::from_millis(100)));
    shop.rollout("big").wait(soon()).await.unwrap();
}

#[tokio::test]
async fn a_set_whose_pods_are_refused_says_so_when_it_is_seen() {
    let lab = Lab::start();
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::ZERO));
    let shop = namespace(&lab, "shop-web");
    for (kind, rollout) in [("StatefulSet", "sts/big"), ("DaemonSet", "daemonset/big")] {
        let mut spec = deployment("big", 1, "2").get("spec").unwrap().clone();
        if kind == "DaemonSet" {
            spec.as_object_mut().unwrap().remove("replicas");
        }
        let set = json!({"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "big"}, "spec": spec});
        shop.apply(&object(set), "ci").await.unwrap();
        // one look: what the events say may be of the past
        let status = shop.rollout(rollout).status().await.unwrap();
        let said = status.message.unwrap();
        assert!(said.starts_with("pods were refused: ") && said.contains("exceeded quota"), "{said}");
        // another attempt while it is watched proves it
        let error = shop.rollout(rollout).wait(soon()).await.unwrap_err();
        assert_eq!((error.kind(), error.reason()), (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)));
        assert!(error.summary().contains("FailedCreate"), "{error}");
    }
}

#[tokio::test]
async fn a_progress_deadline_ends_the_wait_and_a_deadline_says_what_is_missing() {
    // pods that never become ready
    let lab = lab(u64::from(u32::MAX));
    let shop = namespace(&lab, "plain");
    let mut slow = deployment("slow", 1, "1m");
    *slow.pointer_mut("/spec/replicas").unwrap() = json!(1);
    slow.get("spec").unwrap();
    slow.fields_mut().get_mut("spec").unwrap()["progressDeadlineSeconds"] = json!(1);
    shop.create_deployment(&slow).await.unwrap();
    let error = shop.rollout("slow").wait(soon()).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, false), "{error:?}");
    assert!(error.summary().contains("ProgressDeadlineExceeded"), "{error}");

    shop.create_deployment(&deployment("web", 1, "1m")).await.unwrap();
    let options = WaitOptions { deadline: Duration::from_millis(500), ..soon() };
    let error = shop.rollout("web").wait(options).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true), "{error:?}");
    assert!(error.summary().contains("0 of 1 updated pods are available"), "{error}");
    let options = WaitOptions { rights_lag: Duration::from_millis(200), ..soon() };
    assert_eq!(shop.rollout("nosuch").wait(options).await.unwrap_err().kind(), ErrorKind::NotFound);
}

/// A pod of two containers that runs, and what they wrote.
async fn with_pod(lab: &Lab) -> NamespaceProxy {
    let shop = namespace(lab, "plain");
    let containers = json!([{"name": "web", "image": "nginx"}, {"name": "side", "image": "nginx"}]);
    let pod = object(json!({"metadata": {"name": "p"}, "spec": {"containers": containers}}));
    shop.create(Resource::core("pods"), &pod).await.unwrap();
    shop.get().await.unwrap();
    lab.simulator.world(|world| {
        for bytes in [&b"one\ntw"[..], b"o\n", b"\xff\xfe\n", b"last"] {
            world.write_log(PROD, "plain", "p", "web", bytes);
        }
    });
    shop
}

fn of_web() -> LogOptions {
    LogOptions { container: "web".into(), ..Default::default() }
}

async fn read(shop: &NamespaceProxy, options: LogOptions) -> Vec<Vec<u8>> {
    let lines: Vec<_> = shop.logs("p", options).try_collect().await.unwrap();
    lines.iter().map(|line| line.bytes().to_vec()).collect()
}

#[tokio::test]
async fn a_log_is_its_lines() {
    let lab = lab(0);
    let shop = with_pod(&lab).await;
    let all = read(&shop, of_web()).await;
    assert_eq!(all, [&b"web started"[..], b"one", b"two", b"\xff\xfe", b"last"]);
    // however the bytes come
    lab.faults(&["GET /k8s/** drip:400"]);
    assert_eq!(read(&shop, of_web()).await, all);
    lab.faults(&[]);
    assert_eq!(read(&shop, LogOptions { tail: Some(2), ..of_web() }).await, [&b"\xff\xfe"[..], b"last"]);
    let since = LogOptions { since: Some(Duration::from_secs(3600)), ..of_web() };
    assert_eq!(read(&shop, since).await.len(), 5);
    let later = LogOptions { since_time: "2100-01-01T00:00:00Z".into(), ..of_web() };
    assert_eq!(read(&shop, later).await.len(), 0);
    let lines: Vec<_> =
        shop.logs("p", LogOptions { timestamps: true, ..of_web() }).try_collect().await.unwrap();
    for line in &lines {
        line.timestamp().unwrap().parse::<jiff::Timestamp>().unwrap();
    }
    assert_eq!(lines.iter().map(|line| line.bytes().to_vec()).collect::<Vec<_>>(), all);
}

#[tokio::test]
async fn which_container_is_a_clear_question() {
    let lab = lab(0);
    let shop = with_pod(&lab).await;
    for container in ["", "nosuch"] {
        let options = LogOptions { container: container.into(), ..Default::default() };
        let error = shop.logs("p", options).try_next().await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("container")), "{error:?}");
        assert!(error.advice().ends_with("web, side"), "{error}");
    }
    let error = shop.logs("p", LogOptions { previous: true, ..of_web() }).try_next().await.unwrap_err();
    assert!(error.advice().contains("without previous"), "{error}");
    assert_eq!(shop.logs("nosuch", of_web()).try_next().await.unwrap_err().kind(), ErrorKind::NotFound);
    // recorded: a pod that no node runs has no log
    let lab = Lab::start();
    let shop = namespace(&lab, "plain");
    shop.create_deployment(&deployment("web", 1, "1m")).await.unwrap();
    let pod = shop.pods(ListOptions::default()).first().await.unwrap().unwrap();
    let error = shop.logs(pod.name().unwrap(), LogOptions::default()).try_next().await.unwrap_err();
    assert!(error.is_retryable() && error.advice().contains("has not started"), "{error:?}");
}

#[tokio::test]
async fn a_log_is_followed_until_the_container_ends_or_nobody_listens() {
    let lab = lab(0);
    let shop = with_pod(&lab).await;
    let follow = LogOptions { follow: true, tail: Some(1), ..of_web() };
    let write =
        |bytes: &'static [u8]| lab.simulator.world(|world| world.write_log(PROD, "plain", "p", "web", bytes));
    let mut log = shop.logs("p", follow.clone());
    // a line that is not over is not given out
    let early = tokio::time::timeout(Duration::from_millis(300), log.try_next()).await;
    assert!(early.is_err(), "{early:?}");
    write(b" line\nnext ");
    let line = tokio::time::timeout(PATIENCE, log.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!(line.text(), "last line");
    write(b"one");
    lab.simulator.world(|world| world.end_pod(PROD, "plain", "p"));
    let line = tokio::time::timeout(PATIENCE, log.try_next()).await.unwrap().unwrap().unwrap();
    assert_eq!((line.text().as_ref(), line.is_whole()), ("next one", true));
    assert_eq!(tokio::time::timeout(PATIENCE, log.try_next()).await.unwrap().unwrap(), None);

    let lab = self::lab(0);
    let shop = with_pod(&lab).await;
    lab.forget();
    let mut log = shop.logs("p", LogOptions { tail: None, ..follow });
    assert_eq!(log.try_next().await.unwrap().unwrap().text(), "web started");
    assert_eq!(lab.simulator.journal().in_flight(), 1);
    drop(log);
    let start = Instant::now();
    while lab.simulator.journal().in_flight() > 0 && start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let entries = lab.entries();
    assert!(entries.len() == 1 && entries[0].abandoned, "the connection is closed: {entries:?}");
}

#[tokio::test]
async fn a_dead_agent_is_told_within_seconds_by_every_call() {
    let minute_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    let each = (0..11).map(async |call| {
        let lab = Lab::start();
        let gone = lab.simulator.world(|world| {
            let id = world.add_cluster("lost", Agent::Connected);
            world.set_agent(&id, Agent::Gone { since: minute_ago }).unwrap();
            id
        });
        let cluster = lab.client("admin-unscoped").cluster(&gone).unwrap();
        let shop = cluster.namespace("shop").unwrap();
        let deployments = Resource::of("apps", "v1", "deployments").within("shop");
        let follow = LogOptions { follow: true, ..Default::default() };
        let none = DeleteOptions::default();
        let start = Instant::now();
        let asked = async {
            match call {
                0 => shop.logs("p", follow).try_next().await.map(drop),
                1 => shop.apply(&deployment("web", 1, "1m"), "ci").await.map(drop),
                2 => cluster.patch(deployments, "web", &Patch::Merge(json!({}))).await.map(drop),
                3 => cluster.table(deployments, ListOptions::default()).await.map(drop),
                4 => cluster.resolve("widgets").await.map(drop),
                5 => cluster.set_scale(deployments, "web", 1).await.map(drop),
                6 => shop.rollout("web").status().await.map(drop),
                7 => shop.create_deployment(&deployment("web", 1, "1m")).await.map(drop),
                8 => cluster.evict("shop", "p", &none).await,
                9 => {
                    let steps = Patch::Json(vec![PatchStep::replace("/spec/replicas", 3)]);
                    cluster.patch(deployments, "web", &steps).await.map(drop)
                }
                _ => cluster.delete_with(deployments, "web", &none).await.map(drop),
            }
        };
        let error = asked.await.unwrap_err();
        let took = start.elapsed();
        assert_eq!(
            (error.kind(), error.causes()),
            (ErrorKind::ClusterUnavailable, &[Cause::AgentGone][..]),
            "{call}"
        );
        assert!(error.summary().contains("it accepted the token"), "{call}: {error}");
        assert!(took < Duration::from_secs(15), "{call}: {took:?}");
        // a write is sent once, and nobody claims that it was not done
        let writes = lab.requests().into_iter().filter(|request| !request.starts_with("GET")).count();
        assert!(writes <= 1, "{call}: {:?}", lab.requests());
        assert_eq!(error.summary().contains("whether the request arrived"), writes == 1, "{call}: {error}");
        // and what is remembered refuses even what waits for the server otherwise
        let error = cluster.evict("shop", "p", &none).await.unwrap_err();
        assert!(error.summary().contains("nothing was sent"), "{error}");
        let error = cluster.apply_object(&deployment("web", 1, "1m"), &ApplyOptions::by("ci")).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid, "no namespace");
    });
    futures_util::future::join_all(each).await;
    // a refused token is refused at once, and it is not the cluster's fault
    let lab = Lab::start();
    let shop = lab.client("expired-prod").cluster(PROD).unwrap().namespace("plain").unwrap();
    let error = shop.logs("p", LogOptions::default()).try_next().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenRefused | ErrorKind::Undetermined), "{error:?}");
}
