//! Every type of Rancher's v3 API.

pub mod filter;
pub mod info;
mod record;

pub use filter::{Condition, Field};
pub use record::{Action, Record, ResourceType};

