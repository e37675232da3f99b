//! What each recorded error is: one line for every row of `errors.json` and for every refusal of the recordings beside
//! it. The matrix is scored in `judge_scores`. A row without a line fails the test until somebody has judged it, and so
//! does a line without a row.

use http::{Method, StatusCode};
use rancher_client::error::{Accepted, Answer, Error, judge, judge_success};
use rancher_client::scope::{Route, TokenKind};
use rancher_tests::truth::{self, Body, Recorded};
use std::collections::BTreeMap;

/// The recording, the moment in it (`*` for any), the credential (`*` for any) and the path's end (or `*`); then kind,
/// code, field, and the reason of a `forbidden`, each `-` where there is none. `fine` is no error.
const JUDGED: &str = "
errors | missing required name            | * | * | invalid        | MissingRequired    | name      | -
errors | missing required clusterId       | * | * | invalid        | MissingRequired    | clusterId | -
errors | unknown cluster                  | * | * | not_found      | NotFound           | -         | -
errors | wrong type                       | * | * | fine           | -                  | -         | -
errors | malformed json                   | * | * | invalid        | InvalidBodyContent | -         | -
errors | empty body                       | * | * | invalid        | InvalidBodyContent | -         | -
errors | array body                       | * | * | invalid        | InvalidBodyContent | -         | -
errors | quota without namespace default  | * | * | invalid        | MissingRequired    | namespaceDefaultResourceQuota | -
errors | duplicate username               | * | * | already_exists | NotUnique          | username  | -
errors | short password                   | * | * | invalid        | InvalidBodyContent | -         | -
errors | negative ttl                     | * | * | fine           | -                  | -         | -
errors | ttl beyond max                   | * | * | fine           | -                  | -         | -
errors | ttl wrong type                   | * | * | invalid        | InvalidFormat      | -         | -
errors | unknown role template            | * | * | not_found      | ServerError        | -         | -
errors | bad project id                   | * | * | not_found      | NotFound           | -         | -
errors | unknown global role              | * | * | not_found      | NotFound           | -         | -
errors | unknown link                     | * | * | fine           | -                  | -         | -
errors | action by GET                    | * | * | fine           | -                  | -         | -
errors | PATCH not supported              | * | * | unsupported    | MethodNotAllow     | -         | -
errors | delete setting                   | * | * | fine           | -                  | -         | -
errors | delete missing                   | * | * | not_found      | NotFound           | -         | -
errors | id without cluster               | * | * | not_found      | NotFound           | -         | -
errors | encoded id                       | * | * | not_found      | NotFound           | -         | -
errors | put merge                        | * | * | fine           | -                  | -         | -
errors | put null                         | * | * | fine           | -                  | -         | -
errors | put unknown field                | * | * | fine           | -                  | -         | -
errors | put missing setting              | * | * | not_found      | NotFound           | -         | -
errors | as user-base                     | * | * | fine           | -                  | -         | -
errors | create user as standard          | * | * | forbidden      | Forbidden          | -         | rbac
errors | settings as user-base            | * | * | fine           | -                  | -         | -
errors | steve unknown type               | * | * | not_found      | -                  | -         | -
errors | steve missing object             | * | * | not_found      | NotFound           | -         | -
errors | steve create without name        | * | * | fine           | -                  | -         | -
errors | steve invalid name               | * | * | invalid        | Invalid            | metadata.name | -
errors | steve create                     | * | * | fine           | -                  | -         | -
errors | steve create twice               | * | * | already_exists | AlreadyExists      | -         | -
errors | steve update                     | * | * | fine           | -                  | -         | -
errors | steve delete                     | * | * | fine           | -                  | -         | -
errors | k8s create                       | * | * | fine           | -                  | -         | -
errors | k8s create twice                 | * | * | already_exists | AlreadyExists      | -         | -
errors | k8s stale update                 | * | * | conflict       | Conflict           | -         | -
errors | k8s invalid                      | * | * | invalid        | Invalid            | metadata.name | -
errors | k8s server-side apply            | * | * | fine           | -                  | -         | -
errors | k8s paged list                   | * | * | fine           | -                  | -         | -
errors | k8s bad continue                 | * | * | invalid        | BadRequest         | -         | -
errors | k8s unknown group                | * | * | not_found      | -                  | -         | -
errors | k8s delete                       | * | * | fine           | -                  | -         | -
errors | ns as project member             | * | * | fine           | -                  | -         | -
errors | pods as project member           | * | * | fine           | -                  | -         | -
errors | pods elsewhere as project member | * | * | forbidden      | Forbidden          | -         | rbac

collections | list | * | /v3/nosuchtype | not_found | NotFound | - | -

kubernetes | apply conflict       | * | * | conflict  | Conflict   | .data.a | -
kubernetes | log of a pending pod | * | * | invalid   | BadRequest | -       | -
kubernetes | exec without upgrade | * | * | not_found | NotFound   | -       | -

downstream | steve unknown type               | * | * | not_found      | -                | -             | -
downstream | steve list without access        | * | * | forbidden      | -                | -             | rbac
downstream | steve schemas, expired           | * | * | undetermined   | -                | -             | -
downstream | namespace over project quota     | * | * | invalid        | MaxLimitExceeded | resourceQuota | -
downstream | quota below used                 | * | * | invalid        | MaxLimitExceeded | resourceQuota | -
downstream | quota not a quantity             | * | * | invalid        | ServerError      | -             | -
downstream | namespace by a project member, v3 | * | * | already_exists | AlreadyExists   | -             | -
downstream | deployment as read-only          | * | * | forbidden      | Forbidden        | -             | rbac
downstream | service account JWT, proxy off   | * | * | undetermined   | Forbidden        | -             | -
downstream | service account JWT, pods        | * | * | forbidden      | Forbidden        | -             | rbac

agent-gone | * | admin-unscoped    | /k8s/clusters/c-prod1/version           | cluster_unavailable | -         | - | -
agent-gone | * | admin-unscoped    | /k8s/clusters/c-prod1/api/v1/namespaces | cluster_unavailable | -         | - | -
agent-gone | * | admin-unscoped    | /k8s/clusters/c-prod1/v1/namespaces     | cluster_unavailable | -         | - | -
agent-gone | * | admin-unscoped    | /v3/cluster/c-prod1/namespaces          | cluster_unavailable | ServerError | - | -
agent-gone | * | admin-prod        | /k8s/clusters/c-prod1/version           | cluster_unavailable | -         | - | -
agent-gone | * | admin-prod        | /k8s/clusters/c-prod1/api/v1/namespaces | cluster_unavailable | -         | - | -
agent-gone | * | admin-prod        | /k8s/clusters/c-prod1/v1/namespaces     | cluster_unavailable | -         | - | -
agent-gone | * | admin-prod        | /v3/cluster/c-prod1/namespaces          | cluster_unavailable | ServerError | - | -
agent-gone | * | expired           | /k8s/clusters/c-prod1/version           | undetermined        | Forbidden | - | -
agent-gone | * | expired           | /k8s/clusters/c-prod1/api/v1/namespaces | undetermined        | Forbidden | - | -
agent-gone | * | expired           | /k8s/clusters/c-prod1/v1/namespaces     | undetermined        | -         | - | -
agent-gone | * | expired           | /v3/clusters/c-prod1                    | undetermined        | -         | - | -
agent-gone | * | expired           | /v3/cluster/c-prod1/namespaces          | undetermined        | -         | - | -
agent-gone | * | standard-unscoped | /k8s/clusters/c-prod1/version           | forbidden           | Forbidden | - | rbac
agent-gone | * | standard-unscoped | /k8s/clusters/c-prod1/api/v1/namespaces | forbidden           | Forbidden | - | rbac
agent-gone | * | standard-unscoped | /k8s/clusters/c-prod1/v1/namespaces     | forbidden           | -         | - | rbac
agent-gone | * | standard-unscoped | /v3/clusters/c-prod1                    | forbidden           | Forbidden | - | rbac
agent-gone | * | standard-unscoped | /v3/cluster/c-prod1/namespaces          | cluster_unavailable | ServerError | - | -
";

/// Errors that no recording in the tree holds: status, `X-API-Cattle-Auth`, body; then kind, code, field and reason.
/// Each says where its words come from.
const BESIDE: &[(u16, &str, &str, &str)] = &[
    // recorded: downstream, "why a deployment beyond the quota has no pods": the words of the condition ReplicaFailure.
    // The form around them is that of every Forbidden of Kubernetes.
    (
        403,
        "true",
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods \"big-8c856b9d4-fvdfn\" is forbidden: exceeded quota: default-mkhz7, requested: limits.cpu=2, used: limits.cpu=100m, limited: limits.cpu=500m","reason":"Forbidden","details":{"name":"big-8c856b9d4-fvdfn","kind":"pods"},"code":403}"#,
        "forbidden | Forbidden | - | quota",
    ),
    // Kubernetes, plugin/pkg/admission/resourcequota: what a quota counts and the pod does not say
    (
        403,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"pods \"web\" is forbidden: failed quota: default-mkhz7: must specify limits.cpu for: web","reason":"Forbidden","code":403}"#,
        "forbidden | Forbidden | - | quota",
    ),
    // Kubernetes, plugin/pkg/admission/security/podsecurity
    (
        403,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"pods \"web\" is forbidden: violates PodSecurity \"restricted:latest\": allowPrivilegeEscalation != false (container \"web\" must set securityContext.allowPrivilegeEscalation=false)","reason":"Forbidden","details":{"name":"web","kind":"pods"},"code":403}"#,
        "forbidden | Forbidden | - | pod_security",
    ),
    // Kubernetes, apiserver/pkg/admission/plugin/webhook/errors: a denial without a code of its own is a 400 with no
    // reason; Rancher's webhook gives 403 or 422
    (
        403,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"admission webhook \"rancher.cattle.io.namespaces\" denied the request: you cannot edit this field","reason":"Forbidden","code":403}"#,
        "forbidden | Forbidden | - | admission",
    ),
    (
        400,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"admission webhook \"policy.example.com\" denied the request without explanation","code":400}"#,
        "invalid | - | - | -",
    ),
    // the same through Norman, which makes its own body of it
    (
        403,
        "true",
        r#"{"baseType":"error","code":"Forbidden","message":"admission webhook \"rancher.cattle.io.features.management.cattle.io\" denied the request: cannot edit value of feature flag","status":403,"type":"error"}"#,
        "forbidden | Forbidden | - | admission",
    ),
    // Kubernetes, plugin/pkg/admission/namespace/lifecycle
    (
        403,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"configmaps \"app\" is forbidden: unable to create new content in namespace shop-web because it is being terminated","reason":"Forbidden","details":{"name":"app","kind":"configmaps","causes":[{"reason":"NamespaceTerminating","message":"namespace shop-web is being terminated","field":"metadata.namespace"}]},"code":403}"#,
        "forbidden | Forbidden | metadata.namespace | terminating",
    ),
    // Kubernetes, plugin/pkg/admission/limitranger: neither a right nor a quota
    (
        403,
        "true",
        r#"{"kind":"Status","status":"Failure","message":"pods \"web\" is forbidden: maximum cpu usage per Container is 1, but limit is 2","reason":"Forbidden","code":403}"#,
        "forbidden | Forbidden | - | unknown",
    ),
    // Norman wraps what Kubernetes answers its fifth attempt (norman, store/proxy)
    (
        500,
        "true",
        r#"{"baseType":"error","code":"ServerError","message":"Operation cannot be fulfilled on projects.management.cattle.io \"p-gcx5s\": the object has been modified; please apply your changes to the latest version and try again","status":500,"type":"error"}"#,
        "conflict | ServerError | - | -",
    ),
    // steve, pkg/stores/proxy: an update without the version that it was read at
    (
        500,
        "true",
        r#"{"type":"error","links":{},"code":"InternalError","message":"metadata.resourceVersion is required for update","status":500}"#,
        "invalid | InternalError | metadata.resourceVersion | -",
    ),
    // recorded: oidc, "disable local auth as the guide says"
    (
        500,
        "true",
        r#"{"baseType":"error","code":"ServerError","message":"invalid data for auth store update","status":500,"type":"error"}"#,
        "invalid | ServerError | - | -",
    ),
    // recorded: workflows, "update token" and "login via disabled provider"
    (
        404,
        "true",
        r#"{"baseType":"error","code":"NotFound","message":"no store found","status":404,"type":"error"}"#,
        "not_found | NotFound | - | -",
    ),
    // recorded: workflows, "ext kubeconfig unknown cluster"
    (
        400,
        "true",
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"cluster c-zzzzz not found","reason":"BadRequest","code":400}"#,
        "invalid | BadRequest | - | -",
    ),
    // recorded: oidc, "bob: pods after unbinding"
    (
        403,
        "true",
        r#"{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"pods is forbidden: User \"u-aekhm5dq34\" cannot list resource \"pods\" in API group \"\" in the namespace \"shop-web\"","reason":"Forbidden","details":{"kind":"pods"},"code":403}"#,
        "forbidden | Forbidden | - | rbac",
    ),
    // a 500 of which nothing is known stays one
    (
        500,
        "true",
        r#"{"baseType":"error","code":"ServerError","message":"etcdserver: request timed out","status":500,"type":"error"}"#,
        "unavailable | ServerError | - | -",
    ),
];

fn credential(label: &str) -> TokenKind {
    match label {
        "sa-jwt" => TokenKind::Jwt,
        "anonymous" => TokenKind::None,
        _ if label.starts_with("ext-") => TokenKind::Ext,
        _ => TokenKind::V3,
    }
}

/// What the client makes of an answer, as the table writes it.
fn judged(row: &Recorded) -> (String, Option<Error>) {
    let body = match &row.body {
        Body::Json(value) => value.to_string().into_bytes(),
        Body::Text(text) => text.clone().into_bytes(),
        Body::Omitted(_) | Body::Empty => Vec::new(),
    };
    let method: Method = row.method.parse().unwrap();
    let answer = Answer {
        method: &method,
        route: &Route::parse(&row.path).unwrap(),
        status: StatusCode::from_u16(row.status).unwrap(),
        accepted: Accepted::read(row.accepted.map(|accepted| if accepted { "true" } else { "false" })),
        content_type: row.headers.get("content-type").map(String::as_str),
        retry_after: None,
        location: row.headers.get("location").map(String::as_str),
        body: &body,
        complete: true,
    };
    let error = match row.status {
        200..=299 => judge_success(&answer, true),
        _ => Some(judge(&answer, credential(&row.auth), None)),
    };
    let Some(error) = error else { return ("fine | - | - | -".to_owned(), None) };
    let reason = error.reason().map_or("-", |reason| reason.as_str());
    let word = |part: Option<&str>| part.unwrap_or("-").to_owned();
    let line = format!("{} | {} | {} | {reason}", error.kind(), word(error.code()), word(error.field()));
    (line, Some(error))
}

struct Line {
    of: [&'static str; 4],
    expected: String,
}

fn lines() -> Vec<Line> {
    let lines = JUDGED.lines().filter(|line| !line.trim().is_empty());
    let read = lines.map(|line| {
        let parts: Vec<&str> = line.split('|').map(str::trim).collect();
        let [file, label, auth, path, kind, code, field, reason] = parts[..] else {
            panic!("not eight parts: {line}")
        };
        Line { of: [file, label, auth, path], expected: format!("{kind} | {code} | {field} | {reason}") }
    });
    read.collect()
}

impl Line {
    fn is_of(&self, row: &Recorded) -> bool {
        let [file, label, auth, path] = self.of;
        let fits = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        file == row.file && fits(label, &row.label) && fits(auth, &row.auth) && fits(path, &row.path)
    }
}

/// An error that reached a caller says what to do, and blames the right side.
fn check_words(what: &str, error: &Error) {
    let line = error.to_string();
    assert!(!error.summary().is_empty() && !error.advice().is_empty(), "{what}: no advice: {line}");
    assert!(!line.contains(char::is_control), "{what}: {line:?}");
    let reason = error.reason().map(|reason| reason.as_str());
    let blames_roles = error.causes().iter().any(|cause| cause.as_str() == "missing_right");
    assert_eq!(blames_roles, reason == Some("rbac"), "{what}: only rbac is a missing right: {line}");
    if matches!(reason, Some("quota" | "admission" | "pod_security" | "terminating")) {
        let advice = error.advice().to_lowercase();
        assert!(!advice.contains("role"), "{what}: a role changes nothing here: {advice}");
    }
    assert!(!error.is_retryable(), "{what}: none of these passes by itself");
}

#[test]
fn every_recorded_error_is_judged() {
    let lines = lines();
    let rows = truth::errors()
        .into_iter()
        .chain(truth::collections().into_iter().filter(|row| row.status >= 400))
        .chain(truth::kubernetes().into_iter().filter(|row| row.status >= 400))
        .chain(truth::downstream().into_iter().filter(|row| row.status >= 400))
        .chain(truth::agent_gone().into_iter().filter(|row| row.status >= 400));
    let mut used = vec![0; lines.len()];
    let mut wrong = Vec::new();
    let (mut all, mut kinds) = (0, BTreeMap::<String, usize>::new());
    for row in rows {
        all += 1;
        let what = format!("{} | {} | {} | {} {}", row.file, row.label, row.auth, row.method, row.path);
        let found: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].is_of(&row)).collect();
        let (said, error) = judged(&row);
        let [at] = found[..] else {
            wrong.push(format!("{what}: {} lines judge it; the client says {said}", found.len()));
            continue;
        };
        used[at] += 1;
        if said != lines[at].expected {
            wrong.push(format!("{what}: expected {}, the client says {said}", lines[at].expected));
            continue;
        }
        if let Some(error) = &error {
            assert_eq!(error.status(), Some(row.status), "{what}");
            check_words(&what, error);
        }
        *kinds.entry(said.split(' ').next().unwrap().to_owned()).or_default() += 1;
    }
    let idle: Vec<_> = lines.iter().zip(&used).filter(|(_, used)| **used == 0).map(|(l, _)| l.of).collect();
    let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    println!("errors: {} of {all} judged as they were meant ({})", all - wrong.len(), kinds.join(", "));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(idle.is_empty(), "these lines judge nothing: {idle:?}");
    assert!(all > 100, "the recordings are not there: {all}");
}

#[test]
fn errors_that_no_fixture_holds_are_judged() {
    let mut wrong = Vec::new();
    for (status, accepted, body, expected) in BESIDE {
        let row = Recorded {
            file: "beside",
            label: String::new(),
            auth: "admin-unscoped".to_owned(),
            method: "PUT".to_owned(),
            path: "/k8s/clusters/local/api/v1/namespaces/shop-web/pods/web".to_owned(),
            request_body: None,
            request_headers: BTreeMap::new(),
            status: *status,
            accepted: Some(*accepted == "true"),
            headers: BTreeMap::new(),
            headers_kept: true,
            body: Body::Text((*body).to_owned()),
        };
        let (said, error) = judged(&row);
        if said != *expected {
            wrong.push(format!("expected {expected}, the client says {said}: {body}"));
        } else if let Some(error) = error {
            check_words(body, &error);
        }
    }
    println!("errors: {} of {} beside the recordings judged", BESIDE.len() - wrong.len(), BESIDE.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
