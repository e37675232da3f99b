//! Tokens of the extension API.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::{Ext, moment, text, without};
use crate::credentials::Credential;
use crate::error::{Error, ErrorKind, Result};
use crate::wire::{Object, TokenName};

const PLURAL: &str = "tokens";

/// What of a token's status is secret: the value, the bearer token, and a hash of the value, which the answer to a deletion
/// holds (recorded: workflows, "ext token delete").
const SECRETS: [&str; 3] = ["value", "bearerToken", "hash"];

/// The tokens of `ext.cattle.io`: one's own, for an administrator everyone's.
///
/// Their lives are given in [`Duration`]; over there they are milliseconds. A name is taken with and without the `ext/`
/// that stands before it in a bearer token.
///
/// # Scope
/// See [`Ext`].
#[derive(Debug, Clone)]
pub struct Tokens {
    ext: Ext,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Token {
    /// The name of its object, `token-xxxxx`. In a bearer token `ext/` stands before it.
    pub name: String,
    /// The id of the user whose it is.
    pub user: Option<String>,
    /// What it is for.
    pub description: String,
    /// Empty for one that a user made; `session` of a login.
    pub kind: String,
    /// Whether it is switched on.
    pub enabled: bool,
    /// How long it lives from when it was made.
    pub ttl: Option<Duration>,
    /// A cluster that it names. **It confines the token to nothing**: one that names `c-prod1` was answered on every global
    /// path (recorded: matrix, `ext-prod`). Only v3 keys are scoped.
    pub cluster_name: Option<String>,
    /// Whether it is the one that asked.
    pub current: bool,
    /// Whether it is past its time, by the server's clock.
    pub expired: bool,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, where the server tells.
    pub last_used_at: Option<Timestamp>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// The object as the server wrote it, but for its secrets.
    pub raw: Object,
}

/// What a new token is to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewToken {
    /// What it is for.
    pub description: String,
    /// How long it shall live, in whole milliseconds; what the server gives if not said. The server gives less than is
    /// asked for, in silence, see [`CreatedToken::clamped`].
    pub ttl: Option<Duration>,
    /// A cluster to name in it. **It confines the token to nothing**, see [`Token::cluster_name`].
    pub cluster_name: Option<String>,
}

/// A token that was made, with its secret, which the server tells only now.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CreatedToken {
    /// The token.
    pub token: Token,
    /// The credential: what goes behind `Authorization: Bearer`.
    pub credential: Credential,
    /// How long it was to live.
    pub asked: Option<Duration>,
}

impl CreatedToken {
    /// Whether the server gave it another life than was asked for: at most 90 days on a stock server (recorded: workflows,
    /// "ext token ttl over max").
    pub fn clamped(&self) -> bool {
        self.asked.is_some() && self.asked != self.token.ttl
    }
}

/// What shall change of a token. What is not given stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenChange {
    /// What it is for.
    pub description: Option<String>,
    /// Whether it is switched on.
    pub enabled: Option<bool>,
    /// How long it lives from when it was made, in whole milliseconds. Shorter than it is; who asks for longer is refused
    /// (read in Rancher's source; shortening is recorded).
    pub ttl: Option<Duration>,
}

impl Token {
    fn read(object: Object) -> Result<Self> {
        let Some(name) = object.name().map(str::to_owned) else { return Err(super::no_object("a token")) };
        let flag = |pointer: &str| object.pointer(pointer).and_then(Value::as_bool);
        let ttl = object.pointer("/spec/ttl").and_then(Value::as_u64).filter(|ttl| *ttl > 0);
        Ok(Self {
            user: text(&object, "/spec/userID"),
            description: text(&object, "/spec/description").unwrap_or_default(),
            kind: text(&object, "/spec/kind").unwrap_or_default(),
            enabled: flag("/spec/enabled").unwrap_or(true),
            ttl: ttl.map(Duration::from_millis),
            cluster_name: text(&object, "/spec/clusterName"),
            current: flag("/status/current").unwrap_or_default(),
            expired: flag("/status/expired").unwrap_or_default(),
            expires_at: moment(&object, "/status/expiresAt"),
            last_used_at: moment(&object, "/status/lastUsedAt"),
            created: moment(&object, "/metadata/creationTimestamp"),
            name,
            raw: without(object, &SECRETS),
        })
    }
}

/// A life as the server counts it.
fn millis(ttl: Duration) -> Result<Value> {
    let whole = i64::try_from(ttl.as_millis()).ok().filter(|millis| *millis > 0);
    match whole {
        Some(millis) if ttl.subsec_nanos().is_multiple_of(1_000_000) => Ok(Value::from(millis)),
        _ => Err(Error::invalid(
            format!("nothing was sent: {ttl:?} is no life of a token"),
            "give whole milliseconds, more than none; leave it out for what the server gives",
        )
        .with_field("ttl")),
    }
}

impl Tokens {
    pub(super) fn new(ext: Ext) -> Self {
        Self { ext }
    }

    /// The tokens that the user may see.
    ///
    /// # Errors
    /// `unsupported` on a server without them.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn list(&self) -> Result<Vec<Token>> {
        let all = self.ext.list("ext.tokens.list", PLURAL).await?;
        all.into_iter().map(Token::read).collect()
    }

    /// One token.
    ///
    /// # Errors
    /// `not_found` if there is none that the user may see; `invalid` if that is no name; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn get(&self, name: &str) -> Result<Token> {
        let name = named(name)?;
        Token::read(self.ext.get("ext.tokens.get", PLURAL, name.object_name()).await?)
    }

    /// Makes a token of one's own. It is not sent twice.
    ///
    /// # Errors
    /// `invalid` before anything is sent, if the life is none or not in whole milliseconds; `decode` if the token was made
    /// and its secret did not come, with its name; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn create(&self, new: &NewToken) -> Result<CreatedToken> {
        const OPERATION: &str = "ext.tokens.create";
        let mut spec = Map::new();
        if !new.description.is_empty() {
            spec.insert("description".to_owned(), json!(new.description));
        }
        if let Some(ttl) = new.ttl {
            spec.insert("ttl".to_owned(), millis(ttl).map_err(|error| error.with_operation(OPERATION))?);
        }
        if let Some(cluster) = &new.cluster_name {
            spec.insert("clusterName".to_owned(), json!(cluster));
        }
        let made = self.ext.create(OPERATION, ("Token", PLURAL), Value::Object(spec)).await?;
        let bearer = bearer(&made);
        let token = Token::read(made).map_err(|error| error.with_operation(OPERATION))?;
        let credential = bearer.and_then(|bearer| Credential::parse(&bearer).ok());
        let Some(credential) = credential else {
            return Err(Error::new(
                ErrorKind::Decode,
                format!("the token {} was made, and the answer does not hold its secret", token.name),
                "delete it: nobody can use it",
            )
            .with_operation(OPERATION));
        };
        Ok(CreatedToken { token, credential, asked: new.ttl })
    }

    /// Changes what a token is for, switches it on or off, or shortens its life.
    ///
    /// # Errors
    /// `invalid` if nothing shall change, if the life is none, or if the server refuses the change; `unsupported` if the
    /// server took the change and ignored it, `partly_done` if it ignored a part; `not_found`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn update(&self, name: &str, change: &TokenChange) -> Result<Token> {
        const OPERATION: &str = "ext.tokens.update";
        let name = named(name)?;
        let ttl = change.ttl.map(millis).transpose().map_err(|error| error.with_operation(OPERATION))?;
        let wanted = [
            ("description", change.description.as_ref().map(|text| json!(text))),
            ("enabled", change.enabled.map(Value::from)),
            ("ttl", ttl),
        ];
        let wanted: Vec<(&str, Value)> =
            wanted.into_iter().filter_map(|(field, value)| Some((field, value?))).collect();
        if wanted.is_empty() {
            return Err(Error::invalid(
                "nothing was sent: nothing of the token shall change",
                "give a description, enabled or ttl",
            )
            .with_operation(OPERATION));
        }
        let spec: Map<String, Value> =
            wanted.iter().map(|(field, value)| ((*field).to_owned(), value.clone())).collect();
        let patch = json!({"spec": spec});
        let token = Token::read(self.ext.patch(OPERATION, PLURAL, name.object_name(), &patch).await?)?;
        let is = |field: &str| match field {
            "description" => json!(token.description),
            "enabled" => json!(token.enabled),
            _ => json!(token.ttl.map(|ttl| ttl.as_millis() as u64)),
        };
        let ignored: Vec<String> = wanted
            .iter()
            .filter(|(field, value)| is(field) != *value)
            .map(|(field, _)| (*field).to_owned())
            .collect();
        match ignored.is_empty() {
            true => Ok(token),
            false => {
                let advice = "read the token again: the server did not take what was asked for";
                let in_part = ignored.len() < wanted.len();
                Err(Error::change_ignored(&ignored, in_part, advice).with_operation(OPERATION))
            }
        }
    }

    /// Deletes a token: it is refused from then on.
    ///
    /// # Errors
    /// `not_found` if there is none that the user may see; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn delete(&self, name: &str) -> Result<()> {
        let name = named(name)?;
        self.ext.delete("ext.tokens.delete", PLURAL, name.object_name()).await
    }
}

/// The name of a token, with or without `ext/`.
fn named(name: &str) -> Result<TokenName> {
    Ok(name.parse()?)
}

/// The bearer token of an answer: as the server puts it together, or from its halves.
fn bearer(made: &Object) -> Option<String> {
    let together = text(made, "/status/bearerToken");
    together.or_else(|| Some(format!("ext/{}:{}", made.name()?, text(made, "/status/value")?)))
}
