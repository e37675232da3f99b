//! Reading the wanted fields of an object.

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

use super::path::Step;

/// The wanted paths as a tree: what is wanted at this place, and below it.
///
/// What is not wanted is skipped and never built; what is wanted is a slice of the text. An object on the way to
/// something wanted is skipped through once more, which costs less than a tree of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// Where the value goes, if it is wanted itself: to each of these columns.
    columns: Vec<usize>,
    fields: BTreeMap<String, Node>,
    items: BTreeMap<usize, Node>,
}

impl Node {
    /// Adds a path whose value goes to a column.
    pub(super) fn add(&mut self, steps: &[Step], column: usize) {
        let Some((first, rest)) = steps.split_first() else {
            self.columns.push(column);
            return;
        };
        match first {
            Step::Field(name) => self.fields.entry(name.clone()).or_default().add(rest, column),
            Step::Item(at) => self.items.entry(*at).or_default().add(rest, column),
        }
    }

    /// Reads what is wanted of a value. `found` has a place for each column.
    ///
    /// # Errors
    /// The text is no JSON.
    pub(super) fn read<'de>(
        &self,
        value: &'de RawValue,
        found: &mut [Option<&'de RawValue>],
    ) -> Result<(), serde_json::Error> {
        for column in &self.columns {
            if let Some(place) = found.get_mut(*column) {
                *place = Some(value);
            }
        }
        let mut reader = serde_json::Deserializer::from_str(value.get());
        match value.get().as_bytes().first() {
            Some(b'{') if !self.fields.is_empty() => reader.deserialize_map(Inside { node: self, found }),
            Some(b'[') if !self.items.is_empty() => reader.deserialize_seq(Inside { node: self, found }),
            _ => Ok(()),
        }
    }

    /// Forgets what was found here and below: of a field that stands twice, the last counts.
    fn forget(&self, found: &mut [Option<&RawValue>]) {
        for column in &self.columns {
            if let Some(place) = found.get_mut(*column) {
                *place = None;
            }
        }
        self.fields.values().chain(self.items.values()).for_each(|node| node.forget(found));
    }
}

struct Inside<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut [Option<&'de RawValue>],
}

impl<'de> Visitor<'de> for Inside<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(child) = map.next_key_seed(ChildOf(self.node))? {
            match child {
                Some(child) => {
                    let value = map.next_value::<&'de RawValue>()?;
                    child.forget(self.found);
                    child.read(value, self.found).map_err(A::Error::custom)?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        for at in 0_usize.. {
            match self.node.items.get(&at) {
                Some(child) => {
                    let Some(value) = seq.next_element::<&'de RawValue>()? else { break };
                    child.read(value, self.found).map_err(A::Error::custom)?;
                }
                None => {
                    if seq.next_element::<IgnoredAny>()?.is_none() {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// Looks the name of a field up without keeping it.
struct ChildOf<'n>(&'n Node);

impl<'de, 'n> DeserializeSeed<'de> for ChildOf<'n> {
    type Value = Option<&'n Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'n> Visitor<'_> for ChildOf<'n> {
    type Value = Option<&'n Node>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.fields.get(name))
    }
}
