//! Writes a changed value into the text that it stood in.

use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::text::Level;
use super::{Change, Item};
use crate::wire::document::InvalidDocument;

/// Where in a document we are, for errors and for those who ask what changed.
#[derive(Default)]
pub(super) struct Place(Vec<Step>);

enum Step {
    Field(String),
    Item(usize),
}

impl Place {
    pub(super) fn field(&mut self, name: &str) {
        self.0.push(Step::Field(name.to_owned()));
    }

    pub(super) fn item(&mut self, at: usize) {
        self.0.push(Step::Item(at));
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("the top");
        }
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Item(item) => write!(f, "[{item}]")?,
                Step::Field(name) if name.is_empty() || name.contains(['.', '[', '"']) => {
                    write!(f, "[{name:?}]")?
                }
                Step::Field(name) if at == 0 => f.write_str(name)?,
                Step::Field(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

/// Writes `text`, which is one JSON value, changed.
pub(super) fn write(
    out: &mut String,
    text: &str,
    change: &Change,
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    match change {
        Change::Set(value) => write_value(out, value),
        // whoever holds the field leaves it out; a document that is gone is null
        Change::Remove => write_value(out, &Value::Null),
        Change::Fields(fields) => write_fields(out, text, fields, place),
        Change::Items { before, after } => write_items(out, text, *before, after, place),
    }
}

pub(super) fn write_value(out: &mut String, value: &Value) -> Result<(), InvalidDocument> {
    out.push_str(&serde_json::to_string(value).map_err(InvalidDocument::unwritable)?);
    Ok(())
}

pub(super) fn write_name(out: &mut String, name: &str) -> Result<(), InvalidDocument> {
    out.push_str(&serde_json::to_string(name).map_err(InvalidDocument::unwritable)?);
    out.push(':');
    Ok(())
}

/// The text as an object; nothing and null are an empty one, since a struct can read them so.
pub(super) fn as_object<'a>(text: &'a str, place: &Place) -> Result<&'a str, InvalidDocument> {
    match text.bytes().next() {
        Some(b'{') => Ok(text),
        None | Some(b'n') => Ok("{}"),
        Some(first) => Err(InvalidDocument::other_form(place.to_string(), kind(first))),
    }
}

fn kind(first: u8) -> &'static str {
    match first {
        b'{' => "an object",
        b'[' => "an array",
        b'"' => "a text",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

fn write_fields(
    out: &mut String,
    text: &str,
    fields: &BTreeMap<String, Change>,
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    let level = Level::object(as_object(text, place)?)?;
    // of a field that stands twice the last one counts
    let mut counts: HashMap<&str, usize> = HashMap::with_capacity(fields.len());
    for (at, member) in level.members.iter().enumerate() {
        if fields.contains_key(&member.name) {
            counts.insert(&member.name, at);
        }
    }
    out.push_str(level.head());
    let mut first = true;
    for (at, member) in level.members.iter().enumerate() {
        let change = fields.get(&member.name);
        if matches!(change, Some(Change::Remove)) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push_str(level.separator(Some(at)));
        }
        out.push_str(level.lead(at, member.value));
        match change {
            Some(change) if counts.get(member.name.as_str()) == Some(&at) => {
                place.field(&member.name);
                write(out, member.value, change, place)?;
                place.leave();
            }
            _ => out.push_str(member.value),
        }
    }
    for (name, change) in fields {
        if counts.contains_key(name.as_str()) || matches!(change, Change::Remove) {
            continue;
        }
        if !std::mem::take(&mut first) {
            out.push_str(level.separator(None));
        }
        write_name(out, name)?;
        place.field(name);
        write(out, "", change, place)?;
        place.leave();
    }
    out.push_str(level.tail());
    Ok(())
}

fn write_items(
    out: &mut String,
    text: &str,
    before: usize,
    after: &[Item],
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    let anew = after.iter().all(|item| matches!(item, Item::New(_)));
    let text = match text.bytes().next() {
        Some(b'[') => text,
        None | Some(b'n') => "[]",
        Some(_) if anew => "[]",
        Some(first) => return Err(InvalidDocument::other_form(place.to_string(), kind(first))),
    };
    let level = Level::array(text)?;
    if level.members.len() != before && !anew {
        return Err(InvalidDocument::other_form(place.to_string(), "an array of another length"));
    }
    out.push_str(level.head());
    for (at, item) in after.iter().enumerate() {
        let from = match item {
            Item::Same(from) | Item::Changed(from, _) => Some(*from),
            Item::New(_) => None,
        };
        if at > 0 {
            out.push_str(level.separator(from.or(Some(at))));
        }
        let old = from.and_then(|from| level.members.get(from)).copied().unwrap_or_default();
        match item {
            Item::Same(_) => out.push_str(old),
            Item::Changed(_, change) => {
                place.item(at);
                write(out, old, change, place)?;
                place.leave();
            }
            Item::New(value) => write_value(out, value)?,
        }
    }
    out.push_str(level.tail());
    Ok(())
}
