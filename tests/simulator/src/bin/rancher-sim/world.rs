//! What `rancher-sim` simulates.

use crate::args::WorldArgs;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use rancher_simulator::{Labels, Request, Respond, Response};
use serde_json::{Value, json};
use std::time::Duration;

/// Makes the world that was asked for.
pub(crate) fn world(args: &WorldArgs) -> Result<impl Respond + Labels, String> {
    args.check()?;
    Ok(Bare { args: args.clone() })
}

/// A server on which only `/ping` answers.
struct Bare {
    args: WorldArgs,
}

impl Respond for Bare {
    fn respond(&mut self, request: &Request, _now: Timestamp) -> Response {
        // recorded: matrix, GET /ping; any other path as in errors, unknown top paths
        let (status, body) = match request.target.split('?').next() {
            Some("/ping") => (StatusCode::OK, "pong"),
            _ => (StatusCode::NOT_FOUND, "404 page not found\n"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        Response { status, headers, body: Bytes::from_static(body.as_bytes()), delay: Duration::ZERO }
    }
}

impl Labels for Bare {
    fn labels(&self) -> Value {
        json!({ "world": self.args })
    }
}
