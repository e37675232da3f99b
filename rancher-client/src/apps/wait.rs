//! Waiting for an operation, for what it makes of the release, and for what that deploys.

use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

use super::AppOperation;
use super::operation::{OperationPhase, OperationStatus};
use crate::error::{Error, ErrorKind, Result};
use crate::wait::{Judged, Until, Wait, WaitOptions};
use crate::wire::{Kept, Object};

/// What an operation must lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goal {
    /// Helm has ended.
    Ended,
    /// The release is what it shall be, and its workloads run.
    RolledOut,
}

/// What a look at everything came to; the wait asks for it after it got the object.
type Verdict = Arc<Mutex<Option<Judged>>>;

fn missing(words: String, said: Option<String>) -> Judged {
    Ok(Some((words, said)))
}

impl AppOperation {
    /// Waits until the operation is over, the release is deployed as it was asked for, and everything that it deploys
    /// runs: its deployments, stateful sets and daemon sets. Awaited, it is the app; of an uninstall, the operation,
    /// once the app is gone.
    ///
    /// That Helm ended well is not enough: a wait also reads the app, and does not take an older revision for the new
    /// one. What else a chart makes, such as jobs, is not waited for.
    ///
    /// # Errors
    /// At once, if it cannot succeed as things are: the operation failed, with the last lines of Helm's log as the
    /// reason and no value in them (`forbidden` with the reason `quota`, `rbac`, `pod_security` or `admission`,
    /// `already_exists`, `conflict`, `timeout`, or `invalid`); or a rollout fails, see
    /// [`Rollout::wait`](crate::proxy::Rollout::wait). Later, `timeout` with what is still missing. Otherwise see
    /// [`wait`](crate::wait).
    ///
    /// # Scope
    /// See [`Apps`](super::Apps). For rollouts, the user must be allowed to read the workloads.
    pub fn wait(&self, options: WaitOptions) -> Wait<Object> {
        self.wait_for(Goal::RolledOut, options)
    }

    /// Waits until Helm has ended well, and the release is what was asked for; not for what it deploys.
    ///
    /// # Errors
    /// As [`AppOperation::wait`], without rollouts.
    ///
    /// # Scope
    /// See [`Apps`](super::Apps).
    pub fn wait_ended(&self, options: WaitOptions) -> Wait<Object> {
        self.wait_for(Goal::Ended, options)
    }

    fn wait_for(&self, goal: Goal, options: WaitOptions) -> Wait<Object> {
        let verdict = Verdict::default();
        let told = Arc::clone(&verdict);
        let words = if goal == Goal::Ended { "Helm ended well" } else { "rolled out" };
        let until = Until::judged(words, move |_| {
            let verdict = told.lock().unwrap_or_else(PoisonError::into_inner).take();
            verdict.unwrap_or_else(|| missing("nothing was looked at yet".to_owned(), None))
        });
        let operation = self.clone();
        Wait::new("apps.wait", format!("the operation {}", self.id), until, options, move || {
            let (operation, verdict) = (operation.clone(), Arc::clone(&verdict));
            Box::pin(async move {
                let (object, judged) = operation.look(goal).await?;
                *verdict.lock().unwrap_or_else(PoisonError::into_inner) = Some(judged);
                Ok(object)
            })
        })
    }

    /// One look at everything: the object that speaks, and what is missing.
    async fn look(&self, goal: Goal) -> Result<(Kept<Object>, Judged)> {
        let object = self.read("apps.wait").await?;
        let status = OperationStatus::read(&object, &self.masked);
        let said = Some(status.message.clone()).filter(|message| !message.is_empty());
        match status.phase {
            OperationPhase::Waiting => {
                return Ok((object, missing("its pod does not run yet".to_owned(), said)));
            }
            OperationPhase::Running => return Ok((object, missing("Helm is at work".to_owned(), said))),
            OperationPhase::Failed => {
                let error = self.failure(&status).await;
                return Ok((object, Err(error)));
            }
            // nobody saw how it ended: the release itself says
            OperationPhase::Succeeded | OperationPhase::Unknown => {}
        }
        if status.action == "uninstall" {
            return self.look_gone(object, &status).await;
        }
        let app = match self.apps.read("apps.wait", &status.namespace, &status.release).await {
            Ok(app) => app,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok((object, missing("Rancher does not know the app yet".to_owned(), None)));
            }
            Err(error) => return Err(error),
        };
        let judged = match self.release_judged(&object, &app) {
            Ok(None) if goal == Goal::RolledOut => self.rollouts(&app).await?,
            judged => judged,
        };
        Ok((app, judged))
    }

    async fn look_gone(
        &self,
        object: Kept<Object>,
        status: &OperationStatus,
    ) -> Result<(Kept<Object>, Judged)> {
        match self.apps.read("apps.wait", &status.namespace, &status.release).await {
            Ok(app) => {
                let state = app.pointer("/spec/info/status").and_then(Value::as_str).unwrap_or_default();
                // a history that is kept is an app that is uninstalled
                let judged = match state {
                    "uninstalled" => Ok(None),
                    state => missing(format!("the app is still there ({state})"), None),
                };
                Ok((object, judged))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok((object, Ok(None))),
            Err(error) => Err(error),
        }
    }

    /// Whether an app is what this operation made.
    fn release_judged(&self, operation: &Object, app: &Object) -> Judged {
        let text = |object: &Object, pointer: &str| {
            object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        let revision = app.pointer("/spec/version").and_then(Value::as_u64).unwrap_or_default();
        let older = match self.revision {
            Some(wanted) => revision < wanted,
            // the clock of a node may be behind that of the API server: then it is waited for in vain, and not too short
            None => {
                let time = |text: String| text.parse::<Timestamp>().ok();
                let deployed = time(text(app, "/spec/info/lastDeployed"));
                let begun = time(text(operation, "/metadata/creationTimestamp"));
                deployed.zip(begun).is_none_or(|(deployed, begun)| deployed < begun)
            }
        };
        let status = text(app, "/spec/info/status");
        if older {
            return missing(format!("Rancher shows an older revision of the release ({revision})"), None);
        }
        match status.as_str() {
            "deployed" => {}
            "failed" => {
                return Err(Error::new(
                    ErrorKind::Invalid,
                    format!("revision {revision} of the release {} failed", app.name().unwrap_or_default()),
                    "look at what Helm wrote, and at what it deployed",
                )
                .with_because([format!("operation {}", self.id)]));
            }
            status => return missing(format!("the release is {status}"), None),
        }
        let version = text(app, "/spec/chart/metadata/version");
        if !self.version.is_empty() && version != self.version {
            // somebody else upgraded it meanwhile
            return Err(Error::new(
                ErrorKind::Conflict,
                format!(
                    "the release is of version {version}, not {}: somebody else changed it",
                    self.version
                ),
                "look at the operations of its namespace",
            ));
        }
        Ok(None)
    }

    /// Whether what an app deploys runs.
    async fn rollouts(&self, app: &Object) -> Result<Judged> {
        let resources = app.pointer("/spec/resources").and_then(Value::as_array);
        let home = app.namespace().unwrap_or_default();
        let mut unfinished = Vec::new();
        for resource in resources.into_iter().flatten() {
            let text = |name: &str| resource.get(name).and_then(Value::as_str).unwrap_or_default();
            let kind = match (text("apiVersion"), text("kind")) {
                ("apps/v1", "Deployment") => "deployment",
                ("apps/v1", "StatefulSet") => "statefulset",
                ("apps/v1", "DaemonSet") => "daemonset",
                _ => continue,
            };
            let namespace = Some(text("namespace")).filter(|namespace| !namespace.is_empty()).unwrap_or(home);
            let named = format!("{kind}/{}", text("name"));
            match self.apps.cluster.rollout(namespace, &named).status().await {
                Ok(status) if status.done => {}
                Ok(status) => unfinished.push((format!("{named}: {}", status.missing), status.message)),
                // what was answered can be asked again; what was judged cannot succeed
                Err(error) if error.request().is_some() => return Err(error),
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(match unfinished.split_first() {
            None => Ok(None),
            Some(((first, said), [])) => missing(first.clone(), said.clone()),
            Some(((first, said), more)) => missing(format!("{first}, and {} more", more.len()), said.clone()),
        })
    }
}
