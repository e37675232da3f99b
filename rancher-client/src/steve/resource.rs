//! The resources of one type.

use http::Method;
use serde_json::Value;

use super::course::Numbers;
use super::{Steve, SteveQuery, field};
use crate::error::{Error, ErrorKind, Result};
use crate::kubernetes::{
    accepted, check_label, check_name, created, deleted, own_attempt, resent_into_conflict, update_of,
};
use crate::paging::List;
use crate::scope::Route;
use crate::transport::{BoxFuture, Conflicts, Request};
use crate::v3::{Deleted, only};
use crate::wait::{Until, Wait, WaitGone, WaitOptions};
use crate::wire::{Kept, Object, redact};

/// Fields of Kubernetes that have the name of a field of Steve's come and go as `_type` (steve, `toapi.go`; recorded
/// for Secret and Event).
const WITH_OWN_TYPE: [(&str, &str); 4] =
    [("secret", "secret"), ("secrets", "secret"), ("event", "event"), ("events", "event")];

/// The resources of one type in Steve.
///
/// An id is `namespace/name`, or `name` of what belongs to no namespace.
///
/// ```no_run
/// # async fn run(client: rancher_client::Client) -> rancher_client::Result<()> {
/// use rancher_client::wait::{Until, WaitOptions};
///
/// let deployments = client.cluster("c-prod1")?.steve().resource("apps.deployments")?;
/// let web = deployments.find("web").await?; // an error if two namespaces have one
/// if let Some(id) = web.id() {
///     deployments.wait(id, Until::state("active"), WaitOptions::default()).await?;
/// }
/// let as_kubernetes_has_it = deployments.link(&web, "view").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Resource {
    pub(super) steve: Steve,
    pub(super) name: String,
}

impl Resource {
    pub(super) fn new(steve: Steve, name: &str) -> Result<Self> {
        let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
        let whole = name.split('.').all(|part| !part.is_empty());
        if name.is_empty() || name.len() > 253 || !whole || !name.chars().all(good) {
            let shown: String = redact(name).chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(Error::invalid(
                format!("{shown:?} is no type of Steve"),
                "a type is a group and a kind in lower case, management.cattle.io.cluster, or a plural, configmaps",
            ));
        }
        Ok(Self { steve, name: name.to_owned() })
    }

    /// The path of the objects of a namespace, or of all.
    pub(super) fn collection(&self, namespace: Option<&str>) -> Result<Route> {
        let mut segments = vec![self.name.as_str()];
        if let Some(namespace) = namespace {
            check_label("namespace", namespace)?;
            segments.push(namespace);
        }
        self.steve.route(&segments)
    }

    /// The path of an object.
    pub(super) fn object_at(&self, id: &str) -> Result<Route> {
        let (namespace, name) = match id.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, id),
        };
        let mut segments = vec![self.name.as_str()];
        if let Some(namespace) = namespace {
            check_label("namespace", namespace)?;
            segments.push(namespace);
        }
        check_name(None, &self.name, name)?;
        segments.push(name);
        self.steve.route(&segments)
    }

    pub(super) async fn object(&self, request: Request) -> Result<Kept<Object>> {
        let (operation, method, route) =
            (request.operation.clone(), request.method.clone(), request.route.clone());
        let object: Kept<Object> = self.steve.connection.object(request).await?;
        // what follows the type of namespaced objects is a namespace, and the answer its objects
        if object.type_id() == Some("collection") && object.get("data").is_some() {
            return Err(Error::invalid(
                format!("{} belong to namespaces, and the id names none", self.name),
                "an id is namespace/name; to look an object up by its name, use find",
            )
            .with_operation(operation)
            .with_request(&method, &route));
        }
        Ok(object)
    }

    /// The objects that the user may see: those of the query, all pages, each object once.
    ///
    /// Steve's pages are counted from the start of the list, which may change meanwhile. Every object that lived from
    /// the first request to the last comes exactly once: the walk begins anew when the list changed, and ends only
    /// when all pages were of one revision. Objects that were deleted meanwhile may be among them, and so may new
    /// ones. For types without a revision, a change that leaves their number as it was is not noticed.
    ///
    /// # Errors
    /// As items of the stream: `invalid` before anything is sent, if the query is nonsense, and after, if Steve cannot
    /// filter by a field; `conflict`, to be tried again, if the list changes faster than it can be read; `decode` if
    /// pages repeat themselves or do not add up; those of every request.
    ///
    /// # Scope
    /// See [`Steve`].
    pub fn list(&self, query: SteveQuery) -> List<Kept<Object>> {
        let connection = &self.steve.connection;
        let place = self.collection(query.namespace.as_deref());
        let most_bytes = connection.config().limits.body;
        let partial = query.is_partial();
        let list = List::new(connection.clone(), Numbers::new(place, query, most_bytes));
        if partial { list.marked(Kept::into_partial) } else { list }
    }

    /// One object.
    ///
    /// # Errors
    /// `not_found` if there is none, or no such type (Steve's answer to that is empty); `forbidden`; `invalid` if that
    /// is no id, or one without the namespace that it needs.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn get(&self, id: &str) -> Result<Kept<Object>> {
        self.object(Request::new("steve.get", Method::GET, self.object_at(id)?)).await
    }

    /// Where an object is, for a request that is put together elsewhere.
    pub(crate) fn place(&self, id: &str) -> Result<Route> {
        self.object_at(id)
    }

    /// One object, read with more in its query, for an operation that has another name.
    pub(crate) async fn get_with(
        &self,
        operation: &'static str,
        id: &str,
        query: &[(&str, &str)],
    ) -> Result<Kept<Object>> {
        let route =
            query.iter().fold(self.object_at(id)?, |route, (name, value)| route.with_query(name, value));
        self.object(Request::new(operation, Method::GET, route)).await
    }

    /// The object with this id or this name.
    ///
    /// Objects of several namespaces can have the same name. Where more than one fits, that is an error which names
    /// their ids, never a choice.
    ///
    /// # Errors
    /// `not_found` if none fits that the user may see; `invalid` if more than one does.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn find(&self, name_or_id: &str) -> Result<Kept<Object>> {
        match self.get(name_or_id).await {
            Ok(object) => return Ok(object),
            // an id with a namespace is no name
            Err(error) if name_or_id.contains('/') => return Err(error),
            Err(error) if error.request().is_none() => return Err(error),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Invalid
                ) => {}
            Err(error) => return Err(error),
        }
        let query = SteveQuery { filter: vec![field("metadata.name").eq(name_or_id)], ..Default::default() };
        let mut found = self.list(query).collect().await?;
        // older Steve takes the filter for a part of the name
        found.retain(|object| object.name() == Some(name_or_id));
        only("steve.find", found, &self.name, &format!("{name_or_id:?}"), "give the id, namespace/name")
    }

    /// Creates an object and returns it as the server made it. It is not sent twice.
    ///
    /// The `type` of a Secret or an Event, which has the name of a field of Steve's, goes as `_type`: an object as
    /// Kubernetes has it can be given. What the server took otherwise than it was sent, [`Kept::altered`] says.
    ///
    /// # Errors
    /// `already_exists`; `invalid`; `forbidden`, also for types that Rancher lets nobody write this way.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn create(&self, object: &Object) -> Result<Kept<Object>> {
        let mut sent = object.clone();
        if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str) {
            check_name(None, &self.name, name).map_err(|error| error.with_field("metadata.name"))?;
        }
        if let Some(namespace) = object.namespace() {
            check_label("namespace", namespace).map_err(|error| error.with_field("metadata.namespace"))?;
        }
        if let Some((_, own)) = WITH_OWN_TYPE.iter().find(|(name, _)| *name == self.name)
            && object.get("_type").is_none()
            && object.type_id().is_some_and(|kind| kind != *own)
            && let Some(kind) = sent.remove("type")
        {
            sent.set("_type", kind);
        }
        let request = Request::new("steve.create", Method::POST, self.collection(None)?).with_json(&sent)?;
        created(&sent, self.object(request).await?)
    }

    /// Writes an object that was read and changed, and returns it as it is now. If nothing was changed, nothing is
    /// sent.
    ///
    /// The object goes back as it was read, with the change in it and with its `metadata.resourceVersion`. If
    /// somebody else wrote it since, the server refuses it, and nothing is lost: see [`Resource::update_with`].
    ///
    /// # Errors
    /// `conflict` if somebody else wrote it since; `unsupported` before anything is sent, if Rancher lets nobody write
    /// the type this way (its link says `blocked`), and after, if the server accepted the change and ignored it;
    /// `partly_done` if it ignored a part of it; `invalid` if the object has no resource version, or comes from a list
    /// that left out fields of it.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn update(&self, object: &Kept<Object>) -> Result<Kept<Object>> {
        let Some(body) = update_of(object)? else { return Ok(object.clone()) };
        if object.pointer("/links/update").and_then(Value::as_str) == Some(BLOCKED) {
            return Err(self.blocked("update"));
        }
        if object.changes()?.is_some_and(|changes| changes.paths().iter().any(|path| path == "type")) {
            return Err(Error::invalid(
                "nothing was sent: type is Steve's name of the type",
                "the type of a Secret is its field _type",
            )
            .with_field("type"));
        }
        let Some(id) = object.id() else {
            return Err(Error::invalid(
                "nothing was sent: the object has no id",
                "read it first, with get, find or list",
            ));
        };
        let route = self.object_at(id)?;
        let request =
            Request::new("steve.update", Method::PUT, route.clone()).with_body(body, "application/json");
        match self.object(request).await {
            Ok(answer) => accepted("steve.update", &route, object, answer),
            Err(error) if resent_into_conflict(&error) => own_attempt(object, error, self.get(id).await),
            Err(error) => Err(error),
        }
    }

    /// Reads an object, changes it and writes it; again if somebody else was faster, five times at most.
    ///
    /// # Errors
    /// As [`Resource::get`] and [`Resource::update`]; `conflict` if somebody else was faster five times.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn update_with(&self, id: &str, mut change: impl FnMut(&mut Object)) -> Result<Kept<Object>> {
        let mut conflicts = Conflicts::default();
        loop {
            let mut object = self.get(id).await?;
            change(&mut object);
            match self.update(&object).await {
                Err(error) if conflicts.again(&error).await => {}
                done => return done,
            }
        }
    }

    /// Deletes an object. It may go on for a while, see [`Resource::wait_gone`].
    ///
    /// # Errors
    /// `not_found` if there is none; `invalid` if that is no id.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn delete(&self, id: &str) -> Result<Deleted<Object>> {
        let route = self.object_at(id)?;
        let request = Request::new("steve.delete", Method::DELETE, route.clone());
        deleted("steve.delete", &route, self.steve.connection.bytes_by_road(request).await?)
    }

    /// Where a link of an object leads, by the road that this API was asked by. To be sent with
    /// [`Client::request`](crate::Client::request) where the answer is no JSON.
    ///
    /// # Errors
    /// `invalid` if the object has no such link; `unsupported` if it is blocked or leads to a socket.
    pub fn link_of(&self, object: &Object, name: &str) -> Result<Route> {
        let links = object.get("links").and_then(Value::as_object);
        let Some(link) = links.and_then(|links| links.get(name)).and_then(Value::as_str) else {
            let names: Vec<&str> = links.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
            return Err(Error::invalid(
                format!("the object has no link {name:?}"),
                format!("it has {}", if names.is_empty() { "none".to_owned() } else { names.join(", ") }),
            ));
        };
        if link == BLOCKED {
            return Err(self.blocked(name));
        }
        if link.starts_with("wss:") || link.starts_with("ws:") {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("the link {name:?} leads to a socket"),
                "",
            ));
        }
        self.steve.rebase(link)
    }

    /// Follows a link of an object to another: `view` is the object as Kubernetes has it.
    ///
    /// # Errors
    /// As [`Resource::link_of`]; those of every request.
    ///
    /// # Scope
    /// See [`Steve`].
    pub async fn link(&self, object: &Object, name: &str) -> Result<Kept<Object>> {
        self.object(Request::new("steve.link", Method::GET, self.link_of(object, name)?)).await
    }

    fn blocked(&self, what: &str) -> Error {
        Error::new(
            ErrorKind::Unsupported,
            format!("nothing was sent: Rancher blocks {what} of {} through Steve", self.name),
            "write it through the v3 API",
        )
    }

    /// How an object is read again and again.
    fn reader(
        &self,
        id: &str,
    ) -> impl Fn() -> BoxFuture<'static, Result<Kept<Object>>> + Send + Sync + 'static + use<> {
        let (resource, id) = (self.clone(), id.to_owned());
        move || {
            let (resource, id) = (resource.clone(), id.clone());
            Box::pin(async move { resource.get(&id).await })
        }
    }

    /// Waits until an object is as it shall be.
    ///
    /// # Errors
    /// See [`wait`](crate::wait).
    ///
    /// # Scope
    /// See [`Steve`].
    pub fn wait(&self, id: &str, until: Until, options: WaitOptions) -> Wait<Object> {
        Wait::new("steve.wait", format!("{} {id}", self.name), until, options, self.reader(id))
    }

    /// Waits until an object is gone, such as one that was deleted and waits for its finalizers.
    ///
    /// # Errors
    /// See [`wait`](crate::wait). A refusal is no proof that the object is gone.
    ///
    /// # Scope
    /// See [`Steve`].
    pub fn wait_gone(&self, id: &str, options: WaitOptions) -> WaitGone<Object> {
        WaitGone::new("steve.wait_gone", &self.name, id, options, self.reader(id))
    }
}

/// What stands in the place of a link that nobody may follow (recorded: workflows, clusters; stock, features).
const BLOCKED: &str = "blocked";
