//! Reading the wanted fields of an object.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt;

use super::path::Step;

/// The wanted paths as a tree: what is wanted at this place, and below it.
///
/// What is not wanted is skipped and never built; what is wanted is a slice of the text.
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

    /// Reads what is wanted of an object, in one pass. `found` has a place for each column.
    ///
    /// # Errors
    /// The text is no JSON.
    pub(super) fn read<'de>(
        &self,
        json: &'de [u8],
        found: &mut [Option<&'de RawValue>],
    ) -> Result<(), serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let found_directly = &mut *found;
        let read = Wanted { node: self, found: found_directly, direct: true }
            .deserialize(&mut reader)
            .and_then(|()| reader.end());
        if read.is_ok() {
            return Ok(());
        }
        // JSON can hold what no type of Rust does, such as 1e999: where a step of a path leads there, this passes it by
        found.fill(None);
        self.read_in(serde_json::from_slice(json)?, found, false)
    }

    /// As [`Node::read`], of a value whose end is found before anything in it is looked at.
    fn read_in<'de>(
        &self,
        value: &'de RawValue,
        found: &mut [Option<&'de RawValue>],
        direct: bool,
    ) -> Result<(), serde_json::Error> {
        for column in &self.columns {
            if let Some(place) = found.get_mut(*column) {
                *place = Some(value);
            }
        }
        let mut reader = serde_json::Deserializer::from_str(value.get());
        match value.get().as_bytes().first() {
            Some(b'{') if !self.fields.is_empty() => {
                reader.deserialize_map(Inside { node: self, found, direct })
            }
            Some(b'[') if !self.items.is_empty() => {
                reader.deserialize_seq(Inside { node: self, found, direct })
            }
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

/// A value, of which something is wanted.
struct Wanted<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut [Option<&'de RawValue>],
    /// Whether values on the way are read in passing: then one that no type of Rust holds is an error.
    direct: bool,
}

impl<'de> DeserializeSeed<'de> for Wanted<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { node, found, direct } = self;
        if direct && node.columns.is_empty() {
            return deserializer.deserialize_any(Inside { node, found, direct });
        }
        let value = <&RawValue>::deserialize(deserializer)?;
        node.read_in(value, found, direct).map_err(D::Error::custom)
    }
}

/// What is in an object or an array.
struct Inside<'n, 'f, 'de> {
    node: &'n Node,
    found: &'f mut [Option<&'de RawValue>],
    direct: bool,
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
                    child.forget(self.found);
                    map.next_value_seed(Wanted {
                        node: child,
                        found: &mut *self.found,
                        direct: self.direct,
                    })?;
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
                    let wanted = Wanted { node: child, found: &mut *self.found, direct: self.direct };
                    if seq.next_element_seed(wanted)?.is_none() {
                        break;
                    }
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

    // a step of a path leads nowhere here

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
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
