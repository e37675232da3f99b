//! Objects of every type, with values that fit, that do not, and that nobody knows, survive reading and writing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may fail")]

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::string::string_regex;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use rancher_types::info::{Api, FieldType, TypeInfo};
use rancher_types::{Record, TypeVisitor, each_type};
use serde_json::{Map, Value, json};

thread_local! {
    // parsing the expression again for each field would take most of the time
    static TEXT: BoxedStrategy<String> = string_regex("\\PC{0,8}").unwrap().boxed();
    static ANYTHING: BoxedStrategy<Value> = any_json();
}

/// Any text.
fn text() -> BoxedStrategy<String> {
    TEXT.with(Clone::clone)
}

/// Any JSON.
fn anything() -> BoxedStrategy<Value> {
    ANYTHING.with(Clone::clone)
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1.0e9..1.0e9).prop_map(|number: f64| json!(number)),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

/// What a field can hold.
fn fitting(ty: FieldType, depth: u32) -> BoxedStrategy<Value> {
    match ty {
        FieldType::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        FieldType::Int => any::<i64>().prop_map(Value::from).boxed(),
        FieldType::IntOrString => {
            prop_oneof![any::<i64>().prop_map(Value::from), text().prop_map(Value::from)].boxed()
        }
        FieldType::Json => anything(),
        FieldType::Array(inner) => vec(sometimes_off(*inner, depth), 0..3).prop_map(Value::from).boxed(),
        FieldType::Map(inner) => btree_map(text(), sometimes_off(*inner, depth), 0..3)
            .prop_map(|map| Value::Object(map.into_iter().collect()))
            .boxed(),
        FieldType::Struct(_) if depth == 0 => Just(json!({})).boxed(),
        FieldType::Struct(info) => object(info, depth - 1),
        _ => text().prop_map(Value::from).boxed(),
    }
}

fn sometimes_off(ty: FieldType, depth: u32) -> BoxedStrategy<Value> {
    prop_oneof![20 => fitting(ty, depth), 1 => anything()].boxed()
}

/// An object of a type: some of its fields, and some others.
fn object(info: &'static TypeInfo, depth: u32) -> BoxedStrategy<Value> {
    let count = info.fields.len();
    let field = (0..count.max(1)).prop_flat_map(move |at| match info.fields.get(at) {
        Some(field) => (Just(field.name.to_owned()), sometimes_off(field.ty, depth)).boxed(),
        None => (text(), anything()).boxed(),
    });
    let name =
        prop_oneof!["[a-z]{1,6}", text(), Just("links".into()), Just("createdTS".into()), Just("id".into())];
    (vec(field, 0..6), vec((name, anything()), 0..3))
        .prop_map(|(known, other)| Value::Object(known.into_iter().chain(other).collect()))
        .boxed()
}

/// What a field of a record gives back; nothing if the value does not fit it.
fn field_back(ty: FieldType, value: &Value) -> Option<Value> {
    let fits = match ty {
        FieldType::Boolean => value.is_boolean(),
        FieldType::Int => value.is_i64(),
        FieldType::IntOrString => value.is_i64() || value.is_string(),
        FieldType::Json => true,
        FieldType::Array(inner) => {
            return value.as_array()?.iter().map(|value| field_back(*inner, value)).collect();
        }
        FieldType::Map(inner) => {
            let back = |(name, value): (&String, &Value)| Some((name.clone(), field_back(*inner, value)?));
            return value.as_object()?.iter().map(back).collect::<Option<Map<_, _>>>().map(Value::Object);
        }
        FieldType::Struct(info) => return Some(back(info, value.as_object()?)),
        _ => value.is_string(),
    };
    fits.then(|| value.clone())
}

/// What a record gives back: the same, but for nulls of known fields.
fn back(info: &TypeInfo, object: &Map<String, Value>) -> Value {
    let stands_alone = info.collection.is_some() || !info.resource_methods.is_empty();
    let own = |name: &str| match name {
        "id" | "type" | "baseType" | "links" | "actions" => stands_alone,
        _ => name
            .strip_suffix("TS")
            .and_then(|date| info.field(date))
            .is_some_and(|date| matches!(date.ty, FieldType::Date)),
    };
    let mut kept = Map::new();
    for (name, value) in object {
        let value = match info.field(name) {
            Some(_) if value.is_null() => continue,
            None if own(name) && value.is_null() => continue,
            Some(field) => field_back(field.ty, value).unwrap_or_else(|| value.clone()),
            None => value.clone(),
        };
        kept.insert(name.clone(), value);
    }
    Value::Object(kept)
}

struct Survival {
    runner: TestRunner,
    types: usize,
    unfit: usize,
}

impl TypeVisitor for Survival {
    fn visit<T: Record>(&mut self) {
        self.types += 1;
        let strategy = object(T::INFO, 3);
        for _ in 0..12 {
            let value = strategy.new_tree(&mut self.runner).unwrap().current();
            let expected = back(T::INFO, value.as_object().unwrap());
            let record = T::decode(value.to_string().as_bytes()).unwrap();
            self.unfit += record.unfit().len();
            let again = serde_json::to_vec(&record).unwrap();
            let written: Value = serde_json::from_slice(&again).unwrap();
            assert_eq!(written, expected, "{:?} was {value}", T::INFO);
            assert_eq!(T::decode(&again).unwrap(), record, "{value}");
            assert_eq!(T::from_value(value).unwrap(), record);
        }
    }
}

#[test]
fn objects_survive() {
    // the same inputs in every run: a failure names the object
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let runner = TestRunner::new_with_rng(ProptestConfig::default(), rng);
    let mut survival = Survival { runner, types: 0, unfit: 0 };
    for api in [Api::Management, Api::Cluster, Api::Project] {
        each_type(api, &mut survival);
    }
    println!("{} types, {} values that did not fit", survival.types, survival.unfit);
    let stated: usize =
        [Api::Management, Api::Cluster, Api::Project].map(|api| rancher_types::types(api).len()).iter().sum();
    assert_eq!(survival.types, stated);
    assert!(stated == 0 || survival.unfit > 100);
}
