//! Objects that a shell read, and gives back changed.

use bytes::Bytes;
use rancher_client::wire::{Kept, Object};
use rancher_client::{Error, ErrorKind};
use serde_json::Value;

use crate::fault::Outcome;
use crate::naming::Naming;

/// White space behind an object of which some fields were not asked for, so that it cannot be written back as the
/// whole. A shell keeps the text of an object and nothing else, over pickles and processes too, so the note has to be
/// in the text; JSON does not mind.
const PARTIAL: &[u8] = b"\t\r\t\n";

/// The text of an object that was read without some of its fields.
pub(crate) fn noted_partial(raw: &Bytes) -> Bytes {
    let mut noted = Vec::with_capacity(raw.len() + PARTIAL.len());
    noted.extend_from_slice(raw);
    noted.extend_from_slice(PARTIAL);
    noted.into()
}

/// An object as it was read.
pub(crate) fn original(raw: Bytes) -> Outcome<Kept<Object>> {
    let partial = raw.ends_with(PARTIAL);
    let kept: Kept<Object> = Kept::read(raw).map_err(|error| {
        Error::new(
            ErrorKind::Invalid,
            format!("nothing was sent: the object is not as it was read: {error}"),
            "read it again, with get, find or list",
        )
        .with_field("object")
    })?;
    Ok(if partial { kept.into_partial() } else { kept })
}

/// An object as it was read, with what was changed of it since.
pub(crate) fn changed(raw: Bytes, now: Object, naming: Naming) -> Outcome<Kept<Object>> {
    let mut kept = original(raw)?;
    let before = Value::Object(kept.fields().clone());
    let mut now = Value::Object(now.into_fields());
    unrounded(&before, &mut now, naming == Naming::Camel);
    if let Value::Object(fields) = now {
        *kept.fields_mut() = fields;
    }
    Ok(kept)
}

/// Takes numbers that are the same as before in the spelling that they had: a shell may have written 1 for 1.0.
///
/// `doubles` is for a shell that knows no other numbers: 9007199254740993 comes back from it as 9007199254740992, which
/// is no change of anybody's.
fn unrounded(before: &Value, now: &mut Value, doubles: bool) {
    match (before, now) {
        (Value::Number(was), Value::Number(is)) => {
            let whole = |number: &serde_json::Number| number.is_u64() || number.is_i64();
            // whole numbers are exact, other than in doubles
            let same = match !doubles && whole(was) && whole(is) {
                true => was == is,
                false => was.as_f64() == is.as_f64(),
            };
            if same {
                *is = was.clone();
            }
        }
        (Value::Object(was), Value::Object(is)) => {
            for (name, now) in is {
                if let Some(before) = was.get(name) {
                    unrounded(before, now, doubles);
                }
            }
        }
        (Value::Array(was), Value::Array(is)) => {
            for (at, now) in is.iter_mut().enumerate() {
                if let Some(before) = was.get(at) {
                    unrounded(before, now, doubles);
                    if before == now {
                        continue;
                    }
                }
                // one that moved, since another was put in or taken out before it
                if holds_numbers(now)
                    && let Some(before) =
                        was.iter().find(|before| same_but_for_spelling(before, now, doubles))
                {
                    *now = before.clone();
                }
            }
        }
        _ => {}
    }
}

fn holds_numbers(value: &Value) -> bool {
    match value {
        Value::Number(_) => true,
        Value::Array(items) => items.iter().any(holds_numbers),
        Value::Object(fields) => fields.values().any(holds_numbers),
        _ => false,
    }
}

fn same_but_for_spelling(before: &Value, now: &Value, doubles: bool) -> bool {
    let mut spelt = now.clone();
    unrounded(before, &mut spelt, doubles);
    spelt == *before
}

#[cfg(test)]
mod tests {
    use super::*;
    use rancher_client::wire::Document as _;

    fn edited(raw: &'static str, now: &str, naming: Naming) -> String {
        let kept =
            changed(Bytes::from_static(raw.as_bytes()), Object::decode(now.as_bytes()).unwrap(), naming);
        String::from_utf8(kept.unwrap().edited().unwrap().to_vec()).unwrap()
    }

    #[test]
    fn numbers_that_a_shell_spelt_otherwise_are_unchanged() {
        let raw = r#"{"big":9007199254740993,"ratio":1.0,"huge":99999999999999999999,"e":1e3,"list":[{"n":9007199254740993}]}"#;
        let script = r#"{"big":9007199254740992,"ratio":1,"huge":100000000000000000000,"e":1000,"list":[{"n":9007199254740992}]}"#;
        assert_eq!(edited(raw, script, Naming::Camel), raw);
        // an element that came before the others does not change them
        let more = script.replace(r#"[{"#, r#"[{"n":5},{"#);
        assert_eq!(edited(raw, &more, Naming::Camel), raw.replace(r#"[{"#, r#"[{"n":5},{"#));
        let ratio = script.replace(r#""ratio":1,"#, r#""ratio":2,"#);
        assert_eq!(edited(raw, &ratio, Naming::Camel), raw.replace("1.0", "2"));
    }

    #[test]
    fn a_shell_whose_whole_numbers_are_exact_can_change_one_by_one() {
        let raw = r#"{"big":9007199254740993,"ratio":1.0}"#;
        let now = r#"{"big":9007199254740992,"ratio":1}"#;
        assert_eq!(edited(raw, now, Naming::Snake), raw.replace("993", "992"));
    }

    #[test]
    fn a_part_of_an_object_is_known_by_its_text() {
        let whole = Bytes::from_static(br#"{"metadata":{"name":"a"}}"#);
        let noted = noted_partial(&whole);
        assert_eq!(
            serde_json::from_slice::<Value>(&noted).unwrap(),
            serde_json::from_slice::<Value>(&whole).unwrap()
        );
        let error = original("[1]".into()).unwrap_err();
        assert_eq!(error.error().kind(), ErrorKind::Invalid);
    }
}
