//! The fields of a record as Python and TypeScript see them.

use crate::facts::{Api, Field};
use crate::kind::Kind;
use crate::model::{Body, Model};
use crate::records;

/// What the server adds to objects that stand alone: the name, whether it is a mapping of texts, and what it is.
pub const RESOURCE: [(&str, bool, &str); 5] = [
    ("id", false, "What names it in its collection. Set by the server."),
    ("type", false, "The id of its type. Set by the server."),
    ("baseType", false, "The id of the type that its own is a kind of. Set by the server."),
    ("links", true, "Addresses of what belongs to it, by name. Set by the server."),
    ("actions", true, "Addresses of the actions that are available now, by name. Set by the server."),
];

/// A field.
#[derive(Debug, Clone)]
pub struct Member<'m> {
    /// Its name in JSON.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What is stated of it.
    pub field: &'m Field,
    /// Whether it can be null.
    pub nullable: bool,
    /// Whether only the server sets it.
    pub readonly: bool,
    /// What it is, in one line.
    pub doc: String,
}

/// The fields of a body, without those of [`RESOURCE`].
pub fn members<'m>(model: &Model<'_>, body: &'m Body) -> Vec<Member<'m>> {
    let mut found = Vec::new();
    let resource = body.facts.is_resource();
    for (name, field) in &body.facts.fields {
        if resource && RESOURCE.iter().any(|(own, ..)| own == name) {
            continue;
        }
        let Some(kind) = body.kinds.get(name) else { continue };
        // recorded: the server sends `"creatorId": null`, though it does not state it
        let nullable = (field.nullable && !field.required) || (resource && name == "creatorId");
        let secret = records::sensitive(model, body, name);
        let readonly = resource && !field.create && !field.update;
        let doc = records::doc(field, kind, secret);
        found.push(Member { name: name.clone(), kind: kind.clone(), field, nullable, readonly, doc });
        let stamp = format!("{name}TS");
        if *kind == Kind::Plain("Date") && !body.facts.fields.contains_key(&stamp) {
            let doc = format!("`{name}` in milliseconds since 1970. Set by the server.");
            let kind = Kind::Plain("Int");
            found.push(Member { name: stamp, kind, field, nullable: false, readonly: resource, doc });
        }
    }
    found
}

/// The bodies of a module: those of an API alone, or what several share. Sorted by their names.
pub fn module<'m>(model: &'m Model<'_>, api: Option<Api>) -> Vec<&'m Body> {
    let belongs = |body: &&Body| match api {
        Some(api) => body.apis == [api],
        None => body.apis.len() > 1,
    };
    let mut found: Vec<&Body> = model.bodies.iter().filter(belongs).collect();
    found.sort_by_key(|body| body.rust());
    found
}

/// The names of what an API shares with others, sorted.
pub fn shared_with(model: &Model<'_>, api: Api) -> Vec<String> {
    let shared = model.bodies.iter().filter(|body| body.apis.len() > 1 && body.apis.contains(&api));
    let mut names: Vec<String> = shared.map(Body::rust).collect();
    names.sort();
    names
}

/// The name of the record of a part.
pub fn record(model: &Model<'_>, body: &Body, id: &str) -> Option<String> {
    model.body(body.api(), id).map(Body::rust)
}
