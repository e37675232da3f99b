//! What a client is opened with, and what it says of itself.

use rancher_bridge::Bridge;
use serde_json::{Value, json};

use crate::lab::{Lab, PROD};

fn refused(options: &Value) -> String {
    let fault = Bridge::open(options.to_string().as_bytes()).unwrap_err();
    assert_eq!(fault.error().kind().as_str(), "config", "{options}: {fault}");
    assert!(!fault.to_json().contains("S3CR3T"), "{fault}");
    fault.to_string()
}

#[tokio::test]
async fn options_that_are_none_are_named() {
    let base = json!({"url": "https://rancher.example.com", "token": "token-abcde:S3CR3TS3CR3TS3CR3T"});
    for (name, wrong) in [
        ("tokn", json!("token-abcde:S3CR3TS3CR3TS3CR3T")),
        ("url", json!(["S3CR3T"])),
        ("url", json!("ftp://S3CR3T")),
        ("token", json!({"S3CR3T": 1})),
        ("secret_key", json!(5)),
        ("anonymous", json!("S3CR3T")),
        ("verify", json!(["S3CR3T"])),
        ("timeout", json!("S3CR3T")),
        ("timeout", json!(0)),
        ("timeout", json!(-1)),
        ("connect_timeout", json!([])),
        ("retries", json!(0)),
        ("retries", json!(2.5)),
        ("in_flight", json!(0)),
        ("probes", json!("S3CR3T")),
        ("application", json!("a\nS3CR3T")),
        ("application", json!("")),
        ("naming", json!("S3CR3T")),
    ] {
        let mut options = base.clone();
        options[name] = wrong;
        let text = refused(&options);
        assert!(text.contains(name), "{name}: {text}");
    }
    let mut both = base.clone();
    both["verify"] = json!("/nosuch/ca.pem");
    both["ca_file"] = json!("/nosuch/ca.pem");
    assert!(refused(&both).contains("verify"));
    let mut camel = base;
    camel["naming"] = json!("camel");
    camel["zzz"] = json!(1);
    let text = refused(&camel);
    assert!(text.contains("accessKey") && !text.contains("access_key"), "{text}");
    for text in ["", "[]", "{", "5"] {
        assert_eq!(Bridge::open(text.as_bytes()).unwrap_err().error().kind().as_str(), "config");
    }
}

#[tokio::test]
async fn options_do_what_they_say() {
    let lab = Lab::start();
    let ca = std::env::temp_dir().join(format!("border-ca-{}.pem", std::process::id()));
    std::fs::write(&ca, lab.simulator.ca_pem().unwrap()).unwrap();
    let get = json!({"target": {"collection": "clusters"}, "id": PROD});
    for more in [
        json!({"verify": ca.to_str(), "ca_pem": null}),
        json!({"ca_file": ca.to_str(), "ca_pem": null, "verify": true}),
        json!({"verify": false, "ca_pem": null}),
        json!({"timeout": 30, "connect_timeout": 20.5, "retries": 2, "in_flight": 1, "probes": true, "application": "shop/1"}),
    ] {
        lab.open("admin-unscoped", more.clone())
            .call("v3.get", get.clone())
            .await
            .unwrap_or_else(|e| panic!("{more}: {e}"));
    }
    std::fs::remove_file(&ca).unwrap();
    let agent = lab.simulator.journal().entries().pop().unwrap().user_agent.unwrap();
    assert!(agent.contains("shop/1"), "{agent}");
    // a certificate that nobody vouches for
    let fault =
        lab.open("admin-unscoped", json!({"ca_pem": null})).call("v3.get", get.clone()).await.unwrap_err();
    assert_eq!(fault.error().kind().as_str(), "tls", "{fault}");

    lab.forget();
    lab.faults(&["GET /v3/clusters/* 429:0"]);
    lab.open("admin-unscoped", json!({"retries": 4})).call("v3.get", get.clone()).await.unwrap_err();
    assert_eq!(lab.requests().len(), 4);
    lab.faults(&["GET /v3/clusters/* hang"]);
    let fault = lab
        .open("admin-unscoped", json!({"timeout": 0.3, "retries": 1}))
        .call("v3.get", get)
        .await
        .unwrap_err();
    assert_eq!(fault.error().kind().as_str(), "timeout");

    lab.faults(&[]);
    lab.forget();
    let list = json!({"target": {"collection": "projects"}});
    lab.open("deleted", json!({"probes": false})).list("v3.list", list.clone()).await.unwrap_err();
    let without = lab.requests().len();
    lab.forget();
    lab.open("deleted", json!({"probes": true, "cluster": PROD})).list("v3.list", list).await.unwrap_err();
    assert!(without == 1 && lab.requests().len() > 1, "{without} {:?}", lab.requests());
}

#[tokio::test]
async fn a_client_says_who_it_is_and_where_that_was_found() {
    let lab = Lab::start();
    let client = lab.open("admin-unscoped", json!({"cluster": PROD}));
    let said: Value = serde_json::from_str(&client.0.describe()).unwrap();
    assert_eq!(
        (&said["url"], &said["cluster"], &said["trust"]),
        (&json!(lab.simulator.url()), &json!(PROD), &json!("ca_pem"))
    );
    let name = lab.token("admin-unscoped").split_once(':').unwrap().0.to_owned();
    assert!(said["credential"].as_str().unwrap().contains(&name), "{said}");
    assert_eq!(said["discovery"]["decided"]["server"]["source"], "explicit", "{said}");
    let camel = lab.open("admin-unscoped", json!({"naming": "camel"}));
    let said: Value = serde_json::from_str(&camel.0.describe()).unwrap();
    assert!(said["discovery"]["decided"]["server"].get("passedOver").is_some(), "{said}");

    let again = client.0.reopened().unwrap();
    client.0.close();
    again.call("version", b"{}", None).await.unwrap();
    assert_eq!(again.describe(), client.0.describe());
}

#[tokio::test]
async fn a_client_says_that_a_login_replaced_its_credential() {
    let lab = Lab::start();
    let client = lab.open("admin-unscoped", json!({}));
    let replaced = |bridge: &rancher_bridge::Bridge| -> bool {
        serde_json::from_str::<Value>(&bridge.describe()).unwrap()["replaced"].as_bool().unwrap()
    };
    assert!(!replaced(&client.0) && !replaced(&client.0.reopened().unwrap()));
    let user = lab.simulator.world(|world| world.labels().users["standard"].clone());
    let login = json!({"username": user.username, "password": user.password});
    client.call("login", login).await.unwrap();
    // a forked child goes by the session too
    assert!(replaced(&client.0) && replaced(&client.0.reopened().unwrap()));
    client.call("logout", json!({})).await.unwrap();
    assert!(replaced(&client.0));
}
