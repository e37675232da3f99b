//! What the caller can say of a write.

use std::time::Duration;

pub use crate::kubernetes::{Patch, PatchStep};

/// Who writes, and whether it is only tried.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Who writes: the name under which Kubernetes notes the fields. If empty, the server takes the first word of the
    /// user agent.
    pub field_manager: String,
    /// The server checks the write and answers as if it had made it, and keeps nothing.
    pub dry_run: bool,
}

/// Who applies, and what happens where fields are somebody else's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApplyOptions {
    /// Who applies: the fields are this manager's from then on. It must be given, and be the same every time.
    pub manager: String,
    /// Takes over fields that other managers own, instead of a `conflict`.
    pub force: bool,
    /// The server checks it and answers as if it had done it, and keeps nothing.
    pub dry_run: bool,
}

impl ApplyOptions {
    /// Applies as this manager, without force.
    pub fn by(manager: impl Into<String>) -> Self {
        Self { manager: manager.into(), ..Self::default() }
    }
}

/// What happens to the objects that a deleted one owns: the pods of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Propagation {
    /// They go first; the object itself is there until they are gone.
    Foreground,
    /// The object goes, and they after it.
    Background,
    /// They stay, without an owner.
    Orphan,
}

impl Propagation {
    /// Kubernetes' word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Foreground => "Foreground",
            Self::Background => "Background",
            Self::Orphan => "Orphan",
        }
    }
}

/// How an object is deleted, and only if it is the one that is meant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeleteOptions {
    /// What happens to what it owns; the kind's own way if not given.
    pub propagation: Option<Propagation>,
    /// How long a pod may take to end; zero kills it at once. Rounded up to whole seconds.
    pub grace: Option<Duration>,
    /// Only the object with this `metadata.uid`, not a later one of the same name. Empty for any.
    pub uid: String,
    /// Only in this `metadata.resourceVersion`. Empty for any.
    pub resource_version: String,
    /// The server checks it and answers as if it had done it, and keeps everything.
    pub dry_run: bool,
}
