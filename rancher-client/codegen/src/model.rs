//! What is generated: bodies, which APIs share them, where they stand, and what holds what.

use std::collections::{BTreeMap, BTreeSet};

use crate::Failure;
use crate::facts::{Api, Facts, Type};
use crate::kind::Kind;
use crate::names;

/// One type as it is generated: a struct and what is stated of it.
#[derive(Debug)]
pub struct Body {
    /// What the server states of it.
    pub facts: Type,
    /// The APIs that it belongs to: more than one if it is the same in all of them.
    pub apis: Vec<Api>,
    /// What each field holds, by name.
    pub kinds: BTreeMap<String, Kind>,
    /// The file that it stands in, without folder and ending.
    pub file: String,
}

impl Body {
    /// The API under which its parts are looked up. A shared body holds only what the same APIs share.
    pub fn api(&self) -> Api {
        self.apis.first().copied().unwrap_or(Api::Management)
    }

    /// The name of its struct.
    pub fn rust(&self) -> String {
        names::pascal(&self.facts.id)
    }

    /// The name of its `TypeInfo`.
    pub fn info(&self) -> String {
        names::screaming(&self.facts.id)
    }

    /// The folder that it stands in.
    pub fn folder(&self) -> String {
        folder(&self.apis)
    }
}

/// The folder of what these APIs have, and its path in modules with `::` for `/`.
pub fn folder(apis: &[Api]) -> String {
    match apis {
        [api] => api.as_str().to_owned(),
        several => format!("shared/{}", several.iter().map(|api| api.as_str()).collect::<Vec<_>>().join("_")),
    }
}

/// So many parts stand in one file with the resource that they belong to.
const MOST: usize = 24;

/// A part of more bytes stands behind a pointer.
const LARGE: usize = 768;

/// Names that the generated text and its macros use without a path.
const HIDDEN: [&str; 13] = [
    "BTreeMap",
    "Box",
    "Clone",
    "Default",
    "Err",
    "None",
    "Ok",
    "Option",
    "PartialEq",
    "Result",
    "Some",
    "String",
    "Vec",
];

/// All that is generated.
#[derive(Debug)]
pub struct Model<'a> {
    /// What it is made from.
    pub facts: &'a Facts,
    /// The bodies, sorted by id and API.
    pub bodies: Vec<Body>,
    /// The index of the body of a type.
    pub index: BTreeMap<(Api, String), usize>,
}

impl<'a> Model<'a> {
    /// Works it out.
    ///
    /// # Errors
    ///
    /// A field has a type that is nowhere, or two names come out the same.
    pub fn new(facts: &'a Facts) -> Result<Self, Failure> {
        let mut model = Self { facts, bodies: Vec::new(), index: BTreeMap::new() };
        for (id, apis) in shared(facts)? {
            for apis in apis {
                model.add(&id, apis)?;
            }
        }
        model.place();
        model.check()?;
        Ok(model)
    }

    fn add(&mut self, id: &str, apis: Vec<Api>) -> Result<(), Failure> {
        let Some(api) = apis.first() else { return Ok(()) };
        let Some(ty) = self.facts.find(*api, id) else { return Ok(()) };
        let kinds = kinds(ty)?;
        for api in &apis {
            self.index.insert((*api, id.to_owned()), self.bodies.len());
        }
        self.bodies.push(Body { facts: ty.clone(), apis, kinds, file: String::new() });
        Ok(())
    }

    /// The body that an id means inside an API.
    pub fn body(&self, api: Api, id: &str) -> Option<&Body> {
        let exact = self.facts.find(api, id)?.id.clone();
        self.bodies.get(*self.index.get(&(api, exact))?)
    }

    /// The bodies that a body names: what its fields hold, and what its actions take and answer.
    pub fn named_by<'b>(&'b self, body: &'b Body) -> impl Iterator<Item = &'b Body> {
        named(&body.facts, &body.kinds).into_iter().filter_map(|id| self.body(body.api(), id))
    }

    /// Whether a field of a body holds a part behind a pointer: those that lead back to the body, and large ones. Most
    /// objects have few of their parts: without pointers, each cluster of a list takes 21 KB.
    pub fn is_boxed(&self, body: &Body, part: &str) -> bool {
        self.is_circle(body, part) || self.body(body.api(), part).is_some_and(|part| self.size(part) > LARGE)
    }

    /// Roughly the bytes of a struct.
    fn size(&self, body: &Body) -> usize {
        let field = |kind: &Kind| match kind {
            Kind::Plain("Boolean") => 1,
            Kind::Plain("Int" | "Float") => 16,
            Kind::Struct(id) if self.is_boxed(body, id) => 8,
            Kind::Struct(id) => self.body(body.api(), id).map_or(0, |part| self.size(part)),
            _ => 24,
        };
        let own = if body.facts.is_resource() { 6 * 24 } else { 24 };
        own + body.kinds.values().map(field).sum::<usize>()
    }

    /// Whether a field of a body holds, without a list or map between, a part that leads back to the body.
    fn is_circle(&self, body: &Body, part: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![part];
        while let Some(id) = next.pop() {
            if id == body.facts.id {
                return true;
            }
            if seen.insert(id)
                && let Some(part) = self.body(body.api(), id)
            {
                next.extend(part.kinds.values().filter_map(Kind::direct));
            }
        }
        false
    }

    /// A part that only one resource needs stands beside it, unless these are too many; the others in files by their
    /// first letter.
    fn place(&mut self) {
        let mut owners: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
        for body in self.bodies.iter().filter(|body| body.facts.is_resource()) {
            let mut next: Vec<&Body> = self.named_by(body).collect();
            while let Some(part) = next.pop() {
                let key = (part.folder(), part.facts.id.clone());
                if !part.facts.is_resource() && owners.entry(key).or_default().insert(body.facts.id.clone()) {
                    next.extend(self.named_by(part));
                }
            }
        }
        let mut parts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for ((folder, _), owners) in owners.iter().filter(|(_, owners)| owners.len() == 1) {
            for owner in owners {
                *parts.entry((folder, owner)).or_default() += 1;
            }
        }
        for body in &mut self.bodies {
            let key = (body.folder(), body.facts.id.clone());
            let owner = owners.get(&key).filter(|owners| owners.len() == 1).and_then(BTreeSet::first);
            let few = |owner: &&String| {
                parts.get(&(key.0.as_str(), owner.as_str())).is_some_and(|count| *count <= MOST)
            };
            let owner = owner.filter(few);
            body.file = match owner {
                _ if body.facts.is_resource() => names::snake(&body.facts.id),
                _ if body.apis.len() > 1 => "parts".to_owned(),
                Some(owner) => names::snake(owner),
                None => format!("parts_{}", body.facts.id.chars().next().unwrap_or('_').to_lowercase()),
            };
        }
    }

    fn check(&self) -> Result<(), Failure> {
        for body in &self.bodies {
            let id = &body.facts.id;
            if HIDDEN.contains(&body.rust().as_str()) {
                let name = body.rust();
                let text =
                    format!("{id} would hide Rust's own {name}: give it another name in names::pascal");
                return Err(Failure::new(text));
            }
            for (field, kind) in &body.kinds {
                if let Some(part) = kind.part()
                    && self.body(body.api(), part).is_none()
                {
                    return Err(Failure::new(format!("{id}.{field} holds {part:?}, which is no type")));
                }
            }
        }
        for api in Api::ALL {
            let mut names = BTreeMap::new();
            for ((_, id), index) in self.index.iter().filter(|((of, _), _)| *of == api) {
                let body = self.bodies.get(*index);
                if let Some(before) = body.and_then(|body| names.insert(body.rust(), id)) {
                    return Err(Failure::new(format!("{before} and {id} of {} get one name", api.as_str())));
                }
            }
        }
        Ok(())
    }
}

fn kinds(ty: &Type) -> Result<BTreeMap<String, Kind>, Failure> {
    ty.fields.iter().map(|(name, field)| Ok((name.clone(), Kind::parse(&field.ty)?))).collect()
}

fn named<'t>(ty: &'t Type, kinds: &'t BTreeMap<String, Kind>) -> Vec<&'t str> {
    let parts = kinds.values().filter_map(Kind::part);
    let actions = ty.actions.values().chain(ty.collection_actions.values());
    parts
        .chain(actions.flat_map(|action| action.input.iter().chain(&action.output)).map(String::as_str))
        .collect()
}

/// By id, the groups of APIs that share its body. A part is shared if the server states the same of it everywhere, and
/// if the same is true of everything that it names: a `namespaceResourceQuota` has the same fields twice, and its
/// `resourceQuotaLimit` has not. A type with a collection belongs to one API, whose paths it has.
fn shared(facts: &Facts) -> Result<BTreeMap<String, Vec<Vec<Api>>>, Failure> {
    let mut groups: BTreeMap<String, Vec<Vec<Api>>> = BTreeMap::new();
    for (api, types) in &facts.types {
        for ty in types {
            let groups = groups.entry(ty.id.clone()).or_default();
            let same = |group: &&mut Vec<Api>| {
                group.first().and_then(|first| facts.find(*first, &ty.id)).is_some_and(|other| other == ty)
            };
            match groups.iter_mut().find(same).filter(|_| !ty.is_resource()) {
                Some(group) => group.push(*api),
                None => groups.push(vec![*api]),
            }
        }
    }
    loop {
        let mut apart = Vec::new();
        for (id, of) in &groups {
            for group in of.iter().filter(|group| group.len() > 1) {
                let Some(ty) = group.first().and_then(|api| facts.find(*api, id)) else { continue };
                let kinds = kinds(ty)?;
                let together = |part: &str| {
                    groups
                        .get(part)
                        .is_some_and(|of| of.iter().any(|other| group.iter().all(|api| other.contains(api))))
                };
                if !named(ty, &kinds).into_iter().all(together) {
                    apart.push((id.clone(), group.clone()));
                }
            }
        }
        if apart.is_empty() {
            return Ok(groups);
        }
        for (id, group) in apart {
            if let Some(of) = groups.get_mut(&id) {
                of.retain(|other| *other != group);
                of.extend(group.into_iter().map(|api| vec![api]));
                of.sort();
            }
        }
    }
}
