//! Lists over a transport that answers what a test says.

use futures_util::StreamExt as _;
use http::Method;
use rancher_types::Field;
use rancher_types::management::{Project, Setting, project};
use serde_json::{Value, json};

use super::tests::{SERVER, asked, body, ids, norman, page, server};
use super::*;
use crate::error::ErrorKind;

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
    let unknown = Query::all().with(rancher_types::Field::new("nam").eq("x"));
    let error = projects.list(unknown).collect().await.unwrap_err();
    assert_eq!(error.field(), Some("nam"), "{error}");
    let of_a_cluster = Query::in_cluster(&ClusterId::new("c-prod1").unwrap());
    let error = v3.resource::<Setting>().list(of_a_cluster).collect().await.unwrap_err();
    assert!(error.to_string().contains("cannot be asked of one cluster"), "{error}");
    let error =
        v3.resource::<rancher_types::cluster::Namespace>().list(Query::all()).collect().await.unwrap_err();
    assert!(error.to_string().contains("say which cluster"), "{error}");
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
async fn an_object_that_is_being_deleted_is_not_there() {
    let going = json!({"data": [{"id": "c-1:p-1", "name": "shop", "removed": "2026-11-22T05:10:12Z"}],
        "filters": {"name": [{"modifier": "eq", "value": "shop"}]}});
    let (mock, v3) = server(move |_, _| (200, going.clone()));
    let shop = Project { name: Some("shop".into()), ..Project::default() };
    let error = v3.resource::<Project>().ensure(&shop, &[project::NAME]).await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::Conflict, 1), "{error:?}");
}
