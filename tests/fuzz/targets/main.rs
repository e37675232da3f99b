//! Fuzz targets as plain tests. `cargo test -p rancher-fuzz` replays the corpora in `targets/__fuzz__/` and adds a
//! bounded number of random inputs; `cargo bolero test -p rancher-fuzz TARGET` searches for as long as it is let.
#![cfg(test)]

mod edit;
mod error_body;
mod ledger;
mod list;
mod query;
mod redact;
mod route;
mod server;
mod token;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What stands for a secret in every input. Capitals, so that no name of Rancher's can hold it by right.
const MARK: &str = "S3CR3TM4RK3RS3CR3T";

/// The byte that an input writes where the secret shall stand.
const HERE: char = '\u{1f}';

/// What a target is given: its name (which is also the folder of its corpus), what it does with one input, and words
/// that its inputs are made of.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    words: &'static [&'static str],
}

const TARGETS: [Target; 8] = [
    Target { name: "route", run: route::run, words: route::WORDS },
    Target { name: "token", run: token::run, words: token::WORDS },
    Target { name: "error_body", run: error_body::run, words: error_body::WORDS },
    Target { name: "ledger", run: ledger::run, words: &[] },
    Target { name: "redact", run: redact::run, words: redact::WORDS },
    Target { name: "edit", run: edit::run, words: edit::WORDS },
    Target { name: "list", run: list::run, words: list::WORDS },
    Target { name: "query", run: query::run, words: query::WORDS },
];

/// Random inputs for one target. Bounded in number and in time, since this is a part of every test run; the macro
/// needs a literal place, so the targets share the bounds and not the call.
macro_rules! search {
    ($name:literal) => {
        bolero::check!(name = $name)
            .with_iterations($crate::INPUTS)
            .with_test_time($crate::TIME)
            .with_max_len(600)
            .for_each(|input: &[u8]| $crate::search_one($name, input))
    };
}
use search;

/// Runs a random input as it is, and once more spelled in the target's words: random bytes hardly ever make a path.
fn search_one(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    (target.run)(input);
    if !target.words.is_empty() {
        let spelled: Vec<&[u8]> = input.iter().take(40).map(|byte| word(target.words, byte)).collect();
        (target.run)(&spelled.concat());
    }
}

/// Most bytes are a word; the others stay what they are.
fn word<'b>(words: &[&'static str], byte: &'b u8) -> &'b [u8] {
    words
        .get(usize::from(*byte) * words.len() / 200)
        .map_or(std::slice::from_ref(byte), |word| word.as_bytes())
}

const INPUTS: usize = 20_000;
const TIME: Duration = Duration::from_secs(5);

fn corpus_of(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("targets/__fuzz__").join(target).join("corpus")
}

/// Bolero replays the corpora as well, in silence. Here they are counted, and an empty one is a failure.
#[test]
fn corpora_are_replayed() {
    let mut replayed = 0;
    for Target { name, run, .. } in TARGETS {
        let files = fs::read_dir(corpus_of(name)).unwrap();
        let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
        files.sort();
        assert!(!files.is_empty(), "the corpus of {name} is empty");
        for file in &files {
            run(&fs::read(file).unwrap());
        }
        replayed += files.len();
    }
    println!("fuzz: {} targets, {replayed} corpus inputs replayed", TARGETS.len());
}

/// The input as text, with the secret where it says so.
fn with_secret(input: &[u8], secret: &str) -> String {
    String::from_utf8_lossy(input).replace(HERE, secret)
}

fn assert_hidden(shown: &str) {
    assert!(!shown.contains(MARK), "the secret is shown: {shown}");
}
