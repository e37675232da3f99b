//! Everything a client needs to know before it starts, as plain data.

mod settings;

pub use settings::{Limits, Probes, RetryPolicy, Timeouts, Trust};

use std::fmt;

use crate::credentials::Credential;
use crate::wire::{ClusterId, ServerUrl};

/// How to reach a server, as whom, and how patiently.
///
/// Plain data: change any field before the client is made. `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where Rancher is.
    pub server: ServerUrl,
    /// As whom to call.
    pub credential: Credential,
    /// The cluster that is meant where a call names none. It is intent, not proof of the key's scope.
    pub cluster: Option<ClusterId>,
    /// Which certificates are trusted.
    pub trust: Trust,
    /// How long to wait for what.
    pub timeouts: Timeouts,
    /// When to send again.
    pub retry: RetryPolicy,
    /// How much at a time.
    pub limits: Limits,
    /// Whether refusals are looked into.
    pub probes: Probes,
    /// Added to the user agent: the name and version of the program that uses the client.
    pub application: Option<String>,
}

impl Config {
    /// A configuration with the usual settings.
    pub fn new(server: ServerUrl, credential: Credential) -> Self {
        Self {
            server,
            credential,
            cluster: None,
            trust: Trust::System,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            probes: Probes::On,
            application: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server)
            .field("credential", &self.credential)
            .field("cluster", &self.cluster)
            .field("trust", &self.trust)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .field("probes", &self.probes)
            .finish_non_exhaustive()
    }
}
