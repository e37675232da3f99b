//! Where objects of one kind are.

use super::built_in;
use crate::error::{Error, Result};
use crate::kubernetes::{check_group, check_label, check_name, check_plural};
use crate::wire::Object;

/// Where objects of one kind are: `pods` in a namespace, `deployments` of the group `apps`.
///
/// ```
/// use rancher_client::proxy::Resource;
///
/// let pods = Resource::core("pods").within("shop-web");
/// let deployments = Resource::of("apps", "v1", "deployments").within("shop-web");
/// # assert_ne!(pods, deployments);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resource<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The version; `v1` if empty.
    pub version: &'a str,
    /// The plural name: `pods`, `deployments`.
    pub plural: &'a str,
    /// The namespace; empty for all of them, and for what belongs to none.
    pub namespace: &'a str,
}

impl<'a> Resource<'a> {
    /// A resource of the core group.
    pub fn core(plural: &'a str) -> Self {
        Self { plural, ..Self::default() }
    }

    /// A resource of another group, `Resource::of("apps", "v1", "deployments")`.
    pub fn of(group: &'a str, version: &'a str, plural: &'a str) -> Self {
        Self { group, version, plural, namespace: "" }
    }

    /// The same within a namespace.
    #[must_use]
    pub fn within(self, namespace: &'a str) -> Self {
        Self { namespace, ..self }
    }

    /// Group and version as objects name them: `v1`, `apps/v1`.
    pub(super) fn api_version(self) -> String {
        let version = if self.version.is_empty() { "v1" } else { self.version };
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }

    /// The path below the cluster's root, of the collection or of one object.
    pub(super) fn segments(self, name: Option<&'a str>) -> Result<Vec<&'a str>> {
        let version = if self.version.is_empty() { "v1" } else { self.version };
        check_label("version of an API group", version)?;
        check_plural(self.plural)?;
        let mut segments = vec!["api", version];
        if !self.group.is_empty() {
            check_group(self.group)?;
            segments = vec!["apis", self.group, version];
        }
        if !self.namespace.is_empty() {
            check_label("namespace", self.namespace)?;
            segments.extend(["namespaces", self.namespace]);
        }
        segments.push(self.plural);
        if let Some(name) = name {
            check_name(Some(self.group), self.plural, name)?;
            segments.push(name);
        }
        // a list may be of all namespaces
        if name.is_some() || !self.namespace.is_empty() {
            self.check_place()?;
        }
        Ok(segments)
    }

    /// Checks that one object can be there. Kubernetes would answer that there is no such thing; it may be elsewhere.
    pub(super) fn check_place(self) -> Result<()> {
        let (plural, namespace) = (self.plural, self.namespace);
        let wrong = |problem, advice| Err(Error::invalid(problem, advice).with_field("namespace"));
        match (built_in::is_namespaced(self.group, plural), namespace) {
            (Some(true), "") => wrong(
                format!("nothing was sent: {plural} are in namespaces, and none was named"),
                "name the namespace",
            ),
            (Some(false), named) if !named.is_empty() => {
                wrong(format!("nothing was sent: {plural} are in no namespace"), "leave the namespace out")
            }
            _ => Ok(()),
        }
    }

    /// The same in the namespace that the object names.
    pub(super) fn of_object<'b>(self, object: &'b Object) -> Result<Resource<'b>>
    where
        'a: 'b,
    {
        match object.namespace().filter(|namespace| !namespace.is_empty()) {
            Some(own) if self.namespace.is_empty() => Ok(Resource { namespace: own, ..self }),
            Some(own) if own != self.namespace => Err(Error::invalid(
                format!("the object belongs to the namespace {own:?}, not to {:?}", self.namespace),
                "give one of both",
            )
            .with_field("metadata.namespace")),
            _ => Ok(self),
        }
    }
}
