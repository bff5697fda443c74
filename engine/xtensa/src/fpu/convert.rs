//! Conversions from and to integers, and comparisons. ISA RM ROUND.S, TRUNC.S, FLOOR.S, CEIL.S,
//! UTRUNC.S, FLOAT.S, UFLOAT.S; UN.S and after.

use std::cmp::Ordering;

use super::{is_infinite, is_nan, is_negative, is_signalling, is_zero, Fpu, Number, Rounding, INEXACT, INVALID, SIGN};

/// A float times 2^scale as an integer between `low` and `high`; beyond, the nearer of them, and a
/// NaN as `high`.
fn to_integer(flags: &mut u32, a: u32, scale: u32, mode: Rounding, low: i64, high: i64) -> i64 {
    let bound = if is_negative(a) { low } else { high };
    if is_nan(a) || is_infinite(a) {
        *flags |= INVALID;
        return if is_nan(a) { high } else { bound };
    }
    let number = Number::of(a);
    let number = Number { exponent: number.exponent + scale as i32, ..number };
    let (units, inexact) =
        if number.magnitude != 0 && number.order() > 40 { (1 << 40, false) } else { number.rounded_to(0, mode) };
    let value = if number.negative { -(units as i64) } else { units as i64 };
    if value < low || value > high {
        *flags |= INVALID;
        return bound;
    }
    if inexact {
        *flags |= INEXACT;
    }
    value
}

fn to_signed(f: &mut Fpu, a: u32, scale: u32, mode: Rounding) -> u32 {
    to_integer(&mut f.fsr, a, scale, mode, i32::MIN.into(), i32::MAX.into()) as u32
}

/// To integer, nearest.
pub fn round_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    to_signed(f, a, scale, Rounding::Nearest)
}

/// To integer, towards zero.
pub fn trunc_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    to_signed(f, a, scale, Rounding::ToZero)
}

/// To integer, down.
pub fn floor_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    to_signed(f, a, scale, Rounding::Down)
}

/// To integer, up.
pub fn ceil_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    to_signed(f, a, scale, Rounding::Up)
}

/// To unsigned integer, towards zero. What is negative is converted as if to a signed one, and
/// invalid when that is not 0.
pub fn utrunc_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    if is_negative(a) && !is_nan(a) {
        let mut flags = 0;
        let value = to_integer(&mut flags, a, scale, Rounding::ToZero, i32::MIN.into(), i32::MAX.into()) as u32;
        f.fsr |= if value == 0 { flags } else { INVALID };
        return value;
    }
    to_integer(&mut f.fsr, a, scale, Rounding::ToZero, 0, u32::MAX.into()) as u32
}

fn from_integer(f: &mut Fpu, negative: bool, magnitude: u32, scale: u32) -> u32 {
    let number = Number { negative, magnitude: magnitude.into(), exponent: -(scale as i32) };
    let (bits, flags) = number.round(f.rounding());
    f.fsr |= flags;
    bits
}

/// From integer.
pub fn float_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    from_integer(f, (a as i32) < 0, (a as i32).unsigned_abs(), scale)
}

/// From unsigned integer.
pub fn ufloat_s(f: &mut Fpu, a: u32, scale: u32) -> u32 {
    from_integer(f, false, a, scale)
}

/// `None`: unordered. Invalid with a signalling NaN, and with any if so asked.
fn compare(f: &mut Fpu, a: u32, b: u32, any_nan: bool) -> Option<Ordering> {
    if is_nan(a) || is_nan(b) {
        if any_nan || is_signalling(a) || is_signalling(b) {
            f.fsr |= INVALID;
        }
        return None;
    }
    if is_zero(a) && is_zero(b) {
        return Some(Ordering::Equal);
    }
    // Sign and magnitude, as one number.
    let key = |a: u32| if is_negative(a) { -i64::from(a & !SIGN) } else { i64::from(a) };
    Some(key(a).cmp(&key(b)))
}

/// Unordered.
pub fn un_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    compare(f, a, b, false).is_none()
}

/// Equal.
pub fn oeq_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    compare(f, a, b, false) == Some(Ordering::Equal)
}

/// Unordered or equal.
pub fn ueq_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    matches!(compare(f, a, b, false), None | Some(Ordering::Equal))
}

/// Less.
pub fn olt_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    compare(f, a, b, true) == Some(Ordering::Less)
}

/// Unordered or less.
pub fn ult_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    matches!(compare(f, a, b, false), None | Some(Ordering::Less))
}

/// Less or equal.
pub fn ole_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    matches!(compare(f, a, b, true), Some(Ordering::Less | Ordering::Equal))
}

/// Unordered, less or equal.
pub fn ule_s(f: &mut Fpu, a: u32, b: u32) -> bool {
    compare(f, a, b, false) != Some(Ordering::Greater)
}
