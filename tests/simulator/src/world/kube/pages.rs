//! Lists in pages: `limit` and `continue`, and the moment that a continue token stands for.

use crate::Response;
use crate::world::answer::Failure;
use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::StatusCode;
use serde_json::{Value, json};

// Go's RawURLEncoding: no padding, and bits left over are nobody's business.
const TOKEN: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

const VERSION: &str = "meta.k8s.io/v1";

/// What a continue token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// The resource version of the list; `None` for "as it is now".
    pub(super) version: Option<u64>,
    /// The key to go on with: the last one, and a zero byte.
    pub(super) start: String,
}

impl Token {
    pub(super) fn after(version: Option<u64>, namespaced: bool, namespace: &str, name: &str) -> Self {
        let home = if namespaced { format!("{namespace}/") } else { String::new() };
        Self { version, start: format!("{home}{name}\0") }
    }

    pub(super) fn encode(&self) -> String {
        let version = self.version.map_or_else(|| json!(-1), |version| json!(version));
        // The order of the fields is that of the real token.
        TOKEN.encode(format!(r#"{{"v":"{VERSION}","rv":{version},"start":{}}}"#, json!(self.start)))
    }

    /// Reads a token, or says what Kubernetes says of one that is none.
    pub(super) fn decode(text: &str) -> Result<Self, String> {
        // rule: kube.bad-continue
        let wrong = |why: String| format!("invalid continue token: continue key is not valid: {why}");
        let bytes = TOKEN.decode(text).map_err(|error| match error {
            base64::DecodeError::InvalidByte(at, _) | base64::DecodeError::InvalidLastSymbol(at, _) => {
                wrong(format!("illegal base64 data at input byte {at}"))
            }
            _ => wrong(format!("illegal base64 data at input byte {}", text.len())),
        })?;
        let told: Value = serde_json::from_slice(&bytes).map_err(|_| match bytes.first() {
            Some(b'{') | None => wrong("unexpected end of JSON input".to_owned()),
            Some(first) => {
                wrong(format!("invalid character '{}' looking for beginning of value", char::from(*first)))
            }
        })?;
        let version = told.get("v").and_then(Value::as_str).unwrap_or_default();
        if version != VERSION {
            return Err(wrong(format!("server does not recognize this encoded version \"{version}\"")));
        }
        let start = told.get("start").and_then(Value::as_str).unwrap_or_default();
        if start.is_empty() {
            return Err(wrong(format!("encoded start key empty (version {VERSION})")));
        }
        Ok(Self { version: told.get("rv").and_then(Value::as_u64), start: start.to_owned() })
    }

    /// Whether an object was on an earlier page.
    pub(super) fn passed(&self, namespaced: bool, namespace: &str, name: &str) -> bool {
        match self.start.split_once('/').filter(|_| namespaced) {
            Some((home, start)) => (namespace, name) < (home, start),
            None => name < self.start.as_str(),
        }
    }
}

/// The answer to a token that is none.
pub(super) fn refused(message: String) -> Response {
    Failure { status: StatusCode::BAD_REQUEST, reason: "BadRequest", message, details: None }.answer()
}

/// The answer to a token whose moment is forgotten, with one that goes on from there as things are now.
pub(super) fn expired(token: &Token) -> Response {
    // rule: kube.continue-expired
    let onward = Token { version: None, start: token.start.clone() }.encode();
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {"continue": onward}, "status": "Failure",
        "message": "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
        "reason": "Expired", "code": 410,
    });
    crate::world::answer::json(StatusCode::GONE, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_as_the_recorded_one() {
        let recorded = "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6ODI1OCwic3RhcnQiOiJjMlx1MDAwMCJ9";
        let token = Token::after(Some(8_258), false, "default", "c2");
        assert_eq!(token.encode(), recorded);
        assert_eq!(Token::decode(recorded), Ok(token));
        let now = Token::after(None, true, "a", "b");
        assert_eq!(Token::decode(&now.encode()), Ok(now));
    }

    #[test]
    fn what_is_no_token_is_told_so() {
        for (text, why) in [
            ("bad", "invalid character 'm' looking for beginning of value"),
            ("not base64!", "illegal base64 data at input byte 3"),
            ("e30", "server does not recognize this encoded version \"\""),
            (
                &TOKEN.encode(r#"{"v":"meta.k8s.io/v1","rv":1}"#),
                "encoded start key empty (version meta.k8s.io/v1)",
            ),
        ] {
            let told = Token::decode(text).unwrap_err();
            assert_eq!(told, format!("invalid continue token: continue key is not valid: {why}"), "{text}");
        }
    }

    #[test]
    fn earlier_pages_are_passed() {
        let across = Token::after(None, true, "b", "m");
        assert!(across.passed(true, "a", "z") && across.passed(true, "b", "m"));
        assert!(!across.passed(true, "b", "n") && !across.passed(true, "c", "a"));
        let within = Token::after(None, false, "", "m");
        assert!(within.passed(true, "b", "m") && !within.passed(true, "b", "m0"));
    }
}
