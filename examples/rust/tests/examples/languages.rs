//! They print what the programs of the other languages print: `examples/cases.json`.

use rancher_examples::simulate;
use serde::Deserialize;
use std::path::Path;
use std::process::Command;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    run: String,
    #[serde(default = "all")]
    of: Vec<String>,
    r#as: Option<String>,
    cluster: Option<String>,
    prints: Option<Vec<String>>,
    #[serde(default)]
    prints_some: Vec<String>,
    fails: Option<String>,
    #[serde(default)]
    status: i32,
}

fn all() -> Vec<String> {
    vec!["rust".to_owned()]
}

fn program(name: &str) -> &'static str {
    match name {
        "list_clusters" => env!("CARGO_BIN_EXE_list_clusters"),
        "create_project" => env!("CARGO_BIN_EXE_create_project"),
        "find_by_name" => env!("CARGO_BIN_EXE_find_by_name"),
        "bulk_update" => env!("CARGO_BIN_EXE_bulk_update"),
        "register_cluster" => env!("CARGO_BIN_EXE_register_cluster"),
        "deploy" => env!("CARGO_BIN_EXE_deploy"),
        "watch_namespaces" => env!("CARGO_BIN_EXE_watch_namespaces"),
        "logs" => env!("CARGO_BIN_EXE_logs"),
        "install_app" => env!("CARGO_BIN_EXE_install_app"),
        "doctor" => env!("CARGO_BIN_EXE_doctor"),
        other => panic!("there is no program {other}"),
    }
}

/// Whether the line is the pattern, where `*` stands for any text.
fn fits(pattern: &str, line: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == line,
        Some((start, rest)) => line.strip_prefix(start).is_some_and(|line| {
            line.char_indices()
                .map(|(at, _)| at)
                .chain([line.len()])
                .any(|at| line.get(at..).is_some_and(|line| fits(rest, line)))
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn they_print_what_those_of_the_other_languages_print() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases.json");
    let cases: Vec<Case> = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for case in cases.iter().filter(|case| case.of.contains(&"rust".to_owned())) {
        count += 1;
        let folder = tempfile::tempdir().unwrap();
        let simulator = simulate().unwrap();
        let mut words = case.run.split(' ');
        let mut command = Command::new(program(words.next().unwrap()));
        command.args(words).env_clear().env("HOME", folder.path());
        if let Some(label) = &case.r#as {
            let ca = folder.path().join("ca.pem");
            std::fs::write(&ca, simulator.ca_pem().unwrap()).unwrap();
            let labels = simulator.world(|world| world.labels().clone());
            command
                .env("RANCHER_URL", simulator.url())
                .env("RANCHER_TOKEN", &labels.tokens[label])
                .env("RANCHER_CA_BUNDLE", ca);
            let cluster = case.cluster.as_ref().map_or("", |cluster| &labels.clusters[cluster]);
            command.env("RANCHER_CLUSTER_ID", cluster);
        }
        // the simulator answers on the threads of this runtime
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let (out, err) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        let (out, told): (Vec<&str>, _) = (out.lines().collect(), format!("{}: {out}{err}", case.run));
        if let Some(pattern) = &case.fails {
            let failure = err.lines().find(|line| line.starts_with("Error: ")).unwrap_or_default();
            assert!(
                output.status.code() == Some(1) && fits(&format!("Error: *{pattern}"), failure),
                "{told}"
            );
            continue;
        }
        assert_eq!(output.status.code(), Some(case.status), "{told}");
        for pattern in &case.prints_some {
            assert!(out.iter().any(|line| fits(pattern, line)), "{told}");
        }
        if let Some(patterns) = &case.prints {
            let each = patterns.iter().zip(&out).all(|(pattern, line)| fits(pattern, line));
            assert!(patterns.len() == out.len() && each, "{told}");
        }
    }
    println!("example: {count} cases of all languages in rust");
}

#[test]
fn patterns() {
    assert!(
        fits("a*c", "abc") && fits("*", "") && fits("a*", "a") && fits("*b*", "abc") && fits("ü*é", "üxé")
    );
    assert!(!fits("a*c", "abd") && !fits("a", "ab") && !fits("*x", "xy"));
}
