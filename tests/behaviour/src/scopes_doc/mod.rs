//! `docs/scopes.md` is written from what happens: every operation of the table, with all 22 credentials of the record.
//!
//! What comes out is compared with what is true of the credential, which only the record knows: the client is told
//! nothing but the token. A key that lives is never called refused, one that is dead is never called out of scope for
//! certain, and a right that is missing is neither.

mod observe;
mod page;
mod samples;

use observe::{Came, Place};
use rancher_client::ErrorKind;
use rancher_client::scope::Confidence;
use samples::{Need, Row, Sample, Samples};
use std::path::Path;

use crate::in_process::Server;

/// What is true of a credential of the record.
struct Truth {
    label: &'static str,
    alive: bool,
    /// The cluster that it is scoped to.
    scope: Option<&'static str>,
}

const fn alive(label: &'static str, scope: Option<&'static str>) -> Truth {
    Truth { label, alive: true, scope }
}

const fn dead(label: &'static str) -> Truth {
    Truth { label, alive: false, scope: None }
}

const PROD: Option<&str> = Some("c-prod1");

/// All credentials of the record, as `tests/truth/README.md` describes them.
const CREDENTIALS: [Truth; 22] = [
    dead("anonymous"),
    dead("garbage"),
    dead("unknown-name"),
    dead("wrong-secret"),
    dead("deleted"),
    dead("off"),
    dead("expired"),
    dead("expired-prod"),
    dead("disabled-unscoped"),
    alive("admin-unscoped", None),
    alive("admin-session", None),
    // what its spec names confines it to nothing
    alive("ext-unscoped", None),
    alive("ext-prod", None),
    alive("admin-local", Some("local")),
    alive("admin-prod", PROD),
    alive("admin-stage", Some("c-stag1")),
    alive("standard-unscoped", None),
    alive("standard-prod", PROD),
    alive("member-unscoped", None),
    alive("member-prod", PROD),
    alive("pmember-unscoped", None),
    alive("ro-prod", PROD),
];

impl Truth {
    /// Whether the server takes it for what needs this of this cluster.
    fn reaches(&self, need: Need, of: Option<&str>) -> bool {
        match need {
            Need::Nothing => true,
            Need::Cluster => self.alive && (self.scope.is_none() || self.scope == of),
            Need::Global => self.alive && self.scope.is_none(),
        }
    }

    /// What is wrong with what was said of it.
    fn lie(&self, need: Need, of: Option<&str>, came: &Came) -> Option<&'static str> {
        let kind = came.failed;
        let proven = came.confidence == Some(Confidence::Proven);
        if self.label == "anonymous" {
            let right = matches!(kind, Some(ErrorKind::Unauthenticated | ErrorKind::Invalid));
            let right = right || need == Need::Nothing;
            return (!right).then_some("nothing was sent, and it says otherwise");
        }
        if self.label == "garbage" {
            return (kind != Some(ErrorKind::Config)).then_some("it is no token, and was taken for one");
        }
        if self.alive {
            return match kind {
                Some(ErrorKind::TokenRefused) => Some("a key that lives is called refused"),
                Some(ErrorKind::Unauthenticated) => Some("a key that lives is not seen"),
                Some(ErrorKind::OutOfScope) if self.scope.is_none() => {
                    Some("a key without a scope is called scoped")
                }
                Some(ErrorKind::OutOfScope | ErrorKind::Undetermined) if self.reaches(need, of) => {
                    Some("a key that reaches it is called something else")
                }
                Some(ErrorKind::OutOfScope | ErrorKind::Undetermined) => None,
                _ if !self.reaches(need, of) => Some("a key that does not reach it, and nobody says so"),
                _ => None,
            };
        }
        match kind {
            Some(ErrorKind::OutOfScope) if proven => Some("a dead key is proven out of scope"),
            Some(ErrorKind::Forbidden | ErrorKind::NotFound) => Some("a dead key is told of rights"),
            Some(ErrorKind::Unauthenticated) => Some("a key was sent, and it says that none was"),
            None if need != Need::Nothing => Some("a dead key gets it"),
            _ => None,
        }
    }
}

/// A sample, and what came of it with each credential.
struct Seen<'s> {
    row: &'s Row,
    sample: &'s Sample,
    need: Need,
    /// What came of it, where the client knows nothing but the token.
    came: Vec<(&'static Truth, Came)>,
    /// The same, where it was also told that c-prod1 is meant.
    told: Vec<(&'static Truth, Came)>,
}

impl Seen<'_> {
    /// What came of it with this label: where the client knows nothing, and where it was told a cluster.
    fn with(&self, label: &str) -> (&Came, &Came) {
        let of = |all: &'_ [(&'static Truth, Came)]| {
            all.iter().position(|(truth, _)| truth.label == label).unwrap()
        };
        (&self.came[of(&self.came)].1, &self.told[of(&self.told)].1)
    }

    /// A credential of the administrator that has no scope.
    fn whole(&self) -> &str {
        self.sample.only.as_deref().unwrap_or("admin-unscoped")
    }

    /// A key of the administrator that is scoped to what it is about, or to any cluster, and one scoped elsewhere.
    fn scoped(&self) -> (&'static str, &'static str) {
        match self.sample.of.as_deref() {
            Some("local") => ("admin-local", "admin-stage"),
            Some("c-stag1") => ("admin-stage", "admin-local"),
            _ => ("admin-prod", "admin-stage"),
        }
    }

    /// What it needs, as far as an administrator's credentials show it.
    fn observed(&self) -> Option<Need> {
        let (own, other) = self.scoped();
        let well = |label: &str| self.with(label).0.failed.is_none();
        match [self.whole(), own, other, "anonymous"].map(well) {
            [true, true, true, true] => Some(Need::Nothing),
            [true, true, false, false] => Some(Need::Cluster),
            [true, false, false, false] => Some(Need::Global),
            _ => None,
        }
    }

    /// Everything that is wrong with it.
    fn wrong(&self) -> Vec<String> {
        let of = self.sample.of.as_deref();
        let name = format!("{}, {}", self.row.name, self.sample.about);
        let mut wrong: Vec<String> = self
            .came
            .iter()
            .chain(&self.told)
            .filter_map(|(truth, came)| {
                let lie = truth.lie(self.need, of, came)?;
                Some(format!(
                    "{name}: {}: {lie}: {:?} {:?}: {}",
                    truth.label, came.failed, came.confidence, came.text
                ))
            })
            .collect();
        if self.observed() != Some(self.need) {
            let (own, other) = self.scoped();
            let came = [self.whole(), own, other, "anonymous"].map(|label| self.with(label).0);
            wrong.push(format!(
                "{name}: the table says {:?} ({:?}), it needs {:?}: without a scope, scoped to it, scoped elsewhere, no credential: {came:?}",
                self.row.scope, self.need, self.observed(),
            ));
        }
        wrong
    }
}

async fn look(samples: &Samples) -> Vec<Seen<'_>> {
    let (server, mut all) = (Server::new(), Vec::new());
    for row in &samples.rows {
        for sample in samples.of(row) {
            let need = samples.need(row, sample).unwrap();
            let prepared = Place::new(&server, sample).await;
            let mut place = prepared.copy();
            let (mut came, mut told) = (Vec::new(), Vec::new());
            for (cluster, came) in [(None, &mut came), (PROD, &mut told)] {
                for truth in &CREDENTIALS {
                    if place.used {
                        place = prepared.copy();
                    }
                    came.push((truth, place.observe(row, sample, truth.label, cluster).await));
                }
            }
            all.push(Seen { row, sample, need, came, told });
        }
    }
    all
}

#[tokio::test(start_paused = true)]
async fn scopes_doc_is_what_happens() {
    let samples = Samples::read();
    let gaps = samples.gaps();
    assert!(gaps.is_empty(), "{}", gaps.join("\n"));
    let began = std::time::Instant::now();
    let all = look(&samples).await;
    let mut wrong: Vec<String> = all.iter().flat_map(Seen::wrong).collect();
    wrong.extend(page::odd(&all));
    let refused = |seen: &Seen<'_>| {
        let lies = seen
            .came
            .iter()
            .chain(&seen.told)
            .filter(|(truth, came)| truth.alive && came.failed == Some(ErrorKind::TokenRefused));
        lies.count()
    };
    println!(
        "scopes: {} operations x {} credentials, {} living keys called refused",
        samples.rows.len(),
        CREDENTIALS.len(),
        all.iter().map(refused).sum::<usize>()
    );
    let cells = all.len() * CREDENTIALS.len() * 2;
    println!("scopes: {} samples, {cells} calls in {:.0?}", all.len(), began.elapsed());
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    assert!(
        wrong.is_empty(),
        "{} verdicts or declared scopes are not as they must be; see above",
        wrong.len()
    );
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/scopes.md");
    let written = page::document(&all);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/scopes.md is old: UPDATE_DOCS=1 cargo test -p rancher-tests scopes_doc"
    );
}

#[test]
fn scopes_doc_knows_every_credential_of_the_record() {
    let rows = rancher_tests::truth::matrix();
    let mut labels: Vec<&str> = rows.iter().map(|row| row.auth.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    let mut known = CREDENTIALS.map(|truth| truth.label);
    known.sort_unstable();
    assert_eq!(known.as_slice(), labels);
    // and what is true of each: whether it is accepted without a scope, or by its cluster alone
    let accepted = |label: &str, path: &str| {
        rows.iter().find(|row| row.auth == label && row.path == path).and_then(|row| row.accepted).unwrap()
    };
    for truth in &CREDENTIALS {
        let global = accepted(truth.label, "/rancherversion");
        assert_eq!(global, truth.alive && truth.scope.is_none(), "{}", truth.label);
        for cluster in ["c-prod1", "local"] {
            let there = accepted(truth.label, &format!("/v3/clusters/{cluster}"));
            assert_eq!(there, global || (truth.alive && truth.scope == Some(cluster)), "{}", truth.label);
        }
    }
}
