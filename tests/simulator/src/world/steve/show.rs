//! Objects as Steve shows them: those of Kubernetes with an id, a type, links and a state.

use super::super::World;
use super::super::call::Call;
use super::super::kube::resources::Resource;
use super::super::kube::{age, viewed};
use super::super::state::{ObjectKey, SECOND};
use super::{Plane, catalog, query};
use http::Method;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// When an object is shown: a write answers without the columns of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Read,
    Written,
}

// Management types that Steve lets nobody write, but for these.
const OPEN: &[&str] = &["ClusterProxyConfig", "Project", "User"];

/// Whether Steve refuses to write this type at all.
pub(super) fn blocked(resource: &Resource, method: &Method) -> bool {
    // rule: steve.blocked-links
    if resource.group != "management.cattle.io" || OPEN.contains(&resource.kind) {
        return false;
    }
    match (resource.kind, method) {
        ("Setting", &Method::PUT | &Method::POST) | ("Feature", &Method::PUT) => false,
        _ => *method != Method::GET,
    }
}

/// What a table would show in its columns.
fn columns(resource: &Resource, name: &str, object: &Map<String, Value>, age: String) -> Value {
    let size = |field: &str| object.get(field).and_then(Value::as_object).map_or(0, Map::len);
    match resource.kind {
        "Namespace" => json!([name, "Active", age]),
        "ConfigMap" => json!([name, size("data") + size("binaryData"), age]),
        "Secret" => json!([name, object.get("type"), size("data"), age]),
        "Pod" => {
            let containers =
                object.get("spec").and_then(|spec| spec.get("containers")).and_then(Value::as_array);
            json!([name, format!("0/{}", containers.map_or(0, Vec::len)), "Pending", 0, age])
        }
        "Deployment" => {
            let wanted = object.get("spec").and_then(|spec| spec.get("replicas")).and_then(Value::as_u64);
            json!([name, format!("0/{}", wanted.unwrap_or(1)), 0, 0, age])
        }
        _ => json!([name, age]),
    }
}

fn state(resource: &Resource, fields: &Map<String, Value>) -> Value {
    if let Some(state) = catalog::state(resource, fields) {
        return state;
    }
    let told = |name: &str, message: &str, transitioning: bool| json!({"error": false, "message": message, "name": name, "transitioning": transitioning});
    match resource.kind {
        "Namespace" | "Cluster" => told("active", "", false),
        "ConfigMap" | "Secret" => told("active", "Resource is always ready", false),
        // rule: record.no-nodes
        "Pod" => told("pending", "", true),
        "Deployment" => told("in-progress", "Deployment does not have minimum availability.", true),
        _ => told("active", "Resource is current", false),
    }
}

/// An object as Steve shows it, from the one that Kubernetes shows.
pub(super) fn shown(
    world: &World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    key: &ObjectKey,
    rendered: Value,
    moment: Moment,
) -> Value {
    let Value::Object(mut fields) = rendered else { return rendered };
    let id = if key.1.is_empty() { key.2.clone() } else { format!("{}/{}", key.1, key.2) };
    let own = format!("{}/v1/{}/{id}", plane.base, resource.steve_plural());
    let columns = (moment == Moment::Read).then(|| {
        let created = fields.get("metadata").and_then(|meta| meta.get("creationTimestamp"));
        let created = created.and_then(Value::as_str).and_then(|at| at.parse::<Timestamp>().ok());
        let created = created.map_or(world.state.now, |at| at.as_second() * SECOND);
        columns(resource, &key.2, &fields, age(world.state.now, created))
    });
    catalog::helm_data(call, resource, &mut fields);
    let state = state(resource, &fields);
    let (more, actions) = catalog::more(resource, &fields);
    // A field of the object that Steve itself uses gets an underscore.
    if let Some(own_type) = fields.remove("type") {
        fields.insert("_type".to_owned(), own_type);
    }
    fields.insert("id".to_owned(), json!(id));
    fields.insert("type".to_owned(), json!(resource.steve_type()));
    let mut links = links(plane, resource, key, &own);
    if let Some(links) = links.as_object_mut() {
        links.extend(more.into_iter().map(|name| (name.to_owned(), json!(format!("{own}?link={name}")))));
    }
    fields.insert("links".to_owned(), links);
    if !actions.is_empty() {
        let all = actions.into_iter().map(|name| (name.to_owned(), json!(format!("{own}?action={name}"))));
        fields.insert("actions".to_owned(), Value::Object(all.collect()));
    }
    if resource.kind == "Cluster" && viewed(resource) {
        let action = |name: &str| format!("{}/v3/clusters/{}?action={name}", call.base, key.2);
        fields.insert(
            "actions".to_owned(),
            json!({
                "apply": format!("{own}?action=apply"), "generateKubeconfig": action("generateKubeconfig"),
                "importYaml": action("importYaml"),
            }),
        );
    }
    if let Some(Value::Object(metadata)) = fields.get_mut("metadata") {
        if let Some(columns) = columns {
            metadata.insert("fields".to_owned(), columns);
        }
        metadata.insert("relationships".to_owned(), Value::Null);
        metadata.insert("state".to_owned(), state);
    }
    query::part(&call.query, &mut fields);
    Value::Object(fields)
}

fn links(plane: &Plane<'_>, resource: &Resource, key: &ObjectKey, own: &str) -> Value {
    let group = if resource.group.is_empty() { "api".to_owned() } else { format!("apis/{}", resource.group) };
    let home = if key.1.is_empty() { String::new() } else { format!("namespaces/{}/", key.1) };
    let view = if resource.group == "management.cattle.io" {
        own.to_owned()
    } else {
        format!("{}/{group}/{}/{home}{}/{}", plane.base, resource.version, resource.plural, key.2)
    };
    let or_blocked = |method: Method| if blocked(resource, &method) { "blocked" } else { own };
    let mut links = json!({
        "patch": or_blocked(Method::PATCH), "remove": or_blocked(Method::DELETE), "self": own,
        "update": or_blocked(Method::PUT), "view": view,
    });
    if let (true, Some(links)) = (resource.kind == "Cluster" && viewed(resource), links.as_object_mut()) {
        for name in ["log", "projects", "schemas", "subscribe"] {
            links.insert(name.to_owned(), json!(format!("{own}?link={name}")));
        }
        let socket = plane.base.replacen("https://", "wss://", 1);
        links.insert("shell".to_owned(), json!(format!("{socket}/v3/clusters/{}?shell=true", key.2)));
    }
    links
}
