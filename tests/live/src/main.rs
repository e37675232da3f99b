//! The live suite: what the client promises, on a server that is there already.
//!
//! It finds the server as every client does, says where it runs and as whom, makes a project and a namespace of its own,
//! does everything in there, and deletes it. What this server or this key cannot do is skipped by name.

mod args;
mod cases;
mod clean;
mod ground;
mod journal;
mod mark;
mod outcome;
mod site;
mod tell;

use args::Args;
use clap::Parser as _;
use journal::Journal;
use outcome::Stop;
use site::Site;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tell::{Sum, say, warn};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Arguments or an environment that make no sense, as clap's own.
const BAD_ARGUMENTS: u8 = 2;
/// As a shell calls a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// No case takes longer, however slow the server is.
const PATIENCE: Duration = Duration::from_secs(300);

/// After an interruption, how long a request that was cut off may still take to do its work.
const LANDING: Duration = Duration::from_secs(2);

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        cases::ALL.iter().for_each(|case| say(case.name));
        return ExitCode::SUCCESS;
    }
    if let Some(name) = args.only.iter().find(|name| cases::ALL.iter().all(|case| case.name != **name)) {
        warn(&format!("there is no case {name}; --list says which there are"));
        return ExitCode::from(BAD_ARGUMENTS);
    }
    let signals = match listen() {
        Ok(signals) => signals,
        Err(error) => {
            warn(&format!("Ctrl-C could not be noticed, and nothing would be cleaned up: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let site = match Site::find(args).await {
        Ok(site) => Arc::new(site),
        Err(reason) => {
            warn(&reason);
            return ExitCode::from(BAD_ARGUMENTS);
        }
    };
    for line in site.told().await {
        say(&line);
    }
    if site.args.clean.is_some() {
        return cleaned(&site).await;
    }
    let (sum, interrupted) = run(&site, signals).await;
    finish(&site, sum, interrupted).await
}

/// Becomes true with the first signal.
fn listen() -> std::io::Result<watch::Receiver<bool>> {
    let (tell, told) = watch::channel(false);
    let signals = signals()?;
    tokio::spawn(async move {
        let mut signals = signals;
        for count in 0.. {
            signals.received().await;
            if count == 0 {
                warn("interrupted: cleaning up; once more leaves everything as it is");
                // whoever listened has ended with the program
                let _ = tell.send(true);
            } else {
                warn("left as it is; see --clean");
                std::process::exit(i32::from(INTERRUPTED));
            }
        }
    });
    Ok(told)
}

#[cfg(unix)]
struct Signals([tokio::signal::unix::Signal; 3]);

#[cfg(unix)]
fn signals() -> std::io::Result<Signals> {
    use tokio::signal::unix::{SignalKind, signal};
    // a terminal that is closed hangs up
    Ok(Signals([
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::hangup())?,
    ]))
}

#[cfg(unix)]
impl Signals {
    async fn received(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
fn signals() -> std::io::Result<Signals> {
    Ok(Signals)
}

#[cfg(not(unix))]
impl Signals {
    async fn received(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}

/// Runs the cases one after another, until all are done or somebody interrupts.
async fn run(site: &Arc<Site>, mut interrupted: watch::Receiver<bool>) -> (Sum, bool) {
    let mut sum = Sum::default();
    let only = &site.args.only;
    for case in cases::ALL.iter().filter(|case| only.is_empty() || only.iter().any(|name| name == case.name))
    {
        let started = Instant::now();
        // a task of its own: should it break down, the others go on, and everything is cleaned up
        let mut task = JoinSet::new();
        task.spawn(tokio::time::timeout(PATIENCE, (case.run)(Arc::clone(site))));
        let ended = tokio::select! {
            ended = task.join_next() => ended,
            _ = interrupted.wait_for(|interrupted| *interrupted) => return (sum, true),
        };
        let outcome = match ended {
            Some(Ok(Ok(outcome))) => outcome,
            Some(Ok(Err(_))) => Err(Stop::Failed(format!("it was not over after {} s", PATIENCE.as_secs()))),
            Some(Err(error)) => Err(Stop::Failed(format!("it broke down: {error}"))),
            None => Err(Stop::Failed("it did not run".to_owned())),
        };
        sum.add(case.name, started.elapsed(), outcome);
    }
    (sum, false)
}

async fn finish(site: &Site, mut sum: Sum, interrupted: bool) -> ExitCode {
    let started = Instant::now();
    if interrupted {
        tokio::time::sleep(LANDING).await;
    }
    match clean::clean(site).await {
        Ok(_) if site.journal.path().is_none() => {}
        Ok(gone) => {
            sum.add("clean", started.elapsed(), Ok(format!("{gone} things deleted, and seen to be gone")))
        }
        Err(left) => {
            sum.add("clean", started.elapsed(), Err(Stop::Failed(left.join("\n"))));
            warn(&format!(
                "what is left bears the name {}; its journal is {}\nto delete it: tests/run --live --clean {}",
                site.run.name(),
                Journal::path_of(&site.run).display(),
                site.run
            ));
        }
    }
    say(&sum.line());
    match (interrupted, sum.is_good()) {
        (true, _) => ExitCode::from(INTERRUPTED),
        (false, true) => ExitCode::SUCCESS,
        (false, false) => ExitCode::FAILURE,
    }
}

async fn cleaned(site: &Site) -> ExitCode {
    match clean::clean(site).await {
        Ok(gone) => {
            say(&format!("run {}: {gone} things deleted, and seen to be gone", site.run));
            ExitCode::SUCCESS
        }
        Err(left) => {
            warn(&left.join("\n"));
            ExitCode::FAILURE
        }
    }
}
