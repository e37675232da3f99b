//! Waiting, while the server is slow, out of order, or forgets the key.

use futures_util::StreamExt as _;
use rancher_client::error::ErrorKind;
use rancher_client::proxy::Resource;
use rancher_client::types::Field;
use rancher_client::v3::Query;
use rancher_client::wait::{Progress, Until, WaitOptions};
use rancher_client::wire::Object;
use rancher_simulator::Agent;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::lab::{Lab, PROD};

fn soon() -> WaitOptions {
    WaitOptions {
        deadline: Duration::from_secs(20),
        stable_for: Some(Duration::from_millis(300)),
        poll: Duration::from_millis(100),
        ..Default::default()
    }
}

#[tokio::test]
async fn a_cluster_is_waited_for_through_every_api() {
    let lab = Lab::start();
    let id = lab.simulator.world(|world| world.add_cluster("late", Agent::Never));
    let client = lab.client("admin-unscoped");
    let clusters = client.v3().collection("clusters").unwrap();
    let steve = client.steve().resource("management.cattle.io.clusters").unwrap();
    let mut progress = clusters.wait(&id, Until::state("active"), soon()).progress();
    let Some(Ok(Progress::Unmet(unmet))) = progress.next().await else { panic!("it is not active yet") };
    assert!(unmet.state.is_some_and(|state| state != "active"));
    let connect = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        lab.simulator.world(|world| world.set_agent(&id, Agent::Connected).unwrap());
    };
    let last = async {
        let mut last = None;
        while let Some(event) = progress.next().await {
            last = Some(event.unwrap());
        }
        last
    };
    let start = Instant::now();
    let by_steve = steve.wait(&id, Until::state("active").and(Until::settled()), soon());
    let by_condition = clusters.wait(PROD, Until::condition("Connected"), soon());
    let (last, by_steve, by_condition, ()) = tokio::join!(last, by_steve, by_condition, connect);
    assert!(matches!(last, Some(Progress::Met(cluster)) if cluster.text("state") == Some("active")));
    by_steve.unwrap();
    by_condition.unwrap();
    assert!(start.elapsed() > Duration::from_millis(500));
}

#[tokio::test]
async fn a_wait_ends_with_the_last_state() {
    let lab = Lab::start();
    let clusters = lab.client("admin-unscoped").v3().collection("clusters").unwrap();
    let options = WaitOptions { deadline: Duration::from_secs(1), ..soon() };
    let error = clusters.wait("c-stag1", Until::state("active"), options).await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Timeout, true));
    assert!(
        error.summary().contains("clusters c-stag1 is not as it shall be: state is pending, not active"),
        "{error}"
    );
}

#[tokio::test]
async fn what_passes_does_not_end_a_wait_and_what_does_not_does() {
    let lab = Lab::start();
    let mut config = lab.config("admin-unscoped");
    config.retry.attempts = 1;
    let client = rancher_client::Client::new(config).unwrap();
    let clusters = client.v3().collection("clusters").unwrap();
    lab.faults(&[
        "GET /v3/clusters/c-prod1 status:503 times=2",
        "GET /v3/clusters/c-prod1 reset after=2 times=1",
    ]);
    clusters.wait(PROD, Until::state("active"), soon()).await.unwrap();
    lab.faults(&[]);

    for (label, id, kind) in
        [("member-prod", "c-stag1", ErrorKind::OutOfScope), ("expired", PROD, ErrorKind::TokenRefused)]
    {
        let start = Instant::now();
        let clusters = lab.client(label).v3().collection("clusters").unwrap();
        let error = clusters.wait(id, Until::state("active"), soon()).await.unwrap_err();
        let undetermined = error.kind() == ErrorKind::Undetermined;
        assert!(error.kind() == kind || undetermined, "{label}: {error:?}");
        // and no proof of anything
        let error = clusters.wait_gone(id, soon()).await.unwrap_err();
        assert!(error.kind() == kind || error.kind() == ErrorKind::Undetermined, "{label}: {error:?}");
        assert!(start.elapsed() < Duration::from_secs(5));
    }
    // a missing right is waited for, but not for long, and proves nothing either
    let options = WaitOptions { rights_lag: Duration::from_millis(300), ..soon() };
    let clusters = lab.client("standard-unscoped").v3().collection("clusters").unwrap();
    let error = clusters.wait_gone(PROD, options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
    assert!(error.because().iter().any(|line| line.contains("no proof")), "{error:?}");
}

#[tokio::test]
async fn what_is_deleted_is_gone_at_last() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let projects = client.v3().collection("projects").unwrap();
    let project = Object::try_from(json!({"name": "short", "clusterId": PROD})).unwrap();
    let made = projects.create(&project).await.unwrap();
    let id = made.id().unwrap();
    projects.wait(id, Until::settled(), soon()).await.unwrap();
    projects.delete(id).await.unwrap();
    projects.wait_gone(id, soon()).await.unwrap();
    let query = Query::all().with(Field::new("name").eq("short"));
    assert_eq!(projects.list(query).collect().await.unwrap().len(), 0);

    let cluster = client.cluster(PROD).unwrap();
    let namespaces = Resource::core("namespaces");
    let namespace = Object::try_from(json!({"metadata": {"name": "short"}})).unwrap();
    cluster.create(namespaces, &namespace).await.unwrap();
    cluster.wait(namespaces, "short", Until::state("Active"), soon()).await.unwrap();
    cluster.delete(namespaces, "short").await.unwrap();
    cluster.wait_gone(namespaces, "short", soon()).await.unwrap();
    // what was never a kind is not gone
    let error = cluster.wait_gone(Resource::core("nosuchs"), "short", soon()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}
