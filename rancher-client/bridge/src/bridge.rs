//! A client behind the border.

use bytes::Bytes;
use rancher_client::config::Report;
use rancher_client::{Client, Config};
use serde_json::{Value, json};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::answer::Answer;
use crate::cancel::Cancel;
use crate::fault::{Fault, Outcome};
use crate::input::Context;
use crate::naming::Naming;
use crate::open::OpenOptions;
use crate::operations;
use crate::stream::{self, State, Stream};

const CLOSED: &str = "the client is closed";

type Source = Weak<tokio::sync::Mutex<State>>;

/// A client behind the border. A clone shares everything.
#[derive(Clone)]
pub struct Bridge {
    context: Context,
    closed: Cancel,
    /// What streams that were begun read from.
    sources: Arc<Mutex<Vec<Source>>>,
    found: Option<Arc<Report>>,
}

impl Bridge {
    /// Opens a client with options as JSON. Nothing is sent.
    ///
    /// # Errors
    /// `config` if something is missing or wrong.
    pub fn open(options: &[u8]) -> Outcome<Self> {
        let opened = OpenOptions::read(options)?.open()?;
        let bridge = Self::of(opened.config)?;
        let context = Context { naming: opened.naming, ..bridge.context };
        Ok(Self { context, found: Some(Arc::new(opened.report)), ..bridge })
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
        crate::prepare();
        Self {
            context: Context { client, naming: Naming::default() },
            closed: Cancel::default(),
            sources: Arc::default(),
            found: None,
        }
    }

    /// The same client with connections of its own and nothing observed yet: for a forked process, which cannot use
    /// what its parent opened.
    ///
    /// # Errors
    /// As [`Bridge::of`].
    pub fn reopened(&self) -> Outcome<Self> {
        let client = &self.context.client;
        let mut config = client.config().clone();
        config.credential = client.connection().credential();
        let bridge = Self::of(config)?;
        let context = Context { naming: self.context.naming, ..bridge.context };
        Ok(Self { context, found: self.found.clone(), ..bridge })
    }

    /// Calls an operation with its target and options as JSON.
    ///
    /// `original` is the object of an answer that the operation changes, as it was read.
    ///
    /// # Errors
    /// Those of the operation; `cancelled` if the client is or gets closed; `invalid` if there is no such operation, or
    /// it does not take what it is given; `internal` if it panics.
    pub async fn call(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Answer> {
        self.closed.run(CLOSED, operations::call(&self.context, operation, input, original)).await
    }

    /// Begins an operation that returns one answer after another. Nothing is sent before the first is asked for.
    ///
    /// # Errors
    /// `invalid` if there is no such operation, or it does not take what it is given.
    pub fn begin(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Stream> {
        if self.closed.is_cancelled() {
            return Err(Fault::cancelled(CLOSED));
        }
        let stream = operations::begin(&self.context, operation, input, original)?.until(self.closed.clone());
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|source| source.strong_count() > 0);
        sources.push(stream.source());
        Ok(stream)
    }

    /// Stops every call that is under way, and refuses those to come.
    pub fn close(&self) {
        self.closed.cancel();
        let sources = std::mem::take(&mut *self.sources.lock().unwrap_or_else(PoisonError::into_inner));
        sources.iter().filter_map(Weak::upgrade).for_each(|source| stream::end(&source));
    }

    /// The server, the credential's name and kind, the cluster that is meant, what certificates are trusted, and where
    /// all of it was found, as JSON.
    pub fn describe(&self) -> String {
        let config = self.context.client.config();
        let credential = self.context.client.connection().credential();
        let all = json!({
            "url": config.server.to_string(),
            "credential": credential.name().map(ToString::to_string),
            "kind": credential.kind(),
            "cluster": config.cluster,
            "trust": config.trust.as_str(),
            "discovery": self.found.as_ref().map_or(Value::Null, |found| found.to_json()),
        });
        self.context.naming.value(all).to_string()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bridge({})", self.context.client.config().server)
    }
}
