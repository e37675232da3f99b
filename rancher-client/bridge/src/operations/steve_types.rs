//! The types of Steve, its actions, and patches.

use rancher_client::steve::{ActionSchema, FieldSchema, Patch};
use rancher_client::wire::{Kept, Object};
use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::steve::resource;
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

fn patch_of(input: &mut Input) -> Outcome<Patch> {
    let kind = input.text_if("kind")?;
    let given = input.json("patch")?.map(|json| serde_json::from_str(json.get())).transpose();
    let Ok(Some(given)) = given else {
        return Err(input.invalid("patch", "the patch is no JSON", "give an object, or a list of steps"));
    };
    Ok(match kind.as_deref() {
        Some("strategic") => Patch::Strategic(given),
        Some("json") => Patch::JsonText(given),
        // the table knows no other word
        _ => Patch::Merge(given),
    })
}

pub(super) async fn patch(mut input: Input) -> Outcome<Answer> {
    let (resource, id) = (resource(&mut input)?, input.text("id")?);
    let patch = patch_of(&mut input)?;
    input.done()?;
    Ok(Answer::object(&resource.patch(&id, &patch).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;

    #[test]
    fn each_kind_of_patch_comes_to_its_place() {
        let change = json!({"data": {"a": "2"}});
        let target = json!({"resource": "configmaps"});
        let read = |kind: Option<&str>| {
            let mut given = json!({"target": target, "id": "a/b", "patch": change});
            if let Some(kind) = kind {
                given["kind"] = json!(kind);
            }
            patch_of(&mut agreement::input("steve.patch", &given)).unwrap()
        };
        assert_eq!(read(None), Patch::Merge(change.clone()));
        assert_eq!(read(Some("merge")), Patch::Merge(change.clone()));
        assert_eq!(read(Some("strategic")), Patch::Strategic(change.clone()));
        assert_eq!(read(Some("json")), Patch::JsonText(change.clone()));
    }
}
