//! An SPI target's end of the wire: chip select, clock, data, and D/CX where a display has it.
//!
//! The same shift register is fed bit by bit from pin edges (PIO, bit-banging) and frame by frame from a
//! routed hardware controller, so both give the same bytes.

use crate::pins::Drive;
use crate::ports::{Outside, PortId, SpiAnswer, SpiBatch};
use crate::time::Ps;
use crate::trace::{Kind, Trace};
use serde::{Deserialize, Serialize};

/// When the part must be asked for an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answers {
    /// It never answers: everything goes in batches.
    Never,
    /// It answers to these bytes when D/CX is low (display read commands).
    Commands(Vec<u8>),
    /// It is asked for every byte (full-duplex parts).
    Always,
}

/// The pins and habits of a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SpiWire {
    sck: u8,
    mosi: u8,
    miso: Option<u8>,
    cs: Option<u8>,
    dc: Option<u8>,
    sample_rising: bool,
    answers: Answers,
    shift: u8,
    bits: u8,
    first_bit: Ps,
    answer: Vec<u8>,
    answer_bit: usize,
    dummy: u8,
    data: Vec<u8>,
    dcs: Vec<u8>,
    at: Vec<Ps>,
    span: Vec<u32>,
}

/// A batch is handed out when it has grown to this many bytes.
const BATCH: usize = 1 << 16;

impl SpiWire {
    /// A target on these pins; without `cs` it is always selected. It samples on the rising edge unless said otherwise.
    pub fn new(sck: u8, mosi: u8, miso: Option<u8>, cs: Option<u8>, dc: Option<u8>, answers: Answers) -> Self {
        Self {
            sck,
            mosi,
            miso,
            cs,
            dc,
            sample_rising: true,
            answers,
            shift: 0,
            bits: 0,
            first_bit: 0,
            answer: Vec::new(),
            answer_bit: 0,
            dummy: 0,
            data: Vec::new(),
            dcs: Vec::new(),
            at: Vec::new(),
            span: Vec::new(),
        }
    }

    /// Samples on the falling edge instead (modes 1 and 2).
    #[must_use]
    pub fn sampling_falling(mut self) -> Self {
        self.sample_rising = false;
        self
    }

    /// The pins it looks at.
    pub fn mask(&self) -> u64 {
        1u64 << self.sck | self.cs.map_or(0, |pin| 1u64 << pin)
    }

    /// Its data input.
    pub fn mosi(&self) -> u8 {
        self.mosi
    }

    /// Its data output.
    pub fn miso(&self) -> Option<u8> {
        self.miso
    }

    /// Is `pin` its clock?
    pub fn is_clocked_by(&self, pin: u8) -> bool {
        self.sck == pin
    }

    fn selected(&self, level: u64) -> bool {
        self.cs.is_none_or(|pin| level >> pin & 1 == 0)
    }

    /// Pins changed. Returns what it drives onto its data output from now on.
    #[inline]
    pub fn change(
        &mut self,
        port: PortId,
        changed: u64,
        level: u64,
        at: Ps,
        trace: &mut Trace,
        outside: &mut dyn Outside,
    ) -> Option<Drive> {
        if let Some(cs) = self.cs.filter(|cs| changed >> cs & 1 != 0) {
            return self.select(port, level >> cs & 1 == 0, at, outside);
        }
        if !self.selected(level) {
            return None;
        }
        if (level >> self.sck & 1 != 0) == self.sample_rising {
            let bit = (level >> self.mosi) as u8 & 1;
            self.take_bit(port, bit, level, at, trace, outside);
            None
        } else {
            let miso = self.miso?;
            self.next_answer_bit().map(|bit| Drive { pin: miso, level: Some(bit) })
        }
    }

    /// CSX high resets the shift register (ST7789V 8.4.2); an answer that was not fetched is lost.
    fn select(&mut self, port: PortId, selected: bool, at: Ps, outside: &mut dyn Outside) -> Option<Drive> {
        self.flush(port, outside);
        self.bits = 0;
        self.answer.clear();
        outside.spi_select(port, at, selected);
        if selected {
            return None;
        }
        self.miso.map(|pin| Drive { pin, level: None })
    }

    #[inline]
    fn take_bit(&mut self, port: PortId, bit: u8, level: u64, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) {
        if self.bits == 0 {
            self.first_bit = at;
        }
        self.shift = self.shift << 1 | bit;
        self.bits += 1;
        if self.bits == 8 {
            self.bits = 0;
            let dc = self.dc.map_or(1, |pin| (level >> pin) as u8 & 1);
            self.take_byte(port, dc, at, trace, outside);
        }
    }

    fn take_byte(&mut self, port: PortId, dc: u8, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) {
        let byte = self.shift;
        trace.see(Kind::Spi, at, u64::from(port) << 16 | u64::from(dc) << 8 | u64::from(byte));
        let asks = match &self.answers {
            Answers::Never => false,
            Answers::Commands(commands) => dc == 0 && commands.contains(&byte),
            Answers::Always => true,
        };
        if dc == 0 || self.answers == Answers::Always {
            self.answer.clear();
        }
        if asks {
            self.flush(port, outside);
            let SpiAnswer { dummy, data } = outside.spi_answer(port, at, byte, dc != 0).unwrap_or_default();
            self.dummy = dummy;
            self.answer = data;
            self.answer_bit = 0;
            return;
        }
        self.data.push(byte);
        self.dcs.push(dc);
        self.at.push(at);
        self.span.push((at - self.first_bit).min(u64::from(u32::MAX)) as u32);
        if self.data.len() >= BATCH {
            self.flush(port, outside);
        }
    }

    fn next_answer_bit(&mut self) -> Option<bool> {
        if self.answer.is_empty() {
            return None;
        }
        if self.dummy > 0 {
            self.dummy -= 1;
            return Some(false);
        }
        let byte = *self.answer.get(self.answer_bit / 8)?;
        let bit = byte >> (7 - self.answer_bit % 8) & 1 != 0;
        self.answer_bit += 1;
        Some(bit)
    }

    /// A hardware controller shifts `bits` bits of `value`, sampled from `at` on every `bit_time`. `None` when not selected.
    #[allow(clippy::too_many_arguments)]
    pub fn shift(
        &mut self,
        port: PortId,
        value: u32,
        bits: u32,
        level: u64,
        at: Ps,
        bit_time: Ps,
        trace: &mut Trace,
        outside: &mut dyn Outside,
    ) -> Option<u32> {
        if !self.selected(level) {
            return None;
        }
        let idle = u32::from(self.miso.is_some_and(|pin| level >> pin & 1 != 0));
        let mut back = 0;
        if self.bits == 0 && bits % 8 == 0 && self.answer.is_empty() && self.answers == Answers::Never {
            let dc = self.dc.map_or(1, |pin| (level >> pin) as u8 & 1);
            for n in 0..bits / 8 {
                self.shift = (value >> (bits - 8 * (n + 1))) as u8;
                self.first_bit = at + u64::from(8 * n) * bit_time;
                self.take_byte(port, dc, self.first_bit + 7 * bit_time, trace, outside);
            }
            return Some(if idle != 0 { u32::MAX >> (32 - bits) } else { 0 });
        }
        for n in 0..bits {
            back = back << 1 | self.next_answer_bit().map_or(idle, u32::from);
            let bit = (value >> (bits - 1 - n)) as u8 & 1;
            self.take_bit(port, bit, level, at + u64::from(n) * bit_time, trace, outside);
        }
        Some(back)
    }

    /// Hands out the bytes gathered so far.
    pub fn flush(&mut self, port: PortId, outside: &mut dyn Outside) {
        if !self.data.is_empty() {
            let batch = SpiBatch {
                data: std::mem::take(&mut self.data),
                dc: std::mem::take(&mut self.dcs),
                at: std::mem::take(&mut self.at),
                span: std::mem::take(&mut self.span),
            };
            outside.spi(port, batch);
        }
    }
}
