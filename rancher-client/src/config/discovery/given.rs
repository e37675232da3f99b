//! What the caller gave, and what the environment says.

use secrecy::ExposeSecret;

use super::parts::{self, Keys, Named};
use super::place::{Candidate, Found, Place, Problem, Slot};
use super::report::{Finding, Source};
use crate::config::environment::{self as names, Environment};
use crate::config::{Expiry, Explicit};
use crate::credentials::{Credential, looks_like_a_name};
use crate::wire::{ClusterId, ProjectId, ServerUrl, TokenName, redact};

pub(super) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

/// The place of the explicit values.
pub(super) fn explicit(explicit: &Explicit, allow_http: bool) -> Place {
    const SOURCE: Source = Source::Explicit;
    let lacks = ("no url was given", "no token, and no access_key with secret_key, was given");
    let mut place = Place::new(SOURCE, "explicit values", lacks);
    let token = given(explicit.token.as_ref().map(ExposeSecret::expose_secret));
    let access = given(explicit.access_key.as_deref());
    let secret = given(explicit.secret_key.as_ref().map(ExposeSecret::expose_secret));
    let keys = Keys {
        bearers: token.map(|text| ("explicit token", text)).into_iter().collect(),
        access: access.map(|text| ("explicit access_key", text)),
        secret: secret.map(|text| ("explicit secret_key", text)),
        halves: ("explicit access_key", "explicit secret_key"),
    };
    let mut credential = parts::credential(&keys, SOURCE);
    if explicit.anonymous {
        credential = Some(match credential {
            None => Ok(Found::new(Credential::anonymous(), "explicit anonymous", SOURCE)),
            Some(_) => Err(Problem::new("anonymous and a token were both given", "give one of them")),
        });
    }
    let url = given(explicit.url.as_deref());
    let pem = given(explicit.ca_pem.as_deref());
    let candidate = Candidate {
        server: url.and_then(|text| parts::server("explicit url", text, allow_http, SOURCE)),
        credential,
        cluster: given(explicit.cluster.as_deref())
            .and_then(|text| parts::cluster("explicit cluster", text, SOURCE)),
        ca: parts::one_of(
            pem.and_then(|text| parts::ca_pem("explicit ca_pem", text, SOURCE)),
            explicit.ca_file.as_ref().and_then(|path| parts::ca_file("explicit ca_file", path, SOURCE)),
            "the authorities to trust",
        ),
        insecure: explicit.insecure.map(|value| Ok(Found::new(value, "explicit insecure", SOURCE))),
        proxy: given(explicit.proxy.as_deref()).and_then(|text| parts::proxy("explicit proxy", text, SOURCE)),
        ..Candidate::default()
    };
    let mut found =
        |name: &str, shown: Option<String>| place.found.extend(shown.map(|s| Finding::new(name, s)));
    found("url", url.map(shown_as::<UrlText>));
    found("token", token.map(shown_token));
    found("access_key", access.map(shown_as::<KeyName>));
    found("secret_key", secret.map(|_| SET.to_owned()));
    found("anonymous", explicit.anonymous.then(|| "true".to_owned()));
    found("cluster", given(explicit.cluster.as_deref()).map(shown_as::<ClusterId>));
    found("ca_pem", pem.map(|_| SET.to_owned()));
    found("ca_file", explicit.ca_file.as_ref().map(|path| path.display().to_string()));
    found("insecure", explicit.insecure.map(|value| value.to_string()));
    found("proxy", given(explicit.proxy.as_deref()).map(|_| SET.to_owned()));
    found("cli_server", explicit.cli_server.as_deref().map(shown_text));
    found("kubeconfig", explicit.kubeconfig.as_ref().map(|path| path.display().to_string()));
    found("context", explicit.context.as_deref().map(shown_text));
    place.holding(candidate)
}

/// A variable's text; nothing if it is unset.
fn variable<'e>(env: &'e Environment, name: &'static str) -> Result<Option<Named<'e>>, Problem> {
    match env.text(name) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some((name, text))),
        Some(Err(_)) => Err(Problem::new(format!("{name} is not UTF-8 text"), "set it anew")),
    }
}

fn slot<'e, T>(
    env: &'e Environment,
    name: &'static str,
    read: impl FnOnce(&str, &'e str, Source) -> Slot<T>,
    source: Source,
) -> Slot<T> {
    match variable(env, name) {
        Ok(variable) => variable.and_then(|(name, text)| read(name, text, source)),
        Err(problem) => Some(Err(problem)),
    }
}

fn keys<'e>(
    env: &'e Environment,
    bearers: &[&'static str],
    access: &'static str,
    secret: &'static str,
) -> Result<Keys<'e>, Problem> {
    let mut texts = Vec::new();
    for name in bearers {
        texts.extend(variable(env, name)?);
    }
    Ok(Keys {
        bearers: texts,
        access: variable(env, access)?,
        secret: variable(env, secret)?,
        halves: (access, secret),
    })
}

/// The place of the `RANCHER_*` variables.
pub(super) fn rancher(env: &Environment, allow_http: bool) -> Place {
    const SOURCE: Source = Source::Environment;
    let lacks = (
        "RANCHER_URL is not set",
        "none of RANCHER_BEARER_TOKEN, RANCHER_TOKEN, RANCHER_TOKEN_KEY and RANCHER_ACCESS_KEY + RANCHER_SECRET_KEY is set",
    );
    let place = Place::new(SOURCE, "environment RANCHER_*", lacks);
    let project = slot(env, names::PROJECT, project, SOURCE);
    let ca_file = env
        .os(names::CA_BUNDLE)
        .and_then(|path| parts::ca_file(names::CA_BUNDLE, std::path::Path::new(path), SOURCE));
    let verify = slot(env, names::VERIFY_SSL, parts::boolean, SOURCE);
    let not_verify = verify.map(|verify| verify.map(|found| Found { value: !found.value, ..found }));
    let candidate = Candidate {
        server: slot(
            env,
            names::URL,
            |from, text, source| parts::server(from, text, allow_http, source),
            SOURCE,
        ),
        credential: keys(env, &names::BEARERS, names::ACCESS_KEY, names::SECRET_KEY)
            .map_or_else(|problem| Some(Err(problem)), |keys| parts::credential(&keys, SOURCE)),
        cluster: parts::one_of(
            slot(env, names::CLUSTER_ID, parts::cluster, SOURCE),
            project.clone().map(|project| {
                project.map(|found| Found::new(found.value.cluster().clone(), found.from, SOURCE))
            }),
            "the cluster",
        ),
        project,
        ca: parts::one_of(
            slot(env, names::CA_CERTS, parts::ca_pem, SOURCE),
            ca_file,
            "the authorities to trust",
        ),
        insecure: parts::one_of(
            slot(env, names::INSECURE, parts::boolean, SOURCE),
            not_verify,
            "whether certificates are checked",
        ),
        user: slot(
            env,
            names::USER,
            |from, text, source| Some(Ok(Found::new(shown_text(text), from, source))),
            SOURCE,
        ),
        expires: slot(env, names::TOKEN_EXPIRES, expires, SOURCE),
        ..Candidate::default()
    };
    with_findings(place, env).holding(candidate)
}

/// The place of the old `CATTLE_*` variables.
pub(super) fn cattle(env: &Environment, allow_http: bool) -> Place {
    const SOURCE: Source = Source::Cattle;
    let lacks = ("CATTLE_URL is not set", "CATTLE_ACCESS_KEY and CATTLE_SECRET_KEY are not set");
    let place = Place::new(SOURCE, "environment CATTLE_*", lacks);
    let candidate = Candidate {
        server: slot(
            env,
            names::CATTLE_URL,
            |from, text, source| parts::server(from, text, allow_http, source),
            SOURCE,
        ),
        credential: keys(env, &[], names::CATTLE_ACCESS_KEY, names::CATTLE_SECRET_KEY)
            .map_or_else(|problem| Some(Err(problem)), |keys| parts::credential(&keys, SOURCE)),
        ..Candidate::default()
    };
    with_findings(place, env).holding(candidate)
}

/// Whether `http://` may go to other machines.
pub(super) fn allow_http(explicit: &Explicit, env: &Environment) -> Result<bool, Problem> {
    if let Some(allow) = explicit.allow_http {
        return Ok(allow);
    }
    match slot(env, names::ALLOW_HTTP, parts::boolean, Source::Environment) {
        None => Ok(false),
        Some(found) => found.map(|found| found.value),
    }
}

fn project(from: &str, text: &str, source: Source) -> Slot<ProjectId> {
    Some(match text.parse() {
        Ok(id) => Ok(Found::new(id, from, source)),
        Err(error) => Err(Problem::new(format!("{from}: {error}"), "")),
    })
}

fn expires(from: &str, text: &str, source: Source) -> Slot<Expiry> {
    Some(match text.parse() {
        Ok(expiry) => Ok(Found::new(expiry, from, source)),
        Err(error) => Err(Problem::new(format!("{from}: {error}"), "")),
    })
}

const SET: &str = "set";

/// The URL of a server, as a type whose parsing decides whether the text may be shown.
struct UrlText;

impl std::str::FromStr for UrlText {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        ServerUrl::parse(text, true).map(|_| Self).map_err(|_| ())
    }
}

/// The name of a token. A bare secret would be a valid name, too: only what begins like one may be shown.
struct KeyName;

impl std::str::FromStr for KeyName {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let is_name = looks_like_a_name(text) && text.parse::<TokenName>().is_ok();
        if is_name { Ok(Self) } else { Err(()) }
    }
}

/// The text, if it is what it should be. Text that is not may be a secret in the wrong place.
fn shown_as<T: std::str::FromStr>(text: &str) -> String {
    if text.parse::<T>().is_ok() { shown_text(text) } else { SET.to_owned() }
}

fn shown_token(text: &str) -> String {
    Credential::parse(text).map_or_else(|_| SET.to_owned(), |credential| credential.to_string())
}

fn shown_text(text: &str) -> String {
    redact(text).chars().filter(|c| !c.is_control()).take(200).collect()
}

fn with_findings(mut place: Place, env: &Environment) -> Place {
    let cattle = place.source == Source::Cattle;
    for name in Environment::NAMES.iter().filter(|name| name.starts_with("CATTLE_") == cattle) {
        let Some(value) = env.os(name) else { continue };
        let text = value.to_str().map(str::trim);
        let shown = match (*name, text) {
            (_, None) => SET.to_owned(),
            (names::CONFIG_DIR | names::KUBECONFIG, _) => continue,
            (names::URL | names::CATTLE_URL, Some(text)) => shown_as::<UrlText>(text),
            (names::ACCESS_KEY | names::CATTLE_ACCESS_KEY, Some(text)) => shown_as::<KeyName>(text),
            (names::SECRET_KEY | names::CATTLE_SECRET_KEY | names::CA_CERTS, _) => SET.to_owned(),
            (names::CLUSTER_ID, Some(text)) => shown_as::<ClusterId>(text),
            (names::PROJECT, Some(text)) => shown_as::<ProjectId>(text),
            (names::TOKEN_EXPIRES, Some(text)) => shown_as::<Expiry>(text),
            (names::INSECURE | names::VERIFY_SSL | names::ALLOW_HTTP, Some(text)) => {
                match parts::boolean(name, text, place.source) {
                    Some(Ok(_)) => text.to_owned(),
                    _ => SET.to_owned(),
                }
            }
            (name, Some(text)) if names::BEARERS.contains(&name) => shown_token(text),
            (_, Some(text)) => shown_text(text),
        };
        place.found.push(Finding::new(*name, shown));
    }
    place
}
