//! `/v3/projects`.

use super::collection::Item;
use super::validate::Write;
use super::{Within, fields, kinds, links, list, required, string, unsupported, yaml};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::quota;
use crate::world::rights::{Ask, cluster_of};
use crate::world::state::{Agent, Project, SECOND, State, dated, stamp};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::sync::OnceLock;

// The fields that are kept as they were sent.
const KEPT: &[&str] = &[
    "annotations",
    "containerDefaultResourceLimit",
    "description",
    "labels",
    "namespaceDefaultResourceQuota",
    "resourceQuota",
];

/// `/v3/projects`, `/v3/cluster/{id}/projects`.
pub(super) fn all(world: &mut World, call: &Call<'_>, within: Within<'_>) -> Outcome {
    let kind = kinds::kind("project").ok_or_else(|| Problem::not_found(""))?;
    match *call.method {
        Method::GET => {
            // rule: norman.lists-are-filtered
            let access = call.access(&world.state);
            let everything = access.globally(&Ask::management("get", "projects", ""));
            let items: Vec<_> = world
                .state
                .projects
                .iter()
                .filter(|(_, project)| within.cluster.is_none_or(|cluster| project.cluster == cluster))
                .filter(|(id, _)| everything || access.sees_project(id))
                .map(|(id, project)| Row { id, project, state: &world.state, base: &call.base })
                .collect();
            // rule: norman.global-create-links
            list(world, call, kind, items, Some(format!("{}/v3/projects", call.base)))
        }
        Method::POST => create(world, call, within),
        _ => Err(unsupported(call)),
    }
}

/// A project on its way into a list.
struct Row<'a> {
    id: &'a str,
    project: &'a Project,
    state: &'a State,
    base: &'a str,
}

impl Item for Row<'_> {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id)
    }

    fn text(&self, field: &str) -> Cow<'_, str> {
        let project = self.project;
        match field {
            "id" => Cow::Borrowed(self.id),
            "name" => Cow::Borrowed(&project.display),
            "clusterId" => Cow::Borrowed(&project.cluster),
            "creatorId" => Cow::Borrowed(project.creator.as_deref().unwrap_or_default()),
            "uuid" => Cow::Borrowed(&project.uuid),
            "created" => Cow::Owned(stamp(project.created)),
            "state" => Cow::Borrowed("active"),
            "transitioning" => Cow::Borrowed("no"),
            "description" => {
                Cow::Borrowed(project.fields.get(field).and_then(Value::as_str).unwrap_or_default())
            }
            // Nothing sets the others.
            _ => Cow::Borrowed(""),
        }
    }

    fn show(self) -> Value {
        object(self.base, self.project, synced(self.state, &self.project.cluster))
    }
}

/// A project as lists show it.
pub(super) fn shown(state: &State, base: &str, project: &Project) -> Value {
    object(base, project, synced(state, &project.cluster))
}

// Have the controllers of its cluster been at work on a project?
fn synced(state: &State, cluster: &str) -> bool {
    state.clusters.get(cluster).is_some_and(|cluster| cluster.agent != Agent::Never)
}

fn create(world: &mut World, call: &Call<'_>, within: Within<'_>) -> Outcome {
    let given: Vec<(&str, &str)> = within.cluster.map(|cluster| ("clusterId", cluster)).into_iter().collect();
    let body = fields(call, "project", Write::Create, &given)?;
    let (name, cluster) = (required(&body, "name")?, required(&body, "clusterId")?);
    let access = call.access(&world.state);
    if !access.in_cluster("create", "projects", &cluster) {
        let ask = Ask { namespace: &cluster, ..Ask::management("create", "projects", "") };
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    if !world.state.clusters.contains_key(&cluster) {
        // rule: project.unknown-cluster
        return Err(Problem::not_found(format!("namespaces \"{cluster}\" not found")));
    }
    quota::check_project(&world.state, &body, None)?;
    // rule: project.creator-owns
    let id = world.insert_project(&cluster, &name, Some(&access.user));
    let Some(project) = world.state.projects.get_mut(&id) else { return Err(Problem::not_found("")) };
    keep(project, &body);
    let mut made = object(&call.base, project, true);
    if let Some(made) = made.as_object_mut() {
        // rule: project.roles-follow
        made.remove("conditions");
        let annotations =
            json!({"authz.management.cattle.io/creator-role-bindings": "{\"required\":[\"project-owner\"]}"});
        made.insert("annotations".to_owned(), annotations);
    }
    world.settle_project(&id);
    Ok(answer::json(StatusCode::CREATED, &made))
}

fn keep(project: &mut Project, body: &Map<String, Value>) {
    for field in KEPT {
        match body.get(*field) {
            // rule: norman.null-clears
            Some(Value::Null) => {
                project.fields.remove(*field);
            }
            // What Rancher itself put into labels and annotations stays.
            // rule: norman.own-labels-stay
            Some(Value::Object(sent)) if matches!(*field, "labels" | "annotations") => {
                let own = project.fields.entry(*field).or_insert_with(|| json!({}));
                if let Some(own) = own.as_object_mut() {
                    own.retain(|key, _| key.contains("cattle.io/"));
                    own.extend(sent.clone());
                }
            }
            Some(value) => {
                project.fields.insert((*field).to_owned(), value.clone());
            }
            None => {}
        }
    }
}

/// `/v3/projects/{id}`.
pub(super) fn one(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let Some((cluster, name)) = id.split_once(':') else {
        // rule: project.id-without-cluster
        return Err(Problem::not_found("failed to find resource by id"));
    };
    let access = call.access(&world.state);
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT => "update",
        _ => "get",
    };
    let allowed =
        if verb == "get" { access.sees_project(id) } else { access.in_project(verb, "projects", id) };
    if !allowed {
        // rule: norman.forbidden-before-missing
        let ask = Ask { namespace: cluster, ..Ask::management(verb, "projects", name) };
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let synced = synced(&world.state, cluster);
    let Some(project) = world.state.projects.get_mut(id) else {
        return Err(Problem::not_found(format!("projects.management.cattle.io \"{name}\" not found")));
    };
    match *call.method {
        Method::GET => Ok(answer::json(StatusCode::OK, &object(&call.base, project, synced))),
        Method::PUT => {
            // rule: norman.put-merges
            let body = fields(call, "project", Write::Update, &[])?;
            quota::check_project(&world.state, &body, Some(id))?;
            let Some(project) = world.state.projects.get_mut(id) else { return Err(Problem::not_found("")) };
            if let Some(name) = string(&body, "name") {
                project.display = name;
            }
            if call.query.first("_replace") == Some("true") {
                // rule: norman.replace
                let stays =
                    |field: &str| matches!(field, "labels" | "annotations") || body.contains_key(field);
                project.fields.retain(|field, _| !KEPT.contains(&field.as_str()) || stays(field));
            }
            keep(project, &body);
            let shown = object(&call.base, project, synced);
            world.settle_project(id);
            Ok(answer::json(StatusCode::OK, &shown))
        }
        Method::POST if call.action() == Some("exportYaml") => Ok(yaml::export(project)),
        Method::DELETE => {
            // rule: project.delete-leaves-namespaces
            let mut gone = object(&call.base, project, synced);
            world.state.projects.remove(id);
            world.state.bindings.retain(|_, binding| binding.target != id);
            if let Some(object) = gone.as_object_mut() {
                dated(object, "removed", world.state.now);
                object.insert("state".to_owned(), json!("removing"));
                object.insert("transitioning".to_owned(), json!("yes"));
                object
                    .insert("transitioningMessage".to_owned(), json!("waiting on mgmt-project-rbac-remove"));
            }
            Ok(answer::json(StatusCode::OK, &gone))
        }
        _ => Err(unsupported(call)),
    }
}

// The nested types of a project, and how Norman names them.
const QUOTAS: &[(&str, &str)] = &[
    ("containerDefaultResourceLimit", "containerResourceLimit"),
    ("namespaceDefaultResourceQuota", "namespaceResourceQuota"),
    ("resourceQuota", "projectResourceQuota"),
];

// Nested objects carry the name of their schema.
fn typed(quota: &mut Map<String, Value>, schema: &str) {
    quota.insert("type".to_owned(), json!(format!("/v3/schemas/{schema}")));
    for limit in ["limit", "usedLimit"] {
        if let Some(Value::Object(limit)) = quota.get_mut(limit) {
            limit.insert("type".to_owned(), json!("/v3/schemas/resourceQuotaLimit"));
        }
    }
}

/// A project as Norman shows it.
pub(super) fn object(base: &str, project: &Project, synced: bool) -> Value {
    let id = project.id();
    let path = format!("/v3/projects/{id}");
    static PARTS: OnceLock<Vec<String>> = OnceLock::new();
    let parts = PARTS.get_or_init(|| BELOW.iter().map(|name| name.to_lowercase()).collect());
    let below: Vec<(&str, &str)> = BELOW.iter().copied().zip(parts.iter().map(String::as_str)).collect();
    let at = stamp(project.created + SECOND);
    // rule: project.stock-of-local
    let label = |name: &str| {
        let labels = project.fields.get("labels").filter(|_| project.cluster == "local");
        labels
            .is_some_and(|labels| labels.get(format!("authz.management.cattle.io/{name}-project")).is_some())
    };
    let last = match (label("default"), label("system")) {
        (true, _) => "DefaultNamespacesAssigned",
        (_, true) => "SystemNamespacesAssigned",
        _ => "InitialRolesPopulated",
    };
    let owners = if project.creator.is_some() { "[\"project-owner\"]" } else { "[]" };
    let mut annotations = json!({
        "authz.management.cattle.io/creator-role-bindings":
            format!("{{\"created\":{owners},\"required\":[\"project-owner\"]}}"),
        "lifecycle.cattle.io/create.mgmt-project-rbac-remove": "true",
    });
    if let (true, Some(annotations)) = (synced, annotations.as_object_mut()) {
        // rule: project.synced-by-its-cluster
        let key = format!("lifecycle.cattle.io/create.project-namespace-auth_{}", project.cluster);
        annotations.insert(key, json!("true"));
    }
    let conditions: Vec<Value> = ["BackingNamespaceCreated", "CreatorMadeOwner", last]
        .iter()
        .map(|kind| json!({"type": kind, "status": "True", "lastUpdateTime": at}))
        .collect();
    let fields = json!({
        "actions": {"exportYaml": format!("{base}{path}?action=exportYaml")},
        "baseType": "project", "clusterId": cluster_of(&id),
        "creatorId": project.creator, "id": id,
        "name": project.display, "namespaceId": null,
        "state": "active", "transitioning": "no", "transitioningMessage": "", "type": "project",
        "uuid": project.uuid,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    // Moved in, not copied: a page holds thousands of them.
    object.insert("annotations".to_owned(), annotations);
    object.insert("conditions".to_owned(), Value::Array(conditions));
    object.insert("links".to_owned(), links(base, &path, &below, true));
    for (field, value) in &project.fields {
        match (object.get_mut(field), value) {
            (Some(Value::Object(own)), Value::Object(sent)) => own.extend(sent.clone()),
            _ => {
                object.insert(field.clone(), value.clone());
            }
        }
    }
    for (field, schema) in QUOTAS {
        if let Some(Value::Object(quota)) = object.get_mut(*field) {
            typed(quota, schema);
        }
    }
    dated(&mut object, "created", project.created);
    Value::Object(object)
}

// What hangs below a project, by the names of its links.
const BELOW: &[&str] = &[
    "basicAuths",
    "certificates",
    "configMaps",
    "cronJobs",
    "daemonSets",
    "deployments",
    "dnsRecords",
    "dockerCredentials",
    "horizontalPodAutoscalers",
    "ingresses",
    "jobs",
    "namespacedBasicAuths",
    "namespacedCertificates",
    "namespacedDockerCredentials",
    "namespacedSecrets",
    "namespacedServiceAccountTokens",
    "namespacedSshAuths",
    "persistentVolumeClaims",
    "pods",
    "projectNetworkPolicies",
    "projectRoleTemplateBindings",
    "replicaSets",
    "replicationControllers",
    "secrets",
    "serviceAccountTokens",
    "services",
    "sshAuths",
    "statefulSets",
    "subscribe",
    "workloads",
];
