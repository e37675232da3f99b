//! One namespace of a cluster.

use rancher_client::proxy::{LogOptions, NamespaceProxy, Rollout};
use serde_json::json;

use super::lists::Lists;
use super::waits::{self, Waits};
use super::{flows, kubernetes, writes};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;
use crate::stream::Stream;

/// The namespace that an operation is about.
fn namespace(input: &mut Input) -> Outcome<NamespaceProxy> {
    let (cluster, name) = (input.target("cluster")?, input.target("namespace")?);
    Ok(input.context.client.cluster(cluster)?.namespace(&name)?)
}

pub(super) async fn get(mut input: Input) -> Outcome<Answer> {
    let namespace = namespace(&mut input)?;
    input.done()?;
    Ok(Answer::object(&namespace.get().await?))
}

pub(super) fn pods(mut input: Input) -> Outcome<Stream> {
    let (namespace, options, fields) =
        (namespace(&mut input)?, kubernetes::options(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(Lists::stream(namespace.pods(options), fields))
}

pub(super) async fn create_secret(mut input: Input) -> Outcome<Answer> {
    let (namespace, name) = (namespace(&mut input)?, input.text("name")?);
    let texts = input.named("texts")?.unwrap_or_default();
    input.done()?;
    Ok(Answer::written(&namespace.create_secret(&name, texts).await?))
}

pub(super) async fn create_deployment(mut input: Input) -> Outcome<Answer> {
    let (namespace, deployment) = (namespace(&mut input)?, input.data("deployment")?);
    input.done()?;
    Ok(Answer::written(&namespace.create_deployment(&deployment).await?))
}

pub(super) async fn deployment(mut input: Input) -> Outcome<Answer> {
    let (namespace, name) = (namespace(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(Answer::object(&namespace.deployment(&name).await?))
}

pub(super) async fn apply(mut input: Input) -> Outcome<Answer> {
    let (namespace, (object, options)) = (namespace(&mut input)?, writes::applied(&mut input)?);
    input.done()?;
    Ok(Answer::written(&namespace.apply_with(&object, &options).await?))
}

pub(super) async fn evict(mut input: Input) -> Outcome<Answer> {
    let (namespace, pod) = (namespace(&mut input)?, input.text("pod")?);
    let options = writes::deleting(&mut input)?;
    input.done()?;
    namespace.cluster().evict(namespace.name(), &pod, &options).await?;
    Ok(Answer::default())
}

fn rollout(input: &mut Input) -> Outcome<Rollout> {
    Ok(namespace(input)?.rollout(&input.target("workload")?))
}

pub(super) async fn rollout_status(mut input: Input) -> Outcome<Answer> {
    let rollout = rollout(&mut input)?;
    input.done()?;
    let status = rollout.status().await?;
    Ok(Answer::value(json!({"done": status.done, "missing": status.missing, "message": status.message})))
}

pub(super) fn rollout_wait(mut input: Input) -> Outcome<Stream> {
    let (rollout, options) = (rollout(&mut input)?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(rollout.wait(options).progress()))
}

fn log_options(input: &mut Input) -> Outcome<LogOptions> {
    Ok(LogOptions {
        container: input.text_if("container")?.unwrap_or_default(),
        follow: input.flag("follow")?.unwrap_or_default(),
        previous: input.flag("previous")?.unwrap_or_default(),
        timestamps: input.flag("timestamps")?.unwrap_or_default(),
        tail: input.whole("tail")?,
        since: input.span("since")?,
        since_time: input.text_if("since_time")?.unwrap_or_default(),
        limit_bytes: input.whole("limit_bytes")?,
    })
}

pub(super) fn logs(mut input: Input) -> Outcome<Stream> {
    let (namespace, pod, options) = (namespace(&mut input)?, input.text("pod")?, log_options(&mut input)?);
    input.done()?;
    Ok(flows::lines(namespace.logs(&pod, options)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use std::time::Duration;

    #[test]
    fn every_option_of_a_log_comes_to_its_place() {
        let given = json!({
            "target": {"cluster": "c-prod1", "namespace": "shop-web"}, "pod": "web-1", "container": "web", "follow": true,
            "previous": true, "timestamps": true, "tail": 1, "since": 2, "since_time": "2026-11-22T05:00:00Z", "limit_bytes": 3,
        });
        let expected = LogOptions {
            container: "web".into(),
            follow: true,
            previous: true,
            timestamps: true,
            tail: Some(1),
            since: Some(Duration::from_secs(2)),
            since_time: "2026-11-22T05:00:00Z".into(),
            limit_bytes: Some(3),
        };
        assert_eq!(log_options(&mut agreement::input("namespace.logs", &given)).unwrap(), expected);
        let one = json!({"target": given["target"], "pod": "web-1", "tail": 1});
        let expected = LogOptions { tail: Some(1), ..LogOptions::default() };
        assert_eq!(log_options(&mut agreement::input("namespace.logs", &one)).unwrap(), expected);
    }
}
