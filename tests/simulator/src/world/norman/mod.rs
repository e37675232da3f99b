//! `/v3`: Norman's routing, envelopes and errors.

mod bindings;
mod catalog;
mod clusters;
pub(crate) mod collection;
mod kept;
pub(crate) mod kinds;
mod namespaces;
mod projects;
mod quirks;
pub(crate) mod special;
mod tokens;
mod users;
mod validate;
mod workloads;
mod yaml;

pub use quirks::Quirk;

use super::World;
use super::answer::{self, Outcome, Problem, SCHEMAS, must_authenticate, set, text};
use super::auth::Caller;
use super::call::{Call, Query};
use super::follow;
use super::registration;
use super::rights::Ask;
use super::state::Project;
use crate::Response;
use collection::{Item, Listing, Paging};
use http::{Method, StatusCode};
use kinds::{Api, Kind, kind_in};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use validate::{Write, construct};

/// Where in the tree of sub-contexts a call is: `/v3/cluster/{id}/…`, `/v3/project/{id}/…`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Within<'a> {
    pub(crate) cluster: Option<&'a str>,
    pub(crate) project: Option<&'a str>,
}

/// A call to `/v3/…`.
pub(crate) fn serve(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Response {
    if parts.first() == Some(&"connect") {
        // rule: norman.connect
        return text(StatusCode::UNAUTHORIZED, "failed authentication");
    }
    if let ["import", file] = parts {
        return registration::manifest(world, call, file);
    }
    if !matches!(call.caller, Caller::User { .. }) && !public(call, parts) {
        return must_authenticate();
    }
    if parts.last() == Some(&"subscribe") && call.upgrade {
        return follow::subscribe_norman(world, call, parts);
    }
    if parts == ["subscribe"] {
        // rule: norman.subscribe-plain
        return text(
            StatusCode::BAD_REQUEST,
            "Bad Request\n{\"baseType\":\"error\",\"code\":\"ServerError\",\"message\":\"websocket: the client is not using the websocket protocol: 'upgrade' token not found in 'Connection' header\",\"status\":500,\"type\":\"error\"}\n",
        );
    }
    let schemas = schemas_url(call, parts);
    let understood = quirks::understood(world, call);
    let response = dispatch(world, &understood, parts).unwrap_or_else(Problem::answer);
    let mut response = quirks::answered(world, &understood, response);
    set(&mut response, SCHEMAS, &schemas);
    response
}

// Settings a browser needs before anyone has logged in.
fn public(call: &Call<'_>, parts: &[&str]) -> bool {
    // rule: public.settings
    call.method == Method::GET
        && matches!(parts, ["settings", name] if matches!(*name, "cacerts" | "first-login") || name.starts_with("ui-"))
}

fn schemas_url(call: &Call<'_>, parts: &[&str]) -> String {
    // rule: norman.schemas-header
    let path = match parts {
        ["cluster" | "clusters"] => "/v3/cluster/schemas".to_owned(),
        ["project" | "projects"] => "/v3/project/schemas".to_owned(),
        ["cluster" | "clusters", id] => format!("/v3/cluster/{id}/schemas"),
        ["project" | "projects", id] => format!("/v3/project/{id}/schemas"),
        ["cluster" | "clusters", id, of, ..] if !in_management(of) => format!("/v3/cluster/{id}/schemas"),
        ["project" | "projects", id, of, ..] if !in_management(of) => format!("/v3/project/{id}/schemas"),
        _ => "/v3/schemas".to_owned(),
    };
    format!("{}{path}", call.base)
}

// Types of the management API keep its schemas even below a cluster.
fn in_management(name: &str) -> bool {
    kind_in(Api::Management, name).is_some()
}

fn dispatch(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Outcome {
    if ![Method::GET, Method::POST, Method::PUT, Method::DELETE].contains(call.method) {
        // rule: norman.methods
        return Err(Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllow",
            format!("Method {} not supported", call.method),
        ));
    }
    match parts {
        // rule: norman.root
        [] => Ok(answer::json(StatusCode::OK, &root(call))),
        ["schemas"] => Ok(catalog::schemas(call, Api::Management, "")),
        ["schemas", id] => catalog::schema(call, Api::Management, "", id),
        ["cluster" | "clusters", cluster, rest @ ..] => {
            let within = Within { cluster: Some(cluster), project: None };
            match rest {
                [] => clusters::one(world, call, cluster),
                ["schemas"] => Ok(catalog::schemas(call, Api::Cluster, cluster)),
                ["schemas", id] => catalog::schema(call, Api::Cluster, cluster, id),
                rest => typed(world, call, rest, within),
            }
        }
        ["project" | "projects", project, rest @ ..] => {
            let within = Within { cluster: None, project: Some(project) };
            match rest {
                [] => projects::one(world, call, project),
                ["schemas"] => Ok(catalog::schemas(call, Api::Project, project)),
                ["schemas", id] => catalog::schema(call, Api::Project, project, id),
                rest => typed(world, call, rest, within),
            }
        }
        rest => typed(world, call, rest, Within::default()),
    }
}

fn typed(world: &mut World, call: &Call<'_>, rest: &[&str], within: Within<'_>) -> Outcome {
    let (name, id) = match rest {
        [name] => (*name, None),
        [name, id] => (*name, Some(*id)),
        [name, ..] => return Err(no_schema(name)),
        [] => return Err(no_schema("")),
    };
    // rule: norman.wrong-context
    let below = match within {
        Within { cluster: Some(_), .. } => kind_in(Api::Cluster, name),
        Within { project: Some(_), .. } => kind_in(Api::Project, name),
        Within { cluster: None, project: None } => None,
    };
    let kind = below.or_else(|| kind_in(Api::Management, name)).ok_or_else(|| no_schema(name))?;
    match (kind.id.as_str(), id) {
        ("cluster", None) => clusters::all(world, call),
        ("cluster", Some(id)) => clusters::one(world, call, id),
        ("project", None) => projects::all(world, call, within),
        ("project", Some(id)) => projects::one(world, call, id),
        ("namespace", id) => namespaces::serve(world, call, within, id),
        (name, None) if within.project.is_some() && workloads::shows(name) => {
            workloads::list_all(world, call, within, name)
        }
        ("token", id) => tokens::serve(world, call, id),
        ("user", id) => users::serve(world, call, id),
        ("clusterRoleTemplateBinding" | "projectRoleTemplateBinding" | "globalRoleBinding", id) => {
            bindings::serve(world, call, kind, within, id)
        }
        ("principal", id) => catalog::principals(world, call, kind, id),
        ("setting", id) => catalog::settings(world, call, kind, id),
        // rule: record.no-nodes
        (_, id) => kept::serve(world, call, kind, within, id),
    }
}

/// What the caller sees in a collection, all of it.
pub(crate) fn seen(world: &mut World, call: &Call<'_>, parts: &[&str]) -> Vec<Value> {
    let call = Call {
        method: &Method::GET,
        query: Query(vec![("limit".to_owned(), "-1".to_owned())]),
        ..call.clone()
    };
    let answer = dispatch(world, &call, parts).ok();
    let body = answer.and_then(|answer| serde_json::from_slice::<Value>(&answer.body).ok());
    match body.as_ref().and_then(|body| body.get("data")) {
        Some(Value::Array(data)) => data.clone(),
        _ => Vec::new(),
    }
}

/// The projects that the caller sees, or those of a cluster, where they differ from what `told` has by their id: as
/// they are, and as Norman shows them.
pub(crate) fn seen_projects(
    world: &World,
    call: &Call<'_>,
    told: &BTreeMap<String, (Project, Value)>,
) -> (Vec<(Project, Value)>, Vec<String>) {
    let access = call.access(&world.state);
    let everything = access.globally(&Ask::management("get", "projects", ""));
    let sees = |id: &str| everything || access.sees_project(id);
    let new = world
        .state
        .projects
        .iter()
        .filter(|(id, project)| sees(id) && told.get(*id).map(|(told, _)| told) != Some(project));
    let new = new.map(|(_, project)| (project.clone(), projects::shown(&world.state, &call.base, project)));
    let gone = told.keys().filter(|id| !world.state.projects.contains_key(*id) || !sees(id)).cloned();
    (new.collect(), gone.collect())
}

fn no_schema(name: &str) -> Problem {
    // rule: norman.unknown-type
    Problem::not_found(format!("failed to find schema {name}"))
}

fn list<T: Item>(
    world: &World,
    call: &Call<'_>,
    kind: &'static Kind,
    items: Vec<T>,
    create: Option<String>,
) -> Outcome {
    let ranks = &world.state.ranks;
    Ok(Listing { kind, items, create, actions: json!({}), paging: Paging::Store, ranks }.answer(call))
}

/// A method that a type does not have.
fn unsupported(call: &Call<'_>) -> Problem {
    // rule: norman.methods
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "MethodNotAllow",
        format!("Method {} not supported", call.method),
    )
}

/// The body of a write.
fn body(call: &Call<'_>) -> Result<Map<String, Value>, Problem> {
    // rule: norman.bad-body
    call.object().map_err(|complaint| {
        Problem::unprocessable("InvalidBodyContent", format!("Failed to parse body: {complaint}"))
    })
}

/// The fields of a write as the schema of this type takes them; `given` stands in for what the path says already.
fn fields(
    call: &Call<'_>,
    name: &str,
    write: Write,
    given: &[(&str, &str)],
) -> Result<Map<String, Value>, Problem> {
    let kind = kinds::kind(name).ok_or_else(|| no_schema(name))?;
    let mut sent = body(call)?;
    for (field, value) in given {
        sent.insert((*field).to_owned(), json!(value));
    }
    construct(kind.api, kind, &sent, write)
}

/// A string field; numbers and booleans are coerced, as Norman does.
fn string(body: &Map<String, Value>, field: &str) -> Option<String> {
    // rule: norman.coerced
    match body.get(field)? {
        Value::String(text) => Some(text.clone()),
        Value::Null => None,
        Value::Array(_) | Value::Object(_) => None,
        other => Some(other.to_string()),
    }
}

/// A field that must be there.
fn required(body: &Map<String, Value>, field: &'static str) -> Result<String, Problem> {
    // rule: norman.required
    string(body, field).filter(|value| !value.is_empty()).ok_or_else(|| Problem::missing(field))
}

fn root(call: &Call<'_>) -> Value {
    let mut links = Map::new();
    for kind in kinds::kinds(Api::Management).iter().filter(|kind| kind.collection.is_some()) {
        links.insert(kind.plural.to_owned(), json!(format!("{}/v3/{}", call.base, kind.path())));
    }
    for name in ["root", "self"] {
        links.insert(name.to_owned(), json!(format!("{}/v3", call.base)));
    }
    links.insert("subscribe".to_owned(), json!(format!("{}/v3/subscribe", call.base)));
    json!({
        "apiVersion": {"group": "management.cattle.io", "path": "/v3", "version": "v3"},
        "baseType": "apiRoot", "type": "apiRoot", "links": links,
    })
}

/// `links` of an object: itself, and what else is below it.
fn links(base: &str, path: &str, below: &[(&str, &str)], writable: bool) -> Value {
    // Built by hand: a page holds thousands of them.
    let own = [base, path].concat();
    let mut links = Map::new();
    for (name, part) in below {
        links.insert((*name).to_owned(), Value::String([own.as_str(), "/", part].concat()));
    }
    links.insert("self".to_owned(), Value::String(own.clone()));
    links.insert("update".to_owned(), Value::String(own.clone()));
    if writable {
        links.insert("remove".to_owned(), Value::String(own));
    }
    Value::Object(links)
}
