//! The records of Python: a `TypedDict` for each type.

use std::collections::BTreeSet;

use crate::enums::Enums;
use crate::facts::{Api, Field};
use crate::kind::Kind;
use crate::members::{Member, RESOURCE, members, module, record, shared_with};
use crate::model::{Body, Model};
use crate::prose::{WIDTH, wrap};
use crate::python::{bracketed, docstring, header, import, used};
use crate::{Failure, Files, records};

const FROM: &str = "rancher-client/schemas";

/// Words that are no names.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
    "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Names that the forms of fields are written with: a field of the name would hide them from the fields after it.
const WRITTEN: [&str; 8] = ["bool", "dict", "enums", "float", "int", "list", "object", "str"];

/// Writes the modules of `rancher/types`.
///
/// # Errors
///
/// Two records would get one name.
pub fn write(model: &Model<'_>, enums: &Enums, files: &mut Files) -> Result<(), Failure> {
    files.insert("__init__.py".to_owned(), package());
    files.insert("enums.py".to_owned(), options(enums));
    files.insert("shared.py".to_owned(), text(model, enums, None)?);
    for api in Api::ALL {
        files.insert(format!("{}.py", api.as_str()), text(model, enums, Some(api))?);
    }
    Ok(())
}

fn package() -> String {
    let mut text = header("The types of the v3 API, a module for each of its three parts.", FROM);
    let modules = ["cluster", "enums", "management", "project", "shared"];
    let names: Vec<String> = modules.iter().map(|name| format!("\"{name}\"")).collect();
    text += "from __future__ import annotations\n\nfrom typing import TYPE_CHECKING, Any\n\n";
    text += &format!("if TYPE_CHECKING:\n    from rancher.types import {}\n\n", modules.join(", "));
    text += &bracketed("", "__all__ = [", &names, "]");
    text += "\n\ndef __getattr__(name: str) -> Any:\n";
    text += "    # a module costs some milliseconds, and most programs need none of them\n";
    text += "    if name in __all__:\n        import importlib\n\n";
    text += "        return importlib.import_module(f\"{__name__}.{name}\")\n";
    text + "    raise AttributeError(f\"module {__name__!r} has no attribute {name!r}\")\n"
}

fn options(enums: &Enums) -> String {
    let mut text =
        header("Texts of which the server states the options. Others come with newer servers.", FROM);
    text += "from __future__ import annotations\n\nfrom typing import Literal, TypeAlias\n\n";
    let names: Vec<String> = enums.all().iter().map(|(name, ..)| format!("\"{name}\"")).collect();
    text += &bracketed("", "__all__ = [", &names, "]");
    for (name, doc, options) in enums.all() {
        let options: Vec<String> = options.iter().map(|option| literal(option)).collect();
        text += "\n";
        text += &bracketed("", &format!("{name}: TypeAlias = Literal["), &options, "]");
        text += &docstring("", &[wrap(doc, WIDTH - 6)]);
    }
    text
}

fn literal(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn text(model: &Model<'_>, enums: &Enums, api: Option<Api>) -> Result<String, Failure> {
    let bodies = module(model, api);
    let mut text = String::new();
    let mut names: Vec<String> = bodies.iter().map(|body| body.rust()).collect();
    match api {
        None => {
            text += &common();
            names.extend(["Comparison", "Match", "Resource"].map(str::to_owned));
        }
        Some(api) => names.extend(shared_with(model, api)),
    }
    let mut stated: BTreeSet<String> =
        api.map(|api| shared_with(model, api)).unwrap_or_default().into_iter().collect();
    for body in parts_first(model, &bodies) {
        text += &class(model, enums, body, &stated);
        stated.insert(body.rust());
        if !body.facts.filters.is_empty() {
            names.push(format!("{}Where", body.rust()));
            names.push(format!("{}Filter", body.rust()));
            text += &filters(body);
        }
    }
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(Failure::new(format!("two records of Python would be called {twice:?}")));
    }
    let about = match api {
        Some(api) => format!("The types of the {} part of the v3 API.", api.as_str()),
        None => "Types that the parts of the v3 API share.".to_owned(),
    };
    let mut head = header(&about, FROM);
    if api.is_none() {
        head += "from collections.abc import Sequence\n";
    }
    head += &import("", "typing", &used(&text, &["Any", "Literal", "TypeAlias", "TypedDict"]));
    head += "\n";
    if text.contains("enums.") {
        head += "from rancher.types import enums\n";
    }
    if let Some(api) = api {
        let mut shared = shared_with(model, api);
        shared.extend(used(&text, &["Match", "Resource"]));
        shared.sort();
        head += &import("", "rancher.types.shared", &shared);
    }
    let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    head += "\n";
    head += &bracketed("", "__all__ = [", &names, "]");
    Ok(head + &text)
}

/// What all objects have, and what filters compare with.
fn common() -> String {
    let mut text = String::from("\n\nclass Resource(TypedDict, total=False):\n");
    text += "    \"\"\"What the server adds to objects that stand alone.\"\"\"\n\n";
    for (name, mapping, doc) in RESOURCE {
        text += &format!("    {name}: {}\n", if mapping { "dict[str, str]" } else { "str" });
        text += &docstring("    ", &[wrap(doc, WIDTH - 10)]);
    }
    text += "\n\nComparison = TypedDict(\n    \"Comparison\",\n    {\n";
    for (name, ty) in [
        ("eq", "str | int | bool"),
        ("ne", "str | int | bool"),
        ("in", "Sequence[str | int]"),
        ("notin", "Sequence[str | int]"),
    ] {
        text += &format!("        \"{name}\": {ty},\n");
    }
    text += "    },\n    total=False,\n)\n\"\"\"What a field is compared with.\"\"\"\n";
    text += "\nMatch: TypeAlias = str | int | bool | Sequence[str | int] | Comparison\n";
    text + "\"\"\"A value, several, or a comparison.\"\"\"\n"
}

/// The bodies in an order in which each stands after its parts. A form that names only what stands before it needs no
/// quotes, and a module of texts in quotes takes five times as long to import.
fn parts_first<'b>(model: &'b Model<'_>, bodies: &[&'b Body]) -> Vec<&'b Body> {
    fn place<'b>(
        model: &'b Model<'_>,
        body: &'b Body,
        seen: &mut BTreeSet<String>,
        placed: &mut Vec<&'b Body>,
    ) {
        if seen.insert(body.rust()) {
            for part in body.kinds.values().filter_map(Kind::part).filter_map(|id| model.body(body.api(), id))
            {
                if part.apis == body.apis {
                    place(model, part, seen, placed);
                }
            }
            placed.push(body);
        }
    }
    let (mut seen, mut placed) = (BTreeSet::new(), Vec::new());
    for body in bodies {
        place(model, body, &mut seen, &mut placed);
    }
    placed
}

fn class(model: &Model<'_>, enums: &Enums, body: &Body, stated: &BTreeSet<String>) -> String {
    let fields = members(model, body);
    let name = body.rust();
    let base = if body.facts.is_resource() { "Resource" } else { "TypedDict" };
    let about = records::describe(body);
    let hint = |member: &Member<'_>| {
        let hint = hint(model, enums, body, member.field, &member.kind);
        let hint = if member.nullable && hint != "Any" { format!("{hint} | None") } else { hint };
        // a part that leads back to the body
        let later = member
            .kind
            .part()
            .and_then(|id| record(model, body, id))
            .is_some_and(|part| !stated.contains(&part));
        if later { format!("\"{hint}\"") } else { hint }
    };
    if fields.iter().all(|member| is_name(&member.name)) {
        let mut text = format!("\n\nclass {name}({base}, total=False):\n");
        text += &docstring("    ", &[wrap(&about, WIDTH - 10)]);
        for (at, member) in fields.iter().enumerate() {
            text += if at == 0 { "\n" } else { "" };
            text += &format!("    {}: {}\n", member.name, hint(member));
            text += &docstring("    ", &[wrap(&member.doc, WIDTH - 10)]);
        }
        return text;
    }
    // such names have no place in a class
    let mut text = format!("\n\n{name} = TypedDict(\n    \"{name}\",\n    {{\n");
    if body.facts.is_resource() {
        for (name, mapping, _) in RESOURCE {
            text += &format!("        \"{name}\": {},\n", if mapping { "dict[str, str]" } else { "str" });
        }
    }
    for member in &fields {
        text += &format!("        {}: {},\n", literal(&member.name), hint(member));
    }
    text += "    },\n    total=False,\n)\n";
    text + &docstring("", &[wrap(&about, WIDTH - 6)])
}

/// Whether a field of the name can stand in a class.
pub fn is_name(name: &str) -> bool {
    let mut letters = name.chars();
    let plain = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && !name.starts_with("__");
    plain && !KEYWORDS.contains(&name) && !WRITTEN.contains(&name)
}

fn hint(model: &Model<'_>, enums: &Enums, body: &Body, field: &Field, kind: &Kind) -> String {
    match kind {
        Kind::Plain("Boolean") => "bool".to_owned(),
        Kind::Plain("Int") => "int".to_owned(),
        Kind::Plain("Float") => "float".to_owned(),
        Kind::Plain("Json") => "Any".to_owned(),
        Kind::Plain("IntOrString") => "int | str".to_owned(),
        Kind::Plain(_) | Kind::Reference(_) => "str".to_owned(),
        Kind::Enum => {
            enums.name(field).map_or_else(|| "str".to_owned(), |name| format!("enums.{name} | str"))
        }
        Kind::Array(inner) => format!("list[{}]", hint(model, enums, body, field, inner)),
        Kind::Map(inner) => format!("dict[str, {}]", hint(model, enums, body, field, inner)),
        Kind::Struct(id) => record(model, body, id).unwrap_or_else(|| "dict[str, Any]".to_owned()),
    }
}

/// What lists of a type can be filtered and sorted by.
fn filters(body: &Body) -> String {
    let name = body.rust();
    let names: Vec<&String> = body.facts.filters.keys().collect();
    let about = format!("What lists of `{}` can be filtered by.", body.facts.id);
    let mut text = if names.iter().all(|name| is_name(name)) {
        let fields: String = names.iter().map(|name| format!("    {name}: Match\n")).collect();
        let about = docstring("    ", &[wrap(&about, WIDTH - 10)]);
        format!("\n\nclass {name}Where(TypedDict, total=False):\n{about}\n{fields}")
    } else {
        let fields: String =
            names.iter().map(|name| format!("        {}: Match,\n", literal(name))).collect();
        format!(
            "\n\n{name}Where = TypedDict(\n    \"{name}Where\",\n    {{\n{fields}    }},\n    total=False,\n)\n"
        ) + &docstring("", &[wrap(&about, WIDTH - 6)])
    };
    let words: Vec<String> = names.iter().map(|name| literal(name)).collect();
    text += "\n\n";
    text += &bracketed("", &format!("{name}Filter: TypeAlias = Literal["), &words, "]");
    let about = format!("What lists of `{}` can be filtered and sorted by.", body.facts.id);
    text + &docstring("", &[wrap(&about, WIDTH - 6)])
}
