//! What the recorded server was born with: `tests/truth/stock.json`, which `condense.py` makes.

use super::state::{Kept, Millis};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The lists whose objects every server has, and their types.
pub(crate) const EVERYWHERE: &[(&str, &str)] = &[
    ("features", "feature"),
    ("globalroles", "globalRole"),
    ("roletemplates", "roleTemplate"),
    ("authconfigs", "authConfig"),
    ("podsecurityadmissionconfigurationtemplates", "podSecurityAdmissionConfigurationTemplate"),
];

fn stock() -> &'static Map<String, Value> {
    static STOCK: OnceLock<Map<String, Value>> = OnceLock::new();
    // A damaged file is an empty one, which a test would notice at once.
    STOCK.get_or_init(|| serde_json::from_str(include_str!("../../../truth/stock.json")).unwrap_or_default())
}

/// The objects of one list.
pub(crate) fn list(name: &str) -> impl Iterator<Item = &'static Map<String, Value>> {
    stock().get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The objects of one list by their ids.
pub(crate) fn by_id(name: &str) -> BTreeMap<&'static str, &'static Map<String, Value>> {
    list(name).filter_map(|object| Some((object.get("id")?.as_str()?, object))).collect()
}

/// A text of a stock object.
pub(crate) fn text<'a>(object: &'a Map<String, Value>, field: &str) -> &'a str {
    object.get(field).and_then(Value::as_str).unwrap_or("")
}

/// When a stock object was made.
pub(crate) fn created(object: &Map<String, Value>) -> Millis {
    object.get("createdTS").and_then(Value::as_i64).unwrap_or_default()
}

/// A stock object as the world keeps it.
pub(crate) fn kept(object: &Map<String, Value>) -> Kept {
    let names = |field: &str| -> Option<Vec<String>> {
        let names = object.get(field)?.as_array()?.iter().filter_map(Value::as_str);
        Some(names.map(str::to_owned).collect())
    };
    let own = ["id", "uuid", "createdTS", "creatorId", "$without", "$actions"];
    let fields = object.iter().filter(|(key, _)| !own.contains(&key.as_str()));
    Kept {
        created: created(object),
        creator: object.get("creatorId").and_then(Value::as_str).map(str::to_owned),
        uuid: text(object, "uuid").to_owned(),
        without: names("$without").unwrap_or_default(),
        actions: names("$actions"),
        fields: fields.map(|(key, value)| (key.clone(), value.clone())).collect(),
    }
}

/// The authority of the connected imported cluster, in base64.
pub(crate) fn ca_cert() -> &'static str {
    text(stock(), "caCert")
}

/// A registration token as it stands in the record; `{server}`, `{cluster}` and `{token}` are to be filled in.
pub(crate) fn registration() -> Map<String, Value> {
    stock().get("clusterRegistrationToken").and_then(Value::as_object).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_stock_is_read() {
        for (name, count) in [
            ("settings", 179),
            ("features", 29),
            ("globalroles", 13),
            ("roletemplates", 40),
            ("authconfigs", 17),
            ("podsecurityadmissionconfigurationtemplates", 2),
            ("users", 7),
            ("globalrolebindings", 7),
            ("clusterroletemplatebindings", 5),
            ("projectroletemplatebindings", 3),
        ] {
            assert_eq!(by_id(name).len(), count, "{name}");
        }
        let local = kept(by_id("authconfigs")["local"]);
        assert_eq!(local.fields["type"], "localConfig");
        assert_eq!(local.without, ["remove", "update"]);
        assert!(registration()["command"].as_str().unwrap().contains("{token}_{cluster}.yaml"));
    }
}
