//! Kubernetes of a cluster, through Rancher's proxy.

use rancher_client::proxy::{ClusterProxy, ListOptions, OnExpired, Resource};
use serde_json::json;
use std::sync::Arc;

use super::edits::Edits;
use super::lists::Lists;
use super::waits::{self, Waits};
use super::writes::writing;
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;
use crate::kept;
use crate::stream::Stream;

/// Where the objects are.
pub(super) struct Place {
    pub(super) cluster: ClusterProxy,
    group: String,
    version: String,
    plural: String,
    namespace: String,
}

impl Place {
    pub(super) fn of(input: &mut Input) -> Outcome<Self> {
        let cluster = input.target("cluster")?;
        Ok(Self {
            cluster: input.context.client.cluster(cluster)?,
            group: input.target_if("group")?.unwrap_or_default(),
            version: input.target_if("version")?.unwrap_or_default(),
            plural: input.target("plural")?,
            namespace: input.target_if("namespace")?.unwrap_or_default(),
        })
    }

    pub(super) fn resource(&self) -> Resource<'_> {
        Resource {
            group: &self.group,
            version: &self.version,
            plural: &self.plural,
            namespace: &self.namespace,
        }
    }
}

/// Which objects, and how many at a time.
pub(super) fn selected(input: &mut Input) -> Outcome<ListOptions> {
    Ok(ListOptions {
        limit: input.page_size()?,
        label_selector: input.text_if("label_selector")?.unwrap_or_default(),
        field_selector: input.text_if("field_selector")?.unwrap_or_default(),
        expired: OnExpired::default(),
    })
}

pub(super) fn options(input: &mut Input) -> Outcome<ListOptions> {
    Ok(ListOptions {
        expired: match input.text_if("expired")?.as_deref() {
            Some("fail") => OnExpired::Fail,
            Some("inconsistent") => OnExpired::Inconsistent,
            // the table knows no other word
            _ => OnExpired::Anew,
        },
        ..selected(input)?
    })
}

pub(super) fn list(mut input: Input) -> Outcome<Stream> {
    let (place, options, fields) = (Place::of(&mut input)?, options(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(Lists::stream(place.cluster.list(place.resource(), options), fields))
}

pub(super) async fn first(mut input: Input) -> Outcome<Answer> {
    let (place, options) = (Place::of(&mut input)?, options(&mut input)?);
    input.done()?;
    Ok(Answer::maybe(place.cluster.list(place.resource(), options).first().await?.as_ref()))
}

pub(super) async fn total(mut input: Input) -> Outcome<Answer> {
    let (place, options) = (Place::of(&mut input)?, options(&mut input)?);
    input.done()?;
    Ok(Answer::value(place.cluster.list(place.resource(), options).total().await?))
}

pub(super) async fn get(mut input: Input) -> Outcome<Answer> {
    let (place, name) = (Place::of(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(Answer::object(&place.cluster.get(place.resource(), &name).await?))
}

pub(super) async fn create(mut input: Input) -> Outcome<Answer> {
    let place = Place::of(&mut input)?;
    let (place, object) = (writing(&mut input, place)?, input.data("object")?);
    input.done()?;
    Ok(Answer::written(&place.cluster.create(place.resource(), &object).await?))
}

pub(super) async fn update(mut input: Input) -> Outcome<Answer> {
    let place = Place::of(&mut input)?;
    let (place, object) = (writing(&mut input, place)?, input.changed()?);
    input.done()?;
    Ok(Answer::written(&place.cluster.update(place.resource(), &object).await?))
}

pub(super) fn update_with(mut input: Input) -> Outcome<Stream> {
    let place = Place::of(&mut input)?;
    let (place, name) = (Arc::new(writing(&mut input, place)?), input.text("name")?);
    input.done()?;
    let written = Arc::clone(&place);
    Ok(Edits::stream(
        input.context.naming,
        move || {
            let (place, name) = (Arc::clone(&place), name.clone());
            Box::pin(async move { place.cluster.get(place.resource(), &name).await })
        },
        move |object| {
            let place = Arc::clone(&written);
            Box::pin(async move { place.cluster.update(place.resource(), &object).await })
        },
    ))
}

pub(super) async fn table(mut input: Input) -> Outcome<Answer> {
    let (place, options) = (Place::of(&mut input)?, options(&mut input)?);
    input.done()?;
    let table = place.cluster.table(place.resource(), options).await?;
    let columns = table.columns.iter().map(|column| {
        json!({
            "name": column.name, "kind": column.kind, "description": column.description, "priority": column.priority,
        })
    });
    let rows = table
        .rows
        .iter()
        .map(|row| json!({"cells": row.cells, "name": row.name, "namespace": row.namespace, "uid": row.uid}));
    let (columns, rows): (Vec<_>, Vec<_>) = (columns.collect(), rows.collect());
    Ok(Answer::value(json!({"columns": columns, "rows": rows})))
}

pub(super) fn list_metadata(mut input: Input) -> Outcome<Stream> {
    let (place, options, fields) = (Place::of(&mut input)?, options(&mut input)?, input.fields("fields")?);
    input.done()?;
    Ok(Lists::partial(place.cluster.list_metadata(place.resource(), options), fields))
}

pub(super) async fn get_metadata(mut input: Input) -> Outcome<Answer> {
    let (place, name) = (Place::of(&mut input)?, input.text("name")?);
    input.done()?;
    let object = place.cluster.get_metadata(place.resource(), &name).await?;
    Ok(Answer::page([kept::noted_partial(object.raw())]))
}

pub(super) fn wait(mut input: Input) -> Outcome<Stream> {
    let (place, name) = (Place::of(&mut input)?, input.text("name")?);
    let (until, options) = (waits::until(&mut input)?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(place.cluster.wait(place.resource(), &name, until, options).progress()))
}

pub(super) fn wait_gone(mut input: Input) -> Outcome<Stream> {
    let (place, name, options) = (Place::of(&mut input)?, input.text("name")?, waits::options(&mut input)?);
    input.done()?;
    Ok(Waits::stream(place.cluster.wait_gone(place.resource(), &name, options).progress()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;

    #[test]
    fn every_option_of_a_list_comes_to_its_place() {
        let mut given = json!({
            "target": {"cluster": "c-prod1", "plural": "pods"}, "page_size": 7, "label_selector": "app=web",
            "field_selector": "status.phase=Running",
        });
        let words =
            [("anew", OnExpired::Anew), ("fail", OnExpired::Fail), ("inconsistent", OnExpired::Inconsistent)];
        for (word, expired) in words {
            given["expired"] = json!(word);
            let expected = ListOptions {
                limit: Some(7),
                label_selector: "app=web".into(),
                field_selector: "status.phase=Running".into(),
                expired,
            };
            assert_eq!(options(&mut agreement::input("kubernetes.list", &given)).unwrap(), expected);
        }
    }
}
