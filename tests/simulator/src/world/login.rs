//! Logging in with a password, by either public API, and out again by `/v1/logout`.

use super::World;
use super::answer::{self, empty, json as answer_json, set};
use super::call::Call;
use super::state::{Millis, State, TokenKind, stamp};
use super::tokens::Mint;
use crate::Response;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The users of a directory, such as an LDAP server.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    /// Passwords by user name.
    pub(crate) passwords: BTreeMap<String, String>,
    /// Rancher's ids of those who logged in once.
    pub(crate) known: BTreeMap<String, String>,
    /// Nobody answers there.
    pub(crate) down: bool,
}

/// The directories behind a login with a password: type and id.
const DIRECTORIES: [(&str, &str); 3] = [
    ("activeDirectoryProvider", "activedirectory"),
    ("freeIpaProvider", "freeipa"),
    ("openLdapProvider", "openldap"),
];

fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    // rule: login.error-shape
    answer_json(
        status,
        &json!({"code": code, "status": status.as_u16(), "message": message, "type": "error", "baseType": "error"}),
    )
}

fn failed() -> Response {
    // rule: login.wrong-password
    refusal(StatusCode::UNAUTHORIZED, "Unauthorized", "authentication failed")
}

/// A login by the provider of this type.
pub(crate) fn login(world: &mut World, call: &Call<'_>, kind: &str) -> Response {
    let body = match call.object() {
        Ok(body) => body,
        Err(complaint) => {
            // rule: login.bad-body
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", &complaint);
        }
    };
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("");
    let (username, password) = (field("username"), field("password"));
    let directory = DIRECTORIES.iter().find(|(known, _)| *known == kind).map(|(_, id)| *id);
    let found = match directory {
        None if kind == "localProvider" => local(&world.state, username, password),
        Some(id) => match by_directory(world, id, username, password) {
            Ok(found) => found,
            Err(response) => return *response,
        },
        None => {
            // rule: login.unknown-type
            return refusal(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", "");
        }
    };
    let now = world.state.now;
    let Some(user) = found.and_then(|id| world.state.users.get_mut(&id)) else { return failed() };
    if !user.enabled {
        // rule: login.disabled-user
        return refusal(StatusCode::FORBIDDEN, "PermissionDenied", "");
    }
    user.last_login = Some(now);
    let id = user.id.clone();
    let response_type = field("responseType");
    if let Some(cluster) = response_type.strip_prefix("kubeconfig_") {
        // rule: login.kubeconfig
        let mint = Mint {
            prefix: format!("kubeconfig-{id}.{cluster}"),
            cluster: Some(cluster.to_owned()),
            description: field("description").to_owned(),
            ..Mint::new(TokenKind::Kubeconfig, &id)
        };
        return logged_in(world, mint);
    }
    // rule: login.ttl-ignored
    let ttl = world.state.setting("auth-user-session-ttl-minutes").parse::<Millis>().ok();
    let mint = Mint {
        description: field("description").to_owned(),
        ttl: ttl.map(|minutes| minutes * 60_000),
        ..Mint::new(TokenKind::Session, &id)
    };
    if response_type == "cookie" {
        // rule: login.cookie
        let bearer = world.mint(mint).bearer();
        let mut response = empty(StatusCode::OK);
        set(&mut response, header::SET_COOKIE, &format!("R_SESS={bearer}; Path=/; HttpOnly; Secure"));
        return response;
    }
    logged_in(world, mint)
}

/// The id of the local user with this name and password. Whether the provider is switched on is not asked.
fn local(state: &State, username: &str, password: &str) -> Option<String> {
    // rule: login.local-switched-off
    let mut users = state.users.values().filter(|user| !user.username.is_empty());
    users.find(|user| user.username == username && user.password == password).map(|user| user.id.clone())
}

/// The id of the directory's user with this name and password; a new one is made known to Rancher.
fn by_directory(
    world: &mut World,
    id: &str,
    username: &str,
    password: &str,
) -> Result<Option<String>, Box<Response>> {
    let state = &mut world.state;
    let Some(directory) = state.directories.get(id).filter(|directory| !directory.down) else {
        // rule: login.directory-down
        return Err(Box::new(refusal(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", "")));
    };
    if directory.passwords.get(username).is_none_or(|known| known != password) {
        return Ok(None);
    }
    if let Some(known) = directory.known.get(username) {
        return Ok(Some(known.clone()));
    }
    let user = format!("u-{}", state.random.name(10));
    // rule: login.directory-user
    world.insert_user(&user, "", username, "", None);
    if let Some(directory) = world.state.directories.get_mut(id) {
        directory.known.insert(username.to_owned(), user.clone());
    }
    Ok(Some(user))
}

fn logged_in(world: &mut World, mint: Mint) -> Response {
    let token = world.mint(mint);
    let body = json!({
        "baseType": "token", "type": "token", "id": token.name, "token": token.bearer(),
        "expiresAt": stamp(token.expires()),
    });
    answer_json(StatusCode::CREATED, &body)
}

/// `POST /v1/logout`.
pub(crate) fn logout(world: &mut World, call: &Call<'_>) -> Response {
    if call.method != Method::POST {
        return answer::text(StatusCode::METHOD_NOT_ALLOWED, "");
    }
    // rule: logout.v1
    if call.token().is_empty() {
        return answer::must_authenticate();
    }
    world.state.tokens.remove(call.token());
    let mut response = empty(StatusCode::OK);
    set(&mut response, header::CONTENT_TYPE, "application/json");
    set(&mut response, header::SET_COOKIE, "R_SESS=; Path=/; Max-Age=0; HttpOnly; Secure");
    response
}
