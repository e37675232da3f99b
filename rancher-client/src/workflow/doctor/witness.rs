//! Another credential looks the first one's name up.

use http::Method;
use jiff::Timestamp;
use serde_json::Value;

use super::DoctorOptions;
use super::ask::{self, Ask, Outcome};
use crate::credentials::Credential;
use crate::error::{Cause, ErrorKind, Result};
use crate::scope::{KeyScope, Knowledge, Route, RouteScope, TokenKind};
use crate::transport::{Connection, Request};
use crate::wire::{ClusterId, TokenName};

/// What the witness found.
pub(super) struct Lookup {
    pub(super) finding: Finding,
    /// In words.
    pub(super) note: String,
    /// When the token ends, by its record.
    pub(super) expires_at: Option<Timestamp>,
}

pub(super) enum Finding {
    /// The record says why it is dead.
    Dead(Cause),
    /// The record says that it is alive.
    Alive,
    /// The witness cannot tell.
    CannotTell,
}

/// A token's record, whichever API it came from.
struct Record {
    cluster: Option<ClusterId>,
    enabled: bool,
    expired: bool,
    expires_at: Option<Timestamp>,
    user: Option<String>,
}

enum Sought {
    Found(Record),
    Gone,
    Hidden(String),
}

/// Looks the credential up, tells the ledger what its record says, and asks the cluster that it is scoped to.
pub(super) async fn look_up(
    connection: &Connection,
    witness: &Credential,
    options: &DoctorOptions,
    seen: &mut Vec<Outcome>,
) -> Option<Lookup> {
    let cannot = |note: String| Some(Lookup { finding: Finding::CannotTell, note, expires_at: None });
    let credential = connection.credential();
    let Some(name) = credential.name() else {
        return cannot("the witness cannot look it up: a JWT has no name".to_owned());
    };
    let eyes = match connection.as_another(witness.clone()) {
        Ok(eyes) => eyes,
        Err(error) => return cannot(format!("the witness cannot be used: {error}")),
    };
    let record = match seek(&eyes, name, credential.kind()).await {
        Ok(Sought::Found(record)) => record,
        Ok(Sought::Gone) => {
            let note = format!("the witness sees every token, and there is none named {name}");
            return Some(Lookup { finding: Finding::Dead(Cause::Deleted), note, expires_at: None });
        }
        Ok(Sought::Hidden(note)) => return cannot(note),
        Err(error) => return cannot(format!("the witness could not look it up: {error}")),
    };
    let found =
        |finding, note: &str| Some(Lookup { finding, note: note.to_owned(), expires_at: record.expires_at });
    if record.expired {
        return found(Finding::Dead(Cause::Expired), "its record says that it is past its time");
    }
    if !record.enabled {
        return found(Finding::Dead(Cause::SwitchedOff), "its record says that it is switched off");
    }
    if user_is_disabled(&eyes, record.user.as_deref()).await {
        return found(Finding::Dead(Cause::UserDisabled), "its user is disabled");
    }
    // the record of a token of ext.cattle.io may name a cluster, to which the recorded server does not confine it
    if credential.kind() != TokenKind::Ext || record.cluster.is_none() {
        let scope = record.cluster.clone().map_or(KeyScope::Global, KeyScope::Cluster);
        connection.learn(Knowledge::Recorded(scope));
    }
    if let Some(home) = record.cluster
        && !connection.ledger().was_accepted(&RouteScope::Cluster(home.clone()))
        && let Ok(question) = ask::question(Ask::Cluster(home), options, None)
    {
        seen.push(ask::ask(connection, question).await);
    }
    found(Finding::Alive, "its record says that it is alive")
}

async fn seek(eyes: &Connection, name: &TokenName, kind: TokenKind) -> Result<Sought> {
    let object = name.object_name();
    // an administrator sees all tokens here; the record holds a hash or the secret itself, which stays in this function
    let all = Route::from_segments(["apis", "management.cattle.io", "v3", "tokens", object])?;
    let own = match kind {
        TokenKind::Ext => Route::from_segments(["apis", "ext.cattle.io", "v1", "tokens", object])?,
        _ => Route::from_segments(["v3", "tokens", object])?,
    };
    if kind != TokenKind::Ext {
        match get(eyes, all).await {
            Ok(record) => return Ok(Sought::Found(read(&record, &record))),
            Err(error) if error.kind() == ErrorKind::NotFound && error.code() == Some("NotFound") => {
                return Ok(Sought::Gone);
            }
            Err(_) => {}
        }
    }
    match get(eyes, own).await {
        Ok(record) => {
            let empty = Value::Null;
            let spec = record.get("spec").unwrap_or(&record);
            let status = record.get("status").unwrap_or(&empty);
            let status = if kind == TokenKind::Ext { status } else { &record };
            Ok(Sought::Found(read(spec, status)))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Ok(Sought::Hidden(format!("the witness sees no token {name}, but it may be another user's")))
        }
        Err(error) => Err(error),
    }
}

async fn get(eyes: &Connection, route: Route) -> Result<Value> {
    eyes.json(Request::new("witness", Method::GET, route)).await
}

fn read(spec: &Value, status: &Value) -> Record {
    let text = |from: &Value, keys: &[&str]| {
        keys.iter().find_map(|key| from.get(key)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let flag = |from: &Value, key: &str| from.get(key).and_then(Value::as_bool);
    Record {
        // Norman says clusterId, the objects beneath say clusterName
        cluster: text(spec, &["clusterId", "clusterName"]).and_then(|id| ClusterId::new(id).ok()),
        enabled: flag(spec, "enabled").unwrap_or(true),
        expired: flag(status, "expired").unwrap_or(false),
        expires_at: text(status, &["expiresAt"]).and_then(|at| at.parse().ok()),
        user: text(spec, &["userId", "userID"]),
    }
}

async fn user_is_disabled(eyes: &Connection, user: Option<&str>) -> bool {
    let Some(user) = user else { return false };
    let Ok(route) = Route::from_segments(["v3", "users", user]) else { return false };
    let user = get(eyes, route).await;
    user.is_ok_and(|user| user.get("enabled").and_then(Value::as_bool) == Some(false))
}
