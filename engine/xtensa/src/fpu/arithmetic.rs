//! Addition, multiplication, and the two fused. ISA RM ADD.S, SUB.S, MUL.S, MADD.S, MSUB.S.

use super::{
    is_infinite, is_nan, is_negative, is_signalling, is_zero, signed, Fpu, Number, Rounding, DEFAULT_NAN, INFINITY,
    INVALID, QUIET, SIGN,
};

/// The NaN that comes out of operands among which there is one, the preferred one first.
pub(super) fn propagate(flags: &mut u32, operands: &[u32]) -> u32 {
    if operands.iter().any(|&a| is_signalling(a)) {
        *flags |= INVALID;
    }
    operands.iter().find(|&&a| is_nan(a)).map_or(DEFAULT_NAN, |a| a | QUIET)
}

fn sum(f: &mut Fpu, a: u32, b: u32) -> u32 {
    let infinities = is_infinite(a) || is_infinite(b);
    if infinities {
        if is_infinite(a) && is_infinite(b) && a != b {
            f.fsr |= INVALID;
            return DEFAULT_NAN;
        }
        return if is_infinite(a) { a } else { b };
    }
    let mode = f.rounding();
    let (bits, flags) = Number::of(a).sum(Number::of(b), mode).round(mode);
    f.fsr |= flags;
    bits
}

/// `a + b`.
pub fn add_s(f: &mut Fpu, a: u32, b: u32) -> u32 {
    if is_nan(a) || is_nan(b) {
        return propagate(&mut f.fsr, &[b, a]);
    }
    sum(f, a, b)
}

/// `a - b`.
pub fn sub_s(f: &mut Fpu, a: u32, b: u32) -> u32 {
    if is_nan(a) || is_nan(b) {
        return propagate(&mut f.fsr, &[b, a]);
    }
    sum(f, a, b ^ SIGN)
}

/// `a * b`.
pub fn mul_s(f: &mut Fpu, a: u32, b: u32) -> u32 {
    if is_nan(a) || is_nan(b) {
        return propagate(&mut f.fsr, &[b, a]);
    }
    if is_infinite(a) || is_infinite(b) {
        if is_zero(a) || is_zero(b) {
            f.fsr |= INVALID;
            return DEFAULT_NAN;
        }
        return signed(is_negative(a ^ b), INFINITY);
    }
    let (bits, flags) = Number::of(a).times(Number::of(b)).round(f.rounding());
    f.fsr |= flags;
    bits
}

/// `r + a * b` or `r - a * b`, rounded once.
fn fused(flags: &mut u32, r: u32, a: u32, b: u32, subtract: bool, mode: Rounding) -> u32 {
    let undefined = is_infinite(a) && is_zero(b) || is_zero(a) && is_infinite(b);
    if is_nan(r) || is_nan(a) || is_nan(b) {
        if undefined {
            *flags |= INVALID;
        }
        return propagate(flags, &[r, b, a]);
    }
    let negative = is_negative(a ^ b) != subtract;
    let infinite = is_infinite(a) || is_infinite(b);
    if undefined || infinite && is_infinite(r) && is_negative(r) != negative {
        *flags |= INVALID;
        return DEFAULT_NAN;
    }
    if infinite {
        return signed(negative, INFINITY);
    }
    if is_infinite(r) {
        return r;
    }
    let product = Number { negative, ..Number::of(a).times(Number::of(b)) };
    let (bits, raised) = product.sum(Number::of(r), mode).round(mode);
    *flags |= raised;
    bits
}

/// `r + a * b`, rounded once.
pub fn madd_s(f: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    let mode = f.rounding();
    fused(&mut f.fsr, r, a, b, false, mode)
}

/// `r - a * b`, rounded once.
pub fn msub_s(f: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    let mode = f.rounding();
    fused(&mut f.fsr, r, a, b, true, mode)
}

/// MADD of the steps of a division: rounded to nearest whatever FCR says, without flags.
pub fn maddn_s(_: &mut Fpu, r: u32, a: u32, b: u32) -> u32 {
    fused(&mut 0, r, a, b, false, Rounding::Nearest)
}

/// Sign cleared.
pub fn abs_s(a: u32) -> u32 {
    a & !SIGN
}

/// Sign inverted.
pub fn neg_s(a: u32) -> u32 {
    a ^ SIGN
}

/// CONST.S: 0, 1, 2, 0.5.
pub fn const_s(n: u32) -> u32 {
    [0.0f32, 1.0, 2.0, 0.5].get(n as usize).copied().unwrap_or(0.0).to_bits()
}
