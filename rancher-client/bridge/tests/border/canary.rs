//! No secret that a client was opened or called with is in what the border says.

use rancher_bridge::{Bridge, Fault};
use serde_json::json;

use crate::lab::{Lab, PROD};

const MARK: &str = "s3cr3tM4rk3dValu3";

#[tokio::test]
async fn no_secret_is_said() {
    let lab = Lab::start();
    let mut said = String::new();
    let mut secrets = vec![MARK.to_owned()];
    for label in ["admin-unscoped", "admin-prod", "admin-stage", "deleted", "expired", "ext-prod"] {
        secrets.push(lab.token(label).rsplit(':').next().unwrap().to_owned());
        let client = lab.open(label, json!({"cluster": PROD, "timeout": 20}));
        let inputs = [
            (
                "v3.create",
                json!({"target": {"collection": "projects"}, "object": {"annotations": {"password": MARK}}}),
            ),
            (
                "v3.find",
                json!({"target": {"collection": "projects"}, "name_or_id": format!("token-zzzzz:{MARK}")}),
            ),
            ("v3.get", json!({"target": {"collection": "tokens"}, "id": format!("token-zzzzz:{MARK}")})),
            (
                "v3.collection_action",
                json!({"target": {"collection": "users"}, "name": "changepassword", "input": {"currentPassword": MARK}}),
            ),
            ("v3.total", json!({"target": {"collection": "tokens"}, "where": {"name": {"near": MARK}}})),
            ("v3.total", json!({"target": {"collection": "nosuch"}, "where": {"password": MARK}})),
            (
                "kubernetes.create",
                json!({"target": {"cluster": PROD, "plural": "secrets", "namespace": "nosuch"}, "object": {"stringData": {"a": MARK}}}),
            ),
            (
                "request",
                json!({"method": "POST", "path": format!("/v3/nosuch?password={MARK}"), "body": {"password": MARK}, "headers": {"x-secret": MARK}}),
            ),
            ("doctor", json!({"witness": [MARK]})),
            ("doctor", json!({"cluster": format!("token-zzzzz:{MARK}")})),
            ("doctor", json!({"witness": format!("{MARK} {MARK}")})),
        ];
        for (operation, input) in inputs {
            if let Err(fault) = client.call(operation, input).await {
                said.push_str(&shown(&fault));
            }
        }
        if let Err(fault) = client.list("v3.list", json!({"target": {"collection": "clusters"}})).await {
            said.push_str(&shown(&fault));
        }
        let report = client
            .call("doctor", json!({"witness": lab.token("admin-unscoped"), "timeout": 20}))
            .await
            .unwrap();
        said.push_str(&report.value_json());
        said.push_str(&client.0.describe());
        said.push_str(&format!("{:?} {report:?}", client.0));
    }
    secrets.push(lab.token("admin-unscoped").rsplit(':').next().unwrap().to_owned());
    for options in [
        json!({"url": format!("https://user:{MARK}@rancher.example.com"), "token": "token-abcde:x"}),
        json!({"url": "https://rancher.example.com", "token": [MARK]}),
        json!({"url": "https://rancher.example.com", "access_key": "token-abcde", "secret_key": {"a": MARK}}),
        json!({"url": "https://rancher.example.com", "token": "token-abcde:x", "proxy": format!("socks://u:{MARK}@h")}),
        json!({"url": "https://rancher.example.com", "token": "token-abcde:x", "ca_pem": MARK}),
    ] {
        match Bridge::open(options.to_string().as_bytes()) {
            Err(fault) => said.push_str(&shown(&fault)),
            Ok(bridge) => said.push_str(&format!("{}{bridge:?}", bridge.describe())),
        }
    }
    assert!(said.len() > 10_000);
    for secret in secrets {
        let at = said.find(&secret);
        assert!(at.is_none(), "{secret}: {}", &said[at.unwrap().saturating_sub(300)..at.unwrap()]);
    }
}

fn shown(fault: &Fault) -> String {
    format!("{}\n{fault}\n{fault:?}\n", fault.to_json())
}
