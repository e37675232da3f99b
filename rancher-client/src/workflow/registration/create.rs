//! Making clusters: imported ones, and those whose nodes Rancher sets up.

use futures_util::TryStreamExt as _;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

use super::{Registration, registrable};
use crate::error::{Error, ErrorKind, ForbiddenReason, Result};
use crate::steve::SteveQuery;
use crate::v3::Ensured;
use crate::wait::{Until, WaitOptions};
use crate::wire::{ClusterId, Kept, Object};

/// The type of Steve for clusters that Rancher provisions.
pub(super) const PROVISIONING: &str = "provisioning.cattle.io.clusters";

/// The namespace that Rancher keeps them in.
const FLEET: &str = "fleet-default";

/// What an imported cluster shall be like. Everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// What the cluster is for.
    pub description: String,
    /// Labels of Rancher's object of the cluster.
    pub labels: BTreeMap<String, String>,
    /// Annotations of it.
    pub annotations: BTreeMap<String, String>,
}

/// What a cluster shall be like whose nodes run Rancher's agent from the start.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateOptions {
    /// The version of Kubernetes as Rancher names it: `v1.33.4+rke2r1`, `v1.33.4+k3s1`. It must be given.
    pub kubernetes_version: String,
    /// The namespace of the object; `fleet-default` if empty.
    pub namespace: String,
    /// Labels of the object.
    pub labels: BTreeMap<String, String>,
    /// Annotations of it.
    pub annotations: BTreeMap<String, String>,
    /// How the nodes are set up, as `spec.rkeConfig` has it; Rancher's own choice if empty.
    pub rke_config: Map<String, Value>,
    /// How long to wait for the cluster's id.
    pub wait: WaitOptions,
}

impl std::fmt::Debug for CreateOptions {
    /// Without what is in `rke_config`, which can hold logins of registries.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CreateOptions")
            .field("kubernetes_version", &self.kubernetes_version)
            .field("namespace", &self.namespace)
            .field("rke_config", &self.rke_config.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

impl Default for CreateOptions {
    fn default() -> Self {
        Self {
            kubernetes_version: String::new(),
            namespace: FLEET.to_owned(),
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            rke_config: Map::new(),
            wait: WaitOptions::default(),
        }
    }
}

/// A cluster that waits for its agent, or one that was there.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegisteredCluster {
    /// Its id: `c-xxxxx` of an imported cluster, `c-m-xxxxxxxx` of a provisioned one.
    pub id: ClusterId,
    /// The name that people gave it.
    pub name: String,
    /// Whether it was created now; if not, it was found.
    pub created: bool,
    /// The object of `provisioning.cattle.io` that it belongs to, `namespace/name`; nothing for an imported one.
    pub provisioning: Option<String>,
}

fn object(fields: Value) -> Result<Object> {
    Ok(Object::try_from(fields)?)
}

/// The fields of an imported cluster.
fn imported(name: &str, options: &ImportOptions) -> Result<Object> {
    let mut fields = json!({"type": "cluster", "name": name});
    if let Some(fields) = fields.as_object_mut() {
        if !options.description.is_empty() {
            fields.insert("description".to_owned(), json!(options.description));
        }
        for (key, map) in [("labels", &options.labels), ("annotations", &options.annotations)] {
            if !map.is_empty() {
                fields.insert(key.to_owned(), json!(map));
            }
        }
    }
    object(fields)
}

/// Refuses what cannot name a cluster: the server cuts nothing off and says little.
///
/// `provisioned` is for a cluster of `provisioning.cattle.io`, whose name must not have the form of an imported cluster's
/// id (Rancher's webhook says so).
fn check_name(name: &str, provisioned: bool, operation: &'static str) -> Result<()> {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = name.as_bytes();
    let inner = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-';
    let label = bytes.len() <= 63 && edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner);
    let like_an_id =
        name.strip_prefix("c-").is_some_and(|rest| rest.len() == 5 && !rest.contains('-')) && provisioned;
    let problem = match (label, like_an_id, name == "local") {
        (true, false, false) => return Ok(()),
        (_, _, true) => "is the cluster that Rancher itself runs on",
        (true, true, _) => "has the form of a cluster's id",
        (false, ..) => "is no name of a cluster: at most 63 lower-case letters, digits and inner hyphens",
    };
    let shown: String = crate::wire::redact(name).chars().filter(|c| !c.is_control()).take(80).collect();
    Err(Error::invalid(
        format!("nothing was sent: {shown:?} {problem}"),
        "choose another name, such as shop-eu",
    )
    .with_field("name")
    .with_operation(operation))
}

fn registered(cluster: &Kept<Object>, created: bool, operation: &'static str) -> Result<RegisteredCluster> {
    let id = ClusterId::new(cluster.id().unwrap_or_default())
        .map_err(|error| Error::from(error).with_operation(operation))?;
    Ok(RegisteredCluster {
        id,
        name: cluster.text("name").unwrap_or_default().to_owned(),
        created,
        provisioning: None,
    })
}

impl Registration {
    /// Makes an imported cluster: Rancher's object of it, which waits for the agent that the manifest installs.
    ///
    /// It is not sent twice: after a `timeout` or a broken connection it may or may not exist, and
    /// [`ensure_imported`](Self::ensure_imported) finds out.
    ///
    /// # Errors
    /// `already_exists` if a cluster has this name, one that the user may not see included (read in Rancher's source:
    /// `NotUnique`); `forbidden` if the user may not create clusters; `invalid` before anything is sent, if that is no
    /// name; `out_of_scope` before anything is sent, if the key is known to be scoped to a cluster.
    ///
    /// # Scope
    /// A key without a scope, of a user who may create clusters.
    pub async fn import_cluster(&self, name: &str, options: &ImportOptions) -> Result<RegisteredCluster> {
        const OPERATION: &str = "registration.import_cluster";
        check_name(name, false, OPERATION)?;
        let made = self.clusters()?.create(&imported(name, options)?).await;
        registered(&made.map_err(|error| told(error, name))?, true, OPERATION)
    }

    /// The imported cluster of this name, or a new one. What is found is left as it is: its description and labels are
    /// not compared.
    ///
    /// # Errors
    /// As [`import_cluster`](Self::import_cluster); `invalid` if the cluster of this name is not an imported one;
    /// `conflict` if it is being deleted; `already_exists` if there is one that the user may not see.
    ///
    /// # Scope
    /// A key without a scope, of a user who may create clusters.
    pub async fn ensure_imported(&self, name: &str, options: &ImportOptions) -> Result<RegisteredCluster> {
        const OPERATION: &str = "registration.ensure_imported";
        check_name(name, false, OPERATION)?;
        let (clusters, wanted) = (self.clusters()?, imported(name, options)?);
        let ensured = match clusters.ensure_by_names(&wanted, &["name"]).await {
            // somebody else made it between the look and the creation
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                match clusters.ensure_by_names(&wanted, &["name"]).await {
                    Err(again) if again.kind() == ErrorKind::AlreadyExists => {
                        return Err(again.with_because([format!(
                            "no cluster that the user may see is called {name:?}: it is one of somebody else's"
                        )]));
                    }
                    ensured => ensured?,
                }
            }
            ensured => ensured.map_err(|error| told(error, name))?,
        };
        let (created, cluster) = match ensured {
            Ensured::Created(cluster) => (true, cluster),
            Ensured::Found(cluster) => (false, cluster),
        };
        if let (false, Some(other)) = (created, other_driver(&cluster)) {
            let id = cluster.id().unwrap_or_default();
            return Err(Error::invalid(
                format!("the cluster called {name:?}, {id}, is there and is not an imported one: {other}"),
                "choose another name",
            )
            .with_operation(OPERATION));
        }
        registered(&cluster, created, OPERATION)
    }

    /// Makes a cluster whose nodes Rancher sets up: an object of `provisioning.cattle.io`, through Steve. Nodes join with
    /// the [node command](super::RegistrationToken::node_command) of its registration token.
    ///
    /// It waits until Rancher has made its own object of the cluster, whose id everything else takes.
    ///
    /// # Errors
    /// `already_exists` if the namespace has a cluster of this name; `invalid` before anything is sent, if the name or
    /// the version is none; `forbidden`; `partly_done` if the object was created and the id did not come in time.
    ///
    /// # Scope
    /// A key without a scope, of a user who may create clusters.
    pub async fn create(&self, name: &str, options: &CreateOptions) -> Result<RegisteredCluster> {
        const OPERATION: &str = "registration.create";
        check_name(name, true, OPERATION)?;
        options.wait.check(false).map_err(|error| error.with_operation(OPERATION))?;
        let version = options.kubernetes_version.as_str();
        if !version.starts_with('v') || !(version.contains("+rke2r") || version.contains("+k3s")) {
            return Err(Error::invalid(
                "nothing was sent: the version of Kubernetes is missing or none of Rancher's",
                "give it with its distribution, as Rancher lists it: v1.33.4+rke2r1",
            )
            .with_field("kubernetesVersion")
            .with_operation(OPERATION));
        }
        let namespace = if options.namespace.is_empty() { FLEET } else { options.namespace.as_str() };
        let mut metadata = json!({"name": name, "namespace": namespace});
        for (key, map) in [("labels", &options.labels), ("annotations", &options.annotations)] {
            if let (false, Some(metadata)) = (map.is_empty(), metadata.as_object_mut()) {
                metadata.insert(key.to_owned(), json!(map));
            }
        }
        let wanted = object(json!({
            "type": "provisioning.cattle.io.cluster", "metadata": metadata,
            "spec": {"kubernetesVersion": version, "rkeConfig": options.rke_config},
        }))?;
        let clusters = self.client.steve().resource(PROVISIONING)?;
        clusters.create(&wanted).await.map_err(|error| told(error, name))?;
        let whole = format!("{namespace}/{name}");
        let named = Until::fits("the cluster has its id", |cluster| cluster_name(cluster).is_some());
        let cluster = clusters.wait(&whole, named, options.wait).await.map_err(|error| {
            let steps = super::Steps {
                done: vec![format!("{PROVISIONING} {whole} was created")],
                left: vec![format!("{PROVISIONING} {whole}")],
                pending: vec!["Rancher's own object of the cluster, status.clusterName".to_owned()],
            };
            let summary = format!("{whole} was created, and Rancher has not given it an id yet");
            let advice = format!("wait until status.clusterName of {whole} is there, or delete it");
            steps.stopped(OPERATION, None, summary, advice, Some(error))
        })?;
        let id = ClusterId::new(cluster_name(&cluster).unwrap_or_default())
            .map_err(|error| Error::from(error).with_operation(OPERATION))?;
        Ok(RegisteredCluster { id, name: name.to_owned(), created: true, provisioning: Some(whole) })
    }

    /// The object of `provisioning.cattle.io` of a cluster, `namespace/name`, and whether it says that Rancher makes the
    /// machines: Rancher keeps one for imported clusters, too (recorded: workflows, "steve list"). Nothing if the user
    /// sees none.
    pub(super) async fn provisioning_of(&self, cluster: &ClusterId) -> Result<Option<(String, bool)>> {
        let id = registrable(cluster, "registration.removal")?;
        // Steve filters by the fields that it has an index of, and this may be none of them
        let mut all = self.client.steve().resource(PROVISIONING)?.list(SteveQuery::default());
        while let Some(found) = all.try_next().await? {
            if cluster_name(&found) == Some(id.as_str()) {
                let machines = found.pointer("/spec/rkeConfig").is_some_and(Value::is_object);
                return Ok(found.id().map(|id| (id.to_owned(), machines)));
            }
        }
        Ok(None)
    }
}

fn cluster_name(cluster: &Object) -> Option<&str> {
    cluster.pointer("/status/clusterName").and_then(Value::as_str).filter(|name| !name.is_empty())
}

/// Adds what helps after a creation that did not go well.
fn told(error: Error, name: &str) -> Error {
    match error.kind() {
        ErrorKind::AlreadyExists => error.with_advice(&format!(
            "use the cluster called {name} if it is yours (ensure_imported finds it), or choose another name"
        )),
        ErrorKind::Forbidden if error.reason() == Some(ForbiddenReason::Rbac) => {
            let advice = "the user needs the right to create clusters: the global role Standard User or Create New \
                          Clusters gives it";
            error.with_advice(advice)
        }
        _ => error,
    }
}

/// What a cluster is if it is not an imported one. One that waits for its agent says no driver yet (recorded:
/// collections).
fn other_driver(cluster: &Object) -> Option<String> {
    const OF_OTHERS: [&str; 5] =
        ["aksConfig", "aliConfig", "eksConfig", "gkeConfig", "rancherKubernetesEngineConfig"];
    if cluster.id() == Some("local") {
        return Some("it is the one that Rancher runs on".to_owned());
    }
    if let Some(config) = OF_OTHERS.iter().find(|name| cluster.get(name).is_some_and(Value::is_object)) {
        return Some(format!("it has {config}"));
    }
    // an imported one can have such an id, too (read in Rancher's source)
    match (cluster.id().is_some_and(|id| id.starts_with("c-m-")), administrated(cluster)) {
        (_, Some(true)) => return Some("Rancher provisions it".to_owned()),
        (true, None) => return Some("it does not say whether Rancher provisions it".to_owned()),
        _ => {}
    }
    match cluster.text("driver") {
        // an imported cluster of k3s or RKE2 says so once its agent connected (read in Rancher's source)
        None | Some("" | "imported" | "k3s" | "k3os" | "rke2" | "rancherd") => None,
        Some(driver) => Some(format!("its driver is {driver}")),
    }
}

/// Whether Rancher provisions a cluster, where it says so: it writes the annotation where it makes the machines (read in
/// its source).
pub(super) fn administrated(cluster: &Object) -> Option<bool> {
    match cluster.get("annotations")?.get("provisioning.cattle.io/administrated")?.as_str()? {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// Whether what is in a cluster goes on running if it is removed from Rancher; nothing where that cannot be told.
/// `machines` is what its provisioning object says of them, if one was seen.
pub(super) fn goes_on(cluster: &Object, machines: Option<bool>) -> Option<bool> {
    const HOSTED: [&str; 4] = ["aksConfig", "aliConfig", "eksConfig", "gkeConfig"];
    if let Some(hosted) = HOSTED.iter().find_map(|name| cluster.get(name).filter(|config| config.is_object()))
    {
        return hosted.get("imported").and_then(Value::as_bool);
    }
    let plain =
        matches!(cluster.text("driver"), None | Some("" | "imported" | "k3s" | "k3os" | "rke2" | "rancherd"));
    match (machines, administrated(cluster)) {
        (Some(true), _) | (_, Some(true)) => Some(false),
        (Some(false), _) | (_, Some(false)) if plain => Some(true),
        // only clusters that are made by the v3 API have such short ids, and that imports (read in Rancher's source)
        (None, None) if plain && cluster.id().is_some_and(|id| id.len() == 7 && id.starts_with("c-")) => {
            Some(true)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cannot_be_are_refused_before_anything_is_sent() {
        for name in ["shop", "shop-eu", "c-shop-eu", "a", "1a"] {
            check_name(name, true, "x").unwrap();
        }
        // an imported cluster may be called so
        check_name("c-abcde", false, "x").unwrap();
        assert!(check_name("c-abcde", true, "x").is_err());
        for name in ["", "Shop", "shop_eu", "-shop", "shop-", "local", &"a".repeat(64)] {
            let error = check_name(name, false, "x").unwrap_err();
            assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("name")), "{name}");
        }
        let error = check_name("token-abcde:s3cr3ts3cr3ts3cr3t1", false, "x").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    }

    #[test]
    fn only_a_missing_right_is_answered_with_a_role() {
        for (reason, role) in [(ForbiddenReason::Rbac, true), (ForbiddenReason::Admission, false)] {
            let refused = Error::new(ErrorKind::Forbidden, "no", "as it says").with_reason(Some(reason));
            assert_eq!(told(refused, "shop").advice().contains("global role"), role, "{reason}");
        }
    }

    #[test]
    fn what_goes_with_its_machines_is_told_only_where_that_is_known() {
        let of = |fields: Value, machines| goes_on(&Object::try_from(fields).unwrap(), machines);
        assert_eq!(of(json!({"id": "c-abcde", "driver": "imported"}), Some(false)), Some(true));
        assert_eq!(of(json!({"id": "c-abcde"}), None), Some(true));
        assert_eq!(of(json!({"id": "c-m-abcd1234", "driver": "rke2"}), Some(true)), Some(false));
        assert_eq!(of(json!({"id": "c-m-abcd1234", "driver": "rke2"}), None), None);
        assert_eq!(
            of(json!({"id": "c-abcde", "driver": "EKS", "eksConfig": {"imported": false}}), None),
            Some(false)
        );
        assert_eq!(of(json!({"id": "c-abcde", "driver": "EKS", "eksConfig": {}}), Some(false)), None);
    }

    #[test]
    fn options_show_no_configuration() {
        let mut options = CreateOptions::default();
        options.rke_config.insert("registries".to_owned(), json!({"password": "s3cr3ts3cr3t"}));
        assert!(!format!("{options:?}").contains("s3cr3t"));
    }

    #[test]
    fn only_imported_clusters_are_adopted() {
        let of = |fields: Value| other_driver(&Object::try_from(fields).unwrap());
        assert_eq!(of(json!({"id": "c-abcde", "driver": ""})), None);
        assert_eq!(of(json!({"id": "c-abcde", "driver": "imported", "eksConfig": null})), None);
        assert_eq!(of(json!({"id": "c-abcde", "driver": "k3s"})), None);
        let says = |word: &str| json!({"provisioning.cattle.io/administrated": word});
        assert_eq!(
            of(json!({"id": "c-m-abcd1234", "driver": "imported", "annotations": says("false")})),
            None
        );
        let made = of(json!({"id": "c-m-abcd1234", "driver": "rke2", "annotations": says("true")}));
        assert_eq!(made.as_deref(), Some("Rancher provisions it"));
        for other in [
            json!({"id": "local", "driver": "imported"}),
            json!({"id": "c-abcde", "driver": "imported", "eksConfig": {}}),
            json!({"id": "c-m-abcd1234", "driver": "imported"}),
            json!({"id": "c-abcde", "driver": "EKS"}),
        ] {
            assert!(of(other.clone()).is_some(), "{other}");
        }
    }
}
