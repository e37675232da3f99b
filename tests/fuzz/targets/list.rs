//! Lists: whatever a server answers, a list ends after few requests, gives no object twice, and every error is one that
//! a list can have.

use bytes::Bytes;
use futures_util::StreamExt as _;
use rancher_client::paging::List;
use rancher_client::proxy::{ListOptions, OnExpired, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::types::Field;
use rancher_client::v3::Query;
use rancher_client::wire::{Kept, Object};
use rancher_client::{Client, ErrorKind};
use std::collections::HashSet;

use crate::server::{Server, wait_for};

/// Parts the answers of an input.
const AND: u8 = 0x1e;

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "\u{1e}", "\u{1e}", "\u{1e}{\"data\":[", "\u{1e}{\"items\":[", "{\"id\":\"a\"}", "{\"id\":\"b\"}", "{\"id\":\"c\"}", ",", ",",
    "],\"pagination\":{\"next\":\"/v3/projects?marker=a\"}}", "],\"pagination\":{\"next\":\"/v3/projects?marker=b\"}}",
    "],\"pagination\":{\"next\":\"/v3/projects?marker=c\"}}", "],\"pagination\":{\"next\":\"/v3/projects?marker=gone\"}}",
    "],\"pagination\":{\"next\":\"https://evil.example/v3/projects?marker=b\"}}", "],\"pagination\":{\"next\":\"?\"}}",
    "{\"metadata\":{\"uid\":\"1\"}}", "{\"metadata\":{\"uid\":\"2\"}}", "{\"metadata\":{\"name\":\"x\"}}",
    "],\"metadata\":{\"continue\":\"one\"}}", "],\"metadata\":{\"continue\":\"two\"}}", "],\"metadata\":{}}",
    "\u{1e}!{\"kind\":\"Status\",\"reason\":\"Expired\",\"metadata\":{\"continue\":\"one\"}}", "\u{1e}!{\"kind\":\"Status\"}",
    "],\"count\":3,\"revision\":\"1\"}", "],\"count\":3,\"revision\":\"2\",\"pages\":2}", "],\"continue\":\"one\"}",
    "],\"filters\":{\"name\":[{\"modifier\":\"eq\",\"value\":\"x\"}]}}", "]}", "{\"data\":null}", "{\"items\":null}", "null", "5",
    "[", "]", "{", "}", "\"", ":",
];

/// Begins a list.
type Lister<'a> = &'a dyn Fn(&Client) -> List<Kept<Object>>;

/// No input makes a list ask more often: its markers are among those that it was given.
const MOST_REQUESTS: usize = 400;

#[test]
fn list() {
    crate::search!("list");
}

pub(super) fn run(input: &[u8]) {
    let Some((&how, rest)) = input.split_first() else { return };
    // an answer that begins with an exclamation mark is a 410
    let answers = rest.split(|byte| *byte == AND).map(|part| match part.split_first() {
        Some((b'!', body)) => (410, Bytes::copy_from_slice(body)),
        _ => (200, Bytes::copy_from_slice(part)),
    });
    let answers: Vec<_> = answers.collect();
    let limit = (how & 0x40 != 0).then_some(2);
    let lists: [(&str, Lister<'_>); 3] = [
        ("/v3/projects", &|client| {
            let mut query = Query::all();
            if how & 0x20 != 0 {
                query = query.with(Field::new("name").eq("x"));
            }
            let query = limit.map_or(query.clone(), |limit| query.limit(limit));
            client.v3().collection("projects").unwrap().list(query)
        }),
        ("/k8s/clusters/c-prod1/api/v1/pods", &|client| {
            let expired = [OnExpired::Anew, OnExpired::Fail, OnExpired::Inconsistent][usize::from(how) % 3];
            let options = ListOptions { limit, expired, ..Default::default() };
            client.cluster("c-prod1").unwrap().list(Resource::core("pods"), options)
        }),
        ("/v1/configmaps", &|client| {
            let query = SteveQuery { pagesize: limit, ..Default::default() };
            client.steve().resource("configmaps").unwrap().list(query)
        }),
    ];
    for (path, list) in lists {
        items(&Server::new(answers.clone()), path, list);
        let server = Server::new(answers.clone());
        wait_for(async {
            let client = server.client();
            let mut pages = list(&client).pages();
            while let Some(page) = pages.next().await {
                if let Err(error) = page {
                    known(&error);
                }
            }
            let _ = list(&client).first().await.map_err(|error| known(&error));
            let _ = list(&client).total().await.map_err(|error| known(&error));
        });
        bounded(&server, path, 3 * MOST_REQUESTS);
    }
}

fn items(server: &Server, path: &str, list: Lister<'_>) {
    let mut seen = HashSet::new();
    let mut twice = Vec::new();
    wait_for(async {
        let mut list = list(&server.client());
        while let Some(item) = list.next().await {
            match item {
                Ok(object) => {
                    let identity = identity(path, &object);
                    if identity.as_ref().is_some_and(|identity| !seen.insert(identity.clone())) {
                        twice.extend(identity);
                    }
                }
                Err(error) => known(&error),
            }
        }
        assert!(list.next().await.is_none(), "a list that is over stays over");
    });
    bounded(server, path, MOST_REQUESTS);
    // a list that came in one piece is given out as it came
    assert!(twice.is_empty() || server.asked().len() == 1, "{twice:?} came twice: {:?}", server.asked());
}

/// What tells an object from others: where the text says it once and plainly.
fn identity(path: &str, object: &Kept<Object>) -> Option<String> {
    let text = String::from_utf8_lossy(object.raw());
    if ["\"id\"", "\"uid\"", "\"metadata\"", "\"name\"", "\"namespace\"", "\\"]
        .iter()
        .any(|name| text.matches(name).count() > 1)
    {
        return None;
    }
    let plain =
        |pointer: &str| object.pointer(pointer)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    match path {
        "/v3/projects" => object.id().map(str::to_owned),
        _ => plain("/metadata/uid"),
    }
}

fn known(error: &rancher_client::Error) {
    let kinds = [
        ErrorKind::Decode,
        ErrorKind::NotRancher,
        ErrorKind::Conflict,
        ErrorKind::NotFound,
        ErrorKind::Unsupported,
    ];
    assert!(kinds.contains(&error.kind()), "no list has such an error: {error:?}");
    assert!(!error.to_string().contains(char::is_control), "{error}");
}

fn bounded(server: &Server, path: &str, most: usize) {
    let asked = server.asked();
    assert!(asked.len() <= most, "{} requests: {:?}", asked.len(), &asked[..40]);
    for request in asked {
        let own = request.strip_prefix("GET ").and_then(|target| target.split('?').next());
        assert_eq!(own, Some(path), "a list asks for nothing but itself");
    }
}
