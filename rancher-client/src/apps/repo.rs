//! Repositories of charts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::DATE;
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::{Apps, ChartIndex, ChartInfo, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::{check_label, check_name};
use crate::paging::List;
use crate::steve::{Deleted, Patch, Resource, SteveQuery};
use crate::transport::Request;
use crate::wait::{Judged, Until, Wait, WaitOptions};
use crate::wire::{Kept, Object, redact};

pub(super) const REPOS: &str = "catalog.cattle.io.clusterrepos";

/// What the server counts its readings in.
const SECOND: Duration = Duration::from_secs(1);

/// The repositories of charts that a cluster knows: `client.cluster(id)?.apps().repos()`.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::apps::NewRepo;
/// use rancher_client::wait::WaitOptions;
///
/// let repos = client.cluster("c-prod1")?.apps().repos();
/// let charts = NewRepo {
///     name: "shop-charts".into(),
///     url: "https://charts.example.com/shop".into(),
///     ..Default::default()
/// };
/// repos.create(&charts).await?;
/// repos.wait("shop-charts", WaitOptions::default()).await?;
/// for version in &repos.index("shop-charts").await?.entries["web"] {
///     println!("{} {}", version.version, version.description);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// See [`Apps`].
#[derive(Debug, Clone)]
pub struct Repos {
    apps: Apps,
}

/// A repository that shall be: over HTTP, of an OCI registry, or in Git.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct NewRepo {
    /// Its name.
    pub name: String,
    /// Where its index is, `https://charts.example.com/shop`, or the registry, `oci://registry.example.com/charts`
    /// (Rancher 2.9 and later). Give this or `git_repo`.
    pub url: String,
    /// The Git repository, `https://git.example.com/shop/charts.git`.
    pub git_repo: String,
    /// Its branch; if empty, the server takes `master`.
    pub git_branch: String,
    /// The Secret that holds what the repository asks for: `kubernetes.io/basic-auth`, `kubernetes.io/tls`, or
    /// `kubernetes.io/ssh-auth` for Git.
    pub secret: Option<RepoSecret>,
    /// The certificates that its server is trusted by, as PEM; the system's if empty.
    pub ca_pem: String,
    /// Its server's certificate is not checked. Whoever is in between can then put in charts of their own.
    pub insecure_tls: bool,
    /// A registry is asked without TLS. Only for `oci://`.
    pub insecure_plain_http: bool,
}

/// Where a Secret is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RepoSecret {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// A name as an error shows it.
pub(super) fn name_shown(name: &str) -> String {
    redact(name).chars().filter(|c| !c.is_control()).take(60).collect()
}

impl std::fmt::Debug for NewRepo {
    /// Without its address, which can hold a login until it is refused.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewRepo").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NewRepo {
    fn body(&self) -> Result<Object> {
        let wrong = |field: &'static str, what: &str, advice: &str| {
            Err(Error::invalid(format!("nothing was sent: {what}"), advice).with_field(field))
        };
        // Kubernetes' rule for names, which the core group states for all of its own
        check_name(Some(""), "repositories", &self.name).map_err(|error| error.with_field("name"))?;
        let (field, place) = match (self.url.is_empty(), self.git_repo.is_empty()) {
            (false, true) => ("url", &self.url),
            (true, false) => ("git_repo", &self.git_repo),
            (true, true) => {
                return wrong("url", "a repository is somewhere", "give url or git_repo");
            }
            (false, false) => {
                return wrong("url", "url and git_repo name two places", "give one of them");
            }
        };
        let scheme = place.split_once("://").map(|(scheme, _)| scheme);
        let known = match (field, scheme) {
            ("url", Some("http" | "https" | "oci")) => true,
            ("git_repo", Some("http" | "https" | "ssh")) => true,
            // git@git.example.com:shop/charts.git
            ("git_repo", None) => place.contains('@') && place.contains(':'),
            _ => false,
        };
        if !known || place.chars().any(|c| c.is_control() || c.is_whitespace()) {
            let advice = "url is https://, http:// or oci://; git_repo is https://, ssh:// or git@host:path";
            return wrong(field, "that is no place of a repository", advice);
        }
        let rest = place.split_once("://").map_or(place.as_str(), |(_, rest)| rest);
        let login = rest.rsplit_once('@').map(|(login, _)| login);
        // a user without a secret has only ssh: git@git.example.com
        let http = matches!(scheme, Some("http" | "https" | "oci"));
        if login.is_some_and(|login| http || login.contains(':')) {
            let advice = "everybody who sees the repository sees its address: put the password into a Secret, and name that";
            return wrong(field, "the address of the repository holds a password", advice);
        }
        let oci = scheme == Some("oci");
        if self.insecure_plain_http && !oci {
            return wrong(
                "insecure_plain_http",
                "only a registry, oci://, is asked without TLS that way",
                "",
            );
        }
        if !self.git_branch.is_empty() && field == "url" {
            return wrong("git_branch", "only what is in Git has a branch", "");
        }
        let mut spec = Map::new();
        let mut put = |name: &str, value: Value| spec.insert(name.to_owned(), value);
        put(if field == "url" { "url" } else { "gitRepo" }, json!(place));
        if !self.git_branch.is_empty() {
            put("gitBranch", json!(self.git_branch));
        }
        if let Some(secret) = &self.secret {
            check_label("namespace", &secret.namespace).map_err(|error| error.with_field("secret"))?;
            check_name(Some(""), "secrets", &secret.name).map_err(|error| error.with_field("secret"))?;
            put("clientSecret", json!({"namespace": secret.namespace, "name": secret.name}));
        }
        if !self.ca_pem.is_empty() {
            if !self.ca_pem.contains("-----BEGIN CERTIFICATE-----") {
                return wrong(
                    "ca_pem",
                    "ca_pem holds no certificate",
                    "it is PEM: -----BEGIN CERTIFICATE-----",
                );
            }
            put("caBundle", json!(STANDARD.encode(&self.ca_pem)));
        }
        for (name, wanted) in
            [("insecureSkipTLSVerify", self.insecure_tls), ("insecurePlainHttp", self.insecure_plain_http)]
        {
            if wanted {
                put(name, json!(true));
            }
        }
        let body = json!({"metadata": {"name": self.name}, "spec": spec});
        Object::try_from(body).map_err(Error::from)
    }
}

impl Repos {
    pub(super) fn new(apps: Apps) -> Self {
        Self { apps }
    }

    fn resource(&self) -> Result<Resource> {
        self.apps.steve.resource(REPOS)
    }

    /// The repositories that the user may see.
    ///
    /// # Errors
    /// As items of the stream, those of [`Resource::list`].
    ///
    /// # Scope
    /// See [`Apps`].
    pub fn list(&self) -> Result<List<Kept<Object>>> {
        Ok(self.resource()?.list(SteveQuery::default()))
    }

    /// One repository.
    ///
    /// # Errors
    /// `not_found` if there is none of this name; `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn get(&self, name: &str) -> Result<Kept<Object>> {
        self.read("apps.repos.get", name).await
    }

    pub(super) async fn read(&self, operation: &'static str, name: &str) -> Result<Kept<Object>> {
        self.resource()?.get_with(operation, name, &[]).await
    }

    /// Makes a repository known to the cluster. The server reads its index then, see [`Repos::wait`].
    ///
    /// # Errors
    /// `invalid` before anything is sent, if that is no repository, or its address holds a password; `already_exists`;
    /// `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn create(&self, repo: &NewRepo) -> Result<Kept<Object>> {
        let body = repo.body().map_err(|error| error.with_operation("apps.repos.create"))?;
        let created = self.resource()?.create(&body).await;
        created.map_err(|error| error.with_operation("apps.repos.create"))
    }

    /// Forgets a repository. What was installed from it stays, and can be upgraded from another one only.
    ///
    /// # Errors
    /// `not_found` if there is none of this name; `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn delete(&self, name: &str) -> Result<Deleted<Object>> {
        let deleted = self.resource()?.delete(name).await;
        deleted.map_err(|error| error.with_operation("apps.repos.delete"))
    }

    /// Has the server read the index of a repository again. It does so by itself now and then; [`Repos::wait`] waits
    /// until it has.
    ///
    /// # Errors
    /// `not_found` if there is none of this name; `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn refresh(&self, name: &str) -> Result<Kept<Object>> {
        let operation = "apps.repos.refresh";
        let connection = self.apps.cluster.connection();
        let request = Request::new(operation, Method::GET, self.resource()?.place(name)?);
        // a time that is still to come for the server would start nothing (rancher, `shouldRefresh`): it is the server's
        let (_, headers, body) = connection.whole(connection.by_road(request)?).await?;
        let mut now = server_time(&headers).unwrap_or_else(|| connection.clock().wall());
        if read_within(&body, now) {
            // nor would the second of the last reading: older servers take only a later one
            tokio::time::sleep(SECOND).await;
            now += SignedDuration::from_secs(1);
        }
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now).to_string();
        let patch = Patch::Merge(json!({"spec": {"forceUpdate": now}}));
        self.resource()?.patch(name, &patch).await.map_err(|error| error.with_operation(operation))
    }

    /// Waits until the server has read the index of a repository as it is now: after it was made, changed or
    /// [refreshed](Repos::refresh).
    ///
    /// # Errors
    /// `unsupported` if the repository is switched off; `timeout` with what the server said last, such as that it does
    /// not reach the repository. Otherwise see [`wait`](crate::wait).
    ///
    /// # Scope
    /// See [`Apps`].
    pub fn wait(&self, name: &str, options: WaitOptions) -> Wait<Object> {
        let (repos, named) = (self.clone(), name.to_owned());
        let until = Until::judged("its index was read", downloaded);
        Wait::new(
            "apps.repos.wait",
            format!("the repository {}", name_shown(name)),
            until,
            options,
            move || {
                let (repos, name) = (repos.clone(), named.clone());
                Box::pin(async move { repos.read("apps.repos.wait", &name).await })
            },
        )
    }

    /// The charts of a repository.
    ///
    /// # Errors
    /// `not_found` if there is none of this name, or its index was not read yet; `forbidden`.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn index(&self, name: &str) -> Result<ChartIndex> {
        let repo = self.read("apps.repos.index", name).await?;
        self.index_of("apps.repos.index", &repo).await
    }

    pub(super) async fn index_of(&self, operation: &'static str, repo: &Object) -> Result<ChartIndex> {
        let answer =
            self.follow(operation, repo, "index", &[]).await.map_err(|error| match error.kind() {
                // the ConfigMap that holds it is not there yet
                ErrorKind::NotFound => {
                    error.with_because(["the server has not read its index yet".to_owned()])
                }
                _ => error,
            })?;
        ChartIndex::read(answer).ok_or_else(|| unreadable(operation, "the answer is no index of charts"))
    }

    /// What a version of a chart says of itself: its values, its README. The newest that is no prerelease, if no
    /// version is named.
    ///
    /// # Errors
    /// `not_found` if there is no such repository, chart or version.
    ///
    /// # Scope
    /// See [`Apps`].
    pub async fn chart(&self, repo: &str, chart: &str, version: &str) -> Result<ChartInfo> {
        let operation = "apps.repos.chart";
        let repo = self.read(operation, repo).await?;
        let index = self.index_of(operation, &repo).await?;
        let found = index.find(chart, version).map_err(|error| error.with_operation(operation))?;
        let asked = [("chartName", chart), ("version", found.version.as_str())];
        let answer = self.follow(operation, &repo, "info", &asked).await?;
        ChartInfo::read(answer).ok_or_else(|| unreadable(operation, "the answer says nothing of a chart"))
    }

    async fn follow(
        &self,
        operation: &'static str,
        repo: &Object,
        link: &str,
        query: &[(&str, &str)],
    ) -> Result<Value> {
        let route = self.resource()?.link_of(repo, link).map_err(|error| error.with_operation(operation))?;
        let route = query.iter().fold(route, |route, (name, value)| route.with_query(name, value));
        let connection = self.apps.cluster.connection();
        connection.json(connection.by_road(Request::new(operation, Method::GET, route))?).await
    }
}

/// What the server takes for now.
fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    let date = headers.get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(date).ok().map(|zoned| zoned.timestamp())
}

/// Whether the index of a repository was read in this second.
fn read_within(repo: &[u8], now: Timestamp) -> bool {
    let repo: Value = serde_json::from_slice(repo).unwrap_or_default();
    let read = repo.pointer("/status/downloadTime").and_then(Value::as_str);
    read.and_then(|read| read.parse::<Timestamp>().ok())
        .is_some_and(|read| read.as_second() == now.as_second())
}

/// Whether the index of a repository was read as it is now (rancher, `ClusterRepo`: conditions `Downloaded`, and
/// `OCIDownloaded` of a registry).
///
/// Of a registry, the server notes a new time only where it found something new; that it looked is told by the
/// generation that it has seen (rancher, `onClusterRepoChange`).
fn downloaded(repo: &Object) -> Judged {
    let text = |pointer: &str| repo.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let number = |pointer: &str| repo.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    if repo.pointer("/spec/enabled").and_then(Value::as_bool) == Some(false) {
        return Err(Error::new(
            ErrorKind::Unsupported,
            "the repository is switched off, so that its index is not read",
            "set spec.enabled to true",
        ));
    }
    let oci = text("/spec/url").starts_with("oci://");
    let kind = if oci { "OCIDownloaded" } else { "Downloaded" };
    let conditions = repo.pointer("/status/conditions").and_then(Value::as_array);
    let condition = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind));
    let field =
        |name: &str| condition.and_then(|condition| condition.get(name)?.as_str()).unwrap_or_default();
    let said = Some(field("message")).filter(|said| !said.is_empty()).map(str::to_owned);
    if field("status") != "True" {
        let words = match condition {
            None => format!("it has no condition {kind} yet"),
            Some(_) => format!("condition {kind} is {}, not True", field("status")),
        };
        return Ok(Some((words, said)));
    }
    if number("/status/observedGeneration") < number("/metadata/generation") {
        return Ok(Some(("the server has not seen its last change yet".to_owned(), said)));
    }
    let time = |pointer: &str| text(pointer).parse::<Timestamp>().ok();
    match (time("/spec/forceUpdate"), time("/status/downloadTime")) {
        _ if oci => Ok(None),
        (Some(asked), Some(read)) if read < asked => {
            Ok(Some((format!("its index is of {read}, before it was to be read again"), said)))
        }
        (Some(_), None) => Ok(Some(("its index was not read yet".to_owned(), said))),
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_repository_is_not_sent() {
        let named = |change: fn(&mut NewRepo)| {
            let mut repo = NewRepo { name: "charts".into(), ..Default::default() };
            change(&mut repo);
            repo
        };
        type Change = fn(&mut NewRepo);
        let cases: [(Change, &str); 11] = [
            (|_| {}, "url"),
            (|repo| (repo.name, repo.url) = ("Shop_Charts".into(), "https://a.example.com".into()), "name"),
            (
                |repo| {
                    (repo.url, repo.git_repo) =
                        ("https://a.example.com".into(), "https://b.example.com".into())
                },
                "url",
            ),
            (|repo| repo.url = "charts.example.com".into(), "url"),
            (|repo| repo.git_repo = "oci://a.example.com".into(), "git_repo"),
            (|repo| repo.url = "https://me:S3CR3T@a.example.com/x".into(), "url"),
            (|repo| repo.git_repo = "https://me:S3CR3T@a.example.com/x".into(), "git_repo"),
            (
                |repo| (repo.url, repo.insecure_plain_http) = ("https://a.example.com".into(), true),
                "insecure_plain_http",
            ),
            (
                |repo| (repo.url, repo.git_branch) = ("https://a.example.com".into(), "main".into()),
                "git_branch",
            ),
            (|repo| (repo.url, repo.ca_pem) = ("https://a.example.com".into(), "S3CR3T".into()), "ca_pem"),
            (
                |repo| {
                    (repo.url, repo.secret) = ("https://a.example.com".into(), Some(RepoSecret::default()))
                },
                "secret",
            ),
        ];
        for (at, (change, field)) in cases.into_iter().enumerate() {
            let error = named(change).body().unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)), "case {at}");
            assert!(!format!("{error} {error:?}").contains("S3CR3T"), "{error:?}");
        }
    }

    #[test]
    fn a_repository_is_what_was_said() {
        let repo = NewRepo {
            name: "charts".into(),
            git_repo: "git@git.example.com:shop/charts.git".into(),
            git_branch: "main".into(),
            secret: Some(RepoSecret { namespace: "cattle-system".into(), name: "git".into() }),
            ca_pem: "-----BEGIN CERTIFICATE-----\n".into(),
            insecure_tls: true,
            ..Default::default()
        };
        assert_eq!(
            Value::from(repo.body().unwrap()),
            json!({"metadata": {"name": "charts"}, "spec": {
                "gitRepo": "git@git.example.com:shop/charts.git", "gitBranch": "main",
                "clientSecret": {"namespace": "cattle-system", "name": "git"}, "insecureSkipTLSVerify": true,
                "caBundle": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==",
            }})
        );
    }

    #[test]
    fn an_index_counts_when_it_is_of_the_repository_as_it_is_now() {
        let repo = |spec: Value, status: Value| {
            Object::try_from(json!({"metadata": {"generation": 2}, "spec": spec, "status": status})).unwrap()
        };
        let done = |kind: &str| json!([{"type": kind, "status": "True"}]);
        let missing = |repo: Object| downloaded(&repo).unwrap().map(|(words, _)| words);
        assert_eq!(missing(repo(json!({}), json!({}))).unwrap(), "it has no condition Downloaded yet");
        let failed = json!([{"type": "Downloaded", "status": "False", "message": "no route to host"}]);
        let (words, said) = downloaded(&repo(json!({}), json!({"conditions": failed}))).unwrap().unwrap();
        assert_eq!(
            (words.as_str(), said.as_deref()),
            ("condition Downloaded is False, not True", Some("no route to host"))
        );
        let status = json!({"observedGeneration": 1, "conditions": done("Downloaded")});
        assert!(missing(repo(json!({}), status)).unwrap().contains("last change"));
        let status = json!({"observedGeneration": 2, "conditions": done("Downloaded"),
            "downloadTime": "2026-11-22T05:00:00Z"});
        assert_eq!(missing(repo(json!({}), status.clone())), None);
        assert_eq!(missing(repo(json!({"forceUpdate": "2026-11-22T05:00:00Z"}), status.clone())), None);
        assert!(missing(repo(json!({"forceUpdate": "2026-11-22T05:00:01Z"}), status.clone())).is_some());
        assert!(missing(repo(json!({"url": "oci://a.example.com"}), status.clone())).is_some());
        // a registry in which nothing is new keeps the time of its last find
        let registry = json!({"url": "oci://a.example.com", "forceUpdate": "2026-11-22T06:00:00Z"});
        let seen = |generation: i64| {
            json!({"observedGeneration": generation, "conditions": done("OCIDownloaded"),
                "downloadTime": "2026-11-22T05:00:00Z"})
        };
        assert_eq!(missing(repo(registry.clone(), seen(2))), None);
        assert!(missing(repo(registry, seen(1))).unwrap().contains("last change"));
        let error = downloaded(&repo(json!({"enabled": false}), status)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
    }
}
