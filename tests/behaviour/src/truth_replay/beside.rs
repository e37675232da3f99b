//! The recordings of Kubernetes and of an active cluster: server-side apply, quotas, admission, Steve.
//!
//! What these rows made is there for the next of the same recording; each begins on a new world.

use super::minted::{settle, values};
use super::{Replay, Verdict, compare};
use rancher_simulator::{Respond, Response};
use rancher_tests::truth::{Body, Recorded, downstream, kubernetes};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

// Recorded rows that are not asked: recording, label, and why. None today.
const LEFT_OUT: &[(&str, &str, &str)] = &[];

// Recorded rows of which only shapes are compared: recording, label, and what differs. All others are the same value by
// value, but for what every server makes up.
const SHAPES: &[(&str, &str, &str)] = &[
    ("kubernetes", "get deployment", "the recorded one had been without nodes for ten minutes"),
    ("kubernetes", "restart rollout", "the recorded one had been without nodes for ten minutes"),
    ("kubernetes", "pods", "names of replica sets stand in many fields, and one more pod is there"),
    ("kubernetes", "watch with bookmarks, nothing happens", "names of replica sets stand in many fields"),
    ("kubernetes", "paged", "names of replica sets stand in many fields"),
    ("kubernetes", "can-i, project member", "the name of a role binding is made up"),
    ("kubernetes", "who am i", "the host and the key of whoever recorded"),
    ("downstream", "projects by the cluster path", "one condition of the controllers more"),
    ("downstream", "steve list, scoped", "the recorded cluster had two namespaces more"),
    ("downstream", "steve object, scoped", "conditions in a text, in the order of the controllers"),
    ("downstream", "namespace with quota", "conditions in a text, in the order of the controllers"),
    ("downstream", "namespace with its own quota", "one condition of the controllers more"),
    ("downstream", "its status", "names of replica sets stand in messages"),
    ("downstream", "events", "names of replica sets stand in messages, and the recorded events are older"),
    ("downstream", "workloads, unscoped", "moments as numbers"),
    ("downstream", "service account token", "a JWT of its own"),
];

const KUBERNETES: u64 = 20_261_123;

// A row that was asked by the token of a service account.
const ACCOUNT: &str = "sa-jwt";

fn resources(cpu: &str, memory: &str) -> Value {
    json!({"cpu": cpu, "memory": memory})
}

// `kubernetes` works on the deployment that `workflows` had made.
fn before_kubernetes(replay: &mut Replay) {
    let container = |name: &str, image: &str, resources: Value| json!({"name": name, "image": image, "resources": resources});
    let containers = [
        container(
            "web",
            "nginx",
            json!({"requests": resources("250m", "128Mi"), "limits": resources("500m", "256Mi")}),
        ),
        container("side", "busybox", json!({"requests": resources("1", "0.5Gi")})),
    ];
    let template = json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": containers}});
    let body = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template},
    });
    let path = "/k8s/clusters/local/apis/apps/v1/namespaces/shop-web/deployments";
    replay.happened("admin-unscoped", path, &body);
}

// The record says admin-local of what a project member asked: the answer names that user.
fn asked_by(row: &Recorded) -> Recorded {
    let by_member = row.file == "kubernetes" && row.label.ends_with(", project member");
    let auth = if by_member { "pmember-unscoped" } else { &row.auth };
    Recorded { auth: auth.to_owned(), ..row.clone() }
}

fn items(body: &Value) -> Vec<Value> {
    body.get("items").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![body.clone()])
}

// Whoever recorded `kubernetes` left managedFields out.
fn without_managers(row: &Recorded, mut answer: Response) -> Response {
    if row.file == "kubernetes"
        && let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body)
        && let Some(Value::Object(metadata)) = body.pointer_mut("/metadata")
        && metadata.remove("managedFields").is_some()
    {
        answer.body = body.to_string().into();
    }
    answer
}

// Names that the two servers made up apart, from the answers that told them.
fn learn(replay: &mut Replay, row: &Recorded, answer: &[u8]) {
    let (Body::Json(recorded), Ok(found)) = (&row.body, serde_json::from_slice::<Value>(answer)) else {
        return;
    };
    if row.status == 201 || (row.status == 200 && row.path.contains("/k8s/")) {
        for (recorded, found) in items(recorded).iter().zip(&items(&found)) {
            replay.minted.learn(recorded, found);
        }
    }
}

// A watch goes on: the record kept its first line. It began just before a pod was made.
fn first_line(replay: &mut Replay, row: &Recorded) -> Response {
    let pods = replay.ask(&row.auth, "GET", row.path.split('?').next().unwrap(), None);
    let pods: Value = serde_json::from_slice(&pods.body).unwrap();
    let versions = items(&pods).into_iter().map(|pod| {
        let version = pod["metadata"]["resourceVersion"].as_str().map(str::to_owned);
        version.and_then(|version| version.parse::<u64>().ok()).unwrap()
    });
    let from = format!("resourceVersion={}", versions.max().unwrap() - 1);
    let path = row.path.replace("resourceVersion=17126", &from);
    let answer = replay.ask(&row.auth, &row.method, &path, None);
    let mut follower = replay.world.follower().expect("it goes on");
    let told = replay.world.tell(&mut follower, &[], replay.now);
    Response { body: told.messages.first().cloned().unwrap_or_default(), ..answer }
}

fn mapped(replay: &Replay, row: &Recorded) -> Recorded {
    let body = match &row.body {
        Body::Json(body) => {
            let mut body = replay.minted.value(body);
            if let Some(body) = body.as_object_mut() {
                body.remove("$trimmed_from");
            }
            Body::Json(body)
        }
        other => other.clone(),
    };
    Recorded { body, ..row.clone() }
}

/// The rules of a recorded review.
fn rules(row: &Recorded) -> Option<Vec<Value>> {
    match &row.body {
        Body::Json(body) if body["kind"] == "SelfSubjectRulesReview" => {
            body["status"]["resourceRules"].as_array().cloned()
        }
        _ => None,
    }
}

/// Verb, group and resource of all rules, and whether they are for some names only.
fn rights(rules: &[Value]) -> BTreeSet<(String, String, String, bool)> {
    let texts = |rule: &Value, key: &str| -> Vec<String> {
        let list = rule[key].as_array().into_iter().flatten();
        list.map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut rights = BTreeSet::new();
    for rule in rules {
        let named = !rule["resourceNames"].is_null();
        for verb in texts(rule, "verbs") {
            for group in texts(rule, "apiGroups") {
                for resource in texts(rule, "resources") {
                    rights.insert((verb.clone(), group.clone(), resource, named));
                }
            }
        }
    }
    rights
}

/// A review has no order, the simulated roles are written shorter, and the recorded user had rules of parts that are not
/// simulated. Each right that is answered must be a recorded one; what else is in the answer is compared as everywhere.
fn within(recorded: &[Value], row: &Recorded, answer: &Response) -> Verdict {
    let mut body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let Body::Json(mut rest) = row.body.clone() else { return compare(row, answer) };
    let answered = body["status"]["resourceRules"].take();
    rest["status"]["resourceRules"].take();
    let answered = rights(answered.as_array().unwrap_or(&Vec::new()));
    let recorded = rights(recorded);
    let alien = answered.difference(&recorded);
    let mut why: Vec<String> = alien.map(|right| format!("nobody recorded the right {right:?}")).collect();
    if answered.len() * 2 < recorded.len() {
        why.push(format!("{} rights instead of {}", answered.len(), recorded.len()));
    }
    let row = Recorded { body: Body::Json(rest), ..row.clone() };
    match compare(&row, &Response { body: body.to_string().into(), ..answer.clone() }) {
        Verdict::Different(more) => Verdict::Different(why.into_iter().chain(more).collect()),
        _ if !why.is_empty() => Verdict::Different(why),
        same => same,
    }
}

/// Compares shapes and errors as in every recording, and then each value.
fn compare_values(row: &Recorded, answer: &Response) -> Verdict {
    let verdict = compare(row, answer);
    let (Body::Json(recorded), Ok(mut found)) = (&row.body, serde_json::from_slice::<Value>(&answer.body))
    else {
        return verdict;
    };
    let (mut recorded, mut why) = (recorded.clone(), Vec::new());
    settle(&mut found, &mut recorded);
    values("", &found, &recorded, &mut why);
    match verdict {
        Verdict::Different(more) => Verdict::Different(more.into_iter().chain(why).collect()),
        _ if !why.is_empty() => Verdict::Different(why),
        same => same,
    }
}

#[test]
fn truth_of_kubernetes_and_of_an_active_cluster_is_reproduced() {
    let mut wrong = Vec::new();
    // names are made up; of this seed, the pods of the older replica set come first, as in the record
    let scenes = [
        (kubernetes(), KUBERNETES, before_kubernetes as fn(&mut Replay)),
        (downstream(), 20_261_122, |_| {}),
    ];
    for (rows, seed, before) in scenes {
        let mut replay = Replay::new(seed);
        before(&mut replay);
        let (mut same, mut whole, mut asked, mut account) = (0, 0, 0, String::new());
        for row in &rows {
            let left_out = |(file, label, _): &&(&str, &str, &str)| *file == row.file && *label == row.label;
            if let Some((file, label, why)) = LEFT_OUT.iter().find(left_out) {
                println!("truth: left out {file} {label:?}: {why}");
                continue;
            }
            asked += 1;
            let row = &asked_by(row);
            let answer = if row.auth == ACCOUNT {
                let sent = BTreeMap::from([("authorization".to_owned(), format!("Bearer {account}"))]);
                replay.ask_with("anonymous", &row.method, &row.path, None, &sent)
            } else if row.path.contains("watch=true") {
                first_line(&mut replay, row)
            } else {
                replay.again(row)
            };
            if row.path.ends_with("/token") {
                let told: Value = serde_json::from_slice(&answer.body).unwrap();
                account = told["status"]["token"].as_str().unwrap_or_default().to_owned();
            }
            let answer = without_managers(row, answer);
            learn(&mut replay, row, &answer.body);
            let shapes = SHAPES.iter().any(|(file, label, _)| *file == row.file && *label == row.label);
            let verdict = match rules(row) {
                Some(recorded) => within(&recorded, row, &answer),
                None if shapes => compare(&mapped(&replay, row), &answer),
                None => compare_values(&mapped(&replay, row), &answer),
            };
            match verdict {
                Verdict::Same | Verdict::SameButOmitted => {
                    same += 1;
                    whole += usize::from(!shapes && rules(row).is_none());
                }
                Verdict::Different(why) => wrong.push(format!(
                    "{} {:?} | {} {} {}\n    {:.1500}",
                    row.file,
                    row.label,
                    row.auth,
                    row.method,
                    row.path,
                    why.join("\n    "),
                )),
            }
        }
        let file = rows.first().map_or("", |row| row.file);
        println!("truth: {file}: {same} of {asked}, {whole} of them value by value");
    }
    for (file, label, why) in SHAPES {
        println!("truth: of {file} {label:?} shapes are compared: {why}");
    }
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    assert!(wrong.is_empty(), "{} recorded answers are not reproduced; see above", wrong.len());
}
