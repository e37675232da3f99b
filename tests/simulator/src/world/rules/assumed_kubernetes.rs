//! The rules of Kubernetes, Steve and quotas that no recording shows, each with the reason to believe it.

use super::{Rule, assumed};

pub(super) const RULES: &[Rule] = &[
    assumed(
        "kube.aggregated-discovery",
        "Kubernetes documentation, 1.30 and later",
        "Accept may ask /apis for an APIGroupDiscoveryList: all groups with their resources in one answer.",
    ),
    assumed(
        "kube.bad-limit",
        "the API server's usual answer",
        "A limit that is no number is 400; zero and less mean no limit.",
    ),
    assumed("kube.bad-selector", "the API server's usual answer", "A label selector that is none is 400."),
    assumed(
        "kube.continue-expired",
        "read in the API server's source",
        "A continue token whose moment is forgotten is 410 Expired, with a token in metadata.continue that goes on from there as things are now.",
    ),
    assumed(
        "kube.continue-expires",
        "etcd compacts every five minutes",
        "Continue tokens are good for five minutes; a test may say otherwise.",
    ),
    assumed(
        "kube.continue-is-a-snapshot",
        "Kubernetes documentation",
        "The pages of a list show one moment, that of the first page, whatever is written meanwhile. Views of Norman's objects are shown as they are.",
    ),
    assumed(
        "kube.continue-without-version",
        "read in the API server's source",
        "continue together with a resourceVersion is 400.",
    ),
    assumed(
        "kube.create-with-version",
        "read in the API server's source",
        "Creating an object that has a resourceVersion is a 500 without a reason.",
    ),
    assumed(
        "kube.delete-what-is-selected",
        "Kubernetes documentation; in the record nothing was selected",
        "DELETE on a collection removes what its selectors pick.",
    ),
    assumed(
        "kube.merge-by-name",
        "Kubernetes documentation; the record changes an annotation",
        "A strategic merge patch merges containers, volumes and the like by name.",
    ),
    assumed(
        "kube.delete-preconditions",
        "Kubernetes documentation",
        "DELETE may name uid and resourceVersion; another object is 409.",
    ),
    assumed(
        "kube.deployment-revisions",
        "read in Kubernetes' deployment controller",
        "Each template is a revision, counted on its replica set and on the deployment. Refused pods of an older one are the deployment's ReplicaFailure where the newest has none.",
    ),
    assumed(
        "kube.eviction",
        "only a missing pod was evicted in the record",
        "An evicted pod is gone at once.",
    ),
    assumed(
        "kube.eviction-refused",
        "read in Kubernetes' source",
        "A ready pod that a disruption budget needs is not evicted: 429 with the budget in the details.",
    ),
    assumed(
        "kube.exec",
        "Kubernetes documentation, and the client of the crate kube",
        "A running pod executes a handful of commands over a WebSocket, v5.channel.k8s.io or v4; the status comes on a channel of its own.",
    ),
    assumed(
        "kube.field-selector",
        "Kubernetes documentation",
        "Field selectors know name, namespace and a few fields more; others are 400.",
    ),
    assumed(
        "kube.finalizers",
        "Kubernetes documentation",
        "A deleted object that has finalizers is marked, and goes when the last of them is taken away. Those of Kubernetes' own controllers go at once.",
    ),
    assumed(
        "kube.group-discovery",
        "Kubernetes documentation",
        "/apis/GROUP says which version the cluster prefers.",
    ),
    assumed(
        "kube.json-patch",
        "read in the API server's source",
        "A JSON patch does all its steps or is 422; one that is no list is 400.",
    ),
    assumed(
        "kube.limit-range",
        "Kubernetes documentation",
        "A LimitRange gives containers the limits and requests that they do not name.",
    ),
    assumed(
        "kube.logs",
        "Kubernetes documentation; the record has no running pod",
        "The log of a running pod comes as it was written: tailLines, sinceSeconds, sinceTime, timestamps, limitBytes; followed, until the container ends.",
    ),
    assumed("kube.merge-patch", "RFC 7386; a dry run is recorded", "A merge patch sets, nests and removes."),
    assumed(
        "kube.name-of-the-path",
        "read in the API server's source",
        "PUT with the name of another object, or none, is 400.",
    ),
    assumed(
        "kube.namespace-of-the-path",
        "read in the API server's source",
        "A body that names another namespace than the path is 400.",
    ),
    assumed(
        "kube.no-namespace-above",
        "the API server's paths",
        "What belongs to no namespace is not found below one: 404.",
    ),
    assumed(
        "kube.no-op",
        "Kubernetes documentation",
        "A write that changes nothing keeps the resourceVersion.",
    ),
    assumed(
        "kube.no-such-subresource",
        "the API server's usual answer",
        "What a kind does not have below its objects is 404.",
    ),
    assumed(
        "kube.pod-security",
        "Kubernetes documentation; the README of the record speaks of it",
        "A pod that violates the level its namespace enforces is 403; the checks that matter most are played.",
    ),
    assumed(
        "kube.pods-become-ready",
        "the record has no nodes; only where a test lets them run",
        "Where nodes run, a pod is ready a while after it was made, and its containers write a line.",
    ),
    assumed(
        "kube.previous-log",
        "read in the kubelet's source",
        "No container ran before the present one: its log is 400.",
    ),
    assumed(
        "kube.remaining-unknown",
        "Kubernetes documentation",
        "With a selector, remainingItemCount is missing.",
    ),
    assumed(
        "kube.rolling-update",
        "Kubernetes documentation",
        "A changed template makes a new replica set; old pods go as new ones become ready, within maxSurge and maxUnavailable.",
    ),
    assumed(
        "kube.set-defaults",
        "Kubernetes documentation",
        "A stateful set or daemon set comes back with its defaults.",
    ),
    assumed(
        "kube.port-forward",
        "the client of the crate kube",
        "A port that a container names sends back what it is sent; another is refused on its error channel.",
    ),
    assumed(
        "kube.sets-make-pods",
        "Kubernetes documentation",
        "Stateful sets make their pods one after the other, daemon sets one for each node.",
    ),
    assumed(
        "kube.sets-try-again",
        "read in Kubernetes' controllers",
        "A refused pod of a stateful set or a daemon set is an event, counted anew at every further attempt, of which each comes later than the one before.",
    ),
    assumed(
        "kube.token-request-limits",
        "read in Kubernetes' validation; that a cluster cuts long ones is its documentation's",
        "A token of a service account lives ten minutes at least, or it is a 422, and a day at most: more is cut. One for another audience is none here.",
    ),
    assumed(
        "kube.status-alone",
        "Kubernetes documentation",
        "A write to the status of an object changes nothing else.",
    ),
    assumed(
        "kube.status-is-kept",
        "Kubernetes documentation",
        "PUT does not change status, which has a path of its own.",
    ),
    assumed(
        "kube.table",
        "Kubernetes documentation; the README of the record speaks of it",
        "Accept may ask for a Table: columns and a row for each object.",
    ),
    assumed(
        "kube.uid-precondition",
        "read in the API server's source",
        "Naming the uid of an object that was replaced meanwhile is 409.",
    ),
    assumed(
        "kube.version-required",
        "read in the API server's source",
        "PUT on a custom resource needs its resourceVersion: 422.",
    ),
    assumed(
        "quota.becomes-limitrange",
        "read in Rancher's source",
        "containerDefaultResourceLimit of a project with a quota becomes a LimitRange in its namespaces.",
    ),
    assumed(
        "quota.default-within-project",
        "read in Rancher's source",
        "The default of namespaces is within the project's quota, and nothing is negative: 422 MaxLimitExceeded.",
    ),
    assumed(
        "quota.must-specify",
        "read in Kubernetes' source",
        "Where a quota counts cpu or memory, a container that names none is 403.",
    ),
    assumed(
        "quota.namespace-keys",
        "read in Rancher's source",
        "A namespace's quota has the keys of its project's: 422 MissingRequired.",
    ),
    assumed(
        "quota.new-key-for-all-namespaces",
        "read in Rancher's source",
        "A key that is new must fit for all namespaces of the project together.",
    ),
    assumed(
        "quota.no-move-into",
        "read in Rancher's source",
        "No namespace is moved into a project with a quota: 500.",
    ),
    assumed(
        "quota.same-keys",
        "read in Rancher's source",
        "Project quota and namespace default have the same keys: 422 MissingRequired.",
    ),
    assumed(
        "steve.blocked-write",
        "follows from the recorded links and GET",
        "Writing a type that Steve lets nobody write is 403 \"Method PUT not supported\".",
    ),
    assumed(
        "steve.indexed-fields",
        "read in Steve's source",
        "Filters and sorting know name, namespace, age, state, columns, labels, and a few fields of some types.",
    ),
    assumed(
        "steve.lists-of-a-namespace",
        "read in Steve's source",
        "/v1/TYPE/NAMESPACE lists the objects of a namespace, and creates in it.",
    ),
    assumed(
        "steve.namespace-required",
        "read in Steve's source",
        "Creating without a namespace what needs one is 422.",
    ),
    assumed(
        "steve.parts",
        "Steve's documentation; exclude is recorded on a list",
        "include, exclude and excludeValues decide which fields are shown.",
    ),
    assumed(
        "steve.patch-is-strategic",
        "read in Steve's source",
        "PATCH without a patch content type is a strategic merge.",
    ),
    assumed(
        "steve.unknown-column",
        "read in Steve's source",
        "Filtering or sorting by a field that is not indexed is 422 InvalidBodyContent.",
    ),
    assumed(
        "steve.unknown-revision",
        "read in Steve's source",
        "A revision that is still to come is 400 \"unknown revision\".",
    ),
    assumed(
        "steve.version-required",
        "read in Steve's source",
        "PUT without resourceVersion is a 500 ServerError.",
    ),
];
