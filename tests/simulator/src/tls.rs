//! Certificates for the simulated server: its own authority, made anew at each start, in memory only.

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::SystemTime;
use thiserror::Error;

/// Whether and how the server speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Plain HTTP.
    Off,
    /// HTTPS with this certificate.
    On(CertificateOptions),
}

impl Default for Tls {
    fn default() -> Self {
        Self::On(CertificateOptions::default())
    }
}

/// What the server's certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateOptions {
    /// The names and addresses that it is valid for. Default: `localhost`, `127.0.0.1`, `::1`.
    pub names: Vec<String>,
    /// From when it is valid. Default: a day before now, or before `not_after` if that is earlier.
    pub not_before: Option<Timestamp>,
    /// Until when it is valid. Default: in 90 days.
    pub not_after: Option<Timestamp>,
    /// Who signed it.
    pub issuer: Issuer,
}

impl Default for CertificateOptions {
    fn default() -> Self {
        Self {
            names: ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into(),
            not_before: None,
            not_after: None,
            issuer: Issuer::default(),
        }
    }
}

/// Who signed the server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Issuer {
    /// The authority that the server names as its own. It is sent along.
    #[default]
    Own,
    /// Nobody but itself. The authority that the server names did not sign it, so that a client that trusts
    /// that one still has to refuse.
    SelfSigned,
}

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// A name is neither a DNS name nor an address, or the certificate cannot be made.
    #[error("no certificate for {names:?}: {source}")]
    Certificate {
        /// The names that were asked for.
        names: Vec<String>,
        /// What is wrong.
        source: rcgen::Error,
    },
    /// It would end before it begins.
    #[error("no certificate that is valid from {not_before} to {not_after}: the end comes first")]
    Validity {
        /// From when it was to be valid.
        not_before: Timestamp,
        /// Until when it was to be valid.
        not_after: Timestamp,
    },
    /// The TLS library refuses the certificate.
    #[error("TLS does not start: {0}")]
    Config(#[from] rustls::Error),
}

/// A server's side of TLS, and what its clients need to trust it.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) ca_pem: String,
    pub(crate) certificate: CertificateDer<'static>,
}

/// Makes an authority and a certificate. `http2` decides whether h2 is offered.
pub(crate) fn identity(
    options: &CertificateOptions,
    http2: bool,
    now: Timestamp,
) -> Result<Identity, TlsError> {
    let failed = |source| TlsError::Certificate { names: options.names.clone(), source };
    let day = SignedDuration::from_hours(24);
    let not_after = options.not_after.unwrap_or_else(|| later(now, day * 90));
    let not_before = options.not_before.unwrap_or_else(|| later(now.min(not_after), -day));
    if not_after < not_before {
        return Err(TlsError::Validity { not_before, not_after });
    }

    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(DnType::CommonName, "rancher-simulator-ca");
    // the authority outlives every certificate that it signs, so that only the certificate can be what expired
    authority.not_before = SystemTime::from(later(now.min(not_before), -day)).into();
    authority.not_after = SystemTime::from(later(now.max(not_after), day * 365)).into();
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(failed)?).map_err(failed)?;

    let key = KeyPair::generate().map_err(failed)?;
    let mut leaf = CertificateParams::new(options.names.clone()).map_err(failed)?;
    leaf.distinguished_name.push(DnType::CommonName, "rancher-simulator");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.not_before = SystemTime::from(not_before).into();
    leaf.not_after = SystemTime::from(not_after).into();
    let (leaf, chain) = match options.issuer {
        Issuer::Own => {
            let leaf = leaf.signed_by(&key, &authority).map_err(failed)?;
            let chain = vec![leaf.der().clone(), authority.der().clone()];
            (leaf, chain)
        }
        Issuer::SelfSigned => {
            let leaf = leaf.self_signed(&key).map_err(failed)?;
            let chain = vec![leaf.der().clone()];
            (leaf, chain)
        }
    };

    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = match http2 {
        true => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        false => vec![b"http/1.1".to_vec()],
    };
    Ok(Identity { config: Arc::new(config), ca_pem: authority.pem(), certificate: leaf.der().clone() })
}

/// `time + span`, or the nearest time that there is.
fn later(time: Timestamp, span: SignedDuration) -> Timestamp {
    time.saturating_add(span).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::client::WebPkiServerVerifier;
    use rustls::client::danger::ServerCertVerifier;
    use rustls::{CertificateError, RootCertStore};
    use rustls_pki_types::pem::PemObject;
    use rustls_pki_types::{ServerName, UnixTime};

    fn verify(options: CertificateOptions, name: &str) -> Result<(), rustls::Error> {
        let identity = identity(&options, false, Timestamp::now()).unwrap();
        let ca = CertificateDer::from_pem_slice(identity.ca_pem.as_bytes()).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(ca).unwrap();
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::new(ring::default_provider()))
                .build()
                .unwrap();
        let name = ServerName::try_from(name).unwrap();
        verifier.verify_server_cert(&identity.certificate, &[], &name, &[], UnixTime::now()).map(|_| ())
    }

    #[test]
    fn the_default_certificate_is_good_for_loopback_only() {
        for name in ["localhost", "127.0.0.1", "::1"] {
            verify(CertificateOptions::default(), name).unwrap();
        }
        assert!(matches!(
            verify(CertificateOptions::default(), "rancher.example.com"),
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidForNameContext { .. }))
        ));
    }

    #[test]
    fn an_expired_one_is_expired_and_a_future_one_is_not_yet_valid() {
        let hour = SignedDuration::from_hours(1);
        let expired =
            CertificateOptions { not_after: Some(Timestamp::now() - hour), ..CertificateOptions::default() };
        assert!(matches!(
            verify(expired, "localhost"),
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext { .. }))
        ));
        let future =
            CertificateOptions { not_before: Some(Timestamp::now() + hour), ..CertificateOptions::default() };
        assert!(matches!(
            verify(future, "localhost"),
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext { .. }))
        ));
    }

    #[test]
    fn a_self_signed_one_has_an_unknown_issuer() {
        let options = CertificateOptions { issuer: Issuer::SelfSigned, ..CertificateOptions::default() };
        assert_eq!(
            verify(options, "localhost"),
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer))
        );
    }

    #[test]
    fn impossible_wishes_are_refused() {
        let now = Timestamp::now();
        let hour = SignedDuration::from_hours(1);
        let backwards = CertificateOptions {
            not_before: Some(now),
            not_after: Some(now - hour),
            ..CertificateOptions::default()
        };
        assert!(matches!(identity(&backwards, false, now), Err(TlsError::Validity { .. })));
        let name =
            CertificateOptions { names: vec!["früh.example.com".into()], ..CertificateOptions::default() };
        assert!(matches!(identity(&name, false, now), Err(TlsError::Certificate { .. })));
    }

    #[test]
    fn h2_is_offered_only_when_asked_for() {
        let offered = |http2| {
            let options = CertificateOptions::default();
            identity(&options, http2, Timestamp::now()).unwrap().config.alpn_protocols.clone()
        };
        assert_eq!(offered(false), [b"http/1.1".to_vec()]);
        assert_eq!(offered(true), [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }
}
