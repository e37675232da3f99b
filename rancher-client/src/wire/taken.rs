//! Whether the server took what it was sent.

use serde_json::Value;

/// What became of the fields that were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// These hold what was sent.
    pub(crate) taken: Vec<String>,
    /// These hold what they held before.
    pub(crate) ignored: Vec<String>,
    /// These hold something else.
    pub(crate) altered: Vec<String>,
}

/// Compares what was sent with the answer. `before` is the object as it was, null for one that is new.
///
/// Fields that the server never sends back are not judged: `unseen` says which.
pub(crate) fn outcome(
    sent: &Value,
    before: &Value,
    answer: &Value,
    unseen: &dyn Fn(&str) -> bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    compare(sent, before, answer, &mut String::new(), unseen, &mut outcome);
    outcome
}

fn compare(
    sent: &Value,
    before: &Value,
    answer: &Value,
    path: &mut String,
    unseen: &dyn Fn(&str) -> bool,
    outcome: &mut Outcome,
) {
    if let (Value::Object(fields), true) = (sent, answer.is_object() || path.is_empty()) {
        for (name, value) in fields {
            let length = path.len();
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(name);
            if !unseen(path) {
                let of = |object: &Value| object.get(name).cloned().unwrap_or(Value::Null);
                compare(value, &of(before), &of(answer), path, unseen, outcome);
            }
            path.truncate(length);
        }
        return;
    }
    let list = if same(sent, answer) {
        &mut outcome.taken
    } else if same(before, answer) {
        &mut outcome.ignored
    } else {
        &mut outcome.altered
    };
    list.push(path.clone());
}

/// Whether two values mean the same to the server: what is empty is what is not there (Go leaves it out), a number is
/// the text of it where the field is a text (recorded: errors, `wrong type`), and objects may hold more.
fn same(sent: &Value, answer: &Value) -> bool {
    match (sent, answer) {
        (Value::Array(sent), Value::Array(answer)) => {
            sent.len() == answer.len() && sent.iter().zip(answer).all(|(sent, answer)| same(sent, answer))
        }
        (Value::Object(sent), Value::Object(answer)) => {
            sent.iter().all(|(name, value)| same(value, answer.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            *text == number.to_string()
        }
        (sent, answer) if is_empty(sent) && is_empty(answer) => true,
        (sent, answer) => sent == answer,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(sent: Value, before: Value, answer: Value) -> (Vec<String>, Vec<String>, Vec<String>) {
        let outcome = outcome(&sent, &before, &answer, &|path| path == "password");
        (outcome.taken, outcome.ignored, outcome.altered)
    }

    #[test]
    fn what_was_taken_is_told_from_what_was_not() {
        let sent = json!({"name": "b", "ttl": 99, "description": null, "password": "x",
            "quota": {"limit": {"pods": "5", "cpu": "2000m"}}, "verbs": ["get"], "labels": {"a": "1"}});
        let before = json!({"name": "a", "ttl": 0, "description": "d", "quota": {"limit": {"pods": "4"}}});
        let answer = json!({"name": "a", "ttl": 90, "quota": {"limit": {"pods": "5", "cpu": "2", "type": "x"}},
            "verbs": ["get"], "labels": {"a": "1", "cattle.io/creator": "norman"}});
        let (taken, ignored, altered) = of(sent, before, answer);
        assert_eq!(taken, ["description", "labels.a", "quota.limit.pods", "verbs"]);
        assert_eq!(ignored, ["name"]);
        assert_eq!(altered, ["quota.limit.cpu", "ttl"]);
    }

    #[test]
    fn what_means_the_same_is_taken() {
        for (sent, answer) in [
            (json!({"a": false}), json!({})),
            (json!({"a": ""}), json!({"a": null})),
            (json!({"a": 5}), json!({"a": "5"})),
            (json!({"a": [{"b": 1}]}), json!({"a": [{"b": 1, "type": "/v3/schemas/b"}]})),
        ] {
            assert_eq!(of(sent, json!({"a": "other"}), answer).0, ["a"]);
        }
    }

    #[test]
    fn a_nested_object_that_is_not_there_was_ignored() {
        let (taken, ignored, _) = of(json!({"quota": {"pods": "5"}}), json!({}), json!({}));
        assert_eq!((taken.len(), ignored), (0, vec!["quota".to_owned()]));
    }
}
