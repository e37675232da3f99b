//! When an answer counts as the recorded one.

use super::minted::{Minted, settle, values};
use rancher_simulator::Response;
use rancher_tests::truth::{Body, Recorded};
use serde_json::Value;

pub(super) enum Verdict {
    Same,
    /// All that the record kept is the same; the body it did not keep.
    SameButOmitted,
    Different(Vec<String>),
}

// Where the exact value matters, not only its type: what it is, how it pages, where it points.
const EXACT: &[&str] = &[
    "actions",
    "apiVersion",
    "baseType",
    "createTypes",
    "filters",
    "kind",
    "links",
    "pagination",
    "resourceType",
    "sort",
    "type",
];

/// Compares an answer value by value with the recorded one: beyond what [`compare`] asks, every number and text is
/// the same but for what a server makes up, and a list that the record trimmed is as long as it was.
pub(super) fn compare_whole(row: &Recorded, answer: &Response, minted: &mut Minted) -> Verdict {
    let (Body::Json(recorded), Ok(mut found)) = (&row.body, serde_json::from_slice::<Value>(&answer.body))
    else {
        return compare(row, answer);
    };
    let mut recorded = recorded.clone();
    let mut why = untrim(&mut found, &mut recorded);
    learn(row, &found, &recorded, minted);
    let mut recorded = minted.value(&recorded);
    if row.status < 400 {
        minted.settled += settle(&mut found, &mut recorded);
    }
    values("", &found, &recorded, &mut why);
    let row = Recorded { body: Body::Json(recorded), ..row.clone() };
    let answer = Response { body: found.to_string().into(), ..answer.clone() };
    match compare(&row, &answer) {
        Verdict::Different(mut differences) => {
            differences.extend(why);
            Verdict::Different(differences)
        }
        _ if !why.is_empty() => Verdict::Different(why),
        verdict => verdict,
    }
}

/// Compares the shape of an answer, where both servers made up names before.
pub(super) fn compare_shape(row: &Recorded, answer: &Response, minted: &mut Minted) -> Verdict {
    let (Body::Json(recorded), Ok(found)) = (&row.body, serde_json::from_slice::<Value>(&answer.body)) else {
        return compare(row, answer);
    };
    let mut recorded = recorded.clone();
    if let Some(list) = recorded.as_object_mut() {
        list.remove("$trimmed_from");
    }
    learn(row, &found, &recorded, minted);
    compare(&Recorded { body: Body::Json(minted.value(&recorded)), ..row.clone() }, answer)
}

// The record kept three items of a long list, and said how long it was.
fn untrim(found: &mut Value, recorded: &mut Value) -> Vec<String> {
    let Some(length) = recorded.as_object_mut().and_then(|list| list.remove("$trimmed_from")) else {
        return Vec::new();
    };
    let mut why = Vec::new();
    for list in ["data", "items"] {
        let kept = recorded.get(list).and_then(Value::as_array).map(Vec::len);
        if let (Some(kept), Some(found)) = (kept, found.get_mut(list).and_then(Value::as_array_mut)) {
            if Some(found.len() as u64) != length.as_u64() {
                why.push(format!("/{list} has {} items instead of {length}", found.len()));
            }
            found.truncate(kept);
        }
    }
    why
}

// What was made just now, and tokens and pods, whose names follow from the seed of a world.
fn learn(row: &Recorded, found: &Value, recorded: &Value, minted: &mut Minted) {
    if row.method == "POST" && row.status == 201 {
        minted.learn(recorded, found);
    }
    let of = recorded.get("resourceType").and_then(Value::as_str);
    if matches!(of, Some("token" | "pod")) {
        let items = |list: &Value| list.get("data").and_then(Value::as_array).cloned().unwrap_or_default();
        for (recorded, found) in items(recorded).iter().zip(&items(found)) {
            minted.learn(recorded, found);
        }
    }
}

/// Compares an answer with the recorded one.
pub(super) fn compare(row: &Recorded, answer: &Response) -> Verdict {
    let mut why = Vec::new();
    if answer.status.as_u16() != row.status {
        why.push(format!("status {} instead of {}", answer.status.as_u16(), row.status));
    }
    for name in ["x-api-cattle-auth", "content-type", "location", "x-api-schemas"] {
        let found = answer.headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        let wanted = row.headers.get(name).map(String::as_str);
        if row.headers_kept && found != wanted {
            why.push(format!("{name} {found:?} instead of {wanted:?}"));
        }
    }
    let text = String::from_utf8_lossy(&answer.body);
    let parsed = serde_json::from_slice::<Value>(&answer.body);
    let json = row.headers.get("content-type").is_some_and(|kind| kind.starts_with("application/json"));
    match &row.body {
        Body::Empty if !answer.body.is_empty() => why.push(format!("a body where none was: {text:.200}")),
        Body::Empty => {}
        Body::Text(wanted) if *wanted != text => why.push(format!("text {text:?} instead of {wanted:?}")),
        Body::Text(_) => {}
        Body::Omitted(_) if answer.body.is_empty() => why.push("no body where one was".to_owned()),
        Body::Omitted(_) if json && parsed.is_err() => why.push("the body is no JSON".to_owned()),
        Body::Omitted(_) => {}
        Body::Json(wanted) => match parsed {
            Err(error) => why.push(format!("the body is no JSON: {error}")),
            // An error is compared whole: shape, code, reason, message, and the ids in it.
            Ok(found) if row.status >= 400 && found != *wanted => {
                why.push(format!("{found} instead of {wanted}"))
            }
            Ok(_) if row.status >= 400 => {}
            Ok(found) => shape("", &found, wanted, &mut why),
        },
    }
    match (why.is_empty(), &row.body) {
        (true, Body::Omitted(_)) => Verdict::SameButOmitted,
        (true, _) => Verdict::Same,
        (false, _) => Verdict::Different(why),
    }
}

/// The same keys and types all the way down, the same booleans, empty where it was empty.
pub(super) fn shape(at: &str, found: &Value, wanted: &Value, why: &mut Vec<String>) {
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                let at = format!("{at}/{key}");
                match found.get(key) {
                    None => why.push(format!("{at} is missing")),
                    Some(found) if EXACT.contains(&key.as_str()) => {
                        if found != wanted {
                            why.push(format!("{at} is {found} instead of {wanted}"));
                        }
                    }
                    Some(found) => shape(&at, found, wanted, why),
                }
            }
            let more = found.keys().filter(|key| !wanted.contains_key(*key));
            why.extend(more.map(|key| format!("{at}/{key} was not there")));
        }
        (Value::Array(found), Value::Array(wanted)) => {
            if found.is_empty() != wanted.is_empty() {
                why.push(format!("{at} has {} items instead of {}", found.len(), wanted.len()));
            }
            for (number, (found, wanted)) in found.iter().zip(wanted).enumerate() {
                shape(&format!("{at}/{number}"), found, wanted, why);
            }
        }
        (Value::Bool(found), Value::Bool(wanted)) if found != wanted => {
            why.push(format!("{at} is {found} instead of {wanted}"));
        }
        (found, wanted) if std::mem::discriminant(found) != std::mem::discriminant(wanted) => {
            why.push(format!("{at} is {found} instead of {wanted}"));
        }
        _ => {}
    }
}

/// How many items a list answer has, in whichever of the two dialects.
pub(super) fn items(body: &[u8]) -> Option<usize> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let list = body.get("data").or_else(|| body.get("items"))?;
    list.as_array().map(Vec::len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_shape_differs_by_keys_types_and_emptiness() {
        let differs = |found: Value, wanted: Value| {
            let mut why = Vec::new();
            shape("", &found, &wanted, &mut why);
            !why.is_empty()
        };
        assert!(!differs(json!({"a": "x", "b": [1]}), json!({"a": "y", "b": [2, 3]})));
        assert!(differs(json!({"a": "x"}), json!({"a": 1})));
        assert!(differs(json!({"a": null}), json!({"a": "x"})));
        assert!(differs(json!({"a": 1, "b": 1}), json!({"a": 1})));
        assert!(differs(json!({"a": []}), json!({"a": [1]})));
        assert!(differs(json!({"allowed": true}), json!({"allowed": false})));
        assert!(differs(json!({"kind": "A"}), json!({"kind": "B"})));
    }
}
