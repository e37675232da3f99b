//! The rules of how clusters come and go.

use super::{Rule, assumed};

pub(super) const ASSUMED: &[Rule] = &[
    assumed(
        "agent.credential-by-token",
        "read in Rancher's template of the agent",
        "The agent has its token in a secret whose name depends on the token; its deployment names that secret.",
    ),
    assumed(
        "agent.first-connection",
        "only a cluster that was connected already was recorded",
        "A cluster that connects the first time has its namespaces, and the agent that was installed with default-token.",
    ),
    assumed(
        "agent.needs-its-token",
        "read in Rancher's source: the tunnel is authorised by the registration token, each time",
        "An agent that lost its connection comes back only while the token that it was installed with is there.",
    ),
    assumed(
        "cluster.finalizers-by-patch",
        "another type was patched so in the record (oidc)",
        "The finalizers of a cluster can be patched through Kubernetes.",
    ),
    assumed(
        "cluster.removed-by-finalizers",
        "read in Rancher's source; the real server takes minutes",
        "A deleted cluster is removing until its finalizers are done; then it is gone, with what belongs to it.",
    ),
    assumed(
        "provisioning.cluster-name",
        "read in Rancher's source",
        "A cluster of provisioning.cattle.io gets one of Rancher's own, whose id its status then names.",
    ),
    assumed(
        "registration.manifest-for-anybody",
        "read in Rancher's source: the handler asks for no credential, and looks the token up",
        "Whoever names a registration token of a cluster gets its manifest, plain text; for any other it is 400.",
    ),
    assumed(
        "registration.manifest-of-everything",
        "read in Rancher's source",
        "A manifest holds the roles and the service of the agent, too; its ClusterRoleBinding names a namespace.",
    ),
    assumed(
        "registration.needs-server-url",
        "read in Rancher's source",
        "Without the setting server-url, a new registration token gets no commands.",
    ),
];
