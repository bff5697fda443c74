//! The receiver, TRM 26.4.4 and 26.4.7.

use super::autobaud::TYPED;
use super::patterns::Row;
use super::{Reg, Uart, CONF0, CONF1, INT_RAW, MEM_CONF};
use crate::fabric::Fabric;
use engine_core::console::ConsoleId;
use engine_core::time::{Hertz, Ps, MICROSECOND};
use engine_core::trace::Kind;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// A character as it came in.
pub(super) struct Frame {
    pub(super) data: u32,
    pub(super) wrong_parity: bool,
    /// There was a stop bit.
    pub(super) stopped: bool,
    pub(super) start: Ps,
    /// When the last bit was sampled.
    pub(super) end: Ps,
}

/// The state of the receiver.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Receiver {
    pub(super) fifo: VecDeque<u8>,
    /// Edges of the line that have not been looked at: time and level from then on.
    edges: VecDeque<(Ps, bool)>,
    /// The line is low before the first of those.
    low: bool,
    /// The start bit of the character that is coming in.
    start: Option<Ps>,
    /// When a typed character has come in.
    arrival: Option<Ps>,
    /// When the receive timeout is due.
    timeout: Option<Ps>,
    /// When the last character was in.
    pub(super) last: Ps,
    /// A break came in, and UHCI has not heard of it.
    pub(super) broke: bool,
    /// AT_CMD characters in a row.
    pub(super) row: Row,
}

impl Receiver {
    /// The line changes.
    pub(super) fn hear(&mut self, at: Ps, high: bool) {
        self.edges.push_back((at, high));
    }

    /// The line is low from `at` until `until`, which may be later than now.
    pub(super) fn hear_low(&mut self, at: Ps, until: Ps) {
        match self.edges.back() {
            // Still low from the last time.
            Some((end, true)) if *end >= at => drop(self.edges.pop_back()),
            _ => self.edges.push_back((at, false)),
        }
        self.edges.push_back((until, true));
    }

    pub(super) fn is_busy(&self) -> bool {
        self.start.is_some() || self.arrival.is_some()
    }

    fn level_at(&self, at: Ps) -> bool {
        self.edges.iter().rev().find(|edge| edge.0 <= at).map_or(!self.low, |edge| edge.1)
    }

    /// Edges up to `at` have been looked at.
    fn forget_until(&mut self, at: Ps) {
        while let Some(edge) = self.edges.front().copied().filter(|edge| edge.0 <= at) {
            self.low = !edge.1;
            self.edges.pop_front();
        }
    }

    /// Where the next character begins: the line falls, or is low already.
    fn next_start(&self) -> Option<Ps> {
        self.edges.iter().find(|edge| !edge.1).map(|edge| edge.0)
    }
}

impl Uart {
    /// The console that types into the pin of RXD.
    fn console(&self, fabric: &Fabric) -> Option<ConsoleId> {
        if self.conf0(CONF0::LOOPBACK) || self.is_irda() {
            return None;
        }
        fabric.io.source_of(self.wiring().rxd).and_then(|pin| fabric.consoles.received_on(pin))
    }

    /// RXD as the receiver sees it.
    pub(super) fn rx_level(&self, fabric: &Fabric) -> bool {
        if self.conf0(CONF0::LOOPBACK) {
            self.line
        } else if self.console(fabric).is_some() {
            true
        } else {
            fabric.input(self.wiring().rxd) != self.conf0(CONF0::RXD_INV)
        }
    }

    /// An edge, the end of a character, typed input, or the timeout is due.
    pub(super) fn receive(&mut self, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let console = self.console(fabric);
        // Also where the matrix leads no pin here yet: firmware may set the pins after the UART.
        fabric.watch_input(wiring.rxd, console.is_none() && !self.conf0(CONF0::LOOPBACK));
        let rate = self.bit_rate(fabric);
        let filtered = self.filter(fabric);
        let due = match console {
            Some(console) => self.receive_typed(console, rate, fabric),
            None => self.receive_bits(rate, fabric),
        };
        if self.receiver.timeout.is_some_and(|at| at <= fabric.now()) {
            self.receiver.timeout = None;
            if !self.receiver.fifo.is_empty() {
                self.raw |= INT_RAW::RXFIFO_TOUT_INT_RAW.mask;
            }
        }
        self.end_row(fabric.now());
        let silent = [self.receiver.timeout, self.receiver.row.due].into_iter().flatten().min();
        fabric.at(wiring.rx_slot, due.min(filtered).min(silent.unwrap_or(Ps::MAX)));
        if !self.tx.is_empty() && self.sending.is_none() {
            // It may have waited for XON, or for silence on the bus.
            fabric.soon(wiring.tx_slot);
        }
    }

    /// One typed character per character time, as long as there is room.
    fn receive_typed(&mut self, console: ConsoleId, rate: Hertz, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        let rate = if self.conf0(CONF0::AUTOBAUD_EN) { Hertz::new(TYPED) } else { rate };
        let time = rate.scaled(2, 1).duration(u64::from(self.frame_halves()));
        let mut begin = now;
        if let Some(at) = self.receiver.arrival {
            if at > now {
                return at;
            }
            self.receiver.arrival = None;
            begin = at;
            if self.receiver.fifo.len() < self.rx_depth() {
                if let Some(byte) = fabric.consoles.take_input(console) {
                    fabric.pins.trace.see(Kind::UartIn, at, (self.index as u64) << 8 | u64::from(byte));
                    self.measure_typed(byte, at.saturating_sub(time), fabric);
                    self.store(byte, at, rate);
                }
            }
        }
        if !fabric.consoles.has_input(console) || self.receiver.fifo.len() >= self.rx_depth() {
            return Ps::MAX;
        }
        if !rate.is_running() {
            return now + MICROSECOND;
        }
        if let Some(until) = self.busy_until().filter(|_| self.is_deaf()) {
            return until;
        }
        let arrival = begin + time;
        self.receiver.arrival = Some(arrival);
        arrival
    }

    /// Characters from the edges of the line. Returns when the next one is over.
    fn receive_bits(&mut self, rate: Hertz, fabric: &mut Fabric) -> Ps {
        let now = fabric.now();
        if !rate.is_running() {
            self.receiver.forget_until(now);
            return Ps::MAX;
        }
        let halves = rate.scaled(2, 1);
        loop {
            let Some(start) = self.receiver.start.or_else(|| self.receiver.next_start()) else {
                self.receiver.forget_until(now);
                return Ps::MAX;
            };
            self.receiver.start = Some(start);
            let parity = u32::from(self.conf0(CONF0::PARITY_EN));
            // The middle of the first stop bit is the last sample.
            let last = 1 + self.data_bits() + parity;
            let sampled = start + halves.duration(u64::from(2 * last + 1));
            if sampled > now {
                return sampled;
            }
            let sample = |bit: u32| u32::from(self.receiver.level_at(start + halves.duration(u64::from(2 * bit + 1))));
            if sample(0) == 0 {
                let data = (0..self.data_bits()).fold(0, |data, bit| data | sample(bit + 1) << bit);
                let wrong_parity = self.parity_bit(data).is_some_and(|parity| sample(last - 1) != parity);
                let stopped = sample(last) != 0;
                self.take_in(&Frame { data, wrong_parity, stopped, start, end: sampled }, rate);
            } else {
                self.raw |= INT_RAW::GLITCH_DET_INT_RAW.mask;
            }
            self.receiver.forget_until(sampled);
            self.receiver.start = None;
        }
    }

    /// A whole character was sampled.
    fn take_in(&mut self, frame: &Frame, rate: Hertz) {
        if self.is_echo(frame) {
            return;
        }
        if frame.wrong_parity {
            self.raw |= INT_RAW::PARITY_ERR_INT_RAW.mask;
        }
        if !frame.stopped && frame.data == 0 {
            self.raw |= INT_RAW::BRK_DET_INT_RAW.mask;
            self.receiver.broke = true;
            return;
        }
        if !frame.stopped {
            self.raw |= INT_RAW::FRM_ERR_INT_RAW.mask;
        }
        let is_wrong = frame.wrong_parity || !frame.stopped;
        if !(is_wrong && self.conf0(CONF0::ERR_WR_MASK)) {
            self.store(frame.data as u8, frame.end, rate);
        }
    }

    /// A character is in.
    fn store(&mut self, byte: u8, at: Ps, rate: Hertz) {
        self.watch_row(byte, at, rate);
        self.receiver.last = at;
        if self.obey(byte) {
            return;
        }
        if self.receiver.fifo.len() >= self.rx_depth() {
            self.raw |= INT_RAW::RXFIFO_OVF_INT_RAW.mask;
        } else {
            self.receiver.fifo.push_back(byte);
        }
        // RX_TOUT_THRHD counts bit times without a new character.
        if self.field(Reg::CONF1, CONF1::RX_TOUT_EN) != 0 {
            let bits = self.field(Reg::MEM_CONF, MEM_CONF::RX_TOUT_THRHD);
            self.receiver.timeout = Some(at.saturating_add(rate.duration(u64::from(bits))));
        }
    }
}
