//! Flat records: some fields of each object, read from its text without building the rest.

mod path;
mod read;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use rancher_client::{Error, ErrorKind};
use serde_json::value::RawValue;
use std::collections::HashSet;
use std::sync::LazyLock;

use crate::answer::Head;
use crate::fault::Outcome;
use crate::input::Wrong;
use read::Node;

/// Which fields are wanted of each object, and what they are called.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    /// The names, as JSON.
    names: Vec<String>,
    tree: Node,
}

impl Fields {
    /// The values at these paths, by path.
    pub(crate) fn paths(paths: Vec<String>) -> Result<Self, Wrong> {
        Self::named(paths.into_iter().map(|path| (path.clone(), path)).collect())
    }

    /// The values at these paths, by name.
    pub(crate) fn named(paths: Vec<(String, String)>) -> Result<Self, Wrong> {
        if paths.is_empty() {
            return Err(Wrong::new("names no field", "without it, whole objects come"));
        }
        let mut known = HashSet::new();
        let (mut names, mut tree) = (Vec::with_capacity(paths.len()), Node::default());
        for (column, (name, path)) in paths.iter().enumerate() {
            if !known.insert(name) {
                return Err(Wrong::new("gives two fields the same name", "each name comes once in a record"));
            }
            tree.add(&path::read(path)?, column);
            names.push(serde_json::Value::from(name.as_str()).to_string());
        }
        Ok(Self { names, tree })
    }

    /// The records of these objects, as a JSON array. What an object does not have is null; what it has keeps its
    /// spelling.
    ///
    /// # Errors
    /// `decode` if an object is no JSON.
    pub(crate) fn records(&self, objects: impl IntoIterator<Item = Bytes>) -> Outcome<String> {
        let mut out = String::from("[");
        for (at, object) in objects.into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            self.record(&object, &mut out).map_err(|error| {
                Error::new(
                    ErrorKind::Decode,
                    format!(
                        "an object of the list cannot be read (line {}, column {})",
                        error.line(),
                        error.column()
                    ),
                    "read the list again; if it stays so, list whole objects",
                )
            })?;
        }
        out.push(']');
        Ok(out)
    }

    fn record(&self, object: &[u8], out: &mut String) -> Result<(), serde_json::Error> {
        let mut found = vec![None; self.names.len()];
        self.tree.read(object, &mut found)?;
        out.push('{');
        for (at, (name, value)) in self.names.iter().zip(found).enumerate() {
            if at > 0 {
                out.push(',');
            }
            out.push_str(name);
            out.push(':');
            out.push_str(value.map_or("null", RawValue::get));
        }
        out.push('}');
        Ok(())
    }
}

/// What an object can be called by, in the order of preference for each: see [`head`].
const CALLED_BY: [&str; 9] = [
    "id",
    "name",
    "state",
    "type",
    "kind",
    "metadata.name",
    "metadata.namespace",
    "metadata.state.name",
    "status.phase",
];

static CALLED: LazyLock<Node> = LazyLock::new(|| {
    let mut tree = Node::default();
    for (column, path) in CALLED_BY.iter().enumerate() {
        if let Ok(steps) = path::read(path) {
            tree.add(&steps, column);
        }
    }
    tree
});

/// What an object is called. What does not fit is left out, and the object tells more.
pub(crate) fn head(object: &[u8]) -> Head {
    let mut found: [Option<&RawValue>; CALLED_BY.len()] = [None; CALLED_BY.len()];
    if CALLED.read(object, &mut found).is_err() {
        return Head::default();
    }
    let text = |value: Option<&RawValue>| {
        value
            .and_then(|value| serde_json::from_str::<String>(value.get()).ok())
            .filter(|text| !text.is_empty())
    };
    let [id, own_name, own_state, type_id, kind, name, namespace, state, phase] = found.map(text);
    let of_kubernetes = || match (namespace, &name) {
        (Some(namespace), Some(name)) => Some(format!("{namespace}/{name}")),
        (_, name) => name.clone(),
    };
    // what has a name and no id of its own is of Kubernetes, where a type is something else: a Secret's is `Opaque`
    let kind = if id.is_none() && name.is_some() { kind } else { type_id.or(kind) };
    Head {
        id: id.or_else(of_kubernetes),
        name: own_name.or(name),
        state: own_state.or(state).or(phase),
        kind,
    }
}
