//! Ids of Rancher's objects, as types that refuse nonsense and say what was meant.
//!
//! An id accepts any DNS label, because servers choose new forms (`c-xxxxx`, `c-m-xxxxxxxx`, `local`, `u-…`,
//! `user-…`); the forms known today only drive the hints in errors.

use std::fmt;
use std::str::FromStr;

use super::redact;

/// Text that is not the id it was meant to be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown} is not a {what}: {problem}")]
pub struct InvalidId {
    what: &'static str,
    shown: String,
    problem: String,
}

impl InvalidId {
    fn new(what: &'static str, text: &str, problem: impl Into<String>) -> Self {
        // whoever mixes up arguments may well pass a key here
        let mut shown: String = redact(text).chars().take(80).collect();
        if text.chars().count() > 80 {
            shown.push('…');
        }
        Self { what, shown: format!("{shown:?}"), problem: problem.into() }
    }

    /// What the text should have been: `cluster id`, `project id`, …
    pub fn what(&self) -> &'static str {
        self.what
    }
}

pub(crate) fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
}

fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

const LABEL_RULE: &str = "an id is at most 63 lower-case letters, digits and inner hyphens";

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Reads the id.
            ///
            /// # Errors
            /// The text is not such an id; the error says what it looks like instead.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                $check(text).map_err(|problem| InvalidId::new($what, text, problem))?;
                Ok(Self(text.to_owned()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::new(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

text_id!(
    /// The id of a cluster: `local`, `c-xxxxx` (imported) or `c-m-xxxxxxxx` (provisioned).
    ClusterId, "cluster id", check_cluster
);
text_id!(
    /// The id of a user: `u-xxxxx` or `user-xxxxx`.
    UserId, "user id", check_user
);

impl ClusterId {
    /// The cluster that Rancher itself runs on.
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// Whether this is the cluster that Rancher itself runs on.
    pub fn is_local(&self) -> bool {
        self.0 == "local"
    }
}

fn check_cluster(text: &str) -> Result<(), String> {
    if is_dns_label(text) {
        return Ok(());
    }
    if text.contains("/k8s/clusters/") || text.contains("/v3/clusters/") {
        return Err("that is a URL; give the id that follows /clusters/ in it".into());
    }
    if let Some((cluster, project)) = text.split_once(':') {
        if is_dns_label(cluster) && project.starts_with("p-") {
            return Err(format!("that is a project id; its cluster is {cluster}"));
        }
        return Err("that looks like a key or a namespaced id; a cluster id holds no colon".into());
    }
    if text.is_empty() {
        return Err("it is empty".into());
    }
    Err(format!("{LABEL_RULE}; a cluster's display name is not its id"))
}

fn check_user(text: &str) -> Result<(), String> {
    if is_dns_label(text) {
        return Ok(());
    }
    if let Some((_, user)) = text.split_once("://") {
        let hint = if is_dns_label(user) { format!("; its user id may be {user}") } else { String::new() };
        return Err(format!("that is a principal id{hint}"));
    }
    Err(LABEL_RULE.into())
}

/// The id of a project, `<cluster>:p-xxxxx`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId {
    cluster: ClusterId,
    name: String,
}

impl ProjectId {
    /// Puts a project id together from its cluster and its name, `p-xxxxx`.
    ///
    /// # Errors
    /// The name is not a DNS label.
    pub fn compose(cluster: ClusterId, name: &str) -> Result<Self, InvalidId> {
        if !is_dns_label(name) {
            return Err(InvalidId::new("project name", name, LABEL_RULE));
        }
        Ok(Self { cluster, name: name.to_owned() })
    }

    /// The cluster the project belongs to.
    pub fn cluster(&self) -> &ClusterId {
        &self.cluster
    }

    /// The part after the colon, which is the name of the project's object: `p-xxxxx`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for ProjectId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |problem: &str| InvalidId::new("project id", text, problem);
        let Some((cluster, name)) = text.split_once(':') else {
            return Err(invalid(if text.starts_with("p-") {
                "its cluster is missing; write <cluster>:p-xxxxx"
            } else {
                "a project id is like c-xxxxx:p-xxxxx"
            }));
        };
        if text.starts_with("token-") || text.starts_with("kubeconfig-") || text.starts_with("ext/") {
            return Err(invalid("that looks like a key"));
        }
        let cluster = ClusterId::new(cluster)
            .map_err(|error| invalid(&format!("its cluster is wrong: {}", error.problem)))?;
        Self::compose(cluster, name).map_err(|_| invalid(LABEL_RULE))
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.cluster, self.name)
    }
}

/// The name of a token, which may be shown: `token-xxxxx`, `kubeconfig-…`, or `ext/token-xxxxx` for a token of
/// `ext.cattle.io`. The secret is never part of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenName {
    ext: bool,
    name: String,
}

impl TokenName {
    /// Whether the token belongs to the extension API (`ext.cattle.io`), not to v3.
    pub fn is_ext(&self) -> bool {
        self.ext
    }

    /// The name of the token's object, without the `ext/` that only its bearer form carries.
    pub fn object_name(&self) -> &str {
        &self.name
    }
}

impl FromStr for TokenName {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |problem: &str| InvalidId::new("token name", text, problem);
        let (ext, name) = text.strip_prefix("ext/").map_or((false, text), |name| (true, name));
        if name.contains(':') {
            return Err(invalid("the secret after the colon is not part of a name"));
        }
        if !is_dns_subdomain(name) {
            return Err(invalid("a token name is like token-xxxxx, kubeconfig-… or ext/token-xxxxx"));
        }
        Ok(Self { ext, name: name.to_owned() })
    }
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.ext { "ext/" } else { "" }, self.name)
    }
}

/// Whether a principal is a person or a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PrincipalKind {
    /// One user: `local://u-xxxxx`, `keycloakoidc_user://<subject>`.
    User,
    /// A group of the identity provider: `keycloakoidc_group://<name>`, `github_org://<id>`.
    Group,
}

/// Who a role is bound to, as Rancher writes it: `<provider>_<kind>://<name>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrincipalId {
    scheme: String,
    name: String,
}

impl PrincipalId {
    /// A group of an identity provider, `keycloakoidc_group://developers`.
    ///
    /// # Errors
    /// The provider is not lower-case letters and digits, or the name is empty or has control characters.
    pub fn group(provider: &str, name: &str) -> Result<Self, InvalidId> {
        format!("{provider}_group://{name}").parse()
    }

    /// A user of an identity provider, `keycloakoidc_user://<subject>`; the provider `local` has no suffix.
    ///
    /// # Errors
    /// As for [`PrincipalId::group`].
    pub fn user(provider: &str, name: &str) -> Result<Self, InvalidId> {
        let scheme = if provider == "local" { "local".to_owned() } else { format!("{provider}_user") };
        format!("{scheme}://{name}").parse()
    }

    /// The identity provider: `local`, `keycloakoidc`, `github`, …
    pub fn provider(&self) -> &str {
        self.scheme.split('_').next().unwrap_or_default()
    }

    /// Whether it is a user or a group.
    pub fn kind(&self) -> PrincipalKind {
        match self.scheme.split_once('_') {
            None | Some((_, "user")) => PrincipalKind::User,
            Some(_) => PrincipalKind::Group,
        }
    }

    /// What follows `://`, as the provider names it.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl FromStr for PrincipalId {
    type Err = InvalidId;
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = |problem: &str| InvalidId::new("principal id", text, problem);
        let Some((scheme, name)) = text.split_once("://") else {
            return Err(invalid("a principal id is like local://u-xxxxx or keycloakoidc_group://name"));
        };
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if scheme.is_empty() || !scheme.chars().all(word) {
            return Err(invalid("the part before :// is lower-case letters, digits and an underscore"));
        }
        if matches!(scheme, "http" | "https") {
            return Err(invalid("that is a URL"));
        }
        if name.is_empty() || name.chars().any(char::is_control) {
            return Err(invalid("the part after :// is empty or holds control characters"));
        }
        Ok(Self { scheme: scheme.to_owned(), name: name.to_owned() })
    }
}

impl fmt::Display for PrincipalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cluster_ids_take_every_known_form() {
        for text in ["local", "c-prod1", "c-m-abcd1234", "c-2", "my-own-name", "p-abcde"] {
            assert_eq!(ClusterId::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_wrong_cluster_id_says_what_was_given() {
        let cases = [
            ("c-prod1:p-abcde", "that is a project id; its cluster is c-prod1"),
            ("https://rancher.example.com/k8s/clusters/c-prod1", "that is a URL"),
            ("Production EU", "a cluster's display name is not its id"),
            ("", "it is empty"),
            ("c-prod1/../local", "lower-case letters"),
            ("-c", "lower-case letters"),
            ("c-\n", "lower-case letters"),
        ];
        for (text, expected) in cases {
            let message = ClusterId::new(text).unwrap_err().to_string();
            assert!(message.contains(expected), "{text:?}: {message}");
        }
        assert!(ClusterId::new("c".repeat(64)).is_err());
        assert!(ClusterId::new("c".repeat(300)).unwrap_err().to_string().len() < 250);
    }

    #[test]
    fn a_key_in_the_wrong_place_is_not_echoed() {
        for text in ["token-abcde:s3cr3tvalue", "ext/token-abcde:s3cr3tvalue"] {
            assert!(!ClusterId::new(text).unwrap_err().to_string().contains("s3cr3t"));
            assert!(!format!("{:?}", text.parse::<ProjectId>().unwrap_err()).contains("s3cr3t"));
            assert!(!text.parse::<TokenName>().unwrap_err().to_string().contains("s3cr3t"));
        }
    }

    #[test]
    fn project_ids_compose_and_come_apart() {
        let id: ProjectId = "c-prod1:p-abcde".parse().unwrap();
        assert_eq!((id.cluster().as_str(), id.name()), ("c-prod1", "p-abcde"));
        assert_eq!(ProjectId::compose(id.cluster().clone(), "p-abcde").unwrap(), id);
        assert_eq!(id.to_string(), "c-prod1:p-abcde");
        for bad in ["p-abcde", "c-prod1", "c-prod1:", ":p-a", "c-prod1:p-a:b", "C:p-a"] {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn token_names_know_their_api() {
        let name: TokenName = "ext/token-abcde".parse().unwrap();
        assert!(name.is_ext());
        assert_eq!((name.object_name(), name.to_string().as_str()), ("token-abcde", "ext/token-abcde"));
        assert!(!"kubeconfig-u-d7h7v.local6nqsp".parse::<TokenName>().unwrap().is_ext());
    }

    #[test]
    fn principals_come_apart() {
        let group: PrincipalId = "keycloakoidc_group://developers".parse().unwrap();
        assert_eq!(
            (group.provider(), group.kind(), group.name()),
            ("keycloakoidc", PrincipalKind::Group, "developers")
        );
        let org: PrincipalId = "github_org://123".parse().unwrap();
        assert_eq!((org.provider(), org.kind()), ("github", PrincipalKind::Group));
        assert_eq!(PrincipalId::user("local", "u-abcde").unwrap().to_string(), "local://u-abcde");
        for bad in ["u-abcde", "https://x", "://x", "local://", "A://x"] {
            assert!(bad.parse::<PrincipalId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_principal_where_a_user_is_wanted_gets_a_hint() {
        let message = UserId::new("local://u-abcde").unwrap_err().to_string();
        assert!(message.contains("its user id may be u-abcde"), "{message}");
    }
}
