//! What became of an update.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::transport::Request;
use crate::transport::mock::{Mock, response};
use crate::wire::SystemClock;
use http::Method;
use rancher_types::management::Project;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

fn server(answer: impl Fn(&Request) -> (u16, Value) + Send + Sync + 'static) -> (Mock, V3) {
    let mock = Mock::new(move |request| {
        let (status, body) = answer(&request);
        let body = if body.is_null() { String::new() } else { body.to_string() };
        async move { Ok(response(status, body)) }
    });
    let mut config = Config::new("https://rancher.example.com".parse().unwrap(), Credential::anonymous());
    config.retry.attempts = 1;
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
    (mock, V3::new(connection))
}

fn body(request: &Request) -> Value {
    serde_json::from_slice(request.body.as_deref().unwrap_or(b"null")).unwrap()
}

/// A server with one object, and what it does with a PUT.
fn store(stored: Value, take: impl Fn(&mut Value, &Value) + Send + Sync + 'static) -> (Mock, V3) {
    let object = Mutex::new(stored);
    server(move |request| {
        let mut object = object.lock().unwrap();
        if request.method == Method::PUT {
            take(&mut object, &body(request));
        }
        (200, object.clone())
    })
}

/// As Norman does it with maps of texts.
fn replace(object: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        object[name] = value.clone();
    }
}

#[tokio::test]
async fn a_map_of_a_type_that_is_not_known_keeps_its_other_entries() {
    let (mock, v3) = store(json!({"id": "x", "labels": {"a": "1", "b": "2"}}), replace);
    let things = v3.collection("somethingnew").unwrap();
    let done = things.update_with("x", |object| *object.pointer_mut("/labels/a").unwrap() = json!("9"));
    assert_eq!(done.await.unwrap().json().unwrap()["labels"], json!({"a": "9", "b": "2"}));
    assert_eq!(body(&mock.calls()[1]), json!({"labels": {"a": "9", "b": "2"}}));
}

#[tokio::test]
async fn a_map_that_came_later_than_the_type_keeps_its_other_entries() {
    let (_, v3) = store(json!({"id": "c-1:p-1", "name": "n", "later": {"x": "1", "y": "2"}}), replace);
    let projects = v3.resource::<Project>();
    let done = projects.update_with("c-1:p-1", |object| object.other["later"]["x"] = json!("9")).await;
    assert_eq!(done.unwrap().json().unwrap()["later"], json!({"x": "9", "y": "2"}));
}
