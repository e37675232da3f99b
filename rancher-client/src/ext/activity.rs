//! When a session was active last, which its idle time-out goes by.

use jiff::Timestamp;

use super::{Ext, moment};
use crate::error::Result;
use crate::wire::{Object, TokenName};

/// The activity of a session.
///
/// No recording shows its fields; that it can be read and written, by a name, is recorded (the discovery of the group). The
/// fields are those that Rancher's own dashboard reads.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct UserActivity {
    /// The name of the session's token.
    pub token: String,
    /// When the user was seen last.
    pub seen_at: Option<Timestamp>,
    /// When the session ends unless the user is seen again.
    pub expires_at: Option<Timestamp>,
    /// The object as the server wrote it.
    pub raw: Object,
}

impl Ext {
    /// The activity of a session of one's own, by the name of its token.
    ///
    /// # Errors
    /// `not_found` if there is no such session; `invalid` if that is no name of a token; `unsupported`.
    ///
    /// # Scope
    /// See [`Ext`].
    pub async fn user_activity(&self, token: &str) -> Result<UserActivity> {
        let name: TokenName = token.parse()?;
        let object = self.get("ext.user_activity", "useractivities", name.object_name()).await?;
        Ok(UserActivity {
            token: name.to_string(),
            seen_at: moment(&object, "/spec/seenAt"),
            expires_at: moment(&object, "/status/expiresAt"),
            raw: object,
        })
    }
}
