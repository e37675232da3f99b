//! Operations: what Helm does in a pod of its own, looked at and listened to.

use http::Method;
use serde_json::Value;
use std::time::Duration;

use super::values::Masked;
use super::{Apps, OPERATIONS, id_of};
use crate::error::{Error, ErrorKind, Result};
use crate::proxy::{LogForm, LogLines};
use crate::scope::Route;
use crate::steve::Resource;
use crate::transport::{Body, Expect, Patience, Request};
use crate::wire::{Kept, Object, redact};

/// How long from one look to the next, while a pod is not there yet.
const POLL: Duration = Duration::from_secs(1);

/// How long a pod may take to come. A larger image takes longer.
const POD_LAG: Duration = Duration::from_secs(300);

/// Something that Helm does in the cluster: an install, an upgrade, an uninstall.
///
/// Dropping it stops nothing: Helm goes on. By its id, [`Apps::operation`] takes it up again.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct AppOperation {
    pub(super) apps: Apps,
    pub(super) id: String,
    pub(super) action: String,
    pub(super) namespace: String,
    pub(super) release: String,
    pub(super) chart: String,
    pub(super) version: String,
    pub(super) revision: Option<u64>,
    /// What is masked in what is told of it.
    pub(super) masked: Masked,
}

/// How far an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OperationPhase {
    /// Its pod is not there yet, or does not run.
    Waiting,
    /// Helm runs.
    Running,
    /// Helm ended well.
    Succeeded,
    /// Helm ended with an error.
    Failed,
    /// Its pod is gone, and nobody saw how Helm ended.
    Unknown,
}

impl OperationPhase {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// What an operation says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperationStatus {
    /// How far it is.
    pub phase: OperationPhase,
    /// What Rancher says of it, without values and credentials.
    pub message: String,
    /// What it does: `install`, `upgrade`, `uninstall`.
    pub action: String,
    /// The namespace of the release.
    pub namespace: String,
    /// The name of the release.
    pub release: String,
}

impl OperationStatus {
    /// Reads it as Rancher's controller writes it (rancher, `onOperationChange`; assumed): `Stalled` says that Helm
    /// failed, `Reconciling` that it runs or will, and both are False when it ended well, and also when its pod was gone
    /// before anybody looked, in which case `podCreated` is missing.
    pub(super) fn read(operation: &Object, masked: &Masked) -> Self {
        let text = |pointer: &str| operation.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let conditions = operation.pointer("/status/conditions").and_then(Value::as_array);
        let condition = |kind: &str| {
            let mut conditions = conditions.into_iter().flatten();
            let found = conditions.rfind(|one| one.get("type").and_then(Value::as_str) == Some(kind))?;
            let field = |name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default();
            Some((field("status"), field("message")))
        };
        let seen = operation.pointer("/status/podCreated").and_then(Value::as_bool) == Some(true);
        let (phase, message) = match (condition("Stalled"), condition("Reconciling")) {
            (Some(("True", message)), _) => (OperationPhase::Failed, message),
            (_, Some(("True", message))) if seen => (OperationPhase::Running, message),
            (_, Some(("True", message))) => (OperationPhase::Waiting, message),
            (Some(("False", _)), Some(("False", _))) if seen => (OperationPhase::Succeeded, ""),
            (Some(("False", _)), Some(("False", _))) => (OperationPhase::Unknown, "its pod is gone"),
            _ => (OperationPhase::Waiting, "nothing was seen of its pod yet"),
        };
        Self {
            phase,
            message: masked.line(message),
            action: text("/status/action").to_owned(),
            namespace: text("/status/namespace").to_owned(),
            release: text("/status/releaseName").to_owned(),
        }
    }
}

impl AppOperation {
    pub(super) fn known(apps: Apps, id: &str) -> Result<Self> {
        let Some((namespace, name)) = id.split_once('/') else {
            let shown: String = redact(id).chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(Error::invalid(
                format!("nothing was sent: {shown:?} is no id of an operation"),
                "an id is namespace/name",
            )
            .with_field("id"));
        };
        Ok(Self {
            id: id_of(namespace, name)?,
            apps,
            action: String::new(),
            namespace: String::new(),
            release: String::new(),
            chart: String::new(),
            version: String::new(),
            revision: None,
            masked: Masked::default(),
        })
    }

    /// The same, of which it is known which revision of the release it makes, at least. Then a wait does not take an
    /// older one for it.
    #[must_use]
    pub fn of_revision(mut self, revision: u64) -> Self {
        self.revision = Some(revision);
        self
    }

    /// The same, of which it is known which version of the chart it deploys. Then a wait does not take another one for
    /// it.
    #[must_use]
    pub fn of_version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.version);
        self
    }

    /// Its id, `namespace/name`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// What it does: `install`, `upgrade`, `uninstall`; empty if it was taken up by its id.
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The namespace of the release; empty if it was taken up by its id.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The name of the release; empty if it was taken up by its id.
    pub fn release(&self) -> &str {
        &self.release
    }

    /// The chart; empty for an uninstall, or if it was taken up by its id.
    pub fn chart(&self) -> &str {
        &self.chart
    }

    /// The version of the chart; empty for an uninstall, or if it was taken up by its id.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The revision of the release that comes of it, at least, where that is known.
    pub fn revision(&self) -> Option<u64> {
        self.revision
    }

    fn resource(&self) -> Result<Resource> {
        self.apps.steve.resource(OPERATIONS)
    }

    /// The operation as Rancher keeps it.
    ///
    /// # Errors
    /// `not_found` if there is none: Rancher forgets an operation about an hour after it began.
    ///
    /// # Scope
    /// See [`Apps`]. Whoever began an operation may read it.
    pub async fn get(&self) -> Result<Kept<Object>> {
        self.read("apps.operation").await
    }

    pub(super) async fn read(&self, operation: &'static str) -> Result<Kept<Object>> {
        self.resource()?.get_with(operation, &self.id, &[]).await
    }

    /// How far it is.
    ///
    /// # Errors
    /// As [`AppOperation::get`].
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn status(&self) -> Result<OperationStatus> {
        Ok(OperationStatus::read(&*self.read("apps.operation").await?, &self.masked))
    }

    /// What Helm writes, line by line as it comes, until it ends. `tail` is for the last lines only, so many. Where its
    /// pod is not there yet, it is waited for, five minutes at most.
    ///
    /// A chart can write secrets into its notes, and Helm shows notes.
    ///
    /// ```no_run
    /// # async fn run(operation: rancher_client::apps::AppOperation) -> rancher_client::Result<()> {
    /// use futures_util::TryStreamExt;
    ///
    /// let mut lines = operation.logs(None);
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{}", line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As items of the stream: `not_found` if the operation or its pod is gone; `timeout` if its pod does not come;
    /// `connect` if the connection breaks.
    ///
    /// # Scope
    /// See [`Apps`]. It takes no right on the pod: Rancher shows this log to whoever may read the operation.
    pub fn logs(&self, tail: Option<u64>) -> LogLines {
        let operation = self.clone();
        // Helm has a terminal (rancher, `createPod`)
        let form = LogForm { stamped: false, terminal: true };
        LogLines::of("apps.logs", form, async move { operation.open_log("apps.logs", true, tail).await })
    }

    /// Opens the log by the operation's link, which Rancher answers with the pod's log (rancher, `proxyLogRequest`; a
    /// plain GET does, as terraform-provider-rancher2 reads it; assumed).
    pub(super) async fn open_log(
        &self,
        operation: &'static str,
        follow: bool,
        tail: Option<u64>,
    ) -> Result<(Body, Route)> {
        let route = self.log_link(operation, follow).await?;
        let route = if follow { route.with_query("follow", "true") } else { route };
        let route = match tail {
            Some(tail) => route.with_query("tailLines", &tail.to_string()),
            None => route,
        };
        let connection = self.apps.cluster.connection();
        let request = Request {
            expect: Expect::Text,
            patience: if follow { Patience::Stream } else { Patience::Configured },
            ..Request::new(operation, Method::GET, connection.road_for(route.clone())?)
        };
        let answer = connection.send(request).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                error.with_because(["the pod of the operation is gone, and its log with it".to_owned()])
            }
            _ => error,
        })?;
        Ok((answer.body, route))
    }

    /// The link of the log, which an operation has once its pod was seen.
    async fn log_link(&self, operation: &'static str, patient: bool) -> Result<Route> {
        let until = tokio::time::Instant::now() + POD_LAG;
        loop {
            let object = self.read(operation).await?;
            if object.pointer("/links/logs").is_some() {
                return self.resource()?.link_of(&object, "logs");
            }
            let status = OperationStatus::read(&object, &self.masked);
            let ended = !matches!(status.phase, OperationPhase::Waiting | OperationPhase::Running);
            if ended || !patient {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    format!("the operation {} has no log ({})", self.id, status.phase.as_str()),
                    "its pod is gone, or did not run yet",
                )
                .with_retry(!ended, None));
            }
            if tokio::time::Instant::now() >= until {
                return Err(Error::new(
                    ErrorKind::Timeout,
                    format!("after {POD_LAG:?}, the pod of the operation {} does not run: {}", self.id, status.message),
                    "look at the pods and events of cattle-system: it may have no node, or its image cannot be pulled",
                )
                .with_retry(true, None));
            }
            tokio::time::sleep(POLL).await;
        }
    }
}
