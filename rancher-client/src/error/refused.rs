//! Why a credential was refused: what one answer, and the ledger beside it, allow to conclude.

use http::{Method, StatusCode};

use super::acceptance::says_other_cluster;
use super::body::Dialect;
use super::causes::{admission_reason, gives_too_much};
use super::judge::Case;
use super::{Cause, Error, ErrorKind, ForbiddenReason};
use crate::scope::{Confidence, Explanation, Ledger, RefusalCause, RouteScope, TokenKind};

/// What to do where a role is missing, and nothing more is known.
pub(crate) const LACKS_THE_RIGHT: &str =
    "the key is fine, it was accepted; its user lacks the right: have a role bound to the user";

impl Case<'_> {
    pub(super) fn is_login(&self) -> bool {
        let segments = self.answer.route.segments();
        let public = matches!(segments.first().map(String::as_str), Some("v3-public" | "v1-public"));
        public && self.answer.method == Method::POST
    }

    /// Rancher's own answers to a login bear a code (recorded: workflows, "login wrong password"); those of what stands
    /// before it do not, and say nothing of the password.
    pub(super) fn is_ranchers_login(&self) -> bool {
        self.body.dialect == Dialect::Norman && self.code().is_some()
    }

    pub(super) fn login_refused(&self) -> Error {
        if !self.is_ranchers_login() {
            return self.plain(
                ErrorKind::Unauthenticated,
                "the login was refused, and not in Rancher's words",
                "something before Rancher may want a login of its own; the password may not have been looked at",
            );
        }
        // recorded, workflows "login wrong password"; a directory answers so for an account that it locked (assumed), and
        // Rancher where its own account is refused there, or its search fails (read in its source)
        self.plain(
            ErrorKind::Unauthenticated,
            "the login was refused",
            "check user name, password and provider, and that the user is enabled",
        )
        .with_causes([Cause::WrongPassword, Cause::UserDisabled, Cause::ProviderFailed])
    }

    pub(super) fn login_denied(&self) -> Error {
        // read in Rancher's source, not recorded: the password was right, and the user is disabled, or not among those
        // whom the provider may let in
        self.plain(
            ErrorKind::Unauthenticated,
            "the password is right, and the user may not log in",
            "have the user enabled, or allowed at the provider",
        )
        .with_causes([Cause::UserDisabled, Cause::MissingRight])
    }

    pub(super) fn refused(&self) -> Error {
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
            // roles let it come this far, and a webhook can look at rights all the same
            ForbiddenReason::Admission => (
                "an admission policy denies it",
                "the key is fine, it was accepted; change what the policy names",
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
            _ => ("the user may not do this", self.missing_right(), &[Cause::MissingRight]),
        };
        // a right that was granted a moment ago is not there at once, but nothing here says that this is one
        Error::new(ErrorKind::Forbidden, self.words(otherwise), advice)
            .with_reason(Some(reason))
            .with_causes(causes)
    }

    /// What to do about a right that is missing.
    fn missing_right(&self) -> &'static str {
        if self.body.message.as_deref().is_some_and(gives_too_much) {
            return "the key is fine, it was accepted; nobody may give rights that they do not have: let somebody do it who has them";
        }
        if self.is_about_the_cluster() {
            return "the key is fine, it was accepted; its user may not see the cluster, or there is none of that id: check \
                    the id, or have a role in the cluster bound to the user";
        }
        if self.body.dialect == Dialect::Steve && !self.answer.method.is_safe() {
            return "the key is fine, it was accepted; its user lacks the right, or Steve lets nobody do that with this type: \
                    have a role bound to the user, or do it through Kubernetes or v3";
        }
        LACKS_THE_RIGHT
    }

    /// Whether it is the cluster itself that the user may not see. Recorded (matrix, `c-zzzzz`): whoever may not read all
    /// clusters gets this for one that does not exist, too. A cluster's Steve says it without a word.
    fn is_about_the_cluster(&self) -> bool {
        let Some(cluster) = self.answer.route.scope().cluster() else { return false };
        let named = format!("clusters.management.cattle.io \"{cluster}\" is forbidden");
        let bodiless = self.answer.status == StatusCode::UNAUTHORIZED && self.body.dialect == Dialect::Empty;
        let names_it = |message: &str| message.starts_with(&named) && message.contains("cannot get resource");
        bodiless || self.body.message.as_deref().is_some_and(names_it)
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
            // Kubernetes' own words come through both, and need not be about roles: a missing one names the user
            Dialect::Norman | Dialect::Steve => {
                self.code() != Some("Forbidden") || self.body.user.is_some() || self.body.message.is_none()
            }
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
        // what was accepted once was not mistyped
        let mistyped = match self.ledger.is_some_and(Ledger::holds_acceptances) {
            true => "",
            false => "it is mistyped, ",
        };
        let error = match cause {
            RefusalCause::TokenRefused => Error::new(
                ErrorKind::TokenRefused,
                format!("{status}: {hedge}the token is refused: {mistyped}it expired, was deleted or switched off, or its user is disabled"),
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
        let (what, third) = match more.is_empty() {
            true => ("the token was not accepted here", ""),
            false => {
                ("refused, without a word on whether the token was accepted", ", or its user lacks the right")
            }
        };
        let (fourth, look) = match more.contains(&Cause::NotRancher) {
            true => (
                ", or the request never came to Rancher",
                "; look at the proxy or ingress in front of Rancher, too: the answer may be its own",
            ),
            false => ("", ""),
        };
        Error::new(
            ErrorKind::Undetermined,
            format!("{status}: {what}: it is dead (expired, deleted, switched off or mistyped), {second}{third}{fourth}"),
            format!("{settle}{look}"),
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
        // the rest are forms that only Rancher has
        let by_anybody = matches!(
            self.body.dialect,
            Dialect::PlainText | Dialect::Empty | Dialect::Unreadable | Dialect::Html
        );
        match by_anybody {
            true => self.undetermined(&[Cause::MissingRight, Cause::NotRancher], because),
            false => self.undetermined(&[Cause::MissingRight], because),
        }
    }

    /// A JWT is that of a service account, or of Rancher's own OIDC provider: its text is not judged here.
    fn jwt_refused(&self) -> Error {
        let status = self.answer.status.as_u16();
        let proxied = self.answer.route.path().starts_with("/k8s/");
        let (advice, causes): (_, &[Cause]) = match self.answer.route.scope() {
            RouteScope::Cluster(id) if proxied => (
                format!(
                    "a service account's JWT works for its own cluster only, only while the namespace {id} on local holds \
                     one ClusterProxyConfig with enabled: true, and only while the cluster's agent is connected; check \
                     these, and its expiry"
                ),
                // the cluster is asked what the JWT is worth; where it does not answer, nobody is let in (read in
                // Rancher's source)
                &[Cause::NoProxyConfig, Cause::OutOfScope, Cause::TokenRefused, Cause::AgentGone],
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
}
