//! The body that a PUT of v3 should have, worked out from the schema alone.

use rancher_types::info::{FieldType, TypeInfo};
use serde_json::{Map, Value};

use super::places::{Change, Step};
use super::without_nulls;

/// The fields on the way to the change; from the first list, map of plain values or field that nothing is
/// stated of on, all of it.
pub(super) fn expected(info: Option<&TypeInfo>, change: &Change, now: &Value) -> Value {
    body(Some(&Into::Struct(info)), &change.steps, now)
}

enum Into<'i> {
    Struct(Option<&'i TypeInfo>),
    MapOf(&'i TypeInfo),
    Json,
}

fn body(into: Option<&Into<'_>>, steps: &[Step], now: &Value) -> Value {
    let (Some(into), Some((Step::Field(name), rest))) = (into, steps.split_first()) else {
        return now.clone();
    };
    let inner = match into {
        Into::Json => Some(Into::Json),
        Into::MapOf(info) => Some(Into::Struct(Some(info))),
        Into::Struct(info) => match info.and_then(|info| info.field(name)).map(|field| field.ty) {
            Some(FieldType::Struct(info)) => Some(Into::Struct(Some(info))),
            Some(FieldType::Map(FieldType::Struct(info))) => Some(Into::MapOf(info)),
            Some(FieldType::Json) => Some(Into::Json),
            _ => None,
        },
    };
    let value = now.get(name).map_or(Value::Null, |now| body(inner.as_ref(), rest, now));
    Value::Object(Map::from_iter([(name.clone(), value)]))
}

/// Equal, but for nulls inside of lists and maps that go whole: the type reads them as absent.
pub(super) fn same(update: &Value, expected: &Value) -> bool {
    match (update, expected) {
        (Value::Object(update), Value::Object(expected))
            if update.len() == expected.len() && update.len() == 1 =>
        {
            update
                .iter()
                .zip(expected)
                .all(|((name, update), (wanted, expected))| name == wanted && same(update, expected))
        }
        (update, expected) => without_nulls(update) == without_nulls(expected),
    }
}
