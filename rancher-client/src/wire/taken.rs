//! Whether the server took what it was sent.

use serde_json::Value;

use super::quantity;

/// What became of the fields that were sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// These hold what was sent.
    pub(crate) taken: Vec<String>,
    /// These hold what they held before.
    pub(crate) ignored: Vec<String>,
    /// These hold something else, or are entries of Rancher's own, which it keeps.
    pub(crate) altered: Vec<String>,
}

impl Outcome {
    /// The fields that hold something else than was sent.
    pub(crate) fn otherwise(self) -> Vec<String> {
        self.ignored.into_iter().chain(self.altered).collect()
    }
}

/// Compares a change with the answer: the changed fields alone, null for what was taken away. `before` is the object
/// as it was, null for one that is new.
///
/// Fields that the server never sends back are not judged: `unseen` says which, by the names that lead to them. The
/// elements of an array have no name of their own.
pub(crate) fn outcome(
    sent: &Value,
    before: &Value,
    answer: &Value,
    unseen: &dyn Fn(&[&str]) -> bool,
) -> Outcome {
    let mut outcome = Outcome::default();
    compare(sent, before, answer, &mut Vec::new(), unseen, &mut outcome);
    outcome
}

fn compare<'v>(
    sent: &'v Value,
    before: &'v Value,
    answer: &Value,
    path: &mut Vec<&'v str>,
    unseen: &dyn Fn(&[&str]) -> bool,
    outcome: &mut Outcome,
) {
    if let (Value::Object(fields), true) = (sent, answer.is_object() || path.is_empty()) {
        for (name, value) in fields {
            path.push(name);
            if !hidden(value, path, unseen) {
                let before = before.get(name).unwrap_or(&Value::Null);
                let answer = answer.get(name).unwrap_or(&Value::Null);
                compare(value, before, answer, path, unseen, outcome);
            }
            path.pop();
        }
        return;
    }
    let list = if same(sent, answer, path, unseen) {
        &mut outcome.taken
    } else if same(before, answer, path, unseen) && !(sent.is_null() && is_kept(path)) {
        &mut outcome.ignored
    } else {
        &mut outcome.altered
    };
    list.push(path.join("."));
}

/// Whether the server shows nothing of a value.
fn hidden<'v>(value: &'v Value, path: &mut Vec<&'v str>, unseen: &dyn Fn(&[&str]) -> bool) -> bool {
    if unseen(path) {
        return true;
    }
    let Value::Object(fields) = value else { return false };
    !fields.is_empty()
        && fields.iter().all(|(name, value)| {
            path.push(name);
            let hidden = hidden(value, path, unseen);
            path.pop();
            hidden
        })
}

/// Whether that is a label or an annotation that Rancher keeps when it is left out (read in norman,
/// `types/convert/merge`, `mergeProtected`).
fn is_kept(path: &[&str]) -> bool {
    matches!(path, [.., "labels" | "annotations", name] if name.contains("cattle.io/"))
}

/// Whether two values mean the same to the server: what is empty is what is not there (Go leaves it out), a number or
/// a boolean is the text of it where the field is a text or the other way round (recorded: errors, `wrong type`),
/// objects may hold more, texts are trimmed (read in norman, `convert.ToString`), and a quantity can be written in
/// several ways.
fn same<'v>(
    sent: &'v Value,
    answer: &Value,
    path: &mut Vec<&'v str>,
    unseen: &dyn Fn(&[&str]) -> bool,
) -> bool {
    match (sent, answer) {
        (Value::Array(sent), Value::Array(answer)) => {
            sent.len() == answer.len()
                && sent.iter().zip(answer).all(|(sent, answer)| same(sent, answer, path, unseen))
        }
        (Value::Object(sent), Value::Object(answer)) => sent.iter().all(|(name, value)| {
            path.push(name);
            let answer = answer.get(name).unwrap_or(&Value::Null);
            let same = hidden(value, path, unseen) || same(value, answer, path, unseen);
            path.pop();
            same
        }),
        (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
            let number = number.to_string();
            text.trim() == number || quantity::same(text.trim(), &number)
        }
        (Value::Bool(value), Value::String(text)) | (Value::String(text), Value::Bool(value)) => {
            text.trim().eq_ignore_ascii_case(if *value { "true" } else { "false" })
        }
        (Value::String(sent), Value::String(answer)) => {
            let (sent, answer) = (sent.trim(), answer.trim());
            sent == answer || quantity::same(sent, answer)
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
        let outcome = outcome(&sent, &before, &answer, &|path| path.ends_with(&["password"]));
        (outcome.taken, outcome.ignored, outcome.altered)
    }

    #[test]
    fn what_was_taken_is_told_from_what_was_not() {
        let sent = json!({"name": "b", "ttl": 99, "description": null, "password": "x",
            "quota": {"limit": {"pods": "5", "cpu": "2000m"}}, "verbs": ["get"], "labels": {"a": "1"}});
        let before = json!({"name": "a", "ttl": 0, "description": "d", "quota": {"limit": {"pods": "4"}}});
        let answer = json!({"name": "a", "ttl": 90, "quota": {"limit": {"pods": "5", "cpu": "3", "type": "x"}},
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
            (json!({"a": "1000m"}), json!({"a": "1"})),
            (json!({"a": "1000m"}), json!({"a": 1})),
            (json!({"a": "PEM\n"}), json!({"a": "PEM"})),
            (json!({"a": "false"}), json!({"a": false})),
            (json!({"a": true}), json!({"a": "true"})),
            (json!({"a": [{"b": 1, "password": "x"}]}), json!({"a": [{"b": 1}]})),
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

    #[test]
    fn what_is_never_shown_is_not_judged_however_deep() {
        let before = json!({"config": {"user": "u"}});
        for answer in [json!({"config": {"user": "u"}}), json!({})] {
            let judged = of(json!({"config": {"password": "x"}}), before.clone(), answer);
            assert_eq!(judged, (vec![], vec![], vec![]));
        }
        let judged = of(json!({"config": {"password": "x", "user": "v"}}), before.clone(), before);
        assert_eq!(judged, (vec![], vec!["config.user".to_owned()], vec![]));
    }

    #[test]
    fn an_entry_that_was_taken_away_is_gone_or_was_not_taken() {
        let before =
            json!({"labels": {"a": "1", "b": "2", "field.cattle.io/c": "3"}, "env": {"x.cattle.io/d": "4"}});
        let sent = json!({"labels": {"a": null, "b": null, "field.cattle.io/c": null}, "env": {"x.cattle.io/d": null}});
        let mut answer = before.clone();
        answer["labels"].as_object_mut().unwrap().remove("a");
        let (taken, ignored, altered) = of(sent, before, answer);
        assert_eq!(taken, ["labels.a"]);
        assert_eq!(ignored, ["env.x.cattle.io/d", "labels.b"]);
        assert_eq!(altered, ["labels.field.cattle.io/c"]);
    }
}
