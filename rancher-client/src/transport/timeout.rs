//! One attempt: the headers of the answer in time, and a body that does not stall.

use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

use super::{Body, BoxFuture, Patience, Request, Response, Transport};
use crate::config::Timeouts;
use crate::error::{Error, ErrorKind, Result};

/// Ends an attempt whose headers or whose next piece of the body do not come.
///
/// A slow body is fine as long as it moves. The body of a stream may rest for as long as it likes.
#[derive(Debug)]
pub(crate) struct Timeout {
    inner: Arc<dyn Transport>,
    headers: Duration,
    idle: Duration,
}

impl Timeout {
    /// Uses `headers` and `idle` of these.
    pub(crate) fn new(inner: Arc<dyn Transport>, timeouts: &Timeouts) -> Self {
        Self { inner, headers: timeouts.headers, idle: timeouts.idle }
    }
}

impl Transport for Timeout {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let patience = request.patience;
            let answer = timeout(self.headers, self.inner.send(request)).await;
            let mut response = answer.unwrap_or_else(|_| Err(no_headers(self.headers)))?;
            if patience != Patience::Stream {
                response.body = moving(response.body, self.idle);
            }
            Ok(response)
        })
    }
}

fn no_headers(span: Duration) -> Error {
    Error::new(
        ErrorKind::Timeout,
        format!("no headers of an answer came within {span:?}"),
        "try again later, or allow more time for an answer to begin",
    )
    .with_retry(true, None)
}

fn moving(body: Body, idle: Duration) -> Body {
    Body::from_stream(stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout(idle, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Err(_) => {
                let error = Error::new(
                    ErrorKind::Timeout,
                    format!("the body of the answer stalled: nothing came for {idle:?}"),
                    "try again, or allow more time between pieces of a body",
                );
                Some((Err(error.with_retry(true, None)), None))
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, dripping, request, response};
    use super::*;
    use http::Method;
    use tokio::time::{Instant, sleep};

    fn layer(mock: &Mock) -> Timeout {
        Timeout::new(Arc::new(mock.clone()), &Timeouts::default())
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_do_not_come() {
        let start = Instant::now();
        let error = layer(&Mock::silent()).send(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.is_retryable() && !error.nothing_sent());
        assert!(error.summary().contains("headers") && error.summary().contains("40s"), "{error}");
        assert!(start.elapsed() >= Duration::from_secs(40) && start.elapsed() < Duration::from_secs(41));
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_come_late_but_in_time() {
        // recorded: a cluster whose agent is gone answers after up to 35 s
        let mock = Mock::new(|_| async {
            sleep(Duration::from_secs(35)).await;
            Ok(response(500, "error trying to reach service: cluster agent disconnected"))
        });
        let response =
            layer(&mock).send(request(Method::GET, "/k8s/clusters/c-prod1/version")).await.unwrap();
        assert_eq!(response.status, 500);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_body_passes_and_a_stalled_one_does_not() {
        let slow = Mock::new(|_| async { Ok(dripping(&["a", "b", "c"], Duration::from_secs(29))) });
        let body = layer(&slow).send(request(Method::GET, "/v3/clusters")).await.unwrap().body;
        assert_eq!(body.read(10).await.unwrap(), "abc");

        let stalled = Mock::new(|_| async { Ok(dripping(&["a"], Duration::from_secs(31))) });
        let mut body = layer(&stalled).send(request(Method::GET, "/v3/clusters")).await.unwrap().body;
        let error = body.next().await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.summary().contains("stalled") && error.summary().contains("30s"), "{error}");
        assert!(body.next().await.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_may_rest() {
        let mock = Mock::new(|_| async { Ok(dripping(&["a", "b"], Duration::from_secs(3600))) });
        let stream = Request { patience: Patience::Stream, ..request(Method::GET, "/v3/subscribe") };
        let body = layer(&mock).send(stream).await.unwrap().body;
        assert_eq!(body.read(10).await.unwrap(), "ab");
        // its headers may not
        let stream = Request { patience: Patience::Stream, ..request(Method::GET, "/v3/subscribe") };
        assert_eq!(layer(&Mock::silent()).send(stream).await.unwrap_err().kind(), ErrorKind::Timeout);
    }
}
