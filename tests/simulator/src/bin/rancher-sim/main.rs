//! The simulator as a process of its own, for tests and examples in any language.
//!
//! The first line of standard output is JSON and says where it is and how to get in; it holds secrets. Then it
//! serves until SIGTERM or SIGINT, or until standard input closes with `--exit-with-stdin`.

mod args;
mod world;

use args::Args;
use clap::Parser;
use rancher_simulator::{Simulator, World};
use std::io::{self, Read, Write};
use std::process::ExitCode;
use tokio::sync::oneshot;

/// What arguments that make no sense end with, as clap's own.
const BAD_ARGUMENTS: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let world = match world::world(&args.world) {
        Ok(world) => world,
        Err(message) => return fail(BAD_ARGUMENTS, &message),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(1, &format!("no runtime: {error}")),
    };
    match runtime.block_on(serve(args, world)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(1, &message),
    }
}

async fn serve(args: Args, world: World) -> Result<(), String> {
    let exit_with_stdin = args.exit_with_stdin;
    // before the first line is out, so that whoever reads it can send the signal at once
    let signals = Signals::new().map_err(|error| format!("cannot listen for signals: {error}"))?;
    let simulator = Simulator::serve(world, args.server()).map_err(|error| error.to_string())?;
    say(&simulator.ready()).map_err(|error| format!("cannot say where the simulator is: {error}"))?;
    tokio::select! {
        () = signals.received() => {}
        () = stdin_closed(), if exit_with_stdin => {}
    }
    simulator.stop().await;
    Ok(())
}

fn say(ready: &serde_json::Value) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{ready}")?;
    stdout.flush()
}

fn fail(code: u8, message: &str) -> ExitCode {
    // when standard error is closed the code still tells
    let _ = writeln!(io::stderr(), "rancher-sim: {message}");
    ExitCode::from(code)
}

/// Waits for the end of standard input, on a thread of its own: a read of a terminal cannot be cancelled.
async fn stdin_closed() {
    let (closed, ended) = oneshot::channel();
    std::thread::spawn(move || {
        let mut scrap = [0; 1024];
        let mut stdin = io::stdin().lock();
        while stdin.read(&mut scrap).is_ok_and(|count| count > 0) {}
        // nobody waits any more when a signal came first
        let _ = closed.send(());
    });
    let _ = ended.await;
}

#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn received(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn received(self) {
        // an error means that there are no signals to wait for
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
