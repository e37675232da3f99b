//! Finds out how to reach Rancher, and says how it came to that.
//!
//! Places, in order: explicit values, the `RANCHER_*` variables, the old `CATTLE_*` variables, the Rancher CLI's
//! `cli2.json`, a kubeconfig. A token is only ever used with the URL that stands beside it.

mod cli;
mod decide;
mod file;
mod given;
mod kubeconfig;
mod parts;
mod place;
mod report;
mod settle;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_canary;
#[cfg(test)]
mod tests_files;

pub use report::{Decision, Finding, LookedAt, PassedOver, Report, Source};

use std::path::PathBuf;

use super::environment::{self as names, Environment};
use super::{Config, Explicit};
use crate::error::{Error, Result};
use place::{Place, Problem, Wanted};

/// A configuration, and how it was found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Discovered {
    /// The configuration.
    pub config: Config,
    /// How it was found.
    pub report: Report,
}

/// Where to look. Everything that discovery depends on is here, except the content of the files that it names.
///
/// Places, first one first:
///
/// 1. [`Explicit`] values. A `cli_server`, `kubeconfig` or `context` selects where server and token come from.
/// 2. `RANCHER_URL`; a token in `RANCHER_BEARER_TOKEN`, `RANCHER_TOKEN` or `RANCHER_TOKEN_KEY`, or the pair
///    `RANCHER_ACCESS_KEY` + `RANCHER_SECRET_KEY`. They may all be set, and then must agree.
/// 3. `CATTLE_URL`, `CATTLE_ACCESS_KEY`, `CATTLE_SECRET_KEY`.
/// 4. The current server in `cli2.json` of the Rancher CLI, in `RANCHER_CONFIG_DIR` or `~/.rancher`.
/// 5. The current context of `KUBECONFIG` or `~/.kube/config`, if its server is Rancher's cluster proxy
///    (`…/k8s/clusters/{id}`), which names the cluster too.
///
/// The first place that holds a server or a token leads. If it lacks the other, that comes only from a place that
/// belongs to it: a token from one that names the same URL, a URL from one that holds the same token. A token never
/// goes to any other URL, also not one that the caller gives.
///
/// Settings are chosen one by one, explicit values first, then the environment's, then what stands beside the token:
/// the cluster (`RANCHER_CLUSTER_ID`, `CAAS_PROJECT`), the authorities to trust (`RANCHER_CA_CERTS` as PEM text,
/// `RANCHER_CA_BUNDLE` as a path) or none (`RANCHER_INSECURE`, or `RANCHER_VERIFY_SSL` the other way round), and the
/// [`Hints`](super::Hints) (`RANCHER_USER`, `RANCHER_TOKEN_EXPIRES`, `CAAS_PROJECT`). Where `RANCHER_URL` is another
/// server than the one chosen, the environment's settings do not apply. `RANCHER_ALLOW_HTTP` allows `http://` to
/// other machines. Empty values count as unset.
///
/// # Examples
/// ```
/// use rancher_client::config::{Discovery, Explicit};
///
/// let discovery = Discovery {
///     explicit: Explicit { cluster: Some("c-prod1".into()), ..Default::default() },
///     environment: [
///         ("RANCHER_URL", "https://rancher.example.com/v3"),
///         ("RANCHER_TOKEN", "token-abcde:not-a-real-secret"),
///     ]
///     .into_iter()
///     .collect(),
///     ..Default::default()
/// };
/// let found = discovery.run()?;
/// assert_eq!(found.config.server.to_string(), "https://rancher.example.com");
/// assert!(found.report.to_string().contains("token-abcde:*** (from RANCHER_TOKEN)"));
/// # Ok::<(), rancher_client::error::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Discovery {
    /// What the caller says itself; it goes before everything else.
    pub explicit: Explicit,
    /// The environment variables.
    pub environment: Environment,
    /// The home folder, for `~/.rancher/cli2.json` and `~/.kube/config`.
    pub home: Option<PathBuf>,
}

impl Discovery {
    /// The environment and home folder of this process, and these explicit values.
    pub fn of_process(explicit: Explicit) -> Self {
        Self { explicit, environment: Environment::of_process(), home: std::env::home_dir() }
    }

    /// Looks everywhere and decides. It reads files and sends nothing.
    ///
    /// # Errors
    /// `config`: nothing was found (the error lists every place and what was missing there), a value is wrong, or
    /// two contradict each other. Values are never repeated where they could be secret.
    pub fn run(&self) -> Result<Discovered> {
        let (report, config) = self.examine();
        Ok(Discovered { config: config?, report })
    }

    /// As [`Discovery::run`], with the report also where discovery fails.
    pub fn examine(&self) -> (Report, Result<Config>) {
        let allow_http = given::allow_http(&self.explicit, &self.environment);
        let places = self.look(matches!(allow_http, Ok(true)));
        match allow_http.and_then(|_| settle::settle(&places)) {
            Ok((config, decided, warnings)) => {
                (settle::report(&places, Some(&config), decided, warnings), Ok(config))
            }
            Err(problem) => {
                let report = settle::report(&places, None, Vec::new(), Vec::new());
                (report, Err(failed(problem, &places)))
            }
        }
    }

    fn look(&self, allow_http: bool) -> Vec<Place> {
        let (explicit, env) = (&self.explicit, &self.environment);
        let cli_folder = env
            .os(names::CONFIG_DIR)
            .map(PathBuf::from)
            .or_else(|| self.home.as_ref().map(|home| home.join(".rancher")));
        let kube_files = match (&explicit.kubeconfig, env.os(names::KUBECONFIG)) {
            (Some(file), _) => vec![file.clone()],
            (None, Some(list)) => {
                std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect()
            }
            (None, None) => self.home.iter().map(|home| home.join(".kube").join("config")).collect(),
        };
        let context = given::given(explicit.context.as_deref());
        let cli_server = given::given(explicit.cli_server.as_deref());
        let asked = explicit.kubeconfig.is_some() || context.is_some();
        vec![
            given::explicit(explicit, allow_http),
            given::rancher(env, allow_http),
            given::cattle(env, allow_http),
            cli::look(cli_folder, cli_server, allow_http),
            kubeconfig::look(&kube_files, context, asked, allow_http),
        ]
    }
}

fn failed(problem: Problem, places: &[Place]) -> Error {
    if !problem.not_found {
        return problem.into_error();
    }
    let wanted = problem.no_credential_for.as_deref().map_or(Wanted::Both, Wanted::CredentialOf);
    let looked: Vec<String> =
        places.iter().map(|place| format!("looked at {}: {}", place.label, place.state(wanted))).collect();
    problem.into_error().with_because(looked)
}
