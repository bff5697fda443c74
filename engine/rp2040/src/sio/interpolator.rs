//! The interpolators, two for each processor. Datasheet 2.3.1.6.
//!
//! Two lanes, each with an accumulator, a base, and a shifter with a mask between them:
//!
//! ```text
//! ACCUM ─(CROSS_INPUT)─┬─ >> SHIFT ─ mask ─ sign ─┬──────────────── + ─ FULL (with BASE2 and the other lane)
//!                      └────────────(ADD_RAW)─────┴─ + BASE ─ lane result ─(CROSS_RESULT)─ ACCUM on POP
//! ```

use super::registers::interp::CTRL_LANE1 as CTRL;
use super::registers::{interp0, interp1};
use serde::{Deserialize, Serialize};

const BLEND: u32 = interp0::CTRL_LANE0::BLEND.mask;
const CLAMP: u32 = interp1::CTRL_LANE0::CLAMP.mask;
/// The fields that both lanes have.
const LANE: u32 = 0x001F_FFFF;

/// An interpolator.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Interpolator {
    accum: [u32; 2],
    base: [u32; 3],
    ctrl: [u32; 2],
    /// The mode bit that this one has in CTRL_LANE0.
    mode: u32,
}

/// What the datapath shows for the present registers.
struct Results {
    /// Behind shift, mask and sign extension.
    masked: [u32; 2],
    /// What POP writes to the accumulators.
    lane: [u32; 2],
    full: u32,
    overflow: [bool; 2],
}

impl Interpolator {
    /// INTERP0, which can blend, or INTERP1, which can clamp.
    pub fn new(index: usize) -> Self {
        Self { accum: [0; 2], base: [0; 3], ctrl: [0; 2], mode: [BLEND, CLAMP][index] }
    }

    /// A load.
    pub fn read(&mut self, offset: u32) -> u32 {
        if !(0x14..=0x1C).contains(&offset) {
            return self.peek(offset);
        }
        let Results { lane, .. } = self.results();
        let value = self.peek(offset + 0x0C);
        for (n, accum) in self.accum.iter_mut().enumerate() {
            *accum = lane[if CTRL::CROSS_RESULT.is_set(self.ctrl[n]) { 1 - n } else { n }];
        }
        value
    }

    /// The value of a register without side effects.
    pub fn peek(&self, offset: u32) -> u32 {
        match offset {
            0x00 | 0x04 => self.accum[offset as usize >> 2],
            0x08 | 0x0C | 0x10 => self.base[(offset as usize >> 2) - 2],
            // POP reads as PEEK does.
            0x14 | 0x20 => self.on_bus(0),
            0x18 | 0x24 => self.on_bus(1),
            0x1C | 0x28 => self.results().full,
            0x2C => self.ctrl[0] | self.flags(),
            0x30 => self.ctrl[1],
            0x34 => self.results().masked[0],
            0x38 => self.results().masked[1],
            _ => 0,
        }
    }

    /// A store.
    pub fn write(&mut self, offset: u32, value: u32) {
        match offset {
            0x00 | 0x04 => self.accum[offset as usize >> 2] = value,
            0x08 | 0x0C | 0x10 => self.base[(offset as usize >> 2) - 2] = value,
            0x2C => self.ctrl[0] = value & (LANE | self.mode),
            0x30 => self.ctrl[1] = value & LANE,
            // 2.3.1.7 gives ACCUMx_ADD 24 bits, but 2.3.1.6 prints 32 of them when it reads the register
            // (0xFFFFFFFD), so the width in the table is not that of the hardware.
            0x34 => self.accum[0] = self.accum[0].wrapping_add(value),
            0x38 => self.accum[1] = self.accum[1].wrapping_add(value),
            0x3C => self.write_bases(value),
            _ => {}
        }
    }

    /// BASE_1AND0: two half-words, extended as their lanes are; as lane 1 is where it blends between them.
    fn write_bases(&mut self, value: u32) {
        let first = usize::from(self.ctrl[0] & BLEND != 0);
        for (n, half) in [value as u16, (value >> 16) as u16].into_iter().enumerate() {
            let signed = CTRL::SIGNED.is_set(self.ctrl[n.max(first)]);
            self.base[n] = if signed { half as i16 as u32 } else { half.into() };
        }
    }

    /// A lane result as a processor sees it.
    fn on_bus(&self, lane: usize) -> u32 {
        self.results().lane[lane] | CTRL::FORCE_MSB.get(self.ctrl[lane]) << 28
    }

    fn flags(&self) -> u32 {
        use interp0::CTRL_LANE0::{OVERF, OVERF0, OVERF1};
        let [lane0, lane1] = self.results().overflow;
        let flags = OVERF0.put(0, lane0.into()) | OVERF1.put(0, lane1.into());
        flags | OVERF.put(0, (lane0 || lane1).into())
    }

    fn results(&self) -> Results {
        let [masked0, masked1] = [self.lane(0), self.lane(1)];
        let masked = [masked0.0, masked1.0];
        let sum = |n: usize| {
            let addend = if CTRL::ADD_RAW.is_set(self.ctrl[n]) { self.input(n) } else { masked[n] };
            self.base[n].wrapping_add(addend)
        };
        let mut lane = [sum(0), sum(1)];
        let mut full = self.base[2].wrapping_add(masked[0]);
        if self.ctrl[0] & BLEND != 0 {
            let alpha = masked[1] & 0xFF;
            lane = [alpha, self.blend(alpha)];
        } else {
            full = full.wrapping_add(masked[1]);
            if self.ctrl[0] & CLAMP != 0 {
                lane[0] = self.clamp(masked[0]);
            }
        }
        Results { masked, lane, full, overflow: [masked0.1, masked1.1] }
    }

    fn input(&self, lane: usize) -> u32 {
        self.accum[if CTRL::CROSS_INPUT.is_set(self.ctrl[lane]) { 1 - lane } else { lane }]
    }

    /// Shift, mask and sign extension of a lane; and whether bits above the mask were lost.
    fn lane(&self, lane: usize) -> (u32, bool) {
        let ctrl = self.ctrl[lane];
        let shifted = self.input(lane) >> CTRL::SHIFT.get(ctrl);
        let (msb, lsb) = (CTRL::MASK_MSB.get(ctrl), CTRL::MASK_LSB.get(ctrl));
        let below_msb = u32::MAX >> (31 - msb);
        let masked = shifted & below_msb & (u32::MAX << lsb);
        let negative = CTRL::SIGNED.is_set(ctrl) && masked >> msb & 1 != 0;
        (if negative { masked | !below_msb } else { masked }, shifted & !below_msb != 0)
    }

    /// BASE0 + alpha / 256 × (BASE1 - BASE0), in 40 bits. SIGNED of lane 1 says what the bases are.
    fn blend(&self, alpha: u32) -> u32 {
        let wide = |base: u32| {
            if CTRL::SIGNED.is_set(self.ctrl[1]) {
                i64::from(base as i32)
            } else {
                i64::from(base)
            }
        };
        let (from, to) = (wide(self.base[0]), wide(self.base[1]));
        (from + ((i64::from(alpha) * (to - from)) >> 8)) as u32
    }

    /// Between BASE0 and BASE1. SIGNED of lane 0 says how to compare.
    fn clamp(&self, value: u32) -> u32 {
        // Flipping the sign bit turns the signed order into the unsigned one.
        let flip = CTRL::SIGNED.get(self.ctrl[0]) << 31;
        let (low, high) = (self.base[0], self.base[1]);
        if value ^ flip < low ^ flip {
            low
        } else if value ^ flip > high ^ flip {
            high
        } else {
            value
        }
    }
}
