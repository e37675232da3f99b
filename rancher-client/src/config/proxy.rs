//! The address of a forward proxy.

use std::fmt;
use url::Url;

use crate::error::{Error, Result};

/// An HTTP proxy that requests go through. Its password, if it has one, never appears in `Debug` or `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    url: Url,
}

impl Proxy {
    /// Reads the URL of a proxy, `http://proxy.example.com:3128`; a user name and password may stand in it.
    ///
    /// # Errors
    /// `config`, if it is no URL of the scheme `http` or `https` with a host. The text is not repeated.
    pub fn parse(text: &str) -> Result<Self> {
        const ADVICE: &str = "write http://proxy.example.com:3128";
        // the text may hold a password, and a text that cannot be parsed cannot be masked
        let url = Url::parse(text.trim()).map_err(|_| Error::config("the proxy is not a URL", ADVICE))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(Error::config("the proxy is not an http or https URL", ADVICE));
        }
        Ok(Self { url })
    }

    /// The whole URL, password included: for the transport only.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let login = if self.url.username().is_empty() && self.url.password().is_none() { "" } else { "***@" };
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{}://{login}{host}", self.url.scheme())?;
        self.url.port().map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_kept_and_not_shown() {
        let proxy = Proxy::parse("http://ann:hunter22@proxy.example.com:3128").unwrap();
        assert_eq!(format!("{proxy} {proxy:?}").matches("http://***@proxy.example.com:3128").count(), 2);
        assert_eq!(proxy.url().password(), Some("hunter22"));
        for bad in ["", "proxy:hunter22", "socks5://h", "http://ann:hunter22@h:99999"] {
            let error = Proxy::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter22"), "{error:?}");
        }
    }
}
