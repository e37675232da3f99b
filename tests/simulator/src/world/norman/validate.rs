//! What Norman makes of the fields that are sent: coerced, checked against the schema, or dropped in silence.
//!
//! The order of checks is that of rancher/norman, `parse/builder/builder.go`.

use super::kinds::{Api, Field, Kind, inside, nested};
use crate::world::answer::Problem;
use serde_json::{Map, Value};

/// What the fields are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    Create,
    Update,
}

/// The fields of `input` that this type takes, as it takes them.
pub(super) fn construct(
    api: Api,
    kind: &'static Kind,
    input: &Map<String, Value>,
    write: Write,
) -> Result<Map<String, Value>, Problem> {
    let mut taken = Map::new();
    for (name, sent) in input {
        // rule: norman.dropped-fields
        let Some((name, field)) = kind.fields.get_key_value(name) else { continue };
        if !(if write == Write::Create { field.create } else { field.update }) {
            continue;
        }
        let value = convert(api, &field.of, sent, write).map_err(|problem| at(problem, name))?;
        // A null of a field that has a default and may not be null is no value at all.
        if value.is_null() && !(sent.is_null() && (field.nullable || field.default.is_none())) {
            continue;
        }
        match &value {
            Value::Array(items) => {
                for item in items {
                    if item.is_null() {
                        // rule: norman.null-items
                        let problem =
                            Problem::unprocessable("NotNullable", "Individual array values can not be null");
                        return Err(at(problem, name));
                    }
                    check(name, field, item)?;
                }
            }
            value => check(name, field, value)?,
        }
        taken.insert(name.clone(), value);
    }
    if write == Write::Create {
        for (name, field) in &kind.fields {
            complete(name, field, &mut taken)?;
        }
    }
    Ok(taken)
}

// Defaults first, then what is required.
fn complete(name: &'static str, field: &Field, taken: &mut Map<String, Value>) -> Result<(), Problem> {
    let absent = taken.get(name).is_none_or(|value| value.as_str() == Some(""));
    if let (true, Some(default)) = (absent, &field.default) {
        // rule: norman.defaults
        taken.insert(name.to_owned(), default.clone());
    }
    if field.create && field.required {
        // rule: norman.required
        match taken.get(name) {
            None => return Err(Problem::missing(name)),
            Some(Value::Array(items)) if items.is_empty() => return Err(Problem::missing(name)),
            Some(Value::Null) if field.inside("array").is_some() => return Err(Problem::missing(name)),
            Some(_) => {}
        }
    }
    Ok(())
}

fn at(problem: Problem, name: &'static str) -> Problem {
    Problem { field: Some(problem.field.unwrap_or(name)), ..problem }
}

fn invalid(message: String) -> Problem {
    // rule: norman.invalid-format
    Problem::unprocessable("InvalidFormat", message)
}

// rule: norman.criteria
fn check(name: &'static str, field: &Field, value: &Value) -> Result<(), Problem> {
    let refuse = |code: &'static str| Err(at(Problem::unprocessable(code, ""), name));
    let value = if value.is_null() { field.default.as_ref().unwrap_or(value) } else { value };
    let empty = value.is_null() || value.as_str() == Some("");
    if empty && !field.nullable && field.default.is_none() {
        return refuse("NotNullable");
    }
    if let Some(number) = value.as_i64() {
        if field.min.is_some_and(|min| number < min) {
            return refuse("MinLimitExceeded");
        }
        if field.max.is_some_and(|max| number > max) {
            return refuse("MaxLimitExceeded");
        }
    }
    let text = if empty { String::new() } else { print(value) };
    if !value.is_null() {
        if field.min_length.is_some_and(|min| text.len() < min) {
            return refuse("MinLengthExceeded");
        }
        if field.max_length.is_some_and(|max| text.len() > max) {
            return refuse("MaxLengthExceeded");
        }
    }
    if !field.options.is_empty() && (!empty || !field.nullable) && !field.options.contains(&text) {
        return refuse("InvalidOption");
    }
    let valid = |c: char| field.valid_chars.as_ref().is_none_or(|valid| valid.contains(c));
    let barred = |c: char| field.invalid_chars.as_ref().is_some_and(|barred| barred.contains(c));
    if !empty && text.chars().any(|c| !valid(c) || barred(c)) {
        return refuse("InvalidCharacters");
    }
    Ok(())
}

fn convert(api: Api, of: &str, value: &Value, write: Write) -> Result<Value, Problem> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(of) = inside(of, "map") {
        let Value::Object(map) = value else { return Ok(Value::Null) };
        let pairs = map.iter().map(|(key, value)| Ok((key.clone(), convert(api, of, value, write)?)));
        return pairs.collect::<Result<Map<_, _>, _>>().map(Value::Object);
    }
    if let Some(of) = inside(of, "array") {
        let Value::Array(items) = value else { return Ok(Value::Null) };
        return items.iter().map(|item| convert(api, of, item, write)).collect();
    }
    // What a reference points to is not looked up here.
    // rule: norman.references-unchecked
    if inside(of, "reference").is_some() {
        return Ok(Value::String(text(value)));
    }
    match of {
        "json" => Ok(value.clone()),
        "date" => Ok(Some(text(value)).filter(|text| !text.is_empty()).map_or(Value::Null, Value::String)),
        "boolean" => {
            let yes = matches!(text(value).to_lowercase().as_str(), "true" | "t" | "yes" | "y");
            Ok(Value::Bool(yes))
        }
        "int" => number(value),
        "intOrString" => Ok(number(value).unwrap_or_else(|_| Value::String(text(value)))),
        "dnsLabel" | "dnsLabelRestricted" | "hostname" => label(of, text(value)),
        "string" | "enum" | "password" | "base64" | "reference" => Ok(Value::String(text(value))),
        of => {
            let Some(kind) = nested(api, of) else {
                return Err(Problem::unprocessable("InvalidType", format!("Failed to find type {of}")));
            };
            let Value::Object(fields) = value else {
                return Err(invalid(format!("Value can not be converted to type {of}: {}", print(value))));
            };
            construct(api, kind, fields, write).map(Value::Object)
        }
    }
}

/// A value as text, as Norman takes it: trimmed, numbers and booleans written out.
pub(super) fn text(value: &Value) -> String {
    // rule: norman.coerced
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => print(other),
    }
}

// As Go's `fmt.Sprint` prints it.
fn print(value: &Value) -> String {
    match value {
        Value::Null => "<nil>".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => format!("[{}]", items.iter().map(print).collect::<Vec<_>>().join(" ")),
        Value::Object(map) => {
            let pairs = map.iter().map(|(key, value)| format!("{key}:{}", print(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        other => other.to_string(),
    }
}

fn number(value: &Value) -> Result<Value, Problem> {
    if let Some(whole) = value.as_i64() {
        return Ok(Value::from(whole));
    }
    let text = text(value);
    if text.is_empty() {
        return Ok(Value::from(0));
    }
    let wrong = |_| invalid(format!("strconv.ParseInt: parsing {text:?}: invalid syntax"));
    text.parse::<i64>().map(Value::from).map_err(wrong)
}

// rule: norman.labels
fn label(of: &str, text: String) -> Result<Value, Problem> {
    let part = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        edge(part.chars().next())
            && edge(part.chars().next_back())
            && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let (fits, words) = match of {
        "hostname" => (text.len() <= 253 && text.split('.').all(part), SUBDOMAIN),
        "dnsLabelRestricted" => {
            let begins = text.chars().next().is_some_and(|c| c.is_ascii_lowercase());
            (text.len() <= 63 && begins && part(&text), RESTRICTED)
        }
        _ => (text.len() <= 63 && part(&text), LABEL),
    };
    if fits || text.is_empty() {
        return Ok(Value::String(text));
    }
    Err(invalid(format!("invalid value {text}: {words}")))
}

const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const RESTRICTED: &str = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::norman::kinds::kind;
    use serde_json::json;

    fn create(name: &str, input: Value) -> Result<Value, (String, Option<&'static str>, String)> {
        write(name, input, Write::Create)
    }

    fn write(
        name: &str,
        input: Value,
        write: Write,
    ) -> Result<Value, (String, Option<&'static str>, String)> {
        let kind = kind(name).unwrap();
        let taken = construct(kind.api, kind, input.as_object().unwrap(), write);
        taken.map(Value::Object).map_err(|problem| (problem.code.to_owned(), problem.field, problem.message))
    }

    fn code(name: &str, input: Value) -> (String, Option<&'static str>) {
        let (code, field, _) = create(name, input).unwrap_err();
        (code, field)
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        for (name, input, wanted, field) in [
            ("project", json!({"clusterId": "local"}), "MissingRequired", "name"),
            ("project", json!({"name": "x"}), "MissingRequired", "clusterId"),
            ("setting", json!({"name": "Bad_Name", "value": "1"}), "InvalidFormat", "name"),
            ("roletemplate", json!({"name": "x", "context": "galaxy"}), "InvalidOption", "context"),
            ("roletemplate", json!({"name": "x", "rules": [null]}), "NotNullable", "rules"),
            ("roletemplate", json!({"name": "x", "rules": ["a"]}), "InvalidFormat", "rules"),
            ("token", json!({"ttl": "soon"}), "InvalidFormat", "ttl"),
        ] {
            assert_eq!(code(name, input.clone()), (wanted.to_owned(), Some(field)), "{name} {input}");
        }
    }

    #[test]
    fn numbers_keep_within_their_limits() {
        let field = Field { of: "int".into(), min: Some(1), max: Some(5), ..Field::default() };
        let refused = |value: i64| check("n", &field, &json!(value)).unwrap_err().code;
        assert_eq!((refused(0), refused(6)), ("MinLimitExceeded", "MaxLimitExceeded"));
        assert!(check("n", &field, &json!(5)).is_ok());
        let field =
            Field { of: "string".into(), min_length: Some(2), max_length: Some(3), ..Field::default() };
        let refused = |value: &str| check("s", &field, &json!(value)).unwrap_err().code;
        assert_eq!((refused("a"), refused("abcd")), ("MinLengthExceeded", "MaxLengthExceeded"));
        assert_eq!(refused(""), "NotNullable");
        let barred = Field { nullable: true, valid_chars: Some("ab".into()), ..Field::default() };
        assert_eq!(check("s", &barred, &json!("abc")).unwrap_err().code, "InvalidCharacters");
    }

    #[test]
    fn values_are_coerced_and_the_unknown_is_dropped() {
        let made = create(
            "project",
            json!({"name": 5, "clusterId": " local ", "uuid": "mine", "nosuch": 1, "labels": {"a": true}}),
        );
        assert_eq!(made.unwrap(), json!({"name": "5", "clusterId": "local", "labels": {"a": "true"}}));
        let changed = write("feature", json!({"value": "yes", "name": "other"}), Write::Update);
        assert_eq!(changed.unwrap(), json!({"value": true}), "a name is not updated");
        let cleared = write("project", json!({"description": null}), Write::Update);
        assert_eq!(cleared.unwrap(), json!({"description": null}));
    }

    #[test]
    fn defaults_are_filled_in_on_creation_only() {
        let made = create("roletemplate", json!({"name": "x"})).unwrap();
        assert_eq!((&made["hidden"], &made["builtin"]), (&json!(false), &json!(false)));
        let changed = write("roletemplate", json!({"name": "x"}), Write::Update).unwrap();
        assert_eq!(changed, json!({"name": "x"}));
    }
}
