//! `cargo run -p rancher-codegen` writes the generated files anew; with `--check` it only compares.

use std::path::Path;
use std::process::ExitCode;

use rancher_codegen::{Failure, outputs, tree};

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
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (mut files, mut lines, mut changed) = (0, 0, Vec::new());
    for output in outputs::of_tree(&root)? {
        let target = root.join(output.folder);
        files += output.files.len();
        lines += output.files.values().map(|text| text.lines().count()).sum::<usize>();
        let changes = output.differences(&root)?;
        if !check {
            tree::write(&target, &output.files, &changes)?;
        }
        changed.extend(changes.iter().map(|path| format!("{}/{path}", output.folder)));
    }
    if check && !changed.is_empty() {
        return Err(Failure::new(format!(
            "not up to date: {}; run cargo run -p rancher-codegen",
            changed.join(", ")
        )));
    }
    Ok(format!("{files} files, {lines} lines, {} changed", changed.len()))
}

#[expect(clippy::print_stdout, reason = "a tool speaks to its user")]
fn say(text: &str) {
    println!("{text}");
}
