//! What happens to objects after they were written: pods of deployments, and counts of quotas.

use super::admission::{check, forbidden, limits};
use super::defaults;
use super::objects::strip;
use super::resources::{Resource, find};
use crate::world::World;
use crate::world::state::{Object, ObjectKey, stamp};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

pub(super) const DEPLOYMENTS: &str = "apps/deployments";
pub(super) const REPLICA_SETS: &str = "apps/replicasets";
pub(super) const PODS: &str = "/pods";
pub(super) const STATEFUL_SETS: &str = "apps/statefulsets";
pub(super) const DAEMON_SETS: &str = "apps/daemonsets";

pub(super) fn owned_by(object: &Object, uid: &str) -> bool {
    let owner = object.body.get("metadata").and_then(|meta| meta.pointer("/ownerReferences/0/uid"));
    owner.and_then(Value::as_str) == Some(uid)
}

pub(super) fn reference(api: &str, kind: &str, name: &str, uid: &str) -> Value {
    json!([{
        "apiVersion": api, "kind": kind, "name": name, "uid": uid, "controller": true,
        "blockOwnerDeletion": true,
    }])
}

impl World {
    /// An object made now, from a body as it was sent.
    pub(crate) fn object(&mut self, mut body: Map<String, Value>) -> Object {
        strip(&mut body);
        Object {
            created: self.state.now,
            uid: self.state.random.uuid(),
            version: self.state.next_version(),
            owners: BTreeMap::new(),
            body,
        }
    }

    /// Keeps an object, and does what the controllers of the cluster would do then.
    pub(crate) fn put_object(&mut self, cluster: &str, key: ObjectKey, object: Object) {
        self.keep(cluster, key.clone(), object);
        if key.0 == DEPLOYMENTS {
            self.settle_deployment(cluster, &key);
        }
        if matches!(key.0.as_str(), STATEFUL_SETS | DAEMON_SETS) {
            self.settle_set(cluster, &key);
        }
        if key.0 == super::NAMESPACES {
            self.settle_namespace(cluster, &key.2);
        }
        if !key.1.is_empty() {
            self.settle_usage(cluster, &key.1);
        }
    }

    pub(super) fn keep(&mut self, cluster: &str, key: ObjectKey, object: Object) {
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            found.objects.insert(key, object);
        }
    }

    /// Forgets an object, and what it owns with it.
    pub(crate) fn remove_object(&mut self, cluster: &str, key: &ObjectKey) {
        let Some(found) = self.state.clusters.get_mut(cluster) else { return };
        let Some(gone) = found.objects.remove(key) else { return };
        let below = match key.0.as_str() {
            DEPLOYMENTS => REPLICA_SETS,
            REPLICA_SETS | STATEFUL_SETS | DAEMON_SETS => PODS,
            _ => "",
        };
        if !below.is_empty() {
            let owned = |(_, object): &(&ObjectKey, &Object)| owned_by(object, &gone.uid);
            let keys: Vec<ObjectKey> =
                found.objects.of(below, &key.1).filter(owned).map(|(key, _)| key.clone()).collect();
            keys.iter().for_each(|key| self.remove_object(cluster, key));
        }
        if !key.1.is_empty() {
            self.settle_usage(cluster, &key.1);
        }
    }

    pub(super) fn find(&self, cluster: &str, key: &ObjectKey) -> Option<Object> {
        self.state.clusters.get(cluster)?.objects.get(key).cloned()
    }

    // The key of a deployment's replica set, made when it is not there.
    pub(super) fn replica_set(
        &mut self,
        cluster: &str,
        key: &ObjectKey,
        deployment: &Object,
        spec: &Value,
    ) -> ObjectKey {
        // rule: kube.deployment-revisions
        let Some(found) = self.state.clusters.get_mut(cluster) else { return ObjectKey::default() };
        let ours = |(_, set): &(&ObjectKey, &Object)| owned_by(set, &deployment.uid);
        let sets: Vec<(&ObjectKey, &Object)> = found.objects.of(REPLICA_SETS, &key.1).filter(ours).collect();
        let newest = sets.iter().map(|(_, set)| revision_of(set)).max().unwrap_or_default();
        let same = sets.iter().find(|(_, set)| template_of(set).as_ref() == spec.get("template"));
        if let Some((known, own)) = same.map(|(known, set)| ((*known).clone(), revision_of(set))) {
            // one that is rolled back to is the newest again
            if own < newest
                && let Some(set) = found.objects.get_mut(&known)
            {
                set_revision(set, newest + 1);
            }
            return known;
        }
        let hash = self.state.random.name(9);
        let mut labels = spec.pointer("/template/metadata/labels").cloned().unwrap_or_else(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("pod-template-hash".to_owned(), json!(hash));
        }
        let mut template = spec.get("template").cloned().unwrap_or_default();
        if let Some(Value::Object(metadata)) = template.get_mut("metadata") {
            metadata.insert("labels".to_owned(), labels.clone());
        }
        let body = json!({
            "metadata": {
                "labels": labels, "generation": 1,
                "annotations": {REVISION: (newest + 1).to_string()},
                "ownerReferences": reference("apps/v1", "Deployment", &key.2, &deployment.uid),
            },
            "spec": {
                "replicas": spec.get("replicas"), "selector": {"matchLabels": labels},
                "template": template,
            },
            "status": {"replicas": 0},
        });
        let mut set = self.object(object(body));
        set.created = deployment.created;
        let made = (REPLICA_SETS.to_owned(), key.1.clone(), format!("{}-{hash}", key.2));
        self.keep(cluster, made.clone(), set);
        let told = format!(
            "Scaled up replica set {} from 0 to {}",
            made.2,
            spec.get("replicas").cloned().unwrap_or_else(|| json!(1))
        );
        self.tell(
            cluster,
            ("Deployment", "deployment-controller", key, deployment),
            "ScalingReplicaSet",
            &told,
        );
        made
    }

    // Makes or removes pods until there are so many; what admission said when it refused one.
    pub(super) fn replicas(
        &mut self,
        cluster: &str,
        key: &ObjectKey,
        spec: &Value,
        wanted: usize,
    ) -> Option<String> {
        let set = self.find(cluster, key)?;
        let pods = find("", "v1", "pods")?;
        let known: Vec<ObjectKey> = {
            let found = self.state.clusters.get(cluster)?;
            let ours = found.objects.of(PODS, &key.1).filter(|(_, pod)| owned_by(pod, &set.uid));
            ours.map(|(key, _)| key.clone()).collect()
        };
        for extra in known.iter().skip(wanted) {
            self.remove_object(cluster, extra);
        }
        let labels = set.body.get("spec").and_then(|spec| spec.pointer("/template/metadata/labels")).cloned();
        let annotations = spec.pointer("/template/metadata/annotations");
        let mut failure = None;
        for _ in known.len()..wanted {
            let name = format!("{}-{}", key.2, self.state.random.name(5));
            let mut body = object(json!({
                "metadata": {
                    "generateName": format!("{}-", key.2), "labels": labels, "annotations": annotations,
                    "generation": 1,
                    "ownerReferences": reference("apps/v1", "ReplicaSet", &key.2, &set.uid),
                },
                "spec": spec.pointer("/template/spec"),
            }));
            if let (None, Some(Value::Object(metadata))) = (annotations, body.get_mut("metadata")) {
                metadata.remove("annotations");
            }
            let made = (PODS.to_owned(), key.1.clone(), name);
            failure = self.pod(cluster, pods, made, &mut body, &set).err();
            let about = ("ReplicaSet", "replicaset-controller", key, &set);
            if let Some(why) = &failure {
                // rule: quota.replica-failure
                let told = format!("Error creating: {why}");
                (0..TRIES).for_each(|_| self.tell(cluster, about, "FailedCreate", &told));
                break;
            }
            self.tell(cluster, about, "SuccessfulCreate", "Created pod");
        }
        self.state_failure(cluster, key, failure.as_deref());
        failure
    }

    // A replica set says itself that its pods are refused.
    fn state_failure(&mut self, cluster: &str, key: &ObjectKey, failure: Option<&str>) {
        let now = stamp(self.state.now);
        let set = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
        let Some(Value::Object(status)) = set.and_then(|set| set.body.get_mut("status")) else { return };
        match failure {
            None => drop(status.remove("conditions")),
            Some(why) => {
                let condition = json!([{
                    "type": "ReplicaFailure", "status": "True", "lastTransitionTime": now, "reason": "FailedCreate",
                    "message": why,
                }]);
                status.insert("conditions".to_owned(), condition);
            }
        }
    }

    // What the older replica sets of a deployment say of refused pods.
    pub(super) fn older_failure(
        &self,
        cluster: &str,
        key: &ObjectKey,
        deployment: &Object,
        new: &str,
    ) -> Option<String> {
        // rule: kube.deployment-revisions
        let found = self.state.clusters.get(cluster)?;
        let mut sets = found.objects.of(REPLICA_SETS, &key.1);
        sets.find_map(|(_, set)| {
            let old = owned_by(set, &deployment.uid) && set.uid != new;
            let said = set.body.get("status")?.pointer("/conditions/0/message")?.as_str();
            said.filter(|_| old).map(str::to_owned)
        })
    }

    pub(super) fn pod(
        &mut self,
        cluster: &str,
        pods: &Resource,
        key: ObjectKey,
        body: &mut Map<String, Value>,
        set: &Object,
    ) -> Result<(), String> {
        defaults::fill(pods, &key.2, body);
        limits(self, cluster, &key, body);
        check(self, cluster, pods, &key, None, body).map_err(|why| forbidden(pods, &key.2, &why))?;
        let mut pod = self.object(std::mem::take(body));
        pod.created = set.created;
        let namespace = key.1.clone();
        self.keep(cluster, key, pod);
        // The next one is measured by what this one took.
        self.settle_usage(cluster, &namespace);
        Ok(())
    }

    // An event of a controller that tries again and again, ever more seldom: the same event, counted.
    pub(super) fn tell_again(
        &mut self,
        cluster: &str,
        about: (&str, &str, &ObjectKey, &Object),
        message: &str,
    ) {
        // rule: kube.sets-try-again
        let (now, uid) = (self.state.now, about.3.uid.as_str());
        let events = self.state.clusters.get_mut(cluster).map(|found| &mut found.objects);
        let known = events.and_then(|events| {
            let said = |event: &Object| {
                let text = |field: &str| event.body.get(field).and_then(Value::as_str);
                let of = event.body.get("involvedObject").and_then(|object| object.get("uid")?.as_str());
                of == Some(uid) && text("reason") == Some("FailedCreate") && text("message") == Some(message)
            };
            let key = events.of("/events", &about.2.1).find(|(_, event)| said(event))?.0.clone();
            events.get_mut(&key)
        });
        let Some(event) = known else { return self.tell(cluster, about, "FailedCreate", message) };
        let count = event.body.get("count").and_then(Value::as_u64).unwrap_or(1);
        // 10 ms, 20 ms, 40 ms, …
        let next = event.created + (10_i64 << count.min(20));
        if now >= next {
            event.body.insert("count".to_owned(), json!(count + 1));
            event.body.insert("lastTimestamp".to_owned(), json!(stamp(now)));
        }
    }

    // An event of a controller, about the object with this key.
    fn tell(&mut self, cluster: &str, about: (&str, &str, &ObjectKey, &Object), reason: &str, message: &str) {
        let (kind, component, key, object) = about;
        let at = stamp(self.state.now);
        let name = format!("{}.{}", key.2, self.state.random.name(16));
        let normal = if reason == "FailedCreate" { "Warning" } else { "Normal" };
        let body = json!({
            "involvedObject": {
                "kind": kind, "namespace": key.1, "name": key.2, "uid": object.uid, "apiVersion": "apps/v1",
                "resourceVersion": object.version.to_string(),
            },
            "reason": reason, "message": message, "source": {"component": component}, "firstTimestamp": at,
            "lastTimestamp": at, "count": 1, "type": normal, "eventTime": null, "reportingComponent": component,
            "reportingInstance": "",
        });
        let event = self.object(super::controllers::object(body));
        self.keep(cluster, ("/events".to_owned(), key.1.clone(), name), event);
    }
}

const REVISION: &str = "deployment.kubernetes.io/revision";

pub(super) fn revision_of(object: &Object) -> u64 {
    object.annotation(REVISION).and_then(|text| text.parse().ok()).unwrap_or_default()
}

pub(super) fn set_revision(object: &mut Object, revision: u64) {
    if let Value::Object(metadata) = object.body.entry("metadata").or_insert_with(|| json!({}))
        && let Value::Object(own) = metadata.entry("annotations").or_insert_with(|| json!({}))
    {
        own.insert(REVISION.to_owned(), json!(revision.to_string()));
    }
}

// The template that a replica set was made from.
fn template_of(set: &Object) -> Option<Value> {
    let mut template = set.body.get("spec")?.get("template")?.clone();
    if let Some(Value::Object(labels)) = template.pointer_mut("/metadata/labels") {
        labels.remove("pod-template-hash");
    }
    Some(template)
}

// A controller tries again before it waits longer.
const TRIES: usize = 6;

pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn deployment(replicas: u64) -> Map<String, Value> {
        let resources = json!({"limits": {"cpu": "200m", "memory": "64Mi"}});
        object(json!({
            "metadata": {"generation": 1},
            "spec": {"replicas": replicas, "selector": {"matchLabels": {"a": "x"}}, "template": {
                "metadata": {"labels": {"a": "x"}},
                "spec": {"containers": [{"name": "c", "image": "nginx", "resources": resources}]},
            }},
        }))
    }

    fn count(world: &World, resource: &str) -> usize {
        world.state.clusters["c-prod1"].objects.of(resource, "shop-web").count()
    }

    #[test]
    fn a_deployment_makes_as_many_pods_as_the_quota_allows() {
        let mut world = World::record(1);
        let key = (DEPLOYMENTS.to_owned(), "shop-web".to_owned(), "big".to_owned());
        let made = world.object(deployment(3));
        world.put_object("c-prod1", key.clone(), made);
        assert_eq!(
            (count(&world, PODS), count(&world, REPLICA_SETS), count(&world, "/events")),
            (2, 1, 3 + TRIES)
        );
        let stored = world.find("c-prod1", &key).unwrap();
        let failed = &stored.body["status"]["conditions"][2];
        assert_eq!((&failed["type"], &failed["reason"]), (&json!("ReplicaFailure"), &json!("FailedCreate")));
        let why = failed["message"].as_str().unwrap();
        assert!(why.contains("exceeded quota: default-") && why.contains("used: limits.cpu=400m"), "{why}");
        assert_eq!(stored.body["status"]["replicas"], 2);
        let mut less = stored.clone();
        less.body["spec"]["replicas"] = json!(1);
        world.put_object("c-prod1", key.clone(), less);
        assert_eq!(count(&world, PODS), 1);
        let stored = world.find("c-prod1", &key).unwrap();
        assert_eq!(stored.body["status"]["conditions"].as_array().unwrap().len(), 2, "nothing failed");
        world.remove_object("c-prod1", &key);
        assert_eq!((count(&world, PODS), count(&world, REPLICA_SETS)), (0, 0));
        let quota = world.state.clusters["c-prod1"].objects.of("/resourcequotas", "shop-web").next().unwrap();
        assert_eq!(quota.1.body["status"]["used"], json!({"limits.cpu": "0", "limits.memory": "0"}));
    }
}
