//! One answer after another.

use bytes::Bytes;
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::cancel::Cancel;
use crate::fault::{Fault, Outcome};
use crate::operations::guarded;

pub(crate) type Next<'a> = Pin<Box<dyn Future<Output = Outcome<Option<Answer>>> + Send + 'a>>;

/// Where the answers come from.
pub(crate) trait Source: Send {
    /// The next answer; `reply` is what the caller says to the one before.
    fn next(&mut self, reply: Option<Bytes>) -> Next<'_>;

    /// Whether a step that was dropped in its middle leaves nothing out: the next one goes on where it was.
    fn resumes(&self) -> bool {
        false
    }
}

/// What a source counts while it goes on.
type Counts = Arc<dyn Fn() -> Value + Send + Sync>;

/// A source, and the runtime that its connections belong to: a shell may drop it on a thread of its own, and what is
/// dropped may still have to leave word with the runtime.
pub(crate) struct Held {
    source: Option<Box<dyn Source>>,
    process: u32,
    runtime: Option<Handle>,
}

impl Held {
    fn new(source: impl Source + 'static) -> Self {
        Self { source: Some(Box::new(source)), process: std::process::id(), runtime: None }
    }

    fn resumes(&self) -> bool {
        self.source.as_ref().is_some_and(|source| source.resumes())
    }

    async fn next(&mut self, reply: Option<Bytes>) -> Outcome<Option<Answer>> {
        self.runtime = Handle::try_current().ok();
        match &mut self.source {
            Some(source) => source.next(reply).await,
            None => Ok(None),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            // in a forked process: the connections are the parent's, and the runtime has no threads here
            std::mem::forget(self.source.take());
            return;
        }
        let _inside = self.runtime.as_ref().map(Handle::enter);
        self.source = None;
    }
}

/// What becomes of a source.
pub(crate) enum State {
    /// It stands by.
    Here(Held),
    /// A step of it is under way; or was, and was dropped in its middle.
    Away,
    /// After the last answer, or an error.
    Over,
}

/// A source that may be in use.
pub(crate) type Shared = Arc<Mutex<State>>;

/// One answer after another: the pages of a list, what happens while waiting, an object to be changed.
pub struct Stream {
    source: Shared,
    own: Cancel,
    closed: Cancel,
    operation: String,
    /// How long each step may take.
    timeout: Option<Duration>,
    /// How long it may go on in all, and until when that is: it counts from the first step.
    whole: Option<(Duration, OnceLock<Option<Instant>>)>,
    counts: Option<Counts>,
}

impl Stream {
    pub(crate) fn new(source: impl Source + 'static) -> Self {
        Self {
            source: Arc::new(Mutex::new(State::Here(Held::new(source)))),
            own: Cancel::default(),
            closed: Cancel::default(),
            operation: String::new(),
            timeout: None,
            whole: None,
            counts: None,
        }
    }

    pub(crate) fn counting(self, counts: impl Fn() -> Value + Send + Sync + 'static) -> Self {
        Self { counts: Some(Arc::new(counts)), ..self }
    }

    pub(crate) fn until(self, closed: Cancel) -> Self {
        Self { closed, ..self }
    }

    pub(crate) fn named(self, operation: &str) -> Self {
        Self { operation: operation.to_owned(), ..self }
    }

    pub(crate) fn with_timeout(self, timeout: Option<Duration>) -> Self {
        Self { timeout, ..self }
    }

    /// Ends it after this time in all, if it goes on until it is left.
    pub(crate) fn ending_after(self, whole: Option<Duration>) -> Self {
        Self { whole: whole.map(|span| (span, OnceLock::new())), ..self }
    }

    /// That it went on for as long as it may; never, if nothing ends it.
    async fn ended(&self) -> Fault {
        let Some((span, until)) = &self.whole else { return std::future::pending().await };
        // a span that no clock can hold has no end
        let end = until.get_or_init(|| Instant::now().checked_add(*span));
        let Some(end) = end else { return std::future::pending().await };
        tokio::time::sleep_until(*end).await;
        Fault::went_on(&self.operation, *span)
    }

    /// What it reads from, for whoever ends it from outside.
    pub(crate) fn source(&self) -> Weak<Mutex<State>> {
        Arc::downgrade(&self.source)
    }

    /// The next answer; nothing after the last. `reply` is what the caller says to the one before: the object that an
    /// operation gave to be changed.
    ///
    /// Calls from several tasks take their turns.
    ///
    /// # Errors
    /// Those of the operation; after one the stream is over. `cancelled` if a call before this one was dropped before
    /// it ended: what it had begun is lost, and going on would leave a gap that nobody sees. Watches and logs go on.
    pub async fn next(&self, reply: Option<Bytes>) -> Outcome<Option<Answer>> {
        // dropped last: after the step, however it ends
        let _ending = Ending(self);
        let call = self.own.run("it was stopped before its end; begin it anew", async {
            let mut place = self.source.lock().await;
            if let State::Here(source) = &mut *place
                && source.resumes()
            {
                let answer = tokio::select! {
                    // first: what always has something ready would never end
                    biased;
                    fault = self.ended() => Err(fault),
                    answer = guarded(&self.operation, self.timeout, source.next(reply)) => answer,
                };
                if !matches!(answer, Ok(Some(_))) {
                    *place = State::Over;
                }
                return answer;
            }
            let mut source = match std::mem::replace(&mut *place, State::Away) {
                State::Here(source) => source,
                State::Away => {
                    return Err(Fault::cancelled("it was dropped in the middle of a step; begin it anew"));
                }
                State::Over => {
                    *place = State::Over;
                    return Ok(None);
                }
            };
            let answer = guarded(&self.operation, self.timeout, source.next(reply)).await;
            *place = match answer {
                Ok(Some(_)) => State::Here(source),
                _ => State::Over,
            };
            answer
        });
        self.closed.run("the client is closed", call).await.map_err(|fault| fault.of(&self.operation))
    }

    /// What was counted so far, as JSON; `null` of a stream that counts nothing.
    pub fn counts_json(&self) -> String {
        self.counts.as_ref().map_or(Value::Null, |counts| counts()).to_string()
    }

    /// Stops it: what is under way is dropped, and nothing comes any more.
    pub fn stop(&self) {
        self.own.cancel();
        end(&self.source);
    }
}

/// A step. What stops a stream while a step has the source cannot drop that; the step does when it is over.
struct Ending<'s>(&'s Stream);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.0.own.is_cancelled() || self.0.closed.is_cancelled() {
            end(&self.0.source);
        }
    }
}

/// Drops a source that stands by, and with it the request for the next page, if that is on its way. One that is in use
/// goes with its use.
pub(crate) fn end(source: &Mutex<State>) {
    if let Ok(mut place) = source.try_lock() {
        *place = State::Over;
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stream({})", self.operation)
    }
}
