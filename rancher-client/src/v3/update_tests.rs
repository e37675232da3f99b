//! What became of an update.

use super::*;
use crate::config::Config;
use crate::credentials::Credential;
use crate::error::ErrorKind;
use crate::transport::Request;
use crate::transport::mock::{Mock, response};
use crate::wire::SystemClock;
use http::Method;
#[cfg(feature = "project")]
use rancher_types::info::Api;
use rancher_types::management::Project;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
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

#[tokio::test]
async fn an_entry_that_is_still_there_was_not_removed() {
    let stored = json!({"id": "c-1:p-1", "name": "x", "labels": {"field.cattle.io/a": "1", "b": "2"}});
    let (_, v3) = store(stored, |_, _| {});
    let projects = v3.resource::<Project>();
    let remove = |name: &'static str| {
        projects.update_with("c-1:p-1", move |object| {
            object.labels.as_mut().unwrap().remove(name);
        })
    };
    // an entry of Rancher's own is kept by it
    assert_eq!(remove("field.cattle.io/a").await.unwrap().altered(), ["labels.field.cattle.io/a"]);
    let error = remove("b").await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some("labels.b")));
}

#[tokio::test]
async fn a_change_that_was_answered_was_made_even_if_it_cannot_be_read_again() {
    let put = AtomicBool::new(false);
    let (_, v3) = server(move |request| match request.method {
        Method::PUT => {
            put.store(true, Ordering::SeqCst);
            (200, json!({"id": "c-1:p-1", "name": "old", "description": "new"}))
        }
        _ if put.load(Ordering::SeqCst) => (503, Value::Null),
        _ => (200, json!({"id": "c-1:p-1", "name": "old", "description": "old"})),
    });
    let projects = v3.resource::<Project>();
    let done = projects.update_with("c-1:p-1", |object| {
        object.name = Some("new".into());
        object.description = Some("new".into());
    });
    let error = done.await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::PartlyDone, Some("name")));
    assert!(error.because().iter().any(|line| line.contains("could not be read again")), "{error:?}");
}

#[tokio::test]
async fn a_secret_that_is_never_shown_was_taken() {
    let stored = json!({"id": "cattle-global-data:cc-1", "type": "cloudCredential", "name": "s3",
        "s3credentialConfig": {"accessKey": "A", "type": "/v3/schemas/s3credentialconfig"}});
    let (_, v3) = store(stored, |_, _| {});
    let credentials = v3.collection("cloudcredentials").unwrap();
    let done = credentials.update_with("cattle-global-data:cc-1", |object| {
        object.pointer_mut("/s3credentialConfig").unwrap()["secretKey"] = json!("S3CR3T");
    });
    assert!(done.await.unwrap().altered().is_empty());
    let done = credentials.update_with("cattle-global-data:cc-1", |object| {
        object.pointer_mut("/s3credentialConfig").unwrap()["accessKey"] = json!("B");
    });
    assert_eq!(done.await.unwrap_err().field(), Some("s3credentialConfig.accessKey"));
}

#[tokio::test]
async fn a_text_that_is_trimmed_or_read_as_a_boolean_was_taken() {
    let (_, v3) =
        store(json!({"id": "cacerts", "type": "setting", "name": "cacerts", "value": "PEM"}), |_, _| {});
    let settings = v3.collection("settings").unwrap();
    let done = settings.update_with("cacerts", |object| object.set("value", "PEM\n")).await;
    assert!(done.unwrap().altered().is_empty());
    let (_, v3) = store(json!({"id": "f", "type": "feature", "name": "f", "value": true}), |object, _| {
        object["value"] = json!(false);
    });
    let done = v3.collection("features").unwrap().unchecked();
    let done = done.update_with("f", |object| object.set("value", "false")).await;
    assert!(done.unwrap().altered().is_empty());
}

#[test]
#[cfg(feature = "project")]
fn secrets_are_found_through_structs_and_maps() {
    for (api, collection, path, unseen) in [
        (Api::Management, "cloudcredentials", &["s3credentialConfig", "secretKey"][..], true),
        (Api::Management, "cloudcredentials", &["s3credentialConfig", "accessKey"], false),
        (Api::Management, "cloudcredentials", &["s3credentialConfig"], false),
        (Api::Management, "cloudcredentials", &["s3credentialConfig.secretKey"], false),
        (Api::Management, "tokens", &["labels", "password"], false),
        (Api::Project, "dockercredentials", &["registries", "registry.example.com", "password"], true),
        (Api::Project, "dockercredentials", &["registries", "password"], false),
        (Api::Project, "dockercredentials", &["registries", "registry.example.com", "username"], false),
    ] {
        let info = rancher_types::by_collection(api, collection).unwrap();
        assert_eq!(resource::is_unseen(info, path), unseen, "{collection} {path:?}");
    }
}

#[tokio::test]
async fn an_object_of_another_collection_is_not_written_here() {
    let (mock, v3) = store(json!({"id": "x", "type": "user", "description": "a"}), replace);
    let mut user = v3.collection("users").unwrap().get("x").await.unwrap();
    let settings = v3.collection("settings").unwrap();
    for change in [false, true] {
        if change {
            user.set("value", "b");
        }
        let error = settings.update(&user).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains("of the type user"), "{error}");
    }
    assert_eq!(mock.count(), 1);
    // types of their own, which say what they are one of
    let (_, v3) = store(
        json!({"id": "local", "type": "localConfig", "baseType": "authConfig", "enabled": false}),
        replace,
    );
    let configs = v3.collection("authconfigs").unwrap();
    let done = configs.update_with("local", |config| config.set("enabled", true)).await.unwrap();
    assert_eq!(done.get("enabled"), Some(&json!(true)));
}
