//! The rules that no recording shows, each with the reason to believe it.

use super::{Rule, assumed};

pub(super) const RULES: &[Rule] = &[
    assumed(
        "agent-gone.noticed-late",
        "the record did not watch the moment",
        "The conditions of a cluster change 15 s after its agent broke away.",
    ),
    assumed(
        "auth.cluster-is-asked",
        "read in Rancher's source",
        "A service account's JWT is looked at by a review in its cluster; while the agent is gone it is refused.",
    ),
    assumed(
        "auth.header-before-cookie",
        "read in Rancher's source; nobody recorded both at once",
        "A header wins over the cookie, and one of another scheme switches the cookie off.",
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
        "A disabled user who logs in with the right password is 403 PermissionDenied, without a message.",
    ),
    assumed(
        "ext.activity",
        "its verbs are recorded, its fields read in the dashboard's source",
        "The activity of a session is read by the name of its token.",
    ),
    assumed(
        "ext.kubeconfig-deleted",
        "read in Rancher's source",
        "Deleting a kubeconfig answers with it and deletes its token.",
    ),
    assumed(
        "ext.kubeconfig-foreign-cluster",
        "read in Rancher's source; the words are ours",
        "A kubeconfig for a cluster that the user may not see is 403.",
    ),
    assumed(
        "ext.kubeconfig-ttl",
        "read in Rancher's source; the units are recorded",
        "A kubeconfig lives 30 days if nothing is asked for; beyond 90 days is 400.",
    ),
    assumed(
        "ext.password-echoed",
        "read in Rancher's source",
        "The answer to a change of a password holds what was sent, passwords included.",
    ),
    assumed(
        "ext.password-chosen",
        "read in Rancher's source, of 2.14",
        "With a password that was changed so, mustChangePassword is over.",
    ),
    assumed("ext.password-length", "read in Rancher's source", "A new password that is too short is 400."),
    assumed("ext.password-nobody", "read in Rancher's source", "A new password for nobody is 400."),
    assumed(
        "ext.password-right",
        "read in Rancher's source",
        "Whoever may update users may set any password without the current one; others their own. Else it is 401.",
    ),
    assumed(
        "ext.password-wrong-current",
        "read in Rancher's source",
        "A wrong current password is a 500 InternalError.",
    ),
    assumed("ext.refresh-needs-user", "read in Rancher's source", "A refresh for nobody is 400."),
    assumed(
        "ext.refresh-right",
        "read in Rancher's source",
        "Who may not create users may not have groups refreshed: 401.",
    ),
    assumed(
        "login.directory-down",
        "read in Rancher's source: what is no error of the API becomes a 500",
        "A login by a directory that does not answer, or was never set up, is a 500 ServerError.",
    ),
    assumed(
        "login.directory-user",
        "no directory was recorded",
        "A user of a directory becomes known to Rancher with the first login, without a user name there.",
    ),
    assumed(
        "login.unknown-type",
        "read in Rancher's source",
        "/v1-public/login with a type that it does not know is 422 InvalidBodyContent.",
    ),
    assumed("logout.v1", "read in Rancher's source", "POST /v1/logout deletes the token in use, as v3 does."),
    assumed(
        "old.planes",
        "no older server was recorded; clients fall back so",
        "An older server has neither /v1-public nor ext.cattle.io: 404 page not found.",
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
    assumed(
        "user.password-chosen",
        "read in Rancher's source",
        "With a password that was changed or set, mustChangePassword is over.",
    ),
    assumed(
        "user.password-other",
        "read in Rancher's source",
        "A new password that is the user's name, or the current one, is 422.",
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
