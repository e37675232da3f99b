//! Answers: whatever status, header and body come, the judge has a word for it, claims no more than one answer can
//! tell, and shows no secret.

use http::{Method, StatusCode};
use rancher_client::error::{Accepted, Answer, ErrorBody, ErrorKind, judge, judge_success};
use rancher_client::scope::{Ledger, Route, TokenKind};
use std::time::Duration;

use crate::{MARK, assert_hidden, with_secret};

/// The first four bytes of an input choose from these, the rest is the body. `seeds.py` knows the order.
const STATUSES: [u16; 20] =
    [200, 302, 307, 400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429, 500, 501, 502, 503, 504, 599];
const HEADERS: [Option<&str>; 5] = [None, Some("true"), Some("false"), Some("none"), Some("TRUE, x")];
const PATHS: [&str; 6] = [
    "/v3/clusters",
    "/v3/clusters/c-prod1?action=generateKubeconfig",
    "/k8s/clusters/c-prod1/api/v1/namespaces",
    "/rancherversion",
    "/v3-public/localProviders/local?action=login",
    "/nosuch",
];
const KINDS: [TokenKind; 5] =
    [TokenKind::V3, TokenKind::Ext, TokenKind::Kubeconfig, TokenKind::Jwt, TokenKind::None];

#[rustfmt::skip]
pub(super) const WORDS: &[&str] = &[
    "{", "}", "[", "]", "\"", ":", ",", "\"type\":\"error\"", "\"status\":", "\"401\"", "401", "\"message\":\"", "\"code\":\"",
    "\"fieldName\":\"", "\"kind\":\"Status\"", "\"reason\":\"", "\"Code\":{\"Code\":\"Forbidden\"}", "\"Message\":\"",
    "\"links\":{}", "User \\\"u-abcde\\\"", "system:unauthenticated", "clusterID does not match", "must authenticate",
    "exceeded quota", "cluster agent disconnected", "ClusterUnavailable", "<html>", "<!DOCTYPE html>", "\n", "\\n", " ",
    "\u{1f}", "\u{1f}", "null", "é",
];

#[test]
fn error_body() {
    crate::search!("error_body");
}

fn pick<T: Copy>(from: &[T], byte: u8) -> T {
    from[usize::from(byte) % from.len()]
}

pub(super) fn run(input: &[u8]) {
    let [status, header, path, kind, body @ ..] = input else { return };
    // a space before it, so that no escape of JSON swallows its first letter
    let body = with_secret(body, &format!(" token-abcde:{MARK}"));
    let credential = pick(&KINDS, *kind);
    let method = if kind & 0x80 == 0 { Method::GET } else { Method::POST };
    let answer = Answer {
        method: &method,
        route: &Route::parse(pick(&PATHS, *path)).unwrap(),
        status: StatusCode::from_u16(pick(&STATUSES, *status)).unwrap(),
        accepted: Accepted::read(pick(&HEADERS, *header)),
        content_type: [None, Some("text/html"), Some("application/json")][usize::from(status >> 6) % 3],
        retry_after: (header & 0x80 != 0).then_some(Duration::from_secs(1)),
        location: (path & 0x80 != 0).then_some("https://elsewhere.example/login"),
        body: body.as_bytes(),
        complete: kind & 0x40 == 0,
    };
    let read = ErrorBody::read(answer.body, answer.complete);
    assert!(read.message.as_ref().is_none_or(|message| message.chars().count() <= 501));

    let error = judge(&answer, credential, None);
    let old_message = body.to_ascii_lowercase().contains("clusterid does not match");
    let claims = matches!(error.kind(), ErrorKind::TokenRefused | ErrorKind::OutOfScope);
    assert!(!claims || old_message, "one answer claims to know: {error:?}");
    if error.kind() == ErrorKind::Undetermined {
        assert!(error.causes().len() > 1 && error.confidence().is_none());
    }

    let empty = Ledger::new(credential);
    let errors = [Some(error), Some(judge(&answer, credential, Some(&empty))), judge_success(&answer, true)];
    for error in errors.into_iter().flatten() {
        let line = error.to_string();
        assert!(!line.contains(char::is_control), "an error is one line: {line:?}");
        assert_eq!(error.status(), Some(answer.status.as_u16()), "the status is the answer's own");
        assert_hidden(&format!("{line} {error:?} {} {}", error.evidence(), error.evidence().to_json()));
    }
}
