//! What comes back over the border.

use bytes::Bytes;
use rancher_client::wire::{Kept, Object};
use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

/// What an operation returns: objects as the server wrote them, and what there is to say beside them.
///
/// The objects of a page share its memory, and nothing of them is parsed before it is asked for.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    value: Value,
    objects: Vec<Bytes>,
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

impl Answer {
    /// A value without objects.
    pub(crate) fn value(value: impl Into<Value>) -> Self {
        Self { value: value.into(), objects: Vec::new() }
    }

    /// The objects of a page.
    pub(crate) fn page(objects: impl IntoIterator<Item = Bytes>) -> Self {
        Self { value: Value::Null, objects: objects.into_iter().collect() }
    }

    /// One object.
    pub(crate) fn object(object: &Kept<Object>) -> Self {
        Self::page([object.raw().clone()])
    }

    /// What there is beside the objects, as JSON; `null` if nothing is.
    pub fn value_json(&self) -> String {
        self.value.to_string()
    }

    /// How many objects there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there are no objects.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// The JSON of an object, as the server wrote it.
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
        self.objects.get(at).map(|raw| Head::read(raw)).unwrap_or_default()
    }
}

impl Head {
    /// Reads only what it needs; what does not fit is left out, and the object tells more.
    fn read(raw: &[u8]) -> Self {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Fields<'a> {
            #[serde(borrow)]
            id: Option<Text<'a>>,
            #[serde(borrow)]
            name: Option<Text<'a>>,
            #[serde(borrow)]
            state: Option<Text<'a>>,
            #[serde(borrow)]
            r#type: Option<Text<'a>>,
            #[serde(borrow)]
            kind: Option<Text<'a>>,
            #[serde(borrow)]
            metadata: Option<Metadata<'a>>,
            #[serde(borrow)]
            status: Option<Status<'a>>,
        }
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Metadata<'a> {
            #[serde(borrow)]
            name: Option<Text<'a>>,
            #[serde(borrow)]
            namespace: Option<Text<'a>>,
            #[serde(borrow)]
            state: Option<State<'a>>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum State<'a> {
            Known {
                #[serde(borrow)]
                name: Option<Text<'a>>,
            },
            Other(serde::de::IgnoredAny),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Status<'a> {
            Known {
                #[serde(borrow)]
                phase: Option<Text<'a>>,
            },
            Other(serde::de::IgnoredAny),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text<'a> {
            Text(#[serde(borrow)] Cow<'a, str>),
            Other(serde::de::IgnoredAny),
        }
        let text = |text: Option<Text<'_>>| match text {
            Some(Text::Text(text)) if !text.is_empty() => Some(text.into_owned()),
            _ => None,
        };
        let Ok(fields) = serde_json::from_slice::<Fields<'_>>(raw) else { return Self::default() };
        let metadata = fields.metadata.unwrap_or_default();
        let (name, namespace) = (text(metadata.name), text(metadata.namespace));
        let of_kubernetes = name.as_ref().map(|name| match &namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.clone(),
        });
        let state = match (metadata.state, fields.status) {
            (Some(State::Known { name }), _) => text(name),
            (_, Some(Status::Known { phase })) => text(phase),
            _ => None,
        };
        Self {
            id: text(fields.id).or(of_kubernetes),
            name: text(fields.name).or(name),
            state: text(fields.state).or(state),
            kind: text(fields.r#type).or_else(|| text(fields.kind)),
        }
    }
}
