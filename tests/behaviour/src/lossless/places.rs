//! Where a document is changed, and whether that changed anything else.

use rancher_types::info::{FieldType, TypeInfo};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;

/// A step into a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Field(String),
    Item(usize),
}

/// One value that becomes another.
pub(super) struct Change {
    pub(super) steps: Vec<Step>,
    pub(super) to: Value,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// A text at the top.
    Text,
    /// A text in a struct or map.
    Nested,
    /// A text in a list, or in an element of one.
    Element,
    /// An enum becomes a value that the schema does not state.
    Enum,
    /// A whole number becomes one beyond 2^53, where floats end.
    Wide,
    /// A value becomes null.
    Null,
    /// An entry of a map goes.
    Removed,
    /// What is null becomes a value.
    Filled,
    /// A field that was not there is set.
    Added,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at", self.kind)?;
        for step in &self.steps {
            match step {
                Step::Field(name) => write!(f, " {name}")?,
                Step::Item(at) => write!(f, " {at}")?,
            }
        }
        Ok(())
    }
}

const WIDE: i64 = 9_007_199_254_740_993;

/// What is changed in a document: of each kind, the first and the last place that it has.
pub(super) fn changes(document: &Value, info: Option<&TypeInfo>) -> Vec<Change> {
    let mut found = BTreeMap::new();
    visit(document, Holds::Struct(info), Kind::Null, &mut Vec::new(), &mut found);
    for field in info.map_or(&[] as &[_], |info| info.fields) {
        let value = match field.ty {
            FieldType::Enum => json!("addedLater"),
            FieldType::Int => json!(WIDE),
            FieldType::String => json!("added"),
            _ => continue,
        };
        if document.get(field.name).is_none() {
            add(&mut found, Kind::Added, &[Step::Field(field.name.to_owned())], value);
        }
    }
    let mut changes = Vec::new();
    for (kind, places) in found {
        let mut places: std::collections::VecDeque<_> = places.into();
        for (steps, to) in places.pop_front().into_iter().chain(places.pop_back()) {
            changes.push(Change { steps, to, kind });
        }
    }
    changes
}

type Found = BTreeMap<Kind, Vec<(Vec<Step>, Value)>>;

fn add(found: &mut Found, kind: Kind, steps: &[Step], to: Value) {
    found.entry(kind).or_default().push((steps.to_vec(), to));
}

/// What a value is said to be.
#[derive(Clone, Copy)]
enum Holds<'i> {
    Struct(Option<&'i TypeInfo>),
    Type(&'i FieldType),
    /// Nothing is said.
    Anything,
}

impl<'i> Holds<'i> {
    fn of(ty: Option<&'i FieldType>) -> Self {
        match ty {
            Some(FieldType::Struct(info)) => Holds::Struct(Some(info)),
            Some(ty) => Holds::Type(ty),
            None => Holds::Anything,
        }
    }

    fn field(self, name: &str) -> Self {
        match self {
            Holds::Struct(Some(info)) => Holds::of(info.field(name).map(|field| &field.ty)),
            Holds::Type(FieldType::Map(inner)) => Holds::of(Some(inner)),
            _ => Holds::Anything,
        }
    }

    fn item(self) -> Self {
        match self {
            Holds::Type(FieldType::Array(inner)) => Holds::of(Some(inner)),
            _ => Holds::Anything,
        }
    }
}

fn visit(value: &Value, holds: Holds<'_>, going: Kind, steps: &mut Vec<Step>, found: &mut Found) {
    let in_list = steps.iter().any(|step| matches!(step, Step::Item(_)));
    let in_field = matches!(steps.last(), Some(Step::Field(_)));
    match value {
        Value::String(_) => {
            let kind = match (in_list, steps.len()) {
                (true, _) => Kind::Element,
                (_, 1) => Kind::Text,
                _ => Kind::Nested,
            };
            add(found, kind, steps, json!("changed: é \" \\ \u{1f600}"));
            if matches!(holds, Holds::Type(FieldType::Enum)) {
                add(found, Kind::Enum, steps, json!("addedLaterStill"));
            }
        }
        Value::Number(_) => add(found, Kind::Wide, steps, json!(WIDE)),
        Value::Null if in_field => {
            let to = match holds {
                Holds::Type(FieldType::Int) => json!(WIDE),
                Holds::Type(FieldType::Boolean) => json!(true),
                Holds::Type(FieldType::Array(_)) => json!([]),
                Holds::Type(FieldType::Map(_)) | Holds::Struct(_) => json!({}),
                _ => json!("filled"),
            };
            add(found, Kind::Filled, steps, to);
        }
        _ => {}
    }
    if in_field && !value.is_null() {
        add(found, going, steps, Value::Null);
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                steps.push(Step::Field(name.clone()));
                // a map of structs has no place for null
                let going =
                    if matches!(holds, Holds::Type(FieldType::Map(_))) { Kind::Removed } else { Kind::Null };
                visit(value, holds.field(name), going, steps, found);
                steps.pop();
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                steps.push(Step::Item(at));
                visit(value, holds.item(), Kind::Null, steps, found);
                steps.pop();
            }
        }
        _ => {}
    }
}

impl Change {
    pub(super) fn make(&self, document: &mut Value) {
        let mut value = document;
        for (at, step) in self.steps.iter().enumerate() {
            if let (Kind::Removed, Step::Field(name)) = (self.kind, step)
                && at + 1 == self.steps.len()
            {
                value.as_object_mut().unwrap().remove(name);
                return;
            }
            value = match step {
                Step::Field(name) => &mut value[name.as_str()],
                Step::Item(at) => &mut value[*at],
            };
        }
        *value = self.to.clone();
    }

    fn before<'v>(&self, document: &'v Value) -> Option<&'v Value> {
        self.steps.iter().try_fold(document, |value, step| match step {
            Step::Field(name) => value.get(name),
            Step::Item(at) => value.get(*at),
        })
    }

    /// Whether one stretch of the text is another, not longer than the field that changed, and nothing else.
    pub(super) fn touched_alone(&self, raw: &[u8], edited: &[u8], document: &Value) -> Result<(), String> {
        let same_start = raw.iter().zip(edited).take_while(|(a, b)| a == b).count();
        let rest = raw.len().min(edited.len()) - same_start;
        let same_end =
            raw.iter().rev().zip(edited.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
        let (old, new) = (raw.len() - same_start - same_end, edited.len() - same_start - same_end);
        // `,"name":value`; how the generated objects spell a value differs by a few bytes from how it is printed
        let name = self.steps.iter().rev().find_map(|step| match step {
            Step::Field(name) => Some(name.len() + 4),
            Step::Item(_) => None,
        });
        let spelled = |value: Option<&Value>| value.map_or(0, |value| value.to_string().len());
        let before = spelled(self.before(document));
        let most_old = before + before / 2 + name.unwrap_or(0) + 8;
        let most_new = spelled(Some(&self.to)) + name.unwrap_or(0);
        if old > most_old || new > most_new {
            return Err(format!("{old} bytes became {new}, where at most {most_old} and {most_new} should"));
        }
        Ok(())
    }
}
