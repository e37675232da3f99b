//! Objects that lose nothing between being read and being written back.

use bytes::Bytes;
use rancher_types::info::TypeInfo;
use serde_json::Value;
use std::fmt;
use std::ops::{Deref, DerefMut};

use super::document::{Document, InvalidDocument};
use super::edit::Edit;

/// An object and the text that it was read from.
///
/// It derefs to the object, which can be changed like any struct. What is written back is the text it was read from with
/// only the change applied, or the change alone: fields that the struct does not know, nulls, enum values that came
/// later than the struct, and the spelling of numbers stay what they were.
///
/// The text is a slice of the page it came in, and shares its memory.
///
/// # Examples
///
/// ```
/// use rancher_client::wire::{Kept, Object};
///
/// let mut project: Kept<Object> = Kept::read(r#"{"name":"shop","description":null,"addedLater":1.0}"#.into())?;
/// project.set("description", "web shop");
/// assert_eq!(project.edited()?, r#"{"name":"shop","description":"web shop","addedLater":1.0}"#);
/// assert_eq!(project.update(None)?.unwrap(), r#"{"description":"web shop"}"#);
/// # Ok::<(), rancher_client::wire::InvalidDocument>(())
/// ```
#[derive(Clone)]
pub struct Kept<T> {
    value: T,
    raw: Bytes,
    altered: Vec<String>,
    partial: bool,
}

impl<T: Document> Kept<T> {
    /// Reads an object.
    ///
    /// # Errors
    /// The text is no JSON, or no such object.
    pub fn read(raw: Bytes) -> Result<Self, InvalidDocument> {
        Ok(Self { value: T::decode(&raw)?, raw, altered: Vec::new(), partial: false })
    }

    /// Says which fields the server took otherwise than they were sent.
    pub(crate) fn with_altered(mut self, altered: Vec<String>) -> Self {
        self.altered = altered;
        self
    }

    /// Says that it was read without some of its fields, so that it cannot be written back as the whole.
    #[must_use]
    pub fn into_partial(mut self) -> Self {
        self.partial = true;
        self
    }

    /// Whether it was read without some of its fields.
    pub(crate) fn is_partial(&self) -> bool {
        self.partial
    }

    /// The fields of which the answer to a creation or an update shows another value than was sent: cut down, written
    /// in another way, or ignored. A `ttl` beyond the maximum is one.
    pub fn altered(&self) -> &[String] {
        &self.altered
    }

    /// The text that it was read from.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The document as it was read, whole.
    ///
    /// # Errors
    /// The text is no JSON. It was read once, so this does not happen to an object nested less than 128 levels deep.
    pub fn json(&self) -> Result<Value, InvalidDocument> {
        serde_json::from_slice(&self.raw).map_err(|error| InvalidDocument::unreadable(&error, self.raw.len()))
    }

    /// The object alone. What the struct does not know is given up.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// What was changed since the object was read; nothing if nothing was.
    ///
    /// # Errors
    /// The object cannot be written as JSON.
    pub fn changes(&self) -> Result<Option<Edit>, InvalidDocument> {
        let before = T::decode(&self.raw)?.encode()?;
        Ok(Edit::between(&before, &self.value.encode()?))
    }

    /// The whole document with the changes applied, and every other byte as it was: the body of a PUT of Steve or
    /// Kubernetes.
    ///
    /// # Errors
    /// The object cannot be written as JSON, or the struct reads the document in a form that it does not have.
    pub fn edited(&self) -> Result<Bytes, InvalidDocument> {
        match self.changes()? {
            Some(edit) => Ok(edit.apply(&self.raw)?.into()),
            None => Ok(self.raw.clone()),
        }
    }

    /// The changes alone, as a PUT of v3 takes them: see [`Edit::update`]. Nothing if nothing was changed.
    ///
    /// # Errors
    /// As [`Kept::edited`].
    pub fn update(&self, info: Option<&TypeInfo>) -> Result<Option<Bytes>, InvalidDocument> {
        match self.changes()? {
            Some(edit) => Ok(Some(edit.update(&self.raw, info)?.into())),
            None => Ok(None),
        }
    }

    /// The changed fields alone, however deep, and null for what is gone: what an answer is compared with. Nothing if
    /// nothing was changed.
    pub(crate) fn change_alone(&self) -> Result<Option<Value>, InvalidDocument> {
        self.changes()?.map(|edit| edit.alone(&self.raw)).transpose()
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T> AsRef<T> for Kept<T> {
    fn as_ref(&self) -> &T {
        &self.value
    }
}

impl<T: Document> fmt::Debug for Kept<T> {
    /// Only the names of the fields: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kept ")?;
        match self.value.encode() {
            Ok(Value::Object(fields)) => f.debug_set().entries(fields.keys()).finish(),
            _ => f.write_str("{..}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Object;
    use serde::{Deserialize, Serialize};
    use serde_json::json;
    use std::collections::BTreeMap;

    /// A struct that knows a little of a token, and nothing of what the server added since.
    #[derive(Clone, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Token {
        #[serde(skip_serializing_if = "Option::is_none")]
        description: Option<String>,
        ttl: i64,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<String, String>,
        #[serde(default)]
        conditions: Vec<Condition>,
    }

    #[derive(Clone, Serialize, Deserialize)]
    struct Condition {
        r#type: String,
        status: String,
    }

    impl Document for Token {}

    const RAW: &str = r#"{"id":"token-abcde","ttl":7776000000,"description":null,"expiresAt":null,"newField":{"deep":[1.0,99999999999999999999]},
 "labels":{"a":"b"},"conditions":[{"type":"Ready","status":"Maybe","reason":"x"},{"type":"Live","status":"True","since":1e3}],"token":"token-abcde:S3CR3T"}"#;

    fn token() -> Kept<Token> {
        Kept::read(Bytes::from_static(RAW.as_bytes())).unwrap()
    }

    #[test]
    fn unchanged_it_is_what_was_read() {
        let token = token();
        assert!(token.changes().unwrap().is_none());
        assert_eq!(token.update(None).unwrap(), None);
        // not even copied
        assert_eq!(token.edited().unwrap().as_ptr(), token.raw().as_ptr());
        assert_eq!(token.json().unwrap(), serde_json::from_str::<Value>(RAW).unwrap());
        assert_eq!(token.ttl, 7_776_000_000);
    }

    #[test]
    fn what_the_struct_does_not_know_survives() {
        let mut token = token();
        token.ttl = 15_552_000_000;
        token.labels.insert("c".into(), "d".into());
        token.conditions[1].status = "False".into();
        let expected = RAW
            .replace("7776000000", "15552000000")
            .replace(r#"{"a":"b"}"#, r#"{"a":"b","c":"d"}"#)
            .replace(r#""status":"True","since""#, r#""status":"False","since""#);
        assert_eq!(token.edited().unwrap(), expected);
        let update = token.update(None).unwrap().unwrap();
        let update: Value = serde_json::from_slice(&update).unwrap();
        assert_eq!(
            update,
            json!({"ttl": 15_552_000_000_u64, "labels": {"a": "b", "c": "d"}, "conditions": [
                {"type": "Ready", "status": "Maybe", "reason": "x"}, {"type": "Live", "status": "False", "since": 1e3}]})
        );
        // null becomes a value, and a value null
        token.description = Some("ci".into());
        assert!(token.edited().unwrap().windows(18).any(|part| part == br#""description":"ci""#));
    }

    #[test]
    fn an_object_of_any_type_is_kept_too() {
        let mut object: Kept<Object> = Kept::read(Bytes::from_static(RAW.as_bytes())).unwrap();
        object.set("ttl", 1);
        *object.pointer_mut("/newField/deep/0").unwrap() = json!(2);
        assert_eq!(object.edited().unwrap(), RAW.replace("7776000000", "1").replace("[1.0", "[2"));
        assert_eq!(object.into_inner().id(), Some("token-abcde"));
    }

    #[test]
    fn debug_shows_names_alone() {
        let object: Kept<Object> = Kept::read(Bytes::from_static(RAW.as_bytes())).unwrap();
        let mut token = token();
        token.description = Some("S3CR3T".into());
        let shown = format!("{object:?} {token:?} {:?}", token.changes().unwrap().unwrap());
        assert!(
            shown.contains("newField") && shown.contains("ttl") && shown.contains("description"),
            "{shown}"
        );
        assert!(!shown.contains("S3CR3T") && !shown.contains("7776"), "{shown}");
    }

    #[test]
    fn a_page_is_shared_and_sent_between_threads() {
        fn sent<T: Send + Sync + Clone + 'static>() {}
        sent::<Kept<Object>>();
        let page = Bytes::from_static(br#"{"data":[{"id":"a"},{"id":"b"}]}"#);
        let second: Kept<Object> = Kept::read(page.slice(20..30)).unwrap();
        assert_eq!(second.id(), Some("b"));
        assert_eq!(second.clone().raw().as_ptr(), page[20..].as_ptr());
        assert!(Kept::<Token>::read(Bytes::from_static(b"[]")).is_err());
    }
}
