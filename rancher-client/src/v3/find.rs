//! Objects by what people call them.

use rancher_types::Condition;
use rancher_types::Field;
use rancher_types::info::Modifier;
use serde_json::Value;
use std::fmt;

use super::query::{Query, invalid};
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
    /// Names need not be unique: projects of one cluster can have the same. Where more than one object fits, that is
    /// an error which names their ids, never a choice.
    ///
    /// # Errors
    /// `not_found` if none fits that the user may see; `invalid` if more than one does.
    ///
    /// # Scope
    /// A key without a scope; by id, as [`Resource::get`]. A key scoped to a cluster finds the projects of it by name
    /// after `v3.in_cluster(&id)`.
    pub async fn find(&self, name_or_id: &str) -> Result<Kept<T>> {
        // what is no id would be asked for as a name, and stand in a URL
        id::check_no_credential(name_or_id)?;
        if name_or_id.is_empty() {
            return Err(
                invalid("neither an id nor a name was given: it is empty", "").with_operation("v3.find")
            );
        }
        let mut found: Vec<Kept<T>> = Vec::new();
        let mut hidden: Option<Error> = None;
        let is_id = id::check_id(self.info, &self.collection, name_or_id).is_ok();
        if is_id {
            match self.get(name_or_id).await {
                Ok(object) => found.push(object),
                Err(error) if may_be_a_name(&error) => hidden = Some(error),
                Err(error) => return Err(error),
            }
        }
        let by_name = self.info.is_none_or(|info| info.filter("name").is_some());
        if by_name {
            let named = self.list(Query::all().with(Condition::new("name", Modifier::Eq, [name_or_id])));
            match named.collect().await {
                Ok(named) => found.extend(named),
                // an id that was found is what was asked for, whoever has it as a name
                Err(_) if !found.is_empty() => {}
                Err(error) => return Err(error),
            }
        } else if let (Some(error), true) = (hidden, found.is_empty()) {
            return Err(error);
        }
        found.sort_by(|a, b| a.object_id().cmp(&b.object_id()));
        found.dedup_by(|a, b| a.object_id() == b.object_id());
        self.only(found, &format!("{name_or_id:?}"))
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
        let fields = fields_of(object)?;
        let mut query = Query::all();
        if by.is_empty() {
            return Err(invalid(
                "no field was given to search by",
                "give those that tell the object from others",
            ));
        }
        for field in by {
            let value = match fields.get(field.name()) {
                Some(Value::String(text)) if !text.is_empty() => text.clone(),
                Some(Value::Bool(value)) => value.to_string(),
                Some(Value::Number(number)) => number.to_string(),
                _ => {
                    return Err(invalid(
                        format!("the object has no {} to search by", field.name()),
                        "set it, or search by other fields",
                    )
                    .with_field(field.name()));
                }
            };
            query = query.with(field.eq(value));
        }
        let found = self.list(query).collect().await?;
        if found.is_empty() {
            return self.create(object).await.map(Ensured::Created);
        }
        let names: Vec<&str> = by.iter().map(|field| field.name()).collect();
        self.only(found, &format!("the same {}", names.join(", "))).map(Ensured::Found)
    }

    fn only(&self, mut found: Vec<Kept<T>>, what: &str) -> Result<Kept<T>> {
        match (found.pop(), found.len()) {
            (Some(object), 0) => Ok(object),
            (None, _) => Err(Error::new(
                ErrorKind::NotFound,
                format!("none of the {} that the user may see has the id or name {what}", self.collection),
                "names are compared exactly; what the user has no right to see is not there for it",
            )
            .with_operation("v3.find")),
            (Some(last), _) => {
                found.push(last);
                let ids: Vec<&str> = found.iter().filter_map(|object| object.object_id()).take(5).collect();
                let more = if found.len() > ids.len() { ", …" } else { "" };
                Err(invalid(
                    format!("{} {} have {what}: {}{more}", found.len(), self.collection, ids.join(", ")),
                    "give the id, or narrow it down: client.v3().in_cluster(&id)",
                )
                .with_operation("v3.find"))
            }
        }
    }
}

/// Whether a text that could be an id may still be a name, although no object was read by it.
fn may_be_a_name(error: &Error) -> bool {
    // recorded: matrix, an id that does not exist is refused to a user without rights to all of them
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::OutOfScope | ErrorKind::Undetermined
    )
}
