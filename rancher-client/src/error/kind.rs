//! What kinds of failure there are, why they happen, and whether trying again can help.

use serde::Serialize;
use std::fmt;
use std::time::Duration;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every value, in the order of the documentation.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The stable word for it, the same in every language.
            pub fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
    };
}

words! {
    /// What kind of failure it is. The word is the same in Rust, Python and Node.
    ErrorKind {
        /// The credential is dead: expired, deleted, switched off, mistyped, or its user is disabled.
        TokenRefused = "token_refused",
        /// The credential is scoped to a cluster, and what was asked is not that cluster's. It need not be replaced.
        OutOfScope = "out_of_scope",
        /// The credential was not accepted there, and the evidence leaves more than one cause.
        Undetermined = "undetermined",
        /// The request was sent without a credential, and one is needed; or a login was refused.
        Unauthenticated = "unauthenticated",
        /// The credential was accepted; the server refuses this to its user, see [`ForbiddenReason`].
        Forbidden = "forbidden",
        /// There is no such thing, or none that the user may see.
        NotFound = "not_found",
        /// Somebody else changed it first.
        Conflict = "conflict",
        /// It exists already.
        AlreadyExists = "already_exists",
        /// The server does not accept the content, or the client knows that it would not.
        Invalid = "invalid",
        /// Too many requests.
        RateLimited = "rate_limited",
        /// Rancher answers, but the cluster does not: it never connected, or its agent is gone.
        ClusterUnavailable = "cluster_unavailable",
        /// Rancher, or a proxy in front of it, is out of order.
        Unavailable = "unavailable",
        /// The answer is not Rancher's: a login page, a proxy, another program.
        NotRancher = "not_rancher",
        /// It took too long.
        Timeout = "timeout",
        /// No trusted connection.
        Tls = "tls",
        /// No connection, or one that broke.
        Connect = "connect",
        /// The answer cannot be read.
        Decode = "decode",
        /// The configuration is wrong or incomplete; nothing was sent.
        Config = "config",
        /// This server does not offer it, or led a change to elsewhere without saying whether it was made.
        Unsupported = "unsupported",
        /// The caller gave up.
        Cancelled = "cancelled",
        /// A job of several steps stopped in the middle.
        PartlyDone = "partly_done",
        /// A defect of this client itself.
        Internal = "internal",
    }
}

words! {
    /// What stands behind [`ErrorKind::Forbidden`]. Only `rbac` is a missing right.
    ForbiddenReason {
        /// The user's roles do not allow it.
        Rbac = "rbac",
        /// It would exceed a quota.
        Quota = "quota",
        /// An admission webhook or policy denies it.
        Admission = "admission",
        /// It violates the namespace's Pod Security level.
        PodSecurity = "pod_security",
        /// The namespace is being deleted.
        Terminating = "terminating",
        /// An eviction would leave fewer pods than a disruption budget demands. It may be allowed later.
        DisruptionBudget = "disruption_budget",
        /// The server does not say.
        Unknown = "unknown",
    }
}

words! {
    /// One possible cause. An undetermined error carries all that remain.
    Cause {
        /// The credential is dead, for one of the reasons below, not known which.
        TokenRefused = "token_refused",
        /// It is past its time.
        Expired = "expired",
        /// It was deleted, or never existed.
        Deleted = "deleted",
        /// It is switched off (`enabled: false`).
        SwitchedOff = "switched_off",
        /// Its name exists, its secret is another.
        WrongSecret = "wrong_secret",
        /// Its user is disabled.
        UserDisabled = "user_disabled",
        /// It is scoped to a cluster that this request does not belong to.
        OutOfScope = "out_of_scope",
        /// No credential was sent.
        Missing = "missing",
        /// The user's roles do not allow it.
        MissingRight = "missing_right",
        /// The cluster takes service-account tokens only with an enabled `ClusterProxyConfig`.
        NoProxyConfig = "no_proxy_config",
        /// User name and password were refused.
        WrongPassword = "wrong_password",
        /// The server does not offer logging in by this provider: it is switched off, or was never set up.
        ProviderDisabled = "provider_disabled",
        /// The provider could not look the user up: what Rancher goes by at the directory is refused there itself, or the
        /// directory does not answer as it should.
        ProviderFailed = "provider_failed",
        /// The cluster has not connected to Rancher yet.
        NeverConnected = "never_connected",
        /// The cluster's agent is not connected.
        AgentGone = "agent_gone",
        /// What stands before Rancher may have refused it: the answer has no form of Rancher's own.
        NotRancher = "not_rancher",
        /// The server's certificate is past its time.
        CertificateExpired = "certificate_expired",
        /// The server's certificate is for another host name.
        CertificateWrongHost = "certificate_wrong_host",
        /// The server's certificate comes from an authority that is not trusted.
        CertificateUnknownIssuer = "certificate_unknown_issuer",
        /// The server's certificate is bad in another way.
        CertificateInvalid = "certificate_invalid",
    }
}

/// Whether trying again can help, and what was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retry {
    /// The same request may succeed later without any change.
    pub retryable: bool,
    /// How long the server asked to wait.
    pub after: Option<Duration>,
    /// How many times the request was sent.
    pub attempts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn words_are_unique_and_lower_case() {
        let kinds: Vec<&str> = ErrorKind::ALL.iter().map(|kind| kind.as_str()).collect();
        let causes: Vec<&str> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
        for words in [kinds, causes] {
            assert_eq!(words.iter().collect::<HashSet<_>>().len(), words.len());
            assert!(words.iter().all(|word| word.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        }
    }
}
