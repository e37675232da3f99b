//! What the caller says itself.

use secrecy::SecretString;
use std::fmt;
use std::path::PathBuf;

use crate::wire::ServerUrl;

/// What the caller gives instead of leaving it to be found. Use it with `..Default::default()`.
///
/// Empty texts count as not given. `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct Explicit {
    /// Where Rancher is; with or without `/v3`, a trailing slash, a path prefix.
    pub url: Option<String>,
    /// A bearer token, `token-xxxxx:…`, or a JWT.
    pub token: Option<SecretString>,
    /// The name of a key, `token-xxxxx`; goes with [`Explicit::secret_key`].
    pub access_key: Option<String>,
    /// The secret of the key.
    pub secret_key: Option<SecretString>,
    /// No credential at all, wherever one may lie: public routes only.
    pub anonymous: bool,
    /// The cluster that is meant where a call names none.
    pub cluster: Option<String>,
    /// Authorities to trust beside the machine's, as PEM text.
    pub ca_pem: Option<String>,
    /// Authorities to trust beside the machine's, as a PEM file.
    pub ca_file: Option<PathBuf>,
    /// `Some(true)` trusts everybody; `Some(false)` overrules what else says so.
    pub insecure: Option<bool>,
    /// `Some(true)` allows `http://` to other machines; `Some(false)` overrules the environment.
    pub allow_http: Option<bool>,
    /// A forward proxy, `http://proxy.example.com:3128`.
    pub proxy: Option<String>,
    /// The name of a server in the Rancher CLI's `cli2.json`, to be used instead of its current one.
    pub cli_server: Option<String>,
    /// A kubeconfig file to take server and token from.
    pub kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig, to be used instead of its current one.
    pub context: Option<String>,
}

impl fmt::Debug for Explicit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // people paste passwords into URLs and secrets into the wrong field: such text is not shown
        let url = self.url.as_deref().map(|url| {
            ServerUrl::parse(url, true).map_or_else(|_| "unreadable".to_owned(), |url| url.to_string())
        });
        f.debug_struct("Explicit")
            .field("url", &url)
            .field("token", &self.token)
            .field("access_key", &self.access_key.as_ref().map(|_| "set"))
            .field("secret_key", &self.secret_key)
            .field("anonymous", &self.anonymous)
            .field("cluster", &self.cluster.as_ref().map(|_| "set"))
            .field("ca_pem", &self.ca_pem.as_ref().map(|_| "set"))
            .field("ca_file", &self.ca_file)
            .field("insecure", &self.insecure)
            .field("allow_http", &self.allow_http)
            .field("proxy", &self.proxy.as_ref().map(|_| "set"))
            .field("cli_server", &self.cli_server)
            .field("kubeconfig", &self.kubeconfig)
            .field("context", &self.context)
            .finish()
    }
}
