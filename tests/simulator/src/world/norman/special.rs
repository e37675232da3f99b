//! The few types of the common store that have a rule more: features, auth configs, registration tokens.

use super::kinds::Kind;
use crate::world::World;
use crate::world::answer::Problem;
use crate::world::call::Call;
use crate::world::state::{DAY, Kept, Millis, stamp};
use crate::world::stock;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// What the server adds to a new object at once.
pub(super) fn complete(world: &mut World, kind: &Kind, fields: &mut Map<String, Value>) {
    match kind.id.as_str() {
        "clusterRegistrationToken" => {
            fields.insert("token".to_owned(), json!(world.state.random.secret()));
            active(fields);
        }
        "feature" => {
            let status = json!({
                "default": false, "dynamic": false, "lockedValue": null, "prime": false,
                "type": "/v3/schemas/featureStatus",
            });
            fields.insert("status".to_owned(), status);
            active(fields);
        }
        _ if kind.fields.contains_key("state") && kind.fields.contains_key("transitioning") => active(fields),
        _ => {}
    }
}

/// What its controllers add a moment after the answer that creates an object.
pub(super) fn completed_later(world: &mut World, kind: &Kind, id: &str) {
    if kind.id == "clusterRegistrationToken" {
        world.unfill(id, false);
    }
}

fn active(fields: &mut Map<String, Value>) {
    // rule: norman.active-at-once
    for (field, value) in [("state", "active"), ("transitioning", "no"), ("transitioningMessage", "")] {
        fields.insert(field.to_owned(), json!(value));
    }
}

/// The fields of a registration token of `cluster`; where the server is follows when it is shown.
pub(crate) fn registration(cluster: &str, name: &str, secret: &str) -> Map<String, Value> {
    let fill = |value: Value| match value {
        Value::String(text) => json!(text.replace("{cluster}", cluster).replace("{token}", secret)),
        other => other,
    };
    let mut fields: Map<String, Value> =
        stock::registration().into_iter().map(|(key, value)| (key, fill(value))).collect();
    fields.insert("name".to_owned(), json!(name));
    fields.insert("tokenSecretName".to_owned(), json!(format!("crt-token-{name}")));
    fields
}

/// What an object shows that depends on the moment or on the way to the server.
pub(super) fn fill_in(object: &mut Map<String, Value>, kind: &Kind, call: &Call<'_>, kept: &Kept) {
    const MONTH: Millis = 30 * DAY;
    if kind.id != "clusterRegistrationToken" || !object.contains_key("command") {
        return;
    }
    for value in object.values_mut() {
        if let Value::String(text) = value
            && text.contains("{server}")
        {
            *text = text.replace("{server}", &call.base);
        }
    }
    object.insert("expiresAt".to_owned(), json!(stamp(kept.created + MONTH)));
}

/// May these fields of an object be changed so?
pub(super) fn may_change(
    kind: &Kind,
    id: &str,
    kept: &Kept,
    fields: &Map<String, Value>,
) -> Result<(), Problem> {
    match kind.id.as_str() {
        "feature" => {
            let locked = kept.fields.get("status").and_then(|status| status.get("lockedValue"));
            let locked = locked.filter(|locked| !locked.is_null());
            if let (Some(locked), Some(value)) = (locked, fields.get("value"))
                && value != locked
            {
                // rule: feature.locked
                let message = format!(
                    "admission webhook \"rancher.cattle.io.features.management.cattle.io\" denied the request: cannot edit value of feature flag {id}, value is locked to {locked}"
                );
                return Err(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message));
            }
            Ok(())
        }
        "authConfig" => {
            // rule: authconfig.put
            let message = "invalid data for auth store update";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", message))
        }
        _ => Ok(()),
    }
}

/// May this object be deleted?
pub(super) fn may_remove(kind: &Kind, id: &str, kept: &Kept) -> Result<(), Problem> {
    let builtin = kept.without.iter().any(|link| link == "remove");
    match kind.id.as_str() {
        "globalRole" | "roleTemplate" if builtin => {
            // rule: roles.built-in
            Err(Problem::new(
                StatusCode::FORBIDDEN,
                "PermissionDenied",
                format!("cannot delete builtin {} {id}", kind.id),
            ))
        }
        "authConfig" => {
            // rule: authconfig.no-delete
            Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllow", "Method DELETE not supported"))
        }
        _ => Ok(()),
    }
}
