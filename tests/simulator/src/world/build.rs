//! Putting things into a world, as its own APIs and its makers do.

use super::World;
use super::kube::NAMESPACES;
use super::norman::special::registration;
use super::state::{Agent, Binding, BindingKind, Cluster, Kept, Project, User};
use super::store::Store;
use serde_json::{Map, Value, json};

impl World {
    pub(crate) fn insert_user(
        &mut self,
        id: &str,
        username: &str,
        name: &str,
        password: &str,
        creator: Option<&str>,
    ) {
        let user = User {
            id: id.to_owned(),
            username: username.to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
            description: String::new(),
            enabled: true,
            must_change: false,
            created: self.state.now,
            creator: creator.map(str::to_owned),
            last_login: None,
            uuid: self.state.random.uuid(),
        };
        self.state.users.insert(id.to_owned(), user);
    }

    /// A cluster with its two stock projects and the namespaces that every cluster has.
    pub(crate) fn insert_cluster(
        &mut self,
        id: &str,
        name: &str,
        description: &str,
        agent: Agent,
        creator: Option<&str>,
    ) {
        let default = format!("p-{}", self.state.random.name(5));
        let system = format!("p-{}", self.state.random.name(5));
        self.insert_cluster_with(id, name, description, agent, creator, [&default, &system]);
    }

    pub(crate) fn insert_cluster_with(
        &mut self,
        id: &str,
        name: &str,
        description: &str,
        agent: Agent,
        creator: Option<&str>,
        [default, system]: [&str; 2],
    ) {
        let cluster = Cluster {
            id: id.to_owned(),
            name: name.to_owned(),
            description: description.to_owned(),
            agent,
            created: self.state.now,
            creator: creator.map(str::to_owned),
            uuid: self.state.random.uuid(),
            objects: Store::default(),
            removal: None,
            provisioned: false,
            labels: Map::new(),
            annotations: Map::new(),
        };
        self.state.clusters.insert(id.to_owned(), cluster);
        // rule: cluster.stock-projects
        for (name, display, kind) in [(default, "Default", "default"), (system, "System", "system")] {
            self.insert_project_with(id, name, display, creator);
            if let Some(project) = self.state.projects.get_mut(&format!("{id}:{name}")) {
                let label = format!("authz.management.cattle.io/{kind}-project");
                project.fields.insert("labels".to_owned(), json!({label: "true"}));
                let description = format!("{display} project created for the cluster");
                project.fields.insert("description".to_owned(), json!(description));
            }
        }
        if let Some(creator) = creator {
            // rule: cluster.creator-owns
            let id_of = format!("{id}:creator-cluster-owner");
            self.insert_binding_with(BindingKind::Cluster, &id_of, id, "cluster-owner", Some(creator), None);
        }
        self.insert_registration(id);
        if agent == Agent::Never {
            return;
        }
        self.insert_stock_namespaces(id, Some(&format!("{id}:{default}")), Some(&format!("{id}:{system}")));
    }

    /// The namespaces that every cluster has.
    pub(crate) fn insert_stock_namespaces(
        &mut self,
        cluster: &str,
        default: Option<&str>,
        system: Option<&str>,
    ) {
        self.insert_namespace(cluster, "default", default, None);
        for name in SYSTEM_NAMESPACES {
            self.insert_namespace(cluster, name, system, None);
        }
    }

    // The registration token that every cluster has.
    fn insert_registration(&mut self, cluster: &str) {
        let name = "default-token";
        let secret = self.state.random.secret();
        let kept = Kept {
            created: self.state.now,
            uuid: self.state.random.uuid(),
            fields: registration(cluster, name, &secret),
            ..Kept::default()
        };
        let shelf = ("clusterRegistrationToken".to_owned(), String::new());
        self.state.kept.entry(shelf).or_default().insert(format!("{cluster}:{name}"), kept);
    }

    pub(crate) fn insert_project(&mut self, cluster: &str, display: &str, creator: Option<&str>) -> String {
        // Among ten thousand names of five letters some come twice.
        let name = loop {
            let name = format!("p-{}", self.state.random.name(5));
            if !self.state.projects.contains_key(&format!("{cluster}:{name}")) {
                break name;
            }
        };
        self.insert_project_with(cluster, &name, display, creator)
    }

    pub(crate) fn insert_project_with(
        &mut self,
        cluster: &str,
        name: &str,
        display: &str,
        creator: Option<&str>,
    ) -> String {
        let project = Project {
            cluster: cluster.to_owned(),
            name: name.to_owned(),
            display: display.to_owned(),
            created: self.state.now,
            creator: creator.map(str::to_owned),
            uuid: self.state.random.uuid(),
            fields: Map::from_iter([("labels".to_owned(), json!({"cattle.io/creator": "norman"}))]),
        };
        let id = project.id();
        self.state.projects.insert(id.clone(), project);
        if let Some(creator) = creator {
            let binding = format!("{name}:creator-project-owner");
            self.insert_binding_with(
                BindingKind::Project,
                &binding,
                &id,
                "project-owner",
                Some(creator),
                None,
            );
        }
        id
    }

    /// A namespace with the default service account. Without a project it belongs to none.
    pub(crate) fn insert_namespace(
        &mut self,
        cluster: &str,
        name: &str,
        project: Option<&str>,
        creator: Option<&str>,
    ) {
        let mut labels = json!({"kubernetes.io/metadata.name": name});
        let at = super::state::stamp(self.state.now);
        let done = |kind: &str| {
            format!(
                "{{\"Type\":\"{kind}\",\"Status\":\"True\",\"Message\":\"\",\"LastUpdateTime\":\"{at}\"}}"
            )
        };
        let status =
            format!("{{\"Conditions\":[{},{}]}}", done("InitialRolesPopulated"), done("ResourceQuotaInit"));
        let mut annotations = json!({
            "cattle.io/status": status, "lifecycle.cattle.io/create.namespace-auth": "true",
        });
        if let (Some(labels), Some(annotations)) = (labels.as_object_mut(), annotations.as_object_mut()) {
            if let Some(project) = project {
                let short = project.rsplit(':').next().unwrap_or(project);
                labels.insert("field.cattle.io/projectId".to_owned(), json!(short));
                annotations.insert("field.cattle.io/projectId".to_owned(), json!(project));
                // rule: namespace.quota-project
                annotations.insert("field.cattle.io/resourceQuotaProjectId".to_owned(), json!(project));
            }
            // rule: namespace.of-a-cluster
            let of_a_cluster = cluster == "local" && self.state.clusters.contains_key(name);
            if name.starts_with("cattle-") || of_a_cluster {
                annotations.insert("management.cattle.io/no-default-sa-token".to_owned(), json!("true"));
            }
            if of_a_cluster {
                annotations.insert("management.cattle.io/system-namespace".to_owned(), json!("true"));
            }
            if name == "cattle-impersonation-system" {
                labels.insert("authz.cluster.cattle.io/impersonator".to_owned(), json!("true"));
            }
            if let Some(creator) = creator {
                labels.insert("cattle.io/creator".to_owned(), json!("norman"));
                annotations.insert("field.cattle.io/creatorId".to_owned(), json!(creator));
            }
        }
        let body = json!({
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
        });
        self.insert_object(cluster, NAMESPACES, "", name, body);
        self.insert_object(cluster, "/serviceaccounts", name, "default", json!({}));
        // rule: kube.root-ca
        let about = "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.";
        let authority = json!({
            "metadata": {"annotations": {"kubernetes.io/description": about}}, "data": {"ca.crt": CA},
        });
        self.insert_object(cluster, "/configmaps", name, "kube-root-ca.crt", authority);
    }

    pub(crate) fn insert_object(
        &mut self,
        cluster: &str,
        resource: &str,
        namespace: &str,
        name: &str,
        body: Value,
    ) {
        let body = if let Value::Object(body) = body { body } else { Map::new() };
        let object = self.object(body);
        self.put_object(cluster, (resource.to_owned(), namespace.to_owned(), name.to_owned()), object);
    }

    /// Takes a namespace away, and all that is in it.
    pub(crate) fn remove_namespace(&mut self, cluster: &str, name: &str) {
        if let Some(found) = self.state.clusters.get_mut(cluster) {
            found.objects.drop_where(|(resource, namespace, object), _| {
                namespace == name || (resource == NAMESPACES && object == name)
            });
        }
    }

    pub(crate) fn insert_binding(
        &mut self,
        kind: BindingKind,
        target: &str,
        role: &str,
        user: Option<&str>,
        group: Option<&str>,
    ) -> String {
        let name = self.state.random.name(5);
        let id = match kind {
            BindingKind::Global => format!("grb-{name}"),
            BindingKind::Cluster => format!("{target}:crtb-{name}"),
            // rule: binding.backing-namespace
            BindingKind::Project => {
                format!("{}:prtb-{name}", target.rsplit(':').next().unwrap_or(target))
            }
        };
        self.insert_binding_with(kind, &id, target, role, user, group);
        id
    }

    pub(crate) fn insert_binding_with(
        &mut self,
        kind: BindingKind,
        id: &str,
        target: &str,
        role: &str,
        user: Option<&str>,
        group: Option<&str>,
    ) {
        let binding = Binding {
            kind,
            id: id.to_owned(),
            target: target.to_owned(),
            role: role.to_owned(),
            user: user.map(str::to_owned),
            group: group.map(str::to_owned),
            created: self.state.now,
            creator: None,
            uuid: self.state.random.uuid(),
            more: Map::from_iter([
                ("annotations".to_owned(), json!({})),
                ("labels".to_owned(), json!({"cattle.io/creator": "norman"})),
            ]),
        };
        self.state.bindings.insert((kind, id.to_owned()), binding);
    }
}

const SYSTEM_NAMESPACES: &[&str] =
    &["cattle-impersonation-system", "cattle-system", "kube-node-lease", "kube-public", "kube-system"];

// Nobody here checks the certificate of a cluster.
const CA: &str = "-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n";
