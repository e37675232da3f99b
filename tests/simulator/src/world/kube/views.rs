//! Reading: single objects and lists, selected and cut into pages.

use super::pages::{self, Token};
use super::resources::Resource;
use super::select::Selector;
use super::{Target, render, tables};
use crate::Response;
use crate::world::World;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::state::{Millis, Object, ObjectKey, SECOND, State, stamp};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Whether Norman keeps these objects, and Kubernetes shows views of them.
pub(crate) fn viewed(resource: &Resource) -> bool {
    resource.group == "management.cattle.io" && resource.kind != "ClusterProxyConfig"
}

/// All objects of a resource, in order; management objects are views of what Norman shows.
pub(crate) fn items<'a>(
    state: &'a State,
    cluster: &str,
    resource: &Resource,
    namespace: &str,
) -> Vec<(ObjectKey, Cow<'a, Object>)> {
    if viewed(resource) {
        let views = if cluster == "local" { management(state, resource) } else { Vec::new() };
        return views.into_iter().map(|(key, object)| (key, Cow::Owned(object))).collect();
    }
    let Some(found) = state.clusters.get(cluster) else { return Vec::new() };
    let key = resource.key();
    found.objects.of(&key, namespace).map(|(key, object)| (key.clone(), Cow::Borrowed(object))).collect()
}

fn view(resource: &Resource, name: &str, uid: &str, created: Millis, body: Value) -> (ObjectKey, Object) {
    let body = if let Value::Object(body) = body { body } else { Map::new() };
    (
        (resource.key(), String::new(), name.to_owned()),
        Object { created, uid: uid.to_owned(), version: 1, body, ..Object::default() },
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
                let mut body = json!({"spec": spec, "status": {"driver": "imported"}});
                if let (Some(removal), Some(body)) = (&c.removal, body.as_object_mut()) {
                    let at = stamp(removal.since);
                    body.insert(
                        "metadata".to_owned(),
                        json!({"deletionTimestamp": at, "finalizers": removal.finalizers}),
                    );
                }
                view(resource, &c.id, &c.uuid, c.created, body)
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

/// A single object.
pub(super) fn get(
    world: &World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    let namespace = if resource.namespaced { target.namespace } else { "" };
    let key = (resource.key(), namespace.to_owned(), target.name.to_owned());
    let shown = |object: &Object| metadata_only(call, render(resource, &key, object, true));
    if !viewed(resource) {
        let found = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&key));
        return found.map_or_else(
            || target.not_found(resource),
            |object| answer::json(StatusCode::OK, &shown(object)),
        );
    }
    let items = items(&world.state, cluster, resource, namespace);
    match items.iter().find(|(found, _)| found.2 == target.name) {
        Some((key, object)) => {
            let shown = metadata_only(call, render(resource, key, object, true));
            answer::json(StatusCode::OK, &shown)
        }
        None => target.not_found(resource),
    }
}

fn asks_metadata(call: &Call<'_>) -> bool {
    call.accept.contains("as=PartialObjectMetadata")
}

// The object without spec and data, when the client asked for that.
fn metadata_only(call: &Call<'_>, shown: Value) -> Value {
    if !asks_metadata(call) {
        return shown;
    }
    // rule: kube.metadata-only
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": shown.get("metadata"),
    })
}

/// A list: selected, and cut into pages.
pub(super) fn list(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    let namespace = if resource.namespaced { target.namespace } else { "" };
    let query = |name: &str| call.query.first(name).filter(|value| !value.is_empty());
    let selector = Selector::read(
        query("labelSelector").unwrap_or_default(),
        query("fieldSelector").unwrap_or_default(),
    );
    let selector = match selector {
        Ok(selector) => selector,
        Err(refusal) => return *refusal,
    };
    let token = match query("continue").map(Token::decode) {
        Some(Err(why)) => return pages::refused(why),
        // rule: kube.continue-without-version
        Some(Ok(_)) if query("resourceVersion").is_some_and(|version| version != "0") => {
            let message = "specifying resource version is not allowed when using continue".to_owned();
            return pages::refused(message);
        }
        Some(Ok(token)) => Some(token),
        None => None,
    };
    let limit = match query("limit").map(str::parse::<i64>) {
        // rule: kube.bad-limit
        Some(Err(_)) => {
            let sent = query("limit").unwrap_or_default();
            return pages::refused(format!("strconv.ParseInt: parsing \"{sent}\": invalid syntax"));
        }
        Some(Ok(limit)) => usize::try_from(limit).ok().filter(|limit| *limit > 0),
        None => None,
    };
    let tabular = tables::asked(call);
    let (now, patience, current) = (world.state.now, world.state.patience, world.state.version);
    let version = token.as_ref().and_then(|token| token.version).unwrap_or(current);
    // Across namespaces a key begins with the namespace.
    let across = resource.namespaced && namespace.is_empty();
    let cut = |items: Vec<(&ObjectKey, &Object)>| {
        let mut left = items
            .into_iter()
            .filter(|(key, _)| token.as_ref().is_none_or(|token| !token.passed(across, &key.1, &key.2)))
            .filter(|(key, object)| selector.picks(key, object));
        let page: Vec<(&ObjectKey, &Object)> = left.by_ref().take(limit.unwrap_or(usize::MAX)).collect();
        let last = page.last().map(|(key, _)| (key.1.clone(), key.2.clone()));
        let shown: Vec<Value> = page
            .into_iter()
            .map(|(key, object)| match tabular {
                true => tables::row(resource, key, object, now),
                false => metadata_only(call, render(resource, key, object, false)),
            })
            .collect();
        (shown, last, left.count())
    };
    let kept = world.state.clusters.get_mut(cluster).filter(|_| !viewed(resource));
    let (page, last, more) = match (kept, &token) {
        // rule: kube.continue-is-a-snapshot
        (Some(kept), Some(token)) if token.version.is_some() => {
            match kept.objects.then(version, now, patience, &resource.key(), namespace) {
                Some(items) => cut(items),
                None => return pages::expired(token),
            }
        }
        (Some(kept), _) => cut(kept.objects.of(&resource.key(), namespace).collect()),
        (None, _) => {
            let items = items(&world.state, cluster, resource, namespace);
            cut(items.iter().map(|(key, object)| (key, object.as_ref())).collect())
        }
    };
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if let Some(metadata) = metadata.as_object_mut() {
        if resource.group.contains("cattle.io") {
            metadata.insert("continue".to_owned(), json!(""));
        }
        if let (Some((home, name)), true) = (last, more > 0) {
            // rule: kube.paged
            let onward = Token::after(Some(version), across, &home, &name);
            metadata.insert("continue".to_owned(), json!(onward.encode()));
            // rule: kube.remaining-unknown
            if selector.is_empty() {
                metadata.insert("remainingItemCount".to_owned(), json!(more));
            }
            if let Some(kept) = world.state.clusters.get_mut(cluster) {
                kept.objects.hold(version, now, patience);
            }
        }
    }
    if tabular {
        return answer::json(StatusCode::OK, &tables::whole(resource, metadata, page));
    }
    let (kind, api) = if asks_metadata(call) {
        ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned())
    } else {
        (format!("{}List", resource.kind), resource.api_version())
    };
    let body = json!({"kind": kind, "apiVersion": api, "metadata": metadata, "items": page});
    answer::json(StatusCode::OK, &body)
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
    fn ages_are_short() {
        assert_eq!(age(200 * SECOND, 0), "3m");
    }
}
