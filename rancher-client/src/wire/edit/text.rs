//! One level of a JSON text: where its members begin and end. What is below stays unread, however deep it is.

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use crate::wire::document::InvalidDocument;

/// A document: a value, and the white space around it.
pub(super) struct Text<'a> {
    whole: &'a str,
    value: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn read(raw: &'a [u8]) -> Result<Self, InvalidDocument> {
        let value: &RawValue =
            serde_json::from_slice(raw).map_err(|e| InvalidDocument::unreadable(&e, raw.len()))?;
        // the value was read from this very text, so the text is UTF-8
        let whole = str::from_utf8(raw).unwrap_or_default();
        Ok(Self { whole, value: value.get() })
    }

    pub(super) fn value(&self) -> &'a str {
        self.value
    }

    pub(super) fn leading(&self) -> &'a str {
        self.whole.get(..offset(self.whole, self.value)).unwrap_or_default()
    }

    pub(super) fn trailing(&self) -> &'a str {
        self.whole.get(offset(self.whole, self.value) + self.value.len()..).unwrap_or_default()
    }
}

/// Where `part`, a slice of `whole`, begins in it.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize)
}

/// A field of an object: where it begins (its name) and ends in the text of the object.
pub(super) struct Member<'a> {
    pub(super) name: String,
    pub(super) value: &'a str,
    span: Span,
}

#[derive(Clone, Copy)]
struct Span {
    start: usize,
    end: usize,
}

/// The members of one object or array, with what stands between them.
pub(super) struct Level<'a, M> {
    text: &'a str,
    pub(super) members: Vec<M>,
    spans: Vec<Span>,
}

impl<'a> Level<'a, Member<'a>> {
    /// The fields of an object, in their order, those that stand twice included.
    pub(super) fn object(text: &'a str) -> Result<Self, InvalidDocument> {
        let fields: Fields<'a> =
            serde_json::from_str(text).map_err(|error| InvalidDocument::unreadable(&error, text.len()))?;
        let mut members = Vec::with_capacity(fields.0.len());
        for (name, value) in fields.0 {
            let span =
                Span { start: offset(text, name.get()), end: offset(text, value.get()) + value.get().len() };
            let name = serde_json::from_str(name.get())
                .map_err(|error| InvalidDocument::unreadable(&error, text.len()))?;
            members.push(Member { name, value: value.get(), span });
        }
        let spans = members.iter().map(|member| member.span).collect();
        Ok(Self { text, members, spans })
    }

    /// The value that counts of the field of this name: the last one.
    pub(super) fn field(&self, name: &str) -> Option<&'a str> {
        self.members.iter().rev().find(|member| member.name == name).map(|member| member.value)
    }
}

impl<'a> Level<'a, &'a str> {
    /// The elements of an array.
    pub(super) fn array(text: &'a str) -> Result<Self, InvalidDocument> {
        let items: Vec<&'a RawValue> =
            serde_json::from_str(text).map_err(|error| InvalidDocument::unreadable(&error, text.len()))?;
        let members: Vec<&str> = items.into_iter().map(RawValue::get).collect();
        let spans = members
            .iter()
            .map(|item| Span { start: offset(text, item), end: offset(text, item) + item.len() })
            .collect();
        Ok(Self { text, members, spans })
    }
}

impl<'a, M> Level<'a, M> {
    fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// From the opening bracket to the first member.
    pub(super) fn head(&self) -> &'a str {
        self.slice(0, self.spans.first().map_or(1, |first| first.start))
    }

    /// From the last member to the closing bracket.
    pub(super) fn tail(&self) -> &'a str {
        self.slice(self.spans.last().map_or(1, |last| last.end), self.text.len())
    }

    /// What stands before a member that is not the first: the comma, and the white space of its own. For a member that
    /// was not there, or was the first, that of the second one.
    pub(super) fn separator(&self, at: Option<usize>) -> &'a str {
        let of = |at: usize| {
            let (before, this) = (self.spans.get(at.checked_sub(1)?)?, self.spans.get(at)?);
            Some(self.slice(before.end, this.start))
        };
        at.and_then(of).or_else(|| of(1)).unwrap_or(",")
    }

    /// What of a member stands before its value: of a field, its name and the colon.
    pub(super) fn lead(&self, at: usize, value: &str) -> &'a str {
        self.spans.get(at).map_or("", |span| self.slice(span.start, offset(self.text, value)))
    }
}

/// The fields of an object as they stand.
struct Fields<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(&'de RawValue, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(InOrder).map(Fields)
    }
}
