//! Where the canary test puts everything that the client says, and how it searches it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rancher_client::error::Error;
use std::cell::Cell;
use std::collections::HashMap;
use std::error::Error as _;
use std::fmt::Debug;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, Once};
use tracing_subscriber::fmt::MakeWriter;

use crate::lab::shown;

thread_local! {
    /// Whether this thread is the client's: other tests and the server log on others.
    static LISTENING: Cell<bool> = const { Cell::new(false) };
}

static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Texts and where they come from. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Sink {
    /// Each once, with where it came from first.
    texts: Arc<Mutex<HashMap<String, String>>>,
    events: Arc<Mutex<Vec<u8>>>,
}

impl Sink {
    pub(crate) fn text(&self, what: &str, text: impl Into<String>) {
        self.texts.lock().unwrap().entry(text.into()).or_insert_with(|| what.to_owned());
    }

    /// The two forms of `Debug`, and a panic that shows it.
    pub(crate) fn debug(&self, what: &str, value: &impl Debug) {
        self.text(what, format!("{value:?}\n{value:#?}"));
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            // not through the hook: it would print a thousand backtraces
            std::panic::resume_unwind(Box::new(format!(
                "called `Result::unwrap()` on an `Err` value: {value:?}"
            )))
        }));
        let payload: Box<dyn std::any::Any + Send> = match panicked {
            Ok(()) => return,
            Err(payload) => payload,
        };
        self.text(what, *payload.downcast::<String>().unwrap());
    }

    /// Everything that an error shows, and those under it.
    pub(crate) fn error(&self, what: &str, error: &Error) {
        self.text(what, shown(error));
        self.debug(what, error);
        let mut under = error.source();
        while let Some(error) = under {
            self.text(what, format!("{error}\n{error:?}\n{error:#?}"));
            under = error.source();
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.texts.lock().unwrap().len()
    }

    /// Listens to `tracing` and `log` on this thread, at TRACE, as long as what it returns is kept.
    pub(crate) fn listen(&self) -> Listening {
        static LOGGER: Once = Once::new();
        LOGGER.call_once(|| {
            log::set_logger(&Logger).unwrap();
            log::set_max_level(log::LevelFilter::Trace);
        });
        LISTENING.set(true);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
            .with_writer(self.clone())
            .with_ansi(false)
            .without_time()
            .finish();
        Listening { sink: self.clone(), _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// Every secret that occurs somewhere, with the place.
    pub(crate) fn found(&self, secrets: &[String]) -> Vec<String> {
        let forms: Vec<(String, &String)> = secrets
            .iter()
            .flat_map(|secret| forms(secret).into_iter().map(move |form| (form, secret)))
            .collect();
        let texts = self.texts.lock().unwrap();
        let hits = texts.iter().flat_map(|(text, what)| {
            let hit = forms.iter().find(|(form, _)| text.contains(form.as_str()));
            hit.map(|(_, secret)| {
                format!("{what} shows {secret}: {}", text.chars().take(2000).collect::<String>())
            })
        });
        hits.collect()
    }
}

/// How a secret can look: as it is, in base64 (a Basic header, a Kubernetes Secret), as a list of bytes.
fn forms(secret: &str) -> Vec<String> {
    let bytes = format!("{:?}", secret.as_bytes());
    vec![
        secret.to_owned(),
        STANDARD.encode(secret).trim_end_matches('=').to_owned(),
        URL_SAFE_NO_PAD.encode(secret),
        bytes.trim_matches(['[', ']']).to_owned(),
    ]
}

/// Keeps listening; what was said becomes texts when it is dropped.
pub(crate) struct Listening {
    sink: Sink,
    _guard: tracing::subscriber::DefaultGuard,
}

impl Listening {
    /// How many lines were said by `tracing` and by `log`.
    pub(crate) fn end(self) -> (usize, usize) {
        LISTENING.set(false);
        let events = String::from_utf8(std::mem::take(&mut *self.sink.events.lock().unwrap())).unwrap();
        let logged = std::mem::take(&mut *LOGGED.lock().unwrap());
        let said = (events.lines().count(), logged.len());
        events.lines().for_each(|line| self.sink.text("a tracing event", line));
        logged.into_iter().for_each(|line| self.sink.text("a log record", line));
        said
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.events.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

struct Logger;

impl log::Log for Logger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        LISTENING.get()
    }

    fn log(&self, record: &log::Record<'_>) {
        if LISTENING.get() {
            LOGGED.lock().unwrap().push(format!("{} {}: {}", record.level(), record.target(), record.args()));
        }
    }

    fn flush(&self) {}
}

#[test]
fn a_planted_secret_is_found() {
    let secret = "pl4nt3ds3cr3tv4lu3".to_owned();
    let plants = [
        format!("a message with {secret} in it"),
        format!("data: {}", STANDARD.encode(&secret)),
        format!("Body({:?})", secret.as_bytes()),
    ];
    for plant in plants {
        let sink = Sink::default();
        sink.text("a plant", "nothing here");
        assert!(sink.found(std::slice::from_ref(&secret)).is_empty());
        sink.text("a plant", plant);
        assert_eq!(sink.found(std::slice::from_ref(&secret)).len(), 1);
    }
    // and in what is logged, traced, an error's source and a panic
    let sink = Sink::default();
    let listening = sink.listen();
    tracing::trace!(value = %secret, "an event");
    log::trace!("a record {secret}");
    assert_eq!(listening.end(), (1, 1));
    assert_eq!(sink.found(std::slice::from_ref(&secret)).len(), 2);
    let source = std::io::Error::other(secret.clone());
    sink.error("an error", &Error::config("it failed", "").with_source(source));
    assert!(sink.found(std::slice::from_ref(&secret)).len() > 2);
    let before = sink.found(std::slice::from_ref(&secret)).len();
    sink.debug("a type", &secret);
    assert_eq!(sink.found(std::slice::from_ref(&secret)).len(), before + 2);
}
