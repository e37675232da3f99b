//! Which changes an answer does not show.

use rancher_types::info::{FieldType, TypeInfo};
use serde_json::Value;

use super::apply::Place;
use super::{Change, Item};

pub(super) fn collect(
    change: &Change,
    answer: Option<&Value>,
    info: Option<&TypeInfo>,
    place: &mut Place,
    found: &mut Vec<String>,
) {
    match change {
        Change::Set(wanted) if answer.is_some_and(|answer| shows(answer, wanted)) => {}
        Change::Set(wanted) if is_empty(wanted) && answer.is_none_or(is_empty) => {}
        Change::Remove if answer.is_none_or(is_empty) => {}
        Change::Set(_) | Change::Remove => found.push(place.to_string()),
        Change::Fields(fields) => {
            for (name, change) in fields {
                let field = info.and_then(|info| info.field(name));
                if field.is_some_and(|field| field.write_only || matches!(field.ty, FieldType::Password)) {
                    continue;
                }
                let inner = match field.map(|field| field.ty) {
                    Some(FieldType::Struct(info)) => Some(info),
                    Some(FieldType::Array(FieldType::Struct(info))) => Some(*info),
                    _ => None,
                };
                place.field(name);
                collect(change, answer.and_then(|answer| answer.get(name)), inner, place, found);
                place.leave();
            }
        }
        Change::Items { after, .. } => {
            let answered = answer.and_then(Value::as_array).map_or(&[] as &[Value], Vec::as_slice);
            if answered.len() != after.len() {
                found.push(place.to_string());
                return;
            }
            for (at, (item, answer)) in after.iter().zip(answered).enumerate() {
                place.item(at);
                match item {
                    Item::Same(_) => {}
                    Item::Changed(_, change) => collect(change, Some(answer), info, place, found),
                    Item::New(wanted) if shows(answer, wanted) => {}
                    Item::New(_) => found.push(place.to_string()),
                }
                place.leave();
            }
        }
    }
}

/// Whether the answer holds what was wanted, and maybe more. A number can come back as a text (recorded: workflows).
fn shows(answer: &Value, wanted: &Value) -> bool {
    match (answer, wanted) {
        (Value::Object(answer), Value::Object(wanted)) => wanted
            .iter()
            .all(|(name, wanted)| answer.get(name).map_or(is_empty(wanted), |answer| shows(answer, wanted))),
        (Value::Array(answer), Value::Array(wanted)) => {
            answer.len() == wanted.len()
                && answer.iter().zip(wanted).all(|(answer, wanted)| shows(answer, wanted))
        }
        (Value::String(answer), Value::Number(wanted)) => wanted.to_string() == *answer,
        (Value::Number(answer), Value::Number(wanted)) => {
            // 1 and 1.0 are one number; beyond 2^53 two whole numbers can share one f64
            let whole = (answer.is_i64() || answer.is_u64()) && (wanted.is_i64() || wanted.is_u64());
            answer == wanted || (!whole && answer.as_f64() == wanted.as_f64())
        }
        (answer, wanted) => answer == wanted || (is_empty(answer) && is_empty(wanted)),
    }
}

/// What Go's encoding may leave out.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Bool(true) => false,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_empty),
    }
}
