use super::super::mock::request;
use super::server::{Answer, Server, Step};
use super::tests::{client, sent};
use super::*;
use crate::credentials::Credential;
use crate::transport::Connection;
use http::Method;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

fn ask(path: &str) -> Request {
    Request { socket: true, ..request(Method::GET, path) }
}

/// The answer that grants what the head asks for, with these frames behind it.
fn granted(head: &str, frames: &[&[u8]]) -> Answer {
    let (key, count) = sent(head, "sec-websocket-key");
    assert_eq!(count, 1);
    let accept = derive_accept_key(key.unwrap().as_bytes());
    let head = format!(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    );
    Answer(vec![Step::Send([head.as_bytes(), &frames.concat()].concat())])
}

#[tokio::test]
async fn messages_come_through_and_the_rest_is_the_protocols_own() {
    // a text in two fragments, a ping between two texts, and the end
    let frames: [&[u8]; 5] =
        [b"\x01\x02he", b"\x80\x03llo", b"\x89\x01p", b"\x81\x03two", b"\x88\x02\x03\xe8"];
    let server = Server::plain(move |_, head| granted(head, &frames).then(Step::Hang)).await;
    let answer = client(&server.url()).send(ask("/v3/subscribe?resourceTypes=project")).await.unwrap();
    assert_eq!(answer.status, 101);
    let mut socket = answer.socket.unwrap();
    for expected in ["hello", "two"] {
        assert_eq!(socket.next().await.unwrap().unwrap(), expected);
    }
    assert!(socket.next().await.is_none(), "closed");
    let heads = server.heads();
    for (name, value) in
        [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-version", "13")]
    {
        assert_eq!(sent(&heads[0], name), (Some(value.to_owned()), 1), "{}", heads[0]);
    }
    assert_eq!(sent(&heads[0], "sec-websocket-extensions").1, 0, "no compression is offered");
}

#[tokio::test]
async fn a_socket_that_breaks_says_which_call_it_was() {
    let server = Server::plain(|_, head| granted(head, &[b"\x81\x7e\x01"]).then(Step::Reset)).await;
    let mut socket = client(&server.url()).send(ask("/v1/subscribe")).await.unwrap().socket.unwrap();
    let error = socket.next().await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Connect, "test.call"), "{error}");
    assert!(error.is_retryable());
}

#[tokio::test]
async fn a_message_that_is_too_long_is_no_broken_connection() {
    // it would come again with the next one
    let frame: &[u8] = b"\x81\x7f\x00\x00\x00\x00\x10\x00\x00\x00{";
    let server = Server::plain(move |_, head| granted(head, &[frame]).then(Step::Hang)).await;
    let mut socket = client(&server.url()).send(ask("/v3/subscribe")).await.unwrap().socket.unwrap();
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(error.kind() == ErrorKind::Decode && !error.is_retryable(), "{error}");
}

#[tokio::test]
async fn another_protocol_is_no_socket_and_a_refusal_is_an_answer() {
    let wrong = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Accept: x\r\n\r\n";
    let server = Server::plain(move |at, _| match at {
        0 => Answer(vec![Step::Send(wrong.as_bytes().to_vec())]),
        _ => Answer::json(401, r#"{"type":"error","status":"401"}"#),
    })
    .await;
    let http = client(&server.url());
    let error = http.send(ask("/v3/subscribe")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRancher, "{error}");
    let answer = http.send(ask("/v3/subscribe")).await.unwrap();
    assert!(answer.socket.is_none() && answer.status == 401);
    assert_eq!(answer.body.read(100).await.unwrap(), r#"{"type":"error","status":"401"}"#);
}

#[tokio::test]
async fn a_socket_is_never_opened_elsewhere() {
    let elsewhere = Server::plain(|_, head| granted(head, &[])).await;
    let target = format!("{}/v3/subscribe", elsewhere.url());
    let server =
        Server::plain(move |_, _| Answer::with(302, &format!("Location: {target}\r\n"), b"", 0)).await;
    let key = Credential::parse("token-abcde:s3cr3ts3cr3t").unwrap();
    let config = Config::new(ServerUrl::parse(&server.url(), true).unwrap(), key);
    let connection = Connection::open(config).unwrap();
    let error = connection.open_socket(request(Method::GET, "/v3/subscribe")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotRancher, "{error}");
    assert_eq!(elsewhere.heads().len(), 0);
}
