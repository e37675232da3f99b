//! The rules that no recording shows, each with the reason to believe it.

use super::{Rule, assumed};

pub(super) const RULES: &[Rule] = &[
    assumed(
        "agent-gone.noticed-late",
        "the record did not watch the moment",
        "The conditions of a cluster change 15 s after its agent broke away.",
    ),
    assumed(
        "auth.one-proxy-config",
        "read in Rancher's source",
        "Of several objects ClusterProxyConfig in the namespace of a cluster none counts: service accounts are refused.",
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
    assumed(
        "route.not-simulated",
        "honesty",
        "What the real server has and the simulator does not is 501 in plain text.",
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
    assumed(
        "authconfig.no-delete",
        "auth configs have no link to remove them",
        "DELETE on an auth config is 405.",
    ),
    assumed(
        "feature.locked",
        "read in the checks that Rancher's webhook documents; its words are ours",
        "The value of a locked feature cannot become another than the locked one: 400.",
    ),
    assumed(
        "norman.active-at-once",
        "controllers take a moment",
        "An object of a type with a state is active in the answer that creates it.",
    ),
    assumed(
        "norman.below-by-kubernetes",
        "follows from the roles",
        "What lies below a cluster or project is read and written by the rights on the resource of Kubernetes.",
    ),
    assumed(
        "norman.criteria",
        "read in Norman's source, parse/builder",
        "A value beyond the schema's limits, lengths, characters or options, or empty where it may not be, is 422 with its code and fieldName.",
    ),
    assumed(
        "norman.defaults",
        "read in Norman's source, parse/builder",
        "A field that is absent or empty gets its default on creation.",
    ),
    assumed(
        "norman.filter-repeated",
        "read in Norman's source, types",
        "Of several values of eq or ne the first counts.",
    ),
    assumed(
        "norman.invalid-format",
        "read in Norman's source, parse/builder; the code is recorded for tokens",
        "A value that cannot become one of the field's type is 422 InvalidFormat with fieldName.",
    ),
    assumed(
        "norman.labels",
        "read in Norman's source, parse/builder",
        "DNS labels and host names are checked: 422 InvalidFormat.",
    ),
    assumed(
        "norman.null-items",
        "read in Norman's source, parse/builder",
        "A null in an array is 422 NotNullable.",
    ),
    assumed(
        "norman.store-of-its-own",
        "enough for clients of Norman",
        "What Norman creates below a cluster or project, but for namespaces, is not seen through the proxy.",
    ),
    assumed(
        "quirk.lists",
        "tests of clients ask for it",
        "A world with quirks answers lists wrongly on purpose.",
    ),
    assumed(
        "rights.made-roles",
        "follows from the objects",
        "A role that somebody made gives the rights its rules state.",
    ),
    assumed(
        "schema.without-prose",
        "the record kept no prose",
        "Schemas carry every fact of the recorded ones, and no descriptions.",
    ),
    assumed(
        "setting.cleared-is-default",
        "read in Rancher's source",
        "A setting whose value is cleared has its default again.",
    ),
    assumed(
        "setting.read-only",
        "follows from the missing link; the words are ours",
        "A setting from the environment, and cacerts, cannot be changed: 405.",
    ),
];
