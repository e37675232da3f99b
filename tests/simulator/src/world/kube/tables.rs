//! Lists as tables for people.

use super::resources::Resource;
use super::rollouts::ready;
use super::{age, render};
use crate::world::call::Call;
use crate::world::state::{Millis, Object, ObjectKey};
use serde_json::{Value, json};

/// Whether the client asks for a table.
pub(super) fn asked(call: &Call<'_>) -> bool {
    // rule: kube.table
    call.accept.contains("as=Table")
}

fn columns(resource: &Resource) -> Vec<Value> {
    let column = |name: &str, kind: &str, format: &str, priority: u8| {
        let description = format!("{name} of the {}", resource.kind);
        json!({"name": name, "type": kind, "format": format, "description": description, "priority": priority})
    };
    let name = column("Name", "string", "name", 0);
    let age = column("Age", "string", "", 0);
    match resource.kind {
        "Pod" => vec![
            name,
            column("Ready", "string", "", 0),
            column("Status", "string", "", 0),
            column("Restarts", "string", "", 0),
            age,
            column("IP", "string", "", 1),
            column("Node", "string", "", 1),
        ],
        "Deployment" => vec![
            name,
            column("Ready", "string", "", 0),
            column("Up-to-date", "string", "", 0),
            column("Available", "string", "", 0),
            age,
        ],
        "Namespace" => vec![name, column("Status", "string", "", 0), age],
        "ConfigMap" | "Secret" => vec![name, column("Data", "string", "", 0), age],
        _ => vec![name, age],
    }
}

/// One row of it.
pub(super) fn row(resource: &Resource, key: &ObjectKey, object: &Object, now: Millis) -> Value {
    let at = |pointer: &str| {
        let (first, rest) = pointer.split_once('/').unwrap_or((pointer, ""));
        object.body.get(first).and_then(|part| part.pointer(&format!("/{rest}"))).cloned()
    };
    let count = |pointer: &str| at(pointer).and_then(|value| value.as_u64()).unwrap_or(0);
    let age = age(now, object.created);
    let none = || json!("<none>");
    let cells = match resource.kind {
        "Pod" => {
            let all = at("spec/containers").and_then(|list| list.as_array().map(Vec::len)).unwrap_or(0);
            let up = if ready(object) { all } else { 0 };
            json!([
                key.2,
                format!("{up}/{all}"),
                at("status/phase"),
                0,
                age,
                at("status/podIP").unwrap_or_else(none),
                at("spec/nodeName").unwrap_or_else(none),
            ])
        }
        "Deployment" => json!([
            key.2,
            format!("{}/{}", count("status/readyReplicas"), count("spec/replicas")),
            count("status/updatedReplicas"),
            count("status/availableReplicas"),
            age,
        ]),
        "Namespace" => json!([key.2, at("status/phase"), age]),
        "ConfigMap" | "Secret" => {
            let data = object.body.get("data").and_then(Value::as_object).map_or(0, |data| data.len());
            json!([key.2, data, age])
        }
        _ => json!([key.2, age]),
    };
    let whole = render(resource, key, object, true);
    json!({
        "cells": cells,
        "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": whole.get("metadata")},
    })
}

/// The table around the rows.
pub(super) fn whole(resource: &Resource, metadata: Value, rows: Vec<Value>) -> Value {
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns(resource),
        "rows": rows,
    })
}
