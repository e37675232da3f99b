//! One job with one credential: what was sent, and what it came to.

use jiff::Timestamp;
use rancher_client::scope::{KeyScope, Knowledge};
use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Transport};
use rancher_client::wire::{Clock, SystemClock};
use rancher_client::{Client, Config, Credential, Result};
use rancher_simulator::{Respond, World};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex};

use super::jobs::{Got, Job};

/// What a job came to.
pub(super) struct Observed {
    /// What was got; otherwise the kind of the error.
    pub(super) got: std::result::Result<Got, &'static str>,
    /// `METHOD path` of what was sent, in order, each once.
    pub(super) requests: Vec<String>,
    wrote: bool,
}

impl Observed {
    /// Whether the server may not be as it was before.
    pub(super) fn wrote(&self) -> bool {
        self.wrote
    }
}

/// A simulated record in this process, with a few objects in the namespace `shop-web`.
#[derive(Clone)]
pub(super) struct Server {
    world: Arc<Mutex<World>>,
    clock: Arc<SystemClock>,
    sent: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn new() -> Self {
        let mut world = World::record(3);
        let token = world.labels().tokens["admin-unscoped"].clone();
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
            made(&mut world, &token, &format!("/k8s/clusters/c-prod1/{path}"), &object);
        }
        Self { world: Arc::new(Mutex::new(world)), clock: Arc::new(SystemClock::new()), sent: Arc::default() }
    }

    /// A client with this label of the record, which knows nothing of the key's scope yet.
    pub(super) fn client(&self, label: &str, cluster: &str) -> Client {
        let token = self.world.lock().unwrap().labels().tokens.get(label).cloned();
        let credential = token.map_or_else(Credential::anonymous, |token| Credential::parse(&token).unwrap());
        let mut config = Config::new("https://rancher.example.com".parse().unwrap(), credential);
        config.cluster = Some(cluster.parse().unwrap());
        let clock = Arc::<SystemClock>::clone(&self.clock);
        Client::over(Connection::over_transport(config, Arc::new(self.clone()), clock))
    }

    pub(super) async fn observe(&self, job: &Job, label: &str) -> Observed {
        let client = self.client(label, job.cluster);
        let scoped = [("-local", "local"), ("-prod", "c-prod1"), ("-stage", "c-stag1")];
        let scope = scoped.into_iter().find(|(end, _)| label.ends_with(end) && !label.starts_with("ext"));
        let scope = scope.map_or(KeyScope::Global, |(_, id)| KeyScope::Cluster(id.parse().unwrap()));
        client.connection().learn(Knowledge::Recorded(scope));
        self.sent.lock().unwrap().clear();
        let got = (job.run)(client).await.map_err(|error| error.kind().as_str());
        let mut requests = std::mem::take(&mut *self.sent.lock().unwrap());
        let reviews = |request: &String| request.ends_with("reviews");
        let wrote = requests.iter().any(|request| !request.starts_with("GET ") && !reviews(request));
        requests.dedup();
        Observed { got, requests, wrote }
    }
}

fn made(world: &mut World, token: &str, target: &str, object: &Value) {
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    headers.insert("content-type", "application/json".parse().unwrap());
    let body = serde_json::to_vec(object).unwrap().into();
    let request =
        rancher_simulator::Request { method: http::Method::POST, target: target.to_owned(), headers, body };
    let answer = world.respond(&request, Timestamp::now());
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
}

impl Transport for Server {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let target = request.route.path_and_query();
        self.sent.lock().unwrap().push(format!("{} {target}", request.method));
        let asked = rancher_simulator::Request {
            method: request.method,
            target,
            headers: request.headers,
            body: request.body.unwrap_or_default(),
        };
        let sent = self.clock.now();
        let answer = self.world.lock().unwrap().respond(&asked, Timestamp::now());
        Box::pin(async move {
            tokio::time::sleep(answer.delay).await;
            let response = Response::new(answer.status, answer.headers, Body::from_bytes(answer.body));
            Ok(response.with_times(sent, self.clock.now()))
        })
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Server")
    }
}
