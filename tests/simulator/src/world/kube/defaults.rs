//! What Kubernetes adds to an object that is created.

use super::resources::Resource;
use crate::world::state::Object;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

// Puts in what is not there; never changes what is.
fn default(into: &mut Value, defaults: Value) {
    match (into, defaults) {
        (Value::Object(own), Value::Object(defaults)) => {
            for (field, value) in defaults {
                default(own.entry(field).or_insert(Value::Null), value);
            }
        }
        (own @ Value::Null, value) => *own = value,
        _ => {}
    }
}

/// Fills in the defaults of a kind.
pub(super) fn fill(resource: &Resource, name: &str, body: &mut Map<String, Value>) {
    let mut whole = Value::Object(std::mem::take(body));
    match resource.kind {
        "Namespace" => default(
            &mut whole,
            json!({
                "metadata": {"labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }),
        ),
        "Secret" => secret(&mut whole),
        // rule: kube.deployment-defaults
        "Deployment" => {
            default(
                &mut whole,
                json!({
                    "metadata": {"generation": 1},
                    "spec": {
                        "replicas": 1, "progressDeadlineSeconds": 600, "revisionHistoryLimit": 10,
                        "strategy": {
                            "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
                        },
                        "template": {"metadata": {}, "spec": {}},
                    },
                    "status": {},
                }),
            );
            if let Some(pod) = whole.pointer_mut("/spec/template/spec") {
                pod_spec(pod);
            }
        }
        "Pod" => {
            default(&mut whole, json!({"spec": {}}));
            if let Some(spec) = whole.get_mut("spec") {
                pod_spec(spec);
            }
            // rule: record.no-nodes
            default(&mut whole, pending());
        }
        _ => {}
    }
    if let Value::Object(filled) = whole {
        *body = filled;
    }
}

fn secret(whole: &mut Value) {
    // rule: kube.secret-string-data
    default(whole, json!({"type": "Opaque"}));
    let Some(whole) = whole.as_object_mut() else { return };
    let Some(Value::Object(plain)) = whole.remove("stringData") else { return };
    if let Value::Object(data) = whole.entry("data").or_insert_with(|| json!({})) {
        for (field, value) in plain {
            data.insert(field, json!(STANDARD.encode(value.as_str().unwrap_or_default())));
        }
    }
}

fn pod_spec(spec: &mut Value) {
    default(
        spec,
        json!({
            "restartPolicy": "Always", "terminationGracePeriodSeconds": 30, "dnsPolicy": "ClusterFirst",
            "securityContext": {}, "schedulerName": "default-scheduler",
        }),
    );
    let Some(containers) = spec.get_mut("containers").and_then(Value::as_array_mut) else { return };
    for container in containers {
        default(
            container,
            json!({
                "resources": {}, "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File", "imagePullPolicy": "Always",
            }),
        );
    }
}

fn pending() -> Value {
    let condition = json!({
        "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
        "message": "no nodes available to schedule pods",
    });
    json!({"status": {"phase": "Pending", "conditions": [condition], "qosClass": "Burstable"}})
}

/// The pods of a deployment, as its controllers would make them.
pub(super) fn pods(deployment: &Object) -> Vec<Map<String, Value>> {
    let Some(spec) = deployment.body.get("spec") else { return Vec::new() };
    let replicas = spec.get("replicas").and_then(Value::as_u64).unwrap_or(1);
    let labels = spec.pointer("/template/metadata/labels").cloned().unwrap_or_else(|| json!({}));
    let mut pod = pending();
    default(
        &mut pod,
        json!({"metadata": {"labels": labels}, "spec": spec.pointer("/template/spec").cloned().unwrap_or_default()}),
    );
    let Value::Object(pod) = pod else { return Vec::new() };
    (0..replicas).map(|_| pod.clone()).collect()
}
