//! The `TypeInfo` of every type, as statics that refer to each other.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{Action, Api, Field};
use crate::kind::Kind;
use crate::model::{Body, Model};
use crate::{Failure, Files, names, records};

/// Writes a file of statics for each file of structs.
///
/// # Errors
///
/// The facts state a method, a modifier or a default that `TypeInfo` has no form for.
pub fn write(model: &Model<'_>, files: &mut Files) -> Result<(), Failure> {
    let mut groups: BTreeMap<(String, &str), Vec<&Body>> = BTreeMap::new();
    for body in &model.bodies {
        groups.entry((body.folder(), &body.file)).or_default().push(body);
    }
    for ((folder, file), mut bodies) in groups {
        bodies.sort_by_key(|body| (!body.facts.is_resource(), &body.facts.id));
        let mut text = crate::header("What the server states of these types.");
        text += "\nuse crate::info::build::*;\n";
        text += &imports(model, &bodies);
        for body in bodies {
            text += &info(model, body)?;
        }
        files.insert(format!("{folder}/info/{file}.rs"), text);
    }
    Ok(())
}

fn imports(model: &Model<'_>, bodies: &[&Body]) -> String {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for body in bodies {
        for other in model.named_by(body) {
            if (other.folder(), &other.file) != (body.folder(), &body.file) {
                let path = crate::modules::path(body, other) + "::info";
                paths.entry(path).or_default().insert(other.info());
            }
        }
    }
    let line = |(path, names): (String, BTreeSet<String>)| {
        let names: Vec<String> = names.into_iter().collect();
        format!("use {path}::{{{}}};\n", names.join(", "))
    };
    paths.into_iter().map(line).collect()
}

fn info(model: &Model<'_>, body: &Body) -> Result<String, Failure> {
    let ty = &body.facts;
    let api = names::pascal(body.api().as_str());
    let mut text = format!(
        "\n/// {}\npub static {}: TypeInfo = TypeInfo {{\n    id: {:?},\n    plural: {:?},\n",
        records::describe(body),
        body.info(),
        ty.id,
        ty.plural
    );
    if let Some(collection) = &ty.collection {
        text += &format!("    collection: Some({collection:?}),\n");
    }
    let mut fields = String::new();
    for (name, stated) in &ty.fields {
        let Some(kind) = body.kinds.get(name) else { continue };
        fields += &format!("        {},\n", field(model, body, name, stated, kind)?);
    }
    text += &list("fields", &fields);
    let mut filters = String::new();
    for (name, modifiers) in &ty.filters {
        filters += &format!("        filter({name:?}, {}),\n", modifier_list(modifiers)?);
    }
    text += &list("filters", &filters);
    for (name, methods) in
        [("collection_methods", &ty.collection_methods), ("resource_methods", &ty.resource_methods)]
    {
        if !methods.is_empty() {
            let methods =
                methods.iter().map(|method| known(&names::pascal(method), &["Get", "Post", "Put", "Delete"]));
            text += &format!("    {name}: &[{}],\n", methods.collect::<Result<Vec<_>, _>>()?.join(", "));
        }
    }
    for (name, actions) in [("actions", &ty.actions), ("collection_actions", &ty.collection_actions)] {
        let lines: String = actions.iter().map(|(name, stated)| action(model, body, name, stated)).collect();
        text += &list(name, &lines);
    }
    if let Some(collection) = &ty.collection {
        let below_cluster = format!("scoped(\"/v3/cluster/{{clusterId}}/{collection}\")");
        let roads = match body.api() {
            Api::Management if model.facts.roads.in_cluster.contains(&ty.id) => {
                format!("unscoped(\"/v3/{collection}\"), {below_cluster}")
            }
            Api::Management => format!("unscoped(\"/v3/{collection}\")"),
            Api::Cluster => below_cluster,
            Api::Project => format!("unscoped(\"/v3/project/{{projectId}}/{collection}\")"),
        };
        text += &format!("    roads: &[{roads}],\n");
    }
    Ok(text + &format!("    ..part(Api::{api})\n}};\n"))
}

fn list(name: &str, lines: &str) -> String {
    if lines.is_empty() { String::new() } else { format!("    {name}: &[\n{lines}    ],\n") }
}

fn action(model: &Model<'_>, body: &Body, name: &str, action: &Action) -> String {
    let info = |id: &Option<String>| {
        let found = id.as_ref().and_then(|id| model.body(body.api(), id));
        found.map_or_else(|| "None".to_owned(), |other| format!("Some(&{})", other.info()))
    };
    format!("        action({name:?}, {}, {}),\n", info(&action.input), info(&action.output))
}

fn field(model: &Model<'_>, body: &Body, name: &str, field: &Field, kind: &Kind) -> Result<String, Failure> {
    let flags = [
        (field.create, "CREATE"),
        (field.update, "UPDATE"),
        (field.required, "REQUIRED"),
        (field.nullable, "NULLABLE"),
        (field.write_only, "WRITE_ONLY"),
        (records::sensitive(model, body, name), "SENSITIVE"),
    ];
    let flags: Vec<&str> = flags.into_iter().filter_map(|(is, flag)| is.then_some(flag)).collect();
    let flags = if flags.is_empty() { "NOTHING".to_owned() } else { flags.join(" | ") };
    let plain = format!("field({name:?}, {}, {flags})", field_type(model, body, kind));
    let mut more = Vec::new();
    if let Some(default) = &field.default {
        let value = match default {
            serde_json::Value::String(text) => format!("Text({text:?})"),
            serde_json::Value::Bool(value) => format!("Boolean({value})"),
            serde_json::Value::Number(number) if number.is_i64() => format!("Number({number})"),
            other => return Err(Failure::new(format!("{}.{name} has the default {other}", body.facts.id))),
        };
        more.push(format!("default: Some(DefaultValue::{value})"));
    }
    if !field.options.is_empty() {
        more.push(format!("options: &{:?}", field.options));
    }
    for (name, value) in [("min", field.min), ("max", field.max)] {
        more.extend(value.map(|value| format!("{name}: Some({value})")));
    }
    for (name, value) in [("min_length", field.min_length), ("max_length", field.max_length)] {
        more.extend(value.map(|value| format!("{name}: Some({value})")));
    }
    for (name, value) in [("valid_chars", &field.valid_chars), ("invalid_chars", &field.invalid_chars)] {
        more.extend(value.as_ref().map(|value| format!("{name}: Some({value:?})")));
    }
    if more.is_empty() { Ok(plain) } else { Ok(format!("FieldInfo {{ {}, ..{plain} }}", more.join(", "))) }
}

fn field_type(model: &Model<'_>, body: &Body, kind: &Kind) -> String {
    match kind {
        Kind::Plain(name) => (*name).to_owned(),
        Kind::Enum => "Enum".to_owned(),
        Kind::Reference(to) => format!("Reference({to:?})"),
        Kind::Array(inner) => format!("Array(&{})", field_type(model, body, inner)),
        Kind::Map(inner) => format!("Map(&{})", field_type(model, body, inner)),
        Kind::Struct(id) => model
            .body(body.api(), id)
            .map_or_else(|| "Json".to_owned(), |part| format!("Struct(&{})", part.info())),
    }
}

fn modifier_list(modifiers: &[String]) -> Result<String, Failure> {
    match modifiers.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["eq", "ne", "in", "notin"] => Ok("ALL".to_owned()),
        ["eq", "ne"] => Ok("EQUALITY".to_owned()),
        others => {
            let name = |name: &&str| match *name {
                "notin" => Ok("Modifier::NotIn".to_owned()),
                other => {
                    known(&names::pascal(other), &["Eq", "Ne", "In"]).map(|name| format!("Modifier::{name}"))
                }
            };
            let names = others.iter().map(name).collect::<Result<Vec<_>, _>>()?;
            Ok(format!("&[{}]", names.join(", ")))
        }
    }
}

fn known(name: &str, of: &[&str]) -> Result<String, Failure> {
    if of.contains(&name) {
        Ok(name.to_owned())
    } else {
        Err(Failure::new(format!("{name} is none of {of:?}")))
    }
}
