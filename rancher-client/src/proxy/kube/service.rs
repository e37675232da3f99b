//! The service under a `kube::Client`: requests go down our own stack, below the path of the cluster.

use bytes::Bytes;
use futures_core::Stream;
use http::header::UPGRADE;
use hyper::body::Frame;
use kube::client::Body as KubeBody;
use std::pin::Pin;
use std::task::{Context, Poll};
use tower_service::Service;

use super::ClusterProxy;
use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{BoxFuture, Connection, Expect, Patience, Request};
use crate::wire::ClusterId;

/// What its requests are called in errors and logs.
pub(super) const OPERATION: &str = "cluster.kube";

/// Sends what kube asks for.
#[derive(Debug, Clone)]
pub(super) struct Through {
    connection: Connection,
    cluster: ClusterId,
}

/// The body of an answer, still under way.
pub(super) struct Answer(Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>);

impl Through {
    pub(super) fn new(cluster: &ClusterProxy) -> Self {
        Self { connection: cluster.connection.clone(), cluster: cluster.id.clone() }
    }

    async fn send(self, asked: http::Request<KubeBody>) -> Result<http::Response<Answer>> {
        let (parts, body) = asked.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let route = Route::parse(&format!("/k8s/clusters/{}{path}", self.cluster))?;
        let mut request = Request::new(OPERATION, parts.method, route);
        let body = body.collect_bytes().await.map_err(|error| {
            Error::invalid("nothing was sent: the body of the request cannot be read", "look at the cause")
                .with_source(error)
        })?;
        request.body = Some(body).filter(|body| !body.is_empty());
        request.expect = expected(&request.route);
        request.patience = patience(&request.route, parts.headers.contains_key(UPGRADE));
        request.headers = parts.headers;
        // what writes is the caller's to send again: a PUT that arrives twice looks like a conflict
        request.idempotent = request.method.is_safe();
        request.raw = true;
        let answer = match self.connection.send(self.connection.by_road(request)?).await {
            Ok(answer) => answer,
            Err(error) => return refusal(error),
        };
        let mut out = http::Response::new(Answer(Box::pin(answer.body.into_stream())));
        *out.status_mut() = answer.status;
        *out.headers_mut() = answer.headers;
        if let Some(upgraded) = answer.upgraded {
            out.extensions_mut().insert(upgraded);
        }
        Ok(out)
    }
}

/// A refusal that is Kubernetes' own goes on to kube as it came. One that is about the credential, or that Kubernetes had
/// no part in, stays our error.
fn refusal(mut error: Error) -> Result<http::Response<Answer>> {
    let of_the_credential = matches!(
        error.kind(),
        ErrorKind::TokenRefused
            | ErrorKind::OutOfScope
            | ErrorKind::Undetermined
            | ErrorKind::Unauthenticated
            | ErrorKind::NotRancher
            | ErrorKind::ClusterUnavailable
    );
    let status = error.http().map(|http| http.status);
    match (status, error.take_answer()) {
        (Some(status), Some(body)) if !of_the_credential => {
            let mut out = http::Response::new(Answer(Box::pin(futures_util::stream::iter([Ok(body)]))));
            *out.status_mut() = status;
            Ok(out)
        }
        _ => Err(error),
    }
}

/// A page is an answer only where a log or a pod's own server may have written it.
fn expected(route: &Route) -> Expect {
    let segments = route.segments();
    match segments.iter().any(|segment| segment == "log" || segment == "proxy") {
        true => Expect::Anything,
        false => Expect::Json,
    }
}

fn patience(route: &Route, upgrade: bool) -> Patience {
    let on = |name: &str| route.query_values(name).iter().any(|value| value == "true" || value == "1");
    if upgrade || on("watch") || on("follow") { Patience::Stream } else { Patience::Configured }
}

impl Service<http::Request<KubeBody>> for Through {
    type Response = http::Response<Answer>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        // whoever must wait waits in the stack, where a place is free as soon as an answer was read
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<KubeBody>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

impl hyper::body::Body for Answer {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Self::Data>>>> {
        self.0.as_mut().poll_next(cx).map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_on_has_no_deadline_and_a_log_may_be_anything() {
        for (path, upgrade, patience_of, expect) in [
            ("/k8s/clusters/c-a/api/v1/pods?&limit=5", false, Patience::Configured, Expect::Json),
            ("/k8s/clusters/c-a/api/v1/pods?&watch=true", false, Patience::Stream, Expect::Json),
            ("/k8s/clusters/c-a/api/v1/pods?&watch=1", false, Patience::Stream, Expect::Json),
            (
                "/k8s/clusters/c-a/api/v1/namespaces/a/pods/b/log?&follow=true",
                false,
                Patience::Stream,
                Expect::Anything,
            ),
            ("/k8s/clusters/c-a/api/v1/namespaces/a/pods/b/exec?", true, Patience::Stream, Expect::Json),
            ("/k8s/clusters/c-a/api/v1/pods?&watch=false", false, Patience::Configured, Expect::Json),
        ] {
            let route = Route::parse(path).unwrap();
            assert_eq!((patience(&route, upgrade), expected(&route)), (patience_of, expect), "{path}");
        }
    }
}
