//! What every key may ask.

use rancher_client::error::ErrorKind;
use rancher_client::workflow::doctor::CredentialVerdict;
use secrecy::ExposeSecret as _;

use crate::outcome::{Outcome, check, fail};
use crate::site::Site;

/// The version needs no credential.
pub(super) async fn version(site: &Site) -> Outcome {
    let version = site.client.server_version().await?;
    check(!version.version.is_empty(), "the server has a version")?;
    let seen = &site.report.server.version;
    check(seen.as_deref() == Some(version.version.as_str()), format!("the doctor saw {seen:?}"))?;
    Ok(version.version)
}

/// What the doctor says holds, and shows no secret.
pub(super) async fn doctor(site: &Site) -> Outcome {
    let report = &site.report;
    check(report.server.reachable, "the server is reachable")?;
    check(report.credential.verdict == CredentialVerdict::Valid, "the credential is accepted somewhere")?;
    check(!report.probes.is_empty(), "the doctor says what it asked")?;
    let shown = format!("{report}{report:?}{}", report.to_json());
    if let Some(bearer) = site.client.config().credential.bearer() {
        let secret = bearer.expose_secret().rsplit(':').next().unwrap_or_default();
        check(secret.is_empty() || !shown.contains(secret), "the report shows the secret of the key")?;
    }
    Ok(format!("{}, {} questions", report.verdict.as_str(), report.probes.len()))
}

/// Who the cluster takes the user for is who Rancher takes it for.
pub(super) async fn whoami(site: &Site) -> Outcome {
    let me = site.cluster()?.whoami().await?;
    check(!me.user.is_empty(), "the cluster says who one is")?;
    if site.is_global() {
        match site.client.users().get(&me.user).await {
            Ok(user) => check(user.id.as_deref() == Some(me.user.as_str()), "the user is somebody else")?,
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::NotFound) => {}
            Err(error) => return fail(error.to_string()),
        }
        match site.client.ext().self_user().await {
            Ok(id) => check(id.as_str() == me.user, format!("the extension API takes the user for {id}"))?,
            // an older server
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => return fail(error.to_string()),
        }
    }
    Ok(me.user)
}
