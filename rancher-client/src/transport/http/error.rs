//! From what reqwest says to what went wrong.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::super::tls::Untrusted;
use crate::error::{Error, ErrorKind};
use crate::wire::{ServerUrl, redact};

/// Where a request was when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Before the headers of the answer.
    Head,
    /// While its body was read.
    Body,
}

/// What is known of the connection besides the error.
pub(crate) struct Circumstances<'c> {
    pub(crate) server: &'c ServerUrl,
    pub(crate) connect: Duration,
    pub(crate) phase: Phase,
}

impl Circumstances<'_> {
    /// Says what went wrong. The URL is taken off the cause, since its query can hold a secret.
    pub(crate) fn explain(&self, error: reqwest::Error) -> Error {
        let error = error.without_url();
        let explained = self.of_tls(&error).unwrap_or_else(|| {
            if error.is_connect() {
                self.unconnected(&error)
            } else if self.phase == Phase::Head {
                self.unanswered(&error)
            } else {
                self.broken(&error)
            }
        });
        let explained = if error.is_connect() { explained.with_nothing_sent() } else { explained };
        explained.with_source(error)
    }

    fn of_tls(&self, error: &reqwest::Error) -> Option<Error> {
        let host = self.server.authority();
        match find::<rustls::Error>(error)? {
            rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => {
                let untrusted = other.0.downcast_ref::<Untrusted>()?;
                Some(untrusted.0.error())
            }
            rustls::Error::InvalidMessage(_) if error.is_connect() => Some(Error::new(
                ErrorKind::Tls,
                format!("{host} does not speak TLS"),
                "check the port; what listens there may want http://",
            )),
            rustls::Error::AlertReceived(alert) => Some(Error::new(
                ErrorKind::Tls,
                format!("{host} ended the TLS connection: {alert:?}"),
                "the server may want another TLS version, another name or a client certificate; look at its log",
            )),
            other if error.is_connect() => Some(Error::new(
                ErrorKind::Tls,
                format!("the TLS handshake with {host} failed: {other}"),
                "look at the TLS settings of the server, or of the proxy in front of it",
            )),
            _ => None,
        }
    }

    /// No connection, so nothing of the request was sent.
    fn unconnected(&self, error: &reqwest::Error) -> Error {
        let host = self.server.authority();
        let texts: Vec<String> = chain(error).map(|error| error.to_string()).collect();
        let says = |words: &str| texts.iter().any(|text| text.contains(words));
        if error.is_timeout() {
            return Error::new(
                ErrorKind::Timeout,
                format!("no connection to {host} within {:?}", self.connect),
                "check the address, the network, VPN and firewall; a longer connect timeout allows more",
            )
            .with_retry(true, None);
        }
        if error.is_dns() || says("dns error") {
            // the resolver says "temporary failure" or "try again" where the name may well exist
            let passing = says("emporary failure") || says("ry again");
            return Error::new(
                ErrorKind::Connect,
                format!("DNS does not know {}: {}", self.server.host(), last(&texts)),
                "check the spelling of the server's URL, and DNS or VPN",
            )
            .with_retry(passing, None);
        }
        if says("tunnel error") {
            return Error::new(
                ErrorKind::Connect,
                format!("the proxy made no connection to {host}: {}", last(&texts)),
                "check HTTPS_PROXY and its credentials, or put the server into NO_PROXY",
            )
            .with_retry(says("io error") || says("end of file"), None);
        }
        let kind =
            chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).map(io::Error::kind).last();
        let reached = !says("tcp connect error");
        match kind {
            Some(
                io::ErrorKind::UnexpectedEof
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::BrokenPipe,
            ) if reached => Error::new(
                ErrorKind::Tls,
                format!("{host} closed the connection during the TLS handshake"),
                "check that TLS is spoken on that port, and that no proxy or firewall breaks it off",
            ),
            Some(io::ErrorKind::ConnectionRefused) => Error::new(
                ErrorKind::Connect,
                format!("{host} refuses the connection: nothing listens there"),
                "check the address and the port, and that Rancher runs",
            ),
            _ => Error::new(
                ErrorKind::Connect,
                format!("{host} cannot be reached: {}", last(&texts)),
                "check the address, the network, VPN and firewall",
            ),
        }
        .with_retry(true, None)
    }

    /// A connection, and no answer on it. The request may have arrived.
    fn unanswered(&self, error: &reqwest::Error) -> Error {
        let host = self.server.authority();
        if error.is_builder() {
            let what = format!("the request cannot be written: {}", last(&texts(error)));
            return Error::new(ErrorKind::Invalid, what, "").with_nothing_sent();
        }
        let hyper = find::<hyper::Error>(error);
        if hyper.is_some_and(hyper::Error::is_parse) {
            return Error::new(
                ErrorKind::NotRancher,
                format!("what {host} answers is not HTTP: {}", last(&texts(error))),
                "check the address and the port; another program may listen there",
            );
        }
        Error::new(
            ErrorKind::Connect,
            format!("{host} closed the connection before an answer"),
            "try again; if it goes on, look at the proxy or ingress in front of Rancher",
        )
        .with_retry(true, None)
    }

    /// An answer whose body cannot be read to its end.
    fn broken(&self, error: &reqwest::Error) -> Error {
        let network = find::<hyper::Error>(error).is_some()
            || chain(error).filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| {
                matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::BrokenPipe
                )
            });
        if network {
            return Error::new(
                ErrorKind::Connect,
                format!("{} closed the connection in the middle of the answer", self.server.authority()),
                "try again; if it goes on, look at the proxy or ingress in front of Rancher",
            )
            .with_retry(true, None);
        }
        Error::new(
            ErrorKind::Decode,
            format!("the compression of the answer is broken: {}", last(&texts(error))),
            "look at the proxy or ingress in front of Rancher",
        )
    }
}

fn texts(error: &reqwest::Error) -> Vec<String> {
    chain(error).map(|error| error.to_string()).collect()
}

/// The innermost words, which are the most exact ones.
fn last(texts: &[String]) -> String {
    redact(texts.last().map(String::as_str).unwrap_or_default()).into_owned()
}

fn find<'e, T: StdError + 'static>(error: &'e (dyn StdError + 'static)) -> Option<&'e T> {
    chain(error).find_map(|error| error.downcast_ref::<T>())
}

/// An error and those under it. An `io::Error` hides the one that it wraps from `source`, so it is asked for it.
fn chain<'e>(error: &'e (dyn StdError + 'static)) -> impl Iterator<Item = &'e (dyn StdError + 'static)> {
    // a chain is a handful; a broken implementation must not turn it into an endless one
    std::iter::successors(Some(error), |error| under(*error)).take(32)
}

fn under<'e>(error: &'e (dyn StdError + 'static)) -> Option<&'e (dyn StdError + 'static)> {
    match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
