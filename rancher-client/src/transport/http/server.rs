//! A server for tests that misbehaves on purpose, and certificates good and bad.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::super::tls::provider;

/// One thing that the server does.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Waits.
    Wait(Duration),
    /// Closes the connection in the orderly way.
    Close,
    /// Breaks it off.
    Reset,
    /// Does nothing until the client goes away.
    Hang,
}

/// What it does about one request.
#[derive(Debug, Clone)]
pub(crate) struct Answer(pub(crate) Vec<Step>);

impl Answer {
    /// A whole answer.
    pub(crate) fn new(status: u16, content_type: &str, body: &str) -> Self {
        Self::with(status, &format!("Content-Type: {content_type}\r\n"), body.as_bytes(), body.len())
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new(status, "application/json", body)
    }

    /// More headers, and a length that may be a lie.
    pub(crate) fn with(status: u16, headers: &str, body: &[u8], length: usize) -> Self {
        let head = format!("HTTP/1.1 {status} Status\r\n{headers}Content-Length: {length}\r\n\r\n");
        Self(vec![Step::Send([head.as_bytes(), body].concat())])
    }

    pub(crate) fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }
}

/// Bytes as gzip.
#[cfg(feature = "gzip")]
pub(crate) fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

type Script = dyn Fn(usize, &str) -> Answer + Send + Sync;

/// A server on this machine. It ends with the test's runtime.
pub(crate) struct Server {
    scheme: &'static str,
    port: u16,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
    left: Arc<AtomicUsize>,
}

impl Server {
    /// Without TLS; the script gets the number of the request and its head.
    pub(crate) async fn plain(script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static) -> Self {
        Self::start(None, Arc::new(script)).await
    }

    /// With TLS and this chain.
    pub(crate) async fn tls(
        chain: Chain,
        script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        Self::start(Some(TlsAcceptor::from(chain.server_config())), Arc::new(script)).await
    }

    /// Does these steps as soon as somebody connects, whatever was said.
    pub(crate) async fn raw(scheme: &'static str, steps: Vec<Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self::of(scheme, &listener);
        let left = Arc::clone(&server.left);
        let connections = Arc::clone(&server.connections);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (steps, left) = (steps.clone(), Arc::clone(&left));
                tokio::spawn(async move {
                    // the client speaks first
                    let _ = stream.read(&mut [0; 4096]).await;
                    perform(&mut stream, steps, &left).await
                });
            }
        });
        server
    }

    fn of(scheme: &'static str, listener: &TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        Self { scheme, port, heads: Arc::default(), connections: Arc::default(), left: Arc::default() }
    }

    async fn start(tls: Option<TlsAcceptor>, script: Arc<Script>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self::of(if tls.is_some() { "https" } else { "http" }, &listener);
        let (heads, connections, left) =
            (Arc::clone(&server.heads), Arc::clone(&server.connections), Arc::clone(&server.left));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let (tls, script, heads, left) =
                    (tls.clone(), Arc::clone(&script), Arc::clone(&heads), Arc::clone(&left));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, script, heads, left).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, script, heads, left).await;
                            }
                        }
                    }
                });
            }
        });
        server
    }

    /// Its address, by number.
    pub(crate) fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", self.scheme, self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The heads of the requests so far.
    pub(crate) fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// How many connections were made so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Waits until so many clients went away while the server was hanging.
    pub(crate) async fn left(&self, count: usize) {
        tokio::time::timeout(Duration::from_secs(5), async {
            while self.left.load(Ordering::SeqCst) < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await
        .expect("the connection stayed open");
    }
}

trait Breakable: AsyncRead + AsyncWrite + Unpin + Send {
    fn tcp(&self) -> &TcpStream;
}

impl Breakable for TcpStream {
    fn tcp(&self) -> &TcpStream {
        self
    }
}

impl Breakable for tokio_rustls::server::TlsStream<TcpStream> {
    fn tcp(&self) -> &TcpStream {
        self.get_ref().0
    }
}

async fn serve(
    mut stream: impl Breakable,
    script: Arc<Script>,
    heads: Arc<Mutex<Vec<String>>>,
    left: Arc<AtomicUsize>,
) {
    while let Some(head) = read_request(&mut stream).await {
        let number = {
            let mut heads = heads.lock().unwrap();
            heads.push(head.clone());
            heads.len() - 1
        };
        if !perform(&mut stream, script(number, &head).0, &left).await {
            return;
        }
    }
}

/// Reads one request and gives its head; nothing when the client went away.
async fn read_request(stream: &mut impl Breakable) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        match stream.read(&mut piece).await {
            Ok(count) if count > 0 => bytes.extend_from_slice(&piece[..count]),
            _ => return None,
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut missing = (end + 4 + length.unwrap_or(0)).saturating_sub(bytes.len());
    while missing > 0 {
        missing -= stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
    }
    Some(head)
}

/// Says whether the connection goes on.
async fn perform(stream: &mut impl Breakable, steps: Vec<Step>, left: &AtomicUsize) -> bool {
    for step in steps {
        match step {
            Step::Send(bytes) => {
                if stream.write_all(&bytes).await.is_err() || stream.flush().await.is_err() {
                    left.fetch_add(1, Ordering::SeqCst);
                    return false;
                }
            }
            Step::Wait(span) => tokio::time::sleep(span).await,
            Step::Close => {
                let _ = stream.shutdown().await;
                return false;
            }
            Step::Reset => {
                stream.tcp().set_zero_linger().unwrap();
                return false;
            }
            Step::Hang => {
                while matches!(stream.read(&mut [0; 512]).await, Ok(count) if count > 0) {}
                left.fetch_add(1, Ordering::SeqCst);
                return false;
            }
        }
    }
    true
}

/// Certificates of a server, its own first, and the key.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) certs: Vec<CertificateDer<'static>>,
    key: Vec<u8>,
}

impl Chain {
    /// The configuration of a server that shows this chain.
    pub(crate) fn server_config(self) -> Arc<ServerConfig> {
        let key = PrivateKeyDer::try_from(self.key).unwrap();
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(self.certs, key)
            .unwrap();
        Arc::new(config)
    }

    /// The same chain with one more certificate behind it.
    pub(crate) fn showing(mut self, cert: &CertificateDer<'static>) -> Self {
        self.certs.push(cert.clone());
        self
    }
}

/// A certificate authority made for one test.
pub(crate) struct Authority {
    cert: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A root.
    pub(crate) fn new(name: &str) -> Self {
        let (params, key) = (ca_params(name), KeyPair::generate().unwrap());
        let cert = params.self_signed(&key).unwrap();
        Self { cert, issuer: Issuer::new(params, key) }
    }

    /// An authority under this one.
    pub(crate) fn intermediate(&self, name: &str) -> Self {
        let (params, key) = (ca_params(name), KeyPair::generate().unwrap());
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Self { cert, issuer: Issuer::new(params, key) }
    }

    pub(crate) fn pem(&self) -> String {
        self.cert.pem()
    }

    pub(crate) fn der(&self) -> &CertificateDer<'static> {
        self.cert.der()
    }

    /// A server's certificate for these names.
    pub(crate) fn issue(&self, names: &[&str]) -> Chain {
        self.issue_for(names, 2020, 2060)
    }

    /// The same, valid from the beginning of one year to the beginning of another.
    pub(crate) fn issue_for(&self, names: &[&str], from: i32, to: i32) -> Chain {
        let (params, key) = (server_params(names, from, to), KeyPair::generate().unwrap());
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        Chain { certs: vec![cert.der().clone()], key: key.serialize_der() }
    }
}

fn ca_params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

fn server_params(names: &[&str], from: i32, to: i32) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "rancher");
    params.not_before = rcgen::date_time_ymd(from, 1, 1);
    params.not_after = rcgen::date_time_ymd(to, 1, 1);
    params
}

/// A certificate that nobody but itself signed, as an authority or not.
pub(crate) fn self_signed(names: &[&str], authority: bool) -> (Chain, String) {
    let mut params = server_params(names, 2020, 2060);
    if authority {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&key).unwrap();
    (Chain { certs: vec![cert.der().clone()], key: key.serialize_der() }, cert.pem())
}
