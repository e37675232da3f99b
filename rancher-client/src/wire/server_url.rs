//! The address of a server: an origin, perhaps a path prefix, and never anything else.

use std::fmt;
use std::str::FromStr;
use url::{Host, Url};

use super::redact;

/// A URL that cannot be the address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct InvalidServerUrl {
    problem: String,
}

impl InvalidServerUrl {
    fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}

/// Where Rancher is: scheme, host, port, and the path prefix it is served under, if any.
///
/// People paste what they have. `https://host`, `https://host/`, `https://host/v3`, `https://host/v3/` and
/// `https://host/k8s/clusters/c-xxxxx` all name the same server; `https://host/rancher/v3` has the prefix `/rancher`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ServerUrl {
    origin: Url,
    prefix: String,
}

/// The first segments of Rancher's own paths: where one starts, the prefix ends.
const API_ROOTS: [&str; 9] =
    ["v3", "v1", "k8s", "v3-public", "v1-public", "dashboard", "apis", "api", "login"];

impl ServerUrl {
    /// Reads the address of a server.
    ///
    /// `http://` is refused unless the host is the machine itself or `allow_http` is set: a token sent in the
    /// clear is a token given away.
    ///
    /// # Errors
    /// The text is no URL, has another scheme, carries a user name, password, query or fragment, or would send
    /// credentials in the clear.
    pub fn parse(text: &str, allow_http: bool) -> Result<Self, InvalidServerUrl> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidServerUrl::new("the server URL is empty; give https://rancher.example.com"));
        }
        // what stands before an @ may be a password, and text that cannot be parsed cannot be masked
        let shown = if text.contains('@') { "…".into() } else { redact(text) };
        let shown: String = shown.chars().take(200).collect();
        if !text.contains("://") {
            return Err(InvalidServerUrl::new(format!(
                "the server URL {shown:?} has no scheme; write https://{shown}"
            )));
        }
        let mut url = Url::parse(text).map_err(|error| {
            InvalidServerUrl::new(format!("the server URL {shown:?} cannot be read: {error}"))
        })?;
        if !url.username().is_empty() || url.password().is_some() {
            // the rest of the URL is not shown either: it holds the password
            return Err(InvalidServerUrl::new(
                "the server URL carries a user name or password; give the credential apart from it",
            ));
        }
        let Some(host) = url.host() else {
            return Err(InvalidServerUrl::new(format!("the server URL {shown:?} has no host")));
        };
        match url.scheme() {
            "https" => {}
            "http" if allow_http || is_loopback(&host) => {}
            "http" => {
                return Err(InvalidServerUrl::new(format!(
                    "{shown:?} would send the token unencrypted; use https://, or allow http explicitly"
                )));
            }
            other => {
                return Err(InvalidServerUrl::new(format!(
                    "a server URL begins with https://, not {other}://"
                )));
            }
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidServerUrl::new(
                "the server URL has a query or a fragment; give the address alone",
            ));
        }
        let prefix = prefix_of(url.path())?;
        url.set_path("/");
        Ok(Self { origin: url, prefix })
    }

    /// The path prefix, without a trailing slash: empty, or `/rancher`.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// The host and port as a URL writes them, `rancher.example.com:8443`.
    pub fn authority(&self) -> String {
        let host = self.origin.host_str().unwrap_or_default();
        self.origin.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The host alone, without brackets around an IPv6 address.
    pub fn host(&self) -> &str {
        self.origin.host_str().unwrap_or_default().trim_matches(['[', ']'])
    }

    /// Whether the connection is encrypted.
    pub fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// Whether `url` has the same scheme, host and port: the only place credentials may go.
    pub fn same_origin(&self, url: &Url) -> bool {
        self.origin.scheme() == url.scheme()
            && self.origin.host() == url.host()
            && self.origin.port_or_known_default() == url.port_or_known_default()
    }

    /// Whether two servers share the origin, whatever their prefix.
    pub fn same_server(&self, other: &ServerUrl) -> bool {
        self.same_origin(&other.origin)
    }

    /// The URL of a path of the server, which begins with a slash and is already percent-encoded.
    pub(crate) fn join(&self, path_and_query: &str) -> Url {
        let mut url = self.origin.clone();
        let (path, query) =
            path_and_query.split_once('?').map_or((path_and_query, None), |(p, q)| (p, Some(q)));
        url.set_path(&format!("{}{path}", self.prefix));
        url.set_query(query);
        url
    }

    /// Takes origin and prefix off a URL that the server gave; nothing if it leads elsewhere.
    ///
    /// Behind a proxy that takes the prefix off, Rancher does not know it and leaves it out of its links (assumed).
    /// Such a path is one of Rancher's own roots, and is meant below the prefix.
    pub(crate) fn strip<'u>(&self, url: &'u Url) -> Option<&'u str> {
        if !self.same_origin(url) || !url.username().is_empty() || url.password().is_some() {
            return None;
        }
        let path = url.path();
        match path.strip_prefix(self.prefix.as_str()) {
            Some(rest) if rest.starts_with('/') => Some(rest),
            _ => {
                let root = path.split('/').nth(1).unwrap_or_default();
                (!self.prefix.is_empty() && API_ROOTS.contains(&root)).then_some(path)
            }
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn prefix_of(path: &str) -> Result<String, InvalidServerUrl> {
    let mut prefix = String::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if API_ROOTS.contains(&segment) {
            break;
        }
        if segment.contains('%') {
            return Err(InvalidServerUrl::new("the path prefix of the server URL holds encoded characters"));
        }
        prefix.push('/');
        prefix.push_str(segment);
    }
    Ok(prefix)
}

impl FromStr for ServerUrl {
    type Err = InvalidServerUrl;

    /// As [`ServerUrl::parse`] without `http://` to others: `"https://rancher.example.com".parse()`.
    fn from_str(text: &str) -> Result<Self, InvalidServerUrl> {
        Self::parse(text, false)
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin.as_str().trim_end_matches('/'), self.prefix)
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ServerUrl {
        ServerUrl::parse(text, false).unwrap()
    }

    #[test]
    fn every_way_people_write_the_address() {
        for text in [
            "https://rancher.example.com",
            "https://rancher.example.com/",
            "https://rancher.example.com:443/v3",
            " https://rancher.example.com/v3/ ",
            "https://rancher.example.com/k8s/clusters/c-prod1",
            "https://rancher.example.com/dashboard/auth/login",
        ] {
            assert_eq!(parse(text).to_string(), "https://rancher.example.com", "{text}");
        }
        assert_eq!(
            parse("https://h.example:8443/tools/rancher/v3").to_string(),
            "https://h.example:8443/tools/rancher"
        );
    }

    #[test]
    fn the_prefix_goes_on_and_comes_off() {
        let server = parse("https://h.example/rancher/");
        let url = server.join("/v3/clusters?limit=1");
        assert_eq!(url.as_str(), "https://h.example/rancher/v3/clusters?limit=1");
        assert_eq!(server.strip(&url), Some("/v3/clusters"));
        // a server that does not know the prefix leaves it out of its links
        assert_eq!(server.strip(&Url::parse("https://h.example/v3/clusters").unwrap()), Some("/v3/clusters"));
        for other in [
            "https://h.example/other/v3",
            "https://h.example/rancherx/v3",
            "http://h.example/rancher/v3",
            "https://h.example:1/rancher/v3",
            "https://u:p@h.example/rancher/v3",
        ] {
            assert_eq!(server.strip(&Url::parse(other).unwrap()), None, "{other}");
        }
    }

    #[test]
    fn http_only_to_the_machine_itself() {
        for text in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"] {
            assert!(ServerUrl::parse(text, false).is_ok(), "{text}");
        }
        let error = ServerUrl::parse("http://rancher.example.com", false).unwrap_err();
        assert!(error.to_string().contains("unencrypted"));
        assert_eq!("http://rancher.example.com".parse::<ServerUrl>(), Err(error));
        assert_eq!("https://h.example/v3".parse::<ServerUrl>(), ServerUrl::parse("https://h.example", false));
        assert!(ServerUrl::parse("http://rancher.example.com", true).is_ok());
    }

    #[test]
    fn what_is_no_address_is_refused_without_echoing_a_password() {
        for text in [
            "",
            "rancher.example.com",
            "ftp://h",
            "https://",
            "https://h/?a=b",
            "https://h/#x",
            "https://h/a%2Fb",
        ] {
            assert!(ServerUrl::parse(text, false).is_err(), "{text}");
        }
        for text in ["https://me:hunter22@h.example", "https://me:hunter22@h:99999", "me:hunter22@h.example"]
        {
            let error = ServerUrl::parse(text, false).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter22"), "{error}");
        }
    }
}
