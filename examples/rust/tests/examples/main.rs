//! The example programs, as a user runs them.

// `cfg(test)` always holds here; it is what lets clippy see that helpers belong to tests, too
#[cfg(test)]
mod cases;
#[cfg(test)]
mod languages;
