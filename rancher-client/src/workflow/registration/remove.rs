//! Removing a cluster: confirmed by its name, waited for, and its finalizers only at the very end and only when asked.

use serde_json::{Value, json};

use super::{Registration, Steps, registrable, unanswered};
use crate::error::{Error, ErrorKind, Result};
use crate::proxy::{Patch, Resource};
use crate::wait::WaitOptions;
use crate::wire::{ClusterId, Kept, Object};

const OPERATION: &str = "registration.remove";

/// Where Rancher's own object of a cluster is in the cluster that Rancher runs on.
const CLUSTERS: Resource<'static> =
    Resource { group: "management.cattle.io", version: "v3", plural: "clusters", namespace: "" };

/// How a cluster is removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RemoveOptions {
    /// How long to wait until it is gone.
    pub wait: WaitOptions,
    /// If it is not gone by then, takes away the finalizers that still hang. Each is a controller of Rancher that has
    /// not done its work: what it would have cleaned up stays, the agent in the cluster among that. It needs a user who
    /// may patch clusters in the cluster `local`: an administrator.
    pub clear_finalizers: bool,
}

/// A cluster that is gone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovedCluster {
    /// Its id.
    pub id: ClusterId,
    /// Its name.
    pub name: String,
    /// The finalizers that were taken away. What they stand for was not done.
    pub cleared: Vec<String>,
}

fn finalizers(object: &Object) -> Vec<String> {
    let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What stays behind when a finalizer is taken away (read in Rancher's source).
fn stands_for(finalizer: &str) -> &'static str {
    match finalizer.rsplit('/').next().unwrap_or_default() {
        "cluster-agent-controller-cleanup" => {
            "the agent, cattle-system and Rancher's labels stay in the cluster"
        }
        "mgmt-cluster-rbac-remove" => "roles and bindings of its members stay in Rancher",
        name if name.starts_with("cluster-scoped-gc") => {
            "Rancher's objects in the cluster keep their finalizers"
        }
        _ => "what its controller would have cleaned up stays",
    }
}

impl Registration {
    /// Removes a cluster from Rancher and waits until it is gone. `confirm` is its name, so that a wrong id removes
    /// nothing. See [`removal`](Self::removal) first.
    ///
    /// Rancher's controllers clean up behind it: finalizers, each of them a controller. Those that do not finish are
    /// named; only [`clear_finalizers`](RemoveOptions::clear_finalizers) takes them away, as the last step.
    ///
    /// # Errors
    /// `invalid` before anything is deleted, for `local` and for a name that is not the cluster's; `forbidden` if the
    /// user may not delete it. `partly_done` from the deletion on: it is accepted, and either not finished in time, with
    /// the finalizers that hang, or not to be seen by this key.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to the cluster, of an owner of the cluster. What a scoped key is told once its
    /// cluster is gone is not recorded: if it cannot see the end, that is `partly_done`.
    pub async fn remove(
        &self,
        cluster: impl AsRef<str>,
        confirm: &str,
        options: &RemoveOptions,
    ) -> Result<RemovedCluster> {
        let id = registrable(cluster, OPERATION)?;
        let clusters = self.clusters()?;
        let object = clusters.get(id.as_str()).await?;
        let name = object.text("name").unwrap_or_default().to_owned();
        if confirm != name || confirm.is_empty() {
            return Err(Error::invalid(
                format!(
                    "nothing was deleted: {id} is called {name:?}, and that is not the name that was given"
                ),
                "give the name of the cluster that shall go, exactly as it is written",
            )
            .with_field("confirm")
            .with_operation(OPERATION)
            .with_cluster(id));
        }
        let removed = |cleared: Vec<String>| RemovedCluster { id: id.clone(), name: name.clone(), cleared };
        if object.text("removed").is_none_or(str::is_empty) {
            match clusters.delete(id.as_str()).await {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) if unanswered(&error) && self.is_going(&id).await => {}
                Err(error) => return Err(error),
            }
        }
        let error = match clusters.wait_gone(id.as_str(), options.wait).await {
            Ok(_) => return Ok(removed(Vec::new())),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::Timeout {
            let summary =
                format!("the deletion of {name} ({id}) was accepted; whether it is finished was not seen");
            let advice = "look at it with a key that sees all clusters".to_owned();
            return Err(self.unfinished(&id, summary, advice, &[], Some(error)));
        }
        let (hanging, uid) = match self.client.cluster(ClusterId::local())?.get(CLUSTERS, id.as_str()).await {
            // the deletion may not have arrived, and another cluster can have the id by now
            Ok(now) if now.pointer("/metadata/deletionTimestamp").is_none_or(Value::is_null) => {
                let because =
                    format!("{id} is not being deleted: the deletion did not arrive; nothing was cleared");
                return Err(error.with_operation(OPERATION).with_because([because]));
            }
            Ok(object) => (finalizers(&object), uid(&object)),
            Err(gone) if gone.kind() == ErrorKind::NotFound => return Ok(removed(Vec::new())),
            Err(unread) => {
                let summary = format!(
                    "{name} ({id}) is being deleted and is not gone after {:?}",
                    options.wait.deadline
                );
                let advice = "wait longer; which finalizers it waits for, an administrator sees".to_owned();
                let error = error.with_because([format!("its finalizers were not read: {unread}")]);
                return Err(self.unfinished(&id, summary, advice, &[], Some(error)));
            }
        };
        if !options.clear_finalizers {
            let summary = format!(
                "{name} ({id}) is being deleted and is not gone after {:?}: it waits for {}",
                options.wait.deadline,
                if hanging.is_empty() { "no finalizer".to_owned() } else { hanging.join(", ") }
            );
            let advice = "wait longer; if it never goes, clear_finalizers takes them away, and what they clean up stays";
            return Err(self.unfinished(&id, summary, advice.to_owned(), &hanging, Some(error)));
        }
        let patch = Patch::Merge(json!({"metadata": {"uid": uid, "finalizers": []}}));
        let local = self.client.cluster(ClusterId::local())?;
        match local.patch(CLUSTERS, id.as_str(), &patch).await {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(removed(Vec::new())),
            Err(error) => {
                let summary =
                    format!("{name} ({id}) is being deleted, and its finalizers could not be taken away");
                let advice = "an administrator can; or wait longer".to_owned();
                return Err(self.unfinished(&id, summary, advice, &hanging, Some(error)));
            }
        }
        match clusters.wait_gone(id.as_str(), options.wait).await {
            Ok(_) => Ok(removed(hanging)),
            Err(error) => {
                let summary = format!("{name} ({id}) has no finalizers any more and is not gone");
                let advice = "wait longer, and look whether a controller adds its finalizer again".to_owned();
                Err(self.unfinished(&id, summary, advice, &hanging, Some(error)))
            }
        }
    }

    fn unfinished(
        &self,
        id: &ClusterId,
        summary: String,
        advice: String,
        hanging: &[String],
        cause: Option<Error>,
    ) -> Error {
        let steps = Steps {
            done: vec![format!("the deletion of {id} was accepted")],
            left: hanging.iter().map(|name| format!("{name}: without it, {}", stands_for(name))).collect(),
            pending: vec![format!("{id} is gone")],
        };
        steps.stopped(OPERATION, Some(id), summary, advice, cause)
    }

    /// Whether a deletion without an answer did its work.
    async fn is_going(&self, id: &ClusterId) -> bool {
        let Ok(clusters) = self.clusters() else { return false };
        match clusters.get(id.as_str()).await {
            Ok(cluster) => cluster.text("removed").is_some_and(|at| !at.is_empty()),
            // whether that is an absence, the wait that follows says
            Err(error) => error.kind() == ErrorKind::NotFound,
        }
    }
}

fn uid(object: &Kept<Object>) -> Option<String> {
    object.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned)
}
