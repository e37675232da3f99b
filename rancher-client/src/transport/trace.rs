//! One event per call, and the name of the call on its errors.

use futures_util::StreamExt as _;
use http::header::WARNING;
use http::{HeaderMap, Method};
use std::borrow::Cow;
use std::sync::Arc;

use super::{Body, BoxFuture, Request, Response, Socket, Transport};
use crate::error::{Accepted, Error, Result};
use crate::scope::Route;
use crate::wire::{Clock, Moment, redact};

/// What a call is called: enough to name it on an error after the request itself is gone.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    operation: Cow<'static, str>,
    method: Method,
    route: Route,
}

impl Label {
    /// The label of a request.
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            operation: request.operation.clone(),
            method: request.method.clone(),
            route: request.route.clone(),
        }
    }

    /// The error with operation and request on it, where it has none yet.
    pub(crate) fn on(&self, error: Error) -> Error {
        error.with_operation(self.operation.clone()).with_request(&self.method, &self.route)
    }

    /// The body whose errors carry the label.
    pub(crate) fn on_body(self, body: Body) -> Body {
        Body::from_stream(body.into_stream().map(move |piece| piece.map_err(|error| self.on(error))))
    }
}

impl Label {
    /// The socket whose errors carry the label.
    pub(crate) fn on_socket(self, socket: Socket) -> Socket {
        socket.mapping_errors(move |error| self.on(error))
    }
}

/// Tells `tracing` of every call: one INFO event with operation, method, path, status, duration and attempts, one
/// DEBUG event with what is known of the credential, and a WARN event for each warning of the server: a version of an API
/// that goes away, a field that it does not know, a pod that Pod Security would refuse. Other headers, bodies and query
/// values are never told.
#[derive(Debug)]
pub(crate) struct Trace {
    inner: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

impl Trace {
    /// Measures with this clock.
    pub(crate) fn new(inner: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Self { inner, clock }
    }
}

/// Tells of a call that was dropped before it ended.
struct Call<'t> {
    label: Label,
    clock: &'t dyn Clock,
    start: Moment,
    ended: bool,
}

impl Call<'_> {
    fn ms(&self) -> u64 {
        u64::try_from(self.clock.now().since(self.start).as_millis()).unwrap_or(u64::MAX)
    }

    fn answered(&mut self, response: &Response) {
        self.ended = true;
        let Label { operation, method, route } = &self.label;
        tracing::info!(
            %operation, %method, path = %route.shown(), status = response.status.as_u16(), ms = self.ms(),
            attempts = response.attempts, "answered"
        );
        tracing::debug!(
            %operation, accepted = ?response.accepted().said(), unsaid = response.accepted() == Accepted::Unsaid,
            credential = %response.credential, generation = response.generation, scope = %route.scope(),
            redirected = response.redirected.is_some(), "credential"
        );
        for warning in warnings(&response.headers) {
            tracing::warn!(%operation, %method, path = %route.shown(), %warning, "warned");
        }
    }

    fn failed(&mut self, error: &Error) {
        self.ended = true;
        let Label { operation, method, route } = &self.label;
        tracing::info!(
            %operation, %method, path = %route.shown(), status = error.status(), kind = %error.kind(), ms = self.ms(),
            attempts = error.retry().attempts, "failed"
        );
        tracing::debug!(
            %operation, accepted = ?error.http().and_then(|http| http.accepted), scope = %route.scope(),
            retryable = error.is_retryable(), "failure"
        );
    }
}

/// More of them are no help.
const MOST_WARNINGS: usize = 10;

/// The longest text of a warning that is told, in characters.
const LONGEST_WARNING: usize = 300;

/// What the server warns of, `299 - "v1 Endpoints is deprecated"` (RFC 7234), credentials masked.
fn warnings(headers: &HeaderMap) -> Vec<String> {
    let said = headers.get_all(WARNING).iter().filter_map(|value| value.to_str().ok());
    let text = said.filter_map(|value| {
        let (_, text) = value.trim().strip_prefix("299 ")?.split_once(' ')?;
        Some(unquoted(text.trim_start()))
    });
    text.take(MOST_WARNINGS).map(|text| redact(&text).chars().take(LONGEST_WARNING).collect()).collect()
}

/// What stands in quotes at the beginning, or all where there are none.
fn unquoted(text: &str) -> String {
    let Some(quoted) = text.strip_prefix('"') else { return text.to_owned() };
    let (mut inner, mut rest) = (String::new(), quoted.chars());
    while let Some(c) = rest.next() {
        match c {
            '"' => break,
            '\\' => inner.extend(rest.next()),
            c => inner.push(c),
        }
    }
    inner
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.ended {
            let Label { operation, method, route } = &self.label;
            tracing::info!(%operation, %method, path = %route.shown(), ms = self.ms(), "cancelled");
        }
    }
}

impl Transport for Trace {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            let clock = self.clock.as_ref();
            let mut call = Call { label: Label::of(&request), clock, start: clock.now(), ended: false };
            match self.inner.send(request).await {
                Ok(mut response) => {
                    call.answered(&response);
                    response.body = call.label.clone().on_body(response.body);
                    Ok(response)
                }
                Err(error) => {
                    let error = call.label.on(error);
                    call.failed(&error);
                    Err(error)
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::mock::{Mock, failure, request, response, with_header};
    use super::*;
    use crate::error::ErrorKind;
    use crate::wire::SystemClock;
    use bytes::Bytes;
    use std::io::Write;
    use std::sync::Mutex;
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Lines {
        type Writer = Lines;

        fn make_writer(&self) -> Lines {
            self.clone()
        }
    }

    /// What is told at `level` while a request goes through.
    async fn told(level: tracing::Level, mock: &Mock, request: Request) -> (String, Result<Response>) {
        let lines = Lines::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(level)
            .with_ansi(false)
            .with_writer(lines.clone())
            .finish();
        let _guard = tracing::subscriber::set_default(subscriber);
        let layer = Trace::new(Arc::new(mock.clone()), Arc::new(SystemClock::new()));
        let answer = tokio::time::timeout(std::time::Duration::from_millis(50), layer.send(request)).await;
        let answer = answer.unwrap_or_else(|_| Err(Error::new(ErrorKind::Cancelled, "dropped", "")));
        (lines.text(), answer)
    }

    fn secret_request() -> Request {
        let mut request =
            request(Method::POST, "/v3/clusters/c-prod1?action=generateKubeconfig&token=CANARY");
        request.headers.insert("authorization", "Bearer token-abcde:CANARY".parse().unwrap());
        request.body = Some(Bytes::from_static(b"CANARY"));
        request
    }

    #[tokio::test]
    async fn one_line_per_call_without_secrets() {
        let answer = || with_header(response(200, "CANARY"), "x-api-cattle-auth", "true");
        let mock = Mock::new(move |_| async move { Ok(answer()) });
        let (text, _) = told(tracing::Level::INFO, &mock, secret_request()).await;
        assert_eq!(text.lines().count(), 1, "{text}");
        for part in [
            "test.call",
            "POST",
            "/v3/clusters/c-prod1?action=generateKubeconfig",
            "status=200",
            "ms=",
            "attempts=1",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        let (text, _) = told(tracing::Level::TRACE, &mock, secret_request()).await;
        assert!(text.contains("Some(true)") && text.contains("cluster c-prod1"), "{text}");
        assert!(!text.contains("CANARY"), "{text}");
    }

    #[tokio::test]
    async fn what_the_server_warns_of_is_told() {
        let mock = Mock::new(|_| async {
            let mut answer = response(201, "{}");
            for warning in [
                r#"299 - "unknown field \"spec.replica\"""#,
                r#"299 - "would violate PodSecurity" "Sun, 22 Nov 2026 05:00:00 GMT""#,
                r#"299 - unknown field "type""#,
                r#"299 - "no such key token-abcde:CANARYCANARY""#,
                r#"110 - "stale""#,
                "",
            ] {
                answer.headers.append("warning", warning.parse().unwrap());
            }
            Ok(answer)
        });
        let (text, _) = told(tracing::Level::WARN, &mock, secret_request()).await;
        assert_eq!(text.lines().count(), 4, "{text}");
        for part in [
            r#"warning=unknown field "spec.replica""#,
            "warning=would violate PodSecurity",
            r#"warning=unknown field "type""#,
            "token-abcde:***",
        ] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("CANARY"), "{text}");
    }

    #[tokio::test]
    async fn failures_and_cancelled_calls_are_told() {
        let mock = Mock::new(|_| async { Err(failure(ErrorKind::Connect, true, None).with_attempts(3)) });
        let (text, answer) = told(tracing::Level::INFO, &mock, secret_request()).await;
        assert!(text.contains("kind=connect") && text.contains("attempts=3"), "{text}");
        let error = answer.unwrap_err();
        assert_eq!(error.operation(), "test.call");
        assert_eq!(error.request().unwrap().method, Method::POST);
        assert!(!format!("{text}{error:?}").contains("CANARY"));

        let (text, _) = told(tracing::Level::INFO, &Mock::silent(), secret_request()).await;
        assert!(text.contains("cancelled") && text.lines().count() == 1, "{text}");
    }

    #[tokio::test]
    async fn a_body_that_breaks_names_its_call() {
        let mock = Mock::new(|_| async {
            let body =
                Body::from_stream(futures_util::stream::iter([Err(failure(ErrorKind::Connect, true, None))]));
            Ok(Response { body, ..response(200, "") })
        });
        let (_, answer) = told(tracing::Level::INFO, &mock, secret_request()).await;
        let error = answer.unwrap().body.read(10).await.unwrap_err();
        assert_eq!((error.operation(), error.kind()), ("test.call", ErrorKind::Connect));
        assert!(error.to_string().starts_with("POST /v3/clusters/c-prod1?"), "{error}");
    }
}
