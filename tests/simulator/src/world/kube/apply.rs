//! Server-side apply: who set which field, and whose wish wins.

use super::patch::{merge_key, strategic};
use crate::Response;
use crate::world::answer::Failure;
use crate::world::call::Call;
use crate::world::state::{Object, Owner};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Who writes, as field managers go: `fieldManager`, or the first word of the user agent.
pub(super) fn owner(call: &Call<'_>, applied: bool) -> Owner {
    let named = call.query.first("fieldManager").filter(|name| !name.is_empty());
    let agent = call.agent.split(['/', ' ']).next().filter(|name| !name.is_empty());
    Owner { manager: named.or(agent).unwrap_or("unknown").to_owned(), applied }
}

#[derive(Debug, Clone)]
enum Step {
    Field(String),
    Item(&'static str, Value),
}

// Every value at the end of a path: scalars, and lists whose items have no names.
fn leaves(at: &[Step], value: &Value, found: &mut Vec<(Vec<Step>, Value)>) {
    let last =
        at.last().and_then(|step| if let Step::Field(field) = step { Some(field.as_str()) } else { None });
    match (value, last.and_then(merge_key)) {
        (Value::Object(fields), _) if !fields.is_empty() => {
            for (field, value) in fields {
                leaves(&[at, &[Step::Field(field.clone())]].concat(), value, found);
            }
        }
        (Value::Array(items), Some(key)) => {
            for item in items {
                let name = item.get(key).cloned().unwrap_or_default();
                leaves(&[at, &[Step::Item(key, name)]].concat(), item, found);
            }
        }
        _ => found.push((at.to_vec(), value.clone())),
    }
}

fn path(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        // Writing to a string cannot fail.
        let _ = match step {
            Step::Field(field) => write!(text, ".{field}"),
            Step::Item(key, name) => write!(text, "[{key}={name}]"),
        };
    }
    text
}

fn owned(body: &Map<String, Value>) -> Vec<(Vec<Step>, Value)> {
    let mut found = Vec::new();
    for (field, value) in body.iter().filter(|(field, _)| *field != "status") {
        leaves(&[Step::Field(field.clone())], value, &mut found);
    }
    found
}

fn remove(value: &mut Value, steps: &[Step]) {
    match (value, steps) {
        (Value::Object(fields), [Step::Field(field)]) => {
            fields.remove(field);
        }
        (Value::Object(fields), [Step::Field(field), rest @ ..]) => {
            if let Some(value) = fields.get_mut(field) {
                remove(value, rest);
            }
        }
        (Value::Array(items), [Step::Item(key, name), rest @ ..]) => {
            if let Some(item) = items.iter_mut().find(|item| item.get(key) == Some(name)) {
                remove(item, rest);
            }
        }
        _ => {}
    }
}

/// Notes who set what a write changed.
pub(super) fn note(object: &mut Object, before: &Map<String, Value>, by: &Owner) {
    let old: BTreeMap<String, Value> =
        owned(before).into_iter().map(|(steps, value)| (path(&steps), value)).collect();
    let mut owners = BTreeMap::new();
    for (steps, value) in owned(&object.body) {
        let at = path(&steps);
        let same = old.get(&at) == Some(&value);
        match object.owners.remove(&at) {
            Some(known) if same => owners.insert(at, known),
            None if same => None,
            _ => owners.insert(at, BTreeSet::from([by.clone()])),
        };
    }
    object.owners = owners;
}

/// Applies to an object, unless somebody else set a field to another value.
pub(super) fn apply(
    object: &mut Object,
    sent: Map<String, Value>,
    by: &Owner,
    force: bool,
    version: &str,
) -> Result<(), Box<Response>> {
    let now: BTreeMap<String, Value> =
        owned(&object.body).into_iter().map(|(steps, value)| (path(&steps), value)).collect();
    let wished: BTreeMap<String, Value> =
        owned(&sent).into_iter().map(|(steps, value)| (path(&steps), value)).collect();
    let differs = |at: &String, value: &Value| now.get(at).is_some_and(|now| now != value);
    let mut conflicts: Vec<(Owner, &String)> = Vec::new();
    for (at, value) in wished.iter().filter(|(at, value)| differs(at, value)) {
        debug_assert!(now.get(at) != Some(value));
        let others = object.owners.get(at).into_iter().flatten().filter(|owner| *owner != by);
        conflicts.extend(others.map(|owner| (owner.clone(), at)));
    }
    if !force && !conflicts.is_empty() {
        return Err(Box::new(refused(conflicts, version)));
    }
    // What this manager applied before and does not name any more goes, unless others want it.
    let mut whole = Value::Object(std::mem::take(&mut object.body));
    let all = if let Value::Object(body) = &whole { owned(body) } else { Vec::new() };
    for (steps, _) in all {
        let at = path(&steps);
        let Some(owners) = object.owners.get_mut(&at) else { continue };
        if wished.contains_key(&at) || !owners.remove(by) {
            continue;
        }
        if owners.is_empty() {
            object.owners.remove(&at);
            remove(&mut whole, &steps);
        }
    }
    if let Value::Object(mut body) = whole {
        strategic(&mut body, sent);
        object.body = body;
    }
    for (at, value) in wished {
        let owners = object.owners.entry(at.clone()).or_default();
        if now.get(&at) != Some(&value) {
            owners.clear();
        }
        owners.insert(by.clone());
    }
    Ok(())
}

fn refused(mut conflicts: Vec<(Owner, &String)>, version: &str) -> Response {
    // rule: kube.apply-conflict
    conflicts.sort();
    let who = |owner: &Owner| {
        if owner.applied {
            format!("{:?}", owner.manager)
        } else {
            format!("{:?} using {version}", owner.manager)
        }
    };
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|(owner, at)| {
            let message = format!("conflict with {}", who(owner));
            json!({"reason": "FieldManagerConflict", "message": message, "field": at})
        })
        .collect();
    let message = match conflicts.as_slice() {
        [(owner, at)] => format!("Apply failed with 1 conflict: conflict with {}: {at}", who(owner)),
        several => {
            let mut lines = Vec::new();
            let mut last = None;
            for (owner, at) in several {
                if last != Some(owner) {
                    lines.push(format!("conflicts with {}:", who(owner)));
                    last = Some(owner);
                }
                lines.push(format!("- {at}"));
            }
            format!("Apply failed with {} conflicts: {}", several.len(), lines.join("\n"))
        }
    };
    Failure {
        status: StatusCode::CONFLICT,
        reason: "Conflict",
        message,
        details: Some(json!({"causes": causes})),
    }
    .answer()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        if let Value::Object(object) = value { object } else { panic!("an object") }
    }

    fn by(manager: &str) -> Owner {
        Owner { manager: manager.to_owned(), applied: true }
    }

    #[test]
    fn another_managers_field_is_a_conflict_until_it_is_forced() {
        let mut stored = Object::default();
        let wish = |value: &str| object(json!({"data": {"a": value}}));
        apply(&mut stored, wish("1"), &by("one"), false, "v1").unwrap();
        apply(&mut stored, wish("1"), &by("two"), false, "v1").unwrap();
        let refused = apply(&mut stored, wish("2"), &by("two"), false, "v1").unwrap_err();
        let told: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(told["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.a");
        assert_eq!(told["details"]["causes"][0]["field"], ".data.a");
        apply(&mut stored, wish("2"), &by("two"), true, "v1").unwrap();
        assert_eq!(Value::Object(stored.body.clone()), json!({"data": {"a": "2"}}));
        assert!(apply(&mut stored, wish("3"), &by("one"), false, "v1").is_err(), "now it is two's");
    }

    #[test]
    fn what_a_manager_names_no_more_goes() {
        let mut stored = Object::default();
        apply(&mut stored, object(json!({"data": {"a": "1", "b": "2"}})), &by("one"), false, "v1").unwrap();
        apply(&mut stored, object(json!({"data": {"b": "2"}})), &by("two"), false, "v1").unwrap();
        apply(&mut stored, object(json!({"data": {}})), &by("one"), false, "v1").unwrap();
        assert_eq!(Value::Object(stored.body), json!({"data": {"b": "2"}}), "two still wants b");
    }

    #[test]
    fn containers_are_owned_by_name() {
        let mut stored = Object::default();
        let image = |image: &str| object(json!({"spec": {"containers": [{"name": "web", "image": image}]}}));
        apply(&mut stored, image("a"), &by("one"), false, "apps/v1").unwrap();
        let refused = apply(&mut stored, image("b"), &by("two"), false, "apps/v1").unwrap_err();
        let told: Value = serde_json::from_slice(&refused.body).unwrap();
        assert_eq!(told["details"]["causes"][0]["field"], ".spec.containers[name=\"web\"].image");
    }

    #[test]
    fn a_plain_write_owns_what_it_changed() {
        let before = object(json!({"data": {"a": "1", "b": "2"}}));
        let mut stored = Object { body: object(json!({"data": {"a": "9", "b": "2"}})), ..Object::default() };
        note(&mut stored, &before, &Owner { manager: "curl".into(), applied: false });
        assert_eq!(stored.owners.keys().collect::<Vec<_>>(), [".data.a"]);
        let refused =
            apply(&mut stored, object(json!({"data": {"a": "3", "b": "4"}})), &by("one"), false, "v1");
        let told: Value = serde_json::from_slice(&refused.unwrap_err().body).unwrap();
        assert_eq!(told["message"], "Apply failed with 1 conflict: conflict with \"curl\" using v1: .data.a");
    }
}
