//! Create, read, update, delete: objects are kept as they were sent.

use super::apply::{self, owner};
use super::defaults;
use super::patch::{self, Patch};
use super::resources::Resource;
use super::reviews::{bad_request, invalid_name};
use super::select::Selector;
use super::{Target, admission, finalizers, sub, views};
use crate::Response;
use crate::world::World;
use crate::world::answer;
use crate::world::call::Call;
use crate::world::follow;
use crate::world::registration;
use crate::world::route::not_simulated;
use crate::world::state::{Object, ObjectKey, stamp};
use http::StatusCode;
use serde_json::{Map, Value, json};

pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    verb: &str,
) -> Response {
    if verb == "watch" {
        return follow::watch_kube(world, call, cluster, resource, target.namespace);
    }
    if !target.sub.is_empty() {
        return sub::serve(world, call, cluster, resource, target, verb);
    }
    match verb {
        "get" => views::get(world, call, cluster, resource, target),
        "list" => views::list(world, call, cluster, resource, target),
        "patch" if resource.kind == "Cluster" && views::viewed(resource) => {
            registration::patch_cluster(world, call, target.name)
        }
        _ if views::viewed(resource) => not_simulated("writes to management objects past Norman"),
        "create" => create(world, call, cluster, resource, target),
        "update" | "patch" => {
            change(world, call, cluster, resource, target, verb).unwrap_or_else(|refusal| *refusal)
        }
        "delete" => remove(world, call, cluster, resource, target),
        _ => remove_all(world, call, cluster, resource, target),
    }
}

pub(super) fn key(resource: &Resource, target: &Target<'_>, name: &str) -> ObjectKey {
    let namespace = if resource.namespaced { target.namespace } else { "" };
    (resource.key(), namespace.to_owned(), name.to_owned())
}

fn valid_name(name: &str) -> bool {
    let end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 253
        && end(name.chars().next())
        && end(name.chars().next_back())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
}

pub(super) fn dry(call: &Call<'_>) -> bool {
    call.query.first("dryRun") == Some("All")
}

fn meta<'a>(body: &'a Map<String, Value>, field: &str) -> &'a str {
    body.get("metadata").and_then(|meta| meta.get(field)).and_then(Value::as_str).unwrap_or_default()
}

// A body may name its namespace, but no other than that of the path.
fn same_namespace(
    body: &Map<String, Value>,
    resource: &Resource,
    target: &Target<'_>,
) -> Result<(), Box<Response>> {
    let named = meta(body, "namespace");
    if resource.namespaced && !named.is_empty() && named != target.namespace {
        // rule: kube.namespace-of-the-path
        let message = "the namespace of the provided object does not match the namespace sent on the request"
            .to_owned();
        return Err(Box::new(bad_request(message)));
    }
    Ok(())
}

fn create(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    match call.object().map_err(bad_request) {
        Ok(body) => {
            make(world, call, cluster, resource, target, body, false).unwrap_or_else(|refusal| *refusal)
        }
        Err(refusal) => refusal,
    }
}

fn make(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    mut body: Map<String, Value>,
    applied: bool,
) -> Result<Response, Box<Response>> {
    same_namespace(&body, resource, target)?;
    let name = match (meta(&body, "name"), meta(&body, "generateName")) {
        ("", "") => {
            // rule: kube.name-required
            let message = format!(
                "{} \"\" is invalid: metadata.name: Required value: name or generateName is required",
                resource.kind
            );
            return Err(Box::new(target.failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)));
        }
        ("", prefix) => format!("{prefix}{}", world.state.random.name(5)),
        (name, _) => name.to_owned(),
    };
    let created = Target { name: &name, ..*target };
    if !meta(&body, "resourceVersion").is_empty() {
        // rule: kube.create-with-version
        let message = "resourceVersion should not be set on objects to be created".to_owned();
        return Err(Box::new(created.failure(StatusCode::INTERNAL_SERVER_ERROR, "", message)));
    }
    if !valid_name(&name) {
        return Err(Box::new(invalid_name(&created, resource.kind, &name)));
    }
    let Some(found) = world.state.clusters.get(cluster) else {
        return Err(Box::new(created.not_found(resource)));
    };
    if resource.namespaced && !resource.group.ends_with("cattle.io") {
        let home = (super::NAMESPACES.to_owned(), String::new(), target.namespace.to_owned());
        if !found.objects.contains_key(&home) {
            // rule: kube.unknown-namespace
            let message = format!("namespaces \"{}\" not found", target.namespace);
            let namespaces = Target { group: "", plural: "namespaces", name: target.namespace, ..*target };
            return Err(Box::new(namespaces.failure(StatusCode::NOT_FOUND, "NotFound", message)));
        }
    }
    defaults::fill(resource, &name, &mut body);
    let key = key(resource, target, &name);
    admission::limits(world, cluster, &key, &mut body);
    admission::check(world, cluster, resource, &key, None, &body)
        .map_err(|why| admission::refused(resource, &name, &why))?;
    let kept = world.state.clusters.get(cluster);
    if kept.is_some_and(|kept| kept.objects.contains_key(&key)) {
        // rule: kube.already-exists
        let message = format!("{} \"{name}\" already exists", resource.full());
        return Err(Box::new(created.failure(StatusCode::CONFLICT, "AlreadyExists", message)));
    }
    let mut object = world.object(body);
    apply::note(&mut object, &Map::new(), &owner(call, applied));
    let rendered = render(resource, &key, &object, true);
    if !dry(call) {
        world.put_object(cluster, key, object);
    }
    Ok(answer::json(StatusCode::CREATED, &rendered))
}

fn conflict(resource: &Resource, target: &Target<'_>, why: &str) -> Response {
    let message = format!("Operation cannot be fulfilled on {} \"{}\": {why}", resource.full(), target.name);
    target.failure(StatusCode::CONFLICT, "Conflict", message)
}

// Optimistic locking: whoever names a version or an identity means exactly that object.
pub(super) fn locked(
    body: &Map<String, Value>,
    stored: &Object,
    resource: &Resource,
    target: &Target<'_>,
) -> Result<(), Box<Response>> {
    let (uid, version) = (meta(body, "uid"), meta(body, "resourceVersion"));
    if !uid.is_empty() && uid != stored.uid {
        // rule: kube.uid-precondition
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{}/{}, ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {uid}, UID in object meta: {}",
            target.plural, target.namespace, target.name, stored.uid
        );
        return Err(Box::new(conflict(resource, target, &why)));
    }
    if !version.is_empty() && version != stored.version.to_string() {
        // rule: kube.stale-conflict
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        return Err(Box::new(conflict(resource, target, why)));
    }
    Ok(())
}

fn replaced(
    body: Map<String, Value>,
    stored: &Object,
    resource: &Resource,
    target: &Target<'_>,
) -> Result<Map<String, Value>, Box<Response>> {
    let name = meta(&body, "name");
    if name != target.name {
        // rule: kube.name-of-the-path
        let message = format!(
            "the name of the object ({}) does not match the name on the URL ({})",
            if name.is_empty() { "based on URL" } else { name },
            target.name
        );
        return Err(Box::new(bad_request(message)));
    }
    same_namespace(&body, resource, target)?;
    locked(&body, stored, resource, target)?;
    if resource.group.contains("cattle.io") && meta(&body, "resourceVersion").is_empty() {
        // rule: kube.version-required
        let complaint = "Invalid value: 0x0: must be specified for an update";
        let message = format!(
            "{} \"{}\" is invalid: metadata.resourceVersion: {complaint}",
            resource.full(),
            target.name
        );
        return Err(Box::new(target.failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)));
    }
    Ok(body)
}

fn change(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
    verb: &str,
) -> Result<Response, Box<Response>> {
    let wish = match verb {
        "patch" => Some(Patch::read(call, resource, target)?),
        _ => None,
    };
    let key = key(resource, target, target.name);
    let stored = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&key)).cloned();
    let Some(stored) = stored else {
        return match wish {
            // rule: kube.apply-creates
            Some(Patch::Apply(mut body)) => {
                if let Value::Object(metadata) = body.entry("metadata").or_insert_with(|| json!({})) {
                    metadata.insert("name".to_owned(), json!(target.name));
                }
                make(world, call, cluster, resource, target, body, true)
            }
            _ => Err(Box::new(target.not_found(resource))),
        };
    };
    let by = owner(call, matches!(wish, Some(Patch::Apply(_))));
    let mut changed = stored.clone();
    let mut whole = render(resource, &key, &stored, true);
    match wish {
        None => {
            let sent = call.object().map_err(bad_request)?;
            changed.body = replaced(sent, &stored, resource, target)?;
            keep_status(&mut changed.body, &stored.body);
        }
        Some(Patch::Apply(mut sent)) => {
            locked(&sent, &stored, resource, target)?;
            strip(&mut sent);
            let force = call.query.first("force") == Some("true");
            apply::apply(&mut changed, sent, &by, force, &resource.api_version())?;
        }
        Some(Patch::Json(steps)) => {
            if patch::json_patch(&mut whole, &steps).is_none() {
                // rule: kube.json-patch
                let message = "the server rejected our request due to an error in our request".to_owned();
                return Err(Box::new(target.failure(StatusCode::UNPROCESSABLE_ENTITY, "Invalid", message)));
            }
            changed.body = patched(whole, &stored, resource, target)?;
        }
        Some(Patch::Merge(sent)) => {
            if let Value::Object(whole) = &mut whole {
                patch::merge(whole, sent);
            }
            changed.body = patched(whole, &stored, resource, target)?;
        }
        Some(Patch::Strategic(sent)) => {
            if let Value::Object(whole) = &mut whole {
                patch::strategic(whole, sent);
            }
            changed.body = patched(whole, &stored, resource, target)?;
        }
    }
    defaults::fill(resource, target.name, &mut changed.body);
    strip(&mut changed.body);
    finalizers::keep_mark(&mut changed.body, &stored.body);
    generation(&mut changed.body, &stored.body);
    admission::check(world, cluster, resource, &key, Some(&stored.body), &changed.body)
        .map_err(|why| admission::refused(resource, target.name, &why))?;
    if !by.applied {
        apply::note(&mut changed, &stored.body, &by);
    }
    // A write that changes nothing is none.
    // rule: kube.no-op
    if changed.body != stored.body && !dry(call) {
        changed.version = world.state.next_version();
        let rendered = render(resource, &key, &changed, true);
        match finalizers::is_going(&changed.body) && !finalizers::waits(&changed.body) {
            true => world.remove_object(cluster, &key),
            false => world.put_object(cluster, key, changed),
        }
        return Ok(answer::json(StatusCode::OK, &rendered));
    }
    if let (Some(kept), false) = (world.state.clusters.get_mut(cluster), dry(call))
        && let Some(kept) = kept.objects.get_mut(&key)
    {
        kept.owners.clone_from(&changed.owners);
    }
    Ok(answer::json(StatusCode::OK, &render(resource, &key, &changed, true)))
}

// A patch may not turn an object into another one.
fn patched(
    whole: Value,
    stored: &Object,
    resource: &Resource,
    target: &Target<'_>,
) -> Result<Map<String, Value>, Box<Response>> {
    let Value::Object(body) = whole else {
        return Err(Box::new(bad_request("the patched object is no object".to_owned())));
    };
    locked(&body, stored, resource, target)?;
    if meta(&body, "name") != target.name {
        return Err(Box::new(bad_request(
            "the name of the object (based on the patch) may not be changed".to_owned(),
        )));
    }
    Ok(body)
}

// Status is written by controllers only.
fn keep_status(body: &mut Map<String, Value>, stored: &Map<String, Value>) {
    // rule: kube.status-is-kept
    match stored.get("status") {
        Some(status) => body.insert("status".to_owned(), status.clone()),
        None => body.remove("status"),
    };
}

// The generation counts changes of what is wished, and belongs to the server.
fn generation(body: &mut Map<String, Value>, stored: &Map<String, Value>) {
    // rule: kube.generation
    let old = stored.get("metadata").and_then(|meta| meta.get("generation")).and_then(Value::as_u64);
    let Some(old) = old else { return };
    let wish = |body: &Map<String, Value>| {
        let mut wish = body.clone();
        wish.retain(|field, _| field != "metadata" && field != "status");
        wish
    };
    let new = if wish(body) == wish(stored) { old } else { old + 1 };
    if let Value::Object(metadata) = body.entry("metadata").or_insert_with(|| json!({})) {
        metadata.insert("generation".to_owned(), json!(new));
    }
}

/// Takes out what the server fills in by itself.
pub(crate) fn strip(body: &mut Map<String, Value>) {
    body.remove("kind");
    body.remove("apiVersion");
    if let Some(Value::Object(metadata)) = body.get_mut("metadata") {
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields"] {
            metadata.remove(field);
        }
    }
}

fn remove(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    let key = key(resource, target, target.name);
    let stored = world.state.clusters.get(cluster).and_then(|found| found.objects.get(&key)).cloned();
    let Some(stored) = stored else { return target.not_found(resource) };
    let options = call.object().unwrap_or_default();
    let wanted = options.get("preconditions").cloned().unwrap_or_default();
    // rule: kube.delete-preconditions
    if let Err(refusal) =
        locked(&Map::from_iter([("metadata".to_owned(), wanted)]), &stored, resource, target)
    {
        return *refusal;
    }
    let tried = options.get("dryRun").and_then(Value::as_array).is_some_and(|tried| !tried.is_empty());
    if resource.kind != "Namespace" && finalizers::waits(&stored.body) {
        let going = finalizers::mark(world, cluster, &key, stored, dry(call) || tried);
        return answer::json(StatusCode::OK, &render(resource, &key, &going, true));
    }
    let rendered = render(resource, &key, &stored, true);
    let policy = options.get("propagationPolicy").and_then(Value::as_str);
    let foreground = call.query.first("propagationPolicy").or(policy) == Some("Foreground");
    if !dry(call) && !tried {
        match resource.kind {
            // rule: namespace.removed-at-once
            "Namespace" => world.remove_namespace(cluster, target.name),
            _ => world.remove_object(cluster, &key),
        }
    }
    if foreground {
        return answer::json(StatusCode::OK, &terminating(world, rendered));
    }
    if matches!(resource.kind, "Namespace" | "Pod") {
        // rule: kube.pod-deletion
        return answer::json(StatusCode::OK, &rendered);
    }
    let mut details = target.details();
    if let Some(details) = details.as_object_mut() {
        details.insert("uid".to_owned(), json!(stored.uid));
    }
    let body = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    answer::json(StatusCode::OK, &body)
}

// What waits for its dependents is still there when the answer goes out.
fn terminating(world: &mut World, mut rendered: Value) -> Value {
    // rule: kube.foreground-deletion
    let version = world.state.next_version().to_string();
    let at = stamp(world.state.now);
    if let Some(Value::Object(metadata)) = rendered.get_mut("metadata") {
        metadata.insert("resourceVersion".to_owned(), json!(version));
        metadata.insert("deletionTimestamp".to_owned(), json!(at));
        metadata.insert("deletionGracePeriodSeconds".to_owned(), json!(0));
        metadata.insert("finalizers".to_owned(), json!(["foregroundDeletion"]));
    }
    rendered
}

fn remove_all(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    resource: &Resource,
    target: &Target<'_>,
) -> Response {
    // rule: kube.delete-collection
    // rule: kube.delete-what-is-selected
    let query = |name: &str| call.query.first(name).unwrap_or_default();
    let selector = match Selector::read(query("labelSelector"), query("fieldSelector")) {
        Ok(selector) => selector,
        Err(refusal) => return *refusal,
    };
    let Some(found) = world.state.clusters.get(cluster) else { return target.not_found(resource) };
    let gone: Vec<(ObjectKey, Value)> = found
        .objects
        .of(&resource.key(), if resource.namespaced { target.namespace } else { "" })
        .filter(|(key, object)| selector.picks(key, object))
        .map(|(key, object)| (key.clone(), render(resource, key, object, false)))
        .collect();
    if !dry(call) {
        gone.iter().for_each(|(key, _)| world.remove_object(cluster, key));
    }
    let items: Vec<Value> = gone.into_iter().map(|(_, shown)| shown).collect();
    let body = json!({
        "kind": format!("{}List", resource.kind), "apiVersion": resource.api_version(),
        "metadata": {"resourceVersion": world.state.version.to_string()}, "items": items,
    });
    answer::json(StatusCode::OK, &body)
}

/// An object as Kubernetes shows it; items of a list go without kind and version.
pub(crate) fn render(resource: &Resource, key: &ObjectKey, object: &Object, typed: bool) -> Value {
    let mut shown = object.body.clone();
    let mut metadata = match shown.remove("metadata") {
        Some(Value::Object(metadata)) => metadata,
        _ => Map::new(),
    };
    metadata.insert("name".to_owned(), json!(key.2));
    if !key.1.is_empty() {
        metadata.insert("namespace".to_owned(), json!(key.1));
    }
    metadata.insert("uid".to_owned(), json!(object.uid));
    metadata.insert("resourceVersion".to_owned(), json!(object.version.to_string()));
    metadata.insert("creationTimestamp".to_owned(), json!(stamp(object.created)));
    shown.insert("metadata".to_owned(), Value::Object(metadata));
    // rule: kube.list-items-untyped
    if typed || resource.group.contains("cattle.io") {
        shown.insert("kind".to_owned(), json!(resource.kind));
        shown.insert("apiVersion".to_owned(), json!(resource.api_version()));
    }
    Value::Object(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_as_kubernetes_does() {
        for (name, valid) in [("web", true), ("a.b-1", true), ("Bad_Name", false), ("-a", false), ("", false)]
        {
            assert_eq!(valid_name(name), valid, "{name}");
        }
        assert!(valid_name(&"a".repeat(253)) && !valid_name(&"a".repeat(254)));
    }

    #[test]
    fn the_generation_counts_wishes_only() {
        let object =
            |value: Value| if let Value::Object(object) = value { object } else { panic!("an object") };
        let stored = object(json!({"metadata": {"generation": 2}, "spec": {"a": 1}, "status": {"x": 1}}));
        let generation = |changed: Value| {
            let mut body = object(changed);
            super::generation(&mut body, &stored);
            body["metadata"]["generation"].clone()
        };
        assert_eq!(generation(json!({"spec": {"a": 1}, "status": {"x": 2}})), 2);
        assert_eq!(generation(json!({"metadata": {"generation": 9}, "spec": {"a": 2}})), 3);
    }
}
