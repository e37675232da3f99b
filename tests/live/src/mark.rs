//! What everything that a run makes bears, and by which it is known to be its own.

use rancher_client::wire::Object;
use serde_json::Value;
use std::fmt;
use std::str::FromStr;

/// The label of everything that takes labels. Its value is the name of the run.
pub(crate) const LABEL: &str = "sdk-live-run";

/// How names begin.
const PREFIX: &str = "sdk-live-";

const LENGTH: usize = 10;

/// One of these letters.
pub(crate) fn letter(letters: &[u8]) -> char {
    fastrand::choice(letters).copied().map_or('x', char::from)
}

/// The name of one run: ten random letters and digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run(String);

impl Run {
    /// A new one.
    pub(crate) fn random() -> Self {
        Self((0..LENGTH).map(|_| letter(b"abcdefghijklmnopqrstuvwxyz0123456789")).collect())
    }

    /// The name of the project and the namespace: `sdk-live-RUN`.
    pub(crate) fn name(&self) -> String {
        format!("{PREFIX}{self}")
    }

    /// The name of a thing of the run: `sdk-live-RUN-WHAT`.
    pub(crate) fn named(&self, what: &str) -> String {
        format!("{PREFIX}{self}-{what}")
    }

    fn names(&self, name: &str) -> bool {
        name.strip_prefix(&self.name()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    }

    /// Whether an object of v3 with name and labels is of this run. Both must say so.
    pub(crate) fn made(&self, object: &Object) -> bool {
        object.text("name").is_some_and(|name| self.names(name)) && self.labels(object.get("labels"))
    }

    /// Whether an object of Kubernetes bears the label of this run.
    pub(crate) fn labelled(&self, object: &Object) -> bool {
        self.labels(object.pointer("/metadata/labels"))
    }

    fn labels(&self, labels: Option<&Value>) -> bool {
        labels.and_then(|labels| labels.get(LABEL)).and_then(Value::as_str) == Some(&self.0)
    }

    /// Whether a user or a cluster is of this run. Both its name, for a user that to log in with, and its description must
    /// say so.
    pub(crate) fn made_described(&self, object: &Object) -> bool {
        let name = object.text("username").or_else(|| object.text("name"));
        name.is_some_and(|name| self.names(name))
            && object.text("description").is_some_and(|words| self.described(words))
    }

    /// Whether an API key is of this run. Keys have no labels of their own; their description says it.
    pub(crate) fn described(&self, description: &str) -> bool {
        description.split(' ').next().is_some_and(|first| self.names(first))
    }
}

impl FromStr for Run {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        match text.len() == LENGTH && text.chars().all(fits) {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "a run has a name of {LENGTH} lower-case letters and digits; it was printed when it began"
            )),
        }
    }
}

impl fmt::Display for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(name: &str, label: Option<&str>) -> Object {
        let labels = label.map_or(json!(null), |label| json!({"sdk-live-run": label}));
        Object::try_from(json!({"name": name, "labels": labels})).unwrap()
    }

    #[test]
    fn only_what_bears_name_and_label_is_of_a_run() {
        let run: Run = "abcdefghi1".parse().unwrap();
        assert!(run.made(&object("sdk-live-abcdefghi1", Some("abcdefghi1"))));
        assert!(run.made(&object("sdk-live-abcdefghi1-two", Some("abcdefghi1"))));
        for (name, label) in [
            ("sdk-live-abcdefghi1", None),
            ("sdk-live-abcdefghi1", Some("abcdefghi2")),
            ("sdk-live-abcdefghi10", Some("abcdefghi1")),
            ("shop-web", Some("abcdefghi1")),
            ("my-sdk-live-abcdefghi1", Some("abcdefghi1")),
        ] {
            assert!(!run.made(&object(name, label)), "{name} {label:?}");
        }
        let user = |name: &str, words: &str| {
            Object::try_from(json!({"username": name, "name": "x", "description": words})).unwrap()
        };
        assert!(run.made_described(&user("sdk-live-abcdefghi1-user", "sdk-live-abcdefghi1-user of it")));
        for (name, words) in [
            ("sdk-live-abcdefghi1-user", ""),
            ("sdk-live-abcdefghi1-user", "of sdk-live-abcdefghi1-user"),
            ("anna", "sdk-live-abcdefghi1-user of it"),
        ] {
            assert!(!run.made_described(&user(name, words)), "{name} {words}");
        }
        assert!(run.described("sdk-live-abcdefghi1-scoped until the run is over"));
        assert!(!run.described("sdk-live-abcdefghi2 and sdk-live-abcdefghi1"));
        assert!(!run.described("") && !run.described("sdk-live-"));
    }

    #[test]
    fn a_run_is_ten_random_letters() {
        let run = Run::random();
        assert_eq!(run.to_string().parse::<Run>(), Ok(run.clone()));
        assert_ne!(run, Run::random());
        for bad in ["", "short", "ABCDEFGHIJ", "abcdefghi-", "../../etc/", "abcdefghijk"] {
            assert!(bad.parse::<Run>().unwrap_err().contains("10 lower-case"), "{bad}");
        }
    }
}
