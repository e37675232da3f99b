//! Types by their names.

use crate::Record;
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

/// Something to do with each type.
pub trait TypeVisitor {
    /// Takes one type.
    fn visit<T: Record>(&mut self);
}

/// Visits the types of an API, in the order of [`types`].
///
/// It brings the code of all types into a program: for tests and tools that treat them all alike.
pub fn each_type<V: TypeVisitor>(api: Api, visitor: &mut V) {
    match api {
        #[cfg(feature = "management")]
        Api::Management => crate::management::each(visitor),
        #[cfg(feature = "cluster")]
        Api::Cluster => crate::cluster::each(visitor),
        #[cfg(feature = "project")]
        Api::Project => crate::project::each(visitor),
        #[allow(unreachable_patterns, reason = "reached where a feature is off")]
        _ => {
            let _ = visitor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::info::FieldType;

    const APIS: [Api; 3] = [Api::Management, Api::Cluster, Api::Project];

    struct Infos(Vec<&'static TypeInfo>);

    impl TypeVisitor for Infos {
        fn visit<T: Record>(&mut self) {
            self.0.push(T::INFO);
            for field in T::INFO.fields {
                assert!(T::NAMES.contains(&field.name), "{:?} has no field {}", T::INFO, field.name);
            }
            let mut names = T::NAMES.to_vec();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), T::NAMES.len(), "{:?}", T::INFO);
        }
    }

    #[test]
    fn types_are_sorted_and_each_is_a_struct() {
        for api in APIS {
            assert!(types(api).is_sorted_by(|a, b| a.id < b.id));
            let mut infos = Infos(Vec::new());
            each_type(api, &mut infos);
            assert_eq!(infos.0, types(api));
        }
    }

    #[test]
    fn fields_and_filters_are_sorted_for_the_binary_search() {
        for info in APIS.into_iter().flat_map(types) {
            assert!(info.fields.is_sorted_by(|a, b| a.name < b.name), "{info:?}");
            assert!(info.filters.is_sorted_by(|a, b| a.name < b.name), "{info:?}");
            for filter in info.filters {
                assert!(info.field(filter.name).is_some(), "{info:?} {}", filter.name);
                assert!(info.filter(filter.name).is_some());
            }
        }
    }

    fn part(ty: FieldType) -> Option<&'static TypeInfo> {
        match ty {
            FieldType::Array(inner) | FieldType::Map(inner) => part(*inner),
            FieldType::Struct(info) => Some(info),
            _ => None,
        }
    }

    #[test]
    fn parts_stand_in_the_registry_of_the_same_api() {
        for api in APIS {
            for info in types(api) {
                let actions = info.actions.iter().chain(info.collection_actions);
                let named = actions.flat_map(|action| action.input.into_iter().chain(action.output));
                for part in info.fields.iter().filter_map(|field| part(field.ty)).chain(named) {
                    let listed = by_id(api, part.id);
                    assert!(
                        listed.is_some_and(|listed| std::ptr::eq(listed, part)),
                        "{info:?} names {part:?}"
                    );
                }
            }
        }
    }

    #[cfg(all(feature = "management", feature = "cluster", feature = "project"))]
    #[test]
    fn references_point_to_types() {
        fn target(ty: FieldType) -> Option<&'static str> {
            match ty {
                FieldType::Array(inner) | FieldType::Map(inner) => target(*inner),
                FieldType::Reference(id) => Some(id),
                _ => None,
            }
        }

        let mut nowhere = Vec::new();
        for info in APIS.into_iter().flat_map(types) {
            for field in info.fields {
                let Some(id) = target(field.ty) else { continue };
                if APIS.into_iter().all(|api| by_id(api, id).is_none()) {
                    nowhere.push(format!("{}.{} to {id}", info.id, field.name));
                }
            }
        }
        // app revisions went with the first catalog, the field stayed
        assert_eq!(nowhere, ["rollbackRevision.revisionId to apprevision"]);
    }

    #[cfg(feature = "management")]
    #[test]
    fn collections_are_found_in_any_case() {
        let expected = by_id(Api::Management, "projectRoleTemplateBinding");
        assert!(expected.is_some());
        for name in
            ["projectRoleTemplateBindings", "projectroletemplatebindings", "PROJECTROLETEMPLATEBINDINGS"]
        {
            assert_eq!(by_collection(Api::Management, name), expected);
        }
        assert_eq!(by_collection(Api::Management, "projectRoleTemplateBinding"), None);
        assert_eq!(by_collection(Api::Management, ""), None);
        assert_eq!(by_id(Api::Management, "Project"), None);
    }

    #[cfg(all(feature = "management", feature = "cluster", feature = "project"))]
    #[test]
    fn a_part_is_shared_only_if_all_of_it_is_the_same() {
        let same = |a, b, id| match (by_id(a, id), by_id(b, id)) {
            (Some(a), Some(b)) => std::ptr::eq(a, b),
            _ => panic!("{id} is not in both"),
        };
        assert!(same(Api::Management, Api::Cluster, "ownerReference"));
        assert!(same(Api::Cluster, Api::Project, "ownerReference"));
        assert!(!same(Api::Management, Api::Cluster, "resourceQuotaLimit"));
        // its own fields are the same, what one of them holds is not
        assert!(!same(Api::Management, Api::Cluster, "namespaceResourceQuota"));
        // each has its own path
        assert!(!same(Api::Management, Api::Project, "subscribe"));
    }

    #[cfg(feature = "management")]
    #[test]
    fn facts_are_as_the_server_states_them() {
        use crate::info::{DefaultValue, Method, Modifier};
        let info = by_id(Api::Management, "nodeDrainInput").unwrap();
        let timeout = info.field("timeout").unwrap();
        assert_eq!((timeout.min, timeout.max), (Some(1), Some(10800)));
        assert_eq!(timeout.default, Some(DefaultValue::Number(120)));
        let project = by_id(Api::Management, "project").unwrap();
        assert_eq!(project.collection_methods, [Method::Post, Method::Get]);
        assert!(
            project
                .field("clusterId")
                .is_some_and(|field| field.create && field.required && !field.write_only)
        );
        assert!(project.field("state").is_some_and(|field| !field.create && !field.update));
        assert_eq!(project.field("transitioning").unwrap().options, ["yes", "no", "error"]);
        assert_eq!(project.filter("name").unwrap().modifiers.len(), 4);
        let user = by_id(Api::Management, "user").unwrap();
        assert!(user.field("password").is_some_and(|field| field.sensitive && field.write_only));
        assert_eq!(user.filter("enabled").unwrap().modifiers, [Modifier::Eq, Modifier::Ne]);
        let set = user.action("setpassword").unwrap();
        assert_eq!(set.input.map(|info| info.id), Some("setPasswordInput"));
        assert_eq!(set.output, Some(user));
        assert!(user.collection_action("changepassword").is_some());
        assert!(user.action("changepassword").is_none());
    }
}
