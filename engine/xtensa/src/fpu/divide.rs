//! The steps of division, reciprocal, square root and its reciprocal. They are used in the sequences
//! of libgcc (`ieee754-sf.S`) and of no other form:
//!
//! Operands are narrowed to the exponents 0 and 1 (NEXP01), a seed of 7 bits (DIV0, SQRT0) is refined
//! by Newton steps (MADDN), and DIVN adds the last correction, scales by the exponents that were
//! taken out (MKDADJ, MKSADJ, brought in by ADDEXPM and ADDEXP) and rounds, once.
//!
//! The scaled operands may be far out of the range of a single. The exponents of the quotient
//! and of the reciprocal are known within 8, so that five bits of each carry the adjustment. When
//! the result is a zero, an infinity or a NaN, MKDADJ and MKSADJ give that, and it passes through.

use super::arithmetic::propagate;
use super::{
    is_infinite, is_nan, is_negative, is_zero, signed, Fpu, Number, Rounding, DEFAULT_NAN, DIVIDE_BY_ZERO, INFINITY,
    INVALID, SIGN,
};

const EXPONENT: u32 = 0xFF << 23;
const FRACTION: u32 = 0x7F_FFFF;

/// What ADDEXP adds beside the adjustment: it keeps the exponent fields off 0 and 255.
const OFFSET: i32 = -1;
/// What ADDEXPM adds beside the adjustment.
const OFFSET_M: i32 = -2;
/// Where MKDADJ and MKSADJ put what ADDEXPM adds.
const M_SHIFT: u32 = 14;
/// The lowest exponent field that the quotient and the reciprocal have, and some.
const LOWEST_FIELD: i32 = 124;

fn special(a: u32) -> bool {
    is_zero(a) || is_infinite(a) || is_nan(a)
}

/// Fraction and exponent of a finite number that is not zero, subnormals too.
fn normal(a: u32) -> (u32, i32) {
    let number = Number::of(a);
    let order = number.order();
    let fraction = (number.magnitude << (number.exponent + 23 - order).max(0)) as u32 & FRACTION;
    (fraction, order)
}

/// Narrowed to the exponents 0 and 1, by parity; zero and infinity are 1.
fn narrowed(a: u32) -> u32 {
    if is_nan(a) {
        return propagate(&mut 0, &[a]);
    }
    if special(a) {
        return a & SIGN | 1f32.to_bits();
    }
    let (fraction, order) = normal(a);
    a & SIGN | (127 + (order & 1) as u32) << 23 | fraction
}

/// The narrowed exponent, negated.
pub fn nexp01_s(a: u32) -> u32 {
    narrowed(a) ^ SIGN
}

/// 2^8 / 1.f with 7 bits of the fraction: rounded, from the middle of the interval.
fn reciprocal_seed(fraction: u32) -> u32 {
    let index = fraction >> 16;
    // 256 / (1 + (2 index + 1) / 256), never 128.
    ((2 * 65536 / (257 + 2 * index)).div_ceil(2)).max(129)
}

/// 2^8 / sqrt(1.f * 2^odd), likewise.
fn root_seed(fraction: u32, odd: bool) -> u32 {
    let index = fraction >> 16;
    let middle = u64::from(257 + 2 * index) << u32::from(odd);
    // 2^8 * sqrt(2^8 / middle), doubled for rounding.
    let doubled = ((1u64 << 26) / middle).isqrt() as u32;
    doubled.div_ceil(2).clamp(129, 255)
}

/// A seed of 8 bits times 2^exponent.
fn seeded(negative: bool, seed: u32, exponent: i32) -> u32 {
    Number { negative, magnitude: seed.into(), exponent }.round(Rounding::ToZero).0
}

/// Seed of 1/a for a division: of the narrowed a.
pub fn div0_s(_: &mut Fpu, a: u32) -> u32 {
    let narrow = narrowed(a);
    if is_nan(narrow) {
        return narrow;
    }
    let (fraction, order) = normal(narrow);
    seeded(is_negative(a), reciprocal_seed(fraction), -8 - order)
}

/// Seed of 1/a.
pub fn recip0_s(f: &mut Fpu, a: u32) -> u32 {
    if is_nan(a) {
        return propagate(&mut f.fsr, &[a]);
    }
    if is_zero(a) {
        f.fsr |= DIVIDE_BY_ZERO;
        return a | INFINITY;
    }
    if is_infinite(a) {
        return a & SIGN;
    }
    let (fraction, order) = normal(a);
    let seed = reciprocal_seed(fraction);
    match -8 - order {
        // 1/a is beyond the largest.
        exponent if exponent + 7 > 127 => a & SIGN | INFINITY,
        exponent => seeded(is_negative(a), seed, exponent),
    }
}

/// Seed of 1/sqrt(a) for a square root: of the narrowed a, whatever its sign.
pub fn sqrt0_s(_: &mut Fpu, a: u32) -> u32 {
    let narrow = narrowed(a);
    if is_nan(narrow) {
        return narrow;
    }
    let (fraction, order) = normal(narrow);
    seeded(false, root_seed(fraction, order != 0), -8)
}

/// Seed of 1/sqrt(a).
pub fn rsqrt0_s(f: &mut Fpu, a: u32) -> u32 {
    if is_nan(a) {
        return propagate(&mut f.fsr, &[a]);
    }
    if is_zero(a) {
        f.fsr |= DIVIDE_BY_ZERO;
        return a | INFINITY;
    }
    if is_negative(a) {
        f.fsr |= INVALID;
        return DEFAULT_NAN;
    }
    if is_infinite(a) {
        return 0;
    }
    let (fraction, order) = normal(a);
    seeded(false, root_seed(fraction, order & 1 != 0), -8 - (order >> 1))
}

/// What ADDEXPM and ADDEXP take apart. `adjustment` has 10 bits, signed.
fn adjusting(adjustment: i32) -> u32 {
    let high = ((adjustment >> 5 & 31) * 8 + OFFSET_M) as u32 & 0xFF;
    let low = ((adjustment & 31) * 8 + 127 + OFFSET) as u32 & 0xFF;
    low << 23 | high << M_SHIFT
}

/// Exponent adjustment of the division of a by r, or its result when that is special.
pub fn mkdadj_s(f: &mut Fpu, r: u32, a: u32) -> u32 {
    if is_nan(a) || is_nan(r) {
        return propagate(&mut f.fsr, &[r, a]);
    }
    let negative = is_negative(a ^ r);
    if is_zero(a) && is_zero(r) || is_infinite(a) && is_infinite(r) {
        f.fsr |= INVALID;
        return DEFAULT_NAN;
    }
    if is_infinite(a) {
        return signed(negative, INFINITY);
    }
    if is_zero(a) || is_infinite(r) {
        return signed(negative, 0);
    }
    if is_zero(r) {
        f.fsr |= DIVIDE_BY_ZERO;
        return signed(negative, INFINITY);
    }
    adjusting((normal(a).1 & !1) - (normal(r).1 & !1))
}

/// Exponent adjustment of the square root of a, or its result when that is special.
pub fn mksadj_s(f: &mut Fpu, a: u32) -> u32 {
    if is_nan(a) {
        return propagate(&mut f.fsr, &[a]);
    }
    if is_zero(a) {
        return a;
    }
    if is_negative(a) {
        f.fsr |= INVALID;
        return DEFAULT_NAN;
    }
    if is_infinite(a) {
        return a;
    }
    adjusting(normal(a).1 >> 1)
}

fn with_exponent_added(r: u32, addend: u32) -> u32 {
    r & !EXPONENT | (r >> 23).wrapping_add(addend) << 23 & EXPONENT
}

/// Adds the exponent of a to that of r.
pub fn addexp_s(r: u32, a: u32) -> u32 {
    if special(a) {
        return a;
    }
    with_exponent_added(r, (a >> 23).wrapping_sub(127))
}

/// Adds to the exponent of r what MKDADJ or MKSADJ left in the fraction of a.
pub fn addexpm_s(r: u32, a: u32) -> u32 {
    if special(a) {
        return a;
    }
    with_exponent_added(r, a >> M_SHIFT)
}

/// An operand of DIVN: its value, and the five bits of the adjustment.
fn taken_apart(a: u32, offset: i32) -> (Number, i32) {
    let field = (a >> 23 & 0xFF) as i32 - offset - LOWEST_FIELD & 0xFF;
    let value = Number {
        negative: is_negative(a),
        magnitude: u128::from(a & FRACTION | 1 << 23),
        exponent: (field & 7) + LOWEST_FIELD - 150,
    };
    (value, field >> 3)
}

/// The last step: (r + a * b) * 2^adjustment, rounded.
pub fn divn_s(f: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    if special(r) {
        return r;
    }
    let ((r, high), (b, low)) = (taken_apart(r, OFFSET_M), taken_apart(b, OFFSET));
    let adjustment = (high << 5 | low) << 22 >> 22;
    let mode = f.rounding();
    let exact = Number::of(a).times(b).sum(r, mode);
    let (bits, flags) = Number { exponent: exact.exponent + adjustment, ..exact }.round(mode);
    f.fsr |= flags;
    bits
}
