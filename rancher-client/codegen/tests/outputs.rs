//! What is generated for Python, Node and the documentation.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use rancher_codegen::Files;
use rancher_codegen::facts::{Api, Facts, Judged, Roads, Type};
use rancher_codegen::nouns::{Noun, nouns};
use rancher_codegen::operations::Table;
use rancher_codegen::outputs::{of_tree, outputs};
use rancher_codegen::prose::stands;
use serde_json::{Value, json};

const CLASSES: &str = "rancher-py/python/rancher/_generated";
const TYPES: &str = "rancher-py/python/rancher/types";
const NODE: &str = "rancher-node/ts/generated";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn table() -> Table {
    Table::read(&root().join("rancher-client/bridge/operations.json")).unwrap()
}

fn all() -> &'static BTreeMap<&'static str, Files> {
    static ALL: LazyLock<BTreeMap<&'static str, Files>> = LazyLock::new(|| {
        of_tree(&root()).unwrap().into_iter().map(|output| (output.folder, output.files)).collect()
    });
    &ALL
}

/// What is generated for a management API of these types.
fn generated(management: Value) -> Result<BTreeMap<&'static str, Files>, String> {
    let facts = Facts {
        types: BTreeMap::from([
            (Api::Management, serde_json::from_value::<Vec<Type>>(management).unwrap()),
            (Api::Cluster, Vec::new()),
            (Api::Project, Vec::new()),
        ]),
        judged: Judged { sensitive: Vec::new(), harmless: Vec::new() },
        roads: Roads { about: String::new(), source: String::new(), in_cluster: Vec::new() },
    };
    let found = outputs(&facts, &table()).map_err(|failure| failure.to_string())?;
    Ok(found.into_iter().map(|output| (output.folder, output.files)).collect())
}

/// The text of a definition, up to the next empty line that no definition goes on after.
fn definition<'t>(text: &'t str, start: &str) -> &'t str {
    let at = text.find(start).unwrap_or_else(|| panic!("{start} is not in {text}"));
    let rest = &text[at..];
    rest.find("\n\n\n").or_else(|| rest.find("\n}\n")).map_or(rest, |end| &rest[..=end])
}

#[test]
fn everything_is_up_to_date() {
    for output in of_tree(&root()).unwrap() {
        let differing = output.differences(&root()).unwrap();
        assert!(differing.is_empty(), "run `cargo run -p rancher-codegen`: {}: {differing:?}", output.folder);
    }
}

#[test]
fn lines_are_short_and_say_where_they_come_from() {
    let mut lines = 0;
    for (folder, files) in all().iter().filter(|(folder, _)| folder.contains("py") || folder.contains("node"))
    {
        for (path, text) in files {
            let head: String = text.lines().take(4).collect();
            assert!(head.contains("enerated by rancher-codegen from"), "{folder}/{path}: {head}");
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{folder}/{path}");
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{folder}/{path}: {line}");
                assert_eq!(line.trim_end(), line, "{folder}/{path}");
                lines += 1;
            }
        }
    }
    assert!(lines > 20_000, "{lines}");
}

#[test]
fn every_operation_is_called_once_in_each_class() {
    let all = all();
    let mut called = 0;
    for (folder, path) in [(CLASSES, "sync.py"), (CLASSES, "aio.py"), (NODE, "resources.ts")] {
        let text = &all[folder][path];
        let table = table();
        for operation in &table.operations {
            // a list is asked for in two ways: objects or records
            let records = table.options(operation).unwrap().iter().any(|option| option.ty == "fields");
            let expected = if records { 2 } else { 1 };
            let quoted = ['"', '\''].map(|quote| format!("({quote}{}{quote}, ", operation.name));
            let found: usize = quoted.iter().map(|call| text.matches(call.as_str()).count()).sum();
            assert_eq!(found, expected, "{} in {path}", operation.name);
            called += 1;
        }
    }
    assert!(called >= 3 * 40, "{called}");
}

#[test]
fn what_is_given_goes_over_by_the_name_in_the_table() {
    let all = all();
    let (sync, node) = (&all[CLASSES]["sync.py"], &all[NODE]["resources.ts"]);
    let table = table();
    for operation in &table.operations {
        let python = &sync[sync.rfind(&format!("(\"{}\", {{", operation.name)).unwrap()..];
        let python = &python[..python.find('}').unwrap()];
        let typescript = &node[node.rfind(&format!("('{}', {{", operation.name)).unwrap()..];
        let typescript = &typescript[..typescript.find('}').unwrap()];
        let inputs = operation.arguments.iter().chain(table.options(operation).unwrap());
        for input in inputs.filter(|input| input.ty != "fields" && !input.ty.starts_with("object")) {
            assert!(python.contains(&format!("\"{0}\": {0}", input.name)), "{}: {python}", operation.name);
            assert!(stands(typescript, &input.name), "{}: {typescript}", operation.name);
            if input.ty == "seconds" {
                assert!(typescript.contains(&format!("{}: seconds(options.", input.name)), "{typescript}");
            }
        }
    }
}

#[test]
fn the_calls_that_are_awaited_are_the_same() {
    let all = all();
    let plain = all[CLASSES]["aio.py"]
        .replace("async def ", "def ")
        .replace("await ", "")
        .replace("Awaitable[Object[T] | T | None] | ", "");
    let methods = |text: &str| -> Vec<String> {
        let lines = text.lines().map(str::trim).filter(|line| line.starts_with("def "));
        lines.map(|line| line.split('(').next().unwrap().to_owned()).collect()
    };
    let (one, other) = (methods(&plain), methods(&all[CLASSES]["sync.py"]));
    assert_eq!(one, other);
    assert!(one.len() > 80, "{}", one.len());
    for list in ["link_list", "list_metadata", "watch", "logs"] {
        assert!(!all[CLASSES]["aio.py"].contains(&format!("async def {list}(")), "{list} is no coroutine");
    }
}

#[test]
fn what_is_handed_out_keeps_the_target() {
    // in one line, however long it is
    let squeezed = |text: &str| text.split_whitespace().collect::<String>().replace(",})", "})");
    let resource = |class: &str| {
        format!("self._child(_{class}, {{\"cluster\": self._target[\"cluster\"], \"resource\": resource}})")
    };
    let own = |class: &str| format!("self._child(_{class}, {{\"resource\": resource}})");
    for (folder, path, calls) in [
        (CLASSES, "sync.py", [resource("SteveResource"), own("SteveResource")]),
        (CLASSES, "aio.py", [resource("AsyncSteveResource"), own("AsyncSteveResource")]),
        (
            NODE,
            "resources.ts",
            [
                "this._child(SteveResource<T>, { cluster: this._target['cluster'], resource })".to_owned(),
                "this._child(SteveResource<T>, { resource })".to_owned(),
            ],
        ),
    ] {
        let text = squeezed(&all()[folder][path]);
        for call in calls {
            assert_eq!(text.matches(&squeezed(&call)).count(), 1, "{path}: {call}");
        }
    }
}

#[test]
fn the_documentation_has_every_operation_and_option() {
    let (all, table) = (all(), table());
    let text = &all["docs"]["operations.md"];
    for (name, _) in table.groups() {
        let section = &text[text.find(&format!("\n## {name}\n")).unwrap() + 4..];
        let section = &section[..section.find("\n## ").unwrap()];
        for operation in table.of(name) {
            let row = section.lines().find(|line| line.starts_with(&format!("| `{}`", operation.method)));
            let row = row.unwrap_or_else(|| panic!("{name} has no {}", operation.method));
            assert!(row.contains(&operation.errors.replace('|', "\\|")), "{row}");
        }
    }
    let links = text.match_indices("](#").map(|(at, _)| &text[at + 3..]);
    let links: Vec<&str> = links.map(|rest| &rest[..rest.find(')').unwrap()]).collect();
    assert!(links.len() > 50, "{}", links.len());
    for link in links {
        let heading =
            |line: &str| line.strip_prefix("### ").is_some_and(|title| title.to_lowercase() == link);
        assert_eq!(text.lines().filter(|line| heading(line)).count(), 1, "{link}");
    }
}

#[test]
fn the_nouns_are_those_of_rust() {
    let text = fs::read_to_string(root().join("rancher-client/src/client/nouns.rs")).unwrap();
    let table = &text[text.find("\nnouns! {").unwrap() + 9..];
    let table = &table[..table.find("\n}").unwrap()];
    let entries = table.split(',').map(|entry| entry.split_whitespace().collect::<Vec<_>>());
    let stated: Vec<Noun> = entries
        .filter(|words| !words.is_empty())
        .map(|words| match words.as_slice() {
            [name, record, "=", collection] => Noun {
                name: name.trim_end_matches(':').to_owned(),
                record: (*record).to_owned(),
                collection: collection.trim_matches('"').to_owned(),
            },
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(nouns(&Facts::read(&root().join("rancher-client/schemas")).unwrap()), stated);
}

#[test]
fn what_is_said_to_be_called_so_in_rust_is() {
    let mut sources = String::new();
    let mut folders = vec![root().join("rancher-client/src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sources += &fs::read_to_string(path).unwrap();
            }
        }
    }
    for operation in table().operations {
        let name = operation.rust.as_deref().unwrap_or(&operation.method);
        let name = name.rsplit('.').next().unwrap();
        let stated = ["pub fn", "pub async fn"]
            .iter()
            .any(|way| ["(", "<"].iter().any(|end| sources.contains(&format!("{way} {name}{end}"))));
        assert!(stated, "{}: there is no {name} in rancher-client/src", operation.name);
    }
}

fn shelf() -> Value {
    json!({"id": "shelf", "plural": "shelves", "collection": "shelves", "resourceMethods": ["GET"], "fields": {
        "carton": {"type": "carton", "create": true, "nullable": true},
        "label": {"type": "string", "create": true, "update": true, "required": true, "nullable": true},
        "deep": {"type": "map[array[map[carton]]]", "update": true},
        "size": {"type": "enum", "options": ["small", "it's \"big\""], "update": true},
        "sizes": {"type": "array[enum]", "options": ["small", "it's \"big\""], "update": true},
        "port": {"type": "array[intOrString]", "update": true},
        "key": {"type": "password", "update": true},
        "any": {"type": "json", "nullable": true},
        "placedAt": {"type": "date"},
        "id": {"type": "string"},
        "creatorId": {"type": "reference[user]"},
    }, "filters": {"label": ["eq", "ne", "in", "notin"], "from": ["eq", "ne"]}})
}

fn carton() -> Value {
    json!({"id": "carton", "plural": "cartons", "fields": {
        "inner": {"type": "carton"}, "shelf": {"type": "array[shelf]", "nullable": true},
    }})
}

#[test]
fn a_type_in_python() {
    let text = &generated(json!([carton(), shelf()])).unwrap()[TYPES]["management.py"];
    let record = definition(text, "class Shelf(");
    assert!(record.starts_with("class Shelf(Resource, total=False):\n"), "{record}");
    for line in [
        "carton: \"Carton | None\"",
        "label: str",
        "deep: \"dict[str, list[dict[str, Carton]]]\"",
        "size: enums.ShelfSize | str",
        "sizes: list[enums.ShelfSize | str]",
        "port: list[int | str]",
        "key: str\n    \"\"\"Changed by updates. A secret.\"\"\"",
        "any: Any",
        "placedAt: str",
        "placedAtTS: int",
        "creatorId: str | None",
    ] {
        assert!(record.contains(&format!("\n    {line}\n")), "{line}: {record}");
    }
    assert!(!record.contains("\n    id: "), "{record}");
    // the shelf stands first, since the carton names it; what leads back is in quotes
    let part = definition(text, "class Carton(");
    assert!(part.contains("\n    inner: \"Carton\"\n"), "{part}");
    assert!(part.contains("\n    shelf: list[Shelf] | None\n"), "{part}");
    assert!(text.find("class Shelf(") < text.find("class Carton("));
    let filters = definition(text, "ShelfWhere = TypedDict(");
    assert!(filters.contains("\n        \"from\": Match,\n        \"label\": Match,\n"), "{filters}");
    assert!(text.contains("\nShelfFilter: TypeAlias = Literal[\"from\", \"label\"]\n"), "{text}");
}

#[test]
fn a_type_in_typescript() {
    let all = generated(json!([carton(), shelf()])).unwrap();
    let record = definition(&all[NODE]["types/management.ts"], "export interface Shelf ");
    assert!(record.starts_with("export interface Shelf extends Resource {\n"), "{record}");
    for line in [
        "carton?: Carton | null;",
        "label?: string;",
        "deep?: Record<string, Record<string, Carton>[]>;",
        "size?: enums.ShelfSize;",
        "sizes?: enums.ShelfSize[];",
        "port?: (number | string)[];",
        "readonly any?: unknown;",
        "readonly placedAt?: string;",
        "readonly placedAtTS?: number;",
        "readonly creatorId?: string | null;",
    ] {
        assert!(record.contains(&format!("\n  {line}\n")), "{line}: {record}");
    }
    assert!(!record.contains(" id?: "), "{record}");
    let options = &all[NODE]["types/enums.ts"];
    let expected = "export type ShelfSize = 'it\\'s \"big\"' | 'small' | (string & {});";
    let given = "export type ShelfSize = 'small' | 'it\\'s \"big\"' | (string & {});";
    assert!(options.contains(expected) || options.contains(given), "{options}");
}

#[test]
fn names_that_are_none() {
    let odd = json!([{"id": "lid", "plural": "lids", "fields": {
        "audit-version": {"type": "string", "nullable": true}, "from": {"type": "int"},
        "list": {"type": "array[lid]"}, "2nd": {"type": "boolean"},
    }}]);
    let all = generated(odd).unwrap();
    let record = definition(&all[TYPES]["management.py"], "Lid = TypedDict(");
    let expected = "Lid = TypedDict(\n    \"Lid\",\n    {\n        \"2nd\": bool,\n        \
         \"audit-version\": str | None,\n        \"from\": int,\n        \"list\": \"list[Lid]\",\n    },\n    total=False,\n)";
    assert!(record.starts_with(expected), "{record}");
    let record = definition(&all[NODE]["types/management.ts"], "export interface Lid ");
    for line in ["'2nd'?: boolean;", "'audit-version'?: string | null;", "from?: number;", "list?: Lid[];"] {
        assert!(record.contains(&format!("\n  {line}\n")), "{line}: {record}");
    }
}

#[test]
fn two_records_of_one_name_are_refused() {
    let part = json!({"id": "shelfWhere", "plural": "shelfWheres", "fields": {}});
    let refusal = generated(json!([carton(), shelf(), part])).unwrap_err();
    assert!(refusal.contains("ShelfWhere"), "{refusal}");
}

#[test]
fn a_table_that_does_not_hold_together_is_refused() {
    let text = fs::read_to_string(root().join("rancher-client/bridge/operations.json")).unwrap();
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut table: Value = serde_json::from_str(&text).unwrap();
        change(&mut table);
        Table::parse(&table.to_string()).unwrap_err().to_string()
    };
    for (change, words) in [
        (
            (&|table: &mut Value| table["operations"][0]["group"] = json!("Nobody")) as &dyn Fn(&mut Value),
            "no group Nobody",
        ),
        (&|table| table["operations"][0]["options"] = json!(["nothing"]), "no options nothing"),
        (&|table| table["operations"][0]["returns"] = json!("Nothing"), "returns \"Nothing\""),
        (&|table| table["operations"][0]["returns"] = json!("object"), "Client is of no type"),
        (&|table| table["operations"][1]["method"] = json!("version"), "two methods version"),
        (&|table| table["operations"][2]["arguments"][1]["name"] = json!("method"), "method twice"),
        (&|table| table["operations"][2]["arguments"][1]["type"] = json!("lid"), "of the type lid"),
        (&|table| table["operations"][2]["lid"] = json!(1), "unknown field `lid`"),
        (
            &|table| table["groups"]["Client"]["children"][0]["arguments"] = json!([]),
            "does not say collection",
        ),
        (&|table| table["groups"]["Client"]["children"][1]["options"] = json!(["lid"]), "has no lid"),
        (
            &|table| table["groups"]["Client"]["children"][1]["inherits"] = json!(["cluster"]),
            "cannot inherit cluster",
        ),
        (
            &|table| table["groups"]["Client"]["children"][1]["method"] = json!("cluster"),
            "two methods cluster",
        ),
        (&|table| table["values"]["WhoAmI"]["fields"][0]["type"] = json!("[Lid]"), "of the type [Lid]"),
    ] {
        let refusal = refused(change);
        assert!(refusal.contains(words), "{words}: {refusal}");
    }
}

/// Imports the types as a program does, and resolves every form in them.
const RESOLVE: &str = r#"
import sys, types, typing
package = types.ModuleType("rancher")
package.__path__ = [sys.argv[1]]
sys.modules["rancher"] = package
import rancher.types
assert "rancher.types.management" not in sys.modules, "the types are there before they are asked for"
records = fields = 0
for name in rancher.types.__all__:
    module = getattr(rancher.types, name)
    assert sorted(module.__all__) == list(module.__all__), name
    if name == "values":
        continue
    for record in module.__all__:
        form = getattr(module, record)
        if typing.is_typeddict(form):
            assert not form.__required_keys__, record
            fields += len(typing.get_type_hints(form))
            records += 1
import rancher.types.values as values
for name in values.__all__:
    if typing.is_typeddict(getattr(values, name)):
        typing.get_type_hints(getattr(values, name))
for folder in ("_generated", "types"):
    import pathlib
    for path in pathlib.Path(sys.argv[1], folder).glob("*.py"):
        compile(path.read_text(), str(path), "exec")
print(records, fields)
"#;

#[test]
fn python_takes_it() {
    let package = root().join("rancher-py/python/rancher");
    let done = Command::new("python3").args(["-B", "-c", RESOLVE]).arg(package).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let printed = String::from_utf8(done.stdout).unwrap();
    let counts: Vec<usize> = printed.split_whitespace().map(|word| word.parse().unwrap()).collect();
    // 439 types, of which 19 stand once for several parts of the API
    assert!(counts[0] >= 400 && counts[1] >= 4000, "{printed}");
}
