//! Role bindings: global, of a cluster, of a project.

use super::kinds::Kind;
use super::validate::Write;
use super::{Within, fields, links, list, required, string, unsupported};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::{Access, Ask, global_role_exists, template};
use crate::world::state::{Binding, BindingKind, dated};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

fn kind_of(kind: &Kind) -> BindingKind {
    match kind.id.as_str() {
        "globalRoleBinding" => BindingKind::Global,
        "clusterRoleTemplateBinding" => BindingKind::Cluster,
        _ => BindingKind::Project,
    }
}

fn may(access: &Access, verb: &str, kind: &'static Kind, target: &str) -> bool {
    let resource = kind.path();
    match kind_of(kind) {
        BindingKind::Global => access.globally(&Ask::management(verb, &resource, "")),
        BindingKind::Cluster => access.in_cluster(verb, &resource, target),
        BindingKind::Project => access.in_project(verb, &resource, target),
    }
}

pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    kind: &'static Kind,
    within: Within<'_>,
    id: Option<&str>,
) -> Outcome {
    match (call.method, id) {
        (&Method::GET, None) => all(world, call, kind, within),
        (&Method::POST, None) => create(world, call, kind),
        (_, None) => Err(unsupported(call)),
        (_, Some(id)) => one(world, call, kind, id),
    }
}

fn all(world: &World, call: &Call<'_>, kind: &'static Kind, within: Within<'_>) -> Outcome {
    // rule: norman.lists-are-filtered
    let access = call.access(&world.state);
    let wanted = kind_of(kind);
    let items: Vec<_> = world
        .state
        .bindings
        .values()
        .filter(|binding| binding.kind == wanted)
        .filter(|binding| within.cluster.or(within.project).is_none_or(|target| binding.target == target))
        .filter(|binding| {
            may(&access, "list", kind, &binding.target) || binding.user.as_deref() == Some(&access.user)
        })
        .map(|binding| object(call, kind, binding))
        .collect();
    list(world, call, kind, items, Some(format!("{}/v3/{}", call.base, kind.path())))
}

fn create(world: &mut World, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let body = fields(call, &kind.id, Write::Create, &[])?;
    let access = call.access(&world.state);
    let (target, role) = match kind_of(kind) {
        BindingKind::Global => {
            let role = required(&body, "globalRoleId")?;
            if !global_role_exists(&world.state, &role) {
                // rule: binding.unknown-global-role
                let message = format!("globalroles.management.cattle.io \"{role}\" not found");
                return Err(Problem::not_found(message));
            }
            (String::new(), role)
        }
        BindingKind::Cluster => {
            let target = required(&body, "clusterId")?;
            if !world.state.clusters.contains_key(&target) {
                // rule: binding.unknown-target
                return Err(Problem::not_found(format!("namespaces \"{target}\" not found")));
            }
            (target, known_role(world, &body, "cluster")?)
        }
        BindingKind::Project => {
            let target = required(&body, "projectId")?;
            if !world.state.projects.contains_key(&target) {
                // rule: binding.unknown-target
                let backing = target.rsplit(':').next().unwrap_or(&target);
                return Err(Problem::not_found(format!("namespaces \"{backing}\" not found")));
            }
            (target, known_role(world, &body, "project")?)
        }
    };
    if !may(&access, "create", kind, &target) {
        let plural = kind.path();
        let namespace = target.rsplit(':').next().unwrap_or_default().to_owned();
        let ask = Ask { namespace: &namespace, ..Ask::management("create", &plural, "") };
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let principal = string(&body, "userPrincipalId");
    let user = string(&body, "userId")
        .or_else(|| principal.and_then(|principal| principal.strip_prefix("local://").map(str::to_owned)));
    let group = string(&body, "groupPrincipalId").or_else(|| string(&body, "groupId"));
    if user.is_none() && group.is_none() {
        // rule: binding.needs-subject
        return Err(Problem::unprocessable(
            "InvalidBodyContent",
            "must target a user [userId]/[userPrincipalId] OR a group [groupId]/[groupPrincipalId]",
        ));
    }
    // rule: binding.twice-makes-two
    let id = world.insert_binding(kind_of(kind), &target, &role, user.as_deref(), group.as_deref());
    let Some(binding) = world.state.bindings.get_mut(&(kind_of(kind), id)) else {
        return Err(Problem::not_found(""));
    };
    binding.creator = Some(access.user);
    let made = object(call, kind, binding);
    if binding.kind == BindingKind::Project {
        // rule: binding.controllers-mark
        for (field, mark) in [
            ("annotations", "lifecycle.cattle.io/create.mgmt-auth-prtb-controller"),
            ("labels", "management.cattle.io/roletemplate-aggregation"),
        ] {
            if let Value::Object(marks) = binding.more.entry(field).or_insert_with(|| json!({})) {
                marks.insert(mark.to_owned(), json!("true"));
            }
        }
    }
    Ok(answer::json(StatusCode::CREATED, &made))
}

fn known_role(world: &World, body: &Map<String, Value>, context: &str) -> Result<String, Problem> {
    let role = required(body, "roleTemplateId")?;
    match template(&world.state, &role) {
        None => {
            // rule: binding.unknown-role
            let message = format!(
                "Error getting role template: roletemplates.management.cattle.io \"{role}\" not found"
            );
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", message))
        }
        Some((of, locked)) if of != context || locked => {
            // rule: binding.wrong-context
            let message =
                format!("Cannot edit/add member with role {role}: it is not a {context} role, or locked");
            Err(Problem::unprocessable("InvalidState", message))
        }
        Some(_) => Ok(role),
    }
}

fn one(world: &mut World, call: &Call<'_>, kind: &'static Kind, id: &str) -> Outcome {
    let key = (kind_of(kind), id.to_owned());
    let access = call.access(&world.state);
    let plural = kind.path();
    let found = world.state.bindings.get(&key).cloned();
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT => "update",
        _ => "get",
    };
    let (namespace, name) = id.rsplit_once(':').unwrap_or(("", id));
    let target = found.as_ref().map_or("", |binding| binding.target.as_str());
    if !may(&access, verb, kind, target) {
        let ask = Ask { namespace, ..Ask::management(verb, &plural, name) };
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let Some(binding) = found else {
        return Err(Problem::not_found(format!("{plural}.management.cattle.io \"{name}\" not found")));
    };
    match *call.method {
        // rule: binding.put-changes-nothing
        Method::GET | Method::PUT => Ok(answer::json(StatusCode::OK, &object(call, kind, &binding))),
        Method::DELETE => {
            // rule: binding.delete-200
            let mut gone = object(call, kind, &binding);
            if let Some(object) = gone.as_object_mut() {
                dated(object, "removed", world.state.now);
            }
            world.state.bindings.remove(&key);
            Ok(answer::json(StatusCode::OK, &gone))
        }
        _ => Err(unsupported(call)),
    }
}

/// A binding as Norman shows it.
fn object(call: &Call<'_>, kind: &'static Kind, binding: &Binding) -> Value {
    let path = format!("/v3/{}/{}", kind.plural, binding.id);
    let name = binding.id.rsplit(':').next().unwrap_or(&binding.id);
    let principal = binding.user.as_ref().map(|user| format!("local://{user}"));
    let fields = json!({
        "baseType": kind.id, "creatorId": binding.creator,
        "groupPrincipalId": binding.group, "id": binding.id,
        "links": links(&call.base, &path, &[], true), "name": name, "type": kind.id,
        "userId": binding.user, "userPrincipalId": principal, "uuid": binding.uuid,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    match binding.kind {
        BindingKind::Global => {
            object.insert("globalRoleId".to_owned(), json!(binding.role));
        }
        BindingKind::Cluster | BindingKind::Project => {
            let target = if binding.kind == BindingKind::Cluster { "clusterId" } else { "projectId" };
            object.insert(target.to_owned(), json!(binding.target));
            object.insert("roleTemplateId".to_owned(), json!(binding.role));
            object.insert("groupId".to_owned(), Value::Null);
            object.insert("namespaceId".to_owned(), Value::Null);
        }
    }
    object.extend(binding.more.clone());
    dated(&mut object, "created", binding.created);
    Value::Object(object)
}
