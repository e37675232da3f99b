//! HTTP by reqwest: one origin, no redirects and no retries of its own.

mod error;
#[cfg(test)]
pub(super) mod server;
#[cfg(feature = "watch")]
mod upgrade;

use futures_util::StreamExt as _;
use http::HeaderValue;
use http::header::{ACCEPT, CONNECTION, CONTENT_LENGTH, HOST, TRANSFER_ENCODING, UPGRADE, USER_AGENT};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

use super::tls::{self, Roots, Seen, TlsReport};
use super::trace::Label;
use super::{Body, BoxFuture, Request, Response, Transport};
use crate::config::{Config, Proxy, Trust};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Clock, ServerUrl};
use error::{Circumstances, Phase};

/// How long an unused connection is kept. Ingresses close theirs after 60 s or more; to be first avoids writing a
/// request into a connection that is being closed.
const KEPT: Duration = Duration::from_secs(55);

/// How much of all answers of a connection may be under way, in bytes: more than a connection has streams times what each
/// may have unread, so that none waits for another.
const WHOLE_CONNECTION: u32 = 1 << 30;

/// After how long a silent connection is asked whether it is alive.
const ALIVE: Duration = Duration::from_secs(20);

/// The bottom of the stack: sends a request to the configured server and nowhere else.
///
/// The configuration's proxy is used for everything. Without one, proxies come from the environment as with curl (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, read at the
/// first request) and, with the feature `system-proxy`, from the settings of macOS and Windows. A server on the
/// machine itself is called directly, as Go's programs do: a proxy's loopback is not ours.
pub(crate) struct Http {
    server: ServerUrl,
    trust: Trust,
    proxy: Option<Proxy>,
    connect: Duration,
    user_agent: HeaderValue,
    clock: Arc<dyn Clock>,
    seen: Seen,
    client: OnceCell<reqwest::Client>,
    /// The same for WebSockets: HTTP/2 has no upgrade.
    #[cfg(feature = "watch")]
    sockets: OnceCell<reqwest::Client>,
}

impl Http {
    /// Checks the settings. It does no I/O and needs no runtime: files of trusted authorities are read, and
    /// connections made, by the first request.
    ///
    /// # Errors
    /// `config`, if the name of the application cannot stand in a user agent or contains "Mozilla", or if the CA in
    /// the configuration is none.
    pub(crate) fn new(config: &Config, clock: Arc<dyn Clock>) -> Result<Self> {
        tls::check(&config.trust)?;
        Ok(Self {
            server: config.server.clone(),
            trust: config.trust.clone(),
            proxy: config.proxy.clone(),
            connect: config.timeouts.connect,
            user_agent: user_agent(config.application.as_deref())?,
            clock,
            seen: Seen::default(),
            client: OnceCell::new(),
            #[cfg(feature = "watch")]
            sockets: OnceCell::new(),
        })
    }

    /// What the last handshake with the server showed; nothing before the first one and without TLS.
    pub(crate) fn tls_report(&self) -> Option<TlsReport> {
        self.seen.last()
    }

    async fn client(&self) -> Result<&reqwest::Client> {
        // what fails is not kept: a CA file can be mended while the program runs
        self.client.get_or_try_init(|| async { self.build(false) }).await
    }

    /// The client for a request, and what the answer must say if it asks for a WebSocket.
    #[cfg(feature = "watch")]
    async fn client_for(
        &self,
        socket: bool,
        headers: &mut http::HeaderMap,
    ) -> Result<(&reqwest::Client, Option<String>)> {
        let asked = headers.contains_key(http::header::UPGRADE);
        if !socket && !asked {
            return Ok((self.client().await?, None));
        }
        let client = self.sockets.get_or_try_init(|| async { self.build(true) }).await?;
        Ok((client, (!asked).then(|| upgrade::ask(headers))))
    }

    #[cfg(not(feature = "watch"))]
    async fn client_for(
        &self,
        socket: bool,
        _: &mut http::HeaderMap,
    ) -> Result<(&reqwest::Client, Option<String>)> {
        if socket {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "this build of rancher-client opens no WebSockets",
                "build it with the feature watch",
            )
            .with_nothing_sent());
        }
        Ok((self.client().await?, None))
    }

    fn build(&self, socket: bool) -> Result<reqwest::Client> {
        let provider = tls::provider();
        // without TLS, and without a proxy that could use it, no authority is needed
        let roots = match self.server.is_https() || self.proxy.is_some() || !self.is_loopback() {
            true => Roots::load(&self.trust, &provider)?,
            false => Roots::default(),
        };
        let seen = self.seen.clone();
        let mut tls = tls::client_config(self.trust.clone(), self.server.host(), roots, provider, seen)?;
        if socket {
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        }
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect)
            .pool_idle_timeout(KEPT)
            .tcp_keepalive(ALIVE)
            // a page that nobody reads yet would use up what the connection has for all its answers
            .http2_initial_connection_window_size(WHOLE_CONNECTION)
            .http2_keep_alive_interval(ALIVE)
            .http2_keep_alive_timeout(ALIVE);
        if socket {
            builder = builder.http1_only();
        }
        let failed = |error: reqwest::Error| {
            Error::new(
                ErrorKind::Config,
                "the HTTP client cannot be set up",
                "check the proxy in the configuration, and those in the environment",
            )
            .with_source(error.without_url())
        };
        match &self.proxy {
            Some(proxy) => builder = builder.proxy(reqwest::Proxy::all(proxy.url().clone()).map_err(failed)?),
            None if self.is_loopback() => builder = builder.no_proxy(),
            None => {}
        }
        builder.build().map_err(failed)
    }

    fn is_loopback(&self) -> bool {
        let host = self.server.host();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    async fn exchange(&self, request: Request) -> Result<Response> {
        let Request { method, route, mut headers, body, socket, raw, .. } = request;
        for name in [HOST, CONTENT_LENGTH, TRANSFER_ENCODING, CONNECTION, UPGRADE] {
            let of_an_upgrade = raw && (name == CONNECTION || name == UPGRADE);
            if headers.contains_key(&name) && !of_an_upgrade {
                let what = format!("a request may not bring its own {name} header");
                return Err(Error::new(ErrorKind::Invalid, what, "leave it out").with_nothing_sent());
            }
        }
        let (client, expected) = self.client_for(socket, &mut headers).await?;
        headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
        headers.insert(USER_AGENT, self.user_agent.clone());
        let mut out = reqwest::Request::new(method, self.server.join(&route.path_and_query()));
        *out.headers_mut() = headers;
        *out.body_mut() = body.map(reqwest::Body::from);
        let sent = self.clock.now();
        let mut answer = client.execute(out).await.map_err(|error| self.explain(Phase::Head, error))?;
        let received = self.clock.now();
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        #[cfg(feature = "watch")]
        if let (http::StatusCode::SWITCHING_PROTOCOLS, Some(expected)) = (status, &expected) {
            let socket = upgrade::take(answer, &headers, expected).await?;
            let response = Response::new(status, headers, Body::from_bytes(bytes::Bytes::new()));
            return Ok(Response { socket: Some(socket), ..response.with_times(sent, received) });
        }
        #[cfg(not(feature = "watch"))]
        drop(expected);
        #[cfg(feature = "kube")]
        let upgraded = answer.extensions_mut().remove::<hyper::upgrade::OnUpgrade>();
        let (server, connect) = (self.server.clone(), self.connect);
        let pieces = answer.bytes_stream().map(move |piece| {
            piece.map_err(|error| {
                Circumstances { server: &server, connect, phase: Phase::Body }.explain(error)
            })
        });
        let response = Response::new(status, headers, Body::from_stream(pieces)).with_times(sent, received);
        #[cfg(feature = "kube")]
        let response = Response { upgraded: upgraded.filter(|_| raw), ..response };
        Ok(response)
    }

    fn explain(&self, phase: Phase, error: reqwest::Error) -> Error {
        Circumstances { server: &self.server, connect: self.connect, phase }.explain(error)
    }
}

impl Transport for Http {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let label = Label::of(&request);
            match self.exchange(request).await {
                Ok(response) => {
                    let socket = response.socket.map(|socket| label.clone().on_socket(socket));
                    Ok(Response { body: label.on_body(response.body), socket, ..response })
                }
                Err(error) => Err(label.on(error)),
            }
        })
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("server", &self.server)
            .field("trust", &self.trust)
            .finish_non_exhaustive()
    }
}

/// `rancher-client/0.1.0`, and the application's name behind it.
fn user_agent(application: Option<&str>) -> Result<HeaderValue> {
    let own = concat!("rancher-client/", env!("CARGO_PKG_VERSION"));
    let text = match application.map(str::trim).filter(|name| !name.is_empty()) {
        None => own.to_owned(),
        Some(name) if name.to_ascii_lowercase().contains("mozilla") => {
            return Err(Error::config(
                "the name of the application contains \"Mozilla\"",
                "give another: Rancher takes who calls himself that for a browser, and answers with pages and CSRF checks",
            ));
        }
        Some(name) => format!("{own} ({name})"),
    };
    HeaderValue::try_from(text).map_err(|error| {
        let advice = "use letters, digits and punctuation only, as in shop-deployer/1.2";
        Error::config("the name of the application cannot stand in a user agent", advice).with_source(error)
    })
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod proxy_tests;

#[cfg(feature = "watch")]
#[cfg(test)]
mod upgrade_tests;
