//! An audio part's end of an I2S wire: bit clock, word select, data in, data out.
//!
//! The same decoder is fed bit by bit from pin edges (PIO, bit-banging) and frame by frame from a routed hardware
//! controller, so both give the same samples. Samples are left-justified in 32 bits, whatever the width of a slot.
//! I2S bus specification (Philips, revised 1996), sections 2 and 3: WS changes one clock before the most significant bit,
//! data changes at the falling edge of the clock and is sampled at the rising one.

use crate::pins::Drive;
use crate::ports::{I2sBatch, Outside, PortId};
use crate::time::{Hertz, Ps};
use serde::{Deserialize, Serialize};

/// How a controller lays out a frame on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I2sLayout {
    /// Bit clocks in a frame, 128 at the most.
    pub bits: u8,
    /// For how many of them WS has its first level.
    pub ws_first: u8,
    /// That level.
    pub ws_level: bool,
    /// Data comes one clock behind WS, as in the Philips standard.
    pub delay: bool,
}

impl I2sLayout {
    /// WS in bit clock `index` of a frame.
    pub fn ws(&self, index: u32) -> bool {
        self.ws_level == (index < u32::from(self.ws_first))
    }
}

/// How a part understands what is on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I2sFormat {
    /// Slots in a frame. Two: a slot for each level of WS, low is the first. More: TDM, a frame begins as WS rises.
    pub slots: u8,
    /// Bits of a slot in TDM.
    pub slot_bits: u8,
    /// The most significant bit comes one clock behind the edge of WS.
    pub delay: bool,
}

impl I2sFormat {
    fn is_tdm(&self) -> bool {
        self.slots != 2
    }
}

/// The clock of a part that is the master of its wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct I2sClock {
    /// Frames in a second.
    pub rate: Hertz,
    /// How it lays them out.
    pub layout: I2sLayout,
    /// When its first frame began.
    pub from: Ps,
}

/// An edge of the clock of a part that is the master: pins and their levels from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterEdge {
    /// When.
    pub at: Ps,
    /// The bit clock.
    pub bck: (u8, bool),
    /// The word select.
    pub ws: (u8, bool),
}

/// Which pins a hardware controller's direction is routed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct I2sLines {
    /// Pins that carry its bit clock.
    pub bck: u64,
    /// Pins that carry its word select.
    pub ws: u64,
    /// Pins that carry its data.
    pub data: u64,
}

/// A batch is handed out when it has grown to this many frames.
const BATCH: usize = 2048;

/// The pins and habits of a part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct I2sWire {
    bck: u8,
    ws: u8,
    data_in: Option<u8>,
    data_out: Option<u8>,
    format: I2sFormat,
    clock: Option<I2sClock>,
    /// Edges of that clock that were shown: falling ones are even.
    edge: u64,
    heard: Decoder,
    said: Shifter,
    batch: I2sBatch,
    /// When WS changed last, on the wire path.
    ws_at: Option<Ps>,
    /// The last bit of the frame before, in each direction, on the path of frames.
    carried: [bool; 2],
}

/// Bits on their way into slots.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Decoder {
    ws: bool,
    /// A frame has begun, at this time.
    began: Option<Ps>,
    slot: usize,
    word: u32,
    count: u32,
    samples: Vec<i32>,
}

impl Decoder {
    fn push(&mut self, bit: bool) {
        if self.count < 32 {
            self.word = self.word << 1 | u32::from(bit);
        }
        self.count += 1;
    }

    /// The slot under way is over.
    fn close(&mut self) -> i32 {
        let unused = 32 - self.count.min(32);
        let sample = if unused == 32 { 0 } else { (self.word << unused) as i32 };
        (self.word, self.count) = (0, 0);
        sample
    }

    /// Bit and WS at a rising edge of the clock. A whole frame: when it began, its samples, the bits of its last slot.
    fn take(&mut self, format: &I2sFormat, ws: bool, bit: bool, ws_at: Ps) -> Option<(Ps, Vec<i32>, u8)> {
        let turned = std::mem::replace(&mut self.ws, ws) != ws;
        let mut whole = None;
        if format.delay {
            whole = self.bit(format, bit);
        }
        if turned {
            whole = self.turn(format, ws, ws_at).or(whole);
        }
        if !format.delay {
            whole = whole.or(self.bit(format, bit));
        }
        whole
    }

    fn bit(&mut self, format: &I2sFormat, bit: bool) -> Option<(Ps, Vec<i32>, u8)> {
        self.push(bit);
        if !format.is_tdm() || self.count < u32::from(format.slot_bits) {
            return None;
        }
        let sample = self.close();
        self.samples.push(sample);
        if self.samples.len() < usize::from(format.slots) {
            return None;
        }
        let samples = std::mem::take(&mut self.samples);
        Some((self.began.take()?, samples, format.slot_bits))
    }

    fn turn(&mut self, format: &I2sFormat, ws: bool, at: Ps) -> Option<(Ps, Vec<i32>, u8)> {
        if format.is_tdm() {
            if ws {
                (self.word, self.count) = (0, 0);
                self.samples.clear();
                self.began = Some(at);
            }
            return None;
        }
        let bits = self.count.min(255) as u8;
        let sample = self.close();
        if ws {
            self.samples = vec![sample];
            return None;
        }
        let began = self.began.replace(at);
        let mut samples = std::mem::take(&mut self.samples);
        samples.push(sample);
        began.filter(|_| samples.len() == 2).map(|began| (began, samples, bits))
    }
}

/// Slots on their way out, on the wire path.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Shifter {
    ws: bool,
    frame: Vec<i32>,
    slot: usize,
    position: u32,
    /// When the first bit was put out without waiting for the clock.
    early: Option<Ps>,
}

impl Shifter {
    fn next(&mut self, format: &I2sFormat) -> bool {
        let (slot, bit) = if format.is_tdm() {
            let width = u32::from(format.slot_bits);
            ((self.position / width) as usize, self.position % width)
        } else {
            (self.slot, self.position)
        };
        self.position += 1;
        bit < 32 && self.frame.get(slot).is_some_and(|sample| sample << bit < 0)
    }
}

fn mask(bits: u32) -> u128 {
    if bits >= 128 {
        u128::MAX
    } else {
        (1 << bits) - 1
    }
}

/// The upper bits of a left-justified sample, as many as there are clocks.
fn cut(sample: i32, bits: u32) -> u128 {
    let sample = u128::from(sample as u32);
    if bits <= 32 {
        sample >> (32 - bits)
    } else {
        sample << (bits - 32)
    }
}

/// Bits of a slot as a left-justified sample.
fn justify(value: u128, bits: u32) -> i32 {
    let value = value & mask(bits);
    (if bits <= 32 { (value << (32 - bits)) as u32 } else { (value >> (bits - 32)) as u32 }) as i32
}

impl I2sWire {
    /// A part on these pins. `data_in` is what it hears, `data_out` what it says.
    pub fn new(bck: u8, ws: u8, data_in: Option<u8>, data_out: Option<u8>, format: I2sFormat) -> Self {
        Self {
            bck,
            ws,
            data_in,
            data_out,
            format,
            clock: None,
            edge: 0,
            // The first level of WS that a part sees begins a frame, if it is the right one.
            heard: Decoder { ws: !format.is_tdm(), ..Decoder::default() },
            said: Shifter { ws: !format.is_tdm(), ..Shifter::default() },
            batch: I2sBatch { slots: format.slots, ..I2sBatch::default() },
            ws_at: None,
            carried: [false; 2],
        }
    }

    /// It is the master: bit clock and word select are its own.
    #[must_use]
    pub fn clocked_by_part(mut self, clock: I2sClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// The clock that the part gives, where it is the master.
    pub fn clock(&self) -> Option<I2sClock> {
        self.clock
    }

    /// Another rate of a part that is the master; 0 Hz: it stops.
    pub fn set_clock(&mut self, clock: Option<I2sClock>) {
        self.clock = clock;
        self.edge = 0;
    }

    /// The next edge of its own clock.
    pub fn next_edge(&self) -> Option<MasterEdge> {
        let clock = self.clock?;
        let rate = clock.rate.scaled(2 * u64::from(clock.layout.bits), 1);
        let at = clock.from.saturating_add(rate.duration(self.edge));
        let ws = clock.layout.ws((self.edge / 2 % u64::from(clock.layout.bits)) as u32);
        Some(MasterEdge { at, bck: (self.bck, self.edge % 2 != 0), ws: (self.ws, ws) })
    }

    /// That edge happens; `None` where it was due before `now`, and the one that comes next is found out.
    pub fn pass_edge(&mut self, now: Ps) -> Option<MasterEdge> {
        let edge = self.next_edge()?;
        let rate = self.clock?.rate.scaled(2 * u64::from(self.clock?.layout.bits), 1);
        if edge.at.saturating_add(rate.duration(1)) < now {
            self.edge = rate.cycles_in(now - self.clock?.from) + 1;
            return None;
        }
        self.edge += 1;
        Some(edge)
    }

    /// Its bit clock, as a bit.
    pub fn bck(&self) -> u64 {
        1 << self.bck
    }

    /// The pins whose edges it looks at.
    pub fn mask(&self) -> u64 {
        1 << self.bck | 1 << self.ws
    }

    /// Does it act on edges, so that whoever makes them must do so in time?
    pub fn answers(&self) -> bool {
        self.data_out.is_some()
    }

    /// Does it hear one of these pins?
    pub fn hears(&self, pins: u64) -> bool {
        self.data_in.is_some_and(|pin| pins >> pin & 1 != 0)
    }

    /// The pin that it drives, as a bit.
    pub fn data_out(&self) -> u64 {
        self.data_out.map_or(0, |pin| 1 << pin)
    }

    /// Does it drive one of these pins?
    pub fn drives(&self, pins: u64) -> bool {
        self.data_out.is_some_and(|pin| pins >> pin & 1 != 0)
    }

    /// Is it on the clock and the word select of these lines?
    pub fn is_on(&self, lines: &I2sLines) -> bool {
        lines.bck >> self.bck & 1 != 0 && lines.ws >> self.ws & 1 != 0
    }

    fn keep(&mut self, port: PortId, frame: (Ps, Vec<i32>, u8), outside: &mut dyn Outside) {
        let (at, samples, bits) = frame;
        self.batch.at.push(at);
        self.batch.samples.extend(samples);
        self.batch.bits = bits;
        if self.batch.at.len() >= BATCH {
            self.flush(port, outside);
        }
    }

    /// Hands out the frames gathered so far.
    pub fn flush(&mut self, port: PortId, outside: &mut dyn Outside) {
        if !self.batch.at.is_empty() {
            let empty = I2sBatch { slots: self.format.slots, bits: self.batch.bits, ..I2sBatch::default() };
            outside.i2s_sent(port, std::mem::replace(&mut self.batch, empty));
        }
    }

    /// Its clock or word select changed. Returns what it drives onto its data output from now on.
    pub fn change(
        &mut self,
        port: PortId,
        changed: u64,
        level: u64,
        at: Ps,
        outside: &mut dyn Outside,
    ) -> Option<Drive> {
        let (ws, bck) = (level >> self.ws & 1 != 0, level >> self.bck & 1 != 0);
        let mut says = None;
        if changed >> self.ws & 1 != 0 {
            self.ws_at = Some(at);
            if !self.format.delay && self.data_out.is_some() {
                self.load(port, ws, at, outside);
                says = Some(self.said.next(&self.format));
                self.said.early = Some(at);
            }
        }
        if changed >> self.bck & 1 != 0 {
            if bck {
                if let Some(pin) = self.data_in {
                    let bit = level >> pin & 1 != 0;
                    if let Some(frame) = self.heard.take(&self.format, ws, bit, self.ws_at.unwrap_or(at)) {
                        self.keep(port, frame, outside);
                    }
                }
                if self.format.delay && self.data_out.is_some() {
                    self.load(port, ws, self.ws_at.unwrap_or(at), outside);
                }
            } else if self.data_out.is_some() && self.said.early.take() != Some(at) {
                says = Some(self.said.next(&self.format));
            }
        }
        Some(Drive { pin: self.data_out?, level: Some(says?) })
    }

    /// WS as the part sees it now: with its edge begins a slot, or the frame.
    fn load(&mut self, port: PortId, ws: bool, at: Ps, outside: &mut dyn Outside) {
        if std::mem::replace(&mut self.said.ws, ws) == ws {
            return;
        }
        let begins = ws == self.format.is_tdm();
        if begins {
            self.said.frame = outside.i2s_wanted(port, &[at]);
        }
        if begins || !self.format.is_tdm() {
            self.said.slot = usize::from(ws);
            self.said.position = 0;
        }
    }

    /// A routed hardware controller sends whole frames, each of them from its time on; the first bit is the most
    /// significant one of `layout.bits`.
    pub fn send(&mut self, port: PortId, layout: &I2sLayout, frames: &[u128], at: &[Ps], outside: &mut dyn Outside) {
        if self.data_in.is_none() {
            return;
        }
        let bits = u32::from(layout.bits);
        let direct = layout.delay == self.format.delay && layout.ws_level == self.format.is_tdm();
        for (&frame, &at) in frames.iter().zip(at) {
            if direct {
                let (samples, width) = self.split(layout, frame);
                self.heard = Decoder { ws: !layout.ws_level, ..Decoder::default() };
                self.keep(port, (at, samples, width), outside);
            } else {
                if self.heard.began.is_none() {
                    self.heard.ws = layout.ws(bits - 1);
                }
                for index in 0..bits {
                    let bit = match index.checked_sub(u32::from(layout.delay)) {
                        Some(place) => frame >> (bits - 1 - place) & 1 != 0,
                        None => self.carried[0],
                    };
                    if let Some(frame) = self.heard.take(&self.format, layout.ws(index), bit, at) {
                        self.keep(port, frame, outside);
                    }
                }
                self.carried[0] = frame & 1 != 0;
            }
        }
    }

    /// A frame that is laid out as the part understands it.
    fn split(&self, layout: &I2sLayout, frame: u128) -> (Vec<i32>, u8) {
        let bits = u32::from(layout.bits);
        if self.format.is_tdm() {
            let width = u32::from(self.format.slot_bits);
            let slot = |n: u32| {
                let end = (n + 1) * width;
                if end <= bits {
                    justify(frame >> (bits - end), width)
                } else {
                    0
                }
            };
            return ((0..u32::from(self.format.slots)).map(slot).collect(), self.format.slot_bits);
        }
        let first = u32::from(layout.ws_first).min(bits);
        let second = bits - first;
        (vec![justify(frame >> second, first), justify(frame, second)], first as u8)
    }

    /// A routed hardware controller takes frames, each of them from its time on.
    pub fn receive(&mut self, port: PortId, layout: &I2sLayout, at: &[Ps], outside: &mut dyn Outside) -> Vec<u128> {
        let samples = outside.i2s_wanted(port, at);
        let slots = usize::from(self.format.slots);
        let mut frames: Vec<u128> =
            (0..at.len()).map(|n| self.join(layout, samples.get(n * slots..).unwrap_or(&[]))).collect();
        let top = u32::from(layout.bits) - 1;
        match (layout.delay, self.format.delay) {
            // The controller looks one clock too late.
            (true, false) => {
                for n in 0..frames.len() {
                    let next = frames.get(n + 1).is_some_and(|frame| frame >> top & 1 != 0);
                    frames[n] = (frames[n] << 1 | u128::from(next)) & mask(top + 1);
                }
            }
            // The part speaks one clock too late.
            (false, true) => {
                for frame in &mut frames {
                    let carried = std::mem::replace(&mut self.carried[1], *frame & 1 != 0);
                    *frame = *frame >> 1 | u128::from(carried) << top;
                }
            }
            _ => {}
        }
        frames
    }

    /// The part's samples of a frame, as the wire carries them.
    fn join(&self, layout: &I2sLayout, samples: &[i32]) -> u128 {
        let bits = u32::from(layout.bits);
        let sample = |n: usize| samples.get(n).copied().unwrap_or(0);
        if self.format.is_tdm() {
            let width = u32::from(self.format.slot_bits);
            let fits = (bits / width).min(u32::from(self.format.slots));
            let joined = (0..fits as usize).fold(0, |frame, n| frame << width | cut(sample(n), width));
            return joined << (bits - fits * width);
        }
        let first = u32::from(layout.ws_first).min(bits);
        let second = bits - first;
        let low_first = usize::from(layout.ws_level);
        cut(sample(low_first), first) << second | cut(sample(1 - low_first), second)
    }
}

#[cfg(test)]
mod tests;
