//! One sample with one credential: what was sent, and what it came to.

use bytes::Bytes;
use rancher_bridge::{Answer, Bridge, Fault};
use rancher_client::scope::Confidence;
use rancher_client::{Client, ErrorKind};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use super::samples::{Call, Row, Sample};
use crate::in_process::{Server, wrote};

/// Nothing takes longer, of the time that stands still.
const PATIENCE: Duration = Duration::from_secs(600);

/// Who prepares a sample.
const ADMIN: &str = "admin-unscoped";

/// Whether an operation returns one answer after another, by what it returns; and whether it ends by itself.
fn is_stream(row: &Row) -> (bool, bool) {
    let returns = row.returns.strip_prefix("any ").unwrap_or(&row.returns);
    let endless = matches!(returns, "events" | "lines");
    (endless || matches!(returns, "objects" | "edit") || returns.starts_with("wait"), !endless)
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Came {
    /// The kind of the error, if it failed.
    pub(super) failed: Option<ErrorKind>,
    pub(super) confidence: Option<Confidence>,
    /// What the error says.
    pub(super) text: String,
}

impl From<Result<(), Fault>> for Came {
    fn from(done: Result<(), Fault>) -> Self {
        let Err(fault) = done else { return Self { failed: None, confidence: None, text: String::new() } };
        let error = fault.error();
        Self { failed: Some(error.kind()), confidence: error.confidence(), text: error.to_string() }
    }
}

/// A world, and what was prepared in it.
pub(super) struct Place {
    server: Server,
    saved: BTreeMap<String, Value>,
    original: Option<Bytes>,
    /// Whether it is no more what it was.
    pub(super) used: bool,
}

impl Place {
    /// The same before anything was done in it.
    pub(super) fn copy(&self) -> Self {
        Self {
            server: self.server.copy(),
            saved: self.saved.clone(),
            original: self.original.clone(),
            used: false,
        }
    }

    /// A copy of the server in which this sample can be done.
    pub(super) async fn new(server: &Server, sample: &Sample) -> Self {
        let mut place = Self { server: server.copy(), saved: BTreeMap::new(), original: None, used: false };
        if let Some(cluster) = &sample.nodes {
            place.server.world(|world| world.run_nodes(cluster, Duration::ZERO));
        }
        for call in &sample.before {
            let first = place.prepared(call).await;
            for (name, pointer) in &call.save {
                let value = first.as_ref().and_then(|(_, value)| value.pointer(pointer));
                let value = value.unwrap_or_else(|| panic!("{}: nothing at {pointer}", sample.about));
                place.saved.insert(name.clone(), value.clone());
            }
        }
        if let Some(call) = &sample.original {
            place.original = place.prepared(call).await.map(|(raw, _)| raw);
        }
        place.server.sent();
        place
    }

    /// What the administrator does before.
    async fn prepared(&self, call: &Call) -> Option<(Bytes, Value)> {
        let bridge = self.bridge(ADMIN, None).unwrap();
        let mut input = self.filled(&call.arguments);
        input.insert("target".into(), self.filled(&call.target).into());
        let answer = bridge.call(&call.operation, Value::from(input).to_string().as_bytes(), None).await;
        let answer = answer.unwrap_or_else(|fault| panic!("{}: {fault}", call.operation));
        let raw = answer.raw(0).cloned().or_else(|| Some(answer.value_json().into()))?;
        let value = serde_json::from_slice(&raw).unwrap();
        Some((raw, value))
    }

    fn bridge(&self, label: &str, told: Option<&str>) -> Result<Bridge, Fault> {
        let mut config = self.server.config(label)?;
        config.cluster = told.map(|id| id.parse().unwrap());
        Ok(Bridge::over(Client::over(self.server.connection(config))))
    }

    fn filled(&self, map: &Map<String, Value>) -> Map<String, Value> {
        map.iter().map(|(key, value)| (key.clone(), self.fill(value))).collect()
    }

    /// `{saved:NAME}`, `{token:LABEL}`, `{name:LABEL}` and `{password:USER}` become what they stand for.
    fn fill(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(map) => self.filled(map).into(),
            Value::String(text) => self.text(text),
            other => other.clone(),
        }
    }

    fn text(&self, text: &str) -> Value {
        let Some(place) = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')) else {
            return json!(text);
        };
        let Some((what, name)) = place.split_once(':') else { return json!(text) };
        let found = self.server.world(|world| {
            let labels = world.labels();
            let token = |name: &str| labels.tokens.get(name).cloned();
            match what {
                "saved" => self.saved.get(name).cloned(),
                "token" => token(name).map(Value::from),
                "name" => token(name).map(|token| json!(token.split(':').next())),
                "password" => labels.users.get(name).map(|user| json!(user.password)),
                "user" => labels.users.get(name).map(|user| json!(user.id)),
                _ => None,
            }
        });
        found.unwrap_or_else(|| panic!("nothing stands for {text}"))
    }

    /// Does the sample with a label of the record. The client is told which cluster is meant, or nothing.
    pub(super) async fn observe(
        &mut self,
        row: &Row,
        sample: &Sample,
        label: &str,
        told: Option<&str>,
    ) -> Came {
        let bridge = match self.bridge(label, told) {
            Ok(bridge) => bridge,
            Err(fault) => return Came::from(Err(fault)),
        };
        let mut input = self.filled(&sample.arguments);
        if row.arguments.iter().any(|argument| argument.kind == "object") {
            let original: Value = serde_json::from_slice(self.original.as_deref().unwrap_or(b"{}")).unwrap();
            input.insert("object".into(), patched(original, &sample.change));
        }
        let original = self.original.clone();
        input.insert("target".into(), self.filled(&sample.target).into());
        let input = Value::from(input).to_string();
        let done = tokio::time::timeout(PATIENCE, run(&bridge, row, sample, &input, original)).await;
        let done = done.unwrap_or_else(|_| panic!("{}, {}: {label}: it never ends", row.name, sample.about));
        bridge.close();
        self.used |= wrote(&self.server.sent());
        Came::from(done)
    }
}

async fn run(
    bridge: &Bridge,
    row: &Row,
    sample: &Sample,
    input: &str,
    original: Option<Bytes>,
) -> Result<(), Fault> {
    let (stream, ends) = is_stream(row);
    if !stream {
        return bridge.call(&row.name, input.as_bytes(), original).await.map(|_: Answer| ());
    }
    let stream = bridge.begin(&row.name, input.as_bytes(), original)?;
    let mut reply = None;
    while let Some(answer) = stream.next(reply.take()).await? {
        let value: Value = serde_json::from_str(&answer.value_json()).unwrap();
        if value["event"] == "edit" {
            let object = serde_json::from_slice(answer.raw(0).unwrap()).unwrap();
            reply = Some(patched(object, &sample.change).to_string().into());
        }
        if !ends {
            stream.stop();
            break;
        }
    }
    Ok(())
}

/// RFC 7386.
fn patched(mut object: Value, change: &Value) -> Value {
    fn merge(into: &mut Value, change: &Value) {
        let Value::Object(change) = change else {
            *into = change.clone();
            return;
        };
        if !into.is_object() {
            *into = json!({});
        }
        let Value::Object(into) = into else { return };
        for (key, value) in change {
            match value {
                Value::Null => {
                    into.remove(key);
                }
                value => merge(into.entry(key.clone()).or_insert(Value::Null), value),
            }
        }
    }
    if !change.is_null() {
        merge(&mut object, change);
    }
    object
}
