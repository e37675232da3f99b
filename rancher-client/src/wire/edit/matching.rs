//! Which element of an array before goes on in which element after.
//!
//! It matters where a struct does not know all of an element: what it does not know goes on with the element. And it
//! keeps the text of elements that did not change.

use serde_json::Value;
use std::collections::{BTreeSet, HashMap, VecDeque};

/// What identifies an element of a list: Rancher's ids, then the merge keys of Kubernetes' patches.
const IDENTITY: [&str; 13] = [
    "id",
    "uid",
    "uuid",
    "name",
    "type",
    "key",
    "ip",
    "mountPath",
    "devicePath",
    "topologyKey",
    "containerPort",
    "port",
    "hostname",
];

/// The most pairs of elements that are compared to find the longest common sequence; some 1,000 by 1,000. Beyond that,
/// equal elements are matched in their order.
const MOST_PAIRS: usize = 1 << 20;

/// For each element after, the place of the one before that it goes on.
pub(super) fn continued(before: &[Value], after: &[Value]) -> Vec<Option<usize>> {
    let mut matching =
        Matching { before, after, taken: vec![false; before.len()], from: vec![None; after.len()] };
    for step in [
        Matching::ends,
        Matching::equal_in_place,
        Matching::common_sequence,
        Matching::equals,
        Matching::identities,
        Matching::in_place,
        Matching::between_neighbours,
    ] {
        step(&mut matching);
        if matching.is_complete() {
            break;
        }
    }
    matching.from
}

/// An element and its place.
type Placed<'v> = (usize, &'v Value);

struct Matching<'v> {
    before: &'v [Value],
    after: &'v [Value],
    /// Of each element before: whether it goes on.
    taken: Vec<bool>,
    /// Of each element after: which one it goes on.
    from: Vec<Option<usize>>,
}

impl<'v> Matching<'v> {
    fn join(&mut self, old: usize, new: usize) {
        if let (Some(taken), Some(from)) = (self.taken.get_mut(old), self.from.get_mut(new)) {
            *taken = true;
            *from = Some(old);
        }
    }

    fn is_free(&self, old: usize, new: usize) -> bool {
        self.taken.get(old) == Some(&false) && self.from.get(new) == Some(&None)
    }

    fn is_complete(&self) -> bool {
        self.from.iter().all(Option::is_some) || self.taken.iter().all(|taken| *taken)
    }

    /// The elements before and after that nothing matched yet, with their places.
    fn free(&self) -> (Vec<Placed<'v>>, Vec<Placed<'v>>) {
        let old = self.before.iter().enumerate().zip(&self.taken).filter(|(_, taken)| !**taken);
        let new = self.after.iter().enumerate().zip(&self.from).filter(|(_, from)| from.is_none());
        (old.map(|(old, _)| old).collect(), new.map(|(new, _)| new).collect())
    }

    /// What is equal at the beginning and at the end: most changes are one element.
    fn ends(&mut self) {
        let start = self.before.iter().zip(self.after).take_while(|(then, now)| then == now).count();
        (0..start).for_each(|at| self.join(at, at));
        let (old, new) = (self.before.len(), self.after.len());
        let pairs = self.before.iter().rev().zip(self.after.iter().rev()).take(old.min(new) - start);
        let end = pairs.take_while(|(then, now)| then == now).count();
        (1..=end).for_each(|back| self.join(old - back, new - back));
    }

    /// In an array that is as long as it was, what is equal at its place.
    fn equal_in_place(&mut self) {
        if self.before.len() == self.after.len() {
            for (at, (then, now)) in self.before.iter().zip(self.after).enumerate() {
                if then == now && self.is_free(at, at) {
                    self.join(at, at);
                }
            }
        }
    }

    /// The longest sequence of equal elements: two that look the same keep their order.
    fn common_sequence(&mut self) {
        let (old, new) = self.free();
        if old.len().saturating_mul(new.len()) > MOST_PAIRS {
            return;
        }
        let mut numbers: HashMap<&Value, usize> = HashMap::new();
        let mut number = |(_, value): &Placed<'v>| {
            let next = numbers.len();
            *numbers.entry(value).or_insert(next)
        };
        let old_numbers: Vec<usize> = old.iter().map(&mut number).collect();
        let new_numbers: Vec<usize> = new.iter().map(&mut number).collect();
        for (at_old, at_new) in longest_common(&old_numbers, &new_numbers) {
            if let (Some((old, _)), Some((new, _))) = (old.get(at_old), new.get(at_new)) {
                self.join(*old, *new);
            }
        }
    }

    /// What is equal, wherever it went.
    fn equals(&mut self) {
        let (old, new) = self.free();
        let mut places: HashMap<&Value, VecDeque<usize>> = HashMap::new();
        for (at, value) in old {
            places.entry(value).or_default().push_back(at);
        }
        for (at, value) in new {
            if let Some(old) = places.get_mut(value).and_then(VecDeque::pop_front) {
                self.join(old, at);
            }
        }
    }

    /// By each key that has a value of its own in every element that has it.
    fn identities(&mut self) {
        for key in IDENTITY {
            let (old, new) = (by_identity(self.before, key), by_identity(self.after, key));
            for (value, new) in new {
                if let (Some(new), Some(Some(old))) = (new, old.get(value))
                    && self.is_free(*old, new)
                {
                    self.join(*old, new);
                }
            }
        }
    }

    /// In an array that is as long as it was, whatever stands where something of its kind stood.
    fn in_place(&mut self) {
        if self.before.len() == self.after.len() {
            for (at, (then, now)) in self.before.iter().zip(self.after).enumerate() {
                if self.is_free(at, at) && are_alike(then, now) {
                    self.join(at, at);
                }
            }
        }
    }

    /// In their order, between the same neighbours, unless what identifies them differs.
    fn between_neighbours(&mut self) {
        let mut free: BTreeSet<usize> = (0..self.before.len()).collect();
        for (old, taken) in self.taken.iter().enumerate() {
            if *taken {
                free.remove(&old);
            }
        }
        // of each element after: where the next one that goes on stood
        let mut ends = vec![self.before.len(); self.from.len()];
        let mut end = self.before.len();
        for (from, place) in self.from.iter().zip(&mut ends).rev() {
            end = from.unwrap_or(end);
            *place = end;
        }
        let mut start = 0;
        for (new, (now, end)) in self.after.iter().zip(ends).enumerate() {
            if let Some(old) = self.from.get(new).copied().flatten() {
                start = old + 1;
                continue;
            }
            if start >= end {
                continue;
            }
            let Some(old) = free.range(start..end).next().copied() else { continue };
            let Some(then) = self.before.get(old) else { continue };
            if are_alike(then, now) && !are_others(then, now) {
                free.remove(&old);
                start = old + 1;
                self.join(old, new);
            }
        }
    }
}

/// The places of a longest common sequence.
fn longest_common(old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
    // lengths[i][j]: how long it is from old[i] and new[j] on
    let width = new.len() + 1;
    let mut lengths = vec![0_u32; (old.len() + 1) * width];
    let at = |lengths: &[u32], i: usize, j: usize| lengths.get(i * width + j).copied().unwrap_or(0);
    for (i, then) in old.iter().enumerate().rev() {
        for (j, now) in new.iter().enumerate().rev() {
            let length = if then == now {
                at(&lengths, i + 1, j + 1) + 1
            } else {
                at(&lengths, i + 1, j).max(at(&lengths, i, j + 1))
            };
            if let Some(place) = lengths.get_mut(i * width + j) {
                *place = length;
            }
        }
    }
    let (mut i, mut j, mut found) = (0, 0, Vec::new());
    while let (Some(then), Some(now)) = (old.get(i), new.get(j)) {
        if then == now {
            found.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if at(&lengths, i + 1, j) >= at(&lengths, i, j + 1) {
            i += 1;
        } else {
            j += 1;
        }
    }
    found
}

/// The value that identifies an element under this key. v3 gives every struct in a list its schema as `type`.
fn identity<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.get(key).filter(|value| match value {
        Value::String(text) => !text.starts_with("/v3/schemas/"),
        Value::Number(_) => true,
        _ => false,
    })
}

/// The elements by what identifies them; nothing where two have the same.
fn by_identity<'v>(values: &'v [Value], key: &str) -> HashMap<&'v Value, Option<usize>> {
    let mut found = HashMap::new();
    for (at, value) in values.iter().enumerate() {
        if let Some(identity) = identity(value, key) {
            found.entry(identity).and_modify(|place| *place = None).or_insert(Some(at));
        }
    }
    found
}

/// Whether both are objects, or both arrays: only of those anything can go on.
fn are_alike(then: &Value, now: &Value) -> bool {
    (then.is_object() && now.is_object()) || (then.is_array() && now.is_array())
}

/// Whether the first key that both have tells them apart.
fn are_others(then: &Value, now: &Value) -> bool {
    let both = |key: &&str| Some((identity(then, key)?, identity(now, key)?));
    IDENTITY.iter().find_map(both).is_some_and(|(then, now)| then != now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(before: Value, after: Value) -> Vec<Option<usize>> {
        continued(before.as_array().unwrap(), after.as_array().unwrap())
    }

    #[test]
    fn equal_elements_come_first() {
        assert_eq!(of(json!([1, 2, 3]), json!([1, 3])), [Some(0), Some(2)]);
        assert_eq!(of(json!([1, 2, 3]), json!([3, 2, 1])), [Some(2), Some(1), Some(0)]);
        assert_eq!(of(json!([1, 1, 2]), json!([0, 1, 1, 2])), [None, Some(0), Some(1), Some(2)]);
        assert_eq!(of(json!([]), json!([1])), [None]);
        // two that look the same stay where they are, and keep their order
        assert_eq!(of(json!([{}, 1, {}, 2]), json!([3, 1, {}, 4])), [None, Some(1), Some(2), None]);
        let (x, y) = (json!({"a": 1}), json!({"b": 1}));
        assert_eq!(
            of(json!([x, y, x, y, 5]), json!([7, x, y, 9, x, 8])),
            [None, Some(0), Some(1), None, Some(2), None]
        );
    }

    #[test]
    fn then_what_identifies_them() {
        let before = json!([{"name": "web", "image": "a"}, {"name": "log", "image": "b"}]);
        let after = json!([{"name": "log", "image": "c"}, {"name": "new"}, {"name": "web", "image": "d"}]);
        assert_eq!(of(before.clone(), after), [Some(1), None, Some(0)]);
        // two of the same name are told apart by nothing
        let twice = json!([{"name": "web", "image": "c"}, {"name": "web", "image": "d"}]);
        assert_eq!(of(before.clone(), twice), [Some(0), Some(1)]);
        // a new one between does not go on what it does not belong to
        assert_eq!(of(before, json!([{"name": "db"}])), [None]);
        let schema = "/v3/schemas/policyRule";
        let rules = json!([{"type": schema, "verbs": ["get"]}, {"type": schema, "verbs": ["list"]}]);
        let after = json!([{"type": schema, "verbs": ["list"]}, {"type": schema, "verbs": ["watch"]}]);
        // the first rule is gone and the last one is new: nothing joins them across the one between
        assert_eq!(of(rules, after), [Some(1), None]);
    }

    #[test]
    fn then_their_place() {
        let before = json!([{"verbs": ["get"]}, {"verbs": ["list"]}, {"verbs": ["watch"]}]);
        let after = json!([{"verbs": ["get"]}, {"verbs": ["*"]}, {"verbs": ["watch"]}]);
        assert_eq!(of(before.clone(), after), [Some(0), Some(1), Some(2)]);
        // shorter: between the neighbours that go on
        let after = json!([{"verbs": ["*"]}, {"verbs": ["watch"]}]);
        assert_eq!(of(before.clone(), after), [Some(0), Some(2)]);
        let after = json!([{"verbs": ["get"]}, {"verbs": ["list"]}, {"verbs": ["watch"]}, {"verbs": ["*"]}]);
        assert_eq!(of(before.clone(), after), [Some(0), Some(1), Some(2), None]);
        // only objects and arrays go on
        assert_eq!(of(before, json!([1, 2, 3])), [None, None, None]);
        assert_eq!(of(json!([[1], [2]]), json!([[1], [3]])), [Some(0), Some(1)]);
    }

    #[test]
    fn ten_thousand_elements_take_no_time() {
        let list = |from: u64, field: &str| -> Value {
            (from..from + 10_000)
                .map(|n| json!({field: n, "x": {"y": [n, n + 1]}}))
                .collect::<Vec<_>>()
                .into()
        };
        let started = std::time::Instant::now();
        let moved = of(list(0, "size"), list(500, "size"));
        assert_eq!((moved[0], moved[9_499], moved[9_500]), (Some(500), Some(9_999), None));
        let renamed = of(list(0, "size"), list(20_000, "name"));
        assert_eq!(renamed[77], Some(77));
        let mut backwards = list(0, "name");
        backwards.as_array_mut().unwrap().reverse();
        assert_eq!(of(list(0, "name"), backwards)[0], Some(9_999));
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
