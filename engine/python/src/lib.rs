//! The one native module of the Python package, `twins._engine`.

mod outside;
mod rp2040;

use pyo3::prelude::*;

/// Native engine of board twins.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<outside::Inbox>()?;
    module.add_class::<rp2040::Rp2040>()?;
    module.add_class::<rp2040::Snapshot>()?;
    Ok(())
}
