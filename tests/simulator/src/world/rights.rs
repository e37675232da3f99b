//! Who may do what: the roles of the recorded server, evaluated as Kubernetes evaluates RBAC.

use super::state::{Binding, BindingKind, State};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The user the cluster router speaks of when no credential was accepted.
pub(crate) const UNAUTHENTICATED: &str = "system:unauthenticated";

/// One attempt, in the words of RBAC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) verb: &'a str,
    pub(crate) group: &'a str,
    pub(crate) resource: &'a str,
    /// Empty for the whole cluster.
    pub(crate) namespace: &'a str,
    /// Empty for a collection.
    pub(crate) name: &'a str,
}

impl<'a> Ask<'a> {
    /// An attempt on an object of `management.cattle.io` that no namespace holds.
    pub(crate) fn management(verb: &'a str, resource: &'a str, name: &'a str) -> Self {
        Self { verb, group: "management.cattle.io", resource, namespace: "", name }
    }

    /// What Kubernetes says when it refuses.
    pub(crate) fn refusal(&self, user: &str) -> String {
        let Self { verb, group, resource, namespace, name } = *self;
        let full = if group.is_empty() { resource.to_owned() } else { format!("{resource}.{group}") };
        let named = if name.is_empty() { full } else { format!("{full} \"{name}\"") };
        let place = if namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{namespace}\"")
        };
        format!(
            "{named} is forbidden: User \"{user}\" cannot {verb} resource \"{resource}\" in API group \"{group}\" {place}"
        )
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Grant {
    #[serde(default)]
    groups: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    verbs: Vec<String>,
}

impl Grant {
    fn allows(&self, ask: &Ask<'_>) -> bool {
        let within = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        within(&self.verbs, ask.verb)
            && within(&self.groups, ask.group)
            && within(&self.resources, ask.resource)
            && (self.names.is_empty() || self.names.iter().any(|name| name == ask.name))
    }

    // Rancher promotes these from a project role to the whole cluster; the rest holds in the namespaces only.
    fn promoted(&self) -> bool {
        // rule: rights.promoted
        const PROMOTED: &[&str] = &[
            "namespaces",
            "nodes",
            "persistentvolumes",
            "storageclasses",
            "apiservices",
            "clusterrepos",
            "clusters",
        ];
        self.resources.iter().any(|resource| PROMOTED.contains(&resource.as_str()))
            && (self.resources.iter().all(|resource| resource != "namespaces")
                || self.verbs.iter().all(|verb| verb == "create"))
    }
}

/// A role template: what a cluster or project binding gives.
#[derive(Debug, Deserialize)]
pub(crate) struct Template {
    pub(crate) context: String,
    pub(crate) locked: bool,
    rules: Vec<Grant>,
    includes: Vec<String>,
}

/// A global role.
#[derive(Debug, Deserialize)]
pub(crate) struct GlobalRole {
    pub(crate) rules: Vec<Grant>,
}

/// The roles of the recorded server, from `GET /v3/roletemplates` and `GET /v3/globalroles`; `view`, `edit`,
/// `admin` and `cluster-admin` have their rules from Kubernetes itself.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Roles {
    pub(crate) templates: BTreeMap<String, Template>,
    pub(crate) globals: BTreeMap<String, GlobalRole>,
}

/// The stock roles. A damaged table is an empty one, which a test would notice at once.
pub(crate) fn roles() -> &'static Roles {
    static ROLES: OnceLock<Roles> = OnceLock::new();
    ROLES.get_or_init(|| serde_json::from_str(include_str!("skeleton/roles.json")).unwrap_or_default())
}

/// Is there a global role with this id, built in or made by somebody?
pub(crate) fn global_role_exists(state: &State, id: &str) -> bool {
    roles().globals.contains_key(id) || made(state, "globalRole", id).is_some()
}

/// The context of a role template, and whether it is locked.
pub(crate) fn template(state: &State, id: &str) -> Option<(String, bool)> {
    if let Some(made) = made(state, "roleTemplate", id) {
        let context = made.get("context").and_then(Value::as_str).unwrap_or_default().to_owned();
        return Some((context, made.get("locked").and_then(Value::as_bool) == Some(true)));
    }
    roles().templates.get(id).map(|template| (template.context.clone(), template.locked))
}

fn made<'a>(state: &'a State, kind: &str, id: &str) -> Option<&'a serde_json::Map<String, Value>> {
    let shelf = state.kept.get(&(kind.to_owned(), String::new()))?;
    shelf.get(id).map(|kept| &kept.fields)
}

// The rules of a role that somebody made, as its object states them, and of the templates it includes.
fn made_grants(state: &State, kind: &str, id: &str) -> Vec<Grant> {
    let (mut found, mut open, mut seen) = (Vec::new(), vec![id.to_owned()], Vec::new());
    while let Some(id) = open.pop() {
        if seen.contains(&id) {
            continue;
        }
        if roles().templates.contains_key(&id) && kind == "roleTemplate" {
            found.extend(grants_of(&id).into_iter().cloned());
        } else if let Some(fields) = made(state, kind, &id) {
            let texts = |value: &Value, field: &str| -> Vec<String> {
                let list = value.get(field).and_then(Value::as_array).into_iter().flatten();
                list.filter_map(Value::as_str).map(str::to_owned).collect()
            };
            let rules = fields.get("rules").and_then(Value::as_array).into_iter().flatten();
            found.extend(rules.map(|rule| Grant {
                groups: texts(rule, "apiGroups"),
                resources: texts(rule, "resources"),
                names: texts(rule, "resourceNames"),
                verbs: texts(rule, "verbs"),
            }));
            open.extend(texts(&Value::Object(fields.clone()), "roleTemplateIds"));
        }
        seen.push(id);
    }
    found
}

/// The rules of a role template and of all it includes.
fn grants_of(template: &str) -> Vec<&'static Grant> {
    let mut found = Vec::new();
    let mut open = vec![template];
    while let Some(template) = open.pop().and_then(|id| roles().templates.get(id)) {
        found.extend(&template.rules);
        open.extend(template.includes.iter().map(String::as_str));
    }
    found
}

/// The rights of one user, gathered from the bindings.
#[derive(Debug)]
pub(crate) struct Access {
    pub(crate) user: String,
    globals: Vec<String>,
    clusters: BTreeMap<String, Vec<String>>,
    projects: BTreeMap<String, Vec<String>>,
    /// The rules of the roles that are not built in, by role.
    made: BTreeMap<String, Vec<Grant>>,
}

impl Access {
    /// The rights of `user` as the bindings give them now.
    pub(crate) fn of(state: &State, user: &str) -> Self {
        let mut access = Self {
            user: user.to_owned(),
            globals: Vec::new(),
            clusters: BTreeMap::new(),
            projects: BTreeMap::new(),
            made: BTreeMap::new(),
        };
        for binding in state.bindings.values().filter(|binding| binding.user.as_deref() == Some(user)) {
            // The global ones come first. Who may do everything needs no other, and may own every project there is.
            if binding.kind != BindingKind::Global && access.is_admin() {
                break;
            }
            let Binding { kind, target, role, .. } = binding;
            // rule: rights.made-roles
            let built_in = match kind {
                BindingKind::Global => roles().globals.contains_key(role),
                BindingKind::Cluster | BindingKind::Project => roles().templates.contains_key(role),
            };
            if !built_in {
                let of = if *kind == BindingKind::Global { "globalRole" } else { "roleTemplate" };
                access.made.insert(role.clone(), made_grants(state, of, role));
            }
            match kind {
                BindingKind::Global => access.globals.push(role.clone()),
                BindingKind::Cluster => access.clusters.entry(target.clone()).or_default().push(role.clone()),
                BindingKind::Project => access.projects.entry(target.clone()).or_default().push(role.clone()),
            }
        }
        access
    }

    /// Nobody: the rights of a refused credential.
    pub(crate) fn nobody() -> Self {
        Self {
            user: UNAUTHENTICATED.to_owned(),
            globals: Vec::new(),
            clusters: BTreeMap::new(),
            projects: BTreeMap::new(),
            made: BTreeMap::new(),
        }
    }

    fn grants_of<'a>(&'a self, role: &'a str) -> Vec<&'a Grant> {
        match self.made.get(role) {
            Some(made) => made.iter().collect(),
            None => grants_of(role),
        }
    }

    pub(crate) fn is_admin(&self) -> bool {
        self.globals.iter().any(|role| role == "admin")
    }

    /// By a global role: what holds on `local` for management objects everywhere.
    pub(crate) fn globally(&self, ask: &Ask<'_>) -> bool {
        let built_in = self.globals.iter().filter_map(|role| roles().globals.get(role));
        let made = self.globals.iter().filter_map(|role| self.made.get(role));
        built_in.map(|role| &role.rules).chain(made).flatten().any(|grant| grant.allows(ask))
    }

    /// By a role on the project: what holds in its namespaces.
    pub(crate) fn in_namespaces_of(&self, project: &str, ask: &Ask<'_>) -> bool {
        let held = self.projects.get(project).into_iter().flatten();
        held.flat_map(|role| self.grants_of(role)).any(|grant| grant.allows(ask))
    }

    /// May this user see that the cluster exists? Any binding on it or in it says yes.
    pub(crate) fn sees_cluster(&self, cluster: &str) -> bool {
        // rule: rights.see-cluster
        self.globally(&Ask::management("get", "clusters", cluster))
            || self.clusters.contains_key(cluster)
            || self.projects.keys().any(|project| cluster_of(project) == cluster)
    }

    /// May this user see that the project exists? Its members do, and owners of the cluster.
    pub(crate) fn sees_project(&self, project: &str) -> bool {
        // rule: rights.see-project
        self.projects.contains_key(project) || self.in_project("get", "projects", project)
    }

    /// A right on management objects that belong to a cluster: bindings, projects.
    pub(crate) fn in_cluster(&self, verb: &str, resource: &str, cluster: &str) -> bool {
        let ask = Ask { namespace: cluster, ..Ask::management(verb, resource, "") };
        self.globally(&ask) || self.by_cluster_role(cluster, &ask).is_some()
    }

    /// A right on management objects that belong to a project, or on the project itself.
    pub(crate) fn in_project(&self, verb: &str, resource: &str, project: &str) -> bool {
        // rule: rights.project-owner
        let owns = |role: &String| {
            let grants = self.grants_of(role);
            let own = Ask::management("own", "projects", "");
            let ask = Ask::management(verb, resource, "");
            grants.iter().any(|grant| grant.allows(&ask) || (resource == "projects" && grant.allows(&own)))
        };
        self.in_cluster(verb, resource, cluster_of(project))
            || self.projects.get(project).is_some_and(|held| held.iter().any(owns))
    }

    fn by_cluster_role(&self, cluster: &str, ask: &Ask<'_>) -> Option<&str> {
        self.clusters.get(cluster)?.iter().map(String::as_str).find(|role| {
            let grants = self.grants_of(role);
            grants.iter().any(|grant| grant.allows(ask))
        })
    }

    /// Does Kubernetes in `cluster` allow it? Says by what, in the words of its authorizer.
    pub(crate) fn in_kubernetes(&self, state: &State, cluster: &str, ask: &Ask<'_>) -> Option<String> {
        let user = &self.user;
        if self.is_admin() {
            // rule: rights.admin-everywhere
            return Some(format!(
                "RBAC: allowed by ClusterRoleBinding \"globaladmin-{user}\" of ClusterRole \"cluster-admin\" to User \"{user}\""
            ));
        }
        if cluster == "local" && self.globally(ask) {
            return Some(format!("RBAC: allowed by a global role to User \"{user}\""));
        }
        if let Some(role) = self.by_cluster_role(cluster, ask) {
            return Some(format!(
                "RBAC: allowed by ClusterRoleBinding \"crb-{role}\" of ClusterRole \"{role}-aggregator\" to User \"{user}\""
            ));
        }
        let home = state.project_of(cluster, ask.namespace);
        self.projects.iter().filter(|(project, _)| cluster_of(project) == cluster).find_map(|(project, held)| {
            let inside = home == Some(project.as_str());
            held.iter().find_map(|role| {
                // rule: rights.project-namespaces
                let grants = self.grants_of(role);
                let mut usable = grants.iter().filter(|grant| inside || grant.promoted());
                usable.any(|grant| grant.allows(ask)).then(|| {
                    format!(
                        "RBAC: allowed by RoleBinding \"rb-{role}/{}\" of ClusterRole \"{role}-aggregator\" to User \"{user}\"",
                        ask.namespace
                    )
                })
            })
        })
    }
}

impl Grant {
    // As a review of rules states it.
    fn stated(&self) -> Value {
        let mut stated =
            serde_json::json!({"verbs": self.verbs, "apiGroups": self.groups, "resources": self.resources});
        if let (false, Some(stated)) = (self.names.is_empty(), stated.as_object_mut()) {
            stated.insert("resourceNames".to_owned(), serde_json::json!(self.names));
        }
        stated
    }
}

impl Access {
    /// The rules of every role that holds in a namespace of a cluster.
    pub(crate) fn rules(&self, state: &State, cluster: &str, namespace: &str) -> Vec<Value> {
        let mut found: Vec<&Grant> = Vec::new();
        if cluster == "local" || self.is_admin() {
            let built_in = self.globals.iter().filter_map(|role| roles().globals.get(role));
            found.extend(built_in.flat_map(|role| &role.rules));
            found.extend(self.globals.iter().filter_map(|role| self.made.get(role)).flatten());
        }
        let held = self.clusters.get(cluster).into_iter().flatten();
        found.extend(held.flat_map(|role| self.grants_of(role)));
        let home = state.project_of(cluster, namespace);
        for (project, held) in self.projects.iter().filter(|(project, _)| cluster_of(project) == cluster) {
            let inside = home == Some(project.as_str());
            let grants = held.iter().flat_map(|role| self.grants_of(role));
            found.extend(grants.filter(|grant| inside || grant.promoted()));
        }
        found.into_iter().map(Grant::stated).collect()
    }
}

/// The cluster a project id begins with.
pub(crate) fn cluster_of(project: &str) -> &str {
    project.split_once(':').map_or(project, |(cluster, _)| cluster)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stock_roles_are_there() {
        assert_eq!(roles().templates.len(), 40);
        assert_eq!(roles().globals.len(), 13);
        let grants = grants_of("project-member");
        let pods = Ask { verb: "create", group: "", resource: "pods", namespace: "x", name: "" };
        assert!(grants.iter().any(|grant| grant.allows(&pods)), "project-member includes edit");
        let grants = grants_of("read-only");
        let secrets = Ask { verb: "list", resource: "secrets", ..pods };
        assert!(!grants.iter().any(|grant| grant.allows(&secrets)));
        assert!(grants.iter().any(|grant| grant.allows(&Ask { verb: "list", ..pods })));
    }

    #[test]
    fn a_refusal_reads_as_kubernetes_writes_it() {
        let ask =
            Ask { verb: "list", group: "apps", resource: "deployments", namespace: "shop-web", name: "" };
        assert_eq!(
            ask.refusal("u-1"),
            "deployments.apps is forbidden: User \"u-1\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"shop-web\""
        );
        assert_eq!(
            Ask::management("get", "clusters", "c-1").refusal("u-1"),
            "clusters.management.cattle.io \"c-1\" is forbidden: User \"u-1\" cannot get resource \"clusters\" in API group \"management.cattle.io\" at the cluster scope"
        );
    }
}
