//! The recording of whole jobs: logins, tokens, kubeconfigs, ext objects, projects, bindings, lists of Steve, workloads.
//!
//! It goes on where `errors` ended. Whoever recorded it kept no headers, so those are not compared; and passwords are
//! replaced in it, so they are put back.

use super::Replay;
use rancher_tests::truth::Recorded;
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
        _ if last.is_none() => {}
        _ => {}
    }
}
