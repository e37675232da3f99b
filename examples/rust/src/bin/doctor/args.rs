//! The command line.

use clap::{CommandFactory, Parser};
use rancher_client::config::{Config, Discovery, Explicit, Report, Source};
use rancher_client::credentials::Credential;
use rancher_client::error::{Error, Result};
use rancher_client::proxy::CanI;
use rancher_client::scope::KeyScope;
use rancher_client::wire::{ClusterId, redact};
use rancher_client::workflow::doctor::DoctorOptions;
use secrecy::SecretString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Tells what is wrong with a Rancher credential, with evidence, and changes nothing.
///
/// Without a server (RANCHER_URL, --url, --server, --kubeconfig) it diagnoses the credentials of an embedded
/// simulator, unless options or variables are given that make sense for a real server only. Exit codes: 0 usable,
/// 1 limited (valid, but not for what was asked), 2 refused, 3 unreachable or TLS, 4 misconfigured, 5 undetermined.
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

/// The variables that mean a real server, apart from the two that name it.
const OF_A_SERVER: [&str; 9] = [
    "RANCHER_TOKEN",
    "RANCHER_BEARER_TOKEN",
    "RANCHER_TOKEN_KEY",
    "RANCHER_ACCESS_KEY",
    "RANCHER_SECRET_KEY",
    "CATTLE_ACCESS_KEY",
    "CATTLE_SECRET_KEY",
    "RANCHER_CLUSTER_ID",
    "CAAS_PROJECT",
];

impl Args {
    /// Whether any real server is meant, or the demonstration.
    ///
    /// # Errors
    /// `config`: no server is named, and something is given that makes sense for a real one only.
    pub(crate) fn names_a_server(&self, environment: impl Fn(&str) -> Option<String>) -> Result<bool> {
        let set = |name: &str| environment(name).is_some_and(|value| !value.trim().is_empty());
        let named = self.url.is_some()
            || self.server.is_some()
            || self.kubeconfig.is_some()
            || self.context.is_some()
            || set("RANCHER_URL")
            || set("CATTLE_URL");
        if named {
            return Ok(true);
        }
        let options = [
            ("--token", self.token.is_some()),
            ("--cluster", self.cluster.is_some()),
            ("--namespace", self.namespace.is_some()),
            ("--can-i", !self.can_i.is_empty()),
            ("--also", !self.also.is_empty()),
            ("--key-is-for", self.key_is_for.is_some()),
            ("--witness-token-file", self.witness_token_file.is_some()),
            ("--ca-file", self.ca_file.is_some()),
            ("--insecure", self.insecure),
        ];
        let given = options.into_iter().filter(|(_, given)| *given).map(|(option, _)| option);
        match given.chain(OF_A_SERVER.into_iter().filter(|name| set(name))).next() {
            None => Ok(false),
            Some(meant) => {
                let (report, _) = Discovery::of_process(Explicit::default()).examine();
                if self.show_config {
                    crate::say(&report.to_string());
                }
                Err(no_server(meant, &report))
            }
        }
    }

    /// What is wrong with the options, whatever server they are for.
    pub(crate) fn check(&self) -> Result<()> {
        let texts = [
            ("--url", &self.url),
            ("--token", &self.token),
            ("--server", &self.server),
            ("--context", &self.context),
            ("--cluster", &self.cluster),
            ("--namespace", &self.namespace),
            ("--key-is-for", &self.key_is_for),
        ];
        for (option, text) in texts {
            // an empty variable of a script must not make it look elsewhere
            if text.as_deref().is_some_and(|text| text.trim().is_empty()) {
                return Err(Error::config(format!("{option} is empty"), "give it a value, or leave it out"));
            }
        }
        let lists = [("--can-i", &self.can_i), ("--also", &self.also)];
        let listed =
            lists.into_iter().flat_map(|(option, texts)| texts.iter().map(move |text| (option, text)));
        let single = texts.into_iter().filter_map(|(option, text)| Some((option, text.as_ref()?)));
        for (option, text) in single.chain(listed) {
            if option != "--token" && redact(text) != text.as_str() {
                return Err(Error::config(
                    format!("{option} holds what looks like a credential"),
                    "give the token by --token - or in RANCHER_TOKEN",
                ));
            }
        }
        Ok(())
    }

    /// Where to look for the configuration. Reads the token from standard input if asked.
    pub(crate) fn discovery(&self) -> Result<Discovery> {
        let token = match self.token.as_deref() {
            Some("-") => {
                let text = read_stdin()?;
                if text.trim().is_empty() {
                    // another key, from the environment, must not be diagnosed in its place
                    return Err(Error::config("standard input held no token", "pipe the token in"));
                }
                Some(SecretString::from(text))
            }
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

    /// The deadline of each question.
    pub(crate) fn timeout(&self) -> Result<Option<Duration>> {
        match self.timeout {
            Some(seconds) if seconds.is_finite() && (0.05..=3600.0).contains(&seconds) => {
                Ok(Some(Duration::from_secs_f64(seconds)))
            }
            Some(_) => {
                Err(Error::config("--timeout is not between 0.05 and 3600 seconds", "give seconds, 10"))
            }
            None => Ok(None),
        }
    }

    /// What to look at.
    pub(crate) fn options(&self) -> Result<DoctorOptions> {
        let key_is_for = match self.key_is_for.as_deref() {
            None => None,
            Some("global") => Some(KeyScope::Global),
            Some(id) => Some(KeyScope::Cluster(cluster("--key-is-for", id)?)),
        };
        let also = self.also.iter().map(|id| cluster("--also", id)).collect::<Result<Vec<_>>>()?;
        let can_i = self.can_i.iter().map(|text| text.parse::<CanI>()).collect::<Result<Vec<_>>>()?;
        let witness = self.witness_token_file.as_deref().map(witness).transpose()?;
        Ok(DoctorOptions {
            cluster: self.cluster.as_deref().map(|id| cluster("--cluster", id)).transpose()?,
            namespace: self.namespace.clone(),
            can_i,
            also,
            key_is_for,
            witness,
            timeout: self.timeout()?,
            ..DoctorOptions::default()
        })
    }

    /// What the options ask for and the configuration does not have.
    pub(crate) fn check_against(&self, config: &Config) -> Result<()> {
        let wanting = match (&config.cluster, &self.namespace) {
            (Some(_), _) => None,
            (None, Some(_)) => Some("--namespace needs a cluster"),
            (None, None) => (!self.can_i.is_empty()).then_some("--can-i needs a cluster to ask"),
        };
        wanting.map_or(Ok(()), |words| {
            Err(Error::config(words, "give --cluster, or set RANCHER_CLUSTER_ID for this server"))
        })
    }

    /// The name by which the program was called, for messages.
    pub(crate) fn name() -> String {
        Self::command().get_name().to_owned()
    }
}

/// The text, if it may be shown: what is given in the wrong place can be a secret.
pub(crate) fn shown_id(text: Option<&str>) -> Option<String> {
    let text = text?;
    // the name of a namespace is a DNS label, and so is every cluster id
    let valid = ClusterId::new(text).is_ok() && redact(text) == text;
    // names have words, and the secrets of tokens are long and have none
    let secret = text.len() >= 40 && !text.contains(['-', '.']);
    (valid && !secret).then(|| text.to_owned())
}

fn no_server(meant: &str, report: &Report) -> Error {
    let mut advice = Vec::new();
    for place in &report.places {
        for found in &place.found {
            let server = found.name.strip_prefix("server ").and_then(|name| name.strip_suffix(" (current)"));
            match (place.source, server, found.name.strip_prefix("context ")) {
                (Source::Cli, Some(name), _) => advice.push(format!("cli2.json names one: --server {name}")),
                (Source::Kubeconfig, _, Some(name)) if found.shown.starts_with("http") => {
                    advice.push(format!("the kubeconfig names one: --context {name}"));
                }
                _ => {}
            }
        }
    }
    let summary = "no server is named: set RANCHER_URL or give --url";
    Error::config(format!("{meant} is given and {summary}"), advice.join("; "))
}

fn cluster(option: &str, id: &str) -> Result<ClusterId> {
    ClusterId::new(id).map_err(|error| Error::config(format!("{option}: {error}"), "").with_source(error))
}

fn witness(file: &Path) -> Result<Credential> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Error::config(format!("the witness's token file {} cannot be read: {error}", file.display()), "")
    })?;
    // or one would look for the fault in the token itself
    Credential::parse(&text).map_err(|error| {
        Error::config(
            format!("the witness's token file {}: {}", file.display(), error.summary()),
            error.advice(),
        )
    })
}

fn read_stdin() -> Result<String> {
    let mut text = String::new();
    // a token is short; whatever is longer is something else
    let read = std::io::stdin().lock().take(64 * 1024).read_to_string(&mut text);
    read.map_err(|error| Error::config(format!("standard input cannot be read: {error}"), ""))?;
    Ok(text)
}
