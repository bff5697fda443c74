//! What the soft float and soft double tables share: fixed point in and out.

/// An IEEE format by the size of its fields.
#[derive(Clone, Copy, Debug)]
pub(super) struct Format {
    fraction: u32,
    exponent: u32,
}

pub(super) const SINGLE: Format = Format { fraction: 23, exponent: 8 };
pub(super) const DOUBLE: Format = Format { fraction: 52, exponent: 11 };

/// A number as the ROM's code sees it: denormals are zeros, NaNs infinities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unpacked {
    Zero,
    /// Mantissa times two to the exponent.
    Finite(u64, i64),
    Infinite,
}

impl Format {
    fn unpack(self, bits: u64) -> (bool, Unpacked) {
        let negative = bits >> (self.fraction + self.exponent) & 1 != 0;
        let top = (1 << self.exponent) - 1;
        let exponent = bits >> self.fraction & top;
        let mantissa = bits & ((1 << self.fraction) - 1) | 1 << self.fraction;
        let bias = (top >> 1) as i64 + i64::from(self.fraction);
        let value = match exponent {
            0 => Unpacked::Zero,
            _ if exponent == top => Unpacked::Infinite,
            _ => Unpacked::Finite(mantissa, exponent as i64 - bias),
        };
        (negative, value)
    }

    /// `magnitude` times two to the `exponent`, rounded to nearest, ties to even; infinity or zero outside the range.
    pub(super) fn pack(self, negative: bool, magnitude: u64, exponent: i64) -> u64 {
        let sign = u64::from(negative) << (self.fraction + self.exponent);
        if magnitude == 0 {
            return 0;
        }
        let digits = i64::from(64 - magnitude.leading_zeros());
        let drop = digits - i64::from(self.fraction) - 1;
        let (mut mantissa, mut exponent) = (magnitude, exponent + drop);
        if drop > 0 {
            let half = 1u64 << (drop - 1);
            let rest = magnitude & (half << 1).wrapping_sub(1);
            mantissa = magnitude >> drop;
            if rest > half || (rest == half && mantissa & 1 != 0) {
                mantissa += 1;
            }
        } else {
            mantissa <<= -drop;
        }
        if mantissa >> (self.fraction + 1) != 0 {
            mantissa >>= 1;
            exponent += 1;
        }
        let top = (1i64 << self.exponent) - 1;
        let biased = exponent + i64::from(self.fraction) + (top >> 1);
        match biased {
            ..1 => sign,
            _ if biased >= top => sign | (top as u64) << self.fraction,
            _ => sign | (biased as u64) << self.fraction | mantissa & ((1 << self.fraction) - 1),
        }
    }

    /// Fixed point with `places` bits after the point, rounded towards minus infinity, held inside `low..=high`.
    pub(super) fn to_fixed(self, bits: u64, places: i32, low: i128, high: i128) -> i128 {
        let (negative, value) = self.unpack(bits);
        let fixed = match value {
            Unpacked::Zero => 0,
            Unpacked::Infinite => i128::MAX,
            Unpacked::Finite(mantissa, exponent) => match exponent + i64::from(places) {
                shift @ 0..=70 => i128::from(mantissa) << shift,
                71.. => i128::MAX,
                shift => {
                    let shift = (-shift).min(100) as u32;
                    let mantissa = i128::from(mantissa);
                    if negative {
                        return (-mantissa >> shift).clamp(low, high);
                    }
                    mantissa >> shift
                }
            },
        };
        if negative { -fixed } else { fixed }.clamp(low, high)
    }
}
