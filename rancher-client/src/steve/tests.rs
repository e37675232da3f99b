use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::{Dialect, ErrorKind};
use crate::transport::mock::{Mock, response, with_header};
use crate::transport::{Request, Response};
use crate::wire::{Kept, Object, SystemClock};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

pub(super) fn over(mock: &Mock) -> Connection {
    let mut config = Config::new(
        "https://rancher.example.com".parse().unwrap(),
        Credential::parse("token-abcde:s3cr3t").unwrap(),
    );
    config.retry.attempts = 1;
    config.probes = crate::config::Probes::Off;
    Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()))
}

pub(super) fn accepted(status: u16, body: impl Into<String>) -> Response {
    let response = with_header(response(status, body.into()), "content-type", "application/json");
    with_header(response, "x-api-cattle-auth", "true")
}

fn maps(answers: &[(u16, &str)]) -> (Mock, Resource) {
    let answers = answers.iter().map(|(status, body)| Ok(accepted(*status, *body)));
    let mock = Mock::script(answers.collect::<Vec<_>>());
    let maps = Steve::new(over(&mock)).resource("configmaps").unwrap();
    (mock, maps)
}

pub(super) fn asked(mock: &Mock) -> Vec<String> {
    let line = |call: &Request| format!("{} {}", call.method, call.route.path_and_query());
    mock.calls().iter().map(line).collect()
}

fn number(request: &Request, name: &str) -> Option<usize> {
    request.route.query_values(name).pop().map(|value| value.parse().unwrap())
}

/// A list of Steve as it was recorded: pages by number, `limit` ignored, a `next` that leads nowhere new.
#[derive(Default)]
struct World {
    ids: BTreeSet<String>,
    revision: u64,
    /// What happens after an answer, by its number.
    then: Vec<fn(&mut World)>,
    answers: usize,
}

impl World {
    fn of(count: usize) -> Self {
        Self {
            ids: (0..count).map(|at| format!("shop-web/m{at:05}")).collect(),
            revision: 1,
            ..Self::default()
        }
    }

    fn answer(&mut self, request: &Request) -> Response {
        let size = number(request, "pagesize").unwrap();
        let from = (number(request, "page").unwrap_or(1) - 1) * size;
        let object =
            |id: &String| json!({"id": id, "type": "configmap", "metadata": {"uid": format!("u-{id}")}});
        let data: Vec<Value> = self.ids.iter().skip(from).take(size).map(object).collect();
        let mut body = json!({"type": "collection", "revision": self.revision.to_string(),
            "count": self.ids.len(), "data": data});
        if from + size < self.ids.len() {
            body["continue"] = json!((from + size).to_string());
            body["pagination"] =
                json!({"next": "https://rancher.example.com/v1/configmaps?continue=2", "partial": true});
        }
        if let Some(then) = self.then.get(self.answers) {
            then(self);
        }
        self.answers += 1;
        accepted(200, body.to_string())
    }
}

fn serve(world: World) -> (Mock, Arc<Mutex<World>>, Resource) {
    let world = Arc::new(Mutex::new(world));
    let shared = Arc::clone(&world);
    let mock = Mock::new(move |request| {
        let answer = shared.lock().unwrap().answer(&request);
        async move { Ok(answer) }
    });
    let maps = Steve::new(over(&mock)).resource("configmaps").unwrap();
    (mock, world, maps)
}

fn by(pagesize: u32) -> SteveQuery {
    SteveQuery { pagesize: Some(pagesize), ..Default::default() }
}

fn ids(objects: &[Kept<Object>]) -> Vec<&str> {
    objects.iter().map(|object| object.id().unwrap()).collect()
}

#[tokio::test]
async fn a_list_is_all_of_its_pages() {
    for (count, size, requests) in [(0, 2, 1), (1, 2, 1), (2, 2, 1), (5, 2, 3), (6, 2, 3), (7, 500, 1)] {
        let (mock, world, maps) = serve(World::of(count));
        let all = maps.list(by(size)).collect().await.unwrap();
        let expected: Vec<String> = world.lock().unwrap().ids.iter().cloned().collect();
        assert_eq!(ids(&all), expected);
        assert_eq!(mock.count(), requests, "{count} by {size}");
    }
    let (mock, _, maps) = serve(World::of(3));
    maps.list(by(2)).collect().await.unwrap();
    assert_eq!(asked(&mock), ["GET /v1/configmaps?pagesize=2", "GET /v1/configmaps?pagesize=2&page=2"]);
    let (mock, _, maps) = serve(World::of(3));
    assert_eq!((maps.list(SteveQuery::default()).total().await.unwrap(), mock.count()), (3, 1));
    assert!(maps.list(SteveQuery::default()).first().await.unwrap().is_some());
}

#[tokio::test]
async fn an_object_that_lives_throughout_is_never_lost() {
    let mut world = World::of(10);
    // the first is deleted behind the back of the walk, so that the fifth is on no page
    world.then = vec![
        |world| {
            world.ids.pop_first();
            world.revision += 1;
        },
        |_| (),
        |world| {
            world.ids.insert("shop-web/m99999".to_owned());
            world.revision += 1;
        },
    ];
    let (mock, world, maps) = serve(world);
    let all = maps.list(by(2)).collect().await.unwrap();
    let seen: BTreeSet<String> = all.iter().map(|object| object.id().unwrap().to_owned()).collect();
    assert_eq!(seen.len(), all.len(), "none twice");
    let lived: Vec<String> = (1..10).map(|at| format!("shop-web/m{at:05}")).collect();
    assert!(lived.iter().all(|id| seen.contains(id)), "{seen:?}");
    assert!(seen.is_superset(&world.lock().unwrap().ids));
    // each beginning with greater pages, until the list is one
    let sizes: Vec<usize> = mock.calls().iter().filter_map(|call| number(call, "pagesize")).collect();
    assert_eq!(sizes, [2, 2, 8, 8, 32]);
}

#[tokio::test]
async fn a_list_that_never_rests_is_a_conflict_unless_it_fits_one_page() {
    fn busy(world: &mut World) {
        world.revision += 1;
    }
    let world = || World { then: vec![busy as fn(&mut World); 1000], ..World::of(3000) };
    let (mock, _, maps) = serve(world());
    assert_eq!(maps.list(by(10)).collect().await.unwrap().len(), 3000);
    assert!(mock.count() < 12, "{}", mock.count());
    // where an answer may not be so long, it cannot
    let (mock, _, _) = serve(world());
    let mut config = over(&mock).config().clone();
    config.limits.body = 4096;
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
    let maps = Steve::new(connection).resource("configmaps").unwrap();
    let error = maps.list(by(10)).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, true), "{error}");
}

#[tokio::test]
async fn what_a_server_ignores_is_noticed() {
    let page = |ids: &[&str], more: Value| {
        let data: Vec<Value> = ids.iter().map(|id| json!({"id": id})).collect();
        let mut body = json!({"type": "collection", "data": data});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body.to_string()
    };
    // the size: all came at once
    let (mock, resource) = maps(&[(200, &page(&["a", "b", "c"], json!({"revision": "1"})))]);
    assert_eq!(ids(&resource.list(by(2)).collect().await.unwrap()), ["a", "b", "c"]);
    assert_eq!(mock.count(), 1);
    // the size, by a server that sends chunks
    let (mock, resource) =
        maps(&[(200, &page(&["a", "b", "c"], json!({"continue": "eyJ"}))), (200, &page(&["d"], json!({})))]);
    assert_eq!(ids(&resource.list(by(2)).collect().await.unwrap()), ["a", "b", "c", "d"]);
    assert_eq!(asked(&mock)[1], "GET /v1/configmaps?continue=eyJ");
    let same = page(&["a", "b", "c"], json!({"continue": "eyJ"}));
    let (_, resource) = maps(&[(200, &same), (200, &same)]);
    assert_eq!(resource.list(by(2)).collect().await.unwrap_err().kind(), ErrorKind::Decode);
    // the page
    for more in [json!({"revision": "1", "count": 9}), json!({})] {
        let first = page(&["a", "b"], more);
        let (mock, resource) = maps(&[(200, &first), (200, &first)]);
        let error = resource.list(by(2)).collect().await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (ErrorKind::Decode, 2));
        assert!(error.summary().contains("the same page again"), "{error}");
    }
    // objects that are counted and do not come
    let count = json!({"revision": "1", "count": 9});
    let (_, resource) = maps(&[(200, &page(&["a", "b"], count.clone())), (200, &page(&[], count))]);
    let error = resource.list(by(2)).collect().await.unwrap_err();
    assert!(error.summary().contains("counts 9 objects and sent 2"), "{error}");
    // neither revision nor count: the end is a page that is not full
    let (_, resource) = maps(&[(200, &page(&["a", "b"], json!({}))), (200, &page(&["c"], json!({})))]);
    assert_eq!(resource.list(by(2)).collect().await.unwrap().len(), 3);
}

#[tokio::test]
async fn queries_are_sent_or_refused() {
    let (mock, resource) = maps(&[(200, r#"{"data":[]}"#)]);
    let query = SteveQuery {
        namespace: Some("shop-web".into()),
        filter: vec![field("metadata.name").eq("a").or(label("b").exists()), field("id").like("c")],
        sort: vec!["-metadata.name".into(), "id".into()],
        not_projects_or_namespaces: vec!["p-abcde".into(), "plain".into()],
        include: vec!["metadata.name".into()],
        exclude: vec!["metadata.managedFields".into()],
        exclude_values: vec!["data".into()],
        revision: Some(7),
        ..Default::default()
    };
    resource.list(query).collect().await.unwrap();
    assert_eq!(
        asked(&mock),
        ["GET /v1/configmaps/shop-web?filter=metadata.name%3Da,metadata.labels[b]&filter=id~c\
          &sort=-metadata.name,id&include=metadata.name&exclude=metadata.managedFields&excludeValues=data\
          &projectsornamespaces!=p-abcde,plain&revision=7&pagesize=500"]
    );
    let (mock, resource) = maps(&[]);
    let list = |of: Vec<String>| of;
    for query in [
        by(0),
        by(u32::MAX),
        SteveQuery { namespace: Some("..".into()), ..Default::default() },
        SteveQuery { sort: list(vec!["a,b".into()]), ..Default::default() },
        SteveQuery { sort: list(vec!["-".into()]), ..Default::default() },
        SteveQuery { exclude: list(vec![String::new()]), ..Default::default() },
        SteveQuery { projects_or_namespaces: list(vec!["c-a:p-b".into()]), ..Default::default() },
        SteveQuery { projects_or_namespaces: list(vec!["a,b".into()]), ..Default::default() },
        SteveQuery {
            projects_or_namespaces: list(vec!["a".into()]),
            not_projects_or_namespaces: list(vec!["b".into()]),
            ..Default::default()
        },
        SteveQuery { filter: vec![field("a b").eq("c")], ..Default::default() },
    ] {
        let error = resource.list(query.clone()).collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{query:?}");
    }
    assert_eq!(mock.count(), 0);
    for name in ["", "Pods", "a/b", "..", "a..b", "a b", &"a".repeat(300)] {
        assert_eq!(
            Steve::new(over(&mock)).resource(name).unwrap_err().kind(),
            ErrorKind::Invalid,
            "{name:?}"
        );
    }
}

const MAP: &str = r#"{"id":"shop-web/app","type":"configmap","links":{"update":"https://rancher.example.com/v1/x"},
 "metadata":{"name":"app","namespace":"shop-web","resourceVersion":"7","state":{"name":"active"}},"data":{"a":"1"}}"#;

fn set_a(object: &mut Object) {
    *object.pointer_mut("/data/a").unwrap() = json!("2");
}

#[tokio::test(start_paused = true)]
async fn an_update_notices_what_others_wrote() {
    let stale = r#"{"type":"error","links":{},"code":"Conflict","message":"the object has been modified","status":409,"type":"error"}"#;
    let theirs = MAP.replace(r#""7""#, r#""8""#);
    let after = theirs.replace(r#""a":"1""#, r#""a":"2""#);
    let (mock, resource) = maps(&[(200, MAP), (409, stale), (200, &theirs), (200, &after)]);
    let map = resource.update_with("shop-web/app", set_a).await.unwrap();
    assert_eq!(map.pointer("/data/a"), Some(&json!("2")));
    assert_eq!(asked(&mock)[1..=2], ["PUT /v1/configmaps/shop-web/app", "GET /v1/configmaps/shop-web/app"]);
    assert_eq!(mock.calls()[3].body.as_deref(), Some(after.as_bytes()));

    let (mock, resource) = maps(&[(200, MAP), (409, stale)]);
    let mut map = resource.get("shop-web/app").await.unwrap();
    set_a(&mut map);
    let error = resource.update(&map).await.unwrap_err();
    assert_eq!((error.kind(), error.http().unwrap().dialect), (ErrorKind::Conflict, Dialect::Steve));
    assert_eq!(mock.count(), 2);
}

#[tokio::test]
async fn what_cannot_be_written_is_not_sent() {
    let blocked = MAP.replace("https://rancher.example.com/v1/x", "blocked");
    let nameless = MAP.replace("resourceVersion", "other");
    let (mock, resource) = maps(&[(200, &blocked), (200, &nameless), (200, MAP), (200, MAP), (200, MAP)]);
    let error = resource.update_with("shop-web/app", set_a).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.advice().contains("v3"), "{error}");
    let error = resource.update_with("shop-web/app", set_a).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("metadata.resourceVersion")));
    let error = resource.update_with("shop-web/app", |map| map.set("type", "Opaque")).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("type")));
    assert!(mock.calls().iter().all(|call| call.method == Method::GET));
    // and what is ignored is told
    let error = resource.update_with("shop-web/app", set_a).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("data.a")));
}

#[tokio::test]
async fn the_type_of_a_secret_is_not_the_type_of_steve() {
    let mock = Mock::new(|request| async move {
        let sent: Value = serde_json::from_slice(request.body.as_ref().unwrap()).unwrap();
        Ok(accepted(201, sent.to_string()))
    });
    let steve = Steve::new(over(&mock));
    let (secrets, maps) = (steve.resource("secrets").unwrap(), steve.resource("configmaps").unwrap());
    let secret = |json: Value| Object::try_from(json).unwrap();
    let tls = secret(json!({"type": "kubernetes.io/tls", "metadata": {"name": "a"}}));
    let made = secrets.create(&tls).await.unwrap();
    assert_eq!((made.text("_type"), made.type_id()), (Some("kubernetes.io/tls"), None));
    let own = secrets.create(&secret(json!({"type": "secret", "_type": "Opaque"}))).await.unwrap();
    assert_eq!((own.text("_type"), own.type_id()), (Some("Opaque"), Some("secret")));
    assert_eq!(
        maps.create(&secret(json!({"type": "configmap"}))).await.unwrap().type_id(),
        Some("configmap")
    );
    let error = maps.create(&secret(json!({"metadata": {"name": "a/b"}}))).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("metadata.name")));
}

#[tokio::test]
async fn objects_are_found_by_id_or_name() {
    let none = r#"{"type":"error","links":{},"code":"NotFound","message":"no","status":404,"type":"error"}"#;
    let collection = r#"{"type":"collection","data":[]}"#;
    let list = |names: &[&str]| {
        let data: Vec<Value> = names
            .iter()
            .map(|id| json!({"id": id, "metadata": {"name": id.rsplit('/').next().unwrap()}}))
            .collect();
        json!({"type": "collection", "data": data}).to_string()
    };
    let (_, resource) = maps(&[(200, MAP)]);
    assert_eq!(resource.find("shop-web/app").await.unwrap().id(), Some("shop-web/app"));
    // a name alone reads as a namespace, or is none
    for first in [(200, collection), (404, none)] {
        // an old server takes the name for a part of it
        let (mock, resource) = maps(&[first, (200, &list(&["shop-web/app", "shop-web/app-2"]))]);
        assert_eq!(resource.find("app").await.unwrap().id(), Some("shop-web/app"));
        assert_eq!(asked(&mock)[1], "GET /v1/configmaps?filter=metadata.name%3Dapp&pagesize=500");
        let (_, resource) = maps(&[first, (200, &list(&["a/app", "b/app"]))]);
        let error = resource.find("app").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.summary().contains("a/app, b/app"), "{error}");
        let (_, resource) = maps(&[first, (200, &list(&[]))]);
        assert_eq!(resource.find("app").await.unwrap_err().kind(), ErrorKind::NotFound);
    }
    let (_, resource) = maps(&[(200, collection)]);
    let error = resource.get("app").await.unwrap_err();
    assert!(error.to_string().contains("namespace/name"), "{error}");
    let (mock, resource) = maps(&[]);
    for id in ["", "/", "a/", "/a", "a/b/c", "..", "shop-web/..", "A/b", "a/b\n", "a%2fb", &"a".repeat(300)] {
        for error in [
            resource.get(id).await.unwrap_err(),
            resource.delete(id).await.unwrap_err(),
            resource.find(id).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Invalid, "{id:?}");
        }
    }
    assert_eq!(mock.count(), 0);
}

#[tokio::test]
async fn links_lead_by_the_road_that_was_taken() {
    let object = Object::try_from(json!({"links": {
        "self": "https://rancher.example.com/v1/namespaces/shop-web",
        "view": "https://rancher.example.com/api/v1/namespaces/shop-web?x=1",
        "update": "blocked",
        "shell": "wss://rancher.example.com/v3/clusters/local?shell=true",
        "away": "https://elsewhere.example.com/v1/namespaces/shop-web",
    }}))
    .unwrap();
    let connection = over(&Mock::silent());
    let of = |cluster: &str| {
        let steve = Steve::of_cluster(connection.clone(), ClusterId::new(cluster).unwrap());
        steve.resource("namespaces").unwrap()
    };
    let path = |resource: &Resource, link: &str| resource.link_of(&object, link).unwrap().path_and_query();
    assert_eq!(path(&of("local"), "self"), "/k8s/clusters/local/v1/namespaces/shop-web");
    assert_eq!(path(&of("local"), "view"), "/k8s/clusters/local/api/v1/namespaces/shop-web?x=1");
    let own = Steve::new(connection.clone()).resource("namespaces").unwrap();
    assert_eq!(path(&own, "self"), "/v1/namespaces/shop-web");
    for (link, kind) in [
        ("update", ErrorKind::Unsupported),
        ("shell", ErrorKind::Unsupported),
        ("away", ErrorKind::Invalid),
        ("nosuch", ErrorKind::Invalid),
    ] {
        assert_eq!(own.link_of(&object, link).unwrap_err().kind(), kind, "{link}");
    }
    let downstream = Object::try_from(json!({"links": {
        "self": "https://rancher.example.com/k8s/clusters/c-prod1/v1/namespaces/shop-web"}}))
    .unwrap();
    let route = of("c-prod1").link_of(&downstream, "self").unwrap();
    assert_eq!(route.path(), "/k8s/clusters/c-prod1/v1/namespaces/shop-web");
}

#[tokio::test]
async fn errors_are_judged_whatever_their_form() {
    let twice = r#"{"type":"error","links":{},"code":"NotFound","message":"configmaps \"nosuch\" not found","status":404,"type":"error"}"#;
    let column = r#"{"type":"error","links":{},"code":"InvalidBodyContent","message":"column is invalid","status":422,"type":"error"}"#;
    let (_, resource) = maps(&[(404, twice), (404, ""), (422, column)]);
    let error = resource.get("default/nosuch").await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::NotFound, Some("NotFound")));
    // an unknown type (recorded: errors)
    let error = resource.get("default/nosuch").await.unwrap_err();
    assert_eq!((error.kind(), error.http().unwrap().dialect), (ErrorKind::NotFound, Dialect::Empty));
    let error = resource.list(SteveQuery::default()).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Invalid, Some("InvalidBodyContent")));
    let (_, resource) = maps(&[(204, "")]);
    assert!(resource.delete("default/c1").await.unwrap().is_gone());
}

#[tokio::test(start_paused = true)]
async fn a_wait_reads_the_state() {
    use crate::wait::{Until, WaitOptions};
    let busy = MAP.replace("active", "in-progress");
    let (mock, resource) = maps(&[(200, &busy), (200, MAP), (200, MAP), (200, MAP), (200, MAP), (200, MAP)]);
    let map = resource.wait("shop-web/app", Until::state("active"), WaitOptions::default()).await.unwrap();
    assert_eq!((map.id(), mock.count()), (Some("shop-web/app"), 5));
    // an empty 404 is no proof
    let (_, resource) = maps(&[(404, "")]);
    let error = resource.wait_gone("shop-web/app", WaitOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_part_of_an_object_is_not_written_back_as_the_whole() {
    // as Steve answers to excludeValues=data: the keys without their values
    let page = json!({"type": "collection", "count": 1, "data": [{"id": "shop/app", "type": "configmap",
        "metadata": {"name": "app", "namespace": "shop", "resourceVersion": "7"}, "data": {"password": ""}}]});
    let some = || vec!["data".to_owned()];
    for query in [
        SteveQuery { exclude_values: some(), ..Default::default() },
        SteveQuery { exclude: some(), ..Default::default() },
        SteveQuery { include: some(), ..Default::default() },
    ] {
        let page = page.to_string();
        let (mock, maps) = maps(&[(200, &page), (200, &page)]);
        let all = maps.list(query.clone()).collect().await.unwrap().remove(0);
        let first = maps.list(query).first().await.unwrap().unwrap();
        for mut map in [all, first] {
            map.set("labels", "x");
            let error = maps.update(&map).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.advice().contains("get"), "{error}");
        }
        assert_eq!(mock.count(), 2);
    }
}
