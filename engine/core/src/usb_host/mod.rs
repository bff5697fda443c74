//! A full-speed USB host with a device on its one port. USB 2.0 (Universal Serial Bus Specification, revision 2.0).
//!
//! It does what a PC does when a board is plugged in: resets, reads the descriptors, sets address and configuration, and
//! then polls what the device offers. A communications device (CDC-ACM) becomes a console; packets of HID and vendor
//! endpoints are kept as reports. Everything happens in virtual time, a transaction at a time, in frames of 1 ms.
//!
//! A token that would be answered by NAK leaves no trace but the time it takes, so it is not sent: the host
//! sleeps until the device controller says that an endpoint is ready ([`Host::service`] is called again), and then sends the
//! token at the moment at which the poll would have come. An idle device costs nothing.
//!
//! Left out: hubs, low and high speed, isochronous transfers (alternate settings other than 0 are never selected), lost and
//! broken packets. It mounts no disk by itself: whoever wants one read sends the packets, and asks the requests.

pub mod descriptors;
pub mod device;
mod enumeration;
pub mod pipes;
mod requests;
mod seen;
#[cfg(test)]
mod tests;
mod transactions;

use crate::console::{ConsoleId, Consoles, Line};
use crate::gaps::Gaps;
use crate::time::{Ps, SECOND};
use crate::trace::Trace;
use descriptors::kind;
use device::Device;
use pipes::{Pipe, Reports, Use};
use requests::{Control, Outcome, Purpose, Request};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use transactions::Flight;

const MILLISECOND: Ps = SECOND / 1000;
/// TATTDB: the connection must be stable for 100 ms. USB 2.0, 7.1.7.3.
pub const DEBOUNCE: Ps = 100 * MILLISECOND;
/// TDRST: reset from a hub's port lasts 10 ms at least. USB 2.0, 7.1.7.5.
pub const RESET: Ps = 10 * MILLISECOND;
/// TRSTRCY: the device has 10 ms after reset. USB 2.0, 7.1.7.5.
pub const RESET_RECOVERY: Ps = 10 * MILLISECOND;
/// The device has 2 ms after SET_ADDRESS by USB 2.0, 9.2.6.3; hosts give it more, Linux 10 ms.
pub const ADDRESS_RECOVERY: Ps = 10 * MILLISECOND;
/// TDRSMDN: resume is signalled for 20 ms. USB 2.0, 7.1.7.7.
pub const RESUME: Ps = 20 * MILLISECOND;
/// The address that the host gives to its one device.
pub const ADDRESS: u8 = 1;
/// Bus resets that are tried before the host leaves a device alone; Linux does the same.
const TRIES: u8 = 4;

/// What the host needs beside the device.
#[derive(Debug)]
pub struct Around<'a> {
    /// The consoles of CDC-ACM functions.
    pub consoles: &'a mut Consoles,
    /// Takes every transaction.
    pub trace: &'a mut Trace,
    /// Takes what the host does not do.
    pub gaps: &'a mut Gaps,
}

/// The port and the device on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Empty,
    Debouncing,
    Resetting,
    /// The device is left alone for a while, after reset or SET_ADDRESS.
    Recovering,
    Talking,
    /// SOFs have stopped.
    Suspended,
    Resuming,
    /// The device did not do what every device must.
    Failed,
}

/// What the device has said about itself.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Found {
    device: Vec<u8>,
    configuration: Vec<u8>,
    language: u16,
    texts: BTreeMap<u8, String>,
    hid_reports: BTreeMap<u8, Vec<u8>>,
}

/// The host.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Host {
    state: State,
    /// When the delay that belongs to the state is over.
    until: Ps,
    tries: u8,
    address: u8,
    /// bMaxPacketSize0.
    packet: usize,
    requests: VecDeque<Request>,
    control: Option<Control>,
    pipes: Vec<Pipe>,
    flight: Option<Flight>,
    /// The pipe that was served last; of bulk pipes that are ready the next one has its turn.
    last: usize,
    /// The transaction before was of an interrupt endpoint: others may follow in the same frame.
    in_turn: bool,
    /// The bus is free from here on.
    free: Ps,
    /// The first SOF.
    start: Ps,
    found: Found,
    configured: bool,
    configured_at: Option<Ps>,
    problem: Option<String>,
    reports: Reports,
    /// How requests went that somebody asked for: the data, or refused.
    answers: Vec<Option<Vec<u8>>>,
    /// The serial ports that are open, a bit each.
    open: u32,
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Host {
    /// A host that waits for a device.
    pub fn new() -> Self {
        Self {
            state: State::Empty,
            until: Ps::MAX,
            tries: 0,
            address: 0,
            packet: 8,
            requests: VecDeque::new(),
            control: None,
            pipes: Vec::new(),
            flight: None,
            last: 0,
            in_turn: false,
            free: 0,
            start: 0,
            found: Found::default(),
            configured: false,
            configured_at: None,
            problem: None,
            reports: Reports::default(),
            answers: Vec::new(),
            open: 0,
        }
    }

    // What a test can do.

    /// Sends a packet to an OUT endpoint as soon as the device takes it. False: there is no such endpoint.
    pub fn send(&mut self, endpoint: u8, data: &[u8]) -> bool {
        let pipe = self.pipes.iter_mut().find(|pipe| pipe.endpoint.address == endpoint && pipe.used == Use::Reports);
        match pipe.filter(|pipe| !pipe.endpoint.is_in()) {
            Some(pipe) => {
                pipe.outgoing.push_back(data.to_vec());
                true
            }
            None => false,
        }
    }

    /// Makes a request on the default pipe, with the data that goes to the device. False: there is no configured device.
    pub fn ask(&mut self, setup: [u8; 8], data: Vec<u8>) -> bool {
        if self.configured {
            self.requests.push_back(Request::asked(setup, data));
        }
        self.configured
    }

    /// How the requests that somebody asked for went since the last call: the data from the device, or refused.
    pub fn take_answers(&mut self) -> Vec<Option<Vec<u8>>> {
        std::mem::take(&mut self.answers)
    }

    /// What an endpoint sent, to whoever takes it.
    pub fn take_reports(&mut self, endpoint: u8) -> Vec<pipes::Report> {
        self.reports.take(endpoint)
    }

    /// The host goes to sleep: no SOF any more. Nothing is under way then.
    pub fn suspend(&mut self, device: &mut impl Device) {
        if self.state == State::Talking {
            self.state = State::Suspended;
            self.flight = None;
            device.frames_from(None);
        }
    }

    /// The host wakes up, and with it the device.
    pub fn wake_up(&mut self, device: &mut impl Device, now: Ps) {
        if self.state == State::Suspended {
            self.state = State::Resuming;
            self.until = now + RESUME;
            device.resume();
        }
    }

    // How it works.

    /// Something may have changed, or a moment has come that was asked for: does what is due at `now`, and returns when it wants to be
    /// called next. The device calls it earlier when its pull-up changes, when an endpoint becomes ready, or when something was typed.
    pub fn service(&mut self, device: &mut impl Device, around: &mut Around, now: Ps) -> Ps {
        self.look_at_port(device, now);
        self.end_delay(device, now);
        if let Some(flight) = self.flight.take_if(|flight| flight.end <= now) {
            self.carry_out(flight, device, around);
        }
        if self.state != State::Talking {
            return self.until;
        }
        if self.control.as_ref().is_some_and(|control| control.deadline <= now) {
            self.end_request(Outcome::NoAnswer, device, around, now);
        }
        if self.control.is_none() {
            self.control = self.requests.pop_front().map(|request| Control::new(request, now));
        }
        if self.flight.is_none_or(|flight| flight.start > now) {
            self.flight = self.plan(device, around.consoles, now);
        }
        let deadline = self.control.as_ref().map_or(Ps::MAX, |control| control.deadline);
        self.flight.map_or(Ps::MAX, |flight| flight.end).min(deadline).min(self.until)
    }

    fn look_at_port(&mut self, device: &mut impl Device, now: Ps) {
        match (device.is_attached(), self.state) {
            (true, State::Empty) => {
                let reports = std::mem::take(&mut self.reports);
                *self = Self { reports, state: State::Debouncing, until: now + DEBOUNCE, ..Self::new() };
            }
            (false, state) if state != State::Empty => {
                device.bus_reset(false);
                device.frames_from(None);
                self.state = State::Empty;
                self.until = Ps::MAX;
                self.disconnect();
            }
            _ => {}
        }
        if device.take_wake_up() {
            self.wake_up(device, now);
        }
    }

    fn end_delay(&mut self, device: &mut impl Device, now: Ps) {
        if now < self.until {
            return;
        }
        self.until = Ps::MAX;
        match self.state {
            State::Debouncing => self.reset_bus(device, now),
            State::Resetting => {
                device.bus_reset(false);
                device.frames_from(Some(now));
                self.start = now;
                self.state = State::Recovering;
                self.until = now + RESET_RECOVERY;
            }
            State::Recovering => {
                self.state = State::Talking;
                self.free = now;
                if self.address == 0 {
                    self.packet = 8;
                    self.requests = [Request::descriptor(Purpose::PacketSize, kind::DEVICE, 0, 0, 8)].into();
                }
            }
            State::Resuming => {
                self.state = State::Talking;
                self.free = now;
                device.frames_from(Some(self.start));
            }
            State::Empty | State::Talking | State::Suspended | State::Failed => {}
        }
    }

    fn reset_bus(&mut self, device: &mut impl Device, now: Ps) {
        device.frames_from(None);
        device.bus_reset(true);
        self.state = State::Resetting;
        self.until = now + RESET;
        self.disconnect();
    }

    /// Nothing is left of what was agreed with the device.
    fn disconnect(&mut self) {
        self.address = 0;
        self.configured = false;
        self.open = 0;
        self.requests.clear();
        self.control = None;
        self.flight = None;
        self.pipes.clear();
    }
}

fn line_of(port: u8) -> Line {
    match port {
        0 => Line::Usb,
        _ => Line::UsbPort(port),
    }
}

/// The console of a serial port.
fn console(consoles: &Consoles, port: u8) -> Option<ConsoleId> {
    consoles.on(|line| line == line_of(port))
}
