//! The ledger as a client's clones share it, and the count of probes that were made.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Response;
use crate::error::Observation;
use crate::scope::{Fact, Knowledge, Ledger, Route, TokenKind};

/// What a client has noted of its credential. One for all clones.
#[derive(Debug)]
pub(crate) struct Notes {
    ledger: Mutex<Ledger>,
    /// Held while probes are under way, so that a thousand refusals at once ask only once.
    pub(super) probing: tokio::sync::Mutex<Probed>,
}

/// The probes of one value of the credential.
#[derive(Debug, Default)]
pub(super) struct Probed {
    pub(super) generation: u64,
    /// How many were begun. Counted before they are sent, so that giving up in the middle does not earn new ones.
    pub(super) begun: u32,
    pub(super) observations: Vec<Observation>,
}

impl Notes {
    pub(crate) fn new(kind: TokenKind) -> Self {
        Self { ledger: Mutex::new(Ledger::new(kind)), probing: tokio::sync::Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Ledger> {
        // a panic elsewhere leaves the ledger whole: every change to it is one call
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The ledger as it is now.
    pub(crate) fn ledger(&self) -> Ledger {
        self.lock().clone()
    }

    pub(crate) fn learn(&self, knowledge: Knowledge) {
        self.lock().learn(knowledge);
    }

    /// Notes whether the credential that went along was accepted on the route.
    pub(super) fn observe(&self, response: &Response, route: &Route, accepted: bool) {
        let mut ledger = self.lock();
        // the first answer to a new credential ends the old one's account; late answers to the old one are dropped
        if response.generation > ledger.generation() {
            ledger.start_over(response.credential, response.generation);
        }
        ledger.observe(&Fact {
            route: route.scope().clone(),
            accepted,
            sent: response.sent,
            received: response.received,
            generation: response.generation,
        });
    }
}
