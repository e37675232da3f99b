//! The kubeconfigs of `ext.cattle.io`: made with a token, shown without their text, gone with their token.

use super::World;
use super::answer;
use super::call::Call;
use super::ext::failure;
use super::rights::Access;
use super::state::{Cluster, DAY, Millis, TokenKind, stamp};
use super::tokens::Mint;
use crate::Response;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// A kubeconfig that was made.
#[derive(Debug, Clone)]
pub(crate) struct Kubeconfig {
    pub(crate) name: String,
    pub(crate) user: String,
    /// As asked for: ids, or `*`.
    pub(crate) clusters: Vec<String>,
    pub(crate) current: String,
    pub(crate) description: String,
    /// Seconds.
    pub(crate) ttl: i64,
    /// The name of its token, and the uid of the Secret that keeps that.
    pub(crate) token: (String, String),
    pub(crate) created: Millis,
    pub(crate) uuid: String,
    pub(crate) version: u64,
}

const PLURAL: &str = "kubeconfigs";

fn bad(message: String) -> Response {
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "message": message,
        "reason": "BadRequest", "code": 400,
    });
    answer::json(StatusCode::BAD_REQUEST, &body)
}

/// A call about kubeconfigs, past the question of rights.
pub(crate) fn serve(world: &mut World, call: &Call<'_>, access: &Access, verb: &str, name: &str) -> Response {
    match (verb, name) {
        ("create", "") => match create(world, call, access) {
            Ok((made, text)) => {
                answer::json(StatusCode::CREATED, &Value::Object(shown(&made, Some(&text), true)))
            }
            Err(refused) => *refused,
        },
        ("list", "") => list(world, access),
        ("get" | "delete", name) => one(world, access, verb, name),
        _ => super::route::not_simulated("changing kubeconfigs"),
    }
}

/// The same by Steve.
pub(crate) fn steve(world: &mut World, call: &Call<'_>, access: &Access, rest: &[&str]) -> Response {
    if (call.method, rest) != (&Method::POST, &[][..]) {
        return super::route::not_simulated("Steve on kubeconfigs");
    }
    match create(world, call, access) {
        Ok((made, text)) => answer::json(StatusCode::CREATED, &in_steve(&call.base, &made, &text)),
        Err(refused) => *refused,
    }
}

fn create(
    world: &mut World,
    call: &Call<'_>,
    access: &Access,
) -> Result<(Kubeconfig, String), Box<Response>> {
    let body = call.object().map_err(|message| Box::new(bad(message)))?;
    let spec = body.get("spec").cloned().unwrap_or_default();
    let text = |field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let ids = spec.get("clusters").and_then(Value::as_array).into_iter().flatten();
    let asked: Vec<String> = ids.filter_map(Value::as_str).map(str::to_owned).collect();
    let clusters =
        if asked.iter().any(|id| id == "*") { all(world, access) } else { named(world, access, &asked)? };
    let most = 90 * DAY / 1000;
    let ttl = match spec.get("ttl").and_then(Value::as_i64).unwrap_or_default() {
        // rule: ext.kubeconfig-ttl
        0 => 30 * DAY / 1000,
        ttl if ttl < 0 || ttl > most => {
            return Err(Box::new(bad(format!("spec.ttl {ttl} exceeds max ttl {most}"))));
        }
        ttl => ttl,
    };
    let current = Some(text("currentContext")).filter(|id| !id.is_empty());
    let current = current.or_else(|| clusters.first().map(|cluster| cluster.id.clone())).unwrap_or_default();
    let mint = Mint {
        description: "Kubeconfig token".to_owned(),
        ttl: Some(ttl * 1000),
        ..Mint::new(TokenKind::Ext, &access.user)
    };
    // rule: ext.kubeconfig-token
    let token = world.mint(mint);
    let state = &mut world.state;
    let made = Kubeconfig {
        name: format!("kubeconfig-{}", state.random.name(5)),
        user: access.user.clone(),
        clusters: asked,
        current,
        description: text("description"),
        ttl,
        token: (token.name.clone(), token.uuid.clone()),
        created: state.now,
        uuid: state.random.uuid(),
        version: state.next_version(),
    };
    let yaml = yaml(&made, &clusters, &call.base, state.setting("cacerts"), &token.bearer());
    state.kubeconfigs.insert(made.name.clone(), made.clone());
    Ok((made, yaml))
}

/// All clusters that the user sees, by the name that people gave them.
fn all(world: &World, access: &Access) -> Vec<Cluster> {
    // rule: ext.kubeconfig-all
    let seen = world.state.clusters.values().filter(|cluster| access.sees_cluster(&cluster.id));
    let mut seen: Vec<Cluster> = seen.cloned().collect();
    seen.sort_by(|a, b| a.name.cmp(&b.name));
    seen
}

fn named(world: &World, access: &Access, ids: &[String]) -> Result<Vec<Cluster>, Box<Response>> {
    let of = |id: &String| {
        let found = world.state.clusters.get(id);
        // rule: ext.kubeconfig-unknown-cluster
        let found = found.ok_or_else(|| Box::new(bad(format!("cluster {id} not found"))))?;
        if access.sees_cluster(id) {
            return Ok(found.clone());
        }
        // rule: ext.kubeconfig-foreign-cluster
        let message = format!("user {} is not allowed to access cluster {id}", access.user);
        Err(Box::new(failure(StatusCode::FORBIDDEN, "Forbidden", PLURAL, "", message)))
    };
    ids.iter().map(of).collect()
}

fn list(world: &World, access: &Access) -> Response {
    let seen = world.state.kubeconfigs.values().filter(|made| visible(access, made));
    let items: Vec<Value> = seen.map(|made| Value::Object(shown(made, None, false))).collect();
    let body = json!({
        "kind": "KubeconfigList", "apiVersion": "ext.cattle.io/v1",
        "metadata": {"resourceVersion": world.state.version.to_string()}, "items": items,
    });
    answer::json(StatusCode::OK, &body)
}

fn visible(access: &Access, made: &Kubeconfig) -> bool {
    // rule: ext.own-only
    made.user == access.user || access.is_admin()
}

fn one(world: &mut World, access: &Access, verb: &str, name: &str) -> Response {
    let Some(made) = world.state.kubeconfigs.get(name).filter(|made| visible(access, made)).cloned() else {
        let message = format!("kubeconfigs.ext.cattle.io \"{name}\" not found");
        return failure(StatusCode::NOT_FOUND, "NotFound", PLURAL, name, message);
    };
    if verb == "delete" {
        // rule: ext.kubeconfig-deleted
        world.state.kubeconfigs.remove(name);
        world.state.tokens.remove(&format!("ext/{}", made.token.0));
    }
    answer::json(StatusCode::OK, &Value::Object(shown(&made, None, true)))
}

/// A kubeconfig as Kubernetes has it. Its text comes with the answer that makes it, and never again.
fn shown(made: &Kubeconfig, text: Option<&str>, typed: bool) -> Map<String, Value> {
    let at = stamp(made.created);
    let mut spec = json!({"clusters": made.clusters, "currentContext": made.current, "ttl": made.ttl});
    if let (Some(spec), false) = (spec.as_object_mut(), made.description.is_empty()) {
        spec.insert("description".to_owned(), json!(made.description));
    }
    let mut status = json!({
        "conditions": [{
            "type": "TokenCreated", "status": "True", "lastTransitionTime": at, "reason": "TokenCreated",
            "message": made.token.0,
        }],
        "summary": "Complete", "tokens": [made.token.0],
    });
    if let (Some(status), Some(text)) = (status.as_object_mut(), text) {
        // rule: ext.kubeconfig-once
        status.insert("value".to_owned(), json!(text));
    }
    let fields = json!({
        "metadata": {
            "name": made.name, "generateName": "kubeconfig-", "uid": made.uuid,
            "resourceVersion": made.version.to_string(), "creationTimestamp": at,
            "labels": {"cattle.io/user-id": made.user},
            "ownerReferences": [{"apiVersion": "v1", "kind": "Secret", "name": made.token.0, "uid": made.token.1}],
        },
        "spec": spec, "status": status,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    if typed {
        object.insert("kind".to_owned(), json!("Kubeconfig"));
        object.insert("apiVersion".to_owned(), json!("ext.cattle.io/v1"));
    }
    object
}

fn in_steve(base: &str, made: &Kubeconfig, text: &str) -> Value {
    // rule: ext.kubeconfig-steve
    let mut object = shown(made, Some(text), true);
    let name = &made.name;
    let own = format!("{base}/v1/ext.cattle.io.kubeconfigs/{name}");
    object.insert("id".to_owned(), json!(name));
    object.insert("type".to_owned(), json!("ext.cattle.io.kubeconfig"));
    let view = format!("{base}/apis/ext.cattle.io/v1/kubeconfigs/{name}");
    object.insert(
        "links".to_owned(),
        json!({"patch": own, "remove": own, "self": own, "update": own, "view": view}),
    );
    if let Some(Value::Object(metadata)) = object.get_mut("metadata") {
        let relation = json!([{"fromId": made.token.0, "fromType": "secret", "rel": "owner"}]);
        metadata.insert("relationships".to_owned(), relation);
        let state = json!({"error": false, "message": "Resource is current", "name": "active", "transitioning": false});
        metadata.insert("state".to_owned(), state);
    }
    let conditions = object.get_mut("status").and_then(|status| status.get_mut("conditions"));
    for condition in conditions.and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(condition) = condition {
            condition.insert("error".to_owned(), json!(false));
            condition.insert("transitioning".to_owned(), json!(false));
            let at = condition.get("lastTransitionTime").cloned().unwrap_or_default();
            condition.insert("lastUpdateTime".to_owned(), at);
        }
    }
    Value::Object(object)
}

/// The text, as Rancher lays it out.
fn yaml(made: &Kubeconfig, clusters: &[Cluster], base: &str, cacerts: &str, bearer: &str) -> String {
    // rule: ext.kubeconfig-text
    let authority = match cacerts {
        "" => String::new(),
        pem => format!("\n    certificate-authority-data: \"{}\"", super::base64(pem)),
    };
    let mut places = vec![("rancher".to_owned(), base.to_owned())];
    places.extend(
        clusters.iter().map(|cluster| (cluster.name.clone(), format!("{base}/k8s/clusters/{}", cluster.id))),
    );
    let mut text = format!(
        "# Generated by Rancher\n# name: {}\n# createdTimestamp: {}\n# ttl: {}\napiVersion: v1\nkind: Config\nclusters:\n",
        made.name,
        stamp(made.created),
        made.ttl
    );
    for (name, server) in &places {
        text.push_str(&format!("- name: \"{name}\"\n  cluster:\n    server: \"{server}\"{authority}\n"));
    }
    text.push_str(&format!(
        "\nusers:\n- name: \"rancher\"\n  user:\n    token: \"{bearer}\"\n\n\ncontexts:\n"
    ));
    for (name, _) in &places {
        text.push_str(&format!(
            "- name: \"{name}\"\n  context:\n    user: \"rancher\"\n    cluster: \"{name}\"\n"
        ));
    }
    let current = clusters.iter().find(|cluster| cluster.id == made.current);
    let current = current.map_or("rancher", |cluster| cluster.name.as_str());
    text.push_str(&format!("\ncurrent-context: \"{current}\"\n"));
    text
}
