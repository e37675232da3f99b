//! What the scope rules cost: they run before and after every request.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rancher_client::scope::{Fact, Ledger, Route, RouteScope, TokenKind, road};
use rancher_client::wire::{ClusterId, Moment};
use rancher_tests::truth::matrix;
use std::collections::BTreeSet;
use std::hint::black_box;
use std::time::Duration;

/// Every path that was recorded, once.
fn paths() -> Vec<String> {
    matrix().into_iter().map(|row| row.path).collect::<BTreeSet<_>>().into_iter().collect()
}

fn routes(c: &mut Criterion) {
    let paths = paths();
    let mut group = c.benchmark_group("scope");
    group.throughput(Throughput::Elements(paths.len() as u64));
    group.bench_function("of_path, every recorded path", |b| {
        b.iter(|| {
            paths
                .iter()
                .map(|path| RouteScope::of_path(black_box(path)))
                .filter(|s| s.cluster().is_some())
                .count()
        });
    });
    group.bench_function("parse, every recorded path", |b| {
        b.iter(|| paths.iter().filter_map(|path| Route::parse(black_box(path)).ok()).count());
    });
    if let Ok(own) = ClusterId::new("c-prod1") {
        let parsed: Vec<Route> = paths.iter().filter_map(|path| Route::parse(path).ok()).collect();
        group.bench_function("road, every recorded path", |b| {
            b.iter(|| parsed.iter().filter_map(|route| road(black_box(route), &own)).count());
        });
    }
    group.throughput(Throughput::Elements(1));
    group.bench_function("from_segments", |b| {
        let segments = ["k8s", "clusters", "c-prod1", "api", "v1", "namespaces", "shop-web", "pods"];
        b.iter(|| Route::from_segments(black_box(segments)));
    });
    group.finish();
}

fn fact(route: &RouteScope, accepted: bool, ms: u64) -> Fact {
    let at = |ms| Moment::from_start(Duration::from_millis(ms));
    Fact { route: route.clone(), accepted, sent: at(ms), received: at(ms + 1), generation: 0 }
}

/// A client that has run for a while: a thousand answers of five clusters, and a refusal among them.
fn evidence(c: &mut Criterion) {
    let clusters: Vec<RouteScope> =
        (0..5).filter_map(|n| ClusterId::new(format!("c-prod{n}")).ok()).map(RouteScope::Cluster).collect();
    let facts: Vec<Fact> = clusters
        .iter()
        .cycle()
        .take(1000)
        .zip((0u64..).step_by(2))
        .map(|(route, ms)| fact(route, true, ms))
        .collect();
    let mut long = Ledger::new(TokenKind::V3);
    facts.iter().for_each(|fact| long.observe(fact));
    long.observe(&fact(&RouteScope::Global, false, 5000));

    let mut group = c.benchmark_group("ledger");
    group.throughput(Throughput::Elements(facts.len() as u64));
    group.bench_function("observe, a thousand answers", |b| {
        b.iter(|| {
            let mut ledger = Ledger::new(TokenKind::V3);
            facts.iter().for_each(|fact| ledger.observe(black_box(fact)));
            ledger
        });
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("explain", |b| b.iter(|| long.explain(black_box(&RouteScope::Global))));
    group.bench_function("clone", |b| b.iter(|| black_box(&long).clone()));
    group.finish();
}

criterion_group!(benches, routes, evidence);
criterion_main!(benches);
