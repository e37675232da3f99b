//! `/v1`: Steve, on the server itself and through the proxy.

mod catalog;
mod charts;
mod helm;
mod query;
mod schema;
mod show;
mod write;

pub(crate) use helm::Job;

use super::World;
use super::answer::{self, SCHEMAS, empty, must_authenticate, set, steve_error, text};
use super::auth::Caller;
use super::call::{Call, Query};
use super::follow;
use super::kube::resources::{RESOURCES, Resource, steve as resource_of};
use super::kube::{items, render};
use super::past::Change;
use super::rights::{Access, Ask};
use super::route::not_simulated;
use super::state::{Agent, Object, ObjectKey};
use crate::Response;
use http::{Method, StatusCode};
use query::Asked;
use serde_json::{Value, json};
use show::{Moment, shown};
use std::time::Duration;

struct Plane<'a> {
    cluster: &'a str,
    /// What links begin with; `local` loses the proxy's prefix.
    base: String,
    access: &'a Access,
}

impl Plane<'_> {
    fn may(&self, world: &World, verb: &str, resource: &Resource, namespace: &str, name: &str) -> bool {
        let ask = Ask { verb, group: resource.group, resource: resource.plural, namespace, name };
        if is_own_cluster(resource) {
            // rule: steve.management-is-read-only
            return match (verb, name) {
                ("get", name) if !name.is_empty() => self.access.sees_cluster(name),
                ("get" | "list", _) => {
                    world.state.clusters.keys().any(|cluster| self.access.sees_cluster(cluster))
                }
                _ => false,
            };
        }
        self.access.in_kubernetes(&world.state, self.cluster, &ask).is_some()
    }

    fn sees(&self, world: &World, resource: &Resource, key: &ObjectKey) -> bool {
        let namespace = if resource.kind == "Namespace" { &key.2 } else { &key.1 };
        (!is_own_cluster(resource) && self.may(world, "list", resource, "", ""))
            || self.may(world, "get", resource, namespace, &key.2)
    }
}

// Clusters of Rancher's own, which Norman keeps; those of `provisioning.cattle.io` are objects like others.
fn is_own_cluster(resource: &Resource) -> bool {
    resource.group == "management.cattle.io" && resource.kind == "Cluster"
}

/// `/v1/…` of the server itself.
pub(crate) fn local(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    let access = call.access(&world.state);
    let plane = Plane { cluster: "local", base: call.base.clone(), access: &access };
    if rest.is_empty() {
        // rule: public.steve-root
        return schemed(&plane, root(world, &plane));
    }
    if !matches!(call.caller, Caller::User { .. }) {
        return must_authenticate();
    }
    // rule: steve.local-links
    serve(world, call, &plane, rest)
}

/// `/k8s/clusters/{id}/v1/…`.
pub(crate) fn downstream(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    access: &Access,
    rest: &[&str],
) -> Response {
    if !access.sees_cluster(cluster) {
        // rule: steve.no-access-401
        return empty(StatusCode::UNAUTHORIZED);
    }
    match world.state.clusters.get(cluster).map(|cluster| cluster.agent) {
        Some(Agent::Connected) => {}
        // rule: agent-gone.steve
        // rule: agent-starting.steve
        // rule: steve.never-connected
        _ => {
            let message = format!(
                "lost connection to cluster: failed to find Session for client stv-cluster-{cluster}"
            );
            let mut response = text(StatusCode::INTERNAL_SERVER_ERROR, &message);
            response.delay = Duration::from_secs(14);
            return response;
        }
    }
    let plane = Plane { cluster, base: format!("{}/k8s/clusters/{cluster}", call.base), access };
    if rest.is_empty() {
        return schemed(&plane, root(world, &plane));
    }
    serve(world, call, &plane, rest)
}

fn schemed(plane: &Plane<'_>, mut response: Response) -> Response {
    set(&mut response, SCHEMAS, &format!("{}/v1/schemas", plane.base));
    response
}

/// The resource that a subscription names.
pub(crate) fn subscribed(name: &str) -> Option<&'static Resource> {
    resource_of(name).filter(|resource| resource.steve_type() == name)
}

/// A change as a subscription tells it: its name, and the object; nothing if it is not the caller's business.
pub(crate) fn told(
    world: &World,
    call: &Call<'_>,
    access: &Access,
    cluster: &str,
    resource: &Resource,
    change: &Change,
) -> Option<(&'static str, Value)> {
    let base =
        if cluster == "local" { call.base.clone() } else { format!("{}/k8s/clusters/{cluster}", call.base) };
    let plane = Plane { cluster, base, access };
    if !plane.sees(world, resource, &change.key) {
        return None;
    }
    let (name, object) = match (&change.before, &change.after) {
        (None, Some(after)) => ("resource.create", after),
        (Some(_), Some(after)) => ("resource.change", after),
        (before, None) => ("resource.remove", before.as_ref()?),
    };
    let rendered = render(resource, &change.key, object, true);
    let bare = Call { query: Query::default(), ..call.clone() };
    let mut shown = shown(world, &bare, &plane, resource, &change.key, rendered, Moment::Read);
    // rule: subscribe.steve-own-id
    if let Some(fields) = shown.as_object_mut()
        && let Some(id) = fields.get("id").cloned()
    {
        fields.insert("_id".to_owned(), id);
    }
    Some((name, shown))
}

fn visible<'a>(world: &'a World, plane: &'a Plane<'_>) -> impl Iterator<Item = &'static Resource> + 'a {
    RESOURCES.iter().filter(move |resource| {
        plane.may(world, "list", resource, "", "")
            || items(&world.state, plane.cluster, resource, "")
                .iter()
                .any(|(key, _)| plane.sees(world, resource, key))
    })
}

fn root(world: &World, plane: &Plane<'_>) -> Response {
    let base = &plane.base;
    let mut links = json!({"self": format!("{base}/v1"), "schemas": format!("{base}/v1/schemas")});
    if let Some(links) = links.as_object_mut() {
        for resource in visible(world, plane) {
            links.insert(resource.steve_type(), json!(format!("{base}/v1/{}", resource.steve_plural())));
        }
    }
    let own = json!({"id": "v1", "type": "apiRoot", "apiVersion": {"version": "v1"}, "links": links});
    let body = json!({
        "type": "collection", "resourceType": "apiRoot", "links": {"self": format!("{base}/v1")}, "actions": {},
        "data": [own],
    });
    answer::json(StatusCode::OK, &body)
}

// Groups and types that the recorded server has and the simulated one does not: their absence would be a lie.
const REAL: &[&str] = &[
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "apps",
    "auditlog.cattle.io",
    "autoscaling",
    "batch",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "ext.cattle.io",
    "fleet.cattle.io",
    "flowcontrol.apiserver.k8s.io",
    "management.cattle.io",
    "networking.k8s.io",
    "node.k8s.io",
    "operation.cattle.io",
    "plan.cattle.io",
    "policy",
    "provisioning.cattle.io",
    "resource.k8s.io",
    "rke.cattle.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "telemetry.cattle.io",
    "ui.cattle.io",
    "upgrade.cattle.io",
];

fn real(name: &str) -> bool {
    let own =
        ["bindings", "componentstatuses", "counts", "endpoints", "podtemplates", "replicationcontrollers"];
    own.contains(&name)
        || name == "userpreferences"
        || name.rsplit_once('.').is_some_and(|(group, _)| REAL.contains(&group))
}

fn serve(world: &mut World, call: &Call<'_>, plane: &Plane<'_>, rest: &[&str]) -> Response {
    match rest {
        ["schemas"] => return schemed(plane, schema::all(world, plane)),
        ["schemas", wanted] => return schemed(plane, schema::one(world, plane, wanted)),
        ["schemaDefinitions", wanted] => return schemed(plane, schema::definition(world, plane, wanted)),
        _ => {}
    }
    if rest == ["subscribe"] {
        if !call.upgrade {
            return not_simulated("subscribe without a socket");
        }
        return follow::subscribe_steve(world, plane.cluster);
    }
    let name = rest.first().copied().unwrap_or_default();
    if let ("auditlog.cattle.io.auditpolicies", &Method::GET, true) =
        (name, call.method, plane.access.is_admin())
        && rest.len() == 1
    {
        return schemed(plane, never_written(plane, name, "auditlog.cattle.io.auditpolicy"));
    }
    let Some(resource) = resource_of(name) else {
        if real(name) {
            // rule: route.not-simulated
            return not_simulated("this type of Steve's");
        }
        // rule: steve.unknown-type
        return empty(StatusCode::NOT_FOUND);
    };
    let response = match rest {
        [_] if *call.method == Method::GET => list(world, call, plane, resource, ""),
        [_] if *call.method == Method::POST => write::write(world, call, plane, resource, ("", "")),
        // rule: steve.lists-of-a-namespace
        [_, namespace] if resource.namespaced && *call.method == Method::GET => {
            list(world, call, plane, resource, namespace)
        }
        [_, namespace] if resource.namespaced && *call.method == Method::POST => {
            write::write(world, call, plane, resource, (namespace, ""))
        }
        [_, name] => one(world, call, plane, resource, "", name),
        [_, namespace, name] => one(world, call, plane, resource, namespace, name),
        _ => not_simulated("this call to Steve"),
    };
    if response.status == StatusCode::NO_CONTENT { response } else { schemed(plane, response) }
}

// rule: steve.never-written
fn never_written(plane: &Plane<'_>, plural: &str, name: &str) -> Response {
    let own = format!("{}/v1/{plural}", plane.base);
    let body = json!({
        "type": "collection", "links": {"self": own}, "createTypes": {name: own}, "actions": {},
        "resourceType": name, "data": [],
    });
    answer::json(StatusCode::OK, &body)
}

fn list(world: &World, call: &Call<'_>, plane: &Plane<'_>, resource: &Resource, namespace: &str) -> Response {
    let asked = match Asked::read(&call.query, resource) {
        Ok(asked) => asked,
        Err(refusal) => return *refusal,
    };
    let wanted = call.query.first("revision").and_then(|revision| revision.parse::<u64>().ok());
    if wanted.is_some_and(|wanted| wanted > world.state.version) {
        // rule: steve.unknown-revision
        return steve_error(StatusCode::BAD_REQUEST, "unknown revision", "unknown revision");
    }
    // rule: steve.lists-are-filtered
    let mut seen = items(&world.state, plane.cluster, resource, namespace);
    seen.retain(|(key, _)| plane.sees(world, resource, key));
    // rule: record.renamed-clusters
    let ranks = &world.state.ranks;
    if !ranks.is_empty() {
        let rank = |name: &String| ranks.get(name).unwrap_or(name).clone();
        seen.sort_by_cached_key(|((_, namespace, name), _)| (rank(namespace), rank(name)));
    }
    if let Some((homes, in_them)) = asked.homes() {
        seen.retain(|(key, _)| at_home(world, plane, resource, key, homes) == in_them);
    }
    let whole = |key: &ObjectKey, object: &Object| {
        shown(world, call, plane, resource, key, render(resource, key, object, true), Moment::Read)
    };
    if asked.is_filtered() || asked.is_sorted() {
        // Filters and order are those of the whole object, whatever part of it is shown.
        let bare = Call { query: Query::default(), ..call.clone() };
        let mut all: Vec<(Value, _)> = seen
            .into_iter()
            .map(|(key, object)| {
                let rendered = render(resource, &key, &object, true);
                (shown(world, &bare, plane, resource, &key, rendered, Moment::Read), (key, object))
            })
            .filter(|(shown, _)| asked.picks(shown))
            .collect();
        all.sort_by(|(one, _), (other, _)| asked.order(one, other, ranks));
        seen = all.into_iter().map(|(_, found)| found).collect();
    }
    let home = if namespace.is_empty() { String::new() } else { format!("/{namespace}") };
    let types = format!("{}/v1/{}", plane.base, resource.steve_plural());
    let own = format!("{types}{home}");
    let count = seen.len();
    let (start, size) = asked.window();
    let end = start.saturating_add(size);
    let data: Vec<Value> =
        seen.iter().skip(start).take(size).map(|(key, object)| whole(key, object)).collect();
    let mut body = json!({
        "type": "collection", "links": {"self": own}, "actions": {}, "resourceType": resource.steve_type(),
        "revision": world.state.version.to_string(), "data": data,
    });
    if let Some(body) = body.as_object_mut() {
        if plane.may(world, "create", resource, "", "") && !show::blocked(resource, &Method::POST) {
            body.insert("createTypes".to_owned(), json!({resource.steve_type(): types}));
        }
        if count > 0 {
            body.insert("count".to_owned(), json!(count));
        }
        if end < count {
            // The link that goes on names a token nobody reads: it gives the same page again.
            // rule: steve.continue-is-ignored
            let next = end.to_string();
            let query = call.query.with(&[("continue", Some(&next))]);
            body.insert("continue".to_owned(), json!(next));
            body.insert(
                "pagination".to_owned(),
                json!({"first": own, "next": format!("{own}{query}"), "partial": true}),
            );
        }
    }
    answer::json(StatusCode::OK, &body)
}

// Whether an object is in one of these projects or namespaces; a namespace is, when it is one of them.
fn at_home(world: &World, plane: &Plane<'_>, resource: &Resource, key: &ObjectKey, homes: &[String]) -> bool {
    let namespace = if resource.kind == "Namespace" { &key.2 } else { &key.1 };
    let project = world.state.project_of(plane.cluster, namespace);
    let short = project.and_then(|project| project.rsplit(':').next());
    homes.iter().any(|home| home == namespace || Some(home.as_str()) == short)
}

fn one(
    world: &mut World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    namespace: &str,
    name: &str,
) -> Response {
    if let Some(response) = catalog::served(world, call, plane, resource, namespace, name) {
        return response;
    }
    if *call.method != Method::GET {
        return write::write(world, call, plane, resource, (namespace, name));
    }
    let world = &*world;
    let found = items(&world.state, plane.cluster, resource, namespace);
    let found = found.iter().find(|(key, _)| key.1 == namespace && key.2 == name);
    let key = (resource.key(), namespace.to_owned(), name.to_owned());
    if !plane.sees(world, resource, &key) {
        let none = !visible(world, plane).any(|seen| std::ptr::eq(seen, resource));
        if none {
            // rule: steve.get-not-supported
            return steve_error(StatusCode::FORBIDDEN, "PermissionDenied", "Method GET not supported");
        }
        // rule: steve.forbidden
        let ask = Ask { verb: "get", group: resource.group, resource: resource.plural, namespace, name };
        return steve_error(StatusCode::FORBIDDEN, "Forbidden", &ask.refusal(&plane.access.user));
    }
    match found {
        Some((key, object)) => {
            let rendered = render(resource, key, object, true);
            let shown = shown(world, call, plane, resource, key, rendered, Moment::Read);
            answer::json(StatusCode::OK, &shown)
        }
        // rule: steve.not-found
        None => {
            let message = format!("{} \"{name}\" not found", resource.full());
            steve_error(StatusCode::NOT_FOUND, "NotFound", &message)
        }
    }
}
