//! What the USB host knows of the device, for Python.

use crate::machine::Machine;
use engine_core::time::Ps;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

/// A device whose descriptors are the chip's own, with all that a host reads of it.
#[derive(Debug)]
pub struct FixedDevice {
    /// The device descriptor.
    pub descriptor: [u8; 18],
    /// Its strings.
    pub manufacturer: &'static str,
    /// Its strings.
    pub product: &'static str,
    /// Its strings.
    pub serial: String,
}

/// The state of the host and what the device has said about itself, by name.
pub fn state<'py>(chip: &dyn Machine, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
    let (host, plugged) = chip.usb_host();
    let all = PyDict::new(py);
    all.set_item("plugged", plugged)?;
    all.set_item("attached", host.is_attached())?;
    all.set_item("configured", host.is_configured())?;
    all.set_item("configured_at", host.configured_at())?;
    all.set_item("suspended", host.is_suspended())?;
    all.set_item("problem", host.problem())?;
    all.set_item("vendor_id", host.vendor_id())?;
    all.set_item("product_id", host.product_id())?;
    all.set_item("manufacturer", host.manufacturer())?;
    all.set_item("product", host.product())?;
    all.set_item("serial", host.serial())?;
    all.set_item("device_descriptor", PyBytes::new(py, host.device_descriptor()))?;
    all.set_item("configuration_descriptor", PyBytes::new(py, host.configuration_descriptor()))?;
    let endpoints: Vec<(u8, u8, u16, u8)> = host
        .endpoints()
        .into_iter()
        .map(|endpoint| (endpoint.address, endpoint.transfer as u8, endpoint.size, endpoint.interval))
        .collect();
    all.set_item("endpoints", endpoints)?;
    let hid = PyDict::new(py);
    for interface in host.interfaces() {
        if let Some(descriptor) = host.hid_report_descriptor(interface.number) {
            hid.set_item(interface.number, PyBytes::new(py, descriptor))?;
        }
    }
    all.set_item("hid_report_descriptors", hid)?;
    all.set_item("dropped", host.reports().dropped)?;
    if let Some(device) = chip.usb_fixed_device() {
        let word = |at: usize| u16::from_le_bytes([device.descriptor[at], device.descriptor[at + 1]]);
        all.set_item("attached", true)?;
        all.set_item("configured", true)?;
        all.set_item("vendor_id", word(8))?;
        all.set_item("product_id", word(10))?;
        all.set_item("manufacturer", device.manufacturer)?;
        all.set_item("product", device.product)?;
        all.set_item("serial", device.serial)?;
        all.set_item("device_descriptor", PyBytes::new(py, &device.descriptor))?;
    }
    Ok(all)
}

/// The packets that an endpoint sent: time and data.
pub fn reports<'py>(chip: &dyn Machine, py: Python<'py>, endpoint: u8) -> Vec<(Ps, Bound<'py, PyBytes>)> {
    let (host, _) = chip.usb_host();
    host.reports().of(endpoint).map(|report| (report.at, PyBytes::new(py, &report.data))).collect()
}
