//! The table of operations, `operations.json`, as the border itself reads it.
//!
//! The facades are generated from this table, and what they send is checked against the same: an operation takes what
//! the table says, and nothing else.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every operation by its name.
pub(crate) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // that the table can be read is tested
    Table::read(crate::OPERATIONS).unwrap_or_default()
});

/// What there is to call.
#[derive(Debug, Default)]
pub(crate) struct Table {
    operations: BTreeMap<String, Operation>,
}

/// What an operation takes and returns.
#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) name: String,
    pub(crate) target: Vec<Parameter>,
    pub(crate) arguments: Vec<Parameter>,
    pub(crate) options: Vec<Parameter>,
    /// Whether `timeout` is the time of the whole call, of each page, or of all that goes on.
    pub(crate) timed: bool,
    pub(crate) returns: String,
}

/// One thing that an operation takes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: Kind,
    /// Of a target: that it need not be given. Arguments must be given, options need not.
    #[serde(default)]
    pub(crate) optional: bool,
    /// The only values that it can have.
    #[serde(default)]
    pub(crate) one_of: Vec<String>,
}

/// Of which type a parameter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    String,
    Integer,
    Boolean,
    Seconds,
    Strings,
    Texts,
    Json,
    Secret,
    Data,
    Where,
    Fields,
    Conditions,
    Questions,
    /// An object that was read, and changed.
    Object,
    /// An object that was read, or the id of one.
    #[serde(rename = "object or id")]
    Subject,
}

#[derive(Deserialize)]
struct File {
    groups: BTreeMap<String, Group>,
    options: BTreeMap<String, Vec<Parameter>>,
    operations: Vec<Row>,
}

#[derive(Deserialize)]
struct Group {
    target: Vec<Parameter>,
}

#[derive(Deserialize)]
struct Row {
    name: String,
    group: String,
    arguments: Vec<Parameter>,
    options: Vec<OptionOrSet>,
    returns: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OptionOrSet {
    Set(String),
    Option(Parameter),
}

impl Table {
    fn read(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut operations = BTreeMap::new();
        for row in file.operations {
            let group = file.groups.get(&row.group).ok_or_else(|| format!("no group {}", row.group))?;
            let (mut options, mut timed) = (Vec::new(), false);
            for option in row.options {
                match option {
                    OptionOrSet::Option(option) => options.push(option),
                    OptionOrSet::Set(name) => {
                        let set = file.options.get(&name).ok_or_else(|| format!("no options {name}"))?;
                        timed |= name.starts_with("timed");
                        options.extend(set.iter().cloned());
                    }
                }
            }
            let operation = Operation {
                name: row.name.clone(),
                target: group.target.clone(),
                arguments: row.arguments,
                options,
                timed,
                returns: row.returns,
            };
            if operations.insert(row.name.clone(), operation).is_some() {
                return Err(format!("two operations {}", row.name));
            }
        }
        Ok(Self { operations })
    }

    /// The operation of this name.
    pub(crate) fn get(&self, name: &str) -> Option<&Operation> {
        self.operations.get(name)
    }

    /// Every operation, by name.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }
}

impl Operation {
    /// Whether it returns one answer after another.
    pub(crate) fn is_stream(&self) -> bool {
        let returns = self.returns();
        matches!(returns, "objects" | "edit") || returns.starts_with("wait") || self.is_flow()
    }

    /// Whether it goes on until it is left.
    pub(crate) fn is_flow(&self) -> bool {
        matches!(self.returns(), "events" | "lines")
    }

    fn returns(&self) -> &str {
        self.returns.strip_prefix("any ").unwrap_or(&self.returns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let table = Table::read(crate::OPERATIONS).unwrap();
        assert!(table.operations.len() > 40);
        let list = table.get("v3.list").unwrap();
        assert!(list.is_stream() && list.timed);
        assert!(list.options.iter().any(|option| option.name == "fields" && option.kind == Kind::Fields));
        assert!(!list.is_flow() && table.get("kubernetes.watch").unwrap().is_flow());
        assert!(!table.get("doctor").unwrap().timed);
    }
}
