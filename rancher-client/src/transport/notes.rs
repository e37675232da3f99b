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

    /// What the ledger says, without a copy of it.
    pub(crate) fn with<T>(&self, read: impl FnOnce(&Ledger) -> T) -> T {
        read(&self.lock())
    }

    /// What was noted of one value of the credential: nothing, if that is not the one that the ledger is about.
    pub(super) fn ledger_of(&self, kind: TokenKind, generation: u64) -> Ledger {
        let ledger = self.lock();
        if ledger.generation() == generation { ledger.clone() } else { Ledger::new(kind) }
    }

    /// Forgets the old credential. Answers to it that are still under way are dropped when they come.
    pub(super) fn start_over(&self, kind: TokenKind, generation: u64) {
        let mut ledger = self.lock();
        if generation > ledger.generation() {
            ledger.start_over(kind, generation);
        }
    }

    pub(crate) fn learn(&self, knowledge: Knowledge) {
        self.lock().learn(knowledge);
    }

    /// The same, if the ledger is still about that value of the credential.
    pub(super) fn learn_of(&self, generation: u64, knowledge: Knowledge) {
        let mut ledger = self.lock();
        if ledger.generation() == generation {
            ledger.learn(knowledge);
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.lock().generation()
    }

    /// Notes whether the credential that went along was accepted on the route.
    pub(super) fn observe(&self, response: &Response, route: &Route, accepted: bool) {
        if response.kept_for().is_some() {
            return;
        }
        let mut ledger = self.lock();
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
        if response.accepted().said().is_none() {
            ledger.note_inference();
        }
    }
}
