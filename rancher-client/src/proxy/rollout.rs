//! Rollouts: whether what was asked of a deployment, a stateful set or a daemon set runs.

use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};

use super::refused_pods::{self, Before, Refused};
use super::{ClusterProxy, Resource};
use crate::error::{Error, ErrorKind, ForbiddenReason, Result, admission_reason};
use crate::kubernetes::check_name;
use crate::scope::Confidence;
use crate::wait::{Judged, Until, Wait, WaitOptions};
use crate::wire::{Kept, Object, redact};

/// What can be rolled out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Workload {
    /// `apps/v1` Deployment.
    #[default]
    Deployment,
    /// `apps/v1` StatefulSet.
    StatefulSet,
    /// `apps/v1` DaemonSet.
    DaemonSet,
}

impl Workload {
    fn plural(self) -> &'static str {
        match self {
            Self::Deployment => "deployments",
            Self::StatefulSet => "statefulsets",
            Self::DaemonSet => "daemonsets",
        }
    }

    fn singular(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::StatefulSet => "statefulset",
            Self::DaemonSet => "daemonset",
        }
    }

    /// Reads what stands before the name: `deployment`, `sts`, `daemonsets.apps`.
    fn named(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        match lower.strip_suffix(".apps").unwrap_or(&lower) {
            "deployment" | "deployments" | "deploy" => Some(Self::Deployment),
            "statefulset" | "statefulsets" | "sts" => Some(Self::StatefulSet),
            "daemonset" | "daemonsets" | "ds" => Some(Self::DaemonSet),
            _ => None,
        }
    }
}

/// A rollout that can be looked at or waited for. Nothing is sent before that.
#[derive(Debug, Clone)]
pub struct Rollout {
    cluster: ClusterProxy,
    namespace: String,
    workload: Workload,
    name: String,
    /// What is wrong with the name is told when the rollout is looked at.
    wrong: Option<String>,
}

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RolloutStatus {
    /// Everything that was asked for runs, and nothing older does.
    pub done: bool,
    /// What is missing, in words; empty if it is done.
    pub missing: String,
    /// What the workload says of it, credentials masked.
    pub message: Option<String>,
}

impl ClusterProxy {
    /// A rollout in a namespace: of the deployment of this name, or of `statefulset/db`, `daemonset/agent`.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
    /// use rancher_client::wait::WaitOptions;
    ///
    /// let web = client.cluster("c-prod1")?.rollout("shop-web", "web").wait(WaitOptions::default()).await?;
    /// println!("{:?}", web.pointer("/status/availableReplicas"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn rollout(&self, namespace: &str, name: &str) -> Rollout {
        let (workload, name) = match name.split_once('/') {
            Some((kind, name)) => (Workload::named(kind).ok_or(kind), name),
            None => (Ok(Workload::Deployment), name),
        };
        let shown = |kind: &str| redact(kind).chars().take(60).collect::<String>();
        let wrong = match &workload {
            Err(kind) => Some(format!("{:?} is nothing that is rolled out", shown(kind))),
            Ok(_) if namespace.is_empty() => {
                Some("a rollout is in a namespace, and none was given".to_owned())
            }
            Ok(_) => None,
        };
        Rollout {
            cluster: self.clone(),
            namespace: namespace.to_owned(),
            workload: workload.unwrap_or_default(),
            name: name.to_owned(),
            wrong,
        }
    }
}

impl Rollout {
    fn resource(&self) -> Resource<'_> {
        Resource::of("apps", "v1", self.workload.plural()).within(&self.namespace)
    }

    fn check(&self) -> Result<()> {
        match &self.wrong {
            Some(wrong) => Err(Error::invalid(
                format!("nothing was sent: {wrong}"),
                "name a deployment, or say statefulset/NAME or daemonset/NAME",
            )),
            None => check_name(Some("apps"), self.workload.plural(), &self.name),
        }
    }

    /// How far it is now.
    ///
    /// # Errors
    /// As [`Rollout::wait`], without waiting: one that cannot succeed any more is an error.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn status(&self) -> Result<RolloutStatus> {
        self.check()?;
        let (object, refused) = self.look(&mut None).await?;
        let judged = judge(self.workload, &self.name, &object, &refused);
        Ok(match judged.map_err(|error| error.with_operation("cluster.rollout"))? {
            None => RolloutStatus { done: true, ..RolloutStatus::default() },
            Some((missing, message)) => RolloutStatus {
                done: false,
                missing,
                message: message.map(|message| redact(&message).into_owned()),
            },
        })
    }

    /// Waits until everything that was asked for runs, and nothing older does. Its progress says what is missing.
    ///
    /// What the workload's controller has not seen yet does not count: a rollout that was just changed is not done.
    ///
    /// # Errors
    /// At once, if it cannot succeed as things are:
    /// - `forbidden` with the reason `quota`, `pod_security` or `admission`, if pods are refused: the condition
    ///   `ReplicaFailure` of a deployment (recorded: downstream, `its status`), if it is that of its present revision.
    ///   Where the user may not read its replica sets, that is `Likely`. Of a stateful set or a daemon set, events that
    ///   the user may read say so (`FailedCreate`): one that comes during the wait ends it, an older one stands in the
    ///   progress;
    /// - `timeout` that no trying again helps against, if a deployment exceeded its own progress deadline;
    /// - `unsupported` if its strategy is `OnDelete`: it goes on only when somebody deletes pods.
    ///
    /// Later, `timeout` with what is still missing. Otherwise see [`wait`](crate::wait).
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn wait(&self, options: WaitOptions) -> Wait<Object> {
        let what = format!("the rollout of {} {}", self.workload.singular(), self.name);
        let (workload, name) = (self.workload, self.name.clone());
        // what was read beside the object goes from the look to the verdict on it
        let beside: Arc<Mutex<(Refused, Before)>> = Arc::default();
        let seen = Arc::clone(&beside);
        let until = Until::judged("rolled out", move |object| {
            let refused = seen.lock().unwrap_or_else(PoisonError::into_inner).0.clone();
            judge(workload, &name, object, &refused)
        });
        let rollout = self.clone();
        Wait::new("cluster.rollout", what, until, options, move || {
            let (rollout, beside) = (rollout.clone(), Arc::clone(&beside));
            Box::pin(async move {
                rollout.check()?;
                let mut before = beside.lock().unwrap_or_else(PoisonError::into_inner).1.clone();
                let (object, refused) = rollout.look(&mut before).await?;
                *beside.lock().unwrap_or_else(PoisonError::into_inner) = (refused, before);
                Ok(object)
            })
        })
    }

    /// The object, and what is known of refused pods where some are missing. Nothing more is asked otherwise.
    async fn look(&self, before: &mut Before) -> Result<(Kept<Object>, Refused)> {
        let object = self.cluster.get(self.resource(), &self.name).await?;
        let refused = match judge(self.workload, &self.name, &object, &Refused::No) {
            Ok(Some(_)) if self.workload == Workload::Deployment => match refused_pods::failure(&object) {
                Some(said) => refused_pods::of_deployment(&self.cluster, &object, said).await,
                None => Refused::No,
            },
            Ok(Some(_)) if lacks_pods(self.workload, &object) => {
                refused_pods::of_set(&self.cluster, &object, before).await
            }
            _ => Refused::No,
        };
        Ok((object, refused))
    }
}

/// Whether a set has fewer pods than it shall have, ready or not.
fn lacks_pods(workload: Workload, object: &Object) -> bool {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let (wanted, there) = match workload {
        Workload::DaemonSet => (
            number("/status/desiredNumberScheduled").unwrap_or_default(),
            number("/status/currentNumberScheduled"),
        ),
        _ => (number("/spec/replicas").unwrap_or(1), number("/status/replicas")),
    };
    there.unwrap_or_default() < wanted
}

/// What is missing of a rollout, as kubectl counts it; an error if its pods are known to be refused.
fn judge(workload: Workload, name: &str, object: &Object, refused: &Refused) -> Judged {
    let what = format!("{} {name}", workload.singular());
    let Some((words, said)) = count(workload, &what, object)? else { return Ok(None) };
    let told = |said: &str| missing(words.clone(), Some(format!("pods were refused: {said}")));
    match refused {
        // a stale word of a workload whose controller has not looked yet
        _ if words == UNSEEN => missing(words, said),
        Refused::No => match overdue(workload, &what, object) {
            Some(error) => Err(error),
            None => missing(words, said),
        },
        Refused::Now(said) => Err(replica_failure(&what, "ReplicaFailure", said)),
        Refused::Again(said) => Err(replica_failure(&what, "FailedCreate", said)),
        Refused::Perhaps(said) => Err(replica_failure(&what, "ReplicaFailure", said)
            .with_confidence(Some(Confidence::Likely))
            .with_because([
                "the deployment's replica sets could not be read: it may be an older one whose pods are refused"
                    .to_owned(),
            ])),
        Refused::Older(said) => match overdue(workload, &what, object) {
            Some(error) => Err(error),
            None => missing(words, Some(format!("pods of an older revision were refused: {said}"))),
        },
        Refused::Told(said) => told(said),
    }
}

/// What is said while the controller has not seen the last change.
const UNSEEN: &str = "its controller has not seen the change yet";

/// What is missing, by the numbers of the status.
fn count(workload: Workload, what: &str, object: &Object) -> Judged {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    // Go leaves out what is zero
    let status = |field: &str| number(&format!("/status/{field}")).unwrap_or_default();
    if workload != Workload::Deployment && text("/spec/updateStrategy/type") == "OnDelete" {
        return Err(Error::new(
            ErrorKind::Unsupported,
            format!("{what} is updated OnDelete: its rollout ends when somebody has deleted all old pods"),
            "delete its pods one after the other, or set updateStrategy.type to RollingUpdate",
        ));
    }
    let (generation, observed) =
        (number("/metadata/generation").unwrap_or_default(), status("observedGeneration"));
    if observed < generation || (workload == Workload::StatefulSet && observed == 0) {
        return missing(UNSEEN.to_owned(), None);
    }
    match workload {
        Workload::Deployment => deployment(object, &status),
        Workload::StatefulSet => stateful_set(object, &status),
        Workload::DaemonSet => {
            let desired = status("desiredNumberScheduled");
            let (updated, available) = (status("updatedNumberScheduled"), status("numberAvailable"));
            if updated < desired {
                return missing(format!("{updated} of {desired} pods are updated"), None);
            }
            if available < desired {
                return missing(format!("{available} of {desired} updated pods are available"), None);
            }
            Ok(None)
        }
    }
}

fn missing(words: String, said: Option<String>) -> Judged {
    Ok(Some((words, said)))
}

fn deployment(object: &Object, status: &impl Fn(&str) -> i64) -> Judged {
    let field = |kind: &str, field: &str| condition(object, kind)?.get(field)?.as_str().map(str::to_owned);
    let wanted = object.pointer("/spec/replicas").and_then(Value::as_i64).unwrap_or(1);
    let (all, updated, available) =
        (status("replicas"), status("updatedReplicas"), status("availableReplicas"));
    let paused = match object.pointer("/spec/paused").and_then(Value::as_bool) {
        Some(true) => " (it is paused)",
        _ => "",
    };
    let said =
        field("Available", "message").filter(|_| field("Available", "status").as_deref() != Some("True"));
    let words = if updated < wanted {
        format!("{updated} of {wanted} pods are updated{paused}")
    } else if all > updated {
        format!("{} old pods are still there{paused}", all - updated)
    } else if available < updated {
        format!("{available} of {updated} updated pods are available{paused}")
    } else {
        // whatever failed before, nothing is missing
        return Ok(None);
    };
    missing(words, said)
}

/// A deployment that exceeded its own progress deadline.
fn overdue(workload: Workload, what: &str, object: &Object) -> Option<Error> {
    let progressing = condition(object, "Progressing").filter(|_| workload == Workload::Deployment)?;
    let text = |field: &str| progressing.get(field).and_then(Value::as_str).unwrap_or_default();
    (text("reason") == "ProgressDeadlineExceeded").then(|| {
        Error::new(
            ErrorKind::Timeout,
            format!("{what} exceeded its progress deadline (ProgressDeadlineExceeded): {}", text("message")),
            "look at its pods, their events and logs: an image, a probe or the room on the nodes may be wrong",
        )
    })
}

fn stateful_set(object: &Object, status: &impl Fn(&str) -> i64) -> Judged {
    let number = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64);
    let wanted = number("/spec/replicas").unwrap_or(1);
    let (ready, updated) = (status("readyReplicas"), status("updatedReplicas"));
    if ready < wanted {
        return missing(format!("{ready} of {wanted} pods are ready"), None);
    }
    let partition = number("/spec/updateStrategy/rollingUpdate/partition").unwrap_or_default();
    if partition > 0 {
        // those below the partition stay as they are
        let share = (wanted - partition).max(0);
        return match updated < share {
            true => missing(format!("{updated} of {share} pods above the partition are updated"), None),
            false => Ok(None),
        };
    }
    let revision = |field: &str| object.pointer(&format!("/status/{field}")).and_then(Value::as_str);
    match revision("updateRevision") == revision("currentRevision") {
        true => Ok(None),
        false => missing(format!("{updated} of {wanted} pods are updated"), None),
    }
}

fn condition<'o>(object: &'o Object, kind: &str) -> Option<&'o Value> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    conditions.iter().find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
}

/// Pods that are refused: a deployment itself is created all the same (recorded: downstream, `deployment over quota`).
fn replica_failure(what: &str, word: &str, said: &str) -> Error {
    let reason = admission_reason(said);
    let (kind, advice) = match reason {
        Some(ForbiddenReason::Quota) => (
            ErrorKind::Forbidden,
            "ask for less, free some of the quota, or have it raised; the pods come by themselves then",
        ),
        Some(ForbiddenReason::PodSecurity) => {
            (ErrorKind::Forbidden, "change the pod's security context as the message says")
        }
        _ if said.contains("is forbidden") => (ErrorKind::Forbidden, "change what the message names"),
        _ => (ErrorKind::Invalid, "change what the message names"),
    };
    let reason = match kind {
        ErrorKind::Forbidden => Some(reason.unwrap_or(ForbiddenReason::Unknown)),
        _ => None,
    };
    Error::new(kind, format!("the pods of {what} cannot be made ({word}): {said}"), advice)
        .with_reason(reason)
}

#[cfg(test)]
#[path = "rollout_tests.rs"]
mod tests;
