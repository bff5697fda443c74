//! SYSINFO. RP2040 datasheet, section 2.20.
//!
//! GITREF_RP2040 is at 0x40, where the ROM of B1 silicon reads it (pico-sdk 1.x has it there, too); the SVD of pico-sdk 2.x
//! says 0x10. The block has no state that RESETS could hold: the ROM reads it while it is in reset, and the serial number
//! that the ROM makes of it (E0C912 on every board, and six digits of its own revision) shows that it answers.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.20.2. All of it is wired; the SVD gives no values.
    pub Reg;
    CHIP_ID 0x00 = 0x0000_0000 { REVISION 31:28 ro; PART 27:12 ro; MANUFACTURER 11:0 ro; }
    PLATFORM 0x04 = 0x0000_0000 { ASIC 1 ro; FPGA 0 ro; }
    GITREF_RP2040 0x40 = 0x0000_0000 { GITREF_RP2040 31:0 ro; }
}

/// Manufacturer Raspberry Pi (JEDEC 0x927), part 0x0002, revision 2: the B2 stepping.
pub const CHIP_ID: u32 = 0x2000_2927;
/// The reference that rp2040js reports to have read from B1 silicon. Of B2, boards' serial numbers show the same first six
/// digits.
pub(crate) const GITREF_B1: u32 = 0xE0C9_12E8;

/// The block has no state.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sysinfo {}

impl Sysinfo {
    /// The block.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {}
    }
}

impl Block for Sysinfo {
    const GROUPS: &'static [Group] = &[Group::one("SYSINFO", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(register) => {
                if register == Reg::GITREF_RP2040 {
                    fabric.gaps.touch(
                        "SYSINFO.GITREF_RP2040",
                        "of B2 silicon only the first six digits are published; the rest is read as of B1",
                    );
                }
                self.peek(offset, fabric)
            }
            None => undeclared("SYSINFO", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::CHIP_ID) => CHIP_ID,
            Some(Reg::PLATFORM) => PLATFORM::ASIC.mask,
            Some(Reg::GITREF_RP2040) => GITREF_B1,
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, _write: Write, fabric: &mut Fabric) {
        if Reg::at(offset).is_none() {
            undeclared("SYSINFO", offset, fabric);
        }
    }

    fn reset(&mut self, _fabric: &mut Fabric) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    /// 2.20.2: MANUFACTURER is bits 11:0, PART 27:12, REVISION 31:28; ASIC is bit 1 of PLATFORM.
    #[test]
    fn the_chip_says_it_is_an_rp2040_b2() {
        let (mut sysinfo, mut fabric) = (Sysinfo::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        let id = sysinfo.read(0, &mut fabric);
        assert_eq!((id & 0xFFF, id >> 12 & 0xFFFF, id >> 28), (0x927, 2, 2));
        assert_eq!(sysinfo.read(4, &mut fabric), 2);
    }

    /// The ROM of B1 silicon loads the word at 0x40; boards of B1 and B2 have serial numbers that begin with it.
    #[test]
    fn the_revision_of_the_source_is_where_the_rom_reads_it() {
        let (mut sysinfo, mut fabric) = (Sysinfo::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        assert_eq!(sysinfo.read(0x40, &mut fabric) >> 8, 0xE0_C912);
    }
}
