//! What the core said, fetched by Python when it has the interpreter. Nothing is ever called back.

use pyo3::prelude::*;

#[pyfunction]
pub(crate) fn set_log_level(level: u8) {
    let _ = level;
}

#[pyfunction]
pub(crate) fn drain_logs() -> Vec<(u8, String, String)> {
    Vec::new()
}
