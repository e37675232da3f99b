//! The envelope of a Norman list: filters, sorting, pages.

use super::kinds::Kind;
use crate::Response;
use crate::world::answer;
use crate::world::call::{Call, Query};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

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

/// What a list holds: read to filter and sort, shown only when it is on the page.
pub(crate) trait Item {
    /// Its id, by which a list is sorted.
    fn id(&self) -> Cow<'_, str>;
    /// A field as text, as filters and sorting see it.
    fn text(&self, field: &str) -> Cow<'_, str>;
    /// The whole object.
    fn show(self) -> Value;
}

impl Item for Value {
    fn id(&self) -> Cow<'_, str> {
        text(self, "id")
    }

    fn text(&self, field: &str) -> Cow<'_, str> {
        text(self, field)
    }

    fn show(self) -> Value {
        self
    }
}

/// What a list answer is made of.
pub(crate) struct Listing<'a, T = Value> {
    pub(crate) kind: &'static Kind,
    pub(crate) items: Vec<T>,
    /// Where new ones are posted to, if they are.
    pub(crate) create: Option<String>,
    pub(crate) actions: Value,
    pub(crate) paging: Paging,
    /// In whose place a cluster's id is sorted.
    pub(crate) ranks: &'a Ranks,
}

/// Ids of clusters, and the ids as which they sort.
pub(crate) type Ranks = BTreeMap<String, String>;

impl<T: Item> Listing<'_, T> {
    pub(crate) fn answer(self, call: &Call<'_>) -> Response {
        let own = format!("{}{}", call.base, call.raw_path);
        let Self { kind, mut items, create, actions, paging, ranks } = self;
        let conditions = Conditions::read(kind, &call.query);
        let limit = limit(&call.query);
        let mut pagination = Map::new();
        pagination.insert("limit".to_owned(), json!(limit));
        let sort = call.query.first("sort").filter(|field| kind.filters.contains_key(*field));
        let descending = call.query.first("order") == Some("desc");
        if paging == Paging::Store {
            items.retain(|item| conditions.hold(item));
            order(&mut items, sort, descending, ranks);
            items = page(items, &mut pagination, call, &own, limit);
        }
        let links: Map<String, Value> = kind
            .sorts()
            .map(|field| {
                let query = call.query.with(&[("sort", Some(field)), ("order", None), ("marker", None)]);
                (field.to_owned(), json!(format!("{own}{query}")))
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
        let data: Vec<Value> = items.into_iter().map(Item::show).collect();
        let mut body = json!({
            "type": "collection", "resourceType": kind.id, "links": {"self": own}, "actions": actions,
            "pagination": pagination, "sort": sorting, "filters": conditions.echo(),
        });
        if let Some(body) = body.as_object_mut() {
            body.insert("data".to_owned(), Value::Array(data));
            if let Some(create) = create {
                body.insert("createTypes".to_owned(), json!({&kind.id: create}));
            }
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

fn order<T: Item>(items: &mut [T], sort: Option<&str>, descending: bool, ranks: &Ranks) {
    // rule: norman.sort
    let id = |item: &T| {
        let id = item.id();
        // rule: record.renamed-clusters
        match id.split_once(':').and_then(|(cluster, name)| Some((ranks.get(cluster)?, name))) {
            Some((rank, name)) => format!("{rank}:{name}"),
            None => ranks.get(id.as_ref()).cloned().unwrap_or_else(|| id.into_owned()),
        }
    };
    // The world keeps them by id: a page of a large list costs no more than its length.
    if !ranks.is_empty() || !items.is_sorted_by(|one, other| one.id() <= other.id()) {
        items.sort_by_cached_key(id);
    }
    if let Some(field) = sort {
        items.sort_by_cached_key(|item| item.text(field).into_owned());
    }
    if descending {
        items.reverse();
    }
}

fn page<T: Item>(
    mut items: Vec<T>,
    pagination: &mut Map<String, Value>,
    call: &Call<'_>,
    own: &str,
    limit: usize,
) -> Vec<T> {
    let total = items.len();
    pagination.insert("total".to_owned(), json!(total));
    // rule: norman.unknown-marker
    let marker = call.query.first("marker").filter(|marker| !marker.is_empty());
    let start = marker.and_then(|marker| items.iter().position(|item| item.id() == marker)).unwrap_or(0);
    if let Some(marker) = marker {
        pagination.insert("marker".to_owned(), json!(marker));
    }
    if total <= limit {
        return items;
    }
    pagination.insert("partial".to_owned(), json!(true));
    let mut link = |name: &str, at: usize| {
        if let Some(item) = items.get(at) {
            let url = format!("{own}{}", call.query.with(&[("marker", Some(&*item.id()))]));
            pagination.insert(name.to_owned(), json!(url));
        }
    };
    link("first", 0);
    if limit == 0 {
        // rule: norman.limits
        return Vec::new();
    }
    if start > 0 {
        link("previous", start.saturating_sub(limit));
    }
    if start + limit < total {
        link("next", start + limit);
    }
    // rule: norman.last-page
    link("last", total - limit);
    items.drain(..start.min(total));
    items.truncate(limit);
    items
}

fn text<'a>(item: &'a Value, field: &str) -> Cow<'a, str> {
    match item.get(field) {
        None | Some(Value::Null) => Cow::Borrowed(""),
        Some(Value::String(text)) => Cow::Borrowed(text),
        Some(other) => Cow::Owned(other.to_string()),
    }
}

struct Condition {
    field: &'static str,
    modifier: &'static str,
    values: Vec<String>,
}

struct Conditions {
    kind: &'static Kind,
    conditions: Vec<Condition>,
}

impl Conditions {
    // Everything the schema does not name is passed over in silence, and the whole list comes back.
    fn read(kind: &'static Kind, query: &Query) -> Self {
        // rule: norman.unknown-filter
        let mut conditions: Vec<Condition> = Vec::new();
        for (key, value) in &query.0 {
            let (name, modifier) =
                key.rsplit_once('_').filter(|(name, _)| !name.is_empty()).unwrap_or((key, "eq"));
            let Some((field, known)) = kind.filters.get_key_value(name) else { continue };
            // rule: norman.filter-modifiers
            let Some(modifier) = known.iter().find(|known| *known == modifier) else { continue };
            let same = |c: &&mut Condition| c.field == field && c.modifier == modifier;
            match conditions.iter_mut().find(same) {
                Some(condition) => condition.values.push(value.clone()),
                None => conditions.push(Condition { field, modifier, values: vec![value.clone()] }),
            }
        }
        // rule: norman.filter-repeated
        for condition in conditions.iter_mut().filter(|c| matches!(c.modifier, "eq" | "ne")) {
            condition.values.truncate(1);
        }
        Self { kind, conditions }
    }

    fn hold<T: Item>(&self, item: &T) -> bool {
        self.conditions.iter().all(|condition| {
            let text = item.text(condition.field);
            let found = condition.values.iter().any(|value| *value == text);
            found == matches!(condition.modifier, "eq" | "in")
        })
    }

    fn echo(&self) -> Map<String, Value> {
        let echoed = |field: &String| {
            let of_field: Vec<Value> = self
                .conditions
                .iter()
                .filter(|condition| condition.field == *field)
                .map(|condition| {
                    let value = match (condition.modifier, condition.values.as_slice()) {
                        ("eq" | "ne", [value]) => json!(value),
                        // A Go map has no order; this one is not that of the request.
                        // rule: norman.filter-echo-order
                        (_, values) => values.iter().rev().cloned().collect(),
                    };
                    json!({"modifier": condition.modifier, "value": value})
                })
                .collect();
            let value = if of_field.is_empty() { Value::Null } else { Value::Array(of_field) };
            (field.clone(), value)
        };
        self.kind.filters.keys().map(echoed).collect()
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
    fn a_type_says_which_modifiers_a_filter_knows() {
        let feature = kind("feature").unwrap();
        let sent =
            query(&[("value_in", "true"), ("value_ne", "true"), ("name", "a"), ("name", "b"), ("_eq", "x")]);
        let conditions = Conditions::read(feature, &sent);
        let echo = conditions.echo();
        assert_eq!(
            echo["value"],
            json!([{"modifier": "ne", "value": "true"}]),
            "booleans know eq and ne only"
        );
        assert_eq!(echo["name"], json!([{"modifier": "eq", "value": "a"}]), "the first of two counts");
        assert!(conditions.hold(&json!({"name": "a", "value": false})));
    }

    #[test]
    fn the_last_page_is_the_last_full_one() {
        let items: Vec<Value> = (0..7).map(|n| json!({"id": format!("x{n}")})).collect();
        let method = http::Method::GET;
        let request = crate::Request {
            method,
            target: "/v3/globalrolebindings?limit=3&marker=x3".into(),
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::new(),
        };
        let call = Call::new(&request, crate::world::auth::Caller::Anonymous);
        let kind = kind("globalRoleBinding").unwrap();
        let actions = json!({});
        let listing =
            Listing { kind, items, create: None, actions, paging: Paging::Store, ranks: &Ranks::new() };
        let body: Value = serde_json::from_slice(&listing.answer(&call).body).unwrap();
        let marker = |name: &str| body["pagination"][name].as_str().and_then(|url| url.rsplit('=').next());
        assert_eq!(
            ["first", "previous", "next", "last"].map(marker),
            [Some("x0"), Some("x0"), Some("x6"), Some("x4")],
            "{body}"
        );
        assert_eq!(body["data"].as_array().unwrap().len(), 3);
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
        assert_eq!(echo["name"], json!([{"modifier": "in", "value": ["b", "a"]}]), "in no order");
        assert_eq!(echo["clusterId"], json!([{"modifier": "ne", "value": "local"}]));
        assert_eq!(echo["state"], Value::Null);
        assert_eq!(echo.len(), project.filters.len());
    }
}
