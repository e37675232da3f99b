//! A server in the same process, and a clock that does not wait.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use rancher_client::config::Probes;
use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Transport};
use rancher_client::wire::{Clock, SystemClock};
use rancher_client::{Client, Config, Credential, Result};
use std::cell::LazyCell;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::runtime::Runtime;

/// A token that nobody minted.
pub(crate) const TOKEN: &str = "token-abcde:fuzz";

/// Answers the n-th request with the n-th answer, and then from the first again.
#[derive(Clone)]
pub(crate) struct Server {
    answers: Arc<Mutex<Vec<(u16, Bytes)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

thread_local! {
    // one for all inputs: a client costs more than what most of them do with it
    static SERVER: LazyCell<(Server, Client)> = LazyCell::new(|| {
        let server = Server { answers: Arc::default(), asked: Arc::default() };
        let client = server.connect();
        (server, client)
    });
}

static CLOCK: LazyLock<Arc<SystemClock>> = LazyLock::new(|| Arc::new(SystemClock::new()));

impl Server {
    /// This thread's server, which answers this from now on and was asked nothing.
    pub(crate) fn new(answers: Vec<(u16, Bytes)>) -> Self {
        SERVER.with(|shared| {
            let server = shared.0.clone();
            *server.answers.lock().unwrap() = answers;
            server.asked.lock().unwrap().clear();
            server
        })
    }

    /// This thread's client of it.
    pub(crate) fn client(&self) -> Client {
        SERVER.with(|shared| shared.1.clone())
    }

    fn connect(&self) -> Client {
        let server = "https://rancher.example.com".parse().unwrap();
        let mut config = Config::new(server, Credential::parse(TOKEN).unwrap());
        config.probes = Probes::Off;
        let clock = Arc::<SystemClock>::clone(&CLOCK);
        Client::over(Connection::over_transport(config, Arc::new(self.clone()), clock))
    }

    /// `METHOD path?query` of every request so far.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let mut asked = self.asked.lock().unwrap();
        let answers = self.answers.lock().unwrap();
        let at = asked.len() % answers.len().max(1);
        asked.push(format!("{} {}", request.method, request.route.path_and_query()));
        let (status, body) = answers.get(at).cloned().unwrap_or((200, Bytes::new()));
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/json"));
        headers.insert("x-api-cattle-auth", HeaderValue::from_static("true"));
        let response = Response::new(StatusCode::from_u16(status).unwrap(), headers, Body::from_bytes(body));
        let now = CLOCK.now();
        Box::pin(async move { Ok(response.with_times(now, now)) })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}

thread_local! {
    static RUNTIME: LazyCell<Runtime> = LazyCell::new(|| {
        // waits between attempts take no time
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    });
}

/// Runs to its end, on this thread.
pub(crate) fn wait_for<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with(|runtime| runtime.block_on(future))
}
