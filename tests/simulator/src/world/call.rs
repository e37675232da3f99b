//! One request, taken apart once.

use super::auth::Caller;
use super::rights::{Access, UNAUTHENTICATED};
use super::state::State;
use crate::Request;
use http::{Method, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};
use url::form_urlencoded;

/// A request and who makes it.
#[derive(Debug, Clone)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a Method,
    /// The path as sent, still percent-encoded.
    pub(crate) raw_path: String,
    /// Its segments, decoded one by one.
    pub(crate) segments: Vec<String>,
    pub(crate) query: Query,
    /// `https://HOST`, what links begin with.
    pub(crate) base: String,
    pub(crate) host: String,
    pub(crate) body: &'a [u8],
    pub(crate) content_type: String,
    pub(crate) accept: String,
    /// What the client calls itself.
    pub(crate) agent: String,
    /// The client asks for a websocket.
    pub(crate) upgrade: bool,
    /// The protocols that it offers to speak over it.
    pub(crate) protocols: String,
    pub(crate) caller: Caller,
}

impl<'a> Call<'a> {
    pub(crate) fn new(request: &'a Request, caller: Caller) -> Self {
        let (raw_path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
        let header = |name| request.headers.get(name).and_then(|value| value.to_str().ok());
        let host = header(header::HeaderName::from_static("x-forwarded-host"))
            .or_else(|| header(header::HOST))
            .unwrap_or("rancher.example.com");
        Self {
            method: &request.method,
            raw_path: raw_path.to_owned(),
            segments: raw_path.split('/').skip(1).map(decode).collect(),
            query: Query::parse(query),
            base: format!("https://{host}"),
            host: host.to_owned(),
            body: &request.body,
            content_type: header(header::CONTENT_TYPE).unwrap_or("").to_owned(),
            accept: header(header::ACCEPT).unwrap_or("").to_owned(),
            agent: header(header::USER_AGENT).unwrap_or("").to_owned(),
            upgrade: header(header::CONNECTION)
                .is_some_and(|value| value.to_ascii_lowercase().contains("upgrade")),
            protocols: header(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or("").to_owned(),
            caller,
        }
    }

    /// The segments as plain text, for matching.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).filter(|part| !part.is_empty()).collect()
    }

    /// The user's id, or how Rancher names nobody.
    pub(crate) fn user(&self) -> &str {
        if let Caller::User { user, .. } = &self.caller { user } else { UNAUTHENTICATED }
    }

    /// The key of the token in use.
    pub(crate) fn token(&self) -> &str {
        if let Caller::User { token, .. } = &self.caller { token } else { "" }
    }

    pub(crate) fn access(&self, state: &State) -> Access {
        if let Caller::User { user, .. } = &self.caller { Access::of(state, user) } else { Access::nobody() }
    }

    pub(crate) fn action(&self) -> Option<&str> {
        self.query.first("action").filter(|action| !action.is_empty())
    }

    /// The body as a JSON object, or the complaint of Go's decoder.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, String> {
        if self.body.is_empty() {
            return Err("EOF".to_owned());
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(Value::Array(_)) => {
                Err("json: cannot unmarshal array into Go value of type map[string]interface {}".to_owned())
            }
            Ok(_) => Err("json: cannot unmarshal into Go value of type map[string]interface {}".to_owned()),
            Err(error) => Err(complaint(self.body, &error)),
        }
    }
}

// Go names the character it did not expect.
fn complaint(body: &[u8], error: &serde_json::Error) -> String {
    let at = error.column().saturating_sub(1);
    match body.get(at).filter(|_| error.line() == 1) {
        Some(found) => {
            format!("invalid character '{}' looking for beginning of object key string", char::from(*found))
        }
        None => "unexpected EOF".to_owned(),
    }
}

pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The query, in the order it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(pub(crate) Vec<(String, String)>);

impl Query {
    fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// All values of a parameter.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The same query with these parameters set or, with `None`, left out; sorted, as Go encodes it.
    pub(crate) fn with(&self, changes: &[(&str, Option<&str>)]) -> String {
        let changed = |key: &str| changes.iter().any(|(name, _)| *name == key);
        let mut pairs: Vec<(&str, &str)> = self
            .0
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .filter(|(key, _)| !changed(key))
            .collect();
        pairs.extend(changes.iter().filter_map(|(key, value)| value.map(|value| (*key, value))));
        pairs.sort_by_key(|(key, _)| *key);
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_rewritten_as_go_does() {
        let query = Query::parse("sort=name&clusterId=local&name_in=b&name_in=a");
        assert_eq!(
            query.with(&[("order", Some("desc")), ("marker", Some("local:p-1"))]),
            "?clusterId=local&marker=local%3Ap-1&name_in=b&name_in=a&order=desc&sort=name"
        );
        assert_eq!(Query::parse("order=asc").with(&[("order", None)]), "");
    }
}
