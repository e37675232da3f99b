//! The extension API.

use rancher_client::ClusterId;
use rancher_client::ext::{
    Clusters, Ext, Kubeconfig, NewKubeconfig, NewToken, PasswordChange, RefreshFor, Token, TokenChange,
};
use rancher_client::wire::UserId;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;

fn ext(input: &Input) -> Ext {
    input.context.client.ext()
}

pub(super) async fn self_user(input: Input) -> Outcome<Answer> {
    input.done()?;
    Ok(Answer::value(ext(&input).self_user().await?.to_string()))
}

pub(super) async fn change_password(mut input: Input) -> Outcome<Answer> {
    let change = PasswordChange {
        user: UserId::new(input.text("user")?)?,
        new: input.secret("new_password")?.unwrap_or_default(),
        current: input.secret("current_password")?,
    };
    input.done()?;
    ext(&input).change_password(&change).await?;
    Ok(Answer::value(Value::Null))
}

pub(super) async fn refresh_groups(mut input: Input) -> Outcome<Answer> {
    let of = match input.text("user")?.as_str() {
        "*" => RefreshFor::All,
        id => RefreshFor::User(UserId::new(id)?),
    };
    input.done()?;
    let begun = ext(&input).refresh_groups(&of).await?;
    Ok(Answer::value(json!({"summary": begun.summary, "conditions": begun.conditions})))
}

pub(super) async fn user_activity(mut input: Input) -> Outcome<Answer> {
    let token = input.text("token")?;
    input.done()?;
    let seen = ext(&input).user_activity(&token).await?;
    Ok(Answer::value(input.context.naming.value(json!({
        "token": seen.token,
        "seen_at": seen.seen_at.map(|at| at.to_string()),
        "expires_at": seen.expires_at.map(|at| at.to_string()),
    }))))
}

fn token(input: &Input, token: &Token) -> Value {
    let naming = input.context.naming;
    naming.value(json!({
        "name": token.name,
        "user": token.user,
        "description": token.description,
        "kind": token.kind,
        "enabled": token.enabled,
        "ttl": token.ttl.map(|ttl| naming.span(ttl)),
        "cluster_name": token.cluster_name,
        "current": token.current,
        "expired": token.expired,
        "expires_at": token.expires_at.map(|at| at.to_string()),
        "last_used_at": token.last_used_at.map(|at| at.to_string()),
        "created": token.created.map(|at| at.to_string()),
    }))
}

pub(super) async fn tokens_list(input: Input) -> Outcome<Answer> {
    input.done()?;
    let found = ext(&input).tokens().list().await?;
    Ok(Answer::value(found.iter().map(|found| token(&input, found)).collect::<Value>()))
}

pub(super) async fn tokens_get(mut input: Input) -> Outcome<Answer> {
    let name = input.text("name")?;
    input.done()?;
    let found = ext(&input).tokens().get(&name).await?;
    Ok(Answer::value(token(&input, &found)))
}

pub(super) async fn tokens_create(mut input: Input) -> Outcome<Answer> {
    let new = NewToken {
        description: input.text_if("description")?.unwrap_or_default(),
        ttl: input.span("ttl")?,
        cluster_name: input.text_if("cluster_name")?,
    };
    input.done()?;
    let made = ext(&input).tokens().create(&new).await?;
    let bearer = made.credential.bearer().map(crate::answer::secret);
    Ok(Answer::value(
        json!({"token": token(&input, &made.token), "bearer": bearer, "clamped": made.clamped()}),
    ))
}

pub(super) async fn tokens_update(mut input: Input) -> Outcome<Answer> {
    let name = input.text("name")?;
    let change = TokenChange {
        description: input.text_if("description")?,
        enabled: input.flag("enabled")?,
        ttl: input.span("ttl")?,
    };
    input.done()?;
    let changed = ext(&input).tokens().update(&name, &change).await?;
    Ok(Answer::value(token(&input, &changed)))
}

pub(super) async fn tokens_delete(mut input: Input) -> Outcome<Answer> {
    let name = input.text("name")?;
    input.done()?;
    ext(&input).tokens().delete(&name).await?;
    Ok(Answer::value(Value::Null))
}

fn kubeconfig(input: &Input, made: &Kubeconfig) -> Value {
    let naming = input.context.naming;
    naming.value(json!({
        "name": made.name,
        "user": made.user,
        "clusters": made.clusters,
        "current_context": made.current_context,
        "description": made.description,
        "ttl": made.ttl.map(|ttl| naming.span(ttl)),
        "tokens": made.tokens,
        "summary": made.summary,
        "created": made.created.map(|at| at.to_string()),
    }))
}

pub(super) async fn kubeconfigs_list(input: Input) -> Outcome<Answer> {
    input.done()?;
    let found = ext(&input).kubeconfigs().list().await?;
    Ok(Answer::value(found.iter().map(|found| kubeconfig(&input, found)).collect::<Value>()))
}

pub(super) async fn kubeconfigs_get(mut input: Input) -> Outcome<Answer> {
    let name = input.text("name")?;
    input.done()?;
    let found = ext(&input).kubeconfigs().get(&name).await?;
    Ok(Answer::value(kubeconfig(&input, &found)))
}

pub(super) async fn kubeconfigs_create(mut input: Input) -> Outcome<Answer> {
    let ids = input.texts("clusters")?.unwrap_or_default();
    let clusters = match ids.as_slice() {
        [all] if all == "*" => Clusters::All,
        ids => Clusters::Only(ids.iter().map(ClusterId::new).collect::<Result<_, _>>()?),
    };
    let new = NewKubeconfig {
        clusters,
        current_context: input.text_if("current_context")?.as_deref().map(ClusterId::new).transpose()?,
        description: input.text_if("description")?.unwrap_or_default(),
        ttl: input.span("ttl")?,
    };
    input.done()?;
    let made = ext(&input).kubeconfigs().create(&new).await?;
    let value = crate::answer::secret(&made.value);
    Ok(Answer::value(json!({"kubeconfig": kubeconfig(&input, &made.kubeconfig), "value": value})))
}

pub(super) async fn kubeconfigs_delete(mut input: Input) -> Outcome<Answer> {
    let name = input.text("name")?;
    input.done()?;
    ext(&input).kubeconfigs().delete(&name).await?;
    Ok(Answer::value(Value::Null))
}
