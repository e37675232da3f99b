//! `doctor`: what is wrong with a Rancher credential.
//!
//! The diagnosis itself is `rancher_client::workflow::doctor`; this is its command line.

mod args;
mod simulated;

use args::Args;
use clap::Parser;
use rancher_client::Client;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::workflow::doctor::Verdict;
use serde_json::json;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match args.names_a_server(|name| std::env::var(name).ok()) {
        true => diagnose(&args).await,
        false => simulated::table(&args).await,
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => misconfigured(&args, &error),
    }
}

async fn diagnose(args: &Args) -> Result<u8, Error> {
    if args.token.as_deref().is_some_and(|token| token != "-") {
        say(
            "warning: a token on the command line can be seen by others on this machine and stays in the shell's history; use --token -, or RANCHER_TOKEN",
        );
    }
    let mut options = args.options()?;
    let mut discovery = args.discovery()?;
    let (mut report, mut config) = discovery.examine();
    if config.as_ref().is_err_and(|error| error.causes() == [Cause::Missing]) {
        // without a credential there is still a server to look at, and the want of one is the finding
        discovery.explicit.anonymous = true;
        let (without, bare) = discovery.examine();
        if bare.is_ok() {
            (report, config) = (without, bare);
        }
    }
    if args.show_config {
        say(&report.to_string());
    }
    options.progress = Some(Arc::new(say));
    let report = Client::new(config?)?.doctor(options).await?;
    if args.json {
        print(&format!("{:#}\n", report.to_json()));
    } else {
        print(&report.to_text(colours()));
    }
    Ok(report.verdict.exit_code())
}

/// A configuration that is wrong is a diagnosis too.
fn misconfigured(args: &Args, error: &Error) -> ExitCode {
    let verdict = Verdict::Misconfigured;
    if args.json {
        let mut advice = vec![error.summary().to_owned()];
        advice.extend(Some(error.advice().to_owned()).filter(|text| !text.is_empty()));
        advice.extend(error.because().iter().cloned());
        // the keys of a diagnosis are fixed, also where there was nothing to diagnose
        print(&format!(
            "{:#}\n",
            json!({
                "server": {"url": args.url, "reachable": false, "version": null, "tls": null},
                "credential": {"kind": "none", "name": null, "verdict": "missing", "scope": "unknown", "cluster": null,
                    "confidence": null, "causes": [], "expires_at": null},
                "cluster": {"id": args.cluster, "verdict": "unknown"},
                "namespace": {"name": args.namespace, "verdict": "unknown"},
                "probes": [],
                "verdict": verdict.as_str(),
                "advice": advice,
            })
        ));
    } else {
        say(&format!("{}: {error}", Args::name()));
        for line in error.because() {
            say(&format!("  {line}"));
        }
    }
    match error.kind() {
        ErrorKind::Config | ErrorKind::Invalid => ExitCode::from(verdict.exit_code()),
        _ => ExitCode::from(Verdict::Unreachable.exit_code()),
    }
}

/// Colours belong on a terminal only.
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints to standard output. A reader that has gone is no failure of the diagnosis.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

/// Prints a line to standard error, where progress and warnings go.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", line.trim_end());
}
