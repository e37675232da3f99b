//! A name for each collection of Rancher's own: `client.projects()`.

use rancher_types::management as types;

use super::Client;
use crate::v3::Resource;

macro_rules! nouns {
    ($($noun:ident: $type:ident = $collection:literal),+ $(,)?) => {
        impl Client {
            $(
                #[doc = concat!("The resources of `/v3/", $collection, "`, see [`V3::resource`](crate::v3::V3::resource).")]
                pub fn $noun(&self) -> Resource<types::$type> {
                    self.v3().resource()
                }
            )+
        }

        #[cfg(test)]
        const COLLECTIONS: &[&str] = &[$($collection),+];
    };
}

nouns! {
    auth_configs: AuthConfig = "authconfigs",
    cloud_credentials: CloudCredential = "cloudcredentials",
    cluster_registration_tokens: ClusterRegistrationToken = "clusterregistrationtokens",
    cluster_role_template_bindings: ClusterRoleTemplateBinding = "clusterroletemplatebindings",
    clusters: Cluster = "clusters",
    compose_configs: ComposeConfig = "composeconfigs",
    dynamic_schemas: DynamicSchema = "dynamicschemas",
    features: Feature = "features",
    fleet_workspaces: FleetWorkspace = "fleetworkspaces",
    global_role_bindings: GlobalRoleBinding = "globalrolebindings",
    global_roles: GlobalRole = "globalroles",
    group_members: GroupMember = "groupmembers",
    groups: Group = "groups",
    kontainer_drivers: KontainerDriver = "kontainerdrivers",
    ldap_configs: LdapConfig = "ldapconfigs",
    management_secrets: ManagementSecret = "managementsecrets",
    node_drivers: NodeDriver = "nodedrivers",
    nodes: Node = "nodes",
    oidc_clients: OidcClient = "oidcclients",
    pod_security_admission_configuration_templates: PodSecurityAdmissionConfigurationTemplate =
        "podsecurityadmissionconfigurationtemplates",
    preferences: Preference = "preferences",
    principals: Principal = "principals",
    project_network_policies: ProjectNetworkPolicy = "projectnetworkpolicies",
    project_role_template_bindings: ProjectRoleTemplateBinding = "projectroletemplatebindings",
    projects: Project = "projects",
    rancher_user_notifications: RancherUserNotification = "rancherusernotifications",
    role_templates: RoleTemplate = "roletemplates",
    saml_tokens: SamlToken = "samltokens",
    settings: Setting = "settings",
    tokens: Token = "tokens",
    users: User = "users",
}

#[cfg(test)]
mod tests {
    use super::COLLECTIONS;
    use rancher_types::info::Api;

    #[test]
    fn every_collection_has_a_noun() {
        let stated = rancher_types::types(Api::Management).iter().filter_map(|info| info.collection);
        // a socket, not a collection
        let mut stated: Vec<&str> = stated.filter(|name| *name != "subscribe").collect();
        let mut named = COLLECTIONS.to_vec();
        stated.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, stated);
    }
}
