//! The recorded sockets, opened again on the simulated server.
//!
//! Messages are compared in order by name and shape; those of Norman's first replay by the object that they tell of,
//! since the record broke off after twelve. Two of the rows of Steve had a config map come and go beside them.

use super::Replay;
use super::compare::shape;
use bytes::Bytes;
use jiff::SignedDuration;
use rancher_simulator::{Follower, Respond};
use rancher_tests::truth::{Socket, websocket};
use serde_json::{Value, json};
use std::collections::BTreeMap;

// Rows that are not asked: label, and why.
const LEFT_OUT: &[(&str, &str)] =
    &[("k8s watch websocket via proxy", "the recorder got no answer in its time, which says nothing")];

const MAPS: &str = "/k8s/clusters/local/api/v1/namespaces/default/configmaps";

fn hear(replay: &mut Replay, follower: &mut Follower, said: &[Bytes], seconds: i64) -> Vec<Value> {
    replay.now += SignedDuration::from_secs(seconds);
    let told = replay.world.tell(follower, said, replay.now);
    told.messages.iter().map(|message| serde_json::from_slice(message).unwrap()).collect()
}

/// What a socket says while what happened beside the recording happens again; a refusal otherwise.
fn play(replay: &mut Replay, row: &Socket) -> Result<Vec<Value>, (u16, Value)> {
    let sent = BTreeMap::from([("connection".to_owned(), "Upgrade".to_owned())]);
    let answer = replay.ask_with(&row.auth, "GET", &row.path, None, &sent);
    let Some(mut follower) = replay.world.follower() else {
        return Err((answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or_default()));
    };
    assert_eq!(answer.status, 101, "{}", row.label);
    let said: Vec<Bytes> = row.sent.iter().map(|sent| Bytes::from(sent.to_string())).collect();
    let mut heard = hear(replay, &mut follower, &said, 0);
    if row.sent.len() == 1 && row.sent[0].get("namespace").is_some() {
        replay.happened(
            "admin-unscoped",
            MAPS,
            &json!({"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "wscm"}, "data": {"a": "1"}}),
        );
        heard.extend(hear(replay, &mut follower, &[], 1));
        let gone = replay.ask("admin-unscoped", "DELETE", &format!("{MAPS}/wscm"), None);
        assert_eq!(gone.status, 200);
        heard.extend(hear(replay, &mut follower, &[], 4));
    } else if heard.is_empty() {
        heard = hear(replay, &mut follower, &[], 5);
    }
    Ok(heard)
}

fn id_of(message: &Value) -> Option<&str> {
    message.get("data")?.get("id")?.as_str()
}

/// Of a namespace, what says which it is and how it is: the record's own ones have labels and annotations of parts that
/// the simulated server does not have.
fn outline(message: &Value) -> Value {
    let mut message = message.clone();
    if let Some(data) = message.get_mut("data").and_then(Value::as_object_mut) {
        let kept = ["type", "baseType", "id", "name", "links", "actions", "state", "transitioning", "uuid"];
        data.retain(|name, _| kept.contains(&name.as_str()));
    }
    message
}

/// What is wrong with what was heard.
fn differences(row: &Socket, heard: &[Value]) -> Vec<String> {
    let mut why = Vec::new();
    if row.path.starts_with("/v3/cluster/") || row.path.starts_with("/v3/subscribe") {
        for recorded in &row.heard {
            match heard.iter().find(|message| id_of(message) == id_of(recorded)) {
                Some(found) if row.path.contains("namespace") => {
                    shape(id_of(recorded).unwrap_or_default(), &outline(found), &outline(recorded), &mut why);
                }
                Some(found) => shape(id_of(recorded).unwrap_or_default(), found, recorded, &mut why),
                None => why.push(format!("nothing of {:?}", id_of(recorded))),
            }
        }
        return why;
    }
    let (mut found, mut recorded) = (heard.to_vec(), row.heard.clone());
    if row.sent.len() > 1 {
        // what was sent at once is answered in any order
        found.sort_by_key(|message| message["name"].to_string());
        recorded.sort_by_key(|message| message["name"].to_string());
    }
    let names = |messages: &[Value]| -> Vec<Value> { messages.iter().map(|m| m["name"].clone()).collect() };
    if names(&found) != names(&recorded) {
        why.push(format!("{:?} instead of {:?}", names(&found), names(&recorded)));
    }
    for (found, recorded) in found.iter().zip(&recorded) {
        shape(row.label.as_str(), found, recorded, &mut why);
        if found.pointer("/data/error") != recorded.pointer("/data/error") {
            why.push(format!("{found} instead of {recorded}"));
        }
    }
    why
}

#[test]
fn truth_of_sockets_is_reproduced() {
    let rows = websocket();
    assert_eq!(rows.len(), 12);
    let mut replay = Replay::new(20_261_122);
    let (mut same, mut asked, mut wrong) = (0, 0, Vec::new());
    for row in &rows {
        if let Some((label, why)) = LEFT_OUT.iter().find(|(label, _)| *label == row.label) {
            println!("truth: left out websocket {label:?}: {why}");
            continue;
        }
        asked += 1;
        let why = match (play(&mut replay, row), row.status) {
            (Ok(heard), None) => differences(row, &heard),
            (Err((status, body)), Some(recorded)) if (status, &body) == (recorded, &row.body) => Vec::new(),
            (other, recorded) => vec![format!("{other:?} instead of {recorded:?} {}", row.body)],
        };
        match why.is_empty() {
            true => same += 1,
            false => wrong.push(format!("websocket {:?}\n    {:.1500}", row.label, why.join("\n    "))),
        }
    }
    println!("truth: websocket: {same} of {asked}");
    wrong.iter().for_each(|wrong| println!("{wrong}"));
    assert!(wrong.is_empty(), "{} recorded sockets are not reproduced; see above", wrong.len());
}
