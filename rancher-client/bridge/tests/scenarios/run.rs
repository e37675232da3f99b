//! A scenario, done on the bridge.

use bytes::Bytes;
use rancher_bridge::{Answer, Bridge, Fault};
use rancher_simulator::{Agent, ServerOptions, Simulator, World};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::fits::misfit;
use super::format::{self, Credential, Expect, Operations, Requests, Scenario, Step};
use super::places::Places;

/// No call takes longer than this, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

/// What came of a step.
#[derive(Default)]
pub(super) struct Outcome {
    objects: Vec<Bytes>,
    pages: usize,
    value: Value,
    events: Vec<Value>,
    edits: usize,
    pub(super) error: Option<Value>,
}

/// A row of the errors table, as it happened.
pub(super) struct Row {
    pub(super) scenario: String,
    pub(super) title: String,
    /// The class in Python, which the runner there compares.
    pub(super) python: String,
    pub(super) error: Value,
}

struct Run<'s> {
    scenario: &'s Scenario,
    operations: &'s Operations,
    simulator: Simulator<World>,
    places: Places,
    kept: BTreeMap<String, Bytes>,
    credential: Credential,
    bridges: Vec<(Credential, Bridge)>,
    rows: Vec<Row>,
}

/// Does it, and says what is not as it must be, with the step.
pub(super) async fn run(scenario: &Scenario, operations: &Operations) -> Result<Vec<Row>, String> {
    let server = ServerOptions { delay_scale: 0.0, ..ServerOptions::default() };
    let mut world = World::record(7);
    if let Some(millis) = scenario.nodes {
        // as `rancher-sim --nodes` does it
        world.run_nodes("c-prod1", Duration::from_millis(millis));
        world.add_pod("c-prod1", "plain", "hello", &["web", "side"]);
    }
    let simulator = Simulator::serve(world, server).unwrap();
    let places = Places { ready: simulator.ready(), ..Places::default() };
    let credential = scenario.credential.clone().unwrap_or(Credential::Label("admin-unscoped".into()));
    let mut run = Run {
        scenario,
        operations,
        simulator,
        places,
        kept: BTreeMap::new(),
        credential,
        bridges: Vec::new(),
        rows: Vec::new(),
    };
    run.agents(&scenario.agents);
    for (index, step) in scenario.steps.iter().enumerate() {
        let what = step.operation.as_deref().unwrap_or("open");
        run.step(step).await.map_err(|why| format!("step {} ({what}): {why}", index + 1))?;
    }
    run.simulator.stop().await;
    Ok(run.rows)
}

impl Run<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        if let Some(credential) = &step.credential {
            self.credential = credential.clone();
        }
        self.agents(&step.agents);
        if let Some(faults) = &step.faults {
            let rules = faults.iter().map(|rule| self.places.filled(rule).parse().unwrap()).collect();
            self.simulator.faults().set(rules);
        }
        self.simulator.journal().clear();
        let began = Instant::now();
        let outcome = tokio::time::timeout(PATIENCE, self.outcome(step))
            .await
            .map_err(|_| format!("nothing after {PATIENCE:?}"))?;
        let took = began.elapsed();
        self.check(step, &outcome, took)?;
        self.remember(step, outcome)
    }

    async fn outcome(&mut self, step: &Step) -> Outcome {
        let mut outcome = Outcome::default();
        let done = match &step.open {
            Some(options) => Bridge::open(json!(self.places.map(options)).to_string().as_bytes())
                .map(|bridge| outcome.value = serde_json::from_str(&bridge.describe()).unwrap()),
            None => self.called(step, &mut outcome).await,
        };
        outcome.error = done.err().map(|fault| serde_json::from_str(&fault.to_json()).unwrap());
        outcome
    }

    async fn called(&mut self, step: &Step, outcome: &mut Outcome) -> Result<(), Fault> {
        let bridge = self.bridge()?;
        let operation = step.operation.as_deref().unwrap();
        let (input, original) = self.input(step);
        let returns = self.operations.get(operation).map_or("", |stated| stated["returns"].as_str().unwrap());
        let returns = returns.strip_prefix("any ").unwrap_or(returns);
        let stream = ["objects", "edit", "events", "lines"].contains(&returns);
        if !stream && !returns.starts_with("wait") {
            take(outcome, &bridge.call(operation, input.as_bytes(), original).await?);
            return Ok(());
        }
        let stream = bridge.begin(operation, input.as_bytes(), original)?;
        let mut reply = None;
        while let Some(answer) = stream.next(reply.take()).await? {
            let value: Value = serde_json::from_str(&answer.value_json()).unwrap();
            match value["event"].as_str() {
                Some("edit") => {
                    outcome.edits += 1;
                    let change = self.places.fill(step.change.as_ref().unwrap_or(&json!({})));
                    reply = Some(patched(answer.raw(0).unwrap(), &change).to_string().into());
                }
                Some("unmet") => outcome.events.push(value),
                // after waiting, a value that is no object
                Some("met") if answer.is_empty() => outcome.value = value["value"].clone(),
                _ if value["number"].is_u64() => {
                    reply = Some(value["number"].to_string().into());
                    let told = value["each"].as_array().unwrap().iter().map(|one| told(one, &answer));
                    let mut all = outcome.value.as_array().cloned().unwrap_or_default();
                    all.extend(told);
                    all.truncate(step.take.unwrap_or(usize::MAX));
                    let enough = step.take == Some(all.len());
                    outcome.value = all.into();
                    if enough {
                        break;
                    }
                }
                _ => {
                    outcome.pages += 1;
                    take(outcome, &answer);
                }
            }
            if step.take.is_some_and(|most| outcome.objects.len() >= most) {
                stream.stop();
                outcome.objects.truncate(step.take.unwrap_or_default());
                break;
            }
        }
        Ok(())
    }

    /// What the operation takes, and the object that it is about as it was read.
    fn input(&self, step: &Step) -> (String, Option<Bytes>) {
        let mut input = self.places.map(&step.arguments);
        let mut original = None;
        if let Some(Value::Object(object)) = input.get("object")
            && let Some(name) = object.get("$kept").and_then(Value::as_str)
        {
            let kept = self.kept.get(name).unwrap_or_else(|| panic!("nothing was kept as {name}")).clone();
            input.remove("object");
            let updates =
                |operation: &str| operation.ends_with(".update") || operation.ends_with(".update_status");
            if step.operation.as_deref().is_some_and(updates) {
                let change = self.places.fill(step.change.as_ref().unwrap_or(&json!({})));
                input.insert("object".into(), patched(&kept, &change));
            }
            original = Some(kept);
        } else if let Some(Value::String(_)) = input.get("object") {
            let id = input.remove("object").unwrap();
            input.insert("id".into(), id);
        }
        input.insert("target".into(), self.places.map(&step.target).into());
        (Value::from(input).to_string(), original)
    }

    /// A client of the present credential; one for each, so that what it observed stays.
    fn bridge(&mut self) -> Result<Bridge, Fault> {
        if let Some((_, bridge)) = self.bridges.iter().find(|(credential, _)| *credential == self.credential)
        {
            return Ok(bridge.clone());
        }
        let mut options = self.places.map(&self.scenario.options);
        let ready = &self.places.ready;
        for (name, value) in [("url", &ready["url"]), ("ca_pem", &ready["ca_pem"])] {
            options.entry(name).or_insert_with(|| value.clone());
        }
        match &self.credential {
            Credential::Label(label) if label == "anonymous" => {
                options.insert("anonymous".into(), true.into())
            }
            Credential::Label(label) => {
                let token = self.places.filled(&format!("{{token:{label}}}"));
                options.insert("token".into(), token.into())
            }
            Credential::Text(text) => options.insert("token".into(), self.places.filled(&text.token).into()),
        };
        let bridge = Bridge::open(Value::from(options).to_string().as_bytes())?;
        self.bridges.push((self.credential.clone(), bridge.clone()));
        Ok(bridge)
    }

    fn agents(&self, agents: &BTreeMap<String, format::Agent>) {
        for (label, agent) in agents {
            let id = self.places.filled(&format!("{{cluster:{label}}}"));
            let agent = match agent {
                format::Agent::Connected => Agent::Connected,
                format::Agent::Never => Agent::Never,
                format::Agent::Gone => {
                    Agent::Gone { since: jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1) }
                }
            };
            self.simulator.world(|world| world.set_agent(&id, agent)).unwrap();
        }
    }

    fn check(&self, step: &Step, outcome: &Outcome, took: Duration) -> Result<(), String> {
        let expect = &step.expect;
        self.no_secret(outcome)?;
        match (&expect.error, &outcome.error) {
            (None, Some(error)) => return Err(format!("it failed: {}", brief(error))),
            (Some(_), None) => return Err("it went well, and must fail".to_owned()),
            (Some(expected), Some(error)) => {
                let expected = Value::from(self.places.map(expected));
                fits("error", &expected, error).map_err(|why| format!("{why}\n{}", brief(error)))?;
            }
            (None, None) => self.check_outcome(expect, outcome)?,
        }
        if let Some(requests) = &expect.requests {
            self.check_requests(requests)?;
        }
        match expect.within {
            Some(most) if took.as_secs_f64() > most => Err(format!("it took {took:?}")),
            _ => Ok(()),
        }
    }

    fn check_outcome(&self, expect: &Expect, outcome: &Outcome) -> Result<(), String> {
        let whole: Vec<Value> =
            outcome.objects.iter().map(|raw| serde_json::from_slice(raw).unwrap_or_default()).collect();
        let value = |expected: &Value| self.places.fill(expected);
        if let Some(expected) = &expect.object {
            let object = whole.first().ok_or("no object came")?;
            fits("object", &value(expected), object)?;
        }
        if expect.nothing && !whole.is_empty() {
            return Err(format!("an object came: {}", whole[0]));
        }
        if let Some(expected) = &expect.objects {
            if let Some(count) = &expected.count {
                fits("objects.count", count, &json!(whole.len()))?;
            }
            if let Some(ids) = &expected.ids {
                let found: Vec<&Value> = whole.iter().map(|object| &object["id"]).collect();
                fits("objects.ids", &value(ids), &json!(found))?;
            }
            if let Some(pages) = &expected.pages {
                fits("objects.pages", pages, &json!(outcome.pages))?;
            }
            for object in &whole {
                let every = expected.every.as_ref().map_or_else(|| json!({}), value);
                fits("objects.every", &every, object)?;
            }
            for some in &expected.some {
                fits("objects.some", &json!({"$contains": value(some)}), &json!(whole))?;
            }
        }
        if let Some(answered) = &expect.response {
            let body = outcome.objects.first().cloned().unwrap_or_default();
            let body = serde_json::from_slice(&body)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&body).into_owned()));
            for (what, expected, found) in [
                ("response.status", answered.status.map(Value::from), &outcome.value["status"]),
                ("response.headers", answered.headers.clone(), &outcome.value["headers"]),
                ("response.body", answered.body.clone(), &body),
            ] {
                expected.map_or(Ok(()), |expected| fits(what, &value(&expected), found))?;
            }
        }
        for (what, expected, found) in [
            ("records", expect.records.clone(), &outcome.value),
            ("value", expect.value.clone(), &outcome.value),
            ("altered", expect.altered.clone(), &outcome.value["altered"]),
            ("created", expect.created.clone(), &outcome.value["created"]),
            ("gone", expect.gone.clone(), &outcome.value["gone"]),
            ("edits", expect.edits.map(Value::from), &json!(outcome.edits)),
        ] {
            expected.map_or(Ok(()), |expected| fits(what, &value(&expected), found))?;
        }
        for event in &expect.events {
            fits("events", &json!({"$contains": value(event)}), &json!(outcome.events))?;
        }
        Ok(())
    }

    /// Nothing that failed may say a secret.
    fn no_secret(&self, outcome: &Outcome) -> Result<(), String> {
        let shown = outcome.error.as_ref().map(Value::to_string).unwrap_or_default();
        for (label, token) in self.places.ready["tokens"].as_object().unwrap() {
            let token = token.as_str().unwrap();
            if shown.contains(token.split_once(':').map_or(token, |(_, secret)| secret)) {
                return Err(format!("the error shows the token {label}"));
            }
        }
        Ok(())
    }

    fn check_requests(&self, expected: &Requests) -> Result<(), String> {
        let entries = self.simulator.journal().entries();
        let found: Vec<String> =
            entries.iter().map(|entry| format!("{} {}", entry.method, entry.target)).collect();
        let good = match expected {
            Requests::Count(count) => *count == found.len(),
            Requests::Each(each) => {
                each.len() == found.len()
                    && each
                        .iter()
                        .zip(&found)
                        .all(|(expected, found)| is_request(&self.places.filled(expected), found))
            }
        };
        if good { Ok(()) } else { Err(format!("requests: expected {expected:?}, found {found:#?}")) }
    }

    fn remember(&mut self, step: &Step, outcome: Outcome) -> Result<(), String> {
        let whole: Vec<Value> =
            outcome.objects.iter().map(|raw| serde_json::from_slice(raw).unwrap_or_default()).collect();
        let of_many = step.operation.as_deref().is_some_and(|name| name.ends_with("list"));
        let saved = match (&outcome.error, whole.first()) {
            (Some(error), _) => error.clone(),
            (None, _) if of_many && outcome.value.is_null() => json!(whole),
            (None, Some(_)) if step.operation.as_deref() == Some("request") => {
                json!({"status": outcome.value["status"], "headers": outcome.value["headers"], "body": whole[0]})
            }
            (None, Some(object)) => object.clone(),
            (None, None) => outcome.value,
        };
        for (name, pointer) in &step.save {
            let value = saved.pointer(pointer).ok_or_else(|| format!("save: {pointer} is not there"))?;
            self.places.saved.insert(name.clone(), value.clone());
        }
        if let Some(name) = &step.keep {
            let object = outcome.objects.first().ok_or("keep: no object came")?;
            self.kept.insert(name.clone(), object.clone());
        }
        if let Some(title) = &step.row {
            self.rows.push(Row {
                scenario: self.scenario.name.clone(),
                title: title.clone(),
                python: step.expect.python.clone().unwrap_or_default(),
                error: outcome.error.unwrap_or_default(),
            });
        }
        Ok(())
    }
}

/// A value with the texts of its secrets.
fn revealed(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => match fields.remove("$secret") {
            Some(text) => text,
            None => fields.into_iter().map(|(name, part)| (name, revealed(part))).collect(),
        },
        Value::Array(parts) => parts.into_iter().map(revealed).collect(),
        value => value,
    }
}

fn take(outcome: &mut Outcome, answer: &Answer) {
    outcome.objects.extend((0..answer.len()).map(|at| answer.raw(at).unwrap().clone()));
    match serde_json::from_str(&answer.value_json()).unwrap() {
        Value::Array(more) => match &mut outcome.value {
            Value::Array(all) => all.extend(more),
            value => *value = Value::Array(more),
        },
        Value::Null => {}
        value => outcome.value = revealed(value),
    }
}

/// What a watch or a log told, as the languages have it.
fn told(one: &Value, answer: &Answer) -> Value {
    let mut told = one.clone();
    let Value::Object(fields) = &mut told else { panic!("{one}") };
    if let Some(at) = fields.remove("at").and_then(|at| usize::try_from(at.as_u64()?).ok()) {
        let raw = answer.raw(at).unwrap();
        match fields.contains_key("whole") {
            true => {
                fields.insert("text".into(), String::from_utf8_lossy(raw).into());
            }
            false => {
                fields.entry("id").or_insert_with(|| answer.head(at).id.into());
                fields.insert("object".into(), serde_json::from_slice(raw).unwrap());
            }
        }
    }
    told
}

fn fits(what: &str, expected: &Value, found: &Value) -> Result<(), String> {
    misfit(expected, found).map_or(Ok(()), |why| Err(format!("{what} {why}")))
}

/// A merge patch, as RFC 7396 has it.
fn patched(raw: &[u8], change: &Value) -> Value {
    fn merge(value: &mut Value, change: &Value) {
        let Value::Object(change) = change else {
            *value = change.clone();
            return;
        };
        if !value.is_object() {
            *value = Map::new().into();
        }
        let map = value.as_object_mut().unwrap();
        for (key, change) in change {
            match change {
                Value::Null => drop(map.remove(key)),
                change => merge(map.entry(key).or_insert(Value::Null), change),
            }
        }
    }
    let mut value = serde_json::from_slice(raw).unwrap();
    merge(&mut value, change);
    value
}

/// An error without what it does not say.
fn brief(error: &Value) -> String {
    let mut error = error.clone();
    if let Value::Object(fields) = &mut error {
        fields.retain(|_, value| !value.is_null() && *value != json!([]) && *value != json!(""));
    }
    format!("{error:#}")
}

/// The same method and path, and every pair of the query that is expected.
fn is_request(expected: &str, found: &str) -> bool {
    let (path, pairs) = expected.split_once('?').unwrap_or((expected, ""));
    let (found, found_pairs) = found.split_once('?').unwrap_or((found, ""));
    let has = |pair: &str| found_pairs.split('&').any(|found| found == pair);
    path == found && pairs.split('&').filter(|pair| !pair.is_empty()).all(has)
}

#[test]
fn a_merge_patch_sets_and_removes() {
    let patched =
        patched(br#"{"a":{"b":1,"c":2},"d":[1]}"#, &json!({"a": {"b": null, "e": {"f": 3}}, "d": 4}));
    assert_eq!(patched, json!({"a": {"c": 2, "e": {"f": 3}}, "d": 4}));
}

#[test]
fn a_request_has_at_least_what_is_expected() {
    assert!(is_request("GET /v3/projects?name=a", "GET /v3/projects?limit=5&name=a"));
    assert!(!is_request("GET /v3/projects?name=a", "GET /v3/projects?name=ab"));
    assert!(!is_request("GET /v3/projects", "POST /v3/projects"));
}
