//! What the JSON of an object says of its state, whichever API it came through.

use serde_json::Value;
use std::fmt;

use super::until::text;
use crate::wire::{Object, redact};

/// What an object that is waited for is not yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Unmet {
    /// What is not so yet, in words, credentials masked: `condition Ready is False (Waiting), not True`.
    pub unmet: Vec<String>,
    /// The state of the object, where it says one, credentials masked.
    pub state: Option<String>,
    /// What the object says of it, credentials masked.
    pub message: Option<String>,
    /// Why the last look failed, if it did, credentials masked. The rest is of the look before it.
    pub trouble: Option<String>,
}

impl Unmet {
    /// What is not so yet of an object, in words that hold no credential. `said` stands for the object's own message
    /// where it has none.
    pub(super) fn of(object: &Object, unmet: Vec<String>, said: Option<String>) -> Self {
        let masked = |text: &str| redact(text).into_owned();
        Self {
            unmet: unmet.iter().map(|words| masked(words)).collect(),
            state: state(object).map(masked),
            message: message(object).map(masked).or_else(|| said.as_deref().map(masked)),
            trouble: None,
        }
    }
}

impl fmt::Display for Unmet {
    /// One line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line =
            if self.unmet.is_empty() { "nothing was seen of it".to_owned() } else { self.unmet.join("; ") };
        if let Some(message) = &self.message {
            line.push_str(": ");
            line.push_str(message);
        }
        if let Some(trouble) = &self.trouble {
            line.push_str(" (the last look failed: ");
            line.push_str(trouble);
            line.push(')');
        }
        f.write_str(&redact(&line.replace(char::is_control, " ")))
    }
}

/// The state: of v3, of Steve, or the phase of Kubernetes.
pub(super) fn state(object: &Object) -> Option<&str> {
    text(object, "/state")
        .or_else(|| text(object, "/metadata/state/name"))
        .or_else(|| text(object, "/status/phase"))
}

/// Whether nothing is under way and nothing failed; nothing where the object does not say.
pub(super) fn settled(object: &Object) -> Option<bool> {
    if let Some(transitioning) = object.text("transitioning") {
        return Some(transitioning == "no");
    }
    let state = object.pointer("/metadata/state")?;
    let flag = |name: &str| state.get(name).and_then(Value::as_bool);
    Some(!flag("transitioning")? && !flag("error").unwrap_or(false))
}

/// What the object says of its state.
pub(super) fn message(object: &Object) -> Option<&str> {
    text(object, "/transitioningMessage").or_else(|| text(object, "/metadata/state/message"))
}

/// Whether it came from Kubernetes itself, which says nothing of states.
pub(super) fn is_plain_kubernetes(object: &Object) -> bool {
    object.get("id").is_none() && object.pointer("/metadata/uid").is_some()
}

/// What tells it from another of the same name.
pub(super) fn uid(object: &Object) -> Option<&str> {
    text(object, "/metadata/uid").or_else(|| text(object, "/uuid"))
}

/// Looks at a condition; if it is not as wanted, why, and what it says.
pub(super) fn condition(object: &Object, kind: &str, wanted: &str) -> Result<(), (String, Option<String>)> {
    let conditions = object.pointer("/status/conditions").or_else(|| object.get("conditions"));
    let conditions = conditions.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let field = |condition: &Value, name: &str| {
        condition.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let named = conditions.iter().find(|condition| field(condition, "type").as_deref() == Some(kind));
    let Some(condition) = named else {
        return Err((format!("it has no condition {kind} yet"), None));
    };
    let status = field(condition, "status").unwrap_or_default();
    let said = field(condition, "message");
    if status != wanted {
        let reason = field(condition, "reason").map(|reason| format!(" ({reason})")).unwrap_or_default();
        return Err((format!("condition {kind} is {status}{reason}, not {wanted}"), said));
    }
    let generation = object.pointer("/metadata/generation").and_then(Value::as_i64);
    let observed =
        condition.get("observedGeneration").or_else(|| object.pointer("/status/observedGeneration"));
    match (generation, observed.and_then(Value::as_i64)) {
        (Some(generation), Some(observed)) if observed < generation => Err((
            format!("condition {kind} is {wanted} for an older generation, {observed} of {generation}"),
            said,
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Until;
    use super::*;
    use serde_json::json;

    fn object(json: Value) -> Object {
        Object::try_from(json).unwrap()
    }

    fn unmet(until: &Until, json: Value) -> Option<Unmet> {
        until.unmet(&object(json)).unwrap()
    }

    #[test]
    fn a_condition_is_read_of_every_api() {
        let ready = Until::condition("Ready");
        let of = |status: &str| {
            json!([{"type": "Other", "status": "True"}, {"type": "Ready", "status": status,
            "reason": "Waiting", "message": "for nodes"}])
        };
        for (good, bad) in [
            (json!({"conditions": of("True")}), json!({"conditions": of("False")})),
            (json!({"status": {"conditions": of("True")}}), json!({"status": {"conditions": of("False")}})),
        ] {
            assert_eq!(unmet(&ready, good), None);
            let unmet = unmet(&ready, bad).unwrap();
            assert_eq!(unmet.to_string(), "condition Ready is False (Waiting), not True: for nodes");
        }
        assert_eq!(unmet(&ready, json!({})).unwrap().unmet, ["it has no condition Ready yet"]);
        assert_eq!(unmet(&ready.clone().is("False"), json!({"conditions": of("False")})), None);
        // `is` is about the condition before it
        let both = Until::condition("Ready").is("False").and(Until::state("error"));
        assert_eq!(unmet(&both, json!({"conditions": of("False"), "state": "error"})), None);
    }

    #[test]
    fn a_condition_of_an_older_generation_is_not_met() {
        let of = |generation: i64, status: i64, own: Option<i64>| {
            let mut condition = json!({"type": "Available", "status": "True"});
            if let Some(own) = own {
                condition["observedGeneration"] = own.into();
            }
            json!({"metadata": {"generation": generation},
                "status": {"observedGeneration": status, "conditions": [condition]}})
        };
        let until = Until::condition("Available");
        assert_eq!(unmet(&until, of(3, 3, None)), None);
        assert_eq!(unmet(&until, of(3, 1, Some(3))), None);
        assert!(unmet(&until, of(3, 2, None)).unwrap().to_string().contains("an older generation, 2 of 3"));
        assert!(unmet(&until, of(3, 3, Some(2))).is_some());
    }

    #[test]
    fn a_state_is_read_of_every_api() {
        let active = Until::state("active");
        for json in [
            json!({"state": "active"}),
            json!({"metadata": {"state": {"name": "active"}}}),
            json!({"status": {"phase": "Active"}}),
        ] {
            assert_eq!(unmet(&active, json), None);
        }
        let waiting = json!({"state": "provisioning", "transitioning": "yes", "transitioningMessage": "waiting for\nagent"});
        let seen = unmet(&active, waiting).unwrap();
        assert_eq!(seen.state.as_deref(), Some("provisioning"));
        assert_eq!(seen.to_string(), "state is provisioning, not active: waiting for agent");
        assert!(unmet(&active, json!({})).is_some());
    }

    #[test]
    fn settled_is_neither_under_way_nor_failed() {
        let settled = Until::settled();
        assert_eq!(unmet(&settled, json!({"transitioning": "no"})), None);
        for (transitioning, error, met) in [(false, false, true), (true, false, false), (false, true, false)]
        {
            let json = json!({"id": "a", "metadata": {"uid": "u", "state": {"transitioning": transitioning, "error": error}}});
            assert_eq!(unmet(&settled, json).is_none(), met);
        }
        for transitioning in ["yes", "error", ""] {
            assert!(unmet(&settled, json!({"transitioning": transitioning})).is_some());
        }
        assert!(unmet(&settled, json!({"id": "a", "name": "b"})).is_some());
        let error = settled.unmet(&object(json!({"metadata": {"uid": "u"}}))).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Invalid);
    }

    #[test]
    fn a_message_with_a_credential_is_masked() {
        let json =
            json!({"state": "error", "transitioningMessage": "no login for token-abcde:s3cr3ts3cr3ts3cr3t"});
        assert!(!unmet(&Until::state("active"), json).unwrap().to_string().contains("s3cr3t"));
    }
}
