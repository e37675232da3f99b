//! What records keep, show and refuse.

use serde_json::{Value, json};

use crate::enums::{SettingSource, Transitioning};
use crate::management::{
    Cluster, ClusterRegistrationToken, OidcConfig, Project, ProjectResourceQuota, Setting, Token, User,
};
use crate::project::{HttpIngressPath, Secret as ProjectSecret, Workload};
use crate::{IntOrString, Record, ResourceType, Secret};

fn again<T: Record>(record: &T) -> Value {
    serde_json::to_value(record).unwrap()
}

fn survives<T: Record>(value: Value) -> T {
    let record = T::decode(value.to_string().as_bytes()).unwrap();
    assert_eq!(again(&record), value);
    assert_eq!(T::from_value(value).unwrap(), record);
    record
}

#[test]
fn known_fields_are_read_and_written_under_their_own_names() {
    let project: Project = survives(json!({
        "id": "c-prod1:p-shop", "type": "project", "baseType": "project", "name": "shop", "clusterId": "c-prod1",
        "createdTS": 1_795_327_092_000_i64, "transitioning": "no", "labels": {"team": "web"},
        "links": {"self": "https://rancher.example.com/v3/projects/c-prod1:p-shop"}, "actions": {},
        "resourceQuota": {"limit": {"pods": "10"}},
    }));
    assert_eq!(project.id(), Some("c-prod1:p-shop"));
    assert_eq!(project.type_.as_deref(), Some("project"));
    assert_eq!(project.created_ts, Some(1_795_327_092_000));
    assert_eq!(project.transitioning, Some(Transitioning::No));
    assert_eq!(project.links().len(), 1);
    assert!(project.actions().is_empty());
    let pods = |quota: &ProjectResourceQuota| quota.limit.as_ref()?.pods.clone();
    assert_eq!(project.resource_quota.as_ref().and_then(pods).as_deref(), Some("10"));
    assert!(project.other.is_empty());
}

#[test]
fn unknown_fields_are_kept_at_every_depth() {
    let project: Project = survives(json!({
        "addedLater": {"deep": [null, 1, {"a": 1.5}]},
        "resourceQuota": {"limit": {"pods": "1", "gpus": "2"}, "burst": true},
        "conditions": [{"type": "Ready", "new": null}],
    }));
    assert_eq!(project.other.len(), 1);
    assert_eq!(project.resource_quota.unwrap().other["burst"], true);
    assert_eq!(project.conditions.unwrap()[0].other["new"], Value::Null);
}

#[test]
fn a_value_that_does_not_fit_is_kept_and_named() {
    let value = json!({
        "name": 7, "labels": {"a": null}, "annotations": {"a": "b"}, "createdTS": "soon", "conditions": ["Ready"],
        "resourceQuota": {"limit": "none", "usedLimit": {"pods": 3}}, "unknown": 1,
    });
    let project: Project = survives(value);
    assert_eq!(project.unfit(), ["conditions", "createdTS", "labels", "name"]);
    assert_eq!(project.annotations.as_ref().unwrap()["a"], "b");
    assert_eq!(project.name, None);
    // a part takes what fits and keeps the rest itself
    let quota = project.resource_quota.unwrap();
    assert_eq!(quota.unfit(), ["limit"]);
    assert_eq!(quota.used_limit.unwrap().unfit(), ["pods"]);
}

#[test]
fn null_in_a_list_keeps_the_list_as_it_was() {
    let value = json!({"id": "u-1", "principalIds": ["local://u-1", null]});
    let user: User = survives(value);
    assert_eq!(user.principal_ids, None);
    assert_eq!(user.unfit(), ["principalIds"]);
}

#[test]
fn what_is_set_outdoes_what_did_not_fit() {
    let mut project = Project::decode(br#"{"name":7}"#).unwrap();
    project.name = Some("shop".into());
    assert_eq!(serde_json::to_string(&project).unwrap(), r#"{"name":"shop"}"#);
}

#[test]
fn null_is_absent() {
    let project =
        Project::decode(br#"{"name":null,"links":null,"actions":null,"conditions":null,"new":null}"#)
            .unwrap();
    assert_eq!(again(&project), json!({"new": null}));
    assert!(project.links().is_empty() && project.actions().is_empty());
}

#[test]
fn whole_numbers_keep_every_digit() {
    // 90 days in milliseconds are beyond 32 bits
    let token: Token = survives(json!({"ttl": 7_776_000_000_i64, "new": u64::MAX, "other": i64::MIN}));
    assert_eq!(token.ttl, Some(7_776_000_000));
    let token: Token = survives(json!({"ttl": u64::MAX}));
    assert_eq!((token.ttl, token.unfit()), (None, vec!["ttl"]));
    let token: Token = survives(json!({"ttl": 1.5}));
    assert_eq!(token.unfit(), ["ttl"]);
}

#[test]
fn of_a_name_that_stands_twice_the_last_wins() {
    for (json, expected) in [
        (r#"{"type":"error","name":"a","type":"project"}"#, "project"),
        (r#"{"type":7,"type":"project"}"#, "project"),
        (r#"{"ty\u0070e":"x","type":"project"}"#, "project"),
    ] {
        let project = Project::decode(json.as_bytes()).unwrap();
        assert_eq!(project.type_.as_deref(), Some(expected));
        assert!(project.other.is_empty());
    }
    let project = Project::decode(br#"{"type":"project","type":null,"new":1,"new":2}"#).unwrap();
    assert_eq!(again(&project), json!({"new": 2}));
    let project: Project = serde_json::from_str(r#"{"type":"error","type":"project"}"#).unwrap();
    assert_eq!(project.type_.as_deref(), Some("project"));
}

#[test]
fn enums_are_open() {
    let setting: Setting = survives(json!({"source": "operator", "transitioning": "yes"}));
    assert_eq!(setting.source, Some(SettingSource::Other("operator".into())));
    assert_eq!(setting.source.unwrap().to_string(), "operator");
    assert_eq!("db".parse(), Ok(SettingSource::Db));
    assert_eq!(SettingSource::from("default").as_str(), "default");
    let setting: Setting = survives(json!({"source": ["db"]}));
    assert_eq!(setting.unfit(), ["source"]);
}

#[test]
fn a_port_is_a_number_or_a_name() {
    for (port, expected) in
        [(json!(8080), IntOrString::Int(8080)), (json!("http"), IntOrString::Text("http".into()))]
    {
        let path: HttpIngressPath = survives(json!({"targetPort": port}));
        assert_eq!(path.target_port, Some(expected));
    }
    for port in [json!(80.5), json!(u64::MAX), json!(true), json!([80])] {
        assert_eq!(survives::<HttpIngressPath>(json!({"targetPort": port})).unfit(), ["targetPort"]);
    }
}

#[test]
fn debug_shows_names_and_no_value() {
    let value = json!({"id": "canary-1", "token": "canary-2", "name": 7, "canaryless": "canary-3", "labels": {"canary-4": ""}});
    let token = Token::from_value(value).unwrap();
    assert_eq!(format!("{token:?}"), "Token { id, labels, token, canaryless, name }");
    assert!(!format!("{token:#?}").contains("canary-"));
}

#[test]
fn secrets_are_written_and_never_shown() {
    let token: Token = survives(json!({"token": "token-abcde:canary"}));
    assert_eq!(token.token.as_ref().map(Secret::expose), Some("token-abcde:canary"));
    assert_eq!(format!("{:?}", token.token), "Some(Secret(…))");
    let secret: ProjectSecret = survives(json!({"data": {"password": "Y2FuYXJ5"}}));
    assert_eq!(format!("{:?}", secret.data.unwrap()), r#"{"password": Secret(…)}"#);
    let oidc: OidcConfig = survives(json!({"clientSecret": "canary"}));
    assert_eq!(oidc.client_secret, Some(Secret::from("canary")));
    assert_ne!(oidc.client_secret, Some(Secret::default()));
    let registration: ClusterRegistrationToken =
        survives(json!({"manifestUrl": "canary", "command": "canary"}));
    assert!(!format!("{:?}{:?}", registration.manifest_url, registration.command).contains("canary"));
}

#[test]
fn errors_show_nothing_of_the_value() {
    for (json, expected) in [
        (&br#"{"name":"canary"#[..], "the JSON ends too early"),
        (br#"{"name":"canary",}"#, "not JSON, or nested too deep, at line 1, column 18"),
        (br#"["canary"]"#, "expected a JSON object, found a list"),
        (br#""canary""#, "expected a JSON object, found a text"),
        (b"null", "expected a JSON object, found null"),
        (b"", "the JSON ends too early"),
        (b"{} canary", "not JSON, or nested too deep, at line 1, column 4"),
        (b"{\"name\":\"\xff\"}", "not JSON, or nested too deep, at line 1, column 10"),
    ] {
        assert_eq!(Project::decode(json).unwrap_err().to_string(), expected);
    }
    // serde itself names the field, not the value
    let error = serde_json::from_str::<Project>(r#"{"labels":"canary"}"#).unwrap_err().to_string();
    assert!(error.contains("`labels` of Project") && !error.contains("canary"), "{error}");
}

#[test]
fn what_nests_too_deep_is_an_error() {
    for name in ["new", "labels", "conditions"] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let json = format!("{{\"{name}\":{}1{}}}", open.repeat(10_000), close.repeat(10_000));
            assert!(Project::decode(json.as_bytes()).is_err());
        }
    }
}

#[test]
fn every_field_can_be_absent() {
    assert_eq!(again(&Cluster::default()), json!({}));
    assert_eq!(survives::<Workload>(json!({})), Workload::default());
    assert_eq!(Cluster::default().id(), None);
}

#[test]
fn actions_have_types() {
    use crate::management::{GenerateKubeConfigOutput, cluster, user};
    use crate::{Action, Empty};
    let action: Action<Empty, GenerateKubeConfigOutput> = cluster::GENERATE_KUBECONFIG;
    assert_eq!(action.name(), "generateKubeconfig");
    assert_eq!(format!("{:?}", user::SETPASSWORD), "Action(setpassword)");
    assert_eq!(serde_json::to_string(&Empty).unwrap(), "{}");
    assert_eq!(serde_json::from_str::<Empty>(r#"{"type":"collection"}"#).unwrap(), Empty);
}
