//! Nothing is sent to any host but the configured one, whatever an answer says.

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::{HeaderMap, Method, StatusCode, header};
use rancher_client::Client;
use rancher_client::config::{Config, Trust};
use rancher_client::credentials::Credential;
use rancher_client::error::{Error, ErrorKind};
use rancher_client::scope::Route;
use rancher_client::transport::Request;
use rancher_client::v3::Query;
use rancher_client::wire::{ClusterId, ServerUrl};
use rancher_simulator::{Request as Asked, Response, Running, Server, ServerOptions};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

use crate::lab::{Lab, route, shown};

const SECRET: &str = "s3cr3tofth3origint3st";

/// Another listener, which counts who comes.
struct Elsewhere {
    port: u16,
    connections: Arc<AtomicUsize>,
}

impl Elsewhere {
    async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            while listener.accept().await.is_ok() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self { port, connections }
    }

    fn visits(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// A server that answers every path ending in `/start` with a redirect and echoes everything else.
struct Home {
    running: Running,
    /// Status and `Location` of the redirect.
    leads: Arc<Mutex<(u16, String)>>,
    seen: Arc<Mutex<Vec<Asked>>>,
}

impl Home {
    fn open() -> Self {
        let leads = Arc::new(Mutex::new((307, String::new())));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (to, kept) = (Arc::clone(&leads), Arc::clone(&seen));
        let answer = move |asked: &Asked, _| {
            kept.lock().unwrap().push(asked.clone());
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, "application/json".parse().unwrap());
            let (status, location) = to.lock().unwrap().clone();
            let start = asked.target.split('?').next().unwrap().ends_with("/start");
            if start {
                headers.insert(header::LOCATION, location.parse().unwrap());
            }
            let status = StatusCode::from_u16(if start { status } else { 200 }).unwrap();
            Response { status, headers, body: Bytes::from_static(b"{}"), delay: Duration::ZERO }
        };
        let running = Server::start(ServerOptions::default(), answer).unwrap();
        Self { running, leads, seen }
    }

    fn port(&self) -> u16 {
        self.running.addr().port()
    }

    fn client(&self, prefix: &str) -> Client {
        let server = ServerUrl::parse(&format!("{}{prefix}", self.running.url()), false).unwrap();
        let credential = Credential::parse(&format!("token-abcde:{SECRET}")).unwrap();
        let mut config = Config::new(server, credential);
        config.trust = Trust::CaPem(self.running.ca_pem().unwrap().to_owned());
        Client::new(config).unwrap()
    }

    /// What comes of a request to `/v3/start` that is led to `location`, and what the server saw of it.
    async fn lead(
        &self,
        client: &Client,
        status: u16,
        location: &str,
        method: &Method,
    ) -> (Result<StatusCode, Error>, Vec<Asked>) {
        *self.leads.lock().unwrap() = (status, location.to_owned());
        self.seen.lock().unwrap().clear();
        let mut request = Request::new("origin", method.clone(), route("/v3/start?limit=1"));
        if method != Method::GET {
            request = request.with_json(&json!({"name": "shop"})).unwrap();
        }
        let answer = client.send(request).await;
        let seen = self.seen.lock().unwrap().clone();
        (answer.map(|answer| answer.status), seen)
    }
}

/// Links that lead away from `https://127.0.0.1:HOME`, in every disguise.
fn away(home: u16, elsewhere: u16) -> Vec<String> {
    [
        // another port, with the same path and with another
        "https://127.0.0.1:ELSEWHERE/v3/start?limit=1",
        "https://127.0.0.1:ELSEWHERE/v3/projects",
        "https://127.0.0.1:ELSEWHERE/",
        // another scheme
        "http://127.0.0.1:ELSEWHERE/v3/projects",
        "http://127.0.0.1:HOME/v3/projects",
        "wss://127.0.0.1:HOME/v3/subscribe",
        "ftp://127.0.0.1:ELSEWHERE/v3",
        // another name for the same machine
        "https://localhost:HOME/v3/projects",
        "https://localhost:ELSEWHERE/v3/projects",
        "https://[::1]:HOME/v3/projects",
        // without a scheme
        "//127.0.0.1:ELSEWHERE/v3/start?limit=1",
        "//localhost:HOME/v3/projects",
        "///127.0.0.1:ELSEWHERE/v3",
        r"\\127.0.0.1:ELSEWHERE\v3",
        r"/\127.0.0.1:ELSEWHERE/v3",
        // a user before the host
        "https://ann:pw@127.0.0.1:HOME/v3/projects",
        "https://ann@127.0.0.1:HOME/v3/projects",
        "https://127.0.0.1:HOME@127.0.0.1:ELSEWHERE/v3/projects",
        "//127.0.0.1:HOME@127.0.0.1:ELSEWHERE/v3",
        "https://127.0.0.1%2f@127.0.0.1:ELSEWHERE/v3",
        // a secret in the query, as login portals write it
        "https://127.0.0.1:ELSEWHERE/login?token=token-abcde:s3cr3tofth3origint3st",
        // nowhere at all
        "javascript:alert(1)",
        "data:application/json,{}",
        "https://",
    ]
    .iter()
    .map(|link| link.replace("HOME", &home.to_string()).replace("ELSEWHERE", &elsewhere.to_string()))
    .collect()
}

#[tokio::test]
async fn no_redirect_leads_away() {
    let (home, elsewhere) = (Home::open(), Elsewhere::open().await);
    let client = home.client("");
    let mut tried = 0;
    for location in away(home.port(), elsewhere.port) {
        for status in [301, 302, 303, 307, 308] {
            for method in [Method::GET, Method::POST, Method::DELETE] {
                let (answer, seen) = home.lead(&client, status, &location, &method).await;
                let error = answer.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotRancher, "{location}: {error}");
                assert_eq!(error.status(), Some(status), "{location}");
                assert_eq!(seen.len(), 1, "{status} {location} was followed");
                assert!(!shown(&error).contains(SECRET), "{location}: {error}");
                tried += 1;
            }
        }
    }
    assert_eq!(elsewhere.visits(), 0);
    println!("origin: {tried} redirects away, {} bytes sent elsewhere", elsewhere.visits());
}

#[tokio::test]
async fn no_redirect_leads_out_of_the_prefix() {
    let home = Home::open();
    let client = home.client("/rancher");
    for location in
        ["/other/v3/projects", "/rancherx/v3/projects", "/rancher/../other", "/rancher//127.0.0.1/v3"]
    {
        let (answer, seen) = home.lead(&client, 307, location, &Method::POST).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::NotRancher, "{location}");
        assert_eq!(seen.len(), 1, "{location} was followed");
    }
    // a server that does not know of its prefix leaves it out; what it means lies below it
    for location in [
        "/v3/projects/",
        "/rancher/../v3/projects/",
        "/rancher/%2e%2e/v3/projects/",
        "https://127.0.0.1:HOME/v3/projects/",
    ] {
        let location = location.replace("HOME", &home.port().to_string());
        let (answer, seen) = home.lead(&client, 307, &location, &Method::POST).await;
        assert_eq!(answer.unwrap(), 200, "{location}");
        assert_eq!(seen[1].target, "/rancher/v3/projects/", "{location}");
    }
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_method_body_and_credential() {
    let home = Home::open();
    for (prefix, locations) in [
        ("", vec!["/v3/projects/?limit=1", "projects/?limit=1", "//127.0.0.1:HOME/v3/projects/?limit=1"]),
        (
            "/rancher",
            vec!["/rancher/v3/projects/?limit=1", "https://127.0.0.1:HOME/rancher/v3/projects/?limit=1"],
        ),
    ] {
        let client = home.client(prefix);
        for location in locations {
            let location = location.replace("HOME", &home.port().to_string());
            // a 303 says that it was taken: it is not sent once more, to the link or anywhere
            for method in [Method::POST, Method::DELETE] {
                let (answer, seen) = home.lead(&client, 303, &location, &method).await;
                let error = answer.unwrap_err();
                assert_eq!((error.kind(), error.status()), (ErrorKind::Unsupported, Some(303)), "{location}");
                assert_eq!(seen.len(), 1, "{method} {location}");
            }
            let (answer, seen) = home.lead(&client, 303, &location, &Method::GET).await;
            assert_eq!((answer.unwrap(), seen.len()), (StatusCode::OK, 2), "{location}");
            for status in [301, 302, 307, 308] {
                let (answer, seen) = home.lead(&client, status, &location, &Method::POST).await;
                assert_eq!(answer.unwrap(), 200, "{status} {location}");
                assert_eq!(seen.len(), 2, "{status} {location}");
                let (first, second) = (&seen[0], &seen[1]);
                assert_eq!(second.target, format!("{prefix}/v3/projects/?limit=1"));
                assert_eq!((&second.method, &second.body), (&Method::POST, &first.body));
                assert_eq!(second.headers[header::AUTHORIZATION], format!("Bearer token-abcde:{SECRET}"));
                assert_eq!(second.headers[header::CONTENT_TYPE], "application/json");
            }
        }
    }
}

/// The redirects of the record: `/v3` and `/k8s/clusters/{id}` lead to the same with a slash.
#[tokio::test]
async fn the_redirects_of_the_record_are_followed() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    for path in ["/v3", "/k8s/clusters/c-prod1"] {
        lab.forget();
        let answer = client.request(Method::GET, route(path)).await.unwrap();
        assert_eq!(answer.redirected.map(|route| route.path().to_owned()), Some(format!("{path}/")));
        assert_eq!(lab.requests(), [format!("GET {path}"), format!("GET {path}/")]);
        assert!(lab.entries().iter().all(|entry| entry.has_authorization));
    }
    // the server would redirect it, and the way there proves nothing of the credential: it is not even built
    assert!(Route::parse("/v3//clusters").is_err());
}

/// The next page and the actions of an object are links that the server writes.
#[tokio::test]
async fn no_link_leads_away() {
    let (home, elsewhere) = (Home::open(), Elsewhere::open().await);
    let server = home.client("").connection().config().server.clone();
    for link in away(home.port(), elsewhere.port) {
        let page = json!({"pagination": {"next": link}, "data": [{"actions": {"setpodsecuritypolicytemplate": link}}]});
        for pointer in ["/pagination/next", "/data/0/actions/setpodsecuritypolicytemplate"] {
            let link = page.pointer(pointer).and_then(Value::as_str).unwrap();
            let refused = Route::from_link(&server, link).unwrap_err();
            assert!(!refused.to_string().contains(SECRET), "{refused}");
            let error = Error::from(refused);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{link}");
        }
    }
    assert_eq!((elsewhere.visits(), home.seen.lock().unwrap().len()), (0, 0));
}

#[tokio::test]
async fn the_next_page_of_the_simulator_is_followed() {
    let lab = Lab::start();
    let client = lab.client("admin-unscoped");
    let local = Query::in_cluster(&ClusterId::new("local").unwrap());
    let mut pages = client.v3().collection("projects").unwrap().list(local.limit(2)).pages();
    let first = pages.next().await.unwrap().unwrap();
    let second = pages.next().await.unwrap().unwrap();
    assert_ne!(first.item(0), second.item(0));
}

/// Behind a proxy that takes a prefix off, Rancher writes links without it (assumed: it knows no prefix). They are
/// followed below the prefix, so pages and redirects work there, too.
#[tokio::test]
async fn behind_a_prefix_links_without_it_are_followed_below_it() {
    let lab = Lab::with(ServerOptions { prefix: "/rancher".parse().unwrap(), ..ServerOptions::default() });
    let client = lab.client("admin-unscoped");
    let local = Query::in_cluster(&ClusterId::new("local").unwrap());
    let mut pages = client.v3().collection("projects").unwrap().list(local.limit(2)).pages();
    let first = pages.next().await.unwrap().unwrap();
    let next = first.envelope()["pagination"]["next"].as_str().unwrap();
    assert!(!next.contains("/rancher/"), "{next}");
    let second = pages.next().await.unwrap().unwrap();
    assert_ne!(first.item(0), second.item(0));
    drop(pages);
    lab.forget();
    client.request(Method::GET, route("/v3")).await.unwrap();
    assert_eq!(lab.requests(), ["GET /rancher/v3", "GET /rancher/v3/"]);
}
