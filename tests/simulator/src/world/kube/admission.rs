//! What Kubernetes refuses although the caller has the right: quotas and Pod Security. And what it fills in from a
//! LimitRange.

use super::resources::{RESOURCES, Resource};
use super::{Target, security};
use crate::Response;
use crate::world::World;
use crate::world::quantity::Quantity;
use crate::world::quota::{Amounts, listed};
use crate::world::state::{Cluster, ObjectKey};
use http::StatusCode;
use serde_json::{Map, Value, json};

const QUOTAS: &str = "/resourcequotas";

/// The answer to an object that admission refused.
pub(super) fn refused(resource: &Resource, name: &str, why: &str) -> Response {
    // rule: kube.admission-is-403
    let target = Target { group: resource.group, plural: resource.plural, namespace: "", name, sub: "" };
    target.failure(StatusCode::FORBIDDEN, "Forbidden", forbidden(resource, name, why))
}

/// The same in words, as a controller tells it.
pub(super) fn forbidden(resource: &Resource, name: &str, why: &str) -> String {
    format!("{} \"{name}\" is forbidden: {why}", resource.full())
}

/// Whether an object may be written; the reason when not.
pub(super) fn check(
    world: &World,
    cluster: &str,
    resource: &Resource,
    key: &ObjectKey,
    old: Option<&Map<String, Value>>,
    new: &Map<String, Value>,
) -> Result<(), String> {
    let Some(found) = world.state.clusters.get(cluster) else { return Ok(()) };
    if resource.kind == "Pod" {
        security::check(found, &key.1, new)?;
    }
    quotas(found, resource, key, old, new)
}

fn quotas(
    found: &Cluster,
    resource: &Resource,
    key: &ObjectKey,
    old: Option<&Map<String, Value>>,
    new: &Map<String, Value>,
) -> Result<(), String> {
    if key.1.is_empty() || resource.kind == "ResourceQuota" {
        return Ok(());
    }
    for (quota, object) in found.objects.of(QUOTAS, &key.1) {
        let part = |part: &str, field: &str| -> Amounts {
            let amounts = object.body.get(part).and_then(|part| part.get(field)).and_then(Value::as_object);
            amounts
                .into_iter()
                .flatten()
                .filter_map(|(name, text)| Some((name.clone(), amount(text)?)))
                .collect()
        };
        let hard = part("spec", "hard");
        if resource.kind == "Pod" && old.is_none() {
            specified(&hard, &quota.2, new)?;
        }
        let before = old.map(|old| usage(resource, old)).unwrap_or_default();
        let taken = part("status", "used");
        let (mut asked, mut used, mut most) = (Amounts::new(), Amounts::new(), Amounts::new());
        for (name, amount) in usage(resource, new) {
            let more = amount.minus(before.get(&name).copied().unwrap_or(Quantity::ZERO));
            let Some(limit) = hard.get(&name) else { continue };
            let now = taken.get(&name).copied().unwrap_or(Quantity::ZERO);
            if more > Quantity::ZERO && now.plus(more) > *limit {
                asked.insert(name.clone(), more);
                used.insert(name.clone(), now);
                most.insert(name, *limit);
            }
        }
        if !asked.is_empty() {
            // rule: quota.exceeded
            return Err(format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                quota.2,
                listed(&asked),
                listed(&used),
                listed(&most)
            ));
        }
    }
    Ok(())
}

// Where a quota counts cpu or memory, every container says how much it takes.
fn specified(hard: &Amounts, quota: &str, pod: &Map<String, Value>) -> Result<(), String> {
    // rule: quota.must-specify
    let mut missing = Vec::new();
    for name in hard.keys() {
        let (part, what) = match name.as_str() {
            "cpu" | "memory" => ("requests", name.as_str()),
            "requests.cpu" | "limits.cpu" | "requests.memory" | "limits.memory" => {
                name.split_once('.').unwrap_or_default()
            }
            _ => continue,
        };
        let silent: Vec<&str> = containers(pod, "containers")
            .filter(|container| container.pointer(&format!("/resources/{part}/{what}")).is_none())
            .filter_map(|container| container.get("name")?.as_str())
            .collect();
        if !silent.is_empty() {
            missing.push(format!("{name} for: {}", silent.join(",")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("failed quota: {quota}: must specify {}", missing.join("; ")))
}

fn amount(value: &Value) -> Option<Quantity> {
    match value {
        Value::String(text) => Quantity::parse(text).ok(),
        Value::Number(number) => Quantity::parse(&number.to_string()).ok(),
        _ => None,
    }
}

fn containers<'a>(pod: &'a Map<String, Value>, field: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    let list = pod.get("spec").and_then(|spec| spec.get(field)).and_then(Value::as_array);
    list.into_iter().flatten()
}

/// What an object takes of a quota.
fn usage(resource: &Resource, object: &Map<String, Value>) -> Amounts {
    let mut used = Amounts::new();
    let counted = format!("count/{}", resource.full());
    let at = |path: &str| {
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        object.get(first)?.pointer(&format!("/{rest}"))
    };
    used.insert(counted, Quantity::count(1));
    match resource.kind {
        "Pod" => {
            // What has ended takes nothing.
            let phase = at("status/phase").and_then(Value::as_str);
            if matches!(phase, Some("Succeeded" | "Failed")) {
                return Amounts::new();
            }
            used.insert("pods".to_owned(), Quantity::count(1));
            for (part, what) in
                [("requests", "cpu"), ("requests", "memory"), ("limits", "cpu"), ("limits", "memory")]
            {
                let of = |container: &Value| {
                    container
                        .pointer(&format!("/resources/{part}/{what}"))
                        .and_then(amount)
                        .unwrap_or(Quantity::ZERO)
                };
                let sum = containers(object, "containers").map(of).fold(Quantity::ZERO, Quantity::plus);
                let most = containers(object, "initContainers").map(of).fold(sum, Ord::max);
                used.insert(format!("{part}.{what}"), most);
                if part == "requests" {
                    used.insert(what.to_owned(), most);
                }
            }
        }
        "PersistentVolumeClaim" => {
            used.insert(resource.plural.to_owned(), Quantity::count(1));
            let storage = at("spec/resources/requests/storage").and_then(amount).unwrap_or(Quantity::ZERO);
            used.insert("requests.storage".to_owned(), storage);
        }
        "Service" => {
            used.insert(resource.plural.to_owned(), Quantity::count(1));
            let ports = at("spec/ports").and_then(Value::as_array).map_or(0, Vec::len);
            let kind = at("spec/type").and_then(Value::as_str).unwrap_or("ClusterIP");
            if kind == "LoadBalancer" {
                used.insert("services.loadbalancers".to_owned(), Quantity::count(1));
            }
            if matches!(kind, "LoadBalancer" | "NodePort") {
                used.insert("services.nodeports".to_owned(), Quantity::count(ports));
            }
        }
        "ConfigMap" | "Secret" => {
            used.insert(resource.plural.to_owned(), Quantity::count(1));
        }
        _ => {}
    }
    used
}

/// Fills in what a LimitRange says of containers that say nothing themselves.
pub(super) fn limits(world: &World, cluster: &str, key: &ObjectKey, body: &mut Map<String, Value>) {
    if key.0 != "/pods" {
        return;
    }
    let Some(found) = world.state.clusters.get(cluster) else { return };
    // rule: kube.limit-range
    let items = found.objects.of("/limitranges", &key.1).filter_map(|(_, range)| {
        range.body.get("spec").and_then(|spec| spec.get("limits")).and_then(Value::as_array)
    });
    for item in items.flatten().filter(|item| item.get("type").and_then(Value::as_str) == Some("Container")) {
        let list =
            body.get_mut("spec").and_then(|spec| spec.get_mut("containers")).and_then(Value::as_array_mut);
        for container in list.into_iter().flatten().filter_map(Value::as_object_mut) {
            let resources = container.entry("resources").or_insert_with(|| json!({}));
            let Some(resources) = resources.as_object_mut() else { continue };
            let default = item.get("default");
            // Without a default of their own, requests are as high as limits.
            for (part, defaults) in
                [("limits", default), ("requests", item.get("defaultRequest").or(default))]
            {
                let Some(defaults) = defaults.and_then(Value::as_object) else { continue };
                let own = resources.entry(part).or_insert_with(|| json!({}));
                let Some(own) = own.as_object_mut() else { continue };
                for (name, amount) in defaults {
                    own.entry(name.clone()).or_insert_with(|| amount.clone());
                }
            }
        }
    }
}

impl World {
    /// Counts anew what a namespace takes of its quotas.
    pub(crate) fn settle_usage(&mut self, cluster: &str, namespace: &str) {
        let Some(found) = self.state.clusters.get(cluster) else { return };
        let quotas: Vec<(ObjectKey, Value)> = found
            .objects
            .of(QUOTAS, namespace)
            .filter_map(|(key, quota)| {
                let hard = quota.body.get("spec")?.get("hard")?;
                let mut used = Amounts::new();
                for resource in RESOURCES.iter().filter(|resource| resource.namespaced) {
                    for (_, object) in found.objects.of(&resource.key(), namespace) {
                        for (name, amount) in usage(resource, &object.body) {
                            let sum = used.get(&name).copied().unwrap_or(Quantity::ZERO).plus(amount);
                            used.insert(name, sum);
                        }
                    }
                }
                let told: Map<String, Value> = hard
                    .as_object()?
                    .keys()
                    .map(|name| {
                        (name.clone(), json!(used.get(name).map_or("0".to_owned(), Quantity::to_string)))
                    })
                    .collect();
                // rule: quota.usage-is-counted
                let status = json!({"hard": hard, "used": told});
                (quota.body.get("status") != Some(&status)).then(|| (key.clone(), status))
            })
            .collect();
        for (key, status) in quotas {
            let version = self.state.next_version();
            let stored = self.state.clusters.get_mut(cluster).and_then(|found| found.objects.get_mut(&key));
            let Some(stored) = stored else { continue };
            stored.version = version;
            stored.body.insert("status".to_owned(), status);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::kube::resources::find;

    fn object(value: Value) -> Map<String, Value> {
        if let Value::Object(object) = value { object } else { panic!("an object") }
    }

    fn pod(limits: Value) -> Map<String, Value> {
        object(
            json!({"spec": {"containers": [{"name": "c", "image": "nginx", "resources": {"limits": limits}}]}}),
        )
    }

    fn try_pod(world: &World, namespace: &str, limits: Value) -> Result<(), String> {
        let resource = find("", "v1", "pods").unwrap();
        let key = (resource.key(), namespace.to_owned(), "p".to_owned());
        check(world, "c-prod1", resource, &key, None, &pod(limits))
    }

    #[test]
    fn a_quota_refuses_what_goes_beyond_and_what_says_nothing() {
        let mut world = World::record(1);
        let fits = json!({"cpu": "400m", "memory": "1Mi"});
        assert_eq!(try_pod(&world, "shop-web", fits.clone()), Ok(()));
        let why = try_pod(&world, "shop-web", json!({"cpu": "2", "memory": "128Mi"})).unwrap_err();
        let quota = why.split(['q', ',']).nth(1).unwrap().trim_start_matches("uota: ").to_owned();
        assert_eq!(
            why,
            format!(
                "exceeded quota: {quota}, requested: limits.cpu=2, used: limits.cpu=0, limited: limits.cpu=500m"
            )
        );
        assert_eq!(
            try_pod(&world, "shop-web", json!({"cpu": "1m"})).unwrap_err(),
            format!("failed quota: {quota}: must specify limits.memory for: c")
        );
        assert_eq!(try_pod(&world, "plain", json!({})), Ok(()), "no quota there");
        let key = ("/pods".to_owned(), "shop-web".to_owned(), "one".to_owned());
        let kept = world.object(pod(fits.clone()));
        world.put_object("c-prod1", key.clone(), kept);
        assert!(try_pod(&world, "shop-web", fits.clone()).unwrap_err().contains("used: limits.cpu=400m"));
        world.remove_object("c-prod1", &key);
        assert_eq!(try_pod(&world, "shop-web", fits), Ok(()), "what is gone takes nothing");
    }

    #[test]
    fn everything_that_can_be_counted_is() {
        let of = |group: &str, version: &str, plural: &str, body: Value| {
            usage(find(group, version, plural).unwrap(), &object(body))
        };
        let service = of("", "v1", "services", json!({"spec": {"type": "LoadBalancer", "ports": [{}, {}]}}));
        assert_eq!(
            listed(&service),
            "count/services=1,services=1,services.loadbalancers=1,services.nodeports=2"
        );
        let claim = of(
            "",
            "v1",
            "persistentvolumeclaims",
            json!({"spec": {"resources": {"requests": {"storage": "10Gi"}}}}),
        );
        assert_eq!(claim["requests.storage"].to_string(), "10Gi");
        assert!(of("", "v1", "pods", json!({"status": {"phase": "Succeeded"}})).is_empty());
        let init = json!({"spec": {
            "containers": [{"resources": {"requests": {"cpu": "100m"}}}, {"resources": {"requests": {"cpu": "1"}}}],
            "initContainers": [{"resources": {"requests": {"cpu": "2"}}}],
        }});
        assert_eq!(of("", "v1", "pods", init)["requests.cpu"].to_string(), "2", "the larger of both phases");
        assert!(of("apps", "v1", "deployments", json!({})).contains_key("count/deployments.apps"));
    }
}
