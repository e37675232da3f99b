//! What was changed in a JSON document, and how it is written back without touching anything else.

mod apply;
mod between;
mod matching;
#[cfg(test)]
mod tests;
mod text;
mod update;

use rancher_types::info::TypeInfo;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

use super::document::InvalidDocument;

/// The change between two JSON documents.
///
/// It is made from what a struct knew before and after ([`Edit::between`]) and applied to the text that the struct was
/// read from, which can hold more.
#[derive(Clone, PartialEq)]
pub struct Edit(Change);

/// A change, seen from the value that it changes.
#[derive(Clone, PartialEq)]
enum Change {
    /// The value is this one now.
    Set(Value),
    /// The field is gone.
    Remove,
    /// Some fields of the object changed.
    Fields(BTreeMap<String, Change>),
    /// The array of `before` elements consists of these now.
    Items { before: usize, after: Vec<Item> },
}

/// An element of an array after a change.
#[derive(Clone, PartialEq)]
enum Item {
    /// The element that stood at this place, as it was.
    Same(usize),
    /// The element that stood at this place, changed.
    Changed(usize, Change),
    /// One that was not there.
    New(Value),
}

impl Edit {
    /// What changed from `before` to `after`; nothing if they are equal.
    ///
    /// Objects are compared field by field. The elements of arrays are matched first with an equal one, then by what
    /// identifies them (`id`, `uid`, `name`, `type`, `key`, `ip` and the other merge keys of Kubernetes), then by
    /// their place. What matches nothing is new.
    ///
    /// Both are walked through as deep as they are: what [`Document::encode`](super::Document::encode) gives is at most
    /// 127 levels.
    ///
    /// Where `before` and `after` hold all that the document holds, the matching decides only which bytes stay. Where
    /// a struct shows only a part, it decides with which element the rest goes on.
    pub fn between(before: &Value, after: &Value) -> Option<Self> {
        between::change(before, after).map(Self)
    }

    /// Changes the text of a document, and leaves every other byte of it as it is: the order of fields, fields that
    /// stand twice (the last one counts, as everywhere), the spelling of numbers, escapes, white space.
    ///
    /// # Errors
    /// The text is no JSON, or has another form at the place of a change than the document that the change was made
    /// against.
    pub fn apply(&self, raw: &[u8]) -> Result<Vec<u8>, InvalidDocument> {
        let text = text::Text::read(raw)?;
        let mut out = String::with_capacity(raw.len() + 64);
        out.push_str(text.leading());
        apply::write(&mut out, text.value(), &self.0, &mut apply::Place::default())?;
        out.push_str(text.trailing());
        Ok(out.into_bytes())
    }

    /// The change alone, as a PUT of v3 takes it, made against the text `raw`.
    ///
    /// v3 merges what it gets into what it has (recorded: workflows), structs field by field, and replaces maps of
    /// plain values and arrays whole (norman, `types/convert/merge`). So this holds the fields that changed; of a
    /// struct, again only the fields that changed; a map or an array whole, as it is after the change, with all that
    /// `raw` has in it; and null where a field was taken away. `info` says which is which. An object that it does not
    /// describe goes whole too, so that nothing of it is lost, whatever the server takes it for.
    ///
    /// # Errors
    /// As [`Edit::apply`].
    pub fn update(&self, raw: &[u8], info: Option<&TypeInfo>) -> Result<Vec<u8>, InvalidDocument> {
        let text = text::Text::read(raw)?;
        let mut out = String::new();
        update::write(&mut out, text.value(), &self.0, info, &mut apply::Place::default())?;
        Ok(out.into_bytes())
    }

    /// The changed fields alone, of every object, and null for each that is gone. Arrays stand whole.
    pub(crate) fn alone(&self, raw: &[u8]) -> Result<Value, InvalidDocument> {
        let text = text::Text::read(raw)?;
        let mut out = String::new();
        update::write_alone(&mut out, text.value(), &self.0, &mut apply::Place::default())?;
        serde_json::from_str(&out).map_err(|error| InvalidDocument::unreadable(&error, out.len()))
    }

    /// Where the changes are: `description`, `resourceQuota.limit.pods`, `rules[2].verbs[0]`,
    /// `annotations["example.com/team"]`.
    pub fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.0.paths(&mut apply::Place::default(), &mut found);
        found
    }
}

impl Change {
    fn paths(&self, place: &mut apply::Place, found: &mut Vec<String>) {
        match self {
            Change::Set(_) | Change::Remove => found.push(place.to_string()),
            Change::Fields(fields) => {
                for (name, change) in fields {
                    place.field(name);
                    change.paths(place, found);
                    place.leave();
                }
            }
            Change::Items { before, after } => {
                let moved = |(at, item): (usize, &Item)| match item {
                    Item::Same(from) | Item::Changed(from, _) => *from != at,
                    Item::New(_) => false,
                };
                // shorter, or in another order: the array itself changed
                if after.len() < *before || after.iter().enumerate().any(moved) {
                    found.push(place.to_string());
                }
                for (at, item) in after.iter().enumerate() {
                    place.item(at);
                    match item {
                        Item::Same(_) => {}
                        Item::Changed(_, change) => change.paths(place, found),
                        Item::New(_) => found.push(place.to_string()),
                    }
                    place.leave();
                }
            }
        }
    }
}

impl fmt::Debug for Edit {
    /// Only where the changes are: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Edit ")?;
        f.debug_list().entries(self.paths()).finish()
    }
}
