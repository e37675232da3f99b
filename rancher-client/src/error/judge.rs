//! The only place that concludes anything from a status.
//!
//! One answer says whether the credential was accepted there. Why it was not, only the ledger can say; without it the
//! verdict is `undetermined`, with both causes. Every rule here cites where it was recorded, or says that it is
//! assumed.

use http::Method;

use super::acceptance::{acceptance, agent_is_gone, says_other_cluster};
use super::body::{Dialect, ErrorBody, is_html};
use super::causes::admission_reason;
use super::{Accepted, Answer, Cause, Error, ErrorKind, ForbiddenReason, HttpAnswer, StatusCause};
use crate::scope::{Confidence, Explanation, Ledger, RefusalCause, RouteScope, TokenKind};

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
        method: &Method::GET,
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

struct Case<'a> {
    answer: &'a Answer<'a>,
    body: &'a ErrorBody,
    accepted: Option<bool>,
    credential: TokenKind,
    ledger: Option<&'a Ledger>,
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
            403 if self.is_login() && self.code().is_some() => self.login_denied(),
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

    fn code(&self) -> Option<&str> {
        self.body.code.as_deref()
    }

    /// `what: the server's words`, or what we say where the server says nothing.
    fn words(&self, otherwise: &str) -> String {
        let status = self.answer.status.as_u16();
        let field = self.body.field.as_deref().map(|field| format!(" at {field}")).unwrap_or_default();
        match (self.code(), self.body.message.as_deref()) {
            (Some(code), Some(message)) => format!("{status} {code}{field}: {message}"),
            (Some(code), None) => format!("{status} {code}{field}: {otherwise}"),
            (None, Some(message)) => format!("{status}: {message}"),
            (None, None) => format!("{status}: {otherwise}"),
        }
    }

    fn plain(&self, kind: ErrorKind, otherwise: &str, advice: &str) -> Error {
        Error::new(kind, self.words(otherwise), advice)
    }

    fn is_login(&self) -> bool {
        let segments = self.answer.route.segments();
        let public = matches!(segments.first().map(String::as_str), Some("v3-public" | "v1-public"));
        public && self.answer.method == Method::POST
    }

    fn login_refused(&self) -> Error {
        // recorded, workflows "login wrong password"; a directory answers so for an account that it locked (assumed)
        self.plain(
            ErrorKind::Unauthenticated,
            "the login was refused",
            "check user name, password and provider, and that the user is enabled",
        )
        .with_causes([Cause::WrongPassword, Cause::UserDisabled])
    }

    fn login_denied(&self) -> Error {
        // read in Rancher's source, not recorded: the password was right, and the user is disabled, or not among those
        // whom the provider may let in
        self.plain(
            ErrorKind::Unauthenticated,
            "the password is right, and the user may not log in",
            "have the user enabled, or allowed at the provider",
        )
        .with_causes([Cause::UserDisabled, Cause::MissingRight])
    }

    fn refused(&self) -> Error {
        match self.accepted {
            Some(true) => self.forbidden(),
            _ if self.credential == TokenKind::None => self.unauthenticated(),
            // whoever is told of quotas and policies was let in
            None if self.body.message.as_deref().and_then(admission_reason).is_some() => self.forbidden(),
            _ if self.credential == TokenKind::Jwt => self.jwt_refused(),
            Some(false) => self.not_accepted(),
            None => self.perhaps_accepted(),
        }
    }

    fn unauthenticated(&self) -> Error {
        let status = self.answer.status.as_u16();
        Error::new(
            ErrorKind::Unauthenticated,
            format!("{status}: no credential was sent, and this needs one"),
            "give a token (RANCHER_TOKEN), or log in",
        )
        .with_causes([Cause::Missing])
    }

    fn forbidden(&self) -> Error {
        let reason = self.forbidden_reason();
        let (otherwise, advice, causes): (&str, &str, &[Cause]) = match reason {
            ForbiddenReason::Quota => (
                "it would exceed the quota",
                "the key and its rights are fine; free some of the quota, or have it raised",
                &[],
            ),
            ForbiddenReason::Admission => (
                "an admission policy denies it",
                "the key and its rights are fine; change the object as the message says",
                &[],
            ),
            ForbiddenReason::PodSecurity => (
                "it violates the Pod Security level of the namespace",
                "the key and its rights are fine; change the pod's security context",
                &[],
            ),
            ForbiddenReason::Terminating => {
                ("the namespace is being deleted", "wait until it is gone, or use another", &[])
            }
            ForbiddenReason::Unknown => (
                "the server does not allow it",
                "the key was accepted; the server's words say why it is not allowed, and it need not be a matter of roles",
                &[],
            ),
            _ => (
                "the user may not do this",
                "the key is fine, it was accepted; its user lacks the right: have a role bound to the user",
                &[Cause::MissingRight],
            ),
        };
        // a right that was granted a moment ago is not there at once, but nothing here says that this is one
        Error::new(ErrorKind::Forbidden, self.words(otherwise), advice)
            .with_reason(Some(reason))
            .with_causes(causes)
    }

    fn forbidden_reason(&self) -> ForbiddenReason {
        if let Some(reason) = self.body.message.as_deref().and_then(admission_reason) {
            reason
        } else if self.is_a_missing_right() {
            ForbiddenReason::Rbac
        } else {
            ForbiddenReason::Unknown
        }
    }

    /// The forms in which the server says that a role is missing (recorded): it names the user who cannot, or Steve
    /// or Norman say so by their code, or the filter or an empty body stands for it. Kubernetes has other reasons for
    /// a 403, a LimitRange for one, and says them in words.
    fn is_a_missing_right(&self) -> bool {
        match self.body.dialect {
            Dialect::Empty | Dialect::AuthFilter => true,
            Dialect::Norman | Dialect::Steve => true,
            _ => self.body.user.is_some() || self.code() == Some("PermissionDenied"),
        }
    }

    /// The server says that it did not accept the credential there. Why, one answer cannot say.
    fn not_accepted(&self) -> Error {
        let scope = self.answer.route.scope();
        if says_other_cluster(self.answer) {
            let because = vec!["the server said that the key's cluster does not match".to_owned()];
            let home = self.ledger.and_then(Ledger::scope).and_then(|known| match known.scope {
                crate::scope::KeyScope::Cluster(id) => Some(id),
                crate::scope::KeyScope::Global => None,
            });
            return self.explained(Explanation {
                cause: RefusalCause::OutOfScope(home),
                confidence: Some(Confidence::Proven),
                because,
            });
        }
        match self.ledger {
            Some(ledger) => self.explained(ledger.explain(scope)),
            None => self.undetermined(&[], vec!["one answer cannot tell the two apart".to_owned()]),
        }
    }

    fn explained(&self, explanation: Explanation) -> Error {
        let status = self.answer.status.as_u16();
        let Explanation { cause, confidence, because } = explanation;
        let hedge = match confidence {
            Some(Confidence::Likely) => "most likely ",
            Some(Confidence::Asserted) => "going by what you say of the key, ",
            _ => "",
        };
        let error = match cause {
            RefusalCause::TokenRefused => Error::new(
                ErrorKind::TokenRefused,
                format!("{status}: {hedge}the token is refused: it expired, was deleted or switched off, or its user is disabled"),
                "make a new token, or look this one up by its name with another credential",
            )
            .with_causes([Cause::TokenRefused]),
            RefusalCause::OutOfScope(home) => {
                let own = home.as_ref().map_or_else(|| "another cluster".to_owned(), |id| format!("cluster {id}"));
                let needed = self.answer.route.scope().key_needed();
                Error::new(
                    ErrorKind::OutOfScope,
                    format!("{status}: {hedge}the token is scoped to {own} and does not reach this"),
                    format!("do not rotate it; this call needs {needed}"),
                )
                .with_causes([Cause::OutOfScope])
                .with_scoped_to(home)
            }
            RefusalCause::Undetermined => return self.undetermined(&[], because),
        };
        error.with_confidence(confidence).with_because(because)
    }

    fn undetermined(&self, more: &[Cause], because: Vec<String>) -> Error {
        let status = self.answer.status.as_u16();
        let mut causes = vec![Cause::TokenRefused, Cause::OutOfScope];
        causes.extend(more);
        let (second, settle) = match self.answer.route.scope() {
            RouteScope::Cluster(id) => (
                format!("or it is scoped to another cluster than {id}"),
                "ask a cluster that it may be scoped to, or look its name up with another credential",
            ),
            _ => (
                "or it is scoped to a cluster".to_owned(),
                "ask GET /v3/clusters/<id> of the cluster it may be scoped to, or look its name up with another credential",
            ),
        };
        let third = if more.is_empty() { "" } else { ", or its user lacks the right" };
        Error::new(
            ErrorKind::Undetermined,
            format!("{status}: the token was not accepted here: it is dead (expired, deleted, switched off or mistyped), {second}{third}"),
            settle,
        )
        .with_causes(causes)
        .with_because(because)
    }

    /// No header and a body that fits several causes.
    fn perhaps_accepted(&self) -> Error {
        let because =
            vec!["the answer does not say whether the token was accepted (no X-API-Cattle-Auth)".to_owned()];
        if let Some(ledger) = self.ledger {
            let explanation = ledger.explain(self.answer.route.scope());
            // a key that cannot reach the route was not accepted there, whatever the answer leaves unsaid
            if matches!(explanation.cause, RefusalCause::OutOfScope(_))
                && explanation.confidence == Some(Confidence::Proven)
            {
                return self.explained(explanation);
            }
        }
        self.undetermined(&[Cause::MissingRight], because)
    }

    /// A JWT is that of a service account, or of Rancher's own OIDC provider: its text is not judged here.
    fn jwt_refused(&self) -> Error {
        let status = self.answer.status.as_u16();
        let proxied = self.answer.route.path().starts_with("/k8s/");
        let (advice, causes): (_, &[Cause]) = match self.answer.route.scope() {
            RouteScope::Cluster(id) if proxied => (
                format!(
                    "a service account's JWT works for its own cluster only, and only while the namespace {id} on local \
                     holds one ClusterProxyConfig with enabled: true; check that, and its expiry"
                ),
                &[Cause::NoProxyConfig, Cause::OutOfScope, Cause::TokenRefused],
            ),
            // recorded, downstream and read in Rancher's source: there no ClusterProxyConfig helps
            _ => (
                "a service account's JWT works through /k8s/clusters/<id> of its own cluster only; use a key of Rancher's \
                 here, or check the expiry of a JWT that Rancher itself gave"
                    .to_owned(),
                &[Cause::OutOfScope, Cause::TokenRefused],
            ),
        };
        Error::new(ErrorKind::Undetermined, format!("{status}: the JWT was not accepted here"), advice)
            .with_causes(causes)
            .with_because(["X-API-Cattle-Auth says nothing about a service account's JWT".to_owned()])
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
                self.plain(ErrorKind::Invalid, otherwise, &advice)
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
            let never = self.body.says("not provisioned");
            let error = Error::new(
                ErrorKind::ClusterUnavailable,
                summary,
                "the cluster has not connected yet; run its registration command in it",
            )
            .with_causes(if never {
                vec![Cause::NeverConnected]
            } else {
                vec![Cause::NeverConnected, Cause::AgentGone]
            });
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
