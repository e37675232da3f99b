//! What the server states of a type: its fields, filters, methods and actions.

use std::fmt;

#[cfg(any(feature = "management", feature = "cluster", feature = "project"))]
pub(crate) mod build;

/// One of the three v3 APIs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Api {
    /// `/v3/…`: what Rancher itself keeps.
    Management,
    /// `/v3/cluster/{id}/…`: what belongs to one cluster.
    Cluster,
    /// `/v3/project/{id}/…`: what belongs to one project.
    Project,
}

impl Api {
    /// Its name in the schemas: `management`, `cluster`, `project`.
    pub fn as_str(self) -> &'static str {
        match self {
            Api::Management => "management",
            Api::Cluster => "cluster",
            Api::Project => "project",
        }
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A type, as the server's schema states it.
///
/// A type that stands alone has a `collection`; one that is only a part of others has none and no methods. The schema
/// says what a type can do, not what a user may do: methods and actions do not follow rights.
pub struct TypeInfo {
    /// The id of the schema, which objects carry as their `type`: `projectRoleTemplateBinding`.
    pub id: &'static str,
    /// The plural: `projectRoleTemplateBindings`.
    pub plural: &'static str,
    /// The API that it belongs to; of a part that several share, the first of them.
    pub api: Api,
    /// The path segment of the collection, `projectroletemplatebindings`; nothing for types without one.
    pub collection: Option<&'static str>,
    /// The fields, sorted by name.
    pub fields: &'static [FieldInfo],
    /// What lists can be filtered and sorted by, sorted by name.
    pub filters: &'static [FilterInfo],
    /// What the collection takes.
    pub collection_methods: &'static [Method],
    /// What an object takes.
    pub resource_methods: &'static [Method],
    /// The actions of an object. Whether one is available now, the object itself says.
    pub actions: &'static [ActionInfo],
    /// The actions of the collection.
    pub collection_actions: &'static [ActionInfo],
    /// The paths of the collection, the usual one first; none for types without one.
    pub roads: &'static [Road],
}

/// A path under which the objects of a type are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Road {
    /// The path: `/v3/cluster/{clusterId}/projects`.
    pub path: &'static str,
    /// Whether it takes a key that is scoped to the cluster in it; otherwise it takes only keys without a scope.
    pub takes_scoped_key: bool,
}

impl TypeInfo {
    /// The field of this name.
    pub fn field(&self, name: &str) -> Option<&'static FieldInfo> {
        let at = self.fields.binary_search_by(|field| field.name.cmp(name)).ok()?;
        self.fields.get(at)
    }

    /// What lists can be filtered by under this name.
    pub fn filter(&self, name: &str) -> Option<&'static FilterInfo> {
        let at = self.filters.binary_search_by(|filter| filter.name.cmp(name)).ok()?;
        self.filters.get(at)
    }

    /// The action of this name, of an object.
    pub fn action(&self, name: &str) -> Option<&'static ActionInfo> {
        self.actions.iter().find(|action| action.name == name)
    }

    /// The action of this name, of the collection.
    pub fn collection_action(&self, name: &str) -> Option<&'static ActionInfo> {
        self.collection_actions.iter().find(|action| action.name == name)
    }
}

impl fmt::Debug for TypeInfo {
    /// Only its name: types hold each other, in circles too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TypeInfo({}/{})", self.api, self.id)
    }
}

impl PartialEq for TypeInfo {
    fn eq(&self, other: &Self) -> bool {
        self.api == other.api && self.id == other.id
    }
}

/// A field, as the server's schema states it.
#[derive(Debug, Clone, Copy)]
pub struct FieldInfo {
    /// The name in JSON.
    pub name: &'static str,
    /// What it holds.
    pub ty: FieldType,
    /// Whether it is taken when an object is created; otherwise the server drops it in silence.
    pub create: bool,
    /// Whether it is taken when an object is updated; otherwise the server drops it in silence.
    pub update: bool,
    /// Whether an object cannot be created without it.
    pub required: bool,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether the server never sends it back, or only in the answer to the creation.
    pub write_only: bool,
    /// Whether it holds a secret.
    pub sensitive: bool,
    /// What the server sets where nothing is given.
    pub default: Option<DefaultValue>,
    /// The only values that it takes; empty if it takes any.
    pub options: &'static [&'static str],
    /// The least number.
    pub min: Option<i64>,
    /// The greatest number.
    pub max: Option<i64>,
    /// The least number of characters.
    pub min_length: Option<u32>,
    /// The greatest number of characters.
    pub max_length: Option<u32>,
    /// The only characters that it takes, as a character class.
    pub valid_chars: Option<&'static str>,
    /// The characters that it does not take, as a character class.
    pub invalid_chars: Option<&'static str>,
}

/// What a field holds where nothing is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum DefaultValue {
    /// A text.
    Text(&'static str),
    /// A number.
    Number(i64),
    /// Yes or no.
    Boolean(bool),
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum FieldType {
    /// A text.
    String,
    /// Yes or no.
    Boolean,
    /// A whole number of 64 bits.
    Int,
    /// A number.
    Float,
    /// A time, as RFC 3339 writes it.
    Date,
    /// A DNS label of at most 63 characters.
    DnsLabel,
    /// A DNS label that begins with a letter.
    DnsLabelRestricted,
    /// A host name.
    Hostname,
    /// One of the options.
    Enum,
    /// A secret text, which lists never show.
    Password,
    /// Bytes, in base 64.
    Base64,
    /// Any JSON.
    Json,
    /// A number or a text: a port, a percentage.
    IntOrString,
    /// The id of an object of the type of this name.
    Reference(&'static str),
    /// A list.
    Array(&'static FieldType),
    /// Names and values.
    Map(&'static FieldType),
    /// A type that is a part of this one.
    Struct(&'static TypeInfo),
}

/// What a list can be filtered and sorted by.
#[derive(Debug, Clone, Copy)]
pub struct FilterInfo {
    /// The name of the field.
    pub name: &'static str,
    /// How it can be compared. Rancher knows `eq`, `ne`, `in` and `notin`; a boolean only the first two.
    pub modifiers: &'static [Modifier],
}

/// How a filter compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modifier {
    /// The same value.
    Eq,
    /// Another value.
    Ne,
    /// One of these values.
    In,
    /// None of these values.
    NotIn,
}

impl Modifier {
    /// Its name in the API: `eq`, `ne`, `in`, `notin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Modifier::Eq => "eq",
            Modifier::Ne => "ne",
            Modifier::In => "in",
            Modifier::NotIn => "notin",
        }
    }
}

/// A method that a collection or an object takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Read or list.
    Get,
    /// Create.
    Post,
    /// Update.
    Put,
    /// Delete.
    Delete,
}

/// An action.
#[derive(Debug, Clone, Copy)]
pub struct ActionInfo {
    /// Its name: `generateKubeconfig`.
    pub name: &'static str,
    /// The type of what it takes; nothing if it takes nothing, or a type that the server names and does not describe.
    pub input: Option<&'static TypeInfo>,
    /// The type of its answer, where the schema states one.
    pub output: Option<&'static TypeInfo>,
}
