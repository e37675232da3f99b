//! What was seen of the server's certificate, in a form that can be shown.

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::error::{Cause, Error, ErrorKind, Result};

/// What is wrong with a server's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsProblem {
    /// It, or one it rests on, is past its time.
    Expired,
    /// It, or one it rests on, is not valid yet; or this machine's clock is behind.
    NotYetValid,
    /// It is for other host names.
    WrongHost,
    /// It comes from an authority that is not trusted here, or from nobody but itself.
    UnknownIssuer,
    /// The chain does not hold the certificate that was pinned.
    NotPinned,
    /// This machine trusts no authority at all.
    NoRoots,
    /// Something else, see [`TlsReport::detail`].
    Other,
}

impl TlsProblem {
    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            TlsProblem::Expired => "expired",
            TlsProblem::NotYetValid => "not_yet_valid",
            TlsProblem::WrongHost => "wrong_host",
            TlsProblem::UnknownIssuer => "unknown_issuer",
            TlsProblem::NotPinned => "not_pinned",
            TlsProblem::NoRoots => "no_roots",
            TlsProblem::Other => "other",
        }
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the last handshake with the server showed of its certificate. Nothing in it is secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TlsReport {
    /// The host that was called.
    pub host: String,
    /// Whether the checks passed. With [`crate::config::Trust::Insecure`], whether the machine's own would have.
    pub verified: bool,
    /// What the certificate is trusted by: `system`, `ca_file`, `ca_pem`, `pinned`, `insecure`; nothing if it is not.
    pub trusted_by: Option<&'static str>,
    /// The SHA-256 fingerprint of the server's own certificate, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// The fingerprints of all certificates that the server showed, its own first.
    pub chain_sha256: Vec<String>,
    /// From when it is valid.
    #[serde(serialize_with = "timestamp")]
    pub not_before: Option<Timestamp>,
    /// Until when it is valid.
    #[serde(serialize_with = "timestamp")]
    pub not_after: Option<Timestamp>,
    /// Whose it is, `CN=rancher.example.com`.
    pub subject: String,
    /// Who signed it.
    pub issuer: String,
    /// The host names and addresses that it is for.
    pub dns_names: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<TlsProblem>,
    /// The problem in words, where there is more to say.
    pub detail: Option<String>,
}

fn timestamp<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> std::result::Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.collect_str(time),
        None => serializer.serialize_none(),
    }
}

/// A problem, and more words on it where there are any.
pub(crate) type Found = (TlsProblem, Option<String>);

impl TlsReport {
    /// Reads a chain. What cannot be read stays empty: a broken certificate is one of the things to report.
    pub(crate) fn of(
        host: String,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        verdict: &std::result::Result<&'static str, Found>,
    ) -> Self {
        let mut report = Self {
            host,
            verified: verdict.is_ok(),
            trusted_by: verdict.as_ref().ok().copied(),
            sha256: hex(&fingerprint(leaf)),
            chain_sha256: std::iter::once(leaf).chain(rest).map(|cert| hex(&fingerprint(cert))).collect(),
            not_before: None,
            not_after: None,
            subject: String::new(),
            issuer: String::new(),
            dns_names: Vec::new(),
            problem: verdict.as_ref().err().map(|(problem, _)| *problem),
            detail: verdict.as_ref().err().and_then(|(_, detail)| detail.clone()),
        };
        if let Ok((_, cert)) = X509Certificate::from_der(leaf) {
            report.not_before = Timestamp::from_second(cert.validity().not_before.timestamp()).ok();
            report.not_after = Timestamp::from_second(cert.validity().not_after.timestamp()).ok();
            report.subject = cert.subject().to_string();
            report.issuer = cert.issuer().to_string();
            if let Ok(Some(names)) = cert.subject_alternative_name() {
                report.dns_names = names.value.general_names.iter().filter_map(host_name).collect();
            }
        }
        report
    }

    /// Whether nobody but itself signed it.
    pub fn is_self_signed(&self) -> bool {
        !self.subject.is_empty() && self.subject == self.issuer
    }

    /// The facts, line by line.
    pub(crate) fn facts(&self) -> Vec<String> {
        let time = |time: Option<Timestamp>| time.map_or_else(|| "?".to_owned(), |time| time.to_string());
        let mut facts = vec![
            format!("the certificate's SHA-256 is {}", self.sha256),
            format!("it is for {}, subject {:?}, issuer {:?}", self.names(), self.subject, self.issuer),
            format!("it is valid from {} to {}", time(self.not_before), time(self.not_after)),
        ];
        if let [_, rest @ ..] = self.chain_sha256.as_slice()
            && !rest.is_empty()
        {
            facts.push(format!("behind it the server shows {}", rest.join(", ")));
        }
        facts
    }

    fn names(&self) -> String {
        match self.dns_names.as_slice() {
            [] => "no host name".to_owned(),
            names if names.len() > 8 => {
                let first: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
                format!("{} and {} more", first.join(", "), names.len() - 8)
            }
            names => names.join(", "),
        }
    }

    /// The error of a connection that failed for the certificate's sake.
    pub(crate) fn error(&self) -> Error {
        let host = &self.host;
        let on = |time: Option<Timestamp>| time.map_or_else(String::new, |time| format!(" on {time}"));
        let detail = self.detail.as_deref().unwrap_or_default();
        let (summary, advice, cause) = match self.problem.unwrap_or(TlsProblem::Other) {
            TlsProblem::Expired => (
                // an intermediate's date is in the detail
                match detail {
                    "" => format!("the certificate of {host} expired{}", on(self.not_after)),
                    detail => format!("the certificate of {host} is not valid: {detail}"),
                },
                "have the certificate renewed, and check this machine's clock".to_owned(),
                Cause::CertificateExpired,
            ),
            TlsProblem::NotYetValid => (
                format!("the certificate of {host} is not valid yet, it begins{}", on(self.not_before)),
                "check this machine's clock".to_owned(),
                Cause::CertificateInvalid,
            ),
            TlsProblem::WrongHost => (
                format!("the certificate is for {}, not for {host}", self.names()),
                "use a name that the certificate has in the server's URL, or have the certificate reissued".to_owned(),
                Cause::CertificateWrongHost,
            ),
            TlsProblem::UnknownIssuer => {
                let who = if self.is_self_signed() {
                    "nobody but itself".to_owned()
                } else {
                    format!("{:?}, which is not trusted here", self.issuer)
                };
                (
                    format!("the certificate of {host} (sha256 {}) is signed by {who}{}", self.sha256, brackets(detail)),
                    "give the CA's certificate (RANCHER_CA_CERTS, or a file in RANCHER_CA_BUNDLE), or pin the SHA-256 after comparing it with the server's".to_owned(),
                    Cause::CertificateUnknownIssuer,
                )
            }
            TlsProblem::NotPinned => (
                format!("the certificate of {host} is not the pinned one: {detail}"),
                "somebody may sit in between; if the certificate was renewed, compare its SHA-256 with the server's and pin that".to_owned(),
                Cause::CertificateInvalid,
            ),
            TlsProblem::NoRoots => (
                format!("this machine trusts no certificate authority{}", brackets(detail)),
                "install its CA certificates (ca-certificates), set SSL_CERT_FILE, or give the CA's certificate".to_owned(),
                Cause::CertificateUnknownIssuer,
            ),
            TlsProblem::Other => (
                format!("the certificate of {host} is not accepted: {detail}"),
                "look at the certificate of the server, or of the proxy in front of it".to_owned(),
                Cause::CertificateInvalid,
            ),
        };
        Error::new(ErrorKind::Tls, summary, advice).with_causes([cause]).with_because(self.facts())
    }
}

fn brackets(detail: &str) -> String {
    if detail.is_empty() { String::new() } else { format!(" ({detail})") }
}

fn host_name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match *bytes {
            bytes if bytes.len() == 4 => {
                <[u8; 4]>::try_from(bytes).ok().map(|b| Ipv4Addr::from(b).to_string())
            }
            bytes => <[u8; 16]>::try_from(bytes).ok().map(|b| Ipv6Addr::from(b).to_string()),
        },
        _ => None,
    }
}

/// The SHA-256 of some bytes.
pub(crate) fn fingerprint(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Reads a SHA-256 fingerprint as people have it: 64 hexadecimal digits in either case, with or without colons or
/// blanks between them, with or without `sha256:` or openssl's `SHA256 Fingerprint=` before them.
///
/// # Errors
/// `config`, if it is none; a SHA-1 fingerprint is named as such.
pub fn parse_fingerprint(text: &str) -> Result<[u8; 32]> {
    let text = text.trim();
    let bare = text.rsplit_once('=').map_or(text, |(_, bare)| bare);
    let lower = bare.trim().to_ascii_lowercase();
    let bare =
        lower.strip_prefix("sha256").map_or(lower.as_str(), |rest| rest.trim_start_matches([':', '/', '-']));
    let digits: Vec<char> = bare.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
    let advice = "give the SHA-256 of the certificate: openssl x509 -noout -fingerprint -sha256 -in cert.pem";
    if digits.len() == 40 && digits.iter().all(char::is_ascii_hexdigit) {
        return Err(Error::config("the fingerprint is a SHA-1, which can be forged", advice));
    }
    let mut out = [0; 32];
    let mut pairs = digits.chunks_exact(2);
    for byte in &mut out {
        let pair = pairs.next().and_then(|pair| match pair {
            [high, low] => Some((high.to_digit(16)?, low.to_digit(16)?)),
            _ => None,
        });
        let Some((high, low)) = pair else {
            return Err(Error::config("the fingerprint is not 64 hexadecimal digits", advice));
        };
        *byte = u8::try_from(high * 16 + low).unwrap_or_default();
    }
    if digits.len() != 64 {
        return Err(Error::config("the fingerprint is not 64 hexadecimal digits", advice));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_as_people_write_them() {
        let plain = "00ff".repeat(16);
        let expected = [[0x00, 0xff]; 16].concat();
        let colons =
            plain.as_bytes().chunks(2).map(|b| String::from_utf8_lossy(b)).collect::<Vec<_>>().join(":");
        for text in [
            plain.clone(),
            colons.clone(),
            colons.to_uppercase(),
            format!(" sha256:{plain}\n"),
            format!("SHA256 Fingerprint={}", colons.to_uppercase()),
            format!("sha256 Fingerprint={colons}"),
        ] {
            assert_eq!(parse_fingerprint(&text).unwrap().as_slice(), expected, "{text}");
        }
        for bad in ["", "ab", &plain[..62], &format!("{plain}00"), &"zz".repeat(32), &"é".repeat(32)] {
            assert_eq!(parse_fingerprint(bad).unwrap_err().kind(), ErrorKind::Config, "{bad}");
        }
        assert!(parse_fingerprint(&"ab:".repeat(20)).unwrap_err().summary().contains("SHA-1"));
    }

    #[test]
    fn what_cannot_be_read_is_reported_still() {
        let junk = CertificateDer::from(b"junk".to_vec());
        let report =
            TlsReport::of("h".into(), &junk, &[], &Err((TlsProblem::Other, Some("bad encoding".into()))));
        assert_eq!((report.sha256.len(), report.not_after, report.verified), (64, None, false));
        assert!(report.error().to_string().contains("bad encoding"));
    }
}
