//! The rules that the recording of whole jobs shows.

use super::{Rule, assumed, recorded};

pub(super) const RECORDED: &[Rule] = &[
    recorded(
        "binding.controllers-mark",
        "workflows, unbind",
        "Controllers put an annotation and a label on a project's binding a moment after it was made.",
    ),
    recorded(
        "cluster.import-yaml",
        "workflows, importYaml; downstream, importYaml",
        "importYaml makes the objects of a text and answers with what kubectl would say; a scoped key may do it.",
    ),
    recorded(
        "kube.rules-review",
        "kubernetes, rules review, project member",
        "A SelfSubjectRulesReview answers with the rules of all roles that hold in the namespace, and with an empty spec.",
    ),
    recorded(
        "kubeconfig.folded",
        "workflows, generateKubeconfig unscoped",
        "The authority in a generated kubeconfig is folded after 49 characters, then after every 76.",
    ),
    recorded(
        "namespace.limits-stay",
        "workflows, its namespace after delete, steve list",
        "A namespace that had default limits keeps the mark of them when it leaves the quota.",
    ),
    recorded(
        "namespace.move-marks",
        "workflows, its namespace after delete",
        "Moving a namespace marks the project whose quota it is in.",
    ),
    recorded(
        "namespace.quota-validated",
        "workflows, namespace after a moment",
        "The status of a namespace that was made in a project with a quota says that the quota was validated.",
    ),
    recorded(
        "norman.claims",
        "workflows, project pvcs",
        "Claims on volumes stand below the project of their namespace.",
    ),
    recorded(
        "norman.containers",
        "workflows, project workloads, project pods",
        "Containers have all of Norman's defaults, and nested objects carry the name of their schema.",
    ),
    recorded("norman.pods", "workflows, project pods", "Pods stand below the project of their namespace."),
    recorded(
        "norman.replace",
        "workflows, replace quota",
        "A PUT with _replace=true takes away the fields that it does not send, but for labels and annotations.",
    ),
    recorded(
        "norman.workloads",
        "workflows, project workloads; downstream, workloads, unscoped",
        "Deployments are flattened: what the pods are like stands in the workload itself.",
    ),
    recorded(
        "principal.search-unpaged",
        "workflows, search principals",
        "A search for principals says nothing of pages, and names no order.",
    ),
    recorded(
        "project.export-yaml",
        "workflows, exportYaml",
        "exportYaml answers with a compose file that holds the name and the description of a project.",
    ),
    recorded(
        "schema.of-a-cluster",
        "workflows, cluster schemas, local-scoped",
        "Schemas below a cluster link to that cluster, and leave out what is empty.",
    ),
    recorded(
        "steve.never-written",
        "workflows, GET /v1/auditlog.cattle.io.auditpolicies",
        "The list of a type that was never written has no revision.",
    ),
];

pub(super) const ASSUMED: &[Rule] = &[assumed(
    "cluster.import-yaml-twice",
    "kubectl apply says so",
    "importYaml of an object that is there says configured, and changes nothing here.",
)];
