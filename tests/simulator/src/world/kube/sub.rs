//! What hangs below an object: scale, eviction, logs, tokens.

use super::objects::{key, strip};
use super::resources::Resource;
use super::reviews::bad_request;
use super::{Target, patch};
use crate::Response;
use crate::world::World;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::route::not_simulated;
use crate::world::state::{Object, ObjectKey, SECOND, ServiceToken, stamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    verb: &str,
) -> Response {
    let key = key(resource, target, target.name);
    let stored = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&key)).cloned();
    let Some(stored) = stored else { return target.not_found(resource) };
    match (resource.kind, target.sub, verb) {
        ("ServiceAccount", "token", "create") => service_token(world, call, cluster, target, &stored),
        ("Deployment" | "ReplicaSet" | "StatefulSet", "scale", "get") => {
            answer::json(StatusCode::OK, &scale(&key, &stored))
        }
        ("Deployment" | "ReplicaSet" | "StatefulSet", "scale", "update" | "patch") => {
            rescale(world, call, cluster, key, stored)
        }
        ("Pod", "eviction", "create") => {
            // rule: kube.eviction
            world.remove_object(cluster, &key);
            let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
            answer::json(StatusCode::CREATED, &body)
        }
        ("Pod", "log", "get") => log(call, target, &stored),
        _ => not_simulated("this subresource"),
    }
}

fn scale(key: &ObjectKey, object: &Object) -> Value {
    // rule: kube.scale
    let spec = object.body.get("spec").cloned().unwrap_or_default();
    let replicas = spec.get("replicas").cloned().unwrap_or_else(|| json!(1));
    let now = object.body.get("status").and_then(|status| status.get("replicas")).cloned();
    let labels = spec.pointer("/selector/matchLabels").and_then(Value::as_object);
    let selector: Vec<String> = labels
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": key.2, "namespace": key.1, "uid": object.uid, "resourceVersion": object.version.to_string(),
            "creationTimestamp": stamp(object.created),
        },
        "spec": {"replicas": replicas},
        "status": {"replicas": now.unwrap_or_else(|| json!(0)), "selector": selector.join(",")},
    })
}

fn rescale(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    key: ObjectKey,
    mut object: Object,
) -> Response {
    let mut wish = match call.object() {
        Ok(sent) => sent,
        Err(complaint) => return bad_request(complaint),
    };
    strip(&mut wish);
    let Some(replicas) = wish.get("spec").and_then(|spec| spec.get("replicas")).and_then(Value::as_u64)
    else {
        return bad_request("spec.replicas: Invalid value: must be greater than or equal to 0".to_owned());
    };
    let spec = json!({"spec": {"replicas": replicas}, "metadata": {"generation": null}});
    let generation =
        object.body.get("metadata").and_then(|meta| meta.get("generation")).and_then(Value::as_u64);
    if let Value::Object(spec) = spec {
        patch::merge(&mut object.body, spec);
    }
    if let (Some(Value::Object(metadata)), Some(generation)) = (object.body.get_mut("metadata"), generation) {
        metadata.insert("generation".to_owned(), json!(generation + 1));
    }
    object.version = world.state.next_version();
    let shown = scale(&key, &object);
    world.put_object(cluster, key, object);
    answer::json(StatusCode::OK, &shown)
}

// No node runs, so no pod has written anything.
fn log(call: &Call<'_>, target: &Target<'_>, pod: &Object) -> Response {
    // rule: kube.pod-log
    let containers = pod.body.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_array);
    let names: Vec<&str> =
        containers.into_iter().flatten().filter_map(|container| container.get("name")?.as_str()).collect();
    let wanted = call.query.first("container").filter(|name| !name.is_empty());
    let message = match wanted {
        None if names.len() > 1 => format!(
            "a container name must be specified for pod {}, choose one of: [{}]",
            target.name,
            names.join(" ")
        ),
        Some(wanted) if !names.contains(&wanted) => {
            format!("container {wanted} is not valid for pod {}", target.name)
        }
        _ => format!("pod {} does not have a host assigned", target.name),
    };
    bad_request(message)
}

// A JWT that the world itself will know again; its signature is random, for nobody here checks it.
fn service_token(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    target: &Target<'_>,
    known: &Object,
) -> Response {
    // rule: kube.token-request
    let seconds = call
        .object()
        .ok()
        .and_then(|body| body.get("spec")?.get("expirationSeconds")?.as_i64())
        .unwrap_or(3_600);
    let expires = world.state.now + seconds * SECOND;
    let claims = json!({
        "iss": "https://kubernetes.default.svc", "aud": ["https://kubernetes.default.svc"],
        "exp": expires / SECOND, "sub": format!("system:serviceaccount:{}:{}", target.namespace, target.name),
    });
    let part = |value: &Value| STANDARD.encode(value.to_string()).replace(['=', '+', '/'], "");
    let secret = world.state.random.secret();
    let jwt = format!("{}.{}.{secret}", part(&json!({"alg": "RS256"})), part(&claims));
    let token = ServiceToken {
        cluster: cluster.to_owned(),
        namespace: target.namespace.to_owned(),
        account: target.name.to_owned(),
        expires,
    };
    world.state.service_tokens.insert(jwt.clone(), token);
    let body = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": target.name, "namespace": target.namespace, "uid": known.uid,
            "creationTimestamp": stamp(world.state.now),
        },
        "spec": {
            "audiences": ["https://kubernetes.default.svc"], "expirationSeconds": seconds, "boundObjectRef": null,
        },
        "status": {"token": jwt, "expirationTimestamp": stamp(expires)},
    });
    answer::json(StatusCode::CREATED, &body)
}
