//! The shapes of what is no object of a server.

use crate::operations::{Input, Table, element};
use crate::typescript::{camel, comment, header, text, union};

/// What options take, by name: its form, and what it is.
pub const ALIASES: [(&str, &str, &str, &str); 7] = [
    (
        "Changed",
        "<T>",
        "T | void | Promise<T | void>",
        "What a function returns that changes an object: nothing, or another in its stead.",
    ),
    (
        "Comparison",
        "",
        "{\n  readonly eq?: Scalar;\n  readonly ne?: Scalar;\n  readonly in?: readonly Scalar[];\n  readonly notin?: readonly Scalar[];\n}",
        "What a field is compared with.",
    ),
    (
        "Conditions",
        "",
        "string | readonly string[] | Readonly<Record<string, string>>",
        "A condition, several, or which status each shall have.",
    ),
    (
        "Fields",
        "",
        "readonly string[] | Readonly<Record<string, string>>",
        "Paths of fields, or names and the path of each.",
    ),
    (
        "Match",
        "",
        "Scalar | readonly Scalar[] | Comparison",
        "A value, several, or a comparison: `{ in: ['a', 'b'] }`.",
    ),
    ("Scalar", "", "string | number | boolean", "A value that a filter compares with."),
    (
        "Where",
        "",
        "{\n  readonly [field: string]:\n    | Scalar\n    | readonly Scalar[]\n    \
         | { readonly [comparison: string]: Scalar | readonly Scalar[] }\n    | readonly Where[];\n}",
        "A value or a comparison by field.",
    ),
];

/// The text of `ts/generated/values.ts`.
pub fn file(table: &Table) -> String {
    let mut out =
        header("The shapes of what is no object of a server.", "rancher-client/bridge/operations.json");
    if table.values.values().any(|shape| shape.fields.iter().any(|field| element(&field.ty) == "secret")) {
        out += "import type { Secret } from '../secret.js';\n\n";
    }
    for (name, of, form, doc) in ALIASES {
        out += &comment("", doc, &[]);
        out += &format!("export type {name}{of} = {form};\n\n");
    }
    for (name, shape) in &table.values {
        out += &comment("", &shape.doc, &[]);
        out += &format!("export interface {name} {{\n");
        for field in &shape.fields {
            let unset = if field.optional { "?" } else { "" };
            out += &comment("  ", &field.doc, &[]);
            out += &union("  ", &format!("readonly {}{unset}:", camel(&field.name)), &forms(field), ";");
        }
        out += "}\n\n";
    }
    out.trim_end().to_owned() + "\n"
}

/// The types of a field, or of a value that comes back.
pub(crate) fn forms(field: &Input) -> Vec<String> {
    let ty = element(&field.ty);
    let mut forms: Vec<String> = match ty {
        _ if !field.one_of.is_empty() => field.one_of.iter().map(|word| text(word)).collect(),
        "integer" => vec!["number".to_owned()],
        "json" => vec!["unknown".to_owned()],
        "texts" => vec!["Readonly<Record<string, string>>".to_owned()],
        "secret" => vec!["Secret".to_owned()],
        other => vec![other.to_owned()],
    };
    if ty != field.ty {
        forms = vec![format!("readonly {}[]", forms.join(" | "))];
    }
    if field.nullable {
        forms.push("null".to_owned());
    }
    forms
}
