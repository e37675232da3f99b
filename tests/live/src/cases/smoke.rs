//! The same server by the packages of Python and Node: each is started with the environment of the run, works in its
//! namespace, and says in its last line what it saw.

use std::path::Path;
use std::process::Stdio;
use tokio::process::Command;

use crate::outcome::{Outcome, Stop, fail, skip};
use crate::site::Site;

const PYTHON: &str = include_str!("../../smoke/smoke.py");
const NODE: &str = include_str!("../../smoke/smoke.mjs");

/// Where the package of Node finds itself by its name.
const NODE_FOLDER: &str = "rancher-node";

/// The package of Python.
pub(super) async fn python(site: &Site) -> Outcome {
    let Some(program) = &site.args.python else {
        return skip("no Python with the package rancher was named");
    };
    let mut command = Command::new(program);
    command.args(["-c", PYTHON]);
    run(site, command, program).await
}

/// The package of Node.
pub(super) async fn node(site: &Site) -> Outcome {
    let Some(program) = &site.args.node else {
        return skip("no Node with the package rancher-node was named");
    };
    if !Path::new(NODE_FOLDER).is_dir() {
        return skip(format!("there is no folder {NODE_FOLDER} here"));
    }
    let mut command = Command::new(program);
    command.current_dir(NODE_FOLDER).args(["--input-type=module", "-e", NODE]);
    run(site, command, program).await
}

async fn run(site: &Site, mut command: Command, program: &Path) -> Outcome {
    let mut missing = String::new();
    if let Ok(cluster) = site.cluster() {
        command.env("SDK_LIVE_CLUSTER", cluster.id().as_str());
    }
    match site.ground().await {
        Ok(ground) => {
            command.env("SDK_LIVE_NAMESPACE", ground.name());
        }
        Err(Stop::Skipped(reason) | Stop::Failed(reason)) => missing = format!("; read only: {reason}"),
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let ended = match command.output().await {
        Ok(ended) => ended,
        Err(error) => return fail(format!("{} cannot be started: {error}", program.display())),
    };
    let (out, err) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    match ended.status.success() {
        true => Ok(format!("{}{missing}", out.lines().last().unwrap_or_default())),
        false => fail(format!("{}\n{}", out.trim_end(), err.trim_end())),
    }
}
