//! SYSINFO. RP2040 datasheet, section 2.20.

use crate::block::{undeclared, Block};
use crate::fabric::Fabric;
use engine_core::registers::{Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.20.2. All of it is wired; the SVD gives no values.
    pub Reg;
    CHIP_ID 0x00 = 0x0000_0000 { REVISION 31:28 ro; PART 27:12 ro; MANUFACTURER 11:0 ro; }
    PLATFORM 0x04 = 0x0000_0000 { ASIC 1 ro; FPGA 0 ro; }
    GITREF_RP2040 0x10 = 0x0000_0000 { GITREF_RP2040 31:0 ro; }
}

/// Manufacturer Raspberry Pi (JEDEC 0x927), part 0x0002, revision 2: the B2 stepping.
pub const CHIP_ID: u32 = 0x2000_2927;
/// The reference that rp2040js reports to have read from B1 silicon; that of B2 is not published.
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
                    fabric
                        .gaps
                        .touch("SYSINFO.GITREF_RP2040", "the value of B2 silicon is not published; that of B1 is read");
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
}
