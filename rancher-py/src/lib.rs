//! The native half of the Python package `rancher`: the border of the core, and nothing else.

use pyo3::prelude::*;

#[pymodule]
mod _native {
    #[pymodule_export]
    use super::version;
}

/// The version of the package.
#[pyfunction]
fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}
