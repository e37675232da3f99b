//! How records are read and written: once, for all of them.

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

/// A record that could not be read.
///
/// It tells where, never what: the bytes can hold secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    NotJson { line: usize, column: usize },
    CutOff,
    NotAnObject(&'static str),
}

impl DecodeError {
    pub(crate) fn not_an_object(value: &Value) -> Self {
        let kind = match value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a text",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        Self { what: What::NotAnObject(kind) }
    }
}

impl From<serde_json::Error> for DecodeError {
    fn from(error: serde_json::Error) -> Self {
        let what = match error.classify() {
            serde_json::error::Category::Eof => What::CutOff,
            _ => What::NotJson { line: error.line(), column: error.column() },
        };
        Self { what }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.what {
            What::NotJson { line, column } => {
                write!(f, "not JSON, or nested too deep, at line {line}, column {column}")
            }
            What::CutOff => f.write_str("the JSON ends too early"),
            What::NotAnObject(kind) => write!(f, "expected a JSON object, found {kind}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// What `record!` writes of a struct, and all that differs between two.
pub(crate) trait Table: Default {
    /// Its name in Rust.
    const NAME: &'static str;

    /// Reads the value of the field of this name; false, and nothing read, if there is none.
    fn read<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Takes the value of the field of this name.
    fn fit(&mut self, name: &str, value: &Value) -> Fitted;

    /// Writes the fields that are set.
    fn write<S: SerializeMap>(&self, map: &mut S) -> Result<(), S::Error>;

    /// Names the fields that are set.
    fn each_set(&self, each: &mut dyn FnMut(&'static str));

    /// What the struct does not know.
    fn rest(&self) -> &Map<String, Value>;

    /// The same, to change it.
    fn rest_mut(&mut self) -> &mut Map<String, Value>;
}

/// What became of a value that was offered to a field.
pub(crate) enum Fitted {
    Taken,
    Unfit,
    Unknown,
}

/// A type of a field: read from a value that may be anything.
pub(crate) trait Fit: Sized {
    /// Nothing, if the value does not fit. Parts of a record always fit, as long as they are objects.
    fn fit(value: &Value) -> Option<Self>;
}

/// Sets a field from a value.
pub(crate) fn offer<T: Fit>(slot: &mut Option<T>, value: &Value) -> Fitted {
    if value.is_null() {
        *slot = None;
        return Fitted::Taken;
    }
    match T::fit(value) {
        Some(fitted) => {
            *slot = Some(fitted);
            Fitted::Taken
        }
        None => Fitted::Unfit,
    }
}

/// Writes a field that is set.
pub(crate) fn put<S: SerializeMap, T: Serialize>(
    map: &mut S,
    name: &'static str,
    slot: &Option<T>,
) -> Result<(), S::Error> {
    match slot {
        Some(value) => map.serialize_entry(name, value),
        None => Ok(()),
    }
}

pub(crate) fn from_object<T: Table>(object: Map<String, Value>) -> T {
    let mut record = T::default();
    for (name, value) in object {
        match record.fit(&name, &value) {
            Fitted::Taken => {}
            Fitted::Unfit | Fitted::Unknown => {
                record.rest_mut().insert(name, value);
            }
        }
    }
    record
}

pub(crate) fn serialize<T: Table, S: Serializer>(record: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    record.write(&mut map)?;
    if !record.rest().is_empty() {
        // a value that did not fit is outdone by one that was set since
        let mut set = Vec::new();
        record.each_set(&mut |name| set.push(name));
        for (name, value) in record.rest() {
            if !set.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
    }
    map.end()
}

pub(crate) fn deserialize<'de, T: Table, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(TableVisitor(PhantomData))
}

pub(crate) fn debug<T: Table>(record: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut names = Vec::new();
    record.each_set(&mut |name| names.push(name));
    names.extend(record.rest().keys().map(String::as_str));
    write!(f, "{} {{ {} }}", T::NAME, names.join(", "))
}

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: Table> Visitor<'de> for TableVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object for {}", T::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut record = T::default();
        while let Some(Name(name)) = map.next_key()? {
            // serde's own text shows the value, which can be a secret in the wrong place
            let known = record.read(&name, &mut map).map_err(|_| {
                A::Error::custom(format_args!("`{name}` of {} does not fit its type", T::NAME))
            })?;
            if !known {
                let value = map.next_value()?;
                record.rest_mut().insert(name.into_owned(), value);
            }
        }
        Ok(record)
    }
}

/// A name, without a copy where the JSON has it in one piece.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Name<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Owned(name.to_owned())))
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
        Ok(Name(Cow::Borrowed(name)))
    }
}

impl Fit for String {
    fn fit(value: &Value) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Fit for bool {
    fn fit(value: &Value) -> Option<Self> {
        value.as_bool()
    }
}

impl Fit for i64 {
    fn fit(value: &Value) -> Option<Self> {
        value.as_i64()
    }
}

impl Fit for f64 {
    fn fit(value: &Value) -> Option<Self> {
        value.as_f64()
    }
}

impl Fit for Value {
    fn fit(value: &Value) -> Option<Self> {
        Some(value.clone())
    }
}

impl<T: Fit> Fit for Box<T> {
    fn fit(value: &Value) -> Option<Self> {
        T::fit(value).map(Box::new)
    }
}

impl<T: Fit> Fit for Vec<T> {
    fn fit(value: &Value) -> Option<Self> {
        value.as_array()?.iter().map(T::fit).collect()
    }
}

impl<T: Fit> Fit for BTreeMap<String, T> {
    fn fit(value: &Value) -> Option<Self> {
        value.as_object()?.iter().map(|(name, value)| Some((name.clone(), T::fit(value)?))).collect()
    }
}
