//! How a server is to be run.

use crate::fault::Fault;
use crate::tls::{Tls, TlsError};
use jiff::SignedDuration;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use thiserror::Error;

/// How a server is to be run.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// Where it listens: a loopback address, port 0 for any free port. Default `127.0.0.1:0`.
    pub listen: SocketAddr,
    /// Its certificate. Default: HTTPS with an authority of its own.
    pub tls: Tls,
    /// Whether HTTP/2 is offered. Default `false`: the recorded server spoke HTTP/1.1 even when offered 2
    /// (recorded: README, fact 17).
    pub http2: bool,
    /// Whether answers below `/v3` and `/v1` are compressed when the client asks for it; those of the cluster
    /// proxy never are (recorded: README, fact 17). Default `true`.
    pub gzip: bool,
    /// By what the wait of each answer is multiplied; 0 for none. Default 1. Faults keep their own times.
    pub delay_scale: f64,
    /// The path that Rancher is published under. Default: none.
    pub prefix: Prefix,
    /// Leaves `X-API-Cattle-Auth` out of every answer, as older servers do (assumed). Default `false`.
    pub header_off: bool,
    /// How far the server's clock is ahead. Default zero.
    pub clock_ahead: SignedDuration,
    /// What goes wrong from the start.
    pub faults: Vec<Fault>,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: Tls::default(),
            http2: false,
            gzip: true,
            delay_scale: 1.0,
            prefix: Prefix::default(),
            header_off: false,
            clock_ahead: SignedDuration::ZERO,
            faults: Vec::new(),
        }
    }
}

/// Why a server does not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The address can be reached from elsewhere.
    #[error(
        "{0} is no loopback address: the simulator has known passwords, so it listens on 127.0.0.1 or ::1 only"
    )]
    NotLoopback(SocketAddr),
    /// The address is not to be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The scale is negative or no number.
    #[error("delays cannot be scaled by {0}; use a number from 0 up")]
    DelayScale(f64),
    /// The certificate cannot be made.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// There is nothing to run it.
    #[error(
        "the server needs a tokio runtime: start it inside `#[tokio::main]`, `#[tokio::test]` or `block_on`"
    )]
    NoRuntime,
}

/// A path that a server is published under, such as `/rancher`; empty for none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prefix(String);

/// Why a text is no prefix.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is no path prefix; write it as /rancher or /apps/rancher")]
pub struct PrefixError(String);

impl FromStr for Prefix {
    type Err = PrefixError;

    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let path = text.strip_suffix('/').unwrap_or(text);
        if path.is_empty() {
            return Ok(Self::default());
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
        let segment =
            |part: &str| !part.is_empty() && !matches!(part, "-" | "." | "..") && part.bytes().all(plain);
        match path.strip_prefix('/') {
            Some(rest) if rest.split('/').all(segment) => Ok(Self(path.to_owned())),
            _ => Err(PrefixError(text.to_owned())),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Prefix {
    /// The target as it is behind the prefix, or `None` for one outside.
    pub(super) fn strip(&self, target: &str) -> Option<String> {
        let rest = target.strip_prefix(&self.0)?;
        match rest.chars().next() {
            _ if self.0.is_empty() => Some(target.to_owned()),
            Some('/') => Some(rest.to_owned()),
            None | Some('?') => Some(format!("/{rest}")),
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_at_a_segment() {
        let prefix: Prefix = "/rancher/".parse().unwrap();
        assert_eq!(prefix.to_string(), "/rancher");
        assert_eq!(prefix.strip("/rancher/v3?a=/rancher").as_deref(), Some("/v3?a=/rancher"));
        assert_eq!(prefix.strip("/rancher").as_deref(), Some("/"));
        assert_eq!(prefix.strip("/rancher?a").as_deref(), Some("/?a"));
        assert_eq!(prefix.strip("/rancherversion"), None);
        assert_eq!(prefix.strip("/v3/rancher"), None);
    }

    #[test]
    fn no_prefix_leaves_all_as_it_is() {
        let none = Prefix::default();
        for target in ["/v3", "*", "//v3?x", ""] {
            assert_eq!(none.strip(target).as_deref(), Some(target));
        }
        assert_eq!("/".parse(), Ok(Prefix::default()));
    }

    #[test]
    fn nonsense_is_no_prefix() {
        for text in ["rancher", "//rancher", "/a//b", "/a?b", "/a b", "/a#b", "/-", "/a/../b"] {
            assert!(text.parse::<Prefix>().unwrap_err().to_string().contains("/rancher"), "{text}");
        }
    }
}
