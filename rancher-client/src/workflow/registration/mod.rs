//! Clusters come and go: created or imported, registered by an agent, waited for, their registration token rotated,
//! removed.
//!
//! ```no_run
//! use rancher_client::wait::WaitOptions;
//! use rancher_client::workflow::registration::ImportOptions;
//!
//! # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
//! let registration = client.registration();
//! let cluster = registration.import_cluster("shop", &ImportOptions::default()).await?;
//! let manifest = registration.manifest(&cluster.id, WaitOptions::default()).await?;
//! // `kubectl apply -f -` of this in the cluster, and its agent connects
//! println!("{} bytes", manifest.expose().len());
//! registration.wait_ready(&cluster.id, WaitOptions::default())?.await?;
//! # Ok(())
//! # }
//! ```
//!
//! # What is a secret
//!
//! Whoever has a registration token can register a cluster or a node in another's place. The token, every command that
//! holds it, the address of the manifest and the manifest itself are [`Secret`](rancher_types::Secret)s.
//!
//! # What is known of the server
//!
//! Tokens of an active cluster and a new one are recorded (downstream, `registration token with ttl`: the token is there
//! at once, its commands follow); so are pending and disconnected clusters (collections, agent-gone). The creation and
//! removal of clusters were read in Rancher's source and are not recorded; neither is the manifest.

mod agent;
mod connect;
mod create;
mod manifest;
mod removal;
mod remove;
mod rotate;
mod token;

pub use create::{CreateOptions, ImportOptions, RegisteredCluster};
pub use removal::{RemovalReport, Seen};
pub use remove::{RemoveOptions, RemovedCluster};
pub use rotate::{KeptToken, RotateTokenOptions, TokenRotation};
pub use token::{RegistrationToken, TokenOptions};

use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::v3::Resource;
use crate::wire::{ClusterId, Object};

/// Registration of clusters, as [`Client::registration`] gives it. A clone shares everything.
#[derive(Debug, Clone)]
pub struct Registration {
    client: Client,
}

impl Client {
    /// Registration of clusters: create or import, wait, rotate the registration token, remove.
    pub fn registration(&self) -> Registration {
        Registration { client: self.clone() }
    }
}

impl Registration {
    fn clusters(&self) -> Result<Resource<Object>> {
        self.client.v3().collection("clusters")
    }
}

/// Reads the id of a cluster that can be registered: not the one that Rancher runs on.
fn registrable(cluster: impl AsRef<str>, operation: &'static str) -> Result<ClusterId> {
    let id = ClusterId::new(cluster).map_err(|error| Error::from(error).with_operation(operation))?;
    if id.is_local() {
        return Err(Error::invalid(
            "nothing was sent: local is the cluster that Rancher itself runs on; it is neither registered nor removed",
            "give the id of another cluster: c-xxxxx",
        )
        .with_operation(operation)
        .with_cluster(id));
    }
    Ok(id)
}

/// How far a job of several steps came.
#[derive(Debug, Default)]
struct Steps {
    done: Vec<String>,
    /// What is there now that nobody may want, by name.
    left: Vec<String>,
    pending: Vec<String>,
}

impl Steps {
    /// The error of a job that stopped in the middle.
    fn stopped(
        self,
        operation: &'static str,
        cluster: Option<&ClusterId>,
        summary: String,
        advice: String,
        cause: Option<Error>,
    ) -> Error {
        let told = |word: &str, list: Vec<String>| -> Vec<String> {
            list.into_iter().map(|line| format!("{word}: {line}")).collect()
        };
        let mut because = told("done", self.done);
        because.extend(told("left behind", self.left));
        because.extend(told("not done", self.pending));
        let mut error = Error::new(ErrorKind::PartlyDone, summary, advice).with_operation(operation);
        if let Some(cluster) = cluster {
            error = error.with_cluster(cluster.clone());
        }
        if let Some(cause) = cause {
            because.push(format!("it stopped at: {cause}"));
            if let Some(sent) = cause.request() {
                error = error.with_sent(sent.clone());
            }
            if let Some(http) = cause.http() {
                error = error.with_http(http.clone());
            }
            error = error.with_observations(cause.observations().iter().cloned()).with_source(cause);
        }
        error.with_because(because)
    }
}

/// Whether no answer came, so that what was asked for may have been done.
fn unanswered(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Unavailable
            | ErrorKind::Tls
            | ErrorKind::Decode
            | ErrorKind::NotRancher
    )
}
