//! Time as the client measures it, injected so that tests decide what time it is.

use std::time::{Duration, Instant};

/// An instant on the client's own steady clock, counted from when the clock was made.
///
/// Order is evidence: whether a token was accepted *after* it was refused decides what the refusal meant. Wall
/// clocks jump, so these never come from one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Moment(Duration);

impl Moment {
    /// The instant that lies `since_start` after the clock was made.
    pub const fn from_start(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// How long after the clock was made this is.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// The time from `earlier` to this instant, zero if `earlier` is later.
    pub const fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Where the client reads the time from.
pub trait Clock: Send + Sync + std::fmt::Debug + 'static {
    /// A steady instant, for order and durations.
    fn now(&self) -> Moment;

    /// The calendar time of this machine, where no server has told its own.
    fn wall(&self) -> jiff::Timestamp;
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that starts now.
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        Moment(self.start.elapsed())
    }

    fn wall(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
