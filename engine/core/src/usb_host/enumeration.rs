//! How the host gets to know a device, and which drivers take its interfaces. USB 2.0, sections 9.1.2 and 9.4.

use super::descriptors::{self, class, kind, Endpoint, Transfer};
use super::device::Device;
use super::pipes::{Pipe, Use};
use super::requests::{Outcome, Purpose, Request};
use super::{console, line_of, Around, Found, Host, State, ADDRESS, ADDRESS_RECOVERY, TRIES};
use crate::console::{ConsoleId, Consoles};
use crate::time::Ps;

/// Abstract control model: bInterfaceSubClass, CDC 1.2, 4.3.
const ACM: u8 = 2;

impl Host {
    /// The request under way has ended.
    pub(super) fn end_request(&mut self, outcome: Outcome, device: &mut impl Device, around: &mut Around, now: Ps) {
        let Some(control) = self.control.take() else { return };
        let purpose = control.request.purpose;
        if purpose == Purpose::Asked {
            let answer = if let Outcome::Done(data) = outcome { Some(data) } else { None };
            if let (Some(endpoint), Some(_)) = (control.request.unhalts(), &answer) {
                self.pipes.iter_mut().filter(|pipe| pipe.endpoint.address == endpoint).for_each(Pipe::unhalt);
            }
            self.answers.push(answer);
            return;
        }
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

fn outcome_word(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::PacketSize => "GET_DESCRIPTOR for the first 8 bytes of the device descriptor",
        Purpose::SetAddress => "SET_ADDRESS",
        Purpose::Device => "GET_DESCRIPTOR for the device descriptor",
        Purpose::ConfigurationLength | Purpose::Configuration => "GET_DESCRIPTOR for the configuration descriptor",
        Purpose::SetConfiguration => "SET_CONFIGURATION",
        Purpose::Languages | Purpose::Text(_) => "GET_DESCRIPTOR for a string",
        Purpose::HidReport(_) | Purpose::Class | Purpose::OpenConsole(_) | Purpose::Asked => "a class request",
    }
}

/// The console of a serial port. Where a board has one on USB, further ports of the device become further consoles.
fn open_console(consoles: &mut Consoles, port: u8) -> Option<ConsoleId> {
    let first = console(consoles, 0)?;
    Some(console(consoles, port).unwrap_or_else(|| consoles.attach_beside(first, usize::from(port) + 1, line_of(port))))
}
