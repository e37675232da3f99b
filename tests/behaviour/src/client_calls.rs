//! The calls of a client against the simulated server: v3, the cluster proxy, roads, who am I, rotation, a dead agent.

use http::Method;
use rancher_client::Client;
use rancher_client::credentials::Credential;
use rancher_client::error::{Cause, ErrorKind};
use rancher_client::proxy::{CanI, ListOptions, Resource};
use rancher_client::scope::{Confidence, KeyScope, Knowledge, RouteScope, Validity};
use rancher_client::types::Field;
use rancher_client::v3::{self, Query};
use rancher_client::wire::{ClusterId, Kept, Object};
use rancher_simulator::{Agent, KeyKind, NewKey};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::lab::{Lab, PROD, route};

fn ids(objects: &[Kept<Object>]) -> Vec<String> {
    objects.iter().map(|object| object.id().unwrap().to_owned()).collect()
}

fn object(json: Value) -> Object {
    Object::try_from(json).unwrap()
}

fn projects(client: &Client) -> v3::Resource<Object> {
    client.v3().collection("projects").unwrap()
}

fn in_prod() -> Query {
    Query::in_cluster(&prod())
}

fn names(objects: &[Kept<Object>]) -> Vec<&str> {
    objects.iter().map(|object| object.name().unwrap()).collect()
}

fn prod() -> ClusterId {
    ClusterId::new(PROD).unwrap()
}

#[tokio::test]
async fn a_project_is_created_read_listed_and_deleted() {
    let lab = Lab::start();
    let projects = projects(&lab.client("admin-unscoped"));
    let made = projects.create(&object(json!({"name": "billing", "clusterId": PROD}))).await.unwrap();
    let id = made.id().unwrap();
    assert!(id.starts_with("c-prod1:p-"), "{id}");
    assert_eq!(projects.get(id).await.unwrap().name(), Some("billing"));
    let listed = projects.list(in_prod().with(Field::new("name").eq("billing"))).collect().await.unwrap();
    assert_eq!(ids(&listed), [id]);
    projects.delete(id).await.unwrap();
    let error = projects.get(id).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.status(), error.code()),
        (ErrorKind::NotFound, Some(404), Some("NotFound"))
    );
    assert!(!ids(&projects.list(in_prod()).collect().await.unwrap()).contains(&id.to_owned()));
}

/// However small the pages are, and by the road of a scoped key, a list is all there is.
#[tokio::test]
async fn a_list_is_complete() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let all = ids(&projects(&client).list(in_prod()).collect().await.unwrap());
    assert!(all.len() > 2, "{all:?}");
    lab.forget();
    let by_two = projects(&client).list(in_prod().limit(2)).collect().await.unwrap();
    assert_eq!(ids(&by_two), all);
    assert_eq!(lab.requests().len(), all.len().div_ceil(2), "{:?}", lab.requests());

    let scoped = lab.client("admin-prod");
    scoped.connection().learn(Knowledge::Recorded(KeyScope::Cluster(prod())));
    lab.forget();
    let by_one = projects(&scoped).list(in_prod().limit(1)).collect().await.unwrap();
    assert_eq!(ids(&by_one), all);
    assert_eq!(lab.requests().len(), all.len());
    assert!(lab.requests().iter().all(|request| request.starts_with("GET /v3/cluster/c-prod1/projects?")));

    // what stands in the middle is the error of the whole
    lab.faults(&["GET /v3/projects status:410 after=1"]);
    let broken = projects(&client).list(Query::all().limit(2)).collect().await.unwrap_err();
    assert_eq!(broken.status(), Some(410), "{broken}");
}

#[tokio::test]
async fn what_is_wrong_with_an_object_is_named() {
    let lab = Lab::start();
    let projects = projects(&lab.client("admin-unscoped"));
    let nameless = object(json!({"clusterId": PROD}));
    lab.forget();
    let error = projects.create(&nameless).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("name")), "{error:?}");
    assert_eq!(lab.requests(), [""; 0], "it was known before it was sent");
    let error = projects.unchecked().create(&nameless).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("name")), "{error:?}");
    assert_eq!(lab.requests(), ["POST /v3/projects"]);
    let error = lab
        .client("ro-prod")
        .cluster(PROD)
        .unwrap()
        .create(Resource::core("secrets").within("shop-web"), &object(json!({"metadata": {"name": "no"}})))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.causes()),
        (ErrorKind::Forbidden, &[Cause::MissingRight][..]),
        "{error:?}"
    );
}

#[tokio::test]
async fn objects_of_a_cluster_come_and_go() {
    let lab = Lab::start();
    // the same by a key without a scope and by one of the cluster
    for label in ["admin-unscoped", "admin-prod"] {
        let cluster = lab.client(label).cluster(PROD).unwrap();
        let secrets = Resource::core("secrets").within("shop-web");
        let deployments = Resource::of("apps", "v1", "deployments").within("shop-web");
        let namespaces = Resource::core("namespaces");
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {
                "selector": {"matchLabels": {"app": "web"}},
                "template": {
                    "metadata": {"labels": {"app": "web"}},
                    "spec": {"containers": [{"name": "web", "image": "registry.example.com/web:1"}]},
                },
            },
        });
        let cases = [
            (
                secrets,
                json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web"}, "stringData": {"a": "b"}}),
            ),
            (deployments, deployment),
            (namespaces, json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "web"}})),
        ];
        for (resource, json) in cases {
            let made = cluster.create(resource, &object(json.clone())).await.unwrap();
            assert_eq!(made.name(), Some("web"), "{label} {resource:?}");
            let error = cluster.create(resource, &object(json)).await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::AlreadyExists, Some(409)), "{error:?}");
            let read = cluster.get(resource, "web").await.unwrap();
            assert_eq!(read.pointer("/metadata/uid"), made.pointer("/metadata/uid"));
            let all = cluster.list(resource, ListOptions::default()).collect().await.unwrap();
            assert!(names(&all).contains(&"web"));
            cluster.delete(resource, "web").await.unwrap();
            let error = cluster.get(resource, "web").await.unwrap_err();
            assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)), "{resource:?}");
        }
        // one page after the other is the list, too
        let by_two = ListOptions { limit: Some(2), ..Default::default() };
        let by_two = cluster.list(namespaces, by_two).collect().await.unwrap();
        assert!(by_two.len() > 2);
        let all = cluster.list(namespaces, ListOptions::default()).collect().await.unwrap();
        assert_eq!(names(&by_two), names(&all));
    }
}

/// Recorded: matrix, `c-zzzzz`. What may not be asked for is not said to be absent.
#[tokio::test]
async fn a_refusal_is_not_an_absence() {
    let lab = Lab::start();
    let error = lab.client("standard-unscoped").clusters().find("c-zzzzz").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error:?}");
    let error = lab.client("admin-unscoped").clusters().find("c-zzzzz").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
}

/// Nobody said that the key is scoped, nor which cluster is meant: the list asks again by the road of the cluster that it
/// is about. A dead key, and one of another cluster, get the answer to what was asked.
#[tokio::test]
async fn a_list_finds_the_road_of_a_scoped_key_by_itself() {
    let lab = Lab::start();
    let client = lab.client("admin-prod");
    let all = ids(&projects(&lab.client("admin-unscoped")).list(in_prod()).collect().await.unwrap());
    lab.forget();
    assert_eq!(ids(&projects(&client).list(in_prod().limit(2)).collect().await.unwrap()), all);
    let asked = lab.requests();
    assert_eq!(
        asked[..2],
        ["/v3/projects?limit=2&clusterId=c-prod1", "/v3/cluster/c-prod1/projects?limit=2"]
            .map(|path| format!("GET {path}"))
    );
    assert!(asked[1..].iter().all(|request| request.starts_with("GET /v3/cluster/c-prod1/projects?")));
    assert_eq!(
        client.v3().in_cluster(&prod()).collection("projects").unwrap().find("shop").await.unwrap().name(),
        Some("shop")
    );
    for label in ["deleted", "admin-stage"] {
        let client = lab.client(label);
        lab.forget();
        let error = projects(&client).list(in_prod()).collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Undetermined, "{label}: {error:?}");
        assert_eq!(error.request().unwrap().path, "/v3/projects?clusterId=c-prod1");
        assert_eq!(
            lab.requests()[..2],
            ["/v3/projects?clusterId=c-prod1", "/v3/cluster/c-prod1/projects"]
                .map(|path| format!("GET {path}"))
        );
    }
}

#[tokio::test]
async fn a_scoped_key_takes_its_road_once_its_scope_is_known() {
    let lab = Lab::start();
    let mut config = lab.config("member-prod");
    config.cluster = Some(prod());
    let client = Client::new(config).unwrap();
    // the first call cannot know; its refusal is looked into, and says what is so
    let error = projects(&client).list(Query::all()).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.confidence()), (ErrorKind::OutOfScope, Some(Confidence::Proven)));
    assert_eq!(error.scoped_to(), Some(&prod()));
    lab.forget();
    projects(&client).list(in_prod()).collect().await.unwrap();
    assert_eq!(lab.requests(), ["GET /v3/cluster/c-prod1/projects"]);

    // and what has no road fails before anything is sent
    lab.forget();
    let other = client.cluster("c-stag1").unwrap();
    let local = ClusterId::new("local").unwrap();
    let clusters = client.v3().collection("clusters").unwrap();
    let tokens = client.v3().collection("tokens").unwrap();
    let errors = [
        projects(&client).list(Query::all()).collect().await.unwrap_err(),
        projects(&client).list(Query::in_cluster(&local)).collect().await.unwrap_err(),
        tokens.list(Query::all()).collect().await.unwrap_err(),
        clusters.get("c-stag1").await.unwrap_err(),
        projects(&client).create(&object(json!({"name": "x", "clusterId": PROD}))).await.unwrap_err(),
        projects(&client).delete("c-prod1:p-qwwv5").await.unwrap_err(),
        other.list(Resource::core("pods"), ListOptions::default()).collect().await.unwrap_err(),
        other.version().await.unwrap_err(),
        other.whoami().await.unwrap_err(),
        other.can_i(&CanI::new("list", "pods")).await.unwrap_err(),
    ];
    for error in &errors {
        assert_eq!((error.kind(), error.scoped_to()), (ErrorKind::OutOfScope, Some(&prod())), "{error:?}");
        assert!(error.summary().contains("nothing was sent") && error.status().is_none(), "{error}");
    }
    assert_eq!(lab.requests(), [""; 0]);
    // what is its own, it reaches
    clusters.get(PROD).await.unwrap();
    client.cluster(PROD).unwrap().version().await.unwrap();
}

#[tokio::test]
async fn who_am_i_and_what_may_i() {
    let lab = Lab::start();
    for (label, user, login) in [
        ("admin-unscoped", "user-mh6n5", "admin"),
        ("admin-prod", "user-mh6n5", "admin"),
        ("member-prod", "u-d7h7v", "u-member"),
        ("ro-prod", "u-2p996", "u-ro"),
        ("ext-prod", "user-mh6n5", "admin"),
    ] {
        let whoami = lab.client(label).cluster(PROD).unwrap().whoami().await.unwrap();
        assert_eq!((whoami.user.as_str(), whoami.username.as_deref()), (user, Some(login)), "{label}");
        assert!(whoami.principals.contains(&format!("local://{user}")), "{label}: {whoami:?}");
        assert!(whoami.groups.contains(&"system:authenticated".to_owned()), "{label}: {whoami:?}");
        let name = lab.credential(label).name().unwrap().object_name().to_owned();
        assert_eq!(whoami.token.as_deref(), Some(name.as_str()), "{label}");
    }
    let pods = CanI::new("list", "pods").within("shop-web");
    let secrets = CanI::new("create", "secrets").within("shop-web");
    for (label, may_list, may_create) in
        [("admin-prod", true, true), ("pmember-prod", true, true), ("ro-prod", true, false)]
    {
        let cluster = lab.client(label).cluster(PROD).unwrap();
        let allowed =
            (cluster.can_i(&pods).await.unwrap().allowed, cluster.can_i(&secrets).await.unwrap().allowed);
        assert_eq!(allowed, (may_list, may_create), "{label}");
    }
    let nobody = lab.client("anonymous").cluster(PROD).unwrap().whoami().await.unwrap_err();
    assert_eq!(nobody.kind(), ErrorKind::Unauthenticated, "{nobody:?}");
}

#[tokio::test]
async fn the_version_needs_no_credential() {
    let lab = Lab::start();
    for label in ["anonymous", "admin-prod", "deleted", "unknown-name"] {
        let version = lab.client(label).server_version().await.unwrap();
        assert_eq!((version.version.as_str(), version.prime), ("v2.16.0", false), "{label}");
    }
}

/// Calls with the old key are under way when the new one comes; their refusals arrive after it was accepted.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_key_does_not_answer_for_the_old_one() {
    let lab = Lab::start();
    let client = lab.client("deleted");
    lab.faults(&["GET /v3/users delay:800"]);
    let slow = {
        let client = client.clone();
        tokio::spawn(async move { client.request(Method::GET, route("/v3/users")).await })
    };
    let journal = lab.simulator.journal();
    assert!(journal.until(crate::lab::PATIENCE, |journal| journal.len() == 1).await);
    client.replace_credential(lab.credential("admin-prod"));
    client.v3().collection("clusters").unwrap().get(PROD).await.unwrap();
    let accepted = client.ledger();
    assert_eq!((accepted.validity(), accepted.was_refused(&RouteScope::Global)), (Validity::Valid, false));
    let error = slow.await.unwrap().unwrap_err();
    assert_eq!(error.status(), Some(401));
    let ledger = client.ledger();
    assert!(!ledger.was_refused(&RouteScope::Global), "the old key's refusal is the old key's");
    assert_eq!(ledger.validity(), Validity::Valid);

    // rotation while many calls are under way: none of them fails, and the first key may die afterwards
    let mint = NewKey { user: "user-mh6n5".into(), kind: KeyKind::V3, cluster: None, ttl: None };
    let (old, new) =
        lab.simulator.world(|world| (world.mint_key(mint.clone()).unwrap(), world.mint_key(mint).unwrap()));
    client.replace_credential(Credential::parse(&old).unwrap());
    lab.faults(&["GET /v3/clusters delay:100"]);
    let calls: Vec<_> = (0..40)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(
                async move { client.v3().collection("clusters")?.list(Query::all()).collect().await },
            )
        })
        .collect();
    client.replace_credential(Credential::parse(&new).unwrap());
    for call in calls {
        call.await.unwrap().unwrap();
    }
    lab.simulator.world(|world| world.revoke(&old).unwrap());
    client.v3().collection("clusters").unwrap().list(Query::all()).collect().await.unwrap();
    let scope = client.ledger().scope().unwrap();
    assert_eq!((scope.scope, scope.confidence), (KeyScope::Global, Confidence::Proven));
}

#[tokio::test]
async fn a_dead_agent_costs_seconds_once() {
    let lab = Lab::start();
    let gone = lab.simulator.world(|world| {
        let id = world.add_cluster("lost", Agent::Connected);
        let minute_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
        world.set_agent(&id, Agent::Gone { since: minute_ago }).unwrap();
        id
    });
    let cluster = lab.client("admin-unscoped").cluster(&gone).unwrap();
    let start = Instant::now();
    let error = cluster.list(Resource::core("pods"), ListOptions::default()).collect().await.unwrap_err();
    let took = start.elapsed();
    assert_eq!(
        (error.kind(), error.causes()),
        (ErrorKind::ClusterUnavailable, &[Cause::AgentGone][..]),
        "{error:?}"
    );
    assert_eq!(error.cluster().map(ClusterId::as_str), Some(gone.as_str()));
    println!("dead agent: told after {took:.1?}");
    // the server itself needs 25 s and more
    assert!(took < Duration::from_secs(12), "{took:?}");
    lab.forget();
    let start = Instant::now();
    for _ in 0..3 {
        assert_eq!(cluster.version().await.unwrap_err().kind(), ErrorKind::ClusterUnavailable);
    }
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    assert_eq!(lab.requests(), [""; 0], "it is remembered for a while");
    // and it is no one else's trouble
    lab.client("admin-unscoped").cluster(PROD).unwrap().version().await.unwrap();
}
