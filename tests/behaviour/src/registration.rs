//! Clusters come and go: what the simulator does with them, what the client makes of it, and what is left behind where a
//! job stops in the middle.

use rancher_client::error::{Error, ErrorKind};
use rancher_client::scope::{KeyScope, Knowledge};
use rancher_client::wait::WaitOptions;
use rancher_client::wire::ClusterId;
use rancher_client::workflow::registration::{
    CreateOptions, ImportOptions, Registration, RemoveOptions, RotateTokenOptions, TokenOptions,
};
use rancher_simulator::Agent;
use std::time::Duration;

use crate::lab::{Lab, PROD, shown};

const CRTS: &str = "/v3/clusterregistrationtokens";

fn soon() -> WaitOptions {
    WaitOptions {
        deadline: Duration::from_secs(20),
        stable_for: Some(Duration::from_millis(200)),
        poll: Duration::from_millis(100),
        ..Default::default()
    }
}

fn briefly() -> WaitOptions {
    WaitOptions { deadline: Duration::from_millis(900), ..soon() }
}

fn rotating() -> RotateTokenOptions {
    RotateTokenOptions {
        token: TokenOptions { wait: soon(), ..Default::default() },
        wait: soon(),
        ..Default::default()
    }
}

/// A lab, an administrator's registration, and a cluster that was imported just now.
async fn imported(name: &str) -> (Lab, Registration, ClusterId) {
    let lab = Lab::start();
    let registration = lab.client("admin-unscoped").registration();
    let made = registration.import_cluster(name, &ImportOptions::default()).await.unwrap();
    (lab, registration, made.id)
}

fn connect(lab: &Lab, id: &ClusterId) {
    lab.simulator.world(|world| {
        world.set_agent(id.as_str(), Agent::Connected).unwrap();
        world.run_nodes(id.as_str(), Duration::ZERO);
    });
}

async fn token_ids(registration: &Registration, id: &ClusterId) -> Vec<String> {
    registration.tokens(id).await.unwrap().into_iter().map(|token| token.id).collect()
}

/// The error of a job that stopped, and everything it says of what is left.
fn stopped(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::PartlyDone, "{error:?}");
    error.because().join("\n")
}

#[tokio::test]
async fn a_cluster_is_imported_waited_for_and_ready() {
    let lab = Lab::start();
    lab.simulator.world(|world| world.register_in(Duration::from_millis(600)));
    let registration = lab.client("admin-unscoped").registration();
    let options = ImportOptions {
        description: "for the shop".into(),
        labels: [("team".to_owned(), "shop".to_owned())].into(),
        annotations: [("example.com/ticket".to_owned(), "OPS-1".to_owned())].into(),
    };
    let made = registration.import_cluster("shop", &options).await.unwrap();
    assert!(made.created && made.id.as_str().starts_with("c-") && made.provisioning.is_none());
    // the token comes later, and its commands with it
    assert!(
        registration.tokens(&made.id).await.unwrap().iter().all(|token| token.command().expose().is_empty())
    );
    let token = registration.token(&made.id, soon()).await.unwrap();
    assert_eq!(token.id, format!("{}:default-token", made.id));
    assert!(token.command().expose().contains(token.token().expose()) && token.expires_at.is_some());
    let command = registration.command(&made.id, soon()).await.unwrap();
    assert_eq!(&command, token.command());
    // no agent called yet, and the error says so
    let error = registration.wait_ready(&made.id, briefly()).unwrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.summary().contains("no agent has called yet"), "{error}");
    connect(&lab, &made.id);
    registration.wait_connected(&made.id, soon()).unwrap().await.unwrap();
    let cluster = registration.wait_ready(&made.id, soon()).unwrap().await.unwrap();
    assert_eq!(cluster.text("state"), Some("active"));
    assert_eq!(cluster.text("description"), Some("for the shop"));
    assert_eq!(cluster.pointer("/labels/team"), Some(&"shop".into()));
    assert_eq!(cluster.pointer("/annotations/example.com~1ticket"), Some(&"OPS-1".into()));
    let since = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(1);
    lab.simulator.world(|world| world.set_agent(made.id.as_str(), Agent::Gone { since }).unwrap());
    let error = registration.wait_connected(&made.id, briefly()).unwrap().await.unwrap_err();
    assert!(error.summary().contains("is not now (Cluster agent is not connected)"), "{error}");
}

#[tokio::test]
async fn a_name_is_given_once_and_ensure_says_which() {
    let (lab, registration, id) = imported("shop").await;
    let error = registration.import_cluster("shop", &ImportOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::AlreadyExists, Some("NotUnique")));
    assert!(error.advice().contains("ensure_imported"), "{error}");
    let found = registration.ensure_imported("shop", &ImportOptions::default()).await.unwrap();
    assert_eq!((found.created, found.id), (false, id));
    let made = registration.ensure_imported("blog", &ImportOptions::default()).await.unwrap();
    assert!(made.created);
    // one that is there and that this user does not see
    let standard = lab.client("standard-unscoped").registration();
    let error = standard.ensure_imported("shop", &ImportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert!(error.because().iter().any(|line| line.contains("somebody else's")), "{error:?}");
    // and one that is no imported cluster
    let error = registration.ensure_imported("local", &ImportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn who_may_not_create_clusters_is_told_what_is_needed() {
    let lab = Lab::start();
    let error = lab
        .client("base-unscoped")
        .registration()
        .import_cluster("shop", &ImportOptions::default())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(error.advice().contains("right to create clusters"), "{error}");
    // a key that is known to be scoped sends nothing
    let client = lab.client("member-prod");
    client.connection().learn(Knowledge::Recorded(KeyScope::Cluster(PROD.parse().unwrap())));
    lab.forget();
    let error = client.registration().import_cluster("shop", &ImportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfScope, "{error:?}");
    assert!(error.advice().contains("not scoped to a cluster"), "{error}");
    assert_eq!(lab.requests(), Vec::<String>::new());
    // one that is not known to be is not called dead
    let error = lab
        .client("admin-prod")
        .registration()
        .import_cluster("shop", &ImportOptions::default())
        .await
        .unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined), "{error:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_before_anything_is_sent() {
    let lab = Lab::start();
    let registration = lab.client("admin-unscoped").registration();
    lab.forget();
    let errors = [
        registration.import_cluster("Shop EU", &ImportOptions::default()).await.unwrap_err(),
        registration.create("shop", &CreateOptions::default()).await.unwrap_err(),
        registration.token("local", soon()).await.unwrap_err(),
        registration.remove("local", "local", &RemoveOptions::default()).await.unwrap_err(),
        registration.remove("c-prod1:p-abcde", "prod", &RemoveOptions::default()).await.unwrap_err(),
        registration.removal("local").await.unwrap_err(),
        registration.wait_ready("", soon()).unwrap_err(),
        registration.rotate_token("local", &rotating()).await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
        assert!(error.operation().starts_with("registration."), "{error:?}");
    }
    assert_eq!(lab.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn a_scoped_key_reads_the_tokens_of_its_own_cluster() {
    let lab = Lab::start();
    let client = lab.client("admin-prod");
    client.connection().learn(Knowledge::Recorded(KeyScope::Cluster(PROD.parse().unwrap())));
    lab.forget();
    let token = client.registration().token(PROD, soon()).await.unwrap();
    assert_eq!(token.id, "c-prod1:default-token");
    assert!(
        lab.requests().iter().all(|request| request.starts_with("GET /v3/cluster/c-prod1/")),
        "{:?}",
        lab.requests()
    );
}

#[tokio::test]
async fn without_a_server_url_the_wait_says_why_there_is_no_command() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    client.v3().collection("settings").unwrap().delete("server-url").await.unwrap();
    let made = client.registration().import_cluster("shop", &ImportOptions::default()).await.unwrap();
    let error = client.registration().token(&made.id, briefly()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.because().iter().any(|line| line.contains("server-url is not set")), "{error:?}");
    lab.simulator.world(|world| world.set_setting("server-url", "https://rancher.example.com"));
    client.registration().token(&made.id, soon()).await.unwrap();
}

#[tokio::test]
async fn the_manifest_comes_from_this_server_without_a_credential_and_shows_nowhere() {
    let (lab, registration, id) = imported("shop").await;
    lab.simulator.world(|world| world.set_setting("server-url", "https://elsewhere.example.com"));
    let token = registration.token(&id, soon()).await.unwrap();
    lab.forget();
    let manifest = registration.manifest(&id, soon()).await.unwrap();
    assert!(manifest.expose().contains("cattle-cluster-agent"));
    let entries = lab.entries();
    let import = entries.iter().find(|entry| entry.target.contains("/v3/import/")).unwrap();
    assert!(!import.has_authorization, "no credential goes along: {import:?}");
    let secret = token.token().expose();
    assert!(!format!("{token:?} {manifest:?} {registration:?}").contains(secret));
    // one that the server does not know any more
    registration.rotate_token(&id, &rotating()).await.unwrap();
    let error = registration.manifest_of(&token).await.unwrap_err();
    assert_eq!((error.kind(), error.status()), (ErrorKind::Invalid, Some(400)), "{error:?}");
    assert!(error.because().iter().any(|line| line.contains("does not know the secret")), "{error:?}");
    assert!(!shown(&error).contains(secret), "{}", shown(&error));
    for fault in ["status:500", "html502", "status:404", "cut:20", "reset"] {
        lab.faults(&[&format!("GET /v3/import/** {fault}")]);
        let error = registration.manifest_of(&token).await.unwrap_err();
        assert!(!shown(&error).contains(secret), "{fault}: {}", shown(&error));
        assert!(shown(&error).contains("/v3/import/***"), "{fault}: {}", shown(&error));
    }
}

#[tokio::test]
async fn a_provisioned_cluster_gets_its_id_and_a_node_command() {
    let lab = Lab::start();
    lab.simulator.world(|world| world.register_in(Duration::from_millis(300)));
    let registration = lab.client("admin-unscoped").registration();
    let options =
        CreateOptions { kubernetes_version: "v1.33.4+rke2r1".into(), wait: soon(), ..Default::default() };
    let made = registration.create("shop", &options).await.unwrap();
    assert!(made.id.as_str().starts_with("c-m-"), "{made:?}");
    assert_eq!(made.provisioning.as_deref(), Some("fleet-default/shop"));
    let token = registration.token(&made.id, soon()).await.unwrap();
    assert!(token.node_command().expose().contains("--token"));
    let error = registration.create("shop", &options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}");
    let report = registration.removal(&made.id).await.unwrap();
    assert_eq!(report.provisioning.as_deref(), Some("fleet-default/shop"));
    registration
        .remove(&made.id, "shop", &RemoveOptions { wait: soon(), ..Default::default() })
        .await
        .unwrap();
    let steve = lab.client("admin-unscoped").steve().resource("provisioning.cattle.io.clusters").unwrap();
    assert_eq!(steve.get("fleet-default/shop").await.unwrap_err().kind(), ErrorKind::NotFound);
    // an id that does not come leaves the object behind, by its name
    lab.simulator.world(|world| world.register_in(Duration::from_secs(3_600)));
    let error = registration.create("late", &CreateOptions { wait: briefly(), ..options }).await.unwrap_err();
    assert!(
        stopped(&error).contains("left behind: provisioning.cattle.io.clusters fleet-default/late"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_token_that_no_agent_has_is_replaced() {
    let (_lab, registration, id) = imported("shop").await;
    let before = registration.token(&id, soon()).await.unwrap();
    let rotated = registration.rotate_token(&id, &rotating()).await.unwrap();
    assert_eq!(rotated.deleted, std::slice::from_ref(&before.id));
    assert!(rotated.created && rotated.kept.is_empty() && !rotated.connected);
    assert_eq!(token_ids(&registration, &id).await, std::slice::from_ref(&rotated.token.id));
    assert_ne!(rotated.token.token(), before.token());
    // and what comes next finds the new one
    assert_eq!(registration.token(&id, soon()).await.unwrap().id, rotated.token.id);
}

#[tokio::test]
async fn the_token_that_the_agent_has_is_not_deleted_under_it() {
    let (lab, registration, id) = imported("shop").await;
    connect(&lab, &id);
    registration.wait_ready(&id, soon()).unwrap().await.unwrap();
    let error = registration.rotate_token(&id, &rotating()).await.unwrap_err();
    let said = stopped(&error);
    let old = format!("{id}:default-token");
    assert!(said.contains(&format!("left behind: the old registration token {old}")), "{said}");
    assert!(said.contains("the agent of the cluster connects with it"), "{said}");
    let ids = token_ids(&registration, &id).await;
    assert_eq!(ids.len(), 2);
    let new = ids.into_iter().find(|token| *token != old).unwrap();
    assert!(error.summary().contains(&new) && error.advice().contains(&new), "{error}");
    assert!(
        lab.simulator.world(|world| world.reconnect_agent(id.as_str())).unwrap(),
        "the agent still gets in"
    );
    // going on with the same token, and installing the agent with it
    let options = RotateTokenOptions { to: Some(new.clone()), roll_out: true, ..rotating() };
    let rotated = registration.rotate_token(&id, &options).await.unwrap();
    assert_eq!((rotated.created, rotated.connected, rotated.deleted), (false, true, vec![old]));
    assert_eq!(token_ids(&registration, &id).await, [new]);
    assert!(lab.simulator.world(|world| world.reconnect_agent(id.as_str())).unwrap(), "with the new token");
}

#[tokio::test]
async fn cutting_off_does_what_it_says() {
    let (lab, registration, id) = imported("shop").await;
    connect(&lab, &id);
    let options = RotateTokenOptions { cut_off: true, ..rotating() };
    let rotated = registration.rotate_token(&id, &options).await.unwrap();
    assert_eq!(rotated.deleted, [format!("{id}:default-token")]);
    assert!(!lab.simulator.world(|world| world.reconnect_agent(id.as_str())).unwrap(), "the agent is out");
    let error = registration.wait_connected(&id, briefly()).unwrap().await.unwrap_err();
    assert!(error.summary().contains("was connected once"), "{error}");
}

#[tokio::test]
async fn a_rotation_that_stops_names_what_is_left() {
    let after_new = [
        // waiting for the commands: the list fails for good
        (
            "GET /v3/clusterregistrationtokens status:500 after=2",
            "not done: waiting for the commands of the new token",
        ),
        ("DELETE /v3/clusterregistrationtokens/* status:500", "not done: deleting"),
        ("DELETE /v3/clusterregistrationtokens/* status:422", "not done: deleting"),
    ];
    for (fault, step) in after_new {
        let (lab, registration, id) = imported("shop").await;
        let old = registration.token(&id, soon()).await.unwrap();
        lab.faults(&[fault]);
        let options = RotateTokenOptions { wait: briefly(), ..rotating() };
        let error = registration.rotate_token(&id, &options).await.unwrap_err();
        lab.faults(&[]);
        let said = stopped(&error);
        let ids = token_ids(&registration, &id).await;
        let new = ids.iter().find(|token| **token != old.id).expect("the new one is there").clone();
        assert!(ids.contains(&old.id), "{fault}: the old one is there");
        assert!(said.contains(&format!("done: the registration token {new} was made")), "{fault}: {said}");
        assert!(
            said.contains(&format!("left behind: the old registration token {}", old.id)),
            "{fault}: {said}"
        );
        assert!(said.contains(step), "{fault}: {said}");
        assert!(!shown(&error).contains(old.token().expose()), "{fault}");
        // it goes on where it stopped
        let again = RotateTokenOptions { to: Some(new.clone()), ..rotating() };
        let rotated = registration.rotate_token(&id, &again).await.unwrap();
        assert_eq!((rotated.deleted, rotated.token.id), (vec![old.id], new), "{fault}");
    }
}

#[tokio::test]
async fn a_creation_without_an_answer_is_looked_for() {
    let (lab, registration, id) = imported("shop").await;
    let old = registration.token(&id, soon()).await.unwrap();
    // the answer is cut in its middle: the token was made
    lab.faults(&[&format!("POST {CRTS} cut:10 times=1")]);
    let error = registration.rotate_token(&id, &rotating()).await.unwrap_err();
    let said = stopped(&error);
    let ids = token_ids(&registration, &id).await;
    let new = ids.iter().find(|token| **token != old.id).expect("it was made");
    assert!(said.contains(&format!("left behind: perhaps the registration token {new}")), "{said}");
    assert!(ids.contains(&old.id));
    // one that was refused made nothing, and is no half-done job
    lab.faults(&[&format!("POST {CRTS} status:422 times=1")]);
    let error = registration.rotate_token(&id, &rotating()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error:?}");
}

#[tokio::test]
async fn a_cluster_that_loses_its_agent_stops_the_rotation() {
    let (lab, registration, id) = imported("shop").await;
    connect(&lab, &id);
    registration.wait_ready(&id, soon()).unwrap().await.unwrap();
    // the second look at the cluster fails: nothing is deleted
    lab.faults(&[&format!("GET /v3/clusters/{id} status:500 after=1")]);
    let error = registration.rotate_token(&id, &rotating()).await.unwrap_err();
    lab.faults(&[]);
    let said = stopped(&error);
    assert!(said.contains("not done: looking whether the cluster is still connected"), "{said}");
    assert_eq!(token_ids(&registration, &id).await.len(), 2);
    // who may not read the agent's secret cannot know what it has, and deletes nothing
    lab.faults(&[&format!("GET /k8s/clusters/{id}/api/v1/namespaces/cattle-system/secrets/** status:500")]);
    let error = registration.rotate_token(&id, &rotating()).await.unwrap_err();
    assert!(stopped(&error).contains("may connect with it"), "{error:?}");
}

#[tokio::test]
async fn what_a_removal_would_take_is_counted_or_said_to_be_unseen() {
    let (lab, registration, id) = imported("shop").await;
    let report = registration.removal(&id).await.unwrap();
    let projects = report.goes.iter().find(|seen| seen.what == "projects").unwrap();
    assert_eq!((projects.count, projects.complete, projects.names.len()), (Some(2), true, 2), "{report}");
    let keys = report.goes.iter().find(|seen| seen.what.starts_with("keys")).unwrap();
    assert!(!keys.complete && keys.because.is_some(), "{report}");
    assert!(report.inside.iter().all(|seen| seen.count.is_none()), "no agent, no count: {report}");
    connect(&lab, &id);
    let report = registration.removal(&id).await.unwrap();
    let of = |what: &str| report.inside.iter().find(|seen| seen.what == what).unwrap().count;
    assert_eq!(
        (of("namespaces"), of("deployments"), of("statefulsets")),
        (Some(6), Some(1), Some(0)),
        "{report}"
    );
    // a member sees some of it, and the report does not take that for all
    let report = lab.client("pmember-unscoped").registration().removal(PROD).await.unwrap();
    let projects = report.goes.iter().find(|seen| seen.what == "projects").unwrap();
    assert!(!projects.complete && projects.count.is_some(), "{report}");
    assert!(report.to_string().contains("at least 1 projects"), "{report}");
    // a scoped key cannot ask Rancher, and says so
    let report = lab.client("admin-prod").registration().removal(PROD).await.unwrap();
    assert!(report.goes.iter().any(|seen| seen.count.is_none()), "{report}");
}

#[tokio::test]
async fn a_cluster_is_removed_by_its_name_only() {
    let (lab, registration, id) = imported("shop").await;
    let wait = RemoveOptions { wait: soon(), ..Default::default() };
    for wrong in ["", "Shop", id.as_str()] {
        let error = registration.remove(&id, wrong, &wait).await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("confirm")));
    }
    assert!(!lab.requests().iter().any(|request| request.starts_with("DELETE")));
    // who does not own it may not
    let error = lab.client("member-unscoped").registration().remove(PROD, "prod", &wait).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    lab.simulator.world(|world| world.remove_in(Duration::from_millis(500)));
    // the answer is lost: it was deleted all the same
    lab.faults(&[&format!("DELETE /v3/clusters/{id} cut:10 times=9")]);
    let removed = registration.remove(&id, "shop", &wait).await.unwrap();
    assert_eq!((removed.id, removed.cleared), (id.clone(), vec![]));
    lab.faults(&[]);
    assert_eq!(registration.removal(&id).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert!(token_ids(&registration, &id).await.is_empty());
}

#[tokio::test]
async fn finalizers_that_hang_are_named_and_cleared_only_when_asked() {
    const HANGS: &str = "controller.cattle.io/cluster-agent-controller-cleanup";
    let (lab, registration, id) = imported("shop").await;
    lab.simulator.world(|world| world.hang_finalizer(HANGS));
    let brief = RemoveOptions { wait: briefly(), ..Default::default() };
    let error = registration.remove(&id, "shop", &brief).await.unwrap_err();
    let said = stopped(&error);
    assert!(error.summary().contains(HANGS) && said.contains("the agent, cattle-system"), "{error:?}");
    assert!(!lab.requests().iter().any(|request| request.starts_with("PATCH")), "{:?}", lab.requests());
    // whoever waits for it to be ready is told
    let error = registration.wait_ready(&id, soon()).unwrap().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    // and it is not made again while it goes
    let error = registration.ensure_imported("shop", &ImportOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    let clear = RemoveOptions { clear_finalizers: true, ..brief };
    let removed = registration.remove(&id, "shop", &clear).await.unwrap();
    assert_eq!(removed.cleared, [HANGS]);
}

#[tokio::test]
async fn an_end_that_cannot_be_seen_is_not_called_one() {
    let lab = Lab::start();
    let registration = lab.client("admin-prod").registration();
    let wait = WaitOptions { rights_lag: Duration::from_millis(300), ..soon() };
    for fault in ["status:403", "status:401"] {
        lab.faults(&[&format!("GET /v3/clusters/c-prod1 {fault} after=1")]);
        let options = RemoveOptions { wait, ..Default::default() };
        let error = registration.remove(PROD, "prod", &options).await.unwrap_err();
        assert!(stopped(&error).contains("done: the deletion of c-prod1 was accepted"), "{error:?}");
        lab.simulator.world(|world| world.remove_in(Duration::from_secs(60)));
    }
}
