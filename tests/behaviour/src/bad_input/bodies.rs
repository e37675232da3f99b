//! Answers that are cut, that lie about their length, that are no JSON, that inflate without end.

use flate2::{Compress, Compression, FlushCompress};
use rancher_client::ErrorKind::{Connect, Decode, NotRancher};
use rancher_client::config::{Limits, RetryPolicy};
use rancher_client::proxy::Resource;
use rancher_client::v3::Query;
use rancher_client::{Client, Config, Credential, ServerUrl};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::check;
use super::scripted::Scripted;
use crate::lab::{Lab, PATIENCE, PROD};

/// A client that does not try again, so that what the first answer is can be seen.
fn once(lab: &Lab) -> Client {
    let mut config = lab.config("admin-unscoped");
    config.retry = RetryPolicy::off();
    Client::new(config).unwrap()
}

#[tokio::test]
async fn a_damaged_answer_is_never_half_a_list() {
    let lab = Lab::start();
    let client = once(&lab);
    let projects = client.projects();
    let whole = projects.list(Query::all()).collect().await.unwrap().len();
    assert!(whole > 3);
    for (rule, kind, words) in [
        // fewer bytes than were promised
        ("GET /v3/projects cut:0", Connect, ""),
        ("GET /v3/projects cut:1", Connect, ""),
        ("GET /v3/projects cut:2000", Connect, ""),
        ("GET /v3/projects length:90000000", Connect, ""),
        // more bytes than were promised: what came is cut
        ("GET /v3/projects length:0", Decode, ""),
        ("GET /v3/projects length:700", Decode, ""),
        ("GET /v3/projects html502", rancher_client::ErrorKind::Unavailable, "502"),
        ("GET /v3/projects reset", Connect, ""),
        ("GET /v3/projects close", Connect, ""),
    ] {
        lab.faults(&[rule]);
        let error = projects.list(Query::all()).collect().await.unwrap_err();
        check(rule, &error, kind, words);
        lab.faults(&[]);
        assert_eq!(projects.list(Query::all()).collect().await.unwrap().len(), whole, "after {rule}");
    }
    // in the middle of a list the page is asked for once more, and then that is the end of it
    lab.faults(&["GET /v3/projects cut:500 after=1 times=1"]);
    assert_eq!(projects.list(Query::all().limit(2)).collect().await.unwrap().len(), whole);
    lab.faults(&["GET /v3/projects cut:500 after=1 times=2"]);
    let error = projects.list(Query::all().limit(2)).collect().await.unwrap_err();
    check("the second page", &error, Connect, "in the middle of the answer");
    assert!(error.is_retryable());
    assert_eq!(projects.list(Query::all().limit(2)).collect().await.unwrap().len(), whole);
    println!("bad input: 9 damaged answers, none taken for a list");
}

#[tokio::test]
async fn an_object_that_cannot_be_read_is_an_error_that_quotes_nothing() {
    let deep = format!(r#"{{"id":"x","a":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    for (what, body, words) in [
        ("no JSON", "S3CR3T", "no JSON"),
        ("an array", r#"["S3CR3T"]"#, "object"),
        ("a text", r#""S3CR3T""#, "object"),
        ("null", "null", "object"),
        ("cut", r#"{"id":"x","token":"S3CR3T"#, "cut off"),
        ("nothing", "", "cut off"),
        ("deep", deep.as_str(), "nested more deeply"),
    ] {
        let server = Scripted::always(body);
        let client = server.client();
        let maps = Resource::core("configmaps").within("shop-web");
        for (call, error) in [
            ("v3.get", client.projects().get("c-prod1:p-x").await.err()),
            ("cluster.get", client.cluster(PROD).unwrap().get(maps, "app").await.err()),
            ("steve.get", client.steve().resource("configmaps").unwrap().get("default/app").await.err()),
        ] {
            let error = error.unwrap_or_else(|| panic!("{what}: {call} was read"));
            check(&format!("{what}: {call}"), &error, Decode, words);
            assert_eq!(error.operation(), call, "{what}");
            assert!(
                !format!("{error} {error:?} {}", error.evidence().to_json()).contains("S3CR3T"),
                "{what}"
            );
        }
        assert_eq!(server.asked().len(), 3);
    }
    let page = Scripted::always("<html><body>Sign in</body></html>");
    let error = page.client().projects().get("c-prod1:p-x").await.unwrap_err();
    check("a page", &error, NotRancher, "a page instead of Rancher's API");
    println!("bad input: 22 objects that cannot be read");
}

/// The beginning of a gzip stream, and a piece of it that inflates to a megabyte and can be repeated.
fn bomb() -> (Vec<u8>, Vec<u8>) {
    let head = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut deflate = Compress::new(Compression::best(), false);
    let mut piece = Vec::with_capacity(64 * 1024);
    // after a full flush nothing refers to what was before it
    deflate.compress_vec(&vec![b' '; 1024 * 1024], &mut piece, FlushCompress::Full).unwrap();
    assert!(piece.len() < 4096, "{}", piece.len());
    (head, piece)
}

fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gzip_bomb_goes_off_nowhere() {
    const INFLATED: usize = 2048;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (head, piece) = bomb();
        // two gigabytes in some two megabytes
        let length = head.len() + piece.len() * INFLATED;
        let mut wanted_gzip = false;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 8192];
            let read = stream.read(&mut asked).await.unwrap();
            wanted_gzip |= String::from_utf8_lossy(&asked[..read]).to_lowercase().contains("gzip");
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\ncontent-length: {length}\r\n\r\n"
            );
            let mut sent = 0;
            let parts =
                [answer.as_bytes(), &head].into_iter().chain(std::iter::repeat_n(piece.as_slice(), INFLATED));
            for part in parts {
                // whoever hangs up has seen enough
                if stream.write_all(part).await.is_err() {
                    break;
                }
                sent += part.len();
            }
            assert!(wanted_gzip, "the client asks for gzip");
            if sent > 0 && asked.starts_with(b"GET /v3/clusters") {
                return;
            }
        }
    });
    let mut config =
        Config::new(ServerUrl::parse(&url, false).unwrap(), Credential::parse("token-abcde:x").unwrap());
    config.limits = Limits { body: 1024 * 1024, ..config.limits };
    config.retry = RetryPolicy::off();
    let client = Client::new(config).unwrap();
    let before = most_memory();
    let start = Instant::now();
    let error = client.projects().list(Query::all()).collect().await.unwrap_err();
    check("a list", &error, Decode, "larger than 1048576 bytes");
    let error = client.projects().get("c-prod1:p-x").await.unwrap_err();
    check("an object", &error, Decode, "larger than 1048576 bytes");
    let error = client.clusters().delete("c-x").await.unwrap_err();
    check("a deletion", &error, Decode, "larger than 1048576 bytes");
    let took = start.elapsed();
    let grown = most_memory().saturating_sub(before) / 1024;
    println!(
        "bad input: 3 answers of 2 GB in 2 MB ended after {} ms, {grown} MB more at most",
        took.as_millis()
    );
    assert!(took < PATIENCE.min(Duration::from_secs(30)), "{took:?}");
    // other tests run beside this one, but none of them needs a part of this
    assert!(grown < 1500, "{grown} MB");
    server.abort();
}
