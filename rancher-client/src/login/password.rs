//! A new password: one's own, or as an administrator another user's.

use http::Method;
use secrecy::SecretString;
use serde_json::json;

use crate::credentials::in_body;
use crate::error::{ErrorKind, Result};
use crate::ext::{Ext, PasswordChange, check_password, wrong_current};
use crate::scope::Route;
use crate::transport::{Connection, Request};
use crate::wire::UserId;

/// Changes the caller's own password. See [`Client::change_password`](crate::Client::change_password).
pub(crate) async fn change_password(
    connection: &Connection,
    ext: &Ext,
    current: &SecretString,
    new: &SecretString,
) -> Result<()> {
    const OPERATION: &str = "change_password";
    for (which, password) in [("current", current), ("new", new)] {
        check_password(which, password).map_err(|error| error.with_operation(OPERATION))?;
    }
    let user = match ext.self_user().await {
        Ok(user) => Some(user),
        Err(error) if error.kind() == ErrorKind::Unsupported => None,
        Err(error) => return Err(error),
    };
    if let Some(user) = user {
        let change = PasswordChange { user, current: Some(current.clone()), new: new.clone() };
        match ext.change_password(&change).await {
            // a server that has one of the two and not the other
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            changed => return changed,
        }
    }
    // recorded: workflows, "change own password"
    let route = Route::from_segments(["v3", "users"])?.with_query("action", "changepassword");
    let body = json!({"currentPassword": in_body(current), "newPassword": in_body(new)});
    let request = Request::new(OPERATION, Method::POST, route).with_json(&body)?;
    connection.json(connection.by_road(request)?).await.map(drop).map_err(wrong_current)
}

/// Sets another user's password. See [`Client::set_password`](crate::Client::set_password).
pub(crate) async fn set_password(connection: &Connection, user: &UserId, new: &SecretString) -> Result<()> {
    const OPERATION: &str = "set_password";
    check_password("new", new).map_err(|error| error.with_operation(OPERATION))?;
    // recorded: workflows, "set password"
    let route = Route::from_segments(["v3", "users", user.as_str()])?.with_query("action", "setpassword");
    let request =
        Request::new(OPERATION, Method::POST, route).with_json(&json!({"newPassword": in_body(new)}))?;
    connection.json(connection.by_road(request)?).await.map(drop)
}
