//! Tokens of service accounts, and whether Rancher's proxy takes them.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use std::time::Duration;

use super::{ClusterProxy, Resource};
use crate::credentials::Credential;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{ClusterId, Kept, Object};

/// Kubernetes gives no token for less.
const SHORTEST: Duration = Duration::from_secs(600);

/// Nor for more: 2^32 seconds.
const LONGEST: Duration = Duration::from_secs(1 << 32);

/// What a token of a service account shall be like.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceAccountTokenOptions {
    /// How long it shall live: ten minutes at least, an hour if not given. Rounded up to whole seconds. The cluster may
    /// give it less, see [`ServiceAccountToken::is_shortened`].
    pub expiration: Option<Duration>,
    /// Whom it is for; the cluster's API server if none is given. A token for others is none for the API server.
    pub audiences: Vec<String>,
}

/// A token of a service account. Its secret is in the credential, which does not show it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ServiceAccountToken {
    /// The token, a JWT: what [`Config`](crate::Config) takes.
    pub credential: Credential,
    /// When it ends, by the cluster's clock: `2026-11-22T06:58:20Z`.
    pub expires: String,
    /// How long it lives, as the cluster granted it.
    pub lifetime: Duration,
    /// How long it was to live.
    pub asked: Option<Duration>,
    /// Whom it is for.
    pub audiences: Vec<String>,
    /// The TokenRequest as the cluster answered it. It holds the token.
    pub object: Kept<Object>,
}

impl ServiceAccountToken {
    /// Whether the cluster gave it less time than was asked for.
    pub fn is_shortened(&self) -> bool {
        self.asked.is_some_and(|asked| self.lifetime < asked)
    }

    fn read(object: Kept<Object>, asked: Option<Duration>) -> Option<Self> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
        let audiences = object.pointer("/spec/audiences").and_then(Value::as_array);
        let audiences = audiences.into_iter().flatten().filter_map(|one| Some(one.as_str()?.to_owned()));
        Some(Self {
            credential: Credential::parse(text("/status/token")?).ok()?,
            expires: text("/status/expirationTimestamp")?.to_owned(),
            lifetime: Duration::from_secs(object.pointer("/spec/expirationSeconds")?.as_u64()?),
            asked,
            audiences: audiences.collect(),
            object,
        })
    }
}

/// Whether Rancher's proxy takes tokens of a cluster's service accounts.
///
/// It does if the cluster's namespace on `local` holds exactly one object `ClusterProxyConfig`, and that says
/// `enabled: true` (recorded: downstream, `switch proxy config on`; of several, read in Rancher's source: they switch it
/// off).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct ClusterProxyConfig {
    /// Whether tokens of service accounts are taken.
    pub enabled: bool,
    /// The names of the objects: one, or none where nobody ever decided. More are a mistake.
    pub names: Vec<String>,
}

const CONFIGS: Resource<'static> =
    Resource { group: "management.cattle.io", version: "v3", plural: "clusterproxyconfigs", namespace: "" };

/// The name that Rancher's documentation gives the one object.
const NAME: &str = "clusterproxyconfig";

impl ClusterProxy {
    /// Makes a token for a service account of the cluster, by a TokenRequest. It is not sent twice, and nobody can take
    /// such a token back: it ends at its time, or with its service account.
    ///
    /// With it, a client of its own has the rights of the service account, through the proxy of this cluster and nowhere
    /// else, if [`ClusterProxy::proxy_config`] allows it.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use rancher_client::Client;
    /// use rancher_client::proxy::ServiceAccountTokenOptions;
    ///
    /// let cluster = client.cluster("c-prod1")?;
    /// let token = cluster.service_account_token("shop-web", "ci", &ServiceAccountTokenOptions::default()).await?;
    /// println!("until {}", token.expires);
    /// let ci = Client::over(client.connection().as_another(token.credential));
    /// ci.cluster("c-prod1")?.version().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `invalid` before anything is sent, if the time is less than ten minutes or a name is none; `not_found` if there is
    /// no such service account; `forbidden`.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster. The right is `create` of `serviceaccounts/token`.
    pub async fn service_account_token(
        &self,
        namespace: &str,
        name: &str,
        options: &ServiceAccountTokenOptions,
    ) -> Result<ServiceAccountToken> {
        if self.writes.dry_run {
            return Err(Error::invalid(
                "nothing was sent: a token is made or not, and making one cannot be tried",
                "ask can_i for create of serviceaccounts with the subresource token",
            ));
        }
        if namespace.is_empty() {
            return Err(Error::invalid(
                "nothing was sent: a service account is in a namespace",
                "name its namespace",
            )
            .with_field("namespace"));
        }
        if let Some(expiration) = options.expiration
            && !(SHORTEST..=LONGEST).contains(&expiration)
        {
            return Err(Error::invalid(
                format!("nothing was sent: a token cannot live for {expiration:?}"),
                "Kubernetes gives tokens for ten minutes or more, up to 2^32 seconds",
            )
            .with_field("expiration"));
        }
        let mut spec = json!({});
        if let Some(fields) = spec.as_object_mut() {
            if let Some(expiration) = options.expiration {
                let seconds = expiration.as_secs() + u64::from(expiration.subsec_nanos() > 0);
                fields.insert("expirationSeconds".to_owned(), seconds.into());
            }
            if !options.audiences.is_empty() {
                fields.insert("audiences".to_owned(), json!(options.audiences));
            }
        }
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec});
        let segments = Resource::core("serviceaccounts").within(namespace).below(name, "token")?;
        let request = self.request("cluster.service_account_token", Method::POST, &segments)?;
        let request = request.with_json(&body)?;
        let route = request.route.clone();
        let answer = self.connection.object(request).await?;
        ServiceAccountToken::read(answer, options.expiration).ok_or_else(|| {
            Error::new(
                ErrorKind::Decode,
                "the answer is no TokenRequest with a token",
                "a token may have been made all the same; it ends at its time",
            )
            .with_operation("cluster.service_account_token")
            .with_request(&Method::POST, &route)
        })
    }

    /// Whether the proxy takes tokens of this cluster's service accounts.
    ///
    /// # Errors
    /// `out_of_scope` with a key of this cluster, since it is `local` that says so; `forbidden` with the reason `rbac` if
    /// the user may not read it there.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to `local`. The right is `list` of `clusterproxyconfigs` in the cluster's
    /// namespace on `local`.
    pub async fn proxy_config(&self) -> Result<ClusterProxyConfig> {
        self.read_proxy_config("cluster.proxy_config").await
    }

    async fn read_proxy_config(&self, operation: &'static str) -> Result<ClusterProxyConfig> {
        let segments = CONFIGS.within(self.id.as_str()).segments(None)?;
        let local = self.on_local();
        let answer = local.send(local.request(operation, Method::GET, &segments)?).await?;
        let Some(found) = answer.get("items").and_then(Value::as_array) else {
            return Err(Error::new(
                ErrorKind::Decode,
                "the answer is no list of ClusterProxyConfig",
                "something between here and Rancher may have changed it",
            )
            .with_operation(operation));
        };
        let name = |config: &Value| Some(config.pointer("/metadata/name")?.as_str()?.to_owned());
        let enabled = match found.as_slice() {
            [one] => one.get("enabled").and_then(Value::as_bool) == Some(true),
            _ => false,
        };
        Ok(ClusterProxyConfig { enabled, names: found.iter().filter_map(name).collect() })
    }

    /// Decides whether the proxy takes tokens of this cluster's service accounts, and returns what holds then. If it is
    /// so already, nothing is written.
    ///
    /// # Errors
    /// As [`ClusterProxy::proxy_config`]; `invalid` if there are several objects: which of them is meant, nobody says.
    ///
    /// # Scope
    /// As [`ClusterProxy::proxy_config`], with the rights `create` and `patch`.
    pub async fn set_proxy_config(&self, enabled: bool) -> Result<ClusterProxyConfig> {
        const OPERATION: &str = "cluster.set_proxy_config";
        let known = self.read_proxy_config(OPERATION).await?;
        if known.enabled == enabled && known.names.len() <= 1 {
            return Ok(known);
        }
        let (local, configs) = (self.on_local(), CONFIGS.within(self.id.as_str()));
        let request = match known.names.as_slice() {
            [] => {
                let config = json!({
                    "apiVersion": "management.cattle.io/v3", "kind": "ClusterProxyConfig",
                    "metadata": {"name": NAME}, "enabled": enabled,
                });
                local.write(OPERATION, Method::POST, &configs.segments(None)?)?.with_json(&config)?
            }
            [name] => {
                let request = local.write(OPERATION, Method::PATCH, &configs.segments(Some(name))?)?;
                let mut request = request.with_json(&json!({"enabled": enabled}))?;
                let merge = HeaderValue::from_static("application/merge-patch+json");
                request.headers.insert(CONTENT_TYPE, merge);
                // it sets the same when it arrives twice
                request.idempotent = true;
                request
            }
            names => {
                return Err(Error::invalid(
                    format!(
                        "nothing was written: cluster {} has {} objects ClusterProxyConfig ({}), which switch it off",
                        self.id,
                        names.len(),
                        names.join(", ")
                    ),
                    "delete all but one of them",
                )
                .with_operation(OPERATION));
            }
        };
        local.send(request).await?;
        self.read_proxy_config(OPERATION).await
    }

    fn on_local(&self) -> ClusterProxy {
        ClusterProxy::new(self.connection.clone(), ClusterId::local()).writing(self.writes.clone())
    }
}
