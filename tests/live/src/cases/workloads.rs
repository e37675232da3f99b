//! Deployments, their rollouts and logs, and a quota that is used up. What needs a node is skipped where none runs.

use futures_util::TryStreamExt as _;
use rancher_client::error::{ErrorKind, ForbiddenReason};
use rancher_client::proxy::{DeleteOptions, ListOptions, LogOptions, Resource};
use rancher_client::wait::WaitOptions;
use rancher_client::wire::Object;
use serde_json::{Value, json};
use std::time::Duration;

use crate::ground::{Ground, PODS, object, patient};
use crate::outcome::{Outcome, Stop, check, fail, refused, skip};
use crate::site::Site;

/// A container that the strictest Pod Security level takes.
fn container(image: &str) -> Value {
    json!({
        "name": "web", "image": image, "command": ["sh", "-c", "for i in 1 2 3; do echo line $i; done; sleep 3600"],
        "resources": {"limits": {"cpu": "50m", "memory": "32Mi"}, "requests": {"cpu": "10m", "memory": "16Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 65534,
            "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
        },
    })
}

fn deployment(name: &str, replicas: u32, image: &str) -> Result<Object, Stop> {
    let pod = json!({"metadata": {"labels": {"app": name}}, "spec": {
        "containers": [container(image)], "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
    }});
    Ok(object(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": pod},
    }))?)
}

fn deployments(ground: &Ground) -> Resource<'_> {
    Resource::of("apps", "v1", "deployments").within(ground.name())
}

/// A deployment of nothing is rolled out without any node.
pub(super) async fn deployment_of_none(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    for verb in ["create", "get", "delete"] {
        ground.may(verb, "apps", "deployments").await?;
    }
    ground.space.create_deployment(&deployment("none", 0, &site.args.image)?).await?;
    let again = refused(
        ground.space.create_deployment(&deployment("none", 0, "x")?).await,
        "the same deployment again",
    )?;
    check(again.kind() == ErrorKind::AlreadyExists, &again)?;
    ground.space.rollout("none").wait(patient()).await?;
    let scale = ground.cluster.scale(deployments(ground), "none").await?;
    check(scale.replicas == 0, format!("{} replicas instead of none", scale.replicas))?;
    ground.cluster.delete(deployments(ground), "none").await?;
    Ok("rolled out".to_owned())
}

/// A pod too many is a matter of the quota, not of a right; and a rollout that cannot succeed says so.
pub(super) async fn pod_quota(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    if !ground.owns_project {
        return skip("the run has no project of its own, and so no quota");
    }
    for verb in ["create", "delete"] {
        ground.may(verb, "", "pods").await?;
    }
    quota_came(ground).await?;
    let (_, each) = PODS;
    let pods = ground.core("pods");
    for at in 0..each {
        ground.cluster.create(pods, &pod(&format!("full-{at}"), &site.args.image)?).await?;
    }
    let error = refused(
        ground.cluster.create(pods, &pod("over", &site.args.image)?).await,
        "a pod beyond the quota",
    )?;
    check((error.kind(), error.reason()) == (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)), &error)?;
    ground.space.create_deployment(&deployment("over", 1, &site.args.image)?).await?;
    let options = WaitOptions { deadline: Duration::from_secs(60), ..patient() };
    let told = refused(ground.space.rollout("over").wait(options).await, "a rollout beyond the quota")?;
    check((told.kind(), told.reason()) == (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)), &told)?;
    ground.cluster.delete(deployments(ground), "over").await?;
    let now = DeleteOptions { grace: Some(Duration::ZERO), ..Default::default() };
    for at in 0..each {
        ground.cluster.delete_with(pods, &format!("full-{at}"), &now).await?;
    }
    for at in 0..each {
        ground.cluster.wait_gone(pods, &format!("full-{at}"), patient()).await?;
    }
    Ok(format!("{each} pods taken, the next refused by the quota"))
}

fn pod(name: &str, image: &str) -> Result<Object, Stop> {
    Ok(object(json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {
            "containers": [container(image)], "terminationGracePeriodSeconds": 0, "automountServiceAccountToken": false,
        },
    }))?)
}

// Rancher gives the namespace its quota a moment after it made it.
async fn quota_came(ground: &Ground) -> Result<(), Stop> {
    let (_, each) = PODS;
    for _ in 0..60 {
        let quotas =
            ground.cluster.list(ground.core("resourcequotas"), ListOptions::default()).collect().await?;
        let counted = |quota: &Object| {
            quota.pointer("/status/hard/pods") == Some(&json!(each.to_string()))
                && quota.pointer("/status/used").is_some()
        };
        if quotas.iter().any(|quota| counted(quota)) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    fail("the namespace did not get its quota within a minute")
}

/// A deployment that runs, where there is a node to run it.
pub(super) async fn rollout(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    for verb in ["create", "get"] {
        ground.may(verb, "apps", "deployments").await?;
    }
    ground.may("list", "", "pods").await?;
    ground.space.apply(&deployment("web", 1, &site.args.image)?, "sdk-live").await?;
    let ready = ready_nodes(ground).await;
    let deadline = if ready == Some(0) { 5 } else { 120 };
    let options = WaitOptions { deadline: Duration::from_secs(deadline), ..patient() };
    let Err(error) = ground.space.rollout("web").wait(options).await else {
        let pods = running(ground).await?;
        check(pods.len() == 1, format!("{} pods run", pods.len()))?;
        return Ok("1 pod runs".to_owned());
    };
    match why_pending(ground).await? {
        Some(reason) => skip(reason),
        None => fail(error.to_string()),
    }
}

/// How many nodes are Ready; nothing if the user may not see them.
pub(super) async fn ready_nodes(ground: &Ground) -> Option<usize> {
    let nodes = ground.cluster.list(Resource::core("nodes"), ListOptions::default()).collect().await.ok()?;
    let ready = |node: &Object| {
        let conditions = node.pointer("/status/conditions").and_then(Value::as_array);
        let fits = |condition: &Value| condition["type"] == "Ready" && condition["status"] == "True";
        conditions.is_some_and(|conditions| conditions.iter().any(fits))
    };
    Some(nodes.iter().filter(|node| ready(node)).count())
}

async fn pods(ground: &Ground) -> Result<Vec<Object>, Stop> {
    let options = ListOptions { label_selector: "app=web".into(), ..Default::default() };
    Ok(ground.space.pods(options).collect().await?.into_iter().map(|pod| pod.into_inner()).collect())
}

pub(super) async fn running(ground: &Ground) -> Result<Vec<Object>, Stop> {
    let mut pods = pods(ground).await?;
    pods.retain(|pod| pod.pointer("/status/phase") == Some(&json!("Running")));
    Ok(pods)
}

/// What the cluster lacks, if that is why nothing runs: a node, or the image.
async fn why_pending(ground: &Ground) -> Result<Option<String>, Stop> {
    let cluster = ground.cluster.id();
    for pod in pods(ground).await? {
        if pod.pointer("/spec/nodeName").is_none() && pod.pointer("/status/phase") == Some(&json!("Pending"))
        {
            return Ok(Some(format!("no Ready node in {cluster} takes the pod")));
        }
        let waits = pod.pointer("/status/containerStatuses/0/state/waiting/reason").and_then(Value::as_str);
        if let Some(reason @ ("ErrImagePull" | "ImagePullBackOff")) = waits {
            return Ok(Some(format!("{cluster} cannot get the image ({reason}); name another with --image")));
        }
    }
    Ok(None)
}

/// The lines of the pod that `rollout` left running.
pub(super) async fn logs(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("get", "", "pods").await?;
    let pods = running(ground).await?;
    let Some(name) = pods.first().and_then(Object::name) else {
        return skip(format!("no pod of the run runs in {}", ground.cluster.id()));
    };
    let all: Vec<_> = ground.space.logs(name, LogOptions::default()).try_collect().await?;
    check(!all.is_empty(), "the pod wrote nothing")?;
    let last = LogOptions { tail: Some(1), timestamps: true, ..Default::default() };
    let tail: Vec<_> = ground.space.logs(name, last).try_collect().await?;
    check(tail.len() == 1, format!("the last line is {} lines", tail.len()))?;
    let same = tail.first().zip(all.last()).is_some_and(|(tail, last)| tail.bytes() == last.bytes());
    check(
        same && tail.iter().all(|line| line.timestamp().is_some()),
        "the last line is another one, or has no time",
    )?;
    let nosuch = LogOptions { container: "nosuch".into(), ..Default::default() };
    let error = refused(
        ground.space.logs(name, nosuch).try_collect::<Vec<_>>().await,
        "the log of an invented container",
    )?;
    check(error.kind() == ErrorKind::Invalid, &error)?;
    let follow = LogOptions { follow: true, ..Default::default() };
    let first = ground.space.logs(name, follow).try_next().await?;
    check(first.is_some(), "a log that is followed tells nothing")?;
    Ok(format!("{} lines", all.len()))
}
