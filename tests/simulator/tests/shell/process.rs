//! `rancher-sim` as tests in any language start it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

struct Process {
    child: Child,
    ready: Value,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let mut child = command(args).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready = serde_json::from_str(&line).unwrap();
        Self { child, ready }
    }

    fn url(&self) -> &str {
        self.ready["url"].as_str().unwrap()
    }

    /// The status line, the headers and the body of an answer over plain HTTP.
    fn ask(&self, method: &str, path: &str, body: &str) -> String {
        self.ask_as("", method, path, body)
    }

    /// The same with the token of a label.
    fn ask_as(&self, label: &str, method: &str, path: &str, body: &str) -> String {
        let token = self.ready["tokens"][label].as_str().unwrap_or_default();
        let address = self.url().strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn exit_code(&mut self) -> Option<i32> {
        let start = Instant::now();
        while start.elapsed() < Duration::from_secs(10) {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rancher-sim"));
    command.args(args);
    command
}

fn refused(args: &[&str]) -> (Option<i32>, String) {
    let Output { status, stderr, stdout } = command(args).stdin(Stdio::null()).output().unwrap();
    assert!(stdout.is_empty());
    (status.code(), String::from_utf8(stderr).unwrap())
}

#[test]
fn the_first_line_says_where_it_is() {
    let process = Process::start(&["--plain-http", "--prefix=/rancher", "--no-auth-header"]);
    assert!(process.url().starts_with("http://127.0.0.1:") && process.url().ends_with("/rancher"));
    assert!(process.ready["ca_pem"].is_null());
    for part in ["tokens", "users", "clusters", "projects"] {
        assert!(process.ready[part].is_object(), "{part}");
    }
    let answer = process.ask("GET", "/rancher/ping", "");
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("pong"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("x-api-cattle-auth"));

    let https = Process::start(&[]);
    assert!(https.url().starts_with("https://127.0.0.1:"));
    assert!(https.ready["ca_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
}

#[test]
fn faults_come_from_the_command_line_and_over_http() {
    let process = Process::start(&["--plain-http", "--fault", "GET /ping 429:2", "--fault=GET /b html502"]);
    let answer = process.ask("GET", "/ping", "");
    assert!(answer.starts_with("HTTP/1.1 429") && answer.contains("retry-after: 2"), "{answer}");
    assert!(process.ask("GET", "/b", "").starts_with("HTTP/1.1 502"));
    let answer = process.ask("POST", "/-/faults", r#"{"faults": ["GET /ping status:503 times=1"]}"#);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(process.ask("GET", "/ping", "").starts_with("HTTP/1.1 503"));
    assert!(process.ask("GET", "/ping", "").starts_with("HTTP/1.1 200"));
    let journal = process.ask("GET", "/-/journal", "");
    let entries: Value = serde_json::from_str(journal.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(entries.as_array().unwrap().len(), 4);
}

#[test]
fn nodes_run_where_they_are_asked_for() {
    let process = Process::start(&["--plain-http", "--nodes", "0"]);
    let log = "/k8s/clusters/c-prod1/api/v1/namespaces/plain/pods/hello/log?container=web";
    let answer = process.ask_as("admin-prod", "GET", log, "");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with("\r\n\r\nweb started\n"), "{answer}");
}

#[test]
fn it_ends_with_standard_input_only_when_asked_to() {
    let mut process = Process::start(&["--plain-http", "--exit-with-stdin"]);
    assert!(process.ask("GET", "/ping", "").ends_with("pong"));
    drop(process.child.stdin.take());
    assert_eq!(process.exit_code(), Some(0));

    let mut other = Process::start(&["--plain-http"]);
    drop(other.child.stdin.take());
    std::thread::sleep(Duration::from_millis(100));
    assert!(other.ask("GET", "/ping", "").ends_with("pong"));
}

#[cfg(unix)]
#[test]
fn signals_end_it_well() {
    for signal in ["-TERM", "-INT"] {
        let mut process = Process::start(&["--plain-http", "--fault=* ** hang"]);
        let address = process.url().strip_prefix("http://").unwrap().to_owned();
        let mut hanging = TcpStream::connect(address).unwrap();
        hanging.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
        let killed = Command::new("kill").args([signal, &process.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
        assert_eq!(process.exit_code(), Some(0), "{signal}");
    }
}

#[test]
fn bad_arguments_are_named_and_end_with_2() {
    for (args, hint) in [
        (&["--fault", "GET /a explode"][..], "is no action"),
        (&["--fault", "get /a hang"], "capitals"),
        (&["--listen", "0.0.0.0:8443"], "known passwords"),
        (&["--delay-scale", "fast"], "from 0 up"),
        (&["--prefix", "rancher"], "/rancher"),
        (&["--clusters", "3"], "--world fleet"),
        (&["--world", "fleet", "--nodes", "5"], "--world record"),
        (&["--wrold", "record"], "--world"),
        (&["surplus"], "surplus"),
    ] {
        let (code, message) = refused(args);
        assert!(code == Some(2) && message.contains(hint), "{args:?}: {code:?} {message}");
    }
}

#[test]
fn a_port_that_is_taken_is_named_and_ends_with_1() {
    let process = Process::start(&["--plain-http"]);
    let address = process.url().strip_prefix("http://").unwrap();
    let (code, message) = refused(&["--plain-http", "--listen", address]);
    assert!(code == Some(1) && message.contains(address), "{code:?} {message}");
}
