//! The types of `/v3`, as the recorded server's schemas state them: `rancher-client/schemas`.

use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Which of the three APIs below `/v3` a type belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Api {
    /// `/v3/…`.
    Management,
    /// `/v3/cluster/ID/…`.
    Cluster,
    /// `/v3/project/ID/…`.
    Project,
}

/// One type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Kind {
    pub(crate) id: String,
    pub(crate) plural: String,
    /// The last segment of the collection's path; a type without one is reached by its objects only.
    pub(crate) collection: Option<String>,
    pub(crate) collection_methods: Vec<String>,
    pub(crate) resource_methods: Vec<String>,
    pub(crate) fields: BTreeMap<String, Field>,
    /// The modifiers of every filter.
    pub(crate) filters: BTreeMap<String, Vec<String>>,
    pub(crate) actions: BTreeMap<String, ActionFacts>,
    pub(crate) collection_actions: BTreeMap<String, ActionFacts>,
    #[serde(skip, default = "management")]
    pub(crate) api: Api,
}

impl Default for Kind {
    fn default() -> Self {
        Self {
            id: String::new(),
            plural: String::new(),
            collection: None,
            collection_methods: Vec::new(),
            resource_methods: Vec::new(),
            fields: BTreeMap::new(),
            filters: BTreeMap::new(),
            actions: BTreeMap::new(),
            collection_actions: BTreeMap::new(),
            api: Api::Management,
        }
    }
}

fn management() -> Api {
    Api::Management
}

/// What an action takes and gives, by the names of types.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ActionFacts {
    pub(crate) input: Option<String>,
    pub(crate) output: Option<String>,
}

/// What a schema states of one field; what is absent is false or not stated.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Field {
    #[serde(rename = "type")]
    pub(crate) of: String,
    pub(crate) create: bool,
    pub(crate) update: bool,
    pub(crate) required: bool,
    pub(crate) nullable: bool,
    pub(crate) write_only: bool,
    pub(crate) default: Option<Value>,
    pub(crate) options: Vec<String>,
    pub(crate) min: Option<i64>,
    pub(crate) max: Option<i64>,
    pub(crate) min_length: Option<usize>,
    pub(crate) max_length: Option<usize>,
    pub(crate) valid_chars: Option<String>,
    pub(crate) invalid_chars: Option<String>,
}

impl Field {
    /// `T` of `array[T]`, `map[T]`, `reference[T]`.
    pub(crate) fn inside(&self, outer: &str) -> Option<&str> {
        inside(&self.of, outer)
    }
}

/// `T` of `outer[T]`.
pub(crate) fn inside<'a>(of: &'a str, outer: &str) -> Option<&'a str> {
    of.strip_prefix(outer)?.strip_prefix('[')?.strip_suffix(']')
}

impl Kind {
    /// The collection as paths spell it, which is also the resource of Kubernetes.
    pub(crate) fn path(&self) -> String {
        self.collection.clone().unwrap_or_else(|| self.plural.to_lowercase())
    }

    /// The fields that a list offers to sort by. It sorts by every filter.
    pub(crate) fn sorts(&self) -> impl Iterator<Item = &str> {
        // rule: norman.sort-links
        self.filters.keys().map(String::as_str).filter(|name| {
            let of = self.fields.get(*name).map_or("", |field| field.of.as_str());
            matches!(of, "string" | "enum" | "password") && *name != "description"
        })
    }

    fn called(&self, name: &str) -> bool {
        self.id.eq_ignore_ascii_case(name) || self.plural.eq_ignore_ascii_case(name)
    }
}

#[derive(Deserialize)]
struct Facts {
    types: Vec<Kind>,
}

/// The types of one API. A damaged file is an empty one, which a test would notice at once.
pub(crate) fn kinds(api: Api) -> &'static [Kind] {
    static FACTS: OnceLock<[Vec<Kind>; 3]> = OnceLock::new();
    let read = |api: Api, text: &str| {
        let mut types = serde_json::from_str::<Facts>(text).map(|facts| facts.types).unwrap_or_default();
        types.iter_mut().for_each(|kind| kind.api = api);
        types
    };
    let [management, cluster, project] = FACTS.get_or_init(|| {
        [
            read(Api::Management, include_str!("../../../../../rancher-client/schemas/management.json")),
            read(Api::Cluster, include_str!("../../../../../rancher-client/schemas/cluster.json")),
            read(Api::Project, include_str!("../../../../../rancher-client/schemas/project.json")),
        ]
    });
    match api {
        Api::Management => management,
        Api::Cluster => cluster,
        Api::Project => project,
    }
}

/// The type of one API that a path segment names: by id or plural, in any case.
pub(crate) fn kind_in(api: Api, name: &str) -> Option<&'static Kind> {
    kinds(api).iter().find(|kind| kind.called(name) && !kind.resource_methods.is_empty())
}

/// The type with this id, that may be nested in others only.
pub(crate) fn nested(api: Api, id: &str) -> Option<&'static Kind> {
    kinds(api).iter().find(|kind| kind.id == id)
}

/// The type that a path segment names, in whichever API has it.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    [Api::Management, Api::Cluster, Api::Project].into_iter().find_map(|api| kind_in(api, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_id_and_plural() {
        assert_eq!(kind("clusters").unwrap().id, "cluster");
        assert_eq!(kind("projectroletemplatebindings").unwrap().id, "projectRoleTemplateBinding");
        assert_eq!(kind("projectRoleTemplateBinding").unwrap().plural, "projectRoleTemplateBindings");
        assert!(kind("nosuchtype").is_none());
        assert_eq!(kind("namespaces").unwrap().api, Api::Cluster);
        assert_eq!(kind("workloads").unwrap().api, Api::Project);
        assert!(kind_in(Api::Management, "namespaces").is_none());
    }

    #[test]
    fn all_facts_are_read() {
        assert_eq!([Api::Management, Api::Cluster, Api::Project].map(|api| kinds(api).len()), [194, 43, 202]);
        let project = kind("project").unwrap();
        assert!(project.fields["name"].required && project.fields["clusterId"].create);
        assert_eq!(project.fields["clusterId"].inside("reference"), Some("cluster"));
        let sorts: Vec<&str> = project.sorts().collect();
        assert_eq!(
            sorts,
            ["backingNamespace", "name", "state", "transitioning", "transitioningMessage", "uuid"]
        );
    }
}
