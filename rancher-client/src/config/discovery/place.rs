//! What one place holds, before anybody decides whether it is used.

use std::time::Duration;

use super::report::{Finding, Source};
use crate::config::{Expiry, Proxy, Trust};
use crate::credentials::Credential;
use crate::error::{Cause, Error};
use crate::wire::{ClusterId, ProjectId, ServerUrl};

/// Why something that was found cannot be used. It becomes an error only if the thing is needed.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) summary: String,
    pub(super) advice: String,
    /// Something was not found, so every place that was looked at matters.
    pub(super) not_found: bool,
    /// The server that was found, where no credential for it was.
    pub(super) no_credential_for: Option<Box<ServerUrl>>,
}

impl Problem {
    pub(super) fn new(summary: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { summary: summary.into(), advice: advice.into(), not_found: false, no_credential_for: None }
    }

    /// Something that no place holds.
    pub(super) fn not_found(summary: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { not_found: true, ..Self::new(summary, advice) }
    }

    /// The problem that a parser reported, with the name of what it was reading.
    pub(super) fn of(from: &str, error: &Error) -> Self {
        Self::new(format!("{from}: {}", error.summary()), error.advice())
    }

    /// Two places or variables that contradict each other. Their values are not shown.
    pub(super) fn disagree(one: &str, other: &str, about: &str) -> Self {
        Self::new(format!("{one} and {other} disagree about {about}"), "remove one of them")
    }

    pub(super) fn into_error(self) -> Error {
        let error = Error::config(self.summary, self.advice);
        if self.no_credential_for.is_some() { error.with_causes([Cause::Missing]) } else { error }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Found<T> {
    pub(super) value: T,
    pub(super) from: String,
    pub(super) source: Source,
}

impl<T> Found<T> {
    pub(super) fn new(value: T, from: impl Into<String>, source: Source) -> Self {
        Self { value, from: from.into(), source }
    }
}

/// Nothing, something, or something that cannot be used.
pub(super) type Slot<T> = Option<Result<Found<T>, Problem>>;

/// What belongs together: the variables of one family, one server of the CLI, one context.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    /// Its name within the place; empty where the place holds only this.
    pub(super) name: String,
    pub(super) server: Slot<ServerUrl>,
    pub(super) credential: Slot<Credential>,
    pub(super) cluster: Slot<ClusterId>,
    pub(super) project: Slot<ProjectId>,
    pub(super) ca: Slot<Trust>,
    pub(super) insecure: Slot<bool>,
    pub(super) proxy: Slot<Proxy>,
    pub(super) timeout: Slot<Duration>,
    pub(super) user: Slot<String>,
    pub(super) expires: Slot<Expiry>,
}

impl Candidate {
    pub(super) fn is_for(&self, server: &ServerUrl) -> bool {
        matches!(&self.server, Some(Ok(found)) if found.value == *server)
    }

    pub(super) fn holds(&self, credential: &Credential) -> bool {
        matches!(&self.credential, Some(Ok(found)) if found.value.same_as(credential))
    }
}

/// One place that was looked at.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) source: Source,
    /// What it is called in reports and errors.
    pub(super) label: String,
    pub(super) candidates: Vec<Candidate>,
    /// Which of the candidates is meant, where the place says so.
    pub(super) current: Option<usize>,
    /// Whether the caller asked for this place by name.
    pub(super) selected: bool,
    /// Why nothing is there.
    pub(super) absent: Option<String>,
    /// Why nothing of what is there can be used.
    pub(super) broken: Option<Problem>,
    pub(super) found: Vec<Finding>,
    pub(super) warnings: Vec<String>,
    /// How to say that it names no server, and that it holds no credential.
    pub(super) lacks: (&'static str, &'static str),
}

impl Place {
    pub(super) fn new(source: Source, label: impl Into<String>, lacks: (&'static str, &'static str)) -> Self {
        Self {
            source,
            label: label.into(),
            candidates: Vec::new(),
            current: None,
            selected: false,
            absent: None,
            broken: None,
            found: Vec::new(),
            warnings: Vec::new(),
            lacks,
        }
    }

    /// A place that holds exactly one thing.
    pub(super) fn holding(mut self, candidate: Candidate) -> Self {
        self.candidates = vec![candidate];
        self.current = Some(0);
        self
    }

    pub(super) fn current(&self) -> Option<&Candidate> {
        self.candidates.get(self.current?)
    }

    /// What this place has to offer, or lacks, in one line.
    pub(super) fn state(&self, wanted: Wanted<'_>) -> String {
        if let Some(absent) = &self.absent {
            return absent.clone();
        }
        if let Some(broken) = &self.broken {
            return broken.summary.clone();
        }
        let mut fitting = self.current();
        if let Wanted::CredentialOf(server) = wanted {
            let found = self.candidates.iter().find(|candidate| candidate.is_for(server));
            if found.is_none() && self.candidates.len() > 1 {
                return "none of its servers has this URL; a token never goes to another".to_owned();
            }
            fitting = found.or(fitting);
        }
        let Some(candidate) = fitting else {
            return "it does not say which of its servers is meant".to_owned();
        };
        let said = match (&candidate.server, &candidate.credential) {
            (Some(Err(problem)), _) | (_, Some(Err(problem))) => return problem.summary.clone(),
            (None, None) => format!("{}; {}", self.lacks.0, self.lacks.1),
            (Some(Ok(server)), credential) => match (wanted, credential) {
                (Wanted::CredentialOf(wanted), _) if server.value != *wanted => {
                    format!("it is for {}; a token never goes to another URL", server.value)
                }
                (Wanted::ServerOfToken, _) => format!("it names {}, but without this token", server.value),
                (_, None) => self.lacks.1.to_owned(),
                (_, Some(_)) => "it could be used".to_owned(),
            },
            (None, Some(Ok(held))) => format!("it holds {}, but {}", held.value, self.lacks.0),
        };
        if candidate.name.is_empty() { said } else { format!("{}: {said}", candidate.name) }
    }
}

/// What is looked for, for the words about what a place lacks.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wanted<'w> {
    /// A server and a credential.
    Both,
    /// A credential for this server.
    CredentialOf(&'w ServerUrl),
    /// The server that a token belongs to.
    ServerOfToken,
}
