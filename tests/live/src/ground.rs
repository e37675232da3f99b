//! The project and the namespace that a run makes for itself. Everything else that it makes is in there.

use rancher_client::error::{Error, ErrorKind};
use rancher_client::proxy::{CanI, ClusterProxy, NamespaceProxy, Resource};
use rancher_client::v3::Query;
use rancher_client::wait::{Until, WaitOptions};
use rancher_client::wire::Object;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::journal::Entry;
use crate::mark::LABEL;
use crate::outcome::{Stop, skip};
use crate::site::Site;

/// How many pods the own project takes in all, and each of its namespaces.
pub(crate) const PODS: (u32, u32) = (8, 3);

/// How long rights on something new may take to come.
const RIGHTS: Duration = Duration::from_secs(60);

/// Where a run writes.
pub(crate) struct Ground {
    pub(crate) cluster: ClusterProxy,
    pub(crate) space: NamespaceProxy,
    /// The project of the namespace, `c-xxxxx:p-xxxxx`.
    pub(crate) project: Option<String>,
    /// Whether the run made that project.
    pub(crate) owns_project: bool,
}

impl Ground {
    pub(crate) fn name(&self) -> &str {
        self.space.name()
    }

    /// A resource in the namespace.
    pub(crate) fn core<'a>(&'a self, plural: &'a str) -> Resource<'a> {
        Resource::core(plural).within(self.name())
    }

    /// Skips the case unless the user may do that in the namespace.
    pub(crate) async fn may(&self, verb: &str, group: &str, plural: &str) -> Result<(), Stop> {
        let mut question = CanI::new(verb, plural).in_group(group).within(self.name());
        if plural == "namespaces" {
            question = question.named(self.name());
        }
        match self.cluster.can_i(&question).await?.allowed {
            true => Ok(()),
            false => skip(format!("the user may not {verb} {plural} in its own namespace")),
        }
    }
}

/// An object from JSON that is written here.
pub(crate) fn object(json: Value) -> Result<Object, Error> {
    Object::try_from(json).map_err(Error::from)
}

/// A config map with this name and value.
pub(crate) fn config_map(name: &str, value: &str) -> Result<Object, Error> {
    object(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"n": value}}))
}

/// Makes it.
///
/// # Errors
/// Why there is none, in words: not wanted, no cluster, no right.
pub(crate) async fn make(site: &Site) -> Result<Ground, String> {
    if site.args.read_only {
        return Err("the run is read-only".to_owned());
    }
    let cluster = match site.cluster() {
        Ok(cluster) => cluster.clone(),
        Err(Stop::Skipped(reason) | Stop::Failed(reason)) => return Err(reason),
    };
    let (project, owns_project) = match &site.args.project {
        Some(project) => {
            may_delete_there(site, &cluster, project).await?;
            (Some(project.clone()), false)
        }
        None => {
            may_delete_anywhere(&cluster).await?;
            match site.project().await {
                Ok(project) => (Some(project.to_owned()), true),
                Err(_) => (None, false),
            }
        }
    };
    let space = namespace(site, &cluster, project.as_deref(), &site.run.name()).await?;
    let ground = Ground { cluster, space, project, owns_project };
    rights_came(&ground).await?;
    Ok(ground)
}

/// Writes it down; the first line of a journal says what it is of.
pub(crate) fn note(site: &Site, entry: &Entry) -> Result<(), String> {
    let first = Entry::Run {
        server: site.report.server.url.clone(),
        user: site.client.config().credential.to_string(),
        id: site.user.clone(),
    };
    let noted = match site.journal.path() {
        Some(_) => Ok(()),
        None => site.journal.note(&first),
    };
    noted
        .and_then(|()| site.journal.note(entry))
        .map_err(|error| format!("nothing is made without a journal of it: {error}"))
}

/// Makes the project.
///
/// # Errors
/// Why there is none, in words.
pub(crate) async fn own_project(site: &Site) -> Result<String, String> {
    if site.args.read_only {
        return Err("the run is read-only".to_owned());
    }
    if let Some(project) = &site.args.project {
        return Err(format!("the run works in {project}, which is not its own"));
    }
    if let Err(Stop::Skipped(reason) | Stop::Failed(reason)) = site.global() {
        return Err(format!("no project can be made: {reason}"));
    }
    let cluster = match site.cluster() {
        Ok(cluster) => cluster.id(),
        Err(Stop::Skipped(reason) | Stop::Failed(reason)) => return Err(reason),
    };
    let name = site.run.name();
    note(site, &Entry::Project { cluster: cluster.to_string(), name: name.clone() })?;
    let (all, each) = PODS;
    let wanted = object(json!({
        "type": "project", "name": name, "clusterId": cluster.as_str(), "labels": {LABEL: site.run.to_string()},
        "description": "made by the live suite of the Rancher SDK, and deleted when it ends",
        "resourceQuota": {"limit": {"pods": all.to_string()}},
        "namespaceDefaultResourceQuota": {"limit": {"pods": each.to_string()}},
    }));
    let projects = site.client.v3().collection("projects").map_err(words)?;
    let made = projects.create(&wanted.map_err(words)?).await;
    let made = made.map_err(|error| format!("no project can be made: {error}"))?;
    let id = made.id().ok_or("the server made a project without an id")?.to_owned();
    let ready = Until::condition("InitialRolesPopulated").and(Until::state("active"));
    projects.wait(&id, ready, patient()).await.map_err(|error| format!("the own project: {error}"))?;
    Ok(id)
}

fn words(error: Error) -> String {
    error.to_string()
}

/// How long something of Rancher's may take to be ready, on a server that has much to do.
pub(crate) fn patient() -> WaitOptions {
    WaitOptions {
        deadline: Duration::from_secs(120),
        poll: Duration::from_millis(500),
        stable_for: Some(Duration::ZERO),
        rights_lag: Duration::from_secs(30),
    }
}

/// Makes a namespace that bears the mark of the run, by v3: only there can its project be told.
pub(crate) async fn namespace(
    site: &Site,
    cluster: &ClusterProxy,
    project: Option<&str>,
    name: &str,
) -> Result<NamespaceProxy, String> {
    note(site, &Entry::Namespace { cluster: cluster.id().to_string(), name: name.to_owned() })?;
    let mut wanted =
        object(json!({"type": "namespace", "name": name, "labels": {LABEL: site.run.to_string()}}))
            .map_err(words)?;
    if let Some(project) = project {
        wanted.set("projectId", project);
    }
    let namespaces = site.client.v3().in_cluster(cluster.id()).collection("namespaces").map_err(words)?;
    let deadline = Instant::now() + RIGHTS;
    loop {
        match namespaces.create(&wanted).await {
            Ok(_) => break,
            // the owner of a new project has its rights a moment later
            Err(error)
                if error.kind() == ErrorKind::Forbidden
                    && project.is_some()
                    && Instant::now() < deadline
                    && site.args.project.is_none() =>
            {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            Err(error) => return Err(format!("no namespace can be made: {error}")),
        }
    }
    namespaces
        .wait(name, Until::state("active"), patient())
        .await
        .map_err(|error| format!("the own namespace: {error}"))?;
    cluster.namespace(name).map_err(words)
}

async fn allowed(cluster: &ClusterProxy, question: &CanI) -> Result<bool, String> {
    cluster.can_i(question).await.map(|answer| answer.allowed).map_err(words)
}

// What could not be deleted is not made. That its project may take a namespace along proves nothing: it can be later,
// and whoever lost its rights with the project sees neither.
async fn may_delete_anywhere(cluster: &ClusterProxy) -> Result<(), String> {
    for verb in ["create", "delete"] {
        if !allowed(cluster, &CanI::new(verb, "namespaces")).await? {
            return Err(format!(
                "the user may not {verb} namespaces in {}; name a project with --project where it may",
                cluster.id()
            ));
        }
    }
    Ok(())
}

// What holds for one namespace of the project holds for the next.
async fn may_delete_there(site: &Site, cluster: &ClusterProxy, project: &str) -> Result<(), String> {
    if allowed(cluster, &CanI::new("delete", "namespaces")).await? {
        return Ok(());
    }
    let namespaces = site.client.v3().in_cluster(cluster.id()).collection("namespaces").map_err(words)?;
    let there = namespaces.list(Query::all()).collect().await.map_err(words)?;
    let one = there.iter().find(|namespace| namespace.text("projectId") == Some(project));
    let Some(name) = one.and_then(|namespace| namespace.id()) else {
        return Err(format!(
            "the user sees no namespace of {project}, so whether it could delete its own is not known"
        ));
    };
    match allowed(cluster, &CanI::new("delete", "namespaces").within(name).named(name)).await? {
        true => Ok(()),
        false => Err(format!("the user may not delete namespaces of {project}, so none is made there")),
    }
}

async fn rights_came(ground: &Ground) -> Result<(), String> {
    let question = CanI::new("create", "configmaps").within(ground.name());
    let deadline = Instant::now() + RIGHTS;
    while !allowed(&ground.cluster, &question).await? {
        if Instant::now() > deadline {
            return Err("the user may not even create config maps in the namespace that it made".to_owned());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}
