//! What a test does to nodes and containers.

use super::controllers::{PODS, object};
use super::defaults;
use super::resources::find;
use crate::world::World;
use serde_json::{Value, json};
use std::time::Duration;

impl World {
    /// Lets the nodes of a cluster run: its pods become ready so long after they were made, write a first line to
    /// their logs, and rollouts go on. In the recorded world no nodes run.
    pub fn run_nodes(&mut self, cluster: &str, ready_after: Duration) {
        let pace = i64::try_from(ready_after.as_millis()).unwrap_or(i64::MAX);
        self.state.nodes.insert(cluster.to_owned(), pace);
        self.tick();
    }

    /// Adds a pod with these containers, which runs at once.
    pub fn add_pod(&mut self, cluster: &str, namespace: &str, name: &str, containers: &[&str]) {
        let Some(pods) = find("", "v1", "pods") else { return };
        let containers: Vec<Value> =
            containers.iter().map(|name| json!({"name": name, "image": "nginx"})).collect();
        let mut body = object(json!({
            "metadata": {"labels": {"app": name}}, "spec": {"containers": containers},
        }));
        defaults::fill(pods, name, &mut body);
        let key = (PODS.to_owned(), namespace.to_owned(), name.to_owned());
        let pod = self.object(body);
        self.put_object(cluster, key.clone(), pod);
        self.run(cluster, &key);
    }

    /// A container of a pod writes these bytes, which need be no line.
    pub fn write_log(&mut self, cluster: &str, namespace: &str, pod: &str, container: &str, bytes: &[u8]) {
        let key = (PODS.to_owned(), namespace.to_owned(), pod.to_owned());
        self.log(cluster, &key, container, bytes);
    }

    /// Whether there is such a pod.
    pub fn has_pod(&self, cluster: &str, namespace: &str, pod: &str) -> bool {
        let key = (PODS.to_owned(), namespace.to_owned(), pod.to_owned());
        self.find(cluster, &key).is_some()
    }

    /// All containers of a pod end.
    pub fn end_pod(&mut self, cluster: &str, namespace: &str, pod: &str) {
        let key = (PODS.to_owned(), namespace.to_owned(), pod.to_owned());
        let Some(mut pod) = self.find(cluster, &key) else { return };
        if let Some(Value::Object(status)) = pod.body.get_mut("status") {
            status.insert("phase".to_owned(), json!("Succeeded"));
            status.insert("conditions".to_owned(), json!([]));
        }
        pod.version = self.state.next_version();
        self.keep(cluster, key, pod);
    }
}
