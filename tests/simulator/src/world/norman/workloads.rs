//! `/v3/project/{id}/workloads`, `/pods` and `/persistentvolumeclaims`: what Kubernetes holds, as Norman flattens it.

use super::kinds::{Api, kind_in};
use super::namespaces::reach;
use super::{Within, list, unsupported};
use crate::world::World;
use crate::world::answer::{Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::{Ask, cluster_of};
use crate::world::state::{Object, dated};
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// One kind of what is shown so.
struct Shown {
    name: &'static str,
    group: &'static str,
    plural: &'static str,
    path: &'static str,
    show: fn(&Held<'_>) -> Value,
}

const SHOWN: [Shown; 3] = [
    Shown {
        name: "workload",
        group: "apps",
        plural: "deployments",
        path: "apis/apps/v1/deployments",
        show: workload,
    },
    Shown { name: "pod", group: "", plural: "pods", path: "api/v1/pods", show: pod },
    Shown {
        name: "persistentVolumeClaim",
        group: "",
        plural: "persistentvolumeclaims",
        path: "api/v1/persistentvolumeclaims",
        show: claim,
    },
];

/// An object of a project on its way into a list.
struct Held<'a> {
    base: &'a str,
    project: &'a str,
    namespace: &'a str,
    name: &'a str,
    object: &'a Object,
}

/// Whether a type of a project is shown from what Kubernetes holds.
pub(super) fn shows(name: &str) -> bool {
    SHOWN.iter().any(|shown| shown.name == name)
}

pub(super) fn list_all(world: &mut World, call: &Call<'_>, within: Within<'_>, name: &str) -> Outcome {
    if *call.method != Method::GET {
        return Err(unsupported(call));
    }
    let project = within.project.unwrap_or_default();
    let cluster = cluster_of(project);
    let missing = || Problem::not_found("");
    let shown = SHOWN.iter().find(|shown| shown.name == name).ok_or_else(missing)?;
    reach(world, cluster, shown.path)?;
    let kind = kind_in(Api::Project, name).ok_or_else(missing)?;
    let access = call.access(&world.state);
    let state = &world.state;
    let found = state.clusters.get(cluster).ok_or_else(missing)?;
    let key = format!("{}/{}", shown.group, shown.plural);
    // rule: norman.lists-are-filtered
    let items: Vec<_> = found
        .objects
        .iter()
        .filter(|((resource, namespace, _), _)| {
            let ask = Ask { verb: "list", group: shown.group, resource: shown.plural, namespace, name: "" };
            *resource == key
                && state.project_of(cluster, namespace) == Some(project)
                && access.in_kubernetes(state, cluster, &ask).is_some()
        })
        .map(|((_, namespace, name), object)| {
            (shown.show)(&Held { base: &call.base, project, namespace, name, object })
        })
        .collect();
    list(world, call, kind, items, Some(format!("{}/v3/project/{project}/{}", call.base, kind.path())))
}

impl Held<'_> {
    fn own(&self, plural: &str, id: &str) -> String {
        format!("{}/v3/project/{}/{plural}/{id}", self.base, self.project)
    }

    fn at(&self, pointer: &str) -> Value {
        let (first, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
        let found = self.object.body.get(first);
        let rest = if rest.is_empty() { String::new() } else { format!("/{rest}") };
        found.and_then(|found| found.pointer(&rest)).cloned().unwrap_or_default()
    }

    fn done(&self, fields: Value) -> Value {
        let mut shown = if let Value::Object(fields) = fields { fields } else { Map::new() };
        dated(&mut shown, "created", self.object.created);
        Value::Object(shown)
    }
}

/// The name of a schema of a project, as nested objects carry it.
fn typed(value: Value, schema: &str) -> Value {
    let Value::Object(mut fields) = value else { return value };
    fields.insert("type".to_owned(), json!(format!("/v3/project/schemas/{schema}")));
    Value::Object(fields)
}

fn each(list: Value, of: impl Fn(Value) -> Value) -> Value {
    match list {
        Value::Array(items) => items.into_iter().map(of).collect(),
        _ => json!([]),
    }
}

// rule: norman.containers
fn containers(list: Value, of_pod: bool) -> Value {
    each(list, |container| {
        let Value::Object(mut fields) = container else { return container };
        let ports = fields.remove("ports").unwrap_or_default();
        fields.insert("ports".to_owned(), each(ports, |port| typed(port, "containerPort")));
        let resources = fields.remove("resources").filter(Value::is_object).unwrap_or_else(|| json!({}));
        fields.insert("resources".to_owned(), typed(resources, "resourceRequirements"));
        if let Some(mounts) = fields.remove("volumeMounts") {
            fields.insert("volumeMounts".to_owned(), each(mounts, |mount| typed(mount, "volumeMount")));
        }
        for (name, value) in [
            ("initContainer", json!(false)),
            ("restartCount", json!(0)),
            ("stdin", json!(false)),
            ("stdinOnce", json!(false)),
            ("tty", json!(false)),
        ] {
            fields.entry(name).or_insert(value);
        }
        if of_pod {
            // rule: record.no-nodes
            fields.insert("state".to_owned(), json!("unknown"));
        }
        typed(Value::Object(fields), "container")
    })
}

/// A deployment as Norman shows it.
fn workload(held: &Held<'_>) -> Value {
    // rule: norman.workloads
    let id = format!("deployment:{}:{}", held.namespace, held.name);
    let own = held.own("workloads", &id);
    let action = |name: &str| format!("{own}?action={name}");
    let strategy = held.at("spec/strategy/type");
    let config = json!({
        "maxSurge": held.at("spec/strategy/rollingUpdate/maxSurge"),
        "maxUnavailable": held.at("spec/strategy/rollingUpdate/maxUnavailable"),
        "minReadySeconds": held.at("spec/minReadySeconds").as_u64().unwrap_or(0),
        "progressDeadlineSeconds": held.at("spec/progressDeadlineSeconds"),
        "revisionHistoryLimit": held.at("spec/revisionHistoryLimit"), "strategy": strategy,
    });
    let pod = |field: &str| held.at(&format!("spec/template/spec/{field}"));
    held.done(json!({
        "actions": {
            "pause": action("pause"), "redeploy": action("redeploy"), "resume": action("resume"),
            "rollback": action("rollback"),
        },
        "baseType": "workload", "containers": containers(pod("containers"), false), "creatorId": null,
        "deploymentConfig": config, "deploymentStatus": deployment_status(held),
        "dnsPolicy": pod("dnsPolicy"), "hostIPC": pod("hostIPC") == true,
        "hostNetwork": pod("hostNetwork") == true, "hostPID": pod("hostPID") == true, "id": id,
        "labels": held.at("spec/template/metadata/labels"), "name": held.name, "namespaceId": held.namespace,
        "links": {
            "remove": own, "revisions": format!("{own}/revisions"), "self": own, "update": own,
            "yaml": format!("{own}/yaml"),
        },
        "paused": false, "projectId": held.project, "restartPolicy": pod("restartPolicy"),
        "scale": held.at("spec/replicas"), "scheduling": {"scheduler": pod("schedulerName")},
        "selector": typed(held.at("spec/selector"), "labelSelector"),
        // rule: record.no-nodes
        "state": "updating", "transitioning": "yes",
        "terminationGracePeriodSeconds": pod("terminationGracePeriodSeconds"),
        "transitioningMessage": "Deployment does not have minimum availability.",
        "type": "deployment", "uuid": held.object.uid,
        "workloadAnnotations": {"deployment.kubernetes.io/revision": "1"},
    }))
}

fn deployment_status(held: &Held<'_>) -> Value {
    let count = |field: &str| held.at(&format!("status/{field}")).as_u64().unwrap_or(0);
    let conditions = each(held.at("status/conditions"), |condition| {
        let Value::Object(mut fields) = condition else { return condition };
        for name in ["lastTransitionTime", "lastUpdateTime"] {
            let at = fields.get(name).and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
            if let Some(at) = at {
                fields.insert(format!("{name}TS"), json!(at.as_millisecond()));
            }
        }
        Value::Object(fields)
    });
    let mut status =
        json!({"conditions": conditions, "observedGeneration": held.at("status/observedGeneration")});
    for name in [
        "availableReplicas",
        "readyReplicas",
        "replicas",
        "terminatingReplicas",
        "unavailableReplicas",
        "updatedReplicas",
    ] {
        if let Some(status) = status.as_object_mut() {
            status.insert(name.to_owned(), json!(count(name)));
        }
    }
    typed(status, "deploymentStatus")
}

/// A pod as Norman shows it.
fn pod(held: &Held<'_>) -> Value {
    // rule: norman.pods
    let id = format!("{}:{}", held.namespace, held.name);
    let own = held.own("pods", &id);
    let spec = |field: &str| held.at(&format!("spec/{field}"));
    let owners = held.at("metadata/ownerReferences");
    let owner = owners.pointer("/0/name").and_then(Value::as_str).unwrap_or_default();
    let workload = owner.rsplit_once('-').map(|(name, _)| format!("deployment:{}:{name}", held.namespace));
    let tolerate = each(spec("tolerations"), |toleration| typed(toleration, "toleration"));
    let phase = held.at("status/phase");
    let state = phase.as_str().map(str::to_lowercase);
    let status = json!({"observedGeneration": 0, "phase": phase, "qosClass": held.at("status/qosClass")});
    held.done(json!({
        "baseType": "pod", "containers": containers(spec("containers"), true), "creatorId": null,
        "dnsPolicy": spec("dnsPolicy"), "enableServiceLinks": spec("enableServiceLinks"),
        "hostIPC": spec("hostIPC") == true, "hostNetwork": spec("hostNetwork") == true,
        "hostPID": spec("hostPID") == true, "id": id, "labels": held.at("metadata/labels"),
        "links": {"remove": own, "self": own, "update": own, "yaml": format!("{own}/yaml")},
        "name": held.name, "namespaceId": held.namespace, "nodeId": null,
        "ownerReferences": each(owners, |owner| typed(owner, "ownerReference")),
        "preemptionPolicy": spec("preemptionPolicy"), "projectId": held.project,
        "restartPolicy": spec("restartPolicy"),
        "scheduling": {
            "priority": spec("priority").as_i64().unwrap_or(0), "scheduler": spec("schedulerName"),
            "tolerate": tolerate,
        },
        "serviceAccountName": spec("serviceAccountName"), "state": state, "status": typed(status, "podStatus"),
        "terminationGracePeriodSeconds": spec("terminationGracePeriodSeconds"), "transitioning": "no",
        "transitioningMessage": "", "type": "pod", "uuid": held.object.uid,
        "volumes": each(spec("volumes"), volume), "workloadId": workload,
    }))
}

// A volume, each part of it with the name of its schema.
fn volume(volume: Value) -> Value {
    let Value::Object(mut fields) = volume else { return volume };
    if let Some(Value::Object(mut projected)) = fields.remove("projected") {
        let sources = projected.remove("sources").unwrap_or_default();
        let sources = each(sources, |source| {
            let Value::Object(mut source) = source else { return source };
            for (name, item) in [("configMap", "keyToPath"), ("downwardAPI", "downwardAPIVolumeFile")] {
                let items = source.get_mut(name).and_then(|part| part.get_mut("items"));
                if let Some(items) = items {
                    *items = each(items.take(), |entry| {
                        let Value::Object(mut entry) = entry else { return entry };
                        if let Some(field) = entry.remove("fieldRef") {
                            entry.insert("fieldRef".to_owned(), typed(field, "objectFieldSelector"));
                        }
                        typed(Value::Object(entry), item)
                    });
                }
            }
            let typed_parts = source.into_iter().map(|(name, part)| {
                let part = typed(part, &format!("{name}Projection"));
                (name, part)
            });
            typed(Value::Object(typed_parts.collect()), "volumeProjection")
        });
        projected.insert("sources".to_owned(), sources);
        fields.insert("projected".to_owned(), typed(Value::Object(projected), "projectedVolumeSource"));
    }
    typed(Value::Object(fields), "volume")
}

/// A claim on a volume as Norman shows it.
fn claim(held: &Held<'_>) -> Value {
    // rule: norman.claims
    let id = format!("{}:{}", held.namespace, held.name);
    let own = held.own("persistentVolumeClaims", &id);
    let phase = held.at("status/phase");
    held.done(json!({
        "accessModes": held.at("spec/accessModes"), "baseType": "persistentVolumeClaim", "creatorId": null,
        "id": id, "links": {"remove": own, "self": own, "update": own, "yaml": format!("{own}/yaml")},
        "name": held.name, "namespaceId": held.namespace, "projectId": held.project,
        "resources": typed(held.at("spec/resources"), "volumeResourceRequirements"),
        "state": phase.as_str().map(str::to_lowercase),
        "status": typed(json!({"phase": phase}), "persistentVolumeClaimStatus"),
        "storageClassId": held.at("spec/storageClassName"), "transitioning": "no", "transitioningMessage": "",
        "type": "persistentVolumeClaim", "uuid": held.object.uid, "volumeId": held.at("spec/volumeName"),
        "volumeMode": held.at("spec/volumeMode"),
    }))
}
