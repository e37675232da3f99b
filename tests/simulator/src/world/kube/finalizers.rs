//! Objects that are being deleted, and wait for their finalizers.

use crate::world::World;
use crate::world::state::{Object, ObjectKey, stamp};
use serde_json::{Map, Value, json};

const MARKS: [&str; 2] = ["deletionTimestamp", "deletionGracePeriodSeconds"];

/// Whether somebody has to take finalizers away first. Kubernetes' own controllers do that at once.
pub(super) fn waits(body: &Map<String, Value>) -> bool {
    let finalizers =
        body.get("metadata").and_then(|metadata| metadata.get("finalizers")).and_then(Value::as_array);
    let mut named = finalizers.into_iter().flatten().filter_map(Value::as_str);
    named.any(|finalizer| !finalizer.starts_with("kubernetes.io/"))
}

/// Whether it was deleted and is still there.
pub(super) fn is_going(body: &Map<String, Value>) -> bool {
    body.get("metadata").is_some_and(|metadata| metadata.get("deletionTimestamp").is_some())
}

/// Marks an object as one that is going.
pub(super) fn mark(
    world: &mut World,
    cluster: &str,
    key: &ObjectKey,
    mut object: Object,
    dry: bool,
) -> Object {
    // rule: kube.finalizers
    if is_going(&object.body) {
        return object;
    }
    let at = stamp(world.state.now);
    if let Value::Object(metadata) = object.body.entry("metadata").or_insert_with(|| json!({})) {
        metadata.insert("deletionTimestamp".to_owned(), json!(at));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
    }
    if !dry {
        object.version = world.state.next_version();
        world.put_object(cluster, key.clone(), object.clone());
    }
    object
}

/// No write takes the mark away.
pub(super) fn keep_mark(body: &mut Map<String, Value>, stored: &Map<String, Value>) {
    for mark in MARKS {
        let kept = stored.get("metadata").and_then(|metadata| metadata.get(mark)).cloned();
        let Some(Value::Object(metadata)) = body.get_mut("metadata") else { continue };
        match kept {
            Some(kept) => metadata.insert(mark.to_owned(), kept),
            None => metadata.remove(mark),
        };
    }
}
