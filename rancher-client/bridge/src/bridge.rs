//! A client behind the border.

use bytes::Bytes;
use rancher_client::config::Report;
use rancher_client::{Client, Config, Credential};
use serde_json::{Value, json};
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::answer::Answer;
use crate::cancel::Cancel;
use crate::fault::{Fault, Outcome};
use crate::input::Context;
use crate::naming::Naming;
use crate::open::OpenOptions;
use crate::operations;
use crate::sessions::Sessions;
use crate::stream::{self, State, Stream};

const CLOSED: &str = "the client is closed";

type Source = Weak<tokio::sync::Mutex<State>>;

/// A client behind the border. A clone shares everything.
#[derive(Clone)]
pub struct Bridge {
    /// Nothing once it is closed: the last to let go of a client closes its connections.
    context: Arc<Mutex<Option<Context>>>,
    /// Those that end with the client are held until they are over, so that closing again can end them.
    sessions: Sessions,
    /// For those that are opened anew.
    config: Arc<Config>,
    /// The credential as it is now: an operation may have replaced it.
    credential: Arc<dyn Fn() -> Credential + Send + Sync>,
    /// As it was at first, also of one that is opened anew.
    opened_with: Credential,
    naming: Naming,
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
        let found = Some(Arc::new(opened.report));
        Ok(Self { found, ..Self::named(Client::new(opened.config)?, opened.naming) })
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
        Self::named(client, Naming::default())
    }

    fn named(client: Client, naming: Naming) -> Self {
        crate::prepare();
        let sessions = Sessions::default();
        Self {
            config: Arc::new(client.config().clone()),
            credential: Arc::new(client.connection().credentials()),
            opened_with: client.config().credential.clone(),
            context: Arc::new(Mutex::new(Some(Context { client, naming, sessions: sessions.clone() }))),
            sessions,
            naming,
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
        // it takes no lock: one that another thread held while the process forked stays held
        let mut config = Config::clone(&self.config);
        config.credential = (self.credential)();
        let client = Client::new(config)?;
        let opened_with = self.opened_with.clone();
        Ok(Self { found: self.found.clone(), opened_with, ..Self::named(client, self.naming) })
    }

    fn context(&self) -> Outcome<Context> {
        let context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        context.clone().ok_or_else(|| Fault::cancelled(CLOSED))
    }

    /// Calls an operation with its target and options as JSON.
    ///
    /// `original` is the object of an answer that the operation changes, as it was read.
    ///
    /// # Errors
    /// Those of the operation; `cancelled` if the client is or gets closed; `invalid` if there is no such operation, or
    /// it does not take what it is given; `internal` if it panics.
    pub async fn call(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Answer> {
        let call = async {
            let context = self.context()?;
            operations::call(&context, operation, input, original).await
        };
        self.closed.run(CLOSED, call).await.map_err(|fault| fault.of(operation))
    }

    /// Begins an operation that returns one answer after another. Nothing is sent before the first is asked for.
    ///
    /// # Errors
    /// `invalid` if there is no such operation, or it does not take what it is given.
    pub fn begin(&self, operation: &str, input: &[u8], original: Option<Bytes>) -> Outcome<Stream> {
        let context = self.context().map_err(|fault| fault.of(operation))?;
        let stream = operations::begin(&context, operation, input, original)?.until(self.closed.clone());
        let mut sources = self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        sources.retain(|source| source.strong_count() > 0);
        sources.push(stream.source());
        Ok(stream)
    }

    /// As [`Bridge::close`], at once. What is left to be done is what comes back, if anything is: ending the sessions on
    /// the server that were begun to end with the client. Each may take ten seconds. One that could not be ended is tried
    /// again by the next call.
    ///
    /// # Errors
    /// Of what comes back: what kept a session from being ended. It may go on; the client is closed all the same.
    pub fn finish(&self) -> Option<impl Future<Output = Outcome<()>> + Send + use<>> {
        self.stop();
        self.sessions.keep_to_be_ended();
        let sessions = Some(self.sessions.clone()).filter(Sessions::to_be_ended)?;
        Some(async move { sessions.end().await })
    }

    /// Stops every call that is under way, refuses those to come, and closes the connections. Sessions go on until their
    /// time is over.
    pub fn close(&self) {
        self.stop();
        self.sessions.forget();
    }

    fn stop(&self) {
        self.closed.cancel();
        drop(self.context.lock().unwrap_or_else(PoisonError::into_inner).take());
        let sources = std::mem::take(&mut *self.sources.lock().unwrap_or_else(PoisonError::into_inner));
        sources.iter().filter_map(Weak::upgrade).for_each(|source| stream::end(&source));
    }

    /// The server, the credential's name and kind, whether an operation put it in the place of the one that the client
    /// was opened with, the cluster that is meant, what certificates are trusted, and where all of it was found, as JSON.
    pub fn describe(&self) -> String {
        let config = &self.config;
        let credential = (self.credential)();
        let all = json!({
            "url": config.server.to_string(),
            "credential": credential.name().map(ToString::to_string),
            "kind": credential.kind(),
            "replaced": !credential.same_as(&self.opened_with),
            "cluster": config.cluster,
            "trust": config.trust.as_str(),
            "discovery": self.found.as_ref().map_or(Value::Null, |found| found.to_json()),
        });
        self.naming.value(all).to_string()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bridge({})", self.config.server)
    }
}
