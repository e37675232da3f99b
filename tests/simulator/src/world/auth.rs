//! Who is calling: the credential of a request, and whether it is good where the request goes.

use super::state::{Agent, Millis, Object, ServiceToken, State, Token, TokenKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use http::{HeaderMap, header};
use serde_json::Value;

/// What authentication concluded. It never says why a credential was refused.
#[derive(Debug, Clone)]
pub(crate) enum Caller {
    /// No credential was sent.
    Anonymous,
    /// One was sent and not accepted here.
    Refused {
        /// It came as `Basic`, which changes one body.
        basic: bool,
    },
    /// A user, by the token with this key.
    User {
        /// The user's id.
        user: String,
        /// [`Token::key`] of the token.
        token: String,
    },
    /// A service account of a downstream cluster, good in the proxy of that cluster only.
    ServiceAccount(ServiceToken),
}

impl Caller {
    /// What `X-API-Cattle-Auth` says: it speaks of Rancher's own tokens only.
    pub(crate) fn accepted(&self) -> bool {
        // rule: auth.header
        matches!(self, Self::User { .. })
    }
}

struct Presented {
    credential: String,
    basic: bool,
}

// A header wins over the cookie, and a header of another scheme switches the cookie off.
fn presented(headers: &HeaderMap) -> Option<Presented> {
    // rule: auth.three-ways
    // rule: auth.header-before-cookie
    let header =
        headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or("").trim();
    if !header.is_empty() {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Presented { credential: rest.trim().to_owned(), basic: false });
        }
        if scheme.eq_ignore_ascii_case("basic") {
            let bytes =
                STANDARD.decode(rest.trim()).or_else(|_| URL_SAFE.decode(rest.trim())).unwrap_or_default();
            return Some(Presented { credential: String::from_utf8(bytes).unwrap_or_default(), basic: true });
        }
        return Some(Presented { credential: String::new(), basic: false });
    }
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let session =
        cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix("R_SESS="))?;
    Some(Presented { credential: session.to_owned(), basic: false })
}

/// The cluster a path is about, where the scope of a key is concerned.
pub(crate) fn cluster_of_path(path: &str) -> Option<&str> {
    // rule: scope.path
    let mut parts = path.split('/').skip(1);
    let (first, second, id) = (parts.next()?, parts.next()?, parts.next()?);
    (matches!(first, "k8s" | "v3") && matches!(second, "clusters" | "cluster" | "proxy") && !id.is_empty())
        .then_some(id)
}

/// Is the token alive, and is its user?
pub(crate) fn alive(state: &State, token: &Token, now: Millis) -> bool {
    // rule: auth.alive
    token.enabled && !token.expired(now) && state.users.get(&token.user).is_some_and(|user| user.enabled)
}

/// Decides who calls `path` (decoded) at `now`.
pub(crate) fn caller(state: &State, headers: &HeaderMap, path: &str, now: Millis) -> Caller {
    let Some(Presented { credential, basic }) = presented(headers) else { return Caller::Anonymous };
    let refused = Caller::Refused { basic };
    if let Some(account) = state.service_tokens.get(&credential) {
        return service_account(state, account, path, now).unwrap_or(refused);
    }
    // Exactly one colon, or it is no token at all.
    let Some((key, secret)) = credential.split_once(':') else { return refused };
    let Some(token) = state.tokens.get(key) else { return refused };
    if token.secret != secret || !alive(state, token, now) {
        return refused;
    }
    // rule: scope.v3-key
    // rule: scope.ext-unconfined
    let confined = if token.kind == TokenKind::Ext { None } else { token.cluster.as_deref() };
    if confined.is_some() && confined != cluster_of_path(path) {
        return refused;
    }
    Caller::User { user: token.user.clone(), token: token.key() }
}

fn service_account(state: &State, account: &ServiceToken, path: &str, now: Millis) -> Option<Caller> {
    // rule: auth.service-account
    let local = state.clusters.get("local")?;
    // rule: auth.one-proxy-config
    let mut configs = local.objects.of("management.cattle.io/clusterproxyconfigs", &account.cluster);
    let enabled = |config: &Object| config.body.get("enabled").and_then(Value::as_bool) == Some(true);
    let switched_on = configs.next().is_some_and(|(_, config)| enabled(config)) && configs.next().is_none();
    let here = path.starts_with("/k8s/") && cluster_of_path(path) == Some(account.cluster.as_str());
    // rule: auth.cluster-is-asked
    let asked = state
        .clusters
        .get(&account.cluster)
        .is_some_and(|cluster| matches!(cluster.agent, Agent::Connected | Agent::Starting));
    (switched_on && here && asked && now < account.expires).then(|| Caller::ServiceAccount(account.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn the_scope_of_a_path() {
        for (path, cluster) in [
            ("/v3/clusters/c-1", Some("c-1")),
            ("/v3/cluster/c-1/projects", Some("c-1")),
            ("/k8s/clusters/local/version", Some("local")),
            ("/k8s/proxy/c-1", Some("c-1")),
            ("/v3/clusters", None),
            ("/v3/clusters/", None),
            ("/v3/project/c-1:p-1/workloads", None),
            ("/v1/namespaces", None),
            ("/v1/clusters/c-1", None),
            ("/V3/clusters/c-1", None),
            ("/", None),
        ] {
            assert_eq!(cluster_of_path(path), cluster, "{path}");
        }
    }

    #[test]
    fn a_foreign_scheme_switches_the_cookie_off() {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=b; R_SESS=token-1:x"));
        assert_eq!(presented(&headers).unwrap().credential, "token-1:x");
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Negotiate abc"));
        assert_eq!(presented(&headers).unwrap().credential, "");
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("Basic dG9rZW4tMTp4"));
        let basic = presented(&headers).unwrap();
        assert!(basic.basic && basic.credential == "token-1:x");
    }
}
