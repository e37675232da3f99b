//! A chart that somebody named: installed, listened to, upgraded with its values kept, uninstalled.

use futures_util::TryStreamExt as _;
use rancher_client::apps::{Apps, InstallOptions, NewRepo, UninstallOptions, UpgradeOptions};
use rancher_client::error::ErrorKind;
use rancher_client::proxy::CanI;
use rancher_client::steve::Patch;
use rancher_client::wait::WaitOptions;
use serde_json::{Value, json};
use std::time::Duration;

use super::workloads::{ready_nodes, running};
use crate::ground::{Ground, note, object, patient};
use crate::journal::Entry;
use crate::mark::LABEL;
use crate::outcome::{Outcome, Stop, check, refused, skip};
use crate::site::Site;

/// Makes the repository known to the cluster, under the name of the run.
async fn repository(site: &Site, ground: &Ground, apps: &Apps, url: &str) -> Result<String, Stop> {
    let question = CanI::new("create", "clusterrepos").in_group("catalog.cattle.io");
    if !ground.cluster.can_i(&question).await?.allowed {
        return skip("the user may not make repositories of charts known to the cluster");
    }
    let name = site.run.named("charts");
    let entry = Entry::Repo { cluster: ground.cluster.id().to_string(), name: name.clone() };
    note(site, &entry).map_err(Stop::Failed)?;
    apps.repos().create(&NewRepo { name: name.clone(), url: url.to_owned(), ..Default::default() }).await?;
    let label = Patch::Merge(json!({"metadata": {"labels": {LABEL: site.run.to_string()}}}));
    ground.cluster.steve().resource("catalog.cattle.io.clusterrepos")?.patch(&name, &label).await?;
    match apps.repos().wait(&name, WaitOptions { deadline: Duration::from_secs(60), ..patient() }).await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Timeout => {
            return skip(format!("the cluster does not read {url}: {}", error.summary()));
        }
        Err(error) => return Err(error.into()),
    }
    apps.repos().refresh(&name).await?;
    apps.repos().wait(&name, patient()).await?;
    Ok(name)
}

fn marked(values: &Value, what: &str) -> Option<String> {
    values.pointer(&format!("/global/sdkLive/{what}")).and_then(Value::as_str).map(str::to_owned)
}

/// From a repository to a release that runs, and back.
pub(super) async fn apps(site: &Site) -> Outcome {
    let (Some(url), Some(chart)) = (&site.args.charts, &site.args.chart) else {
        return skip("no chart is named: --charts says where it is, --chart what it is called");
    };
    let ground = site.ground().await?;
    ground.may("get", "", "secrets").await?;
    if ready_nodes(ground).await == Some(0) && running(ground).await?.is_empty() {
        return skip(format!("no node of {} is Ready, so that Helm cannot run", ground.cluster.id()));
    }
    let apps = ground.cluster.apps();
    let repo = repository(site, ground, &apps, url).await?;
    let info = apps.repos().chart(&repo, chart, "").await?;
    check(!info.chart.is_empty(), "the chart says nothing of itself")?;
    // every chart may have values of the group global
    let web = InstallOptions {
        repo: repo.clone(),
        chart: chart.clone(),
        namespace: ground.name().to_owned(),
        release: "live".to_owned(),
        values: object(json!({"global": {"sdkLive": {"kept": site.run.to_string(), "changed": "1"}}}))?,
        ..Default::default()
    };
    let none = InstallOptions { chart: "sdk-live-nosuch".to_owned(), ..web.clone() };
    let none = refused(apps.install(&none).await, "a chart of an invented name")?;
    check(none.kind() == ErrorKind::NotFound && none.http().is_none(), &none)?;
    let operation = apps.install(&web).await?;
    let lines: Vec<_> = operation.logs(None).try_collect().await?;
    check(!lines.is_empty(), "Helm wrote nothing")?;
    operation.wait(patient()).await?;
    let twice = refused(apps.install(&web).await, "the same release again")?;
    check(twice.kind() == ErrorKind::AlreadyExists && twice.http().is_none(), &twice)?;
    let change = UpgradeOptions {
        values: object(json!({"global": {"sdkLive": {"changed": "2"}}}))?,
        ..Default::default()
    };
    apps.upgrade(ground.name(), "live", &change).await?.wait(patient()).await?;
    let values = Value::from(apps.values(ground.name(), "live").await?);
    check(
        marked(&values, "kept") == Some(site.run.to_string())
            && marked(&values, "changed").as_deref() == Some("2"),
        "an upgrade forgot a value, or did not change one",
    )?;
    apps.uninstall(ground.name(), "live", &UninstallOptions::default()).await?.wait(patient()).await?;
    let gone = refused(apps.get(ground.name(), "live").await, "an app that was uninstalled")?;
    check(gone.kind() == ErrorKind::NotFound, &gone)?;
    apps.repos().delete(&repo).await?;
    Ok(format!("{chart}: {} lines of Helm, upgraded with its values kept, uninstalled", lines.len()))
}
