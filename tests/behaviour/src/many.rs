//! A thousand refusals at once cost two probes, counted by the server.

use futures_util::future::join_all;
use http::Method;
use rancher_client::Client;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::scope::Confidence;
use rancher_client::wire::ClusterId;
use std::collections::BTreeMap;

use crate::lab::{Lab, PROD, route};

const MANY: usize = 1000;

/// The errors of so many calls at once, and the requests that the server got, by path.
async fn refused(label: &str) -> (Vec<Error>, BTreeMap<String, usize>) {
    let lab = Lab::start();
    let mut config = lab.config(label);
    config.cluster = Some(ClusterId::new(PROD).unwrap());
    // a busy machine may take its time over a thousand of them
    config.timeouts.headers = crate::lab::PATIENCE;
    let client = Client::new(config).unwrap();
    let calls = (0..MANY).map(|_| client.request(Method::GET, route("/v3/clusters")));
    let errors = join_all(calls).await.into_iter().map(Result::unwrap_err).collect();
    let mut counts = BTreeMap::new();
    for entry in lab.entries() {
        *counts.entry(format!("{} {}", entry.method, entry.path)).or_default() += 1;
    }
    (errors, counts)
}

/// A thousand and two: the calls, one probe of the cluster, one of a global path.
fn two_probes() -> BTreeMap<String, usize> {
    [("GET /v3/clusters", MANY), ("GET /v3/clusters/c-prod1", 1), ("GET /rancherversion", 1)]
        .map(|(request, count)| (request.to_owned(), count))
        .into()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_of_a_scoped_key() {
    let (errors, counts) = refused("admin-prod").await;
    assert_eq!(counts, two_probes());
    for error in &errors {
        assert_eq!(
            (error.kind(), error.confidence(), error.scoped_to().map(ClusterId::as_str)),
            (ErrorKind::OutOfScope, Some(Confidence::Proven), Some(PROD)),
            "{error:?}"
        );
        assert_eq!(error.status(), Some(401));
    }
    println!("probes: {} for {} refusals", counts.values().sum::<usize>() - MANY, errors.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_calls_of_a_dead_key() {
    let (errors, counts) = refused("deleted").await;
    assert_eq!(counts, two_probes());
    for error in &errors {
        assert_eq!(error.kind(), ErrorKind::Undetermined, "{error:?}");
        assert_eq!(error.causes(), [Cause::TokenRefused, Cause::OutOfScope]);
    }
}

/// Without a cluster to ask, a second refusal on a global path would teach nothing: nobody asks.
#[tokio::test]
async fn without_a_cluster_there_is_nothing_to_ask() {
    let lab = Lab::start();
    let client = lab.client("admin-prod");
    let calls = (0..20).map(|_| client.request(Method::GET, route("/v3/clusters")));
    for error in join_all(calls).await {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Undetermined);
    }
    assert_eq!(lab.entries().len(), 20);
}
