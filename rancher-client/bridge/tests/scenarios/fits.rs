//! Whether what came fits what is expected.

use serde_json::{Map, Value};

/// Why it does not fit, with the path of the place; nothing if it fits.
pub(super) fn misfit(expected: &Value, found: &Value) -> Option<String> {
    at("", expected, Some(found))
}

fn at(path: &str, expected: &Value, found: Option<&Value>) -> Option<String> {
    if let Value::Object(matchers) = expected
        && matchers.keys().any(|key| key.starts_with('$'))
    {
        return matched(path, matchers, found);
    }
    let shown = |found: Option<&Value>| found.map_or_else(|| "nothing".to_owned(), Value::to_string);
    match (expected, found) {
        (Value::Object(expected), Some(Value::Object(found))) => {
            expected.iter().find_map(|(key, value)| at(&format!("{path}/{key}"), value, found.get(key)))
        }
        (Value::Array(expected), Some(Value::Array(items))) if expected.len() == items.len() => expected
            .iter()
            .zip(items)
            .enumerate()
            .find_map(|(index, (expected, item))| at(&format!("{path}/{index}"), expected, Some(item))),
        (Value::Number(one), Some(Value::Number(other))) if one.as_f64() == other.as_f64() => None,
        (expected, Some(found)) if expected == found => None,
        _ => Some(format!("at {path:?}: expected {expected}, found {}", shown(found))),
    }
}

fn matched(path: &str, matchers: &Map<String, Value>, found: Option<&Value>) -> Option<String> {
    let there = found.filter(|found| !found.is_null());
    let number = || match there {
        Some(Value::Array(items)) => Some(items.len() as f64),
        Some(found) => found.as_f64(),
        None => None,
    };
    matchers.iter().find_map(|(name, wanted)| {
        let good = match name.as_str() {
            "$contains" => match (there, wanted) {
                (Some(Value::String(text)), Value::String(part)) => text.contains(part.as_str()),
                (Some(Value::Array(items)), wanted) => {
                    items.iter().any(|item| at(path, wanted, Some(item)).is_none())
                }
                _ => false,
            },
            "$not" => at(path, wanted, found).is_some(),
            "$absent" => there.is_none(),
            "$any" => there.is_some(),
            "$at_least" => number() >= wanted.as_f64() && number().is_some(),
            "$at_most" => number() <= wanted.as_f64() && number().is_some(),
            "$unordered" => match (there, wanted) {
                (Some(Value::Array(items)), Value::Array(wanted)) => unordered(wanted, items),
                _ => false,
            },
            other => panic!("there is no matcher {other}"),
        };
        let shown = found.map_or_else(|| "nothing".to_owned(), Value::to_string);
        (!good).then(|| format!("at {path:?}: expected {{{name:?}: {wanted}}}, found {shown}"))
    })
}

fn unordered(wanted: &[Value], items: &[Value]) -> bool {
    let mut left: Vec<&Value> = items.iter().collect();
    let each = wanted.iter().all(|wanted| {
        let place = left.iter().position(|item| misfit(wanted, item).is_none());
        place.map(|place| left.swap_remove(place)).is_some()
    });
    each && left.is_empty()
}

#[test]
fn what_fits_and_what_does_not() {
    use serde_json::json;
    let found = json!({"id": "a", "n": 3, "list": ["x", "y"], "deep": {"none": null, "text": "hello world"}});
    for good in [
        json!({}),
        json!({"id": "a", "n": 3.0}),
        json!({"list": ["x", "y"]}),
        json!({"list": {"$contains": "y"}}),
        json!({"list": {"$unordered": ["y", "x"]}}),
        json!({"list": {"$at_least": 2, "$at_most": 2}}),
        json!({"n": {"$at_least": 3}}),
        json!({"n": {"$not": 4}}),
        json!({"deep": {"none": {"$absent": true}, "gone": {"$absent": true}, "text": {"$any": true}}}),
        json!({"deep": {"text": {"$contains": "lo wo"}, "none": null}}),
    ] {
        assert_eq!(misfit(&good, &found), None, "{good}");
    }
    for (bad, place) in [
        (json!({"id": "b"}), "/id"),
        (json!({"other": 1}), "/other"),
        (json!({"list": ["x"]}), "/list"),
        (json!({"list": ["y", "x"]}), "/list/0"),
        (json!({"list": {"$unordered": ["x"]}}), "/list"),
        (json!({"list": {"$unordered": ["x", "x"]}}), "/list"),
        (json!({"list": {"$contains": "z"}}), "/list"),
        (json!({"n": {"$at_least": 4}}), "/n"),
        (json!({"gone": {"$at_least": 0}}), "/gone"),
        (json!({"gone": {"$at_most": 9}}), "/gone"),
        (json!({"n": {"$not": 3}}), "/n"),
        (json!({"deep": {"text": {"$absent": true}}}), "/deep/text"),
        (json!({"deep": {"none": {"$any": true}}}), "/deep/none"),
        (json!({"deep": {"text": "hello"}}), "/deep/text"),
    ] {
        let why = misfit(&bad, &found).unwrap_or_else(|| panic!("{bad} fits"));
        assert!(why.contains(&format!("{place:?}")), "{why}");
    }
}
