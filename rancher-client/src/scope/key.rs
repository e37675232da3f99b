//! What a credential is and how far it reaches.

use serde::Serialize;
use std::fmt;

use super::RouteScope;
use crate::wire::ClusterId;

/// The kind of a credential, as far as its own text shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TokenKind {
    /// A key of the v3 API: `token-xxxxx:…`. It may be confined to one cluster (`clusterId`).
    V3,
    /// A token of `ext.cattle.io`: `ext/token-xxxxx:…`. The recorded server does not confine it, whatever its
    /// `spec.clusterName` says.
    Ext,
    /// A v3 token that Rancher made for a kubeconfig: `kubeconfig-…:…`.
    Kubeconfig,
    /// A three-part JWT: of a service account, or of Rancher's own OIDC provider. `X-API-Cattle-Auth` says nothing
    /// about a service account's.
    Jwt,
    /// No credential.
    None,
}

impl TokenKind {
    /// Whether the header `X-API-Cattle-Auth` speaks of this kind of credential at all.
    ///
    /// Recorded (`downstream.jsonl`): with a service-account JWT it stays `false` on answers that the JWT opened.
    pub fn header_speaks(self) -> bool {
        !matches!(self, TokenKind::Jwt)
    }
}

impl fmt::Display for TokenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TokenKind::V3 => "v3",
            TokenKind::Ext => "ext",
            TokenKind::Kubeconfig => "kubeconfig",
            TokenKind::Jwt => "jwt",
            TokenKind::None => "none",
        })
    }
}

/// How far a key reaches. It is fixed when the key is made; only whether the key is alive changes later.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyScope {
    /// Everywhere its user may go.
    Global,
    /// Only the paths of one cluster.
    Cluster(ClusterId),
}

impl KeyScope {
    /// Whether a living key of this scope is accepted on a route; nothing where that is not known.
    ///
    /// Recorded (matrix): a key scoped to a cluster is accepted on `/v3/clusters/{id}…`, `/v3/cluster/{id}…`,
    /// `/k8s/clusters/{id}…` and `/k8s/proxy/{id}…` of its own id, and nowhere else. Public routes answer it, and
    /// say in the header that they did not accept it.
    pub fn reaches(&self, route: &RouteScope) -> Option<bool> {
        match (self, route) {
            (_, RouteScope::Unknown) => None,
            (KeyScope::Global, _) => Some(true),
            (KeyScope::Cluster(own), RouteScope::Cluster(asked)) => Some(own == asked),
            (KeyScope::Cluster(_), RouteScope::Public | RouteScope::Global) => Some(false),
        }
    }
}

impl fmt::Display for KeyScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyScope::Global => f.write_str("not scoped to a cluster"),
            KeyScope::Cluster(id) => write!(f, "scoped to cluster {id}"),
        }
    }
}

/// How much a conclusion rests on. The order is by strength.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It fits best; the evidence leaves another explanation.
    Likely,
    /// It holds if what the user said of the key is true.
    Asserted,
    /// The evidence leaves no other explanation.
    Proven,
}

impl Confidence {
    /// The word used in reports: `likely`, `asserted`, `proven`.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Likely => "likely",
            Confidence::Asserted => "asserted",
            Confidence::Proven => "proven",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
