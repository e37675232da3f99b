//! From an HTTP/1.1 answer to a WebSocket.
//!
//! The upgrade is that of the same HTTP client that sends everything else: TLS, proxy, trust and origin are one setting
//! for both. Compression is not offered, so messages come plain.

use bytes::Bytes;
use futures_util::lock::Mutex;
use futures_util::{SinkExt as _, StreamExt as _};
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use std::sync::Arc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role};

use super::super::Socket;
use crate::error::{Error, ErrorKind, Result};

/// Adds what asks for a WebSocket, and returns what the answer must say.
pub(super) fn ask(headers: &mut HeaderMap) -> String {
    let key = generate_key();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    if let Ok(value) = HeaderValue::try_from(&key) {
        headers.insert(SEC_WEBSOCKET_KEY, value);
    }
    derive_accept_key(key.as_bytes())
}

/// Takes the WebSocket out of an answer with status 101.
pub(super) async fn take(answer: reqwest::Response, headers: &HeaderMap, expected: &str) -> Result<Socket> {
    if headers.get(SEC_WEBSOCKET_ACCEPT).is_none_or(|said| said != expected) {
        return Err(Error::new(
            ErrorKind::NotRancher,
            "the server switched protocols, but not to the WebSocket that was asked for",
            "look at the proxy or ingress in front of Rancher",
        ));
    }
    let stream = answer.upgrade().await.map_err(|error| broken().with_source(error.without_url()))?;
    let stream = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
    let (sink, stream) = stream.split();
    let incoming = stream
        // a server that goes away says so, or just closes: the end in both cases
        .take_while(|message| std::future::ready(!matches!(message, Ok(Message::Close(_)))))
        .filter_map(|message| {
            std::future::ready(match message {
                Ok(Message::Text(text)) => Some(Ok(Bytes::from(text))),
                Ok(Message::Binary(bytes)) => Some(Ok(bytes)),
                // answered on their own
                Ok(_) => None,
                Err(error @ tungstenite::Error::Capacity(_)) => Some(Err(too_long().with_source(error))),
                Err(error) => Some(Err(broken().with_source(error))),
            })
        });
    let sink = Arc::new(Mutex::new(sink));
    Ok(Socket::new(incoming, move |text| {
        let sink = Arc::clone(&sink);
        Box::pin(async move {
            let sent = sink.lock().await.send(Message::text(text)).await;
            sent.map_err(|error| broken().with_source(error))
        })
    }))
}

/// A message that is too long comes again with the next socket.
fn too_long() -> Error {
    Error::new(
        ErrorKind::Decode,
        "a message of the WebSocket is longer than can be taken",
        "watch less, or through Kubernetes",
    )
}

fn broken() -> Error {
    Error::new(
        ErrorKind::Connect,
        "the WebSocket broke off",
        "open it again; if it goes on, look at the proxy or ingress in front of Rancher",
    )
    .with_retry(true, None)
}
