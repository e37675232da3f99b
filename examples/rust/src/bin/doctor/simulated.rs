//! Without a server: the credentials that people confuse, diagnosed on the embedded simulator.

use futures_util::future::try_join_all;
use rancher_client::Client;
use rancher_client::error::{Error, Result};
use rancher_client::scope::KeyScope;
use rancher_client::wire::ClusterId;
use rancher_client::workflow::doctor::{DoctorOptions, DoctorReport};
use rancher_simulator::{Agent, Simulator, World};
use serde_json::{Value, json};

use crate::args::Args;

/// One credential, what is asked of it, and what the diagnosis must come to.
struct Case {
    what: &'static str,
    /// Its label in the simulator; empty for none.
    token: &'static str,
    cluster: &'static str,
    also: Option<&'static str>,
    witness: bool,
    expected: &'static str,
}

const fn case(
    what: &'static str,
    token: &'static str,
    cluster: &'static str,
    expected: &'static str,
) -> Case {
    Case { what, token, cluster, also: None, witness: false, expected }
}

/// The cluster of the record that has an agent, the one that never had, and the one that the table adds.
const PROD: &str = "c-prod1";
const STAGE: &str = "c-stag1";
const LOST: &str = "(lost)";

const CASES: [Case; 16] = [
    case("unscoped key", "admin-unscoped", PROD, "usable"),
    case("session of a login", "admin-session", PROD, "usable"),
    case("key scoped to the cluster asked", "admin-prod", PROD, "usable"),
    case("key scoped to another cluster", "admin-stage", PROD, "undetermined"),
    Case {
        also: Some(STAGE),
        ..case("the same, and that cluster is asked too", "admin-stage", PROD, "limited")
    },
    case("ext token with a cluster name", "ext-prod", PROD, "usable"),
    case("expired key", "expired", PROD, "undetermined"),
    Case { witness: true, ..case("the same, looked up by a witness", "expired", PROD, "refused") },
    case("deleted key", "deleted", PROD, "undetermined"),
    Case { witness: true, ..case("switched off, with a witness", "off", PROD, "refused") },
    case("wrong secret", "wrong-secret", PROD, "undetermined"),
    case("key of a disabled user", "disabled-unscoped", PROD, "undetermined"),
    case("no credential", "", PROD, "misconfigured"),
    case("good key, no role in the cluster", "standard-unscoped", PROD, "limited"),
    case("good key, cluster never connected", "admin-unscoped", STAGE, "limited"),
    case("good key, cluster's agent gone", "admin-unscoped", LOST, "limited"),
];

/// Diagnoses them all and prints a table. The exit code is 0 if every diagnosis is what it must be.
pub(crate) async fn table(args: &Args) -> Result<u8> {
    let options = DoctorOptions { timeout: args.timeout()?, ..DoctorOptions::default() };
    if args.show_config {
        crate::say(&args.discovery()?.examine().0.to_string());
    }
    crate::say(
        "RANCHER_URL is not set: diagnosing the credentials of an embedded simulator (--url, --server or --kubeconfig ask a real Rancher)",
    );
    let simulator = rancher_examples::simulate()?;
    let lost = simulator.world(lose_a_cluster)?;
    let diagnoses = CASES.iter().map(|case| diagnose(&simulator, case, &lost, &options));
    let reports = try_join_all(diagnoses).await?;
    simulator.stop().await;
    if args.json {
        let all: Vec<Value> = CASES
            .iter()
            .zip(&reports)
            .map(|(case, report)| json!({"case": case.what, "exit_code": report.verdict.exit_code(), "diagnosis": report.to_json()}))
            .collect();
        crate::print(&format!("{:#}\n", Value::from(all)))?;
    } else {
        crate::print(&rendered(&reports, crate::colours()))?;
    }
    let wrong = CASES.iter().zip(&reports).filter(|(case, report)| case.expected != report.verdict.as_str());
    let wrong: Vec<&str> = wrong.map(|(case, _)| case.what).collect();
    if wrong.is_empty() {
        return Ok(0);
    }
    crate::say(&format!("not what it must be: {}", wrong.join("; ")));
    Ok(1)
}

/// Adds a cluster whose agent left a while ago.
fn lose_a_cluster(world: &mut World) -> Result<ClusterId> {
    let id = world.add_cluster("lost", Agent::Connected);
    let minute_ago = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    world
        .set_agent(&id, Agent::Gone { since: minute_ago })
        .map_err(|error| Error::config(format!("the simulator: {error}"), ""))?;
    Ok(ClusterId::new(id)?)
}

async fn diagnose(
    simulator: &Simulator<World>,
    case: &Case,
    lost: &ClusterId,
    asked: &DoctorOptions,
) -> Result<DoctorReport> {
    let config = rancher_examples::config_of(simulator, case.token)?;
    let mut options = asked.clone();
    let cluster = if case.cluster == LOST { lost.clone() } else { ClusterId::new(case.cluster)? };
    options.cluster = Some(cluster);
    options.also = case.also.map(ClusterId::new).transpose()?.into_iter().collect();
    let witness =
        case.witness.then(|| rancher_examples::config_of(simulator, "admin-unscoped")).transpose()?;
    options.witness = witness.map(|config| config.credential);
    Client::new(config)?.doctor(options).await
}

fn rendered(reports: &[DoctorReport], colours: bool) -> String {
    let mut rows = vec![["CREDENTIAL", "IS", "VERDICT", "SCOPE", "CLUSTER", "SO"].map(str::to_owned)];
    for (case, report) in CASES.iter().zip(reports) {
        let credential = &report.credential;
        let scope = match &credential.scope {
            Some(KeyScope::Global) => "global".to_owned(),
            Some(KeyScope::Cluster(id)) => id.to_string(),
            None => "-".to_owned(),
        };
        let confidence =
            credential.confidence.map(|confidence| format!(" ({confidence})")).unwrap_or_default();
        let causes: Vec<&str> = credential.causes.iter().map(|cause| cause.as_str()).collect();
        let verdict = match causes.as_slice() {
            [] | ["missing"] => credential.verdict.to_string(),
            causes => format!("{}: {}", credential.verdict, causes.join(" or ")),
        };
        let cluster = report.cluster.id.as_ref().map(|id| format!("{id} {}", report.cluster.verdict));
        rows.push([
            case.what.to_owned(),
            credential.kind.to_string(),
            verdict,
            format!("{scope}{confidence}"),
            cluster.unwrap_or_default(),
            report.verdict.to_string(),
        ]);
    }
    let mut widths = [0; 6];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let text = if column == 5 { cell.clone() } else { format!("{cell:<width$}  ") };
            line.push_str(&paint(&text, index, column, colours));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str("\nundetermined is no guess: a dead key and a living key of another cluster get the same answer, byte for byte.\n");
    out
}

fn paint(text: &str, row: usize, column: usize, colours: bool) -> String {
    let code = match (row, column, text) {
        _ if !colours => return text.to_owned(),
        (0, _, _) => "1",
        (_, 5, "usable") => "32",
        (_, 5, "refused" | "misconfigured" | "unreachable") => "31",
        (_, 5, _) => "33",
        _ => return text.to_owned(),
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}
