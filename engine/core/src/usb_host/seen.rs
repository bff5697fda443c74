//! What a test can see of the host and of the device on its port.

use super::descriptors::{self, Endpoint, Interface};
use super::pipes::Reports;
use super::{Host, State};
use crate::time::Ps;

impl Host {
    /// Is a device on the port?
    pub fn is_attached(&self) -> bool {
        self.state != State::Empty
    }

    /// Has the device accepted its configuration?
    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// When it did.
    pub fn configured_at(&self) -> Option<Ps> {
        self.configured_at
    }

    /// Is the bus suspended?
    pub fn is_suspended(&self) -> bool {
        self.state == State::Suspended
    }

    /// Why the host could not enumerate the device.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// The device descriptor; empty until it is read.
    pub fn device_descriptor(&self) -> &[u8] {
        &self.found.device
    }

    /// The configuration descriptor with all that belongs to it; empty until it is read.
    pub fn configuration_descriptor(&self) -> &[u8] {
        &self.found.configuration
    }

    fn device_word(&self, at: usize) -> Option<u16> {
        self.found.device.get(at..at + 2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
    }

    /// idVendor.
    pub fn vendor_id(&self) -> Option<u16> {
        self.device_word(8)
    }

    /// idProduct.
    pub fn product_id(&self) -> Option<u16> {
        self.device_word(10)
    }

    fn named(&self, at: usize) -> Option<&str> {
        self.text(*self.found.device.get(at)?)
    }

    /// The string of iManufacturer.
    pub fn manufacturer(&self) -> Option<&str> {
        self.named(14)
    }

    /// The string of iProduct.
    pub fn product(&self) -> Option<&str> {
        self.named(15)
    }

    /// The string of iSerialNumber.
    pub fn serial(&self) -> Option<&str> {
        self.named(16)
    }

    /// The string of an index, if the host has read it.
    pub fn text(&self, index: u8) -> Option<&str> {
        self.found.texts.get(&index).map(String::as_str)
    }

    /// The interfaces in the configuration descriptor.
    pub fn interfaces(&self) -> Vec<Interface> {
        descriptors::interfaces(&self.found.configuration)
    }

    /// The endpoints that are in use: those of alternate settings 0.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let interfaces = self.interfaces();
        interfaces.iter().filter(|interface| interface.alternate == 0).flat_map(|it| it.endpoints.clone()).collect()
    }

    /// The report descriptor of a HID interface.
    pub fn hid_report_descriptor(&self, interface: u8) -> Option<&[u8]> {
        self.found.hid_reports.get(&interface).map(Vec::as_slice)
    }

    /// Packets from endpoints that are no console's.
    pub fn reports(&self) -> &Reports {
        &self.reports
    }

    /// Packets from endpoints that are no console's, to take them.
    pub fn reports_mut(&mut self) -> &mut Reports {
        &mut self.reports
    }
}
