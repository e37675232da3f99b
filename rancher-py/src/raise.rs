//! The one way by which an error becomes an exception: `rancher.errors` builds it from its fields.

use pyo3::prelude::*;
use rancher_bridge::Fault;

use crate::answer;

/// The exception of a failed call.
pub(crate) fn fault(py: Python<'_>, fault: &Fault) -> PyErr {
    built(py, &fault.to_json()).unwrap_or_else(|error| error)
}

/// The exception of what only this shell knows about.
pub(crate) fn own(py: Python<'_>, kind: &str, summary: &str, advice: &str) -> PyErr {
    let text = if advice.is_empty() { summary.to_owned() } else { format!("{summary}; {advice}") };
    let fields = serde_json::json!({
        "kind": kind, "text": text, "summary": summary, "advice": advice, "retryable": false,
    });
    built(py, &fields.to_string()).unwrap_or_else(|error| error)
}

/// The exception of a defect of ours.
pub(crate) fn panicked(py: Python<'_>) -> PyErr {
    // its words are not repeated: they can hold values
    own(py, "internal", "the library has a defect; what was asked may have been done", "please report it")
}

/// The exception of a call that comes when the process is at its end.
///
/// A thread is ended as Python ends one, without a word; there is nobody left to read it.
pub(crate) fn ended(py: Python<'_>, main: bool) -> PyErr {
    if main {
        own(py, "cancelled", "the process is ending", "")
    } else {
        pyo3::exceptions::PySystemExit::new_err(())
    }
}

fn built(py: Python<'_>, json: &str) -> PyResult<PyErr> {
    let fields = answer::parsed(py, json.as_bytes())?;
    Ok(PyErr::from_value(py.import("rancher.errors")?.call_method1("_from_json", (fields,))?))
}
