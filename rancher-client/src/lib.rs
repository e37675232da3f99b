//! A client for Rancher Manager.

mod client;
pub mod config;
pub mod credentials;
pub mod error;
pub mod proxy;
pub mod scope;
pub mod transport;
pub mod v3;
pub mod wire;
pub mod workflow;

pub use client::{Client, ServerVersion};
