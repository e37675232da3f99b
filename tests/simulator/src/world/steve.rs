//! `/v1`: Steve, on the server itself and through the proxy.

use super::World;
use super::answer::{self, SCHEMAS, empty, must_authenticate, set, steve_error, text};
use super::auth::Caller;
use super::call::Call;
use super::kube::resources::{RESOURCES, Resource, steve as resource_of};
use super::kube::{items, render};
use super::rights::{Access, Ask};
use super::route::not_simulated;
use super::state::{Agent, Object, ObjectKey};
use crate::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::time::Duration;

struct Plane<'a> {
    cluster: &'a str,
    /// What links begin with; `local` loses the proxy's prefix.
    base: String,
    access: &'a Access,
}

impl Plane<'_> {
    fn may(&self, world: &World, verb: &str, resource: &Resource, namespace: &str, name: &str) -> bool {
        let ask = Ask { verb, group: resource.group, resource: resource.plural, namespace, name };
        if resource.group == "management.cattle.io" && resource.kind == "Cluster" {
            // rule: steve.management-is-read-only
            return match (verb, name) {
                ("get", name) if !name.is_empty() => self.access.sees_cluster(name),
                ("get" | "list", _) => {
                    world.state.clusters.keys().any(|cluster| self.access.sees_cluster(cluster))
                }
                _ => false,
            };
        }
        self.access.in_kubernetes(&world.state, self.cluster, &ask).is_some()
    }

    fn sees(&self, world: &World, resource: &Resource, key: &ObjectKey) -> bool {
        let namespace = if resource.kind == "Namespace" { &key.2 } else { &key.1 };
        (resource.kind != "Cluster" && self.may(world, "list", resource, "", ""))
            || self.may(world, "get", resource, namespace, &key.2)
    }
}

/// `/v1/…` of the server itself.
pub(crate) fn local(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    let access = call.access(&world.state);
    let plane = Plane { cluster: "local", base: call.base.clone(), access: &access };
    if rest.is_empty() {
        // rule: public.steve-root
        return schemed(&plane, root(world, &plane));
    }
    if !matches!(call.caller, Caller::User { .. }) {
        return must_authenticate();
    }
    // rule: steve.local-links
    serve(world, call, &plane, rest)
}

/// `/k8s/clusters/{id}/v1/…`.
pub(crate) fn downstream(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    access: &Access,
    rest: &[&str],
) -> Response {
    if !access.sees_cluster(cluster) {
        // rule: steve.no-access-401
        return empty(StatusCode::UNAUTHORIZED);
    }
    match world.state.clusters.get(cluster).map(|cluster| cluster.agent) {
        Some(Agent::Connected) => {}
        // rule: agent-gone.steve
        // rule: agent-starting.steve
        // rule: steve.never-connected
        _ => {
            let message = format!(
                "lost connection to cluster: failed to find Session for client stv-cluster-{cluster}"
            );
            let mut response = text(StatusCode::INTERNAL_SERVER_ERROR, &message);
            response.delay = Duration::from_secs(14);
            return response;
        }
    }
    let plane = Plane { cluster, base: format!("{}/k8s/clusters/{cluster}", call.base), access };
    if rest.is_empty() {
        return schemed(&plane, root(world, &plane));
    }
    serve(world, call, &plane, rest)
}

fn schemed(plane: &Plane<'_>, mut response: Response) -> Response {
    set(&mut response, SCHEMAS, &format!("{}/v1/schemas", plane.base));
    response
}

fn visible<'a>(world: &'a World, plane: &'a Plane<'_>) -> impl Iterator<Item = &'static Resource> + 'a {
    RESOURCES.iter().filter(move |resource| {
        plane.may(world, "list", resource, "", "")
            || items(&world.state, plane.cluster, resource, "")
                .iter()
                .any(|(key, _)| plane.sees(world, resource, key))
    })
}

fn root(world: &World, plane: &Plane<'_>) -> Response {
    let base = &plane.base;
    let mut links = json!({"self": format!("{base}/v1"), "schemas": format!("{base}/v1/schemas")});
    if let Some(links) = links.as_object_mut() {
        for resource in visible(world, plane) {
            links.insert(resource.steve_type(), json!(format!("{base}/v1/{}", resource.steve_plural())));
        }
    }
    let own = json!({"id": "v1", "type": "apiRoot", "apiVersion": {"version": "v1"}, "links": links});
    let body = json!({
        "type": "collection", "resourceType": "apiRoot", "links": {"self": format!("{base}/v1")}, "actions": {},
        "data": [own],
    });
    answer::json(StatusCode::OK, &body)
}

fn schema(world: &World, plane: &Plane<'_>, resource: &Resource) -> Value {
    let id = resource.steve_type();
    let may = |verb: &str| plane.may(world, verb, resource, "", "");
    let mut methods = vec!["GET"];
    if may("create") {
        methods.push("POST");
    }
    json!({
        "id": id, "type": "schema", "pluralName": resource.steve_plural(),
        "attributes": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
            "resource": resource.plural, "namespaced": resource.namespaced,
        },
        "collectionMethods": methods, "resourceMethods": ["GET"],
        "links": {
            "collection": format!("{}/v1/{}", plane.base, resource.steve_plural()),
            "self": format!("{}/v1/schemas/{id}", plane.base),
        },
    })
}

fn serve(world: &mut World, call: &Call<'_>, plane: &Plane<'_>, rest: &[&str]) -> Response {
    if let ["schemas", wanted @ ..] = rest {
        // rule: schema.without-prose
        let found = visible(world, plane).map(|resource| schema(world, plane, resource));
        if let [wanted] = wanted {
            let mut found = found.filter(|schema| schema.get("id").and_then(Value::as_str) == Some(wanted));
            let response = found
                .next()
                .map_or_else(|| empty(StatusCode::NOT_FOUND), |s| answer::json(StatusCode::OK, &s));
            return schemed(plane, response);
        }
        let data: Vec<Value> = found.collect();
        let body = json!({
            "type": "collection", "resourceType": "schema", "actions": {},
            "links": {"self": format!("{}/v1/schemas", plane.base)}, "data": data,
        });
        return schemed(plane, answer::json(StatusCode::OK, &body));
    }
    if rest.first() == Some(&"subscribe") {
        return not_simulated("subscribe sockets");
    }
    let Some(resource) = rest.first().and_then(|name| resource_of(name)) else {
        // rule: steve.unknown-type
        return empty(StatusCode::NOT_FOUND);
    };
    let response = match rest {
        [_] if *call.method == Method::GET => list(world, call, plane, resource),
        [_, name] => one(world, call, plane, resource, "", name),
        [_, namespace, name] => one(world, call, plane, resource, namespace, name),
        [_] if *call.method == Method::POST => create(world, call, plane, resource),
        _ => not_simulated("this call to Steve"),
    };
    if response.status == StatusCode::NO_CONTENT { response } else { schemed(plane, response) }
}

fn list(world: &World, call: &Call<'_>, plane: &Plane<'_>, resource: &Resource) -> Response {
    // rule: steve.lists-are-filtered
    let mut seen = items(&world.state, plane.cluster, resource, "");
    seen.retain(|(key, _)| plane.sees(world, resource, key));
    let own = format!("{}/v1/{}", plane.base, resource.steve_plural());
    let count = seen.len();
    let number = |name: &str| call.query.first(name).and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0);
    // rule: steve.pagesize
    let size = number("pagesize").unwrap_or(usize::MAX);
    let start = number("page").unwrap_or(1).saturating_sub(1).saturating_mul(size);
    let end = start.saturating_add(size);
    let data: Vec<Value> = seen
        .iter()
        .skip(start)
        .take(size)
        .map(|(key, object)| shown(world, plane, resource, key, object))
        .collect();
    let mut body = json!({
        "type": "collection", "links": {"self": own}, "actions": {}, "resourceType": resource.steve_type(),
        "revision": world.state.version.to_string(), "data": data,
    });
    if let Some(body) = body.as_object_mut() {
        if plane.may(world, "create", resource, "", "") {
            body.insert("createTypes".to_owned(), json!({resource.steve_type(): own}));
        }
        if count > 0 {
            body.insert("count".to_owned(), json!(count));
        }
        if end < count {
            let next = end.to_string();
            let query = call.query.with(&[("continue", Some(&next))]);
            body.insert("continue".to_owned(), json!(next));
            body.insert(
                "pagination".to_owned(),
                json!({"first": own, "next": format!("{own}{query}"), "partial": true}),
            );
        }
    }
    answer::json(StatusCode::OK, &body)
}

/// Writes go to Kubernetes, and its answer is told in Steve's words.
fn write(
    world: &mut World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    at: (&str, &str),
) -> Response {
    let (namespace, name) = at;
    if resource.group == "management.cattle.io" {
        return not_simulated("writes to management objects through Steve");
    }
    let mut body = match call.object() {
        Ok(body) => body,
        Err(_) if *call.method == Method::DELETE => Map::new(),
        Err(message) => return steve_error(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", &message),
    };
    // rule: steve.own-fields
    for field in ["id", "type", "links"] {
        body.remove(field);
    }
    if let Some(value) = body.remove("_type") {
        body.insert("type".to_owned(), value);
    }
    if let Value::Object(metadata) = body.entry("metadata").or_insert_with(|| json!({})) {
        for field in ["fields", "relationships", "state"] {
            metadata.remove(field);
        }
        if name.is_empty() && !metadata.contains_key("name") && !metadata.contains_key("generateName") {
            // rule: steve.generated-name
            let initials: String = resource.kind.chars().filter(char::is_ascii_uppercase).collect();
            metadata.insert("generateName".to_owned(), json!(format!("{}-", initials.to_lowercase())));
        }
    }
    let body = Value::Object(body).to_string();
    let inner = Call { body: body.as_bytes(), ..call.clone() };
    let mut rest = if resource.group.is_empty() { vec!["api"] } else { vec!["apis", resource.group] };
    rest.push(resource.version);
    if resource.namespaced {
        rest.extend(["namespaces", namespace]);
    }
    rest.push(resource.plural);
    rest.extend((!name.is_empty()).then_some(name));
    let answered = super::kube::serve(world, &inner, plane.access, plane.cluster, &rest);
    let told: Value = serde_json::from_slice(&answered.body).unwrap_or_default();
    let text = |field: &str| told.get(field).and_then(Value::as_str).unwrap_or_default();
    if !answered.status.is_success() {
        return if text("kind") == "Status" {
            steve_error(answered.status, text("reason"), text("message"))
        } else {
            answered
        };
    }
    if *call.method == Method::DELETE {
        return empty(StatusCode::NO_CONTENT);
    }
    let name = told.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
    let key = (resource.key(), namespace.to_owned(), name.to_owned());
    match world.state.clusters.get(plane.cluster).and_then(|found| found.objects.get(&key)) {
        Some(object) => answer::json(answered.status, &shown(world, plane, resource, &key, object)),
        None => answered,
    }
}

fn create(world: &mut World, call: &Call<'_>, plane: &Plane<'_>, resource: &Resource) -> Response {
    let body = call.object().unwrap_or_default();
    let namespace = body.get("metadata").and_then(|meta| meta.get("namespace")).and_then(Value::as_str);
    let namespace = if resource.namespaced { namespace.unwrap_or("default") } else { "" };
    write(world, call, plane, resource, (namespace, ""))
}

fn one(
    world: &mut World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> Response {
    if *call.method != Method::GET {
        return write(world, call, plane, resource, (namespace, name));
    }
    let world = &*world;
    let found = items(&world.state, plane.cluster, resource, namespace);
    let found = found.iter().find(|(key, _)| key.1 == namespace && key.2 == name);
    let key = (resource.key(), namespace.to_owned(), name.to_owned());
    if !plane.sees(world, resource, &key) {
        let none = !visible(world, plane).any(|seen| std::ptr::eq(seen, resource));
        if none {
            // rule: steve.get-not-supported
            return steve_error(StatusCode::FORBIDDEN, "PermissionDenied", "Method GET not supported");
        }
        // rule: steve.forbidden
        let ask = Ask { verb: "get", group: resource.group, resource: resource.plural, namespace, name };
        return steve_error(StatusCode::FORBIDDEN, "Forbidden", &ask.refusal(&plane.access.user));
    }
    match found {
        Some((key, object)) => answer::json(StatusCode::OK, &shown(world, plane, resource, key, object)),
        // rule: steve.not-found
        None => {
            let message = format!("{} \"{name}\" not found", resource.full());
            steve_error(StatusCode::NOT_FOUND, "NotFound", &message)
        }
    }
}

/// An object as Steve shows it.
fn shown(world: &World, plane: &Plane<'_>, resource: &Resource, key: &ObjectKey, object: &Object) -> Value {
    let mut shown = render(resource, key, object, true);
    let id = if key.1.is_empty() { key.2.clone() } else { format!("{}/{}", key.1, key.2) };
    let own = format!("{}/v1/{}/{id}", plane.base, resource.steve_plural());
    let group = if resource.group.is_empty() { "api".to_owned() } else { format!("apis/{}", resource.group) };
    let home = if key.1.is_empty() { String::new() } else { format!("namespaces/{}/", key.1) };
    let view = format!("{}/{group}/{}/{home}{}/{}", plane.base, resource.version, resource.plural, key.2);
    let Some(fields) = shown.as_object_mut() else { return shown };
    // A field of the object that Steve itself uses gets an underscore.
    if let Some(own_type) = fields.remove("type") {
        fields.insert("_type".to_owned(), own_type);
    }
    fields.insert("id".to_owned(), json!(id));
    fields.insert("type".to_owned(), json!(resource.steve_type()));
    fields.insert(
        "links".to_owned(),
        json!({"patch": own, "remove": own, "self": own, "update": own, "view": view}),
    );
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        let age = super::kube::age(world.state.now, object.created);
        metadata.insert("fields".to_owned(), json!([key.2, "Active", age]));
        metadata.insert("relationships".to_owned(), Value::Null);
        let state = json!({"error": false, "message": "", "name": "active", "transitioning": false});
        metadata.insert("state".to_owned(), state);
    }
    shown
}
