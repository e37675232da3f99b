//! Checks objects against what the server states of their type, before they are sent.

use rancher_types::info::{FieldInfo, FieldType, TypeInfo};
use serde_json::{Map, Value};

use super::id::check_id;
use crate::error::{Error, Result};
use crate::wire::{ClusterId, PrincipalId, ProjectId, is_dns_label};

/// What a name of Kubernetes can have at most, with its dots.
const LONGEST_HOSTNAME: usize = 253;

/// The fields around an object, which the server makes itself and drops in silence.
const ENVELOPE: [&str; 5] = ["id", "type", "baseType", "links", "actions"];

/// For what the object is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    Creation,
    Update,
    /// An object inside another, or what an action takes.
    Part,
}

/// Checks an object that shall be created, and takes away what the server makes itself.
pub(crate) fn creation(info: &'static TypeInfo, object: &mut Map<String, Value>) -> Result<()> {
    object.retain(|name, value| !ENVELOPE.contains(&name.as_str()) && !value.is_null());
    let mut problems = Problems::default();
    fields(info, object, For::Creation, "", &mut problems);
    quota(info, object, &mut problems);
    problems.told(info, "created")
}

/// Checks what changed of an object. `after` is the object as it shall be.
pub(crate) fn update(
    info: &'static TypeInfo,
    changes: &Map<String, Value>,
    after: &Map<String, Value>,
) -> Result<()> {
    let mut problems = Problems::default();
    fields(info, changes, For::Update, "", &mut problems);
    if changes.keys().any(|name| name.to_lowercase().contains("quota")) {
        quota(info, after, &mut problems);
    }
    problems.told(info, "updated")
}

/// Checks what an action takes.
pub(crate) fn input(info: &'static TypeInfo, object: &Map<String, Value>) -> Result<()> {
    let mut problems = Problems::default();
    fields(info, object, For::Part, "", &mut problems);
    problems.told(info, "sent")
}

#[derive(Default)]
struct Problems(Vec<(String, String)>);

impl Problems {
    fn add(&mut self, path: &str, problem: impl Into<String>) {
        self.0.push((path.to_owned(), problem.into()));
    }

    fn told(self, info: &'static TypeInfo, verb: &str) -> Result<()> {
        let Some((field, _)) = self.0.first() else { return Ok(()) };
        let field = field.clone();
        let all: Vec<String> = self.0.iter().map(|(path, problem)| format!("{path}: {problem}")).collect();
        let what = match all.len() {
            1 => String::new(),
            more => format!("{more} fields are wrong: "),
        };
        Err(Error::invalid(format!("nothing was sent: the {} cannot be {verb}: {what}{}", info.id, all.join("; ")),
            "this is what the server states of the type; a newer server may take more: then use the resource unchecked",
        )
        .with_field(field))
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn fields(
    info: &'static TypeInfo,
    object: &Map<String, Value>,
    purpose: For,
    path: &str,
    problems: &mut Problems,
) {
    for (name, value) in object {
        // newer servers know more fields; whether one was taken, their answer says
        let Some(field) = info.field(name) else { continue };
        let path = join(path, name);
        match purpose {
            For::Creation if !field.create => {
                problems.add(&path, "the server sets it");
                continue;
            }
            For::Update if !field.update => {
                let why = if field.create {
                    "it cannot be changed after the creation; delete the object and create another"
                } else {
                    "the server sets it"
                };
                problems.add(&path, why);
                continue;
            }
            _ => {}
        }
        if value.is_null() {
            if purpose == For::Update && !field.nullable && field.default.is_none() {
                problems.add(&path, "it cannot be cleared");
            }
            continue;
        }
        check_value(field, &field.ty, value, &path, problems);
    }
    if purpose == For::Creation || (purpose == For::Part) {
        for field in info.fields.iter().filter(|field| field.required && field.default.is_none()) {
            let missing = match object.get(field.name) {
                None | Some(Value::Null) => true,
                Some(Value::String(text)) => text.is_empty(),
                Some(Value::Array(items)) => items.is_empty(),
                Some(_) => false,
            };
            if missing && (purpose == For::Creation || path.is_empty()) {
                problems.add(&join(path, field.name), "it is required");
            }
        }
    }
}

fn check_value(field: &FieldInfo, ty: &FieldType, value: &Value, path: &str, problems: &mut Problems) {
    match (ty, value) {
        (_, Value::Null) | (FieldType::Json, _) => {}
        (FieldType::Array(element), Value::Array(items)) => {
            for (at, item) in items.iter().enumerate() {
                check_value(field, element, item, &format!("{path}[{at}]"), problems);
            }
        }
        (FieldType::Array(_), _) => problems.add(path, "a list belongs here"),
        (FieldType::Map(element), Value::Object(entries)) => {
            for (name, entry) in entries {
                check_value(field, element, entry, &format!("{path}[{name:?}]"), problems);
            }
        }
        (FieldType::Map(_), _) => problems.add(path, "names and values belong here"),
        (FieldType::Struct(info), Value::Object(object)) => fields(info, object, For::Part, path, problems),
        (FieldType::Struct(info), _) => problems.add(path, format!("a {} belongs here", info.id)),
        (_, Value::Array(_) | Value::Object(_)) => problems.add(path, "a single value belongs here"),
        (FieldType::Int | FieldType::Float, value) => check_number(field, ty, value, path, problems),
        (FieldType::Boolean, Value::Bool(_)) => {}
        (FieldType::Boolean, Value::String(text)) if text == "true" || text == "false" => {}
        (FieldType::Boolean, _) => problems.add(path, "true or false belongs here"),
        (ty, Value::String(text)) => check_text(field, ty, text, path, problems),
        // recorded: a number where a text belongs is taken as the text of it
        (_, Value::Number(_) | Value::Bool(_)) => {}
    }
}

fn check_number(field: &FieldInfo, ty: &FieldType, value: &Value, path: &str, problems: &mut Problems) {
    let number = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.parse::<f64>().ok(),
        _ => None,
    };
    let Some(number) = number else { return problems.add(path, "a number belongs here") };
    if matches!(ty, FieldType::Int) && number.fract() != 0.0 {
        problems.add(path, "a whole number belongs here");
    }
    if let Some(min) = field.min
        && number < min as f64
    {
        problems.add(path, format!("{min} is the least"));
    }
    if let Some(max) = field.max
        && number > max as f64
    {
        problems.add(path, format!("{max} is the greatest"));
    }
}

fn check_text(field: &FieldInfo, ty: &FieldType, text: &str, path: &str, problems: &mut Problems) {
    let nothing = text.is_empty() && field.nullable;
    if !(field.options.is_empty() || field.options.contains(&text) || nothing) {
        problems.add(path, format!("it is none of {}", field.options.join(", ")));
    }
    let length = text.chars().count();
    if let Some(min) = field.min_length
        && length < min as usize
    {
        problems.add(path, format!("it has less than {min} characters"));
    }
    if let Some(max) = field.max_length
        && length > max as usize
    {
        problems.add(path, format!("it has more than {max} characters"));
    }
    if let Some(class) = field.valid_chars
        && !text.chars().all(|c| in_class(class, c))
    {
        problems.add(path, format!("it takes only the characters {class}"));
    }
    if let Some(class) = field.invalid_chars
        && text.chars().any(|c| in_class(class, c))
    {
        problems.add(path, format!("it does not take the characters {class}"));
    }
    if text.is_empty() {
        return;
    }
    match ty {
        FieldType::DnsLabel if !is_dns_label(text) => {
            problems.add(path, "lower-case letters, digits and hyphens, 1 to 63, belong here");
        }
        FieldType::DnsLabelRestricted
            if !is_dns_label(text) || !text.starts_with(|c: char| c.is_ascii_lowercase()) =>
        {
            problems
                .add(path, "lower-case letters, digits and hyphens, 1 to 63, a letter first, belong here");
        }
        FieldType::Hostname
            if text.len() > LONGEST_HOSTNAME || !text.split('.').all(is_label_of_any_length) =>
        {
            problems.add(path, "a host name belongs here");
        }
        FieldType::Reference(to) => check_reference(to, text, path, problems),
        _ => {}
    }
}

fn check_reference(to: &str, id: &str, path: &str, problems: &mut Problems) {
    // recorded: references can be full paths, `/v3/schemas/user`
    let to = to.rsplit('/').next().unwrap_or(to);
    let problem = match to {
        "cluster" => ClusterId::new(id).err().map(|error| error.to_string()),
        "project" => id.parse::<ProjectId>().err().map(|error| error.to_string()),
        "principal" => id.parse::<PrincipalId>().err().map(|error| error.to_string()),
        _ => check_id(None, to, id).err().map(|error| error.summary().to_owned()),
    };
    if let Some(problem) = problem {
        problems.add(path, problem);
    }
}

/// Kubernetes checks names with dots as a whole: a label of them may have more than 63 characters.
fn is_label_of_any_length(label: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    edge(label.chars().next())
        && edge(label.chars().last())
        && label.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Whether a character is in a class such as `a-z0-9_`.
fn in_class(class: &str, c: char) -> bool {
    let mut class = class.chars().peekable();
    while let Some(from) = class.next() {
        let mut rest = class.clone();
        if rest.next() == Some('-')
            && let Some(to) = rest.next()
        {
            class = rest;
            if (from..=to).contains(&c) {
                return true;
            }
        } else if from == c {
            return true;
        }
    }
    false
}

/// The type of a field within a field.
fn part(field: &FieldInfo, name: &str) -> Option<&'static TypeInfo> {
    let FieldType::Struct(info) = field.ty else { return None };
    match info.field(name)?.ty {
        FieldType::Struct(part) => Some(part),
        _ => None,
    }
}

/// A project's quota and the default of its namespaces come together and name the same resources (recorded: errors,
/// `quota without namespace default`; workflows, differing keys).
fn quota(info: &'static TypeInfo, object: &Map<String, Value>, problems: &mut Problems) {
    if info.id != "project" {
        return;
    }
    for field in ["resourceQuota", "namespaceDefaultResourceQuota"] {
        let stated = info.field(field).and_then(|quota| part(quota, "limit"));
        let limit = object.get(field).and_then(|quota| quota.get("limit")).and_then(Value::as_object);
        let (Some(stated), Some(limit)) = (stated, limit) else { continue };
        for key in limit.keys().filter(|key| *key != "type" && stated.field(key).is_none()) {
            let known: Vec<&str> = stated.fields.iter().map(|field| field.name).collect();
            problems.add(
                &format!("{field}.limit.{key}"),
                format!(
                    "quotas know no such resource, and the server would ignore it; they know {}",
                    known.join(", ")
                ),
            );
        }
    }
    let keys = |field: &str| -> Option<Vec<&String>> {
        let limit = object.get(field)?.get("limit")?.as_object()?;
        let set = limit.iter().filter(|(name, value)| *name != "type" && !value.is_null());
        Some(set.map(|(name, _)| name).collect::<Vec<_>>()).filter(|keys| !keys.is_empty())
    };
    match (keys("resourceQuota"), keys("namespaceDefaultResourceQuota")) {
        (None, None) => {}
        (Some(_), None) => problems.add(
            "namespaceDefaultResourceQuota",
            "it is required beside resourceQuota: every namespace gets it",
        ),
        (None, Some(_)) => {
            problems.add("resourceQuota", "it is required beside namespaceDefaultResourceQuota");
        }
        (Some(project), Some(default)) => {
            for (keys, others, field) in
                [(&project, &default, "namespaceDefaultResourceQuota"), (&default, &project, "resourceQuota")]
            {
                for key in keys.iter().filter(|key| !others.contains(key)) {
                    problems.add(
                        &format!("{field}.limit.{key}"),
                        "it is required: the quota of the project and the default of its namespaces name the same \
                         resources",
                    );
                }
            }
        }
    }
}
