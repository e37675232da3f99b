//! The wait itself: look, judge, sleep.

use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::look::{self, Unmet};
use super::{Until, WaitOptions};
use crate::error::{Dialect, Error, ErrorKind, Result};
use crate::transport::BoxFuture;
use crate::wire::{Document, Kept, Object, redact};

/// What happened while waiting.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress<T: Document> {
    /// What is not so yet. It comes when it changes, not with every look.
    Unmet(Unmet),
    /// The object is as it shall be. This is the last event.
    Met(Kept<T>),
    /// The object is gone; its last state, if it was seen. This is the last event.
    Gone(Option<Kept<T>>),
}

/// Reads the object.
type Get<T> = Box<dyn Fn() -> BoxFuture<'static, Result<Kept<T>>> + Send + Sync>;

type Events<T> = Pin<Box<dyn Stream<Item = Result<Progress<T>>> + Send>>;

/// A wait until an object is as it shall be. Awaited, it is the object. Nothing is sent before that.
///
/// ```no_run
/// # async fn run(clusters: rancher_client::v3::Resource<rancher_client::wire::Object>) -> rancher_client::Result<()> {
/// use rancher_client::wait::{Until, WaitOptions};
///
/// let cluster = clusters.wait("c-prod1", Until::settled(), WaitOptions::default()).await?;
/// println!("{:?}", cluster.text("state"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a wait looks at nothing before it is awaited"]
pub struct Wait<T: Document>(Events<T>);

/// A wait until an object is gone. Awaited, it is the last state that was seen, if there was one. Nothing is sent before
/// that.
#[must_use = "a wait looks at nothing before it is awaited"]
pub struct WaitGone<T: Document>(Events<T>);

/// What happens while waiting, as a stream. It ends with the object, or with an error.
#[must_use = "a stream looks at nothing before it is polled"]
pub struct ProgressStream<T: Document>(Events<T>);

impl<T: Document + Send + Sync + 'static> Wait<T> {
    pub(crate) fn new(
        operation: &'static str,
        what: String,
        until: Until,
        options: WaitOptions,
        get: impl Fn() -> BoxFuture<'static, Result<Kept<T>>> + Send + Sync + 'static,
    ) -> Self {
        Self(Watch::events(operation, what, Wish::Until(until), options, Box::new(get)))
    }

    /// What happens while waiting.
    pub fn progress(self) -> ProgressStream<T> {
        ProgressStream(self.0)
    }
}

impl<T: Document + Send + Sync + 'static> WaitGone<T> {
    /// `collection` and `id` say what is waited for; the end of the id is the name that the server calls it by.
    pub(crate) fn new(
        operation: &'static str,
        collection: &str,
        id: &str,
        options: WaitOptions,
        get: impl Fn() -> BoxFuture<'static, Result<Kept<T>>> + Send + Sync + 'static,
    ) -> Self {
        let name = id.rsplit([':', '/']).next().unwrap_or(id).to_owned();
        Self(Watch::events(
            operation,
            format!("{collection} {id}"),
            Wish::Gone { name },
            options,
            Box::new(get),
        ))
    }

    /// What happens while waiting.
    pub fn progress(self) -> ProgressStream<T> {
        ProgressStream(self.0)
    }
}

/// A wait that is polled again after its end.
fn over() -> Error {
    Error::new(ErrorKind::Cancelled, "the wait is over already", "await a wait once")
}

impl<T: Document> Future for Wait<T> {
    type Output = Result<Kept<T>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match ready!(self.0.as_mut().poll_next(cx)) {
                Some(Ok(Progress::Met(object))) => return Poll::Ready(Ok(object)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Err(over())),
            }
        }
    }
}

impl<T: Document> Future for WaitGone<T> {
    type Output = Result<Option<Kept<T>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            match ready!(self.0.as_mut().poll_next(cx)) {
                Some(Ok(Progress::Gone(last))) => return Poll::Ready(Ok(last)),
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Err(error)),
                None => return Poll::Ready(Err(over())),
            }
        }
    }
}

impl<T: Document> Stream for ProgressStream<T> {
    type Item = Result<Progress<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.as_mut().poll_next(cx)
    }
}

impl<T: Document> fmt::Debug for Wait<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wait(…)")
    }
}

impl<T: Document> fmt::Debug for WaitGone<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WaitGone(…)")
    }
}

impl<T: Document> fmt::Debug for ProgressStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProgressStream(…)")
    }
}

/// What is waited for.
enum Wish {
    Until(Until),
    /// Until it is gone: the object that the server calls by this name.
    Gone {
        name: String,
    },
}

impl Wish {
    fn until(&self) -> Option<&Until> {
        match self {
            Wish::Until(until) => Some(until),
            Wish::Gone { .. } => None,
        }
    }
}

/// A wait under way.
struct Watch<T: Document> {
    operation: &'static str,
    what: String,
    wish: Wish,
    options: WaitOptions,
    get: Get<T>,
    began: Option<Instant>,
    next: Option<Instant>,
    /// Since when the object is as it shall be, as far as it was looked at.
    since: Option<Instant>,
    last: Option<Kept<T>>,
    uid: Option<String>,
    standing: Unmet,
    told: Option<Unmet>,
    looks: u32,
    failed: u32,
    trouble: Option<Error>,
    over: bool,
}

/// What one look came to.
enum Look<T: Document> {
    Over(Result<Progress<T>>),
    GoOn { after: Duration },
}

impl<T: Document + Send + Sync + 'static> Watch<T> {
    fn events(
        operation: &'static str,
        what: String,
        wish: Wish,
        options: WaitOptions,
        get: Get<T>,
    ) -> Events<T> {
        let watch = Self {
            operation,
            what,
            wish,
            options,
            get,
            began: None,
            next: None,
            since: None,
            last: None,
            uid: None,
            standing: Unmet::default(),
            told: None,
            looks: 0,
            failed: 0,
            trouble: None,
            over: false,
        };
        Box::pin(futures_util::stream::unfold(watch, |mut watch| async move {
            let event = watch.event().await?;
            watch.over = !matches!(event, Ok(Progress::Unmet(_)));
            Some((event, watch))
        }))
    }

    fn of_states(&self) -> bool {
        self.wish.until().is_some_and(Until::of_states)
    }

    /// The next thing that happens.
    async fn event(&mut self) -> Option<Result<Progress<T>>> {
        if self.over {
            return None;
        }
        let began = match self.began {
            Some(began) => began,
            None => {
                let wish = self.wish.until().map_or(Ok(()), Until::check);
                if let Err(error) = wish.and_then(|()| self.options.check(self.of_states())) {
                    return Some(Err(error.with_operation(self.operation)));
                }
                *self.began.insert(Instant::now())
            }
        };
        // what is longer than a clock can say is no deadline
        let deadline = began.checked_add(self.options.deadline).unwrap_or_else(|| began + FOREVER);
        loop {
            if let Some(next) = self.next {
                sleep_until(next.min(deadline)).await;
                if Instant::now() >= deadline {
                    return Some(Err(self.exceeded()));
                }
            }
            self.looks = self.looks.saturating_add(1);
            let Ok(looked) = timeout_at(deadline, (self.get)()).await else {
                self.failed = self.failed.saturating_add(1);
                return Some(Err(self.exceeded()));
            };
            let now = Instant::now();
            let look = match looked {
                Ok(object) => self.seen(object, now),
                Err(error) => self.missed(error, now.duration_since(began)),
            };
            match look {
                Look::Over(result) => {
                    return Some(result.map_err(|error| error.with_operation(self.operation)));
                }
                // what is longer than a clock can say is beyond the deadline
                Look::GoOn { after } => self.next = Some(now.checked_add(after).unwrap_or(deadline)),
            }
            if self.told.as_ref() != Some(&self.standing) {
                self.told = Some(self.standing.clone());
                return Some(Ok(Progress::Unmet(self.standing.clone())));
            }
        }
    }

    /// The object was read.
    fn seen(&mut self, object: Kept<T>, now: Instant) -> Look<T> {
        let json = match Object::decode(object.raw()) {
            Ok(json) => json,
            Err(error) => return Look::Over(Err(error.into())),
        };
        self.trouble = None;
        let uid = look::uid(&json).map(str::to_owned);
        let another = matches!((&self.uid, &uid), (Some(before), Some(now)) if before != now);
        let poll = self.options.poll;
        let Wish::Until(until) = &self.wish else {
            if another {
                // the one that was waited for is gone; this one has only its name
                return Look::Over(Ok(Progress::Gone(self.last.take())));
            }
            self.uid = uid;
            self.standing = still_there(&json);
            self.last = Some(object);
            return Look::GoOn { after: poll };
        };
        if another {
            self.since = None;
        }
        self.uid = uid;
        let unmet = match until.unmet(&json) {
            Ok(unmet) => unmet,
            Err(error) => return Look::Over(Err(error)),
        };
        if let Some(unmet) = unmet {
            self.since = None;
            self.standing = unmet;
            self.last = Some(object);
            return Look::GoOn { after: poll };
        }
        let since = *self.since.get_or_insert(now);
        let stable = self.options.stable(self.of_states());
        let left = stable.saturating_sub(now.duration_since(since));
        if left.is_zero() {
            return Look::Over(Ok(Progress::Met(object)));
        }
        self.standing =
            Unmet::of(&json, vec![format!("it is as it shall be, and must stay so for {stable:?}")], None);
        self.last = Some(object);
        Look::GoOn { after: poll.min(left) }
    }

    /// The object could not be read.
    fn missed(&mut self, error: Error, waited: Duration) -> Look<T> {
        let lag = waited < self.options.rights_lag;
        let tolerated = match error.kind() {
            ErrorKind::NotFound => match &self.wish {
                Wish::Gone { name } if proves_absence(&error, name) => {
                    return Look::Over(Ok(Progress::Gone(self.last.take())));
                }
                Wish::Gone { .. } => false,
                Wish::Until(_) => lag,
            },
            ErrorKind::Forbidden => lag,
            ErrorKind::Unavailable
            | ErrorKind::ClusterUnavailable
            | ErrorKind::Timeout
            | ErrorKind::Connect
            | ErrorKind::RateLimited
            | ErrorKind::Decode => true,
            _ => false,
        };
        if !tolerated {
            let because = match (self.wish.until().is_none(), error.kind()) {
                (true, ErrorKind::Forbidden | ErrorKind::OutOfScope | ErrorKind::Undetermined) => {
                    Some(format!("a refusal is no proof that {} is gone", self.what))
                }
                (true, ErrorKind::NotFound) => Some(format!(
                    "the server does not name it as missing, which is no proof that {} is gone",
                    self.what
                )),
                (false, ErrorKind::NotFound) if self.last.is_some() => {
                    Some(format!("{} was there while it was waited for, and is not any more", self.what))
                }
                _ => None,
            };
            return Look::Over(Err(error.with_because(because)));
        }
        self.failed = self.failed.saturating_add(1);
        // what was not seen was not seen to stay
        self.since = None;
        let after = error.retry().after.unwrap_or_default().max(self.options.poll);
        self.standing.trouble = Some(redact(error.summary()).into_owned());
        self.trouble = Some(error);
        Look::GoOn { after }
    }

    fn exceeded(&mut self) -> Error {
        let wish = if self.wish.until().is_some() { "not as it shall be" } else { "still there" };
        let mut because = vec![format!("it was looked at {} times", self.looks)];
        if self.failed > 0 {
            because.push(format!("{} of the looks failed", self.failed));
        }
        if let Wish::Until(until) = &self.wish {
            because.push(format!("waited for: {until:?}"));
        }
        let error = Error::new(
            ErrorKind::Timeout,
            format!("after {:?}, {} is {wish}: {}", self.options.deadline, self.what, self.standing),
            "wait again, with a longer deadline, if it still moves; if not, its message says what it waits for",
        )
        .with_retry(true, None)
        .with_because(because)
        .with_operation(self.operation);
        match self.trouble.take() {
            Some(trouble) => error.with_source(trouble),
            None => error,
        }
    }
}

/// A century: longer than any wait, and within what a clock can say.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

fn still_there(json: &Object) -> Unmet {
    let finalizers = |pointer: &str| {
        let list =
            json.pointer(pointer).and_then(|list| list.as_array()).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(|name| name.as_str()).map(str::to_owned).collect::<Vec<_>>()
    };
    let mut waits = finalizers("/metadata/finalizers");
    waits.extend(finalizers("/spec/finalizers"));
    let words = match waits.is_empty() {
        true => "it is still there".to_owned(),
        false => format!("it is still there and waits for its finalizers ({})", waits.join(", ")),
    };
    Unmet::of(json, vec![words], None)
}

/// Whether a 404 says that this object is not there, and not that the path, the type, the cluster or the form of the id
/// is not: `projects.management.cattle.io "p-abcde" not found` (recorded: workflows, `after delete`; errors, `steve
/// missing object`; matrix, a namespace of Kubernetes). `failed to find resource by id` and `failed to find schema` are
/// said while the object lives (recorded: errors, `id without cluster`; workflows, `unknown link type`).
fn proves_absence(error: &Error, name: &str) -> bool {
    let Some(http) = error.http() else { return false };
    let heard = match http.dialect {
        Dialect::Kubernetes => true,
        Dialect::Norman | Dialect::Steve => http.accepted != Some(false),
        _ => false,
    };
    let words = http.message.as_deref().unwrap_or_default();
    heard && http.code.as_deref() == Some("NotFound") && words.ends_with(&format!("\"{name}\" not found"))
}
