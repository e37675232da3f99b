//! `/v3/users`.

use super::collection::{Listing, Paging};
use super::validate::Write;
use super::{body, fields, kinds, string, unsupported};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem, empty};
use crate::world::call::Call;
use crate::world::rights::Ask;
use crate::world::state::{SECOND, User, dated, stamp};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

pub(super) fn serve(world: &mut World, call: &Call<'_>, id: Option<&str>) -> Outcome {
    let Some(id) = id else {
        return match *call.method {
            Method::GET => all(world, call),
            Method::POST if call.action() == Some("changepassword") => change_password(world, call),
            Method::POST => create(world, call),
            _ => Err(unsupported(call)),
        };
    };
    let access = call.access(&world.state);
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT | Method::POST => "update",
        _ => "get",
    };
    let ask = Ask::management(verb, "users", id);
    // rule: user.sees-itself
    if !(access.globally(&ask) || (verb == "get" && id == access.user)) {
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let now = world.state.now;
    let Some(user) = world.state.users.get_mut(id) else {
        return Err(Problem::not_found(format!("users.management.cattle.io \"{id}\" not found")));
    };
    match (call.method, call.action()) {
        (&Method::GET, _) => Ok(answer::json(StatusCode::OK, &object(call, user))),
        (&Method::POST, Some("setpassword")) => {
            user.password = new_password(string(&body(call)?, "newPassword"), &user.username, "")?;
            // rule: user.password-chosen
            user.must_change = false;
            Ok(answer::json(StatusCode::OK, &object(call, user)))
        }
        (&Method::POST, Some("refreshauthprovideraccess")) => Ok(empty(StatusCode::OK)),
        (&Method::PUT, _) => {
            let body = fields(call, "user", Write::Update, &[])?;
            // rule: user.disabled-refuses-tokens
            if let Some(enabled) = body.get("enabled").and_then(Value::as_bool) {
                user.enabled = enabled;
            }
            if let Some(must) = body.get("mustChangePassword").and_then(Value::as_bool) {
                user.must_change = must;
            }
            if let Some(name) = string(&body, "name") {
                user.name = name;
            }
            if let Some(description) = string(&body, "description") {
                user.description = description;
            }
            Ok(answer::json(StatusCode::OK, &object(call, user)))
        }
        (&Method::DELETE, _) => {
            // rule: user.removed-with-tokens
            let mut gone = object(call, user);
            if let Some(gone) = gone.as_object_mut() {
                dated(gone, "removed", now);
            }
            world.state.users.remove(id);
            world.state.tokens.retain(|_, token| token.user != id);
            world.state.bindings.retain(|_, binding| binding.user.as_deref() != Some(id));
            Ok(answer::json(StatusCode::OK, &gone))
        }
        _ => Err(unsupported(call)),
    }
}

fn all(world: &World, call: &Call<'_>) -> Outcome {
    let kind = kinds::kind("user").ok_or_else(|| Problem::not_found(""))?;
    let access = call.access(&world.state);
    let everyone = access.globally(&Ask::management("list", "users", ""));
    let seen = world.state.users.values().filter(|user| everyone || user.id == access.user);
    let items: Vec<_> = seen.map(|user| object(call, user)).collect();
    let own = format!("{}/v3/users", call.base);
    let actions = json!({
        "changepassword": format!("{own}?action=changepassword"),
        "refreshauthprovideraccess": format!("{own}?action=refreshauthprovideraccess"),
    });
    Ok(Listing { kind, items, create: Some(own), actions, paging: Paging::Store, ranks: &world.state.ranks }
        .answer(call))
}

fn password(sent: Option<String>) -> Result<String, Problem> {
    // rule: user.password-length
    sent.filter(|password| password.chars().count() >= 12).ok_or_else(|| {
        Problem::unprocessable("InvalidBodyContent", "Password must be at least 12 characters")
    })
}

/// A password in the place of another.
fn new_password(sent: Option<String>, username: &str, current: &str) -> Result<String, Problem> {
    let new = password(sent)?;
    // rule: user.password-other
    let complaint = match new.as_str() {
        same if same == username => "Password cannot be the same as username",
        same if same == current => "The new password must not be the same as the current password",
        _ => return Ok(new),
    };
    Err(Problem::unprocessable("InvalidBodyContent", complaint))
}

fn change_password(world: &mut World, call: &Call<'_>) -> Outcome {
    let body = body(call)?;
    let Some(user) = world.state.users.get_mut(call.user()) else { return Err(Problem::not_found("")) };
    let current = string(&body, "currentPassword").unwrap_or_default();
    let new = new_password(string(&body, "newPassword"), &user.username, &current)?;
    if user.password != current {
        // rule: user.wrong-current-password
        return Err(Problem::unprocessable("InvalidBodyContent", "invalid current password"));
    }
    user.password = new;
    user.must_change = false;
    Ok(empty(StatusCode::OK))
}

fn create(world: &mut World, call: &Call<'_>) -> Outcome {
    let access = call.access(&world.state);
    let ask = Ask::management("create", "users", "");
    if !access.globally(&ask) {
        // rule: user.create-right
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let body = fields(call, "user", Write::Create, &[])?;
    let username = super::required(&body, "username")?;
    if world.state.users.values().any(|user| user.username == username) {
        // rule: user.unique-username
        let problem = Problem::unprocessable("NotUnique", "Username is already in use.");
        return Err(Problem { field: Some("username"), ..problem });
    }
    let password = password(string(&body, "password"))?;
    let id = format!("u-{}", world.state.random.name(5));
    let name = string(&body, "name").unwrap_or_default();
    let enabled = body.get("enabled").and_then(Value::as_bool).unwrap_or(true);
    world.insert_user(&id, &username, &name, &password, Some(&access.user));
    let Some(user) = world.state.users.get_mut(&id) else { return Err(Problem::not_found("")) };
    user.enabled = enabled;
    user.must_change = body.get("mustChangePassword").and_then(Value::as_bool).unwrap_or_default();
    user.description = string(&body, "description").unwrap_or_default();
    Ok(answer::json(StatusCode::CREATED, &object(call, user)))
}

/// A user as Norman shows it.
fn object(call: &Call<'_>, user: &User) -> Value {
    let (base, id) = (&call.base, &user.id);
    let own = format!("{base}/v3/users/{id}");
    let mut labels = Map::new();
    if user.creator.is_some() {
        labels.insert("cattle.io/creator".to_owned(), json!("norman"));
    } else {
        // rule: user.bootstrap-admin
        labels.insert("authz.management.cattle.io/bootstrapping".to_owned(), json!("admin-user"));
    }
    if let Some(at) = user.last_login {
        labels.insert("cattle.io/last-login".to_owned(), json!(at.div_euclid(SECOND).to_string()));
    }
    let conditions = user.creator.as_ref().map(|_| {
        json!([{"type": "InitialRolesPopulated", "status": "True", "lastUpdateTime": stamp(user.created)}])
    });
    let fields = json!({
        "actions": {
            "refreshauthprovideraccess": format!("{own}?action=refreshauthprovideraccess"),
            "setpassword": format!("{own}?action=setpassword"),
        },
        "annotations": {"lifecycle.cattle.io/create.mgmt-auth-users-controller": "true"},
        "baseType": "user", "conditions": conditions, "creatorId": user.creator,
        "description": user.description, "enabled": user.enabled, "id": id, "labels": labels,
        "links": {
            "clusterRoleTemplateBindings": format!("{base}/v3/clusterRoleTemplateBindings?userId={id}"),
            "globalRoleBindings": format!("{base}/v3/globalRoleBindings?userId={id}"),
            "projectRoleTemplateBindings": format!("{base}/v3/projectRoleTemplateBindings?userId={id}"),
            "remove": own, "self": own, "tokens": format!("{base}/v3/tokens?userId={id}"), "update": own,
        },
        "me": *id == call.user(), "mustChangePassword": user.must_change, "name": user.name,
        "principalIds": [format!("local://{id}")], "type": "user", "username": user.username,
        "uuid": user.uuid,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    dated(&mut object, "created", user.created);
    Value::Object(object)
}
