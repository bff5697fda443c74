//! The sniffer: a checksum over what a channel moves. Datasheet 2.5.5.2.

use super::registers::SNIFF_CTRL;
use serde::{Deserialize, Serialize};

/// CALC, as SNIFF_CTRL numbers them.
const CRC32: u32 = 0x0;
const CRC32R: u32 = 0x1;
const CRC16: u32 = 0x2;
const CRC16R: u32 = 0x3;
const EVEN: u32 = 0xE;
const SUM: u32 = 0xF;

/// IEEE 802.3.
const POLYNOMIAL_32: u32 = 0x04C1_1DB7;
/// CCITT, at the top of the word.
const POLYNOMIAL_16: u32 = 0x1021_0000;

const TABLE_32: [u32; 256] = table(POLYNOMIAL_32);
const TABLE_16: [u32; 256] = table(POLYNOMIAL_16);

/// What eight steps, most significant bit first, make of a byte at the top of the register.
const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            crc = (crc << 1) ^ (if crc >> 31 != 0 { polynomial } else { 0 });
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// The sniffer.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sniffer {
    /// SNIFF_CTRL.
    pub ctrl: u32,
    /// The accumulator, as written; OUT_REV and OUT_INV change only how it reads.
    pub data: u32,
}

impl Sniffer {
    /// Does it look at this channel?
    #[inline(always)]
    pub fn watches(&self, channel: usize) -> bool {
        SNIFF_CTRL::EN.is_set(self.ctrl) && SNIFF_CTRL::DMACH.get(self.ctrl) == channel as u32
    }

    /// SNIFF_DATA as it reads.
    pub fn read(&self) -> u32 {
        let data = if SNIFF_CTRL::OUT_REV.is_set(self.ctrl) { self.data.reverse_bits() } else { self.data };
        data ^ if SNIFF_CTRL::OUT_INV.is_set(self.ctrl) { u32::MAX } else { 0 }
    }

    /// Takes in a transfer of 1, 2 or 4 bytes. False: CALC is a reserved value, nothing was calculated.
    pub fn see(&mut self, value: u32, size: u32) -> bool {
        let bits = 8 * size;
        // At the top of the word, so that its most significant bit is the first.
        let mut first = value << (32 - bits);
        if SNIFF_CTRL::BSWAP.is_set(self.ctrl) {
            first = first.swap_bytes() << (32 - bits);
        }
        let calc = SNIFF_CTRL::CALC.get(self.ctrl);
        if matches!(calc, CRC32R | CRC16R) {
            first = first.reverse_bits() << (32 - bits);
        }
        self.data = match calc {
            CRC32 | CRC32R => remainder(self.data, first, size, &TABLE_32),
            CRC16 | CRC16R => remainder(self.data << 16, first, size, &TABLE_16) >> 16,
            EVEN => self.data ^ (first.count_ones() & 1),
            SUM => self.data.wrapping_add(first >> (32 - bits)),
            _ => return false,
        };
        true
    }
}

#[inline]
fn remainder(crc: u32, data: u32, bytes: u32, table: &[u32; 256]) -> u32 {
    let crc_and_data = |crc: u32, byte: u32| (crc << 8) ^ table[(crc >> 24 ^ byte) as usize];
    (0..bytes).fold(crc, |crc, n| crc_and_data(crc, data << (8 * n) >> 24))
}
