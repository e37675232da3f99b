//! Answers that go on: WebSockets and lines, and what a test does to them.

use super::service::Shared;
use super::wire::{Ending, Wire};
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
use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::protocol::frame::FrameHeader;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

/// How often the world is asked what it has to say.
const LOOKS: Duration = Duration::from_millis(5);

/// How long what was written may take to be on the wire, before its connection ends.
const QUIET: Duration = Duration::from_millis(20);

/// How an answer that goes on breaks off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    /// Behind a whole message, as when a server is stopped.
    #[default]
    Between,
    /// In the middle of a message, and of what there is to tell, if there is anything.
    Within,
    /// The same, with TCP's RST.
    Reset,
}

/// What goes on after a connection has switched protocols.
pub(super) type Switched = Arc<Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>>;

/// The answers of a server that go on. A clone is the same.
#[derive(Debug, Clone)]
pub struct Streams {
    shared: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// How many there were, and how the last one was.
    cuts: watch::Sender<(u64, Cut)>,
    garbage: Mutex<Vec<String>>,
    mute: AtomicBool,
    open: AtomicUsize,
    opened: AtomicUsize,
}

impl Default for Streams {
    fn default() -> Self {
        let shared = Inner {
            cuts: watch::Sender::default(),
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
        self.cut_as(Cut::Between);
    }

    /// Breaks all of them off in this way.
    pub fn cut_as(&self, cut: Cut) {
        self.shared.cuts.send_modify(|(count, last)| (*count, *last) = (*count + 1, cut));
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
    cuts: watch::Receiver<(u64, Cut)>,
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
    /// It breaks off, behind these messages and in the middle of the last of them.
    Cut(Cut, Vec<Bytes>),
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
            return self.breaks_off(heard);
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
                _ = self.cuts.changed() => return self.breaks_off(&[]),
                () = tokio::time::sleep(LOOKS) => {}
            }
        }
        Next::Messages(told.messages)
    }

    /// How it breaks off, and behind what: half of what there is to tell, and half of the next message.
    fn breaks_off(&mut self, heard: &[Bytes]) -> Next {
        let cut = self.cuts.borrow().1;
        let mut messages = match cut {
            Cut::Between => Vec::new(),
            Cut::Within | Cut::Reset => self.ask(heard).messages,
        };
        messages.truncate(messages.len().div_ceil(2));
        Next::Cut(cut, messages)
    }

    /// What a body goes on with. Where it breaks off, the connection ends beneath it.
    pub(super) fn pieces(self, wire: Arc<Wire>) -> impl Stream<Item = Bytes> + Send {
        futures_util::stream::unfold((self, wire, None), |(mut going, wire, mut broken)| async move {
            loop {
                if let Some(cut) = broken {
                    tokio::time::sleep(QUIET).await;
                    wire.end(ending(cut));
                    std::future::pending::<()>().await;
                }
                match going.next(&[]).await {
                    Next::Messages(pieces) if pieces.is_empty() => {}
                    Next::Messages(pieces) => {
                        return Some((Bytes::from(pieces.concat()), (going, wire, broken)));
                    }
                    Next::Ends => return None,
                    Next::Cut(cut, pieces) => {
                        broken = Some(cut);
                        if let Some((torn, whole)) = pieces.split_last() {
                            let piece = [&whole.concat()[..], half_of(torn)].concat();
                            return Some((Bytes::from(piece), (going, wire, broken)));
                        }
                    }
                }
            }
        })
    }

    /// Speaks over a WebSocket until it ends.
    pub(super) async fn speak(mut self, upgrade: OnUpgrade, wire: Arc<Wire>) {
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
                Next::Cut(cut, messages) => {
                    if let Some((torn, whole)) = messages.split_last() {
                        for message in whole {
                            let text = String::from_utf8_lossy(message).into_owned();
                            if socket.feed(Message::text(text)).await.is_err() {
                                return;
                            }
                        }
                        let half = half_a_frame(torn);
                        // the client may be gone already
                        let _ = socket.flush().await;
                        let _ = socket.get_mut().write_all(&half).await;
                        let _ = socket.get_mut().flush().await;
                    }
                    if cut == Cut::Reset {
                        tokio::time::sleep(QUIET).await;
                        wire.end(ending(cut));
                    }
                    return;
                }
            }
        }
    }
}

fn ending(cut: Cut) -> Ending {
    match cut {
        Cut::Between | Cut::Within => Ending::Close,
        Cut::Reset => Ending::Reset,
    }
}

/// The beginning of a text message of a server, as RFC 6455 frames it.
fn half_a_frame(message: &[u8]) -> Vec<u8> {
    let header = FrameHeader { opcode: OpCode::Data(Data::Text), ..FrameHeader::default() };
    let mut frame = Vec::new();
    // a Vec takes whatever is written
    let _ = header.format(message.len() as u64, &mut frame);
    frame.extend_from_slice(half_of(message));
    frame
}

fn half_of(message: &[u8]) -> &[u8] {
    message.split_at(message.len() / 2).0
}

/// Accepts the handshake of a client; nothing if it made none.
pub(super) fn accept(request: &HeaderMap, response: &mut HeaderMap) -> Option<()> {
    let key = request.get(SEC_WEBSOCKET_KEY)?;
    let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes())).ok()?;
    response.insert(SEC_WEBSOCKET_ACCEPT, accept);
    Some(())
}
