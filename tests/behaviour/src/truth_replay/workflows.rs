//! The recording of whole jobs: logins, tokens, kubeconfigs, ext objects, projects, bindings, lists of Steve, workloads.
//!
//! It goes on where `errors` ended. Whoever recorded it kept no headers, so those are not compared; and passwords are
//! replaced in it, so they are put back.

use super::Replay;
use rancher_tests::truth::{Body, Recorded};
use serde_json::{Value, json};

/// What stands for every password in the record.
const PASSWORD: &str = "<password>";

/// The same row with passwords that this world takes.
pub(super) fn with_passwords(replay: &Replay, row: &Recorded) -> Recorded {
    let users = &replay.world.labels().users;
    let of =
        |username: &str| users.values().find(|user| user.username == username).map(|user| &user.password);
    let mut row = row.clone();
    let Some(Value::Object(body)) = &mut row.request_body else { return row };
    let who = body.get("username").and_then(Value::as_str).map(str::to_owned);
    for (field, value) in body.iter_mut().filter(|(_, value)| *value == PASSWORD) {
        let asked_by = row.auth.split('-').next().and_then(|label| users.get(label));
        let known = match field.as_str() {
            "password" => who.as_deref().and_then(of),
            "currentPassword" => asked_by.map(|user| &user.password),
            _ => None,
        };
        *value = known.map_or_else(|| json!("a-new-password-1"), |password| json!(password));
    }
    row
}

/// Whether a row is of Steve, of Kubernetes, or of what Norman makes of its objects: of those, shapes are compared as in the other recordings.
pub(super) fn is_foreign(row: &Recorded) -> bool {
    row.file == "workflows"
        && ["/k8s/", "/v1/", "/v3/project/"].iter().any(|plane| row.path.starts_with(plane))
}

/// What happened on the real server between the rows.
pub(super) fn history(replay: &mut Replay, last: Option<&Recorded>, row: &Recorded) {
    match row.label.as_str() {
        // the session that is ended was begun for it
        "logout" => {
            let member = &replay.world.labels().users["member"];
            let body = json!({
                "username": member.username, "password": member.password, "responseType": "json",
            });
            let answer =
                replay.ask("anonymous", "POST", "/v3-public/localProviders/local?action=login", Some(&body));
            let answer: Value = serde_json::from_slice(&answer.body).unwrap();
            replay.fresh = answer["token"].as_str().unwrap().to_owned();
        }
        // the lists that follow are sorted by the names of what was made
        label if label.starts_with("generateKubeconfig") => {
            let config = match &row.body {
                Body::Json(body) => body["config"].as_str().unwrap_or_default(),
                _ => "",
            };
            // the name that the server made up stands in the text
            let name = config.split("kubeconfig-user-mh6n5").nth(1).and_then(|rest| rest.split(':').next());
            replay.world.expect_names(&[name.unwrap()]);
        }
        "ext kubeconfig two clusters" => replay.world.expect_names(&["6k4ss", "kp8ds"]),
        "ext kubeconfig all" => replay.world.expect_names(&["hr9mr", "vmt6k"]),
        "cookie auth POST without CSRF" => replay.world.expect_names(&["2r9rl"]),
        "create project with quota" => replay.world.expect_names(&["fm7k2"]),
        _ if last.is_none() => {
            // the world is born with what these rows made
            for name in ["acme-one", "scoped-made"] {
                let path = format!("/v3/cluster/local/namespaces/{name}");
                assert_eq!(replay.ask("admin-unscoped", "DELETE", &path, None).status, 200, "{path}");
            }
            // one of the projects that the record shows by their number alone
            replay.world.expect_names(&["b7tjt"]);
            let body = json!({"name": "beside", "clusterId": "local"});
            replay.happened("admin-unscoped", "/v3/projects", &body);
            // the administrator had asked for more kubeconfigs
            for _ in 0..3 {
                let path = "/v3/clusters/local?action=generateKubeconfig";
                assert_eq!(replay.ask("admin-unscoped", "POST", path, None).status, 200);
            }
        }
        _ => {}
    }
}
