//! Finds what changed between two documents.

use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::{Change, Item};

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
    let mut matching = Matching::new(before, after);
    matching.ends();
    matching.equals();
    matching.identities();
    matching.places();
    let items: Vec<Item> = matching
        .from
        .iter()
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
    if items.iter().all(|item| matches!(item, Item::New(_))) {
        return Some(Change::Set(Value::Array(after.to_vec())));
    }
    Some(Change::Items { before: before.len(), after: items })
}

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

/// Which element of the array before each element after goes on. Every step is linear in the number of elements.
struct Matching<'v> {
    before: &'v [Value],
    after: &'v [Value],
    /// Of each element before: whether one after goes it on.
    taken: Vec<bool>,
    /// Of each element after: which one before it goes on.
    from: Vec<Option<usize>>,
}

impl<'v> Matching<'v> {
    fn new(before: &'v [Value], after: &'v [Value]) -> Self {
        Self { before, after, taken: vec![false; before.len()], from: vec![None; after.len()] }
    }

    fn join(&mut self, old: usize, new: usize) {
        if let (Some(taken), Some(from)) = (self.taken.get_mut(old), self.from.get_mut(new)) {
            *taken = true;
            *from = Some(old);
        }
    }

    fn is_taken(&self, old: usize) -> bool {
        self.taken.get(old).copied().unwrap_or(true)
    }

    fn is_joined(&self, new: usize) -> bool {
        self.from.get(new).is_none_or(Option::is_some)
    }

    /// What is equal at the beginning and at the end: most changes are one element.
    fn ends(&mut self) {
        let start = self.before.iter().zip(self.after).take_while(|(a, b)| a == b).count();
        (0..start).for_each(|at| self.join(at, at));
        let (old, new) = (self.before.len(), self.after.len());
        let rest = old.min(new) - start;
        let end = self
            .before
            .iter()
            .rev()
            .zip(self.after.iter().rev())
            .take(rest)
            .take_while(|(a, b)| a == b)
            .count();
        (1..=end).for_each(|back| self.join(old - back, new - back));
    }

    fn equals(&mut self) {
        let mut places: HashMap<&Value, VecDeque<usize>> = HashMap::new();
        for (at, value) in self.before.iter().enumerate().filter(|(at, _)| !self.is_taken(*at)) {
            places.entry(value).or_default().push_back(at);
        }
        for (at, value) in self.after.iter().enumerate() {
            if self.is_joined(at) {
                continue;
            }
            if let Some(old) = places.get_mut(value).and_then(VecDeque::pop_front) {
                self.join(old, at);
            }
        }
    }

    /// By each key that has a value of its own in every element that has it.
    fn identities(&mut self) {
        if self.is_complete() {
            return;
        }
        for key in IDENTITY {
            let (old, new) = (by_identity(self.before, key), by_identity(self.after, key));
            for (value, new) in new {
                if let (Some(new), Some(Some(old))) = (new, old.get(value))
                    && !self.is_taken(*old)
                    && !self.is_joined(new)
                {
                    self.join(*old, new);
                }
            }
        }
    }

    /// By place: in an array that is as long as it was, whatever stands where something stood; otherwise in their order,
    /// unless what identifies them differs.
    fn places(&mut self) {
        if self.is_complete() {
            return;
        }
        let same_kind = |a: Option<&Value>, b: Option<&Value>| match (a, b) {
            (Some(a), Some(b)) => (a.is_object() && b.is_object()) || (a.is_array() && b.is_array()),
            _ => false,
        };
        if self.before.len() == self.after.len() {
            for at in 0..self.after.len() {
                if !self.is_taken(at)
                    && !self.is_joined(at)
                    && same_kind(self.before.get(at), self.after.get(at))
                {
                    self.join(at, at);
                }
            }
        }
        let mut left: VecDeque<usize> = (0..self.before.len()).filter(|old| !self.is_taken(*old)).collect();
        for new in 0..self.after.len() {
            if self.is_joined(new) {
                continue;
            }
            let Some(&old) = left.front() else { return };
            let (then, now) = (self.before.get(old), self.after.get(new));
            if same_kind(then, now) && !are_others(then, now) {
                left.pop_front();
                self.join(old, new);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.from.iter().all(Option::is_some) || self.taken.iter().all(|taken| *taken)
    }
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

/// Whether the first key that both have tells them apart.
fn are_others(then: Option<&Value>, now: Option<&Value>) -> bool {
    let both = |key: &&str| Some((identity(then?, key)?, identity(now?, key)?));
    IDENTITY.iter().find_map(both).is_some_and(|(then, now)| then != now)
}
