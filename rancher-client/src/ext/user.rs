//! Requests about users: who one is, a new password, groups looked up again.

use secrecy::SecretString;
use serde_json::{Map, Value, json};

use super::{Ext, text};
use crate::credentials::{in_body, is_blank};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::wire::UserId;

/// A change of a password.
#[derive(Debug, Clone)]
pub struct PasswordChange {
    /// Whose.
    pub user: UserId,
    /// The password as it is. It must be given for one's own, by all but administrators (read in Rancher's source).
    pub current: Option<SecretString>,
    /// The password as it shall be.
    pub new: SecretString,
}

/// Whose groups are looked up again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshFor {
    /// Everybody's.
    All,
    /// One user's.
    User(UserId),
}

/// What the server says of a refresh of groups.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct GroupRefresh {
    /// `Completed` once the refresh was begun (recorded: oidc, "ext refresh bob").
    pub summary: Option<String>,
    /// The types of the conditions that are true, `UserRefreshInitiated`.
    pub conditions: Vec<String>,
}

impl Ext {
    /// The id of the user who asks.
    ///
    /// # Errors
    /// `unsupported` on a server without it; `decode` if the answer names nobody.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn self_user(&self) -> Result<UserId> {
        const OPERATION: &str = "ext.self_user";
        let mut request = self
            .request(OPERATION, http::Method::POST, "selfusers", None)?
            .with_json(&json!({"apiVersion": super::API_VERSION, "kind": "SelfUser"}))?;
        // a question, though it is put as a POST
        request.idempotent = true;
        let answer = super::object(self.send("selfusers", request).await?)?;
        let id = text(&answer, "/status/userID").and_then(|id| UserId::new(&id).ok());
        id.ok_or_else(|| super::no_object("the id of a user").with_operation(OPERATION))
    }

    /// Changes a password: one's own, or as an administrator anybody's. See also
    /// [`Client::change_password`](crate::Client::change_password), which finds the way that a server offers.
    ///
    /// # Errors
    /// `invalid` before anything is sent, if a password is empty; `invalid` with the cause `wrong_password` if the current
    /// one is another, or if the new one is too short; `forbidden` for somebody else's; `unsupported`. The current password
    /// of an administrator is not checked by the server (all of this is read in Rancher's source).
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn change_password(&self, change: &PasswordChange) -> Result<()> {
        const OPERATION: &str = "ext.change_password";
        check_password("new", &change.new)?;
        let mut spec = Map::new();
        spec.insert("userID".to_owned(), json!(change.user.as_str()));
        if let Some(current) = &change.current {
            check_password("current", current)?;
            spec.insert("currentPassword".to_owned(), in_body(current));
        }
        spec.insert("newPassword".to_owned(), in_body(&change.new));
        let kind = ("PasswordChangeRequest", "passwordchangerequests");
        let made = self.create(OPERATION, kind, Value::Object(spec)).await;
        made.map(drop).map_err(wrong_current)
    }

    /// Has the identity provider asked again for the groups of users.
    ///
    /// **It takes nothing away at once.** A user who left a group kept what it gave after a refresh, in sessions and keys,
    /// until the next login (recorded: oidc). To revoke now, delete the binding or the user's tokens.
    ///
    /// # Errors
    /// `forbidden` to whom may not create users (read in Rancher's source); `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn refresh_groups(&self, of: &RefreshFor) -> Result<GroupRefresh> {
        const OPERATION: &str = "ext.refresh_groups";
        let user = match of {
            RefreshFor::All => "*",
            RefreshFor::User(id) => id.as_str(),
        };
        let kind = ("GroupMembershipRefreshRequest", "groupmembershiprefreshrequests");
        let made = self.create(OPERATION, kind, json!({"userId": user})).await?;
        let conditions = made.pointer("/status/conditions").and_then(Value::as_array).into_iter().flatten();
        let is_true = |condition: &&Value| condition.get("status").and_then(Value::as_str) == Some("True");
        let named = |condition: &Value| condition.get("type").and_then(Value::as_str).map(str::to_owned);
        Ok(GroupRefresh {
            summary: text(&made, "/status/summary"),
            conditions: conditions.filter(is_true).filter_map(named).collect(),
        })
    }
}

/// Refuses an empty password before it is sent.
pub(crate) fn check_password(which: &'static str, password: &SecretString) -> Result<()> {
    match is_blank(password) {
        true => Err(Error::invalid(
            format!("nothing was sent: the {which} password is empty"),
            "give it; the server has a least length for new ones",
        )
        .with_field(format!("{which}_password"))),
        false => Ok(()),
    }
}

/// Says so where the current password was another: v3 and the extension API have no code for it, but words (read in
/// Rancher's source), and the latter sends them with a 500.
pub(crate) fn wrong_current(error: Error) -> Error {
    let says = |words: &str| error.message().is_some_and(|said| said.to_lowercase().contains(words));
    let about_content = matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Invalid);
    // "The new password must not be the same as the current password" says nothing against it
    if !about_content || !says("invalid current password") {
        return error;
    }
    let (operation, http, sent) =
        (error.operation().to_owned(), error.http().cloned(), error.request().cloned());
    let wrong = Error::invalid(
        "the password was not changed: the current one is another",
        "give the password that the user logs in with now",
    )
    .with_field("current_password")
    .with_causes([Cause::WrongPassword])
    .with_operation(operation);
    let wrong = http.into_iter().fold(wrong, Error::with_http);
    sent.into_iter().fold(wrong, Error::with_sent)
}
