//! The cluster agent as objects of its cluster: the secret with its registration token, and the deployment that names it.

use super::defaults;
use super::resources::find;
use crate::world::World;
use crate::world::state::{Object, ObjectKey};
use crate::world::{base64, base64_text};
use serde_json::{Map, Value, json};

/// Where the agent lives.
const HOME: &str = "cattle-system";
/// What its deployment is called.
const AGENT: &str = "cattle-cluster-agent";

/// The name of the secret for a registration token: another token is another secret.
pub(crate) fn credential_name(token: &str) -> String {
    // rule: agent.credential-by-token
    let hash = token.bytes().fold(5_381_u32, |hash, byte| hash.wrapping_mul(33) ^ u32::from(byte));
    format!("cattle-credentials-{:07x}", hash & 0x0fff_ffff)
}

/// The deployment of the agent, which reads its token from the secret of this name.
pub(crate) fn deployment(server: &str, credential: &str) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": AGENT, "namespace": HOME, "annotations": {"management.cattle.io/scale-available": "2"}},
        "spec": {
            "replicas": 1, "selector": {"matchLabels": {"app": AGENT}},
            "template": {
                "metadata": {"labels": {"app": AGENT}},
                "spec": {
                    "serviceAccountName": "cattle",
                    "containers": [{
                        "name": "cluster-register", "image": "rancher/rancher-agent:v2.16.0",
                        "env": [
                            {"name": "CATTLE_SERVER", "value": server},
                            {"name": "CATTLE_CREDENTIAL_NAME", "value": credential},
                        ],
                    }],
                    "volumes": [{"name": "cattle-credentials", "secret": {"secretName": credential, "defaultMode": 320}}],
                },
            },
        },
    })
}

/// The secret of a registration token.
pub(crate) fn credential(server: &str, token: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": credential_name(token), "namespace": HOME},
        "data": {"url": base64(server), "token": base64(token), "namespace": ""},
    })
}

fn fields(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}

impl World {
    /// What applying the manifest of a registration token leaves in a cluster.
    pub(crate) fn install_agent(&mut self, cluster: &str, token: &str) {
        let server = self.state.setting("server-url").to_owned();
        let name = credential_name(token);
        for (resource, name, body) in [
            (("", "secrets"), name.clone(), credential(&server, token)),
            (("apps", "deployments"), AGENT.to_owned(), deployment(&server, &name)),
        ] {
            let Some(resource) = find(resource.0, "v1", resource.1) else { continue };
            let mut body = fields(body);
            defaults::fill(resource, &name, &mut body);
            let object = self.object(body);
            self.put_object(cluster, (resource.key(), HOME.to_owned(), name), object);
        }
    }

    fn agent_object(&self, cluster: &str, resource: &str, name: &str) -> Option<&Object> {
        let key: ObjectKey = (resource.to_owned(), HOME.to_owned(), name.to_owned());
        self.state.clusters.get(cluster)?.objects.get(&key)
    }

    /// The registration token that the agent of a cluster would connect with, were it to connect now.
    pub(crate) fn agent_token(&self, cluster: &str) -> Option<String> {
        let deployment = self.agent_object(cluster, "apps/deployments", AGENT)?;
        let env = deployment.body.get("spec")?.pointer("/template/spec/containers/0/env")?.as_array()?;
        let named = env.iter().find(|entry| entry.get("name") == Some(&json!("CATTLE_CREDENTIAL_NAME")))?;
        let secret = self.agent_object(cluster, "/secrets", named.get("value")?.as_str()?)?;
        base64_text(secret.body.get("data")?.get("token")?.as_str()?)
    }
}
