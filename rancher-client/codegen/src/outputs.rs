//! All that is generated, by the folder that it stands in.

use std::path::Path;

use crate::enums::Enums;
use crate::facts::Facts;
use crate::model::Model;
use crate::operations::Table;
use crate::python::facade::Style;
use crate::{Failure, Files, docs, generate, nouns, python, tree, typescript};

/// Generated files of one folder.
#[derive(Debug)]
pub struct Output {
    /// The folder, below the root of the project.
    pub folder: &'static str,
    /// Its files.
    pub files: Files,
    /// Whether other files stand there too. Otherwise what is not generated any more is removed.
    pub among_others: bool,
}

impl Output {
    fn alone(folder: &'static str, files: Files) -> Self {
        Self { folder, files, among_others: false }
    }

    /// The paths of files that differ from what stands in the tree, sorted.
    ///
    /// # Errors
    ///
    /// The folder cannot be read.
    pub fn differences(&self, root: &Path) -> Result<Vec<String>, Failure> {
        let mut found = tree::differences(&root.join(self.folder), &self.files)?;
        found.retain(|path| !self.among_others || self.files.contains_key(path));
        Ok(found)
    }
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
    let docs = Files::from([("operations.md".to_owned(), docs::operations(table, &nouns)?)]);
    Ok(vec![
        Output::alone("rancher-client/types/src/generated", generate(facts)?),
        Output::alone("rancher-py/python/rancher/_generated", classes),
        Output::alone("rancher-py/python/rancher/types", records),
        Output::alone("rancher-node/ts/generated", node),
        Output { folder: "docs", files: docs, among_others: true },
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
