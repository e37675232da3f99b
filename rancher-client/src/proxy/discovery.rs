//! Which resources a cluster has: found when they are asked for, never before.

use futures_util::StreamExt as _;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use serde_json::Value;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use super::built_in::{self, BUILT_IN};
use super::{ClusterProxy, Resource};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::{check_group, check_label};
use crate::wire::{Object, redact};

/// Many groups are asked for at a time where the server does not tell all in one answer.
const AT_A_TIME: usize = 8;

/// A resource as the cluster serves it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub struct ApiResource {
    /// The API group; empty for the core group.
    pub group: String,
    /// The version that the cluster prefers.
    pub version: String,
    /// The plural, by which paths name it: `deployments`.
    pub plural: String,
    /// The kind, by which objects name it: `Deployment`.
    pub kind: String,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// What else it is called: `deploy`.
    pub short_names: Vec<String>,
}

impl ApiResource {
    /// One whose scope and short names are not known.
    #[cfg(feature = "kube")]
    pub(super) fn named(group: &str, version: &str, plural: &str, kind: &str) -> Self {
        let [group, version, plural, kind] = [group, version, plural, kind].map(str::to_owned);
        Self { group, version, plural, kind, ..Self::default() }
    }

    /// Where its objects are.
    pub fn resource(&self) -> Resource<'_> {
        Resource::of(&self.group, &self.version, &self.plural)
    }

    fn is_called(&self, name: &str) -> bool {
        means(name, &self.plural, &self.kind, &self.short_names)
    }

    fn full(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// Whether a name means a resource: its plural, its kind in any case, or one of its other names.
pub(super) fn means(name: &str, plural: &str, kind: &str, others: &[impl AsRef<str>]) -> bool {
    plural == name || kind.eq_ignore_ascii_case(name) || others.iter().any(|other| other.as_ref() == name)
}

/// What a cluster said of its groups; clones of a [`ClusterProxy`] share it.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<GroupVersion, Arc<Vec<ApiResource>>>>);

type GroupVersion = (String, String);

/// Takes a name apart: `deployments.v1.apps`, `deployments.apps`, `deployments`.
fn parts(name: &str) -> (&str, &str, &str) {
    let Some((plural, rest)) = name.split_once('.') else { return (name, "", "") };
    match rest.split_once('.') {
        Some((version, group)) if is_version(version) => (plural, version, group),
        _ if is_version(rest) => (plural, rest, ""),
        _ => (plural, "", rest),
    }
}

/// `v1`, `v2beta1`.
fn is_version(text: &str) -> bool {
    let digits = text.strip_prefix('v').unwrap_or_default();
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

impl ClusterProxy {
    /// Finds out which resource a name means, as kubectl does: `deployments`, `deployment`, `deploy`, `Deployment`,
    /// `deployments.apps`, `widgets.v1.example.com`.
    ///
    /// What every Kubernetes has needs no request. For other names with a group only that group is asked for, its
    /// preferred version first, and for those without one, all groups, in one request where the server can. What was
    /// found is remembered by this handle and its clones.
    ///
    /// # Errors
    /// `not_found` if the cluster serves no such resource; `invalid` if several groups have one of this name (the error
    /// names them), or if that is no name; `unavailable` if no group that answered has one, and some did not answer.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn resolve(&self, name: &str) -> Result<ApiResource> {
        let (plural, version, group) = parts(name);
        let word = |text: &str| {
            !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !word(plural) {
            return Err(Error::invalid(
                format!("{:?} is no resource", shown(name)),
                "say it like kubectl: deployments, deploy, Deployment, widgets.example.com",
            ));
        }
        if version.is_empty() && group.is_empty() {
            return match built_in::named("", plural) {
                Some(known) => Ok(known.into()),
                None => self.search(plural).await,
            };
        }
        if !group.is_empty() {
            check_group(group)?;
        }
        let fits = |found: &ApiResource| found.is_called(plural);
        if !version.is_empty() {
            return self.in_version(group, version, plural, fits).await;
        }
        // the version that a group prefers does not have all of its resources
        for version in self.versions(group).await? {
            match self.in_version(group, &version, plural, fits).await {
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                found => return found,
            }
        }
        Err(missing(&format!("{:?} in {group}", shown(plural))))
    }

    /// Which resource an object is of, by its `apiVersion` and `kind`. What every Kubernetes has needs no request.
    ///
    /// # Errors
    /// `invalid` if the object does not say; `not_found` if the cluster serves no such kind.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn resource_of(&self, object: &Object) -> Result<ApiResource> {
        let text = |field: &str| {
            object.text(field).filter(|text| !text.is_empty()).ok_or_else(|| {
                Error::invalid(
                    format!("the object has no {field}, so that nobody knows what it is"),
                    "write it as in a manifest: apiVersion: apps/v1, kind: Deployment",
                )
                .with_field(field.to_owned())
            })
        };
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let known = BUILT_IN.iter().find(|known| known.0 == group && known.1 == version && known.3 == kind);
        if let Some(known) = known {
            return Ok(known.into());
        }
        if !group.is_empty() {
            check_group(group).map_err(|error| error.with_field("apiVersion"))?;
        }
        check_label("version of an API group", version).map_err(|error| error.with_field("apiVersion"))?;
        self.in_version(group, version, kind, |found| found.kind == kind).await
    }

    /// The resources of one group and version, from what is remembered if that has what is looked for.
    async fn in_version(
        &self,
        group: &str,
        version: &str,
        name: &str,
        fits: impl Fn(&ApiResource) -> bool,
    ) -> Result<ApiResource> {
        let key = (group.to_owned(), version.to_owned());
        let known = self.known.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        // what is not there may have come since
        if let Some(found) = known.and_then(|known| known.iter().find(|found| fits(found)).cloned()) {
            return Ok(found);
        }
        let found = self.version_of(group, version).await?;
        let found = found.ok_or_else(|| missing(&format!("API group version {}", of(group, version))))?;
        let fitting = found.iter().find(|found| fits(found)).cloned();
        self.known.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, Arc::new(found));
        fitting.ok_or_else(|| missing(&format!("{:?} in {}", shown(name), of(group, version))))
    }

    /// What one group serves in one version; nothing if it does not serve that.
    async fn version_of(&self, group: &str, version: &str) -> Result<Option<Vec<ApiResource>>> {
        let segments = match group {
            "" => vec!["api", version],
            group => vec!["apis", group, version],
        };
        let answer = self.send(self.request("cluster.resolve", Method::GET, &segments)?).await;
        match answer {
            Ok(answer) => Ok(Some(read_version(group, version, &answer))),
            Err(error) if error.kind() == ErrorKind::NotFound && !error.no_such_cluster() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The versions of a group, the one that the cluster prefers first.
    async fn versions(&self, group: &str) -> Result<Vec<String>> {
        let answer = self.send(self.request("cluster.resolve", Method::GET, &["apis", group])?).await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::NotFound if !error.no_such_cluster() => {
                missing(&format!("API group {group}")).with_source(error)
            }
            _ => error,
        })?;
        let versions = read_versions(&answer);
        if versions.is_empty() { Err(missing(&format!("API group {group}"))) } else { Ok(versions) }
    }

    /// What many groups serve in one version each.
    async fn versions_of(&self, asked: Vec<GroupVersion>) -> Result<Served> {
        let asked = asked.into_iter().map(|(group, version)| async move {
            let answer = self.version_of(&group, &version).await;
            (group, answer)
        });
        let mut answers = futures_util::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_A_TIME);
        let mut served = Served::default();
        while let Some((group, answer)) = answers.next().await {
            match answer {
                Ok(found) => served.resources.extend(found.unwrap_or_default()),
                // an aggregated API that is out of order does not hide the others
                Err(error) if error.kind() == ErrorKind::Unavailable => served.unheard.push(group),
                Err(error) => return Err(error),
            }
        }
        Ok(served)
    }

    /// Looks for a name in all groups.
    async fn search(&self, name: &str) -> Result<ApiResource> {
        let mut request = self.request("cluster.resolve", Method::GET, &["apis"])?;
        // Kubernetes 1.30 and later tell all in one answer; others answer with the names of the groups
        let form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        request.headers.insert(ACCEPT, HeaderValue::from_static(form));
        let answer = self.send(request).await?;
        let mut served = match answer.get("kind").and_then(Value::as_str) {
            Some("APIGroupDiscoveryList") => read_all(&answer).called(name),
            _ => {
                let groups = answer.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
                let (preferred, others) = groups_of(&groups);
                let mut served = self.versions_of(preferred).await?.called(name);
                if served.resources.is_empty() {
                    // some resources are in no version that is preferred
                    let older = self.versions_of(others).await?.called(name);
                    served.resources = first_of_each(older.resources);
                    served.unheard.extend(older.unheard);
                }
                served
            }
        };
        if served.resources.is_empty() {
            // the core group is in none of these forms
            served.resources = self.version_of("", "v1").await?.unwrap_or_default();
            served = served.called(name);
        }
        match served.resources.as_slice() {
            [] if !served.unheard.is_empty() => Err(unheard(name, &served.unheard)),
            [] => Err(missing(&format!("{:?}", shown(name)))),
            [one] => Ok(one.clone()),
            several => {
                let names: Vec<String> = several.iter().map(ApiResource::full).collect();
                Err(Error::invalid(
                    format!("{:?} is several resources: {}", shown(name), names.join(", ")),
                    "say which, with its group",
                ))
            }
        }
    }
}

/// What many groups serve.
#[derive(Debug, Default, PartialEq)]
struct Served {
    resources: Vec<ApiResource>,
    /// Of these groups it is not known: their server did not answer.
    unheard: Vec<String>,
}

impl Served {
    /// What of it is called so.
    fn called(mut self, name: &str) -> Self {
        self.resources.retain(|resource| resource.is_called(name));
        self
    }
}

/// A name that is in no group that was heard of, where others were not.
fn unheard(name: &str, groups: &[String]) -> Error {
    Error::new(
        ErrorKind::Unavailable,
        format!("{:?} was not found, and some groups could not be asked: {}", shown(name), groups.join(", ")),
        "look at the APIService of these groups, or say the name with its group",
    )
    .with_operation("cluster.resolve")
    .with_retry(true, None)
}

fn shown(name: &str) -> String {
    redact(name).chars().filter(|c| !c.is_control()).take(60).collect()
}

fn of(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

fn missing(what: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        format!("this cluster serves no {what}"),
        "check its spelling; what makes a custom resource known, its definition, may not be installed",
    )
    .with_operation("cluster.resolve")
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value.get(field).and_then(Value::as_str).unwrap_or_default()
}

fn names(value: &Value) -> Vec<String> {
    let names = value.get("shortNames").and_then(Value::as_array).into_iter().flatten();
    names.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads an `APIResourceList`.
fn read_version(group: &str, version: &str, answer: &Value) -> Vec<ApiResource> {
    let resources = answer.get("resources").and_then(Value::as_array).into_iter().flatten();
    resources
        // what hangs below an object has a slash
        .filter(|resource| !text(resource, "name").is_empty() && !text(resource, "name").contains('/'))
        .map(|resource| ApiResource {
            group: group.to_owned(),
            version: version.to_owned(),
            plural: text(resource, "name").to_owned(),
            kind: text(resource, "kind").to_owned(),
            namespaced: resource.get("namespaced").and_then(Value::as_bool).unwrap_or_default(),
            short_names: names(resource),
        })
        .collect()
}

/// The versions in an `APIGroup`, the one that the server prefers first.
fn read_versions(group: &Value) -> Vec<String> {
    let preferred = group.pointer("/preferredVersion/version").and_then(Value::as_str);
    let all = group.get("versions").and_then(Value::as_array).into_iter().flatten();
    let others = all.map(|version| text(version, "version")).filter(|version| Some(*version) != preferred);
    preferred.into_iter().chain(others).filter(|version| !version.is_empty()).map(str::to_owned).collect()
}

/// Of an `APIGroupList`: each group in the version that it prefers, and in its others.
fn groups_of(groups: &[Value]) -> (Vec<GroupVersion>, Vec<GroupVersion>) {
    let (mut preferred, mut others) = (Vec::new(), Vec::new());
    for group in groups {
        let name = text(group, "name").to_owned();
        let mut versions = read_versions(group).into_iter();
        preferred.extend(versions.next().map(|version| (name.clone(), version)));
        others.extend(versions.map(|version| (name.clone(), version)));
    }
    (preferred, others)
}

/// Each resource once, in the first version that is there.
fn first_of_each(all: Vec<ApiResource>) -> Vec<ApiResource> {
    let mut seen = HashSet::new();
    all.into_iter().filter(|one| seen.insert((one.group.clone(), one.plural.clone()))).collect()
}

/// Reads an `APIGroupDiscoveryList`: every resource in the first version that has it. The version that a group prefers
/// comes first, and does not have all of them.
fn read_all(answer: &Value) -> Served {
    let list =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut served = Served::default();
    for group in list(answer, "items") {
        let name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        for version in list(&group, "versions") {
            // an aggregated API that is out of order, of which the list may hold nothing
            if text(&version, "freshness") == "Stale" && !served.unheard.iter().any(|known| known == name) {
                served.unheard.push(name.to_owned());
            }
            served.resources.extend(list(&version, "resources").iter().map(|resource| ApiResource {
                group: name.to_owned(),
                version: text(&version, "version").to_owned(),
                plural: text(resource, "resource").to_owned(),
                kind: text(resource.get("responseKind").unwrap_or(&Value::Null), "kind").to_owned(),
                namespaced: text(resource, "scope") == "Namespaced",
                short_names: names(resource),
            }));
        }
    }
    served.resources = first_of_each(served.resources);
    served
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn names_are_taken_apart() {
        for (name, expected) in [
            ("deployments", ("deployments", "", "")),
            ("deployments.apps", ("deployments", "", "apps")),
            ("deployments.v1.apps", ("deployments", "v1", "apps")),
            ("pods.v1", ("pods", "v1", "")),
            ("clusters.management.cattle.io", ("clusters", "", "management.cattle.io")),
            ("clusters.v3.management.cattle.io", ("clusters", "v3", "management.cattle.io")),
            ("a.vault.example.com", ("a", "", "vault.example.com")),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_built_in_is_told_apart() {
        for (at, one) in BUILT_IN.iter().map(ApiResource::from).enumerate() {
            let others = BUILT_IN.iter().map(ApiResource::from).enumerate().filter(|(other, _)| *other != at);
            for name in [&one.plural, &one.kind].into_iter().chain(&one.short_names) {
                assert!(others.clone().all(|(_, other)| !other.is_called(name)), "{name}");
            }
            one.resource().segments(None).unwrap();
        }
    }

    #[test]
    fn both_forms_of_discovery_say_the_same() {
        let one = json!({"kind": "APIResourceList", "groupVersion": "example.com/v2", "resources": [
            {"name": "widgets", "singularName": "widget", "namespaced": true, "kind": "Widget", "shortNames": ["wd"]},
            {"name": "widgets/status", "namespaced": true, "kind": "Widget"},
        ]});
        let all = json!({"kind": "APIGroupDiscoveryList", "items": [{
            "metadata": {"name": "example.com"},
            "versions": [
                {"version": "v2", "resources": [{"resource": "widgets", "scope": "Namespaced", "shortNames": ["wd"],
                    "responseKind": {"group": "example.com", "version": "v2", "kind": "Widget"}}]},
                {"version": "v1", "resources": [{"resource": "widgets", "responseKind": {"kind": "Widget"}},
                    {"resource": "gadgets", "scope": "Cluster", "responseKind": {"kind": "Gadget"}}]},
                {"version": "v1alpha1", "resources": [{"resource": "gadgets", "responseKind": {"kind": "Gadget"}}]},
            ],
        }, {"metadata": {"name": "broken"}}]});
        let read = read_version("example.com", "v2", &one);
        let every = read_all(&all).resources;
        assert_eq!(read, every[..1]);
        // what the preferred version lacks is in the first that has it
        assert_eq!(
            (every.len(), every[1].full(), &*every[1].version),
            (2, "gadgets.example.com".into(), "v1")
        );
        assert_eq!(read.len(), 1);
        assert!(read[0].is_called("wd") && read[0].is_called("Widget") && read[0].is_called("widget"));
        assert!(read[0].namespaced && !read[0].is_called("widgets/status"));
    }
}
