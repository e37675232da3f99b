//! How a case ends.

use rancher_client::Error;
use rancher_client::wire::{InvalidDocument, InvalidId};
use std::fmt::Display;

/// What was seen, in a few words; or why there is nothing to say or what is wrong.
pub(crate) type Outcome = Result<String, Stop>;

/// Why a case went no further.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    /// This server or this key cannot do it: the reason.
    Skipped(String),
    /// It is not as it must be.
    Failed(String),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error.to_string())
    }
}

impl From<InvalidDocument> for Stop {
    fn from(error: InvalidDocument) -> Self {
        Stop::Failed(error.to_string())
    }
}

impl From<InvalidId> for Stop {
    fn from(error: InvalidId) -> Self {
        Stop::Failed(error.to_string())
    }
}

/// Skips the case.
pub(crate) fn skip<T>(reason: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Skipped(reason.into()))
}

/// Fails the case.
pub(crate) fn fail<T>(what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Failed(what.into()))
}

/// Fails the case unless it is so.
pub(crate) fn check(so: bool, what: impl Display) -> Result<(), Stop> {
    match so {
        true => Ok(()),
        false => fail(what.to_string()),
    }
}

/// The error that must come.
pub(crate) fn refused<T>(result: rancher_client::Result<T>, what: &str) -> Result<Error, Stop> {
    match result {
        Err(error) => Ok(error),
        Ok(_) => fail(format!("{what} was accepted")),
    }
}
