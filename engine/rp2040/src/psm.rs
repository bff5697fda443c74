//! PSM: power-on state machine. RP2040 datasheet, section 2.13.
//!
//! The stages come out of reset one after the other, each when the one before it is done: ring oscillator, crystal
//! oscillator, clocks, RESETS, bus fabric, memories, XIP, VREG_AND_CHIP_RESET, SIO, and last the two processors.
//! So a stage that goes into reset takes all later ones with it; the processors stand side by side at the end.
//!
//! # Fidelity
//! - Exact: the order of the stages for the watchdog (WDSEL), and FRCE_OFF for both processors.
//! - FRCE_OFF of any other stage is kept and counted. The sequence takes no time; DONE is never seen half-way.

use crate::block::{undeclared, Block};
use crate::fabric::{Fabric, Request};
use engine_core::registers::{Bank, Group, Registers, Write};
use serde::{Deserialize, Serialize};

engine_core::registers! {
    /// 2.13.5.
    pub Reg;
    FRCE_ON 0x00 = 0x0000_0000 {
        PROC1 16 rw; PROC0 15 rw; SIO 14 rw; VREG_AND_CHIP_RESET 13 rw; XIP 12 rw; SRAM5 11 rw; SRAM4 10 rw;
        SRAM3 9 rw; SRAM2 8 rw; SRAM1 7 rw; SRAM0 6 rw; ROM 5 rw; BUSFABRIC 4 rw; RESETS 3 rw; CLOCKS 2 rw; XOSC 1 rw;
        ROSC 0 rw;
    }
    FRCE_OFF 0x04 = 0x0000_0000 {
        PROC1 16 rw; PROC0 15 rw; SIO 14 todo "only the processors are switched off here";
        VREG_AND_CHIP_RESET 13 todo "only the processors are switched off here";
        XIP 12 todo "only the processors are switched off here";
        SRAM5 11 todo "only the processors are switched off here";
        SRAM4 10 todo "only the processors are switched off here";
        SRAM3 9 todo "only the processors are switched off here";
        SRAM2 8 todo "only the processors are switched off here";
        SRAM1 7 todo "only the processors are switched off here";
        SRAM0 6 todo "only the processors are switched off here";
        ROM 5 todo "only the processors are switched off here";
        BUSFABRIC 4 todo "only the processors are switched off here";
        RESETS 3 todo "only the processors are switched off here";
        CLOCKS 2 todo "only the processors are switched off here";
        XOSC 1 todo "only the processors are switched off here";
        ROSC 0 todo "only the processors are switched off here";
    }
    WDSEL 0x08 = 0x0000_0000 {
        PROC1 16 rw; PROC0 15 rw; SIO 14 rw; VREG_AND_CHIP_RESET 13 rw; XIP 12 rw; SRAM5 11 rw; SRAM4 10 rw;
        SRAM3 9 rw; SRAM2 8 rw; SRAM1 7 rw; SRAM0 6 rw; ROM 5 rw; BUSFABRIC 4 rw; RESETS 3 rw; CLOCKS 2 rw; XOSC 1 rw;
        ROSC 0 rw;
    }
    DONE 0x0C = 0x0000_0000 {
        PROC1 16 ro; PROC0 15 ro; SIO 14 ro; VREG_AND_CHIP_RESET 13 ro; XIP 12 ro; SRAM5 11 ro; SRAM4 10 ro;
        SRAM3 9 ro; SRAM2 8 ro; SRAM1 7 ro; SRAM0 6 ro; ROM 5 ro; BUSFABRIC 4 ro; RESETS 3 ro; CLOCKS 2 ro; XOSC 1 ro;
        ROSC 0 ro;
    }
}

/// All stages.
pub const ALL: u32 = 0x0001_FFFF;
const PROCESSORS: u32 = FRCE_OFF::PROC0.mask | FRCE_OFF::PROC1.mask;

/// The state of the block.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Psm {
    regs: Bank<Reg>,
}

/// Stages and what follows them in the sequence.
fn with_followers(stages: u32) -> u32 {
    let chain = stages & !PROCESSORS;
    match chain.trailing_zeros() {
        32 => stages,
        first => ALL & !((1 << first) - 1),
    }
}

impl Psm {
    /// The block after reset.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self { regs: Bank::new() }
    }

    /// The stages that the watchdog resets (WDSEL), with those behind them.
    pub fn watchdog_selects(&self) -> u32 {
        with_followers(self.regs.get(Reg::WDSEL)) & !self.regs.get(Reg::FRCE_ON)
    }

    /// Is this processor held in reset?
    pub fn holds(&self, core: u8) -> bool {
        let off = self.regs.get(Reg::FRCE_OFF) & !self.regs.get(Reg::FRCE_ON);
        off & (FRCE_OFF::PROC0.mask << core) != 0
    }
}

impl Block for Psm {
    const GROUPS: &'static [Group] = &[Group::one("PSM", Reg::TABLE)];

    fn read(&mut self, offset: u32, fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(_) => self.peek(offset, fabric),
            None => undeclared("PSM", offset, fabric),
        }
    }

    fn peek(&mut self, offset: u32, _fabric: &mut Fabric) -> u32 {
        match Reg::at(offset) {
            Some(Reg::DONE) => {
                (0..2u8).filter(|&core| self.holds(core)).fold(ALL, |done, core| done & !(DONE::PROC0.mask << core))
            }
            Some(register) => self.regs.load(register),
            None => 0,
        }
    }

    fn write(&mut self, offset: u32, write: Write, fabric: &mut Fabric) {
        let Some(register) = Reg::at(offset) else {
            undeclared("PSM", offset, fabric);
            return;
        };
        let before = [self.holds(0), self.holds(1)];
        self.regs.store(register, write, "PSM", &mut fabric.gaps);
        for core in 0..2u8 {
            let hold = self.holds(core);
            if hold != before[usize::from(core)] {
                fabric.request(Request::HoldCore(core, hold));
            }
        }
    }

    fn reset(&mut self, fabric: &mut Fabric) {
        for core in 0..2u8 {
            if self.holds(core) {
                fabric.request(Request::HoldCore(core, false));
            }
        }
        *self = Self::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::system::ROSC_HZ;
    use engine_core::time::Hertz;

    /// 2.13.5: PROC1 is bit 16, PROC0 bit 15 of FRCE_OFF and DONE. The SDK resets core 1 that way.
    #[test]
    fn a_processor_is_held_by_frce_off() {
        let (mut psm, mut fabric) = (Psm::new(), Fabric::new(Hertz::new(ROSC_HZ)));
        assert_eq!(psm.read(0xC, &mut fabric), 0x1FFFF);
        psm.write(4, Write::word(1 << 16), &mut fabric);
        assert_eq!(psm.read(0xC, &mut fabric), 0x0FFFF);
        psm.write(4, Write::word(0), &mut fabric);
        assert_eq!(psm.read(0xC, &mut fabric), 0x1FFFF);
        assert_eq!(fabric.requests, [Request::HoldCore(1, true), Request::HoldCore(1, false)]);
    }

    /// 2.13.2: each stage waits for the one before it.
    #[test]
    fn a_stage_in_reset_takes_the_later_ones_with_it() {
        assert_eq!(with_followers(1 << 2), 0x1FFFC);
        assert_eq!(with_followers(1 << 15), 1 << 15);
        assert_eq!(with_followers(1 << 14), 0x1C000);
        assert_eq!(with_followers(0), 0);
    }
}
