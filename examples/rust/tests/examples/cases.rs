//! On their own simulator, and on a server that the environment names.

use rancher_examples::{config_of, simulate};
use rancher_simulator::{Simulator, World};
use std::path::Path;
use std::process::{Command, Output};

const PROGRAMS: [(&str, &str); 8] = [
    ("list_clusters", env!("CARGO_BIN_EXE_list_clusters")),
    ("create_project", env!("CARGO_BIN_EXE_create_project")),
    ("find_by_name", env!("CARGO_BIN_EXE_find_by_name")),
    ("bulk_update", env!("CARGO_BIN_EXE_bulk_update")),
    ("watch_namespaces", env!("CARGO_BIN_EXE_watch_namespaces")),
    ("deploy", env!("CARGO_BIN_EXE_deploy")),
    ("logs", env!("CARGO_BIN_EXE_logs")),
    ("register_cluster", env!("CARGO_BIN_EXE_register_cluster")),
];

/// A command of an example, with nothing of this process's environment.
fn command(line: &str) -> Command {
    let mut words = line.split(' ');
    let name = words.next().unwrap();
    let mut command = Command::new(PROGRAMS.iter().find(|program| program.0 == name).unwrap().1);
    command.args(words).env_clear();
    command
}

fn texts(output: Output) -> (bool, String, String) {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.success(), text(output.stdout), text(output.stderr))
}

/// What it prints on a simulator of its own.
fn run(line: &str) -> (bool, String, String) {
    texts(command(line).output().unwrap())
}

#[test]
fn each_is_shorter_than_thirty_lines() {
    for (name, _) in PROGRAMS {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/bin/{name}.rs"));
        let lines = std::fs::read_to_string(file).unwrap().lines().count();
        println!("example: {name} has {lines} lines");
        assert!(lines < 30, "{name}: {lines}");
    }
}

#[test]
fn without_a_server_they_run_on_a_simulator() {
    let (good, out, err) = run("list_clusters");
    assert!(good && err.contains("embedded simulator"), "{out}{err}");
    assert!(out.contains("c-prod1        active       prod\n") && out.ends_with("4 clusters\n"), "{out}");

    let (good, out, err) = run("create_project prod web-shop");
    assert!(good, "{err}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(
        matches!(lines[..], [a, b, c] if a.starts_with("c-prod1:p-") && a.ends_with("created")
        && b.ends_with("deleted") && c.ends_with("was active")),
        "{out}"
    );

    let (good, out, err) = run("find_by_name settings server-version");
    assert!(good && out.contains("  value: v2."), "{out}{err}");

    let (good, out, err) = run("watch_namespaces c-prod1 --count 3");
    assert!(good && out.lines().filter(|line| line.starts_with("listed  ")).count() == 3, "{out}{err}");

    let (good, out, err) = run("bulk_update team=shop Default");
    assert!(good, "{err}");
    assert_eq!(out.lines().filter(|line| line.ends_with(" updated")).count(), 4, "{out}");

    let (good, out, err) = run("deploy c-prod1 plain web nginx:2");
    assert!(good && out == "web: 2 pods run nginx:2\n", "{out}{err}");

    let (good, out, err) = run("logs c-prod1 plain hello side");
    assert!(good && out == "side started\n", "{out}{err}");
}

#[test]
fn a_failure_is_one_line_and_a_status() {
    for (line, expected) in [
        ("find_by_name projects Default", "4 projects have \"Default\""),
        ("find_by_name projects nowhere", "none of the projects"),
        ("find_by_name project Default", "the collection is projects"),
        ("find_by_name", "usage: find_by_name COLLECTION NAME"),
        ("create_project nowhere shop", "none of the clusters"),
        ("create_project local", "usage: create_project"),
        ("watch_namespaces", "usage: watch_namespaces CLUSTER"),
        ("watch_namespaces local --count x", "--count needs a number"),
        ("bulk_update shop Default", "is not KEY=VALUE"),
        ("bulk_update team=shop nowhere", "no project has such a name"),
        ("deploy c-prod1 plain web", "usage: deploy CLUSTER-ID NAMESPACE NAME IMAGE"),
        ("deploy c-prod1 nowhere web nginx", "namespaces \"nowhere\" not found"),
        ("logs c-prod1 plain hello", "web, side"),
        ("logs c-prod1 plain nowhere", "pods \"nowhere\" not found"),
    ] {
        let (good, out, err) = run(line);
        assert!(!good && out.is_empty(), "{line}: {out}");
        let failures: Vec<&str> = err.lines().filter(|line| line.starts_with("Error: ")).collect();
        assert!(matches!(failures[..], [one] if one.contains(expected)), "{line}: {err}");
    }
}

/// The variables for a server that runs beside, as for a real one.
fn on(simulator: &Simulator<World>, folder: &Path, label: &str, line: &str) -> Command {
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, simulator.ca_pem().unwrap()).unwrap();
    let token = simulator.world(|world| world.labels().tokens[label].clone());
    let mut command = command(line);
    command
        .env("HOME", folder)
        .env("RANCHER_URL", simulator.url())
        .env("RANCHER_TOKEN", token)
        .env("RANCHER_CA_BUNDLE", ca);
    command.env("RANCHER_CLUSTER_ID", "c-prod1");
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn they_run_on_the_server_that_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = simulate().unwrap();
    let client = rancher_client::Client::new(config_of(&simulator, "admin-unscoped").unwrap()).unwrap();
    let run = |label: &str, line: &str| texts(on(&simulator, folder.path(), label, line).output().unwrap());

    let (good, out, err) = run("admin-unscoped", "create_project local kept-shop --keep");
    assert!(good && err.is_empty() && !out.contains("deleted"), "{out}{err}");
    let kept = client.projects().find("kept-shop").await.unwrap();

    let (good, out, _) = run("admin-unscoped", "find_by_name projects kept-shop");
    assert!(good && out.starts_with(kept.id.as_deref().unwrap()), "{out}");

    let label = async || {
        let labels = client.projects().find("kept-shop").await.unwrap().labels.clone().unwrap_or_default();
        labels.get("team").cloned()
    };
    assert!(run("admin-unscoped", "bulk_update team=shop kept-shop").0);
    assert_eq!(label().await.as_deref(), Some("shop"));
    assert!(run("admin-unscoped", "bulk_update team= kept-shop").0);
    assert_eq!(label().await, None);

    // a key of the cluster is enough, and changes are told while it runs
    let cluster = client.cluster("c-prod1").unwrap();
    let namespaces = rancher_client::proxy::Resource::core("namespaces");
    let there = cluster.list(namespaces, Default::default()).collect().await.unwrap().len();
    // what was there, the word that this is all, and three changes
    let line = format!("watch_namespaces c-prod1 --count {}", there + 4);
    let mut command = on(&simulator, folder.path(), "admin-prod", &line);
    let watching = tokio::task::spawn_blocking(move || texts(command.output().unwrap()));
    let changing = async {
        for _ in 0..6000 {
            if simulator.streams().open() > 0 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        for name in ["made-a", "made-b", "made-c"] {
            simulator.world(|world| world.add_namespace("c-prod1", name, None)).unwrap();
        }
    };
    let (watched, ()) = tokio::join!(watching, changing);
    let (good, out, err) = watched.unwrap();
    let added: Vec<&str> = out.lines().filter(|line| line.starts_with("added ")).collect();
    assert!(good && err.is_empty() && added.len() == 3, "{out}{err}");

    assert!(run("admin-unscoped", "create_project local gone-shop").0);
    assert!(client.projects().find("gone-shop").await.is_err(), "it cleans up");

    // a key of one cluster is enough for what is in it
    let (good, out, err) = run("admin-prod", "deploy c-prod1 plain shop nginx");
    assert!(good && out.starts_with("shop: 2 pods run"), "{out}{err}");
    let space = client.cluster("c-prod1").unwrap().namespace("plain").unwrap();
    let follow = |label: &str, line: &str| {
        let mut command = on(&simulator, folder.path(), label, line);
        command.stdout(std::process::Stdio::piped());
        command.spawn().unwrap()
    };
    let pod = space.pods(Default::default()).collect().await.unwrap();
    let pod =
        pod.iter().find_map(|pod| pod.name().filter(|name| name.starts_with("shop-"))).unwrap().to_owned();
    let following = follow("admin-prod", &format!("logs c-prod1 plain {pod} --follow"));
    simulator.world(|world| {
        world.write_log("c-prod1", "plain", &pod, "shop", b"served\n");
        world.end_pod("c-prod1", "plain", &pod);
    });
    let (good, out, _) = texts(following.wait_with_output().unwrap());
    assert!(good && out == "shop started\nserved\n", "{out}");

    // who has no rights sees an empty list; who has a key of one cluster is told so
    let (good, out, _) = run("standard-unscoped", "list_clusters");
    assert!(good && out == "0 clusters\n", "{out}");
    let (good, _, err) = run("admin-prod", "list_clusters");
    assert!(!good && err.lines().count() == 1 && err.contains("scoped to cluster c-prod1"), "{err}");
}
