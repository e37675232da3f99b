//! So many requests at a time, and no more.

use futures_util::stream;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use super::{Body, BoxFuture, Patience, Request, Response, Transport};
use crate::error::{Error, ErrorKind, Result};

/// Lets only so many requests be under way at once. The rest wait, and their waiting counts against their deadline.
///
/// A request is under way until its body was read to the end or dropped. A stream gives its place back when its
/// headers are there: a few watches would otherwise keep everything else waiting for ever. A question of the client
/// itself needs no place: there are few of them, and behind a thousand calls that were refused, the question why would
/// come too late.
#[derive(Debug)]
pub(crate) struct Limit {
    inner: Arc<dyn Transport>,
    places: Arc<Semaphore>,
    in_flight: usize,
}

impl Limit {
    /// At least one request is always let through ([`crate::config::Limits::in_flight`]).
    pub(crate) fn new(inner: Arc<dyn Transport>, in_flight: usize) -> Self {
        let in_flight = in_flight.clamp(1, Semaphore::MAX_PERMITS);
        Self { inner, places: Arc::new(Semaphore::new(in_flight)), in_flight }
    }

    async fn place(&self, request: &Request) -> Result<OwnedSemaphorePermit> {
        let place = Arc::clone(&self.places).acquire_owned();
        let place = match request.due {
            None => place.await,
            Some(due) => timeout_at(due.at, place).await.map_err(|_| {
                let because = format!(
                    "it waited for one of {} places (in_flight); a request keeps its place until its body is read or dropped",
                    self.in_flight
                );
                due.exceeded().with_because([because]).with_nothing_sent()
            })?,
        };
        // nobody closes the semaphore, so this does not happen
        place.map_err(|closed| {
            Error::new(ErrorKind::Cancelled, "the client is closed", "").with_source(closed)
        })
    }
}

impl Transport for Limit {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response>> {
        Box::pin(async move {
            if request.probe || request.ahead {
                return self.inner.send(request).await;
            }
            let place = self.place(&request).await?;
            let patience = request.patience;
            let mut response = self.inner.send(request).await?;
            if patience != Patience::Stream {
                response.body = holding(response.body, place);
            }
            Ok(response)
        })
    }
}

/// The same body, which gives the place back at its end, at an error, or when it is dropped.
fn holding(body: Body, place: OwnedSemaphorePermit) -> Body {
    Body::from_stream(stream::unfold(Some((body, place)), |held| async move {
        let (mut body, place) = held?;
        match body.next().await? {
            Ok(piece) => Some((Ok(piece), Some((body, place)))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::super::deadline::Deadline;
    use super::super::mock::{Mock, dripping, failure, request, response};
    use super::*;
    use http::Method;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    const SECOND: Duration = Duration::from_secs(1);

    fn get() -> Request {
        request(Method::GET, "/v3/clusters")
    }

    async fn is_free(layer: &Limit) -> bool {
        tokio::time::timeout(SECOND, layer.send(get())).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_probe_does_not_stand_in_line() {
        let mock = Mock::new(|request: Request| async move {
            if !request.probe {
                std::future::pending::<()>().await;
            }
            Ok(response(200, "x"))
        });
        let layer = Limit::new(Arc::new(mock), 1);
        let mut slow = layer.send(get());
        assert!(tokio::time::timeout(SECOND, &mut slow).await.is_err());
        assert!(!is_free(&layer).await);
        let probe = Request { probe: true, ..get() };
        tokio::time::timeout(SECOND, layer.send(probe)).await.unwrap().unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_so_many() {
        let now = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let (now_in, most_in) = (Arc::clone(&now), Arc::clone(&most));
        let mock = Mock::new(move |_| {
            let (now, most) = (Arc::clone(&now_in), Arc::clone(&most_in));
            async move {
                most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(SECOND).await;
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(response(200, "x"))
            }
        });
        let layer = Limit::new(Arc::new(mock.clone()), 3);
        let all = (0..10).map(|_| async { layer.send(get()).await.unwrap().body.read(10).await.unwrap() });
        futures_util::future::join_all(all).await;
        assert_eq!((mock.count(), most.load(Ordering::SeqCst)), (10, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_held_until_the_body_is_read_or_dropped() {
        let layer = Limit::new(Arc::new(Mock::always(200, "text")), 1);
        let mut response = layer.send(get()).await.unwrap();
        assert!(!is_free(&layer).await);
        response.body.next().await.unwrap().unwrap();
        assert!(!is_free(&layer).await, "the end was not seen yet");
        assert!(response.body.next().await.is_none());
        assert!(is_free(&layer).await, "read to its end, though not dropped");

        let unread = layer.send(get()).await.unwrap();
        assert!(!is_free(&layer).await);
        drop(unread);
        assert!(is_free(&layer).await);
    }

    #[tokio::test(start_paused = true)]
    async fn errors_cancelled_calls_and_streams_give_it_back() {
        let broken =
            Limit::new(Arc::new(Mock::new(|_| async { Err(failure(ErrorKind::Connect, true, None)) })), 1);
        assert!(broken.send(get()).await.is_err());
        assert!(is_free(&broken).await);

        let silent = Limit::new(Arc::new(Mock::silent()), 1);
        assert!(tokio::time::timeout(SECOND, silent.send(get())).await.is_err());
        assert_eq!(silent.places.available_permits(), 1);

        let body = Mock::new(|_| async {
            let body = Body::from_stream(stream::iter([Err(failure(ErrorKind::Connect, true, None))]));
            Ok(Response { body, ..response(200, "") })
        });
        let layer = Limit::new(Arc::new(body), 1);
        let mut kept = layer.send(get()).await.unwrap();
        assert!(kept.body.next().await.unwrap().is_err());
        assert!(is_free(&layer).await);

        let watch = Limit::new(Arc::new(Mock::new(|_| async { Ok(dripping(&["a"], SECOND * 60)) })), 1);
        let stream = Request { patience: Patience::Stream, ..get() };
        let _open = watch.send(stream).await.unwrap();
        assert!(is_free(&watch).await);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_counts_against_the_deadline_and_says_what_for() {
        let limit: Arc<dyn Transport> = Arc::new(Limit::new(Arc::new(Mock::always(200, "x")), 1));
        let _held = limit.send(get()).await.unwrap();
        let error = Deadline::new(Arc::clone(&limit), SECOND * 5).send(get()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.because()[0].contains("one of 1 places"), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn zero_is_one() {
        assert!(is_free(&Limit::new(Arc::new(Mock::always(200, "")), 0)).await);
        assert!(is_free(&Limit::new(Arc::new(Mock::always(200, "")), usize::MAX)).await);
    }
}
