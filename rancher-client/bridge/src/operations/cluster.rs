//! A cluster, through Rancher's proxy.

use rancher_client::proxy::ClusterProxy;
use serde_json::json;

use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::{Input, question};

/// The cluster that an operation is about.
pub(super) fn cluster(input: &mut Input) -> Outcome<ClusterProxy> {
    let id = input.target("cluster")?;
    Ok(input.context.client.cluster(id)?)
}

pub(super) async fn version(mut input: Input) -> Outcome<Answer> {
    let cluster = cluster(&mut input)?;
    input.done()?;
    Ok(Answer::value(cluster.version().await?))
}

pub(super) async fn whoami(mut input: Input) -> Outcome<Answer> {
    let cluster = cluster(&mut input)?;
    input.done()?;
    let me = cluster.whoami().await?;
    Ok(Answer::value(input.context.naming.value(json!({
        "user": me.user,
        "username": me.username,
        "principals": me.principals,
        "groups": me.groups,
        "token": me.token,
    }))))
}

pub(super) async fn can_i(mut input: Input) -> Outcome<Answer> {
    let cluster = cluster(&mut input)?;
    let (verb, resource) = (input.text("verb")?, input.text("resource")?);
    let (namespace, group) = (input.text_if("namespace")?, input.text_if("group")?);
    let (subresource, name) = (input.text_if("subresource")?, input.text_if("name")?);
    input.done()?;
    let question = question(&verb, &resource, namespace.as_deref(), group.as_deref(), subresource.as_deref())
        .map_err(|wrong| input.wrong("resource", wrong))?
        .named(&name.unwrap_or_default());
    let permission = cluster.can_i(&question).await?;
    Ok(Answer::value(json!({"allowed": permission.allowed, "reason": permission.reason})))
}

pub(super) async fn resolve(mut input: Input) -> Outcome<Answer> {
    let (cluster, name) = (cluster(&mut input)?, input.text("name")?);
    input.done()?;
    let found = cluster.resolve(&name).await?;
    Ok(Answer::value(input.context.naming.value(json!({
        "group": found.group,
        "version": found.version,
        "plural": found.plural,
        "kind": found.kind,
        "namespaced": found.namespaced,
        "short_names": found.short_names,
    }))))
}
