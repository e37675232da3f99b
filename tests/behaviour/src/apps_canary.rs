//! Marked secrets through everything that apps take and tell.

use futures_util::TryStreamExt as _;
use rancher_client::apps::{InstallOptions, NewRepo, UninstallOptions, UpgradeOptions};
use rancher_client::proxy::ClusterProxy;
use rancher_client::wait::WaitOptions;
use rancher_client::wire::Object;
use serde_json::{Value, json};
use std::time::Duration;

use crate::canary::{BODY, QUERY, Stage};

fn soon() -> WaitOptions {
    WaitOptions {
        deadline: Duration::from_secs(5),
        poll: Duration::from_millis(100),
        rights_lag: Duration::ZERO,
        ..Default::default()
    }
}

/// Values and addresses that hold secrets, in calls that go well and in calls that do not.
pub(crate) async fn every_app(stage: &Stage, what: &str, cluster: &ClusterProxy) {
    let apps = cluster.apps();
    for url in ["https://charts.example.com/shop".to_owned(), format!("https://me:{BODY}@charts.example.com")]
    {
        let repo = NewRepo { name: "marked-charts".into(), url, ca_pem: BODY.into(), ..Default::default() };
        stage.note(what, &apps.repos().create(&repo).await);
        let plain = NewRepo { ca_pem: String::new(), ..repo };
        stage.note(what, &apps.repos().create(&plain).await);
    }
    stage.note(what, &apps.repos().wait("marked-charts", soon()).await);
    stage.note(what, &apps.repos().chart("marked-charts", "web", "").await);
    let token = format!("token-zzzzz:{QUERY}");
    stage.note(what, &apps.repos().get(&token).await);
    stage.note(what, &apps.get("plain", &token).await);
    let values = |replicas: Value| {
        Object::try_from(json!({"replicas": replicas, "password": BODY, "more": [BODY]})).unwrap()
    };
    // the first is no number, which Helm says with the value in its words
    for (release, replicas) in [("marked-wrong", json!(BODY)), ("marked", json!(1))] {
        let install = InstallOptions {
            repo: "marked-charts".into(),
            chart: "web".into(),
            namespace: "plain".into(),
            release: release.into(),
            values: values(replicas),
            ..Default::default()
        };
        stage.sink.debug(what, &install);
        let begun = apps.install(&install).await;
        stage.note(what, &begun);
        let named = InstallOptions { chart: token.clone(), version: token.clone(), ..install };
        stage.note(what, &apps.install(&named).await);
        let Ok(begun) = begun else { continue };
        stage.note(what, &begun.logs(Some(1)).try_next().await);
        stage.note(what, &begun.wait(soon()).await);
        let taken_up = apps.operation(begun.id()).unwrap();
        stage.note(what, &taken_up.wait(soon()).await);
        stage.note(what, &taken_up.status().await);
        let upgrade = UpgradeOptions { values: values(json!(BODY)), ..Default::default() };
        stage.sink.debug(what, &upgrade);
        let begun = apps.upgrade("plain", release, &upgrade).await;
        stage.note(what, &begun);
        if let Ok(begun) = begun {
            stage.note(what, &begun.wait(soon()).await);
            stage.note(what, &apps.operation(begun.id()).unwrap().wait(soon()).await);
        }
        stage.note(what, &apps.uninstall("plain", release, &UninstallOptions::default()).await);
    }
    stage.note(what, &apps.operation(&token));
    stage.note(what, &apps.values("plain", &token).await);
}
