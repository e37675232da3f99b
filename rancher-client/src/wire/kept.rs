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
#[derive(Clone)]
pub struct Kept<T> {
    value: T,
    raw: Bytes,
}

impl<T: Document> Kept<T> {
    /// Reads an object.
    ///
    /// # Errors
    /// The text is no JSON, or no such object.
    pub fn read(raw: Bytes) -> Result<Self, InvalidDocument> {
        Ok(Self { value: T::decode(&raw)?, raw })
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
