//! The envelope of a Norman list: filters, sorting, pages.

use super::kinds::Kind;
use crate::Response;
use crate::world::answer;
use crate::world::call::{Call, Query};
use http::StatusCode;
use serde_json::{Map, Value, json};

const DEFAULT_LIMIT: usize = 1_000;
const MAX_LIMIT: usize = 10_000;

/// How a type pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paging {
    /// Through the store: filters, limit and marker work, the total is told.
    Store,
    /// Past the store: filters and limit are echoed and change nothing.
    Bypassed,
}

/// What a list answer is made of.
pub(crate) struct Listing<'a> {
    pub(crate) kind: &'a Kind,
    pub(crate) items: Vec<Value>,
    /// Where new ones are posted to, if they are.
    pub(crate) create: Option<String>,
    pub(crate) actions: Value,
    pub(crate) paging: Paging,
}

impl Listing<'_> {
    pub(crate) fn answer(self, call: &Call<'_>) -> Response {
        let own = format!("{}{}", call.base, call.raw_path);
        let Self { kind, mut items, create, actions, paging } = self;
        let conditions = Conditions::read(kind, &call.query);
        let limit = limit(&call.query);
        let mut pagination = Map::new();
        pagination.insert("limit".to_owned(), json!(limit));
        let sort = call.query.first("sort").filter(|field| kind.sorts.contains(field));
        let descending = call.query.first("order") == Some("desc");
        if paging == Paging::Store {
            items.retain(|item| conditions.hold(item));
            order(&mut items, sort, descending);
            page(&mut items, &mut pagination, call, &own, limit);
        }
        let links: Map<String, Value> = kind
            .sorts
            .iter()
            .map(|field| {
                let query = call.query.with(&[("sort", Some(field)), ("order", None), ("marker", None)]);
                ((*field).to_owned(), json!(format!("{own}{query}")))
            })
            .collect();
        let other = if descending { "asc" } else { "desc" };
        let reverse = format!("{own}{}", call.query.with(&[("order", Some(other)), ("marker", None)]));
        let mut sorting = json!({
            "order": if descending { "desc" } else { "asc" }, "reverse": reverse, "links": links,
        });
        if let (Some(sort), Some(sorting)) = (sort, sorting.as_object_mut()) {
            sorting.insert("name".to_owned(), json!(sort));
        }
        let mut body = json!({
            "type": "collection", "resourceType": kind.id, "links": {"self": own}, "actions": actions,
            "pagination": pagination, "sort": sorting, "filters": conditions.echo(), "data": items,
        });
        if let (Some(create), Some(body)) = (create, body.as_object_mut()) {
            body.insert("createTypes".to_owned(), json!({kind.id: create}));
        }
        answer::json(StatusCode::OK, &body)
    }
}

// rule: norman.limits
fn limit(query: &Query) -> usize {
    match query.first("limit").map(str::parse::<i64>) {
        Some(Ok(limit)) if limit < 0 => MAX_LIMIT,
        Some(Ok(limit)) => usize::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT),
        Some(Err(_)) | None => DEFAULT_LIMIT,
    }
}

fn order(items: &mut [Value], sort: Option<&str>, descending: bool) {
    // rule: norman.sort
    let id = |item: &Value| text(item, "id");
    items.sort_by_cached_key(|item| (sort.map(|field| text(item, field)), id(item)));
    if descending {
        items.reverse();
    }
}

fn page(
    items: &mut Vec<Value>,
    pagination: &mut Map<String, Value>,
    call: &Call<'_>,
    own: &str,
    limit: usize,
) {
    let total = items.len();
    pagination.insert("total".to_owned(), json!(total));
    let ids: Vec<String> = items.iter().map(|item| text(item, "id")).collect();
    // rule: norman.unknown-marker
    let marker = call.query.first("marker").filter(|marker| !marker.is_empty());
    let start = marker.and_then(|marker| ids.iter().position(|id| id == marker)).unwrap_or(0);
    if let Some(marker) = marker {
        pagination.insert("marker".to_owned(), json!(marker));
    }
    if total <= limit {
        return;
    }
    pagination.insert("partial".to_owned(), json!(true));
    let mut link = |name: &str, at: usize| {
        if let Some(id) = ids.get(at) {
            let url = format!("{own}{}", call.query.with(&[("marker", Some(id))]));
            pagination.insert(name.to_owned(), json!(url));
        }
    };
    link("first", 0);
    if limit == 0 {
        // rule: norman.limits
        items.clear();
        return;
    }
    if start > 0 {
        link("previous", start.saturating_sub(limit));
    }
    if start + limit < total {
        link("next", start + limit);
    }
    link("last", (total - 1) / limit * limit);
    *items = items.drain(..).skip(start).take(limit).collect();
}

fn text(item: &Value, field: &str) -> String {
    match item.get(field) {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

struct Condition {
    field: &'static str,
    modifier: &'static str,
    values: Vec<String>,
}

struct Conditions {
    fields: &'static [&'static str],
    conditions: Vec<Condition>,
}

impl Conditions {
    // Everything the schema does not name is passed over in silence, and the whole list comes back.
    fn read(kind: &Kind, query: &Query) -> Self {
        // rule: norman.unknown-filter
        let mut conditions: Vec<Condition> = Vec::new();
        for (key, value) in &query.0 {
            let known = |name: &str| kind.filters.iter().copied().find(|field| *field == name);
            let split = key.rsplit_once('_').and_then(|(name, modifier)| {
                let modifier = ["eq", "ne", "in", "notin"].into_iter().find(|known| *known == modifier)?;
                Some((known(name)?, modifier))
            });
            let Some((field, modifier)) = known(key).map(|field| (field, "eq")).or(split) else { continue };
            let merged = matches!(modifier, "in" | "notin")
                .then(|| conditions.iter_mut().find(|c| c.field == field && c.modifier == modifier))
                .flatten();
            match merged {
                Some(condition) => condition.values.push(value.clone()),
                None => conditions.push(Condition { field, modifier, values: vec![value.clone()] }),
            }
        }
        Self { fields: kind.filters, conditions }
    }

    fn hold(&self, item: &Value) -> bool {
        self.conditions.iter().all(|condition| {
            let found = condition.values.contains(&text(item, condition.field));
            found == matches!(condition.modifier, "eq" | "in")
        })
    }

    fn echo(&self) -> Map<String, Value> {
        let echoed = |field: &&'static str| {
            let of_field: Vec<Value> = self
                .conditions
                .iter()
                .filter(|condition| condition.field == *field)
                .map(|condition| {
                    let value = match (condition.modifier, condition.values.as_slice()) {
                        ("eq" | "ne", [value]) => json!(value),
                        (_, values) => json!(values),
                    };
                    json!({"modifier": condition.modifier, "value": value})
                })
                .collect();
            let value = if of_field.is_empty() { Value::Null } else { Value::Array(of_field) };
            ((*field).to_owned(), value)
        };
        self.fields.iter().map(echoed).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::norman::kinds::kind;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn limits_are_read_as_the_record_shows() {
        for (sent, read) in [("0", 0), ("-1", 10_000), ("99999", 10_000), ("abc", 1_000), ("7", 7)] {
            assert_eq!(limit(&query(&[("limit", sent)])), read, "{sent}");
        }
        assert_eq!(limit(&query(&[])), 1_000);
    }

    #[test]
    fn unknown_filters_pass_and_known_ones_are_echoed() {
        let project = kind("project").unwrap();
        let sent = query(&[
            ("name_in", "a"),
            ("name_in", "b"),
            ("clusterId_ne", "local"),
            ("name_like", "x"),
            ("x", "1"),
        ]);
        let conditions = Conditions::read(project, &sent);
        assert!(conditions.hold(&json!({"name": "a", "clusterId": "c-1"})));
        assert!(!conditions.hold(&json!({"name": "c", "clusterId": "c-1"})));
        assert!(!conditions.hold(&json!({"name": "a", "clusterId": "local"})));
        let echo = conditions.echo();
        assert_eq!(echo["name"], json!([{"modifier": "in", "value": ["a", "b"]}]));
        assert_eq!(echo["clusterId"], json!([{"modifier": "ne", "value": "local"}]));
        assert_eq!(echo["state"], Value::Null);
        assert_eq!(echo.len(), project.filters.len());
    }
}
