//! The resources of one type.

use bytes::Bytes;
use http::Method;
use rancher_types::ResourceType;
use rancher_types::info::{Api, FieldType, Method as Takes, TypeInfo};
use serde_json::{Map, Value};
use std::fmt;
use std::marker::PhantomData;

use super::course::Markers;
use super::query::{Query, place_of};
use super::{V3Object, check, id};
use crate::error::{Error, ErrorKind, Result};
use crate::paging::{Item, List};
use crate::scope::Route;
use crate::transport::{Conflicts, Connection, Request};
use crate::wire::{ClusterId, Document, Kept, Object, ProjectId, redact, taken};

/// The resources of one type, as structs or as plain JSON ([`Object`]).
///
/// What is sent is checked first against what the server states of the type: unknown filters, missing or read-only
/// fields, wrong options, ids that are none. See [`Resource::unchecked`].
pub struct Resource<T> {
    pub(super) connection: Connection,
    pub(super) info: Option<&'static TypeInfo>,
    pub(super) collection: String,
    pub(super) cluster: Option<ClusterId>,
    pub(super) project: Option<ProjectId>,
    pub(super) checked: bool,
    object: PhantomData<fn() -> T>,
}

impl<T> Clone for Resource<T> {
    fn clone(&self) -> Self {
        Self {
            connection: self.connection.clone(),
            collection: self.collection.clone(),
            cluster: self.cluster.clone(),
            project: self.project.clone(),
            object: PhantomData,
            ..*self
        }
    }
}

impl<T> fmt::Debug for Resource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Resource({})", self.collection)
    }
}

/// What became of an object that was deleted.
#[derive(Clone)]
#[non_exhaustive]
pub enum Deleted<T> {
    /// It is gone.
    Gone,
    /// It goes as soon as its finalizers ran; this is its last state. See [`Resource::wait_gone`].
    Going(Kept<T>),
}

impl<T> fmt::Debug for Deleted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_gone() { "Gone" } else { "Going(…)" })
    }
}

impl<T> Deleted<T> {
    /// Whether it is gone already.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Gone)
    }
}

impl<T: Document + Send> Item for Kept<T> {
    fn from_json(json: Bytes) -> Result<Self> {
        Ok(Kept::read(json)?)
    }
}

impl<T: ResourceType> Resource<T> {
    pub(super) fn typed(
        connection: Connection,
        cluster: Option<ClusterId>,
        project: Option<ProjectId>,
    ) -> Self {
        let info = T::INFO;
        // a type without a collection of its own is read and written under its plural (recorded: collections,
        // `/v3/keyCloakOIDCConfigs/keycloakoidc`)
        let collection = info.collection.unwrap_or(info.plural).to_owned();
        Self {
            connection,
            info: Some(info),
            collection,
            cluster,
            project,
            checked: true,
            object: PhantomData,
        }
    }
}

impl Resource<Object> {
    pub(super) fn plain(
        connection: Connection,
        name: &str,
        apis: &[Api],
        cluster: Option<ClusterId>,
        project: Option<ProjectId>,
    ) -> Result<Self> {
        let info = apis.iter().find_map(|api| rancher_types::by_collection(*api, name));
        if info.is_none() {
            if let Some(info) = apis.iter().find_map(|api| rancher_types::by_id(*api, name)) {
                return Err(Error::invalid(
                    format!("{name:?} is a type, not a collection"),
                    format!("the collection is {}", info.collection.unwrap_or(info.plural)),
                ));
            }
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(Error::invalid(
                    format!(
                        "{:?} is no collection's name",
                        redact(name).chars().take(60).collect::<String>()
                    ),
                    "a collection is a plural such as projects, without slashes",
                ));
            }
        }
        let collection = info.and_then(|info| info.collection).unwrap_or(name).to_owned();
        Ok(Self { connection, info, collection, cluster, project, checked: true, object: PhantomData })
    }
}

impl<T: V3Object> Resource<T> {
    /// The same without the checks against what the recorded server states: for servers that take more than it.
    /// Ids are still checked, and whether the server took what it was sent.
    #[must_use]
    pub fn unchecked(&self) -> Self {
        Self { checked: false, ..self.clone() }
    }

    /// What the server states of the type; nothing for a collection that it did not have when it was recorded.
    pub fn info(&self) -> Option<&'static TypeInfo> {
        self.info
    }

    pub(super) fn checks(&self) -> Option<&'static TypeInfo> {
        self.info.filter(|_| self.checked)
    }

    /// The path of the collection, or of an object in it.
    pub(super) fn route(&self, id: Option<&str>) -> Result<Route> {
        // a type of Rancher's own has one path for each of its objects, whatever it belongs to
        let own = self.info.is_none_or(|info| info.api == Api::Management);
        let (cluster, project) =
            if own { (None, None) } else { (self.cluster.as_ref(), self.project.as_ref()) };
        let (mut path, _) = place_of(self.info, &self.collection, cluster, project)?;
        let Some(id) = id else { return Ok(Route::from_segments(path)?) };
        id::check_id(self.info, &self.collection, id)?;
        if id.contains('/') {
            // ids of principals only: their slashes are encoded (recorded: oidc, `/v3/principals/keycloakoidc_user…`)
            return Ok(Route::from_segments(path)?.with_last_segment(id));
        }
        path.push(id.to_owned());
        Ok(Route::from_segments(path)?)
    }

    pub(super) fn can(&self, methods: &'static [Takes], takes: Takes, verb: &str) -> Result<()> {
        if self.checked && self.info.is_some() && !methods.contains(&takes) {
            return Err(Error::new(
                ErrorKind::Unsupported,
                format!("nothing was sent: {} cannot be {verb} by the v3 API", self.collection),
                "the server states no such method for them",
            ));
        }
        Ok(())
    }

    /// The objects that the user may see: those of the query, all pages, each object once.
    ///
    /// No rights at all are an empty list, not an error (recorded: matrix).
    ///
    /// # Errors
    /// As items of the stream: `invalid` before anything is sent, if the query asks for what the server does not know;
    /// `unsupported` if its answer does not confirm a filter; `decode` if pages lead in a circle; those of every
    /// request.
    ///
    /// # Scope
    /// A key without a scope; with [`Query::in_cluster`], for `projects`, cluster role bindings, registration tokens
    /// and everything of the cluster API, also a key scoped to that cluster.
    pub fn list(&self, query: Query) -> List<Kept<T>> {
        let cluster = query.cluster.as_ref().or(self.cluster.as_ref());
        let project = query.project.as_ref().or(self.project.as_ref());
        // what the query names replaces what the resource was narrowed to
        let (cluster, project) = match (&query.cluster, &query.project) {
            (Some(_), None) => (cluster, None),
            (None, Some(_)) => (None, project),
            _ => (cluster, project),
        };
        let place = place_of(self.info, &self.collection, cluster, project)
            .and_then(|(path, conditions)| Ok((Route::from_segments(path)?, conditions)))
            .and_then(|place| {
                let methods = self.info.map_or(&[][..], |info| info.collection_methods);
                self.can(methods, Takes::Get, "listed").map(|()| place)
            });
        let server = self.connection.config().server.clone();
        List::new(self.connection.clone(), Markers::new("v3.list", server, self.checks(), query, place))
    }

    /// One object.
    ///
    /// # Errors
    /// `not_found` if there is none, `forbidden` if the user may not see it; `invalid` if that is no id.
    ///
    /// # Scope
    /// A key without a scope; for `clusters` and everything of the cluster API, also a key scoped to that cluster.
    pub async fn get(&self, id: &str) -> Result<Kept<T>> {
        self.connection.object(Request::new("v3.get", Method::GET, self.route(Some(id))?)).await
    }

    /// Fills in where an object belongs, if the resource was narrowed to a cluster or a project.
    fn narrow(&self, object: &mut Map<String, Value>) -> Result<()> {
        let cluster = self.cluster.as_ref().map(|id| ("clusterId", id.to_string()));
        let project = self.project.as_ref().map(|id| ("projectId", id.to_string()));
        for (name, id) in cluster.into_iter().chain(project) {
            if self.info.and_then(|info| info.field(name)).is_none_or(|field| !field.create) {
                continue;
            }
            match object.get(name).and_then(Value::as_str) {
                None | Some("") => {
                    object.insert(name.to_owned(), Value::String(id));
                }
                Some(own) if own != id => {
                    return Err(Error::invalid(
                        format!("nothing was sent: the object belongs to {own}, and the resource was narrowed to {id}"),
                        "give one of both",
                    )
                    .with_field(name));
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Creates an object and returns it as the server made it.
    ///
    /// It is not sent twice: after a `timeout` or a broken connection it may or may not exist. What the server took
    /// otherwise than it was sent, [`Kept::altered`] says: a `ttl` beyond the maximum is cut down in silence.
    ///
    /// # Errors
    /// `invalid` with the field that is wrong, before or after sending; `already_exists`.
    ///
    /// # Scope
    /// A key without a scope; for what belongs to the cluster API, also a key scoped to that cluster.
    pub async fn create(&self, object: &T) -> Result<Kept<T>> {
        let methods = self.info.map_or(&[][..], |info| info.collection_methods);
        self.can(methods, Takes::Post, "created")?;
        let mut sent = fields_of(object)?;
        self.narrow(&mut sent)?;
        if let Some(info) = self.checks() {
            check::creation(info, &mut sent)?;
        }
        let request = Request::new("v3.create", Method::POST, self.route(None)?).with_json(&sent)?;
        let created: Kept<T> = self.connection.object(request).await?;
        let outcome = taken::outcome(&Value::Object(sent), &Value::Null, &created.json()?, &self.unseen());
        Ok(created.with_altered(outcome.otherwise()))
    }

    /// Writes what was changed of an object since it was read, and returns it as it is now. If nothing was changed,
    /// nothing is sent.
    ///
    /// Only the fields that changed are sent; lists, maps and what the type does not state, whole. v3 knows no conflicts: what somebody else wrote to the same field
    /// meanwhile is lost, see [`V3`](super::V3).
    ///
    /// # Errors
    /// `invalid` with the field, before anything is sent, if one cannot be changed or is wrong; `unsupported` if the
    /// server accepted the change and ignored it; `partly_done` if it ignored a part of it. Labels and annotations of
    /// Rancher's own that it keeps are no error: see [`Kept::altered`].
    ///
    /// # Scope
    /// As [`Resource::get`].
    pub async fn update(&self, object: &Kept<T>) -> Result<Kept<T>> {
        let methods = self.info.map_or(&[][..], |info| info.resource_methods);
        self.can(methods, Takes::Put, "updated")?;
        let id = self.id_of(object)?.to_owned();
        let before = object.json()?;
        self.is_ours(&before)?;
        let Some(body) = object.update(self.info)? else { return Ok(object.clone()) };
        let mut changes: Map<String, Value> = read(&body)?;
        if let Some(info) = self.checks() {
            check::update(info, &changes, &fields_of(&**object)?)?;
        }
        let fields = changes.len();
        // Rancher refuses to update a cluster that does not say its name
        if self.info.is_some_and(|info| info.id == "cluster")
            && let Some(name) = before.get("name")
        {
            changes.entry("name").or_insert_with(|| name.clone());
        }
        let mut request = Request::new("v3.update", Method::PUT, self.route(Some(&id))?);
        request = match changes.len() == fields {
            // as it was put together: numbers keep their spelling
            true => request.with_body(body, "application/json"),
            false => request.with_json(&changes)?,
        };
        let updated: Kept<T> = self.connection.object(request).await?;
        // a map that was sent whole no longer says what was taken out of it
        let sent = object.change_alone()?.unwrap_or_default();
        let judge = |answer: &Kept<T>| -> Result<taken::Outcome> {
            Ok(taken::outcome(&sent, &before, &answer.json()?, &self.unseen()))
        };
        let mut outcome = judge(&updated)?;
        if outcome.ignored.is_empty() {
            return Ok(updated.with_altered(outcome.altered));
        }
        // the answer may be older than what is stored now
        let mut because = None;
        match self.get(&id).await {
            Ok(again) => {
                outcome = judge(&again)?;
                if outcome.ignored.is_empty() {
                    return Ok(again.with_altered(outcome.altered));
                }
            }
            Err(error) => {
                because = Some(format!(
                    "this is what the answer to the PUT shows: the object could not be read again ({}: {})",
                    error.kind(),
                    error.summary()
                ));
            }
        }
        let in_part = !outcome.taken.is_empty() || !outcome.altered.is_empty();
        let advice = "this server does not change it this way: an action may, or deleting and creating";
        Err(Error::change_ignored(&outcome.ignored, in_part, advice)
            .with_because(because)
            .with_operation("v3.update")
            .with_request(&Method::PUT, &self.route(Some(&id))?))
    }

    /// Reads an object, changes it and writes the change; reads and changes again if somebody else was faster.
    ///
    /// v3 itself tells of a conflict only when its own attempts failed. Two callers who change different fields do
    /// not lose each other's change; of two who change the same field, the later wins.
    ///
    /// # Errors
    /// As [`Resource::get`] and [`Resource::update`]; `conflict` if somebody else was faster five times.
    ///
    /// # Scope
    /// As [`Resource::get`].
    pub async fn update_with(&self, id: &str, mut change: impl FnMut(&mut T)) -> Result<Kept<T>> {
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

    /// Deletes an object.
    ///
    /// # Errors
    /// `not_found` if there is none; `invalid` if that is no id.
    ///
    /// # Scope
    /// As [`Resource::get`].
    pub async fn delete(&self, id: &str) -> Result<Deleted<T>> {
        let methods = self.info.map_or(&[][..], |info| info.resource_methods);
        self.can(methods, Takes::Delete, "deleted")?;
        let request = Request::new("v3.delete", Method::DELETE, self.route(Some(id))?);
        let route = request.route.clone();
        let body = self.connection.bytes_by_road(request).await?;
        if body.is_empty() {
            return Ok(Deleted::Gone);
        }
        let last = Kept::read(body).map_err(|error| {
            Error::from(error).with_operation("v3.delete").with_request(&Method::DELETE, &route)
        })?;
        Ok(Deleted::Going(last))
    }

    /// Plain JSON can be an object of another collection, whose id may mean another object here.
    fn is_ours(&self, object: &Value) -> Result<()> {
        let Some(info) = self.info else { return Ok(()) };
        // of some collections the objects have types of their own, which say what they are one of
        let said = ["type", "baseType"].map(|name| object.get(name).and_then(Value::as_str));
        match said.iter().flatten().next() {
            Some(other) if !said.contains(&Some(info.id)) => Err(Error::invalid(
                format!(
                    "nothing was sent: the object is of the type {other}, and these are {}",
                    self.collection
                ),
                "write it where it was read",
            )),
            _ => Ok(()),
        }
    }

    pub(super) fn id_of<'a>(&self, object: &'a T) -> Result<&'a str> {
        object.object_id().ok_or_else(|| {
            Error::invalid(
                format!("the object has no id: it was not read from {}", self.collection),
                "read it first, with get, find or list",
            )
        })
    }

    /// Which fields the server never sends back, at the end of a path of names.
    fn unseen(&self) -> impl Fn(&[&str]) -> bool + use<T> {
        let info = self.info;
        move |path: &[&str]| info.is_some_and(|info| is_unseen(info, path))
    }
}

pub(super) fn is_unseen(mut info: &TypeInfo, path: &[&str]) -> bool {
    let mut names = path.iter();
    while let Some(name) = names.next() {
        let Some(field) = info.field(name) else { return false };
        if field.write_only {
            return true;
        }
        let mut ty = &field.ty;
        loop {
            ty = match ty {
                FieldType::Array(inner) => inner,
                // of a map, the next name is any
                FieldType::Map(inner) if names.next().is_some() => inner,
                FieldType::Password => return true,
                FieldType::Struct(part) => {
                    info = part;
                    break;
                }
                _ => return false,
            };
        }
    }
    false
}

pub(super) fn fields_of(object: &impl Document) -> Result<Map<String, Value>> {
    match object.encode()? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::invalid("the object is no JSON object", "")),
    }
}

fn read(body: &[u8]) -> Result<Map<String, Value>> {
    Ok(Object::decode(body)?.into_fields())
}
