//! Every file, scenario by scenario.

use futures_util::StreamExt as _;
use std::sync::Arc;

use super::format::{Operations, file, names};
use super::run::{Row, run};

/// How many are done at a time.
const AT_A_TIME: usize = 4;

/// Does the scenarios of a file, and returns what its rows came to.
pub(super) async fn done(name: &str) -> Vec<Row> {
    let operations = Arc::new(Operations::read());
    // one alone, to look into it
    let wanted = std::env::var("SCENARIO").unwrap_or_default();
    let scenarios = file(name).scenarios.into_iter().filter(|scenario| scenario.name.contains(&wanted));
    let outcomes: Vec<(String, Result<Vec<Row>, String>)> =
        futures_util::stream::iter(scenarios.map(|scenario| {
            let operations = Arc::clone(&operations);
            let title = scenario.name.clone();
            // a task of its own, so that a panic is that of one scenario
            let task = tokio::spawn(async move { run(&scenario, &operations).await });
            async move { (title, task.await.unwrap_or_else(|error| Err(format!("{error}")))) }
        }))
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let count = outcomes.len();
    let (mut rows, mut wrong) = (Vec::new(), Vec::new());
    for (title, outcome) in outcomes {
        match outcome {
            Ok(more) => rows.extend(more),
            Err(why) => wrong.push(format!("{title}: {why}")),
        }
    }
    println!("scenarios: {name}: {} of {count} as expected", count - wrong.len());
    assert!(wrong.is_empty(), "{name}.json:\n\n{}", wrong.join("\n\n"));
    rows
}

macro_rules! files {
    ($($name:ident)*) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            done(stringify!($name)).await;
        })*

        #[test]
        fn every_file_is_run() {
            // the page runs its own
            let mut run = vec![$(stringify!($name),)* "errors"];
            run.sort_unstable();
            assert_eq!(names(), run);
        }
    };
}

files! {
    apps
    bad_input
    doctor
    faults
    kubernetes
    kubernetes_writes
    namespaces
    registration
    requests
    scope
    session
    service_accounts
    steve
    steve_schemas
    v3
    watches
}
