//! What can be called over the border, as it stands in `rancher-client/bridge/operations.json`.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use crate::Failure;

/// The table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The classes, by name.
    groups: BTreeMap<String, Group>,
    /// Options that several operations share, by name.
    options: BTreeMap<String, Vec<Input>>,
    /// The operations, in the order of the generated text.
    pub operations: Vec<Operation>,
    /// The shapes of what is no object of a server, by name.
    pub values: BTreeMap<String, Shape>,
}

/// A class of the facades.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// What it is.
    pub doc: String,
    /// The name of its type parameter, if its objects are of a type of their own.
    pub of: Option<String>,
    /// What tells which one it is.
    pub target: Vec<Input>,
    /// What it hands out.
    #[serde(default)]
    pub children: Vec<Child>,
}

/// A method that hands out another class. It sends nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Child {
    /// Its name.
    pub method: String,
    /// What it hands out.
    pub group: String,
    /// What it says of it.
    pub doc: String,
    /// What of the target is given by position.
    #[serde(default)]
    pub arguments: Vec<Part>,
    /// What of the target is given by name.
    #[serde(default)]
    pub options: Vec<Part>,
    /// What of the target is that of the class itself.
    #[serde(default)]
    pub inherits: Vec<String>,
}

/// A part of a target.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Part {
    /// Under its own name.
    Same(String),
    /// Under another name.
    #[serde(rename_all = "snake_case")]
    Named {
        /// The name in the target.
        target: String,
        /// The name in the method.
        name: String,
    },
}

impl Part {
    /// The name in the target.
    pub fn target(&self) -> &str {
        match self {
            Self::Same(name) | Self::Named { target: name, .. } => name,
        }
    }

    /// The name in the method.
    pub fn name(&self) -> &str {
        match self {
            Self::Same(name) | Self::Named { name, .. } => name,
        }
    }
}

/// An argument, an option, a part of a target, or a field of a shape.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// What it takes.
    #[serde(rename = "type")]
    pub ty: String,
    /// What it is.
    pub doc: String,
    /// Whether it may be left out.
    #[serde(default)]
    pub optional: bool,
    /// Whether it may be null.
    #[serde(default)]
    pub nullable: bool,
    /// The only texts; of a shape: the known ones.
    #[serde(default)]
    pub one_of: Vec<String>,
}

/// What an operation or a part of its options is in the table.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Options {
    /// The name of options that are shared.
    Shared(String),
    /// An option of its own.
    Own(Input),
}

/// An operation.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// Its name over the border.
    pub name: String,
    /// The class that has it.
    pub group: String,
    /// Its name in that class.
    pub method: String,
    /// Its name in Rust, where it is another.
    pub rust: Option<String>,
    /// What it does.
    pub doc: String,
    /// What is given by position.
    pub arguments: Vec<Input>,
    /// What is given by name.
    pub options: Vec<Options>,
    /// What comes back.
    pub returns: String,
    /// What can go wrong.
    pub errors: String,
    /// Which credentials it takes.
    pub scope: String,
}

/// What is no object of a server.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// What it is.
    pub doc: String,
    /// Whether it goes in, not out.
    #[serde(default)]
    pub input: bool,
    /// Its fields.
    pub fields: Vec<Input>,
}

/// What arguments and options can be.
const TYPES: [&str; 15] = [
    "string",
    "integer",
    "boolean",
    "seconds",
    "strings",
    "texts",
    "json",
    "secret",
    "data",
    "where",
    "fields",
    "conditions",
    "questions",
    "object",
    "object or id",
];

/// What comes back of objects: of the type of the class, or of any with `any` before it.
const OBJECTS: [&str; 9] =
    ["object", "object or nothing", "objects", "ensured", "deleted", "wait", "wait gone", "edit", "events"];

/// What else comes back, beside values.
const RETURNS: [&str; 4] = ["Response", "json", "lines", "nothing"];

impl Operation {
    /// What comes back, without saying of which type.
    pub fn kind(&self) -> &str {
        self.returns.strip_prefix("any ").unwrap_or(&self.returns)
    }

    /// Whether the objects that come back are of any type, not of that of the class.
    pub fn is_any(&self) -> bool {
        self.returns.starts_with("any ")
    }

    /// The value that comes back, if it is one, as a field of that type. It may come after waiting.
    pub fn value(&self) -> Option<Input> {
        let kind = self.kind();
        if OBJECTS.contains(&kind) || RETURNS.contains(&kind) {
            return None;
        }
        let kind = kind.strip_prefix("wait ").unwrap_or(kind);
        let (ty, nullable) = match kind.strip_suffix(" or nothing") {
            Some(ty) => (ty, true),
            None => (kind, false),
        };
        Some(Input {
            name: String::new(),
            ty: ty.to_owned(),
            doc: String::new(),
            optional: false,
            nullable,
            one_of: Vec::new(),
        })
    }

    /// Whether it waits, and tells how far it is.
    pub fn waits(&self) -> bool {
        self.kind().starts_with("wait")
    }
}

impl Child {
    /// Whether nothing has to be said to have it: then it is a property.
    pub fn is_property(&self) -> bool {
        self.arguments.is_empty() && self.options.is_empty()
    }
}

impl Table {
    /// Reads the table and looks whether it holds together.
    ///
    /// # Errors
    ///
    /// It has another form, or names what it does not have.
    pub fn read(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path)
            .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))?;
        Self::parse(&text)
    }

    /// As [`Table::read`], from its text.
    ///
    /// # Errors
    ///
    /// As [`Table::read`].
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let table: Self =
            serde_json::from_str(text).map_err(|error| Failure::new(format!("operations.json: {error}")))?;
        table.check()?;
        Ok(table)
    }

    /// The classes in the order of their first operations, so that a class comes where a reader expects it.
    pub fn groups(&self) -> Vec<(&str, &Group)> {
        let mut found: Vec<(&str, &Group)> = Vec::new();
        let named = self.operations.iter().map(|operation| operation.group.as_str());
        for name in named.chain(self.groups.keys().map(String::as_str)) {
            if let Some(group) = self.groups.get(name)
                && found.iter().all(|(known, _)| *known != name)
            {
                found.push((name, group));
            }
        }
        found
    }

    /// A class.
    ///
    /// # Errors
    ///
    /// There is none of that name.
    pub fn group(&self, name: &str) -> Result<&Group, Failure> {
        self.groups.get(name).ok_or_else(|| Failure::new(format!("operations.json: no group {name}")))
    }

    /// The operations of a class.
    pub fn of<'t>(&'t self, group: &'t str) -> impl Iterator<Item = &'t Operation> {
        self.operations.iter().filter(move |operation| operation.group == group)
    }

    /// The options that operations share, by name.
    ///
    /// # Errors
    ///
    /// There are none of that name.
    pub fn shared(&self, name: &str) -> Result<&[Input], Failure> {
        self.options
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| Failure::new(format!("operations.json: no options {name}")))
    }

    /// The names of the options that operations share.
    pub fn shared_names(&self) -> impl Iterator<Item = &str> {
        self.options.keys().map(String::as_str)
    }

    /// All options of an operation, in order.
    ///
    /// # Errors
    ///
    /// It names options that are nowhere.
    pub fn options<'t>(&'t self, operation: &'t Operation) -> Result<Vec<&'t Input>, Failure> {
        let mut found = Vec::new();
        for options in &operation.options {
            match options {
                Options::Shared(name) => found.extend(self.shared(name)?),
                Options::Own(option) => found.push(option),
            }
        }
        Ok(found)
    }

    /// The part of a group's target that a child names.
    ///
    /// # Errors
    ///
    /// The target has no such part.
    pub fn target(&self, group: &str, part: &str) -> Result<&Input, Failure> {
        self.group(group)?
            .target
            .iter()
            .find(|input| input.name == part)
            .ok_or_else(|| Failure::new(format!("operations.json: the target of {group} has no {part}")))
    }

    /// Whether there is such a value, or a list of such.
    fn is_value(&self, ty: &str) -> bool {
        ATOMS.contains(&element(ty)) || self.values.contains_key(element(ty))
    }

    fn check(&self) -> Result<(), Failure> {
        let wrong = |text: String| Err(Failure::new(format!("operations.json: {text}")));
        let mut methods = BTreeSet::new();
        for operation in &self.operations {
            let (name, group) = (&operation.name, self.group(&operation.group)?);
            if !methods.insert((&operation.group, &operation.method)) {
                return wrong(format!("{} has two methods {}", operation.group, operation.method));
            }
            let mut names = BTreeSet::new();
            for input in operation.arguments.iter().chain(self.options(operation)?) {
                if !names.insert(&input.name) || input.name == "target" {
                    return wrong(format!("{name} has {} twice", input.name));
                }
                if !TYPES.contains(&input.ty.as_str()) {
                    return wrong(format!("{name}: {} is of the type {}", input.name, input.ty));
                }
            }
            let (returns, kind) = (&operation.returns, operation.kind());
            if let Some(value) = operation.value()
                && (operation.is_any() || !self.is_value(&value.ty))
            {
                return wrong(format!("{name} returns {returns:?}"));
            }
            if operation.is_any() && (!OBJECTS.contains(&kind) || kind == "edit") {
                return wrong(format!("{name} returns {returns:?}"));
            }
            if OBJECTS.contains(&kind) && !operation.is_any() && group.of.is_none() {
                return wrong(format!("{name} returns {returns:?}, and {} is of no type", operation.group));
            }
        }
        for (name, group) in &self.groups {
            for child in &group.children {
                if !methods.insert((name, &child.method)) {
                    return wrong(format!("{name} has two methods {}", child.method));
                }
                let given = child.arguments.iter().chain(&child.options).map(Part::target);
                let mut given: BTreeSet<&str> = given.collect();
                for part in &child.inherits {
                    if !group.target.iter().any(|own| own.name == *part) || !given.insert(part) {
                        return wrong(format!("{name}.{} cannot inherit {part}", child.method));
                    }
                }
                for part in &given {
                    self.target(&child.group, part)?;
                }
                let missing = self.group(&child.group)?.target.iter();
                if let Some(part) =
                    missing.into_iter().find(|part| !part.optional && !given.contains(&*part.name))
                {
                    return wrong(format!("{name}.{} does not say {}", child.method, part.name));
                }
            }
        }
        for (name, shape) in &self.values {
            for field in &shape.fields {
                if !self.is_value(&field.ty) {
                    return wrong(format!("{name}.{} is of the type {}", field.name, field.ty));
                }
            }
        }
        Ok(())
    }
}

/// What fields of shapes can be, beside other shapes.
const ATOMS: [&str; 7] = ["string", "integer", "boolean", "number", "json", "texts", "secret"];

/// What a type is a list of: `[Probe]` of `Probe`; otherwise itself.
pub fn element(ty: &str) -> &str {
    ty.strip_prefix('[').and_then(|ty| ty.strip_suffix(']')).unwrap_or(ty)
}
