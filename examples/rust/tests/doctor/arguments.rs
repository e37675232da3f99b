//! What is given on the command line and in the environment, and what must not be shown of it.

use rancher_simulator::{ServerOptions, Simulator, World};
use serde_json::Value;
use std::io::Write;
use std::process::{Command, Output, Stdio};

const SECRET: &str = "s3cr3tmark3rs3cr3tmark3rs3cr3tmark3rs3cr3tmark3rs3cr3t";
/// Nobody listens there.
const NOWHERE: &str = "https://127.0.0.1:9";

struct Run {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Run {
    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {} {}", self.stdout, self.stderr))
    }

    /// Misconfigured, in these words, and nothing is shown that must not be.
    fn is_wrong(&self, words: &str) {
        assert_eq!(self.code, 4, "{words}: {} {}", self.stdout, self.stderr);
        assert!(self.stderr.contains(words), "{words}: {}", self.stderr);
        self.is_clean();
    }

    fn is_clean(&self) {
        assert!(
            !self.stdout.contains(SECRET) && !self.stderr.contains(SECRET),
            "{}{}",
            self.stdout,
            self.stderr
        );
    }
}

/// A home folder, and variables.
struct Machine {
    home: tempfile::TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Machine {
    fn new(variables: &[(&'static str, &str)]) -> Self {
        let variables = variables.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Self { home: tempfile::tempdir().unwrap(), variables }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.home.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doctor"));
        command.args(args).env_clear().env("HOME", self.home.path());
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn run_with(&self, args: &[&str], stdin: &str) -> Run {
        let mut child = self.command(args).spawn().unwrap();
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: status.code().unwrap(), stdout: text(stdout), stderr: text(stderr) }
    }

    fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "")
    }
}

fn token() -> String {
    format!("token-abcde:{SECRET}")
}

#[test]
fn arguments_that_mean_nothing_are_misconfigured_and_not_refused() {
    let machine = Machine::new(&[]);
    machine.run(&["--clutser", "c-prod1"]).is_wrong("unexpected argument");
    let run = machine.run(&["--json", "--clutser", "c-prod1"]);
    run.is_wrong("unexpected argument");
    assert_eq!(run.json()["verdict"], "misconfigured");
    assert!(run.json()["advice"].to_string().contains("--clutser"), "{}", run.stdout);
    for (option, shown) in [("--help", "--witness-token-file"), ("--version", "doctor ")] {
        let run = machine.run(&[option]);
        assert_eq!(run.code, 0, "{option}");
        assert!(run.stdout.contains(shown) && run.stderr.is_empty(), "{option}");
    }
    machine.run(&["--timeout", "0"]).is_wrong("--timeout is not between");
}

#[test]
fn no_secret_in_the_wrong_argument_is_shown() {
    let machine = Machine::new(&[]);
    let token = token();
    for args in [
        &[token.as_str()][..],
        &[SECRET],
        &["--timeout", &token],
        &["--timeout", SECRET],
        &["--url", &format!("https://u:{SECRET}@rancher.example.com")],
        &["--url", &format!("https://rancher.example.com/?token={SECRET}")],
        &["--url", &format!("https://rancher.example.com/{token}")],
        &["--url", &token],
        &["--url", NOWHERE, "--cluster", &token],
        &["--url", NOWHERE, "--cluster", "c-prod1", "--namespace", &token],
        &["--url", NOWHERE, "--namespace", SECRET],
        &["--url", NOWHERE, "--cluster", "c-prod1", "--can-i", &token],
        &["--url", NOWHERE, "--also", &token],
        &["--url", NOWHERE, "--key-is-for", &token],
        &["--url", NOWHERE, "--witness-token-file", &token],
        &["--url", NOWHERE, "--token", &format!("{SECRET}:token-abcde")],
        &["--server", &token],
        &["--kubeconfig", &token],
        &["--context", &token],
        &["--cluster", SECRET],
    ] {
        machine.run(args).is_wrong("");
        let run = machine.run(&[&["--json", "--show-config"], args].concat());
        run.is_wrong("");
        assert_eq!(run.json()["verdict"], "misconfigured", "{args:?}");
    }
    let run = machine.run(&["--json", "--url", NOWHERE, "--cluster", "c-prod1", "--namespace", "Shop_Web"]);
    assert_eq!((run.code, run.json()["cluster"]["id"].as_str()), (4, Some("c-prod1")));
    assert_eq!(run.json()["server"]["url"], NOWHERE);
    assert!(run.json()["namespace"]["name"].is_null());
}

#[test]
fn halves_that_are_turned_round_are_not_shown_as_a_name() {
    let turned = format!("{SECRET}:token-abcde");
    let machine = Machine::new(&[("RANCHER_URL", NOWHERE), ("RANCHER_TOKEN", &turned)]);
    machine.run(&["--show-config"]).is_wrong("the two halves are turned round");
    let pair =
        [("RANCHER_URL", NOWHERE), ("RANCHER_ACCESS_KEY", SECRET), ("RANCHER_SECRET_KEY", "token-abcde")];
    Machine::new(&pair).run(&["--show-config"]).is_wrong("RANCHER_ACCESS_KEY = set");
}

#[test]
fn an_empty_token_does_not_make_it_look_elsewhere() {
    let machine = Machine::new(&[("RANCHER_URL", NOWHERE), ("RANCHER_TOKEN", &token())]);
    machine.run(&["--token", "-"]).is_wrong("standard input held no token");
    machine.run_with(&["--token", "-"], " \n").is_wrong("standard input held no token");
    machine.run(&["--token", ""]).is_wrong("--token is empty");
    machine.run(&["--token="]).is_wrong("--token is empty");
    machine.run(&["--url", ""]).is_wrong("--url is empty");
}

#[test]
fn a_token_that_cannot_be_used_is_named_and_one_that_is_not_sent_too() {
    let url = ["--json", "--url", NOWHERE];
    Machine::new(&[("RANCHER_TOKEN", SECRET)]).run(&url).is_wrong("RANCHER_TOKEN: the token is not usable");
    let other = token().replace("abcde", "fghij");
    Machine::new(&[("RANCHER_TOKEN", &token()), ("RANCHER_BEARER_TOKEN", &other)])
        .run(&url)
        .is_wrong("disagree about the token");
    let elsewhere = [("RANCHER_URL", "https://rancher.example.com"), ("RANCHER_TOKEN", &token())];
    let run = Machine::new(&elsewhere).run(&url);
    run.is_clean();
    let why = "it is for https://rancher.example.com; a token never goes to another URL";
    assert!(run.stderr.contains(why), "{}", run.stderr);
    assert!(run.json()["advice"].to_string().contains(why), "{}", run.stdout);
    assert_eq!(run.json()["credential"]["verdict"], "missing");
}

#[test]
fn what_needs_a_cluster_takes_it_from_wherever_it_is_found() {
    let right = ["--can-i", "get:pods", "--timeout", "2"];
    let namespace = ["--namespace", "shop-web", "--timeout", "2"];
    let own = [("RANCHER_URL", NOWHERE), ("RANCHER_TOKEN", &token())];
    let with = |more: (&'static str, &str)| Machine::new(&[own[0], own[1], more]);
    for machine in [Machine::new(&own), with(("RANCHER_CLUSTER_ID", " "))] {
        machine.run(&right).is_wrong("--can-i needs a cluster");
        machine.run(&namespace).is_wrong("--namespace needs a cluster");
    }
    for machine in [with(("RANCHER_CLUSTER_ID", "c-prod1")), with(("CAAS_PROJECT", "c-prod1:p-abcde"))] {
        for args in [right, namespace] {
            let run = machine.run(&args);
            assert_eq!(run.code, 3, "{}", run.stderr);
        }
    }
    let file = format!(
        r#"{{"Servers":{{"prod":{{"url":"{NOWHERE}","tokenKey":"{}","project":"c-prod1:p-abcde"}}}},"CurrentServer":"prod"}}"#,
        token()
    );
    let machine = Machine::new(&[]).file(".rancher/cli2.json", &file);
    assert_eq!(machine.run(&[&["--server", "prod"], &right[..]].concat()).code, 3);
}

#[test]
fn what_is_meant_for_a_real_server_never_runs_the_demonstration() {
    let machine = Machine::new(&[]);
    for args in [
        &["--token", "-"][..],
        &["--cluster", "c-prod1"],
        &["--namespace", "shop-web"],
        &["--can-i", "get:pods"],
        &["--also", "c-prod1"],
        &["--key-is-for", "global"],
        &["--witness-token-file", "token"],
        &["--ca-file", "ca.pem"],
        &["--insecure"],
    ] {
        machine.run(args).is_wrong(&format!("{} is given and no server is named: set RANCHER_URL", args[0]));
    }
    for name in ["RANCHER_TOKEN", "RANCHER_BEARER_TOKEN", "RANCHER_SECRET_KEY", "CATTLE_ACCESS_KEY"] {
        Machine::new(&[(name, &token())]).run(&[]).is_wrong("no server is named");
    }
    let cli = format!(
        r#"{{"Servers":{{"prod":{{"url":"{NOWHERE}","tokenKey":"{}"}}}},"CurrentServer":"prod"}}"#,
        token()
    );
    let kube = format!(
        "current-context: shop\nclusters: [{{name: c, cluster: {{server: '{NOWHERE}/k8s/clusters/c-prod1'}}}}]\n\
         contexts: [{{name: shop, context: {{cluster: c, user: u}}}}]\nusers: [{{name: u, user: {{token: '{}'}}}}]\n",
        token()
    );
    let machine = machine.file(".rancher/cli2.json", &cli).file(".kube/config", &kube);
    let run = machine.run(&["--json", "--cluster", "c-prod1"]);
    run.is_wrong(r#"cli2.json names one: --server "prod""#);
    run.is_wrong(r#"the kubeconfig names one: --context "shop""#);
    assert!(run.json()["advice"].to_string().contains("--server"), "{}", run.stdout);
    // what does not matter to it may be given
    let run = machine.run(&["--json", "--timeout", "8", "--show-config"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.json().as_array().is_some_and(|cases| cases.len() > 10));
    assert!(run.stderr.contains("cli2.json"), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_no_success() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let guard = runtime.enter();
    let simulator = Simulator::serve(World::record(7), ServerOptions::default()).unwrap();
    drop(guard);
    let token = simulator.world(|world| world.labels().tokens["admin-unscoped"].clone());
    let machine = Machine::new(&[
        ("RANCHER_URL", simulator.url()),
        ("RANCHER_TOKEN", &token),
        ("RANCHER_INSECURE", "true"),
    ]);
    assert_eq!(machine.run(&[]).code, 0);
    for args in [&[][..], &["--json"], &["--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = machine.command(args).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(4), "{args:?}: {stderr}");
        assert!(stderr.contains("standard output cannot be written"), "{stderr}");
    }
}
