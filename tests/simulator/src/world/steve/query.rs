//! What a Steve list may ask for: filters, sorting, pages, parts of objects.

use super::super::answer::steve_error;
use super::super::call::Query;
use super::super::kube::resources::Resource;
use super::super::kube::select::split;
use crate::Response;
use http::StatusCode;
use serde_json::{Map, Value};
use std::cmp::Ordering;
use std::collections::BTreeMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    Like,
    NotLike,
    In,
    NotIn,
    Less,
    Greater,
    Exists,
    Missing,
}

#[derive(Debug)]
struct Condition {
    field: Vec<String>,
    operator: Operator,
    values: Vec<String>,
}

/// A list request, read.
#[derive(Debug)]
pub(super) struct Asked {
    /// One of each must hold.
    filters: Vec<Vec<Condition>>,
    sort: Vec<(Vec<String>, bool)>,
    /// Projects or namespaces, and whether they are wanted.
    homes: Option<(Vec<String>, bool)>,
    /// From 1.
    page: usize,
    size: Option<usize>,
}

fn invalid(message: &str) -> Response {
    steve_error(StatusCode::UNPROCESSABLE_ENTITY, "InvalidBodyContent", message)
}

// `metadata.labels[a.b/c]` is three steps, as is `metadata.labels.c`.
fn steps(field: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = field;
    while !rest.is_empty() {
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        let (step, after) = rest.split_at(end);
        if !step.is_empty() {
            found.push(step.to_owned());
        }
        rest = match after.strip_prefix('[') {
            Some(inside) => {
                let (key, after) = inside.split_once(']').unwrap_or((inside, ""));
                found.push(key.to_owned());
                after
            }
            None => after.strip_prefix('.').unwrap_or(after),
        };
    }
    found
}

fn label(field: &[String]) -> bool {
    matches!(field, [meta, labels, _, ..] if meta == "metadata" && labels == "labels")
}

/// What Steve keeps an index of, beside labels.
fn indexed(resource: &Resource, field: &[String]) -> bool {
    let path = field.join(".");
    // rule: steve.indexed-fields
    let common =
        ["id", "metadata.creationTimestamp", "metadata.name", "metadata.namespace", "metadata.state.name"];
    common.contains(&path.as_str())
        || label(field)
        || (path.starts_with("metadata.fields.") && field.len() == 3)
        || match resource.kind {
            "Cluster" => path == "spec.internal" || path == "spec.displayName" || path == "status.provider",
            "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
                path == "spec.template.spec.containers.image"
            }
            "Event" => ["_type", "reason", "message", "involvedObject.kind", "involvedObject.uid"]
                .contains(&path.as_str()),
            "Namespace" => path == "spec.displayName",
            "PersistentVolumeClaim" => path == "spec.volumeName",
            "Pod" => ["spec.containers.image", "spec.nodeName", "status.podIP"].contains(&path.as_str()),
            "Project" => path == "spec.clusterName" || path == "spec.displayName",
            "Secret" => path == "_type",
            "Service" => path == "spec.clusterIP" || path == "spec.type",
            _ => false,
        }
}

fn check(resource: &Resource, field: &[String]) -> Result<(), Box<Response>> {
    if indexed(resource, field) {
        return Ok(());
    }
    // rule: steve.unknown-column
    let path = field.join(".");
    Err(Box::new(invalid(&format!("column is invalid [{path}]: supplied column is invalid"))))
}

fn unquoted(value: &str) -> String {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some(inside) = value.strip_prefix(quote).and_then(|value| value.strip_suffix(quote)) {
            return inside.to_owned();
        }
    }
    value.to_owned()
}

fn condition(term: &str) -> Option<Condition> {
    let set = |word: &str, operator| {
        let (field, values) = term.split_once(word)?;
        let values = values.trim().strip_prefix('(')?.strip_suffix(')')?;
        let values = values.split(',').map(unquoted).collect();
        Some(Condition { field: steps(field.trim()), operator, values })
    };
    if let Some(found) = set(" notin ", Operator::NotIn).or_else(|| set(" in ", Operator::In)) {
        return Some(found);
    }
    // The field ends where its last bracket or the first sign of an operator is.
    let after = term.find(']').map_or(0, |at| at + 1);
    let at = term.get(after..)?.find(['=', '!', '~', '<', '>']).map(|at| at + after);
    let Some(at) = at.filter(|at| *at > 0) else {
        let (field, operator) = match term.strip_prefix('!') {
            Some(field) => (field, Operator::Missing),
            None => (term, Operator::Exists),
        };
        return Some(Condition { field: steps(field.trim()), operator, values: Vec::new() });
    };
    let (field, rest) = term.split_at(at);
    const SIGNS: &[(&str, Operator)] = &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("!~", Operator::NotLike),
        ("=", Operator::Equal),
        ("~", Operator::Like),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let (sign, operator) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign))?;
    let value = rest.strip_prefix(sign)?;
    Some(Condition { field: steps(field.trim()), operator: *operator, values: vec![unquoted(value)] })
}

impl Asked {
    pub(super) fn read(query: &Query, resource: &Resource) -> Result<Self, Box<Response>> {
        // rule: steve.filter
        let all =
            |name: &'static str| query.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value);
        let mut filters = Vec::new();
        for text in all("filter") {
            let mut either = Vec::new();
            for term in split(text) {
                let Some(found) = condition(term) else {
                    return Err(Box::new(invalid(&format!("unable to parse requirement: {term}"))));
                };
                if matches!(found.operator, Operator::Exists | Operator::Missing) && !label(&found.field) {
                    return Err(Box::new(invalid(&format!(
                        "unable to parse requirement: existence tests are valid only for labels; not valid for field '{}'",
                        found.field.join(".")
                    ))));
                }
                check(resource, &found.field)?;
                either.push(found);
            }
            if !either.is_empty() {
                filters.push(either);
            }
        }
        // rule: steve.sort
        let mut sort = Vec::new();
        for part in query.first("sort").into_iter().flat_map(split) {
            let (field, down) = part.strip_prefix('-').map_or((part, false), |field| (field, true));
            let field = steps(field);
            check(resource, &field)?;
            sort.push((field, down));
        }
        let list = |name: &str| {
            let text = query.first(name).filter(|text| !text.is_empty())?;
            Some(text.split(',').map(|part| part.trim().to_owned()).collect::<Vec<String>>())
        };
        // rule: steve.projectsornamespaces
        let homes = list("projectsornamespaces")
            .map(|homes| (homes, true))
            .or_else(|| list("projectsornamespaces!").map(|homes| (homes, false)));
        let number = |name: &str| query.first(name).and_then(|n| n.parse::<usize>().ok()).filter(|n| *n > 0);
        // rule: steve.pagesize
        Ok(Self { filters, sort, homes, page: number("page").unwrap_or(1), size: number("pagesize") })
    }

    /// The projects or namespaces asked for.
    pub(super) fn homes(&self) -> Option<(&[String], bool)> {
        self.homes.as_ref().map(|(homes, wanted)| (homes.as_slice(), *wanted))
    }

    pub(super) fn is_filtered(&self) -> bool {
        !self.filters.is_empty()
    }

    pub(super) fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    pub(super) fn picks(&self, shown: &Value) -> bool {
        self.filters.iter().all(|either| either.iter().any(|condition| condition.holds(shown)))
    }

    pub(super) fn order(&self, one: &Value, other: &Value, ranks: &BTreeMap<String, String>) -> Ordering {
        let ranked = |value: &Value, field: &[String]| -> Vec<String> {
            let values = values(value, field).into_iter();
            values.map(|value| ranks.get(&value).cloned().unwrap_or(value)).collect()
        };
        for (field, down) in &self.sort {
            let (one, other) = (ranked(one, field), ranked(other, field));
            let order = match (number(&one), number(&other)) {
                (Some(one), Some(other)) => one.total_cmp(&other),
                _ => one.cmp(&other),
            };
            let order = if *down { order.reverse() } else { order };
            if order != Ordering::Equal {
                return order;
            }
        }
        Ordering::Equal
    }

    /// The first item of the page, and how many it may hold.
    pub(super) fn window(&self) -> (usize, usize) {
        let size = self.size.unwrap_or(usize::MAX);
        ((self.page - 1).saturating_mul(size), size)
    }
}

fn number(values: &[String]) -> Option<f64> {
    if let [one] = values { one.parse().ok() } else { None }
}

// A list on the way means every item of it.
fn values(value: &Value, field: &[String]) -> Vec<String> {
    match (value, field) {
        (Value::Array(items), [at, rest @ ..]) if at.parse::<usize>().is_ok() => {
            let item = at.parse().ok().and_then(|at: usize| items.get(at));
            item.map(|item| values(item, rest)).unwrap_or_default()
        }
        (Value::Array(items), field) => items.iter().flat_map(|item| values(item, field)).collect(),
        (Value::Object(fields), [step, rest @ ..]) => {
            // A label or annotation may have dots in its name.
            let whole = field.join(".");
            match fields.get(step).or_else(|| fields.get(&whole)) {
                Some(value) if fields.contains_key(step) => values(value, rest),
                Some(value) => values(value, &[]),
                None => Vec::new(),
            }
        }
        (Value::String(text), []) => vec![text.clone()],
        (Value::Null, _) | (_, [_, ..]) | (Value::Object(_), []) => Vec::new(),
        (other, []) => vec![other.to_string()],
    }
}

impl Condition {
    fn holds(&self, shown: &Value) -> bool {
        let found = values(shown, &self.field);
        let any = |test: &dyn Fn(&String) -> bool| found.iter().any(test);
        let first = self.values.first().map(String::as_str).unwrap_or_default();
        let like = |text: &String| text.to_lowercase().contains(&first.to_lowercase());
        let compared = |wanted: Ordering| {
            any(&|text: &String| match (text.parse::<f64>(), first.parse::<f64>()) {
                (Ok(found), Ok(given)) => found.total_cmp(&given) == wanted,
                _ => false,
            })
        };
        match self.operator {
            Operator::Equal => any(&|text| text == first),
            Operator::NotEqual => !any(&|text| text == first),
            Operator::Like => any(&like),
            Operator::NotLike => !any(&like),
            Operator::In => any(&|text| self.values.contains(text)),
            Operator::NotIn => !any(&|text| self.values.contains(text)),
            Operator::Less => compared(Ordering::Less),
            Operator::Greater => compared(Ordering::Greater),
            Operator::Exists => !found.is_empty(),
            Operator::Missing => found.is_empty(),
        }
    }
}

/// Takes out of an object what the client does not want to see.
pub(super) fn part(query: &Query, shown: &mut Map<String, Value>) {
    let fields = |name: &'static str| {
        query.0.iter().filter(move |(key, _)| key == name).map(|(_, field)| steps(field))
    };
    // rule: steve.parts
    if fields("include").next().is_some() {
        let mut kept = Map::new();
        for own in ["id", "type", "links", "actions"] {
            kept.extend(shown.get(own).map(|value| (own.to_owned(), value.clone())));
        }
        for field in fields("include") {
            if let Some(value) = at(shown, &field).cloned() {
                put(&mut kept, &field, value);
            }
        }
        *shown = kept;
    }
    for field in fields("exclude") {
        if let Some((last, home)) = field.split_last()
            && let Some(Value::Object(home)) = home_of(shown, home)
        {
            home.remove(last);
        } else if let [only] = field.as_slice() {
            shown.remove(only);
        }
    }
    for field in fields("excludeValues") {
        if let Some(Value::Object(inside)) = home_of(shown, &field) {
            inside.values_mut().for_each(|value| *value = Value::String(String::new()));
        }
    }
}

fn at<'a>(shown: &'a Map<String, Value>, field: &[String]) -> Option<&'a Value> {
    let (first, rest) = field.split_first()?;
    rest.iter().try_fold(shown.get(first)?, |value, step| value.get(step))
}

fn home_of<'a>(shown: &'a mut Map<String, Value>, field: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = field.split_first()?;
    rest.iter().try_fold(shown.get_mut(first)?, |value, step| value.get_mut(step))
}

fn put(into: &mut Map<String, Value>, field: &[String], value: Value) {
    let Some((first, rest)) = field.split_first() else { return };
    if rest.is_empty() {
        into.insert(first.clone(), value);
    } else if let Value::Object(inside) =
        into.entry(first.clone()).or_insert_with(|| Value::Object(Map::new()))
    {
        put(inside, rest, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::kube::resources::find;
    use serde_json::json;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn ask(pairs: &[(&str, &str)]) -> Result<Asked, Box<Response>> {
        Asked::read(&query(pairs), find("", "v1", "pods").unwrap())
    }

    fn pod() -> Value {
        json!({
            "id": "shop/web-1", "metadata": {
                "name": "web-1", "namespace": "shop", "labels": {"app.io/name": "web", "tier": "front"},
                "fields": ["web-1", 3],
            },
            "spec": {"containers": [{"image": "nginx"}, {"image": "busybox"}]},
        })
    }

    #[test]
    fn filters_pick() {
        for (filter, hit) in [
            ("metadata.name=web-1", true),
            ("metadata.name==web", false),
            ("metadata.name~WEB", true),
            ("metadata.name!~web", false),
            ("metadata.name!=web-1", false),
            ("metadata.name=x,metadata.namespace=shop", true),
            ("metadata.name in (web-1, web-2)", true),
            ("metadata.name notin (web-1)", false),
            ("metadata.labels[app.io/name]=web", true),
            ("metadata.labels.tier='front'", true),
            ("metadata.labels[app.io/name]", true),
            ("!metadata.labels[other]", true),
            ("metadata.labels[other]!=x", true),
            ("spec.containers.image=busybox", true),
            ("metadata.fields[1]>2", true),
            ("metadata.fields.1<3", false),
        ] {
            let asked = ask(&[("filter", filter)]).unwrap_or_else(|_| panic!("{filter}"));
            assert_eq!(asked.picks(&pod()), hit, "{filter}");
        }
        let both = ask(&[("filter", "metadata.name=web-1"), ("filter", "metadata.namespace=other")]).unwrap();
        assert!(!both.picks(&pod()), "repeated filters must all hold");
    }

    #[test]
    fn columns_must_be_indexed() {
        for pairs in [
            [("filter", "spec.replicas=1")],
            [("sort", "-status.qosClass")],
            [("filter", "metadata.labels[a]=b,nosuch=1")],
        ] {
            let refused = ask(&pairs).unwrap_err();
            let body: Value = serde_json::from_slice(&refused.body).unwrap();
            assert_eq!((refused.status.as_u16(), &body["code"]), (422, &json!("InvalidBodyContent")));
            assert!(body["message"].as_str().unwrap().starts_with("column is invalid ["), "{body}");
        }
        assert!(ask(&[("filter", "metadata.name")]).is_err(), "existence is for labels");
    }

    #[test]
    fn sorting_and_pages() {
        let asked =
            ask(&[("sort", "-metadata.fields.1,metadata.name"), ("page", "3"), ("pagesize", "5")]).unwrap();
        let of = |name: &str, number: u64| json!({"metadata": {"name": name, "fields": [name, number]}});
        let none = BTreeMap::new();
        assert_eq!(asked.order(&of("a", 10), &of("b", 9), &none), Ordering::Less, "numbers, down");
        assert_eq!(asked.order(&of("b", 9), &of("a", 9), &none), Ordering::Greater);
        let renamed = [("b".to_owned(), "0".to_owned())].into();
        assert_eq!(asked.order(&of("b", 9), &of("a", 9), &renamed), Ordering::Less);
        assert_eq!(asked.window(), (10, 5));
        assert_eq!(ask(&[("page", "0"), ("pagesize", "-1")]).unwrap().window(), (0, usize::MAX));
    }

    #[test]
    fn parts_of_objects() {
        let cut = |pairs: &[(&str, &str)]| {
            let Value::Object(mut shown) = pod() else { panic!("an object") };
            part(&query(pairs), &mut shown);
            Value::Object(shown)
        };
        assert_eq!(cut(&[("exclude", "metadata"), ("exclude", "spec")]), json!({"id": "shop/web-1"}));
        assert_eq!(
            cut(&[("include", "metadata.name")]),
            json!({"id": "shop/web-1", "metadata": {"name": "web-1"}})
        );
        let emptied = cut(&[("excludeValues", "metadata.labels")]);
        assert_eq!(emptied["metadata"]["labels"], json!({"app.io/name": "", "tier": ""}));
        assert!(cut(&[("exclude", "metadata.labels")])["metadata"].get("labels").is_none());
        assert_eq!(cut(&[("exclude", "nosuch.field")]), pod());
    }
}
