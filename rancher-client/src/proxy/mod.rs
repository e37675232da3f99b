//! Kubernetes through Rancher's cluster proxy, `/k8s/clusters/{id}`.

mod built_in;
mod discovery;
#[cfg(feature = "kube")]
pub mod kube;
mod list;
mod log;
mod namespace;
mod objects;
mod options;
mod refused_pods;
mod resource;
mod review;
mod rollout;
mod service_account;
mod sub;
mod table;
mod watch;
mod write;

pub use crate::v3::Deleted;
pub use crate::wire::Quantity;
pub use discovery::ApiResource;
pub use list::{ListOptions, OnExpired};
pub(crate) use log::LogForm;
pub use log::{LogLine, LogLines, LogOptions};
pub use namespace::NamespaceProxy;
pub use options::{ApplyOptions, DeleteOptions, Patch, PatchStep, Propagation, WriteOptions};
pub use resource::Resource;
pub use review::{CanI, Permission, WhoAmI};
pub use rollout::{Rollout, RolloutStatus, Workload};
pub use service_account::{ClusterProxyConfig, ServiceAccountToken, ServiceAccountTokenOptions};
pub use sub::Scale;
pub use table::{Column, Row, Table};

use http::Method;
use serde_json::Value;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::steve::{Schemas, Steve};
use crate::transport::{Connection, Request};
use crate::wire::ClusterId;

/// One cluster's Kubernetes API as one user.
///
/// Objects are plain JSON that loses nothing: what is written back is what was read, with the change in it.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use futures_util::TryStreamExt;
/// use rancher_client::proxy::{ListOptions, Resource};
///
/// let cluster = client.cluster("c-prod1")?;
/// let pods = Resource::core("pods").within("shop-web");
/// let mut list = cluster.list(pods, ListOptions { label_selector: "app=web".into(), ..Default::default() });
/// while let Some(pod) = list.try_next().await? {
///     println!("{:?}", pod.name());
/// }
///
/// let maps = Resource::core("configmaps").within("shop-web");
/// cluster.update_with(maps, "app", |map| map.set("data", serde_json::json!({"a": "2"}))).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// A key without a scope, or a key scoped to this cluster.
#[derive(Debug, Clone)]
pub struct ClusterProxy {
    connection: Connection,
    id: ClusterId,
    writes: WriteOptions,
    known: Arc<discovery::Known>,
    schemas: Schemas,
}

impl ClusterProxy {
    /// A cluster behind a connection.
    pub fn new(connection: Connection, id: ClusterId) -> Self {
        Self {
            connection,
            id,
            writes: WriteOptions::default(),
            known: Arc::default(),
            schemas: Schemas::default(),
        }
    }

    /// The id of the cluster.
    pub fn id(&self) -> &ClusterId {
        &self.id
    }

    /// The same, with the schemas of Steve that a client knows already.
    pub(crate) fn knowing(mut self, schemas: Schemas) -> Self {
        self.schemas = schemas;
        self
    }

    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The Steve API of the cluster, `/k8s/clusters/{id}/v1`.
    pub fn steve(&self) -> Steve {
        Steve::of_cluster(self.connection.clone(), self.id.clone()).knowing(self.schemas.clone())
    }

    fn request(&self, operation: &'static str, method: Method, segments: &[&str]) -> Result<Request> {
        let all = ["k8s", "clusters", self.id.as_str()].into_iter().chain(segments.iter().copied());
        Ok(Request::new(operation, method, Route::from_segments(all)?))
    }

    async fn send(&self, request: Request) -> Result<Value> {
        self.connection.json(self.connection.by_road(request)?).await
    }

    /// The version of the cluster's API server, `v1.36.3`.
    ///
    /// # Errors
    /// Those of [`Connection::json`]. On `local`, this is answered without any credential: it proves nothing.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn version(&self) -> Result<String> {
        let version = self.send(self.request("cluster.version", Method::GET, &["version"])?).await?;
        let text = version.get("gitVersion").and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| {
            Error::new(ErrorKind::NotRancher, "the cluster's answer holds no gitVersion", "check the URL")
        })
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod kube_tests;
