//! The native half of the Python package `rancher`: the border of the core, and nothing else.
//!
//! It does four things: it runs calls on a runtime of its own, lets Python live while they wait, survives forks and the
//! end of the process, and turns what comes back into Python's objects.

mod answer;
mod border;
mod call;
mod fork;
mod log;
mod raise;
mod runtime;

use pyo3::exceptions::PyImportError;
use pyo3::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

#[pymodule(gil_used = false)]
mod _native {
    #[pymodule_export]
    use super::answer::{Answer, loads};
    #[pymodule_export]
    use super::border::{Bridge, Stream};
    #[pymodule_export]
    use super::log::{drain_logs, set_log_level};
    #[pymodule_export]
    use super::runtime::shutdown;
    #[pymodule_export]
    use super::{quantity, settle, version};
}

/// The interpreter that this was loaded by, as the place of its module `sys`.
static HOME: AtomicUsize = AtomicUsize::new(0);

/// Lets one interpreter of the process have this, and refuses it to others: the end of any of them would end the calls
/// of all.
#[pyfunction]
fn settle(py: Python<'_>) -> PyResult<()> {
    let here = py.import("sys")?.as_ptr() as usize;
    match HOME.compare_exchange(0, here, Ordering::SeqCst, Ordering::SeqCst) {
        Err(home) if home != here => Err(PyImportError::new_err(
            "rancher serves one interpreter of a process, and another one has loaded it; import it in the main \
             interpreter only, or in a process of its own (mod_wsgi: WSGIApplicationGroup %{GLOBAL})",
        )),
        _ => Ok(()),
    }
}

/// A quantity of Kubernetes, read by the core.
#[pyfunction]
fn quantity<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    match rancher_bridge::quantity(text) {
        Ok(json) => answer::parsed(py, json.as_bytes()),
        Err(fault) => Err(raise::fault(py, &fault)),
    }
}

/// The version of the package.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
