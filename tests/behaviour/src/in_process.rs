//! A simulated Rancher in the same process: no socket, no certificate, no port. Clients of every label of the record.

use futures_util::stream;
use http::header::{CONNECTION, UPGRADE};
use jiff::Timestamp;
use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Socket, Transport};
use rancher_client::wire::{Clock, SystemClock};
use rancher_client::{Client, Config, Credential, Result};
use rancher_simulator::{Follower, Respond, World};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How often the world is asked what it has to say to what goes on.
const LOOKS: Duration = Duration::from_secs(1);

/// A simulated record, and what it was asked.
#[derive(Clone)]
pub(crate) struct Server {
    world: Arc<Mutex<World>>,
    clock: Arc<SystemClock>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// The record as it is.
    pub(crate) fn bare() -> Self {
        Self {
            world: Arc::new(Mutex::new(World::record(3))),
            clock: Arc::new(SystemClock::new()),
            sent: Arc::default(),
        }
    }

    /// The record with a few objects in the namespace `shop-web`.
    pub(crate) fn new() -> Self {
        let server = Self::bare();
        let meta = |name: &str| json!({"name": name, "namespace": "shop-web"});
        let limits = json!({"limits": {"cpu": "100m", "memory": "64Mi"}});
        let containers = json!([{"name": "web", "image": "nginx", "resources": limits}]);
        for (path, object) in [
            ("api/v1/namespaces/shop-web/configmaps", json!({"metadata": meta("app"), "data": {"a": "1"}})),
            (
                "api/v1/namespaces/shop-web/secrets",
                json!({"metadata": meta("app"), "stringData": {"a": "1"}}),
            ),
            (
                "apis/apps/v1/namespaces/shop-web/deployments",
                json!({"metadata": meta("web"), "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "web"}},
                    "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}}}}),
            ),
        ] {
            server.make(&format!("/k8s/clusters/c-prod1/{path}"), &object);
        }
        server
    }

    /// Another server that is as this one is now.
    pub(crate) fn copy(&self) -> Self {
        let world = self.world(|world| world.clone());
        Self { world: Arc::new(Mutex::new(world)), clock: Arc::clone(&self.clock), sent: Arc::default() }
    }

    /// The world itself.
    pub(crate) fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap())
    }

    /// The administrator makes an object.
    fn make(&self, target: &str, object: &Value) {
        let token = self.world(|world| world.labels().tokens["admin-unscoped"].clone());
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
        headers.insert("content-type", "application/json".parse().unwrap());
        let body = serde_json::to_vec(object).unwrap().into();
        let request = rancher_simulator::Request {
            method: http::Method::POST,
            target: target.to_owned(),
            headers,
            body,
        };
        let answer = self.world(|world| world.respond(&request, Timestamp::now()));
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    }

    /// The settings of a client with this label of the record; `anonymous` has no credential.
    ///
    /// # Errors
    /// `config` for `garbage`, which is no token at all.
    pub(crate) fn config(&self, label: &str) -> Result<Config> {
        let token = self.world(|world| world.labels().tokens.get(label).cloned());
        assert!(token.is_some() || label == "anonymous", "the world has no token {label}");
        let credential =
            token.map_or_else(|| Ok(Credential::anonymous()), |token| Credential::parse(&token))?;
        Ok(Config::new("https://rancher.example.com".parse()?, credential))
    }

    /// A connection with these settings.
    pub(crate) fn connection(&self, config: Config) -> Connection {
        let clock = Arc::<SystemClock>::clone(&self.clock);
        Connection::over_transport(config, Arc::new(self.clone()), clock)
    }

    /// A client with this label of the record that means this cluster, and knows nothing of the key's scope yet.
    pub(crate) fn client(&self, label: &str, cluster: &str) -> Client {
        let mut config = self.config(label).unwrap();
        config.cluster = Some(cluster.parse().unwrap());
        Client::over(self.connection(config))
    }

    /// `METHOD path` of what was sent since it was last asked, in order.
    pub(crate) fn sent(&self) -> Vec<String> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }
}

/// Whether one of these requests may have changed the server.
pub(crate) fn wrote(requests: &[String]) -> bool {
    requests.iter().any(|request| !request.starts_with("GET ") && !request.ends_with("reviews"))
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let target = request.route.path_and_query();
        self.sent.lock().unwrap().push(format!("{} {target}", request.method));
        let mut headers = request.headers;
        if request.socket {
            headers.insert(CONNECTION, "Upgrade".parse().unwrap());
            headers.insert(UPGRADE, "websocket".parse().unwrap());
        }
        let body = request.body.unwrap_or_default();
        let asked = rancher_simulator::Request { method: request.method, target, headers, body };
        let sent = self.clock.now();
        let (answer, follower) = self.world(|world| {
            let answer = world.respond(&asked, Timestamp::now());
            (answer, world.follower())
        });
        Box::pin(async move {
            tokio::time::sleep(answer.delay).await;
            let (mut body, mut socket) = (Body::from_bytes(answer.body.clone()), None);
            match follower {
                Some(follower) if follower.is_socket() => socket = Some(self.socket(follower)),
                Some(follower) => {
                    let begin = stream::iter([Ok(answer.body)]);
                    let told = told(self.clone(), follower, Arc::default());
                    body = Body::from_stream(futures_util::StreamExt::chain(begin, told));
                }
                None => {}
            }
            let mut response = Response::new(answer.status, answer.headers, body);
            response.socket = socket;
            Ok(response.with_times(sent, self.clock.now()))
        })
    }
}

impl Server {
    fn socket(&self, follower: Follower) -> Socket {
        let said: Arc<Mutex<Vec<bytes::Bytes>>> = Arc::default();
        let incoming = told(self.clone(), follower, Arc::clone(&said));
        Socket::new(incoming, move |message| {
            said.lock().unwrap().push(message.into());
            Box::pin(async { Ok(()) })
        })
    }
}

/// What a follower is told, until it ends.
fn told(
    server: Server,
    follower: Follower,
    said: Arc<Mutex<Vec<bytes::Bytes>>>,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes>> + Send + 'static {
    let begun = (server, Some(follower), said, Vec::<bytes::Bytes>::new().into_iter());
    stream::unfold(begun, |(server, mut follower, said, mut ready)| async move {
        loop {
            if let Some(message) = ready.next() {
                return Some((Ok(message), (server, follower, said, ready)));
            }
            let mut following = follower.take()?;
            let heard = std::mem::take(&mut *said.lock().unwrap());
            let told = server.world(|world| world.tell(&mut following, &heard, Timestamp::now()));
            if told.messages.is_empty() && !told.ends {
                tokio::time::sleep(LOOKS).await;
            }
            ready = told.messages.into_iter();
            follower = (!told.ends).then_some(following);
        }
    })
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}
