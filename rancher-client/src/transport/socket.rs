//! A WebSocket, whatever is under it.

use bytes::Bytes;
use futures_core::Stream;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use crate::error::{Error, Result};

/// The messages as they arrive.
type Incoming = Pin<Box<dyn Stream<Item = Result<Bytes>> + Send>>;

/// How a message is sent.
type Sender = Box<dyn FnMut(String) -> BoxFuture<'static, Result<()>> + Send>;

/// A WebSocket: messages come and go as text. Dropping it closes the connection.
///
/// ```
/// use rancher_client::transport::Socket;
///
/// // that of a transport of one's own
/// let incoming = futures_util::stream::iter([Ok("{\"name\":\"ping\"}".into())]);
/// let socket = Socket::new(incoming, |_| Box::pin(async { Ok(()) }));
/// # drop(socket);
/// ```
pub struct Socket {
    incoming: Incoming,
    send: Sender,
    on_error: Option<Arc<dyn Fn(Error) -> Error + Send + Sync>>,
}

impl Socket {
    /// A socket from the messages that arrive and a way to send one.
    pub fn new(
        incoming: impl Stream<Item = Result<Bytes>> + Send + 'static,
        send: impl FnMut(String) -> BoxFuture<'static, Result<()>> + Send + 'static,
    ) -> Self {
        Self { incoming: Box::pin(incoming), send: Box::new(send), on_error: None }
    }

    /// The next message; nothing after the socket was closed.
    ///
    /// # Errors
    /// `connect` if the connection broke.
    pub async fn next(&mut self) -> Option<Result<Bytes>> {
        let message = self.incoming.next().await?;
        Some(message.map_err(|error| self.named(error)))
    }

    /// Sends a message.
    ///
    /// # Errors
    /// `connect` if the connection broke.
    pub async fn send(&mut self, text: String) -> Result<()> {
        let sent = (self.send)(text).await;
        sent.map_err(|error| self.named(error))
    }

    fn named(&self, error: Error) -> Error {
        match &self.on_error {
            Some(name) => name(error),
            None => error,
        }
    }

    /// The same socket, whose errors are put through this.
    pub(crate) fn mapping_errors(self, name: impl Fn(Error) -> Error + Send + Sync + 'static) -> Self {
        Self { on_error: Some(Arc::new(name)), ..self }
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Socket(…)")
    }
}
