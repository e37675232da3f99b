//! Workloads over time: where nodes run, pods become ready after a while, and what is rolled out follows.

use super::controllers::{
    DAEMON_SETS, DEPLOYMENTS, PODS, REPLICA_SETS, STATEFUL_SETS, object, owned_by, reference, revision_of,
    set_revision,
};
use super::resources::find;
use crate::world::World;
use crate::world::state::{Millis, Object, ObjectKey, SECOND, stamp};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

// How often the controllers go round before they rest: enough to replace a hundred pods.
const ROUNDS: usize = 100;

/// Whether a pod counts as available.
pub(super) fn ready(pod: &Object) -> bool {
    let conditions =
        pod.body.get("status").and_then(|status| status.get("conditions")).and_then(Value::as_array);
    conditions.into_iter().flatten().any(|condition| {
        condition.get("type").and_then(Value::as_str) == Some("Ready")
            && condition.get("status").and_then(Value::as_str) == Some("True")
    })
}

fn number(value: &Value, pointer: &str) -> Option<usize> {
    value.pointer(pointer).and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok())
}

// `25%` of something, or so many.
pub(super) fn share(of: usize, value: Option<&Value>, up: bool) -> usize {
    match value {
        Some(Value::Number(number)) => number.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(0),
        Some(Value::String(text)) => {
            let percent: usize = text.trim_end_matches('%').parse().unwrap_or(0);
            if up { (of * percent).div_ceil(100) } else { of * percent / 100 }
        }
        _ => 0,
    }
}

impl World {
    // Pods that an object owns, those that are not ready first.
    fn pods_of(&self, cluster: &str, namespace: &str, uid: &str) -> Vec<(ObjectKey, bool)> {
        let Some(found) = self.state.clusters.get(cluster) else { return Vec::new() };
        let ours = found.objects.of(PODS, namespace).filter(|(_, pod)| owned_by(pod, uid));
        let mut pods: Vec<(ObjectKey, bool)> = ours.map(|(key, pod)| (key.clone(), ready(pod))).collect();
        pods.sort_by_key(|(_, ready)| *ready);
        pods
    }

    /// Lets time pass where nodes run: pods become ready, and the controllers see it.
    pub(crate) fn tick(&mut self) {
        self.attend_clusters();
        // rule: kube.pods-become-ready
        let clusters: Vec<(String, Millis)> =
            self.state.nodes.iter().map(|(cluster, pace)| (cluster.clone(), *pace)).collect();
        for (cluster, pace) in clusters {
            let Some(found) = self.state.clusters.get(&cluster) else { continue };
            let pending: Vec<ObjectKey> = found
                .objects
                .of(PODS, "")
                .filter(|(_, pod)| {
                    pod.body.get("status").and_then(|status| status.get("phase")) == Some(&json!("Pending"))
                })
                .map(|(key, _)| key.clone())
                .collect();
            let mut changed = false;
            for key in pending {
                let seen = (cluster.clone(), key.clone());
                let since = *self.state.scheduled.entry(seen.clone()).or_insert(self.state.now);
                if self.state.now - since >= pace {
                    self.state.scheduled.remove(&seen);
                    self.run(&cluster, &key);
                    changed = true;
                }
            }
            self.reconcile(&cluster);
            if changed {
                self.reconcile(&cluster);
            }
        }
    }

    // What every controller of a cluster does when it looks again.
    fn reconcile(&mut self, cluster: &str) {
        for kind in [DEPLOYMENTS, STATEFUL_SETS, DAEMON_SETS] {
            let Some(found) = self.state.clusters.get(cluster) else { return };
            let keys: Vec<ObjectKey> = found.objects.of(kind, "").map(|(key, _)| key.clone()).collect();
            for key in keys {
                if kind == DEPLOYMENTS {
                    self.settle_deployment(cluster, &key);
                } else {
                    self.settle_set(cluster, &key);
                }
            }
        }
    }

    // A pod is scheduled, starts, and writes its first line.
    pub(super) fn run(&mut self, cluster: &str, key: &ObjectKey) {
        let Some(mut pod) = self.find(cluster, key) else { return };
        let at = stamp(self.state.now);
        let list = |field: &str| -> Vec<Value> {
            let list = pod.body.get("spec").and_then(|spec| spec.get(field)).and_then(Value::as_array);
            list.cloned().unwrap_or_default()
        };
        let containers: Vec<Value> = list("containers");
        let condition = |kind: &str| json!({"type": kind, "status": "True", "lastProbeTime": null, "lastTransitionTime": at});
        let statuses: Vec<Value> = containers
            .iter()
            .map(|container| {
                json!({
                    "name": container.get("name"), "image": container.get("image"), "ready": true, "started": true,
                    "restartCount": 0, "state": {"running": {"startedAt": at}}, "lastState": {},
                })
            })
            .collect();
        let status = pod.body.entry("status").or_insert_with(|| json!({}));
        if let Value::Object(status) = status {
            status.insert("phase".to_owned(), json!("Running"));
            let conditions: Vec<Value> = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
                .into_iter()
                .map(condition)
                .collect();
            status.insert("conditions".to_owned(), json!(conditions));
            status.insert("containerStatuses".to_owned(), json!(statuses));
            status.insert("startTime".to_owned(), json!(at));
            status.insert("podIP".to_owned(), json!("10.42.0.7"));
            status.insert("hostIP".to_owned(), json!("192.0.2.21"));
        }
        if let Some(Value::Object(spec)) = pod.body.get_mut("spec") {
            spec.insert("nodeName".to_owned(), json!("node-1"));
        }
        pod.version = self.state.next_version();
        self.keep(cluster, key.clone(), pod);
        for name in containers.iter().filter_map(|container| container.get("name")?.as_str()) {
            self.log(cluster, key, name, format!("{name} started\n").as_bytes());
        }
    }

    // Replica sets, pods and status of a deployment; what admission refuses becomes a condition.
    pub(super) fn settle_deployment(&mut self, cluster: &str, key: &ObjectKey) {
        // rule: kube.deployment-makes-pods
        let Some(deployment) = self.find(cluster, key) else { return };
        let Some(spec) = deployment.body.get("spec").cloned() else { return };
        let wanted = number(&spec, "/replicas").unwrap_or(1);
        let set = self.replica_set(cluster, key, &deployment, &spec);
        let made = self.find(cluster, &set);
        let revision = made.as_ref().map(revision_of).unwrap_or(1);
        let new = made.map(|set| set.uid).unwrap_or_default();
        let paused = spec.get("paused") == Some(&json!(true));
        let mut failure = None;
        for _ in 0..ROUNDS {
            if paused {
                break;
            }
            failure = self.replicas(cluster, &set, &spec, self.room(cluster, key, &deployment, &spec, &new));
            if !self.retire(cluster, key, &deployment, &spec, &new) {
                break;
            }
        }
        let old = self.old_pods(cluster, key, &deployment, &new);
        let ours = self.pods_of(cluster, &key.1, &new);
        let available = old.iter().chain(&ours).filter(|(_, ready)| *ready).count();
        let counts = Counts { wanted, all: old.len() + ours.len(), updated: ours.len(), available };
        let older = || self.older_failure(cluster, key, &deployment, &new).filter(|_| !counts.done());
        let failure = failure.or_else(older);
        let status = self.status(&deployment, &spec, &set.2, counts, failure);
        if deployment.body.get("status") == Some(&status) && revision_of(&deployment) == revision {
            return;
        }
        let version = self.state.next_version();
        let stored = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
        let Some(stored) = stored else { return };
        stored.version = version;
        stored.body.insert("status".to_owned(), status);
        set_revision(stored, revision);
    }

    // The pods of a deployment's older replica sets.
    fn old_pods(
        &self,
        cluster: &str,
        key: &ObjectKey,
        deployment: &Object,
        new: &str,
    ) -> Vec<(ObjectKey, bool)> {
        let Some(found) = self.state.clusters.get(cluster) else { return Vec::new() };
        let sets = found.objects.of(REPLICA_SETS, &key.1);
        let old = sets.filter(|(_, set)| owned_by(set, &deployment.uid) && set.uid != new);
        let uids: Vec<String> = old.map(|(_, set)| set.uid.clone()).collect();
        uids.iter().flat_map(|uid| self.pods_of(cluster, &key.1, uid)).collect()
    }

    // How many pods the new replica set may have now.
    fn room(&self, cluster: &str, key: &ObjectKey, deployment: &Object, spec: &Value, new: &str) -> usize {
        // rule: kube.rolling-update
        let wanted = number(spec, "/replicas").unwrap_or(1);
        let old = self.old_pods(cluster, key, deployment, new).len();
        if spec.pointer("/strategy/type") == Some(&json!("Recreate")) {
            return if old > 0 { 0 } else { wanted };
        }
        let surge = share(wanted, spec.pointer("/strategy/rollingUpdate/maxSurge"), true);
        let ours = self.pods_of(cluster, &key.1, new).len();
        wanted.min((wanted + surge).saturating_sub(old).max(ours))
    }

    // Removes old pods that may go; whether any did.
    fn retire(
        &mut self,
        cluster: &str,
        key: &ObjectKey,
        deployment: &Object,
        spec: &Value,
        new: &str,
    ) -> bool {
        let wanted = number(spec, "/replicas").unwrap_or(1);
        let mut old = self.old_pods(cluster, key, deployment, new);
        old.sort_by_key(|(_, ready)| *ready);
        let ours = self.pods_of(cluster, &key.1, new);
        let recreate = spec.pointer("/strategy/type") == Some(&json!("Recreate"));
        let slack = share(wanted, spec.pointer("/strategy/rollingUpdate/maxUnavailable"), false);
        let least = if recreate { 0 } else { wanted.saturating_sub(slack) };
        let unready = ours.iter().filter(|(_, ready)| !ready).count();
        let mut may_go = (old.len() + ours.len()).saturating_sub(least + unready);
        let mut available = old.iter().chain(&ours).filter(|(_, ready)| *ready).count();
        let mut gone = false;
        for (pod, ready) in old {
            if may_go == 0 || (ready && available <= least) {
                break;
            }
            may_go -= 1;
            available -= usize::from(ready);
            self.remove_object(cluster, &pod);
            gone = true;
        }
        gone
    }

    fn status(
        &self,
        deployment: &Object,
        spec: &Value,
        set: &str,
        counts: Counts,
        failure: Option<String>,
    ) -> Value {
        // rule: quota.replica-failure
        // rule: record.no-nodes
        let before = deployment.body.get("status").cloned().unwrap_or_default();
        let now = stamp(self.state.now);
        let condition = |kind: &str, status: &str, reason: &str, message: &str| {
            let known = before.get("conditions").and_then(Value::as_array).into_iter().flatten();
            let same = known
                .filter(|known| known.get("type").and_then(Value::as_str) == Some(kind))
                .find(|known| known.get("reason").and_then(Value::as_str) == Some(reason));
            let same = same.filter(|_| counts.as_in(&before)).and_then(|known| known.get("lastUpdateTime"));
            let at = same.cloned().unwrap_or_else(|| json!(now));
            json!({
                "type": kind, "status": status, "lastUpdateTime": at, "lastTransitionTime": at, "reason": reason,
                "message": message,
            })
        };
        let slack = share(counts.wanted, spec.pointer("/strategy/rollingUpdate/maxUnavailable"), false);
        let available = if counts.available >= counts.wanted.saturating_sub(slack) {
            condition("Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        } else {
            let message = "Deployment does not have minimum availability.";
            condition("Available", "False", "MinimumReplicasUnavailable", message)
        };
        let progressing = |reason: &str, message: String| condition("Progressing", "True", reason, &message);
        let conditions = match failure {
            Some(why) => vec![
                progressing("NewReplicaSetCreated", format!("Created new replica set \"{set}\"")),
                available,
                condition("ReplicaFailure", "True", "FailedCreate", &why),
            ],
            None if counts.done() => {
                let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
                vec![available, progressing("NewReplicaSetAvailable", message)]
            }
            None => {
                let message = format!("ReplicaSet \"{set}\" is progressing.");
                let moving = progressing("ReplicaSetUpdated", message);
                let late = late_at(spec, &before, &counts, &moving, self.state.now);
                // rule: kube.progress-deadline
                let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
                let late =
                    late.then(|| condition("Progressing", "False", "ProgressDeadlineExceeded", &message));
                vec![available, late.unwrap_or(moving)]
            }
        };
        let generation = deployment.body.get("metadata").and_then(|meta| meta.get("generation")).cloned();
        let mut status = object(json!({
            "observedGeneration": generation.unwrap_or_else(|| json!(1)), "terminatingReplicas": 0,
            "conditions": conditions,
        }));
        let unavailable = counts.wanted.max(counts.all).saturating_sub(counts.available);
        // Go leaves out what is zero.
        for (field, number) in [
            ("replicas", counts.all),
            ("updatedReplicas", counts.updated),
            ("readyReplicas", counts.available),
            ("availableReplicas", counts.available),
            ("unavailableReplicas", unavailable),
        ] {
            if number > 0 {
                status.insert(field.to_owned(), json!(number));
            }
        }
        Value::Object(status)
    }

    // Pods and status of a stateful set or a daemon set, one pod after the other.
    pub(super) fn settle_set(&mut self, cluster: &str, key: &ObjectKey) {
        // rule: kube.sets-make-pods
        let Some(set) = self.find(cluster, key) else { return };
        let Some(spec) = set.body.get("spec").cloned() else { return };
        let daemon = key.0 == DAEMON_SETS;
        let nodes = usize::from(self.state.nodes.contains_key(cluster));
        let wanted = if daemon { nodes } else { number(&spec, "/replicas").unwrap_or(1) };
        let revision = format!("{}-{:010x}", key.2, hash(&spec.get("template").cloned().unwrap_or_default()));
        let name = |at: usize| match daemon {
            true => format!("{}-node{}", key.2, at + 1),
            false => format!("{}-{at}", key.2),
        };
        let pod_at = |at: usize| (PODS.to_owned(), key.1.clone(), name(at));
        let rolls = spec.pointer("/updateStrategy/type") != Some(&json!("OnDelete"));
        for (pod, _) in self.pods_of(cluster, &key.1, &set.uid) {
            if (0..wanted).all(|at| pod_at(at) != pod) {
                self.remove_object(cluster, &pod);
            }
        }
        let mut pods: Vec<Option<Object>> = (0..wanted).map(|at| self.find(cluster, &pod_at(at))).collect();
        let all_ready = pods.iter().all(|pod| pod.as_ref().is_some_and(ready));
        let outdated = |pod: &Option<Object>| {
            pod.as_ref().is_some_and(|pod| pod.label("controller-revision-hash") != Some(&revision))
        };
        // the last one goes first, when all are well
        if let (true, true, Some(at)) = (all_ready, rolls, pods.iter().rposition(outdated)) {
            self.remove_object(cluster, &pod_at(at));
            pods = (0..wanted).map(|at| self.find(cluster, &pod_at(at))).collect();
        }
        // one that is not ready holds up those behind it
        let next = pods.iter().position(|pod| !pod.as_ref().is_some_and(ready));
        if let Some(at) = next.filter(|at| pods.get(*at).is_some_and(Option::is_none)) {
            self.make_pod(cluster, key, &set, &spec, &revision, pod_at(at));
            pods = (0..wanted).map(|at| self.find(cluster, &pod_at(at))).collect();
        }
        let count = |fits: &dyn Fn(&Object) -> bool| pods.iter().flatten().filter(|pod| fits(pod)).count();
        let is_new = |pod: &Object| pod.label("controller-revision-hash") == Some(&revision);
        let (all, ready, updated) = (count(&|_| true), count(&ready), count(&is_new));
        let old = pods
            .iter()
            .flatten()
            .find(|pod| !is_new(pod))
            .and_then(|pod| pod.label("controller-revision-hash"));
        let generation = set.body.get("metadata").and_then(|meta| meta.get("generation")).cloned();
        let generation = generation.unwrap_or_else(|| json!(1));
        let status = match daemon {
            true => json!({
                "currentNumberScheduled": all, "desiredNumberScheduled": wanted, "numberAvailable": ready,
                "numberMisscheduled": 0, "numberReady": ready, "observedGeneration": generation,
                "updatedNumberScheduled": updated,
            }),
            false => json!({
                "availableReplicas": ready, "collisionCount": 0, "currentRevision": old.unwrap_or(&revision),
                "currentReplicas": all - if old.is_some() { updated } else { 0 }, "observedGeneration": generation,
                "readyReplicas": ready, "replicas": all, "updateRevision": revision, "updatedReplicas": updated,
            }),
        };
        if set.body.get("status") == Some(&status) {
            return;
        }
        let version = self.state.next_version();
        let stored = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
        let Some(stored) = stored else { return };
        stored.version = version;
        stored.body.insert("status".to_owned(), status);
    }

    fn make_pod(
        &mut self,
        cluster: &str,
        key: &ObjectKey,
        set: &Object,
        spec: &Value,
        revision: &str,
        pod: ObjectKey,
    ) {
        let Some(pods) = find("", "v1", "pods") else { return };
        let kind = if key.0 == DAEMON_SETS { "DaemonSet" } else { "StatefulSet" };
        let mut labels = spec.pointer("/template/metadata/labels").cloned().unwrap_or_else(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("controller-revision-hash".to_owned(), json!(revision));
        }
        let mut body: Map<String, Value> = object(json!({
            "metadata": {
                "generateName": format!("{}-", key.2), "labels": labels, "generation": 1,
                "ownerReferences": reference("apps/v1", kind, &key.2, &set.uid),
            },
            "spec": spec.pointer("/template/spec"),
        }));
        // what admission refuses is in the events only, and nothing of it is in the status
        let name = pod.2.clone();
        if let Err(why) = self.pod(cluster, pods, pod, &mut body, set) {
            let (component, told) = match kind {
                "DaemonSet" => ("daemonset-controller", format!("Error creating: {why}")),
                _ => (
                    "statefulset-controller",
                    format!("create Pod {name} in StatefulSet {} failed error: {why}", key.2),
                ),
            };
            self.tell_again(cluster, (kind, component, key, set), &told);
        }
    }
}

// How many pods a deployment shall have and has.
#[derive(Debug, Clone, Copy)]
struct Counts {
    wanted: usize,
    all: usize,
    updated: usize,
    available: usize,
}

impl Counts {
    fn done(&self) -> bool {
        self.updated == self.wanted && self.all == self.wanted && self.available == self.wanted
    }

    fn as_in(&self, status: &Value) -> bool {
        let number = |field: &str| number(status, &format!("/{field}")).unwrap_or(0);
        (number("replicas"), number("updatedReplicas"), number("availableReplicas"))
            == (self.all, self.updated, self.available)
    }
}

// Whether nothing moved for longer than the deployment waits.
fn late_at(spec: &Value, before: &Value, counts: &Counts, moving: &Value, now: Millis) -> bool {
    let known = before.get("conditions").and_then(Value::as_array).into_iter().flatten();
    let exceeded = known
        .filter(|known| known.get("reason").and_then(Value::as_str) == Some("ProgressDeadlineExceeded"))
        .count();
    if exceeded > 0 && counts.as_in(before) {
        return true;
    }
    let since = moving.get("lastUpdateTime").and_then(Value::as_str);
    let since = since.and_then(|at| at.parse::<Timestamp>().ok()).map_or(now, |at| at.as_millisecond());
    let most = spec.get("progressDeadlineSeconds").and_then(Value::as_i64).unwrap_or(600);
    now - since > most * SECOND
}

// FNV-1a: the same for the same template.
fn hash(template: &Value) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in template.to_string().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash >> 24
}
