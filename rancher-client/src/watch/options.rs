//! How a watch behaves.

use std::time::Duration;

use crate::error::{Error, Result};

/// How a watch behaves when something goes wrong.
///
/// ```
/// use rancher_client::watch::WatchOptions;
/// use std::time::Duration;
///
/// let options = WatchOptions { give_up: Some(Duration::from_secs(600)), ..Default::default() };
/// assert_eq!(options.buffer, 4096);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchOptions {
    /// The wait before a connection is made again: a random part of this, and of twice as much after each failure.
    /// Half a second if not given.
    pub base: Duration,
    /// The longest wait between two attempts; 30 seconds if not given.
    pub longest: Duration,
    /// After how long without a connection the watch ends with the error; if not given it goes on for as long as it is
    /// polled. The first list and the first connection are not tried again: a watch that cannot begin says so.
    pub give_up: Option<Duration>,
    /// How long the server may say nothing before the connection counts as dead. If not given: 20 seconds for v3, which
    /// pings every 5 (recorded), 95 seconds for Steve, which pings every 30, and 150 seconds for Kubernetes, which
    /// sends a bookmark every minute.
    pub silence: Option<Duration>,
    /// How many changes are kept for a consumer that is slow; 4,096 if not given. When they are so many, no more is
    /// read from the server until there is room.
    pub buffer: usize,
    /// For how long a change may wait in a full buffer before the consumer counts as too slow
    /// ([`Event::Lagged`](super::Event::Lagged)); 30 seconds if not given.
    pub lag: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            give_up: None,
            silence: None,
            buffer: 4096,
            lag: Duration::from_secs(30),
        }
    }
}

impl WatchOptions {
    pub(super) fn check(&self) -> Result<()> {
        let invalid = |what: &str, advice: &str| Err(Error::invalid(what.to_owned(), advice.to_owned()));
        if self.buffer == 0 {
            return invalid("a buffer without room holds no change", "give 1 or more");
        }
        if self.silence.is_some_and(|silence| silence < Duration::from_secs(1)) {
            return invalid(
                "a server that says nothing for less than a second is not dead",
                "give a second or more; Rancher pings every 5 to 30 seconds",
            );
        }
        Ok(())
    }

    /// A random part of a time that grows with the failures (full jitter), so that clients that were cut off together
    /// do not come back together.
    pub(super) fn wait(&self, failures: u32) -> Duration {
        self.longest_wait(failures).mul_f64(fastrand::f64())
    }

    /// The longest that can become of it.
    pub(super) fn longest_wait(&self, failures: u32) -> Duration {
        let grown = self.base.saturating_mul(1_u32.checked_shl(failures.min(16)).unwrap_or(u32::MAX));
        grown.min(self.longest)
    }
}
