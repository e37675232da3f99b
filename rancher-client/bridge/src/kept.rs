//! Objects that a shell read, and gives back changed.

use bytes::Bytes;
use rancher_client::wire::{Kept, Object};
use rancher_client::{Error, ErrorKind};
use serde_json::{Number, Value};
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

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
    same_object(&before, &now)?;
    Spelling { doubles: naming == Naming::Camel }.restore(&before, &mut now);
    if let Value::Object(fields) = now {
        *kept.fields_mut() = fields;
    }
    Ok(kept)
}

/// Refuses what is another object than the one that was read: its difference would be written over that other one.
fn same_object(before: &Value, now: &Value) -> Result<(), Error> {
    let of_kubernetes = before.get("apiVersion").is_some() && before.get("metadata").is_some();
    // beside `metadata`, an id is the object's own where Steve wrote it; Kubernetes' types may have a field of that name
    let has_id = !of_kubernetes || before.get("links").is_some();
    let named = ["/metadata/name", "/metadata/namespace", "/metadata/uid"];
    let places = has_id.then_some("/id").into_iter().chain(named.into_iter().filter(|_| of_kubernetes));
    for place in places {
        let known = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let (was, is) = (known(before.pointer(place)), known(now.pointer(place)));
        // a uid that is left out is no other object's: Kubernetes takes it as not asked for
        let left_out = is.is_none() && place == "/metadata/uid";
        if was.is_some() && was != is && !left_out {
            let field = place.trim_start_matches('/').replace('/', ".");
            return Err(Error::new(
                ErrorKind::Invalid,
                format!("nothing was sent: this is another object than was read: its {field} is not the same"),
                "change the object that was read, and leave alone what it is known by; to make another one, create it",
            )
            .with_field(field));
        }
    }
    Ok(())
}

/// What becomes of numbers in a shell: it may have written 1 for 1.0.
#[derive(Clone, Copy)]
struct Spelling {
    /// Whether the shell knows no other numbers than doubles: 9007199254740993 comes back from it as 9007199254740992,
    /// which is no change of anybody's.
    doubles: bool,
}

impl Spelling {
    /// Gives numbers that are the same as before the spelling that they had.
    fn restore(self, before: &Value, now: &mut Value) {
        match (before, now) {
            (Value::Number(was), Value::Number(is)) if self.same_number(was, is) => *is = was.clone(),
            (Value::Object(was), Value::Object(is)) => {
                for (name, now) in is {
                    if let Some(before) = was.get(name) {
                        self.restore(before, now);
                    }
                }
            }
            (Value::Array(was), Value::Array(is)) => self.restore_items(was, is),
            _ => {}
        }
    }

    /// Elements may have moved, since another was put in or taken out before them. Each is looked up once, so that a
    /// long list takes no longer than its length.
    fn restore_items(self, was: &[Value], now: &mut [Value]) {
        let mut places: HashMap<u64, VecDeque<usize>> = HashMap::new();
        for (at, before) in was.iter().enumerate() {
            places.entry(self.fingerprint(before)).or_default().push_back(at);
        }
        // those that are the same come in the order in which they were: among numbers that a double cannot tell apart,
        // the first is the first
        let mut used = vec![false; was.len()];
        let mut left = Vec::new();
        for (at, item) in now.iter_mut().enumerate() {
            let place = places.get_mut(&self.fingerprint(item)).and_then(VecDeque::pop_front);
            match place.and_then(|place| Some((was.get(place)?, used.get_mut(place)?))) {
                Some((before, used)) if self.same(before, item) => {
                    *item = before.clone();
                    *used = true;
                }
                _ => left.push(at),
            }
        }
        // of what was changed, the rest is as it was in the element of the same name, or at the same place
        let free = |place: usize| used.get(place) == Some(&false);
        let mut by_name: HashMap<&str, usize> = HashMap::new();
        for (place, before) in was.iter().enumerate().filter(|(place, _)| free(*place)) {
            if let Some(name) = called(before) {
                by_name.entry(name).or_insert(place);
            }
        }
        for at in left {
            let Some(item) = now.get_mut(at) else { continue };
            let place = match called(item) {
                Some(name) => by_name.get(name).copied(),
                None => Some(at).filter(|at| free(*at)),
            };
            if let Some(before) = place.and_then(|place| was.get(place)) {
                self.restore(before, item);
            }
        }
    }

    fn same_number(self, was: &Number, is: &Number) -> bool {
        let whole = |number: &Number| number.is_u64() || number.is_i64();
        // whole numbers are exact, other than in doubles
        match !self.doubles && whole(was) && whole(is) {
            true => was == is,
            false => was.as_f64() == is.as_f64(),
        }
    }

    fn same(self, was: &Value, is: &Value) -> bool {
        match (was, is) {
            (Value::Number(was), Value::Number(is)) => self.same_number(was, is),
            (Value::Array(was), Value::Array(is)) => {
                was.len() == is.len() && was.iter().zip(is).all(|(was, is)| self.same(was, is))
            }
            (Value::Object(was), Value::Object(is)) => {
                was.len() == is.len()
                    && was.iter().all(|(name, was)| is.get(name).is_some_and(|is| self.same(was, is)))
            }
            _ => was == is,
        }
    }

    /// The same for what is [the same](Self::same); what is not may share it.
    fn fingerprint(self, value: &Value) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.hash(value, &mut hasher);
        hasher.finish()
    }

    fn hash(self, value: &Value, hasher: &mut DefaultHasher) {
        match value {
            Value::Null => 0_u8.hash(hasher),
            Value::Bool(flag) => (1_u8, flag).hash(hasher),
            // 0.0 and -0.0 are the same
            Value::Number(number) => {
                (2_u8, number.as_f64().map(|double| (double + 0.0).to_bits())).hash(hasher)
            }
            Value::String(text) => (3_u8, text).hash(hasher),
            Value::Array(items) => {
                (4_u8, items.len()).hash(hasher);
                items.iter().for_each(|item| self.hash(item, hasher));
            }
            Value::Object(fields) => {
                (5_u8, fields.len()).hash(hasher);
                // in whichever order they come
                let all = fields.iter().fold(0_u64, |all, (name, value)| {
                    let mut one = DefaultHasher::new();
                    name.hash(&mut one);
                    self.hash(value, &mut one);
                    all.wrapping_add(one.finish())
                });
                all.hash(hasher);
            }
        }
    }
}

/// What an element of a list is known by.
fn called(item: &Value) -> Option<&str> {
    ["id", "name", "type", "key"].iter().find_map(|field| item.get(field)?.as_str())
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
    fn elements_that_moved_keep_their_numbers() {
        let raw = r#"{"list":[1,9007199254740992,9007199254740993,1.0]}"#;
        // the first was taken out, in a language that cannot tell the others apart
        let now = r#"{"list":[9007199254740992,9007199254740992,1]}"#;
        let first_gone = edited(raw, now, Naming::Camel);
        assert_eq!(first_gone, r#"{"list":[9007199254740992,9007199254740993,1]}"#);
        let raw =
            r#"{"list":[{"name":"a","n":9007199254740993,"x":1},{"name":"b","n":9007199254740995,"x":1}]}"#;
        // one was put in before the others, and one of them was changed
        let now = r#"{"list":[{"name":"c","n":9007199254740992,"x":1},{"name":"a","n":9007199254740992,"x":1},{"name":"b","n":9007199254740996,"x":2}]}"#;
        assert_eq!(
            edited(raw, now, Naming::Camel),
            r#"{"list":[{"n":9007199254740992,"name":"c","x":1},{"name":"a","n":9007199254740993,"x":1},{"name":"b","n":9007199254740995,"x":2}]}"#
        );
    }

    #[test]
    fn a_long_list_takes_no_longer_than_its_length() {
        let item = |at: usize| format!(r#"{{"a":{at},"b":{{"c":[{at},1.0]}}}}"#);
        let of = |range: std::ops::Range<usize>| {
            format!(r#"{{"list":[{}]}}"#, range.map(item).collect::<Vec<_>>().join(","))
        };
        let now = Object::decode(of(1..20_000).replace("1.0", "1").as_bytes()).unwrap();
        let began = std::time::Instant::now();
        let kept = changed(of(0..20_000).into(), now, Naming::Snake).unwrap();
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "{:?}", began.elapsed());
        let expected = Object::decode(of(1..20_000).as_bytes()).unwrap();
        assert_eq!(kept.fields(), expected.fields());
    }

    #[test]
    fn another_object_is_no_change_of_this_one() {
        let steve = r#"{"id":"shop/a","links":{},"apiVersion":"v1","metadata":{"name":"a","namespace":"shop","uid":"u1"}}"#;
        let custom = r#"{"id":"x","apiVersion":"v1","metadata":{"name":"a"}}"#;
        for (raw, from, to, field) in [
            (r#"{"id":"c-prod1:p-a"}"#, "p-a", "p-b", Some("id")),
            (r#"{"id":"c-prod1:p-a"}"#, r#""id":"c-prod1:p-a""#, "", Some("id")),
            (r#"{"id":"c-prod1:p-a","name":"shop"}"#, "shop", "web", None),
            (r#"{"id":"p","metadata":{"name":"a"}}"#, r#""a""#, r#""b""#, None),
            (steve, "shop/a", "shop/b", Some("id")),
            (steve, r#""name":"a""#, r#""name":"b""#, Some("metadata.name")),
            (steve, r#""namespace":"shop""#, r#""namespace":"web""#, Some("metadata.namespace")),
            (steve, r#""uid":"u1""#, r#""uid":"u2""#, Some("metadata.uid")),
            (steve, r#","uid":"u1""#, "", None),
            (custom, r#""id":"x""#, r#""id":"y""#, None),
            (custom, r#""name":"a""#, r#""name":"a","namespace":"shop""#, None),
        ] {
            let now = Object::decode(raw.replace(from, to).as_bytes()).unwrap();
            let refused = changed(Bytes::from_static(raw.as_bytes()), now, Naming::Snake).err();
            let named = refused.as_ref().and_then(|fault| fault.error().field().map(str::to_owned));
            assert_eq!(named.as_deref(), field, "{raw} {from} {refused:?}");
        }
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
