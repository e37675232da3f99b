//! The paths below `/-/`: faults and journal of a running server, for tests in any language.
//!
//! - `GET /-/faults` lists the rules with how often each was met, `POST` with `{"faults": ["RULE", …]}`
//!   replaces them all (or none, if one is wrong), `DELETE` removes them.
//! - `GET /-/journal` lists the requests so far, `DELETE` forgets them.
//! - `POST /-/agents` with `{"agents": {"CLUSTER-ID": "connected", …}}` changes tunnels: `connected`, `gone`, `never`.
//! - `GET /-/streams` says how many WebSockets, watches and logs are open, and how many were opened. `POST` does to all
//!   that are open what its body says, in this order: `{"mute": true}` lets them say nothing until it is `false`,
//!   `{"inject": "TEXT"}` sends a message or a line, `{"forget_past": true}` makes every revision so far too old to go
//!   on from, `{"cut": true}` breaks them off.
//! - `POST /-/logs` with `{"cluster", "namespace", "pod", "container", "text"}` has a container write.

use super::answer::json;
use super::streams::Streams;
use crate::fault::{Fault, FaultError, Faults};
use crate::journal::Journal;
use crate::message::Response;
use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

/// What every path here begins with. Rancher itself has no such path.
pub(super) const CONTROL: &str = "/-/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    faults: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agents {
    agents: BTreeMap<String, String>,
}

/// What a test does to all streams.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Done {
    cut: bool,
    inject: Option<String>,
    mute: Option<bool>,
    forget_past: bool,
}

/// What a container writes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) cluster: String,
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) container: String,
    pub(super) text: String,
}

/// What whatever answers is to do.
#[derive(Debug)]
pub(super) enum Wish {
    /// Change the agents of clusters.
    Agents(BTreeMap<String, String>),
    /// Forget every change so far.
    ForgetPast,
    /// Have a container write.
    Log(Written),
}

/// Hands a wish to whatever answers.
type Grant<'a> = dyn FnOnce(&Wish) -> Result<(), String> + 'a;

pub(super) fn answer(
    method: &Method,
    path: &str,
    body: &[u8],
    faults: &Faults,
    journal: &Journal,
    streams: &Streams,
    grant: Box<Grant<'_>>,
) -> Response {
    match (path.strip_prefix(CONTROL).unwrap_or_default(), method.as_str()) {
        ("faults", "GET") => list(faults),
        ("faults", "DELETE") => {
            faults.clear();
            list(faults)
        }
        ("faults", "POST") => match wanted(body) {
            Ok(wanted) => {
                faults.set(wanted);
                list(faults)
            }
            Err(message) => error(StatusCode::BAD_REQUEST, &message),
        },
        ("faults", _) => not_allowed("GET, POST, DELETE"),
        ("journal", "GET") => json(StatusCode::OK, &json!(journal.entries())),
        ("journal", "DELETE") => {
            journal.clear();
            json(StatusCode::OK, &json!(journal.entries()))
        }
        ("journal", _) => not_allowed("GET, DELETE"),
        ("agents", "POST") => match changed(body, grant) {
            Ok(agents) => json(StatusCode::OK, &json!({ "agents": agents })),
            Err(message) => error(StatusCode::BAD_REQUEST, &message),
        },
        ("agents", _) => not_allowed("POST"),
        ("streams", "GET") => going(streams),
        ("streams", "POST") => match done(body, streams, grant) {
            Ok(()) => going(streams),
            Err(message) => error(StatusCode::BAD_REQUEST, &message),
        },
        ("streams", _) => not_allowed("GET, POST"),
        ("logs", "POST") => match written(body, grant) {
            Ok(()) => json(StatusCode::OK, &json!({})),
            Err(message) => error(StatusCode::BAD_REQUEST, &message),
        },
        ("logs", _) => not_allowed("POST"),
        _ => {
            let all = "only /-/faults, /-/journal, /-/agents, /-/streams and /-/logs are here";
            error(StatusCode::NOT_FOUND, all)
        }
    }
}

fn wanted(body: &[u8]) -> Result<Vec<Fault>, String> {
    let wanted: Wanted = serde_json::from_slice(body)
        .map_err(|error| format!("send {{\"faults\": [\"METHOD PATH-GLOB ACTION\", …]}}: {error}"))?;
    wanted
        .faults
        .iter()
        .map(|rule| rule.parse())
        .collect::<Result<_, FaultError>>()
        .map_err(|e| e.to_string())
}

/// Does to the streams what the body says; nothing if it cannot be read.
fn done(body: &[u8], streams: &Streams, grant: Box<Grant<'_>>) -> Result<(), String> {
    let done: Done = serde_json::from_slice(body).map_err(|error| {
        format!("send {{\"cut\": true}}, with mute, inject or forget_past beside it or instead: {error}")
    })?;
    if let Some(mute) = done.mute {
        streams.set_mute(mute);
    }
    if let Some(text) = &done.inject {
        streams.inject(text);
    }
    if done.forget_past {
        grant(&Wish::ForgetPast)?;
    }
    if done.cut {
        streams.cut();
    }
    Ok(())
}

fn going(streams: &Streams) -> Response {
    json(StatusCode::OK, &json!({"open": streams.open(), "opened": streams.opened()}))
}

fn written(body: &[u8], grant: Box<Grant<'_>>) -> Result<(), String> {
    let written = serde_json::from_slice(body)
        .map_err(|error| format!("send cluster, namespace, pod, container and text: {error}"))?;
    grant(&Wish::Log(written))
}

fn changed(body: &[u8], grant: Box<Grant<'_>>) -> Result<BTreeMap<String, String>, String> {
    let Agents { agents } = serde_json::from_slice(body)
        .map_err(|error| format!("send {{\"agents\": {{\"CLUSTER-ID\": \"gone\"}}}}: {error}"))?;
    let wish = Wish::Agents(agents);
    grant(&wish)?;
    match wish {
        Wish::Agents(agents) => Ok(agents),
        _ => Ok(BTreeMap::new()),
    }
}

fn list(faults: &Faults) -> Response {
    json(StatusCode::OK, &json!({ "faults": faults.counts() }))
}

fn not_allowed(methods: &'static str) -> Response {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, &format!("this path takes {methods}"));
    response.headers.insert(ALLOW, HeaderValue::from_static(methods));
    response
}

fn error(status: StatusCode, message: &str) -> Response {
    json(status, &json!({ "error": message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(wish: &Wish) -> Result<(), String> {
        match wish {
            Wish::Agents(agents) if !agents.contains_key("c-prod1") => Err("no such cluster".to_owned()),
            Wish::Log(written) if written.pod != "hello" => Err("no such pod".to_owned()),
            _ => Ok(()),
        }
    }

    fn ask(method: Method, path: &str, body: &str, faults: &Faults) -> (u16, serde_json::Value) {
        let (journal, streams) = (Journal::default(), Streams::default());
        let response = answer(&method, path, body.as_bytes(), faults, &journal, &streams, Box::new(known));
        (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap())
    }

    #[test]
    fn rules_are_replaced_listed_and_cleared() {
        let faults = Faults::default();
        let rules = r#"{"faults": ["GET /a hang", "* /** 429:1 times=1"]}"#;
        let (status, body) = ask(Method::POST, "/-/faults", rules, &faults);
        assert_eq!(status, 200);
        assert_eq!(body["faults"][1], json!({"rule": "* /** 429:1 times=1", "seen": 0, "fired": 0}));
        faults.on_request(&Method::GET, "/b");
        let (_, body) = ask(Method::GET, "/-/faults", "", &faults);
        assert_eq!((&body["faults"][0]["seen"], &body["faults"][1]["fired"]), (&json!(0), &json!(1)));
        assert_eq!(ask(Method::DELETE, "/-/faults", "", &faults), (200, json!({"faults": []})));
    }

    #[test]
    fn one_bad_rule_changes_nothing() {
        let faults = Faults::default();
        faults.add("GET /a hang".parse().unwrap());
        for (body, hint) in [
            (r#"{"faults": ["GET /b hang", "GET /c explode"]}"#, "explode"),
            (r#"{"faults": "GET /b hang"}"#, "METHOD PATH-GLOB ACTION"),
            (r#"{"rules": []}"#, "faults"),
            ("", "METHOD PATH-GLOB ACTION"),
        ] {
            let (status, answer) = ask(Method::POST, "/-/faults", body, &faults);
            assert!(status == 400 && answer["error"].as_str().unwrap().contains(hint), "{answer}");
        }
        assert_eq!(faults.counts()[0].rule, "GET /a hang");
    }

    #[test]
    fn agents_are_handed_on() {
        let set = |body: &str| ask(Method::POST, "/-/agents", body, &Faults::default());
        let gone = json!({"agents": {"c-prod1": "gone"}});
        assert_eq!(set(&gone.to_string()), (200, gone));
        for (body, hint) in [
            (r#"{"agents": {"c-zzzzz": "gone"}}"#, "no such cluster"),
            ("{}", "CLUSTER-ID"),
            ("", "CLUSTER-ID"),
        ] {
            let (status, answer) = set(body);
            assert!(status == 400 && answer["error"].as_str().unwrap().contains(hint), "{answer}");
        }
    }

    #[test]
    fn streams_and_logs_take_what_they_know() {
        let post = |path: &str, body: &str| ask(Method::POST, path, body, &Faults::default());
        let none = json!({"open": 0, "opened": 0});
        for body in ["{}", r#"{"cut": true, "inject": "x", "mute": false, "forget_past": true}"#] {
            assert_eq!(post("/-/streams", body), (200, none.clone()));
        }
        let log = json!({"cluster": "c-prod1", "namespace": "plain", "pod": "hello", "container": "web", "text": "x"});
        assert_eq!(post("/-/logs", &log.to_string()), (200, json!({})));
        let mut nowhere = log;
        nowhere["pod"] = json!("nowhere");
        for (path, body, hint) in [
            ("/-/streams", r#"{"cuts": true}"#, "forget_past"),
            ("/-/streams", "", "cut"),
            ("/-/logs", "{}", "container"),
            ("/-/logs", &nowhere.to_string(), "no such pod"),
        ] {
            let (status, answer) = post(path, body);
            assert!(status == 400 && answer["error"].as_str().unwrap().contains(hint), "{answer}");
        }
    }

    #[test]
    fn other_paths_and_methods_say_what_there_is() {
        let faults = Faults::default();
        assert_eq!(ask(Method::PUT, "/-/faults", "", &faults).0, 405);
        assert_eq!(ask(Method::POST, "/-/journal", "", &faults).0, 405);
        assert_eq!(ask(Method::GET, "/-/world", "", &faults).0, 404);
        assert_eq!(ask(Method::GET, "/-/agents", "", &faults).0, 405);
        assert_eq!(ask(Method::DELETE, "/-/streams", "", &faults).0, 405);
        assert_eq!(ask(Method::GET, "/-/logs", "", &faults).0, 405);
        assert_eq!(ask(Method::GET, "/-/journal", "", &faults), (200, json!([])));
    }
}
