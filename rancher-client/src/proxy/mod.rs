//! Kubernetes through Rancher's cluster proxy, `/k8s/clusters/{id}`.

mod review;

pub use review::{CanI, Permission, WhoAmI};

use http::Method;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::paging::circle;
use crate::scope::Route;
use crate::transport::{Connection, Request};
use crate::wire::ClusterId;

/// No collection has so many pages; the server leads in a circle.
const MOST_PAGES: usize = 10_000;

/// As many objects as kubectl reads at a time.
const AT_A_TIME: u32 = 500;

/// One cluster's Kubernetes API as one user.
///
/// # Scope
/// A key without a scope, or a key scoped to this cluster.
#[derive(Debug, Clone)]
pub struct ClusterProxy {
    connection: Connection,
    id: ClusterId,
}

/// Where objects of one kind are: `pods` in a namespace, `deployments` of the group `apps`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resource<'a> {
    /// The API group; empty for the core group.
    pub group: &'a str,
    /// The version; `v1` if empty.
    pub version: &'a str,
    /// The plural name: `pods`, `deployments`.
    pub plural: &'a str,
    /// The namespace; empty for all of them, and for what belongs to none.
    pub namespace: &'a str,
}

impl<'a> Resource<'a> {
    /// A resource of the core group.
    pub fn core(plural: &'a str) -> Self {
        Self { plural, ..Self::default() }
    }

    /// A resource of another group, `Resource::of("apps", "v1", "deployments")`.
    pub fn of(group: &'a str, version: &'a str, plural: &'a str) -> Self {
        Self { group, version, plural, namespace: "" }
    }

    /// The same within a namespace.
    #[must_use]
    pub fn within(self, namespace: &'a str) -> Self {
        Self { namespace, ..self }
    }

    fn segments(self) -> Vec<&'a str> {
        let version = if self.version.is_empty() { "v1" } else { self.version };
        let mut segments =
            if self.group.is_empty() { vec!["api", version] } else { vec!["apis", self.group, version] };
        if !self.namespace.is_empty() {
            segments.extend(["namespaces", self.namespace]);
        }
        segments.push(self.plural);
        segments
    }
}

impl ClusterProxy {
    /// A cluster behind a connection.
    pub fn new(connection: Connection, id: ClusterId) -> Self {
        Self { connection, id }
    }

    /// The id of the cluster.
    pub fn id(&self) -> &ClusterId {
        &self.id
    }

    fn request(&self, operation: &'static str, method: Method, segments: &[&str]) -> Result<Request> {
        let all = ["k8s", "clusters", self.id.as_str()].into_iter().chain(segments.iter().copied());
        Ok(Request::new(operation, method, Route::from_segments(all)?))
    }

    async fn send(&self, mut request: Request) -> Result<Value> {
        request.route = self.connection.road_for(request.route)?;
        self.connection.json(request).await
    }

    /// All objects of a resource, read 500 at a time.
    ///
    /// # Errors
    /// Those of [`ClusterProxy::page`]. Nothing is returned of a list that broke off: a 410 in the middle means that
    /// it took so long that the server forgot its state, and it must be listed again.
    pub async fn list(&self, resource: Resource<'_>) -> Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut page = self.page(resource, AT_A_TIME, token.as_deref()).await?;
            all.append(&mut objects(&mut page, "items")?);
            let next =
                page.pointer("/metadata/continue").and_then(Value::as_str).filter(|next| !next.is_empty());
            match next {
                None => return Ok(all),
                Some(next) if token.as_deref() == Some(next) => {
                    return Err(circle("a page calls itself the next"));
                }
                Some(next) => token = Some(next.to_owned()),
            }
        }
        Err(circle(&format!("it has more than {MOST_PAGES} pages")))
    }

    /// One page of a list, as the server sends it: `items` holds at most `limit` objects (all if that is 0), and
    /// `metadata.continue`, if it is there and not empty, is the `continue_token` of the next page.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `cluster_unavailable` within seconds if the cluster's agent is gone; status 410
    /// if `continue_token` is too old.
    pub async fn page(
        &self,
        resource: Resource<'_>,
        limit: u32,
        continue_token: Option<&str>,
    ) -> Result<Value> {
        let mut request = self.request("cluster.list", Method::GET, &resource.segments())?;
        if limit > 0 {
            request.route = request.route.with_query("limit", &limit.to_string());
        }
        if let Some(token) = continue_token {
            request.route = request.route.with_query("continue", token);
        }
        self.send(request).await
    }

    /// One object.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    pub async fn get(&self, resource: Resource<'_>, name: &str) -> Result<Value> {
        let mut segments = resource.segments();
        segments.push(name);
        self.send(self.request("cluster.get", Method::GET, &segments)?).await
    }

    /// Creates an object and returns it as the server made it. It is not sent twice.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `forbidden` with the reason `quota`, `pod_security` or `admission` is no
    /// missing right.
    pub async fn create(&self, resource: Resource<'_>, object: &Value) -> Result<Value> {
        self.send(self.request("cluster.create", Method::POST, &resource.segments())?.with_json(object)?)
            .await
    }

    /// Deletes an object and returns the server's answer: its last state, or a `Status`.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    pub async fn delete(&self, resource: Resource<'_>, name: &str) -> Result<Value> {
        if name.is_empty() {
            // without a name this would be a request to delete them all
            return Err(Error::new(
                ErrorKind::Invalid,
                "the name of the object to delete is empty",
                "give its name",
            ));
        }
        let mut segments = resource.segments();
        segments.push(name);
        self.send(self.request("cluster.delete", Method::DELETE, &segments)?).await
    }

    /// The version of the cluster's API server, `v1.36.3`.
    ///
    /// # Errors
    /// Those of [`Connection::json`]. On `local`, this is answered without any credential: it proves nothing.
    pub async fn version(&self) -> Result<String> {
        let version = self.send(self.request("cluster.version", Method::GET, &["version"])?).await?;
        let text = version.get("gitVersion").and_then(Value::as_str).map(str::to_owned);
        text.ok_or_else(|| {
            Error::new(ErrorKind::NotRancher, "the cluster's answer holds no gitVersion", "check the URL")
        })
    }
}

/// Takes the objects out of a list.
fn objects(list: &mut Value, field: &'static str) -> Result<Vec<Value>> {
    match list.get_mut(field).map(Value::take) {
        Some(Value::Array(objects)) => Ok(objects),
        // Go writes an empty list like this where it was never filled
        Some(Value::Null) => Ok(Vec::new()),
        _ => Err(Error::new(
            ErrorKind::Decode,
            format!("the answer is no list: it holds no array {field:?}"),
            "check the name of the collection, which is a plural",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::credentials::Credential;
    use crate::transport::mock::{Mock, response, with_header};
    use crate::wire::SystemClock;
    use std::sync::Arc;

    const GONE: &str = r#"{"kind":"Status","status":"Failure","reason":"Expired","code":410,
        "message":"The provided continue parameter is too old"}"#;

    fn cluster(answers: &[(u16, &'static str)]) -> (Mock, ClusterProxy) {
        let answers = answers.iter().map(|(status, body)| {
            Ok(with_header(response(*status, *body), "content-type", "application/json"))
        });
        let mock = Mock::script(answers.collect::<Vec<_>>());
        let mut config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
        config.retry.attempts = 1;
        let connection =
            Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
        (mock, ClusterProxy::new(connection, ClusterId::new("c-prod1").unwrap()))
    }

    #[tokio::test]
    async fn a_list_is_all_of_its_pages() {
        let (mock, cluster) = cluster(&[
            (200, r#"{"metadata":{"continue":"a+b"},"items":[1,2]}"#),
            (200, r#"{"metadata":{"continue":"c"},"items":null}"#),
            (200, r#"{"metadata":{"continue":""},"items":[3]}"#),
        ]);
        let all = cluster.list(Resource::core("pods").within("shop-web")).await.unwrap();
        assert_eq!(all, [1, 2, 3].map(Value::from));
        let asked: Vec<String> = mock.calls().iter().map(|call| call.route.path_and_query()).collect();
        let path = "/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/pods?limit=500";
        assert_eq!(asked, [path.to_owned(), format!("{path}&continue=a%2Bb"), format!("{path}&continue=c")]);
    }

    #[tokio::test]
    async fn a_list_that_breaks_off_is_an_error() {
        let first = (200, r#"{"metadata":{"continue":"a"},"items":[1]}"#);
        for (second, status, kind) in [
            ((410, GONE), Some(410), None),
            ((200, r#"{"metadata":{"continue":"a"},"items":[2]}"#), None, Some(ErrorKind::Decode)),
            ((200, r#"{"metadata":{}}"#), None, Some(ErrorKind::Decode)),
        ] {
            let (mock, cluster) = cluster(&[first, second]);
            let error = cluster.list(Resource::core("pods")).await.unwrap_err();
            assert_eq!((error.status(), mock.count()), (status, 2), "{error}");
            assert!(kind.is_none_or(|kind| kind == error.kind()), "{error:?}");
        }
    }
}
