//! Lists of the own namespace in every form, and Steve's writes.

use rancher_client::error::ErrorKind;
use rancher_client::proxy::ListOptions;
use rancher_client::steve::SteveQuery;
use rancher_client::wire::{Kept, Object};
use serde_json::json;

use super::lists::whole;
use crate::ground::{Ground, object};
use crate::outcome::{Outcome, Stop, check, refused};
use crate::site::Site;

const MAPS: usize = 7;

fn labelled() -> ListOptions {
    ListOptions { label_selector: "sdk-live-page=yes".into(), ..Default::default() }
}

async fn make(ground: &Ground) -> Result<(), Stop> {
    for at in 0..MAPS {
        let map = json!({
            "apiVersion": "v1", "kind": "ConfigMap", "data": {"n": at.to_string()},
            "metadata": {"name": format!("page-{at}"), "labels": {"sdk-live-page": "yes"}},
        });
        ground.cluster.create(ground.core("configmaps"), &object(map)?).await?;
    }
    Ok(())
}

async fn drop_them(ground: &Ground) -> Result<(), Stop> {
    for at in 0..MAPS {
        ground.cluster.delete(ground.core("configmaps"), &format!("page-{at}")).await?;
    }
    Ok(())
}

fn ours(objects: &[Kept<Object>]) -> usize {
    objects.iter().filter(|object| object.name().is_some_and(|name| name.starts_with("page-"))).count()
}

/// Seven config maps, two and three at a time, by the proxy and by Steve.
pub(super) async fn own_pages(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    make(ground).await?;
    let (cluster, maps) = (&ground.cluster, ground.core("configmaps"));
    let pages = cluster.list(maps, ListOptions { limit: Some(3), ..labelled() });
    let count = whole("config maps", || cluster.list(maps, labelled()), pages).await?;
    check(count == MAPS, format!("{count} of {MAPS} came by their label"))?;
    let total = cluster.list(maps, ListOptions::default()).total().await?;
    check(total >= MAPS as u64, format!("{total} are counted"))?;
    let steve = cluster.steve().resource("configmaps")?;
    let query = SteveQuery { namespace: Some(ground.name().to_owned()), ..Default::default() };
    // Steve answers from a cache, which follows
    let mut seen = 0;
    for _ in 0..40 {
        seen = ours(&steve.list(query.clone()).collect().await?);
        if seen == MAPS {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
    check(seen == MAPS, format!("Steve shows {seen} of {MAPS}"))?;
    let pages = steve.list(SteveQuery { pagesize: Some(2), ..query.clone() });
    whole("config maps of Steve", || steve.list(query.clone()), pages).await?;
    drop_them(ground).await?;
    Ok(format!("{MAPS}, three and two at a time"))
}

/// The same as a table, and as metadata alone.
pub(super) async fn forms(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    make(ground).await?;
    let maps = ground.core("configmaps");
    let table = ground.cluster.table(maps, labelled()).await?;
    check(table.rows.len() == MAPS, format!("the table has {} rows", table.rows.len()))?;
    check(table.column("Name").is_some(), "the table has no column Name")?;
    let named = table.rows.iter().all(|row| table.cell(row, "Name") == Some(&json!(row.name)));
    check(named, "the cells are not those of the rows")?;
    let metadata = ground.cluster.list_metadata(maps, labelled()).collect().await?;
    check(ours(&metadata) == MAPS, format!("{} come as metadata", ours(&metadata)))?;
    check(metadata.iter().all(|map| map.get("data").is_none()), "metadata come with values")?;
    if let Some(part) = metadata.first() {
        let mut part = part.clone();
        part.set("data", json!({"n": "x"}));
        let error = refused(ground.cluster.update(maps, &part).await, "a write of a part of an object")?;
        check(error.kind() == ErrorKind::Invalid && error.http().is_none(), &error)?;
    }
    drop_them(ground).await?;
    Ok(format!("{} columns, {MAPS} rows", table.columns.len()))
}

/// A config map by Steve: made, changed, refused when stale, deleted.
pub(super) async fn steve_writes(site: &Site) -> Outcome {
    let ground = site.ground().await?;
    let steve = ground.cluster.steve().resource("configmaps")?;
    let id = format!("{}/by-steve", ground.name());
    let map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"n": "1"},
        "metadata": {"name": "by-steve", "namespace": ground.name()},
    });
    let made = steve.create(&object(map)?).await?;
    let mut first = made.clone();
    first.set("data", json!({"n": "2"}));
    let written = steve.update(&first).await?;
    check(written.pointer("/data/n") == Some(&json!("2")), "the change is not there")?;
    let mut stale = made;
    stale.set("data", json!({"n": "3"}));
    let error = refused(steve.update(&stale).await, "a stale write")?;
    check(error.kind() == ErrorKind::Conflict, &error)?;
    let read = ground.cluster.get(ground.core("configmaps"), "by-steve").await?;
    check(read.pointer("/data/n") == Some(&json!("2")), "Kubernetes has another value")?;
    steve.delete(&id).await?;
    let gone = refused(ground.cluster.get(ground.core("configmaps"), "by-steve").await, "what was deleted")?;
    check(gone.kind() == ErrorKind::NotFound, &gone)?;
    Ok("made, changed, a stale write refused, deleted".to_owned())
}
