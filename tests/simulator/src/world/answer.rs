//! The shapes of answers: every dialect of error, and the headers that all of them carry.

use crate::Response;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) const AUTH: HeaderName = HeaderName::from_static("x-api-cattle-auth");
pub(crate) const SCHEMAS: HeaderName = HeaderName::from_static("x-api-schemas");

/// A bare answer without body or content type.
pub(crate) fn empty(status: StatusCode) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store, must-revalidate"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Response { status, headers, body: Bytes::new(), delay: Duration::ZERO }
}

/// Sets a header; a value that is none is dropped.
pub(crate) fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers.insert(name, value);
    }
}

fn typed(status: StatusCode, content_type: &'static str, body: Bytes) -> Response {
    let mut response = empty(status);
    response.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.body = body;
    response
}

pub(crate) fn json(status: StatusCode, body: &Value) -> Response {
    typed(status, "application/json", Bytes::from(serde_json::to_vec(body).unwrap_or_default()))
}

pub(crate) fn text(status: StatusCode, body: &str) -> Response {
    typed(status, "text/plain; charset=utf-8", Bytes::from(body.to_owned()))
}

pub(crate) fn metrics(body: String) -> Response {
    // rule: metrics.right
    typed(StatusCode::OK, "text/plain; version=0.0.4; charset=utf-8; escaping=underscores", Bytes::from(body))
}

/// JSON that Go sniffed as text: `/rancherversion` and the cluster router write their headers too late.
pub(crate) fn sniffed(status: StatusCode, body: &Value) -> Response {
    text(status, &body.to_string())
}

/// The redirect of Go's `ServeMux`.
pub(crate) fn moved(to: &str) -> Response {
    let body = format!("<a href=\"{}\">Temporary Redirect</a>.\n\n", to.replace('&', "&amp;"));
    let mut response = typed(StatusCode::TEMPORARY_REDIRECT, "text/html; charset=utf-8", Bytes::from(body));
    set(&mut response, header::LOCATION, to);
    response
}

/// The 401 of the authentication filter; its status is a string and it says nothing about the cause.
pub(crate) fn must_authenticate() -> Response {
    // rule: auth.filter-401
    json(
        StatusCode::UNAUTHORIZED,
        &json!({"type": "error", "status": "401", "message": "Unauthorized 401: must authenticate"}),
    )
}

/// The cluster router's error: a Go struct without field tags.
pub(crate) fn router_error(status: StatusCode, code: &str, message: &str) -> Response {
    // rule: router.go-struct
    sniffed(
        status,
        &json!({"Code": {"Code": code, "Status": status.as_u16()}, "Message": message, "Cause": null, "FieldName": ""}),
    )
}

/// Steve's error, which names its `type` twice.
pub(crate) fn steve_error(status: StatusCode, code: &str, message: &str) -> Response {
    // rule: steve.error-shape
    let body = format!(
        r#"{{"type":"error","links":{{}},"code":{},"message":{},"status":{},"type":"error"}}"#,
        json!(code),
        json!(message),
        status.as_u16()
    );
    typed(status, "application/json", Bytes::from(body))
}

/// What a Kubernetes `Status` says about itself beside the message.
pub(crate) struct Failure<'a> {
    pub(crate) status: StatusCode,
    pub(crate) reason: &'a str,
    pub(crate) message: String,
    pub(crate) details: Option<Value>,
}

impl Failure<'_> {
    pub(crate) fn answer(self) -> Response {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.status.as_u16(),
        });
        // Go leaves out what is empty.
        if let (true, Some(object)) = (self.reason.is_empty(), body.as_object_mut()) {
            object.remove("reason");
        }
        if let (Some(details), Some(object)) = (self.details, body.as_object_mut()) {
            object.insert("details".to_owned(), details);
        }
        json(self.status, &body)
    }
}

/// A Norman error before it becomes an answer.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) field: Option<&'static str>,
    pub(crate) delay: Duration,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), field: None, delay: Duration::ZERO }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NotFound", message)
    }

    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden", message)
    }

    pub(crate) fn unprocessable(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, code, message)
    }

    pub(crate) fn missing(field: &'static str) -> Self {
        Self { field: Some(field), ..Self::unprocessable("MissingRequired", "") }
    }

    pub(crate) fn answer(self) -> Response {
        // rule: norman.error-shape
        let mut body = json!({
            "baseType": "error", "type": "error", "code": self.code, "message": self.message,
            "status": self.status.as_u16(),
        });
        if let (Some(field), Some(object)) = (self.field, body.as_object_mut()) {
            object.insert("fieldName".to_owned(), json!(field));
        }
        let mut response = json(self.status, &body);
        response.delay = self.delay;
        response
    }
}

pub(crate) type Outcome = Result<Response, Problem>;

#[cfg(test)]
mod tests {
    use super::*;

    fn body(response: &Response) -> Value {
        serde_json::from_slice(&response.body).unwrap()
    }

    #[test]
    fn each_dialect_has_its_status_where_its_readers_look() {
        assert_eq!(body(&must_authenticate())["status"], "401", "a string");
        let norman =
            Problem { field: Some("name"), ..Problem::unprocessable("MissingRequired", "") }.answer();
        assert_eq!((&body(&norman)["status"], &body(&norman)["fieldName"]), (&json!(422), &json!("name")));
        let router = router_error(StatusCode::NOT_FOUND, "NotFound", "m");
        assert_eq!(body(&router)["Code"], json!({"Code": "NotFound", "Status": 404}));
        assert_eq!(router.headers[header::CONTENT_TYPE], "text/plain; charset=utf-8");
        let steve = steve_error(StatusCode::CONFLICT, "AlreadyExists", "a \"quoted\" message");
        assert_eq!(body(&steve)["message"], "a \"quoted\" message");
        assert_eq!(String::from_utf8_lossy(&steve.body).matches(r#""type":"error""#).count(), 2);
        let details = Some(json!({"kind": "pods"}));
        let failure =
            Failure { status: StatusCode::FORBIDDEN, reason: "Forbidden", message: "m".into(), details };
        assert_eq!(body(&failure.answer())["details"]["kind"], "pods");
    }
}
