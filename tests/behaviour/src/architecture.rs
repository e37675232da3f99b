//! The house keeps its order: a module of the core imports only from those before it, and what only one place may do,
//! only that place does. Read from the sources, so that no review has to notice it.

use std::fs;
use std::path::Path;

/// The modules of the core, in the order in which data flows. A module imports from itself and from those before it.
const ORDER: [&str; 21] = [
    "wire",
    "scope",
    "error",
    "credentials",
    "config",
    "transport",
    "paging",
    "wait",
    "watch",
    "v3",
    "kubernetes",
    "steve",
    "ext",
    "proxy",
    "apps",
    "login",
    "kubeconfig",
    "sink",
    "keycloak",
    "client",
    "workflow",
];

/// What may stand only in some places.
struct Reserved {
    /// Any of these, white space left out.
    words: &'static [&'static str],
    /// Beginnings of the paths where they may stand, below `src/`. None: nowhere.
    only_in: &'static [&'static str],
    because: &'static str,
}

const RESERVED: [Reserved; 7] = [
    Reserved {
        words: &["std::process", "println!(", "print!(", "spawn(", "spawn_blocking(", "block_on("],
        only_in: &[],
        because: "the core starts no task and no process and prints nothing (decision 11): dropping a future must \
                  cancel everything under it",
    },
    Reserved {
        words: &["reqwest"],
        only_in: &["transport/http", "transport/tls"],
        because: "the HTTP library stays behind the Transport trait (decision 7)",
    },
    Reserved {
        words: &["env::var", "env::home_dir"],
        only_in: &["config/"],
        because: "what comes from the environment is found, named and reported in one place",
    },
    Reserved {
        words: &["SystemTime", "Timestamp::now(", "Zoned::now(", "std::time::Instant", "UNIX_EPOCH"],
        only_in: &["wire/clock.rs"],
        because: "time is injected (decision 11): use a Clock, or tokio's time for waiting",
    },
    Reserved {
        words: &[
            "Error::new(ErrorKind::TokenRefused",
            "Error::new(ErrorKind::OutOfScope",
            "Error::new(ErrorKind::Undetermined",
        ],
        // connection.rs refuses before it sends: what the key is scoped to is known then
        only_in: &["error/judge.rs", "error/refused.rs", "transport/connection.rs", "workflow/"],
        because: "only the judge concludes why a credential was not accepted (decision 2)",
    },
    Reserved {
        words: &["401", "403", "StatusCode::UNAUTHORIZED", "StatusCode::FORBIDDEN"],
        // the doctor calls a server reachable that answers so, which says nothing of the credential
        only_in: &["error/judge.rs", "error/refused.rs", "error/acceptance.rs", "workflow/doctor/"],
        because: "a 401 can be a missing right and a 403 a refused token (fact 3); only the judge reads them",
    },
    Reserved {
        words: &["expose_secret("],
        only_in: &["credentials/", "transport/credentials.rs", "config/", "sink/"],
        because: "a secret is taken out of its wrapping only where it is read, compared, sent or stored",
    },
];

/// One source file of the core without its comments and its tests.
struct Source {
    /// Below `src/`: `scope/ledger.rs`.
    path: String,
    text: String,
}

impl Source {
    fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: without_tests(&without_comments(text)) }
    }

    fn module(&self) -> &str {
        let first = self.path.split('/').next().unwrap();
        first.strip_suffix(".rs").unwrap_or(first)
    }
}

/// Line comments and documentation; `//` behind a colon is a URL.
fn without_comments(text: &str) -> String {
    let code = |line: &str| {
        let end = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':')).map(|(at, _)| at);
        line[..end.unwrap_or(line.len())].to_owned()
    };
    text.lines().map(code).collect::<Vec<_>>().join("\n")
}

/// Cuts inline test modules out: from their mark to the brace at the margin that closes them.
fn without_tests(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("#[cfg(test)]\n") {
        out.push_str(before);
        let item = after.lines().next().unwrap_or_default();
        let module = item.contains("mod ") && item.trim_end().ends_with('{');
        rest = if module { after.split_once("\n}").map_or("", |(_, behind)| behind) } else { after };
    }
    out + rest
}

/// The core's sources, without the files that only tests include.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rancher-client/src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let read = |file: &Path| {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
        (path, fs::read_to_string(file).unwrap())
    };
    let files: Vec<(String, String)> = files.iter().map(|file| read(file)).collect();
    let tests: Vec<String> = files.iter().flat_map(|(path, text)| test_files(path, text)).collect();
    let of_code = |path: &str| path != "lib.rs" && !tests.iter().any(|test| path.starts_with(test.as_str()));
    files.iter().filter(|(path, _)| of_code(path)).map(|(path, text)| Source::new(path, text)).collect()
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
    files.sort();
}

/// The files behind `#[cfg(test)] mod mock;` and `#[cfg(test)] #[path = "ledger_tests.rs"] mod tests;`.
fn test_files(path: &str, text: &str) -> Vec<String> {
    let folder = match path.rsplit_once('/') {
        Some((folder, "mod.rs")) => format!("{folder}/"),
        Some((folder, _)) => format!("{folder}/"),
        None => String::new(),
    };
    let mut found = Vec::new();
    for (at, mark) in text.match_indices("#[cfg(test)]\n") {
        let mut lines = text[at + mark.len()..].lines();
        let mut line = lines.next().unwrap_or_default();
        let named = line.strip_prefix("#[path = \"").and_then(|rest| rest.split('"').next());
        if let Some(file) = named {
            found.push(format!("{folder}{file}"));
            line = lines.next().unwrap_or_default();
        }
        if let (None, Some(name)) = (named, line.split("mod ").nth(1).and_then(|rest| rest.strip_suffix(';')))
        {
            // `mod tests;` in discovery/mod.rs is discovery/tests.rs, or the folder discovery/tests/
            found.extend([format!("{folder}{name}.rs"), format!("{folder}{name}/")]);
        }
    }
    found
}

/// The modules that a text names behind `crate::`, one by one or in braces.
fn imported(text: &str) -> Vec<String> {
    let name = |text: &str| -> String {
        text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
    };
    let mut found = Vec::new();
    for (at, path) in text.match_indices("crate::") {
        let rest = &text[at + path.len()..];
        match rest.strip_prefix('{') {
            Some(group) => found.extend(heads(group).map(name)),
            None => found.push(name(rest)),
        }
    }
    found
}

/// The beginnings of the items of a `use` group: `scope::{A, B}, wire::C}` gives `scope::` and `wire::C`.
fn heads(group: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    let mut starts = vec![0];
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => starts.push(at + 1),
            _ => {}
        }
    }
    starts.into_iter().map(|start| &group[start..]).filter(|item| !item.trim_start().starts_with('}'))
}

/// Everything that is wrong with a source, in words.
fn violations(source: &Source) -> Vec<String> {
    let path = &source.path;
    let Some(own) = ORDER.iter().position(|module| *module == source.module()) else {
        return vec![format!("{path}: the module {} has no place in the order", source.module())];
    };
    let mut found = Vec::new();
    for name in imported(&source.text) {
        // types at the root are the client's
        let name = if name.starts_with(char::is_uppercase) { "client".to_owned() } else { name };
        match ORDER.iter().position(|module| *module == name) {
            Some(place) if place <= own => {}
            Some(_) => {
                found.push(format!("{path}: {} imports from {name}, which comes after it", ORDER[own]))
            }
            None => found.push(format!("{path}: crate::{name} has no place in the order")),
        }
    }
    let compact = compact(&source.text);
    for Reserved { words, only_in, because } in &RESERVED {
        if only_in.iter().any(|place| path.starts_with(place)) {
            continue;
        }
        let stands = words.iter().filter(|word| stands_alone(&compact, word));
        found.extend(stands.map(|word| format!("{path}: {word} does not belong here; {because}")));
    }
    found
}

/// A sentence that names something by its path in Rust: `allow more (Timeouts::call)`. Errors are read in three
/// languages.
fn names_of_rust(text: &str) -> Vec<&str> {
    // of a text over several lines, the first; attributes of the documentation are none
    let lines = text.lines().filter(|line| !line.contains("doc ="));
    let sentences =
        lines.flat_map(|line| line.split('"').skip(1).step_by(2)).filter(|literal| literal.contains(' '));
    let is_path = |literal: &&str| {
        literal.match_indices("::").any(|(at, _)| {
            let before = literal[..at].rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            let after = literal[at + 2..].chars().next();
            before.starts_with(char::is_uppercase) && after.is_some_and(|c| c.is_alphabetic())
        }) || literal.contains("client.v3()")
    };
    sentences.filter(is_path).collect()
}

#[test]
fn errors_name_nothing_by_its_path_in_rust() {
    assert_eq!(
        names_of_rust(r#"f("allow more (Timeouts::call)", "a::b c", "x")"#),
        ["allow more (Timeouts::call)"]
    );
    let found: Vec<String> = sources()
        .iter()
        .flat_map(|source| {
            let text = source.text.replace("\\\"", "'").replace("'\"'", "''");
            names_of_rust(&text)
                .into_iter()
                .map(|words| format!("{}: {words}", source.path))
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(found.is_empty(), "say it in words of every language:\n{}", found.join("\n"));
}

/// The text with white space only where it parts two words, so that it does not matter where a line was broken.
fn compact(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    for word in text.split_whitespace() {
        if out.ends_with(part_of_word) && word.starts_with(part_of_word) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

/// Whether the word stands in the text, and not as the end of a longer one or inside a number.
fn stands_alone(text: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let number = word.starts_with(|c: char| c.is_ascii_digit());
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        let longer_before =
            before.is_some_and(|c| part_of_word(c) && (number || word.starts_with(part_of_word)));
        let longer_after = number && after.is_some_and(part_of_word);
        !(longer_before || longer_after)
    })
}

#[test]
fn architecture_of_the_core() {
    let sources = sources();
    assert!(sources.len() > 20, "the sources are not where they should be");
    let found: Vec<String> = sources.iter().flat_map(violations).collect();
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn architecture_violations_are_caught() {
    let planted = [
        ("scope/x.rs", "use crate::error::Error;", "imports from error"),
        ("wire/x.rs", "use crate::{wire::Id,\n    scope::{Route, RouteScope}};", "imports from scope"),
        ("error/x.rs", "fn f(x: &crate::config::Config) {}", "imports from config"),
        ("v3/mod.rs", "use crate::Client;", "imports from client"),
        ("wire/x.rs", "use crate::helpers::x;", "no place in the order"),
        ("helpers/mod.rs", "", "no place in the order"),
        ("transport/retry.rs", "tokio::spawn(async {})", "starts no task"),
        ("workflow/fleet.rs", "let set = JoinSet::new(); set.spawn (x);", "starts no task"),
        ("wire/x.rs", "eprintln!(\"x\"); println!(\"x\")", "prints nothing"),
        ("transport/retry.rs", "use reqwest::Client;", "stays behind"),
        ("transport/tls.rs", "std::env::var(\"RANCHER_CA_CERTS\")", "in one place"),
        ("transport/retry.rs", "let now = std::time::Instant::now();", "time is injected"),
        ("transport/judge.rs", "Error::new(\n    ErrorKind::TokenRefused, \"x\")", "only the judge"),
        ("v3/mod.rs", "if response.status == 403 {}", "only the judge"),
        ("v3/mod.rs", "if status == StatusCode::UNAUTHORIZED {}", "only the judge"),
        ("error/mod.rs", "token.expose_secret()", "out of its wrapping"),
        ("v3/mod.rs", "#[cfg(test)]\nmod tests {\n    x\n}\nfn f() { thread::spawn(g) }", "starts no task"),
    ];
    for (path, text, expected) in planted {
        let found = violations(&Source::new(path, text));
        assert!(found.iter().any(|violation| violation.contains(expected)), "{path}: {text}: {found:?}");
    }
}

#[test]
fn architecture_leaves_the_rest_alone() {
    let fine = [
        ("workflow/x.rs", "use crate::{client::Client, scope::{Route, RouteScope}, wire::redact};"),
        (
            "scope/x.rs",
            "// crate::error is for later\n/// [`crate::error::judge`]\nuse crate::wire::ClusterId;",
        ),
        ("scope/x.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::error::Error;\n}"),
        ("transport/connection.rs", "Error::new(ErrorKind::OutOfScope, \"x\")"),
        ("error/judge.rs", "401 | 403 => self.refused()"),
        ("wire/x.rs", "const PORT: u16 = 4012; let x = \"https://h/\"; writeln!(f, \"x\")"),
        ("transport/http.rs", "use reqwest::Client;"),
        ("config/environment.rs", "std::env::vars_os()"),
    ];
    for (path, text) in fine {
        assert_eq!(violations(&Source::new(path, text)), Vec::<String>::new(), "{path}: {text}");
    }
    assert_eq!(
        test_files("transport/mod.rs", "#[cfg(test)]\npub(crate) mod mock;\nmod notes;"),
        ["transport/mock.rs", "transport/mock/"]
    );
    let named = "#[cfg(test)]\n#[path = \"ledger_tests.rs\"]\nmod tests;";
    assert_eq!(test_files("scope/ledger.rs", named), ["scope/ledger_tests.rs"]);
}
