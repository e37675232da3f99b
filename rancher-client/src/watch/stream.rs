//! The stream that a watch is.

use futures_core::Stream;
use futures_util::stream::{self, BoxStream, StreamExt as _};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::event::{Counters, Event, WatchCounts};
use super::follow::Follow;
use super::options::WatchOptions;
use super::source::Source;
use crate::error::Result;
use crate::wire::Document;

/// A watch: a stream of events that goes on until it is dropped or refused for good. See the [module](super).
///
/// Nothing is sent before it is polled. An error is the last item.
#[must_use = "a watch sends nothing before it is polled"]
pub struct Watch<T> {
    operation: &'static str,
    events: BoxStream<'static, Result<Event<T>>>,
    counters: Arc<Counters>,
}

impl<T: Document + Send + 'static> Watch<T> {
    pub(crate) fn new(source: Result<Box<dyn Source>>, options: WatchOptions) -> Self {
        let counters = Arc::new(Counters::default());
        let source = options.check().and(source);
        let source = match source {
            Ok(source) => source,
            Err(error) => {
                let events = stream::iter([Err(error)]).boxed();
                return Self { operation: "nothing", events, counters };
            }
        };
        let operation = source.operation();
        let follow = Follow::new(source, options, Arc::clone(&counters));
        let events = stream::unfold(follow, |mut follow| async move {
            let event = follow.next().await?;
            Some((event, follow))
        });
        Self { operation, events: events.boxed(), counters }
    }
}

impl<T> Watch<T> {
    /// What was counted so far.
    pub fn counts(&self) -> WatchCounts {
        self.counters.read()
    }

    /// Tells the same, for somebody who does not hold the watch itself.
    pub fn counter(&self) -> impl Fn() -> WatchCounts + Send + Sync + use<T> {
        let counters = Arc::clone(&self.counters);
        move || counters.read()
    }
}

impl<T> Stream for Watch<T> {
    type Item = Result<Event<T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().events.poll_next_unpin(cx)
    }
}

impl<T> Unpin for Watch<T> {}

impl<T> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({})", self.operation)
    }
}
