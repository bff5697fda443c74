//! Functions of analysis to twice the precision of a double, out of additions, products and quotients alone: these
//! round the same way on every host, where a library's sine need not.
//!
//! A [`Twin`] is the unevaluated sum of two doubles, about 104 bits (Dekker, "A floating-point technique for extending
//! the available precision", 1971).

use std::ops::{Add, Mul, Neg, Sub};

#[derive(Clone, Copy, Debug)]
pub(super) struct Twin {
    high: f64,
    low: f64,
}

/// ln 2 and pi / 2, each rounded to a double, and what is left of it in two more.
const LN_2: [f64; 3] = [
    f64::from_bits(0x3FE6_2E42_FEFA_39EF),
    f64::from_bits(0x3C7A_BC9E_3B39_803F),
    f64::from_bits(0x3907_B57A_079A_1934),
];
const HALF_PI: [f64; 3] = [
    f64::from_bits(0x3FF9_21FB_5444_2D18),
    f64::from_bits(0x3C91_A626_3314_5C07),
    f64::from_bits(0xB91F_1976_B7ED_8FBC),
];

fn sum(a: f64, b: f64) -> Twin {
    let high = a + b;
    let part = high - a;
    Twin { high, low: (a - (high - part)) + (b - part) }
}

/// `a` is the larger one.
fn quick_sum(a: f64, b: f64) -> Twin {
    let high = a + b;
    Twin { high, low: b - (high - a) }
}

fn split(a: f64) -> (f64, f64) {
    let scaled = 134_217_729.0 * a;
    let high = scaled - (scaled - a);
    (high, a - high)
}

fn product(a: f64, b: f64) -> Twin {
    let high = a * b;
    let ((a1, a2), (b1, b2)) = (split(a), split(b));
    Twin { high, low: ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2 }
}

impl From<f64> for Twin {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

impl Add for Twin {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let high = sum(self.high, other.high);
        let low = sum(self.low, other.low);
        let first = quick_sum(high.high, high.low + low.high);
        quick_sum(first.high, first.low + low.low)
    }
}

impl Neg for Twin {
    type Output = Self;
    fn neg(self) -> Self {
        Self { high: -self.high, low: -self.low }
    }
}

impl Sub for Twin {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl Mul for Twin {
    type Output = Self;
    fn mul(self, other: Self) -> Self {
        let high = product(self.high, other.high);
        quick_sum(high.high, high.low + (self.high * other.low + self.low * other.high))
    }
}

impl Twin {
    /// Rounded to a double.
    pub(super) fn round(self) -> f64 {
        self.high + self.low
    }

    /// The largest multiple of 2^-`bits` that is not above it.
    pub(super) fn floor(self, bits: i32) -> f64 {
        let scale = power_of_two(bits);
        let whole = (self.high * scale).floor();
        let rest = (self - (whole / scale).into()).round();
        let step = if rest < 0.0 {
            -1.0
        } else if rest * scale >= 1.0 {
            1.0
        } else {
            0.0
        };
        (whole + step) / scale
    }

    pub(super) fn over(self, other: Self) -> Self {
        let first = self.high / other.high;
        let rest = self - other * first.into();
        let second = rest.high / other.high;
        let rest = rest - other * second.into();
        quick_sum(first, second) + (rest.high / other.high).into()
    }

    /// Exact: times 2^`exponent`, in two steps so that each factor is a normal double.
    fn scaled(self, exponent: i32) -> Self {
        let (a, b) = (power_of_two(exponent / 2), power_of_two(exponent - exponent / 2));
        Self { high: self.high * a * b, low: self.low * a * b }
    }
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// `x` less `count` times a constant of three parts.
fn reduced(x: f64, count: f64, parts: [f64; 3]) -> Twin {
    parts.iter().fold(x.into(), |rest, &part| rest - product(count, part))
}

/// e^x for |x| below 750 or so. The Taylor series of x / 256 after what is left of ln 2, then eight squarings.
pub(super) fn exp(x: f64) -> Twin {
    exp_twin(x.into())
}

fn exp_twin(x: Twin) -> Twin {
    let count = (x.high / LN_2[0]).round();
    let rest = (reduced(x.high, count, LN_2) + x.low.into()).scaled(-8);
    // e^r - 1, so that squaring keeps the small part: (1 + m)^2 = 1 + (2m + m^2).
    let mut term = rest;
    let mut minus_one = rest;
    for n in 2..=12 {
        term = (term * rest).over(f64::from(n).into());
        minus_one = minus_one + term;
    }
    for _ in 0..8 {
        minus_one = minus_one + minus_one + minus_one * minus_one;
    }
    (minus_one + 1.0.into()).scaled(count as i32)
}

/// The natural logarithm of a positive normal number, by Halley's iteration on e^y.
pub(super) fn ln(x: f64) -> Twin {
    let exponent = (x.to_bits() >> 52) as i32 - 1023;
    let mantissa = x / power_of_two(exponent);
    let (mantissa, exponent) = if mantissa > 1.5 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    // A first guess from the start of the series in (m - 1) / (m + 1).
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let mut y = Twin::from(2.0 * s * (1.0 + s * s / 3.0));
    for _ in 0..2 {
        let power = exp_twin(y);
        let difference = Twin::from(mantissa) - power;
        y = y + (difference + difference).over(Twin::from(mantissa) + power);
    }
    let scale = LN_2.iter().fold(Twin::from(0.0), |total, &part| total + product(f64::from(exponent), part));
    scale + y
}

/// Sine and cosine for |x| up to some thousands.
pub(super) fn sin_cos(x: f64) -> (Twin, Twin) {
    sin_cos_twin(x.into())
}

fn sin_cos_twin(x: Twin) -> (Twin, Twin) {
    let count = (x.high / HALF_PI[0]).round();
    let rest = reduced(x.high, count, HALF_PI) + x.low.into();
    let square = -(rest * rest);
    let (mut sine, mut cosine) = (rest, Twin::from(1.0));
    let (mut s, mut c) = (rest, Twin::from(1.0));
    for n in 1..=14 {
        let n = f64::from(2 * n);
        c = (c * square).over(((n - 1.0) * n).into());
        s = (s * square).over((n * (n + 1.0)).into());
        cosine = cosine + c;
        sine = sine + s;
    }
    match count as i64 & 3 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

/// The angle of the point (x, y), neither of them 0, infinite, or further than 2^1000 from 1.
pub(super) fn atan2(y: f64, x: f64) -> Twin {
    let (a, b) = (x.abs().max(y.abs()), x.abs().min(y.abs()));
    let ratio = Twin::from(b).over(a.into());
    // A first guess that is good to 0.005, then the exact rotation of what it misses.
    let t = ratio.high;
    let mut angle = Twin::from(t * (std::f64::consts::FRAC_PI_4 + 0.273 * (1.0 - t)));
    for _ in 0..3 {
        let (sine, cosine) = sin_cos_twin(angle);
        let miss = (ratio * cosine - sine).over(cosine + ratio * sine);
        // atan(m) = m - m^3 / 3 + ...
        let cube = miss * miss * miss;
        angle = angle + miss - cube.over(3.0.into());
    }
    let half_pi = HALF_PI.iter().fold(Twin::from(0.0), |total, &part| total + part.into());
    let first_octants = if y.abs() > x.abs() { half_pi - angle } else { angle };
    let upper = if x < 0.0 { half_pi + half_pi - first_octants } else { first_octants };
    if y < 0.0 {
        -upper
    } else {
        upper
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Distance in units of the last place of the expected double.
    fn ulps(found: Twin, expected: f64) -> u64 {
        found.round().to_bits().abs_diff(expected.to_bits())
    }

    // Values of the NIST Digital Library of Mathematical Functions and the OEIS to more digits than a double has.
    #[test]
    fn known_constants_come_out_to_the_last_bit() {
        assert_eq!(exp(1.0).round(), std::f64::consts::E);
        assert_eq!(ln(2.0).round(), std::f64::consts::LN_2);
        assert_eq!(ln(10.0).round(), std::f64::consts::LN_10);
        assert_eq!(atan2(1.0, 1.0).round(), std::f64::consts::FRAC_PI_4);
        assert_eq!(atan2(-1.0, -1.0).round(), -3.0 * std::f64::consts::FRAC_PI_4);
        // OEIS A049469 and A049470: sin 1 and cos 1.
        assert_eq!(sin_cos(1.0).0.round(), 0.841_470_984_807_896_5);
        assert_eq!(sin_cos(1.0).1.round(), 0.540_302_305_868_139_8);
    }

    #[test]
    fn the_host_library_agrees_to_one_unit() {
        let mut seed = 1u64;
        for _ in 0..2000 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let x = (seed >> 11) as f64 / (1u64 << 53) as f64 * 40.0 - 20.0;
            let y = (seed.rotate_left(32) >> 11) as f64 / (1u64 << 53) as f64 * 40.0 - 20.0;
            assert!(ulps(exp(x), x.exp()) <= 1, "exp {x}");
            assert!(ulps(ln(x.abs()), x.abs().ln()) <= 1, "ln {x}");
            assert!(ulps(sin_cos(x).0, x.sin()) <= 1, "sin {x}");
            assert!(ulps(sin_cos(x).1, x.cos()) <= 1, "cos {x}");
            assert!(ulps(atan2(y, x), y.atan2(x)) <= 1, "atan2 {y} {x}");
        }
    }
}
