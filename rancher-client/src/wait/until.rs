//! What to wait for.

use serde_json::Value;
use std::fmt;
use std::sync::Arc;

use super::look::{self, Unmet};
use crate::error::{Error, Result};
use crate::wire::Object;

type Fits = dyn Fn(&Object) -> bool + Send + Sync;

/// What is not so yet and what the object says of it; an error where it never will be.
pub(crate) type Judged = Result<Option<(String, Option<String>)>>;

type Judge = dyn Fn(&Object) -> Judged + Send + Sync;

/// What an object shall be like.
///
/// It is read from the JSON of the object, of whichever API:
///
/// | | v3 | Steve | Kubernetes |
/// |---|---|---|---|
/// | conditions | `conditions` | `status.conditions` | `status.conditions` |
/// | state | `state` | `metadata.state.name` | `status.phase` |
/// | settled | `transitioning` is `no` | `metadata.state.transitioning` and `error` are false | not said: an error |
/// | message | `transitioningMessage` | `metadata.state.message` | message of the condition waited for |
///
/// A condition of an older generation of the object than its present one (`observedGeneration`) is not met: it speaks
/// of what was, not of the change that was just written.
///
/// ```
/// use rancher_client::wait::Until;
///
/// let ready = Until::condition("Ready").and(Until::state("active"));
/// let failed = Until::condition("Available").is("False");
/// let scaled = Until::fits("three replicas", |object| {
///     object.pointer("/status/readyReplicas").and_then(|ready| ready.as_u64()) >= Some(3)
/// });
/// assert_eq!(format!("{:?}", ready.and(scaled)), "Until(condition Ready is True, state is active, three replicas)");
/// # let _ = failed;
/// ```
#[derive(Clone)]
#[must_use]
pub struct Until(Vec<Rule>);

#[derive(Clone)]
enum Rule {
    Condition {
        kind: String,
        status: String,
    },
    State(String),
    Settled,
    Fits {
        words: String,
        fits: Arc<Fits>,
    },
    Judged {
        words: String,
        judge: Arc<Judge>,
    },
    /// A status without a condition before it.
    Nonsense,
}

impl Until {
    /// The condition of this type is `True`.
    pub fn condition(kind: impl Into<String>) -> Self {
        Self(vec![Rule::Condition { kind: kind.into(), status: "True".to_owned() }])
    }

    /// The condition that was named last has this status instead, `False` or `Unknown`. Without one, the wait is
    /// `invalid`.
    pub fn is(mut self, wanted: impl Into<String>) -> Self {
        let last = self.0.iter_mut().rev().find_map(|rule| match rule {
            Rule::Condition { status, .. } => Some(status),
            _ => None,
        });
        match last {
            Some(status) => *status = wanted.into(),
            None => self.0.push(Rule::Nonsense),
        }
        self
    }

    /// The state is this one, in upper or lower case: `active`.
    pub fn state(name: impl Into<String>) -> Self {
        Self(vec![Rule::State(name.into())])
    }

    /// Nothing is under way any more, and nothing failed.
    pub fn settled() -> Self {
        Self(vec![Rule::Settled])
    }

    /// What the caller looks at. The words are for progress and errors.
    pub fn fits(words: impl Into<String>, fits: impl Fn(&Object) -> bool + Send + Sync + 'static) -> Self {
        Self(vec![Rule::Fits { words: words.into(), fits: Arc::new(fits) }])
    }

    /// What says itself what is missing, and ends the wait with an error where it cannot come any more.
    pub(crate) fn judged(
        words: impl Into<String>,
        judge: impl Fn(&Object) -> Judged + Send + Sync + 'static,
    ) -> Self {
        Self(vec![Rule::Judged { words: words.into(), judge: Arc::new(judge) }])
    }

    /// This and that, at the same time.
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// Whether it waits for something that flaps.
    pub(super) fn of_states(&self) -> bool {
        self.0.iter().any(|rule| matches!(rule, Rule::State(_) | Rule::Settled))
    }

    /// Tells of what can never be met.
    pub(super) fn check(&self) -> Result<()> {
        let problem = self.0.iter().find_map(|rule| match rule {
            Rule::Condition { kind, .. } if kind.is_empty() => Some("a condition without a name"),
            Rule::Condition { status, .. } if status.is_empty() => Some("a condition without a status"),
            Rule::State(state) if state.is_empty() => Some("a state without a name"),
            Rule::Nonsense => Some("a status without a condition before it"),
            _ => None,
        });
        match problem {
            None => Ok(()),
            Some(problem) => Err(Error::invalid(
                format!("{problem} cannot be waited for"),
                "say for example that the condition Ready shall be False",
            )),
        }
    }

    /// What is not so yet; nothing if all is.
    pub(super) fn unmet(&self, object: &Object) -> Result<Option<Unmet>> {
        let mut unmet = Vec::new();
        let mut message = None;
        for rule in &self.0 {
            match rule {
                Rule::Condition { kind, status } => {
                    if let Err((words, said)) = look::condition(object, kind, status) {
                        unmet.push(words);
                        message = message.or(said);
                    }
                }
                Rule::State(wanted) => match look::state(object) {
                    Some(state) if state.eq_ignore_ascii_case(wanted) => {}
                    Some(state) => unmet.push(format!("state is {state}, not {wanted}")),
                    None => unmet.push(format!("it says no state, so not {wanted}")),
                },
                Rule::Settled => match look::settled(object) {
                    Some(true) => {}
                    Some(false) => unmet.push("it is not settled".to_owned()),
                    None if look::is_plain_kubernetes(object) => {
                        return Err(Error::invalid(
                            "objects of Kubernetes do not say whether they are settled",
                            "wait for a condition, or for what you look at yourself; Steve says whether an object is settled",
                        ));
                    }
                    None => unmet.push("it does not say whether it is settled".to_owned()),
                },
                Rule::Fits { words, fits } => {
                    if !fits(object) {
                        unmet.push(format!("not yet: {words}"));
                    }
                }
                Rule::Judged { judge, .. } => {
                    if let Some((words, said)) = judge(object)? {
                        unmet.push(words);
                        message = message.or(said);
                    }
                }
                // told before the first look
                Rule::Nonsense => {}
            }
        }
        if unmet.is_empty() {
            return Ok(None);
        }
        Ok(Some(Unmet::of(object, unmet, message)))
    }
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<String> = self
            .0
            .iter()
            .map(|rule| match rule {
                Rule::Condition { kind, status } => format!("condition {kind} is {status}"),
                Rule::State(state) => format!("state is {state}"),
                Rule::Settled => "settled".to_owned(),
                Rule::Fits { words, .. } | Rule::Judged { words, .. } => words.clone(),
                Rule::Nonsense => "a status of no condition".to_owned(),
            })
            .collect();
        write!(f, "Until({})", words.join(", "))
    }
}

/// The text at a pointer.
pub(super) fn text<'o>(object: &'o Object, pointer: &str) -> Option<&'o str> {
    object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}
