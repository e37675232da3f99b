//! Questions that make no sense.

use rancher_client::ErrorKind::{Invalid, NotFound, Unsupported};
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::types::management::project;
use rancher_client::types::{Condition, Field, info::Modifier};
use rancher_client::v3::Query;
use rancher_client::wire::ClusterId;
use rancher_simulator::Quirk;
use serde_json::json;

use super::scripted::Scripted;
use super::{check, check_unsent};
use crate::lab::{Lab, PROD};

#[tokio::test]
async fn nonsense_is_not_asked() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let long = "x".repeat(3000);
    let nosuch = Field::new("nosuch");
    let cluster = client.cluster(PROD).unwrap();
    lab.forget();
    let cases: Vec<(&str, Query, &str)> = vec![
        ("limit 0", Query::all().limit(0), "a limit of 0 makes no page"),
        ("limit 10001", Query::all().limit(10_001), "the server takes 1 to 10000"),
        ("the greatest limit", Query::all().limit(u32::MAX), "makes no page"),
        ("a marker with a line", Query::all().marker("a\nb"), "the marker holds control characters"),
        ("a long marker", Query::all().marker(long.as_str()), "the marker is longer than"),
        ("an empty marker", Query::all().marker(""), "the marker is empty"),
        ("unknown filter", Query::all().with(nosuch.eq("x")), r#"projects cannot be filtered by "nosuch""#),
        (
            "a field that is no filter",
            Query::all().with(Field::new("resourceQuota").eq("x")),
            "not one of those that the server filters by",
        ),
        ("unknown order", Query::all().sorted_by(nosuch), r#"projects cannot be sorted by "nosuch""#),
        (
            "empty choice",
            Query::all().with(project::NAME.one_of::<&str>([])),
            "has no value, and the server would ignore it",
        ),
        ("empty exclusion", Query::all().with(project::NAME.none_of::<&str>([])), "has no value"),
        (
            "the same twice",
            Query::all().with(project::NAME.eq("a")).with(project::NAME.eq("b")),
            "the filter name is given twice",
        ),
        (
            "the same choice twice",
            Query::all().with(project::NAME.one_of(["a"])).with(project::NAME.one_of(["b"])),
            "the filter name_in is given twice",
        ),
        (
            "one for two",
            Query::all().with(Condition::new("name", Modifier::Eq, ["a", "b"])),
            "the filter name takes one value",
        ),
        ("a control character", Query::all().with(project::NAME.eq("a\u{0}")), "control characters"),
        ("a long value", Query::all().with(project::NAME.eq(&long)), "longer than"),
        (
            "a field without a name",
            Query::all().with(Field::new("").eq("x")),
            "the name of a filter is empty",
        ),
    ];
    let tried = cases.len();
    for (what, query, words) in cases {
        let error = client.projects().list(query.clone()).collect().await.unwrap_err();
        check_unsent(&lab, what, &error, Invalid, words);
        let error = client.projects().list(query).total().await.unwrap_err();
        check_unsent(&lab, what, &error, Invalid, words);
    }
    // of a boolean the server knows eq and ne
    let query = Query::all().with(Field::new("enabled").one_of(["true"]));
    let error = client.tokens().list(query).collect().await.unwrap_err();
    check_unsent(&lab, "unknown modifier", &error, Invalid, "tokens cannot be filtered by enabled_in");
    for (what, options, words) in [
        ("limit 0", ListOptions { limit: Some(0), ..Default::default() }, "a limit of 0 makes no page"),
        ("limit 10001", ListOptions { limit: Some(10_001), ..Default::default() }, "makes no page"),
        (
            "labels",
            ListOptions { label_selector: "a\nb".into(), ..Default::default() },
            "label selector holds control",
        ),
        (
            "fields",
            ListOptions { field_selector: "x".repeat(9000), ..Default::default() },
            "field selector is longer",
        ),
    ] {
        let error = cluster.list(Resource::core("pods"), options).collect().await.unwrap_err();
        check_unsent(&lab, what, &error, Invalid, words);
    }
    for (what, resource) in [
        ("a kind", Resource::core("Pod")),
        ("a path", Resource::core("pods/../secrets")),
        ("a namespace", Resource::core("pods").within("Shop")),
        ("a group with its version", Resource::of("apps/v1", "v1", "deployments")),
        ("a version", Resource::of("apps", "v1/..", "deployments")),
        ("nothing", Resource::core("")),
    ] {
        let error = cluster.list(resource, ListOptions::default()).collect().await.unwrap_err();
        check_unsent(&lab, what, &error, Invalid, " is no ");
    }
    let steve = cluster.steve().resource("configmaps").unwrap();
    for (what, query) in [
        ("pagesize 0", SteveQuery { pagesize: Some(0), ..Default::default() }),
        ("a namespace", SteveQuery { namespace: Some("a/b".into()), ..Default::default() }),
        ("a sort", SteveQuery { sort: vec!["a\nb".into()], ..Default::default() }),
    ] {
        let error = steve.list(query).collect().await.unwrap_err();
        check_unsent(&lab, what, &error, Invalid, "");
    }
    for id in ["c-prod1:p-abcde", "a/b", "", "..", "C-PROD1", "c prod"] {
        let error = client.cluster(id).unwrap_err();
        check_unsent(&lab, id, &error, Invalid, "");
    }
    println!("bad input: {} questions that make no sense, nothing sent", tried * 2 + 4 + 6 + 3 + 6);
}

/// Recorded: collections, `marker=nosuch` begins at the first page, in silence.
#[tokio::test]
async fn a_marker_that_is_nobodys_is_noticed() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    lab.forget();
    let error = client.projects().list(Query::all().marker("c-prod1:p-nosuch")).collect().await.unwrap_err();
    check("marker", &error, NotFound, "no object with the id that was given as its marker");
    assert_eq!(lab.requests().len(), 1);
}

/// An older server ignores a filter that the recorded one knows.
#[tokio::test]
async fn what_the_server_ignored_is_noticed() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    lab.simulator.world(|world| world.quirk(Quirk::FilterUnknown("name".into())));
    for condition in [project::NAME.eq("Default"), project::NAME.one_of(["Default", "System"])] {
        lab.forget();
        let words = format!("the server ignored the filter {}", condition.parameter());
        let error = client.projects().list(Query::all().with(condition)).collect().await.unwrap_err();
        check("filter", &error, Unsupported, &words);
        assert_eq!(lab.requests().len(), 1, "{:?}", lab.requests());
    }
    let cluster = ClusterId::new(PROD).unwrap();
    client.projects().list(Query::in_cluster(&cluster)).collect().await.unwrap();
    // an order that is not the one asked for, and a filter that is echoed with another value
    let page = |sort: &str, name: &str| json!({"type": "collection", "data": [], "sort": {"name": sort}, "filters": {"name": [{"modifier": "eq", "value": name}]}});
    for (query, answer, words) in [
        (Query::all().sorted_by(project::NAME), page("id", "x"), "the server ignored the order by name"),
        (
            Query::all().with(project::NAME.eq("shop")),
            page("id", "other"),
            "the server ignored the filter name",
        ),
        (
            Query::all().with(project::NAME.ne("shop")),
            page("id", "shop"),
            "the server ignored the filter name_ne",
        ),
        (
            Query::all().with(project::NAME.eq("shop")),
            json!({"data": []}),
            "the server ignored the filter name",
        ),
        (
            Query::all().with(project::NAME.eq("shop")),
            json!({"data": [], "filters": 5}),
            "the server ignored",
        ),
    ] {
        let server = Scripted::always(answer.to_string());
        let error = server.client().projects().list(query).collect().await.unwrap_err();
        check(words, &error, Unsupported, words);
        assert_eq!(server.asked().len(), 1);
    }
}

/// `/v3/tokens` ignores `limit` (recorded: collections), and so may any list of another version.
#[tokio::test]
async fn a_limit_that_is_ignored_loses_nothing() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let tokens = client.tokens();
    let all = tokens.list(Query::all()).collect().await.unwrap();
    lab.forget();
    let by_one = tokens.list(Query::all().limit(1)).collect().await.unwrap();
    let ids = |tokens: &[rancher_client::wire::Kept<rancher_client::types::management::Token>]| {
        tokens.iter().map(|token| token.id.clone().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&by_one), ids(&all));
    assert!(all.len() > 3 && lab.requests().len() == 1, "{:?}", lab.requests());
    assert!(tokens.list(Query::all()).first().await.unwrap().is_some());
    assert_eq!(tokens.list(Query::all().limit(1)).total().await.unwrap(), all.len() as u64);

    let projects = client.projects().list(Query::all()).collect().await.unwrap().len();
    lab.simulator.world(|world| world.quirk(Quirk::LimitIgnored));
    lab.forget();
    assert_eq!(client.projects().list(Query::all().limit(2)).collect().await.unwrap().len(), projects);
    assert_eq!(lab.requests().len(), 1);
}
