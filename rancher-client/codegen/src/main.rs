//! `cargo run -p rancher-codegen` writes the generated files anew; with `--check` it only compares.

use std::path::Path;
use std::process::ExitCode;

use rancher_codegen::{Failure, facts::Facts, generate, tree};

fn main() -> ExitCode {
    match run() {
        Ok(text) => {
            say(&text);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            say(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<String, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => false,
        ["--check"] => true,
        _ => return Err(Failure::new("usage: cargo run -p rancher-codegen [-- --check]")),
    };
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let files = generate(&Facts::read(&here.join("../schemas"))?)?;
    let target = here.join("../types/src/generated");
    let lines: usize = files.values().map(|text| text.lines().count()).sum();
    let changes = tree::differences(&target, &files)?;
    if !check {
        tree::write(&target, &files, &changes)?;
    } else if !changes.is_empty() {
        return Err(Failure::new(format!(
            "not up to date: {}; run cargo run -p rancher-codegen",
            changes.join(", ")
        )));
    }
    Ok(format!("{} files, {lines} lines, {} changed", files.len(), changes.len()))
}

#[expect(clippy::print_stdout, reason = "a tool speaks to its user")]
fn say(text: &str) {
    println!("{text}");
}
