//! Which groups, versions and resources there are.

use super::resources::{RESOURCES, short_names, subresources};
use crate::Response;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::proxy::no_page;
use http::StatusCode;
use serde_json::{Value, json};

const VERBS: [&str; 7] = ["create", "delete", "deletecollection", "get", "list", "patch", "update"];

/// `/api`.
pub(super) fn core() -> Value {
    let address = json!({"clientCIDR": "0.0.0.0/0", "serverAddress": "192.0.2.20:6443"});
    json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]})
}

fn known() -> Vec<(&'static str, &'static str)> {
    let mut seen: Vec<(&str, &str)> = RESOURCES.iter().map(|r| (r.group, r.version)).collect();
    seen.extend([("authentication.k8s.io", "v1"), ("authorization.k8s.io", "v1")]);
    seen.sort_unstable();
    seen.dedup();
    seen.retain(|(group, _)| !group.is_empty());
    seen
}

fn shown(group: &str, version: &str) -> Value {
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// `/apis`: the names of the groups, or all that is in them.
pub(super) fn groups(call: &Call<'_>) -> Value {
    if call.accept.contains("as=APIGroupDiscoveryList") {
        // rule: kube.aggregated-discovery
        let items: Vec<Value> = known().into_iter().map(|(group, version)| whole(group, version)).collect();
        return json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
        });
    }
    let groups: Vec<Value> = known().into_iter().map(|(group, version)| shown(group, version)).collect();
    json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
}

fn whole(group: &str, version: &str) -> Value {
    let resources = RESOURCES.iter().filter(|r| r.group == group && r.version == version);
    let resources: Vec<Value> = resources
        .map(|r| {
            json!({
                "resource": r.plural, "responseKind": {"group": group, "version": version, "kind": r.kind},
                "scope": if r.namespaced { "Namespaced" } else { "Cluster" },
                "singularResource": r.kind.to_lowercase(), "shortNames": short_names(r.plural), "verbs": VERBS,
            })
        })
        .collect();
    let versions = json!([{"version": version, "resources": resources, "freshness": "Current"}]);
    json!({"metadata": {"name": group, "creationTimestamp": null}, "versions": versions})
}

/// `/apis/GROUP`.
pub(super) fn group(group: &str) -> Response {
    // rule: kube.group-discovery
    match known().into_iter().find(|(known, _)| *known == group) {
        Some((group, version)) => {
            let mut body = shown(group, version);
            if let Some(body) = body.as_object_mut() {
                body.insert("kind".to_owned(), json!("APIGroup"));
                body.insert("apiVersion".to_owned(), json!("v1"));
            }
            answer::json(StatusCode::OK, &body)
        }
        None => no_page(),
    }
}

/// `/api/v1`, `/apis/GROUP/VERSION`.
pub(super) fn version(group: &str, version: &str) -> Response {
    let mut resources: Vec<Value> = Vec::new();
    for r in RESOURCES.iter().filter(|r| r.group == group && r.version == version) {
        let mut own = json!({
            "name": r.plural, "singularName": r.kind.to_lowercase(), "namespaced": r.namespaced, "kind": r.kind,
            "verbs": VERBS,
        });
        if let (Some(own), false) = (own.as_object_mut(), short_names(r.plural).is_empty()) {
            own.insert("shortNames".to_owned(), json!(short_names(r.plural)));
        }
        resources.push(own);
        resources.extend(subresources(r.plural).iter().map(|sub| {
            json!({
                "name": format!("{}/{sub}", r.plural), "singularName": "", "namespaced": r.namespaced, "kind": r.kind,
                "verbs": ["get", "patch", "update"],
            })
        }));
    }
    if resources.is_empty() {
        return no_page();
    }
    let group_version = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    let body = json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version, "resources": resources,
    });
    answer::json(StatusCode::OK, &body)
}
