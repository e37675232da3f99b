//! How objects of Kubernetes are written: patches, server-side apply, scales, statuses, and deletions with conditions.

use rancher_client::proxy::{
    ApplyOptions, ClusterProxy, DeleteOptions, Patch, Propagation, Scale, WriteOptions,
};
use rancher_client::wire::Object;
use serde_json::{Value, json};

use super::kubernetes::Place;
use super::v3::deleted;
use crate::answer::Answer;
use crate::fault::Outcome;
use crate::input::Input;

/// Who writes, and whether it is only tried.
pub(super) fn writing(input: &mut Input, mut place: Place) -> Outcome<Place> {
    let writes = WriteOptions {
        field_manager: input.text_if("field_manager")?.unwrap_or_default(),
        dry_run: input.flag("dry_run")?.unwrap_or_default(),
    };
    place.cluster = place.cluster.writing(writes);
    Ok(place)
}

/// What is applied, and how.
pub(super) fn applied(input: &mut Input) -> Outcome<(Object, ApplyOptions)> {
    let object = input.data("object")?;
    let options = ApplyOptions {
        manager: input.text("manager")?,
        force: input.flag("force")?.unwrap_or_default(),
        dry_run: input.flag("dry_run")?.unwrap_or_default(),
    };
    Ok((object, options))
}

/// Under which conditions something is deleted, and what becomes of what it owns.
pub(super) fn deleting(input: &mut Input) -> Outcome<DeleteOptions> {
    Ok(DeleteOptions {
        propagation: match input.text_if("propagation")?.as_deref() {
            Some("foreground") => Some(Propagation::Foreground),
            Some("background") => Some(Propagation::Background),
            Some("orphan") => Some(Propagation::Orphan),
            // the table knows no other word
            _ => None,
        },
        grace: input.span("grace")?,
        uid: input.text_if("uid")?.unwrap_or_default(),
        resource_version: input.text_if("resource_version")?.unwrap_or_default(),
        dry_run: input.flag("dry_run")?.unwrap_or_default(),
    })
}

/// A patch of the sort that it says, or looks like.
pub(super) fn patch_given(input: &mut Input) -> Outcome<Patch> {
    let raw = input.json("patch")?;
    let value: Option<Value> = raw.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let Some(value) = value.filter(|value| value.is_object() || value.is_array()) else {
        let advice = "give an object (merge, strategic), or a list of steps (json)";
        return Err(input.invalid("patch", "nothing was sent: that is no patch", advice));
    };
    Ok(match input.text_if("type")?.as_deref() {
        Some("strategic") => Patch::Strategic(value),
        Some("merge") => Patch::Merge(value),
        Some(_) => Patch::JsonText(value),
        None if value.is_array() => Patch::JsonText(value),
        None => Patch::Merge(value),
    })
}

/// Where it is, who writes, and its name.
fn at(input: &mut Input) -> Outcome<(Place, String)> {
    let place = Place::of(input)?;
    let place = writing(input, place)?;
    Ok((place, input.text("name")?))
}

pub(super) async fn patch(mut input: Input) -> Outcome<Answer> {
    let ((place, name), patch) = (at(&mut input)?, patch_given(&mut input)?);
    input.done()?;
    Ok(Answer::object(&place.cluster.patch(place.resource(), &name, &patch).await?))
}

pub(super) async fn patch_status(mut input: Input) -> Outcome<Answer> {
    let ((place, name), patch) = (at(&mut input)?, patch_given(&mut input)?);
    input.done()?;
    Ok(Answer::object(&place.cluster.patch_status(place.resource(), &name, &patch).await?))
}

pub(super) async fn apply(mut input: Input) -> Outcome<Answer> {
    let (place, (object, options)) = (Place::of(&mut input)?, applied(&mut input)?);
    input.done()?;
    Ok(Answer::written(&place.cluster.apply(place.resource(), &object, &options).await?))
}

pub(super) async fn apply_to_cluster(mut input: Input) -> Outcome<Answer> {
    let cluster: ClusterProxy = super::cluster::cluster(&mut input)?;
    let (object, options) = applied(&mut input)?;
    input.done()?;
    Ok(Answer::written(&cluster.apply_object(&object, &options).await?))
}

fn scaled(scale: &Scale) -> Answer {
    Answer::value(json!({"replicas": scale.replicas, "current": scale.current, "selector": scale.selector}))
}

pub(super) async fn scale(mut input: Input) -> Outcome<Answer> {
    let (place, name) = (Place::of(&mut input)?, input.text("name")?);
    input.done()?;
    Ok(scaled(&place.cluster.scale(place.resource(), &name).await?))
}

pub(super) async fn set_scale(mut input: Input) -> Outcome<Answer> {
    let ((place, name), replicas) = (at(&mut input)?, input.whole("replicas")?);
    let Some(replicas) = replicas.and_then(|replicas| u32::try_from(replicas).ok()) else {
        return Err(input.invalid("replicas", "nothing was sent: nothing has so many replicas", ""));
    };
    input.done()?;
    Ok(scaled(&place.cluster.set_scale(place.resource(), &name, replicas).await?))
}

pub(super) async fn update_status(mut input: Input) -> Outcome<Answer> {
    let place = Place::of(&mut input)?;
    let (place, object) = (writing(&mut input, place)?, input.changed()?);
    input.done()?;
    Ok(Answer::written(&place.cluster.update_status(place.resource(), &object).await?))
}

pub(super) async fn delete(mut input: Input) -> Outcome<Answer> {
    let (place, name, options) = (Place::of(&mut input)?, input.text("name")?, deleting(&mut input)?);
    input.done()?;
    Ok(deleted(&place.cluster.delete_with(place.resource(), &name, &options).await?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::agreement;
    use std::time::Duration;

    fn target() -> Value {
        json!({"cluster": "c-prod1", "plural": "pods", "namespace": "shop-web"})
    }

    #[test]
    fn every_option_of_a_deletion_comes_to_its_place() {
        let mut given = json!({
            "target": target(), "name": "web", "grace": 1.5, "uid": "u", "resource_version": "7", "dry_run": true,
        });
        for (word, propagation) in [
            ("foreground", Propagation::Foreground),
            ("background", Propagation::Background),
            ("orphan", Propagation::Orphan),
        ] {
            given["propagation"] = json!(word);
            let expected = DeleteOptions {
                propagation: Some(propagation),
                grace: Some(Duration::from_millis(1500)),
                uid: "u".into(),
                resource_version: "7".into(),
                dry_run: true,
            };
            assert_eq!(deleting(&mut agreement::input("kubernetes.delete", &given)).unwrap(), expected);
        }
        let plain = json!({"target": target(), "name": "web"});
        let read = deleting(&mut agreement::input("kubernetes.delete", &plain)).unwrap();
        assert_eq!(read, DeleteOptions::default());
    }

    #[test]
    fn a_patch_is_of_the_sort_that_it_says_or_looks_like() {
        let (object, steps) = (json!({"a": 1}), json!([{"op": "remove", "path": "/a"}]));
        for (patch, kind, expected) in [
            (&object, None, Some(Patch::Merge(object.clone()))),
            (&object, Some("merge"), Some(Patch::Merge(object.clone()))),
            (&object, Some("strategic"), Some(Patch::Strategic(object.clone()))),
            (&steps, None, Some(Patch::JsonText(steps.clone()))),
            (&steps, Some("json"), Some(Patch::JsonText(steps.clone()))),
            (&json!("a"), None, None),
            (&json!(7), Some("merge"), None),
        ] {
            let given = json!({"target": target(), "name": "web", "patch": patch, "type": kind});
            let read = patch_given(&mut agreement::input("kubernetes.patch", &given));
            assert!(read.as_ref().ok() == expected.as_ref(), "{given}");
        }
    }

    #[test]
    fn what_is_applied_comes_with_its_options() {
        let given = json!({"target": target(), "object": {"kind": "Pod"}, "manager": "ci", "force": true, "dry_run": true});
        let (object, options) = applied(&mut agreement::input("kubernetes.apply", &given)).unwrap();
        assert_eq!(object.text("kind"), Some("Pod"));
        assert_eq!(options, ApplyOptions { manager: "ci".into(), force: true, dry_run: true });
    }
}
