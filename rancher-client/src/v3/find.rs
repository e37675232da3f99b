//! Objects by what people call them.

use rancher_types::Condition;
use rancher_types::Field;
use rancher_types::info::Modifier;
use serde_json::Value;
use std::fmt;

use super::query::Query;
use super::resource::fields_of;
use super::{Resource, V3Object, id};
use crate::error::{Error, ErrorKind, Result};
use crate::wire::Kept;

/// What [`Resource::ensure`] did.
#[derive(Clone)]
#[non_exhaustive]
pub enum Ensured<T> {
    /// The object was there. It is as it was found.
    Found(Kept<T>),
    /// The object was created.
    Created(Kept<T>),
}

impl<T> fmt::Debug for Ensured<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.created() { "Created(…)" } else { "Found(…)" })
    }
}

impl<T> Ensured<T> {
    /// The object.
    pub fn into_object(self) -> Kept<T> {
        match self {
            Self::Found(object) | Self::Created(object) => object,
        }
    }

    /// The object.
    pub fn object(&self) -> &Kept<T> {
        match self {
            Self::Found(object) | Self::Created(object) => object,
        }
    }

    /// Whether it was created.
    pub fn created(&self) -> bool {
        matches!(self, Self::Created(_))
    }
}

impl<T: V3Object> Resource<T> {
    /// The object with this id or this name.
    ///
    /// An id names one object. Names need not be unique: projects of one cluster can have the same. Where more than one
    /// has the name, that is an error which names their ids, never a choice.
    ///
    /// # Errors
    /// `not_found` if none fits that the user may see; `invalid` if more than one does; `forbidden` or `out_of_scope` if
    /// the user or the key may not ask for that id, and none was listed by that name.
    ///
    /// # Scope
    /// A key without a scope; by id, as [`Resource::get`]. A key scoped to a cluster finds the projects of it by name
    /// after `v3.in_cluster(&id)`.
    pub async fn find(&self, name_or_id: &str) -> Result<Kept<T>> {
        // what is no id would be asked for as a name, and stand in a URL
        id::check_no_credential(name_or_id)?;
        if name_or_id.is_empty() {
            return Err(Error::invalid("neither an id nor a name was given: it is empty", "")
                .with_operation("v3.find"));
        }
        let filter = |name: &str| self.info.is_none_or(|info| info.filter(name).is_some());
        let asked = |name: &str| {
            let condition = Condition::new(name, Modifier::Eq, [name_or_id]);
            self.list(Query::all().with(condition)).collect()
        };
        let mut hidden: Option<Error> = None;
        if id::check_id(self.info, &self.collection, name_or_id).is_ok() {
            match self.get(name_or_id).await {
                // an id names one object, whoever else has it as a name
                Ok(object) => return Ok(object),
                Err(error) if may_be_a_name(&error) => hidden = Some(error),
                Err(error) => return Err(error),
            }
        }
        let mut found = Vec::new();
        let mut looked = format!("none of the {} that were listed has it as a name", self.collection);
        // a key that cannot ask for one object may have a road to the list that holds it
        let out_of_scope = |error: &Error| error.kind() == ErrorKind::OutOfScope;
        if hidden.as_ref().is_some_and(out_of_scope) && filter("id") {
            found = asked("id").await?;
            // the list answered what the object could not be asked
            hidden = None;
        }
        if found.is_empty() && filter("name") {
            found = match (asked("name").await, &hidden) {
                (Ok(found), _) => found,
                // that this key cannot ask for names says less than what the server said of the id
                (Err(error), Some(refused))
                    if refused.kind() == ErrorKind::Forbidden
                        && matches!(error.kind(), ErrorKind::OutOfScope | ErrorKind::Undetermined) =>
                {
                    looked = format!(
                        "this key cannot list the {}, so none was looked for by its name",
                        self.collection
                    );
                    Vec::new()
                }
                (Err(error), _) => return Err(error),
            };
        }
        match hidden {
            // a refusal is not an absence
            Some(error) if found.is_empty() && error.kind() != ErrorKind::NotFound => {
                Err(error.with_because([looked]))
            }
            _ => only("v3.find", found, &self.collection, &format!("{name_or_id:?}"), NARROWER),
        }
    }

    /// The object that has the same values as `object` in these fields, or `object` created.
    ///
    /// Two callers who do this at the same time can both create one: v3 has no names that exclude it, and bindings
    /// can exist twice.
    ///
    /// # Errors
    /// `invalid` if the server cannot search by one of the fields, `object` has no value in it, or more than one
    /// object fits; those of [`Resource::list`] and [`Resource::create`].
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn ensure(&self, object: &T, by: &[Field]) -> Result<Ensured<T>> {
        let names: Vec<&str> = by.iter().map(|field| field.name()).collect();
        self.ensure_by_names(object, &names).await
    }

    /// As [`Resource::ensure`], by fields whose names are not known when the program is built.
    ///
    /// # Errors
    /// As [`Resource::ensure`].
    ///
    /// # Scope
    /// A key without a scope.
    pub async fn ensure_by_names(&self, object: &T, by: &[&str]) -> Result<Ensured<T>> {
        let fields = fields_of(object)?;
        let mut query = Query::all();
        if by.is_empty() {
            return Err(Error::invalid(
                "no field was given to search by",
                "give those that tell the object from others",
            ));
        }
        for field in by {
            let value = match fields.get(*field) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Bool(value)) => value.to_string(),
                Some(Value::Number(number)) => number.to_string(),
                _ => {
                    return Err(Error::invalid(
                        format!("the object has no {field} to search by"),
                        "set it, or search by other fields",
                    )
                    .with_field(*field));
                }
            };
            query = query.with(Condition::new(*field, Modifier::Eq, [value]));
        }
        let found = self.list(query).collect().await?;
        if found.is_empty() {
            return self.create(object).await.map(Ensured::Created);
        }
        let found =
            only("v3.find", found, &self.collection, &format!("the same {}", by.join(", ")), NARROWER)?;
        // recorded: workflows, a project with namespaces stays for a while, with `removed` set
        if fields_of(&*found)?
            .get("removed")
            .is_some_and(|removed| removed.as_str().is_some_and(|at| !at.is_empty()))
        {
            return Err(Error::new(
                ErrorKind::Conflict,
                format!("the one that is there is being deleted: {}", found.object_id().unwrap_or_default()),
                "wait until it is gone (wait_gone), then ensure again",
            )
            .with_retry(true, None)
            .with_operation("v3.ensure"));
        }
        Ok(Ensured::Found(found))
    }
}

/// What helps where more than one object fits.
const NARROWER: &str = "give the id, or narrow it down to a cluster or a project";

/// The only one of the objects that were found to have `what`: a name, or the same fields. `advice` is for more of them.
pub(crate) fn only<T: V3Object>(
    operation: &'static str,
    mut found: Vec<Kept<T>>,
    collection: &str,
    what: &str,
    advice: &str,
) -> Result<Kept<T>> {
    match (found.pop(), found.len()) {
        (Some(object), 0) => Ok(object),
        (None, _) => Err(Error::new(
            ErrorKind::NotFound,
            format!("none of the {collection} that the user may see has the id or name {what}"),
            "names are compared exactly; what the user has no right to see is not there for it",
        )),
        (Some(last), _) => {
            found.push(last);
            let ids: Vec<&str> = found.iter().filter_map(|object| object.object_id()).take(5).collect();
            let more = if found.len() > ids.len() { ", …" } else { "" };
            Err(Error::invalid(
                format!("{} {collection} have {what}: {}{more}", found.len(), ids.join(", ")),
                advice,
            ))
        }
    }
    .map_err(|error| error.with_operation(operation))
}

/// Whether a text that could be an id may still be a name, although no object was read by it.
fn may_be_a_name(error: &Error) -> bool {
    // recorded: matrix, an id that does not exist is refused to a user without rights to all of them
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::OutOfScope | ErrorKind::Undetermined
    )
}
