//! What is read beside a workload of which pods are missing: whether the cluster refuses them.

use serde_json::Value;

use super::{ClusterProxy, ListOptions, Resource};
use crate::wire::Object;

/// What is known of pods that are refused.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) enum Refused {
    /// Nothing says so.
    #[default]
    No,
    /// The replica set of the present revision says so.
    Now(String),
    /// Another replica set of the deployment says so, not that of the present revision.
    Older(String),
    /// The deployment says so, and which of its replica sets it is could not be read.
    Perhaps(String),
    /// Events say so. Whether that is past is not known.
    Told(String),
    /// Events say so, and another came while they were watched.
    Again(String),
}

/// The events of refused pods, as far as they tell two looks apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Mark {
    latest: String,
    count: u64,
}

/// What the events of a set said when it was looked at last, of which generation.
pub(super) type Before = Option<(i64, Mark)>;

/// Where a deployment notes its revision, and a replica set its own.
const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

/// Whether it is the present revision of a deployment whose pods are refused.
///
/// Its condition `ReplicaFailure` is that of the present replica set, or of any other where that has none (read in
/// Kubernetes' deployment controller).
pub(super) async fn of_deployment(cluster: &ClusterProxy, deployment: &Object, said: &str) -> Refused {
    let unread = || Refused::Perhaps(said.to_owned());
    let text = |pointer: &str| deployment.pointer(pointer).and_then(Value::as_str);
    let (Some(uid), Some(revision), Some(namespace)) =
        (text("/metadata/uid"), text(REVISION), deployment.namespace())
    else {
        return unread();
    };
    let labels = deployment.pointer("/spec/selector/matchLabels").and_then(Value::as_object);
    let labels = labels.into_iter().flatten();
    let label_selector = labels
        .filter_map(|(name, value)| Some(format!("{name}={}", value.as_str()?)))
        .collect::<Vec<_>>()
        .join(",");
    let sets = Resource::of("apps", "v1", "replicasets").within(namespace);
    let Ok(sets) = cluster.list(sets, ListOptions { label_selector, ..Default::default() }).collect().await
    else {
        return unread();
    };
    let owned = |set: &&Object| {
        let owners = set.pointer("/metadata/ownerReferences").and_then(Value::as_array);
        owners.into_iter().flatten().any(|owner| owner.get("uid").and_then(Value::as_str) == Some(uid))
    };
    let present = sets
        .iter()
        .map(|set| &**set)
        .filter(owned)
        .find(|set| set.pointer(REVISION).and_then(Value::as_str) == Some(revision));
    match present.map(|set| failure(set)) {
        None => unread(),
        Some(Some(said)) => Refused::Now(said.to_owned()),
        Some(None) => Refused::Older(said.to_owned()),
    }
}

/// What the condition `ReplicaFailure` says, where it is true.
pub(super) fn failure(object: &Object) -> Option<&str> {
    let conditions = object.pointer("/status/conditions")?.as_array()?;
    let is = |condition: &&Value, field: &str, value: &str| {
        condition.get(field).and_then(Value::as_str) == Some(value)
    };
    let failed = conditions
        .iter()
        .find(|condition| is(condition, "type", "ReplicaFailure") && is(condition, "status", "True"))?;
    Some(failed.get("message").and_then(Value::as_str).unwrap_or_default())
}

/// What events say of the pods of a stateful set or a daemon set, whose status says nothing of them.
///
/// An event is of the past: what refused a pod a minute ago may be mended. So one proves nothing, and one that comes
/// while the set is watched does: the controller tries again, ever more seldom (read in Kubernetes' controllers).
pub(super) async fn of_set(cluster: &ClusterProxy, set: &Object, before: &mut Before) -> Refused {
    let uid = set.pointer("/metadata/uid").and_then(Value::as_str);
    let (Some(uid), Some(namespace)) = (uid, set.namespace()) else { return Refused::No };
    let options = ListOptions {
        field_selector: format!("involvedObject.uid={uid},reason=FailedCreate"),
        ..Default::default()
    };
    let events = Resource::core("events").within(namespace);
    // who may not read events learns of refused pods when the wait ends
    let Ok(events) = cluster.list(events, options).collect().await else { return Refused::No };
    let generation = set.pointer("/metadata/generation").and_then(Value::as_i64).unwrap_or_default();
    let Some((mark, said)) = newest(events.iter().map(|event| &**event)) else {
        *before = Some((generation, Mark::default()));
        return Refused::No;
    };
    let again = matches!(before, Some((of, known)) if *of == generation && *known < mark);
    *before = Some((generation, mark));
    if again { Refused::Again(said) } else { Refused::Told(said) }
}

fn newest<'e>(events: impl Iterator<Item = &'e Object>) -> Option<(Mark, String)> {
    let mut newest: Option<(&str, &Object)> = None;
    let mut count = 0;
    for event in events {
        let times =
            ["/series/lastObservedTime", "/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        let at = times.iter().find_map(|pointer| event.pointer(pointer).and_then(Value::as_str));
        let number = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64);
        count += number("/series/count").or_else(|| number("/count")).unwrap_or(1);
        let at = at.unwrap_or_default();
        if newest.is_none_or(|(latest, _)| latest <= at) {
            newest = Some((at, event));
        }
    }
    let (latest, event) = newest?;
    Some((Mark { latest: latest.to_owned(), count }, event.text("message").unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_newest_event_speaks_and_another_is_noticed() {
        let event = |at: &str, count: u64, message: &str| {
            Object::try_from(json!({"lastTimestamp": at, "count": count, "message": message})).unwrap()
        };
        let first = [event("2026-11-22T06:00:01Z", 2, "new"), event("2026-11-22T06:00:00Z", 9, "old")];
        let (mark, said) = newest(first.iter()).unwrap();
        assert_eq!((said.as_str(), mark.count), ("new", 11));
        for (later, after) in [
            (event("2026-11-22T06:00:01Z", 3, "new"), true),
            (event("2026-11-22T06:00:02Z", 1, "new"), true),
            (event("2026-11-22T06:00:01Z", 2, "new"), false),
        ] {
            let [_, old] = first.clone();
            assert_eq!(newest([later, old].iter()).unwrap().0 > mark, after);
        }
        // events that were forgotten meanwhile are no new ones
        assert!(newest(first[..1].iter()).unwrap().0 < mark);
        let series = json!({"eventTime": "2026-11-22T06:00:00.000001Z", "series": {"count": 4, "lastObservedTime": "2026-11-22T06:00:05.000001Z"}});
        let series = Object::try_from(series).unwrap();
        assert_eq!(newest([series].iter()).unwrap().0.latest, "2026-11-22T06:00:05.000001Z");
        assert_eq!(newest([].iter()), None);
    }
}
