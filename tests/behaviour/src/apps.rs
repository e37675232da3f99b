//! Apps on the simulated server: from a repository to a release that runs, and everything that can go wrong between.

use futures_util::TryStreamExt as _;
use rancher_client::apps::{Apps, InstallOptions, NewRepo, OperationPhase, UninstallOptions, UpgradeOptions};
use rancher_client::error::{ErrorKind, ForbiddenReason};
use rancher_client::proxy::Resource;
use rancher_client::wait::WaitOptions;
use rancher_client::wire::Object;
use serde_json::{Value, json};
use std::time::Duration;

use crate::lab::{Lab, PATIENCE, PROD, shown};

const SECRET: &str = "CANARY-OF-AN-APP";

fn soon() -> WaitOptions {
    WaitOptions { deadline: PATIENCE, poll: Duration::from_millis(100), ..Default::default() }
}

fn lab() -> Lab {
    let lab = Lab::start();
    lab.simulator.world(|world| world.run_nodes(PROD, Duration::from_millis(100)));
    lab
}

fn apps(lab: &Lab, label: &str) -> Apps {
    lab.client(label).cluster(PROD).unwrap().apps()
}

async fn with_charts(apps: &Apps) {
    let repo = NewRepo {
        name: "shop-charts".into(),
        url: "https://charts.example.com/shop".into(),
        ..Default::default()
    };
    apps.repos().create(&repo).await.unwrap();
    apps.repos().wait("shop-charts", soon()).await.unwrap();
}

fn values(json: Value) -> Object {
    Object::try_from(json).unwrap()
}

fn web(json: Value) -> InstallOptions {
    InstallOptions {
        repo: "shop-charts".into(),
        chart: "web".into(),
        version: "1.0.0".into(),
        namespace: "plain".into(),
        values: values(json),
        ..Default::default()
    }
}

async fn replicas(apps_of: &Lab) -> Value {
    let cluster = apps_of.client("admin-prod").cluster(PROD).unwrap();
    let web = cluster.get(Resource::of("apps", "v1", "deployments").within("plain"), "web").await.unwrap();
    web.pointer("/spec/replicas").unwrap().clone()
}

#[tokio::test]
async fn a_key_of_the_cluster_installs_upgrades_and_uninstalls() {
    let lab = lab();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    let index = apps.repos().index("shop-charts").await.unwrap();
    assert_eq!(index.entries.keys().collect::<Vec<_>>(), ["db", "mon", "mon-crd", "web"]);
    let info = apps.repos().chart("shop-charts", "web", "").await.unwrap();
    assert_eq!((&info.chart["version"], &info.values["replicas"]), (&json!("1.1.0"), &json!(1)));

    let begun =
        apps.install(&web(json!({"replicas": 2, "password": SECRET, "image": {"tag": "2"}}))).await.unwrap();
    assert_eq!((begun.namespace(), begun.release(), begun.version()), ("plain", "web", "1.0.0"));
    let mut lines = begun.logs(None);
    let mut log = Vec::new();
    while let Some(line) = lines.try_next().await.unwrap() {
        log.push(line.text().into_owned());
    }
    assert!(log.contains(&"SUCCESS: helm install web".to_owned()), "{log:?}");
    assert!(log.iter().all(|line| !line.ends_with('\r')), "{log:?}");
    let app = begun.wait(soon()).await.unwrap();
    assert_eq!(app.pointer("/spec/info/status"), Some(&json!("deployed")));
    assert_eq!(app.pointer("/spec/values"), None, "as Rancher shows it");
    assert_eq!(begun.status().await.unwrap().phase, OperationPhase::Succeeded);
    assert_eq!(replicas(&lab).await, 2);
    // what ended well is rolled out
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    assert!(cluster.rollout("plain", "web").status().await.unwrap().done);
    let kept = apps.values("plain", "web").await.unwrap();
    assert_eq!(Value::from(kept), json!({"replicas": 2, "password": SECRET, "image": {"tag": "2"}}));

    // an upgrade keeps what it does not name, twice in a row
    for (changed, version, all) in [
        (json!({"replicas": 3}), "1.1.0", json!({"replicas": 3, "password": SECRET, "image": {"tag": "2"}})),
        (
            json!({"image": {"repository": "registry.example.com/new"}, "password": null}),
            "",
            json!({"replicas": 3, "image": {"tag": "2", "repository": "registry.example.com/new"}}),
        ),
    ] {
        let options =
            UpgradeOptions { version: version.into(), values: values(changed), ..Default::default() };
        let begun = apps.upgrade("plain", "web", &options).await.unwrap();
        assert_eq!(begun.version(), "1.1.0", "without a version, the one that is installed");
        let app = begun.wait(soon()).await.unwrap();
        assert_eq!(app.pointer("/spec/chart/metadata/version"), Some(&json!("1.1.0")));
        assert_eq!(Value::from(apps.values("plain", "web").await.unwrap()), all);
        assert_eq!(replicas(&lab).await, 3);
    }
    // the given values alone, and then none at all
    for given in [json!({"replicas": 1}), json!({})] {
        let options =
            UpgradeOptions { values: values(given.clone()), reset_values: true, ..Default::default() };
        apps.upgrade("plain", "web", &options).await.unwrap().wait(soon()).await.unwrap();
        assert_eq!(Value::from(apps.values("plain", "web").await.unwrap()), given);
    }
    let gone = apps.uninstall("plain", "web", &UninstallOptions::default()).await.unwrap();
    gone.wait(soon()).await.unwrap();
    assert_eq!(apps.get("plain", "web").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(apps.list("plain").unwrap().collect().await.unwrap().len(), 0);
    let begun = apps.uninstall("plain", "web", &UninstallOptions::default()).await.unwrap_err();
    assert_eq!((begun.kind(), begun.operation()), (ErrorKind::NotFound, "apps.uninstall"));
    // nothing left the cluster's own roads
    let strayed: Vec<_> =
        lab.requests().into_iter().filter(|line| !line.contains(" /k8s/clusters/c-prod1/")).collect();
    assert!(strayed.is_empty(), "{strayed:?}");
}

#[tokio::test]
async fn what_cannot_be_is_not_sent() {
    let lab = lab();
    let apps = apps(&lab, "admin-unscoped");
    with_charts(&apps).await;
    let installed = apps.install(&web(json!({}))).await.unwrap();
    installed.wait(soon()).await.unwrap();
    lab.forget();
    let with = |change: fn(&mut InstallOptions)| {
        let mut options = web(json!({"password": SECRET}));
        change(&mut options);
        options
    };
    type Change = fn(&mut InstallOptions);
    let cases: [(Change, ErrorKind, Option<&str>); 9] = [
        (|_| {}, ErrorKind::AlreadyExists, Some("release")),
        (|options| options.chart = "wep".into(), ErrorKind::NotFound, Some("chart")),
        (|options| options.version = "9.9.9".into(), ErrorKind::NotFound, Some("version")),
        (|options| options.repo = "no-charts".into(), ErrorKind::NotFound, None),
        (|options| options.repo = String::new(), ErrorKind::Invalid, Some("repo")),
        (|options| options.namespace = String::new(), ErrorKind::Invalid, Some("namespace")),
        (|options| options.release = "x".repeat(54), ErrorKind::Invalid, Some("release")),
        (|options| options.project = "c-stag1:p-abcde".into(), ErrorKind::Invalid, Some("project")),
        (
            |options| (options.chart, options.version) = ("mon".into(), String::new()),
            ErrorKind::Invalid,
            Some("namespace"),
        ),
    ];
    for (at, (change, kind, field)) in cases.into_iter().enumerate() {
        let error = apps.install(&with(change)).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (kind, field), "case {at}: {error}");
        assert_eq!(error.operation(), "apps.install");
        assert!(!shown(&error).contains(SECRET), "{error:?}");
    }
    let upgrade = |version: &str, repo: &str| UpgradeOptions {
        version: version.into(),
        repo: repo.into(),
        ..Default::default()
    };
    for (release, options, kind) in [
        ("none", upgrade("", ""), ErrorKind::NotFound),
        ("web", upgrade("9.9.9", ""), ErrorKind::NotFound),
        ("web", upgrade("", "no-charts"), ErrorKind::NotFound),
        ("web", UpgradeOptions { helm_timeout: Duration::ZERO, ..Default::default() }, ErrorKind::Invalid),
    ] {
        let error = apps.upgrade("plain", release, &options).await.unwrap_err();
        assert_eq!((error.kind(), error.operation()), (kind, "apps.upgrade"), "{error}");
    }
    let posts: Vec<_> = lab.requests().into_iter().filter(|line| line.starts_with("POST")).collect();
    assert!(posts.is_empty(), "{posts:?}");
}

#[tokio::test]
async fn a_failure_is_told_with_the_last_lines_and_without_values() {
    let lab = lab();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    // the chart says a password that is too short, in the words of its error
    let begun = apps.install(&web(json!({"password": "5H0RT-ONE"}))).await.unwrap();
    let error = begun.wait(soon()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Invalid, "apps.wait"));
    assert!(error.summary().contains("INSTALLATION FAILED: execution error at"), "{error}");
    assert!(error.summary().contains("the password \"…\" is too short"), "{error}");
    assert!(error.because().iter().any(|line| line.starts_with("Error: INSTALLATION FAILED")), "{error:?}");
    assert!(!shown(&error).contains("5H0RT-ONE"), "{error:?}");
    // by its id alone nobody knows the values, and nothing in quotes is shown
    let taken_up = apps.operation(begun.id()).unwrap();
    let error = taken_up.wait(soon()).await.unwrap_err();
    assert!(!shown(&error).contains("5H0RT-ONE") && error.summary().contains("is too short"), "{error:?}");
    assert_eq!(taken_up.status().await.unwrap().phase, OperationPhase::Failed);
    assert!(!format!("{begun:?}").contains("5H0RT-ONE"), "{begun:?}");
    // what failed before Helm kept it is not there
    assert_eq!(apps.get("plain", "web").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn pods_beyond_a_quota_end_the_wait() {
    let lab = lab();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    let shop = InstallOptions { namespace: "shop-web".into(), ..web(json!({"replicas": 50})) };
    let begun = apps.install(&shop).await.unwrap();
    begun.wait_ended(soon()).await.unwrap();
    let error = begun.wait(soon()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)),
        "{error}"
    );
}

#[tokio::test]
async fn a_chart_gets_what_it_needs_before_it() {
    let lab = lab();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    let mon = InstallOptions { repo: "shop-charts".into(), chart: "mon".into(), ..Default::default() };
    let begun = apps.install(&mon).await.unwrap();
    assert_eq!((begun.namespace(), begun.release()), ("shop-mon", "shop-mon"));
    begun.wait(soon()).await.unwrap();
    let all = apps.list("shop-mon").unwrap().collect().await.unwrap();
    assert_eq!(all.iter().map(|app| app.name().unwrap()).collect::<Vec<_>>(), ["mon-crd", "shop-mon"]);
}

#[tokio::test]
async fn rights_decide_and_helm_has_those_of_the_user() {
    let lab = lab();
    with_charts(&apps(&lab, "admin-prod")).await;
    let member = apps(&lab, "pmember-prod");
    let mine = InstallOptions { namespace: "shop-web".into(), ..web(json!({})) };
    let begun = member.install(&mine).await.unwrap();
    begun.wait(soon()).await.unwrap();
    // Secrets are read to keep values
    member.upgrade("shop-web", "web", &UpgradeOptions::default()).await.unwrap().wait(soon()).await.unwrap();
    let error = member.install(&web(json!({}))).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
        "{error}"
    );
    let reader = apps(&lab, "ro-prod");
    let error = reader.upgrade("shop-web", "web", &UpgradeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.because().iter().any(|why| why.contains("must be read to keep them")), "{error:?}");
    // who may begin an operation but not what it does, hears it from Helm
    let options = UpgradeOptions { reset_values: true, ..Default::default() };
    let error = reader.upgrade("shop-web", "web", &options).await.unwrap().wait(soon()).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
        "{error}"
    );
    // a key of another cluster
    let error = apps(&lab, "admin-stage").install(&mine).await.unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::OutOfScope | ErrorKind::TokenRefused),
        "{error}"
    );
}

#[tokio::test]
async fn repositories_are_made_refreshed_and_forgotten() {
    let lab = lab();
    let repos = apps(&lab, "admin-prod").repos();
    with_charts(&apps(&lab, "admin-prod")).await;
    let before = repos.get("shop-charts").await.unwrap();
    // at once: within the second of the last reading, which older servers would not take for a later one
    let asked = repos.refresh("shop-charts").await.unwrap();
    let after = repos.wait("shop-charts", soon()).await.unwrap();
    let at = |repo: &Object, place: &str| repo.pointer(place).unwrap().as_str().unwrap().to_owned();
    let read = |repo: &Object| at(repo, "/status/downloadTime");
    assert!(at(&asked, "/spec/forceUpdate") > read(&before));
    assert!(read(&after) > read(&before));
    // a registry in which nothing is new: it was looked at, and its time stays
    let registry = NewRepo {
        name: "registry".into(),
        url: "oci://charts.example.com/shop".into(),
        ..Default::default()
    };
    repos.create(&registry).await.unwrap();
    let before = repos.wait("registry", soon()).await.unwrap();
    repos.refresh("registry").await.unwrap();
    let after = repos.wait("registry", soon()).await.unwrap();
    assert_eq!(read(&after), read(&before));
    assert!(at(&after, "/spec/forceUpdate") > read(&after));
    repos.delete("registry").await.unwrap();
    let lost = NewRepo {
        name: "lost".into(),
        git_repo: "https://git.example.net/charts.git".into(),
        git_branch: "main".into(),
        ..Default::default()
    };
    repos.create(&lost).await.unwrap();
    assert_eq!(repos.create(&lost).await.unwrap_err().kind(), ErrorKind::AlreadyExists);
    let short =
        WaitOptions { deadline: Duration::from_millis(400), poll: Duration::from_millis(100), ..soon() };
    let error = repos.wait("lost", short).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Timeout && error.summary().contains("no such host"), "{error}");
    let error = repos.index("lost").await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotFound, "apps.repos.index"));
    assert_eq!(repos.list().unwrap().collect().await.unwrap().len(), 2);
    assert!(repos.delete("lost").await.unwrap().is_gone());
    assert_eq!(repos.delete("lost").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn an_install_is_sent_once_whatever_becomes_of_its_answer() {
    let lab = lab();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    lab.forget();
    lab.faults(&["POST /k8s/clusters/*/v1/catalog.cattle.io.clusterrepos/* reset"]);
    let error = apps.install(&web(json!({}))).await.unwrap_err();
    assert!(!error.is_retryable(), "{error:?}");
    lab.faults(&[]);
    let posts = lab.requests().into_iter().filter(|line| line.starts_with("POST")).count();
    assert_eq!(posts, 1);
}

#[tokio::test]
async fn without_nodes_an_operation_waits_and_says_so() {
    let lab = Lab::start();
    let apps = apps(&lab, "admin-prod");
    with_charts(&apps).await;
    let begun = apps.install(&web(json!({}))).await.unwrap();
    assert_eq!(begun.status().await.unwrap().phase, OperationPhase::Waiting);
    let short =
        WaitOptions { deadline: Duration::from_millis(500), poll: Duration::from_millis(100), ..soon() };
    let error = begun.wait(short).await.unwrap_err();
    assert!(
        error.kind() == ErrorKind::Timeout && error.summary().contains("its pod does not run yet"),
        "{error}"
    );
}
