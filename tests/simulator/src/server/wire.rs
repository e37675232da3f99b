//! A connection that can be taken away from hyper.
//!
//! Resets, cuts and lies happen beneath HTTP, where hyper does not go. So the stream belongs to a [`Wire`];
//! hyper reads and writes through a [`Tap`], and a fault names an [`Ending`] that the connection's task
//! carries out on the stream itself once hyper is gone.

use bytes::Bytes;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_rustls::server::TlsStream;

/// How long a connection that was closed on this side is drained, so that the kernel sends no RST for bytes
/// that were on their way.
const LINGER: Duration = Duration::from_secs(2);

/// How a connection is to end by a fault.
#[derive(Debug)]
pub(super) enum Ending {
    /// `close_notify`, then FIN.
    Close,
    /// RST.
    Reset,
    /// These bytes in place of an answer, then as with [`Ending::Close`].
    Write(Bytes),
}

/// A TCP stream, with TLS or without.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Stream {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }

    fn pin(&mut self) -> Pin<&mut (dyn Both + '_)> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }

    /// Ends the connection in this way. Errors mean that the client was faster.
    pub(super) async fn end(mut self, ending: Ending) {
        match ending {
            Ending::Reset => {
                // a stream that is dropped without lingering is reset
                let _ = self.tcp().set_zero_linger();
                return;
            }
            Ending::Write(bytes) => {
                if self.pin().write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Ending::Close => {}
        }
        if self.pin().shutdown().await.is_ok() {
            let _ = tokio::time::timeout(LINGER, drain(self.pin())).await;
        }
    }
}

/// Reads until the other side closes.
pub(super) async fn drain(mut stream: impl AsyncRead + Unpin) {
    let mut scrap = [0; 4096];
    while stream.read(&mut scrap).await.is_ok_and(|count| count > 0) {}
}

/// What both kinds of stream can do.
trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// A connection as its task, its requests and their bodies share it.
pub(super) struct Wire {
    state: Mutex<State>,
    ending: Notify,
}

struct State {
    /// Gone once the connection ends by a fault.
    stream: Option<Stream>,
    ending: Option<Ending>,
    written: u64,
}

impl Wire {
    pub(super) fn new(stream: Stream) -> Arc<Self> {
        let state = State { stream: Some(stream), ending: None, written: 0 };
        Arc::new(Self { state: Mutex::new(state), ending: Notify::new() })
    }

    /// Asks for the end of the connection. The first who asks decides how.
    pub(super) fn end(&self, ending: Ending) {
        self.lock().ending.get_or_insert(ending);
        self.ending.notify_one();
    }

    /// Waits until someone asks for the end, and takes the stream from hyper.
    pub(super) async fn ended(&self) -> Option<(Stream, Ending)> {
        self.ending.notified().await;
        self.taken()
    }

    /// The same, if someone has asked for the end.
    pub(super) fn taken(&self) -> Option<(Stream, Ending)> {
        let mut state = self.lock();
        let ending = state.ending.take()?;
        Some((state.stream.take()?, ending))
    }

    /// How many bytes hyper has written.
    pub(super) fn written(&self) -> u64 {
        self.lock().written
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What hyper holds of a [`Wire`].
pub(super) struct Tap(pub(super) Arc<Wire>);

impl Tap {
    fn with<T>(
        &self,
        act: impl FnOnce(&mut State, &mut Stream) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let mut state = self.0.lock();
        let Some(mut stream) = state.stream.take() else {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        };
        let result = act(&mut state, &mut stream);
        state.stream = Some(stream);
        result
    }
}

impl AsyncRead for Tap {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.with(|_, stream| stream.pin().poll_read(cx, buf))
    }
}

impl AsyncWrite for Tap {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.with(|state, stream| {
            let poll = stream.pin().poll_write(cx, bytes);
            if let Poll::Ready(Ok(count)) = &poll {
                state.written += *count as u64;
            }
            poll
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|_, stream| stream.pin().poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.with(|_, stream| stream.pin().poll_shutdown(cx))
    }
}
