//! Single-precision arithmetic of the FPU, on bit patterns. Each function is named as its
//! instruction, takes the rounding mode from FCR and leaves its flags in FSR. ISA RM 4.3.11.
//!
//! Everything is computed in integers: exact, then rounded once.
//!
//! # Fidelity
//! - Arithmetic, conversions, comparisons: exact, IEEE 754 with underflow detected after rounding.
//! - NaN: of two, the one in the later operand (`XCHAL_HAVE_DFPU_SINGLE_ONLY`); of a fused
//!   multiplication and addition, the addend's first. It comes out quiet. The NaN made is 0x7FC0_0000.
//! - The steps of division and square root: exact in what the compiler's sequences compute. How the
//!   adjustment is coded between MKDADJ or MKSADJ and DIVN is our own, and so are the low bits of the
//!   seeds of SQRT0 and RSQRT0.
//! - FCR enables are storage: the flags raise no exception.

mod arithmetic;
mod convert;
mod divide;
#[cfg(test)]
mod tests;

pub use arithmetic::{abs_s, add_s, const_s, madd_s, maddn_s, msub_s, mul_s, neg_s, sub_s};
pub use convert::{
    ceil_s, float_s, floor_s, oeq_s, ole_s, olt_s, round_s, trunc_s, ueq_s, ufloat_s, ule_s, ult_s, un_s, utrunc_s,
};
pub use divide::{addexp_s, addexpm_s, div0_s, divn_s, mkdadj_s, mksadj_s, nexp01_s, recip0_s, rsqrt0_s, sqrt0_s};

use serde::{Deserialize, Serialize};

/// FSR flags. ISA RM table 4-48.
const INEXACT: u32 = 1 << 7;
const UNDERFLOW: u32 = 1 << 8;
const OVERFLOW: u32 = 1 << 9;
const DIVIDE_BY_ZERO: u32 = 1 << 10;
const INVALID: u32 = 1 << 11;

const SIGN: u32 = 1 << 31;
const INFINITY: u32 = 0x7F80_0000;
const LARGEST: u32 = 0x7F7F_FFFF;
const QUIET: u32 = 1 << 22;
const DEFAULT_NAN: u32 = 0x7FC0_0000;

/// State of the floating-point coprocessor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Fpu {
    /// f0 to f15.
    pub fr: [u32; 16],
    /// Rounding mode and exception enables.
    pub fcr: u32,
    /// Exception flags.
    pub fsr: u32,
}

/// FCR.RM. ISA RM table 4-47.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    Nearest,
    ToZero,
    Up,
    Down,
}

impl Fpu {
    fn rounding(&self) -> Rounding {
        match self.fcr & 3 {
            0 => Rounding::Nearest,
            1 => Rounding::ToZero,
            2 => Rounding::Up,
            _ => Rounding::Down,
        }
    }
}

fn is_nan(a: u32) -> bool {
    a & !SIGN > INFINITY
}
fn is_signalling(a: u32) -> bool {
    is_nan(a) && a & QUIET == 0
}
fn is_infinite(a: u32) -> bool {
    a & !SIGN == INFINITY
}
fn is_zero(a: u32) -> bool {
    a & !SIGN == 0
}
fn is_negative(a: u32) -> bool {
    a & SIGN != 0
}
fn signed(negative: bool, magnitude: u32) -> u32 {
    u32::from(negative) << 31 | magnitude
}

/// A finite number: magnitude * 2^exponent. Bits shifted out leave a 1 at the bottom, far below
/// what rounding keeps.
#[derive(Clone, Copy)]
struct Number {
    negative: bool,
    magnitude: u128,
    exponent: i32,
}

/// Where [`Number::sum`] puts the highest bit.
const TOP: u32 = 120;

impl Number {
    /// The value of a finite bit pattern.
    fn of(a: u32) -> Number {
        let field = (a >> 23 & 0xFF) as i32;
        let fraction = a & 0x7F_FFFF;
        let (magnitude, exponent) = if field == 0 { (fraction, -149) } else { (fraction | 1 << 23, field - 150) };
        Number { negative: is_negative(a), magnitude: magnitude.into(), exponent }
    }

    fn times(self, other: Number) -> Number {
        Number {
            negative: self.negative != other.negative,
            magnitude: self.magnitude * other.magnitude,
            exponent: self.exponent + other.exponent,
        }
    }

    /// The exponent of the highest bit.
    fn order(&self) -> i32 {
        127 - self.magnitude.leading_zeros() as i32 + self.exponent
    }

    fn at_top(self) -> Number {
        let shift = self.magnitude.leading_zeros() as i32 - (127 - TOP as i32);
        Number { magnitude: self.magnitude << shift, exponent: self.exponent - shift, ..self }
    }

    /// The exact sum, but for the bits that cannot matter. The sign of a zero that is a difference
    /// is that of the rounding mode.
    fn sum(self, other: Number, mode: Rounding) -> Number {
        if self.magnitude == 0 && other.magnitude == 0 {
            let negative = if self.negative == other.negative { self.negative } else { mode == Rounding::Down };
            return Number { negative, ..self };
        }
        if self.magnitude == 0 {
            return other;
        }
        if other.magnitude == 0 {
            return self;
        }
        let (a, b) = (self.at_top(), other.at_top());
        let (a, b) = if a.exponent >= b.exponent { (a, b) } else { (b, a) };
        let below = b.magnitude_shifted((a.exponent - b.exponent) as u32);
        if a.negative == b.negative {
            return Number { magnitude: a.magnitude + below, ..a };
        }
        if a.magnitude == below {
            return Number { negative: mode == Rounding::Down, magnitude: 0, exponent: 0 };
        }
        let negative = if a.magnitude > below { a.negative } else { b.negative };
        Number { negative, magnitude: a.magnitude.abs_diff(below), exponent: a.exponent }
    }

    fn magnitude_shifted(&self, distance: u32) -> u128 {
        if distance > TOP {
            return 1;
        }
        let lost = self.magnitude & ((1 << distance) - 1) != 0;
        self.magnitude >> distance | u128::from(lost)
    }

    /// The multiple of 2^`unit` that the mode rounds to, as a count of units, and whether that is
    /// another value.
    fn rounded_to(&self, unit: i32, mode: Rounding) -> (u128, bool) {
        let distance = unit - self.exponent;
        if distance <= 0 {
            return (self.magnitude << -distance, false);
        }
        if distance > 126 {
            let up = mode == if self.negative { Rounding::Down } else { Rounding::Up };
            return (u128::from(up && self.magnitude != 0), self.magnitude != 0);
        }
        let whole = self.magnitude >> distance;
        let rest = self.magnitude & ((1 << distance) - 1);
        let half = 1 << (distance - 1);
        let up = match mode {
            Rounding::Nearest => rest > half || rest == half && whole & 1 != 0,
            Rounding::ToZero => false,
            Rounding::Up => !self.negative && rest != 0,
            Rounding::Down => self.negative && rest != 0,
        };
        (whole + u128::from(up), rest != 0)
    }

    /// The bit pattern, and the flags.
    fn round(&self, mode: Rounding) -> (u32, u32) {
        if self.magnitude == 0 {
            return (signed(self.negative, 0), 0);
        }
        let order = self.order();
        if order > 127 {
            return self.overflow(mode);
        }
        let unit = (order - 23).max(-149);
        let (units, inexact) = self.rounded_to(unit, mode);
        // A carry out of the fraction goes into the exponent where it belongs.
        let bits = if order < -126 { units as u32 } else { (((order + 126) as u32) << 23) + units as u32 };
        if bits >= INFINITY {
            return self.overflow(mode);
        }
        // Tiny: below the normal numbers even when rounded to 24 bits.
        let tiny = order < -127 || order == -127 && self.rounded_to(order - 23, mode).0 < 1 << 24;
        let flags = match inexact {
            true if tiny => INEXACT | UNDERFLOW,
            true => INEXACT,
            false => 0,
        };
        (signed(self.negative, bits), flags)
    }

    fn overflow(&self, mode: Rounding) -> (u32, u32) {
        let to_infinity = match mode {
            Rounding::Nearest => true,
            Rounding::ToZero => false,
            Rounding::Up => !self.negative,
            Rounding::Down => self.negative,
        };
        (signed(self.negative, if to_infinity { INFINITY } else { LARGEST }), OVERFLOW | INEXACT)
    }
}
