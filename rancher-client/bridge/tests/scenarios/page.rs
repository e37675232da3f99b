//! `docs/errors-by-answer.md` is written from what happens in the scenarios of `errors.json`.
//! `UPDATE_DOCS=1 cargo test -p rancher-bridge --test scenarios errors` writes it.

use rancher_client::ErrorKind;
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

use super::cases::done;
use super::format::file;
use super::run::Row;

const HEAD: &str = "# Errors by answer

<!-- Written by a test from what happens in tests/scenarios/errors.json. To change it: UPDATE_DOCS=1 cargo test -p
     rancher-bridge --test scenarios errors -->

What the client makes of every sort of answer that a recorded server gives, of broken ones, and of none: the same in
three languages. [Errors](errors.md) says what the kinds, causes and reasons mean.

| | Rust | Python | Node |
|---|---|---|---|
| raised | `Error` | a subclass of `RancherError` | `RancherError` |
| which it is | `error.kind()` | the class, or `error.kind` | `error.kind` |
| fields | `error.status()`, `.code()`, `.field()`, `.causes()` | `error.status`, `.code`, `.field`, `.causes` | as Python |
| what to do | `error.advice()` | `error.advice` | `error.advice` |

\"Again\" is whether the same call may go well later, unchanged: `is_retryable()`, `retryable`. What can be sent twice
was sent three times already. A dash means that there is none.
";

fn document(rows: &[Row]) -> String {
    let mut out = HEAD.to_owned();
    let mut scenario = "";
    for row in rows {
        if row.scenario != scenario {
            scenario = &row.scenario;
            write!(
                out,
                "\n## {scenario}\n\n| answer | Rust | Python | Node | status | code | field | causes | again | advice |\n\
                 |---|---|---|---|---|---|---|---|---|---|\n"
            )
            .unwrap();
        }
        let error = &row.error;
        let kind = error["kind"].as_str().unwrap();
        let known = ErrorKind::ALL.iter().find(|known| known.as_str() == kind).unwrap();
        let causes: Vec<String> =
            error["causes"].as_array().unwrap().iter().map(|cause| text(cause, "`")).collect();
        let causes = if causes.is_empty() { "-".to_owned() } else { causes.join(" or ") };
        let again = if error["retryable"] == true { "yes" } else { "no" };
        writeln!(
            out,
            "| {} | `{known:?}` | `{}` | `'{kind}'` | {} | {} | {} | {causes} | {again} | {} |",
            row.title,
            row.python,
            text(&error["status"], ""),
            text(&error["code"], "`"),
            text(&error["field"], "`"),
            text(&error["advice"], "").replace('|', "\\|").replace('<', "&lt;"),
        )
        .unwrap();
    }
    out
}

fn text(value: &Value, quote: &str) -> String {
    match value {
        Value::String(text) if !text.is_empty() => format!("{quote}{text}{quote}"),
        Value::Number(number) => format!("{quote}{number}{quote}"),
        _ => "-".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_are_told_as_meant_and_the_page_says_so() {
    let rows = done("errors").await;
    let stated = file("errors").scenarios;
    let meant = stated.iter().flat_map(|scenario| &scenario.steps).filter(|step| step.row.is_some()).count();
    println!("errors table: {} of {meant} answers told as meant in rust", rows.len());
    assert_eq!(rows.len(), meant);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors-by-answer.md");
    let written = document(&rows);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &written).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == written,
        "docs/errors-by-answer.md is old: UPDATE_DOCS=1 cargo test -p rancher-bridge --test scenarios errors"
    );
}
