//! Twenty thousand changes while the connection is cut and the past is forgotten: nothing is lost, nothing comes twice.

use futures_util::StreamExt as _;
use rancher_client::error::Result;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::v3::Query;
use rancher_client::watch::{Event, Watch, WatchOptions};
use rancher_client::wire::{Kept, Object};
use rancher_simulator::{Cut, World};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::Future;
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
    /// The same by id, as who looks objects up by name holds them. One that is made anew has the id of the one before.
    by_id: HashMap<String, (String, String)>,
    told: HashSet<(String, String)>,
    events: usize,
    doubled: usize,
    wrong: Vec<String>,
}

impl Believer {
    fn hear(&mut self, event: &Event<Object>, read: fn(&Object) -> Option<Seen>) {
        match event {
            Event::Listed(object) | Event::Added(object) | Event::Modified(object) => {
                let Some(Seen { uid, version, name, value, id }) = read(object) else { return };
                self.events += 1;
                if !self.told.insert((uid.clone(), version.clone())) {
                    self.doubled += 1;
                    self.wrong.push(format!("{} {name} {version} again", event.word()));
                }
                self.by_id.insert(id, (name.clone(), value.clone()));
                let known = self.objects.insert(uid, (name.clone(), value)).is_some();
                if known != matches!(event, Event::Modified(_)) {
                    self.wrong.push(format!("{} of {name}, known: {known}", event.word()));
                }
            }
            Event::Deleted(gone) => {
                self.events += 1;
                self.by_id.remove(&gone.id);
                if self.objects.remove(&gone.uid).is_none() {
                    self.wrong.push(format!("deleted {} which was not there", gone.id));
                }
            }
            _ => {}
        }
    }

    /// Every object with its name and value: a deletion that was lost leaves one too many, also where another has its
    /// name since.
    fn known(&self) -> Vec<(String, String)> {
        let mut known: Vec<_> = self.objects.values().cloned().collect();
        known.sort();
        known
    }
}

/// What is in one and not in the other.
fn differences<'a>(one: &'a [(String, String)], other: &[(String, String)]) -> Vec<&'a (String, String)> {
    let mut other = other.to_vec();
    let missing = |it: &&(String, String)| match other.iter().position(|there| there == *it) {
        Some(at) => {
            other.swap_remove(at);
            false
        }
        None => true,
    };
    one.iter().filter(missing).collect()
}

struct Seen {
    id: String,
    uid: String,
    version: String,
    name: String,
    value: String,
}

fn map_of(object: &Object) -> Option<Seen> {
    let text = |path: &str| object.pointer(path).and_then(Value::as_str).map(str::to_owned);
    let name = text("/metadata/name").filter(|name| name.starts_with("w-"))?;
    Some(Seen {
        id: format!("{}/{name}", text("/metadata/namespace")?),
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
    Some(Seen {
        id: text("id")?,
        uid: text("uuid")?,
        version: shown.clone(),
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// How the connection is cut, one after the other.
const WAYS: [Cut; CUTS] = [Cut::Between, Cut::Within, Cut::Reset, Cut::Within, Cut::Reset];

/// The cut behind which the server has forgotten its past.
const FORGETS: usize = 3;

/// What is there from the beginning, for the gap that the server forgets. Nothing else touches it, so that what is lost
/// there stays lost.
const FOR_THE_GAP: [&str; 3] = ["w-changes", "w-goes", "w-anew"];

/// What happens in that gap, and whether it is a deletion.
const IN_THE_GAP: [(&str, bool); 5] =
    [("w-new", false), ("w-changes", false), ("w-goes", true), ("w-anew", true), ("w-anew", false)];

async fn run(
    family: &str,
    lab: &Lab,
    mut watch: Watch<Object>,
    read: fn(&Object) -> Option<Seen>,
    mut on_world: impl FnMut(&mut World, &str, Option<usize>),
    list: impl Future<Output = Result<Vec<Kept<Object>>>>,
) {
    let began = Instant::now();
    let heard = Arc::new(AtomicUsize::new(0));
    let hears = Arc::clone(&heard);
    let (stop, mut stopped) = tokio::sync::watch::channel(Vec::new());
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
                    if believer.known() == *stopped.borrow() || last.is_some_and(|last| last < Instant::now()) {
                        return (believer, watch.counts(), reconnected);
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
    let mut write = |name: &str, at: usize, delete: bool| {
        lab.simulator.world(|world| on_world(world, name, (!delete).then_some(at)));
        if delete {
            there.remove(name);
        } else {
            there.insert(name.to_owned(), at.to_string());
        }
        there.contains_key(name)
    };
    FOR_THE_GAP.iter().for_each(|name| _ = write(name, 0, false));
    let (mut cuts, mut blind_until) = (0, 0);
    let mut lives = [false; OBJECTS];
    for at in 0..EVENTS {
        let number = (at * 7) % OBJECTS;
        // every tenth change is a deletion of what is there
        lives[number] = write(&format!("w-{number:03}"), at, at % 10 == 9 && lives[number]);
        let streams = lab.simulator.streams();
        if at % PART == PART - 1 && cuts < CUTS {
            until(|| streams.open() > 0 && streams.opened() > cuts).await;
            streams.cut_as(WAYS[cuts]);
            cuts += 1;
            blind_until = at + PART / 20;
            if cuts == FORGETS {
                until(|| streams.open() == 0).await;
                for (name, delete) in IN_THE_GAP {
                    write(name, at, delete);
                }
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
    let there: Vec<_> = there.into_iter().collect();
    stop.send(there.clone()).unwrap();
    let (believer, counts, reconnected) = consumer.await.unwrap();
    let known = believer.known();
    let lost = differences(&there, &known).len() + differences(&known, &there).len();
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
    // the driver's books are the server's, and who goes by ids knows the same
    let listed = list.await.unwrap();
    let listed: HashMap<_, _> = listed
        .iter()
        .filter_map(|object| read(object))
        .map(|seen| (seen.uid, (seen.name, seen.value)))
        .collect();
    assert_eq!(believer.objects, listed);
    let mut by_id: Vec<_> = believer.by_id.into_values().collect();
    by_id.sort();
    assert_eq!(by_id, there);
    assert_eq!((cuts, counts.reconnects >= CUTS as u64, reconnected as u64), (CUTS, true, counts.reconnects));
    // a replay is compared at every cut, a list where the past was forgotten
    assert!(counts.relists > 0 || family == "v3", "{counts:?}");
    assert!(counts.relisted >= 4, "{counts:?}");
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
    let list = cluster.list(maps, ListOptions::default()).collect();
    run("kubernetes", &lab, watch, map_of, write_map, list).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_of_steve_survives() {
    let lab = Lab::start();
    let maps = lab.client("admin-prod").cluster(PROD).unwrap().steve().resource("configmaps").unwrap();
    let query = SteveQuery { namespace: Some("shop-web".into()), ..SteveQuery::default() };
    let watch = maps.watch(query.clone(), hasty());
    run("steve", &lab, watch, map_of, write_map, maps.list(query).collect()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn watch_of_v3_survives() {
    let lab = Lab::start();
    let projects = lab.client("admin-unscoped").v3().collection("projects").unwrap();
    let watch = projects.watch(Query::all(), hasty());
    let mut ids: HashMap<String, String> = HashMap::new();
    let write = move |world: &mut World, name: &str, value: Option<usize>| match value {
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
    };
    run("v3", &lab, watch, project_of, write, projects.list(Query::all()).collect()).await;
}
