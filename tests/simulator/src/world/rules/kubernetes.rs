//! The recorded rules of the cluster router, of Kubernetes behind it, and of Steve.

use super::{Rule, recorded};

pub(super) const RULES: &[Rule] = &[
    recorded(
        "agent-gone.conditions",
        "workflows, GET /v3/clusters/c-prod1",
        "A cluster without its agent is waiting: Connected is False, Ready is False with reason Disconnected.",
    ),
    recorded(
        "agent-gone.norman",
        "agent-gone, GET /v3/cluster/c-prod1/namespaces",
        "A list inside a cluster whose agent is gone takes 27 to 34 s and is then a Norman ServerError 500, for everybody who is authenticated.",
    ),
    recorded(
        "agent-gone.proxy",
        "agent-gone, GET /k8s/clusters/c-prod1/version",
        "A proxied call to a cluster whose agent is gone takes 27 to 35 s and is then 500 in plain text. Refused tokens are refused at once.",
    ),
    recorded(
        "agent-gone.steve",
        "agent-gone, GET /k8s/clusters/c-prod1/v1/namespaces",
        "Steve through the proxy takes 14 s to find that the agent is gone: 500, \"failed to find Session\".",
    ),
    recorded(
        "agent-starting.steve",
        "agent-gone, agent up, GET /k8s/clusters/c-prod1/v1/namespaces",
        "While the controllers in the cluster start, Steve through the proxy answers 500 (that it takes 14 s then, too, is assumed).",
    ),
    recorded(
        "agent.starting-looks-disconnected",
        "workflows, GET /v3/clusters/c-prod1",
        "While the controllers in the cluster start, the cluster looks disconnected although its proxy works.",
    ),
    recorded(
        "kube.admission-is-403",
        "downstream, its status",
        "What admission refuses is 403 Forbidden like a missing right; the message tells them apart.",
    ),
    recorded(
        "kube.already-exists",
        "errors, k8s create twice",
        "Creating an object twice is 409 AlreadyExists.",
    ),
    recorded(
        "kube.apply-conflict",
        "kubernetes, apply conflict",
        "Applying another value to a field that another manager set is 409 with a cause for each field, until it is forced.",
    ),
    recorded(
        "kube.apply-creates",
        "kubernetes, apply creates",
        "Server-side apply creates what is not there and answers 201.",
    ),
    recorded("kube.bad-continue", "errors, k8s bad continue", "A continue token that is none is 400."),
    recorded(
        "kube.canonical-quantities",
        "workflows, deployment",
        "Quantities of a pod come back in canonical form: 0.5Gi as 512Mi.",
    ),
    recorded(
        "kube.delete-collection",
        "kubernetes, delete collection",
        "DELETE on a collection answers with the list of what it removed.",
    ),
    recorded(
        "kube.deployment-defaults",
        "workflows, deployment",
        "A deployment comes back with the defaults of Kubernetes filled in.",
    ),
    recorded(
        "kube.deployment-makes-pods",
        "kubernetes, pods",
        "A deployment makes a replica set, which makes pods; here at once, and a changed template changes no pod.",
    ),
    recorded(
        "kube.discovery-for-all",
        "matrix, GET /k8s/clusters/c-prod1/version and /api",
        "Everybody who may see a cluster may read its version and discovery.",
    ),
    recorded(
        "kube.forbidden-before-missing",
        "matrix, GET /k8s/clusters/c-prod1/api/v1/namespaces/nosuch",
        "Rights come before existence: without them a missing object is 403.",
    ),
    recorded(
        "kube.foreground-deletion",
        "kubernetes, delete secret",
        "Foreground deletion answers with the object, marked as going; here it is gone at once.",
    ),
    recorded(
        "kube.generation",
        "kubernetes, restart rollout",
        "The generation of a deployment counts the changes of its spec.",
    ),
    recorded(
        "kube.identity-is-rancher",
        "matrix, POST selfsubjectreviews",
        "A SelfSubjectReview through the proxy names Rancher's user, principal and token.",
    ),
    recorded("kube.invalid-name", "errors, k8s invalid", "A name that is none is 422 with the cause."),
    recorded(
        "kube.list-items-untyped",
        "errors, k8s paged list",
        "Items of a list carry no kind; those of custom resources do.",
    ),
    recorded(
        "kube.metadata-only",
        "kubernetes, metadata only",
        "Accept may ask for PartialObjectMetadata: objects without spec and data.",
    ),
    recorded(
        "kube.namespace-in-itself",
        "matrix, GET /k8s/clusters/c-prod1/api/v1/namespaces/shop-web",
        "Rights on a namespace object are looked up in that namespace.",
    ),
    recorded(
        "kube.paged",
        "errors, k8s paged list",
        "limit cuts a list and gives continue (the resource version and the last key, in base64) and remainingItemCount.",
    ),
    recorded(
        "kube.pod-defaults",
        "kubernetes, pods",
        "A pod comes back with its service account's volume, tolerations and class.",
    ),
    recorded(
        "kube.pod-log",
        "kubernetes, log of a pending pod",
        "The log of a pod with several containers needs a name, 400; one that is not scheduled has none.",
    ),
    recorded(
        "kube.progress-deadline",
        "kubernetes, restart rollout",
        "A deployment that does not move for progressDeadlineSeconds says ProgressDeadlineExceeded; here where nodes run.",
    ),
    recorded("kube.scale", "kubernetes, get scale and put scale", "Deployments have a scale of their own."),
    recorded(
        "kube.secret-string-data",
        "kubernetes, create secret",
        "stringData becomes data in base64, and the type Opaque.",
    ),
    recorded(
        "kube.service-account-no-rights",
        "downstream, service account JWT, pods",
        "A service account without bindings may read discovery and nothing else.",
    ),
    recorded("kube.stale-conflict", "errors, k8s stale update", "A stale resourceVersion is 409 Conflict."),
    recorded(
        "kube.strategic-merge",
        "kubernetes, restart rollout",
        "A strategic merge patch adds to the annotations of a template, and leaves the rest of it as it was.",
    ),
    recorded(
        "kube.token-request",
        "downstream, service account token",
        "TokenRequest gives a JWT of the service account.",
    ),
    recorded(
        "kube.unknown-group",
        "errors, k8s unknown group",
        "An API group that is not there is \"404 page not found\" in plain text.",
    ),
    recorded(
        "kubeconfig.minted-unscoped",
        "workflows, generateKubeconfig scoped",
        "generateKubeconfig mints a new unscoped kubeconfig token, also for a key scoped to that cluster.",
    ),
    recorded(
        "local.anonymous",
        "matrix, anonymous GET /api/v1/namespaces",
        "Without credential the local Kubernetes API is 401 \"not authorized\" in plain text.",
    ),
    recorded(
        "local.anonymous-version",
        "matrix, anonymous GET /k8s/clusters/local/version",
        "Without credential the local version is readable.",
    ),
    recorded(
        "local.management-closed",
        "matrix, GET /apis/management.cattle.io/v3/clusters",
        "management.cattle.io past Norman is an empty 403 for everybody who may not see the cluster local, refused tokens included.",
    ),
    recorded(
        "local.refused",
        "matrix, GET /k8s/clusters/local/version, every refused credential",
        "A refused token gets a Status 401 from the local Kubernetes API, on /version too.",
    ),
    recorded(
        "namespace.of-a-cluster",
        "workflows, steve list",
        "The namespace of a cluster on local is marked as the system's, and as one without a token for its account.",
    ),
    recorded(
        "namespace.quota-project",
        "downstream, steve object; workflows, steve list",
        "A namespace of a project says so once more for quotas: resourceQuotaProjectId.",
    ),
    recorded(
        "proxy.local-rewrite",
        "matrix, GET /k8s/clusters/local/apis/ext.cattle.io/v1/tokens",
        "/k8s/clusters/local loses its prefix after authentication.",
    ),
    recorded(
        "quota.becomes-resourcequota",
        "downstream, resource quota",
        "The quota of a namespace becomes a ResourceQuota default-… in it.",
    ),
    recorded(
        "quota.below-used",
        "downstream, quota below used",
        "A project's quota below what its namespaces carry is 422 MaxLimitExceeded.",
    ),
    recorded(
        "quota.exceeded",
        "downstream, its status",
        "What goes beyond a ResourceQuota is refused with what was requested, used and limited.",
    ),
    recorded(
        "quota.namespace-within-project",
        "downstream, namespace over project quota",
        "A namespace's quota that does not fit beside the others is 422 MaxLimitExceeded with the sum.",
    ),
    recorded(
        "quota.not-a-quantity",
        "downstream, quota not a quantity",
        "A quantity that is none is a 500 ServerError.",
    ),
    recorded(
        "quota.replica-failure",
        "downstream, its status and events",
        "A deployment beyond its quota is created; its condition ReplicaFailure and an event say why nothing runs.",
    ),
    recorded(
        "quota.usage-is-counted",
        "downstream, resource quota, used",
        "status.used of a ResourceQuota follows the objects of its namespace.",
    ),
    recorded(
        "quota.used-is-counted",
        "downstream, project, used",
        "usedLimit of a project is the sum of its namespaces' quotas.",
    ),
    recorded(
        "router.go-struct",
        "matrix, GET /k8s/clusters/c-stag1/version",
        "The cluster router answers with a Go struct and calls it text.",
    ),
    recorded(
        "router.never-connected",
        "matrix, GET /k8s/clusters/c-stag1/version",
        "A cluster that never connected is 503 ClusterUnavailable to those who may see it.",
    ),
    recorded(
        "router.refused-is-unauthenticated",
        "matrix, GET /k8s/clusters/c-prod1/version",
        "On a downstream cluster a refused token is the user system:unauthenticated, and 403.",
    ),
    recorded(
        "router.unknown-cluster",
        "matrix, GET /k8s/clusters/c-zzzzz/version",
        "An unknown cluster is 404 to those who may read clusters, 403 to everybody else.",
    ),
    recorded(
        "steve.blocked-links",
        "workflows, steve list of clusters; stock, features",
        "Links that would write a type which Steve lets nobody write say \"blocked\".",
    ),
    recorded(
        "steve.continue-is-ignored",
        "workflows and downstream, steve list",
        "pagination.next names a continue that Steve does not read: it leads to the same page.",
    ),
    recorded("steve.delete-is-empty", "errors, steve delete", "A deleted object is an empty 204."),
    recorded("steve.error-shape", "errors, steve missing object", "Steve's errors name their type twice."),
    recorded(
        "steve.filter",
        "workflows, steve list",
        "filter takes = != ~ !~ in notin, commas for or, itself again for and (= and ~ are recorded).",
    ),
    recorded(
        "steve.generated-name",
        "errors, steve create without name",
        "An object without a name gets one that begins with the initials of its kind.",
    ),
    recorded(
        "steve.get-not-supported",
        "matrix, GET /v1/management.cattle.io.clusters/c-prod1",
        "A type that the caller may not read at all is 403 \"Method GET not supported\".",
    ),
    recorded(
        "steve.lists-are-filtered",
        "matrix, GET /v1/namespaces",
        "Steve lists show what the caller may read; an empty one has no count.",
    ),
    recorded(
        "steve.local-links",
        "workflows and downstream, Steve lists",
        "Steve's links through the proxy of local lose the prefix, those of other clusters keep it.",
    ),
    recorded(
        "steve.management-is-read-only",
        "matrix, standard GET /v1/management.cattle.io.clusters",
        "Steve lets nobody create management objects, so createTypes is missing.",
    ),
    recorded(
        "steve.no-access-401",
        "matrix, standard GET /k8s/clusters/c-prod1/v1/namespaces",
        "Steve through the proxy is an empty 401 to everybody who may not see the cluster.",
    ),
    recorded(
        "steve.not-found",
        "errors, steve missing object",
        "A missing object is 404 with Kubernetes' message.",
    ),
    recorded(
        "steve.own-fields",
        "errors, steve update",
        "The fields Steve adds are taken out again before Kubernetes sees the object.",
    ),
    recorded(
        "steve.pagesize",
        "workflows, steve list",
        "Steve pages by pagesize and page and ignores limit.",
    ),
    recorded(
        "steve.projectsornamespaces",
        "workflows, steve list",
        "projectsornamespaces picks by the short id of the project or the name of the namespace.",
    ),
    recorded("steve.sort", "workflows, steve list", "sort takes fields, with a minus for down."),
    recorded(
        "steve.type-warning",
        "errors, steve create",
        "Creating with Steve's own type gets a warning of Kubernetes.",
    ),
    recorded("steve.unknown-type", "errors, steve unknown type", "An unknown type is 404 without a body."),
];
