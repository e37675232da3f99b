//! A Rancher Manager that answers as the recorded one did, from state and rules.

mod fault;
mod journal;
mod message;
mod server;
mod simulator;
mod tls;
mod world;

pub use fault::{Action, Fault, FaultCount, FaultError, Faults, Glob, GlobError, Target};
pub use journal::{Connection, Entry, Journal};
pub use message::{Request, Respond, Response, Told};
pub use server::{Cut, Prefix, PrefixError, Running, Server, ServerOptions, StartError, Streams};
pub use simulator::{Labelled, Simulator, SimulatorOptions};
pub use tls::{CertificateOptions, Issuer, Tls, TlsError};
pub use world::{
    Account, Agent, FleetOptions, Follower, KeyKind, Labels, NewKey, Quirk, World, WorldError, rules,
};
