//! What is refused, and what the client concludes from it: never more than the answers show.

use rancher_client::Client;
use rancher_client::credentials::Credential;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::types::Condition;
use rancher_client::types::info::Modifier;
use rancher_client::v3::Query;
use rancher_client::workflow::doctor::{CredentialVerdict, DoctorOptions, Verdict};

use crate::mark::letter;
use crate::outcome::{Outcome, Stop, check, refused};
use crate::site::Site;

fn random(length: usize) -> String {
    (0..length).map(|_| letter(b"bcdfghjklmnpqrstvwxz2456789")).collect()
}

/// Everything that an error can show.
fn shown(error: &Error) -> String {
    let evidence = error.evidence();
    format!("{error}{error:?}{error:#?}{evidence}{evidence:?}{}", evidence.to_json())
}

/// What a key that nobody ever had can be told: that it is dead, or that both remain. Never that it is alive.
pub(super) fn not_alive(error: &Error) -> Result<(), Stop> {
    let kind = error.kind();
    check(
        matches!(kind, ErrorKind::TokenRefused | ErrorKind::Undetermined),
        format!("a dead key is called {kind}: {error}"),
    )?;
    let dead = [Cause::TokenRefused, Cause::Deleted, Cause::WrongSecret, Cause::Expired, Cause::SwitchedOff];
    check(
        kind == ErrorKind::TokenRefused || error.causes().iter().any(|cause| dead.contains(cause)),
        format!("nothing says that the key may be dead: {:?}", error.causes()),
    )
}

/// What a living key can be told where it does not reach: never that it is dead.
pub(super) fn not_dead(error: &Error) -> Result<(), Stop> {
    let kind = error.kind();
    check(
        matches!(kind, ErrorKind::OutOfScope | ErrorKind::Undetermined),
        format!("a living key that does not reach so far is called {kind}: {error}"),
    )?;
    check(
        kind == ErrorKind::OutOfScope || error.causes().contains(&Cause::OutOfScope),
        format!("nothing says that the key may be of another scope: {:?}", error.causes()),
    )
}

/// A list of clusters, which no scoped key can have.
pub(super) async fn clusters(client: &Client) -> rancher_client::Result<usize> {
    client.clusters().list(Query::all()).collect().await.map(|clusters| clusters.len())
}

/// A key that nobody ever had.
pub(super) async fn wrong_key(site: &Site) -> Outcome {
    let secret = random(54);
    let client = site.with(Credential::parse(&format!("token-{}:{secret}", random(5)))?)?;
    let mut errors = vec![refused(clusters(&client).await, "a list with an invented key")?];
    if let Ok(cluster) = site.cluster() {
        let there = client.cluster(cluster.id())?;
        errors.push(refused(there.whoami().await, "a question to a cluster with an invented key")?);
    }
    for error in &errors {
        not_alive(error)?;
        check(!shown(error).contains(&secret), "the error shows the secret")?;
    }
    let options =
        DoctorOptions { cluster: site.cluster().ok().map(|there| there.id().clone()), ..Default::default() };
    let report = client.doctor(options).await?;
    check(
        matches!(report.verdict, Verdict::Refused | Verdict::Undetermined),
        format!("the doctor calls an invented key {}", report.verdict.as_str()),
    )?;
    check(
        report.credential.verdict != CredentialVerdict::Valid,
        "the doctor takes an invented key for accepted",
    )?;
    let kinds: Vec<&str> = errors.iter().map(|error| error.kind().as_str()).collect();
    Ok(format!("{}; the doctor: {}", kinds.join(", "), report.verdict.as_str()))
}

/// No key at all.
pub(super) async fn no_key(site: &Site) -> Outcome {
    let client = site.with(Credential::anonymous())?;
    client.server_version().await?;
    let error = refused(clusters(&client).await, "a list without a key")?;
    check(error.kind() == ErrorKind::Unauthenticated, &error)?;
    let report = client.doctor(DoctorOptions::default()).await?;
    check(
        report.credential.verdict != CredentialVerdict::Valid,
        "the doctor takes nobody for somebody: Kubernetes shows its version to everybody",
    )?;
    Ok(error.kind().to_string())
}

/// Ids that nothing has.
pub(super) async fn unknown_ids(site: &Site) -> Outcome {
    let id = format!("c-{}", random(5));
    let error = refused(site.client.clusters().get(&id).await, &format!("the cluster {id}"))?;
    let mut kinds = vec![error.kind().to_string()];
    if site.is_global() {
        // without a right on clusters, the server does not say that there is none
        check(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), &error)?;
        let error =
            refused(site.client.projects().get(&format!("{id}:p-{}", random(5))).await, "a project of it")?;
        check(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), &error)?;
        kinds.push(error.kind().to_string());
    } else {
        not_dead(&error)?;
    }
    if let Ok(cluster) = site.cluster() {
        let space = cluster.namespace(&format!("nosuch-{}", random(8)))?;
        let error = refused(space.get().await, "a namespace of an invented name")?;
        check(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden), &error)?;
        kinds.push(error.kind().to_string());
    }
    Ok(kinds.join(", "))
}

/// What the client refuses itself.
pub(super) async fn bad_input(site: &Site) -> Outcome {
    let client = &site.client;
    let unknown = Query::all().with(Condition::new("nosuchfield", Modifier::Eq, ["x"]));
    let errors = [
        refused(client.cluster("c-abcde:p-abcde"), "a project's id as a cluster's")?,
        refused(client.projects().get("../clusters").await, "a path as an id")?,
        refused(client.projects().list(unknown).collect().await, "a filter that does not exist")?,
        refused(client.projects().list(Query::all().limit(0)).collect().await, "pages of nothing")?,
    ];
    for error in &errors {
        check(error.kind() == ErrorKind::Invalid && error.http().is_none(), error)?;
    }
    Ok(format!("{} refused before anything was sent", errors.len()))
}
