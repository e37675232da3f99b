//! What an object of any of the APIs is to the client: something that is read from JSON and written as JSON.

use rancher_types::{Answer, DecodeError, Record};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::ser::Formatter;
use serde_json::{Map, Value};
use std::{fmt, io};

/// JSON that cannot be read, written or changed.
///
/// The text gives places, never values: what the document holds can be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidDocument(Problem);

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Problem {
    #[error("the document is {what} (line {line}, column {column} of {bytes} bytes)")]
    Unreadable { what: &'static str, line: usize, column: usize, bytes: usize },
    #[error("the document is no list: it holds no array {field:?}")]
    NoList { field: String },
    #[error("the document is no object")]
    NoObject,
    #[error(transparent)]
    Record(DecodeError),
    #[error("the object cannot be written as JSON: a name in it is no text, or a value refused")]
    Unwritable,
    #[error("the object is nested {MOST_LEVELS} levels deep or deeper, and no server reads that")]
    TooDeep,
    #[error("the document does not have the form that the change was made against: at {at} there is {found}")]
    OtherForm { at: String, found: &'static str },
}

impl InvalidDocument {
    pub(super) fn unreadable(error: &serde_json::Error, bytes: usize) -> Self {
        // serde_json's own message can quote the value that did not fit; this one holds no value
        let too_deep = error.to_string().starts_with("recursion limit exceeded");
        let what = match error.classify() {
            _ if too_deep => "nested more deeply than any object of Rancher's",
            Category::Eof => "cut off",
            Category::Syntax | Category::Io => "no JSON",
            Category::Data => "no object of this type",
        };
        Self(Problem::Unreadable { what, line: error.line(), column: error.column(), bytes })
    }

    pub(super) fn no_list(field: &str) -> Self {
        Self(Problem::NoList { field: field.to_owned() })
    }

    pub(super) fn unwritable(error: serde_json::Error) -> Self {
        // the only thing that fails a writing to nowhere is its depth
        Self(if error.is_io() { Problem::TooDeep } else { Problem::Unwritable })
    }

    pub(super) fn other_form(at: String, found: &'static str) -> Self {
        Self(Problem::OtherForm { at, found })
    }

    /// Whether the object could not be written; otherwise a document could not be read.
    pub fn is_unwritable(&self) -> bool {
        matches!(self.0, Problem::Unwritable | Problem::TooDeep)
    }
}

/// What is nested so deep is not written: it is not read either, and whatever walks through it needs a stack for each
/// level.
const MOST_LEVELS: u16 = 128;

/// Writes nothing, and counts how deep it stands.
struct Levels(u16);

impl Levels {
    fn deeper(&mut self) -> io::Result<()> {
        self.0 += 1;
        if self.0 < MOST_LEVELS { Ok(()) } else { Err(io::Error::other("too deep")) }
    }
}

impl Formatter for Levels {
    fn begin_array<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.deeper()
    }

    fn end_array<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.0 -= 1;
        Ok(())
    }

    fn begin_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.deeper()
    }

    fn end_object<W: io::Write + ?Sized>(&mut self, _: &mut W) -> io::Result<()> {
        self.0 -= 1;
        Ok(())
    }
}

/// Refuses what is nested too deep, and goes no deeper to find out.
pub(crate) fn check_levels(value: &(impl Serialize + ?Sized)) -> Result<(), InvalidDocument> {
    let mut counted = serde_json::Serializer::with_formatter(io::sink(), Levels(0));
    value.serialize(&mut counted).map_err(InvalidDocument::unwritable)
}

/// An object that is read from JSON and written as JSON.
///
/// Generated types and [`Object`] are documents. A struct of your own becomes one in a line,
/// `impl Document for Widget {}`: what it does not know survives in a [`Kept`](super::Kept).
pub trait Document: Serialize + DeserializeOwned {
    /// Reads the object.
    ///
    /// # Errors
    /// The text is no JSON, or no such object.
    fn decode(raw: &[u8]) -> Result<Self, InvalidDocument> {
        serde_json::from_slice(raw).map_err(|error| InvalidDocument::unreadable(&error, raw.len()))
    }

    /// The object as JSON.
    ///
    /// # Errors
    /// It cannot be written as JSON, or is nested 128 levels deep or deeper.
    fn encode(&self) -> Result<Value, InvalidDocument> {
        check_levels(self)?;
        serde_json::to_value(self).map_err(InvalidDocument::unwritable)
    }
}

impl<R: Record> Document for R {
    /// A value that does not fit its field never fails a record: it goes to [`Record::other`].
    fn decode(raw: &[u8]) -> Result<Self, InvalidDocument> {
        // a record takes any object; where this is none, the place of what is wrong is worth a second reading
        R::decode(raw).map_err(|error| match serde_json::from_slice::<Object>(raw) {
            Err(error) => InvalidDocument::unreadable(&error, raw.len()),
            Ok(_) => InvalidDocument(Problem::Record(error)),
        })
    }
}

/// An object whose type is not known when the program is built: any JSON object.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Object(Map<String, Value>);

impl Document for Object {}

impl Answer for Object {
    fn from_body(body: &[u8]) -> Result<Self, DecodeError> {
        if body.is_empty() { Ok(Self::default()) } else { Ok(serde_json::from_slice(body)?) }
    }
}

impl Object {
    /// The field of this name.
    pub fn get(&self, field: &str) -> Option<&Value> {
        self.0.get(field)
    }

    /// The text in the field of this name.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.get(field)?.as_str()
    }

    /// The value at a JSON pointer, `/metadata/labels/app`.
    pub fn pointer(&self, pointer: &str) -> Option<&Value> {
        let (first, rest) = split_pointer(pointer)?;
        self.0.get(&first)?.pointer(rest)
    }

    /// The value at a JSON pointer, to change it.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        let (first, rest) = split_pointer(pointer)?;
        self.0.get_mut(&first)?.pointer_mut(rest)
    }

    /// Sets a field.
    pub fn set(&mut self, field: impl Into<String>, value: impl Into<Value>) {
        self.0.insert(field.into(), value.into());
    }

    /// Takes a field away.
    pub fn remove(&mut self, field: &str) -> Option<Value> {
        self.0.remove(field)
    }

    /// Its id, in v3 and Steve: `c-prod1:p-abcde`, `shop-web/app`.
    pub fn id(&self) -> Option<&str> {
        self.text("id")
    }

    /// Its name: `metadata.name` of a Kubernetes object, the field `name` of a v3 object.
    pub fn name(&self) -> Option<&str> {
        self.pointer("/metadata/name").and_then(Value::as_str).or_else(|| self.text("name"))
    }

    /// Its namespace, of a Kubernetes object.
    pub fn namespace(&self) -> Option<&str> {
        self.pointer("/metadata/namespace")?.as_str()
    }

    /// Its resource version, of a Kubernetes object. v3 gives none.
    pub fn resource_version(&self) -> Option<&str> {
        self.pointer("/metadata/resourceVersion")?.as_str()
    }

    /// Its type, in v3 and Steve.
    pub fn type_id(&self) -> Option<&str> {
        self.text("type")
    }

    /// Its fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Its fields, to change them.
    pub fn fields_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// Its fields, for good.
    pub fn into_fields(self) -> Map<String, Value> {
        self.0
    }
}

/// The first step of a JSON pointer, and the pointer from there.
fn split_pointer(pointer: &str) -> Option<(String, &str)> {
    let steps = pointer.strip_prefix('/')?;
    let end = steps.find('/').unwrap_or(steps.len());
    let (first, rest) = steps.split_at_checked(end)?;
    Some((first.replace("~1", "/").replace("~0", "~"), rest))
}

impl From<Map<String, Value>> for Object {
    fn from(fields: Map<String, Value>) -> Self {
        Self(fields)
    }
}

impl TryFrom<Value> for Object {
    type Error = InvalidDocument;

    /// The object that `json!({…})` made.
    fn try_from(value: Value) -> Result<Self, InvalidDocument> {
        match value {
            Value::Object(fields) => Ok(Self(fields)),
            _ => Err(InvalidDocument(Problem::NoObject)),
        }
    }
}

impl From<Object> for Value {
    fn from(object: Object) -> Self {
        Value::Object(object.0)
    }
}

impl fmt::Debug for Object {
    /// Only the names of the fields: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Object ")?;
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Object {
        Object::decode(value.to_string().as_bytes()).unwrap()
    }

    /// `levels` arrays in each other, in the field of an object.
    fn nested(levels: usize) -> Object {
        let mut value = json!(1);
        for _ in 0..levels {
            value = Value::Array(vec![value]);
        }
        let mut object = Object::default();
        object.set("a", value);
        object
    }

    #[test]
    fn what_can_be_read_can_be_written_and_nothing_deeper() {
        let deepest = nested(126).encode().unwrap();
        assert!(Object::decode(deepest.to_string().as_bytes()).is_ok());
        assert!(Object::decode(format!("{{\"a\":[{}]}}", deepest["a"]).as_bytes()).is_err());
        for levels in [127, 1_000] {
            let error = nested(levels).encode().unwrap_err();
            assert!(error.is_unwritable() && error.to_string().contains("nested 128 levels"), "{error}");
            let error = crate::Error::from(error);
            assert_eq!(error.kind(), crate::ErrorKind::Invalid);
            assert!(error.advice().contains("flatter"), "{error}");
        }
        // the same of an object that was read and changed
        let mut kept: crate::wire::Kept<Object> = crate::wire::Kept::read("{}".into()).unwrap();
        *kept.fields_mut() = nested(1_000).into_fields();
        assert!(kept.changes().unwrap_err().is_unwritable());
        assert!(kept.edited().unwrap_err().is_unwritable());
        assert!(kept.update(None).unwrap_err().is_unwritable());
        assert_eq!(format!("{kept:?}"), "Kept {..}");
    }

    #[test]
    fn the_fields_of_an_object() {
        let mut project = object(
            json!({"id": "c-prod1:p-abcde", "type": "project", "name": "shop", "a/b": {"c~d": [1, 2]}}),
        );
        assert_eq!(project.id(), Some("c-prod1:p-abcde"));
        assert_eq!(project.type_id(), Some("project"));
        assert_eq!(project.name(), Some("shop"));
        assert_eq!((project.namespace(), project.resource_version()), (None, None));
        assert_eq!(project.pointer("/a~1b/c~0d/1"), Some(&json!(2)));
        assert_eq!(
            (project.pointer(""), project.pointer("a/b"), project.pointer("/x/y")),
            (None, None, None)
        );
        *project.pointer_mut("/a~1b/c~0d/1").unwrap() = json!(3);
        project.set("name", "web");
        assert_eq!(project.remove("id"), Some(json!("c-prod1:p-abcde")));
        assert_eq!(Value::from(project), json!({"type": "project", "name": "web", "a/b": {"c~d": [1, 3]}}));
        let pod = object(
            json!({"metadata": {"name": "web-0", "namespace": "shop-web", "resourceVersion": "7"}, "name": "x"}),
        );
        assert_eq!(pod.name(), Some("web-0"));
        assert_eq!((pod.namespace(), pod.resource_version()), (Some("shop-web"), Some("7")));
    }

    #[test]
    fn errors_and_debug_show_no_value() {
        let secret = "S3CR3T";
        let cases: [(&[u8], &str); 5] = [
            (b"{\"a\": ", "cut off"),
            (b"<html>S3CR3T", "no JSON"),
            (b"\"S3CR3T\"", "no object of this type"),
            (b"{\"a\": \"\xff\"}", "no JSON"),
            (b"", "cut off"),
        ];
        for (text, expected) in cases {
            let error = Object::decode(text).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
            assert!(!error.is_unwritable());
        }
        let shown = format!("{:?}", object(json!({"token": secret, "name": "x"})));
        assert_eq!(shown, "Object {\"name\", \"token\"}");
    }

    #[test]
    fn ten_thousand_levels_are_an_error() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
        let error = Object::decode(deep.as_bytes()).unwrap_err();
        assert!(error.to_string().contains("nested more deeply"), "{error}");
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        #[derive(Serialize, Deserialize)]
        struct Odd {
            names: std::collections::BTreeMap<(u8, u8), u8>,
        }
        impl Document for Odd {}
        let odd = Odd { names: [((1, 2), 3)].into() };
        let error = odd.encode().unwrap_err();
        assert!(error.is_unwritable() && error.to_string().contains("cannot be written"), "{error}");
    }
}
