//! The client: a cheap clone that holds the parts.

#[cfg(feature = "management")]
mod nouns;
mod session;

use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::credentials::Credential;
use crate::error::{Error, ErrorKind, Result};
use crate::ext;
use crate::proxy::ClusterProxy;
use crate::scope::{Ledger, Route};
use crate::steve::{Schemas, Steve};
use crate::transport::{Body, Connection, Expect, Request, Response};
use crate::v3::V3;
use crate::wire::ClusterId;

/// A Rancher server as one user. Clones share connections, credential and ledger.
#[derive(Debug, Clone)]
pub struct Client {
    connection: Connection,
    /// What is known of Steve's types.
    schemas: Schemas,
    /// What was found out of the extension API.
    ext: Arc<ext::Known>,
}

/// The version of a server, from `/rancherversion`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerVersion {
    /// `v2.16.0`
    pub version: String,
    /// The commit it was built from.
    pub git_commit: String,
    /// Whether it is Rancher Prime.
    pub prime: bool,
}

impl Client {
    /// A client for this configuration. Nothing is sent yet.
    ///
    /// # Errors
    /// `config` if a certificate file cannot be read or holds none.
    pub fn new(config: Config) -> Result<Self> {
        Ok(Self::over(Connection::open(config)?))
    }

    /// A client over a connection that is there already: one over another transport, such as a server in the same
    /// process.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Transport};
    /// use rancher_client::{Client, Config, Credential, Result, wire::SystemClock};
    /// use std::sync::Arc;
    ///
    /// #[derive(Debug)]
    /// struct Fixed;
    ///
    /// impl Transport for Fixed {
    ///     fn send(&self, _: Request) -> BoxFuture<'_, Result<Response>> {
    ///         let body = Body::from_bytes(r#"{"Version":"v2.16.0"}"#);
    ///         Box::pin(async move { Ok(Response::new(StatusCode::OK, HeaderMap::new(), body)) })
    ///     }
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<()> {
    /// let config = Config::new("https://rancher.example.com".parse()?, Credential::anonymous());
    /// let connection = Connection::over_transport(config, Arc::new(Fixed), Arc::new(SystemClock::new()));
    /// assert_eq!(Client::over(connection).server_version().await?.version, "v2.16.0");
    /// # Ok(())
    /// # }
    /// ```
    pub fn over(connection: Connection) -> Self {
        Self { connection, schemas: Schemas::default(), ext: Arc::default() }
    }

    /// The same client, whose requests take at most this long each, retries and the body included, instead of
    /// [`Timeouts::call`](crate::config::Timeouts::call). It shares connections, credential and ledger.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let local = client.with_timeout(Duration::from_secs(5)).clusters().get("local").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_timeout(&self, at_most: Duration) -> Self {
        Self { connection: self.connection.with_timeout(at_most), ..self.clone() }
    }

    /// The same client for a job of several requests, which must be over together when this much time has passed from
    /// now. It shares connections, credential and ledger.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use std::time::Duration;
    ///
    /// let in_time = client.with_deadline(Duration::from_secs(20));
    /// let prod = in_time.clusters().find("prod").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_deadline(&self, within: Duration) -> Self {
        Self { connection: self.connection.with_deadline(within), ..self.clone() }
    }

    /// The configuration that it was made from. Its credential may have been replaced since.
    pub fn config(&self) -> &Config {
        self.connection.config()
    }

    /// Replaces the credential, for every clone. Calls under way finish with the old one.
    pub fn replace_credential(&self, credential: Credential) {
        self.connection.replace_credential(credential);
    }

    /// The way to the server, for what has no call of its own yet.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What was observed of the credential so far.
    pub fn ledger(&self) -> Ledger {
        self.connection.ledger()
    }

    /// The v3 API.
    pub fn v3(&self) -> V3 {
        V3::new(self.connection.clone())
    }

    /// Rancher's own Steve API, `/v1`. That of a cluster is `client.cluster(id)?.steve()`.
    pub fn steve(&self) -> Steve {
        Steve::new(self.connection.clone()).knowing(self.schemas.clone())
    }

    /// The Kubernetes API of a cluster, through the proxy.
    ///
    /// # Errors
    /// `invalid` if that is no cluster id, with a hint: `c-xxxxx:p-xxxxx` is a project's.
    pub fn cluster(&self, id: impl AsRef<str>) -> Result<ClusterProxy> {
        let cluster = ClusterProxy::new(self.connection.clone(), ClusterId::new(id)?);
        Ok(cluster.knowing(self.schemas.clone()))
    }

    /// Sends a request to any path and returns the answer as it comes: judged, its body still under way.
    ///
    /// # Errors
    /// An answer of status 300 or more is an error; so is none at all.
    ///
    /// # Scope
    /// That of the path, see [`crate::scope::RouteScope`].
    pub async fn request(&self, method: Method, route: Route) -> Result<Response> {
        let mut request = Request::new("request", method, route);
        request.expect = Expect::Anything;
        self.send(request).await
    }

    /// Sends a request that was put together by hand: headers, a body, patience.
    ///
    /// # Errors
    /// As [`Client::request`].
    pub async fn send(&self, request: Request) -> Result<Response> {
        self.connection.send(request).await
    }

    /// Reads a body whole, up to the limit of the configuration.
    ///
    /// # Errors
    /// `connect`, `timeout` or `decode` if it does not arrive whole or is too large.
    pub async fn read(&self, body: Body) -> Result<bytes::Bytes> {
        body.read(self.connection.config().limits.body).await
    }

    /// Sends a request and reads the whole answer: its status, its headers and its body.
    ///
    /// # Errors
    /// As [`Client::send`] and [`Client::read`]. What may have done its work is not
    /// [retryable](crate::Error::is_retryable), even if it is the body that broke off.
    pub async fn exchange(&self, request: Request) -> Result<(StatusCode, HeaderMap, bytes::Bytes)> {
        self.connection.whole(request).await
    }

    /// The version of the server. It needs no credential and proves nothing about one.
    ///
    /// # Errors
    /// `not_rancher` if something else answers there.
    ///
    /// # Scope
    /// Public.
    pub async fn server_version(&self) -> Result<ServerVersion> {
        let route = Route::from_segments(["rancherversion"])?;
        let answer = self.connection.json(Request::new("server_version", Method::GET, route)).await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::Decode => not_rancher().with_source(error),
            _ => error,
        })?;
        ServerVersion::read(&answer).ok_or_else(not_rancher)
    }
}

fn not_rancher() -> Error {
    Error::new(
        ErrorKind::NotRancher,
        "GET /rancherversion does not answer with a version",
        "check the URL; another program may answer there",
    )
}

impl ServerVersion {
    pub(crate) fn read(answer: &Value) -> Option<Self> {
        let text = |key: &str| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        Some(Self {
            version: text("Version")?,
            git_commit: text("GitCommit").unwrap_or_default(),
            prime: text("RancherPrime").is_some_and(|prime| prime == "true"),
        })
    }
}
