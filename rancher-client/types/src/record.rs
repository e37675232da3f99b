//! What all generated structs have in common.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::fmt;

use crate::info::TypeInfo;

/// A struct of this crate: every field optional, and what it does not know kept in [`Record::other`].
pub trait Record:
    Serialize + DeserializeOwned + Clone + Default + PartialEq + fmt::Debug + Send + Sync + 'static
{
    /// What the server states of it.
    const INFO: &'static TypeInfo;

    /// The fields that the struct does not know, and those whose value did not fit the schema.
    fn other(&self) -> &Map<String, Value>;

    /// The same, to change them.
    fn other_mut(&mut self) -> &mut Map<String, Value>;
}

/// A record that stands alone: it has an id, a collection, links and actions.
pub trait ResourceType: Record {
    /// Its id; nothing before it was created.
    fn id(&self) -> Option<&str>;
    /// Its links by name.
    fn links(&self) -> &std::collections::BTreeMap<String, String>;
    /// The actions that are available now, by name.
    fn actions(&self) -> &std::collections::BTreeMap<String, String>;
}

/// A typed action, such as `cluster::GENERATE_KUBECONFIG`: its name, what it takes and what it answers.
pub struct Action<In, Out> {
    name: &'static str,
    types: std::marker::PhantomData<fn(In) -> Out>,
}

impl<In, Out> Action<In, Out> {
    /// An action of this name.
    pub const fn new(name: &'static str) -> Self {
        Self { name, types: std::marker::PhantomData }
    }

    /// Its name in the API.
    pub fn name(&self) -> &'static str {
        self.name
    }
}

impl<In, Out> fmt::Debug for Action<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({})", self.name)
    }
}
