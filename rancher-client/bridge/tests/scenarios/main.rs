//! The scenarios of `tests/scenarios`, which every language runs, on the bridge.

// `cfg(test)` always holds here; it is what lets clippy see that all of it belongs to tests
#[cfg(test)]
mod cases;
#[cfg(test)]
mod fits;
#[cfg(test)]
mod format;
#[cfg(test)]
mod page;
#[cfg(test)]
mod places;
#[cfg(test)]
mod run;
