//! The one error type, and the one place that concludes anything from a status.

mod acceptance;
mod answer;
mod body;
mod causes;
mod evidence;
mod judge;
mod kind;
mod refused;

pub(crate) use acceptance::{acceptance_of, says_other_cluster};
pub use answer::{Accepted, Answer};
pub use body::{Dialect, ErrorBody};
pub use causes::StatusCause;
pub(crate) use causes::admission_reason;
pub use evidence::{Evidence, Observation};
#[cfg(feature = "kube")]
pub(crate) use judge::judge_status;
pub use judge::{judge, judge_success};
pub use kind::{Cause, ErrorKind, ForbiddenReason, Retry};
pub(crate) use refused::LACKS_THE_RIGHT;

use http::{Method, StatusCode};
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::scope::{Confidence, InvalidRoute, Route, RouteScope};
use crate::wire::{ClusterId, InvalidDocument, InvalidId, InvalidQuantity, InvalidServerUrl, redact};

/// The result of a call.
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, how sure that is, and what to do.
///
/// `Display` is one line without secrets. [`Error::evidence`] is a bundle that can be shared. The status is that of
/// the HTTP answer, never one that a body claims.
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    confidence: Option<Confidence>,
    operation: Cow<'static, str>,
    request: Option<SentRequest>,
    http: Option<HttpAnswer>,
    field: Option<String>,
    reason: Option<ForbiddenReason>,
    causes: Vec<Cause>,
    cluster: Option<ClusterId>,
    scoped_to: Option<ClusterId>,
    retry: Retry,
    nothing_sent: bool,
    expired: bool,
    resume: Option<String>,
    summary: String,
    advice: String,
    because: Vec<String>,
    observations: Vec<Observation>,
    #[cfg(feature = "kube")]
    answer: Option<Status>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The `Status` of Kubernetes as it came, for a caller who reads it himself. It is shown nowhere.
#[cfg(feature = "kube")]
struct Status(bytes::Bytes);

#[cfg(feature = "kube")]
impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Status(…)")
    }
}

/// The request that failed, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentRequest {
    /// The method.
    pub method: Method,
    /// The path, its query values left out.
    pub path: String,
    /// Which credentials the path takes.
    pub scope: RouteScope,
}

/// What the server answered, as far as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status of the answer.
    pub status: StatusCode,
    /// Whether the server accepted the credential there; nothing where it did not say.
    pub accepted: Option<bool>,
    /// The form of the body.
    pub dialect: Dialect,
    /// The machine-readable code: `NotFound`, `MissingRequired`, or a Kubernetes `reason`.
    pub code: Option<String>,
    /// The field that is wrong.
    pub field: Option<String>,
    /// The server's own words, credentials masked.
    pub message: Option<String>,
}

impl Error {
    /// A new error. `summary` says what went wrong, `advice` what to do.
    pub fn new(kind: ErrorKind, summary: impl Into<String>, advice: impl Into<String>) -> Self {
        let inner = Inner {
            kind,
            confidence: None,
            operation: Cow::Borrowed(""),
            request: None,
            http: None,
            field: None,
            reason: None,
            causes: Vec::new(),
            cluster: None,
            scoped_to: None,
            retry: Retry::default(),
            nothing_sent: false,
            expired: false,
            resume: None,
            summary: redact(&summary.into()).into_owned(),
            advice: redact(&advice.into()).into_owned(),
            because: Vec::new(),
            observations: Vec::new(),
            #[cfg(feature = "kube")]
            answer: None,
            source: None,
        };
        Self { inner: Box::new(inner) }
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// How sure the kind is: `Proven` unless said otherwise, nothing for [`ErrorKind::Undetermined`].
    pub fn confidence(&self) -> Option<Confidence> {
        match self.inner.kind {
            ErrorKind::Undetermined => None,
            _ => Some(self.inner.confidence.unwrap_or(Confidence::Proven)),
        }
    }

    /// What the caller asked for, `clusters.get`.
    pub fn operation(&self) -> &str {
        &self.inner.operation
    }

    /// The request, if one was made.
    pub fn request(&self) -> Option<&SentRequest> {
        self.inner.request.as_ref()
    }

    /// The answer, if there was one.
    pub fn http(&self) -> Option<&HttpAnswer> {
        self.inner.http.as_ref()
    }

    /// The status of the answer, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.inner.http.as_ref().map(|http| http.status.as_u16())
    }

    /// The machine-readable code of the answer.
    pub fn code(&self) -> Option<&str> {
        self.inner.http.as_ref()?.code.as_deref()
    }

    /// The field that is wrong: the server's words, or the path of the field that was found wrong before anything was
    /// sent, `resourceQuota.limit.pods`.
    pub fn field(&self) -> Option<&str> {
        let answered = self.inner.http.as_ref().and_then(|http| http.field.as_deref());
        answered.or(self.inner.field.as_deref())
    }

    /// The server's own words, credentials masked.
    pub fn message(&self) -> Option<&str> {
        self.inner.http.as_ref()?.message.as_deref()
    }

    /// For [`ErrorKind::Forbidden`]: what stands behind it.
    pub fn reason(&self) -> Option<ForbiddenReason> {
        self.inner.reason
    }

    /// The causes that remain possible.
    pub fn causes(&self) -> &[Cause] {
        &self.inner.causes
    }

    /// The cluster that the request was about.
    pub fn cluster(&self) -> Option<&ClusterId> {
        self.inner.cluster.as_ref()
    }

    /// For [`ErrorKind::OutOfScope`]: the cluster that the credential is scoped to, where known.
    pub fn scoped_to(&self) -> Option<&ClusterId> {
        self.inner.scoped_to.as_ref()
    }

    /// Whether trying again can help, and what was tried.
    pub fn retry(&self) -> Retry {
        self.inner.retry
    }

    /// Whether the same request may succeed later without any change, and can be sent again without harm: not so after a
    /// POST that may have arrived and got no answer.
    pub fn is_retryable(&self) -> bool {
        self.inner.retry.retryable
    }

    /// What to do next.
    pub fn advice(&self) -> &str {
        &self.inner.advice
    }

    /// What went wrong, without the request and the advice.
    pub fn summary(&self) -> &str {
        &self.inner.summary
    }

    /// What the conclusion rests on, in words.
    pub fn because(&self) -> &[String] {
        &self.inner.because
    }

    /// A bundle that shows how the conclusion came about and that can be shared: no secrets, and the equivalent
    /// `curl`.
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence::of(self)
    }

    /// Whether it is the cluster that there is none of. Recorded (matrix, `/k8s/clusters/c-zzzzz/version`): the router
    /// answers so, and no other 404 has its form.
    pub(crate) fn no_such_cluster(&self) -> bool {
        let by_the_router = |http: &HttpAnswer| http.dialect == Dialect::ClusterRouter;
        self.inner.kind == ErrorKind::NotFound && self.inner.http.as_ref().is_some_and(by_the_router)
    }

    /// Whether no byte of the request left, so that even a POST can be sent again.
    pub(crate) fn nothing_sent(&self) -> bool {
        self.inner.nothing_sent
    }

    /// Whether the server has forgotten the state that a continue token is of, so that the list can only begin anew.
    pub(crate) fn is_expired(&self) -> bool {
        self.inner.expired
    }

    /// Where a list whose continue token is too old can go on, if the server says so.
    pub(crate) fn resume(&self) -> Option<&str> {
        self.inner.resume.as_deref()
    }

    pub(crate) fn observations(&self) -> &[Observation] {
        &self.inner.observations
    }
}

/// What the layers add to an error on its way out.
impl Error {
    /// Sets how sure the kind is.
    #[must_use]
    pub fn with_confidence(mut self, confidence: Option<Confidence>) -> Self {
        self.inner.confidence = confidence;
        self
    }

    /// Sets the causes.
    #[must_use]
    pub fn with_causes(mut self, causes: impl Into<Vec<Cause>>) -> Self {
        self.inner.causes = causes.into();
        self
    }

    /// Names the operation, unless it is named already.
    #[must_use]
    pub fn with_operation(mut self, operation: impl Into<Cow<'static, str>>) -> Self {
        if self.inner.operation.is_empty() {
            self.inner.operation = operation.into();
        }
        self
    }

    /// Names the request, unless it is named already.
    #[must_use]
    pub fn with_request(mut self, method: &Method, route: &Route) -> Self {
        if self.inner.request.is_none() {
            self.inner.cluster = self.inner.cluster.take().or_else(|| route.scope().cluster().cloned());
            self.inner.request = Some(SentRequest {
                method: method.clone(),
                path: route.shown(),
                scope: route.scope().clone(),
            });
        }
        self
    }

    /// Names the request of another error.
    #[must_use]
    pub(crate) fn with_sent(mut self, sent: SentRequest) -> Self {
        self.inner.cluster = self.inner.cluster.take().or_else(|| sent.scope.cluster().cloned());
        self.inner.request = Some(sent);
        self
    }

    /// Replaces what to do next.
    #[must_use]
    pub(crate) fn with_advice(mut self, advice: &str) -> Self {
        self.inner.advice = redact(advice).into_owned();
        self
    }

    /// Names the field that is wrong.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.inner.field = Some(redact(&field.into()).into_owned());
        self
    }

    /// Names the cluster concerned.
    #[must_use]
    pub fn with_cluster(mut self, cluster: ClusterId) -> Self {
        self.inner.cluster = Some(cluster);
        self
    }

    /// Says whether trying again can help.
    #[must_use]
    pub fn with_retry(mut self, retryable: bool, after: Option<Duration>) -> Self {
        self.inner.retry.retryable = retryable;
        self.inner.retry.after = after;
        self
    }

    /// Says how many times the request was sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.inner.retry.attempts = attempts;
        self
    }

    /// Keeps the body of the answer, if Kubernetes wrote it.
    #[cfg(feature = "kube")]
    #[must_use]
    pub(crate) fn with_answer(mut self, body: &bytes::Bytes) -> Self {
        let kubernetes = self.inner.http.as_ref().is_some_and(|http| http.dialect == Dialect::Kubernetes);
        self.inner.answer = kubernetes.then(|| Status(body.clone()));
        self
    }

    /// Takes out what [`Error::with_answer`] kept.
    #[cfg(feature = "kube")]
    pub(crate) fn take_answer(&mut self) -> Option<bytes::Bytes> {
        self.inner.answer.take().map(|status| status.0)
    }

    /// Says that no byte of the request left.
    #[must_use]
    pub(crate) fn with_nothing_sent(mut self) -> Self {
        self.inner.nothing_sent = true;
        self
    }

    /// Says that the request may have done its work, though its answer did not come.
    #[must_use]
    pub(crate) fn with_perhaps_arrived(mut self, method: &Method) -> Self {
        self.inner.summary.push_str("; whether the request arrived is not known");
        let look =
            format!("this {method} may have arrived: look whether it did its work before sending it again");
        self.inner.advice = match self.inner.advice.as_str() {
            "" => look,
            before => format!("{look}; {before}"),
        };
        self
    }

    /// Adds what the conclusion rests on.
    #[must_use]
    pub fn with_because(mut self, because: impl IntoIterator<Item = String>) -> Self {
        self.inner.because.extend(because.into_iter().map(|line| redact(&line).into_owned()));
        self
    }

    /// Adds the requests that were made to find out.
    #[must_use]
    pub fn with_observations(mut self, observations: impl IntoIterator<Item = Observation>) -> Self {
        self.inner.observations.extend(observations);
        self
    }

    /// Adds the error underneath. Its text is not part of `Display`.
    #[must_use]
    pub fn with_source(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.inner.source = Some(Box::new(source));
        self
    }

    /// A configuration that is wrong or incomplete.
    pub fn config(summary: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, summary, advice)
    }

    /// Something that the client knows the server would not take, or that it did not take.
    pub(crate) fn invalid(summary: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(ErrorKind::Invalid, summary, advice)
    }

    /// A change that the server answered as done although these fields are as before; `in_part` if others did change.
    pub(crate) fn change_ignored(fields: &[String], in_part: bool, advice: &str) -> Self {
        let kind = if in_part { ErrorKind::PartlyDone } else { ErrorKind::Unsupported };
        let summary =
            format!("the server accepted the change and ignored it: {} is as before", fields.join(", "));
        Self::new(kind, summary, advice).with_field(fields.first().cloned().unwrap_or_default())
    }

    pub(crate) fn with_http(mut self, http: HttpAnswer) -> Self {
        self.inner.http = Some(http);
        self
    }

    fn with_expired(mut self) -> Self {
        self.inner.expired = true;
        self
    }

    pub(crate) fn with_resume(mut self, token: Option<String>) -> Self {
        self.inner.resume = token;
        self
    }

    pub(crate) fn with_reason(mut self, reason: Option<ForbiddenReason>) -> Self {
        self.inner.reason = reason;
        self
    }

    pub(crate) fn with_scoped_to(mut self, cluster: Option<ClusterId>) -> Self {
        self.inner.scoped_to = cluster;
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(request) = &self.inner.request {
            write!(f, "{} {}: ", request.method, request.path)?;
        } else if !self.inner.operation.is_empty() {
            write!(f, "{}: ", self.inner.operation)?;
        }
        f.write_str(&one_line(&self.inner.summary))?;
        if self.inner.retry.attempts > 1 {
            write!(f, " (sent {} times)", self.inner.retry.attempts)?;
        }
        if !self.inner.advice.is_empty() {
            write!(f, "; {}", one_line(&self.inner.advice))?;
        }
        Ok(())
    }
}

fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(char::is_control) {
        Cow::Owned(text.split(char::is_control).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "))
    } else {
        Cow::Borrowed(text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.inner;
        let mut out = f.debug_struct("Error");
        out.field("kind", &inner.kind.as_str());
        if let Some(confidence) = self.confidence() {
            out.field("confidence", &confidence.as_str());
        }
        out.field("summary", &inner.summary).field("advice", &inner.advice);
        if let Some(request) = &inner.request {
            out.field("request", &format_args!("{} {}", request.method, request.path));
        }
        if let Some(http) = &inner.http {
            out.field("http", http);
        }
        if !inner.causes.is_empty() {
            out.field("causes", &inner.causes.iter().map(|cause| cause.as_str()).collect::<Vec<_>>());
        }
        if !inner.because.is_empty() {
            out.field("because", &inner.because);
        }
        if inner.retry != Retry::default() {
            out.field("retry", &inner.retry);
        }
        if let Some(source) = &inner.source {
            out.field("source", &redact(&source.to_string()));
        }
        out.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.inner.source.as_ref().map(|source| source.as_ref() as &(dyn StdError + 'static))
    }
}

impl From<InvalidId> for Error {
    fn from(error: InvalidId) -> Self {
        Error::new(ErrorKind::Invalid, error.to_string(), "").with_source(error)
    }
}

impl From<InvalidQuantity> for Error {
    fn from(error: InvalidQuantity) -> Self {
        let advice = "write it as Kubernetes does: 500m, 2, 1.5Gi, 1e3";
        Error::new(ErrorKind::Invalid, error.to_string(), advice).with_source(error)
    }
}

impl From<InvalidRoute> for Error {
    fn from(error: InvalidRoute) -> Self {
        Error::new(ErrorKind::Invalid, error.to_string(), "").with_source(error)
    }
}

impl From<InvalidDocument> for Error {
    fn from(error: InvalidDocument) -> Self {
        let (kind, advice) = if error.is_unwritable() {
            (ErrorKind::Invalid, "give every name in it as a text, and what is nested deep in a flatter form")
        } else {
            let advice =
                "read it again; if it stays so, the server or a proxy before it answers in another form";
            (ErrorKind::Decode, advice)
        };
        Error::new(kind, error.to_string(), advice).with_source(error)
    }
}

impl From<InvalidServerUrl> for Error {
    fn from(error: InvalidServerUrl) -> Self {
        Error::config(error.to_string(), "").with_source(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Document, Object};

    #[test]
    fn a_document_that_cannot_be_read_says_where_and_what_to_do() {
        let error = Error::from(Object::decode(br#"{"token": S3CR3T"#).unwrap_err());
        assert_eq!(error.kind(), ErrorKind::Decode);
        assert!(error.to_string().contains("line 1, column 11 of 16 bytes"), "{error}");
        assert!(!error.advice().is_empty());
        assert!(!format!("{error} {error:?} {:?}", error.source()).contains("S3CR3T"));
    }
}
