//! Why a call failed, in the form that crosses the border.

use rancher_client::{Error, ErrorKind};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

/// Why a call failed. Its text is one line; its JSON holds every field of the error. Neither holds a secret.
#[derive(Debug)]
pub struct Fault(Error);

/// What a call leads to.
pub type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// The caller gave something that cannot be used; nothing was sent.
    pub(crate) fn invalid(summary: impl Into<String>, advice: impl Into<String>) -> Self {
        Self(Error::new(ErrorKind::Invalid, summary, advice))
    }

    /// The call was stopped: by its caller, or because the client was closed.
    pub(crate) fn cancelled(summary: impl Into<String>) -> Self {
        Self(Error::new(ErrorKind::Cancelled, summary, ""))
    }

    /// The same, of this operation, if it does not name one: what fails before the first request may not know it.
    pub(crate) fn of(self, operation: &str) -> Self {
        Self(self.0.with_operation(operation.to_owned()))
    }

    /// What was asked for was not over in time. Whatever of it was sent may have been done.
    pub(crate) fn timeout(operation: &str, span: Duration) -> Self {
        let error = Error::new(
            ErrorKind::Timeout,
            format!("it was not over within {span:?}, which is its timeout"),
            "look whether it did its work before doing it again, or allow more time",
        );
        Self(error.with_operation(operation.to_owned()))
    }

    /// What goes on until it is left went on for as long as it was allowed to.
    pub(crate) fn went_on(operation: &str, span: Duration) -> Self {
        let error = Error::new(
            ErrorKind::Timeout,
            format!("it went on for {span:?}, which is its timeout"),
            "allow more time, or none at all: then it goes on until it is left",
        );
        Self(error.with_operation(operation.to_owned()))
    }

    /// A panic. Its words are not repeated: they can hold values.
    pub(crate) fn defect(operation: &str) -> Self {
        let error = Error::new(
            ErrorKind::Internal,
            "the client itself failed; what was asked may have been done",
            "this is a defect of the client: report it with what was called",
        );
        Self(error.with_operation(operation.to_owned()))
    }

    /// The error of the core.
    pub fn error(&self) -> &Error {
        &self.0
    }

    /// All fields of the error: those of [`Evidence`](rancher_client::error::Evidence), and the line as `text`.
    ///
    /// Its keys are the same for every shell, whatever its naming: a shell gives them names of its own.
    pub fn to_json(&self) -> String {
        let mut all = self.0.evidence().to_json();
        if let Value::Object(fields) = &mut all {
            fields.insert("text".to_owned(), Value::String(self.0.to_string()));
            fields.insert("summary".to_owned(), Value::String(self.0.summary().to_owned()));
        }
        all.to_string()
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
