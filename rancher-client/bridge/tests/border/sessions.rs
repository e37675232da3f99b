//! What closing a client ends on the server.

use crate::lab::Lab;
use serde_json::json;

fn logouts(lab: &Lab) -> usize {
    lab.requests().iter().filter(|request| request.contains("action=logout")).count()
}

/// A session that could not be ended, or whose end nobody waited for, is ended by closing again; one that is over is not.
#[tokio::test(flavor = "multi_thread")]
async fn closing_again_ends_what_is_left() {
    let lab = Lab::start();
    let user = lab.simulator.world(|world| world.labels().users["member"].clone());
    let login = json!({"username": user.username, "password": user.password, "revoke_on_close": true});
    let client = lab.client("admin-unscoped");
    client.call("login", login.clone()).await.unwrap();
    lab.faults(&["POST /v3/tokens status:500"]);
    let failed = client.0.finish().expect("a session is to be ended").await.unwrap_err();
    assert!(failed.to_json().to_string().contains("may go on"), "{failed:?}");
    lab.faults(&[]);
    lab.forget();
    drop(client.0.finish().expect("it is still to be ended"));
    client.0.finish().expect("nobody waited for it").await.unwrap();
    assert_eq!(logouts(&lab), 1);
    assert!(client.0.finish().is_none(), "it is over");

    // closing at once ends none, and neither does closing a client whose login did not ask for it
    let client = lab.client("admin-unscoped");
    client.call("login", login).await.unwrap();
    client.0.close();
    assert!(client.0.finish().is_none());
    let client = lab.client("admin-unscoped");
    client.call("login", json!({"username": user.username, "password": user.password})).await.unwrap();
    assert!(client.0.finish().is_none());
    assert_eq!(logouts(&lab), 1);
}
