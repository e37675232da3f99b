//! The authorities that are trusted, and the memory of what the last handshake showed.

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::sync::{Arc, Mutex, PoisonError};

use super::report::TlsReport;
use crate::config::Trust;
use crate::error::{Error, Result};

/// What the last handshake showed, shared by the verifier and its readers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<TlsReport>>>);

impl Seen {
    pub(crate) fn last(&self) -> Option<TlsReport> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn set(&self, report: TlsReport) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
    }
}

/// The authorities that are trusted.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// The machine's; nothing if it has none.
    pub(crate) system: Option<Arc<WebPkiServerVerifier>>,
    /// Why the machine has none.
    pub(crate) missing: Option<String>,
    /// Those that were given.
    pub(crate) given: Option<Arc<WebPkiServerVerifier>>,
    /// Those that were given, as they are: a self-signed server certificate may be among them.
    pub(crate) given_certs: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Reads them from the machine and from what `trust` names. This reads files.
    ///
    /// That the machine has none is no error here: it is one of a connection that needs them.
    ///
    /// # Errors
    /// `config`, if the file or text of the CA cannot be read or holds no certificate.
    pub(crate) fn load(trust: &Trust, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let found = rustls_native_certs::load_native_certs();
        let missing = found.errors.first().map(ToString::to_string);
        Self::of(trust, found.certs, missing, provider)
    }

    /// The same with the machine's authorities given.
    pub(crate) fn of(
        trust: &Trust,
        machine: Vec<CertificateDer<'static>>,
        missing: Option<String>,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self> {
        let given_certs = given(trust)?;
        let mut store = RootCertStore::empty();
        // machines carry certificates that are not well-formed; they trust no one less for it
        store.add_parsable_certificates(machine);
        let system = verifier(store, provider);
        let mut store = RootCertStore::empty();
        for cert in &given_certs {
            store
                .add(cert.clone())
                .map_err(|error| bad(trust, &format!("a certificate in it cannot be read: {error}")))?;
        }
        Ok(Self { system, missing, given: verifier(store, provider), given_certs })
    }
}

/// A verifier over these roots; nothing if there are none.
pub(crate) fn verifier(
    store: RootCertStore,
    provider: &Arc<CryptoProvider>,
) -> Option<Arc<WebPkiServerVerifier>> {
    WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(provider)).build().ok()
}

/// The certificates that `trust` names itself.
fn given(trust: &Trust) -> Result<Vec<CertificateDer<'static>>> {
    let text = match trust {
        Trust::CaFile(path) => std::fs::read(path).map_err(|error| {
            let what = format!("the CA file {} cannot be read: {error}", path.display());
            Error::config(what, "give the path of a PEM file").with_source(error)
        })?,
        Trust::CaPem(text) => text.clone().into_bytes(),
        _ => return Ok(Vec::new()),
    };
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(bad(trust, "it is empty"));
    }
    let certs: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match certs {
        Err(error) => Err(bad(trust, &format!("its PEM is broken: {error}"))),
        Ok(certs) if certs.is_empty() => {
            let text = String::from_utf8_lossy(&text);
            let why = if text.contains("PRIVATE KEY-----") {
                "it holds a private key and no certificate"
            } else if text.contains("CERTIFICATE REQUEST-----") {
                "it holds a certificate request and no certificate"
            } else {
                "it holds no certificate"
            };
            Err(bad(trust, why))
        }
        Ok(certs) => Ok(certs),
    }
}

/// The error names where the CA comes from and never shows what is in it: it may be a private key.
fn bad(trust: &Trust, why: &str) -> Error {
    let place = match trust {
        Trust::CaFile(path) => format!("the CA file {}", path.display()),
        _ => "the PEM text of the CA".to_owned(),
    };
    Error::config(
        format!("{place} is of no use: {why}"),
        "give the CA's certificate in PEM form, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----",
    )
}
