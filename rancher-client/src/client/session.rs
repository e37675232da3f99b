//! Logging in and out, and passwords.

use secrecy::SecretString;

use super::Client;
use crate::error::Result;
use crate::ext::Ext;
use crate::login::{self, AuthProvider, LoggedOut, LoginOptions, Session};
use crate::wire::UserId;

impl Client {
    /// Rancher's extension API: tokens, kubeconfigs, requests about users.
    pub fn ext(&self) -> Ext {
        Ext::knowing(self.connection.clone(), self.ext.clone())
    }

    /// The providers by which one can log in, as the server lists them to everybody. One that is switched off is not
    /// among them.
    ///
    /// # Errors
    /// `unsupported` if the server has neither `/v1-public` nor `/v3-public`.
    ///
    /// # Scope
    /// Public: no credential is sent.
    pub async fn auth_providers(&self) -> Result<Vec<AuthProvider>> {
        login::providers(&self.connection).await
    }

    /// Logs in with a user name and a password. From then on the client and its clones go by the session's token instead of
    /// the credential that they had, which plays no part in the login. For a session beside it, log in as another:
    /// `Client::over(client.connection().as_another(Credential::anonymous()))`.
    ///
    /// Three requests: which providers there are, the login, and whose session it is. The login is sent once: if its answer
    /// is lost, it is not sent again, and the session that it may have made ends by itself.
    ///
    /// ```no_run
    /// # async fn run(client: rancher_client::Client, password: secrecy::SecretString) -> rancher_client::Result<()> {
    /// use rancher_client::login::{LoginOptions, Provider};
    ///
    /// let options = LoginOptions {
    ///     username: "anna".into(),
    ///     password,
    ///     provider: Provider::OpenLdap,
    ///     revoke_on_close: true,
    ///     ..Default::default()
    /// };
    /// let session = client.login(&options).await?;
    /// println!("{:?} until {:?}", session.user(), session.expiry());
    /// println!("{} projects", client.projects().list(Default::default()).total().await?);
    /// session.close().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `unauthenticated` with the causes that remain: `wrong_password` (recorded), `user_disabled` (read in Rancher's source,
    /// and so no more than likely); of a directory, both stay where its answer leaves them open, and `provider_failed` beside
    /// them: Rancher says no more where its own account is refused there. `unsupported` with the cause `provider_disabled` if
    /// the server does not offer the provider. `invalid` before anything is sent, if the name or the password is empty.
    ///
    /// # Scope
    /// Public: no credential is sent.
    pub async fn login(&self, options: &LoginOptions) -> Result<Session> {
        self.login_noting(options, |_| ()).await
    }

    /// The same; `made` is told of the session as soon as there is one, before the question whose it is. Somebody who must
    /// end it even if this future is dropped keeps it then.
    ///
    /// # Errors
    /// As [`Client::login`].
    pub async fn login_noting(&self, options: &LoginOptions, made: impl FnOnce(&Session)) -> Result<Session> {
        login::login(&self.connection, &self.ext(), options, made).await
    }

    /// Ends the session whose token the client goes by, and says which. The client has no credential afterwards.
    ///
    /// A logout deletes whatever token it comes with. An API key is therefore looked up first and not deleted in passing: to
    /// do that, delete the token.
    ///
    /// # Errors
    /// `invalid` if the credential is no session, and nothing was ended. A session that is over already is no error.
    ///
    /// # Scope
    /// The session's own token.
    pub async fn logout(&self) -> Result<LoggedOut> {
        login::logout(&self.connection).await
    }

    /// Changes the password of the user whose credential this is: by v3, and by the extension API where v3 is gone or not the
    /// key's to ask. What becomes of sessions and keys that there are was not recorded.
    ///
    /// Rancher no longer asks for another password then (`must_change_password`); the extension API does so only from 2.14 on
    /// (read in Rancher's source).
    ///
    /// # Errors
    /// `invalid` before anything is sent, if a password is empty; `invalid` with the cause `wrong_password` if the current one
    /// is another; `invalid` if the new one is too short, the same, or the user's name, or if Rancher keeps no password for the
    /// user, as for those of a directory. The extension API does not check the current password of an administrator (read in
    /// Rancher's source).
    ///
    /// # Scope
    /// A key without a scope; by the extension API also one scoped to `local`.
    pub async fn change_password(&self, current: &SecretString, new: &SecretString) -> Result<()> {
        login::change_password(&self.connection, &self.ext(), current, new).await
    }

    /// Sets the password of a local user, as an administrator.
    ///
    /// # Errors
    /// `invalid` if it is empty or too short; `not_found` if there is no such user; `forbidden`.
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn set_password(&self, user: &UserId, new: &SecretString) -> Result<()> {
        login::set_password(&self.connection, user, new).await
    }
}
