//! The records of TypeScript: an interface for each type.

use crate::enums::Enums;
use crate::facts::{Api, Field};
use crate::kind::Kind;
use crate::members::{RESOURCE, members, module, record, shared_with};
use crate::model::{Body, Model};
use crate::typescript::{bracketed, comment, header, key, text as literal, union};
use crate::{Failure, Files, records};

const FROM: &str = "rancher-client/schemas";

/// Names that the forms of fields are written with.
const WRITTEN: [&str; 6] = ["Array", "Match", "Options", "Record", "Resource", "Where"];

/// Writes the modules of `ts/generated/types`.
///
/// # Errors
///
/// Two interfaces would get one name.
pub fn write(model: &Model<'_>, enums: &Enums, files: &mut Files) -> Result<(), Failure> {
    files.insert("types/enums.ts".to_owned(), options(enums));
    files.insert("types/shared.ts".to_owned(), text(model, enums, None)?);
    for api in Api::ALL {
        files.insert(format!("types/{}.ts", api.as_str()), text(model, enums, Some(api))?);
    }
    Ok(())
}

fn options(enums: &Enums) -> String {
    let mut text =
        header("Texts of which the server states the options. Others come with newer servers.", FROM);
    for (name, doc, options) in enums.all() {
        let mut options: Vec<String> = options.iter().map(|option| literal(option)).collect();
        options.push("(string & {})".to_owned());
        text += &comment("", doc, &[]);
        text += &union("", &format!("export type {name} ="), &options, ";");
        text += "\n";
    }
    text.trim_end().to_owned() + "\n"
}

fn text(model: &Model<'_>, enums: &Enums, api: Option<Api>) -> Result<String, Failure> {
    let bodies = module(model, api);
    let mut text = String::new();
    let mut names: Vec<String> = bodies.iter().map(|body| body.rust()).collect();
    match api {
        None => text += &common(),
        Some(api) => names.extend(shared_with(model, api)),
    }
    for body in bodies {
        text += &interface(model, enums, body);
        if !body.facts.filters.is_empty() {
            names.push(format!("{}Where", body.rust()));
            text += &filters(body);
        }
    }
    names.extend(WRITTEN.map(str::to_owned));
    names.sort();
    if let Some(twice) = names.windows(2).find(|pair| pair.first() == pair.last()) {
        return Err(Failure::new(format!("two types of TypeScript would be called {twice:?}")));
    }
    let about = match api {
        Some(api) => format!("The types of the {} part of the v3 API.", api.as_str()),
        None => "Types that the parts of the v3 API share.".to_owned(),
    };
    let mut head = header(&about, FROM);
    if text.contains(": Match") {
        head += "import type { Match } from '../values.js';\n";
    }
    if text.contains("enums.") {
        head += "import type * as enums from './enums.js';\n";
    }
    if let Some(api) = api {
        let shared = shared_with(model, api);
        let mut used: Vec<String> = shared.iter().filter(|name| is_used(&text, name)).cloned().collect();
        if text.contains("extends Resource") {
            used.push("Resource".to_owned());
            used.sort();
        }
        if !used.is_empty() {
            head += &bracketed("", "import type {", &used, "} from './shared.js';");
        }
        head += "\n";
        head += &bracketed("", "export type {", &shared, "} from './shared.js';");
    }
    let text = if api.is_some() { "\n".to_owned() + &text } else { text };
    Ok((head + &text).trim_end().to_owned() + "\n")
}

/// Whether fields are of this type.
fn is_used(text: &str, name: &str) -> bool {
    [": ", "<", ", "].iter().any(|before| {
        [";", ">", "[", " |"].iter().any(|after| text.contains(&format!("{before}{name}{after}")))
    })
}

/// What all objects have.
fn common() -> String {
    let mut text = comment("", "What the server adds to objects that stand alone.", &[]);
    text += "export interface Resource {\n";
    for (name, mapping, doc) in RESOURCE {
        text += &comment("  ", doc, &[]);
        let ty = if mapping { "Readonly<Record<string, string>>" } else { "string" };
        text += &format!("  readonly {name}?: {ty};\n");
    }
    text + "}\n\n"
}

fn interface(model: &Model<'_>, enums: &Enums, body: &Body) -> String {
    let base = if body.facts.is_resource() { " extends Resource" } else { "" };
    let mut text = comment("", &records::describe(body), &[]);
    text += &format!("export interface {}{base} {{\n", body.rust());
    for member in members(model, body) {
        let readonly = if member.readonly { "readonly " } else { "" };
        let mut ty = form(model, enums, body, member.field, &member.kind);
        if member.nullable && ty != "unknown" {
            ty += " | null";
        }
        text += &comment("  ", &member.doc, &[]);
        text += &format!("  {readonly}{}?: {ty};\n", key(&member.name));
    }
    text + "}\n\n"
}

fn form(model: &Model<'_>, enums: &Enums, body: &Body, field: &Field, kind: &Kind) -> String {
    match kind {
        Kind::Plain("Boolean") => "boolean".to_owned(),
        Kind::Plain("Int" | "Float") => "number".to_owned(),
        Kind::Plain("Json") => "unknown".to_owned(),
        Kind::Plain("IntOrString") => "number | string".to_owned(),
        Kind::Plain(_) | Kind::Reference(_) => "string".to_owned(),
        Kind::Enum => enums.name(field).map_or_else(|| "string".to_owned(), |name| format!("enums.{name}")),
        Kind::Array(inner) => match form(model, enums, body, field, inner) {
            inner if inner.contains(" | ") => format!("({inner})[]"),
            inner => format!("{inner}[]"),
        },
        Kind::Map(inner) => format!("Record<string, {}>", form(model, enums, body, field, inner)),
        Kind::Struct(id) => record(model, body, id).unwrap_or_else(|| "Record<string, unknown>".to_owned()),
    }
}

/// What lists of a type can be filtered and sorted by.
fn filters(body: &Body) -> String {
    let about = format!("What lists of `{}` can be filtered and sorted by.", body.facts.id);
    let mut text = comment("", &about, &[]);
    text += &format!("export interface {}Where {{\n", body.rust());
    for name in body.facts.filters.keys() {
        text += &format!("  readonly {}?: Match | undefined;\n", key(name));
    }
    text + "}\n\n"
}
