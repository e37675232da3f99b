//! A Rancher Manager that answers as the recorded one did, from state and rules.

mod message;

pub use message::{Request, Respond, Response};
