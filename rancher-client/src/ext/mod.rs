//! Rancher's extension API, `ext.cattle.io/v1`: tokens, kubeconfigs and requests about users, as objects of Kubernetes.

mod activity;
mod discovery;
mod kubeconfig;
mod token;
mod user;

pub use activity::UserActivity;
pub use discovery::ExtResource;
pub(crate) use discovery::Known;
pub use kubeconfig::{Clusters, CreatedKubeconfig, Kubeconfig, Kubeconfigs, NewKubeconfig};
pub use token::{CreatedToken, NewToken, Token, TokenChange, Tokens};
pub use user::{GroupRefresh, PasswordChange, RefreshFor};
pub(crate) use user::{check_password, wrong_current};

use http::{HeaderValue, Method, header};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Route, RouteScope, road};
use crate::transport::{Connection, Request};
use crate::wire::{ClusterId, Object};

/// The API group and its version.
const GROUP: [&str; 3] = ["apis", "ext.cattle.io", "v1"];

/// What objects of the group call it.
const API_VERSION: &str = "ext.cattle.io/v1";

/// The extension API as one user.
///
/// What it offers is found out with the first call, once for a client and its clones. A server that is too old for it, or
/// for a part of it, is `unsupported`, with its version.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::ext::NewToken;
/// use std::time::Duration;
///
/// let ext = client.ext();
/// let hour = NewToken { description: "nightly".into(), ttl: Some(Duration::from_secs(3600)), ..Default::default() };
/// let made = ext.tokens().create(&hour).await?;
/// client.replace_credential(made.credential);
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// A key without a scope, or one scoped to `local` by the road through that cluster (recorded: workflows, "ext selfuser
/// via local proxy"). A key of another cluster does not reach it.
#[derive(Debug, Clone)]
pub struct Ext {
    connection: Connection,
    known: Arc<Known>,
}

impl Ext {
    /// The extension API behind a connection.
    pub fn new(connection: Connection) -> Self {
        Self::knowing(connection, Arc::default())
    }

    /// The same, which shares what was found out.
    pub(crate) fn knowing(connection: Connection, known: Arc<Known>) -> Self {
        Self { connection, known }
    }

    /// The same as another user: what the server offers, it offers to everybody.
    pub(crate) fn through(&self, connection: Connection) -> Self {
        Self { connection, ..self.clone() }
    }

    /// Tokens.
    pub fn tokens(&self) -> Tokens {
        Tokens::new(self.clone())
    }

    /// Kubeconfigs.
    pub fn kubeconfigs(&self) -> Kubeconfigs {
        Kubeconfigs::new(self.clone())
    }

    fn request(
        &self,
        operation: &'static str,
        method: Method,
        plural: &str,
        name: Option<&str>,
    ) -> Result<Request> {
        let segments = GROUP.into_iter().chain([plural]).chain(name);
        Ok(Request::new(operation, method, Route::from_segments(segments)?))
    }

    /// Sends a request about a resource that the server offers.
    async fn send(&self, plural: &'static str, request: Request) -> Result<Value> {
        self.ensure_offered(&request.operation, plural).await?;
        self.ask(request).await
    }

    /// Sends a request by the way that the credential is known to be allowed to take. Where nothing is known of it and it
    /// is not accepted, the road through `local` is tried: what was refused so did nothing, whatever it asks for.
    async fn ask(&self, request: Request) -> Result<Value> {
        let request = self.connection.by_road(request)?;
        let refused = |error: &Error| {
            let kinds = [ErrorKind::OutOfScope, ErrorKind::Undetermined, ErrorKind::TokenRefused];
            kinds.contains(&error.kind())
        };
        let error = match self.connection.json(request.clone()).await {
            Err(error) if refused(&error) && request.route.scope() == &RouteScope::Global => error,
            answer => return answer,
        };
        let Some(route) = ClusterId::new("local").ok().and_then(|local| road(&request.route, &local)) else {
            return Err(error);
        };
        match self.connection.json(Request { route, ..request }).await {
            Err(again) if refused(&again) => Err(error),
            answer => answer,
        }
    }

    /// Creates an object of this kind, once: what may have arrived is not sent again.
    async fn create(
        &self,
        operation: &'static str,
        (kind, plural): (&'static str, &'static str),
        spec: Value,
    ) -> Result<Object> {
        let mut body = serde_json::json!({"apiVersion": API_VERSION, "kind": kind});
        if let (Value::Object(body), false) = (&mut body, spec.is_null()) {
            body.insert("spec".to_owned(), spec);
        }
        let request = self.request(operation, Method::POST, plural, None)?.with_json(&body)?;
        let route = request.route.clone();
        let answer = self.send(plural, request).await?;
        object(answer).map_err(|error| error.with_operation(operation).with_request(&Method::POST, &route))
    }

    /// One object.
    async fn get(&self, operation: &'static str, plural: &'static str, name: &str) -> Result<Object> {
        let request = self.request(operation, Method::GET, plural, Some(name))?;
        object(self.send(plural, request).await?).map_err(|error| error.with_operation(operation))
    }

    /// All objects that the user may see.
    async fn list(&self, operation: &'static str, plural: &'static str) -> Result<Vec<Object>> {
        let mut all = Vec::new();
        let mut more: Option<String> = None;
        let mut seen = HashSet::new();
        loop {
            let mut request = self.request(operation, Method::GET, plural, None)?;
            if let Some(token) = &more {
                request.route = request.route.with_query("continue", token);
            }
            let mut answer = self.send(plural, request).await?;
            let next = answer.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default();
            let next = Some(next.to_owned()).filter(|next| !next.is_empty());
            let Some(Value::Array(items)) = answer.get_mut("items").map(Value::take) else {
                return Err(no_object("a list").with_operation(operation));
            };
            for item in items {
                all.push(object(item).map_err(|error| error.with_operation(operation))?);
            }
            let Some(next) = next else { return Ok(all) };
            if !seen.insert(next.clone()) {
                return Err(Error::new(
                    ErrorKind::Decode,
                    "the pages of the list lead in a circle",
                    "ask again; what was read is not the whole list",
                )
                .with_operation(operation));
            }
            more = Some(next);
        }
    }

    /// Changes fields of an object by a merge patch, which may arrive twice (recorded: workflows, "ext token disable").
    async fn patch(
        &self,
        operation: &'static str,
        plural: &'static str,
        name: &str,
        patch: &Value,
    ) -> Result<Object> {
        let mut request = self.request(operation, Method::PATCH, plural, Some(name))?.with_json(patch)?;
        let merge = HeaderValue::from_static("application/merge-patch+json");
        request.headers.insert(header::CONTENT_TYPE, merge);
        request.idempotent = true;
        object(self.send(plural, request).await?).map_err(|error| error.with_operation(operation))
    }

    /// Deletes an object. The answer holds it once more, a hash of its secret included, and is not kept (recorded:
    /// workflows, "ext token delete").
    async fn delete(&self, operation: &'static str, plural: &'static str, name: &str) -> Result<()> {
        let request = self.request(operation, Method::DELETE, plural, Some(name))?;
        self.send(plural, request).await.map(drop)
    }
}

fn no_object(what: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the answer is not {what} of ext.cattle.io"),
        "something between here and Rancher may have changed it; look before it is sent again",
    )
}

fn object(value: Value) -> Result<Object> {
    Object::try_from(value).map_err(|_| no_object("an object"))
}

/// The text at a JSON pointer, where there is one.
fn text(object: &Object, pointer: &str) -> Option<String> {
    object.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The moment at a JSON pointer.
fn moment(object: &Object, pointer: &str) -> Option<Timestamp> {
    object.pointer(pointer)?.as_str()?.parse().ok()
}

/// The texts in a list at a JSON pointer.
fn texts(object: &Object, pointer: &str) -> Vec<String> {
    let list = object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The same object without these fields of its status, which are secrets or hashes of them.
fn without(mut object: Object, secrets: &[&str]) -> Object {
    if let Some(Value::Object(status)) = object.pointer_mut("/status") {
        status.retain(|field, _| !secrets.contains(&field.as_str()));
    }
    object
}

#[cfg(test)]
mod tests;
