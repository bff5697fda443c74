//! A chip's state for Python.

use crate::machine::Frozen;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

/// A chip at rest.
#[pyclass(frozen, module = "twins._engine")]
pub struct Snapshot {
    /// The chip's state.
    pub inner: Frozen,
}

#[pymethods]
impl Snapshot {
    /// As bytes, for a file.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = postcard::to_stdvec(&self.inner).map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// From the bytes of `to_bytes` of the same version of the engine.
    #[staticmethod]
    fn from_bytes(data: &[u8]) -> PyResult<Self> {
        let inner = postcard::from_bytes(data)
            .map_err(|error| PyValueError::new_err(format!("these bytes are no snapshot of a chip: {error}")))?;
        Ok(Self { inner })
    }
}
