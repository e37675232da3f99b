//! The bodies of Rancher's errors. Every part of the server has its own form, and the content type is no guide.

use serde_json::Value;

use super::StatusCause;
use crate::wire::redact;

/// Who wrote an error body, as far as its form tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// Norman, the v3 API: `{"type":"error","code":…,"status":422,"fieldName":…,"message":…}`.
    Norman,
    /// The authentication filter: `{"type":"error","status":"401","message":…}`, the status in quotes and no code.
    AuthFilter,
    /// Steve: like Norman's, with `links`, and in some versions with two `type` keys.
    Steve,
    /// Kubernetes: `{"kind":"Status","reason":…,"message":…}`.
    Kubernetes,
    /// The cluster router's Go struct: `{"Code":{"Code":…,"Status":403},"Message":…}`, sent as plain text.
    ClusterRouter,
    /// Plain text: the tunnel, the router of unknown paths, `not authorized`.
    PlainText,
    /// A page. Rancher sends none to this client; a proxy or a login portal does.
    Html,
    /// Nothing.
    Empty,
    /// JSON that is no error of Rancher's, or that was cut short.
    Unreadable,
}

/// What an error body says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorBody {
    /// The form it has.
    pub dialect: Dialect,
    /// `NotFound`, `MissingRequired`, a Kubernetes `reason`; masked and shortened as the message is.
    pub code: Option<String>,
    /// The words for people, credentials masked, at most 500 characters.
    pub message: Option<String>,
    /// The field that is wrong; masked and shortened as the message is.
    pub field: Option<String>,
    /// The user that the server saw, where the message names one: `User "u-abcde" cannot …`.
    pub user: Option<String>,
    /// Where a list whose continue token is too old can go on, if the server says so.
    pub resume: Option<String>,
    /// What a `Status` of Kubernetes says in detail.
    pub causes: Vec<StatusCause>,
    /// Whether the body ended before it should have.
    pub cut: bool,
}

/// The longest message that is kept, in characters.
const LONGEST_MESSAGE: usize = 500;

impl ErrorBody {
    /// Reads a body. Never fails: what cannot be read is [`Dialect::Unreadable`] or [`Dialect::PlainText`].
    pub fn read(body: &[u8], complete: bool) -> Self {
        let text = String::from_utf8_lossy(body);
        let text = text.trim();
        let mut read = Self::of_text(text, complete);
        read.cut |= !complete;
        read.user = read.message.as_deref().and_then(named_user);
        // no continue token looks like a credential
        read.resume = read.resume.take().filter(|token| redact(token) == token.as_str());
        // whoever echoes what it was sent may do so in any field
        for part in [&mut read.message, &mut read.code, &mut read.field, &mut read.user] {
            *part = part.take().map(shorten).filter(|text| !text.is_empty());
        }
        read
    }

    fn of_text(text: &str, complete: bool) -> Self {
        if text.is_empty() {
            return Self::plain(if complete { Dialect::Empty } else { Dialect::Unreadable }, None);
        }
        if let Ok(value) = serde_json::from_str::<Value>(text) {
            return Self::of_json(&value);
        }
        if is_html(text) {
            return Self::plain(Dialect::Html, None);
        }
        if text.starts_with('{') || text.starts_with('[') {
            // the first words of a cut error may still name its code; what is cut is not guessed
            return Self { cut: true, ..Self::plain(Dialect::Unreadable, None) };
        }
        // `/v3/subscribe` without an upgrade: words of the web server, then Norman's JSON on the next line (recorded)
        if let Some((words, json)) = text.split_once('\n')
            && let Ok(value) = serde_json::from_str::<Value>(json.trim())
        {
            let inner = Self::of_json(&value);
            let message = inner.message.unwrap_or_default();
            return Self {
                message: Some(format!("{words}: {message}")),
                code: inner.code,
                ..Self::plain(Dialect::PlainText, None)
            };
        }
        Self::plain(Dialect::PlainText, Some(text.to_owned()))
    }

    fn of_json(value: &Value) -> Self {
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let filled = |value: Option<&Value>| text(value).filter(|text| !text.is_empty());
        let Value::Object(object) = value else { return Self::plain(Dialect::Unreadable, None) };
        if object.get("kind").and_then(Value::as_str) == Some("Status") {
            let details = object.get("details");
            let field =
                details.and_then(|d| d.get("causes")).and_then(|c| c.get(0)).and_then(|c| c.get("field"));
            return Self {
                code: filled(object.get("reason")),
                field: filled(field),
                resume: filled(object.get("metadata").and_then(|metadata| metadata.get("continue"))),
                causes: StatusCause::read(details),
                ..Self::plain(Dialect::Kubernetes, text(object.get("message")))
            };
        }
        if let Some(Value::Object(code)) = object.get("Code") {
            return Self {
                code: filled(code.get("Code")),
                field: filled(object.get("FieldName")),
                ..Self::plain(Dialect::ClusterRouter, text(object.get("Message")))
            };
        }
        let is_error = object
            .get("type")
            .and_then(Value::as_str)
            .is_some_and(|kind| kind == "error" || kind.ends_with("/error"));
        if !is_error {
            return Self::plain(Dialect::Unreadable, None);
        }
        let dialect = match (object.get("status"), object.contains_key("links")) {
            (Some(Value::String(_)), _) => Dialect::AuthFilter,
            (_, true) => Dialect::Steve,
            _ => Dialect::Norman,
        };
        let message = text(object.get("message"));
        // Steve passes on what Kubernetes says, and leaves the field in the words
        let said = || message.as_deref().and_then(named_field).filter(|_| dialect == Dialect::Steve);
        Self {
            code: filled(object.get("code")),
            field: filled(object.get("fieldName")).or_else(said),
            ..Self::plain(dialect, message)
        }
    }

    fn plain(dialect: Dialect, message: Option<String>) -> Self {
        Self {
            dialect,
            code: None,
            message,
            field: None,
            user: None,
            resume: None,
            causes: Vec::new(),
            cut: false,
        }
    }

    /// Whether the message holds these words, in any case.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.message.as_deref().is_some_and(|message| message.to_ascii_lowercase().contains(words))
    }

    /// Whether the message names a user that the server knows, so that the credential was accepted.
    pub(crate) fn names_somebody(&self) -> Option<bool> {
        let user = self.user.as_deref()?;
        Some(!matches!(user, "system:unauthenticated" | "system:anonymous"))
    }
}

/// Takes the user out of `… forbidden: User "u-8nh4v" cannot get resource …`.
fn named_user(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("User \"")?;
    let (user, _) = rest.split_once('"')?;
    Some(user.to_owned())
}

/// What Kubernetes says is wrong with a field, behind its path (`field.Error` of apimachinery).
const WRONG_WITH_FIELD: [&str; 9] = [
    "Invalid value",
    "Required value",
    "Duplicate value",
    "Unsupported value",
    "Forbidden",
    "Not found",
    "Too long",
    "Too many",
    "Internal error",
];

/// Takes the first field out of `ConfigMap "A" is invalid: metadata.name: Invalid value: …`; several stand in brackets.
fn named_field(message: &str) -> Option<String> {
    let (_, rest) = message.split_once(" is invalid: ")?;
    let (field, what) = rest.strip_prefix('[').unwrap_or(rest).split_once(": ")?;
    let is_path = !field.is_empty() && !field.contains(char::is_whitespace);
    (is_path && WRONG_WITH_FIELD.iter().any(|words| what.starts_with(words))).then(|| field.to_owned())
}

fn shorten(message: String) -> String {
    let clean = redact(message.trim()).into_owned();
    match clean.char_indices().nth(LONGEST_MESSAGE) {
        Some((end, _)) => format!("{}…", clean.get(..end).unwrap_or_default()),
        None => clean,
    }
}

pub(crate) fn is_html(text: &str) -> bool {
    let start: String = text.trim_start().chars().take(200).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html")
        || start.starts_with("<html")
        || start.starts_with("<head")
        || start.starts_with("<body")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str) -> ErrorBody {
        ErrorBody::read(body.as_bytes(), true)
    }

    #[test]
    fn every_dialect() {
        let norman = read(
            r#"{"baseType":"error","code":"MissingRequired","fieldName":"name","message":"","status":422,"type":"error"}"#,
        );
        assert_eq!(
            (norman.dialect, norman.code.as_deref(), norman.field.as_deref(), norman.message),
            (Dialect::Norman, Some("MissingRequired"), Some("name"), None)
        );

        let filter =
            read(r#"{"type":"error","status":"401","message":"Unauthorized 401: must authenticate"}"#);
        assert_eq!((filter.dialect, filter.code.as_deref()), (Dialect::AuthFilter, None));

        let login = read(
            r#"{"code":"Unauthorized","status":401,"message":"authentication failed","type":"error","baseType":"error"}"#,
        );
        assert_eq!((login.dialect, login.code.as_deref()), (Dialect::Norman, Some("Unauthorized")));

        let steve = read(
            r#"{"type":"error","links":{},"code":"PermissionDenied","message":"Method GET not supported","status":403,"type":"error"}"#,
        );
        assert_eq!((steve.dialect, steve.code.as_deref()), (Dialect::Steve, Some("PermissionDenied")));

        let status = read(
            r#"{"kind":"Status","apiVersion":"v1","status":"Failure","message":"bad","reason":"Invalid","details":{"causes":[{"field":"spec.x"}]},"code":422}"#,
        );
        assert_eq!(
            (status.dialect, status.code.as_deref(), status.field.as_deref()),
            (Dialect::Kubernetes, Some("Invalid"), Some("spec.x"))
        );

        let router = read(
            r#"{"Code":{"Code":"Forbidden","Status":403},"Message":"clusters \"c\" is forbidden: User \"system:unauthenticated\" cannot get","Cause":null,"FieldName":""}"#,
        );
        assert_eq!(
            (router.dialect, router.code.as_deref(), router.names_somebody()),
            (Dialect::ClusterRouter, Some("Forbidden"), Some(false))
        );

        assert_eq!(read("not authorized\n").dialect, Dialect::PlainText);
        assert_eq!(read("").dialect, Dialect::Empty);
        assert_eq!(read("<!DOCTYPE html><title>Sign in</title>").dialect, Dialect::Html);
        assert_eq!(read("[1,2]").dialect, Dialect::Unreadable);
        assert_eq!(read(r#"{"hello":1}"#).dialect, Dialect::Unreadable);
    }

    #[test]
    fn steve_leaves_the_field_in_the_words_of_kubernetes() {
        let steve = |message: &str| {
            let body = serde_json::json!({"type": "error", "links": {}, "code": "Invalid", "message": message, "status": 422});
            read(&body.to_string()).field
        };
        for (message, field) in [
            (
                r#"ConfigMap "A" is invalid: metadata.name: Invalid value: "A": a lowercase RFC 1123"#,
                Some("metadata.name"),
            ),
            (
                r#"Deployment.apps "a" is invalid: [spec.template.spec.containers[0].image: Required value, spec.selector: Required value]"#,
                Some("spec.template.spec.containers[0].image"),
            ),
            (r#"X "a" is invalid: metadata.labels[a b]: Invalid value: "x""#, None),
            (r#"X "a" is invalid: spec: the reason is: Required value"#, None),
            (r#"X "a" is invalid: "#, None),
            ("Required value: metadata.name", None),
        ] {
            assert_eq!(steve(message).as_deref(), field, "{message}");
        }
        let norman =
            r#"{"type":"error","status":422,"message":"X \"a\" is invalid: metadata.name: Required value"}"#;
        assert_eq!(read(norman).field, None);
    }

    #[test]
    fn words_before_the_json() {
        let body = read(
            "Bad Request\n{\"baseType\":\"error\",\"code\":\"ServerError\",\"message\":\"websocket: no\",\"status\":500,\"type\":\"error\"}\n",
        );
        assert_eq!((body.dialect, body.code.as_deref()), (Dialect::PlainText, Some("ServerError")));
        assert_eq!(body.message.as_deref(), Some("Bad Request: websocket: no"));
    }

    #[test]
    fn a_cut_body_is_cut_and_not_guessed() {
        let cut = ErrorBody::read(br#"{"type":"error","status":"401","mess"#, false);
        assert_eq!((cut.dialect, cut.cut, cut.code), (Dialect::Unreadable, true, None));
        assert!(ErrorBody::read(b"", false).cut);
        // complete as far as HTTP knows, and still broken
        assert!(read(r#"{"type":"err"#).cut);
    }

    #[test]
    fn deep_and_long_bodies_are_survived() {
        let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
        assert_eq!(read(&deep).dialect, Dialect::Unreadable);
        let long = read(&"x".repeat(100_000));
        assert!(long.message.unwrap().len() < 600);
    }

    #[test]
    fn echoed_credentials_are_masked() {
        let body = read(
            r#"{"type":"error","code":"X","message":"no such token token-abcde:s3cr3ts3cr3t","status":401}"#,
        );
        assert_eq!(body.message.as_deref(), Some("no such token token-abcde:***"));
        let body = read(r#"{"type":"error","code":"token-abcde:s3cr3t","fieldName":"token-abcde:s3cr3t"}"#);
        assert_eq!(
            (body.code.as_deref(), body.field.as_deref()),
            (Some("token-abcde:***"), Some("token-abcde:***"))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(body in proptest::collection::vec(any::<u8>(), 0..300), complete in any::<bool>()) {
            let _ = ErrorBody::read(&body, complete);
        }
    }
}
