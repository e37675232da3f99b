//! `kube::Client` through Rancher's cluster proxy, against the simulated server over TLS.

use futures_util::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Secret};
use kube::api::{
    Api, AttachParams, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams, WatchEvent,
    WatchParams,
};
use rancher_client::config::{Config, Trust};
use rancher_client::error::{Cause, ErrorKind, ForbiddenReason};
use rancher_client::proxy::kube::{Typed, behind};
use rancher_client::proxy::{ApplyOptions, ClusterProxy, ListOptions, Resource};
use rancher_client::wire::{Kept, Object};
use rancher_client::{Client, Credential, ServerUrl};
use rancher_simulator::{Agent, ServerOptions, Simulator, World};
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PROD: &str = "c-prod1";

/// No test waits longer for anything, however slow the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

struct Lab {
    simulator: Simulator<World>,
}

impl Lab {
    /// A server whose cluster runs pods at once.
    fn start() -> Self {
        let simulator = Simulator::serve(World::record(7), ServerOptions::default()).unwrap();
        simulator.world(|world| world.run_nodes(PROD, Duration::ZERO));
        Self { simulator }
    }

    fn credential(&self, label: &str) -> Credential {
        let token = self.simulator.world(|world| world.labels().tokens[label].clone());
        Credential::parse(&token).unwrap()
    }

    fn client(&self, label: &str) -> Client {
        let server = ServerUrl::parse(self.simulator.url(), false).unwrap();
        let mut config = Config::new(server, self.credential(label));
        config.trust = Trust::CaPem(self.simulator.ca_pem().unwrap().to_owned());
        Client::new(config).unwrap()
    }

    fn cluster(&self, label: &str) -> ClusterProxy {
        self.client(label).cluster(PROD).unwrap()
    }

    fn requests(&self, method: &str) -> Vec<String> {
        let entries = self.simulator.journal().entries();
        let of = entries.iter().filter(|entry| entry.method == method);
        of.map(|entry| entry.target.clone()).collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> T {
    serde_json::from_value(json).unwrap()
}

fn map(name: &str, value: &str) -> ConfigMap {
    read(json!({"metadata": {"name": name, "labels": {"app": "web"}}, "data": {"a": value}}))
}

fn pod(name: &str) -> Pod {
    let container = json!({"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]});
    read(json!({"metadata": {"name": name}, "spec": {"containers": [container]}}))
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("in time")
}

#[tokio::test]
async fn types_are_read_written_and_watched() {
    let lab = Lab::start();
    let client = lab.cluster("admin-prod").namespace("plain").unwrap().kube_client().unwrap();
    assert_eq!(client.default_namespace(), "plain");
    assert_eq!(client.apiserver_version().await.unwrap().git_version, "v1.36.3");

    let maps: Api<ConfigMap> = Api::default_namespaced(client.clone());
    let made = maps.create(&PostParams::default(), &map("app", "1")).await.unwrap();
    let from = made.metadata.resource_version.clone().unwrap();
    let events = soon(maps.watch(&WatchParams::default().labels("app=web"), &from)).await.unwrap();
    let mut events = events.boxed();
    let merge = Patch::Merge(json!({"data": {"b": "2"}}));
    let patched = maps.patch("app", &PatchParams::default(), &merge).await.unwrap();
    assert_eq!(patched.data.unwrap().len(), 2);
    let applied =
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app"}, "data": {"c": "3"}});
    maps.patch("app", &PatchParams::apply("ci"), &Patch::Apply(applied)).await.unwrap();
    let mut last = maps.get("app").await.unwrap();
    last.data.as_mut().unwrap().insert("d".into(), "4".into());
    maps.replace("app", &PostParams::default(), &last).await.unwrap();
    maps.delete("app", &DeleteParams::default()).await.unwrap();
    let mut seen = Vec::new();
    while seen.last() != Some(&("deleted", 4)) {
        let count = |map: &ConfigMap| map.data.as_ref().map_or(0, |data| data.len());
        match soon(events.try_next()).await.unwrap().unwrap() {
            WatchEvent::Modified(map) => seen.push(("modified", count(&map))),
            WatchEvent::Deleted(map) => seen.push(("deleted", count(&map))),
            WatchEvent::Bookmark(_) => {}
            event => panic!("{event:?}"),
        }
    }
    assert_eq!(seen, [("modified", 2), ("modified", 3), ("modified", 4), ("deleted", 4)]);

    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "plain");
    let web: Deployment = read(json!({
        "metadata": {"name": "web"},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": {
            "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]}}},
    }));
    deployments.create(&PostParams::default(), &web).await.unwrap();
    let pods: Api<Pod> = Api::namespaced(client, "plain");
    let listed = pods.list(&ListParams::default().labels("app=web").limit(1)).await.unwrap();
    assert!(listed.items.len() == 1 && listed.metadata.continue_.is_some(), "{listed:?}");
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let scale = deployments.patch_scale("web", &PatchParams::default(), &three).await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(3));
    let all = pods.list(&ListParams::default().labels("app=web")).await.unwrap();
    assert_eq!(all.items.len(), 3);
    let name = all.items[0].metadata.name.clone().unwrap();
    assert_eq!(pods.logs(&name, &LogParams::default()).await.unwrap(), "web started\n");
}

#[tokio::test]
async fn commands_run_in_a_container_and_ports_are_forwarded() {
    let lab = Lab::start();
    let client = lab.cluster("admin-prod").kube_client().unwrap();
    let pods: Api<Pod> = Api::namespaced(client, "plain");
    pods.create(&PostParams::default(), &pod("p")).await.unwrap();
    pods.get("p").await.unwrap();

    let mut echo = soon(pods.exec("p", ["echo", "a b", "c"], &AttachParams::default())).await.unwrap();
    let mut said = String::new();
    soon(echo.stdout().unwrap().read_to_string(&mut said)).await.unwrap();
    assert_eq!(said, "a b c\n");
    let status = echo.take_status().unwrap();
    assert_eq!(soon(status).await.unwrap().status.as_deref(), Some("Success"));
    soon(echo.join()).await.unwrap();

    let mut failed = soon(pods.exec("p", ["sh", "-c", "exit 3"], &AttachParams::default())).await.unwrap();
    let status = soon(failed.take_status().unwrap()).await.unwrap();
    let code = status.details.unwrap().causes.unwrap()[0].message.clone();
    assert_eq!((status.reason.as_deref(), code.as_deref()), (Some("NonZeroExitCode"), Some("3")));

    let mut cat =
        soon(pods.exec("p", ["cat"], &AttachParams::default().stdin(true).stderr(false))).await.unwrap();
    let (mut stdin, mut stdout) = (cat.stdin().unwrap(), cat.stdout().unwrap());
    // more than one message, both ways at once
    let sent: Vec<u8> = (0..200_000_u32).map(|byte| byte as u8).collect();
    let writing = async {
        stdin.write_all(&sent).await.unwrap();
        stdin.shutdown().await.unwrap();
        drop(stdin);
    };
    let mut read_back = Vec::new();
    let (_, read) = soon(async { tokio::join!(writing, stdout.read_to_end(&mut read_back)) }).await;
    read.unwrap();
    assert_eq!(read_back, sent);

    let mut forwarder = soon(pods.portforward("p", &[80, 81])).await.unwrap();
    let mut port = forwarder.take_stream(80).unwrap();
    port.write_all(b"over and back").await.unwrap();
    let mut back = [0; 13];
    soon(port.read_exact(&mut back)).await.unwrap();
    assert_eq!(&back, b"over and back");
    let refused = soon(forwarder.take_error(81).unwrap()).await.unwrap();
    assert!(refused.contains("connection refused"), "{refused}");
    drop((port, forwarder));

    // every socket went below the path of the cluster, and ends when nobody holds it
    assert!(lab.requests("GET").iter().all(|path| path.starts_with("/k8s/clusters/c-prod1/")));
    let start = Instant::now();
    drop(cat);
    while lab.simulator.streams().open() > 0 && start.elapsed() < PATIENCE {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(lab.simulator.streams().open(), 0);

    // what refuses an upgrade is an answer like any other
    let error = soon(pods.exec("nosuch", ["true"], &AttachParams::default())).await.err().unwrap();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 404), "{error:?}");
    let error =
        soon(pods.exec("p", ["true"], &AttachParams::default().container("nosuch"))).await.err().unwrap();
    assert!(matches!(&error, kube::Error::Api(status) if status.code == 400), "{error:?}");
}

#[tokio::test]
async fn what_kubernetes_says_stays_its_own_and_what_the_credential_says_is_ours() {
    let lab = Lab::start();
    let cluster = lab.cluster("admin-prod");
    let maps: Api<ConfigMap> = Api::namespaced(cluster.kube_client().unwrap(), "plain");
    assert!(maps.get_opt("nosuch").await.unwrap().is_none(), "controllers go by kube's own 404");
    maps.create(&PostParams::default(), &map("app", "1")).await.unwrap();
    let error = maps.create(&PostParams::default(), &map("app", "1")).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.is_already_exists()), "{error:?}");
    assert!(behind(&error).is_none());
    assert_eq!(cluster.explain(error).kind(), ErrorKind::AlreadyExists);
    let mut stale = maps.get("app").await.unwrap();
    stale.metadata.resource_version = Some("1".into());
    let error = maps.replace("app", &PostParams::default(), &stale).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.is_conflict()), "{error:?}");
    assert_eq!(cluster.explain(error).kind(), ErrorKind::Conflict);

    // a missing right of a key that is fine
    let readonly = lab.cluster("ro-prod");
    let secrets: Api<Secret> = Api::namespaced(readonly.kube_client().unwrap(), "shop-web");
    let error = secrets.list(&ListParams::default()).await.unwrap_err();
    assert!(matches!(&error, kube::Error::Api(status) if status.is_forbidden()), "{error:?}");
    let error = readonly.explain(error);
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
        "{error:?}"
    );
    assert_eq!(error.cluster().unwrap().as_str(), PROD);

    // a quota is no missing right
    let pods: Api<Pod> = Api::namespaced(cluster.kube_client().unwrap(), "shop-web");
    let limits = json!({"limits": {"cpu": "2", "memory": "64Mi"}});
    let big: Pod = read(
        json!({"metadata": {"name": "big"}, "spec": {"containers": [{"name": "c", "image": "nginx", "resources": limits}]}}),
    );
    let error = cluster.explain(pods.create(&PostParams::default(), &big).await.unwrap_err());
    assert_eq!(
        (error.kind(), error.reason()),
        (ErrorKind::Forbidden, Some(ForbiddenReason::Quota)),
        "{error:?}"
    );

    // a dead key and a key of another cluster get the same answer, and neither is called what it may not be
    for (label, other) in
        [("expired-prod", "c-prod1"), ("admin-stage", "c-prod1"), ("admin-local", "c-prod1")]
    {
        let cluster = lab.client(label).cluster(other).unwrap();
        let maps: Api<ConfigMap> = Api::namespaced(cluster.kube_client().unwrap(), "plain");
        let error = maps.list(&ListParams::default()).await.unwrap_err();
        assert!(matches!(&error, kube::Error::Service(_)), "{label}: {error:?}");
        let ours = behind(&error).unwrap();
        assert!(
            matches!(ours.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined),
            "{label}: a single refusal proves no dead key: {ours:?}"
        );
        assert!(!ours.evidence().to_string().is_empty());
        let (kind, line) = (ours.kind(), ours.to_string());
        let ours = cluster.explain(error);
        assert_eq!((ours.kind(), ours.to_string()), (kind, line));
        assert_eq!(ours.operation(), "cluster.kube");
    }
}

#[tokio::test]
async fn a_dead_agent_costs_seconds_and_nothing_is_sent_twice() {
    let lab = Lab::start();
    let gone = lab.simulator.world(|world| {
        let id = world.add_cluster("lost", Agent::Connected);
        world.set_agent(&id, Agent::Gone { since: jiff_minute_ago() }).unwrap();
        id
    });
    let cluster = lab.client("admin-unscoped").cluster(&gone).unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(cluster.kube_client().unwrap(), "plain");
    let start = Instant::now();
    let error = maps.create(&PostParams::default(), &map("app", "1")).await.unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
    let ours = behind(&error).unwrap();
    assert_eq!((ours.kind(), ours.causes()), (ErrorKind::ClusterUnavailable, &[Cause::AgentGone][..]));
    assert!(ours.summary().contains("whether the request arrived is not known"), "{ours}");
    assert_eq!(lab.requests("POST").len(), 1);

    // a server that is busy for a moment: what reads is sent again, what writes is not
    let cluster = lab.cluster("admin-prod");
    let maps: Api<ConfigMap> = Api::namespaced(cluster.kube_client().unwrap(), "plain");
    for (method, times) in [("GET", 2), ("PUT", 1), ("DELETE", 1)] {
        lab.simulator.journal().clear();
        lab.simulator.faults().set(vec![format!("{method} /k8s/** status:503 times=1").parse().unwrap()]);
        let done = match method {
            "GET" => maps.list(&ListParams::default()).await.map(drop),
            "PUT" => maps.replace("app", &PostParams::default(), &map("app", "1")).await.map(drop),
            _ => maps.delete("app", &DeleteParams::default()).await.map(drop),
        };
        assert_eq!((done.is_ok(), lab.requests(method).len()), (times == 2, times), "{method}: {done:?}");
    }
}

fn jiff_minute_ago() -> k8s_openapi::jiff::Timestamp {
    let now = k8s_openapi::jiff::Timestamp::now();
    now - k8s_openapi::jiff::SignedDuration::from_mins(1)
}

#[tokio::test]
async fn the_credential_can_be_replaced_under_a_client() {
    let lab = Lab::start();
    let client = lab.client("expired-prod");
    let maps: Api<ConfigMap> = Api::namespaced(client.cluster(PROD).unwrap().kube_client().unwrap(), "plain");
    assert!(behind(&maps.list(&ListParams::default()).await.unwrap_err()).is_some());
    client.replace_credential(lab.credential("admin-prod"));
    maps.list(&ListParams::default()).await.unwrap();
    // and nobody else's goes along
    let request = kube::core::Request::new("/api/v1/pods").list(&ListParams::default()).unwrap();
    let (mut parts, body) = request.into_parts();
    parts.headers.insert("authorization", "Bearer token-other:s3cr3ts3cr3t".parse().unwrap());
    let error = cluster_client(&lab).request_text(http::Request::from_parts(parts, body)).await.unwrap_err();
    assert_eq!(behind(&error).unwrap().kind(), ErrorKind::Invalid);
    assert!(!format!("{error} {error:?}").contains("s3cr3t"));
}

fn cluster_client(lab: &Lab) -> kube::Client {
    lab.cluster("admin-prod").kube_client().unwrap()
}

#[tokio::test]
async fn objects_are_types_and_lose_nothing() {
    let lab = Lab::start();
    let cluster = lab.cluster("admin-prod");
    let maps = Resource::core("configmaps").within("plain");
    // a field that the type does not know
    let json = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "app", "later": {"x": 1.0}}, "data": {"a": "1"}});
    cluster.create(maps, &Object::try_from(json).unwrap()).await.unwrap();
    let mut app: Kept<Typed<ConfigMap>> = cluster.get_typed("plain", "app").await.unwrap();
    app.data.get_or_insert_default().insert("b".into(), "2".into());
    let written = cluster.update_typed(&app).await.unwrap();
    assert_eq!(written.data.as_ref().unwrap().len(), 2);
    let read_back = cluster.get(maps, "app").await.unwrap();
    assert_eq!(read_back.pointer("/metadata/later/x"), Some(&json!(1.0)));
    assert_eq!(read_back.pointer("/data/b"), Some(&json!("2")));
    // what was read before that is refused
    app.data.get_or_insert_default().insert("c".into(), "3".into());
    assert_eq!(cluster.update_typed(&app).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert!(!format!("{app:?}").contains('2'), "{app:?}");

    let again = Typed::<ConfigMap>::of(&read_back).unwrap();
    assert_eq!(again.data, written.data);
    assert_eq!(Typed::<Pod>::of(&read_back).unwrap_err().kind(), ErrorKind::Decode);
    cluster.create_typed("plain", &map("two", "2")).await.unwrap();
    let options = ListOptions { label_selector: "app=web".into(), ..Default::default() };
    let listed = cluster.list_typed::<ConfigMap>("plain", options).collect().await.unwrap();
    assert_eq!(listed.len(), 1);
    let applied = cluster
        .apply_typed("plain", &map("two", "3"), &ApplyOptions { force: true, ..ApplyOptions::by("ci") })
        .await
        .unwrap();
    assert_eq!(applied.data.as_ref().unwrap()["a"], "3");
    // kube's client decodes it, and an answer that does not fit is told without its text
    let wrong: Api<Secret> = Api::namespaced(cluster.kube_client().unwrap(), "plain");
    assert!(wrong.get_opt("app").await.unwrap().is_none());
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let lab = runtime.block_on(async { Lab::start() });
    let error = lab.cluster("admin-prod").kube_client().err().unwrap();
    assert_eq!(error.kind(), ErrorKind::Config);
    // a client whose runtime ended says so
    let other = tokio::runtime::Runtime::new().unwrap();
    let cluster = lab.cluster("admin-prod");
    let client = other.block_on(async { cluster.kube_client().unwrap() });
    drop(other);
    let error = runtime.block_on(client.apiserver_version()).unwrap_err();
    assert_eq!(cluster.explain(error).kind(), ErrorKind::Cancelled);
}

#[tokio::test]
async fn no_secret_reaches_a_log_or_an_error() {
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);
    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    impl<'a> MakeWriter<'a> for Log {
        type Writer = Log;
        fn make_writer(&'a self) -> Log {
            self.clone()
        }
    }
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(log.clone())
        .finish();
    // for this thread, on which the tasks of the test run too
    let _guard = tracing::subscriber::set_default(subscriber);
    let lab = Lab::start();
    let token = lab.simulator.world(|world| world.labels().tokens["admin-prod"].clone());
    let secret = token.split(':').next_back().unwrap().to_owned();
    let client = cluster_client(&lab);
    let secrets: Api<Secret> = Api::namespaced(client, "plain");
    let marked: Secret =
        read(json!({"metadata": {"name": "db"}, "stringData": {"password": "C4N4RY-password"}}));
    secrets.create(&PostParams::default(), &marked).await.unwrap();
    let error = secrets.create(&PostParams::default(), &marked).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    let shown = format!("{shown} {:?}", lab.cluster("admin-prod").explain(error));
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(logged.contains("cluster.kube"), "{logged}");
    for text in [&shown, &logged] {
        assert!(!text.contains("C4N4RY") && !text.contains(&secret), "{text}");
    }
}
