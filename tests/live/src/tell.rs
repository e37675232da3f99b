//! What is shown: the lines and the sum as `tests/run` writes them.

use std::io::Write as _;
use std::time::Duration;

use crate::outcome::{Outcome, Stop};

/// Writes a line. Whoever closed the terminal still gets everything cleaned up.
pub(crate) fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes to standard error.
pub(crate) fn warn(text: &str) {
    let _ = writeln!(std::io::stderr(), "live: {text}");
}

/// How many cases ended how.
#[derive(Debug, Default)]
pub(crate) struct Sum {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Sum {
    /// Counts a case and shows it.
    pub(crate) fn add(&mut self, name: &str, took: Duration, outcome: Outcome) {
        let seconds = took.as_secs();
        match outcome {
            Ok(seen) => {
                self.passed += 1;
                say(format!("ok       {name:<20} {seconds:>3} s  {seen}").trim_end());
            }
            Err(Stop::Skipped(reason)) => {
                self.skipped += 1;
                say(&format!("skipped  {name:<20} {seconds:>3} s  {}", reason.replace('\n', " ")));
            }
            Err(Stop::Failed(what)) => {
                self.failed += 1;
                say(&format!("FAILED   {name:<20} {seconds:>3} s"));
                what.lines().for_each(|line| say(&format!("  | {line}")));
            }
        }
    }

    /// `N passed, N failed`, and `, N skipped` if any was.
    pub(crate) fn line(&self) -> String {
        let skipped = if self.skipped > 0 { format!(", {} skipped", self.skipped) } else { String::new() };
        format!("{} passed, {} failed{skipped}", self.passed, self.failed)
    }

    /// Whether nothing failed, and something ran.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0 && self.passed > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_counts_everything() {
        let mut sum = Sum::default();
        assert!(!sum.is_good(), "nothing ran");
        sum.add("a", Duration::ZERO, Ok(String::new()));
        assert_eq!((sum.line().as_str(), sum.is_good()), ("1 passed, 0 failed", true));
        sum.add("b", Duration::ZERO, Err(Stop::Skipped("no node".into())));
        sum.add("c", Duration::ZERO, Err(Stop::Failed("it is not so".into())));
        assert_eq!((sum.line().as_str(), sum.is_good()), ("1 passed, 1 failed, 1 skipped", false));
    }
}
