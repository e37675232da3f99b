//! How records are read and written: once, for all of them.

use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;

use crate::Record;

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

/// What `record!` writes of a struct, and all that differs between two. Both methods are small for each field: the
/// time to compile the crate is that of these, some four thousand times.
pub(crate) trait Table: Record {
    /// Its name in Rust.
    const NAME: &'static str;

    /// Gives the field of this name what is there to take; false if there is no such field.
    fn fill<F: Source>(&mut self, name: &str, from: &mut F) -> Result<bool, F::Error>;

    /// Puts every field.
    fn list<S: Sink>(&self, to: &mut S);
}

/// Where the value of a field comes from.
pub(crate) trait Source {
    type Error;

    /// Sets the field. True, so that it ends [`Table::fill`].
    fn take<T: DeserializeOwned + Fit>(&mut self, slot: &mut Option<T>) -> Result<bool, Self::Error>;
}

/// What fields are put to.
pub(crate) trait Sink {
    fn put<T: Serialize>(&mut self, name: &'static str, slot: &Option<T>);
}

/// A type of a field: read from a value that may be anything.
pub(crate) trait Fit: Sized {
    /// Nothing, if the value does not fit. Parts of a record always fit, as long as they are objects.
    fn fit(value: &Value) -> Option<Self>;
}

/// From JSON, as it is read.
struct Reader<'m, 'de, A> {
    map: &'m mut A,
    lifetime: PhantomData<&'de ()>,
}

impl<'de, A: MapAccess<'de>> Source for Reader<'_, 'de, A> {
    type Error = A::Error;

    fn take<T: DeserializeOwned + Fit>(&mut self, slot: &mut Option<T>) -> Result<bool, A::Error> {
        *slot = self.map.next_value()?;
        Ok(true)
    }
}

/// From a value that may not fit.
struct Offer<'v> {
    value: &'v Value,
    fits: bool,
}

impl Source for Offer<'_> {
    type Error = Infallible;

    fn take<T: DeserializeOwned + Fit>(&mut self, slot: &mut Option<T>) -> Result<bool, Infallible> {
        *slot = T::fit(self.value);
        self.fits = slot.is_some() || self.value.is_null();
        Ok(true)
    }
}

/// To JSON. The first error stays.
struct Writer<'m, S: SerializeMap> {
    map: &'m mut S,
    done: Result<(), S::Error>,
}

impl<S: SerializeMap> Sink for Writer<'_, S> {
    fn put<T: Serialize>(&mut self, name: &'static str, slot: &Option<T>) {
        if let (Some(value), Ok(())) = (slot, &self.done) {
            self.done = self.map.serialize_entry(name, value);
        }
    }
}

/// The names of the fields that are set.
struct Names(Vec<&'static str>);

impl Names {
    fn of<T: Table>(record: &T) -> Vec<&'static str> {
        let mut names = Names(Vec::new());
        record.list(&mut names);
        names.0
    }
}

impl Sink for Names {
    fn put<T: Serialize>(&mut self, name: &'static str, slot: &Option<T>) {
        if slot.is_some() {
            self.0.push(name);
        }
    }
}

pub(crate) fn from_object<T: Table>(object: Map<String, Value>) -> T {
    let mut record = T::default();
    for (name, value) in object {
        let mut offer = Offer { value: &value, fits: false };
        let Ok(_) = record.fill(&name, &mut offer);
        if !offer.fits {
            record.other_mut().insert(name, value);
        }
    }
    record
}

pub(crate) fn serialize<T: Table, S: Serializer>(record: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    let mut writer = Writer { map: &mut map, done: Ok(()) };
    record.list(&mut writer);
    writer.done?;
    if !record.other().is_empty() {
        // a value that did not fit is outdone by one that was set since
        let set = Names::of(record);
        for (name, value) in record.other() {
            if !set.contains(&name.as_str()) {
                map.serialize_entry(name, value)?;
            }
        }
    }
    map.end()
}

pub(crate) fn debug<T: Table>(record: &T, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut names: Vec<&str> = Names::of(record);
    names.extend(record.other().keys().map(String::as_str));
    write!(f, "{} {{ {} }}", T::NAME, names.join(", "))
}

pub(crate) fn deserialize<'de, T: Table, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_map(TableVisitor(PhantomData))
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
            let mut reader = Reader { map: &mut map, lifetime: PhantomData };
            let known = record.fill(&name, &mut reader).map_err(|_| {
                A::Error::custom(format_args!("`{name}` of {} does not fit its type", T::NAME))
            })?;
            if !known {
                let value = map.next_value()?;
                record.other_mut().insert(name.into_owned(), value);
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
