//! The v3 API ("Norman"): collections and resources as JSON.

use http::Method;
use serde_json::Value;

use crate::error::Result;
use crate::scope::Route;
use crate::transport::{Connection, Request};

/// The v3 API as one user.
///
/// A key that is known to be scoped to a cluster takes the roads that mean the same for it, and calls without one fail
/// before anything is sent.
#[derive(Debug, Clone)]
pub struct V3 {
    connection: Connection,
}

impl V3 {
    /// The v3 API behind a connection.
    pub fn new(connection: Connection) -> Self {
        Self { connection }
    }

    fn request(&self, operation: &'static str, method: Method, segments: &[&str]) -> Result<Request> {
        let route = Route::from_segments(std::iter::once("v3").chain(segments.iter().copied()))?;
        Ok(Request::new(operation, method, route))
    }

    async fn send(&self, mut request: Request) -> Result<Value> {
        request.route = self.connection.road_for(request.route)?;
        self.connection.json(request).await
    }

    /// One page of a collection, as the server sends it: `data` holds the objects, `pagination.next` leads on.
    ///
    /// `collection` is its name, `projects`; `query` are filters and paging, `[("clusterId", "c-prod1")]`. The server
    /// ignores filters that it does not know.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `out_of_scope` before anything is sent if a scoped key has no road to it.
    ///
    /// # Scope
    /// A key without a scope; for `projects`, role bindings and registration tokens of one cluster
    /// (`clusterId=…`), also a key scoped to it.
    pub async fn list(&self, collection: &str, query: &[(&str, &str)]) -> Result<Value> {
        let mut request = self.request("v3.list", Method::GET, &[collection])?;
        for (name, value) in query {
            request.route = request.route.with_query(name, value);
        }
        self.send(request).await
    }

    /// One object.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `not_found` if there is none, `forbidden` if the user may not see it.
    ///
    /// # Scope
    /// A key without a scope; for `clusters`, also a key scoped to that cluster.
    pub async fn get(&self, collection: &str, id: &str) -> Result<Value> {
        self.send(self.request("v3.get", Method::GET, &[collection, id])?).await
    }

    /// Creates an object and returns it as the server made it.
    ///
    /// # Errors
    /// Those of [`Connection::json`]; `invalid` with the field that is wrong. It is not sent twice: after a `timeout`
    /// or a broken connection the object may or may not exist.
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn create(&self, collection: &str, object: &Value) -> Result<Value> {
        self.send(self.request("v3.create", Method::POST, &[collection])?.with_json(object)?).await
    }

    /// Deletes an object. The answer is the object while finalizers still run, `null` when it is gone.
    ///
    /// # Errors
    /// Those of [`Connection::json`].
    ///
    /// # Scope
    /// A key without a scope; for `clusters`, also a key scoped to that cluster.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<Value> {
        self.send(self.request("v3.delete", Method::DELETE, &[collection, id])?).await
    }
}
