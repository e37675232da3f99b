//! A client for Rancher Manager.

pub mod config;
pub mod credentials;
pub mod error;
pub mod scope;
pub mod transport;
pub mod wire;
