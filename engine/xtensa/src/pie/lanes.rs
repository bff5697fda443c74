//! Lanes of registers and of the accumulators. Lane 0 is the lowest.

use super::Pie;

/// Lane `index` of `q` as a signed number.
pub(super) fn signed(q: u128, width: u32, index: u32) -> i64 {
    extend(unsigned(q, width, index) as i64, width)
}

/// Lane `index` of `q` as an unsigned number.
pub(super) fn unsigned(q: u128, width: u32, index: u32) -> u64 {
    (q >> (width * index)) as u64 & mask(width)
}

pub(super) fn lane(q: u128, width: u32, index: u32, with_sign: bool) -> i64 {
    match with_sign {
        true => signed(q, width, index),
        false => unsigned(q, width, index) as i64,
    }
}

/// A register whose lanes are the low bits of what `value` says.
pub(super) fn build(width: u32, mut value: impl FnMut(u32) -> i64) -> u128 {
    (0..128 / width).fold(0, |q, index| q | u128::from(value(index) as u64 & mask(width)) << (width * index))
}

/// `q` with one lane replaced.
pub(super) fn replace(q: u128, width: u32, index: u32, value: u64) -> u128 {
    let at = width * index;
    q & !(u128::from(mask(width)) << at) | u128::from(value & mask(width)) << at
}

/// Limits to a signed number of `width` bits. TRM 1.5.4.
pub(super) fn saturate(value: i64, width: u32) -> i64 {
    let limit = 1 << (width - 1);
    value.clamp(-limit, limit - 1)
}

/// Limits a sum of products to its accumulator.
pub(super) fn saturate_as(value: i64, width: u32, with_sign: bool) -> i64 {
    match with_sign {
        true => saturate(value, width),
        false => value.clamp(0, mask(width) as i64),
    }
}

fn mask(width: u32) -> u64 {
    (1 << width) - 1
}

fn extend(value: i64, width: u32) -> i64 {
    value << (64 - width) >> (64 - width)
}

/// The bits of a product by 8-bit numbers go to 20-bit lanes of QACC, 16-bit to 40-bit.
pub(super) fn accumulator_width(width: u32) -> u32 {
    if width == 8 {
        20
    } else {
        40
    }
}

impl Pie {
    /// Where the lane is: the half of QACC, the word, the bit.
    fn place(width: u32, index: u32) -> (bool, usize, u32) {
        let lanes = 160 / width;
        let bit = index % lanes * width;
        (index >= lanes, (bit / 32) as usize, bit % 32)
    }

    /// Lane `index` of QACC, QACC_L first.
    pub(super) fn qacc(&self, width: u32, index: u32, with_sign: bool) -> i64 {
        let (high, word, bit) = Self::place(width, index);
        let half = if high { &self.qacc_h } else { &self.qacc_l };
        let next = half.get(word + 1).copied().unwrap_or(0);
        let value = (u64::from(next) << 32 | u64::from(half[word])) >> bit & mask(width);
        match with_sign {
            true => extend(value as i64, width),
            false => value as i64,
        }
    }

    /// Writes lane `index` of QACC.
    pub(super) fn set_qacc(&mut self, width: u32, index: u32, value: i64) {
        let (high, word, bit) = Self::place(width, index);
        let half = if high { &mut self.qacc_h } else { &mut self.qacc_l };
        let next = half.get(word + 1).copied().unwrap_or(0);
        let both = u64::from(next) << 32 | u64::from(half[word]);
        let both = both & !(mask(width) << bit) | (value as u64 & mask(width)) << bit;
        half[word] = both as u32;
        if let Some(next) = half.get_mut(word + 1) {
            *next = (both >> 32) as u32;
        }
    }

    /// ACCX.
    pub(super) fn accx(&self, with_sign: bool) -> i64 {
        match with_sign {
            true => extend(self.accx as i64, 40),
            false => self.accx as i64,
        }
    }

    /// Writes ACCX.
    pub(super) fn set_accx(&mut self, value: i64) {
        self.accx = value as u64 & mask(40);
    }

    /// {q1, q0} shifted right by SAR_BYTE bytes: the low register of the result.
    pub(super) fn funnel(&self, q0: u128, q1: u128) -> u128 {
        pair_right(q0, q1, self.sar_byte).0
    }
}

/// {high, low} shifted right by `bytes`: (low, high).
pub(super) fn pair_right(low: u128, high: u128, bytes: u32) -> (u128, u128) {
    match bytes {
        0 => (low, high),
        16.. => (high, 0),
        _ => (low >> (8 * bytes) | high << (128 - 8 * bytes), high >> (8 * bytes)),
    }
}

/// {high, low} shifted left by `bytes`: (low, high).
pub(super) fn pair_left(low: u128, high: u128, bytes: u32) -> (u128, u128) {
    match bytes {
        0 => (low, high),
        16.. => (0, low),
        _ => (low << (8 * bytes), high << (8 * bytes) | low >> (128 - 8 * bytes)),
    }
}
