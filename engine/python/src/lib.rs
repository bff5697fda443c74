//! The one native module of the Python package, `twins._engine`.

mod bridge;
mod engine;
mod esp32s3;
mod machine;
mod outside;
mod rp2040;
mod snapshot;
mod usb;
mod wires;

use engine_core::registers::Access;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// A declared field: block, register, field, high and low bit, access, and what is missing of it (empty: nothing).
type Declared = (String, String, String, u32, u32, &'static str, &'static str);

/// The declared registers of a chip, in the order of their blocks; the first copy of repeated ones.
#[pyfunction]
fn declared(chip: &str) -> PyResult<Vec<Declared>> {
    let groups = match chip {
        "rp2040" => ::rp2040::declared::all_groups(),
        "esp32s3" => ::esp32s3::devices::all_groups(),
        other => return Err(PyValueError::new_err(format!("there is no chip {other:?}: rp2040 or esp32s3"))),
    };
    let mut fields = Vec::new();
    for group in groups {
        for register in group.table {
            let name = format!("{}{}", group.prefix.replace("{}", "0"), register.name);
            for field in register.fields {
                let low = field.bits.shift;
                let high = low + field.bits.mask.count_ones() - 1;
                let (access, missing) = match field.access {
                    Access::Rw => ("rw", ""),
                    Access::Ro => ("ro", ""),
                    Access::Wo => ("wo", ""),
                    Access::W1c => ("w1c", ""),
                    Access::Todo(why) => ("rw", why),
                };
                fields.push((group.block.to_owned(), name.clone(), field.name.to_owned(), high, low, access, missing));
            }
        }
    }
    Ok(fields)
}

/// Native engine of board twins.
#[pymodule]
fn _engine(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<outside::Inbox>()?;
    module.add_class::<bridge::Bridge>()?;
    module.add_class::<engine::Engine>()?;
    module.add_class::<snapshot::Snapshot>()?;
    module.add_function(wrap_pyfunction!(declared, module)?)?;
    module.add("BUILD", env!("ENGINE_BUILD"))?;
    Ok(())
}
