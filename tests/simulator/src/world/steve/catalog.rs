//! `catalog.cattle.io` as Steve serves it: links and actions of repositories, apps and operations.

use super::super::World;
use super::super::answer::{self, steve_error};
use super::super::call::Call;
use super::super::kube::resources::Resource;
use super::super::rights::Ask;
use super::super::state::ObjectKey;
use super::helm::Job;
use super::{Plane, charts};
use crate::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub(super) const GROUP: &str = "catalog.cattle.io";
pub(super) const REPOS: &str = "catalog.cattle.io/clusterrepos";
pub(super) const APPS: &str = "catalog.cattle.io/apps";
pub(super) const OPERATIONS: &str = "catalog.cattle.io/operations";

/// Links that an object has beside the usual ones, and its actions.
pub(super) fn more(
    resource: &Resource,
    fields: &Map<String, Value>,
) -> (Vec<&'static str>, Vec<&'static str>) {
    match (resource.group, resource.kind) {
        // rule: catalog.repo-links
        (GROUP, "ClusterRepo") => (vec!["chart", "icon", "index", "info"], vec!["install", "upgrade"]),
        (GROUP, "App") => (vec![], vec!["uninstall"]),
        (GROUP, "Operation") => {
            // rule: catalog.log-link
            let seen = fields.get("status").and_then(|status| status.get("podCreated")) == Some(&json!(true));
            (if seen { vec!["logs"] } else { vec![] }, vec![])
        }
        _ => (vec![], vec![]),
    }
}

/// What the schema of a type says of its actions (recorded: schemas, v1-steve).
pub(super) fn actions_of(resource: &Resource) -> Option<Value> {
    // rule: catalog.actions
    let action = |input: &str| json!({"input": input, "output": "chartActionOutput"});
    match (resource.group, resource.kind) {
        (GROUP, "ClusterRepo") => {
            Some(json!({"install": action("chartInstallAction"), "upgrade": action("chartUpgradeAction")}))
        }
        (GROUP, "App") => Some(json!({"uninstall": action("chartUninstallAction")})),
        _ => None,
    }
}

/// The state that Steve reads from an object of the catalog.
pub(super) fn state(resource: &Resource, fields: &Map<String, Value>) -> Option<Value> {
    if resource.group != GROUP {
        return None;
    }
    let status = fields.get("status").cloned().unwrap_or_default();
    let condition = |kind: &str| {
        let conditions = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
        let mut of_kind = conditions.filter(|one| one.get("type").and_then(Value::as_str) == Some(kind));
        of_kind.next().cloned().unwrap_or_default()
    };
    let text = |condition: &Value, field: &str| {
        condition.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let told = |name: &str, message: String, error: bool, transitioning: bool| json!({"error": error, "message": message, "name": name, "transitioning": transitioning});
    Some(match resource.kind {
        "ClusterRepo" => {
            let downloaded = condition("Downloaded");
            match text(&downloaded, "status").as_str() {
                // recorded: workflows, `steve list` of counts: repositories that cannot be reached are in error
                "False" => told("error", text(&downloaded, "message"), true, false),
                "True" => told("active", "Resource is current".to_owned(), false, false),
                _ => told("in-progress", String::new(), false, true),
            }
        }
        "App" => {
            let summary = status.get("summary").cloned().unwrap_or_default();
            let flag = |field: &str| summary.get(field) == Some(&json!(true));
            told(&text(&summary, "state"), String::new(), flag("error"), flag("transitioning"))
        }
        _ => {
            let (stalled, reconciling) = (condition("Stalled"), condition("Reconciling"));
            if text(&stalled, "status") == "True" {
                told("stalled", text(&stalled, "message"), true, false)
            } else if text(&reconciling, "status") == "True" {
                told("reconciling", text(&reconciling, "message"), false, true)
            } else {
                told("active", "Resource is current".to_owned(), false, false)
            }
        }
    })
}

/// An answer to a link or an action of the catalog; none if that is not asked for.
pub(super) fn served(
    world: &mut World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> Option<Response> {
    if resource.group != GROUP {
        return None;
    }
    let link = call.query.first("link").filter(|link| !link.is_empty());
    let action = call.action();
    let key: ObjectKey = (resource.key(), namespace.to_owned(), name.to_owned());
    let wanted = match (call.method, link, action) {
        (&Method::GET, Some(link), _) => link,
        (&Method::POST, _, Some(action)) => action,
        _ => return None,
    };
    if !plane.sees(world, resource, &key) {
        let ask = Ask { verb: "get", group: GROUP, resource: resource.plural, namespace, name };
        return Some(steve_error(StatusCode::FORBIDDEN, "Forbidden", &ask.refusal(&plane.access.user)));
    }
    let found = world.state.clusters.get(plane.cluster)?.objects.get(&key).cloned();
    let Some(found) = found else {
        let message = format!("{} \"{name}\" not found", resource.full());
        return Some(steve_error(StatusCode::NOT_FOUND, "NotFound", &message));
    };
    let status = found.body.get("status").cloned().unwrap_or_default();
    match (resource.kind, wanted) {
        ("ClusterRepo", "index") => Some(index(&status)),
        ("ClusterRepo", "info") => Some(info(call, &status)),
        ("ClusterRepo", "install" | "upgrade") => Some(begin(world, call, plane, wanted, &status)),
        ("App", "uninstall") => {
            let body = call.object().unwrap_or_default();
            let keep = body.get("keepHistory") == Some(&json!(true));
            let job = Job::uninstall(&plane.access.user, namespace, name, keep);
            Some(begun(world, plane, namespace, job))
        }
        ("Operation", "logs") => Some(log(world, call, plane, &status)),
        _ => None,
    }
}

fn read_index(status: &Value) -> bool {
    status.get("indexConfigMapName").is_some()
}

fn index(status: &Value) -> Response {
    if !read_index(status) {
        // rule: catalog.index-unread
        return steve_error(StatusCode::NOT_FOUND, "NotFound", "configmaps \"\" not found");
    }
    // rule: catalog.index
    answer::json(StatusCode::OK, &charts::index())
}

fn missing_chart(name: &str, version: &str) -> Response {
    // rule: catalog.unknown-chart
    let message = match charts::CHARTS.iter().any(|chart| chart.name == name) {
        true => format!("no chart version found for {name}-{version}"),
        false => "no chart name found".to_owned(),
    };
    steve_error(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", &message)
}

fn info(call: &Call<'_>, status: &Value) -> Response {
    let asked = |name: &str| call.query.first(name).unwrap_or_default();
    if !read_index(status) {
        return index(status);
    }
    match charts::find(asked("chartName"), asked("version")) {
        // rule: catalog.info
        Some(chart) => answer::json(
            StatusCode::OK,
            &json!({
                "readme": format!("# {}\n", chart.name), "appReadme": "", "values": chart.values(), "questions": null,
                "chart": chart.metadata(&Map::new()),
            }),
        ),
        None => missing_chart(asked("chartName"), asked("version")),
    }
}

// Install or upgrade: Rancher finds the charts, sees to the namespace, and leaves the rest to a pod.
fn begin(world: &mut World, call: &Call<'_>, plane: &Plane<'_>, action: &str, status: &Value) -> Response {
    let Ok(body) = call.object() else {
        return steve_error(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", "EOF");
    };
    if !read_index(status) {
        return index(status);
    }
    let text = |value: &Map<String, Value>, field: &str| {
        value.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let namespace = match text(&body, "namespace") {
        // rule: catalog.default-namespace
        empty if empty.is_empty() => "default".to_owned(),
        named => named,
    };
    let wanted = body.get("charts").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut steps = Vec::new();
    for one in wanted.iter().filter_map(Value::as_object) {
        let (name, version) = (text(one, "chartName"), text(one, "version"));
        let Some(chart) = charts::find(&name, &version) else { return missing_chart(&name, &version) };
        let object = |field: &str| one.get(field).and_then(Value::as_object).cloned().unwrap_or_default();
        steps.push(super::helm::Step {
            chart,
            release: text(one, "releaseName"),
            values: object("values"),
            annotations: object("annotations"),
            reset: one.get("resetValues") == Some(&json!(true)),
        });
    }
    if let Err(refusal) = home(world, plane, &namespace, &text(&body, "projectId")) {
        return *refusal;
    }
    let job = Job::charts(action, &plane.access.user, &namespace, steps);
    begun(world, plane, &namespace, job)
}

// The namespace is made where the user may; who may not see it then is refused.
fn home(world: &mut World, plane: &Plane<'_>, namespace: &str, project: &str) -> Result<(), Box<Response>> {
    // rule: catalog.namespace-first
    let key = ("/namespaces".to_owned(), String::new(), namespace.to_owned());
    let there = world.state.clusters.get(plane.cluster).is_some_and(|found| found.objects.contains_key(&key));
    let ask =
        |verb: &'static str| Ask { verb, group: "", resource: "namespaces", namespace, name: namespace };
    let may = |world: &World, verb: &'static str| {
        plane.access.in_kubernetes(&world.state, plane.cluster, &ask(verb)).is_some()
    };
    if !there {
        let create = Ask { verb: "create", group: "", resource: "namespaces", namespace: "", name: "" };
        if plane.access.in_kubernetes(&world.state, plane.cluster, &create).is_none() {
            return Err(Box::new(steve_error(
                StatusCode::FORBIDDEN,
                "Forbidden",
                &ask("get").refusal(&plane.access.user),
            )));
        }
        let project = project.replace('/', ":");
        let project = Some(project.as_str()).filter(|project| !project.is_empty());
        let creator = plane.access.user.clone();
        world.insert_namespace(plane.cluster, namespace, project, Some(&creator));
    } else if !may(world, "get") {
        return Err(Box::new(steve_error(
            StatusCode::FORBIDDEN,
            "Forbidden",
            &ask("get").refusal(&plane.access.user),
        )));
    }
    Ok(())
}

fn begun(world: &mut World, plane: &Plane<'_>, namespace: &str, job: Job) -> Response {
    // rule: catalog.operation
    let name = world.begin(plane.cluster, namespace, job);
    let body = json!({
        "type": "chartActionOutput", "links": {}, "operationName": name, "operationNamespace": namespace,
    });
    answer::json(StatusCode::CREATED, &body)
}

// Rancher reads the pod's log with its own rights.
fn log(world: &mut World, call: &Call<'_>, plane: &Plane<'_>, status: &Value) -> Response {
    // rule: catalog.log
    let text = |field: &str| status.get(field).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("podNamespace").to_owned(), text("podName").to_owned());
    let key = ("/pods".to_owned(), namespace.clone(), name.clone());
    let found = world.state.clusters.get(plane.cluster).and_then(|found| found.objects.get(&key)).cloned();
    let Some(pod) = found else {
        let message = format!("pods \"{name}\" not found");
        return steve_error(StatusCode::NOT_FOUND, "NotFound", &message);
    };
    let mut inner = call.clone();
    inner.query.0.retain(|(name, _)| name != "container" && name != "link");
    inner.query.0.push(("container".to_owned(), "helm".to_owned()));
    super::super::kube::pod_log(world, &inner, plane.cluster, &key, &pod)
}

/// What Helm keeps in a Secret is not shown, or opened where that is asked for.
pub(super) fn helm_data(call: &Call<'_>, resource: &Resource, fields: &mut Map<String, Value>) {
    let helm = fields.get("metadata").and_then(|meta| meta.pointer("/labels/owner")) == Some(&json!("helm"));
    let Some(Value::Object(data)) = fields.get_mut("data") else { return };
    if resource.kind != "Secret" || !helm {
        return;
    }
    // rule: catalog.helm-data
    let kept = data.remove("release");
    if call.query.first("includeHelmData") == Some("true") {
        let opened = kept.as_ref().and_then(Value::as_str).and_then(super::helm::opened);
        data.insert("release".to_owned(), opened.or(kept).unwrap_or_default());
    }
}
