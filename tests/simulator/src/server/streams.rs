//! Answers that go on: WebSockets and lines, and what a test does to them.

use super::service::Shared;
use crate::message::{Respond, Told};
use crate::world::Follower;
use bytes::Bytes;
use futures_util::{FutureExt as _, SinkExt as _, Stream, StreamExt as _};
use http::header::{HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// How often the world is asked what it has to say.
const LOOKS: Duration = Duration::from_millis(5);

/// What goes on after a connection has switched protocols.
pub(super) type Switched = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

/// The answers of a server that go on. A clone is the same.
#[derive(Debug, Clone)]
pub struct Streams {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    cuts: watch::Sender<u64>,
    garbage: Mutex<Vec<String>>,
    mute: AtomicBool,
    open: AtomicUsize,
    opened: AtomicUsize,
}

impl Default for Streams {
    fn default() -> Self {
        let shared = Inner {
            cuts: watch::Sender::new(0),
            garbage: Mutex::default(),
            mute: AtomicBool::new(false),
            open: AtomicUsize::new(0),
            opened: AtomicUsize::new(0),
        };
        Self { shared: Arc::new(shared) }
    }
}

impl Streams {
    /// Breaks all of them off, without a word.
    pub fn cut(&self) {
        self.shared.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Sends this to all that are open, as a message or a line.
    pub fn inject(&self, text: &str) {
        self.garbage().push(text.to_owned());
    }

    /// Whether they say nothing, as a connection does whose other end is gone.
    pub fn set_mute(&self, mute: bool) {
        self.shared.mute.store(mute, Ordering::SeqCst);
    }

    /// How many are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many were opened so far.
    pub fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst)
    }

    fn garbage(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.shared.garbage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One of them, counted while it lives.
pub(super) struct Going<R> {
    shared: Arc<Shared<R>>,
    follower: Follower,
    streams: Streams,
    cuts: watch::Receiver<u64>,
    injected: usize,
}

impl<R> Drop for Going<R> {
    fn drop(&mut self) {
        self.streams.shared.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What comes next of an answer that goes on.
pub(super) enum Next {
    Messages(Vec<Bytes>),
    Ends,
    Cut,
}

impl<R: Respond> Going<R> {
    pub(super) fn new(shared: Arc<Shared<R>>, follower: Follower) -> Self {
        let streams = shared.streams.clone();
        streams.shared.open.fetch_add(1, Ordering::SeqCst);
        streams.shared.opened.fetch_add(1, Ordering::SeqCst);
        let cuts = streams.shared.cuts.subscribe();
        let injected = streams.garbage().len();
        Self { shared, follower, streams, cuts, injected }
    }

    /// Asks the world, which says nothing for a moment or has something to say.
    fn ask(&mut self, heard: &[Bytes]) -> Told {
        let now = Timestamp::now();
        let now = now.saturating_add(self.shared.options.clock_ahead).unwrap_or(now);
        let mut respond = self.shared.respond.lock().unwrap_or_else(PoisonError::into_inner);
        respond.tell(&mut self.follower, heard, now)
    }

    /// What a test put in since the last time.
    fn injected(&mut self) -> Vec<Bytes> {
        let garbage = self.streams.garbage();
        let new = garbage.iter().skip(self.injected).cloned().collect();
        self.injected = garbage.len();
        match self.follower.is_socket() {
            true => Told::said(new, false).messages,
            false => Told::lines(new, false).messages,
        }
    }

    /// Waits until there is something to say.
    pub(super) async fn next(&mut self, heard: &[Bytes]) -> Next {
        if self.cuts.has_changed().unwrap_or(true) {
            return Next::Cut;
        }
        if self.streams.shared.mute.load(Ordering::SeqCst) {
            tokio::time::sleep(LOOKS).await;
            return Next::Messages(Vec::new());
        }
        let mut told = self.ask(heard);
        told.messages.extend(self.injected());
        if told.messages.is_empty() {
            if told.ends {
                return Next::Ends;
            }
            tokio::select! {
                _ = self.cuts.changed() => return Next::Cut,
                () = tokio::time::sleep(LOOKS) => {}
            }
        }
        Next::Messages(told.messages)
    }

    /// What a body goes on with. It breaks off when `cut` is called and ends when it is over.
    pub(super) fn pieces(self, cut: impl Fn() + Send + 'static) -> impl Stream<Item = Bytes> + Send {
        futures_util::stream::unfold((self, cut), |(mut going, cut)| async move {
            loop {
                match going.next(&[]).await {
                    Next::Messages(pieces) if pieces.is_empty() => {}
                    Next::Messages(pieces) => return Some((Bytes::from(pieces.concat()), (going, cut))),
                    Next::Ends => return None,
                    Next::Cut => {
                        cut();
                        std::future::pending::<()>().await;
                    }
                }
            }
        })
    }

    /// Speaks over a WebSocket until it ends.
    pub(super) async fn speak(mut self, upgrade: OnUpgrade) {
        let Ok(stream) = upgrade.await else { return };
        let binary = self.follower.is_binary();
        let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(stream), Role::Server, None).await;
        loop {
            let mut heard = Vec::new();
            while let Some(message) = socket.next().now_or_never() {
                match message {
                    Some(Ok(Message::Text(text))) => heard.push(Bytes::from(text)),
                    Some(Ok(Message::Binary(bytes))) => heard.push(bytes),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => {}
                }
            }
            match self.next(&heard).await {
                Next::Messages(messages) => {
                    for message in messages {
                        let message = match binary {
                            true => Message::binary(message),
                            false => Message::text(String::from_utf8_lossy(&message).into_owned()),
                        };
                        if socket.feed(message).await.is_err() {
                            return;
                        }
                    }
                    if socket.flush().await.is_err() {
                        return;
                    }
                }
                Next::Ends => {
                    // the client may be gone already
                    let _ = socket.close(None).await;
                    return;
                }
                Next::Cut => return,
            }
        }
    }
}

/// Accepts the handshake of a client; nothing if it made none.
pub(super) fn accept(request: &HeaderMap, response: &mut HeaderMap) -> Option<()> {
    let key = request.get(SEC_WEBSOCKET_KEY)?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
    response.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Some(())
}
