//! The shell around a simulated server: HTTP and HTTPS on a loopback address, with faults and a journal.

mod answer;
mod body;
mod connection;
mod control;
mod options;
mod service;
mod streams;
mod wire;

pub use options::{Prefix, PrefixError, ServerOptions, StartError};
pub use streams::{Cut, Streams};

use crate::fault::Faults;
use crate::journal::Journal;
use crate::message::Respond;
use crate::tls::{self, Tls};
use jiff::Timestamp;
use rustls_pki_types::CertificateDer;
use service::Shared;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How many connections may wait for acceptance: a test may open a thousand at once.
const BACKLOG: u32 = 1024;

/// How long to wait when the system has no more file descriptors for connections.
const OUT_OF_FILES: Duration = Duration::from_millis(50);

/// Starts servers.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server that answers with `respond`. It runs until the [`Running`] is stopped or dropped.
    ///
    /// # Errors
    /// When there is no tokio runtime, the address is not a loopback one or not to be had, or an option makes
    /// no sense.
    pub fn start(options: ServerOptions, respond: impl Respond) -> Result<Running, StartError> {
        Self::start_shared(options, Arc::new(Mutex::new(respond)))
    }

    /// As [`Server::start`], with something that others reach too. Each request locks it.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_shared<R: Respond>(
        options: ServerOptions,
        respond: Arc<Mutex<R>>,
    ) -> Result<Running, StartError> {
        let runtime = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        if !options.listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(options.listen));
        }
        if !(options.delay_scale.is_finite() && options.delay_scale >= 0.0) {
            return Err(StartError::DelayScale(options.delay_scale));
        }
        let identity = match &options.tls {
            Tls::Off => None,
            Tls::On(certificate) => Some(tls::identity(certificate, options.http2, Timestamp::now())?),
        };
        let listener = listen(options.listen)
            .map_err(|source| StartError::Listen { address: options.listen, source })?;
        let addr =
            listener.local_addr().map_err(|source| StartError::Listen { address: options.listen, source })?;

        let scheme = if identity.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{addr}{}", options.prefix);
        let (faults, journal) = (Faults::default(), Journal::default());
        faults.set(options.faults.clone());
        let acceptor = identity.as_ref().map(|identity| TlsAcceptor::from(Arc::clone(&identity.config)));
        let streams = Streams::default();
        let shared = Arc::new(Shared {
            respond,
            options,
            faults: faults.clone(),
            journal: journal.clone(),
            streams: streams.clone(),
        });
        let (stop, stopped) = oneshot::channel();
        let task = runtime.spawn(accept(listener, acceptor, shared, stopped));
        let (ca_pem, certificate) = identity.map(|it| (it.ca_pem, it.certificate)).unzip();
        Ok(Running { url, addr, ca_pem, certificate, faults, journal, streams, stop: Some(stop), task })
    }
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // without it a test could not start a server again where one has just stopped
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept<R: Respond>(
    listener: TcpListener,
    acceptor: Option<TlsAcceptor>,
    shared: Arc<Shared<R>>,
    mut stopped: oneshot::Receiver<()>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let open = shared.journal.connected();
                    connections.spawn(connection::run(stream, acceptor.clone(), Arc::clone(&shared), open));
                }
                Err(_) => tokio::time::sleep(OUT_OF_FILES).await,
            },
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// A running server. Dropping it stops it.
#[derive(Debug)]
pub struct Running {
    url: String,
    addr: SocketAddr,
    ca_pem: Option<String>,
    certificate: Option<CertificateDer<'static>>,
    faults: Faults,
    journal: Journal,
    streams: Streams,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Running {
    /// Where it is, the prefix included, without a slash at the end: `https://127.0.0.1:40123`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The certificate of its authority in PEM form; `None` without TLS.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Its own certificate; `None` without TLS.
    pub fn certificate(&self) -> Option<&CertificateDer<'static>> {
        self.certificate.as_ref()
    }

    /// What goes wrong; can be changed at any time.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What reached it.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The answers that go on.
    pub fn streams(&self) -> &Streams {
        &self.streams
    }

    /// Stops it and waits until the port and all connections are closed.
    pub async fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            // a receiver that is gone means that the task has ended, which is what is wanted
            let _ = stop.send(());
        }
        let _ = (&mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // the task owns the listener and the connections, and they go with it
        self.task.abort();
    }
}
