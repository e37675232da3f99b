//! The recorded rules of Norman's schema, its store and its lists.

use super::{Rule, recorded};

pub(super) const RULES: &[Rule] = &[
    recorded(
        "authconfig.put",
        "oidc, disable local auth as the guide says",
        "PUT on an auth config by its base type is a 500 and changes nothing; localConfig cannot be PUT at all.",
    ),
    recorded(
        "kube.root-ca",
        "errors, k8s paged list",
        "Every namespace has the config map kube-root-ca.crt.",
    ),
    recorded(
        "norman.deleted-200",
        "workflows, unbind, delete project with a namespace",
        "What a controller has put its finalizer on is answered with its date of removal when it is deleted.",
    ),
    recorded(
        "norman.dropped-fields",
        "errors, put unknown field",
        "Fields that the schema does not know, or that are not for this write, are dropped in silence.",
    ),
    recorded(
        "norman.filter-echo-order",
        "collections, name_in=p03&name_in=p04",
        "The values of a filter are echoed in no order.",
    ),
    recorded(
        "norman.filter-modifiers",
        "schemas, collectionFilters",
        "The schema says which modifiers a filter knows: booleans know eq and ne only.",
    ),
    recorded(
        "norman.id-is-name",
        "stock, GET /v3/features, GET /v3/podsecurityadmissionconfigurationtemplates",
        "Where a type's name is a DNS label the name is the id.",
    ),
    recorded(
        "norman.last-page",
        "collections, globalrolebindings?limit=3, projects?clusterId=local&limit=5",
        "The link last leads to the last full page, which may overlap the one before: it begins limit items before the end.",
    ),
    recorded(
        "norman.minted-id",
        "downstream, registration token with ttl",
        "What has no name gets the capitals of its type and five characters: crt-qps6w.",
    ),
    recorded(
        "norman.null-references",
        "stock, GET /v3/globalrolebindings",
        "A reference that is not set is null, and other fields with a default have it.",
    ),
    recorded(
        "norman.owners",
        "collections, GET /v3/clusterregistrationtokens",
        "What belongs to a cluster has its id before the colon.",
    ),
    recorded(
        "norman.references-unchecked",
        "errors, unknown cluster, unknown role template",
        "What a reference points to is not looked up with the fields; the store finds out, each in its own words.",
    ),
    recorded(
        "norman.referring-links",
        "stock, GET /v3/globalroles, GET /v3/roletemplates",
        "An object links to every collection that can be filtered by it.",
    ),
    recorded(
        "norman.sort-links",
        "collections, all lists",
        "A list offers to sort by its filters that are texts, but for the description.",
    ),
    recorded(
        "project.stock-of-local",
        "collections, projects?clusterId=local&sort=name",
        "Default and System of local nobody made, and they have conditions of their own.",
    ),
    recorded(
        "project.synced-by-its-cluster",
        "collections, GET /v3/projects?nosuchfield=1",
        "A project in a cluster that never connected lacks the mark of the controllers there.",
    ),
    recorded(
        "record.renamed-clusters",
        "collections, GET /v3/projects?marker=nosuch",
        "The record renamed its clusters; its lists keep the order of the ids they had: edge, stage, prod.",
    ),
    recorded(
        "registration.commands-follow",
        "downstream, registration token with ttl",
        "A new registration token has its token at once and its commands a moment later.",
    ),
    recorded(
        "roles.built-in",
        "stock, GET /v3/globalroles",
        "Built-in roles have no link to remove them (the answer to who tries is assumed).",
    ),
];
