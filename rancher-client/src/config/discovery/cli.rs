//! The Rancher CLI's `cli2.json`: every server that `rancher login` was run for, and which one is current.
//!
//! The format is that of rancher/cli, `config/config.go`. `cacert` holds PEM text, not a path; `accessKey` may
//! begin with `ext/`; the CLI sends the pair as Basic and keeps the bearer form beside it.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::file;
use super::parts::{self, Keys};
use super::place::{Candidate, Found, Place, Problem};
use super::report::{Finding, Source};
use crate::wire::{ProjectId, redact};

/// The CLI keeps whole kubeconfigs in the file, so it may be large.
const LIMIT: u64 = 8 * 1024 * 1024;

#[derive(Deserialize)]
struct CliFile {
    #[serde(rename = "Servers")]
    servers: Option<BTreeMap<String, Option<Entry>>>,
    #[serde(rename = "CurrentServer")]
    current: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct Entry {
    access_key: Option<String>,
    secret_key: Option<String>,
    token_key: Option<String>,
    url: Option<String>,
    project: Option<String>,
    cacert: Option<String>,
    proxy_url: Option<String>,
    http_timeout_seconds: Option<i64>,
}

/// Looks into `cli2.json` of this folder; `server` is the name of the entry that the caller asked for.
pub(super) fn look(folder: Option<PathBuf>, server: Option<&str>, allow_http: bool) -> Place {
    let lacks = ("it has no url", "it has no token (is it logged out?)");
    let Some(folder) = folder else {
        let mut place = Place::new(Source::Cli, "Rancher CLI cli2.json", lacks);
        place.selected = server.is_some();
        place.absent = Some("there is no home folder, and RANCHER_CONFIG_DIR is not set".to_owned());
        return place;
    };
    let path = folder.join("cli2.json");
    let mut place = Place::new(Source::Cli, format!("Rancher CLI {}", path.display()), lacks);
    place.selected = server.is_some();
    let broken = |words: &str| Problem::new(format!("{}: {words}", path.display()), "run rancher login anew");
    let text = match file::read(&path, LIMIT) {
        Ok(Some(file)) => {
            place.warnings.extend(file::warning(&path, file.shared));
            file.text
        }
        Ok(None) => {
            place.absent = Some("there is no such file".to_owned());
            return place;
        }
        Err(words) => {
            place.broken = Some(broken(&words));
            return place;
        }
    };
    let parsed: CliFile = match serde_json::from_str(&text) {
        Ok(parsed) => parsed,
        Err(error) => {
            // the library's message can quote the file, which holds tokens
            let at = format!("it is not JSON of the expected form at line {}", error.line());
            place.broken = Some(broken(&at));
            return place;
        }
    };
    let servers = parsed.servers.unwrap_or_default();
    if servers.is_empty() {
        place.absent = Some("it holds no servers".to_owned());
        return place;
    }
    let wanted = server.or(parsed.current.as_deref()).unwrap_or_default();
    place.current = servers.keys().position(|name| name == wanted);
    if place.current.is_none() {
        let known = servers.keys().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
        match server {
            Some(name) => {
                place.broken = Some(Problem::new(
                    format!("{} holds no server {}", path.display(), quoted(name)),
                    format!("it holds {known}"),
                ));
            }
            None => place.warnings.push(format!(
                "{}: CurrentServer is none of its servers; name one of {known}",
                path.display()
            )),
        }
    }
    for (name, entry) in servers {
        let entry = entry.unwrap_or_default();
        let current = if name == wanted && server.is_none() { " (current)" } else { "" };
        let candidate = candidate(&name, &entry, &path, allow_http);
        let url = match &candidate.server {
            Some(Ok(found)) => found.value.to_string(),
            Some(Err(_)) => "a URL that cannot be used".to_owned(),
            None => "no URL".to_owned(),
        };
        let token = match &candidate.credential {
            Some(Ok(found)) => found.value.to_string(),
            Some(Err(_)) => "a token that cannot be used".to_owned(),
            None => "no token".to_owned(),
        };
        place
            .found
            .push(Finding::new(format!("server {}{current}", quoted(&name)), format!("{url}, {token}")));
        place.candidates.push(candidate);
    }
    place
}

fn candidate(name: &str, entry: &Entry, path: &Path, allow_http: bool) -> Candidate {
    const SOURCE: Source = Source::Cli;
    let own_name = format!("server {}", quoted(name));
    let field = |field: &str| format!("{field} of {own_name} in {}", path.display());
    let (token_key, access_key, secret_key) = (field("tokenKey"), field("accessKey"), field("secretKey"));
    let keys = Keys {
        bearers: text(&entry.token_key).map(|text| (token_key.as_str(), text)).into_iter().collect(),
        access: text(&entry.access_key).map(|text| (access_key.as_str(), text)),
        secret: text(&entry.secret_key).map(|text| (secret_key.as_str(), text)),
        halves: (&access_key, &secret_key),
    };
    let project_field = field("project");
    let project = text(&entry.project).map(|text| match text.parse::<ProjectId>() {
        Ok(id) => Ok(Found::new(id, project_field.as_str(), SOURCE)),
        Err(error) => Err(Problem::new(format!("{project_field}: {error}"), "run rancher context switch")),
    });
    let seconds = entry.http_timeout_seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Candidate {
        server: text(&entry.url).and_then(|text| parts::server(&field("url"), text, allow_http, SOURCE)),
        credential: parts::credential(&keys, SOURCE),
        cluster: project.clone().map(|project| {
            project.map(|found| Found::new(found.value.cluster().clone(), found.from, SOURCE))
        }),
        project,
        ca: text(&entry.cacert).and_then(|text| parts::ca_pem(&field("cacert"), text, SOURCE)),
        proxy: text(&entry.proxy_url).and_then(|text| parts::proxy(&field("proxyUrl"), text, SOURCE)),
        timeout: seconds
            .filter(|seconds| *seconds > 0)
            .map(|seconds| Ok(Found::new(Duration::from_secs(seconds), field("httpTimeoutSeconds"), SOURCE))),
        name: own_name,
        ..Candidate::default()
    }
}

fn text(field: &Option<String>) -> Option<&str> {
    field.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn quoted(name: &str) -> String {
    format!("{:?}", redact(name).chars().take(80).collect::<String>())
}
