//! A transport for tests: a closure that answers, with a memory of what it was asked.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::{Body, BoxFuture, Request, Response, Transport};
use crate::error::{Error, ErrorKind, Result};
use crate::scope::{Route, TokenKind};
use crate::wire::Moment;

type Answer = dyn Fn(Request) -> BoxFuture<'static, Result<Response>> + Send + Sync;

/// Answers from a closure. Clones share the memory, so a test keeps one and gives one away.
#[derive(Clone)]
pub(crate) struct Mock {
    answer: Arc<Answer>,
    calls: Arc<Mutex<Vec<Request>>>,
}

impl Mock {
    /// A transport that answers what the closure's future gives.
    pub(crate) fn new<F, O>(answer: F) -> Self
    where
        F: Fn(Request) -> O + Send + Sync + 'static,
        O: Future<Output = Result<Response>> + Send + 'static,
    {
        let answer = move |request| -> BoxFuture<'static, Result<Response>> { Box::pin(answer(request)) };
        Self { answer: Arc::new(answer), calls: Arc::default() }
    }

    /// A transport that answers these, one after the other, and fails the test when asked once more.
    pub(crate) fn script(answers: impl IntoIterator<Item = Result<Response>>) -> Self {
        let answers = Mutex::new(answers.into_iter().collect::<std::collections::VecDeque<_>>());
        Self::new(move |request| {
            let next = answers.lock().unwrap().pop_front();
            async move { next.unwrap_or_else(|| panic!("the script has no answer to {request:?}")) }
        })
    }

    /// A transport that answers everything with this status and text.
    pub(crate) fn always(status: u16, body: &'static str) -> Self {
        Self::new(move |_| async move { Ok(response(status, body)) })
    }

    /// A transport that never answers.
    pub(crate) fn silent() -> Self {
        Self::new(|_| std::future::pending())
    }

    /// What it was asked so far.
    pub(crate) fn calls(&self) -> Vec<Request> {
        self.calls.lock().unwrap().clone()
    }

    /// How many times it was asked so far.
    pub(crate) fn count(&self) -> usize {
        self.calls.lock().unwrap().len()
    }
}

impl Transport for Mock {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        self.calls.lock().unwrap().push(request.clone());
        (self.answer)(request)
    }
}

impl fmt::Debug for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mock")
    }
}

/// An answer with this status and body, as if sent once with a v3 key of generation 0.
pub(crate) fn response(status: u16, body: impl Into<Bytes>) -> Response {
    Response {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: Body::from_bytes(body),
        sent: Moment::default(),
        received: Moment::default(),
        credential: TokenKind::V3,
        generation: 0,
        attempts: 1,
        redirected: None,
        socket: None,
    }
}

/// The same answer with one more header.
pub(crate) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    response.headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    response
}

/// An answer whose body comes in pieces, each so long after the one before it.
pub(crate) fn dripping(pieces: &'static [&'static str], every: Duration) -> Response {
    let stream = futures_util::stream::unfold(pieces.iter(), move |mut rest| async move {
        let piece = rest.next()?;
        tokio::time::sleep(every).await;
        Some((Ok(Bytes::from_static(piece.as_bytes())), rest))
    });
    Response { body: Body::from_stream(stream), ..response(200, "") }
}

/// A request of the operation `test.call`.
pub(crate) fn request(method: Method, path: &str) -> Request {
    Request::new("test.call", method, Route::parse(path).unwrap())
}

/// An error of this kind, with or without hope.
pub(crate) fn failure(kind: ErrorKind, retryable: bool, after: Option<Duration>) -> Error {
    Error::new(kind, "it failed", "").with_retry(retryable, after)
}

#[tokio::test]
async fn the_mock_counts_and_remembers() {
    let mock = Mock::script([Ok(response(200, "one")), Err(failure(ErrorKind::Connect, true, None))]);
    let kept = mock.clone();
    let body = mock.send(request(Method::GET, "/v3/clusters")).await.unwrap().body;
    assert_eq!(body.read(10).await.unwrap(), "one");
    assert_eq!(mock.send(request(Method::POST, "/v3/tokens")).await.unwrap_err().kind(), ErrorKind::Connect);
    assert_eq!((kept.count(), kept.calls()[1].method.clone()), (2, Method::POST));
    let drip = dripping(&["a", "b"], Duration::from_millis(1));
    assert_eq!(drip.body.read(10).await.unwrap(), "ab");
    assert_eq!(Mock::always(404, "").send(request(Method::GET, "/")).await.unwrap().status, 404);
    let silent = Mock::silent();
    let answer = tokio::time::timeout(Duration::from_millis(1), silent.send(request(Method::GET, "/")));
    assert!(answer.await.is_err());
    assert_eq!(with_header(response(200, ""), "x-test", "1").header("x-test"), Some("1"));
}
