//! What `{cluster:prod}` and the like stand for.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What the texts of a scenario can speak of.
#[derive(Default)]
pub(super) struct Places {
    /// What the simulator says when it is ready: `url`, `tokens`, `users`, `clusters`, `projects`.
    pub(super) ready: Value,
    pub(super) saved: BTreeMap<String, Value>,
}

impl Places {
    pub(super) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => self.map(map).into(),
            other => other.clone(),
        }
    }

    pub(super) fn map(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect()
    }

    fn text(&self, text: &str) -> Value {
        if let Some(whole) = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))
            && !whole.contains('}')
            && let Some(value) = self.named(whole)
        {
            return value;
        }
        Value::String(self.filled(text))
    }

    /// The text with what its places stand for.
    pub(super) fn filled(&self, text: &str) -> String {
        let (mut out, mut rest) = (String::new(), text);
        while let Some(start) = rest.find('{') {
            let (before, after) = rest.split_at(start);
            out.push_str(before);
            let found = after
                .find('}')
                .and_then(|end| Some((self.named(after.get(1..end)?)?, after.get(end + 1..)?)));
            if let Some((value, following)) = found {
                out.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                rest = following;
            } else {
                out.push('{');
                rest = &after[1..];
            }
        }
        out + rest
    }

    /// Nothing if that is no place; what has the form of one and is none ends the scenario.
    fn named(&self, place: &str) -> Option<Value> {
        if place == "url" {
            return Some(self.ready["url"].clone());
        }
        let (what, name) = place.split_once(':')?;
        let found = match what {
            "cluster" => self.ready["clusters"].get(name).cloned(),
            "project" => self.ready["projects"].get(name).cloned(),
            "user" => self.ready["users"].get(name).map(|user| user["id"].clone()),
            "username" => self.ready["users"].get(name).map(|user| user["username"].clone()),
            "password" => self.ready["users"].get(name).map(|user| user["password"].clone()),
            "token" => self.ready["tokens"].get(name).cloned(),
            "key" => self.ready["tokens"].get(name).map(|token| {
                let token = token.as_str().unwrap_or_default();
                token.split(':').next().unwrap_or_default().into()
            }),
            "saved" => self.saved.get(name).cloned(),
            _ => return None,
        };
        Some(found.unwrap_or_else(|| panic!("there is no {place}")))
    }
}

#[test]
fn places_are_filled() {
    use serde_json::json;
    let places = Places {
        ready: json!({"url": "https://127.0.0.1:1", "clusters": {"prod": "c-prod1"},
            "tokens": {"off": "token-abcde:secret"}, "users": {"ro": {"id": "u-1"}}, "projects": {}}),
        saved: [("n".to_owned(), json!(5)), ("id".to_owned(), json!("p-1"))].into(),
    };
    let filled = |text: &str| places.fill(&json!(text));
    assert_eq!(filled("{cluster:prod}:{saved:id}"), "c-prod1:p-1");
    assert_eq!((filled("{saved:n}"), filled("n={saved:n}")), (json!(5), json!("n=5")));
    assert_eq!((filled("{key:off}"), filled("{user:ro}")), (json!("token-abcde"), json!("u-1")));
    assert_eq!(filled("{\"a\": {\"b\": 1}} {url}/v3"), "{\"a\": {\"b\": 1}} https://127.0.0.1:1/v3");
    assert_eq!(filled("GET /{other} {"), "GET /{other} {");
}

#[test]
#[should_panic(expected = "there is no cluster:nowhere")]
fn a_label_that_is_none_is_told() {
    Places::default().filled("{cluster:nowhere}");
}
