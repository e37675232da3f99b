//! API keys that the run mints: what they open, what the client says of them, and what when they are gone.

use rancher_client::credentials::Credential;
use rancher_client::error::{Cause, ErrorKind};
use rancher_client::ext::{NewToken, TokenChange};
use rancher_client::scope::KeyScope;
use rancher_client::v3::Query;
use rancher_client::workflow::doctor::{DoctorOptions, Verdict};
use rancher_client::{Client, ClusterId};
use serde_json::json;
use std::time::{Duration, Instant};

use super::refusals::{clusters, not_alive, not_dead};
use crate::ground::{note, object};
use crate::journal::Entry;
use crate::outcome::{Outcome, Stop, check, fail, refused, skip};
use crate::site::Site;

/// Keys live for an hour, should nothing delete them before.
const HOUR: u64 = 3_600_000;

/// How long a server of several replicas may take to forget a key.
const FORGETTING: Duration = Duration::from_secs(30);

struct Minted {
    id: String,
    credential: Credential,
}

/// Notes a key that is about to be made, and returns what shall stand in its description.
fn described(site: &Site, what: &str) -> Result<String, Stop> {
    site.writes_globally()?;
    let name = site.run.named(what);
    note(site, &Entry::Key { name: name.clone() }).map_err(Stop::Skipped)?;
    Ok(format!("{name} of the live suite"))
}

async fn mint(site: &Site, what: &str, cluster: Option<&str>) -> Result<Minted, Stop> {
    let description = described(site, what)?;
    let mut wanted = object(json!({"type": "token", "description": description, "ttl": HOUR}))?;
    if let Some(cluster) = cluster {
        wanted.set("clusterId", cluster);
    }
    let made = site.client.v3().collection("tokens")?.create(&wanted).await?;
    let (Some(id), Some(token)) = (made.id(), made.text("token")) else {
        return fail("a key was made without its id or its secret");
    };
    check(!format!("{made:?}").contains(token), "the secret of the new key is shown")?;
    Ok(Minted { id: id.to_owned(), credential: Credential::parse(token)? })
}

/// Deletes the key, and asks until it is refused.
async fn until_refused<T, F: Future<Output = rancher_client::Result<T>>>(
    site: &Site,
    id: &str,
    ask: impl Fn() -> F,
) -> Result<rancher_client::Error, Stop> {
    site.client.tokens().delete(id).await?;
    ends(ask).await
}

/// Asks until the key is refused.
async fn ends<T, F: Future<Output = rancher_client::Result<T>>>(
    ask: impl Fn() -> F,
) -> Result<rancher_client::Error, Stop> {
    let deadline = Instant::now() + FORGETTING;
    loop {
        match ask().await {
            Err(error) => return Ok(error),
            Ok(_) if Instant::now() > deadline => {
                return fail(format!("a dead key is good after {} s", FORGETTING.as_secs()));
            }
            Ok(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

fn of(cluster: &ClusterId) -> DoctorOptions {
    DoctorOptions { cluster: Some(cluster.clone()), ..Default::default() }
}

/// What the run's own key says of a dead one. That there is no key of the name proves nothing to who sees only its own.
async fn witnessed(site: &Site, client: &Client) -> Result<Vec<Cause>, Stop> {
    let options =
        DoctorOptions { witness: Some(site.client.config().credential.clone()), ..of(site.cluster()?.id()) };
    let report = client.doctor(options).await?;
    check(
        matches!(report.verdict, Verdict::Refused | Verdict::Undetermined),
        format!("with a witness, the doctor calls a dead key {}", report.verdict.as_str()),
    )?;
    Ok(report.credential.causes)
}

/// The run's own key, if it is of one cluster: out of scope elsewhere, and good there, before and after.
async fn own_scope(site: &Site, own: &ClusterId) -> Outcome {
    // one without an agent answers nobody
    site.cluster()?;
    let client = site.with(site.client.config().credential.clone())?;
    let first = refused(clusters(&client).await, "the list of all clusters with a scoped key")?;
    not_dead(&first)?;
    client.cluster(own)?.whoami().await?;
    client.clusters().get(own.as_str()).await?;
    let then = refused(clusters(&client).await, "the list of all clusters with a scoped key")?;
    check(then.kind() == ErrorKind::OutOfScope, format!("now it is known what the key is of: {then}"))?;
    client.v3().in_cluster(own).collection("namespaces")?.list(Query::all()).collect().await?;
    Ok(format!("the own key: first {}, then {}", first.kind(), then.kind()))
}

/// A key of one cluster: good there, out of scope elsewhere, refused when it is gone, and never one for the other. The
/// run's own, if it is such a key; else one that it mints.
pub(super) async fn scoped_key(site: &Site) -> Outcome {
    if let Some(KeyScope::Cluster(own)) = &site.report.credential.scope {
        return own_scope(site, own).await;
    }
    let own = site.cluster()?.id().clone();
    let minted = mint(site, "scoped", Some(own.as_str())).await?;
    let client = site.with(minted.credential.clone())?;
    let first = refused(clusters(&client).await, "the list of all clusters with a scoped key")?;
    not_dead(&first)?;
    let cluster = client.cluster(&own)?;
    cluster.whoami().await?;
    client.clusters().get(own.as_str()).await?;
    client.projects().list(Query::in_cluster(&own)).collect().await?;
    let then = refused(clusters(&client).await, "the list of all clusters with a scoped key")?;
    check(then.kind() == ErrorKind::OutOfScope, format!("now it is known what the key is of: {then}"))?;
    let elsewhere = site.client.clusters().list(Query::all()).collect().await?;
    let other = elsewhere.iter().filter_map(|cluster| cluster.id.as_deref()).find(|id| *id != own.as_str());
    if let Some(other) = other {
        let error = refused(client.cluster(other)?.whoami().await, "another cluster with a scoped key")?;
        not_dead(&error)?;
    }
    let report = site.with(minted.credential.clone())?.doctor(of(&own)).await?;
    check(matches!(report.verdict, Verdict::Usable | Verdict::Limited), format!("a living key: {report}"))?;
    check(report.credential.scope == Some(KeyScope::Cluster(own.clone())), "the doctor sees another scope")?;

    let gone = until_refused(site, &minted.id, || cluster.whoami()).await?;
    check(gone.kind() == ErrorKind::TokenRefused, format!("it is known to be of this cluster: {gone}"))?;
    let stranger = site.with(minted.credential)?;
    not_alive(&refused(stranger.cluster(&own)?.whoami().await, "a deleted key")?)?;
    let causes = witnessed(site, &stranger).await?;
    check(
        causes.contains(&Cause::Deleted) || causes.contains(&Cause::TokenRefused),
        format!("nothing says that it is gone: {causes:?}"),
    )?;
    Ok(format!("alive: first {}, then {}; gone: {}", first.kind(), then.kind(), gone.kind()))
}

/// A key without a scope, and the same key with a secret that is not its own.
pub(super) async fn unscoped_key(site: &Site) -> Outcome {
    let minted = mint(site, "unscoped", None).await?;
    let client = site.with(minted.credential.clone())?;
    let count = clusters(&client).await?;
    let report = client.doctor(DoctorOptions::default()).await?;
    check(report.credential.scope == Some(KeyScope::Global), "the doctor sees a scope")?;
    let wrong = site
        .with(Credential::key_pair(&minted.id, "bcdfghjklmnpqrstvwxz2456789bcdfghjklmnpqrstvwxz2456789")?)?;
    not_alive(&refused(clusters(&wrong).await, "a secret that is not the key's")?)?;
    if site.cluster().is_ok() {
        let causes = witnessed(site, &wrong).await?;
        check(!causes.contains(&Cause::Deleted), "a wrong secret is taken for a deleted key")?;
    }
    let gone = until_refused(site, &minted.id, || clusters(&client)).await?;
    check(gone.kind() == ErrorKind::TokenRefused, format!("it is known to have had no scope: {gone}"))?;
    Ok(format!("{count} clusters; gone: {}", gone.kind()))
}

/// A token of `ext.cattle.io`: good; refused when it is switched off, and when it is gone.
pub(super) async fn ext_token(site: &Site) -> Outcome {
    site.global()?;
    let tokens = site.client.ext().tokens();
    match tokens.list().await {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::Unsupported => return skip(error.summary()),
        Err(error) => return fail(error.to_string()),
    }
    let new = NewToken {
        description: described(site, "ext")?,
        ttl: Some(Duration::from_millis(HOUR)),
        ..Default::default()
    };
    let made = tokens.create(&new).await?;
    check(!made.clamped(), format!("an hour became {:?}", made.token.ttl))?;
    let name = made.token.name.as_str();
    let client = site.with(made.credential.clone())?;
    clusters(&client).await?;
    let off = TokenChange { enabled: Some(false), ..Default::default() };
    check(!tokens.update(name, &off).await?.enabled, "it is still on")?;
    let off = ends(|| clusters(&client)).await?;
    not_alive(&off)?;
    tokens.delete(name).await?;
    let stranger = site.with(made.credential)?;
    not_alive(&refused(clusters(&stranger).await, "a deleted token")?)?;
    let gone = refused(tokens.get(name).await, "the record of a deleted token")?;
    check(matches!(gone.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), &gone)?;
    Ok(format!("off: {}; gone: {}", off.kind(), gone.kind()))
}
