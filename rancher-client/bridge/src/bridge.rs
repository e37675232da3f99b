//! A client behind the border.

use bytes::Bytes;
use rancher_client::{Client, Config};
use std::fmt;

use crate::answer::Answer;
use crate::cancel::Cancel;
use crate::fault::{Fault, Outcome};
use crate::open::OpenOptions;
use crate::operations;
use crate::stream::Stream;

const CLOSED: &str = "the client is closed";

/// A client behind the border. A clone shares everything.
#[derive(Clone)]
pub struct Bridge {
    client: Client,
    closed: Cancel,
}

impl Bridge {
    /// Opens a client with options as JSON. Nothing is sent.
    ///
    /// # Errors
    /// `config` if something is missing or wrong; `invalid` if the options are none.
    pub fn open(options: &[u8]) -> Outcome<Self> {
        Self::of(OpenOptions::read(options)?.config()?)
    }

    /// A client for this configuration.
    ///
    /// # Errors
    /// `config`, as [`Client::new`].
    pub fn of(config: Config) -> Outcome<Self> {
        Ok(Self::over(Client::new(config)?))
    }

    /// The border around a client that is there already.
    pub fn over(client: Client) -> Self {
        Self { client, closed: Cancel::default() }
    }

    /// The same client with connections of its own and nothing observed yet: for a forked process, which cannot use
    /// what its parent opened.
    ///
    /// # Errors
    /// As [`Bridge::of`].
    pub fn reopened(&self) -> Outcome<Self> {
        Self::of(self.client.config().clone())
    }

    /// Calls an operation with its target and options as JSON.
    ///
    /// `original` is the object of an answer that the operation changes, as it was read.
    ///
    /// # Errors
    /// Those of the operation; `cancelled` if the client is or gets closed; `invalid` if there is no such operation.
    pub async fn call(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Answer> {
        self.closed.run(CLOSED, operations::call(&self.client, operation, input, original)).await
    }

    /// Begins an operation that returns one answer after another. Nothing is sent before the first is asked for.
    ///
    /// # Errors
    /// `invalid` if there is no such operation, or it cannot be read what it shall do.
    pub fn begin(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Stream> {
        if self.closed.is_cancelled() {
            return Err(Fault::cancelled(CLOSED));
        }
        operations::begin(&self.client, operation, input, original)
            .map(|stream| stream.until(self.closed.clone()))
    }

    /// Stops every call that is under way, and refuses those to come.
    pub fn close(&self) {
        self.closed.cancel();
    }

    /// The server, the credential's name and kind, the cluster that is meant, as JSON.
    pub fn describe(&self) -> String {
        let config = self.client.config();
        let credential = self.client.connection().credential();
        serde_json::json!({
            "url": config.server.to_string(),
            "credential": credential.name().map(ToString::to_string),
            "kind": credential.kind(),
            "cluster": config.cluster,
        })
        .to_string()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bridge({})", self.client.config().server)
    }
}
