//! Marked secrets go through every call and every failure; nothing that the client says, logs or panics with shows one.

use bytes::Bytes;
use futures_util::future::join_all;
use http::{HeaderMap, Method, StatusCode, header};
use rancher_client::Client;
use rancher_client::config::{Config, Discovery, Explicit, Proxy, Trust};
use rancher_client::credentials::{Credential, CredentialCell};
use rancher_client::error::{Accepted, Answer, ErrorBody, Result, judge};
use rancher_client::proxy::{CanI, ListOptions, Resource};
use rancher_client::scope::{KeyScope, Knowledge, Ledger, Route, RouteScope, TokenKind};
use rancher_client::steve::{self, SteveQuery};
use rancher_client::transport::{Body, Expect, Request, Response as Answered};
use rancher_client::types::Field;
use rancher_client::types::management::{ChangePasswordInput, Token, user};
use rancher_client::v3::Query;
use rancher_client::wait::{Until, WaitOptions};
use rancher_client::wire::{Object, ServerUrl};
use rancher_client::workflow::doctor::DoctorOptions;
use rancher_simulator::{
    CertificateOptions, Issuer, Request as Asked, Response, Running, Server, ServerOptions, Tls,
};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

use crate::canary_sink::Sink;
use crate::lab::{Lab, PROD, asking, route};

const PROXY: &str = "pr0xyP4sswordM4rk3d";
pub(crate) const BODY: &str = "b0dyS3cretM4rk3dValu3";
pub(crate) const QUERY: &str = "qu3ryS3cretM4rk3d";
const PRIVATE: &str = "cHIxdmF0M0szeU00cmszZA";
const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4IiwibWFyayI6Imp3dG1hcmsifQ.c2lnbmF0dXJlTTRyazNk";
const SERVICE: &str = "c2lnbmF0dXJlTTRyazNk";

/// The servers live on a thread of their own, so that what they log is not taken for the client's.
pub(crate) struct Stage {
    servers: Runtime,
    pub(crate) sink: Sink,
    secrets: Vec<String>,
}

impl Stage {
    fn lab(&mut self, options: ServerOptions) -> Lab {
        let _inside = self.servers.enter();
        let lab = Lab::with(options);
        lab.simulator.world(|world| {
            let labels = world.labels();
            let secrets = labels.tokens.values().map(|token| token.rsplit(':').next().unwrap().to_owned());
            self.secrets.extend(secrets);
            self.secrets.extend(labels.users.values().map(|user| user.password.clone()));
        });
        lab
    }

    fn echo(&self, status: u16, form: usize) -> Running {
        let _inside = self.servers.enter();
        Server::start(ServerOptions { tls: Tls::Off, ..ServerOptions::default() }, echo(status, form))
            .unwrap()
    }

    pub(crate) fn note<T: Debug>(&self, what: &str, outcome: &Result<T>) {
        match outcome {
            Ok(value) => self.sink.debug(what, value),
            Err(error) => self.sink.error(what, error),
        }
    }

    /// A JSON answer is the caller's; only what it says beside it counts.
    fn note_json(&self, what: &str, outcome: &Result<Value>) {
        if let Err(error) = outcome {
            self.sink.error(what, error);
        }
    }
}

fn impatient(mut config: Config) -> Client {
    let soon = Duration::from_millis(400);
    config.timeouts.headers = soon;
    config.timeouts.idle = soon;
    config.timeouts.connect = soon;
    config.timeouts.call = Duration::from_secs(10);
    config.retry.attempts = config.retry.attempts.min(2);
    config.retry.base = Duration::from_millis(1);
    Client::new(config).unwrap()
}

/// Every call of the client, those with a secret in body or query included. The secrets that were made are given back.
async fn every_call(stage: &Stage, what: &str, client: &Client) -> Vec<String> {
    let v3 = client.v3();
    let cluster = client.cluster(PROD).unwrap();
    let secrets = Resource::core("secrets").within("shop-web");
    let of_name = |name: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": "shop-web"}, "stringData": {"password": BODY}});
    let mut made = Vec::new();

    let object = |json: serde_json::Value| Object::try_from(json).unwrap();
    let collection = |name: &str| v3.collection(name).unwrap();
    let marked = object(json!({"description": "marked", "clusterId": PROD}));
    let token = collection("tokens").create(&marked).await;
    made.extend(token.as_ref().ok().and_then(|token| secret_of(&Ok(token.json().unwrap()), "/token")));
    stage.note(what, &token);
    // as a struct, too, whose fields can be looked at one by one
    let token =
        client.tokens().create(&Token { description: Some(BODY.to_owned()), ..Token::default() }).await;
    made.extend(
        token
            .as_ref()
            .ok()
            .and_then(|token| token.token.as_ref())
            .and_then(|token| secret_of(&Ok(json!({"token": token.expose()})), "/token")),
    );
    stage.note(what, &token);
    if let Ok(token) = &token {
        stage.sink.debug(what, &token.token);
        stage.sink.debug(what, &token.changes());
        stage.note(what, &client.tokens().update(token).await);
    }
    let password_change = ChangePasswordInput {
        current_password: Some(BODY.into()),
        new_password: Some("short".into()),
        ..ChangePasswordInput::default()
    };
    stage.sink.debug(what, &password_change);
    let projects = collection("projects");
    let named = |field: &'static str| Query::all().with(Field::new(field).eq(QUERY));
    let password = object(json!({"clusterId": PROD, "annotations": {"password": BODY}}));
    stage.sink.debug(what, &named("name"));
    for outcome in [
        collection("tokens").list(named("name")).collect().await.map(drop),
        collection("clusters").get(PROD).await.map(drop),
        projects.create(&password).await.map(drop),
        projects.unchecked().create(&password).await.map(drop),
        collection("tokens").delete("token-zzzzz").await.map(drop),
        collection("tokens").delete(&format!("token-zzzzz:{QUERY}")).await.map(drop),
        collection("nosuch").list(named("password")).collect().await.map(drop),
        projects.find(&format!("token-zzzzz:{QUERY}")).await.map(drop),
        client.users().collection_action(user::CHANGEPASSWORD, &password_change).await.map(drop),
    ] {
        stage.note(what, &outcome);
    }
    let config =
        Request::new("kubeconfig", Method::POST, route("/v3/clusters/c-prod1?action=generateKubeconfig"));
    let config = client.connection().json(config).await;
    made.extend(secret_of(&config, "/config").and_then(|yaml| {
        let (_, rest) = yaml.split_once("token: ")?;
        rest.trim_matches('"').split(['"', '\n']).next()?.rsplit(':').next().map(str::to_owned)
    }));
    stage.note_json(what, &config);
    let login = Request::new("login", Method::POST, route("/v3-public/localProviders/local?action=login"));
    let login = login.with_json(&json!({"username": "admin", "password": BODY})).unwrap();
    stage.note_json(what, &client.connection().json(login).await);

    let (secret, bad) = (object(of_name("marked")), object(of_name("Not A Name")));
    let change = |secret: &mut Object| secret.set("stringData", json!({"password": BODY}));
    let options = ListOptions { label_selector: format!("password={QUERY}"), ..Default::default() };
    stage.note(what, &cluster.create(secrets, &secret).await);
    stage.note(what, &cluster.create(secrets, &secret).await);
    stage.note(what, &cluster.create(secrets, &bad).await);
    stage.note(what, &cluster.list(secrets, options).collect().await);
    stage.note(what, &cluster.get(secrets, "marked").await);
    stage.note(what, &cluster.update_with(secrets, "marked", change).await);
    stage.note(what, &cluster.get(secrets, &format!("token-zzzzz:{QUERY}")).await);
    crate::kube_canary::every_write(stage, what, &cluster).await;
    stage.note(what, &cluster.delete(secrets, "marked").await);
    let steve = cluster.steve().resource("secrets").unwrap();
    let query = SteveQuery { filter: vec![steve::field("metadata.name").eq(QUERY)], ..Default::default() };
    stage.note(what, &steve.create(&secret).await);
    stage.note(what, &steve.list(query).collect().await);
    stage.note(what, &steve.update_with("shop-web/marked", change).await);
    stage.note(what, &steve.find(&format!("token-zzzzz:{QUERY}")).await);
    let wish = Until::state("active").and(Until::condition("Ready"));
    let soon = WaitOptions { deadline: Duration::from_millis(150), ..Default::default() };
    stage.note(what, &steve.wait("shop-web/marked", wish, soon).await);
    stage.note(what, &steve.delete("shop-web/marked").await);
    stage.note(what, &cluster.version().await);
    stage.note(what, &cluster.whoami().await);
    stage.note(what, &cluster.can_i(&CanI::new("get", "secrets")).await);
    stage.note(what, &client.server_version().await);
    let mut raw =
        Request::new("raw", Method::GET, Route::parse(&format!("/v3/clusters?token={QUERY}")).unwrap());
    raw.expect = Expect::Anything;
    stage.sink.debug(what, &raw);
    let answer = client.send(raw).await;
    stage.note(what, &answer);
    if let Ok(answer) = answer {
        stage.sink.debug(what, &answer.body);
        stage.note(what, &client.read(answer.body).await.map(|_| ()));
    }
    // a header of the caller's own is refused, and not shown
    let mut own = Request::new("own", Method::GET, route("/v3/clusters"));
    own.headers.insert(header::COOKIE, format!("R_SESS=token-abcde:{QUERY}").parse().unwrap());
    stage.note(what, &client.send(own).await);

    let sink = stage.sink.clone();
    let options = DoctorOptions {
        namespace: Some("shop-web".into()),
        can_i: vec![CanI::new("get", "secrets")],
        witness: Some(Credential::parse(&format!("token-witne:{QUERY}")).unwrap()),
        timeout: Some(Duration::from_secs(2)),
        progress: Some(Arc::new(move |words| sink.text("progress", words))),
        ..asking(PROD)
    };
    stage.sink.debug(what, &options);
    match client.doctor(options).await {
        Ok(report) => {
            stage.sink.text(what, report.to_text(true));
            stage.sink.text(what, report.to_json().to_string());
            stage.sink.debug(what, &report);
        }
        Err(error) => stage.sink.error(what, &error),
    }
    let connection = client.connection();
    stage.sink.debug(what, client);
    stage.sink.debug(what, connection);
    stage.sink.debug(what, connection.config());
    stage.sink.debug(what, &connection.tls_report());
    stage.sink.debug(what, &client.ledger());
    stage.sink.debug(what, &v3);
    stage.sink.debug(what, &cluster);
    made
}

fn secret_of(answer: &Result<Value>, pointer: &str) -> Option<String> {
    let text = answer.as_ref().ok()?.pointer(pointer)?.as_str()?;
    Some(if pointer == "/token" { text.rsplit(':').next()?.to_owned() } else { text.to_owned() })
}

/// Echoes the credential that it was sent, in every field of every form of answer.
fn echo(status: u16, form: usize) -> impl FnMut(&Asked, jiff::Timestamp) -> Response + Send + 'static {
    move |asked, _| {
        let sent = asked.headers.get(header::AUTHORIZATION).map_or("", |value| value.to_str().unwrap());
        let key = sent.trim_start_matches("Bearer ");
        let words = format!(
            "cannot use Authorization: {sent} nor Cookie: R_SESS={key} nor https://ann:{PROXY}@h/?token={QUERY}"
        );
        let (kind, body) = match form {
            0 => ("text/html", format!("<html><body>{words}</body></html>")),
            1 => ("application/json", json!({"type": "error", "baseType": "error", "code": key, "fieldName": key, "status": status, "message": words}).to_string()),
            2 => ("application/json", json!({"kind": "Status", "status": "Failure", "reason": key, "message": words, "details": {"causes": [{"field": key}]}}).to_string()),
            3 => ("text/plain", json!({"Code": {"Code": key, "Status": status}, "Message": words, "FieldName": key}).to_string()),
            4 => ("text/plain", words),
            5 => ("application/json", format!("{{\"token\":\"{key}\",\"password\":\"{BODY}\",\"ttl\":12{BODY}")),
            _ => ("application/json", json!({"Version": 1, "gitVersion": {"password": BODY}, "status": {"allowed": key}}).to_string()),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        headers.insert(
            header::LOCATION,
            format!("https://login.example.com/?token={key}&state={QUERY}").parse().unwrap(),
        );
        headers.insert(header::SET_COOKIE, format!("R_SESS={key}").parse().unwrap());
        let status = StatusCode::from_u16(status).unwrap();
        Response { status, headers, body: Bytes::from(body), delay: Duration::ZERO }
    }
}

/// The types that a caller can make, each with a secret in it.
fn every_type(stage: &Stage, lab: &Lab) {
    let token = lab.token("admin-prod");
    let sink = &stage.sink;
    let credential = Credential::parse(&token).unwrap();
    sink.text("a credential", format!("{credential}"));
    sink.debug("a credential", &credential);
    let cell = CredentialCell::new(credential.clone());
    sink.debug("a cell", &cell);
    sink.debug("a version", &cell.load());
    sink.debug("a JWT", &Credential::parse(JWT));
    let (name, secret) = token.split_once(':').unwrap();
    sink.debug("a pair", &Credential::key_pair(name, secret));
    for bad in [
        format!("{token}:x"),
        format!("\"{token}\""),
        format!("{token} x"),
        secret.to_owned(),
        format!("Basic {token}"),
    ] {
        stage.note("a bad credential", &Credential::parse(&bad));
        stage.note("a bad pair", &Credential::key_pair(&bad, secret));
    }
    let explicit = Explicit {
        url: Some(format!("https://ann:{PROXY}@rancher.example.com")),
        token: Some(SecretString::from(token.clone())),
        access_key: Some(token.clone()),
        secret_key: Some(SecretString::from(secret.to_owned())),
        ca_pem: Some(format!("-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n")),
        proxy: Some(format!("http://ann:{PROXY}@proxy.example.com:3128")),
        ..Explicit::default()
    };
    sink.debug("explicit values", &explicit);
    let good = Explicit {
        url: Some("https://rancher.example.com".into()),
        access_key: None,
        secret_key: None,
        ca_pem: None,
        ..explicit.clone()
    };
    let environment = [
        ("RANCHER_URL", "https://rancher.example.com"),
        ("RANCHER_TOKEN", token.as_str()),
        ("CATTLE_SECRET_KEY", QUERY),
    ];
    for explicit in [explicit, good, Explicit::default()] {
        let discovery = Discovery { explicit, environment: environment.into_iter().collect(), home: None };
        sink.debug("a discovery", &discovery);
        let (report, config) = discovery.examine();
        sink.debug("a report", &report);
        sink.text("a report", format!("{report}\n{}", report.to_json()));
        stage.note("a configuration", &config);
        stage.note("what was discovered", &discovery.run());
    }
    for bad in [
        format!("https://ann:{PROXY}@h:99999"),
        format!("ann:{PROXY}@h"),
        format!("https://h/?token={QUERY}"),
    ] {
        sink.debug("a server", &ServerUrl::parse(&bad, true));
        sink.debug("a proxy", &Proxy::parse(&bad));
        sink.debug("a link", &Route::from_link(&ServerUrl::parse("https://h", false).unwrap(), &bad));
        sink.debug("a path", &Route::parse(&bad));
    }
    let config = lab.config("admin-prod");
    let broken = Trust::CaPem(format!("-----BEGIN PRIVATE KEY-----\n{PRIVATE}\n-----END PRIVATE KEY-----\n"));
    sink.debug("trust", &broken);
    let (mut untrusted, mut named) = (config.clone(), config);
    untrusted.trust = broken;
    named.application = Some(format!("app\n{QUERY}"));
    stage.note("a client", &Client::new(untrusted));
    stage.note("a client", &Client::new(named));

    let asked = route(&format!("/v3/tokens?token={QUERY}"));
    sink.debug("a route", &asked);
    sink.text("a route", asked.to_string());
    let request =
        Request::new("x", Method::POST, asked.clone()).with_json(&json!({"password": BODY})).unwrap();
    sink.debug("a request", &request);
    let mut headers = HeaderMap::new();
    headers.insert(header::SET_COOKIE, format!("R_SESS={token}").parse().unwrap());
    let mut answered = Answered::new(StatusCode::OK, headers, Body::from_bytes(BODY));
    answered = answered.with_credential(TokenKind::V3, 0);
    answered.redirected = Some(asked.clone());
    sink.debug("a response", &answered);
    let import = route(&format!("/v3/import/{QUERY}_c-prod1.yaml?{QUERY}"));
    sink.debug("an import path", &import);
    sink.text("an import path", import.to_string());
    sink.debug("a body", &Body::from_bytes(BODY));
    let text =
        format!("{{\"type\":\"error\",\"code\":\"{token}\",\"status\":401,\"message\":\"Bearer {token}\"}}");
    sink.debug("an error body", &ErrorBody::read(text.as_bytes(), true));
    let location = format!("https://login.example.com/?token={token}");
    let answer = Answer {
        method: &Method::GET,
        route: &asked,
        status: StatusCode::UNAUTHORIZED,
        accepted: Accepted::No,
        content_type: None,
        retry_after: None,
        location: Some(&location),
        body: text.as_bytes(),
        complete: true,
    };
    sink.debug("an answer", &answer);
    let mut ledger = Ledger::new(TokenKind::V3);
    ledger.learn(Knowledge::Recorded(KeyScope::Global));
    sink.debug("a ledger", &ledger);
    sink.debug("an explanation", &ledger.explain(&RouteScope::Global));
    sink.error("a judgement", &judge(&answer, TokenKind::V3, Some(&ledger)));
}

/// Every client of the play, its server beside it.
fn everything(stage: &mut Stage) -> Vec<(String, Client, Option<Lab>, Option<Running>)> {
    let mut plays: Vec<(String, Client, Option<Lab>, Option<Running>)> = Vec::new();
    for label in [
        "admin-unscoped",
        "admin-prod",
        "admin-session",
        "ext-prod",
        "expired",
        "deleted",
        "wrong-secret",
        "standard-prod",
        "anonymous",
    ] {
        let lab = stage.lab(ServerOptions::default());
        plays.push((label.to_owned(), lab.client(label), Some(lab), None));
    }
    let lab = stage.lab(ServerOptions::default());
    let mut jwt = lab.config("anonymous");
    jwt.credential = Credential::parse(JWT).unwrap();
    plays.push(("a JWT".to_owned(), Client::new(jwt).unwrap(), Some(lab), None));
    let lab = stage.lab(ServerOptions { http2: true, ..ServerOptions::default() });
    plays.push(("HTTP/2".to_owned(), lab.client("admin-unscoped"), Some(lab), None));

    // what goes wrong on the way
    for action in
        ["hang", "reset", "close", "cut:20", "length:90", "429", "html502", "status:500", "drip:1/s"]
    {
        let faults = crate::lab::faults(&[&format!("* /** {action}")]);
        let lab = stage.lab(ServerOptions { faults, ..ServerOptions::default() });
        let mut config = lab.config("admin-unscoped");
        // a wait for nothing says all that it can the first time
        config.retry.attempts = if matches!(action, "hang" | "drip:1/s") { 1 } else { 2 };
        plays.push((action.to_owned(), impatient(config), Some(lab), None));
    }
    let certificates = [
        CertificateOptions { names: vec!["other.example.com".into()], ..CertificateOptions::default() },
        CertificateOptions { issuer: Issuer::SelfSigned, ..CertificateOptions::default() },
    ];
    for certificate in certificates {
        let lab = stage.lab(ServerOptions { tls: Tls::On(certificate), ..ServerOptions::default() });
        plays.push(("a bad certificate".to_owned(), impatient(lab.config("admin-prod")), Some(lab), None));
    }
    let config = stage.lab(ServerOptions::default()).config("admin-prod");
    plays.push(("nothing listens".to_owned(), impatient(config.clone()), None, None));

    // a proxy with a password, which is not there, and one that answers with what it was sent
    let refusing = stage.echo(407, 4);
    for port in [1, refusing.addr().port()] {
        let mut config = config.clone();
        config.proxy = Some(Proxy::parse(&format!("http://ann:{PROXY}@127.0.0.1:{port}")).unwrap());
        plays.push(("a proxy".to_owned(), impatient(config), None, None));
    }
    plays.push(("the proxy itself".to_owned(), impatient(config.clone()), None, Some(refusing)));

    // servers that echo what they were sent
    for status in [200, 201, 302, 400, 401, 403, 404, 409, 422, 429, 500, 502] {
        for form in 0..7 {
            let server = stage.echo(status, form);
            let mut config = config.clone();
            config.server = ServerUrl::parse(server.url(), false).unwrap();
            let what = format!("an echo, {status} in form {form}");
            plays.push((what, impatient(config), None, Some(server)));
        }
    }
    plays
}

async fn through_everything(stage: &mut Stage) {
    let lab = stage.lab(ServerOptions::default());
    lab.simulator.world(|world| world.run_nodes("c-prod1", Duration::from_millis(50)));
    crate::apps_canary::every_app(stage, "apps", &lab.client("admin-prod").cluster("c-prod1").unwrap()).await;
    let lab = stage.lab(ServerOptions::default());
    every_type(stage, &lab);
    let plays = everything(stage);
    let made = join_all(plays.iter().map(|(what, client, ..)| every_call(stage, what, client))).await;
    stage.secrets.extend(made.into_iter().flatten());
}

#[test]
fn no_secret_is_ever_shown() {
    let servers = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let secrets = [PROXY, BODY, QUERY, PRIVATE, SERVICE].map(str::to_owned).to_vec();
    let mut stage = Stage { servers, sink: Sink::default(), secrets };
    let client = Builder::new_current_thread().enable_all().build().unwrap();
    let listening = stage.sink.listen();
    let start = std::time::Instant::now();
    client.block_on(through_everything(&mut stage));
    let played = start.elapsed();
    let (events, records) = listening.end();
    stage.secrets.sort();
    stage.secrets.dedup();
    let found = stage.sink.found(&stage.secrets);
    println!(
        "canary: {} texts searched for {} secrets, {} found",
        stage.sink.count(),
        stage.secrets.len(),
        found.len()
    );
    println!(
        "  {events} lines of tracing and {records} of log among them; played in {played:.1?}, searched in {:.1?}",
        start.elapsed() - played
    );
    assert!(events > 1000 && records > 100, "the client is not listened to");
    assert!(stage.secrets.iter().all(|secret| secret.len() >= 12), "a short secret is found by chance");
    for line in found.iter().take(10) {
        println!("  {line}");
    }
    assert!(found.is_empty());
}
