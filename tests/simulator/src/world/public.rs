//! What needs no credential: pages, providers, login. And `/metrics`, which needs more than one.

use super::World;
use super::answer::{self, Problem, SCHEMAS, json as answer_json, set, sniffed, text};
use super::call::Call;
use super::rights::Ask;
use super::route::NO_PAGE;
use super::state::{Agent, TokenKind, stamp};
use super::tokens::Mint;
use crate::Response;
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};

/// `/rancherversion`, `/ping`, `/healthz`, `/cacerts`.
pub(crate) fn page(world: &World, page: &str) -> Response {
    // rule: public.pages
    match page {
        "ping" => text(StatusCode::OK, "pong"),
        "healthz" => text(StatusCode::OK, "ok"),
        // rule: public.cacerts-page
        "cacerts" => text(StatusCode::OK, world.state.setting("cacerts")),
        _ => {
            let version = world.state.setting("server-version");
            sniffed(StatusCode::OK, &json!({"Version": version, "GitCommit": "lab", "RancherPrime": "false"}))
        }
    }
}

/// Prometheus metrics, for those who may read them.
pub(crate) fn metrics(world: &World, call: &Call<'_>) -> Response {
    if !call.access(&world.state).globally(&Ask::management("get", "ranchermetrics", "")) {
        // rule: metrics.refusal
        let body = json!({"type": "error", "status": "401", "message": "Unauthorized"});
        return answer_json(StatusCode::UNAUTHORIZED, &body);
    }
    let mut lines = String::from(
        "# HELP cluster_manager_cluster_owner Set when a cluster is owned by this server\n# TYPE cluster_manager_cluster_owner gauge\n",
    );
    for cluster in world.state.clusters.values() {
        let owned = u8::from(!matches!(cluster.agent, Agent::Never));
        lines.push_str(&format!("cluster_manager_cluster_owner{{cluster=\"{}\"}} {owned}\n", cluster.id));
    }
    answer::metrics(lines)
}

/// `/v3-public/…`: the old public API.
pub(crate) fn v3(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    let base = &call.base;
    let mut response = match (call.method, rest) {
        (&Method::GET, []) => {
            let body = json!({
                "apiVersion": {"group": "management.cattle.io", "path": "/v3-public", "version": "v3public"},
                "baseType": "apiRoot", "type": "apiRoot",
                "links": {
                    "authProviders": format!("{base}/v3-public/authproviders"),
                    "root": format!("{base}/v3-public"),
                    "self": format!("{base}/v3-public"),
                },
            });
            answer_json(StatusCode::OK, &body)
        }
        (&Method::GET, [list]) if list.eq_ignore_ascii_case("authproviders") => providers(call),
        (&Method::GET, ["localProviders", "local"]) => answer_json(StatusCode::OK, &local_provider(base)),
        (&Method::POST, ["localProviders", "local"]) if call.action() == Some("login") => login(world, call),
        // rule: login.unknown-provider
        _ => Problem::not_found("").answer(),
    };
    set(&mut response, SCHEMAS, &format!("{base}/v3-public/schemas"));
    response
}

/// `/v1-public/…`: the new public API.
pub(crate) fn v1(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    match (call.method, rest) {
        (&Method::GET, ["authproviders"]) => {
            let local = json!({
                "id": "local", "type": "localProvider",
                "logoutAllEnabled": false, "logoutAllForced": false, "logoutAllSupported": false,
            });
            answer_json(StatusCode::OK, &json!({"data": [local]}))
        }
        (&Method::POST, ["login"]) => match call.object() {
            Ok(body) if body.get("type").and_then(Value::as_str) == Some("localProvider") => {
                login(world, call)
            }
            // rule: login.unknown-provider
            _ => Problem::not_found("").answer(),
        },
        _ => text(StatusCode::NOT_FOUND, NO_PAGE),
    }
}

fn local_provider(base: &str) -> Value {
    json!({
        "actions": {"login": format!("{base}/v3-public/localProviders/local?action=login")},
        "baseType": "authProvider", "creatorId": null, "id": "local", "type": "localProvider",
        "links": {"self": format!("{base}/v3-public/localProviders/local")},
        "logoutAllEnabled": false, "logoutAllForced": false, "logoutAllSupported": false,
    })
}

fn providers(call: &Call<'_>) -> Response {
    let own = format!("{}/v3-public/authProviders", call.base);
    let filters: Map<String, Value> = [
        "created",
        "creatorId",
        "logoutAllEnabled",
        "logoutAllForced",
        "logoutAllSupported",
        "name",
        "removed",
        "type",
        "uuid",
    ]
    .into_iter()
    .map(|field| (field.to_owned(), Value::Null))
    .collect();
    let body = json!({
        "type": "collection", "resourceType": "authProvider", "actions": {},
        "links": {"self": own},
        "pagination": {"limit": 1000, "total": 1},
        "sort": {
            "order": "asc", "reverse": format!("{own}?order=desc"),
            "links": {"type": format!("{own}?sort=type"), "uuid": format!("{own}?sort=uuid")},
        },
        "filters": filters,
        "data": [local_provider(&call.base)],
    });
    answer_json(StatusCode::OK, &body)
}

fn login_error(status: StatusCode, code: &str, message: &str) -> Response {
    // rule: login.error-shape
    answer_json(
        status,
        &json!({"code": code, "status": status.as_u16(), "message": message, "type": "error", "baseType": "error"}),
    )
}

fn login(world: &mut World, call: &Call<'_>) -> Response {
    let body = match call.object() {
        Ok(body) => body,
        Err(complaint) => {
            // rule: login.bad-body
            return login_error(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", &complaint);
        }
    };
    let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or("");
    let (username, password) = (field("username"), field("password"));
    let state = &mut world.state;
    let now = state.now;
    let known = state.users.values_mut().find(|user| user.username == username && user.password == password);
    let Some(user) = known else {
        // rule: login.wrong-password
        return login_error(StatusCode::UNAUTHORIZED, "Unauthorized", "authentication failed");
    };
    if !user.enabled {
        // rule: login.disabled-user
        return login_error(StatusCode::FORBIDDEN, "PermissionDenied", "Permission Denied");
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
    let mint = Mint { description: field("description").to_owned(), ..Mint::new(TokenKind::Session, &id) };
    if response_type == "cookie" {
        // rule: login.cookie
        let bearer = world.mint(mint).bearer();
        let mut response = answer::empty(StatusCode::OK);
        set(&mut response, header::SET_COOKIE, &format!("R_SESS={bearer}; Path=/; HttpOnly; Secure"));
        return response;
    }
    logged_in(world, mint)
}

fn logged_in(world: &mut World, mint: Mint) -> Response {
    let token = world.mint(mint);
    let body = json!({
        "baseType": "token", "type": "token", "id": token.name, "token": token.bearer(),
        "expiresAt": stamp(token.expires()),
    });
    answer_json(StatusCode::CREATED, &body)
}
