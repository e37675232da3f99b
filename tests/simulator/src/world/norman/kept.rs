//! Every type that has no rules of its own: lists, objects, writes, as its schema and the rights allow.

use super::collection::{Item, Listing, Paging};
use super::kinds::{Api, Kind, kind_in, kinds};
use super::namespaces::reach;
use super::validate::{Write, construct, text};
use super::{Within, body, special, unsupported};
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem, empty};
use crate::world::call::Call;
use crate::world::rights::{Access, Ask, cluster_of};
use crate::world::state::{Kept, Shelf, dated};
use http::{Method, StatusCode, header};
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// Where the objects of a type stand, and who may reach them.
pub(super) struct Place<'a> {
    pub(super) kind: &'static Kind,
    within: Within<'a>,
    access: Access,
}

impl<'a> Place<'a> {
    fn shelf(&self) -> Shelf {
        let owner = match self.kind.api {
            Api::Management => "",
            Api::Cluster => self.within.cluster.unwrap_or_default(),
            Api::Project => self.within.project.unwrap_or_default(),
        };
        // The objects of subtypes stand on the shelf of their base: `localConfig` on that of `authConfig`.
        let kind = if self.kind.collection.is_none() { "authConfig" } else { &self.kind.id };
        (kind.to_owned(), owner.to_owned())
    }

    /// `/v3/…` up to the collection, as links spell it.
    fn path(&self, plural: &str) -> String {
        match self.kind.api {
            Api::Management => format!("/v3/{plural}"),
            Api::Cluster => format!("/v3/cluster/{}/{plural}", self.within.cluster.unwrap_or_default()),
            Api::Project => format!("/v3/project/{}/{plural}", self.within.project.unwrap_or_default()),
        }
    }

    fn resource(&self) -> String {
        if self.kind.collection.is_none() { "authconfigs".to_owned() } else { self.kind.path() }
    }

    fn may(&self, world: &World, verb: &str, id: &str) -> Result<(), Problem> {
        let resource = self.resource();
        let (namespace, name) = id.split_once(':').unwrap_or(("", id));
        let (allowed, ask) = match self.kind.api {
            Api::Management => {
                let ask = Ask { namespace, ..Ask::management(verb, &resource, name) };
                let cluster = world.state.clusters.contains_key(namespace);
                (
                    self.access.globally(&ask)
                        || (cluster && self.access.in_cluster(verb, &resource, namespace)),
                    ask,
                )
            }
            Api::Cluster | Api::Project => {
                // rule: norman.below-by-kubernetes
                let project = self.within.project.unwrap_or_default();
                let cluster = self.within.cluster.unwrap_or_else(|| cluster_of(project));
                let ask = Ask { verb, group: group(&resource), resource: &resource, namespace: "", name };
                let home = self.access.in_namespaces_of(project, &ask);
                (home || self.access.in_kubernetes(&world.state, cluster, &ask).is_some(), ask)
            }
        };
        // rule: norman.forbidden-before-missing
        if allowed { Ok(()) } else { Err(Problem::forbidden(ask.refusal(&self.access.user))) }
    }

    fn missing(&self, id: &str) -> Problem {
        let name = id.rsplit(':').next().unwrap_or(id);
        let suffix = if self.kind.api == Api::Management { ".management.cattle.io" } else { "" };
        Problem::not_found(format!("{}{suffix} \"{name}\" not found", self.resource()))
    }
}

// The API group of what lives in Kubernetes itself.
fn group(resource: &str) -> &'static str {
    match resource {
        "daemonsets" | "deployments" | "replicasets" | "statefulsets" => "apps",
        "cronjobs" | "jobs" => "batch",
        "horizontalpodautoscalers" => "autoscaling",
        "ingresses" => "networking.k8s.io",
        "storageclasses" => "storage.k8s.io",
        "apiservices" => "apiregistration.k8s.io",
        _ => "",
    }
}

pub(super) fn serve(
    world: &mut World,
    call: &Call<'_>,
    kind: &'static Kind,
    within: Within<'_>,
    id: Option<&str>,
) -> Outcome {
    let place = Place { kind, within, access: call.access(&world.state) };
    if kind.api != Api::Management {
        // rule: norman.store-of-its-own
        let project = within.project.unwrap_or_default();
        reach(
            world,
            within.cluster.unwrap_or_else(|| cluster_of(project)),
            &format!("api/v1/{}", kind.path()),
        )?;
    }
    let allowed = |methods: &[String]| methods.iter().any(|method| method == call.method.as_str());
    match id {
        None if kind.collection.is_none() => Err(super::no_schema(&kind.plural)),
        None if call.action().is_some() && *call.method == Method::POST => action(call, false, kind),
        // rule: norman.methods
        None if !allowed(&kind.collection_methods) => Err(unsupported(call)),
        None if *call.method == Method::GET => Ok(all(world, call, &place)),
        None => create(world, call, &place),
        Some(id) => one(world, call, &place, id, allowed(&kind.resource_methods)),
    }
}

/// An object on its way into a list.
struct Row<'a> {
    call: &'a Call<'a>,
    place: &'a Place<'a>,
    id: &'a str,
    kept: &'a Kept,
}

impl Item for Row<'_> {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.id)
    }

    fn text(&self, field: &str) -> Cow<'_, str> {
        match (field, self.kept.fields.get(field)) {
            ("id", _) => Cow::Borrowed(self.id),
            ("uuid", _) => Cow::Borrowed(&self.kept.uuid),
            ("creatorId", _) => Cow::Borrowed(self.kept.creator.as_deref().unwrap_or_default()),
            (_, Some(Value::String(text))) => Cow::Borrowed(text),
            _ => Cow::Owned(text(
                shown(self.call, self.place, self.id, self.kept).get(field).unwrap_or(&Value::Null),
            )),
        }
    }

    fn show(self) -> Value {
        Value::Object(shown(self.call, self.place, self.id, self.kept))
    }
}

fn all(world: &World, call: &Call<'_>, place: &Place<'_>) -> crate::Response {
    let kind = place.kind;
    // rule: norman.lists-are-filtered
    let everything = place.may(world, "list", "").is_ok();
    let shelf = world.state.kept.get(&place.shelf());
    let below = |kept: &Kept| {
        let cluster = kept.fields.get("clusterId").and_then(Value::as_str);
        place.within.cluster.is_none_or(|within| kind.api != Api::Management || cluster == Some(within))
    };
    let items = shelf
        .into_iter()
        .flatten()
        .filter(|(id, kept)| below(kept) && (everything || place.may(world, "list", id).is_ok()))
        .map(|(id, kept)| Row { call, place, id, kept })
        .collect();
    let creates = kind.collection_methods.iter().any(|method| method == "POST");
    let create = creates.then(|| format!("{}{}", call.base, place.path(&kind.path())));
    let actions = json!({});
    Listing { kind, items, create, actions, paging: Paging::Store, ranks: &world.state.ranks }.answer(call)
}

fn one(world: &mut World, call: &Call<'_>, place: &Place<'_>, id: &str, allowed: bool) -> Outcome {
    let verb = match *call.method {
        Method::DELETE => "delete",
        Method::PUT | Method::POST => "update",
        _ => "get",
    };
    place.may(world, verb, id)?;
    let shelf = place.shelf();
    let Some(kept) = world.state.kept.get(&shelf).and_then(|shelf| shelf.get(id)).cloned() else {
        return Err(place.missing(id));
    };
    match (call.method, call.action()) {
        // An unknown link or an action asked by GET is the object itself.
        // rule: norman.action-by-get
        (&Method::GET, _) => Ok(answer::json(StatusCode::OK, &json!(shown(call, place, id, &kept)))),
        (&Method::POST, Some(_)) => action(call, true, place.kind),
        _ if !allowed || *call.method == Method::POST => Err(unsupported(call)),
        (&Method::PUT, _) => update(world, call, place, id, kept),
        _ => remove(world, call, place, id, &kept),
    }
}

// The simulator plays the actions of the types that have rules of their own.
fn action(call: &Call<'_>, of_object: bool, kind: &Kind) -> Outcome {
    let name = call.action().unwrap_or_default();
    let actions = if of_object { &kind.actions } else { &kind.collection_actions };
    if actions.contains_key(name) {
        return Ok(crate::world::route::not_simulated(name));
    }
    // rule: norman.unknown-action
    Err(Problem::new(StatusCode::NOT_FOUND, "ActionNotAvailable", format!("action {name} not available")))
}

fn create(world: &mut World, call: &Call<'_>, place: &Place<'_>) -> Outcome {
    let kind = place.kind;
    let mut sent = body(call)?;
    if let (Some(cluster), Api::Management) = (place.within.cluster, kind.api) {
        sent.entry("clusterId").or_insert_with(|| json!(cluster));
    }
    let mut fields = construct(kind.api, kind, &sent, Write::Create)?;
    let owner = owner(kind, &fields, &place.access.user);
    place.may(world, "create", &owner.as_ref().map(|owner| format!("{owner}:")).unwrap_or_default())?;
    if let Some(cluster) = fields.get("clusterId").and_then(Value::as_str)
        && !world.state.clusters.contains_key(cluster)
    {
        // rule: project.unknown-cluster
        return Err(Problem::not_found(format!("namespaces \"{cluster}\" not found")));
    }
    let name = fields.get("name").map(text).filter(|name| !name.is_empty());
    // What lives in Kubernetes itself is known by its name.
    let label = kind.fields.get("name").is_some_and(|field| field.of.starts_with("dnsLabel"));
    let named = label || kind.api != Api::Management;
    let name = match name {
        // rule: norman.id-is-name
        Some(name) if named => name,
        // rule: norman.minted-id
        _ => format!("{}-{}", initials(&kind.id), world.state.random.name(5)),
    };
    let id = owner.map_or_else(|| name.clone(), |owner| format!("{owner}:{name}"));
    let shelf = place.shelf();
    if world.state.kept.get(&shelf).is_some_and(|shelf| shelf.contains_key(&id)) {
        // rule: norman.already-exists
        let message = match kind.api {
            Api::Management => format!("{}.management.cattle.io \"{name}\" already exists", kind.path()),
            Api::Cluster | Api::Project => format!("{} \"{name}\" already exists", kind.path()),
        };
        return Err(Problem::new(StatusCode::CONFLICT, "AlreadyExists", message));
    }
    if kind.fields.contains_key("annotations") {
        fields.entry("annotations").or_insert_with(|| json!({}));
    }
    if kind.fields.contains_key("labels") {
        let labels = fields.entry("labels").or_insert_with(|| json!({}));
        if let Some(labels) = labels.as_object_mut() {
            labels.insert("cattle.io/creator".to_owned(), json!("norman"));
        }
    }
    if let (Some(project), true) = (place.within.project, kind.fields.contains_key("projectId")) {
        fields.insert("projectId".to_owned(), json!(project));
    }
    special::complete(world, kind, &mut fields);
    let uuid = world.state.random.uuid();
    let creator = Some(place.access.user.clone());
    let kept = Kept { created: world.state.now, creator, uuid, fields, ..Kept::default() };
    let made = shown(call, place, &id, &kept);
    world.state.kept.entry(shelf).or_default().insert(id.clone(), kept);
    special::completed_later(world, kind, &id);
    Ok(answer::json(StatusCode::CREATED, &Value::Object(made)))
}

// What stands before the colon of an id: the namespace of Kubernetes that holds the object.
fn owner(kind: &Kind, fields: &Map<String, Value>, user: &str) -> Option<String> {
    // rule: norman.owners
    match kind.id.as_str() {
        "cloudCredential" => Some("cattle-global-data".to_owned()),
        "preference" => Some(user.to_owned()),
        _ => {
            let of = |name: &str| kind.fields.get(name).and_then(|field| field.inside("reference"));
            let text = |name: &str| fields.get(name).and_then(Value::as_str);
            if of("clusterId") == Some("cluster") {
                return text("clusterId").map(str::to_owned);
            }
            (kind.api == Api::Project).then(|| text("namespaceId").unwrap_or("default").to_owned())
        }
    }
}

// Norman names what has no name by the capitals of its type: gr-xxxxx, rt-xxxxx.
fn initials(id: &str) -> String {
    let capitals = id.chars().skip(1).filter(|c| c.is_ascii_uppercase()).map(|c| c.to_ascii_lowercase());
    id.chars().take(1).chain(capitals).collect()
}

fn update(world: &mut World, call: &Call<'_>, place: &Place<'_>, id: &str, mut kept: Kept) -> Outcome {
    let kind = subtype(place.kind, &kept);
    let fields = construct(kind.api, kind, &body(call)?, Write::Update)?;
    special::may_change(place.kind, id, &kept, &fields)?;
    // rule: norman.put-merges
    for (name, value) in fields {
        match value {
            // rule: norman.null-clears
            Value::Null => {
                kept.fields.remove(&name);
            }
            // rule: norman.own-labels-stay
            Value::Object(sent) if matches!(name.as_str(), "labels" | "annotations") => {
                let own = kept.fields.entry(name).or_insert_with(|| json!({}));
                if let Some(own) = own.as_object_mut() {
                    own.retain(|key, _| key.contains("cattle.io/"));
                    own.extend(sent);
                }
            }
            value => {
                kept.fields.insert(name, value);
            }
        }
    }
    let changed = shown(call, place, id, &kept);
    world.state.kept.entry(place.shelf()).or_default().insert(id.to_owned(), kept);
    Ok(answer::json(StatusCode::OK, &Value::Object(changed)))
}

fn remove(world: &mut World, call: &Call<'_>, place: &Place<'_>, id: &str, kept: &Kept) -> Outcome {
    special::may_remove(place.kind, id, kept)?;
    if let Some(shelf) = world.state.kept.get_mut(&place.shelf()) {
        shelf.remove(id);
    }
    let controlled = kept.fields.get("annotations").and_then(Value::as_object).is_some_and(|annotations| {
        annotations.keys().any(|key| key.starts_with("lifecycle.cattle.io/create."))
    });
    if controlled {
        // rule: norman.deleted-200
        let mut gone = shown(call, place, id, kept);
        dated(&mut gone, "removed", world.state.now);
        return Ok(answer::json(StatusCode::OK, &Value::Object(gone)));
    }
    // rule: norman.deleted-204
    let mut response = empty(StatusCode::NO_CONTENT);
    answer::set(&mut response, header::CONTENT_TYPE, "application/json");
    Ok(response)
}

// An auth config is of the type of its provider.
fn subtype(kind: &'static Kind, kept: &Kept) -> &'static Kind {
    kept.fields.get("type").and_then(Value::as_str).and_then(|of| kind_in(kind.api, of)).unwrap_or(kind)
}

/// An object as Norman shows it.
fn shown(call: &Call<'_>, place: &Place<'_>, id: &str, kept: &Kept) -> Map<String, Value> {
    let kind = subtype(place.kind, kept);
    let mut object = kept.fields.clone();
    special::fill_in(&mut object, kind, call, kept);
    for (name, field) in &kind.fields {
        if field.write_only || field.of == "password" {
            object.remove(name);
        } else if field.inside("reference").is_some() {
            // rule: norman.null-references
            object.entry(name.as_str()).or_insert(Value::Null);
        } else if let Some(default) = &field.default {
            object.entry(name.as_str()).or_insert_with(|| default.clone());
        }
    }
    let own = format!("{}{}/{id}", call.base, place.path(&kind.plural));
    let mut links = Map::new();
    links.insert("self".to_owned(), json!(own));
    for (link, method, verb) in [("update", "PUT", "update"), ("remove", "DELETE", "delete")] {
        let has = kind.resource_methods.iter().any(|known| known == method);
        // Who may not change an object is not offered it.
        let may = verb != "update" || kind.api != Api::Management || {
            let resource = place.resource();
            place.access.globally(&Ask::management(verb, &resource, id))
                || id
                    .split_once(':')
                    .is_some_and(|(cluster, _)| place.access.in_cluster(verb, &resource, cluster))
        };
        if has && may && !kept.without.iter().any(|without| without == link) {
            links.insert(link.to_owned(), json!(own));
        }
    }
    if kind.api == Api::Management {
        links.extend(referring(call, kind, id));
    }
    object.insert("links".to_owned(), Value::Object(links));
    let offered = kind.actions.keys().filter(|name| match &kept.actions {
        Some(actions) => actions.contains(name),
        None => kind.collection.is_some(),
    });
    let actions: Map<String, Value> =
        offered.map(|name| (name.clone(), json!(format!("{own}?action={name}")))).collect();
    if !actions.is_empty() {
        object.insert("actions".to_owned(), Value::Object(actions));
    }
    let base = if kind.collection.is_none() { "authConfig" } else { &kind.id };
    object.insert("baseType".to_owned(), json!(base));
    object.insert("type".to_owned(), json!(kind.id));
    object.insert("id".to_owned(), json!(id));
    object.insert("uuid".to_owned(), json!(kept.uuid));
    object.insert("creatorId".to_owned(), json!(kept.creator));
    if kind.fields.contains_key("name") {
        let name = id.rsplit(':').next().unwrap_or(id);
        object.entry("name").or_insert_with(|| json!(name));
    }
    dated(&mut object, "created", kept.created);
    object
}

// The collections whose objects refer to this one.
fn referring<'a>(
    call: &'a Call<'_>,
    kind: &'a Kind,
    id: &'a str,
) -> impl Iterator<Item = (String, Value)> + 'a {
    // rule: norman.referring-links
    let referring = kinds(Api::Management).iter().filter(|other| other.collection.is_some());
    referring.filter_map(move |other| {
        let (field, _) = other.fields.iter().find(|(name, field)| {
            field.inside("reference") == Some(kind.id.as_str()) && other.filters.contains_key(*name)
        })?;
        Some((other.plural.clone(), json!(format!("{}/v3/{}?{field}={id}", call.base, other.plural))))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_minted_from_the_capitals_of_a_type() {
        for (kind, prefix) in
            [("globalRole", "gr"), ("roleTemplate", "rt"), ("cloudCredential", "cc"), ("node", "n")]
        {
            assert_eq!(initials(kind), prefix);
        }
    }
}
