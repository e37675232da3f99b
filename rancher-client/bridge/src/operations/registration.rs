//! Clusters come and go.

use rancher_client::workflow::registration::{
    CreateOptions, ImportOptions, RegisteredCluster, Registration, RegistrationToken, RemoveOptions,
    RotateTokenOptions, Seen, TokenOptions,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::waits::{self, Waits};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;
use crate::naming::Naming;
use crate::stream::Stream;

fn registration(input: &Input) -> Registration {
    input.context.client.registration()
}

fn texts(input: &mut Input, name: &str) -> Outcome<BTreeMap<String, String>> {
    Ok(input.named(name)?.unwrap_or_default().into_iter().collect())
}

fn registered(naming: Naming, cluster: &RegisteredCluster) -> Answer {
    Answer::value(naming.value(json!({
        "id": cluster.id, "name": cluster.name, "created": cluster.created, "provisioning": cluster.provisioning,
    })))
}

fn import_options(input: &mut Input) -> Outcome<ImportOptions> {
    Ok(ImportOptions {
        description: input.text_if("description")?.unwrap_or_default(),
        labels: texts(input, "labels")?,
        annotations: texts(input, "annotations")?,
    })
}

pub(super) async fn import_cluster(mut input: Input) -> Outcome<Answer> {
    let (name, options) = (input.text("name")?, import_options(&mut input)?);
    input.done()?;
    let made = registration(&input).import_cluster(&name, &options).await?;
    Ok(registered(input.context.naming, &made))
}

pub(super) async fn ensure_imported(mut input: Input) -> Outcome<Answer> {
    let (name, options) = (input.text("name")?, import_options(&mut input)?);
    input.done()?;
    let found = registration(&input).ensure_imported(&name, &options).await?;
    Ok(registered(input.context.naming, &found))
}

pub(super) async fn create(mut input: Input) -> Outcome<Answer> {
    let (name, kubernetes_version) = (input.text("name")?, input.text("kubernetes_version")?);
    let options = CreateOptions {
        kubernetes_version,
        namespace: input.text_if("namespace")?.unwrap_or_default(),
        labels: texts(&mut input, "labels")?,
        annotations: texts(&mut input, "annotations")?,
        rke_config: input.data_if("rke_config")?.map(|config| config.into_fields()).unwrap_or_default(),
        wait: waits::options(&mut input)?,
    };
    input.done()?;
    let made = registration(&input).create(&name, &options).await?;
    Ok(registered(input.context.naming, &made))
}

/// The token that a call is about, waited for.
async fn chosen(input: &mut Input) -> Outcome<RegistrationToken> {
    let (cluster, id) = (input.text("cluster")?, input.text_if("token_id")?);
    let wait = waits::options(input)?;
    input.done()?;
    let registration = registration(input);
    Ok(match id {
        Some(id) => registration.token_of(&cluster, &id, wait).await?,
        None => registration.token(&cluster, wait).await?,
    })
}

pub(super) async fn token(mut input: Input) -> Outcome<Answer> {
    Ok(Answer::object(chosen(&mut input).await?.object()))
}

pub(super) async fn command(mut input: Input) -> Outcome<Answer> {
    Ok(Answer::value(json!({"$secret": chosen(&mut input).await?.command().expose()})))
}

pub(super) async fn manifest(mut input: Input) -> Outcome<Answer> {
    let token = chosen(&mut input).await?;
    Ok(Answer::value(json!({"$secret": registration(&input).manifest_of(&token).await?.expose()})))
}

fn token_options(input: &mut Input) -> Outcome<TokenOptions> {
    Ok(TokenOptions {
        ttl: input.span("ttl")?,
        grace_period: input.span("grace_period")?,
        wait: waits::options(input)?,
    })
}

pub(super) async fn create_token(mut input: Input) -> Outcome<Answer> {
    let (cluster, options) = (input.text("cluster")?, token_options(&mut input)?);
    input.done()?;
    Ok(Answer::object(registration(&input).create_token(&cluster, &options).await?.object()))
}

pub(super) fn wait_connected(mut input: Input) -> Outcome<Stream> {
    let (cluster, options) = (input.text("cluster")?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(registration(&input).wait_connected(&cluster, options)?.progress()))
}

pub(super) fn wait_ready(mut input: Input) -> Outcome<Stream> {
    let (cluster, options) = (input.text("cluster")?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(registration(&input).wait_ready(&cluster, options)?.progress()))
}

pub(super) async fn rotate_token(mut input: Input) -> Outcome<Answer> {
    let (cluster, token) = (input.text("cluster")?, token_options(&mut input)?);
    let options = RotateTokenOptions {
        to: input.text_if("to")?,
        token,
        roll_out: input.flag("roll_out")?.unwrap_or_default(),
        cut_off: input.flag("cut_off")?.unwrap_or_default(),
        wait: token.wait,
    };
    input.done()?;
    let rotated = registration(&input).rotate_token(&cluster, &options).await?;
    let kept: Vec<Value> =
        rotated.kept.iter().map(|kept| json!({"id": kept.id, "because": kept.because})).collect();
    Ok(Answer::value(input.context.naming.value(json!({
        "token_id": rotated.token.id, "created": rotated.created, "deleted": rotated.deleted, "kept": kept,
        "connected": rotated.connected,
    }))))
}

pub(super) async fn removal(mut input: Input) -> Outcome<Answer> {
    let cluster = input.text("cluster")?;
    input.done()?;
    let report = registration(&input).removal(&cluster).await?;
    let seen = |seen: &Seen| {
        json!({
            "what": seen.what, "count": seen.count, "complete": seen.complete, "names": seen.names,
            "because": seen.because,
        })
    };
    Ok(Answer::value(input.context.naming.value(json!({
        "cluster": report.cluster, "name": report.name, "state": report.state, "provisioning": report.provisioning, "goes_on": report.goes_on,
        "goes": report.goes.iter().map(seen).collect::<Vec<_>>(),
        "inside": report.inside.iter().map(seen).collect::<Vec<_>>(),
        "not_looked": report.not_looked, "text": report.to_string(),
    }))))
}

pub(super) async fn remove(mut input: Input) -> Outcome<Answer> {
    let (cluster, confirm) = (input.text("cluster")?, input.text("confirm")?);
    let options = RemoveOptions {
        wait: waits::options(&mut input)?,
        clear_finalizers: input.flag("clear_finalizers")?.unwrap_or_default(),
    };
    input.done()?;
    let removed = registration(&input).remove(&cluster, &confirm, &options).await?;
    Ok(Answer::value(input.context.naming.value(json!({
        "id": removed.id, "name": removed.name, "cleared": removed.cleared,
    }))))
}
