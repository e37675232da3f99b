//! Resources over a transport that answers what a test says.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::{Error, ErrorKind};
use crate::transport::Request;
use crate::transport::mock::{Mock, response};
use crate::wire::{Document, Kept, SystemClock};
use futures_util::StreamExt as _;
use http::Method;
use rancher_types::management::{
    Cluster, Feature, Project, ProjectRoleTemplateBinding, Setting, cluster, project,
};
use rancher_types::{Empty, Field};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SERVER: &str = "https://rancher.example.com";

fn over(mock: &Mock) -> V3 {
    let mut config = Config::new(SERVER.parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    V3::new(Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new())))
}

/// A server that answers each request with what the closure says of it and its number.
fn server(answer: impl Fn(&Request, usize) -> (u16, Value) + Send + Sync + 'static) -> (Mock, V3) {
    let turns = AtomicUsize::new(0);
    let mock = Mock::new(move |request| {
        let (status, body) = answer(&request, turns.fetch_add(1, Ordering::SeqCst));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        async move { Ok(response(status, body)) }
    });
    let v3 = over(&mock);
    (mock, v3)
}

fn asked(mock: &Mock) -> Vec<String> {
    mock.calls().iter().map(|call| format!("{} {}", call.method, call.route.path_and_query())).collect()
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).unwrap()
}

/// A page of objects with these ids, as Norman writes it.
fn page(ids: &[&str], next: Option<&str>) -> Value {
    let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "type": "project", "name": id})).collect();
    let next = next.map(|marker| format!("{SERVER}/v3/projects?limit=2&marker={marker}"));
    json!({"type": "collection", "links": {"self": format!("{SERVER}/v3/projects")},
        "pagination": {"limit": 2, "total": 5, "next": next}, "filters": {}, "data": data})
}

fn ids(objects: &[Kept<Project>]) -> Vec<&str> {
    objects.iter().filter_map(|object| object.id.as_deref()).collect()
}

/// Pages by marker over a list that the closure gives for each turn, as Norman does it: an unknown marker begins anew.
fn norman(list: impl Fn(usize) -> Vec<&'static str> + Send + Sync + 'static) -> (Mock, V3) {
    server(move |request, turn| {
        let all = list(turn);
        let marker = request.route.query_values("marker").pop();
        let from = marker.and_then(|marker| all.iter().position(|id| *id == marker)).unwrap_or(0);
        let shown: Vec<&str> = all.iter().skip(from).take(2).copied().collect();
        (200, page(&shown, all.get(from + 2).copied()))
    })
}

#[tokio::test]
async fn a_list_is_all_of_its_pages() {
    let (mock, v3) = norman(|_| vec!["a", "b", "c", "d", "e"]);
    let projects = v3.resource::<Project>();
    assert_eq!(
        ids(&projects.list(Query::all().limit(2)).collect().await.unwrap()),
        ["a", "b", "c", "d", "e"]
    );
    assert_eq!(
        asked(&mock),
        ["", "&marker=c", "&marker=e"].map(|rest| format!("GET /v3/projects?limit=2{rest}"))
    );
    assert_eq!(projects.list(Query::all()).total().await.unwrap(), 5);
    assert_eq!(projects.list(Query::all()).first().await.unwrap().unwrap().id.as_deref(), Some("a"));
    assert_eq!(asked(&mock)[3..], ["GET /v3/projects?limit=1", "GET /v3/projects?limit=1"]);
}

/// The second page is asked for before the first one is given out, and the third only when the second is taken.
#[tokio::test]
async fn one_page_is_asked_for_ahead() {
    let (mock, v3) = norman(|_| vec!["a", "b", "c", "d", "e"]);
    let mut pages = v3.resource::<Project>().list(Query::all().limit(2)).pages();
    assert_eq!(mock.count(), 0, "nothing is sent before it is polled");
    pages.next().await.unwrap().unwrap();
    assert_eq!(mock.count(), 2);
    pages.next().await.unwrap().unwrap();
    assert_eq!(mock.count(), 3);
    drop(pages);
    let mut list = v3.resource::<Project>().list(Query::all().limit(2));
    list.next().await.unwrap().unwrap();
    assert_eq!(mock.count(), 5);
}

#[tokio::test]
async fn a_deleted_marker_loses_and_doubles_nothing() {
    // "c" is gone when it is the marker; the walk goes on from "b", which was seen
    let (mock, v3) =
        norman(|turn| if turn == 0 { vec!["a", "b", "c", "d", "e"] } else { vec!["a", "b", "d", "e"] });
    let seen = v3.resource::<Project>().list(Query::all().limit(2)).collect().await.unwrap();
    assert_eq!(ids(&seen), ["a", "b", "d", "e"]);
    let markers: Vec<Vec<String>> =
        mock.calls().iter().map(|call| call.route.query_values("marker")).collect();
    assert_eq!(markers, [vec![], vec!["c".to_owned()], vec!["b".to_owned()], vec!["e".to_owned()]]);

    // all that was seen is gone, too: the walk begins anew
    let (_, v3) = norman(|turn| if turn == 0 { vec!["a", "b", "c", "d", "e"] } else { vec!["d", "e", "f"] });
    let seen = v3.resource::<Project>().list(Query::all().limit(2)).collect().await.unwrap();
    assert_eq!(ids(&seen), ["a", "b", "d", "e", "f"]);
}

#[tokio::test]
async fn a_list_that_leads_nowhere_ends_in_an_error() {
    let link = |to: &str| json!({"pagination": {"next": to}, "data": [{"id": "a"}, {"id": "b"}]});
    for (next, kind, words) in [
        (format!("{SERVER}/v3/projects?marker=a"), ErrorKind::Decode, "calls itself the next"),
        (
            "https://evil.example/v3/projects?marker=s3cr3t".to_owned(),
            ErrorKind::NotRancher,
            "does not lead to",
        ),
        (format!("{SERVER}/v3/clusters?marker=c"), ErrorKind::Decode, "another collection"),
        (format!("{SERVER}/v3/projects?limit=2"), ErrorKind::Decode, "where it begins"),
    ] {
        let answer = link(&next);
        let (mock, v3) = server(move |_, _| (200, answer.clone()));
        let error = v3.resource::<Project>().list(Query::all()).collect().await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (kind, 1), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(!format!("{error:?}").contains("s3cr3t"));
    }
    // markers that are never found
    let (mock, v3) = server(|_, turn| {
        let marker = format!("m{turn}");
        (200, page(&["a", "b"], Some(&marker)))
    });
    let error = v3.resource::<Project>().list(Query::all()).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    assert!(mock.count() < 40, "{}", mock.count());
}

/// An error in the middle is told, and an item that cannot be read does not end the list.
#[tokio::test]
async fn a_list_never_ends_in_silence() {
    let (_, v3) = server(|_, turn| match turn {
        0 => (200, page(&["a", "b"], Some("c"))),
        _ => (500, json!({"type": "error", "status": 500, "code": "ServerError", "message": "x"})),
    });
    let list = v3.resource::<Project>().list(Query::all());
    let seen: Vec<bool> = list.map(|item| item.is_ok()).collect().await;
    assert_eq!(seen, [true, true, false]);
    let (_, v3) =
        server(|_, _| (200, json!({"data": [{"id": "a"}, 5, {"id": "b", "name": {"no": "text"}}]})));
    let seen: Vec<_> = v3.resource::<Project>().list(Query::all()).map(|item| item).collect().await;
    assert_eq!(seen.iter().map(|item: &Result<_>| item.is_ok()).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(seen[1].as_ref().unwrap_err().kind(), ErrorKind::Decode);
    let kept = seen[2].as_ref().unwrap();
    assert_eq!((kept.name.as_deref(), kept.other["name"]["no"].as_str()), (None, Some("text")));
}

#[tokio::test]
async fn what_the_server_would_ignore_is_not_sent() {
    let (mock, v3) = server(|_, _| (200, page(&[], None)));
    let projects = v3.resource::<Project>();
    let unknown = Field::new("nosuchfield");
    let cases: Vec<(Query, &str)> = vec![
        (Query::all().with(unknown.eq("1")), "cannot be filtered by \"nosuchfield\""),
        (Query::all().with(Field::new("labels").eq("a")), "not one of those that the server filters by"),
        (Query::all().sorted_by(unknown), "cannot be sorted by"),
        (Query::all().with(project::NAME.one_of([""; 0])), "has no value"),
        (Query::all().with(project::NAME.eq("a")).with(project::NAME.eq("b")), "given twice"),
        (Query::all().with(project::NAME.eq("a\n")), "control characters"),
        (Query::all().limit(0), "makes no page"),
        (Query::all().limit(10_001), "makes no page"),
        (Query::all().marker("\u{0}"), "control characters"),
    ];
    for (query, words) in cases {
        let error = projects.list(query.clone()).collect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{query:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let of_a_cluster = Query::in_cluster(&ClusterId::new("c-prod1").unwrap());
    let error = v3.resource::<Setting>().list(of_a_cluster).collect().await.unwrap_err();
    assert!(error.to_string().contains("cannot be asked of one cluster"), "{error}");
    let error =
        v3.resource::<rancher_types::cluster::Namespace>().list(Query::all()).collect().await.unwrap_err();
    assert!(error.to_string().contains("in_cluster"), "{error}");
    assert_eq!(mock.count(), 0);
}

#[tokio::test]
async fn a_filter_that_was_ignored_is_an_error() {
    let filters = |filters: Value, sort: Value| {
        let (_, v3) =
            server(move |_, _| (200, json!({"data": [{"id": "a"}], "filters": filters, "sort": sort})));
        async move {
            let query = Query::all().with(project::NAME.one_of(["x", "y"])).sorted_by(project::NAME);
            v3.resource::<Project>().list(query).collect().await
        }
    };
    let echo = json!({"name": [{"modifier": "in", "value": ["y", "x"]}]});
    filters(echo.clone(), json!({"name": "name"})).await.unwrap();
    for (echoed, sort, words) in [
        (json!({}), json!({"name": "name"}), "the filter name_in"),
        (json!({"name": null}), json!({"name": "name"}), "the filter name_in"),
        (
            json!({"name": [{"modifier": "in", "value": ["x"]}]}),
            json!({"name": "name"}),
            "the filter name_in",
        ),
        (
            json!({"name": [{"modifier": "eq", "value": ["x", "y"]}]}),
            json!({"name": "name"}),
            "the filter name_in",
        ),
        (echo, json!({"order": "asc"}), "the order by name"),
    ] {
        let error = filters(echoed, sort).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn the_opposite_order_is_asked_for_and_confirmed() {
    for (order, fine) in [("desc", true), ("asc", false)] {
        let (mock, v3) =
            server(move |_, _| (200, json!({"data": [], "sort": {"name": "name", "order": order}})));
        let query = Query::all().sorted_by(project::NAME).descending();
        let outcome = v3.resource::<Project>().list(query).collect().await;
        assert_eq!(outcome.is_ok(), fine, "{order}");
        assert_eq!(asked(&mock), ["GET /v3/projects?sort=name&order=desc"]);
    }
}

#[tokio::test]
async fn a_page_that_says_there_is_more_is_believed() {
    let (_, v3) =
        server(|_, _| (200, json!({"data": [{"id": "a"}], "pagination": {"partial": true, "total": 50}})));
    let error = v3.resource::<Project>().list(Query::all()).collect().await.unwrap_err();
    assert!(error.to_string().contains("not the whole list"), "{error}");
    // an empty page in the middle: the walk goes back to what it has seen, and on from there
    let (_, v3) = server(|request, turn| {
        let rest = ["a", "b", "c", "d"];
        match (turn, request.route.query_values("marker").pop().as_deref()) {
            (0, _) => (200, page(&rest[..2], Some("c"))),
            (1, _) => (200, json!({"data": [], "pagination": {"total": 4}})),
            (_, Some("b")) => (200, page(&rest[1..], None)),
            (_, other) => panic!("{other:?}"),
        }
    });
    assert_eq!(
        ids(&v3.resource::<Project>().list(Query::all()).collect().await.unwrap()),
        ["a", "b", "c", "d"]
    );
}

#[tokio::test]
async fn values_are_repeated_and_never_joined() {
    let (mock, v3) = server(|request, _| {
        let names = request.route.query_values("name_in");
        (
            200,
            json!({"data": [], "filters": {"name": [{"modifier": "in", "value": names}],
            "clusterId": [{"modifier": "eq", "value": "c-prod1"}]}}),
        )
    });
    let query =
        Query::in_cluster(&ClusterId::new("c-prod1").unwrap()).with(project::NAME.one_of(["a", "b,c&d"]));
    v3.resource::<Project>().list(query).collect().await.unwrap();
    assert_eq!(asked(&mock), ["GET /v3/projects?clusterId=c-prod1&name_in=a&name_in=b,c%26d"]);
}

/// Recorded: workflows, `current token?`. The list echoes the filter, and holds all the same.
#[tokio::test]
async fn tokens_are_chosen_here_since_the_server_sends_them_all() {
    let list = json!({"data": [{"id": "token-a", "current": false, "description": "ci"}, {"id": "token-b", "current": true}],
        "pagination": {"limit": 1}, "filters": {"current": [{"modifier": "eq", "value": "true"}],
        "description": [{"modifier": "eq", "value": "nosuch"}], "name": [{"modifier": "eq", "value": "nosuch"}]}});
    let (mock, v3) = server(move |request, _| match request.route.path() {
        "/v3/tokens" => (200, list.clone()),
        _ => (404, json!({"type": "error", "status": 404, "code": "NotFound", "message": "x"})),
    });
    let tokens = v3.resource::<rancher_types::management::Token>();
    let current = || tokens.list(Query::all().with(Field::new("current").eq(true)));
    let ids: Vec<_> =
        current().collect().await.unwrap().iter().map(|token| token.id.clone().unwrap()).collect();
    assert_eq!(ids, ["token-b"]);
    assert_eq!(current().first().await.unwrap().unwrap().id.as_deref(), Some("token-b"));
    assert_eq!(current().total().await.unwrap(), 1);
    assert_eq!(tokens.find("nosuch").await.unwrap_err().kind(), ErrorKind::NotFound);
    let sent = mock.count();
    let error = tokens.list(Query::all().sorted_by(Field::new("name"))).collect().await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::Unsupported, sent));
}

/// An echo is no proof.
#[tokio::test]
async fn an_object_that_a_filter_should_have_left_out_is_an_error() {
    let list = json!({"data": [{"id": "a", "name": "x"}, {"id": "b", "name": "y"}],
        "filters": {"name": [{"modifier": "eq", "value": "x"}]}});
    let (_, v3) = server(move |_, _| (200, list.clone()));
    let query = Query::all().with(project::NAME.eq("x"));
    let error = v3.resource::<Project>().list(query).collect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}

#[tokio::test]
async fn a_place_is_named_once() {
    let (mock, v3) = server(|request, _| match request.method {
        Method::POST => (201, body(request)),
        _ => (
            200,
            json!({"data": [], "filters": {"clusterId": [{"modifier": "eq", "value": "c-1"}],
            "name": [{"modifier": "eq", "value": "shop"}]}}),
        ),
    });
    let cluster = ClusterId::new("c-1").unwrap();
    let projects = v3.in_cluster(&cluster).resource::<Project>();
    let query = |id: &str| Query::all().with(project::CLUSTER_ID.eq(id));
    let error = projects.list(query("c-2")).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("clusterId")), "{error}");
    projects.list(query("c-1")).collect().await.unwrap();
    assert_eq!(mock.calls().last().unwrap().route.query_values("clusterId"), ["c-1"]);
    let of = |cluster: Option<&str>| Project {
        name: Some("shop".into()),
        cluster_id: cluster.map(str::to_owned),
        ..Project::default()
    };
    let by = [project::NAME, project::CLUSTER_ID];
    assert_eq!(projects.ensure(&of(Some("c-2")), &by).await.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(projects.create(&of(Some("c-2"))).await.unwrap_err().field(), Some("clusterId"));
    projects.create(&of(None)).await.unwrap();
    assert_eq!(body(mock.calls().last().unwrap())["clusterId"], "c-1");
}

#[tokio::test]
async fn a_refusal_is_not_an_absence_and_a_going_object_is_not_there() {
    let (_, v3) = server(|request, _| match request.route.path() {
        "/v3/projects" => (
            200,
            json!({"data": [], "filters": {"name": [{"modifier": "eq", "value": "c-1:p-1"}],
            "id": [{"modifier": "eq", "value": "c-1:p-1"}]}}),
        ),
        _ => (403, json!({"type": "error", "status": 403, "code": "Forbidden", "message": "x"})),
    });
    let error = v3.resource::<Project>().find("c-1:p-1").await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::NotFound, "{error:?}");
    let going = json!({"data": [{"id": "c-1:p-1", "name": "shop", "removed": "2026-11-22T05:10:12Z"}],
        "filters": {"name": [{"modifier": "eq", "value": "shop"}]}});
    let (mock, v3) = server(move |_, _| (200, going.clone()));
    let shop = Project { name: Some("shop".into()), ..Project::default() };
    let error = v3.resource::<Project>().ensure(&shop, &[project::NAME]).await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::Conflict, 1), "{error:?}");
}

fn stored() -> Value {
    json!({"id": "c-1:p-1", "type": "project", "name": "shop", "clusterId": "c-1", "description": "old",
        "labels": {"team": "a"}, "later": {"deep": [1, 2.50]}, "links": {}})
}

/// A store of one object that takes what the closure says of a PUT.
fn store(take: impl Fn(&mut Value, &Value) + Send + Sync + 'static) -> (Mock, V3) {
    let object = std::sync::Mutex::new(stored());
    server(move |request, _| {
        let mut object = object.lock().unwrap();
        if request.method == Method::PUT {
            take(&mut object, &body(request));
        }
        (200, object.clone())
    })
}

fn merge(object: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
}

#[tokio::test]
async fn an_update_sends_what_changed_and_nothing_else() {
    let (mock, v3) = store(merge);
    let projects = v3.resource::<Project>();
    let mut object = projects.get("c-1:p-1").await.unwrap();
    assert!(std::ptr::eq(object.raw().as_ptr(), projects.update(&object).await.unwrap().raw().as_ptr()));
    assert_eq!(mock.count(), 1, "nothing changed, nothing is sent");
    object.description = None;
    object.labels.get_or_insert_default().insert("tier".into(), "front".into());
    let updated = projects.update(&object).await.unwrap();
    assert_eq!(
        body(&mock.calls()[1]),
        json!({"description": null, "labels": {"team": "a", "tier": "front"}})
    );
    assert_eq!(mock.calls()[1].route.path(), "/v3/projects/c-1:p-1");
    assert_eq!(updated.description, None);
    assert!(updated.altered().is_empty());
    let done = projects.update_with("c-1:p-1", |object| object.name = Some("web".into())).await.unwrap();
    assert_eq!(done.name.as_deref(), Some("web"));
    assert_eq!(done.json().unwrap()["later"], json!({"deep": [1, 2.50]}));
}

#[tokio::test]
async fn a_change_that_was_accepted_and_ignored_is_told() {
    let (mock, v3) = store(|_, _| {});
    let projects = v3.resource::<Project>();
    let error = projects.update_with("c-1:p-1", |object| object.name = Some("web".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("name")), "{error:?}");
    assert_eq!(mock.calls().last().unwrap().method, Method::GET, "it was read again before it was said");
    assert_eq!(mock.count(), 3);

    let (_, v3) = store(|object, changes| object["name"] = changes["name"].clone());
    let change = |object: &mut Project| {
        object.name = Some("web".into());
        object.description = Some("new".into());
    };
    let error = v3.resource::<Project>().update_with("c-1:p-1", change).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::PartlyDone, Some("description")), "{error:?}");

    let (_, v3) = store(|object, _| object["name"] = json!("WEB"));
    let updated = v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap();
    assert_eq!(updated.altered(), ["name"]);
}

fn change_name(object: &mut Project) {
    object.name = Some("web".into());
}

#[tokio::test]
async fn a_conflict_is_read_again() {
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&turns);
    let (mock, v3) = server(move |request, _| {
        let conflict = json!({"type": "error", "status": 409, "code": "Conflict", "message": "x"});
        match request.method {
            Method::PUT if counted.fetch_add(1, Ordering::SeqCst) < 2 => (409, conflict),
            Method::PUT => (200, body(request)),
            _ => (200, stored()),
        }
    });
    v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap();
    assert_eq!((turns.load(Ordering::SeqCst), mock.count()), (3, 6));
    turns.store(0, Ordering::SeqCst);
    let (_, v3) = server(|request, _| match request.method {
        Method::PUT => (409, json!({"type": "error", "status": 409, "code": "Conflict", "message": "x"})),
        _ => (200, stored()),
    });
    let error = v3.resource::<Project>().update_with("c-1:p-1", change_name).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

/// Rancher refuses to update a cluster that does not say its name.
#[tokio::test]
async fn a_cluster_says_its_name() {
    let object = json!({"id": "c-1", "type": "cluster", "name": "prod", "description": ""});
    let (mock, v3) = server(move |request, _| {
        let mut object = object.clone();
        if request.method == Method::PUT {
            merge(&mut object, &body(request));
        }
        (200, object)
    });
    let clusters = v3.resource::<Cluster>();
    clusters.update_with("c-1", |cluster| cluster.description = Some("x".into())).await.unwrap();
    assert_eq!(body(&mock.calls()[1]), json!({"description": "x", "name": "prod"}));
}

#[tokio::test]
async fn what_the_schema_refuses_is_not_sent() {
    let (mock, v3) = server(|_, _| (200, stored()));
    let projects = v3.collection("projects").unwrap();
    let object = |json: Value| Object::try_from(json).unwrap();
    for (json, field, words) in [
        (json!({"clusterId": "c-1"}), "name", "required"),
        (json!({"name": "", "clusterId": "c-1"}), "name", "required"),
        (json!({"name": "a"}), "clusterId", "required"),
        (json!({"name": "a", "clusterId": "c-1:p-1"}), "clusterId", "project id"),
        (json!({"name": "a", "clusterId": "c-1", "uuid": "x"}), "uuid", "the server sets it"),
        (json!({"name": ["a"], "clusterId": "c-1"}), "name", "single value"),
        (json!({"name": "a", "clusterId": "c-1", "labels": ["a"]}), "labels", "names and values"),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"pods": "5"}}}),
            "namespaceDefaultResourceQuota",
            "required beside",
        ),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"pods": "5", "secrets": "1"}},
            "namespaceDefaultResourceQuota": {"limit": {"pods": "1"}}}),
            "namespaceDefaultResourceQuota.limit.secrets",
            "required",
        ),
        (
            json!({"name": "a", "clusterId": "c-1", "resourceQuota": {"limit": {"podz": "5"}},
            "namespaceDefaultResourceQuota": {"limit": {"podz": "1"}}}),
            "resourceQuota.limit.podz",
            "quotas know no such resource",
        ),
    ] {
        let error = projects.create(&object(json.clone())).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)), "{json}: {error}");
        assert!(
            error.to_string().contains(words) && error.to_string().contains("nothing was sent"),
            "{error}"
        );
    }
    let feature = Feature { name: Some("Not A Label".into()), value: Some(true), ..Feature::default() };
    let error = v3.resource::<Feature>().create(&feature).await.unwrap_err();
    assert_eq!(error.field(), Some("name"), "{error}");
    assert_eq!(mock.count(), 0);
    // and an update of what cannot change
    let stored = json!({"id": "p-1:prtb-1", "type": "projectRoleTemplateBinding", "roleTemplateId": "a"});
    let mut binding = Kept::<ProjectRoleTemplateBinding>::read(stored.to_string().into()).unwrap();
    binding.role_template_id = Some("b".into());
    let error = v3.resource::<ProjectRoleTemplateBinding>().update(&binding).await.unwrap_err();
    assert_eq!(error.field(), Some("roleTemplateId"));
    assert!(error.to_string().contains("cannot be changed after the creation"), "{error}");
    assert_eq!(mock.count(), 0);
    // whoever knows better can still send it
    projects.unchecked().create(&object(json!({"clusterId": "c-1"}))).await.unwrap();
    assert_eq!(mock.count(), 1);
}

#[tokio::test]
async fn a_creation_says_what_became_of_it() {
    let (mock, v3) =
        server(|_, _| (201, json!({"id": "token-a", "ttl": 7_776_000_000_i64, "description": "x"})));
    let token = rancher_types::management::Token {
        ttl: Some(99_999_999_999_999),
        description: Some("x".into()),
        ..Default::default()
    };
    let made = v3.resource().create(&token).await.unwrap();
    assert_eq!((made.altered(), made.ttl), (&["ttl".to_owned()][..], Some(7_776_000_000)));
    assert_eq!(body(&mock.calls()[0]), json!({"ttl": 99_999_999_999_999_i64, "description": "x"}));
    assert!(!mock.calls()[0].idempotent, "it is not sent twice");
}

#[tokio::test]
async fn a_name_that_two_have_is_refused() {
    let (mock, v3) = server(|request, _| match request.route.query_values("name").pop() {
        Some(name) => {
            let ids: &[&str] = match name.as_str() {
                "shop" => &["c-1:p-1", "c-2:p-2"],
                "blog" => &["c-1:p-3"],
                _ => &[],
            };
            let data: Vec<Value> = ids.iter().map(|id| json!({"id": id, "name": name})).collect();
            (200, json!({"data": data, "filters": {"name": [{"modifier": "eq", "value": name}]}}))
        }
        None if request.route.path() == "/v3/projects/c-1:p-1" => (200, stored()),
        None => (404, json!({"type": "error", "status": 404, "code": "NotFound", "message": "x"})),
    });
    let projects = v3.resource::<Project>();
    let error = projects.find("shop").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains("c-1:p-1, c-2:p-2"), "{error}");
    assert_eq!(projects.find("blog").await.unwrap().id.as_deref(), Some("c-1:p-3"));
    let asked_before = mock.count();
    assert_eq!(projects.find("c-1:p-1").await.unwrap().id.as_deref(), Some("c-1:p-1"));
    assert_eq!(mock.count(), asked_before + 1, "an id names one object, whoever has it as a name");
    assert_eq!(projects.find("nobody").await.unwrap_err().kind(), ErrorKind::NotFound);
    let asked_before = mock.count();
    assert_eq!(projects.find("two words").await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(mock.count(), asked_before + 1, "what is no id is only looked for by name");
}

#[tokio::test]
async fn ensure_says_what_it_did() {
    let (mock, v3) = server(|request, _| {
        if request.method == Method::POST {
            return (201, stored());
        }
        let name = request.route.query_values("name").pop().unwrap();
        let ids: &[&str] = match name.as_str() {
            "one" => &["c-1:p-1"],
            "two" => &["c-1:p-1", "c-1:p-2"],
            _ => &[],
        };
        let data: Vec<Value> =
            ids.iter().map(|id| json!({"id": id, "name": name, "clusterId": "c-1"})).collect();
        (
            200,
            json!({"data": data, "filters": {"name": [{"modifier": "eq", "value": name}],
            "clusterId": [{"modifier": "eq", "value": "c-1"}]}}),
        )
    });
    let projects = v3.resource::<Project>();
    let by = [project::NAME, project::CLUSTER_ID];
    let named = |name: &str| Project {
        name: Some(name.to_owned()),
        cluster_id: Some("c-1".into()),
        ..Project::default()
    };
    assert!(!projects.ensure(&named("one"), &by).await.unwrap().created());
    assert!(projects.ensure(&named("new"), &by).await.unwrap().created());
    assert_eq!(mock.count(), 3);
    let error = projects.ensure(&named("two"), &by).await.unwrap_err();
    assert!(error.to_string().contains("the same name, clusterId"), "{error}");
    let error = projects.ensure(&Project::default(), &by).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("name")));
    assert_eq!(projects.ensure(&named("one"), &[]).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn an_action_is_sent_where_the_object_offers_it() {
    let (mock, v3) = server(|_, _| (200, json!({"config": "apiVersion: v1"})));
    let clusters = v3.resource::<Cluster>();
    let cluster_of = |actions: Value| {
        let object = json!({"id": "c-1", "actions": actions, "links": {"projects": format!("{SERVER}/v3/projects?clusterId=c-1")}});
        Cluster::decode(object.to_string().as_bytes()).unwrap()
    };
    let link = format!("{SERVER}/v3/clusters/c-1?action=generateKubeconfig");
    let offering = cluster_of(json!({"generateKubeconfig": link}));
    let answer = clusters.action(&offering, cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap();
    assert_eq!(answer.config.unwrap().expose(), "apiVersion: v1");
    assert_eq!(asked(&mock), ["POST /v3/clusters/c-1?action=generateKubeconfig"]);
    assert_eq!(body(&mock.calls()[0]), json!({}));
    let error =
        clusters.action(&cluster_of(json!({})), cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    let away = cluster_of(
        json!({"generateKubeconfig": "https://evil.example/v3/clusters/c-1?action=generateKubeconfig"}),
    );
    let error = clusters.action(&away, cluster::GENERATE_KUBECONFIG, &Empty).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRancher, "{error}");
    assert_eq!(mock.count(), 1);
}

#[tokio::test]
async fn links_are_followed_on_this_server() {
    let (mock, v3) = server(|request, _| match request.route.path() {
        "/v3/projects" => (200, page(&["c-1:p-1"], None)),
        _ => (200, stored()),
    });
    let cluster = json!({"id": "c-1", "links": {"projects": format!("{SERVER}/v3/projects?clusterId=c-1"),
        "self": format!("{SERVER}/v3/clusters/c-1"), "away": "https://evil.example/x"}});
    let cluster = Cluster::decode(cluster.to_string().as_bytes()).unwrap();
    let clusters = v3.resource::<Cluster>();
    let projects = clusters.link_list::<Project>(&cluster, "projects").collect().await.unwrap();
    assert_eq!(ids(&projects), ["c-1:p-1"]);
    clusters.link::<Cluster>(&cluster, "self").await.unwrap();
    assert_eq!(asked(&mock), ["GET /v3/projects?clusterId=c-1", "GET /v3/clusters/c-1"]);
    for (name, kind) in [("nosuch", ErrorKind::Invalid), ("away", ErrorKind::NotRancher)] {
        let error = clusters.link::<Cluster>(&cluster, name).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        let error = clusters.link_list::<Cluster>(&cluster, name).collect().await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
    }
    assert_eq!(mock.count(), 2);
}

#[test]
fn a_collection_is_a_plural() {
    let (_, v3) = server(|_, _| (200, Value::Null));
    let error = |name: &str| -> Error { v3.collection(name).unwrap_err() };
    assert!(error("project").to_string().contains("the collection is projects"), "{}", error("project"));
    for name in ["", "a/b", "..", "clusters?x=1", "clusters/c-1"] {
        assert_eq!(error(name).kind(), ErrorKind::Invalid, "{name}");
    }
    for (name, stated) in [("projects", true), ("projectRoleTemplateBindings", true), ("somethingnew", false)]
    {
        assert_eq!(v3.collection(name).unwrap().info().is_some(), stated, "{name}");
    }
}

#[tokio::test]
async fn a_deletion_says_whether_it_is_over() {
    let (_, v3) = server(|_, turn| if turn == 0 { (204, Value::Null) } else { (200, stored()) });
    let projects = v3.resource::<Project>();
    assert!(projects.delete("c-1:p-1").await.unwrap().is_gone());
    assert!(!projects.delete("c-1:p-1").await.unwrap().is_gone());
}

/// What the types state of roads is what keys are led by.
#[test]
fn roads_are_stated_as_they_are_taken() {
    use crate::scope::{KeyScope, Route, road};
    use rancher_types::info::Api;
    let cluster = ClusterId::new("c-prod1").unwrap();
    let mut roads = 0;
    for info in [Api::Management, Api::Cluster, Api::Project].into_iter().flat_map(rancher_types::types) {
        assert_eq!(info.roads.is_empty(), info.collection.is_none(), "{info:?}");
        for stated in info.roads {
            let path = stated.path.replace("{clusterId}", "c-prod1").replace("{projectId}", "c-prod1:p-a");
            let route = Route::parse(&path).unwrap();
            let reaches = KeyScope::Cluster(cluster.clone()).reaches(route.scope());
            assert_eq!(reaches, Some(stated.takes_scoped_key), "{path}");
            roads += 1;
        }
        if let (Api::Management, Some(collection)) = (info.api, info.collection) {
            let asked = Route::parse(&format!("/v3/{collection}?clusterId=c-prod1")).unwrap();
            let taken = road(&asked, &cluster).map(|route| route.path_and_query());
            let stated = info.roads.iter().find(|road| road.takes_scoped_key);
            assert_eq!(taken, stated.map(|road| road.path.replace("{clusterId}", "c-prod1")), "{info:?}");
        }
    }
    assert!(roads > 60, "{roads}");
}
