//! A client for Rancher Manager.

pub mod wire;
pub mod scope;
