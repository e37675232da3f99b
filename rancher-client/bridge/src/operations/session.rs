//! Logging in and out, and passwords.

use rancher_client::login::{LoggedOut, LoginOptions, Provider, Session};
use rancher_client::wire::UserId;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;

pub(super) async fn auth_providers(input: Input) -> Outcome<Answer> {
    input.done()?;
    let found = input.context.client.auth_providers().await?;
    let told = found.iter().map(|provider| {
        json!({
            "id": provider.id,
            "type": provider.kind,
            "password": provider.password.is_some(),
            "redirect_url": provider.redirect_url,
        })
    });
    Ok(Answer::value(input.context.naming.value(told.collect())))
}

pub(super) async fn login(mut input: Input) -> Outcome<Answer> {
    let provider = input.text_if("provider")?.as_deref().map(str::parse::<Provider>).transpose()?;
    let options = LoginOptions {
        username: input.text("username")?,
        password: input.secret("password")?.unwrap_or_default(),
        provider: provider.unwrap_or_default(),
        description: input.text_if("description")?,
        revoke_on_close: input.flag("revoke_on_close")?.unwrap_or_default(),
    };
    input.done()?;
    // held at once: a login that is cancelled later has made a session all the same
    let sessions = &input.context.sessions;
    let session =
        input.context.client.login_noting(&options, |session| sessions.hold(session.clone())).await?;
    let told = input.context.naming.value(told(&session));
    Ok(Answer::value(told))
}

fn told(session: &Session) -> Value {
    let user = session.user().map(|user| {
        json!({
            "id": user.id,
            "username": user.username,
            "must_change_password": user.must_change_password,
        })
    });
    json!({
        "token": session.token().map(ToString::to_string),
        "user": user,
        "expires_at": session.expiry().map(|expiry| expiry.at.to_string()),
        "expiry_stated": session.expiry().is_some_and(|expiry| expiry.stated),
        "revoke_on_close": session.revoke_on_close(),
        "notes": session.notes(),
    })
}

pub(super) async fn logout(input: Input) -> Outcome<Answer> {
    input.done()?;
    let context = &input.context;
    let ended: LoggedOut = match context.sessions.of(&context.client) {
        Some(session) => session.logout().await?,
        None => context.client.logout().await?,
    };
    context.sessions.release(&ended.token);
    let told = json!({"token": ended.token.to_string(), "was_over": ended.was_over});
    Ok(Answer::value(context.naming.value(told)))
}

pub(super) async fn change_password(mut input: Input) -> Outcome<Answer> {
    let current = input.secret("current_password")?.unwrap_or_default();
    let new = input.secret("new_password")?.unwrap_or_default();
    input.done()?;
    input.context.client.change_password(&current, &new).await?;
    Ok(Answer::value(Value::Null))
}

pub(super) async fn set_password(mut input: Input) -> Outcome<Answer> {
    let user = UserId::new(input.text("user")?)?;
    let new = input.secret("new_password")?.unwrap_or_default();
    input.done()?;
    input.context.client.set_password(&user, &new).await?;
    Ok(Answer::value(Value::Null))
}
