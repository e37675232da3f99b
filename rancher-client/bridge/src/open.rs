//! What a client is opened with.

use rancher_client::Config;
use rancher_client::config::{Discovery, Explicit};
use secrecy::SecretString;
use serde::Deserialize;
use std::path::PathBuf;

use crate::fault::{Fault, Outcome};

/// The options of a client. Everything that is not given is discovered, as the core does it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OpenOptions {
    url: Option<String>,
    token: Option<SecretString>,
    access_key: Option<String>,
    secret_key: Option<SecretString>,
    anonymous: bool,
    cluster: Option<String>,
    ca_pem: Option<String>,
    ca_file: Option<PathBuf>,
    /// `false` trusts everybody.
    verify: Option<bool>,
    allow_http: Option<bool>,
    proxy: Option<String>,
    server: Option<String>,
    kubeconfig: Option<PathBuf>,
    context: Option<String>,
}

impl OpenOptions {
    pub(crate) fn read(json: &[u8]) -> Outcome<Self> {
        serde_json::from_slice(json)
            .map_err(|_| Fault::invalid("the options of the client cannot be read", ""))
    }

    pub(crate) fn config(self) -> Outcome<Config> {
        let explicit = Explicit {
            url: self.url,
            token: self.token,
            access_key: self.access_key,
            secret_key: self.secret_key,
            anonymous: self.anonymous,
            cluster: self.cluster,
            ca_pem: self.ca_pem,
            ca_file: self.ca_file,
            insecure: self.verify.map(|verify| !verify),
            allow_http: self.allow_http,
            proxy: self.proxy,
            cli_server: self.server,
            kubeconfig: self.kubeconfig,
            context: self.context,
        };
        Ok(Discovery::of_process(explicit).run()?.config)
    }
}
