//! What each operation is called with: `tests/scopes/*.json`, as its README says.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What a call needs of a credential, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Need {
    /// Any, or none.
    Nothing,
    /// A key without a scope, or one scoped to the cluster.
    Cluster,
    /// A key without a scope.
    Global,
}

/// What a text of the column `scope` means.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
enum Declared {
    /// Of what is the server's, and of what belongs to a cluster.
    Needs {
        server: Need,
        cluster: Need,
        /// Whether the text says that some of it needs more: a sample of that says what.
        #[serde(default)]
        exceptions: bool,
    },
    /// The samples say it themselves.
    Sample(#[allow(dead_code, reason = "the word alone is read")] Word),
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Word {
    Sample,
}

/// A call of an operation.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    pub(super) operation: String,
    #[serde(default)]
    pub(super) target: Map<String, Value>,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    /// Names for values of what came.
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
}

/// One way to call an operation.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sample {
    /// What it is about, in a few words.
    pub(super) about: String,
    /// The cluster that it is about; without it, the server.
    pub(super) of: Option<String>,
    /// Which of the administrator's credentials without a scope it works with, where not with all.
    pub(super) only: Option<String>,
    /// What it needs, where the table does not say it.
    needs: Option<Need>,
    /// A cluster whose nodes run, so that its pods do.
    pub(super) nodes: Option<String>,
    /// What the administrator does first.
    #[serde(default)]
    pub(super) before: Vec<Call>,
    /// How the administrator reads the object that it is about.
    pub(super) original: Option<Call>,
    #[serde(default)]
    pub(super) target: Map<String, Value>,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    /// How the object is changed, as a merge patch.
    #[serde(default)]
    pub(super) change: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[allow(dead_code, reason = "for whoever reads the file")]
    about: String,
    #[serde(default)]
    declared: BTreeMap<String, Declared>,
    #[serde(default)]
    samples: BTreeMap<String, Vec<Sample>>,
}

/// A row of the table of operations.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) method: String,
    pub(super) returns: String,
    pub(super) scope: String,
    pub(super) arguments: Vec<Parameter>,
}

/// An argument of an operation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Parameter {
    #[serde(rename = "type")]
    pub(super) kind: String,
}

#[derive(Deserialize)]
struct Table {
    operations: Vec<Row>,
}

/// The table, and what everything in it is called with.
pub(super) struct Samples {
    pub(super) rows: Vec<Row>,
    declared: BTreeMap<String, Declared>,
    samples: BTreeMap<String, Vec<Sample>>,
}

impl Samples {
    /// Reads the table and all files of samples.
    pub(super) fn read() -> Self {
        let table: Table = serde_json::from_str(rancher_bridge::OPERATIONS).unwrap();
        let (mut declared, mut samples) = (BTreeMap::new(), BTreeMap::<String, Vec<Sample>>::new());
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scopes");
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths.iter().filter(|path| path.extension().is_some_and(|ext| ext == "json")) {
            let file: File = serde_json::from_str(&fs::read_to_string(path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            declared.extend(file.declared);
            for (operation, more) in file.samples {
                samples.entry(operation).or_default().extend(more);
            }
        }
        Self { rows: table.operations, declared, samples }
    }

    /// What an operation is called with.
    pub(super) fn of(&self, row: &Row) -> &[Sample] {
        self.samples.get(&row.name).map_or(&[], Vec::as_slice)
    }

    /// What is missing: rows without a sample, samples without a row, texts that nobody explained.
    pub(super) fn gaps(&self) -> Vec<String> {
        let without = self.rows.iter().filter(|row| self.of(row).is_empty());
        let mut gaps: Vec<String> = without
            .map(|row| {
                format!("{}: no sample; add one to a file of tests/scopes (its README says how)", row.name)
            })
            .collect();
        let known = |name: &String| self.rows.iter().any(|row| row.name == *name);
        gaps.extend(
            self.samples.keys().filter(|name| !known(name)).map(|name| format!("{name}: no such operation")),
        );
        for (name, samples) in &self.samples {
            let hidden = samples.iter().filter(|sample| {
                let cluster = sample.target.get("cluster").or_else(|| sample.arguments.get("cluster"));
                cluster.is_some() && sample.of.is_none() && name != "doctor"
            });
            gaps.extend(hidden.map(|sample| format!("{name}, {}: it is `of` a cluster", sample.about)));
        }
        for row in &self.rows {
            gaps.extend(self.of(row).iter().filter_map(|sample| self.need(row, sample).err()));
        }
        gaps
    }

    /// What the table says that a sample needs.
    pub(super) fn need(&self, row: &Row, sample: &Sample) -> Result<Need, String> {
        if let Some(declared) = self.declared.get(&row.scope) {
            let need = match declared {
                Declared::Needs { exceptions: true, .. } if sample.needs.is_some() => sample.needs,
                Declared::Needs { .. } if sample.needs.is_some() => {
                    return Err(format!("{}, {}: what it needs stands in the table", row.name, sample.about));
                }
                Declared::Needs { cluster, .. } if sample.of.is_some() => Some(*cluster),
                Declared::Needs { server, .. } => Some(*server),
                Declared::Sample(_) => sample.needs,
            };
            return need.ok_or_else(|| {
                format!(
                    "{}, {}: the table says {:?}, so the sample must say what it needs",
                    row.name, sample.about, row.scope
                )
            });
        }
        // "As `list` and `create`."
        let named: Vec<&str> = row.scope.split('`').skip(1).step_by(2).collect();
        let unknown = || {
            format!(
                "{}: nobody says what the scope {:?} means; use the words of another row, or add it under `declared` in tests/scopes",
                row.name, row.scope
            )
        };
        if !row.scope.starts_with("As `") {
            return Err(unknown());
        }
        let mut needs = Vec::new();
        for name in named {
            let other = self
                .rows
                .iter()
                .find(|other| (other.group == row.group && other.method == name) || other.name == name);
            let other = other.filter(|other| other.name != row.name).ok_or_else(unknown)?;
            needs.push(self.need(other, sample)?);
        }
        needs.into_iter().max().ok_or_else(unknown)
    }
}
