//! The only place that concludes anything from a status.
//!
//! One answer says whether the credential was accepted there. Why it was not, only the ledger can say; without it the
//! verdict is `undetermined`, with both causes. Every rule here cites where it was recorded, or says that it is
//! assumed.

use super::acceptance::{acceptance, agent_is_gone};
use super::body::{Dialect, ErrorBody, is_html};
use super::{Accepted, Answer, Cause, Error, ErrorKind, ForbiddenReason, HttpAnswer, StatusCause};
use crate::scope::{Ledger, RouteScope, TokenKind};

/// Turns an answer that is no success into an error.
///
/// `credential` is the kind that was sent. `ledger` holds what else is known of it; without one, a credential that
/// was not accepted is `undetermined`.
pub fn judge(answer: &Answer<'_>, credential: TokenKind, ledger: Option<&Ledger>) -> Error {
    let body = ErrorBody::read(answer.body, answer.complete);
    let accepted = acceptance(answer, &body, credential);
    let http = HttpAnswer {
        status: answer.status,
        accepted: answer.accepted.said(),
        dialect: body.dialect,
        code: body.code.clone(),
        field: body.field.clone(),
        message: body.message.clone(),
    };
    let resume = body.resume.clone();
    let case = Case { answer, body: &body, accepted, credential, ledger };
    let error = case.error().with_http(http).with_request(answer.method, answer.route).with_resume(resume);
    if body.cut { error.with_because(["the body of the answer is cut short".to_owned()]) } else { error }
}

/// Turns a `Status` of a cluster into an error, where neither the request nor the headers are known any more.
#[cfg(feature = "kube")]
pub(crate) fn judge_status(
    status: &serde_json::Value,
    cluster: &crate::wire::ClusterId,
    credential: TokenKind,
) -> Error {
    let unreadable = |_| Error::new(ErrorKind::Decode, "the cluster's Status cannot be read", "");
    let code =
        status.get("code").and_then(serde_json::Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let code = code.and_then(|code| http::StatusCode::from_u16(code).ok()).unwrap_or_default();
    let route = match crate::scope::Route::from_segments(["k8s", "clusters", cluster.as_str()]) {
        Ok(route) => route,
        Err(error) => return unreadable(error),
    };
    let answer = Answer {
        method: &http::Method::GET,
        route: &route,
        status: code,
        accepted: Accepted::Unsaid,
        content_type: None,
        retry_after: status
            .pointer("/details/retryAfterSeconds")
            .and_then(serde_json::Value::as_u64)
            .map(std::time::Duration::from_secs),
        location: None,
        body: &serde_json::to_vec(status).unwrap_or_default(),
        complete: true,
    };
    let body = ErrorBody::read(answer.body, true);
    let accepted = acceptance(&answer, &body, credential);
    let http = HttpAnswer {
        status: code,
        accepted: None,
        dialect: body.dialect,
        code: body.code.clone(),
        field: body.field.clone(),
        message: body.message.clone(),
    };
    Case { answer: &answer, body: &body, accepted, credential, ledger: None }.error().with_http(http)
}

/// Checks that a success is Rancher's: a login portal answers 200 with a page.
///
/// `wants_json` says that the caller asked for JSON and cannot use a page.
pub fn judge_success(answer: &Answer<'_>, wants_json: bool) -> Option<Error> {
    let page = answer
        .content_type
        .is_some_and(|kind| kind.trim_start().to_ascii_lowercase().starts_with("text/html"))
        || is_html(&String::from_utf8_lossy(answer.body));
    if !(wants_json && page) {
        return None;
    }
    let http = HttpAnswer {
        status: answer.status,
        accepted: answer.accepted.said(),
        dialect: Dialect::Html,
        code: None,
        field: None,
        message: None,
    };
    Some(not_rancher(answer).with_http(http).with_request(answer.method, answer.route))
}

/// An answer, and what is known of the credential that it is about.
pub(super) struct Case<'a> {
    pub(super) answer: &'a Answer<'a>,
    pub(super) body: &'a ErrorBody,
    pub(super) accepted: Option<bool>,
    pub(super) credential: TokenKind,
    pub(super) ledger: Option<&'a Ledger>,
}

impl Case<'_> {
    fn error(&self) -> Error {
        let status = self.answer.status.as_u16();
        // a page on any status but a gateway's is somebody else's
        if self.body.dialect == Dialect::Html
            && self.answer.accepted == Accepted::Unsaid
            && !matches!(status, 429 | 500..=599)
        {
            return not_rancher(self.answer);
        }
        match status {
            300..=399 => not_rancher(self.answer),
            401 if self.is_login() => self.login_refused(),
            403 if self.is_login() && self.is_ranchers_login() => self.login_denied(),
            403 if self.is_login() => self.login_refused(),
            401 | 403 => self.refused(),
            404 => self.not_found(),
            405 | 501 => self.plain(
                ErrorKind::Unsupported,
                "this server does not offer that",
                "check the method and the server's version",
            ),
            407 => Error::new(
                ErrorKind::NotRancher,
                "407: a proxy on the way wants a login of its own",
                "give its user and password in the proxy's URL (HTTPS_PROXY), or go around it (NO_PROXY)",
            ),
            409 => self.conflict(),
            410 => self.gone(),
            429 => self.turned_away(),
            422 if self.code() == Some("NotUnique") => self.plain(
                ErrorKind::AlreadyExists,
                "it exists already",
                "use the existing one, or another name",
            ),
            400..=499 => self.invalid(),
            _ => self.out_of_order(),
        }
    }

    pub(super) fn code(&self) -> Option<&str> {
        self.body.code.as_deref()
    }

    /// `what: the server's words`, or what we say where the server says nothing.
    pub(super) fn words(&self, otherwise: &str) -> String {
        let status = self.answer.status.as_u16();
        let field = self.body.field.as_deref().map(|field| format!(" at {field}")).unwrap_or_default();
        match (self.code(), self.body.message.as_deref()) {
            (Some(code), Some(message)) => format!("{status} {code}{field}: {message}"),
            (Some(code), None) => format!("{status} {code}{field}: {otherwise}"),
            (None, Some(message)) => format!("{status}: {message}"),
            (None, None) => format!("{status}: {otherwise}"),
        }
    }

    pub(super) fn plain(&self, kind: ErrorKind, otherwise: &str, advice: &str) -> Error {
        Error::new(kind, self.words(otherwise), advice)
    }

    fn not_found(&self) -> Error {
        let advice = match (self.body.dialect, self.answer.route.scope()) {
            (Dialect::PlainText, _) if self.body.says("page not found") => {
                "the server has no such path; check its spelling and upper and lower case"
            }
            (Dialect::ClusterRouter, _) => {
                "there is no such cluster; list the clusters with a key that is not scoped"
            }
            (_, RouteScope::Cluster(_)) => "check the name, and that the cluster is the right one",
            _ => "check the id",
        };
        let error = self.plain(ErrorKind::NotFound, "there is no such thing here", advice);
        match self.accepted {
            Some(false) if self.credential != TokenKind::None => error
                .with_because(["the token was not accepted there, which the 404 does not tell".to_owned()]),
            _ => error,
        }
    }

    fn conflict(&self) -> Error {
        if self.code() == Some("AlreadyExists") || self.body.says("already exists") {
            return self.plain(
                ErrorKind::AlreadyExists,
                "it exists already",
                "use the existing one, or another name",
            );
        }
        let owners: Vec<String> = self.body.causes.iter().filter_map(StatusCause::owner).collect();
        if !owners.is_empty() {
            // recorded, kubernetes: "apply conflict"; the field stands in the details, the owner in the message
            return self
                .plain(
                    ErrorKind::Conflict,
                    "another manager owns a field that was applied",
                    "leave the field to its owner, or take it over by applying with force",
                )
                .with_because(owners);
        }
        self.plain(
            ErrorKind::Conflict,
            "somebody else changed it first",
            "read it again, apply the change to that, and send it again",
        )
    }

    fn turned_away(&self) -> Error {
        let budget = self.body.causes.iter().filter(|cause| cause.reason == "DisruptionBudget");
        let budgets: Vec<String> = budget.map(|cause| cause.message.clone()).collect();
        if budgets.is_empty() && !self.body.says("disruption budget") {
            return self
                .plain(ErrorKind::RateLimited, "too many requests", "wait, and send fewer at a time")
                .with_retry(true, self.answer.retry_after);
        }
        // read in Kubernetes' eviction; not recorded
        self.plain(
            ErrorKind::Forbidden,
            "a disruption budget does not allow it now",
            "nothing was evicted: try again when more of the budget's pods are healthy, or change the budget",
        )
        .with_reason(Some(ForbiddenReason::DisruptionBudget))
        .with_retry(true, self.answer.retry_after)
        .with_because(budgets)
    }

    fn gone(&self) -> Error {
        let error =
            self.plain(ErrorKind::Conflict, "what was asked for is too old", "list again from the start");
        // Kubernetes' reasons for it (read in its apimachinery; not recorded); the same status with another is
        // something else
        if matches!(self.code(), Some("Expired" | "Gone") | None) { error.with_expired() } else { error }
    }

    fn invalid(&self) -> Error {
        match self.answer.status.as_u16() {
            413 => self.plain(ErrorKind::Invalid, "the body is too large", "send less at a time"),
            415 => self.plain(
                ErrorKind::Invalid,
                "the content type is wrong or missing",
                "name the kind of patch in Content-Type",
            ),
            _ => {
                // Norman names the code and the field, and often leaves the message empty (recorded, errors)
                let otherwise = match self.code() {
                    Some("MissingRequired") => "it is required",
                    Some("InvalidOption") => "that is none of the values it takes",
                    Some("InvalidReference") => "there is no such object to refer to",
                    Some("NotNullable") => "it cannot be null",
                    _ => "the server does not accept the request",
                };
                let advice = match &self.body.field {
                    Some(field) => format!("give {field} a value that the server accepts"),
                    None => "correct what the message names".to_owned(),
                };
                let error = self.plain(ErrorKind::Invalid, otherwise, &advice);
                // the field and the first words are of one of them
                match self.body.causes.as_slice() {
                    [] | [_] => error,
                    several => error.with_because(several.iter().map(StatusCause::in_words)),
                }
            }
        }
    }

    fn out_of_order(&self) -> Error {
        let cluster = self.answer.route.scope().cluster().cloned();
        let accepted = match self.accepted {
            Some(true) => "; the token was accepted",
            Some(false) => "; the token was not accepted",
            None => "",
        };
        if agent_is_gone(self.body) {
            let summary = format!("the agent of the cluster is not connected to Rancher{accepted}");
            let error = Error::new(
                ErrorKind::ClusterUnavailable,
                summary,
                "look at cattle-cluster-agent in the cluster, and at its way to Rancher",
            )
            .with_causes([Cause::AgentGone]);
            // without a session nothing was sent through it; one that broke may have carried the request
            let error = match self.answer.method.is_safe() || self.body.says("failed to find session") {
                true => error,
                false => error.with_perhaps_arrived(self.answer.method),
            };
            return cluster.into_iter().fold(error, Error::with_cluster);
        }
        if self.code() == Some("ClusterUnavailable") {
            // recorded, matrix: an imported cluster that never connected, "cluster not provisioned"
            let summary = format!("{}{accepted}", self.words("the cluster is not connected to Rancher"));
            let (advice, causes): (_, &[Cause]) = match self.body.says("not provisioned") {
                true => (
                    "the cluster has not connected yet; run its registration command in it",
                    &[Cause::NeverConnected],
                ),
                false => (
                    "if the cluster has never connected, run its registration command in it; if it has, look at \
                     cattle-cluster-agent in it, and at its way to Rancher",
                    &[Cause::NeverConnected, Cause::AgentGone],
                ),
            };
            let error = Error::new(ErrorKind::ClusterUnavailable, summary, advice).with_causes(causes);
            return cluster.into_iter().fold(error, Error::with_cluster);
        }
        // Kubernetes' conflict, wrapped by Norman as a 500
        if self.body.says("operation cannot be fulfilled") || self.body.says("the object has been modified") {
            return self.conflict();
        }
        if let Some(error) = self.unfounded() {
            return error;
        }
        // a gateway's trouble passes; a 500 is what the server makes of this very request
        let passing = matches!(self.answer.status.as_u16(), 502..=504);
        let (otherwise, advice) = match (self.body.dialect, self.answer.accepted) {
            (Dialect::Html, Accepted::Unsaid) => (
                "a proxy in front of Rancher is out of order",
                "look at the proxy or ingress in front of Rancher",
            ),
            _ => ("the server is out of order", "try again later, or look at the server's log"),
        };
        self.plain(ErrorKind::Unavailable, otherwise, advice).with_retry(passing, self.answer.retry_after)
    }

    /// A 500 that no waiting helps against: the request is wrong, and the server has no better status for it.
    fn unfounded(&self) -> Option<Error> {
        if !matches!(self.body.dialect, Dialect::Norman | Dialect::Steve) || self.answer.status != 500 {
            return None;
        }
        if let Some((_, field)) = CONTENT_REFUSED.iter().find(|(words, _)| self.body.says(words)) {
            let error = self.invalid();
            return Some(field.iter().fold(error, |error, field| error.with_field(*field)));
        }
        // recorded: errors, "unknown role template"; the same of a global role is a 404
        let missing = self.body.message.as_deref().is_some_and(|message| message.ends_with("\" not found"));
        missing.then(|| {
            self.plain(
                ErrorKind::NotFound,
                "something that the request names does not exist",
                "check the ids in what was sent: the message says which of them there is not",
            )
        })
    }
}

/// What a 500 says that is the content's fault, and the field where the words name one. Norman and Steve answer so when
/// it is not their own check that refuses.
const CONTENT_REFUSED: [(&str, Option<&str>); 4] = [
    // recorded: downstream, "quota not a quantity"
    ("quantities must match the regular expression", None),
    // read in Steve's proxy store
    ("metadata.resourceversion is required for update", Some("metadata.resourceVersion")),
    // the same of Kubernetes (read in its validation)
    ("metadata.resourceversion: invalid value", Some("metadata.resourceVersion")),
    // recorded: oidc, "disable local auth as the guide says"
    ("invalid data for ", None),
];

fn not_rancher(answer: &Answer<'_>) -> Error {
    let status = answer.status.as_u16();
    let (what, advice) = match (answer.location, status) {
        (Some(_), 300..=399) => (
            "a redirect to another host or an unknown place, which is not followed",
            "a login portal may stand before Rancher; give the URL under which Rancher's API answers directly",
        ),
        _ => (
            "a page instead of Rancher's API",
            "check the URL; a login portal or another program may answer there",
        ),
    };
    Error::new(ErrorKind::NotRancher, format!("{status}: {what}"), advice)
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
