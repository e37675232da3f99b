//! The road that means the same for a key scoped to one cluster.

use super::{Route, RouteScope};
use crate::wire::ClusterId;

/// The collections that are also there below a cluster. The types state them too (`TypeInfo::roads`).
pub(crate) const IN_CLUSTER: [&str; 4] =
    ["clusterregistrationtokens", "clusterroletemplatebindings", "nodes", "projects"];

/// The route that answers a key scoped to `cluster` with the very same thing that `route` answers an unscoped key,
/// or nothing.
///
/// A road never changes the meaning or the representation: a list over all clusters has none, and neither has a
/// Norman object that could be had as a raw custom resource. What this knows was recorded:
///
/// - `/v3/{collection}?clusterId={id}` is `/v3/cluster/{id}/{collection}` (matrix, `projects`; stated by the schema's
///   links of a cluster for role bindings, registration tokens and nodes; workflows, `/v3/clusters/local/nodes`).
/// - For the cluster `local`, the proxy leads to Rancher's own API server: `/api…`, `/apis…` and `/v1/…` are the
///   same below `/k8s/clusters/local` (matrix and downstream, `admin-local`). The links in such Steve answers
///   lose the prefix and must be rebased.
///
/// A route that the key takes already is its own road.
pub fn road(route: &Route, cluster: &ClusterId) -> Option<Route> {
    match route.scope() {
        RouteScope::Public => return Some(route.clone()),
        RouteScope::Cluster(asked) => return (asked == cluster).then(|| route.clone()),
        RouteScope::Unknown => return None,
        RouteScope::Global => {}
    }
    let segments = route.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["v3", collection] if IN_CLUSTER.contains(collection) => {
            // the filter must say that only this cluster is asked; anything else would answer less than was asked
            if route.query_values("clusterId") != [cluster.as_str()] {
                return None;
            }
            let rest: Vec<&str> =
                route.query().split('&').filter(|pair| !pair.starts_with("clusterId=")).collect();
            route.replace_path(&["v3", "cluster", cluster.as_str(), collection], rest.join("&"))
        }
        ["api" | "apis", ..] | ["v1", _, ..] if cluster.is_local() => {
            let mut path = vec!["k8s", "clusters", "local"];
            path.extend(segments);
            route.replace_path(&path, route.query().to_owned())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::KeyScope;
    use proptest::prelude::*;

    fn road_of(path: &str, cluster: &str) -> Option<String> {
        let cluster = ClusterId::new(cluster).unwrap();
        road(&Route::parse(path).unwrap(), &cluster).map(|route| route.path_and_query())
    }

    #[test]
    fn roads_of_the_record() {
        let table = [
            ("/v3/projects?clusterId=c-prod1", "c-prod1", Some("/v3/cluster/c-prod1/projects")),
            (
                "/v3/projects?limit=5&clusterId=c-prod1&name=a",
                "c-prod1",
                Some("/v3/cluster/c-prod1/projects?limit=5&name=a"),
            ),
            ("/v3/projects?clusterId=c-stag1", "c-prod1", None),
            ("/v3/projects?clusterId=c-prod1&clusterId=c-stag1", "c-prod1", None),
            ("/v3/projects?clusterId_ne=c-stag1", "c-prod1", None),
            ("/v3/projects", "c-prod1", None),
            ("/v3/projects/c-prod1:p-qwwv5", "c-prod1", None),
            ("/v3/clusters", "c-prod1", None),
            ("/v3/clusters/c-prod1", "c-prod1", Some("/v3/clusters/c-prod1")),
            ("/v3/clusters/c-stag1", "c-prod1", None),
            ("/v3/tokens", "c-prod1", None),
            ("/v3/nodes?clusterId=c-prod1", "c-prod1", Some("/v3/cluster/c-prod1/nodes")),
            ("/v3/settings/server-version", "local", None),
            ("/v1/management.cattle.io.clusters/c-prod1", "c-prod1", None),
            ("/api/v1/namespaces?limit=1", "local", Some("/k8s/clusters/local/api/v1/namespaces?limit=1")),
            (
                "/apis/ext.cattle.io/v1/tokens",
                "local",
                Some("/k8s/clusters/local/apis/ext.cattle.io/v1/tokens"),
            ),
            ("/v1/namespaces", "local", Some("/k8s/clusters/local/v1/namespaces")),
            ("/api/v1/namespaces", "c-prod1", None),
            ("/rancherversion", "c-prod1", Some("/rancherversion")),
            ("/nosuch", "c-prod1", None),
            ("/version", "local", None),
            ("/openapi/v2", "local", None),
        ];
        for (path, cluster, expected) in table {
            assert_eq!(road_of(path, cluster).as_deref(), expected, "{path} with a key of {cluster}");
        }
    }

    proptest! {
        #[test]
        fn a_filtered_collection_of_the_own_cluster_has_a_road(
            collection in "(projects|clusterroletemplatebindings|clusterregistrationtokens)",
            before in "(limit=[0-9]{1,3}&)?",
            after in "(&name=[a-z]{1,5})?",
            (asked, own) in ("(c-prod1|local)", "(c-prod1|local)"),
        ) {
            let path = format!("/v3/{collection}?{before}clusterId={asked}{after}");
            let rest = format!("{before}{}", after.trim_start_matches('&'));
            let rest = rest.trim_end_matches('&');
            let query = if rest.is_empty() { String::new() } else { format!("?{rest}") };
            let expected = (asked == own).then(|| format!("/v3/cluster/{own}/{collection}{query}"));
            prop_assert_eq!(road_of(&path, &own), expected);
        }

        #[test]
        fn a_road_is_one_that_the_key_may_take(
            path in "/(v3|v1|api|apis|k8s)(/(projects|clusterroletemplatebindings|clusterregistrationtokens|clusters|cluster|[a-z0-9-]{1,10})){0,1}(/[a-z0-9-]{1,10}){0,3}(\\?clusterId=(c-prod1|local))?",
            cluster in "(c-prod1|local)",
        ) {
            let cluster = ClusterId::new(cluster).unwrap();
            if let Ok(route) = Route::parse(&path)
                && let Some(road) = road(&route, &cluster)
                && road.scope() != &RouteScope::Public
            {
                prop_assert_eq!(KeyScope::Cluster(cluster).reaches(road.scope()), Some(true));
            }
        }
    }
}
