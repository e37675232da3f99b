//! The classes of Node.

use crate::nouns::Noun;
use crate::operations::{Child, Group, Input, Operation, Options, Table};
use crate::prose::{WIDTH, stands};
use crate::typescript::{angled, bracketed, camel, comment, header, options_of};
use crate::{Failure, names, typescript};

const FROM: &str = "rancher-client/bridge/operations.json";
const ANY: &str = "Record<string, unknown>";

/// The text of `ts/generated/resources.ts`.
///
/// # Errors
///
/// The table names what it does not have.
pub fn file(table: &Table, nouns: &[Noun]) -> Result<String, Failure> {
    let mut body = shared(table)?;
    for operation in &table.operations {
        body += &own(operation);
    }
    for (name, group) in table.groups() {
        for child in &group.children {
            body += &narrowing(table, name, child)?;
        }
    }
    // a class stands after those that it hands out
    let mut groups = table.groups();
    groups.reverse();
    for (name, group) in groups {
        body += &class(table, nouns, name, group)?;
    }
    let mut text = header("What can be called.", FROM);
    text += "import { Calls, seconds } from '../border.js';\nimport type { Call } from '../border.js';\n";
    let used = |names: &[&str]| -> Vec<String> {
        names.iter().filter(|name| stands(&body, name)).map(|name| (*name).to_owned()).collect()
    };
    let flows = used(&["LogLines", "Watch"]);
    if !flows.is_empty() {
        text += &bracketed("", "import type {", &flows, "} from '../flows.js';");
    }
    let objects = used(&["Deleted", "Ensured", "Kept", "ObjectList", "RecordList", "Response"]);
    text += &bracketed("", "import type {", &objects, "} from '../objects.js';");
    text += &bracketed("", "import type {", &used(&["Secret"]), "} from '../secret.js';");
    text += "import type * as management from './types/management.js';\n";
    let shapes =
        table.values.keys().map(String::as_str).chain(typescript::values::ALIASES.map(|(name, ..)| name));
    let mut shapes: Vec<String> = shapes.filter(|name| stands(&body, name)).map(str::to_owned).collect();
    shapes.sort();
    text += &bracketed("", "import type {", &shapes, "} from './values.js';");
    Ok(text + &body)
}

/// The name of a class; the client itself is written by hand above its operations.
fn class_name(group: &str) -> String {
    if group == "Client" { "ClientOperations".to_owned() } else { group.to_owned() }
}

/// The names of v3 filters are known; Steve filters by any path.
fn is_where(option: &Input, set: &str) -> bool {
    option.ty == "where" && FILTERED.contains(&set)
}

/// The options by which the objects of v3 are chosen.
const FILTERED: [&str; 2] = ["query", "watch_query"];

/// The limits of time, whatever they limit: `Call` has them.
fn is_time(set: &str) -> bool {
    ["timed", "timed_pages", "timed_flow"].contains(&set)
}

/// The interfaces of options that operations share.
fn shared(table: &Table) -> Result<String, Failure> {
    let mut text = String::new();
    for name in table.shared_names() {
        let options = table.shared(name)?;
        if is_time(name) || name == "fields" {
            continue;
        }
        let filtered = options.iter().any(|option| is_where(option, name));
        let of = if filtered { "<W extends object = Where>" } else { "" };
        text += "\n";
        text += &comment("", "Options that several operations share.", &[]);
        text += &format!("export interface {}{of} {{\n", names::pascal(name));
        for option in options {
            text += &member(option, filtered);
        }
        text += "}\n";
    }
    Ok(text)
}

fn member(option: &Input, filtered: bool) -> String {
    let doc = match option.ty.as_str() {
        "seconds" => format!("{} In milliseconds.", option.doc),
        // both are understood; that of the language is told
        "where" => option.doc.replace("`not_like`", "`notLike`").replace("`any_of`", "`anyOf`"),
        _ => option.doc.clone(),
    };
    let ty = match option.ty.as_str() {
        "where" if filtered => "W".to_owned(),
        "string" if filtered && option.name == "sort" => "keyof W & string".to_owned(),
        _ => hint(option, ""),
    };
    let ty = if ty == "unknown" { ty } else { ty + " | undefined" };
    format!("{}  readonly {}?: {ty};\n", comment("  ", &doc, &[]), camel(&option.name))
}

/// Whether an operation takes nothing but a limit of time.
fn is_plain(operation: &Operation) -> bool {
    operation.options.iter().all(|options| matches!(options, Options::Shared(name) if name == "timed"))
}

/// The interface of the options of one operation.
fn own(operation: &Operation) -> String {
    if is_plain(operation) {
        return String::new();
    }
    let mut bases = Vec::new();
    let mut members = String::new();
    let mut timed = false;
    let mut filtered = false;
    for options in &operation.options {
        match options {
            Options::Shared(name) if is_time(name) => timed = true,
            Options::Shared(name) if name == "fields" => {}
            Options::Shared(name) if FILTERED.contains(&name.as_str()) => {
                filtered = true;
                bases.push(format!("{}<W>", names::pascal(name)));
            }
            Options::Shared(name) => bases.push(names::pascal(name)),
            Options::Own(option) if option.name == "timeout" => timed = true,
            Options::Own(option) => members += &member(option, false),
        }
    }
    if operation.waits() {
        members += &comment("  ", "Is told after each look what is still to come.", &[]);
        members += "  readonly onProgress?: ((progress: WaitProgress) => void) | undefined;\n";
    }
    bases.push(if timed { "Call" } else { "Pick<Call, 'signal'>" }.to_owned());
    let of = if filtered { "<W extends object = Where>" } else { "" };
    let doc = format!("Options of `{}.{}`.", class_name(&operation.group), camel(&operation.method));
    let mut text = String::from("\n") + &comment("", &doc, &[]);
    let (start, bases) = (format!("export interface {}{of}", options_of(&operation.name)), bases.join(", "));
    let line = format!("{start} extends {bases}");
    let long = line.chars().count() + " {}".len() > WIDTH;
    text += &if long { format!("{start}\n  extends {bases}") } else { line };
    if members.is_empty() { text + " {}\n" } else { text + " {\n" + &members + "}\n" }
}

fn class(table: &Table, nouns: &[Noun], name: &str, group: &Group) -> Result<String, Failure> {
    let of = match (&group.of, name) {
        (Some(of), "Collection") => format!("<{of} extends object, W extends object = Where>"),
        (Some(of), _) => format!("<{of} extends object>"),
        (None, _) => String::new(),
    };
    let mut members = String::new();
    if name == "Client" {
        for noun in nouns {
            members += &getter(noun);
        }
    }
    for child in &group.children {
        members += &hand_out(table, name, child)?;
    }
    for operation in table.of(name) {
        members += &method(table, group, operation)?;
    }
    let mut text = String::from("\n") + &comment("", &group.doc, &[]);
    text += &format!("export class {}{of} extends Calls {{\n", class_name(name));
    text += members.strip_prefix('\n').unwrap_or(&members);
    Ok(text + "}\n")
}

fn getter(noun: &Noun) -> String {
    let of = ["", "Where"].map(|end| format!("management.{}{end}", noun.record));
    let target = format!("{{ collection: '{}' }}", noun.collection);
    let mut text = String::from("\n");
    text += &comment("  ", &format!("The collection `{}` of the v3 API.", noun.collection), &[]);
    text += &angled("  ", &format!("get {}(): Collection<", camel(&noun.name)), &of, "> {");
    text += &angled("    ", "return this._child(Collection<", &of, &format!(">, {target});"));
    text + "  }\n"
}

fn options_of_child(from: &str, child: &Child) -> String {
    format!("{from}{}Options", names::pascal(&child.method))
}

/// The interface of the options of a method that hands out a class.
fn narrowing(table: &Table, from: &str, child: &Child) -> Result<String, Failure> {
    if child.options.is_empty() {
        return Ok(String::new());
    }
    let doc = format!("Options of `{}.{}`.", class_name(from), camel(&child.method));
    let mut text = String::from("\n") + &comment("", &doc, &[]);
    text += &format!("export interface {} {{\n", options_of_child(from, child));
    for part in &child.options {
        let input = table.target(&child.group, part.target())?;
        text += &member(&Input { name: part.name().to_owned(), ..input.clone() }, false);
    }
    Ok(text + "}\n")
}

fn hand_out(table: &Table, from: &str, child: &Child) -> Result<String, Failure> {
    let mut target: Vec<String> =
        child.inherits.iter().map(|part| format!("{part}: this._target['{part}']")).collect();
    let mut parameters = Vec::new();
    let mut tags = Vec::new();
    for part in &child.arguments {
        let input = table.target(&child.group, part.target())?;
        let name = camel(part.name());
        tags.push((format!("@param {name} -"), input.doc.clone()));
        parameters.push(format!("{name}: {}", hint(input, "")));
        target.push(if name == part.target() { name } else { format!("{}: {name}", part.target()) });
    }
    for part in &child.options {
        let name = camel(part.name());
        target.push(format!("{}: options.{name}", part.target()));
    }
    if !child.options.is_empty() {
        parameters.push(format!("options: {} = {{}}", options_of_child(from, child)));
    }
    let typed = table.group(&child.group)?.of.is_some();
    let of = if typed { format!("<T extends object = {ANY}>") } else { String::new() };
    let class = class_name(&child.group) + if typed { "<T>" } else { "" };
    let mut text = String::from("\n");
    if child.is_property() {
        let class = if typed { class.replace("<T>", &format!("<{ANY}>")) } else { class };
        text += &comment("  ", &child.doc, &tags);
        text += &bracketed("  ", &format!("get {}(", camel(&child.method)), &[], &format!("): {class} {{"));
        text += &bracketed("    ", &format!("return this._child({class}, {{"), &target, "});");
        return Ok(text + "  }\n");
    }
    text += &comment("  ", &format!("{} Nothing is sent.", child.doc), &tags);
    text +=
        &bracketed("  ", &format!("{}{of}(", camel(&child.method)), &parameters, &format!("): {class} {{"));
    let known: Vec<String> = child.options.iter().map(|part| format!("'{}'", camel(part.name()))).collect();
    let end = match known.is_empty() {
        true => "});".to_owned(),
        false => format!("}}, options, [{}]);", known.join(", ")),
    };
    text += &bracketed("    ", &format!("return this._child({class}, {{"), &target, &end);
    Ok(text + "  }\n")
}

/// The name of an argument, which no word of the language can be. It is given by position.
fn variable(name: &str) -> String {
    let name = camel(name);
    match ["class", "default", "delete", "export", "function", "import", "new", "this"]
        .contains(&name.as_str())
    {
        true => name + "_",
        false => name,
    }
}

fn method(table: &Table, group: &Group, operation: &Operation) -> Result<String, Failure> {
    let options = table.options(operation)?;
    let of = group.of.as_deref().unwrap_or(ANY);
    let returns = operation.kind();
    let mut positional = Vec::new();
    let mut tags = Vec::new();
    for input in &operation.arguments {
        let name = variable(&input.name);
        tags.push((format!("@param {name} -"), input.doc.clone()));
        let ty = match input.ty.as_str() {
            "data" if group.of.is_some() => of.to_owned(),
            "strings" if group.of.is_some() => {
                format!("(keyof {of} & string) | readonly (keyof {of} & string)[]")
            }
            _ => hint(input, of),
        };
        positional.push(format!("{name}: {ty}"));
    }
    if returns == "edit" {
        positional.push(format!("change: (object: Kept<{of}>) => Changed<{of}>"));
        let doc = "Is given the object, and changes it or returns another; is called again if somebody else was faster.";
        tags.push(("@param change -".to_owned(), doc.to_owned()));
    }
    if let Some(option) = options.iter().find(|option| option.ty == "fields") {
        tags.push(("@param options.fields -".to_owned(), option.doc.clone()));
    }
    tags.push(("@throws RancherError:".to_owned(), operation.errors.clone()));
    tags.push(("@remarks Scope:".to_owned(), operation.scope.clone()));
    let filtered = operation
        .options
        .iter()
        .any(|options| matches!(options, Options::Shared(name) if FILTERED.contains(&name.as_str())));
    let taken = match is_plain(operation) {
        true => "Call".to_owned(),
        false => options_of(&operation.name) + if filtered { "<W>" } else { "" },
    };
    let name = camel(&operation.method);
    let any = operation.is_any();
    let generic = match returns {
        _ if any => format!("<R extends object = {ANY}>"),
        "json" => "<R = unknown>".to_owned(),
        _ => String::new(),
    };
    let of = if any { "R" } else { of };
    let result = result(operation, of);
    let mut text = String::from("\n") + &comment("  ", &operation.doc, &tags);
    let signature = |options: String, end: String| {
        let mut all = positional.clone();
        all.push(options);
        bracketed("  ", &format!("{name}{generic}("), &all, &end)
    };
    if has_fields(&options) {
        text += &signature(
            format!("options: {taken} & {{ readonly fields: Fields }}"),
            "): RecordList;".to_owned(),
        );
        text += &signature(format!("options?: {taken}"), format!("): {result};"));
        let all = format!("options: {taken} & {{ readonly fields?: Fields }} = {{}}");
        text += &signature(all, format!("): {result} | RecordList {{"));
    } else {
        text += &signature(format!("options: {taken} = {{}}"), format!("): {result} {{"));
    }
    Ok(text + &body(operation, &options, of) + "  }\n")
}

fn hint(input: &Input, of: &str) -> String {
    if !input.one_of.is_empty() {
        let words: Vec<String> = input.one_of.iter().map(|word| typescript::text(word)).collect();
        return words.join(" | ");
    }
    match input.ty.as_str() {
        "integer" | "seconds" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "strings" => "string | readonly string[]".to_owned(),
        "texts" => "Readonly<Record<string, string>>".to_owned(),
        "json" => "unknown".to_owned(),
        "data" => "object".to_owned(),
        "where" => "Where".to_owned(),
        "fields" => "Fields".to_owned(),
        "conditions" => "Conditions".to_owned(),
        "questions" => "readonly (string | Question)[]".to_owned(),
        "object" => format!("Kept<{of}>"),
        "object or id" => format!("Kept<{of}> | string"),
        _ => "string".to_owned(),
    }
}

fn has_fields(options: &[&Input]) -> bool {
    options.iter().any(|option| option.ty == "fields")
}

/// The type of the value that an operation returns.
fn value(operation: &Operation) -> Option<String> {
    Some(typescript::values::forms(&operation.value()?).join(" | "))
}

fn result(operation: &Operation, of: &str) -> String {
    let inner = match (operation.kind(), value(operation)) {
        (_, Some(value)) => value,
        ("objects", _) => return format!("ObjectList<{of}>"),
        ("events", _) => return format!("Watch<{of}>"),
        ("lines", _) => return "LogLines".to_owned(),
        ("nothing", _) => "void".to_owned(),
        ("object or nothing" | "wait gone", _) => format!("Kept<{of}> | undefined"),
        ("json", _) => "R".to_owned(),
        ("Response", _) => "Response".to_owned(),
        ("ensured", _) => format!("Ensured<{of}>"),
        ("deleted", _) => format!("Deleted<{of}>"),
        _ => format!("Kept<{of}>"),
    };
    format!("Promise<{inner}>")
}

fn body(operation: &Operation, options: &[&Input], of: &str) -> String {
    let mut given = Vec::new();
    let mut text = String::new();
    let mut original = "";
    for input in &operation.arguments {
        let name = variable(&input.name);
        match input.ty.as_str() {
            "object" | "object or id" => {
                let read = if input.ty == "object" { "_changed" } else { "_subject" };
                text += &format!("    const [subject, original] = this.{read}({name});\n");
                given.push("...subject".to_owned());
                original = ", original";
            }
            _ if name == input.name => given.push(name),
            _ => given.push(format!("{}: {name}", input.name)),
        }
    }
    for option in options.iter().filter(|option| option.ty != "fields") {
        let value = format!("options.{}", camel(&option.name));
        let value = if option.ty == "seconds" { format!("seconds({value})") } else { value };
        given.push(format!("{}: {value}", option.name));
    }
    let value = value(operation);
    let (name, generic, more) = match (operation.kind(), value.as_deref()) {
        ("object", _) => ("_object", of, ""),
        ("object or nothing", _) => ("_maybeObject", of, ""),
        ("ensured", _) => ("_ensured", of, ""),
        ("deleted", _) => ("_deleted", of, ""),
        ("wait", _) => ("_wait", of, "options.onProgress, "),
        ("wait gone", _) => ("_waitGone", of, "options.onProgress, "),
        ("edit", _) => ("_edit", of, "change, "),
        ("Response", _) => ("_response", "", ""),
        ("json", _) => ("_json", "R", ""),
        ("objects", _) => ("_objects", of, ""),
        ("events", _) => ("_events", of, ""),
        ("lines", _) => ("_lines", "", ""),
        ("nothing", _) => ("_nothing", "", ""),
        (_, value) if operation.waits() => ("_waitValue", value.unwrap_or_default(), "options.onProgress, "),
        (_, value) => ("_value", value.unwrap_or_default(), ""),
    };
    let call = |indent: &str, start: &str, name: &str, generic: &str, given: &[String]| {
        let generic = if generic.is_empty() { String::new() } else { format!("<{generic}>") };
        let start = format!("{start}this.{name}{generic}('{}', {{", operation.name);
        bracketed(indent, &start, given, &format!("}}, {more}options{original});"))
    };
    if has_fields(options) {
        let mut records = given.clone();
        records.push("fields: options.fields".to_owned());
        text += "    if (options.fields !== undefined) {\n";
        text += &call("      ", "return ", "_records", "", &records);
        text += "    }\n";
    }
    text + &call("    ", "return ", name, generic, &given)
}
