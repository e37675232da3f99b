//! The types of Steve, its actions, and patches.

use rancher_client::steve::{ActionSchema, FieldSchema};
use rancher_client::wire::{Kept, Object};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::steve::resource;
use super::writes::patch_given;
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::{Input, Subject};

fn actions(actions: &BTreeMap<String, ActionSchema>) -> Vec<Value> {
    let one = |(name, action): (&String, &ActionSchema)| json!({"name": name, "input": action.input, "output": action.output});
    actions.iter().map(one).collect()
}

fn fields(fields: &BTreeMap<String, FieldSchema>) -> Vec<Value> {
    let one = |(name, field): (&String, &FieldSchema)| {
        json!({
            "name": name, "type": field.kind, "of": field.of, "required": field.required,
            "description": field.description,
        })
    };
    fields.iter().map(one).collect()
}

pub(super) async fn schema(mut input: Input) -> Outcome<Answer> {
    let (resource, anew) = (resource(&mut input)?, input.flag("anew")?.unwrap_or_default());
    input.done()?;
    let schema = if anew { resource.schema_anew().await? } else { resource.schema().await? };
    let of = &schema.attributes;
    Ok(Answer::value(input.context.naming.value(json!({
        "id": schema.id,
        "plural": schema.plural_name,
        "group": of.group,
        "version": of.version,
        "kind": of.kind,
        "resource": of.resource,
        "namespaced": of.namespaced,
        "verbs": of.verbs,
        "collection_methods": schema.collection_methods,
        "resource_methods": schema.resource_methods,
        "resource_actions": actions(&schema.resource_actions),
        "collection_actions": actions(&schema.collection_actions),
        "fields": fields(&schema.resource_fields),
    }))))
}

pub(super) async fn definition(mut input: Input) -> Outcome<Answer> {
    let resource = resource(&mut input)?;
    input.done()?;
    let definition = resource.definition().await?;
    let all = definition.definitions.iter();
    let all: Vec<Value> = all.map(|(name, of)| json!({"name": name, "fields": fields(of)})).collect();
    Ok(Answer::value(json!({"name": definition.name, "definitions": all})))
}

pub(super) async fn action(mut input: Input) -> Outcome<Answer> {
    let (resource, subject, name) = (resource(&mut input)?, input.subject()?, input.text("name")?);
    let taken = input.data_if("input")?.unwrap_or_default();
    input.done()?;
    let object: Kept<Object> = match subject {
        Subject::Read(object) => object,
        Subject::Id(id) => resource.get(&id).await?,
    };
    Ok(Answer::value(resource.action(&object, &name, &Value::from(taken)).await?))
}

pub(super) async fn patch(mut input: Input) -> Outcome<Answer> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    let patch = patch_given(&mut input)?;
    input.done()?;
    Ok(Answer::object(&resource.patch(&id, &patch).await?))
}
