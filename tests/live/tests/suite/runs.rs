//! The live suite on the simulator as on a stranger's server, of which it knows the URL, a key and the authority. It ends
//! well with every kind of key, names what it leaves out, and leaves nothing behind.

use rancher_client::config::{Config, Trust};
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::v3::Query;
use rancher_client::wire::{Object, ServerUrl};
use rancher_client::{Client, Credential};
use rancher_simulator::{ServerOptions, Simulator, World};
use serde_json::json;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

const PROD: &str = "c-prod1";

/// No run takes longer, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(240);

/// What is always skipped here: the packages of other languages.
const ALWAYS: [&str; 2] = ["python", "node"];

/// The one repository of charts that the simulated clusters reach.
const CHARTS: [&str; 4] = ["--charts", "https://charts.example.com/shop", "--chart", "web"];

struct Place {
    simulator: Simulator<World>,
    folder: tempfile::TempDir,
}

/// What a run said, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn names(&self, word: &str) -> BTreeSet<&str> {
        let lines = self.out.lines().filter_map(|line| line.strip_prefix(word));
        lines.filter_map(|line| line.split_whitespace().next()).collect()
    }

    fn skipped(&self) -> BTreeSet<&str> {
        self.names("skipped ")
    }

    fn sum(&self) -> &str {
        self.out.lines().last().unwrap_or_default()
    }

    #[track_caller]
    fn went_well(&self) {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        assert!(self.sum().contains(" 0 failed"), "{}", self.out);
    }
}

impl Place {
    fn new() -> Self {
        let mut world = World::record(11);
        world.run_nodes(PROD, Duration::from_millis(200));
        let options = ServerOptions { delay_scale: 0.0, ..ServerOptions::default() };
        Self { simulator: Simulator::serve(world, options).unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    fn token(&self, label: &str) -> String {
        self.simulator.world(|world| world.labels().tokens[label].clone())
    }

    fn client(&self, label: &str) -> Client {
        let server = ServerUrl::parse(self.simulator.url(), false).unwrap();
        let mut config = Config::new(server, Credential::parse(&self.token(label)).unwrap());
        config.trust = Trust::CaPem(self.simulator.ca_pem().unwrap().to_owned());
        Client::new(config).unwrap()
    }

    /// The program, with nothing in its environment but what a stranger's server needs.
    fn command(&self, label: &str, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_live"));
        command.env_clear().args(args).envs([
            ("RANCHER_URL", self.simulator.url()),
            ("RANCHER_TOKEN", &self.token(label)),
            ("RANCHER_CA_CERTS", self.simulator.ca_pem().unwrap()),
            ("HOME", self.folder.path().to_str().unwrap()),
            ("TMPDIR", self.folder.path().to_str().unwrap()),
        ]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    async fn run(&self, label: &str, args: &[&str]) -> Said {
        let said = self.command(label, args).output();
        let said = tokio::time::timeout(PATIENCE, said).await.expect("it ends").unwrap();
        let [out, err] = [said.stdout, said.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let secret = self.token(label);
        assert!(
            !format!("{out}{err}").contains(secret.rsplit(':').next().unwrap()),
            "the key's secret is shown"
        );
        Said { code: said.status.code(), out, err }
    }

    /// Everything that a run could have made, as an administrator sees it; of keys, those of this key's user.
    async fn there(&self, label: &str) -> BTreeSet<String> {
        let admin = self.client("admin-unscoped");
        let mut there = BTreeSet::new();
        let mut take = |what: &str, objects: Vec<rancher_client::wire::Kept<Object>>| {
            there.extend(objects.iter().map(|object| {
                let id = object.id().map(str::to_owned);
                let id = id.unwrap_or_else(|| format!("{:?}/{:?}", object.namespace(), object.name()));
                format!("{what} {id}")
            }));
        };
        for what in [
            "clusters",
            "clusterregistrationtokens",
            "projects",
            "projectroletemplatebindings",
            "clusterroletemplatebindings",
            "globalrolebindings",
            "users",
            "settings",
        ] {
            take(what, admin.v3().collection(what).unwrap().list(Query::all()).collect().await.unwrap());
        }
        let user = label.split('-').next().unwrap();
        let own = self.client(&format!("{user}-unscoped"));
        let ext = own.ext().tokens().list().await.unwrap();
        take("tokens", own.v3().collection("tokens").unwrap().list(Query::all()).collect().await.unwrap());
        let kinds = ["namespaces", "configmaps", "secrets", "pods", "resourcequotas"].map(Resource::core);
        for cluster in ["local", PROD] {
            let cluster = admin.cluster(cluster).unwrap();
            for kind in kinds.into_iter().chain([Resource::of("apps", "v1", "deployments")]) {
                let objects = cluster.list(kind, ListOptions::default()).collect().await.unwrap();
                take(&format!("{} of {}", kind.plural, cluster.id()), objects);
            }
        }
        there.extend(ext.into_iter().map(|token| format!("ext token {}", token.name)));
        there
    }

    fn journals(&self) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.folder.path()).unwrap().map(|file| file.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).collect()
    }

    /// Runs the suite with this key and holds what is there afterwards against what was there before.
    async fn leaves_nothing(&self, label: &str, args: &[&str]) -> Said {
        let before = self.there(label).await;
        let said = self.run(label, args).await;
        let after = self.there(label).await;
        let made: Vec<_> = after.difference(&before).collect();
        let lost: Vec<_> = before.difference(&after).collect();
        assert!(
            made.is_empty() && lost.is_empty(),
            "left: {made:?}\nlost: {lost:?}\n{}\n{}",
            said.out,
            said.err
        );
        assert_eq!(self.journals(), Vec::<PathBuf>::new(), "the journal goes with what it is of");
        said
    }
}

fn set<'a>(names: &[&'a str]) -> BTreeSet<&'a str> {
    names.iter().copied().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_skips_nothing() {
    let place = Place::new();
    let said = place.leaves_nothing("admin-unscoped", &CHARTS).await;
    said.went_well();
    assert_eq!(said.skipped(), set(&ALWAYS));
    assert!(
        said.out.contains("cluster  c-prod1\n") && said.out.contains("not scoped to a cluster\n"),
        "{}",
        said.out
    );
    let first_case = said.out.find("ok ").unwrap();
    assert!(
        said.out.find("may      create").unwrap() < first_case,
        "rights are told before anything is done"
    );
    println!("live as admin: {}", said.sum());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ext_token_does_as_well() {
    let place = Place::new();
    let said = place.leaves_nothing("ext-unscoped", &[]).await;
    said.went_well();
    assert_eq!(said.skipped(), set(&["apps", "python", "node"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_has_a_project_and_makes_no_namespace_that_would_stay() {
    let place = Place::new();
    let said = place.leaves_nothing("member-unscoped", &[]).await;
    said.went_well();
    for name in ["project", "quota", "binding", "scoped_key", "unscoped_key"] {
        assert!(said.names("ok ").contains(name), "{}", said.out);
    }
    assert!(said.skipped().contains("secrets"), "{}", said.out);
    assert!(said.out.contains("the user may not delete namespaces in c-prod1"), "{}", said.out);
    println!("live as member: {}", said.sum());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scoped_key_works_in_its_cluster() {
    let place = Place::new();
    let said = place.leaves_nothing("admin-prod", &["--cluster", PROD]).await;
    said.went_well();
    let left_out = [
        "v3_filters",
        "v3_find",
        "project",
        "quota",
        "binding",
        "pod_quota",
        "unscoped_key",
        "ext_token",
        "login",
        "import",
    ];
    assert_eq!(said.skipped(), set(&[&left_out[..], &["apps", "python", "node"]].concat()), "{}", said.out);
    assert!(said.out.contains("the key is scoped to cluster c-prod1"), "{}", said.out);
    println!("live as scoped key: {}", said.sum());

    let unnamed = place.run("admin-prod", &[]).await;
    assert_eq!(unnamed.code, Some(2), "which cluster it is of cannot be known");
    assert!(unnamed.err.contains("--cluster or RANCHER_CLUSTER_ID"), "{}", unnamed.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_may_only_read_only_reads() {
    let place = Place::new();
    for (label, args) in
        [("ro-prod", &["--cluster", PROD][..]), ("ro-unscoped", &[]), ("standard-unscoped", &[])]
    {
        let said = place.leaves_nothing(label, args).await;
        said.went_well();
        for name in ["secrets", "watch_kubernetes", "rollout"] {
            assert!(said.skipped().contains(name), "{label}: {}", said.out);
        }
        assert!(said.names("ok ").contains("wrong_key"), "{label}: {}", said.out);
        println!("live as {label}: {}", said.sum());
    }
    // it may make a namespace in that project, and could not delete it
    let said = place.leaves_nothing("pmember-unscoped", &["--project", "c-prod1:p-qwwv5"]).await;
    said.went_well();
    assert!(said.out.contains("the user may not delete namespaces of c-prod1:p-qwwv5"), "{}", said.out);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_sends_nothing_that_changes_anything() {
    let place = Place::new();
    place.simulator.journal().clear();
    let said = place.run("admin-unscoped", &["--read-only"]).await;
    said.went_well();
    let entries = place.simulator.journal().entries();
    assert!(entries.len() > 20);
    for entry in entries {
        // questions about oneself, which Kubernetes and Rancher want as a POST; nothing is kept of them
        let about_oneself = ["selfsubject", "selfusers"].iter().any(|kind| entry.target.contains(kind));
        let asks = about_oneself && entry.method == "POST";
        assert!(entry.method == "GET" || asks, "{} {}", entry.method, entry.target);
    }
    assert_eq!(place.journals(), Vec::<PathBuf>::new());
}

/// A run whose lines are read while it goes on.
struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    run: String,
}

async fn until(place: &Place, case: &str) -> Running {
    let mut child = place.command("admin-unscoped", &[]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut run = String::new();
    loop {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await.expect("it goes on").unwrap();
        let line = line.expect("it is not over before that case");
        if let Some(name) = line.strip_prefix("run ") {
            run = name.trim().to_owned();
        }
        if line.starts_with(&format!("ok       {case} ")) {
            return Running { child, lines, run };
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_interrupted_cleans_up() {
    let place = Place::new();
    let before = place.there("admin-unscoped").await;
    for signal in ["-INT", "-TERM"] {
        let mut running = until(&place, "conflicts").await;
        assert_ne!(place.there("admin-unscoped").await, before, "it is in the middle");
        let pid = running.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().await.unwrap().success());
        let ended = tokio::time::timeout(PATIENCE, running.child.wait()).await.expect("it ends").unwrap();
        let mut rest = String::new();
        while let Some(line) = running.lines.next_line().await.unwrap() {
            rest.push_str(&line);
            rest.push('\n');
        }
        let mut said = String::new();
        running.child.stderr.take().unwrap().read_to_string(&mut said).await.unwrap();
        assert_eq!(ended.code(), Some(130), "{rest}{said}");
        assert!(rest.contains("ok       clean") && said.contains("interrupted: cleaning up"), "{rest}{said}");
        assert_eq!(place.there("admin-unscoped").await, before);
        assert_eq!(place.journals(), Vec::<PathBuf>::new());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_and_a_cluster_of_a_killed_run_are_cleaned_too() {
    let place = Place::new();
    let before = place.there("admin-unscoped").await;
    // the case that follows has made its cluster when it waits for an agent, which takes three seconds
    let mut running = until(&place, "login").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    running.child.kill().await.unwrap();
    let left = place.there("admin-unscoped").await;
    for what in ["clusters c-", "users u-", "globalrolebindings grb-"] {
        assert!(left.difference(&before).any(|thing| thing.starts_with(what)), "{what}: {left:?}");
    }
    let cleaned = place.run("admin-unscoped", &["--clean", &running.run]).await;
    assert_eq!(cleaned.code, Some(0), "{}{}", cleaned.out, cleaned.err);
    assert_eq!(place.there("admin-unscoped").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_leaves_is_cleaned_by_its_name_and_nothing_else() {
    let place = Place::new();
    let before = place.there("admin-unscoped").await;
    let mut running = until(&place, "namespace_seen").await;
    running.child.kill().await.unwrap();
    let run = running.run.as_str();
    assert_ne!(place.there("admin-unscoped").await, before);
    let [journal] = &place.journals()[..] else { panic!("one journal: {:?}", place.journals()) };
    let text = std::fs::read_to_string(journal).unwrap();
    assert!(text.contains("\"namespace\"") && text.contains("\"project\"") && text.contains(run), "{text}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(journal).unwrap().permissions().mode() & 0o777, 0o600);
    }
    assert!(!text.contains(place.token("admin-unscoped").rsplit(':').next().unwrap()));

    // what others made and bears one half of the mark only
    let admin = place.client("admin-unscoped");
    let projects = admin.v3().collection("projects").unwrap();
    let theirs = json!({"type": "project", "clusterId": PROD, "name": format!("sdk-live-{run}")});
    let theirs = projects.create(&Object::try_from(theirs).unwrap()).await.unwrap();
    let namespaces = admin.v3().in_cluster(&PROD.parse().unwrap()).collection("namespaces").unwrap();
    let labelled = json!({"type": "namespace", "name": "shop-blog", "labels": {"sdk-live-run": run}});
    namespaces.create(&Object::try_from(labelled).unwrap()).await.unwrap();

    let scoped = place.run("admin-prod", &["--cluster", PROD, "--clean", run]).await;
    assert_eq!(scoped.code, Some(1), "a scoped key cannot delete a project: {}", scoped.out);
    assert!(scoped.err.contains("takes a key without a scope"), "{}", scoped.err);
    assert_eq!(
        place.run("admin-unscoped", &["--clean", "0123456789"]).await.code,
        Some(0),
        "of another run nothing is there"
    );
    assert_eq!(place.journals().len(), 1);

    let other = place.run("member-unscoped", &["--clean", run]).await;
    assert_eq!(
        other.code,
        Some(1),
        "who cannot see the run's keys cannot say that they are gone: {}",
        other.out
    );
    assert!(other.err.contains("'s, and this key is"), "{}", other.err);
    assert_eq!(place.journals().len(), 1);

    let cleaned = place.run("admin-unscoped", &["--clean", run]).await;
    assert_eq!(cleaned.code, Some(0), "{}{}", cleaned.out, cleaned.err);
    assert!(cleaned.out.contains(&format!("run {run}: 2 things deleted")), "{}", cleaned.out);
    assert_eq!(place.journals(), Vec::<PathBuf>::new());
    namespaces.get("shop-blog").await.unwrap();
    projects.get(theirs.id().unwrap()).await.unwrap();
    namespaces.delete("shop-blog").await.unwrap();
    projects.delete(theirs.id().unwrap()).await.unwrap();
    assert_eq!(place.there("admin-unscoped").await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_fails_and_is_cleaned_up_all_the_same() {
    let place = Place::new();
    let rule = "PUT /k8s/clusters/c-prod1/api/v1/namespaces/*/configmaps/* status:500";
    place.simulator.faults().set(vec![rule.parse().unwrap()]);
    let only = ["--only", "secrets", "--only", "config_maps", "--only", "conflicts"];
    let said = place.leaves_nothing("admin-unscoped", &only).await;
    assert_eq!(said.code, Some(1), "{}", said.out);
    assert_eq!(said.names("FAILED "), set(&["config_maps", "conflicts"]), "{}", said.out);
    assert_eq!(said.names("ok "), set(&["secrets", "clean"]), "{}", said.out);
    assert_eq!(said.sum(), "2 passed, 2 failed");
    // a server on which nothing can be deleted: what is left is said, with how to clean it up
    place
        .simulator
        .faults()
        .set(vec!["DELETE /k8s/clusters/c-prod1/api/v1/namespaces/* status:500".parse().unwrap()]);
    let stuck = place.run("admin-unscoped", &["--only", "secrets"]).await;
    assert_eq!(stuck.code, Some(1), "{}", stuck.out);
    assert!(stuck.names("FAILED ").contains("clean"), "{}", stuck.out);
    let run = stuck.out.lines().find_map(|line| line.strip_prefix("run ")).unwrap().trim();
    assert!(stuck.err.contains(&format!("tests/run --live --clean {run}")), "{}", stuck.err);
    let [journal] = &place.journals()[..] else { panic!("the journal stays") };
    assert!(stuck.err.contains(journal.to_str().unwrap()), "{}", stuck.err);
    place.simulator.faults().set(Vec::new());
    assert_eq!(place.run("admin-unscoped", &["--clean", run]).await.code, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_server_is_an_error_and_nothing_is_sent() {
    let place = Place::new();
    place.simulator.journal().clear();
    for (name, hint) in [("RANCHER_URL", "RANCHER_URL is not set"), ("RANCHER_TOKEN", "no credential")] {
        let said = place.command("admin-unscoped", &[]).env_remove(name).output().await.unwrap();
        assert_eq!(said.status.code(), Some(2), "without {name}");
        let said = String::from_utf8(said.stderr).unwrap();
        assert!(said.contains(hint), "{said}");
    }
    for args in [&["--only", "nosuch"][..], &["--clean", "../x"], &["--cluster", "c-1:p-1"]] {
        assert_eq!(place.run("admin-unscoped", args).await.code, Some(2), "{args:?}");
    }
    assert_eq!(place.simulator.journal().entries().len(), 0);
    assert_eq!(place.run("deleted", &[]).await.code, Some(2), "a key that nobody accepts");
}
