//! The program against the simulated record.

use rancher_simulator::{Agent, ServerOptions, Simulator, World};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

struct Lab {
    _runtime: tokio::runtime::Runtime,
    simulator: Option<Simulator<World>>,
    folder: tempfile::TempDir,
    url: String,
    tokens: BTreeMap<String, String>,
}

impl Lab {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let simulator = {
            let _guard = runtime.enter();
            Simulator::serve(World::record(7), ServerOptions::default()).unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), simulator.ca_pem().unwrap()).unwrap();
        let url = simulator.url().to_owned();
        let tokens = simulator.world(|world| world.labels().tokens.clone());
        Self { _runtime: runtime, simulator: Some(simulator), folder, url, tokens }
    }

    fn simulator(&self) -> &Simulator<World> {
        self.simulator.as_ref().unwrap()
    }

    fn token(&self, label: &str) -> &str {
        &self.tokens[label]
    }

    /// Runs the program with nothing of this process's environment but the path.
    fn doctor(&self, args: &[&str], stdin: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_doctor"))
            .args(args)
            .env_clear()
            .env("HOME", self.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // a program that does not read it closes the pipe
        let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn diagnose(&self, label: &str, more: &[&str]) -> (i32, Value, Output) {
        let ca = self.folder.path().join("ca.pem");
        let mut args = vec!["--json", "--url", &self.url, "--ca-file", ca.to_str().unwrap()];
        let token = if label == "anonymous" { String::new() } else { self.token(label).to_owned() };
        if label != "anonymous" {
            args.extend(["--token", "-"]);
        }
        args.extend(more);
        let output = self.doctor(&args, &token);
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{label} {more:?}: {error}: {}", String::from_utf8_lossy(&output.stderr))
        });
        (output.status.code().unwrap(), json, output)
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.simulator.take();
    }
}

/// What the diagnosis must be: credential verdict, scope, confidence, cluster verdict, the whole. Written from the
/// meaning of the labels in the record, not from the program.
fn expected(label: &str, cluster: &str) -> [&'static str; 5] {
    const UNDETERMINED: [&str; 5] = ["undetermined", "unknown", "null", "unknown", "undetermined"];
    match label {
        "anonymous" => ["missing", "unknown", "proven", "unknown", "misconfigured"],
        // nonsense is refused before it is sent
        "garbage" => ["missing", "unknown", "null", "unknown", "misconfigured"],
        "unknown-name" | "wrong-secret" | "deleted" | "off" | "expired" | "expired-prod" => UNDETERMINED,
        _ if label.starts_with("disabled-") => UNDETERMINED,
        _ => {
            let (user, key) = label.split_once('-').unwrap();
            let home = match (user, key) {
                ("ext", _) => None,
                (_, "unscoped" | "session") => None,
                (_, "local") => Some("local"),
                (_, "prod") => Some("c-prod1"),
                (_, "stage") => Some("c-stag1"),
                other => panic!("{other:?}"),
            };
            let admin = matches!(user, "admin" | "ext");
            // a member of local and c-prod1, or of a project in them, sees those clusters; nobody but an
            // administrator sees c-stag1
            let member = matches!(user, "member" | "pmember" | "ro") && cluster != "c-stag1";
            let there = match cluster {
                _ if !admin && !member && (cluster != "local") => "no_access",
                "c-stag1" => "unavailable",
                // `local` answers /version to every living credential that reaches it (recorded: standard-unscoped)
                _ => "reachable",
            };
            let whole = if there == "reachable" { "usable" } else { "limited" };
            match home {
                None => ["valid", "global", "proven", there, whole],
                Some(home) if home == cluster => ["valid", "cluster", "proven", there, whole],
                // `local` is always tried
                Some("local") => ["valid", "cluster", "proven", "unknown", "limited"],
                Some(_) => UNDETERMINED,
            }
        }
    }
}

const KEYS: [(&str, &[&str]); 4] = [
    ("server", &["url", "reachable", "version", "tls"]),
    ("credential", &["kind", "name", "verdict", "scope", "cluster", "confidence", "causes", "expires_at"]),
    ("cluster", &["id", "verdict"]),
    ("namespace", &["name", "verdict"]),
];

fn assert_keys(json: &Value) {
    let keys =
        |value: &Value| value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>();
    let set = |names: &[&str]| {
        names.iter().map(|name| (*name).to_owned()).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(
        keys(json),
        set(&["server", "credential", "cluster", "namespace", "probes", "verdict", "advice"])
    );
    for (part, names) in KEYS {
        assert_eq!(keys(&json[part]), set(names), "{part}");
    }
    for probe in json["probes"].as_array().unwrap() {
        assert_eq!(keys(probe), set(&["method", "path", "status", "accepted", "ms"]));
    }
    if !json["server"]["tls"].is_null() {
        assert_eq!(keys(&json["server"]["tls"]), set(&["verified", "sha256", "not_after"]));
    }
}

#[test]
fn every_recorded_credential_on_three_clusters() {
    let lab = Lab::start();
    let mut labels: Vec<&str> = lab.tokens.keys().map(String::as_str).collect();
    labels.push("anonymous");
    assert!(labels.len() >= 22, "{labels:?}");
    let mut wrong = Vec::new();
    let mut runs = 0;
    for label in labels {
        for cluster in ["c-prod1", "c-stag1", "local"] {
            let (code, json, output) = lab.diagnose(label, &["--cluster", cluster]);
            runs += 1;
            assert_keys(&json);
            let text = |value: &Value| value.as_str().unwrap_or("null").to_owned();
            let found = [
                text(&json["credential"]["verdict"]),
                text(&json["credential"]["scope"]),
                text(&json["credential"]["confidence"]),
                text(&json["cluster"]["verdict"]),
                text(&json["verdict"]),
            ];
            let must = expected(label, cluster);
            let exit = match must[4] {
                "usable" => 0,
                "limited" => 1,
                "refused" => 2,
                "misconfigured" => 4,
                _ => 5,
            };
            if found != must || code != exit {
                wrong.push(format!("{label} on {cluster}: {found:?} ({code}), must be {must:?} ({exit})"));
            }
            if label != "anonymous" {
                let secret = lab.token(label).rsplit(':').next().unwrap();
                let shown = [output.stdout, output.stderr].concat();
                assert!(!String::from_utf8_lossy(&shown).contains(secret), "{label}: the secret is shown");
            }
        }
    }
    println!("doctor: {} of {runs} diagnoses as expected", runs - wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_key_of_another_cluster_is_found_when_that_cluster_is_asked() {
    let lab = Lab::start();
    let (code, json, _) =
        lab.diagnose("admin-stage", &["--cluster", "c-prod1", "--also", "c-stag1", "c-edge1"]);
    assert_eq!(
        (code, &json["credential"]["verdict"], &json["credential"]["cluster"]),
        (1, &"valid".into(), &"c-stag1".into())
    );
    assert_eq!(json["credential"]["confidence"], "proven");
}

#[test]
fn what_the_user_says_of_the_key_is_asserted() {
    let lab = Lab::start();
    for (label, is_for, code, verdict, confidence) in [
        ("expired", "global", 2, "refused", "asserted"),
        ("expired-prod", "c-prod1", 2, "refused", "asserted"),
        // what is said is ruled out by what is seen
        ("admin-prod", "global", 0, "valid", "proven"),
        ("admin-unscoped", "c-stag1", 0, "valid", "proven"),
        // true, and the key lives: that cluster is asked
        ("admin-stage", "c-stag1", 1, "valid", "proven"),
    ] {
        let (exit, json, _) = lab.diagnose(label, &["--cluster", "c-prod1", "--key-is-for", is_for]);
        let found = (
            exit,
            json["credential"]["verdict"].as_str().unwrap(),
            json["credential"]["confidence"].as_str().unwrap(),
        );
        assert_eq!(found, (code, verdict, confidence), "{label} said to be for {is_for}: {json:#}");
    }
}

#[test]
fn a_witness_settles_it() {
    let lab = Lab::start();
    let file = lab.folder.path().join("witness");
    std::fs::write(&file, lab.token("admin-unscoped")).unwrap();
    for (label, code, verdict, cause) in [
        ("expired", 2, "refused", Some("expired")),
        ("expired-prod", 2, "refused", Some("expired")),
        ("deleted", 2, "refused", Some("deleted")),
        ("unknown-name", 2, "refused", Some("deleted")),
        ("off", 2, "refused", Some("switched_off")),
        ("disabled-unscoped", 2, "refused", Some("user_disabled")),
        ("wrong-secret", 2, "refused", Some("wrong_secret")),
        ("admin-stage", 1, "valid", None),
        ("admin-prod", 0, "valid", None),
    ] {
        let (exit, json, _) =
            lab.diagnose(label, &["--cluster", "c-prod1", "--witness-token-file", file.to_str().unwrap()]);
        assert_eq!(
            (exit, json["credential"]["verdict"].as_str().unwrap()),
            (code, verdict),
            "{label}: {json:#}"
        );
        let causes: Vec<&str> =
            json["credential"]["causes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(causes, cause.into_iter().collect::<Vec<_>>(), "{label}");
        assert_eq!(json["credential"]["confidence"], "proven", "{label}");
    }
    // a witness that sees only its own tokens does not prove that another's is gone
    std::fs::write(&file, lab.token("standard-unscoped")).unwrap();
    let (exit, json, _) = lab.diagnose("deleted", &["--witness-token-file", file.to_str().unwrap()]);
    assert_eq!((exit, json["verdict"].as_str().unwrap()), (5, "undetermined"));
}

#[test]
fn a_witness_that_cannot_see_the_user_leaves_the_causes_open() {
    let lab = Lab::start();
    let file = lab.folder.path().join("witness");
    std::fs::write(&file, lab.token("admin-unscoped")).unwrap();
    lab.simulator().faults().add("GET /v3/users/** status:500".parse().unwrap());
    let (code, json, _) = lab.diagnose("wrong-secret", &["--witness-token-file", file.to_str().unwrap()]);
    assert_eq!((code, &json["credential"]["confidence"]), (2, &"proven".into()), "{json:#}");
    let causes = serde_json::json!(["wrong_secret", "user_disabled", "token_refused"]);
    assert_eq!(json["credential"]["causes"], causes);
    // each of the witness's calls is made once
    let asked = lab.simulator().faults().counts();
    assert_eq!(asked[0].seen, 1, "{asked:?}");
}

#[test]
fn nothing_of_a_diagnosis_stays_with_the_client() {
    use rancher_client::scope::KeyScope;
    use rancher_client::workflow::doctor::{CredentialVerdict, DoctorOptions};
    let lab = Lab::start();
    let server = rancher_client::wire::ServerUrl::parse(&lab.url, false).unwrap();
    let credential = rancher_client::credentials::Credential::parse(lab.token("expired")).unwrap();
    let mut config = rancher_client::config::Config::new(server, credential);
    let ca = lab.simulator().ca_pem().unwrap().to_owned();
    config.trust = rancher_client::config::Trust::CaPem(ca);
    let client = rancher_client::Client::new(config).unwrap();
    let said = DoctorOptions { key_is_for: Some(KeyScope::Global), ..DoctorOptions::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verdict = |options| runtime.block_on(client.doctor(options)).unwrap().credential.verdict;
    assert_eq!(verdict(said), CredentialVerdict::Refused);
    assert_eq!(client.ledger().scope(), None, "what was said in one run is not known in the next");
    assert_eq!(verdict(DoctorOptions::default()), CredentialVerdict::Undetermined);
}

#[test]
fn namespaces_and_rights() {
    let lab = Lab::start();
    let asked = |label: &str, namespace: &str, rights: &[&str]| {
        let mut args = vec!["--cluster", "c-prod1", "--namespace", namespace];
        if !rights.is_empty() {
            args.push("--can-i");
            args.extend(rights);
        }
        let (code, json, _) = lab.diagnose(label, &args);
        (code, json["namespace"]["verdict"].as_str().unwrap().to_owned())
    };
    assert_eq!(
        asked("admin-prod", "shop-web", &["get:pods", "create:deployments.apps"]),
        (0, "accessible".into())
    );
    assert_eq!(asked("admin-prod", "nosuch", &[]), (1, "not_found".into()));
    assert_eq!(asked("member-prod", "shop-web", &[]), (1, "no_access".into()));
    assert_eq!(asked("ro-prod", "shop-web", &["get:pods"]), (0, "accessible".into()));
    assert_eq!(asked("ro-prod", "shop-web", &["create:pods"]), (1, "accessible".into()));
    assert_eq!(asked("standard-unscoped", "shop-web", &[]), (1, "unknown".into()));
}

#[test]
fn a_dead_agent_costs_seconds() {
    let lab = Lab::start();
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    lab.simulator().world(|world| world.set_agent("c-prod1", Agent::Gone { since })).unwrap();
    for label in ["admin-unscoped", "admin-prod"] {
        let start = Instant::now();
        let (code, json, _) = lab.diagnose(label, &["--cluster", "c-prod1", "--namespace", "shop-web"]);
        let took = start.elapsed();
        assert_eq!((code, json["cluster"]["verdict"].as_str().unwrap()), (1, "disconnected"), "{json:#}");
        assert_eq!(json["credential"]["verdict"], "valid", "the key is not the trouble");
        assert!(took < Duration::from_secs(5), "{took:?}");
    }
    // a refused key is still refused at once, and nothing is known of the cluster
    let (code, json, _) = lab.diagnose("expired", &["--cluster", "c-prod1"]);
    assert_eq!((code, json["cluster"]["verdict"].as_str().unwrap()), (5, "unknown"));
}

#[test]
fn expiry_is_read_where_it_can_be() {
    let lab = Lab::start();
    let (_, json, _) = lab.diagnose("admin-unscoped", &[]);
    assert!(json["credential"]["expires_at"].as_str().is_some_and(|end| end.contains('T')), "{json:#}");
    let (_, json, _) = lab.diagnose("admin-prod", &["--cluster", "c-prod1"]);
    assert!(json["credential"]["expires_at"].is_null());
    let ca = lab.folder.path().join("ca.pem");
    let output = lab.doctor(
        &["--url", &lab.url, "--ca-file", ca.to_str().unwrap(), "--token", "-", "--cluster", "c-prod1"],
        lab.token("admin-prod"),
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("cannot read its own record"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours belong on a terminal only");
    assert!(text.contains("v3 one cluster only · steve no · ext no · kubernetes yes"), "{text}");
    let args = ["--url", &lab.url, "--ca-file", ca.to_str().unwrap(), "--token", "-", "--cluster", "c-prod1"];
    let output = lab.doctor(&args, lab.token("pmember-unscoped"));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("v3 yes · steve yes · ext yes · kubernetes yes"), "{text}");
}

#[test]
fn tls_and_reach() {
    let lab = Lab::start();
    let bare = |args: &[&str]| {
        let output = lab.doctor(&[&["--json", "--token", "-"], args].concat(), lab.token("admin-unscoped"));
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code().unwrap(), json)
    };
    let (code, json) = bare(&["--url", &lab.url]);
    assert_eq!((code, json["verdict"].as_str().unwrap()), (3, "unreachable"));
    let advice = json["advice"].to_string();
    assert!(advice.contains("sha256") || advice.contains("fingerprint"), "{advice}");
    assert!(advice.contains("RANCHER_CA"), "{advice}");
    let (code, json) = bare(&["--url", &lab.url, "--insecure"]);
    assert_eq!((code, &json["server"]["tls"]["verified"]), (0, &Value::from(false)));
    assert!(json["server"]["tls"]["sha256"].as_str().is_some_and(|print| print.len() == 64));
    let (code, json) = bare(&["--url", "https://127.0.0.1:9"]);
    assert_eq!((code, json["server"]["reachable"].as_bool()), (3, Some(false)));
    let (code, _) = bare(&["--url", "rancher.example.com"]);
    assert_eq!(code, 4);
    let (code, json) = bare(&["--url", &lab.url, "--cluster", "c-prod1:p-abcde"]);
    assert_eq!(code, 4);
    assert!(json["advice"].to_string().contains("its cluster is c-prod1"), "{json}");
}

#[test]
fn a_token_on_the_command_line_is_warned_of() {
    let lab = Lab::start();
    let ca = lab.folder.path().join("ca.pem");
    let output = lab.doctor(
        &["--url", &lab.url, "--ca-file", ca.to_str().unwrap(), "--token", lab.token("admin-unscoped")],
        "",
    );
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("warning: a token on the command line"), "{stderr}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn without_a_server_it_shows_the_table() {
    let lab = Lab::start();
    let output = lab.doctor(&[], "");
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.lines().count() > 12, "{text}");
    let output = lab.doctor(&["--json"], "");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cases = json.as_array().unwrap();
    assert!(cases.len() >= 11);
    cases.iter().for_each(|case| assert_keys(&case["diagnosis"]));
}
