//! Registration tokens: made, waited for, and what they lead to.

use rancher_types::Secret;
use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use url::Url;

use super::{Registration, registrable, unanswered};
use crate::error::{Error, ErrorKind, Result};
use crate::transport::BoxFuture;
use crate::v3::{Query, Resource};
use crate::wait::{Until, Wait, WaitOptions};
use crate::wire::{ClusterId, Kept, Object};

/// The token that every cluster gets from Rancher (recorded: collections).
const DEFAULT: &str = "default-token";

/// The token that Rancher keeps for its own use: what it renders into the agents that it deploys itself (read in
/// Rancher's source).
pub(super) const SYSTEM: &str = "system";

/// What stands for the secret in what the server keeps; it puts the secret in for who may read that (read in Rancher's
/// source).
const PLACEHOLDER: &str = "{token}";

/// The shortest lives that Rancher gives; it lengthens what is shorter in silence (read in Rancher's source).
const LEAST_TTL: Duration = Duration::from_secs(30 * 60);
const LEAST_GRACE: Duration = Duration::from_secs(10 * 60);

/// A token that lets an agent or a node register with a cluster, with everything that Rancher makes of it.
///
/// `Debug` shows no secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct RegistrationToken {
    /// Its id: `c-xxxxx:default-token`, `c-xxxxx:crt-xxxxx`.
    pub id: String,
    /// The cluster that it is for.
    pub cluster: ClusterId,
    /// When it was made.
    pub created: Option<String>,
    /// When Rancher replaces its secret by another; nothing if never, or where the server is older.
    pub expires_at: Option<String>,
    /// The server that agents will call, which is the setting `server-url`: it can be another address than the one that
    /// this client uses.
    pub server: Option<String>,
    token: Secret,
    command: Secret,
    insecure_command: Secret,
    node_command: Secret,
    insecure_node_command: Secret,
    windows_node_command: Secret,
    insecure_windows_node_command: Secret,
    manifest_url: Secret,
    object: Kept<Object>,
}

impl RegistrationToken {
    /// The object as the server wrote it. Its fields hold the secrets too.
    pub fn object(&self) -> &Kept<Object> {
        &self.object
    }

    /// The secret itself.
    pub fn token(&self) -> &Secret {
        &self.token
    }

    /// What installs the agent in a cluster that is there: `kubectl apply -f …`.
    pub fn command(&self) -> &Secret {
        &self.command
    }

    /// The same for a machine that does not trust Rancher's certificate.
    pub fn insecure_command(&self) -> &Secret {
        &self.insecure_command
    }

    /// What joins a node to a cluster that Rancher provisions. Roles are added to it: `--etcd --controlplane --worker`.
    pub fn node_command(&self) -> &Secret {
        &self.node_command
    }

    /// The same for a machine that does not trust Rancher's certificate.
    pub fn insecure_node_command(&self) -> &Secret {
        &self.insecure_node_command
    }

    /// What joins a node that runs Windows.
    pub fn windows_node_command(&self) -> &Secret {
        &self.windows_node_command
    }

    /// The same for a machine that does not trust Rancher's certificate.
    pub fn insecure_windows_node_command(&self) -> &Secret {
        &self.insecure_windows_node_command
    }

    /// Where the manifest is, at the address that agents call.
    pub fn manifest_url(&self) -> &Secret {
        &self.manifest_url
    }

    pub(super) fn of_object(object: &Kept<Object>) -> Result<Self> {
        // a command with a placeholder in it is none
        let secret = |field: &str| {
            Secret::from(object.text(field).filter(|text| !text.contains(PLACEHOLDER)).unwrap_or_default())
        };
        let text = |field: &str| object.text(field).filter(|text| !text.is_empty()).map(str::to_owned);
        let manifest_url = object.text("manifestUrl").unwrap_or_default();
        let server = Url::parse(manifest_url).ok().map(|url| url.origin().ascii_serialization());
        Ok(Self {
            id: object.id().unwrap_or_default().to_owned(),
            cluster: ClusterId::new(object.text("clusterId").unwrap_or_default())?,
            created: text("created"),
            expires_at: text("expiresAt"),
            server,
            token: secret("token"),
            command: secret("command"),
            insecure_command: secret("insecureCommand"),
            node_command: secret("nodeCommand"),
            insecure_node_command: secret("insecureNodeCommand"),
            windows_node_command: secret("windowsNodeCommand"),
            insecure_windows_node_command: secret("insecureWindowsNodeCommand"),
            manifest_url: secret("manifestUrl"),
            object: object.clone(),
        })
    }
}

impl fmt::Debug for RegistrationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrationToken")
            .field("id", &self.id)
            .field("created", &self.created)
            .field("expires_at", &self.expires_at)
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// What a new registration token shall be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenOptions {
    /// After how long Rancher replaces its secret, 30 minutes at least; the server's own choice if not given. Rancher
    /// counts in minutes, and a part of one counts as whole. Servers before 2.13 ignore it.
    pub ttl: Option<Duration>,
    /// For how long the replaced secret is still good, 10 minutes at least and less than `ttl`; the server's own choice
    /// if not given.
    pub grace_period: Option<Duration>,
    /// How long to wait for its commands.
    pub wait: WaitOptions,
}

/// Whole minutes, rounded up.
fn minutes(span: Duration) -> u64 {
    span.as_secs().saturating_add(u64::from(span.subsec_nanos() > 0)).div_ceil(60)
}

impl TokenOptions {
    fn check(&self, operation: &'static str) -> Result<()> {
        let wrong = |field: &str, problem: &str| {
            Err(Error::invalid(
                format!("nothing was sent: {problem}"),
                "Rancher would take another span in silence",
            )
            .with_field(field)
            .with_operation(operation))
        };
        match (self.ttl, self.grace_period) {
            (Some(ttl), _) if ttl < LEAST_TTL => {
                wrong("ttl", "a registration token lives for 30 minutes at least")
            }
            (_, Some(grace)) if grace < LEAST_GRACE => {
                wrong("grace_period", "the grace period of a registration token is 10 minutes at least")
            }
            (Some(ttl), Some(grace)) if grace >= ttl => {
                wrong("grace_period", "the grace period of a registration token is shorter than its life")
            }
            _ => Ok(()),
        }
    }
}

/// What a token lacks before it can be used; nothing if it is whole.
fn lacking(object: &Object) -> Option<String> {
    if object.text("manifestUrl").is_some_and(|url| url.contains(PLACEHOLDER)) {
        let named = object.text("tokenSecretName").filter(|name| !name.is_empty());
        return Some(format!(
            "its secret is not shown: the user may not read it{}",
            named.map_or_else(String::new, |name| format!(" (the Secret {name})"))
        ));
    }
    let missing: Vec<&str> = ["token", "command", "manifestUrl"]
        .into_iter()
        .filter(|field| object.text(field).is_none_or(str::is_empty))
        .collect();
    (!missing.is_empty()).then(|| format!("{} of it is empty", missing.join(", ")))
}

impl Registration {
    pub(super) fn crts(&self) -> Result<Resource<Object>> {
        self.client.v3().collection("clusterregistrationtokens")
    }

    pub(super) async fn crts_of(&self, cluster: &ClusterId) -> Result<Vec<Kept<Object>>> {
        self.crts()?.list(Query::in_cluster(cluster)).collect().await
    }

    /// The registration tokens of a cluster, whole or not.
    ///
    /// # Errors
    /// `invalid` if that is no cluster's id. Without rights the list is empty.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn tokens(&self, cluster: impl AsRef<str>) -> Result<Vec<RegistrationToken>> {
        const OPERATION: &str = "registration.tokens";
        let id = registrable(cluster, OPERATION)?;
        let all = self.crts_of(&id).await?;
        all.iter().map(RegistrationToken::of_object).collect()
    }

    /// The registration token to register with: `default-token` where there is one, else the newest. It waits until the
    /// token and its commands are there: Rancher's controllers write them a moment after the cluster was made.
    ///
    /// # Errors
    /// `timeout` with what is missing; where the setting `server-url` is not set, the error says so, since Rancher makes
    /// no command without it. `invalid` if that is no cluster's id; `not_found` and `forbidden` if the user does not see
    /// the cluster.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn token(&self, cluster: impl AsRef<str>, wait: WaitOptions) -> Result<RegistrationToken> {
        const OPERATION: &str = "registration.token";
        let id = registrable(cluster, OPERATION)?;
        self.whole_token(&id, None, wait, OPERATION).await
    }

    /// The registration token of this id, `c-xxxxx:crt-xxxxx`, waited for like [`token`](Self::token).
    ///
    /// # Errors
    /// As [`token`](Self::token); `not_found` if the user sees no such token; `invalid` before anything is sent, if the
    /// id is not one of this cluster's.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn token_of(
        &self,
        cluster: impl AsRef<str>,
        id: &str,
        wait: WaitOptions,
    ) -> Result<RegistrationToken> {
        const OPERATION: &str = "registration.token";
        let cluster = registrable(cluster, OPERATION)?;
        if id.split_once(':').is_none_or(|(of, name)| of != cluster.as_str() || name.is_empty()) {
            return Err(Error::invalid(
                format!("nothing was sent: that is no id of a registration token of {cluster}"),
                format!("give the whole id: {cluster}:crt-xxxxx"),
            )
            .with_field("token_id")
            .with_operation(OPERATION));
        }
        self.whole_token(&cluster, Some(id), wait, OPERATION).await
    }

    /// Makes another registration token, and waits until its commands are there.
    ///
    /// # Errors
    /// As [`token`](Self::token); `invalid` before anything is sent, for a span that Rancher would change in silence.
    /// `partly_done` names the token if it was made and is not whole in time.
    ///
    /// # Scope
    /// A key without a scope; the answer to a key scoped to this cluster is not recorded.
    pub async fn create_token(
        &self,
        cluster: impl AsRef<str>,
        options: &TokenOptions,
    ) -> Result<RegistrationToken> {
        const OPERATION: &str = "registration.create_token";
        let id = registrable(cluster, OPERATION)?;
        options.wait.check(false).map_err(|error| error.with_operation(OPERATION))?;
        let made = self.make_token(&id, options, OPERATION).await?;
        self.whole_token(&id, Some(&made), options.wait, OPERATION).await.map_err(|error| {
            let steps = super::Steps {
                done: vec![format!("the registration token {made} was made")],
                left: vec![format!("the registration token {made}")],
                pending: vec!["its commands".to_owned()],
            };
            let summary = format!("the registration token {made} was made and is not whole yet");
            let advice = format!("wait for it (token), or delete {made}");
            steps.stopped(OPERATION, Some(&id), summary, advice, Some(error))
        })
    }

    /// Makes a token and returns its id. If no answer came, says whether one is there now that was not.
    pub(super) async fn make_token(
        &self,
        cluster: &ClusterId,
        options: &TokenOptions,
        operation: &'static str,
    ) -> Result<String> {
        options.check(operation)?;
        let before: Vec<String> =
            self.crts_of(cluster).await?.iter().filter_map(|token| token.id().map(str::to_owned)).collect();
        let mut fields = json!({"type": "clusterRegistrationToken", "clusterId": cluster.as_str()});
        if let Some(fields) = fields.as_object_mut() {
            for (field, span) in [("ttl", options.ttl), ("gracePeriod", options.grace_period)] {
                if let Some(span) = span {
                    fields.insert(field.to_owned(), Value::from(minutes(span)));
                }
            }
        }
        let error = match self.crts()?.create(&Object::try_from(fields)?).await {
            Ok(made) => return Ok(made.id().unwrap_or_default().to_owned()),
            Err(error) if unanswered(&error) && !error.nothing_sent() => error,
            Err(error) => return Err(error),
        };
        let new = match self.crts_of(cluster).await {
            Ok(now) => now
                .iter()
                .filter_map(|token| token.id().map(str::to_owned))
                .filter(|id| !before.contains(id))
                .collect(),
            Err(_) => Vec::new(),
        };
        let steps = super::Steps {
            left: match new.is_empty() {
                true => vec![
                    "perhaps a registration token: none new is there now, and one can still come".to_owned(),
                ],
                false => new
                    .iter()
                    .map(|id| format!("perhaps the registration token {id}, which is new"))
                    .collect(),
            },
            pending: vec!["everything else".to_owned()],
            ..super::Steps::default()
        };
        let summary = "a new registration token may have been made: no answer came".to_owned();
        let advice =
            "list the registration tokens of the cluster, delete the one that nobody wants, and begin again";
        Err(steps.stopped(operation, Some(cluster), summary, advice.to_owned(), Some(error)))
    }

    /// Waits until a token is whole: the one of this id, or the one to register with.
    pub(super) async fn whole_token(
        &self,
        cluster: &ClusterId,
        id: Option<&str>,
        wait: WaitOptions,
        operation: &'static str,
    ) -> Result<RegistrationToken> {
        wait.check(false).map_err(|error| error.with_operation(operation))?;
        let id = match id {
            Some(id) => id.to_owned(),
            None => self.first_token(cluster, wait, operation).await?,
        };
        let whole = Until::judged("the registration token and its commands are there", |token| {
            Ok(lacking(token).map(|missing| (missing, None)))
        });
        let what = format!("the registration token {id}");
        match Wait::new(operation, what, whole, wait, self.token_reader(cluster, &id)).await {
            Ok(token) => RegistrationToken::of_object(&token),
            Err(error) if error.kind() == ErrorKind::Timeout => Err(self.without_server_url(error).await),
            Err(error) => Err(error),
        }
    }

    /// Reads one token out of the list of its cluster, which a key scoped to the cluster can ask for.
    fn token_reader(
        &self,
        cluster: &ClusterId,
        id: &str,
    ) -> impl Fn() -> BoxFuture<'static, Result<Kept<Object>>> + Send + Sync + use<> {
        let (registration, cluster, id) = (self.clone(), cluster.clone(), id.to_owned());
        move || {
            let (registration, cluster, id) = (registration.clone(), cluster.clone(), id.clone());
            Box::pin(async move {
                let all = registration.crts_of(&cluster).await?;
                all.into_iter().find(|token| token.id() == Some(&id)).ok_or_else(|| {
                    Error::new(
                        ErrorKind::NotFound,
                        format!("the user sees no registration token {id}"),
                        "list the registration tokens of the cluster",
                    )
                    .with_cluster(cluster)
                })
            })
        }
    }

    /// The id of the token to register with, waited for.
    async fn first_token(
        &self,
        cluster: &ClusterId,
        wait: WaitOptions,
        operation: &'static str,
    ) -> Result<String> {
        let (began, mut looked) = (Instant::now(), false);
        loop {
            let all = self.crts_of(cluster).await?;
            // an old `system` is Rancher's own: what is handed out with it could not be told from Rancher's agents
            let usable =
                |token: &&Kept<Object>| token.id().is_some_and(|id| !id.ends_with(&format!(":{SYSTEM}")));
            let newest = |token: &&Kept<Object>| token.get("createdTS").and_then(Value::as_i64);
            let default = all.iter().find(|token| token.id() == Some(&format!("{cluster}:{DEFAULT}")));
            let chosen = default.or_else(|| all.iter().filter(usable).max_by_key(newest));
            if let Some(id) = chosen.and_then(|token| token.id()) {
                return Ok(id.to_owned());
            }
            if !looked {
                // a list without rights is empty: whether the cluster is there at all, the cluster says
                self.clusters()?.get(cluster.as_str()).await?;
                looked = true;
            }
            if began.elapsed().saturating_add(wait.poll) >= wait.deadline {
                let summary = format!(
                    "after {:?}, {cluster} has no registration token that the user may see",
                    wait.deadline
                );
                let advice = "Rancher makes one with each cluster; create_token makes another; reading them needs the \
                              right of a cluster's owner";
                return Err(Error::new(ErrorKind::Timeout, summary, advice)
                    .with_retry(true, None)
                    .with_cluster(cluster.clone())
                    .with_operation(operation));
            }
            sleep(wait.poll).await;
        }
    }

    /// Says whether a token stays without commands because the server does not know its own address.
    async fn without_server_url(&self, error: Error) -> Error {
        let Ok(settings) = self.client.v3().collection("settings") else { return error };
        let unset = match settings.get("server-url").await {
            Ok(setting) => setting.text("value").is_none_or(str::is_empty),
            Err(refused) => refused.kind() == ErrorKind::NotFound,
        };
        if !unset {
            return error;
        }
        let because = "the setting server-url is not set, and Rancher makes no commands without it";
        let advice = "set the setting server-url to the address that agents shall call, and wait again";
        error.with_because([because.to_owned()]).with_advice(advice)
    }

    /// The command that installs the agent in a cluster, waited for.
    ///
    /// # Errors
    /// As [`token`](Self::token).
    ///
    /// # Scope
    /// As [`token`](Self::token).
    pub async fn command(&self, cluster: impl AsRef<str>, wait: WaitOptions) -> Result<Secret> {
        const OPERATION: &str = "registration.command";
        let id = registrable(cluster, OPERATION)?;
        Ok(self.whole_token(&id, None, wait, OPERATION).await?.command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_rancher_would_change_are_refused() {
        let of = |ttl: u64, grace: u64| TokenOptions {
            ttl: (ttl > 0).then(|| Duration::from_secs(ttl * 60)),
            grace_period: (grace > 0).then(|| Duration::from_secs(grace * 60)),
            ..TokenOptions::default()
        };
        for (ttl, grace) in [(0, 0), (30, 0), (60, 10), (0, 10)] {
            of(ttl, grace).check("x").unwrap();
        }
        for (ttl, grace, field) in [(29, 0, "ttl"), (60, 9, "grace_period"), (30, 30, "grace_period")] {
            let error = of(ttl, grace).check("x").unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)));
        }
        assert_eq!([60, 61, 119, 120].map(|s| minutes(Duration::from_secs(s))), [1, 2, 2, 2]);
        assert_eq!(minutes(Duration::from_millis(60_001)), 2);
    }

    #[test]
    fn a_token_shows_its_address_and_no_secret() {
        // recorded: downstream, `registration token`
        let token: Kept<Object> = Kept::read(
            json!({
                "id": "c-prod1:default-token", "clusterId": "c-prod1", "token": "m4rk3ds3cr3t",
                "command": "kubectl apply -f https://rancher.example.com/v3/import/m4rk3ds3cr3t_c-prod1.yaml",
                "manifestUrl": "https://rancher.example.com/v3/import/m4rk3ds3cr3t_c-prod1.yaml",
            })
            .to_string()
            .into(),
        )
        .unwrap();
        assert_eq!(lacking(&token), None);
        let read = RegistrationToken::of_object(&token).unwrap();
        assert_eq!(read.server.as_deref(), Some("https://rancher.example.com"));
        assert!(read.command().expose().contains("m4rk3d") && read.token().expose() == "m4rk3ds3cr3t");
        assert!(!format!("{read:?} {:?}", read.manifest_url()).contains("m4rk3d"));
        let mut half = token;
        half.set("command", "");
        assert_eq!(lacking(&half).as_deref(), Some("command of it is empty"));
        // as who may not read its secret is shown it (read in Rancher's source)
        let url = "https://rancher.example.com/v3/import/{token}_c-prod1.yaml";
        for (field, text) in [
            ("token", String::new()),
            ("command", format!("kubectl apply -f {url}")),
            ("manifestUrl", url.to_owned()),
            ("tokenSecretName", "crt-token-default-token".to_owned()),
        ] {
            half.set(field, text);
        }
        assert!(lacking(&half).unwrap().contains("may not read it (the Secret crt-token-default-token)"));
        let hidden = RegistrationToken::of_object(&half).unwrap();
        assert_eq!(
            [hidden.command(), hidden.manifest_url()].map(|secret| secret.expose().to_owned()),
            ["", ""]
        );
        assert_eq!(hidden.server.as_deref(), Some("https://rancher.example.com"));
    }
}
