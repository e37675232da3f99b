//! The types of `/v3` that the simulator plays: their filters, sort fields and methods, from the recorded schemas.

/// One type.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) id: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) filters: &'static [&'static str],
    pub(crate) sorts: &'static [&'static str],
    pub(crate) collection_methods: &'static [&'static str],
    pub(crate) resource_methods: &'static [&'static str],
}

impl Kind {
    /// The plural as paths spell it.
    pub(crate) fn path(&self) -> String {
        self.plural.to_lowercase()
    }
}

/// The type a path segment names: by id or plural, in any case.
pub(crate) fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.id.eq_ignore_ascii_case(name) || kind.plural.eq_ignore_ascii_case(name))
}

// namespaces were never recorded as a whole list: their sort fields follow the rule of the other types.
pub(crate) const KINDS: &[Kind] = &[
    Kind {
        id: "cluster",
        plural: "clusters",
        filters: &["aadClientCertSecret", "aadClientSecret", "agentImage", "agentImageOverride", "apiEndpoint", "appliedClusterAgentImagePullSecretsHash", "appliedEnableNetworkPolicy", "assetsImage", "assetsImageOverride", "authImage", "caCert", "created", "creatorId", "currentCisRunName", "defaultClusterRoleForProjectMembers", "defaultPodSecurityAdmissionConfigurationTemplateName", "description", "desiredAgentImage", "desiredAssetsImage", "desiredAuthImage", "dockerRootDir", "driver", "enableNetworkPolicy", "fleetWorkspaceName", "id", "internal", "istioEnabled", "linuxWorkerCount", "name", "nodeCount", "nodeVersion", "openStackSecret", "privateRegistrySecret", "provider", "readyReconciling", "removed", "s3CredentialSecret", "serviceAccountTokenSecret", "state", "transitioning", "transitioningMessage", "uuid", "virtualCenterSecret", "vsphereSecret", "weavePasswordSecret", "windowsPreferedCluster", "windowsWorkerCount"],
        sorts: &["aadClientCertSecret", "aadClientSecret", "agentImage", "agentImageOverride", "apiEndpoint", "appliedClusterAgentImagePullSecretsHash", "assetsImage", "assetsImageOverride", "authImage", "caCert", "currentCisRunName", "defaultPodSecurityAdmissionConfigurationTemplateName", "desiredAgentImage", "desiredAssetsImage", "desiredAuthImage", "dockerRootDir", "driver", "fleetWorkspaceName", "openStackSecret", "privateRegistrySecret", "provider", "s3CredentialSecret", "serviceAccountTokenSecret", "state", "transitioning", "transitioningMessage", "uuid", "virtualCenterSecret", "vsphereSecret", "weavePasswordSecret"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "project",
        plural: "projects",
        filters: &["backingNamespace", "clusterId", "created", "creatorId", "description", "id", "name", "namespaceId", "removed", "state", "transitioning", "transitioningMessage", "uuid"],
        sorts: &["backingNamespace", "name", "state", "transitioning", "transitioningMessage", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "namespace",
        plural: "namespaces",
        filters: &["created", "creatorId", "description", "name", "projectId", "removed", "state", "transitioning", "transitioningMessage", "uuid"],
        sorts: &["state", "transitioning", "transitioningMessage", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "token",
        plural: "tokens",
        filters: &["activityLastSeenAt", "authProvider", "clusterId", "created", "creatorId", "current", "description", "enabled", "expired", "expiresAt", "isDerived", "lastUsedAt", "name", "removed", "token", "ttl", "userId", "userPrincipal", "uuid"],
        sorts: &["authProvider", "expiresAt", "token", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "user",
        plural: "users",
        filters: &["created", "creatorId", "description", "enabled", "id", "me", "mustChangePassword", "name", "password", "removed", "username", "uuid"],
        sorts: &["name", "password", "username", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "principal",
        plural: "principals",
        filters: &["created", "creatorId", "id", "loginName", "me", "memberOf", "name", "principalType", "profilePicture", "profileURL", "provider", "removed", "uuid"],
        sorts: &["loginName", "name", "principalType", "profilePicture", "profileURL", "provider", "uuid"],
        collection_methods: &["GET"],
        resource_methods: &["GET"],
    },
    Kind {
        id: "setting",
        plural: "settings",
        filters: &["created", "creatorId", "customized", "default", "name", "removed", "source", "uuid", "value"],
        sorts: &["default", "source", "uuid", "value"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "workload",
        plural: "workloads",
        filters: &["created", "creatorId", "name", "namespaceId", "removed", "uuid"],
        sorts: &["uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "clusterRoleTemplateBinding",
        plural: "clusterRoleTemplateBindings",
        filters: &["clusterId", "created", "creatorId", "groupId", "groupPrincipalId", "name", "namespaceId", "removed", "roleTemplateId", "userId", "userPrincipalId", "uuid"],
        sorts: &["uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "projectRoleTemplateBinding",
        plural: "projectRoleTemplateBindings",
        filters: &["created", "creatorId", "groupId", "groupPrincipalId", "name", "namespaceId", "projectId", "removed", "roleTemplateId", "serviceAccount", "userId", "userPrincipalId", "uuid"],
        sorts: &["serviceAccount", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "globalRoleBinding",
        plural: "globalRoleBindings",
        filters: &["created", "creatorId", "globalRoleId", "groupPrincipalId", "name", "removed", "userId", "userPrincipalId", "uuid"],
        sorts: &["uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "globalRole",
        plural: "globalRoles",
        filters: &["builtin", "created", "creatorId", "description", "id", "name", "newUserDefault", "removed", "uuid"],
        sorts: &["name", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "roleTemplate",
        plural: "roleTemplates",
        filters: &["administrative", "builtin", "clusterCreatorDefault", "context", "created", "creatorId", "description", "external", "hidden", "id", "locked", "name", "projectCreatorDefault", "removed", "uuid"],
        sorts: &["context", "name", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
    Kind {
        id: "node",
        plural: "nodes",
        filters: &["appliedNodeVersion", "clusterId", "controlPlane", "created", "creatorId", "description", "etcd", "externalIpAddress", "hostname", "id", "imported", "ipAddress", "name", "namespaceId", "nodeName", "podCidr", "providerId", "removed", "requestedHostname", "scaledownTime", "state", "transitioning", "transitioningMessage", "unschedulable", "uuid", "worker"],
        sorts: &["externalIpAddress", "hostname", "ipAddress", "name", "nodeName", "podCidr", "providerId", "scaledownTime", "state", "transitioning", "transitioningMessage", "uuid"],
        collection_methods: &["POST", "GET"],
        resource_methods: &["PUT", "DELETE", "GET"],
    },
];

/// Types of the real server that clients may meet by a link and that the simulator does not play.
pub(crate) const NOT_PLAYED: &[&str] = &[
    "apiservices", "authconfigs", "basicauths", "certificates", "clusterregistrationtokens", "configmaps",
    "cronjobs", "daemonsets", "deployments", "dnsrecords", "dockercredentials", "features",
    "horizontalpodautoscalers", "ingresses", "jobs", "persistentvolumeclaims", "persistentvolumes", "pods",
    "podsecurityadmissionconfigurationtemplates", "projectnetworkpolicies", "replicasets",
    "replicationcontrollers", "secrets", "serviceaccounttokens", "services", "sshauths", "statefulsets",
    "storageclasses",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_found_by_id_and_plural() {
        assert_eq!(kind("clusters").unwrap().id, "cluster");
        assert_eq!(kind("projectroletemplatebindings").unwrap().id, "projectRoleTemplateBinding");
        assert_eq!(kind("projectRoleTemplateBinding").unwrap().plural, "projectRoleTemplateBindings");
        assert!(kind("nosuchtype").is_none());
        assert!(NOT_PLAYED.iter().all(|name| kind(name).is_none()));
    }
}
