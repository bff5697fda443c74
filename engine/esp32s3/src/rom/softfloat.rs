//! IEEE 754 arithmetic with the NaNs of the ROM's libgcc, and complex numbers on top of it.
//!
//! Which NaN comes out was compared with the silicon's code (tests/realimages/test_esp32s3_rom_calls.py).

/// The layout of an IEEE 754 format.
pub(super) struct Format {
    pub sign: u64,
    /// The exponent of infinities and NaNs.
    pub exponent: u64,
    /// What makes a NaN quiet.
    pub quiet: u64,
}

/// Double precision.
pub(super) const DOUBLE: Format = Format { sign: 1 << 63, exponent: 0x7ff << 52, quiet: 1 << 51 };
/// Single precision.
pub(super) const SINGLE: Format = Format { sign: 1 << 31, exponent: 0xff << 23, quiet: 1 << 22 };

impl Format {
    fn nan(&self, a: u64) -> bool {
        a & !self.sign > self.exponent
    }

    fn infinite(&self, a: u64) -> bool {
        a & !self.sign == self.exponent
    }

    fn zero(&self, a: u64) -> bool {
        a & !self.sign == 0
    }

    /// The sum where an operand is a NaN or both are infinite: which operand shows, as the ROM's code does it.
    /// With unlike signs the first hides the second.
    fn sum(&self, a: u64, b: u64) -> Option<u64> {
        let special = |x| self.nan(x) || self.infinite(x);
        if self.nan(a) || (a ^ b) & self.sign != 0 && special(a) && special(b) {
            Some(a | self.quiet)
        } else {
            self.nan(b).then_some(b | self.quiet)
        }
    }

    /// The product: of two NaNs the second shows; infinity times zero is the infinity with the quiet bit.
    fn product(&self, a: u64, b: u64) -> Option<u64> {
        match (self.nan(a), self.nan(b)) {
            (_, true) => Some(b | self.quiet),
            (true, _) => Some(a | self.quiet),
            _ if self.infinite(a) && self.zero(b) => Some(a | self.quiet),
            _ if self.infinite(b) && self.zero(a) => Some(b | self.quiet),
            _ => None,
        }
    }

    /// The quotient of doubles: the first operand shows, with the sign that the quotient would have.
    fn quotient(&self, a: u64, b: u64) -> Option<u64> {
        let sign = (a ^ b) & self.sign;
        if self.nan(a) || self.infinite(a) && (self.infinite(b) || self.nan(b)) {
            Some(a & !self.sign | self.quiet | sign)
        } else if self.nan(b) {
            Some(b | self.quiet)
        } else if self.zero(a) && self.zero(b) {
            Some(sign | self.exponent | self.quiet)
        } else {
            None
        }
    }

    /// The quotient of singles: of two NaNs the second shows, each with its own sign.
    fn quotient_of_singles(&self, a: u64, b: u64) -> Option<u64> {
        let sign = (a ^ b) & self.sign;
        if self.nan(b) {
            Some(b | self.quiet)
        } else if self.nan(a) {
            Some(a | self.quiet)
        } else if self.infinite(a) && self.infinite(b) || self.zero(a) && self.zero(b) {
            Some(sign | self.exponent | self.quiet)
        } else {
            None
        }
    }
}

// What the host makes of NaNs differs from host to host, so they are settled before it calculates.

/// Sum of doubles.
pub(super) fn add64(a: u64, b: u64) -> u64 {
    DOUBLE.sum(a, b).unwrap_or_else(|| (f64::from_bits(a) + f64::from_bits(b)).to_bits())
}

/// Product of doubles.
pub(super) fn multiply64(a: u64, b: u64) -> u64 {
    if DOUBLE.zero(a) && DOUBLE.nan(b) {
        return (b | DOUBLE.quiet) >> 32 << 32; // the zero's low word
    }
    DOUBLE.product(a, b).unwrap_or_else(|| (f64::from_bits(a) * f64::from_bits(b)).to_bits())
}

/// Quotient of doubles.
pub(super) fn divide64(a: u64, b: u64) -> u64 {
    DOUBLE.quotient(a, b).unwrap_or_else(|| (f64::from_bits(a) / f64::from_bits(b)).to_bits())
}

/// Sum of singles.
pub(super) fn add32(a: u32, b: u32) -> u32 {
    let special = SINGLE.sum(a.into(), b.into());
    special.map_or_else(|| (f32::from_bits(a) + f32::from_bits(b)).to_bits(), |bits| bits as u32)
}

/// Product of singles.
pub(super) fn multiply32(a: u32, b: u32) -> u32 {
    let special = SINGLE.product(a.into(), b.into());
    special.map_or_else(|| (f32::from_bits(a) * f32::from_bits(b)).to_bits(), |bits| bits as u32)
}

/// Quotient of singles.
pub(super) fn divide32(a: u32, b: u32) -> u32 {
    let special = SINGLE.quotient_of_singles(a.into(), b.into());
    special.map_or_else(|| (f32::from_bits(a) / f32::from_bits(b)).to_bits(), |bits| bits as u32)
}

/// What the complex functions need of a number.
pub(super) trait Real: Copy {
    fn plus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    fn over(self, other: Self) -> Self;
    /// `self + a b`: rounded once where the processor's FPU calculates, and GCC fuses the two.
    fn plus_product(self, a: Self, b: Self) -> Self;
    /// `self - a b`.
    fn minus_product(self, a: Self, b: Self) -> Self;
    fn negated(self) -> Self;
    fn infinity() -> Self;
    fn is_nan(self) -> bool;
    fn is_infinite(self) -> bool;
    fn is_zero(self) -> bool;
    fn magnitude_below(self, other: Self) -> bool;
    fn with_sign_of(self, other: Self) -> Self;
    /// 1 for an infinity, else 0, with its sign.
    fn boxed(self) -> Self;
    /// A NaN is a 0 with its sign.
    fn unless_nan(self) -> Self;

    fn is_finite(self) -> bool {
        !self.is_nan() && !self.is_infinite()
    }
}

macro_rules! real {
    ($(#[$doc:meta])* $name:ident, $bits:ty, $float:ty, $format:ident, $add:ident, $multiply:ident, $divide:ident, $fused:expr, $negated:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub(super) struct $name(pub $bits);

        impl Real for $name {
            fn plus(self, other: Self) -> Self {
                Self($add(self.0, other.0))
            }
            fn times(self, other: Self) -> Self {
                Self($multiply(self.0, other.0))
            }
            fn over(self, other: Self) -> Self {
                Self($divide(self.0, other.0))
            }
            fn plus_product(self, a: Self, b: Self) -> Self {
                let fused: fn($bits, $bits, $bits) -> $bits = $fused;
                Self(fused(self.0, a.0, b.0))
            }
            fn minus_product(self, a: Self, b: Self) -> Self {
                let negated: fn($bits, $bits, $bits) -> $bits = $negated;
                Self(negated(self.0, a.0, b.0))
            }
            fn negated(self) -> Self {
                Self(self.0 ^ $format.sign as $bits)
            }
            fn infinity() -> Self {
                Self($format.exponent as $bits)
            }
            fn is_nan(self) -> bool {
                $format.nan(self.0.into())
            }
            fn is_infinite(self) -> bool {
                $format.infinite(self.0.into())
            }
            fn is_zero(self) -> bool {
                $format.zero(self.0.into())
            }
            fn magnitude_below(self, other: Self) -> bool {
                <$float>::from_bits(self.0).abs() < <$float>::from_bits(other.0).abs()
            }
            fn with_sign_of(self, other: Self) -> Self {
                let sign = $format.sign as $bits;
                Self(self.0 & !sign | other.0 & sign)
            }
            fn boxed(self) -> Self {
                let one: $float = if self.is_infinite() { 1.0 } else { 0.0 };
                Self(one.to_bits()).with_sign_of(self)
            }
            fn unless_nan(self) -> Self {
                if self.is_nan() {
                    Self(0).with_sign_of(self)
                } else {
                    self
                }
            }
        }
    };
}

real!(
    /// A double by its bits.
    Double, u64, f64, DOUBLE, add64, multiply64, divide64,
    |sum, a, b| add64(multiply64(a, b), sum),
    |sum, a, b| add64(sum, multiply64(a, b) ^ DOUBLE.sign)
);
real!(
    /// A single by its bits.
    Single, u32, f32, SINGLE, add32, multiply32, divide32,
    |sum, a, b| f32::from_bits(a).mul_add(f32::from_bits(b), f32::from_bits(sum)).to_bits(),
    |sum, a, b| (-f32::from_bits(a)).mul_add(f32::from_bits(b), f32::from_bits(sum)).to_bits()
);

/// ISO C annex G.5.1 (an example there): what is infinite stays infinite where the parts came out as NaNs.
pub(super) fn complex_product<T: Real>([a, b, c, d]: [T; 4]) -> [T; 2] {
    let (ac, bd, ad, bc) = (a.times(c), b.times(d), a.times(d), b.times(c));
    let plain = [ac.plus(bd.negated()), ad.plus(bc)];
    if !(plain[0].is_nan() && plain[1].is_nan()) {
        return plain;
    }
    let ([mut a, mut b, mut c, mut d], mut again) = ([a, b, c, d], false);
    if a.is_infinite() || b.is_infinite() {
        (a, b) = (a.boxed(), b.boxed());
        (c, d) = (c.unless_nan(), d.unless_nan());
        again = true;
    }
    if c.is_infinite() || d.is_infinite() {
        (c, d) = (c.boxed(), d.boxed());
        (a, b) = (a.unless_nan(), b.unless_nan());
        again = true;
    }
    if !again && [ac, bd, ad, bc].iter().any(|part| part.is_infinite()) {
        (a, b, c, d) = (a.unless_nan(), b.unless_nan(), c.unless_nan(), d.unless_nan());
        again = true;
    }
    if !again {
        return plain;
    }
    let infinity = T::infinity();
    [infinity.times(a.times(c).plus(b.times(d).negated())), infinity.times(a.times(d).plus(b.times(c)))]
}

/// Smith's method, with the remedies of ISO C annex G.5.1.
pub(super) fn complex_quotient<T: Real>([a, b, c, d]: [T; 4]) -> [T; 2] {
    let plain = if c.magnitude_below(d) {
        let ratio = c.over(d);
        let denominator = d.plus_product(c, ratio);
        [b.plus_product(a, ratio).over(denominator), a.negated().plus_product(b, ratio).over(denominator)]
    } else {
        let ratio = d.over(c);
        let denominator = c.plus_product(d, ratio);
        [a.plus_product(b, ratio).over(denominator), b.minus_product(a, ratio).over(denominator)]
    };
    if !(plain[0].is_nan() && plain[1].is_nan()) {
        return plain;
    }
    let infinity = T::infinity();
    if c.is_zero() && d.is_zero() && !(a.is_nan() && b.is_nan()) {
        let infinity = infinity.with_sign_of(c);
        [infinity.times(a), infinity.times(b)]
    } else if (a.is_infinite() || b.is_infinite()) && c.is_finite() && d.is_finite() {
        let (a, b) = (a.boxed(), b.boxed());
        [infinity.times(a.times(c).plus(b.times(d))), infinity.times(b.times(c).plus(a.times(d).negated()))]
    } else if (c.is_infinite() || d.is_infinite()) && a.is_finite() && b.is_finite() {
        let (c, d, zero) = (c.boxed(), d.boxed(), infinity.boxed().plus(infinity.boxed().negated()));
        [zero.times(a.times(c).plus(b.times(d))), zero.times(b.times(c).plus(a.times(d).negated()))]
    } else {
        plain
    }
}
