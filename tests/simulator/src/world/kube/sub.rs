//! What hangs below an object: scale, eviction, logs, tokens.

use super::objects::{dry, key, locked, strip};
use super::patch::Patch;
use super::resources::{Resource, subresources};
use super::reviews::bad_request;
use super::rollouts::{ready, share};
use super::{Target, exec, logs, patch, render};
use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Failure};
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
        ("Pod", "eviction", "create") => evict(world, call, cluster, resource, target, &key, &stored),
        ("Pod", "exec" | "portforward", "get" | "create") => exec::serve(world, call, target, &stored),
        ("Pod", "log", "get") => logs::serve(world, call, cluster, target, &key, &stored),
        (_, "status", "get") => answer::json(StatusCode::OK, &render(resource, &key, &stored, true)),
        (_, "status", "update" | "patch") => {
            restate(world, call, cluster, resource, target, key, stored, verb)
                .unwrap_or_else(|refusal| *refusal)
        }
        (_, "exec" | "attach" | "portforward" | "proxy" | "ephemeralcontainers" | "finalize", _) => {
            not_simulated("this subresource")
        }
        // rule: kube.no-such-subresource
        (_, sub, _) if !subresources(resource.plural).contains(&sub) => {
            let message = "the server could not find the requested resource".to_owned();
            target.failure(StatusCode::NOT_FOUND, "NotFound", message)
        }
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

// A pod goes if every disruption budget that counts it allows it.
fn evict(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    key: &ObjectKey,
    pod: &Object,
) -> Response {
    // rule: kube.eviction
    let sent = call.object().unwrap_or_default();
    let wanted = sent.get("deleteOptions").and_then(|options| options.get("preconditions"));
    let wanted = json!({"metadata": wanted});
    if let Value::Object(wanted) = wanted
        && let Err(refusal) = locked(&wanted, pod, resource, target)
    {
        return *refusal;
    }
    if let Some(message) = in_the_way(world, cluster, key, pod) {
        // rule: kube.eviction-refused
        let message = json!({"reason": "DisruptionBudget", "message": message});
        return Failure {
            status: StatusCode::TOO_MANY_REQUESTS,
            reason: "TooManyRequests",
            message: "Cannot evict pod as it would violate the pod's disruption budget.".to_owned(),
            details: Some(json!({"causes": [message]})),
        }
        .answer();
    }
    if !dry(call) {
        world.remove_object(cluster, key);
    }
    let body =
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    answer::json(StatusCode::CREATED, &body)
}

// What a disruption budget says against the eviction of a pod. One that is not ready counts for nothing.
fn in_the_way(world: &World, cluster: &str, key: &ObjectKey, pod: &Object) -> Option<String> {
    if !ready(pod) {
        return None;
    }
    let found = world.state.clusters.get(cluster)?;
    for (budget, object) in found.objects.of("policy/poddisruptionbudgets", &key.1) {
        let spec = object.body.get("spec").cloned().unwrap_or_default();
        let labels =
            spec.pointer("/selector/matchLabels").and_then(Value::as_object).cloned().unwrap_or_default();
        let counts = |pod: &Object| labels.iter().all(|(name, value)| pod.label(name) == value.as_str());
        if !counts(pod) {
            continue;
        }
        let pods: Vec<&Object> =
            found.objects.of("/pods", &key.1).map(|(_, pod)| pod).filter(|pod| counts(pod)).collect();
        let healthy = pods.iter().filter(|pod| ready(pod)).count();
        let needed = match (spec.get("minAvailable"), spec.get("maxUnavailable")) {
            (Some(least), _) => share(pods.len(), Some(least), true),
            (None, most) => pods.len().saturating_sub(share(pods.len(), most, true)),
        };
        if healthy <= needed {
            let name = &budget.2;
            return Some(format!(
                "The disruption budget {name} needs {needed} healthy pods and has {healthy} currently"
            ));
        }
    }
    None
}

// Only the status is taken of what is written there.
#[expect(clippy::too_many_arguments, reason = "what a write needs")]
fn restate(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    key: ObjectKey,
    stored: Object,
    verb: &str,
) -> Result<Response, Box<Response>> {
    // rule: kube.status-alone
    let mut whole = render(resource, &key, &stored, true);
    let sent = match verb {
        "patch" => {
            patch::patch_whole(&mut whole, Patch::read(call, resource, target)?, target)?;
            whole
        }
        _ => Value::Object(call.object().map_err(bad_request)?),
    };
    if let Value::Object(sent) = &sent {
        locked(sent, &stored, resource, target)?;
    }
    let mut changed = stored.clone();
    match sent.get("status") {
        Some(status) => changed.body.insert("status".to_owned(), status.clone()),
        None => changed.body.remove("status"),
    };
    if changed.body != stored.body && !dry(call) {
        changed.version = world.state.next_version();
        let shown = render(resource, &key, &changed, true);
        // controllers do not look at what they are said to have written
        world.keep(cluster, key, changed);
        return Ok(answer::json(StatusCode::OK, &shown));
    }
    Ok(answer::json(StatusCode::OK, &render(resource, &key, &changed, true)))
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
    if !dry(call) {
        world.put_object(cluster, key, object);
    }
    answer::json(StatusCode::OK, &shown)
}

// A JWT that the world itself will know again; its signature is random, for nobody here checks it.
/// The longest that this cluster gives a token, in seconds: a day, as a managed one may be set up.
const LONGEST_TOKEN: i64 = 86_400;

fn service_token(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    target: &Target<'_>,
    known: &Object,
) -> Response {
    // rule: kube.token-request
    let spec = call.object().ok().and_then(|body| body.get("spec").cloned()).unwrap_or_default();
    let asked = spec.get("expirationSeconds").and_then(Value::as_i64).unwrap_or(3_600);
    if asked < 600 {
        // rule: kube.token-request-limits
        let message = format!(
            "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: {asked}: may not specify a duration less than 10 minutes"
        );
        let causes = json!([{
            "reason": "FieldValueInvalid", "message": format!("Invalid value: {asked}: may not specify a duration less than 10 minutes"),
            "field": "spec.expirationSeconds",
        }]);
        let details = json!({"group": "authentication.k8s.io", "kind": "TokenRequest", "causes": causes});
        return Failure {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            reason: "Invalid",
            message,
            details: Some(details),
        }
        .answer();
    }
    let seconds = asked.min(LONGEST_TOKEN);
    let own = "https://kubernetes.default.svc";
    let audiences =
        spec.get("audiences").filter(|audiences| audiences.as_array().is_some_and(|list| !list.is_empty()));
    let audiences = audiences.cloned().unwrap_or_else(|| json!([own]));
    let for_the_server = audiences.as_array().is_some_and(|list| list.contains(&json!(own)));
    let expires = world.state.now + seconds * SECOND;
    let claims = json!({
        "iss": own, "aud": audiences, "exp": expires / SECOND,
        "sub": format!("system:serviceaccount:{}:{}", target.namespace, target.name),
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
    // one for others is none for this cluster
    if for_the_server {
        world.state.service_tokens.insert(jwt.clone(), token);
    }
    let body = json!({
        "kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {
            "name": target.name, "namespace": target.namespace, "uid": known.uid,
            "creationTimestamp": stamp(world.state.now),
        },
        "spec": {
            "audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null,
        },
        "status": {"token": jwt, "expirationTimestamp": stamp(expires)},
    });
    answer::json(StatusCode::CREATED, &body)
}
