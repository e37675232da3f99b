//! Clients and streams behind the border.

use arc_swap::ArcSwap;
use bytes::Bytes;
use pyo3::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::answer::{self, Answer};
use crate::call;
use crate::fork::Own;
use crate::raise;

/// A client of one server as one user.
///
/// It works in a forked child as well: with the same configuration and credential, and connections of its own.
#[pyclass(frozen, module = "rancher._native")]
pub(crate) struct Bridge {
    current: ArcSwap<Own<rancher_bridge::Bridge>>,
    closed: AtomicBool,
}

/// An object as it was read: a place in an answer, or its JSON.
#[derive(FromPyObject)]
pub(crate) enum Original {
    Kept(Py<Answer>, usize),
    Json(Vec<u8>),
}

impl Original {
    fn bytes(self) -> PyResult<Bytes> {
        match self {
            Self::Kept(answer, at) => answer.get().bytes(at).cloned(),
            Self::Json(json) => Ok(json.into()),
        }
    }
}

fn bytes_of(original: Option<Original>) -> PyResult<Option<Bytes>> {
    original.map(Original::bytes).transpose()
}

#[pymethods]
impl Bridge {
    /// Opens a client with options as JSON. Nothing is sent.
    #[new]
    fn new(py: Python<'_>, options: &str) -> PyResult<Self> {
        // while Python cannot fork, and before any thread runs
        rancher_bridge::prepare();
        let bridge =
            rancher_bridge::Bridge::open(options.as_bytes()).map_err(|fault| raise::fault(py, &fault))?;
        Ok(Self { current: ArcSwap::from_pointee(Own::new(bridge)), closed: AtomicBool::new(false) })
    }

    /// Calls an operation and waits for its answer.
    #[pyo3(signature = (operation, input, original=None))]
    fn call(
        &self,
        py: Python<'_>,
        operation: &str,
        input: &str,
        original: Option<Original>,
    ) -> PyResult<Answer> {
        let bridge = self.bridge(py)?;
        let original = bytes_of(original)?;
        call::block(py, bridge.call(operation, input.as_bytes(), original)).map(Answer::new)
    }

    /// Calls an operation; its answer can be awaited.
    #[pyo3(signature = (operation, input, original=None))]
    fn call_async<'py>(
        &self,
        py: Python<'py>,
        operation: String,
        input: String,
        original: Option<Original>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let bridge = self.bridge(py)?;
        let original = bytes_of(original)?;
        call::later(
            py,
            async move { bridge.call(&operation, input.as_bytes(), original).await.map(Answer::new) },
        )
    }

    /// Begins an operation with several answers. Nothing is sent before the first is asked for.
    #[pyo3(signature = (operation, input, original=None))]
    fn begin(
        &self,
        py: Python<'_>,
        operation: &str,
        input: &str,
        original: Option<Original>,
    ) -> PyResult<Stream> {
        let bridge = self.bridge(py)?;
        let original = bytes_of(original)?;
        let slot = call::slot(py)?;
        let _context = slot.handle.enter();
        let stream =
            bridge.begin(operation, input.as_bytes(), original).map_err(|fault| raise::fault(py, &fault))?;
        Ok(Stream(Own::new(stream)))
    }

    /// Ends the calls that are under way, refuses those to come, and ends the sessions that end with the client.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::SeqCst);
        match self.bridge(py)?.finish() {
            Some(rest) => call::block(py, rest),
            None => Ok(()),
        }
    }

    /// The same; what is left to be done can be awaited, if anything is.
    fn close_async<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.closed.store(true, Ordering::SeqCst);
        self.bridge(py)?.finish().map(|rest| call::later(py, rest)).transpose()
    }

    /// Server, name of the credential and cluster, as JSON.
    fn describe(&self) -> String {
        self.current.load().describe()
    }
}

impl Bridge {
    /// The client of this process.
    fn bridge(&self, py: Python<'_>) -> PyResult<rancher_bridge::Bridge> {
        let held = self.current.load_full();
        if held.is_ours() {
            return Ok((**held).clone());
        }
        let fresh = held.reopened().map_err(|fault| raise::fault(py, &fault))?;
        if self.closed.load(Ordering::SeqCst) {
            fresh.close();
        }
        // two threads may both come here: either client will do, and no lock is there to be forked
        self.current.store(Arc::new(Own::new(fresh.clone())));
        Ok(fresh)
    }
}

/// The answers of an operation, one after another.
#[pyclass(frozen, module = "rancher._native")]
pub(crate) struct Stream(Own<rancher_bridge::Stream>);

#[pymethods]
impl Stream {
    /// The next answer; nothing after the last. `reply` is what the caller says to the one before.
    #[pyo3(signature = (reply=None))]
    fn next(&self, py: Python<'_>, reply: Option<String>) -> PyResult<Option<Answer>> {
        self.check(py)?;
        let answer = call::block(py, self.0.next(reply.map(Bytes::from)))?;
        Ok(answer.map(Answer::new))
    }

    /// The next answer can be awaited.
    #[pyo3(signature = (reply=None))]
    fn next_async<'py>(&self, py: Python<'py>, reply: Option<String>) -> PyResult<Bound<'py, PyAny>> {
        self.check(py)?;
        let stream = self.0.share();
        call::later(py, async move { Ok(stream.next(reply.map(Bytes::from)).await?.map(Answer::new)) })
    }

    /// What was counted so far; nothing of a stream that counts nothing.
    fn counts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        answer::parsed(py, self.0.counts_json().as_bytes())
    }

    /// Ends it.
    fn stop(&self) {
        if self.0.is_ours() {
            self.0.stop();
        }
    }
}

impl Stream {
    fn check(&self, py: Python<'_>) -> PyResult<()> {
        if self.0.is_ours() {
            return Ok(());
        }
        Err(raise::own(
            py,
            "unsupported",
            "this was begun before the process forked, and its connection is the parent's",
            "begin it again in this process",
        ))
    }
}
