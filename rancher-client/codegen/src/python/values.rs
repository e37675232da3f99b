//! The shapes of what is no object of a server.

use crate::operations::{Input, Shape, Table, element};
use crate::prose::{WIDTH, stands, wrap};
use crate::python::{bracketed, docstring, header, import, used};

/// What options take, by name: its form, and what it is.
pub const ALIASES: [(&str, &str, &str); 4] = [
    (
        "Conditions",
        "str | Sequence[str] | Mapping[str, str]",
        "A condition, several, or which status each shall have.",
    ),
    ("Fields", "Sequence[str] | Mapping[str, str]", "Paths of fields, or names and the path of each."),
    ("Seconds", "float | timedelta", "A span of time."),
    ("Where", "Mapping[str, object]", "A value or a comparison by field."),
];

/// The text of `types/values.py`.
pub fn file(table: &Table) -> String {
    let mut body = String::new();
    for (name, form, doc) in ALIASES {
        body += &format!("\n{name}: TypeAlias = \"{form}\"\n\"\"\"{doc}\"\"\"\n");
    }
    for (name, shape) in &table.values {
        body += &record(name, shape);
    }
    let mut text =
        header("The shapes of what is no object of a server.", "rancher-client/bridge/operations.json");
    text += "from __future__ import annotations\n\n";
    text += "from collections.abc import Mapping, Sequence\nfrom datetime import timedelta\n";
    text += &import("", "typing", &used(&body, &["Any", "Literal", "NotRequired", "TypeAlias", "TypedDict"]));
    if stands(&body, "Secret") {
        text += "\nfrom rancher._secret import Secret\n";
    }
    text += "\n";
    let mut names: Vec<&str> =
        table.values.keys().map(String::as_str).chain(ALIASES.map(|(name, ..)| name)).collect();
    names.sort_unstable();
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    text += &bracketed("", "__all__ = [", &names, "]");
    text + &body
}

fn record(name: &str, shape: &Shape) -> String {
    let mut text = format!("\n\nclass {name}(TypedDict):\n");
    text += &docstring("    ", &[wrap(&shape.doc, WIDTH - 10)]);
    text += "\n";
    for field in &shape.fields {
        let hint = hint(field);
        let hint = if field.optional { format!("NotRequired[{hint}]") } else { hint };
        text += &field_line(&field.name, &hint);
        text += &docstring("    ", &[wrap(&field.doc, WIDTH - 10)]);
    }
    text
}

fn field_line(name: &str, hint: &str) -> String {
    let line = format!("    {name}: {hint}\n");
    if line.chars().count() <= WIDTH + 1 {
        return line;
    }
    match hint.split_once('[').and_then(|(outer, rest)| Some((outer, rest.rsplit_once(']')?))) {
        Some((outer, (inner, end))) => {
            let items: Vec<String> = inner.split(", ").map(str::to_owned).collect();
            bracketed("    ", &format!("{name}: {outer}["), &items, &format!("]{end}"))
        }
        None => line,
    }
}

/// The type of a field, or of a value that comes back.
pub(crate) fn hint(field: &Input) -> String {
    let ty = element(&field.ty);
    let one = match ty {
        _ if !field.one_of.is_empty() => {
            let words: Vec<String> = field.one_of.iter().map(|word| format!("\"{word}\"")).collect();
            format!("Literal[{}]", words.join(", "))
        }
        "string" => "str".to_owned(),
        "integer" => "int".to_owned(),
        "number" => "float".to_owned(),
        "boolean" => "bool".to_owned(),
        "json" => "Any".to_owned(),
        "texts" => "dict[str, str]".to_owned(),
        "secret" => "Secret".to_owned(),
        shape => shape.to_owned(),
    };
    let all = if ty == field.ty { one } else { format!("list[{one}]") };
    if field.nullable { format!("{all} | None") } else { all }
}
