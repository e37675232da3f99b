//! The v3 API ("Norman"): every type that the server states, as structs or as plain JSON.

mod actions;
mod check;
mod course;
mod find;
mod id;
mod object;
mod query;
mod resource;
mod wait;
mod watch;

pub use find::Ensured;
pub(crate) use find::only;
pub use object::V3Object;
pub use query::{MOST_AT_A_TIME, Query};
pub use resource::{Deleted, Resource};

use rancher_types::ResourceType;
use rancher_types::info::Api;

use crate::error::Result;
use crate::transport::Connection;
use crate::wire::{ClusterId, Object, ProjectId};

/// The v3 API as one user.
///
/// A key that is known to be scoped to a cluster takes the roads that mean the same for it, and calls without one fail
/// before anything is sent.
///
/// # What a PUT of v3 does
/// It merges what it gets into what it has: a field that is left out stays, null clears it, maps and arrays are
/// replaced whole (recorded: errors, `put merge`, `put null`). It knows no conflicts: whoever writes last wins, field
/// by field, so [`Resource::update`] sends only what changed. And it ignores in silence what it does not take
/// (recorded: workflows, PUT on a binding), which is noticed here and reported. Where two writers must not overwrite
/// each other, write the same object through Steve or Kubernetes, which do refuse a stale one.
#[derive(Debug, Clone)]
pub struct V3 {
    connection: Connection,
    cluster: Option<ClusterId>,
    project: Option<ProjectId>,
}

impl V3 {
    /// The v3 API behind a connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection, cluster: None, project: None }
    }

    /// The same for what belongs to one cluster: namespaces, storage classes, and of Rancher's own types those of the
    /// cluster.
    #[must_use]
    pub fn in_cluster(&self, cluster: &ClusterId) -> Self {
        Self { cluster: Some(cluster.clone()), project: None, ..self.clone() }
    }

    /// The same for what belongs to one project: workloads, secrets, config maps, and of Rancher's own types those of
    /// the project.
    #[must_use]
    pub fn in_project(&self, project: &ProjectId) -> Self {
        Self { cluster: None, project: Some(project.clone()), ..self.clone() }
    }

    /// The resources of a type: `v3.resource::<Project>()`.
    pub fn resource<T: ResourceType>(&self) -> Resource<T> {
        Resource::typed(self.connection.clone(), self.cluster.clone(), self.project.clone())
    }

    /// The resources of a collection as plain JSON: `v3.collection("projects")`.
    ///
    /// Where the collection is one that the recorded server stated, queries and objects are checked as those of a
    /// struct are. Another one is taken as it is, since newer servers know more.
    ///
    /// # Errors
    /// `invalid` if that is no collection's name: it is empty, holds a slash, or is a type's name, which is a singular.
    pub fn collection(&self, name: &str) -> Result<Resource<Object>> {
        let api = match (&self.cluster, &self.project) {
            (_, Some(_)) => [Api::Project, Api::Cluster, Api::Management],
            (Some(_), _) => [Api::Cluster, Api::Management, Api::Project],
            _ => [Api::Management, Api::Cluster, Api::Project],
        };
        Resource::plain(self.connection.clone(), name, &api, self.cluster.clone(), self.project.clone())
    }
}

#[cfg(test)]
#[cfg(feature = "management")]
mod list_tests;
#[cfg(test)]
#[cfg(all(feature = "management", feature = "cluster"))]
mod query_tests;
#[cfg(test)]
#[cfg(all(feature = "management", feature = "cluster"))]
mod tests;
#[cfg(test)]
#[cfg(feature = "management")]
mod update_tests;
