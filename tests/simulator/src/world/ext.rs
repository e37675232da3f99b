//! `ext.cattle.io`: tokens, and requests about users. Kubeconfigs have a file of their own.

use super::answer::{self, Failure};
use super::call::Call;
use super::proxy::no_page;
use super::rights::{Access, Ask};
use super::route::not_simulated;
use super::state::{Millis, State, Token, TokenKind, stamp};
use super::tokens::Mint;
use super::{World, kubeconfigs};
use crate::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// A call to `/apis/ext.cattle.io/v1/…`.
pub(crate) fn serve(world: &mut World, call: &Call<'_>, access: &Access, rest: &[&str]) -> Response {
    let plural = rest.first().copied().unwrap_or_default();
    let name = rest.get(1).copied().unwrap_or_default();
    let verb = match (call.method, name.is_empty()) {
        (&Method::GET, true) => "list",
        (&Method::GET, false) => "get",
        (&Method::POST, _) => "create",
        (&Method::PUT, _) => "update",
        (&Method::PATCH, _) => "patch",
        _ => "delete",
    };
    let ask = Ask { verb, group: "ext.cattle.io", resource: plural, namespace: "", name };
    if !plural.is_empty() && !access.globally(&ask) {
        return failure(StatusCode::FORBIDDEN, "Forbidden", plural, name, ask.refusal(&access.user));
    }
    match (verb, rest) {
        // rule: ext.discovery
        ("list", []) => answer::json(StatusCode::OK, &discovery()),
        ("create", ["selfusers"]) => {
            let body = json!({
                "kind": "SelfUser", "apiVersion": "ext.cattle.io/v1", "metadata": {},
                "status": {"userID": access.user},
            });
            answer::json(StatusCode::CREATED, &body)
        }
        ("create", ["passwordchangerequests"]) => change_password(world, call, access),
        ("create", ["groupmembershiprefreshrequests"]) => refresh(world, call, access),
        ("get", ["useractivities", token]) => activity(world, access, token),
        (_, ["kubeconfigs"]) => kubeconfigs::serve(world, call, access, verb, ""),
        (_, ["kubeconfigs", name]) => kubeconfigs::serve(world, call, access, verb, name),
        ("create", ["tokens"]) => create(world, call, access),
        ("list", ["tokens"]) => list(world, call, access),
        (_, ["tokens", name]) => one(world, call, access, verb, name),
        (_, [] | ["tokens", ..]) => no_page(),
        (_, [other, ..]) => not_simulated(other),
    }
}

/// The kubeconfigs as Steve has them.
pub(crate) fn steve(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    if call.token().is_empty() {
        return answer::must_authenticate();
    }
    let access = call.access(&world.state);
    kubeconfigs::steve(world, call, &access, rest)
}

/// A request that the server does at once: what was asked for, and that it was done.
fn requested(kind: &str, spec: &Value, condition: &str, now: Millis) -> Response {
    let body = json!({
        "kind": kind, "apiVersion": "ext.cattle.io/v1", "metadata": {}, "spec": spec,
        "status": {
            "conditions": [{
                "type": condition, "status": "True", "lastTransitionTime": stamp(now), "reason": "", "message": "",
            }],
            "summary": "Completed",
        },
    });
    answer::json(StatusCode::CREATED, &body)
}

fn unauthorized(message: &str) -> Response {
    let failure = Failure {
        status: StatusCode::UNAUTHORIZED,
        reason: "Unauthorized",
        message: message.to_owned(),
        details: None,
    };
    failure.answer()
}

fn refresh(world: &World, call: &Call<'_>, access: &Access) -> Response {
    let spec = call.object().ok().and_then(|body| body.get("spec").cloned()).unwrap_or_default();
    if spec.get("userId").and_then(Value::as_str).is_none_or(str::is_empty) {
        // rule: ext.refresh-needs-user
        let message = "user ID must be set".to_owned();
        return failure(StatusCode::BAD_REQUEST, "BadRequest", "groupmembershiprefreshrequests", "", message);
    }
    if !access.globally(&Ask::management("create", "users", "")) {
        // rule: ext.refresh-right
        return unauthorized("not authorized to refresh user attributes");
    }
    // rule: ext.refresh
    requested("GroupMembershipRefreshRequest", &spec, "UserRefreshInitiated", world.state.now)
}

fn change_password(world: &mut World, call: &Call<'_>, access: &Access) -> Response {
    let spec = call.object().ok().and_then(|body| body.get("spec").cloned()).unwrap_or_default();
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (id, current, new) = (text("userID"), text("currentPassword"), text("newPassword"));
    if new.chars().count() < 12 {
        // rule: ext.password-length
        let message = "error validating password: password must be at least 12 characters".to_owned();
        return failure(StatusCode::BAD_REQUEST, "BadRequest", "passwordchangerequests", "", message);
    }
    if !world.state.users.contains_key(&id) {
        // rule: ext.password-nobody
        let message = format!("user {id} not found");
        return failure(StatusCode::BAD_REQUEST, "BadRequest", "passwordchangerequests", "", message);
    }
    let anybodys = access.globally(&Ask::management("update", "users", &id));
    if !anybodys && id != access.user {
        // rule: ext.password-right
        return unauthorized("not authorized to update password");
    }
    let now = world.state.now;
    let found = world.state.users.get_mut(&id);
    let Some(user) = found.filter(|user| anybodys || user.password == current) else {
        // rule: ext.password-wrong-current
        let failure = Failure {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            reason: "InternalError",
            message: "Internal error occurred: error updating password: invalid current password".to_owned(),
            details: None,
        };
        return failure.answer();
    };
    user.password = new;
    // rule: ext.password-chosen
    user.must_change = false;
    // rule: ext.password-echoed
    requested("PasswordChangeRequest", &spec, "PasswordUpdated", now)
}

fn activity(world: &World, access: &Access, token: &str) -> Response {
    let found = world.state.tokens.get(token).filter(|token| token.user == access.user);
    let Some(found) = found.filter(|token| token.kind == TokenKind::Session) else {
        let message = format!("useractivities.ext.cattle.io \"{token}\" not found");
        return failure(StatusCode::NOT_FOUND, "NotFound", "useractivities", token, message);
    };
    // rule: ext.activity
    let idle = world.state.setting("auth-user-session-idle-ttl-minutes").parse::<Millis>().unwrap_or(960);
    let body = json!({
        "kind": "UserActivity", "apiVersion": "ext.cattle.io/v1", "metadata": {"name": token},
        "spec": {"tokenId": token, "seenAt": stamp(found.created)},
        "status": {"expiresAt": stamp(found.created + idle * 60_000)},
    });
    answer::json(StatusCode::OK, &body)
}

/// What the group offers, in the recorded order.
fn discovery() -> Value {
    const ALL: &[&str] = &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    let offered: [(&str, &str, &[&str]); 6] = [
        ("GroupMembershipRefreshRequest", "groupmembershiprefreshrequests", &["create"]),
        ("Kubeconfig", "kubeconfigs", ALL),
        ("PasswordChangeRequest", "passwordchangerequests", &["create"]),
        ("SelfUser", "selfusers", &["create"]),
        ("Token", "tokens", ALL),
        ("UserActivity", "useractivities", &["get", "patch", "update"]),
    ];
    let resources = offered.map(|(kind, plural, verbs)| {
        json!({
            "group": "ext.cattle.io", "version": "v1", "kind": kind, "name": plural,
            "singularName": kind.to_lowercase(), "namespaced": false, "verbs": verbs,
        })
    });
    json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "ext.cattle.io/v1", "resources": resources})
}

pub(crate) fn failure(
    status: StatusCode,
    reason: &'static str,
    plural: &str,
    name: &str,
    message: String,
) -> Response {
    let mut details = json!({"group": "ext.cattle.io", "kind": plural});
    if let (false, Some(details)) = (name.is_empty(), details.as_object_mut()) {
        details.insert("name".to_owned(), json!(name));
    }
    Failure { status, reason, message, details: Some(details) }.answer()
}

// Their own; an administrator everyone's.
fn visible(access: &Access, token: &Token) -> bool {
    // rule: ext.own-only
    token.kind == TokenKind::Ext && (token.user == access.user || access.is_admin())
}

fn list(world: &World, call: &Call<'_>, access: &Access) -> Response {
    let state = &world.state;
    let seen = state.tokens.values().filter(|token| visible(access, token));
    let items: Vec<Value> = seen.map(|token| Value::Object(object(state, call, token, false))).collect();
    let body = json!({
        "kind": "TokenList", "apiVersion": "ext.cattle.io/v1",
        "metadata": {"resourceVersion": state.version.to_string()}, "items": items,
    });
    answer::json(StatusCode::OK, &body)
}

fn create(world: &mut World, call: &Call<'_>, access: &Access) -> Response {
    let body = match call.object() {
        Ok(body) => body,
        Err(message) => return failure(StatusCode::BAD_REQUEST, "BadRequest", "tokens", "", message),
    };
    let spec = body.get("spec").cloned().unwrap_or_default();
    let text = |name: &str| {
        spec.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    if text("userID").is_some_and(|user| user != access.user) {
        // rule: ext.for-oneself
        let message = "unable to create token for other user".to_owned();
        return failure(StatusCode::FORBIDDEN, "Forbidden", "tokens", "", message);
    }
    let mint = Mint {
        cluster: text("clusterName"),
        description: text("description").unwrap_or_default(),
        ttl: spec.get("ttl").and_then(Value::as_i64),
        ..Mint::new(TokenKind::Ext, &access.user)
    };
    let dry = call.query.first("dryRun") == Some("All");
    let token = world.mint(mint);
    let mut made = object(&world.state, call, &token, true);
    if dry {
        // rule: ext.dry-run
        world.state.tokens.remove(&token.key());
    } else if let Some(Value::Object(status)) = made.get_mut("status") {
        // rule: ext.secret-once
        status.insert("value".to_owned(), json!(token.secret));
        status.insert("bearerToken".to_owned(), json!(token.bearer()));
    }
    answer::json(StatusCode::CREATED, &Value::Object(made))
}

fn one(world: &mut World, call: &Call<'_>, access: &Access, verb: &str, name: &str) -> Response {
    let key = format!("ext/{name}");
    let version = world.state.next_version();
    let Some(token) = world.state.tokens.get_mut(&key).filter(|token| visible(access, token)) else {
        let message = format!("tokens.ext.cattle.io \"{name}\" not found");
        return failure(StatusCode::NOT_FOUND, "NotFound", "tokens", name, message);
    };
    if matches!(verb, "patch" | "update") {
        if verb == "patch" && !call.content_type.contains("patch") {
            // rule: kube.patch-content-type
            let message = "the body of the request was in an unknown format".to_owned();
            return failure(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "UnsupportedMediaType",
                "tokens",
                name,
                message,
            );
        }
        let body = match call.object() {
            Ok(body) => body,
            Err(message) => return failure(StatusCode::BAD_REQUEST, "BadRequest", "tokens", name, message),
        };
        let spec = body.get("spec").cloned().unwrap_or_default();
        let ttl = spec.get("ttl").and_then(Value::as_i64).unwrap_or(token.ttl);
        if ttl > token.ttl || ttl <= 0 {
            // rule: ext.ttl-only-shorter
            let message = format!("rejecting change of token {name}: forbidden to extend time-to-live");
            return failure(StatusCode::BAD_REQUEST, "BadRequest", "tokens", name, message);
        }
        // rule: ext.switch-off
        token.ttl = ttl;
        token.enabled = spec.get("enabled").and_then(Value::as_bool).unwrap_or(token.enabled);
        if let Some(description) = spec.get("description").and_then(Value::as_str) {
            token.description = description.to_owned();
        }
        token.version = version;
        token.changed = true;
    }
    let token = token.clone();
    let mut shown = object(&world.state, call, &token, true);
    if verb == "delete" {
        // rule: ext.delete-answers-object
        world.state.tokens.remove(&key);
        if let Some(Value::Object(status)) = shown.get_mut("status") {
            status.insert("hash".to_owned(), json!(format!("$3:1:{}", super::base64(&token.uuid))));
        }
    }
    answer::json(StatusCode::OK, &Value::Object(shown))
}

/// A token as `ext.cattle.io` shows it.
fn object(state: &State, call: &Call<'_>, token: &Token, typed: bool) -> Map<String, Value> {
    let (display, login) = state.users.get(&token.user).map_or(("", ""), |user| (&user.name, &user.username));
    let mut spec = json!({
        "userID": token.user,
        "userPrincipal": {
            "name": format!("local://{}", token.user), "displayName": display, "loginName": login,
            "principalType": "user", "me": true, "provider": "local",
        },
        "kind": "", "ttl": token.ttl, "enabled": token.enabled,
    });
    if let Some(spec) = spec.as_object_mut() {
        if !token.description.is_empty() {
            spec.insert("description".to_owned(), json!(token.description));
        }
        if let Some(cluster) = &token.cluster {
            spec.insert("clusterName".to_owned(), json!(cluster));
        }
    }
    let fields = json!({
        "metadata": {
            "name": token.name, "uid": token.uuid, "resourceVersion": token.version.to_string(),
            "creationTimestamp": stamp(token.created),
            "labels": {"authn.management.cattle.io/kind": "", "cattle.io/user-id": token.user},
        },
        "spec": spec,
        "status": {
            "current": token.key() == call.token(), "expired": token.expired(state.now),
            "expiresAt": stamp(token.expires()), "lastUpdateTime": stamp(token.created),
        },
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    if let (Some(Value::Object(metadata)), false) = (object.get_mut("metadata"), token.changed) {
        // rule: ext.generate-name
        metadata.insert("generateName".to_owned(), json!("token-"));
    }
    if typed {
        object.insert("kind".to_owned(), json!("Token"));
        object.insert("apiVersion".to_owned(), json!("ext.cattle.io/v1"));
    }
    object
}
