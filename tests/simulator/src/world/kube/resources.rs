//! The resources of the Kubernetes APIs that the simulator plays.

/// One resource.
#[derive(Debug)]
pub(crate) struct Resource {
    pub(crate) group: &'static str,
    pub(crate) version: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) namespaced: bool,
}

impl Resource {
    /// The first part of an object's key.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}", self.group, self.plural)
    }

    pub(crate) fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// The type Steve gives it: `configmap`, `apps.deployment`.
    pub(crate) fn steve_type(&self) -> String {
        let kind = self.kind.to_lowercase();
        if self.group.is_empty() { kind } else { format!("{}.{kind}", self.group) }
    }

    /// The same in the plural, which Steve's paths use.
    pub(crate) fn steve_plural(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.group, self.plural) }
    }

    /// How Kubernetes names it in a message: `configmaps`, `deployments.apps`.
    pub(crate) fn full(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

const fn resource(
    group: &'static str,
    version: &'static str,
    plural: &'static str,
    kind: &'static str,
    namespaced: bool,
) -> Resource {
    Resource { group, version, plural, kind, namespaced }
}

/// Where namespaces are kept.
pub(crate) const NAMESPACES: &str = "/namespaces";

/// All of them.
pub(crate) const RESOURCES: &[Resource] = &[
    resource("", "v1", "namespaces", "Namespace", false),
    resource("", "v1", "nodes", "Node", false),
    resource("", "v1", "persistentvolumes", "PersistentVolume", false),
    resource("", "v1", "pods", "Pod", true),
    resource("", "v1", "secrets", "Secret", true),
    resource("", "v1", "configmaps", "ConfigMap", true),
    resource("", "v1", "services", "Service", true),
    resource("", "v1", "serviceaccounts", "ServiceAccount", true),
    resource("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true),
    resource("", "v1", "resourcequotas", "ResourceQuota", true),
    resource("", "v1", "limitranges", "LimitRange", true),
    resource("", "v1", "events", "Event", true),
    resource("apps", "v1", "deployments", "Deployment", true),
    resource("apps", "v1", "statefulsets", "StatefulSet", true),
    resource("apps", "v1", "daemonsets", "DaemonSet", true),
    resource("apps", "v1", "replicasets", "ReplicaSet", true),
    resource("batch", "v1", "jobs", "Job", true),
    resource("batch", "v1", "cronjobs", "CronJob", true),
    resource("networking.k8s.io", "v1", "ingresses", "Ingress", true),
    resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true),
    resource("storage.k8s.io", "v1", "storageclasses", "StorageClass", false),
    resource("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true),
    resource("rbac.authorization.k8s.io", "v1", "roles", "Role", true),
    resource("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true),
    resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false),
    resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false),
    resource("catalog.cattle.io", "v1", "apps", "App", true),
    resource("catalog.cattle.io", "v1", "clusterrepos", "ClusterRepo", false),
    resource("catalog.cattle.io", "v1", "operations", "Operation", true),
    resource("management.cattle.io", "v3", "clusterproxyconfigs", "ClusterProxyConfig", true),
    resource("management.cattle.io", "v3", "clusters", "Cluster", false),
    resource("management.cattle.io", "v3", "tokens", "Token", false),
    resource("management.cattle.io", "v3", "users", "User", false),
    resource("management.cattle.io", "v3", "projects", "Project", true),
    resource("management.cattle.io", "v3", "settings", "Setting", false),
    resource("provisioning.cattle.io", "v1", "clusters", "Cluster", true),
];

/// What a resource is called for short.
pub(crate) fn short_names(plural: &str) -> &'static [&'static str] {
    match plural {
        "configmaps" => &["cm"],
        "cronjobs" => &["cj"],
        "daemonsets" => &["ds"],
        "deployments" => &["deploy"],
        "events" => &["ev"],
        "ingresses" => &["ing"],
        "limitranges" => &["limits"],
        "namespaces" => &["ns"],
        "networkpolicies" => &["netpol"],
        "nodes" => &["no"],
        "persistentvolumeclaims" => &["pvc"],
        "persistentvolumes" => &["pv"],
        "poddisruptionbudgets" => &["pdb"],
        "pods" => &["po"],
        "replicasets" => &["rs"],
        "resourcequotas" => &["quota"],
        "serviceaccounts" => &["sa"],
        "services" => &["svc"],
        "statefulsets" => &["sts"],
        "storageclasses" => &["sc"],
        _ => &[],
    }
}

/// What hangs below its objects.
pub(crate) fn subresources(plural: &str) -> &'static [&'static str] {
    match plural {
        "deployments" | "replicasets" | "statefulsets" => &["scale", "status"],
        "pods" => &["eviction", "log", "status"],
        "serviceaccounts" => &["token"],
        "daemonsets"
        | "jobs"
        | "cronjobs"
        | "ingresses"
        | "namespaces"
        | "nodes"
        | "persistentvolumeclaims"
        | "persistentvolumes"
        | "poddisruptionbudgets"
        | "resourcequotas"
        | "services" => &["status"],
        _ => &[],
    }
}

/// The resource of a group and version with this plural.
pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|r| r.group == group && r.version == version && r.plural == plural)
}

/// The resource that Steve knows by this name, singular or plural.
pub(crate) fn steve(name: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|r| r.steve_type() == name || r.steve_plural() == name)
}
