//! What the core said, fetched by Python when it has the interpreter. Nothing is ever called back.

use pyo3::prelude::*;
use rancher_bridge::log;

/// From which level on something is kept: 0 none, 1 warn, 2 info, 3 debug, 4 trace.
#[pyfunction]
pub(crate) fn set_log_level(level: u8) {
    if level > 0 {
        log::install();
    }
    log::set_level(level);
}

/// What was kept since the last time: level, the part of the core, and a line.
#[pyfunction]
pub(crate) fn drain_logs() -> Vec<(u8, String, String)> {
    log::drain().into_iter().map(|record| (record.level, record.target, record.message)).collect()
}
