//! The modules: what is declared where, and by which feature.

use std::collections::{BTreeMap, BTreeSet};

use crate::Files;
use crate::facts::Api;
use crate::model::{Body, Model, folder};

/// The path of the module in which one body finds another: its own API, which has what it shares with others too; for
/// shared bodies the place itself, since either API may be left out.
pub fn path(from: &Body, to: &Body) -> String {
    let place = if from.apis.len() == 1 { from.folder() } else { to.folder() };
    format!("crate::generated::{}", place.replace('/', "::"))
}

/// Writes all `mod.rs`.
pub fn write(model: &Model<'_>, files: &mut Files) {
    let groups: BTreeSet<&Vec<Api>> = model.bodies.iter().map(|body| &body.apis).collect();
    for apis in &groups {
        let bodies: Vec<&Body> = model.bodies.iter().filter(|body| body.apis == **apis).collect();
        let shared: Vec<&Body> = match apis.as_slice() {
            [api] => {
                model.bodies.iter().filter(|body| body.apis.len() > 1 && body.apis.contains(api)).collect()
            }
            _ => Vec::new(),
        };
        let place = folder(apis);
        files.insert(format!("{place}/mod.rs"), structs(apis, &bodies, &shared));
        files.insert(format!("{place}/info/mod.rs"), infos(model, apis, &bodies, &shared));
    }
    let mut root = crate::header("Everything that is generated.");
    root += "\npub mod enums;\n";
    for api in Api::ALL {
        root += &format!("#[cfg(feature = \"{0}\")]\npub mod {0};\n", api.as_str());
    }
    root += "mod shared;\n";
    files.insert("mod.rs".to_owned(), root);
    let mut text = crate::header("What several APIs share.");
    text += "\n";
    for apis in groups.iter().filter(|apis| apis.len() > 1) {
        let place = folder(apis);
        let features: Vec<String> = apis.iter().map(|api| format!("feature = {:?}", api.as_str())).collect();
        let module = place.rsplit('/').next().unwrap_or_default();
        text += &format!("#[cfg(any({}))]\npub(crate) mod {module};\n", features.join(", "));
    }
    files.insert("shared/mod.rs".to_owned(), text);
}

fn structs(apis: &[Api], bodies: &[&Body], shared: &[&Body]) -> String {
    let about = match apis {
        [api] => format!(
            "The types of the {} API. Those with a collection have a module with constants.",
            api.as_str()
        ),
        _ => "Parts that these APIs share.".to_owned(),
    };
    let info = if apis.len() == 1 { "pub mod info;" } else { "pub(crate) mod info;" };
    let mut text = crate::header(&about) + "\n" + info + "\n";
    for (file, bodies) in by_file(bodies) {
        let visible = if bodies.iter().any(|body| body.facts.is_resource()) { "pub " } else { "" };
        text += &format!("{visible}mod {file};\n");
    }
    text += "\n";
    for (file, bodies) in by_file(bodies) {
        text += &format!("pub use {file}::{{{}}};\n", names(&bodies, Body::rust));
    }
    for (place, bodies) in by_folder(shared) {
        text += &format!("pub use crate::generated::{place}::{{{}}};\n", names(&bodies, Body::rust));
    }
    if apis.len() == 1 {
        let mut all: Vec<&Body> = bodies.iter().chain(shared).copied().collect();
        all.sort_by_key(|body| &body.facts.id);
        text += "\n#[inline]\npub(crate) fn each<V: crate::TypeVisitor>(visitor: &mut V) {\n";
        for body in all {
            text += &format!("    visitor.visit::<{}>();\n", body.rust());
        }
        text += "}\n";
    }
    text
}

fn infos(model: &Model<'_>, apis: &[Api], bodies: &[&Body], shared: &[&Body]) -> String {
    let mut text = crate::header("What the server states of the types.") + "\n";
    for file in by_file(bodies).keys() {
        text += &format!("mod {file};\n");
    }
    text += "\n";
    for (file, bodies) in by_file(bodies) {
        text += &format!("pub use {file}::{{{}}};\n", names(&bodies, Body::info));
    }
    for (place, bodies) in by_folder(shared) {
        text += &format!("pub use crate::generated::{place}::info::{{{}}};\n", names(&bodies, Body::info));
    }
    if let [api] = apis {
        text += "\n/// All of them, sorted by id.\npub static TYPES: &[&crate::info::TypeInfo] = &[\n";
        for ((_, _), index) in model.index.iter().filter(|((of, _), _)| of == api) {
            text +=
                &model.bodies.get(*index).map_or_else(String::new, |body| format!("    &{},\n", body.info()));
        }
        text += "];\n";
    }
    text
}

fn by_file<'b>(bodies: &[&'b Body]) -> BTreeMap<&'b str, Vec<&'b Body>> {
    let mut files: BTreeMap<&str, Vec<&Body>> = BTreeMap::new();
    for body in bodies {
        files.entry(&body.file).or_default().push(body);
    }
    files
}

fn by_folder<'b>(bodies: &[&'b Body]) -> BTreeMap<String, Vec<&'b Body>> {
    let mut folders: BTreeMap<String, Vec<&Body>> = BTreeMap::new();
    for body in bodies {
        folders.entry(body.folder().replace('/', "::")).or_default().push(body);
    }
    folders
}

fn names(bodies: &[&Body], name: impl Fn(&Body) -> String) -> String {
    let mut names: Vec<String> = bodies.iter().map(|body| name(body)).collect();
    names.sort();
    names.join(", ")
}
