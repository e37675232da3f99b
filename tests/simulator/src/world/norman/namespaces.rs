//! `/v3/cluster/{id}/namespaces`: namespaces with their projects.

use super::clusters::API_ENDPOINT;
use super::{Within, body, kinds, links, list, required, string, unsupported};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::kube::NAMESPACES;
use crate::world::proxy::between;
use crate::world::quota;
use crate::world::rights::{Access, Ask};
use crate::world::state::{Agent, Object, ObjectKey, State, dated};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// Fails when the cluster cannot be reached, after the wait that the real server needs to find out.
pub(super) fn reach(world: &mut World, cluster: &str, resource: &str) -> Result<(), Problem> {
    match world.state.clusters.get(cluster).map(|cluster| cluster.agent) {
        // rule: norman.unknown-cluster-context
        None => Err(Problem::not_found(format!("clusters.management.cattle.io \"{cluster}\" not found"))),
        // rule: norman.never-connected
        Some(Agent::Never) => Err(Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ClusterUnavailable",
            "cluster not provisioned",
        )),
        // rule: agent-gone.norman
        Some(Agent::Gone { .. }) => {
            let message =
                format!("Get \"{API_ENDPOINT}/{resource}?timeout=45s\": cluster agent disconnected");
            let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", message);
            Err(Problem { delay: between(world, 27, 34), ..problem })
        }
        Some(Agent::Connected | Agent::Starting) => Ok(()),
    }
}

pub(super) fn serve(world: &mut World, call: &Call<'_>, within: Within<'_>, id: Option<&str>) -> Outcome {
    let cluster = within.cluster.unwrap_or_default();
    reach(world, cluster, "api/v1/namespaces")?;
    let access = call.access(&world.state);
    match (call.method, id) {
        (&Method::GET, None) => all(world, call, cluster, &access),
        (&Method::POST, None) => create(world, call, cluster, &access),
        (_, None) => Err(unsupported(call)),
        (_, Some(name)) => one(world, call, cluster, &access, name),
    }
}

fn sees(state: &State, access: &Access, cluster: &str, verb: &str, name: &str) -> bool {
    let ask = Ask { verb, group: "", resource: "namespaces", namespace: name, name };
    access.in_kubernetes(state, cluster, &ask).is_some()
}

fn all(world: &World, call: &Call<'_>, cluster: &str, access: &Access) -> Outcome {
    let kind = kinds::kind("namespace").ok_or_else(|| Problem::not_found(""))?;
    let Some(found) = world.state.clusters.get(cluster) else { return Err(Problem::not_found("")) };
    // rule: norman.lists-are-filtered
    let items: Vec<_> = found
        .objects
        .iter()
        .filter(|((resource, _, name), _)| {
            resource == NAMESPACES && sees(&world.state, access, cluster, "get", name)
        })
        .map(|((_, _, name), namespace)| object(&call.base, cluster, name, namespace, false))
        .collect();
    list(world, call, kind, items, Some(format!("{}/v3/cluster/{cluster}/namespaces", call.base)))
}

fn create(world: &mut World, call: &Call<'_>, cluster: &str, access: &Access) -> Outcome {
    let body = body(call)?;
    let name = required(&body, "name")?;
    let ask = Ask { verb: "create", group: "", resource: "namespaces", namespace: "", name: "" };
    if access.in_kubernetes(&world.state, cluster, &ask).is_none() {
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let key = (NAMESPACES.to_owned(), String::new(), name.clone());
    if world.state.clusters.get(cluster).is_some_and(|cluster| cluster.objects.contains_key(&key)) {
        // rule: norman.already-exists
        return Err(Problem::new(
            StatusCode::CONFLICT,
            "AlreadyExists",
            format!("namespaces \"{name}\" already exists"),
        ));
    }
    let project = string(&body, "projectId");
    if let Some(project) = &project
        && !world.state.projects.contains_key(project)
    {
        // rule: namespace.unknown-project
        return Err(Problem::not_found(format!(
            "projects.management.cattle.io \"{}\" not found",
            project.split_once(':').map_or(project.as_str(), |(_, name)| name)
        )));
    }
    if let Some(project) = &project {
        quota::check_namespace(&world.state, project, &name, body.get("resourceQuota"))?;
    }
    world.insert_namespace(cluster, &name, project.as_deref(), Some(&access.user));
    let Some(namespace) = world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key))
    else {
        return Err(Problem::not_found(""));
    };
    merge(namespace, &body);
    // rule: namespace.activates-later
    let mut shown = object(&call.base, cluster, &name, namespace, true);
    if let (None, Some(shown)) = (body.get("resourceQuota"), shown.as_object_mut()) {
        // The default comes later, too.
        shown.remove("resourceQuota");
    }
    let quota =
        project.as_ref().and_then(|project| world.state.projects.get(project)?.fields.get("resourceQuota"));
    if let (Some(shown), true) = (shown.as_object_mut(), quota.is_some_and(|quota| !quota.is_null())) {
        shown.insert("containerDefaultResourceLimit".to_owned(), json!({}));
    }
    world.settle_namespace(cluster, &name);
    validated(world, cluster, &key);
    Ok(answer::json(StatusCode::CREATED, &shown))
}

// The quota of a namespace is checked before it is set.
fn validated(world: &mut World, cluster: &str, key: &ObjectKey) {
    // rule: namespace.quota-validated
    let stored = world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
    let Some(stored) = stored else { return };
    if stored.annotation("field.cattle.io/resourceQuota").is_none() {
        return;
    }
    let annotations = stored.body.get_mut("metadata").and_then(|meta| meta.get_mut("annotations"));
    if let Some(Value::String(status)) = annotations.and_then(|all| all.get_mut("cattle.io/status")) {
        let init = "{\"Type\":\"ResourceQuotaInit\"";
        if let Some(at) = status.find(init)
            && let Some(rest) = status.get(at..)
        {
            let validated = rest.replace("ResourceQuotaInit", "ResourceQuotaValidated");
            let validated = validated.trim_end_matches("]}").to_owned();
            status.insert_str(at, &format!("{validated},"));
        }
    }
}

// Labels and annotations as sent, and the quota where Rancher keeps it.
fn merge(namespace: &mut Object, body: &Map<String, Value>) {
    let metadata = namespace.body.entry("metadata").or_insert_with(|| json!({}));
    for field in ["labels", "annotations"] {
        let Some(Value::Object(sent)) = body.get(field) else { continue };
        let Some(metadata) = metadata.as_object_mut() else { continue };
        if let Value::Object(own) = metadata.entry(field).or_insert_with(|| json!({})) {
            own.extend(sent.clone());
        }
    }
    if let Some(quota) = body.get("resourceQuota")
        && let Some(Value::Object(own)) = metadata.get_mut("annotations")
    {
        own.insert("field.cattle.io/resourceQuota".to_owned(), json!(quota.to_string()));
    }
}

// Into another project, or out of all.
fn assign(namespace: &mut Object, project: Option<&str>) {
    let Some(Value::Object(metadata)) = namespace.body.get_mut("metadata") else { return };
    let short = project.map(|project| project.rsplit(':').next().unwrap_or(project));
    for (field, value) in [("labels", short), ("annotations", project)] {
        let Value::Object(own) = metadata.entry(field).or_insert_with(|| json!({})) else { continue };
        if let (Some(project), "annotations") = (value, field) {
            // rule: namespace.move-marks
            own.insert("field.cattle.io/resourceQuotaProjectId".to_owned(), json!(project));
        }
        match value {
            Some(value) => own.insert("field.cattle.io/projectId".to_owned(), json!(value)),
            None => own.remove("field.cattle.io/projectId"),
        };
    }
}

fn one(world: &mut World, call: &Call<'_>, cluster: &str, access: &Access, name: &str) -> Outcome {
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT | Method::POST => "update",
        _ => "get",
    };
    if !sees(&world.state, access, cluster, verb, name) {
        let ask = Ask { verb, group: "", resource: "namespaces", namespace: name, name };
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let key = (NAMESPACES.to_owned(), String::new(), name.to_owned());
    let stored = world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key));
    let Some(namespace) = stored else {
        return Err(Problem::not_found(format!("namespaces \"{name}\" not found")));
    };
    match *call.method {
        Method::GET => Ok(answer::json(StatusCode::OK, &object(&call.base, cluster, name, namespace, false))),
        Method::POST if call.action() == Some("move") => {
            // rule: namespace.move
            let project = string(&body(call)?, "projectId");
            let left = namespace.annotation("field.cattle.io/projectId").map(str::to_owned);
            quota::check_move(&world.state, project.as_deref())?;
            if let Some(namespace) =
                world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key))
            {
                assign(namespace, project.as_deref());
            }
            world.settle_namespace(cluster, name);
            left.iter().for_each(|left| world.settle_used(left));
            Ok(answer::empty(StatusCode::OK))
        }
        Method::PUT => {
            let body = body(call)?;
            if let Some(project) = namespace.annotation("field.cattle.io/projectId").map(str::to_owned)
                && body.contains_key("resourceQuota")
            {
                quota::check_namespace(&world.state, &project, name, body.get("resourceQuota"))?;
            }
            let stored = world.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key));
            let Some(namespace) = stored else { return Err(Problem::not_found("")) };
            merge(namespace, &body);
            let shown = object(&call.base, cluster, name, namespace, false);
            world.settle_namespace(cluster, name);
            Ok(answer::json(StatusCode::OK, &shown))
        }
        Method::DELETE => {
            let mut gone = object(&call.base, cluster, name, namespace, false);
            let project = namespace.annotation("field.cattle.io/projectId").map(str::to_owned);
            world.remove_namespace(cluster, name);
            project.iter().for_each(|project| world.settle_used(project));
            if let Some(object) = gone.as_object_mut() {
                dated(object, "removed", world.state.now);
                object.insert("state".to_owned(), json!("removing"));
                object.insert("transitioning".to_owned(), json!("yes"));
            }
            // rule: namespace.removed-at-once
            Ok(answer::json(StatusCode::OK, &gone))
        }
        _ => Err(unsupported(call)),
    }
}

// What a namespace says of itself before its roles are there.
const YOUNG: &str = "{\"conditions\": [{\"type\": \"InitialRolesPopulated\", \"status\": \"Unknown\", \"message\": \"Populating initial roles\"}]}";

/// A namespace as Norman shows it. A young one has no roles in it yet.
fn object(base: &str, cluster: &str, name: &str, namespace: &Object, young: bool) -> Value {
    let path = format!("/v3/cluster/{cluster}/namespaces/{name}");
    let own = format!("{base}{path}");
    let meta = |field: &str| {
        namespace.body.get("metadata").and_then(|meta| meta.get(field)).cloned().unwrap_or_else(|| json!({}))
    };
    let mut annotations = meta("annotations");
    // What has a field of its own is no annotation here.
    let mut labels = meta("labels");
    if let (true, Some(labels)) = (young, labels.as_object_mut()) {
        labels.remove("field.cattle.io/projectId");
        annotations = json!({"cattle.io/status": YOUNG});
    }
    if let Some(annotations) = annotations.as_object_mut() {
        for field in ["projectId", "creatorId", "resourceQuota", "containerDefaultResourceLimit"] {
            annotations.remove(&format!("field.cattle.io/{field}"));
        }
    }
    let mut links = links(base, &path, &[("yaml", "yaml")], true);
    if let Some(links) = links.as_object_mut() {
        links.insert("yaml".to_owned(), json!(format!("{own}/yaml")));
    }
    let (condition, transitioning, message) =
        if young { ("activating", "yes", "Populating initial roles") } else { ("active", "no", "") };
    let fields = json!({
        "actions": {"move": format!("{own}?action=move")},
        "annotations": annotations, "baseType": "namespace",
        "creatorId": namespace.annotation("field.cattle.io/creatorId"),
        "id": name, "labels": labels, "links": links, "name": name,
        "projectId": namespace.annotation("field.cattle.io/projectId"),
        "state": condition, "transitioning": transitioning, "transitioningMessage": message,
        "type": "namespace", "uuid": namespace.uid,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    if let Some(quota) = namespace.annotation("field.cattle.io/resourceQuota")
        && let Ok(quota) = serde_json::from_str::<Value>(quota)
    {
        object.insert("resourceQuota".to_owned(), quota);
    }
    if namespace.annotation("field.cattle.io/containerDefaultResourceLimit").is_some() {
        object.insert("containerDefaultResourceLimit".to_owned(), json!({}));
    }
    dated(&mut object, "created", namespace.created);
    Value::Object(object)
}
