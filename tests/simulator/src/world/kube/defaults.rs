//! What Kubernetes adds to an object that is created.

use super::resources::Resource;
use crate::world::quantity::Quantity;
use crate::world::random::Random;
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
        "PersistentVolumeClaim" => default(
            &mut whole,
            json!({
                "metadata": {"finalizers": ["kubernetes.io/pvc-protection"]}, "spec": {"volumeMode": "Filesystem"},
                "status": {"phase": "Pending"},
            }),
        ),
        // Custom resources count their generations, as all that have a status do.
        "App" | "ClusterProxyConfig" | "ClusterRepo" | "Operation" => {
            default(&mut whole, json!({"metadata": {"generation": 1}}))
        }
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
        // rule: kube.set-defaults
        "StatefulSet" | "DaemonSet" => {
            let rolling = match resource.kind {
                "DaemonSet" => json!({"maxUnavailable": 1, "maxSurge": 0}),
                _ => json!({"partition": 0}),
            };
            let kept = json!({"type": "RollingUpdate", "rollingUpdate": rolling});
            let on_delete = whole.pointer("/spec/updateStrategy/type") == Some(&json!("OnDelete"));
            default(
                &mut whole,
                json!({
                    "metadata": {"generation": 1}, "status": {},
                    "spec": {
                        "revisionHistoryLimit": 10, "template": {"metadata": {}, "spec": {}},
                        "updateStrategy": if on_delete { json!({}) } else { kept },
                    },
                }),
            );
            if resource.kind == "StatefulSet" {
                default(&mut whole, json!({"spec": {"replicas": 1, "podManagementPolicy": "OrderedReady"}}));
            }
            if let Some(pod) = whole.pointer_mut("/spec/template/spec") {
                pod_spec(pod);
            }
        }
        "Pod" => {
            default(&mut whole, json!({"spec": {}}));
            if let Some(spec) = whole.get_mut("spec") {
                pod_spec(spec);
                account(spec, name);
            }
            // rule: record.no-nodes
            let class = class(&whole);
            default(&mut whole, json!({"status": {"phase": "Pending", "qosClass": class}}));
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
        canonical(container);
    }
}

// Quantities come back in their one canonical form; a limit is the request of who names none.
fn canonical(container: &mut Value) {
    // rule: kube.canonical-quantities
    for part in ["limits", "requests"] {
        let Some(Value::Object(amounts)) = container.pointer_mut(&format!("/resources/{part}")) else {
            continue;
        };
        for amount in amounts.values_mut() {
            let text = amount.as_str().map_or_else(|| amount.to_string(), str::to_owned);
            if let Ok(exact) = Quantity::parse(&text) {
                *amount = json!(exact.to_string());
            }
        }
    }
}

// What every pod gets of its service account, and what the scheduler would tolerate.
fn account(spec: &mut Value, name: &str) {
    // rule: kube.pod-defaults
    let mut seed = 0_u64;
    name.bytes().for_each(|byte| seed = seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let volume = format!("kube-api-access-{}", Random::new(seed).name(5));
    let gone = |key: &str| json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300});
    default(
        spec,
        json!({
            "serviceAccountName": "default", "serviceAccount": "default", "priority": 0,
            "enableServiceLinks": true, "preemptionPolicy": "PreemptLowerPriority", "volumes": [],
            "tolerations": [gone("node.kubernetes.io/not-ready"), gone("node.kubernetes.io/unreachable")],
        }),
    );
    let Some(volumes) = spec.get_mut("volumes").and_then(Value::as_array_mut) else { return };
    let named = |volume: &Value| {
        volume.get("name").and_then(Value::as_str).is_some_and(|name| name.starts_with("kube-api-access-"))
    };
    if volumes.iter().any(named) {
        return;
    }
    let path =
        json!({"path": "namespace", "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"}});
    volumes.push(json!({"name": volume, "projected": {"defaultMode": 420, "sources": [
        {"serviceAccountToken": {"expirationSeconds": 3_607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [path]}},
    ]}}));
    let mount = json!({
        "name": volume, "readOnly": true, "mountPath": "/var/run/secrets/kubernetes.io/serviceaccount",
    });
    let containers = spec.get_mut("containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        default(container, json!({"volumeMounts": []}));
        if let Some(mounts) = container.get_mut("volumeMounts").and_then(Value::as_array_mut) {
            mounts.push(mount.clone());
        }
    }
}

fn class(pod: &Value) -> &'static str {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array);
    let of = |container: &Value, part: &str, what: &str| {
        container.pointer(&format!("/resources/{part}/{what}")).cloned()
    };
    let mut each = containers.into_iter().flatten();
    let none = each.clone().all(|c| {
        ["limits", "requests"]
            .iter()
            .all(|part| ["cpu", "memory"].iter().all(|what| of(c, part, what).is_none()))
    });
    let full = each.all(|c| {
        ["cpu", "memory"]
            .iter()
            .all(|what| of(c, "limits", what).is_some() && of(c, "limits", what) == of(c, "requests", what))
    });
    match (none, full) {
        (true, _) => "BestEffort",
        (_, true) => "Guaranteed",
        _ => "Burstable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::kube::resources::find;

    #[test]
    fn a_pod_comes_back_with_its_service_account_once() {
        let resources = json!({"requests": {"memory": "0.5Gi", "cpu": 1}});
        let body = json!({"spec": {"containers": [{"name": "c", "image": "nginx", "resources": resources}]}});
        let Value::Object(mut body) = body else { panic!("an object") };
        let pods = find("", "v1", "pods").unwrap();
        fill(pods, "web-1", &mut body);
        fill(pods, "web-1", &mut body);
        let spec = &body["spec"];
        assert_eq!(
            (spec["volumes"].as_array().unwrap().len(), &spec["serviceAccount"]),
            (1, &json!("default"))
        );
        let container = &spec["containers"][0];
        assert_eq!(container["resources"]["requests"], json!({"memory": "512Mi", "cpu": "1"}));
        assert_eq!(container["volumeMounts"][0]["name"], spec["volumes"][0]["name"]);
        assert_eq!(body["status"], json!({"phase": "Pending", "qosClass": "Burstable"}));
    }
}
