//! The program `doctor`, as a user runs it.

// `cfg(test)` always holds here; it is what lets clippy see that helpers belong to tests, too
#[cfg(test)]
mod arguments;
#[cfg(test)]
mod cases;
