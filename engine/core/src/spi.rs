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
    /// It drives its data output.
    drives: bool,
    /// Bytes of a frame under way that a routed hardware controller clocks edge by edge: for the trace when it is over.
    held: Option<Vec<(Ps, u64)>>,
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
            drives: false,
            held: None,
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

    /// Its clock, as a bit.
    pub fn clock(&self) -> u64 {
        1u64 << self.sck
    }

    /// May it be left alone at rising (or falling) edges of its clock? It samples at the other edge, and has no output to
    /// shift at this one.
    pub fn ignores(&self, rising: bool) -> bool {
        rising != self.sample_rising && self.miso.is_none()
    }

    /// Its data input.
    pub fn mosi(&self) -> u8 {
        self.mosi
    }

    /// Its data output.
    pub fn miso(&self) -> Option<u8> {
        self.miso
    }

    /// Does it sample on the rising edge?
    pub fn samples_rising(&self) -> bool {
        self.sample_rising
    }

    /// A frame of a routed hardware controller begins edge by edge: its bytes go into the trace at its end, as on the byte path.
    pub(crate) fn hold(&mut self) {
        self.held = Some(Vec::new());
    }

    /// The frame is over. True: it was for this target.
    pub(crate) fn release(&mut self, level: u64, trace: &mut Trace) -> bool {
        for (at, seen) in self.held.take().unwrap_or_default() {
            trace.see(Kind::Spi, at, seen);
        }
        self.selected(level)
    }

    /// Is `pin` its clock?
    pub fn is_clocked_by(&self, pin: u8) -> bool {
        self.sck == pin
    }

    #[inline(always)]
    pub(crate) fn selected(&self, level: u64) -> bool {
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
            let level = self.next_answer_bit();
            let lets_go = std::mem::replace(&mut self.drives, level.is_some()) && level.is_none();
            (level.is_some() || lets_go).then_some(Drive { pin: miso, level })
        }
    }

    /// The sampling edge of its clock, where nothing else changed and it has nothing to say.
    #[inline(always)]
    pub(crate) fn sample(&mut self, port: PortId, level: u64, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) {
        if self.selected(level) {
            let bit = (level >> self.mosi) as u8 & 1;
            self.take_bit(port, bit, level, at, trace, outside);
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
        self.drives = false;
        self.miso.map(|pin| Drive { pin, level: None })
    }

    #[inline]
    fn take_bit(&mut self, port: PortId, bit: u8, level: u64, at: Ps, trace: &mut Trace, outside: &mut dyn Outside) {
        if let Some(byte) = self.shift_in(bit, 1, at) {
            self.take_byte(port, byte, level, at, trace, outside);
        }
    }

    /// How many bits its byte lacks.
    #[inline(always)]
    pub(crate) fn room(&self) -> u64 {
        8 - u64::from(self.bits)
    }

    /// Bits for which there is room, the first of them sampled at `at`. The byte, where it is complete.
    #[inline(always)]
    pub(crate) fn shift_in(&mut self, bits: u8, count: u8, at: Ps) -> Option<u8> {
        if self.bits == 0 {
            self.first_bit = at;
        }
        let all = u16::from(self.shift) << count | u16::from(bits) & ((1 << count) - 1);
        self.shift = all as u8;
        self.bits = (self.bits + count) & 7;
        (self.bits == 0).then_some(self.shift)
    }

    /// All bits of a byte are there: the last one came at `at`, when the pins had these levels.
    pub(crate) fn take_byte(
        &mut self,
        port: PortId,
        byte: u8,
        level: u64,
        at: Ps,
        trace: &mut Trace,
        outside: &mut dyn Outside,
    ) {
        let dc = self.dc.map_or(1, |pin| (level >> pin) as u8 & 1);
        let seen = u64::from(port) << 16 | u64::from(dc) << 8 | u64::from(byte);
        match &mut self.held {
            Some(held) => held.push((at, seen)),
            None => trace.see(Kind::Spi, at, seen),
        }
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

    /// Whole bytes of a frame, up to four, for a target that never answers; the first bit was sampled at `first`.
    #[inline]
    fn take_bytes(&mut self, port: PortId, bytes: &[u8], level: u64, first: Ps, bit_time: Ps, trace: &mut Trace) {
        let dc = self.dc.map_or(1, |pin| (level >> pin) as u8 & 1);
        let from = u64::from(port) << 16 | u64::from(dc) << 8;
        let last_bit = |n: usize| first + (8 * n as u64 + 7) * bit_time;
        let count = bytes.len();
        for (n, byte) in bytes.iter().enumerate() {
            match &mut self.held {
                Some(held) => held.push((last_bit(n), from | u64::from(*byte))),
                None => trace.see(Kind::Spi, last_bit(n), from | u64::from(*byte)),
            }
        }
        self.first_bit = first + 8 * (count as u64 - 1) * bit_time;
        self.data.extend_from_slice(bytes);
        self.dcs.extend_from_slice(&[dc; 4][..count]);
        self.at.extend((0..count).map(last_bit));
        self.span.extend_from_slice(&[(7 * bit_time).min(u64::from(u32::MAX)) as u32; 4][..count]);
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
            self.take_bytes(port, &value.to_be_bytes()[4 - bits as usize / 8..], level, at, bit_time, trace);
            if self.data.len() >= BATCH {
                self.flush(port, outside);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pins::{Pins, SpiLines};

    use std::sync::{Arc, Mutex};

    #[derive(Clone, Debug, PartialEq, Eq)]
    enum Seen {
        Bytes(SpiBatch),
        Select(bool),
        Asked(u8),
    }

    struct Part(Arc<Mutex<Vec<Seen>>>, SpiAnswer);

    impl Outside for Part {
        fn spi(&mut self, _: PortId, batch: SpiBatch) {
            self.0.lock().unwrap().push(Seen::Bytes(batch));
        }
        fn spi_select(&mut self, _: PortId, _: Ps, selected: bool) {
            self.0.lock().unwrap().push(Seen::Select(selected));
        }
        fn spi_answer(&mut self, _: PortId, _: Ps, byte: u8, _: bool) -> Option<SpiAnswer> {
            self.0.lock().unwrap().push(Seen::Asked(byte));
            Some(self.1.clone())
        }
    }

    const SCK: u8 = 10;
    const MOSI: u8 = 11;
    const MISO: u8 = 12;
    const CS: u8 = 13;
    const DC: u8 = 14;
    const BIT: Ps = 100_000;

    struct Bus {
        pins: Pins,
        out: u64,
        at: Ps,
        seen: Arc<Mutex<Vec<Seen>>>,
    }

    impl Bus {
        fn new(answers: Answers, answer: SpiAnswer) -> Self {
            let seen = Arc::new(Mutex::new(vec![]));
            let mut pins = Pins::default();
            pins.set_outside(Box::new(Part(seen.clone(), answer)));
            let mut bus = Self { pins, out: 1 << CS | 1 << DC, at: 0, seen };
            bus.set(CS, true);
            bus.pins.attach_spi(SpiWire::new(SCK, MOSI, Some(MISO), Some(CS), Some(DC), answers));
            bus
        }

        fn set(&mut self, pin: u8, high: bool) {
            self.out = if high { self.out | 1 << pin } else { self.out & !(1 << pin) };
            let driven = 1 << SCK | 1 << MOSI | 1 << CS | 1 << DC;
            self.pins.drive(self.out, driven, self.at);
        }

        /// Mode 0, edge by edge: the first bit is sampled half a bit time from now.
        fn bang(&mut self, value: u32, bits: u32) -> u32 {
            let mut back = 0;
            for n in 0..bits {
                self.set(MOSI, value >> (bits - 1 - n) & 1 != 0);
                self.at += BIT / 2;
                self.set(SCK, true);
                back = back << 1 | u32::from(self.pins.is_high(MISO));
                self.at += BIT / 2;
                self.set(SCK, false);
            }
            back
        }

        /// The same by a routed controller.
        fn shift(&mut self, value: u32, bits: u32) -> u32 {
            let lines = SpiLines { sck: SCK, mosi: Some(MOSI), miso: Some(MISO), sample_rising: true };
            let back = self.pins.spi_shift(lines, value, bits, self.at + BIT / 2, BIT);
            self.at += u64::from(bits) * BIT;
            back
        }

        fn seen(&mut self) -> Vec<Seen> {
            self.pins.flush();
            std::mem::take(&mut *self.seen.lock().unwrap())
        }
    }

    fn both(answers: Answers, answer: SpiAnswer, script: impl Fn(&mut Bus, &dyn Fn(&mut Bus, u32, u32) -> u32)) {
        let mut wire = Bus::new(answers.clone(), answer.clone());
        script(&mut wire, &Bus::bang);
        let mut fast = Bus::new(answers, answer);
        script(&mut fast, &Bus::shift);
        assert_eq!(wire.seen(), fast.seen());
    }

    #[test]
    fn both_paths_give_the_same_bytes_times_and_dc() {
        both(Answers::Never, SpiAnswer::default(), |bus, send| {
            bus.set(CS, false);
            bus.set(DC, false);
            send(bus, 0x2C, 8);
            bus.set(DC, true);
            send(bus, 0x1234, 16);
            send(bus, 0xABC, 12);
            send(bus, 0xD, 4);
            bus.set(CS, true);
            let seen = std::mem::take(&mut *bus.seen.lock().unwrap());
            let Seen::Bytes(batch) = &seen[1] else { panic!("{seen:?}") };
            assert_eq!(batch.data, [0x2C, 0x12, 0x34, 0xAB, 0xCD]);
            assert_eq!(batch.dc, [0, 1, 1, 1, 1]);
            assert_eq!(batch.at[0], 7 * BIT + BIT / 2);
            assert_eq!(batch.span, [7 * BIT as u32; 5]);
            assert_eq!((&seen[0], &seen[2]), (&Seen::Select(true), &Seen::Select(false)));
            *bus.seen.lock().unwrap() = seen;
        });
    }

    /// ST7789V 8.4.2: CSX high in the middle of a byte drops its bits.
    #[test]
    fn chip_select_drops_the_bits_of_an_unfinished_byte() {
        both(Answers::Never, SpiAnswer::default(), |bus, send| {
            bus.set(CS, false);
            send(bus, 0b101, 3);
            bus.set(CS, true);
            send(bus, 0xFF, 8);
            bus.set(CS, false);
            send(bus, 0x42, 8);
            bus.set(CS, true);
            let seen = bus.seen();
            let bytes: Vec<&SpiBatch> = seen
                .iter()
                .filter_map(|event| if let Seen::Bytes(batch) = event { Some(batch) } else { None })
                .collect();
            assert_eq!(bytes.len(), 1);
            assert_eq!(bytes[0].data, [0x42]);
        });
    }

    /// ST7789V 8.4.3: RDDID (04h) has a dummy clock before its bytes.
    #[test]
    fn answers_follow_the_command_after_its_dummy_clocks() {
        let answer = SpiAnswer { dummy: 1, data: vec![0x85, 0x85, 0x52] };
        both(Answers::Commands(vec![0x04]), answer, |bus, send| {
            bus.set(CS, false);
            bus.set(DC, false);
            send(bus, 0x04, 8);
            bus.set(DC, true);
            assert_eq!(send(bus, 0, 25), 0x0085_8552);
            bus.set(CS, true);
            assert_eq!(bus.seen()[1], Seen::Asked(0x04));
        });
    }

    #[test]
    fn a_part_that_always_answers_is_asked_for_every_byte() {
        both(Answers::Always, SpiAnswer { dummy: 0, data: vec![0xA5] }, |bus, send| {
            bus.set(CS, false);
            send(bus, 0x9F, 8);
            assert_eq!(send(bus, 0x00, 8), 0xA5);
            assert_eq!(send(bus, 0x01, 8), 0xA5);
            bus.set(CS, true);
            assert_eq!(bus.seen()[1..4], [Seen::Asked(0x9F), Seen::Asked(0x00), Seen::Asked(0x01)]);
        });
    }
}
