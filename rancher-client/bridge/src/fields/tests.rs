//! Records against the slow way: parse the whole object, and walk.

use super::path::{self, Step};
use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn records(fields: &Fields, object: &str) -> Value {
    let text = fields.records([Bytes::from(object.to_owned())]).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()[0].take()
}

fn slow<'v>(mut value: &'v Value, steps: &[Step]) -> Option<&'v Value> {
    for step in steps {
        value = match step {
            Step::Field(name) => value.as_object()?.get(name)?,
            Step::Item(at) => value.as_array()?.get(*at)?,
        };
    }
    Some(value)
}

#[test]
fn paths_are_read() {
    let field = |name: &str| Step::Field(name.to_owned());
    for (text, steps) in [
        ("a", vec![field("a")]),
        ("a.b.c", vec![field("a"), field("b"), field("c")]),
        (
            "metadata.labels[app.kubernetes.io/name]",
            vec![field("metadata"), field("labels"), field("app.kubernetes.io/name")],
        ),
        ("a[0].b", vec![field("a"), Step::Item(0), field("b")]),
        ("a[0][12]", vec![field("a"), Step::Item(0), Step::Item(12)]),
        ("data[\"0\"]", vec![field("data"), field("0")]),
        ("data['x].y'].z", vec![field("data"), field("x].y"), field("z")]),
        ("[a.b].c", vec![field("a.b"), field("c")]),
        ("a b-c/d", vec![field("a b-c/d")]),
    ] {
        assert_eq!(path::read(text).map_err(|wrong| wrong.said_of("fields")).unwrap(), steps, "{text}");
    }
    let long = "a.".repeat(100) + "a";
    for text in [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a[",
        "a[0",
        "a[]",
        "a]",
        "a[0]b",
        "a.[0]",
        "a['x]",
        "a['']",
        "a[99999999999999999999999]",
        long.as_str(),
    ] {
        let error = path::read(text).map_err(|wrong| wrong.said_of("fields")).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("fields")), "{text}");
    }
}

#[test]
fn values_keep_their_spelling_and_what_is_not_there_is_null() {
    let paths = [
        ("ratio", "a.ratio"),
        ("big", "big"),
        ("whole", "a"),
        ("none", "x.y"),
        ("deep", "list[1].n"),
        ("beside", "list.n"),
        // no type of Rust holds what stands there
        ("beyond", "odd.x"),
        ("odd", "list[0]"),
    ];
    let fields = Fields::named(paths.map(|(name, path)| (name.to_owned(), path.to_owned())).to_vec());
    let object = r#" {"big":9007199254740993123456789,"odd":1e999,"a":{"ratio":1.0,"x":"A"},"list":[1e999,{"n":[ 1 ]},2]} "#;
    let text =
        fields.map_err(|wrong| wrong.said_of("fields")).unwrap().records([Bytes::from(object)]).unwrap();
    assert_eq!(
        text,
        r#"[{"ratio":1.0,"big":9007199254740993123456789,"whole":{"ratio":1.0,"x":"A"},"none":null,"deep":[ 1 ],"beside":null,"beyond":null,"odd":1e999}]"#
    );
}

#[test]
fn of_a_field_that_stands_twice_the_last_counts() {
    let fields = Fields::paths(vec!["a.b".into(), "a".into(), "c".into()]).map_err(|_| ()).unwrap();
    let object = r#"{"a":{"b":1},"c":1,"a":{"x":2},"c":2,"\u0061":{"b":3,"b":4}}"#;
    assert_eq!(records(&fields, object), json!({"a.b": 4, "a": {"b": 4}, "c": 2}));
    let object = r#"{"a":{"b":1},"a":5}"#;
    assert_eq!(records(&fields, object), json!({"a.b": null, "a": 5, "c": null}));
}

#[test]
fn names_come_once_and_some_must_come() {
    let wrong = |fields: Result<Fields, Wrong>| fields.err().map(|wrong| wrong.said_of("fields").to_string());
    assert!(wrong(Fields::paths(vec![])).unwrap().contains("names no field"));
    assert!(wrong(Fields::paths(vec!["a".into(), "a".into()])).unwrap().contains("the same name"));
}

#[test]
fn an_object_that_is_none_is_an_error() {
    let fields = Fields::paths(vec!["a.b".into()]).map_err(|_| ()).unwrap();
    for text in ["{\"a\": S3CR3T}", "{\"a\": {\"b\": 1}", ""] {
        let fault = fields.records([Bytes::from(text)]).unwrap_err();
        assert_eq!(fault.error().kind(), ErrorKind::Decode);
        assert!(!fault.to_json().contains("S3CR3T"));
    }
}

#[test]
fn what_an_object_is_called() {
    let of = |value: Value| head(value.to_string().as_bytes());
    let some = |text: &str| Some(text.to_owned());
    let v3 = of(
        json!({"id": "c-1", "name": "prod", "state": "active", "type": "cluster", "status": [1], "metadata": "x"}),
    );
    assert_eq!(
        v3,
        Head { id: some("c-1"), name: some("prod"), state: some("active"), kind: some("cluster") }
    );
    let pod = of(
        json!({"kind": "Pod", "metadata": {"name": "web-0", "namespace": "shop-web"}, "status": {"phase": "Running"}}),
    );
    assert_eq!(
        pod,
        Head { id: some("shop-web/web-0"), name: some("web-0"), state: some("Running"), kind: some("Pod") }
    );
    let steve = of(json!({"id": "shop-web/a", "type": "configmap", "kind": "ConfigMap", "state": null,
        "metadata": {"name": "a", "namespace": "shop-web", "state": {"name": "active"}}}));
    assert_eq!(
        steve,
        Head { id: some("shop-web/a"), name: some("a"), state: some("active"), kind: some("configmap") }
    );
    let node = of(json!({"metadata": {"name": "n1"}, "id": "", "name": 5}));
    assert_eq!(node, Head { id: some("n1"), name: some("n1"), ..Head::default() });
    for odd in ["", "[1]", "{", "5", "null"] {
        assert_eq!(head(odd.as_bytes()), Head::default());
    }
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("a"), Just("b"), Just("c"), Just("a.b"), Just("x/y"), Just("0"), Just("é\"")]
        .prop_map(str::to_owned)
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,6}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![4 => name().prop_map(Step::Field), 1 => (0_usize..3).prop_map(Step::Item)];
    prop::collection::vec(step, 0..4).prop_flat_map(|rest| {
        name().prop_map(move |first| {
            let mut all = vec![Step::Field(first)];
            all.extend(rest.clone());
            all
        })
    })
}

fn written(steps: &[Step]) -> String {
    steps
        .iter()
        .map(|step| match step {
            Step::Field(name) => format!("['{name}']"),
            Step::Item(at) => format!("[{at}]"),
        })
        .collect()
}

proptest! {
    #[test]
    fn a_record_is_what_the_slow_way_gives(
        objects in prop::collection::vec(prop::collection::btree_map(name(), document(), 0..6), 0..4),
        paths in prop::collection::btree_map("[a-z]{1,3}", steps(), 1..6),
        pretty in any::<bool>(),
    ) {
        let objects: Vec<Value> =
            objects.into_iter().map(|fields| Value::Object(fields.into_iter().collect())).collect();
        let texts = objects.iter().map(|object| {
            let text = if pretty { serde_json::to_string_pretty(object) } else { serde_json::to_string(object) };
            Bytes::from(text.unwrap())
        });
        let named = paths.iter().map(|(name, steps)| (name.clone(), written(steps))).collect();
        let fields = Fields::named(named).map_err(|wrong| wrong.said_of("fields")).unwrap();
        let fast: Value = serde_json::from_str(&fields.records(texts).unwrap()).unwrap();
        let expected: Vec<Value> = objects
            .iter()
            .map(|object| {
                paths
                    .iter()
                    .map(|(name, steps)| (name.clone(), slow(object, steps).cloned().unwrap_or_default()))
                    .collect()
            })
            .collect();
        prop_assert_eq!(fast, Value::from(expected));
    }

    #[test]
    fn no_path_and_no_object_make_it_panic(path in ".{0,30}", object in prop::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(fields) = Fields::paths(vec![path]) {
            let _ = fields.records([Bytes::from(object.clone())]);
        }
        head(&object);
    }
}
