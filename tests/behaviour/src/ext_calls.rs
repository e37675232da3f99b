//! The extension API against the simulator.

use rancher_client::error::{Cause, ErrorKind};
use rancher_client::ext::{Clusters, NewKubeconfig, NewToken, RefreshFor, TokenChange};
use rancher_client::scope::{KeyScope, Knowledge};
use rancher_client::v3::Query;
use rancher_client::wire::{ClusterId, UserId};
use secrecy::ExposeSecret as _;
use std::time::Duration;

use crate::lab::Lab;

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_made_used_changed_and_deleted() {
    let lab = Lab::start();
    let client = lab.client("standard-unscoped");
    let tokens = client.ext().tokens();
    let new =
        NewToken { description: "nightly".into(), ttl: Some(DAY), cluster_name: Some("c-prod1".into()) };
    let made = tokens.create(&new).await.unwrap();
    assert_eq!((made.clamped(), made.token.ttl), (false, Some(DAY)));
    assert_eq!(made.token.cluster_name.as_deref(), Some("c-prod1"));
    assert!(made.token.enabled && made.token.expires_at.is_some() && !made.token.expired);
    let secret = made.credential.bearer().unwrap().expose_secret().to_owned();
    assert!(!format!("{made:?} {:?}", made.token.raw.fields()).contains(secret.split_once(':').unwrap().1));

    // the name with and without the prefix of its bearer form
    let name = made.token.name.clone();
    let by_bearer_name = tokens.get(&made.credential.name().unwrap().to_string()).await.unwrap();
    assert_eq!(by_bearer_name.name, name);
    assert!(tokens.list().await.unwrap().iter().any(|token| token.name == name));
    // it confines nothing, whatever cluster it names
    let as_it = rancher_client::Client::over(client.connection().as_another(made.credential.clone()));
    as_it.clusters().list(Query::all()).collect().await.unwrap();
    assert!(as_it.ext().tokens().get(&name).await.unwrap().current);

    let hour = Duration::from_secs(3600);
    let change = TokenChange { ttl: Some(hour), description: Some("shorter".into()), enabled: Some(false) };
    let changed = tokens.update(&name, &change).await.unwrap();
    assert_eq!((changed.ttl, changed.enabled, changed.description.as_str()), (Some(hour), false, "shorter"));
    let dead = as_it.clusters().list(Query::all()).collect().await.unwrap_err();
    assert_eq!(dead.kind(), ErrorKind::TokenRefused);
    let longer = TokenChange { ttl: Some(DAY), ..Default::default() };
    assert_eq!(tokens.update(&name, &longer).await.unwrap_err().kind(), ErrorKind::Invalid);

    tokens.delete(&name).await.unwrap();
    let gone = tokens.get(&name).await.unwrap_err();
    assert_eq!((gone.kind(), gone.operation()), (ErrorKind::NotFound, "ext.tokens.get"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lives_that_are_none_are_not_sent_and_clamped_ones_are_said() {
    let lab = Lab::start();
    let client = lab.client("standard-unscoped");
    let ext = client.ext();
    for ttl in [Duration::ZERO, Duration::from_micros(1500), Duration::MAX] {
        let error =
            ext.tokens().create(&NewToken { ttl: Some(ttl), ..Default::default() }).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("ttl")), "{ttl:?}");
    }
    let clusters = Clusters::Only(vec![ClusterId::new("local").unwrap()]);
    for ttl in [Duration::ZERO, Duration::from_millis(1500), Duration::MAX] {
        let new = NewKubeconfig { clusters: clusters.clone(), ttl: Some(ttl), ..Default::default() };
        let error = ext.kubeconfigs().create(&new).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("ttl")), "{ttl:?}");
    }
    let nothing = ext.tokens().update("token-abcde", &TokenChange::default()).await.unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::Invalid);
    assert!(lab.requests().is_empty(), "{:?}", lab.requests());

    let year = NewToken { ttl: Some(365 * DAY), ..Default::default() };
    let made = ext.tokens().create(&year).await.unwrap();
    assert!(made.clamped());
    assert_eq!(made.token.ttl, Some(90 * DAY));
    assert!(!ext.tokens().create(&NewToken::default()).await.unwrap().clamped(), "nothing was asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kubeconfig_is_made_and_its_text_is_told_once() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let kubeconfigs = client.ext().kubeconfigs();
    let (prod, local) = (ClusterId::new("c-prod1").unwrap(), ClusterId::new("local").unwrap());
    let new = NewKubeconfig {
        clusters: Clusters::Only(vec![prod.clone(), local]),
        current_context: Some(prod),
        description: "both".into(),
        ttl: Some(Duration::from_secs(3600)),
    };
    let made = kubeconfigs.create(&new).await.unwrap();
    let text = made.value.expose_secret();
    assert!(text.contains("/k8s/clusters/c-prod1") && text.contains("token: \"ext/token-"), "{text}");
    assert_eq!(made.kubeconfig.ttl, Some(Duration::from_secs(3600)));
    assert_eq!(made.kubeconfig.clusters, ["c-prod1", "local"]);
    let token = text.split("ext/").nth(1).unwrap().split('"').next().unwrap();
    let shown = format!("{made:?} {:?}", made.kubeconfig.raw.fields());
    assert!(!shown.contains(token.split_once(':').unwrap().1), "{shown}");

    let name = &made.kubeconfig.name;
    let read = kubeconfigs.get(name).await.unwrap();
    assert_eq!((read.description.as_str(), read.tokens.len()), ("both", 1));
    assert!(read.raw.pointer("/status/value").is_none());
    let all =
        kubeconfigs.create(&NewKubeconfig { clusters: Clusters::All, ..Default::default() }).await.unwrap();
    assert_eq!(all.value.expose_secret().matches("/k8s/clusters/").count(), 4);
    assert_eq!(kubeconfigs.list().await.unwrap().len(), 2);

    kubeconfigs.delete(name).await.unwrap();
    let gone = client.ext().tokens().get(&read.tokens[0]).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "its token went with it");

    let unknown = Clusters::Only(vec![ClusterId::new("c-zzzzz").unwrap()]);
    let error =
        kubeconfigs.create(&NewKubeconfig { clusters: unknown, ..Default::default() }).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Invalid, Some(400)));
    assert!(error.to_string().contains("cluster c-zzzzz not found"), "{error}");
    let none = kubeconfigs.create(&NewKubeconfig::default()).await.unwrap_err();
    assert_eq!((none.kind(), none.field()), (ErrorKind::Invalid, Some("clusters")));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_about_users() {
    let lab = Lab::start();
    let admin = lab.client("admin-unscoped");
    let me = admin.ext().self_user().await.unwrap();
    let (id, ro) = lab
        .simulator
        .world(|world| (world.labels().users["admin"].id.clone(), world.labels().users["ro"].id.clone()));
    assert_eq!(me.as_str(), id);
    let begun = admin.ext().refresh_groups(&RefreshFor::User(UserId::new(&ro).unwrap())).await.unwrap();
    assert_eq!(begun.summary.as_deref(), Some("Completed"));
    assert_eq!(begun.conditions, ["UserRefreshInitiated"]);
    admin.ext().refresh_groups(&RefreshFor::All).await.unwrap();
    let error = lab.client("standard-unscoped").ext().refresh_groups(&RefreshFor::All).await.unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Forbidden,
        "a 401 with an accepted key is a missing right: {error:?}"
    );

    let session = lab.credential("admin-session").name().unwrap().to_string();
    let seen = admin.ext().user_activity(&session).await.unwrap();
    assert!(seen.expires_at > seen.seen_at, "{seen:?}");
    let none = admin.ext().user_activity("token-nobody").await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_found_out_once_and_missing_is_said_with_the_version() {
    let lab = Lab::start();
    let client = lab.client("standard-unscoped");
    client.ext().tokens().list().await.unwrap();
    client.clone().with_timeout(DAY).ext().kubeconfigs().list().await.unwrap();
    let asked = |requests: Vec<String>| {
        requests.iter().filter(|request| *request == "GET /apis/ext.cattle.io/v1").count()
    };
    assert_eq!(asked(lab.requests()), 1, "{:?}", lab.requests());

    let old = Lab::start();
    old.simulator.world(|world| world.make_older("v2.9.4"));
    let client = old.client("standard-unscoped");
    for _ in 0..2 {
        let error = client.ext().tokens().list().await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, "ext.tokens.list"));
        assert!(error.to_string().contains("Rancher v2.9.4"), "{error}");
    }
    assert_eq!(asked(old.requests()), 2, "an upgrade would be noticed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_local_takes_the_road_and_one_of_another_cluster_none() {
    let lab = Lab::start();
    let client = lab.client("admin-local");
    client.connection().learn(Knowledge::Recorded(KeyScope::Cluster(ClusterId::new("local").unwrap())));
    let me = client.ext().self_user().await.unwrap();
    assert_eq!(me.as_str(), lab.simulator.world(|world| world.labels().users["admin"].id.clone()));
    assert_eq!(
        lab.requests(),
        [
            "GET /k8s/clusters/local/apis/ext.cattle.io/v1",
            "POST /k8s/clusters/local/apis/ext.cattle.io/v1/selfusers"
        ]
    );

    // nothing is known of it: it is tried, and from then on known
    lab.forget();
    let fresh = lab.client("admin-local");
    assert_eq!(fresh.ext().self_user().await.unwrap(), me);
    let requests = lab.requests();
    assert_eq!(requests[0], "GET /apis/ext.cattle.io/v1", "{requests:?}");
    let made = fresh.ext().tokens().create(&NewToken::default()).await.unwrap();
    assert!(!made.token.name.is_empty());
    // a dead key is tried there, too, and stays undetermined
    let dead = lab.client("expired").ext().tokens().list().await.unwrap_err();
    assert_eq!(dead.kind(), ErrorKind::Undetermined, "{dead:?}");

    lab.forget();
    let client = lab.client("admin-prod");
    client.connection().learn(Knowledge::Recorded(KeyScope::Cluster(ClusterId::new("c-prod1").unwrap())));
    let error = client.ext().tokens().list().await.unwrap_err();
    assert_eq!((error.kind(), error.causes()), (ErrorKind::OutOfScope, &[Cause::OutOfScope][..]));
    assert!(lab.requests().is_empty(), "{:?}", lab.requests());
}
