//! The recorded rules of authentication, rights, login and Norman.

use super::{Rule, recorded};

pub(super) const RULES: &[Rule] = &[
    recorded(
        "auth.alive",
        "matrix, credentials expired, deleted, off, disabled-unscoped, wrong-secret",
        "A token counts when its secret fits, it is enabled and not expired, and its user is enabled.",
    ),
    recorded(
        "auth.filter-401",
        "matrix, GET /v3/, every refused credential",
        "The authentication filter has one 401 body for every cause, its status a string.",
    ),
    recorded(
        "auth.header",
        "matrix, all rows",
        "X-API-Cattle-Auth is on every answer, redirects and public pages included, and says whether a Rancher token was accepted for this path.",
    ),
    recorded(
        "auth.service-account",
        "downstream, service account JWT, proxy off and on",
        "A service account's JWT works in the proxy of its cluster once a ClusterProxyConfig there says enabled, and the header stays false.",
    ),
    recorded(
        "auth.three-ways",
        "workflows, basic auth with key pair, cookie auth",
        "Bearer, Basic and the cookie R_SESS mean the same.",
    ),
    recorded(
        "binding.backing-namespace",
        "collections, GET /v3/projectroletemplatebindings",
        "The id of a project role binding begins with the project's backing namespace, which is the project's own name.",
    ),
    recorded(
        "binding.delete-200",
        "workflows, unbind",
        "Deleting a binding answers 200 with the object and its date of removal.",
    ),
    recorded(
        "binding.twice-makes-two",
        "workflows, bind oidc group twice",
        "The same binding twice makes two.",
    ),
    recorded(
        "binding.unknown-global-role",
        "errors, unknown global role",
        "A global role that does not exist is 404.",
    ),
    recorded(
        "binding.unknown-role",
        "errors, unknown role template",
        "A role template that does not exist is a ServerError 500.",
    ),
    recorded(
        "binding.unknown-target",
        "errors, bad project id",
        "A binding to a project or cluster that does not exist is 404 and speaks of a namespace.",
    ),
    recorded(
        "cluster.active",
        "downstream, cluster, active",
        "A cluster with its agent is active and all its conditions are True.",
    ),
    recorded(
        "cluster.creator-owns",
        "stock, GET /v3/clusterroletemplatebindings",
        "Who creates a cluster owns it by the binding creator-cluster-owner.",
    ),
    recorded(
        "cluster.pending",
        "collections, GET /v3/clusters",
        "A cluster that never connected is pending and has no version.",
    ),
    recorded(
        "cluster.stock-projects",
        "downstream, projects by the cluster path",
        "Every cluster has the projects Default and System.",
    ),
    recorded(
        "ext.delete-answers-object",
        "workflows, ext token delete",
        "Deleting an ext token answers 200 with the object.",
    ),
    recorded(
        "ext.generate-name",
        "workflows, ext token get and ext token disable",
        "A token shows the beginning of its name until it is changed.",
    ),
    recorded(
        "ext.kubeconfig-all",
        "workflows, ext kubeconfig all",
        "* is every cluster that the user sees, by name; the first is the current context.",
    ),
    recorded(
        "ext.kubeconfig-once",
        "workflows, ext kubeconfig two clusters and ext kubeconfig list",
        "The text of a kubeconfig is in the answer that makes it, and never again.",
    ),
    recorded(
        "ext.kubeconfig-steve",
        "workflows, ext kubeconfig two clusters",
        "By Steve a kubeconfig has links, a state and its token as a relationship.",
    ),
    recorded(
        "ext.kubeconfig-text",
        "workflows, ext kubeconfig two clusters",
        "A kubeconfig has an entry for Rancher and one for each cluster, all with one ext token.",
    ),
    recorded(
        "ext.kubeconfig-token",
        "workflows, ext kubeconfig list",
        "A kubeconfig is made with a token of ext.cattle.io of the same life.",
    ),
    recorded(
        "ext.kubeconfig-unknown-cluster",
        "workflows, ext kubeconfig unknown cluster",
        "A kubeconfig for an unknown cluster is 400.",
    ),
    recorded(
        "ext.refresh",
        "oidc, ext refresh bob",
        "A refresh of groups is answered as begun; what a user left stays until the next login.",
    ),
    recorded(
        "login.local-switched-off",
        "oidc, local login afterwards, 4",
        "A local user logs in by /v1-public even while the local provider is switched off.",
    ),
    recorded(
        "providers.enabled-only",
        "oidc, public providers afterwards, 4",
        "The public lists show the providers that are switched on.",
    ),
    recorded(
        "providers.local-first",
        "oidc, v1 public providers",
        "/v1-public lists the local provider first.",
    ),
    recorded(
        "ext.discovery",
        "schemas, discovery of ext.cattle.io/v1",
        "The group lists six kinds to everybody who is authenticated (for whom it was recorded: an administrator).",
    ),
    recorded(
        "ext.own-only",
        "matrix, GET /apis/ext.cattle.io/v1/tokens",
        "An ext list holds the caller's own tokens; an administrator sees all.",
    ),
    recorded(
        "ext.secret-once",
        "workflows, ext token create and get",
        "An ext token's secret is in the answer that creates it and nowhere else.",
    ),
    recorded(
        "ext.switch-off",
        "workflows, ext token disable, shorten ttl",
        "An ext token can be switched off and its ttl shortened.",
    ),
    recorded(
        "login.cookie",
        "workflows, login cookie",
        "responseType cookie answers 200 without body and sets R_SESS.",
    ),
    recorded(
        "login.error-shape",
        "workflows, login wrong password",
        "Login errors have their own order of fields, with status and code.",
    ),
    recorded(
        "login.kubeconfig",
        "workflows, login with kubeconfig_local",
        "responseType kubeconfig_CLUSTER mints a 30 day kubeconfig token named after user and cluster.",
    ),
    recorded(
        "login.ttl-ignored",
        "workflows, login json",
        "The ttl of a login is ignored: a session lives 16 hours.",
    ),
    recorded(
        "login.unknown-provider",
        "workflows, login via disabled provider",
        "Login by a provider that is not enabled is 404 without message.",
    ),
    recorded(
        "login.wrong-password",
        "workflows, login wrong password",
        "A wrong password is 401 \"authentication failed\".",
    ),
    recorded(
        "metrics.refusal",
        "matrix, GET /metrics",
        "Without the right to read metrics /metrics is 401 with its own body, header true for a good token.",
    ),
    recorded(
        "metrics.right",
        "matrix, GET /metrics; stock, global role view-rancher-metrics",
        "The right to read metrics is get on ranchermetrics.",
    ),
    recorded(
        "namespace.activates-later",
        "workflows, namespace in quota project",
        "A new namespace is activating; its roles come a moment later.",
    ),
    recorded(
        "namespace.default-quota",
        "downstream, namespace with quota",
        "A namespace inherits the default quota of its project.",
    ),
    recorded(
        "namespace.move",
        "workflows, move namespace",
        "The action move puts a namespace into another project and answers 200 without body.",
    ),
    recorded(
        "norman.action-by-get",
        "errors, action by GET",
        "An action asked by GET is ignored and the object comes back.",
    ),
    recorded(
        "norman.already-exists",
        "downstream, namespace by a project member, v3",
        "A namespace that exists is 409 AlreadyExists.",
    ),
    recorded(
        "norman.bad-body",
        "errors, malformed json, empty body, array body",
        "A body that is no JSON object is 422 InvalidBodyContent with the words of Go's decoder.",
    ),
    recorded("norman.coerced", "errors, wrong type", "A number where a string belongs is taken as its text."),
    recorded(
        "norman.connect",
        "workflows, tunnel path",
        "/v3/connect without a cluster's token is 401 in plain text.",
    ),
    recorded(
        "norman.deleted-204",
        "workflows, delete token; errors, delete setting",
        "A deleted token or setting is 204 and keeps the content type.",
    ),
    recorded(
        "norman.error-shape",
        "matrix, GET /v3/clusters/c-zzzzz",
        "Norman errors carry baseType, code, message and a number as status.",
    ),
    recorded(
        "norman.forbidden-before-missing",
        "matrix, GET /v3/clusters/c-zzzzz",
        "Rights come before existence: an unknown cluster is 403 for everybody but those who may read clusters.",
    ),
    recorded(
        "norman.global-create-links",
        "downstream, projects by the cluster path",
        "createTypes of a scoped list point to the global path.",
    ),
    recorded(
        "norman.limits",
        "collections, limit=0, -1, abc, 99999",
        "limit 0 is an empty page, -1 and beyond are 10000, nonsense is 1000.",
    ),
    recorded(
        "norman.lists-are-filtered",
        "matrix, GET /v3/projects, GET /v3/cluster/c-prod1/namespaces",
        "A list shows what the caller may read; without rights it is empty and 200.",
    ),
    recorded(
        "norman.methods",
        "workflows, HEAD, OPTIONS; errors, PATCH not supported",
        "Other methods than GET, POST, PUT and DELETE are 405 MethodNotAllow.",
    ),
    recorded("norman.null-clears", "errors, put null", "null clears a field."),
    recorded(
        "norman.put-merges",
        "errors, put merge",
        "PUT merges fields and ignores those it does not know.",
    ),
    recorded(
        "norman.required",
        "errors, missing required name",
        "A missing field is 422 MissingRequired with an empty message and fieldName.",
    ),
    recorded("norman.root", "matrix, GET /v3/", "/v3/ lists the types."),
    recorded(
        "norman.schemas-header",
        "matrix, X-Api-Schemas",
        "X-Api-Schemas names the schemas of the sub-context, except for management types below a cluster.",
    ),
    recorded(
        "norman.sort",
        "collections, sort and order",
        "Lists sort by id, or by a known field as text; an unknown sort is dropped.",
    ),
    recorded(
        "norman.subscribe-plain",
        "matrix, GET /v3/subscribe",
        "/v3/subscribe without an upgrade is 400 in plain text with a ServerError 500 in it.",
    ),
    recorded(
        "norman.unknown-filter",
        "collections, name_prefix, nosuchfield",
        "Filters that the schema does not name are ignored in silence; several values in one _in match nothing.",
    ),
    recorded(
        "norman.unknown-marker",
        "collections, marker=nosuch",
        "An unknown marker restarts at page one and is echoed.",
    ),
    recorded(
        "norman.unknown-type",
        "collections, GET /v3/nosuchtype",
        "An unknown type is 404 \"failed to find schema\".",
    ),
    recorded(
        "principal.list-is-own",
        "collections, GET /v3/principals",
        "The list of principals holds the caller's own.",
    ),
    recorded(
        "principal.search",
        "workflows, search principals",
        "A search finds principals whose name begins so.",
    ),
    recorded(
        "project.both-quotas",
        "errors, quota without namespace default",
        "A project quota needs a default for namespaces.",
    ),
    recorded(
        "project.creator-owns",
        "collections, GET /v3/projectroletemplatebindings",
        "Who creates a project owns it by the binding creator-project-owner.",
    ),
    recorded(
        "project.delete-leaves-namespaces",
        "workflows, delete project with a namespace",
        "Deleting a project answers 200 with the object, and its namespaces stay.",
    ),
    recorded(
        "project.id-without-cluster",
        "errors, id without cluster",
        "A project id without a cluster is 404 \"failed to find resource by id\".",
    ),
    recorded(
        "project.roles-follow",
        "errors, wrong type",
        "The answer that creates a project has no conditions yet.",
    ),
    recorded(
        "project.unknown-cluster",
        "errors, unknown cluster",
        "A project in a cluster that does not exist is 404 and speaks of a namespace.",
    ),
    recorded(
        "public.pages",
        "matrix, GET /rancherversion, /ping, /healthz",
        "Version and health need no credential.",
    ),
    recorded(
        "public.settings",
        "matrix, GET /v3/settings/cacerts",
        "The settings a browser needs first need no credential.",
    ),
    recorded("public.steve-root", "matrix, GET /v1", "/v1 itself needs no credential."),
    recorded(
        "record.no-nodes",
        "collections, GET /v3/nodes; downstream, deployments",
        "No nodes run, so pods stay Pending and deployments never become available.",
    ),
    recorded(
        "rights.admin-everywhere",
        "matrix, selfsubjectaccessreviews of admin-prod",
        "An administrator is cluster-admin in every cluster.",
    ),
    recorded(
        "rights.project-namespaces",
        "matrix, pods and secrets in shop-web and plain",
        "A project role holds in the namespaces of its project.",
    ),
    recorded(
        "rights.project-owner",
        "stock, role template project-owner",
        "The right to own a project is every right on it.",
    ),
    recorded(
        "rights.promoted",
        "downstream, namespace by a project member",
        "A project role may give rights on the whole cluster: create namespaces, read volumes and classes.",
    ),
    recorded(
        "rights.see-cluster",
        "matrix, GET /v3/clusters/c-prod1",
        "Any binding on a cluster or on one of its projects lets its holder read the cluster.",
    ),
    recorded(
        "rights.see-project",
        "matrix, GET /v3/projects",
        "Members of a project read it; cluster members do not.",
    ),
    recorded(
        "route.clean-path",
        "workflows, double slash",
        "A path that is not clean is a 307 to the clean one.",
    ),
    recorded(
        "route.subtree-slash",
        "matrix, GET /v3, GET /k8s/clusters/c-prod1",
        "A subtree named without its slash is a 307 to the same with it, before any right is checked.",
    ),
    recorded(
        "route.unknown",
        "workflows, unknown top path, upper case",
        "Unknown top paths are \"404 page not found\" in plain text.",
    ),
    recorded(
        "scope.ext-unconfined",
        "matrix, ext-prod",
        "spec.clusterName of an ext token confines it to nothing.",
    ),
    recorded(
        "scope.path",
        "matrix, admin-prod",
        "The cluster of a path is the third part of /k8s or /v3, clusters, cluster or proxy.",
    ),
    recorded(
        "scope.v3-key",
        "matrix, admin-prod, admin-stage, admin-local",
        "A v3 token with a cluster counts only on paths of that cluster.",
    ),
    recorded("setting.really-deleted", "errors, delete setting", "DELETE on a setting really deletes it."),
    recorded(
        "setting.update-link",
        "stock, GET /v3/settings; matrix, GET /v3/settings/server-version",
        "A setting from the environment has no update link.",
    ),
    recorded(
        "token.expiry-filled-later",
        "workflows, create 89 day scoped token",
        "The answer that mints a v3 token has an empty expiresAt; a later GET fills it.",
    ),
    recorded("token.kubeconfig-ttl", "workflows, tokens of me", "A kubeconfig token lives 30 days."),
    recorded(
        "token.list-ignores-query",
        "collections, GET /v3/tokens?limit=3; workflows, tokens of me",
        "/v3/tokens echoes filters and limit and ignores them; it tells no total.",
    ),
    recorded("token.logout", "workflows, logout", "Logout deletes the token in use."),
    recorded("token.no-put", "workflows, update token", "PUT on a token is 404 \"no store found\"."),
    recorded(
        "token.own-only",
        "matrix, GET /v3/tokens",
        "/v3/tokens holds the caller's own tokens, also for an administrator.",
    ),
    recorded("token.session-ttl", "workflows, login json", "A session lives 16 hours."),
    recorded(
        "token.ttl-clamped",
        "errors, negative ttl, ttl beyond max; workflows, ext token ttl over max",
        "The ttl of v3 and ext tokens counts milliseconds and is clamped to 90 days in silence, also when 0 or negative.",
    ),
    recorded("token.ttl-type", "errors, ttl wrong type", "A ttl that is no number is 422 InvalidFormat."),
    recorded(
        "user.bootstrap-admin",
        "workflows, basic auth with key pair",
        "The first administrator carries the label of the bootstrap and has no creator.",
    ),
    recorded(
        "user.create-right",
        "errors, create user as standard",
        "Creating users needs the right on users.",
    ),
    recorded(
        "user.disabled-refuses-tokens",
        "matrix, disabled-unscoped",
        "Disabling a user by enabled: false refuses all their tokens.",
    ),
    recorded("user.password-length", "errors, short password", "Passwords have at least 12 characters."),
    recorded("user.sees-itself", "matrix, GET /v3/users?me=true", "Everybody may read their own user."),
    recorded("user.unique-username", "errors, duplicate username", "A username is unique."),
];
