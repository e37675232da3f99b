//! The rules of apps, Helm and schemas. The record has a server without charts, so that all of them are assumed.

use super::{Rule, assumed};

pub(super) const ASSUMED: &[Rule] = &[
    assumed(
        "catalog.actions",
        "schemas, v1-steve: resourceActions of clusterrepo and app",
        "Repositories offer install and upgrade, apps offer uninstall.",
    ),
    assumed(
        "catalog.app-later",
        "read in Rancher's source: the app follows Helm's Secret",
        "An app is what Rancher's controller makes of the release, a moment after Helm has ended.",
    ),
    assumed(
        "catalog.app-without-values",
        "GHSA-9c5p-35gj-jqp4, since 2.8.10, 2.9.4 and 2.10",
        "An app does not hold the values of its release.",
    ),
    assumed(
        "catalog.default-namespace",
        "read in Rancher's source",
        "A release without a namespace is in default.",
    ),
    assumed(
        "catalog.download",
        "read in Rancher's source; of names in the record, only how many there are and that they are in error",
        "The index of a repository is read when it is made or changed, and when forceUpdate is later than the last time. One server can be reached, charts.example.com.",
    ),
    assumed(
        "catalog.helm-data",
        "read in Steve's source",
        "Steve leaves out what Helm keeps in a Secret; with includeHelmData=true it shows it opened.",
    ),
    assumed("catalog.index", "read in Rancher's source", "The link index answers with the index as JSON."),
    assumed(
        "catalog.index-unread",
        "read in Rancher's source",
        "Before the index was read, the ConfigMap that holds it is missing: 404.",
    ),
    assumed(
        "catalog.info",
        "read in Rancher's source",
        "The link info answers with a chart's Chart.yaml, values and README.",
    ),
    assumed(
        "catalog.log",
        "read in Rancher's source; terraform-provider-rancher2 reads it by a GET",
        "The link logs of an operation is the log of the container helm of its pod, whatever rights the user has there.",
    ),
    assumed(
        "catalog.log-link",
        "read in Rancher's source",
        "An operation has the link logs once its pod was seen.",
    ),
    assumed(
        "catalog.name-in-use",
        "read in Helm's source",
        "Installing over a release fails in the pod, not in the answer.",
    ),
    assumed(
        "catalog.namespace-first",
        "read in Rancher's source",
        "The namespace of an install is made if the user may; who may not see it then is refused: 403.",
    ),
    assumed(
        "catalog.operation",
        "read in Rancher's source",
        "An action makes a pod in cattle-system and an operation in the namespace of the release, and answers 201 with its name.",
    ),
    assumed(
        "catalog.operation-conditions",
        "read in Rancher's source",
        "Reconciling is True while Helm runs, Stalled is True when it failed, and before the pod was seen there are none.",
    ),
    assumed(
        "catalog.registry-unchanged",
        "read in Rancher's source",
        "Of a registry, downloadTime is when something new was last found in it: another look leaves it as it is.",
    ),
    assumed(
        "catalog.release-secret",
        "read in Helm's source",
        "Helm keeps each revision in a Secret with the labels owner, name, version and status.",
    ),
    assumed(
        "catalog.repo-links",
        "read in Rancher's source",
        "Repositories have the links index, info, chart and icon.",
    ),
    assumed(
        "catalog.rights-of-the-user",
        "read in Rancher's source",
        "Helm has the rights of who began the operation.",
    ),
    assumed(
        "catalog.several-charts",
        "read in Rancher's source",
        "An install of several charts, and every upgrade, is helm upgrade --install.",
    ),
    assumed(
        "catalog.unknown-chart",
        "read in Helm's source; how Steve wraps it is believed",
        "A chart or version that the index does not hold is a 500.",
    ),
    assumed(
        "catalog.values-are-replaced",
        "read in Helm's source",
        "An upgrade forgets all values but those that are given; where none are given and they are not reset, it keeps the old ones.",
    ),
    assumed(
        "schema.by-plural",
        "read in Steve's source; lists are found by both names in the record",
        "A schema is found by the plural of its type, too.",
    ),
    assumed(
        "schema.definitions",
        "read in Steve's source; the fields are those of Kubernetes' documentation",
        "/v1/schemaDefinitions/{id} has the fields of a type. That of configmap is played.",
    ),
    assumed(
        "schema.methods",
        "schemas, v1-steve for an administrator; read in Steve's source for others",
        "A schema shows the methods that the user has a right to, and blocked- before those that Rancher lets nobody use.",
    ),
];
