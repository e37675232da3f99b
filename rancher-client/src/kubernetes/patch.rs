//! Changes of a part of an object.

use serde_json::{Value, json};
use std::fmt;

use crate::error::{Error, Result};

/// A change of a part of an object.
///
/// ```
/// use rancher_client::proxy::{Patch, PatchStep};
/// use serde_json::json;
///
/// let merge = Patch::Merge(json!({"spec": {"replicas": 3}, "metadata": {"labels": {"old": null}}}));
/// let strategic = Patch::Strategic(json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": "nginx:2"}]}}}}));
/// let steps = Patch::Json(vec![PatchStep::remove("/metadata/labels/old")]);
/// # let _ = (merge, strategic, steps);
/// ```
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Patch {
    /// RFC 7386: fields are set, null takes them away, lists are replaced whole.
    Merge(Value),
    /// Kubernetes' own: as a merge, but containers, volumes and other lists of named things are merged by name. Custom
    /// resources do not take it.
    Strategic(Value),
    /// RFC 6902: one step after the other, all or none.
    Json(Vec<PatchStep>),
    /// The same as it is written in JSON.
    JsonText(Value),
}

/// One step of a JSON patch (RFC 6902).
#[derive(Clone, PartialEq)]
pub struct PatchStep(Value);

impl PatchStep {
    /// Sets a field, or puts an item into a list; `/-` is the end of a list.
    pub fn add(path: &str, value: impl Into<Value>) -> Self {
        Self(json!({"op": "add", "path": path, "value": value.into()}))
    }

    /// Sets what is there.
    pub fn replace(path: &str, value: impl Into<Value>) -> Self {
        Self(json!({"op": "replace", "path": path, "value": value.into()}))
    }

    /// Takes away what is there.
    pub fn remove(path: &str) -> Self {
        Self(json!({"op": "remove", "path": path}))
    }

    /// Fails the whole patch if there is anything else.
    pub fn test(path: &str, value: impl Into<Value>) -> Self {
        Self(json!({"op": "test", "path": path, "value": value.into()}))
    }

    /// Moves what is there to elsewhere.
    pub fn moved(from: &str, path: &str) -> Self {
        Self(json!({"op": "move", "from": from, "path": path}))
    }

    /// Copies what is there to elsewhere.
    pub fn copied(from: &str, path: &str) -> Self {
        Self(json!({"op": "copy", "from": from, "path": path}))
    }
}

impl Patch {
    /// Its content type, without which the server refuses it (recorded: errors, a PATCH without one is 415).
    pub(crate) fn content_type(&self) -> &'static str {
        match self {
            Self::Merge(_) => "application/merge-patch+json",
            Self::Strategic(_) => "application/strategic-merge-patch+json",
            Self::Json(_) | Self::JsonText(_) => "application/json-patch+json",
        }
    }

    /// Whether it does the same when it arrives twice. One that names a resource version would be refused the second
    /// time, as if somebody else had been faster.
    pub(crate) fn may_arrive_twice(&self) -> bool {
        match self {
            Self::Merge(value) | Self::Strategic(value) => {
                value.pointer("/metadata/resourceVersion").is_none_or(Value::is_null)
            }
            Self::Json(_) | Self::JsonText(_) => false,
        }
    }

    /// What is sent.
    pub(crate) fn body(&self) -> Result<Value> {
        let advice = "a merge is a JSON object; a JSON patch is a list of steps, each with op and path";
        let body = match self {
            Self::Merge(value) | Self::Strategic(value) => {
                return match value.is_object() {
                    true => Ok(value.clone()),
                    false => Err(Error::invalid("nothing was sent: that is no merge patch", advice)),
                };
            }
            Self::Json(steps) => Value::Array(steps.iter().map(|step| step.0.clone()).collect()),
            Self::JsonText(value) => value.clone(),
        };
        let steps = body.as_array().filter(|steps| !steps.is_empty());
        let Some(steps) = steps else {
            return Err(Error::invalid("nothing was sent: a JSON patch without a step", advice));
        };
        for (at, step) in steps.iter().enumerate() {
            check_step(step).map_err(|problem| {
                Error::invalid(
                    format!("nothing was sent: step {} of the JSON patch {problem}", at + 1),
                    advice,
                )
            })?;
        }
        Ok(body)
    }
}

fn check_step(step: &Value) -> std::result::Result<(), String> {
    let pointer = |name: &str| match step.get(name).and_then(Value::as_str) {
        None => Err(format!("has no {name}")),
        Some(path) if path.is_empty() || path.starts_with('/') => Ok(()),
        Some(_) => Err(format!("has a {name} that does not begin with a slash")),
    };
    let Some(op) = step.get("op").and_then(Value::as_str) else { return Err("has no op".to_owned()) };
    match op {
        "add" | "replace" | "test" if step.get("value").is_none() => return Err("has no value".to_owned()),
        "add" | "replace" | "test" | "remove" => {}
        "move" | "copy" => pointer("from")?,
        _ => return Err("has an op that is none: add, replace, remove, test, move, copy".to_owned()),
    }
    pointer("path")
}

impl fmt::Debug for Patch {
    /// Only its kind: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Merge(_) => "Merge(…)",
            Self::Strategic(_) => "Strategic(…)",
            Self::Json(_) => "Json(…)",
            Self::JsonText(_) => "JsonText(…)",
        })
    }
}

impl fmt::Debug for PatchStep {
    /// Its operation and its place, not its value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.0.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        write!(f, "PatchStep({} {})", text("op"), text("path"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn what_is_no_patch_is_not_sent() {
        for patch in [
            Patch::Merge(json!([])),
            Patch::Strategic(json!("a")),
            Patch::Json(vec![]),
            Patch::JsonText(json!({})),
            Patch::JsonText(json!([{"op": "add", "path": "/a"}])),
            Patch::JsonText(json!([{"op": "put", "path": "/a", "value": 1}])),
            Patch::JsonText(json!([{"path": "/a", "value": 1}])),
            Patch::JsonText(json!([{"op": "remove", "path": "a"}])),
            Patch::JsonText(json!([{"op": "move", "path": "/a"}])),
            Patch::JsonText(json!(["remove"])),
        ] {
            let error = patch.body().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        }
        let steps = vec![
            PatchStep::add("/a/-", 1),
            PatchStep::replace("/a", "b"),
            PatchStep::remove("/a"),
            PatchStep::test("", json!({})),
            PatchStep::moved("/a", "/b"),
            PatchStep::copied("/a", "/b"),
        ];
        let typed = Patch::Json(steps).body().unwrap();
        assert_eq!(Patch::JsonText(typed.clone()).body().unwrap(), typed);
    }

    #[test]
    fn debug_shows_no_value() {
        let step = PatchStep::add("/data/password", "S3CR3T");
        let patches = [Patch::Merge(json!({"data": "S3CR3T"})), Patch::Json(vec![step.clone()])];
        let shown = format!("{step:?} {patches:?}");
        assert!(shown.contains("PatchStep(add /data/password)") && !shown.contains("S3CR3T"), "{shown}");
    }
}
