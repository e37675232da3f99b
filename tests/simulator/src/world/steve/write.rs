//! Writes through Steve: Kubernetes does them, and its answer is told in Steve's words.

use super::super::World;
use super::super::answer::{self, empty, set, steve_error};
use super::super::call::Call;
use super::super::kube::resources::Resource;
use super::super::kube::viewed;
use super::super::route::not_simulated;
use super::Plane;
use super::show::{Moment, blocked, shown};
use crate::Response;
use http::{HeaderName, Method, StatusCode};
use serde_json::{Map, Value, json};

const WARNING: HeaderName = HeaderName::from_static("warning");

/// A write to a collection or to one object.
pub(super) fn write(
    world: &mut World,
    call: &Call<'_>,
    plane: &Plane<'_>,
    resource: &Resource,
    at: (&str, &str),
) -> Response {
    if blocked(resource, call.method) {
        // rule: steve.blocked-write
        let message = format!("Method {} not supported", call.method);
        return steve_error(StatusCode::FORBIDDEN, "PermissionDenied", &message);
    }
    if viewed(resource) {
        return not_simulated("writes to management objects through Steve");
    }
    let sent = match sent(call, resource) {
        Ok(sent) => sent,
        Err(refusal) => return *refusal,
    };
    let (namespace, name) = at;
    let field = |name: &str| {
        let text = sent.as_ref().and_then(|sent| sent.get("metadata")).and_then(|meta| meta.get(name));
        text.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let namespace = match (resource.namespaced, namespace.is_empty(), *call.method == Method::POST) {
        (false, ..) => String::new(),
        (true, true, true) if field("namespace").is_empty() => {
            // rule: steve.namespace-required
            let message = "metadata.namespace or apiOp.namespace are required";
            return steve_error(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", message);
        }
        (true, true, _) => field("namespace"),
        (true, false, _) => namespace.to_owned(),
    };
    if *call.method == Method::PUT && field("resourceVersion").is_empty() {
        // rule: steve.version-required
        let message = "metadata.resourceVersion is required for update";
        return steve_error(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", message);
    }
    let mut inner = call.clone();
    let body = sent.map(|sent| Value::Object(sent).to_string());
    if let Some(body) = &body {
        inner.body = body.as_bytes();
    }
    if *call.method == Method::PATCH && !call.content_type.contains("patch") {
        // rule: steve.patch-is-strategic
        inner.content_type = "application/strategic-merge-patch+json".to_owned();
    }
    let mut rest = if resource.group.is_empty() { vec!["api"] } else { vec!["apis", resource.group] };
    rest.push(resource.version);
    if resource.namespaced {
        rest.extend(["namespaces", &namespace]);
    }
    rest.push(resource.plural);
    rest.extend((!name.is_empty()).then_some(name));
    let answered = super::super::kube::serve(world, &inner, plane.access, plane.cluster, &rest);
    let told: Value = serde_json::from_slice(&answered.body).unwrap_or_default();
    let text = |field: &str| told.get(field).and_then(Value::as_str).unwrap_or_default();
    if !answered.status.is_success() {
        return if text("kind") == "Status" {
            let code = if text("reason").is_empty() { "ServerError" } else { text("reason") };
            steve_error(answered.status, code, text("message"))
        } else {
            answered
        };
    }
    if *call.method == Method::DELETE {
        // rule: steve.delete-is-empty
        return empty(StatusCode::NO_CONTENT);
    }
    let Value::Object(fields) = told else { return answered };
    let named = fields.get("metadata").and_then(|meta| meta.get("name")).and_then(Value::as_str);
    let key = (resource.key(), namespace, named.unwrap_or_default().to_owned());
    let shown = shown(world, call, plane, resource, &key, Value::Object(fields), Moment::Written);
    let mut response = answer::json(answered.status, &shown);
    if *call.method == Method::POST && call.object().is_ok_and(|sent| sent.contains_key("type")) {
        // rule: steve.type-warning
        set(&mut response, WARNING, "299 - unknown field \"type\"");
    }
    response
}

// The body as Kubernetes may see it; none when it goes on as it is.
fn sent(call: &Call<'_>, resource: &Resource) -> Result<Option<Map<String, Value>>, Box<Response>> {
    if *call.method == Method::PATCH || *call.method == Method::DELETE {
        return Ok(None);
    }
    let mut body = call
        .object()
        .map_err(|message| steve_error(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", &message))?;
    // rule: steve.own-fields
    for field in ["id", "type", "links", "actions"] {
        body.remove(field);
    }
    if let Some(value) = body.remove("_type") {
        body.insert("type".to_owned(), value);
    }
    if let Value::Object(metadata) = body.entry("metadata").or_insert_with(|| json!({})) {
        for field in ["fields", "relationships", "state"] {
            metadata.remove(field);
        }
        let named =
            |field: &str| metadata.get(field).and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if *call.method == Method::POST && !named("name") && !named("generateName") {
            // rule: steve.generated-name
            let initials: String = resource.kind.chars().filter(char::is_ascii_uppercase).collect();
            metadata.insert("generateName".to_owned(), json!(format!("{}-", initials.to_lowercase())));
        }
    }
    Ok(Some(body))
}
