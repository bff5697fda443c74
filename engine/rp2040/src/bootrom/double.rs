//! The soft double table. Datasheet 2.8.3.2, table 170.
//!
//! As in the soft float table, arithmetic and conversions are exactly rounded. Sine, cosine and tangent take angles
//! below 1024. The scientific functions are rounded from about 100 bits, where the ROM computes with 62 bits after
//! the point: near a zero of the function its result has fewer good bits than this one. Of 20000 random arguments
//! none gave a sine or cosine further than 2^-53 from the ROM's, an exponential further than one unit in the last place.

use super::exact::{self, Twin};
use super::soft::DOUBLE;
use super::{Outcome, RETURN};
use armv6m::Core;

/// Cycles by the place in the table: averages of the code of a B1 ROM on this engine over random operands.
#[rustfmt::skip]
const CYCLES: [u16; 32] = [
    90, 95, 155, 184, 27, 26, 92, 74, 73, 41, 38, 60, 59, 55, 54, 1614,
    1620, 1891, 1700, 800, 903, 38, 2166, 55, 54, 49, 48, 64, 62, 30, 29, 23,
];

const SIGN: u64 = 1 << 63;
const EXPONENT: u64 = 0x7FF << 52;

/// A number as the ROM's code takes it.
fn flush(bits: u64) -> f64 {
    f64::from_bits(match bits & EXPONENT {
        0 => bits & SIGN,
        EXPONENT => bits & (SIGN | EXPONENT),
        _ => bits,
    })
}

/// A result as the ROM's code gives it. `invalid` takes the place of a NaN.
fn finish(result: f64, invalid: f64) -> u64 {
    let result = if result.is_nan() { invalid } else { result };
    flush(result.to_bits()).to_bits()
}

fn infinity(x: f64, y: f64) -> f64 {
    f64::INFINITY.copysign(x) * 1f64.copysign(y)
}

/// -1, 0, 1 by sign and magnitude alone; the two zeros are equal.
fn compare(x: u64, y: u64) -> u32 {
    let key = |bits: u64| if bits & SIGN != 0 { -i128::from(bits & !SIGN) } else { i128::from(bits) };
    key(x).cmp(&key(y)) as i32 as u32
}

fn add(x: f64, y: f64) -> u64 {
    finish(x + y, f64::INFINITY)
}

fn sin_cos(x: f64) -> (Twin, Twin) {
    exact::sin_cos(x.clamp(-1024.0, 1024.0))
}

fn exp(x: f64) -> u64 {
    if x > 709.8 {
        return f64::INFINITY.to_bits();
    }
    finish(exact::exp(x.max(-750.0)).round(), 0.0)
}

fn ln(x: f64) -> u64 {
    if x <= 0.0 {
        f64::NEG_INFINITY.to_bits()
    } else if x.is_infinite() {
        x.to_bits()
    } else {
        finish(exact::ln(x).round(), 0.0)
    }
}

/// Zeros and infinities stand for a very small and a very large number, so that two of a kind lie on a diagonal.
fn atan2(y: f64, x: f64) -> u64 {
    if y == 0.0 && x > 0.0 {
        return 0;
    }
    // Only the quotient counts: it is moved to where its parts and their product stay normal.
    let unit = if y.abs() > x.abs() { y.abs() } else { x.abs() };
    let stand_in = |v: f64| match unit {
        0.0 => 1f64.copysign(v),
        _ if unit.is_infinite() => (if v.is_infinite() { 1f64 } else { 1e-200 }).copysign(v),
        _ => (v.abs() / unit).clamp(1e-200, 1.0).copysign(v),
    };
    let exact = unit > 1e-100 && unit < 1e100 && y.abs().min(x.abs()) > 1e-100;
    let (y, x) = if exact { (y, x) } else { (stand_in(y), stand_in(x)) };
    finish(exact::atan2(y, x).round(), 0.0)
}

fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// What an entry of the table returns.
enum Value {
    Word(u32),
    Pair(u64),
    /// Two doubles.
    Both(u64, u64),
}

/// Performs an entry of the table on the registers.
pub(super) fn call(operation: u8, core: &mut Core) -> Outcome {
    use Value::{Both, Pair, Word};
    let [r0, r1, r2, r3, ..] = core.regs;
    let (first, second) = (wide(r0, r1), wide(r2, r3));
    let (x, y) = (flush(first), flush(second));
    let signed =
        |value: i64, places: u32| Pair(DOUBLE.pack(value < 0, value.unsigned_abs(), -i64::from(places as i32)));
    let unsigned = |value: u64, places: u32| Pair(DOUBLE.pack(false, value, -i64::from(places as i32)));
    let i32s = |places: u32| Word(DOUBLE.to_fixed(first, places as i32, i32::MIN.into(), i32::MAX.into()) as u32);
    let u32s = |places: u32| Word(DOUBLE.to_fixed(first, places as i32, 0, u32::MAX.into()) as u32);
    let i64s = |places: u32| Pair(DOUBLE.to_fixed(first, places as i32, i64::MIN.into(), i64::MAX.into()) as u64);
    let u64s = |places: u32| Pair(DOUBLE.to_fixed(first, places as i32, 0, u64::MAX.into()) as u64);
    let round = |value: Twin| finish(value.round(), 0.0);
    let result = match operation {
        0 => Pair(add(x, y)),
        1 => Pair(add(x, -y)),
        2 => Pair(finish(x * y, infinity(x, y))),
        3 if y == 0.0 => Pair(infinity(x, y).to_bits()),
        3 => Pair(finish(x / y, infinity(x, y))),
        4 => Word(compare(first, second)),
        5 => {
            // The stub moves it to R0, and so to the flags.
            core.regs[2] = compare(first, second);
            Word(r0)
        }
        6 => Pair(finish(x.sqrt(), f64::NEG_INFINITY)),
        7 => i32s(0),
        8 => i32s(r2),
        9 => u32s(0),
        10 => u32s(r2),
        11 => signed((r0 as i32).into(), 0),
        12 => signed((r0 as i32).into(), r1),
        13 => unsigned(r0.into(), 0),
        14 => unsigned(r0.into(), r1),
        15 => Pair(round(sin_cos(x).1)),
        16 => Pair(round(sin_cos(x).0)),
        17 => Pair(round(sin_cos(x).0.over(sin_cos(x).1))),
        18 => Both(round(sin_cos(x).0), round(sin_cos(x).1)),
        19 => Pair(exp(x)),
        20 => Pair(ln(x)),
        21 => Word(compare(x.to_bits(), y.to_bits())),
        22 => Pair(atan2(x, y)),
        23 => signed(first as i64, 0),
        24 => signed(first as i64, r2),
        25 => unsigned(first, 0),
        26 => unsigned(first, r2),
        27 => i64s(0),
        28 => i64s(r2),
        29 => u64s(0),
        30 => u64s(r2),
        _ => Word(to_float(first)),
    };
    match result {
        Word(word) => core.regs[0] = word,
        Pair(pair) => (core.regs[0], core.regs[1]) = (pair as u32, (pair >> 32) as u32),
        Both(one, two) => {
            (core.regs[0], core.regs[1]) = (one as u32, (one >> 32) as u32);
            (core.regs[2], core.regs[3]) = (two as u32, (two >> 32) as u32);
        }
    }
    core.cycle += u64::from(CYCLES[usize::from(operation)] - RETURN);
    Outcome::Return
}

/// To the nearest single; what is too small for it is a zero with its sign.
fn to_float(bits: u64) -> u32 {
    let x = flush(bits);
    let float = (x as f32).to_bits();
    let normal = float & 0x7F80_0000 != 0;
    let sign = ((bits >> 32) as u32) & 0x8000_0000;
    if normal {
        float
    } else {
        sign
    }
}
