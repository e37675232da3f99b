use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::transport::mock::{Mock, failure, response, with_header};
use crate::wire::{Kept, Object, SystemClock};
use futures_util::StreamExt as _;
use serde_json::json;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

const GONE: &str = r#"{"kind":"Status","status":"Failure","reason":"Expired","code":410,
    "message":"The provided continue parameter is too old"}"#;
const GONE_WITH_TOKEN: &str = r#"{"kind":"Status","metadata":{"continue":"later"},"status":"Failure","reason":"Expired",
    "code":410,"message":"The provided continue parameter is too old"}"#;

fn over(mock: &Mock) -> ClusterProxy {
    let mut config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
    ClusterProxy::new(connection, ClusterId::new("c-prod1").unwrap())
}

fn cluster(answers: &[(u16, &str)]) -> (Mock, ClusterProxy) {
    let answers = answers.iter().map(|(status, body)| {
        Ok(with_header(response(*status, (*body).to_owned()), "content-type", "application/json"))
    });
    let mock = Mock::script(answers.collect::<Vec<_>>());
    let proxy = over(&mock);
    (mock, proxy)
}

fn asked(mock: &Mock) -> Vec<String> {
    let line = |call: &Request| format!("{} {}", call.method, call.route.path_and_query());
    mock.calls().iter().map(line).collect()
}

fn page(token: &str, uids: &[&str]) -> String {
    let items: Vec<Value> = uids.iter().map(|uid| json!({"metadata": {"uid": uid, "name": uid}})).collect();
    json!({"kind": "PodList", "metadata": {"continue": token}, "items": items}).to_string()
}

fn names(objects: &[Kept<Object>]) -> Vec<&str> {
    objects.iter().map(|object| object.name().unwrap()).collect()
}

const PODS: &str = "GET /k8s/clusters/c-prod1/api/v1/namespaces/shop-web/pods?limit=500";

fn pods() -> Resource<'static> {
    Resource::core("pods").within("shop-web")
}

#[tokio::test]
async fn a_list_is_all_of_its_pages() {
    let empty = r#"{"metadata":{"continue":"c"},"items":null}"#;
    let (mock, cluster) =
        cluster(&[(200, &page("a+b", &["1", "2"])), (200, empty), (200, &page("", &["3"]))]);
    let all = cluster.list(pods(), ListOptions::default()).collect().await.unwrap();
    assert_eq!(names(&all), ["1", "2", "3"]);
    assert_eq!(
        asked(&mock),
        [PODS.to_owned(), format!("{PODS}&continue=a%2Bb"), format!("{PODS}&continue=c")]
    );
}

#[tokio::test]
async fn selectors_and_limits_are_sent_or_refused() {
    let (mock, proxy) = cluster(&[(200, &page("", &[]))]);
    let options = ListOptions {
        limit: Some(7),
        label_selector: "app=web,tier in (a, b)".into(),
        field_selector: "status.phase!=Running".into(),
        ..Default::default()
    };
    proxy.list(Resource::of("apps", "v1", "deployments"), options).collect().await.unwrap();
    let path = "GET /k8s/clusters/c-prod1/apis/apps/v1/deployments";
    assert_eq!(
        asked(&mock),
        [format!(
            "{path}?limit=7&labelSelector=app%3Dweb,tier%20in%20(a,%20b)&fieldSelector=status.phase!%3DRunning"
        )]
    );
    let (mock, proxy) = cluster(&[]);
    let of = |options: ListOptions| proxy.list(pods(), options);
    for list in [
        of(ListOptions { limit: Some(0), ..Default::default() }),
        of(ListOptions { limit: Some(u32::MAX), ..Default::default() }),
        of(ListOptions { label_selector: "a\nb".into(), ..Default::default() }),
        of(ListOptions { field_selector: "a".repeat(9000), ..Default::default() }),
        proxy.list(Resource::core("pods").within("../kube-system"), ListOptions::default()),
        proxy.list(Resource::core("Pods"), ListOptions::default()),
        proxy.list(Resource::of("apps/v1", "", "deployments"), ListOptions::default()),
        proxy.list(Resource::of("apps", "..", "deployments"), ListOptions::default()),
    ] {
        assert_eq!(list.collect().await.unwrap_err().kind(), ErrorKind::Invalid);
    }
    assert_eq!(mock.count(), 0);
}

#[tokio::test]
async fn an_expired_list_goes_on_as_the_caller_chose() {
    let first = page("a", &["1", "2"]);
    let with = |expired| ListOptions { expired, ..Default::default() };
    let then = |token: &str| format!("{PODS}&continue={token}");

    let (mock, proxy) = cluster(&[(200, &first), (410, GONE_WITH_TOKEN)]);
    let mut list = proxy.list(pods(), with(OnExpired::Fail));
    assert_eq!(list.next().await.unwrap().unwrap().name(), Some("1"));
    assert_eq!(list.next().await.unwrap().unwrap().name(), Some("2"));
    let error = list.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.status(), mock.count()), (ErrorKind::Conflict, Some(410), 2));
    assert!(list.next().await.is_none());

    // 2 was deleted, 0 is new
    let (mock, proxy) = cluster(&[
        (200, &first),
        (410, GONE_WITH_TOKEN),
        (200, &page("b", &["0", "1"])),
        (200, &page("", &["3"])),
    ]);
    let all = proxy.list(pods(), with(OnExpired::Anew)).collect().await.unwrap();
    assert_eq!(names(&all), ["1", "2", "0", "3"]);
    assert_eq!(asked(&mock), [PODS.to_owned(), then("a"), PODS.to_owned(), then("b")]);

    let (mock, proxy) = cluster(&[(200, &first), (410, GONE_WITH_TOKEN), (200, &page("", &["3"]))]);
    let all = proxy.list(pods(), with(OnExpired::Inconsistent)).collect().await.unwrap();
    assert_eq!(names(&all), ["1", "2", "3"]);
    assert_eq!(asked(&mock), [PODS.to_owned(), then("a"), then("later")]);

    // without a token there is only the beginning
    let (_, proxy) = cluster(&[(200, &first), (410, GONE), (200, &page("", &["1", "3"]))]);
    let all = proxy.list(pods(), with(OnExpired::Inconsistent)).collect().await.unwrap();
    assert_eq!(names(&all), ["1", "2", "3"]);
}

#[tokio::test]
async fn a_list_that_always_expires_ends() {
    let mock = Mock::new(|request| async move {
        let again = !request.route.query_values("continue").is_empty();
        Ok(if again { response(410, GONE) } else { response(200, page("a", &["1"])) })
    });
    let error = over(&mock).list(pods(), ListOptions::default()).collect().await.unwrap_err();
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, true));
    assert_eq!(mock.count(), 16, "eight beginnings");
}

#[tokio::test]
async fn a_list_that_breaks_off_is_an_error() {
    let first = page("a", &["1"]);
    let same = page("a", &["2"]);
    for (second, kind, sent) in [
        ((410, r#"{"kind":"Status","reason":"Other","code":410}"#), ErrorKind::Conflict, 2),
        // it brought something new once
        ((200, same.as_str()), ErrorKind::Decode, 3),
        ((200, r#"{"metadata":{}}"#), ErrorKind::Decode, 2),
        (
            (400, r#"{"kind":"Status","reason":"BadRequest","message":"invalid continue token"}"#),
            ErrorKind::Invalid,
            2,
        ),
    ] {
        let (mock, cluster) = cluster(&[(200, &first), second, second]);
        let error = cluster.list(pods(), ListOptions::default()).collect().await.unwrap_err();
        assert_eq!((error.kind(), mock.count()), (kind, sent), "{error}");
    }
    // what expires at once was never begun
    let (mock, cluster) = cluster(&[(410, GONE)]);
    let error = cluster.list(pods(), ListOptions::default()).collect().await.unwrap_err();
    assert_eq!((error.status(), mock.count()), (Some(410), 1));
}

#[tokio::test]
async fn the_total_is_said_or_counted() {
    let one = r#"{"metadata":{"continue":"a","remainingItemCount":41},"items":[{"metadata":{"uid":"1"}}]}"#;
    let (mock, proxy) = cluster(&[(200, one)]);
    assert_eq!(proxy.list(pods(), ListOptions::default()).total().await.unwrap(), 42);
    assert_eq!(asked(&mock), [PODS.replace("500", "1")]);
    // with a selector Kubernetes does not say
    let (mock, proxy) =
        cluster(&[(200, &page("x", &["1"])), (200, &page("a", &["1", "2"])), (200, &page("", &["3"]))]);
    let options = ListOptions { label_selector: "app".into(), ..Default::default() };
    assert_eq!((proxy.list(pods(), options).total().await.unwrap(), mock.count()), (3, 3));
    let (_, proxy) = cluster(&[(200, &page("x", &["1"]))]);
    assert_eq!(proxy.list(pods(), ListOptions::default()).first().await.unwrap().unwrap().name(), Some("1"));
}

const MAP: &str = r#"{"kind":"ConfigMap","metadata":{"name":"app","namespace":"shop-web","uid":"u","resourceVersion":"7"},
 "data":{"n":"1.0","a":"1"}}"#;
const MAPS: &str = "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/configmaps";
const STALE: &str = r#"{"kind":"Status","status":"Failure","reason":"Conflict","code":409,
    "message":"Operation cannot be fulfilled on configmaps \"app\": the object has been modified"}"#;

fn set_a(object: &mut Object) {
    *object.pointer_mut("/data/a").unwrap() = json!("2");
}

#[tokio::test]
async fn an_update_is_what_was_read_with_the_change_in_it() {
    let after = MAP.replace(r#""a":"1""#, r#""a":"2""#).replace(r#""7""#, r#""8""#);
    let (mock, proxy) = cluster(&[(200, MAP), (200, &after)]);
    let mut map = proxy.get(Resource::core("configmaps").within("shop-web"), "app").await.unwrap();
    let unchanged = proxy.update(Resource::core("configmaps"), &map).await.unwrap();
    assert_eq!((unchanged.raw(), mock.count()), (map.raw(), 1), "nothing to send");
    set_a(&mut map);
    // the namespace is the object's own
    let updated = proxy.update(Resource::core("configmaps"), &map).await.unwrap();
    assert_eq!(updated.resource_version(), Some("8"));
    assert_eq!(asked(&mock), [format!("GET {MAPS}/app"), format!("PUT {MAPS}/app")]);
    assert_eq!(mock.calls()[1].body.as_deref(), Some(MAP.replace(r#""a":"1""#, r#""a":"2""#).as_bytes()));
    let elsewhere = proxy.update(Resource::core("configmaps").within("plain"), &map).await.unwrap_err();
    assert_eq!((elsewhere.kind(), elsewhere.field()), (ErrorKind::Invalid, Some("metadata.namespace")));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_is_told_or_read_again() {
    let maps = Resource::core("configmaps").within("shop-web");
    let (mock, proxy) = cluster(&[(200, MAP), (409, STALE)]);
    let mut map = proxy.get(maps, "app").await.unwrap();
    set_a(&mut map);
    assert_eq!((proxy.update(maps, &map).await.unwrap_err().kind(), mock.count()), (ErrorKind::Conflict, 2));

    let theirs = MAP.replace(r#""7""#, r#""8""#).replace("1.0", "2.0");
    let after = theirs.replace(r#""a":"1""#, r#""a":"2""#).replace(r#""8""#, r#""9""#);
    let (mock, proxy) = cluster(&[(200, MAP), (409, STALE), (200, &theirs), (200, &after)]);
    let map = proxy.update_with(maps, "app", set_a).await.unwrap();
    assert_eq!((map.pointer("/data/n"), map.pointer("/data/a")), (Some(&json!("2.0")), Some(&json!("2"))));
    let sent: Value = serde_json::from_slice(mock.calls()[3].body.as_ref().unwrap()).unwrap();
    assert_eq!(sent["metadata"]["resourceVersion"], "8");

    // not for ever
    let mock = Mock::new(|request| async move {
        Ok(if request.method == Method::GET { response(200, MAP) } else { response(409, STALE) })
    });
    let error = over(&mock).update_with(maps, "app", set_a).await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::Conflict, 10));
}

#[tokio::test]
async fn a_change_that_was_ignored_is_an_error() {
    let maps = Resource::core("configmaps").within("shop-web");
    let (_, proxy) = cluster(&[(200, MAP), (200, MAP)]);
    let error = proxy.update_with(maps, "app", set_a).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("data.a")));
}

#[tokio::test]
async fn objects_are_created_and_deleted() {
    let maps = Resource::core("configmaps");
    let object =
        Object::try_from(json!({"metadata": {"name": "app", "namespace": "shop-web"}, "data": {}})).unwrap();
    let status = r#"{"kind":"Status","status":"Success"}"#;
    let (mock, proxy) = cluster(&[(201, MAP), (200, status)]);
    assert_eq!(proxy.create(maps, &object).await.unwrap().resource_version(), Some("7"));
    assert!(proxy.delete(maps.within("shop-web"), "app").await.unwrap().is_gone());
    assert_eq!(asked(&mock), [format!("POST {MAPS}"), format!("DELETE {MAPS}/app")]);
}

#[tokio::test]
async fn names_that_are_none_are_not_sent() {
    let (mock, proxy) = cluster(&[]);
    let maps = Resource::core("configmaps").within("shop-web");
    let long = "a".repeat(300);
    for name in ["", ".", "..", "a/b", "Bad_Name", "a\nb", &long] {
        let object = Object::try_from(json!({"metadata": {"name": name}})).unwrap();
        let errors = [
            proxy.get(maps, name).await.unwrap_err(),
            proxy.delete(maps, name).await.unwrap_err(),
            proxy.update_with(maps, name, |_| ()).await.unwrap_err(),
            proxy.create(maps, &object).await.unwrap_err(),
        ];
        assert!(errors.iter().all(|error| error.kind() == ErrorKind::Invalid), "{name:?}: {errors:?}");
    }
    assert_eq!(mock.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_wait_reads_the_object_again() {
    use crate::wait::{Until, WaitOptions};
    let of = |ready: &str| json!({"metadata": {"uid": "u"}, "status": {"conditions": [{"type": "Ready", "status": ready}]}});
    let missing = r#"{"kind":"Status","reason":"NotFound","message":"pods \"web-0\" not found"}"#;
    let (mock, proxy) = cluster(&[
        (200, &of("False").to_string()),
        (200, &of("True").to_string()),
        (200, MAP),
        (404, missing),
    ]);
    proxy.wait(pods(), "web-0", Until::condition("Ready"), WaitOptions::default()).await.unwrap();
    proxy.wait_gone(pods(), "web-0", WaitOptions::default()).await.unwrap();
    assert_eq!(mock.count(), 4);
    assert!(asked(&mock).iter().all(|line| line.ends_with("/pods/web-0")));
}

/// One deployment, of which the first PUT is done and its answer lost. Then `meanwhile` happens.
fn loses_an_answer(meanwhile: fn(&mut Value)) -> (Arc<Mutex<Value>>, ClusterProxy) {
    let stored = json!({"metadata": {"name": "web", "namespace": "shop-web", "resourceVersion": "1"},
        "spec": {"replicas": 1, "paused": false}});
    let stored = Arc::new(Mutex::new(stored));
    let (kept, lost) = (Arc::clone(&stored), AtomicBool::new(false));
    let mock = Mock::new(move |request: Request| {
        let mut stored = kept.lock().unwrap();
        let mut answer = Ok(());
        if request.method == Method::PUT {
            let mut sent: Value = serde_json::from_slice(request.body.as_deref().unwrap()).unwrap();
            if sent["metadata"]["resourceVersion"] == stored["metadata"]["resourceVersion"] {
                let version: u64 = sent["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap();
                sent["metadata"]["resourceVersion"] = json!((version + 1).to_string());
                *stored = sent;
                if !lost.swap(true, Ordering::SeqCst) {
                    meanwhile(&mut stored);
                    answer = Err(failure(ErrorKind::Timeout, true, None));
                }
            } else {
                let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 409,
                    "reason": "Conflict", "message": "the object has been modified"});
                let answer =
                    with_header(response(409, status.to_string()), "content-type", "application/json");
                return std::future::ready(Ok(answer));
            }
        }
        let body = stored.to_string();
        let answer = answer.map(|()| with_header(response(200, body), "content-type", "application/json"));
        std::future::ready(answer)
    });
    let mut config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 3;
    let connection = Connection::over_transport(config, Arc::new(mock), Arc::new(SystemClock::new()));
    (stored, ClusterProxy::new(connection, ClusterId::new("c-prod1").unwrap()))
}

fn one_more(object: &mut Object) {
    let replicas = object.pointer_mut("/spec/replicas").unwrap();
    *replicas = json!(replicas.as_u64().unwrap() + 1);
    *object.pointer_mut("/spec/paused").unwrap() = json!(true);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_arrived_is_not_made_twice() {
    let deployments = Resource::of("apps", "v1", "deployments").within("shop-web");
    let (stored, cluster) = loses_an_answer(|_| {});
    let done = cluster.update_with(deployments, "web", one_more).await.unwrap();
    assert_eq!(done.pointer("/spec/replicas"), Some(&json!(2)));
    assert_eq!(stored.lock().unwrap()["spec"]["replicas"], json!(2));

    // somebody else changed a part of it since
    let (stored, cluster) = loses_an_answer(|stored| {
        stored["spec"]["paused"] = json!(false);
        stored["metadata"]["resourceVersion"] = json!("9");
    });
    let error = cluster.update_with(deployments, "web", one_more).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::PartlyDone, Some("spec.paused")), "{error}");
    assert!(error.because().iter().any(|line| line.contains("our own first attempt")), "{error:?}");
    assert_eq!(stored.lock().unwrap()["spec"]["replicas"], json!(2));

    // somebody else put all of it back: then the change is made once more
    let (stored, cluster) = loses_an_answer(|stored| {
        stored["spec"] = json!({"replicas": 5, "paused": false});
        stored["metadata"]["resourceVersion"] = json!("9");
    });
    cluster.update_with(deployments, "web", one_more).await.unwrap();
    assert_eq!(stored.lock().unwrap()["spec"]["replicas"], json!(6));
}

#[tokio::test]
async fn objects_without_names_are_counted_after_one_was_taken() {
    const FIRST: &str =
        r#"{"metadata":{"continue":"t"},"items":[{"metadata":{"uid":"1"}},{"metadata":{"name":""}}]}"#;
    const REST: &str = r#"{"metadata":{},"items":[{"metadata":{"name":""}}]}"#;
    let (_, cluster) = cluster(&[(200, FIRST), (200, REST), (200, FIRST), (200, FIRST), (200, REST)]);
    let options = ListOptions { label_selector: "a=b".into(), ..Default::default() };
    let mut list = cluster.list(Resource::core("pods"), options);
    list.next().await.unwrap().unwrap();
    assert_eq!(list.total().await.unwrap(), 3);
}

/// Recorded (matrix): the router's 404 for a cluster that there is none of. It says nothing of what a cluster serves.
#[tokio::test]
async fn a_cluster_that_does_not_exist_is_not_one_that_lacks_something() {
    const NONE: &str = r#"{"Code":{"Code":"NotFound","Status":404},"Message":"clusters.management.cattle.io \"c-prod1\" not found"}"#;
    let none = || {
        let answer = with_header(response(404, NONE.to_owned()), "content-type", "text/plain; charset=utf-8");
        Ok(with_header(answer, "x-api-cattle-auth", "true"))
    };
    let cluster = over(&Mock::script([none(), none(), none(), none()]));
    for error in [
        cluster.whoami().await.unwrap_err(),
        cluster.resolve("widgets").await.unwrap_err(),
        cluster.resolve("widgets.example.com").await.unwrap_err(),
        cluster.resolve("widgets.v1.example.com").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.advice().contains("no such cluster"), "{error}");
    }
}

/// A login portal answers every path with 200 and a page: none of its lines was written by a container.
#[tokio::test]
async fn a_page_is_no_log_and_a_log_of_a_page_is_one() {
    const PAGE: &str = "<!DOCTYPE html>\n<title>Sign in</title>\n";
    for (kind, lines) in [("text/html; charset=utf-8", None), ("text/plain", Some(2))] {
        let mock = Mock::script([Ok(with_header(response(200, PAGE), "content-type", kind))]);
        let logs = over(&mock).logs("shop-web", "web-0", LogOptions::default());
        let came: Vec<_> = logs.collect().await;
        match lines {
            Some(lines) => assert_eq!(came.iter().filter(|line| line.is_ok()).count(), lines, "{came:?}"),
            None => {
                assert_eq!(came.len(), 1, "{came:?}");
                assert_eq!(came[0].as_ref().unwrap_err().kind(), ErrorKind::NotRancher);
            }
        }
    }
}
