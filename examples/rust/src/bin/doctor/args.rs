//! The command line.

use clap::{CommandFactory, Parser};
use rancher_client::config::{Discovery, Explicit};
use rancher_client::credentials::Credential;
use rancher_client::error::{Error, Result};
use rancher_client::proxy::CanI;
use rancher_client::scope::KeyScope;
use rancher_client::wire::ClusterId;
use rancher_client::workflow::doctor::DoctorOptions;
use secrecy::SecretString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tells what is wrong with a Rancher credential, with evidence, and changes nothing.
///
/// Without a server (RANCHER_URL, --url, --server, --kubeconfig) it diagnoses the credentials of an embedded
/// simulator. Exit codes: 0 usable, 1 limited (valid, but not for what was asked), 2 refused, 3 unreachable or TLS,
/// 4 misconfigured, 5 undetermined.
#[derive(Parser)]
#[command(
    name = "doctor",
    version,
    after_help = "Environment: RANCHER_URL, RANCHER_TOKEN (or RANCHER_BEARER_TOKEN, RANCHER_TOKEN_KEY, or RANCHER_ACCESS_KEY and RANCHER_SECRET_KEY), RANCHER_CLUSTER_ID, RANCHER_CA_CERTS, RANCHER_CA_BUNDLE, RANCHER_INSECURE, CATTLE_*, HTTPS_PROXY, NO_COLOR."
)]
pub(crate) struct Args {
    /// The server's address, with or without /v3
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The token; `-` reads it from standard input. Others on the machine can see a token on the command line
    #[arg(long, allow_hyphen_values = true)]
    pub(crate) token: Option<String>,
    /// A server of the Rancher CLI's cli2.json, by its name
    #[arg(long, value_name = "NAME")]
    pub(crate) server: Option<String>,
    /// A kubeconfig whose server is a Rancher proxy URL
    #[arg(long, value_name = "FILE")]
    pub(crate) kubeconfig: Option<PathBuf>,
    /// A context of the kubeconfig, if not its current one
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Option<String>,
    /// The cluster the credential is wanted for: c-xxxxx, c-m-xxxxxxxx or local
    #[arg(long)]
    pub(crate) cluster: Option<String>,
    /// A namespace in that cluster
    #[arg(long)]
    pub(crate) namespace: Option<String>,
    /// Rights to ask for there: get:pods, create:deployments.apps
    #[arg(long, value_name = "VERB:RESOURCE", num_args = 1..)]
    pub(crate) can_i: Vec<String>,
    /// More clusters that the key may be scoped to
    #[arg(long, value_name = "CLUSTER", num_args = 1..)]
    pub(crate) also: Vec<String>,
    /// What you know of the key's scope: a cluster, or `global`
    #[arg(long, value_name = "CLUSTER|global")]
    pub(crate) key_is_for: Option<String>,
    /// The witness: a file with another token, which looks the first one's name up
    #[arg(long, value_name = "FILE")]
    pub(crate) witness_token_file: Option<PathBuf>,
    /// A PEM file with the authorities to trust besides the machine's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Trust whatever certificate comes. Anybody on the way can then read the token
    #[arg(long)]
    pub(crate) insecure: bool,
    /// The deadline of each question, in seconds [default: 10 for Rancher, 4 for the cluster]
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<f64>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Print where URL, credential and CA were looked for, and who won
    #[arg(long)]
    pub(crate) show_config: bool,
}

impl Args {
    /// Whether any real server is meant.
    pub(crate) fn names_a_server(&self, environment: impl Fn(&str) -> Option<String>) -> bool {
        let set = |name: &str| environment(name).is_some_and(|value| !value.trim().is_empty());
        self.url.is_some()
            || self.server.is_some()
            || self.kubeconfig.is_some()
            || self.context.is_some()
            || set("RANCHER_URL")
            || set("CATTLE_URL")
    }

    /// Where to look for the configuration. Reads the token from standard input if asked.
    pub(crate) fn discovery(&self) -> Result<Discovery> {
        let token = match self.token.as_deref() {
            Some("-") => Some(SecretString::from(read_stdin()?)),
            Some(token) => Some(SecretString::from(token)),
            None => None,
        };
        let explicit = Explicit {
            url: self.url.clone(),
            token,
            cli_server: self.server.clone(),
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            cluster: self.cluster.clone(),
            ca_file: self.ca_file.clone(),
            insecure: self.insecure.then_some(true),
            ..Explicit::default()
        };
        Ok(Discovery::of_process(explicit))
    }

    /// What to look at.
    pub(crate) fn options(&self) -> Result<DoctorOptions> {
        let timeout = match self.timeout {
            Some(seconds) if seconds.is_finite() && (0.05..=3600.0).contains(&seconds) => {
                Some(Duration::from_secs_f64(seconds))
            }
            Some(_) => {
                return Err(Error::config(
                    "--timeout is not between 0.05 and 3600 seconds",
                    "give seconds, 10",
                ));
            }
            None => None,
        };
        let key_is_for = match self.key_is_for.as_deref() {
            None => None,
            Some("global") => Some(KeyScope::Global),
            Some(id) => Some(KeyScope::Cluster(cluster("--key-is-for", id)?)),
        };
        let also = self.also.iter().map(|id| cluster("--also", id)).collect::<Result<Vec<_>>>()?;
        let can_i = self.can_i.iter().map(|text| text.parse::<CanI>()).collect::<Result<Vec<_>>>()?;
        if !can_i.is_empty()
            && self.cluster.is_none()
            && self.kubeconfig.is_none()
            && std::env::var_os("RANCHER_CLUSTER_ID").is_none()
        {
            return Err(Error::config("--can-i needs a cluster to ask", "give --cluster"));
        }
        let witness = self.witness_token_file.as_deref().map(witness).transpose()?;
        Ok(DoctorOptions {
            cluster: self.cluster.as_deref().map(|id| cluster("--cluster", id)).transpose()?,
            namespace: self.namespace.clone(),
            can_i,
            also,
            key_is_for,
            witness,
            timeout,
            ..DoctorOptions::default()
        })
    }

    /// The name by which the program was called, for messages.
    pub(crate) fn name() -> String {
        Self::command().get_name().to_owned()
    }
}

fn cluster(option: &str, id: &str) -> Result<ClusterId> {
    ClusterId::new(id).map_err(|error| Error::config(format!("{option}: {error}"), "").with_source(error))
}

fn witness(file: &Path) -> Result<Credential> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::config(format!("the witness's token file {} cannot be read: {error}", file.display()), "")
    })?;
    Credential::parse(&text)
}

fn read_stdin() -> Result<String> {
    let mut text = String::new();
    // a token is short; whatever is longer is something else
    let read = std::io::stdin().lock().take(64 * 1024).read_to_string(&mut text);
    read.map_err(|error| Error::config(format!("standard input cannot be read: {error}"), ""))?;
    Ok(text)
}
