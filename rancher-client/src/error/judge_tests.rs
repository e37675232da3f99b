use super::*;
use crate::scope::Confidence;
use crate::scope::Route;
use crate::scope::{Fact, KeyScope, Knowledge};
use crate::wire::{ClusterId, Moment};
use http::Method;
use http::StatusCode;

const FILTER: &str = r#"{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}"#;

struct Given<'a> {
    path: &'a str,
    status: u16,
    accepted: Accepted,
    body: &'a str,
}

fn verdict_of(given: &Given<'_>, kind: TokenKind, ledger: Option<&Ledger>) -> Error {
    let route = Route::parse(given.path).unwrap();
    let answer = Answer {
        method: &Method::GET,
        route: &route,
        status: StatusCode::from_u16(given.status).unwrap(),
        accepted: given.accepted,
        content_type: None,
        retry_after: None,
        location: None,
        body: given.body.as_bytes(),
        complete: true,
    };
    judge(&answer, kind, ledger)
}

fn given<'a>(path: &'a str, status: u16, accepted: Accepted, body: &'a str) -> Given<'a> {
    Given { path, status, accepted, body }
}

#[test]
fn one_answer_never_tells_a_refused_key_from_one_of_another_cluster() {
    let error = verdict_of(&given("/v3/clusters", 401, Accepted::No, FILTER), TokenKind::V3, None);
    assert_eq!(error.kind(), ErrorKind::Undetermined);
    assert_eq!(error.causes(), [Cause::TokenRefused, Cause::OutOfScope]);
    assert_eq!(error.confidence(), None);
    insta::assert_snapshot!(error, @"GET /v3/clusters: 401: the token was not accepted here: it is dead (expired, deleted, switched off or mistyped), or it is scoped to a cluster; ask GET /v3/clusters/<id> of the cluster it may be scoped to, or look its name up with another credential");
}

#[test]
fn a_401_with_the_header_true_is_a_missing_right() {
    for (path, body) in [
        ("/metrics", r#"{"type":"error","status":"401","message":"Unauthorized"}"#),
        ("/k8s/clusters/c-prod1/v1/namespaces", ""),
    ] {
        let error = verdict_of(&given(path, 401, Accepted::Yes, body), TokenKind::V3, None);
        assert_eq!(
            (error.kind(), error.reason()),
            (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
            "{path}"
        );
    }
}

#[test]
fn a_403_with_the_header_false_is_no_missing_right() {
    let body = r#"{"Code":{"Code":"Forbidden","Status":403},"Message":"clusters.management.cattle.io \"c-prod1\" is forbidden: User \"system:unauthenticated\" cannot get resource \"clusters\"","Cause":null,"FieldName":""}"#;
    for accepted in [Accepted::No, Accepted::Unsaid] {
        let error =
            verdict_of(&given("/k8s/clusters/c-prod1/version", 403, accepted, body), TokenKind::V3, None);
        assert_eq!(error.kind(), ErrorKind::Undetermined, "{accepted:?}");
        assert_eq!(error.cluster().unwrap().as_str(), "c-prod1");
    }
    let named = body.replace("system:unauthenticated", "u-8nh4v");
    let error = verdict_of(
        &given("/k8s/clusters/c-prod1/version", 403, Accepted::Unsaid, &named),
        TokenKind::V3,
        None,
    );
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

#[test]
fn without_header_and_without_words_a_missing_right_stays_possible() {
    let error = verdict_of(
        &given("/k8s/clusters/c-prod1/v1/namespaces", 401, Accepted::Unsaid, ""),
        TokenKind::V3,
        None,
    );
    assert_eq!(error.kind(), ErrorKind::Undetermined);
    assert!(error.causes().contains(&Cause::MissingRight));
}

#[test]
fn admission_is_not_a_missing_right() {
    let cases = [
        (r#"pods \"a\" is forbidden: exceeded quota: q, requested: limits.cpu=2"#, ForbiddenReason::Quota),
        (
            r#"pods \"a\" is forbidden: violates PodSecurity \"restricted:latest\": x"#,
            ForbiddenReason::PodSecurity,
        ),
        (r#"admission webhook \"w\" denied the request"#, ForbiddenReason::Admission),
        (
            r#"unable to create new content in namespace x because it is being terminated"#,
            ForbiddenReason::Terminating,
        ),
        (r#"pods is forbidden: User \"u-1\" cannot list"#, ForbiddenReason::Rbac),
    ];
    for (message, reason) in cases {
        let body = format!(r#"{{"kind":"Status","message":"{message}","reason":"Forbidden","code":403}}"#);
        let error = verdict_of(
            &given("/k8s/clusters/c-a/api/v1/namespaces/x/pods", 403, Accepted::Yes, &body),
            TokenKind::V3,
            None,
        );
        assert_eq!(error.reason(), Some(reason), "{message}");
    }
}

/// Kubernetes and Rancher's webhook refuse whoever gives rights that they lack themselves, and that is a matter of rights.
#[test]
fn giving_away_what_one_has_not_is_a_missing_right() {
    let grants = r#"user \"u-1\" (groups=[\"system:authenticated\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\"]}"#;
    for message in [
        format!(r#"roles.rbac.authorization.k8s.io \"a\" is forbidden: {grants}"#),
        format!(r#"admission webhook \"rancher.cattle.io.roletemplates\" denied the request: {grants}"#),
    ] {
        let body = format!(r#"{{"kind":"Status","message":"{message}","reason":"Forbidden","code":403}}"#);
        for accepted in [Accepted::Yes, Accepted::Unsaid] {
            let error = verdict_of(
                &given("/k8s/clusters/c-a/apis/x/v1/y", 403, accepted, &body),
                TokenKind::V3,
                None,
            );
            assert_eq!(
                (error.kind(), error.reason(), error.causes()),
                (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac), &[Cause::MissingRight][..]),
                "{error}"
            );
            assert!(error.advice().contains("rights that they do not have"), "{error}");
        }
    }
    let denied = r#"{"kind":"Status","message":"admission webhook \"w\" denied the request: no","reason":"Forbidden","code":403}"#;
    let error =
        verdict_of(&given("/k8s/clusters/c-a/api/v1/pods", 403, Accepted::Yes, denied), TokenKind::V3, None);
    assert!(!error.advice().contains("rights"), "a webhook can look at rights: {error}");
}

/// Recorded (matrix, `c-zzzzz`): who may not read all clusters gets the same answer for one that does not exist.
#[test]
fn a_refused_cluster_may_be_none() {
    let message = r#"clusters.management.cattle.io \"c-zzzzz\" is forbidden: User \"u-8nh4v\" cannot VERB resource \"clusters\" in API group \"management.cattle.io\" at the cluster scope"#;
    let router = format!(r#"{{"Code":{{"Code":"Forbidden","Status":403}},"Message":"{message}"}}"#);
    let norman = format!(r#"{{"type":"error","code":"Forbidden","status":403,"message":"{message}"}}"#);
    for (path, status, body, named) in [
        ("/k8s/clusters/c-zzzzz/version", 403, router.replace("VERB", "get"), true),
        ("/v3/clusters/c-zzzzz", 403, norman.replace("VERB", "get"), true),
        ("/k8s/clusters/c-zzzzz/v1/pods", 401, String::new(), true),
        // who may change it sees it
        ("/v3/clusters/c-zzzzz", 403, norman.replace("VERB", "update"), false),
        ("/k8s/clusters/c-a/version", 403, router.replace("VERB", "get"), false),
    ] {
        let error = verdict_of(&given(path, status, Accepted::Yes, &body), TokenKind::V3, None);
        assert_eq!(
            (error.kind(), error.reason()),
            (ErrorKind::Forbidden, Some(ForbiddenReason::Rbac)),
            "{error}"
        );
        assert_eq!(error.advice().contains("there is none of that id"), named, "{error}");
    }
}

/// An answer without the header in a form that anybody can write need not be Rancher's.
#[test]
fn what_stands_before_rancher_stays_possible() {
    for (body, by_anybody) in [
        ("RBAC: access denied", true),
        (r#"{"message":"No API key found in request"}"#, true),
        ("", true),
        (r#"{"type":"error","links":{},"code":"PermissionDenied","status":403}"#, false),
    ] {
        for status in [401, 403] {
            let error =
                verdict_of(&given("/v3/clusters", status, Accepted::Unsaid, body), TokenKind::V3, None);
            assert_eq!(error.kind(), ErrorKind::Undetermined, "{error}");
            assert_eq!(error.causes().contains(&Cause::NotRancher), by_anybody, "{error}");
            assert!(
                !error.summary().contains("was not accepted here"),
                "the answer does not say so: {error}"
            );
        }
    }
    let said =
        verdict_of(&given("/v3/clusters", 403, Accepted::No, "RBAC: access denied"), TokenKind::V3, None);
    assert!(!said.causes().contains(&Cause::NotRancher), "{said}");
}

/// Read in Rancher's extension API: a password that one may not change is a 401 of Kubernetes, and the key was accepted.
#[test]
fn a_401_of_the_extension_api_in_other_words_says_nothing_of_the_key() {
    let mut global = Ledger::new(TokenKind::V3);
    global.learn(Knowledge::Recorded(KeyScope::Global));
    let path = "/apis/ext.cattle.io/v1/passwordchangerequests";
    let body = |message: &str| {
        format!(r#"{{"kind":"Status","message":"{message}","reason":"Unauthorized","code":401}}"#)
    };
    for (message, kind) in [
        ("Unauthorized", ErrorKind::TokenRefused),
        ("not authorized to update password", ErrorKind::Undetermined),
    ] {
        let error =
            verdict_of(&given(path, 401, Accepted::Unsaid, &body(message)), TokenKind::V3, Some(&global));
        assert_eq!(error.kind(), kind, "{error}");
    }
    let error = verdict_of(
        &given(path, 401, Accepted::Yes, &body("not authorized to update password")),
        TokenKind::V3,
        Some(&global),
    );
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
}

#[test]
fn only_a_key_that_was_accepted_once_is_surely_not_mistyped() {
    let mut ledger = Ledger::new(TokenKind::V3);
    ledger.learn(Knowledge::Asserted(KeyScope::Global));
    let refused = |ledger: &Ledger| {
        verdict_of(&given("/v3/clusters", 401, Accepted::No, FILTER), TokenKind::V3, Some(ledger)).to_string()
    };
    assert!(refused(&ledger).contains("mistyped"), "{}", refused(&ledger));
    let at = Moment::default();
    ledger.observe(&Fact {
        route: RouteScope::Global,
        accepted: true,
        sent: at,
        received: at,
        generation: 0,
    });
    assert!(!refused(&ledger).contains("mistyped"), "{}", refused(&ledger));
}

/// A login that is stopped on its way sent a password, and the password may be right.
#[test]
fn a_login_that_never_came_to_rancher_is_not_told_to_log_in() {
    let route = Route::parse("/v1-public/login").unwrap();
    for status in [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN] {
        let answer = Answer {
            method: &Method::POST,
            route: &route,
            status,
            accepted: Accepted::Unsaid,
            content_type: None,
            retry_after: None,
            location: None,
            body: b"RBAC: access denied",
            complete: true,
        };
        let error = judge(&answer, TokenKind::None, None);
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        assert!(error.causes().is_empty(), "{error:?}");
        assert!(error.advice().contains("the password may not have been looked at"), "{error}");
    }
}

#[test]
fn a_cluster_that_lost_its_agent_is_not_told_to_register() {
    let body =
        r#"{"type":"error","code":"ClusterUnavailable","status":503,"message":"cluster agent is not ready"}"#;
    let error =
        verdict_of(&given("/v3/project/c-a:p-a/workloads", 503, Accepted::Yes, body), TokenKind::V3, None);
    assert_eq!(error.causes(), [Cause::NeverConnected, Cause::AgentGone]);
    assert!(error.advice().contains("cattle-cluster-agent"), "{error}");
}

#[test]
fn the_ledger_settles_it() {
    let home = ClusterId::new("c-prod1").unwrap();
    let mut ledger = Ledger::new(TokenKind::V3);
    ledger.learn(Knowledge::Recorded(KeyScope::Cluster(home)));
    let error = verdict_of(&given("/v3/clusters", 401, Accepted::No, FILTER), TokenKind::V3, Some(&ledger));
    assert_eq!((error.kind(), error.confidence()), (ErrorKind::OutOfScope, Some(Confidence::Proven)));
    insta::assert_snapshot!(error, @"GET /v3/clusters: 401: the token is scoped to cluster c-prod1 and does not reach this; do not rotate it; this call needs a key that is not scoped to a cluster");
    let error =
        verdict_of(&given("/v3/clusters/c-prod1", 401, Accepted::No, FILTER), TokenKind::V3, Some(&ledger));
    assert_eq!(error.kind(), ErrorKind::TokenRefused);

    let mut global = Ledger::new(TokenKind::V3);
    let at = Moment::default();
    global.observe(&Fact {
        route: RouteScope::Public,
        accepted: true,
        sent: at,
        received: at,
        generation: 0,
    });
    let error = verdict_of(&given("/v3/clusters", 401, Accepted::No, FILTER), TokenKind::V3, Some(&global));
    insta::assert_snapshot!(error, @"GET /v3/clusters: 401: the token is refused: it expired, was deleted or switched off, or its user is disabled; make a new token, or look this one up by its name with another credential");
}

#[test]
fn the_old_message_proves_out_of_scope() {
    let body = r#"{"type":"error","status":"401","message":"clusterID does not match"}"#;
    let error = verdict_of(&given("/v3/clusters/c-a", 401, Accepted::Unsaid, body), TokenKind::V3, None);
    assert_eq!(error.kind(), ErrorKind::OutOfScope);
}

#[test]
fn nothing_sent_is_said() {
    for (status, body) in [(401, FILTER), (403, ""), (401, "not authorized\n")] {
        let error = verdict_of(&given("/v3/clusters", status, Accepted::No, body), TokenKind::None, None);
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    }
}

#[test]
fn a_jwt_is_judged_by_the_user_named() {
    let named = r#"{"kind":"Status","message":"pods is forbidden: User \"system:serviceaccount:ci:bot\" cannot list","reason":"Forbidden","code":403}"#;
    let error =
        verdict_of(&given("/k8s/clusters/c-a/api/v1/pods", 403, Accepted::No, named), TokenKind::Jwt, None);
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let nobody = r#"{"Code":{"Code":"Forbidden","Status":403},"Message":"User \"system:unauthenticated\" cannot get"}"#;
    let error =
        verdict_of(&given("/k8s/clusters/c-a/api/v1/pods", 403, Accepted::No, nobody), TokenKind::Jwt, None);
    assert_eq!((error.kind(), error.causes()[0]), (ErrorKind::Undetermined, Cause::NoProxyConfig));
}

#[test]
fn the_agent_is_not_the_token() {
    for body in [
        "error trying to reach service: cluster agent disconnected",
        "lost connection to cluster: failed to find Session for client stv-cluster-c-a",
    ] {
        let error =
            verdict_of(&given("/k8s/clusters/c-a/version", 500, Accepted::Yes, body), TokenKind::V3, None);
        assert_eq!((error.kind(), error.causes()), (ErrorKind::ClusterUnavailable, &[Cause::AgentGone][..]));
        assert!(!error.is_retryable());
        assert!(error.to_string().contains("the token was accepted"));
    }
    let norman = r#"{"baseType":"error","code":"ServerError","message":"Get \"https://127.0.0.1:6443/api\": cluster agent disconnected","status":500,"type":"error"}"#;
    let error =
        verdict_of(&given("/v3/cluster/c-a/namespaces", 500, Accepted::Yes, norman), TokenKind::V3, None);
    assert_eq!(error.kind(), ErrorKind::ClusterUnavailable);
    let never = r#"{"Code":{"Code":"ClusterUnavailable","Status":503},"Message":"cluster not provisioned","Cause":null,"FieldName":""}"#;
    let error =
        verdict_of(&given("/k8s/clusters/c-s/version", 503, Accepted::Yes, never), TokenKind::V3, None);
    assert_eq!(error.causes(), [Cause::NeverConnected]);
}

#[test]
fn the_rest_of_the_statuses() {
    let norman = |code: &str, status: u16| {
        format!(r#"{{"type":"error","code":"{code}","status":{status},"message":"m","fieldName":"name"}}"#)
    };
    let table = [
        (404, norman("NotFound", 404), ErrorKind::NotFound),
        (405, norman("MethodNotAllow", 405), ErrorKind::Unsupported),
        (409, norman("AlreadyExists", 409), ErrorKind::AlreadyExists),
        (409, norman("Conflict", 409), ErrorKind::Conflict),
        (422, norman("NotUnique", 422), ErrorKind::AlreadyExists),
        (422, norman("MissingRequired", 422), ErrorKind::Invalid),
        (400, "x".into(), ErrorKind::Invalid),
        (429, String::new(), ErrorKind::RateLimited),
        (500, norman("ServerError", 500), ErrorKind::Unavailable),
        (502, "<html><title>502</title></html>".into(), ErrorKind::Unavailable),
        (503, "Service Unavailable".into(), ErrorKind::Unavailable),
        (403, "<!doctype html><p>blocked".into(), ErrorKind::NotRancher),
        (404, "<html>default backend</html>".into(), ErrorKind::NotRancher),
        (302, String::new(), ErrorKind::NotRancher),
        (407, "Proxy Authentication Required".into(), ErrorKind::NotRancher),
    ];
    for (status, body, kind) in table {
        let error = verdict_of(&given("/v3/projects", status, Accepted::Unsaid, &body), TokenKind::V3, None);
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert_eq!(error.is_retryable(), matches!(status, 429 | 502 | 503), "{status}");
    }
    let wrapped = r#"{"type":"error","code":"ServerError","status":500,"message":"Operation cannot be fulfilled on x: the object has been modified"}"#;
    assert_eq!(
        verdict_of(&given("/v3/projects/x", 500, Accepted::Yes, wrapped), TokenKind::V3, None).kind(),
        ErrorKind::Conflict
    );
}

#[test]
fn a_page_with_200_is_a_login_portal() {
    let route = Route::parse("/v3/clusters").unwrap();
    let mut answer = Answer {
        method: &Method::GET,
        route: &route,
        status: StatusCode::OK,
        accepted: Accepted::Unsaid,
        content_type: Some("text/html; charset=utf-8"),
        retry_after: None,
        location: None,
        body: b"<!doctype html><title>Sign in</title>",
        complete: true,
    };
    assert_eq!(judge_success(&answer, true).unwrap().kind(), ErrorKind::NotRancher);
    assert!(judge_success(&answer, false).is_none());
    answer.content_type = Some("application/json");
    answer.body = b"{}";
    assert!(judge_success(&answer, true).is_none());
}

#[test]
fn evidence_can_be_shared() {
    let error = verdict_of(&given("/v3/tokens?token=abc", 401, Accepted::No, FILTER), TokenKind::V3, None);
    let evidence = error.evidence();
    assert_eq!(evidence.to_json()["kind"], "undetermined");
    let curl = evidence.curl().unwrap();
    assert!(curl.contains("$RANCHER_TOKEN") && !curl.contains("abc"), "{curl}");
    assert!(!evidence.to_string().contains("abc"));
}

/// Every text that a person can get to read for a refusal, a missing thing or a server in trouble. Read them as one.
#[test]
fn the_texts() {
    const STATUS: &str = r#"{"kind":"Status","message":"pods is forbidden: User \"u-8nh4v\" cannot list resource \"pods\"","reason":"Forbidden","code":403}"#;
    const QUOTA: &str = r#"{"kind":"Status","message":"pods \"web\" is forbidden: exceeded quota: default, requested: limits.cpu=2","reason":"Forbidden","code":403}"#;
    const NORMAN: &str =
        r#"{"type":"error","code":"MissingRequired","status":422,"fieldName":"name","message":""}"#;
    const NEVER: &str =
        r#"{"Code":{"Code":"ClusterUnavailable","Status":503},"Message":"cluster not provisioned"}"#;
    const GONE: &str = "error trying to reach service: cluster agent disconnected";
    const WRONG: &str =
        r#"{"code":"Unauthorized","status":401,"message":"authentication failed","type":"error"}"#;
    const OLD: &str = r#"{"type":"error","status":"401","message":"clusterID does not match"}"#;
    let cases: &[(TokenKind, &str, u16, Accepted, &str)] = &[
        (TokenKind::V3, "/v3/clusters", 401, Accepted::No, FILTER),
        (TokenKind::V3, "/v3/clusters/c-prod1", 401, Accepted::No, FILTER),
        (TokenKind::V3, "/k8s/clusters/c-prod1/v1/pods", 401, Accepted::Unsaid, ""),
        (TokenKind::V3, "/v3/clusters/c-prod1", 401, Accepted::Unsaid, OLD),
        (TokenKind::Jwt, "/k8s/clusters/c-prod1/version", 403, Accepted::No, ""),
        (TokenKind::None, "/v3/clusters", 401, Accepted::No, FILTER),
        (TokenKind::V3, "/k8s/clusters/c-prod1/api/v1/pods", 403, Accepted::Yes, STATUS),
        (TokenKind::V3, "/k8s/clusters/c-prod1/api/v1/pods", 403, Accepted::Yes, QUOTA),
        (TokenKind::V3, "/v3/projects", 422, Accepted::Yes, NORMAN),
        (TokenKind::V3, "/V3/clusters", 404, Accepted::Yes, "404 page not found\n"),
        (TokenKind::V3, "/k8s/clusters/c-stag1/version", 503, Accepted::Yes, NEVER),
        (TokenKind::V3, "/k8s/clusters/c-prod1/version", 500, Accepted::Yes, GONE),
        (TokenKind::V3, "/v3/clusters", 429, Accepted::Unsaid, ""),
        (TokenKind::V3, "/v3/clusters", 502, Accepted::Unsaid, "<html><h1>502 Bad Gateway</h1></html>"),
        (TokenKind::V3, "/v3/clusters", 403, Accepted::Unsaid, "<html>blocked</html>"),
        (TokenKind::V3, "/v3/clusters", 302, Accepted::Unsaid, ""),
        (
            TokenKind::V3,
            "/v3/projects",
            409,
            Accepted::Yes,
            r#"{"type":"error","code":"Conflict","status":409}"#,
        ),
        (TokenKind::None, "/v1-public/login", 401, Accepted::No, WRONG),
    ];
    let texts: Vec<String> = cases
        .iter()
        .map(|(kind, path, status, accepted, body)| {
            let route = Route::parse(path).unwrap();
            let method = if path.ends_with("login") { Method::POST } else { Method::GET };
            let answer = Answer {
                method: &method,
                route: &route,
                status: StatusCode::from_u16(*status).unwrap(),
                accepted: *accepted,
                content_type: None,
                retry_after: None,
                location: None,
                body: body.as_bytes(),
                complete: true,
            };
            let error = judge(&answer, *kind, None);
            format!("[{}] {error}", error.kind())
        })
        .collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn only_kubernetes_own_reasons_say_that_a_list_expired() {
    let path = "/k8s/clusters/c-prod1/api/v1/pods";
    for (status, body, expired) in [
        (410, r#"{"kind":"Status","reason":"Expired","message":"too old","code":410}"#, true),
        (410, r#"{"kind":"Status","reason":"Gone","code":410}"#, true),
        (410, "", true),
        (410, r#"{"kind":"Status","reason":"Other","code":410}"#, false),
        (409, r#"{"kind":"Status","reason":"Expired","code":410}"#, false),
    ] {
        let error = verdict_of(&given(path, status, Accepted::Yes, body), TokenKind::V3, None);
        assert_eq!((error.kind(), error.is_expired()), (ErrorKind::Conflict, expired), "{status} {body}");
    }
}

#[test]
fn every_cause_of_an_invalid_object_is_told() {
    let cause = |field: &str| serde_json::json!({"reason": "FieldValueRequired", "message": "Required value", "field": field});
    let of = |causes: Vec<serde_json::Value>| {
        let body = serde_json::json!({"kind": "Status", "status": "Failure", "reason": "Invalid", "code": 422,
            "message": "Deployment.apps \"web\" is invalid: [spec.selector: Required value, …]",
            "details": {"causes": causes}});
        let path = "/k8s/clusters/c-prod1/apis/apps/v1/namespaces/shop-web/deployments";
        verdict_of(&given(path, 422, Accepted::Yes, &body.to_string()), TokenKind::V3, None)
    };
    let error = of(vec![cause("spec.selector"), cause("spec.template.spec.containers")]);
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("spec.selector")));
    assert_eq!(
        error.because(),
        ["spec.selector: Required value", "spec.template.spec.containers: Required value"]
    );
    // the message says it already
    assert!(of(vec![cause("spec.selector")]).because().is_empty());
}
