//! Lists that page by themselves: the walk from page to page, and the stream of what they hold.
//!
//! Every API pages in its own way, which is its `Course`. What they share is here: one page is asked for ahead, an
//! object comes once however often the server sends it, and a list that leads in a circle ends in an error.

mod list;
mod refused;
mod walk;

pub use list::{Item, List, Pages};
pub(crate) use refused::Refused;
pub(crate) use walk::{Course, Step, circle};
