//! One answer after another.

use bytes::Bytes;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use tokio::sync::Mutex;

use crate::answer::Answer;
use crate::cancel::Cancel;
use crate::fault::Outcome;

pub(crate) type Next<'a> = Pin<Box<dyn Future<Output = Outcome<Option<Answer>>> + Send + 'a>>;

/// Where the answers come from.
pub(crate) trait Source: Send {
    /// The next answer; `reply` is what the caller says to the one before.
    fn next(&mut self, reply: Option<Bytes>) -> Next<'_>;
}

/// One answer after another: the pages of a list, what happens while waiting, an object to be changed.
pub struct Stream {
    source: Mutex<Option<Box<dyn Source>>>,
    own: Cancel,
    closed: Cancel,
}

impl Stream {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        Self { source: Mutex::new(Some(Box::new(source))), own: Cancel::default(), closed: Cancel::default() }
    }

    pub(crate) fn until(self, closed: Cancel) -> Self {
        Self { closed, ..self }
    }

    /// The next answer; nothing after the last. `reply` is what the caller says to the one before: the object that an
    /// operation gave to be changed.
    ///
    /// Calls from several tasks take their turns.
    ///
    /// # Errors
    /// Those of the operation; after one the stream is over.
    pub async fn next(&self, reply: Option<Bytes>) -> Outcome<Option<Answer>> {
        let call = self.own.run("the stream was stopped", async {
            let mut place = self.source.lock().await;
            // what is dropped in the middle of a step does not go on from there
            let Some(mut source) = place.take() else { return Ok(None) };
            let answer = source.next(reply).await?;
            if answer.is_some() {
                *place = Some(source);
            }
            Ok(answer)
        });
        self.closed.run("the client is closed", call).await
    }

    /// Stops it: what is under way is dropped, and nothing comes any more.
    pub fn stop(&self) {
        self.own.cancel();
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}
