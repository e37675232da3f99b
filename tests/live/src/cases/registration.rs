//! A cluster that is imported and that no agent ever calls from: its token, its command, its manifest, and its removal.

use rancher_client::error::ErrorKind;
use rancher_client::wait::WaitOptions;
use rancher_client::wire::ClusterId;
use rancher_client::workflow::registration::{
    ImportOptions, Registration, RemoveOptions, RotateTokenOptions, TokenOptions,
};
use std::time::Duration;

use crate::ground::{note, patient};
use crate::journal::Entry;
use crate::mark::LABEL;
use crate::outcome::{Outcome, Stop, check, fail, refused, skip};
use crate::site::Site;

/// The registration token, and everything that must not be seen of it.
async fn secrets(registration: &Registration, id: &ClusterId) -> Result<String, Stop> {
    let token = match registration.token(id, patient()).await {
        // without it, Rancher makes no commands for anybody
        Err(error) if error.because().iter().any(|line| line.contains("server-url is not set")) => {
            return skip("the setting server-url is not set");
        }
        token => token?,
    };
    let secret = token.token().expose().to_owned();
    check(!secret.is_empty() && token.command().expose().contains(&secret), "the command holds the token")?;
    let manifest = registration.manifest_of(&token).await?;
    check(manifest.expose().contains("cattle-cluster-agent"), "the manifest installs no agent")?;
    let shown = format!("{token:?} {:?} {manifest:?}", token.command());
    check(!shown.contains(&secret), "the registration token is shown")?;
    Ok(token.id)
}

/// Made once, found again, registered by nobody, with another token in the place of the first, and removed by its name.
pub(super) async fn import(site: &Site) -> Outcome {
    site.writes_globally()?;
    site.may_globally("create", "clusters").await?;
    let registration = site.client.registration();
    let name = site.run.named("cluster");
    note(site, &Entry::Cluster { name: name.clone() }).map_err(Stop::Failed)?;
    let options = ImportOptions {
        description: format!("{name} of the live suite of the Rancher SDK, and removed when it ends"),
        labels: [(LABEL.to_owned(), site.run.to_string())].into(),
        ..Default::default()
    };
    let made = registration.import_cluster(&name, &options).await?;
    let labels = site.client.v3().collection("clusters")?.get(made.id.as_str()).await?;
    let kept = labels.get("labels").and_then(|labels| labels.get(LABEL)).and_then(|label| label.as_str());
    check(kept == Some(site.run.to_string().as_str()), "the cluster lost its label")?;
    let found = registration.ensure_imported(&name, &options).await?;
    check(!found.created && found.id == made.id, "the same name made another cluster")?;
    let twice = refused(registration.import_cluster(&name, &options).await, "the same name again")?;
    check(twice.kind() == ErrorKind::AlreadyExists, &twice)?;

    let first = secrets(&registration, &made.id).await?;
    let wait = WaitOptions { deadline: Duration::from_secs(3), ..patient() };
    let nobody =
        refused(registration.wait_ready(&made.id, wait)?.await, "a cluster without an agent is ready")?;
    check(
        nobody.kind() == ErrorKind::Timeout && nobody.summary().contains("no agent has called yet"),
        &nobody,
    )?;
    let rotate = RotateTokenOptions {
        token: TokenOptions { wait: patient(), ..Default::default() },
        wait: patient(),
        ..Default::default()
    };
    let rotated = registration.rotate_token(&made.id, &rotate).await?;
    check(rotated.created && rotated.deleted.contains(&first), format!("deleted: {:?}", rotated.deleted))?;

    let report = registration.removal(&made.id).await?;
    check(report.name == name && report.inside.iter().all(|seen| seen.count.is_none()), &report)?;
    // the rights on it go with it, and do not come back
    let wait = WaitOptions { rights_lag: Duration::from_secs(2), ..patient() };
    let remove = RemoveOptions { wait, clear_finalizers: false };
    let other =
        refused(registration.remove(&made.id, "another", &remove).await, "a removal by another name")?;
    check(other.kind() == ErrorKind::Invalid && other.field() == Some("confirm"), &other)?;
    match registration.remove(&made.id, &name, &remove).await {
        Ok(removed) => check(removed.id == made.id && removed.cleared.is_empty(), "another was removed")?,
        // who is no administrator loses sight of it with its rights; that it is gone, cleaning up finds out
        Err(error) if error.kind() == ErrorKind::PartlyDone => {
            return Ok(format!("{}; its removal was accepted, and its end not seen", made.id));
        }
        Err(error) => return fail(error.to_string()),
    }
    let gone = refused(registration.removal(&made.id).await, "a cluster that was removed")?;
    check(matches!(gone.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), &gone)?;
    Ok(format!("{}: token, command, manifest, another token, removed", made.id))
}
