//! The fuses themselves, as a module comes from the factory. Positions: ESP-IDF `esp_efuse_table.csv` of the ESP32-S3.

use serde::{Deserialize, Serialize};

/// Words of all blocks, in the order of their registers from RD_WR_DIS on.
pub const WORDS: usize = 84;

/// Blocks for keys.
pub const KEYS: usize = 6;

/// First word and length of each block.
const BLOCKS: [(usize, usize); 11] =
    [(0, 6), (6, 6), (12, 8), (20, 8), (28, 8), (36, 8), (44, 8), (52, 8), (60, 8), (68, 8), (76, 8)];

/// A field: block, first bit, width.
type Place = (usize, u32, u32);

/// What of BLOCK0 each bit of WR_DIS protects: bit, first fuse, how many.
#[rustfmt::skip]
const PROTECTED: &[(u32, u32, u32)] = &[
    (0, 32, 7), (2, 40, 8), (2, 51, 2), (2, 118, 4), (3, 68, 3), (3, 80, 2), (4, 82, 3), (5, 85, 1), (6, 86, 1),
    (7, 87, 1), (8, 88, 4), (9, 92, 4), (10, 96, 4), (11, 100, 4), (12, 104, 4), (13, 108, 4), (15, 116, 1), (16, 117, 1),
    (18, 124, 34), (19, 159, 3), (30, 57, 2), (31, 48, 3),
];

/// RD_DIS, which hides blocks 4 to 10.
const RD_DIS: Place = (0, 32, 7);
const DIS_USB: Place = (0, 45, 1);
const WDT_DELAY_SEL: Place = (0, 80, 2);
const SPI_BOOT_CRYPT_CNT: Place = (0, 82, 3);
const KEY_PURPOSE_0: Place = (0, 88, 4);
/// The block of KEY0.
const KEY0: usize = 4;
const DIS_USB_DEVICE: Place = (0, 119, 1);
const USB_PHY_SEL: Place = (0, 121, 1);
/// 1: the flash has eight lines.
const FLASH_TYPE: Place = (0, 137, 1);
const MAC_LOW: Place = (1, 0, 32);
const MAC_HIGH: Place = (1, 32, 16);
const WAFER_VERSION_MINOR_LO: Place = (1, 114, 3);
const WAFER_VERSION_MINOR_HI: Place = (1, 183, 1);
const WAFER_VERSION_MAJOR: Place = (1, 184, 2);
const PSRAM_CAP: Place = (1, 131, 2);
const PSRAM_CAP_3: Place = (1, 179, 1);
const PSRAM_TEMP: Place = (1, 133, 2);
const PSRAM_VENDOR: Place = (1, 135, 2);
const BLK_VERSION_MINOR: Place = (1, 120, 3);
const BLK_VERSION_MAJOR: Place = (2, 128, 2);
const OCODE: Place = (2, 141, 8);
/// ADC1's four attenuations, then ADC2's.
const INIT_CODE: [Place; 8] =
    [(2, 149, 8), (2, 157, 6), (2, 163, 6), (2, 169, 6), (2, 175, 8), (2, 183, 6), (2, 189, 6), (2, 195, 6)];
const CAL_VOL: [Place; 8] =
    [(2, 201, 8), (2, 209, 8), (2, 217, 8), (2, 225, 8), (2, 233, 8), (2, 241, 7), (2, 248, 7), (1, 186, 6)];

/// What both converters read at 850 mV, by attenuation (0, 2.5, 6, 12 dB): a straight line through the full scale of 950,
/// 1250, 1750 and 3100 mV that the datasheet gives for each range. The fuses tell it to firmware by ESP-IDF's version 1 of
/// the calibration (`esp_efuse_rtc_calib.c`).
pub const RAW_AT_850_MV: [u32; 4] = [3664, 2785, 1989, 1123];

/// The initial codes at which a grounded converter just reads 0, by converter and attenuation. The fuses tell them too.
pub const INITIAL_CODES: [[u32; 4]; 2] = [[1950, 2060, 2080, 2170], [2120, 2140, 2160, 2180]];

/// PSRAM inside the chip's package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InPackage {
    /// None, or outside.
    None,
    /// 2 MB, quad, 3.3 V (R2).
    Quad2M,
    /// 8 MB, octal, 3.3 V (R8).
    Octal8M,
    /// 16 MB, octal, 1.8 V (R16V).
    Octal16M,
}

impl InPackage {
    /// The kind that is sold with so many bytes; any other PSRAM is outside the package, and the fuses do not tell of it.
    pub fn of(bytes: usize) -> Self {
        match bytes >> 20 {
            2 => Self::Quad2M,
            8 => Self::Octal8M,
            16 => Self::Octal16M,
            _ => Self::None,
        }
    }
}

/// The fuses of a chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fuses {
    words: Vec<u32>,
}

impl Fuses {
    /// No fuse is burnt.
    pub fn blank() -> Self {
        Self { words: vec![0; WORDS] }
    }

    /// Has the module's flash eight lines?
    pub fn set_flash_type(&mut self, octal: bool) {
        self.set(FLASH_TYPE, octal.into());
    }

    /// A chip as on an ESP32-S3-WROOM-1 module, whose flash is outside the chip: MAC, revision (major, minor), PSRAM in the
    /// package, and the factory's calibration of the converters. The temperature sensor needs no correction.
    pub fn module(mac: [u8; 6], revision: (u8, u8), psram: InPackage) -> Self {
        let mut fuses = Self::blank();
        let [a, b, c, d, e, f] = mac;
        fuses.set(MAC_LOW, u32::from_be_bytes([c, d, e, f]));
        fuses.set(MAC_HIGH, u32::from(u16::from_be_bytes([a, b])));
        let (major, minor) = (u32::from(revision.0), u32::from(revision.1));
        fuses.set(WAFER_VERSION_MAJOR, major);
        fuses.set(WAFER_VERSION_MINOR_LO, minor & 7);
        fuses.set(WAFER_VERSION_MINOR_HI, minor >> 3);
        // Capacity code, temperature (1: 105 °C, 2: 85 °C), vendor (1: AP 3.3 V, 2: AP 1.8 V).
        let (capacity, temperature, vendor) = match psram {
            InPackage::None => (0, 0, 0),
            InPackage::Octal8M => (1, 2, 1),
            InPackage::Quad2M => (2, 2, 1),
            InPackage::Octal16M => (3, 2, 2),
        };
        fuses.set(PSRAM_CAP, capacity & 3);
        fuses.set(PSRAM_CAP_3, capacity >> 2);
        fuses.set(PSRAM_TEMP, temperature);
        fuses.set(PSRAM_VENDOR, vendor);
        fuses.calibrate();
        fuses
    }

    /// The calibration as `esp_efuse_rtc_calib.c` takes it apart: differences from base values, attenuation by attenuation.
    fn calibrate(&mut self) {
        self.set(BLK_VERSION_MAJOR, 1);
        self.set(BLK_VERSION_MINOR, 3);
        self.set(OCODE, 100);
        let [[a0, a1, a2, a3], [b0, b1, b2, b3]] = INITIAL_CODES;
        let codes = [a0 - 1850, a1 - a0 - 90, a2 - a1, a3 - a2 - 70, b0 - 2020, b1 - b0, b2 - b1, b3 - b2];
        for (place, difference) in INIT_CODE.into_iter().zip(codes) {
            self.set(place, difference);
        }
        let [v0, v1, v2, v3] = RAW_AT_850_MV;
        let differences = [v0 - v1 - 800, v1 - v2 - 700, v2 - v3 - 800, v3 - 900, 40, 10, 20, 15];
        for (place, difference) in CAL_VOL.into_iter().zip(differences) {
            self.set(place, difference);
        }
    }

    /// The fuses of a file: as many words as there are, in the order of the registers from RD_WR_DIS on.
    pub fn from_words(words: &[u32]) -> Self {
        let mut fuses = Self::blank();
        for (fuse, word) in fuses.words.iter_mut().zip(words) {
            *fuse = *word;
        }
        fuses
    }

    /// All words.
    pub fn words(&self) -> &[u32] {
        &self.words
    }

    /// The MAC address.
    pub fn mac(&self) -> [u8; 6] {
        let [c, d, e, f] = self.get(MAC_LOW).to_be_bytes();
        let [a, b] = (self.get(MAC_HIGH) as u16).to_be_bytes();
        [a, b, c, d, e, f]
    }

    /// WDT_DELAY_SEL.
    pub fn wdt_delay_sel(&self) -> u32 {
        self.get(WDT_DELAY_SEL)
    }

    /// DIS_USB, DIS_USB_DEVICE and USB_PHY_SEL.
    pub fn usb(&self) -> [bool; 3] {
        [DIS_USB, DIS_USB_DEVICE, USB_PHY_SEL].map(|place| self.get(place) != 0)
    }

    /// What key block 0 to 5 is for: the numbers of ESP-IDF's `esp_efuse_purpose_t`.
    pub fn key_purpose(&self, key: usize) -> u32 {
        let (block, bit, width) = KEY_PURPOSE_0;
        self.get((block, bit + width * key as u32, width))
    }

    /// Key block 0 to 5 as other hardware gets it: RD_DIS hides it from software alone.
    pub fn key(&self, key: usize) -> [u8; 32] {
        let (first, length) = BLOCKS[KEY0 + key];
        let bytes: Vec<u8> = self.words[first..first + length].iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.try_into().expect("8 words")
    }

    /// The first key for a purpose.
    pub fn key_for(&self, purpose: u32) -> Option<[u8; 32]> {
        (0..KEYS).find(|key| self.key_purpose(*key) == purpose).map(|key| self.key(key))
    }

    /// Burns a key and its purpose.
    pub fn burn_key(&mut self, key: usize, purpose: u32, bytes: &[u8; 32]) {
        let words: Vec<u32> =
            bytes.chunks(4).map(|word| u32::from_le_bytes(word.try_into().expect("4 bytes"))).collect();
        self.burn(KEY0 + key, &words);
        let (block, bit, width) = KEY_PURPOSE_0;
        self.set((block, bit + width * key as u32, width), purpose);
    }

    /// Are an odd number of the bits of SPI_BOOT_CRYPT_CNT burnt? Then flash is encrypted.
    pub fn encrypts_flash(&self) -> bool {
        self.get(SPI_BOOT_CRYPT_CNT).count_ones() % 2 != 0
    }

    /// The words as the controller shows them: blocks that RD_DIS hides read 0.
    pub fn shown(&self) -> Vec<u32> {
        let hidden = self.get(RD_DIS);
        let mut words = self.words.clone();
        for (n, (first, length)) in BLOCKS[4..].iter().enumerate() {
            if hidden >> n & 1 != 0 {
                words[*first..first + length].fill(0);
            }
        }
        words
    }

    /// Burns fuses of a block, unless WR_DIS forbids it, in BLOCK0 field by field: a fuse that is burnt stays so. False: the
    /// block is forbidden, or there is none.
    pub fn burn(&mut self, block: usize, data: &[u32]) -> bool {
        /// WR_DIS has one bit for each block from BLOCK1 on, from here.
        const WR_DIS_BLOCK1: usize = 20;
        let Some(&(first, length)) = BLOCKS.get(block) else { return false };
        if block > 0 && self.words[0] >> (WR_DIS_BLOCK1 + block - 1) & 1 != 0 {
            return false;
        }
        let wr_dis = self.words[0];
        let is_protected = |n: u32| {
            PROTECTED.iter().any(|&(bit, from, width)| wr_dis >> bit & 1 != 0 && (from..from + width).contains(&n))
        };
        for (n, (fuse, word)) in (0..).zip(self.words[first..first + length].iter_mut().zip(data)) {
            let free =
                (0..32).filter(|&bit| block > 0 || !is_protected(32 * n + bit)).fold(0, |mask, bit| mask | 1 << bit);
            *fuse |= word & free;
        }
        true
    }

    fn get(&self, (block, bit, width): Place) -> u32 {
        let (first, shift) = (BLOCKS[block].0 + bit as usize / 32, bit % 32);
        let high = self.words.get(first + 1).copied().unwrap_or(0);
        let both = u64::from(high) << 32 | u64::from(self.words[first]);
        (both >> shift) as u32 & (u32::MAX >> (32 - width))
    }

    fn set(&mut self, (block, bit, width): Place, value: u32) {
        for n in 0..width {
            let at = bit + n;
            let word = &mut self.words[BLOCKS[block].0 + at as usize / 32];
            *word = (*word & !(1 << (at % 32))) | (value >> n & 1) << (at % 32);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ESP-IDF `esp_efuse_rtc_calib.c`: the values at 850 mV come back for both converters.
    #[test]
    fn the_calibration_is_what_the_driver_works_out() {
        let fuses = Fuses::module([0; 6], (0, 2), InPackage::None);
        let d: Vec<u32> = CAL_VOL.into_iter().map(|place| fuses.get(place)).collect();
        let v3 = d[3] + 900;
        let v2 = d[2] + v3 + 800;
        let v1 = d[1] + v2 + 700;
        let v0 = d[0] + v1 + 800;
        assert_eq!([v0, v1, v2, v3], RAW_AT_850_MV);
        assert_eq!([v0 - d[4] + 40, v1 - d[5] + 10, v2 - d[6] + 20, v3 - d[7] + 15], RAW_AT_850_MV);
    }

    /// ESP-IDF `esp_efuse_rtc_calib.c`, esp_efuse_rtc_calib_get_init_code.
    #[test]
    fn the_initial_codes_are_what_the_driver_works_out() {
        let fuses = Fuses::module([0; 6], (0, 2), InPackage::None);
        let d: Vec<u32> = INIT_CODE.into_iter().map(|place| fuses.get(place)).collect();
        let adc1 = [d[0] + 1850, d[0] + d[1] + 1940, d[0] + d[1] + d[2] + 1940, d[0] + d[1] + d[2] + d[3] + 2010];
        let adc2 = [d[4], d[4] + d[5], d[4] + d[5] + d[6], d[4] + d[5] + d[6] + d[7]].map(|sum| sum + 2020);
        assert_eq!([adc1, adc2], INITIAL_CODES);
    }

    /// ESP-IDF `esp_efuse_table.csv`: the first byte of the MAC is at bit 40 of BLOCK1.
    #[test]
    fn the_mac_is_stored_last_byte_first() {
        let fuses = Fuses::module([0x7C, 0xDF, 0xA1, 0x01, 0x02, 0x03], (0, 2), InPackage::Octal8M);
        assert_eq!(fuses.words()[6..8], [0xA101_0203, 0x0000_7CDF]);
        assert_eq!(fuses.mac(), [0x7C, 0xDF, 0xA1, 0x01, 0x02, 0x03]);
    }
}
