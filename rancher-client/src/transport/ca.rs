//! The CA of a server that was installed with its own, read from the server and taken only if it is the expected one.

use base64::Engine as _;
use http::Method;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

use super::deadline::Deadline;
use super::http::Http;
use super::tls::{fingerprint, hex, parse_fingerprint};
use super::{Auth, Patience, Request, Transport};
use crate::config::{Config, Trust};
use crate::credentials::Credential;
use crate::error::{Cause, Error, ErrorKind, Result, judge, judge_success};
use crate::scope::{Route, TokenKind};
use crate::wire::{ServerUrl, SystemClock};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The largest answer that is read, in bytes. Recorded: about 1 kB.
const LARGEST: usize = 1024 * 1024;

#[derive(Deserialize)]
struct Setting {
    #[serde(default)]
    value: Option<String>,
}

/// Reads the CA that a Rancher server publishes, and gives it back for [`Trust::CaPem`] if it has the expected
/// fingerprint.
///
/// It asks `GET /v3/settings/cacerts`, which needs no credential (recorded: matrix), over a connection that is not
/// verified, and sends no credential. What comes back is trusted for its fingerprint alone, so only what the
/// fingerprint covers is given back: the one certificate that it names, or the whole text where it is the checksum that Rancher's
/// registration commands carry (`--ca-checksum`, the SHA-256 of the text).
///
/// # Errors
/// `config`, if the fingerprint is none, or if the server has no CA of its own; `tls`, naming both fingerprints, if
/// the server's CA is another; and those of any request.
pub async fn fetch_ca(server: &ServerUrl, expected_sha256: &str) -> Result<String> {
    let expected = parse_fingerprint(expected_sha256)?;
    let mut config = Config::new(server.clone(), Credential::anonymous());
    config.trust = Trust::Insecure;
    let http: Arc<dyn Transport> = Arc::new(Http::new(&config, Arc::new(SystemClock::new()))?);
    let route = Route::from_segments(["v3", "settings", "cacerts"])?;
    let mut request = Request::new("tls.fetch_ca", Method::GET, route.clone());
    request.auth = Auth::Omit;
    request.patience = Patience::AtMost(PATIENCE);
    let mut response = Deadline::new(http, PATIENCE).send(request).await?;
    let (body, more) = response.body.read_some(LARGEST).await?;
    let named = |error: Error| error.with_operation("tls.fetch_ca").with_request(&Method::GET, &route);
    let answer = response.answer(&Method::GET, &route, &body, !more);
    if response.status != 200 {
        return Err(named(judge(&answer, TokenKind::None, None)));
    }
    if let Some(error) = judge_success(&answer, true) {
        return Err(named(error));
    }
    let setting: Setting = serde_json::from_slice(&body).map_err(|error| {
        named(Error::new(ErrorKind::Decode, "the setting cacerts cannot be read", "").with_source(error))
    })?;
    pick(setting.value.as_deref().unwrap_or_default(), &expected).map_err(named)
}

/// What of `pem` the fingerprint vouches for.
fn pick(pem: &str, expected: &[u8; 32]) -> Result<String> {
    if pem.trim().is_empty() {
        return Err(Error::config(
            "the server publishes no CA of its own",
            "its certificate comes from elsewhere: trust the system's authorities, or give the CA as a file",
        ));
    }
    // Rancher ends the text with a line break before it takes the checksum (assumed, from its registration commands)
    if [pem.to_owned(), format!("{}\n", pem.trim_end())]
        .iter()
        .any(|text| fingerprint(text.as_bytes()) == *expected)
    {
        return Ok(pem.to_owned());
    }
    let certs: std::result::Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certs = certs.map_err(|error| {
        Error::new(ErrorKind::Decode, "the CA that the server publishes is no PEM", "").with_source(error)
    })?;
    if let Some(cert) = certs.iter().find(|cert| fingerprint(cert) == *expected) {
        return Ok(to_pem(cert));
    }
    let shown: Vec<String> = certs.iter().map(|cert| hex(&fingerprint(cert))).collect();
    Err(Error::new(
        ErrorKind::Tls,
        format!("the CA of the server is {}, and {} was expected", shown.join(", "), hex(expected)),
        "somebody may sit in between, or the CA was renewed; ask whoever runs the server for its SHA-256",
    )
    .with_causes([Cause::CertificateInvalid]))
}

fn to_pem(cert: &CertificateDer<'_>) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(cert);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use super::super::http::server::{Answer, Authority, Server};
    use super::*;

    async fn publishing(pem: &str) -> (Server, ServerUrl) {
        let body = serde_json::json!({"id": "cacerts", "type": "setting", "value": pem}).to_string();
        let chain = Authority::new("dynamiclistener-ca").issue(&["127.0.0.1"]);
        let server = Server::tls(chain, move |_, _| Answer::json(200, &body)).await;
        let url = ServerUrl::parse(&server.url(), false).unwrap();
        (server, url)
    }

    #[tokio::test]
    async fn the_expected_ca_comes_back_alone() {
        let (ours, other) = (Authority::new("ours"), Authority::new("another"));
        let (server, url) = publishing(&format!("{}{}", ours.pem(), other.pem())).await;
        let print = fingerprint(ours.der());
        let colons: Vec<String> = print.iter().map(|byte| format!("{byte:02X}")).collect();
        let pem = fetch_ca(&url, &colons.join(":")).await.unwrap();
        let got: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes()).map(|cert| cert.unwrap()).collect();
        assert_eq!(got, [ours.der().clone()], "what the fingerprint does not cover must not be trusted");
        assert!(!server.heads()[0].to_lowercase().contains("authorization"));
        // and it is good for a configuration
        super::super::tls::check(&Trust::CaPem(pem)).unwrap();
    }

    #[tokio::test]
    async fn ranchers_own_checksum_covers_the_whole_text() {
        let text = format!("{}{}", Authority::new("a").pem(), Authority::new("b").pem());
        let (_server, url) = publishing(text.trim_end()).await;
        let checksum = hex(&fingerprint(format!("{}\n", text.trim_end()).as_bytes()));
        assert_eq!(fetch_ca(&url, &checksum).await.unwrap(), text.trim_end());
    }

    #[tokio::test]
    async fn another_ca_is_refused_with_both_fingerprints() {
        let theirs = Authority::new("theirs");
        let (_server, url) = publishing(&theirs.pem()).await;
        let error = fetch_ca(&url, &"ab".repeat(32)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.summary().contains(&"ab".repeat(32)), "{error}");
        assert!(error.summary().contains(&hex(&fingerprint(theirs.der()))), "{error}");
        assert_eq!(error.operation(), "tls.fetch_ca");
    }

    #[tokio::test]
    async fn servers_that_publish_none() {
        let (_server, url) = publishing("").await;
        assert_eq!(fetch_ca(&url, &"ab".repeat(32)).await.unwrap_err().kind(), ErrorKind::Config);
        assert_eq!(fetch_ca(&url, "abc").await.unwrap_err().kind(), ErrorKind::Config);

        let page =
            Server::plain(|_, _| Answer::new(200, "text/html", "<!DOCTYPE html><html>login</html>")).await;
        let url = ServerUrl::parse(&page.url(), true).unwrap();
        assert_eq!(fetch_ca(&url, &"ab".repeat(32)).await.unwrap_err().kind(), ErrorKind::NotRancher);
        let gone = Server::plain(|_, _| Answer::new(404, "text/plain", "404 page not found")).await;
        let url = ServerUrl::parse(&gone.url(), true).unwrap();
        assert_eq!(fetch_ca(&url, &"ab".repeat(32)).await.unwrap_err().kind(), ErrorKind::NotFound);
    }
}
