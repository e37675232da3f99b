//! The form of a file. Whatever is not in it is an error.

use serde::Deserialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) about: String,
    pub(super) scenarios: Vec<Scenario>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) name: String,
    pub(super) credential: Option<Credential>,
    #[serde(default)]
    pub(super) options: Map<String, Value>,
    #[serde(default)]
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) nodes: Option<u64>,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(super) enum Credential {
    Label(String),
    Text(Text),
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub(super) token: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Agent {
    Connected,
    Gone,
    Never,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) operation: Option<String>,
    #[serde(default)]
    pub(super) target: Map<String, Value>,
    #[serde(default)]
    pub(super) arguments: Map<String, Value>,
    pub(super) open: Option<Map<String, Value>>,
    pub(super) credential: Option<Credential>,
    #[serde(default)]
    pub(super) agents: BTreeMap<String, Agent>,
    pub(super) faults: Option<Vec<String>>,
    pub(super) change: Option<Value>,
    pub(super) take: Option<usize>,
    pub(super) keep: Option<String>,
    #[serde(default)]
    pub(super) save: BTreeMap<String, String>,
    pub(super) row: Option<String>,
    #[serde(default)]
    pub(super) expect: Expect,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    pub(super) object: Option<Value>,
    pub(super) nothing: bool,
    pub(super) objects: Option<Objects>,
    pub(super) records: Option<Value>,
    pub(super) value: Option<Value>,
    pub(super) response: Option<Answered>,
    pub(super) altered: Option<Value>,
    pub(super) created: Option<Value>,
    pub(super) gone: Option<Value>,
    pub(super) events: Vec<Value>,
    pub(super) edits: Option<usize>,
    pub(super) error: Option<Map<String, Value>>,
    pub(super) python: Option<String>,
    pub(super) requests: Option<Requests>,
    pub(super) within: Option<f64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Objects {
    pub(super) count: Option<Value>,
    pub(super) ids: Option<Value>,
    pub(super) every: Option<Value>,
    pub(super) some: Vec<Value>,
    pub(super) pages: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Answered {
    pub(super) status: Option<u16>,
    pub(super) headers: Option<Value>,
    pub(super) body: Option<Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum Requests {
    Count(usize),
    Each(Vec<String>),
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios")
}

/// The files by name, each as it stands there.
fn texts() -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            texts.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
    texts
}

/// One file.
pub(super) fn file(name: &str) -> File {
    read(&texts()[name]).unwrap_or_else(|error| panic!("{name}.json: {error}"))
}

fn read(text: &str) -> Result<File, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The names of all files.
pub(super) fn names() -> Vec<String> {
    texts().into_keys().collect()
}

/// What the operations are, as the facades are generated from them.
pub(super) struct Operations(Value);

impl Operations {
    pub(super) fn read() -> Self {
        Self(serde_json::from_str(rancher_bridge::OPERATIONS).unwrap())
    }

    pub(super) fn names(&self) -> BTreeSet<&str> {
        self.all().iter().map(|operation| operation["name"].as_str().unwrap()).collect()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.all().iter().find(|operation| operation["name"] == name)
    }

    fn all(&self) -> &[Value] {
        self.0["operations"].as_array().unwrap()
    }
}

#[test]
fn every_file_has_its_form_and_every_name_is_there_once() {
    let mut seen = BTreeSet::new();
    for name in names() {
        let file = file(&name);
        assert!(!file.about.is_empty() && !file.scenarios.is_empty(), "{name}");
        for scenario in file.scenarios {
            assert!(!scenario.steps.is_empty(), "{name}: {}", scenario.name);
            for step in &scenario.steps {
                let what = [step.operation.is_some(), step.open.is_some()];
                assert!(what[0] != what[1], "{name}: {}: operation or open", scenario.name);
                assert!(
                    step.expect.error.is_some() == step.expect.python.is_some() || step.row.is_none(),
                    "{name}: {}: a row says the class in Python",
                    scenario.name
                );
            }
            assert!(seen.insert(scenario.name.clone()), "{name}: twice: {}", scenario.name);
        }
    }
}

#[test]
fn every_operation_occurs() {
    let operations = Operations::read();
    let mut missing = operations.names();
    let total = missing.len();
    let files: Vec<File> = names().iter().map(|name| file(name)).collect();
    for step in files.iter().flat_map(|file| &file.scenarios).flat_map(|scenario| &scenario.steps) {
        // an operation that only ever fails was not shown
        if let (Some(operation), None) = (&step.operation, &step.expect.error) {
            missing.remove(operation.as_str());
        }
    }
    let scenarios: usize = files.iter().map(|file| file.scenarios.len()).sum();
    println!("scenarios: {scenarios}; {} of {total} operations occur", total - missing.len());
    assert!(missing.is_empty(), "in no scenario: {missing:?}");
}

#[test]
fn what_is_not_in_the_form_is_refused() {
    for (bad, hint) in [
        (r#"{"about": "", "scenarios": [], "more": 1}"#, "more"),
        (r#"{"about": "", "scenarios": [{"name": "", "step": []}]}"#, "step"),
        (r#"{"about": "", "scenarios": [{"name": "", "steps": [{"operatoin": ""}]}]}"#, "operatoin"),
        (r#"{"about": "", "scenarios": [{"name": "", "steps": [{"expect": {"objct": {}}}]}]}"#, "objct"),
        (
            r#"{"about": "", "scenarios": [{"name": "", "steps": [{"expect": {"objects": {"at": 1}}}]}]}"#,
            "at",
        ),
        (r#"{"about": "", "scenarios": [{"name": "", "agents": {"prod": "away"}, "steps": []}]}"#, "away"),
    ] {
        let message = read(bad).unwrap_err();
        assert!(message.contains(hint), "{message}");
    }
}

/// The names that serde says a struct has.
fn names_of<T: for<'de> Deserialize<'de>>() -> BTreeSet<String> {
    let told = serde_json::from_str::<T>(r#"{"?": 0}"#).err().unwrap().to_string();
    let (_, expected) = told.split_once("expected ").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_schema_has_the_same_names() {
    let text = std::fs::read_to_string(folder().join("schema/schema.json")).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    for (name, stated) in [
        ("File", names_of::<File>()),
        ("Scenario", names_of::<Scenario>()),
        ("Step", names_of::<Step>()),
        ("Expect", names_of::<Expect>()),
        ("Objects", names_of::<Objects>()),
        ("Answered", names_of::<Answered>()),
    ] {
        let definition = &schema["$defs"][name];
        let names: BTreeSet<String> = definition["properties"].as_object().unwrap().keys().cloned().collect();
        assert_eq!(names, stated, "{name}");
        assert_eq!(definition["additionalProperties"], false, "{name}");
    }
}
