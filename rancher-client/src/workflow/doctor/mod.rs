//! What is wrong with a credential: reach, trust, identity, scope, expiry, cluster, namespace and rights, each with
//! its evidence.
//!
//! Every request of a diagnosis is a GET or a self-review; none of them changes anything. They go side by side, each
//! with its own deadline, so that a cluster whose agent is gone costs seconds.

mod advice;
mod ask;
mod conclude;
mod findings;
mod record;
mod report;
mod text;
mod witness;

pub use report::{
    ClusterReport, ClusterVerdict, CredentialReport, CredentialVerdict, DoctorReport, NamespaceReport,
    NamespaceVerdict, Plane, PlaneVerdict, ServerReport, TlsSummary, Verdict,
};

use futures_util::future::join_all;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::credentials::Credential;
use crate::error::Result;
use crate::proxy::CanI;
use crate::scope::{KeyScope, Knowledge};
use crate::transport::Connection;
use crate::wire::ClusterId;
use ask::{Ask, Outcome};

/// How long Rancher itself may take to answer a question, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a cluster may take, unless told otherwise. One without an agent would take half a minute.
const CLUSTER_PATIENCE: Duration = Duration::from_secs(4);

/// Is told what the diagnosis is doing, in words for people.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// What to look at. Everything is optional.
#[derive(Clone, Default)]
pub struct DoctorOptions {
    /// The cluster that the credential is wanted for; the configuration's, if none is given.
    pub cluster: Option<ClusterId>,
    /// The namespace in that cluster.
    pub namespace: Option<String>,
    /// Rights to ask for in that cluster (and namespace).
    pub can_i: Vec<CanI>,
    /// More clusters that the key may be scoped to. `local` is always tried.
    pub also: Vec<ClusterId>,
    /// What you know of the key's scope. Verdicts that rest on it are `asserted`.
    pub key_is_for: Option<KeyScope>,
    /// Another credential, which may look the first one's name up: an unscoped key of the same user, or an
    /// administrator's.
    pub witness: Option<Credential>,
    /// The deadline of each question: 10 s for Rancher itself and 4 s for the cluster, if none is given.
    pub timeout: Option<Duration>,
    /// Is told what is going on.
    pub progress: Option<Progress>,
}

impl fmt::Debug for DoctorOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DoctorOptions")
            .field("cluster", &self.cluster)
            .field("namespace", &self.namespace)
            .field("can_i", &self.can_i)
            .field("also", &self.also)
            .field("key_is_for", &self.key_is_for)
            .field("witness", &self.witness)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Diagnoses the client's credential.
    ///
    /// A server that cannot be reached and a credential that is refused are findings, not errors.
    ///
    /// # Errors
    /// `invalid`, before anything is sent, if the namespace is no name.
    ///
    /// # Scope
    /// Any credential, or none.
    pub async fn doctor(&self, options: DoctorOptions) -> Result<DoctorReport> {
        // with notes of its own: it judges by what it sees now, and leaves nothing in the client's
        let connection = self.connection();
        diagnose(&connection.as_another(connection.credential()), options).await
    }
}

/// `connection` is the diagnosis's own.
async fn diagnose(connection: &Connection, options: DoctorOptions) -> Result<DoctorReport> {
    let cluster = options.cluster.clone().or_else(|| connection.config().cluster.clone());
    if let Some(scope) = &options.key_is_for {
        connection.learn(Knowledge::Asserted(scope.clone()));
    }
    let mut options = options;
    // a cluster that the configuration names is one that the key is likely of, also if another is asked
    options.also.extend(connection.config().cluster.clone());
    let questions = ask::first_round(&options, cluster.as_ref())?;
    let told = |words: String| {
        if let Some(progress) = &options.progress {
            progress(&words);
        }
    };
    told(format!("asking {} ({} questions)", connection.config().server, questions.len()));
    let mut seen: Vec<Outcome> =
        join_all(questions.into_iter().map(|question| ask::ask(connection, question))).await;

    settle_scope(connection, &options, &mut seen).await;
    let now = conclude::now(connection, &seen);
    let looked_up = match &options.witness {
        Some(witness) if worth_a_witness(connection, &seen) => {
            told(format!("looking {} up with {witness}", connection.credential()));
            Some(witness::look_up(connection, witness, &options, now, &mut seen).await)
        }
        _ => None,
    };
    if let Some(question) = ask::own_record(connection, &options) {
        seen.push(ask::ask(connection, question?).await);
    }
    Ok(conclude::report(connection, &options, cluster, &seen, looked_up, now))
}

/// If one cluster accepted the key and global paths did not, asks both once more, in that order. Refused, accepted and
/// refused again is proof; answers that crossed each other are not.
async fn settle_scope(connection: &Connection, options: &DoctorOptions, seen: &mut Vec<Outcome>) {
    let Some(home) = connection.ledger().open_question() else { return };
    let answered = |ask: &Ask| seen.iter().any(|seen| seen.ask == *ask && seen.observation.status.is_some());
    if !answered(&Ask::Global) {
        // it would not answer the second time either, and without it there is no proof
        return;
    }
    let again = if answered(&Ask::Cluster(home.clone())) { Ask::Cluster(home) } else { Ask::Version(home) };
    for question in [again, Ask::Global] {
        if let Ok(question) = ask::question(question, options, None) {
            seen.push(ask::ask(connection, question).await);
        }
    }
}

fn worth_a_witness(connection: &Connection, seen: &[Outcome]) -> bool {
    !connection.credential().is_anonymous() && seen.iter().any(|outcome| outcome.observation.status.is_some())
}

#[cfg(test)]
mod tests;
