//! Steve, the API of Rancher's dashboard: every kind of Kubernetes, with the state of each object.

mod action;
mod course;
mod filter;
mod query;
mod resource;
mod schema;
#[cfg(test)]
mod schema_tests;
#[cfg(test)]
mod tests;
mod watch;

pub use crate::kubernetes::{Patch, PatchStep};
pub use crate::v3::Deleted;
pub use filter::{Field, Filter, field, label};
pub use query::SteveQuery;
pub use resource::Resource;
pub(crate) use schema::Schemas;
pub use schema::{ActionSchema, Attributes, Definition, FieldSchema, Schema};

use crate::error::Result;
use crate::scope::{Route, road};
use crate::transport::Connection;
use crate::wire::ClusterId;

/// The Steve API as one user: of Rancher itself (`/v1`), or of one cluster (`/k8s/clusters/{id}/v1`).
///
/// Objects are those of Kubernetes with `id`, `type`, `links` and `metadata.state` beside. They are plain JSON that
/// loses nothing. Writes notice conflicts, as those of v3 do not.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::steve::{SteveQuery, field};
///
/// let maps = client.cluster("c-prod1")?.steve().resource("configmaps")?;
/// let query = SteveQuery { filter: vec![field("metadata.name").eq("app")], ..Default::default() };
/// for map in maps.list(query).collect().await? {
///     println!("{:?}", map.id());
/// }
/// maps.update_with("shop-web/app", |map| map.set("data", serde_json::json!({"a": "2"}))).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// `/v1` takes a key without a scope; of the cluster `local` it is also answered to a key scoped to that, by the road
/// through the cluster. A cluster's own Steve takes a key without a scope or one scoped to the cluster.
#[derive(Debug, Clone)]
pub struct Steve {
    connection: Connection,
    cluster: Option<ClusterId>,
    schemas: Schemas,
}

impl Steve {
    /// Rancher's own Steve API behind a connection, `/v1`.
    pub fn new(connection: Connection) -> Self {
        Self { connection, cluster: None, schemas: Schemas::default() }
    }

    /// The Steve API of a cluster behind a connection, `/k8s/clusters/{id}/v1`.
    pub fn of_cluster(connection: Connection, cluster: ClusterId) -> Self {
        Self { connection, cluster: Some(cluster), schemas: Schemas::default() }
    }

    /// The resources of a type, by its id or its plural: `management.cattle.io.cluster`, `configmaps`,
    /// `apps.deployment`.
    ///
    /// # Errors
    /// `invalid` if that is no name of a type.
    pub fn resource(&self, name: &str) -> Result<Resource> {
        Resource::new(self.clone(), name)
    }

    fn route(&self, segments: &[&str]) -> Result<Route> {
        let root: &[&str] = match &self.cluster {
            Some(cluster) => &["k8s", "clusters", cluster.as_str(), "v1"],
            None => &["v1"],
        };
        Ok(Route::from_segments(root.iter().chain(segments))?)
    }

    /// The route of a link that an answer gave.
    ///
    /// Links of the cluster `local` lead to Rancher's own paths, which a key scoped to `local` may not take (recorded:
    /// downstream; the links of other clusters stay below `/k8s/clusters/{id}`). They mean the same below it.
    fn rebase(&self, link: &str) -> Result<Route> {
        let route = Route::from_link(&self.connection.config().server, link)?;
        let local = self.cluster.as_ref().filter(|cluster| cluster.is_local());
        Ok(local.and_then(|local| road(&route, local)).unwrap_or(route))
    }
}
