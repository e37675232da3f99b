//! Stopping what is under way.

use std::future::Future;
use std::sync::Arc;
use tokio::sync::watch;

use crate::fault::{Fault, Outcome};

/// Stops calls from outside. A clone stops the same calls. What was stopped is dropped, which closes its connection.
#[derive(Debug, Clone)]
pub struct Cancel(Arc<watch::Sender<bool>>);

impl Default for Cancel {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Cancel {
    /// Stops what runs under this, and what begins later.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was stopped.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is stopped.
    pub async fn cancelled(&self) {
        // the sender lives in self, so that this ends only with the value
        let _ = self.0.subscribe().wait_for(|stopped| *stopped).await;
    }

    /// The outcome of a call, unless it is stopped before that.
    ///
    /// # Errors
    /// `cancelled` with these words, or what the call leads to.
    pub async fn run<T>(&self, words: &str, call: impl Future<Output = Outcome<T>>) -> Outcome<T> {
        tokio::select! {
            biased;
            () = self.cancelled() => Err(Fault::cancelled(words)),
            outcome = call => outcome,
        }
    }
}
