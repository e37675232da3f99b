//! What is sent, and what is made of answers that no simulator gives.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::transport::mock::{Mock, dripping, response, with_header};
use crate::transport::{Body, Patience};
use crate::wire::{Kept, Object, SystemClock};
use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use serde_json::json;
use std::time::Duration;

fn over(mock: &Mock) -> ClusterProxy {
    let mut config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
    ClusterProxy::new(connection, ClusterId::new("c-prod1").unwrap())
}

fn answering(answers: &[(u16, Value)]) -> (Mock, ClusterProxy) {
    let answers = answers.iter().map(|(status, body)| {
        Ok(with_header(response(*status, body.to_string()), "content-type", "application/json"))
    });
    let mock = Mock::script(answers.collect::<Vec<_>>());
    let cluster = over(&mock);
    (mock, cluster)
}

fn maps() -> Resource<'static> {
    Resource::core("configmaps").within("shop-web")
}

fn object(json: Value) -> Object {
    Object::try_from(json).unwrap()
}

fn body(call: &Request) -> Value {
    call.body.as_deref().map(|body| serde_json::from_slice(body).unwrap()).unwrap_or_default()
}

const MAP: &str = "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/configmaps";

#[tokio::test]
async fn a_patch_has_its_content_type_and_is_sent_twice_only_where_that_is_the_same() {
    let versioned = json!({"metadata": {"resourceVersion": "7"}});
    for (patch, kind, twice) in [
        (Patch::Merge(json!({"data": {"a": "1"}})), "application/merge-patch+json", true),
        (Patch::Merge(versioned), "application/merge-patch+json", false),
        (Patch::Strategic(json!({})), "application/strategic-merge-patch+json", true),
        (Patch::Json(vec![PatchStep::add("/a/-", 1)]), "application/json-patch+json", false),
        (Patch::JsonText(json!([{"op": "remove", "path": "/a"}])), "application/json-patch+json", false),
    ] {
        let (mock, cluster) = answering(&[(200, json!({"kind": "ConfigMap"})), (200, json!({}))]);
        cluster.patch(maps(), "app", &patch).await.unwrap();
        let tried = cluster.writing(WriteOptions { field_manager: "ci/1".into(), dry_run: true });
        tried.patch_status(maps(), "app", &patch).await.unwrap();
        let calls = mock.calls();
        assert_eq!(calls[0].headers.get_all("content-type").iter().collect::<Vec<_>>(), [kind]);
        assert_eq!((calls[0].idempotent, calls[1].idempotent), (twice, true), "{patch:?}");
        assert_eq!(calls[0].route.path_and_query(), format!("{MAP}/app"));
        assert_eq!(
            calls[1].route.path_and_query(),
            format!("{MAP}/app/status?fieldManager=ci%2F1&dryRun=All")
        );
    }
    let (mock, cluster) = answering(&[]);
    let long = cluster.writing(WriteOptions { field_manager: "x".repeat(129), ..Default::default() });
    let good = Patch::Merge(json!({}));
    for error in [
        cluster.patch(maps(), "app", &Patch::Merge(json!(1))).await,
        cluster.patch(maps(), "", &good).await,
        cluster.patch(maps(), "a/b", &good).await,
        long.patch(maps(), "app", &good).await,
    ] {
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert_eq!(mock.count(), 0);
}

#[tokio::test]
async fn every_write_says_who_and_whether_it_is_tried() {
    let read =
        json!({"metadata": {"name": "app", "namespace": "shop-web", "resourceVersion": "7"}, "data": {}});
    let mut kept: Kept<Object> = Kept::read(read.to_string().into()).unwrap();
    kept.set("data", json!({"a": "1"}));
    let changed = Value::Object(kept.fields().clone());
    let (mock, cluster) = answering(&[
        (201, json!({})),
        (200, changed),
        (200, json!({"kind": "Scale", "spec": {"replicas": 2}})),
        (200, json!({})),
        (201, json!({})),
        (200, json!({})),
    ]);
    let cluster = cluster.writing(WriteOptions { field_manager: "ci".into(), dry_run: true });
    cluster.create(maps(), &object(json!({"metadata": {"name": "app"}}))).await.unwrap();
    cluster.update(maps(), &kept).await.unwrap();
    cluster.set_scale(maps(), "app", 2).await.unwrap();
    cluster.delete(maps(), "app").await.unwrap();
    cluster.evict("shop-web", "web-1", &DeleteOptions::default()).await.unwrap();
    let grace = DeleteOptions { grace: Some(Duration::from_millis(1)), ..Default::default() };
    cluster.delete_with(maps(), "app", &grace).await.unwrap();
    let calls = mock.calls();
    for call in &calls[..3] {
        assert_eq!(call.route.query(), "fieldManager=ci&dryRun=All", "{call:?}");
    }
    assert_eq!((calls[3].route.query(), calls[3].body.is_none()), ("dryRun=All", true));
    assert_eq!((calls[4].route.query(), calls[4].idempotent), ("dryRun=All", true));
    // a server that finds a body does not look at the query
    assert_eq!(calls[5].route.query(), "");
    let expected =
        json!({"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 1, "dryRun": ["All"]});
    assert_eq!(body(&calls[5]), expected);
}

#[tokio::test]
async fn a_deletion_and_an_eviction_name_their_conditions() {
    let options = DeleteOptions {
        propagation: Some(Propagation::Foreground),
        grace: Some(Duration::ZERO),
        uid: "u-1".into(),
        resource_version: "7".into(),
        dry_run: false,
    };
    let expected = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground",
        "gracePeriodSeconds": 0, "preconditions": {"uid": "u-1", "resourceVersion": "7"}});
    let (mock, cluster) = answering(&[(200, json!({"kind": "Status"})), (201, json!({"kind": "Status"}))]);
    assert!(cluster.delete_with(maps(), "app", &options).await.unwrap().is_gone());
    cluster.evict("shop-web", "web-1", &options).await.unwrap();
    let calls = mock.calls();
    assert_eq!(body(&calls[0]), expected);
    assert_eq!(body(&calls[1])["deleteOptions"], expected);
    assert!(calls[1].method == Method::POST && calls[1].route.path().ends_with("/pods/web-1/eviction"));
    assert!(!calls[1].idempotent, "the pod of the same name that came after it would be evicted, too");
}

#[tokio::test]
async fn what_cannot_be_applied_is_not_sent() {
    let (mock, cluster) = answering(&[]);
    let good = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {}});
    let with = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    for (json, field) in [
        (with("/apiVersion", json!("")), "apiVersion"),
        (with("/apiVersion", json!("v2")), "apiVersion"),
        (with("/kind", Value::Null), "kind"),
        (with("/metadata", json!({})), "metadata.name"),
        (with("/metadata/name", json!("Bad_Name")), "metadata.name"),
        (with("/metadata", json!({"name": "app", "namespace": "other"})), "metadata.namespace"),
        (with("/metadata", json!({"name": "app", "managedFields": []})), "metadata.managedFields"),
    ] {
        let error = cluster.apply(maps(), &object(json), &ApplyOptions::by("ci")).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some(field)), "{error}");
    }
    let error = cluster.apply(maps(), &object(good.clone()), &ApplyOptions::default()).await.unwrap_err();
    assert!(error.summary().contains("field manager"), "{error}");
    assert_eq!(mock.count(), 0);

    let (mock, cluster) = answering(&[(200, good.clone())]);
    let options = ApplyOptions { manager: "ci".into(), force: true, dry_run: true };
    cluster.apply(maps(), &object(good), &options).await.unwrap();
    let call = &mock.calls()[0];
    assert_eq!(call.headers["content-type"], "application/apply-patch+yaml");
    assert_eq!(call.route.query(), "fieldManager=ci&dryRun=All&force=true");
}

#[tokio::test]
async fn a_scale_that_stays_is_told() {
    let (_, cluster) = answering(&[(200, json!({"kind": "Scale", "spec": {}, "status": {"replicas": 2}}))]);
    let error = cluster.set_scale(maps(), "app", 3).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("spec.replicas")));
    let (_, cluster) = answering(&[(200, json!({"kind": "Deployment"}))]);
    assert_eq!(cluster.scale(maps(), "app").await.unwrap_err().kind(), ErrorKind::Decode);
}

/// A log that comes in these pieces.
fn log(pieces: &'static [&'static [u8]]) -> Mock {
    Mock::new(move |_| async move {
        let pieces = pieces.iter().map(|piece| Ok(Bytes::from_static(piece)));
        let answer = crate::transport::Response {
            body: Body::from_stream(futures_util::stream::iter(pieces)),
            ..response(200, "")
        };
        Ok(with_header(answer, "content-type", "text/plain"))
    })
}

async fn lines(mock: &Mock, options: LogOptions) -> Vec<LogLine> {
    over(mock).logs("shop-web", "web-1", options).try_collect().await.unwrap()
}

#[tokio::test]
async fn lines_survive_chunks_and_are_not_changed() {
    let mock = log(&[b"on", b"e\ntwo \xff\xfe\r\n\n", b"", b"sch\xc3", b"\xb6n\nl", b"ast"]);
    let read = lines(&mock, LogOptions::default()).await;
    let bytes: Vec<&[u8]> = read.iter().map(|line| line.bytes().as_ref()).collect();
    let expected: [&[u8]; 5] = [b"one", b"two \xff\xfe\r", b"", "sch\u{f6}n".as_bytes(), b"last"];
    assert_eq!(bytes, expected);
    assert!(read.iter().all(|line| line.is_whole() && line.timestamp().is_none()));
    assert_eq!(lines(&log(&[]), LogOptions::default()).await, []);
    let mock = log(&[b"2026-11-22T05:00:00.5Z a b\n2026-", b"11-22T05:00:01Z \n"]);
    let read = lines(&mock, LogOptions { timestamps: true, ..Default::default() }).await;
    let read: Vec<(Option<&str>, &[u8])> =
        read.iter().map(|line| (line.timestamp(), line.bytes().as_ref())).collect();
    let expected: [(Option<&str>, &[u8]); 2] =
        [(Some("2026-11-22T05:00:00.5Z"), b"a b"), (Some("2026-11-22T05:00:01Z"), b"")];
    assert_eq!(read, expected);
    assert!(
        !format!("{:?}", LogLine::clone(&lines(&log(&[b"S3CR3T"]), LogOptions::default()).await[0]))
            .contains("S3")
    );
}

#[tokio::test]
async fn a_line_without_an_end_does_not_fill_the_memory() {
    static PIECE: [u8; 700_000] = [b'x'; 700_000];
    static PIECES: [&[u8]; 4] = [&PIECE, &PIECE, &PIECE, b"\nnext\n"];
    let mock = log(&PIECES);
    let read = lines(&mock, LogOptions { timestamps: true, ..Default::default() }).await;
    let pieces: Vec<(usize, bool)> = read.iter().map(|line| (line.bytes().len(), line.is_whole())).collect();
    let most = 1024 * 1024;
    assert_eq!(pieces, [(most, false), (most, false), (2_100_000 - 2 * most, true), (4, true)]);
}

#[tokio::test(start_paused = true)]
async fn a_log_has_no_deadline_and_its_headers_have_one() {
    // an hour between two lines
    let mock = Mock::new(|_| async { Ok(dripping(&["a\n", "b\n", "c"], Duration::from_secs(3600))) });
    let follow = LogOptions { follow: true, ..Default::default() };
    assert_eq!(lines(&mock, follow.clone()).await.len(), 3);
    assert_eq!(mock.calls()[0].patience, Patience::Stream);
    // without follow it must move, but may take all day
    let mock = Mock::new(|_| async { Ok(dripping(&["a\n"; 500], Duration::from_secs(20))) });
    assert_eq!(lines(&mock, LogOptions::default()).await.len(), 500);
    let mock = Mock::new(|_| async { Ok(dripping(&["a\n", "b"], Duration::from_secs(3600))) });
    let mut stalled = over(&mock).logs("shop-web", "web-1", LogOptions::default());
    assert_eq!(stalled.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    assert!(stalled.next().await.is_none());
    for options in [follow, LogOptions::default()] {
        let mut silent = over(&Mock::silent()).logs("shop-web", "web-1", options);
        assert_eq!(silent.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
    }
}

#[tokio::test]
async fn a_log_that_breaks_off_says_so_after_what_came() {
    let mock = Mock::new(|_| async {
        let broken = Err(Error::new(ErrorKind::Connect, "broken", ""));
        let pieces = futures_util::stream::iter([Ok("one\ntw".into()), broken]);
        Ok(crate::transport::Response { body: Body::from_stream(pieces), ..response(200, "") })
    });
    let mut log = over(&mock).logs("shop-web", "web-1", LogOptions::default());
    assert!(log.next().await.unwrap().unwrap().is_whole());
    let part = log.next().await.unwrap().unwrap();
    assert_eq!((part.text().as_ref(), part.is_whole()), ("tw", false));
    let error = log.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Connect, "cluster.logs"));
    assert!(log.next().await.is_none());
}

#[tokio::test]
async fn what_a_log_is_asked_for_is_sent_or_refused() {
    let all = LogOptions {
        container: "web".into(),
        follow: true,
        previous: true,
        timestamps: true,
        tail: Some(0),
        since: Some(Duration::from_millis(1500)),
        since_time: String::new(),
        limit_bytes: Some(9),
    };
    let mock = log(&[]);
    lines(&mock, all.clone()).await;
    let since = LogOptions { since_time: "2026-11-22T05:00:00Z".into(), ..Default::default() };
    lines(&mock, since.clone()).await;
    let queries: Vec<String> = mock.calls().iter().map(|call| call.route.query().to_owned()).collect();
    let expected = [
        "container=web&follow=true&previous=true&timestamps=true&tailLines=0&sinceSeconds=2&limitBytes=9",
        "sinceTime=2026-11-22T05:00:00Z",
    ];
    assert_eq!(queries, expected);
    let mock = Mock::script([]);
    for options in [
        LogOptions { since: Some(Duration::from_secs(1)), ..since },
        LogOptions { since: Some(Duration::ZERO), ..Default::default() },
        LogOptions { since_time: "yesterday".into(), ..Default::default() },
        LogOptions { limit_bytes: Some(0), ..Default::default() },
        LogOptions { container: "a&b=c".into(), ..Default::default() },
    ] {
        let error = over(&mock).logs("shop-web", "web-1", options).next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    for (namespace, pod) in [("", "web-1"), ("shop-web", ""), ("shop-web", "../x")] {
        let error = over(&mock).logs(namespace, pod, LogOptions::default()).next().await.unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Invalid);
    }
}

#[tokio::test]
async fn a_table_is_all_of_its_pages() {
    let row = |name: &str| json!({"cells": [name, 1], "object": {"metadata": {"name": name, "uid": name, "namespace": "n"}}});
    let columns = json!([{"name": "Name", "type": "string", "priority": 0}, {"name": "Ready", "type": "integer", "priority": 1}]);
    let (mock, cluster) = answering(&[
        (
            200,
            json!({"kind": "Table", "metadata": {"continue": "c"}, "columnDefinitions": columns, "rows": [row("a"), row("b")]}),
        ),
        (
            200,
            json!({"kind": "Table", "metadata": {}, "columnDefinitions": [], "rows": [row("b"), row("c")]}),
        ),
    ]);
    let table = cluster.table(maps(), ListOptions::default()).await.unwrap();
    let names: Vec<&str> = table.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"], "each once");
    assert_eq!((table.columns.len(), table.cell(&table.rows[2], "ready")), (2, Some(&json!(1))));
    for call in mock.calls() {
        assert_eq!(call.headers["accept"], "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
    }
    let (_, cluster) = answering(&[(200, json!({"kind": "ConfigMapList", "metadata": {}, "items": []}))]);
    let error = cluster.table(maps(), ListOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error:?}");
}

#[tokio::test]
async fn metadata_alone_is_not_written_back() {
    let item = json!({"metadata": {"name": "app", "uid": "u", "resourceVersion": "7", "labels": {}}});
    let (mock, cluster) = answering(&[(200, json!({"metadata": {}, "items": [item.clone()]})), (200, item)]);
    let mut listed = cluster.list_metadata(maps(), ListOptions::default()).collect().await.unwrap().remove(0);
    let mut got = cluster.get_metadata(maps(), "app").await.unwrap();
    for object in [&mut listed, &mut got] {
        *object.pointer_mut("/metadata/labels").unwrap() = json!({"a": "b"});
        assert_eq!(cluster.update(maps(), object).await.unwrap_err().kind(), ErrorKind::Invalid);
    }
    let accepts: Vec<String> =
        mock.calls().iter().map(|call| call.headers["accept"].to_str().unwrap().to_owned()).collect();
    assert!(
        accepts[0].contains("PartialObjectMetadataList;") && accepts[1].contains("PartialObjectMetadata;")
    );
}

#[tokio::test]
async fn names_are_found_with_as_few_questions_as_can_be() {
    let widgets = json!({"kind": "APIResourceList", "resources": [
        {"name": "widgets", "kind": "Widget", "namespaced": true, "shortNames": ["wd"]}]});
    let group = json!({"kind": "APIGroup", "preferredVersion": {"version": "v2"}});
    let (mock, cluster) = answering(&[(200, group), (200, widgets.clone()), (200, widgets.clone())]);
    for name in ["deploy", "Deployment", "deployments", "po"] {
        cluster.resolve(name).await.unwrap();
    }
    assert_eq!(mock.count(), 0);
    let found = cluster.resolve("wd.example.com").await.unwrap();
    assert_eq!((found.version.as_str(), found.plural.as_str(), found.namespaced), ("v2", "widgets", true));
    cluster.clone().resolve("widgets.v2.example.com").await.unwrap();
    assert_eq!(mock.count(), 2, "it is remembered");
    let error = cluster.resolve("gadgets.v2.example.com").await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::NotFound, 3), "it may have come since");
    for bad in ["", ".apps", "a/b", "pods.UPPER.x"] {
        assert_eq!(cluster.resolve(bad).await.unwrap_err().kind(), ErrorKind::Invalid, "{bad}");
    }

    // servers that tell all in one answer, and those that do not
    let both = |second: &str| {
        json!({"kind": "APIGroupDiscoveryList", "items": [
            {"metadata": {"name": "a.example.com"}, "versions": [{"version": "v1", "resources": [
                {"resource": "widgets", "scope": "Cluster", "responseKind": {"kind": "Widget"}}]}]},
            {"metadata": {"name": "b.example.com"}, "versions": [{"version": "v1", "resources": [
                {"resource": second, "scope": "Cluster", "responseKind": {"kind": "Other"}}]}]},
        ]})
    };
    let (_, cluster) = answering(&[(200, both("others")), (200, both("widgets"))]);
    assert_eq!(cluster.resolve("widget").await.unwrap().group, "a.example.com");
    let error = cluster.resolve("widgets").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.summary().contains("widgets.a.example.com, widgets.b.example.com"), "{error}");
    let groups = json!({"kind": "APIGroupList", "groups": [
        {"name": "a.example.com", "preferredVersion": {"version": "v1"}},
        {"name": "b.example.com", "preferredVersion": {"version": "v1"}},
    ]});
    let (mock, cluster) = answering(&[(200, groups), (503, json!({})), (200, widgets.clone())]);
    assert_eq!(cluster.resolve("widgets").await.unwrap().group, "b.example.com");
    assert_eq!(mock.count(), 3);
    // the core group is asked last
    let (mock, cluster) = answering(&[(200, both("others")), (200, widgets)]);
    assert_eq!(cluster.resolve("wd").await.unwrap().group, "");
    assert!(mock.calls()[1].route.path().ends_with("/api/v1"));
}

#[tokio::test]
async fn an_object_is_not_looked_for_where_its_kind_cannot_be() {
    let (mock, cluster) = answering(&[(200, json!({"kind": "Widget"}))]);
    let (pods, nodes) = (Resource::core("pods"), Resource::core("nodes").within("shop-web"));
    let map = object(json!({"metadata": {"name": "app"}}));
    for error in [
        cluster.get(pods, "web").await.unwrap_err(),
        cluster.delete(pods, "web").await.unwrap_err(),
        cluster.create(Resource::core("configmaps"), &map).await.unwrap_err(),
        cluster.get(nodes, "n1").await.unwrap_err(),
        cluster.list(nodes, ListOptions::default()).collect().await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("namespace")), "{error}");
    }
    assert_eq!(mock.count(), 0);
    // of other kinds only the cluster knows
    cluster.get(Resource::of("example.com", "v1", "widgets"), "w").await.unwrap();
}

#[tokio::test]
async fn a_resource_that_only_an_older_version_has_is_found() {
    let serving = |plural: &str, kind: &str| json!({"kind": "APIResourceList", "resources": [{"name": plural, "kind": kind, "namespaced": true}]});
    let versions = json!([{"version": "v1"}, {"version": "v1alpha2"}, {"version": "v1alpha1"}]);
    let group = json!({"kind": "APIGroup", "name": "gw.example.com", "versions": versions,
        "preferredVersion": {"version": "v1"}});
    let (mock, cluster) = answering(&[
        (200, group.clone()),
        (200, serving("gateways", "Gateway")),
        (200, serving("tlsroutes", "TLSRoute")),
    ]);
    let found = cluster.resolve("tlsroute.gw.example.com").await.unwrap();
    assert_eq!((found.version.as_str(), found.plural.as_str(), mock.count()), ("v1alpha2", "tlsroutes", 3));

    // a server that does not tell all in one answer
    let groups = json!({"kind": "APIGroupList", "groups": [group]});
    let (_, cluster) = answering(&[
        (200, groups.clone()),
        (200, serving("gateways", "Gateway")),
        (200, serving("tlsroutes", "TLSRoute")),
        (200, serving("tlsroutes", "TLSRoute")),
    ]);
    assert_eq!(cluster.resolve("tlsroutes").await.unwrap().version, "v1alpha2");
    let nothing = serving("others", "Other");
    let (_, cluster) = answering(&[
        (200, groups),
        (200, nothing.clone()),
        (200, nothing.clone()),
        (200, nothing.clone()),
        (200, nothing),
    ]);
    assert_eq!(cluster.resolve("tlsroutes").await.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_group_that_did_not_answer_is_not_said_to_lack_something() {
    let groups = json!({"kind": "APIGroupList", "groups": [
        {"name": "metrics.k8s.io", "preferredVersion": {"version": "v1beta1"}, "versions": [{"version": "v1beta1"}]},
    ]});
    let core = json!({"kind": "APIResourceList", "resources": []});
    let stale = json!({"kind": "APIGroupDiscoveryList", "items": [
        {"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1beta1", "freshness": "Stale"}]},
    ]});
    for answers in
        [vec![(200, groups), (503, json!({})), (200, core.clone())], vec![(200, stale), (200, core)]]
    {
        let (_, cluster) = answering(&answers);
        let error = cluster.resolve("nodemetrics").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(error.summary().contains("metrics.k8s.io") && error.is_retryable(), "{error}");
    }
}
