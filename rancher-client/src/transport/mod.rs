//! From a request to an answer: one trait, one file per layer, and `stack` that states their order once.

mod agent;
mod ca;
mod connection;
mod credentials;
mod deadline;
mod http;
mod judge;
mod limit;
mod message;
#[cfg(test)]
mod misleading_tests;
#[cfg(test)]
pub(crate) mod mock;
mod notes;
mod redirect;
mod retry;
mod stack;
mod timeout;
mod tls;
mod trace;

pub use ca::fetch_ca;
pub use connection::Connection;
pub use message::{Auth, Body, Expect, Patience, Request, Response};
pub use retry::Conflicts;
pub use tls::{TlsProblem, TlsReport, parse_fingerprint};

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::error::Result;

/// A future that is boxed and may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Anything that takes a request and gives an answer: the HTTP client at the bottom, every layer above it, and a
/// closure in tests.
///
/// Dropping the future cancels the request and everything under it.
pub trait Transport: Send + Sync + fmt::Debug + 'static {
    /// Sends one request. An answer of any status is `Ok` below the judge and only a success above it.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>>;
}

impl<T: Transport + ?Sized> Transport for std::sync::Arc<T> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        (**self).send(request)
    }
}
