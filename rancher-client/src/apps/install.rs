//! Installing, upgrading and uninstalling: what is checked before, and what is sent.

use serde_json::{Map, Value, json};
use std::time::Duration;

use super::chart::ChartVersion;
use super::repo::name_shown;
use super::values::{Masked, merged};
use super::{AppOperation, Apps, check_release, id_of, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::check_label;
use crate::wire::{Kept, Object};

/// Where an app's chart says which repository it came from; the dashboard and Rancher itself read it.
const SOURCE: &str = "catalog.cattle.io/ui-source-repo";
const SOURCE_TYPE: &str = "catalog.cattle.io/ui-source-repo-type";
/// The same, on apps that Rancher installs by itself.
const SOURCE_LABEL: &str = "catalog.cattle.io/cluster-repo-name";

/// As long as Rancher's dashboard gives Helm.
const HELM_TIMEOUT: Duration = Duration::from_secs(600);

/// What is installed, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct InstallOptions {
    /// The repository that holds the chart.
    pub repo: String,
    /// The chart.
    pub chart: String,
    /// Its version; if empty, the newest that is no prerelease.
    pub version: String,
    /// The namespace of the release. Rancher makes it if it is not there and the user may. It can be left out where the
    /// chart insists on one.
    pub namespace: String,
    /// The name of the release; if empty, that of the chart.
    pub release: String,
    /// The project that a new namespace is put into, `c-xxxxx:p-xxxxx`; none if empty.
    pub project: String,
    /// The values, laid over those of the chart. They go as they are; a null takes a default of the chart away.
    pub values: Object,
    /// Helm itself waits until what it deploys is ready, and fails where it is not in time. [`AppOperation::wait`] waits
    /// for rollouts without it.
    pub helm_wait: bool,
    /// How long Helm waits for each thing that it does; 10 minutes if not given.
    pub helm_timeout: Duration,
    /// Hooks of the chart are not run.
    pub no_hooks: bool,
    /// What Helm makes is not checked against the cluster's OpenAPI document.
    pub no_openapi_validation: bool,
    /// What Helm notes of it.
    pub description: String,
}

impl Default for InstallOptions {
    fn default() -> Self {
        Self {
            repo: String::new(),
            chart: String::new(),
            version: String::new(),
            namespace: String::new(),
            release: String::new(),
            project: String::new(),
            values: Object::default(),
            helm_wait: false,
            helm_timeout: HELM_TIMEOUT,
            no_hooks: false,
            no_openapi_validation: false,
            description: String::new(),
        }
    }
}

/// What an upgrade changes.
#[derive(Debug, Clone, PartialEq)]
pub struct UpgradeOptions {
    /// The version of the chart; if empty, the one that is installed, so that only values change.
    pub version: String,
    /// The values that change. They are laid over those of the release: objects are merged, everything else is
    /// replaced, lists whole, and null takes a value away, so that the chart's default counts again.
    pub values: Object,
    /// The given values alone count, beside those of the chart; what the release had is gone. Then no Secret of the
    /// release is read.
    pub reset_values: bool,
    /// The repository; if empty, the one that it was installed from.
    pub repo: String,
    /// As [`InstallOptions::helm_wait`].
    pub helm_wait: bool,
    /// As [`InstallOptions::helm_timeout`].
    pub helm_timeout: Duration,
    /// As [`InstallOptions::no_hooks`].
    pub no_hooks: bool,
    /// As [`InstallOptions::no_openapi_validation`].
    pub no_openapi_validation: bool,
    /// What cannot be changed in place is deleted and made anew.
    pub force: bool,
    /// What a failed upgrade made is deleted.
    pub cleanup_on_fail: bool,
    /// How many revisions Helm keeps; 5 if not given, as Rancher sets it.
    pub history_max: Option<u32>,
    /// What Helm notes of it.
    pub description: String,
}

impl Default for UpgradeOptions {
    fn default() -> Self {
        Self {
            version: String::new(),
            values: Object::default(),
            reset_values: false,
            repo: String::new(),
            helm_wait: false,
            helm_timeout: HELM_TIMEOUT,
            no_hooks: false,
            no_openapi_validation: false,
            force: false,
            cleanup_on_fail: false,
            history_max: None,
            description: String::new(),
        }
    }
}

/// How an app is uninstalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UninstallOptions {
    /// Helm keeps its record of the release, so that its name stays taken and it can be rolled back.
    pub keep_history: bool,
    /// As [`InstallOptions::no_hooks`].
    pub no_hooks: bool,
    /// As [`InstallOptions::helm_timeout`].
    pub helm_timeout: Duration,
    /// What Helm notes of it.
    pub description: String,
}

impl Default for UninstallOptions {
    fn default() -> Self {
        Self { keep_history: false, no_hooks: false, helm_timeout: HELM_TIMEOUT, description: String::new() }
    }
}

/// Puts in what was said, and leaves the rest to the server.
#[derive(Default)]
struct Body(Map<String, Value>);

impl Body {
    fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        let nothing = match &value {
            Value::Bool(wanted) => !wanted,
            Value::String(text) => text.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            value => value.is_null(),
        };
        if !nothing {
            self.0.insert(name.to_owned(), value);
        }
        self
    }
}

/// A span as Go reads it; parts of a second are not nothing.
fn span(timeout: Duration) -> Result<String> {
    if timeout.is_zero() {
        return Err(Error::invalid(
            "nothing was sent: Helm does nothing in no time",
            "10 minutes do for most charts",
        )
        .with_field("helm_timeout"));
    }
    // Go's spans end there
    const LONGEST: u64 = 9_000_000_000;
    Ok(format!("{}s", timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0)).min(LONGEST)))
}

/// A chart and what it needs before it, as both actions take them.
fn charts(
    chart: &ChartVersion,
    repo: &str,
    release: &str,
    more: impl Fn(Body) -> Body,
    values: Map<String, Value>,
) -> Result<Value> {
    let one = |name: &str, version: &str, release: &str, values: Map<String, Value>| {
        let body = Body::default()
            .with("chartName", name)
            .with("version", version)
            .with("releaseName", release)
            .with("annotations", json!({SOURCE: repo, SOURCE_TYPE: "cluster"}))
            .with("values", values);
        Value::Object(more(body).0)
    };
    let mut all = Vec::new();
    if let Some((needed, version)) = chart.needs()? {
        // without values and without a reset, Helm keeps those that this release has
        let mut needed = one(needed, version, needed, Map::new());
        if let Some(fields) = needed.as_object_mut() {
            fields.remove("resetValues");
        }
        all.push(needed);
    }
    all.push(one(&chart.name, &chart.version, release, values));
    Ok(Value::Array(all))
}

impl Apps {
    /// Installs a chart as a new release. The answer says that the operation has begun; [`AppOperation::wait`] waits for
    /// it and for what it deploys. It is not sent twice.
    ///
    /// A chart that says it needs another one before it, such as its custom resources, gets that in the same operation,
    /// as in Rancher's dashboard. The dashboard also sets `global.cattle` for some charts of Rancher's own, which this
    /// does not: the values are those that are given.
    ///
    /// # Errors
    /// Before anything is sent: `not_found` if there is no such repository, chart or version; `already_exists` if there
    /// is such a release, in whatever state; `invalid` if a name is none. Then `forbidden`, with the reason, if the
    /// user or a quota does not allow it. What Helm says comes from the operation.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn install(&self, options: &InstallOptions) -> Result<AppOperation> {
        self.installed(options).await.map_err(|error| error.with_operation("apps.install"))
    }

    async fn installed(&self, options: &InstallOptions) -> Result<AppOperation> {
        let operation = "apps.install";
        for (field, given) in [("repo", &options.repo), ("chart", &options.chart)] {
            if given.is_empty() {
                return Err(
                    Error::invalid(format!("nothing was sent: no {field} is named"), "").with_field(field)
                );
            }
        }
        if !options.release.is_empty() {
            check_release(&options.release)?;
        }
        if !options.namespace.is_empty() {
            check_label("namespace", &options.namespace).map_err(|error| error.with_field("namespace"))?;
        }
        self.check_project(&options.project)?;
        let timeout = span(options.helm_timeout)?;
        let repo = self.repos().read(operation, &options.repo).await?;
        let index = self.repos().index_of(operation, &repo).await?;
        let chart = index.find(&options.chart, &options.version)?;
        let (namespace, release) = (chart.namespace(&options.namespace)?, chart.release(&options.release)?);
        if namespace.is_empty() {
            return Err(Error::invalid("nothing was sent: a release is in a namespace", "name one")
                .with_field("namespace"));
        }
        self.check_free(operation, namespace, release, chart.needs()?.is_some()).await?;
        let values = options.values.fields().clone();
        let masked = Masked::all_of(&values);
        let described = |body: Body| body.with("description", options.description.as_str());
        let body = Body::default()
            .with("charts", charts(chart, &options.repo, release, described, values)?)
            .with("namespace", namespace)
            .with("projectId", options.project.as_str())
            .with("timeout", timeout)
            .with("wait", options.helm_wait)
            .with("noHooks", options.no_hooks)
            .with("disableOpenAPIValidation", options.no_openapi_validation);
        let begun =
            Begun { action: "install", namespace, release, chart: Some(chart), revision: Some(1), masked };
        self.start(super::repo::REPOS, &repo, body, begun).await
    }

    fn check_project(&self, project: &str) -> Result<()> {
        let of_cluster = project
            .split_once(':')
            .is_some_and(|(cluster, name)| cluster == self.cluster.id().as_str() && !name.is_empty());
        if project.is_empty() || of_cluster {
            return Ok(());
        }
        Err(Error::invalid(
            format!(
                "nothing was sent: {:?} is no project of the cluster {}",
                name_shown(project),
                self.cluster.id()
            ),
            "a project is like c-xxxxx:p-xxxxx",
        )
        .with_field("project"))
    }

    /// Refuses to install over a release. Helm does, too, but only after a pod was made for it, and not where the chart
    /// needs another one: then Rancher runs `helm upgrade --install`, which refuses no name (read in its source).
    async fn check_free(
        &self,
        operation: &'static str,
        namespace: &str,
        release: &str,
        needs: bool,
    ) -> Result<()> {
        match self.read(operation, namespace, release).await {
            Ok(app) => {
                let status =
                    app.pointer("/spec/info/status").and_then(Value::as_str).unwrap_or("in whatever state");
                Err(Error::new(
                    ErrorKind::AlreadyExists,
                    format!("nothing was sent: there is a release {release} in {namespace} ({status})"),
                    "upgrade it, uninstall it first, or give another name",
                )
                .with_field("release"))
            }
            // a namespace that is made with the release has no rights yet; Helm itself refuses a name that is taken
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) if error.kind() == ErrorKind::Forbidden && !needs => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Upgrades a release, and keeps the values that it has: see [`UpgradeOptions::values`]. The answer says that the
    /// operation has begun; [`AppOperation::wait`] waits for it and for what it deploys. It is not sent twice.
    ///
    /// Helm itself would forget all values but those that are given. So they are read from its record of the release,
    /// as [`Apps::values`] does, and sent with the given ones over them. Where they cannot be read, nothing is sent.
    /// Somebody else's upgrade between that reading and this one is not noticed, as Rancher takes no condition for it.
    ///
    /// # Errors
    /// Before anything is sent: `not_found` if there is no such release (Rancher would install it), chart or version;
    /// `conflict` if Helm is at work on it; `forbidden` or `unsupported` if its values cannot be read;
    /// `invalid` if it does not say which repository it came from, and none is named. Then as [`Apps::install`].
    ///
    /// # Scope
    /// See [`Apps`]. To keep values, the user must be allowed to read Secrets in the namespace.
    pub async fn upgrade(
        &self,
        namespace: &str,
        release: &str,
        options: &UpgradeOptions,
    ) -> Result<AppOperation> {
        self.upgraded(namespace, release, options).await.map_err(|error| error.with_operation("apps.upgrade"))
    }

    async fn upgraded(
        &self,
        namespace: &str,
        release: &str,
        options: &UpgradeOptions,
    ) -> Result<AppOperation> {
        let operation = "apps.upgrade";
        let timeout = span(options.helm_timeout)?;
        if options.history_max == Some(0) {
            return Err(Error::invalid(
                "nothing was sent: Rancher takes a history of 0 for one of 5",
                "say how many revisions Helm keeps",
            )
            .with_field("history_max"));
        }
        let app = self.read(operation, namespace, release).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                error.with_because(["what is not there is installed, not upgraded".to_owned()])
            }
            _ => error,
        })?;
        let metadata = |name: &str| {
            app.pointer("/spec/chart/metadata")?.get(name)?.as_str().filter(|text| !text.is_empty())
        };
        let Some(name) = metadata("name") else {
            return Err(unreadable(operation, "the app does not say which chart it is of"));
        };
        let repo_name = match options.repo.as_str() {
            "" => source_of(&app).ok_or_else(|| {
                Error::invalid(
                    "nothing was sent: the app does not say which repository its chart came from",
                    "name the repository",
                )
                .with_field("repo")
            })?,
            named => named,
        };
        let repo = self.repos().read(operation, repo_name).await?;
        let index = self.repos().index_of(operation, &repo).await?;
        let version = match options.version.as_str() {
            "" => metadata("version").unwrap_or_default(),
            version => version,
        };
        let chart = index.find(name, version)?;
        // the names that a chart insists on are those that it has, or this is another release of it
        chart.namespace(namespace)?;
        chart.release(release)?;
        let given = options.values.fields().clone();
        let (values, revision, masked) = if options.reset_values {
            let masked = Masked::all_of(&given);
            // the app can be behind Helm: without Helm's record, only the time of the deployment tells revisions apart,
            // and what the release had is not known
            (given, None, masked.not_whole())
        } else {
            let found = self.release_of(operation, namespace, release).await?;
            let kept = self.values_of(operation, &app, namespace, &found).await?;
            // what is taken away is masked, too
            let masked = Masked::all_of(&kept).and(&Masked::all_of(&given));
            (merged(kept, given), Some(found.newest), masked)
        };
        // these are all values: without this, Helm would take the old ones where there are none any more
        let described =
            |body: Body| body.with("description", options.description.as_str()).with("resetValues", true);
        let body = Body::default()
            .with("charts", charts(chart, repo_name, release, described, values)?)
            .with("namespace", namespace)
            .with("timeout", timeout)
            .with("wait", options.helm_wait)
            .with("noHooks", options.no_hooks)
            .with("disableOpenAPIValidation", options.no_openapi_validation)
            .with("force", options.force)
            .with("cleanupOnFail", options.cleanup_on_fail)
            .with("historyMax", options.history_max.map_or(Value::Null, Value::from));
        let begun = Begun {
            action: "upgrade",
            namespace,
            release,
            chart: Some(chart),
            revision: revision.map(|revision| revision + 1),
            masked,
        };
        self.start(super::repo::REPOS, &repo, body, begun).await
    }

    /// Uninstalls a release. The answer says that the operation has begun; [`AppOperation::wait`] waits until the app is
    /// gone. It is not sent twice.
    ///
    /// Custom resource definitions that came in a release of their own stay until that is uninstalled, too.
    ///
    /// # Errors
    /// `not_found` if there is no such release; `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn uninstall(
        &self,
        namespace: &str,
        release: &str,
        options: &UninstallOptions,
    ) -> Result<AppOperation> {
        let started = async {
            let timeout = span(options.helm_timeout)?;
            let app = self.read("apps.uninstall", namespace, release).await?;
            let body = Body::default()
                .with("timeout", timeout)
                .with("keepHistory", options.keep_history)
                .with("noHooks", options.no_hooks)
                .with("description", options.description.as_str());
            let begun = Begun {
                action: "uninstall",
                namespace,
                release,
                chart: None,
                revision: None,
                masked: Masked::default(),
            };
            self.start(super::APPS, &app, body, begun).await
        };
        started.await.map_err(|error| error.with_operation("apps.uninstall"))
    }

    async fn start(
        &self,
        kind: &str,
        object: &Kept<Object>,
        body: Body,
        begun: Begun<'_>,
    ) -> Result<AppOperation> {
        let answer = self.steve.resource(kind)?.action(object, begun.action, &Value::Object(body.0)).await?;
        let field = |name: &str| answer.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(namespace), Some(name)) = (field("operationNamespace"), field("operationName")) else {
            return Err(Error::new(
                ErrorKind::Decode,
                format!(
                    "the {} was accepted, and the answer does not say which operation does it",
                    begun.action
                ),
                "look at the operations of the namespace before it is done again",
            ));
        };
        let id = id_of(namespace, name)?;
        let chart = begun.chart.map(|chart| (chart.name.clone(), chart.version.clone()));
        let (chart, version) = chart.unwrap_or_default();
        Ok(AppOperation {
            apps: self.clone(),
            id,
            action: begun.action.to_owned(),
            namespace: begun.namespace.to_owned(),
            release: begun.release.to_owned(),
            chart,
            version,
            revision: begun.revision,
            masked: begun.masked,
        })
    }
}

/// What was begun.
struct Begun<'a> {
    action: &'static str,
    namespace: &'a str,
    release: &'a str,
    chart: Option<&'a ChartVersion>,
    /// The revision that comes of it, at least.
    revision: Option<u64>,
    masked: Masked,
}

/// The repository that an app says it came from.
fn source_of(app: &Object) -> Option<&str> {
    let annotations = app.pointer("/spec/chart/metadata/annotations");
    let annotation = |name: &str| annotations?.get(name)?.as_str().filter(|text| !text.is_empty());
    let label = || app.pointer("/metadata/labels")?.get(SOURCE_LABEL)?.as_str();
    annotation(SOURCE).or_else(label)
}
