//! Paths: nothing panics, a parsed route reads back as itself, and no route leaves its server or its cluster.

use rancher_client::scope::{Route, RouteScope};
use rancher_client::wire::{ClusterId, ServerUrl};
use url::Url;

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "/", "/", "/", "v3", "k8s", "v1", "clusters", "cluster", "proxy", "c-prod1", "local", "c-prod1:p-abcde", "projects",
    "settings", "cacerts", "v3-public", "rancherversion", "?", "&", "=", "clusterId", ".", "..", "%2e", "%2F", "%",
    "%25", "%00", "%ff", "//", "\\", "#", ":", "@", "https://", "rancher.example.com", "evil.example", "/r", " ", "é",
];

#[test]
fn route() {
    crate::search!("route");
}

pub(super) fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let path = text.split('?').next().unwrap();
    let _ = RouteScope::of_path(&text);
    if let Ok(route) = Route::parse(&text) {
        assert_eq!(Route::parse(&route.path_and_query()).unwrap(), route, "a route reads back as itself");
        assert_eq!(*route.scope(), RouteScope::of_path(path), "a route and its path have one scope");
        stays_on_the_server(&route);
        let segments = route.segments();
        if path != "/" {
            let rebuilt = Route::from_segments(&segments).unwrap();
            assert_eq!(rebuilt.segments(), segments, "segments read back as themselves");
            // a slash at the end is the one thing that segments do not say
            assert_eq!(rebuilt.scope(), route.scope(), "encoding does not change the scope");
        }
    }
    below_a_cluster(&text);
    follows_no_foreign_link(&text);
}

/// What a server makes of the request line: the same host, and the path unchanged.
fn stays_on_the_server(route: &Route) {
    let url = Url::parse(&format!("https://rancher.example.com/r{}", route.path_and_query())).unwrap();
    assert_eq!(url.host_str(), Some("rancher.example.com"));
    assert_eq!(url.port_or_known_default(), Some(443));
    assert_eq!(url.path(), format!("/r{}", route.path()), "nothing climbs, nothing is added");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
}

/// Ids and names are put in as segments: whatever they hold, they stay below their cluster.
fn below_a_cluster(text: &str) {
    let own = ClusterId::new("c-prod1").unwrap();
    let mut segments = vec!["k8s", "clusters", own.as_str()];
    segments.extend(text.split('/'));
    if let Ok(route) = Route::from_segments(&segments) {
        assert_eq!(route.scope().cluster(), Some(&own));
        assert_eq!(route.segments(), segments);
        stays_on_the_server(&route);
    }
}

fn follows_no_foreign_link(link: &str) {
    let server = ServerUrl::parse("https://rancher.example.com/r", false).unwrap();
    if let Ok(route) = Route::from_link(&server, link) {
        assert!(
            link.starts_with('/') && !link.starts_with("//")
                || link.trim_start().to_lowercase().starts_with("https:"),
            "{link}"
        );
        stays_on_the_server(&route);
    }
}
