//! Apps: Helm releases that Rancher installs in a cluster, from repositories of charts.

mod chart;
mod failure;
mod install;
mod operation;
mod release;
mod repo;
#[cfg(test)]
mod tests;
mod values;
mod wait;

pub use chart::{ChartIndex, ChartInfo, ChartVersion};
pub use install::{InstallOptions, UninstallOptions, UpgradeOptions};
pub use operation::{AppOperation, OperationPhase, OperationStatus};
pub use repo::{NewRepo, RepoSecret, Repos};

use crate::error::{Error, ErrorKind, Result};
use crate::paging::List;
use crate::proxy::ClusterProxy;
use crate::steve::{Resource, Steve, SteveQuery};
use crate::wire::{Kept, Object};

const APPS: &str = "catalog.cattle.io.apps";
const OPERATIONS: &str = "catalog.cattle.io.operations";

/// The apps of one cluster: `client.cluster(id)?.apps()`.
///
/// An app is a Helm release. Rancher installs, upgrades and uninstalls it in a pod of its own, an operation; the answer
/// to such a call only says that the operation has begun. [`AppOperation::wait`] waits until it is over, and until what
/// it deployed runs.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::apps::{InstallOptions, UpgradeOptions};
/// use rancher_client::wait::WaitOptions;
/// use rancher_client::wire::Object;
/// use serde_json::json;
///
/// let apps = client.cluster("c-prod1")?.apps();
/// let web = InstallOptions {
///     repo: "shop-charts".into(),
///     chart: "web".into(),
///     namespace: "shop-web".into(),
///     values: Object::try_from(json!({"replicas": 2}))?,
///     ..Default::default()
/// };
/// apps.install(&web).await?.wait(WaitOptions::default()).await?;
/// // the other values stay as they are
/// let more = UpgradeOptions { values: Object::try_from(json!({"replicas": 3}))?, ..Default::default() };
/// apps.upgrade("shop-web", "web", &more).await?.wait(WaitOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// A key without a scope, or one scoped to this cluster: everything goes through `/k8s/clusters/{id}`. Of rights, the
/// user needs those of the cluster to read repositories, to read and create apps in the namespace, and whatever the
/// chart makes.
#[derive(Debug, Clone)]
pub struct Apps {
    cluster: ClusterProxy,
    steve: Steve,
}

impl ClusterProxy {
    /// The apps of the cluster.
    pub fn apps(&self) -> Apps {
        Apps { cluster: self.clone(), steve: self.steve() }
    }
}

impl Apps {
    /// The repositories of charts that the cluster knows.
    pub fn repos(&self) -> Repos {
        Repos::new(self.clone())
    }

    fn resource(&self) -> Result<Resource> {
        self.steve.resource(APPS)
    }

    /// The apps that the user may see, of one namespace or of all if that is empty: every Helm release in the cluster,
    /// whoever installed it.
    ///
    /// # Errors
    /// As items of the stream, those of [`Resource::list`].
    ///
    /// # Scope
    /// See [`Apps`].
    pub fn list(&self, namespace: &str) -> Result<List<Kept<Object>>> {
        let namespace = Some(namespace).filter(|namespace| !namespace.is_empty()).map(str::to_owned);
        Ok(self.resource()?.list(SteveQuery { namespace, ..SteveQuery::default() }))
    }

    /// One app, by the namespace and the name of its release.
    ///
    /// Since Rancher 2.8.10, 2.9.4 and 2.10 it does not hold the values of the release, which can be secret
    /// (GHSA-9c5p-35gj-jqp4): see [`Apps::values`].
    ///
    /// # Errors
    /// `not_found` if there is none; `forbidden`; `invalid` if that is no name.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn get(&self, namespace: &str, release: &str) -> Result<Kept<Object>> {
        self.read("apps.get", namespace, release).await
    }

    async fn read(&self, operation: &'static str, namespace: &str, release: &str) -> Result<Kept<Object>> {
        let id = id_of(namespace, release)?;
        self.resource()?.get_with(operation, &id, &[]).await
    }

    /// The values that were given for a release, laid over those of its chart: `helm get values`. They can be secret.
    ///
    /// They are read from Helm's own record of the release, a Secret in its namespace. Of several revisions it is the
    /// one that an upgrade would build on: the newest, or the newest that was deployed if a later one failed.
    ///
    /// # Errors
    /// `not_found` if there is no such release; `forbidden` if the user may not read Secrets in the namespace;
    /// `conflict` if an operation of Helm is under way; `unsupported` if Helm keeps its records elsewhere.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn values(&self, namespace: &str, release: &str) -> Result<Object> {
        let app = self.read("apps.values", namespace, release).await?;
        let found = self.release_of("apps.values", namespace, release).await?;
        Ok(Object::from(self.values_of("apps.values", &app, namespace, &found).await?))
    }

    /// An operation by its id, `namespace/name`, that was begun before or by somebody else. Whether there is one is not
    /// asked.
    ///
    /// # Errors
    /// `invalid` if that is no id.
    pub fn operation(&self, id: &str) -> Result<AppOperation> {
        AppOperation::known(self.clone(), id)
    }
}

/// The id of an app: `namespace/release`.
fn id_of(namespace: &str, release: &str) -> Result<String> {
    crate::kubernetes::check_label("namespace", namespace)?;
    check_release(release)?;
    Ok(format!("{namespace}/{release}"))
}

/// Helm takes no longer name of a release (helm, `ValidateReleaseName`).
const LONGEST_RELEASE: usize = 53;

fn check_release(release: &str) -> Result<()> {
    if release.len() > LONGEST_RELEASE {
        return Err(Error::invalid(
            format!("nothing was sent: the name of a release has {LONGEST_RELEASE} characters at most"),
            "give a shorter name",
        )
        .with_field("release"));
    }
    crate::kubernetes::check_name(Some("apps"), "releases", release)
        .map_err(|error| error.with_field("release"))
}

/// An answer that is not what it should be.
fn unreadable(operation: &'static str, what: &str) -> Error {
    Error::new(ErrorKind::Decode, what, "another program may answer there; compare with curl")
        .with_operation(operation)
}
