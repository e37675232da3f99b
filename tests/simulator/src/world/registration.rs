//! How clusters come and go: registration tokens that fill, the manifest of the agent, finalizers, and clusters that
//! Rancher provisions.

use super::World;
use super::answer::{self, Failure};
use super::call::Call;
use super::kube::agent;
use super::state::{Agent, Millis, Object, ObjectKey, Removal};
use super::{WorldError, base64};
use crate::Response;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// What a controller writes into a registration token, and what a new one lacks.
const FOLLOWS: &[&str] = &[
    "command",
    "expiresAt",
    "insecureCommand",
    "insecureNodeCommand",
    "insecureWindowsNodeCommand",
    "manifestUrl",
    "nodeCommand",
    "tokenSecretName",
    "windowsNodeCommand",
];

/// The finalizers of an imported cluster, in the names of the controllers that its annotations state.
const FINALIZERS: &[&str] = &[
    "controller.cattle.io/cluster-agent-controller-cleanup",
    "controller.cattle.io/cluster-scoped-gc",
    "controller.cattle.io/mgmt-cluster-rbac-remove",
];

/// Where objects of `provisioning.cattle.io` are kept.
const PROVISIONING: &str = "provisioning.cattle.io/clusters";

fn span(span: Duration) -> Millis {
    Millis::try_from(span.as_millis()).unwrap_or(Millis::MAX)
}

fn shelf() -> (String, String) {
    ("clusterRegistrationToken".to_owned(), String::new())
}

impl World {
    /// How long it takes until a new registration token has its commands, and until a provisioned cluster has the
    /// object of Rancher's own. If not given, they are there with the next request.
    pub fn register_in(&mut self, pace: Duration) {
        self.state.paces.registering = span(pace);
    }

    /// How long a deleted cluster is `removing`. If not given, it is gone with the next request.
    pub fn remove_in(&mut self, pace: Duration) {
        self.state.paces.removing = span(pace);
    }

    /// Lets a finalizer of clusters hang: its controller never finishes, and only a patch takes it away.
    pub fn hang_finalizer(&mut self, name: &str) {
        self.state.hanging.insert(name.to_owned());
    }

    /// The agent of a cluster loses its connection and comes back with the token that it has. Whether it got in.
    ///
    /// # Errors
    /// When there is no such cluster.
    pub fn reconnect_agent(&mut self, cluster: &str) -> Result<bool, WorldError> {
        // rule: agent.needs-its-token
        let token = self.agent_token(cluster);
        let known = token.is_some_and(|token| {
            let tokens = self.state.kept.get(&shelf());
            tokens.into_iter().flatten().any(|(id, kept)| {
                id.split(':').next() == Some(cluster) && kept.fields.get("token") == Some(&json!(token))
            })
        });
        let since = Timestamp::from_millisecond(self.state.now - 60_000).unwrap_or_default();
        self.set_agent(cluster, if known { Agent::Connected } else { Agent::Gone { since } })?;
        Ok(known)
    }

    /// A registration token that is new: its controller has not seen it.
    pub(crate) fn unfill(&mut self, id: &str, without_token: bool) {
        let now = self.state.now;
        if let Some(kept) = self.state.kept.get_mut(&shelf()).and_then(|tokens| tokens.get_mut(id)) {
            for field in FOLLOWS {
                kept.fields.remove(*field);
            }
            if without_token {
                kept.fields.remove("token");
            }
            self.state.unfilled.insert(id.to_owned(), now);
        }
    }

    /// The first time that an agent connects: what its cluster then has.
    pub(crate) fn first_connection(&mut self, cluster: &str) {
        // rule: agent.first-connection
        // whoever installed the agent had the token: it is whole by now
        let pace = std::mem::take(&mut self.state.paces.registering);
        self.fill_tokens();
        self.state.paces.registering = pace;
        let project = |kind: &str| {
            let label = format!("authz.management.cattle.io/{kind}-project");
            let of_cluster = |id: &str| id.split(':').next() == Some(cluster);
            let mut projects = self.state.projects.iter().filter(|(id, _)| of_cluster(id));
            projects
                .find(|(_, project)| project.fields.get("labels").is_some_and(|l| l.get(&label).is_some()))
                .map(|(id, _)| id.clone())
        };
        let (default, system) = (project("default"), project("system"));
        self.insert_stock_namespaces(cluster, default.as_deref(), system.as_deref());
        let tokens = self.state.kept.get(&shelf());
        let token = tokens.and_then(|tokens| tokens.get(&format!("{cluster}:default-token")));
        let token =
            token.and_then(|kept| kept.fields.get("token")).and_then(Value::as_str).map(str::to_owned);
        if let Some(token) = token {
            self.install_agent(cluster, &token);
        }
    }

    /// Marks a cluster for removal.
    pub(crate) fn begin_removal(&mut self, cluster: &str) {
        let since = self.state.now;
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            let finalizers = FINALIZERS.iter().map(|&name| name.to_owned()).collect();
            found.removal.get_or_insert(Removal { since, finalizers });
        }
    }

    /// What controllers of registration and removal do as time passes.
    pub(crate) fn attend_clusters(&mut self) {
        self.fill_tokens();
        self.provision();
        let (now, pace) = (self.state.now, self.state.paces.removing);
        // A cluster that Rancher provisioned goes with the object that asked for it.
        let asked_for = |world: &World, name: &str| {
            let key: ObjectKey = (PROVISIONING.to_owned(), FLEET.to_owned(), name.to_owned());
            world.state.clusters.get("local").is_some_and(|local| local.objects.contains_key(&key))
        };
        let orphans: Vec<String> = self
            .state
            .clusters
            .values()
            .filter(|cluster| {
                cluster.provisioned && cluster.removal.is_none() && !asked_for(self, &cluster.name)
            })
            .map(|cluster| cluster.id.clone())
            .collect();
        orphans.iter().for_each(|cluster| self.begin_removal(cluster));
        // rule: cluster.removed-by-finalizers
        let hanging = self.state.hanging.clone();
        let mut gone = Vec::new();
        for cluster in self.state.clusters.values_mut() {
            let Some(removal) = &mut cluster.removal else { continue };
            if now >= removal.since.saturating_add(pace) {
                removal.finalizers.retain(|name| hanging.contains(name));
            }
            if removal.finalizers.is_empty() {
                gone.push(cluster.id.clone());
            }
        }
        gone.iter().for_each(|cluster| self.drop_cluster(cluster));
    }

    fn fill_tokens(&mut self) {
        let (now, pace) = (self.state.now, self.state.paces.registering);
        // rule: registration.needs-server-url
        if self.state.setting("server-url").is_empty() {
            return;
        }
        let due = self.state.unfilled.iter().filter(|(_, since)| now >= since.saturating_add(pace));
        let due: Vec<String> = due.map(|(id, _)| id.clone()).collect();
        for id in due {
            // rule: registration.commands-follow
            self.state.unfilled.remove(&id);
            let fresh = self.state.random.secret();
            let Some(kept) = self.state.kept.get_mut(&shelf()).and_then(|tokens| tokens.get_mut(&id)) else {
                continue;
            };
            let (cluster, name) = id.split_once(':').unwrap_or(("", &id));
            let secret = kept.fields.get("token").and_then(Value::as_str).unwrap_or(&fresh).to_owned();
            kept.fields.extend(super::norman::special::registration(cluster, name, &secret));
            kept.fields.insert("token".to_owned(), json!(secret));
        }
    }

    // A cluster of `provisioning.cattle.io` gets one of Rancher's own a moment later.
    fn provision(&mut self) {
        let (now, pace) = (self.state.now, self.state.paces.registering);
        let Some(local) = self.state.clusters.get("local") else { return };
        let new: Vec<(ObjectKey, Object)> = local
            .objects
            .of(PROVISIONING, "")
            .filter(|(_, object)| now >= object.created.saturating_add(pace))
            .filter(|(_, object)| object.body.get("status").and_then(|s| s.get("clusterName")).is_none())
            .map(|(key, object)| (key.clone(), object.clone()))
            .collect();
        for (key, mut object) in new {
            // rule: provisioning.cluster-name
            let id = format!("c-m-{}", self.state.random.name(8));
            self.insert_cluster(&id, &key.2, "", Agent::Never, None);
            if let Some(cluster) = self.state.clusters.get_mut(&id) {
                cluster.provisioned = true;
            }
            object.body.insert("status".to_owned(), json!({"clusterName": id, "ready": false}));
            object.version = self.state.next_version();
            self.put_object("local", key, object);
        }
    }

    fn drop_cluster(&mut self, cluster: &str) {
        let prefix = format!("{cluster}:");
        let state = &mut self.state;
        let Some(gone) = state.clusters.remove(cluster) else { return };
        state.projects.retain(|id, _| !id.starts_with(&prefix));
        state.bindings.retain(|_, binding| binding.target != cluster && !binding.target.starts_with(&prefix));
        state.unfilled.retain(|id, _| !id.starts_with(&prefix));
        if let Some(tokens) = state.kept.get_mut(&shelf()) {
            tokens.retain(|id, _| !id.starts_with(&prefix));
        }
        if let (true, Some(local)) = (gone.provisioned, state.clusters.get_mut("local")) {
            local.objects.remove(&(PROVISIONING.to_owned(), FLEET.to_owned(), gone.name));
        }
    }
}

/// Where clusters that Rancher provisions are asked for, unless told otherwise.
const FLEET: &str = "fleet-default";

/// `/v3/import/{token}_{cluster}.yaml`: for anybody who knows a token of the cluster.
pub(crate) fn manifest(world: &World, call: &Call<'_>, file: &str) -> Response {
    // rule: registration.manifest-for-anybody
    let Some((token, cluster)) = file.strip_suffix(".yaml").unwrap_or(file).split_once('_') else {
        let problem = "invalid filename format, expected {token}_{clusterId}.yaml";
        return answer::text(StatusCode::BAD_REQUEST, problem);
    };
    let mut tokens = world.state.kept.get(&shelf()).into_iter().flatten();
    let known = tokens.any(|(id, kept)| {
        id.split(':').next() == Some(cluster) && kept.fields.get("token") == Some(&json!(token))
    });
    if !known {
        return answer::text(StatusCode::BAD_REQUEST, "cluster not found or invalid token");
    }
    let server = match world.state.setting("server-url") {
        "" => call.base.clone(),
        url => url.to_owned(),
    };
    let (name, token) = (agent::credential_name(token), base64(token));
    let deployment = agent::deployment(&server, &name);
    // rule: registration.manifest-of-everything
    let text = format!(
        "\n---\n\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: cattle-system\n\n---\n\napiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: cattle\n  namespace: cattle-system\n\n---\n{ROLES}\n---\n\napiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n  namespace: cattle-system\ntype: Opaque\ndata:\n  url: \"{}\"\n  token: \"{token}\"\n  namespace: \"\"\n\n---\n\n{deployment}\n{SERVICE}",
        base64(&server)
    );
    answer::text(StatusCode::OK, &text)
}

/// What the agent may. The binding names a namespace that it is not in: as Rancher writes it.
const ROLES: &str = "
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: cattle-admin-binding
  namespace: cattle-system
subjects:
- {kind: ServiceAccount, name: cattle, namespace: cattle-system}
roleRef: {kind: ClusterRole, name: cattle-admin, apiGroup: rbac.authorization.k8s.io}

---

apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: cattle-admin
rules:
- {apiGroups: ['*'], resources: ['*'], verbs: ['*']}
- {nonResourceURLs: ['*'], verbs: ['*']}
";

/// What is sent to the agent.
const SERVICE: &str = "---
apiVersion: v1
kind: Service
metadata:
  name: cattle-cluster-agent
  namespace: cattle-system
spec:
  ports:
  - {port: 80, targetPort: 80, protocol: TCP, name: http}
  - {port: 443, targetPort: 444, protocol: TCP, name: https-internal}
  selector:
    app: cattle-cluster-agent
";

/// A merge patch on a cluster of Rancher's own, through Kubernetes: its finalizers only.
pub(crate) fn patch_cluster(world: &mut World, call: &Call<'_>, id: &str) -> Response {
    // rule: cluster.finalizers-by-patch
    let Ok(sent) = call.object() else {
        let message = "the body is no JSON object".to_owned();
        let failure =
            Failure { status: StatusCode::BAD_REQUEST, reason: "BadRequest", message, details: None };
        return failure.answer();
    };
    let Some(cluster) = world.state.clusters.get_mut(id) else {
        let message = format!("clusters.management.cattle.io \"{id}\" not found");
        let failure = Failure { status: StatusCode::NOT_FOUND, reason: "NotFound", message, details: None };
        return failure.answer();
    };
    let metadata = sent.get("metadata").and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    if sent.len() != 1 || metadata.keys().any(|name| name != "finalizers" && name != "uid") {
        return super::route::not_simulated("writes to management objects past Norman");
    }
    if metadata.get("uid").is_some_and(|uid| uid != &json!(cluster.uuid)) {
        let message = format!(
            "Operation cannot be fulfilled on clusters.management.cattle.io \"{id}\": the UID in the precondition does not match"
        );
        let failure = Failure { status: StatusCode::CONFLICT, reason: "Conflict", message, details: None };
        return failure.answer();
    }
    if let (Some(wanted), Some(removal)) = (metadata.get("finalizers"), &mut cluster.removal) {
        let wanted = wanted.as_array().cloned().unwrap_or_default();
        removal.finalizers.retain(|name| wanted.contains(&json!(name)));
    }
    let finalizers = cluster.removal.as_ref().map(|removal| removal.finalizers.clone()).unwrap_or_default();
    let body = json!({
        "apiVersion": "management.cattle.io/v3", "kind": "Cluster",
        "metadata": {"name": id, "uid": cluster.uuid, "finalizers": finalizers},
    });
    answer::json(StatusCode::OK, &body)
}
