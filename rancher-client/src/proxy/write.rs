//! How objects are written: patches, server-side apply, dry runs, and deletions with conditions.

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::{Value, json};

use super::{ApplyOptions, ClusterProxy, DeleteOptions, Patch, Resource, WriteOptions};
use crate::error::{Error, Result};
use crate::kubernetes::{check_name, created, deleted};
use crate::scope::Route;
use crate::transport::Request;
use crate::v3::Deleted;
use crate::wire::{Kept, Object};

/// Kubernetes takes no longer name of a field manager.
const LONGEST_MANAGER: usize = 128;

pub(super) fn check_manager(manager: &str) -> Result<()> {
    let problem = match manager {
        _ if manager.chars().count() > LONGEST_MANAGER => "it is longer than 128 characters",
        _ if manager.chars().any(char::is_control) => "it holds control characters",
        _ => return Ok(()),
    };
    Err(Error::invalid(
        format!("that is no name of a field manager: {problem}"),
        "such a name says who writes: the name of a program or a pipeline, such as ci",
    ))
}

impl WriteOptions {
    /// Puts them onto a request that writes. What only tries can be sent twice.
    pub(super) fn put_on(&self, mut request: Request) -> Result<Request> {
        check_manager(&self.field_manager)?;
        if !self.field_manager.is_empty() {
            request.route = request.route.with_query("fieldManager", &self.field_manager);
        }
        if self.dry_run {
            request.route = request.route.with_query("dryRun", "All");
            request.idempotent = true;
        }
        Ok(request)
    }
}

impl ClusterProxy {
    /// The same cluster, whose writes name their field manager or only try.
    ///
    /// This holds for `create`, `update`, `update_with`, `patch`, `apply`, the deletions and the subresources. Of a dry
    /// run the server checks everything and answers as if it had done it, and keeps nothing.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy, map: rancher_client::wire::Object) -> rancher_client::Result<()> {
    /// use rancher_client::proxy::{Resource, WriteOptions};
    ///
    /// let tried = cluster.writing(WriteOptions { dry_run: true, ..Default::default() });
    /// tried.create(Resource::core("configmaps").within("shop-web"), &map).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn writing(&self, writes: WriteOptions) -> Self {
        Self { writes, ..self.clone() }
    }

    pub(super) fn write(
        &self,
        operation: &'static str,
        method: Method,
        segments: &[&str],
    ) -> Result<Request> {
        self.writes.put_on(self.request(operation, method, segments)?)
    }

    /// Changes a part of an object and returns it as it is now.
    ///
    /// A merge or strategic patch that names no `metadata.resourceVersion` overwrites what others wrote there
    /// meanwhile, and only there. It may be sent twice; a JSON patch is not.
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use rancher_client::proxy::{Patch, PatchStep, Resource};
    /// use serde_json::json;
    ///
    /// let web = Resource::of("apps", "v1", "deployments").within("shop-web");
    /// cluster.patch(web, "web", &Patch::Merge(json!({"metadata": {"labels": {"team": "shop"}}}))).await?;
    /// let steps = vec![PatchStep::test("/spec/replicas", 2), PatchStep::replace("/spec/replicas", 3)];
    /// cluster.patch(web, "web", &Patch::Json(steps)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `invalid` before anything is sent, if that is no such patch; `invalid` if the server does not take it, as it
    /// takes no strategic patch of a custom resource; `conflict` if the patch names a resource version that is not
    /// the present one; `not_found`.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn patch(&self, resource: Resource<'_>, name: &str, patch: &Patch) -> Result<Kept<Object>> {
        self.patch_at("cluster.patch", &resource.segments(Some(name))?, patch).await
    }

    /// Applies an object on the server: the fields that it names are `manager`'s from then on, what the same manager
    /// applied before and does not name any more goes, and all other fields stay as they are. If there is no such
    /// object, it is created.
    ///
    /// # Errors
    /// `conflict` if another manager owns a field that would change: [`Error::field`] is the first such field, and
    /// [`Error::because`] names each with its owner (recorded: kubernetes, `apply conflict`). `invalid` before anything
    /// is sent, if the object lacks `apiVersion`, `kind` or a name, or holds what only the server writes.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn apply(
        &self,
        resource: Resource<'_>,
        object: &Object,
        options: &ApplyOptions,
    ) -> Result<Kept<Object>> {
        let resource = resource.of_object(object)?;
        let name = check_applied(resource, object)?;
        if options.manager.is_empty() {
            return Err(Error::invalid(
                "nothing was sent: applying needs a field manager",
                "say who applies: the name of a program or a pipeline, such as ci",
            ));
        }
        let writes = WriteOptions {
            field_manager: options.manager.clone(),
            dry_run: options.dry_run || self.writes.dry_run,
        };
        let request = self.request("cluster.apply", Method::PATCH, &resource.segments(Some(name))?)?;
        let mut request = writes.put_on(request)?.with_json(object)?;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/apply-patch+yaml"));
        request.idempotent = writes.dry_run || object.resource_version().is_none();
        if options.force {
            request.route = request.route.with_query("force", "true");
        }
        created(object, self.connection.object(request).await?)
    }

    /// Sends a patch to an object or to what is below it.
    pub(super) async fn patch_at(
        &self,
        operation: &'static str,
        segments: &[&str],
        patch: &Patch,
    ) -> Result<Kept<Object>> {
        let mut request = self.write(operation, Method::PATCH, segments)?.with_json(&patch.body()?)?;
        request.headers.insert(CONTENT_TYPE, HeaderValue::from_static(patch.content_type()));
        request.idempotent |= patch.may_arrive_twice();
        self.connection.object(request).await
    }

    /// Deletes an object under conditions. It may go on for a while, see [`ClusterProxy::wait_gone`].
    ///
    /// ```no_run
    /// # async fn run(cluster: rancher_client::proxy::ClusterProxy) -> rancher_client::Result<()> {
    /// use rancher_client::proxy::{DeleteOptions, Propagation, Resource};
    ///
    /// let jobs = Resource::of("batch", "v1", "jobs").within("shop-web");
    /// let with_pods = DeleteOptions { propagation: Some(Propagation::Foreground), ..Default::default() };
    /// cluster.delete_with(jobs, "import", &with_pods).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// `not_found` if there is none; `conflict` if it is not the one that the conditions name; `invalid` if that is no
    /// name. Of a dry run, nothing is gone whatever the answer says.
    ///
    /// # Scope
    /// A key without a scope, or one scoped to this cluster.
    pub async fn delete_with(
        &self,
        resource: Resource<'_>,
        name: &str,
        options: &DeleteOptions,
    ) -> Result<Deleted<Object>> {
        let request = self.request("cluster.delete", Method::DELETE, &resource.segments(Some(name))?)?;
        let request = options.put_on(request, &self.writes)?;
        let route: Route = request.route.clone();
        deleted("cluster.delete", &route, self.connection.bytes_by_road(request).await?)
    }
}

/// The name of an object that can be applied.
fn check_applied<'o>(resource: Resource<'_>, object: &'o Object) -> Result<&'o str> {
    let missing = |field: &str| {
        Err(Error::invalid(
            format!("nothing was sent: the object has no {field}, which applying needs"),
            "give apiVersion, kind, metadata.name and the fields that shall be yours",
        )
        .with_field(field.to_owned()))
    };
    for field in ["apiVersion", "kind"] {
        if object.text(field).is_none_or(str::is_empty) {
            return missing(field);
        }
    }
    let named = object.pointer("/metadata/name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let Some(name) = named else { return missing("metadata.name") };
    check_name(Some(resource.group), resource.plural, name)
        .map_err(|error| error.with_field("metadata.name"))?;
    if object.text("apiVersion") != Some(resource.api_version().as_str()) {
        return Err(Error::invalid(
            format!("nothing was sent: the object is no {} of {}", resource.plural, resource.api_version()),
            "its apiVersion and the resource must be of the same group and version",
        )
        .with_field("apiVersion"));
    }
    if object.pointer("/metadata/managedFields").is_some_and(|fields| !fields.is_null()) {
        return Err(Error::invalid(
            "nothing was sent: the object was read from the server, and holds who manages its fields",
            "apply the fields that shall be yours and no others; to change what was read, use update",
        )
        .with_field("metadata.managedFields"));
    }
    Ok(name)
}

impl DeleteOptions {
    /// The options as Kubernetes writes them; nothing where there are none.
    pub(super) fn body(&self) -> Option<Value> {
        let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        let fields = options.as_object_mut()?;
        let plain = fields.len();
        if let Some(propagation) = self.propagation {
            fields.insert("propagationPolicy".to_owned(), propagation.as_str().into());
        }
        if let Some(grace) = self.grace {
            // a part of a second is not nothing: zero kills at once
            let seconds = grace.as_secs() + u64::from(grace.subsec_nanos() > 0);
            fields.insert("gracePeriodSeconds".to_owned(), seconds.into());
        }
        let conditions = [("uid", &self.uid), ("resourceVersion", &self.resource_version)];
        let conditions: serde_json::Map<String, Value> = conditions
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| (name.to_owned(), value.as_str().into()))
            .collect();
        if !conditions.is_empty() {
            fields.insert("preconditions".to_owned(), conditions.into());
        }
        (fields.len() > plain).then_some(options)
    }

    /// What a deletion takes of the options of all writes: it has no field manager.
    pub(super) fn writes(&self, of_all: &WriteOptions) -> WriteOptions {
        WriteOptions { dry_run: self.dry_run || of_all.dry_run, ..WriteOptions::default() }
    }

    fn put_on(&self, request: Request, of_all: &WriteOptions) -> Result<Request> {
        let writes = self.writes(of_all);
        let Some(mut body) = self.body() else { return writes.put_on(request) };
        // where there is a body, the server does not look at the query
        if let (true, Some(fields)) = (writes.dry_run, body.as_object_mut()) {
            fields.insert("dryRun".to_owned(), json!(["All"]));
        }
        request.with_json(&body)
    }
}
