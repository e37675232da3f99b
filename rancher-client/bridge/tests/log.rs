//! What is told, and what is not. Level, queue and listener are those of the process, so this is one test in a process
//! of its own.

use rancher_bridge::{Bridge, log};
use rancher_simulator::{ServerOptions, Simulator, World};
use serde_json::json;

const OURS: &str = "rancher_client::test";

fn told() -> Vec<(u8, String)> {
    log::drain().into_iter().filter(|it| it.target == OURS).map(|it| (it.level, it.message)).collect()
}

fn tell() {
    tracing::info!(target: OURS, operation = %"v3.list", method = %"GET", path = %"/v3/clusters", status = 200_u16,
        ms = 12_u64, attempts = 1_u32, "answered");
    tracing::info!(target: OURS, operation = %"x", method = %"GET", path = %"/a", status = None::<u16>, kind = %"connect",
        ms = 3_u64, attempts = 3_u32, "failed");
    tracing::info!(target: OURS, operation = %"x", method = %"GET", path = %"/a", ms = 4_u64, "cancelled");
    tracing::debug!(target: OURS, operation = %"x", "two\nlines of token-abcde:s3cr3ts3cr3ts3cr3t");
    tracing::warn!(target: "hyper::proto", "not ours");
}

#[tokio::test]
async fn what_is_told_waits_until_it_is_fetched() {
    log::install();
    log::install();
    tell();
    assert_eq!(log::drain(), []);
    log::set_level(2);
    tell();
    let info = [
        "GET /v3/clusters 200 in 12 ms (try 1)",
        "GET /a connect in 3 ms (try 3)",
        "GET /a cancelled in 4 ms",
    ];
    assert_eq!(told(), info.map(|line| (2, line.to_owned())));
    log::set_level(9);
    tell();
    let all = told();
    assert_eq!(all.len(), 4);
    assert!(
        all[3].1.starts_with("two lines of token-abcde:***") && all[3].1.ends_with("operation=x"),
        "{all:?}"
    );

    for at in 0..10_005 {
        tracing::trace!(target: OURS, at, "many");
    }
    let all = log::drain();
    assert!(all.len() == 10_001 && all[0].message.starts_with("5 records were lost"), "{:?}", all[0]);
    assert_eq!((all[0].level, all[1].message.as_str()), (1, "many at=5"));
    log::set_level(0);
    tell();
    assert_eq!(log::drain(), []);

    // a real call: one line at INFO, and no secret at any level
    let simulator = Simulator::serve(World::record(7), ServerOptions::default()).unwrap();
    let token = simulator.world(|world| world.labels().tokens["admin-unscoped"].clone());
    let (_, secret) = token.rsplit_once(':').unwrap();
    let options = json!({"url": simulator.url(), "token": token, "ca_pem": simulator.ca_pem()}).to_string();
    let bridge = Bridge::open(options.as_bytes()).unwrap();
    for (level, lines) in [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2)] {
        log::set_level(level);
        let input = br#"{"target": {"collection": "clusters"}, "id": "c-prod1"}"#;
        bridge.call("v3.get", input, None).await.unwrap();
        let all = log::drain();
        assert_eq!(all.len(), lines, "level {level}: {all:?}");
        for record in &all {
            assert!(!record.message.contains(secret), "{record:?}");
        }
        if level >= 2 {
            let (line, rest) = all[0].message.split_at("GET /v3/clusters/c-prod1 200 in ".len());
            assert!(line.ends_with(" in ") && rest.ends_with(" ms (try 1)"), "{:?}", all[0]);
        }
    }

    // nor with bodies, headers, queries and failures
    const MARK: &str = "s3cr3tM4rk3dValu3";
    log::set_level(4);
    let map = json!({"metadata": {"name": "a", "namespace": "plain"}, "stringData": {"a": MARK}});
    for (operation, input) in [
        (
            "v3.action",
            json!({"target": {"collection": "clusters"}, "id": "c-prod1", "name": "generateKubeconfig"}),
        ),
        ("v3.create", json!({"target": {"collection": "tokens"}, "object": {"description": MARK}})),
        (
            "kubernetes.create",
            json!({"target": {"cluster": "c-prod1", "plural": "secrets", "namespace": "plain"}, "object": map}),
        ),
        ("v3.total", json!({"target": {"collection": "projects"}, "where": {"name": MARK}})),
        (
            "request",
            json!({"method": "POST", "path": format!("/v3/nosuch?password={MARK}"), "body": {"password": MARK}, "headers": {"x-secret": MARK}}),
        ),
        ("doctor", json!({"witness": token, "cluster": "c-prod1"})),
    ] {
        let _ = bridge.call(operation, input.to_string().as_bytes(), None).await;
        let all = log::drain();
        assert!(operation == "doctor" || all.iter().any(|it| it.level == 2), "{operation}: {all:?}");
        for record in &all {
            assert!(
                !record.message.contains(secret) && !record.message.contains(MARK),
                "{operation}: {record:?}"
            );
        }
    }
}
