//! The whole call within one span of time: every attempt, every wait, and the body.

use futures_util::stream;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

use super::{Body, BoxFuture, Patience, Request, Response, Transport};
use crate::error::{Error, ErrorKind, Result};

/// When a call must be over, and how long that was from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// The instant.
    pub(crate) at: Instant,
    /// The span that the caller gave.
    pub(crate) span: Duration,
}

impl Due {
    /// The time that is left.
    pub(crate) fn left(self) -> Duration {
        self.at.saturating_duration_since(Instant::now())
    }

    /// The error of a call that is not over by then.
    pub(crate) fn exceeded(self) -> Error {
        Error::new(
            ErrorKind::Timeout,
            format!("the call was not over within {:?}", self.span),
            "ask for less at a time, or allow more time (timeout)",
        )
        .with_retry(true, None)
    }
}

/// Ends a call that takes too long, wherever it hangs.
///
/// The span covers the body too, as far as it is read after the answer came. A stream has no deadline.
#[derive(Debug)]
pub(crate) struct Deadline {
    inner: Arc<dyn Transport>,
    call: Duration,
}

impl Deadline {
    /// `call` is the span where the caller says nothing else ([`crate::config::Timeouts::call`]).
    pub(crate) fn new(inner: Arc<dyn Transport>, call: Duration) -> Self {
        Self { inner, call }
    }

    /// A span too long to be reckoned with is none.
    fn due(&self, request: &Request) -> Option<Due> {
        let span = match request.patience {
            Patience::Configured => self.call,
            Patience::AtMost(span) => span,
            Patience::Stream => return request.due,
        };
        let own = Instant::now().checked_add(span).map(|at| Due { at, span });
        match (own, request.due) {
            (Some(own), Some(outer)) if outer.at < own.at => Some(outer),
            (None, outer) => outer,
            (own, _) => own,
        }
    }
}

impl Transport for Deadline {
    fn send(&self, mut request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let Some(due) = self.due(&request) else { return self.inner.send(request).await };
            request.due = Some(due);
            let answer = timeout_at(due.at, self.inner.send(request)).await;
            let mut response = answer.unwrap_or_else(|_| Err(due.exceeded()))?;
            response.body = cut(response.body, due);
            Ok(response)
        })
    }
}

/// The same body, which fails at the deadline. What is under it is dropped then, which closes the connection.
fn cut(body: Body, due: Due) -> Body {
    Body::from_stream(stream::unfold(Some(body), move |body| async move {
        let mut body = body?;
        match timeout_at(due.at, body.next()).await {
            Ok(None) => None,
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some(body))),
            Ok(Some(Err(error))) => Some((Err(error), None)),
            Err(_) => Some((Err(due.exceeded()), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, dripping, request, response};
    use super::*;
    use http::Method;

    const CALL: Duration = Duration::from_secs(120);
    const SECOND: Duration = Duration::from_secs(1);

    async fn send(mock: &Mock, patience: Patience) -> Result<Response> {
        let layer = Deadline::new(Arc::new(mock.clone()), CALL);
        layer.send(Request { patience, ..request(Method::GET, "/v3/clusters") }).await
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_an_answer_ends_at_the_deadline() {
        for (patience, span) in [(Patience::Configured, CALL), (Patience::AtMost(SECOND), SECOND)] {
            let start = Instant::now();
            let error = send(&Mock::silent(), patience).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(error.summary().contains(&format!("{span:?}")), "{error}");
            assert!(start.elapsed() >= span && start.elapsed() < span + SECOND);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_body_counts_too() {
        let mock = Mock::new(|_| async { Ok(dripping(&["a", "b", "c", "d"], SECOND)) });
        let mut body = send(&mock, Patience::AtMost(SECOND * 5 / 2)).await.unwrap().body;
        assert_eq!(body.next().await.unwrap().unwrap(), "a");
        assert_eq!(body.next().await.unwrap().unwrap(), "b");
        assert_eq!(body.next().await.unwrap().unwrap_err().kind(), ErrorKind::Timeout);
        assert!(body.next().await.is_none());
        let whole = send(&mock, Patience::Configured).await.unwrap().body.read(10).await;
        assert_eq!(whole.unwrap(), "abcd");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_has_none() {
        let mock = Mock::new(|_| async { Ok(dripping(&["a", "b"], CALL * 10)) });
        let body = send(&mock, Patience::Stream).await.unwrap().body;
        assert_eq!(body.read(10).await.unwrap(), "ab");
        assert_eq!(mock.calls()[0].due, None);
    }

    #[tokio::test(start_paused = true)]
    async fn the_layers_under_it_know_when() {
        let mock = Mock::new(|_| async { Ok(response(200, "")) });
        send(&mock, Patience::AtMost(SECOND)).await.unwrap();
        assert_eq!(mock.calls()[0].due, Some(Due { at: Instant::now() + SECOND, span: SECOND }));
        // a span that no clock can hold is no deadline
        send(&mock, Patience::AtMost(Duration::MAX)).await.unwrap();
        assert_eq!(mock.calls()[1].due, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_broken_body_ends_the_stream() {
        let mock = Mock::new(|_| async {
            let broken = Err(Error::new(ErrorKind::Connect, "broken", ""));
            let body = Body::from_stream(stream::iter([Ok("a".into()), broken, Ok("never".into())]));
            Ok(Response { body, ..response(200, "") })
        });
        let mut body = send(&mock, Patience::Configured).await.unwrap().body;
        assert!(body.next().await.unwrap().is_ok());
        assert_eq!(body.next().await.unwrap().unwrap_err().kind(), ErrorKind::Connect);
        assert!(body.next().await.is_none());
    }
}
