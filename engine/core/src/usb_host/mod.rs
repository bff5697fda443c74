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
//! Left out: hubs, low and high speed, isochronous transfers (alternate settings other than 0 are never selected), the SCSI
//! commands of mass storage, lost and broken packets.

pub mod descriptors;
pub mod device;
pub mod pipes;
mod requests;
mod seen;
#[cfg(test)]
mod tests;

use crate::console::{ConsoleId, Consoles, Line};
use crate::gaps::Gaps;
use crate::time::{Ps, MICROSECOND, SECOND};
use crate::trace::{Kind, Trace};
use descriptors::{class, kind, Endpoint, Transfer};
use device::{transaction, Answer, Device, Ready, AFTER_SOF, BEFORE_SOF, FRAME, NAKED};
use pipes::{Pipe, Reports, Use};
use requests::{Control, Outcome, Purpose, Request};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

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

/// Who a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Party {
    Control,
    Pipe(usize),
}

/// A transaction on the bus. Its effects appear when it ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Flight {
    party: Party,
    start: Ps,
    end: Ps,
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

    /// The first moment from `now` on at which a token may go to an endpoint that is ready now. The host has
    /// been polling it since the bus became free, one NAK after the other.
    fn next_token(&self, now: Ps) -> Ps {
        if now < self.free + MICROSECOND {
            self.free
        } else {
            self.free + (now - self.free).div_ceil(NAKED) * NAKED
        }
    }

    /// A transaction that begins at `at` at the earliest, and within one frame.
    fn within_frame(&self, at: Ps, duration: Ps) -> (Ps, Ps) {
        let frame = self.start + at.saturating_sub(self.start) / FRAME * FRAME;
        let start = at.max(frame + AFTER_SOF);
        if start + duration + BEFORE_SOF <= frame + FRAME {
            (start, start + duration)
        } else {
            (frame + FRAME + AFTER_SOF, frame + FRAME + AFTER_SOF + duration)
        }
    }

    /// Chooses the next transaction: the earliest; of those an interrupt endpoint, then control, then bulk in rotation.
    fn plan(&self, device: &impl Device, consoles: &Consoles, now: Ps) -> Option<Flight> {
        let token = self.next_token(now);
        let control = self.control.as_ref().and_then(|control| {
            let duration = control.ready(device, self.address, self.packet)?;
            Some((Party::Control, token, duration, 1))
        });
        let pipes = self.pipes.iter().enumerate().filter_map(|(index, pipe)| {
            let count = self.pipe_ready(pipe, device, consoles)?;
            let running = self.in_turn && now < self.free + MICROSECOND;
            let from = if running { self.free } else { now };
            let interrupt = pipe.endpoint.transfer == Transfer::Interrupt;
            let at = if interrupt { pipe.turn(from, self.start, running) } else { token };
            let places = self.pipes.len();
            let rank = if interrupt { 0 } else { 2 + (index + places - self.last - 1) % places };
            Some((Party::Pipe(index), at, transaction(count), rank))
        });
        let fit = |(party, at, duration, rank)| (self.within_frame(at, duration), rank, party);
        let ((start, end), _, party) = control.into_iter().chain(pipes).map(fit).min_by_key(|it| (it.0 .0, it.1))?;
        Some(Flight { party, start, end })
    }

    /// How much data a transaction with the endpoint would carry now.
    fn pipe_ready(&self, pipe: &Pipe, device: &impl Device, consoles: &Consoles) -> Option<usize> {
        let closed = matches!(pipe.used, Use::Console(port) if self.open >> port & 1 == 0);
        if pipe.halted || closed {
            return None;
        }
        if pipe.endpoint.is_in() {
            return match device.ready_in(self.address, pipe.number()) {
                Ready::Bytes(count) => Some(count),
                Ready::No => None,
            };
        }
        let waiting = match pipe.used {
            Use::Console(port) => {
                let typed = console(consoles, port).map_or(0, |id| consoles.input_waiting(id));
                Some(typed.min(usize::from(pipe.endpoint.size))).filter(|&count| count > 0)
            }
            Use::Reports => pipe.outgoing.front().map(Vec::len),
        };
        let is_ready = || device.ready_out(self.address, pipe.number()) != Ready::No;
        waiting.filter(|_| is_ready())
    }

    /// The transaction ends: it takes effect.
    fn carry_out(&mut self, flight: Flight, device: &mut impl Device, around: &mut Around) {
        self.free = flight.end;
        self.in_turn = false;
        match flight.party {
            Party::Control => {
                if let Some(control) = &mut self.control {
                    let (token, sent) = control.packet(self.packet);
                    let (answer, outcome) = control.step(device, self.address, self.packet, flight.end);
                    see(around.trace, flight.end, self.address, token, 0, &sent, &answer);
                    if let Some(outcome) = outcome {
                        self.end_request(outcome, device, around, flight.end);
                    }
                }
            }
            Party::Pipe(index) => {
                self.last = index;
                self.in_turn = self.pipes[index].endpoint.transfer == Transfer::Interrupt;
                self.pipes[index].served(flight.end, self.start);
                if self.pipes[index].endpoint.is_in() {
                    self.receive(index, device, around, flight.end);
                } else {
                    self.transmit(index, device, around, flight.end);
                }
            }
        }
    }

    fn receive(&mut self, index: usize, device: &mut impl Device, around: &mut Around, at: Ps) {
        let pipe = &mut self.pipes[index];
        let answer = device.token_in(self.address, pipe.number());
        see(around.trace, at, self.address, IN, pipe.number(), &[], &answer);
        match answer {
            Answer::Data(data1, data) => {
                // 8.6.4: a packet with the toggle of the last one is a repetition, and is dropped.
                if data1 != pipe.data1 {
                    let why = "firmware sent a packet with the wrong data toggle; the host takes it for a repetition";
                    around.gaps.touch(&format!("USB endpoint 0x{:02X} toggle", pipe.endpoint.address), why);
                    return;
                }
                pipe.data1 = !pipe.data1;
                let to = match pipe.used {
                    Use::Console(port) => console(around.consoles, port),
                    Use::Reports => None,
                };
                match to {
                    Some(id) => data.iter().for_each(|&byte| around.consoles.put(id, byte, at)),
                    None => self.reports.put(pipe.endpoint.address, pipes::Report { at, data }),
                }
            }
            answer => pipe.refused(&answer),
        }
    }

    fn transmit(&mut self, index: usize, device: &mut impl Device, around: &mut Around, at: Ps) {
        let pipe = &mut self.pipes[index];
        // The endpoint may have become busy since the token was planned: then it answers NAK, and nothing is lost.
        if device.ready_out(self.address, pipe.number()) == Ready::No {
            return;
        }
        let data: Vec<u8> = match pipe.used {
            Use::Console(port) => {
                let id = console(around.consoles, port);
                let typed = |_| id.and_then(|id| around.consoles.take_input(id));
                (0..pipe.endpoint.size).map_while(typed).collect()
            }
            Use::Reports => pipe.outgoing.pop_front().unwrap_or_default(),
        };
        let answer = device.token_out(self.address, pipe.number(), pipe.data1, &data);
        see(around.trace, at, self.address, OUT, pipe.number(), &data, &answer);
        match answer {
            Answer::Ack => pipe.data1 = !pipe.data1,
            answer => pipe.refused(&answer),
        }
    }

    /// The request under way has ended.
    fn end_request(&mut self, outcome: Outcome, device: &mut impl Device, around: &mut Around, now: Ps) {
        let Some(control) = self.control.take() else { return };
        let purpose = control.request.purpose;
        let done = match outcome {
            Outcome::Done(data) => self.learn(purpose, data, around, now),
            Outcome::Stalled | Outcome::NoAnswer => self.do_without(purpose),
        };
        if !done {
            self.problem = Some(match outcome_word(purpose) {
                word if self.found.device.is_empty() => format!("the device did not answer {word}"),
                word => format!("the device of descriptor {:02x?} did not answer {word}", self.found.device),
            });
            self.tries += 1;
            if self.tries < TRIES {
                self.reset_bus(device, now);
            } else {
                self.state = State::Failed;
            }
        }
    }

    /// What a device may refuse. False: it must not refuse this.
    fn do_without(&mut self, purpose: Purpose) -> bool {
        match purpose {
            Purpose::Languages => {
                self.requests.push_back(Request::set_configuration(self.configuration_value()));
                true
            }
            Purpose::Text(_) | Purpose::HidReport(_) | Purpose::Class => true,
            // Terminals go on when a device has no modem lines.
            Purpose::OpenConsole(port) => {
                self.open |= 1 << port;
                true
            }
            _ => false,
        }
    }

    fn configuration_value(&self) -> u8 {
        self.found.configuration.get(5).copied().unwrap_or(1)
    }

    /// An answer has come: keeps it, and asks the next question. False: it makes no sense.
    fn learn(&mut self, purpose: Purpose, data: Vec<u8>, around: &mut Around, now: Ps) -> bool {
        let word = |at: usize| data.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]));
        let ask = &mut self.requests;
        match purpose {
            Purpose::PacketSize if data.len() >= 8 => {
                self.packet = usize::from(data[7]).max(8);
                ask.push_back(Request::set_address(ADDRESS));
            }
            Purpose::SetAddress => {
                self.address = ADDRESS;
                self.state = State::Recovering;
                self.until = now + ADDRESS_RECOVERY;
                ask.push_back(Request::descriptor(Purpose::Device, kind::DEVICE, 0, 0, 18));
            }
            Purpose::Device if data.len() == 18 => {
                self.found = Found { device: data, ..Found::default() };
                ask.push_back(Request::descriptor(Purpose::ConfigurationLength, kind::CONFIGURATION, 0, 0, 9));
            }
            Purpose::ConfigurationLength if data.len() == 9 => {
                ask.push_back(Request::descriptor(Purpose::Configuration, kind::CONFIGURATION, 0, 0, word(2)));
            }
            Purpose::Configuration if data.len() >= 9 => {
                self.found.configuration = data;
                ask.push_back(Request::descriptor(Purpose::Languages, kind::STRING, 0, 0, 255));
            }
            Purpose::Languages => {
                self.found.language = word(2);
                let wanted: Vec<u8> = self.found.device[14..17].iter().copied().filter(|&index| index != 0).collect();
                for index in wanted {
                    let language = self.found.language;
                    ask.push_back(Request::descriptor(Purpose::Text(index), kind::STRING, index, language, 255));
                }
                let value = self.configuration_value();
                self.requests.push_back(Request::set_configuration(value));
            }
            Purpose::Text(index) => {
                self.found.texts.insert(index, descriptors::text(&data));
            }
            Purpose::SetConfiguration => self.configure(around, now),
            Purpose::HidReport(interface) => {
                self.found.hid_reports.insert(interface, data);
            }
            Purpose::Class => {}
            Purpose::OpenConsole(port) => self.open |= 1 << port,
            _ => return false,
        }
        true
    }

    /// The device is configured: drivers take its interfaces.
    fn configure(&mut self, around: &mut Around, now: Ps) {
        self.configured = true;
        self.configured_at = Some(now);
        self.problem = None;
        self.tries = 0;
        let interfaces = self.interfaces();
        if interfaces.iter().flat_map(|it| &it.endpoints).any(|it| it.transfer == Transfer::Isochronous) {
            let why = "the host leaves interfaces with isochronous endpoints at alternate setting 0, so nothing flows";
            around.gaps.touch("USB host isochronous transfers", why);
        }
        let mut ports = 0u8..32;
        let mut wants_data = None;
        for interface in interfaces.iter().filter(|interface| interface.alternate == 0) {
            let used = match (interface.class, interface.subclass) {
                (class::COMMUNICATIONS, ACM) => {
                    wants_data = ports.next().filter(|&port| open_console(around.consoles, port).is_some());
                    wants_data.map(|port| {
                        self.requests.push_back(Request::set_line_coding(interface.number));
                        self.requests.push_back(Request::set_control_line_state(interface.number, port));
                        Use::Reports
                    })
                }
                (class::CDC_DATA, _) => wants_data.take().map(Use::Console),
                (class::COMMUNICATIONS, _) => None,
                (class::MASS_STORAGE, _) => {
                    let why = "the host enumerates a disk, and neither reads nor writes it";
                    around.gaps.touch("USB host mass storage", why);
                    None
                }
                (class::HID, _) => {
                    self.requests.push_back(Request::set_idle(interface.number));
                    if let Some(length) = interface.report_length {
                        self.requests.push_back(Request::hid_report(interface.number, length));
                    }
                    Some(Use::Reports)
                }
                _ => Some(Use::Reports),
            };
            let usable = |endpoint: &&Endpoint| matches!(endpoint.transfer, Transfer::Bulk | Transfer::Interrupt);
            if let Some(used) = used {
                self.pipes.extend(interface.endpoints.iter().filter(usable).map(|&endpoint| Pipe::new(endpoint, used)));
            }
        }
    }
}

/// Abstract control model: bInterfaceSubClass, CDC 1.2, 4.3.
const ACM: u8 = 2;

/// Packet identifiers, USB 2.0, table 8-1.
const IN: u8 = 0x69;
const OUT: u8 = 0xE1;

fn outcome_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::PacketSize => "GET_DESCRIPTOR for the first 8 bytes of the device descriptor",
        Purpose::SetAddress => "SET_ADDRESS",
        Purpose::Device => "GET_DESCRIPTOR for the device descriptor",
        Purpose::ConfigurationLength | Purpose::Configuration => "GET_DESCRIPTOR for the configuration descriptor",
        Purpose::SetConfiguration => "SET_CONFIGURATION",
        Purpose::Languages | Purpose::Text(_) => "GET_DESCRIPTOR for a string",
        Purpose::HidReport(_) | Purpose::Class | Purpose::OpenConsole(_) => "a class request",
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

/// The console of a serial port. Where a board has one on USB, further ports of the device become further consoles.
fn open_console(consoles: &mut Consoles, port: u8) -> Option<ConsoleId> {
    let first = console(consoles, 0)?;
    Some(console(consoles, port).unwrap_or_else(|| consoles.attach_beside(first, usize::from(port) + 1, line_of(port))))
}

/// A transaction goes into the trace: token, length and answer, then the data, 8 bytes at a time.
fn see(trace: &mut Trace, at: Ps, address: u8, token: u8, endpoint: u8, sent: &[u8], answer: &Answer) {
    let (code, data) = match answer {
        Answer::Data(data1, data) => (u64::from(*data1), data.as_slice()),
        Answer::Ack => (2, sent),
        Answer::Nak => (3, sent),
        Answer::Stall => (4, sent),
        Answer::Silence => (5, sent),
    };
    let head = [u64::from(address) << 48, u64::from(token) << 40, u64::from(endpoint) << 32, code << 24];
    trace.see(Kind::Usb, at, head.iter().fold(data.len() as u64, |all, part| all | part));
    for chunk in data.chunks(8) {
        let value = chunk.iter().rev().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
        trace.see(Kind::Usb, at, value);
    }
}
