//! Reading: single objects and lists, selected and cut into pages.

use super::resources::Resource;
use super::{Target, render};
use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Failure};
use crate::world::call::Call;
use crate::world::state::{Millis, Object, ObjectKey, SECOND, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// All objects of a resource, in order; management objects are views of what Norman shows.
pub(crate) fn items<'a>(
    state: &'a State,
    cluster: &str,
    resource: &Resource,
    namespace: &str,
) -> Vec<(ObjectKey, Cow<'a, Object>)> {
    if resource.group == "management.cattle.io" && resource.kind != "ClusterProxyConfig" {
        let views = if cluster == "local" { management(state, resource) } else { Vec::new() };
        return views.into_iter().map(|(key, object)| (key, Cow::Owned(object))).collect();
    }
    let Some(found) = state.clusters.get(cluster) else { return Vec::new() };
    let first = (resource.key(), namespace.to_owned(), String::new());
    found
        .objects
        .range(first..)
        .take_while(|(key, _)| key.0 == resource.key() && (namespace.is_empty() || key.1 == namespace))
        .map(|(key, object)| (key.clone(), Cow::Borrowed(object)))
        .collect()
}

fn view(resource: &Resource, name: &str, uid: &str, created: Millis, body: Value) -> (ObjectKey, Object) {
    let body = if let Value::Object(body) = body { body } else { Map::new() };
    (
        (resource.key(), String::new(), name.to_owned()),
        Object { created, uid: uid.to_owned(), version: 1, body },
    )
}

// rule: local.management-views
fn management(state: &State, resource: &Resource) -> Vec<(ObjectKey, Object)> {
    match resource.kind {
        "Cluster" => state
            .clusters
            .values()
            .map(|c| {
                let spec =
                    json!({"displayName": c.name, "description": c.description, "internal": c.is_local()});
                view(
                    resource,
                    &c.id,
                    &c.uuid,
                    c.created,
                    json!({"spec": spec, "status": {"driver": "imported"}}),
                )
            })
            .collect(),
        "Token" => state
            .tokens
            .values()
            .filter(|token| token.kind != crate::world::state::TokenKind::Ext)
            .map(|token| {
                // rule: token.stored-without-expiry
                let body = json!({
                    "metadata": {"labels": {"authn.management.cattle.io/token-userId": token.user}},
                    "authProvider": "local", "clusterName": token.cluster, "description": token.description,
                    "enabled": token.enabled, "expired": false, "expiresAt": "", "ttl": token.ttl,
                    "userId": token.user,
                });
                view(resource, &token.name, &token.uuid, token.created, body)
            })
            .collect(),
        "User" => state
            .users
            .values()
            .map(|user| {
                let body =
                    json!({"username": user.username, "displayName": user.name, "enabled": user.enabled});
                view(resource, &user.id, &user.uuid, user.created, body)
            })
            .collect(),
        "Project" => state
            .projects
            .values()
            .map(|project| {
                let spec = json!({"clusterName": project.cluster, "displayName": project.display});
                let (mut key, object) =
                    view(resource, &project.name, &project.uuid, project.created, json!({"spec": spec}));
                key.1.clone_from(&project.cluster);
                (key, object)
            })
            .collect(),
        "Setting" => state
            .settings
            .iter()
            .map(|(name, setting)| {
                let body =
                    json!({"value": setting.value, "default": setting.default, "source": setting.source});
                view(resource, name, &setting.uuid, setting.created, body)
            })
            .collect(),
        _ => Vec::new(),
    }
}

pub(super) fn read(
    world: &World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    let namespace = if resource.namespaced { target.namespace } else { "" };
    let items = items(&world.state, cluster, resource, namespace);
    if !target.name.is_empty() {
        let found = items.iter().find(|(key, _)| key.2 == target.name);
        return match found {
            Some((key, object)) => answer::json(StatusCode::OK, &render(resource, key, object, true)),
            None => target.not_found(resource),
        };
    }
    let labels = call.query.first("labelSelector").unwrap_or("");
    let name = call.query.first("fieldSelector").and_then(|fields| fields.strip_prefix("metadata.name="));
    let chosen: Vec<_> = items
        .iter()
        .filter(|(key, object)| name.is_none_or(|name| key.2 == name) && selected(labels, object))
        .collect();
    let start = match call.query.first("continue").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => match offset(token) {
            Some(start) => start,
            None => {
                // rule: kube.bad-continue
                let message = "invalid continue token: continue key is not valid: invalid character 'm' looking for beginning of value".to_owned();
                return Failure {
                    status: StatusCode::BAD_REQUEST,
                    reason: "BadRequest",
                    message,
                    details: None,
                }
                .answer();
            }
        },
    };
    let limit = call.query.first("limit").and_then(|limit| limit.parse().ok()).filter(|limit| *limit > 0);
    let limit: usize = limit.unwrap_or(usize::MAX);
    let mut metadata = json!({"resourceVersion": world.state.version.to_string()});
    if let (true, Some(metadata)) = (resource.group.contains("cattle.io"), metadata.as_object_mut()) {
        metadata.insert("continue".to_owned(), json!(""));
    }
    let end = start.saturating_add(limit);
    if end < chosen.len()
        && let Some(metadata) = metadata.as_object_mut()
    {
        // rule: kube.paged
        metadata.insert(
            "continue".to_owned(),
            json!(STANDARD.encode(format!("{{\"v\":\"meta.k8s.io/v1\",\"at\":{end}}}"))),
        );
        metadata.insert("remainingItemCount".to_owned(), json!(chosen.len() - end));
    }
    let page: Vec<Value> = chosen
        .iter()
        .skip(start)
        .take(limit)
        .map(|(key, object)| render(resource, key, object, false))
        .collect();
    let body = json!({
        "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(), "metadata": metadata,
        "items": page,
    });
    answer::json(StatusCode::OK, &body)
}

fn offset(token: &str) -> Option<usize> {
    let bytes = STANDARD.decode(token).ok()?;
    let token: Value = serde_json::from_slice(&bytes).ok()?;
    usize::try_from(token.get("at")?.as_u64()?).ok()
}

// `a=b`, `a==b`, `a!=b`, `a`, `!a`, joined by commas.
fn selected(selector: &str, object: &Object) -> bool {
    // rule: kube.label-selector
    selector.split(',').map(str::trim).filter(|term| !term.is_empty()).all(|term| {
        if let Some((key, value)) = term.split_once("!=") {
            object.label(key) != Some(value)
        } else if let Some((key, value)) = term.split_once('=') {
            object.label(key) == Some(value.trim_start_matches('='))
        } else if let Some(key) = term.strip_prefix('!') {
            object.label(key).is_none()
        } else {
            object.label(term).is_some()
        }
    })
}

/// How old something is, as a table shows it.
pub(crate) fn age(now: Millis, created: Millis) -> String {
    let seconds = ((now - created) / SECOND).max(0);
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7_199 => format!("{}m", seconds / 60),
        7_200..=172_799 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_selectors_select() {
        let body = json!({"metadata": {"labels": {"app": "web", "tier": "front"}}});
        let Value::Object(body) = body else { panic!("an object") };
        let object = Object { created: 0, uid: String::new(), version: 1, body };
        for (selector, hit) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier", true),
            ("app!=web", false),
            ("!app", false),
            ("!other", true),
            ("app=web,tier=back", false),
        ] {
            assert_eq!(selected(selector, &object), hit, "{selector}");
        }
    }

    #[test]
    fn a_stored_token_does_not_say_that_it_ended() {
        let world = World::record(1);
        let name = world.labels().tokens["expired"].split(':').next().unwrap().to_owned();
        assert!(world.state.tokens[&name].expired(world.state.now));
        let resource = super::super::resources::find("management.cattle.io", "v3", "tokens").unwrap();
        let tokens = items(&world.state, "local", resource, "");
        let (key, object) = tokens.iter().find(|(key, _)| key.2 == name).unwrap();
        let shown = render(resource, key, object, true);
        assert_eq!((&shown["expired"], &shown["expiresAt"]), (&json!(false), &json!("")));
        assert_eq!(shown["ttl"], 60_000);
        assert!(shown["metadata"]["creationTimestamp"].is_string(), "{shown}");
    }

    #[test]
    fn continue_tokens_are_ours_or_none() {
        assert_eq!(offset(&STANDARD.encode(r#"{"at":5}"#)), Some(5));
        assert_eq!(offset("bad"), None);
        assert_eq!(age(200 * SECOND, 0), "3m");
    }
}
