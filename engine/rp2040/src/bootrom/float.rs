//! The soft float table. Datasheet 2.8.3.2, tables 168 and 169.
//!
//! Addition, subtraction, multiplication, division, square root and the conversions are exactly rounded: to nearest, ties
//! to even; conversions to fixed point towards minus infinity, held inside the range. Denormals in and out are zeros
//! that keep their sign, NaNs in are infinities, and what IEEE 754 calls invalid is infinite. All of that has been
//! compared with the code of a B1 ROM.
//!
//! Sine, cosine and tangent work on an angle in fixed point, 24 bits after the point, and so below 128, less whole turns
//! of as many bits; the ROM's CORDIC gives results of 29 bits. Of 20000 random arguments none gave a sine or cosine
//! further than 2^-23 from the ROM's, an arc tangent further than 2^-22, an exponential further than one unit in
//! the last place; most are equal.

use super::exact;
use super::soft::SINGLE;
use super::{Outcome, RETURN};
use armv6m::Core;

/// Cycles by the place in the table: averages of the code of a B1 ROM on this engine over random operands.
#[rustfmt::skip]
const CYCLES: [u16; 32] = [
    71, 74, 57, 70, 13, 13, 38, 40, 39, 36, 34, 55, 53, 53, 52, 599,
    589, 664, 589, 524, 794, 25, 670, 113, 112, 117, 115, 54, 52, 25, 24, 15,
];

const SIGN: u32 = 1 << 31;
const EXPONENT: u32 = 0xFF << 23;

/// A number as the ROM's code takes it.
fn flush(bits: u32) -> f32 {
    f32::from_bits(match bits & EXPONENT {
        0 => bits & SIGN,
        EXPONENT => bits & (SIGN | EXPONENT),
        _ => bits,
    })
}

/// A result as the ROM's code gives it. `invalid` takes the place of a NaN.
fn finish(result: f32, invalid: f32) -> u32 {
    let result = if result.is_nan() { invalid } else { result };
    flush(result.to_bits()).to_bits()
}

fn infinity(x: f32, y: f32) -> f32 {
    f32::INFINITY.copysign(x) * 1f32.copysign(y)
}

/// -1, 0, 1 by sign and magnitude alone; the two zeros are equal.
fn compare(x: u32, y: u32) -> u32 {
    let key = |bits: u32| if bits & SIGN != 0 { -i64::from(bits & !SIGN) } else { i64::from(bits) };
    key(x).cmp(&key(y)) as i32 as u32
}

fn add(x: f32, y: f32) -> u32 {
    finish(x + y, f32::INFINITY)
}

fn sqrt(x: f32) -> u32 {
    finish(x.sqrt(), f32::NEG_INFINITY)
}

/// A turn, 24 bits after the point.
const TURN: i128 = 105_414_357;

/// The angle in fixed point, 24 bits after the point, in 32 bits, and then inside a turn.
fn angle(x: u32) -> f64 {
    let fixed = SINGLE.to_fixed(x.into(), 24, i32::MIN.into(), i32::MAX.into());
    fixed.rem_euclid(TURN) as f64 / f64::from(1 << 24)
}

fn sin_cos(x: u32) -> (f32, f32) {
    let (sine, cosine) = exact::sin_cos(angle(x));
    (sine.floor(29) as f32, cosine.floor(29) as f32)
}

fn tan(x: u32) -> u32 {
    let (sine, cosine) = exact::sin_cos(angle(x));
    finish(sine.over(cosine).round() as f32, f32::INFINITY)
}

fn exp(x: f32) -> u32 {
    // Beyond these e^x leaves the format.
    finish(exact::exp(f64::from(x).clamp(-200.0, 200.0)).round() as f32, 0.0)
}

fn ln(x: f32) -> u32 {
    if x <= 0.0 {
        f32::NEG_INFINITY.to_bits()
    } else if x.is_infinite() {
        x.to_bits()
    } else {
        finish(exact::ln(x.into()).round() as f32, 0.0)
    }
}

/// Zeros and infinities stand for a very small and a very large number, so that two of a kind lie on a diagonal;
/// the result has 29 bits after the point, cut off downwards.
fn atan2(y: f32, x: f32) -> u32 {
    let stand_in = |v: f32| {
        let magnitude = f64::from(v.abs()).clamp(1e-100, 1e100);
        magnitude.copysign(v.into())
    };
    finish(exact::atan2(stand_in(y), stand_in(x)).floor(29) as f32, 0.0)
}

fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

/// Performs an entry of the table on the registers.
pub(super) fn call(operation: u8, core: &mut Core) -> Outcome {
    let [r0, r1, r2, ..] = core.regs;
    let (x, y) = (flush(r0), flush(r1));
    let bits = u64::from(r0);
    let signed =
        |value: i32, places: u32| SINGLE.pack(value < 0, value.unsigned_abs().into(), -i64::from(places as i32)) as u32;
    let unsigned = |value: u32, places: u32| SINGLE.pack(false, value.into(), -i64::from(places as i32)) as u32;
    let signed_64 = |places: u32| {
        let value = wide(r0, r1) as i64;
        SINGLE.pack(value < 0, value.unsigned_abs(), -i64::from(places as i32)) as u32
    };
    let unsigned_64 = |places: u32| SINGLE.pack(false, wide(r0, r1), -i64::from(places as i32)) as u32;
    let fixed = |places: u32, low: i128, high: i128| SINGLE.to_fixed(bits, places as i32, low, high) as u64;
    let (i32s, u32s) = ((i32::MIN.into(), i32::MAX.into()), (0, u32::MAX.into()));
    let (i64s, u64s) = ((i64::MIN.into(), i64::MAX.into()), (0, u64::MAX.into()));
    let mut pair = None;
    let result = match operation {
        0 => add(x, y),
        1 => add(x, -y),
        2 => finish(x * y, infinity(x, y)),
        3 if y == 0.0 => infinity(x, y).to_bits(),
        3 => finish(x / y, infinity(x, y)),
        4 => compare(r0, r1),
        5 => {
            // The stub moves it to R0, and so to the flags.
            core.regs[2] = compare(r0, r1);
            r0
        }
        6 => sqrt(x),
        7 => fixed(0, i32s.0, i32s.1) as u32,
        8 => fixed(r1, i32s.0, i32s.1) as u32,
        9 => fixed(0, u32s.0, u32s.1) as u32,
        10 => fixed(r1, u32s.0, u32s.1) as u32,
        11 => signed(r0 as i32, 0),
        12 => signed(r0 as i32, r1),
        13 => unsigned(r0, 0),
        14 => unsigned(r0, r1),
        15 => sin_cos(r0).1.to_bits(),
        16 => sin_cos(r0).0.to_bits(),
        17 => tan(r0),
        18 => {
            let (sine, cosine) = sin_cos(r0);
            core.regs[1] = cosine.to_bits();
            sine.to_bits()
        }
        19 => exp(x),
        20 => ln(x),
        21 => compare(x.to_bits(), y.to_bits()),
        22 => atan2(x, y),
        23 => signed_64(0),
        24 => signed_64(r2),
        25 => unsigned_64(0),
        26 => unsigned_64(r2),
        27 => *pair.insert(fixed(0, i64s.0, i64s.1)) as u32,
        28 => *pair.insert(fixed(r1, i64s.0, i64s.1)) as u32,
        29 => *pair.insert(fixed(0, u64s.0, u64s.1)) as u32,
        30 => *pair.insert(fixed(r1, u64s.0, u64s.1)) as u32,
        _ => *pair.insert(f64::from(x).to_bits()) as u32,
    };
    core.regs[0] = result;
    if let Some(pair) = pair {
        core.regs[1] = (pair >> 32) as u32;
    }
    core.cycle += u64::from(CYCLES[usize::from(operation)] - RETURN);
    Outcome::Return
}
