//! A simulated Rancher for one test, and clients behind the border for the labels of its credentials.

use bytes::Bytes;
use rancher_bridge::{Answer, Bridge, Fault, Stream};
use rancher_simulator::{ServerOptions, Simulator, World};
use serde_json::{Value, json};
use std::time::Duration;

/// No test waits longer than this for anything, however slow the machine is.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The cluster of the record whose agent is connected.
pub(crate) const PROD: &str = "c-prod1";

pub(crate) struct Lab {
    pub(crate) simulator: Simulator<World>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self { simulator: Simulator::serve(World::record(7), ServerOptions::default()).unwrap() }
    }

    pub(crate) fn token(&self, label: &str) -> String {
        self.simulator.world(|world| world.labels().tokens[label].clone())
    }

    /// Options of a client for a label, with more of them.
    pub(crate) fn options(&self, label: &str, more: Value) -> Value {
        let mut all = json!({"url": self.simulator.url(), "ca_pem": self.simulator.ca_pem(), "token": self.token(label)});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    }

    pub(crate) fn open(&self, label: &str, more: Value) -> Client {
        Client(Bridge::open(self.options(label, more).to_string().as_bytes()).unwrap())
    }

    pub(crate) fn client(&self, label: &str) -> Client {
        self.open(label, json!({}))
    }

    pub(crate) fn faults(&self, rules: &[&str]) {
        self.simulator.faults().set(rules.iter().map(|rule| rule.parse().unwrap()).collect());
    }

    /// `METHOD target` of every request since the journal was cleared.
    pub(crate) fn requests(&self) -> Vec<String> {
        let entries = self.simulator.journal().entries();
        entries.iter().map(|entry| format!("{} {}", entry.method, entry.target)).collect()
    }

    pub(crate) fn forget(&self) {
        self.simulator.journal().clear();
    }
}

/// A client behind the border, as a shell uses it.
pub(crate) struct Client(pub(crate) Bridge);

impl Client {
    pub(crate) async fn call(&self, operation: &str, input: Value) -> Result<Answer, Fault> {
        self.call_with(operation, input, None).await
    }

    pub(crate) async fn call_with(
        &self,
        operation: &str,
        input: Value,
        original: Option<Bytes>,
    ) -> Result<Answer, Fault> {
        let input = input.to_string();
        let call = self.0.call(operation, input.as_bytes(), original);
        tokio::time::timeout(PATIENCE, call).await.unwrap()
    }

    pub(crate) fn begin(&self, operation: &str, input: Value) -> Result<Stream, Fault> {
        self.begin_with(operation, input, None)
    }

    pub(crate) fn begin_with(
        &self,
        operation: &str,
        input: Value,
        original: Option<Bytes>,
    ) -> Result<Stream, Fault> {
        self.0.begin(operation, input.to_string().as_bytes(), original)
    }

    /// All answers of a stream.
    pub(crate) async fn all(&self, operation: &str, input: Value) -> Result<Vec<Answer>, Fault> {
        rest(&self.begin(operation, input)?).await
    }

    /// All objects of a list.
    pub(crate) async fn list(&self, operation: &str, input: Value) -> Result<Vec<Value>, Fault> {
        Ok(self.all(operation, input).await?.iter().flat_map(objects).collect())
    }

    /// All records of a list.
    pub(crate) async fn records(&self, operation: &str, input: Value) -> Result<Vec<Value>, Fault> {
        let pages = self.all(operation, input).await?;
        assert!(pages.iter().all(Answer::is_empty));
        Ok(pages.iter().flat_map(|page| value(page).as_array().unwrap().clone()).collect())
    }
}

pub(crate) async fn rest(stream: &Stream) -> Result<Vec<Answer>, Fault> {
    let mut all = Vec::new();
    while let Some(answer) = tokio::time::timeout(PATIENCE, stream.next(None)).await.unwrap()? {
        all.push(answer);
    }
    Ok(all)
}

pub(crate) fn value(answer: &Answer) -> Value {
    serde_json::from_str(&answer.value_json()).unwrap()
}

pub(crate) fn objects(answer: &Answer) -> Vec<Value> {
    let all: Vec<Value> = serde_json::from_slice(&answer.objects_json()).unwrap();
    assert_eq!(all.len(), answer.len());
    all
}

/// The one object of an answer.
pub(crate) fn object(answer: &Answer) -> Value {
    let [one] = <[Value; 1]>::try_from(objects(answer)).unwrap();
    one
}

pub(crate) fn original(answer: &Answer) -> Option<Bytes> {
    answer.raw(0).cloned()
}

pub(crate) fn kind(fault: &Fault) -> &'static str {
    fault.error().kind().as_str()
}
