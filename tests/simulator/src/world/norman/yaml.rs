//! The actions that take and give YAML: `importYaml` of a cluster, `exportYaml` of a project.

use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::{Call, Query};
use crate::world::kube;
use crate::world::kube::resources::RESOURCES;
use crate::world::state::Project;
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Makes the objects of a text in a cluster, with the rights of whoever asks.
pub(super) fn import(world: &mut World, call: &Call<'_>, cluster: &str) -> Outcome {
    // rule: cluster.import-yaml
    let sent = super::body(call)?;
    let namespace = super::string(&sent, "namespace").unwrap_or_else(|| "default".to_owned());
    let text = super::required(&sent, "yaml")?;
    let mut message = String::new();
    for part in text.split("\n---") {
        let object: Value = serde_saphyr::from_str(part)
            .map_err(|error| Problem::unprocessable("InvalidBodyContent", error.to_string()))?;
        if !object.is_null() {
            message += &make(world, call, cluster, &namespace, &object)?;
        }
    }
    let body = json!({"baseType": "importYamlOutput", "type": "importYamlOutput", "message": message});
    Ok(answer::json(StatusCode::OK, &body))
}

// What kubectl says of the object that was made.
fn make(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    namespace: &str,
    object: &Value,
) -> Result<String, Problem> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (kind, version, name) = (text("/kind"), text("/apiVersion"), text("/metadata/name"));
    let resource = RESOURCES.iter().find(|known| known.kind == kind && known.api_version() == version);
    let Some(resource) = resource else {
        let message = format!("no matches for kind \"{kind}\" in version \"{version}\"");
        return Err(Problem::unprocessable("InvalidBodyContent", message));
    };
    let named = Some(text("/metadata/namespace")).filter(|named| !named.is_empty()).unwrap_or(namespace);
    let mut path: Vec<&str> =
        if resource.group.is_empty() { vec!["api"] } else { vec!["apis", resource.group] };
    path.push(resource.version);
    if resource.namespaced {
        path.extend(["namespaces", named]);
    }
    path.push(resource.plural);
    let body = object.to_string();
    let post = Call {
        method: &Method::POST,
        query: Query::default(),
        body: body.as_bytes(),
        content_type: "application/json".to_owned(),
        ..call.clone()
    };
    let access = call.access(&world.state);
    let answer = kube::serve(world, &post, &access, cluster, &path);
    let what = format!("{}/{name}", kind.to_lowercase());
    match answer.status {
        StatusCode::CREATED => Ok(format!("{what} created\n")),
        // rule: cluster.import-yaml-twice
        StatusCode::CONFLICT => Ok(format!("{what} configured\n")),
        status => {
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let message = said.get("message").and_then(Value::as_str).unwrap_or_default();
            Err(Problem::new(status, "ServerError", message))
        }
    }
}

/// What a project is, as the compose file that nobody else reads.
pub(super) fn export(project: &Project) -> Response {
    // rule: project.export-yaml
    let description = project.fields.get("description").and_then(Value::as_str).unwrap_or_default();
    let about = if description.is_empty() {
        " {}\n".to_owned()
    } else {
        format!("\n    description: {description}\n")
    };
    answer::text(StatusCode::OK, &format!("Version: v3\nprojects:\n  {}:{about}", project.display))
}
