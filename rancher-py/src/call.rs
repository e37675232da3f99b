//! Running a call while Python lives on: blocking, and awaited.

use futures_util::FutureExt as _;
use pyo3::IntoPyObjectExt as _;
use pyo3::prelude::*;
use pyo3_async_runtimes::TaskLocals;
use pyo3_async_runtimes::generic::future_into_py_with_locals;
use rancher_bridge::Outcome;
use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use crate::raise;
use crate::runtime::{self, Slot, Tokio};

/// How long a waiting main thread leaves signals unseen.
const TICK: Duration = Duration::from_millis(50);

/// How a call ended without an outcome.
enum Left {
    /// A signal's handler raised.
    Signal(PyErr),
    /// The process ends.
    Ended,
    /// A defect of ours.
    Panicked,
}

/// Waits for a call with the interpreter released. On the main thread a signal ends it: the call is dropped, and its
/// connection closed.
pub(crate) fn block<T, F>(py: Python<'_>, call: F) -> PyResult<T>
where
    T: Send,
    F: Future<Output = Outcome<T>> + Send,
{
    let slot = slot(py)?;
    let main = on_main_thread(py)?;
    // held until Python has the thread back, see `shutdown`
    let Some(_inside) = slot.enter() else { return Err(raise::ended(py, main)) };
    let outcome = py.detach(|| {
        catch_unwind(AssertUnwindSafe(|| drive(&slot, call, main))).unwrap_or(Err(Left::Panicked))
    });
    match outcome {
        Ok(outcome) => outcome.map_err(|fault| raise::fault(py, &fault)),
        Err(Left::Signal(error)) => Err(error),
        Err(Left::Ended) => Err(raise::ended(py, main)),
        Err(Left::Panicked) => Err(raise::panicked(py)),
    }
}

fn drive<T>(slot: &Slot, call: impl Future<Output = Outcome<T>>, main: bool) -> Result<Outcome<T>, Left> {
    // what is dropped may want to leave a task behind
    let _context = slot.handle.enter();
    let mut call = pin!(async {
        tokio::select! {
            biased;
            () = slot.stop.cancelled() => Err(Left::Ended),
            outcome = call => Ok(outcome),
        }
    });
    if !main {
        return slot.handle.block_on(call);
    }
    loop {
        // a handler may call us again, so it must run outside of the runtime
        match slot.handle.block_on(async { tokio::time::timeout(TICK, call.as_mut()).await }) {
            Ok(outcome) => return outcome,
            Err(_) => Python::attach(|py| py.check_signals()).map_err(Left::Signal)?,
        }
    }
}

/// An awaitable for a call. Cancelling it drops the call and closes its connection.
pub(crate) fn later<'py, T, F>(py: Python<'py>, call: F) -> PyResult<Bound<'py, PyAny>>
where
    T: for<'any> IntoPyObject<'any> + Send + 'static,
    F: Future<Output = Outcome<T>> + Send + 'static,
{
    let slot = slot(py)?;
    if runtime::ended() {
        return Err(raise::ended(py, true));
    }
    let locals = TaskLocals::with_running_loop(py)?;
    future_into_py_with_locals::<Tokio, _, _>(py, locals, async move {
        tokio::select! {
            biased;
            // the loop is gone or about to go: nobody takes an answer
            () = slot.stop.cancelled() => std::future::pending().await,
            outcome = AssertUnwindSafe(call).catch_unwind() => Ok(Landed(outcome)),
        }
    })
}

/// What becomes an object or an exception when the interpreter is at hand, not before.
struct Landed<T>(Result<Outcome<T>, Box<dyn Any + Send>>);

impl<'py, T> IntoPyObject<'py> for Landed<T>
where
    T: IntoPyObject<'py>,
{
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        match self.0 {
            Ok(Ok(answer)) => answer.into_bound_py_any(py),
            Ok(Err(fault)) => Err(raise::fault(py, &fault)),
            Err(_) => Err(raise::panicked(py)),
        }
    }
}

pub(crate) fn slot(py: Python<'_>) -> PyResult<Arc<Slot>> {
    runtime::current()
        .map_err(|error| raise::own(py, "config", &format!("no threads can be started: {error}"), ""))
}

fn on_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    main.eq(threading.call_method0("get_ident")?)
}
