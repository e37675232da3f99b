//! Answers that the shell makes itself, and what it does to all of them.

use crate::message::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderName, HeaderValue,
    RETRY_AFTER, VARY,
};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::json;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::Duration;

const CATTLE_AUTH: HeaderName = HeaderName::from_static("x-api-cattle-auth");

fn response(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    Response { status, headers, body: body.into(), delay: Duration::ZERO }
}

/// Any JSON.
pub(super) fn json(status: StatusCode, body: &serde_json::Value) -> Response {
    response(status, "application/json", body.to_string())
}

/// An error in Norman's form (recorded: errors), without `X-API-Cattle-Auth`: nobody looked at the credential.
pub(super) fn norman_error(status: StatusCode, message: &str) -> Response {
    let code = match status {
        StatusCode::INTERNAL_SERVER_ERROR => "ServerError".to_owned(),
        status => status.canonical_reason().unwrap_or("ServerError").split([' ', '-']).collect(),
    };
    let body = json!({
        "baseType": "error", "code": code, "message": message, "status": status.as_u16(), "type": "error",
    });
    json(status, &body)
}

/// A 429, with `Retry-After` when seconds are given.
pub(super) fn too_many_requests(retry_after: Option<u64>) -> Response {
    let mut response = norman_error(StatusCode::TOO_MANY_REQUESTS, "too many requests");
    if let Some(seconds) = retry_after {
        response.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The page of an nginx ingress.
pub(super) fn ingress_page(status: StatusCode) -> Response {
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n\
         <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
    );
    response(status, "text/html", page)
}

/// Compresses the body if the server does so for this path and the client asks for it.
pub(super) fn compress(response: &mut Response, path: &str, request: &HeaderMap) {
    let offered = path.split('/').nth(1).is_some_and(|first| matches!(first, "v3" | "v1"));
    if !offered || response.headers.contains_key(CONTENT_ENCODING) || response.body.is_empty() {
        return;
    }
    response.headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    if !accepts_gzip(request) {
        return;
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // writing to memory does not fail; if it did, the plain body would still be right
    if encoder.write_all(&response.body).is_ok()
        && let Ok(body) = encoder.finish()
    {
        response.body = body.into();
        response.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
}

fn accepts_gzip(request: &HeaderMap) -> bool {
    let lists = request.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let refused = parts.any(|weight| {
            weight.strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()).is_some_and(|q| q <= 0.0)
        });
        gzip && !refused
    })
}

/// Adds what every answer has.
pub(super) fn complete(response: &mut Response, now: Timestamp, header_off: bool) {
    if header_off {
        response.headers.remove(CATTLE_AUTH);
    }
    if !response.headers.contains_key(DATE)
        && let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&now)
        && let Ok(date) = HeaderValue::try_from(date)
    {
        response.headers.insert(DATE, date);
    }
    match has_body(response.status) {
        true => response.headers.insert(CONTENT_LENGTH, HeaderValue::from(response.body.len())),
        false => {
            response.body = Bytes::new();
            response.headers.remove(CONTENT_LENGTH)
        }
    };
}

/// Whether an answer with this status has a body (RFC 9110, 6.4.1).
fn has_body(status: StatusCode) -> bool {
    !status.is_informational() && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

/// An answer as HTTP/1.1 bytes, with only so much of the body.
pub(super) fn bytes(response: &Response, body: usize) -> Bytes {
    let reason = response.status.canonical_reason().unwrap_or_default();
    let mut head = String::new();
    // writing to a string does not fail
    let _ = write!(head, "HTTP/1.1 {} {reason}\r\n", response.status.as_u16());
    let mut bytes = head.into_bytes();
    for (name, value) in &response.headers {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend(response.body.iter().take(body));
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    fn asked(encoding: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(encoding))])
    }

    #[test]
    fn gzip_is_for_those_who_ask() {
        for yes in ["gzip", "br, GZIP", "gzip;q=0.5", "deflate,gzip; q=1.0"] {
            assert!(accepts_gzip(&asked(yes)), "{yes}");
        }
        for no in ["", "identity", "gzip;q=0", "gzip; q=0.0, br", "xgzip"] {
            assert!(!accepts_gzip(&asked(no)), "{no}");
        }
    }

    #[test]
    fn only_rancher_s_own_paths_are_compressed() {
        let text = "a".repeat(1000);
        for (path, compressed) in [
            ("/v3/clusters", true),
            ("/v1/pods", true),
            ("/v3", true),
            ("/v3-public/x", false),
            ("/k8s/x", false),
        ] {
            let mut answer = response(StatusCode::OK, "text/plain", text.clone());
            compress(&mut answer, path, &asked("gzip"));
            assert_eq!(answer.headers.contains_key(CONTENT_ENCODING), compressed, "{path}");
            let mut plain = String::new();
            match compressed {
                true => flate2::read::GzDecoder::new(&answer.body[..]).read_to_string(&mut plain).unwrap(),
                false => (&answer.body[..]).read_to_string(&mut plain).unwrap(),
            };
            assert_eq!(plain, text);
        }
    }

    #[test]
    fn norman_s_codes_are_words() {
        for (status, code) in
            [(404, "NotFound"), (500, "ServerError"), (503, "ServiceUnavailable"), (599, "ServerError")]
        {
            let answer = norman_error(StatusCode::from_u16(status).unwrap(), "m");
            let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((&body["code"], &body["status"]), (&json!(code), &json!(status)));
        }
    }

    #[test]
    fn every_answer_is_dated_and_measured() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let mut answer = response(StatusCode::OK, "text/plain", "pong");
        answer.headers.insert(CATTLE_AUTH, HeaderValue::from_static("true"));
        complete(&mut answer, now, false);
        assert_eq!(answer.headers[DATE], "Sun, 22 Nov 2026 10:00:00 GMT");
        assert_eq!(answer.headers[CONTENT_LENGTH], "4");
        assert!(answer.headers.contains_key(CATTLE_AUTH));
        complete(&mut answer, now, true);
        assert!(!answer.headers.contains_key(CATTLE_AUTH));

        let mut empty = response(StatusCode::NO_CONTENT, "text/plain", "pong");
        complete(&mut empty, now, false);
        assert!(empty.body.is_empty() && !empty.headers.contains_key(CONTENT_LENGTH));
    }

    #[test]
    fn raw_bytes_hold_the_head_and_a_part_of_the_body() {
        let answer = response(StatusCode::OK, "text/plain", "pong");
        assert_eq!(&bytes(&answer, 2)[..], b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\npo");
        assert!(bytes(&answer, 99).ends_with(b"\r\n\r\npong"));
    }
}
