//! The body of a PUT of v3: the change alone.

use rancher_types::info::{FieldType, TypeInfo};

use super::Change;
use super::apply::{self, Place};
use super::text::Level;
use crate::wire::document::InvalidDocument;

/// What the server does with an object that is sent where it has one.
enum Merge<'i> {
    /// It takes the fields that are sent, and keeps the others.
    ByField(Option<&'i TypeInfo>),
    /// As `ByField`, and each value is an object of this type.
    ByName(&'i TypeInfo),
    /// It takes the fields that are sent, however deep.
    Deep,
    /// It takes it instead, or nobody knows.
    Whole,
}

impl<'i> Merge<'i> {
    /// As norman's `types/convert/merge` decides: a map is taken whole unless its values are structs; what is stated
    /// to be any JSON is merged. Of a field that nothing is stated of, only the server knows: sent whole, its other
    /// entries are there after either.
    fn of(ty: Option<&'i FieldType>) -> Self {
        match ty {
            Some(FieldType::Struct(info)) => Merge::ByField(Some(info)),
            Some(FieldType::Map(FieldType::Struct(info))) => Merge::ByName(info),
            Some(FieldType::Json) => Merge::Deep,
            _ => Merge::Whole,
        }
    }
}

/// The body of the PUT.
pub(super) fn write(
    out: &mut String,
    text: &str,
    change: &Change,
    info: Option<&TypeInfo>,
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    write_merged(out, text, change, &Merge::ByField(info), place)
}

/// The changed fields alone, of every object, and null for each that is gone.
pub(super) fn write_alone(
    out: &mut String,
    text: &str,
    change: &Change,
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    write_merged(out, text, change, &Merge::Deep, place)
}

fn write_merged(
    out: &mut String,
    text: &str,
    change: &Change,
    merge: &Merge<'_>,
    place: &mut Place,
) -> Result<(), InvalidDocument> {
    let (Change::Fields(fields), false) = (change, matches!(merge, Merge::Whole)) else {
        return apply::write(out, text, change, place);
    };
    let level = Level::object(apply::as_object(text, place)?)?;
    out.push('{');
    for (at, (name, change)) in fields.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        apply::write_name(out, name)?;
        let inner = match merge {
            Merge::ByName(info) => Merge::ByField(Some(info)),
            Merge::ByField(info) => Merge::of(info.and_then(|info| info.field(name)).map(|field| &field.ty)),
            Merge::Deep => Merge::Deep,
            Merge::Whole => Merge::Whole,
        };
        place.field(name);
        write_merged(out, level.field(name).unwrap_or_default(), change, &inner, place)?;
        place.leave();
    }
    out.push('}');
    Ok(())
}
