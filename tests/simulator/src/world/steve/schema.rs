//! Schemas: what each type is, as far as the caller may see it.

use super::super::World;
use super::super::answer::{self, empty, steve_error};
use super::super::kube::resources::Resource;
use super::super::route::not_simulated;
use super::show::blocked;
use super::{Plane, catalog, visible};
use crate::Response;
use http::{Method, StatusCode};
use serde_json::{Value, json};

const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

fn schema(world: &World, plane: &Plane<'_>, resource: &Resource) -> Value {
    // rule: schema.without-prose
    // rule: schema.methods
    let id = resource.steve_type();
    let may = |verb: &str| plane.may(world, verb, resource, "", "");
    let methods = |all: &[(Method, &str)]| -> Vec<String> {
        let shown = |(method, verb): &(Method, &str)| {
            if blocked(resource, method) {
                return Some(format!("blocked-{method}"));
            }
            // what somebody may read in one namespace only is read there
            (*method == Method::GET || may(verb)).then(|| method.to_string())
        };
        all.iter().filter_map(shown).collect()
    };
    let mut schema = json!({
        "id": id, "type": "schema", "pluralName": resource.steve_plural(), "resourceFields": {},
        "attributes": {
            "group": resource.group, "version": resource.version, "kind": resource.kind,
            "resource": resource.plural, "namespaced": resource.namespaced, "verbs": VERBS,
        },
        "collectionMethods": methods(&[(Method::GET, "list"), (Method::POST, "create")]),
        "resourceMethods": methods(&[
            (Method::GET, "get"), (Method::DELETE, "delete"), (Method::PUT, "update"), (Method::PATCH, "patch"),
        ]),
        "links": {
            "collection": format!("{}/v1/{}", plane.base, resource.steve_plural()),
            "self": format!("{}/v1/schemas/{id}", plane.base),
        },
    });
    if let (Some(actions), Some(schema)) = (catalog::actions_of(resource), schema.as_object_mut()) {
        schema.insert("resourceActions".to_owned(), actions);
    }
    schema
}

/// `/v1/schemas`.
pub(super) fn all(world: &World, plane: &Plane<'_>) -> Response {
    let data: Vec<Value> = visible(world, plane).map(|resource| schema(world, plane, resource)).collect();
    let body = json!({
        "type": "collection", "resourceType": "schema", "actions": {},
        "links": {"self": format!("{}/v1/schemas", plane.base)}, "data": data,
    });
    answer::json(StatusCode::OK, &body)
}

fn found(world: &World, plane: &Plane<'_>, wanted: &str) -> Option<&'static Resource> {
    // rule: schema.by-plural
    visible(world, plane)
        .find(|resource| resource.steve_type() == wanted || resource.steve_plural() == wanted)
}

/// `/v1/schemas/{id}`.
pub(super) fn one(world: &World, plane: &Plane<'_>, wanted: &str) -> Response {
    match found(world, plane, wanted) {
        Some(resource) => answer::json(StatusCode::OK, &schema(world, plane, resource)),
        None => empty(StatusCode::NOT_FOUND),
    }
}

/// `/v1/schemaDefinitions/{id}`.
pub(super) fn definition(world: &World, plane: &Plane<'_>, wanted: &str) -> Response {
    // rule: schema.definitions
    let Some(resource) = found(world, plane, wanted) else {
        return steve_error(StatusCode::NOT_FOUND, "NotFound", "no such schema");
    };
    if resource.kind != "ConfigMap" {
        return not_simulated("the definition of this type");
    }
    let name = "io.k8s.api.core.v1.ConfigMap";
    let meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
    let field = |kind: &str| json!({"type": kind});
    let of = |kind: &str, inner: &str| json!({"type": kind, "subtype": inner});
    let map = json!({
        "apiVersion": field("string"), "kind": field("string"), "metadata": field(meta), "immutable": field("boolean"),
        "data": of("map", "string"), "binaryData": of("map", "string"),
    });
    let metadata = json!({
        "name": field("string"), "namespace": field("string"), "labels": of("map", "string"),
        "annotations": of("map", "string"), "finalizers": of("array", "string"),
    });
    let body = json!({
        "id": wanted, "type": "schemaDefinition",
        "links": {"self": format!("{}/v1/schemaDefinitions/{wanted}", plane.base)},
        "definitionType": name,
        "definitions": {
            (name): {"type": name, "description": "", "resourceFields": map},
            (meta): {"type": meta, "description": "", "resourceFields": metadata},
        },
    });
    answer::json(StatusCode::OK, &body)
}
