//! One namespace of a cluster, and the jobs that are done in one every day.

use serde_json::{Map, Value, json};

use super::{ApplyOptions, ClusterProxy, ListOptions, LogLines, LogOptions, Resource, Rollout};
use crate::error::{Error, Result};
use crate::kubernetes::check_label;
use crate::paging::List;
use crate::wire::{Kept, Object};

/// A namespace of a cluster: the same calls, without naming it each time.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::wait::WaitOptions;
/// use rancher_client::wire::Object;
/// use serde_json::json;
///
/// let shop = client.cluster("c-prod1")?.namespace("shop-web")?;
/// shop.create_secret("db", [("password", "s3cr3t")]).await?;
/// let web = Object::try_from(json!({
///     "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
///     "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": {
///         "metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "nginx"}]},
///     }},
/// }))?;
/// shop.apply(&web, "ci").await?;
/// shop.rollout("web").wait(WaitOptions::default()).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Scope
/// A key without a scope, or a key scoped to this cluster.
#[derive(Debug, Clone)]
pub struct NamespaceProxy {
    cluster: ClusterProxy,
    name: String,
}

impl ClusterProxy {
    /// One namespace of the cluster. Whether there is one is not asked.
    ///
    /// # Errors
    /// `invalid` if that is no name of a namespace.
    pub fn namespace(&self, name: &str) -> Result<NamespaceProxy> {
        check_label("namespace", name)?;
        Ok(NamespaceProxy { cluster: self.clone(), name: name.to_owned() })
    }

    /// Applies an object of any kind on the server, as [`ClusterProxy::apply`] does: its `apiVersion` and `kind` say
    /// what it is, see [`ClusterProxy::resource_of`]. A namespace that is named by an object whose kind belongs to none
    /// is left out, as `kubectl` does: manifests have such, that of Rancher's agent among them.
    ///
    /// # Errors
    /// As [`ClusterProxy::apply`] and [`ClusterProxy::resource_of`]; `invalid` before it is sent, if it lacks the
    /// namespace that such objects are in.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn apply_object(&self, object: &Object, options: &ApplyOptions) -> Result<Kept<Object>> {
        let found = self.resource_of(object).await?;
        if found.namespaced && object.namespace().is_none_or(str::is_empty) {
            return Err(Error::invalid(
                format!("nothing was sent: a {} is in a namespace, and the object names none", found.kind),
                "give it metadata.namespace, or apply it in a namespace",
            )
            .with_field("metadata.namespace"));
        }
        if found.namespaced || object.pointer("/metadata/namespace").is_none() {
            return self.apply(found.resource(), object, options).await;
        }
        let mut bare = object.clone();
        if let Some(metadata) = bare.pointer_mut("/metadata").and_then(Value::as_object_mut) {
            metadata.remove("namespace");
        }
        self.apply(found.resource(), &bare, options).await
    }
}

impl NamespaceProxy {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The cluster it is in.
    pub fn cluster(&self) -> &ClusterProxy {
        &self.cluster
    }

    /// The namespace itself.
    ///
    /// # Errors
    /// `not_found` if there is none; `forbidden` if the user may not see it.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn get(&self) -> Result<Kept<Object>> {
        self.cluster.get(Resource::core("namespaces"), &self.name).await
    }

    /// The pods in it.
    ///
    /// # Errors
    /// As [`ClusterProxy::list`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn pods(&self, options: ListOptions) -> List<Kept<Object>> {
        self.cluster.list(Resource::core("pods").within(&self.name), options)
    }

    /// Creates a secret from texts.
    ///
    /// # Errors
    /// `already_exists`; `invalid` if that is no name; `forbidden`.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn create_secret<K: Into<String>, V: Into<String>>(
        &self,
        name: &str,
        texts: impl IntoIterator<Item = (K, V)>,
    ) -> Result<Kept<Object>> {
        let texts: Map<String, Value> =
            texts.into_iter().map(|(key, text)| (key.into(), Value::from(text.into()))).collect();
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": "Opaque", "stringData": texts,
        });
        self.create(Resource::core("secrets"), &Object::try_from(secret)?).await
    }

    /// Creates a deployment.
    ///
    /// A deployment beyond a quota is created all the same; its rollout says that its pods are refused, see
    /// [`NamespaceProxy::rollout`].
    ///
    /// # Errors
    /// As [`ClusterProxy::create`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn create_deployment(&self, deployment: &Object) -> Result<Kept<Object>> {
        self.create(Resource::of("apps", "v1", "deployments"), deployment).await
    }

    /// A deployment.
    ///
    /// # Errors
    /// As [`ClusterProxy::get`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn deployment(&self, name: &str) -> Result<Kept<Object>> {
        self.cluster.get(Resource::of("apps", "v1", "deployments").within(&self.name), name).await
    }

    /// Creates an object in it.
    ///
    /// # Errors
    /// As [`ClusterProxy::create`]; `invalid` if the object names another namespace.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn create(&self, resource: Resource<'_>, object: &Object) -> Result<Kept<Object>> {
        self.cluster.create(Resource { namespace: &self.name, ..resource }, object).await
    }

    /// Applies an object of any kind in it, as this manager and without force: see [`ClusterProxy::apply`].
    ///
    /// # Errors
    /// As [`NamespaceProxy::apply_with`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn apply(&self, object: &Object, manager: &str) -> Result<Kept<Object>> {
        self.apply_with(object, &ApplyOptions::by(manager)).await
    }

    /// Applies an object of any kind in it.
    ///
    /// # Errors
    /// As [`ClusterProxy::apply_object`]; `invalid` before anything is sent, if the object names another namespace or
    /// is of a kind that belongs to none.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn apply_with(&self, object: &Object, options: &ApplyOptions) -> Result<Kept<Object>> {
        let found = self.cluster.resource_of(object).await?;
        if !found.namespaced {
            return Err(Error::invalid(
                format!("nothing was sent: a {} belongs to no namespace", found.kind),
                "apply it to the cluster instead",
            )
            .with_field("kind"));
        }
        self.cluster.apply(found.resource().within(&self.name), object, options).await
    }

    /// The rollout of a deployment in it, or of `statefulset/db`, `daemonset/agent`.
    pub fn rollout(&self, name: &str) -> Rollout {
        self.cluster.rollout(&self.name, name)
    }

    /// The log of a container of a pod in it, see [`ClusterProxy::logs`].
    pub fn logs(&self, pod: &str, options: LogOptions) -> LogLines {
        self.cluster.logs(&self.name, pod, options)
    }
}
