//! One job with one credential: what was sent, and what it came to.

use rancher_client::scope::{KeyScope, Knowledge};

use super::jobs::{Got, Job};
use crate::in_process::{Server, wrote};

/// What a job came to.
pub(super) struct Observed {
    /// What was got; otherwise the kind of the error.
    pub(super) got: std::result::Result<Got, &'static str>,
    /// `METHOD path` of what was sent, in order, each once.
    pub(super) requests: Vec<String>,
    wrote: bool,
}

impl Observed {
    /// Whether the server may not be as it was before.
    pub(super) fn wrote(&self) -> bool {
        self.wrote
    }
}

/// Does a job with a label of the record, whose scope the client was told.
pub(super) async fn observe(server: &Server, job: &Job, label: &str) -> Observed {
    let client = server.client(label, job.cluster);
    let scoped = [("-local", "local"), ("-prod", "c-prod1"), ("-stage", "c-stag1")];
    let scope = scoped.into_iter().find(|(end, _)| label.ends_with(end) && !label.starts_with("ext"));
    let scope = scope.map_or(KeyScope::Global, |(_, id)| KeyScope::Cluster(id.parse().unwrap()));
    client.connection().learn(Knowledge::Recorded(scope));
    server.sent();
    let got = (job.run)(client).await.map_err(|error| error.kind().as_str());
    let mut requests = server.sent();
    let wrote = wrote(&requests);
    requests.dedup();
    Observed { got, requests, wrote }
}
