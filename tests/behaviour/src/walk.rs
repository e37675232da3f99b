//! A walk through a long list while objects are deleted and created: each one that lived throughout comes once.

use futures_util::StreamExt as _;
use rancher_client::types::management::Project;
use rancher_client::v3::Query;
use rancher_client::wire::{ClusterId, Kept};
use std::collections::{BTreeSet, HashMap};

use crate::lab::{Lab, PROD};

/// Those that live throughout.
const LASTING: usize = 12_345;
/// Those that may be deleted meanwhile.
const FLEETING: usize = 4_000;
const AT_A_TIME: usize = 100;

/// Deletes, while a page is read, the object with which the page after the next one would begin, so that its marker is
/// gone when it is asked for.
#[tokio::test(flavor = "multi_thread")]
async fn every_object_that_lived_throughout_comes_once() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let cluster = ClusterId::new(PROD).unwrap();
    let mut fleeting = BTreeSet::new();
    let mut lasting = BTreeSet::new();
    lab.simulator.world(|world| {
        for n in 0..LASTING + FLEETING {
            let id = world.add_project(PROD, &format!("walk-{n}")).unwrap();
            // spread evenly over the ids, which are random
            if n % (LASTING / FLEETING + 1) == 0 && fleeting.len() < FLEETING {
                &mut fleeting
            } else {
                &mut lasting
            }
            .insert(id);
        }
    });
    let projects = client.projects();
    let before = projects.list(Query::in_cluster(&cluster).limit(10_000)).collect().await.unwrap();
    let mut living: BTreeSet<String> = before.iter().map(|project| project.id.clone().unwrap()).collect();
    lasting = living.difference(&fleeting).cloned().collect();
    assert!(lasting.len() >= LASTING, "{}", lasting.len());

    lab.forget();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let (mut deleted, mut created) = (0, 0);
    let mut pages = projects.list(Query::in_cluster(&cluster).limit(AT_A_TIME as u32)).pages();
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        for item in page.items() {
            let project = Kept::<Project>::read(item).unwrap();
            *seen.entry(project.id.clone().unwrap()).or_default() += 1;
        }
        let next = page.envelope()["pagination"].get("next").and_then(|next| next.as_str());
        let Some(marker) = next.and_then(|next| next.split_once("marker=")) else { continue };
        let marker = marker.1.replace("%3A", ":");
        let after_next = living.range(marker..).nth(AT_A_TIME).cloned();
        if let Some(id) = after_next.filter(|id| fleeting.contains(id)) {
            projects.delete(&id).await.unwrap();
            living.remove(&id);
            deleted += 1;
        }
        if deleted % 3 == 0 {
            let new = Project {
                name: Some(format!("new-{created}")),
                cluster_id: Some(PROD.to_owned()),
                ..Project::default()
            };
            living.insert(projects.create(&new).await.unwrap().id.clone().unwrap());
            created += 1;
        }
    }
    let missing = lasting.iter().filter(|id| !seen.contains_key(*id)).count();
    let twice = seen.values().filter(|times| **times > 1).count();
    let once = lasting.iter().filter(|id| seen.get(*id) == Some(&1)).count();
    let asked = lab.requests().iter().filter(|request| request.starts_with("GET /v3/projects?")).count();
    // those that were there before the test, too, live throughout
    let here = once - (lasting.len() - LASTING);
    println!("walk: {here} seen once, {missing} missing, {twice} twice");
    println!("walk: {deleted} markers deleted, {created} objects created meanwhile, {asked} pages asked for");
    assert_eq!((here, missing, twice), (LASTING, 0, 0));
    assert!(deleted > 20 && created > 10, "{deleted} deleted, {created} created: that was too easy");
    // a lost marker costs a page or a few, not a walk from the beginning
    assert!(asked < 164 + 3 * deleted, "{asked} pages for {deleted} lost markers");
}
