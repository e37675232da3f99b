use super::*;
use proptest::prelude::*;

fn cluster(id: &str) -> RouteScope {
    RouteScope::Cluster(ClusterId::new(id).unwrap())
}

#[test]
fn every_route_of_the_record_and_its_aliases() {
    use RouteScope::{Global, Public, Unknown};
    let table = [
        ("/v3/", Global),
        ("/v3", Global),
        ("/v3/schemas/cluster", Global),
        ("/v3/clusters", Global),
        ("/v3/clusters/", Global),
        ("/v3/clusters/c-prod1", cluster("c-prod1")),
        ("/v3/clusters/c-prod1/", cluster("c-prod1")),
        ("/v3/cluster/c-prod1", cluster("c-prod1")),
        ("/v3/clusters/local", cluster("local")),
        ("/v3/projects", Global),
        ("/v3/projects/c-prod1:p-qwwv5", Global),
        ("/v3/cluster/c-prod1/namespaces", cluster("c-prod1")),
        ("/v3/clusters/c-prod1/projects", cluster("c-prod1")),
        ("/v3/project/c-prod1:p-qwwv5/workloads", Global),
        ("/v3/tokens", Global),
        ("/v3/users", Global),
        ("/v3/settings/server-version", Global),
        ("/v3/settings/cacerts", Public),
        ("/v3/subscribe", Global),
        ("/v1", Public),
        ("/v1/schemas", Global),
        ("/v1/management.cattle.io.clusters/c-prod1", Global),
        ("/apis/management.cattle.io/v3/clusters", Global),
        ("/api/v1/namespaces", Global),
        ("/k8s/clusters/c-prod1", cluster("c-prod1")),
        ("/k8s/clusters/c-prod1/version", cluster("c-prod1")),
        ("/k8s/clusters/c-m-abcd1234/api/v1/pods", cluster("c-m-abcd1234")),
        ("/k8s/clusters/c-prod1/v1/namespaces", cluster("c-prod1")),
        ("/k8s/clusters/local/apis/management.cattle.io/v3/tokens", cluster("local")),
        ("/k8s/clusters/NOT_AN_ID/version", Global),
        ("/k8s/clusters/c-prod1:p-qwwv5/version", Global),
        ("/k8s/proxy/c-prod1/version", cluster("c-prod1")),
        ("/k8s/clusters", Unknown),
        ("/v3-public/authProviders", Public),
        ("/v1-public/login", Public),
        ("/rancherversion", Public),
        ("/healthz", Public),
        ("/ping", Public),
        ("/cacerts", Public),
        ("/metrics", Global),
        // not recorded, and perhaps answered to anybody
        ("/version", Unknown),
        ("/openapi/v2", Unknown),
        ("/ext", Unknown),
        // encoded, doubled, upper case, climbing
        ("/v3/clusters/c%2Dprod1", cluster("c-prod1")),
        ("/v3/clusters/c-prod1%2Fnamespaces", Unknown),
        ("/v3//clusters", Unknown),
        ("/v3//clusters/c-prod1", Unknown),
        ("//v3/clusters/c-prod1", Unknown),
        ("/V3/clusters/c-prod1", Unknown),
        ("/v3/Clusters/c-prod1", Global),
        ("/v3/clusters/../projects", Unknown),
        ("/v3/clusters/%2e%2e/projects", Unknown),
        ("/v3/clusters/%ff", Unknown),
        ("/nosuch", Unknown),
        ("/dashboard/", Unknown),
        ("", Unknown),
        ("/", Unknown),
        ("v3/clusters", Unknown),
    ];
    for (path, expected) in table {
        assert_eq!(RouteScope::of_path(path), expected, "{path}");
    }
}

#[test]
fn segments_are_encoded_and_stay_in_their_place() {
    let route = Route::from_segments(["v3", "projects", "c-prod1:p-a b%?#ü"]).unwrap();
    assert_eq!(route.path(), "/v3/projects/c-prod1:p-a%20b%25%3F%23%C3%BC");
    assert_eq!(route.segments(), ["v3", "projects", "c-prod1:p-a b%?#ü"]);
    for bad in ["", ".", "..", "a/b", "a\\b", "a\nb", "a\0b"] {
        assert!(Route::from_segments(["v3", bad]).is_err(), "{bad:?}");
    }
    assert!(Route::from_segments(["v3", &"x".repeat(1025)]).is_err());
}

#[test]
fn typed_paths_are_checked() {
    for good in ["/v3/", "/v3/clusters?limit=1&x=%20", "/k8s/clusters/c-prod1/", "/v3/x?y=a b", "/"] {
        assert!(Route::parse(good).is_ok(), "{good}");
    }
    for bad in [
        "v3/clusters",
        "https://h/v3",
        "//h/v3",
        "/v3//clusters",
        "/v3/../x",
        "/v3/%2e%2e/x",
        "/v3/a%2fb",
        "/v3/%zz",
        "/v3/%f",
        "/v3/x?y=%",
        "/v3\\x",
        "/v3#x",
        "/v3/\u{7}",
        "/v3/%00",
        "/v3/%ff",
    ] {
        assert!(Route::parse(bad).is_err(), "{bad}");
    }
    assert_eq!(Route::parse("/v3/x?y=a b").unwrap().path_and_query(), "/v3/x?y=a%20b");
}

#[test]
fn queries_are_encoded_and_read_back() {
    let route = Route::parse("/v3/projects").unwrap().with_query("name", "a&b=c+d").with_query("name", "x y");
    assert_eq!(route.query_values("name"), ["a&b=c+d", "x y"]);
    assert_eq!(route.shown(), "/v3/projects?name=…&name=…");
}

#[test]
fn secrets_of_a_path_are_not_shown() {
    for (path, shown) in [
        ("/v3/import/s3cr3ts3cr3t_c-prod1.yaml", "/v3/import/***"),
        ("/v3/import/s3cr3ts3cr3t_c-prod1.yaml?authImage=x", "/v3/import/***?authImage=…"),
        ("/v3/%69mport/s3cr3ts3cr3t_c-prod1.yaml", "/v3/import/***"),
        ("/v3/imports", "/v3/imports"),
        ("/v3/projects?s3cr3ts3cr3t", "/v3/projects?…"),
        ("/v3/projects?limit=2&s3cr3ts3cr3t&&name=s3cr3t", "/v3/projects?limit=2&…&&name=…"),
    ] {
        let route = Route::parse(path).unwrap();
        assert_eq!(route.shown(), shown);
        assert!(!format!("{route} {route:?}").contains("s3cr3t"));
    }
    let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
    let away = Route::from_link(&server, "https://evil.example/v3/import/s3cr3ts3cr3t_c-a.yaml").unwrap_err();
    assert!(!format!("{away} {away:?}").contains("s3cr3t"), "{away}");
}

#[test]
fn links_that_lead_elsewhere_are_refused() {
    let server = ServerUrl::parse("https://rancher.example.com/r", false).unwrap();
    let leading_away = Route::from_link(&server, "https://login.example/x?state=s3cr3t").unwrap_err();
    assert!(!format!("{leading_away} {leading_away:?}").contains("s3cr3t"));
    let own = Route::from_link(&server, "https://rancher.example.com/r/v3/clusters?marker=x").unwrap();
    assert_eq!(own.path_and_query(), "/v3/clusters?marker=x");
    assert_eq!(Route::from_link(&server, "/r/v3/").unwrap().path(), "/v3/");
    // a server behind a prefix that it does not know of
    for bare in ["https://rancher.example.com/v3/clusters", "/v3/clusters", "/r/../v3/clusters"] {
        let route = Route::from_link(&server, bare).unwrap();
        assert_eq!(server.join(&route.path_and_query()).path(), "/r/v3/clusters", "{bare}");
    }
    for foreign in [
        "https://evil.example/r/v3",
        "http://rancher.example.com/r/v3",
        "https://rancher.example.com:444/r/v3",
        "https://rancher.example.com/other/v3",
        "https://rancher.example.com@evil.example/r/v3",
        "https://a:b@rancher.example.com/r/v3",
        "//evil.example/r/v3",
        "/r/../other",
        "javascript:alert(1)",
        "",
    ] {
        assert!(Route::from_link(&server, foreign).is_err(), "{foreign}");
    }
}

proptest! {
    #[test]
    fn any_path_is_classified_without_panic(path in "\\PC{0,60}") {
        let _ = RouteScope::of_path(&path);
    }

    #[test]
    fn a_parsed_route_reads_back_as_itself(path in "(/[a-z0-9%:.~ é-]{0,12}){1,6}(\\?[a-z=&% ]{0,12})?") {
        if let Ok(route) = Route::parse(&path) {
            let again = Route::parse(&route.path_and_query()).unwrap();
            prop_assert_eq!(&again, &route);
        }
    }

    #[test]
    fn no_segment_escapes_its_cluster(id in "[a-z]([a-z0-9-]{0,10}[a-z0-9])?", rest in proptest::collection::vec("\\PC{1,20}", 0..4)) {
        let mut segments = vec!["k8s".to_owned(), "clusters".to_owned(), id.clone()];
        segments.extend(rest);
        if let Ok(route) = Route::from_segments(&segments) {
            prop_assert_eq!(route.scope().cluster().map(ClusterId::as_str), Some(id.as_str()));
            let url = ServerUrl::parse("https://h.example", false).unwrap().join(&route.path_and_query());
            prop_assert_eq!(url.path(), route.path());
            prop_assert_eq!(url.host_str(), Some("h.example"));
        }
    }
}
