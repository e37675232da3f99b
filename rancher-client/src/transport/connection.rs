//! A server, a credential and what was noted of both, shared by everything that a client hands out.

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

use super::TlsReport;
use super::deadline::Due;
use super::http::Http;
use super::notes::Notes;
use super::{Expect, Patience, Request, Response, Socket, Transport};
use crate::config::Config;
use crate::credentials::{Credential, CredentialCell};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::scope::{Confidence, KeyScope, Knowledge, Ledger, Route, RouteScope, TokenKind, road};
use crate::wire::{Clock, Document, Kept};

/// For how long a refusal is taken for the next one of its kind. Behind several replicas of a server, a new key can be
/// refused for a moment by one that has not heard of it.
const TRUSTED: Duration = Duration::from_secs(30);

/// The way to one server as one user. A clone shares everything.
#[derive(Clone)]
pub struct Connection {
    shared: Arc<Shared>,
    /// How long its requests may take where they do not say themselves; nothing for what the configuration says.
    at_most: Option<Duration>,
    /// When all of its requests must be over.
    due: Option<Due>,
}

struct Shared {
    config: Config,
    cell: Arc<CredentialCell>,
    notes: Arc<Notes>,
    clock: Arc<dyn Clock>,
    top: Arc<dyn Transport>,
    bottom: Arc<dyn Transport>,
    /// Nothing where a test sends through something else.
    http: Option<Arc<Http>>,
}

impl Connection {
    pub(super) fn over(
        config: Config,
        cell: Arc<CredentialCell>,
        notes: Arc<Notes>,
        clock: Arc<dyn Clock>,
        (top, bottom): (Arc<dyn Transport>, Arc<dyn Transport>),
        http: Option<Arc<Http>>,
    ) -> Self {
        Self {
            shared: Arc::new(Shared { config, cell, notes, clock, top, bottom, http }),
            at_most: None,
            due: None,
        }
    }

    /// The same connection, whose requests take at most this long each, retries and the body included.
    #[must_use]
    pub fn with_timeout(&self, at_most: Duration) -> Self {
        Self { at_most: Some(at_most), ..self.clone() }
    }

    /// The same connection for a job of several requests, which must be over together when this much time has passed
    /// from now. A span that no clock can hold is no deadline.
    #[must_use]
    pub fn with_deadline(&self, within: Duration) -> Self {
        let due = Instant::now().checked_add(within).map(|at| Due { at, span: within });
        Self { due, ..self.clone() }
    }

    /// The configuration it was made from. Its credential may have been replaced since.
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    /// The credential as it is now.
    pub fn credential(&self) -> Credential {
        self.shared.cell.load().credential.clone()
    }

    /// Tells the credential as it is then, for somebody who does not hold the connection.
    pub fn credentials(&self) -> impl Fn() -> Credential + Send + Sync + use<> {
        let cell = Arc::clone(&self.shared.cell);
        move || cell.load().credential.clone()
    }

    /// How often the credential was replaced: what was learnt of one says nothing of the next.
    pub(crate) fn generation(&self) -> u64 {
        self.shared.cell.load().generation
    }

    /// Replaces the credential for every clone. Calls under way finish with the old one; what was noted of the old
    /// one is forgotten, and what they still bring is not held against the new one.
    pub fn replace_credential(&self, credential: Credential) {
        let kind = credential.kind();
        let generation = self.shared.cell.replace(credential);
        self.shared.notes.start_over(kind, generation);
    }

    /// The same for a credential whose reach the server stated when it made it.
    pub(crate) fn replace_known(&self, credential: Credential, reach: KeyScope) {
        let kind = credential.kind();
        let generation = self.shared.cell.replace(credential);
        self.shared.notes.start_over(kind, generation);
        self.shared.notes.learn_of(generation, Knowledge::Recorded(reach));
    }

    /// The same server, limits and deadline, with this credential whatever the client goes by meanwhile.
    pub(crate) fn bound_to(&self, credential: &Credential, reach: KeyScope) -> Self {
        let other = self.as_another(Credential::anonymous());
        let own = Self { shared: other.shared, ..self.clone() };
        own.replace_known(credential.clone(), reach);
        own
    }

    /// Forgets this credential, if it is still the one that the client goes by.
    pub(crate) fn drop_credential(&self, credential: &Credential) {
        if let Some(generation) = self.shared.cell.replace_if(credential, &Credential::anonymous()) {
            self.shared.notes.start_over(TokenKind::None, generation);
        }
    }

    /// The same, without a limit on the time that its calls take together.
    pub(crate) fn without_deadline(&self) -> Self {
        Self { at_most: None, due: None, ..self.clone() }
    }

    /// The same server, settings and transport as another user, with a ledger of its own.
    pub fn as_another(&self, credential: Credential) -> Self {
        let config = Config { credential, ..self.config().clone() };
        let (bottom, http) = (Arc::clone(&self.shared.bottom), self.shared.http.clone());
        Self::assembled(config, bottom, http, Arc::clone(&self.shared.clock))
    }

    /// What the last handshake showed of the server's certificate; nothing before one, and over plain HTTP.
    pub fn tls_report(&self) -> Option<TlsReport> {
        self.shared.http.as_ref()?.tls_report()
    }

    /// What was observed of the credential so far.
    pub fn ledger(&self) -> Ledger {
        self.shared.notes.ledger()
    }

    /// Adds what is known of the credential from elsewhere: its record, or what the user says.
    pub fn learn(&self, knowledge: Knowledge) {
        self.shared.notes.learn(knowledge);
    }

    /// The clock that order and expiry are measured with.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// Sends a request through the whole stack.
    ///
    /// # Errors
    /// Every [`ErrorKind`] that an answer, its absence or the configuration can lead to.
    pub async fn send(&self, mut request: Request) -> Result<Response> {
        if let (Patience::Configured, Some(at_most)) = (request.patience, self.at_most) {
            request.patience = Patience::AtMost(at_most);
        }
        request.due = match (request.due, self.due) {
            (Some(own), Some(due)) if own.at < due.at => Some(own),
            (own, due) => due.or(own),
        };
        let (twice, method) = (request.idempotent, request.method.clone());
        self.shared.top.send(request).await.map_err(|error| perhaps_done(error, twice, &method))
    }

    /// Opens a WebSocket. The request goes through every layer as any other does: roads, credentials, retries; a
    /// server that refuses the upgrade is judged by its answer.
    ///
    /// # Errors
    /// As [`Connection::send`]; `unsupported` if the answer is no WebSocket, or the crate was built without the feature
    /// `watch`.
    pub async fn open_socket(&self, mut request: Request) -> Result<Socket> {
        request.socket = true;
        request.expect = Expect::Anything;
        request.patience = Patience::Stream;
        request.route = self.road_for(request.route)?;
        let (operation, method, route) =
            (request.operation.clone(), request.method.clone(), request.route.clone());
        let response = self.send(request).await?;
        let status = response.status.as_u16();
        response.socket.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                format!("the answer to a WebSocket request is status {status} and no WebSocket"),
                "a proxy or ingress in front of Rancher may not pass WebSockets on; watch through Kubernetes, which needs none",
            )
            .with_operation(operation)
            .with_request(&method, &route)
        })
    }

    /// Sends a request and reads the whole answer.
    ///
    /// # Errors
    /// As [`Connection::send`], and `connect`, `timeout` or `decode` if the body does not arrive whole.
    pub async fn bytes(&self, request: Request) -> Result<Bytes> {
        self.whole(request).await.map(|(_, _, body)| body)
    }

    /// Sends a request and reads the whole answer, with its status and headers.
    ///
    /// # Errors
    /// As [`Connection::bytes`].
    pub async fn whole(&self, request: Request) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let (operation, method, route) =
            (request.operation.clone(), request.method.clone(), request.route.clone());
        let twice = request.idempotent;
        let response = self.send(request).await?;
        let read = response.body.read(self.shared.config.limits.body).await;
        let body = read.map_err(|error| {
            perhaps_done(error, twice, &method)
                .with_attempts(response.attempts)
                .with_operation(operation)
                .with_request(&method, &route)
        })?;
        Ok((response.status, response.headers, body))
    }

    /// Sends a request and reads the answer as JSON. Where an answer may be empty (204, a DELETE, an action) and is,
    /// it is `null`.
    ///
    /// # Errors
    /// As [`Connection::bytes`], and `decode` if it is no JSON; the error tells where, never what stands there.
    pub async fn json(&self, request: Request) -> Result<Value> {
        let (operation, method, route) =
            (request.operation.clone(), request.method.clone(), request.route.clone());
        let unreadable = |what: String| {
            Error::new(
                ErrorKind::Decode,
                format!("the answer cannot be read: {what}"),
                "something between here and Rancher may have changed it; ask again, and compare with curl",
            )
            .with_operation(operation)
            .with_request(&method, &route)
        };
        let (status, _, body) = self.whole(request).await?;
        if body.is_empty() {
            return match may_be_empty(status, &method, &route) {
                true => Ok(Value::Null),
                false => Err(unreadable(format!("it is empty, with status {}", status.as_u16()))),
            };
        }
        serde_json::from_slice(&body).map_err(|error| {
            // serde_json's own message can quote the value that did not fit
            let place = format!("line {}, column {}", error.line(), error.column());
            let what = if error.is_eof() { "it ends too early" } else { "it is no JSON" };
            unreadable(format!("{what} ({place} of {} bytes)", body.len()))
        })
    }

    /// As [`Connection::bytes`], by the road that the credential is known to be allowed to take.
    pub(crate) async fn bytes_by_road(&self, request: Request) -> Result<Bytes> {
        self.bytes(self.by_road(request)?).await
    }

    /// The request on the road that the credential is known to be allowed to take, see [`Connection::road_for`].
    ///
    /// # Errors
    /// As [`Connection::road_for`]; the error names the operation and the request, which was not sent.
    pub(crate) fn by_road(&self, mut request: Request) -> Result<Request> {
        let road = self.road_for(request.route.clone());
        request.route = road.map_err(|error| {
            error.with_operation(request.operation.clone()).with_request(&request.method, &request.route)
        })?;
        Ok(request)
    }

    /// As [`Connection::bytes_by_road`], for an answer that is an object.
    pub(crate) async fn object<T: Document>(&self, request: Request) -> Result<Kept<T>> {
        let (operation, method, route) =
            (request.operation.clone(), request.method.clone(), request.route.clone());
        let body = self.bytes_by_road(request).await?;
        Kept::read(body)
            .map_err(|error| Error::from(error).with_operation(operation).with_request(&method, &route))
    }

    /// The route that the credential is known to be allowed to take for this one: itself, or the road that means
    /// the same for a key scoped to a cluster.
    ///
    /// # Errors
    /// `out_of_scope`, before anything is sent, if the key is known to be scoped and there is no such road.
    pub fn road_for(&self, route: Route) -> Result<Route> {
        let now = self.shared.clock.now();
        let (known, sure) = self.shared.notes.with(|ledger| {
            let known = ledger.scope().filter(|known| known.confidence != Confidence::Likely);
            // what was concluded from answers is asked again now and then; what the user says, always: a call that is
            // never sent could never prove it wrong
            let fresh = known.as_ref().is_some_and(|known| match (&known.scope, known.confidence) {
                (KeyScope::Cluster(id), Confidence::Proven) => {
                    ledger.last_refused_outside(id).is_some_and(|refused| now.since(refused) < TRUSTED)
                }
                _ => false,
            });
            (known, fresh || ledger.is_recorded())
        });
        let Some(known) = known else { return Ok(route) };
        let KeyScope::Cluster(home) = known.scope else { return Ok(route) };
        if route.scope() == &RouteScope::Unknown {
            return Ok(route);
        }
        match road(&route, &home) {
            Some(road) => Ok(road),
            None if !sure => Ok(route),
            None => Err(Error::new(
                ErrorKind::OutOfScope,
                format!("nothing was sent: the token is scoped to cluster {home} and does not reach {route}"),
                format!("do not rotate it; this call needs {}", route.scope().key_needed()),
            )
            .with_confidence(Some(known.confidence))
            .with_causes([Cause::OutOfScope])
            .with_scoped_to(Some(home))),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({}, {})", self.shared.config.server, self.credential())
    }
}

/// The error of a request without an answer. If it may have arrived, and would do its work twice if it arrived twice,
/// nobody shall send it again without a look: not we, and not a loop that asks whether the error is retryable.
///
/// A server that was busy and says when to come back did nothing.
fn perhaps_done(error: Error, twice: bool, method: &Method) -> Error {
    let unanswered = matches!(
        error.kind(),
        ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Tls
    );
    let retry = error.retry();
    if twice || !unanswered || !retry.retryable || error.nothing_sent() || retry.after.is_some() {
        return error;
    }
    let advice =
        format!("this {method} may have arrived: look whether it did its work before sending it again");
    let advice = match error.advice() {
        "" => advice,
        before => format!("{advice}; {before}"),
    };
    error.with_advice(&advice).with_retry(false, None)
}

/// Whether a success without a body is whole. Recorded: v3 answers some deletions with 204, and a login that asks for
/// a cookie, which is an action, with 200 and nothing.
fn may_be_empty(status: StatusCode, method: &Method, route: &Route) -> bool {
    matches!(status, StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT)
        || method == Method::DELETE
        || !route.query_values("action").is_empty()
}

#[cfg(test)]
mod tests {
    use super::super::BoxFuture;
    use super::super::mock::{Mock, dripping, failure, request, response};
    use super::*;
    use crate::wire::{ServerUrl, SystemClock};

    #[tokio::test]
    async fn an_empty_answer_is_no_object() {
        let cases = [
            (200, Method::GET, "/v3/clusters", false),
            (201, Method::POST, "/v3/projects", false),
            (204, Method::GET, "/v3/clusters", true),
            (200, Method::DELETE, "/v3/tokens/token-abcde", true),
            (200, Method::POST, "/v3/tokens?action=logout", true),
        ];
        for (status, method, path, null) in cases {
            let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
            let mock = Mock::new(move |_| async move { Ok(response(status, "")) });
            let config = Config::new(server, Credential::anonymous());
            let connection = Connection::over_transport(config, Arc::new(mock), Arc::new(SystemClock::new()));
            let answer = connection.json(request(method.clone(), path)).await;
            match answer {
                Ok(value) => assert!(null && value.is_null(), "{status} {method} {path}"),
                Err(error) => {
                    assert!(!null && error.kind() == ErrorKind::Decode, "{error}");
                    assert!(error.to_string().contains("it is empty"), "{error}");
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_requests_of_a_job_share_its_time() {
        let mock = Mock::new(|_| async {
            tokio::time::sleep(Duration::from_secs(3)).await;
            Ok(response(200, "{}"))
        });
        let config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
        let connection =
            Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
        let start = Instant::now();
        let job = connection.with_deadline(Duration::from_secs(5));
        job.json(request(Method::GET, "/v3/clusters")).await.unwrap();
        let error = job.json(request(Method::GET, "/v3/clusters")).await.unwrap_err();
        assert_eq!((error.kind(), start.elapsed()), (ErrorKind::Timeout, Duration::from_secs(5)));
        assert!(error.summary().contains("5s"), "{error}");
        // the other limit holds too, and what has no deadline is not bound by that of a clone
        let error = job.with_timeout(Duration::ZERO).json(request(Method::GET, "/v3/clusters")).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Timeout);
        connection.json(request(Method::GET, "/v3/clusters")).await.unwrap();
        let endless = connection.with_deadline(Duration::MAX);
        endless.json(request(Method::GET, "/v3/clusters")).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_with_a_timeout_leaves_the_others_theirs() {
        let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
        let config = Config::new(server, Credential::anonymous());
        let usual = config.timeouts.headers;
        let clock = Arc::new(SystemClock::new());
        let connection = Connection::over_transport(config, Arc::new(Mock::silent()), clock);
        let hasty = connection.with_timeout(Duration::from_secs(2));
        let longer = Patience::AtMost(Duration::from_secs(7));
        for (connection, patience, span) in [
            (&hasty, Patience::Configured, Duration::from_secs(2)),
            (&hasty, longer, Duration::from_secs(7)),
            (&connection, Patience::Configured, usual),
        ] {
            let began = tokio::time::Instant::now();
            let asked = Request { patience, ..request(Method::POST, "/v3/projects") };
            let error = connection.send(asked).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Timeout, "{error}");
            let took = began.elapsed();
            assert!(took >= span && took < span + Duration::from_secs(1), "{took:?}, not {span:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_creation_without_an_answer_is_not_to_be_repeated_blindly() {
        type Answer = fn() -> BoxFuture<'static, Result<Response>>;
        let cases: [(Answer, bool); 6] = [
            (|| Box::pin(std::future::pending()), false),
            (|| Box::pin(async { Ok(dripping(&[r#"{"id": "c""#, "}"], Duration::from_secs(1000))) }), false),
            (|| Box::pin(async { Err(failure(ErrorKind::Connect, true, None)) }), false),
            (|| Box::pin(async { Ok(response(502, "")) }), false),
            (|| Box::pin(async { Ok(response(429, "")) }), true),
            (|| Box::pin(async { Err(failure(ErrorKind::Connect, true, None).with_nothing_sent()) }), true),
        ];
        for (at, (answer, retryable)) in cases.into_iter().enumerate() {
            for method in [Method::POST, Method::GET] {
                let server = ServerUrl::parse("https://rancher.example.com", false).unwrap();
                let mock = Mock::new(move |_| answer());
                let mut config = Config::new(server, Credential::anonymous());
                config.retry.attempts = 1;
                let connection =
                    Connection::over_transport(config, Arc::new(mock), Arc::new(SystemClock::new()));
                let error = connection.bytes(request(method.clone(), "/v3/projects")).await.unwrap_err();
                let expected = retryable || method == Method::GET;
                assert_eq!(error.is_retryable(), expected, "case {at} {method}: {error}");
                assert_eq!(error.advice().contains("look whether"), !expected, "case {at} {method}: {error}");
            }
        }
    }
}
