//! What a server says about itself: schemas, settings, roles, principals.

use super::collection::{Item, Listing, Paging};
use super::kinds::{ActionFacts, Api, Field, Kind, kind_in, kinds, nested};
use super::validate::{Write, construct};
use super::{body, list, no_schema, required, unsupported};
use crate::Response;
use crate::world::World;
use crate::world::answer::{self, Outcome, Problem};
use crate::world::call::Call;
use crate::world::rights::Ask;
use crate::world::state::{Setting, User, dated, stamp};
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// `/v3/schemas` and its like below a cluster or project.
pub(super) fn schemas(call: &Call<'_>, api: Api, within: &str) -> Response {
    let own = format!("{}{}", call.base, call.raw_path);
    let data: Vec<Value> = kinds(api).iter().map(|kind| describe(call, kind, within)).collect();
    let body = json!({
        "type": "collection", "resourceType": "schema", "actions": {}, "links": {"self": own},
        "pagination": {"limit": 1000, "total": data.len()},
        "sort": {"order": "asc", "reverse": format!("{own}?order=desc")}, "data": data,
    });
    answer::json(StatusCode::OK, &body)
}

/// `/v3/schemas/{id}`.
pub(super) fn schema(call: &Call<'_>, api: Api, within: &str, id: &str) -> Outcome {
    let found = nested(api, id).or_else(|| kind_in(api, id)).ok_or_else(|| no_schema(id))?;
    Ok(answer::json(StatusCode::OK, &describe(call, found, within)))
}

// All facts that the record has of a type; the prose it did not keep.
fn describe(call: &Call<'_>, kind: &Kind, within: &str) -> Value {
    // rule: schema.without-prose
    let path = match kind.api {
        Api::Management => "/v3",
        Api::Cluster => "/v3/cluster",
        Api::Project => "/v3/project",
    };
    let filters: Map<String, Value> =
        kind.filters.iter().map(|(name, known)| (name.clone(), json!({"modifiers": known}))).collect();
    let fields: Map<String, Value> =
        kind.fields.iter().map(|(name, field)| (name.clone(), stated(field))).collect();
    let actions = |actions: &BTreeMap<String, ActionFacts>| -> Map<String, Value> {
        let stated = |facts: &ActionFacts| {
            let pairs = [("input", &facts.input), ("output", &facts.output)];
            let pairs =
                pairs.into_iter().filter_map(|(name, of)| Some((name.to_owned(), json!(of.as_ref()?))));
            Value::Object(pairs.collect())
        };
        actions.iter().map(|(name, facts)| (name.clone(), stated(facts))).collect()
    };
    // rule: schema.of-a-cluster
    let below = if within.is_empty() { path.to_owned() } else { format!("{path}/{within}") };
    let (group, context) = match kind.api {
        Api::Management => ("management", ""),
        Api::Cluster => ("cluster", "cluster"),
        Api::Project => ("project", "project"),
    };
    let mut version = json!({"group": format!("{group}.cattle.io"), "path": path, "version": "v3"});
    if let (false, Some(version)) = (context.is_empty(), version.as_object_mut()) {
        version.insert("filterField".to_owned(), json!(format!("/v3/schemas/{context}")));
        version.insert("subContext".to_owned(), json!(true));
    }
    let mut links = Map::new();
    links.insert("self".to_owned(), json!(format!("{}{below}/schemas/{}", call.base, kind.id)));
    if let Some(collection) = &kind.collection {
        links.insert("collection".to_owned(), json!(format!("{}{below}/{collection}", call.base)));
    }
    let stated = json!({
        "baseType": "schema", "type": "schema", "id": kind.id, "pluralName": kind.plural,
        "collectionActions": actions(&kind.collection_actions), "collectionFilters": filters,
        "collectionMethods": kind.collection_methods, "resourceActions": actions(&kind.actions),
        "resourceFields": fields, "resourceMethods": kind.resource_methods, "links": links,
        "version": version,
    });
    let Value::Object(mut stated) = stated else { return stated };
    let empty = |value: &Value| {
        value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty)
    };
    stated.retain(|name, value| name == "links" || !empty(value));
    Value::Object(stated)
}

fn stated(field: &Field) -> Value {
    let mut stated = Map::new();
    for (name, value) in [("create", field.create), ("update", field.update)] {
        stated.insert(name.to_owned(), json!(value));
    }
    for (name, value) in
        [("required", field.required), ("nullable", field.nullable), ("writeOnly", field.write_only)]
    {
        if value {
            stated.insert(name.to_owned(), json!(true));
        }
    }
    let limits = [
        ("default", field.default.clone()),
        ("min", field.min.map(Value::from)),
        ("max", field.max.map(Value::from)),
        ("minLength", field.min_length.map(Value::from)),
        ("maxLength", field.max_length.map(Value::from)),
        ("validChars", field.valid_chars.clone().map(Value::from)),
        ("invalidChars", field.invalid_chars.clone().map(Value::from)),
    ];
    stated.extend(limits.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    if !field.options.is_empty() {
        stated.insert("options".to_owned(), json!(field.options));
    }
    stated.insert("type".to_owned(), json!(field.of));
    Value::Object(stated)
}

/// `/v3/settings`.
pub(super) fn settings(world: &mut World, call: &Call<'_>, kind: &'static Kind, id: Option<&str>) -> Outcome {
    let access = call.access(&world.state);
    let may = |verb: &str| access.globally(&Ask::management(verb, "settings", id.unwrap_or_default()));
    let Some(id) = id else {
        if *call.method == Method::POST {
            return create_setting(world, call, kind);
        }
        if *call.method != Method::GET {
            return Err(unsupported(call));
        }
        let (listed, writable) = (may("list"), may("update"));
        let seen = world.state.settings.iter().filter(|_| listed);
        let items: Vec<_> = seen.map(|(name, setting)| Row { call, name, setting, writable }).collect();
        return list(world, call, kind, items, Some(format!("{}/v3/settings", call.base)));
    };
    let missing = || Problem::not_found(format!("settings.management.cattle.io \"{id}\" not found"));
    let verb = match *call.method {
        Method::PUT => "update",
        Method::DELETE => "delete",
        _ => "get",
    };
    if verb != "get" && !may(verb) {
        return Err(Problem::forbidden(Ask::management(verb, "settings", id).refusal(&access.user)));
    }
    match *call.method {
        Method::GET => {
            let setting = world.state.settings.get(id).ok_or_else(missing)?;
            Ok(answer::json(StatusCode::OK, &object(call, id, setting, may("update"))))
        }
        Method::PUT => {
            let setting = world.state.settings.get_mut(id).ok_or_else(missing)?;
            let mut fields = construct(kind.api, kind, &body(call)?, Write::Update)?;
            if setting.source == "env" || id == "cacerts" {
                // rule: setting.read-only
                let message = format!("{id} is read-only");
                return Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllow", message));
            }
            // rule: setting.cleared-is-default
            match fields.remove("value") {
                Some(Value::String(value)) => {
                    setting.value = value;
                    setting.source = "db";
                }
                Some(_) => {
                    setting.value.clone_from(&setting.default);
                    setting.source = "default";
                }
                None => {}
            }
            Ok(answer::json(StatusCode::OK, &object(call, id, setting, true)))
        }
        Method::DELETE => {
            // rule: setting.really-deleted
            world.state.settings.remove(id).ok_or_else(missing)?;
            let mut response = answer::empty(StatusCode::NO_CONTENT);
            answer::set(&mut response, http::header::CONTENT_TYPE, "application/json");
            Ok(response)
        }
        _ => Err(unsupported(call)),
    }
}

/// A setting on its way into a list.
struct Row<'a> {
    call: &'a Call<'a>,
    name: &'a str,
    setting: &'a Setting,
    writable: bool,
}

impl Item for Row<'_> {
    fn id(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.name)
    }

    fn text(&self, field: &str) -> Cow<'_, str> {
        match field {
            "name" => Cow::Borrowed(self.name),
            "value" => Cow::Borrowed(&self.setting.value),
            "default" => Cow::Borrowed(&self.setting.default),
            "source" => Cow::Borrowed(self.setting.source),
            "uuid" => Cow::Borrowed(&self.setting.uuid),
            "customized" => Cow::Borrowed(if self.setting.source == "db" { "true" } else { "false" }),
            "created" => Cow::Owned(stamp(self.setting.created)),
            // Nothing sets the others.
            _ => Cow::Borrowed(""),
        }
    }

    fn show(self) -> Value {
        object(self.call, self.name, self.setting, self.writable)
    }
}

fn create_setting(world: &mut World, call: &Call<'_>, kind: &'static Kind) -> Outcome {
    let access = call.access(&world.state);
    let ask = Ask::management("create", "settings", "");
    if !access.globally(&ask) {
        return Err(Problem::forbidden(ask.refusal(&access.user)));
    }
    let fields = construct(kind.api, kind, &body(call)?, Write::Create)?;
    let text = |field: &str| fields.get(field).and_then(Value::as_str).unwrap_or("").to_owned();
    let name = text("name");
    if world.state.settings.contains_key(&name) {
        // rule: norman.already-exists
        let message = format!("settings.management.cattle.io \"{name}\" already exists");
        return Err(Problem::new(StatusCode::CONFLICT, "AlreadyExists", message));
    }
    let (uuid, created) = (world.state.random.uuid(), world.state.now);
    let setting = Setting { value: text("value"), default: String::new(), source: "db", created, uuid };
    let made = object(call, &name, &setting, true);
    world.state.settings.insert(name, setting);
    Ok(answer::json(StatusCode::CREATED, &made))
}

fn object(call: &Call<'_>, name: &str, setting: &Setting, writable: bool) -> Value {
    let own = format!("{}/v3/settings/{name}", call.base);
    // What the environment sets cannot be changed; `cacerts` neither.
    // rule: setting.update-link
    let mut links = json!({"remove": own, "self": own});
    if writable
        && setting.source != "env"
        && name != "cacerts"
        && let Some(links) = links.as_object_mut()
    {
        links.insert("update".to_owned(), json!(own));
    }
    let fields = json!({
        "baseType": "setting", "creatorId": null, "customized": setting.source == "db",
        "default": setting.default, "id": name, "links": links, "name": name, "source": setting.source,
        "type": "setting", "uuid": setting.uuid, "value": setting.value,
    });
    let mut object = if let Value::Object(fields) = fields { fields } else { Map::new() };
    dated(&mut object, "created", setting.created);
    Value::Object(object)
}

/// `/v3/principals`: of the local provider.
pub(super) fn principals(world: &World, call: &Call<'_>, kind: &'static Kind, id: Option<&str>) -> Outcome {
    let users = &world.state.users;
    if let Some(id) = id {
        let user = id.strip_prefix("local://").and_then(|id| users.get(id));
        let user = user.ok_or_else(|| Problem::not_found(format!("principal {id} not found")))?;
        return Ok(answer::json(StatusCode::OK, &principal(call, user)));
    }
    let own = format!("{}/v3/principals", call.base);
    let items: Vec<Value> = if *call.method == Method::POST && call.action() == Some("search") {
        // rule: principal.search
        let wanted = required(&body(call)?, "name")?;
        users
            .values()
            .filter(|user| user.username.starts_with(&wanted) || user.name.starts_with(&wanted))
            .map(|user| principal(call, user))
            .collect()
    } else {
        // rule: principal.list-is-own
        users.get(call.user()).map(|user| principal(call, user)).into_iter().collect()
    };
    let actions = json!({"search": format!("{own}?action=search")});
    let answer =
        Listing { kind, items, create: None, actions, paging: Paging::Bypassed, ranks: &world.state.ranks }
            .answer(call);
    Ok(if *call.method == Method::POST { unpaged(answer) } else { answer })
}

// rule: principal.search-unpaged
fn unpaged(answer: Response) -> Response {
    let Ok(Value::Object(mut list)) = serde_json::from_slice(&answer.body) else { return answer };
    list.remove("pagination");
    if let Some(Value::Object(sort)) = list.get_mut("sort") {
        sort.remove("order");
        if let Some(Value::String(reverse)) = sort.get_mut("reverse") {
            *reverse = reverse.replace("order=desc", "order=asc");
        }
    }
    Response { body: Value::Object(list).to_string().into(), ..answer }
}

fn principal(call: &Call<'_>, user: &User) -> Value {
    json!({
        "baseType": "principal", "creatorId": null, "id": format!("local://{}", user.id),
        "links": {"self": format!("{}/v3/principals/local:%2F%2F{}", call.base, user.id)},
        "loginName": user.username, "me": user.id == call.user(), "memberOf": false, "name": user.name,
        "principalType": "user", "provider": "local", "type": "principal",
    })
}
