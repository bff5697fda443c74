//! VREG_AND_CHIP_RESET. RP2040 datasheet, sections 2.10.6 and 2.12.8.
//!
//! # Fidelity
//! - Exact: the settings, and what CHIP_RESET tells of the last chip-level reset.
//! - The regulator settles at once (ROK is always 1), cannot be switched off (HIZ, EN), and the supply never browns out
//!   (BOD). The core voltage limits no clock.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Reason};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.10.6 and 2.12.8.
    pub Reg;
    VREG 0x00 = 0x0000_00B1 {
        ROK 12 ro; VSEL 7:4 rw; HIZ 1 todo "the core supply cannot be switched off"; EN 0 todo "the core supply cannot be switched off";
    }
    BOD 0x04 = 0x0000_0091 { VSEL 7:4 todo "the supply never browns out"; EN 0 todo "the supply never browns out"; }
    CHIP_RESET 0x08 = 0x0000_0000 { PSM_RESTART_FLAG 24 w1c; HAD_PSM_RESTART 20 ro; HAD_RUN 16 ro; HAD_POR 8 ro; }
}

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Vreg {
    regs: Bank<Reg>,
}

impl Vreg {
    /// The block after power-on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        let mut vreg = Self { regs: Bank::new() };
        vreg.restart(Reason::PowerOn);
        vreg
    }

    /// A chip-level reset leaves its mark in CHIP_RESET; the watchdog and the processors are no chip-level resets (2.12.1).
    pub fn restart(&mut self, reason: Reason) {
        let had = match reason {
            Reason::PowerOn => CHIP_RESET::HAD_POR,
            Reason::RunPin => CHIP_RESET::HAD_RUN,
            Reason::WatchdogTimer | Reason::WatchdogForce | Reason::SysResetReq => return,
        };
        self.regs.reset();
        self.regs.set(Reg::CHIP_RESET, had.mask);
    }

    /// The core voltage in millivolts: 0.80 V up to code 5, then 50 mV a step (2.10.6).
    pub fn millivolts(&self) -> u32 {
        let code = self.regs.field(Reg::VREG, VREG::VSEL);
        800 + 50 * code.saturating_sub(5)
    }
}

impl Block for Vreg {
    const GROUPS: &'static [Group] = &[Group::one("VREG_AND_CHIP_RESET", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("VREG_AND_CHIP_RESET", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            // The regulator settles at once.
            Some(Reg::VREG) => self.regs.load(Reg::VREG) | VREG::ROK.mask,
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        match Reg::at(offset) {
            Some(register) => self.regs.store(register, write, "VREG_AND_CHIP_RESET", &mut fabric.gaps),
            None => {
                undeclared("VREG_AND_CHIP_RESET", offset, fabric);
            }
        }
    }

    /// The regulator goes back to its reset settings; what CHIP_RESET tells stays until the next chip-level reset.
    fn reset(&mut self, _fabric: &mut Fabric) {
        let had = self.regs.get(Reg::CHIP_RESET);
        self.regs.reset();
        self.regs.set(Reg::CHIP_RESET, had);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    /// 2.12.8: HAD_POR is bit 8, HAD_RUN bit 16; 2.10.6: code 0b1011 is 1.10 V, 0b1111 is 1.30 V.
    #[test]
    fn chip_reset_tells_the_last_chip_level_reset() {
        let (mut vreg, mut fabric) = (Vreg::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        assert_eq!((vreg.read(8, &mut fabric), vreg.millivolts()), (1 << 8, 1100));
        vreg.write(0, Write::word(0xF1), &mut fabric);
        assert_eq!(vreg.millivolts(), 1300);
        vreg.restart(Reason::WatchdogForce);
        assert_eq!(vreg.read(8, &mut fabric), 1 << 8);
        vreg.restart(Reason::RunPin);
        assert_eq!((vreg.read(8, &mut fabric), vreg.millivolts()), (1 << 16, 1100));
    }
}
