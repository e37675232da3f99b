//! What needs no credential: pages, and the lists of providers. And `/metrics`, which needs more than one.

use super::answer::{self, Problem, SCHEMAS, json as answer_json, set, sniffed, text};
use super::call::Call;
use super::rights::Ask;
use super::route::NO_PAGE;
use super::state::{Agent, State};
use super::{World, login};
use crate::Response;
use http::{Method, StatusCode};
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

/// A provider that is switched on, as the public lists know it.
pub(crate) struct Provider {
    pub(crate) id: String,
    /// `localProvider`.
    pub(crate) kind: String,
}

impl Provider {
    /// Those that are switched on, by id.
    pub(crate) fn enabled(state: &State) -> Vec<Self> {
        // rule: providers.enabled-only
        let configs = state.kept.get(&("authConfig".to_owned(), String::new())).into_iter().flatten();
        let enabled = configs
            .filter(|(_, config)| config.fields.get("enabled").and_then(Value::as_bool).unwrap_or_default());
        enabled
            .map(|(id, config)| Self { id: id.clone(), kind: kind_of(config.fields.get("type")) })
            .collect()
    }

    /// Where it is below `/v3-public`.
    fn path(&self) -> String {
        format!("{}s/{}", self.kind, self.id)
    }
}

/// `localConfig` has the provider `localProvider`.
fn kind_of(config: Option<&Value>) -> String {
    let config = config.and_then(Value::as_str).unwrap_or_default();
    let name = config.strip_suffix("Config").unwrap_or(config);
    format!("{}Provider", if name == "googleOauth" { "googleOAuth" } else { name })
}

/// `/v3-public/…`: the old public API.
pub(crate) fn v3(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    let base = &call.base;
    let enabled = Provider::enabled(&world.state);
    let named = |collection: &str, id: &str| {
        enabled.iter().find(|provider| provider.id == id && collection == format!("{}s", provider.kind))
    };
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
        (&Method::GET, [list]) if list.eq_ignore_ascii_case("authproviders") => v3_list(call, &enabled),
        (&Method::GET, [collection, id]) => match named(collection, id) {
            Some(provider) => answer_json(StatusCode::OK, &v3_provider(base, provider)),
            None => Problem::not_found("").answer(),
        },
        (&Method::POST, [collection, id]) if call.action() == Some("login") => match named(collection, id) {
            Some(provider) => {
                let kind = provider.kind.clone();
                login::login(world, call, &kind)
            }
            // rule: login.unknown-provider
            None => Problem::not_found("").answer(),
        },
        _ => Problem::not_found("").answer(),
    };
    set(&mut response, SCHEMAS, &format!("{base}/v3-public/schemas"));
    response
}

/// `/v1-public/…`: the new public API.
pub(crate) fn v1(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    if !world.state.age.has_v1_public {
        // rule: old.planes
        return text(StatusCode::NOT_FOUND, NO_PAGE);
    }
    match (call.method, rest) {
        (&Method::GET, ["authproviders"]) => {
            let mut enabled = Provider::enabled(&world.state);
            // rule: providers.local-first
            enabled.sort_by_key(|provider| provider.id != "local");
            let all: Vec<Value> = enabled.iter().map(v1_provider).collect();
            answer_json(StatusCode::OK, &json!({"data": all}))
        }
        (&Method::POST, ["login"]) => {
            let kind = call.object().ok().and_then(|body| Some(body.get("type")?.as_str()?.to_owned()));
            login::login(world, call, &kind.unwrap_or_default())
        }
        _ => text(StatusCode::NOT_FOUND, NO_PAGE),
    }
}

fn v1_provider(provider: &Provider) -> Value {
    json!({
        "id": provider.id, "type": provider.kind,
        "logoutAllEnabled": false, "logoutAllForced": false, "logoutAllSupported": false,
    })
}

fn v3_provider(base: &str, provider: &Provider) -> Value {
    let own = format!("{base}/v3-public/{}", provider.path());
    json!({
        "actions": {"login": format!("{own}?action=login")},
        "baseType": "authProvider", "creatorId": null, "id": provider.id, "type": provider.kind,
        "links": {"self": own},
        "logoutAllEnabled": false, "logoutAllForced": false, "logoutAllSupported": false,
    })
}

fn v3_list(call: &Call<'_>, enabled: &[Provider]) -> Response {
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
    let all: Vec<Value> = enabled.iter().map(|provider| v3_provider(&call.base, provider)).collect();
    let body = json!({
        "type": "collection", "resourceType": "authProvider", "actions": {},
        "links": {"self": own},
        "pagination": {"limit": 1000, "total": all.len()},
        "sort": {
            "order": "asc", "reverse": format!("{own}?order=desc"),
            "links": {"type": format!("{own}?sort=type"), "uuid": format!("{own}?sort=uuid")},
        },
        "filters": filters,
        "data": all,
    });
    answer_json(StatusCode::OK, &body)
}
