//! Label and field selectors.

use crate::Response;
use crate::world::answer::Failure;
use crate::world::state::{Object, ObjectKey};
use http::StatusCode;
use serde_json::Value;

/// What a list asks for.
#[derive(Debug, Default)]
pub(crate) struct Selector {
    labels: Vec<(String, Term)>,
    fields: Vec<(String, bool, String)>,
}

#[derive(Debug, PartialEq, Eq)]
enum Term {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Missing,
}

fn bad(message: String) -> Response {
    Failure { status: StatusCode::BAD_REQUEST, reason: "BadRequest", message, details: None }.answer()
}

/// Splits at commas that no parenthesis holds.
pub(crate) fn split(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts = text.split(|c| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

// `key in (a, b)`, without the operator.
fn set<'a>(term: &'a str, operator: &str) -> Option<(&'a str, Vec<String>)> {
    let (key, values) = term.split_once(operator)?;
    let values = values.trim().strip_prefix('(')?.strip_suffix(')')?;
    Some((key.trim(), values.split(',').map(|value| value.trim().to_owned()).collect()))
}

fn label(term: &str) -> Result<(String, Term), Box<Response>> {
    let one = |value: &str| vec![value.trim().trim_start_matches('=').trim().to_owned()];
    let (key, term) = if let Some((key, values)) = set(term, " notin ") {
        (key, Term::NotIn(values))
    } else if let Some((key, values)) = set(term, " in ") {
        (key, Term::In(values))
    } else if let Some((key, value)) = term.split_once("!=") {
        (key.trim(), Term::NotIn(one(value)))
    } else if let Some((key, value)) = term.split_once('=') {
        (key.trim(), Term::In(one(value)))
    } else if let Some(key) = term.strip_prefix('!') {
        (key.trim(), Term::Missing)
    } else {
        (term, Term::Exists)
    };
    if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c == '(') {
        // rule: kube.bad-selector
        return Err(Box::new(bad(format!(
            "unable to parse requirement: found '{term:?}', expected: identifier"
        ))));
    }
    Ok((key.to_owned(), term))
}

impl Selector {
    /// Reads both selectors; fields that cannot be selected by are a 400.
    pub(crate) fn read(labels: &str, fields: &str) -> Result<Self, Box<Response>> {
        // rule: kube.label-selector
        let labels = split(labels).into_iter().map(label).collect::<Result<_, _>>()?;
        let mut found = Vec::new();
        for term in split(fields) {
            let (field, is, value) = match (term.split_once("!="), term.split_once('=')) {
                (Some((field, value)), _) => (field, false, value),
                (None, Some((field, value))) => (field, true, value.trim_start_matches('=')),
                (None, None) => {
                    return Err(Box::new(bad(format!(
                        "invalid selector: '{term}'; can't understand '{term}'"
                    ))));
                }
            };
            // rule: kube.field-selector
            if !FIELDS.contains(&field) {
                return Err(Box::new(bad(format!("field label not supported: {field}"))));
            }
            found.push((field.to_owned(), is, value.to_owned()));
        }
        Ok(Self { labels, fields: found })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    pub(crate) fn picks(&self, key: &ObjectKey, object: &Object) -> bool {
        let label = |(name, term): &(String, Term)| match (term, object.label(name)) {
            (Term::In(values), found) => found.is_some_and(|found| values.iter().any(|value| value == found)),
            (Term::NotIn(values), found) => {
                found.is_none_or(|found| values.iter().all(|value| value != found))
            }
            (Term::Exists, found) => found.is_some(),
            (Term::Missing, found) => found.is_none(),
        };
        let field = |(name, is, value): &(String, bool, String)| {
            let found = match name.as_str() {
                "metadata.name" => key.2.as_str(),
                "metadata.namespace" => key.1.as_str(),
                other => {
                    let at = format!("/{}", other.replace('.', "/"));
                    let found = at.strip_prefix('/').and_then(|at| {
                        let (first, rest) = at.split_once('/').unwrap_or((at, ""));
                        let found = object.body.get(first)?;
                        if rest.is_empty() { Some(found) } else { found.pointer(&format!("/{rest}")) }
                    });
                    found.and_then(Value::as_str).unwrap_or_default()
                }
            };
            (found == value) == *is
        };
        self.labels.iter().all(label) && self.fields.iter().all(field)
    }
}

// What Kubernetes can select by; the last ones for some kinds only.
const FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.uid",
    "reason",
    "spec.nodeName",
    "status.phase",
    "type",
];

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn picked(labels: &str, fields: &str) -> bool {
        let body = json!({
            "metadata": {"labels": {"app": "web", "tier": "front"}}, "status": {"phase": "Pending"},
        });
        let Value::Object(body) = body else { panic!("an object") };
        let object = Object { body, ..Object::default() };
        let key = ("/pods".into(), "shop".into(), "web-1".into());
        Selector::read(labels, fields).unwrap().picks(&key, &object)
    }

    #[test]
    fn label_selectors_select() {
        for (selector, hit) in [
            ("", true),
            ("app=web", true),
            ("app==web,tier", true),
            ("app!=web", false),
            ("!app", false),
            ("!other", true),
            ("app=web,tier=back", false),
            ("app in (web, api),tier notin (back)", true),
            ("app in (api)", false),
            ("app notin (web,api)", false),
            ("other notin (x)", true),
        ] {
            assert_eq!(picked(selector, ""), hit, "{selector}");
        }
    }

    #[test]
    fn field_selectors_select() {
        for (selector, hit) in [
            ("metadata.name=web-1", true),
            ("metadata.name!=web-1", false),
            ("metadata.namespace=shop,status.phase=Pending", true),
            ("status.phase==Running", false),
        ] {
            assert_eq!(picked("", selector), hit, "{selector}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for (labels, fields) in [("app of (web)", ""), ("", "spec.replicas=1"), ("", "metadata.name")] {
            let refused = Selector::read(labels, fields).unwrap_err();
            assert_eq!(refused.status, 400, "{labels} {fields}");
        }
    }
}
