//! What the core tells of its calls, for the logging of another language.
//!
//! Records wait in a queue until the shell fetches them: nothing calls back into a language from a thread that it does
//! not know. While the level is off, nothing is even put together.

use arc_swap::ArcSwapOption;
use rancher_client::wire::redact;
use std::collections::VecDeque;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record as SpanRecord};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};

/// As many records wait; what comes then pushes the oldest out.
const MOST_WAITING: usize = 10_000;

/// One thing that was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// 1 warn, 2 info, 3 debug, 4 trace.
    pub level: u8,
    /// Which part of the client tells it, `rancher_client::transport::trace`.
    pub target: String,
    /// One line: `GET /v3/clusters 200 in 12 ms (try 1)`.
    pub message: String,
}

static LEVEL: AtomicU8 = AtomicU8::new(0);
static WAITING: ArcSwapOption<Waiting> = ArcSwapOption::const_empty();
static INSTALLED: Once = Once::new();

/// The queue of one process. A forked child begins another: a thread of its parent may have held the lock of the old one.
struct Waiting {
    process: u32,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    records: VecDeque<Record>,
    dropped: u64,
}

fn waiting() -> Arc<Waiting> {
    let process = std::process::id();
    loop {
        let held = WAITING.load();
        if let Some(waiting) = held.as_ref().filter(|waiting| waiting.process == process) {
            return Arc::clone(waiting);
        }
        WAITING.compare_and_swap(&*held, Some(Arc::new(Waiting { process, queue: Mutex::default() })));
    }
}

/// Listens to the core, once for the process. Where something else listens already, as in a Rust program that has a
/// subscriber of its own, this does nothing.
pub fn install() {
    INSTALLED.call_once(|| {
        // what is refused here has a listener of its own
        let _ = tracing::subscriber::set_global_default(Listener);
    });
}

/// From which level on records are kept: 0 none, 1 warn, 2 info, 3 debug, 4 trace. It is 0 in the beginning.
pub fn set_level(level: u8) {
    let level = level.min(4);
    if LEVEL.swap(level, Ordering::Relaxed) != level {
        tracing::callsite::rebuild_interest_cache();
    }
}

/// What was told since the last time, in order.
pub fn drain() -> Vec<Record> {
    let Queue { records, dropped } =
        std::mem::take(&mut *waiting().queue.lock().unwrap_or_else(PoisonError::into_inner));
    if records.is_empty() {
        return Vec::new();
    }
    let mut all = Vec::with_capacity(records.len() + 1);
    if dropped > 0 {
        all.push(Record {
            level: 1,
            target: "rancher_bridge::log".to_owned(),
            message: format!(
                "{dropped} records were lost: {MOST_WAITING} wait at most until they are fetched"
            ),
        });
    }
    all.extend(records);
    all
}

fn keep(record: Record) {
    let waiting = waiting();
    let mut waiting = waiting.queue.lock().unwrap_or_else(PoisonError::into_inner);
    if waiting.records.len() >= MOST_WAITING {
        waiting.records.pop_front();
        waiting.dropped = waiting.dropped.saturating_add(1);
    }
    waiting.records.push_back(record);
}

fn number(level: Level) -> u8 {
    match level {
        Level::ERROR | Level::WARN => 1,
        Level::INFO => 2,
        Level::DEBUG => 3,
        Level::TRACE => 4,
    }
}

fn is_wanted(metadata: &Metadata<'_>) -> bool {
    // what the libraries underneath tell is not ours to pass on: some show headers
    metadata.target().starts_with("rancher_") && number(*metadata.level()) <= LEVEL.load(Ordering::Relaxed)
}

/// Takes the events of the core.
struct Listener;

impl Subscriber for Listener {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_wanted(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_wanted(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(match LEVEL.load(Ordering::Relaxed) {
            0 => LevelFilter::OFF,
            1 => LevelFilter::WARN,
            2 => LevelFilter::INFO,
            3 => LevelFilter::DEBUG,
            _ => LevelFilter::TRACE,
        })
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        keep(Record {
            level: number(*event.metadata().level()),
            target: event.metadata().target().to_owned(),
            message: line.text(),
        });
    }

    // the core has no spans
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &SpanRecord<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// The fields of an event.
#[derive(Default)]
struct Line {
    message: String,
    fields: Vec<(&'static str, String)>,
}

impl Line {
    fn take(&mut self, name: &str) -> Option<String> {
        let at = self.fields.iter().position(|(known, _)| *known == name)?;
        Some(self.fields.remove(at).1)
    }

    /// One line without secrets. What is told of a call comes in the order in which people read it.
    fn text(mut self) -> String {
        let mut text = String::new();
        if let (Some(method), Some(path)) = (self.take("method"), self.take("path")) {
            text = format!("{method} {path}");
            let (status, kind) = (self.take("status"), self.take("kind"));
            for word in status.iter().chain(&kind) {
                let _ = write!(text, " {word}");
            }
            if status.is_none() && kind.is_none() {
                let _ = write!(text, " {}", self.message);
            }
            if let Some(ms) = self.take("ms") {
                let _ = write!(text, " in {ms} ms");
            }
            if let Some(attempts) = self.take("attempts") {
                let _ = write!(text, " (try {attempts})");
            }
            // the name of the operation says nothing that the path does not
            self.take("operation");
        } else {
            text.push_str(&self.message);
        }
        for (name, value) in &self.fields {
            let _ = write!(text, " {name}={value}");
        }
        redact(&text.replace(char::is_control, " ")).into_owned()
    }
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            name => self.fields.push((name, value.to_owned())),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push((name, format!("{value:?}"))),
        }
    }
}
