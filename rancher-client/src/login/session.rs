//! A session: what a login made, and how it ends.

use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::fmt;

use super::LoginOptions;
use crate::credentials::Credential;
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::ext::Ext;
use crate::scope::{Confidence, KeyScope, Route, TokenKind};
use crate::transport::{Connection, Request};
use crate::wire::TokenName;

/// A session, which a login made. A clone is the same session.
///
/// Dropping it ends nothing: [`Session::close`] does, where the login asked for it, and [`Session::logout`] always.
#[derive(Clone)]
pub struct Session {
    connection: Connection,
    credential: Credential,
    pub(super) user: Option<SessionUser>,
    expiry: Option<Expiry>,
    revoke_on_close: bool,
    pub(super) notes: Vec<String>,
}

/// When a session ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expiry {
    /// The moment, by the server's clock.
    pub at: Timestamp,
    /// Whether the server said so; otherwise it is when the token was made and how long it lives, added up.
    pub stated: bool,
}

/// Whose session it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct SessionUser {
    /// Rancher's id of the user, `u-xxxxx`.
    pub id: String,
    /// The name that the user logs in with, where the server tells.
    pub username: Option<String>,
    /// Whether the user is to choose another password first, where the server tells. It is not made to: until then every
    /// call works, but for a person at the dashboard.
    pub must_change_password: Option<bool>,
}

impl SessionUser {
    pub(super) fn of(id: String) -> Self {
        Self { id, ..Self::default() }
    }
}

/// What a logout did.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoggedOut {
    /// The name of the token that is refused from now on.
    pub token: TokenName,
    /// Whether it was refused already before this asked: it was over, or its user or provider is switched off, in which case
    /// it can come back.
    pub was_over: bool,
}

impl Session {
    pub(super) fn new(
        connection: Connection,
        credential: Credential,
        user: Option<SessionUser>,
        expiry: Option<Expiry>,
        options: &LoginOptions,
        notes: Vec<String>,
    ) -> Self {
        Self { connection, credential, user, expiry, revoke_on_close: options.revoke_on_close, notes }
    }

    /// The name of the session's token, which may be shown.
    pub fn token(&self) -> Option<&TokenName> {
        self.credential.name()
    }

    /// The session's token. The client that logged in uses it already.
    pub fn credential(&self) -> &Credential {
        &self.credential
    }

    /// Whose session it is, where that could be read.
    pub fn user(&self) -> Option<&SessionUser> {
        self.user.as_ref()
    }

    /// When it ends.
    pub fn expiry(&self) -> Option<Expiry> {
        self.expiry
    }

    /// Whether [`Session::close`] ends it on the server.
    pub fn revoke_on_close(&self) -> bool {
        self.revoke_on_close
    }

    /// What else there is to say of it, in words.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Ends the session on the server if the login asked for it (`revoke_on_close`), and says what was ended. Without
    /// that it does nothing: the session goes on until its time is over.
    ///
    /// # Errors
    /// As [`Session::logout`]. The session may go on then.
    ///
    /// # Scope
    /// The session's own token.
    pub async fn close(&self) -> Result<Option<LoggedOut>> {
        match self.revoke_on_close {
            true => self.logout().await.map(Some),
            false => Ok(None),
        }
    }

    /// Ends the session on the server: its token is refused from then on. A client that still uses it has no credential
    /// afterwards; one whose credential was replaced since keeps that.
    ///
    /// # Errors
    /// Those of every request. A token that is refused already is no error.
    ///
    /// # Scope
    /// The session's own token.
    pub async fn logout(&self) -> Result<LoggedOut> {
        end(&self.connection, &self.credential).await
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("token", &self.credential)
            .field("user", &self.user)
            .field("expiry", &self.expiry)
            .field("revoke_on_close", &self.revoke_on_close)
            .finish_non_exhaustive()
    }
}

const OPERATION: &str = "logout";

/// Ends the session whose token the connection sends, see [`Client::logout`](crate::Client::logout).
pub(crate) async fn logout(connection: &Connection) -> Result<LoggedOut> {
    let credential = connection.credential();
    let refused = |what: &str, advice: &str| {
        Err(Error::invalid(format!("nothing was sent: {what}"), advice).with_operation(OPERATION))
    };
    let name = match (credential.kind(), credential.name()) {
        (TokenKind::None, _) => {
            return refused("there is no session, since the client has no credential", "log in first");
        }
        (TokenKind::V3, Some(name)) => name.clone(),
        (TokenKind::Ext, _) => {
            return refused(
                "the credential is a token of ext.cattle.io and no session",
                "to make it useless, delete it there",
            );
        }
        _ => return refused("the credential is no session", "to make it useless, delete its token"),
    };
    // a logout deletes whatever token it comes with (recorded for sessions), and an API key is no session to be ended in
    // passing
    let route = Route::from_segments(["v3", "tokens", name.object_name()])?;
    // asked as the client: that the key has no scope is not known before it is known to be a session
    let record = connection.json(connection.by_road(Request::new(OPERATION, Method::GET, route))?).await;
    match record {
        Ok(record) if record.get("isDerived").and_then(Value::as_bool) == Some(false) => {}
        Ok(_) => {
            return Err(Error::invalid(
                format!(
                    "nothing was ended: {name} is an API key and no session, and logging out would delete it"
                ),
                "to delete it, say so: delete the token",
            )
            .with_operation(OPERATION));
        }
        Err(error) if is_over(&error) => {
            connection.drop_credential(&credential);
            return Ok(LoggedOut { token: name, was_over: true });
        }
        Err(error) => return Err(error),
    }
    end(connection, &credential).await
}

/// Whether a session that was asked about is refused already. Not where that rests on what the user says of the key, which
/// may be wrong.
fn is_over(error: &Error) -> bool {
    let asserted = error.confidence() == Some(Confidence::Asserted);
    error.kind() == ErrorKind::TokenRefused && error.causes() == [Cause::TokenRefused] && !asserted
}

/// Ends the session of this credential, and of no other: a logout deletes whatever it comes with, and the client's may be
/// replaced at any moment.
async fn end(connection: &Connection, credential: &Credential) -> Result<LoggedOut> {
    let token = credential.name().cloned().ok_or_else(|| {
        Error::new(ErrorKind::Internal, "a session has a token with a name", "this is a defect of the client")
    })?;
    let own = connection.bound_to(credential, KeyScope::Global);
    let answer = match send(&own, ["v3", "tokens"], Some("logout")).await {
        // where v3 is gone
        Err(error) if error.kind() == ErrorKind::NotFound => send(&own, ["v1", "logout"], None).await,
        answer => answer,
    };
    let was_over = match answer {
        Ok(()) => false,
        // of several attempts, one whose answer was lost may have been the one that ended it
        Err(error) if is_over(&error) => error.retry().attempts <= 1,
        Err(error) => return Err(error),
    };
    connection.drop_credential(credential);
    Ok(LoggedOut { token, was_over })
}

/// A logout. It may be sent twice: the second one finds the session over (recorded: workflows, "after logout").
async fn send(connection: &Connection, segments: [&str; 2], action: Option<&str>) -> Result<()> {
    let route = Route::from_segments(segments)?;
    let route = match action {
        Some(action) => route.with_query("action", action),
        None => route,
    };
    let mut request = Request::new(OPERATION, Method::POST, route).with_json(&json!({}))?;
    request.idempotent = true;
    connection.bytes(connection.by_road(request)?).await.map(drop)
}

/// Who the connection's credential is of: by v3, and where that is gone by the extension API.
pub(super) async fn who(connection: &Connection, ext: &Ext) -> Result<SessionUser> {
    let route = Route::from_segments(["v3", "users"])?.with_query("me", "true");
    let answer = connection.json(Request::new(super::OPERATION, Method::GET, route)).await;
    match answer {
        Ok(answer) => {
            let user = answer.pointer("/data/0").cloned().unwrap_or_default();
            let text = |field: &str| user.get(field).and_then(Value::as_str).map(str::to_owned);
            let id = text("id").ok_or_else(|| {
                Error::new(ErrorKind::Decode, "the answer names no user", "").with_operation(super::OPERATION)
            })?;
            Ok(SessionUser {
                id,
                username: text("username").filter(|name| !name.is_empty()),
                must_change_password: user.get("mustChangePassword").and_then(Value::as_bool),
            })
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            ext.self_user().await.map(|id| SessionUser::of(id.to_string()))
        }
        Err(error) => Err(error),
    }
}
