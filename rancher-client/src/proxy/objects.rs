//! Objects of Kubernetes: list, get, create, update, delete.

use http::Method;

use super::list::Tokens;
use super::{ClusterProxy, DeleteOptions, ListOptions, Resource};
use crate::error::{Error, Result};
use crate::kubernetes::{accepted, check_name, created, own_attempt, resent_into_conflict, update_of};
use crate::paging::List;
use crate::scope::Route;
use crate::transport::Conflicts;
use crate::v3::Deleted;
use crate::wait::{Until, Wait, WaitGone, WaitOptions};
use crate::wire::{Document, Kept, Object};

impl ClusterProxy {
    /// The objects of a resource that the options name: all pages, each object once.
    ///
    /// As the server lists them, objects of Kubernetes' own kinds lack `apiVersion` and `kind`; the list around them
    /// has those (recorded: kubernetes, `pods`). They are not made up here. An update does without them.
    ///
    /// [`List::total`] is what the first page of one object holds plus its `remainingItemCount`, which Kubernetes
    /// calls an estimate. With a selector the server does not say, and the objects are counted.
    ///
    /// # Errors
    /// As items of the stream: `invalid` before anything is sent, if a name or an option is nonsense; `conflict` if
    /// the cluster forgot the state of the list, see [`OnExpired`](super::OnExpired); `decode` if pages lead in a
    /// circle; `cluster_unavailable` within seconds if the cluster's agent is gone; those of every request.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn list(&self, resource: Resource<'_>, options: ListOptions) -> List<Kept<Object>> {
        self.list_of(resource, options)
    }

    pub(super) fn list_of<T: Document + Send>(
        &self,
        resource: Resource<'_>,
        options: ListOptions,
    ) -> List<Kept<T>> {
        List::new(self.connection.clone(), Tokens::new(&self.id, resource, options))
    }

    /// One object.
    ///
    /// # Errors
    /// `not_found` if there is none; `forbidden` if the user may not see it; `invalid` if that is no name.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn get(&self, resource: Resource<'_>, name: &str) -> Result<Kept<Object>> {
        self.connection
            .object(self.request("cluster.get", Method::GET, &resource.segments(Some(name))?)?)
            .await
    }

    /// Creates an object and returns it as the server made it. It is not sent twice.
    ///
    /// Without a namespace in `resource`, the one that the object names is taken. What the server took otherwise than
    /// it was sent, [`Kept::altered`] says.
    ///
    /// # Errors
    /// `already_exists`; `invalid` with the field; `forbidden` with the reason `quota`, `pod_security` or `admission`
    /// is no missing right.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn create(&self, resource: Resource<'_>, object: &Object) -> Result<Kept<Object>> {
        let resource = resource.of_object(object)?;
        resource.check_place()?;
        if let Some(name) = object.pointer("/metadata/name").and_then(|name| name.as_str()) {
            check_name(Some(resource.group), resource.plural, name)
                .map_err(|error| error.with_field("metadata.name"))?;
        }
        let request =
            self.write("cluster.create", Method::POST, &resource.segments(None)?)?.with_json(object)?;
        created(object, self.connection.object(request).await?)
    }

    /// Writes an object that was read and changed, and returns it as it is now. If nothing was changed, nothing is
    /// sent.
    ///
    /// The object goes back as it was read, with the change in it and with its `metadata.resourceVersion`. If
    /// somebody else wrote it since, the server refuses it, and nothing is lost: see [`ClusterProxy::update_with`].
    ///
    /// # Errors
    /// `conflict` if somebody else wrote it since (recorded: errors, `k8s stale update`); `invalid` before anything is
    /// sent, if the object has no resource version or is a part of one; `unsupported` if the server accepted the change and ignored it, as
    /// it does with a status; `partly_done` if it ignored a part of it.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn update(&self, resource: Resource<'_>, object: &Kept<Object>) -> Result<Kept<Object>> {
        let Some(body) = update_of(object)? else { return Ok(object.clone()) };
        let name = name_of(object)?;
        let segments = resource.of_object(object)?;
        let request = self
            .write("cluster.update", Method::PUT, &segments.segments(Some(name))?)?
            .with_body(body, "application/json");
        let route: Route = request.route.clone();
        match self.connection.object(request).await {
            Ok(answer) => accepted("cluster.update", &route, object, answer),
            Err(error) if resent_into_conflict(&error) => {
                own_attempt(object, error, self.get(segments, name).await)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads an object, changes it and writes it; again if somebody else was faster, five times at most.
    ///
    /// # Errors
    /// As [`ClusterProxy::get`] and [`ClusterProxy::update`]; `conflict` if somebody else was faster five times.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn update_with(
        &self,
        resource: Resource<'_>,
        name: &str,
        mut change: impl FnMut(&mut Object),
    ) -> Result<Kept<Object>> {
        let mut conflicts = Conflicts::default();
        loop {
            let mut object = self.get(resource, name).await?;
            change(&mut object);
            match self.update(resource, &object).await {
                Err(error) if conflicts.again(&error).await => {}
                done => return done,
            }
        }
    }

    /// Deletes an object. It may go on for a while, see [`ClusterProxy::wait_gone`].
    ///
    /// # Errors
    /// `not_found` if there is none; `invalid` if that is no name.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn delete(&self, resource: Resource<'_>, name: &str) -> Result<Deleted<Object>> {
        self.delete_with(resource, name, &DeleteOptions::default()).await
    }

    /// How an object is read again and again.
    pub(super) fn reader(
        &self,
        resource: Resource<'_>,
        name: &str,
    ) -> impl Fn() -> crate::transport::BoxFuture<'static, Result<Kept<Object>>> + Send + Sync + 'static {
        let cluster = self.clone();
        let owned =
            [resource.group, resource.version, resource.plural, resource.namespace, name].map(str::to_owned);
        move || {
            let (cluster, owned) = (cluster.clone(), owned.clone());
            Box::pin(async move {
                let [group, version, plural, namespace, name] = &owned;
                cluster.get(Resource { group, version, plural, namespace }, name).await
            })
        }
    }

    /// Waits until an object is as it shall be.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use rancher_client::proxy::Resource;
    /// use rancher_client::wait::{Until, WaitOptions};
    ///
    /// let deployments = Resource::of("apps", "v1", "deployments").within("shop-web");
    /// let web = cluster.wait(deployments, "web", Until::condition("Available"), WaitOptions::default()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// See [`wait`](crate::wait).
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn wait(
        &self,
        resource: Resource<'_>,
        name: &str,
        until: Until,
        options: WaitOptions,
    ) -> Wait<Object> {
        let what = format!("{} {name}", resource.plural);
        Wait::new("cluster.wait", what, until, options, self.reader(resource, name))
    }

    /// Waits until an object is gone, such as one that was deleted and waits for its finalizers. An object that came
    /// later under the same name is another.
    ///
    /// # Errors
    /// See [`wait`](crate::wait). A refusal is no proof that the object is gone.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub fn wait_gone(&self, resource: Resource<'_>, name: &str, options: WaitOptions) -> WaitGone<Object> {
        WaitGone::new("cluster.wait_gone", resource.plural, name, options, self.reader(resource, name))
    }
}

/// The name of an object that is written back.
pub(super) fn name_of(object: &Object) -> Result<&str> {
    object
        .name()
        .ok_or_else(|| Error::invalid("nothing was sent: the object has no metadata.name", "read it first"))
}
