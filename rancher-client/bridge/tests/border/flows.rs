//! What goes on: watches and logs. Nothing of them gets lost between the border and a shell, and nothing stays open.

use rancher_bridge::{Answer, Stream};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

use crate::lab::{Client, Lab, PATIENCE, PROD, kind, value};

fn maps(more: Value) -> Value {
    let mut all =
        json!({"target": {"cluster": PROD, "plural": "configmaps", "namespace": "plain"}, "base": 0.01});
    all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    all
}

async fn make(client: &Client, name: &str) {
    let object = json!({"metadata": {"name": name}});
    let target = maps(json!({}))["target"].clone();
    client.call("kubernetes.create", json!({"target": target, "object": object})).await.unwrap();
}

async fn next(stream: &Stream, known: u64) -> Answer {
    let next = stream.next(Some(known.to_string().into()));
    tokio::time::timeout(PATIENCE, next).await.unwrap().unwrap().unwrap()
}

fn number(answer: &Answer) -> u64 {
    value(answer)["number"].as_u64().unwrap()
}

/// `added shop` of each event.
fn told(answer: &Answer) -> Vec<String> {
    let each = value(answer)["each"].clone();
    let told = each.as_array().unwrap().iter().map(|event| {
        let at = event["at"].as_u64().and_then(|at| usize::try_from(at).ok());
        let name = at.and_then(|at| answer.head(at).name).unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap()).trim_end().to_owned()
    });
    told.collect()
}

/// Waits until so many streams are open at the server.
async fn open(lab: &Lab, count: usize) {
    let streams = lab.simulator.streams();
    for _ in 0..PATIENCE.as_millis() / 10 {
        if streams.open() == count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{} streams are open, not {count}", streams.open());
}

#[tokio::test]
async fn an_answer_that_got_lost_comes_again_and_others_do_not() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let watch = client.begin("kubernetes.watch", maps(json!({}))).unwrap();
    let mut all = Vec::new();
    let first = next(&watch, 0).await;
    // nobody has it yet
    for reply in [None, Some("0".into()), Some("nonsense".into())] {
        let again = watch.next(reply).await.unwrap().unwrap();
        assert_eq!((number(&again), told(&again)), (number(&first), told(&first)));
    }
    all.extend(told(&first));
    let mut known = number(&first);
    for round in 0..3 {
        make(&client, &format!("one-{round}")).await;
        while !all.contains(&format!("added one-{round}")) {
            let answer = next(&watch, known).await;
            known = number(&answer);
            all.extend(told(&answer));
        }
        // a wait that is given up in its middle takes nothing with it
        let dropped = watch.next(Some(known.to_string().into()));
        assert!(tokio::time::timeout(Duration::from_millis(20), dropped).await.is_err());
        lab.simulator.streams().cut();
    }
    all.retain(|event| !event.starts_with("reconnected") && !event.starts_with("bookmark"));
    let expected = ["listed kube-root-ca.crt", "synced", "added one-0", "added one-1", "added one-2"];
    assert_eq!(all, expected);
    let counts: Value = serde_json::from_str(&watch.counts_json()).unwrap();
    assert!(counts["listed"] == 1 && counts["reconnects"].as_u64().unwrap() >= 2, "{counts}");
}

#[tokio::test]
async fn whatever_ends_a_watch_closes_its_connection() {
    let lab = Lab::start();
    for end in ["stop", "close", "drop", "stop while waiting", "close while waiting", "drop while waiting"] {
        let client = lab.client("admin-unscoped");
        let watch = Arc::new(client.begin("kubernetes.watch", maps(json!({}))).unwrap());
        let mut known = 0;
        while lab.simulator.streams().open() == 0 {
            known = number(&next(&watch, known).await);
            let soon = watch.next(Some(known.to_string().into()));
            if let Ok(answer) = tokio::time::timeout(Duration::from_millis(200), soon).await {
                known = number(&answer.unwrap().unwrap());
            }
        }
        let waiting = end.ends_with("waiting").then(|| {
            let watch = Arc::clone(&watch);
            tokio::spawn(async move { watch.next(Some(known.to_string().into())).await })
        });
        tokio::time::sleep(Duration::from_millis(50)).await;
        match end.split(' ').next().unwrap() {
            "stop" => watch.stop(),
            "close" => client.0.close(),
            _ => waiting.iter().for_each(tokio::task::JoinHandle::abort),
        }
        match waiting {
            Some(waiting) if !end.starts_with("drop") => {
                assert_eq!(kind(&waiting.await.unwrap().unwrap_err()), "cancelled", "{end}");
            }
            Some(waiting) => drop(waiting.await),
            None => {}
        }
        if end.starts_with("drop") {
            assert_eq!(Arc::strong_count(&watch), 1);
            drop(watch);
        } else {
            assert_eq!(kind(&watch.next(None).await.unwrap_err()), "cancelled", "{end}");
        }
        open(&lab, 0).await;
    }
}

#[tokio::test]
async fn lines_come_as_they_are() {
    let lab = Lab::start();
    lab.simulator.world(|world| {
        world.run_nodes(PROD, Duration::ZERO);
        world.add_pod(PROD, "plain", "hello", &["web"]);
    });
    let client = lab.client("admin-unscoped");
    let logs = json!({"target": {"cluster": PROD, "namespace": "plain"}, "pod": "hello", "follow": true});
    let stream = client.begin("namespace.logs", logs).unwrap();
    assert_eq!(stream.counts_json(), "null");
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut known = 0;
    for round in 0..2 {
        if round == 1 {
            let text = b"one\n\ncaf\xc3\xa9 \xff\n";
            lab.simulator.world(|world| world.write_log(PROD, "plain", "hello", "web", text));
        }
        while lines.len() < [1, 4][round] {
            let answer = next(&stream, known).await;
            known = number(&answer);
            lines.extend((0..answer.len()).map(|at| answer.raw(at).unwrap().to_vec()));
        }
    }
    assert_eq!(lines, [&b"web started"[..], b"one", b"", b"caf\xc3\xa9 \xff"]);
    drop(stream);
    open(&lab, 0).await;
}

#[tokio::test]
async fn what_goes_on_ends_with_its_timeout_and_not_before() {
    let lab = Lab::start();
    lab.simulator.world(|world| {
        world.run_nodes(PROD, Duration::ZERO);
        world.add_pod(PROD, "plain", "hello", &["web"]);
    });
    let client = lab.client("admin-unscoped");
    let logs = json!({"target": {"cluster": PROD, "namespace": "plain"}, "pod": "hello", "follow": true});
    for (operation, input) in [("kubernetes.watch", maps(json!({}))), ("namespace.logs", logs)] {
        let mut input = input;
        input["timeout"] = json!(1.5);
        let stream = client.begin(operation, input).unwrap();
        // it counts from the first that is asked for
        tokio::time::sleep(Duration::from_millis(1_600)).await;
        let began = std::time::Instant::now();
        let mut known = 0;
        let fault = loop {
            match tokio::time::timeout(PATIENCE, stream.next(Some(known.to_string().into()))).await.unwrap() {
                Ok(answer) => known = number(&answer.unwrap()),
                Err(fault) => break fault,
            }
        };
        assert!(known > 0 && began.elapsed() >= Duration::from_millis(1_450), "{operation}");
        assert_eq!((kind(&fault), fault.error().operation()), ("timeout", operation), "{fault}");
        assert!(fault.to_string().contains("1.5s"), "{fault}");
        open(&lab, 0).await;
        assert!(stream.next(Some(known.to_string().into())).await.unwrap().is_none(), "{operation}");
    }
    // what is over by itself is no error later
    let ends = json!({"target": {"cluster": PROD, "namespace": "plain"}, "pod": "hello", "timeout": 5});
    let stream = client.begin("namespace.logs", ends).unwrap();
    let known = number(&next(&stream, 0).await).to_string();
    assert!(stream.next(Some(known.clone().into())).await.unwrap().is_none());
    tokio::time::sleep(Duration::from_millis(5_100)).await;
    assert!(stream.next(Some(known.into())).await.unwrap().is_none());
}
