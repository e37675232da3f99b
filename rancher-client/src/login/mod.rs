//! Logging in with a user name and a password, and what follows from it: the session, its end, a new password.

mod password;
mod provider;
mod session;

pub(crate) use password::{change_password, set_password};
pub(crate) use provider::providers;
pub use provider::{AuthProvider, Provider};
pub(crate) use session::logout;
pub use session::{Expiry, LoggedOut, Session, SessionUser};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Map, Value, json};

use crate::credentials::{Credential, in_body, is_blank};
use crate::error::{Cause, Error, ErrorKind, Result};
use crate::ext::Ext;
use crate::scope::{Confidence, KeyScope, Route};
use crate::transport::{Auth, Connection, Request};
use provider::{Offered, Plane};

/// Who logs in, and how.
///
/// ```
/// use rancher_client::login::{LoginOptions, Provider};
///
/// let options = LoginOptions {
///     username: "anna".into(),
///     password: "correct horse".into(),
///     provider: Provider::ActiveDirectory,
///     revoke_on_close: true,
///     ..Default::default()
/// };
/// assert!(!format!("{options:?}").contains("horse"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct LoginOptions {
    /// The name of the user.
    pub username: String,
    /// The password.
    pub password: SecretString,
    /// Who checks the password; Rancher itself if not said.
    pub provider: Provider,
    /// What the session is for, which the list of tokens shows.
    pub description: Option<String>,
    /// Whether [`Session::close`] ends the session on the server.
    pub revoke_on_close: bool,
}

impl LoginOptions {
    /// Refuses what the server would refuse, so that no password is sent for nothing.
    fn check(&self) -> Result<()> {
        let missing = |field: &'static str, what: &str| {
            Err(Error::invalid(format!("nothing was sent: {what} is empty"), "give user name and password")
                .with_field(field))
        };
        if self.username.trim().is_empty() {
            return missing("username", "the user name");
        }
        if is_blank(&self.password) {
            return missing("password", "the password");
        }
        Ok(())
    }

    fn body(&self, plane: Plane) -> Value {
        let mut body = Map::new();
        if plane == Plane::V1 {
            body.insert("type".to_owned(), json!(self.provider.type_id()));
        }
        body.insert("username".to_owned(), json!(self.username));
        body.insert("password".to_owned(), in_body(&self.password));
        body.insert("responseType".to_owned(), json!("json"));
        if let Some(description) = &self.description {
            body.insert("description".to_owned(), json!(description));
        }
        Value::Object(body)
    }
}

const OPERATION: &str = "login";

/// Logs in, and puts the session's token in the place of the connection's credential. See
/// [`Client::login`](crate::Client::login).
///
/// `made` is told of the session as soon as there is one: what comes after can be cancelled.
pub(crate) async fn login(
    connection: &Connection,
    ext: &Ext,
    options: &LoginOptions,
    made: impl FnOnce(&Session),
) -> Result<Session> {
    let tell = made;
    options.check().map_err(|error| error.with_operation(OPERATION))?;
    // asked first: it tells which way this server offers, so that the password is sent once and to who knows it
    let offered = provider::offered(connection, OPERATION).await?;
    let listed = offered.holds(options.provider);
    // a local provider that is switched off is hidden and lets users in all the same (recorded: oidc, "local login
    // afterwards, 4"): only the answer to the login tells
    if !listed && options.provider != Provider::Local {
        return Err(not_offered(options.provider, &offered, "nothing was sent: "));
    }
    let mut request = Request::new(OPERATION, Method::POST, login_route(options.provider, offered.plane)?)
        .with_json(&options.body(offered.plane))?;
    // a login goes by its password: a credential that is expired or of another cluster must not come into it
    request.auth = Auth::Omit;
    let route = request.route.clone();
    let answer = match connection.json(request).await {
        Ok(answer) => answer,
        Err(error) => return Err(explained(error, options.provider, &offered)),
    };
    let made = Made::read(&answer)
        .map_err(|error| error.with_operation(OPERATION).with_request(&Method::POST, &route))?;
    let mut notes = Vec::new();
    if !listed {
        notes.push(
            "the server hides this provider, as it does with one that is switched off, and lets its users log in all \
             the same"
                .to_owned(),
        );
    }
    if made.expiry.is_none() {
        notes.push("the server did not say when the session ends".to_owned());
    }
    // a login makes a token without a scope (recorded: matrix, `admin-session`)
    connection.replace_known(made.credential.clone(), KeyScope::Global);
    let asking = connection;
    let user = made.user.map(SessionUser::of);
    // the deadline is the login's, and not that of the session's end
    let connection = connection.without_deadline();
    let mut session = Session::new(connection.clone(), made.credential, user, made.expiry, options, notes);
    tell(&session);
    // another login can take the client's credential meanwhile, and is somebody else's
    let own = asking.bound_to(session.credential(), KeyScope::Global);
    match session::who(&own, &ext.through(own.clone())).await {
        Ok(user) => session.user = Some(user),
        Err(error) => {
            session.notes.push(format!("whose session it is could not be read: {}", error.summary()));
        }
    }
    Ok(session)
}

fn login_route(provider: Provider, plane: Plane) -> Result<Route> {
    let route = match plane {
        Plane::V1 => Route::from_segments(["v1-public", "login"])?,
        Plane::V3 => {
            let collection = format!("{}s", provider.type_id());
            Route::from_segments(["v3-public", &collection, provider.id()])?.with_query("action", "login")
        }
    };
    Ok(route)
}

/// What the answer to a login holds.
struct Made {
    credential: Credential,
    expiry: Option<Expiry>,
    user: Option<String>,
}

impl Made {
    fn read(answer: &Value) -> Result<Self> {
        let text = |field: &str| answer.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let credential = text("token").and_then(|token| Credential::parse(token).ok());
        let Some(credential) = credential.filter(|credential| credential.name().is_some()) else {
            return Err(Error::new(
                ErrorKind::Decode,
                "the login went well, and the answer holds no token",
                "a session was made that nobody can use, and ends by itself; something between here and Rancher may \
                 have changed the answer",
            ));
        };
        let moment = |field: &str| text(field).and_then(|text| text.parse::<Timestamp>().ok());
        // older servers leave it empty, and say when the token was made and for how long
        let computed = || {
            let ttl = answer.get("ttl").and_then(Value::as_i64).filter(|ttl| *ttl > 0)?;
            moment("created")?.checked_add(SignedDuration::from_millis(ttl)).ok()
        };
        let stated = moment("expiresAt").map(|at| Expiry { at, stated: true });
        Ok(Self {
            credential,
            expiry: stated.or_else(|| computed().map(|at| Expiry { at, stated: false })),
            user: text("userId").map(str::to_owned),
        })
    }
}

/// Says of a login that failed what its provider makes of it.
fn explained(error: Error, provider: Provider, offered: &Offered) -> Error {
    let local = provider == Provider::Local;
    match error.kind() {
        // recorded: workflows, "login wrong password". Rancher looks at a user's switch only after the password was right
        // (read in its source), so that a disabled one is told apart; a directory may answer so for a locked account
        ErrorKind::Unauthenticated if error.causes().contains(&Cause::WrongPassword) && local => error
            .with_causes([Cause::WrongPassword])
            .with_confidence(Some(Confidence::Likely))
            .with_because(["Rancher answers a disabled user otherwise (read in its source, not recorded)".to_owned()])
            .with_advice("check user name and password"),
        // so Rancher says it of a user whom it found in the directory; of one whom it could not look up it says less (read
        // in its source)
        ErrorKind::Unauthenticated
            if error.causes().contains(&Cause::WrongPassword)
                && error.message().is_some_and(|said| said.contains("invalid credentials")) =>
        {
            error.with_causes([Cause::WrongPassword, Cause::UserDisabled])
        }
        ErrorKind::Unauthenticated if error.causes() == [Cause::UserDisabled, Cause::MissingRight] && local => {
            error
                .with_causes([Cause::UserDisabled])
                .with_confidence(Some(Confidence::Likely))
                .with_because([
                    "a local user with the right password is refused only if disabled (read in Rancher's source, not \
                     recorded)"
                        .to_owned(),
                ])
                .with_advice("have an administrator enable the user")
        }
        // recorded: workflows, "login via disabled provider". Rancher's 404 bears a code; that of an ingress says nothing
        // of the provider
        ErrorKind::NotFound if error.code().is_some() => not_offered(provider, offered, "").with_source(error),
        ErrorKind::Unavailable if !local => {
            let advice = format!(
                "the directory behind {provider} may be unreachable; Rancher's log tells. The login was not sent again"
            );
            error.with_advice(&advice)
        }
        _ => error,
    }
}

/// The error for a provider that the server does not offer.
fn not_offered(provider: Provider, offered: &Offered, sent: &str) -> Error {
    Error::new(
        ErrorKind::Unsupported,
        format!(
            "{sent}the server does not offer logging in by {provider}: it is switched off, was never set up, or is \
             unknown to this version (it offers {})",
            offered.words()
        ),
        "log in by one that it offers, or have this one switched on",
    )
    .with_causes([Cause::ProviderDisabled])
    .with_field("provider")
    .with_operation(OPERATION)
}

#[cfg(test)]
mod tests;
