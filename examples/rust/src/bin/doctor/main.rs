//! `doctor`: what is wrong with a Rancher credential.
//!
//! The diagnosis itself is `rancher_client::workflow::doctor`; this is its command line.

mod args;
mod simulated;

use args::Args;
use clap::Parser;
use rancher_client::Client;
use rancher_client::error::{Cause, Error, ErrorKind};
use rancher_client::wire::{ServerUrl, redact};
use rancher_client::workflow::doctor::Verdict;
use serde_json::json;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

#[tokio::main]
async fn main() -> ExitCode {
    let raw: Vec<OsString> = std::env::args_os().collect();
    let args = match Args::try_parse_from(&raw) {
        Ok(args) => args,
        Err(error) => return not_understood(&error, &raw),
    };
    match run(&args).await {
        Ok(code) => ExitCode::from(code),
        Err(error) => misconfigured(&args, &error),
    }
}

async fn run(args: &Args) -> Result<u8, Error> {
    args.check()?;
    match args.names_a_server(|name| std::env::var(name).ok())? {
        true => diagnose(args).await,
        false => simulated::table(args).await,
    }
}

/// Help, the version, or arguments that mean nothing. The parser's own code for the latter, 2, would say `refused`.
fn not_understood(error: &clap::Error, raw: &[OsString]) -> ExitCode {
    let mut text = error.render().to_string();
    if !error.use_stderr() {
        return match print(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("{}: {error}", Args::name()));
                ExitCode::from(Verdict::Misconfigured.exit_code())
            }
        };
    }
    // a secret alone has no form to be known by
    let secrets = raw
        .iter()
        .skip(1)
        .filter_map(|arg| arg.to_str())
        .filter(|arg| arg.len() >= 20 && arg.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    for secret in secrets {
        text = text.replace(secret, "***");
    }
    let text = redact(&text).into_owned();
    say(&text);
    if raw.iter().any(|arg| arg == "--json") {
        let summary = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
        let advice = vec![summary.to_owned(), "--help lists the options".to_owned()];
        if let Err(error) = print(&nothing_diagnosed([None, None, None], Verdict::Misconfigured, &advice)) {
            say(&format!("{}: {error}", Args::name()));
        }
    }
    ExitCode::from(Verdict::Misconfigured.exit_code())
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
    let mut unsent = None;
    if let Err(error) = &config
        && error.causes() == [Cause::Missing]
    {
        // without a credential there is still a server to look at, and the want of one is the finding
        discovery.explicit.anonymous = true;
        let (without, bare) = discovery.examine();
        if bare.is_ok() {
            say("warning: no token is sent, since none belongs to this server:");
            error.because().iter().for_each(|line| say(&format!("  {line}")));
            unsent = Some(error.summary().to_owned());
            (report, config) = (without, bare);
        }
    }
    if args.show_config {
        say(&report.to_string());
    }
    let config = config?;
    args.check_against(&config)?;
    options.progress = Some(Arc::new(say));
    let mut report = Client::new(config)?.doctor(options).await?;
    report.advice.extend(unsent);
    if args.json {
        print(&format!("{:#}\n", report.to_json()))?;
    } else {
        print(&report.to_text(colours()))?;
    }
    Ok(report.verdict.exit_code())
}

/// A configuration that is wrong is a diagnosis too.
fn misconfigured(args: &Args, error: &Error) -> ExitCode {
    let verdict = match error.kind() {
        ErrorKind::Config | ErrorKind::Invalid => Verdict::Misconfigured,
        _ => Verdict::Unreachable,
    };
    say(&format!("{}: {error}", Args::name()));
    for line in error.because() {
        say(&format!("  {line}"));
    }
    if args.json {
        let mut advice = vec![error.summary().to_owned()];
        advice.extend(Some(error.advice().to_owned()).filter(|text| !text.is_empty()));
        advice.extend(error.because().iter().cloned());
        let url = args.url.as_deref().and_then(|url| ServerUrl::parse(url, true).ok());
        let asked = [
            url.map(|url| redact(&url.to_string()).into_owned()),
            args::shown_id(args.cluster.as_deref()),
            args::shown_id(args.namespace.as_deref()),
        ];
        if let Err(unprinted) = print(&nothing_diagnosed(asked, verdict, &advice)) {
            say(&format!("{}: {unprinted}", Args::name()));
        }
    }
    ExitCode::from(verdict.exit_code())
}

/// The keys of a diagnosis are fixed, also where there was nothing to diagnose. `asked` is URL, cluster and namespace,
/// each only if it may be shown.
fn nothing_diagnosed(asked: [Option<String>; 3], verdict: Verdict, advice: &[String]) -> String {
    let [url, cluster, namespace] = asked;
    format!(
        "{:#}\n",
        json!({
            "server": {"url": url, "reachable": false, "version": null, "tls": null},
            "credential": {"kind": "none", "name": null, "verdict": "missing", "scope": "unknown", "cluster": null,
                "confidence": null, "causes": [], "expires_at": null},
            "cluster": {"id": cluster, "verdict": "unknown"},
            "namespace": {"name": namespace, "verdict": "unknown"},
            "probes": [],
            "verdict": verdict.as_str(),
            "advice": advice,
        })
    )
}

/// Colours belong on a terminal only.
fn colours() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Prints to standard output. A reader that has gone is no failure of the diagnosis; a full disk is.
fn print(text: &str) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::config(format!("standard output cannot be written: {error}"), ""))
        }
        _ => Ok(()),
    }
}

/// Prints a line to standard error, where progress and warnings go. Paths and names that a user gave can hold a token.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{}", redact(line.trim_end()));
}
