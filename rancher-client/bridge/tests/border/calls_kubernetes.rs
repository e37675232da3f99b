//! A cluster and its Kubernetes.

use serde_json::{Value, json};

use crate::lab::{Lab, PROD, kind, object, objects, original, value};

#[tokio::test]
async fn a_cluster() {
    let lab = Lab::start();
    for label in ["admin-unscoped", "admin-prod"] {
        let client = lab.client(label);
        let target = json!({"cluster": PROD});
        let version = value(&client.call("cluster.version", json!({"target": target})).await.unwrap());
        assert!(version.as_str().unwrap().starts_with('v'));
        let me = value(&client.call("cluster.whoami", json!({"target": target})).await.unwrap());
        assert_eq!((&me["user"], &me["username"]), (&json!("user-mh6n5"), &json!("admin")), "{me}");
        assert!(me["groups"].is_array() && me["principals"].is_array() && me["token"].is_string());
        for more in [json!({}), json!({"namespace": "shop-web", "subresource": "log"})] {
            let mut input = json!({"target": target, "verb": "get", "resource": "pods"});
            input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let may = value(&client.call("cluster.can_i", input).await.unwrap());
            assert_eq!(may["allowed"], true);
            assert!(may.get("reason").is_some());
        }
    }
    let client = lab.client("ro-prod");
    let input = json!({"target": {"cluster": PROD}, "verb": "create", "resource": "deployments", "group": "apps", "namespace": "shop-web"});
    assert_eq!(value(&client.call("cluster.can_i", input).await.unwrap())["allowed"], false);
    lab.forget();
    for (verb, resource) in [("", "pods"), ("get", ""), ("get", "Pods x")] {
        let input = json!({"target": {"cluster": PROD}, "verb": verb, "resource": resource});
        assert_eq!(kind(&client.call("cluster.can_i", input).await.unwrap_err()), "invalid");
    }
    let fault =
        client.call("cluster.version", json!({"target": {"cluster": "c-prod1:p-abcde"}})).await.unwrap_err();
    assert_eq!(kind(&fault), "invalid");
    assert_eq!(lab.requests(), [""; 0]);
}

#[tokio::test]
async fn the_life_of_an_object_of_kubernetes() {
    let lab = Lab::start();
    let client = lab.client("admin-prod");
    let target = json!({"cluster": PROD, "plural": "configmaps", "namespace": "plain"});
    let map = json!({"metadata": {"name": "app", "labels": {"tier": "front"}}, "data": {"a": "1"}});
    let created = client.call("kubernetes.create", json!({"target": target, "object": map})).await.unwrap();
    assert_eq!(
        (object(&created)["metadata"]["name"].clone(), value(&created)),
        (json!("app"), json!({"altered": []}))
    );
    let fault = client.call("kubernetes.create", json!({"target": target, "object": map})).await.unwrap_err();
    assert_eq!(kind(&fault), "already_exists");
    let read = client.call("kubernetes.get", json!({"target": target, "name": "app"})).await.unwrap();
    assert_eq!(read.head(0).id.as_deref(), Some("plain/app"));

    let mut changed = object(&read);
    changed["data"]["b"] = json!("2");
    let updated = client
        .call_with("kubernetes.update", json!({"target": target, "object": changed}), original(&read))
        .await
        .unwrap();
    assert_eq!(object(&updated)["data"], json!({"a": "1", "b": "2"}));
    changed["data"]["b"] = json!("3");
    let fault = client
        .call_with("kubernetes.update", json!({"target": target, "object": changed}), original(&read))
        .await
        .unwrap_err();
    assert_eq!((kind(&fault), fault.error().status()), ("conflict", Some(409)));

    let edit = client.begin("kubernetes.update_with", json!({"target": target, "name": "app"})).unwrap();
    let mut handed = object(&edit.next(None).await.unwrap().unwrap());
    handed["data"] = json!({"only": "this"});
    let done = edit.next(Some(handed.to_string().into())).await.unwrap().unwrap();
    assert_eq!(object(&done)["data"], json!({"only": "this"}));

    let query = json!({"target": target, "label_selector": "tier=front", "expired": "fail", "page_size": 1});
    let listed = client.list("kubernetes.list", query.clone()).await.unwrap();
    assert_eq!(listed.len(), 1);
    let mut records = query.clone();
    records["fields"] = json!({"name": "metadata.name", "data": "data"});
    let records = client.records("kubernetes.list", records).await.unwrap();
    assert_eq!(records, [json!({"name": "app", "data": {"only": "this"}})]);
    assert_eq!(
        object(&client.call("kubernetes.first", query.clone()).await.unwrap())["metadata"]["name"],
        "app"
    );
    assert_eq!(value(&client.call("kubernetes.total", query).await.unwrap()), 1);
    let everywhere = json!({"target": {"cluster": PROD, "plural": "configmaps"}, "page_size": 2});
    let pages = client.all("kubernetes.list", everywhere).await.unwrap();
    assert!(pages.len() > 1 && pages.iter().flat_map(objects).count() > 2);
    let deployments =
        json!({"target": {"cluster": PROD, "plural": "deployments", "group": "apps", "version": "v1"}});
    client.list("kubernetes.list", deployments).await.unwrap();
    let fault = client.begin("kubernetes.list", json!({"target": target, "expired": "never"})).unwrap_err();
    assert!(fault.to_string().contains("inconsistent"), "{fault}");

    let wait = json!({"target": {"cluster": PROD, "plural": "namespaces"}, "name": "plain", "state": "Active", "stable_for": 0, "poll": 0.1, "deadline": 30});
    let events = client.all("kubernetes.wait", wait).await.unwrap();
    assert_eq!(value(events.last().unwrap()), json!({"event": "met"}));
    let deleted = client.call("kubernetes.delete", json!({"target": target, "name": "app"})).await.unwrap();
    assert_eq!(value(&deleted)["gone"], true);
    let gone = client
        .all("kubernetes.wait_gone", json!({"target": target, "name": "app", "poll": 0.1, "deadline": 30}))
        .await
        .unwrap();
    assert_eq!(value(gone.last().unwrap())["event"], "gone");
}

/// Kubernetes has whole numbers beyond what a double holds, and a script has nothing else.
#[tokio::test]
async fn numbers_survive_a_shell_that_has_only_doubles() {
    let lab = Lab::start();
    let client = lab.open("admin-prod", json!({"naming": "camel"}));
    let target = json!({"cluster": PROD, "plural": "configmaps", "namespace": "plain"});
    let input =
        r#"{"metadata":{"name":"wide"},"data":{"a":"1"},"extra":{"big":9007199254740993,"ratio":1.0}}"#;
    let input: Value = serde_json::from_str(input).unwrap();
    let made = client.call("kubernetes.create", json!({"target": target, "object": input})).await.unwrap();
    let raw = String::from_utf8(made.raw(0).unwrap().to_vec()).unwrap();
    assert!(raw.contains("9007199254740993") && raw.contains("1.0"), "{raw}");
    let script = raw
        .replace("9007199254740993", "9007199254740992")
        .replace("1.0", "1")
        .replace(r#""a":"1""#, r#""a":"2""#);
    let changed: Value = serde_json::from_str(&script).unwrap();
    let input = json!({"target": target, "object": changed});
    let updated = client.call_with("kubernetes.update", input, original(&made)).await.unwrap();
    let raw = String::from_utf8(updated.raw(0).unwrap().to_vec()).unwrap();
    assert!(raw.contains("9007199254740993") && raw.contains("1.0") && raw.contains(r#""a":"2""#), "{raw}");
}
