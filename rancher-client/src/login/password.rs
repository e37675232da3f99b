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
///
/// v3 goes first: it checks the current password of everybody, and then no longer asks for another one. The extension API does
/// not check that of an administrator, and leaves `mustChangePassword` as it was up to 2.13 (both read in Rancher's source).
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
    let elsewhere = [ErrorKind::NotFound, ErrorKind::OutOfScope, ErrorKind::Undetermined];
    let refused = match by_v3(connection, OPERATION, current, new).await {
        // where v3 is gone, or not the key's to ask: nothing was done
        Err(error) if elsewhere.contains(&error.kind()) => error,
        changed => return changed.map_err(wrong_current),
    };
    let by_ext = async {
        let user = ext.self_user().await?;
        ext.change_password(&PasswordChange { user, current: Some(current.clone()), new: new.clone() }).await
    };
    match by_ext.await {
        // it is not the key's to ask either
        Err(error) if error.kind() == refused.kind() => Err(refused),
        // there is no other way, and the one that there is was not the key's
        Err(error) if error.kind() == ErrorKind::Unsupported && refused.kind() != ErrorKind::NotFound => {
            Err(refused)
        }
        changed => changed.map_err(|error| error.with_operation(OPERATION)),
    }
}

async fn by_v3(
    connection: &Connection,
    operation: &'static str,
    current: &SecretString,
    new: &SecretString,
) -> Result<()> {
    // recorded: workflows, "change own password"
    let route = Route::from_segments(["v3", "users"])?.with_query("action", "changepassword");
    let body = json!({"currentPassword": in_body(current), "newPassword": in_body(new)});
    let request = Request::new(operation, Method::POST, route).with_json(&body)?;
    connection.json(connection.by_road(request)?).await.map(drop)
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
