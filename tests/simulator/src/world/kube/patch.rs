//! Changing an object in part: merge, strategic merge and JSON patches.

use super::Target;
use super::resources::Resource;
use super::reviews::bad_request;
use crate::Response;
use crate::world::call::Call;
use http::StatusCode;
use serde_json::{Map, Value};

/// What a PATCH asks for.
#[derive(Debug)]
pub(super) enum Patch {
    /// RFC 7386.
    Merge(Map<String, Value>),
    /// The same, but lists of named things are merged by name.
    Strategic(Map<String, Value>),
    /// RFC 6902.
    Json(Vec<Value>),
    /// Server-side apply.
    Apply(Map<String, Value>),
}

impl Patch {
    /// Reads a PATCH by its content type.
    pub(super) fn read(
        call: &Call<'_>,
        resource: &Resource,
        target: &Target<'_>,
    ) -> Result<Self, Box<Response>> {
        let kind = call.content_type.split(';').next().unwrap_or_default().trim();
        let built_in = !resource.group.contains("cattle.io");
        let object = || call.object().map_err(|complaint| Box::new(bad_request(complaint)));
        match kind {
            "application/merge-patch+json" => object().map(Self::Merge),
            "application/strategic-merge-patch+json" if built_in => object().map(Self::Strategic),
            "application/apply-patch+yaml" | "application/apply-patch+json" => object().map(Self::Apply),
            "application/json-patch+json" => match serde_json::from_slice(call.body) {
                Ok(Value::Array(steps)) => Ok(Self::Json(steps)),
                // rule: kube.json-patch
                _ => Err(Box::new(bad_request(
                    "error decoding patch: json: cannot unmarshal object into Go value of type jsonpatch.Patch"
                        .to_owned(),
                ))),
            },
            _ => {
                // rule: kube.patch-content-type
                let strategic = if built_in { ", application/strategic-merge-patch+json" } else { "" };
                let message = format!(
                    "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml{strategic}"
                );
                Err(Box::new(target.failure(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)))
            }
        }
    }
}

/// Applies a patch to an object as it is shown; a status is not applied to.
pub(super) fn patch_whole(whole: &mut Value, wish: Patch, target: &Target<'_>) -> Result<(), Box<Response>> {
    let taken = match (wish, whole) {
        (Patch::Json(steps), whole) => json_patch(whole, &steps),
        (Patch::Strategic(sent), Value::Object(whole)) => {
            strategic(whole, sent);
            Some(())
        }
        (Patch::Merge(sent) | Patch::Apply(sent), Value::Object(whole)) => {
            merge(whole, sent);
            Some(())
        }
        _ => Some(()),
    };
    if taken.is_none() {
        let message = "the server rejected our request due to an error in our request".to_owned();
        return Err(Box::new(target.failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)));
    }
    Ok(())
}

/// RFC 7386.
pub(super) fn merge(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    // rule: kube.merge-patch
    for (field, value) in patch {
        match (into.get_mut(&field), value) {
            (_, Value::Null) => {
                into.remove(&field);
            }
            (Some(Value::Object(own)), Value::Object(value)) => merge(own, value),
            (_, Value::Object(value)) => {
                let mut fresh = Map::new();
                merge(&mut fresh, value);
                into.insert(field, Value::Object(fresh));
            }
            (_, value) => {
                into.insert(field, value);
            }
        }
    }
}

/// The field by which the items of a list are told apart, if they are.
pub(super) fn merge_key(field: &str) -> Option<&'static str> {
    Some(match field {
        "containers" | "initContainers" | "ephemeralContainers" | "volumes" | "env" | "imagePullSecrets" => {
            "name"
        }
        "volumeMounts" => "mountPath",
        "conditions" => "type",
        "ownerReferences" => "uid",
        _ => return None,
    })
}

/// A merge that knows lists of named things.
pub(super) fn strategic(into: &mut Map<String, Value>, patch: Map<String, Value>) {
    // rule: kube.strategic-merge
    // rule: kube.merge-by-name
    if patch.get("$patch").and_then(Value::as_str) == Some("replace") {
        into.clear();
    }
    for (field, value) in patch {
        if field.starts_with('$') {
            continue;
        }
        match (into.get_mut(&field), value) {
            (_, Value::Null) => {
                into.remove(&field);
            }
            (Some(Value::Object(own)), Value::Object(value)) => {
                if value.get("$patch").and_then(Value::as_str) == Some("delete") {
                    into.remove(&field);
                } else {
                    strategic(own, value);
                }
            }
            (Some(Value::Array(own)), Value::Array(items)) if merge_key(&field).is_some() => {
                by_name(own, items, merge_key(&field).unwrap_or_default());
            }
            (_, Value::Object(value)) => {
                let mut fresh = Map::new();
                strategic(&mut fresh, value);
                into.insert(field, Value::Object(fresh));
            }
            (_, value) => {
                into.insert(field, value);
            }
        }
    }
}

fn by_name(own: &mut Vec<Value>, items: Vec<Value>, key: &str) {
    for item in items {
        let Value::Object(item) = item else { continue };
        let name = item.get(key).cloned();
        let gone = item.get("$patch").and_then(Value::as_str) == Some("delete");
        let at = own.iter().position(|known| known.get(key) == name.as_ref());
        match (at, gone) {
            (Some(at), true) => {
                own.remove(at);
            }
            (Some(at), false) => {
                if let Some(Value::Object(known)) = own.get_mut(at) {
                    strategic(known, item);
                }
            }
            (None, true) => {}
            (None, false) => own.push(Value::Object(item)),
        }
    }
}

/// RFC 6902; `None` when a step cannot be done.
pub(super) fn json_patch(whole: &mut Value, steps: &[Value]) -> Option<()> {
    for step in steps {
        let text = |field: &str| step.get(field).and_then(Value::as_str);
        let path = text("path")?;
        match text("op")? {
            "add" => add(whole, path, step.get("value")?.clone())?,
            "replace" => *whole.pointer_mut(path)? = step.get("value")?.clone(),
            "remove" => {
                take(whole, path)?;
            }
            "test" => {
                if whole.pointer(path)? != step.get("value")? {
                    return None;
                }
            }
            "copy" => {
                let value = whole.pointer(text("from")?)?.clone();
                add(whole, path, value)?;
            }
            "move" => {
                let value = take(whole, text("from")?)?;
                add(whole, path, value)?;
            }
            _ => return None,
        }
    }
    Some(())
}

fn parent<'a>(whole: &'a mut Value, path: &str) -> Option<(&'a mut Value, String)> {
    let (home, last) = path.rsplit_once('/')?;
    Some((whole.pointer_mut(home)?, last.replace("~1", "/").replace("~0", "~")))
}

fn add(whole: &mut Value, path: &str, value: Value) -> Option<()> {
    match parent(whole, path)? {
        (Value::Object(home), field) => {
            home.insert(field, value);
        }
        (Value::Array(home), at) => {
            let at = if at == "-" { home.len() } else { at.parse().ok().filter(|at| *at <= home.len())? };
            home.insert(at, value);
        }
        _ => return None,
    }
    Some(())
}

fn take(whole: &mut Value, path: &str) -> Option<Value> {
    match parent(whole, path)? {
        (Value::Object(home), field) => home.remove(&field),
        (Value::Array(home), at) => {
            let at = at.parse().ok().filter(|at| *at < home.len())?;
            Some(home.remove(at))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        if let Value::Object(object) = value { object } else { panic!("an object") }
    }

    #[test]
    fn a_merge_patch_sets_nests_and_removes() {
        let mut into = object(json!({"data": {"a": "1", "b": "2"}, "list": [1]}));
        let patch = json!({"data": {"a": null, "c": "3"}, "list": [2], "new": {"x": 1, "y": null}});
        merge(&mut into, object(patch));
        assert_eq!(Value::Object(into), json!({"data": {"b": "2", "c": "3"}, "list": [2], "new": {"x": 1}}));
    }

    #[test]
    fn a_strategic_merge_knows_containers_by_name() {
        let mut into = object(json!({"spec": {"containers": [
            {"name": "web", "image": "a"}, {"name": "side", "image": "b"},
        ], "args": [1, 2]}}));
        strategic(
            &mut into,
            object(json!({"spec": {"args": [3], "containers": [
                {"name": "web", "env": [{"name": "X", "value": "1"}]},
                {"name": "side", "$patch": "delete"}, {"name": "more", "image": "c"},
            ]}})),
        );
        assert_eq!(
            Value::Object(into),
            json!({"spec": {"args": [3], "containers": [
                {"name": "web", "image": "a", "env": [{"name": "X", "value": "1"}]},
                {"name": "more", "image": "c"},
            ]}})
        );
    }

    #[test]
    fn json_patches_do_all_steps_or_none() {
        let mut whole = json!({"a": {"b/c": 1}, "l": [1, 2]});
        let steps = [
            json!({"op": "test", "path": "/a/b~1c", "value": 1}),
            json!({"op": "replace", "path": "/a/b~1c", "value": 2}),
            json!({"op": "add", "path": "/l/-", "value": 3}),
            json!({"op": "remove", "path": "/l/0"}),
            json!({"op": "copy", "from": "/l", "path": "/m"}),
            json!({"op": "move", "from": "/a", "path": "/n"}),
        ];
        assert_eq!(json_patch(&mut whole, &steps), Some(()));
        assert_eq!(whole, json!({"l": [2, 3], "m": [2, 3], "n": {"b/c": 2}}));
        for bad in [
            json!({"op": "test", "path": "/l", "value": 9}),
            json!({"op": "remove", "path": "/nosuch"}),
            json!({"op": "add", "path": "/l/9", "value": 1}),
            json!({"op": "dance", "path": "/l"}),
        ] {
            assert_eq!(json_patch(&mut whole.clone(), &[bad]), None);
        }
    }
}
