//! Types by their names.

use crate::info::{Api, TypeInfo};

/// All types of an API, parts too, sorted by id; none if its Cargo feature is off.
pub fn types(api: Api) -> &'static [&'static TypeInfo] {
    match api {
        #[cfg(feature = "management")]
        Api::Management => crate::management::info::TYPES,
        #[cfg(feature = "cluster")]
        Api::Cluster => crate::cluster::info::TYPES,
        #[cfg(feature = "project")]
        Api::Project => crate::project::info::TYPES,
        #[allow(unreachable_patterns, reason = "reached where a feature is off")]
        _ => &[],
    }
}

/// The type of an API with this id: `projectRoleTemplateBinding`.
pub fn by_id(api: Api, id: &str) -> Option<&'static TypeInfo> {
    let types = types(api);
    let at = types.binary_search_by(|info| info.id.cmp(id)).ok()?;
    types.get(at).copied()
}

/// The type of an API with this collection, in any case: Rancher takes `projectRoleTemplateBindings` as well as
/// `projectroletemplatebindings`.
pub fn by_collection(api: Api, collection: &str) -> Option<&'static TypeInfo> {
    let named = |info: &&&TypeInfo| info.collection.is_some_and(|own| own.eq_ignore_ascii_case(collection));
    types(api).iter().find(named).copied()
}
