//! What every object of v3 has.

use rancher_types::ResourceType;

use crate::wire::{Document, Object};

/// An object of v3: it has an id, links, and the actions that are available now.
pub trait V3Object: Document + Clone + Send + Sync + 'static {
    /// Its id; nothing before it was created.
    fn object_id(&self) -> Option<&str>;

    /// The link of this name.
    fn link_to(&self, name: &str) -> Option<&str>;

    /// Where the action of this name is started, if it is available now.
    fn action_at(&self, name: &str) -> Option<&str>;

    /// The names of the actions that are available now.
    fn available_actions(&self) -> Vec<&str>;
}

impl<T: ResourceType> V3Object for T {
    fn object_id(&self) -> Option<&str> {
        self.id()
    }

    fn link_to(&self, name: &str) -> Option<&str> {
        self.links().get(name).map(String::as_str)
    }

    fn action_at(&self, name: &str) -> Option<&str> {
        self.actions().get(name).map(String::as_str)
    }

    fn available_actions(&self) -> Vec<&str> {
        self.actions().keys().map(String::as_str).collect()
    }
}

impl V3Object for Object {
    fn object_id(&self) -> Option<&str> {
        self.id()
    }

    fn link_to(&self, name: &str) -> Option<&str> {
        self.get("links")?.get(name)?.as_str()
    }

    fn action_at(&self, name: &str) -> Option<&str> {
        self.get("actions")?.get(name)?.as_str()
    }

    fn available_actions(&self) -> Vec<&str> {
        let actions = self.get("actions").and_then(|actions| actions.as_object());
        actions.map(|actions| actions.keys().map(String::as_str).collect()).unwrap_or_default()
    }
}
