//! How long to wait, and how often to look.

use std::time::Duration;

use crate::error::{Error, Result};

/// Looking more often than this is a load, not a wait.
const LEAST_POLL: Duration = Duration::from_millis(100);

/// For how long a state must hold where nothing else is said.
const STABLE_STATE: Duration = Duration::from_secs(5);

/// How long to wait, and how often to look.
///
/// ```
/// use rancher_client::wait::WaitOptions;
/// use std::time::Duration;
///
/// let options = WaitOptions { deadline: Duration::from_secs(900), ..Default::default() };
/// assert_eq!(options.poll, Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitOptions {
    /// How long to wait at most, the last look included; 5 minutes if not given.
    pub deadline: Duration,
    /// For how long the object must stay as it shall be. If not given: 5 seconds where the wait is for a state or for
    /// an object to be settled, since states flap (a cluster becomes active, updates, and becomes active again; users
    /// went on too early), and no time where it is only for conditions or what the caller looks at, which say what
    /// they mean.
    pub stable_for: Option<Duration>,
    /// How long from one look to the next; 2 seconds if not given, 100 milliseconds at least. A server that asks for
    /// more time gets it.
    pub poll: Duration,
    /// For how long after the wait began a missing right or a missing object counts as not there yet; 10 seconds if
    /// not given. Rancher gives rights on a new object a moment after it made the object.
    pub rights_lag: Duration,
}

impl Default for WaitOptions {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(300),
            stable_for: None,
            poll: Duration::from_secs(2),
            rights_lag: Duration::from_secs(10),
        }
    }
}

impl WaitOptions {
    /// For how long the object must stay as it shall be.
    pub(super) fn stable(&self, of_states: bool) -> Duration {
        self.stable_for.unwrap_or(if of_states { STABLE_STATE } else { Duration::ZERO })
    }

    pub(crate) fn check(&self, of_states: bool) -> Result<()> {
        let invalid = |summary: String, advice: &str| Err(Error::invalid(summary, advice));
        if self.deadline.is_zero() {
            return invalid("a wait without time waits for nothing".to_owned(), "to look once, use get");
        }
        if self.poll < LEAST_POLL {
            return invalid(
                format!("looking every {:?} is too often", self.poll),
                "look every 100 milliseconds at most; 2 seconds do for most objects",
            );
        }
        let stable = self.stable(of_states);
        if self.stable_for.is_some() && stable >= self.deadline {
            return invalid(
                format!("nothing stays as it is for {stable:?} within {:?}", self.deadline),
                "give a longer deadline or a shorter stable_for",
            );
        }
        Ok(())
    }
}
