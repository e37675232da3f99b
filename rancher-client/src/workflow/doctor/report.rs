//! What a diagnosis found.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::error::{Cause, Observation};
use crate::proxy::{CanI, WhoAmI};
use crate::scope::{Confidence, KeyScope, TokenKind};
use crate::wire::ClusterId;

macro_rules! verdict {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }
        impl $name {
            /// The word used in reports.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

verdict! {
    /// The whole in one word.
    Verdict {
        /// The credential is valid, and good for everything that was asked.
        Usable = "usable",
        /// It is valid, but not good for everything that was asked.
        Limited = "limited",
        /// It is dead.
        Refused = "refused",
        /// It was accepted nowhere, and why cannot be told.
        Undetermined = "undetermined",
        /// No server answers, or none that is trusted.
        Unreachable = "unreachable",
        /// What was given is wrong or incomplete, or the URL is not Rancher's.
        Misconfigured = "misconfigured",
    }
}

impl Verdict {
    /// The exit code of a program that reports it: 0 usable, 1 limited, 2 refused, 3 unreachable, 4 misconfigured,
    /// 5 undetermined.
    pub fn exit_code(self) -> u8 {
        match self {
            Verdict::Usable => 0,
            Verdict::Limited => 1,
            Verdict::Refused => 2,
            Verdict::Unreachable => 3,
            Verdict::Misconfigured => 4,
            Verdict::Undetermined => 5,
        }
    }
}

verdict! {
    /// The credential in one word.
    CredentialVerdict {
        /// It was accepted somewhere.
        Valid = "valid",
        /// It is dead: proven, or asserted by what the user says of it.
        Refused = "refused",
        /// It was accepted nowhere: it is dead, or scoped to a cluster that was not asked.
        Undetermined = "undetermined",
        /// There is none.
        Missing = "missing",
    }
}

verdict! {
    /// The cluster in one word.
    ClusterVerdict {
        /// It answers this credential.
        Reachable = "reachable",
        /// The credential is accepted, and its user has no access to the cluster.
        NoAccess = "no_access",
        /// It never connected to Rancher.
        Unavailable = "unavailable",
        /// Its agent is gone.
        Disconnected = "disconnected",
        /// There is none of that id.
        NotFound = "not_found",
        /// Not asked, or nothing can be said of it.
        Unknown = "unknown",
    }
}

verdict! {
    /// The namespace in one word.
    NamespaceVerdict {
        /// The user may read it.
        Accessible = "accessible",
        /// The user may not read it; it may not even exist.
        NoAccess = "no_access",
        /// There is none of that name.
        NotFound = "not_found",
        /// Not asked, or nothing can be said of it.
        Unknown = "unknown",
    }
}

verdict! {
    /// Whether one of Rancher's APIs answers this credential.
    PlaneVerdict {
        /// It does.
        Yes = "yes",
        /// For one cluster only.
        OneCluster = "one cluster only",
        /// It does not accept the credential.
        No = "no",
        /// This server has no such API.
        Absent = "absent",
        /// It did not answer.
        Unknown = "unknown",
    }
}

/// One of Rancher's APIs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plane {
    /// `v3`, `steve`, `ext`, `kubernetes`.
    pub name: &'static str,
    /// Whether it answers.
    pub verdict: PlaneVerdict,
}

/// The connection's certificate and what it is trusted by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSummary {
    /// Whether the chain was verified.
    pub verified: bool,
    /// `system`, `ca_file`, `ca_pem`, `pinned`, `insecure`, or `none` if nothing trusts it.
    pub trusted_by: String,
    /// The SHA-256 fingerprint of the server's certificate, in hexadecimal.
    pub sha256: Option<String>,
    /// When it ends.
    pub not_after: Option<Timestamp>,
    /// Whole days until then; negative when it is past.
    pub days_left: Option<i64>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerReport {
    /// Its address.
    pub url: String,
    /// Whether anything answers there, also 3xx, 401 and 403.
    pub reachable: bool,
    /// Rancher's version.
    pub version: Option<String>,
    /// Its certificate; nothing over plain HTTP, or if no handshake came that far.
    pub tls: Option<TlsSummary>,
}

/// The credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialReport {
    /// What it looks like.
    pub kind: TokenKind,
    /// Its name, which may be shown.
    pub name: Option<String>,
    /// What is so of it.
    pub verdict: CredentialVerdict,
    /// How far it reaches, where known.
    pub scope: Option<KeyScope>,
    /// How sure that is; nothing if undetermined.
    pub confidence: Option<Confidence>,
    /// The causes that remain.
    pub causes: Vec<Cause>,
    /// When it ends, where the server tells.
    pub expires_at: Option<Timestamp>,
    /// Why it is not known when it ends, or who says so.
    pub expiry_note: Option<String>,
    /// What the verdict rests on.
    pub because: Vec<String>,
}

/// The cluster that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterReport {
    /// Its id.
    pub id: Option<ClusterId>,
    /// What is so of it.
    pub verdict: ClusterVerdict,
}

/// The namespace that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamespaceReport {
    /// Its name.
    pub name: Option<String>,
    /// What is so of it.
    pub verdict: NamespaceVerdict,
}

/// Everything that a diagnosis found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DoctorReport {
    /// The server.
    pub server: ServerReport,
    /// The credential.
    pub credential: CredentialReport,
    /// The cluster.
    pub cluster: ClusterReport,
    /// The namespace.
    pub namespace: NamespaceReport,
    /// Rancher's APIs.
    pub planes: Vec<Plane>,
    /// Who the cluster takes the credential for.
    pub whoami: Option<WhoAmI>,
    /// The rights that were asked for; nothing where the cluster did not say.
    pub can_i: Vec<(CanI, Option<bool>)>,
    /// Every request that was made.
    pub probes: Vec<Observation>,
    /// The whole in one word.
    pub verdict: Verdict,
    /// What to do, in words.
    pub advice: Vec<String>,
}

impl DoctorReport {
    /// The report as JSON; its keys are fixed.
    pub fn to_json(&self) -> Value {
        let credential = &self.credential;
        let (scope, cluster) = match &credential.scope {
            Some(KeyScope::Global) => ("global", None),
            Some(KeyScope::Cluster(id)) => ("cluster", Some(id.as_str())),
            None => ("unknown", None),
        };
        let tls = self.server.tls.as_ref().map(|tls| {
            json!({
                "verified": tls.verified,
                "sha256": tls.sha256,
                "not_after": tls.not_after.map(|at| at.to_string()),
            })
        });
        let probes: Vec<Value> = self
            .probes
            .iter()
            .map(|probe| {
                json!({
                    "method": probe.method,
                    "path": probe.path,
                    "status": probe.status,
                    "accepted": probe.accepted,
                    "ms": probe.ms,
                })
            })
            .collect();
        json!({
            "server": {
                "url": self.server.url,
                "reachable": self.server.reachable,
                "version": self.server.version,
                "tls": tls,
            },
            "credential": {
                "kind": credential.kind,
                "name": credential.name,
                "verdict": credential.verdict.as_str(),
                "scope": scope,
                "cluster": cluster,
                "confidence": credential.confidence,
                "causes": credential.causes,
                "expires_at": credential.expires_at.map(|at| at.to_string()),
            },
            "cluster": {"id": self.cluster.id, "verdict": self.cluster.verdict.as_str()},
            "namespace": {"name": self.namespace.name, "verdict": self.namespace.verdict.as_str()},
            "probes": probes,
            "verdict": self.verdict.as_str(),
            "advice": self.advice,
        })
    }
}
