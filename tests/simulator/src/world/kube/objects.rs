//! Create, read, update, delete: objects are kept as they were sent.

use super::defaults;
use super::resources::Resource;
use super::reviews::{bad_request, invalid_name};
use super::{Target, views};
use crate::Response;
use crate::world::World;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::route::not_simulated;
use crate::world::state::{Object, ObjectKey, SECOND, ServiceToken, stamp};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};

pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    verb: &str,
) -> Response {
    if call.query.first("watch").is_some_and(|watch| watch == "true" || watch == "1") {
        return not_simulated("watches");
    }
    match (verb, target.sub) {
        ("create", "token") if resource.kind == "ServiceAccount" => {
            service_token(world, call, cluster, target)
        }
        (_, sub) if !sub.is_empty() => not_simulated("subresources"),
        ("get" | "list", _) => views::read(world, call, cluster, resource, target),
        _ if resource.group == "management.cattle.io" && resource.kind != "ClusterProxyConfig" => {
            not_simulated("writes to management objects past Norman")
        }
        ("create", _) => create(world, call, cluster, resource, target),
        ("update" | "patch", _) => update(world, call, cluster, resource, target, verb),
        ("delete", _) => remove(world, cluster, resource, target),
        _ => not_simulated("deletecollection"),
    }
}

fn key(resource: &Resource, target: &Target<'_>, name: &str) -> ObjectKey {
    let namespace = if resource.namespaced { target.namespace } else { "" };
    (resource.key(), namespace.to_owned(), name.to_owned())
}

fn valid_name(name: &str) -> bool {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    end(name.chars().next())
        && end(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
}

fn create(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    let mut body = match call.object() {
        Ok(body) => body,
        Err(complaint) => return bad_request(complaint),
    };
    let metadata = body.get("metadata").cloned().unwrap_or_default();
    let field = |name: &str| metadata.get(name).and_then(Value::as_str).unwrap_or("");
    let name = match (field("name"), field("generateName")) {
        ("", "") => {
            // rule: kube.name-required
            let message = format!(
                "{} \"\" is invalid: metadata.name: Required value: name or generateName is required",
                resource.kind
            );
            return target.failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message);
        }
        ("", prefix) => format!("{prefix}{}", world.state.random.name(5)),
        (name, _) => name.to_owned(),
    };
    let created = Target { name: &name, ..*target };
    if !valid_name(&name) {
        return invalid_name(&created, resource.kind, &name);
    }
    let Some(found) = world.state.clusters.get(cluster) else { return created.not_found(resource) };
    if resource.namespaced && resource.group != "management.cattle.io" {
        let home = (super::NAMESPACES.to_owned(), String::new(), target.namespace.to_owned());
        if !found.objects.contains_key(&home) {
            // rule: kube.unknown-namespace
            let message = format!("namespaces \"{}\" not found", target.namespace);
            let namespaces = Target { group: "", plural: "namespaces", name: target.namespace, ..*target };
            return namespaces.failure(StatusCode::NOT_FOUND, "NotFound", message);
        }
    }
    let key = key(resource, target, &name);
    if found.objects.contains_key(&key) {
        // rule: kube.already-exists
        let message = format!("{} \"{name}\" already exists", resource.full());
        return created.failure(StatusCode::CONFLICT, "AlreadyExists", message);
    }
    defaults::fill(resource, &name, &mut body);
    let dry = call.query.first("dryRun") == Some("All");
    let object = world.object(body);
    let rendered = render(resource, &key, &object, true);
    if !dry {
        world.put_object(cluster, key, object);
    }
    answer::json(StatusCode::CREATED, &rendered)
}

fn update(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    verb: &str,
) -> Response {
    let apply = call.content_type.starts_with("application/apply-patch");
    if verb == "patch" && !apply && !call.content_type.contains("merge-patch") {
        // rule: kube.patch-content-type
        let message = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml, application/strategic-merge-patch+json".to_owned();
        return target.failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message);
    }
    let body = match call.object() {
        Ok(body) => body,
        Err(complaint) => return bad_request(complaint),
    };
    let key = key(resource, target, target.name);
    let version = world.state.next_version();
    let stored = world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key));
    let Some(stored) = stored else {
        if apply {
            // rule: kube.apply-creates
            return create(world, call, cluster, resource, target);
        }
        return target.not_found(resource);
    };
    let sent = body.get("metadata").and_then(|meta| meta.get("resourceVersion")).and_then(Value::as_str);
    if sent.is_some_and(|sent| sent != stored.version.to_string()) {
        // rule: kube.stale-conflict
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": the object has been modified; please apply your changes to the latest version and try again",
            resource.full(),
            target.name
        );
        return target.failure(StatusCode::CONFLICT, "Conflict", message);
    }
    let mut changed = stored.clone();
    if verb == "update" {
        changed.body = body;
        defaults::fill(resource, target.name, &mut changed.body);
    } else {
        // rule: kube.patch-is-merge
        merge(&mut changed.body, body);
    }
    strip(&mut changed.body);
    let dry = call.query.first("dryRun") == Some("All");
    if !dry {
        changed.version = version;
        *stored = changed.clone();
    }
    answer::json(StatusCode::OK, &render(resource, &key, &changed, true))
}

/// RFC 7386.
fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (field, value) in patch {
        match (into.get_mut(&field), value) {
            (_, Value::Null) => {
                into.remove(&field);
            }
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            (_, value) => {
                into.insert(field, value);
            }
        }
    }
}

/// Takes out what the server fills in by itself.
pub(crate) fn strip(body: &mut Map<String, Value>) {
    body.remove("kind");
    body.remove("apiVersion");
    if let Some(Value::Object(metadata)) = body.get_mut("metadata") {
        for field in [
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "creationTimestamp",
            "managedFields",
            "generateName",
        ] {
            metadata.remove(field);
        }
    }
}

fn remove(world: &mut World, cluster: &str, resource: &Resource, target: &Target<'_>) -> Response {
    let key = key(resource, target, target.name);
    let stored = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&key)).cloned();
    let Some(stored) = stored else { return target.not_found(resource) };
    let rendered = render(resource, &key, &stored, true);
    match resource.kind {
        "Namespace" => {
            // rule: namespace.removed-at-once
            world.remove_namespace(cluster, target.name);
            return answer::json(StatusCode::OK, &rendered);
        }
        _ => world.remove_object(cluster, &key),
    }
    if resource.kind == "Pod" {
        // rule: kube.pod-deletion
        return answer::json(StatusCode::OK, &rendered);
    }
    let mut details = target.details();
    if let Some(details) = details.as_object_mut() {
        details.insert("uid".to_owned(), json!(stored.uid));
    }
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    answer::json(StatusCode::OK, &body)
}

/// An object as Kubernetes shows it; items of a list go without kind and version.
pub(crate) fn render(resource: &Resource, key: &ObjectKey, object: &Object, typed: bool) -> Value {
    let mut shown = object.body.clone();
    let mut metadata = match shown.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    metadata.insert("name".to_owned(), json!(key.2));
    if !key.1.is_empty() {
        metadata.insert("namespace".to_owned(), json!(key.1));
    }
    metadata.insert("uid".to_owned(), json!(object.uid));
    metadata.insert("resourceVersion".to_owned(), json!(object.version.to_string()));
    metadata.insert("creationTimestamp".to_owned(), json!(stamp(object.created)));
    shown.insert("metadata".to_owned(), Value::Object(metadata));
    // rule: kube.list-items-untyped
    if typed || resource.group.contains("cattle.io") {
        shown.insert("kind".to_owned(), json!(resource.kind));
        shown.insert("apiVersion".to_owned(), json!(resource.api_version()));
    }
    Value::Object(shown)
}

// A JWT that the world itself will know again; its signature is random, for nobody here checks it.
fn service_token(world: &mut World, call: &Call<'_>, cluster: &str, target: &Target<'_>) -> Response {
    // rule: kube.token-request
    let account = ("/serviceaccounts".to_owned(), target.namespace.to_owned(), target.name.to_owned());
    let known = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&account)).cloned();
    let Some(known) = known else {
        let message = format!("serviceaccounts \"{}\" not found", target.name);
        return target.failure(StatusCode::NOT_FOUND, "NotFound", message);
    };
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

impl World {
    /// An object made now, from a body as it was sent.
    pub(crate) fn object(&mut self, mut body: Map<String, Value>) -> Object {
        strip(&mut body);
        Object {
            created: self.state.now,
            uid: self.state.random.uuid(),
            version: self.state.next_version(),
            body,
        }
    }

    /// Keeps an object; a deployment gets its pods at once, without the replica set in between.
    pub(crate) fn put_object(&mut self, cluster: &str, key: ObjectKey, object: Object) {
        let pods = if key.0 == "apps/deployments" { defaults::pods(&object) } else { Vec::new() };
        for pod in pods {
            // rule: kube.deployment-makes-pods
            let name = format!("{}-{}-{}", key.2, self.state.random.name(9), self.state.random.name(5));
            let mut pod = self.object(pod);
            pod.created = object.created;
            if let Some(Value::Object(metadata)) = pod.body.get_mut("metadata") {
                let owner =
                    json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": key.2, "uid": object.uid});
                metadata.insert("ownerReferences".to_owned(), json!([owner]));
            }
            self.put_object(cluster, ("/pods".to_owned(), key.1.clone(), name), pod);
        }
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            found.objects.insert(key, object);
        }
    }

    /// Forgets an object, and the pods of a deployment with it.
    pub(crate) fn remove_object(&mut self, cluster: &str, key: &ObjectKey) {
        let Some(found) = self.state.clusters.get_mut(cluster) else { return };
        let Some(gone) = found.objects.remove(key) else { return };
        if key.0 == "apps/deployments" {
            let owned = |pod: &Object| {
                pod.body.get("metadata").and_then(|meta| meta.pointer("/ownerReferences/0/uid"))
                    == Some(&json!(gone.uid))
            };
            found.objects.retain(|(resource, _, _), pod| resource != "/pods" || !owned(pod));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_kubernetes_does() {
        for (name, valid) in [("web", true), ("a.b-1", true), ("Bad_Name", false), ("-a", false), ("", false)]
        {
            assert_eq!(valid_name(name), valid, "{name}");
        }
    }

    #[test]
    fn a_merge_patch_sets_nests_and_removes() {
        let object =
            |value: Value| if let Value::Object(object) = value { object } else { panic!("an object") };
        let mut into = object(json!({"data": {"a": "1", "b": "2"}, "list": [1]}));
        merge(&mut into, object(json!({"data": {"a": null, "c": "3"}, "list": [2], "new": {"x": 1}})));
        assert_eq!(Value::Object(into), json!({"data": {"b": "2", "c": "3"}, "list": [2], "new": {"x": 1}}));
    }
}
