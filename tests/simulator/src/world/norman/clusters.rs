//! `/v3/clusters`: clusters and the state of their agents.

use super::collection::{Listing, Paging};
use super::validate::Write;
use super::{body, fields, kinds, links, required, string, unsupported, yaml};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::Ask;
use crate::world::state::{Agent, Cluster, Millis, SECOND, State, TokenKind, dated, stamp};
use crate::world::stock;
use crate::world::tokens::Mint;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

/// How long a cluster looks active after its agent broke away.
const NOTICED_AFTER: Millis = 15 * SECOND;

/// `/v3/clusters`.
pub(super) fn all(world: &mut World, call: &Call<'_>) -> Outcome {
    let kind = kinds::kind("cluster").ok_or_else(|| Problem::not_found(""))?;
    match *call.method {
        Method::GET => {
            // rule: norman.lists-are-filtered
            let access = call.access(&world.state);
            let seen = world.state.clusters.values().filter(|cluster| access.sees_cluster(&cluster.id));
            let items: Vec<_> = seen.map(|cluster| object(&world.state, &call.base, cluster)).collect();
            let own = format!("{}/v3/clusters", call.base);
            let actions = json!({"createFromTemplate": format!("{own}?action=createFromTemplate")});
            Ok(Listing {
                kind,
                items,
                create: Some(own),
                actions,
                paging: Paging::Store,
                ranks: &world.state.ranks,
            }
            .answer(call))
        }
        Method::POST => create(world, call),
        _ => Err(unsupported(call)),
    }
}

/// `/v3/clusters/{id}`.
pub(super) fn one(world: &mut World, call: &Call<'_>, id: &str) -> Outcome {
    let access = call.access(&world.state);
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT => "update",
        _ => "get",
    };
    let allowed = match verb {
        "get" => access.sees_cluster(id),
        // rule: cluster.owner-writes
        verb => {
            access.in_cluster(verb, "clusters", id) || access.globally(&Ask::management(verb, "clusters", id))
        }
    };
    if !allowed {
        // rule: norman.forbidden-before-missing
        return Err(Problem::forbidden(Ask::management(verb, "clusters", id).refusal(&access.user)));
    }
    let Some(cluster) = world.state.clusters.get(id).cloned() else {
        return Err(Problem::not_found(format!("clusters.management.cattle.io \"{id}\" not found")));
    };
    match (call.method, call.action()) {
        // rule: norman.action-by-get
        (&Method::GET, _) => Ok(answer::json(StatusCode::OK, &object(&world.state, &call.base, &cluster))),
        (&Method::POST, Some("generateKubeconfig")) => Ok(generate(world, call, &cluster)),
        (&Method::PUT, _) => update(world, call, &cluster),
        (&Method::DELETE, _) => Ok(remove(world, call, &cluster)),
        (&Method::POST, Some("importYaml")) => yaml::import(world, call, id),
        (_, Some(action)) => {
            // rule: norman.unknown-action
            Err(Problem::new(
                StatusCode::NOT_FOUND,
                "ActionNotAvailable",
                format!("action {action} not available"),
            ))
        }
        _ => Err(unsupported(call)),
    }
}

fn create(world: &mut World, call: &Call<'_>) -> Outcome {
    let access = call.access(&world.state);
    let ask = Ask::management("create", "clusters", "");
    if !access.globally(&ask) {
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let body = fields(call, "cluster", Write::Create, &[])?;
    let name = required(&body, "name")?;
    if world.state.clusters.values().any(|cluster| cluster.name == name) {
        // rule: cluster.name-unique
        return Err(Problem {
            field: Some("name"),
            ..Problem::unprocessable("NotUnique", "Cluster name is already in use.")
        });
    }
    // rule: cluster.created-pending
    let id = format!("c-{}", world.state.random.name(5));
    let description = string(&body, "description").unwrap_or_default();
    world.insert_cluster(&id, &name, &description, Agent::Never, Some(&access.user));
    world.unfill(&format!("{id}:default-token"), true);
    if let Some(cluster) = world.state.clusters.get_mut(&id) {
        mark(cluster, &body);
    }
    let cluster = world.state.clusters.get(&id).ok_or_else(|| Problem::not_found(""))?;
    Ok(answer::json(StatusCode::CREATED, &object(&world.state, &call.base, cluster)))
}

fn update(world: &mut World, call: &Call<'_>, cluster: &Cluster) -> Outcome {
    let body = body(call)?;
    // rule: cluster.update-needs-name
    let name = required(&body, "name").map_err(|_| Problem::missing("Cluster name"))?;
    let Some(stored) = world.state.clusters.get_mut(&cluster.id) else { return Err(Problem::not_found("")) };
    stored.name = name;
    if body.contains_key("description") {
        stored.description = string(&body, "description").unwrap_or_default();
    }
    mark(stored, &body);
    let stored = stored.clone();
    Ok(answer::json(StatusCode::OK, &object(&world.state, &call.base, &stored)))
}

// Rancher's own labels and annotations are not the sender's to change.
fn mark(cluster: &mut Cluster, body: &Map<String, Value>) {
    let own = |name: &str| name.split('/').next().is_some_and(|domain| domain.ends_with("cattle.io"));
    for (field, kept) in [("labels", &mut cluster.labels), ("annotations", &mut cluster.annotations)] {
        if let Some(Value::Object(sent)) = body.get(field) {
            *kept = sent.clone();
            kept.retain(|name, _| !own(name));
        }
    }
}

fn remove(world: &mut World, call: &Call<'_>, cluster: &Cluster) -> crate::Response {
    world.begin_removal(&cluster.id);
    let gone = world.state.clusters.get(&cluster.id).unwrap_or(cluster);
    answer::json(StatusCode::OK, &object(&world.state, &call.base, gone))
}

// The minted token is not scoped, whatever the scope of the key that asked.
fn generate(world: &mut World, call: &Call<'_>, cluster: &Cluster) -> crate::Response {
    // rule: kubeconfig.minted-unscoped
    let mint =
        Mint { description: "Kubeconfig token".to_owned(), ..Mint::new(TokenKind::Kubeconfig, call.user()) };
    let token = world.mint(mint);
    let name = &cluster.name;
    let authority = match world.state.setting("cacerts") {
        "" => String::new(),
        pem => format!("\n    certificate-authority-data: \"{}\"", folded(&crate::world::base64(pem))),
    };
    let config = format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: \"{name}\"\n  cluster:\n    server: \"{}/k8s/clusters/{}\"{authority}\n\nusers:\n- name: \"{name}\"\n  user:\n    token: \"{}\"\n\n\ncontexts:\n- name: \"{name}\"\n  context:\n    user: \"{name}\"\n    cluster: \"{name}\"\n\ncurrent-context: \"{name}\"\n",
        call.base,
        cluster.id,
        token.bearer(),
    );
    let body =
        json!({"baseType": "generateKubeConfigOutput", "type": "generateKubeConfigOutput", "config": config});
    answer::json(StatusCode::OK, &body)
}

/// A text in quotes, in lines.
pub(crate) fn folded(text: &str) -> String {
    // rule: kubeconfig.folded
    const FIRST: usize = 49;
    const OTHERS: usize = 76;
    let letters: Vec<char> = text.chars().collect();
    let (first, rest) = letters.split_at(FIRST.min(letters.len()));
    let lines = rest.chunks(OTHERS).map(|line| line.iter().collect::<String>());
    let lines = std::iter::once(first.iter().collect::<String>()).chain(lines);
    lines.collect::<Vec<_>>().join("\\\n      ")
}

/// What the server knows of the tunnel at this moment.
enum Tunnel {
    Up,
    Down,
    Never,
}

fn tunnel(state: &State, cluster: &Cluster) -> Tunnel {
    match cluster.agent {
        Agent::Connected => Tunnel::Up,
        // rule: agent.starting-looks-disconnected
        Agent::Starting => Tunnel::Down,
        // rule: agent-gone.noticed-late
        Agent::Gone { since } if state.now < since.as_millisecond() + NOTICED_AFTER => Tunnel::Up,
        Agent::Gone { .. } => Tunnel::Down,
        Agent::Never => Tunnel::Never,
    }
}

// The conditions of an imported cluster, in the order the server lists them.
const IMPORTED: &[&str] = &[
    "CreatorMadeOwner",
    "InitialRolesPopulated",
    "Connected",
    "BackingNamespaceCreated",
    "DefaultProjectCreated",
    "SystemProjectCreated",
    "Pending",
    "Provisioned",
    "Waiting",
    "NoDiskPressure",
    "NoMemoryPressure",
    "ServiceAccountSecretsMigrated",
    "Ready",
    "AgentTlsStrictCheck",
    "GlobalAdminsSynced",
];

// Those of `local`.
const LOCAL: &[&str] = &[
    "Ready",
    "DefaultProjectCreated",
    "SystemProjectCreated",
    "CreatorMadeOwner",
    "BackingNamespaceCreated",
    "Pending",
    "Provisioned",
    "Waiting",
    "PreBootstrapped",
    "Connected",
    "NoDiskPressure",
    "NoMemoryPressure",
    "ServiceAccountSecretsMigrated",
    "GlobalAdminsSynced",
];

fn conditions(cluster: &Cluster, tunnel: &Tunnel) -> Vec<Value> {
    const WAITING: &str = "Waiting for API to be available";
    const GONE: &str = "Cluster agent is not connected";
    let at = stamp(cluster.created + SECOND);
    let names = if cluster.is_local() { LOCAL } else { IMPORTED };
    let shown = names.iter().filter_map(|name| {
        let (status, reason, message) = match (tunnel, *name) {
            // rule: cluster.active
            (Tunnel::Up, "PreBootstrapped") => ("Unknown", "", ""),
            // rule: agent-gone.conditions
            (Tunnel::Down, "Connected") => ("False", "", ""),
            (Tunnel::Down, "Waiting") => ("Unknown", "", WAITING),
            (Tunnel::Down, "Ready") => ("False", "Disconnected", GONE),
            // rule: cluster.pending
            (Tunnel::Never, "Ready" | "AgentTlsStrictCheck" | "GlobalAdminsSynced") => return None,
            (Tunnel::Never, "Connected") => ("False", "", ""),
            (Tunnel::Never, "Pending" | "Provisioned") => ("Unknown", "", ""),
            (Tunnel::Never, "Waiting") => ("Unknown", "", WAITING),
            _ => ("True", "", ""),
        };
        let mut condition = json!({"type": name, "status": status});
        if let Some(condition) = condition.as_object_mut() {
            // What no controller has looked at yet has no date, nor has the readiness of `local`.
            let dated = match *name {
                "Ready" => !cluster.is_local(),
                "Pending" | "Provisioned" | "PreBootstrapped" => status != "Unknown",
                _ => true,
            };
            if dated {
                condition.insert("lastUpdateTime".to_owned(), json!(at));
            }
            for (field, text) in [("reason", reason), ("message", message)] {
                if !text.is_empty() {
                    condition.insert(field.to_owned(), json!(text));
                }
            }
        }
        Some(condition)
    });
    shown.collect()
}

/// A cluster as Norman shows it.
pub(crate) fn object(state: &State, base: &str, cluster: &Cluster) -> Value {
    let mut object: Map<String, Value> =
        serde_json::from_str(include_str!("../skeleton/cluster.json")).unwrap_or_default();
    let id = &cluster.id;
    let path = format!("/v3/clusters/{id}");
    let own = format!("{base}{path}");
    let local = cluster.is_local();
    let mut links = links(
        base,
        &path,
        &[
            ("apiServices", "apiservices"),
            ("clusterRegistrationTokens", "clusterregistrationtokens"),
            ("clusterRoleTemplateBindings", "clusterroletemplatebindings"),
            ("namespaces", "namespaces"),
            ("nodes", "nodes"),
            ("persistentVolumes", "persistentvolumes"),
            ("projects", "projects"),
            ("storageClasses", "storageclasses"),
            ("subscribe", "subscribe"),
            ("tokens", "tokens"),
        ],
        !local,
    );
    if let Some(links) = links.as_object_mut() {
        let shell = own.replacen("https://", "wss://", 1);
        links.insert("shell".to_owned(), json!(format!("{shell}?shell=true")));
    }
    let tunnel = tunnel(state, cluster);
    let (condition, transitioning, message) = match tunnel {
        Tunnel::Up => ("active", "no", ""),
        Tunnel::Down => ("waiting", "yes", "Waiting for API to be available"),
        Tunnel::Never => ("pending", "yes", ""),
    };
    let created = if local { "[]" } else { "[\"cluster-owner\"]" };
    let fields = json!({
        "actions": {
            "generateKubeconfig": format!("{own}?action=generateKubeconfig"),
            "importYaml": format!("{own}?action=importYaml"),
        },
        "annotations": {
            "authz.management.cattle.io/creator-role-bindings":
                format!("{{\"created\":{created},\"required\":[\"cluster-owner\"]}}"),
            "authz.management.cattle.io/initial-sync": "true",
            "lifecycle.cattle.io/create.cluster-agent-controller-cleanup": "true",
            "lifecycle.cattle.io/create.cluster-scoped-gc": "true",
            "lifecycle.cattle.io/create.mgmt-cluster-rbac-remove": "true",
        },
        "conditions": conditions(cluster, &tunnel), "creatorId": cluster.creator, "description": cluster.description,
        "enableNetworkPolicy": if local { Value::Null } else { json!(false) },
        "fleetWorkspaceName": if local { "fleet-local" } else { "fleet-default" },
        "id": id, "internal": local, "links": links,
        "name": cluster.name, "state": condition, "transitioning": transitioning,
        "transitioningMessage": message, "type": "cluster", "uuid": cluster.uuid,
    });
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    if !local {
        let mut labels = cluster.labels.clone();
        labels.insert("cattle.io/creator".to_owned(), json!("norman"));
        object.insert("labels".to_owned(), Value::Object(labels));
    }
    if let Some(annotations) = object.get_mut("annotations").and_then(Value::as_object_mut) {
        annotations.extend(cluster.annotations.clone());
    }
    dated(&mut object, "created", cluster.created);
    if let Some(removal) = &cluster.removal {
        dated(&mut object, "removed", removal.since);
        object.insert("state".to_owned(), json!("removing"));
        object.insert("transitioning".to_owned(), json!("yes"));
    }
    if matches!(cluster.agent, Agent::Never) {
        object.insert("driver".to_owned(), json!(""));
        let info = json!({"machineProvider": "imported", "nodeCount": 0, "type": "/v3/schemas/clusterInfo"});
        object.insert("info".to_owned(), info);
    } else {
        if let Some(annotations) = object.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.insert(
                "management.cattle.io/current-cluster-controllers-version".to_owned(),
                json!("1.36.3"),
            );
        }
        connected(&mut object, cluster);
    }
    Value::Object(object)
}

// What only a cluster has that was connected once.
fn connected(object: &mut Map<String, Value>, cluster: &Cluster) {
    let local = cluster.is_local();
    let provider = if local { "local" } else { "imported" };
    let fields = json!({
        "info": {
            "kubernetesVersion": "v1.36.3", "machineProvider": provider, "nodeCount": 0,
            "type": "/v3/schemas/clusterInfo",
        },
        "version": {
            "buildDate": "", "compiler": "gc", "emulationMajor": "1", "emulationMinor": "36",
            "gitCommit": "$Format:%H$", "gitTreeState": "", "gitVersion": "v1.36.3", "goVersion": "go1.26.8",
            "major": "1", "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "minor": "36",
            "platform": "", "type": "/v3/schemas/info",
        },
    });
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    if !local {
        object.insert("apiEndpoint".to_owned(), json!(API_ENDPOINT));
        object.insert("caCert".to_owned(), json!(stock::ca_cert()));
        let suffix: String = cluster.uuid.chars().rev().take(5).collect();
        let secret = format!("cluster-serviceaccounttoken-{suffix}");
        object.insert("serviceAccountTokenSecret".to_owned(), json!(secret));
    }
}

/// Where the agent of an imported cluster reaches its API.
pub(super) const API_ENDPOINT: &str = "https://127.0.0.1:6443";
