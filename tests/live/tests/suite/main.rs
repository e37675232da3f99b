//! The tests of the live suite itself.

// `cfg(test)` always holds here; it is what lets clippy see that all of it belongs to tests.
#[cfg(test)]
mod runs;
