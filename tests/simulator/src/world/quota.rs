//! Quotas of projects and their namespaces: what Rancher checks before it writes, and what its controllers do after.

use super::World;
use super::answer::Problem;
use super::kube::NAMESPACES;
use super::quantity::Quantity;
use super::state::{ObjectKey, State};
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const QUOTA: &str = "resourceQuota";
const DEFAULT: &str = "namespaceDefaultResourceQuota";
const ANNOTATION: &str = "field.cattle.io/resourceQuota";
const LIMITS: &str = "field.cattle.io/containerDefaultResourceLimit";
/// The label by which Rancher knows the ResourceQuota and LimitRange that it made.
const OWN: &str = "resourcequota.management.cattle.io/default-resource-quota";

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

// `{"limit": {…}}` with the limits that extend others nested again.
fn nested(limit: &BTreeMap<String, String>) -> Value {
    let mut plain = Map::new();
    let mut more = Map::new();
    for (name, text) in limit {
        match name.strip_prefix("extended.") {
            Some(name) => more.insert(name.to_owned(), json!(text)),
            None => plain.insert(name.clone(), json!(text)),
        };
    }
    if !more.is_empty() {
        plain.insert("extended".to_owned(), Value::Object(more));
    }
    Value::Object(plain)
}

impl World {
    /// What Rancher's controllers do after a project's quota changed: its namespaces follow.
    pub(crate) fn settle_project(&mut self, id: &str) {
        for (namespace, _) in namespaces(&self.state, id) {
            self.settle_namespace(super::rights::cluster_of(id), &namespace);
        }
        self.settle_used(id);
    }

    /// Counts anew what the namespaces of a project take of its quota.
    pub(crate) fn settle_used(&mut self, id: &str) {
        // Most projects have none, and counting looks at every namespace of the cluster.
        if self.state.projects.get(id).is_none_or(|project| !project.fields.contains_key(QUOTA)) {
            return;
        }
        let used = used(&self.state, id, None);
        let Some(project) = self.state.projects.get_mut(id) else { return };
        if let Some(Value::Object(quota)) = project.fields.get_mut(QUOTA) {
            // rule: quota.used-is-counted
            quota.insert("usedLimit".to_owned(), nested(&used));
        }
    }

    /// What Rancher's controllers do after a namespace was written: its quota follows its project, and Kubernetes
    /// gets it as a ResourceQuota.
    pub(crate) fn settle_namespace(&mut self, cluster: &str, name: &str) {
        let key = (NAMESPACES.to_owned(), String::new(), name.to_owned());
        let Some(found) = self.state.clusters.get(cluster).and_then(|found| found.objects.get(&key)) else {
            return;
        };
        let project = found.annotation("field.cattle.io/projectId").map(str::to_owned);
        let own: Option<Value> =
            found.annotation(ANNOTATION).and_then(|text| serde_json::from_str(text).ok());
        let container = found.annotation(LIMITS).and_then(|text| serde_json::from_str::<Value>(text).ok());
        let fields = project.as_ref().and_then(|id| self.state.projects.get(id)).map(|found| &found.fields);
        let whole = fields.and_then(|fields| given(fields, QUOTA)).map(limit);
        let default = fields.and_then(|fields| given(fields, DEFAULT)).map(limit).unwrap_or_default();
        let of_project = fields.and_then(|fields| given(fields, "containerDefaultResourceLimit")).cloned();
        let quota = whole.map(|whole| {
            let own = own.as_ref().map(limit).unwrap_or_default();
            // rule: namespace.default-quota
            let follow = whole.keys().filter_map(|name| {
                let text = own.get(name).or_else(|| default.get(name))?;
                Some((name.clone(), text.clone()))
            });
            follow.collect::<BTreeMap<String, String>>()
        });
        let container = quota.is_some().then(|| container.filter(|c| !c.is_null()).or(of_project)).flatten();
        let text = quota.as_ref().map(|quota| json!({"limit": nested(quota)}).to_string());
        let limits = quota.is_some().then(|| {
            container.clone().map_or_else(
                || "null".to_owned(),
                |mut limits| {
                    if let Some(limits) = limits.as_object_mut() {
                        limits.remove("type");
                    }
                    limits.to_string()
                },
            )
        });
        self.annotate(cluster, &key, &[(ANNOTATION, text), (LIMITS, limits)]);
        let hard = quota.as_ref().and_then(|quota| amounts(quota).ok()).filter(|hard| !hard.is_empty());
        let hard = hard.map(|hard| {
            let hard: BTreeMap<&String, String> = hard.iter().map(|(k, v)| (k, v.to_string())).collect();
            json!({"hard": hard})
        });
        // rule: quota.becomes-resourcequota
        self.own(cluster, name, "/resourcequotas", hard);
        // rule: quota.becomes-limitrange
        self.own(cluster, name, "/limitranges", container.and_then(|limits| range(&limits)));
        if let Some(project) = project {
            self.settle_used(&project);
        }
    }

    // Sets annotations or takes them away, if that changes anything.
    fn annotate(&mut self, cluster: &str, key: &ObjectKey, wanted: &[(&str, Option<String>)]) {
        let Some(found) = self.state.clusters.get(cluster).and_then(|found| found.objects.get(key)) else {
            return;
        };
        if wanted.iter().all(|(name, text)| found.annotation(name) == text.as_deref()) {
            return;
        }
        let version = self.state.next_version();
        let stored = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(key));
        let Some(stored) = stored else { return };
        stored.version = version;
        let metadata = stored.body.entry("metadata").or_insert_with(|| json!({}));
        let Some(metadata) = metadata.as_object_mut() else { return };
        if let Value::Object(own) = metadata.entry("annotations").or_insert_with(|| json!({})) {
            for (name, text) in wanted {
                match text {
                    Some(text) => own.insert((*name).to_owned(), json!(text)),
                    None => own.remove(*name),
                };
            }
        }
    }

    // The object of this resource that Rancher keeps in a namespace: made, changed or taken away.
    fn own(&mut self, cluster: &str, namespace: &str, resource: &str, spec: Option<Value>) {
        let Some(found) = self.state.clusters.get(cluster) else { return };
        let known = found.objects.of(resource, namespace).find(|(_, object)| object.label(OWN).is_some());
        let known = known.map(|(key, object)| (key.clone(), object.body.get("spec").cloned()));
        match (known, spec) {
            (Some((_, old)), new) if old == new => {}
            (Some((key, _)), None) => self.remove_object(cluster, &key),
            (Some((key, _)), Some(spec)) => {
                let version = self.state.next_version();
                let Some(found) = self.state.clusters.get_mut(cluster) else { return };
                let Some(mut object) = found.objects.get(&key).cloned() else { return };
                object.version = version;
                object.body.insert("spec".to_owned(), spec);
                self.put_object(cluster, key, object);
            }
            (None, Some(spec)) => {
                let name = format!("default-{}", self.state.random.name(5));
                let body = json!({
                    "metadata": {"generateName": "default-", "labels": {OWN: "true"}}, "spec": spec,
                });
                self.insert_object(cluster, resource, namespace, &name, body);
            }
            (None, None) => {}
        }
    }
}

// The default limits of containers as a LimitRange has them.
fn range(limits: &Value) -> Option<Value> {
    let text = |field: &str| limits.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let pick = |cpu: &str, memory: &str| {
        let each = [("cpu", text(cpu)), ("memory", text(memory))];
        each.into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), json!(text?))))
            .collect::<Map<String, Value>>()
    };
    let (limits, requests) = (pick("limitsCpu", "limitsMemory"), pick("requestsCpu", "requestsMemory"));
    if limits.is_empty() && requests.is_empty() {
        return None;
    }
    let mut item = Map::from_iter([("type".to_owned(), json!("Container"))]);
    for (field, amounts) in [("default", limits), ("defaultRequest", requests)] {
        if !amounts.is_empty() {
            item.insert(field.to_owned(), Value::Object(amounts));
        }
    }
    Some(json!({"limits": [item]}))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn namespaces_follow_their_project() {
        let mut world = World::record(1);
        let key = (NAMESPACES.to_owned(), String::new(), "shop-web".to_owned());
        let fields = &mut world.state.projects.get_mut(SHOP).unwrap().fields;
        assert_eq!(fields[QUOTA]["usedLimit"], json!({"limitsCpu": "500m", "limitsMemory": "512Mi"}));
        fields
            .extend(project(json!({"limitsCpu": "4", "pods": "8"}), json!({"limitsCpu": "1", "pods": "2"})));
        fields.insert("containerDefaultResourceLimit".into(), json!({"limitsCpu": "100m"}));
        world.settle_project(SHOP);
        let objects = &world.state.clusters["c-prod1"].objects;
        let quota: Value = serde_json::from_str(objects[&key].annotation(ANNOTATION).unwrap()).unwrap();
        assert_eq!(
            quota,
            json!({"limit": {"limitsCpu": "500m", "pods": "2"}}),
            "its own stays, the new comes"
        );
        let kept = |resource: &str| {
            let found: Vec<Value> =
                objects.of(resource, "shop-web").map(|(_, object)| object.body["spec"].clone()).collect();
            found
        };
        assert_eq!(kept("/resourcequotas"), [json!({"hard": {"limits.cpu": "500m", "pods": "2"}})]);
        assert_eq!(
            kept("/limitranges"),
            [json!({"limits": [{"type": "Container", "default": {"cpu": "100m"}}]})]
        );
        let used = &world.state.projects[SHOP].fields[QUOTA]["usedLimit"];
        assert_eq!(used, &json!({"limitsCpu": "500m", "pods": "2"}));
        world.state.projects.get_mut(SHOP).unwrap().fields.remove(QUOTA);
        world.settle_project(SHOP);
        let objects = &world.state.clusters["c-prod1"].objects;
        assert_eq!(objects[&key].annotation(ANNOTATION), None);
        assert_eq!(objects.of("/resourcequotas", "shop-web").count(), 0);
    }
}
