//! Which transaction comes next, and what it does when it ends. USB 2.0, sections 5.11, 8.5 and 8.6.

use super::descriptors::Transfer;
use super::device::{transaction, Answer, Device, Ready, AFTER_SOF, BEFORE_SOF, FRAME, IN, NAKED, OUT};
use super::pipes::{self, Pipe, Use};
use super::{console, Around, Host};
use crate::console::Consoles;
use crate::time::{Ps, MICROSECOND};
use crate::trace::{Kind, Trace};
use serde::{Deserialize, Serialize};

/// Who a transaction belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Party {
    Control,
    Pipe(usize),
}

/// A transaction on the bus. Its effects appear when it ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Flight {
    party: Party,
    pub(super) start: Ps,
    pub(super) end: Ps,
}

impl Host {
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
    pub(super) fn plan(&self, device: &impl Device, consoles: &Consoles, now: Ps) -> Option<Flight> {
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
    pub(super) fn carry_out(&mut self, flight: Flight, device: &mut impl Device, around: &mut Around) {
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
