//! The front door: path cleaning, then who handles what.

use super::answer::{self, empty};
use super::call::Call;
use super::{World, ext, login, norman, proxy, public, steve};
use crate::Response;
use http::StatusCode;

pub(crate) const NO_PAGE: &str = "404 page not found\n";

/// Sends the call where it belongs. Authentication has happened; authorisation has not.
pub(crate) fn route(world: &mut World, call: &Call<'_>) -> Response {
    if let Some(clean) = redirect(&call.raw_path) {
        return answer::moved(&format!("{clean}{}", call.query.with(&[])));
    }
    let parts = call.parts();
    match parts.as_slice() {
        ["v1", "logout"] => login::logout(world, call),
        ["v1", resource, rest @ ..] if resource.starts_with("ext.cattle.io.kubeconfig") => {
            ext::steve(world, call, rest)
        }
        ["v3", rest @ ..] => norman::serve(world, call, rest),
        ["v1", rest @ ..] => steve::local(world, call, rest),
        ["k8s", "clusters" | "proxy", cluster, rest @ ..] => proxy::serve(world, call, cluster, rest),
        ["api" | "apis" | "version" | "openapi", ..] => proxy::local(world, call, &parts),
        ["v3-public", rest @ ..] => public::v3(world, call, rest),
        ["v1-public", rest @ ..] => public::v1(world, call, rest),
        ["metrics"] => public::metrics(world, call),
        [page @ ("rancherversion" | "ping" | "healthz" | "cacerts")] => public::page(world, page),
        // rule: route.unknown
        _ => answer::text(StatusCode::NOT_FOUND, NO_PAGE),
    }
}

/// Where Go's `ServeMux` would send a path that is not clean, or a subtree named without its slash.
fn redirect(raw: &str) -> Option<String> {
    // rule: route.clean-path
    let clean = clean(raw);
    // rule: route.subtree-slash
    let parts: Vec<&str> = clean.split('/').skip(1).collect();
    let subtree = matches!(
        parts.as_slice(),
        ["v3" | "v3-public" | "v1-public" | "apis"] | ["k8s", "clusters" | "proxy", _]
    ) && parts.last().is_some_and(|last| !last.is_empty());
    let clean = if subtree { format!("{clean}/") } else { clean };
    (clean != raw).then_some(clean)
}

// The escaped path is cleaned: %2F is no slash.
fn clean(raw: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in raw.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    let slash = if raw.ends_with('/') && !kept.is_empty() { "/" } else { "" };
    format!("/{}{slash}", kept.join("/"))
}

/// An answer to a method or plane that this server knows and the simulator does not play.
pub(crate) fn not_simulated(what: &str) -> Response {
    // rule: route.not-simulated
    let mut response = empty(StatusCode::NOT_IMPLEMENTED);
    response.body = format!("the simulator does not play {what}\n").into();
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_as_servemux_does() {
        for (raw, to) in [
            ("/v3", Some("/v3/")),
            ("/v3/", None),
            ("/v3//clusters", Some("/v3/clusters")),
            ("/v3/clusters", None),
            ("/v3/../v1", Some("/v1")),
            ("/k8s/clusters/c-1", Some("/k8s/clusters/c-1/")),
            ("/k8s/clusters/c-1/", None),
            ("/k8s/clusters/c-1/version", None),
            ("/v3/principals/local%3A%2F%2Fu-1", None),
            ("/v1", None),
            ("/", None),
        ] {
            assert_eq!(redirect(raw).as_deref(), to, "{raw}");
        }
    }
}
