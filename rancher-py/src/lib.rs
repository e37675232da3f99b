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

use pyo3::prelude::*;

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
    use super::version;
}

/// The version of the package.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
