//! Clients: reqwest for what any client does, and raw streams for what it hides.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use rancher_simulator::{Request, Response, Running, Server, ServerOptions, Tls};
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Long enough for a busy machine, short enough to end a broken test.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Time in which nothing may happen.
pub(crate) const A_WHILE: Duration = Duration::from_millis(150);

pub(crate) fn text(status: u16, body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert("x-api-cattle-auth", HeaderValue::from_static("true"));
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers,
        body: body.into(),
        delay: Duration::ZERO,
    }
}

/// Answers with the method and the target, so that a test sees what arrived.
pub(crate) fn echo(request: &Request, _now: Timestamp) -> Response {
    text(200, format!("{} {}", request.method, request.target))
}

pub(crate) fn plain() -> ServerOptions {
    ServerOptions { tls: Tls::Off, ..ServerOptions::default() }
}

/// An echo server without TLS, with these faults.
pub(crate) fn faulty(rules: &[&str]) -> Running {
    let faults = rules.iter().map(|rule| rule.parse().unwrap()).collect();
    Server::start(ServerOptions { faults, ..plain() }, echo).unwrap()
}

pub(crate) fn trusting(ca_pem: Option<&str>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = ca_pem {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A reqwest client that trusts this server, offers HTTP/2, and does nothing by itself.
pub(crate) fn reqwest(running: &Running) -> reqwest::Client {
    let mut config = trusting(running.ca_pem());
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // compression is looked at on the wire, whatever features other crates switch on
    reqwest::Client::builder()
        .no_gzip()
        .tls_backend_preconfigured(config)
        .no_proxy()
        // built together with the core, reqwest has gzip on and hides the length of what it unpacks
        .no_gzip()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .timeout(SOON)
        .build()
        .unwrap()
}

/// The innermost I/O error of an error.
pub(crate) fn io_kind(error: &(dyn std::error::Error + 'static)) -> Option<io::ErrorKind> {
    let mut kind = None;
    let mut next = Some(error);
    while let Some(error) = next {
        kind = error.downcast_ref::<io::Error>().map(io::Error::kind).or(kind);
        next = error.source();
    }
    kind
}

pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection that speaks HTTP/1.1 by hand.
pub(crate) struct Raw(Box<dyn Stream>);

/// A head and what was read of the body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn length(&self) -> usize {
        self.headers["content-length"].parse().unwrap()
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Raw {
    pub(crate) async fn connect(running: &Running) -> Self {
        let tcp = TcpStream::connect(running.addr()).await.unwrap();
        match running.ca_pem() {
            None => Self(Box::new(tcp)),
            Some(_) => Self(Box::new(handshake(running, tcp).await.unwrap())),
        }
    }

    pub(crate) async fn send(&mut self, line: &str, headers: &[&str]) {
        let mut head = format!("{line} HTTP/1.1\r\nhost: rancher.example.com\r\n");
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.write(head.as_bytes()).await;
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
        self.0.flush().await.unwrap();
    }

    /// Reads one head, and no byte more.
    pub(crate) async fn head(&mut self) -> Answer {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(soon(self.0.read_u8()).await.unwrap());
        }
        let text = String::from_utf8(bytes).unwrap();
        let mut lines = text.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Answer { status, headers, body: Vec::new() }
    }

    /// Reads one answer of the length that it claims.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        answer.body = vec![0; answer.length()];
        soon(self.0.read_exact(&mut answer.body)).await.unwrap();
        answer
    }

    pub(crate) async fn get(&mut self, target: &str) -> Answer {
        self.send(&format!("GET {target}"), &[]).await;
        self.answer().await
    }

    pub(crate) async fn read_exact(&mut self, bytes: &mut [u8]) {
        soon(self.0.read_exact(bytes)).await.unwrap();
    }

    /// Reads to the end of the connection: the bytes, and the error if it did not end cleanly.
    pub(crate) async fn rest(&mut self) -> (Vec<u8>, Option<io::ErrorKind>) {
        let mut bytes = Vec::new();
        let end = soon(self.0.read_to_end(&mut bytes)).await.err().map(|error| error.kind());
        (bytes, end)
    }

    /// Whether nothing comes for a while, not even the end.
    pub(crate) async fn is_silent(&mut self) -> bool {
        tokio::time::timeout(A_WHILE, self.0.read_u8()).await.is_err()
    }
}

pub(crate) async fn handshake(
    running: &Running,
    tcp: TcpStream,
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let connector = TlsConnector::from(Arc::new(trusting(running.ca_pem())));
    connector.connect(ServerName::from(running.addr().ip()), tcp).await
}

pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future).await.expect("this takes too long")
}
