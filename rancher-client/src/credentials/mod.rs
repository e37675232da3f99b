//! What proves who the caller is: parsing it, keeping it secret, replacing it while calls are under way.

mod cell;
mod parse;
mod password;

pub use cell::{CredentialCell, Versioned};
pub(crate) use parse::looks_like_a_name;
pub(crate) use password::{in_body, is_blank};

use secrecy::{ExposeSecret, SecretString};
use std::fmt;

use crate::error::Result;
use crate::scope::TokenKind;
use crate::wire::TokenName;

/// A credential of Rancher. Its name may be shown; its secret never appears in `Debug`, `Display` or an error.
#[derive(Clone)]
pub struct Credential {
    kind: TokenKind,
    name: Option<TokenName>,
    bearer: Option<SecretString>,
}

impl Credential {
    /// No credential: public routes only.
    pub fn anonymous() -> Self {
        Self { kind: TokenKind::None, name: None, bearer: None }
    }

    /// Reads a bearer token: `token-xxxxx:…`, `kubeconfig-…:…`, `ext/token-xxxxx:…`, or a three-part JWT.
    ///
    /// White space around it and a leading `Bearer ` are taken off, because people paste them along.
    ///
    /// # Errors
    /// `config`, saying what is wrong with it and never echoing it.
    pub fn parse(text: &str) -> Result<Self> {
        parse::bearer(text)
    }

    /// Puts an access key (`token-xxxxx`) and its secret key together.
    ///
    /// # Errors
    /// `config`, if either is not what it should be; user name and password are not an access key.
    pub fn key_pair(access_key: &str, secret_key: &str) -> Result<Self> {
        parse::key_pair(access_key, secret_key)
    }

    /// What kind of credential it is, as far as its own text shows.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The name of the token, which may be shown. A JWT has none.
    pub fn name(&self) -> Option<&TokenName> {
        self.name.as_ref()
    }

    /// Whether there is no credential.
    pub fn is_anonymous(&self) -> bool {
        self.bearer.is_none()
    }

    /// The text that goes behind `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&SecretString> {
        self.bearer.as_ref()
    }

    /// When a JWT says itself that it ends. Nobody checked its signature here; other credentials say nothing.
    pub fn claimed_expiry(&self) -> Option<jiff::Timestamp> {
        let bearer = self.bearer.as_ref().filter(|_| self.kind == TokenKind::Jwt)?;
        parse::expiry_of_jwt(bearer.expose_secret())
    }

    /// Whether both are the same token with the same secret.
    pub fn same_as(&self, other: &Credential) -> bool {
        let text = |credential: &Credential| credential.bearer.as_ref().map(|b| b.expose_secret().to_owned());
        text(self) == text(other)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.name, self.kind) {
            (Some(name), _) => write!(f, "{name}:***"),
            (None, TokenKind::None) => f.write_str("no credential"),
            (None, kind) => write!(f, "{kind} ***"),
        }
    }
}
