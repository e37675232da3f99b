//! A server in the same process that answers by a script.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use rancher_client::config::Limits;
use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Transport};
use rancher_client::wire::{Clock, SystemClock};
use rancher_client::{Client, Config, Credential, Result};
use std::fmt;
use std::sync::{Arc, Mutex};

/// The answer to the n-th request, which is for this path and query.
type Script = dyn Fn(usize, &str) -> String + Send + Sync;

/// Answers every request with 200 and what the script says.
#[derive(Clone)]
pub(super) struct Scripted {
    script: Arc<Script>,
    asked: Arc<Mutex<Vec<String>>>,
    clock: Arc<SystemClock>,
}

impl Scripted {
    pub(super) fn new(script: impl Fn(usize, &str) -> String + Send + Sync + 'static) -> Self {
        Self { script: Arc::new(script), asked: Arc::default(), clock: Arc::new(SystemClock::new()) }
    }

    /// A server that answers everything with this body.
    pub(super) fn always(body: impl Into<String>) -> Self {
        let body = body.into();
        Self::new(move |_, _| body.clone())
    }

    pub(super) fn client(&self) -> Client {
        let server = "https://rancher.example.com".parse().unwrap();
        let mut config = Config::new(server, Credential::parse("token-abcde:scripted").unwrap());
        config.limits = Limits { body: 1024 * 1024, ..config.limits };
        Client::over(Connection::over_transport(
            config,
            Arc::new(self.clone()),
            Arc::<SystemClock>::clone(&self.clock),
        ))
    }

    /// The paths and queries that were asked for so far.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let target = request.route.path_and_query();
        let at = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(target.clone());
            asked.len() - 1
        };
        let mut headers = HeaderMap::new();
        let body = (self.script)(at, &target);
        let kind = if body.starts_with('<') { "text/html; charset=utf-8" } else { "application/json" };
        headers.insert(HeaderName::from_static("content-type"), HeaderValue::from_static(kind));
        headers.insert(HeaderName::from_static("x-api-cattle-auth"), HeaderValue::from_static("true"));
        let response = Response::new(StatusCode::OK, headers, Body::from_bytes(body));
        let now = self.clock.now();
        Box::pin(async move { Ok(response.with_times(now, now)) })
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}
