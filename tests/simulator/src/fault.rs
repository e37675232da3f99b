//! Faults: what goes wrong between a client and the server, as rules in one line of text.
//!
//! A rule reads `METHOD PATH-GLOB ACTION [after=N] [times=N]`:
//!
//! - `METHOD` is a method in capitals, or `*` for any.
//! - `PATH-GLOB` is matched on the path without its query, without the server's prefix, and still
//!   percent-encoded: see [`Glob`].
//! - `ACTION` is one of those of [`Action`].
//! - `after=N` lets the first N matching requests pass, `times=N` applies the rule at most N times.
//!
//! `* @connect ACTION` applies to new connections before TLS, with `close`, `reset`, `hang` or `delay:MS`.
//! Mind that this also hits connections that want to reach `/-/faults`: give such a rule a `times=N`.
//!
//! Rules are tried in the order given. Every `delay` that applies adds up; of the others the first that
//! applies acts. A rule counts every request that it matches, also those on which another rule acted.

mod glob;
mod parse;
mod set;

pub use glob::{Glob, GlobError};
pub use parse::FaultError;
pub use set::{FaultCount, Faults};

pub(crate) use set::Decision;

use http::{Method, StatusCode};
use std::fmt;
use std::num::NonZeroU64;
use std::time::Duration;

/// One rule. Its text form parses ([`str::parse`]) and prints (`Display`) without loss.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The method that it applies to; `None` for any.
    pub method: Option<Method>,
    /// What it applies to.
    pub target: Target,
    /// What it does.
    pub action: Action,
    /// How many matching requests pass before it applies.
    pub after: u64,
    /// How often it applies; `None` for always.
    pub times: Option<NonZeroU64>,
}

/// What a rule applies to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// New connections, before the TLS handshake.
    Connect,
    /// Requests whose path matches.
    Path(Glob),
}

/// What a rule does to the request that it applies to.
///
/// `status`, `429` and `html502` answer in the server's place, as a proxy in front of it would. With all
/// others the server handles the request; it is the answer that is late, damaged or lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// `delay:MS`: the request reaches the server so many milliseconds late.
    Delay(Duration),
    /// `hang`: the answer never comes.
    Hang,
    /// `reset`: a TCP RST instead of an answer.
    Reset,
    /// `cut:BYTES`: headers with the full `content-length`, so many bytes of the body, then the end.
    Cut(usize),
    /// `length:BYTES`: the whole body under a `content-length` of so many bytes. With HTTP/1.1 the connection
    /// ends after it.
    Length(u64),
    /// `status:CODE`: an answer with this status and a body of Norman's error form.
    Status(StatusCode),
    /// `429` or `429:SECONDS`: too many requests, with `Retry-After` when seconds are given.
    TooManyRequests(Option<u64>),
    /// `html502`: a 502 with the HTML page of an ingress.
    Html502,
    /// `drip:BYTES/S`: the headers at once, then the body at so many bytes per second.
    Drip(NonZeroU64),
    /// `close`: the connection ends cleanly (TLS `close_notify`, then FIN) before any byte of an answer.
    Close,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.method {
            Some(method) => write!(f, "{method} ")?,
            None => f.write_str("* ")?,
        }
        write!(f, "{} {}", self.target, self.action)?;
        if self.after > 0 {
            write!(f, " after={}", self.after)?;
        }
        if let Some(times) = self.times {
            write!(f, " times={times}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect => f.write_str(parse::CONNECT),
            Self::Path(glob) => glob.fmt(f),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Delay(wait) => write!(f, "delay:{}", wait.as_millis()),
            Self::Hang => f.write_str("hang"),
            Self::Reset => f.write_str("reset"),
            Self::Cut(bytes) => write!(f, "cut:{bytes}"),
            Self::Length(bytes) => write!(f, "length:{bytes}"),
            Self::Status(status) => write!(f, "status:{}", status.as_u16()),
            Self::TooManyRequests(None) => f.write_str("429"),
            Self::TooManyRequests(Some(seconds)) => write!(f, "429:{seconds}"),
            Self::Html502 => f.write_str("html502"),
            Self::Drip(rate) => write!(f, "drip:{rate}/s"),
            Self::Close => f.write_str("close"),
        }
    }
}
