//! The table and the handlers agree: each operation takes what is stated, and nothing else, and returns one answer or
//! several as stated.

use super::*;
use crate::naming::Naming;
use crate::table::{Kind, Operation, Parameter};
use rancher_client::{Client, Config, Credential, ErrorKind};
use serde_json::{Map, Value, json};

/// A client whose server is nobody's: whatever passes the checks ends at the connection.
fn context() -> Context {
    let key = Credential::parse("token-abcde:s3cr3ts3cr3ts3cr3t").unwrap();
    let mut config = Config::new("https://127.0.0.1:1".parse().unwrap(), key);
    config.retry.attempts = 1;
    Context { client: Client::new(config).unwrap(), naming: Naming::default(), sessions: Default::default() }
}

/// What passes the checks of the core, by name where the type alone does not say.
fn sample(operation: &str, it: &Parameter) -> Value {
    match (it.name.as_str(), it.kind) {
        ("collection", _) => json!("projects"),
        ("cluster" | "key_is_for", _) => json!("c-prod1"),
        ("project", _) => json!("c-prod1:p-abcde"),
        ("resource", _) if operation.starts_with("steve") => json!("configmaps"),
        ("resource" | "plural", _) => json!("pods"),
        ("group", _) => json!("apps"),
        ("version", _) => json!("v1"),
        ("namespace", _) => json!("shop-web"),
        ("id", _) if operation.starts_with("v3") => json!("c-prod1:p-abcde"),
        ("method", _) => json!("GET"),
        ("path", _) => json!("/v3/settings?limit=1"),
        ("sort", Kind::String) => json!("name"),
        ("sort" | "include" | "exclude" | "exclude_values", _) => json!(["metadata.name"]),
        ("expired", _) => json!("fail"),
        ("propagation", _) => json!("orphan"),
        ("type", _) if operation.contains(".patch") => json!("strategic"),
        ("operation", Kind::String) => json!("shop-web/helm-operation-abcde"),
        ("operation", Kind::Data) => json!({"id": "shop-web/helm-operation-abcde"}),
        ("url", _) => json!("https://charts.example.com"),
        ("ca_pem", _) => json!("-----BEGIN CERTIFICATE-----"),
        ("object", Kind::Data) if operation.ends_with(".apply") => json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "shop-web"},
        }),
        ("by", _) => json!(["name"]),
        ("also", _) => json!(["local"]),
        ("expiration", _) => json!(600.5),
        ("provider", _) => json!("openldap"),
        ("current_context", _) => json!("a"),
        ("token_id", _) => json!("c-prod1:crt-abcde"),
        ("kubernetes_version", _) => json!("v1.33.4+rke2r1"),
        ("ttl", _) => json!(86_400),
        ("grace_period", _) => json!(3_600),
        ("stable_for", _) => json!(0.5),
        ("where", _) if operation.starts_with("steve") => json!({"metadata.name": {"like": "a"}}),
        ("name", _) if operation == "v3.collection_action" => json!("doit"),
        (_, Kind::String | Kind::Subject) => json!("web"),
        (_, Kind::Integer) => json!(7),
        (_, Kind::Boolean) => json!(true),
        (_, Kind::Seconds) => json!(1.5),
        (_, Kind::Strings) => json!(["a", "b"]),
        (_, Kind::Texts) => json!({"x-name": "text"}),
        (_, Kind::Json) => json!({"a": [1]}),
        (_, Kind::Secret) => json!("token-abcde:s3cr3ts3cr3ts3cr3t"),
        (_, Kind::Object) => {
            json!({"id": "c-prod1:p-abcde", "name": "b", "metadata": {"name": "a", "resourceVersion": "1", "labels": {"a": "b"}}})
        }
        (_, Kind::Data) => json!({"name": "shop", "clusterId": "c-prod1", "metadata": {"name": "a"}}),
        (_, Kind::Where) => json!({"name": ["a", "b"]}),
        (_, Kind::Fields) => json!(["id", "metadata.labels[a/b]"]),
        (_, Kind::Conditions) => json!({"Ready": "True"}),
        (_, Kind::Questions) => {
            json!(["get pods", {"verb": "list", "resource": "pods", "namespace": "shop-web"}])
        }
    }
}

/// A value that is of no such type.
fn nonsense(it: &Parameter) -> Value {
    match it.kind {
        Kind::Integer => json!(-1.5),
        Kind::Json => json!({}),
        _ => json!([["CANARY"], 7]),
    }
}

/// What an operation is called with, as its handler takes it.
pub(super) fn input(operation: &str, json: &Value) -> Input {
    let stated = TABLE.get(operation).unwrap();
    Input::read(&context(), stated, json.to_string().as_bytes(), None).unwrap()
}

struct Sample {
    target: Map<String, Value>,
    given: Map<String, Value>,
    original: Option<Bytes>,
}

impl Sample {
    /// All that the operation takes.
    fn full(operation: &Operation) -> Self {
        let of = |all: &[Parameter]| -> Map<String, Value> {
            all.iter().map(|it| (it.name.clone(), sample(&operation.name, it))).collect()
        };
        let mut given = of(&operation.arguments);
        given.extend(of(&operation.options));
        let mut target = of(&operation.target);
        // one of both says where something is
        if operation.name.starts_with("v3") {
            target.remove("cluster");
            target.remove("project");
            given.remove("project");
        }
        given.remove("not_projects_or_namespaces");
        // that is for registries
        if operation.name == "apps.repos.create" {
            given.remove("insecure_plain_http");
        }
        // two names of one span
        if given.contains_key("deadline") {
            given.remove("timeout");
        }
        let mut original = None;
        for argument in &operation.arguments {
            match argument.kind {
                Kind::Object => original = Some(Bytes::from_static(
                    br#"{"id":"c-prod1:p-abcde","name":"a","metadata":{"name":"a","resourceVersion":"1"}}"#,
                )),
                Kind::Subject => {
                    given.remove(&argument.name);
                    given.insert(
                        "id".into(),
                        json!(if operation.name.starts_with("v3") {
                            "c-prod1:p-abcde"
                        } else {
                            "shop-web/a"
                        }),
                    );
                }
                _ => {}
            }
        }
        Self { target, given, original }
    }

    fn json(&self) -> Vec<u8> {
        let mut all = self.given.clone();
        all.insert("target".into(), Value::Object(self.target.clone()));
        serde_json::to_vec(&all).unwrap()
    }

    /// What is wrong with it: what the checks of the border say, before anything is sent.
    async fn wrong(&self, operation: &Operation) -> Option<Fault> {
        let (context, json, original) = (context(), self.json(), self.original.clone());
        let fault = match operation.is_stream() {
            true => begin(&context, &operation.name, &json, original).err(),
            false => match find(&context, &operation.name, &json, original) {
                // the checks of the handler come before its first request, which is refused at once
                Ok((Handler::Call(handler), input)) => handler(input).await.err(),
                Ok((Handler::Begin(_), _)) => panic!("{} is begun, and returns one answer", operation.name),
                Err(fault) => Some(fault),
            },
        };
        fault.filter(|fault| !matches!(fault.error().kind(), ErrorKind::Connect | ErrorKind::Timeout))
    }
}

#[test]
fn every_operation_of_the_table_has_a_handler_of_its_kind() {
    let mut stated: Vec<(&str, bool)> = TABLE.all().map(|it| (it.name.as_str(), it.is_stream())).collect();
    let mut handled: Vec<(&str, bool)> =
        HANDLERS.iter().map(|(name, handler)| (*name, matches!(handler, Handler::Begin(_)))).collect();
    stated.sort_unstable();
    handled.sort_unstable();
    assert_eq!(stated, handled);
}

#[tokio::test]
async fn every_operation_takes_everything_that_is_stated_and_nothing_else() {
    for operation in TABLE.all() {
        let name = &operation.name;
        let full = Sample::full(operation);
        let wrong = full.wrong(operation).await;
        assert!(wrong.is_none(), "{name}: {wrong:?}");

        // not given, and given as null, are the same
        let mut nulls = Sample::full(operation);
        for option in &operation.options {
            // what does nothing without any is refused
            let needed = match name.as_str() {
                "ext.tokens.update" => "enabled",
                name if name.ends_with("wait") => "state",
                _ => "",
            };
            if option.name != needed {
                nulls.given.insert(option.name.clone(), Value::Null);
            }
        }
        let wrong = nulls.wrong(operation).await;
        assert!(wrong.is_none(), "{name}: {wrong:?}");

        let mut more = Sample::full(operation);
        more.given.insert("nosuch_option".into(), json!("CANARY"));
        let fault = more.wrong(operation).await.unwrap();
        let text = fault.to_string();
        assert_eq!(
            (fault.error().kind(), fault.error().field()),
            (ErrorKind::Invalid, Some("nosuch_option"))
        );
        assert!(text.contains("nosuch_option") && !fault.to_json().contains("CANARY"), "{text}");
        for option in &operation.options {
            assert!(text.contains(&option.name), "{name}: {text}");
        }
        let mut more = Sample::full(operation);
        more.target.insert("nosuch".into(), json!(1));
        assert_eq!(more.wrong(operation).await.unwrap().error().field(), Some("nosuch"), "{name}");
    }
}

#[tokio::test]
async fn what_is_missing_or_of_another_type_is_named() {
    for operation in TABLE.all() {
        let name = &operation.name;
        for argument in &operation.arguments {
            let mut less = Sample::full(operation);
            less.given.remove(&argument.name);
            if argument.kind == Kind::Subject {
                less.given.remove("id");
            }
            let fault =
                less.wrong(operation).await.unwrap_or_else(|| panic!("{name} without {}", argument.name));
            assert_eq!(fault.error().kind(), ErrorKind::Invalid, "{name} {fault}");
            assert_eq!(fault.error().field(), Some(argument.name.as_str()), "{name} {fault}");
        }
        for needed in operation.target.iter().filter(|it| !it.optional) {
            let mut less = Sample::full(operation);
            less.target.remove(&needed.name);
            let fault = less.wrong(operation).await.unwrap();
            assert_eq!(fault.error().field(), Some(needed.name.as_str()), "{name} {fault}");
        }
        let given = operation.arguments.iter().chain(&operation.options);
        for it in given.filter(|it| !matches!(it.kind, Kind::Json | Kind::Subject)) {
            let mut other = Sample::full(operation);
            other.given.insert(it.name.clone(), nonsense(it));
            let fault = other.wrong(operation).await.unwrap_or_else(|| panic!("{name} with odd {}", it.name));
            assert_eq!(fault.error().kind(), ErrorKind::Invalid, "{name} {}: {fault}", it.name);
            assert_eq!(fault.error().field(), Some(it.name.as_str()), "{name} {fault}");
            assert!(!fault.to_json().contains("CANARY"), "{name} {fault}");
        }
    }
}

#[tokio::test]
async fn names_in_errors_are_spelt_as_the_shell_spells_them() {
    let context = Context { naming: Naming::Camel, ..context() };
    let input = br#"{"target": {"collection": "projects"}, "nosuch": 1}"#;
    let fault = begin(&context, "v3.list", input, None).unwrap_err();
    assert!(fault.to_string().contains("pageSize") && !fault.to_string().contains("page_size"), "{fault}");
    let input = br#"{"target": {"collection": "projects"}, "page_size": "x"}"#;
    let fault = begin(&context, "v3.list", input, None).unwrap_err();
    assert_eq!(fault.error().field(), Some("pageSize"));
}

#[tokio::test]
async fn what_is_no_operation_and_no_input_is_told() {
    let context = context();
    let kinds = [
        call(&context, "v3.nosuch", b"{}", None).await.unwrap_err(),
        call(&context, "v3.list", br#"{"target": {"collection": "projects"}}"#, None).await.unwrap_err(),
        call(&context, "version", b"[1]", None).await.unwrap_err(),
        call(&context, "version", b"{", None).await.unwrap_err(),
        call(&context, "version", br#"{"target": 5}"#, None).await.unwrap_err(),
        call(&context, "version", b"{}", Some(Bytes::from_static(b"{}"))).await.unwrap_err(),
        begin(&context, "version", b"{}", None).unwrap_err(),
        begin(&context, "v3.nosuch", b"{}", None).unwrap_err(),
    ];
    for fault in kinds {
        assert_eq!(fault.error().kind(), ErrorKind::Invalid, "{fault}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error() {
    let panics = async { if true { panic!("CANARY") } else { Ok(()) } };
    let fault = guarded("v3.get", None, panics).await.unwrap_err();
    assert_eq!((fault.error().kind(), fault.error().operation()), (ErrorKind::Internal, "v3.get"));
    assert!(!fault.to_json().contains("CANARY"));
}

#[tokio::test(start_paused = true)]
async fn what_takes_too_long_says_how_long_it_had() {
    let span = Duration::from_secs(3);
    let fault = guarded("v3.get", Some(span), std::future::pending::<Outcome<()>>()).await.unwrap_err();
    assert_eq!(fault.error().kind(), ErrorKind::Timeout);
    assert!(fault.to_string().contains("3s") && !fault.error().is_retryable(), "{fault}");
}
