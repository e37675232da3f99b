//! The rules that no recording shows, each with the reason to believe it.

use super::{Rule, assumed};

pub(super) const RULES: &[Rule] = &[
    assumed(
        "agent-gone.noticed-late",
        "the record did not watch the moment",
        "The conditions of a cluster change 15 s after its agent broke away.",
    ),
    assumed("binding.needs-subject", "read in Rancher's source", "A binding without user and group is 422."),
    assumed(
        "binding.put-changes-nothing",
        "seen while recording, no answer kept",
        "PUT on a binding answers 200 and changes nothing.",
    ),
    assumed(
        "binding.wrong-context",
        "read in Rancher's source",
        "A role of another context, or a locked one, is 422.",
    ),
    assumed(
        "cluster.created-pending",
        "only the console's clusters were recorded",
        "A cluster created by /v3/clusters is an imported one that waits for its agent.",
    ),
    assumed("cluster.name-unique", "read in Rancher's source", "A cluster's name is unique."),
    assumed(
        "cluster.owner-writes",
        "follows from the role cluster-owner",
        "Who owns a cluster may change and delete it.",
    ),
    assumed(
        "cluster.removed-at-once",
        "the real server takes minutes",
        "A deleted cluster is gone with the answer that deletes it.",
    ),
    assumed("cluster.update-needs-name", "read in Rancher's source", "PUT on a cluster must name it."),
    assumed(
        "ext.dry-run",
        "the API server's usual meaning",
        "dryRun=All mints no ext token and shows no secret.",
    ),
    assumed("ext.for-oneself", "read in Rancher's source", "An ext token is minted for oneself only."),
    assumed(
        "ext.ttl-only-shorter",
        "read in Rancher's source; shortening is recorded",
        "An ext token's life cannot be extended: 400.",
    ),
    assumed("kube.bad-body", "the API server's usual answer", "A body that is no JSON object is 400."),
    assumed(
        "kube.label-selector",
        "Kubernetes documentation",
        "Label selectors know =, ==, !=, in, notin, presence and absence, joined by commas.",
    ),
    assumed(
        "kube.name-required",
        "the API server's usual answer",
        "An object without name and generateName is 422.",
    ),
    assumed(
        "kube.patch-content-type",
        "seen while recording, no answer kept",
        "A PATCH without a patch content type is 415.",
    ),
    assumed(
        "kube.pod-deletion",
        "Kubernetes documentation",
        "Deleting a pod answers with the pod, and it is gone at once.",
    ),
    assumed(
        "kube.unknown-namespace",
        "the API server's usual answer",
        "An object in a namespace that does not exist is 404.",
    ),
    assumed(
        "local.management-views",
        "enough to audit by",
        "Management objects past Norman are short views that cannot be written.",
    ),
    assumed("login.bad-body", "no such login was recorded", "A login whose body is no JSON object is 422."),
    assumed(
        "login.disabled-user",
        "read in Rancher's source",
        "A disabled user who logs in is 403 PermissionDenied.",
    ),
    assumed(
        "namespace.removed-at-once",
        "the real server terminates for seconds",
        "A deleted namespace is gone with all that was in it.",
    ),
    assumed(
        "namespace.unknown-project",
        "no such call was recorded",
        "A namespace for a project that does not exist is 404.",
    ),
    assumed(
        "norman.never-connected",
        "no such call was recorded",
        "A list inside a cluster that never connected is 503 ClusterUnavailable.",
    ),
    assumed(
        "norman.own-labels-stay",
        "read in Norman's source",
        "PUT replaces labels and annotations, except those of cattle.io.",
    ),
    assumed(
        "norman.unknown-action",
        "read in Norman's source",
        "An action that a type does not have is 404 ActionNotAvailable.",
    ),
    assumed(
        "norman.unknown-cluster-context",
        "no such call was recorded",
        "A list inside a cluster that does not exist is 404.",
    ),
    assumed(
        "norman.wrong-context",
        "follows from the schemas of each context",
        "Namespaces and workloads exist below a cluster and a project only.",
    ),
    assumed("public.cacerts-page", "Rancher documentation", "/cacerts is the CA as plain PEM."),
    assumed("roles.read-only", "nobody asked yet", "Roles cannot be written."),
    assumed(
        "route.not-simulated",
        "honesty",
        "What the real server has and the simulator does not is 501 in plain text.",
    ),
    assumed(
        "schema.partial",
        "the real ones are long",
        "Schemas carry methods and filters; their fields are those one can filter by.",
    ),
    assumed(
        "steve.forbidden",
        "follows from the Kubernetes message",
        "An object that the caller may not read, of a type they may read elsewhere, is 403 Forbidden.",
    ),
    assumed(
        "steve.never-connected",
        "no such call was recorded",
        "Steve through the proxy of a cluster that never connected answers like one whose agent is gone.",
    ),
    assumed(
        "token.cluster-unchecked",
        "read in Rancher's source",
        "clusterId of a new token is not checked.",
    ),
    assumed(
        "token.session-keeps-itself",
        "read in Rancher's source",
        "The session in use cannot be deleted: 400, log out instead.",
    ),
    assumed(
        "token.stored-without-expiry",
        "read in Rancher's source: computed on read",
        "The stored token object keeps expired: false and an empty expiresAt; /v3/tokens and ext compute both.",
    ),
    assumed(
        "user.removed-with-tokens",
        "read in Rancher's source",
        "A deleted user takes tokens and bindings along.",
    ),
    assumed("user.wrong-current-password", "no such call was recorded", "A wrong current password is 422."),
];
