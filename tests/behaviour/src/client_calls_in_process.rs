//! A client over a simulated Rancher in the same process: no socket, no certificate, no port.

use http::Method;
use jiff::Timestamp;
use rancher_client::transport::{Body, BoxFuture, Connection, Request, Response, Transport};
use rancher_client::v3::Query;
use rancher_client::wire::{Clock, Object, SystemClock};
use rancher_client::{Client, ClusterId, Config, Credential, ErrorKind, Result};
use rancher_simulator::{Agent, Respond, World};
use serde_json::json;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::lab::{PROD, route};

/// Hands requests to a world instead of a socket.
#[derive(Clone)]
struct InProcess {
    world: Arc<Mutex<World>>,
    clock: Arc<SystemClock>,
}

impl InProcess {
    fn new() -> Self {
        Self { world: Arc::new(Mutex::new(World::record(3))), clock: Arc::new(SystemClock::new()) }
    }

    /// The way to it as a label of the record.
    fn connection(&self, label: &str) -> Connection {
        let server = "https://rancher.example.com".parse().unwrap();
        let token = self.world.lock().unwrap().labels().tokens[label].clone();
        let mut config = Config::new(server, Credential::parse(&token).unwrap());
        config.cluster = Some(ClusterId::new(PROD).unwrap());
        Connection::over_transport(config, Arc::new(self.clone()), Arc::<SystemClock>::clone(&self.clock))
    }
}

impl Transport for InProcess {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        let asked = rancher_simulator::Request {
            method: request.method,
            target: request.route.path_and_query(),
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

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InProcess")
    }
}

#[tokio::test]
async fn the_same_calls_without_a_socket() {
    let server = InProcess::new();
    let projects = Client::over(server.connection("admin-unscoped")).v3().collection("projects").unwrap();
    let billing = Object::try_from(json!({"name": "billing", "clusterId": PROD})).unwrap();
    let made = projects.create(&billing).await.unwrap();
    assert_eq!(projects.get(made.id().unwrap()).await.unwrap().name(), Some("billing"));

    let scoped = Client::over(server.connection("admin-prod"));
    assert_eq!(scoped.config().cluster.as_ref().map(ClusterId::as_str), Some(PROD));
    let error = scoped.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfScope);
    assert_eq!(error.scoped_to().map(ClusterId::as_str), Some(PROD));
    let cluster = scoped.cluster(PROD).unwrap();
    assert_eq!(cluster.whoami().await.unwrap().user, "user-mh6n5");
}

/// Waits are tokio's and the delays of the world are slept, so a test can let half a minute pass in no time.
#[tokio::test(start_paused = true)]
async fn time_can_stand_still() {
    for (minutes, least, most) in [(1, 3, 4), (0, 25, 36)] {
        let server = InProcess::new();
        let since = Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        server.world.lock().unwrap().set_agent(PROD, Agent::Gone { since }).unwrap();
        let start = tokio::time::Instant::now();
        let request = Request::new("test", Method::GET, route("/k8s/clusters/c-prod1/api/v1/pods"));
        let error = server.connection("admin-unscoped").json(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClusterUnavailable, "{error:?}");
        // an agent that has just gone is still called connected by Rancher, so its cluster must be waited for
        let took = start.elapsed().as_secs();
        assert!((least..=most).contains(&took), "gone for {minutes} min: {took} s");
    }
}
