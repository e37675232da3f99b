//! Every recorded answer, asked again of the simulated server.
//!
//! A recording is a [`Scene`]: its rows, and what happened on the real server between them. To add one, condense it
//! (`tests/truth/README.md`), read it in `truth.rs`, and give it a scene below.

mod beside;
mod compare;
mod minted;
mod sockets;
mod workflows;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use compare::{Verdict, compare, compare_shape, compare_whole, items};
use http::header;
use jiff::{SignedDuration, Timestamp};
use minted::Minted;
use rancher_simulator::{Agent, Request, Respond, Response, World, rules};
use rancher_tests::truth::{Body, Recorded, agent_gone, collections, errors, matrix, workflows};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The simulated server, asked as the recorder asked the real one.
struct Replay {
    world: World,
    now: Timestamp,
    minted: Minted,
    /// The token of a login that was made for one row.
    fresh: String,
}

impl Replay {
    fn new(seed: u64) -> Self {
        Self {
            world: World::record(seed),
            now: "2026-11-22T05:58:00Z".parse().unwrap(),
            minted: Minted::default(),
            fresh: String::new(),
        }
    }

    fn ask(&mut self, auth: &str, method: &str, path: &str, body: Option<&Value>) -> Response {
        self.ask_with(auth, method, path, body, &BTreeMap::new())
    }

    /// Asks what the record asked, by the ids that this world made up.
    fn again(&mut self, row: &Recorded) -> Response {
        let body = row.request_body.as_ref().map(|body| self.minted.value(body));
        let path = self.minted.text(&row.path);
        self.ask_with(&row.auth, &row.method, &path, body.as_ref(), &row.request_headers)
    }

    fn ask_with(
        &mut self,
        auth: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
        sent: &BTreeMap<String, String>,
    ) -> Response {
        self.now += SignedDuration::from_millis(50);
        let mut headers = http::HeaderMap::new();
        headers.insert(header::HOST, "rancher.example.com".parse().unwrap());
        if let Some((name, value)) = self.credential(auth) {
            headers.insert(name, value.parse().unwrap());
        }
        let body = body.map(|body| {
            headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
            // A text is what was sent, not JSON of it.
            body.as_str().map_or_else(|| body.to_string(), str::to_owned)
        });
        for (name, value) in sent {
            let name: header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        let request = Request {
            method: method.parse().unwrap(),
            target: path.to_owned(),
            headers,
            body: body.unwrap_or_default().into(),
        };
        self.world.respond(&request, self.now)
    }

    /// The header that carries the credential of this label: `admin-prod`, `admin-prod basic`, `admin-prod cookie`.
    fn credential(&self, auth: &str) -> Option<(header::HeaderName, String)> {
        if auth == "anonymous" {
            return None;
        }
        let (label, way) = auth.split_once(' ').unwrap_or((auth, ""));
        let token = match label {
            "fresh" => &self.fresh,
            label => self
                .world
                .labels()
                .tokens
                .get(label)
                .unwrap_or_else(|| panic!("the world has no token {label}")),
        };
        Some(match way {
            "" => (header::AUTHORIZATION, format!("Bearer {token}")),
            "basic" => (header::AUTHORIZATION, format!("Basic {}", STANDARD.encode(token))),
            "cookie" => (header::COOKIE, format!("R_SESS={token}")),
            way => panic!("{auth}: nobody sends a token by {way}"),
        })
    }

    /// Something that happened on the real server beside the recording.
    fn happened(&mut self, auth: &str, path: &str, body: &Value) {
        let answer = self.ask(auth, "POST", path, Some(body));
        assert_eq!(answer.status, 201, "{auth} POST {path}: {}", String::from_utf8_lossy(&answer.body));
    }
}

/// A recording, and the history that its rows took part in.
struct Scene {
    rows: Vec<Recorded>,
    /// Is it played on the world that the scene before it left, or on a new one?
    goes_on: bool,
    /// Every value is compared, not only shapes.
    whole: bool,
    /// Called before each row with the row before it.
    before: fn(&mut Replay, Option<&Recorded>, &Recorded),
}

// In the order of the record. What `websocket` and `kubernetes` made between `workflows` and `agent-gone` is part of a
// new world.
fn scenes() -> Vec<Scene> {
    let scene = |rows, goes_on, whole, before| Scene { rows, goes_on, whole, before };
    vec![
        scene(collections(), false, true, before_errors),
        scene(errors(), true, true, |_, _, _| {}),
        scene(workflows(), true, true, workflows::history),
        scene(agent_gone(), false, false, agent_history),
        scene(matrix(), true, false, matrix_history),
    ]
}

// Recorded rows that are not asked: their label, and why. None today.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

// Recorded rows that the simulated server still answers otherwise: recording, lines, and what it lacks.
const OTHERWISE: &[(&str, &[usize], &str)] = &[
    ("workflows", &[80], "the recorded server had a namespace behind each project"),
    ("workflows", &[79], "Steve's clusters are drawn with a few of their fields"),
    ("workflows", &[81], "counts of the 128 types of the recorded server"),
];

// The world is born as the whole record left it: takes away what `errors` and `workflows` made.
fn before_errors(replay: &mut Replay, last: Option<&Recorded>, _: &Recorded) {
    if last.is_some() {
        return;
    }
    for project in ["local:p-s89q4", "local:p-2r9rl"] {
        let path = format!("/v3/projects/{project}");
        assert_eq!(replay.ask("admin-unscoped", "DELETE", &path, None).status, 200, "{path}");
    }
    // Moving the namespace, later, marked it.
    let mark = json!({"metadata": {"annotations": {"field.cattle.io/resourceQuotaProjectId": null}}});
    let merge = [("content-type".to_owned(), "application/merge-patch+json".to_owned())].into();
    let path = "/k8s/clusters/local/api/v1/namespaces/shop-web";
    assert_eq!(replay.ask_with("admin-unscoped", "PATCH", path, Some(&mark), &merge).status, 200);
    // The administrator had asked for kubeconfigs, and the agent of c-prod1 was not ready yet.
    for _ in 0..9 {
        let path = "/v3/clusters/local?action=generateKubeconfig";
        assert_eq!(replay.ask("admin-unscoped", "POST", path, None).status, 200);
    }
    replay.world.set_agent("c-prod1", Agent::Starting).unwrap();
    let shop = json!({"description": "Shop"});
    let answer = replay.ask("admin-unscoped", "PUT", "/v3/projects/local:p-gcx5s", Some(&shop));
    assert_eq!(answer.status, 200);
}

// The agent was up while the controllers in its cluster still started, then it went away.
fn agent_history(replay: &mut Replay, last: Option<&Recorded>, row: &Recorded) {
    if last.is_some_and(|last| last.label == row.label) {
        return;
    }
    let agent = match row.label.as_str() {
        "agent up" => Agent::Starting,
        "agent just gone" => Agent::Gone { since: replay.now },
        _ => {
            replay.now += SignedDuration::from_secs(20);
            return;
        }
    };
    replay.world.set_agent("c-prod1", agent).unwrap();
}

// `downstream.jsonl` was recorded beside the matrix: what it made is in the later answers.
fn matrix_history(replay: &mut Replay, last: Option<&Recorded>, row: &Recorded) {
    if last.is_some_and(|last| last.auth == row.auth) {
        return;
    }
    match row.auth.as_str() {
        "anonymous" => replay.world.set_agent("c-prod1", Agent::Connected).unwrap(),
        // Made just before admin-unscoped listed namespaces: a namespace with its own quota.
        "admin-unscoped" => replay.happened(
            "admin-prod",
            "/v3/cluster/c-prod1/namespaces",
            &json!({
                "type": "namespace", "name": "shop-two", "projectId": "c-prod1:p-qwwv5",
                "resourceQuota": {"limit": {"limitsCpu": "1000m", "limitsMemory": "1024Mi"}},
            }),
        ),
        // Made after admin-session saw no deployments in shop-web and before admin-prod saw two.
        "admin-local" => {
            for (name, cpu) in [("ok", "100m"), ("big", "2")] {
                let path = "/k8s/clusters/c-prod1/apis/apps/v1/namespaces/shop-web/deployments";
                let resources = json!({
                    "requests": {"cpu": cpu, "memory": "64Mi"}, "limits": {"cpu": cpu, "memory": "128Mi"},
                });
                let container = json!({"name": "c", "image": "nginx", "resources": resources});
                let template =
                    json!({"metadata": {"labels": {"a": name}}, "spec": {"containers": [container]}});
                let spec =
                    json!({"replicas": 1, "selector": {"matchLabels": {"a": name}}, "template": template});
                let body = json!({
                    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec,
                });
                replay.happened("pmember-prod", path, &body);
            }
        }
        // Made after the first administrators and before the tokens of ext.cattle.io: one namespace more.
        "member-prod" => replay.happened(
            "pmember-prod",
            "/k8s/clusters/c-prod1/api/v1/namespaces",
            &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "by-member"}}),
        ),
        _ => {}
    }
}

/// What came of one recording.
#[derive(Default)]
struct Score {
    total: usize,
    same: usize,
    omitted: usize,
    /// What differs, row by row.
    wrong: Vec<String>,
    /// How many of [`OTHERWISE`] differ.
    otherwise: usize,
}

fn otherwise(row: &Recorded, line: usize) -> bool {
    OTHERWISE.iter().any(|(file, lines, _)| *file == row.file && lines.contains(&line))
}

fn play(replay: &mut Replay, scene: &Scene, lengths: &mut Lengths) -> Score {
    let mut score = Score::default();
    let mut last = None;
    for (line, row) in (1..).zip(&scene.rows) {
        (scene.before)(replay, last, row);
        last = Some(row);
        let left_out = |(file, label, _): &&(&str, &str, &str)| *file == row.file && *label == row.label;
        if let Some((file, label, why)) = LEFT_OUT.iter().find(left_out) {
            println!("truth: left out {file} {label:?}: {why}");
            continue;
        }
        score.total += 1;
        let row = &workflows::with_passwords(replay, row);
        let answer = replay.again(row);
        lengths.note(row, &answer);
        let verdict = if scene.whole && !workflows::is_foreign(row) {
            compare_whole(row, &answer, &mut replay.minted)
        } else if scene.whole {
            compare_shape(row, &answer, &mut replay.minted)
        } else {
            compare(row, &answer)
        };
        match verdict {
            Verdict::Same | Verdict::SameButOmitted if otherwise(row, line) => {
                score.same += 1;
                println!("truth: {}:{line} is answered as recorded by now", row.file);
            }
            Verdict::Same => score.same += 1,
            Verdict::SameButOmitted => {
                score.same += 1;
                score.omitted += 1;
            }
            Verdict::Different(why) if otherwise(row, line) => {
                score.otherwise += 1;
                println!("otherwise {}:{line} {}: {:.900}", row.file, row.label, why.join("; "));
            }
            Verdict::Different(why) => score.wrong.push(format!(
                "{}:{line} {} | {} {} {}\n    {}\n    recorded {} {:?} {:.600}\n    answered {} {:?} {:.600}",
                row.file,
                row.label,
                row.auth,
                row.method,
                row.path,
                why.iter().take(12).cloned().collect::<Vec<_>>().join("\n    "),
                row.status,
                row.headers,
                format!("{:?}", row.body),
                answer.status,
                answer.headers,
                String::from_utf8_lossy(&answer.body),
            )),
        }
    }
    score
}

#[test]
fn truth_is_reproduced() {
    let mut replay = Replay::new(20_261_122);
    let mut lengths = Lengths::default();
    let (mut total, mut same, mut omitted, mut wrong) = (0, 0, 0, Vec::new());
    let mut files = Vec::new();
    let (mut settled, mut otherwise) = (0, 0);
    for scene in scenes() {
        if !scene.goes_on {
            settled += replay.minted.settled;
            replay = Replay::new(20_261_122);
        }
        let score = play(&mut replay, &scene, &mut lengths);
        let file = scene.rows.first().map_or("", |row| row.file);
        files.push(format!("truth: {file}: {} of {}", score.same, score.total));
        otherwise += score.otherwise;
        total += score.total;
        same += score.same;
        omitted += score.omitted;
        wrong.extend(score.wrong);
    }
    println!("truth: {same} of {total} recorded answers reproduced");
    files.iter().for_each(|line| println!("{line}"));
    println!("truth: {} left out", LEFT_OUT.len());
    println!("truth: {otherwise} known to be answered otherwise");
    for (file, lines, why) in OTHERWISE {
        println!("truth: {file}, lines {lines:?}: {why}");
    }
    println!("truth: {settled} recorded projects were in the making: compared without what controllers add");
    println!("truth: bodies that the record omitted: {omitted} of them");
    let (pairs, odd) = lengths.judge();
    println!(
        "truth: lists as long for one credential against another as recorded: {} of {pairs}",
        pairs - odd.len()
    );
    let (recorded, assumed) = rules::counts();
    println!("rules: {recorded} recorded, {assumed} assumed");
    for wrong in wrong.iter().take(100) {
        println!("{wrong}");
    }
    for odd in odd.iter().take(20) {
        println!("{odd}");
    }
    assert_eq!(total + LEFT_OUT.len(), 1_596, "collections, errors, workflows, agent-gone and the matrix");
    assert!(
        wrong.is_empty(),
        "{} recorded answers are not reproduced; the first are printed above",
        wrong.len()
    );
    assert!(odd.is_empty(), "{} lists are longer or shorter than rights allow", odd.len());
}

/// Where the record kept only the size of a list, sizes still tell whose list was longer.
#[derive(Default)]
struct Lengths(BTreeMap<String, Vec<(String, u64, usize)>>);

impl Lengths {
    fn note(&mut self, row: &Recorded, answer: &Response) {
        let size = match &row.body {
            Body::Omitted(bytes) => *bytes,
            Body::Json(body) => body.to_string().len() as u64,
            Body::Text(_) | Body::Empty => return,
        };
        let Some(items) = items(&answer.body).filter(|_| row.status == 200) else { return };
        let request = format!("{} {} {} {}", row.file, row.label, row.method, row.path);
        self.0.entry(request).or_default().push((row.auth.clone(), size, items));
    }

    /// Pairs compared, and those that disagree: as many bytes are as many items, many more are not fewer.
    fn judge(&self) -> (usize, Vec<String>) {
        const ONE_ITEM: u64 = 900;
        let (mut pairs, mut odd) = (0, Vec::new());
        for (request, lists) in &self.0 {
            for (one, (auth, size, items)) in lists.iter().enumerate() {
                for (other_auth, other_size, other_items) in lists.iter().skip(one + 1) {
                    let fits = match size.cmp(other_size) {
                        std::cmp::Ordering::Equal => items == other_items,
                        _ if size.abs_diff(*other_size) < ONE_ITEM => continue,
                        std::cmp::Ordering::Less => items <= other_items,
                        std::cmp::Ordering::Greater => items >= other_items,
                    };
                    pairs += 1;
                    if !fits {
                        odd.push(format!(
                            "{request}: {auth} had {size} bytes and has {items} items, {other_auth} {other_size} and {other_items}"
                        ));
                    }
                }
            }
        }
        (pairs, odd)
    }
}

#[test]
fn truth_of_a_dead_agent_takes_its_time() {
    let mut replay = Replay::new(3);
    let version = "/k8s/clusters/c-prod1/version";
    assert_eq!(replay.ask("admin-prod", "GET", version, None).delay.as_secs(), 0);
    replay.world.set_agent("c-prod1", Agent::Gone { since: replay.now }).unwrap();
    for (auth, path, from, to) in [
        ("admin-prod", version, 27, 35),
        ("admin-prod", "/k8s/clusters/c-prod1/v1/namespaces", 14, 14),
        ("admin-prod", "/v3/cluster/c-prod1/namespaces", 27, 34),
        ("standard-unscoped", "/v3/cluster/c-prod1/namespaces", 27, 34),
        ("standard-unscoped", version, 0, 0),
        ("admin-prod", "/v3/clusters/c-prod1", 0, 0),
        ("expired", version, 0, 0),
        ("expired", "/v3/cluster/c-prod1/namespaces", 0, 0),
        ("anonymous", "/k8s/clusters/c-prod1/v1/namespaces", 0, 0),
    ] {
        let delay = replay.ask(auth, "GET", path, None).delay.as_secs();
        assert!((from..=to).contains(&delay), "{auth} {path}: {delay} s");
    }
    let state = |replay: &mut Replay| {
        let answer = replay.ask("admin-prod", "GET", "/v3/clusters/c-prod1", None);
        let cluster: Value = serde_json::from_slice(&answer.body).unwrap();
        let ready = cluster["conditions"].as_array().unwrap().iter().find(|c| c["type"] == "Ready").cloned();
        (cluster["state"].clone(), ready.unwrap())
    };
    assert_eq!(state(&mut replay).0, "active", "the server has not noticed yet");
    replay.now += SignedDuration::from_secs(16);
    let (state, ready) = state(&mut replay);
    assert_eq!(state, "waiting");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("False"), &json!("Disconnected")));
    assert_eq!(ready["message"], "Cluster agent is not connected");
}
