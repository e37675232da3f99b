//! Which part of the server a path belongs to, which part a key may use, and what was observed of a key.
//!
//! Pure: no I/O, no clock. Everything that says *why* a token was refused rests on this module.

mod key;
mod ledger;
mod road;
mod route;

pub use key::{Confidence, KeyScope, TokenKind};
pub use ledger::{Explanation, Fact, Knowledge, KnownScope, Ledger, RefusalCause, Validity};
pub use road::road;
pub use route::{InvalidRoute, Route, RouteScope};
