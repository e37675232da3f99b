//! Bodies as they go out: whole, in drips, or cut.

use super::wire::{Ending, Wire};
use crate::journal::Flight;
use bytes::Bytes;
use futures_util::Stream;
use hyper::body::{Body, Frame, SizeHint};
use std::convert::Infallible;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::Sleep;

/// How much goes out at once: small enough that a client which leaves in between is noticed.
const CHUNK: usize = 64 * 1024;

/// How often a dripping body drips, where its rate allows.
const DRIPS_PER_SECOND: u64 = 20;

/// How long nothing more is written before a body that is cut counts as sent.
const QUIET: Duration = Duration::from_millis(20);

/// A body and what is to be noted when it is through.
pub(super) struct Payload {
    rest: Bytes,
    pace: Pace,
    /// In flight until the last byte is with hyper. A body that is dropped before was abandoned.
    flight: Option<Flight>,
}

enum Pace {
    Full,
    Live(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
    Drip { bytes: usize, wait: Duration, timer: Option<Pin<Box<Sleep>>> },
    Cut { wire: Arc<Wire>, wanted: u64, last: u64, timer: Option<Pin<Box<Sleep>>> },
}

impl Payload {
    /// The whole body.
    pub(super) fn whole(rest: Bytes, flight: Option<Flight>) -> Self {
        Self::new(rest, Pace::Full, flight)
    }

    /// The first bytes of a body, and what it goes on with.
    pub(super) fn live(
        rest: Bytes,
        more: impl Stream<Item = Bytes> + Send + 'static,
        flight: Flight,
    ) -> Self {
        Self::new(rest, Pace::Live(Box::pin(more)), Some(flight))
    }

    /// The whole body at so many bytes per second.
    pub(super) fn drip(rest: Bytes, rate: NonZeroU64, flight: Flight) -> Self {
        let rate = rate.get();
        let drips = rate.min(DRIPS_PER_SECOND);
        let bytes = usize::try_from(rate / drips).unwrap_or(usize::MAX);
        // the wait follows from the bytes, so that a rate that does not divide evenly is still met
        let wait = Duration::from_secs_f64(bytes as f64 / rate as f64);
        Self::new(rest, Pace::Drip { bytes, wait, timer: None }, Some(flight))
    }

    /// The first bytes of the body; once they are on the wire, the end of the connection. For HTTP/2: only hyper
    /// knows its frames, so the bytes count as sent when enough were written and no more follow.
    pub(super) fn cut(rest: Bytes, wire: Arc<Wire>, flight: Flight) -> Self {
        let last = wire.written();
        // even of an empty body the head must be out
        let wanted = last.saturating_add(rest.len().max(1) as u64);
        Self::new(rest, Pace::Cut { wire, wanted, last, timer: None }, Some(flight))
    }

    fn new(rest: Bytes, pace: Pace, flight: Option<Flight>) -> Self {
        let mut payload = Self { rest, pace, flight };
        payload.finish_if_done();
        payload
    }

    fn ends_by_itself(&self) -> bool {
        !matches!(self.pace, Pace::Cut { .. } | Pace::Live(_))
    }

    fn finish_if_done(&mut self) {
        if self.rest.is_empty() && self.ends_by_itself() {
            self.flight.take().iter_mut().for_each(Flight::finish);
        }
    }

    fn next(&mut self, bytes: usize) -> Option<Bytes> {
        if self.rest.is_empty() {
            return None;
        }
        let chunk = self.rest.split_to(bytes.min(self.rest.len()));
        self.finish_if_done();
        Some(chunk)
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let bytes = match &mut this.pace {
            Pace::Full => CHUNK,
            Pace::Cut { .. } | Pace::Live(_) if !this.rest.is_empty() => CHUNK,
            Pace::Live(more) => {
                let more = ready!(more.as_mut().poll_next(cx));
                if more.is_none() {
                    this.flight.take().iter_mut().for_each(Flight::finish);
                }
                return Poll::Ready(more.map(|more| Ok(Frame::data(more))));
            }
            Pace::Drip { bytes, wait, timer } => {
                let sleep = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(*wait)));
                ready!(sleep.as_mut().poll(cx));
                let next = sleep.deadline() + *wait;
                sleep.as_mut().reset(next);
                *bytes
            }
            Pace::Cut { wire, wanted, last, timer } => loop {
                let sleep = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(QUIET)));
                ready!(sleep.as_mut().poll(cx));
                let written = wire.written();
                if written >= *wanted && written == *last {
                    this.flight.take().iter_mut().for_each(Flight::finish);
                    wire.end(Ending::Close);
                    // the connection's task takes it from here, and drops this body
                    return Poll::Pending;
                }
                *last = written;
                *timer = None;
            },
        };
        Poll::Ready(this.next(bytes).map(|chunk| Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.ends_by_itself()
    }

    fn size_hint(&self) -> SizeHint {
        match self.pace {
            // it does not end by itself, whatever is in it
            Pace::Cut { .. } | Pace::Live(_) => SizeHint::default(),
            _ => SizeHint::with_exact(self.rest.len() as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Journal;
    use http_body_util::BodyExt;
    use tokio::time::Instant;

    fn flight(journal: &Journal) -> Flight {
        let (parts, ()) = http::Request::new(()).into_parts();
        journal.began(1, &parts, "/", "/")
    }

    #[tokio::test]
    async fn a_whole_body_is_in_flight_until_its_last_chunk() {
        let journal = Journal::default();
        let bytes = Bytes::from(vec![b'x'; CHUNK + 1]);
        let mut body = Payload::whole(bytes.clone(), Some(flight(&journal)));
        assert_eq!(body.size_hint().exact(), Some(CHUNK as u64 + 1));
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), CHUNK);
        assert_eq!(journal.in_flight(), 1);
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap().len(), 1);
        assert!(body.is_end_stream() && journal.in_flight() == 0);
        assert!(!journal.entries()[0].abandoned);

        drop(Payload::whole(bytes, Some(flight(&journal))));
        assert!(journal.entries()[1].abandoned);
        drop(Payload::whole(Bytes::new(), Some(flight(&journal))));
        assert!(!journal.entries()[2].abandoned);
    }

    #[tokio::test]
    async fn drips_keep_their_rate() {
        let journal = Journal::default();
        for (length, rate, millis) in [(3, 30, 100), (50, 290, 172), (1000, 10_000, 100)] {
            let start = Instant::now();
            let body = Payload::drip(
                Bytes::from(vec![b'x'; length]),
                NonZeroU64::new(rate).unwrap(),
                flight(&journal),
            );
            assert_eq!(body.collect().await.unwrap().to_bytes().len(), length);
            let took = start.elapsed();
            assert!(took >= Duration::from_millis(millis * 9 / 10), "{length} at {rate}: {took:?}");
        }
        assert_eq!(journal.in_flight(), 0);
    }
}
