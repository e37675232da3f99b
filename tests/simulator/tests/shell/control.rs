//! The paths below `/-/`, and the simulator with a world that tests can reach.

use crate::client::{Raw, echo, plain, reqwest, text};
use jiff::Timestamp;
use rancher_simulator::{
    Labelled, Quirk, Request, Respond, Response, Running, Server, ServerOptions, Simulator, SimulatorOptions,
    World,
};
use serde_json::{Value, json};

async fn ask(running: &Running, method: &str, path: &str, body: &str) -> (u16, Value) {
    let mut raw = Raw::connect(running).await;
    raw.send(&format!("{method} {path}"), &[&format!("content-length: {}", body.len())]).await;
    raw.write(body.as_bytes()).await;
    let answer = raw.answer().await;
    assert_eq!(answer.headers["content-type"], "application/json");
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

#[tokio::test]
async fn faults_are_changed_over_http() {
    let running = Server::start(plain(), echo).unwrap();
    let rules = json!({"faults": ["* /** status:500 times=2", "GET /a close"]}).to_string();
    assert_eq!(ask(&running, "POST", "/-/faults", &rules).await.0, 200);
    assert_eq!(Raw::connect(&running).await.get("/v3").await.status, 500);
    let (_, listed) = ask(&running, "GET", "/-/faults", "").await;
    assert_eq!(listed["faults"][0], json!({"rule": "* /** status:500 times=2", "seen": 1, "fired": 1}));
    let (status, refused) = ask(&running, "POST", "/-/faults", r#"{"faults": ["GET /a"]}"#).await;
    assert!(status == 400 && refused["error"].as_str().unwrap().contains("no action"));
    assert_eq!(running.faults().counts().len(), 2);
    assert_eq!(ask(&running, "DELETE", "/-/faults", "").await, (200, json!({"faults": []})));
    assert_eq!(Raw::connect(&running).await.get("/a").await.status, 200);
}

#[tokio::test]
async fn the_journal_is_read_over_http_and_not_written_by_that() {
    let running =
        Server::start(ServerOptions { prefix: "/rancher".parse().unwrap(), ..plain() }, echo).unwrap();
    Raw::connect(&running).await.get("/rancher/v3?limit=2").await;
    // rules for every path do not reach these
    running.faults().set(vec!["* ** hang".parse().unwrap()]);
    let (_, listed) = ask(&running, "GET", "/-/journal", "").await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!((&listed[0]["n"], &listed[0]["target"]), (&json!(1), &json!("/rancher/v3?limit=2")));
    assert_eq!(ask(&running, "DELETE", "/-/journal", "").await, (200, json!([])));
    assert!(running.journal().is_empty());
    assert_eq!(ask(&running, "GET", "/-/nothing", "").await.0, 404);
}

#[tokio::test]
async fn agents_are_changed_over_http() {
    let simulator =
        Simulator::serve(World::record(7), ServerOptions { delay_scale: 0.0, ..plain() }).unwrap();
    let token = simulator.world(|world| World::labels(world).tokens["admin-unscoped"].clone());
    let status = async || {
        let mut raw = Raw::connect(simulator.running()).await;
        raw.send("GET /k8s/clusters/c-prod1/version", &[&format!("authorization: Bearer {token}")]).await;
        raw.answer().await.status
    };
    let set = async |body: Value| ask(simulator.running(), "POST", "/-/agents", &body.to_string()).await;
    assert_eq!(status().await, 200);
    assert_eq!(set(json!({"agents": {"c-prod1": "gone"}})).await.0, 200);
    assert_eq!(status().await, 500);
    assert_eq!(set(json!({"agents": {"c-prod1": "never"}})).await.0, 200);
    assert_eq!(status().await, 503);
    // one that is wrong changes none
    for wrong in
        [json!({"c-prod1": "connected", "c-zzzzz": "gone"}), json!({"c-edge1": "gone", "c-prod1": "up"})]
    {
        assert_eq!(set(json!({ "agents": wrong })).await.0, 400);
        assert_eq!(status().await, 503);
    }
}

/// Counts its requests.
struct Counter(u64);

impl Respond for Counter {
    fn respond(&mut self, _: &Request, _: Timestamp) -> Response {
        self.0 += 1;
        text(200, self.0.to_string())
    }
}

impl Labelled for Counter {
    fn labels(&self) -> Value {
        json!({"tokens": {"admin-unscoped": "token-abcde:secret"}, "clusters": {"prod": "c-prod1"}})
    }
}

#[tokio::test]
async fn a_test_reaches_the_world_while_it_serves() {
    let simulator = Simulator::start(SimulatorOptions { world: Counter(0), server: plain() }).unwrap();
    let mut raw = Raw::connect(simulator.running()).await;
    assert_eq!(raw.get("/").await.text(), "1");
    simulator.world(|world| world.0 = 41);
    assert_eq!(raw.get("/").await.text(), "42");
    assert_eq!(simulator.world(|world| world.0), 42);
    assert_eq!(simulator.journal().len(), 2);
    assert_eq!(
        simulator.ready(),
        json!({
            "url": simulator.url(), "ca_pem": null, "tokens": {"admin-unscoped": "token-abcde:secret"}, "users": {},
            "clusters": {"prod": "c-prod1"}, "projects": {},
        })
    );
    simulator.stop().await;
}

#[tokio::test]
async fn what_a_world_did_wrong_on_purpose_is_journaled() {
    let simulator = Simulator::start(SimulatorOptions { world: World::record(7), server: plain() }).unwrap();
    let token = simulator.world(|world| world.labels().tokens["admin-unscoped"].clone());
    let client = reqwest(simulator.running());
    let next = async || {
        let url = format!("{}/v3/settings?limit=2", simulator.url());
        let answer = client.get(url).bearer_auth(&token).send().await.unwrap();
        let list: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        list["pagination"]["next"].as_str().unwrap().to_owned()
    };
    assert!(next().await.contains("marker="));
    simulator.world(|world| world.quirk(Quirk::NextIsItself));
    assert!(next().await.ends_with("/v3/settings?limit=2"));
    let faults: Vec<_> = simulator.journal().entries().into_iter().map(|entry| entry.fault).collect();
    assert_eq!(faults, [None, Some("quirk:next-is-itself".to_owned())]);
    simulator.stop().await;
}
