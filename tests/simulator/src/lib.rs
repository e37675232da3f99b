//! A Rancher Manager that answers as the recorded one did, from state and rules.

mod message;
mod world;

pub use message::{Request, Respond, Response};
pub use world::{Account, Agent, FleetOptions, KeyKind, Labels, NewKey, World, WorldError, rules};
