//! The paths below `/-/`: faults and journal of a running server, for tests in any language.
//!
//! - `GET /-/faults` lists the rules with how often each was met, `POST` with `{"faults": ["RULE", …]}`
//!   replaces them all (or none, if one is wrong), `DELETE` removes them.
//! - `GET /-/journal` lists the requests so far, `DELETE` forgets them.

use super::answer::json;
use crate::fault::{Fault, FaultError, Faults};
use crate::journal::Journal;
use crate::message::Response;
use http::header::{ALLOW, HeaderValue};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::json;

/// What every path here begins with. Rancher itself has no such path.
pub(super) const CONTROL: &str = "/-/";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    faults: Vec<String>,
}

pub(super) fn answer(
    method: &Method,
    path: &str,
    body: &[u8],
    faults: &Faults,
    journal: &Journal,
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
        _ => error(StatusCode::NOT_FOUND, "only /-/faults and /-/journal are here"),
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

    fn ask(method: Method, path: &str, body: &str, faults: &Faults) -> (u16, serde_json::Value) {
        let response = answer(&method, path, body.as_bytes(), faults, &Journal::default());
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
    fn other_paths_and_methods_say_what_there_is() {
        let faults = Faults::default();
        assert_eq!(ask(Method::PUT, "/-/faults", "", &faults).0, 405);
        assert_eq!(ask(Method::POST, "/-/journal", "", &faults).0, 405);
        assert_eq!(ask(Method::GET, "/-/world", "", &faults).0, 404);
        assert_eq!(ask(Method::GET, "/-/journal", "", &faults), (200, json!([])));
    }
}
