//! Facts of a newer server: what is generated for them, and what is refused.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "a test may fail")]

use std::collections::BTreeMap;

use rancher_codegen::facts::{Api, Facts, Judged, Roads, Type};
use rancher_codegen::generate;
use serde_json::{Value, json};

fn facts(management: Value, cluster: Value) -> Facts {
    let types = |value: Value| serde_json::from_value::<Vec<Type>>(value).unwrap();
    Facts {
        types: BTreeMap::from([
            (Api::Management, types(management)),
            (Api::Cluster, types(cluster)),
            (Api::Project, Vec::new()),
        ]),
        judged: Judged { sensitive: Vec::new(), harmless: Vec::new() },
        roads: Roads { about: String::new(), source: String::new(), in_cluster: Vec::new() },
    }
}

fn shelf() -> Value {
    json!({"id": "shelf", "plural": "shelves", "collection": "shelves", "resourceMethods": ["GET"], "fields": {
        "carton": {"type": "carton", "create": true},
        "placedAt": {"type": "date"},
    }, "filters": {"placedAt": ["eq", "ne"]}, "actions": {"tidy": {"output": "carton"}}})
}

fn carton_holding(field: Value) -> Value {
    json!({"id": "carton", "plural": "cartons", "fields": {"inner": field}})
}

fn refusal(management: Value) -> String {
    generate(&facts(management, json!([]))).unwrap_err().to_string()
}

#[test]
fn a_circle_goes_through_a_pointer() {
    let files =
        generate(&facts(json!([carton_holding(json!({"type": "carton"})), shelf()]), json!([]))).unwrap();
    let text = &files["management/shelf.rs"];
    assert!(text.contains("inner \"inner\": Box<Carton>,"), "{text}");
    assert!(text.contains("carton \"carton\": Carton,"), "{text}");
    assert!(text.contains("placed_at_ts \"placedAtTS\": i64,"), "{text}");
    assert!(text.contains("PLACED_AT = \"placedAt\";"), "{text}");
    assert!(text.contains("TIDY = \"tidy\": crate::Empty => Carton;"), "{text}");
    let lists =
        generate(&facts(json!([carton_holding(json!({"type": "array[carton]"})), shelf()]), json!([])))
            .unwrap();
    assert!(lists["management/shelf.rs"].contains("inner \"inner\": Vec<Carton>,"));
}

#[test]
fn a_part_that_differs_somewhere_stays_apart() {
    let outer = json!({"id": "outer", "plural": "outers", "fields": {"carton": {"type": "carton"}}});
    let one = json!([carton_holding(json!({"type": "int"})), outer]);
    let same = generate(&facts(one.clone(), one.clone())).unwrap();
    assert!(same["shared/management_cluster/parts.rs"].contains("Outer = super::info::OUTER"));
    let other = json!([carton_holding(json!({"type": "int", "update": true})), outer]);
    let apart = generate(&facts(one, other)).unwrap();
    assert!(!apart.contains_key("shared/management_cluster/parts.rs"));
    assert!(
        apart["management/parts_o.rs"].contains("Outer") && apart["cluster/parts_o.rs"].contains("Outer")
    );
}

#[test]
fn what_has_no_form_is_refused_by_name() {
    let field = |field: Value| refusal(json!([carton_holding(field)]));
    assert_eq!(field(json!({"type": "lid"})), "carton.inner holds \"lid\", which is no type");
    assert_eq!(field(json!({"type": "set[string]"})), "what is the type \"set[string]\"?");
    assert_eq!(field(json!({"type": "enum"})), "carton.inner is an enum without options");
    assert_eq!(field(json!({"type": "int", "default": 1.5})), "carton.inner has the default 1.5");
    let twice =
        json!([carton_holding(json!({"type": "int"})), {"id": "CARTON", "plural": "cartons", "fields": {}}]);
    assert_eq!(refusal(twice), "CARTON and carton of management get one name");
    let fields = json!([{"id": "carton", "plural": "cartons", "fields": {"aB": {"type": "int"}, "a-b": {"type": "int"}}}]);
    assert_eq!(refusal(fields), "carton has two fields aB");
    let filter = json!([{"id": "carton", "plural": "cartons", "collection": "cartons", "fields": {}, "filters": {"a": ["like"]}}]);
    assert_eq!(refusal(filter), "Like is none of [\"Eq\", \"Ne\", \"In\"]");
    let shadow = json!([{"id": "result", "plural": "results", "fields": {}}]);
    assert_eq!(refusal(shadow), "result would hide Rust's own Result: give it another name in names::pascal");
    let unknown: Result<Type, _> =
        serde_json::from_value(json!({"id": "carton", "plural": "", "fields": {}, "lid": 1}));
    assert!(unknown.is_err());
}
