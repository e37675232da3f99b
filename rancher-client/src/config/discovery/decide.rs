//! Who wins.
//!
//! The first place that holds a server or a credential leads. What it lacks comes only from a place that proves to
//! belong to it: a credential from one that names the same server, a server from one that holds the same token. So a
//! token that is stored beside a URL is only ever sent to that URL. What the caller gives by hand may complete, or be
//! completed by, the one half that the environment holds.

use super::place::{Candidate, Found, Place, Problem, Slot, Wanted};
use super::report::{PassedOver, Source};
use crate::credentials::Credential;
use crate::wire::ServerUrl;

/// Server and credential, and where each was found: place and candidate.
pub(super) struct Chosen {
    pub(super) server: Found<ServerUrl>,
    pub(super) credential: Found<Credential>,
    server_at: (usize, usize),
    credential_at: (usize, usize),
}

impl Chosen {
    /// What stands beside the credential and the server, where that is not the caller or the environment.
    pub(super) fn beside<'p>(&self, places: &'p [Place]) -> Vec<&'p Candidate> {
        let mut at = vec![self.credential_at, self.server_at];
        at.dedup();
        at.into_iter()
            .filter_map(|(place, candidate)| {
                let place = places.get(place)?;
                let stored = matches!(place.source, Source::Cli | Source::Kubeconfig);
                if stored { place.candidates.get(candidate) } else { None }
            })
            .collect()
    }
}

pub(super) fn server_and_credential(places: &[Place]) -> Result<Chosen, Problem> {
    let selected: Vec<usize> =
        places.iter().enumerate().filter(|(_, place)| place.selected).map(|(index, _)| index).collect();
    match selected.as_slice() {
        [] => leading(places),
        [index] => from_selected(places, *index),
        _ => Err(Problem::new(
            "a server of the Rancher CLI and a kubeconfig were both asked for",
            "ask for one of them",
        )),
    }
}

fn leading(places: &[Place]) -> Result<Chosen, Problem> {
    for (index, place) in places.iter().enumerate() {
        // the last place may hold anything, most of it not Rancher's: what is wrong there is only reported
        let optional = place.source == Source::Kubeconfig;
        if let Some(broken) = &place.broken
            && !optional
        {
            return Err(broken.clone());
        }
        let (Some(candidate), Some(current)) = (place.current(), place.current) else { continue };
        let at = (index, current);
        match (&candidate.server, &candidate.credential) {
            (Some(Err(problem)), _) | (_, Some(Err(problem))) => {
                if !optional {
                    return Err(problem.clone());
                }
            }
            (Some(Ok(server)), Some(Ok(credential))) => {
                return Ok(Chosen {
                    server: server.clone(),
                    credential: credential.clone(),
                    server_at: at,
                    credential_at: at,
                });
            }
            // half an entry in a file is no intent, half a set of variables is
            _ if matches!(place.source, Source::Cli | Source::Kubeconfig) => {}
            (Some(Ok(server)), None) => return with_credential(places, server, at),
            (None, Some(Ok(credential))) => return with_server(places, credential, at),
            (None, None) => {}
        }
    }
    Err(Problem::not_found(
        format!("no Rancher server and credential were found; {}", listed(places, Wanted::Both, None)),
        "set RANCHER_URL and RANCHER_TOKEN, or run rancher login",
    ))
}

fn with_credential(
    places: &[Place],
    server: &Found<ServerUrl>,
    server_at: (usize, usize),
) -> Result<Chosen, Problem> {
    // a token in a variable that no URL stands beside is bound to none, and the caller named the server itself
    if let Some((at, environment)) = environment(places)
        && server.source == Source::Explicit
        && let (None, Some(credential)) = (&environment.server, &environment.credential)
    {
        // one that cannot be used was meant all the same
        let (server, credential) = (server.clone(), credential.clone()?);
        return Ok(Chosen { server, credential, server_at, credential_at: at });
    }
    for (index, place) in places.iter().enumerate() {
        let mut fitting: Vec<(usize, &Found<Credential>)> = Vec::new();
        for (at, candidate) in place.candidates.iter().enumerate() {
            match &candidate.credential {
                Some(Ok(credential)) if candidate.is_for(&server.value) => fitting.push((at, credential)),
                Some(Err(problem)) if candidate.is_for(&server.value) => return Err(problem.clone()),
                _ => {}
            }
        }
        let current = fitting.iter().find(|(at, _)| place.current == Some(*at));
        let Some((at, credential)) = current.or(fitting.first()) else { continue };
        let ambiguous =
            current.is_none() && fitting.iter().any(|(_, other)| !other.value.same_as(&credential.value));
        if ambiguous {
            let names: Vec<&str> = fitting
                .iter()
                .filter_map(|(at, _)| place.candidates.get(*at))
                .map(|candidate| candidate.name.as_str())
                .collect();
            return Err(Problem::new(
                format!("{} holds several tokens for {}: {}", place.label, server.value, names.join(", ")),
                "name the one that is meant, or make it the current one",
            ));
        }
        return Ok(Chosen {
            server: server.clone(),
            credential: (*credential).clone(),
            server_at,
            credential_at: (index, *at),
        });
    }
    let problem = Problem::not_found(
        format!(
            "{} is {}, and no credential for that server was found; {}",
            server.from,
            server.value,
            listed(places, Wanted::CredentialOf(&server.value), None)
        ),
        "give the token in the same place as the URL (a token of another server is never used), or `anonymous` to send \
         none, as before a login",
    );
    Err(Problem { no_credential_for: Some(Box::new(server.value.clone())), ..problem })
}

fn with_server(
    places: &[Place],
    credential: &Found<Credential>,
    credential_at: (usize, usize),
) -> Result<Chosen, Problem> {
    // a token that the caller gives by hand is meant for the server that its environment names
    if let Some((at, environment)) = environment(places)
        && credential.source == Source::Explicit
        && let Some(server) = &environment.server
    {
        let (server, credential) = (server.clone()?, credential.clone());
        return Ok(Chosen { server, credential, server_at: at, credential_at });
    }
    let anonymous = credential.value.is_anonymous();
    for (index, place) in places.iter().enumerate() {
        for (at, candidate) in place.candidates.iter().enumerate() {
            // without a credential nothing can go astray, so the next server that is meant will do
            let fits = if anonymous { place.current == Some(at) } else { candidate.holds(&credential.value) };
            match &candidate.server {
                Some(Ok(server)) if fits => {
                    return Ok(Chosen {
                        server: server.clone(),
                        credential: credential.clone(),
                        server_at: (index, at),
                        credential_at,
                    });
                }
                _ => {}
            }
        }
    }
    Err(Problem::not_found(
        format!(
            "{} holds {}, and nothing says for which server; {}",
            credential.from,
            credential.value,
            listed(places, Wanted::ServerOfToken, Some(credential.source))
        ),
        "give the URL in the same place as the token; a token never goes to the URL of another place",
    ))
}

/// What the `RANCHER_*` variables say, and where that stands.
fn environment(places: &[Place]) -> Option<((usize, usize), &Candidate)> {
    let (index, place) = places.iter().enumerate().find(|(_, place)| place.source == Source::Environment)?;
    Some(((index, place.current?), place.current()?))
}

fn from_selected(places: &[Place], index: usize) -> Result<Chosen, Problem> {
    let nothing = || Problem::new("nothing was found where the caller asked to look", "");
    let place = places.get(index).ok_or_else(nothing)?;
    if let Some(broken) = &place.broken {
        return Err(broken.clone());
    }
    let lacking = |why: &str| Problem::new(format!("{}: {why}", place.label), "give another, or mend it");
    let (Some(candidate), Some(current)) = (place.current(), place.current) else {
        return Err(lacking(place.absent.as_deref().unwrap_or("it does not say which server is meant")));
    };
    let at = (index, current);
    let server = required(&candidate.server).map_err(|p| p.unwrap_or_else(|| lacking(place.lacks.0)))?;
    let explicit = places.first().and_then(Place::current);
    if let Some(url) = explicit.and_then(|explicit| explicit.server.as_ref()) {
        let url = url.as_ref().map_err(Clone::clone)?;
        if url.value != server.value {
            return Err(Problem::disagree(&url.from, &server.from, "the server"));
        }
    }
    // a token that is given together with the file is meant for the file's server
    if let Some(credential) = explicit.and_then(|explicit| explicit.credential.as_ref()) {
        let credential = credential.as_ref().map_err(Clone::clone)?;
        return Ok(Chosen {
            server: server.clone(),
            credential: credential.clone(),
            server_at: at,
            credential_at: (0, 0),
        });
    }
    let credential =
        required(&candidate.credential).map_err(|p| p.unwrap_or_else(|| lacking(place.lacks.1)))?;
    Ok(Chosen { server: server.clone(), credential: credential.clone(), server_at: at, credential_at: at })
}

fn required<T>(slot: &Slot<T>) -> Result<&Found<T>, Option<Problem>> {
    match slot {
        Some(Ok(found)) => Ok(found),
        Some(Err(problem)) => Err(Some(problem.clone())),
        None => Err(None),
    }
}

/// Every place and what was missing there, for the error.
fn listed(places: &[Place], wanted: Wanted<'_>, without: Option<Source>) -> String {
    let lines: Vec<String> = places
        .iter()
        .filter(|place| Some(place.source) != without)
        .map(|place| format!("{}: {}", place.label, place.state(wanted)))
        .collect();
    format!("looked at {}", lines.join(" | "))
}

/// A setting, and the values that were passed over.
pub(super) struct Setting<T> {
    pub(super) found: Option<Found<T>>,
    pub(super) passed_over: Vec<PassedOver>,
}

/// Takes the first value that applies. The second part of an offer says why it does not apply.
pub(super) fn first<T: Clone>(offers: &[(&Slot<T>, Option<&str>)]) -> Result<Setting<T>, Problem> {
    let mut found: Option<Found<T>> = None;
    let mut passed_over = Vec::new();
    for (slot, not_applicable) in offers {
        let Some(value) = slot else { continue };
        let why = match (not_applicable, &found) {
            (Some(why), _) => (*why).to_owned(),
            (None, Some(winner)) => format!("{} comes first", winner.from),
            (None, None) => {
                found = Some(value.clone()?);
                continue;
            }
        };
        if let Ok(value) = value {
            passed_over.push(PassedOver::new(value.from.clone(), why));
        }
    }
    Ok(Setting { found, passed_over })
}
