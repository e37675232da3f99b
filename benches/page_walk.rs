//! What it costs to read a list of 10 pages of 1,000 projects from a server next door that answers with fixed bytes: by
//! reqwest and serde alone, and by the client. Then with a server that takes its time, for somebody who takes theirs
//! over each page.

mod pages;

use bytes::Bytes;
use futures_util::StreamExt as _;
use pages::{Collection, ON_A_PAGE, contest, id_of, items, page};
use rancher_client::types::management::Project;
use rancher_client::v3::Query;
use rancher_client::{Client, Config, Credential, ServerUrl};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const PAGES: usize = 10;
const TOKEN: &str = "token-abcde:bench";

/// What goes wrong here is wrong with the bench.
type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Fixed pages over plain HTTP: the least that a server can take.
struct Server {
    url: String,
    latency: Arc<AtomicU64>,
}

impl Server {
    fn start(kind: &str) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let answers: Vec<Bytes> = (0..PAGES)
            .map(|at| {
                let next = (at + 1 < PAGES).then(|| id_of(kind, (at + 1) * ON_A_PAGE));
                page(&url, kind, &items(kind, at * ON_A_PAGE), next)
            })
            .collect();
        let (answers, latency) = (Arc::new(answers), Arc::new(AtomicU64::new(0)));
        let waits = Arc::clone(&latency);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answers, waits) = (Arc::clone(&answers), Arc::clone(&waits));
                // a connection that breaks was dropped by a client that is done
                thread::spawn(move || serve(stream, &answers, &waits).ok());
            }
        });
        Ok(Self { url, latency })
    }
}

/// Answers the requests of one connection, which have no bodies.
fn serve(mut stream: TcpStream, answers: &[Bytes], latency: &AtomicU64) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    loop {
        let mut asked = String::new();
        if reader.read_line(&mut asked)? == 0 {
            return Ok(());
        }
        let mut header = String::new();
        while reader.read_line(&mut header)? > 2 {
            header.clear();
        }
        // `c-prod1%3Ap-03000` begins the fourth page
        let digits = asked.split_once("%3Ap-").and_then(|(_, rest)| rest.get(..5)).unwrap_or("0");
        let at = digits.parse::<usize>().unwrap_or_default() / ON_A_PAGE;
        thread::sleep(Duration::from_millis(latency.load(Ordering::Relaxed)));
        let body = answers.get(at).map(|body| body.as_ref()).unwrap_or_default();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-api-cattle-auth: true\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )?;
        stream.write_all(body)?;
    }
}

/// As somebody writes it in an afternoon. `pause` is what is done with each page.
async fn raw(http: &reqwest::Client, server: &str, pause: Duration) -> Outcome<usize> {
    let mut next = Some(format!("{server}/v3/projects?limit=1000"));
    let mut all: Vec<Project> = Vec::new();
    while let Some(url) = next {
        let answer = http.get(url).bearer_auth(TOKEN).send().await?.error_for_status()?;
        let page: Collection<Project> = serde_json::from_slice(&answer.bytes().await?)?;
        next = page.pagination.and_then(|pagination| pagination.next);
        all.extend(page.data);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(std::hint::black_box(all).len())
}

async fn collected(client: &Client) -> Outcome<usize> {
    let query = Query::all().limit(1000);
    Ok(std::hint::black_box(client.projects().list(query).collect().await?).len())
}

async fn paged(client: &Client, pause: Duration) -> Outcome<usize> {
    let mut pages = client.projects().list(Query::all().limit(1000)).pages();
    let mut all = 0;
    while let Some(page) = pages.next().await {
        all += std::hint::black_box(page?).len();
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(all)
}

/// Objects one by one, with a rest after every thousand of them.
async fn streamed(client: &Client, pause: Duration) -> Outcome<usize> {
    let mut list = client.projects().list(Query::all().limit(1000));
    let mut all = Vec::new();
    while let Some(project) = list.next().await {
        all.push(project?);
        if all.len() % ON_A_PAGE == 0 && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
    }
    Ok(std::hint::black_box(all).len())
}

fn main() -> Outcome<()> {
    let server = Server::start("project")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    // reqwest was built without a provider of its own, and is never asked for TLS here
    let _ = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build()?;
    let config = Config::new(ServerUrl::parse(&server.url, false)?, Credential::parse(TOKEN)?);
    let client = Client::new(config)?;

    let timed = |result: &dyn Fn() -> Outcome<usize>| {
        let start = Instant::now();
        let all = result();
        let took = start.elapsed();
        // a walk that breaks off would be a fast one
        assert!(matches!(all, Ok(all) if all == PAGES * ON_A_PAGE), "{all:?}");
        took
    };
    let none = Duration::ZERO;
    contest(
        "walk 10 pages of 1000 projects",
        15,
        &mut [
            ("raw", Box::new(|| timed(&|| runtime.block_on(raw(&http, &server.url, none))))),
            ("collect", Box::new(|| timed(&|| runtime.block_on(collected(&client))))),
            ("pages", Box::new(|| timed(&|| runtime.block_on(paged(&client, none))))),
        ],
    );
    server.latency.store(20, Ordering::Relaxed);
    let work = Duration::from_millis(20);
    contest(
        "the same, 20 ms from the server and 20 ms of work for each page",
        7,
        &mut [
            ("raw", Box::new(|| timed(&|| runtime.block_on(raw(&http, &server.url, work))))),
            ("stream", Box::new(|| timed(&|| runtime.block_on(streamed(&client, work))))),
            ("pages", Box::new(|| timed(&|| runtime.block_on(paged(&client, work))))),
        ],
    );
    Ok(())
}
