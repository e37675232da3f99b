//! Pages as a large installation answers them, and contests between ways to read them.

// each bench uses its part
#![allow(dead_code, reason = "every bench has a copy of its own")]

use bytes::Bytes;
use rancher_tests::objects::objects;
use serde::Deserialize;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// As many objects as the server puts on a page by itself.
pub(crate) const ON_A_PAGE: usize = 1_000;

/// A v3 list as somebody writes it who reads it with serde alone.
#[derive(Deserialize)]
pub(crate) struct Collection<T> {
    /// The objects.
    pub(crate) data: Vec<T>,
    /// Where the next page is.
    #[serde(default)]
    pub(crate) pagination: Option<Pagination>,
}

/// The part of the envelope that says how to go on.
#[derive(Deserialize)]
pub(crate) struct Pagination {
    /// The URL of the next page.
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// The id of the n-th object.
pub(crate) fn id_of(kind: &str, n: usize) -> String {
    if kind == "project" { format!("c-prod1:p-{n:05}") } else { format!("c-m-{n:08}") }
}

/// The objects of this type that were recorded, over and over, each with an id of its own: the items `from` and up.
pub(crate) fn items(kind: &str, from: usize) -> Vec<String> {
    let recorded = objects();
    let recorded: Vec<_> =
        recorded.iter().filter(|object| object.api == "v3" && object.kind == kind).collect();
    let several = recorded.iter().cycle().zip(from..from + ON_A_PAGE);
    several
        .map(|(object, n)| {
            // as the whole id, in links, and as the name alone
            let (own, new) = (object.id.as_str(), id_of(kind, n));
            let text = object.text.replace(own, &new);
            let (Some((_, own)), Some((_, new))) = (own.split_once(':'), new.split_once(':')) else {
                return text;
            };
            text.replace(own, new)
        })
        .collect()
}

/// A page of a v3 list, around these items as the server writes it.
pub(crate) fn page(server: &str, kind: &str, items: &[String], next: Option<String>) -> Bytes {
    let next = next.map_or_else(String::new, |marker| {
        format!(r#","next":"{server}/v3/{kind}s?limit=1000&marker={}""#, marker.replace(':', "%3A"))
    });
    let text = format!(
        r#"{{"type":"collection","links":{{"self":"{server}/v3/{kind}s"}},"createTypes":{{"{kind}":"{server}/v3/{kind}s"}},"actions":{{}},"pagination":{{"limit":1000,"total":{}{next}}},"sort":{{"order":"asc","reverse":"{server}/v3/{kind}s?order=desc","links":{{"id":"{server}/v3/{kind}s?sort=id"}}}},"filters":{{"clusterId":null,"name":null,"id":null}},"resourceType":"{kind}","data":[{}]}}"#,
        items.len(),
        items.join(","),
    );
    Bytes::from(text)
}

/// One way in a contest: its name, and how long one round of it took.
pub(crate) type Way<'a> = (&'static str, Box<dyn FnMut() -> Duration + 'a>);

/// A way that is measured from beginning to end.
pub(crate) fn way<'a, T>(name: &'static str, mut run: impl FnMut() -> T + 'a) -> Way<'a> {
    let timed = move || {
        let start = Instant::now();
        // dropping what was read is part of what it costs
        std::hint::black_box(run());
        start.elapsed()
    };
    (name, Box::new(timed))
}

/// Whether this is `cargo bench`. `cargo test` runs everything once, to see that it still does.
pub(crate) fn measures() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Lets the ways run in turns and prints the median of each, with its ratio to the first. In turns, since what else
/// the machine does then slows all of them.
pub(crate) fn contest(what: &str, rounds: usize, ways: &mut [Way<'_>]) {
    let rounds = if measures() { rounds } else { 1 };
    let mut times: Vec<Vec<Duration>> = ways.iter().map(|_| Vec::with_capacity(rounds)).collect();
    for _ in 0..rounds {
        for ((_, run), times) in ways.iter_mut().zip(&mut times) {
            times.push(run());
        }
    }
    let medians = times.iter_mut().map(|times| {
        times.sort_unstable();
        times.get(times.len() / 2).copied().unwrap_or_default().as_secs_f64() * 1e3
    });
    let medians: Vec<f64> = medians.collect();
    let first = medians.first().copied().unwrap_or_default();
    let shown: Vec<String> = ways
        .iter()
        .zip(&medians)
        .enumerate()
        .map(|(at, ((name, _), median))| match at {
            0 => format!("{name} {median:.1} ms"),
            _ => format!("{name} {median:.1} ms ({:.2}x)", median / first),
        })
        .collect();
    // unoptimised, once and among other work, figures would say nothing
    let line = match measures() {
        true => shown.join(", "),
        false => "ran once, unoptimised; `cargo bench` measures".to_owned(),
    };
    // the lint is against output of libraries
    let _ = writeln!(std::io::stdout(), "bench: {what}: {line}");
}
