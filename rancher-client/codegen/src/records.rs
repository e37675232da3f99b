//! The structs, and beside those of resources the constants of their filters and actions.

use std::collections::{BTreeMap, BTreeSet};

use crate::enums::Enums;
use crate::facts::{Action, Api, Field};
use crate::kind::Kind;
use crate::model::{Body, Model};
use crate::{Failure, Files, names};

/// Writes a file for each resource, and files of parts.
///
/// # Errors
///
/// Two constants or two fields of a type would get one name.
pub fn write(model: &Model<'_>, enums: &Enums, files: &mut Files) -> Result<(), Failure> {
    let mut groups: BTreeMap<(String, &str), Vec<&Body>> = BTreeMap::new();
    for body in &model.bodies {
        groups.entry((body.folder(), &body.file)).or_default().push(body);
    }
    for ((folder, file), mut bodies) in groups {
        bodies.sort_by_key(|body| (!body.facts.is_resource(), &body.facts.id));
        let mut text = String::new();
        for body in &bodies {
            text += &record(model, enums, body)?;
            if body.facts.is_resource() {
                text += &constants(model, body)?;
            }
        }
        let mut head = crate::header(&about(&bodies));
        head += "\n";
        if text.contains("BTreeMap<") {
            head += "use std::collections::BTreeMap;\n\n";
        }
        head += &imports(model, &bodies);
        let macros: Vec<&str> = ["actions", "filters", "record"]
            .into_iter()
            .filter(|name| text.contains(&format!("\n{name}! {{")))
            .collect();
        head += &match macros.as_slice() {
            [one] => format!("use crate::macros::{one};\n"),
            several => format!("use crate::macros::{{{}}};\n", several.join(", ")),
        };
        files.insert(format!("{folder}/{file}.rs"), head + &text);
    }
    Ok(())
}

fn about(bodies: &[&Body]) -> String {
    match bodies.first() {
        Some(first) if first.facts.is_resource() && bodies.len() == 1 => {
            format!("The type `{}`.", first.facts.id)
        }
        Some(first) if first.facts.is_resource() => format!("The type `{}` and its parts.", first.facts.id),
        Some(first) if first.apis.len() > 1 => "Parts that several APIs share.".to_owned(),
        _ => "Parts of other types, by the first letter.".to_owned(),
    }
}

/// What the bodies of a file name of other files.
fn imports(model: &Model<'_>, bodies: &[&Body]) -> String {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for body in bodies {
        for other in model.named_by(body) {
            if (other.folder(), &other.file) != (body.folder(), &body.file) {
                paths.entry(crate::modules::path(body, other)).or_default().insert(other.rust());
            }
        }
    }
    let line = |(path, names): (String, BTreeSet<String>)| {
        let names: Vec<String> = names.into_iter().collect();
        match names.as_slice() {
            [name] => format!("use {path}::{name};\n"),
            several => format!("use {path}::{{{}}};\n", several.join(", ")),
        }
    };
    paths.into_iter().map(line).collect()
}

fn record(model: &Model<'_>, enums: &Enums, body: &Body) -> Result<String, Failure> {
    let resource = if body.facts.is_resource() { "resource " } else { "" };
    let mut text = format!(
        "\nrecord! {{\n    /// {}\n    {resource}{} = super::info::{};\n",
        describe(body),
        body.rust(),
        body.info()
    );
    let mut taken: BTreeSet<String> = ["other".to_owned()].into();
    let mut add = |name: String, json: &str, ty: &str, doc: &str| {
        text += &format!("    /// {doc}\n    {name} {json:?}: {ty},\n");
        if taken.insert(name) {
            Ok(())
        } else {
            Err(Failure::new(format!("{} has two fields {json}", body.facts.id)))
        }
    };
    for (json, field) in &body.facts.fields {
        // the macro gives these to every resource
        if body.facts.is_resource() && ["id", "type", "baseType", "links", "actions"].contains(&json.as_str())
        {
            continue;
        }
        let Some(kind) = body.kinds.get(json) else { continue };
        let secret = sensitive(model, body, json);
        let ty = rust_type(model, enums, body, field, kind, secret);
        add(names::snake(json), json, &ty, &doc(field, kind, secret))?;
        if *kind == Kind::Plain("Date") && !body.facts.fields.contains_key(&format!("{json}TS")) {
            let doc = format!("`{json}` in milliseconds since 1970. Set by the server.");
            add(names::snake(json) + "_ts", &format!("{json}TS"), "i64", &doc)?;
        }
    }
    Ok(text + "}\n")
}

/// Whether a field holds a secret.
pub fn sensitive(model: &Model<'_>, body: &Body, field: &str) -> bool {
    let typed = body.kinds.get(field).map(Kind::innermost) == Some(&Kind::Plain("Password"));
    typed || model.facts.judged.is_sensitive(&body.facts.id, field)
}

fn rust_type(
    model: &Model<'_>,
    enums: &Enums,
    body: &Body,
    field: &Field,
    kind: &Kind,
    secret: bool,
) -> String {
    let inner = |kind: &Kind| match kind {
        // a list or a map is a pointer already
        Kind::Struct(id) => struct_name(model, body, id),
        other => rust_type(model, enums, body, field, other, secret),
    };
    match kind {
        Kind::Plain("Boolean") => "bool".to_owned(),
        Kind::Plain("Int") => "i64".to_owned(),
        Kind::Plain("Float") => "f64".to_owned(),
        Kind::Plain("Json") => "serde_json::Value".to_owned(),
        Kind::Plain("IntOrString") => "crate::IntOrString".to_owned(),
        Kind::Plain(_) if secret => "crate::Secret".to_owned(),
        Kind::Plain(_) | Kind::Reference(_) => "String".to_owned(),
        Kind::Enum => {
            enums.name(field).map_or_else(|| "String".to_owned(), |name| format!("crate::enums::{name}"))
        }
        Kind::Array(kind) => format!("Vec<{}>", inner(kind)),
        Kind::Map(kind) => format!("BTreeMap<String, {}>", inner(kind)),
        Kind::Struct(id) if model.is_boxed(body, id) => format!("Box<{}>", struct_name(model, body, id)),
        Kind::Struct(id) => struct_name(model, body, id),
    }
}

fn struct_name(model: &Model<'_>, body: &Body, id: &str) -> String {
    model.body(body.api(), id).map_or_else(|| "serde_json::Value".to_owned(), Body::rust)
}

/// What a type is, in one line.
pub fn describe(body: &Body) -> String {
    let apis: Vec<&str> = body.apis.iter().map(|api| api.as_str()).collect();
    let apis = match apis.as_slice() {
        [one] => format!("{one} API"),
        [first, second] => format!("{first} and {second} APIs"),
        _ => "management, cluster and project APIs".to_owned(),
    };
    let ty = &body.facts;
    if !ty.is_resource() {
        return format!("The part `{}` of the {apis}.", ty.id);
    }
    let mut text = format!("The type `{}` of the {apis}", ty.id);
    text += &match &ty.collection {
        Some(collection) => format!(", in the collection `{collection}`"),
        None => ", without a collection".to_owned(),
    };
    if !ty.collection_methods.is_empty() {
        text += &format!(" ({})", ty.collection_methods.join(", "));
    }
    match ty.resource_methods.as_slice() {
        [] => text + ".",
        methods => text + &format!("; an object takes {}.", methods.join(", ")),
    }
}

/// What is stated of a field, in one line.
pub fn doc(field: &Field, kind: &Kind, secret: bool) -> String {
    let mut said = vec![match (field.create, field.update) {
        (true, true) => "Set at creation and changed by updates.".to_owned(),
        (true, false) => "Set at creation.".to_owned(),
        (false, true) => "Changed by updates.".to_owned(),
        (false, false) => "Set by the server.".to_owned(),
    }];
    if field.required {
        said.push("Required.".to_owned());
    }
    match kind.innermost() {
        Kind::Reference(to) if kind.innermost() == kind => said.push(format!("The id of a `{to}`.")),
        Kind::Reference(to) => said.push(format!("Ids of a `{to}` each.")),
        Kind::Plain("Date") => said.push("A time.".to_owned()),
        Kind::Plain("Base64") => said.push("Base 64.".to_owned()),
        Kind::Plain("DnsLabel") => said.push("A DNS label.".to_owned()),
        Kind::Plain("DnsLabelRestricted") => said.push("A DNS label that begins with a letter.".to_owned()),
        Kind::Plain("Hostname") => said.push("A host name.".to_owned()),
        _ => {}
    }
    if !field.options.is_empty() && *kind.innermost() != Kind::Enum {
        let options: Vec<String> = field.options.iter().map(|option| format!("`{option}`")).collect();
        said.push(format!("One of {}.", options.join(", ")));
    }
    if secret {
        said.push("A secret.".to_owned());
    }
    if field.write_only {
        said.push("Not sent back.".to_owned());
    }
    match &field.default {
        Some(serde_json::Value::String(text)) if text.is_empty() => {
            said.push("Default: an empty text.".to_owned())
        }
        Some(serde_json::Value::String(text)) => said.push(format!("Default: `{text}`.")),
        Some(value) => said.push(format!("Default: {value}.")),
        None => {}
    }
    for (bound, value) in [("At least", field.min), ("At most", field.max)] {
        said.extend(value.map(|value| format!("{bound} {value}.")));
    }
    for (bound, value) in [("At least", field.min_length), ("At most", field.max_length)] {
        said.extend(value.map(|value| format!("{bound} {value} characters.")));
    }
    said.join(" ")
}

fn constants(model: &Model<'_>, body: &Body) -> Result<String, Failure> {
    let ty = &body.facts;
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let mut clash = |name: &str, what: String| match taken.insert(name.to_owned(), what.clone()) {
        Some(before) if before != what => Err(Failure::new(format!("{} has two constants {name}", ty.id))),
        before => Ok(before.is_some()),
    };
    let mut filters = String::new();
    for json in ty.filters.keys() {
        let name = names::screaming(json);
        clash(&name, format!("filter {json}"))?;
        filters += &format!("    {name} = {json:?};\n");
    }
    let mut actions = String::new();
    for (json, action) in ty.actions.iter().chain(&ty.collection_actions) {
        let name = names::screaming(json);
        let types = signature(model, body.api(), action);
        // a user and the collection of users have an action of one name
        if !clash(&name, format!("action {json} {types}"))? {
            actions += &format!("    {name} = {json:?}: {types};\n");
        }
    }
    let mut text = String::new();
    for (name, lines) in [("filters", filters), ("actions", actions)] {
        if !lines.is_empty() {
            text += &format!("\n{name}! {{\n{lines}}}\n");
        }
    }
    Ok(text)
}

fn signature(model: &Model<'_>, api: Api, action: &Action) -> String {
    let name = |id: &Option<String>| match id {
        None => "crate::Empty".to_owned(),
        Some(id) => model.body(api, id).map_or_else(|| "serde_json::Value".to_owned(), Body::rust),
    };
    format!("{} => {}", name(&action.input), name(&action.output))
}
