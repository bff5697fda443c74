//! EFUSE: the fuses and their controller. ESP32-S3 TRM chapter 5.
//!
//! # Fidelity
//! - Reading, programming (a burnt fuse stays burnt), RD_DIS, and WR_DIS of blocks and of BLOCK0's fields: exact, but a
//!   command takes no time.
//! - The Reed-Solomon check words are stored and not checked: programming a block twice merges both, and no read error is ever
//!   reported.
//! - Timing and voltage registers are storage.
//! - Keys reach HMAC, the digital signature and the manual encryption of flash. The cache decrypts nothing: SPI_BOOT_CRYPT_CNT
//!   says so.

mod fuses;
pub mod registers;

pub use fuses::{Fuses, InPackage, INITIAL_CODES, KEYS, RAW_AT_850_MV};

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use crate::sources::Source;
use crate::usb_wrap::UsbPhy;
use engine_core::registers::{Bank, Group, Registers, Write};
use registers::{Data, Reg, CMD, CONF};
use serde::{Deserialize, Serialize};

/// The MAC address of a twin that nobody gave one; its first three bytes are one of Espressif's.
pub const DEFAULT_MAC: [u8; 6] = [0x7C, 0xDF, 0xA1, 0x00, 0x00, 0x01];
/// The word between RD_REPEAT_ERR3 and RD_REPEAT_ERR4 has no name and no errors: ESP-IDF's `efuse_hal_is_coding_error_in_block`
/// takes five words from RD_REPEAT_ERR0 on, this one as the last, and an error is what is not 0.
const RD_REPEAT_RESERVED: u32 = 0x18C;
/// Chip revision v0.2, the one in today's modules.
pub const DEFAULT_REVISION: (u8, u8) = (0, 2);

/// Offset of RD_WR_DIS, the first word of the fuses.
const FUSES: u32 = 0x2C;
/// Offset of RD_REPEAT_ERR0, behind the last.
const FUSES_END: u32 = 0x17C;
/// EFUSE_PGM_DATA0 to 7.
const PGM_WORDS: u32 = 8;
/// The operation codes of CONF, TRM 5.3.2.
const OP_PROGRAM: u32 = 0x5A5A;
const OP_READ: u32 = 0x5AA5;
/// The interrupt bits.
const READ_DONE: u32 = 1 << 0;
const PGM_DONE: u32 = 1 << 1;

/// The controller, and the fuses behind it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Efuse {
    regs: Bank<Reg>,
    data: Bank<Data>,
    fuses: Fuses,
    /// The fuses as they were last read.
    shown: Vec<u32>,
}

impl Efuse {
    /// The chip of a WROOM-1 module with 8 MB of PSRAM.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self::with(Fuses::module(DEFAULT_MAC, DEFAULT_REVISION, InPackage::Octal8M))
    }

    /// A chip with these fuses.
    pub fn with(fuses: Fuses) -> Self {
        let shown = fuses.shown();
        Self { regs: Bank::new(), data: Bank::new(), fuses, shown }
    }

    /// Has the module's flash eight lines?
    pub fn set_flash_type(&mut self, octal: bool) {
        self.fuses.set_flash_type(octal);
        self.shown = self.fuses.shown();
    }

    /// The fuses, for instance to save them.
    pub fn fuses(&self) -> &Fuses {
        &self.fuses
    }

    /// A fuse word as software last read it, by the offset of its register.
    pub fn word(&self, offset: u32) -> u32 {
        self.shown[(offset - FUSES) as usize / 4]
    }

    /// The fuses, to burn them from outside; a reset or a read command shows them.
    pub fn fuses_mut(&mut self) -> &mut Fuses {
        &mut self.fuses
    }

    fn read_fuses(&mut self, fabric: &mut Fabric) {
        self.shown = self.fuses.shown();
        fabric.wdt_delay_sel = self.fuses.wdt_delay_sel();
        let [no_otg, no_serial_jtag, by_fuse] = self.fuses.usb();
        fabric.set_usb_phy(UsbPhy { by_fuse, no_otg, no_serial_jtag, ..fabric.usb_phy });
        if self.fuses.encrypts_flash() {
            let why = "flash encryption is on, and what the cache reads of flash is not decrypted";
            fabric.gaps.touch("EFUSE.RD_REPEAT_DATA1.SPI_BOOT_CRYPT_CNT", why);
        }
    }

    fn command(&mut self, fabric: &mut Fabric) {
        let command = self.regs.get(Reg::CMD);
        let code = self.regs.field(Reg::CONF, CONF::OP_CODE);
        if CMD::READ_CMD.is_set(command) && code == OP_READ {
            self.read_fuses(fabric);
            self.raise(READ_DONE, fabric);
        }
        if CMD::PGM_CMD.is_set(command) && code == OP_PROGRAM {
            let words: Vec<u32> =
                (0..PGM_WORDS).filter_map(|n| Data::at(4 * n)).map(|register| self.data.get(register)).collect();
            let block = CMD::BLK_NUM.get(command) as usize;
            self.fuses.burn(block, &words);
            self.raise(PGM_DONE, fabric);
        }
        // The hardware clears the command when it is done.
        self.regs.set(Reg::CMD, command & CMD::BLK_NUM.mask);
    }

    fn raise(&mut self, bits: u32, fabric: &mut Fabric) {
        self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) | bits);
        self.update_irq(fabric);
    }

    fn interrupts(&self) -> u32 {
        self.regs.get(Reg::INT_RAW) & self.regs.get(Reg::INT_ENA)
    }

    fn update_irq(&self, fabric: &mut Fabric) {
        fabric.set_irq(Source::EFUSE, self.interrupts() != 0);
    }
}

impl Block for Efuse {
    const GROUPS: &'static [Group] = &[Group::one("EFUSE", Data::TABLE), Group::one("EFUSE", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        if Data::at(offset).is_none() && Reg::at(offset).is_none() && offset != RD_REPEAT_RESERVED {
            undeclared("EFUSE", offset, fabric);
        }
        self.peek(offset, fabric)
    }

    fn stays(&self, offset: u32) -> bool {
        Reg::at(offset).is_some()
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        if (FUSES..FUSES_END).contains(&offset) {
            return self.word(offset);
        }
        match (Data::at(offset), Reg::at(offset)) {
            (Some(register), _) => self.data.load(register),
            (_, Some(Reg::INT_ST)) => self.interrupts(),
            (_, Some(register)) => self.regs.load(register),
            (None, None) => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        if let Some(register) = Data::at(offset) {
            self.data.store(register, write, "EFUSE", &mut fabric.gaps);
            return;
        }
        let Some(register) = Reg::at(offset) else {
            undeclared("EFUSE", offset, fabric);
            return;
        };
        self.regs.store(register, write, "EFUSE", &mut fabric.gaps);
        match register {
            Reg::CMD => self.command(fabric),
            Reg::INT_CLR => {
                self.regs.set(Reg::INT_RAW, self.regs.get(Reg::INT_RAW) & !write.raw);
                self.update_irq(fabric);
            }
            Reg::INT_ENA | Reg::INT_RAW => self.update_irq(fabric),
            _ => {}
        }
    }

    /// A reset reads the fuses anew.
    fn reset(&mut self, fabric: &mut Fabric) {
        self.regs.reset();
        self.data.reset();
        self.read_fuses(fabric);
        self.update_irq(fabric);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RD_KEY0: u32 = 0x9C;
    const RD_MAC_SPI_SYS_0: u32 = 0x44;
    const RD_MAC_SPI_SYS_3: u32 = 0x50;
    const CONF: u32 = 0x1CC;
    const CMD: u32 = 0x1D4;
    const INT_RAW: u32 = 0x1D8;

    fn parts() -> (Efuse, Fabric) {
        (Efuse::new(), Fabric::new())
    }

    fn program(efuse: &mut Efuse, fabric: &mut Fabric, block: u32, word: u32) {
        for (offset, value) in [(0, word), (CONF, OP_PROGRAM), (CMD, block << 2 | 2)] {
            efuse.write(offset, Write::word(value), fabric);
        }
    }

    fn reread(efuse: &mut Efuse, fabric: &mut Fabric) {
        efuse.write(CONF, Write::word(OP_READ), fabric);
        efuse.write(CMD, Write::word(1), fabric);
        assert_eq!(efuse.read(CMD, fabric) & 3, 0);
    }

    /// ESP-IDF `esp_efuse_table.csv`: MAC at bit 0 of BLOCK1; wafer version minor at bit 114 (bit 18 of word 3).
    #[test]
    fn a_module_shows_its_mac_and_revision() {
        let (mut efuse, mut fabric) = parts();
        assert_eq!(efuse.read(RD_MAC_SPI_SYS_0, &mut fabric), 0xA100_0001);
        assert_eq!(efuse.read(RD_MAC_SPI_SYS_3, &mut fabric) >> 18 & 7, 2);
    }

    /// TRM 5.3.2: programming burns, a read command shows; what is burnt stays.
    #[test]
    fn a_fuse_is_burnt_for_good_and_shown_after_a_read_command() {
        let (mut efuse, mut fabric) = parts();
        program(&mut efuse, &mut fabric, 4, 0x0F);
        assert_eq!(efuse.read(RD_KEY0, &mut fabric), 0);
        reread(&mut efuse, &mut fabric);
        assert_eq!(efuse.read(RD_KEY0, &mut fabric), 0x0F);
        program(&mut efuse, &mut fabric, 4, 0xF0);
        efuse.reset(&mut fabric);
        assert_eq!(efuse.read(RD_KEY0, &mut fabric), 0xFF);
    }

    /// TRM 5.3.1.2 and 5.3.1.3: RD_DIS (BLOCK0 bit 32) hides BLOCK4, WR_DIS bit 24 protects BLOCK5 (KEY1).
    #[test]
    fn a_key_is_hidden_and_protected() {
        let (mut efuse, mut fabric) = parts();
        program(&mut efuse, &mut fabric, 4, 0x55);
        for (offset, value) in [(0, 1 << 24), (4, 1), (CONF, OP_PROGRAM), (CMD, 2)] {
            efuse.write(offset, Write::word(value), &mut fabric);
        }
        program(&mut efuse, &mut fabric, 5, 0x77);
        reread(&mut efuse, &mut fabric);
        assert_eq!((efuse.read(RD_KEY0, &mut fabric), efuse.read(RD_KEY0 + 0x20, &mut fabric)), (0, 0));
        assert_eq!(efuse.fuses().words()[28], 0x55);
        assert_eq!(efuse.read(INT_RAW, &mut fabric), READ_DONE | PGM_DONE);
    }

    /// ESP-IDF `esp_efuse_table.csv`: WR_DIS bit 8 protects KEY_PURPOSE_0 at bit 88, bit 15 SECURE_BOOT_EN at bit 116.
    #[test]
    fn a_field_of_the_first_block_is_protected_by_itself() {
        let (mut efuse, mut fabric) = parts();
        let words = |efuse: &mut Efuse, fabric: &mut Fabric, words: [u32; 4]| {
            for (n, word) in (0..).zip(words) {
                efuse.write(4 * n, Write::word(word), fabric);
            }
            efuse.write(CONF, Write::word(OP_PROGRAM), fabric);
            efuse.write(CMD, Write::word(2), fabric);
        };
        words(&mut efuse, &mut fabric, [1 << 8 | 1 << 15, 0, 0, 0]);
        words(&mut efuse, &mut fabric, [0, 0, 0xFF << 24, 1 << 20 | 1 << 21]);
        assert_eq!((efuse.fuses().key_purpose(0), efuse.fuses().key_purpose(1)), (0, 15));
        assert_eq!(efuse.fuses().words()[3] >> 20 & 3, 2);
    }

    /// ESP-IDF `esp_efuse_table.csv`: SPI_BOOT_CRYPT_CNT at bit 82 of BLOCK0, KEY_PURPOSE_2 at bit 96. Flash is encrypted
    /// when an odd number of the counter's bits is burnt (ESP-IDF `security/flash-encryption.rst`).
    /// ESP-IDF hal/esp32s3/efuse_hal.c, efuse_hal_is_coding_error_in_block.
    #[test]
    fn the_first_block_shows_five_words_without_errors() {
        let (mut efuse, mut fabric) = parts();
        for word in 0..5 {
            assert_eq!(efuse.read(0x17C + 4 * word, &mut fabric), 0);
        }
        assert_eq!(fabric.gaps.all().len(), 0);
        efuse.read(0x1A0, &mut fabric);
        assert_eq!(fabric.gaps.all().len(), 1, "not so any other word without a register");
    }

    #[test]
    fn flash_encryption_is_told() {
        let (mut efuse, mut fabric) = parts();
        for (offset, value) in [(8, 3 << 18), (12, 8), (CONF, OP_PROGRAM), (CMD, 2)] {
            efuse.write(offset, Write::word(value), &mut fabric);
        }
        reread(&mut efuse, &mut fabric);
        assert_eq!(efuse.fuses().key_purpose(2), 8);
        assert!(fabric.gaps.all().is_empty());
        for (offset, value) in [(8, 4 << 18), (CONF, OP_PROGRAM), (CMD, 2)] {
            efuse.write(offset, Write::word(value), &mut fabric);
        }
        reread(&mut efuse, &mut fabric);
        assert_eq!(fabric.gaps.all().len(), 1);
    }

    #[test]
    fn a_command_without_its_code_does_nothing() {
        let (mut efuse, mut fabric) = parts();
        efuse.write(0, Write::word(1), &mut fabric);
        efuse.write(CMD, Write::word(4 << 2 | 2), &mut fabric);
        assert_eq!(efuse.fuses().words()[28], 0);
    }
}
