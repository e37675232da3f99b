//! A Kubernetes API: discovery, reviews, and objects that are kept as they were sent.

mod admission;
pub(crate) mod agent;
mod apply;
mod controllers;
mod defaults;
mod discovery;
mod exec;
mod finalizers;
mod logs;
mod nodes;
mod objects;
mod pages;
mod patch;
pub(crate) mod resources;
mod reviews;
mod rollouts;
mod security;
pub(crate) mod select;
mod sub;
mod tables;
mod views;

pub(crate) use exec::Attached;
pub(crate) use logs::{Followed, Log, Source};
pub(crate) use objects::render;
pub(crate) use resources::NAMESPACES;
pub(crate) use select::Selector;
pub(crate) use views::{age, items, viewed};

use super::World;
use super::answer::{self, Failure};
use super::auth::Caller;
use super::call::Call;
use super::proxy::no_page;
use super::rights::{Access, Ask};
use super::state::State;
use crate::Response;
use http::{Method, StatusCode};
use resources::{RESOURCES, Resource};
use serde_json::{Value, json};

/// What a path below a Kubernetes API names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) group: &'a str,
    pub(crate) plural: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) sub: &'a str,
}

impl<'a> Target<'a> {
    /// Reads what follows the group and version.
    fn read(group: &'a str, rest: &[&'a str]) -> Self {
        let of = |plural, namespace, name, sub| Self { group, plural, namespace, name, sub };
        match *rest {
            ["namespaces", name] => of("namespaces", name, name, ""),
            ["namespaces", name, sub @ ("status" | "finalize")] => of("namespaces", name, name, sub),
            ["namespaces", namespace, plural] => of(plural, namespace, "", ""),
            ["namespaces", namespace, plural, name] => of(plural, namespace, name, ""),
            ["namespaces", namespace, plural, name, sub, ..] => of(plural, namespace, name, sub),
            [plural] => of(plural, "", "", ""),
            [plural, name] => of(plural, "", name, ""),
            [plural, name, sub, ..] => of(plural, "", name, sub),
            [] => of("", "", "", ""),
        }
    }

    /// How the error details name it.
    pub(crate) fn details(&self) -> Value {
        let mut details = json!({"kind": self.plural});
        if let Some(details) = details.as_object_mut() {
            if !self.group.is_empty() {
                details.insert("group".to_owned(), json!(self.group));
            }
            if !self.name.is_empty() {
                details.insert("name".to_owned(), json!(self.name));
            }
        }
        details
    }

    fn failure(&self, status: StatusCode, reason: &'static str, message: String) -> Response {
        Failure { status, reason, message, details: Some(self.details()) }.answer()
    }

    pub(crate) fn not_found(&self, resource: &Resource) -> Response {
        let message = format!("{} \"{}\" not found", resource.full(), self.name);
        self.failure(StatusCode::NOT_FOUND, "NotFound", message)
    }
}

/// Who asks Kubernetes: a user of Rancher, or a service account of the cluster.
pub(crate) enum Subject<'a> {
    User(&'a Access),
    Account { namespace: &'a str, account: &'a str },
}

impl Subject<'_> {
    fn name(&self) -> String {
        match self {
            Self::User(access) => access.user.clone(),
            Self::Account { namespace, account } => format!("system:serviceaccount:{namespace}:{account}"),
        }
    }

    // rule: kube.service-account-no-rights
    fn allowed(&self, state: &State, cluster: &str, ask: &Ask<'_>) -> Option<String> {
        match self {
            Self::User(access) => access.in_kubernetes(state, cluster, ask),
            Self::Account { .. } => None,
        }
    }
}

/// A call to the Kubernetes API of `cluster`.
pub(crate) fn serve(
    world: &mut World,
    call: &Call<'_>,
    access: &Access,
    cluster: &str,
    rest: &[&str],
) -> Response {
    let subject = match &call.caller {
        Caller::ServiceAccount(token) => {
            Subject::Account { namespace: &token.namespace, account: &token.account }
        }
        _ => Subject::User(access),
    };
    let (group, version, rest) = match rest {
        // rule: kube.discovery-for-all
        [] => {
            return answer::json(StatusCode::OK, &json!({"paths": ["/api", "/api/v1", "/apis", "/version"]}));
        }
        ["version"] => return answer::json(StatusCode::OK, &version_info()),
        ["api"] => return answer::json(StatusCode::OK, &discovery::core()),
        ["apis"] => return answer::json(StatusCode::OK, &discovery::groups(call)),
        ["apis", group] => return discovery::group(group),
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return no_page(),
    };
    let target = Target::read(group, rest);
    if target.plural.is_empty() {
        return discovery::version(group, version);
    }
    match (call.method, group, target.plural) {
        (&Method::POST, "authorization.k8s.io", "selfsubjectaccessreviews") => {
            return reviews::access(world, call, &subject, cluster);
        }
        (&Method::POST, "authentication.k8s.io", "selfsubjectreviews") => {
            return reviews::identity(world, call, &subject);
        }
        (&Method::POST, "authorization.k8s.io", "selfsubjectrulesreviews") => {
            return reviews::rules(world, call, &subject, cluster);
        }
        _ => {}
    }
    let Some(verb) = verb(call.method, &target) else {
        let message = "the server does not allow this method on the requested resource".to_owned();
        return target.failure(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
    };
    let verb = if verb == "list" && watches(call) { "watch" } else { verb };
    let full = if target.sub.is_empty() {
        target.plural.to_owned()
    } else {
        format!("{}/{}", target.plural, target.sub)
    };
    let ask = Ask { verb, group, resource: &full, namespace: target.namespace, name: target.name };
    // rule: kube.namespace-in-itself
    // rule: kube.forbidden-before-missing
    if subject.allowed(&world.state, cluster, &ask).is_none() {
        return target.failure(StatusCode::FORBIDDEN, "Forbidden", ask.refusal(&subject.name()));
    }
    let Some(resource) = resources::find(group, version, target.plural) else {
        return if RESOURCES.iter().any(|resource| resource.group == group) {
            let message = "the server could not find the requested resource".to_owned();
            target.failure(StatusCode::NOT_FOUND, "NotFound", message)
        } else {
            // rule: kube.unknown-group
            no_page()
        };
    };
    // rule: kube.no-namespace-above
    if !resource.namespaced && !target.namespace.is_empty() && target.plural != "namespaces" {
        let message = "the server could not find the requested resource".to_owned();
        return target.failure(StatusCode::NOT_FOUND, "NotFound", message);
    }
    objects::serve(world, call, cluster, resource, &target, verb)
}

/// The log of a pod, for whoever may read it otherwise.
pub(crate) fn pod_log(
    world: &mut World,
    call: &Call<'_>,
    cluster: &str,
    key: &super::state::ObjectKey,
    pod: &super::state::Object,
) -> Response {
    let target = Target { group: "", plural: "pods", namespace: &key.1, name: &key.2, sub: "log" };
    logs::serve(world, call, cluster, &target, key, pod)
}

impl World {
    /// A body with the defaults of its kind.
    pub(crate) fn filled(
        &self,
        resource: &Resource,
        name: &str,
        mut body: serde_json::Map<String, Value>,
    ) -> serde_json::Map<String, Value> {
        defaults::fill(resource, name, &mut body);
        body
    }
}

fn verb(method: &Method, target: &Target<'_>) -> Option<&'static str> {
    Some(match (method, target.name.is_empty()) {
        (&Method::GET, true) => "list",
        (&Method::GET, false) => "get",
        (&Method::POST, true) => "create",
        (&Method::POST, false) if !target.sub.is_empty() => "create",
        (&Method::PUT, false) => "update",
        (&Method::PATCH, false) => "patch",
        (&Method::DELETE, false) => "delete",
        (&Method::DELETE, true) => "deletecollection",
        _ => return None,
    })
}

/// Whether a list shall go on.
fn watches(call: &Call<'_>) -> bool {
    call.query.first("watch").is_some_and(|watch| watch == "true" || watch == "1")
}

fn version_info() -> Value {
    json!({
        "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35", "gitVersion": "v1.36.3",
        "gitCommit": "$Format:%H$", "gitTreeState": "", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "go1.26.8", "compiler": "gc", "platform": "linux/amd64",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_targets() {
        let read = |rest: &[&'static str]| {
            let target = Target::read("", rest);
            (target.plural, target.namespace, target.name, target.sub)
        };
        assert_eq!(read(&["namespaces"]), ("namespaces", "", "", ""));
        assert_eq!(read(&["namespaces", "a"]), ("namespaces", "a", "a", ""), "rights are looked up inside");
        assert_eq!(read(&["namespaces", "a", "pods"]), ("pods", "a", "", ""));
        assert_eq!(read(&["namespaces", "a", "pods", "p", "log"]), ("pods", "a", "p", "log"));
        assert_eq!(read(&["nodes", "n"]), ("nodes", "", "n", ""));
    }

    #[test]
    fn methods_become_verbs() {
        let named = Target::read("", &["namespaces", "a", "pods", "p"]);
        let all = Target::read("", &["namespaces", "a", "pods"]);
        assert_eq!(verb(&Method::GET, &all), Some("list"));
        assert_eq!(verb(&Method::DELETE, &all), Some("deletecollection"));
        assert_eq!(verb(&Method::PATCH, &named), Some("patch"));
        assert_eq!(verb(&Method::POST, &named), None);
    }
}
