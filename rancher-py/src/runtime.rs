//! The one runtime of a process: made when it is first needed, left alone after a fork, stopped before the end.

use arc_swap::ArcSwapOption;
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::{ContextExt, JoinError, Runtime as AsyncRuntime};
use rancher_bridge::Cancel;
use std::any::Any;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Handle, Runtime};

/// Enough for what is done between the answers; waiting needs none.
const WORKERS: usize = 2;
/// How long the end of the process waits for calls to let go, and then for the runtime.
const GRACE: Duration = Duration::from_secs(2);
const LEAVE: Duration = Duration::from_millis(500);

static CURRENT: ArcSwapOption<Slot> = ArcSwapOption::const_empty();
/// The process that has ended; a child forked at its end has not.
static ENDED: AtomicU32 = AtomicU32::new(0);

/// The runtime of one process, and who is in it.
pub(crate) struct Slot {
    process: u32,
    runtime: Mutex<Option<Runtime>>,
    pub(crate) handle: Handle,
    /// Stops every call when the process ends.
    pub(crate) stop: Cancel,
    inside: Arc<AtomicUsize>,
}

/// Somebody who will want the interpreter again.
pub(crate) struct Inside(Arc<AtomicUsize>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Slot {
    fn new(process: u32) -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("rancher")
            .enable_all()
            .build()?;
        Ok(Self {
            process,
            handle: runtime.handle().clone(),
            runtime: Mutex::new(Some(runtime)),
            stop: Cancel::default(),
            inside: Arc::default(),
        })
    }

    /// Enters, unless the process ends.
    pub(crate) fn enter(&self) -> Option<Inside> {
        self.inside.fetch_add(1, Ordering::SeqCst);
        let inside = Inside(Arc::clone(&self.inside));
        // after the count: either the end sees this caller, or the caller sees the end
        (!ended()).then_some(inside)
    }

    fn take(&self) -> Option<Runtime> {
        self.runtime.lock().ok().and_then(|mut place| place.take())
    }
}

/// Whether this process has ended as far as calls are concerned.
pub(crate) fn ended() -> bool {
    ENDED.load(Ordering::SeqCst) == std::process::id()
}

/// The runtime of this process.
///
/// No lock guards it: one that another thread held while the process forked would stay held in the child.
pub(crate) fn current() -> io::Result<Arc<Slot>> {
    let process = std::process::id();
    let held = CURRENT.load_full();
    match held {
        Some(slot) if slot.process == process => return Ok(slot),
        // of the parent: it keeps its place in memory for ever, its threads are not here
        Some(slot) => std::mem::forget(slot),
        None => {}
    }
    let fresh = Arc::new(Slot::new(process)?);
    loop {
        let held = CURRENT.load();
        if let Some(slot) = held.as_ref().filter(|slot| slot.process == process) {
            // another thread was faster
            if let Some(runtime) = fresh.take() {
                runtime.shutdown_background();
            }
            return Ok(Arc::clone(slot));
        }
        let before = CURRENT.compare_and_swap(&*held, Some(Arc::clone(&fresh)));
        if Option::as_ref(&before).map(Arc::as_ptr) == held.as_ref().map(Arc::as_ptr) {
            return Ok(fresh);
        }
    }
}

/// Ends all calls of this process and stops its threads, so that nobody asks for the interpreter while it goes.
///
/// Calls that are under way on other threads end, awaited ones stay unanswered, and new ones are refused.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>) {
    let process = std::process::id();
    ENDED.store(process, Ordering::SeqCst);
    let Some(slot) = CURRENT.load_full() else { return };
    if slot.process != process {
        std::mem::forget(slot);
        return;
    }
    slot.stop.cancel();
    py.detach(|| {
        let begun = Instant::now();
        while slot.inside.load(Ordering::SeqCst) > 0 && begun.elapsed() < GRACE {
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(runtime) = slot.take() {
            runtime.shutdown_timeout(LEAVE);
        }
    });
}

/// The runtime of this process, for what Python awaits.
pub(crate) struct Tokio;

/// A task that was begun, or none where there is no runtime.
pub(crate) struct Task(Option<tokio::task::JoinHandle<()>>);

pub(crate) struct Failed(Option<tokio::task::JoinError>);

impl JoinError for Failed {
    fn is_panic(&self) -> bool {
        self.0.as_ref().is_some_and(tokio::task::JoinError::is_panic)
    }

    fn into_panic(self) -> Box<dyn Any + Send + 'static> {
        match self.0 {
            Some(error) if error.is_panic() => error.into_panic(),
            _ => Box::new("no panic"),
        }
    }
}

impl Future for Task {
    type Output = Result<(), Failed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            Some(task) => Pin::new(task).poll(context).map_err(|error| Failed(Some(error))),
            None => Poll::Ready(Err(Failed(None))),
        }
    }
}

impl AsyncRuntime for Tokio {
    type JoinError = Failed;
    type JoinHandle = Task;

    fn spawn<F>(future: F) -> Task
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Task(current().ok().map(|slot| slot.handle.spawn(future)))
    }

    /// Hands an answer over to Python. At the end of the process nobody waits for it any more.
    fn spawn_blocking<F>(hand_over: F) -> Task
    where
        F: FnOnce() + Send + 'static,
    {
        let Ok(slot) = current() else { return Task(None) };
        let Some(inside) = slot.enter() else { return Task(None) };
        Task(Some(slot.handle.spawn_blocking(move || {
            hand_over();
            drop(inside);
        })))
    }
}

impl ContextExt for Tokio {
    fn scope<F, R>(_: TaskLocals, future: F) -> Pin<Box<dyn Future<Output = R> + Send>>
    where
        F: Future<Output = R> + Send + 'static,
    {
        Box::pin(future)
    }

    fn get_task_locals() -> Option<TaskLocals> {
        // Rust never calls back into Python here
        None
    }
}
