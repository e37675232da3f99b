//! Waiting until the agent of a cluster is connected, and until the cluster is ready.

use serde_json::Value;
use std::time::Duration;

use super::create::administrated;
use super::{Registration, registrable};
use crate::error::{Error, ErrorKind, Result};
use crate::wait::{Judged, Until, Wait, WaitOptions};
use crate::wire::Object;

/// For how long a cluster must stay as it shall be where nothing else is said: its conditions flap while its agent
/// starts, and what went on at the first `True` went on too early (rancher/terraform-provider-rancher2#701, #1430).
const STABLE: Duration = Duration::from_secs(5);

/// A condition of an object of v3: its status, its reason and its message.
fn condition<'o>(cluster: &'o Object, kind: &str) -> Option<(&'o str, &'o str, &'o str)> {
    let conditions = cluster.get("conditions").and_then(Value::as_array)?;
    let found = conditions.iter().find(|c| c.get("type").and_then(Value::as_str) == Some(kind))?;
    let text = |field: &str| found.get(field).and_then(Value::as_str).unwrap_or_default();
    Some((text("status"), text("reason"), text("message")))
}

/// Whether the agent of a cluster is connected, by Rancher's condition.
pub(super) fn is_connected(cluster: &Object) -> bool {
    condition(cluster, "Connected").is_some_and(|(status, ..)| status == "True")
}

/// Whether an agent was connected once: then Rancher knows its driver and has judged whether it is ready (recorded:
/// agent-gone, and collections for clusters that never were).
pub(super) fn was_connected(cluster: &Object) -> bool {
    is_connected(cluster)
        || condition(cluster, "Ready").is_some()
        || cluster.text("driver").is_some_and(|driver| !driver.is_empty())
}

/// A cluster that is being deleted will not be connected any more.
fn not_going(cluster: &Object) -> Result<()> {
    match cluster.text("removed").filter(|at| !at.is_empty()) {
        Some(at) => Err(Error::new(
            ErrorKind::Conflict,
            format!("the cluster is being deleted, since {at}"),
            "nothing makes it ready any more; wait until it is gone",
        )),
        None => Ok(()),
    }
}

/// What is missing before the agent is connected.
fn connected(cluster: &Object) -> Judged {
    not_going(cluster)?;
    let Some((status, _, message)) = condition(cluster, "Connected") else {
        return Ok(Some(("the cluster has no condition Connected yet".to_owned(), None)));
    };
    if status == "True" {
        return Ok(None);
    }
    // what is wrong with an agent that is gone stands at another condition (recorded: agent-gone)
    let ready = condition(cluster, "Ready").map(|(.., message)| message).unwrap_or_default();
    let said = [message, ready].into_iter().find(|text| !text.is_empty());
    let said = said.map_or_else(String::new, |text| format!(" ({text})"));
    let words = match (administrated(cluster), was_connected(cluster)) {
        // what is known of imported clusters was not recorded for these, and nobody applies a manifest in them
        (Some(true), _) => format!(
            "Connected is {status}: its agent is not connected; Rancher installs it once nodes have joined{said}"
        ),
        (_, true) => format!("Connected is {status}: its agent was connected once and is not now{said}"),
        (_, false) => format!(
            "Connected is {status}: no agent has called yet; its manifest must be applied in the cluster{said}"
        ),
    };
    Ok(Some((words, None)))
}

/// What is missing before the cluster can be worked with.
fn ready(cluster: &Object) -> Judged {
    if let Some(missing) = connected(cluster)? {
        return Ok(Some(missing));
    }
    let mut missing = Vec::new();
    let mut said = None;
    match condition(cluster, "Ready") {
        Some(("True", ..)) => {}
        Some((status, reason, message)) => {
            let reason = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
            missing.push(format!("Ready is {status}{reason}"));
            said = Some(message.to_owned()).filter(|message| !message.is_empty());
        }
        None => missing.push("the cluster has no condition Ready yet".to_owned()),
    }
    match cluster.text("state") {
        Some("active") => {}
        state => missing.push(format!("state is {}, not active", state.unwrap_or("not said"))),
    }
    Ok((!missing.is_empty()).then(|| (missing.join("; "), said)))
}

fn stable(options: WaitOptions) -> WaitOptions {
    // what is longer than the wait itself could never be met
    let usual = STABLE.min(options.deadline / 4);
    WaitOptions { stable_for: options.stable_for.or(Some(usual)), ..options }
}

impl Registration {
    /// Waits until the agent of a cluster is connected, and stays so for a while: 5 seconds if not given otherwise.
    ///
    /// Its progress tells an agent that never called from one that is gone.
    ///
    /// # Errors
    /// `timeout` with what is missing and what Rancher says of it; `conflict` at once, if the cluster is being deleted;
    /// `invalid` if that is no cluster's id; others as [`wait`](crate::wait) says.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn wait_connected(&self, cluster: impl AsRef<str>, options: WaitOptions) -> Result<Wait<Object>> {
        let id = registrable(cluster, "registration.wait_connected")?;
        let until = Until::judged("its agent is connected", connected);
        Ok(self.clusters()?.wait(id.as_str(), until, stable(options)))
    }

    /// Waits until a cluster can be worked with: its agent is connected, Rancher finds it ready and calls it active, and
    /// all of that stays so for a while, 5 seconds if not given otherwise.
    ///
    /// # Errors
    /// As [`wait_connected`](Self::wait_connected).
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn wait_ready(&self, cluster: impl AsRef<str>, options: WaitOptions) -> Result<Wait<Object>> {
        let id = registrable(cluster, "registration.wait_ready")?;
        let until = Until::judged("it is ready", ready);
        Ok(self.clusters()?.wait(id.as_str(), until, stable(options)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn words(judged: Judged) -> String {
        let (words, said) = judged.unwrap().expect("something is missing");
        format!("{words}: {}", said.unwrap_or_default())
    }

    fn cluster(fields: Value) -> Object {
        Object::try_from(fields).unwrap()
    }

    #[test]
    fn an_agent_that_never_called_is_told_from_one_that_is_gone() {
        // recorded: collections, c-stag1
        let pending = cluster(json!({"driver": "", "state": "pending", "conditions": [
            {"type": "Connected", "status": "False"}, {"type": "Waiting", "status": "Unknown"}]}));
        assert!(words(connected(&pending)).contains("no agent has called yet"));
        assert!(!was_connected(&pending));
        // recorded: collections, c-prod1
        let gone = cluster(json!({"driver": "imported", "state": "waiting", "conditions": [
            {"type": "Connected", "status": "False"},
            {"type": "Ready", "status": "False", "reason": "Disconnected", "message": "Cluster agent is not connected"}]}));
        let said = words(ready(&gone));
        assert!(said.contains("is not now (Cluster agent is not connected)"), "{said}");
        assert!(was_connected(&gone) && !is_connected(&gone));
        assert!(words(connected(&cluster(json!({})))).contains("no condition Connected"));
        // a cluster that Rancher provisions: whether an agent ever called is not told by the same marks
        let joining = cluster(json!({"driver": "rke2", "state": "provisioning",
            "annotations": {"provisioning.cattle.io/administrated": "true"},
            "conditions": [{"type": "Connected", "status": "False"}, {"type": "Ready", "status": "Unknown"}]}));
        let said = words(connected(&joining));
        assert!(said.contains("once nodes have joined") && !said.contains("was connected once"), "{said}");
    }

    #[test]
    fn ready_takes_both_conditions_and_the_state() {
        let of = |status: &str, state: &str| {
            cluster(json!({"driver": "imported", "state": state, "conditions": [
                {"type": "Connected", "status": "True"}, {"type": "Ready", "status": status, "message": "etcd"}]}))
        };
        // recorded: downstream, `cluster, active`
        assert_eq!(ready(&of("True", "active")).unwrap(), None);
        assert_eq!(words(ready(&of("True", "updating"))), "state is updating, not active: ");
        assert_eq!(words(ready(&of("False", "error"))), "Ready is False; state is error, not active: etcd");
        assert_eq!(connected(&of("False", "error")).unwrap(), None);
    }

    #[test]
    fn what_is_being_deleted_is_not_waited_for() {
        let going = cluster(
            json!({"removed": "2026-11-22T06:00:00Z", "conditions": [{"type": "Connected", "status": "True"}]}),
        );
        for judged in [connected(&going), ready(&going)] {
            assert_eq!(judged.unwrap_err().kind(), ErrorKind::Conflict);
        }
    }
}
