//! Finds what changed between two documents.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::{Change, Item, matching};

pub(super) fn change(before: &Value, after: &Value) -> Option<Change> {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => fields(before, after),
        (Value::Array(before), Value::Array(after)) => items(before, after),
        _ if before == after => None,
        _ => Some(Change::Set(after.clone())),
    }
}

fn fields(before: &Map<String, Value>, after: &Map<String, Value>) -> Option<Change> {
    let gone = before.keys().filter(|name| !after.contains_key(*name));
    let mut changes: BTreeMap<String, Change> = gone.map(|name| (name.clone(), Change::Remove)).collect();
    for (name, now) in after {
        let change = match before.get(name) {
            Some(then) => change(then, now),
            None => Some(Change::Set(now.clone())),
        };
        changes.extend(change.map(|change| (name.clone(), change)));
    }
    (!changes.is_empty()).then_some(Change::Fields(changes))
}

fn items(before: &[Value], after: &[Value]) -> Option<Change> {
    let items: Vec<Item> = matching::continued(before, after)
        .into_iter()
        .zip(after)
        .map(|(from, now)| match from.and_then(|from| Some((from, before.get(from)?))) {
            None => Item::New(now.clone()),
            Some((from, then)) => match change(then, now) {
                None => Item::Same(from),
                Some(Change::Set(value)) => Item::New(value),
                Some(change) => Item::Changed(from, change),
            },
        })
        .collect();
    let unchanged = items.len() == before.len()
        && items.iter().enumerate().all(|(at, item)| matches!(item, Item::Same(from) if *from == at));
    if unchanged {
        return None;
    }
    Some(Change::Items { before: before.len(), after: items })
}
