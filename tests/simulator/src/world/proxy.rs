//! `/k8s/clusters/{id}`: the cluster router, the tunnel behind it, and the local cluster's own API.

use super::answer::{self, Failure, empty, router_error, text};
use super::auth::Caller;
use super::call::Call;
use super::rights::Ask;
use super::state::Agent;
use super::{World, ext, kube, steve};
use crate::Response;
use http::StatusCode;
use std::time::Duration;

/// A call to `/k8s/clusters/{id}/…` or `/k8s/proxy/{id}/…`.
pub(crate) fn serve(world: &mut World, call: &Call<'_>, cluster: &str, rest: &[&str]) -> Response {
    if cluster == "local" {
        // rule: proxy.local-rewrite
        return match rest {
            ["v1", rest @ ..] => steve::local(world, call, rest),
            rest => local(world, call, rest),
        };
    }
    let access = call.access(&world.state);
    if let ["v1", rest @ ..] = rest {
        return steve::downstream(world, call, cluster, &access, rest);
    }
    let account = matches!(&call.caller, Caller::ServiceAccount(_));
    if !account && !access.sees_cluster(cluster) {
        // rule: router.refused-is-unauthenticated
        let message = Ask::management("get", "clusters", cluster).refusal(&access.user);
        return router_error(StatusCode::FORBIDDEN, "Forbidden", &message);
    }
    let Some(found) = world.state.clusters.get(cluster) else {
        // rule: router.unknown-cluster
        let message = format!("clusters.management.cattle.io \"{cluster}\" not found");
        return router_error(StatusCode::NOT_FOUND, "NotFound", &message);
    };
    match found.agent {
        // rule: router.never-connected
        Agent::Never => {
            router_error(StatusCode::SERVICE_UNAVAILABLE, "ClusterUnavailable", "cluster not provisioned")
        }
        // rule: agent-gone.proxy
        Agent::Gone { .. } => {
            let mut response = text(
                StatusCode::INTERNAL_SERVER_ERROR,
                "error trying to reach service: cluster agent disconnected",
            );
            response.delay = between(world, 27, 35);
            response
        }
        Agent::Connected | Agent::Starting => kube::serve(world, call, &access, cluster, rest),
    }
}

/// A wait of so many seconds, somewhere in between.
pub(crate) fn between(world: &mut World, from: u64, to: u64) -> Duration {
    Duration::from_millis(from * 1_000 + world.state.random.below((to - from) * 1_000))
}

/// The local cluster's Kubernetes API, with or without the proxy's prefix.
pub(crate) fn local(world: &mut World, call: &Call<'_>, rest: &[&str]) -> Response {
    let access = call.access(&world.state);
    if let ["apis", "management.cattle.io", _, ..] = rest
        && !OPEN.iter().any(|resource| rest.contains(resource))
        && !access.sees_cluster("local")
    {
        // rule: local.management-closed
        return empty(StatusCode::FORBIDDEN);
    }
    if let Some(refusal) = refusal(&call.caller, rest) {
        return refusal;
    }
    match rest {
        // rule: old.planes
        ["apis", "ext.cattle.io", "v1", ..] if !world.state.age.has_ext => no_page(),
        ["apis", "ext.cattle.io", "v1", rest @ ..] => ext::serve(world, call, &access, rest),
        rest => kube::serve(world, call, &access, "local", rest),
    }
}

// What stays open in `management.cattle.io` for users who may not see the local cluster.
const OPEN: &[&str] = &[
    "clusterproxyconfigs",
    "clusterroletemplatebindings",
    "globalrolebindings",
    "globalroles",
    "podsecurityadmissionconfigurationtemplates",
    "projectroletemplatebindings",
    "projects",
    "users",
];

fn refusal(caller: &Caller, rest: &[&str]) -> Option<Response> {
    match caller {
        Caller::User { .. } => None,
        // rule: local.anonymous-version
        Caller::Anonymous if matches!(rest, ["version"]) => None,
        // rule: local.anonymous
        Caller::Anonymous | Caller::Refused { basic: true } => {
            Some(text(StatusCode::UNAUTHORIZED, "not authorized\n"))
        }
        // rule: local.refused
        Caller::Refused { basic: false } | Caller::ServiceAccount(_) => Some(
            Failure {
                status: StatusCode::UNAUTHORIZED,
                reason: "Unauthorized",
                message: "Unauthorized".to_owned(),
                details: None,
            }
            .answer(),
        ),
    }
}

/// What Kubernetes serves under a path it does not know.
pub(crate) fn no_page() -> Response {
    answer::text(StatusCode::NOT_FOUND, super::route::NO_PAGE)
}
