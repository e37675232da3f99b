use super::tests::{accepted, asked, over};
use super::*;
use crate::credentials::Credential;
use crate::error::ErrorKind;
use crate::transport::mock::Mock;
use crate::wire::Object;
use serde_json::{Value, json};

fn schema() -> Value {
    // as recorded: schemas, v1-steve
    json!({"id": "catalog.cattle.io.clusterrepo", "type": "schema", "pluralName": "catalog.cattle.io.clusterrepos",
        "attributes": {"group": "catalog.cattle.io", "kind": "ClusterRepo", "namespaced": false,
            "resource": "clusterrepos", "verbs": ["get", "list"], "version": "v1"},
        "collectionMethods": ["GET", "blocked-POST"], "resourceMethods": ["GET", "PUT"], "resourceFields": {},
        "collectionActions": null,
        "resourceActions": {"install": {"input": "chartInstallAction", "output": "chartActionOutput"}}})
}

#[tokio::test]
async fn a_schema_is_asked_for_once_and_again_by_another_credential() {
    let mock = Mock::new(|_| async { Ok(accepted(200, schema().to_string())) });
    let connection = over(&mock);
    let steve = Steve::of_cluster(connection.clone(), ClusterId::new("local").unwrap());
    let repos = steve.resource("catalog.cattle.io.clusterrepo").unwrap();
    assert_eq!(mock.count(), 0, "nothing is asked for before somebody asks");
    let read = repos.schema().await.unwrap();
    assert_eq!(read.plural_name, "catalog.cattle.io.clusterrepos");
    assert_eq!((read.attributes.kind.as_str(), read.attributes.namespaced), ("ClusterRepo", false));
    assert_eq!(read.resource_actions["install"].input, "chartInstallAction");
    assert!(!read.creatable() && read.updatable() && read.collection_actions.is_empty());
    assert_eq!(*steve.resource("catalog.cattle.io.clusterrepo").unwrap().schema().await.unwrap(), *read);
    assert_eq!(asked(&mock), ["GET /k8s/clusters/local/v1/schemas/catalog.cattle.io.clusterrepo"]);
    repos.schema_anew().await.unwrap();
    assert_eq!(mock.count(), 2);
    connection.replace_credential(Credential::parse("token-fghij:0th3r").unwrap());
    repos.schema().await.unwrap();
    assert_eq!(mock.count(), 3, "another user may do other things");
}

#[tokio::test]
async fn the_fields_of_a_type_are_asked_for_by_its_id() {
    let definition = json!({"id": "x", "type": "schemaDefinition", "definitionType": "a.b.ClusterRepo",
        "definitions": {"a.b.ClusterRepo": {"type": "a.b.ClusterRepo", "description": "", "resourceFields": {
            "spec": {"type": "a.b.Spec", "required": true}, "tags": {"type": "array", "subtype": "string"}}},
            "a.b.Spec": {"type": "a.b.Spec", "description": "", "resourceFields": null}}});
    let mock =
        Mock::script([Ok(accepted(200, schema().to_string())), Ok(accepted(200, definition.to_string()))]);
    let read = Steve::new(over(&mock)).resource("catalog.cattle.io.clusterrepos").unwrap();
    let read = read.definition().await.unwrap();
    let fields = read.fields().unwrap();
    assert_eq!((fields["spec"].kind.as_str(), fields["spec"].required), ("a.b.Spec", true));
    assert_eq!((fields["tags"].kind.as_str(), fields["tags"].of.as_str()), ("array", "string"));
    assert!(asked(&mock)[1].ends_with("/v1/schemaDefinitions/catalog.cattle.io.clusterrepo"));
}

#[tokio::test]
async fn an_action_takes_the_road_of_its_api_and_only_what_is_offered() {
    let object = Object::try_from(json!({"actions": {
        "install": "https://internal.example.com/v1/catalog.cattle.io.clusterrepos/main?action=install",
        "generateKubeconfig": "https://rancher.example.com/v3/clusters/local?action=generateKubeconfig",
    }}))
    .unwrap();
    let answer =
        r#"{"type":"chartActionOutput","operationName":"helm-operation-x","operationNamespace":"a"}"#;
    let mock = Mock::new(move |_| async move { Ok(accepted(201, answer)) });
    let local = Steve::of_cluster(over(&mock), ClusterId::new("local").unwrap());
    let repos = local.resource("catalog.cattle.io.clusterrepos").unwrap();
    let started = repos.action(&object, "generateKubeconfig", &json!({})).await.unwrap();
    assert_eq!(started["operationName"], "helm-operation-x");
    assert_eq!(asked(&mock), ["POST /v3/clusters/local?action=generateKubeconfig"]);
    // another host never gets the credential
    let error = repos.action(&object, "install", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let error = repos.action(&object, "uninstall", &json!({})).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.advice().contains("generateKubeconfig, install"), "{error}");
    let error = repos.action(&object, "generateKubeconfig", &json!(["S3CR3T"])).await.unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Invalid, Some("input")));
    let ours = json!({"actions": {
        "install": "https://rancher.example.com/v1/catalog.cattle.io.clusterrepos/main?action=install"}});
    repos.action(&Object::try_from(ours).unwrap(), "install", &json!({})).await.unwrap();
    let last = asked(&mock).pop().unwrap();
    assert_eq!(last, "POST /k8s/clusters/local/v1/catalog.cattle.io.clusterrepos/main?action=install");
    assert!(!mock.calls()[1].idempotent, "an action is not sent twice");
}

#[tokio::test]
async fn a_patch_names_its_content_type() {
    let object =
        r#"{"id":"shop-web/app","type":"configmap","metadata":{"name":"app","namespace":"shop-web"}}"#;
    let mock = Mock::new(move |_| async move { Ok(accepted(200, object)) });
    let maps = Steve::new(over(&mock)).resource("configmaps").unwrap();
    maps.patch("shop-web/app", &Patch::Merge(json!({"data": {"a": "2"}}))).await.unwrap();
    maps.patch("shop-web/app", &Patch::Json(vec![PatchStep::remove("/data/a")])).await.unwrap();
    let sent: Vec<(String, bool)> = mock
        .calls()
        .iter()
        .map(|call| (call.headers["content-type"].to_str().unwrap().to_owned(), call.idempotent))
        .collect();
    assert_eq!(
        sent,
        [
            ("application/merge-patch+json".to_owned(), true),
            ("application/json-patch+json".to_owned(), false)
        ]
    );
    let error = maps.patch("shop-web/app", &Patch::Merge(json!([]))).await.unwrap_err();
    assert_eq!((error.kind(), mock.count()), (ErrorKind::Invalid, 2));
}
