//! Descriptors. USB 2.0, section 9.6; classes by their own specifications.

use serde::{Deserialize, Serialize};

/// bDescriptorType, table 9-5.
pub mod kind {
    /// Device.
    pub const DEVICE: u8 = 1;
    /// Configuration.
    pub const CONFIGURATION: u8 = 2;
    /// String.
    pub const STRING: u8 = 3;
    /// Interface.
    pub const INTERFACE: u8 = 4;
    /// Endpoint.
    pub const ENDPOINT: u8 = 5;
    /// HID (HID 1.11, 7.1).
    pub const HID: u8 = 0x21;
    /// HID report (HID 1.11, 7.1).
    pub const HID_REPORT: u8 = 0x22;
}

/// bInterfaceClass.
pub mod class {
    /// Communications (CDC 1.2, 4.2).
    pub const COMMUNICATIONS: u8 = 2;
    /// Human interface (HID 1.11, 4.1).
    pub const HID: u8 = 3;
    /// Mass storage.
    pub const MASS_STORAGE: u8 = 8;
    /// Data interface of a communications function (CDC 1.2, 4.5).
    pub const CDC_DATA: u8 = 10;
}

/// Transfer types, bmAttributes 1:0 of an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Transfer {
    /// Control.
    Control = 0,
    /// Isochronous.
    Isochronous = 1,
    /// Bulk.
    Bulk = 2,
    /// Interrupt.
    Interrupt = 3,
}

/// An endpoint descriptor, 9.6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// bEndpointAddress: the number, and 0x80 for IN.
    pub address: u8,
    /// Transfer type.
    pub transfer: Transfer,
    /// wMaxPacketSize 10:0.
    pub size: u16,
    /// bInterval.
    pub interval: u8,
}

impl Endpoint {
    /// Does it send to the host?
    pub fn is_in(&self) -> bool {
        self.address & 0x80 != 0
    }
}

/// An interface with its endpoints, 9.6.5.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interface {
    /// bInterfaceNumber.
    pub number: u8,
    /// bAlternateSetting.
    pub alternate: u8,
    /// bInterfaceClass.
    pub class: u8,
    /// bInterfaceSubClass.
    pub subclass: u8,
    /// bInterfaceProtocol.
    pub protocol: u8,
    /// Length of the HID report descriptor, from the HID descriptor.
    pub report_length: Option<u16>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// The interfaces of a configuration descriptor, as far as it is well-formed.
pub fn interfaces(configuration: &[u8]) -> Vec<Interface> {
    let mut found: Vec<Interface> = Vec::new();
    let mut rest = configuration;
    while let Some((&length, _)) = rest.split_first() {
        let length = usize::from(length);
        if length < 2 || length > rest.len() {
            break;
        }
        let (this, after) = rest.split_at(length);
        rest = after;
        match (this[1], found.last_mut()) {
            (kind::INTERFACE, _) if length >= 9 => found.push(Interface {
                number: this[2],
                alternate: this[3],
                class: this[5],
                subclass: this[6],
                protocol: this[7],
                ..Interface::default()
            }),
            (kind::ENDPOINT, Some(interface)) if length >= 7 => interface.endpoints.push(Endpoint {
                address: this[2],
                transfer: match this[3] & 3 {
                    0 => Transfer::Control,
                    1 => Transfer::Isochronous,
                    2 => Transfer::Bulk,
                    _ => Transfer::Interrupt,
                },
                size: u16::from_le_bytes([this[4], this[5]]) & 0x7FF,
                interval: this[6],
            }),
            (kind::HID, Some(interface)) if interface.class == class::HID && length >= 9 => {
                interface.report_length = Some(u16::from_le_bytes([this[7], this[8]]));
            }
            _ => {}
        }
    }
    found
}

/// The text of a string descriptor, 9.6.7: UTF-16LE.
pub fn text(descriptor: &[u8]) -> String {
    let length = descriptor.first().map_or(0, |&length| usize::from(length)).min(descriptor.len());
    let units: Vec<u16> = descriptor[..length]
        .get(2..)
        .unwrap_or(&[])
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    String::from_utf16_lossy(&units)
}
