//! The classes of Python, waiting and not.

use crate::nouns::Noun;
use crate::operations::{Child, Group, Input, Operation, Table};
use crate::prose::{WIDTH, stands, wrap};
use crate::python::{bracketed, definition, docstring, entry, header, import, used};
use crate::{Failure, python};

const FROM: &str = "rancher-client/bridge/operations.json";
const ANY: &str = "dict[str, Any]";

/// A way to write the facade.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Calls wait for their answer.
    Sync,
    /// Calls are awaited.
    Async,
}

impl Style {
    fn prefix(self) -> &'static str {
        match self {
            Self::Sync => "",
            Self::Async => "Async",
        }
    }

    /// The name of a class; the client itself is written by hand above its operations.
    fn class(self, group: &str) -> String {
        match group {
            "Client" => format!("{}ClientOperations", self.prefix()),
            other => format!("{}{other}", self.prefix()),
        }
    }

    fn calls(self) -> &'static str {
        match self {
            Self::Sync => "SyncCalls",
            Self::Async => "AsyncCalls",
        }
    }
}

/// The text of `_generated/sync.py` or `_generated/aio.py`.
///
/// # Errors
///
/// The table names what it does not have.
pub fn file(table: &Table, nouns: &[Noun], style: Style) -> Result<String, Failure> {
    let mut body = String::new();
    for (name, group) in table.groups() {
        body += &class(table, nouns, style, name, group)?;
    }
    let about = match style {
        Style::Sync => "What can be called, by classes whose calls wait for their answer.",
        Style::Async => "What can be called, by classes whose calls are awaited.",
    };
    let left_open = open(table, style);
    let typing = ["TYPE_CHECKING", "Any", "Generic", "Literal", "TypeVar", "overload"];
    let typing = typing.map(str::to_owned).into_iter();
    let always = ["TYPE_CHECKING", "TypeVar"];
    let typing: Vec<String> =
        typing.filter(|name| always.contains(&name.as_str()) || stands(&body, name)).collect();
    let lists = ["ObjectList", "RecordList"].map(|list| format!("{}{list}", style.prefix()));
    let flows = ["LogLines", "Watch"].map(|flow| format!("{}{flow}", style.prefix()));
    let mut objects = vec!["Deleted", "Ensured", "Object", "Response"];
    objects.extend(lists.iter().map(String::as_str));
    objects.sort_unstable();
    let aliases = python::values::ALIASES.map(|(name, ..)| name);
    let mut shapes: Vec<&str> = table.values.keys().map(String::as_str).chain(aliases).collect();
    shapes.sort_unstable();
    let classes = table.groups().into_iter();
    let mut classes: Vec<String> = classes.map(|(name, _)| format!("\"{}\"", style.class(name))).collect();
    classes.sort();

    let mut text = header(about, FROM) + "from __future__ import annotations\n\n";
    // the package's own stand-in: `typing` takes longer to load than all of the package
    text += &import("", "rancher._typing", &typing);
    text += "\n";
    text += &import("", "rancher._base", &[style.calls().to_owned()]);
    text += "\nif TYPE_CHECKING:\n";
    text +=
        &import("    ", "collections.abc", &used(&body, &["Awaitable", "Callable", "Mapping", "Sequence"]));
    text += "\n";
    let flows: Vec<&str> = flows.iter().map(String::as_str).collect();
    text += &import("    ", "rancher._flows", &used(&body, &flows));
    text += &import("    ", "rancher._objects", &used(&body, &objects));
    text += &import("    ", "rancher._secret", &used(&body, &["Secret"]));
    text += &import("    ", "rancher.types", &["management".to_owned()]);
    text += &import("    ", "rancher.types.values", &used(&body, &shapes));
    text += "\n";
    text += &bracketed("", "__all__ = [", &classes, "]");
    text += "\nT = TypeVar(\"T\")\n";
    Ok(text + &body + &left_open)
}

/// The classes of objects of any type, under names of their own: a checker takes a class that is handed out by its
/// bare name for one of an unknown type.
fn open(table: &Table, style: Style) -> String {
    let mut text = String::from("\n\n# for those that hand them out: of which type is theirs to say\n");
    for (name, group) in table.groups() {
        if group.of.is_some() {
            let class = style.class(name);
            text += &format!("_{class}: type[{class}[Any]] = {class}\n");
        }
    }
    text
}

fn class(table: &Table, nouns: &[Noun], style: Style, name: &str, group: &Group) -> Result<String, Failure> {
    let bases = match &group.of {
        Some(of) => format!("{}, Generic[{of}]", style.calls()),
        None => style.calls().to_owned(),
    };
    let mut text = format!("\n\nclass {}({bases}):\n", style.class(name));
    text += &docstring("    ", &[wrap(&group.doc, WIDTH - 8)]);
    text += "\n    __slots__ = ()\n";
    if name == "Client" {
        for noun in nouns {
            text += &property(style, noun);
        }
    }
    for child in &group.children {
        text += &hand_out(table, style, child)?;
    }
    for operation in table.of(name) {
        text += &method(table, style, group, operation)?;
    }
    Ok(text)
}

fn property(style: Style, noun: &Noun) -> String {
    let class = format!("{}Collection", style.prefix());
    let mut text = definition(
        "    ",
        &format!("def {}", noun.name),
        &["self".to_owned()],
        &format!(" -> {class}[management.{}]:", noun.record),
    );
    text = format!("\n    @property\n{text}");
    text += &docstring("        ", &[vec![format!("The collection `{}` of the v3 API.", noun.collection)]]);
    let target = [format!("\"collection\": \"{}\"", noun.collection)];
    text + &bracketed("        ", &format!("return self._child(_{class}, {{"), &target, "})")
}

fn hand_out(table: &Table, style: Style, child: &Child) -> Result<String, Failure> {
    let mut parameters = vec!["self".to_owned()];
    let mut target: Vec<String> =
        child.inherits.iter().map(|part| format!("\"{part}\": self._target[\"{part}\"]")).collect();
    let mut args = vec!["Args:".to_owned()];
    for (parts, mark) in [(&child.arguments, "/"), (&child.options, "*")] {
        let mut found = Vec::new();
        for part in parts {
            let input = table.target(&child.group, part.target())?;
            found.push(parameter(&Input { name: part.name().to_owned(), ..input.clone() }, None));
            target.push(format!("\"{}\": {}", part.target(), part.name()));
            args.extend(entry("        ", part.name(), &input.doc));
        }
        if found.is_empty() {
            continue;
        }
        let at = if mark == "*" { 0 } else { found.len() };
        found.insert(at, mark.to_owned());
        parameters.append(&mut found);
    }
    let class = style.class(&child.group);
    let (of, open) = match table.group(&child.group)?.of {
        Some(_) => (format!("[{ANY}]"), format!("_{class}")),
        None => (String::new(), class.clone()),
    };
    let mut text = String::from(if child.is_property() { "\n    @property\n" } else { "\n" });
    text += &definition("    ", &format!("def {}", child.method), &parameters, &format!(" -> {class}{of}:"));
    let sends = if child.is_property() { "" } else { " Nothing is sent." };
    let doc = wrap(&format!("{}{sends}", child.doc), WIDTH - 12);
    if args.len() == 1 {
        args.clear();
    }
    text += &docstring("        ", &[doc, args]);
    Ok(text + &bracketed("        ", &format!("return self._child({open}, {{"), &target, "})"))
}

fn method(table: &Table, style: Style, group: &Group, operation: &Operation) -> Result<String, Failure> {
    let options = table.options(operation)?;
    let returns = operation.kind();
    let fields = options.iter().any(|option| option.ty == "fields");
    let mut positional = vec!["self".to_owned()];
    positional.extend(operation.arguments.iter().map(|input| required(input, group)));
    if returns == "edit" {
        positional.push(format!("change: Callable[[Object[T]], {}]", changed(style)));
    }
    if positional.len() > 1 {
        // what it is about goes without saying; what is to be done with it can be named
        positional.insert(2, "/".to_owned());
    }
    let signature = |fields: Option<&str>| {
        let mut all = positional.clone();
        let mut named: Vec<String> = options
            .iter()
            .map(|option| match (option.ty.as_str(), fields) {
                ("fields", Some(fields)) => format!("fields: {fields}"),
                _ => parameter(option, Some("None")),
            })
            .collect();
        if operation.waits() {
            named.push("on_progress: Callable[[WaitProgress], object] | None = None".to_owned());
        }
        if !named.is_empty() {
            all.push("*".to_owned());
            all.append(&mut named);
        }
        all
    };
    let begun = ["objects", "events", "lines"].contains(&returns);
    let start = match style {
        Style::Async if !begun => format!("async def {}", operation.method),
        _ => format!("def {}", operation.method),
    };
    let result = result(style, operation);
    let mut text = String::new();
    let end = if fields {
        let records = format!("{}RecordList", style.prefix());
        for (fields, result) in [("None = None", &result), ("Fields", &records)] {
            text += "\n    @overload\n";
            text += &definition("    ", &start, &signature(Some(fields)), &format!(" -> {result}: ..."));
        }
        format!(" -> {result} | {records}:")
    } else {
        format!(" -> {result}:")
    };
    text += "\n";
    text += &definition("    ", &start, &signature(None), &end);
    text += &document(operation, &options);
    Ok(text + &body(style, operation, &options))
}

/// What a function that changes an object returns: nothing, or another object in its stead.
fn changed(style: Style) -> &'static str {
    match style {
        Style::Sync => "Object[T] | T | None",
        Style::Async => "Awaitable[Object[T] | T | None] | Object[T] | T | None",
    }
}

/// An argument.
fn required(input: &Input, group: &Group) -> String {
    match (input.ty.as_str(), &group.of) {
        ("data", Some(of)) => format!("{}: {of}", input.name),
        _ => format!("{}: {}", input.name, hint(input)),
    }
}

/// An option, or a part of a target.
fn parameter(input: &Input, default: Option<&str>) -> String {
    match default.or(input.optional.then_some("None")) {
        Some(default) => format!("{}: {} | None = {default}", input.name, hint(input)),
        None => format!("{}: {}", input.name, hint(input)),
    }
}

fn hint(input: &Input) -> String {
    if !input.one_of.is_empty() {
        let words: Vec<String> = input.one_of.iter().map(|word| format!("\"{word}\"")).collect();
        return format!("Literal[{}]", words.join(", "));
    }
    match input.ty.as_str() {
        "integer" => "int",
        "boolean" => "bool",
        "seconds" => "Seconds",
        "strings" => "str | Sequence[str]",
        "texts" => "Mapping[str, str]",
        "json" => "object",
        "data" => "Mapping[str, object]",
        "where" => "Where",
        "fields" => "Fields",
        "conditions" => "Conditions",
        "questions" => "Sequence[str | Question]",
        "object" => "Object[T]",
        "object or id" => "Object[T] | str",
        _ => "str",
    }
    .to_owned()
}

fn result(style: Style, operation: &Operation) -> String {
    if let Some(value) = operation.value() {
        return python::values::hint(&value);
    }
    let of = if operation.is_any() { ANY } else { "T" };
    match operation.kind() {
        "object or nothing" | "wait gone" => format!("Object[{of}] | None"),
        "objects" => format!("{}ObjectList[{of}]", style.prefix()),
        "ensured" => format!("Ensured[{of}]"),
        "deleted" => format!("Deleted[{of}]"),
        "events" => format!("{}Watch[{of}]", style.prefix()),
        "lines" => format!("{}LogLines", style.prefix()),
        "nothing" => "None".to_owned(),
        "Response" => "Response".to_owned(),
        "json" => "Any".to_owned(),
        _ => format!("Object[{of}]"),
    }
}

fn document(operation: &Operation, options: &[&Input]) -> String {
    let indent = "        ";
    let width = WIDTH - indent.len();
    let mut args = Vec::new();
    for input in &operation.arguments {
        args.extend(entry(indent, &input.name, &input.doc));
    }
    if operation.returns == "edit" {
        let doc = "Is given the object, and changes it or returns another; is called again if somebody else was faster.";
        args.extend(entry(indent, "change", doc));
    }
    for option in options {
        let doc = match option.ty.as_str() {
            "seconds" => format!("{} In seconds, or a `timedelta`.", option.doc),
            _ => option.doc.clone(),
        };
        args.extend(entry(indent, &option.name, &doc));
    }
    if operation.waits() {
        args.extend(entry(indent, "on_progress", "Is told after each look what is still to come."));
    }
    if !args.is_empty() {
        args.insert(0, "Args:".to_owned());
    }
    let mut raises = vec!["Raises:".to_owned()];
    raises.extend(entry(indent, "RancherError", &operation.errors));
    let mut scope = vec!["Scope:".to_owned()];
    scope.extend(wrap(&operation.scope, width - 4).into_iter().map(|line| format!("    {line}")));
    docstring(indent, &[wrap(&operation.doc, width - 6), args, raises, scope])
}

fn body(style: Style, operation: &Operation, options: &[&Input]) -> String {
    let mut given = Vec::new();
    let mut text = String::new();
    let mut more = Vec::new();
    for input in &operation.arguments {
        match input.ty.as_str() {
            "object" | "object or id" => {
                let read = if input.ty == "object" { "_changed" } else { "_subject" };
                text += &format!("        subject, original = self.{read}({})\n", input.name);
                given.push("**subject".to_owned());
                more.push("original");
            }
            _ => given.push(format!("\"{0}\": {0}", input.name)),
        }
    }
    for option in options.iter().filter(|option| option.ty != "fields") {
        given.push(format!("\"{0}\": {0}", option.name));
    }
    let returns = operation.kind();
    more.extend(match returns {
        "edit" => Some("change"),
        _ if operation.waits() => Some("on_progress"),
        _ => None,
    });
    let call = |name: &str, start: &str, given: &[String]| {
        let more: String = more.iter().map(|more| format!(", {more}")).collect();
        let start = format!("{start}self.{name}(\"{}\", {{", operation.name);
        bracketed("        ", &start, given, &format!("}}{more})"))
    };
    if options.iter().any(|option| option.ty == "fields") {
        let mut records = given.clone();
        records.push("\"fields\": fields".to_owned());
        text += "        if fields is not None:\n";
        text += &call("_records", "return ", &records)
            .lines()
            .map(|line| format!("    {line}\n"))
            .collect::<String>();
        return text + &call("_objects", "return ", &given);
    }
    let wait = if style == Style::Async { "await " } else { "" };
    let name = match returns {
        "object" => "_object",
        "object or nothing" => "_maybe_object",
        "objects" => return text + &call("_objects", "return ", &given),
        "events" => return text + &call("_events", "return ", &given),
        "lines" => return text + &call("_lines", "return ", &given),
        "nothing" => return text + &call("_nothing", wait, &given),
        "ensured" => "_ensured",
        "deleted" => "_deleted",
        "wait" => "_wait",
        "wait gone" => "_wait_gone",
        "edit" => "_edit",
        "Response" => "_response",
        "json" => "_json",
        // the base knows values as anything
        _ => {
            let name = if operation.waits() { "_wait_value" } else { "_value" };
            let start = format!("answer: {} = {wait}", result(style, operation));
            return text + &call(name, &start, &given) + "        return answer\n";
        }
    };
    text + &call(name, &format!("return {wait}"), &given)
}
