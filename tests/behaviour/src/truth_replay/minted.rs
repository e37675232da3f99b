//! What a server makes up by itself: ids, times, secrets. The simulated server makes up others than the real one did.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

// Made up anew by every server: only the type is compared.
const MADE_UP: &[&str] = &[
    "cattle.io/last-login",
    "continue",
    "created",
    "createdTS",
    "creationTimestamp",
    "expiresAt",
    "hash",
    "lastTransitionTime",
    "lastUpdateTime",
    "removed",
    "removedTS",
    "resourceVersion",
    "serviceAccountTokenSecret",
    "uid",
    "uuid",
];

/// The ids that the real server made up during a recording, and what the simulated one made up in their place.
#[derive(Debug, Default)]
pub(super) struct Minted {
    /// Whole values: `resourceVersion`, `uid`.
    whole: BTreeMap<String, String>,
    /// Ids, which also stand inside links and names.
    parts: BTreeMap<String, String>,
    /// How many recorded objects were still in the making.
    pub(super) settled: usize,
}

impl Minted {
    /// Learns from an object that both servers made, or from a list of objects whose ids the seed decides.
    pub(super) fn learn(&mut self, recorded: &Value, found: &Value) {
        let text = |value: &Value, at: &str| value.pointer(at).and_then(Value::as_str).map(str::to_owned);
        for at in ["/id", "/metadata/name", "/metadata/uid", "/metadata/resourceVersion"] {
            let (Some(recorded), Some(found)) = (text(recorded, at), text(found, at)) else { continue };
            if recorded == found {
                continue;
            }
            if at == "/id" || at == "/metadata/name" {
                let last = |id: &str| id.rsplit([':', '/']).next().unwrap_or(id).to_owned();
                self.parts.insert(last(&recorded), last(&found));
            } else {
                self.whole.insert(recorded, found);
            }
        }
    }

    /// A recorded text as the simulated server would have it.
    pub(super) fn text(&self, recorded: &str) -> String {
        if let Some(whole) = self.whole.get(recorded) {
            return whole.clone();
        }
        self.parts.iter().fold(recorded.to_owned(), |text, (recorded, found)| text.replace(recorded, found))
    }

    /// A recorded value as the simulated server would have it.
    pub(super) fn value(&self, recorded: &Value) -> Value {
        match recorded {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.value(item)).collect()),
            Value::Object(object) => {
                let pairs = object.iter().map(|(key, value)| (key.clone(), self.value(value)));
                Value::Object(pairs.collect::<Map<_, _>>())
            }
            other => other.clone(),
        }
    }
}

/// Puts what controllers do in their own time aside, on both sides alike. Returns how many objects were in the making.
///
/// The order of conditions is that in which controllers came to them. And the record caught projects that were a
/// second old, without the marks of all controllers: those are compared in everything else.
pub(super) fn settle(found: &mut Value, recorded: &mut Value) -> usize {
    match (found, recorded) {
        (Value::Object(found), Value::Object(recorded)) => {
            for list in [&mut *found, &mut *recorded] {
                if let Some(Value::Array(conditions)) = list.get_mut("conditions") {
                    conditions.sort_by_key(|condition| condition.get("type").map(Value::to_string));
                }
            }
            let project = recorded.get("type").and_then(Value::as_str) == Some("project");
            let cluster = recorded.get("clusterId").and_then(Value::as_str).unwrap_or_default();
            let done = format!("lifecycle.cattle.io/create.project-namespace-auth_{cluster}");
            let young = |object: &Map<String, Value>| {
                object.get("annotations").is_none_or(|annotations| annotations.get(&done).is_none())
            };
            let mut settled = 0;
            if project && young(recorded) && !young(found) {
                for field in ["annotations", "conditions", "state", "transitioning"] {
                    found.remove(field);
                    recorded.remove(field);
                }
                settled = 1;
            }
            for (key, found) in found.iter_mut() {
                if let Some(recorded) = recorded.get_mut(key) {
                    settled += settle(found, recorded);
                }
            }
            settled
        }
        (Value::Array(found), Value::Array(recorded)) => {
            found.iter_mut().zip(recorded).map(|(found, recorded)| settle(found, recorded)).sum()
        }
        _ => 0,
    }
}

/// The same values all the way down, but for what is made up.
pub(super) fn values(at: &str, found: &Value, wanted: &Value, why: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, wanted) in wanted.iter().filter(|(key, _)| !MADE_UP.contains(&key.as_str())) {
                if let Some(found) = found.get(key) {
                    values(&format!("{at}/{key}"), found, wanted, why);
                }
            }
        }
        (Value::Array(found), Value::Array(wanted)) => {
            if found.len() != wanted.len() {
                why.push(format!("{at} has {} items instead of {}", found.len(), wanted.len()));
            }
            for (number, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                values(&format!("{at}/{number}"), found, wanted, why);
            }
        }
        (Value::String(found), Value::String(wanted)) if same_text(&timeless(found), &timeless(wanted)) => {}
        (found, wanted) if found != wanted => why.push(format!("{at} is {found} instead of {wanted}")),
        _ => {}
    }
}

// Every moment in a text becomes the same one.
fn timeless(text: &str) -> String {
    const SHAPE: &str = "dddd-dd-ddTdd:dd:ddZ";
    let mut text = text.to_owned();
    let mut at = 0;
    while let Some(part) = text.get(at..at + SHAPE.len()) {
        let moment = part.chars().zip(SHAPE.chars()).all(|(found, shape)| match shape {
            'd' => found.is_ascii_digit(),
            shape => found == shape,
        });
        if moment {
            text.replace_range(at..at + SHAPE.len(), SHAPE);
        }
        at += 1;
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    text
}

// `<secret:LABEL>` stands for any one word.
fn same_text(found: &str, wanted: &str) -> bool {
    let Some((before, rest)) = wanted.split_once("<secret:") else { return found == wanted };
    let Some((_, after)) = rest.split_once('>') else { return found == wanted };
    let Some(found) = found.strip_prefix(before) else { return false };
    let secret = found.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(found.len());
    secret > 0 && same_text(&found[secret..], after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn differences(found: Value, wanted: Value) -> Vec<String> {
        let mut why = Vec::new();
        values("", &found, &wanted, &mut why);
        why
    }

    #[test]
    fn what_is_made_up_may_differ_and_the_rest_may_not() {
        let made_up = json!({"uuid": "1", "note": "at 2026-11-22T05:01:43Z by <secret:x>_c-1.", "n": [1]});
        let found = json!({"uuid": "2", "note": "at 2031-01-01T00:00:00Z by a1b2_c-1.", "n": [1]});
        assert_eq!(differences(found, made_up), Vec::<String>::new());
        assert_eq!(differences(json!({"name": "b"}), json!({"name": "a"})).len(), 1);
        assert_eq!(differences(json!({"a": [1, 2]}), json!({"a": [1]})).len(), 1);
        assert_eq!(differences(json!("x  y"), json!("x <secret:a> y")).len(), 1, "a secret is never empty");
        assert_eq!(differences(json!(1), json!(2)).len(), 1);
    }

    #[test]
    fn only_projects_in_the_making_are_spared_their_readiness() {
        let project = |annotations: Value, state: &str| json!({"data": [{"type": "project", "clusterId": "c-1", "annotations": annotations, "state": state}]});
        let ready = json!({"lifecycle.cattle.io/create.project-namespace-auth_c-1": "true"});
        let (mut found, mut young) = (project(ready.clone(), "active"), project(json!({}), "configuring"));
        assert_eq!(settle(&mut found, &mut young), 1);
        assert_eq!(found, young);
        let (mut found, mut old) = (project(ready.clone(), "active"), project(ready, "configuring"));
        assert_eq!(settle(&mut found, &mut old), 0);
        assert_eq!(differences(found, old).len(), 1);
        let conditions = |names: [&str; 2]| json!({"conditions": names.map(|name| json!({"type": name}))});
        let (mut found, mut recorded) = (conditions(["B", "A"]), conditions(["A", "B"]));
        settle(&mut found, &mut recorded);
        assert_eq!(found, recorded);
    }

    #[test]
    fn ids_are_followed_into_links_and_later_requests() {
        let mut minted = Minted::default();
        let recorded = json!({"id": "local:p-aaaaa", "metadata": {"uid": "u1", "resourceVersion": "82"}});
        minted.learn(
            &recorded,
            &json!({"id": "local:p-zzzzz", "metadata": {"uid": "u2", "resourceVersion": "7"}}),
        );
        assert_eq!(
            minted.text("https://x/v3/projects/local:p-aaaaa?a=82"),
            "https://x/v3/projects/local:p-zzzzz?a=82"
        );
        assert_eq!(minted.value(&json!({"a": ["82", "u1"]})), json!({"a": ["7", "u2"]}));
    }
}
