//! Everything a client needs to know before it starts, as plain data.

mod discovery;
mod environment;
mod explicit;
mod hints;
mod proxy;
mod settings;

pub use discovery::{Decision, Discovered, Discovery, Finding, LookedAt, PassedOver, Report, Source};
pub use environment::Environment;
pub use explicit::Explicit;
pub use hints::{Expiry, Hints, InvalidExpiry};
pub use proxy::Proxy;
pub use settings::{Limits, Probes, RetryPolicy, Timeouts, Trust};

use std::fmt;

use crate::credentials::Credential;
use crate::error::Result;
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
    /// The proxy that requests go through. Nothing here leaves the choice to the environment (`HTTPS_PROXY`,
    /// `NO_PROXY`).
    pub proxy: Option<Proxy>,
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
    /// What is known beside what is needed: whose credential it is, when it expires, which project is meant.
    pub hints: Hints,
}

impl Config {
    /// A configuration with the usual settings.
    pub fn new(server: ServerUrl, credential: Credential) -> Self {
        Self {
            server,
            credential,
            cluster: None,
            trust: Trust::System,
            proxy: None,
            timeouts: Timeouts::default(),
            retry: RetryPolicy::default(),
            limits: Limits::default(),
            probes: Probes::On,
            application: None,
            hints: Hints::default(),
        }
    }

    /// Finds the configuration: the environment, the Rancher CLI's `cli2.json`, a kubeconfig. See [`Discovery`],
    /// which also takes explicit values.
    ///
    /// # Errors
    /// `config`, as for [`Discovery::run`].
    pub fn discover() -> Result<Discovered> {
        Discovery::of_process(Explicit::default()).run()
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("server", &self.server)
            .field("credential", &self.credential)
            .field("cluster", &self.cluster)
            .field("trust", &self.trust)
            .field("proxy", &self.proxy)
            .field("timeouts", &self.timeouts)
            .field("retry", &self.retry)
            .field("limits", &self.limits)
            .field("probes", &self.probes)
            .field("application", &self.application)
            .field("hints", &self.hints)
            .finish()
    }
}
