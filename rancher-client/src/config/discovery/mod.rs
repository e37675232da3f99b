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
    let looked =
        places.iter().map(|place| format!("looked at {}: {}", place.label, place.state(Wanted::Both)));
    problem.into_error().with_because(looked)
}
