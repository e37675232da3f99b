//! Sending again is a decision with a reason.

use http::Method;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

use super::{BoxFuture, Request, Response, Transport};
use crate::config::RetryPolicy;
use crate::error::{Error, ErrorKind, Result};

/// Sends a request again where that can help and can do no harm.
///
/// It sees judged errors, so it knows a dead cluster from a busy server. It never sends a probe twice, and nothing
/// after an answer was accepted: a body that breaks while the caller reads it is the caller's to ask for again.
pub(crate) struct Retry {
    inner: Arc<dyn Transport>,
    policy: RetryPolicy,
    random: Mutex<fastrand::Rng>,
}

/// How often an object is read, changed and written before a conflict is the caller's.
const MOST_CHANGES: u32 = 5;

/// How often a change was tried that somebody else was faster with: what `update_with` goes by, for callers who cannot
/// hand over what changes the object.
#[derive(Debug, Default)]
pub struct Conflicts(u32);

impl Conflicts {
    /// Whether to read, change and write again after this error. If so, it has waited a random part of a time that
    /// grows with the conflicts.
    pub async fn again(&mut self, error: &Error) -> bool {
        self.0 += 1;
        if error.kind() != ErrorKind::Conflict || self.0 >= MOST_CHANGES {
            return false;
        }
        let most = Duration::from_millis(100).saturating_mul(1 << self.0);
        tokio::time::sleep(most.mul_f64(fastrand::f64())).await;
        true
    }
}

/// What is done about a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    /// Wait this long, then send it again, for this reason.
    Again(Duration, &'static str),
    /// Leave it, and say why where that is not plain.
    Leave(Option<String>),
}

impl Retry {
    /// A layer whose waits cannot be foreseen.
    pub(crate) fn new(inner: Arc<dyn Transport>, policy: RetryPolicy) -> Self {
        Self { inner, policy, random: Mutex::new(fastrand::Rng::new()) }
    }

    #[cfg(test)]
    fn seeded(inner: Arc<dyn Transport>, policy: RetryPolicy, seed: u64) -> Self {
        Self { random: Mutex::new(fastrand::Rng::with_seed(seed)), ..Self::new(inner, policy) }
    }

    /// A random part of `most` (full jitter), so that clients that failed together do not come back together.
    fn part_of(&self, most: Duration) -> Duration {
        let part = self.random.lock().unwrap_or_else(PoisonError::into_inner).f64();
        most.mul_f64(part)
    }

    /// What is done about the failure of attempt number `attempt`, which took `took`.
    fn decide(&self, request: &Request, error: &Error, attempt: u32, took: Duration) -> Decision {
        if !error.is_retryable() || error.kind() == ErrorKind::ClusterUnavailable || request.probe {
            return Decision::Leave(None);
        }
        let reason = match error.kind() {
            _ if error.nothing_sent() => "nothing of the request was sent",
            ErrorKind::RateLimited => "the server turned it away unread",
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Tls
                if request.idempotent =>
            {
                "the request changes nothing when it arrives twice"
            }
            ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Tls => {
                let words = format!(
                    "it was not sent again, since a {} that has arrived could do its work twice; look whether it did",
                    request.method
                );
                return Decision::Leave(Some(words));
            }
            _ => return Decision::Leave(None),
        };
        if attempt >= self.policy.attempts {
            let words = format!("it was sent {attempt} times, as often as is allowed");
            return Decision::Leave((self.policy.attempts > 1).then_some(words));
        }
        let doubled = self.policy.base.saturating_mul(1_u32.checked_shl(attempt - 1).unwrap_or(u32::MAX));
        let wait = match error.retry().after {
            None => self.part_of(doubled.min(self.policy.longest)),
            Some(asked) if asked > self.policy.longest => {
                let words = format!(
                    "the server asks to wait {asked:?}, longer than the longest wait ({:?})",
                    self.policy.longest
                );
                return Decision::Leave(Some(words));
            }
            // never earlier than asked, and not all at the same moment
            Some(asked) => asked.saturating_add(self.part_of(self.policy.base)),
        };
        // an attempt that ran into a timeout needs as long again, or it is cut off in the middle
        let needed = if error.kind() == ErrorKind::Timeout { wait.saturating_add(took) } else { wait };
        match request.due.map(super::deadline::Due::left) {
            Some(left) if left.is_zero() => Decision::Leave(None),
            Some(left) if needed >= left => {
                let words = format!(
                    "sending it again would take {needed:.1?} or more, and the call has {left:.1?} left"
                );
                Decision::Leave(Some(words))
            }
            _ => Decision::Again(wait, reason),
        }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("policy", &self.policy)
            .field("inner", &self.inner)
            .finish_non_exhaustive()
    }
}

impl Transport for Retry {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let mut attempt: u32 = 1;
            let mut before: Vec<String> = Vec::new();
            let mut may_have_arrived = false;
            loop {
                let start = Instant::now();
                let answer = self.inner.send(request.clone());
                // the deadline is kept here too, or what failed before it would be lost with this future
                let answer = match request.due {
                    Some(due) => timeout_at(due.at, answer).await.unwrap_or_else(|_| Err(due.exceeded())),
                    None => answer.await,
                };
                let error = match answer {
                    Ok(response) => return Ok(Response { attempts: attempt, ..response }),
                    Err(error) => error,
                };
                match self.decide(&request, &error, attempt, start.elapsed()) {
                    Decision::Again(wait, reason) => {
                        tracing::debug!(
                            operation = %request.operation, attempt, kind = %error.kind(), wait_ms = wait.as_millis(),
                            "sending again: {reason}"
                        );
                        before.push(format!("attempt {attempt}: {}", error.summary()));
                        may_have_arrived |= !error.nothing_sent() && error.kind() != ErrorKind::RateLimited;
                        sleep(wait).await;
                        attempt = attempt.saturating_add(1);
                    }
                    Decision::Leave(why) => {
                        let gone = request.method == Method::DELETE && error.kind() == ErrorKind::NotFound;
                        let done = (gone && may_have_arrived).then(|| {
                            "an earlier attempt may have deleted it: its answer did not arrive".to_owned()
                        });
                        let because = before.into_iter().chain(why).chain(done);
                        return Err(error.with_attempts(attempt).with_because(because));
                    }
                }
            }
        })
    }
}

#[cfg(test)]
#[path = "retry_tests.rs"]
mod tests;
