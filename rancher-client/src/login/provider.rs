//! Who can check a password: the providers that a server offers, and those whose login takes none.

use http::Method;
use serde_json::{Map, Value};
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::transport::{Auth, Connection, Request};

/// A provider whose login is a user name and a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Provider {
    /// Rancher itself.
    #[default]
    Local,
    /// Active Directory.
    ActiveDirectory,
    /// OpenLDAP.
    OpenLdap,
    /// FreeIPA.
    FreeIpa,
}

/// Providers that take no password: id, and the type that the public lists name (recorded: the public schemas).
const BY_BROWSER: [(&str, &str); 13] = [
    ("adfs", "adfsProvider"),
    ("azuread", "azureADProvider"),
    ("cognito", "cognitoProvider"),
    ("genericoidc", "genericOIDCProvider"),
    ("github", "githubProvider"),
    ("githubapp", "githubAppProvider"),
    ("googleoauth", "googleOAuthProvider"),
    ("keycloak", "keyCloakProvider"),
    ("keycloakoidc", "keyCloakOIDCProvider"),
    ("oidc", "oidcProvider"),
    ("okta", "oktaProvider"),
    ("ping", "pingProvider"),
    ("shibboleth", "shibbolethProvider"),
];

impl Provider {
    /// All of them.
    pub const ALL: [Provider; 4] =
        [Provider::Local, Provider::ActiveDirectory, Provider::OpenLdap, Provider::FreeIpa];

    /// Its id, as the lists and auth configs have it.
    pub fn id(self) -> &'static str {
        match self {
            Provider::Local => "local",
            Provider::ActiveDirectory => "activedirectory",
            Provider::OpenLdap => "openldap",
            Provider::FreeIpa => "freeipa",
        }
    }

    /// Its type, as a login names it.
    pub fn type_id(self) -> &'static str {
        match self {
            Provider::Local => "localProvider",
            Provider::ActiveDirectory => "activeDirectoryProvider",
            Provider::OpenLdap => "openLdapProvider",
            Provider::FreeIpa => "freeIpaProvider",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl FromStr for Provider {
    type Err = Error;

    /// Reads an id or a type, in any case: `openldap`, `openLdapProvider`.
    ///
    /// # Errors
    /// `unsupported` for a provider whose login is in a browser; `invalid` for what is none.
    fn from_str(text: &str) -> Result<Self> {
        let is =
            |id: &str, type_id: &str| text.eq_ignore_ascii_case(id) || text.eq_ignore_ascii_case(type_id);
        if let Some(found) = Self::ALL.into_iter().find(|provider| is(provider.id(), provider.type_id())) {
            return Ok(found);
        }
        if let Some((id, _)) = BY_BROWSER.into_iter().find(|(id, type_id)| is(id, type_id)) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("nothing was sent: a login by {id} takes no password, but a browser"),
                "log in there and give the client an API key, or log in as a local user or by a directory",
            )
            .with_field("provider"));
        }
        let shown: String = text.chars().filter(|c| !c.is_control()).take(40).collect();
        let known = Self::ALL.map(Self::id).join(", ");
        Err(Error::invalid(
            format!("nothing was sent: {shown:?} is no provider whose login takes a password"),
            format!("give one of {known}"),
        )
        .with_field("provider"))
    }
}

/// A provider that a server offers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AuthProvider {
    /// Its id: `local`, `keycloakoidc`.
    pub id: String,
    /// Its type: `localProvider`.
    pub kind: String,
    /// Which it is, where its login takes a password; the others need a browser.
    pub password: Option<Provider>,
    /// Where a browser goes to log in, as the server says it.
    pub redirect_url: Option<String>,
    /// Everything that the server says of it.
    pub fields: Map<String, Value>,
}

impl AuthProvider {
    fn read(stated: &Value) -> Option<Self> {
        let fields = stated.as_object()?;
        let text = |field: &str| fields.get(field).and_then(Value::as_str).map(str::to_owned);
        let (id, kind) = (text("id")?, text("type").unwrap_or_default());
        Some(Self {
            password: Provider::ALL.into_iter().find(|provider| provider.type_id() == kind),
            redirect_url: text("redirectUrl"),
            fields: fields.clone(),
            id,
            kind,
        })
    }
}

/// Which of the two public APIs a server has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plane {
    /// `/v1-public`.
    V1,
    /// `/v3-public`, which newer servers call deprecated and can switch off.
    V3,
}

/// What a server offers, and where.
pub(super) struct Offered {
    pub(super) plane: Plane,
    pub(super) providers: Vec<AuthProvider>,
}

impl Offered {
    pub(super) fn holds(&self, provider: Provider) -> bool {
        self.providers.iter().any(|offered| offered.password == Some(provider))
    }

    pub(super) fn words(&self) -> String {
        let ids: Vec<&str> = self.providers.iter().map(|provider| provider.id.as_str()).collect();
        if ids.is_empty() { "none".to_owned() } else { ids.join(", ") }
    }
}

/// Asks the newer public API, and where a server does not have it the older one.
pub(super) async fn offered(connection: &Connection, operation: &'static str) -> Result<Offered> {
    // a proxy that lets certain paths through, or a server that does not know the path, may want a credential for it
    let refused = match ask(connection, operation, ["v1-public", "authproviders"]).await {
        Ok(providers) => return Ok(Offered { plane: Plane::V1, providers }),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unauthenticated) => error,
        Err(error) => return Err(error),
    };
    let providers = ask(connection, operation, ["v3-public", "authProviders"]).await;
    let providers = providers.map_err(|error| match error.kind() {
        _ if refused.kind() == ErrorKind::Unauthenticated => refused,
        ErrorKind::NotFound => Error::new(
            ErrorKind::Unsupported,
            "the server has neither of Rancher's public APIs, by which one logs in",
            "check the URL; the feature v3-public of an older server may be switched off",
        )
        .with_operation(operation)
        .with_source(error),
        _ => error,
    })?;
    Ok(Offered { plane: Plane::V3, providers })
}

async fn ask(
    connection: &Connection,
    operation: &'static str,
    segments: [&str; 2],
) -> Result<Vec<AuthProvider>> {
    let mut request = Request::new(operation, Method::GET, Route::from_segments(segments)?);
    request.auth = Auth::Omit;
    let route = request.route.clone();
    let answer = connection.json(request).await?;
    let Some(stated) = answer.get("data").and_then(Value::as_array) else {
        return Err(Error::new(
            ErrorKind::Decode,
            "the answer is no list of providers",
            "something between here and Rancher may have changed it",
        )
        .with_operation(operation)
        .with_request(&Method::GET, &route));
    };
    Ok(stated.iter().filter_map(AuthProvider::read).collect())
}

/// The providers that a server offers. See [`Client::auth_providers`](crate::Client::auth_providers).
pub(crate) async fn providers(connection: &Connection) -> Result<Vec<AuthProvider>> {
    offered(connection, "auth_providers").await.map(|offered| offered.providers)
}
