//! Everything that the conclusions of a diagnosis are drawn from.

use jiff::Timestamp;
use serde_json::Value;

use super::DoctorOptions;
use super::ask::{Ask, Outcome};
use super::witness::Lookup;
use crate::error::{Cause, Error};
use crate::proxy::WhoAmI;
use crate::scope::{Confidence, Ledger};
use crate::transport::Connection;
use crate::wire::ClusterId;

/// What came back, what the ledger made of it, and what a witness saw.
pub(super) struct Findings<'a> {
    pub(super) connection: &'a Connection,
    pub(super) options: &'a DoctorOptions,
    pub(super) seen: &'a [Outcome],
    pub(super) ledger: Ledger,
    pub(super) lookup: Option<Lookup>,
    pub(super) now: Timestamp,
}

impl Findings<'_> {
    /// The latest outcome of a question.
    pub(super) fn of(&self, ask: &Ask) -> Option<&Outcome> {
        self.seen.iter().rev().find(|outcome| outcome.ask == *ask)
    }

    pub(super) fn error(&self, ask: &Ask) -> Option<&Error> {
        self.of(ask)?.answer.as_ref().err()
    }

    pub(super) fn value(&self, ask: &Ask) -> Option<&Value> {
        self.of(ask)?.answer.as_ref().ok()
    }

    /// Whether the cluster's own road says why it does not answer. Otherwise it is Rancher's word, which the record
    /// has seen to be wrong.
    pub(super) fn the_road_says_why(&self, cluster: &ClusterId) -> bool {
        self.error(&Ask::Version(cluster.clone())).is_some_and(|error| {
            matches!(error.causes(), [Cause::NeverConnected | Cause::AgentGone])
                && error.confidence() != Some(Confidence::Likely)
        })
    }

    /// The user that the cluster saw, if it is anybody.
    pub(super) fn somebody(&self, cluster: &ClusterId) -> Option<WhoAmI> {
        let whoami = WhoAmI::read(self.value(&Ask::WhoAmI(cluster.clone()))?);
        let nobody = whoami.user.is_empty()
            || matches!(whoami.user.as_str(), "system:anonymous" | "system:unauthenticated");
        (!nobody).then_some(whoami)
    }
}
