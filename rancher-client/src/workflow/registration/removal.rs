//! What would go if a cluster were removed, as far as it can be seen, and what could not be seen.

use futures_util::TryStreamExt as _;
use futures_util::future::{join, join_all, join4};
use serde_json::Value;
use std::fmt;
use std::time::Duration;

use super::connect::is_connected;
use super::create::goes_on;
use super::{Registration, registrable};
use crate::error::{Error, Result};
use crate::proxy::{CanI, ListOptions, Resource};
use crate::steve::{SteveQuery, label};
use crate::v3::Query;
use crate::wire::{ClusterId, Kept, Object};

/// How long each question may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How many names are told of each kind.
const NAMES: usize = 10;

/// One kind of thing that a removal concerns, as far as this user sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// What it is: `projects`.
    pub what: String,
    /// How many were seen; nothing if it could not be asked. That is not none.
    pub count: Option<u64>,
    /// Whether these are proven to be all. If not, there may be more, and [`because`](Self::because) says why.
    pub complete: bool,
    /// Some of their names, ten at most.
    pub names: Vec<String>,
    /// Why the count is missing or may be too small.
    pub because: Option<String>,
}

impl Seen {
    fn all(what: &str, count: u64) -> Self {
        Self { what: what.to_owned(), count: Some(count), complete: true, names: Vec::new(), because: None }
    }

    fn not(what: &str, because: String) -> Self {
        Self {
            what: what.to_owned(),
            count: None,
            complete: false,
            names: Vec::new(),
            because: Some(because),
        }
    }

    fn failed(what: &str, error: &Error) -> Self {
        Self::not(what, format!("{}: {}", error.kind(), error.summary()))
    }

    fn at_least(mut self, because: String) -> Self {
        (self.complete, self.because) = (false, Some(because));
        self
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.count, self.complete) {
            (Some(count), true) => write!(f, "{count} {}", self.what)?,
            (Some(count), false) => write!(f, "at least {count} {}", self.what)?,
            (None, _) => write!(f, "{}: not seen", self.what)?,
        }
        if !self.names.is_empty() {
            let more = self.count.is_some_and(|count| count > self.names.len() as u64);
            write!(f, ": {}{}", self.names.join(", "), if more { ", …" } else { "" })?;
        }
        match &self.because {
            Some(because) => write!(f, " ({because})"),
            None => Ok(()),
        }
    }
}

/// What a removal of a cluster would take, and what it would not. `Display` prints it for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RemovalReport {
    /// The cluster.
    pub cluster: ClusterId,
    /// Its name, which [`remove`](Registration::remove) wants to hear.
    pub name: String,
    /// Its state, as Rancher says it.
    pub state: Option<String>,
    /// The object of `provisioning.cattle.io` that goes with it, `namespace/name`; nothing for an imported cluster.
    pub provisioning: Option<String>,
    /// Whether what is inside goes on running, out of Rancher's reach; `false` if it goes with the machines that Rancher
    /// made; nothing if that could not be told.
    pub goes_on: Option<bool>,
    /// What Rancher deletes of its own.
    pub goes: Vec<Seen>,
    /// What is in the cluster.
    pub inside: Vec<Seen>,
    /// What nobody can see from here, in words.
    pub not_looked: Vec<String>,
}

impl fmt::Display for RemovalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.as_deref().unwrap_or("unknown");
        writeln!(f, "cluster {} ({}), state {state}", self.name, self.cluster)?;
        writeln!(f, "Rancher would delete:")?;
        if let Some(object) = &self.provisioning {
            writeln!(f, "  the provisioning cluster {object}")?;
        }
        self.goes.iter().try_for_each(|seen| writeln!(f, "  {seen}"))?;
        match self.goes_on {
            Some(true) => writeln!(f, "in the cluster, which would go on without Rancher:")?,
            Some(false) => {
                writeln!(f, "in the cluster, which would go with the machines that Rancher made:")?
            }
            None => {
                writeln!(f, "in the cluster; whether it would go on or go with its machines was not seen:")?
            }
        }
        self.inside.iter().try_for_each(|seen| writeln!(f, "  {seen}"))?;
        writeln!(f, "not looked at:")?;
        self.not_looked.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

fn names(objects: &[Kept<Object>]) -> Vec<String> {
    let name = |object: &Kept<Object>| object.name().or(object.id()).map(str::to_owned);
    objects.iter().filter_map(name).take(NAMES).collect()
}

impl Registration {
    /// What would go if a cluster were removed. Nothing is changed.
    ///
    /// Lists of Rancher hold only what the user may see, and are empty without rights (recorded: matrix). So a count is
    /// called complete only where the right to list all of them was confirmed; what could not be asked has no count.
    ///
    /// # Errors
    /// `invalid` for `local` and for what is no cluster's id; `not_found` or `forbidden` if the user does not see the
    /// cluster. What else fails is in the report.
    ///
    /// # Scope
    /// A key without a scope sees most. One scoped to the cluster sees what is in the cluster and not much of what
    /// Rancher keeps of it: the report says so.
    pub async fn removal(&self, cluster: impl AsRef<str>) -> Result<RemovalReport> {
        const OPERATION: &str = "registration.removal";
        let id = registrable(cluster, OPERATION)?;
        let patient = Self { client: self.client.with_timeout(PATIENCE) };
        let object = patient.clusters()?.get(id.as_str()).await?;
        let (of_rancher, keys, fleet, provisioning) = join4(
            join_all([
                patient.owned(&id, "projects", "projects"),
                patient.owned(&id, "clusterroletemplatebindings", "role bindings of the cluster"),
                patient.owned(&id, "clusterregistrationtokens", "registration tokens"),
            ]),
            patient.keys(&id),
            patient.bundles(&id),
            patient.provisioning_of(&id),
        )
        .await;
        let mut goes = of_rancher;
        goes.extend([keys, fleet]);
        let provisioning = match provisioning {
            Ok(found) => found,
            Err(error) => {
                goes.push(Seen::failed("provisioning cluster", &error));
                None
            }
        };
        let inside = match is_connected(&object) {
            true => patient.inside(&id).await,
            false => {
                let because = "its agent is not connected, so nothing in it can be asked";
                vec![Seen::not("nodes, namespaces and workloads", because.to_owned())]
            }
        };
        Ok(RemovalReport {
            cluster: id,
            name: object.text("name").unwrap_or_default().to_owned(),
            state: object.text("state").map(str::to_owned),
            goes_on: goes_on(&object, provisioning.as_ref().map(|(_, machines)| *machines)),
            provisioning: provisioning.filter(|(_, machines)| *machines).map(|(id, _)| id),
            goes,
            inside,
            not_looked: vec![
                "what points to this cluster from outside Rancher: kubeconfigs, Argo CD's cluster secrets, pipelines".to_owned(),
                "keys that other users have for this cluster".to_owned(),
            ],
        })
    }

    /// Rancher's objects that belong to a cluster, and whether the user sees all of them.
    async fn owned(&self, cluster: &ClusterId, collection: &str, what: &str) -> Seen {
        let listed = async {
            let all = self.client.v3().collection(collection)?.list(Query::in_cluster(cluster));
            all.collect().await
        };
        let right = async {
            let question =
                CanI::new("list", collection).in_group("management.cattle.io").within(cluster.as_str());
            self.client.cluster(ClusterId::local())?.can_i(&question).await
        };
        let (listed, right) = join(listed, right).await;
        let seen = match listed {
            Ok(all) => Seen { names: names(&all), ..Seen::all(what, all.len() as u64) },
            Err(error) => return Seen::failed(what, &error),
        };
        match right {
            Ok(permission) if permission.allowed => seen,
            Ok(_) => seen.at_least("the user may not list all of them".to_owned()),
            Err(error) => seen.at_least(format!("whether these are all was not answered: {}", error.kind())),
        }
    }

    /// The user's own keys that are scoped to a cluster: Rancher lists nobody else's.
    async fn keys(&self, cluster: &ClusterId) -> Seen {
        const WHAT: &str = "keys scoped to the cluster";
        let listed = async {
            let all = self.client.v3().collection("tokens")?.list(Query::all()).collect().await?;
            let of_cluster = |key: &Kept<Object>| key.text("clusterId") == Some(cluster.as_str());
            Ok::<_, Error>(all.into_iter().filter(of_cluster).collect::<Vec<_>>())
        };
        match listed.await {
            Ok(keys) => {
                // the description is the user's own words; the id is what a key is deleted by
                let ids = keys.iter().filter_map(|key| key.id().map(str::to_owned)).take(NAMES).collect();
                let seen = Seen { names: ids, ..Seen::all(WHAT, keys.len() as u64) };
                seen.at_least("only the user's own are listed".to_owned())
            }
            Err(error) => Seen::failed(WHAT, &error),
        }
    }

    /// What Fleet has deployed to a cluster.
    async fn bundles(&self, cluster: &ClusterId) -> Seen {
        const WHAT: &str = "bundles that Fleet deploys to it";
        let found = async {
            let query = SteveQuery {
                filter: vec![label("management.cattle.io/cluster-name").eq(cluster.as_str())],
                ..SteveQuery::default()
            };
            let mut all = self.client.steve().resource("fleet.cattle.io.clusters")?.list(query);
            while let Some(found) = all.try_next().await? {
                let of = found
                    .pointer("/metadata/labels")
                    .and_then(|labels| labels.get("management.cattle.io/cluster-name"));
                if of.and_then(Value::as_str) == Some(cluster.as_str()) {
                    return Ok::<_, Error>(Some(found));
                }
            }
            Ok(None)
        };
        match found.await {
            Ok(Some(found)) => match found.pointer("/status/summary/desiredReady").and_then(Value::as_u64) {
                Some(count) => Seen::all(WHAT, count),
                None => Seen::not(WHAT, "Fleet does not say yet".to_owned()),
            },
            Ok(None) => Seen::not(WHAT, "the user sees no cluster of Fleet for it".to_owned()),
            Err(error) => Seen::failed(WHAT, &error),
        }
    }

    /// What is in a cluster whose agent is connected.
    async fn inside(&self, cluster: &ClusterId) -> Vec<Seen> {
        const KINDS: [(&str, &str); 6] = [
            ("", "nodes"),
            ("", "namespaces"),
            ("apps", "deployments"),
            ("apps", "statefulsets"),
            ("apps", "daemonsets"),
            ("", "persistentvolumeclaims"),
        ];
        let proxy = match self.client.cluster(cluster) {
            Ok(proxy) => proxy,
            Err(error) => return vec![Seen::failed("nodes, namespaces and workloads", &error)],
        };
        join_all(KINDS.map(|(group, plural)| {
            let list = proxy.list(Resource::of(group, "v1", plural), ListOptions::default());
            async move {
                match list.total().await {
                    // Kubernetes refuses a list that would not be whole
                    Ok(count) => Seen::all(plural, count),
                    Err(error) => Seen::failed(plural, &error),
                }
            }
        }))
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_not_called_none() {
        let report = RemovalReport {
            cluster: ClusterId::new("c-abcde").unwrap(),
            name: "shop".to_owned(),
            state: Some("active".to_owned()),
            provisioning: None,
            goes_on: Some(true),
            goes: vec![
                Seen { names: vec!["Default".into()], ..Seen::all("projects", 2) },
                Seen::all("keys", 1).at_least("only the user's own are listed".into()),
            ],
            inside: vec![Seen::not("nodes", "forbidden: no".into()), Seen::all("namespaces", 0)],
            not_looked: vec!["Argo CD".to_owned()],
        };
        let text = report.to_string();
        for line in [
            "cluster shop (c-abcde), state active",
            "  2 projects: Default, …",
            "  at least 1 keys (only the user's own are listed)",
            "  nodes: not seen (forbidden: no)",
            "  0 namespaces",
            "which would go on without Rancher:",
            "  Argo CD",
        ] {
            assert!(text.lines().any(|found| found.ends_with(line)), "{line:?} in {text}");
        }
    }
}
