//! How v3 pages: by markers, which are ids of objects.

use rancher_types::Condition;
use rancher_types::info::{Modifier, TypeInfo};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::actions::follow;
use super::query::Query;
use crate::error::{Error, ErrorKind, Result};
use crate::paging::{Course, Refused, Step, circle};
use crate::scope::Route;
use crate::wire::{Page, ServerUrl};

/// A walk that begins anew more often than this follows a list that changes faster than it can be read.
const MOST_BEGINNINGS: u32 = 8;

/// The walk through a v3 collection.
///
/// The marker of a page is the id of its first object. A marker that was deleted meanwhile makes the server begin at the
/// first page, in silence (recorded: collections, `marker=nosuch`). Then the page does not begin with the marker,
/// and the walk goes on from an object that was seen already and may still be there.
#[derive(Debug, Clone)]
pub(crate) struct Markers {
    pub(crate) operation: &'static str,
    pub(crate) server: ServerUrl,
    pub(crate) info: Option<&'static TypeInfo>,
    pub(crate) query: Query,
    /// What was wrong with the query; told when the walk begins, so that a list can be made without `?`.
    pub(crate) place: std::result::Result<(Route, Vec<Condition>), Refused>,
    unmarked: Option<Route>,
    /// Ids of the page before, the last one at the end: where to go on when a marker is gone.
    footholds: Vec<String>,
    /// The page that they are ids of, as long as nobody needed them.
    unread: Option<Page>,
    beginnings: u32,
}

/// Finds the id of an object and reads no further: it is asked of every item of every page.
struct Id<'i> {
    id: &'i mut Option<String>,
}

impl<'de> Visitor<'de> for Id<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<(), A::Error> {
        while let Some(IsId(found)) = map.next_key()? {
            if found {
                *self.id = map.next_value()?;
                return Ok(());
            }
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Whether a name is `id`, without a copy of it.
struct IsId(bool);

impl<'de> Deserialize<'de> for IsId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_str(Name)
    }
}

struct Name;

impl Visitor<'_> for Name {
    type Value = IsId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> std::result::Result<IsId, E> {
        Ok(IsId(name == "id"))
    }
}

fn id_of(item: &[u8]) -> Option<String> {
    let mut id = None;
    // that what follows the id was not read is an error to the reader, and none here: the page was read whole before
    let _ = serde_json::Deserializer::from_slice(item).deserialize_map(Id { id: &mut id });
    // what is empty tells nothing from anything
    id.filter(|id| !id.is_empty())
}

impl Markers {
    pub(crate) fn new(
        operation: &'static str,
        server: ServerUrl,
        info: Option<&'static TypeInfo>,
        query: Query,
        place: Result<(Route, Vec<Condition>)>,
    ) -> Self {
        Self {
            operation,
            server,
            info,
            query,
            place: place.map_err(Refused::from),
            unmarked: None,
            footholds: Vec::new(),
            unread: None,
            beginnings: 0,
        }
    }

    /// Whether the server sends all objects whatever it is asked for, so that they are chosen here (recorded: workflows,
    /// `current token?`; collections, `/v3/tokens?limit=3`; norman's handlers of both bypass its filters).
    fn chosen_here(&self) -> bool {
        self.info.is_some_and(|info| matches!(info.id, "token" | "principal"))
    }

    fn conditions(&self) -> Vec<&Condition> {
        let of_place = self.place.as_ref().map(|(_, conditions)| conditions.as_slice()).unwrap_or_default();
        of_place.iter().chain(&self.query.conditions).collect()
    }

    fn marked(&self, marker: &str) -> Option<Route> {
        self.unmarked.as_ref().map(|route| route.clone().with_query("marker", marker))
    }

    /// The marker is gone, and the server began at its first page.
    fn lost(&mut self, page: &Page) -> Result<Step> {
        if let Some(page) = self.unread.take() {
            // the first one is the marker that led here; it is asked for at the very end
            self.footholds = page.items().filter_map(|item| id_of(&item)).skip(1).collect();
        }
        if let Some(foothold) = self.footholds.pop() {
            // not the one before it, which may be gone too, but one at half the way
            let half = self.footholds.len() / 2;
            self.footholds.truncate(half);
            if let Some(route) = self.marked(&foothold) {
                return Ok(Step::Next(route));
            }
        }
        self.beginnings += 1;
        if self.beginnings > MOST_BEGINNINGS {
            return Err(Error::new(
                ErrorKind::Conflict,
                "the list changes faster than it can be read: the objects that its pages begin with are gone again and \
                 again, or the server ignores markers",
                "read more at a time (limit), or list again when less is deleted",
            )
            .with_retry(true, None));
        }
        // what came is the first page, which may hold objects that are new
        let next = self.link(page)?.and_then(|marker| self.marked(&marker));
        Ok(next.map_or(Step::Done, Step::Anew))
    }

    /// The marker of the next page.
    fn link(&self, page: &Page) -> Result<Option<String>> {
        let next = page.envelope().get("pagination").and_then(|pagination| pagination.get("next"));
        let Some(next) = next.and_then(Value::as_str).filter(|link| !link.is_empty()) else {
            return Ok(None);
        };
        let next = follow(&self.server, "the link to the next page", next)?;
        let collection = |route: &Route| route.segments().last().map(|segment| segment.to_lowercase());
        if self.unmarked.as_ref().is_some_and(|own| collection(own) != collection(&next)) {
            return Err(circle("the link to the next page leads to another collection"));
        }
        match next.query_values("marker").pop().filter(|marker| !marker.is_empty()) {
            Some(marker) => Ok(Some(marker)),
            None => Err(circle("the link to the next page does not say where it begins")),
        }
    }

    /// Whether the server did what was asked: it ignores filters and sort fields that it does not know.
    fn check_echo(&self, route: &Route, page: &Page) -> Result<()> {
        for condition in self.conditions() {
            // a road says with its path what the filter said
            if route.query_values(&condition.parameter()).is_empty() {
                continue;
            }
            let echoed = page.envelope().get("filters").and_then(|filters| filters.get(&condition.field));
            let met = echoed.and_then(Value::as_array).is_some_and(|echoed| {
                echoed.iter().any(|echo| echoes(echo, condition.modifier, &condition.values))
            });
            if !met {
                return Err(ignored(format!("the filter {}", condition.parameter())));
            }
        }
        if let Some(sort) = &self.query.sort {
            let echoed =
                page.envelope().get("sort").and_then(|sort| sort.get("name")).and_then(Value::as_str);
            if echoed != Some(sort.as_str()) {
                return Err(ignored(format!("the order by {sort}")));
            }
        }
        if self.query.descending {
            let echoed =
                page.envelope().get("sort").and_then(|sort| sort.get("order")).and_then(Value::as_str);
            if echoed != Some("desc") {
                return Err(ignored("the opposite order".to_owned()));
            }
        }
        Ok(())
    }
}

/// The first of the conditions that an item contradicts.
///
/// A field that is not there, or is no single value, contradicts nothing: which values mean the same there, only the
/// server knows. Where the choice is made here, a field that is not there is an empty one, or false: Go leaves those out.
fn unmet<'a>(item: &[u8], conditions: &[&'a Condition], chosen_here: bool) -> Option<&'a Condition> {
    let fields: HashMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(item).ok()?;
    conditions.iter().copied().find(|condition| {
        let value =
            fields.get(condition.field.as_str()).map(|value| serde_json::from_str::<Value>(value.get()));
        let named = match value {
            Some(Ok(Value::String(text))) => condition.values.contains(&text),
            Some(Ok(value @ (Value::Bool(_) | Value::Number(_)))) => {
                condition.values.contains(&value.to_string())
            }
            None | Some(Ok(Value::Null)) if chosen_here => {
                condition.values.iter().any(|value| value.is_empty() || value == "false")
            }
            _ => return false,
        };
        match condition.modifier {
            Modifier::Eq | Modifier::In => !named,
            Modifier::Ne | Modifier::NotIn => named,
            _ => false,
        }
    })
}

fn echoes(echo: &Value, modifier: Modifier, values: &[String]) -> bool {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut echoed = match echo.get("value") {
        Some(Value::Array(many)) => many.iter().map(text).collect::<Vec<_>>(),
        Some(one) => vec![text(one)],
        None => return false,
    };
    let mut asked = values.to_vec();
    // recorded: the server gives the values of a list in any order
    echoed.sort_unstable();
    asked.sort_unstable();
    asked.dedup();
    echoed.dedup();
    echo.get("modifier").and_then(Value::as_str) == Some(modifier.as_str()) && echoed == asked
}

fn ignored(what: String) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!("the server ignored {what} and answered with other objects than were asked for"),
        "this collection or this version of Rancher does not know it: list without it and choose from the answer",
    )
}

impl Course for Markers {
    fn operation(&self) -> &'static str {
        self.operation
    }

    fn items(&self) -> &'static str {
        "data"
    }

    fn first(&mut self, limit: Option<u32>) -> Result<Route> {
        let (route, conditions) = match &self.place {
            Ok((route, conditions)) => (route.clone(), conditions.clone()),
            Err(refused) => return Err(refused.into()),
        };
        self.query.check(self.info)?;
        let mut route = route;
        if self.chosen_here() && (self.query.sort.is_some() || self.query.descending) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                "nothing was sent: the server lists these in no order",
                "put them in order after they came",
            ));
        }
        for condition in &self.query.conditions {
            let twice = conditions.iter().find(|own| own.parameter() == condition.parameter());
            if twice.is_some_and(|own| own.values != condition.values) {
                return Err(Error::invalid(
                    format!("nothing was sent: {} is asked for in two ways", condition.field),
                    "the resource was narrowed to one place and the filter names another: give one of both",
                )
                .with_field(&condition.field));
            }
        }
        // one that is chosen here may be any of them
        let limit = limit.filter(|_| !self.chosen_here());
        if let Some(limit) = limit.or(self.query.limit) {
            route = route.with_query("limit", &limit.to_string());
        }
        let beside = |condition: &&Condition| !conditions.iter().any(|own| own == *condition);
        for condition in conditions.iter().chain(self.query.conditions.iter().filter(beside)) {
            for value in &condition.values {
                route = route.with_query(&condition.parameter(), value);
            }
        }
        if let Some(sort) = &self.query.sort {
            route = route.with_query("sort", sort);
        }
        if self.query.descending {
            route = route.with_query("order", "desc");
        }
        if let Some(marker) = &self.query.marker {
            route = route.with_query("marker", marker);
        }
        Ok(route)
    }

    fn identity(&self, item: &[u8]) -> Option<String> {
        id_of(item)
    }

    fn next(&mut self, route: &Route, page: &Page) -> Result<Step> {
        let first = self.unmarked.is_none();
        if first {
            self.check_echo(route, page)?;
            self.unmarked = Some(route.without_query("marker"));
        }
        let marker = route.query_values("marker").pop();
        let begins_with = page.item(0).and_then(|item| id_of(&item));
        if let Some(marker) = &marker
            && begins_with.as_ref() != Some(marker)
        {
            if first {
                return Err(Error::new(
                    ErrorKind::NotFound,
                    "the list has no object with the id that was given as its marker",
                    "the server would begin with its first object instead; list without a marker",
                ));
            }
            // an empty page ends the list only if the list is empty
            return if page.is_empty() && self.total(page).is_none_or(|total| total == 0) {
                Ok(Step::Done)
            } else {
                self.lost(page)
            };
        }
        let Some(next) = self.link(page)? else {
            let pagination = page.envelope().get("pagination");
            let partial =
                pagination.and_then(|pagination| pagination.get("partial")).and_then(Value::as_bool);
            // recorded: collections, the last page is partial, too, and has a marker
            if marker.is_none() && partial == Some(true) {
                return Err(circle(
                    "the first page says that it is not the whole list, and not where the rest is",
                ));
            }
            return Ok(Step::Done);
        };
        if begins_with.as_ref() == Some(&next) {
            return Err(circle("a page calls itself the next"));
        }
        self.footholds.clear();
        self.unread = Some(page.clone());
        self.marked(&next).map(Step::Next).ok_or_else(|| circle("it has no beginning"))
    }

    /// An echo is no proof: lists of tokens echo filters and ignore them (recorded: workflows, `current token?`).
    fn choose(&self, page: &mut Page) -> Result<()> {
        let conditions = self.conditions();
        if conditions.is_empty() {
            return Ok(());
        }
        let mut astray = None;
        page.retain(|item| {
            let unmet = unmet(item, &conditions, self.chosen_here());
            if let Some(condition) = unmet {
                astray = Some(condition.parameter());
            }
            unmet.is_none()
        });
        match astray {
            Some(parameter) if !self.chosen_here() => Err(ignored(format!("the filter {parameter}"))),
            _ => Ok(()),
        }
    }

    fn total(&self, page: &Page) -> Option<u64> {
        // the server counts the whole list, wherever the page begins
        if self.query.marker.is_some() {
            return None;
        }
        page.envelope().get("pagination")?.get("total")?.as_u64()
    }

    fn again(&self) -> Box<dyn Course> {
        Box::new(Self { unmarked: None, footholds: Vec::new(), unread: None, beginnings: 0, ..self.clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_items_own() {
        for (item, id) in [
            (r#"{"actions":{"id":"x"},"id":"c-prod1:p-a","links":{}}"#, Some("c-prod1:p-a")),
            (r#"{"id":"a\u0062","x":[{"id":"b"}]}"#, Some("ab")),
            (r#"{"i\u0064":"a"}"#, Some("a")),
            (r#" { "name" : "x" , "id" : "a" } "#, Some("a")),
            (r#"{"id":null}"#, None),
            (r#"{"id":5}"#, None),
            (r#"{"id":""}"#, None),
            (r#"{"x":{"id":"a"}}"#, None),
            ("{}", None),
            (r#"["id","a"]"#, None),
            (r#""id""#, None),
            ("5", None),
        ] {
            assert_eq!(id_of(item.as_bytes()).as_deref(), id, "{item}");
        }
    }
}
