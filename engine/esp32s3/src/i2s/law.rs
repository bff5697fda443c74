//! A-law and u-law, ITU-T Recommendation G.711. Linear samples are of 16 bits here: the 13 bits of the A-law's tables and the 14
//! of the u-law's are their upper ones.

use serde::{Deserialize, Serialize};

/// PCM_CONF of a direction (ESP-IDF `soc/i2s_struct.h`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// 0: A-law decompress.
    AToLinear,
    /// 1: A-law compress.
    LinearToA,
    /// 2: u-law decompress.
    UToLinear,
    /// 3: u-law compress.
    LinearToU,
}

/// The u-law adds this to a magnitude, so that each segment is twice the one before: 33 of 14 bits.
const BIAS: i32 = 33 << 2;
/// The largest magnitude that the u-law takes: 8158 of 14 bits, with the bias 8191.
const CLIP: i32 = 8158 << 2;

impl Law {
    /// From PCM_CONF; `None`: PCM_BYPASS is set.
    pub fn new(bypass: bool, conf: u32) -> Option<Self> {
        let law = [Self::AToLinear, Self::LinearToA, Self::UToLinear, Self::LinearToU][conf as usize];
        (!bypass).then_some(law)
    }

    /// Does it make 8 bits of 16?
    pub fn compresses(self) -> bool {
        matches!(self, Self::LinearToA | Self::LinearToU)
    }

    /// A linear sample from a character, or a character from a linear sample: the lower bits of `value`.
    pub fn apply(self, value: u32) -> u32 {
        match self {
            Self::AToLinear => from_a(value as u8) as u16 as u32,
            Self::LinearToA => to_a(value as i16).into(),
            Self::UToLinear => from_u(value as u8) as u16 as u32,
            Self::LinearToU => to_u(value as i16).into(),
        }
    }
}

/// Table 2b/G.711: a segment, a place in it; the sign is 0 for negative values, and all bits are inverted.
fn from_u(character: u8) -> i16 {
    let code = !character;
    let (segment, place) = (code >> 4 & 7, i32::from(code & 15));
    let magnitude = (((place << 3) + BIAS) << segment) - BIAS;
    (if code & 0x80 != 0 { -magnitude } else { magnitude }) as i16
}

/// Table 2a/G.711.
fn to_u(sample: i16) -> u8 {
    let magnitude = i32::from(sample).abs().min(CLIP) + BIAS;
    let segment = (magnitude >> 8).checked_ilog2().map_or(0, |top| top + 1);
    let place = magnitude >> (segment + 3) & 15;
    let sign = if sample < 0 { 0x80 } else { 0 };
    !(sign | (segment as u8) << 4 | place as u8)
}

/// Table 1b/G.711: a value is the middle of its interval; even bits are inverted.
fn from_a(character: u8) -> i16 {
    let code = character ^ 0x55;
    let (segment, place) = (code >> 4 & 7, i32::from(code & 15));
    let magnitude = match segment {
        0 => (2 * place + 1) << 3,
        n => (2 * place + 33) << (n + 2),
    };
    (if code & 0x80 != 0 { magnitude } else { -magnitude }) as i16
}

/// Table 1a/G.711.
fn to_a(sample: i16) -> u8 {
    let (sign, magnitude) = if sample < 0 { (0, !i32::from(sample)) } else { (0x80, i32::from(sample)) };
    let segment = (magnitude >> 8).checked_ilog2().map_or(0, |top| top + 1);
    let place = magnitude >> (segment.max(1) + 3) & 15;
    (sign | (segment as u8) << 4 | place as u8) ^ 0x55
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables 1a and 1b of G.711, in thirteen bits: decision values and quantized values of the positive half, and its
    /// characters before the inversion of even bits.
    #[test]
    fn the_a_law_is_that_of_table_1() {
        for (value, quantized, character) in [
            (0, 1, 0b1000_0000),
            (1, 1, 0b1000_0000),
            (2, 3, 0b1000_0001),
            (31, 31, 0b1000_1111),
            (32, 33, 0b1001_0000),
            (64, 66, 0b1010_0000),
            (128, 132, 0b1011_0000),
            (256, 264, 0b1100_0000),
            (512, 528, 0b1101_0000),
            (1024, 1056, 0b1110_0000),
            (2048, 2112, 0b1111_0000),
            (3968, 4032, 0b1111_1111),
            (4095, 4032, 0b1111_1111),
        ] {
            let character = u32::from(character ^ 0x55u8);
            assert_eq!(Law::LinearToA.apply((value << 3) as u32), character, "{value}");
            assert_eq!(Law::AToLinear.apply(character), quantized << 3);
            assert_eq!(Law::AToLinear.apply(character ^ 0x80) as i16, -(quantized as i16) << 3);
        }
    }

    /// Tables 2a and 2b, in fourteen bits.
    #[test]
    fn the_u_law_is_that_of_table_2() {
        for (value, quantized, character) in [
            (0, 0, 0b1111_1111u32),
            (1, 2, 0b1111_1110),
            (31, 33, 0b1110_1111),
            (95, 99, 0b1101_1111),
            (223, 231, 0b1100_1111),
            (479, 495, 0b1011_1111),
            (991, 1023, 0b1010_1111),
            (2015, 2079, 0b1001_1111),
            (4063, 4191, 0b1000_1111),
            (7903, 8031, 0b1000_0000),
            (8158, 8031, 0b1000_0000),
        ] {
            assert_eq!(Law::LinearToU.apply(value << 2), character, "{value}");
            assert_eq!(Law::UToLinear.apply(character), quantized << 2);
        }
        assert_eq!(Law::UToLinear.apply(0) as i16, -8031 << 2);
        assert_eq!(Law::LinearToU.apply((-8031i32 << 2) as u32), 0);
    }

    #[test]
    fn characters_survive_the_way_there_and_back() {
        for character in 0..=255 {
            assert_eq!(Law::LinearToA.apply(Law::AToLinear.apply(character)), character);
            // Both zeros of the u-law are one number.
            let back = Law::LinearToU.apply(Law::UToLinear.apply(character));
            assert_eq!(back, if character == 0x7F { 0xFF } else { character });
        }
    }
}
