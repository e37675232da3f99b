//! A page of a list as it came: its bytes, and where its items stand in them.

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::fmt;
use std::ops::Range;

use super::document::InvalidDocument;

/// A page of a list: the bytes of the answer, where its items are, and what stands around them.
///
/// Items are read when they are asked for, and share the page's memory.
///
/// ```
/// use rancher_client::wire::Page;
///
/// let page = Page::read(r#"{"data": [{"id": "a"}, {"id": "b"}], "pagination": {"total": 2}}"#.into(), "data")?;
/// assert_eq!(page.len(), 2);
/// assert_eq!(page.item(1).as_deref(), Some(&br#"{"id": "b"}"#[..]));
/// assert_eq!(page.envelope()["pagination"]["total"], 2);
/// # Ok::<(), rancher_client::wire::InvalidDocument>(())
/// ```
#[derive(Clone, Default)]
pub struct Page {
    bytes: Bytes,
    items: Vec<Range<usize>>,
    envelope: Map<String, Value>,
}

impl Page {
    /// Reads the answer to a list. `field` is where its items are: `data` in v3 and Steve, `items` in Kubernetes.
    ///
    /// # Errors
    /// If that is no JSON, is cut, or holds no such array. An array that is `null` is an empty one: Go writes a list
    /// like this that was never filled.
    pub fn read(bytes: Bytes, field: &str) -> Result<Self, InvalidDocument> {
        let mut items = Vec::new();
        let mut envelope = Map::new();
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let seed =
            Envelope { field, start: bytes.as_ptr() as usize, items: &mut items, envelope: &mut envelope };
        let found = seed.deserialize(&mut reader).and_then(|found| reader.end().map(|()| found));
        match found {
            Ok(true) => Ok(Self { bytes, items, envelope }),
            Ok(false) => Err(InvalidDocument::no_list(field)),
            Err(error) => Err(InvalidDocument::unreadable(&error, bytes.len())),
        }
    }

    /// How many items it holds.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The JSON of an item. It shares the memory of the page.
    pub fn item(&self, at: usize) -> Option<Bytes> {
        self.items.get(at).map(|span| self.bytes.slice(span.clone()))
    }

    /// The JSON of its items.
    pub fn items(&self) -> impl ExactSizeIterator<Item = Bytes> + '_ {
        self.items.iter().map(|span| self.bytes.slice(span.clone()))
    }

    /// What stands around the items: paging, filters, links.
    pub fn envelope(&self) -> &Map<String, Value> {
        &self.envelope
    }

    /// The answer as it came.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Keeps only the items for which this is true, such as those that were not seen before.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        let bytes = &self.bytes;
        self.items.retain(|span| bytes.get(span.clone()).is_some_and(&mut keep));
    }
}

impl fmt::Debug for Page {
    /// Without its contents, which may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({} items, {} bytes)", self.items.len(), self.bytes.len())
    }
}

/// Reads the object around the items. Says whether the array was there.
struct Envelope<'a> {
    field: &'a str,
    start: usize,
    items: &'a mut Vec<Range<usize>>,
    envelope: &'a mut Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let mut found = false;
        while let Some(key) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if key == self.field {
                // of a name that comes twice, the last counts
                self.items.clear();
                found = map.next_value_seed(Items { start: self.start, items: self.items })?;
            } else {
                let value = map.next_value()?;
                self.envelope.insert(key.into_owned(), value);
            }
        }
        Ok(found)
    }
}

/// Reads where the items stand. Says whether it was an array or null.
struct Items<'a> {
    start: usize,
    items: &'a mut Vec<Range<usize>>,
}

impl<'de> DeserializeSeed<'de> for Items<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Items<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        while let Some(item) = seq.next_element::<&'de RawValue>()? {
            let text = item.get();
            let from = (text.as_ptr() as usize)
                .checked_sub(self.start)
                .ok_or_else(|| A::Error::custom("an item outside of the page"))?;
            self.items.push(from..from + text.len());
        }
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<Page, InvalidDocument> {
        Page::read(Bytes::copy_from_slice(text.as_bytes()), "data")
    }

    #[test]
    fn items_are_the_bytes_that_came() {
        let page = read(
            r#" {"type":"collection", "data" : [ {"id":"a", "n": 1.0}, 5,null , "ü\n" ] , "filters":{}} "#,
        );
        let page = page.unwrap();
        let items: Vec<Bytes> = page.items().collect();
        assert_eq!(items, [r#"{"id":"a", "n": 1.0}"#, "5", "null", r#""ü\n""#].map(Bytes::from));
        assert_eq!(page.envelope().keys().collect::<Vec<_>>(), ["filters", "type"]);
        assert_eq!((page.len(), page.item(4)), (4, None));
    }

    #[test]
    fn null_is_an_empty_list_and_nothing_else_is_a_list() {
        assert!(read(r#"{"data":null}"#).unwrap().is_empty());
        assert!(read(r#"{"data":[]}"#).unwrap().is_empty());
        for text in [r#"{"data":{"a":[1]}}"#, r#"{"data":"x"}"#, r#"{"data":1}"#, r#"{"data":true}"#, "{}"] {
            assert_eq!(read(text).unwrap_err(), InvalidDocument::no_list("data"), "{text}");
        }
        for text in
            ["[]", "null", "5", "", "<html>", r#"{"data":[1]} x"#, r#"{"data":[1,]}"#, r#"{"data":[1"#]
        {
            assert_ne!(read(text).unwrap_err(), InvalidDocument::no_list("data"), "{text}");
        }
        assert!(read(r#"{"data":[{"a":1}"#).unwrap_err().to_string().contains("cut off"));
    }

    #[test]
    fn of_two_lists_the_last_counts() {
        assert_eq!(read(r#"{"data":[1,2],"data":[3]}"#).unwrap().items().collect::<Vec<_>>(), ["3"]);
    }

    #[test]
    fn depth_is_no_danger() {
        let deep = |open: &str, close: &str| open.repeat(10_000) + &close.repeat(10_000);
        let page = read(&format!(r#"{{"data":[{}]}}"#, deep("[", "]"))).unwrap();
        assert_eq!(page.len(), 1);
        let error = read(&format!(r#"{{"x":{},"data":[]}}"#, deep("[", "]"))).unwrap_err();
        assert!(error.to_string().contains("nested more deeply"), "{error}");
    }

    #[test]
    fn errors_quote_nothing() {
        let error = read(r#"{"data":[{"token":"s3cr3t"#).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        assert_eq!(format!("{:?}", read(r#"{"data":["s3cr3t"]}"#).unwrap()), "Page(1 items, 19 bytes)");
    }

    proptest! {
        #[test]
        fn items_parse_to_what_the_list_parses_to(
            items in proptest::collection::vec("(\\{\"a\": ?[0-9]{1,5}\\}|\"[a-z\\\\n]{0,5}\"|null|-?[0-9]{1,20})", 0..6),
        ) {
            let items: Vec<String> =
                items.into_iter().filter(|item| serde_json::from_str::<Value>(item).is_ok()).collect();
            let text = format!(r#"{{"a": [1], "data": [{}], "b": {{"data": [2]}}}}"#, items.join(" , "));
            let page = read(&text).unwrap();
            let read: Vec<Bytes> = page.items().collect();
            prop_assert_eq!(read, items);
        }
    }
}
