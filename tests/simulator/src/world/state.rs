//! What the simulated server remembers.

use super::kube::{Log, Source};
use super::kubeconfigs::Kubeconfig;
use super::login::Directory;
use super::norman::Quirk;
use super::random::Random;
use super::steve::Job;
use super::stock;
use super::store::{Patience, Store};
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Milliseconds since the epoch: what token lifetimes are counted in.
pub(crate) type Millis = i64;

/// The moment the record was made: 2026-11-22T05:58:00Z. A world is born then and moved to the server's clock by
/// its first request, so that nothing in it is already expired or not yet created.
pub(crate) const RECORDED_AT: Millis = 1_795_327_080_000;
/// One day.
pub(crate) const DAY: Millis = 86_400_000;
/// One second.
pub(crate) const SECOND: Millis = 1_000;

/// A local user.
#[derive(Debug, Clone)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) description: String,
    pub(crate) enabled: bool,
    /// Whether another password is to be chosen first.
    pub(crate) must_change: bool,
    pub(crate) created: Millis,
    pub(crate) creator: Option<String>,
    pub(crate) last_login: Option<Millis>,
    pub(crate) uuid: String,
}

/// Which API made a token, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// A login: ends with the session, cannot be deleted by itself.
    Session,
    /// An API key of `/v3/tokens`.
    Key,
    /// Minted by `generateKubeconfig` or a kubeconfig login.
    Kubeconfig,
    /// A token of `ext.cattle.io`.
    Ext,
}

/// A token, alive or not. A deleted one is simply not there.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) name: String,
    pub(crate) secret: String,
    pub(crate) kind: TokenKind,
    pub(crate) user: String,
    /// `clusterId` of a v3 token, `spec.clusterName` of an ext token.
    pub(crate) cluster: Option<String>,
    pub(crate) description: String,
    pub(crate) enabled: bool,
    pub(crate) created: Millis,
    pub(crate) ttl: Millis,
    pub(crate) uuid: String,
    pub(crate) version: u64,
    /// It was changed since it was made.
    pub(crate) changed: bool,
}

impl Token {
    pub(crate) fn expires(&self) -> Millis {
        self.created.saturating_add(self.ttl)
    }

    pub(crate) fn expired(&self, now: Millis) -> bool {
        now >= self.expires()
    }

    /// The key under which the world keeps it, which is also its name in a bearer token.
    pub(crate) fn key(&self) -> String {
        if self.kind == TokenKind::Ext { format!("ext/{}", self.name) } else { self.name.clone() }
    }

    /// The whole bearer token.
    pub(crate) fn bearer(&self) -> String {
        format!("{}:{}", self.key(), self.secret)
    }
}

/// The tunnel between Rancher and an imported cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// The tunnel is up and the cluster is active.
    Connected,
    /// The tunnel is up, but the controllers in the cluster still start: Steve through the proxy answers 500.
    Starting,
    /// The tunnel broke at this moment of the server's clock.
    Gone {
        /// When it broke.
        since: Timestamp,
    },
    /// The cluster was registered, but no agent ever called.
    Never,
}

/// A cluster and everything in its Kubernetes API.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) description: String,
    /// What was given with it, beside what Rancher adds.
    pub(crate) labels: Map<String, Value>,
    pub(crate) annotations: Map<String, Value>,
    pub(crate) agent: Agent,
    pub(crate) created: Millis,
    pub(crate) creator: Option<String>,
    pub(crate) uuid: String,
    pub(crate) objects: Store,
    /// Since when it is being removed, and what still has to be done before.
    pub(crate) removal: Option<Removal>,
    /// Whether an object of `provisioning.cattle.io` asked for it.
    pub(crate) provisioned: bool,
}

/// A cluster on its way out.
#[derive(Debug, Clone)]
pub(crate) struct Removal {
    pub(crate) since: Millis,
    pub(crate) finalizers: Vec<String>,
}

/// How long controllers take for what they do after an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Paces {
    pub(crate) registering: Millis,
    pub(crate) removing: Millis,
}

impl Cluster {
    pub(crate) fn is_local(&self) -> bool {
        self.id == "local"
    }
}

/// `group/plural`, namespace (empty for cluster-scoped objects), name.
pub(crate) type ObjectKey = (String, String, String);

/// A field manager.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    pub(crate) manager: String,
    /// It set the field by apply, not by a write of another kind.
    pub(crate) applied: bool,
}

/// An object of a Kubernetes API, without what the server fills in by itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object {
    pub(crate) created: Millis,
    pub(crate) uid: String,
    pub(crate) version: u64,
    /// Who set which field, by its path: what server-side apply asks.
    pub(crate) owners: BTreeMap<String, BTreeSet<Owner>>,
    /// Labels and annotations live in its `metadata`; kind and apiVersion come from the resource table.
    pub(crate) body: Map<String, Value>,
}

impl Object {
    pub(crate) fn meta(&self, field: &str, key: &str) -> Option<&str> {
        self.body.get("metadata")?.get(field)?.get(key)?.as_str()
    }

    pub(crate) fn label(&self, key: &str) -> Option<&str> {
        self.meta("labels", key)
    }

    pub(crate) fn annotation(&self, key: &str) -> Option<&str> {
        self.meta("annotations", key)
    }
}

/// A project of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Project {
    pub(crate) cluster: String,
    /// `p-xxxxx`.
    pub(crate) name: String,
    pub(crate) display: String,
    pub(crate) created: Millis,
    pub(crate) creator: Option<String>,
    pub(crate) uuid: String,
    /// Fields kept as they were sent: description, labels, annotations, quotas.
    pub(crate) fields: Map<String, Value>,
}

impl Project {
    pub(crate) fn id(&self) -> String {
        format!("{}:{}", self.cluster, self.name)
    }
}

/// Which of the three bindings it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BindingKind {
    Global,
    Cluster,
    Project,
}

/// A role given to a user or a group.
#[derive(Debug, Clone)]
pub(crate) struct Binding {
    pub(crate) kind: BindingKind,
    /// The id Norman shows: `c-prod1:crtb-xxxxx`, `p-xxxxx:prtb-xxxxx`, `grb-xxxxx`.
    pub(crate) id: String,
    /// The cluster id or project id; empty for a global one.
    pub(crate) target: String,
    pub(crate) role: String,
    pub(crate) user: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) created: Millis,
    pub(crate) creator: Option<String>,
    pub(crate) uuid: String,
    /// What else Norman shows of it: labels, annotations, its status.
    pub(crate) more: Map<String, Value>,
}

/// An object of a type that has no rules of its own: kept as Norman took it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Kept {
    pub(crate) created: Millis,
    pub(crate) creator: Option<String>,
    pub(crate) uuid: String,
    /// Its fields as Norman shows them; `type` only where it is a subtype.
    pub(crate) fields: Map<String, Value>,
    /// Links that this one does not have: `remove` of what is built in.
    pub(crate) without: Vec<String>,
    /// The actions it offers, where they are fewer than its type has.
    pub(crate) actions: Option<Vec<String>>,
}

/// The id of a type, and the cluster or project whose it is; empty for those of the whole server.
pub(crate) type Shelf = (String, String);

/// A setting of the server.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    pub(crate) value: String,
    pub(crate) default: String,
    pub(crate) source: &'static str,
    pub(crate) created: Millis,
    pub(crate) uuid: String,
}

/// A JWT of a service account in a downstream cluster.
#[derive(Debug, Clone)]
pub(crate) struct ServiceToken {
    pub(crate) cluster: String,
    pub(crate) namespace: String,
    pub(crate) account: String,
    pub(crate) expires: Millis,
}

/// Everything.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) users: BTreeMap<String, User>,
    /// By [`Token::key`].
    pub(crate) tokens: BTreeMap<String, Token>,
    pub(crate) clusters: BTreeMap<String, Cluster>,
    /// By id, `c-prod1:p-qwwv5`.
    pub(crate) projects: BTreeMap<String, Project>,
    pub(crate) bindings: BTreeMap<(BindingKind, String), Binding>,
    pub(crate) settings: BTreeMap<String, Setting>,
    /// What has no rules of its own, by type and id.
    pub(crate) kept: BTreeMap<Shelf, BTreeMap<String, Kept>>,
    /// Ids of clusters that lists sort as if they were others: the record's were renamed.
    pub(crate) ranks: BTreeMap<String, String>,
    /// What lists do wrong on purpose.
    pub(crate) quirks: Vec<Quirk>,
    /// What they did wrong in the answer at hand.
    pub(crate) noted: Vec<String>,
    /// By the JWT itself.
    pub(crate) service_tokens: BTreeMap<String, ServiceToken>,
    pub(crate) random: Random,
    pub(crate) now: Millis,
    /// The resource version of the last write.
    pub(crate) version: u64,
    /// How long continue tokens are good for.
    pub(crate) patience: Patience,
    /// Clusters whose nodes run, and how long a pod takes there until it is ready.
    pub(crate) nodes: BTreeMap<String, Millis>,
    /// Since when pods wait to become ready.
    pub(crate) scheduled: BTreeMap<(String, ObjectKey), Millis>,
    /// What containers wrote.
    pub(crate) logs: BTreeMap<Source, Log>,
    /// What Helm does, by cluster, namespace and name of the operation.
    pub(crate) helm: BTreeMap<(String, String, String), Job>,
    pub(crate) paces: Paces,
    /// Registration tokens whose controller has not written their commands, and since when they are there.
    pub(crate) unfilled: BTreeMap<String, Millis>,
    /// The directories that providers ask, by the provider's id.
    pub(crate) directories: BTreeMap<String, Directory>,
    /// The kubeconfigs of `ext.cattle.io`, by name.
    pub(crate) kubeconfigs: BTreeMap<String, Kubeconfig>,
    pub(crate) age: Age,
    /// Finalizers of clusters that never finish.
    pub(crate) hanging: BTreeSet<String>,
}

/// What a server of this age has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Age {
    pub(crate) has_v1_public: bool,
    pub(crate) has_ext: bool,
}

impl State {
    /// A server just installed: the cluster `local`, the settings, nobody in it.
    pub(crate) fn new(seed: u64) -> Self {
        let mut state = Self {
            users: BTreeMap::new(),
            tokens: BTreeMap::new(),
            clusters: BTreeMap::new(),
            projects: BTreeMap::new(),
            bindings: BTreeMap::new(),
            settings: BTreeMap::new(),
            kept: BTreeMap::new(),
            ranks: BTreeMap::new(),
            quirks: Vec::new(),
            noted: Vec::new(),
            service_tokens: BTreeMap::new(),
            random: Random::new(seed),
            now: RECORDED_AT,
            version: 7_000,
            patience: Patience::default(),
            nodes: BTreeMap::new(),
            scheduled: BTreeMap::new(),
            logs: BTreeMap::new(),
            paces: Paces::default(),
            unfilled: BTreeMap::new(),
            hanging: BTreeSet::new(),
            directories: BTreeMap::new(),
            kubeconfigs: BTreeMap::new(),
            age: Age { has_v1_public: true, has_ext: true },
            helm: BTreeMap::new(),
        };
        for setting in stock::list("settings") {
            let text = |field: &str| stock::text(setting, field).to_owned();
            let made = Setting {
                value: text("value"),
                default: text("default"),
                source: source(stock::text(setting, "source")),
                created: stock::created(setting),
                uuid: text("uuid"),
            };
            state.settings.insert(text("name"), made);
        }
        // The record deleted it once and set it again: the lists that were kept whole do not hold it.
        let url = Setting {
            value: "https://rancher.example.com".to_owned(),
            default: String::new(),
            source: "db",
            created: RECORDED_AT - DAY,
            uuid: state.random.uuid(),
        };
        state.settings.insert("server-url".to_owned(), url);
        for (list, kind) in stock::EVERYWHERE {
            let objects = stock::by_id(list);
            let objects = objects.into_iter().map(|(id, object)| (id.to_owned(), stock::kept(object)));
            state.kept.insert(((*kind).to_owned(), String::new()), objects.collect());
        }
        state
    }

    /// Moves every moment the world knows by `delta`, so that what is a day old stays a day old.
    pub(crate) fn shift(&mut self, delta: Millis) {
        self.now += delta;
        for user in self.users.values_mut() {
            user.created += delta;
            user.last_login = user.last_login.map(|at| at + delta);
        }
        self.tokens.values_mut().for_each(|token| token.created += delta);
        self.projects.values_mut().for_each(|project| project.created += delta);
        self.bindings.values_mut().for_each(|binding| binding.created += delta);
        self.settings.values_mut().for_each(|setting| setting.created += delta);
        self.kept.values_mut().flat_map(BTreeMap::values_mut).for_each(|kept| kept.created += delta);
        self.kubeconfigs.values_mut().for_each(|kubeconfig| kubeconfig.created += delta);
        self.service_tokens.values_mut().for_each(|token| token.expires += delta);
        self.scheduled.values_mut().for_each(|since| *since += delta);
        self.unfilled.values_mut().for_each(|since| *since += delta);
        self.logs.values_mut().flatten().for_each(|(at, _)| *at += delta);
        for cluster in self.clusters.values_mut() {
            cluster.created += delta;
            if let Some(removal) = &mut cluster.removal {
                removal.since += delta;
            }
            cluster.objects.shift(delta);
        }
    }

    pub(crate) fn next_version(&mut self) -> u64 {
        self.version += 1;
        self.version
    }

    pub(crate) fn setting(&self, name: &str) -> &str {
        self.settings.get(name).map_or("", |setting| setting.value.as_str())
    }

    /// The project a namespace belongs to, `c-prod1:p-qwwv5`.
    pub(crate) fn project_of(&self, cluster: &str, namespace: &str) -> Option<&str> {
        let key = ("/namespaces".to_owned(), String::new(), namespace.to_owned());
        self.clusters.get(cluster)?.objects.get(&key)?.annotation("field.cattle.io/projectId")
    }
}

fn source(name: &str) -> &'static str {
    match name {
        "env" => "env",
        "db" => "db",
        _ => "default",
    }
}

/// A moment as Rancher writes it: RFC 3339, whole seconds.
pub(crate) fn stamp(at: Millis) -> String {
    Timestamp::from_second(at.div_euclid(SECOND)).map_or_else(|_| String::new(), |at| at.to_string())
}

/// The date fields Norman adds beside each other: `created` and `createdTS`.
pub(crate) fn dated(object: &mut Map<String, Value>, field: &str, at: Millis) {
    object.insert(field.to_owned(), json!(stamp(at)));
    object.insert(format!("{field}TS"), json!(at.div_euclid(SECOND) * SECOND));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;

    #[test]
    fn starting_moves_the_whole_world_along() {
        let mut world = World::record(1);
        let key = world.labels().tokens["expired"].split(':').next().unwrap().to_owned();
        let before = (world.state.tokens[&key].clone(), world.state.users["u-8nh4v"].created);
        let now: Timestamp = "2031-01-01T00:00:00Z".parse().unwrap();
        world.start(now);
        let delta = now.as_millisecond() - RECORDED_AT;
        assert_eq!(world.state.tokens[&key].created, before.0.created + delta);
        assert_eq!(world.state.users["u-8nh4v"].created, before.1 + delta);
        assert!(world.state.tokens[&key].expired(world.state.now), "still expired");
        let alive = world.labels().tokens["admin-prod"].split(':').next().unwrap();
        assert!(!world.state.tokens[alive].expired(world.state.now), "still alive, years later");
        assert_eq!(stamp(world.state.now), "2031-01-01T00:00:00Z");
    }
}
