//! A path of the server, validated, percent-encoded and classified.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;
use std::fmt;
use url::Url;

use crate::wire::{ClusterId, ServerUrl, redact};

/// Which credentials a path takes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RouteScope {
    /// Answered without any credential. The header still says whether the one that was sent is valid globally.
    Public,
    /// Takes a credential that is not scoped to a cluster.
    Global,
    /// Takes a credential that is not scoped, or scoped to this cluster.
    Cluster(ClusterId),
    /// Not known: not one of Rancher's paths, or not in the form in which the server reads it. Proves nothing.
    Unknown,
}

impl RouteScope {
    /// The cluster, if the path belongs to one.
    pub fn cluster(&self) -> Option<&ClusterId> {
        match self {
            RouteScope::Cluster(id) => Some(id),
            _ => None,
        }
    }

    /// The key that the path takes, in words for advice.
    pub(crate) fn key_needed(&self) -> String {
        match self {
            RouteScope::Cluster(id) => format!("a key without a scope, or one scoped to {id}"),
            _ => "a key that is not scoped to a cluster".to_owned(),
        }
    }

    /// Classifies a path without its query.
    ///
    /// The rule of the server: a key with `clusterId` is accepted if the path is
    /// `/{k8s|v3}/{clusters|cluster|proxy}/{that id}`, or below it. The server compares decoded segments and minds
    /// upper and lower case; it redirects a path with empty segments, so such a path proves nothing.
    pub fn of_path(path: &str) -> RouteScope {
        let Some(rest) = path.strip_prefix('/') else { return RouteScope::Unknown };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let mut segments: Vec<Cow<'_, str>> = Vec::with_capacity(8);
        for raw in rest.split('/') {
            match decode(raw) {
                // an encoded slash is a slash to the server, and what that makes of the path nobody recorded
                Some(segment)
                    if !segment.is_empty() && !segment.contains('/') && segment != "." && segment != ".." =>
                {
                    segments.push(segment);
                }
                _ => return RouteScope::Unknown,
            }
        }
        let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
        match segments.as_slice() {
            // `/k8s/clusters` without an id is nobody's
            ["k8s" | "v3", "clusters" | "cluster" | "proxy", id, ..] => match ClusterId::new(id) {
                Ok(id) => RouteScope::Cluster(id),
                // no key is scoped to what cannot be an id, so only an unscoped key is accepted there
                Err(_) => RouteScope::Global,
            },
            ["rancherversion" | "ping" | "healthz" | "cacerts" | "v3-public" | "v1-public", ..] => {
                RouteScope::Public
            }
            ["v3", "settings", "cacerts" | "first-login"] | ["v1"] => RouteScope::Public,
            ["v3", "settings", name] if name.starts_with("ui-") => RouteScope::Public,
            // `/version`, `/openapi` and `/ext` were not recorded, and the first is often open to everybody
            ["v3" | "v1" | "apis" | "api" | "metrics", ..] => RouteScope::Global,
            _ => RouteScope::Unknown,
        }
    }
}

impl fmt::Display for RouteScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RouteScope::Public => f.write_str("public"),
            RouteScope::Global => f.write_str("global"),
            RouteScope::Cluster(id) => write!(f, "cluster {id}"),
            RouteScope::Unknown => f.write_str("unknown"),
        }
    }
}

fn decode(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

/// Everything that would end a segment or change its meaning. `:` stays, as Rancher writes it in project ids.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const QUERY: &AsciiSet = &SEGMENT.add(b'&').add(b'+').add(b'=').add(b'\'').add(b';');

/// The longest path with query that is sent.
const LONGEST: usize = 16 * 1024;

/// A path that is not sent, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the path {shown:?} is not sent: {problem}")]
pub struct InvalidRoute {
    shown: String,
    problem: Cow<'static, str>,
}

impl InvalidRoute {
    fn new(path: &str, problem: impl Into<Cow<'static, str>>) -> Self {
        // the values of a query can be secrets, and a link can come from anywhere
        let shown = path.split_once('?').map_or_else(|| path.to_owned(), |(path, _)| format!("{path}?…"));
        Self { shown: redact(&without_token(&shown)).chars().take(120).collect(), problem: problem.into() }
    }
}

/// The path as it may be shown: in `/v3/import/{token}_{clusterId}.yaml`, the token lets a cluster register.
fn without_token(path: &str) -> Cow<'_, str> {
    const IMPORT: &str = "/v3/import/";
    match percent_decode_str(path).decode_utf8_lossy().split_once(IMPORT) {
        Some((before, _)) => format!("{before}{IMPORT}***").into(),
        None => path.into(),
    }
}

/// A path and query of the server, and which credentials it takes.
///
/// A route never names a host: the client adds the one it was configured with. It is built from segments, which are
/// encoded, so an id can never climb out of its place.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Route {
    path: String,
    query: String,
    scope: RouteScope,
}

impl Route {
    /// Builds a route from plain, unencoded segments: `["v3", "projects", "c-prod1:p-abcde"]`.
    ///
    /// # Errors
    /// A segment is empty, `.` or `..`, holds a slash, a backslash or a control character, or is over 1,024 bytes.
    pub fn from_segments<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> Result<Self, InvalidRoute> {
        let mut path = String::new();
        for segment in segments {
            let segment = segment.as_ref();
            let problem = match segment {
                "" => "a segment is empty",
                "." | ".." => "a segment is . or ..",
                _ if segment.contains(['/', '\\']) => "a segment holds a slash",
                _ if segment.chars().any(char::is_control) => "a segment holds a control character",
                _ if segment.len() > 1024 => "a segment is longer than 1,024 bytes",
                _ => "",
            };
            if !problem.is_empty() {
                return Err(InvalidRoute::new(segment, problem));
            }
            path.push('/');
            path.extend(utf8_percent_encode(segment, SEGMENT));
        }
        if path.is_empty() {
            path.push('/');
        }
        Ok(Self::classified(path, String::new()))
    }

    /// Reads a path with or without a query, as a person types it: `/v3/clusters?limit=10`.
    ///
    /// Encoded characters stay as they are; what may not stand in a URL is encoded.
    ///
    /// # Errors
    /// The path does not begin with one slash, names a host, or holds `.`, `..`, empty segments, control
    /// characters, a broken percent-encoding or a fragment.
    pub fn parse(path_and_query: &str) -> Result<Self, InvalidRoute> {
        let invalid = |problem: &'static str| Err(InvalidRoute::new(path_and_query, problem));
        if path_and_query.contains("://") && !path_and_query.starts_with('/') {
            return invalid("it is a URL; give the path alone, the server is the client's");
        }
        if !path_and_query.starts_with('/') {
            return invalid("a path begins with a slash");
        }
        if path_and_query.len() > LONGEST {
            return invalid("it is longer than 16 KiB");
        }
        if path_and_query.contains(['\\', '#']) || path_and_query.chars().any(char::is_control) {
            return invalid("it holds a backslash, a fragment or a control character");
        }
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let body = path.strip_prefix('/').unwrap_or(path);
        let body = body.strip_suffix('/').unwrap_or(body);
        if !body.is_empty() {
            for segment in body.split('/') {
                if segment.is_empty() {
                    return invalid("it has an empty segment; write it without double slashes");
                }
                if !well_encoded(segment) {
                    return invalid("it holds a % that does not begin an encoded character");
                }
                match decode(segment) {
                    None => return invalid("an encoded character is not UTF-8"),
                    Some(text) if text == "." || text == ".." => return invalid("a segment is . or .."),
                    Some(text) if text.contains(['/', '\\']) || text.chars().any(char::is_control) => {
                        return invalid("a segment holds an encoded slash or control character");
                    }
                    Some(_) => {}
                }
            }
        }
        if !well_encoded(query) {
            return invalid("its query holds a % that does not begin an encoded character");
        }
        Ok(Self::classified(encode_rest(path), encode_rest(query)))
    }

    /// Takes the route out of a link that the server gave: a page's `next`, an action, a `Location`.
    ///
    /// # Errors
    /// The link leads to another scheme, host, port or path prefix than the client's own. Credentials never follow
    /// such a link. A link that leaves the prefix out, as a server that does not know of it writes them, is taken as
    /// one below it.
    pub fn from_link(server: &ServerUrl, link: &str) -> Result<Self, InvalidRoute> {
        let url = if link.starts_with('/') && !link.starts_with("//") {
            // a relative Location holds the prefix as the server sees itself, so the origin is all that is added
            let base = server.join("/");
            base.join(link).map_err(|_| InvalidRoute::new(link, "it is no URL"))?
        } else {
            Url::parse(link).map_err(|_| InvalidRoute::new(link, "it is no URL"))?
        };
        let Some(path) = server.strip(&url) else {
            return Err(InvalidRoute::new(
                link,
                format!("it leads away from {server}; credentials go nowhere else"),
            ));
        };
        match url.query() {
            Some(query) => Self::parse(&format!("{path}?{query}")),
            None => Self::parse(path),
        }
    }

    fn classified(path: String, query: String) -> Self {
        let scope = RouteScope::of_path(&path);
        Self { path, query, scope }
    }

    /// Adds a query parameter; a name may come more than once.
    #[must_use]
    pub fn with_query(mut self, name: &str, value: &str) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        self.query.extend(utf8_percent_encode(name, QUERY));
        self.query.push('=');
        self.query.extend(utf8_percent_encode(value, QUERY));
        self
    }

    /// The same with one more segment, whose slashes are encoded: the id of a principal (recorded: workflows,
    /// `/v3/principals/local%3A%2F%2Fu-d7h7v`).
    #[must_use]
    pub(crate) fn with_last_segment(mut self, segment: &str) -> Self {
        self.path.push('/');
        self.path.extend(utf8_percent_encode(segment, NON_ALPHANUMERIC));
        Self::classified(self.path, self.query)
    }

    /// The same without a query parameter.
    #[must_use]
    pub(crate) fn without_query(&self, name: &str) -> Self {
        let others = self.query.split('&').filter(|pair| pair.split('=').next() != Some(name));
        let query = others.collect::<Vec<_>>().join("&");
        Self { query, ..self.clone() }
    }

    /// Which credentials the route takes.
    pub fn scope(&self) -> &RouteScope {
        &self.scope
    }

    /// The encoded path, which begins with a slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The encoded query, empty if there is none.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// The decoded values of a query parameter, in order.
    pub fn query_values(&self, name: &str) -> Vec<String> {
        url::form_urlencoded::parse(self.query.as_bytes())
            .filter(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
            .collect()
    }

    /// The decoded segments of the path.
    pub fn segments(&self) -> Vec<String> {
        let body = self.path.trim_matches('/');
        body.split('/').filter(|s| !s.is_empty()).filter_map(decode).map(Cow::into_owned).collect()
    }

    pub(crate) fn replace_path(&self, segments: &[&str], query: String) -> Option<Self> {
        let route = Self::from_segments(segments).ok()?;
        Some(Self { query, ..route })
    }

    /// Path and query as they stand in the request line, without the server's prefix.
    pub fn path_and_query(&self) -> String {
        if self.query.is_empty() { self.path.clone() } else { format!("{}?{}", self.path, self.query) }
    }

    /// The path as logs and errors show it: without the values of the query and the token of an import path.
    pub fn shown(&self) -> String {
        let path = without_token(&self.path);
        if self.query.is_empty() {
            return redact(&path).into_owned();
        }
        let names: Vec<String> = self
            .query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                // which action was asked is the half of what the call was
                Some(("action" | "limit" | "clusterId" | "me", _)) => redact(pair).into_owned(),
                Some((name, _)) => format!("{name}=…"),
                // what has no name may be a value
                None if pair.is_empty() => String::new(),
                None => "…".to_owned(),
            })
            .collect();
        redact(&format!("{path}?{}", names.join("&"))).into_owned()
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.shown(), self.scope)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

fn well_encoded(text: &str) -> bool {
    text.split('%').skip(1).all(|after| {
        let mut bytes = after.bytes();
        let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
        hex(bytes.next()) && hex(bytes.next())
    })
}

/// Encodes what may not stand in a URL and leaves what is encoded already.
fn encode_rest(text: &str) -> String {
    const REST: &AsciiSet =
        &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>').add(b'^').add(b'`').add(b'{').add(b'|').add(b'}');
    utf8_percent_encode(text, REST).collect()
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
