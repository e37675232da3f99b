//! The charts of the one repository that the simulated server can reach, and what they make.

use serde_json::{Map, Value, json};

/// Where the charts are. Every other repository is out of reach.
pub(super) const HOME: &str = "charts.example.com";

/// A version of a chart.
#[derive(Debug)]
pub(super) struct Chart {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    annotations: &'static [(&'static str, &'static str)],
}

const fn chart(name: &'static str, version: &'static str) -> Chart {
    Chart { name, version, annotations: &[] }
}

/// The newest first, as an index has them.
pub(super) const CHARTS: &[Chart] = &[
    chart("db", "0.9.0"),
    Chart {
        name: "mon",
        version: "3.0.0",
        annotations: &[
            ("catalog.cattle.io/auto-install", "mon-crd=match"),
            ("catalog.cattle.io/namespace", "shop-mon"),
            ("catalog.cattle.io/release-name", "shop-mon"),
        ],
    },
    chart("mon-crd", "3.0.0"),
    chart("web", "2.0.0-rc1"),
    chart("web", "1.1.0"),
    chart("web", "1.0.0"),
];

pub(super) fn find(name: &str, version: &str) -> Option<&'static Chart> {
    CHARTS.iter().find(|chart| chart.name == name && chart.version == version)
}

impl Chart {
    /// Its `Chart.yaml`, with what was noted when it was installed.
    pub(super) fn metadata(&self, noted: &Map<String, Value>) -> Value {
        let mut annotations: Map<String, Value> =
            self.annotations.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        annotations.extend(noted.clone());
        let mut metadata = json!({
            "apiVersion": "v2", "name": self.name, "version": self.version, "appVersion": "1.0",
            "description": format!("A chart {}.", self.name), "type": "application",
        });
        if let (Some(metadata), false) = (metadata.as_object_mut(), annotations.is_empty()) {
            metadata.insert("annotations".to_owned(), Value::Object(annotations));
        }
        metadata
    }

    /// Its `values.yaml`.
    pub(super) fn values(&self) -> Value {
        match self.name {
            "mon-crd" => json!({}),
            _ => {
                json!({"replicas": 1, "image": {"repository": "registry.example.com/app", "tag": "1.0"}, "password": ""})
            }
        }
    }

    /// What it makes of a release and its values, over its own: objects with the group and version, the plural and the
    /// name; or what Helm says it cannot.
    pub(super) fn render(&self, release: &str, values: &Map<String, Value>) -> Result<Vec<Made>, String> {
        let mut all = self.values();
        lay(&mut all, values);
        if self.name == "mon-crd" {
            let data = json!({"definitions": "…"});
            return Ok(vec![Made::new("v1", "configmaps", "ConfigMap", release, json!({"data": data}))]);
        }
        let replicas = all.get("replicas").cloned().unwrap_or_default();
        if !replicas.is_u64() {
            return Err(format!(
                "Deployment.apps \"{release}\" is invalid: spec.replicas: Invalid value: {replicas}: must be a number"
            ));
        }
        let password = all.get("password").and_then(Value::as_str).unwrap_or_default();
        if !password.is_empty() && password.len() < 12 {
            let place = format!("{}/templates/secret.yaml:3:4", self.name);
            return Err(format!("execution error at ({place}): the password \"{password}\" is too short"));
        }
        let image =
            |field: &str| all.pointer(&format!("/image/{field}")).and_then(Value::as_str).unwrap_or_default();
        let labels = json!({"app.kubernetes.io/instance": release});
        let spec = json!({
            "replicas": replicas, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [{
                "name": self.name, "image": format!("{}:{}", image("repository"), image("tag")),
                "resources": {"limits": {"cpu": "100m", "memory": "64Mi"}},
            }]}},
        });
        let body = json!({"metadata": {"labels": labels}, "spec": spec});
        let (plural, kind) = match self.name {
            "db" => ("statefulsets", "StatefulSet"),
            _ => ("deployments", "Deployment"),
        };
        let secret = json!({"stringData": {"password": password}});
        Ok(vec![
            Made::new("v1", "secrets", "Secret", release, secret),
            Made::new("apps/v1", plural, kind, release, body),
        ])
    }
}

/// An object that a chart makes.
#[derive(Debug, Clone)]
pub(super) struct Made {
    pub(super) api: &'static str,
    pub(super) plural: &'static str,
    pub(super) kind: &'static str,
    pub(super) name: String,
    pub(super) body: Value,
}

impl Made {
    fn new(api: &'static str, plural: &'static str, kind: &'static str, name: &str, body: Value) -> Self {
        Self { api, plural, kind, name: name.to_owned(), body }
    }

    /// How an app lists it.
    pub(super) fn listed(&self, namespace: &str) -> Value {
        json!({"apiVersion": self.api, "kind": self.kind, "name": self.name, "namespace": namespace})
    }
}

/// Lays values over those of a chart, as Helm does: a null takes a default away.
fn lay(all: &mut Value, values: &Map<String, Value>) {
    let Value::Object(fields) = all else { return };
    for (name, value) in values {
        match (fields.get_mut(name), value) {
            (_, Value::Null) => {
                fields.remove(name);
            }
            (Some(found @ Value::Object(_)), Value::Object(value)) => lay(found, value),
            (_, value) => {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The index of the repository.
pub(super) fn index() -> Value {
    let mut entries = Map::new();
    for chart in CHARTS {
        let mut entry = chart.metadata(&Map::new());
        if let Some(entry) = entry.as_object_mut() {
            let file = format!("https://{HOME}/shop/{}-{}.tgz", chart.name, chart.version);
            entry.insert("urls".to_owned(), json!([file]));
            entry.insert("created".to_owned(), json!("2026-11-01T00:00:00Z"));
            entry.insert("digest".to_owned(), json!(""));
        }
        let of_chart = entries.entry(chart.name).or_insert_with(|| json!([]));
        if let Some(of_chart) = of_chart.as_array_mut() {
            of_chart.push(entry);
        }
    }
    json!({"apiVersion": "v1", "entries": entries, "generated": "2026-11-01T00:00:00Z"})
}
