//! How an object is written and what the server made of it.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result};
use crate::scope::Route;
use crate::v3::Deleted;
use crate::wire::{Kept, Object, taken};

/// Which fields the server never sends back.
fn unseen(path: &[&str]) -> bool {
    // of a Secret: it comes back as `data`
    path.first() == Some(&"stringData")
}

/// The body of an update: the object as it was read, with the change in it. Nothing if nothing was changed.
pub(crate) fn update_of(object: &Kept<Object>) -> Result<Option<Bytes>> {
    if object.is_partial() {
        return Err(Error::invalid(
            "nothing was sent: the object comes from a list that left out fields or values of it, which an update would \
             delete",
            "read it with get, or use update_with",
        ));
    }
    if object.resource_version().is_none_or(str::is_empty) {
        // Kubernetes would overwrite what others wrote; Steve answers 500 (notes on Steve's stores)
        return Err(Error::invalid(
            "nothing was sent: the object has no metadata.resourceVersion, which is how a conflict is noticed",
            "read the object, change what was read, and update that; or use update_with",
        )
        .with_field("metadata.resourceVersion"));
    }
    Ok(object.changes()?.map(|edit| edit.apply(object.raw())).transpose()?.map(Bytes::from))
}

/// Compares the answer to an update with what was asked for: the server accepts some changes and ignores them.
pub(crate) fn accepted(
    operation: &'static str,
    route: &Route,
    object: &Kept<Object>,
    answer: Kept<Object>,
) -> Result<Kept<Object>> {
    let Some(sent) = object.change_alone()? else { return Ok(answer) };
    let outcome = taken::outcome(&sent, &object.json()?, &answer.json()?, &unseen);
    // a field that was taken away and is there again was given its default, or is somebody's who put it back
    let (restored, ignored): (Vec<_>, Vec<_>) =
        outcome.ignored.into_iter().partition(|path| at(&sent, path).is_none_or(Value::is_null));
    if ignored.is_empty() {
        return Ok(answer.with_altered(outcome.altered.into_iter().chain(restored).collect()));
    }
    let in_part = !outcome.taken.is_empty() || !outcome.altered.is_empty() || !restored.is_empty();
    let advice = match ignored.iter().any(|path| path == "status" || path.starts_with("status.")) {
        true => "a status is written by the object's controller, through a path of its own",
        false => "the server keeps this field as it is: it may be immutable, or its controller's",
    };
    Err(Error::change_ignored(&ignored, in_part, advice)
        .with_operation(operation)
        .with_request(&Method::PUT, route))
}

/// Whether the server reports a conflict to a PUT that was sent more than once: it may be with an earlier attempt of
/// our own, whose answer was lost.
pub(crate) fn resent_into_conflict(error: &Error) -> bool {
    error.kind() == ErrorKind::Conflict && error.retry().attempts > 1
}

/// Judges such a conflict by the object as it is `now`.
///
/// If it holds the change, the change was made. If it holds a part of it, whether an attempt of our own made that or
/// somebody else did cannot be told, and nobody shall make the change once more without a look.
pub(crate) fn own_attempt(
    object: &Kept<Object>,
    conflict: Error,
    now: Result<Kept<Object>>,
) -> Result<Kept<Object>> {
    let whose = "somebody else wrote it, or our own first attempt, whose answer did not arrive, did";
    let now = match now {
        Ok(now) => now,
        Err(error) => {
            let unread =
                format!("{whose}; it could not be read again ({}: {})", error.kind(), error.summary());
            return Err(left_open(&conflict, "the change may have been made").with_because([unread]));
        }
    };
    let Some(sent) = object.change_alone()? else { return Ok(now) };
    let outcome = taken::outcome(&sent, &object.json()?, &now.json()?, &unseen);
    if now.resource_version() == object.resource_version() || outcome.taken.is_empty() {
        return Err(conflict.with_because([format!("{whose}; it does not hold the change")]));
    }
    let others = outcome.otherwise();
    if others.is_empty() {
        return Ok(now);
    }
    let summary = format!("a part of the change was made: {} is otherwise", others.join(", "));
    Err(left_open(&conflict, &summary)
        .with_because([whose.to_owned()])
        .with_field(others.first().cloned().unwrap_or_default()))
}

/// The conflict as what it leaves open.
fn left_open(conflict: &Error, summary: &str) -> Error {
    let advice = "look at the object before the change is made once more";
    let error = Error::new(ErrorKind::PartlyDone, summary, advice)
        .with_operation(conflict.operation().to_owned())
        .with_attempts(conflict.retry().attempts)
        .with_because(conflict.because().iter().cloned());
    match conflict.request() {
        Some(sent) => error.with_sent(sent.clone()),
        None => error,
    }
}

/// The value at a path such as `data.a`. A name can hold dots itself.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    let fields = value.as_object()?;
    if let Some(found) = fields.get(path) {
        return Some(found);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let (name, rest) = path.split_at_checked(dot)?;
        at(fields.get(name)?, rest.strip_prefix('.')?)
    })
}

/// Says which fields of a created object the server took otherwise than they were sent.
pub(crate) fn created(sent: &Object, answer: Kept<Object>) -> Result<Kept<Object>> {
    let sent = Value::Object(sent.fields().clone());
    let outcome = taken::outcome(&sent, &Value::Null, &answer.json()?, &unseen);
    Ok(answer.with_altered(outcome.otherwise()))
}

/// What the answer to a deletion says of the object.
///
/// Recorded: nothing (Steve, 204), a `Status` (errors, `k8s delete`), or the object, which is going if it waits for
/// finalizers or has time left (kubernetes, `delete secret`) and gone if not (workflows, `ext token delete`).
pub(crate) fn deleted(operation: &'static str, route: &Route, body: Bytes) -> Result<Deleted<Object>> {
    if body.is_empty() {
        return Ok(Deleted::Gone);
    }
    let last: Kept<Object> = Kept::read(body)
        .map_err(|error| Error::from(error).with_operation(operation).with_request(&Method::DELETE, route))?;
    let filled = |pointer: &str| last.pointer(pointer).is_some_and(|value| !value.is_null());
    let waits = |pointer: &str| {
        last.pointer(pointer).and_then(Value::as_array).is_some_and(|finalizers| !finalizers.is_empty())
    };
    let no_time_left =
        last.pointer("/metadata/deletionGracePeriodSeconds").and_then(Value::as_i64) == Some(0);
    let finalizers = waits("/metadata/finalizers") || waits("/spec/finalizers");
    let going = filled("/metadata/deletionTimestamp") && (finalizers || !no_time_left);
    Ok(if going { Deleted::Going(last) } else { Deleted::Gone })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn kept(json: Value) -> Kept<Object> {
        Kept::read(json.to_string().into()).unwrap()
    }

    fn route() -> Route {
        Route::parse("/k8s/clusters/c-prod1/api/v1/namespaces/shop-web/configmaps/app").unwrap()
    }

    fn before() -> Kept<Object> {
        kept(json!({"metadata": {"name": "app", "resourceVersion": "7", "labels": {"a.b/c": "1"},
            "creationTimestamp": "2026-11-22T05:00:00Z"}, "data": {"a": "1"}, "spec": {"replicas": 1, "cpu": "1"},
            "status": {"phase": "Old"}}))
    }

    #[test]
    fn an_update_needs_a_resource_version_and_a_change() {
        let mut object = kept(json!({"metadata": {"name": "app"}}));
        object.set("data", json!({"a": "1"}));
        let error = update_of(&object).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("metadata.resourceVersion")));
        assert_eq!(update_of(&before()).unwrap(), None);
        let mut object = before();
        *object.pointer_mut("/data/a").unwrap() = json!("2");
        let body: Value = serde_json::from_slice(&update_of(&object).unwrap().unwrap()).unwrap();
        assert_eq!((&body["data"], &body["metadata"]["resourceVersion"]), (&json!({"a": "2"}), &json!("7")));
    }

    #[test]
    fn what_was_ignored_is_noticed() {
        type Change = fn(&mut Object);
        type Expected = std::result::Result<&'static [&'static str], ErrorKind>;
        let status: Change = |object| *object.pointer_mut("/status/phase").unwrap() = json!("New");
        let data: Change = |object| *object.pointer_mut("/data/a").unwrap() = json!("2");
        let label: Change = |object| {
            object.pointer_mut("/metadata/labels").unwrap().as_object_mut().unwrap().remove("a.b/c");
        };
        let cpu: Change = |object| *object.pointer_mut("/spec/cpu").unwrap() = json!("1000m");
        let secret: Change = |object| object.set("stringData", json!({"password": "x"}));
        let took_data = |mut answer: Value| {
            answer["data"]["a"] = json!("2");
            answer
        };
        let same = before().json().unwrap();
        let cases: [(&[Change], Value, Expected); 6] = [
            (&[data], took_data(same.clone()), Ok(&[])),
            (&[status], same.clone(), Err(ErrorKind::Unsupported)),
            (&[status, data], took_data(same.clone()), Err(ErrorKind::PartlyDone)),
            // put back, which a controller may do
            (&[label], same.clone(), Ok(&["metadata.labels.a.b/c"])),
            (&[secret], same.clone(), Ok(&[])),
            (
                &[cpu],
                {
                    let mut answer = same.clone();
                    answer["spec"]["cpu"] = json!("1k");
                    answer
                },
                Ok(&["spec.cpu"]),
            ),
        ];
        for (at, (changes, answer, expected)) in cases.into_iter().enumerate() {
            let mut object = before();
            changes.iter().for_each(|change| change(&mut object));
            let judged = accepted("cluster.update", &route(), &object, kept(answer));
            match (judged, expected) {
                (Ok(object), Ok(altered)) => assert_eq!(object.altered(), altered, "case {at}"),
                (Err(error), Err(kind)) => {
                    assert_eq!((error.kind(), error.field()), (kind, Some("status.phase")), "case {at}");
                    assert!(error.advice().contains("controller"), "{error}");
                }
                (judged, _) => panic!("case {at}: {judged:?}"),
            }
        }
    }

    #[test]
    fn what_a_deletion_answers() {
        let deleting = "2026-11-22T05:39:37Z";
        for (answer, gone) in [
            (None, true),
            (Some(json!({"kind": "Status", "status": "Success"})), true),
            (Some(json!({"kind": "Token", "metadata": {"name": "t"}})), true),
            (
                Some(json!({"metadata": {"deletionTimestamp": deleting, "deletionGracePeriodSeconds": 0}})),
                true,
            ),
            (
                Some(json!({"metadata": {"deletionTimestamp": deleting, "deletionGracePeriodSeconds": 30}})),
                false,
            ),
            (
                Some(json!({"metadata": {"deletionTimestamp": deleting, "deletionGracePeriodSeconds": 0,
                    "finalizers": ["foregroundDeletion"]}})),
                false,
            ),
            (
                Some(
                    json!({"metadata": {"deletionTimestamp": deleting}, "spec": {"finalizers": ["kubernetes"]}}),
                ),
                false,
            ),
        ] {
            let body = answer.as_ref().map(Value::to_string).unwrap_or_default();
            assert_eq!(deleted("x", &route(), body.into()).unwrap().is_gone(), gone, "{answer:?}");
        }
        assert_eq!(deleted("x", &route(), "[".into()).unwrap_err().kind(), ErrorKind::Decode);
    }

    #[test]
    fn a_creation_says_what_was_taken_otherwise() {
        let sent =
            Object::try_from(json!({"spec": {"ttl": 99}, "stringData": {"a": "b"}, "data": {"x": "y"}}))
                .unwrap();
        let made =
            created(&sent, kept(json!({"spec": {"ttl": 9}, "data": {"x": "y", "a": "Yg=="}}))).unwrap();
        assert_eq!(made.altered(), ["spec.ttl"]);
    }
}
