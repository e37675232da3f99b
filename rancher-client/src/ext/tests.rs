use super::*;
use crate::config::{Config, Probes};
use crate::credentials::Credential;
use crate::transport::mock::{Mock, response, with_header};
use crate::wire::SystemClock;
use std::time::Duration;

const OFFERED: &str = r#"{"kind":"APIResourceList","resources":[
    {"name":"tokens","kind":"Token","verbs":["create"]},{"name":"kubeconfigs","kind":"Kubeconfig"}]}"#;

/// The extension API of a server that offers tokens and kubeconfigs, and then answers these.
fn answering(answers: &[(u16, &str)]) -> (Mock, Ext) {
    let answers = [(200, OFFERED)].iter().chain(answers).map(|(status, body)| {
        let answer = with_header(response(*status, body.to_string()), "content-type", "application/json");
        Ok(with_header(answer, "x-api-cattle-auth", "true"))
    });
    let mock = Mock::script(answers.collect::<Vec<_>>());
    let mut config = Config::new(
        "https://rancher.example.com".parse().unwrap(),
        Credential::parse("token-abcde:s3cr3t").unwrap(),
    );
    config.retry.attempts = 1;
    config.probes = Probes::Off;
    let connection = Connection::over_transport(config, Arc::new(mock.clone()), Arc::new(SystemClock::new()));
    (mock, Ext::new(connection))
}

#[tokio::test]
async fn a_change_that_was_ignored_is_no_success() {
    let change =
        TokenChange { enabled: Some(false), ttl: Some(Duration::from_secs(60)), ..Default::default() };
    let taken = r#"{"metadata":{"name":"token-a"},"spec":{"enabled":false,"ttl":60000}}"#;
    let half = r#"{"metadata":{"name":"token-a"},"spec":{"enabled":false,"ttl":3600000}}"#;
    let none = r#"{"metadata":{"name":"token-a"},"spec":{"ttl":3600000}}"#;
    for (answer, kind) in
        [(taken, None), (half, Some(ErrorKind::PartlyDone)), (none, Some(ErrorKind::Unsupported))]
    {
        let (mock, ext) = answering(&[(200, answer)]);
        let done = ext.tokens().update("ext/token-a", &change).await;
        assert_eq!(done.as_ref().err().map(Error::kind), kind, "{done:?}");
        let sent = &mock.calls()[1];
        assert_eq!(sent.route.path(), "/apis/ext.cattle.io/v1/tokens/token-a");
        assert_eq!(sent.headers["content-type"], "application/merge-patch+json");
        assert_eq!(sent.body.as_deref().unwrap(), br#"{"spec":{"enabled":false,"ttl":60000}}"#);
    }
}

#[tokio::test]
async fn what_was_made_without_its_secret_is_named() {
    let made = r#"{"metadata":{"name":"token-a"},"spec":{"ttl":1000},"status":{"hash":"h4sh"}}"#;
    let (_, ext) = answering(&[(201, made)]);
    let error = ext.tokens().create(&NewToken::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Decode, "ext.tokens.create"));
    assert!(error.to_string().contains("token-a") && !error.is_retryable(), "{error}");

    let halves = r#"{"metadata":{"name":"token-a"},"status":{"value":"s3cr3tvalue","hash":"h4sh"}}"#;
    let (_, ext) = answering(&[(201, halves)]);
    let made = ext.tokens().create(&NewToken::default()).await.unwrap();
    assert_eq!(made.credential.name().unwrap().to_string(), "ext/token-a");
    assert!(!format!("{:?} {made:?}", made.token.raw.fields()).contains("s3cr3t"));
    assert!(made.token.raw.pointer("/status/hash").is_none());

    let (_, ext) = answering(&[(201, r#"{"metadata":{"name":"kubeconfig-a"}}"#)]);
    let new = NewKubeconfig { clusters: Clusters::All, ..Default::default() };
    let error = ext.kubeconfigs().create(&new).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.to_string().contains("kubeconfig-a"), "{error}");
}

#[tokio::test]
async fn a_list_is_read_to_its_end_and_no_further() {
    let page = |name: &str, more: &str| {
        format!(r#"{{"metadata":{{"continue":"{more}"}},"items":[{{"metadata":{{"name":"{name}"}}}}]}}"#)
    };
    let (first, second) = (page("token-a", "x"), page("token-b", ""));
    let (mock, ext) = answering(&[(200, &first), (200, &second)]);
    let names: Vec<String> = ext.tokens().list().await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["token-a", "token-b"]);
    assert_eq!(mock.calls()[2].route.query(), "continue=x");

    let (mock, ext) = answering(&[(200, &first), (200, &page("token-b", "x"))]);
    assert_eq!(ext.tokens().list().await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(mock.count(), 3, "a page that leads to itself is not asked for for ever");
    let third = page("token-c", "x");
    let (_, ext) = answering(&[(200, &first), (200, &page("token-b", "y")), (200, &third)]);
    assert_eq!(ext.tokens().list().await.unwrap_err().kind(), ErrorKind::Decode);
    let (_, ext) = answering(&[(200, r#"{"kind":"Status"}"#)]);
    assert_eq!(ext.tokens().list().await.unwrap_err().kind(), ErrorKind::Decode);
}

#[tokio::test]
async fn a_resource_that_is_not_offered_is_unsupported_though_others_are() {
    let upgraded = r#"{"kind":"APIResourceList","resources":[{"name":"selfusers","kind":"SelfUser","verbs":["create"]}]}"#;
    let (mock, ext) = answering(&[(200, r#"{"Version":"v2.12.1"}"#), (200, upgraded)]);
    let error = ext.self_user().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unsupported, "ext.self_user"));
    assert!(error.to_string().contains("v2.12.1") && error.to_string().contains("selfusers"), "{error}");
    assert_eq!(mock.count(), 2, "the question itself was not sent");
    // a server can be upgraded: it is asked again
    let now: Vec<String> = ext.resources().await.unwrap().into_iter().map(|offered| offered.plural).collect();
    assert_eq!((now, mock.count()), (vec!["selfusers".to_owned()], 3));
}

#[test]
fn a_wrong_password_is_told_from_other_failures() {
    let with = |kind, message: &str| {
        let http = crate::error::HttpAnswer {
            status: http::StatusCode::INTERNAL_SERVER_ERROR,
            accepted: Some(true),
            dialect: crate::error::Dialect::Kubernetes,
            code: None,
            field: None,
            message: Some(message.to_owned()),
        };
        wrong_current(Error::new(kind, "x", "").with_http(http))
    };
    let wrong = with(ErrorKind::Unavailable, "error updating password: invalid current password");
    assert_eq!(
        (wrong.kind(), wrong.causes()),
        (ErrorKind::Invalid, &[crate::error::Cause::WrongPassword][..])
    );
    assert_eq!(wrong.field(), Some("current_password"));
    assert_eq!(with(ErrorKind::Unavailable, "failed to get password secret").kind(), ErrorKind::Unavailable);
    for other in ["password must be at least 12 characters", "must specify current password"] {
        assert!(with(ErrorKind::Invalid, other).causes().is_empty(), "{other}");
    }
    let same = with(ErrorKind::Invalid, "The new password must not be the same as the current password");
    assert_eq!((same.kind(), same.causes(), same.field()), (ErrorKind::Invalid, &[][..], None), "{same:?}");
    let none = "error updating password: failed to get password secret: secret \"u-anna\" not found";
    let none = with(ErrorKind::Unavailable, none);
    assert_eq!((none.kind(), none.causes()), (ErrorKind::Invalid, &[][..]), "{none:?}");
    let none = "error checking permissions failed to get password secret: secret \"u-anna\" not found";
    assert_eq!(with(ErrorKind::Forbidden, none).kind(), ErrorKind::Invalid);
    let another = with(ErrorKind::Forbidden, "invalid current password");
    assert_eq!(another.kind(), ErrorKind::Forbidden, "{another:?}");
}

#[tokio::test]
async fn a_current_password_that_was_not_given_is_not_called_wrong() {
    let offered = r#"{"resources":[{"name":"passwordchangerequests","kind":"PasswordChangeRequest"}]}"#;
    let refused = r#"{"kind":"Status","status":"Failure","reason":"InternalError","code":500,
        "message":"Internal error occurred: error updating password: invalid current password"}"#;
    let user = crate::wire::UserId::new("u-anna").unwrap();
    for (current, causes) in
        [(None, &[][..]), (Some("s3cr3t".into()), &[crate::error::Cause::WrongPassword][..])]
    {
        let (_, ext) = answering(&[(200, r#"{"Version":"v2.12.1"}"#), (200, offered), (500, refused)]);
        // what the server offers is asked again after this
        ext.self_user().await.unwrap_err();
        let change = PasswordChange { user: user.clone(), current, new: "another-s3cr3t".into() };
        let error = ext.change_password(&change).await.unwrap_err();
        assert_eq!((error.kind(), error.causes()), (ErrorKind::Invalid, causes), "{error:?}");
        assert_eq!((error.field(), error.status()), (Some("current_password"), Some(500)));
    }
}
