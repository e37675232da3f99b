//! What tells an object from others, read without reading the whole of it.

use serde::Deserialize;
use std::borrow::Cow;

use crate::watch::Identity;

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    metadata: Option<Metadata<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata<'a> {
    #[serde(borrow, default)]
    uid: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    namespace: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    resource_version: Option<Cow<'a, str>>,
}

/// Uid, id and version of an object; nothing if it has no name.
pub(crate) fn identity(object: &[u8]) -> Option<Identity> {
    let item: Item<'_> = serde_json::from_slice(object).ok()?;
    let metadata = item.metadata?;
    let filled = |text: Option<Cow<'_, str>>| text.filter(|text| !text.is_empty()).map(Cow::into_owned);
    let name = filled(metadata.name)?;
    let id = match filled(metadata.namespace) {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name,
    };
    let uid = filled(metadata.uid).unwrap_or_else(|| id.clone());
    Some(Identity { uid, id, version: filled(metadata.resource_version) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_known_by_its_uid() {
        let of = |text: &str| identity(text.as_bytes());
        let pod = of(
            r#"{"kind":"Pod","metadata":{"name":"web","namespace":"shop","uid":"u","resourceVersion":"7"}}"#,
        );
        let told = Identity { uid: "u".into(), id: "shop/web".into(), version: Some("7".into()) };
        assert_eq!(pod, Some(told));
        let node = of(r#"{"metadata":{"name":"n1"}}"#).unwrap();
        assert_eq!((node.uid.as_str(), node.version), ("n1", None));
        for none in ["{}", "5", "[]", r#"{"metadata":{}}"#, r#"{"metadata":{"uid":"u"}}"#] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
