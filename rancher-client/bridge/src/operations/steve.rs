//! The Steve API, of Rancher itself or of a cluster.

use rancher_client::steve::{Resource, SteveQuery};
use rancher_client::wire::{Kept, Object};

use super::edits::Edits;
use super::lists::Lists;
use super::v3::deleted;
use super::waits::{self, Waits};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::filters;
use crate::input::{Input, Subject};
use crate::kept;
use crate::stream::Stream;

/// The resources that an operation is about.
pub(super) fn resource(input: &mut Input) -> Outcome<Resource> {
    let steve = match input.target_if("cluster")? {
        Some(cluster) => input.context.client.cluster(cluster)?.steve(),
        None => input.context.client.steve(),
    };
    Ok(steve.resource(&input.target("resource")?)?)
}

fn query(input: &mut Input) -> Outcome<SteveQuery> {
    let conditions = input.conditions_of_fields("where")?.unwrap_or_default();
    Ok(SteveQuery {
        namespace: input.text_if("namespace")?,
        filter: filters::of_steve(&conditions).map_err(|wrong| input.wrong("where", wrong))?,
        sort: input.texts("sort")?.unwrap_or_default(),
        projects_or_namespaces: input.texts("projects_or_namespaces")?.unwrap_or_default(),
        not_projects_or_namespaces: input.texts("not_projects_or_namespaces")?.unwrap_or_default(),
        include: input.texts("include")?.unwrap_or_default(),
        exclude: input.texts("exclude")?.unwrap_or_default(),
        exclude_values: input.texts("exclude_values")?.unwrap_or_default(),
        revision: input.whole("revision")?,
        pagesize: input.page_size()?,
    })
}

/// What a watch takes of a query.
pub(super) fn watched(input: &mut Input) -> Outcome<SteveQuery> {
    let namespace = input.text_if("namespace")?;
    Ok(SteveQuery { namespace, pagesize: input.page_size()?, ..SteveQuery::default() })
}

fn is_partial(query: &SteveQuery) -> bool {
    !(query.include.is_empty() && query.exclude.is_empty() && query.exclude_values.is_empty())
}

pub(super) fn list(mut input: Input) -> Outcome<Stream> {
    let (resource, query, fields) = (resource(&mut input)?, query(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(match is_partial(&query) {
        true => Lists::partial(resource.list(query), fields),
        false => Lists::stream(resource.list(query), fields),
    })
}

pub(super) async fn total(mut input: Input) -> Outcome<Answer> {
    let (resource, query) = (resource(&mut input)?, query(&mut input)?);
    input.done()?;
    Ok(Answer::value(resource.list(query).total().await?))
}

pub(super) async fn first(mut input: Input) -> Outcome<Answer> {
    let (resource, query) = (resource(&mut input)?, query(&mut input)?);
    input.done()?;
    let partial = is_partial(&query);
    let first = resource.list(query).first().await?;
    Ok(match first {
        Some(object) if partial => Answer::page([kept::noted_partial(object.raw())]),
        first => Answer::maybe(first.as_ref()),
    })
}

pub(super) async fn get(mut input: Input) -> Outcome<Answer> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    input.done()?;
    Ok(Answer::object(&resource.get(&id).await?))
}

pub(super) async fn find(mut input: Input) -> Outcome<Answer> {
    let (resource, name_or_id) = (resource(&mut input)?, input.text("name_or_id")?);
    input.done()?;
    Ok(Answer::object(&resource.find(&name_or_id).await?))
}

pub(super) async fn create(mut input: Input) -> Outcome<Answer> {
    let (resource, object) = (resource(&mut input)?, input.data("object")?);
    input.done()?;
    Ok(Answer::written(&resource.create(&object).await?))
}

pub(super) async fn update(mut input: Input) -> Outcome<Answer> {
    let (resource, object) = (resource(&mut input)?, input.changed()?);
    input.done()?;
    Ok(Answer::written(&resource.update(&object).await?))
}

pub(super) fn update_with(mut input: Input) -> Outcome<Stream> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    input.done()?;
    let written = resource.clone();
    Ok(Edits::stream(
        input.context.naming,
        move || {
            let (resource, id) = (resource.clone(), id.clone());
            Box::pin(async move { resource.get(&id).await })
        },
        move |object| {
            let resource = written.clone();
            Box::pin(async move { resource.update(&object).await })
        },
    ))
}

pub(super) async fn delete(mut input: Input) -> Outcome<Answer> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    input.done()?;
    Ok(deleted(&resource.delete(&id).await?))
}

pub(super) async fn link(mut input: Input) -> Outcome<Answer> {
    let (resource, subject, name) = (resource(&mut input)?, input.subject()?, input.text("name")?);
    input.done()?;
    let object: Kept<Object> = match subject {
        Subject::Read(object) => object,
        Subject::Id(id) => resource.get(&id).await?,
    };
    Ok(Answer::object(&resource.link(&object, &name).await?))
}

pub(super) fn wait(mut input: Input) -> Outcome<Stream> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    let (until, options) = (waits::until(&mut input)?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(resource.wait(&id, until, options).progress()))
}

pub(super) fn wait_gone(mut input: Input) -> Outcome<Stream> {
    let (resource, id, options) = (resource(&mut input)?, input.text("id")?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(resource.wait_gone(&id, options).progress()))
}
