//! All that is generated, by the folder that it stands in.

use std::path::Path;

use crate::enums::Enums;
use crate::facts::Facts;
use crate::model::Model;
use crate::operations::Table;
use crate::python::facade::Style;
use crate::{Failure, Files, generate, nouns, python, typescript};

/// A folder that holds nothing but generated files.
#[derive(Debug)]
pub struct Output {
    /// The folder, below the root of the project.
    pub folder: &'static str,
    /// Its files.
    pub files: Files,
}

/// Generates everything.
///
/// # Errors
///
/// The facts or the operations state what has no form yet: the failure says what.
pub fn outputs(facts: &Facts, table: &Table) -> Result<Vec<Output>, Failure> {
    let model = Model::new(facts)?;
    let enums = Enums::new(&model)?;
    let nouns = nouns::nouns(facts);

    let mut records = Files::new();
    python::records::write(&model, &enums, &mut records)?;
    let classes = Files::from([
        (
            "__init__.py".to_owned(),
            python::header("What is generated.", "rancher-client").trim_end().to_owned() + "\n",
        ),
        ("aio.py".to_owned(), python::facade::file(table, &nouns, Style::Async)?),
        ("sync.py".to_owned(), python::facade::file(table, &nouns, Style::Sync)?),
        ("values.py".to_owned(), python::values::file(table)),
    ]);
    let mut node = Files::from([
        ("resources.ts".to_owned(), typescript::facade::file(table, &nouns)?),
        ("values.ts".to_owned(), typescript::values::file(table)),
    ]);
    typescript::records::write(&model, &enums, &mut node)?;
    Ok(vec![
        Output { folder: "rancher-client/types/src/generated", files: generate(facts)? },
        Output { folder: "rancher-py/python/rancher/_generated", files: classes },
        Output { folder: "rancher-py/python/rancher/types", files: records },
        Output { folder: "rancher-node/ts/generated", files: node },
    ])
}

/// Generates everything from what stands in the tree.
///
/// # Errors
///
/// As [`outputs`]; something cannot be read.
pub fn of_tree(root: &Path) -> Result<Vec<Output>, Failure> {
    let facts = Facts::read(&root.join("rancher-client/schemas"))?;
    let table = Table::read(&root.join("rancher-client/bridge/operations.json"))?;
    outputs(&facts, &table)
}
