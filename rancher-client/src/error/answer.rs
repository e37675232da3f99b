//! An answer of the server, as the judge sees it.

use http::{Method, StatusCode};
use std::fmt;
use std::time::Duration;

use crate::scope::Route;

/// The header `X-API-Cattle-Auth`: did the server accept the credential there?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Accepted {
    /// `true`.
    Yes,
    /// `false`.
    No,
    /// `none`: this server has no authentication layer of its own (Harvester; assumed).
    NoLayer,
    /// The header is absent: an old server, or an answer that is not Rancher's.
    Unsaid,
}

impl Accepted {
    /// The name of the header.
    pub const HEADER: &'static str = "x-api-cattle-auth";

    /// Reads the header's value.
    pub fn read(value: Option<&str>) -> Self {
        match value.map(str::trim) {
            Some("true") => Accepted::Yes,
            Some("false") => Accepted::No,
            Some("none") => Accepted::NoLayer,
            _ => Accepted::Unsaid,
        }
    }

    /// The plain answer, where there is one.
    pub fn said(self) -> Option<bool> {
        match self {
            Accepted::Yes => Some(true),
            Accepted::No => Some(false),
            Accepted::NoLayer | Accepted::Unsaid => None,
        }
    }
}

/// One answer of a server, as the judge sees it. `Debug` shows neither the body nor where a redirect leads.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// The method of the request.
    pub method: &'a Method,
    /// The route of the request.
    pub route: &'a Route,
    /// The status of the answer.
    pub status: StatusCode,
    /// What the header says of the credential.
    pub accepted: Accepted,
    /// The content type, as sent.
    pub content_type: Option<&'a str>,
    /// `Retry-After`.
    pub retry_after: Option<Duration>,
    /// `Location`.
    pub location: Option<&'a str>,
    /// The body, or its beginning.
    pub body: &'a [u8],
    /// Whether that is the whole body.
    pub complete: bool,
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (method, route, bytes) = (self.method, self.route, self.body.len());
        write!(f, "Answer({method} {route} -> {}, accepted: {:?}, {bytes} bytes)", self.status, self.accepted)
    }
}
