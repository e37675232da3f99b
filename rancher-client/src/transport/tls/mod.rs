//! TLS on our own terms: ring given explicitly, TLS 1.2 and 1.3, HTTP/2 where offered, and a verifier that tells what
//! it saw.

mod report;
mod roots;
mod verifier;

pub use report::{TlsProblem, TlsReport, parse_fingerprint};
pub(super) use report::{fingerprint, hex};
pub(super) use roots::{Roots, Seen};
pub(super) use verifier::Untrusted;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use std::sync::Arc;

use crate::config::Trust;
use crate::error::{Error, ErrorKind, Result};
use verifier::Verifier;

/// Checks what can be checked of `trust` without I/O.
///
/// # Errors
/// `config`, if the PEM text of a CA holds no certificate.
pub(crate) fn check(trust: &Trust) -> Result<()> {
    match trust {
        Trust::CaPem(_) => Roots::of(trust, Vec::new(), None, &provider()).map(drop),
        _ => Ok(()),
    }
}

/// The cryptography, given explicitly: a process-wide default belongs to the program, not to a library.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

/// The configuration of a client that calls `host` and trusts `trust` over these roots.
///
/// # Errors
/// `tls`, if the cryptography does not offer TLS 1.2 and 1.3; it does.
pub(crate) fn client_config(
    trust: Trust,
    host: &str,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    seen: Seen,
) -> Result<ClientConfig> {
    let verifier = Verifier::new(trust, host, roots, Arc::clone(&provider), seen);
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(|error| Error::new(ErrorKind::Tls, "TLS cannot be set up", "").with_source(error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

#[cfg(test)]
mod tests;
