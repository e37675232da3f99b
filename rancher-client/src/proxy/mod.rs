//! Kubernetes through Rancher's cluster proxy, `/k8s/clusters/{id}`.

mod review;

pub use review::{CanI, Permission, WhoAmI};

use http::Method;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{Connection, Request};
use crate::wire::ClusterId;

/// One cluster's Kubernetes API as one user.
///
/// # Scope
/// A key without a scope, or a key scoped to this cluster.
#[derive(Debug, Clone)]
pub struct ClusterProxy {
    connection: Connection,
    id: ClusterId,
}

/// Where objects of one kind are: `pods` in a namespace, `deployments` of the group `apps`.
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

    fn segments(self) -> Vec<&'a str> {
        let version = if self.version.is_empty() { "v1" } else { self.version };
        let mut segments =
            if self.group.is_empty() { vec!["api", version] } else { vec!["apis", self.group, version] };
        if !self.namespace.is_empty() {
            segments.extend(["namespaces", self.namespace]);
        }
        segments.push(self.plural);
        segments
    }
}

impl ClusterProxy {
    /// A cluster behind a connection.
    pub fn new(connection: Connection, id: ClusterId) -> Self {
        Self { connection, id }
    }

    /// The id of the cluster.
    pub fn id(&self) -> &ClusterId {
        &self.id
    }

    fn request(&self, operation: &'static str, method: Method, segments: &[&str]) -> Result<Request> {
        let all = ["k8s", "clusters", self.id.as_str()].into_iter().chain(segments.iter().copied());
        Ok(Request::new(operation, method, Route::from_segments(all)?))
    }

    async fn send(&self, mut request: Request) -> Result<Value> {
        request.route = self.connection.road_for(request.route)?;
        self.connection.json(request).await
    }

    /// A list as the server sends it, at most `limit` objects if that is not 0; `metadata.continue` leads on.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `cluster_unavailable` within seconds if the cluster's agent is gone.
    pub async fn list(&self, resource: Resource<'_>, limit: u32) -> Result<Value> {
        let mut request = self.request("cluster.list", Method::GET, &resource.segments())?;
        if limit > 0 {
            request.route = request.route.with_query("limit", &limit.to_string());
        }
        self.send(request).await
    }

    /// One object.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    pub async fn get(&self, resource: Resource<'_>, name: &str) -> Result<Value> {
        let mut segments = resource.segments();
        segments.push(name);
        self.send(self.request("cluster.get", Method::GET, &segments)?).await
    }

    /// Creates an object and returns it as the server made it. It is not sent twice.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `forbidden` with the reason `quota`, `pod_security` or `admission` is no
    /// missing right.
    pub async fn create(&self, resource: Resource<'_>, object: &Value) -> Result<Value> {
        self.send(self.request("cluster.create", Method::POST, &resource.segments())?.with_json(object)?)
            .await
    }

    /// Deletes an object and returns the server's answer: its last state, or a `Status`.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    pub async fn delete(&self, resource: Resource<'_>, name: &str) -> Result<Value> {
        if name.is_empty() {
            // without a name this would be a request to delete them all
            return Err(Error::new(
                ErrorKind::Invalid,
                "the name of the object to delete is empty",
                "give its name",
            ));
        }
        let mut segments = resource.segments();
        segments.push(name);
        self.send(self.request("cluster.delete", Method::DELETE, &segments)?).await
    }

    /// The version of the cluster's API server, `v1.36.3`.
    ///
    /// # Errors
    /// Those of [`Connection::json`]. On `local`, this is answered without any credential: it proves nothing.
    pub async fn version(&self) -> Result<String> {
        let version = self.send(self.request("cluster.version", Method::GET, &["version"])?).await?;
        let text = version.get("gitVersion").and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| {
            Error::new(ErrorKind::NotRancher, "the cluster's answer holds no gitVersion", "check the URL")
        })
    }
}
