//! A user of the run: what is wrong with a login is told apart, a session works and ends, a password changes.

use rancher_client::Client;
use rancher_client::credentials::Credential;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::login::{LoginOptions, Provider};
use secrecy::SecretString;
use serde_json::json;
use std::time::{Duration, Instant};

use crate::ground::{note, object};
use crate::journal::Entry;
use crate::mark::letter;
use crate::outcome::{Outcome, Stop, check, fail, refused, skip};
use crate::site::Site;

/// How long a server of several replicas may take to know a user, or to forget a password.
const LAG: Duration = Duration::from_secs(30);

fn password() -> String {
    (0..32).map(|_| letter(b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789")).collect()
}

fn as_user(username: &str, password: &str) -> LoginOptions {
    LoginOptions {
        username: username.to_owned(),
        password: SecretString::from(password),
        revoke_on_close: true,
        ..Default::default()
    }
}

/// Makes a user who may log in and nothing else.
async fn make(site: &Site, username: &str, password: &str) -> Result<String, Stop> {
    note(site, &Entry::User { name: username.to_owned() }).map_err(Stop::Failed)?;
    let v3 = site.client.v3();
    let user = object(json!({
        "type": "user", "username": username, "name": username, "password": password, "enabled": true,
        "mustChangePassword": false, "description": format!("{username} of the live suite"),
    }))?;
    let made = v3.collection("users")?.create(&user).await?;
    check(!format!("{made:?}").contains(password), "the password of the new user is shown")?;
    let Some(id) = made.id() else { return fail("a user was made without an id") };
    let role = object(json!({"type": "globalRoleBinding", "userId": id, "globalRoleId": "user-base"}))?;
    v3.collection("globalrolebindings")?.create(&role).await?;
    Ok(id.to_owned())
}

/// Logs in until it goes as it must.
async fn until<T>(
    client: &Client,
    options: &LoginOptions,
    fits: impl Fn(&Result<rancher_client::login::Session, Error>) -> Option<T>,
    what: &str,
) -> Result<T, Stop> {
    let deadline = Instant::now() + LAG;
    loop {
        let answer = client.login(options).await;
        if let Some(fitting) = fits(&answer) {
            return Ok(fitting);
        }
        if Instant::now() > deadline {
            let said = answer.map_or_else(|error| error.to_string(), |_| "it was let in".to_owned());
            return fail(format!("{what}: {said}"));
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// A wrong password, a session, its end, another password, and a user who is disabled.
pub(super) async fn login(site: &Site) -> Outcome {
    let stranger = site.with(Credential::anonymous())?;
    let providers = stranger.auth_providers().await?;
    if !providers.iter().any(|provider| provider.password == Some(Provider::Local)) {
        return skip("the provider local is switched off");
    }
    site.writes_globally()?;
    for (verb, what) in [("create", "users"), ("delete", "users"), ("create", "globalrolebindings")] {
        site.may_globally(verb, what).await?;
    }
    let (username, first, second) = (site.run.named("user"), password(), password());
    let id = make(site, &username, &first).await?;
    let let_in = |answer: &Result<rancher_client::login::Session, Error>| answer.as_ref().ok().map(|_| ());
    let session = {
        until(&stranger, &as_user(&username, &first), let_in, "the new user is not let in").await?;
        site.with(Credential::anonymous())?.login(&as_user(&username, &first)).await?
    };
    check(session.user().is_some_and(|user| user.id == id), "the session is somebody else's")?;
    let client = site.with(session.credential().clone())?;
    let me = client.users().get(&id).await?;
    check(me.username.as_deref() == Some(username.as_str()), "the user is somebody else")?;
    check(!format!("{session:?}").contains(&first), "the session shows the password")?;

    let wrong =
        refused(stranger.login(&as_user(&username, "wrong-password-0451")).await, "a wrong password")?;
    check(
        wrong.kind() == ErrorKind::Unauthenticated && wrong.causes().contains(&Cause::WrongPassword),
        &wrong,
    )?;
    client.change_password(&SecretString::from(first.as_str()), &SecretString::from(second.as_str())).await?;
    until(&stranger, &as_user(&username, &second), let_in, "the new password is not taken").await?;
    let refuses = |answer: &Result<rancher_client::login::Session, Error>| match answer {
        Err(error) if error.causes().contains(&Cause::WrongPassword) => Some(()),
        _ => None,
    };
    until(&stranger, &as_user(&username, &first), refuses, "the old password").await?;

    session.logout().await?;
    let over = refused(client.users().get(&id).await, "a session that was ended")?;
    super::refusals::not_alive(&over)?;

    let users = site.client.v3().collection("users")?;
    users.update_with(&id, |user| user.set("enabled", false)).await?;
    let disabled = |answer: &Result<rancher_client::login::Session, Error>| match answer {
        Err(error) if error.causes().contains(&Cause::UserDisabled) => Some(error.kind()),
        _ => None,
    };
    let told = until(&stranger, &as_user(&username, &second), disabled, "a user who is disabled").await?;
    Ok(format!("in and out; wrong password: {}; disabled: {told}", wrong.kind()))
}
