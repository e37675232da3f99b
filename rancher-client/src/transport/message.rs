//! What goes down the stack and what comes up.

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, StatusCode};
use std::borrow::Cow;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use super::deadline::Due;
use super::socket::Socket;
use crate::error::{Accepted, Answer, Error, ErrorKind, Result};
use crate::scope::{Route, TokenKind};
use crate::wire::{Moment, check_levels};

/// Whether the credential goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Auth {
    /// The client's credential is sent.
    #[default]
    Send,
    /// Nothing is sent.
    Omit,
}

/// What the caller can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Expect {
    /// JSON; a page with status 200 is an error.
    #[default]
    Json,
    /// Plain text: a log. A page is an error here, too, where the server says that it is one.
    Text,
    /// Anything: YAML, a certificate.
    Anything,
}

/// How long the caller waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Patience {
    /// As the configuration says.
    #[default]
    Configured,
    /// At most this long for the whole call.
    AtMost(Duration),
    /// A stream without an end: no limit for the whole call and none between pieces of the body.
    Stream,
}

/// A request on its way down. Layers decide from this data, never from the text of a URL.
#[derive(Clone)]
pub struct Request {
    /// What the caller asked for, `clusters.get`.
    pub operation: Cow<'static, str>,
    /// The method.
    pub method: Method,
    /// The path, query and scope.
    pub route: Route,
    /// More headers. `Authorization` and `Cookie` are the credentials layer's: a request that brings its own is refused.
    pub headers: HeaderMap,
    /// The body, with its content type in `headers`.
    pub body: Option<Bytes>,
    /// Whether the credential goes along.
    pub auth: Auth,
    /// What the caller can use.
    pub expect: Expect,
    /// How long the caller waits.
    pub patience: Patience,
    /// Whether it can arrive twice without doing something twice. GET, HEAD, PUT and DELETE can unless told otherwise.
    pub idempotent: bool,
    /// A question of the client itself about its credential: it is not retried, and a refusal of it starts no probe.
    pub probe: bool,
    /// A page that is asked for before it is wanted. Nobody may look after it for a while, and what it held meanwhile would
    /// be held from others: it takes no place among the requests under way.
    pub(crate) ahead: bool,
    /// Whether a WebSocket is asked for, see [`Connection::open_socket`](super::Connection::open_socket).
    pub socket: bool,
    /// Whether the caller speaks HTTP himself: the headers of an upgrade are his, and so is the connection after it, and
    /// what Kubernetes says of a refusal comes with the error.
    pub(crate) raw: bool,
    /// When the whole call must be over. The deadline layer sets it, for the layers under it that wait.
    pub(crate) due: Option<Due>,
}

impl Request {
    /// A request without a body.
    pub fn new(operation: impl Into<Cow<'static, str>>, method: Method, route: Route) -> Self {
        let idempotent =
            matches!(method, Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS);
        Self {
            operation: operation.into(),
            method,
            route,
            headers: HeaderMap::new(),
            body: None,
            auth: Auth::Send,
            expect: Expect::Json,
            patience: Patience::Configured,
            idempotent,
            probe: false,
            ahead: false,
            socket: false,
            raw: false,
            due: None,
        }
    }

    /// Adds a JSON body.
    ///
    /// # Errors
    /// `invalid`, if the value cannot be written as JSON, or is nested 128 levels deep or deeper.
    pub fn with_json(mut self, value: &impl serde::Serialize) -> Result<Self> {
        check_levels(value)?;
        let body = serde_json::to_vec(value).map_err(|error| {
            Error::new(ErrorKind::Invalid, "the body cannot be written as JSON", "").with_source(error)
        })?;
        self.body = Some(Bytes::from(body));
        let json = http::HeaderValue::from_static("application/json");
        self.headers.entry(http::header::CONTENT_TYPE).or_insert(json);
        Ok(self)
    }
}

impl Request {
    /// Adds a body that is put together already.
    #[must_use]
    pub(crate) fn with_body(mut self, body: Bytes, content_type: &'static str) -> Self {
        self.body = Some(body);
        self.headers.insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static(content_type));
        self
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.body.as_ref().map_or(0, Bytes::len);
        write!(f, "Request({} {} {:?}, {bytes} bytes)", self.operation, self.method, self.route)
    }
}

/// An answer on its way up. Its body is still under way.
#[non_exhaustive]
pub struct Response {
    /// The status of the answer.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Body,
    /// When the request was sent, for order.
    pub sent: Moment,
    /// When the headers of the answer were there.
    pub received: Moment,
    /// The kind of credential that went along.
    pub credential: TokenKind,
    /// Which value of the credential cell went along.
    pub generation: u64,
    /// How many times the request was sent.
    pub attempts: u32,
    /// The route that answered, where a redirect led to another than the one that was asked.
    pub redirected: Option<Route>,
    /// The WebSocket, where one was asked for and granted.
    pub socket: Option<Socket>,
    /// The connection, where a caller who speaks HTTP himself asked for an upgrade and got it.
    #[cfg(feature = "kube")]
    pub(crate) upgraded: Option<hyper::upgrade::OnUpgrade>,
}

impl Response {
    /// An answer as a transport of one's own gives it: sent once, without a redirect, at no known time.
    ///
    /// ```
    /// use http::{HeaderMap, StatusCode};
    /// use rancher_client::transport::{Body, Response};
    ///
    /// let answer = Response::new(StatusCode::OK, HeaderMap::new(), Body::from_bytes("{}"));
    /// assert_eq!(answer.attempts, 1);
    /// ```
    pub fn new(status: StatusCode, headers: HeaderMap, body: Body) -> Self {
        Self {
            status,
            headers,
            body,
            sent: Moment::default(),
            received: Moment::default(),
            credential: TokenKind::None,
            generation: 0,
            attempts: 1,
            redirected: None,
            socket: None,
            #[cfg(feature = "kube")]
            upgraded: None,
        }
    }

    /// Says when the request was sent and when the headers of the answer were there, by the clock that the
    /// connection was given. Order is evidence: without times, which of two answers came later is not known.
    #[must_use]
    pub fn with_times(self, sent: Moment, received: Moment) -> Self {
        Self { sent, received, ..self }
    }

    /// Says which credential went along. A [`Connection`](super::Connection) does this itself.
    #[must_use]
    pub fn with_credential(self, kind: TokenKind, generation: u64) -> Self {
        Self { credential: kind, generation, ..self }
    }

    /// What the server says of the credential.
    pub fn accepted(&self) -> Accepted {
        Accepted::read(self.headers.get(Accepted::HEADER).and_then(|value| value.to_str().ok()))
    }

    /// For how many seconds a cache on the way has kept the answer, if one did: it is as old as it says, and was decided
    /// for whoever asked then.
    pub(crate) fn kept_for(&self) -> Option<u64> {
        self.header("age")?.trim().parse().ok().filter(|age| *age > 0)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The answer as the judge sees it.
    pub(crate) fn answer<'a>(
        &'a self,
        method: &'a Method,
        route: &'a Route,
        body: &'a [u8],
        complete: bool,
    ) -> Answer<'a> {
        Answer {
            method,
            route,
            status: self.status,
            accepted: self.accepted(),
            content_type: self.header("content-type"),
            retry_after: self.header("retry-after").and_then(seconds),
            location: self.header("location"),
            body,
            complete,
        }
    }
}

/// `Retry-After` in seconds. A date is not read: Rancher and its ingresses send seconds, and clocks differ.
fn seconds(text: &str) -> Option<Duration> {
    text.trim().parse().ok().map(Duration::from_secs)
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Response({}, accepted: {:?}, {} headers)",
            self.status,
            self.accepted(),
            self.headers.len()
        )
    }
}

/// The pieces of a body as they arrive.
type Pieces = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// A body that is still under way. Dropping it closes the connection if it was not read to its end.
pub struct Body {
    pieces: Pieces,
}

impl Body {
    /// A body from a stream of pieces.
    pub fn from_stream(pieces: impl Stream<Item = Result<Bytes>> + Send + 'static) -> Self {
        Self { pieces: Box::pin(pieces) }
    }

    /// A body that is there already.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        let bytes = bytes.into();
        Self::from_stream(futures_util::stream::iter((!bytes.is_empty()).then_some(Ok(bytes))))
    }

    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// `connect` if the connection broke before the end, `timeout` if nothing came for too long, `decode` if the
    /// compression is broken or the body is larger than allowed.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        self.pieces.next().await
    }

    /// Reads it to its end.
    ///
    /// # Errors
    /// As [`Body::next`], and `decode` if it is larger than `limit` bytes.
    pub async fn read(mut self, limit: usize) -> Result<Bytes> {
        let (bytes, rest) = self.read_some(limit).await?;
        match rest {
            true => Err(Error::new(
                ErrorKind::Decode,
                format!("the body is larger than {limit} bytes"),
                "ask for less at a time, or allow larger bodies",
            )),
            false => Ok(bytes),
        }
    }

    /// Reads at most `limit` bytes, and says whether more would come.
    ///
    /// # Errors
    /// As [`Body::next`].
    pub async fn read_some(&mut self, limit: usize) -> Result<(Bytes, bool)> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            let room = limit.saturating_sub(whole.len());
            if piece.len() > room {
                whole.extend_from_slice(piece.get(..room).unwrap_or_default());
                return Ok((whole.freeze(), true));
            }
            whole.extend_from_slice(&piece);
        }
        Ok((whole.freeze(), false))
    }

    /// Takes the stream of pieces out.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
        self.pieces
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body(…)")
    }
}
