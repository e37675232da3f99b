//! What comes back has the shapes that the types of the shells are generated from: these keys and no others.

use serde_json::{Value, json};
use std::collections::BTreeSet;

use crate::lab::{Lab, PROD, rest, value};

/// The shapes of `operations.json`, and which of them were seen.
struct Shapes {
    stated: Value,
    seen: BTreeSet<String>,
    given: BTreeSet<String>,
}

impl Shapes {
    fn new() -> Self {
        let table: Value = serde_json::from_str(rancher_bridge::OPERATIONS).unwrap();
        Self { stated: table["values"].clone(), seen: BTreeSet::new(), given: BTreeSet::new() }
    }

    /// The value has the shape.
    fn check(&mut self, name: &str, value: &Value) {
        let shape = self.stated[name].clone();
        let fields = shape["fields"].as_array().unwrap_or_else(|| panic!("there is no shape {name}"));
        let stated: BTreeSet<&str> = fields.iter().filter_map(|field| field["name"].as_str()).collect();
        let given: BTreeSet<&str> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(given, stated, "{name}");
        for field in fields {
            let key = field["name"].as_str().unwrap();
            self.field(&format!("{name}.{key}"), field, &value[key]);
        }
        self.seen.insert(name.to_owned());
    }

    fn field(&mut self, at: &str, field: &Value, value: &Value) {
        if value.is_null() {
            assert_eq!(field["nullable"], true, "{at} is null");
            return;
        }
        self.given.insert(at.to_owned());
        if let Some(words) = field["one_of"].as_array() {
            assert!(words.contains(value), "{at} is {value}");
        }
        let ty = field["type"].as_str().unwrap();
        match ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')) {
            Some(of) => value.as_array().unwrap().iter().for_each(|one| self.one(at, of, one)),
            None => self.one(at, ty, value),
        }
    }

    fn one(&mut self, at: &str, ty: &str, value: &Value) {
        match ty {
            "string" => assert!(value.is_string(), "{at} is {value}"),
            "integer" => assert!(value.is_i64() || value.is_u64(), "{at} is {value}"),
            "boolean" => assert!(value.is_boolean(), "{at} is {value}"),
            shape => self.check(shape, value),
        }
    }
}

#[tokio::test]
async fn values_have_the_shapes_that_are_stated() {
    let lab = Lab::start();
    let mut shapes = Shapes::new();
    let target = json!({"cluster": PROD});
    for label in ["admin-unscoped", "admin-prod", "ro-prod"] {
        let client = lab.client(label);
        for input in [json!({}), json!({"cluster": PROD, "namespace": "shop-web", "can_i": ["create pods"]})]
        {
            shapes.check("DoctorReport", &value(&client.call("doctor", input).await.unwrap()));
        }
        shapes.check("ServerVersion", &value(&client.call("version", json!({})).await.unwrap()));
        let me = client.call("cluster.whoami", json!({"target": target})).await.unwrap();
        shapes.check("WhoAmI", &value(&me));
        let question = json!({"target": target, "verb": "create", "resource": "pods"});
        shapes.check("Permission", &value(&client.call("cluster.can_i", question).await.unwrap()));
    }
    let client = lab.client("admin-prod");
    let map = json!({"metadata": {"name": "app"}, "data": {}});
    let target = json!({"cluster": PROD, "plural": "configmaps", "namespace": "plain"});
    client.call("kubernetes.create", json!({"target": target, "object": map})).await.unwrap();
    let wait = json!({"target": target, "name": "app", "condition": "Ready", "deadline": 0.3, "poll": 0.1});
    let stream = client.begin("kubernetes.wait", wait).unwrap();
    let progress = stream.next(None).await.unwrap().unwrap();
    shapes.check("WaitProgress", &value(&progress));
    assert!(rest(&stream).await.is_err(), "a map has no conditions");

    let stated = shapes.stated.as_object().unwrap().iter();
    let stated = stated.filter(|(_, shape)| shape["input"] != true).map(|(name, _)| name.clone());
    assert_eq!(shapes.seen, stated.collect::<BTreeSet<String>>());
    // what is always null could be called anything
    assert!(shapes.given.len() >= 40, "{:?}", shapes.given);
}
