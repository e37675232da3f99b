use super::super::mock::request;
use super::super::redirect::Redirect;
use super::super::timeout::Timeout;
use super::super::{Auth, Patience};
#[cfg(feature = "gzip")]
use super::server::{Answer, Authority, Server, Step, gzip};
use super::*;
use crate::config::Timeouts;
use crate::credentials::Credential;
use crate::wire::SystemClock;
use bytes::Bytes;
use http::Method;
use std::time::Instant;

fn config(url: &str) -> Config {
    Config::new(ServerUrl::parse(url, true).unwrap(), Credential::anonymous())
}

pub(super) fn client(url: &str) -> Http {
    Http::new(&config(url), Arc::new(SystemClock::new())).unwrap()
}

fn get(path: &str) -> Request {
    request(Method::GET, path)
}

/// The value of a header in a request's head, and how often it stands there.
pub(super) fn sent(head: &str, name: &str) -> (Option<String>, usize) {
    let values: Vec<String> = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.to_owned())
        .collect();
    (values.first().cloned(), values.len())
}

#[test]
fn it_can_be_made_without_a_runtime() {
    assert!(client("https://rancher.example.com").tls_report().is_none());
    // and used on one that comes later
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let http = client("http://127.0.0.1:9");
    assert_eq!(runtime.block_on(http.send(get("/v3"))).unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn what_a_request_carries() {
    let server = Server::plain(|_, _| Answer::json(200, "{}")).await;
    let mut config = config(&format!("{}/tools", server.url()));
    config.application = Some("shop-deployer/1.2".into());
    let http = Http::new(&config, Arc::new(SystemClock::new())).unwrap();
    let mut post = request(Method::POST, "/v3/projects?action=x&name=a%20b").with_json(&"body").unwrap();
    post.headers.insert("user-agent", "Mozilla/5.0".parse().unwrap());
    http.send(post).await.unwrap().body.read(10).await.unwrap();
    let mut yaml = get("/v3/clusters");
    yaml.headers.insert("accept", "application/yaml".parse().unwrap());
    http.send(yaml).await.unwrap();

    let heads = server.heads();
    assert!(heads[0].starts_with("POST /tools/v3/projects?action=x&name=a%20b HTTP/1.1"), "{}", heads[0]);
    let agent = format!("rancher-client/{} (shop-deployer/1.2)", env!("CARGO_PKG_VERSION"));
    assert_eq!(sent(&heads[0], "user-agent"), (Some(agent), 1));
    assert_eq!(sent(&heads[0], "accept"), (Some("application/json".into()), 1));
    assert_eq!(sent(&heads[0], "content-type"), (Some("application/json".into()), 1));
    assert_eq!(sent(&heads[0], "content-length"), (Some("6".into()), 1));
    #[cfg(feature = "gzip")]
    assert_eq!(sent(&heads[0], "accept-encoding"), (Some("gzip".into()), 1));
    assert_eq!(sent(&heads[1], "accept"), (Some("application/yaml".into()), 1));
    for head in heads {
        for name in ["authorization", "cookie", "referer"] {
            assert_eq!(sent(&head, name), (None, 0));
        }
        assert!(!head.contains("Mozilla"));
    }
}

#[tokio::test]
async fn mockito_sees_the_bearer_once() {
    use super::super::credentials::Credentials;
    use crate::credentials::CredentialCell;
    let mut server = mockito::Server::new_async().await;
    let mock = server
        .mock("GET", "/v3/clusters/c-prod1")
        .match_header("authorization", "Bearer token-abcde:s3cr3ts3cr3t")
        .match_header("accept", "application/json")
        .with_header("x-api-cattle-auth", "true")
        .with_body("{}")
        .expect(1)
        .create_async()
        .await;
    let key = Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap();
    let layer = Credentials::new(Arc::new(client(&server.url())), Arc::new(CredentialCell::new(key)));
    let answer = layer.send(get("/v3/clusters/c-prod1")).await.unwrap();
    assert_eq!(answer.accepted().said(), Some(true));
    assert!(answer.received >= answer.sent);
    mock.assert_async().await;
}

#[test]
fn applications_that_are_none() {
    for bad in ["Mozilla/5.0", "my mozilla", "a\nb", "a\u{0}"] {
        let mut config = config("https://rancher.example.com");
        config.application = Some(bad.into());
        let error = Http::new(&config, Arc::new(SystemClock::new())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{bad:?}");
    }
    assert_eq!(user_agent(Some("  ")).unwrap(), user_agent(None).unwrap());
}

#[tokio::test]
async fn framing_headers_are_not_the_callers() {
    let server = Server::plain(|_, _| Answer::json(200, "{}")).await;
    for name in ["host", "connection", "content-length", "transfer-encoding"] {
        let mut own = get("/v3");
        own.headers.insert(name, "1".parse().unwrap());
        let error = client(&server.url()).send(own).await.unwrap_err();
        assert_eq!((error.kind(), server.connections()), (ErrorKind::Invalid, 0), "{name}");
    }
}

#[tokio::test]
async fn one_connection_serves_many_requests() {
    let ca = Authority::new("ca");
    let server = Server::tls(ca.issue(&["127.0.0.1"]), |_, _| Answer::json(200, "{}")).await;
    let mut config = config(&server.url());
    config.trust = Trust::CaPem(ca.pem());
    let http = Http::new(&config, Arc::new(SystemClock::new())).unwrap();
    for _ in 0..5 {
        http.send(get("/v3")).await.unwrap().body.read(10).await.unwrap();
    }
    assert_eq!((server.connections(), server.heads().len()), (1, 5));
}

#[tokio::test]
async fn redirects_are_answers_here() {
    let other = Server::plain(|_, _| Answer::json(200, "{}")).await;
    let location = format!("Location: {}/v3\r\n", other.url());
    let server = Server::plain(move |_, _| Answer::with(302, &location, b"", 0)).await;
    assert_eq!(client(&server.url()).send(get("/v3")).await.unwrap().status, 302);
    // and the layer that follows them does not follow this one
    let http = Arc::new(client(&server.url()));
    let layer = Redirect::new(http, ServerUrl::parse(&server.url(), true).unwrap(), 5);
    assert_eq!(layer.send(get("/v3")).await.unwrap_err().kind(), ErrorKind::NotRancher);
    assert_eq!((other.connections(), server.heads().len()), (0, 2));
}

#[cfg(feature = "gzip")]
#[tokio::test]
async fn gzip_whole_broken_and_cut() {
    let text = "{\"data\":\"".to_owned() + &"abcdefgh".repeat(20_000) + "\"}";
    let whole = gzip(&text);
    let mut broken = whole.clone();
    let middle = broken.len() / 2;
    broken[middle..middle + 8].fill(0xff);
    let short = whole[..whole.len() / 2].to_vec();
    let (broken_len, whole_len) = (broken.len(), whole.len());
    let server = Server::plain(move |number, _| {
        let headers = "Content-Encoding: gzip\r\n";
        match number {
            0 => Answer::with(200, headers, &whole, whole_len),
            1 => Answer::with(200, headers, &broken, broken_len),
            // the length fits, the compression ends in the middle
            2 => Answer::with(200, headers, &short, short.len()),
            // the connection ends in the middle
            3 => Answer::with(200, headers, &short, whole_len).then(Step::Close),
            _ => Answer::with(200, headers, b"plain text", 10),
        }
    })
    .await;
    let http = client(&server.url());
    let read = async || http.send(get("/v3")).await.unwrap().body.read(1 << 20).await;
    assert_eq!(read().await.unwrap(), text);
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Decode);
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Decode);
    let cut = read().await.unwrap_err();
    assert_eq!((cut.kind(), cut.is_retryable()), (ErrorKind::Connect, true), "{cut}");
    assert_eq!(read().await.unwrap_err().kind(), ErrorKind::Decode);
    // a small answer that unpacks to a large one stops at the limit
    let bomb = gzip(&"0".repeat(4 << 20));
    let server =
        Server::plain(move |_, _| Answer::with(200, "Content-Encoding: gzip\r\n", &bomb, bomb.len())).await;
    let error = client(&server.url()).send(get("/v3")).await.unwrap().body.read(1 << 20).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode);
    assert!(error.summary().contains("larger than"), "{error}");
}

/// The error of one exchange with a server that does `steps`.
async fn exchange(steps: Vec<Step>) -> Error {
    let server = Server::raw("http", steps).await;
    match client(&server.url()).send(get("/v3/clusters?token=CANARY")).await {
        Err(error) => error,
        Ok(response) => response.body.read(1 << 20).await.unwrap_err(),
    }
}

#[tokio::test]
async fn connections_that_break() {
    let head = |length: usize| {
        Step::Send(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes())
    };
    let half = Step::Send(b"half".to_vec());
    let chunked = Step::Send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n".to_vec());
    let before = "before an answer";
    let middle = "in the middle of the answer";
    let table = [
        (vec![Step::Close], before),
        (vec![Step::Reset], before),
        (vec![Step::Send(b"HTTP/1.1 200 O".to_vec()), Step::Close], before),
        (vec![Step::Send(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec()), Step::Reset], before),
        (vec![head(100), half.clone(), Step::Close], middle),
        (vec![head(100), half.clone(), Step::Wait(Duration::from_millis(20)), Step::Reset], middle),
        (vec![chunked.clone(), Step::Close], middle),
        (vec![chunked, Step::Send(b"not a length\r\n".to_vec()), Step::Close], middle),
    ];
    for (steps, words) in table {
        let error = exchange(steps.clone()).await;
        assert_eq!(error.kind(), ErrorKind::Connect, "{steps:?}: {error}");
        assert!(error.summary().contains(words), "{steps:?}: {error}");
        assert!(error.is_retryable() && !error.nothing_sent(), "the request may have arrived");
        assert_eq!(error.operation(), "test.call");
        assert!(error.request().unwrap().path.starts_with("/v3/clusters?token="), "{error}");
        assert_no_canary(&error);
    }
}

fn assert_no_canary(error: &Error) {
    use std::error::Error as _;
    let mut source = error.source();
    let mut text = format!("{error} {error:?} {}", error.evidence());
    while let Some(cause) = source {
        text.push_str(&format!(" {cause} {cause:?}"));
        source = cause.source();
    }
    assert!(!text.contains("CANARY"), "{text}");
}

#[tokio::test]
async fn what_is_not_http() {
    let error = exchange(vec![Step::Send(b"SSH-2.0-OpenSSH_9.9\r\n".to_vec()), Step::Close]).await;
    assert_eq!(error.kind(), ErrorKind::NotRancher);
    assert!(error.summary().contains("is not HTTP"), "{error}");
}

#[tokio::test]
async fn a_body_longer_than_it_says_is_cut_and_not_taken_for_the_next_answer() {
    let server = Server::plain(|number, _| match number {
        0 => Answer::with(200, "", b"{}HTTP/1.1 500 smuggled\r\n\r\n", 2),
        _ => Answer::json(200, "{\"second\":1}"),
    })
    .await;
    let http = client(&server.url());
    assert_eq!(http.send(get("/v3")).await.unwrap().body.read(100).await.unwrap(), "{}");
    let second = http.send(get("/v3")).await;
    // either a new connection or an error; never the words behind the first answer
    assert!(second.map_or(true, |answer| answer.status == 200));
}

#[tokio::test]
async fn ports_and_names_that_are_not_there() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = client(&format!("http://127.0.0.1:{port}")).send(get("/v3?t=CANARY")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.summary().contains("refuses the connection"), "{error}");
    assert!(error.nothing_sent() && error.is_retryable());
    assert_no_canary(&error);

    let error = client("https://rancher.invalid").send(get("/v3?t=CANARY")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(error.summary().contains("DNS does not know rancher.invalid"), "{error}");
    assert!(error.nothing_sent());
    assert_no_canary(&error);
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let server = Server::plain(|number, _| match number {
        0 => Answer(vec![Step::Hang]),
        _ => Answer::with(200, "", b"begin", 1000).then(Step::Hang),
    })
    .await;
    let http = client(&server.url());
    let call = tokio::time::timeout(Duration::from_millis(100), http.send(get("/v3")));
    assert!(call.await.is_err());
    server.left(1).await;

    let mut response = http.send(get("/v3")).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), "begin");
    drop(response);
    server.left(2).await;
}

#[tokio::test]
async fn a_stalled_body_ends_and_a_dripping_one_does_not() {
    let drip = |piece: &str| Step::Send(piece.as_bytes().to_vec());
    let pause = Step::Wait(Duration::from_millis(60));
    let server = Server::plain(move |number, _| match number {
        0 => Answer::with(200, "", b"", 4)
            .then(drip("a"))
            .then(pause.clone())
            .then(drip("b"))
            .then(pause.clone())
            .then(drip("c"))
            .then(pause.clone())
            .then(drip("d")),
        _ => Answer::with(200, "", b"a", 4).then(Step::Hang),
    })
    .await;
    let timeouts = Timeouts { idle: Duration::from_millis(400), ..Timeouts::default() };
    let layer = Timeout::new(Arc::new(client(&server.url())), &timeouts);
    assert_eq!(layer.send(get("/v3")).await.unwrap().body.read(10).await.unwrap(), "abcd");
    let start = Instant::now();
    let error = layer.send(get("/v3")).await.unwrap().body.read(10).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(start.elapsed() < Duration::from_secs(3));
    server.left(1).await;
}

#[tokio::test]
async fn pieces_of_a_stream_arrive_as_they_are_sent() {
    let server = Server::plain(|_, _| Answer::with(200, "", b"first", 1000).then(Step::Hang)).await;
    let watch = Request { patience: Patience::Stream, auth: Auth::Omit, ..get("/v3/subscribe") };
    let mut response = client(&server.url()).send(watch).await.unwrap();
    assert_eq!(response.body.next().await.unwrap().unwrap(), Bytes::from_static(b"first"));
}

/// A server that answers with the version of HTTP, whether there was a `Host`, and the credential.
async fn echo(ca: &Authority, h2: bool) -> String {
    use hyper::service::service_fn;
    use hyper_util::rt::{TokioExecutor, TokioIo};
    let mut tls = (*ca.issue(&["127.0.0.1"]).server_config()).clone();
    let offered: &[&[u8]] = if h2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
    tls.alpn_protocols = offered.iter().map(|name| name.to_vec()).collect();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let stream = acceptor.accept(stream).await.unwrap();
            let service = service_fn(|request: hyper::Request<hyper::body::Incoming>| async move {
                let headers = request.headers();
                let credential = headers.get("authorization").map_or("", |value| value.to_str().unwrap());
                let text = format!("{:?} {} {credential}", request.version(), headers.contains_key("host"));
                Ok::<_, std::convert::Infallible>(hyper::Response::new(http_body_util::Full::new(
                    Bytes::from(text),
                )))
            });
            tokio::spawn(async move {
                let server = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    url
}

#[tokio::test]
async fn http_2_where_it_is_offered() {
    let ca = Authority::new("ca");
    for (h2, expected) in [(true, "HTTP/2.0 false "), (false, "HTTP/1.1 true ")] {
        let mut config = config(&echo(&ca, h2).await);
        config.trust = Trust::CaPem(ca.pem());
        let http = Http::new(&config, Arc::new(SystemClock::new())).unwrap();
        assert_eq!(http.send(get("/v3")).await.unwrap().body.read(100).await.unwrap(), expected);
    }
}

/// Everything that any library says, at every level.
struct Log(std::sync::Mutex<String>);

impl log::Log for Log {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        self.0.lock().unwrap().push_str(&format!("{}: {}\n", record.target(), record.args()));
    }

    fn flush(&self) {}
}

impl std::io::Write for &Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().push_str(&String::from_utf8_lossy(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_at_any_level_shows_a_secret() {
    use super::super::credentials::Credentials;
    use crate::credentials::CredentialCell;
    static LOG: Log = Log(std::sync::Mutex::new(String::new()));
    log::set_logger(&LOG).unwrap();
    log::set_max_level(log::LevelFilter::Trace);
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(|| &LOG)
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let ca = Authority::new("ca");
    for h2 in [false, true] {
        let url = echo(&ca, h2).await;
        let mut config = config(&url);
        config.trust = Trust::CaPem(ca.pem());
        let key = Credential::parse("token-abcde:CANARYinthetoken").unwrap();
        let http = Arc::new(Http::new(&config, Arc::new(SystemClock::new())).unwrap());
        let layer = Credentials::new(http, Arc::new(CredentialCell::new(key)));
        let post =
            request(Method::POST, "/v3/tokens?x=CANARYinthequery").with_json(&"CANARYinthebody").unwrap();
        let text = layer.send(post).await.unwrap().body.read(1000).await.unwrap();
        let version = if h2 { "HTTP/2.0" } else { "HTTP/1.1" };
        assert!(
            text.starts_with(version.as_bytes()) && text.ends_with(b"token-abcde:CANARYinthetoken"),
            "{text:?}"
        );
    }
    let text = LOG.0.lock().unwrap().clone();
    assert!(text.contains("rustls") && text.contains("h2::"), "the libraries were not heard: {text}");
    assert!(
        !text.contains("CANARY"),
        "{}",
        text.lines().filter(|line| line.contains("CANARY")).collect::<String>()
    );
}
