//! Lists that are not as they should be: items that are none, a schema that moved on, links that lead astray.

use futures_util::{StreamExt as _, TryStreamExt as _};
use rancher_client::ErrorKind::{Decode, NotRancher};
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::types::Record as _;
use rancher_client::types::management::Project;
use rancher_client::v3::Query;
use rancher_client::wire::{Kept, Object};
use rancher_simulator::Quirk;
use serde_json::{Value, json};

use super::check;
use super::scripted::Scripted;
use crate::lab::Lab;

fn deep(open: &str, close: &str) -> String {
    format!("{}1{}", open.repeat(10_000), close.repeat(10_000))
}

/// What is no object is an error in its place, and the stream goes on behind it.
#[tokio::test]
async fn an_item_that_is_no_object_ends_nothing() {
    let deep = deep("[", "]");
    let items = format!(r#"{{"id":"a"}},5,null,"S3CR3T",[],{{"id":"x","labels":{deep}}},{{"id":"b"}}"#);
    let server = Scripted::new(move |_, target| {
        let field = if target.starts_with("/v3") { "data" } else { "items" };
        format!(r#"{{"{field}":[{items}]}}"#)
    });
    let client = server.client();
    let plain = client.v3().collection("projects").unwrap().list(Query::all());
    let of_cluster = client.cluster("c-prod1").unwrap().list(Resource::core("pods"), ListOptions::default());
    let mut found: Vec<Vec<rancher_client::Result<Option<String>>>> = Vec::new();
    let typed = client.projects().list(Query::all());
    found.push(typed.map(|item| item.map(|project| project.id.clone())).collect().await);
    for list in [plain, of_cluster] {
        found.push(list.map(|item| item.map(|object| object.id().map(str::to_owned))).collect().await);
    }
    for found in found {
        let ids: Vec<_> = found.iter().flatten().flatten().collect();
        assert_eq!(ids, ["a", "b"]);
        let errors: Vec<_> = found.iter().filter_map(|item| item.as_ref().err()).collect();
        assert_eq!((found.len(), errors.len()), (7, 5), "each in its place");
        for error in errors {
            check("an item", error, Decode, "");
            assert!(!format!("{error} {error:?}").contains("S3CR3T"));
        }
        assert!(found[0].is_ok() && found[6].is_ok());
    }
    // whoever wants all or nothing gets the error
    let error = client.projects().list(Query::all()).collect().await.unwrap_err();
    check("collect", &error, Decode, "object");
    println!("bad input: 15 items that are no objects, the stream goes on behind them");
}

#[tokio::test]
async fn what_stands_around_the_items_can_be_damaged_too() {
    let deep_envelope = format!(r#"{{"filters":{},"data":[]}}"#, deep("[", "]"));
    let deep_objects = format!(r#"{{"x":{},"data":[]}}"#, deep(r#"{"a":"#, "}"));
    for (what, body, words) in [
        ("deep", deep_envelope.as_str(), "nested more deeply"),
        ("deep objects", deep_objects.as_str(), "nested more deeply"),
        ("nothing", "", "cut off"),
        ("no JSON", "upstream connect error", "no JSON"),
        ("a number", "5", "no object of this type"),
        ("an array", "[]", "no object of this type"),
        ("no list", r#"{"type":"project","id":"x"}"#, r#"it holds no array "data""#),
        ("a list of another kind", r#"{"data":{"a":1}}"#, r#"it holds no array "data""#),
        ("cut in an item", r#"{"data":[{"id":"a"},{"id":"#, "cut off"),
        ("cut behind the items", r#"{"data":[{"id":"a"}]"#, "cut off"),
        ("more than one", r#"{"data":[]}{"data":[]}"#, "no JSON"),
        ("not UTF-8", "{\"data\":[\"\u{fffd}", "cut off"),
    ] {
        let server = Scripted::always(body);
        let mut list = server.client().projects().list(Query::all());
        let error = list.try_next().await.unwrap_err();
        check(what, &error, Decode, words);
        assert_eq!(error.operation(), "v3.list", "{what}");
        assert!(error.to_string().contains("/v3/projects") || error.request().is_some(), "{what}: {error}");
        assert!(list.next().await.is_none(), "{what}: after the error the stream is over");
        assert_eq!(server.asked().len(), 1, "{what}: what cannot be read once is not asked for again");
    }
    // null is a list that was never filled
    assert!(
        Scripted::always(r#"{"data":null}"#)
            .client()
            .projects()
            .list(Query::all())
            .collect()
            .await
            .unwrap()
            .is_empty()
    );
    let page = Scripted::always("<!DOCTYPE html><title>Sign in</title>");
    let error = page.client().projects().list(Query::all()).collect().await.unwrap_err();
    check("a page", &error, NotRancher, "a page instead of Rancher's API");
}

/// A server of another version: fields of other types, fields that are gone, options that nobody knew.
#[tokio::test]
async fn objects_of_another_schema_come_whole() {
    let items = [
        json!({"id": "c-prod1:p-a", "name": "plain", "state": "active"}),
        json!({"id": "c-prod1:p-b", "name": 5, "labels": ["a"], "created": {"at": 1}, "state": "hibernating"}),
        json!({"id": "c-prod1:p-c", "name": "new", "resourceQuota": "unlimited", "conditions": {"ready": true}, "addedLater": {"deep": [1.0, 99_999_999_999_u64]}}),
        json!({}),
        json!({"id": null, "name": null, "links": null, "actions": 7, "type": 3}),
    ];
    let texts: Vec<String> = items.iter().map(Value::to_string).collect();
    let server = Scripted::always(format!(r#"{{"data":[{}]}}"#, texts.join(",")));
    let projects: Vec<Kept<Project>> = server.client().projects().list(Query::all()).collect().await.unwrap();
    assert_eq!(projects.len(), items.len());
    let unfit: Vec<Vec<&str>> = projects.iter().map(|project| project.unfit()).collect();
    let none: Vec<&str> = Vec::new();
    assert_eq!(
        unfit,
        [
            none.clone(),
            vec!["created", "labels", "name"],
            vec!["conditions", "resourceQuota"],
            none,
            vec!["actions", "type"]
        ]
    );
    for ((project, text), item) in projects.iter().zip(&texts).zip(&items) {
        assert_eq!(project.raw(), text, "the text is kept");
        assert_eq!(&project.json().unwrap(), item);
        let mut changed = project.clone();
        changed.description = Some("changed".to_owned());
        let mut expected = item.clone();
        expected["description"] = json!("changed");
        let edited: Value = serde_json::from_slice(&changed.edited().unwrap()).unwrap();
        assert_eq!(edited, expected, "nothing is lost when it is written");
    }
    assert_eq!(projects[1].state.as_deref(), Some("hibernating"));
    println!("bad input: {} objects of another schema, nothing lost", items.len());
}

/// A page whose `next` is this link.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let items: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
    json!({"type": "collection", "data": items, "pagination": {"limit": 2, "next": next}}).to_string()
}

#[tokio::test]
async fn links_that_lead_astray_are_not_followed() {
    const HERE: &str = "https://rancher.example.com";
    let cases = [
        ("itself", format!("{HERE}/v3/projects?marker=a"), Decode, "a page calls itself the next"),
        ("another collection", format!("{HERE}/v3/clusters?marker=b"), Decode, "leads to another collection"),
        ("without a marker", format!("{HERE}/v3/projects?limit=2"), Decode, "does not say where it begins"),
        ("an empty marker", format!("{HERE}/v3/projects?marker="), Decode, "does not say where it begins"),
        (
            "another host",
            "https://evil.example/v3/projects?marker=b".to_owned(),
            NotRancher,
            "nothing was sent there",
        ),
        (
            "another port",
            "https://rancher.example.com:8443/v3/projects?marker=b".to_owned(),
            NotRancher,
            "nothing was sent there",
        ),
        (
            "in the clear",
            "http://rancher.example.com/v3/projects?marker=b".to_owned(),
            NotRancher,
            "nothing was sent there",
        ),
        (
            "a login in it",
            "https://rancher.example.com@evil.example/v3/projects?marker=b".to_owned(),
            NotRancher,
            "nothing was sent there",
        ),
        ("no URL", "marker=b".to_owned(), NotRancher, "does not lead to"),
        (
            "a climb",
            format!("{HERE}/v3/projects/../clusters?marker=b"),
            Decode,
            "leads to another collection",
        ),
    ];
    let tried = cases.len();
    for (what, next, kind, words) in cases {
        let server = Scripted::always(page(&["a", "b"], Some(&next)));
        let mut list = server.client().projects().list(Query::all().limit(2));
        let error = list.try_next().await.unwrap_err();
        check(what, &error, kind, words);
        assert!(list.next().await.is_none(), "{what}");
        assert_eq!(server.asked(), ["/v3/projects?limit=2"], "{what}");
    }
    // without a link there is no next page, whatever else stands there
    for next in [json!(null), json!(""), json!(5), json!({"marker": "b"})] {
        let server =
            Scripted::always(json!({"data": [{"id": "a"}], "pagination": {"next": next}}).to_string());
        assert_eq!(server.client().projects().list(Query::all()).collect().await.unwrap().len(), 1);
    }
    println!("bad input: {tried} links that lead astray, none followed");
}

#[tokio::test]
async fn a_list_without_an_end_ends() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    lab.simulator.world(|world| world.quirk(Quirk::NextIsItself));
    lab.forget();
    let error = client.projects().list(Query::all().limit(2)).collect().await.unwrap_err();
    check("itself", &error, Decode, "the list has no end");
    assert!(lab.requests().len() < 3, "{:?}", lab.requests());
    lab.simulator.world(|world| {
        world.without_quirks();
        world.quirk(Quirk::NextOnHost("evil.example".into()));
    });
    lab.forget();
    let error = client.projects().list(Query::all().limit(2)).collect().await.unwrap_err();
    check("another host", &error, NotRancher, "nothing was sent there");
    assert_eq!(lab.requests().len(), 1);

    // two pages that call each other the next
    let turn = |marker: &str| format!("https://rancher.example.com/v3/projects?limit=1&marker={marker}");
    let server = Scripted::new(move |_, target| match target.contains("marker=b") {
        true => page(&["b"], Some(&turn("a"))),
        false => page(&["a"], Some(&turn("b"))),
    });
    let mut seen = Vec::new();
    let mut list = server.client().projects().list(Query::all().limit(1));
    let error = loop {
        match list.next().await {
            Some(Ok(project)) => seen.push(project.id.clone().unwrap()),
            Some(Err(error)) => break error,
            None => panic!("a list in a circle ended as if it were whole: {seen:?}"),
        }
    };
    check("in turns", &error, Decode, "the list has no end");
    assert_eq!(seen, ["a", "b"], "each object once");
    assert!(server.asked().len() < 5, "{:?}", server.asked());

    // Kubernetes' token that comes again
    let server = Scripted::always(
        json!({"metadata": {"continue": "again"}, "items": [{"metadata": {"uid": "1"}}]}).to_string(),
    );
    let pods =
        server.client().cluster("c-prod1").unwrap().list(Resource::core("pods"), ListOptions::default());
    let found: Vec<rancher_client::Result<Kept<Object>>> = futures_util::StreamExt::collect(pods).await;
    assert_eq!(found.iter().filter(|item| item.is_ok()).count(), 1);
    check("a token", found.last().unwrap().as_ref().unwrap_err(), Decode, "the list has no end");
    assert_eq!(server.asked().len(), 2, "{:?}", server.asked());
}
