//! What a cluster object of v3 says of the cluster's agent.

use serde_json::Value;

/// The agent of a cluster, as the management API sees it.
///
/// This is Rancher's opinion, not a fact: the record holds an imported cluster that it called disconnected while the
/// proxy answered. An answer through the proxy outranks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AgentState {
    /// It is connected.
    Connected,
    /// It was connected once and is not now.
    Disconnected,
    /// It never connected.
    NeverConnected,
    /// The object does not say.
    Unknown,
}

impl AgentState {
    /// Reads the conditions of `GET /v3/clusters/{id}`.
    ///
    /// Recorded (collections, workflows): without an agent since the beginning, `Connected=False` and
    /// `Provisioned=Unknown`; with one that was lost, `Ready=False` with the reason `Disconnected`.
    pub fn of_cluster(cluster: &Value) -> Self {
        let conditions = cluster.get("conditions").and_then(Value::as_array);
        let condition = |kind: &str| {
            conditions
                .into_iter()
                .flatten()
                .find(|condition| condition.get("type").and_then(Value::as_str) == Some(kind))
        };
        let status = |kind: &str| condition(kind).and_then(|c| c.get("status")).and_then(Value::as_str);
        let ready_reason = condition("Ready").and_then(|c| c.get("reason")).and_then(Value::as_str);
        match (status("Connected"), status("Ready"), status("Provisioned")) {
            (_, Some("False"), _) if ready_reason == Some("Disconnected") => AgentState::Disconnected,
            (Some("False"), _, Some("True")) => AgentState::Disconnected,
            (Some("False"), _, _) => AgentState::NeverConnected,
            (Some("True"), _, _) | (None, Some("True"), _) => AgentState::Connected,
            _ => AgentState::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_conditions_of_the_record() {
        let cluster = |conditions: &[(&str, &str, &str)]| {
            let list: Vec<Value> =
                conditions.iter().map(|(t, s, r)| json!({"type": t, "status": s, "reason": r})).collect();
            AgentState::of_cluster(&json!({ "conditions": list }))
        };
        let pending =
            [("Connected", "False", ""), ("Pending", "Unknown", ""), ("Provisioned", "Unknown", "")];
        assert_eq!(cluster(&pending), AgentState::NeverConnected);
        let gone =
            [("Connected", "False", ""), ("Provisioned", "True", ""), ("Ready", "False", "Disconnected")];
        assert_eq!(cluster(&gone), AgentState::Disconnected);
        assert_eq!(cluster(&[("Ready", "True", ""), ("Connected", "True", "")]), AgentState::Connected);
        assert_eq!(cluster(&[("Ready", "Unknown", "")]), AgentState::Unknown);
        assert_eq!(AgentState::of_cluster(&json!([1])), AgentState::Unknown);
    }
}
