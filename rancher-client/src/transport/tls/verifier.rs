//! Decides whether a server's certificate is trusted, and tells what it saw.

use jiff::Timestamp;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::fmt;
use std::sync::Arc;

use super::report::{Found, TlsProblem, TlsReport, fingerprint, hex};
use super::roots::{Roots, Seen, verifier};
use crate::config::Trust;

/// The reason why a handshake was broken off. It travels inside the error of rustls.
#[derive(Debug)]
pub(crate) struct Untrusted(pub(crate) Box<TlsReport>);

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.problem {
            Some(problem) => write!(f, "the certificate is not trusted: {problem}"),
            None => f.write_str("the certificate is not trusted"),
        }
    }
}

impl std::error::Error for Untrusted {}

/// The checks of webpki over the trusted roots, or a pin, or none; and a report of every handshake.
#[derive(Debug)]
pub(crate) struct Verifier {
    trust: Trust,
    host: String,
    roots: Roots,
    provider: Arc<CryptoProvider>,
    seen: Seen,
}

type Verdict = Result<&'static str, Found>;

/// What is shown of a chain, and to whom it should belong.
struct Shown<'a> {
    leaf: &'a CertificateDer<'a>,
    rest: &'a [CertificateDer<'a>],
    name: &'a ServerName<'a>,
    now: UnixTime,
}

impl Verifier {
    pub(crate) fn new(
        trust: Trust,
        host: &str,
        roots: Roots,
        provider: Arc<CryptoProvider>,
        seen: Seen,
    ) -> Self {
        Self { trust, host: host.to_owned(), roots, provider, seen }
    }

    fn verdict(&self, shown: &Shown<'_>, own: bool) -> Verdict {
        match &self.trust {
            // a proxy on the way has a certificate of its own, which nobody pinned
            Trust::Pinned { sha256 } if own => self.pinned(shown, sha256),
            trust => self.by_roots(shown, trust.as_str()),
        }
    }

    fn by_roots(&self, shown: &Shown<'_>, given_as: &'static str) -> Verdict {
        let mut problem: Option<Found> = None;
        if let Some(given) = &self.roots.given {
            match check(given, shown).or_else(|found| self.given_itself(shown, found)) {
                Ok(()) => return Ok(given_as),
                Err(found) => problem = Some(found),
            }
        }
        match (&self.roots.system, problem) {
            (Some(system), problem) => match (check(system, shown), problem) {
                (Ok(()), _) => Ok("system"),
                (Err(found), Some(before)) if weight(&found) > weight(&before) => Err(found),
                (Err(_), Some(before)) => Err(before),
                (Err(found), None) => Err(found),
            },
            (None, Some(found)) => Err(found),
            (None, None) => Err((TlsProblem::NoRoots, self.roots.missing.clone())),
        }
    }

    /// A self-signed server certificate that was given as the CA is trusted for its own name and time. Webpki knows
    /// authorities and servers only, and takes none for both.
    fn given_itself(&self, shown: &Shown<'_>, found: Found) -> Result<(), Found> {
        if !self.roots.given_certs.iter().any(|cert| cert.as_ref() == shown.leaf.as_ref()) {
            return Err(found);
        }
        let report = TlsReport::of(String::new(), shown.leaf, &[], &Ok(""));
        let now = i64::try_from(shown.now.as_secs()).ok().and_then(|now| Timestamp::from_second(now).ok());
        match (report.not_before, now, report.not_after) {
            (Some(from), Some(now), _) if now < from => return Err((TlsProblem::NotYetValid, None)),
            (_, Some(now), Some(to)) if now > to => return Err((TlsProblem::Expired, None)),
            (Some(_), Some(_), Some(_)) => {}
            _ => return Err(found),
        }
        let parsed = ParsedCertificate::try_from(shown.leaf).map_err(|error| problem(&error))?;
        verify_server_name(&parsed, shown.name).map_err(|error| problem(&error))
    }

    /// The server's own certificate is taken as it is: the handshake proves that the server has its key. Another one
    /// of the chain must really have signed it, since anybody can show a copy of somebody's authority.
    fn pinned(&self, shown: &Shown<'_>, pin: &[u8; 32]) -> Verdict {
        if fingerprint(shown.leaf) == *pin {
            return Ok("pinned");
        }
        let Some(anchor) = shown.rest.iter().find(|cert| fingerprint(cert) == *pin) else {
            let detail =
                format!("{} was pinned, the server shows {}", hex(pin), hex(&fingerprint(shown.leaf)));
            return Err((TlsProblem::NotPinned, Some(detail)));
        };
        let mut store = RootCertStore::empty();
        store.add(anchor.clone().into_owned()).map_err(|error| problem(&error))?;
        let Some(verifier) = verifier(store, &self.provider) else {
            return Err((TlsProblem::NotPinned, None));
        };
        match check(&verifier, shown) {
            Ok(()) => Ok("pinned"),
            Err((TlsProblem::UnknownIssuer, _)) => {
                let detail =
                    format!("the server shows {}, but its own certificate is not signed by it", hex(pin));
                Err((TlsProblem::NotPinned, Some(detail)))
            }
            Err(found) => Err(found),
        }
    }

    fn is_insecure(&self) -> bool {
        self.trust == Trust::Insecure
    }
}

/// How much a problem tells. That one set of roots does not know the issuer says less than what another found out.
fn weight(found: &Found) -> u8 {
    match found.0 {
        TlsProblem::UnknownIssuer => 0,
        TlsProblem::Other => 1,
        _ => 2,
    }
}

fn check(verifier: &WebPkiServerVerifier, shown: &Shown<'_>) -> Result<(), Found> {
    verifier
        .verify_server_cert(shown.leaf, shown.rest, shown.name, &[], shown.now)
        .map(drop)
        .map_err(|error| problem(&error))
}

fn problem(error: &rustls::Error) -> Found {
    let at = |time: &UnixTime| {
        i64::try_from(time.as_secs())
            .ok()
            .and_then(|time| Timestamp::from_second(time).ok())
            .map(|t| t.to_string())
    };
    match error {
        rustls::Error::InvalidCertificate(problem) => match problem {
            CertificateError::Expired => (TlsProblem::Expired, None),
            CertificateError::ExpiredContext { not_after, .. } => {
                (TlsProblem::Expired, at(not_after).map(|at| format!("one of its chain expired on {at}")))
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                (TlsProblem::NotYetValid, None)
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                (TlsProblem::WrongHost, None)
            }
            CertificateError::UnknownIssuer => (TlsProblem::UnknownIssuer, None),
            CertificateError::BadSignature => {
                let detail = "an authority of that name is trusted, but with another key: it was renewed, or this is a forgery";
                (TlsProblem::UnknownIssuer, Some(detail.to_owned()))
            }
            other => (TlsProblem::Other, Some(other.to_string())),
        },
        other => (TlsProblem::Other, Some(other.to_string())),
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let name = server_name.to_str();
        let own = name.eq_ignore_ascii_case(&self.host);
        let shown = Shown { leaf: end_entity, rest: intermediates, name: server_name, now };
        let verdict = self.verdict(&shown, own);
        let mut report = TlsReport::of(name.into_owned(), end_entity, intermediates, &verdict);
        // webpki refuses a self-signed authority as a server's certificate before it asks whether it is trusted
        if report.problem == Some(TlsProblem::Other) && report.is_self_signed() {
            report.problem = Some(TlsProblem::UnknownIssuer);
            report.detail = None;
        }
        // the date of the server's own certificate is in the report; only another's needs words
        if report.problem == Some(TlsProblem::Expired)
            && report
                .not_after
                .is_some_and(|end| u64::try_from(end.as_second()).is_ok_and(|end| end < now.as_secs()))
        {
            report.detail = None;
        }
        if self.is_insecure() {
            report.trusted_by = Some("insecure");
            tracing::warn!(
                host = %report.host, sha256 = %report.sha256, problem = report.problem.map(TlsProblem::as_str),
                "the server's certificate is not checked: anybody on the way can read and change everything, the token included"
            );
        }
        let trusted = report.trusted_by.is_some();
        if own {
            self.seen.set(report.clone());
        }
        if trusted {
            return Ok(ServerCertVerified::assertion());
        }
        let untrusted = Untrusted(Box::new(report));
        Err(rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(untrusted)))))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.is_insecure() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if self.is_insecure() {
            return Ok(HandshakeSignatureValid::assertion());
        }
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
