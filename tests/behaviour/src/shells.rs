//! The shells of other languages decide nothing: no path, status, header or retry stands in them, and nothing of the
//! core but the bridge. Read from the sources, as `architecture` does it for the core.

use std::fs;
use std::path::{Path, PathBuf};

/// A text in quotes that begins a path of a server.
const PATHS: [&str; 8] = ["/v3", "/v1", "/k8s", "/apis/", "/api/", "v3/", "k8s/", "/rancherversion"];

/// What only the core reads or does. Each word stands with why it does not belong in a shell.
const WORDS: [(&str, &str); 11] = [
    ("401", "only the judge reads a status"),
    ("403", "only the judge reads a status"),
    ("404", "only the judge reads a status"),
    ("409", "only the judge reads a status"),
    ("429", "only the judge reads a status"),
    ("503", "only the judge reads a status"),
    ("Authorization", "credentials travel in the core alone"),
    ("Bearer", "credentials travel in the core alone"),
    ("urllib", "requests are the core's"),
    ("fetch(", "requests are the core's"),
    ("node:http", "requests are the core's"),
];

/// The sources below a folder with this ending, and what of them is code.
fn code(folder: &str, ending: &str, keep: fn(&str) -> String) -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|own| own == ending) => files.push(path),
                false => {}
            }
        }
    }
    files.sort();
    files.into_iter().map(|path| (path.clone(), keep(&fs::read_to_string(path).unwrap()))).collect()
}

/// Python without comments and docstrings.
fn python(text: &str) -> String {
    let mut out = String::new();
    for (at, part) in text.split("\"\"\"").enumerate() {
        // what stands between two threefold quotes is documentation
        if at % 2 == 0 {
            out.extend(part.lines().map(|line| line.split(" #").next().unwrap().to_owned() + "\n"));
        }
    }
    out.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .map(|line| line.to_owned() + "\n")
        .collect()
}

/// TypeScript and Rust without comments.
fn slashes(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, behind)| behind);
    }
    out.push_str(rest);
    let code = |line: &str| match line.trim_start().starts_with("//") {
        true => String::new(),
        false => line.split(" // ").next().unwrap().to_owned() + "\n",
    };
    out.lines().map(code).collect()
}

/// What is wrong with a text, in words.
fn violations(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in PATHS {
        for quote in ["\"", "'", "`"] {
            if text.contains(&format!("{quote}{path}")) {
                found.push(format!("{quote}{path}…: paths are the core's"));
            }
        }
    }
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    for (word, because) in WORDS {
        let alone = text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(part_of_word) && (word.ends_with('(') || !after.is_some_and(part_of_word))
        });
        if alone {
            found.push(format!("{word}: {because}"));
        }
    }
    found
}

#[test]
fn what_is_searched_for_is_found() {
    assert_eq!(violations("path = \"/v3/projects\"").len(), 1);
    assert_eq!(violations("if status == 401:").len(), 1);
    assert!(violations("limit = 4010; x = 0.401; name = 'v3.list'; prefetch(1)").is_empty());
    assert!(violations(&python("\"\"\"Of `/v3/projects`: 403.\"\"\"\nx = 1 # 404\n# \"/v1\"\n")).is_empty());
    assert!(violations(&slashes("/** Of '/v3/projects': 403. */ let x = 1 // 404\n// '/v1'\n")).is_empty());
}

#[test]
fn shells_and_facades_decide_nothing() {
    let sources = [
        code("rancher-py/python", "py", python),
        code("rancher-node/ts", "ts", slashes),
        code("rancher-py/src", "rs", slashes),
        code("rancher-node/src", "rs", slashes),
    ];
    for of_one_kind in &sources {
        assert!(of_one_kind.len() >= 3, "the sources were not found");
    }
    let wrong: Vec<String> = sources
        .iter()
        .flatten()
        .flat_map(|(path, text)| {
            violations(text).into_iter().map(move |what| format!("{}: {what}", path.display()))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A shell that reached behind the bridge would have a second border.
#[test]
fn shells_depend_on_the_bridge_alone() {
    for shell in ["rancher-py", "rancher-node"] {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(shell).join("Cargo.toml");
        let text = fs::read_to_string(manifest).unwrap();
        assert!(text.contains("rancher-bridge"), "{shell}");
        for other in ["rancher-client", "rancher-types", "reqwest"] {
            assert!(!text.lines().any(|line| line.starts_with(other)), "{shell} depends on {other}");
        }
    }
}
