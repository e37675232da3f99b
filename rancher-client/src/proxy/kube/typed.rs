//! Objects of Kubernetes as the types that `k8s-openapi` and `kube` have of them.

use kube::Resource as KubeResource;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Deref, DerefMut};

use crate::error::{Error, Result};
use crate::paging::List;
use crate::proxy::{ApiResource, ApplyOptions, ClusterProxy, ListOptions};
use crate::wire::{Document, Kept, Object};

/// A type of `k8s-openapi`, or a struct of one's own with kube's `CustomResource`.
pub trait KubeType:
    KubeResource<DynamicType = ()> + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Group, version, plural and kind of the type. Whether its objects are in namespaces is not said.
    fn api_resource() -> ApiResource {
        ApiResource::named(&Self::group(&()), &Self::version(&()), &Self::plural(&()), &Self::kind(&()))
    }
}

impl<T: KubeResource<DynamicType = ()> + Serialize + DeserializeOwned + Send + Sync + 'static> KubeType
    for T
{
}

/// An object as a type of Kubernetes. In a [`Kept`], what the type does not know survives.
///
/// It derefs to the type, so that `pod.spec` is the pod's.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Typed<T>(pub T);

impl<T: Serialize + DeserializeOwned> Document for Typed<T> {}

impl<T: KubeType> Typed<T> {
    /// The same object as this type.
    ///
    /// # Errors
    /// `decode` if it is none of this type. The error tells where, never what stands there.
    pub fn of(object: &Kept<Object>) -> Result<Kept<Self>> {
        let read: Kept<Self> = Kept::read(object.raw().clone())?;
        let mut typed = read.with_altered(object.altered().to_vec());
        *typed = Self::decode(&object.edited()?)?;
        Ok(if object.is_partial() { typed.into_partial() } else { typed })
    }
}

/// The same object as JSON, changes and all.
fn plain<T: KubeType>(object: &Kept<Typed<T>>) -> Result<Kept<Object>> {
    let mut plain: Kept<Object> = Kept::read(object.raw().clone())?;
    *plain = Object::decode(&object.edited()?)?;
    Ok(if object.is_partial() { plain.into_partial() } else { plain })
}

impl<T> Deref for Typed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Typed<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T: Serialize> fmt::Debug for Typed<T> {
    /// Only the names of the fields: any value can be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Typed ")?;
        match serde_json::to_value(&self.0) {
            Ok(serde_json::Value::Object(fields)) => f.debug_set().entries(fields.keys()).finish(),
            _ => f.write_str("{..}"),
        }
    }
}

impl ClusterProxy {
    /// One object, as a type of Kubernetes. The namespace is empty for what belongs to none.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use k8s_openapi::api::apps::v1::Deployment;
    ///
    /// let mut web = cluster.get_typed::<Deployment>("shop-web", "web").await?;
    /// if let Some(spec) = &mut web.spec {
    ///     spec.replicas = Some(3);
    /// }
    /// cluster.update_typed(&web).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`ClusterProxy::get`]; `decode` if it does not fit the type.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn get_typed<T: KubeType>(&self, namespace: &str, name: &str) -> Result<Kept<Typed<T>>> {
        let of = T::api_resource();
        Typed::of(&self.get(of.resource().within(namespace), name).await?)
    }

    /// The objects of a type that the options name: all pages, each object once. The namespace is empty for all of them.
    ///
    /// # Errors
    /// As items of the stream: as [`ClusterProxy::list`]; `decode` for an object that does not fit the type, and the
    /// stream goes on behind it.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn list_typed<T: KubeType>(&self, namespace: &str, options: ListOptions) -> List<Kept<Typed<T>>> {
        let of = T::api_resource();
        self.list_of(of.resource().within(namespace), options)
    }

    /// Creates an object and returns it as the server made it. It is not sent twice.
    ///
    /// # Errors
    /// As [`ClusterProxy::create`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn create_typed<T: KubeType>(&self, namespace: &str, object: &T) -> Result<Kept<Typed<T>>> {
        let of = T::api_resource();
        Typed::of(&self.create(of.resource().within(namespace), &json(object)?).await?)
    }

    /// Writes an object that was read and changed: the text as it was read, with the change in it.
    ///
    /// # Errors
    /// As [`ClusterProxy::update`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn update_typed<T: KubeType>(&self, object: &Kept<Typed<T>>) -> Result<Kept<Typed<T>>> {
        let of = T::api_resource();
        Typed::of(&self.update(of.resource(), &plain(object)?).await?)
    }

    /// Applies an object on the server, see [`ClusterProxy::apply`]. What is `None` in it is not applied.
    ///
    /// # Errors
    /// As [`ClusterProxy::apply`].
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn apply_typed<T: KubeType>(
        &self,
        namespace: &str,
        object: &T,
        options: &ApplyOptions,
    ) -> Result<Kept<Typed<T>>> {
        let of = T::api_resource();
        Typed::of(&self.apply(of.resource().within(namespace), &json(object)?, options).await?)
    }
}

fn json<T: KubeType>(object: &T) -> Result<Object> {
    let json = serde_json::to_vec(object).map_err(|error| {
        Error::invalid("nothing was sent: the object cannot be written as JSON", "look at its fields")
            .with_source(error)
    })?;
    Ok(Object::decode(&json)?)
}
