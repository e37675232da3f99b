//! Quotas of projects and their namespaces: what Rancher checks before it writes, and what its controllers do after.

mod settle;

use super::answer::Problem;
use super::kube::NAMESPACES;
use super::quantity::Quantity;
use super::state::State;
use http::StatusCode;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

const QUOTA: &str = "resourceQuota";
const DEFAULT: &str = "namespaceDefaultResourceQuota";
const ANNOTATION: &str = "field.cattle.io/resourceQuota";

// Rancher's name of a limit, and that of Kubernetes.
const NAMES: &[(&str, &str)] = &[
    ("configMaps", "configmaps"),
    ("limitsCpu", "limits.cpu"),
    ("limitsMemory", "limits.memory"),
    ("persistentVolumeClaims", "persistentvolumeclaims"),
    ("pods", "pods"),
    ("replicationControllers", "replicationcontrollers"),
    ("requestsCpu", "requests.cpu"),
    ("requestsMemory", "requests.memory"),
    ("requestsStorage", "requests.storage"),
    ("secrets", "secrets"),
    ("services", "services"),
    ("servicesLoadBalancers", "services.loadbalancers"),
    ("servicesNodePorts", "services.nodeports"),
];

/// Amounts by the name Kubernetes gives them.
pub(crate) type Amounts = BTreeMap<String, Quantity>;

/// How Kubernetes lists amounts in a message.
pub(crate) fn listed(amounts: &Amounts) -> String {
    let each: Vec<String> = amounts.iter().map(|(name, amount)| format!("{name}={amount}")).collect();
    each.join(",")
}

/// What stands in `limit`, by Rancher's names; what Rancher does not know falls away.
fn limit(quota: &Value) -> BTreeMap<String, String> {
    let limit = quota.get("limit").and_then(Value::as_object);
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut found = BTreeMap::new();
    for (field, value) in limit.into_iter().flatten() {
        if field == "extended" {
            let more = value.as_object().into_iter().flatten();
            found.extend(more.filter_map(|(name, value)| Some((format!("extended.{name}"), text(value)?))));
        } else if NAMES.iter().any(|(name, _)| name == field)
            && let Some(text) = text(value).filter(|text| !text.is_empty())
        {
            found.insert(field.clone(), text);
        }
    }
    found
}

fn kubernetes(name: &str) -> &str {
    let known = NAMES.iter().find(|(rancher, _)| *rancher == name).map(|(_, kubernetes)| *kubernetes);
    known.unwrap_or_else(|| name.strip_prefix("extended.").unwrap_or(name))
}

fn amounts(limit: &BTreeMap<String, String>) -> Result<Amounts, String> {
    limit
        .iter()
        .map(|(name, text)| match Quantity::parse(text) {
            Ok(amount) => Ok((kubernetes(name).to_owned(), amount)),
            Err(why) => Err(format!("parsing quantity \"{name}\": {why}")),
        })
        .collect()
}

fn plus(into: &mut Amounts, more: Amounts) {
    for (name, amount) in more {
        let sum = into.get(&name).copied().unwrap_or(Quantity::ZERO).plus(amount);
        into.insert(name, sum);
    }
}

fn server_error(message: String) -> Problem {
    // rule: quota.not-a-quantity
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "ServerError", message)
}

fn problem(code: &'static str, field: &'static str, message: String) -> Problem {
    Problem { field: Some(field), ..Problem::unprocessable(code, message) }
}

/// The amounts of one limit and of others together that go beyond a project's; `None` when they fit.
fn beyond(
    one: &BTreeMap<String, String>,
    others: &[BTreeMap<String, String>],
    project: &BTreeMap<String, String>,
) -> Result<Option<String>, Problem> {
    let told = |what: &'static str| move |why: String| server_error(format!("checking {what}: {why}"));
    let mut sum = amounts(one).map_err(told("quota fit"))?;
    let mut negative: Vec<String> =
        sum.iter().filter(|(_, amount)| amount.is_negative()).map(|(name, _)| name.clone()).collect();
    for other in others {
        let other = amounts(other).map_err(told("namespace limits"))?;
        negative
            .extend(other.iter().filter(|(_, amount)| amount.is_negative()).map(|(name, _)| name.clone()));
        plus(&mut sum, other);
    }
    let project = amounts(project).map_err(told("project limits"))?;
    sum.retain(|name, amount| {
        project.get(name).is_some_and(|most| *amount > *most) || negative.contains(name)
    });
    Ok((!sum.is_empty()).then(|| listed(&sum)))
}

fn given<'a>(body: &'a Map<String, Value>, field: &str) -> Option<&'a Value> {
    body.get(field).filter(|value| !value.is_null())
}

// The keys of two limits must be the same.
fn same_keys(
    project: &BTreeMap<String, String>,
    other: &BTreeMap<String, String>,
    field: &'static str,
    of: &str,
) -> Result<(), Problem> {
    // rule: quota.same-keys
    if project.len() != other.len() {
        return Err(problem("MissingRequired", field, format!("does not have all fields defined on a {of}")));
    }
    match project.keys().find(|name| !other.contains_key(*name)) {
        Some(name) => Err(problem("MissingRequired", field, format!("misses {name} defined on a {of}"))),
        None => Ok(()),
    }
}

/// Checks the quotas of a project that is created, or changed when it has an id, as they were sent.
pub(crate) fn check_project(
    state: &State,
    body: &Map<String, Value>,
    id: Option<&str>,
) -> Result<(), Problem> {
    let (quota, default) = match (given(body, QUOTA), given(body, DEFAULT)) {
        (None, None) => return Ok(()),
        // rule: project.both-quotas
        (Some(_), None) => return Err(Problem::missing(DEFAULT)),
        (None, Some(_)) => return Err(Problem::missing(QUOTA)),
        (Some(quota), Some(default)) => (limit(quota), limit(default)),
    };
    same_keys(&quota, &default, DEFAULT, QUOTA)?;
    // rule: quota.default-within-project
    if let Some(beyond) = beyond(&default, &[], &quota)? {
        let message = format!("exceeds {QUOTA} on fields: {beyond}");
        return Err(problem("MaxLimitExceeded", DEFAULT, message));
    }
    let Some(id) = id else { return Ok(()) };
    let namespaces = namespaces(state, id);
    let mut used = used(state, id, None);
    let dropped = used.len();
    used.retain(|name, _| quota.contains_key(name));
    // rule: quota.below-used
    if let Some(beyond) = beyond(&used, &[], &quota)? {
        let message = format!("is below the used limit on fields: {beyond}");
        return Err(problem("MaxLimitExceeded", QUOTA, message));
    }
    let mut added = default;
    added.retain(|name, _| !used.contains_key(name));
    if added.is_empty() && dropped == used.len() {
        return Ok(());
    }
    // rule: quota.new-key-for-all-namespaces
    if let Some(beyond) = beyond(&BTreeMap::new(), &vec![added; namespaces.len()], &quota)? {
        let message =
            format!("exceeds project limit on fields {beyond} when applied to all namespaces in a project");
        return Err(problem("MaxLimitExceeded", DEFAULT, message));
    }
    Ok(())
}

/// Checks the quota of a namespace in a project; `None` stands for the project's default.
pub(crate) fn check_namespace(
    state: &State,
    project: &str,
    namespace: &str,
    sent: Option<&Value>,
) -> Result<(), Problem> {
    let fields = state.projects.get(project).map(|project| &project.fields);
    let Some(quota) = fields.and_then(|fields| given(fields, QUOTA)).map(limit) else { return Ok(()) };
    let own = match (sent.filter(|sent| !sent.is_null()), fields.and_then(|fields| given(fields, DEFAULT))) {
        (Some(own), _) | (None, Some(own)) => limit(own),
        (None, None) => return Ok(()),
    };
    // rule: quota.namespace-keys
    same_keys(&quota, &own, QUOTA, "project quota")?;
    let others: Vec<BTreeMap<String, String>> = namespaces(state, project)
        .into_iter()
        .filter(|(name, _)| name != namespace)
        .filter_map(|(_, quota)| quota)
        .collect();
    // rule: quota.namespace-within-project
    match beyond(&own, &others, &quota)? {
        Some(beyond) => {
            let message = format!("exceeds projectLimit on fields: {beyond}");
            Err(problem("MaxLimitExceeded", QUOTA, message))
        }
        None => Ok(()),
    }
}

/// Refuses to move a namespace into a project with a quota.
pub(crate) fn check_move(state: &State, project: Option<&str>) -> Result<(), Problem> {
    let Some(project) = project.and_then(|project| state.projects.get(project)) else { return Ok(()) };
    if given(&project.fields, QUOTA).is_none() {
        return Ok(());
    }
    // rule: quota.no-move-into
    Err(Problem::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "ServerError",
        format!("can't move namespace. Project {} has resource quota set", project.display),
    ))
}

/// The namespaces of a project, with the limits they carry.
fn namespaces(state: &State, project: &str) -> Vec<(String, Option<BTreeMap<String, String>>)> {
    let cluster = super::rights::cluster_of(project);
    let Some(found) = state.clusters.get(cluster) else { return Vec::new() };
    found
        .objects
        .of(NAMESPACES, "")
        .filter(|(_, namespace)| namespace.annotation("field.cattle.io/projectId") == Some(project))
        .map(|(key, namespace)| {
            let quota = namespace.annotation(ANNOTATION).and_then(|text| serde_json::from_str(text).ok());
            (key.2.clone(), quota.map(|quota: Value| limit(&quota)))
        })
        .collect()
}

/// What the namespaces of a project have taken of its quota, by Rancher's names.
fn used(state: &State, project: &str, but: Option<&str>) -> BTreeMap<String, String> {
    let mut sum: BTreeMap<String, Quantity> = BTreeMap::new();
    for (name, limit) in namespaces(state, project) {
        if but == Some(name.as_str()) {
            continue;
        }
        for (field, text) in limit.into_iter().flatten() {
            let Ok(amount) = Quantity::parse(&text) else { continue };
            let total = sum.get(&field).copied().unwrap_or(Quantity::ZERO).plus(amount);
            sum.insert(field, total);
        }
    }
    sum.into_iter().map(|(field, amount)| (field, amount.to_string())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use serde_json::json;

    const SHOP: &str = "c-prod1:p-qwwv5";

    fn project(quota: Value, default: Value) -> Map<String, Value> {
        let body = json!({QUOTA: {"limit": quota}, DEFAULT: {"limit": default}});
        if let Value::Object(body) = body { body } else { panic!("an object") }
    }

    fn told(result: Result<(), Problem>) -> (u16, &'static str, Option<&'static str>, String) {
        let problem = result.unwrap_err();
        (problem.status.as_u16(), problem.code, problem.field, problem.message)
    }

    #[test]
    fn a_project_has_both_quotas_or_none() {
        let world = World::record(1);
        let state = &world.state;
        assert!(check_project(state, &Map::new(), None).is_ok());
        let mut body = project(json!({"pods": "4"}), json!({"pods": "2"}));
        assert!(check_project(state, &body, None).is_ok());
        body.insert(DEFAULT.to_owned(), Value::Null);
        assert_eq!(
            told(check_project(state, &body, None)),
            (422, "MissingRequired", Some(DEFAULT), String::new())
        );
        body.remove(QUOTA);
        body.insert(DEFAULT.to_owned(), json!({"limit": {"pods": "1"}}));
        assert_eq!(told(check_project(state, &body, None)).2, Some(QUOTA));
    }

    #[test]
    fn the_keys_are_the_same_and_the_default_fits() {
        let world = World::record(1);
        let check =
            |quota: Value, default: Value| told(check_project(&world.state, &project(quota, default), None));
        assert_eq!(
            check(json!({"pods": "4", "secrets": "1"}), json!({"pods": "2"})),
            (
                422,
                "MissingRequired",
                Some(DEFAULT),
                "does not have all fields defined on a resourceQuota".into()
            )
        );
        assert_eq!(
            check(json!({"pods": "4"}), json!({"secrets": "2"})).3,
            "misses pods defined on a resourceQuota"
        );
        assert_eq!(
            check(json!({"limitsCpu": "1"}), json!({"limitsCpu": "1001m"})),
            (
                422,
                "MaxLimitExceeded",
                Some(DEFAULT),
                "exceeds resourceQuota on fields: limits.cpu=1001m".into()
            )
        );
        assert_eq!(check(json!({"pods": "1"}), json!({"pods": "-1"})).1, "MaxLimitExceeded");
        let (status, code, field, message) = check(json!({"limitsCpu": "abc"}), json!({"limitsCpu": "1"}));
        assert_eq!((status, code, field), (500, "ServerError", None));
        assert!(
            message.starts_with("checking project limits: parsing quantity \"limitsCpu\": quantities must")
        );
    }

    #[test]
    fn what_is_used_is_not_taken_away() {
        let world = World::record(1);
        let check =
            |quota: Value, default: Value| check_project(&world.state, &project(quota, default), Some(SHOP));
        let small = json!({"limitsCpu": "100m", "limitsMemory": "1Gi"});
        let default = json!({"limitsCpu": "100m", "limitsMemory": "512Mi"});
        assert_eq!(
            told(check(small, default)),
            (
                422,
                "MaxLimitExceeded",
                Some(QUOTA),
                "is below the used limit on fields: limits.cpu=500m".into()
            )
        );
        let both = |cpu: &str, pods: &str| json!({"limitsCpu": cpu, "pods": pods});
        assert!(check(both("4", "10"), both("1", "10")).is_ok(), "memory goes, pods come");
        assert!(check(json!({"limitsCpu": "4000m"}), json!({"limitsCpu": "1"})).is_ok());
    }

    #[test]
    fn a_namespace_fits_beside_the_others() {
        let mut world = World::record(1);
        let quota = |cpu: &str| json!({"limit": {"limitsCpu": cpu, "limitsMemory": "1Gi"}});
        let check =
            |world: &World, cpu: &str| check_namespace(&world.state, SHOP, "shop-two", Some(&quota(cpu)));
        assert!(check(&world, "3500m").is_ok());
        assert_eq!(told(check(&world, "5000m")).3, "exceeds projectLimit on fields: limits.cpu=5500m");
        let short = json!({"limit": {"limitsCpu": "1"}});
        assert_eq!(
            told(check_namespace(&world.state, SHOP, "shop-two", Some(&short))),
            (
                422,
                "MissingRequired",
                Some(QUOTA),
                "does not have all fields defined on a project quota".into()
            )
        );
        assert!(check_namespace(&world.state, SHOP, "shop-two", None).is_ok(), "the default fits");
        assert_eq!(told(check_move(&world.state, Some(SHOP))).0, 500);
        world.state.projects.get_mut(SHOP).unwrap().fields.remove(QUOTA);
        assert!(check(&world, "5000m").is_ok() && check_move(&world.state, Some(SHOP)).is_ok());
    }
}
