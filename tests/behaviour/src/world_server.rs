//! The simulated server as the tests of the world ask it: in process, one request after the other.

use http::{Method, header};
use jiff::{SignedDuration, Timestamp};
use rancher_simulator::{Request, Respond, Response, World};
use serde_json::{Value, json};

/// A world, and whoever asks it.
pub(crate) struct Server {
    pub(crate) world: World,
    pub(crate) now: Timestamp,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) accepted: bool,
    pub(crate) body: Value,
    pub(crate) response: Response,
}

impl Server {
    pub(crate) fn new() -> Self {
        let mut world = World::record(11);
        let now = Timestamp::now();
        world.start(now);
        Self { world, now }
    }

    pub(crate) fn token(&self, label: &str) -> String {
        self.world.labels().tokens[label].clone()
    }

    pub(crate) fn send(
        &mut self,
        authorization: Option<String>,
        method: &str,
        path: &str,
        kind: &str,
        body: Value,
    ) -> Answer {
        self.now += SignedDuration::from_millis(10);
        let mut headers = http::HeaderMap::new();
        headers.insert(header::HOST, "sim.example.com".parse().unwrap());
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        }
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let method: Method = method.parse().unwrap();
        let request = Request { method, target: path.to_owned(), headers, body: body.into() };
        let response = self.world.respond(&request, self.now);
        Answer {
            status: response.status.as_u16(),
            accepted: response.headers["x-api-cattle-auth"] == "true",
            body: serde_json::from_slice(&response.body).unwrap_or(Value::Null),
            response,
        }
    }

    /// With a label of the record, and a content type of its own.
    pub(crate) fn patch(&mut self, who: &str, path: &str, kind: &str, body: Value) -> Answer {
        let token = self.token(who);
        self.send(Some(format!("Bearer {token}")), "PATCH", path, kind, body)
    }

    /// With a label of the record, or a whole token.
    pub(crate) fn ask(&mut self, who: &str, method: &str, path: &str, body: Value) -> Answer {
        let token = if who.contains(':') { who.to_owned() } else { self.token(who) };
        let kind = if method == "PATCH" { "application/merge-patch+json" } else { "application/json" };
        self.send(Some(format!("Bearer {token}")), method, path, kind, body)
    }

    pub(crate) fn get(&mut self, who: &str, path: &str) -> Answer {
        self.ask(who, "GET", path, Value::Null)
    }

    pub(crate) fn login(&mut self, user: &str, password: Option<&str>, response_type: &str) -> Answer {
        let account = self.world.labels().users[user].clone();
        let password = password.unwrap_or(&account.password);
        let body = json!({"username": account.username, "password": password, "responseType": response_type});
        self.send(None, "POST", "/v3-public/localProviders/local?action=login", "application/json", body)
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}
