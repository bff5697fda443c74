//! MAC16. ISA RM 4.3.7 (MAC16 Option). The accumulator has 40 bits.

use crate::core::Core;
use crate::decode::sign_extend;
use crate::op::Op;

const ACC_BITS: u64 = 0xFF_FFFF_FFFF;

fn half(value: u32, high: bool) -> u32 {
    if high {
        value >> 16
    } else {
        value & 0xFFFF
    }
}

impl Core {
    /// The multiplication that the fields op1 and op2 name.
    pub(crate) fn mac16(&mut self, op: &Op) {
        let (op1, op2) = (op.imm >> 16 & 15, op.imm >> 20 & 15);
        // op2: 0, 1, 2 take two M registers; 3 an AR and an M; 4, 5, 6 an M and an AR; 7 two AR.
        let first_is_ar = matches!(op2, 3 | 7);
        let second_is_ar = (4..=7).contains(&op2);
        let x = match first_is_ar {
            true => self.r[usize::from(op.s & 15)],
            false => self.m[usize::from(op.r >> 2 & 1)],
        };
        let y = match second_is_ar {
            true => self.r[usize::from(op.t & 15)],
            false => self.m[2 + usize::from(op.t >> 2 & 1)],
        };
        let (x, y) = (half(x, op1 & 1 != 0), half(y, op1 & 2 != 0));
        let product = i64::from(sign_extend(x, 16) as i32) * i64::from(sign_extend(y, 16) as i32);
        let product = product as u64;
        let acc = match op1 >> 2 {
            0 => u64::from(x) * u64::from(y),
            1 => product,
            2 => self.acc.wrapping_add(product),
            _ => self.acc.wrapping_sub(product),
        };
        self.acc = acc & ACC_BITS;
    }

    /// Where MULA.xx.LDINC, MULA.xx.LDDEC, LDINC and LDDEC load from.
    pub(crate) fn mac16_address(&self, op: &Op) -> u32 {
        let down = matches!(op.imm >> 20 & 15, 1 | 5 | 9);
        let base = self.r[usize::from(op.s & 15)];
        if down {
            base.wrapping_sub(4)
        } else {
            base.wrapping_add(4)
        }
    }

    /// The rest of these, with what was loaded: the multiplication uses the old M register.
    pub(crate) fn mac16_loaded(&mut self, op: &Op, addr: u32, value: u32) {
        if op.imm >> 20 & 15 < 8 {
            self.mac16(op);
        }
        self.r[usize::from(op.s & 15)] = addr;
        self.m[usize::from(op.r & 3)] = value;
    }
}
