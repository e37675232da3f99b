//! What comes back over the border.

use bytes::Bytes;
use rancher_client::wire::{Kept, Object};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use crate::fields::head;

/// What an operation returns: objects as the server wrote them, and what there is to say beside them.
///
/// The objects of a page share its memory, and nothing of them is parsed before it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// As JSON; nothing for `null`.
    value: Option<String>,
    objects: Vec<Bytes>,
    /// What the objects are that do not say it themselves.
    kind: Option<String>,
}

/// What an object is called, whichever API it is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// The id: of v3 and Steve their own, of Kubernetes `namespace/name`, or the name of what has no namespace.
    pub id: Option<String>,
    /// The name that people gave it.
    pub name: Option<String>,
    /// The state: of v3, of Steve, or the phase of Kubernetes.
    pub state: Option<String>,
    /// The type or kind.
    pub kind: Option<String>,
}

/// A secret as a part of a value: marked, so that a shell wraps it up before anybody looks at it.
pub(crate) fn secret(secret: &SecretString) -> Value {
    json!({"$secret": secret.expose_secret()})
}

impl Answer {
    /// A value without objects.
    pub(crate) fn value(value: impl Into<Value>) -> Self {
        Self::text(value.into().to_string())
    }

    /// A value, as JSON, without objects.
    pub(crate) fn text(json: String) -> Self {
        Self { value: Some(json), ..Self::default() }
    }

    /// The objects of a page.
    pub(crate) fn page(objects: impl IntoIterator<Item = Bytes>) -> Self {
        Self { objects: objects.into_iter().collect(), ..Self::default() }
    }

    /// The same of a list of this kind: the items of a `PodList` are of the kind `Pod`, and Kubernetes leaves it out.
    pub(crate) fn of_list(self, kind: Option<&str>) -> Self {
        let kind = kind.and_then(|kind| kind.strip_suffix("List")).filter(|kind| !kind.is_empty());
        Self { kind: kind.map(str::to_owned), ..self }
    }

    /// One object.
    pub(crate) fn object(object: &Kept<Object>) -> Self {
        Self::page([object.raw().clone()])
    }

    /// One object, or none.
    pub(crate) fn maybe(object: Option<&Kept<Object>>) -> Self {
        Self::page(object.map(|object| object.raw().clone()))
    }

    /// One object that was written.
    pub(crate) fn written(object: &Kept<Object>) -> Self {
        Self::object(object).with(json!({"altered": object.altered()}))
    }

    /// The same with a value beside.
    pub(crate) fn with(self, value: Value) -> Self {
        Self { value: Some(value.to_string()), ..self }
    }

    /// What there is beside the objects, as JSON; `null` if nothing is.
    pub fn value_json(&self) -> String {
        self.value.clone().unwrap_or_else(|| "null".to_owned())
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The JSON of an object, as the server wrote it. What a [`Bridge`](crate::Bridge) is given back as the original of
    /// a change is this, byte for byte.
    pub fn raw(&self, at: usize) -> Option<&Bytes> {
        self.objects.get(at)
    }

    /// All objects as one JSON array.
    pub fn objects_json(&self) -> Vec<u8> {
        let mut all =
            Vec::with_capacity(2 + self.objects.iter().map(|object| object.len() + 1).sum::<usize>());
        all.push(b'[');
        for (at, object) in self.objects.iter().enumerate() {
            if at > 0 {
                all.push(b',');
            }
            all.extend_from_slice(object);
        }
        all.push(b']');
        all
    }

    /// What an object is called.
    pub fn head(&self, at: usize) -> Head {
        let head = self.objects.get(at).map(|raw| head(raw)).unwrap_or_default();
        Head { kind: head.kind.or_else(|| self.kind.clone()), ..head }
    }
}
