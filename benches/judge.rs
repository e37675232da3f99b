//! What the judge costs, for an answer of every dialect of the record: from the answer alone, and with what was
//! observed before.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use http::{Method, StatusCode};
use rancher_client::error::{Accepted, Answer, ErrorBody, judge};
use rancher_client::scope::{Fact, Ledger, Route, RouteScope, TokenKind};
use rancher_client::wire::{ClusterId, Moment};
use rancher_tests::truth::{Body, Recorded, agent_gone, matrix};
use std::hint::black_box;
use std::time::Duration;

/// One recorded refusal of every dialect, and the bodies that a proxy in front of Rancher makes.
fn answers() -> Vec<(String, Recorded, Vec<u8>)> {
    let mut found: Vec<(String, Recorded, Vec<u8>)> = Vec::new();
    for row in matrix().into_iter().chain(agent_gone()).filter(|row| row.status >= 400) {
        let body = match &row.body {
            Body::Json(value) => value.to_string().into_bytes(),
            Body::Text(text) => text.clone().into_bytes(),
            Body::Omitted(_) | Body::Empty => Vec::new(),
        };
        let name = format!("{:?}", ErrorBody::read(&body, true).dialect);
        if found.iter().all(|(known, ..)| *known != name) {
            found.push((name, row, body));
        }
    }
    if let Some((_, row, _)) = found.first().cloned() {
        let page = b"<!DOCTYPE html><html><title>502 Bad Gateway</title></html>".to_vec();
        found.push(("Html".to_owned(), Recorded { status: 502, accepted: None, ..row.clone() }, page));
        found.push(("Unreadable".to_owned(), row, br#"{"type":"error","status":"401","mess"#.to_vec()));
    }
    found
}

/// A key of c-prod1 that was refused, accepted and refused: enough to explain every refusal.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(TokenKind::V3);
    let own = ClusterId::new("c-prod1").map_or(RouteScope::Global, RouteScope::Cluster);
    for (index, route) in (0u64..).zip([RouteScope::Global, own.clone(), RouteScope::Global]) {
        let at = |ms| Moment::from_start(Duration::from_millis(ms));
        ledger.observe(&Fact {
            accepted: route == own,
            route,
            sent: at(2 * index),
            received: at(2 * index + 1),
            generation: 0,
        });
    }
    ledger
}

fn judges(c: &mut Criterion) {
    let ledger = ledger();
    for (group, ledger) in [("judge single", None), ("judge with ledger", Some(&ledger))] {
        let mut group = c.benchmark_group(group);
        for (name, row, body) in answers() {
            let (Ok(route), Ok(method), Ok(status)) =
                (Route::parse(&row.path), row.method.parse::<Method>(), StatusCode::from_u16(row.status))
            else {
                continue;
            };
            let said = row.accepted.map(|accepted| if accepted { "true" } else { "false" });
            let answer = Answer {
                method: &method,
                route: &route,
                status,
                accepted: Accepted::read(said),
                content_type: row.headers.get("content-type").map(String::as_str),
                retry_after: None,
                location: None,
                body: &body,
                complete: true,
            };
            group.bench_function(BenchmarkId::from_parameter(&name), |b| {
                b.iter(|| judge(black_box(&answer), TokenKind::V3, ledger));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, judges);
criterion_main!(benches);
