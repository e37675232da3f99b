//! Kubernetes' own resources that every cluster serves: what is known of them without a question.

use super::ApiResource;
use super::discovery::means;

/// Group, version, plural, kind, whether in namespaces, other names.
pub(super) type BuiltIn =
    (&'static str, &'static str, &'static str, &'static str, bool, &'static [&'static str]);

pub(super) const BUILT_IN: [BuiltIn; 29] = [
    ("", "v1", "configmaps", "ConfigMap", true, &["cm"]),
    ("", "v1", "endpoints", "Endpoints", true, &["ep"]),
    ("", "v1", "events", "Event", true, &["ev"]),
    ("", "v1", "limitranges", "LimitRange", true, &["limits"]),
    ("", "v1", "namespaces", "Namespace", false, &["ns"]),
    ("", "v1", "nodes", "Node", false, &["no"]),
    ("", "v1", "persistentvolumeclaims", "PersistentVolumeClaim", true, &["pvc"]),
    ("", "v1", "persistentvolumes", "PersistentVolume", false, &["pv"]),
    ("", "v1", "pods", "Pod", true, &["po"]),
    ("", "v1", "replicationcontrollers", "ReplicationController", true, &["rc"]),
    ("", "v1", "resourcequotas", "ResourceQuota", true, &["quota"]),
    ("", "v1", "secrets", "Secret", true, &[]),
    ("", "v1", "serviceaccounts", "ServiceAccount", true, &["sa"]),
    ("", "v1", "services", "Service", true, &["svc"]),
    ("apps", "v1", "daemonsets", "DaemonSet", true, &["ds"]),
    ("apps", "v1", "deployments", "Deployment", true, &["deploy"]),
    ("apps", "v1", "replicasets", "ReplicaSet", true, &["rs"]),
    ("apps", "v1", "statefulsets", "StatefulSet", true, &["sts"]),
    ("batch", "v1", "jobs", "Job", true, &[]),
    ("batch", "v1", "cronjobs", "CronJob", true, &["cj"]),
    ("networking.k8s.io", "v1", "ingresses", "Ingress", true, &["ing"]),
    ("networking.k8s.io", "v1", "ingressclasses", "IngressClass", false, &[]),
    ("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", true, &["netpol"]),
    ("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", false, &[]),
    ("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", false, &[]),
    ("rbac.authorization.k8s.io", "v1", "roles", "Role", true, &[]),
    ("rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", true, &[]),
    ("storage.k8s.io", "v1", "storageclasses", "StorageClass", false, &["sc"]),
    (
        "apiextensions.k8s.io",
        "v1",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        false,
        &["crd", "crds"],
    ),
];

impl From<&BuiltIn> for ApiResource {
    fn from((group, version, plural, kind, namespaced, short): &BuiltIn) -> Self {
        Self {
            group: (*group).to_owned(),
            version: (*version).to_owned(),
            plural: (*plural).to_owned(),
            kind: (*kind).to_owned(),
            namespaced: *namespaced,
            short_names: short.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

/// Whether objects of a resource are in namespaces, where that is known.
pub(super) fn is_namespaced(group: &str, plural: &str) -> Option<bool> {
    let known = BUILT_IN.iter().find(|known| known.0 == group && known.2 == plural);
    known.map(|known| known.4)
}

/// What is known by this name, in this group if one is given.
pub(super) fn named(group: &str, name: &str) -> Option<&'static BuiltIn> {
    let mut known = BUILT_IN.iter().filter(|known| group.is_empty() || known.0 == group);
    known.find(|known| means(name, known.2, known.3, known.5))
}
