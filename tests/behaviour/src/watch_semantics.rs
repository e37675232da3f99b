//! What a watch tells and what it does not, when everything goes wrong that can.

use futures_util::StreamExt as _;
use rancher_client::error::{ErrorKind, Result};
use rancher_client::proxy::{ClusterProxy, ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::v3::Query;
use rancher_client::watch::{Event, Watch, WatchOptions};
use rancher_client::wire::{ClusterId, Object};
use rancher_simulator::{Agent, ServerOptions, World};
use serde_json::json;
use std::time::Duration;

use crate::lab::{Lab, PATIENCE, PROD};

fn maps() -> Resource<'static> {
    Resource::core("configmaps").within("shop-web")
}

fn hasty() -> WatchOptions {
    WatchOptions { base: Duration::from_millis(10), ..WatchOptions::default() }
}

fn put(lab: &Lab, name: &str, value: &str) {
    let body = json!({"metadata": {"labels": {"v": value}}, "data": {"n": value}});
    lab.simulator.world(|world| world.write_object(PROD, "/configmaps", "shop-web", name, body)).unwrap();
}

fn drop_map(lab: &Lab, name: &str) {
    lab.simulator.world(|world| world.drop_object(PROD, "/configmaps", "shop-web", name)).unwrap();
}

/// The next event, within reason.
async fn next(watch: &mut Watch<Object>) -> Result<Event<Object>> {
    let next = tokio::time::timeout(PATIENCE, watch.next()).await;
    next.expect("an event in time").expect("a watch does not end")
}

/// The next event that is none of these.
async fn next_but(watch: &mut Watch<Object>, words: &[&str]) -> Event<Object> {
    loop {
        let event = next(watch).await.unwrap();
        if !words.contains(&event.word()) {
            return event;
        }
    }
}

/// Takes everything up to `Synced`, and returns the names.
async fn synced(watch: &mut Watch<Object>) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        match next(watch).await.unwrap() {
            Event::Listed(object) => names.extend(object.name().map(str::to_owned)),
            Event::Synced => return names,
            other => panic!("{other:?}"),
        }
    }
}

fn told(event: &Event<Object>) -> String {
    match event {
        Event::Deleted(gone) => format!("deleted {} {}", gone.id, gone.last.is_some()),
        _ => format!(
            "{} {}",
            event.word(),
            event.object().and_then(|object| object.name()).unwrap_or_default()
        ),
    }
}

fn cluster(lab: &Lab, label: &str) -> ClusterProxy {
    lab.client(label).cluster(PROD).unwrap()
}

fn families(lab: &Lab, label: &str, options: WatchOptions) -> [(&'static str, Watch<Object>); 2] {
    let steve = cluster(lab, label).steve().resource("configmaps").unwrap();
    let query = SteveQuery { namespace: Some("shop-web".into()), ..SteveQuery::default() };
    [
        ("kubernetes", cluster(lab, label).watch(maps(), ListOptions::default(), options)),
        ("steve", steve.watch(query, options)),
    ]
}

#[tokio::test]
async fn a_watch_lists_then_tells_every_change_with_a_scoped_key() {
    for family in 0..2 {
        let lab = Lab::start();
        put(&lab, "a", "1");
        let [kubernetes, steve] = families(&lab, "admin-prod", hasty());
        let (family, mut watch) = if family == 0 { kubernetes } else { steve };
        assert_eq!(synced(&mut watch).await, ["a", "kube-root-ca.crt"], "{family}");
        put(&lab, "b", "1");
        assert_eq!(told(&next(&mut watch).await.unwrap()), "added b", "{family}");
        put(&lab, "a", "2");
        let event = next_but(&mut watch, &[]).await;
        assert_eq!(told(&event), "modified a", "{family}");
        assert_eq!(event.object().unwrap().pointer("/data/n"), Some(&json!("2")));
        drop_map(&lab, "a");
        let id = told(&next(&mut watch).await.unwrap());
        assert_eq!(id, "deleted shop-web/a true", "{family}");
        // dropping the stream closes the connection
        assert_eq!(lab.simulator.streams().open(), 1);
        drop(watch);
        for _ in 0..1000 {
            if lab.simulator.streams().open() == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(lab.simulator.streams().open(), 0, "{family}");
    }
}

#[tokio::test]
async fn what_happened_while_nobody_could_look_is_told_once() {
    for family in 0..2 {
        for too_old in [false, true] {
            let lab = Lab::start();
            for name in ["a", "b", "c"] {
                put(&lab, name, "1");
            }
            let [kubernetes, steve] = families(&lab, "admin-prod", hasty());
            let (family, mut watch) = if family == 0 { kubernetes } else { steve };
            synced(&mut watch).await;
            put(&lab, "d", "1");
            assert_eq!(told(&next(&mut watch).await.unwrap()), "added d");
            lab.faults(&["GET /k8s/** close"]);
            lab.simulator.streams().cut();
            put(&lab, "a", "2");
            drop_map(&lab, "b");
            drop_map(&lab, "d");
            put(&lab, "e", "1");
            if too_old {
                lab.simulator.world(World::forget_past);
            }
            let heal = async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                lab.faults(&[]);
            };
            let mut events = Vec::new();
            let listen = async {
                while events.len() < 4 {
                    events.push(told(&next_but(&mut watch, &["reconnected", "bookmark"]).await));
                }
            };
            tokio::join!(heal, listen);
            events.sort();
            let last = !too_old;
            let expected = [
                "added e".to_owned(),
                format!("deleted shop-web/b {last}"),
                format!("deleted shop-web/d {last}"),
                "modified a".to_owned(),
            ];
            assert_eq!(events, expected, "{family}, too old: {too_old}");
            let counts = watch.counts();
            assert_eq!(
                (counts.relists > 0, counts.relisted),
                (too_old, if too_old { 4 } else { 0 }),
                "{family}"
            );
            assert!(counts.reconnects >= 1, "{family}: {counts:?}");
        }
    }
}

#[tokio::test]
async fn v3_tells_of_what_went_while_nobody_could_look() {
    let lab = Lab::start();
    let ids = lab.simulator.world(|world| world.add_projects(PROD, "w-", 3)).unwrap();
    let projects = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    let mut watch = projects.watch(Query::in_cluster(&ClusterId::new(PROD).unwrap()), hasty());
    let listed = synced(&mut watch).await;
    assert!(listed.len() >= 3, "{listed:?}");
    let all = projects.list(Query::in_cluster(&ClusterId::new(PROD).unwrap())).collect().await.unwrap();
    assert_eq!(listed.len(), all.len(), "those of other clusters are not told of");
    lab.faults(&["GET /v3/** close"]);
    lab.simulator.streams().cut();
    lab.simulator.world(|world| {
        world.drop_project(&ids[0]).unwrap();
        world.rename_project(&ids[1], "renamed").unwrap();
    });
    let heal = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        lab.faults(&[]);
    };
    let mut events = Vec::new();
    let listen = async {
        while events.len() < 2 {
            let event = next_but(&mut watch, &["reconnected"]).await;
            events.push(match &event {
                Event::Deleted(gone) => format!("deleted {}", gone.id),
                event => format!("{} {:?}", event.word(), event.object().and_then(|object| object.name())),
            });
        }
    };
    tokio::join!(heal, listen);
    assert_eq!(events, [format!("deleted {}", ids[0]), "modified Some(\"renamed\")".to_owned()]);
    // everything else was replayed, and not told again
    assert_eq!(watch.counts().relisted, 2);
    let quiet = tokio::time::timeout(Duration::from_millis(300), watch.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
}

#[tokio::test]
async fn a_scoped_key_watches_what_is_in_its_cluster_and_hears_why_it_may_not_the_rest() {
    let lab = Lab::start();
    let id = ClusterId::new(PROD).unwrap();
    let v3 = lab.client("admin-prod").v3();
    let namespaces = v3.in_cluster(&id).collection("namespaces").unwrap();
    let mut watch = namespaces.watch(Query::all(), hasty());
    assert!(synced(&mut watch).await.contains(&"shop-web".to_owned()));
    lab.simulator.world(|world| world.add_namespace(PROD, "later", None)).unwrap();
    assert_eq!(told(&next(&mut watch).await.unwrap()), "added later");
    let asked = lab.requests();
    assert!(asked.iter().all(|request| request.starts_with("GET /v3/cluster/c-prod1/")), "{asked:?}");
    assert!(
        asked.contains(&"GET /v3/cluster/c-prod1/subscribe?resourceTypes=namespace".to_owned()),
        "{asked:?}"
    );

    let mut watch = v3.collection("projects").unwrap().watch(Query::in_cluster(&id), hasty());
    let error = next(&mut watch).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutOfScope, "{error}");
    assert!(watch.next().await.is_none(), "an error is the last item");
}

#[tokio::test]
async fn a_refusal_for_good_ends_it_and_passing_trouble_does_not() {
    for family in 0..2 {
        let lab = Lab::start();
        let [kubernetes, steve] = families(&lab, "admin-unscoped", hasty());
        let (family, mut watch) = if family == 0 { kubernetes } else { steve };
        synced(&mut watch).await;
        lab.faults(&["GET /k8s/** html502 times=4", "GET /k8s/** 429 times=2"]);
        lab.simulator.streams().cut();
        put(&lab, "a", "1");
        assert_eq!(told(&next_but(&mut watch, &["reconnected"]).await), "added a", "{family}");
        let token = lab.token("admin-unscoped");
        lab.simulator.world(|world| world.revoke(&token)).unwrap();
        lab.simulator.streams().cut();
        let error = loop {
            match next(&mut watch).await {
                Ok(event) => assert_eq!(event.word(), "reconnected", "{event:?}"),
                Err(error) => break error,
            }
        };
        assert!(
            matches!(error.kind(), ErrorKind::TokenRefused | ErrorKind::Undetermined),
            "{family}: {error}"
        );
        assert!(watch.next().await.is_none(), "{family}");
    }
}

#[tokio::test]
async fn a_refused_socket_is_judged_as_any_call() {
    let lab = Lab::start();
    let steve = lab.client("wrong-secret").steve().resource("configmaps").unwrap();
    let mut watch = steve.watch(SteveQuery::default(), hasty());
    let error = next(&mut watch).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Undetermined | ErrorKind::TokenRefused), "{error}");
    assert_eq!(error.status(), Some(401));
    // a server that answers an upgrade with a page
    lab.faults(&["GET /v3/subscribe status:200"]);
    let projects = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    let mut watch = projects.watch(Query::all(), hasty());
    let error = next(&mut watch).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, "v3.watch"), "{error}");
    assert!(error.to_string().contains("WebSocket"), "{error}");
}

#[tokio::test]
async fn garbage_is_counted_and_skipped() {
    let lab = Lab::start();
    let projects = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    let [(_, kubernetes), (_, steve)] = families(&lab, "admin-prod", hasty());
    let mut watches = [kubernetes, steve, projects.watch(Query::all(), hasty())];
    for watch in &mut watches {
        synced(watch).await;
    }
    // a watch of Kubernetes or Steve opens its stream when it is polled behind its list
    put(&lab, "before", "1");
    for watch in watches.iter_mut().take(2) {
        assert_eq!(told(&next(watch).await.unwrap()), "added before");
    }
    for (total, garbage) in ["{", "[]", "\u{0}\u{fffd}x", "{\"type\":5,\"name\":5}"].into_iter().enumerate() {
        lab.simulator.streams().inject(garbage);
        for watch in &mut watches {
            match next(watch).await.unwrap() {
                Event::Skipped { total: skipped, because } => {
                    assert_eq!(skipped, total as u64 + 1);
                    assert!(!because.contains(garbage) || garbage == "{", "{because}");
                }
                other => panic!("{other:?}"),
            }
        }
    }
    put(&lab, "after", "1");
    for watch in watches.iter_mut().take(2) {
        assert_eq!(told(&next(watch).await.unwrap()), "added after");
        assert_eq!(watch.counts().reconnects, 0);
    }
}

#[tokio::test]
async fn a_dead_connection_is_noticed_by_its_silence() {
    let lab = Lab::start();
    let options = WatchOptions { silence: Some(Duration::from_secs(1)), ..hasty() };
    let mut watch = cluster(&lab, "admin-prod").watch(maps(), ListOptions::default(), options);
    synced(&mut watch).await;
    // the server says nothing, and the connection stays
    lab.simulator.streams().set_mute(true);
    put(&lab, "a", "1");
    match next(&mut watch).await.unwrap() {
        Event::Reconnected { because, .. } => assert!(because.contains("said nothing"), "{because}"),
        other => panic!("{other:?}"),
    }
    lab.simulator.streams().set_mute(false);
    assert_eq!(told(&next_but(&mut watch, &["reconnected"]).await), "added a");
}

#[tokio::test]
async fn a_slow_consumer_is_told_so_and_gets_the_state() {
    let lab = Lab::start();
    put(&lab, "a", "0");
    for family in 0..2 {
        let options = WatchOptions { buffer: 8, lag: Duration::from_millis(50), ..hasty() };
        let [kubernetes, steve] = families(&lab, "admin-prod", options);
        let (family, mut watch) = if family == 0 { kubernetes } else { steve };
        synced(&mut watch).await;
        for value in 1..=40 {
            put(&lab, "a", &format!("{family}{value}"));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (mut lagged, mut last) = (0, String::new());
        while last != format!("{family}40") {
            // it takes its time for each
            tokio::time::sleep(Duration::from_millis(60)).await;
            match next(&mut watch).await.unwrap() {
                Event::Lagged { dropped } => {
                    assert!(dropped > 0 && dropped <= 8, "{dropped}");
                    lagged += 1;
                }
                Event::Modified(object) => {
                    last = object.pointer("/data/n").unwrap().as_str().unwrap().to_owned();
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(lagged > 0, "{family}");
        assert_eq!(watch.counts().lags, lagged, "{family}");
    }
}

#[tokio::test]
async fn selectors_hold_for_changes_too() {
    let lab = Lab::start();
    put(&lab, "a", "1");
    let options = ListOptions { label_selector: "v=1".into(), ..ListOptions::default() };
    let mut watch = cluster(&lab, "admin-prod").watch(maps(), options, hasty());
    assert_eq!(synced(&mut watch).await, ["a"]);
    put(&lab, "a", "2");
    assert_eq!(told(&next(&mut watch).await.unwrap()), "deleted shop-web/a true");
    put(&lab, "a", "1");
    assert_eq!(told(&next(&mut watch).await.unwrap()), "added a");
}

#[tokio::test]
async fn nonsense_sends_nothing() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let steve = client.steve().resource("configmaps").unwrap();
    let filtered = SteveQuery { sort: vec!["metadata.name".into()], ..SteveQuery::default() };
    let projects = client.v3().collection("projects").unwrap();
    let none = WatchOptions { buffer: 0, ..hasty() };
    let watches = [
        steve.watch(filtered, hasty()),
        steve.watch(SteveQuery::default(), none),
        projects.watch(Query::all().marker("x"), hasty()),
        client.cluster(PROD).unwrap().watch(Resource::core("Pods"), ListOptions::default(), hasty()),
    ];
    for mut watch in watches {
        assert_eq!(next(&mut watch).await.unwrap_err().kind(), ErrorKind::Invalid);
        assert!(watch.next().await.is_none());
    }
    let mut unknown = client.v3().collection("laterThings").unwrap().watch(Query::all(), hasty());
    assert_eq!(next(&mut unknown).await.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(lab.requests(), Vec::<String>::new());
}

#[tokio::test]
async fn sockets_open_where_http_2_is_offered_and_events_show_no_values() {
    let lab = Lab::with(ServerOptions { http2: true, ..ServerOptions::default() });
    for (family, mut watch) in families(&lab, "admin-prod", hasty()) {
        let before = synced(&mut watch).await.len();
        let name = format!("made-{family}");
        put(&lab, &name, "CANARY");
        let event = next(&mut watch).await.unwrap();
        assert_eq!(told(&event), format!("added {name}"), "{before} before");
        assert!(!format!("{event:?} {watch:?}").contains("CANARY"), "{event:?}");
    }
}

#[tokio::test]
async fn a_cluster_whose_agent_goes_and_comes_is_watched_through_it() {
    let lab = Lab::with(ServerOptions { delay_scale: 0.02, ..ServerOptions::default() });
    let mut watch = cluster(&lab, "admin-prod").watch(maps(), ListOptions::default(), hasty());
    synced(&mut watch).await;
    put(&lab, "before", "1");
    assert_eq!(told(&next(&mut watch).await.unwrap()), "added before");
    let since = jiff::Timestamp::now();
    lab.simulator.world(|world| world.set_agent(PROD, Agent::Gone { since })).unwrap();
    lab.simulator.streams().cut();
    put(&lab, "meanwhile", "1");
    let comes_back = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        lab.simulator.world(|world| world.set_agent(PROD, Agent::Connected)).unwrap();
    };
    let (event, ()) = tokio::join!(next_but(&mut watch, &["reconnected"]), comes_back);
    assert_eq!(told(&event), "added meanwhile");
    assert!(watch.counts().reconnects >= 1);
}
