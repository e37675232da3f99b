//! The server as a whole, v3 and Steve.

use serde_json::{Value, json};

use crate::lab::{Client, Lab, PROD, kind, object, objects, original, rest, value};

fn of(collection: &str) -> Value {
    json!({"collection": collection})
}

async fn whole(client: &Client) {
    let version = value(&client.call("version", json!({"timeout": 30})).await.unwrap());
    assert!(
        version["version"].as_str().unwrap().starts_with('v') && version["git_commit"].is_string(),
        "{version}"
    );

    let report = client.call("doctor", json!({"cluster": PROD, "namespace": "shop-web",
        "can_i": ["get pods", {"verb": "create", "resource": "deployments", "group": "apps"}], "also": "local",
        "key_is_for": "global", "timeout": 20}));
    let report = value(&report.await.unwrap());
    assert_eq!((&report["verdict"], &report["exit_code"]), (&json!("usable"), &json!(0)), "{report}");
    assert!(report["text"].as_str().unwrap().contains(PROD), "{report}");

    let answer =
        client.call("request", json!({"method": "get", "path": "/v3/settings?limit=1"})).await.unwrap();
    let said = value(&answer);
    assert_eq!(said["status"], 200);
    assert!(said["headers"]["content-type"].as_str().unwrap().starts_with("application/json"), "{said}");
    assert_eq!(object(&answer)["type"], "collection");
}

#[tokio::test]
async fn the_server_as_a_whole() {
    let lab = Lab::start();
    whole(&lab.client("admin-unscoped")).await;
    let camel = lab.open("admin-unscoped", json!({"naming": "camel"}));
    let version = value(&camel.call("version", json!({})).await.unwrap());
    assert!(version["gitCommit"].is_string() && version.get("git_commit").is_none(), "{version}");
    let report = value(&camel.call("doctor", json!({})).await.unwrap());
    assert!(report["exitCode"].is_number() && report["credential"].get("expiresAt").is_some(), "{report}");
}

#[tokio::test]
async fn requests_of_ones_own() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let made = client.call(
        "request",
        json!({"method": "POST", "path": "/v3/projects",
        "body": {"name": "billing", "clusterId": PROD}, "headers": {"x-note": "from a test"}}),
    );
    let made = made.await.unwrap();
    assert_eq!(
        (value(&made)["status"].clone(), object(&made)["name"].clone()),
        (json!(201), json!("billing"))
    );
    // a link of this server, whole
    let link = object(&made)["links"]["self"].clone();
    let again = client.call("request", json!({"method": "GET", "path": link})).await.unwrap();
    assert_eq!(object(&again)["id"], object(&made)["id"]);

    lab.forget();
    for (path, headers) in [
        ("https://elsewhere.example.com/v3/clusters", json!({})),
        ("http://127.0.0.1:1/v3/clusters", json!({})),
        ("//elsewhere.example.com/v3", json!({})),
        ("v3/clusters", json!({})),
        ("/v3/../k8s", json!({})),
        ("/v3/clusters", json!({"bad header": "x"})),
        ("/v3/clusters", json!({"x-a": "S3CR3T\nx"})),
        ("/v3/clusters", json!({"authorization": "Bearer token-abcde:S3CR3T"})),
        ("/v3/clusters", json!({"cookie": "R_SESS=S3CR3T"})),
    ] {
        let input = json!({"method": "GET", "path": path, "headers": headers});
        let fault = client.call("request", input).await.unwrap_err();
        assert_eq!(kind(&fault), "invalid", "{path} {fault}");
        assert!(!fault.to_json().contains("S3CR3T"), "{fault}");
    }
    assert_eq!(lab.requests(), [""; 0]);
    let fault = client.call("request", json!({"method": "GET", "path": "/v3/nosuch"})).await.unwrap_err();
    assert_eq!(kind(&fault), "not_found");
}

#[tokio::test]
async fn the_life_of_an_object_of_v3() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let target = of("projects");
    let created =
        client.call("v3.create", json!({"target": target, "object": {"name": "billing", "clusterId": PROD}}));
    let created = created.await.unwrap();
    assert_eq!(value(&created), json!({"altered": []}));
    let id = object(&created)["id"].clone();
    let head = created.head(0);
    assert_eq!(
        (head.id.as_deref(), head.name.as_deref(), head.kind.as_deref()),
        (id.as_str(), Some("billing"), Some("project"))
    );

    let read = client.call("v3.get", json!({"target": target, "id": id})).await.unwrap();
    assert_eq!(value(&read), Value::Null);
    let found = client.call(
        "v3.find",
        json!({"target": {"collection": "projects", "cluster": PROD}, "name_or_id": "billing"}),
    );
    assert_eq!(object(&found.await.unwrap())["id"], id);

    let mut changed = object(&read);
    changed["description"] = json!("Billing");
    lab.forget();
    let input = json!({"target": target, "object": changed});
    let updated = client.call_with("v3.update", input.clone(), original(&read)).await.unwrap();
    assert_eq!(
        (object(&updated)["description"].clone(), value(&updated)),
        (json!("Billing"), json!({"altered": []}))
    );
    assert_eq!(lab.requests().len(), 1);
    // nothing changed, nothing sent
    lab.forget();
    let input = json!({"target": target, "object": object(&updated)});
    client.call_with("v3.update", input.clone(), original(&updated)).await.unwrap();
    assert_eq!(lab.requests(), [""; 0]);
    // an object of the caller's own is no object that was read
    let fault = client.call("v3.update", input).await.unwrap_err();
    assert_eq!((kind(&fault), fault.error().field()), ("invalid", Some("object")));
    assert!(fault.to_string().contains("update_with"), "{fault}");

    let edit = client.begin("v3.update_with", json!({"target": target, "id": id})).unwrap();
    let handed = edit.next(None).await.unwrap().unwrap();
    assert_eq!(value(&handed)["event"], "edit");
    let mut changed = object(&handed);
    changed["labels"]["team"] = json!("shop");
    let done = edit.next(Some(changed.to_string().into())).await.unwrap().unwrap();
    assert_eq!(
        (value(&done), object(&done)["labels"]["team"].clone()),
        (json!({"event": "done", "altered": []}), json!("shop"))
    );
    assert!(edit.next(None).await.unwrap().is_none());

    let ensured = client.call("v3.ensure", json!({"target": target, "object": {"name": "billing", "clusterId": PROD}, "by": ["name", "clusterId"]}));
    assert_eq!(value(&ensured.await.unwrap()), json!({"created": false, "altered": []}));
    let ensured = client.call(
        "v3.ensure",
        json!({"target": target, "object": {"name": "web", "clusterId": PROD}, "by": ["name", "clusterId"]}),
    );
    let ensured = ensured.await.unwrap();
    assert_eq!(
        (value(&ensured)["created"].clone(), object(&ensured)["name"].clone()),
        (json!(true), json!("web"))
    );
    let fault = client
        .call("v3.ensure", json!({"target": target, "object": {"name": "web"}, "by": "description"}))
        .await
        .unwrap_err();
    assert_eq!((kind(&fault), fault.error().field()), ("invalid", Some("description")));

    let deleted = client.call("v3.delete", json!({"target": target, "id": id})).await.unwrap();
    let gone = value(&deleted)["gone"].as_bool().unwrap();
    assert_eq!(deleted.len(), usize::from(!gone));
    let events = client
        .all("v3.wait_gone", json!({"target": target, "id": id, "poll": 0.1, "deadline": 30}))
        .await
        .unwrap();
    assert_eq!(value(events.last().unwrap())["event"], "gone");
    let fault = client.call("v3.get", json!({"target": target, "id": id})).await.unwrap_err();
    assert_eq!((kind(&fault), fault.error().status()), ("not_found", Some(404)));
}

#[tokio::test]
async fn lists_of_v3() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let target = of("projects");
    let all = client.list("v3.list", json!({"target": target, "cluster": PROD})).await.unwrap();
    assert!(all.len() > 2);
    lab.forget();
    let pages =
        client.all("v3.list", json!({"target": target, "cluster": PROD, "page_size": 1})).await.unwrap();
    assert_eq!(pages.iter().flat_map(objects).collect::<Vec<_>>(), all);
    assert_eq!(lab.requests().len(), all.len());
    let total = client.call("v3.total", json!({"target": target, "cluster": PROD})).await.unwrap();
    assert_eq!(value(&total), json!(all.len()));
    let narrowed = json!({"collection": "projects", "cluster": PROD});
    assert_eq!(client.list("v3.list", json!({"target": narrowed})).await.unwrap(), all);

    let by_name = |how: Value| json!({"target": target, "cluster": PROD, "where": {"name": how}, "sort": "name", "descending": true});
    let names: Vec<&Value> = all.iter().map(|project| &project["name"]).collect();
    let one = client.list("v3.list", by_name(names[0].clone())).await.unwrap();
    assert!(!one.is_empty() && one.iter().all(|project| project["name"] == *names[0]));
    let but = client.list("v3.list", by_name(json!({"ne": names[0]}))).await.unwrap();
    assert_eq!(one.len() + but.len(), all.len());
    let both = client.list("v3.list", by_name(json!([names[0], names[1]]))).await.unwrap();
    assert!(both.windows(2).all(|pair| pair[0]["name"].as_str() >= pair[1]["name"].as_str()));
    let first = client.call("v3.first", by_name(json!({"in": [names[0]]}))).await.unwrap();
    assert_eq!(object(&first)["name"], *names[0]);
    let none = client.call("v3.first", by_name(json!("nosuch"))).await.unwrap();
    assert!(none.is_empty() && value(&none).is_null());

    let fields = json!({"id": "id", "named": "name", "on": "links.self", "no": "labels.nosuch"});
    let records = client
        .records("v3.list", json!({"target": target, "cluster": PROD, "page_size": 2, "fields": fields}))
        .await
        .unwrap();
    let expected: Vec<Value> = all
        .iter()
        .map(|it| json!({"id": it["id"], "named": it["name"], "on": it["links"]["self"], "no": null}))
        .collect();
    assert_eq!(records, expected);

    lab.forget();
    for (input, field) in [
        (json!({"target": target, "where": {"nosuch": "CANARY"}}), "nosuch"),
        (json!({"target": target, "where": {"name": {"like": "CANARY"}}}), "like"),
        (json!({"target": target, "sort": "nosuch"}), "nosuch"),
        (json!({"target": target, "page_size": 0}), "1 to 10000"),
        (json!({"target": target, "page_size": 99_999_999_999_u64}), "1 to 10000"),
        (json!({"target": target, "fields": ["a..b"]}), "a..b"),
        (json!({"target": target, "cluster": "c-stag1", "project": "c-prod1:p-abcde"}), "c-prod1"),
        (json!({"target": of("project")}), "projects"),
        (json!({"target": of("pods")}), "belong to a project"),
    ] {
        let fault = client.all("v3.list", input).await.unwrap_err();
        assert_eq!(kind(&fault), "invalid", "{fault}");
        assert!(fault.to_string().contains(field) && !fault.to_json().contains("CANARY"), "{field}: {fault}");
    }
    assert_eq!(lab.requests(), [""; 0]);
}

#[tokio::test]
async fn actions_links_and_waits_of_v3() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let target = of("clusters");
    let cluster = client.call("v3.get", json!({"target": target, "id": PROD})).await.unwrap();
    for (input, before) in [
        (json!({"target": target, "id": PROD, "name": "generateKubeconfig"}), None),
        (json!({"target": target, "name": "generateKubeconfig", "input": {}}), original(&cluster)),
    ] {
        let made = value(&client.call_with("v3.action", input, before).await.unwrap());
        assert!(made["config"].as_str().unwrap().contains("clusters:"));
    }
    let fault =
        client.call("v3.action", json!({"target": target, "id": PROD, "name": "nosuch"})).await.unwrap_err();
    assert_eq!(kind(&fault), "invalid");
    let change = json!({"target": of("users"), "name": "changepassword", "input": {"currentPassword": "S3CR3T", "newPassword": "x"}});
    let fault = client.call("v3.collection_action", change).await.unwrap_err();
    assert!(!fault.to_json().contains("S3CR3T"), "{fault}");
    assert!(fault.error().status().is_some() || kind(&fault) == "invalid", "{fault}");
    let fault = client
        .call("v3.collection_action", json!({"target": of("users"), "name": "nosuch"}))
        .await
        .unwrap_err();
    assert_eq!(kind(&fault), "invalid");

    let link = client.call("v3.link", json!({"target": target, "id": PROD, "name": "self"})).await.unwrap();
    assert_eq!(object(&link)["id"], PROD);
    let link = client
        .call_with("v3.link", json!({"target": target, "name": "self"}), original(&cluster))
        .await
        .unwrap();
    assert_eq!(object(&link)["type"], "cluster");
    let fault =
        client.call("v3.link", json!({"target": target, "id": PROD, "name": "nosuch"})).await.unwrap_err();
    assert_eq!(kind(&fault), "invalid");
    let input = json!({"target": target, "name": "projects", "fields": "id"});
    let linked = rest(&client.begin_with("v3.link_list", input, original(&cluster)).unwrap()).await.unwrap();
    let by_id =
        client.list("v3.link_list", json!({"target": target, "id": PROD, "name": "projects"})).await.unwrap();
    let ids: Vec<Value> = by_id.iter().map(|project| json!({"id": project["id"]})).collect();
    assert!(ids.len() > 2);
    assert_eq!(
        linked.iter().flat_map(|page| value(page).as_array().unwrap().clone()).collect::<Vec<_>>(),
        ids
    );

    let wait = json!({"target": target, "id": PROD, "state": "active", "condition": "Ready", "stable_for": 0, "poll": 0.1, "deadline": 30});
    let events = client.all("v3.wait", wait).await.unwrap();
    let met = events.last().unwrap();
    assert_eq!((value(met), object(met)["id"].clone()), (json!({"event": "met"}), json!(PROD)));
    let never =
        json!({"target": target, "id": PROD, "condition": {"Ready": "False"}, "poll": 0.1, "deadline": 0.5});
    let stream = client.begin("v3.wait", never).unwrap();
    let unmet = value(&stream.next(None).await.unwrap().unwrap());
    assert_eq!(unmet["event"], "unmet");
    assert!(unmet["text"].as_str().unwrap().contains("Ready") && unmet["unmet"].is_array(), "{unmet}");
    assert!(unmet["message"].is_null() || unmet["message"].is_string());
    let fault = rest(&stream).await.unwrap_err();
    assert_eq!(kind(&fault), "timeout");
    assert!(stream.next(None).await.unwrap().is_none());
    let fault = client.begin("v3.wait", json!({"target": target, "id": PROD})).unwrap_err();
    assert_eq!(kind(&fault), "invalid");
}

#[tokio::test]
async fn the_life_of_an_object_of_steve() {
    let lab = Lab::start();
    let client = lab.client("admin-prod");
    let target = json!({"resource": "configmaps", "cluster": PROD});
    let map = json!({"metadata": {"name": "app", "namespace": "plain", "labels": {"tier": "front"}}, "data": {"a": "1"}});
    let created = client.call("steve.create", json!({"target": target, "object": map})).await.unwrap();
    assert_eq!(
        (object(&created)["id"].clone(), value(&created)),
        (json!("plain/app"), json!({"altered": []}))
    );
    let read = client.call("steve.get", json!({"target": target, "id": "plain/app"})).await.unwrap();
    assert_eq!(read.head(0).id.as_deref(), Some("plain/app"));
    let found = client.call("steve.find", json!({"target": target, "name_or_id": "app"})).await.unwrap();
    assert_eq!(object(&found)["id"], "plain/app");

    let mut changed = object(&read);
    changed["data"]["b"] = json!("2");
    let input = json!({"target": target, "object": changed});
    let updated = client.call_with("steve.update", input.clone(), original(&read)).await.unwrap();
    assert_eq!(object(&updated)["data"], json!({"a": "1", "b": "2"}));
    changed["data"]["b"] = json!("3");
    let fault = client
        .call_with("steve.update", json!({"target": target, "object": changed}), original(&read))
        .await
        .unwrap_err();
    assert_eq!(kind(&fault), "conflict");

    // somebody is faster, once
    let edit = client.begin("steve.update_with", json!({"target": target, "id": "plain/app"})).unwrap();
    let mut handed = object(&edit.next(None).await.unwrap().unwrap());
    let mut faster = object(&updated);
    faster["data"]["c"] = json!("faster");
    client
        .call_with("steve.update", json!({"target": target, "object": faster}), original(&updated))
        .await
        .unwrap();
    handed["data"]["b"] = json!("mine");
    let again = edit.next(Some(handed.to_string().into())).await.unwrap().unwrap();
    assert_eq!(value(&again)["event"], "edit");
    let mut handed = object(&again);
    assert_eq!(handed["data"]["c"], "faster");
    handed["data"]["b"] = json!("mine");
    let done = edit.next(Some(handed.to_string().into())).await.unwrap().unwrap();
    assert_eq!(object(&done)["data"], json!({"a": "1", "b": "mine", "c": "faster"}));

    // a part of an object cannot be written back, whoever kept it
    for (operation, key) in
        [("steve.list", "exclude_values"), ("steve.list", "exclude"), ("steve.first", "exclude_values")]
    {
        let input =
            json!({"target": target, "namespace": "plain", "where": {"metadata.name": "app"}, key: ["data"]});
        let part = match operation {
            "steve.list" => client.all(operation, input).await.unwrap().remove(0),
            _ => client.call(operation, input).await.unwrap(),
        };
        let mut changed = object(&part);
        changed["metadata"]["labels"]["tier"] = json!("back");
        let fault = client
            .call_with("steve.update", json!({"target": target, "object": changed}), original(&part))
            .await
            .unwrap_err();
        assert_eq!(kind(&fault), "invalid", "{fault}");
        assert!(fault.to_string().contains("left out"), "{fault}");
    }
    // and the whole of the same can
    let listed = client
        .all("steve.list", json!({"target": target, "namespace": "plain", "where": {"metadata.name": "app"}}))
        .await
        .unwrap();
    let mut changed = object(&listed[0]);
    changed["metadata"]["labels"]["tier"] = json!("back");
    client
        .call_with("steve.update", json!({"target": target, "object": changed}), original(&listed[0]))
        .await
        .unwrap();

    let where_ = json!({"metadata.labels[tier]": {"exists": true}, "any_of": [{"metadata.name": "nosuch"}, {"metadata.name": {"like": "ap"}}]});
    let query = json!({"target": target, "where": where_, "sort": ["-metadata.name"], "page_size": 1});
    let records = client.records("steve.list", {
        let mut query = query.clone();
        query["fields"] = json!(["metadata.name", "metadata.labels[tier]"]);
        query
    });
    assert_eq!(records.await.unwrap(), [json!({"metadata.name": "app", "metadata.labels[tier]": "back"})]);
    assert_eq!(value(&client.call("steve.total", query).await.unwrap()), 1);

    let view = client
        .call("steve.link", json!({"target": target, "id": "plain/app", "name": "view"}))
        .await
        .unwrap();
    assert_eq!(object(&view)["kind"], "ConfigMap");
    let view = client
        .call_with("steve.link", json!({"target": target, "name": "view"}), original(&read))
        .await
        .unwrap();
    assert!(object(&view).get("links").is_none());
    let wait = json!({"target": target, "id": "plain/app", "settled": true, "stable_for": 0, "poll": 0.1, "deadline": 30});
    let events = client.all("steve.wait", wait).await.unwrap();
    assert_eq!(value(events.last().unwrap())["event"], "met");
    let deleted = client.call("steve.delete", json!({"target": target, "id": "plain/app"})).await.unwrap();
    assert_eq!((value(&deleted), deleted.len()), (json!({"gone": true}), 0));
    let gone = client
        .all("steve.wait_gone", json!({"target": target, "id": "plain/app", "poll": 0.1, "deadline": 30}))
        .await
        .unwrap();
    assert_eq!(value(gone.last().unwrap())["event"], "gone");
}
