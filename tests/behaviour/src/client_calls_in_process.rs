//! A client over a simulated Rancher in the same process: no socket, no certificate, no port.

use http::Method;
use jiff::Timestamp;
use rancher_client::transport::Request;
use rancher_client::v3::Query;
use rancher_client::wire::Object;
use rancher_client::{ClusterId, ErrorKind};
use rancher_simulator::Agent;
use serde_json::json;

use crate::in_process::Server;
use crate::lab::{PROD, route};

#[tokio::test]
async fn the_same_calls_without_a_socket() {
    let server = Server::bare();
    let projects = server.client("admin-unscoped", PROD).v3().collection("projects").unwrap();
    let billing = Object::try_from(json!({"name": "billing", "clusterId": PROD})).unwrap();
    let made = projects.create(&billing).await.unwrap();
    assert_eq!(projects.get(made.id().unwrap()).await.unwrap().name(), Some("billing"));

    let scoped = server.client("admin-prod", PROD);
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
        let server = Server::bare();
        let since = Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        server.world(|world| world.set_agent(PROD, Agent::Gone { since })).unwrap();
        let start = tokio::time::Instant::now();
        let request = Request::new("test", Method::GET, route("/k8s/clusters/c-prod1/api/v1/pods"));
        let error = server.client("admin-unscoped", PROD).connection().json(request).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ClusterUnavailable, "{error:?}");
        // an agent that has just gone is still called connected by Rancher, so its cluster must be waited for
        let took = start.elapsed().as_secs();
        assert!((least..=most).contains(&took), "gone for {minutes} min: {took} s");
    }
}
