//! The border between the core and the shells of other languages.
//!
//! A shell knows five things: it opens a [`Bridge`], calls an operation by name with its options as JSON, takes
//! [`Answer`]s, takes them one after another from a [`Stream`], and cancels. Beside that, [`quantity()`] reads what needs no
//! client. What an operation is called, what it takes
//! and what it returns stands in `operations.json`, which the facades of the shells are generated from. No shell
//! decides anything: every URL, status, retry and check is the core's.

mod answer;
mod bridge;
mod cancel;
mod fault;
mod fields;
mod filters;
mod input;
mod kept;
pub mod log;
mod naming;
mod open;
mod operations;
mod quantity;
mod sessions;
mod stream;
mod table;

pub use answer::{Answer, Head};
pub use bridge::Bridge;
pub use cancel::Cancel;
pub use fault::{Fault, Outcome};
pub use quantity::quantity;
pub use stream::Stream;

use std::sync::LazyLock;

/// What there is to call, as the facades are generated from it.
pub const OPERATIONS: &str = include_str!("../operations.json");

/// Makes what a process makes once. A shell calls it before anything runs on other threads: a process that forks while
/// one of them makes it leaves its child waiting for ever.
pub fn prepare() {
    LazyLock::force(&table::TABLE);
    fields::head(b"{}");
}
