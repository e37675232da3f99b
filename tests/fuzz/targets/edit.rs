//! Documents and their changes: any JSON becomes any other, the text around a change stays, and text that is no JSON or
//! no such document is an error without a value in it.

use bytes::Bytes;
use rancher_client::wire::{Edit, Kept, Object};
use serde_json::{Value, json};

use crate::{assert_hidden, with_secret};

/// Parts two documents of an input.
const AND: char = '\u{1e}';

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "{", "}", "[", "]", "{", "}", "[", "]", ",", ",", ":", ":", "\"a\"", "\"a\"", "\"b\"", "\"id\"", "\"name\"",
    "\"name\":\"x\"", "\"a\":1", "\"a\":2", "{\"name\":\"x\",\"a\":1}", "{\"name\":\"y\"}", "[1,2,3]", "null", "true",
    "0", "1.0", "1e3", "99999999999999999999", "-0", "\"\\u0061\"", "\"\u{1f}\"", " ", "\n", "\u{1e}", "{\"a\":[",
    "]}",
];

#[test]
fn edit() {
    crate::search!("edit");
}

pub(super) fn run(input: &[u8]) {
    let text = with_secret(input, crate::MARK);
    any_text(text.as_bytes());
    any_text(input);
    if let Some((before, now)) = text.split_once(AND) {
        any_change(before, now);
        any_change(now, before);
    }
    // random bytes hardly ever are JSON, so they also say how to grow two documents
    let mut bytes = input.iter();
    let (before, now) = (grown(&mut bytes, 0), grown(&mut bytes, 0));
    any_change(&before.to_string(), &now.to_string());
}

/// A document that the bytes say how to grow; null when they end.
fn grown(bytes: &mut std::slice::Iter<'_, u8>, depth: usize) -> Value {
    const NAMES: [&str; 6] = ["a", "b", "id", "name", "type", "\"\u{e9}"];
    let Some(byte) = bytes.next() else { return Value::Null };
    let many = usize::from(byte >> 3) % 8;
    match byte % 8 {
        0 => Value::Null,
        1 => json!(many > 3),
        2 => json!(many),
        3 => json!(NAMES[many % NAMES.len()]),
        _ if depth > 6 => json!(u64::MAX),
        4 | 5 => (0..many).map(|_| grown(bytes, depth + 1)).collect(),
        _ => {
            let field = |at: usize| {
                (NAMES[(at + usize::from(*byte)) % NAMES.len()].to_owned(), grown(bytes, depth + 1))
            };
            Value::Object((0..many).map(field).collect())
        }
    }
}

/// A change that some other document went through, applied to anything.
fn any_text(raw: &[u8]) {
    let read = Kept::<Object>::read(Bytes::copy_from_slice(raw));
    match &read {
        Ok(kept) => {
            assert!(kept.changes().unwrap().is_none());
            let mut kept = kept.clone();
            kept.set("added by the target", 1);
            let edited: Value = serde_json::from_slice(&kept.edited().unwrap()).unwrap();
            let mut expected = kept.json().unwrap();
            expected["added by the target"] = json!(1);
            assert_eq!(edited, expected);
        }
        Err(error) => assert_hidden(&format!("{error} {error:?}")),
    }
    let before = json!({"a": {"name": 1}, "name": "x", "b": [{"name": "x", "a": 1}, {"name": "y"}]});
    let now = json!({"a": {"a": [1]}, "id": 1, "b": [{"name": "y", "a": 2}, 1, {"name": "x"}]});
    let edit = Edit::between(&before, &now).unwrap();
    for result in [edit.apply(raw), edit.update(raw, None)] {
        match result {
            Ok(edited) => assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&edited).is_ok()),
            Err(error) => assert_hidden(&format!("{error} {error:?}")),
        }
    }
}

fn any_change(before: &str, now: &str) {
    let (Ok(then), Ok(wanted)) = (serde_json::from_str::<Value>(before), serde_json::from_str::<Value>(now))
    else {
        return;
    };
    let Some(edit) = Edit::between(&then, &wanted) else {
        assert_eq!(then, wanted);
        return;
    };
    assert_ne!(then, wanted);
    let edited = edit.apply(before.as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&edited).unwrap(), wanted);
    assert!(edit.update(before.as_bytes(), None).is_ok());
    assert!(!edit.paths().is_empty());
}
