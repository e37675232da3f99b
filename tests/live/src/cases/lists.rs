//! Lists of what is there: whole whatever the size of the pages, and filtered where the server says that it filters.

use rancher_client::Error;
use rancher_client::paging::List;
use rancher_client::proxy::{ListOptions, Resource};
use rancher_client::steve::SteveQuery;
use rancher_client::types::Condition;
use rancher_client::types::info::Modifier;
use rancher_client::v3::Query;
use rancher_client::wire::{Kept, Object};
use std::collections::BTreeSet;

use crate::outcome::{Outcome, Stop, check, refused, skip};
use crate::site::Site;

/// What identifies an object of any API.
fn key(object: &Object) -> String {
    let id = object.id().map(str::to_owned);
    id.unwrap_or_else(|| {
        format!("{}/{}", object.namespace().unwrap_or_default(), object.name().unwrap_or_default())
    })
}

type Listed = Result<Vec<Kept<Object>>, Error>;

fn keys(objects: &[Kept<Object>]) -> BTreeSet<String> {
    objects.iter().map(|object| key(object)).collect()
}

/// Others come and go on a server that lives: what was there before and after must be in the walk, once.
pub(super) async fn whole(
    what: &str,
    at_once: impl Fn() -> List<Kept<Object>>,
    in_pages: List<Kept<Object>>,
) -> Result<usize, Stop> {
    let before: Listed = at_once().collect().await;
    let before = keys(&before?);
    let walked = in_pages.collect().await?;
    let after = keys(&at_once().collect().await?);
    let seen = keys(&walked);
    check(seen.len() == walked.len(), format!("{what}: {} objects came twice", walked.len() - seen.len()))?;
    let stayed: Vec<&String> = before.intersection(&after).collect();
    let lost: Vec<&&String> = stayed.iter().filter(|key| !seen.contains(**key)).collect();
    check(
        lost.is_empty(),
        format!("{what}: {} objects did not come, such as {:?}", lost.len(), lost.first()),
    )?;
    let made_up: Vec<&String> =
        seen.iter().filter(|key| !before.contains(*key) && !after.contains(*key)).collect();
    // what came and went while the pages were read is in neither list; on a quiet server there is no such thing
    check(made_up.len() <= walked.len() / 2, format!("{what}: nobody else saw {:?}", made_up.first()))?;
    Ok(walked.len())
}

/// So that a list has several pages, and not hundreds.
fn page_size(all: usize) -> u32 {
    u32::try_from(all / 4).unwrap_or(u32::MAX).clamp(2, 500)
}

/// Collections of v3, at once and in pages.
pub(super) async fn v3_pages(site: &Site) -> Outcome {
    let mut told = Vec::new();
    let names: &[&str] = match site.is_global() {
        true => &["clusters", "projects", "settings", "roletemplates", "globalroles", "users"],
        false => &["namespaces"],
    };
    for name in names {
        let v3 = match site.is_global() {
            true => site.client.v3(),
            false => site.client.v3().in_cluster(site.cluster()?.id()),
        };
        let collection = v3.collection(name)?;
        let all = collection.list(Query::all()).collect().await?.len();
        let pages = collection.list(Query::all().limit(page_size(all)));
        let count = whole(name, || collection.list(Query::all()), pages).await?;
        told.push(format!("{count} {name}"));
    }
    Ok(told.join(", "))
}

/// Filters that the server knows, each held against the whole list.
pub(super) async fn v3_filters(site: &Site) -> Outcome {
    site.global()?;
    let settings = site.client.v3().collection("settings")?;
    let all = settings.list(Query::all()).collect().await?;
    let Some(name) = all.iter().find_map(|setting| setting.id()) else {
        return skip("the user sees no setting");
    };
    let by = |modifier, values: Vec<&str>| {
        let query = Query::all().with(Condition::new("name", modifier, values));
        settings.list(query).collect()
    };
    let one = by(Modifier::Eq, vec![name]).await?;
    check(one.len() == 1, format!("name={name} gives {} settings", one.len()))?;
    let none = by(Modifier::Eq, vec!["sdk-live-nosuch"]).await?;
    check(none.is_empty(), format!("an invented name gives {} settings", none.len()))?;
    let others = by(Modifier::Ne, vec![name]).await?;
    check(others.len() + 1 == all.len(), format!("name_ne gives {} of {}", others.len(), all.len()))?;
    let both = by(Modifier::In, vec![name, "sdk-live-nosuch"]).await?;
    check(both.len() == 1, format!("name_in gives {} settings", both.len()))?;
    if let Ok(cluster) = site.cluster() {
        let projects = site.client.v3().collection("projects")?;
        for project in projects.list(Query::in_cluster(cluster.id())).collect().await? {
            check(
                project.text("clusterId") == Some(cluster.id().as_str()),
                "a project of another cluster came",
            )?;
        }
    }
    Ok(format!("eq, ne and in of {} settings", all.len()))
}

/// An object by its name.
pub(super) async fn v3_find(site: &Site) -> Outcome {
    site.global()?;
    let clusters = site.client.v3().collection("clusters")?;
    let Some(first) = clusters.list(Query::all()).first().await? else {
        return skip("the user sees no cluster");
    };
    let id = first.id().unwrap_or_default();
    check(clusters.find(id).await?.id() == Some(id), "an id finds another cluster")?;
    let name = first.text("name").unwrap_or_default();
    let same =
        clusters.list(Query::all().with(Condition::new("name", Modifier::Eq, [name]))).collect().await?;
    if same.len() == 1 {
        check(clusters.find(name).await?.id() == Some(id), "its name finds another cluster")?;
    }
    refused(clusters.find("sdk-live-nosuch").await, "an invented name")?;
    Ok(format!("{name} is {id}"))
}

/// Steve's pages, of Rancher's own or of the cluster.
pub(super) async fn steve_pages(site: &Site) -> Outcome {
    let (steve, name) = match site.is_global() {
        true => (site.client.steve(), "management.cattle.io.settings"),
        false => (site.cluster()?.steve(), "namespaces"),
    };
    let resource = steve.resource(name)?;
    let all = resource.list(SteveQuery::default()).collect().await?.len();
    let pages = resource.list(SteveQuery { pagesize: Some(page_size(all)), ..Default::default() });
    let count = whole(name, || resource.list(SteveQuery::default()), pages).await?;
    Ok(format!("{count} {name}"))
}

/// Kubernetes' pages, of the first resource that the user may list in the whole cluster.
pub(super) async fn kubernetes_pages(site: &Site) -> Outcome {
    use rancher_client::proxy::CanI;
    let cluster = site.cluster()?;
    for (group, plural) in [("", "namespaces"), ("", "configmaps"), ("storage.k8s.io", "storageclasses")] {
        if !cluster.can_i(&CanI::new("list", plural).in_group(group)).await?.allowed {
            continue;
        }
        let resource = Resource { group, version: "v1", plural, namespace: "" };
        let all = cluster.list(resource, ListOptions::default()).collect().await?.len();
        let pages = cluster.list(resource, ListOptions { limit: Some(page_size(all)), ..Default::default() });
        let count = whole(plural, || cluster.list(resource, ListOptions::default()), pages).await?;
        return Ok(format!("{count} {plural}"));
    }
    skip(format!("the user may list nothing in the whole of {}", cluster.id()))
}
