//! The integer divider, one for each processor. Datasheet 2.3.1.5.

use super::registers::common::DIV_CSR;
use crate::fabric::Fabric;
use serde::{Deserialize, Serialize};

/// The quotient is there on the ninth cycle after the operand was written, after eight cycles of work.
const CYCLES: u64 = 8;

/// A divider.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Divider {
    dividend: u32,
    divisor: u32,
    quotient: u32,
    remainder: u32,
    dirty: bool,
    /// The calculation under way: is it signed, and the first cycle at which its results can be read.
    pending: Option<(bool, u64)>,
}

impl Divider {
    /// A load. Offsets count from DIV_UDIVIDEND.
    pub fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        self.settle(fabric.cycle);
        if self.pending.is_some() && matches!(offset, 0x10 | 0x14) {
            let why = "a result was read within 8 cycles, where the datasheet leaves it undefined; it read as before";
            fabric.gaps.touch("SIO.DIV", why);
        }
        if offset == 0x10 {
            self.dirty = false;
        }
        self.peek(offset)
    }

    /// The value of a register without side effects, as of the last access.
    pub fn peek(&self, offset: u32) -> u32 {
        match offset {
            0x00 | 0x08 => self.dividend,
            0x04 | 0x0C => self.divisor,
            0x10 => self.quotient,
            0x14 => self.remainder,
            _ => DIV_CSR::READY.put(DIV_CSR::DIRTY.put(0, self.dirty.into()), self.pending.is_none().into()),
        }
    }

    /// A store. Signed and unsigned operand registers are the same registers; the name only says how to divide.
    pub fn write(&mut self, offset: u32, value: u32, fabric: &Fabric) {
        self.settle(fabric.cycle);
        match offset {
            0x00 | 0x08 => self.dividend = value,
            0x04 | 0x0C => self.divisor = value,
            0x10 => self.quotient = value,
            0x14 => self.remainder = value,
            _ => return,
        }
        self.dirty = true;
        // An operand starts a calculation anew, a result stops the one under way.
        self.pending = (offset < 0x10).then_some((offset >= 0x08, fabric.cycle + CYCLES + 1));
    }

    fn settle(&mut self, cycle: u64) {
        if let Some((signed, _)) = self.pending.filter(|&(_, ready)| cycle >= ready) {
            self.pending = None;
            (self.quotient, self.remainder) = divide(self.dividend, self.divisor, signed);
        }
    }
}

/// The datasheet is silent on division by zero. Silicon was measured (vak.dreamwidth.org/1097369): the
/// remainder is the dividend, the quotient is all ones, and 1 where a signed dividend is negative.
fn divide(dividend: u32, divisor: u32, signed: bool) -> (u32, u32) {
    match (divisor, signed) {
        (0, true) if (dividend as i32) < 0 => (1, dividend),
        (0, _) => (u32::MAX, dividend),
        (_, false) => (dividend / divisor, dividend % divisor),
        (_, true) => {
            let (p, q) = (dividend as i32, divisor as i32);
            (p.wrapping_div(q) as u32, p.wrapping_rem(q) as u32)
        }
    }
}
