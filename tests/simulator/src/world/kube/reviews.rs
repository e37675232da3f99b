//! The reviews a client may ask about itself.

use super::{Subject, Target};
use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Failure};
use crate::world::call::Call;
use crate::world::rights::Ask;
use crate::world::state::stamp;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// SelfSubjectAccessReview: may I?
pub(super) fn access(world: &World, call: &Call<'_>, subject: &Subject<'_>, cluster: &str) -> Response {
    let sent = match call.object() {
        Ok(sent) => sent,
        Err(complaint) => return bad_request(complaint),
    };
    let spec = sent.get("spec").cloned().unwrap_or_else(|| json!({}));
    let attributes = spec.get("resourceAttributes").cloned().unwrap_or_default();
    let field = |name: &str| attributes.get(name).and_then(Value::as_str).unwrap_or("");
    let sub = field("subresource");
    let resource =
        if sub.is_empty() { field("resource").to_owned() } else { format!("{}/{sub}", field("resource")) };
    let ask = Ask {
        verb: field("verb"),
        group: field("group"),
        resource: &resource,
        namespace: field("namespace"),
        name: field("name"),
    };
    let mut status = json!({"allowed": false});
    if let (Some(reason), Some(status)) =
        (subject.allowed(&world.state, cluster, &ask), status.as_object_mut())
    {
        status.insert("allowed".to_owned(), json!(true));
        status.insert("reason".to_owned(), json!(reason));
    }
    let body = json!({
        "kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1",
        "metadata": {"managedFields": [{
            "manager": "unknown", "operation": "Update", "apiVersion": "authorization.k8s.io/v1",
            "time": stamp(world.state.now), "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": fields(&attributes)},
        }]},
        "spec": spec, "status": status,
    });
    answer::json(StatusCode::CREATED, &body)
}

// What server-side apply would call the fields that were sent.
fn fields(attributes: &Value) -> Value {
    let Some(attributes) = attributes.as_object() else { return json!({}) };
    let mut named: Map<String, Value> =
        attributes.keys().map(|key| (format!("f:{key}"), json!({}))).collect();
    named.insert(".".to_owned(), json!({}));
    json!({"f:resourceAttributes": named})
}

/// SelfSubjectRulesReview: what may I do in a namespace?
pub(super) fn rules(world: &World, call: &Call<'_>, subject: &Subject<'_>, cluster: &str) -> Response {
    // rule: kube.rules-review
    let sent = match call.object() {
        Ok(sent) => sent,
        Err(complaint) => return bad_request(complaint),
    };
    let namespace =
        sent.get("spec").and_then(|spec| spec.get("namespace")).and_then(Value::as_str).unwrap_or("");
    let own = |group: &str, resources: &[&str]| json!({"verbs": ["create"], "apiGroups": [group], "resources": resources});
    let mut rules = vec![
        own("authorization.k8s.io", &["selfsubjectaccessreviews", "selfsubjectrulesreviews"]),
        own("authentication.k8s.io", &["selfsubjectreviews"]),
    ];
    if let Subject::User(access) = subject {
        rules.extend(access.rules(&world.state, cluster, namespace));
    }
    let urls = [
        "/api",
        "/api/*",
        "/apis",
        "/apis/*",
        "/healthz",
        "/livez",
        "/openapi",
        "/openapi/*",
        "/readyz",
        "/version",
        "/version/",
    ];
    let body = json!({
        "kind": "SelfSubjectRulesReview", "apiVersion": "authorization.k8s.io/v1", "metadata": {}, "spec": {},
        "status": {
            "resourceRules": rules, "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": urls}],
            "incomplete": false,
        },
    });
    answer::json(StatusCode::CREATED, &body)
}

/// SelfSubjectReview: who am I?
pub(super) fn identity(world: &World, call: &Call<'_>, subject: &Subject<'_>) -> Response {
    // rule: kube.identity-is-rancher
    let info = match subject {
        Subject::User(access) => {
            let name = call.token().rsplit('/').next().unwrap_or_default();
            let username = world.state.users.get(&access.user).map_or("", |user| user.username.as_str());
            json!({
                "username": access.user, "groups": ["system:authenticated", "system:cattle:authenticated"],
                "extra": {
                    "principalid": [format!("local://{}", access.user)], "requesthost": [call.host],
                    "requesttokenid": [name], "username": [username],
                },
            })
        }
        Subject::Account { namespace, .. } => json!({
            "username": subject.name(),
            "groups": [
                "system:serviceaccounts", format!("system:serviceaccounts:{namespace}"), "system:authenticated",
            ],
        }),
    };
    let body = json!({
        "kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1",
        "metadata": {"creationTimestamp": stamp(world.state.now)}, "status": {"userInfo": info},
    });
    answer::json(StatusCode::CREATED, &body)
}

/// A body that is no object.
pub(super) fn bad_request(complaint: String) -> Response {
    // rule: kube.bad-body
    Failure { status: StatusCode::BAD_REQUEST, reason: "BadRequest", message: complaint, details: None }
        .answer()
}

/// An object whose name is no name.
pub(super) fn invalid_name(target: &Target<'_>, kind: &str, name: &str) -> Response {
    // rule: kube.invalid-name
    let rule = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    let complaint = format!("Invalid value: \"{name}\": {rule}");
    let mut details = json!({
        "name": name, "kind": kind,
        "causes": [{"reason": "FieldValueInvalid", "message": complaint, "field": "metadata.name"}],
    });
    if let (false, Some(details)) = (target.group.is_empty(), details.as_object_mut()) {
        details.insert("group".to_owned(), json!(target.group));
    }
    let full = if target.group.is_empty() { kind.to_owned() } else { format!("{kind}.{}", target.group) };
    Failure {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        reason: "Invalid",
        message: format!("{full} \"{name}\" is invalid: metadata.name: {complaint}"),
        details: Some(details),
    }
    .answer()
}
