//! What was observed of one credential, and what follows from it.
//!
//! One answer says whether the credential was accepted *there*, never why not: a refused key and a key of another
//! cluster get the same bytes. The ledger puts answers together. It keeps the reaches a key can still have
//! (everywhere, or one cluster) and strikes out those that an observation contradicts; a conclusion is *proven*
//! when every reach that is left leads to it.
//!
//! The one assumption: within the life of a ledger a key does not die, come back and die again. A key that dies, or
//! one whose user is switched on again, contradicts nothing that is concluded here (see the decision record 0001 and
//! the property test at the end of this file).

use std::collections::BTreeMap;

use super::{Confidence, KeyScope, RouteScope, TokenKind};
use crate::wire::{ClusterId, Moment};

/// One answer of the server, as far as it speaks of the credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Which credentials the route takes.
    pub route: RouteScope,
    /// Whether the credential was accepted there (`X-API-Cattle-Auth`, or what the body says without it).
    pub accepted: bool,
    /// When the request was sent. The server decided somewhere between this and `received`.
    pub sent: Moment,
    /// When its answer was there.
    pub received: Moment,
    /// Which value of the credential cell was sent. Facts about an older value are dropped.
    pub generation: u64,
}

/// What is known of a key's reach from elsewhere than answers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Knowledge {
    /// The server said so when it made the key, or another credential read the key's record.
    Recorded(KeyScope),
    /// The user says so.
    Asserted(KeyScope),
    /// The server refused it here with the words of old versions, "clusterID does not match".
    NotFor(RouteScope),
}

/// Why a credential was not accepted on a route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefusalCause {
    /// It was dead when it was sent: expired, deleted, switched off, mistyped, or its user disabled.
    TokenRefused,
    /// It does not reach that route, alive or not. With the cluster it is scoped to, where that is known.
    OutOfScope(Option<ClusterId>),
    /// Both remain possible.
    Undetermined,
}

/// The cause of a refusal, and how far it is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The cause.
    pub cause: RefusalCause,
    /// How certain it is; nothing for [`RefusalCause::Undetermined`].
    pub confidence: Option<Confidence>,
    /// What it rests on, in words.
    pub because: Vec<String>,
}

/// A key's reach, and how far it is certain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownScope {
    /// The reach.
    pub scope: KeyScope,
    /// How certain it is.
    pub confidence: Confidence,
}

/// Whether a key was alive when it was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Validity {
    /// It was accepted somewhere, and no later refusal proves it dead.
    Valid,
    /// Its latest refusal proves that it was dead then.
    Refused(Confidence),
    /// Nothing proves either.
    Undetermined,
}

/// The refusals on one part of the server.
#[derive(Debug, Clone, Copy)]
struct Refusals {
    /// When the answer to the earliest one was there.
    earliest: Moment,
    /// When the latest one was sent.
    latest: Moment,
    /// When the answer to the last one was there.
    answered: Moment,
}

/// An acceptance: decided between the two.
#[derive(Debug, Clone, Copy)]
struct Acceptance {
    sent: Moment,
    received: Moment,
}

/// How many acceptances are kept for each part of the server. The earliest proof is kept apart.
const KEPT: usize = 16;

/// What was observed of one credential.
#[derive(Debug, Clone)]
pub struct Ledger {
    kind: TokenKind,
    generation: u64,
    recorded: Option<KeyScope>,
    asserted: Option<KeyScope>,
    not_for: Vec<RouteScope>,
    accepted: BTreeMap<Place, Vec<Acceptance>>,
    refused: BTreeMap<Place, Refusals>,
    /// The cluster that the key was proven to be confined to. Proven once, it stays so: the reach of a key is fixed,
    /// while the acceptances that proved it are forgotten one day.
    home: Option<ClusterId>,
    /// Whether some of it was read between the lines of a server that sends no `X-API-Cattle-Auth`. Then nothing that
    /// answers show is more than likely.
    inferred: bool,
}

/// A part of the server that accepts or refuses a key as one: all global paths, or one cluster's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Global,
    Cluster(ClusterId),
}

impl Place {
    /// Public paths answer anybody, and their header says what a global path would have said.
    fn of(route: &RouteScope) -> Option<Place> {
        match route {
            RouteScope::Public | RouteScope::Global => Some(Place::Global),
            RouteScope::Cluster(id) => Some(Place::Cluster(id.clone())),
            RouteScope::Unknown => None,
        }
    }

    fn takes(&self, key: &KeyScope) -> bool {
        match (key, self) {
            (KeyScope::Global, _) => true,
            (KeyScope::Cluster(own), Place::Cluster(asked)) => own == asked,
            (KeyScope::Cluster(_), Place::Global) => false,
        }
    }

    fn words(&self) -> String {
        match self {
            Place::Global => "global paths".to_owned(),
            Place::Cluster(id) => format!("the paths of cluster {id}"),
        }
    }
}

/// The reaches that the observations leave a key.
enum Left {
    /// Exactly this one.
    Only(KeyScope),
    /// Everywhere, or this one cluster, where it was accepted.
    GlobalOr(ClusterId),
    /// Everywhere or any cluster.
    Any,
    /// One cluster, not known which.
    SomeCluster,
}

impl Ledger {
    /// An empty ledger for a credential of this kind.
    pub fn new(kind: TokenKind) -> Self {
        Self {
            kind,
            generation: 0,
            recorded: None,
            asserted: None,
            not_for: Vec::new(),
            accepted: BTreeMap::new(),
            refused: BTreeMap::new(),
            home: None,
            inferred: false,
        }
    }

    /// The kind of credential it is about.
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The generation of the credential it is about.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Forgets everything: the credential was replaced.
    pub fn start_over(&mut self, kind: TokenKind, generation: u64) {
        *self = Self { generation, ..Self::new(kind) };
    }

    /// Takes in an answer. Facts about another generation of the credential, about a path that proves nothing, and
    /// refusals of a kind of credential that the header does not speak of, are dropped.
    pub fn observe(&mut self, fact: &Fact) {
        if fact.generation != self.generation || self.kind == TokenKind::None {
            return;
        }
        let Some(place) = Place::of(&fact.route) else { return };
        if fact.accepted {
            let kept = self.accepted.entry(place).or_default();
            // the middle goes first: the earliest and the latest ones carry the proofs
            if kept.len() >= KEPT {
                kept.remove(KEPT / 2);
            }
            kept.push(Acceptance { sent: fact.sent, received: fact.received });
        } else if self.kind.header_speaks() {
            let seen = Refusals { earliest: fact.received, latest: fact.sent, answered: fact.received };
            let refusals = self.refused.entry(place).or_insert(seen);
            refusals.earliest = refusals.earliest.min(fact.received);
            refusals.latest = refusals.latest.max(fact.sent);
            refusals.answered = refusals.answered.max(fact.received);
        }
        if let Left::Only(KeyScope::Cluster(id)) = self.left() {
            self.home = Some(id);
        }
    }

    /// Notes that an answer did not say whether the credential was accepted, and that it was inferred from the rest.
    pub fn note_inference(&mut self) {
        self.inferred = true;
    }

    /// The most that answers can show.
    fn cap(&self) -> Confidence {
        if self.inferred && self.recorded.is_none() { Confidence::Likely } else { Confidence::Proven }
    }

    /// Whether the key's reach was read from its record, and not only concluded from answers.
    pub fn is_recorded(&self) -> bool {
        self.recorded.is_some()
    }

    /// When the key was last refused outside of a cluster.
    pub fn last_refused_outside(&self, id: &ClusterId) -> Option<Moment> {
        self.refused_outside(id).map(|refusals| refusals.answered)
    }

    /// Takes in what is known of the key's reach from elsewhere.
    pub fn learn(&mut self, knowledge: Knowledge) {
        match knowledge {
            Knowledge::Recorded(scope) => self.recorded = Some(scope),
            Knowledge::Asserted(scope) => self.asserted = Some(scope),
            Knowledge::NotFor(route) => {
                if !self.not_for.contains(&route) {
                    self.not_for.push(route);
                }
            }
        }
    }

    /// Whether the credential was ever accepted on this part of the server.
    pub fn was_accepted(&self, route: &RouteScope) -> bool {
        Place::of(route).is_some_and(|place| self.accepted.contains_key(&place))
    }

    /// Whether the credential was ever refused on this part of the server.
    pub fn was_refused(&self, route: &RouteScope) -> bool {
        Place::of(route).is_some_and(|place| self.refused.contains_key(&place))
    }

    /// Whether the credential was ever accepted anywhere.
    pub fn holds_acceptances(&self) -> bool {
        !self.accepted.is_empty()
    }

    /// Whether any refusal of the credential was noted.
    pub fn holds_refusals(&self) -> bool {
        !self.refused.is_empty()
    }

    /// The key's reach, as far as anything says.
    pub fn scope(&self) -> Option<KnownScope> {
        if let Left::Only(scope) = self.left() {
            return Some(KnownScope { scope, confidence: self.cap() });
        }
        if let Some(scope) = self.assertion() {
            return Some(KnownScope { scope, confidence: Confidence::Asserted });
        }
        let scope = KeyScope::Cluster(self.open_question()?);
        Some(KnownScope { scope, confidence: Confidence::Likely })
    }

    /// The one cluster that accepted the key while another part of the server refused it, where that is no proof yet.
    /// Asking that cluster once more and then a global path makes it one, or disproves it.
    pub fn open_question(&self) -> Option<ClusterId> {
        match self.left() {
            Left::GlobalOr(id) if self.refused_outside(&id).is_some() => Some(id),
            _ => None,
        }
    }

    /// Whether the key is alive, as far as its answers say.
    pub fn validity(&self) -> Validity {
        let known = self.scope();
        // a refusal counts against the key only where the key would be accepted if it lived
        let counts = |place: &Place| match &known {
            _ if self.accepted.contains_key(place) => Some(self.cap()),
            Some(known) if place.takes(&known.scope) => Some(known.confidence),
            _ => None,
        };
        let deaths =
            self.refused.iter().filter_map(|(place, refusals)| Some((refusals.answered, counts(place)?)));
        let death = deaths.max();
        let acceptances = || self.accepted.values().flatten();
        match death {
            None if self.accepted.is_empty() => Validity::Undetermined,
            None => Validity::Valid,
            // only what was sent after the refusal was there was surely decided after it
            Some((died, _)) if acceptances().any(|a| a.sent >= died) => Validity::Valid,
            Some((_, confidence)) => {
                let last = self.refused.values().map(|refusals| refusals.latest).max();
                let crossed = acceptances().any(|a| Some(a.received) > last);
                if crossed { Validity::Undetermined } else { Validity::Refused(confidence) }
            }
        }
    }

    /// Why the credential was refused on a route.
    pub fn explain(&self, route: &RouteScope) -> Explanation {
        let undetermined = |because: Vec<String>| Explanation {
            cause: RefusalCause::Undetermined,
            confidence: None,
            because,
        };
        if self.not_for.contains(route) && !self.was_accepted(route) {
            let because = vec!["the server said that the key's cluster does not match".to_owned()];
            let home = match self.left() {
                Left::Only(KeyScope::Cluster(id)) | Left::GlobalOr(id) => Some(id),
                _ => None,
            };
            return Explanation {
                cause: RefusalCause::OutOfScope(home),
                confidence: Some(Confidence::Proven),
                because,
            };
        }
        let Some(place) = Place::of(route) else {
            return undetermined(vec!["the path is not one whose scope is known".to_owned()]);
        };
        match self.left() {
            Left::Only(scope) => return self.given(scope, self.cap(), &place),
            Left::GlobalOr(id) if place == Place::Cluster(id.clone()) => {
                let because = vec![format!("it was accepted on {} and is refused there", place.words())];
                return Explanation {
                    cause: RefusalCause::TokenRefused,
                    confidence: Some(self.cap()),
                    because,
                };
            }
            _ => {}
        }
        if let Some(scope) = self.assertion() {
            return self.given(scope, Confidence::Asserted, &place);
        }
        match self.left() {
            Left::GlobalOr(id) => self.accepted_only_by(id, &place),
            _ => undetermined(vec!["it was accepted nowhere yet".to_owned()]),
        }
    }

    /// The explanation when the key's reach is known.
    fn given(&self, scope: KeyScope, confidence: Confidence, place: &Place) -> Explanation {
        let source = match confidence {
            Confidence::Asserted => "you say that",
            _ if self.recorded.is_some() => "its record says that",
            _ => "its answers show that",
        };
        let because = vec![format!("{source} the key is {scope}")];
        let cause = match scope {
            KeyScope::Cluster(id) if !place.takes(&KeyScope::Cluster(id.clone())) => {
                RefusalCause::OutOfScope(Some(id))
            }
            _ => RefusalCause::TokenRefused,
        };
        Explanation { cause, confidence: Some(confidence), because }
    }

    /// The key was accepted by one cluster and is refused elsewhere, and nothing yet rules out that it has died.
    fn accepted_only_by(&self, id: ClusterId, place: &Place) -> Explanation {
        let home = Place::Cluster(id.clone());
        let words = home.words();
        let died = self.refused.get(&home).map(|refusals| refusals.latest);
        let lived = self.accepted.get(&home).into_iter().flatten().map(|a| a.received).max();
        if died > lived {
            // dead by now, but whether it was dead when it was refused over there, nobody saw
            let because = vec![format!("it was accepted on {words}, and was refused there later")];
            return Explanation {
                cause: RefusalCause::TokenRefused,
                confidence: Some(Confidence::Likely),
                because,
            };
        }
        let because = vec![format!("it was accepted on {words}, and on {} it was not", place.words())];
        Explanation {
            cause: RefusalCause::OutOfScope(Some(id)),
            confidence: Some(Confidence::Likely),
            because,
        }
    }

    /// What the user asserts, unless the observations rule it out.
    fn assertion(&self) -> Option<KeyScope> {
        let asserted = self.asserted.clone()?;
        let possible = match (self.left(), &asserted) {
            (Left::Any, _)
            | (Left::GlobalOr(_), KeyScope::Global)
            | (Left::SomeCluster, KeyScope::Cluster(_)) => true,
            (Left::GlobalOr(id), KeyScope::Cluster(said)) => id == *said,
            (Left::SomeCluster, KeyScope::Global) | (Left::Only(_), _) => false,
        };
        possible.then_some(asserted)
    }

    /// Strikes out every reach that an observation contradicts.
    fn left(&self) -> Left {
        if let Some(scope) = &self.recorded {
            return Left::Only(scope.clone());
        }
        let mut places = self.accepted.keys();
        match (places.next(), places.next()) {
            // only an unscoped key is accepted on a global path, or by two clusters
            (Some(Place::Global), _) | (Some(_), Some(_)) => Left::Only(KeyScope::Global),
            (Some(Place::Cluster(id)), None) => {
                if self.confined_to(id) {
                    Left::Only(KeyScope::Cluster(id.clone()))
                } else {
                    Left::GlobalOr(id.clone())
                }
            }
            (None, _) if !self.not_for.is_empty() => Left::SomeCluster,
            (None, _) => Left::Any,
        }
    }

    /// Whether the key cannot be global: it was refused elsewhere, then accepted by this cluster, then refused
    /// elsewhere again. An unscoped key would have to have died, come back and died again.
    fn confined_to(&self, id: &ClusterId) -> bool {
        if !self.not_for.is_empty() || self.home.as_ref() == Some(id) {
            return true;
        }
        let Some(refused) = self.refused_outside(id) else { return false };
        let accepted = self.accepted.get(&Place::Cluster(id.clone()));
        accepted.into_iter().flatten().any(|a| refused.earliest <= a.sent && a.received <= refused.latest)
    }

    /// The refusals on every path that is not this cluster's, taken together.
    fn refused_outside(&self, id: &ClusterId) -> Option<Refusals> {
        let home = Place::Cluster(id.clone());
        self.refused.iter().filter(|(place, _)| **place != home).map(|(_, refusals)| *refusals).reduce(
            |a, b| Refusals {
                earliest: a.earliest.min(b.earliest),
                latest: a.latest.max(b.latest),
                answered: a.answered.max(b.answered),
            },
        )
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
