//! Transactions as controller ("master mode"). TRM 30.5.8 and 30.5.8.4 (configurable segmented transfer).

use super::plan::{in_order, Kind, Phase};
use super::{GpSpi, Reg, CMD, DMA_CONF, DMA_INT_RAW, MISC, SLAVE, USER, USER1, USER2};
use crate::fabric::Fabric;
use crate::gdma::Port;
use engine_core::time::Ps;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Bits of a data phase that are fetched, put on the line and stored in one go.
const PART: u32 = 8 * 1024;
/// Registers that the CONF state can change, in the order of the bitmap (TRM table 30-15, ESP-IDF `hal/spi_ll.h`).
const CONF_REGISTERS: [Reg; 14] = [
    Reg::ADDR,
    Reg::CTRL,
    Reg::CLOCK,
    Reg::USER,
    Reg::USER1,
    Reg::USER2,
    Reg::MS_DLEN,
    Reg::MISC,
    Reg::DIN_MODE,
    Reg::DIN_NUM,
    Reg::DOUT_MODE,
    Reg::DMA_CONF,
    Reg::DMA_INT_ENA,
    Reg::DMA_INT_CLR,
];

/// States of TRM figure 30-4; the data states are one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[default]
    Idle,
    /// A transaction waits for its clock.
    NoClock,
    /// Registers come by DMA when this is over.
    Conf,
    /// CS setup.
    Prep,
    /// A part of a phase is on the line.
    Moving,
    /// CS hold.
    Done,
}

/// A part of a phase on the line.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Part {
    phase: Phase,
    bits: u32,
    /// Bytes in the order of the line, the first bit is bit 7.
    out: Vec<u8>,
    back: Vec<u8>,
    start: Ps,
    end: Ps,
    /// Made edge by edge: the half clock that is due; with DTR the quarter.
    half: Option<u32>,
}

impl Part {
    /// Clocks on the line.
    fn clocks(&self) -> u32 {
        self.bits.div_ceil(self.phase.lines << u32::from(self.phase.dtr))
    }

    /// Steps of a clock that is made edge by edge.
    fn steps(&self) -> u32 {
        2 << u32::from(self.phase.dtr)
    }
}

/// What is under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Controller {
    state: State,
    due: Ps,
    bit: Ps,
    phases: VecDeque<Phase>,
    part: Option<Part>,
    /// CS was left active by MISC.CS_KEEP_ACTIVE.
    kept: bool,
}

impl Controller {
    pub(super) fn waits_for_clock(&self) -> bool {
        self.state == State::NoClock
    }

    pub(super) fn keeps_cs(&self) -> bool {
        self.kept
    }

    /// True: CS was kept active until now.
    pub(super) fn drop_cs(&mut self) -> bool {
        self.state == State::Idle && std::mem::take(&mut self.kept)
    }
}

/// Up to 32 bits from a place in a string of bits.
fn bits_at(bytes: &[u8], from: u32, count: u32) -> u32 {
    let first = from as usize / 8;
    let word = (0..5).fold(0u64, |word, n| word << 8 | u64::from(bytes.get(first + n).copied().unwrap_or(0)));
    (word >> (40 - from % 8 - count)) as u32 & (u32::MAX >> (32 - count))
}

/// Puts bits at a place in a string of zeros.
fn put_bits(bytes: &mut [u8], from: u32, count: u32, value: u32) {
    for n in 0..count {
        let bit = (value >> (count - 1 - n) & 1) as u8;
        let at = from + n;
        bytes[at as usize / 8] |= bit << (7 - at % 8);
    }
}

impl GpSpi {
    fn enter(&mut self, state: State, due: Ps, fabric: &mut Fabric) {
        self.controller.state = state;
        self.controller.due = due;
        fabric.at(self.wiring().slot, due);
    }

    /// CMD.USR.
    pub(super) fn start(&mut self, fabric: &mut Fabric) {
        let now = fabric.now();
        if self.is_set(Reg::SLAVE, SLAVE::USR_CONF) {
            let clocks = u64::from(self.field(Reg::CMD, CMD::CONF_BITLEN));
            let due = now.saturating_add(fabric.rates.apb.duration(clocks));
            self.enter(State::Conf, due, fabric);
        } else {
            self.begin(now, fabric);
        }
    }

    /// The states of one transaction begin at `at`.
    fn begin(&mut self, at: Ps, fabric: &mut Fabric) {
        let rate = self.bit_rate(fabric);
        if !rate.is_running() {
            self.controller.state = State::NoClock;
            return;
        }
        self.show_idle(fabric);
        self.controller.bit = rate.duration(1);
        self.controller.phases = self.plan().into();
        self.select(true, fabric);
        let clocks = if self.is_set(Reg::USER, USER::CS_SETUP) {
            u64::from(self.field(Reg::USER1, USER1::CS_SETUP_TIME) + 1)
        } else {
            0
        };
        self.enter(State::Prep, at + rate.duration(clocks), fabric);
    }

    /// Whatever is under way ends here.
    pub(super) fn abort(&mut self, fabric: &mut Fabric) {
        self.controller = Controller::default();
        self.bank.set_field(Reg::CMD, CMD::USR, 0);
        fabric.cancel(self.wiring().slot);
        self.show_idle(fabric);
    }

    /// A state is over, or GDMA tells of a link.
    pub(super) fn step(&mut self, fabric: &mut Fabric, port: &mut Port) {
        let Controller { state, due, .. } = self.controller;
        match state {
            State::Idle => {}
            State::NoClock => self.begin(fabric.now(), fabric),
            _ if due > fabric.now() => fabric.at(self.wiring().slot, due),
            State::Conf => self.configure(due, fabric, port),
            State::Prep => self.next_part(due, fabric, port),
            State::Moving => self.move_on(due, fabric, port),
            State::Done => self.finish(due, fabric),
        }
    }

    /// The next part of a phase goes onto the line, or the transaction comes to its end.
    fn next_part(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let Some(phase) = self.controller.phases.pop_front() else {
            let hold = if self.is_set(Reg::USER, USER::CS_HOLD) {
                u64::from(self.field(Reg::USER1, USER1::CS_HOLD_TIME))
            } else {
                0
            };
            let due = at + hold * self.controller.bit;
            return self.enter(State::Done, due, fabric);
        };
        let bits = phase.bits.min(PART);
        let out = self.outgoing(&phase, bits, fabric, port);
        self.direct(phase.lines, phase.takes && !phase.gives, at, fabric);
        let silent = phase.kind == Kind::Dummy && self.is_set(Reg::USER, USER::USR_DUMMY_IDLE);
        let half = (!silent && (phase.dtr || self.needs_edges(phase.lines, phase.takes, fabric))).then_some(0);
        let back = vec![0; bits.div_ceil(8) as usize];
        let mut part = Part { phase, bits, out, back, start: at, end: at, half };
        part.end = at + u64::from(part.clocks()) * self.controller.bit;
        let due = if half.is_some() { at } else { part.end };
        self.controller.part = Some(part);
        self.enter(State::Moving, due, fabric);
    }

    /// The bytes that a part puts on the line.
    fn outgoing(&mut self, phase: &Phase, bits: u32, fabric: &mut Fabric, port: &mut Port) -> Vec<u8> {
        let count = bits.div_ceil(8) as usize;
        let mut bytes = match phase.kind {
            Kind::Command | Kind::Address => return self.preamble(phase.kind),
            Kind::Out if phase.gives => vec![0; count],
            _ => return Vec::new(),
        };
        if self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_TX_ENA) {
            let got = port.pull(self.wiring().peripheral, &mut bytes, fabric);
            if got < count {
                self.raise(DMA_INT_RAW::DMA_OUTFIFO_EMPTY_ERR_INT_RAW, fabric);
                self.raise(DMA_INT_RAW::MST_TX_AFIFO_REMPTY_ERR_INT_RAW, fabric);
                if self.is_set(Reg::USER2, USER2::MST_REMPTY_ERR_END_EN) {
                    self.controller.phases.clear();
                }
            }
        } else {
            let high = if self.is_set(Reg::USER, USER::USR_MOSI_HIGHPART) { 32 } else { 0 };
            for (n, byte) in bytes.iter_mut().enumerate() {
                *byte = self.buffer(high + phase.offset + n);
            }
        }
        if self.sends_lsb_first() {
            bytes.iter_mut().for_each(|byte| *byte = in_order(*byte, true));
        }
        bytes
    }

    /// A half clock is due, or a whole part is over.
    fn move_on(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let Some(mut part) = self.controller.part.take() else { return };
        match part.half {
            Some(step) if part.phase.dtr && step < part.steps() * part.clocks() => {
                self.make_dtr_edge(&mut part, step, at, fabric);
                part.half = Some(step + 1);
                let due = part.start + u64::from(step + 1) * self.controller.bit / u64::from(part.steps());
                self.controller.part = Some(part);
                return self.enter(State::Moving, due, fabric);
            }
            Some(half) if half < part.steps() * part.clocks() => {
                self.make_edge(&mut part, half, at, fabric);
                part.half = Some(half + 1);
                let due = part.start + u64::from(half.div_ceil(2)) * self.controller.bit;
                let due = if half % 2 == 0 { due + self.controller.bit / 2 } else { due };
                self.controller.part = Some(part);
                return self.enter(State::Moving, due, fabric);
            }
            Some(_) => {
                if !part.phase.dtr {
                    self.end_frame(&part, part.clocks(), fabric);
                }
                fabric.drive(self.wiring().clk, self.idle_clock());
            }
            None => self.exchange(&mut part, fabric),
        }
        self.end_part(part, fabric, port);
    }

    /// A part is over: data is stored, and the rest of the phase or the next one follows.
    fn end_part(&mut self, part: Part, fabric: &mut Fabric, port: &mut Port) {
        let Part { mut phase, bits, back, end, .. } = part;
        phase.bits -= bits;
        let whole = phase.bits == 0;
        let ends = whole && self.controller.phases.is_empty();
        if phase.takes {
            self.store_back(&phase, back, ends, fabric, port);
        }
        if !whole {
            phase.offset += bits as usize / 8;
            self.controller.phases.push_front(phase);
        }
        self.next_part(end, fabric, port);
    }

    /// What came in goes into the buffer, or to DMA.
    fn store_back(&mut self, phase: &Phase, mut back: Vec<u8>, ends: bool, fabric: &mut Fabric, port: &mut Port) {
        if self.takes_lsb_first() {
            back.iter_mut().for_each(|byte| *byte = in_order(*byte, true));
        }
        if self.is_set(Reg::DMA_CONF, DMA_CONF::DMA_RX_ENA) {
            if port.push(self.wiring().peripheral, &back, ends, fabric) < back.len() {
                self.raise(DMA_INT_RAW::DMA_INFIFO_FULL_ERR_INT_RAW, fabric);
                self.raise(DMA_INT_RAW::MST_RX_AFIFO_WFULL_ERR_INT_RAW, fabric);
                if self.is_set(Reg::USER1, USER1::MST_WFULL_ERR_END_EN) {
                    self.controller.phases.clear();
                }
            }
            return;
        }
        let high = if self.is_set(Reg::USER, USER::USR_MISO_HIGHPART) { 32 } else { 0 };
        for (n, byte) in back.into_iter().enumerate() {
            self.set_buffer(high + phase.offset + n, byte);
        }
    }

    /// The half clock that is due of a part that is made edge by edge: data changes with the first, and is sampled with the
    /// second.
    fn make_edge(&self, part: &mut Part, half: u32, at: Ps, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let Phase { kind, lines, takes, gives, .. } = part.phase;
        let clock = half / 2;
        let rising = self.samples_rising();
        if half % 2 == 0 {
            self.end_frame(part, clock, fabric);
            if let Some(sck) = fabric.io.pin_of(wiring.clk).filter(|_| lines == 1 && clock % 32 == 0) {
                fabric.pins.spi_frame_begins(sck);
            }
            self.drive_clock(!rising, at, fabric);
            if gives {
                let bits = bits_at(&part.out, clock * lines, lines);
                for (n, signal) in wiring.data[..lines as usize].iter().enumerate() {
                    fabric.drive_at(*signal, bits >> n & 1 != 0, at);
                }
            }
            return;
        }
        if takes {
            let sampled = if lines == 1 {
                u32::from(fabric.input(wiring.data[self.input_line()]))
            } else {
                self.sample_lines(lines, fabric)
            };
            let left = part.bits - clock * lines;
            let count = lines.min(left);
            put_bits(&mut part.back, clock * lines, count, sampled >> (lines - count));
        }
        debug_assert!(kind != Kind::Dummy || !takes);
        self.drive_clock(rising, at, fabric);
    }

    fn drive_clock(&self, level: bool, at: Ps, fabric: &mut Fabric) {
        if self.has_clock() {
            fabric.drive_at(self.wiring().clk, level, at);
        }
    }

    /// The levels of several lines, the highest of them first.
    fn sample_lines(&self, lines: u32, fabric: &Fabric) -> u32 {
        (0..lines).fold(0, |bits, n| bits | u32::from(fabric.input(self.input_of(n as usize, lines))) << n)
    }

    /// The quarter clock that is due of a part in DTR mode: data changes with every other one, and is sampled with the rest.
    fn make_dtr_edge(&self, part: &mut Part, step: u32, at: Ps, fabric: &mut Fabric) {
        let Phase { lines, takes, gives, .. } = part.phase;
        let from = step / 2 * lines;
        let is_there = from < part.bits;
        if step % 2 == 0 {
            if gives && is_there {
                let bits = bits_at(&part.out, from, lines);
                for (n, signal) in self.wiring().data[..lines as usize].iter().enumerate() {
                    fabric.drive_at(*signal, bits >> n & 1 != 0, at);
                }
            }
            return;
        }
        if takes && is_there {
            let sampled = if lines == 1 {
                u32::from(fabric.input(self.wiring().data[self.input_line()]))
            } else {
                self.sample_lines(lines, fabric)
            };
            let count = lines.min(part.bits - from);
            put_bits(&mut part.back, from, count, sampled >> (lines - count));
        }
        self.drive_clock((step / 2 % 2 == 0) != self.idle_clock(), at, fabric);
    }

    /// Bits of a frame, as the byte path cuts it, went onto the line edge by edge.
    fn end_frame(&self, part: &Part, clock: u32, fabric: &mut Fabric) {
        let count = if clock % 32 == 0 { 32 } else { clock % 32 };
        let ends = clock > 0 && (clock % 32 == 0 || clock == part.clocks()) && part.phase.lines == 1;
        if let Some(sck) = fabric.io.pin_of(self.wiring().clk).filter(|_| ends) {
            let from = clock - count;
            let first = part.start + u64::from(from) * self.controller.bit + self.controller.bit / 2;
            fabric.pins.spi_frame_ends(sck, bits_at(&part.out, from, count), first);
        }
    }

    /// A part is over that nobody follows edge by edge: parts on the line take whole bytes.
    fn exchange(&self, part: &mut Part, fabric: &mut Fabric) {
        let wiring = self.wiring();
        let Phase { kind, lines, gives, takes, .. } = part.phase;
        let silent = kind == Kind::Dummy && self.is_set(Reg::USER, USER::USR_DUMMY_IDLE);
        let spi = self.spi_lines(gives, takes, fabric).filter(|_| lines == 1 && !silent);
        let Some(spi) = spi else {
            if takes {
                self.sample_levels(part, fabric);
            }
            return;
        };
        let looped = gives && takes && spi.mosi.is_some() && spi.mosi == spi.miso;
        let constant = spi.miso.is_none() && fabric.input(wiring.data[self.input_line()]);
        let mut from = 0;
        while from < part.bits {
            let count = (part.bits - from).min(32);
            let value = bits_at(&part.out, from, count);
            let first = part.start + u64::from(from) * self.controller.bit + self.controller.bit / 2;
            let back = fabric.pins.spi_shift(spi, value, count, first, self.controller.bit);
            if takes {
                let ones = u32::MAX >> (32 - count);
                let back = match (looped, constant) {
                    (true, _) => value,
                    (false, true) => ones,
                    (false, false) => back,
                };
                if count % 8 == 0 {
                    let bytes = count as usize / 8;
                    let at = from as usize / 8;
                    part.back[at..at + bytes].copy_from_slice(&back.to_be_bytes()[4 - bytes..]);
                } else {
                    put_bits(&mut part.back, from, count, back);
                }
            }
            from += count;
        }
    }

    /// Nobody drives the lines anew: each clock samples what is on them.
    fn sample_levels(&self, part: &mut Part, fabric: &Fabric) {
        let lines = part.phase.lines;
        for bit in 0..part.bits {
            let signal = if lines == 1 {
                self.wiring().data[self.input_line()]
            } else {
                self.input_of((lines - 1 - bit % lines) as usize, lines)
            };
            put_bits(&mut part.back, bit, 1, u32::from(fabric.input(signal)));
        }
    }

    /// The transaction is over, and with it the segment.
    fn finish(&mut self, at: Ps, fabric: &mut Fabric) {
        let segmented = self.is_set(Reg::SLAVE, SLAVE::USR_CONF);
        self.controller.kept = self.is_set(Reg::MISC, MISC::CS_KEEP_ACTIVE);
        if !self.controller.kept {
            self.select(false, fabric);
        }
        if segmented && self.is_set(Reg::USER, USER::USR_CONF_NXT) {
            let clocks = u64::from(self.field(Reg::CMD, CMD::CONF_BITLEN));
            let due = at.saturating_add(fabric.rates.apb.duration(clocks));
            return self.enter(State::Conf, due, fabric);
        }
        self.end(fabric);
        if segmented {
            self.raise(DMA_INT_RAW::DMA_SEG_TRANS_DONE_INT_RAW, fabric);
        } else {
            self.raise(DMA_INT_RAW::TRANS_DONE_INT_RAW, fabric);
        }
    }

    /// Back to idle.
    fn end(&mut self, fabric: &mut Fabric) {
        self.controller.state = State::Idle;
        self.bank.set_field(Reg::CMD, CMD::USR, 0);
        self.show_idle(fabric);
        fabric.attention();
    }

    /// The CONF state: a bitmap with a magic number, then the registers that it names (TRM 30.5.8.4).
    fn configure(&mut self, at: Ps, fabric: &mut Fabric, port: &mut Port) {
        let peripheral = self.wiring().peripheral;
        let mut word = || {
            let mut bytes = [0; 4];
            (port.pull(peripheral, &mut bytes, fabric) == 4).then(|| u32::from_le_bytes(bytes))
        };
        let bitmap = word().unwrap_or(0);
        let mut values = Vec::new();
        for (n, register) in CONF_REGISTERS.into_iter().enumerate() {
            if bitmap >> n & 1 != 0 {
                values.extend(word().map(|value| (register, value)));
            }
        }
        if bitmap >> 28 != self.field(Reg::SLAVE, SLAVE::DMA_SEG_MAGIC_VALUE) {
            self.end(fabric);
            return self.raise(DMA_INT_RAW::SEG_MAGIC_ERR_INT_RAW, fabric);
        }
        for (register, value) in values {
            self.store(register, engine_core::registers::Write::word(value), fabric);
        }
        self.begin(at, fabric);
    }
}
