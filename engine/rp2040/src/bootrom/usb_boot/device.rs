//! The device that a host finds: descriptors and requests on the default pipe, and the endpoints of both interfaces.
//! Datasheet 2.8.5.1 to 2.8.5.3; USB 2.0, chapter 9.

use super::endpoints::{Pair, PACKET};
use super::picoboot::{Asked, Picoboot, Reboot};
use super::scsi::MassStorage;
use super::task::{Source, Status, Task};
use engine_core::time::Ps;
use engine_core::usb_host::device::{Answer, Device, Ready};
use serde::{Deserialize, Serialize};

/// 2.8.5.1.
#[rustfmt::skip]
const DEVICE: [u8; 18] = [
    18, 1, 0x10, 0x01, 0, 0, 0, PACKET as u8, 0x8A, 0x2E, 0x03, 0x00, 0x00, 0x01, 1, 2, 3, 1,
];
const CONFIGURATION: [u8; 9] = [9, 2, 0, 0, 0, 1, 0, 0x80, 0xFA];
/// An interface with its class, and two bulk endpoints.
const fn interface(class: [u8; 3], first: u8, second: u8) -> [u8; 23] {
    let [class, subclass, protocol] = class;
    [
        9,
        4,
        0,
        0,
        2,
        class,
        subclass,
        protocol,
        0, // interface
        7,
        5,
        first,
        2,
        PACKET as u8,
        0,
        0, // endpoint
        7,
        5,
        second,
        2,
        PACKET as u8,
        0,
        0, // endpoint
    ]
}
const MASS_STORAGE: [u8; 23] = interface([8, 6, 0x50], 0x80 | STORAGE_IN, STORAGE_OUT);
const PICOBOOT: [u8; 23] = interface([0xFF, 0, 0], PICOBOOT_OUT, 0x80 | PICOBOOT_IN);
const STORAGE_IN: u8 = 1;
const STORAGE_OUT: u8 = 2;
const PICOBOOT_OUT: u8 = 3;
const PICOBOOT_IN: u8 = 4;
const ENGLISH: [u8; 4] = [4, 3, 0x09, 0x04];

/// `_reset_to_usb_boot`'s second argument, 2.8.3.1.5: interfaces that are not there.
const NO_STORAGE: u32 = 1;
const NO_PICOBOOT: u32 = 2;

/// What comes next on the default pipe.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Control {
    #[default]
    Idle,
    Data(Vec<u8>),
    StatusIn,
    StatusOut,
    Refused,
}

/// The chip as a USB device.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct UsbBoot {
    vbus: bool,
    address: u8,
    next_address: Option<u8>,
    configured: bool,
    disabled: u32,
    serial: String,
    control: Control,
    storage: MassStorage,
    picoboot: Picoboot,
    waiting: [Option<Task>; 2],
    reboot: Option<Reboot>,
    /// What the processor is at.
    pub(super) work: super::Work,
}

impl UsbBoot {
    /// The device, without the interfaces of these bits. The serial number is made of the chip's and the ROM's revision.
    pub(super) fn new(disabled: u32, serial: String, vbus: bool) -> Self {
        let disabled = if disabled & 3 == NO_STORAGE | NO_PICOBOOT { 0 } else { disabled & 3 };
        Self { vbus, disabled, serial, ..Self::default() }
    }

    /// The cable is plugged in, or out.
    pub fn set_vbus(&mut self, on: bool) {
        self.vbus = on;
    }

    /// Is there something for the processor?
    pub fn has_work(&self) -> bool {
        self.reboot.is_some() || self.waiting.iter().any(Option::is_some)
    }

    /// The next work: that of the drive comes first.
    pub(super) fn next_task(&mut self) -> Option<Task> {
        self.waiting.iter_mut().find_map(Option::take)
    }

    pub(super) fn take_reboot(&mut self) -> Option<Reboot> {
        self.reboot.take()
    }

    /// Is the drive shut?
    pub(super) fn exclude(&mut self, how: u8) {
        self.storage.exclude(how);
    }

    /// A task has ended, with what was read. A file may be whole now.
    pub(super) fn done(&mut self, source: Source, token: u32, status: Status, data: &[u8]) {
        match source {
            Source::Drive => {
                /// The end of SRAM.
                const STACK: u32 = 0x2004_2000;
                if let Some(pc) = self.storage.programmed(token, status) {
                    self.reboot = Some(Reboot { pc, sp: STACK, delay: 1000 });
                }
            }
            Source::Picoboot => {
                let asked = self.picoboot.done(token, status, data);
                self.ask(asked);
            }
        }
    }

    fn ask(&mut self, asked: Asked) {
        match asked {
            Asked::Nothing => {}
            Asked::Task(task) => self.waiting[1] = Some(*task),
            Asked::Reboot(reboot) => self.reboot = Some(reboot),
        }
    }

    fn configuration(&self) -> Vec<u8> {
        let mut all = CONFIGURATION.to_vec();
        let mut count = 0;
        for (bit, mut interface) in [(NO_STORAGE, MASS_STORAGE), (NO_PICOBOOT, PICOBOOT)] {
            if self.disabled & bit == 0 {
                interface[2] = count;
                all.extend(interface);
                count += 1;
            }
        }
        (all[2], all[4]) = (all.len() as u8, count);
        all
    }

    fn string(&self, index: u8) -> Option<Vec<u8>> {
        let text = match index {
            0 => return Some(ENGLISH.to_vec()),
            1 => "Raspberry Pi",
            2 => "RP2 Boot",
            3 => &self.serial,
            _ => return None,
        };
        let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        Some([&[units.len() as u8 + 2, 3], &units[..]].concat())
    }

    fn configure(&mut self) {
        self.configured = true;
        self.storage = MassStorage::default();
        self.picoboot.reset();
        self.picoboot.pipes = Pair::default();
        self.waiting = [None, None];
    }

    fn pair(&mut self, endpoint: u8) -> Option<&mut Pair> {
        match endpoint & 0xF {
            STORAGE_IN | STORAGE_OUT if self.disabled & NO_STORAGE == 0 => Some(&mut self.storage.pipes),
            PICOBOOT_IN | PICOBOOT_OUT if self.disabled & NO_PICOBOOT == 0 => Some(&mut self.picoboot.pipes),
            _ => None,
        }
    }

    fn clear_halt(&mut self, endpoint: u8) -> Option<Control> {
        let towards_host = endpoint & 0x80 != 0;
        self.pair(endpoint)?.clear_halt(towards_host);
        if endpoint == 0x80 | STORAGE_IN {
            self.storage.unhalted();
        }
        Some(Control::StatusIn)
    }

    fn is_halted(&mut self, endpoint: u8) -> bool {
        let towards_host = endpoint & 0x80 != 0;
        self.pair(endpoint).is_some_and(|pair| if towards_host { pair.in_halted } else { pair.out_halted })
    }

    /// A request; `None`: it is refused.
    fn request(&mut self, packet: [u8; 8]) -> Option<Control> {
        let [kind, request, value, value_high, index, index_high, length, length_high] = packet;
        let length = usize::from(u16::from_le_bytes([length, length_high]));
        let answer = |data: Vec<u8>| Some(Control::Data(data.into_iter().take(length).collect()));
        match (kind, request) {
            (0x80 | 0x81, 0) => answer(vec![0, 0]),
            (0x82, 0) => answer(vec![self.is_halted(index).into(), 0]),
            (0x02, 1) if value == 0 => self.clear_halt(index),
            (0x00, 5) => {
                self.next_address = Some(value & 0x7F);
                Some(Control::StatusIn)
            }
            (0x80, 6) => match value_high {
                1 => answer(DEVICE.to_vec()),
                2 => answer(self.configuration()),
                3 => answer(self.string(value)?),
                _ => None,
            },
            (0x80, 8) => answer(vec![self.configured.into()]),
            (0x00, 9) if value <= 1 => {
                self.configured = false;
                if value == 1 {
                    self.configure();
                }
                Some(Control::StatusIn)
            }
            (0x01, 11) if value == 0 => Some(Control::StatusIn),
            // Get Max LUN and Mass Storage Reset, Bulk-Only Transport 3.1 and 3.2.
            (0xA1, 0xFE) if self.disabled & NO_STORAGE == 0 => answer(vec![0]),
            (0x21, 0xFF) if self.disabled & NO_STORAGE == 0 => {
                self.storage.reset();
                Some(Control::StatusIn)
            }
            _ if self.disabled & NO_PICOBOOT == 0 && kind & 0x60 == 0x40 && (value_high, index_high) == (0, 0) => {
                self.vendor_request(kind, request, length)
            }
            _ => None,
        }
    }

    /// 2.8.5.5.
    fn vendor_request(&mut self, kind: u8, request: u8, length: usize) -> Option<Control> {
        const INTERFACE_RESET: u8 = 0x41;
        const GET_COMMAND_STATUS: u8 = 0x42;
        match (kind & 0x80 != 0, request) {
            (true, GET_COMMAND_STATUS) if length == 16 => Some(Control::Data(self.picoboot.command_status())),
            (false, INTERFACE_RESET) => {
                self.picoboot.reset();
                self.storage.readmit();
                self.waiting = [None, None];
                self.work.abort();
                Some(Control::StatusIn)
            }
            _ => None,
        }
    }

    fn default_pipe_in(&mut self) -> Answer {
        match std::mem::take(&mut self.control) {
            Control::Data(data) => {
                self.control = Control::StatusOut;
                Answer::Data(true, data)
            }
            Control::StatusIn => {
                if let Some(address) = self.next_address.take() {
                    self.address = address;
                }
                Answer::Data(true, Vec::new())
            }
            Control::Refused => Answer::Stall,
            Control::Idle | Control::StatusOut => Answer::Nak,
        }
    }
}

impl Device for UsbBoot {
    fn is_attached(&self) -> bool {
        self.vbus
    }

    fn bus_reset(&mut self, on: bool) {
        if on {
            (self.address, self.next_address, self.configured) = (0, None, false);
            self.control = Control::Idle;
        }
    }

    fn frames_from(&mut self, _start: Option<Ps>) {}

    fn resume(&mut self) {}

    fn take_wake_up(&mut self) -> bool {
        false
    }

    fn ready_in(&self, address: u8, endpoint: u8) -> Ready {
        let pipes = match endpoint {
            _ if address != self.address => return Ready::Bytes(0),
            0 => {
                return match &self.control {
                    Control::Data(data) => Ready::Bytes(data.len()),
                    Control::StatusIn | Control::Refused => Ready::Bytes(0),
                    Control::Idle | Control::StatusOut => Ready::No,
                }
            }
            STORAGE_IN => &self.storage.pipes,
            PICOBOOT_IN => &self.picoboot.pipes,
            _ => return Ready::Bytes(0),
        };
        match pipes.next() {
            _ if pipes.in_halted => Ready::Bytes(0),
            Some(count) => Ready::Bytes(count),
            None => Ready::No,
        }
    }

    fn ready_out(&self, address: u8, endpoint: u8) -> Ready {
        let (is_open, halted) = match endpoint {
            _ if address != self.address => (true, false),
            STORAGE_OUT => (self.storage.is_open(), self.storage.pipes.out_halted),
            PICOBOOT_OUT => (self.picoboot.is_open(), self.picoboot.pipes.out_halted),
            _ => (true, false),
        };
        if is_open || halted {
            Ready::Bytes(0)
        } else {
            Ready::No
        }
    }

    fn setup(&mut self, address: u8, packet: [u8; 8]) -> Answer {
        if address != self.address {
            return Answer::Silence;
        }
        self.control = self.request(packet).unwrap_or(Control::Refused);
        Answer::Ack
    }

    fn token_in(&mut self, address: u8, endpoint: u8) -> Answer {
        if address != self.address {
            return Answer::Silence;
        }
        if endpoint == 0 {
            return self.default_pipe_in();
        }
        let Some(pipes) = self.pair(endpoint) else { return Answer::Silence };
        if pipes.in_halted {
            return Answer::Stall;
        }
        let Some((data1, data)) = pipes.take() else { return Answer::Nak };
        if endpoint == STORAGE_IN {
            self.storage.sent();
        } else {
            let asked = self.picoboot.sent();
            self.ask(asked);
        }
        Answer::Data(data1, data)
    }

    fn token_out(&mut self, address: u8, endpoint: u8, data1: bool, data: &[u8]) -> Answer {
        if address != self.address {
            return Answer::Silence;
        }
        if endpoint == 0 {
            return match std::mem::take(&mut self.control) {
                Control::Refused => Answer::Stall,
                _ => Answer::Ack,
            };
        }
        let Some(pipes) = self.pair(endpoint) else { return Answer::Silence };
        if pipes.out_halted {
            return Answer::Stall;
        }
        if !pipes.accept(data1) {
            return Answer::Ack;
        }
        if endpoint == STORAGE_OUT {
            if let Some(task) = self.storage.packet(data) {
                self.waiting[0] = Some(task);
            }
        } else {
            let asked = self.picoboot.packet(data);
            self.ask(asked);
        }
        Answer::Ack
    }
}
