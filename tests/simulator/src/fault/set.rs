//! The rules of a running server, with how often each was met.

use super::{Action, Fault, Target};
use http::Method;
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The rules of a server. Clones share them, so a test can change them while the server runs.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Rule>>>);

/// A rule and how often it was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FaultCount {
    /// The rule's text.
    pub rule: String,
    /// How many requests (or connections) it matched, those before `after` included.
    pub seen: u64,
    /// How many times it was applied.
    pub fired: u64,
}

#[derive(Debug)]
struct Rule {
    fault: Fault,
    seen: u64,
    fired: u64,
}

/// What the rules want done to one request or connection.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The sum of all delays that apply.
    pub(crate) delay: Duration,
    /// What to do then; never [`Action::Delay`].
    pub(crate) action: Option<Action>,
}

impl Decision {
    /// The action as text, for the journal; a delay alone counts too.
    pub(crate) fn label(&self) -> Option<String> {
        match self.action {
            Some(action) => Some(action.to_string()),
            None if self.delay.is_zero() => None,
            None => Some(Action::Delay(self.delay).to_string()),
        }
    }
}

impl Faults {
    /// Replaces all rules. The counts start anew.
    pub fn set(&self, faults: Vec<Fault>) {
        *self.lock() = faults.into_iter().map(|fault| Rule { fault, seen: 0, fired: 0 }).collect();
    }

    /// Adds a rule behind those that are there.
    pub fn add(&self, fault: Fault) {
        self.lock().push(Rule { fault, seen: 0, fired: 0 });
    }

    /// Removes all rules.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// The rules in their order, with how often each was met.
    pub fn counts(&self) -> Vec<FaultCount> {
        self.lock()
            .iter()
            .map(|rule| FaultCount { rule: rule.fault.to_string(), seen: rule.seen, fired: rule.fired })
            .collect()
    }

    /// What applies to a request with this path (no query, no prefix). Counts it.
    pub(crate) fn on_request(&self, method: &Method, path: &str) -> Decision {
        self.decide(|fault| {
            fault.method.as_ref().is_none_or(|wanted| wanted == method)
                && matches!(&fault.target, Target::Path(glob) if glob.matches(path))
        })
    }

    /// What applies to a new connection. Counts it.
    pub(crate) fn on_connect(&self) -> Decision {
        self.decide(|fault| fault.target == Target::Connect)
    }

    fn decide(&self, matches: impl Fn(&Fault) -> bool) -> Decision {
        let mut decision = Decision::default();
        for rule in self.lock().iter_mut().filter(|rule| matches(&rule.fault)) {
            rule.seen += 1;
            let spent = rule.fault.times.is_some_and(|times| rule.fired >= times.get());
            if rule.seen <= rule.fault.after || spent {
                continue;
            }
            match rule.fault.action {
                Action::Delay(wait) => decision.delay = decision.delay.saturating_add(wait),
                _ if decision.action.is_some() => continue,
                action => decision.action = Some(action),
            }
            rule.fired += 1;
        }
        decision
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Rule>> {
        // each change is complete in itself, so a panic elsewhere leaves nothing half done
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(rules: &[&str]) -> Faults {
        let faults = Faults::default();
        faults.set(rules.iter().map(|rule| rule.parse().unwrap()).collect());
        faults
    }

    fn actions(faults: &Faults, path: &str, count: usize) -> Vec<Option<String>> {
        (0..count).map(|_| faults.on_request(&Method::GET, path).label()).collect()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn after_skips_and_times_ends() {
        let faults = faults(&["GET /a hang after=2 times=2"]);
        assert_eq!(actions(&faults, "/a", 6), [None, None, some("hang"), some("hang"), None, None]);
        let counts = faults.counts();
        assert_eq!((counts[0].seen, counts[0].fired), (6, 2));
    }

    #[test]
    fn only_what_matches_is_counted() {
        let faults = faults(&["POST /a hang", "* /b hang", "* @connect hang"]);
        assert_eq!(actions(&faults, "/a", 1), [None]);
        assert_eq!(actions(&faults, "/b", 1), [some("hang")]);
        assert_eq!(faults.counts().iter().map(|count| count.seen).collect::<Vec<_>>(), [0, 1, 0]);
        assert_eq!(faults.on_connect().action, Some(Action::Hang));
    }

    #[test]
    fn the_first_rule_that_applies_wins_and_the_next_takes_over() {
        let faults = faults(&["* /a 429 times=1", "* /a reset times=1", "* /a close after=3"]);
        assert_eq!(
            actions(&faults, "/a", 5),
            [some("429"), some("reset"), None, some("close"), some("close")]
        );
    }

    #[test]
    fn delays_add_up_and_go_with_another_action() {
        let faults = faults(&["* /** delay:100", "* /a html502", "* /a delay:20"]);
        let decision = faults.on_request(&Method::GET, "/a");
        assert_eq!(decision.delay, Duration::from_millis(120));
        assert_eq!(decision.action, Some(Action::Html502));
        assert_eq!(actions(&faults, "/b", 1), [some("delay:100")]);
    }

    #[test]
    fn replacing_starts_the_counts_anew_and_clones_share() {
        let faults = faults(&["* /a hang times=1"]);
        let other = faults.clone();
        assert_eq!(actions(&faults, "/a", 2), [some("hang"), None]);
        other.set(vec!["* /a hang times=1".parse().unwrap()]);
        other.add("* /a close".parse().unwrap());
        assert_eq!(actions(&faults, "/a", 2), [some("hang"), some("close")]);
        other.clear();
        assert!(faults.counts().is_empty());
    }
}
