//! The three families of watches, on objects of the run alone: every state and deletion is told, and nothing twice.

use futures_util::StreamExt as _;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::v3::Query;
use rancher_client::watch::{Event, Watch, WatchCounts, WatchOptions};
use rancher_client::wire::{Kept, Object};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::ground::{Ground, config_map, namespace};
use crate::outcome::{Outcome, Stop, check, fail};
use crate::site::Site;

/// How long the last change may take to be told.
const PATIENCE: Duration = Duration::from_secs(150);

/// How many config maps are made, and how often each is changed.
const MAPS: usize = 5;
const CHANGES: usize = 4;

/// What somebody knows who believes every event.
#[derive(Default)]
struct Believer {
    synced: bool,
    /// By uid: name, and the text or version in which it was told last.
    there: BTreeMap<String, (String, String, Value)>,
    gone: Vec<String>,
    told: usize,
    wrong: Vec<String>,
}

type Read = fn(&Kept<Object>) -> Option<Seen>;

struct Seen {
    uid: String,
    name: String,
    version: String,
    value: Value,
}

impl Believer {
    fn hear(&mut self, event: &Event<Object>, read: Read) {
        match event {
            Event::Synced => self.synced = true,
            Event::Listed(object) | Event::Added(object) | Event::Modified(object) => {
                let Some(seen) = read(object) else { return };
                self.told += 1;
                let known = self.there.get(&seen.uid);
                if known.is_some_and(|(_, version, _)| *version == seen.version) {
                    self.wrong.push(format!("{} of {} came twice", event.word(), seen.name));
                }
                if known.is_some() != matches!(event, Event::Modified(_)) {
                    self.wrong.push(format!(
                        "{} of {}, known before: {}",
                        event.word(),
                        seen.name,
                        known.is_some()
                    ));
                }
                self.there.insert(seen.uid, (seen.name, seen.version, seen.value));
            }
            Event::Deleted(gone) => {
                // one that was never told is not of those that are read here
                if let Some((name, ..)) = self.there.remove(&gone.uid) {
                    self.told += 1;
                    self.gone.push(name);
                }
            }
            _ => {}
        }
    }

    fn values(&self) -> BTreeMap<&str, &Value> {
        self.there.values().map(|(name, _, value)| (name.as_str(), value)).collect()
    }
}

/// Listens until it is so.
async fn listen(
    watch: &mut Watch<Object>,
    believer: &mut Believer,
    read: Read,
    so: impl Fn(&Believer) -> bool,
) -> Result<(), Stop> {
    let heard = async {
        while !so(believer) {
            match watch.next().await {
                Some(event) => believer.hear(&event?, read),
                None => return fail("the watch ended"),
            }
        }
        Ok(())
    };
    match tokio::time::timeout(PATIENCE, heard).await {
        Ok(heard) => heard,
        Err(_) => fail(format!(
            "not everything was told within {} s; there: {:?}, gone: {:?}",
            PATIENCE.as_secs(),
            believer.values(),
            believer.gone
        )),
    }
}

fn text(object: &Kept<Object>, path: &str) -> Option<String> {
    object.pointer(path).and_then(Value::as_str).map(str::to_owned)
}

fn map_of(object: &Kept<Object>) -> Option<Seen> {
    Some(Seen {
        uid: text(object, "/metadata/uid")?,
        name: text(object, "/metadata/name").filter(|name| name.starts_with("watched-"))?,
        version: text(object, "/metadata/resourceVersion")?,
        value: object.pointer("/data/n")?.clone(),
    })
}

/// v3 states no version: an object is told twice if its text is the same.
fn namespace_of(object: &Kept<Object>) -> Option<Seen> {
    Some(Seen {
        uid: text(object, "/uuid")?,
        name: text(object, "/name").filter(|name| name.starts_with("sdk-live-"))?,
        version: String::from_utf8_lossy(object.raw()).into_owned(),
        value: object.pointer("/annotations/sdk-live-n").cloned().unwrap_or_default(),
    })
}

/// Makes, changes and deletes; every third one goes.
async fn write(ground: &Ground) -> Result<(), Stop> {
    let maps = ground.core("configmaps");
    for at in 0..MAPS {
        ground.cluster.create(maps, &config_map(&format!("watched-{at}"), "0")?).await?;
    }
    for change in 1..=CHANGES {
        for at in 0..MAPS {
            let name = format!("watched-{at}");
            ground
                .cluster
                .update_with(maps, &name, |map| map.set("data", json!({"n": change.to_string()})))
                .await?;
        }
    }
    for at in (0..MAPS).step_by(3) {
        ground.cluster.delete(maps, &format!("watched-{at}")).await?;
    }
    Ok(())
}

async fn tidy(ground: &Ground) -> Result<(), Stop> {
    for at in (0..MAPS).filter(|at| at % 3 != 0) {
        ground.cluster.delete(ground.core("configmaps"), &format!("watched-{at}")).await?;
    }
    Ok(())
}

async fn config_maps(ground: &Ground, mut watch: Watch<Object>) -> Outcome {
    let mut believer = Believer::default();
    listen(&mut watch, &mut believer, map_of, |believer| believer.synced).await?;
    let last = json!(CHANGES.to_string());
    let over = |believer: &Believer| {
        believer.gone.len() == MAPS.div_ceil(3)
            && believer.there.len() == MAPS - MAPS.div_ceil(3)
            && believer.there.values().all(|(_, _, value)| *value == last)
    };
    let (written, heard) = tokio::join!(write(ground), listen(&mut watch, &mut believer, map_of, over));
    written?;
    heard?;
    finish(&believer, watch.counts(), ground).await
}

async fn finish(believer: &Believer, counts: WatchCounts, ground: &Ground) -> Outcome {
    check(believer.wrong.is_empty(), believer.wrong.join("; "))?;
    tidy(ground).await?;
    Ok(format!(
        "{} events, 0 lost, 0 doubled ({} reconnects, {} relists)",
        believer.told, counts.reconnects, counts.relists
    ))
}

/// Kubernetes' own.
pub(super) async fn watch_kubernetes(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("watch", "", "configmaps").await?;
    let watch =
        ground.cluster.watch(ground.core("configmaps"), ListOptions::default(), WatchOptions::default());
    config_maps(ground, watch).await
}

/// Steve's, through the proxy.
pub(super) async fn watch_steve(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("watch", "", "configmaps").await?;
    let query = SteveQuery { namespace: Some(ground.name().to_owned()), ..Default::default() };
    let watch = ground.cluster.steve().resource("configmaps")?.watch(query, WatchOptions::default());
    config_maps(ground, watch).await
}

/// That of v3: the own namespace changes, a second one comes and goes.
pub(super) async fn watch_v3(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    ground.may("update", "", "namespaces").await?;
    let namespaces = site.client.v3().in_cluster(ground.cluster.id()).collection("namespaces")?;
    let mut watch = namespaces.watch(Query::all(), WatchOptions::default());
    let mut believer = Believer::default();
    listen(&mut watch, &mut believer, namespace_of, |believer| believer.synced).await?;
    let (own, second) = (ground.name().to_owned(), site.run.named("watched"));
    check(
        believer.values().contains_key(own.as_str()),
        "the own namespace is not among those that are there",
    )?;
    let writes = async {
        for change in 1..=CHANGES {
            let set = |namespace: &mut Object| {
                if let Some(Value::Object(annotations)) = namespace.pointer_mut("/annotations") {
                    annotations.insert("sdk-live-n".to_owned(), json!(change.to_string()));
                }
            };
            namespaces.update_with(&own, set).await?;
        }
        namespace(site, &ground.cluster, ground.project.as_deref(), &second).await.map_err(Stop::Failed)
    };
    let last = json!(CHANGES.to_string());
    // a watch tells states: of what is gone before anybody looked there is nothing to tell
    let both = |believer: &Believer| {
        let values = believer.values();
        values.contains_key(second.as_str()) && values.get(own.as_str()).is_some_and(|value| **value == last)
    };
    let (written, heard) = tokio::join!(writes, listen(&mut watch, &mut believer, namespace_of, both));
    written?;
    heard?;
    ground.cluster.delete(Resource::core("namespaces"), &second).await?;
    listen(&mut watch, &mut believer, namespace_of, |believer| believer.gone.contains(&second)).await?;
    check(believer.wrong.is_empty(), believer.wrong.join("; "))?;
    Ok(format!("{} events, 0 lost, 0 doubled", believer.told))
}
