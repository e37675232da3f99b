//! A simulated Rancher over TLS for one test, and clients for the labels of its credentials.

use rancher_client::Client;
use rancher_client::config::{Config, Trust};
use rancher_client::credentials::Credential;
use rancher_client::error::Error;
use rancher_client::scope::Route;
use rancher_client::wire::{ClusterId, ServerUrl};
use rancher_client::workflow::doctor::DoctorOptions;
use rancher_simulator::{Entry, Fault, ServerOptions, Simulator, World};
use std::time::Duration;

/// The cluster of the record whose agent is connected.
pub(crate) const PROD: &str = "c-prod1";

/// No test waits longer than this for anything, however slow the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Lab {
    pub(crate) simulator: Simulator<World>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::with(ServerOptions::default())
    }

    pub(crate) fn with(options: ServerOptions) -> Self {
        Self { simulator: Simulator::serve(World::record(7), options).unwrap() }
    }

    /// The whole bearer token of a label.
    pub(crate) fn token(&self, label: &str) -> String {
        self.simulator.world(|world| world.labels().tokens[label].clone())
    }

    pub(crate) fn credential(&self, label: &str) -> Credential {
        Credential::parse(&self.token(label)).unwrap()
    }

    /// The usual settings for this server as this label; the label `anonymous` has no credential.
    pub(crate) fn config(&self, label: &str) -> Config {
        let credential = if label == "anonymous" { Credential::anonymous() } else { self.credential(label) };
        let mut config = Config::new(ServerUrl::parse(self.simulator.url(), false).unwrap(), credential);
        config.trust = self.simulator.ca_pem().map_or(Trust::System, |pem| Trust::CaPem(pem.to_owned()));
        config
    }

    pub(crate) fn client(&self, label: &str) -> Client {
        Client::new(self.config(label)).unwrap()
    }

    /// Replaces the server's faults.
    pub(crate) fn faults(&self, rules: &[&str]) {
        self.simulator.faults().set(faults(rules));
    }

    /// The requests since the journal was cleared, in order.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.simulator.journal().entries()
    }

    /// `METHOD target` of every request since the journal was cleared.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.entries().iter().map(|entry| format!("{} {}", entry.method, entry.target)).collect()
    }

    pub(crate) fn forget(&self) {
        self.simulator.journal().clear();
    }
}

pub(crate) fn faults(rules: &[&str]) -> Vec<Fault> {
    rules.iter().map(|rule| rule.parse().unwrap()).collect()
}

pub(crate) fn route(path: &str) -> Route {
    Route::parse(path).unwrap()
}

/// What to diagnose: this cluster.
pub(crate) fn asking(cluster: &str) -> DoctorOptions {
    DoctorOptions { cluster: Some(ClusterId::new(cluster).unwrap()), ..DoctorOptions::default() }
}

/// Everything that an error can show.
pub(crate) fn shown(error: &Error) -> String {
    let evidence = error.evidence();
    format!("{error}\n{error:?}\n{error:#?}\n{evidence}\n{evidence:?}\n{}", evidence.to_json())
}
