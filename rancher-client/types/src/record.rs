//! What all generated structs have in common.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

use crate::decode::DecodeError;
use crate::info::TypeInfo;

/// A struct of this crate: every field optional, and what it does not know kept in [`Record::other`].
///
/// Reading loses nothing but nulls: a field that the struct does not know, and a known one whose value does not fit
/// the schema, go to `other` and are written again. A field that is null reads as one that is absent.
///
/// Numbers in `other` are those of [`serde_json`]: whole numbers up to 64 bits keep every digit, larger ones become
/// floats.
pub trait Record:
    Serialize + DeserializeOwned + Clone + Default + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// What the server states of it.
    const INFO: &'static TypeInfo;

    /// The names in JSON of the fields that the struct has.
    const NAMES: &'static [&'static str];

    /// The record of this object. A value that does not fit its field goes to [`other`](Self::other), under its name.
    fn from_object(object: Map<String, Value>) -> Self;

    /// The fields that the struct does not know, and those whose value did not fit the schema.
    fn other(&self) -> &Map<String, Value>;

    /// The same, to change them. A name that the struct has a value for is not written from here.
    fn other_mut(&mut self) -> &mut Map<String, Value>;

    /// Reads a record from JSON, whatever its fields hold. Of a name that stands twice, the last wins.
    ///
    /// Deserializing with serde does the same as long as every known field fits, and fails otherwise.
    ///
    /// # Errors
    ///
    /// The bytes are no JSON, nest deeper than 128 levels, or hold no object. The error shows nothing of them.
    fn decode(json: &[u8]) -> Result<Self, DecodeError> {
        // nearly every object fits, and then nothing is held twice
        match serde_json::from_slice(json) {
            Ok(record) => Ok(record),
            Err(_) => Self::from_value(serde_json::from_slice(json)?),
        }
    }

    /// The same of a value that was read already.
    ///
    /// # Errors
    ///
    /// The value is no object.
    fn from_value(value: Value) -> Result<Self, DecodeError> {
        match value {
            Value::Object(object) => Ok(Self::from_object(object)),
            other => Err(DecodeError::not_an_object(&other)),
        }
    }

    /// The fields of this record, not of the parts in it, whose value did not fit the schema. It is in
    /// [`other`](Self::other).
    fn unfit(&self) -> Vec<&str> {
        self.other().keys().map(String::as_str).filter(|name| Self::NAMES.contains(name)).collect()
    }
}

/// A record that stands alone: it has an id, a collection or methods, links and actions.
pub trait ResourceType: Record {
    /// Its id; nothing before it was created.
    fn id(&self) -> Option<&str>;
    /// Its links by name; none where the server sent none.
    fn links(&self) -> &BTreeMap<String, String>;
    /// The actions that are available now, by name; none where the server sent none.
    fn actions(&self) -> &BTreeMap<String, String>;
}

/// What records without links or actions give.
pub(crate) static NONE: BTreeMap<String, String> = BTreeMap::new();

/// A typed action, such as `cluster::GENERATE_KUBECONFIG`: its name, what it takes and what it answers.
///
/// What the schema does not state is [`Empty`]; a type that it names and does not describe is a [`Value`].
pub struct Action<In, Out> {
    name: &'static str,
    types: std::marker::PhantomData<fn(In) -> Out>,
}

impl<In, Out> Action<In, Out> {
    /// An action of this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: std::marker::PhantomData }
    }

    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

// derived, these would ask the same of `In` and `Out`
impl<In, Out> Clone for Action<In, Out> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<In, Out> Copy for Action<In, Out> {}

impl<In, Out> fmt::Debug for Action<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({})", self.name)
    }
}

/// Nothing: what an action takes that takes nothing, and what one answers of which nothing is stated. It is written as
/// `{}` and read from anything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Empty;

impl Serialize for Empty {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        IgnoredAny::deserialize(deserializer).map(|_| Empty)
    }
}

/// What an action answers.
pub trait Answer: Sized {
    /// Reads it from the body of the answer.
    ///
    /// # Errors
    ///
    /// The body is no such object. The error shows nothing of it.
    fn from_body(body: &[u8]) -> Result<Self, DecodeError>;
}

impl<R: Record> Answer for R {
    fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        // some actions answer with nothing where the schema states an object
        if body.is_empty() { Ok(Self::default()) } else { Self::decode(body) }
    }
}

impl Answer for Empty {
    fn from_body(_: &[u8]) -> Result<Self, DecodeError> {
        Ok(Self)
    }
}
