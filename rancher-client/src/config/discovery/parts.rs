//! Reads the single values that more than one place holds.

use secrecy::ExposeSecret;
use std::path::Path;

use super::file;
use super::place::{Found, Problem, Slot};
use super::report::Source;
use crate::config::{Proxy, Trust};
use crate::credentials::Credential;
use crate::wire::{ClusterId, ServerUrl};

const CA_LIMIT: u64 = 4 * 1024 * 1024;

/// A name and the text that stands under it.
pub(super) type Named<'a> = (&'a str, &'a str);

pub(super) fn server(from: &str, text: &str, allow_http: bool, source: Source) -> Slot<ServerUrl> {
    Some(match ServerUrl::parse(text, allow_http) {
        Ok(url) => Ok(Found::new(url, from, source)),
        Err(error) => {
            let advice = if !allow_http && text.trim_start().starts_with("http:") {
                "allow_http, or RANCHER_ALLOW_HTTP=true, allows http:// to other machines"
            } else {
                ""
            };
            Err(Problem::new(format!("{from}: {error}"), advice))
        }
    })
}

pub(super) fn cluster(from: &str, text: &str, source: Source) -> Slot<ClusterId> {
    Some(match ClusterId::new(text) {
        Ok(id) => Ok(Found::new(id, from, source)),
        Err(error) => Err(Problem::new(format!("{from}: {error}"), "")),
    })
}

pub(super) fn proxy(from: &str, text: &str, source: Source) -> Slot<Proxy> {
    Some(match Proxy::parse(text) {
        Ok(proxy) => Ok(Found::new(proxy, from, source)),
        Err(error) => Err(Problem::of(from, &error)),
    })
}

/// The texts of which a place may make a credential.
#[derive(Default)]
pub(super) struct Keys<'a> {
    pub(super) bearers: Vec<Named<'a>>,
    pub(super) access: Option<Named<'a>>,
    pub(super) secret: Option<Named<'a>>,
    /// The names of the two halves, for the error that names the missing one.
    pub(super) halves: (&'a str, &'a str),
}

/// The one credential that all the texts of a place agree on.
pub(super) fn credential(keys: &Keys<'_>, source: Source) -> Slot<Credential> {
    agreed(keys, source).transpose()
}

fn agreed(keys: &Keys<'_>, source: Source) -> Result<Option<Found<Credential>>, Problem> {
    let mut chosen: Option<Found<Credential>> = None;
    let mut agree = |next: Found<Credential>| match &chosen {
        Some(before) if !before.value.same_as(&next.value) => {
            Err(Problem::disagree(&before.from, &next.from, "the token"))
        }
        Some(_) => Ok(()),
        None => {
            chosen = Some(next);
            Ok(())
        }
    };
    for (from, text) in &keys.bearers {
        let credential = Credential::parse(text).map_err(|error| Problem::of(from, &error))?;
        agree(Found::new(credential, *from, source))?;
    }
    let pair = format!("{} + {}", keys.halves.0, keys.halves.1);
    match (keys.access, keys.secret) {
        (None, None) => {}
        (Some((_, access)), Some((_, secret))) => {
            let credential =
                Credential::key_pair(access, secret).map_err(|error| Problem::of(&pair, &error))?;
            agree(Found::new(credential, pair, source))?;
        }
        (Some((from, half)), None) | (None, Some((from, half))) => match &chosen {
            Some(bearer) if is_part_of(half, &bearer.value) => {}
            Some(bearer) => return Err(Problem::disagree(&bearer.from, from, "the token")),
            None => {
                let missing = if keys.access.is_some() { keys.halves.1 } else { keys.halves.0 };
                return Err(Problem::new(
                    format!("{from} is set, but the other half of the key, {missing}, is missing"),
                    format!("set {missing} too, or give the whole token in one"),
                ));
            }
        },
    }
    Ok(chosen)
}

/// Whether the text is the name or the secret of the token.
fn is_part_of(half: &str, credential: &Credential) -> bool {
    let Some(bearer) = credential.bearer() else { return false };
    let whole = bearer.expose_secret();
    whole == half || whole.split_once(':').is_some_and(|(name, secret)| half == name || half == secret)
}

/// Authorities given as PEM text.
pub(super) fn ca_pem(from: &str, text: &str, source: Source) -> Slot<Trust> {
    // variables set from one-line files carry the line breaks as two characters
    let text = if text.contains('\n') { text.to_owned() } else { text.replace("\\n", "\n") };
    Some(if holds_certificate(&text) {
        Ok(Found::new(Trust::CaPem(text), from, source))
    } else if Path::new(text.trim()).is_file() {
        Err(Problem::new(
            format!("{from} is the path of a file where PEM text belongs"),
            "give the content of the file, or the path where a path belongs (ca_file, RANCHER_CA_BUNDLE)",
        ))
    } else {
        Err(Problem::new(
            format!("{from} holds no PEM certificate"),
            "it begins with -----BEGIN CERTIFICATE-----",
        ))
    })
}

/// Authorities given as a file.
pub(super) fn ca_file(from: &str, path: &Path, source: Source) -> Slot<Trust> {
    let problem = match file::read(path, CA_LIMIT) {
        Ok(Some(file)) if holds_certificate(&file.text) => {
            return Some(Ok(Found::new(Trust::CaFile(path.to_owned()), from, source)));
        }
        Ok(Some(_)) => "it holds no PEM certificate".to_owned(),
        Ok(None) => "there is no such file".to_owned(),
        Err(words) => words,
    };
    Some(Err(Problem::new(
        format!("{from}: {}: {problem}", path.display()),
        "give a file of PEM certificates",
    )))
}

fn holds_certificate(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----")
}

/// Two ways of saying the same thing in one place: the first counts, and a second one must agree.
pub(super) fn one_of<T: PartialEq>(one: Slot<T>, other: Slot<T>, about: &str) -> Slot<T> {
    match (one, other) {
        (Some(Ok(one)), Some(Ok(other))) if one.value != other.value => {
            Some(Err(Problem::disagree(&one.from, &other.from, about)))
        }
        (Some(Ok(_)), Some(Err(problem))) => Some(Err(problem)),
        (None, other) => other,
        (one, _) => one,
    }
}

/// `true`, `1`, `yes` or `false`, `0`, `no`.
pub(super) fn boolean(from: &str, text: &str, source: Source) -> Slot<bool> {
    let value = match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" => true,
        "false" | "0" | "no" => false,
        _ => {
            return Some(Err(Problem::new(
                format!("{from} is neither true nor false"),
                "write true, 1 or yes; or false, 0 or no",
            )));
        }
    };
    Some(Ok(Found::new(value, from, source)))
}
