//! The receiver, datasheet 4.2.3.3, 4.2.4 and 4.2.6.

use super::{half_bits, Reg, Uart, LEVELS, UARTCR, UARTDR, UARTIFLS, UARTRIS, UARTRSR};
use crate::fabric::Fabric;
use engine_core::console::ConsoleId;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// The state of the receiver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Receiver {
    /// Twelve bits an entry: data and the errors that came with it, as UARTDR shows them.
    pub(super) fifo: VecDeque<u16>,
    /// A character was lost, and no other has been stored since.
    overrun: bool,
    /// Edges of the line that have not been looked at.
    pub(super) edges: Vec<(Ps, bool)>,
    /// The line before the first of those.
    level: bool,
    /// The start bit of the character that is coming in.
    start: Option<Ps>,
    /// Its middle was low, so it is one.
    confirmed: bool,
    /// When a typed character has come in.
    arrival: Option<Ps>,
    /// When the receive timeout is due.
    timeout: Option<Ps>,
}

impl Receiver {
    fn level_at(&self, at: Ps) -> bool {
        self.edges.iter().rev().find(|edge| edge.0 <= at).map_or(self.level, |edge| edge.1)
    }

    fn forget_until(&mut self, at: Ps) {
        self.level = self.level_at(at);
        self.edges.retain(|edge| edge.0 > at);
    }
}

impl Uart {
    pub(super) fn receive_level(&self) -> usize {
        if self.depth() == 1 {
            1
        } else {
            LEVELS[self.bank.field(Reg::UARTIFLS, UARTIFLS::RXIFLSEL) as usize]
        }
    }

    fn is_receiving(&self) -> bool {
        self.control(UARTCR::UARTEN) && self.control(UARTCR::RXE)
    }

    /// The console on the pins on which UARTRXD is selected.
    fn console(&self, fabric: &Fabric) -> Option<ConsoleId> {
        if self.control(UARTCR::LBE) {
            return None;
        }
        let pins = fabric.routed(self.wiring().rx);
        (0..30).filter(|pin| pins >> pin & 1 != 0).find_map(|pin| fabric.consoles.received_on(pin))
    }

    /// Something of the receiver is due: an edge, the end of a character, typed input, or the timeout.
    pub(super) fn receive(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let console = self.console(fabric);
        let from_pin = self.is_receiving() && console.is_none() && !self.control(UARTCR::LBE);
        fabric.listen(wiring.rx, from_pin);
        let now = fabric.now();
        let rate = self.bit_rate(fabric);
        let mut due = if !self.is_receiving() {
            self.receiver = Receiver {
                fifo: std::mem::take(&mut self.receiver.fifo),
                overrun: self.receiver.overrun,
                timeout: self.receiver.timeout,
                level: self.line,
                ..Receiver::default()
            };
            Ps::MAX
        } else if let Some(console) = console {
            self.receive_typed(console, rate, fabric)
        } else {
            self.receive_bits(rate, fabric)
        };
        if self.receiver.timeout.is_some_and(|at| at <= now) {
            self.receiver.timeout = None;
            if !self.receiver.fifo.is_empty() {
                self.raw |= UARTRIS::RTRIS.mask;
            }
        }
        due = due.min(self.receiver.timeout.unwrap_or(Ps::MAX));
        fabric.at(wiring.rx_slot, due);
    }

    /// One typed character per character time, as long as there is room.
    fn receive_typed(&mut self, console: ConsoleId, rate: Hertz, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        let length = u64::from(self.data_bits() + 2 + u32::from(self.parity_bit(0).is_some()));
        let mut begin = now;
        if let Some(at) = self.receiver.arrival {
            if at > now {
                return at;
            }
            self.receiver.arrival = None;
            begin = at;
            if self.receiver.fifo.len() < self.depth() {
                if let Some(byte) = fabric.consoles.take_input(console) {
                    fabric.pins.trace.see(Kind::UartIn, at, (self.index as u64) << 8 | u64::from(byte));
                    self.store(u16::from(byte), at, rate);
                }
            }
        }
        if !fabric.consoles.has_input(console) || self.receiver.fifo.len() >= self.depth() {
            return Ps::MAX;
        }
        if !rate.is_running() {
            return now + MICROSECOND;
        }
        let arrival = begin + rate.duration(length);
        self.receiver.arrival = Some(arrival);
        arrival
    }

    /// Characters from the edges of the line. Returns when the next bit is to be looked at.
    fn receive_bits(&mut self, rate: Hertz, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        if !self.control(UARTCR::LBE) {
            let ear = fabric.io.serial.ear(self.wiring().rx);
            self.receiver.edges.append(&mut ear.edges);
        }
        if !rate.is_running() {
            self.receiver.forget_until(now);
            return Ps::MAX;
        }
        loop {
            let Some(start) = self.receiver.start else {
                let Some(&(at, _)) = self.receiver.edges.iter().find(|edge| !edge.1) else {
                    self.receiver.forget_until(now);
                    return Ps::MAX;
                };
                self.receiver.forget_until(at);
                self.receiver.start = Some(at);
                self.receiver.confirmed = false;
                continue;
            };
            let middle = start + half_bits(rate, 1);
            if !self.receiver.confirmed {
                if now < middle {
                    return middle;
                }
                if self.receiver.level_at(middle) {
                    self.receiver.start = None;
                    continue;
                }
                self.receiver.confirmed = true;
            }
            let parity_bits = u32::from(self.parity_bit(0).is_some());
            let stop = start + half_bits(rate, u64::from(2 * (1 + self.data_bits() + parity_bits) + 1));
            if now < stop {
                return stop;
            }
            let entry = self.sample(start, rate);
            self.receiver.start = None;
            self.receiver.forget_until(stop);
            self.store(entry, stop, rate);
        }
    }

    /// Looks at each bit in its middle.
    fn sample(&self, start: Ps, rate: Hertz) -> u16 {
        let bit = |n: u32| u32::from(self.receiver.level_at(start + half_bits(rate, u64::from(2 * n + 1))));
        let bits = self.data_bits();
        let data = (0..bits).fold(0, |data, n| data | bit(n + 1) << n);
        let mut entry = data;
        let mut length = bits + 1;
        let mut any = data;
        if let Some(parity) = self.parity_bit(data) {
            any |= bit(length);
            entry = UARTDR::PE.put(entry, bit(length) ^ parity);
            length += 1;
        }
        if bit(length) == 0 {
            // All of it was low, for longer than a character: a break, stored as one zero.
            entry = if any == 0 { UARTDR::BE.mask | UARTDR::FE.mask } else { entry | UARTDR::FE.mask };
        }
        entry as u16
    }

    /// A character has come in.
    fn store(&mut self, entry: u16, at: Ps, rate: Hertz) {
        if self.receiver.fifo.len() >= self.depth() {
            self.receiver.overrun = true;
            self.raw |= UARTRIS::OERIS.mask;
            self.bank.set_field(Reg::UARTRSR, UARTRSR::OE, 1);
            return;
        }
        self.receiver.fifo.push_back(entry);
        for (error, raw) in [(UARTDR::BE, UARTRIS::BERIS), (UARTDR::PE, UARTRIS::PERIS), (UARTDR::FE, UARTRIS::FERIS)] {
            if error.is_set(u32::from(entry)) {
                self.raw |= raw.mask;
            }
        }
        if self.receiver.fifo.len() >= self.receive_level() {
            self.raw |= UARTRIS::RXRIS.mask;
        }
        // 4.2.6.4: nothing more came in for 32 bit periods.
        self.receiver.timeout = Some(at.saturating_add(rate.duration(32)));
    }

    /// Software or DMA reads UARTDR.
    pub(super) fn fetch(&mut self, fabric: &mut Fabric) -> u32 {
        let Some(entry) = self.receiver.fifo.pop_front() else { return 0 };
        // OE stands while the FIFO is full; this read makes room.
        let overrun = std::mem::take(&mut self.receiver.overrun);
        let value = UARTDR::OE.put(u32::from(entry), u32::from(overrun));
        let sticky = self.bank.get(Reg::UARTRSR) & UARTRSR::OE.mask;
        self.bank.set(Reg::UARTRSR, sticky | value >> UARTDR::FE.shift & 0xF);
        if self.receiver.fifo.len() < self.receive_level() {
            self.raw &= !UARTRIS::RXRIS.mask;
        }
        if self.receiver.fifo.is_empty() {
            self.raw &= !UARTRIS::RTRIS.mask;
        }
        // A console waited for room.
        if self.receiver.arrival.is_none()
            && self.console(fabric).is_some_and(|console| fabric.consoles.has_input(console))
        {
            fabric.soon(self.wiring().rx_slot);
        }
        self.update_lines(fabric);
        value
    }
}
