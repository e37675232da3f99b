//! Which resources a cluster has: found when they are asked for, never before.

use futures_util::StreamExt as _;
use http::header::ACCEPT;
use http::{HeaderValue, Method};
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

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
        self.plural == name
            || self.kind.eq_ignore_ascii_case(name)
            || self.short_names.iter().any(|short| short == name)
    }

    fn full(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }
}

/// What a cluster said of its groups; clones of a [`ClusterProxy`] share it.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<GroupVersion, Arc<Vec<ApiResource>>>>);

type GroupVersion = (String, String);

/// Kubernetes' own resources that every cluster serves in this version: they need no question. Group, version, plural,
/// kind, whether in namespaces, other names.
type BuiltIn = (&'static str, &'static str, &'static str, &'static str, bool, &'static [&'static str]);

const BUILT_IN: [BuiltIn; 29] = [
    ("", "v1", "configmaps", "ConfigMap", true, &["cm"]),
    ("", "v1", "endpoints", "Endpoints", true, &["ep"]),
    ("", "v1", "events", "Event", true, &["ev"]),
    ("", "v1", "limitranges", "LimitRange", true, &["limits"]),
    ("", "v1", "namespaces", "Namespace", false, &["ns"]),
    ("", "v1", "nodes", "Node", false, &["no"]),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, &["pvc"]),
    ("", "v1", "persistentvolumes", "PersistentVolume", false, &["pv"]),
    ("", "v1", "pods", "Pod", true, &["po"]),
    ("", "v1", "replicationcontrollers", "ReplicationController", true, &["rc"]),
    ("", "v1", "resourcequotas", "ResourceQuota", true, &["quota"]),
    ("", "v1", "secrets", "Secret", true, &[]),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, &["sa"]),
    ("", "v1", "services", "Service", true, &["svc"]),
    ("apps", "v1", "daemonsets", "DaemonSet", true, &["ds"]),
    ("apps", "v1", "deployments", "Deployment", true, &["deploy"]),
    ("apps", "v1", "replicasets", "ReplicaSet", true, &["rs"]),
    ("apps", "v1", "statefulsets", "StatefulSet", true, &["sts"]),
    ("batch", "v1", "jobs", "Job", true, &[]),
    ("batch", "v1", "cronjobs", "CronJob", true, &["cj"]),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true, &["ing"]),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, &[]),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, &["netpol"]),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, &[]),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", true, &[]),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, &[]),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, &["sc"]),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
        &["crd", "crds"],
    ),
];

fn built_in((group, version, plural, kind, namespaced, short): &BuiltIn) -> ApiResource {
    ApiResource {
        group: (*group).to_owned(),
        version: (*version).to_owned(),
        plural: (*plural).to_owned(),
        kind: (*kind).to_owned(),
        namespaced: *namespaced,
        short_names: short.iter().map(|name| (*name).to_owned()).collect(),
    }
}

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
    /// What every Kubernetes has needs no request. For other names with a group only that group is asked for, and for
    /// those without one, all groups, in one request where the server can. What was found is remembered by this
    /// handle and its clones.
    ///
    /// # Errors
    /// `not_found` if the cluster serves no such resource; `invalid` if several groups have one of this name (the error
    /// names them), or if that is no name.
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
            let found = BUILT_IN.iter().map(built_in).find(|known| known.is_called(plural));
            return match found {
                Some(found) => Ok(found),
                None => self.search(plural).await,
            };
        }
        if !group.is_empty() {
            check_group(group)?;
        }
        let version = match version {
            "" => self.preferred(group).await?,
            version => version.to_owned(),
        };
        self.in_version(group, &version, plural, |found| found.is_called(plural)).await
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
            return Ok(built_in(known));
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

    /// The version of a group that the cluster prefers.
    async fn preferred(&self, group: &str) -> Result<String> {
        let answer = self.send(self.request("cluster.resolve", Method::GET, &["apis", group])?).await;
        let answer = answer.map_err(|error| match error.kind() {
            ErrorKind::NotFound if !error.no_such_cluster() => {
                missing(&format!("API group {group}")).with_source(error)
            }
            _ => error,
        })?;
        let version = answer.pointer("/preferredVersion/version").and_then(Value::as_str);
        version.map(str::to_owned).ok_or_else(|| missing(&format!("API group {group}")))
    }

    /// Looks for a name in all groups.
    async fn search(&self, name: &str) -> Result<ApiResource> {
        let mut request = self.request("cluster.resolve", Method::GET, &["apis"])?;
        // Kubernetes 1.30 and later tell all in one answer; others answer with the names of the groups
        let form = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
        request.headers.insert(ACCEPT, HeaderValue::from_static(form));
        let answer = self.send(request).await?;
        let mut found = match answer.get("kind").and_then(Value::as_str) {
            Some("APIGroupDiscoveryList") => read_all(&answer),
            _ => {
                let groups = answer.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
                let asked = groups.iter().filter_map(|group| {
                    let name = group.get("name")?.as_str()?.to_owned();
                    let version = group.pointer("/preferredVersion/version")?.as_str()?.to_owned();
                    Some(async move { self.version_of(&name, &version).await })
                });
                let mut answers = futures_util::stream::iter(asked.collect::<Vec<_>>()).buffered(AT_A_TIME);
                let mut all = Vec::new();
                while let Some(answer) = answers.next().await {
                    match answer {
                        Ok(group) => all.extend(group.unwrap_or_default()),
                        // an aggregated API that is out of order does not hide the others
                        Err(error) if error.kind() == ErrorKind::Unavailable => {}
                        Err(error) => return Err(error),
                    }
                }
                all
            }
        };
        found.retain(|resource| resource.is_called(name));
        if found.is_empty() {
            // the core group is in none of these forms
            found = self.version_of("", "v1").await?.unwrap_or_default();
            found.retain(|resource| resource.is_called(name));
        }
        match found.as_slice() {
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

/// Reads an `APIGroupDiscoveryList`: of each group the version that it prefers, which comes first.
fn read_all(answer: &Value) -> Vec<ApiResource> {
    let list =
        |value: &Value, field: &str| value.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut all = Vec::new();
    for group in list(answer, "items") {
        let name = group.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(first) = list(&group, "versions").into_iter().next() else { continue };
        let version = text(&first, "version").to_owned();
        all.extend(list(&first, "resources").iter().map(|resource| ApiResource {
            group: name.clone(),
            version: version.clone(),
            plural: text(resource, "resource").to_owned(),
            kind:
                resource.pointer("/responseKind/kind").and_then(Value::as_str).unwrap_or_default().to_owned(),
            namespaced: text(resource, "scope") == "Namespaced",
            short_names: names(resource),
        }));
    }
    all
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
        for (at, one) in BUILT_IN.iter().map(built_in).enumerate() {
            let others = BUILT_IN.iter().map(built_in).enumerate().filter(|(other, _)| *other != at);
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
                {"version": "v1", "resources": [{"resource": "widgets", "responseKind": {"kind": "Widget"}}]},
            ],
        }, {"metadata": {"name": "broken"}}]});
        let read = read_version("example.com", "v2", &one);
        assert_eq!(read, read_all(&all));
        assert_eq!(read.len(), 1);
        assert!(read[0].is_called("wd") && read[0].is_called("Widget") && read[0].is_called("widget"));
        assert!(read[0].namespaced && !read[0].is_called("widgets/status"));
    }
}
