//! Values of a release: how given ones are laid over those that are kept, and how none of them gets into an error.

use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fmt;

use crate::wire::redact;

/// A value that is shorter says nothing, and stands in too many words.
const SHORTEST_MASKED: usize = 4;

/// As much of a line as an error shows.
const LONGEST_LINE: usize = 400;

/// The given values over the kept ones, as Helm's `--reset-then-reuse-values` does it: objects are merged, everything
/// else is replaced, lists whole. A null takes the kept value away. What is kept and not named stays, nulls included:
/// those take defaults of the chart away.
pub(super) fn merged(kept: Map<String, Value>, given: Map<String, Value>) -> Map<String, Value> {
    let mut all = kept;
    for (name, value) in given {
        match (all.get_mut(&name), value) {
            (_, Value::Null) => {
                all.remove(&name);
            }
            (Some(Value::Object(kept)), Value::Object(given)) => {
                *kept = merged(std::mem::take(kept), given);
            }
            // the same result whether it is laid over for the first time or for the second
            (_, Value::Object(given)) => {
                all.insert(name, Value::Object(merged(Map::new(), given)));
            }
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
    all
}

/// The texts that values hold, to be masked wherever they could be shown.
#[derive(Clone, Default)]
pub(super) struct Masked {
    texts: BTreeSet<String>,
    /// Whether these are all values of the release.
    whole: bool,
}

impl Masked {
    pub(super) fn all_of(values: &Map<String, Value>) -> Self {
        let mut texts = BTreeSet::new();
        values.values().for_each(|value| collect(value, &mut texts));
        Self { texts, whole: true }
    }

    /// These and those.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.texts.extend(other.texts.iter().cloned());
        self.whole |= other.whole;
        self
    }

    /// These, of which it is not known whether they are all.
    pub(super) fn not_whole(mut self) -> Self {
        self.whole = false;
        self
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// A line without values. Where they are not known, without anything that stands in quotes.
    pub(super) fn line(&self, line: &str) -> String {
        let mut line: String = line.chars().filter(|c| !c.is_control()).collect();
        // the longest first: one value can be a part of another
        let mut texts: Vec<&String> = self.texts.iter().collect();
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        for text in texts {
            if line.contains(text.as_str()) {
                line = line.replace(text.as_str(), "…");
            }
        }
        if !self.whole {
            line = without_quoted(&line);
        }
        let shown = redact(&line);
        let mut cut: String = shown.chars().take(LONGEST_LINE).collect();
        if cut.len() < shown.len() {
            cut.push('…');
        }
        cut
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} texts)", self.texts.len())
    }
}

/// Texts and numbers, in the forms that a log shows them in.
fn collect(value: &Value, texts: &mut BTreeSet<String>) {
    let mut take = |text: &str| {
        let text = text.trim();
        if text.len() >= SHORTEST_MASKED {
            texts.insert(text.to_owned());
        }
    };
    match value {
        Value::String(text) => {
            // a log has lines
            text.lines().for_each(&mut take);
            take(text);
            // as Go quotes it
            if let Ok(quoted) = serde_json::to_string(text) {
                take(quoted.trim_matches('"'));
            }
        }
        Value::Number(number) => take(&number.to_string()),
        Value::Array(items) => items.iter().for_each(|item| collect(item, texts)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, texts)),
        Value::Null | Value::Bool(_) => {}
    }
}

/// What stands between quotes becomes `…`. Words such as `can't` have one quote only.
fn without_quoted(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find(['"', '`', '\'']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let quote = from.chars().next().unwrap_or('"');
        let within = from.get(1..).unwrap_or_default();
        let opens = quote != '\'' || before.chars().last().is_none_or(|c| !c.is_alphanumeric());
        // a quote that is escaped itself ends with one that is
        let escaped = before.ends_with('\\');
        match (opens, closing(within, quote, escaped)) {
            (true, Some(end)) => {
                out.push(quote);
                out.push('…');
                if escaped {
                    out.push('\\');
                }
                out.push(quote);
                rest = within.get(end + 1..).unwrap_or_default();
            }
            // a text that does not end in this line
            (true, None) if quote != '\'' => {
                out.push(quote);
                out.push('…');
                return out;
            }
            _ => {
                out.push(quote);
                rest = within;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Where a quoted text ends: at a quote that follows a backslash, or at one that does not, as it began.
fn closing(text: &str, quote: char, wanted: bool) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if c == quote && escaped == wanted => return Some(at),
            '\\' if !escaped => escaped = true,
            _ => escaped = false,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        serde_json::from_value(value).unwrap()
    }

    fn laid(kept: Value, given: Value) -> Value {
        Value::Object(merged(object(kept), object(given)))
    }

    #[test]
    fn given_values_are_laid_over_kept_ones() {
        let kept =
            json!({"image": {"tag": "1", "pull": {"secret": "a"}}, "hosts": ["a", "b"], "off": null, "n": 1});
        for (given, all) in [
            (json!({}), kept.clone()),
            (
                json!({"image": {"tag": "2"}}),
                json!({"image": {"tag": "2", "pull": {"secret": "a"}}, "hosts": ["a", "b"], "off": null, "n": 1}),
            ),
            // lists are replaced whole, an object gives way to what is none, and the reverse
            (
                json!({"hosts": ["c"], "image": 5, "n": {"a": 1}}),
                json!({"image": 5, "hosts": ["c"], "off": null, "n": {"a": 1}}),
            ),
            // a null takes away, however deep, also what is not there
            (
                json!({"image": {"pull": null}, "hosts": null, "none": null, "deep": {"er": null}}),
                json!({"image": {"tag": "1"}, "off": null, "n": 1, "deep": {}}),
            ),
        ] {
            assert_eq!(laid(kept.clone(), given.clone()), all, "{given}");
        }
    }

    fn any_values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (0..3i64).prop_map(Value::from),
            "[a-c]{0,2}".prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map("[a-c]", inner, 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        });
        prop::collection::btree_map("[a-c]", value, 0..4)
            .prop_map(|fields| Value::Object(fields.into_iter().collect()))
    }

    /// Every value of `kept` that `given` does not speak of is in `all`.
    fn nothing_lost(kept: &Value, given: &Value, all: &Value) -> bool {
        let (Value::Object(kept), Value::Object(given)) = (kept, given) else { return true };
        kept.iter().all(|(name, value)| match (given.get(name), all.get(name)) {
            (None, now) => now == Some(value),
            (Some(given), Some(now)) => nothing_lost(value, given, now),
            (Some(given), None) => given.is_null(),
        })
    }

    proptest! {
        #[test]
        fn no_kept_value_is_lost_and_twice_is_as_once(kept in any_values(), given in any_values()) {
            let once = laid(kept.clone(), given.clone());
            prop_assert!(nothing_lost(&kept, &given, &once), "{} {} {}", kept, given, once);
            prop_assert_eq!(laid(once.clone(), given), once);
        }
    }

    #[test]
    fn no_value_is_in_a_line() {
        let values = object(json!({"db": {"password": "S3CR3T-WORD", "port": 54321, "on": true},
            "pem": "-----BEGIN\nLINE-TWO\n", "list": ["in \"a\" list"], "short": "abc"}));
        let masked = Masked::all_of(&values);
        let line =
            "Error: bad \"S3CR3T-WORD\" at 54321: LINE-TWO; in \\\"a\\\" list, in \"a\" list; abc true";
        assert_eq!(masked.line(line), "Error: bad \"…\" at …: …; …, …; abc true");
        assert!(!format!("{masked:?}").contains("S3CR3T"));
        let unknown = Masked::default();
        for (line, shown) in [
            ("Invalid value: \"S3CR3T\": must be a number", "Invalid value: \"…\": must be a number"),
            ("can't read 'S3CR3T' or `S3CR3T`", "can't read '…' or `…`"),
            ("it ends \"S3CR3T", "it ends \"…"),
            ("a \\\"S3CR3T\\\" and \"S3\\\"CR3T\"", "a \\\"…\\\" and \"…\""),
            ("nothing\u{1b}[31m quoted", "nothing[31m quoted"),
        ] {
            assert_eq!(unknown.line(line), shown);
        }
        assert!(masked.line(&"x".repeat(5_000)).chars().count() <= LONGEST_LINE + 1);
        assert!(masked.and(&unknown).is_whole());
    }
}
