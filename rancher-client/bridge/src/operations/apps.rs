//! Apps of a cluster.

use rancher_client::apps::{
    AppOperation, Apps, ChartIndex, InstallOptions, NewRepo, RepoSecret, Repos, UninstallOptions,
    UpgradeOptions,
};
use serde_json::{Map, Value, json};
use std::time::Duration;

use super::flows;
use super::lists::Lists;
use super::v3::deleted;
use super::waits::{self, Waits};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;
use crate::stream::Stream;

fn apps(input: &mut Input) -> Outcome<Apps> {
    let cluster = input.target("cluster")?;
    Ok(input.context.client.cluster(cluster)?.apps())
}

fn repos(input: &mut Input) -> Outcome<Repos> {
    Ok(apps(input)?.repos())
}

fn release(input: &mut Input) -> Outcome<(String, String)> {
    Ok((input.text("namespace")?, input.text("release")?))
}

pub(super) fn list(mut input: Input) -> Outcome<Stream> {
    let (apps, namespace) = (apps(&mut input)?, input.text_if("namespace")?.unwrap_or_default());
    let fields = input.fields("fields")?;
    input.done()?;
    Ok(Lists::stream(apps.list(&namespace)?, fields))
}

pub(super) async fn get(mut input: Input) -> Outcome<Answer> {
    let (apps, (namespace, release)) = (apps(&mut input)?, release(&mut input)?);
    input.done()?;
    Ok(Answer::object(&apps.get(&namespace, &release).await?))
}

pub(super) async fn values(mut input: Input) -> Outcome<Answer> {
    let (apps, (namespace, release)) = (apps(&mut input)?, release(&mut input)?);
    input.done()?;
    Ok(Answer::value(Value::from(apps.values(&namespace, &release).await?)))
}

fn helm_timeout(input: &mut Input, usual: Duration) -> Outcome<Duration> {
    Ok(input.span("helm_timeout")?.unwrap_or(usual))
}

fn install_options(input: &mut Input) -> Outcome<InstallOptions> {
    let usual = InstallOptions::default();
    Ok(InstallOptions {
        repo: input.text("repo")?,
        chart: input.text("chart")?,
        version: input.text_if("version")?.unwrap_or_default(),
        namespace: input.text_if("namespace")?.unwrap_or_default(),
        release: input.text_if("release")?.unwrap_or_default(),
        project: input.text_if("project")?.unwrap_or_default(),
        values: input.data_if("values")?.unwrap_or_default(),
        helm_wait: input.flag("helm_wait")?.unwrap_or_default(),
        helm_timeout: helm_timeout(input, usual.helm_timeout)?,
        no_hooks: input.flag("no_hooks")?.unwrap_or_default(),
        no_openapi_validation: input.flag("no_openapi_validation")?.unwrap_or_default(),
        description: input.text_if("description")?.unwrap_or_default(),
    })
}

pub(super) async fn install(mut input: Input) -> Outcome<Answer> {
    let (apps, options) = (apps(&mut input)?, install_options(&mut input)?);
    input.done()?;
    Ok(begun(&apps.install(&options).await?))
}

fn upgrade_options(input: &mut Input) -> Outcome<UpgradeOptions> {
    let usual = UpgradeOptions::default();
    let history_max = input.whole("history_max")?;
    Ok(UpgradeOptions {
        version: input.text_if("version")?.unwrap_or_default(),
        values: input.data_if("values")?.unwrap_or_default(),
        reset_values: input.flag("reset_values")?.unwrap_or_default(),
        repo: input.text_if("repo")?.unwrap_or_default(),
        helm_wait: input.flag("helm_wait")?.unwrap_or_default(),
        helm_timeout: helm_timeout(input, usual.helm_timeout)?,
        no_hooks: input.flag("no_hooks")?.unwrap_or_default(),
        no_openapi_validation: input.flag("no_openapi_validation")?.unwrap_or_default(),
        force: input.flag("force")?.unwrap_or_default(),
        cleanup_on_fail: input.flag("cleanup_on_fail")?.unwrap_or_default(),
        // more than any release has
        history_max: history_max.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        description: input.text_if("description")?.unwrap_or_default(),
    })
}

pub(super) async fn upgrade(mut input: Input) -> Outcome<Answer> {
    let (apps, (namespace, release)) = (apps(&mut input)?, release(&mut input)?);
    let options = upgrade_options(&mut input)?;
    input.done()?;
    Ok(begun(&apps.upgrade(&namespace, &release, &options).await?))
}

fn uninstall_options(input: &mut Input) -> Outcome<UninstallOptions> {
    let usual = UninstallOptions::default();
    Ok(UninstallOptions {
        keep_history: input.flag("keep_history")?.unwrap_or_default(),
        no_hooks: input.flag("no_hooks")?.unwrap_or_default(),
        helm_timeout: helm_timeout(input, usual.helm_timeout)?,
        description: input.text_if("description")?.unwrap_or_default(),
    })
}

pub(super) async fn uninstall(mut input: Input) -> Outcome<Answer> {
    let (apps, (namespace, release)) = (apps(&mut input)?, release(&mut input)?);
    let options = uninstall_options(&mut input)?;
    input.done()?;
    Ok(begun(&apps.uninstall(&namespace, &release, &options).await?))
}

fn begun(operation: &AppOperation) -> Answer {
    Answer::value(json!({
        "id": operation.id(),
        "action": operation.action(),
        "namespace": operation.namespace(),
        "release": operation.release(),
        "chart": operation.chart(),
        "version": operation.version(),
        "revision": operation.revision(),
    }))
}

pub(super) async fn status(mut input: Input) -> Outcome<Answer> {
    let (apps, id) = (apps(&mut input)?, input.text("operation")?);
    input.done()?;
    let status = apps.operation(&id)?.status().await?;
    Ok(Answer::value(json!({
        "phase": status.phase.as_str(),
        "message": status.message,
        "action": status.action,
        "namespace": status.namespace,
        "release": status.release,
    })))
}

pub(super) fn logs(mut input: Input) -> Outcome<Stream> {
    let (apps, id, tail) = (apps(&mut input)?, input.text("operation")?, input.whole("tail")?);
    input.done()?;
    Ok(flows::lines(apps.operation(&id)?.logs(tail)))
}

pub(super) fn wait(mut input: Input) -> Outcome<Stream> {
    let (apps, operation) = (apps(&mut input)?, input.data("operation")?);
    let (rollout, options) = (input.flag("rollout")?.unwrap_or(true), waits::options(&mut input)?);
    let Some(id) = operation.text("id") else {
        return Err(input.invalid("operation", "the operation has no id", "give what install returned"));
    };
    input.done()?;
    let begun = apps.operation(id)?;
    let begun = match operation.get("revision").and_then(Value::as_u64) {
        Some(revision) => begun.of_revision(revision),
        None => begun,
    };
    let begun = match operation.text("version") {
        Some(version) => begun.of_version(version),
        None => begun,
    };
    let wait = if rollout { begun.wait(options) } else { begun.wait_ended(options) };
    Ok(Waits::stream(wait.progress()))
}

pub(super) fn repos_list(mut input: Input) -> Outcome<Stream> {
    let (repos, fields) = (repos(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(Lists::stream(repos.list()?, fields))
}

pub(super) async fn repos_get(mut input: Input) -> Outcome<Answer> {
    let (repos, name) = (repos(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(Answer::object(&repos.get(&name).await?))
}

fn new_repo(input: &mut Input) -> Outcome<NewRepo> {
    let (namespace, name) = (input.text_if("secret_namespace")?, input.text_if("secret_name")?);
    let secret = match (namespace, name) {
        (None, None) => None,
        (namespace, name) => {
            Some(RepoSecret { namespace: namespace.unwrap_or_default(), name: name.unwrap_or_default() })
        }
    };
    let (url, git) = (input.text("url")?, input.flag("git")?.unwrap_or_default());
    let (url, git_repo) = if git { (String::new(), url) } else { (url, String::new()) };
    Ok(NewRepo {
        name: input.text("name")?,
        url,
        git_repo,
        git_branch: input.text_if("git_branch")?.unwrap_or_default(),
        secret,
        ca_pem: input.text_if("ca_pem")?.unwrap_or_default(),
        insecure_tls: input.flag("insecure_tls")?.unwrap_or_default(),
        insecure_plain_http: input.flag("insecure_plain_http")?.unwrap_or_default(),
    })
}

pub(super) async fn repos_create(mut input: Input) -> Outcome<Answer> {
    let (repos, repo) = (repos(&mut input)?, new_repo(&mut input)?);
    input.done()?;
    Ok(Answer::object(&repos.create(&repo).await?))
}

pub(super) async fn repos_delete(mut input: Input) -> Outcome<Answer> {
    let (repos, name) = (repos(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(deleted(&repos.delete(&name).await?))
}

pub(super) async fn repos_refresh(mut input: Input) -> Outcome<Answer> {
    let (repos, name) = (repos(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(Answer::object(&repos.refresh(&name).await?))
}

pub(super) fn repos_wait(mut input: Input) -> Outcome<Stream> {
    let (repos, name, options) = (repos(&mut input)?, input.text("name")?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(repos.wait(&name, options).progress()))
}

pub(super) async fn repos_index(mut input: Input) -> Outcome<Answer> {
    let (repos, name) = (repos(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(Answer::value(index(&repos.index(&name).await?)))
}

/// The index by the server's own names.
fn index(index: &ChartIndex) -> Value {
    let entries = index.entries.iter().map(|(name, versions)| {
        let versions: Vec<Value> = versions
            .iter()
            .map(|version| {
                json!({
                    "name": version.name,
                    "version": version.version,
                    "appVersion": version.app_version,
                    "description": version.description,
                    "deprecated": version.deprecated,
                    "kubeVersion": version.kube_version,
                    "annotations": version.annotations,
                })
            })
            .collect();
        (name.clone(), Value::Array(versions))
    });
    Value::Object(entries.collect::<Map<_, _>>())
}

pub(super) async fn repos_chart(mut input: Input) -> Outcome<Answer> {
    let (repos, repo, chart) = (repos(&mut input)?, input.text("repo")?, input.text("chart")?);
    let version = input.text_if("version")?.unwrap_or_default();
    input.done()?;
    let info = repos.chart(&repo, &chart, &version).await?;
    let text = |name: &str| info.chart.get(name).and_then(Value::as_str).unwrap_or_default();
    let mut answer = input.context.naming.value(json!({
        "name": text("name"),
        "version": text("version"),
        "description": text("description"),
        "readme": info.readme,
        "app_readme": info.app_readme,
    }));
    if let Value::Object(answer) = &mut answer {
        // the chart's own names stay as they are
        answer.insert("values".to_owned(), Value::Object(info.values.clone()));
        answer.insert("questions".to_owned(), Value::Object(info.questions.clone()));
    }
    Ok(Answer::value(answer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use rancher_client::wire::Object;

    #[test]
    fn every_option_comes_to_its_place() {
        let target = json!({"cluster": "c-prod1"});
        let values = json!({"a": 1});
        let object = Object::try_from(values.clone()).unwrap();
        let five = Duration::from_secs(5);
        let given = json!({
            "target": target, "repo": "a", "chart": "b", "version": "c", "namespace": "d", "release": "e",
            "project": "f", "values": values, "helm_wait": true, "helm_timeout": 5, "no_hooks": true,
            "no_openapi_validation": true, "description": "g",
        });
        let expected = InstallOptions {
            repo: "a".into(),
            chart: "b".into(),
            version: "c".into(),
            namespace: "d".into(),
            release: "e".into(),
            project: "f".into(),
            values: object.clone(),
            helm_wait: true,
            helm_timeout: five,
            no_hooks: true,
            no_openapi_validation: true,
            description: "g".into(),
        };
        assert_eq!(install_options(&mut agreement::input("apps.install", &given)).unwrap(), expected);
        let given = json!({
            "target": target, "namespace": "x", "release": "y", "version": "a", "values": values, "reset_values": true,
            "repo": "b", "helm_wait": true, "helm_timeout": 5, "no_hooks": true, "no_openapi_validation": true,
            "force": true, "cleanup_on_fail": true, "history_max": 7, "description": "c",
        });
        let expected = UpgradeOptions {
            version: "a".into(),
            values: object,
            reset_values: true,
            repo: "b".into(),
            helm_wait: true,
            helm_timeout: five,
            no_hooks: true,
            no_openapi_validation: true,
            force: true,
            cleanup_on_fail: true,
            history_max: Some(7),
            description: "c".into(),
        };
        assert_eq!(upgrade_options(&mut agreement::input("apps.upgrade", &given)).unwrap(), expected);
        let given = json!({
            "target": target, "namespace": "x", "release": "y", "keep_history": true, "no_hooks": true,
            "helm_timeout": 5, "description": "a",
        });
        let expected = UninstallOptions {
            keep_history: true,
            no_hooks: true,
            helm_timeout: five,
            description: "a".into(),
        };
        assert_eq!(uninstall_options(&mut agreement::input("apps.uninstall", &given)).unwrap(), expected);
        let given = json!({
            "target": target, "name": "a", "url": "c", "git": true, "git_branch": "d", "secret_namespace": "e",
            "secret_name": "f", "ca_pem": "g", "insecure_tls": true, "insecure_plain_http": true,
        });
        let expected = NewRepo {
            name: "a".into(),
            url: String::new(),
            git_repo: "c".into(),
            git_branch: "d".into(),
            secret: Some(RepoSecret { namespace: "e".into(), name: "f".into() }),
            ca_pem: "g".into(),
            insecure_tls: true,
            insecure_plain_http: true,
        };
        assert_eq!(new_repo(&mut agreement::input("apps.repos.create", &given)).unwrap(), expected);
    }
}
