//! What a conclusion rests on, in a form that can be shared.

use serde_json::{Value, json};
use std::fmt;

use super::Error;

/// One request that was made, and what came back of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// The method.
    pub method: String,
    /// The path, its query values left out.
    pub path: String,
    /// The status; nothing if no answer came.
    pub status: Option<u16>,
    /// Whether the credential was accepted there; nothing where the server did not say.
    pub accepted: Option<bool>,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = self.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
        let accepted = match self.accepted {
            Some(true) => ", credential accepted",
            Some(false) => ", credential not accepted",
            None => "",
        };
        write!(f, "{} {} -> {status}{accepted} ({} ms)", self.method, self.path, self.ms)
    }
}

/// How an error came about, without secrets: for a report, a ticket, a colleague.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'e> {
    error: &'e Error,
}

impl<'e> Evidence<'e> {
    pub(super) fn of(error: &'e Error) -> Self {
        Self { error }
    }

    /// The request as a `curl` command. The token is a variable, never its value.
    pub fn curl(&self) -> Option<String> {
        let request = self.error.request()?;
        let method = if request.method == http::Method::GET {
            String::new()
        } else {
            format!(" -X {}", request.method)
        };
        Some(format!(
            "curl -i{method} -H 'Accept: application/json' -H \"Authorization: Bearer $RANCHER_TOKEN\" \"$RANCHER_URL{}\"",
            request.path
        ))
    }

    /// The bundle as JSON, with the keys that all three languages show.
    pub fn to_json(&self) -> Value {
        let error = self.error;
        let http = error.http();
        json!({
            "kind": error.kind().as_str(),
            "confidence": error.confidence().map(|confidence| confidence.as_str()),
            "operation": error.operation(),
            "method": error.request().map(|request| request.method.as_str()),
            "path": error.request().map(|request| request.path.as_str()),
            "scope": error.request().map(|request| request.scope.to_string()),
            "status": error.status(),
            "accepted": http.and_then(|http| http.accepted),
            "code": error.code(),
            "field": error.field(),
            "message": error.message(),
            "reason": error.reason().map(|reason| reason.as_str()),
            "causes": error.causes().iter().map(|cause| cause.as_str()).collect::<Vec<_>>(),
            "cluster": error.cluster().map(|cluster| cluster.as_str()),
            "scoped_to": error.scoped_to().map(|cluster| cluster.as_str()),
            "retryable": error.is_retryable(),
            "retry_after": error.retry().after.map(|after| after.as_secs_f64()),
            "attempts": error.retry().attempts,
            "advice": error.advice(),
            "because": error.because(),
            "observations": error.observations().iter().map(ToString::to_string).collect::<Vec<_>>(),
            "curl": self.curl(),
        })
    }
}

impl fmt::Display for Evidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.error)?;
        let confidence = self.error.confidence().map(|c| format!(" ({c})")).unwrap_or_default();
        writeln!(f, "kind: {}{confidence}", self.error.kind())?;
        if !self.error.causes().is_empty() {
            let causes: Vec<&str> = self.error.causes().iter().map(|cause| cause.as_str()).collect();
            writeln!(f, "causes: {}", causes.join(", "))?;
        }
        for line in self.error.because() {
            writeln!(f, "because: {line}")?;
        }
        for observation in self.error.observations() {
            writeln!(f, "seen: {observation}")?;
        }
        if let Some(message) = self.error.message() {
            writeln!(f, "server: {message}")?;
        }
        if let Some(curl) = self.curl() {
            writeln!(f, "try: {curl}")?;
        }
        Ok(())
    }
}
