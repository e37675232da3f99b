//! The manifest that installs the agent: fetched, and taken apart.

use rancher_types::Secret;
use serde_json::Value;
use std::time::Duration;
use tokio::time::{Instant, sleep};

use super::{Registration, RegistrationToken, registrable};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{Auth, Expect, Request};
use crate::wait::WaitOptions;
use crate::wire::{Object, yaml};

/// How long a token that is new may be unknown to the server that is asked for its manifest, and how often it is asked.
const LAG: Duration = Duration::from_secs(5);
const LAG_POLL: Duration = Duration::from_millis(500);

/// The objects of a manifest: YAML documents between lines of three hyphens.
pub(super) fn objects(manifest: &str) -> Result<Vec<Object>> {
    let mut documents = vec![String::new()];
    for line in manifest.lines() {
        if line.trim_end() == "---" {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
            last.push('\n');
        }
    }
    let is_empty =
        |text: &str| text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#'));
    let wrong = |problem: String| {
        Error::new(ErrorKind::Decode, format!("the manifest cannot be read: {problem}"), "fetch it again")
    };
    let mut read = Vec::new();
    for document in documents.iter().filter(|text| !is_empty(text)) {
        let value: Value = yaml::from_str(document).map_err(|error| wrong(error.to_string()))?;
        if !value.is_object() {
            return Err(wrong("a document of it is no object".to_owned()));
        }
        read.push(Object::try_from(value)?);
    }
    Ok(read)
}

impl Registration {
    /// The manifest that installs the agent in a cluster, as YAML: a secret, since it holds the registration token.
    ///
    /// It is fetched from the server that this client is configured with, never from the address in the token, and
    /// without a credential. Older Rancher answers with a manifest for any token at all, so a manifest proves nothing
    /// about the token that is in it (read in Rancher's source).
    ///
    /// # Errors
    /// As [`token`](Self::token); `invalid` if the server does not know the token; `not_rancher` or `decode` if what
    /// comes is no manifest.
    ///
    /// # Scope
    /// As [`token`](Self::token); the manifest itself is public.
    pub async fn manifest(&self, cluster: impl AsRef<str>, wait: WaitOptions) -> Result<Secret> {
        const OPERATION: &str = "registration.manifest";
        let id = registrable(cluster, OPERATION)?;
        let token = self.whole_token(&id, None, wait, OPERATION).await?;
        self.manifest_of(&token).await
    }

    /// The manifest of one token, see [`manifest`](Self::manifest).
    ///
    /// # Errors
    /// `invalid` if the server does not know the token, or not any more: it is asked for some seconds, since a new one
    /// does not come to all replicas at once. `not_rancher` or `decode` if what comes is no manifest.
    ///
    /// # Scope
    /// Public: no credential is sent.
    pub async fn manifest_of(&self, token: &RegistrationToken) -> Result<Secret> {
        let began = Instant::now();
        loop {
            match self.manifest_now(token).await {
                // newer servers look the token up (read in Rancher's source)
                Err(error) if error.status() == Some(400) => {
                    if began.elapsed() >= LAG {
                        let because = format!("the server does not know the secret of {}", token.id);
                        return Err(error
                            .with_because([because])
                            .with_advice("read the token again: it was replaced or deleted"));
                    }
                    sleep(LAG_POLL).await;
                }
                answer => return answer,
            }
        }
    }

    async fn manifest_now(&self, token: &RegistrationToken) -> Result<Secret> {
        const OPERATION: &str = "registration.manifest";
        let file = format!("{}_{}.yaml", token.token().expose(), token.cluster);
        let route = Route::from_segments(["v3", "import", &file])?;
        let mut request = Request::new(OPERATION, http::Method::GET, route.clone());
        (request.auth, request.expect) = (Auth::Omit, Expect::Anything);
        let body = self.client.connection().bytes(request).await?;
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let objects = objects(text);
        if !objects
            .is_ok_and(|objects| objects.iter().any(|object| object.text("kind") == Some("Deployment")))
        {
            return Err(Error::new(
                ErrorKind::NotRancher,
                "what came is no manifest of Rancher's agent",
                "check the URL of the server; a proxy in front of it may answer in its place",
            )
            .with_operation(OPERATION)
            .with_request(&http::Method::GET, &route)
            .with_cluster(token.cluster.clone()));
        }
        Ok(Secret::from(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_comes_apart_and_tells_nothing_when_it_does_not() {
        let text = "\n---\n# nothing\n---\napiVersion: v1\nkind: Secret\nstringData:\n  script: |\n    a\n    ---\n    b\n--- \nkind: Deployment\n";
        let kinds: Vec<String> =
            objects(text).unwrap().iter().map(|o| o.text("kind").unwrap().to_owned()).collect();
        assert_eq!(kinds, ["Secret", "Deployment"]);
        for wrong in ["<html>m4rk3d</html>", "kind: [m4rk3d", "- m4rk3d\n"] {
            let error = objects(wrong).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("m4rk3d"), "{error}");
        }
        assert!(objects("").unwrap().is_empty());
    }
}
