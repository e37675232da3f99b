//! Twenty thousand changes while the connection is cut and the past is forgotten: nothing is lost, nothing comes twice.

use futures_util::StreamExt as _;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::v3::Query;
use rancher_client::watch::{Event, Watch, WatchOptions};
use rancher_client::wire::Object;
use rancher_simulator::World;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::lab::{Lab, PROD};

const EVENTS: usize = 20_000;
const OBJECTS: usize = 400;
/// So many changes come at once, then the world rests for a moment.
const AT_ONCE: usize = 100;
const CUTS: usize = 5;
const PART: usize = EVENTS / (CUTS + 1);

/// What somebody knows who believed every event.
#[derive(Default)]
struct Believer {
    /// By uid: name and value.
    objects: HashMap<String, (String, String)>,
    told: HashSet<(String, String)>,
    events: usize,
    doubled: usize,
    wrong: Vec<String>,
}

impl Believer {
    fn hear(&mut self, event: &Event<Object>, read: fn(&Object) -> Option<Seen>) {
        match event {
            Event::Listed(object) | Event::Added(object) | Event::Modified(object) => {
                let Some(Seen { uid, version, name, value }) = read(object) else { return };
                self.events += 1;
                if !self.told.insert((uid.clone(), version.clone())) {
                    self.doubled += 1;
                    self.wrong.push(format!("{} {name} {version} again", event.word()));
                }
                let known = self.objects.insert(uid, (name.clone(), value)).is_some();
                if known != matches!(event, Event::Modified(_)) {
                    self.wrong.push(format!("{} of {name}, known: {known}", event.word()));
                }
            }
            Event::Deleted(gone) => {
                self.events += 1;
                if self.objects.remove(&gone.uid).is_none() {
                    self.wrong.push(format!("deleted {} which was not there", gone.id));
                }
            }
            _ => {}
        }
    }

    fn names(&self) -> BTreeMap<String, String> {
        self.objects.values().cloned().collect()
    }
}

struct Seen {
    uid: String,
    version: String,
    name: String,
    value: String,
}

fn map_of(object: &Object) -> Option<Seen> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let name = text("/metadata/name").filter(|name| name.starts_with("w-"))?;
    Some(Seen {
        uid: text("/metadata/uid")?,
        version: text("/metadata/resourceVersion")?,
        name,
        value: text("/data/n")?,
    })
}

fn write_map(world: &mut World, name: &str, value: Option<usize>) {
    let written = match value {
        Some(value) => {
            let body = json!({"data": {"n": value.to_string()}});
            world.write_object(PROD, "/configmaps", "shop-web", name, body)
        }
        None => world.drop_object(PROD, "/configmaps", "shop-web", name),
    };
    written.unwrap();
}

/// A project of v3 has no version: its name is made to be one.
fn project_of(object: &Object) -> Option<Seen> {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let shown = text("name").filter(|name| name.starts_with("w-"))?;
    let (name, value) = shown.rsplit_once('=')?;
    Some(Seen { uid: text("uuid")?, version: shown.clone(), name: name.to_owned(), value: value.to_owned() })
}

async fn run(
    family: &str,
    lab: &Lab,
    mut watch: Watch<Object>,
    read: fn(&Object) -> Option<Seen>,
    mut on_world: impl FnMut(&mut World, &str, Option<usize>),
) {
    let began = Instant::now();
    let heard = Arc::new(AtomicUsize::new(0));
    let hears = Arc::clone(&heard);
    let (stop, mut stopped) = tokio::sync::watch::channel(BTreeMap::new());
    let consumer = tokio::spawn(async move {
        let mut believer = Believer::default();
        let (mut reconnected, mut last) = (0, None);
        loop {
            let event = tokio::select! {
                event = watch.next() => event.expect("a watch does not end"),
                changed = stopped.changed() => {
                    changed.expect("the driver is there");
                    last = Some(Instant::now() + Duration::from_secs(20));
                    continue;
                }
                () = tokio::time::sleep(Duration::from_millis(100)), if last.is_some() => {
                    if believer.names() == *stopped.borrow() || last.is_some_and(|last| last < Instant::now()) {
                        return (believer, watch.counts(), reconnected, stopped.borrow().clone());
                    }
                    continue;
                }
            };
            let event = event.unwrap_or_else(|error| panic!("{error}"));
            reconnected += usize::from(matches!(event, Event::Reconnected { .. }));
            believer.hear(&event, read);
            let seen = event.object().and_then(|object| read(object));
            if let Some(value) = seen.and_then(|seen| seen.value.parse().ok()) {
                hears.fetch_max(value, Ordering::SeqCst);
            }
        }
    });
    let mut there = BTreeMap::new();
    let (mut cuts, mut blind_until) = (0, 0);
    for at in 0..EVENTS {
        let name = format!("w-{:03}", (at * 7) % OBJECTS);
        // every tenth change is a deletion of what is there
        let delete = at % 10 == 9 && there.contains_key(&name);
        lab.simulator.world(|world| on_world(world, &name, (!delete).then_some(at)));
        if delete {
            there.remove(&name);
        } else {
            there.insert(name, at.to_string());
        }
        let streams = lab.simulator.streams();
        if at % PART == PART - 1 && cuts < CUTS {
            until(|| streams.open() > 0 && streams.opened() > cuts).await;
            streams.cut();
            cuts += 1;
            blind_until = at + PART / 20;
            if cuts == 3 {
                until(|| streams.open() == 0).await;
                lab.simulator.world(|world| on_world(world, "w-while-nobody-looked", Some(at)));
                there.insert("w-while-nobody-looked".to_owned(), at.to_string());
                lab.simulator.world(World::forget_past);
            }
        }
        if at % AT_ONCE == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // while nobody is cut off, the world is not so fast that states follow each other unseen
        if at > blind_until {
            until(|| heard.load(Ordering::SeqCst) + AT_ONCE >= at).await;
        }
    }
    stop.send(there).unwrap();
    let (believer, counts, reconnected, there) = consumer.await.unwrap();
    let known = believer.names();
    let lost = there.iter().filter(|(name, value)| known.get(*name) != Some(value)).count()
        + known.keys().filter(|name| !there.contains_key(*name)).count();
    println!(
        "watch: {EVENTS} events, {lost} lost, {} doubled ({family}: {} told, {} of them relisted, {} repeated and left \
         out, {reconnected} reconnects, {} relists, {} lags, {:.1} s)",
        believer.doubled,
        believer.events,
        counts.relisted,
        counts.repeated,
        counts.relists,
        counts.lags,
        began.elapsed().as_secs_f64()
    );
    assert_eq!((lost, believer.doubled), (0, 0), "{:?}", believer.wrong.iter().take(5).collect::<Vec<_>>());
    assert!(believer.wrong.is_empty(), "{:?}", believer.wrong.iter().take(5).collect::<Vec<_>>());
    assert_eq!(cuts, CUTS);
    assert!(counts.reconnects + counts.relists >= 5, "{counts:?}");
    assert!(believer.events > EVENTS / 2, "most changes are told one by one: {}", believer.events);
}

/// Waits until this is so, within reason.
async fn until(so: impl Fn() -> bool) {
    let last = Instant::now() + Duration::from_secs(10);
    while !so() && Instant::now() < last {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

fn hasty() -> WatchOptions {
    WatchOptions { base: Duration::from_millis(20), ..WatchOptions::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_of_kubernetes_survives() {
    let lab = Lab::start();
    let cluster = lab.client("admin-prod").cluster(PROD).unwrap();
    let maps = Resource::core("configmaps").within("shop-web");
    let watch = cluster.watch(maps, ListOptions::default(), hasty());
    run("kubernetes", &lab, watch, map_of, write_map).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_of_steve_survives() {
    let lab = Lab::start();
    let maps = lab.client("admin-prod").cluster(PROD).unwrap().steve().resource("configmaps").unwrap();
    let query = SteveQuery { namespace: Some("shop-web".into()), ..SteveQuery::default() };
    let watch = maps.watch(query, hasty());
    run("steve", &lab, watch, map_of, write_map).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_of_v3_survives() {
    let lab = Lab::start();
    let projects = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    let watch = projects.watch(Query::all(), hasty());
    let mut ids: HashMap<String, String> = HashMap::new();
    run("v3", &lab, watch, project_of, move |world, name, value| match value {
        Some(value) => {
            let shown = format!("{name}={value}");
            match ids.get(name) {
                Some(id) => world.rename_project(id, &shown).unwrap(),
                None => {
                    ids.insert(name.to_owned(), world.add_project(PROD, &shown).unwrap());
                }
            }
        }
        None => world.drop_project(&ids.remove(name).unwrap()).unwrap(),
    })
    .await;
}
