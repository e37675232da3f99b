//! The v3 API.

use rancher_client::v3::{Deleted, Query, Resource};
use rancher_client::wire::{ClusterId, Kept, Object, ProjectId};
use serde_json::{Value, json};

use super::edits::Edits;
use super::lists::Lists;
use super::waits::{self, Waits};
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::filters;
use crate::input::{Input, Subject};
use crate::stream::Stream;

/// The resources that an operation is about.
pub(super) fn resource(input: &mut Input) -> Outcome<Resource<Object>> {
    let mut v3 = input.context.client.v3();
    let (cluster, project) = (input.target_if("cluster")?, input.target_if("project")?);
    if let Some(cluster) = &cluster {
        v3 = v3.in_cluster(&ClusterId::new(cluster)?);
    }
    if let Some(project) = &project {
        let project: ProjectId = project.parse()?;
        if cluster.as_ref().is_some_and(|cluster| cluster != project.cluster().as_str()) {
            let what = format!("the project is one of {}, not of the cluster given", project.cluster());
            return Err(input.invalid("project", what, "give one of both"));
        }
        v3 = v3.in_project(&project);
    }
    let resource = v3.collection(&input.target("collection")?)?;
    Ok(if input.target_flag("unchecked")? { resource.unchecked() } else { resource })
}

pub(super) fn query(input: &mut Input) -> Outcome<Query> {
    let (cluster, project) = (input.text_if("cluster")?, input.text_if("project")?);
    let cluster = cluster.map(|id| ClusterId::new(&id)).transpose()?;
    let project = project.map(|id| id.parse::<ProjectId>()).transpose()?;
    let mut query = match (&cluster, &project) {
        (Some(cluster), Some(project)) if cluster != project.cluster() => {
            let what = format!("the project is one of {}, not of {cluster}", project.cluster());
            return Err(input.invalid("project", what, "give one of both"));
        }
        (_, Some(project)) => Query::in_project(project),
        (Some(cluster), None) => Query::in_cluster(cluster),
        (None, None) => Query::all(),
    };
    let conditions = input.conditions_of_fields("where")?.unwrap_or_default();
    let conditions = filters::of_v3(&conditions).map_err(|wrong| input.wrong("where", wrong))?;
    query = conditions.into_iter().fold(query, Query::with);
    if let Some(field) = input.text_if("sort")? {
        query = query.sorted_by_name(field);
    }
    if input.flag("descending")?.unwrap_or_default() {
        query = query.descending();
    }
    if let Some(size) = input.page_size()? {
        query = query.limit(size);
    }
    Ok(query)
}

pub(super) fn list(mut input: Input) -> Outcome<Stream> {
    let (resource, query, fields) = (resource(&mut input)?, query(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(Lists::stream(resource.list(query), fields))
}

pub(super) async fn total(mut input: Input) -> Outcome<Answer> {
    let (resource, query) = (resource(&mut input)?, query(&mut input)?);
    input.done()?;
    Ok(Answer::value(resource.list(query).total().await?))
}

pub(super) async fn first(mut input: Input) -> Outcome<Answer> {
    let (resource, query) = (resource(&mut input)?, query(&mut input)?);
    input.done()?;
    Ok(Answer::maybe(resource.list(query).first().await?.as_ref()))
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

pub(super) async fn ensure(mut input: Input) -> Outcome<Answer> {
    let (resource, object) = (resource(&mut input)?, input.data("object")?);
    let by = input.texts("by")?.unwrap_or_default();
    input.done()?;
    let by: Vec<&str> = by.iter().map(String::as_str).collect();
    let ensured = resource.ensure_by_names(&object, &by).await?;
    let value = json!({"created": ensured.created(), "altered": ensured.object().altered()});
    Ok(Answer::object(ensured.object()).with(value))
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

/// What became of an object that was deleted.
pub(super) fn deleted(deleted: &Deleted<Object>) -> Answer {
    let last = match deleted {
        Deleted::Going(last) => Some(last),
        _ => None,
    };
    Answer::maybe(last).with(json!({"gone": deleted.is_gone()}))
}

/// The object that an operation is about, read if only its id was given.
async fn object(resource: &Resource<Object>, subject: Subject) -> rancher_client::Result<Kept<Object>> {
    match subject {
        Subject::Read(object) => Ok(object),
        Subject::Id(id) => resource.get(&id).await,
    }
}

pub(super) async fn action(mut input: Input) -> Outcome<Answer> {
    let (resource, subject, name) = (resource(&mut input)?, input.subject()?, input.text("name")?);
    let taken = input.data_if("input")?.unwrap_or_default();
    input.done()?;
    let object = object(&resource, subject).await?;
    let made = resource.action_named(&object, &name, &taken).await?;
    Ok(Answer::value(Value::from(made)))
}

pub(super) async fn collection_action(mut input: Input) -> Outcome<Answer> {
    let (resource, name) = (resource(&mut input)?, input.text("name")?);
    let taken = input.data_if("input")?.unwrap_or_default();
    input.done()?;
    Ok(Answer::value(Value::from(resource.collection_action_named(&name, &taken).await?)))
}

pub(super) async fn link(mut input: Input) -> Outcome<Answer> {
    let (resource, subject, name) = (resource(&mut input)?, input.subject()?, input.text("name")?);
    input.done()?;
    let object = object(&resource, subject).await?;
    Ok(Answer::object(&resource.link::<Object>(&object, &name).await?))
}

pub(super) fn link_list(mut input: Input) -> Outcome<Stream> {
    let (resource, subject, name) = (resource(&mut input)?, input.subject()?, input.text("name")?);
    let fields = input.fields("fields")?;
    input.done()?;
    let place = async move {
        let object = object(&resource, subject).await?;
        Ok(resource.link_list::<Object>(&object, &name))
    };
    Ok(Lists::at(place, fields))
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
