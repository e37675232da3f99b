//! Deletes what a run made, and only that: keys and users first, then clusters, namespaces, and projects. Then looks
//! whether it is gone.

use rancher_client::error::ErrorKind;
use rancher_client::proxy::{ClusterProxy, ListOptions, Resource};
use rancher_client::types::Condition;
use rancher_client::types::info::Modifier;
use rancher_client::v3::{Query, Resource as Collection};
use rancher_client::wait::WaitOptions;
use rancher_client::wire::{ClusterId, Object};
use rancher_client::workflow::registration::RemoveOptions;
use rancher_client::{Client, Error};
use serde_json::Value;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::ground::patient;
use crate::journal::{Entry, Journal};
use crate::mark::Run;
use crate::site::Site;

/// How long a namespace with everything in it may take to go.
const PATIENCE: Duration = Duration::from_secs(180);

/// How often everything is looked for; a request that was cut off can still do its work.
const ROUNDS: usize = 3;

/// Something of the run that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Left {
    Key(String),
    ExtToken(String),
    User(String),
    /// An imported cluster: its id and its name.
    Cluster(String, String),
    Repo(ClusterId, String),
    Namespace(ClusterId, String),
    Project(String),
}

impl Left {
    fn words(&self) -> String {
        match self {
            Left::Key(id) => format!("key {id}"),
            Left::ExtToken(name) => format!("token {name} of ext.cattle.io"),
            Left::User(id) => format!("user {id}"),
            Left::Cluster(id, name) => format!("cluster {id} ({name})"),
            Left::Repo(cluster, name) => format!("repository {name} in {cluster}"),
            Left::Namespace(cluster, name) => format!("namespace {name} in {cluster}"),
            Left::Project(id) => format!("project {id}"),
        }
    }
}

/// Deletes everything that bears the mark of the run, and returns how many things that were.
///
/// # Errors
/// What is left, and why.
pub(crate) async fn clean(site: &Site) -> Result<usize, Vec<String>> {
    let noted =
        Journal::read(&site.run).map_err(|error| vec![format!("the journal cannot be read: {error}")])?;
    for entry in &noted {
        let Entry::Run { server, id, .. } = entry else { continue };
        if *server != site.report.server.url {
            return Err(vec![format!(
                "run {} was on {server}, and this is {}",
                site.run, site.report.server.url
            )]);
        }
        // nobody sees another's keys, so that none would be found
        if let (Some(id), Some(user)) = (id, &site.user)
            && id != user
        {
            return Err(vec![format!("run {} was {id}'s, and this key is {user}'s", site.run)]);
        }
    }
    let clusters = clusters(site, &noted).map_err(|error| vec![error.to_string()])?;
    let needs_global = |entry: &Entry| {
        matches!(
            entry,
            Entry::Project { .. } | Entry::Key { .. } | Entry::Cluster { .. } | Entry::User { .. }
        )
    };
    if !site.is_global() && noted.iter().any(needs_global) {
        return Err(vec![
            "the run made what takes a key without a scope to delete: a project, keys, a cluster or a user"
                .to_owned(),
        ]);
    }
    let mut gone = 0;
    let mut problems = Vec::new();
    for _ in 0..ROUNDS {
        let left = match find(site, &clusters, &noted).await {
            Ok(left) => left,
            Err(error) => return Err(vec![format!("what is left cannot be found out: {error}")]),
        };
        if left.is_empty() {
            Journal::remove(&site.run);
            return Ok(gone);
        }
        problems.clear();
        for thing in left {
            // a project whose namespaces are there would take the right to delete them along
            if matches!(thing, Left::Project(_)) && !problems.is_empty() {
                problems.push(format!("{}: it is deleted after everything else", thing.words()));
                continue;
            }
            match delete(site, &thing).await {
                Ok(()) => gone += 1,
                Err(why) => problems.push(format!("{}: {why}", thing.words())),
            }
        }
    }
    if problems.is_empty() {
        problems.push("something of the run is made again and again; is it still going on?".to_owned());
    }
    Err(problems)
}

fn clusters(site: &Site, noted: &[Entry]) -> Result<BTreeSet<ClusterId>, Error> {
    let mut found: BTreeSet<ClusterId> =
        site.cluster().ok().map(|cluster| cluster.id().clone()).into_iter().collect();
    for entry in noted {
        if let Entry::Project { cluster, .. }
        | Entry::Namespace { cluster, .. }
        | Entry::Repo { cluster, .. } = entry
        {
            found.insert(ClusterId::new(cluster)?);
        }
    }
    Ok(found)
}

fn namespaces(client: &Client, cluster: &ClusterId) -> Result<Collection<Object>, Error> {
    client.v3().in_cluster(cluster).collection("namespaces")
}

/// Everything that bears the mark, in the order in which it goes.
async fn find(site: &Site, clusters: &BTreeSet<ClusterId>, noted: &[Entry]) -> Result<Vec<Left>, Error> {
    let (client, run) = (&site.client, &site.run);
    let mut found = Vec::new();
    if site.is_global() {
        let keys = client.tokens().list(Query::all()).collect().await?;
        for key in &keys {
            if let (Some(id), true) =
                (&key.id, key.description.as_deref().is_some_and(|words| run.described(words)))
            {
                found.push(Left::Key(id.clone()));
            }
        }
        match client.ext().tokens().list().await {
            Ok(tokens) => {
                let own = tokens.into_iter().filter(|token| run.described(&token.description));
                found.extend(own.map(|token| Left::ExtToken(token.name)));
            }
            // an old server has none
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => return Err(error),
        }
    }
    if site.is_global() {
        let of = |field: &'static str, name: &str| {
            Query::all().with(Condition::new(field, Modifier::Eq, [name.to_owned()]))
        };
        let username = run.named("user");
        for user in client.v3().collection("users")?.list(of("username", &username)).collect().await? {
            if let (Some(id), true) = (user.id(), run.made_described(&user)) {
                found.push(Left::User(id.to_owned()));
            }
        }
        let imported = run.named("cluster");
        for cluster in client.v3().collection("clusters")?.list(of("name", &imported)).collect().await? {
            if let (Some(id), true) = (cluster.id(), run.made_described(&cluster)) {
                found.push(Left::Cluster(id.to_owned(), imported.clone()));
            }
        }
    }
    for cluster in clusters {
        let namespaces = namespaces(client, cluster)?;
        let mut names = BTreeSet::new();
        for namespace in namespaces.list(Query::all()).collect().await? {
            if run.made(&namespace) {
                names.extend(namespace.id().map(str::to_owned));
            }
        }
        // a list can lag behind
        for entry in noted {
            let Entry::Namespace { cluster: of, name } = entry else { continue };
            if of != cluster.as_str() {
                continue;
            }
            match namespaces.get(name).await {
                Ok(namespace) if run.made(&namespace) => {
                    names.insert(name.clone());
                }
                Ok(_) => {}
                // a project's member loses its rights with the namespace; the list above told
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {}
                Err(error) => return Err(error),
            }
        }
        found.extend(names.into_iter().map(|name| Left::Namespace(cluster.clone(), name)));
        // one that was made and not yet labelled is known by the journal
        let charts = run.named("charts");
        let is_it = |entry: &Entry| matches!(entry, Entry::Repo { cluster: of, name } if of == cluster.as_str() && *name == charts);
        match client.cluster(cluster)?.apps().repos().get(&charts).await {
            Ok(repo) if noted.iter().any(is_it) || run.labelled(&repo) => {
                found.push(Left::Repo(cluster.clone(), charts));
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden) => {}
            Err(error) => return Err(error),
        }
    }
    if site.is_global() {
        let projects = client.v3().collection("projects")?;
        for cluster in clusters {
            for project in projects.list(Query::in_cluster(cluster)).collect().await? {
                if let (Some(id), true) = (project.id(), run.made(&project)) {
                    found.push(Left::Project(id.to_owned()));
                }
            }
        }
    }
    Ok(found)
}

async fn delete(site: &Site, thing: &Left) -> Result<(), String> {
    match thing {
        Left::Key(id) => {
            let keys = site.client.tokens();
            absent(keys.delete(id).await)?;
            not_there(keys.get(id).await, &[ErrorKind::NotFound])
        }
        Left::ExtToken(name) => {
            let tokens = site.client.ext().tokens();
            absent(tokens.delete(name).await)?;
            not_there(tokens.get(name).await, &[ErrorKind::NotFound, ErrorKind::Forbidden])
        }
        Left::User(id) => {
            let users = site.client.v3().collection("users").map_err(|error| error.to_string())?;
            absent(users.delete(id).await)?;
            until_gone_by(&users, id, |user| site.run.made_described(user)).await
        }
        Left::Cluster(id, name) => {
            let wait = WaitOptions { deadline: PATIENCE, rights_lag: Duration::from_secs(2), ..patient() };
            let remove = RemoveOptions { wait, clear_finalizers: false };
            match site.client.registration().remove(id, name, &remove).await {
                Ok(_) => Ok(()),
                // who is no administrator loses sight of it; the next look tells
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PartlyDone) => {
                    let clusters =
                        site.client.v3().collection("clusters").map_err(|error| error.to_string())?;
                    until_gone_by(&clusters, id, |cluster| site.run.made_described(cluster)).await
                }
                Err(error) => Err(error.to_string()),
            }
        }
        Left::Repo(cluster, name) => {
            let proxy = site.client.cluster(cluster).map_err(|error| error.to_string())?;
            let repos = proxy.apps().repos();
            absent(repos.delete(name).await)?;
            not_there(repos.get(name).await, &[ErrorKind::NotFound])
        }
        Left::Namespace(cluster, name) => {
            let proxy = site.client.cluster(cluster).map_err(|error| error.to_string())?;
            pods_of_helm(&proxy, name).await;
            absent(proxy.delete(Resource::core("namespaces"), name).await)?;
            let namespaces = namespaces(&site.client, cluster).map_err(|error| error.to_string())?;
            until_gone(&namespaces, name, &site.run).await
        }
        Left::Project(id) => {
            let projects = site.client.v3().collection("projects").map_err(|error| error.to_string())?;
            absent(projects.delete(id).await)?;
            until_gone(&projects, id, &site.run).await
        }
    }
}

/// Deletes the pods in which Helm ran for the namespace. Its operations tell which; Rancher itself would let them stay for
/// an hour, and forgets the rest of what it made for them then. Who may not delete them leaves them to that.
async fn pods_of_helm(cluster: &ClusterProxy, namespace: &str) {
    let operations = Resource::of("catalog.cattle.io", "v1", "operations").within(namespace);
    let Ok(operations) = cluster.list(operations, ListOptions::default()).collect().await else { return };
    for operation in &operations {
        let told = |field: &str| operation.pointer(field).and_then(Value::as_str);
        if let (Some(home), Some(pod)) = (told("/status/podNamespace"), told("/status/podName")) {
            // absent, or not the user's to delete
            let _ = cluster.delete(Resource::core("pods").within(home), pod).await;
        }
    }
}

/// What was deleted is not found: with one of these errors.
fn not_there<T>(looked_for: rancher_client::Result<T>, kinds: &[ErrorKind]) -> Result<(), String> {
    match looked_for {
        Err(error) if kinds.contains(&error.kind()) => Ok(()),
        Err(error) => Err(error.to_string()),
        Ok(_) => Err("it was deleted, and is there".to_owned()),
    }
}

/// What was not there any more was deleted, too.
fn absent<T>(deleted: rancher_client::Result<T>) -> Result<(), String> {
    match deleted {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

/// Waits until neither the object nor the list shows it. A project's member loses its rights on a namespace with the
/// namespace, so that alone a refusal would prove nothing.
async fn until_gone(collection: &Collection<Object>, id: &str, run: &Run) -> Result<(), String> {
    until_gone_by(collection, id, |object| run.made(object)).await
}

async fn until_gone_by(
    collection: &Collection<Object>,
    id: &str,
    made: impl Fn(&Object) -> bool,
) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let there = match collection.get(id).await {
            Ok(object) => Ok(made(&object)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) if error.kind() == ErrorKind::Forbidden => {
                let all = collection.list(Query::all()).collect().await;
                all.map(|all| all.iter().any(|object| object.id() == Some(id)))
            }
            Err(error) => Err(error),
        };
        match there {
            Ok(false) => return Ok(()),
            Ok(true) if Instant::now() > deadline => {
                return Err(format!("it was deleted, and is still there after {} s", PATIENCE.as_secs()));
            }
            Ok(true) => {}
            Err(error) if Instant::now() > deadline || !error.is_retryable() => return Err(error.to_string()),
            Err(_) => {}
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}
