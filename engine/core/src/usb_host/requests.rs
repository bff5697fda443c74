//! The requests that a host makes of a device on its default pipe, and how such a transfer goes on.
//! USB 2.0, sections 8.5.3 and 9.3.

use super::descriptors::kind;
use super::device::{transaction, Answer, Device, Ready, IN, OUT};
use crate::time::{Ps, SECOND};
use serde::{Deserialize, Serialize};

/// What a request is for, so that its result finds its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Purpose {
    /// The first 8 bytes of the device descriptor, for bMaxPacketSize0.
    PacketSize,
    SetAddress,
    Device,
    /// The first 9 bytes of the configuration descriptor, for wTotalLength.
    ConfigurationLength,
    Configuration,
    Languages,
    /// The string of this index.
    Text(u8),
    SetConfiguration,
    /// The report descriptor of this interface.
    HidReport(u8),
    /// Something of a class that the host can do without.
    Class,
    /// This serial port is open once this is done.
    OpenConsole(u8),
    /// Somebody else's.
    Asked,
}

/// A request, 9.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Request {
    pub purpose: Purpose,
    pub setup: [u8; 8],
    /// The data stage towards the device.
    pub data: Vec<u8>,
}

const GET_DESCRIPTOR: u8 = 6;
const TO_HOST: u8 = 0x80;

impl Request {
    fn new(purpose: Purpose, request_type: u8, request: u8, value: u16, index: u16, length: u16) -> Self {
        let [v0, v1] = value.to_le_bytes();
        let [i0, i1] = index.to_le_bytes();
        let [l0, l1] = length.to_le_bytes();
        Self { purpose, setup: [request_type, request, v0, v1, i0, i1, l0, l1], data: Vec::new() }
    }

    pub fn descriptor(purpose: Purpose, descriptor: u8, number: u8, language: u16, length: u16) -> Self {
        Self::new(purpose, TO_HOST, GET_DESCRIPTOR, u16::from(descriptor) << 8 | u16::from(number), language, length)
    }

    pub fn set_address(address: u8) -> Self {
        Self::new(Purpose::SetAddress, 0, 5, u16::from(address), 0, 0)
    }

    pub fn set_configuration(value: u8) -> Self {
        Self::new(Purpose::SetConfiguration, 0, 9, u16::from(value), 0, 0)
    }

    /// Somebody else's request, with the data that goes to the device.
    pub fn asked(setup: [u8; 8], data: Vec<u8>) -> Self {
        Self { purpose: Purpose::Asked, setup, data }
    }

    /// The endpoint whose halt this request clears: CLEAR_FEATURE(ENDPOINT_HALT), USB 2.0, 9.4.1.
    pub fn unhalts(&self) -> Option<u8> {
        (self.setup[..4] == [2, 1, 0, 0]).then_some(self.setup[4])
    }

    /// HID 1.11, 7.2.4: reports only when something changes.
    pub fn set_idle(interface: u8) -> Self {
        Self::new(Purpose::Class, 0x21, 0x0A, 0, u16::from(interface), 0)
    }

    /// HID 1.11, 7.1.1.
    pub fn hid_report(interface: u8, length: u16) -> Self {
        let value = u16::from(kind::HID_REPORT) << 8;
        Self::new(Purpose::HidReport(interface), TO_HOST | 1, GET_DESCRIPTOR, value, u16::from(interface), length)
    }

    /// CDC PSTN 1.2, 6.3.10: 115200 baud, 1 stop bit, no parity, 8 bits.
    pub fn set_line_coding(interface: u8) -> Self {
        let mut data = 115_200u32.to_le_bytes().to_vec();
        data.extend([0, 0, 8]);
        Self { data, ..Self::new(Purpose::Class, 0x21, 0x20, 0, u16::from(interface), 7) }
    }

    /// CDC PSTN 1.2, 6.3.12: DTR and RTS, as when a terminal opens the port.
    pub fn set_control_line_state(interface: u8, port: u8) -> Self {
        Self::new(Purpose::OpenConsole(port), 0x21, 0x22, 3, u16::from(interface), 0)
    }

    /// USB 2.0, 9.2.6.4: the device has 500 ms for each packet of a standard request; 9.2.6.1: 5 s for any request.
    fn patience(&self) -> Ps {
        match self.purpose {
            Purpose::HidReport(_) | Purpose::Class | Purpose::OpenConsole(_) | Purpose::Asked => 5 * SECOND,
            _ => SECOND / 2,
        }
    }

    fn is_in(&self) -> bool {
        self.setup[0] & TO_HOST != 0
    }

    fn length(&self) -> usize {
        usize::from(u16::from_le_bytes([self.setup[6], self.setup[7]]))
    }
}

/// The stages of a control transfer, 8.5.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Setup,
    DataIn,
    DataOut,
    StatusIn,
    StatusOut,
}

/// How a transfer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The data stage towards the host.
    Done(Vec<u8>),
    Stalled,
    /// Three tokens in a row without an answer (USB 2.0, 10.2.6).
    NoAnswer,
}

/// A control transfer under way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Control {
    pub request: Request,
    /// Given up at this moment, if nothing moves until then.
    pub deadline: Ps,
    stage: Stage,
    data1: bool,
    received: Vec<u8>,
    sent: usize,
    errors: u8,
}

impl Control {
    pub fn new(request: Request, now: Ps) -> Self {
        let deadline = now + request.patience();
        Self { request, deadline, stage: Stage::Setup, data1: true, received: Vec::new(), sent: 0, errors: 0 }
    }

    fn next_out(&self, packet: usize) -> &[u8] {
        let data = &self.request.data;
        &data[self.sent..data.len().min(self.sent + packet)]
    }

    /// How long the next transaction takes, when the device is ready for it.
    pub fn ready(&self, device: &impl Device, address: u8, packet: usize) -> Option<Ps> {
        let ready = match self.stage {
            Stage::Setup => return Some(transaction(8)),
            Stage::DataIn | Stage::StatusIn => device.ready_in(address, 0),
            Stage::DataOut | Stage::StatusOut => device.ready_out(address, 0),
        };
        match (ready, self.stage) {
            (Ready::No, _) => None,
            (Ready::Bytes(_), Stage::DataOut) => Some(transaction(self.next_out(packet).len())),
            (Ready::Bytes(count), _) => Some(transaction(count)),
        }
    }

    /// The token of the next transaction (USB 2.0, table 8-1), and what goes to the device.
    pub fn packet(&self, packet: usize) -> (u8, Vec<u8>) {
        match self.stage {
            Stage::Setup => (0x2D, self.request.setup.to_vec()),
            Stage::DataIn | Stage::StatusIn => (IN, Vec::new()),
            Stage::DataOut => (OUT, self.next_out(packet).to_vec()),
            Stage::StatusOut => (OUT, Vec::new()),
        }
    }

    /// The next transaction, which ends at `now`.
    pub fn step(&mut self, device: &mut impl Device, address: u8, packet: usize, now: Ps) -> (Answer, Option<Outcome>) {
        let answer = match self.stage {
            Stage::Setup => device.setup(address, self.request.setup),
            Stage::DataIn | Stage::StatusIn => device.token_in(address, 0),
            Stage::DataOut => device.token_out(address, 0, self.data1, self.next_out(packet)),
            Stage::StatusOut => device.token_out(address, 0, true, &[]),
        };
        if matches!(answer, Answer::Ack | Answer::Data(..)) {
            self.deadline = now + self.request.patience();
        }
        let outcome = self.went(&answer, packet);
        (answer, outcome)
    }

    fn went(&mut self, answer: &Answer, packet: usize) -> Option<Outcome> {
        match answer {
            Answer::Silence => {
                self.errors += 1;
                return (self.errors == 3).then_some(Outcome::NoAnswer);
            }
            Answer::Nak => return None,
            Answer::Stall => return Some(Outcome::Stalled),
            Answer::Ack | Answer::Data(..) => self.errors = 0,
        }
        self.stage = match (self.stage, answer) {
            (Stage::Setup, _) if self.request.length() == 0 => Stage::StatusIn,
            (Stage::Setup, _) if self.request.is_in() => Stage::DataIn,
            (Stage::Setup, _) => Stage::DataOut,
            (Stage::DataIn, Answer::Data(data1, data)) => {
                // 8.6.4: a packet with the toggle of the last one is a repetition.
                if *data1 != self.data1 {
                    return None;
                }
                self.data1 = !self.data1;
                self.received.extend(data);
                if data.len() < packet || self.received.len() >= self.request.length() {
                    Stage::StatusOut
                } else {
                    Stage::DataIn
                }
            }
            (Stage::DataOut, _) => {
                self.data1 = !self.data1;
                self.sent += self.next_out(packet).len();
                if self.sent == self.request.data.len() {
                    Stage::StatusIn
                } else {
                    Stage::DataOut
                }
            }
            _ => return Some(Outcome::Done(std::mem::take(&mut self.received))),
        };
        None
    }
}
