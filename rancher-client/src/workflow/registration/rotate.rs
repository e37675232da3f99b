//! Another registration token in the place of the ones that are there, in the order that cuts no agent off.

use rancher_types::Secret;
use std::collections::BTreeMap;

use super::agent::Holds;
use super::connect::{is_connected, was_connected};
use super::token::SYSTEM;
use super::{Registration, RegistrationToken, Steps, TokenOptions, registrable};
use crate::error::{Error, ErrorKind, Result};
use crate::wait::WaitOptions;
use crate::wire::{ClusterId, Kept, Object};

const OPERATION: &str = "registration.rotate_token";

/// The field manager that a new manifest is applied as, unless told otherwise.
const MANAGER: &str = "rancher-client";

/// How a registration token is rotated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RotateTokenOptions {
    /// Goes on with this token instead of making another: the id that a rotation which stopped names.
    pub to: Option<String>,
    /// What the new token shall be like.
    pub token: TokenOptions,
    /// Installs the agent anew with the new token, through the connection that it has: applies the manifest in the
    /// cluster and waits until the agent's deployment is rolled out and connected. It needs a user who may write to
    /// `cattle-system` and the roles of the cluster.
    pub roll_out: bool,
    /// Deletes old tokens although the agent holds one of them, or although it was not seen which one it holds. Such an
    /// agent works until it loses its connection, and then never comes back by itself.
    pub cut_off: bool,
    /// How long each wait may take.
    pub wait: WaitOptions,
}

/// A registration token that a rotation left where it was, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptToken {
    /// Its id.
    pub id: String,
    /// Why it is still there.
    pub because: String,
}

/// What a rotation did.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TokenRotation {
    /// The token to register with from now on, by its id. Rancher makes a `default-token` again, with another secret (read
    /// in its source), and `token`, `manifest` and `command` without an id take that.
    pub token: RegistrationToken,
    /// Whether it was made now.
    pub created: bool,
    /// The ids of the tokens that are deleted.
    pub deleted: Vec<String>,
    /// Those that are still there on purpose: Rancher's own.
    pub kept: Vec<KeptToken>,
    /// Whether the agent was connected before, and still was after the last old token was deleted.
    pub connected: bool,
}

/// An old token, by its id: its secret.
type Old = BTreeMap<String, Secret>;

fn old_tokens(all: &[Kept<Object>], but: Option<&str>) -> Old {
    let of = |token: &Kept<Object>| {
        Some((token.id()?.to_owned(), Secret::from(token.text("token").unwrap_or_default())))
    };
    all.iter().filter_map(of).filter(|(id, _)| Some(id.as_str()) != but).collect()
}

/// Which of the old tokens must stay, and why: those that the agent has or may have.
fn held(old: &Old, new: &RegistrationToken, agent: &Holds, was_connected: bool) -> Vec<KeptToken> {
    let kept = |id: &String, because: String| KeptToken { id: id.clone(), because };
    let all = |because: &str| old.keys().map(|id| kept(id, because.to_owned())).collect();
    match agent {
        // no agent has any token: what an old one would let in is what it is rotated for
        _ if !was_connected => Vec::new(),
        Holds::Unseen(why) => all(&format!("the agent may connect with it: {why}")),
        // a pod of before may go on with whichever token it started with
        Holds::Token { settled: false, .. } => {
            all("a pod of the agent that may connect with it has not been replaced yet")
        }
        Holds::Token { token, .. } if token == new.token() => Vec::new(),
        Holds::Token { token, .. } => {
            let its: Vec<KeptToken> = old
                .iter()
                .filter(|(_, secret)| *secret == token)
                .map(|(id, _)| kept(id, "the agent of the cluster connects with it".to_owned()))
                .collect();
            match its.is_empty() {
                // a secret that was replaced and is still good for a while (read in Rancher's source)
                true => all("the agent connects with a secret that none of the tokens has any more"),
                false => its,
            }
        }
    }
}

impl Registration {
    /// Puts another registration token in the place of those that a cluster has, in this order: a new one is made and
    /// waited for; the cluster is looked at; the agent is looked at, which must not have an old token any more; the old
    /// ones are deleted; the cluster is looked at again.
    ///
    /// An agent needs its token each time that it connects (read in Rancher's source: the tunnel is authorised by it), so
    /// an old token that the agent has, or may have, is not deleted: the rotation stops, names it and says how to go on.
    /// Either apply the manifest of the new token in the cluster and call this again with
    /// [`to`](RotateTokenOptions::to), or let [`roll_out`](RotateTokenOptions::roll_out) do that. Rancher's own token,
    /// `system`, stays.
    ///
    /// # Errors
    /// `partly_done` from the moment that a new token may exist: [`Error::because`] says what is done, what is left
    /// behind, by its id, and what is not done. Before that, as [`token`](Self::token); `conflict` if the cluster is
    /// being deleted.
    ///
    /// # Scope
    /// A key without a scope, of an owner of the cluster. To see which token the agent has, it must be allowed to read
    /// secrets in `cattle-system`.
    pub async fn rotate_token(
        &self,
        cluster: impl AsRef<str>,
        options: &RotateTokenOptions,
    ) -> Result<TokenRotation> {
        let id = registrable(cluster, OPERATION)?;
        for wait in [options.wait, options.token.wait] {
            wait.check(false).map_err(|error| error.with_operation(OPERATION))?;
        }
        let before = self.clusters()?.get(id.as_str()).await?;
        if let Some(at) = before.text("removed").filter(|at| !at.is_empty()) {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the cluster {id} is being deleted, since {at}"),
                "there is nothing to rotate any more",
            )
            .with_operation(OPERATION)
            .with_cluster(id));
        }
        let all = self.crts_of(&id).await?;
        if let Some(to) = &options.to
            && !all.iter().any(|token| token.id() == Some(to))
        {
            return Err(Error::new(
                ErrorKind::NotFound,
                format!("nothing was changed: the cluster {id} has no registration token of the given id"),
                "give the id that the rotation named, or none to make a new token",
            )
            .with_operation(OPERATION)
            .with_cluster(id));
        }
        let old = old_tokens(&all, options.to.as_deref());
        let (new, created) = match &options.to {
            Some(to) => (to.clone(), false),
            None => (self.make_token(&id, &options.token, OPERATION).await?, true),
        };
        let rotation = Rotation { registration: self, cluster: &id, new: &new, created, options };
        rotation.go_on(old, is_connected(&before), was_connected(&before)).await
    }
}

/// A rotation whose new token is there.
struct Rotation<'r> {
    registration: &'r Registration,
    cluster: &'r ClusterId,
    new: &'r str,
    created: bool,
    options: &'r RotateTokenOptions,
}

impl Rotation<'_> {
    /// The error of a rotation that stops: the new token is there, these old ones are gone, those are not.
    fn stopped(
        &self,
        at: &str,
        deleted: &[String],
        old: &Old,
        advice: String,
        cause: Option<Error>,
    ) -> Error {
        let mut done = vec![match self.created {
            true => format!("the registration token {} was made", self.new),
            false => format!("the registration token {} was there", self.new),
        }];
        done.extend(deleted.iter().map(|id| format!("{id} was deleted")));
        let left: Vec<&String> = old.keys().filter(|id| !deleted.contains(id)).collect();
        let steps = Steps {
            done,
            left: left
                .iter()
                .map(|id| format!("the old registration token {id}, which is still good"))
                .collect(),
            pending: vec![at.to_owned()],
        };
        let still: Vec<&str> = left.iter().map(|id| id.as_str()).collect();
        let still = if still.is_empty() { "no old one".to_owned() } else { still.join(", ") };
        let summary = format!("the rotation stopped: {} is there, and so is {still}", self.new);
        steps.stopped(OPERATION, Some(self.cluster), summary, advice, cause)
    }

    fn again(&self) -> String {
        format!("rotate again with `to`: {}", self.new)
    }

    async fn go_on(self, old: Old, connected: bool, was_connected: bool) -> Result<TokenRotation> {
        let (registration, wait) = (self.registration, self.options.wait);
        let token = registration.whole_token(self.cluster, Some(self.new), wait, OPERATION).await;
        let token = token.map_err(|error| {
            self.stopped("waiting for the commands of the new token", &[], &old, self.again(), Some(error))
        })?;
        if self.options.roll_out && connected {
            self.roll_out(&token, &old).await?;
        }
        let looked = if connected {
            self.look(&[], &old, "looking whether the cluster is still connected").await?;
            registration.agent_holds(self.cluster).await.map_err(|error| {
                self.stopped("looking which token the agent has", &[], &old, self.again(), Some(error))
            })?
        } else {
            Holds::Unseen("the agent is not connected, so its token cannot be read".to_owned())
        };
        let held = if self.options.cut_off { Vec::new() } else { held(&old, &token, &looked, was_connected) };
        let (mut deleted, mut kept) = (Vec::new(), Vec::new());
        for id in old.keys() {
            if id.split_once(':').is_some_and(|(_, name)| name == SYSTEM) {
                let because =
                    "it is Rancher's own, which it gives to agents that it deploys itself".to_owned();
                kept.push(KeptToken { id: id.clone(), because });
                continue;
            }
            if held.iter().any(|held| held.id == *id) {
                continue;
            }
            match registration.crts()?.delete(id).await {
                Ok(_) => deleted.push(id.clone()),
                // gone is what it shall be, whoever did it
                Err(error) if error.kind() == ErrorKind::NotFound => deleted.push(id.clone()),
                Err(error) => {
                    let step = format!("deleting {id}");
                    return Err(self.stopped(&step, &deleted, &old, self.again(), Some(error)));
                }
            }
        }
        let unheld: Vec<&KeptToken> =
            held.iter().filter(|held| !kept.iter().any(|kept| kept.id == held.id)).collect();
        if let Some(first) = unheld.first() {
            let step = format!("deleting {}: {}", first.id, first.because);
            let advice = format!(
                "apply the manifest of {} in the cluster (or let roll_out do it) and {}; cut_off deletes it nevertheless",
                self.new,
                self.again()
            );
            return Err(self.stopped(&step, &deleted, &old, advice, None));
        }
        if connected {
            self.look(&deleted, &old, "looking whether the cluster is still connected").await?;
        }
        Ok(TokenRotation { token, created: self.created, deleted, kept, connected })
    }

    /// The cluster, which was connected, must still be.
    async fn look(&self, deleted: &[String], old: &Old, step: &str) -> Result<()> {
        let looked = match self.registration.clusters()?.get(self.cluster.as_str()).await {
            Ok(cluster) if is_connected(&cluster) => return Ok(()),
            Ok(_) => None,
            Err(error) => Some(error),
        };
        let advice = match &looked {
            Some(_) => self.again(),
            None => format!(
                "its agent is not connected any more: wait until it is (wait_connected), then {}",
                self.again()
            ),
        };
        Err(self.stopped(step, deleted, old, advice, looked))
    }

    /// Installs the agent anew and waits until it is connected.
    async fn roll_out(&self, token: &RegistrationToken, old: &Old) -> Result<()> {
        let stopped = |step: &str, error: Error| {
            let advice = format!("look at cattle-cluster-agent in cattle-system; then {}", self.again());
            self.stopped(step, &[], old, advice, Some(error))
        };
        let (registration, wait) = (self.registration, self.options.wait);
        let proxy = registration
            .roll_out(token, MANAGER)
            .await
            .map_err(|error| stopped("applying the manifest of the new token in the cluster", error))?;
        Registration::agent_rollout(&proxy)
            .wait(wait)
            .await
            .map_err(|error| stopped("waiting for the rollout of the agent", error))?;
        let connected = registration.wait_connected(self.cluster.as_str(), wait)?;
        connected.await.map_err(|error| stopped("waiting until the agent is connected again", error))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn token(id: &str, secret: &str) -> Kept<Object> {
        let json = json!({"id": id, "clusterId": "c-prod1", "token": secret}).to_string();
        Kept::read(json.into()).unwrap()
    }

    fn ids(held: &[KeptToken]) -> Vec<&str> {
        held.iter().map(|token| token.id.as_str()).collect()
    }

    #[test]
    fn a_token_that_the_agent_has_or_may_have_stays() {
        let all = [token("c-prod1:a", "one"), token("c-prod1:b", "two"), token("c-prod1:n", "new")];
        let old = old_tokens(&all, Some("c-prod1:n"));
        let new = RegistrationToken::of_object(&all[2]).unwrap();
        let has = |secret: &str, settled| Holds::Token { token: secret.into(), settled };
        let kept = |agent: Holds| ids(&held(&old, &new, &agent, true)).join(" ");
        assert_eq!(kept(has("two", true)), "c-prod1:b");
        assert_eq!(kept(has("new", true)), "");
        assert_eq!(kept(has("new", false)), "c-prod1:a c-prod1:b", "an old pod may run");
        assert_eq!(kept(has("replaced", true)), "c-prod1:a c-prod1:b", "which one it was is not known");
        assert_eq!(kept(Holds::Unseen("x".into())), "c-prod1:a c-prod1:b");
        assert!(held(&old, &new, &Holds::Unseen("x".into()), false).is_empty(), "no agent ever called");
    }
}
