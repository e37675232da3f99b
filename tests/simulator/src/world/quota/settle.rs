//! What Rancher's controllers do about quotas: namespaces follow their project, and Kubernetes gets told.

use super::super::World;
use super::super::kube::NAMESPACES;
use super::super::rights::cluster_of;
use super::super::state::ObjectKey;
use super::{ANNOTATION, DEFAULT, QUOTA, amounts, given, limit, namespaces, used};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const LIMITS: &str = "field.cattle.io/containerDefaultResourceLimit";
/// The label by which Rancher knows the ResourceQuota and LimitRange that it made.
const OWN: &str = "resourcequota.management.cattle.io/default-resource-quota";

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
            self.settle_namespace(cluster_of(id), &namespace);
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
        // rule: namespace.limits-stay
        let left = found.annotation(LIMITS).map(|_| "null".to_owned());
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
        self.annotate(cluster, &key, &[(ANNOTATION, text), (LIMITS, limits.or(left))]);
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
