//! What a server says about itself: schemas, settings, roles, principals.

use super::collection::{Listing, Paging};
use super::kinds::{KINDS, Kind, kind};
use super::{body, links, list, no_schema, required, unsupported};
use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::{Ask, roles};
use crate::world::state::{Setting, User, dated};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// `/v3/schemas` and its like below a cluster or project.
pub(super) fn schemas(call: &Call<'_>) -> Response {
    let own = format!("{}{}", call.base, call.raw_path);
    let data: Vec<Value> = KINDS.iter().map(|kind| describe(call, kind)).collect();
    let body = json!({
        "type": "collection", "resourceType": "schema", "actions": {}, "links": {"self": own},
        "pagination": {"limit": 1000, "total": data.len()},
        "sort": {"order": "asc", "reverse": format!("{own}?order=desc")}, "data": data,
    });
    answer::json(StatusCode::OK, &body)
}

/// `/v3/schemas/{id}`.
pub(super) fn schema(call: &Call<'_>, id: &str) -> Outcome {
    let kind = kind(id).ok_or_else(|| no_schema(id))?;
    Ok(answer::json(StatusCode::OK, &describe(call, kind)))
}

// The fields are those one can filter by: the simulator keeps no full schemas.
fn describe(call: &Call<'_>, kind: &Kind) -> Value {
    // rule: schema.partial
    let filters: Map<String, Value> = kind
        .filters
        .iter()
        .map(|field| ((*field).to_owned(), json!({"modifiers": ["eq", "ne", "in", "notin"]})))
        .collect();
    let fields: Map<String, Value> = kind
        .filters
        .iter()
        .map(|field| ((*field).to_owned(), json!({"create": false, "type": "string", "update": false})))
        .collect();
    json!({
        "baseType": "schema", "type": "schema", "id": kind.id, "pluralName": kind.plural,
        "collectionFilters": filters, "collectionMethods": kind.collection_methods,
        "resourceFields": fields, "resourceMethods": kind.resource_methods,
        "links": {
            "collection": format!("{}/v3/{}", call.base, kind.path()),
            "self": format!("{}/v3/schemas/{}", call.base, kind.id),
        },
        "version": {"group": "management.cattle.io", "path": "/v3", "version": "v3"},
    })
}

/// `/v3/settings`.
pub(super) fn settings(world: &mut World, call: &Call<'_>, kind: &Kind, id: Option<&str>) -> Outcome {
    let access = call.access(&world.state);
    let may = |verb: &str| access.globally(&Ask::management(verb, "settings", id.unwrap_or_default()));
    let Some(id) = id else {
        if *call.method != Method::GET {
            return Err(unsupported(call));
        }
        let seen = world.state.settings.iter().filter(|_| may("list"));
        let items = seen.map(|(name, setting)| object(call, name, setting, may("update"))).collect();
        return list(call, kind, items, Some(format!("{}/v3/settings", call.base)));
    };
    let missing = || Problem::not_found(format!("settings.management.cattle.io \"{id}\" not found"));
    let verb = match *call.method {
        Method::PUT => "update",
        Method::DELETE => "delete",
        _ => "get",
    };
    if verb != "get" && !may(verb) {
        return Err(Problem::forbidden(Ask::management(verb, "settings", id).refusal(&access.user)));
    }
    match *call.method {
        Method::GET => {
            let setting = world.state.settings.get(id).ok_or_else(missing)?;
            Ok(answer::json(StatusCode::OK, &object(call, id, setting, may("update"))))
        }
        Method::PUT => {
            let value = required(&body(call)?, "value")?;
            let setting = world.state.settings.get_mut(id).ok_or_else(missing)?;
            setting.value = value;
            setting.source = "db";
            Ok(answer::json(StatusCode::OK, &object(call, id, setting, true)))
        }
        Method::DELETE => {
            // rule: setting.really-deleted
            world.state.settings.remove(id).ok_or_else(missing)?;
            let mut response = answer::empty(StatusCode::NO_CONTENT);
            answer::set(&mut response, http::header::CONTENT_TYPE, "application/json");
            Ok(response)
        }
        _ => Err(unsupported(call)),
    }
}

fn object(call: &Call<'_>, name: &str, setting: &Setting, writable: bool) -> Value {
    let own = format!("{}/v3/settings/{name}", call.base);
    // What the environment sets cannot be changed; `cacerts` neither.
    // rule: setting.update-link
    let mut links = json!({"remove": own, "self": own});
    if writable
        && setting.source != "env"
        && name != "cacerts"
        && let Some(links) = links.as_object_mut()
    {
        links.insert("update".to_owned(), json!(own));
    }
    let fields = json!({
        "baseType": "setting", "creatorId": null, "customized": setting.source == "db",
        "default": setting.default, "id": name, "links": links, "name": name, "source": setting.source,
        "type": "setting", "uuid": setting.uuid, "value": setting.value,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    dated(&mut object, "created", setting.created);
    Value::Object(object)
}

/// `/v3/globalroles` and `/v3/roletemplates`.
fn stock_roles(call: &Call<'_>, kind: &Kind) -> Vec<Value> {
    let shown = |id: &str, fields: Value| {
        let path = format!("/v3/{}/{id}", kind.plural);
        let common = json!({
            "baseType": kind.id, "builtin": true, "creatorId": null, "id": id, "type": kind.id,
            "links": links(&call.base, &path, &[], false),
        });
        let (Value::Object(mut object), Value::Object(fields)) = (common, fields) else { return Value::Null };
        object.extend(fields);
        Value::Object(object)
    };
    if kind.id == "globalRole" {
        let globals = roles().globals.iter();
        return globals
            .map(|(id, role)| shown(id, json!({"name": role.name, "newUserDefault": role.new_user_default})))
            .collect();
    }
    let templates = roles().templates.iter();
    templates
        .map(|(id, role)| {
            shown(id, json!({"name": role.name, "context": role.context, "locked": role.locked, "external": false, "hidden": false}))
        })
        .collect()
}

pub(super) fn roles_list(world: &World, call: &Call<'_>, kind: &Kind, id: Option<&str>) -> Outcome {
    if *call.method != Method::GET {
        // rule: roles.read-only
        return Ok(crate::world::route::not_simulated("writes to roles"));
    }
    let access = call.access(&world.state);
    let plural = kind.path();
    let ask = Ask::management(if id.is_some() { "get" } else { "list" }, &plural, id.unwrap_or_default());
    let all = stock_roles(call, kind);
    match id {
        None => {
            let seen = if access.globally(&ask) { all } else { Vec::new() };
            list(call, kind, seen, Some(format!("{}/v3/{plural}", call.base)))
        }
        Some(_) if !access.globally(&ask) => Err(Problem::forbidden(ask.refusal(&access.user))),
        Some(id) => all
            .into_iter()
            .find(|role| role.get("id").and_then(Value::as_str) == Some(id))
            .map(|role| answer::json(StatusCode::OK, &role))
            .ok_or_else(|| Problem::not_found(format!("{plural}.management.cattle.io \"{id}\" not found"))),
    }
}

/// `/v3/principals`: of the local provider.
pub(super) fn principals(world: &World, call: &Call<'_>, kind: &Kind, id: Option<&str>) -> Outcome {
    let users = &world.state.users;
    if let Some(id) = id {
        let user = id.strip_prefix("local://").and_then(|id| users.get(id));
        let user = user.ok_or_else(|| Problem::not_found(format!("principal {id} not found")))?;
        return Ok(answer::json(StatusCode::OK, &principal(call, user)));
    }
    let own = format!("{}/v3/principals", call.base);
    let items: Vec<Value> = if *call.method == Method::POST && call.action() == Some("search") {
        // rule: principal.search
        let wanted = required(&body(call)?, "name")?;
        users
            .values()
            .filter(|user| user.username.starts_with(&wanted) || user.name.starts_with(&wanted))
            .map(|user| principal(call, user))
            .collect()
    } else {
        // rule: principal.list-is-own
        users.get(call.user()).map(|user| principal(call, user)).into_iter().collect()
    };
    let actions = json!({"search": format!("{own}?action=search")});
    Ok(Listing { kind, items, create: None, actions, paging: Paging::Bypassed }.answer(call))
}

fn principal(call: &Call<'_>, user: &User) -> Value {
    json!({
        "baseType": "principal", "creatorId": null, "id": format!("local://{}", user.id),
        "links": {"self": format!("{}/v3/principals/local:%2F%2F{}", call.base, user.id)},
        "loginName": user.username, "me": user.id == call.user(), "memberOf": false, "name": user.name,
        "principalType": "user", "provider": "local", "type": "principal",
    })
}
