//! What the generated statics are written with.

pub(crate) use super::DefaultValue;
pub(crate) use super::FieldType::{self, *};
pub(crate) use super::Method::{Delete, Get, Post, Put};
pub(crate) use super::{ActionInfo, Api, FieldInfo, FilterInfo, Modifier, Road, TypeInfo};

/// None of the flags below.
pub(crate) const NOTHING: u8 = 0;
pub(crate) const CREATE: u8 = 1;
pub(crate) const UPDATE: u8 = 2;
pub(crate) const REQUIRED: u8 = 4;
pub(crate) const NULLABLE: u8 = 8;
pub(crate) const WRITE_ONLY: u8 = 16;
pub(crate) const SENSITIVE: u8 = 32;

/// The modifiers of nearly all filters.
pub(crate) const ALL: &[Modifier] = &[Modifier::Eq, Modifier::Ne, Modifier::In, Modifier::NotIn];
/// Those of a boolean.
pub(crate) const EQUALITY: &[Modifier] = &[Modifier::Eq, Modifier::Ne];

pub(crate) const fn field(name: &'static str, ty: FieldType, flags: u8) -> FieldInfo {
    FieldInfo {
        name,
        ty,
        create: flags & CREATE != 0,
        update: flags & UPDATE != 0,
        required: flags & REQUIRED != 0,
        nullable: flags & NULLABLE != 0,
        write_only: flags & WRITE_ONLY != 0,
        sensitive: flags & SENSITIVE != 0,
        default: None,
        options: &[],
        min: None,
        max: None,
        min_length: None,
        max_length: None,
        valid_chars: None,
        invalid_chars: None,
    }
}

pub(crate) const fn filter(name: &'static str, modifiers: &'static [Modifier]) -> FilterInfo {
    FilterInfo { name, modifiers }
}

pub(crate) const fn action(
    name: &'static str,
    input: Option<&'static TypeInfo>,
    output: Option<&'static TypeInfo>,
) -> ActionInfo {
    ActionInfo { name, input, output }
}

/// A path that takes only keys without a scope.
pub(crate) const fn unscoped(path: &'static str) -> Road {
    Road { path, takes_scoped_key: false }
}

/// A path that takes the key of its cluster, too.
pub(crate) const fn scoped(path: &'static str) -> Road {
    Road { path, takes_scoped_key: true }
}

/// A type that is a part of others and has no fields.
pub(crate) const fn part(api: Api) -> TypeInfo {
    TypeInfo {
        id: "",
        plural: "",
        api,
        collection: None,
        fields: &[],
        filters: &[],
        collection_methods: &[],
        resource_methods: &[],
        actions: &[],
        collection_actions: &[],
        roads: &[],
    }
}
