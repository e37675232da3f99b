//! Helm's own record of a release: which revisions there are, and the values of one.
//!
//! Helm keeps each revision in a Secret of the release's namespace, with the labels `owner=helm`, `name`, `version` and
//! `status`. Rancher's app says less, and says it later. Since Rancher 2.8.10, 2.9.4 and 2.10 an app holds no values any
//! more, and Steve opens the Secret where it is asked with `includeHelmData=true` (rancher, steve: their sources;
//! assumed).

use futures_util::TryStreamExt as _;
use serde_json::{Map, Value};

use super::{Apps, unreadable};
use crate::error::{Error, ErrorKind, Result};
use crate::proxy::{ListOptions, Resource};
use crate::wire::Object;

/// A revision of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Revision {
    /// The Secret that holds it.
    secret: String,
    /// Its number, from 1.
    pub(super) number: u64,
    status: String,
}

/// What a release is built on by an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The revision whose values are the present ones.
    pub(super) current: Revision,
    /// The number of the newest one, which may have failed.
    pub(super) newest: u64,
}

/// Which revision an upgrade builds on (helm, `prepareUpgrade`).
fn current(mut revisions: Vec<Revision>) -> Result<Option<Found>> {
    revisions.sort_by_key(|revision| std::cmp::Reverse(revision.number));
    let Some(newest) = revisions.first().cloned() else { return Ok(None) };
    if newest.status.starts_with("pending") || newest.status == "uninstalling" {
        return Err(Error::new(
            ErrorKind::Conflict,
            format!("nothing was sent: Helm is at work on the release ({})", newest.status),
            "wait for the operation that is under way; if there is none, it broke off: roll the release back or uninstall it",
        )
        .with_retry(true, None));
    }
    let deployed = revisions.into_iter().find(|revision| revision.status == "deployed");
    Ok(Some(Found { newest: newest.number, current: deployed.unwrap_or(newest) }))
}

impl Apps {
    /// The revision of a release that counts.
    pub(super) async fn release_of(
        &self,
        operation: &'static str,
        namespace: &str,
        release: &str,
    ) -> Result<Found> {
        let named = |error: Error| {
            let why =
                "the values of the release are in a Secret of its namespace, which must be read to keep them";
            match error.kind() {
                ErrorKind::Forbidden => error.with_because([why.to_owned()]),
                _ => error,
            }
            .with_operation(operation)
        };
        let options =
            ListOptions { label_selector: format!("owner=helm,name={release}"), ..ListOptions::default() };
        let secrets = self.cluster.list_metadata(Resource::core("secrets").within(namespace), options);
        let secrets: Vec<_> = secrets.try_collect().await.map_err(named)?;
        let revisions = secrets.iter().filter_map(|secret| {
            let label = |name: &str| secret.pointer(&format!("/metadata/labels/{name}"))?.as_str();
            Some(Revision {
                secret: secret.name()?.to_owned(),
                number: label("version")?.parse().ok()?,
                status: label("status").unwrap_or_default().to_owned(),
            })
        });
        current(revisions.collect()).map_err(named)?.ok_or_else(|| {
            Error::new(
                ErrorKind::Unsupported,
                "nothing was sent: Helm keeps no Secret of the release, so that its values are not known",
                "give all values and set reset_values; a release whose records are ConfigMaps is read by helm itself",
            )
            .with_operation(operation)
        })
    }

    /// The values of a revision.
    pub(super) async fn values_of(
        &self,
        operation: &'static str,
        app: &Object,
        namespace: &str,
        found: &Found,
    ) -> Result<Map<String, Value>> {
        let id = format!("{namespace}/{}", found.current.secret);
        let secrets = self.steve.resource("secrets")?;
        let secret = secrets.get_with(operation, &id, &[("includeHelmData", "true")]).await?;
        match secret.pointer("/data/release") {
            Some(Value::Object(release)) => match release.get("config") {
                Some(Value::Object(values)) => Ok(values.clone()),
                // Helm writes null where no values were given
                None | Some(Value::Null) => Ok(Map::new()),
                Some(_) => Err(unreadable(operation, "the values of the release are no object")),
            },
            // Rancher before that: the app holds the values, and those of the chart beside them
            _ => older(app, found).ok_or_else(|| {
                Error::new(
                    ErrorKind::Unsupported,
                    "nothing was sent: the server does not show the values of the release",
                    "give all values and set reset_values; helm get values shows those that it has",
                )
                .with_operation(operation)
            }),
        }
    }
}

fn older(app: &Object, found: &Found) -> Option<Map<String, Value>> {
    let of_this = app.pointer("/spec/version").and_then(Value::as_u64) == Some(found.current.number);
    match app.pointer("/spec/values") {
        Some(Value::Object(values)) if of_this => Some(values.clone()),
        // no values are left out; that this server would show some, those of the chart say
        None | Some(Value::Null) if of_this => app.pointer("/spec/chart/values").map(|_| Map::new()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn revision(number: u64, status: &str) -> Revision {
        Revision { secret: format!("sh.helm.release.v1.web.v{number}"), number, status: status.to_owned() }
    }

    #[test]
    fn an_upgrade_builds_on_what_is_deployed() {
        for (revisions, number, newest) in [
            (vec![revision(1, "deployed")], 1, 1),
            // by number, not by name
            (vec![revision(10, "deployed"), revision(9, "superseded")], 10, 10),
            (vec![revision(2, "failed"), revision(1, "deployed")], 1, 2),
            // none was ever deployed
            (vec![revision(1, "failed"), revision(2, "failed")], 2, 2),
        ] {
            let found = current(revisions.clone()).unwrap().unwrap();
            assert_eq!((found.current.number, found.newest), (number, newest), "{revisions:?}");
        }
        assert_eq!(current(vec![]).unwrap(), None);
        for status in ["pending-install", "pending-upgrade", "pending-rollback", "uninstalling"] {
            let error = current(vec![revision(1, "deployed"), revision(2, status)]).unwrap_err();
            assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Conflict, true));
        }
    }

    #[test]
    fn an_older_server_shows_values_or_nothing_is_known() {
        let found = Found { current: revision(3, "deployed"), newest: 3 };
        let app = |spec: Value| Object::try_from(json!({"spec": spec})).unwrap();
        let read = |spec: Value| older(&app(spec), &found);
        assert_eq!(read(json!({"version": 3, "values": {"a": 1}})).unwrap()["a"], 1);
        assert_eq!(read(json!({"version": 3, "chart": {"values": {}}})), Some(Map::new()));
        // the values of another revision, and a server that shows none
        assert_eq!(read(json!({"version": 2, "values": {"a": 1}})), None);
        assert_eq!(read(json!({"version": 3, "chart": {"metadata": {}}})), None);
    }
}
