//! What comes back, as Python's objects.

use bytes::Bytes;
use jiter::{PythonParse, map_json_error};
use pyo3::exceptions::PyIndexError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// What an operation returned: a value, and objects as the server wrote them. Nothing is parsed before it is asked for.
#[pyclass(frozen, module = "rancher._native")]
pub(crate) struct Answer(rancher_bridge::Answer);

/// Id, name, state and kind of an object.
type Head = (Option<String>, Option<String>, Option<String>, Option<String>);

impl Answer {
    pub(crate) fn new(answer: rancher_bridge::Answer) -> Self {
        Self(answer)
    }

    pub(crate) fn bytes(&self, at: usize) -> PyResult<&Bytes> {
        self.0.raw(at).ok_or_else(|| PyIndexError::new_err("there are not as many objects"))
    }
}

#[pymethods]
impl Answer {
    fn __len__(&self) -> usize {
        self.0.len()
    }

    /// What there is beside the objects.
    fn value<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, self.0.value_json().as_bytes())
    }

    /// The JSON of an object, as the server wrote it.
    fn raw<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, self.bytes(at)?))
    }

    /// An object as a dict.
    fn object<'py>(&self, py: Python<'py>, at: usize) -> PyResult<Bound<'py, PyAny>> {
        parsed(py, self.bytes(at)?)
    }

    /// Id, name, state and kind of an object.
    fn head(&self, at: usize) -> PyResult<Head> {
        self.bytes(at)?;
        let head = self.0.head(at);
        Ok((head.id, head.name, head.state, head.kind))
    }
}

/// The value of a JSON text.
#[pyfunction]
pub(crate) fn loads<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    parsed(py, json)
}

pub(crate) fn parsed<'py>(py: Python<'py>, json: &[u8]) -> PyResult<Bound<'py, PyAny>> {
    PythonParse::default().python_parse(py, json).map_err(|error| map_json_error(json, &error))
}
