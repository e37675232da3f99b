//! What goes on until somebody leaves it: the events of a watch, the lines of a log.
//!
//! What is ready goes over in one answer. A shell may lose an answer on its way, to a timeout or a signal that comes at
//! the same moment; so each is numbered, and comes again until the number is given back.

use bytes::Bytes;
use futures_util::stream::{BoxStream, Stream as Many, StreamExt as _};
use rancher_client::proxy::{LogLine, LogLines};
use rancher_client::watch::{Event, Watch, WatchCounts};
use rancher_client::wire::{Document, Kept};
use serde_json::{Value, json};
use std::future::poll_fn;
use std::task::Poll;

use crate::answer::Answer;
use crate::fault::{Fault, Outcome};
use crate::stream::{Next, Source, Stream};

/// So many go over at once at most, and then so many bytes.
const MOST: usize = 256;
const MOST_BYTES: usize = 1024 * 1024;

/// One that goes over: what there is to say of it, and its bytes, if it has any.
type Said = (Value, Option<Bytes>);

/// What goes on.
struct Flow {
    each: BoxStream<'static, Outcome<Said>>,
    sent: u64,
    /// What was sent last, until it is known to have come.
    last: Option<Answer>,
    /// What ended it, after that.
    failed: Option<Fault>,
    over: bool,
}

impl Flow {
    fn stream(each: impl Many<Item = Outcome<Said>> + Send + 'static) -> Stream {
        Stream::new(Self { each: each.boxed(), sent: 0, last: None, failed: None, over: false })
    }

    async fn step(&mut self, reply: Option<Bytes>) -> Outcome<Option<Answer>> {
        if let Some(last) = &self.last {
            if !has_come(reply.as_deref(), self.sent) {
                return Ok(Some(last.clone()));
            }
            self.last = None;
        }
        if let Some(failed) = self.failed.take() {
            self.over = true;
            return Err(failed);
        }
        if self.over {
            return Ok(None);
        }
        let Some(first) = self.each.next().await.transpose()? else {
            self.over = true;
            return Ok(None);
        };
        // from here on nothing is waited for: nobody can drop this between taking one and having it
        let (mut said, mut objects, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut next = Some(first);
        while let Some((mut what, object)) = next {
            if let (Some(object), Value::Object(fields)) = (object, &mut what) {
                fields.insert("at".to_owned(), objects.len().into());
                bytes += object.len();
                objects.push(object);
            }
            said.push(what);
            next = match said.len() < MOST && bytes < MOST_BYTES {
                true => self.ready().await,
                false => None,
            };
        }
        self.sent += 1;
        let answer = Answer::page(objects).with(json!({"number": self.sent, "each": said}));
        self.last = Some(answer.clone());
        Ok(Some(answer))
    }

    /// The next one, if it is there already.
    async fn ready(&mut self) -> Option<Said> {
        let ready = poll_fn(|context| match self.each.poll_next_unpin(context) {
            Poll::Ready(one) => Poll::Ready(Some(one)),
            Poll::Pending => Poll::Ready(None),
        });
        match ready.await? {
            Some(Ok(one)) => Some(one),
            Some(Err(failed)) => {
                self.failed = Some(failed);
                None
            }
            None => {
                self.over = true;
                None
            }
        }
    }
}

/// Whether the answer of this number is known to have come.
fn has_come(reply: Option<&[u8]>, number: u64) -> bool {
    let given = reply.and_then(|reply| std::str::from_utf8(reply).ok()?.parse::<u64>().ok());
    given.is_some_and(|given| given >= number)
}

impl Source for Flow {
    fn next(&mut self, reply: Option<Bytes>) -> Next<'_> {
        Box::pin(self.step(reply))
    }

    fn resumes(&self) -> bool {
        true
    }
}

/// The events of a watch.
pub(super) fn events<T: Document + Send + 'static>(watch: Watch<T>) -> Stream {
    let counter = watch.counter();
    let each = watch.map(|event| Ok(event_said(event?)));
    Flow::stream(each).counting(move || counted(counter()))
}

fn event_said<T: Document>(event: Event<T>) -> Said {
    let word = event.word();
    let whole = |object: &Kept<T>| object.raw().clone();
    match event {
        Event::Listed(object) | Event::Added(object) | Event::Modified(object) => {
            (json!({"type": word}), Some(whole(&object)))
        }
        Event::Deleted(gone) => {
            (json!({"type": word, "id": gone.id, "uid": gone.uid}), gone.last.as_ref().map(whole))
        }
        Event::Bookmark { revision } => (json!({"type": word, "revision": revision}), None),
        Event::Lagged { dropped } => (json!({"type": word, "dropped": dropped}), None),
        Event::Reconnected { attempts, outage, because } => {
            let outage = outage.as_secs_f64();
            (json!({"type": word, "attempts": attempts, "outage": outage, "because": because}), None)
        }
        Event::Skipped { total, because } => {
            (json!({"type": word, "total": total, "because": because}), None)
        }
        // what a later core tells beside, too
        _ => (json!({"type": word}), None),
    }
}

fn counted(counts: WatchCounts) -> Value {
    json!({
        "listed": counts.listed,
        "changes": counts.changes,
        "relisted": counts.relisted,
        "repeated": counts.repeated,
        "skipped": counts.skipped,
        "reconnects": counts.reconnects,
        "relists": counts.relists,
        "lags": counts.lags,
    })
}

/// The lines of a log.
pub(super) fn lines(lines: LogLines) -> Stream {
    Flow::stream(lines.map(|line| Ok(line_said(&line?))))
}

fn line_said(line: &LogLine) -> Said {
    (json!({"timestamp": line.timestamp(), "whole": line.is_whole()}), Some(line.bytes().clone()))
}
