//! A token's record, whichever API it came from.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::wire::ClusterId;

/// What a record says. It holds nothing of the secret.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) cluster: Option<ClusterId>,
    pub(super) enabled: bool,
    /// Who the user logs in with: `local`, `github`.
    pub(super) provider: Option<String>,
    pub(super) user: Option<String>,
    expired: bool,
    expires_at: Option<Timestamp>,
    created: Option<Timestamp>,
    /// How long it lives; nothing if without an end.
    ttl: Option<SignedDuration>,
}

impl Record {
    /// Reads what `/v3/tokens/{name}`, `/apis/management.cattle.io/v3/tokens/{name}` (both flat) or
    /// `/apis/ext.cattle.io/v1/tokens/{name}` (`spec` and `status`) answers.
    pub(super) fn read(record: &Value) -> Self {
        let parts = [Some(record), record.get("spec"), record.get("status"), record.get("metadata")];
        let value = |key: &str| parts.iter().flatten().find_map(|part| part.get(key));
        let text = |keys: &[&str]| {
            keys.iter()
                .find_map(|key| value(key)?.as_str())
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        let time = |keys: &[&str]| text(keys).and_then(|at| at.parse().ok());
        let flag = |key: &str| value(key).and_then(Value::as_bool);
        let principal = record.pointer("/spec/userPrincipal/provider").and_then(Value::as_str);
        Self {
            // Norman says clusterId, the objects beneath say clusterName
            cluster: text(&["clusterId", "clusterName"]).and_then(|id| ClusterId::new(id).ok()),
            enabled: flag("enabled").unwrap_or(true),
            provider: text(&["authProvider"]).or_else(|| principal.map(str::to_owned)),
            user: text(&["userId", "userID"]),
            expired: flag("expired").unwrap_or(false),
            expires_at: time(&["expiresAt"]),
            created: time(&["created", "creationTimestamp"]),
            // rule of the server: 0 means for ever
            ttl: value("ttl").and_then(Value::as_i64).filter(|ttl| *ttl > 0).map(SignedDuration::from_millis),
        }
    }

    /// When it ends, as far as the record tells.
    ///
    /// The stored object keeps `expired: false` and an empty `expiresAt`; Rancher computes both when `/v3/tokens` is
    /// read (assumed: read in Rancher's source). Its creation and its `ttl` tell the same.
    pub(super) fn ends_at(&self) -> Option<Timestamp> {
        self.expires_at.or_else(|| self.created?.checked_add(self.ttl?).ok())
    }

    /// Whether it is past its time.
    pub(super) fn is_over(&self, now: Timestamp) -> bool {
        let lived = self.created.zip(self.ttl).and_then(|(created, ttl)| created.checked_add(ttl).ok());
        self.expired || [self.expires_at, lived].iter().flatten().any(|end| *end <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-05-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn whichever_way_it_says_that_it_ended() {
        let created = "2026-05-01T11:00:00Z";
        let hour = 3_600_000;
        for (record, over) in [
            (json!({"expired": true}), true),
            (json!({"expired": false, "expiresAt": ""}), false),
            (json!({"expiresAt": "2026-05-01T11:59:59Z"}), true),
            (json!({"expiresAt": "2026-05-01T12:00:01Z", "expired": false}), false),
            (json!({"created": created, "ttl": hour}), true),
            (json!({"created": created, "ttl": hour + 1000}), false),
            (json!({"created": created, "ttl": 0}), false),
            (json!({"created": created, "ttl": -1}), false),
            (json!({"ttl": 1}), false),
            (json!({"created": created, "ttl": i64::MAX}), false),
            (
                json!({"metadata": {"creationTimestamp": created}, "expired": false, "expiresAt": "", "ttl": hour}),
                true,
            ),
            (json!({"metadata": {"creationTimestamp": created}, "spec": {"ttl": hour}, "status": {}}), true),
            (json!({"spec": {"ttl": 0}, "status": {"expired": true}}), true),
        ] {
            assert_eq!(Record::read(&record).is_over(now()), over, "{record}");
        }
    }

    #[test]
    fn the_end_is_computed_where_it_is_not_told() {
        let raw = json!({"metadata": {"creationTimestamp": "2026-05-01T11:00:00Z"}, "expiresAt": "", "ttl": 60_000});
        assert_eq!(Record::read(&raw).ends_at(), "2026-05-01T11:01:00Z".parse().ok());
        assert_eq!(Record::read(&json!({"ttl": 0, "created": "2026-05-01T11:00:00Z"})).ends_at(), None);
    }

    #[test]
    fn every_form_is_read() {
        let flat =
            json!({"clusterId": "c-a", "authProvider": "local", "userId": "u-abcde", "enabled": false});
        let raw =
            json!({"clusterName": "c-a", "authProvider": "local", "userId": "u-abcde", "enabled": false});
        let ext = json!({"spec": {"clusterName": "c-a", "userID": "u-abcde", "enabled": false,
            "userPrincipal": {"provider": "local"}}});
        for record in [flat, raw, ext] {
            let read = Record::read(&record);
            assert_eq!(read.cluster.unwrap().as_str(), "c-a");
            assert_eq!((read.provider.as_deref(), read.user.as_deref()), (Some("local"), Some("u-abcde")));
            assert!(!read.enabled);
        }
        let bare = Record::read(&json!({"clusterId": "", "userId": null}));
        assert!(bare.cluster.is_none() && bare.user.is_none() && bare.enabled);
    }
}
