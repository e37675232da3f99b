//! The recorded answers of a real server, as `tests/truth/README.md` describes them.

use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// One exchange with the recorded server.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The recording it comes from: `collections`, `errors`, `agent-gone`, `matrix`.
    pub file: &'static str,
    /// The moment within the recording, empty where there is only one.
    pub label: String,
    /// The label of the credential, such as `admin-prod` or `anonymous`.
    pub auth: String,
    /// The method of the request.
    pub method: String,
    /// Path and query as sent.
    pub path: String,
    /// What was sent, if anything: JSON, or as a string the very text.
    pub request_body: Option<Value>,
    /// The headers that were sent beside the usual ones, names in lower case.
    pub request_headers: BTreeMap<String, String>,
    /// The status of the answer.
    pub status: u16,
    /// What `X-API-Cattle-Auth` said; `None` where the header was absent.
    pub accepted: Option<bool>,
    /// The headers that were kept, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Whether headers were kept at all: where not, their absence says nothing.
    pub headers_kept: bool,
    /// The body of the answer.
    pub body: Body,
}

/// A recorded body.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// JSON, whatever the content type claimed.
    Json(Value),
    /// Text that is no JSON.
    Text(String),
    /// So many bytes came, but only their number was recorded.
    Omitted(u64),
    /// Nothing came.
    Empty,
}

/// The 22 credentials times 61 requests, in the order they were sent.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn matrix() -> Vec<Recorded> {
    read("matrix", include_str!("../../truth/matrix.json"))
}

/// Four credentials on a cluster whose agent is up, just gone, and gone for 20 s.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn agent_gone() -> Vec<Recorded> {
    read("agent-gone", include_str!("../../truth/agent-gone.json"))
}

/// Lists of an administrator: limits, sort, filters, markers, a page walk, many types.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn collections() -> Vec<Recorded> {
    read("collections", include_str!("../../truth/collections.json"))
}

/// Provoked errors of Norman, of Steve, and of Kubernetes through the proxy.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn errors() -> Vec<Recorded> {
    read("errors", include_str!("../../truth/errors.json"))
}

/// Whole jobs of an administrator: logins, tokens, kubeconfigs, ext objects, projects, bindings, Steve lists, workloads.
/// This recording kept no headers.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn workflows() -> Vec<Recorded> {
    read("workflows", include_str!("../../truth/workflows.json"))
}

/// Kubernetes through the proxy of `local`: server-side apply, conflicts, patches, scale, logs, reviews, eviction.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn kubernetes() -> Vec<Recorded> {
    read("kubernetes", include_str!("../../truth/kubernetes.json"))
}

/// An active imported cluster: Steve and its links, quotas in action, members at work, service accounts.
///
/// # Panics
/// When the fixture in the tree is damaged.
pub fn downstream() -> Vec<Recorded> {
    read("downstream", include_str!("../../truth/downstream.json"))
}

/// A socket that was opened on the recorded server, or was not.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Socket {
    /// What the recording calls it.
    pub label: String,
    /// The label of the credential.
    pub auth: String,
    /// Path and query as sent.
    pub path: String,
    /// What was sent over it.
    #[serde(default)]
    pub sent: Vec<Value>,
    /// What came, in order.
    #[serde(default)]
    pub heard: Vec<Value>,
    /// The status of a refusal.
    pub status: Option<u16>,
    /// Its headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Its body.
    #[serde(default)]
    pub body: Value,
    /// What the recorder said where no answer came.
    pub error: Option<String>,
}

/// Sockets of v3 and Steve.
///
/// # Panics
/// When the fixture in the tree is damaged.
// A damaged fixture is a broken tree, which no test can go on with.
#[allow(clippy::panic)]
pub fn websocket() -> Vec<Socket> {
    match serde_json::from_str(include_str!("../../truth/websocket.json")) {
        Ok(sockets) => sockets,
        Err(error) => {
            panic!("tests/truth/websocket.json: {error}; make it again with tests/truth/condense.py")
        }
    }
}

#[derive(serde::Deserialize)]
struct Fixture {
    labels: Vec<String>,
    credentials: Vec<String>,
    requests: Vec<Vec<Value>>,
    answers: Vec<Answer>,
    rows: Vec<[usize; 4]>,
}

#[derive(serde::Deserialize)]
struct Answer {
    status: u16,
    headers: Option<BTreeMap<String, String>>,
    body: Value,
}

// A damaged fixture is a broken tree, which no test can go on with.
#[allow(clippy::panic)]
fn read(file: &'static str, text: &str) -> Vec<Recorded> {
    let fixture: Fixture = match serde_json::from_str(text) {
        Ok(fixture) => fixture,
        Err(error) => panic!("tests/truth/{file}.json: {error}; make it again with tests/truth/condense.py"),
    };
    let rows: Option<Vec<_>> = fixture.rows.iter().map(|row| fixture.recorded(file, row)).collect();
    match rows {
        Some(rows) => rows,
        None => panic!(
            "tests/truth/{file}.json: a row points outside its tables; make it again with tests/truth/condense.py"
        ),
    }
}

impl Fixture {
    fn recorded(&self, file: &'static str, [label, auth, request, answer]: &[usize; 4]) -> Option<Recorded> {
        let request = self.requests.get(*request)?;
        let answer = self.answers.get(*answer)?;
        let headers = answer.headers.clone().unwrap_or_default();
        Some(Recorded {
            file,
            label: self.labels.get(*label)?.clone(),
            auth: self.credentials.get(*auth)?.clone(),
            method: request.first()?.as_str()?.to_owned(),
            path: request.get(1)?.as_str()?.to_owned(),
            request_body: request.get(2).filter(|body| !body.is_null()).cloned(),
            request_headers: match request.get(3) {
                Some(headers) => serde_json::from_value(headers.clone()).ok()?,
                None => BTreeMap::new(),
            },
            status: answer.status,
            accepted: headers.get("x-api-cattle-auth").map(|value| value == "true"),
            headers_kept: answer.headers.is_some(),
            headers,
            body: Body::from(&answer.body),
        })
    }
}

impl From<&Value> for Body {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Self::Empty,
            Value::String(text) if text.is_empty() => Self::Empty,
            Value::String(text) => Self::Text(text.clone()),
            Value::Object(object) => match omitted(object) {
                Some(bytes) => Self::Omitted(bytes),
                None => Self::Json(value.clone()),
            },
            other => Self::Json(other.clone()),
        }
    }
}

fn omitted(object: &Map<String, Value>) -> Option<u64> {
    object.get("$omitted_bytes").and_then(Value::as_u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorded_row_is_read() {
        let matrix = matrix();
        assert_eq!(matrix.len(), 1342);
        assert_eq!(agent_gone().len(), 60);
        assert_eq!(collections().len(), 45);
        let workflows = workflows();
        assert_eq!(workflows.len(), 99);
        assert!(workflows.iter().all(|row| !row.headers_kept));
        let errors = errors();
        assert_eq!(errors.len(), 50);
        let raw = errors.iter().find(|row| row.label == "malformed json").unwrap();
        assert_eq!(raw.request_body, Some(Value::from("{not json")), "text as it was sent");
        let apply = errors.iter().find(|row| row.label == "k8s server-side apply").unwrap();
        assert_eq!(apply.request_headers["content-type"], "application/apply-patch+yaml");
        assert!(matrix.iter().all(|row| row.accepted.is_some()), "the header is on every answer");
        let first = &matrix[0];
        assert_eq!(
            (first.auth.as_str(), first.method.as_str(), first.path.as_str()),
            ("anonymous", "GET", "/v3/")
        );
        assert_eq!((first.status, first.accepted), (401, Some(false)));
        let Body::Json(body) = &first.body else { panic!("{:?}", first.body) };
        assert_eq!(body["status"], "401", "the filter's status is a string");
    }

    #[test]
    fn bodies_keep_what_they_were() {
        let rows = matrix();
        let find = |auth: &str, path: &str| {
            rows.iter().find(|row| row.auth == auth && row.path == path).map(|row| row.body.clone())
        };
        assert_eq!(find("anonymous", "/ping"), Some(Body::Text("pong".into())));
        assert_eq!(find("anonymous", "/k8s/clusters/c-prod1/v1/namespaces"), Some(Body::Empty));
        assert_eq!(find("admin-unscoped", "/v3/"), Some(Body::Omitted(2368)));
        let reviews = rows.iter().filter(|row| row.request_body.is_some()).count();
        assert_eq!(reviews, 44);
    }
}
