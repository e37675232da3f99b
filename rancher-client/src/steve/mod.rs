//! Steve, the API of Rancher's dashboard: every kind of Kubernetes, with the state of each object.

use crate::transport::Connection;
use crate::wire::ClusterId;

/// The Steve API as one user: of Rancher itself (`/v1`), or of one cluster (`/k8s/clusters/{id}/v1`).
#[derive(Debug, Clone)]
pub struct Steve {
    connection: Connection,
    cluster: Option<ClusterId>,
}

impl Steve {
    /// The Steve API of a cluster behind a connection.
    pub fn of_cluster(connection: Connection, cluster: ClusterId) -> Self {
        Self { connection, cluster: Some(cluster) }
    }
}
