//! Who am I, and what may I do: the self-review APIs of Kubernetes, which a scoped key can use.

use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use super::{ClusterProxy, built_in};
use crate::error::{Error, ErrorKind, Result};

/// Who the cluster takes the caller for.
///
/// Recorded (matrix, `selfsubjectreviews`): the user name is Rancher's user id, the groups those of Rancher, and
/// `extra` holds the principal and the token's name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct WhoAmI {
    /// Rancher's id of the user, `u-xxxxx`.
    pub user: String,
    /// The name that the user logs in with, where the server tells.
    pub username: Option<String>,
    /// The principals of the user, `local://u-xxxxx`.
    pub principals: Vec<String>,
    /// The groups.
    pub groups: Vec<String>,
    /// The name of the token that was used, where the server tells.
    pub token: Option<String>,
}

impl WhoAmI {
    /// Where the question is put, below the cluster's root.
    pub(crate) const PATH: [&str; 4] = ["apis", "authentication.k8s.io", "v1", "selfsubjectreviews"];

    /// The question.
    pub(crate) fn question() -> Value {
        json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
    }

    /// Reads the answer to a SelfSubjectReview.
    pub(crate) fn read(answer: &Value) -> Self {
        let info = answer.pointer("/status/userInfo").cloned().unwrap_or_default();
        let list = |value: Option<&Value>| -> Vec<String> {
            value
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        };
        let extra: BTreeMap<String, Vec<String>> = info
            .get("extra")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.clone(), list(Some(value))))
            .collect();
        let first = |key: &str| extra.get(key).and_then(|values| values.first()).cloned();
        Self {
            user: info.get("username").and_then(Value::as_str).unwrap_or_default().to_owned(),
            username: first("username"),
            principals: extra.get("principalid").cloned().unwrap_or_default(),
            groups: list(info.get("groups")),
            token: first("requesttokenid"),
        }
    }
}

/// A question about a right.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub struct CanI {
    /// `get`, `list`, `create`, …
    pub verb: String,
    /// The API group; empty for the core group, and for what every Kubernetes has: `deployments` are those of `apps`.
    pub group: String,
    /// The plural name of the resource. What every Kubernetes has is known by its other names, too: `pod`, `deploy`.
    pub resource: String,
    /// A subresource, `log`.
    pub subresource: String,
    /// The namespace; empty means the whole cluster.
    pub namespace: String,
    /// The name of one object; empty means all. Rancher gives the owners of a project rights on its namespaces by
    /// their names.
    pub name: String,
}

impl CanI {
    /// A question about the whole cluster, and about the core group or what every Kubernetes has.
    pub fn new(verb: &str, resource: &str) -> Self {
        Self { verb: verb.to_owned(), resource: resource.to_owned(), ..Self::default() }
    }

    /// The same question about one namespace.
    #[must_use]
    pub fn within(mut self, namespace: &str) -> Self {
        self.namespace = namespace.to_owned();
        self
    }

    /// The same question about the object of this name alone. Of one namespace, both are to be said:
    /// `CanI::new("delete", "namespaces").within("shop-web").named("shop-web")`.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = name.to_owned();
        self
    }

    /// The same question about a resource of this API group, `apps`.
    #[must_use]
    pub fn in_group(mut self, group: &str) -> Self {
        self.group = group.to_owned();
        self
    }

    /// The same question about a subresource, `log`.
    #[must_use]
    pub fn subresource(mut self, subresource: &str) -> Self {
        self.subresource = subresource.to_owned();
        self
    }
}

impl CanI {
    /// Where the question is put, below the cluster's root.
    pub(crate) const PATH: [&str; 4] = ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"];

    /// The question in the words of a SelfSubjectAccessReview.
    pub(crate) fn question(&self) -> Value {
        json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": self.attributes()},
        })
    }

    fn attributes(&self) -> Value {
        // who may create deployments is told no where the group is not said: the core group has none
        let (group, resource) = match built_in::named(&self.group, &self.resource) {
            Some(known) => (known.0, known.2),
            None => (&*self.group, &*self.resource),
        };
        let fields = [
            ("verb", &*self.verb),
            ("group", group),
            ("resource", resource),
            ("subresource", &self.subresource),
            ("namespace", &self.namespace),
            ("name", &self.name),
        ];
        let filled = fields.into_iter().filter(|(_, value)| !value.is_empty());
        filled
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }
}

impl FromStr for CanI {
    type Err = Error;

    /// Reads `VERB:RESOURCE`, where the resource is `pods`, `deployments.apps` or `pods/log`.
    fn from_str(text: &str) -> Result<Self> {
        let wrong = |problem: &str| {
            let shown: String = text.chars().take(60).collect();
            Error::config(
                format!("{shown:?} is no question about a right: {problem}"),
                "write it like get:pods, create:deployments.apps, get:pods/log",
            )
        };
        let (verb, resource) = text.split_once(':').ok_or_else(|| wrong("the colon is missing"))?;
        let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
        let (resource, group) = resource.split_once('.').unwrap_or((resource, ""));
        let word = |text: &str| {
            text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.*".contains(&b))
        };
        if verb.is_empty() || resource.is_empty() {
            return Err(wrong("the verb or the resource is empty"));
        }
        if ![verb, resource, group, subresource].into_iter().all(word) {
            return Err(wrong("only lower-case letters, digits, hyphens, dots and * may stand in it"));
        }
        Ok(Self {
            verb: verb.to_owned(),
            group: group.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            ..Self::default()
        })
    }
}

impl fmt::Display for CanI {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(f, ".{}", self.group)?;
        }
        if !self.subresource.is_empty() {
            write!(f, "/{}", self.subresource)?;
        }
        Ok(())
    }
}

/// The answer to a [`CanI`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// Whether it is allowed. Quotas and admission can still deny it.
    pub allowed: bool,
    /// The server's reason, if it gave one, and what kept it from looking at everything.
    pub reason: Option<String>,
}

impl ClusterProxy {
    /// Who the cluster takes the caller for, by a SelfSubjectReview. Works with a key scoped to the cluster.
    ///
    /// # Errors
    /// Those of `Connection::json`; `unsupported` on Kubernetes before 1.28; `not_rancher` if no user is named.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn whoami(&self) -> Result<WhoAmI> {
        let request =
            self.request("cluster.whoami", Method::POST, &WhoAmI::PATH)?.with_json(&WhoAmI::question())?;
        let answer = self.send(request).await.map_err(|error| match error.kind() {
            ErrorKind::NotFound
                if !error.no_such_cluster()
                    && error.http().is_some_and(|http| http.accepted == Some(true)) =>
            {
                Error::new(
                    ErrorKind::Unsupported,
                    "this cluster has no SelfSubjectReview",
                    "it needs Kubernetes 1.28 or later",
                )
                .with_source(error)
            }
            _ => error,
        })?;
        let whoami = WhoAmI::read(&answer);
        match whoami.user.is_empty() {
            false => Ok(whoami),
            true => Err(Error::new(
                ErrorKind::NotRancher,
                "the answer to the review names no user",
                "check the URL",
            )),
        }
    }

    /// Whether the caller may do something, by a SelfSubjectAccessReview. Works with a key scoped to the cluster.
    ///
    /// # Errors
    /// Those of `Connection::json`. A question that is denied is an `Ok` with `allowed: false`.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn can_i(&self, question: &CanI) -> Result<Permission> {
        let request =
            self.request("cluster.can_i", Method::POST, &CanI::PATH)?.with_json(&question.question())?;
        let answer = self.send(request).await?;
        let Some(allowed) = answer.pointer("/status/allowed").and_then(Value::as_bool) else {
            return Err(Error::new(
                ErrorKind::NotRancher,
                "the answer to the review does not say allowed or not",
                "check the URL",
            ));
        };
        // where not everything could be looked at, a no may be none
        let said = ["/status/reason", "/status/evaluationError"].map(|part| answer.pointer(part)?.as_str());
        let reason =
            said.into_iter().flatten().filter(|text| !text.is_empty()).collect::<Vec<_>>().join("; ");
        Ok(Permission { allowed, reason: Some(reason).filter(|reason| !reason.is_empty()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_kubernetes_has_is_asked_for_by_its_group() {
        for (text, group, resource) in [
            ("create:deployments", "apps", "deployments"),
            ("create:deploy", "apps", "deployments"),
            ("get:ingress.networking.k8s.io", "networking.k8s.io", "ingresses"),
            ("get:pod", "", "pods"),
            ("get:pods", "", "pods"),
            ("get:events.events.k8s.io", "events.k8s.io", "events"),
            ("get:widgets", "", "widgets"),
            ("get:deployments.example.com", "example.com", "deployments"),
            ("*:*", "", "*"),
        ] {
            let question = text.parse::<CanI>().unwrap();
            let asked = question.question();
            let part = |name: &str| asked["spec"]["resourceAttributes"][name].as_str().unwrap_or_default();
            assert_eq!((part("group"), part("resource")), (group, resource), "{text}");
            assert_eq!(question.to_string(), text);
        }
    }

    #[test]
    fn questions_are_read() {
        let table = [
            ("get:pods", "get", "", "pods", ""),
            ("create:deployments.apps", "create", "apps", "deployments", ""),
            ("get:pods/log", "get", "", "pods", "log"),
            ("*:*", "*", "", "*", ""),
            ("list:clusters.management.cattle.io", "list", "management.cattle.io", "clusters", ""),
        ];
        for (text, verb, group, resource, subresource) in table {
            let question: CanI = text.parse().unwrap();
            assert_eq!(
                (&*question.verb, &*question.group, &*question.resource, &*question.subresource),
                (verb, group, resource, subresource)
            );
            assert_eq!(question.to_string(), text);
        }
        assert_eq!(
            CanI::new("create", "deployments").in_group("apps"),
            "create:deployments.apps".parse().unwrap()
        );
        assert_eq!(CanI::new("get", "pods").subresource("log"), "get:pods/log".parse().unwrap());
        for bad in ["pods", ":pods", "get:", "get:Pods", "get pods:x", "get:pods?x"] {
            assert!(bad.parse::<CanI>().is_err(), "{bad}");
        }
    }
}
