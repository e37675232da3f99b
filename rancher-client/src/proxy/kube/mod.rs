//! A `kube::Client` of a cluster, and Kubernetes' own types (feature `kube`).
//!
//! [`ClusterProxy::kube_client`] gives a client of the crate `kube` that goes the way of every other call: TLS and its
//! pinned authority, the proxy, the credential as it is now, timeouts, the watch over the agent, redaction. Exec, attach
//! and port-forward are kube's. [`ClusterProxy::get_typed`] and its kin read and write the types of `k8s-openapi`, and
//! lose nothing that such a type does not know.
//!
//! The application chooses the version of Kubernetes, by a feature of `k8s-openapi` in its own `Cargo.toml`.
//!
//! # Errors
//! kube knows one error for a refused request, `Api`, and no scopes. So an answer that is about the credential never
//! becomes an `Api`: the client fails with `kube::Error::Service`, and [`behind`] finds our [`Error`] in it, with its
//! verdict, causes and evidence. What Kubernetes itself says of a credential that was accepted (404, 409, 410, a missing
//! right) stays an `Api`, as controllers expect it. [`ClusterProxy::explain`] turns either into our error.

mod service;
mod typed;

pub use typed::{KubeType, Typed};

use std::error::Error as StdError;
use std::io;

use super::{ClusterProxy, NamespaceProxy};
use crate::error::{Error, ErrorKind, Result, judge_status};
use service::Through;

impl ClusterProxy {
    /// A client of the crate `kube` for this cluster, whose default namespace is `default`.
    ///
    /// It is a cheap clone, as this is. Requests that read are sent again where that can help; those that write never
    /// are. A request that waits for a stream (a watch, a log that is followed, exec, attach, port-forward) has no
    /// deadline, and dropping it closes the connection.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use k8s_openapi::api::core::v1::Pod;
    /// use kube::api::{Api, AttachParams};
    ///
    /// let pods: Api<Pod> = Api::namespaced(client.cluster("c-prod1")?.kube_client()?, "shop-web");
    /// let process = pods.exec("web-0", ["date"], &AttachParams::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// kube starts a task on the runtime that this is called on, which passes requests on. When that runtime ends, the
    /// client does too.
    ///
    /// What kube writes to the log is its own: at the level `debug` the errors of the server, and at `warn` the text of
    /// an answer that is not of the type that was asked for, which can be a secret.
    ///
    /// # Errors
    /// `config` if no tokio runtime is running.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn kube_client(&self) -> Result<kube::Client> {
        self.kube_client_in("default")
    }

    fn kube_client_in(&self, namespace: &str) -> Result<kube::Client> {
        // kube would panic
        tokio::runtime::Handle::try_current().map_err(|error| {
            Error::config(
                "a kube::Client needs a running tokio runtime",
                "call kube_client() from a task of the runtime that shall send its requests",
            )
            .with_operation("cluster.kube_client")
            .with_source(error)
        })?;
        Ok(kube::Client::new(Through::new(self), namespace))
    }

    /// What an error of a client that [`ClusterProxy::kube_client`] gave means, as an error of ours.
    ///
    /// An error that is ours underneath comes out as it is. What Kubernetes said of a request is judged by its `Status`
    /// alone, since kube keeps neither the request nor the headers.
    pub fn explain(&self, error: kube::Error) -> Error {
        let ours = match error {
            kube::Error::Api(status) => {
                let ours = judge_status(&status_json(&status), &self.id, self.connection.credential().kind());
                // kube does not tell whether it was a write, which may have arrived
                match ours.kind() == ErrorKind::Unavailable && ours.retry().after.is_none() {
                    true => ours.with_retry(false, None).with_advice(
                        "if this was a write it may have arrived: look whether it did its work before you send it again",
                    ),
                    false => ours,
                }
            }
            kube::Error::Service(error) => match error.downcast::<Error>() {
                Ok(ours) => return *ours,
                Err(other) => Error::new(
                    ErrorKind::Cancelled,
                    "the kube::Client does not work any more",
                    "the runtime that kube_client() was called on may have ended; make a new client",
                )
                .with_source(Cause(other)),
            },
            kube::Error::ReadEvents(error) => match inner(error) {
                Ok(error) => return self.explain(error),
                Err(error) => Error::new(
                    ErrorKind::Connect,
                    "the stream broke off",
                    "begin it again from the last resource version",
                )
                .with_retry(true, None)
                .with_source(error),
            },
            // the text of serde's error can quote a value, and a value can be a secret
            kube::Error::SerdeError(error) => Error::new(
                ErrorKind::Decode,
                format!(
                    "the answer is not of the type that was asked for (line {}, column {})",
                    error.line(),
                    error.column()
                ),
                "compare the version of Kubernetes that k8s-openapi was built for with the cluster's",
            ),
            error @ kube::Error::UpgradeConnection(_) => Error::new(
                ErrorKind::Unsupported,
                "the server did not switch to a WebSocket as it was asked to",
                "look at the proxy or ingress in front of Rancher: exec and port-forward need WebSockets",
            )
            .with_source(error),
            error @ (kube::Error::BuildRequest(_) | kube::Error::HttpError(_)) => {
                Error::invalid("kube could not put the request together", "look at its parameters")
                    .with_source(error)
            }
            error => Error::new(ErrorKind::Internal, "kube failed", "look at the cause").with_source(error),
        };
        ours.with_operation(service::OPERATION).with_cluster(self.id.clone())
    }
}

impl NamespaceProxy {
    /// As [`ClusterProxy::kube_client`], with this namespace as its default.
    ///
    /// # Errors
    /// As [`ClusterProxy::kube_client`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn kube_client(&self) -> Result<kube::Client> {
        self.cluster().kube_client_in(self.name())
    }
}

/// Our error behind an error of kube, of its runtime or of whatever wraps them: the verdict on a credential, a dead
/// agent, no connection. Nothing where Kubernetes itself refused a request (`kube::Error::Api`), and where there is
/// none.
///
/// ```no_run
/// # async fn run(client: kube::Client) {
/// use rancher_client::ErrorKind;
/// use rancher_client::proxy::kube::behind;
///
/// let Err(error) = client.apiserver_version().await else { return };
/// match behind(&error).map(rancher_client::Error::kind) {
///     Some(ErrorKind::OutOfScope) => println!("a key of another cluster"),
///     Some(ErrorKind::ClusterUnavailable) => println!("its agent is gone"),
///     _ => println!("{error}"),
/// }
/// # }
/// ```
pub fn behind<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e Error> {
    /// No chain of causes is longer, unless it is a circle.
    const LONGEST: usize = 32;
    let mut next = Some(error);
    for _ in 0..LONGEST {
        let error = next?;
        if let Some(ours) = error.downcast_ref::<Error>() {
            return Some(ours);
        }
        // what an io::Error wraps is not its source, but what that has as one
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = match wrapped {
            Some(wrapped) => Some(wrapped as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

/// kube's own error that an error of a stream wraps.
fn inner(error: io::Error) -> std::result::Result<kube::Error, io::Error> {
    if !error.get_ref().is_some_and(|inner| inner.is::<kube::Error>()) {
        return Err(error);
    }
    let kind = error.kind();
    let inner = error.into_inner().and_then(|inner| inner.downcast::<kube::Error>().ok());
    inner.map(|inner| *inner).ok_or_else(|| io::Error::from(kind))
}

/// A `Status` as Kubernetes wrote it.
fn status_json(status: &kube::core::Status) -> serde_json::Value {
    let mut json = serde_json::to_value(status).unwrap_or_default();
    if let Some(fields) = json.as_object_mut() {
        fields.insert("kind".to_owned(), "Status".into());
    }
    json
}

/// An error whose type is not known.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Cause(Box<dyn StdError + Send + Sync>);
