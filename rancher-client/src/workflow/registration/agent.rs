//! The agent in a cluster: which registration token it has, and how another gets to it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rancher_types::Secret;
use serde_json::Value;
use std::fmt;

use super::manifest::objects;
use super::{Registration, RegistrationToken};
use crate::error::{Error, Result};
use crate::proxy::{ApplyOptions, ClusterProxy, Resource};
use crate::wire::{ClusterId, Object};

/// Where the agent lives, and what its deployment is called (read in Rancher's template of the manifest).
const HOME: &str = "cattle-system";
const AGENT: &str = "cattle-cluster-agent";

/// Which registration token the agent of a cluster connects with.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// This one; `settled` if no older pod of the agent runs that may have another.
    Token { token: Secret, settled: bool },
    /// It was not seen, and why.
    Unseen(String),
}

impl fmt::Debug for Holds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { settled, .. } => write!(f, "Token(…, settled: {settled})"),
            Self::Unseen(why) => write!(f, "Unseen({why})"),
        }
    }
}

/// The name of the secret that a deployment of the agent takes its token from.
fn credential_of(deployment: &Object) -> Option<&str> {
    let volumes = deployment.pointer("/spec/template/spec/volumes").and_then(Value::as_array);
    let volume = volumes
        .into_iter()
        .flatten()
        .find(|volume| volume.get("name").and_then(Value::as_str) == Some("cattle-credentials"));
    let by_volume = volume.and_then(|volume| volume.pointer("/secret/secretName")).and_then(Value::as_str);
    let containers = deployment.pointer("/spec/template/spec/containers").and_then(Value::as_array);
    let mut entries = containers
        .into_iter()
        .flatten()
        .filter_map(|container| container.get("env").and_then(Value::as_array))
        .flatten();
    let by_env = entries
        .find(|entry| entry.get("name").and_then(Value::as_str) == Some("CATTLE_CREDENTIAL_NAME"))
        .and_then(|entry| entry.get("value"))
        .and_then(Value::as_str);
    by_volume.or(by_env).filter(|name| !name.is_empty())
}

/// The token in a secret of the agent.
fn token_of(secret: &Object) -> Option<Secret> {
    let encoded = secret.pointer("/data/token").and_then(Value::as_str)?;
    let text = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    (!text.is_empty()).then(|| Secret::from(text))
}

impl Registration {
    /// Looks which token the agent of a cluster has. What cannot be seen is said, and is no error.
    pub(super) async fn agent_holds(&self, cluster: &ClusterId) -> Result<Holds> {
        let proxy = self.client.cluster(cluster)?;
        let deployments = Resource::of("apps", "v1", "deployments").within(HOME);
        let unseen = |what: &str, error: &Error| {
            Holds::Unseen(format!("{what} in {HOME} was not read ({}: {})", error.kind(), error.summary()))
        };
        let deployment = match proxy.get(deployments, AGENT).await {
            Ok(deployment) => deployment,
            Err(error) => return Ok(unseen(&format!("the deployment {AGENT}"), &error)),
        };
        let Some(name) = credential_of(&deployment) else {
            return Ok(Holds::Unseen(format!("the deployment {AGENT} names no secret of its token")));
        };
        let secret = match proxy.get(Resource::core("secrets").within(HOME), name).await {
            Ok(secret) => secret,
            Err(error) => return Ok(unseen(&format!("the secret {name}"), &error)),
        };
        let Some(token) = token_of(&secret) else {
            return Ok(Holds::Unseen(format!("the secret {name} holds no token")));
        };
        let settled = match proxy.rollout(HOME, AGENT).status().await {
            Ok(status) => status.done,
            Err(_) => false,
        };
        Ok(Holds::Token { token, settled })
    }

    /// Installs the agent anew, with another token, through the connection that it has now.
    pub(super) async fn roll_out(&self, token: &RegistrationToken, manager: &str) -> Result<ClusterProxy> {
        let manifest = self.manifest_of(token).await?;
        let proxy = self.client.cluster(&token.cluster)?;
        let options = ApplyOptions { force: true, ..ApplyOptions::by(manager) };
        // in the order of the manifest: the deployment comes after the secret that it names
        for object in objects(manifest.expose())? {
            proxy.apply_object(&object, &options).await?;
        }
        Ok(proxy)
    }

    /// The rollout of the agent.
    pub(super) fn agent_rollout(proxy: &ClusterProxy) -> crate::proxy::Rollout {
        proxy.rollout(HOME, AGENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_agent_says_where_its_token_is() {
        let of = |spec: Value| {
            let object = Object::try_from(json!({"spec": {"template": {"spec": spec}}})).unwrap();
            credential_of(&object).map(str::to_owned)
        };
        let volume = json!({"volumes": [{"name": "x"}, {"name": "cattle-credentials", "secret": {"secretName": "a"}}]});
        assert_eq!(of(volume).as_deref(), Some("a"));
        let env = json!({"containers": [{}, {"env": [{"name": "CATTLE_CREDENTIAL_NAME", "value": "b"}]}]});
        assert_eq!(of(env).as_deref(), Some("b"));
        assert_eq!(of(json!({})), None);
        let secret = |data: Value| token_of(&Object::try_from(json!({"data": data})).unwrap());
        assert_eq!(secret(json!({"token": "bTRyazNk"})).unwrap().expose(), "m4rk3d");
        assert_eq!(secret(json!({"token": "%"})), None);
        assert_eq!(secret(json!({"token": ""})), None);
    }
}
