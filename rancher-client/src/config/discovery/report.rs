//! What discovery looked at and decided, without secrets.

use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::fmt;

/// A kind of place where configuration lies, in the order of precedence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Source {
    /// What the caller gave.
    Explicit,
    /// The `RANCHER_*` variables and `CAAS_PROJECT`.
    Environment,
    /// The old `CATTLE_*` variables.
    Cattle,
    /// The Rancher CLI's `cli2.json`.
    Cli,
    /// A kubeconfig.
    Kubeconfig,
    /// Nothing was found; the usual value holds.
    Default,
}

impl Source {
    /// The word used in JSON: `explicit`, `environment`, `cattle`, `cli`, `kubeconfig`, `default`.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Explicit => "explicit",
            Source::Environment => "environment",
            Source::Cattle => "cattle",
            Source::Cli => "cli",
            Source::Kubeconfig => "kubeconfig",
            Source::Default => "default",
        }
    }
}

impl Serialize for Source {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that a place holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The name of the variable, field or entry.
    pub name: String,
    /// What may be shown of its value; `set` where that is nothing.
    pub shown: String,
}

impl Finding {
    pub(super) fn new(name: impl Into<String>, shown: impl Into<String>) -> Self {
        Self { name: name.into(), shown: shown.into() }
    }
}

/// One place that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LookedAt {
    /// What kind of place it is.
    pub source: Source,
    /// Which one: a file, a family of variables.
    pub label: String,
    /// What it holds.
    pub found: Vec<Finding>,
    /// What was taken from it: `server`, `credential`, `cluster`, `trust`, …
    pub used_for: Vec<&'static str>,
    /// Why neither server nor credential was taken from it; nothing if one was.
    pub because: Option<String>,
}

/// A value that was found and not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct PassedOver {
    /// Where it stands.
    pub from: String,
    /// Why it was not used.
    pub why: String,
}

impl PassedOver {
    pub(super) fn new(from: String, why: String) -> Self {
        Self { from, why }
    }
}

/// One setting: what it is now, where from, and what else there was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Decision {
    /// `server`, `credential`, `cluster`, `trust`, `proxy`, `timeout`, `user`, `token_expires`, `project`.
    pub what: &'static str,
    /// What may be shown of it: of a credential its name.
    pub value: String,
    /// Where it was found.
    pub from: String,
    /// The kind of place.
    pub source: Source,
    /// The other values that were found.
    pub passed_over: Vec<PassedOver>,
}

/// Where discovery looked, what it found there, and who won. It holds no secret and may be shown to anybody who
/// may know the server's address.
///
/// `Display` is several lines for people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// The places, in order of precedence.
    pub places: Vec<LookedAt>,
    /// The settings. Empty where discovery failed.
    pub decided: Vec<Decision>,
    /// What the user should know besides.
    pub warnings: Vec<String>,
}

impl Report {
    /// The setting of this name, `server`, `credential`, …
    pub fn decision(&self, what: &str) -> Option<&Decision> {
        self.decided.iter().find(|decision| decision.what == what)
    }

    /// The report as JSON: `places`, `decided` (an object, one key for each setting) and `warnings`.
    pub fn to_json(&self) -> Value {
        let decided: serde_json::Map<String, Value> = self
            .decided
            .iter()
            .map(|one| {
                let value = json!({
                    "value": one.value, "from": one.from, "source": one.source, "passed_over": one.passed_over,
                });
                (one.what.to_owned(), value)
            })
            .collect();
        json!({ "places": self.places, "decided": decided, "warnings": self.warnings })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("looked at, in this order:")?;
        for place in &self.places {
            let outcome = match (&place.because, place.used_for.is_empty()) {
                (Some(because), true) => format!("not used: {because}"),
                (Some(because), false) => format!("used for {} only: {because}", place.used_for.join(", ")),
                (None, _) => format!("used for {}", place.used_for.join(", ")),
            };
            write!(f, "\n  {}: {outcome}", place.label)?;
            for finding in &place.found {
                write!(f, "\n    {} = {}", finding.name, finding.shown)?;
            }
        }
        if !self.decided.is_empty() {
            f.write_str("\ndecided:")?;
        }
        for decision in &self.decided {
            write!(f, "\n  {}: {} (from {})", decision.what, decision.value, decision.from)?;
            for other in &decision.passed_over {
                write!(f, "\n    not {}: {}", other.from, other.why)?;
            }
        }
        for warning in &self.warnings {
            write!(f, "\nwarning: {warning}")?;
        }
        Ok(())
    }
}
