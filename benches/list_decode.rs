//! What it costs to read a page of 1,000 objects: with serde alone, into objects that lose nothing, as plain JSON, and
//! when only the places of the items are wanted.

mod pages;

use criterion::{BenchmarkId, Criterion, Throughput};
use pages::{Collection, contest, items, page, way};
use rancher_client::types::ResourceType;
use rancher_client::types::management::{Cluster, Project};
use rancher_client::wire::{Document, Kept, Object, Page};
use serde::de::DeserializeOwned;
use std::hint::black_box;
use std::time::Duration;

/// Reads a page and says how many objects it found.
type Read = fn(&bytes::Bytes) -> usize;

const SERVER: &str = "https://rancher.example.com";

/// The structs alone: unknown fields are kept by them too, but not the text.
fn raw<T: DeserializeOwned>(body: &bytes::Bytes) -> usize {
    serde_json::from_slice::<Collection<T>>(body).map_or(0, |read| black_box(read.data).len())
}

fn kept<T: Document>(body: &bytes::Bytes) -> usize {
    let Ok(page) = Page::read(body.clone(), "data") else { return 0 };
    let items: Vec<Kept<T>> = page.items().filter_map(|item| Kept::read(item).ok()).collect();
    black_box(items).len()
}

fn objects(body: &bytes::Bytes) -> usize {
    let Ok(page) = Page::read(body.clone(), "data") else { return 0 };
    let items: Vec<Object> = page.items().filter_map(|item| Object::decode(&item).ok()).collect();
    black_box(items).len()
}

fn spans(body: &bytes::Bytes) -> usize {
    Page::read(body.clone(), "data").map_or(0, |page| black_box(page).len())
}

fn decode<T: ResourceType>(c: &mut Criterion, kind: &str) {
    let body = page(SERVER, kind, &items(kind, 0), None);
    let ways: [(&'static str, Read); 4] =
        [("raw", raw::<T>), ("kept", kept::<T>), ("objects", objects), ("spans", spans)];
    for (name, read) in ways {
        assert_eq!(read(&body), pages::ON_A_PAGE, "{name} reads every {kind}");
    }
    let mut group = c.benchmark_group(format!("list_decode/{kind}"));
    group.sample_size(20).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    group.throughput(Throughput::Bytes(body.len() as u64));
    for (name, read) in ways {
        group.bench_function(BenchmarkId::from_parameter(name), |b| b.iter(|| read(black_box(&body))));
    }
    group.finish();
    let body = &body;
    let mut ways: Vec<_> =
        ways.into_iter().map(|(name, read)| way(name, move || read(black_box(body)))).collect();
    let what = format!("decode {} {kind}s of {} kB", pages::ON_A_PAGE, body.len() / 1000);
    contest(&what, 51, &mut ways);
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    decode::<Project>(&mut criterion, "project");
    decode::<Cluster>(&mut criterion, "cluster");
    criterion.final_summary();
}
