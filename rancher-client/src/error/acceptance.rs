//! Whether an answer says that the credential was accepted there.

use http::StatusCode;

use super::body::{Dialect, ErrorBody};
use super::{Accepted, Answer};
use crate::scope::{RouteScope, TokenKind};
use crate::wire::ClusterId;

/// Whether the credential was accepted, from the header or, where it is absent, from what only happens to one that
/// was (or was not).
pub(super) fn acceptance(answer: &Answer<'_>, body: &ErrorBody, credential: TokenKind) -> Option<bool> {
    if credential == TokenKind::Jwt {
        // recorded, downstream.jsonl: the header stays false for a service account's JWT that the proxy accepts
        return match answer.accepted {
            Accepted::Yes => Some(true),
            _ => body.names_somebody(),
        };
    }
    if let Some(said) = answer.accepted.said() {
        return Some(said);
    }
    if let Some(known) = body.names_somebody() {
        return Some(known);
    }
    let scope = answer.route.scope();
    // nobody needs to be let in there, so being answered says nothing
    if matches!(scope, RouteScope::Public | RouteScope::Unknown) {
        return None;
    }
    // behind the proxy, a cluster's own API server speaks, and it may be Rancher's account that it refuses
    let ranchers_own = scope.cluster().is_none_or(ClusterId::is_local);
    match (answer.status.as_u16(), body.dialect) {
        (401, _) if says_other_cluster(answer) => Some(false),
        // recorded: these words are the filter's and the API server's answer to a credential that was not accepted
        (401, Dialect::AuthFilter) if body.says("must authenticate") => Some(false),
        // recorded: of a refused credential it says this one word. Others come after it was let in: "not authorized to
        // update password" (read in Rancher's extension API)
        (401, Dialect::Kubernetes) if ranchers_own && body.message.as_deref() == Some("Unauthorized") => {
            Some(false)
        }
        (401, Dialect::PlainText) if ranchers_own && body.says("not authorized") => Some(false),
        // recorded: a refused credential gets 403 from the router whatever the cluster's state
        (404 | 503, Dialect::ClusterRouter) => Some(true),
        (500, Dialect::PlainText) if agent_is_gone(body) => Some(true),
        // Norman answers only whom the filter let pass
        (403 | 404 | 409 | 422, Dialect::Norman) if body.code.is_some() => Some(true),
        _ => None,
    }
}

/// Whether the credential was accepted, for the ledger; nothing where the answer does not tell.
pub(crate) fn acceptance_of(answer: &Answer<'_>, credential: TokenKind) -> Option<bool> {
    acceptance(answer, &ErrorBody::read(answer.body, answer.complete), credential)
}

/// The words of 2.4.0 to 2.4.4, which told a key of another cluster from a dead one (issue threads of that time).
const OTHER_CLUSTER: &str = "clusterid does not match";

/// Whether the authentication filter said that the key is of another cluster. The same words elsewhere, in the message
/// of a validation say, prove nothing.
pub(crate) fn says_other_cluster(answer: &Answer<'_>) -> bool {
    let body = ErrorBody::read(answer.body, answer.complete);
    answer.status == StatusCode::UNAUTHORIZED
        && answer.accepted != Accepted::Yes
        && matches!(body.dialect, Dialect::AuthFilter | Dialect::Norman | Dialect::PlainText)
        && body.says(OTHER_CLUSTER)
}

/// The words with which the tunnel says that nobody is at its other end (recorded, `agent-gone.jsonl`).
pub(super) fn agent_is_gone(body: &ErrorBody) -> bool {
    body.says("cluster agent disconnected")
        || body.says("failed to find session for client")
        || body.says("lost connection to cluster")
}
