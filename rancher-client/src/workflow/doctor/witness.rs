//! Another credential looks the first one's name up.

use http::Method;
use jiff::Timestamp;
use serde_json::Value;
use std::time::Duration;

use super::ask::{self, Ask, Outcome};
use super::record::Record;
use super::{DoctorOptions, PATIENCE};
use crate::credentials::Credential;
use crate::error::{Cause, Dialect, Error, ErrorKind, Result};
use crate::scope::{KeyScope, Knowledge, Route, RouteScope, TokenKind};
use crate::transport::{Connection, Patience, Request};
use crate::wire::TokenName;

/// What the witness found.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) finding: Finding,
    /// In words.
    pub(super) note: String,
    /// When the token ends, by its record.
    pub(super) expires_at: Option<Timestamp>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The record says why it is dead.
    Dead(Cause),
    /// The record says that it is alive. If it is refused all the same, these causes remain.
    Alive(Vec<Cause>),
    /// The witness cannot tell.
    CannotTell,
}

#[derive(Debug)]
enum Sought {
    Found(Record),
    Gone,
    Hidden(String),
}

/// The credential that looks, and how long each of its questions may take.
struct Eyes {
    connection: Connection,
    patience: Duration,
}

/// Looks the credential up, tells the ledger what its record says, and asks the cluster that it is scoped to.
pub(super) async fn look_up(
    connection: &Connection,
    witness: &Credential,
    options: &DoctorOptions,
    now: Timestamp,
    seen: &mut Vec<Outcome>,
) -> Lookup {
    let other = connection.as_another(witness.clone());
    let eyes = Eyes { connection: other, patience: options.timeout.unwrap_or(PATIENCE) };
    look(connection, &eyes, options, now, seen).await
}

fn cannot(note: String) -> Lookup {
    Lookup { finding: Finding::CannotTell, note, expires_at: None }
}

async fn look(
    connection: &Connection,
    eyes: &Eyes,
    options: &DoctorOptions,
    now: Timestamp,
    seen: &mut Vec<Outcome>,
) -> Lookup {
    let credential = connection.credential();
    let Some(name) = credential.name() else {
        return cannot("the witness cannot look it up: a JWT has no name".to_owned());
    };
    let record = match eyes.seek(name, credential.kind()).await {
        Ok(Sought::Found(record)) => record,
        Ok(Sought::Gone) => {
            let note = format!("the witness sees every token, and there is none named {name}");
            return Lookup { finding: Finding::Dead(Cause::Deleted), note, expires_at: None };
        }
        Ok(Sought::Hidden(note)) => return cannot(note),
        Err(error) => return cannot(format!("the witness could not look it up: {error}")),
    };
    let expires_at = record.ends_at();
    let found = |finding, note: &str| Lookup { finding, note: note.to_owned(), expires_at };
    if record.is_over(now) {
        return found(Finding::Dead(Cause::Expired), "its record says that it is past its time");
    }
    if !record.enabled {
        return found(Finding::Dead(Cause::SwitchedOff), "its record says that it is switched off");
    }
    let user_enabled = eyes.user_enabled(record.user.as_deref()).await;
    if user_enabled == Some(false) {
        return found(Finding::Dead(Cause::UserDisabled), "its user is disabled");
    }
    // the record of a token of ext.cattle.io may name a cluster, to which the recorded server does not confine it
    if credential.kind() != TokenKind::Ext || record.cluster.is_none() {
        let scope = record.cluster.clone().map_or(KeyScope::Global, KeyScope::Cluster);
        connection.learn(Knowledge::Recorded(scope));
    }
    let (remain, note) = match (user_enabled, record.provider.as_deref()) {
        (Some(true), Some("local")) => {
            (vec![Cause::WrongSecret], "its record says that it is alive, and its user is enabled")
        }
        // the tokens of a provider that was switched off are refused, and nothing on the record tells (assumed)
        (Some(true), _) => (
            vec![Cause::WrongSecret, Cause::TokenRefused],
            "its record says that it is alive, and its user is enabled; its authentication provider was not looked at",
        ),
        _ => (
            vec![Cause::WrongSecret, Cause::UserDisabled, Cause::TokenRefused],
            "its record says that it is alive; the witness could not see whether its user is enabled",
        ),
    };
    if let Some(home) = record.cluster
        && !connection.ledger().was_accepted(&RouteScope::Cluster(home.clone()))
        && let Ok(question) = ask::question(Ask::Cluster(home), options, None)
    {
        seen.push(ask::ask(connection, question).await);
    }
    found(Finding::Alive(remain), note)
}

impl Eyes {
    async fn seek(&self, name: &TokenName, kind: TokenKind) -> Result<Sought> {
        let object = name.object_name();
        // an administrator sees all tokens here; the record holds a hash or the secret itself, which stays in this module
        let all = Route::from_segments(["apis", "management.cattle.io", "v3", "tokens", object])?;
        let own = match kind {
            TokenKind::Ext => Route::from_segments(["apis", "ext.cattle.io", "v1", "tokens", object])?,
            _ => Route::from_segments(["v3", "tokens", object])?,
        };
        if kind != TokenKind::Ext {
            match self.get(all).await {
                Ok(record) => return Ok(Sought::Found(Record::read(&record))),
                Err(error) if says_that_it_is_gone(&error, object) => return Ok(Sought::Gone),
                Err(_) => {}
            }
        }
        match self.get(own).await {
            Ok(record) => Ok(Sought::Found(Record::read(&record))),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                Ok(Sought::Hidden(format!("the witness sees no token {name}, but it may be another user's")))
            }
            Err(error) => Err(error),
        }
    }

    /// Nothing where the witness cannot tell.
    async fn user_enabled(&self, user: Option<&str>) -> Option<bool> {
        let route = Route::from_segments(["v3", "users", user?]).ok()?;
        self.get(route).await.ok()?.get("enabled")?.as_bool()
    }

    /// Asks once: what a witness cannot see at once, it does not see.
    async fn get(&self, route: Route) -> Result<Value> {
        let mut request = Request::new("witness", Method::GET, route);
        request.probe = true;
        request.patience = Patience::AtMost(self.patience);
        self.connection.json(request).await
    }
}

/// A proxy, a missing API and a missing path answer 404 too; only one that names the token speaks of the token.
fn says_that_it_is_gone(error: &Error, object: &str) -> bool {
    let of_the_api =
        error.http().is_some_and(|http| matches!(http.dialect, Dialect::Kubernetes | Dialect::Norman));
    let named = error.message().is_some_and(|message| {
        message.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == object)
    });
    error.kind() == ErrorKind::NotFound && error.code() == Some("NotFound") && of_the_api && named
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
