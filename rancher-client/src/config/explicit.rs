//! What the caller says itself.

use secrecy::SecretString;
use std::path::PathBuf;

/// What the caller gives instead of leaving it to be found. Use it with `..Default::default()`.
///
/// Empty texts count as not given. `Debug` shows no secret.
#[derive(Debug, Clone, Default)]
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
