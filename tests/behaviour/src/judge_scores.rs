//! The judge against every recorded refusal. What an answer means is taken from the credential's label and the path,
//! never from the judge.

use http::{Method, StatusCode};
use rancher_client::error::{Accepted, Answer, Error, ErrorKind, judge};
use rancher_client::scope::{Fact, Ledger, Route, RouteScope, TokenKind};
use rancher_client::wire::Moment;
use rancher_tests::truth::{self, Body, Recorded};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What is so of a credential, by its label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Nothing,
    Dead,
    Unscoped,
    Scoped(&'static str),
}

fn key_of(label: &str) -> Key {
    match label {
        "anonymous" => Key::Nothing,
        "garbage" | "unknown-name" | "wrong-secret" | "deleted" | "off" | "expired" | "expired-prod"
        | "disabled-unscoped" => Key::Dead,
        // a token of ext.cattle.io is not confined, whatever its clusterName says (fact 7)
        _ if label.starts_with("ext-") || label.ends_with("-unscoped") || label.ends_with("-session") => {
            Key::Unscoped
        }
        _ if label.ends_with("-local") => Key::Scoped("local"),
        _ if label.ends_with("-prod") => Key::Scoped("c-prod1"),
        _ if label.ends_with("-stage") => Key::Scoped("c-stag1"),
        other => panic!("the credential {other} has no known meaning"),
    }
}

fn kind_of(label: &str) -> TokenKind {
    match key_of(label) {
        Key::Nothing => TokenKind::None,
        _ if label.starts_with("ext-") => TokenKind::Ext,
        _ => TokenKind::V3,
    }
}

/// Written here on purpose, apart from the client's own rule: which cluster a path belongs to.
fn cluster_of(path: &str) -> Option<&str> {
    let path = path.split('?').next().unwrap_or_default();
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["", "v3" | "k8s", "clusters" | "cluster" | "proxy", id, ..] => Some(id),
        _ => None,
    }
}

/// The meanings that are right for an answer of status 400 and up.
fn expected(row: &Recorded) -> ErrorKind {
    match (key_of(&row.auth), row.status) {
        (Key::Nothing, 401 | 403) => ErrorKind::Unauthenticated,
        (Key::Dead, 401 | 403) => ErrorKind::TokenRefused,
        (Key::Scoped(own), 401 | 403) if cluster_of(&row.path) != Some(own) => ErrorKind::OutOfScope,
        (_, 401 | 403) => ErrorKind::Forbidden,
        (_, 400) => ErrorKind::Invalid,
        (_, 404) => ErrorKind::NotFound,
        // every 500 and 503 of these two recordings is a cluster without an agent
        (_, 500 | 503) => ErrorKind::ClusterUnavailable,
        (_, status) => panic!("{status} on {} is not in the table of meanings", row.path),
    }
}

/// Whether the credential is good for that path, which is what `accepted` should say.
fn good_there(row: &Recorded) -> bool {
    match key_of(&row.auth) {
        Key::Nothing | Key::Dead => false,
        Key::Unscoped => true,
        Key::Scoped(own) => cluster_of(&row.path) == Some(own),
    }
}

fn bytes_of(body: &Body) -> Vec<u8> {
    match body {
        Body::Json(value) => value.to_string().into_bytes(),
        Body::Text(text) => text.clone().into_bytes(),
        Body::Omitted(_) | Body::Empty => Vec::new(),
    }
}

fn judged(row: &Recorded, ledger: Option<&Ledger>, with_header: bool) -> Error {
    let route = Route::parse(&row.path).unwrap();
    let method: Method = row.method.parse().unwrap();
    let said = row.accepted.map(|accepted| if accepted { "true" } else { "false" });
    let body = bytes_of(&row.body);
    let answer = Answer {
        method: &method,
        route: &route,
        status: StatusCode::from_u16(row.status).unwrap(),
        accepted: Accepted::read(said.filter(|_| with_header)),
        content_type: row.headers.get("content-type").map(String::as_str),
        retry_after: None,
        location: None,
        body: &body,
        complete: true,
    };
    judge(&answer, kind_of(&row.auth), ledger)
}

#[derive(Default)]
struct Score {
    right: usize,
    undetermined: usize,
    wrong: Vec<String>,
}

impl Score {
    fn count(&mut self, row: &Recorded, error: &Error) {
        let expected = expected(row);
        if error.kind() == expected {
            self.right += 1;
        } else if error.kind() == ErrorKind::Undetermined {
            // naming both causes is right only if what is so is among them
            let told: Vec<&str> = error.causes().iter().map(|cause| cause.as_str()).collect();
            let word = if expected == ErrorKind::Forbidden { "missing_right" } else { expected.as_str() };
            match told.contains(&word) {
                true => self.undetermined += 1,
                false => self
                    .wrong
                    .push(format!("{} {} {}: {told:?} leaves out {word}", row.auth, row.method, row.path)),
            }
        } else {
            self.wrong.push(format!(
                "{} {} {}: {} and it is {expected}",
                row.auth,
                row.method,
                row.path,
                error.kind()
            ));
        }
    }
}

fn refusals() -> Vec<Recorded> {
    let rows = truth::matrix().into_iter().chain(truth::agent_gone());
    rows.filter(|row| row.status >= 400).collect()
}

/// What a client would have noted, had it made the recorded requests in their order.
fn ledgers() -> BTreeMap<String, Ledger> {
    let mut ledgers: BTreeMap<String, Ledger> = BTreeMap::new();
    let at = |ms: u64| Moment::from_start(Duration::from_millis(ms));
    for (index, row) in (0u64..).zip(truth::matrix().into_iter().chain(truth::agent_gone())) {
        let ledger = ledgers.entry(row.auth.clone()).or_insert_with(|| Ledger::new(kind_of(&row.auth)));
        let route = RouteScope::of_path(row.path.split('?').next().unwrap());
        let Some(accepted) = row.accepted else { continue };
        ledger.observe(&Fact {
            route,
            accepted,
            sent: at(2 * index),
            received: at(2 * index + 1),
            generation: 0,
        });
    }
    ledgers
}

#[test]
fn truth_judge_scores() {
    let rows = refusals();
    let ledgers = ledgers();
    let (mut single, mut with_ledger, mut no_header) = (Score::default(), Score::default(), Score::default());
    let mut accepted_right = 0;
    let mut without_evidence = BTreeSet::new();
    for row in &rows {
        let error = judged(row, None, true);
        accepted_right += usize::from(error.http().unwrap().accepted == Some(good_there(row)));
        single.count(row, &error);
        let settled = judged(row, ledgers.get(&row.auth), true);
        with_ledger.count(row, &settled);
        if settled.kind() == ErrorKind::Undetermined {
            without_evidence.insert(row.auth.clone());
        }
        no_header.count(row, &judged(row, None, false));
    }
    let total = rows.len();
    println!(
        "judge single: accepted right in {accepted_right} of {total}, {} undetermined, {} wrong",
        single.undetermined,
        single.wrong.len()
    );
    println!(
        "judge ledger: {} right, {} undetermined, {} wrong",
        with_ledger.right,
        with_ledger.undetermined,
        with_ledger.wrong.len()
    );
    println!(
        "  undetermined, since it was accepted nowhere in the record: {}",
        without_evidence.iter().cloned().collect::<Vec<_>>().join(", ")
    );
    println!(
        "judge no-header: {} right, {} undetermined, {} wrong",
        no_header.right,
        no_header.undetermined,
        no_header.wrong.len()
    );
    // what the judge tells today it must go on telling: to leave everything undetermined is never wrong, and no use
    for (what, score, least) in
        [("single", &single, 204), ("ledger", &with_ledger, 422), ("no-header", &no_header, 150)]
    {
        assert!(score.right >= least, "{what}: {} right, and it was {least}", score.right);
    }
    for score in [&single, &with_ledger, &no_header] {
        assert!(score.wrong.is_empty(), "{:#?}", score.wrong);
        assert_eq!(score.right + score.undetermined, total);
    }
    assert_eq!(accepted_right, total, "the header is in every row of the record");
    for label in &without_evidence {
        let accepted = truth::matrix()
            .iter()
            .chain(&truth::agent_gone())
            .any(|row| row.auth == *label && row.accepted == Some(true));
        assert!(!accepted, "{label} was accepted somewhere, so there is evidence");
        assert_eq!(key_of(label), Key::Dead);
    }
}

/// The reason why a single answer must not claim to know: the very same bytes for a dead key and a living one.
#[test]
fn truth_refused_and_out_of_scope_answers_are_the_same_bytes() {
    let matrix = truth::matrix();
    let mut rows = 0;
    for row in matrix
        .iter()
        .filter(|row| matches!(key_of(&row.auth), Key::Dead | Key::Scoped(_)) && row.accepted == Some(false))
    {
        let twin = |other: &&Recorded| {
            other.path == row.path && other.method == row.method && other.accepted == Some(false)
        };
        let expected_kind = |row: &Recorded| key_of(&row.auth) == Key::Dead;
        let same = matrix.iter().filter(twin).any(|other| {
            expected_kind(other) != expected_kind(row)
                && key_of(&other.auth) != Key::Nothing
                && (other.status, &other.body) == (row.status, &row.body)
        });
        rows += usize::from(same && row.status >= 400);
    }
    println!("  rows whose bytes a dead key and a living one of another cluster share: {rows}");
    assert_eq!(rows, 634);
}
